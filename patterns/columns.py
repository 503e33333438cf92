"""The columns a pattern may name, source by source, and what may be asked of each."""

import difflib
from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from parsers.schema import LEVEL, NAMES, SOURCES, TIME, Columns
from patterns.pattern import SEVERITIES
from patterns.terms import Column

FINDING = "finding."  # what stands before a pattern's id where its finding is the source
INSIDE = ("fields", "raw")  # columns that hold JSON: a path may go on into them
SEVERITY = pl.Enum(SEVERITIES)  # rises from info to critical
AT_END = pl.Enum(("ongoing", "ended", "unknown"))

FINDINGS: Columns = {
    **dict.fromkeys(NAMES, pl.String()),
    "first": TIME,
    "last": TIME,
    "count": pl.Int64(),
    "severity": SEVERITY,
    "at_end": AT_END,
}


def columns_of(source: str) -> Columns | None:
    """Return the columns of a source, findings included; None if there is no such source."""
    if source.startswith(FINDING):
        return FINDINGS
    known = SOURCES.get(source)
    return known.columns if known else None


@lru_cache(maxsize=4096)
def dtype_of(column: Column, source: str) -> pl.DataType | None:
    """Return the dtype of a column of `source`, String for a place inside JSON; None if there is no such column."""
    columns = columns_of(source) or {}
    name, *inside = column.path
    if inside and name not in INSIDE:
        return None
    return columns.get(name)


def kind_of(column: Column, source: str) -> str:
    """Return what sort of value the column holds.

    One of text, number, truth, length, time, level (an Enum with an order), word (one without), and any: a place
    inside JSON, compared as a number with numbers and as text with text.
    """
    dtype = dtype_of(column, source)
    if len(column.path) > 1:
        return "any"
    if isinstance(dtype, pl.Enum):
        return "level" if dtype in (LEVEL, SEVERITY) else "word"
    if isinstance(dtype, pl.Boolean):
        return "truth"
    if isinstance(dtype, pl.Duration):
        return "length"
    if isinstance(dtype, pl.Datetime):
        return "time"
    return "number" if dtype is not None and dtype.is_numeric() else "text"


def unknown_column(column: Column, source: str) -> str | None:
    """Return why `column` cannot be asked of `source`, naming the nearest that can; None if it can."""
    if dtype_of(column, source) is not None:
        return None
    columns = columns_of(source) or {}
    name, *inside = column.path
    if inside and name in columns:
        return f"`{name}` has nothing inside; only {' and '.join(x for x in INSIDE if x in columns) or 'JSON'} has"
    return f"{source} has no column `{name}`{nearest(name, columns)}"


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean ...?` for the name most like `name`, or nothing if none is like it."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean `{found[0]}`?" if found else ""
