"""The conventions of the library that a machine can check: a pattern that breaks one still runs."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from parsers.schema import NAMES, SOURCES
from patterns.graph import edges
from patterns.literals import LEAST, condition_literals
from patterns.loader import text_of
from patterns.pattern import Evidence, Library, Pattern
from patterns.places import places
from patterns.terms import AndTerm, Column, Piece, Term, parts, pieces, positive

# Occur in so many lines of a healthy bundle that they nominate nothing.
HOT = ("v2/models", "POST /v2/models/", " 200", "HTTP/1.1", "level=info", "level=error", "error", "failed", "model")
LONGEST = 90  # characters of a title: it has to fit a line of a terminal

_NAME = re.compile(r"\$\{?([a-z][a-z_]*)\}?")
_MOVING = re.compile(r"github\.com/[^/]+/[^/]+/(?:blob|tree)/(?:main|master|head|v\d+)/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remark:
    """A convention that a pattern breaks.

    Attributes:
        file: as the library knows it.
        line: of the key in question, from 1.
        name: the convention's.
        advice: what to do, and what about.
    """

    file: str
    line: int
    name: str
    advice: str


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a pattern breaks a convention: a key, and what is said of it beside the advice."""

    key: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Convention:
    """What every pattern should keep.

    Attributes:
        name: for suppressing it, and for speaking of it.
        advice: what to do about a breach.
        breaches: yields those of one pattern.
    """

    name: str
    advice: str
    breaches: Callable[[Pattern], Iterator[Breach]]


def lint(library: Library, *, texts: Mapping[str, str] | None = None) -> list[Remark]:
    """Return what breaks a convention, by file, line and name.

    Args:
        library: patterns that loaded.
        texts: pattern id to the text of its file, for lines; read anew where not given.
    """
    remarks = []
    explained = {symptom for symptoms in edges(library.patterns).values() for symptom in symptoms}
    for pattern in library.patterns.values():
        found = [(convention, breach) for convention in CONVENTIONS for breach in convention.breaches(pattern)]
        if pattern.role == "symptom" and pattern.id not in explained:
            found.append((_UNEXPLAINED, Breach(("role",))))
        if not found:
            continue
        text = texts[pattern.id] if texts and pattern.id in texts else text_of(pattern)
        lines = places(text)
        remarks += [
            Remark(pattern.file, _line(lines, breach.key), convention.name, _said(convention.advice, breach.about))
            for convention, breach in found
        ]
    return sorted(remarks, key=lambda remark: (remark.file, remark.line, remark.name, remark.advice))


def _line(lines: Mapping[tuple[str, ...], tuple[int, int]], key: tuple[str, ...]) -> int:
    for end in range(len(key), 0, -1):
        if found := lines.get(key[:end]):
            return found[0]
    return 1


def _said(advice: str, about: str) -> str:
    return f"{about}: {advice}" if about else advice


# ---- what a reader gets


def _title(pattern: Pattern) -> Iterator[Breach]:
    title = pattern.title
    if title.endswith((".", "!")) or len(title) > LONGEST or len(title.split()) < 3 or not title[0].isupper():
        yield Breach(("title",))
    elif re.search(r"\b(?:pattern|detected|regex|matches|todo)\b", title, re.IGNORECASE):
        yield Breach(("title",), "it speaks of the tool, not of the failure")


def _about(pattern: Pattern) -> Iterator[Breach]:
    if len(pattern.about.split()) < 10:
        yield Breach(("about",))


def _remedy(pattern: Pattern) -> Iterator[Breach]:
    if not pattern.remedy:
        yield Breach(("remedy",))


def _verify(pattern: Pattern) -> Iterator[Breach]:
    if pattern.verify is None:
        yield Breach(("verify",))


def _references(pattern: Pattern) -> Iterator[Breach]:
    if not pattern.references:
        yield Breach(("references",))
    for reference in pattern.references:
        if not reference.startswith("https://"):
            yield Breach(("references",), f"`{reference}` is no address")
        elif _MOVING.search(reference) and not re.search(r"/v\d+\.\d+", reference):
            yield Breach(("references",), f"`{reference}` moves")


def _commands(pattern: Pattern) -> Iterator[Breach]:
    bound = frozenset().union(*(piece.names for piece in pattern.evidence.values()))
    runs = [("remedy", action.run) for action in pattern.remedy]
    runs += [("verify", pattern.verify.run)] if pattern.verify else []
    for key, run in runs:
        for name in sorted(set(_NAME.findall(run))):
            if name not in NAMES:
                yield Breach((key,), f"`${name}` is not a name that can be bound")
            elif name not in bound:
                yield Breach((key,), f"`${name}` is bound by no piece of evidence")


# ---- evidence


def _texts(pattern: Pattern) -> Iterator[Evidence]:
    for piece in pattern.evidence.values():
        if piece.source in SOURCES and SOURCES[piece.source].timed and not piece.note:
            yield piece


def _asks(piece: Evidence, *columns: str) -> bool:
    return piece.where is not None and any(test.column.path[0] in columns for test in piece.where.tests())


