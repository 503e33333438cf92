"""Quote lines of the bundle: masked, with their place and their neighbours."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import polars as pl

from forensics.ingest import Intake
from forensics.intake.masking import mask
from forensics.intake.rows import parsed, sequence
from forensics.intake.telling import words
from parsers.schema import SOURCES
from patterns.terms import Condition

NEIGHBOURS = 2  # lines before and after
MOST_LINES = 40  # of one citation: a fact that spans more is quoted by its first ones
MOST_OF_A_RECORD = 120  # ... a record of a log by more of them, as a traceback says last what went wrong
MOST_CHARS = 1500  # of one line: a dump on one line is quoted around the thing's name
BEFORE = 200  # characters in front of the name
NOTHING_SAYS = 1 << 60  # µs, beyond any calendar: a bound that is none, of a bundle that bears no times
ESCAPED = re.compile(r'["\\\n\t]')
LONG = 2_000_000  # a line longer than this is masked only where it is quoted


def iso(microseconds: int | None) -> str | None:
    """Return a time as the document writes it; null where nothing dates it."""
    if microseconds is None or not 0 < microseconds < NOTHING_SAYS:
        return None
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    rest = microseconds % 1_000_000
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{rest:06d}Z" if rest else "Z")


def _findable(words: str) -> str:
    """Return the beginning of `words` as an export that is one long line holds them: up to what it escapes."""
    if words.startswith('"'):
        return words
    return ESCAPED.split(words, maxsplit=1)[0][:80]


@lru_cache(maxsize=4)
def _masked(line: str) -> str:
    """Return a long line without secrets: an export on one line is quoted a hundred times."""
    return mask(line)


class Quotes:
    """Makes citations of rows."""

    def __init__(self, intake: Intake, frames: Mapping[str, pl.DataFrame]) -> None:
        self._lines = {read.member: read.lines for read in intake.reads}
        self._frames = frames
        self._made: dict[tuple[str, int, bool], dict[str, Any]] = {}

    def cite(self, row: tuple[str, int], context: bool = True) -> dict[str, Any] | None:
        """Return the citation of (source, row); None for a row that stands nowhere."""
        key = (*row, context)
        if key not in self._made:
            made = self._cite(row, context)
            if made is None:
                return None
            self._made[key] = made
        return self._made[key]

    def cites(
        self, rows: Iterable[tuple[str, int]], context: bool = True, where: Condition | None = None
    ) -> list[dict[str, Any]]:
        """Return the citations of rows, each place once, in their order.

        Args:
            rows: (source, row) each.
            context: whether with their neighbours.
            where: what is looked for in them: of a long one, `tells` says which words are meant.
        """
        found: dict[tuple[str, int, int], dict[str, Any]] = {}
        for row in rows:
            cite = self.cite(row, context)
            if cite is None or (place := (cite["member"], *cite["lines"])) in found:
                continue
            told = words(where, self.row(row) or {}, cite["text"]) if where is not None else None
            found[place] = cite if told is None else cite | {"tells": told}
        return list(found.values())

    def behind(self, rows: Iterable[tuple[str, int]], links: Collection[str]) -> list[tuple[str, int]]:
        """Return the rows on which some links of derived states rest."""
        states = [self.row(row) for row in rows if row[0].startswith("state.") and links]
        words = [word for state in states if state for word in sequence(parsed(state["raw"]))]
        return list(dict.fromkeys((word["source"], word["row"]) for word in words if word.get("link") in links))

    def row(self, row: tuple[str, int]) -> dict[str, Any] | None:
        """Return the row itself."""
        frame = self._frames.get(row[0])
        if frame is None or row[1] >= frame.height:
            return None
        return frame.row(row[1], named=True)

    def _cite(self, row: tuple[str, int], context: bool) -> dict[str, Any] | None:
        source, _ = row
        values = self.row(row)
        if values is None or values.get("member") is None or values.get("line") is None:
            return None
        member, first = str(values["member"]), int(values["line"])
        last = first + max(1, int(values.get("lines") or 1)) - 1
        most = MOST_OF_A_RECORD if source.startswith("log.") else MOST_LINES
        near = str(values.get("message") or "") if source.startswith("log.") else f'"{values.get("name") or ""}"'
        cite = self.place(member, first, last, near, most)
        if cite is None:
            return None
        timed = source in SOURCES and SOURCES[source].timed
        time = values.get("earliest") if timed and values.get("time") is not None else values.get("at")
        cite["source"] = source
        cite["time"] = iso(int(time.timestamp() * 1_000_000)) if isinstance(time, datetime) else None
        if context and source.startswith("log."):
            cite["context"] = self._neighbours(member, first, last)
        return cite

    def place(
        self, member: str, first: int, last: int, near: str = "", most: int = MOST_LINES
    ) -> dict[str, Any] | None:
        """Return the citation of at most so many lines of a member, without source and time."""
        lines = self._lines.get(member)
        if lines is None or first < 1 or first > len(lines):
            return None
        last = min(last, first + most - 1, len(lines))
        text = "\n".join(self._quoted(line, near) for line in lines.between(first - 1, last))
        return {"member": member, "lines": [first, last], "text": mask(text)}

    def _quoted(self, line: str, near: str) -> str:
        if len(line) <= MOST_CHARS:
            return line
        if len(line) <= LONG:
            line = _masked(line)
        start = max(0, line.find(_findable(near)) - BEFORE) if near.strip('"') else 0
        return line[start : start + MOST_CHARS]

    def _neighbours(self, member: str, first: int, last: int) -> dict[str, list[str]]:
        lines = self._lines[member]
        return {
            "before": [mask(line[:MOST_CHARS]) for line in lines.between(first - 1 - NEIGHBOURS, first - 1)],
            "after": [mask(line[:MOST_CHARS]) for line in lines.between(last, last + NEIGHBOURS)],
        }
