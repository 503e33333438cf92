r"""Split a text that holds several things: pasted sessions, fenced logs, dumps written one after the other.

    ==== START logs for container agent of pod ml/mlserver-0 ====     kubectl cluster-info dump
    $ kubectl logs -n ml mlserver-0 -c agent --previous               a terminal session, also of root (`# kubectl`)
    ==> /var/log/pods/.../agent/0.log <==                             tail, head, minikube
    === scheduler ===                                                 scripts made by hand
    ```                                                               Markdown

Physical line numbers are kept. A line that opens or closes a part belongs to none of them: `headings` counts it.

Source: kubectl 0.35 pkg/cmd/clusterinfo/clusterinfo_dump.go (START, END).
"""

import re
import shlex
from dataclasses import dataclass, replace

import polars as pl

from parsers.layout import CONTAINERS, origin_of
from parsers.parser import LINES, Artefact, Origin, set_aside

_TEXT = pl.col("text")
_DUMP = r"==== (?:START|END) logs for container \S+ of pod \S+ ====$"
_TAIL = r"^==> .+ <==$"
_FENCE = r"^ {0,3}(?:```|~~~)"
_SHELL = (
    r"(?:\([^)]*\) ?)?(?:\[[^\]]+@[^\]]+\][$#]|[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:?[^$#%>]{0,80}[$#%]|[$%>]"
    r"|PS [A-Z]:[^>]{0,120}>|[A-Z]:\\[^>]{0,120}>|\+) ?(?:sudo )?"
)
_TOOLS = (
    "kubectl|oc|k|docker|crictl|curl|grpcurl|helm|seldon|cat|tail|head|stern|journalctl|less|grep|zcat"  # print logs
)
# root's prompt begins a comment too: only a command that prints what is read here is one
_ROOT = r"# ?(?:kubectl|oc) (?:-\S+ \S+ |-\S+=\S+ )*(?:get|describe|logs) "
_PROMPT = rf"^(?:{_SHELL}(?:{_TOOLS}) .*|{_ROOT}.*)$"
_CLIENT = r"^[^|]{0,200}?[$%#>] ?(?:curl|grpcurl|seldon|grpc_cli) .*$"
# These print what `parsers/seldon_cli.py` reads; the others of the command call a model.
_LISTS = r"^[^|]{0,200}?[$%#>] ?seldon (?:model|pipeline|experiment|server) (?:list|status)\b"
_BAR = r"(?:={3,}|#{3,}|-{3,}|\*{3,}|\+{3,}|~{3,}|[<>]{3,})"
_RULE = rf"^{_BAR} ?[^\s=#*+~>-][^=]{{0,200}}?(?: ?{_BAR})?$"
_BREAK = re.compile(f"(?:{_DUMP})|(?:{_TAIL})|(?:{_FENCE})|(?:{_PROMPT})|(?:{_RULE})")
# How every such line begins, or what stands in it: cheap to look for in every line.
_LIKELY = r"^ {0,3}(?:[=#*+~<>-]{3}|```|==> )|[$#%>+] ?(?:sudo )?[a-z]|==== (?:START|END) logs"
_EDGE = 500  # lines at either end that show whether a text has parts
_WORDS = re.compile(r"[A-Za-z0-9][\w./:-]*")
_CONTAINER = re.compile(rf"^(?:seldon-)?({CONTAINERS})$")
_COLLECTED = re.compile(r"(?i)\b(?:kubectl|oc|logs?|describe|get|events?|pods?|yaml)\b")


