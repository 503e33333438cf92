"""Find in a long quotation the words that a pattern looks for: where it is shown shortened, they must stay."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from patterns.terms import Condition

SHORT = 160  # characters: shorter quotations are shown whole
MOST = 200  # characters of the words
_COLUMNS = ("text", "message", "fields")  # what stands in a field stands in the text too


def words(condition: Condition, row: Mapping[str, Any], quoted: str) -> str | None:
    """Return the longest stretch of `quoted` that a test of `condition` finds; None where there is none, or no need.

    Args:
        condition: of the piece of evidence.
        row: the record it is true of.
        quoted: the physical lines of the record, in which quotes may stand with a backslash before them.
    """
    if len(quoted) <= SHORT:
        return None
    found = sorted(set(_found(condition, row)), key=lambda some: (-len(some), some))
    for some in found:
        for written in (some, some.replace("\\", "\\\\").replace('"', '\\"')):
            first = written.split("\n")[0][:MOST]
            if first in quoted:
                return first
    return None


def _found(condition: Condition, row: Mapping[str, Any]) -> Iterator[str]:
    for test in condition.tests():
        column = test.column.path[0]
        said = row.get("text" if column == "fields" else column) if column in _COLUMNS else None
        if not isinstance(said, str):
            continue
        match test.verb, test.value:
            case "matches", str(regex):
                yield from pl.Series([said]).str.extract(regex, 0).drop_nulls()
            case (("contains" | "starts with"), str(literal)) if literal in said:
                yield literal
            case "contains any", tuple(literals):
                yield from (str(literal) for literal in literals if str(literal) in said)
