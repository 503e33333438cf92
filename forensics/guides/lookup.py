"""Which known failures a line is a sign of: for words that were read out, or copied without the log around them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from forensics.bundle import Member
from forensics.ingest import read_member
from parsers import PARSERS
from parsers.schema import SOURCES, WORDS, empty
from patterns.conditions import compile_where
from patterns.literals import literals_of
from patterns.pattern import SEVERITIES, Evidence, Library, Pattern
from patterns.terms import Column, positive, sufficient

_WORD = re.compile(r"[a-z0-9]+")
_PART = 8  # characters of a part of what is looked for that tell something
# Where a source keeps what people read out; for logs `WORDS`.
_HELD_BY = {
    "k8s.condition": ("reason", "message"),
    "k8s.event": ("text", "message", "reason"),
    "k8s.container": ("state", "reason", "message", "last_reason", "last_message"),
    "k8s.pod": ("reason", "message"),
    "k8s.model": ("reason", "state"),
    "k8s.pipeline": ("reason", "state"),
    "k8s.experiment": ("reason",),
}


@dataclass(frozen=True, slots=True)
class Lead:
    """A failure that a line is a sign of.

    Attributes:
        sources: where the line is looked for, most telling first.
        sure: whether the line alone decides this condition; else what stands beside it in its record does, too.
        weak: whether healthy systems print it too, or other failures; or other evidence has to be there as well.
        words: how many characters of what is looked for are in the line.
    """

    pattern: Pattern
    sources: tuple[str, ...]
    sure: bool
    weak: bool
    words: int


def leads(library: Library, text: str) -> list[Lead]:
    """Return the failures that `text` is a sign of, the most telling first.

    Args:
        library: what is known; readiness checks are left out.
        text: a line of any log, a condition's reason, an error message; whole, or a part of it.
    """
    frames = dict(_as_read(text)) or dict(_as_said(text))
    patterns = [pattern for pattern in library.patterns.values() if not pattern.check]
    found = [lead for pattern in patterns if (lead := _lead(pattern, text, frames)) is not None]
    found = found or _worded(patterns, text)
    ids = {lead.pattern.id for lead in found if lead.sure and not lead.weak}
    return sorted(found, key=lambda lead: _order(lead, len(ids.intersection(lead.pattern.explains))))


def _worded(patterns: list[Pattern], text: str) -> list[Lead]:
    """Return the failures that all the words are of: of their title, their cause or what they look for."""
    words = {word for word in _WORD.findall(text.lower()) if len(word) > 1}
    if len(words) < 2:
        return []
    told = {
        p.id: " ".join((p.title, p.about, *(e.where.text for e in p.evidence.values() if e.where))) for p in patterns
    }
    return [Lead(p, (), False, True, 0) for p in patterns if words <= {*_WORD.findall(told[p.id].lower())}]


def _as_read(text: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the records of a component's log that a whole line is, by source."""
    data = f"{text}\n".encode()
    read = read_member(Member("line", data, len(data), "", "read", None), PARSERS)
    for source, parts in read.frames.items():
        if source.startswith("log.") and source not in ("log.other", "log.client"):
            yield source, pl.concat(parts)


def _as_said(text: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield one row of each source that has words, with `text` as these, and nothing else known."""
    for source in SOURCES:
        columns = _HELD_BY.get(source, WORDS if source.startswith("log.") else ())
        frame = empty(source)
        said = {name: [text] for name in columns if frame.schema.get(name) == pl.String}
        if said:
            yield source, pl.concat([frame, pl.DataFrame(said)], how="diagonal")


def _lead(pattern: Pattern, text: str, frames: dict[str, pl.DataFrame]) -> Lead | None:
    makers = positive(pattern.match)
    fitting = [
        (piece, *fits)
        for name, piece in pattern.evidence.items()
        if name in makers and piece.source in frames
        for fits in (_fits(piece, text, frames[piece.source]),)
        if fits is not None
    ]
    if not fitting:
        return None
    alone = sufficient(pattern.match)
    weak, sure, words = min(
        ((piece.weak or piece.name not in alone, sure, words) for piece, sure, words in fitting),
        key=lambda each: (not each[1], each[0], -each[2]),
    )
    return Lead(pattern, tuple(dict.fromkeys(each[0].source for each in fitting)), sure, weak, words)


def _fits(piece: Evidence, text: str, frame: pl.DataFrame) -> tuple[bool, int] | None:
    """Return whether a row surely fits a piece, and how much of what it looks for is there; None where nothing is."""
    if piece.where is None:
        return None
    low = text.strip().lower()
    literals = [literal.lower() for literal in words_of(piece)]
    words = max((len(literal) for literal in literals if literal in low), default=0)
    if not words:
        part = len(low) >= _PART and any(low in literal for literal in literals)
        return (False, len(low)) if part else None
    fits = frame.select(compile_where(piece.where, piece.source).alias("fits"))["fits"]
    if fits.any():
        return True, words
    return (False, words) if fits.null_count() else None


def words_of(piece: Evidence) -> list[str]:
    """Return the words that a piece looks for in what people read out, each test's on its own."""
    held = {Column((name,)) for name in _HELD_BY.get(piece.source, WORDS)}
    tests = [test for test in piece.where.tests() if test.column in held] if piece.where is not None else []
    return [literal for test in tests for literal in literals_of(test, column=test.column)]


def _order(lead: Lead, explains: int) -> tuple[bool, bool, int, int, int, str]:
    """What surely fits comes first, and of these causes and what explains others of them; of the rest symptoms."""
    pattern, sure = lead.pattern, lead.sure and not lead.weak
    symptom = pattern.role == "symptom"
    severity = SEVERITIES.index(pattern.severity)
    return not sure, symptom == sure, -explains if sure else 0, -lead.words, -severity, pattern.id


def lines(found: list[Lead], most: int) -> Iterator[str]:
    """Yield what a person reads of leads, of the first `most` of them."""
    if not found:
        yield "No known failure has these words as evidence."
        yield "Give more of the line, or fewer of the words that are this installation's own."
        return
    for lead in found[:most]:
        doubt = "" if lead.sure and not lead.weak else " (not by these words alone)"
        yield f"{lead.pattern.id}  [{lead.pattern.severity}, {lead.pattern.role}]{doubt}"
        yield f"    {lead.pattern.title}"
        if lead.sources:
            yield f"    looked for in {', '.join(lead.sources)}"
    if len(found) > most:
        yield f"and {len(found) - most} more; with more of the line there are fewer"
    yield f"More of one: seldon-forensics patterns show {found[0].pattern.name}"
