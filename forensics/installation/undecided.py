"""Failures of which a sign was collected, but not what decides them."""

from collections.abc import Mapping

import polars as pl

from forensics.findings import PRESENT, UNKNOWN, Outcome, Seen
from parsers.schema import SOURCES
from patterns.pattern import SEVERITIES
from patterns.terms import positive

MOST = 3  # failures that are told


def signs(outcome: Outcome) -> list[Seen]:
    """Return the pieces that speak for a failure, and are not weak, that were seen, though not all it takes."""
    speaking, evidence = positive(outcome.pattern.match), outcome.pattern.evidence
    return [s for s in outcome.closest if s.state == PRESENT and s.name in speaking and not evidence[s.name].weak]


def undecided(outcomes: Mapping[str, Outcome], frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return a remark for the gravest failures that have a sign and cannot be told from what was collected.

    Args:
        outcomes: what the patterns came to.
        frames: on one clock.
    """
    found: list[tuple[int, int, str, str]] = []
    for outcome in outcomes.values():
        pattern, seen = outcome.pattern, signs(outcome)
        grave = SEVERITIES.index(pattern.severity) >= SEVERITIES.index("high")
        if outcome.state != UNKNOWN or pattern.check or not grave or not outcome.missing:
            continue
        last = [piece.rows[-1] for piece in seen if piece.rows and _tells(piece.rows[-1][0])]
        places = [place for source, row in last if (place := _place(frames, source, row))]
        if places:
            lacking = "; ".join(dict.fromkeys(f"{one.source}: {one.why}" for one in outcome.missing[:2]))
            told = f"{pattern.title}: a sign is there ({', '.join(places[:2])}); whether it is so is open, {lacking}"
            found.append((-SEVERITIES.index(pattern.severity), -len(places), pattern.id, told))
    return [told for *_, told in sorted(found)[:MOST]]


def _tells(source: str) -> bool:
    """Whether its rows say what happened, or how something is; that a thing is wanted is no sign."""
    return source in SOURCES and (SOURCES[source].timed or source in ("k8s.condition", "k8s.container", "k8s.pod"))


def _place(frames: Mapping[str, pl.DataFrame], source: str, row: int) -> str | None:
    if source not in frames:
        return None
    member, line = frames[source].select("member", "line").row(row)
    return f"{member}:{line}" if member else None
