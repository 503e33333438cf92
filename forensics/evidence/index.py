"""Occurrences by where they stand: what comes before a row, after it, beside it, without asking of every pair.

Within one *group* - one section of a file, one clock, zone written or not - the orders of lines, of earliest and of
latest moments bound each answer, so that the exact question is asked of very few.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from itertools import accumulate, islice

from forensics.evidence.hits import Hit
from forensics.evidence.order import CERTAIN, IMPOSSIBLE, NO_ZONE, POSSIBLE, Occurrence, Order, us

Side = tuple[tuple[str, int] | None, str, bool]  # section if its lines are in order, clock, zoneless


def _side(order: Order, hit: Hit) -> Side:
    return hit.place[:2] if hit.place[1] >= 0 else None, hit.clock, order.zoneless(hit)


class _Below:
    """The last place of those whose measure lies below a bound."""

    def __init__(self, measures: Iterable[int]) -> None:
        pairs = sorted((measure, place) for place, measure in enumerate(measures))
        self._measures = [measure for measure, _ in pairs]
        self._last = list(accumulate((place for _, place in pairs), max))

    def last(self, bound: int, *, equal: bool = False) -> int:
        """Return the last place below `bound`, or at it; -1 if there is none."""
        number = (bisect_right if equal else bisect_left)(self._measures, bound)
        return self._last[number - 1] if number else -1


class _Ends:
    """One side, start or end, of the occurrences of a group; a place is one's number in the group."""

    def __init__(self, order: Order, hits: Sequence[Hit]) -> None:
        self._order = order
        self._hits = hits

    @cached_property
    def _lines(self) -> _Below:
        return _Below(hit.place[2] for hit in self._hits)

    @cached_property
    def _earliest(self) -> _Below:
        return _Below(map(self._order.earliest, self._hits))

    @cached_property
    def _latest(self) -> _Below:
        return _Below(map(self._order.latest, self._hits))

    def last(self, b: Hit, wanted: int) -> int:
        """Return the last place that lies before b: surely, if CERTAIN is wanted, else possibly; -1 if none does."""
        one = self._hits[0]
        if one.place[1] >= 0 and one.place[:2] == b.place[:2]:
            return self._lines.last(b.place[2])
        slack = self._order.slack(one, b)
        if wanted == CERTAIN:
            return self._latest.last(self._order.earliest(b) - slack, equal=True)
        return self._earliest.last(self._order.latest(b) + slack)


class _Past:
    """A group of occurrences, all of which begin in one section and end in one."""

    def __init__(self, order: Order, occurrences: Sequence[Occurrence]) -> None:
        self._order = order
        self._occurrences = occurrences
        self._earliest = [order.earliest(o.start) for o in occurrences]
        self._widest = max(order.latest(o.start) - order.earliest(o.start) for o in occurrences)
        self._sides = [_Ends(order, [o.start for o in occurrences])]
        if any(o.start is not o.end for o in occurrences):
            self._sides.append(_Ends(order, [o.end for o in occurrences]))

    def last(self, b: Hit, length: timedelta | None, wanted: int) -> Occurrence | None:
        """Return the last occurrence that lies before b and in its window, as surely as is wanted."""
        top = min(side.last(b, wanted) for side in self._sides)
        bottom = 0 if length is None else self._bottom(b, us(length), wanted)
        for place in range(top, bottom - 1, -1):
            if self._fits(self._occurrences[place], b, length) >= wanted:
                return self._occurrences[place]
        return None

    def _bottom(self, b: Hit, length: int, wanted: int) -> int:
        """Return the first place that may begin less than `length` before b."""
        order, start = self._order, self._occurrences[0].start
        slack = order.slack(start, b)
        if wanted == CERTAIN:
            if start.place[1] < 0 or start.place[:2] == b.place[:2]:
                return bisect_right(self._earliest, order.earliest(b) - length)
            return bisect_left(self._earliest, order.latest(b) + slack - length)
        if start.place[:2] == b.place[:2] and start.place[1] >= 0 and order.zoneless(start) and order.zoneless(b):
            slack = -NO_ZONE
        return bisect_right(self._earliest, order.earliest(b) - length - slack - self._widest)

    def _fits(self, a: Occurrence, b: Hit, length: timedelta | None) -> int:
        found = min(self._order.before(a.end, b), self._order.within(a.start, b, length))
        if found != IMPOSSIBLE and a.start is not a.end:  # all of it lies before b, not its end alone
            found = min(found, self._order.before(a.start, b))
        return found


class Past:
    """Occurrences, to find the last one before a row."""

    def __init__(self, occurrences: Iterable[Occurrence], order: Order) -> None:
        """Put them in groups.

        Args:
            occurrences: any number of them.
            order: of rows.
        """
        self._order = order
        groups: dict[tuple[Side, Side], list[Occurrence]] = defaultdict(list)
        for o in sorted(occurrences, key=self._key):
            groups[_side(order, o.start), _side(order, o.end)].append(o)
        self._groups = [_Past(order, some) for some in groups.values()]

    def _key(self, o: Occurrence) -> tuple[object, object, bool]:
        return self._order.key(o.start), self._order.key(o.end), o.sure

    def last_before(self, b: Hit, length: timedelta | None) -> tuple[Occurrence | None, bool]:
        """Return the last occurrence before b, in the window, a sure one if any is; and whether it is sure."""
        for wanted in (CERTAIN, POSSIBLE):
            found = [a for group in self._groups if (a := group.last(b, length, wanted)) is not None]
            if found:
                return max(found, key=self._key), wanted == CERTAIN
        return None, False


