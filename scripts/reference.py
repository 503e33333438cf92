"""Write docs/reference/ from the code: commands, exit codes, the report document, the frames.

python -m scripts.reference           write the pages
python -m scripts.reference --check   exit 1 where a committed page is not what the code says
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from typer.main import get_command

from forensics.cli import Exit, app
from forensics.document import schema
from parsers import schema as sources

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
MADE = "<!-- Made by `python -m scripts.reference`; do not edit. -->"

EXITS = {
    Exit.OK: "analysed, whatever was found; also when parts of the input were broken (the report says so)",
    Exit.USAGE: "the command was not understood",
    Exit.UNREADABLE: "the input cannot be read, or nothing in it was recognised (a report is written all the same)",
    Exit.LIBRARY: "the pattern library, a pack, a suppression or a baseline file cannot be loaded",
    Exit.OUR_FAULT: "analysed, but a parser of ours failed on something; the report names it: please report it",
    Exit.DOES_NOT_HOLD: "what was to be checked does not hold: `verify`, `redact`, `doctor`, `patterns test`, `lint`",
    Exit.FAIL_ON: "a root or failed check that is not over is at or above `--fail-on` (off by default)",
    Exit.INTERRUPTED: "interrupted with Ctrl-C: standard error says what was not done, and nothing is left in part",
}

FIELDS = {
    "schema": "names this form; a reader checks it first",
    "tool": "version of the tool, number of patterns, digest of the library",
    "input": "what was read: name without path, SHA-256 (of a folder: over its sorted members and their hashes), size",
    "verdict": "the answer in one word; see [verdicts](../limits.md#what-a-verdict-means)",
    "summary": "the answer in one sentence",
    "period": "from the first record to the last moment that logs, objects or Envoy's dumps name",
    "zone": "the second zone times are shown in (`--timezone`); null is UTC alone",
    "findings": "known failures that are present; `role` tells roots from what follows and from checks",
    "candidates": "possible causes of symptoms nothing explains: ruled out by what, or unknown for want of what",
    "unknown": "patterns that could not be decided, what was missing, and how to collect it",
    "state": "each model, pipeline and experiment link by link, and the first link that is broken",
    "contradictions": "findings in which two layers say different things of the same object",
    "clocks": "the clocks in the bundle: offset, error and what they were estimated from, in microseconds",
    "timeline": "what happened, in order; `earliest` and `latest` bound each moment",
    "coverage": "what was collected (sources), what became of every file (members); their counts sum to their lines",
    "changes": "what changed before it broke, as far as the bundle tells",
    "checks": "`review`: every readiness check with its outcome",
    "profile": "`review`: what was asked for",
    "scores": "`review`: passed, failed and unknown checks of each area",
    "connectivity": "`review`: the connections the components need, and whether policies leave them open",
    "installation": "`review`: what is installed where",
    "placement": "`review`: which placement patterns fit",
    "platform": "`review`: the Kubernetes distribution, as far as it shows",
    "versions": "`review`: versions seen",
    "certificates": "`review`: certificates and when they expire",
    "baseline": "`review`: accepted deviations, and whether each still applies",
    "manifests": "`review --manifests`: the files written",
    "reply": "a draft answer to whoever sent the bundle",
    "remarks": "what the reader of the report should know of how it came about",
    "failures": "what failed in the tool itself; empty unless there is a fault of ours",
    "chain": "controller, scheduler, Envoy, agent, server: the state of each, and why",
    "impact": "which models, pipelines and requests were hit",
}

TYPES: Mapping[Any, str] = {
    pl.String(): "text",
    pl.Boolean(): "true, false",
    pl.Float64(): "number",
    pl.Int64(): "integer",
    pl.Int32(): "integer",
    pl.UInt32(): "integer",
    sources.TIME: "time, UTC",
    sources.SPAN: "length of time",
    sources.LEVEL: "level",
    sources.LINK: "link",
}
GROUPS = {
    "PLACE": "every row",
    "ORIGIN": "every record",
    "EVENT": "every record (`log.…`, `k8s.event`)",
    "ACCESS": "a request",
    "FACT": "every fact",
    "OBJECT": "every object of Kubernetes",
    "REPLICAS": "what is replicated",
    "WORKLOAD_CONTAINER": "what is about a container",
    "STATE": "a chain of links",
}


def cell(text: str) -> str:
    """Return `text` as a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def commands() -> Iterator[str]:
    """Yield the page of commands."""
    yield from ("# Commands", "", MADE, "")
    yield "`seldon-forensics COMMAND --help` says the same. A bundle is a folder, any archive or compressed file, a"
    yield "single log, or `-` for standard input. [Exit codes](exit-codes.md) are the same for all commands."
    yield ""
    root = get_command(app)
    for name, command in sorted(root.commands.items()):  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        if inner is None:
            yield from one(name, command)
            continue
        for below, sub in inner.items():
            yield from one(f"{name} {below}", sub)
    yield from ("## Options of the command itself", "")
    yield from table(("", ""), [(shown(p), cell(p.help or "")) for p in root.params if hasattr(p, "help")])