_NOWHERE = Origin()
_RUNS = frozenset(("client", "list"))  # commands that stand with their answers, any number of them in one part


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a heading says of the lines after it."""

    origin: Origin = _NOWHERE
    keeps: bool = False  # it belongs to what follows: a client's command stands with its answer
    trails: bool = False  # a log without a final line feed: the mark stands at the end of its last line


def segments(artefact: Artefact) -> tuple[Artefact, ...]:
    """Return the parts of an artefact in order, the artefact itself if it is one thing.

    Lines in no part are headings; `headings` returns them.
    """
    cuts = _cuts(artefact)
    if not cuts:
        return (artefact,)
    frame = artefact.frame.with_row_index("_row")
    parts: list[Artefact] = []
    begin, said = 0, Origin()
    for row, opening in [*cuts, (len(frame), _Opening())]:
        part = frame.slice(begin, row - begin + opening.trails).select(LINES.names())
        if opening.trails:
            part = part.with_columns(_TEXT.str.replace(_DUMP, ""))
        if len(part) and not part["text"].str.contains(r"[^ \t]").any() and len(parts):
            parts[-1] = replace(parts[-1], frame=pl.concat([parts[-1].frame, part]))
        elif len(part):
            parts.append(replace(artefact, frame=part, origin=said.or_else(artefact.origin)))
        begin, said = row if opening.keeps else row + 1, opening.origin
    return tuple(parts) or (replace(artefact, frame=artefact.frame.clear()),)


def headings(artefact: Artefact) -> pl.DataFrame:
    """Return the lines of an artefact that stand between its segments: columns `IGNORED`."""
    rows = [row for row, opening in _cuts(artefact) if not opening.keeps and not opening.trails]
    return set_aside(artefact.frame[rows], pl.lit("heading"))


def _cuts(artefact: Artefact) -> list[tuple[int, _Opening]]:
    """Return the rows that are headings, and what each says; none for a text that is one thing."""
    if not len(artefact.frame) or not _may_have_parts(artefact.frame["text"]):
        return []
    likely = artefact.frame.select((_TEXT.str.len_bytes() < 1000) & _TEXT.str.contains(_LIKELY)).to_series()
    if not likely.any():
        return []
    hits = artefact.frame.select("text").with_row_index("_row").filter(likely)
    found: list[tuple[int, str, str]] = []
    for row, text in hits.iter_rows():
        if not _BREAK.search(text):
            continue
        kind = next(
            name
            for name, regex in (
                ("dump", _DUMP),
                ("tail", _TAIL),
                ("fence", _FENCE),
                ("list", _LISTS),
                ("client", _CLIENT),
                ("prompt", _PROMPT),
                ("rule", _RULE),
            )
            if re.search(regex, text)
        )
        found.append((row, kind, text))
    if not found:
        return []
    # A run of a client's commands is one thing, and needs no cut where nothing but such runs is there.
    found = [one for at, one in enumerate(found) if one[1] not in _RUNS or at == 0 or found[at - 1][1] != one[1]]
    kinds = {kind for _, kind, _ in found}
    if len(kinds) == 1 and kinds <= _RUNS:
        return []
    if kinds <= {"rule"} and not _scripted(artefact, found):
        return []
    # In one kind of text the marks of another are content: a rule in a fenced log, a prompt in a dump.
    if "dump" in kinds:
        found = [one for one in found if one[1] == "dump"]
    elif "fence" in kinds:
        found = _fenced(found)
    elif (
        kinds & {"prompt", "list", "tail"}
        and "rule" in kinds
        and not _scripted(artefact, [f for f in found if f[1] == "rule"])
    ):
        found = [one for one in found if one[1] != "rule"]
    return [(row, _opening(kind, text)) for row, kind, text in found]


def _may_have_parts(texts: pl.Series) -> bool:
    # A joined text begins as one: looking at every line of every log would cost more than splitting it into lines.
    if len(texts) <= 2 * _EDGE:
        return True
    edges = pl.concat([texts.head(_EDGE), texts.tail(_EDGE)])
    if any(_BREAK.search(text[:1000]) for text in edges.filter(edges.str.contains(_LIKELY)).to_list()):
        return True
    return bool(texts.str.contains("==== START logs", literal=True).any())


def _scripted(artefact: Artefact, rules: list[tuple[int, str, str]]) -> bool:
    """Whether rules are headings of a collection: YAML, tracebacks, banners and decorations have such lines too."""
    texts = artefact.frame["text"]
    if not rules:
        return False
    shapes = {text[: len(text) - len(text.lstrip("=#-*+~>"))] for _, _, text in rules}
    dumps = sum(1 for _, _, text in rules if _origin_of_words(text) != _NOWHERE or _COLLECTED.search(text))
    starts = rules[0][0] <= 5 or len(rules) > 1
    return starts and dumps >= max(1, 0.6 * len(rules)) and len(shapes) <= 3 and len(rules) <= max(50, len(texts) // 2)


def _fenced(found: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    kept, inside = [], False
    for row, kind, text in found:
        if kind == "fence":
            kept.append((row, "fence-end" if inside else "fence", text))
            inside = not inside
        elif not inside or kind in ("prompt", "list"):
            kept.append((row, kind, text))
    return kept


def _opening(kind: str, text: str) -> _Opening:
    if kind == "dump":
        said = re.search(r"(START|END) logs for container (\S+) of pod (\S+?)/(\S+) ====$", text)
        if said is None or said[1] == "END":
            return _Opening(trails=not text.startswith("===="))
        return _Opening(Origin(namespace=said[3], pod=said[4], container=said[2]))
    if kind == "tail":
        return _Opening(origin_of(text[4:-4].strip()))
    if kind == "prompt":
        # The parser of kubectl's tables reads the command: it tells the namespace, and what was asked for in vain.
        asked = re.search(r"\b(?:kubectl|oc|k)\b.*\b(?:get|describe)\b", text) is not None
        return _Opening(origin_of_command(text), keeps=asked)
    if kind == "rule":
        return _Opening(_origin_of_words(text))
    return _Opening(keeps=kind in _RUNS)


def origin_of_command(text: str) -> Origin:
    """Return what `kubectl logs`, `oc logs` or `kubectl exec` says of what it printed; nothing for other commands."""
    found = re.search(r"\b(?:kubectl|oc|k)\b(.*)$", text)
    if found is None:
        return Origin()
    try:
        words = shlex.split(found[1].split(" | ")[0].split(" > ")[0])
    except ValueError:
        words = found[1].split()
    options: dict[str, str] = {}
    plain: list[str] = []
    at = 0
    short = {"-n": "namespace", "-c": "container", "-p": "previous", "-l": "selector"}
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            break
        if word.startswith("-"):
            name, equals, value = word.partition("=")
            name = short.get(name[:2], "") if not name.startswith("--") else name[2:]
            if not equals and not word.startswith("--") and len(word) > 2:
                value = word[2:]
            elif (
                not equals
                and name in ("namespace", "container", "selector", "tail", "since", "context")
                and at < len(words)
            ):
                value = words[at]
                at += 1
            options[name] = value
        else:
            plain.append(word)
    if not plain or plain[0] not in ("logs", "log", "exec"):
        return Origin(namespace=options.get("namespace") or None)
    target = plain[1] if len(plain) > 1 else None
    kind, slash, name = (target or "").rpartition("/")
    pod = name if not slash or kind in ("pod", "pods", "po") else None
    container = options.get("container") or (plain[2] if len(plain) > 2 and plain[0] == "logs" else None)
    previous = "previous" in options and options["previous"] != "false"
    return Origin(
        namespace=options.get("namespace") or None,
        pod=pod or None,
        container=container,
        previous=previous if plain[0] != "exec" else None,
    )


def _origin_of_words(text: str) -> Origin:
    """Return what a heading made by hand names: a command, a path, `pod/container`, or one of the usual containers."""
    bare = text.strip("=#-*+~<> ")
    if re.search(r"\b(?:kubectl|oc) ", bare):
        return origin_of_command(bare)
    found = Origin(previous=True if re.search(r"(?i)\bprevious\b", bare) else None)
    for word in _WORDS.findall(bare):
        if "/" in word and not word.startswith(("http:", "https:")):
            pod, _, container = word.rpartition("/")
            if known := _CONTAINER.match(container):
                found = found.or_else(origin_of(pod + ".log")).or_else(Origin(container=known[1]))
        elif known := _CONTAINER.match(word.lower()):
            found = found.or_else(Origin(container=known[1]))
        found = found.or_else(origin_of(word))
    return found
