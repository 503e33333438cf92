"""What lies in one window: the last before, what comes after, what comes together, what comes often, what lasts."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from forensics.evidence.hits import Hit
from forensics.evidence.order import CERTAIN, IMPOSSIBLE, POSSIBLE, UNBOUNDED, Index, Occurrence, Order

Occurrences = tuple[Occurrence, ...]


def within(order: Order, a: Hit, b: Hit, length: timedelta | None) -> int:
    """Return whether b begins less than `length` after a: CERTAIN, POSSIBLE or IMPOSSIBLE."""
    if length is None:
        return CERTAIN
    least, most = order.apart(a, b)
    if most <= us(length) or (a.place[:2] == b.place[:2] and order.earliest(b) - order.earliest(a) < us(length)):
        return CERTAIN
    return POSSIBLE if least < us(length) else IMPOSSIBLE


def last_before(order: Order, index: Index, b: Hit, length: timedelta | None) -> tuple[Occurrence | None, bool]:
    """Return the last occurrence before b: one that is surely so, else one that may be; and whether it surely is."""
    possible: Occurrence | None = None
    oldest = order.earliest(b) - us(length) if length is not None else -UNBOUNDED
    for a in index.since(oldest, order.latest(b)):
        found = min(order.before(a.end, b), within(order, a.start, b, length))
        if found != IMPOSSIBLE and a.start is not a.end:  # all of it lies before b, not its end alone
            found = min(found, order.before(a.start, b))
        if found == CERTAIN:
            return a, True
        if found != IMPOSSIBLE and possible is None:
            possible = a
    return possible, False


def comes(order: Order, a: Hit, index: Index, length: timedelta | None) -> int:
    """Return whether something of `index` comes after a, in the window: surely, possibly or not."""
    best = IMPOSSIBLE
    until = None if length is None else order.latest(a) + us(length)
    for b in index.since(order.earliest(a), until):
        best = max(best, min(order.before(a, b.start), within(order, a, b.start, length)))
        if best == CERTAIN:
            break
    return best


def lasting(order: Order, occurrences: Occurrences, length: timedelta) -> Occurrences:
    """Return the occurrences if they span at least `length`, unsure ones if they may; none if they do not."""
    hits = [hit for o in occurrences for hit in (o.start, o.end)]
    least = max(map(order.earliest, hits)) - min(map(order.latest, hits))
    most = max(map(order.latest, hits)) - min(map(order.earliest, hits))
    if len({hit.place[:2] for hit in hits}) == 1:
        least = max(map(order.earliest, hits)) - min(map(order.earliest, hits))
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
    held = False
    starts, ends = ([at(o.start) for o in ordered] for at in (order.earliest, order.latest))
    sections = [o.start.place[:2] for o in ordered]
    for number, o in enumerate(ordered):
        last, reach = bisect_left(starts, ends[number] + us(length) + order.slack), starts[number] + us(length)
        # What cannot surely lie in the window is passed over by its bounds: the exact question is far dearer.
        likely = (
            ordered[n]
            for n in range(number, last)
            if ends[n] <= reach or (starts[n] <= reach and sections[n] == sections[number])
        )
        sure = [x for x in likely if within(order, o.start, x.start, length) == CERTAIN]
        if _number(sure, distinct) >= count:
            return occurrences
        if not held:
            near = [x for x in ordered[number:last] if within(order, o.start, x.start, length) != IMPOSSIBLE]
            held = _number(near, distinct) >= count
    return unsure(occurrences) if held else ()


def together(order: Order, parts: Sequence[Occurrences], length: timedelta) -> Occurrences:
    """Return the windows that hold one occurrence of each part that has any."""
    tagged = sorted(
        ((o, number) for number, occurrences in enumerate(parts) for o in occurrences),
        key=lambda pair: (order.key(pair[0].start), pair[1]),
    )
    needed = {number for _, number in tagged}
    windows: list[Occurrence] = []
    for position, (o, own) in enumerate(tagged):
        sure, may = {own: o}, {own: o}
        for other, number in tagged[position + 1 :]:
            if order.earliest(other.start) - order.latest(o.start) > us(length) + order.slack:
                break
            near = within(order, o.start, other.start, length)
            if near != IMPOSSIBLE:
                may.setdefault(number, other)
            if near == CERTAIN:
                sure.setdefault(number, other)
        chosen = sure if set(sure) == needed else may
        if set(chosen) == needed:
            windows.append(_window(order, chosen, chosen is sure))
    return tuple(windows)


def unsure(occurrences: Occurrences) -> Occurrences:
    """Return the same occurrences, resting on an order that is only possible."""
    return tuple(replace(o, sure=False) for o in occurrences)


def us(length: timedelta) -> int:
    """Return a length in microseconds."""
    return int(length / timedelta(microseconds=1))


def _window(order: Order, chosen: Mapping[int, Occurrence], sure: bool) -> Occurrence:
    inside = sorted(chosen.values(), key=lambda o: order.key(o.start))
    last = max(inside, key=lambda o: order.key(o.end))
    rows = tuple(hit for o in inside for hit in o.rows)
    return Occurrence(inside[0].start, last.end, rows, sure and all(o.sure for o in inside))


def _number(occurrences: Iterable[Occurrence], distinct: str | None) -> int:
    if distinct is None:
        # A row that two arms of an `or` hold is one row, and so are the first and the last time of an Event.
        rows = {(o.start.source, o.start.row, o.end.source, o.end.row): o.start.weight for o in occurrences}
        return sum(rows.values())
    return len({o.start.names.get(distinct) for o in occurrences} - {None})
