"""Gather rows of several sources, and account for every line they were read from."""

import re
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from parsers.k8s_secrets import MASK, masked
from parsers.parser import Artefact, Parsed, set_aside, unsaid
from parsers.schema import IGNORED, REJECT, SOURCES, empty

Row = dict[str, Any]

# What could not be read may be a Secret of which only the values are left
_VALUE = re.compile(r"""(?m)([:=]\s*["']?)[A-Za-z0-9+/_]{8,}={0,2}(?=["']?,?\s*$)""")


_MANY = 100  # rows; fewer take less memory than it takes time to hold their texts once
_REASONS = {"line": pl.UInt32(), "lines": pl.UInt32(), "reason": IGNORED["reason"]}
_WRITTEN = frozenset((str, type(None)))  # of equal ones all are the same text


def _shown(text: str) -> str:
    return _VALUE.sub(rf"\1{MASK}", masked(text))


@dataclass(slots=True)
class Rows:
    """What is read of an artefact, as it is read.

    Lines are given as indices into the artefact's frame and written as its physical line numbers.
    """

    artefact: Artefact
    rows: dict[str, list[Row]] = field(default_factory=dict)
    ignored: list[tuple[int, str]] = field(default_factory=list)
    rejects: list[tuple[int, int, str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, artefact: Artefact) -> "Rows":
        """Return no rows yet, of an artefact."""
        frame = artefact.frame
        lines = [text.rstrip("\r") for text in frame["text"].fill_null("").to_list()]
        return cls(artefact, numbers=frame["line"].to_list(), heights=frame["lines"].to_list(), lines=lines)

    def add(self, source: str, start: int, stop: int, row: Row) -> None:
        """Add a row that stands on the lines from index `start` to before `stop`."""
        self.rows.setdefault(source, []).append({**row, **self._place(start, stop)})

    def listed(self, source: str) -> None:
        """Note that this source was dumped, though it may have no rows."""
        self.rows.setdefault(source, [])

    def ignore(self, start: int, stop: int, reason: str) -> None:
        """Account for lines that hold nothing to read."""
        self.ignored += [(index, reason) for index in range(start, stop)]

    def reject(self, start: int, stop: int, reason: str) -> None:
        """Account for lines that should have been read and could not be."""
        self.rejects.append((start, stop, reason))

    def parsed(self) -> Parsed:
        """Return it all; lines nobody spoke for are structure, or blank."""
        free = [True] * len(self.lines)
        for rows in self.rows.values():
            for row in rows:
                start, stop = row.pop("_span")
                free[start:stop] = [False] * (stop - start)
        rejects = [self._reject(start, stop, reason, free) for start, stop, reason in self.rejects]
        reasons = [
            ("structure" if line.strip() else "blank") if left else None
            for line, left in zip(self.lines, free, strict=True)
        ]
        for index, reason in reversed(self.ignored):  # the first who spoke for a line is right
            if free[index]:
                reasons[index] = reason
        lines = pl.DataFrame({"line": self.numbers, "lines": self.heights, "reason": reasons}, schema=_REASONS)
        return Parsed(
            frames={source: self._frame(source, rows) for source, rows in self.rows.items()},
            ignored=set_aside(lines.drop_nulls(), pl.col("reason")),
            rejects=pl.DataFrame([row for each in rejects for row in each], schema=pl.Schema(REJECT)),
        )

    def _place(self, start: int, stop: int) -> Row:
        stop = min(max(stop, start + 1), len(self.lines))
        ends = (start, stop - 1)  # of an export that gave the newest first, the last stands above
        line = min(self.numbers[end] for end in ends)
        height = max(self.numbers[end] + self.heights[end] for end in ends) - line
        return {"line": line, "lines": height, "_span": (start, stop)}

    def _reject(self, start: int, stop: int, reason: str, free: list[bool]) -> list[Row]:
        made: list[Row] = []
        index = start
        while index < stop:
            if not free[index]:
                index += 1
                continue
            after = index
            while after < stop and free[after]:
                free[after] = False
                after += 1
            place = self._place(index, after)
            place.pop("_span")
            text = _shown("\n".join(self.lines[index : min(after, index + 20)])[:2000])
            made.append({"member": self.artefact.member, **place, "text": text, "reason": reason})
            index = after
        return made

    def _frame(self, source: str, rows: list[Row]) -> pl.DataFrame:
        if not rows:
            return empty(source)
        schema = SOURCES[source].schema
        for row in rows:
            row["member"] = self.artefact.member
        said = {name for row in rows for name, value in row.items() if value is not None}
        columns = [
            _column(name, [row.get(name) for row in rows], dtype) for name, dtype in schema.items() if name in said
        ]
        nothing = unsaid(source)  # most columns of most objects
        return pl.DataFrame(columns).select(name if name in said else nothing[name] for name in schema)


def _column(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    """Return a column; of many texts that repeat, each is held once for all its rows."""
    if dtype != pl.String or len(values) < _MANY or not {type(value) for value in values} <= _WRITTEN:
        return pl.Series(name, values, dtype=dtype, strict=False)
    places: dict[Any, int] = {}
    at = [places.setdefault(value, len(places)) for value in values]
    return pl.Series(name, list(places), dtype=dtype, strict=False).gather(pl.Series(at, dtype=pl.UInt32))
