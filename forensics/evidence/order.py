"""Which of two things happened first: surely, possibly, or not."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from forensics.evidence.hits import Hit
from forensics.timeline import WHOLE_DAY

CERTAIN, POSSIBLE, IMPOSSIBLE = 2, 1, 0
UNBOUNDED = 1 << 62
NO_ZONE = 2 * int(WHOLE_DAY.total_seconds()) * 1_000_000  # µs: how much a row without a zone is wider
DISORDER = 5_000_000  # µs: lines of one section may be this much out of order, see `forensics.timeline.JUMP`


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
        slack = self._slack(a, b)
        if self.latest(a) + slack <= self.earliest(b):
            return CERTAIN
        if self.latest(b) + slack <= self.earliest(a):
            return IMPOSSIBLE
        return POSSIBLE

    def apart(self, a: Hit, b: Hit) -> tuple[int, int]:
        """Return the least and the greatest time from `a` to `b`, in microseconds; the greatest is not reached.

        Lines of one section that write no zone are all off by the same: what the zone widens them by does not count.
        """
        slack = self._slack(a, b)
        if a.place[:2] == b.place[:2] and a.place[1] >= 0 and min(self._width(a), self._width(b)) >= NO_ZONE:
            slack = -NO_ZONE
        return self.earliest(b) - self.latest(a) - slack, self.latest(b) - self.earliest(a) + slack

    def _width(self, hit: Hit) -> int:
        return 0 if hit.earliest is None or hit.latest is None else hit.latest - hit.earliest

    @property
    def slack(self) -> int:
        """The most that two clocks may disagree, in microseconds."""
        return 2 * max(self._errors.values(), default=0)

    def key(self, hit: Hit) -> tuple[int, int, tuple[str, int, int]]:
        """Return what sorts rows by time, ties by place."""
        return self.earliest(hit), self.latest(hit), hit.place

    def _slack(self, a: Hit, b: Hit) -> int:
        if a.clock == b.clock:
            return 0
        return self._errors.get(a.clock, 0) + self._errors.get(b.clock, 0)

    def span(self, hits: Sequence[Hit]) -> tuple[int, int]:
        """Return the earliest and the latest microsecond of rows."""
        return min(map(self.earliest, hits)), max(map(self.latest, hits))


class Index:
    """Occurrences by the time they begin, to look only at those near a moment."""

    def __init__(self, occurrences: Sequence[Occurrence], order: Order, slack: int) -> None:
        self._sorted = sorted(occurrences, key=lambda o: (order.key(o.start), order.key(o.end), o.sure))
        self._starts = [order.earliest(o.start) for o in self._sorted]
        widest = max((order.latest(o.end) - order.earliest(o.start) for o in self._sorted), default=0)
        self._margin = widest + slack + DISORDER

    def since(self, moment: int, until: int | None) -> Iterator[Occurrence]:
        """Yield, last first, every occurrence that may end at or after `moment`, and may begin before `until`."""
        low = bisect_left(self._starts, moment - self._margin)
        high = len(self._starts) if until is None else bisect_right(self._starts, until + self._margin)
        for position in range(high - 1, low - 1, -1):
            yield self._sorted[position]