def shown(parameter: Any) -> str:
    """Return how a parameter is written."""
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    names = ", ".join(parameter.opts)
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return f"`{names}{value}`"


def one(name: str, command: Any) -> Iterator[str]:
    """Yield the section of one command."""
    yield from (f"## {name}", "", " ".join((command.help or "").split()), "")
    rows = []
    for parameter in command.params:
        if parameter.name == "help":
            continue
        text = cell(getattr(parameter, "help", None) or "")
        if getattr(parameter, "multiple", False):
            text += " May be repeated." if text.endswith(".") else "; may be repeated"
        default = parameter.default
        if isinstance(default, (str, int)) and not isinstance(default, bool):
            text += f" (default: {default})"
        rows.append((shown(parameter), text))
    if rows:
        yield from table(("", ""), rows)


def exit_codes() -> Iterator[str]:
    """Yield the page of exit codes."""
    yield from ("# Exit codes", "", MADE, "")
    yield from table(("code", "meaning"), [(str(int(code)), EXITS[code]) for code in sorted(Exit)])
    yield "Bad input gets one sentence on standard error, never a traceback. Reports go to standard output or"
    yield "to the files named by `-o`."


def kind_of(rule: Mapping[str, Any]) -> str:
    """Return what a rule of the JSON Schema admits, in words."""
    if "$ref" in rule:
        name = rule["$ref"].rpartition("/")[2]
        return f"[{name.replace('_', ' ')}](#{name.replace('_', '-')})"
    if "const" in rule:
        return f"`{rule['const']}`"
    if "enum" in rule:
        return ", ".join(f"`{v}`" if v is not None else "null" for v in rule["enum"])
    if "anyOf" in rule:
        return " or ".join(kind_of(r) for r in rule["anyOf"])
    kinds = rule.get("type", "anything")
    words = [kinds] if isinstance(kinds, str) else list(kinds)
    said = " or ".join(words)
    if "array" in words and "items" in rule and "properties" not in rule["items"]:
        return f"{said} of {kind_of(rule['items'])}"
    return said


