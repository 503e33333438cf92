"""Read a bundle that does not fit into memory: of a log, only the records that tell something keep their words.

A record tells something where it is a warning or worse, opens its log, or holds a word that a pattern or the analysis
itself looks for. All others keep their times and columns, and lose `text`, `message` and `fields`; their lines stay,
packed, and can be quoted. The answer is the same: a condition is asked of a record before its words go.
"""

import contextlib
import ctypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from forensics.installation.lastwords import WAITS
from forensics.installation.outsiders import TOLD_BY
from forensics.installation.placement import HOME, RECEIVED, SAYINGS
from forensics.installation.relevance import ENVOYS, OF_SELDON
from forensics.installation.serverstate import CAPABILITIES
from forensics.installation.sightings import DIALLED, HEARD, LOST, UPDATED
from forensics.intake.duplicates import RECORD
from forensics.intake.years import yearless_records
from forensics.topology import TOPICS
from parsers.schema import SOURCES, WORDS
from patterns.language import bindings, compile_where, in_words
from patterns.literals import condition_literals
from patterns.pattern import Library

OPENING = 50  # records of a log that may tell where it is from, and whether its head was cut
BASE = 250 << 20  # bytes that the tool takes without any text
AT_ONCE = 2  # how many times over a frame is held while it is worked on
LESS = (
    "the records do not all fit into the memory that may be used (--memory): those that tell nothing were kept without "
    "their words; the answer is the same, and their lines can be quoted"
)
_SHARED = frozenset(("member", "namespace", "pod", "container", "node", "component"))  # one text for many rows
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-"  # of a request, as Envoy makes them


def room(memory: float | None = None) -> int:
    """Return how many bytes of records fit, if the tool may take `memory` bytes; a quarter of the machine's if None."""
    return max(0, int(memory if memory is not None else machine() // 4) - BASE) // AT_ONCE


def machine() -> int:
    """Return how many bytes of memory this process can have: the machine's, or the container's if that is less."""
    try:
        most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # Windows
        most = 16 << 30
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            most = min(most, int(Path(limit).read_text()))
        except (OSError, ValueError):
            continue
    return most


def give_back() -> None:
    """Have the C library return large blocks to the machine as soon as they are free.

    glibc raises the size from which it does so with every such block, up to 32 MiB, and each thread has a heap of its
    own: what was the bytes of a member stays with the process as a hole. Elsewhere nothing is done.

    Source: mallopt(3), M_MMAP_THRESHOLD and M_ARENA_MAX.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # not glibc; Windows
        tune = ctypes.CDLL(None).mallopt
        tune(-3, 4 << 20)
        tune(-8, 2)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked for in the records of one source.

    Attributes:
        literals: a record that holds one of them may fit a pattern.
        regex: what the analysis itself looks for; None for nothing.
        conditions: of the pieces for which no literal is known; and whether they take names from the words.
    """

    literals: list[str]
    regex: str | None
    conditions: list[tuple[pl.Expr, bool]]


class Lean:
    """What is kept of the logs of a bundle that is larger than `room` bytes of records."""

    def __init__(self, library: Library | None, room: int) -> None:
        self.room = room
        self._library = library
        self._known: dict[str, _Asked] = {}

    def thinned(self, source: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the records of one member, without the words of those that tell nothing; other sources as they are.

        The column `RECORD` is added to a log: the hash of time and text.
        """
        if not source.startswith("log."):
            return frame
        if not frame.height:
            return frame.with_columns(pl.lit(0, pl.UInt64).alias(RECORD))
        if source not in self._known:  # few bundles are ever that large
            self._known[source] = _asked(source, self._library)
        asked = self._known[source]
        text = pl.col("text")
        telling = pl.col("level").is_in(["warning", "error", "fatal"])
        telling |= pl.int_range(pl.len()).over("member", "pod", "container") < OPENING
        telling |= yearless_records()
        if asked.literals:
            telling |= text.str.contains_any(asked.literals)
        if asked.regex:
            telling |= text.str.contains(asked.regex)
        if mark := OF_SELDON if source in ENVOYS else TOLD_BY.get(source):
            named = text.str.contains(mark)
            telling |= named & (named.cum_sum().over("member") == 1)
        frame = frame.with_columns(telling.fill_null(False).alias("\0kept"))
        bare = frame.with_columns(pl.when(pl.col(c).is_null()).then(c).otherwise(pl.lit("")).alias(c) for c in WORDS)
        for condition, names in asked.conditions:
            fits, still = (some.with_columns(fits=condition)["fits"] for some in (frame, bare))
            needed = ~fits.eq_missing(still) | (fits.fill_null(True) if names else False)
            frame = frame.with_columns(pl.col("\0kept") | needed)
        return frame.select(
            *(_own(frame[c], bare[c], frame["\0kept"]) for c in SOURCES[source].columns),
            pl.struct("time", "text").hash().alias(RECORD),
        )


def _own(column: pl.Series, bare: pl.Series, kept: pl.Series) -> pl.Series:
    """Return a column of a thinned frame, in memory of its own: a filtered text holds on to all of the others."""
    if column.name in WORDS:
        column = column.zip_with(kept, bare)
    if column.dtype != pl.String or column.name in _SHARED:
        return column
    return (column + "").rename(column.name)  # written anew


def _asked(source: str, library: Library | None) -> _Asked:
    literals = {saying.literal for saying in SAYINGS.get(source, ("", ()))[1]}
    conditions: list[tuple[pl.Expr, bool]] = []
    for pattern in library.patterns.values() if library is not None else ():
        for piece in pattern.evidence.values():
            if piece.source != source:
                continue
            if some := condition_literals(piece.where):
                literals.update(some)
                continue
            condition = compile_where(piece.where, source)
            names = any(in_words(name) for name in bindings(piece.where, piece.bind, source).values())
            if names or in_words(condition):
                conditions.append((condition, names))
    regexes = [DIALLED, *_OWN.get(source, ()), *(x for x in HOME.get(source, ()) if x)]
    if source in HEARD:
        regexes.append(_ID)
    return _Asked(sorted(literals), "|".join(f"(?:{regex})" for regex in regexes), conditions)


_OWN: Mapping[str, tuple[str, ...]] = {
    "log.controller": (RECEIVED,),
    "log.scheduler": (WAITS, TOPICS, *(words for source, _, words in UPDATED if source == "log.scheduler")),
    "log.agent": (CAPABILITIES, LOST),
    "log.envoy": tuple(words for source, _, words in UPDATED if source == "log.envoy"),
}
