"""A draft of a pattern from lines of a bundle: what varies in them generalised, the lines its first example."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from types import MappingProxyType

import polars as pl

from parsers.schema import NAMES, SOURCES
from patterns import regexes

# What varies from one bundle to the next, and what stands for it. The first that fits at a place counts.
_VARYING: tuple[tuple[str, str], ...] = (
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(?:[.,][0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?", r"[0-9T:., Z+-]+"),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"[0-9a-f-]{36}"),
    (r"\b[a-z0-9]+(?:-[a-z0-9]+)*-[0-9a-f]{8,10}-[a-z0-9]{5}\b", r"[a-z0-9-]+"),  # a Deployment's pod
    (r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])", r"[0-9.]+"),
    (r"\b0x[0-9a-f]+\b", r"0x[0-9a-f]+"),
    (r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b", r"[0-9a-f]+"),
    (r"(?<![\w.:-])[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h)\b", r"[0-9.]+[a-zµ]+"),
    (r"(?<![\w.:-])[0-9]+(?:\.[0-9]+)?(?![\w.-])", r"[0-9.]+"),  # a port (`:9005`) is no accident and stays
)
_VALUE = r"[a-z0-9][a-z0-9._-]*[a-z0-9]"
_NAMED = re.compile(rf"\b(?P<name>{'|'.join(NAMES)})(?: name)?(?:[ =:]|: )\"?(?P<value>{_VALUE})(?![\w/])")
# Words that follow `model` in a sentence and name none.
_NO_NAMES = frozenset((
    "after", "already", "and", "are", "as", "at", "available", "be", "because", "before", "but", "by", "can",
    "cannot", "could", "error", "exists", "failed", "failure", "for", "from", "had", "has", "have", "in", "is",
    "must", "no", "not", "of", "on", "or", "ready", "replica", "replicas", "running", "should", "state", "status",
    "than", "that", "the", "to", "was", "were", "which", "while", "will", "with", "without", "would",
    *NAMES,
))  # fmt: skip
_PLACE = frozenset(("member", "line", "lines", "raw"))  # columns that show no failure
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


@dataclass(frozen=True, slots=True)
class Cited:
    """A line that shows the failure.

    Attributes:
        source: of the row, such as `log.agent`.
        text: the row's `text`, unwrapped.
        member: the file it stands in; becomes that of the example.
        raw: as it stands there, masked by whoever read it.
    """

    source: str
    text: str
    member: str
    raw: str


def draft(cited: Sequence[Cited], openings: Mapping[str, Sequence[str]] = MappingProxyType({})) -> str:
    """Return a pattern file that loads and finds `cited`, with what only its author knows left to do.

    Lines of one source become one piece of evidence.

    Args:
        cited: the lines that show the failure.
        openings: member to its first lines, for the example: by them its file is recognised.
    """
    by_source: dict[str, list[Cited]] = {}
    for line in cited:
        by_source.setdefault(line.source, []).append(line)
    lines = [
        'title    = "TODO: what is wrong, as the reader of a report would say it"',
        'severity = "medium"',
        'status   = "experimental"',
        'role     = "either"      # cause | symptom | either',
        'about    = "TODO: why this happens"',
        'remedy   = [{ do = "TODO" }]',
        'verify   = { run = "TODO", expect = "TODO" }',
        "references = []",
    ]
    for index, (source, group) in enumerate(by_source.items(), 1):
        regex = generalised([line.text for line in group])
        where = 'text matches "' + regex.replace('"', '\\"') + '"'
        lines += ["", f"[evidence.{_name(source, index)}]", f'from  = "{source}"']
        if "text" in SOURCES[source].columns:
            lines += [f"where = {toml_text(where)}"]
        else:
            some = ", ".join(name for name in SOURCES[source].columns if name not in _PLACE)
            lines += [f"# TODO: where = '...' -- which of its columns shows it: {some}"]
        free = [name for name in ("namespace", "pod") if name not in regexes.groups(regex)]
        lines += [f"bind  = [{', '.join(map(toml_text, free))}]"] if free and source.startswith("log.") else []
    lines += ["", "[[example]]", 'name   = "as it was seen"', 'origin = "seen"', 'expect = "present"']
    files: dict[str, list[str]] = {}
    for line in cited:
        files.setdefault(line.member, list(openings.get(line.member, ()))).append(line.raw)
    lines += [f"files.{_quoted(member)} = {toml_text(chr(10).join(raw) + chr(10))}" for member, raw in files.items()]
    lines += [
        "",
        "# TODO: an example that is absent (a line that is nearly one), and one where nothing can be said",
        "# Save it as PACK/<layer>/<name>.toml, fill in what says TODO, and prove it:",
        "#   seldon-forensics patterns test <name> --patterns PACK",
        "",
    ]
    return "\n".join(lines)


def generalised(texts: Sequence[str]) -> str:
    """Return a regex that finds all of `texts`, with what varies in them, or usually does, left open.

    Names after `model`, `server` and the like become named groups.
    """
    first, *others = [text.split("\n")[0] for text in texts]
    regex = _template(first, others)
    if regexes.fault(regex) is None and pl.Series(list(texts)).str.contains(regex).all():
        return regex
    return _escaped(_shared(first, others))


def _template(text: str, others: Sequence[str]) -> str:
    """Return the regex of `text`, open where another text differs."""
    spans = [(start, end, ".*") for start, end in _differing(text, others)]
    named: set[str] = set()
    for found in _NAMED.finditer(text):
        if found["value"] in _NO_NAMES:
            continue
        group = f"(?<{found['name']}>[a-z0-9._-]+)" if found["name"] not in named else "[a-z0-9._-]+"
        named.add(found["name"])
        spans.append((found.start("value"), found.end("value"), group))
    for pattern, stands_for in _VARYING:
        spans += [(found.start(), found.end(), stands_for) for found in re.finditer(pattern, text)]
    made, place = [], 0
    # A name says more than a difference, and either more than a guess: earlier kinds win where spans overlap.
    for start, end, stands_for in sorted(_apart(_ranked(spans))):
        made += [_escaped(text[place:start]), stands_for]
        place = end
    return "".join([*made, _escaped(text[place:])])


def _ranked(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    return sorted(spans, key=lambda span: (not span[2].startswith("(?<"), span[2] != ".*"))


def _apart(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    taken: list[tuple[int, int, str]] = []
    for start, end, stands_for in spans:
        if all(end <= other[0] or start >= other[1] for other in taken):
            taken.append((start, end, stands_for))
    return taken


def _differing(text: str, others: Sequence[str]) -> list[tuple[int, int]]:
    """Return the stretches of `text` that some other text lacks, in whole words."""
    words = re.findall(r"\w+|\W", text)
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    missing: set[int] = set()
    gaps: set[int] = set()
    for other in others:
        matcher = SequenceMatcher(None, words, re.findall(r"\w+|\W", other), autojunk=False)
        for kind, start, end, _, _ in matcher.get_opcodes():
            if kind != "equal":
                missing.update(range(start, end))
                gaps.update((start,) if start == end else ())
    spans = [(starts[index], starts[index + 1]) for index in sorted(missing)]
    joined: list[tuple[int, int]] = []
    for start, end in sorted([*spans, *((starts[index], starts[index]) for index in gaps)]):
        # What stands between two differences but is no word differs by accident.
        if joined and (joined[-1][1] >= start or not re.search(r"\w", text[joined[-1][1] : start])):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _shared(text: str, others: Sequence[str]) -> str:
    """Return the longest stretch that all texts hold."""
    for other in others:
        found = SequenceMatcher(None, text, other, autojunk=False).find_longest_match()
        text = text[found.a : found.a + found.size]
    return text


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: "[\\\\]" if found[0] == "\\" else f"\\{found[0]}", text)


def _name(source: str, index: int) -> str:
    name = re.sub(r"[^a-z0-9_]", "_", source.rpartition(".")[2])
    return name if index == 1 else f"{name}_{index}"


def toml_text(text: str) -> str:
    """Return `text` as TOML: as it is where a literal string can hold it, else with escapes."""
    odd = any((ord(letter) < 32 and letter not in "\n\t") or letter == "\x7f" for letter in text)
    if not odd and "\n" in text and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    if not odd and "\n" not in text and "'" not in text:
        return f"'{text}'"
    return _quoted(text)


def _quoted(text: str) -> str:
    made = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + "".join(f"\\u{ord(x):04x}" if ord(x) < 32 or ord(x) == 127 else x for x in made) + '"'
