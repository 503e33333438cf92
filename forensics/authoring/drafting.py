"""Draft a pattern from cited lines of a bundle."""

from collections.abc import Sequence

import polars as pl

from forensics.analysis import Case
from forensics.authoring.examples import mistake
from forensics.intake.masking import mask
from forensics.reporting.forms import UsageError
from patterns.draft import Cited, draft
from patterns.loader import load_pattern
from patterns.pattern import Library

OPENINGS = (1, 3, 10, 30)  # first lines of a file, as few as tell whose it is


def drafted(case: Case, places: Sequence[str]) -> str:
    """Return the TOML of a draft.

    Args:
        case: the bundle.
        places: `member:line`, each a line of a record or a fact.

    Raises:
        UsageError: a place that names no line that was read.
    """
    cited = [_cited(case, place) for place in places]
    plain = draft(cited)
    if _proves_itself(plain):
        return plain
    for most in OPENINGS:
        opened = draft(cited, {line.member: _opening(case, line, most) for line in cited})
        if _proves_itself(opened):
            return opened
    return plain


def _proves_itself(written: str) -> bool:
    """Whether the example of a draft is found: a line alone may not tell whose log it is from."""
    pattern = load_pattern(written, "draft/new", "draft")
    return all(mistake(pattern, example, Library({pattern.id: pattern}, "")) is None for example in pattern.examples)


def _opening(case: Case, line: Cited, most: int) -> list[str]:
    lines = case.intake.lines_of(line.member)
    first = [mask(text) for text in lines.between(0, most)] if lines is not None else []
    return [text for text in first if text and text not in line.raw.split("\n")]


def _cited(case: Case, place: str) -> Cited:
    member, _, number = place.rpartition(":")
    if not member or not number.isdigit():
        raise UsageError(f"{place}: write it as MEMBER:LINE")
    line = int(number)
    lines = case.intake.lines_of(member)
    if lines is None:
        raise UsageError(f"{place}: the bundle has no member {member}; see `seldon-forensics coverage`")
    for source, frame in case.frames.items():
        if "member" not in frame.columns:
            continue
        here = frame.filter(
            (pl.col("member") == member) & (pl.col("line") <= line) & (pl.col("line") + pl.col("lines") > line)
        )
        if here.height:
            row = here.row(0, named=True)
            first, count = int(row["line"]), int(row["lines"])
            raw = "\n".join(lines.between(first - 1, first - 1 + count))
            return Cited(source, mask(str(row.get("text") or row.get("raw") or "")), member, mask(raw))
    raise UsageError(f"{place}: no record or fact stands there")