def fields(rule: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, whether it is always there, and kind of each field of an object, deeper ones after their parent."""
    for name, inner in rule.get("properties", {}).items():
        always = "yes" if name in rule.get("required", ()) else ""
        yield (
            f"`{prefix}{name}`",
            always,
            kind_of(inner) + (f"; {inner['description']}" if "description" in inner else ""),
        )
        yield from fields(inner, f"{prefix}{name}.")
        yield from fields(inner.get("items", {}), f"{prefix}{name}[].")


def document() -> Iterator[str]:
    """Yield the page of the report document."""
    whole = schema()
    yield from ("# The report document", "", MADE, "")
    yield f"JSON, schema `{whole['properties']['schema']['const']}`; the JSON Schema itself ships as"
    yield "`forensics/document.schema.json`. " + whole["description"]
    yield "Times are ISO 8601 in UTC. A `member` is a path inside the input, with `!` between an archive and what is in"
    yield "it."
    yield ""
    rows = [(f"`{name}`", "yes" if name in whole["required"] else "", FIELDS[name]) for name in whole["properties"]]
    yield from table(("field", "always", "what it says"), rows)
    for name, rule in whole["properties"].items():
        inner = [*fields(rule, f"{name}."), *fields(rule.get("items", {}), f"{name}[].")]
        if inner:
            yield from (f"## {name}", "")
            yield from table(("field", "always", "kind"), [(a, b, cell(c)) for a, b, c in inner])
    yield from ("# What occurs in several places", "")
    for name, rule in whole["$defs"].items():
        yield from (f"## {name.replace('_', ' ')}", "")
        if "description" in rule:
            yield from (rule["description"], "")
        inner = list(fields(rule))
        if inner:
            yield from table(("field", "always", "kind"), [(a, b, cell(c)) for a, b, c in inner])
        elif "description" not in rule:
            yield from (cell(kind_of(rule)) + ("; names to text" if name == "names" else ""), "")


def remarks() -> list[tuple[int, str, str]]:
    """Return line, column and the comment behind it, for each column declared in parsers/schema.py."""
    path = ROOT / "parsers" / "schema.py"
    text = path.read_text("utf-8")
    lines = text.split("\n")
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    _, mark, comment = lines[key.lineno - 1].partition("  # ")
                    found.append((key.lineno, key.value, comment if mark else ""))
    return found


def regions() -> dict[str, tuple[int, int]]:
    """Return where each group and source is declared: its first and last line."""
    tree = ast.parse((ROOT / "parsers" / "schema.py").read_text("utf-8"))
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.end_lineno:
            found[node.target.id] = (node.lineno, node.end_lineno)
            if node.target.id == "KINDS" and isinstance(node.value, ast.Dict):
                for key, value in zip(node.value.keys, node.value.values, strict=True):
                    assert isinstance(key, ast.Constant)
                    assert isinstance(key.value, str)
                    assert value.end_lineno
                    found[f"k8s.{key.value}"] = (value.lineno, value.end_lineno)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and node.end_lineno:
            found[str(node.args[0].value)] = (node.lineno, node.end_lineno)
    return found


def frames() -> Iterator[str]:
    """Yield the page of sources and their columns."""
    where, said = regions(), remarks()

    def comment(place: str, column: str) -> str:
        first, last = where.get(place, (0, 0))
        return next((text for line, name, text in said if name == column and first <= line <= last), "")

    def rows(place: str, columns: Mapping[str, Any]) -> list[tuple[str, ...]]:
        return [(f"`{n}`", TYPES.get(d, str(d)), cell(comment(place, n))) for n, d in columns.items()]

    yield from ("# Frames: sources and their columns", "", MADE, "")
    yield "A *source* is one kind of evidence: one Polars frame, one table of `query`, one Parquet file, and what a"
    yield "pattern writes after `from`. A null means that the source did not say; never zero, never an empty text."
    yield "*Facts* were so at a snapshot, *records* happened at a time, *derived* sources are computed from others."
    yield "Beside them `-o FOLDER.parquet/` writes `findings.parquet` and `citations.parquet`: the lines that prove a"
    yield "finding, with `member` and `line` as in the sources, so they join. DuckDB reads them too:"
    yield "`SELECT f.id, c.member, c.line FROM 'o.parquet/findings.parquet' f JOIN 'o.parquet/citations.parquet' c"
    yield "ON c.finding = f.id`."
    yield f"Levels, in order: {', '.join(sources.LEVELS)}. Links: {', '.join(sources.LINK.categories)}."
    yield ""
    groups = {name: getattr(sources, name) for name in GROUPS}
    yield from ("## Columns that many share", "")
    for name, about in GROUPS.items():
        others = [
            g
            for n, g in groups.items()
            if n != name and len(g) < len(groups[name]) and g.items() <= groups[name].items()
        ]
        own = {c: d for c, d in groups[name].items() if not any(c in g for g in others)}
        base = [n for n, g in groups.items() if n != name and g in others]
        yield from (f"### {name}", "", f"{about}{': ' + ', '.join(base) + ', and' if base else ''}", "")
        yield from table(("column", "type", ""), rows(name, own))
    yield from ("## Sources", "")
    for source in sources.SOURCES.values():
        under = [n for n, g in groups.items() if g.items() <= source.columns.items()]
        widest = [n for n in under if not any(groups[n].items() < groups[m].items() for m in under if m != n)]
        shared = {c for n in widest for c in groups[n]}
        sort = "derived" if source.derived else "record" if source.timed else "fact"
        yield from (f"### {source.name}", "", f"{source.about}. *{sort}*: {', '.join(widest)}", "")
        own = {c: d for c, d in source.columns.items() if c not in shared}
        if own:
            yield from table(("column", "type", ""), rows(source.name, own))


def pages() -> dict[str, str]:
    """Return every page by file name."""
    made = {"commands": commands, "exit-codes": exit_codes, "document": document, "frames": frames}
    return {f"{name}.md": "\n".join(page()).rstrip("\n") + "\n" for name, page in made.items()}


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    stale = [name for name, text in pages().items() if not _same(FOLDER / name, text)]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says: run python -m scripts.reference")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(pages()[name], "utf-8")
    print(f"{len(stale)} pages written")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
