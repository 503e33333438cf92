"""What finding rows and judging patterns cost: kept by `hits.find` and `matching.find_all` when they are given one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True, slots=True)
class Nominating:
    """The search of one source for the literals of all its pieces at once. CPU time in nanoseconds."""

    rows: int
    pieces: int
    cpu: int


@dataclass(frozen=True, slots=True)
class Deciding:
    """What one piece asked of the rows it was nominated.

    Attributes:
        rows: of its source.
        nominated: rows that hold one of its literals; all where it has none.
        fit: rows its condition holds for.
        undecided: nominated rows that a null left undecided.
        cpu: nanoseconds.
    """

    rows: int
    nominated: int
    fit: int
    undecided: int
    cpu: int


@dataclass(slots=True)
class Ledger:
    """The cost of one run.

    Attributes:
        clock: CPU time of this process so far, in nanoseconds.
        nominating: by source.
        deciding: by the key of the piece, `<layer>/<name>:<piece>`; a source that was not collected costs nothing.
        judging: joins, windows and coverage, by pattern; nanoseconds.
    """

    clock: Callable[[], int]
    nominating: dict[str, Nominating] = field(default_factory=dict)
    deciding: dict[str, Deciding] = field(default_factory=dict)
    judging: dict[str, int] = field(default_factory=dict)

    def searched(self, source: str, frame: pl.DataFrame, nominated: Mapping[str, pl.Series], since: int) -> None:
        """Note a search for literals that began at `since`."""
        before = self.nominating.get(source, Nominating(0, 0, 0))
        self.nominating[source] = Nominating(
            frame.height, before.pieces + len(nominated), before.cpu + self.clock() - since
        )

    def decided(self, key: str, rows: int, nominated: int, fit: int, undecided: int, since: int) -> None:
        """Note what a piece found among its nominated rows since `since`."""
        self.deciding[key] = Deciding(rows, nominated, fit, undecided, self.clock() - since)

    def judged(self, pattern: str, since: int) -> None:
        """Note that a pattern was judged since `since`."""
        self.judging[pattern] = self.clock() - since

    def of(self, pattern: str) -> int:
        """Return what a pattern costs by itself, in nanoseconds: without the search all patterns share."""
        own = sum(piece.cpu for key, piece in self.deciding.items() if key.partition(":")[0] == pattern)
        return own + self.judging.get(pattern, 0)
