"""The physical lines of a member, packed away: few of them are ever quoted."""

from dataclasses import dataclass
from functools import lru_cache

import polars as pl
import zstandard

from parsers.giants import joined

CHUNK = 4096  # lines packed together: as many are unpacked for one that is quoted
FAST = -3  # a level that costs less than masking the lines, and leaves a quarter of them


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that are rarely looked at.

    Attributes:
        packed: `CHUNK` lines each, with a line feed between them, as UTF-8, compressed.
        height: how many lines there are.
    """

    packed: tuple[bytes, ...] = ()
    height: int = 0

    @classmethod
    def of(cls, lines: pl.Series) -> "Lines":
        """Pack lines; a null is an empty one."""
        frames = lines.to_frame("text").iter_slices(CHUNK)
        whole = (joined(frame["text"]) for frame in frames if len(frame))
        # The compressor's own bytes keep the room for the worst case behind them; a copy takes what it needs.
        return cls(tuple(bytes(memoryview(zstandard.compress(text, FAST))) for text in whole), len(lines))

    def __len__(self) -> int:
        """How many lines there are."""
        return self.height

    def between(self, begin: int, end: int) -> list[str]:
        """Return the lines from `begin`, counted from 0, up to and without `end`."""
        begin, end = max(0, begin), min(end, self.height)
        if begin >= end:
            return []
        first = begin // CHUNK
        some = [line for packed in self.packed[first : (end - 1) // CHUNK + 1] for line in _unpacked(packed)]
        return some[begin - first * CHUNK : end - first * CHUNK]

    def texts(self) -> list[str]:
        """Return all lines, in order."""
        return self.between(0, self.height)


@lru_cache(maxsize=32)
def _unpacked(packed: bytes) -> list[str]:
    return zstandard.decompress(packed).decode().split("\n")