def _literal(pattern: Pattern) -> Iterator[Breach]:
    for piece in _texts(pattern):
        asks = _asks(piece, "text", "message")
        literals = condition_literals(piece.where) or condition_literals(piece.where, column=Column(("message",)))
        if (asks and not literals) or piece.where is None:
            yield Breach(("evidence", piece.name, "where"), f"`{piece.name}`")


def _hot(pattern: Pattern) -> Iterator[Breach]:
    for piece in _texts(pattern):
        for literal in condition_literals(piece.where):
            if literal.strip() in {hot.strip() for hot in HOT}:
                yield Breach(("evidence", piece.name, "where"), f'"{literal}"')


def _message(pattern: Pattern) -> Iterator[Breach]:
    for piece in _texts(pattern):
        if piece.source.startswith("log.") and _asks(piece, "message") and not _asks(piece, "text"):
            yield Breach(("evidence", piece.name, "where"), f"`{piece.name}`")


def _weak(pattern: Pattern) -> Iterator[Breach]:
    required = [pattern.evidence[name] for name in sorted(set(pieces(pattern.match)))]
    decisive = any(piece.strength == "decisive" and not piece.weak for piece in pattern.evidence.values())
    if all(piece.weak for piece in required) and not decisive and pattern.status != "experimental":
        yield Breach(("match",))


def _subject(pattern: Pattern) -> Iterator[Breach]:
    wanted = [pattern.evidence[name] for name in sorted(positive(pattern.match))]
    if not any(piece.names for piece in wanted):
        yield Breach(("match",))


def _joined(pattern: Pattern) -> Iterator[Breach]:
    """Two pieces that must both be there and share no name are joined by nothing but the bundle."""
    together = [pattern.evidence[name] for name in _conjunct(pattern.match)]
    for index, piece in enumerate(together):
        others = [other.names for at, other in enumerate(together) if at != index]
        if piece.names and others and not any(piece.names & names for names in others):
            yield Breach(("evidence", piece.name, "bind"), f"`{piece.name}`")


def _conjunct(term: Term) -> list[str]:
    if isinstance(term, Piece):
        return [term.name]
    if isinstance(term, AndTerm):
        return [name for part in term.parts for name in _conjunct(part)]
    return sorted(positive(term))[:1]


def _timed(pattern: Pattern) -> Iterator[Breach]:
    for name in sorted(_in_time(pattern.match)):
        source = pattern.evidence[name].source
        if source in SOURCES and not SOURCES[source].timed:
            yield Breach(("match",), f"`{name}` ({source})")


def _in_time(term: Term, *, inside: bool = False) -> frozenset[str]:
    if isinstance(term, Piece):
        return frozenset((term.name,)) if inside else frozenset()
    window = getattr(term, "within", None) is not None or getattr(term, "length", None) is not None
    return frozenset().union(*(_in_time(part, inside=inside or window) for part in parts(term)))


# ---- examples


def _examples(expect: str) -> Callable[[Pattern], Iterator[Breach]]:
    def breaches(pattern: Pattern) -> Iterator[Breach]:
        fitting = (example for example in pattern.examples if example.expect == expect)
        if not any("".join(example.files.values()).strip() or expect == "unknown" for example in fitting):
            yield Breach()

    return breaches


def _earned(pattern: Pattern) -> Iterator[Breach]:
    origins = {example.origin for example in pattern.examples if example.expect == "present"}
    if pattern.status == "stable" and origins == {"imagined"} and not pattern.check:
        yield Breach(("status",))


_UNEXPLAINED = Convention("unexplained", "say in explained_by what can cause this symptom", lambda _: iter(()))

CONVENTIONS: tuple[Convention, ...] = (
    Convention(
        "title", f"say what is wrong as a reader would: a capital, three words or more, no full stop, up to {LONGEST}",
        _title,
    ),
    Convention("about", "say in ten words or more why this happens, for the report", _about),
    Convention("remedy", "say what to do", _remedy),
    Convention("verify", "give a command that shows it is mended", _verify),
    Convention("references", "give a permalink, to a tag, for where this is known from", _references),
    Convention("commands", "a command can only name what evidence binds", _commands),
    Convention("literal", f"require a literal of {LEAST} characters or more, or say why not in `note`", _literal),
    Convention("hot", "this stands in too many healthy lines; ask for something rarer, or a column", _hot),
    Convention("message", "ask `text`: most failures stand in fields (`error=`), which `message` lacks", _message),
    Convention("weak", "healthy systems show all of this; ask for a stronger piece, or call it experimental", _weak),
    Convention("subject", "bind a name: a finding is about something", _subject),
    Convention("joined", "this shares no name with another required piece, so any two go together", _joined),
    Convention("timed", "a fact holds at its snapshot; no window can be built on it", _timed),
    Convention("present", "give an example in which it is present", _examples("present")),
    Convention("near miss", "give an example in which it is absent: a line that is nearly one", _examples("absent")),
    Convention("unknown", "give an example in which nothing can be said", _examples("unknown")),
    Convention("earned", "a stable pattern has been seen, or taken from the source; else it is experimental", _earned),
)  # fmt: skip


def where_of(remark: Remark) -> str:
    """Return a remark as a line of text: file, line, convention, advice."""
    return f"{remark.file}:{remark.line}: {remark.name}: {remark.advice}"


__all__ = ["CONVENTIONS", "Breach", "Convention", "Remark", "lint", "where_of"]