class _Future:
    """A group of occurrences that begin in one section, by when they may begin."""

    def __init__(self, order: Order, occurrences: Sequence[Occurrence]) -> None:
        self._order = order
        self.occurrences = occurrences
        self.keys = [order.key(o.start) for o in occurrences]
        self._earliest = [key[0] for key in self.keys]
        widths = [key[1] - key[0] for key in self.keys]
        self._narrowest, self._widest = min(widths), max(widths)

    @cached_property
    def _by_line(self) -> tuple[list[int], list[int]]:
        """Lines in order, and the place of what may begin first at or after each."""
        pairs = sorted((o.start.place[2], place) for place, o in enumerate(self.occurrences))
        first = list(accumulate((place for _, place in reversed(pairs)), min))
        return [line for line, _ in pairs], first[::-1]

    @cached_property
    def _soonest(self) -> list[int]:
        """By place: the place, from there on, of what is over first."""

        def sooner(one: int, other: int) -> int:
            return min(one, other, key=self._latest)

        return list(accumulate(reversed(range(len(self.keys))), sooner))[::-1]

    @cached_property
    def _longest(self) -> list[int]:
        """By place: the place, up to there, of what is over last."""

        def longer(one: int, other: int) -> int:
            return max(one, other, key=self._latest)

        return list(accumulate(range(len(self.keys)), longer))

    def _latest(self, place: int) -> int:
        """Return when what stands at a place is over."""
        return self.keys[place][1]

    def after(self, a: Hit, length: timedelta | None) -> Iterator[Occurrence]:
        """Yield what decides whether any comes after a, in the window: whatever is left out adds nothing."""
        order, start = self._order, self.occurrences[0].start
        if start.place[1] >= 0 and start.place[:2] == a.place[:2]:
            lines, first = self._by_line
            number = bisect_right(lines, a.place[2])
            if number < len(lines):
                yield self.occurrences[first[number]]
            return
        slack = order.slack(a, start)
        surely = bisect_left(self._earliest, order.latest(a) + slack)
        if surely < len(self.keys):
            yield self.occurrences[self._soonest[surely]]
        end = len(self.keys)
        if length is not None:
            end = bisect_left(self._earliest, order.latest(a) + slack + us(length))
        if not end:
            return
        longest = self.occurrences[self._longest[end - 1]]
        yield longest
        if (longest.start.source, longest.start.row) == (a.source, a.row):  # a itself, which is not after a
            begin = bisect_right(self._earliest, order.earliest(a) - slack - self._widest)
            fits = (
                b
                for b in reversed(self.occurrences[begin:end])
                if min(order.before(a, b.start), order.within(a, b.start, length)) != IMPOSSIBLE
            )
            yield from islice(fits, 1)

    def beside(self, o: Hit, place: int, length: timedelta, wanted: int) -> Occurrence | None:
        """Return the first one from `place` on that lies in one window with o, as surely as is wanted."""
        start = self.occurrences[0].start
        end = place + 1  # where the first one cannot be in the window, none can
        if wanted == CERTAIN and not (start.place[1] >= 0 and start.place[:2] == o.place[:2]):
            if self._order.latest(o) - self._order.earliest(o) > us(length):
                return None
            reach = self._order.earliest(o) + us(length) - self._order.slack(o, start)
            end = bisect_right(self._earliest, reach - self._narrowest)
        for number in range(place, min(end, len(self.keys))):
            if self._order.beside(o, self.occurrences[number].start, length) >= wanted:
                return self.occurrences[number]
        return None


class Future:
    """Occurrences, to find what comes after a row or beside it."""

    def __init__(self, occurrences: Iterable[Occurrence], order: Order) -> None:
        """Put them in groups.

        Args:
            occurrences: any number of them, by time of their ends.
            order: of rows.
        """
        self._order = order
        groups: dict[Side, list[Occurrence]] = defaultdict(list)
        self._rows: Mapping[tuple[str, int], list[Occurrence]] = defaultdict(list)
        for o in sorted(occurrences, key=lambda o: order.key(o.start)):
            groups[_side(order, o.start)].append(o)
            if o.start.place[1] < 0:
                self._rows[o.start.place[:2]].append(o)
        self._groups = [_Future(order, some) for some in groups.values()]

    def comes(self, a: Hit, length: timedelta | None) -> int:
        """Return whether something comes after a, in the window: CERTAIN, POSSIBLE or IMPOSSIBLE."""
        best = IMPOSSIBLE
        for b in self._after(a, length):
            best = max(best, min(self._order.before(a, b.start), self._order.within(a, b.start, length)))
            if best == CERTAIN:
                break
        return best

    def _after(self, a: Hit, length: timedelta | None) -> Iterator[Occurrence]:
        yield from self._rows.get(a.place[:2], ())  # an Event's two moments are as far apart as it says
        for group in self._groups:
            yield from group.after(a, length)

    def beside(self, o: Hit, length: timedelta, wanted: int, *, ties: bool) -> Occurrence | None:
        """Return the first one no earlier than o that lies in one window with it, as surely as is wanted.

        Args:
            o: the row the window begins with.
            length: of the window.
            wanted: CERTAIN or POSSIBLE.
            ties: whether the same row counts as later.
        """
        key = self._order.key(o)
        found = [
            b
            for group in self._groups
            if (b := group.beside(o, (bisect_left if ties else bisect_right)(group.keys, key), length, wanted))
        ]
        same = (
            b
            for b in self._rows.get(o.place[:2], ())
            if (self._order.key(b.start) > key or (ties and self._order.key(b.start) == key))
            and self._order.beside(o, b.start, length) >= wanted
        )
        found.extend(islice(same, 1))
        return min(found, key=lambda b: self._order.key(b.start), default=None)
