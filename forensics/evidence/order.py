"""Which of two things happened first: surely, possibly, or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, lru_cache

from forensics.evidence.hits import Hit
from forensics.timeline import WHOLE_DAY

CERTAIN, POSSIBLE, IMPOSSIBLE = 2, 1, 0
UNBOUNDED = 1 << 62
NO_ZONE = 2 * int(WHOLE_DAY.total_seconds()) * 1_000_000  # µs: how much a row without a zone is wider


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened: a row, or several that belong together. Half-open microseconds.

    Attributes:
        start: the row it begins with.
        end: the row it ends with; the same for a single row.
        rows: every row it rests on.
        sure: whether the orders it rests on are certain.
    """

    start: Hit
    end: Hit
    rows: tuple[Hit, ...]
    sure: bool = True


@lru_cache(maxsize=256)
def us(length: timedelta) -> int:
    """Return a length in microseconds."""
    return length // timedelta(microseconds=1)


def moments(hit: Hit) -> tuple[Occurrence, ...]:
    """Return the occurrence that is one row; two for an Event that came again: at its first time and at its last."""
    last = Occurrence(hit, hit, (hit,))
    if hit.began is None or hit.earliest is None or hit.began >= hit.earliest:
        return (last,)
    first = replace(hit, earliest=hit.began, latest=hit.began + (hit.latest or hit.earliest) - hit.earliest)
    return Occurrence(first, first, (hit,)), last


class Order:
    """Order of rows, given how wrong each clock may be."""

    def __init__(self, errors: Mapping[str, int], period: tuple[int, int] | None) -> None:
        self._errors = errors
        self._period = period or (0, UNBOUNDED)

    def earliest(self, hit: Hit) -> int:
        """Return the row's earliest microsecond; the period's where nothing bounds it."""
        return hit.earliest if hit.earliest is not None else self._period[0]

    def latest(self, hit: Hit) -> int:
        """Return the first microsecond by which the row surely had happened."""
        return hit.latest if hit.latest is not None else self._period[1]

    def before(self, a: Hit, b: Hit) -> int:
        """Whether `a` happened before `b`: CERTAIN, POSSIBLE or IMPOSSIBLE.

        Within one section of a file the order of lines is certain; a row is not before itself.
        """
        if a.place[:2] == b.place[:2] and a.place[1] >= 0:
            return CERTAIN if a.place[2] < b.place[2] else IMPOSSIBLE
        if (a.source, a.row, a.earliest) == (b.source, b.row, b.earliest):
            return IMPOSSIBLE
        slack = self.slack(a, b)
        if self.latest(a) + slack <= self.earliest(b):
            return CERTAIN
        if self.latest(b) + slack <= self.earliest(a):
            return IMPOSSIBLE
        return POSSIBLE

    def apart(self, a: Hit, b: Hit) -> tuple[int, int]:
        """Return the least and the greatest time from `a` to `b`, in microseconds; the greatest is not reached.

        Lines of one section that write no zone are all off by the same: what the zone widens them by does not count.
        """
        slack = self.slack(a, b)
        if a.place[:2] == b.place[:2] and a.place[1] >= 0 and self.zoneless(a) and self.zoneless(b):
            slack = -NO_ZONE
        return self.earliest(b) - self.latest(a) - slack, self.latest(b) - self.earliest(a) + slack

    def within(self, a: Hit, b: Hit, length: timedelta | None) -> int:
        """Whether b begins less than `length` after a: CERTAIN, POSSIBLE or IMPOSSIBLE."""
        if length is None:
            return CERTAIN
        least, most = self.apart(a, b)
        if most <= us(length) or (a.place[:2] == b.place[:2] and self.earliest(b) - self.earliest(a) < us(length)):
            return CERTAIN
        return POSSIBLE if least < us(length) else IMPOSSIBLE

    def beside(self, a: Hit, b: Hit, length: timedelta) -> int:
        """Whether b, which begins no earlier than a may, lies in one window with a, whichever of the two came first."""
        found = self.within(a, b, length)
        if found == CERTAIN and a.place[:2] != b.place[:2] and self.latest(a) - self.earliest(a) > us(length):
            return POSSIBLE
        return found

    @staticmethod
    def zoneless(hit: Hit) -> bool:
        """Whether nothing says in which zone its time was written."""
        return hit.earliest is not None and hit.latest is not None and hit.latest - hit.earliest >= NO_ZONE

    def key(self, hit: Hit) -> tuple[int, int, tuple[str, int, int]]:
        """Return what sorts rows by time, ties by place."""
        return self.earliest(hit), self.latest(hit), hit.place

    @cached_property
    def greatest_slack(self) -> int:
        """The most that two clocks may disagree, in microseconds."""
        return 2 * max(self._errors.values(), default=0)

    def slack(self, a: Hit, b: Hit) -> int:
        """How much the clocks of two rows may disagree, in microseconds."""
        if a.clock == b.clock:
            return 0
        return self._errors.get(a.clock, 0) + self._errors.get(b.clock, 0)

    def span(self, hits: Sequence[Hit]) -> tuple[int, int]:
        """Return the earliest and the latest microsecond of rows."""
        return min(map(self.earliest, hits)), max(map(self.latest, hits))
