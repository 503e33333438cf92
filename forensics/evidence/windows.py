"""What comes together in one window, what comes often, what lasts."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from forensics.evidence.index import Future
from forensics.evidence.order import CERTAIN, NO_ZONE, POSSIBLE, Occurrence, Order, us

Occurrences = tuple[Occurrence, ...]


def lasting(order: Order, occurrences: Occurrences, length: timedelta) -> Occurrences:
    """Return the occurrences if they span at least `length`, unsure ones if they may; none if they do not."""
    hits = [hit for o in occurrences for hit in (o.start, o.end)]
    least = max(map(order.earliest, hits)) - min(map(order.latest, hits))
    most = max(map(order.latest, hits)) - min(map(order.earliest, hits))
    if len({hit.place[:2] for hit in hits}) == 1:
        least = max(map(order.earliest, hits)) - min(map(order.earliest, hits))
        if all(map(order.zoneless, hits)):  # all off by the same
            most -= NO_ZONE
    if least >= us(length):
        return occurrences
    return unsure(occurrences) if most > us(length) else ()


def often(
    order: Order, occurrences: Occurrences, count: int, length: timedelta | None, distinct: str | None
) -> Occurrences:
    """Return the occurrences if a window holds `count` of them, unsure ones if one may; none if none does.

    Args:
        order: of rows.
        occurrences: to count.
        count: how many it takes.
        length: of the window; None: no window.
        distinct: the name whose values are counted; None: rows, an Event as often as its count says.
    """
    ordered = sorted(occurrences, key=lambda o: order.key(o.start))
    if length is None:
        return occurrences if _number(ordered, distinct) >= count else ()
    span = us(length)
    starts, ends = ([at(o.start) for o in ordered] for at in (order.earliest, order.latest))
    sections, clocks = [o.start.place[:2] for o in ordered], [o.start.clock for o in ordered]
    # Lines of one section without a zone are all off by the same, which does not bring them nearer to each other.
    alike = [
        place if place[1] >= 0 and order.zoneless(o.start) else None for place, o in zip(sections, ordered, strict=True)
    ]
    surely, possibly = _Most(ordered, distinct), _Most(ordered, distinct)
    reach = starts[0]
    held = False
    # What cannot lie in a window is passed over by its bounds: the exact question is far dearer.
    for number, o in enumerate(ordered):
        until, place = starts[number] + span, sections[number]
        last = bisect_left(starts, until)
        if surely.of(number, last) >= count:
            inside = [ordered[n] for n in range(number, last) if ends[n] <= until or sections[n] == place]
            if _holds(order, o, inside, count, length, distinct, CERTAIN):
                return occurrences
        if not held:
            reach = max(reach, ends[number] + span + order.greatest_slack)
            last = bisect_left(starts, reach)
            if possibly.of(number, last) >= count:
                near, own = ends[number] + span, alike[number]
                inside = [
                    ordered[n]
                    for n in range(number, last)
                    if clocks[n] != o.start.clock
                    or starts[n] < (near if own is None or alike[n] != own else near - NO_ZONE)
                ]
                held = _holds(order, o, inside, count, length, distinct, POSSIBLE)
    return unsure(occurrences) if held else ()


class _Most:
    """How many occurrences a window holds at most; windows may only move on."""

    def __init__(self, ordered: Sequence[Occurrence], distinct: str | None) -> None:
        self._values = [o.start.weight if distinct is None else o.start.names.get(distinct) for o in ordered]
        self._begin = self._end = 0
        self._sum = 0
        self._seen: Counter[str] = Counter()

    def of(self, begin: int, end: int) -> int:
        """Return the number from place `begin` to before `end`, or more."""
        for value in self._values[self._end : end]:
            self._add(value, 1)
        for value in self._values[self._begin : begin]:
            self._add(value, -1)
        self._begin, self._end = begin, max(end, self._end)
        return self._sum

    def _add(self, value: int | str | None, sign: int) -> None:
        if isinstance(value, int):
            self._sum += sign * value
        elif value is not None:
            self._seen[value] += sign
            self._sum += (self._seen[value] == 1 and sign > 0) - (self._seen[value] == 0)


def _holds(
    order: Order,
    first: Occurrence,
    ordered: Sequence[Occurrence],
    count: int,
    length: timedelta,
    distinct: str | None,
    wanted: int,
) -> bool:
    """Whether the window that begins with `first` holds `count` of them, as surely as is wanted."""
    start = first.start
    seen: dict[object, int] = {}
    number = 0
    for o in ordered:
        what = _what(o, distinct)
        if what is None or what in seen or order.beside(start, o.start, length) < wanted:
            continue
        seen[what] = o.start.weight if distinct is None else 1
        number += seen[what]
        if number >= count:
            return True
    return False


def together(order: Order, parts: Sequence[Occurrences], length: timedelta) -> Occurrences:
    """Return the windows that hold one occurrence of each part that has any."""
    some = {number: Future(occurrences, order) for number, occurrences in enumerate(parts) if occurrences}
    ordered = sorted(
        ((o, number) for number, occurrences in enumerate(parts) for o in occurrences),
        key=lambda pair: (order.key(pair[0].start), pair[1]),
    )
    windows: list[Occurrence] = []
    for o, own in ordered:
        for wanted in (CERTAIN, POSSIBLE):
            chosen = [
                o if number == own else future.beside(o.start, length, wanted, ties=number > own)
                for number, future in some.items()
            ]
            inside = [one for one in chosen if one is not None]
            if len(inside) == len(chosen):
                windows.append(_window(order, inside, wanted == CERTAIN))
                break
    return tuple(windows)


def unsure(occurrences: Occurrences) -> Occurrences:
    """Return the same occurrences, resting on an order that is only possible."""
    return tuple(replace(o, sure=False) for o in occurrences)


def _window(order: Order, chosen: Iterable[Occurrence], sure: bool) -> Occurrence:
    inside = sorted(chosen, key=lambda o: order.key(o.start))
    last = max(inside, key=lambda o: order.key(o.end))
    rows = tuple(hit for o in inside for hit in o.rows)
    return Occurrence(inside[0].start, last.end, rows, sure and all(o.sure for o in inside))


def _number(occurrences: Iterable[Occurrence], distinct: str | None) -> int:
    seen = {what: o.start.weight for o in occurrences if (what := _what(o, distinct)) is not None}
    return sum(seen.values()) if distinct is None else len(seen)


def _what(o: Occurrence, distinct: str | None) -> object:
    """Return what is counted once: a row that two arms of an `or` hold, or both moments of an Event, is one."""
    if distinct is None:
        return o.start.source, o.start.row, o.end.source, o.end.row
    return o.start.names.get(distinct)
