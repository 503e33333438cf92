"""What a `match` means, row by row, in plain Python: slow, and meant to be read beside patterns/README.md.

An oracle shares no code with what it judges: only the trees of `patterns.terms` and the shape of rows are taken from
the product. Times are integers, in microseconds, half-open.
"""

from dataclasses import dataclass
from itertools import product

from patterns import terms as t

YES, MAYBE, NO = "yes", "maybe", "no"
PRESENT, ABSENT, UNKNOWN, CURED = "present", "absent", "unknown", "cured"


@dataclass(frozen=True)
class Row:
    """A row of a generated timeline. `section` is negative where the order of lines says nothing."""

    id: int
    earliest: int
    latest: int
    clock: str
    file: str
    section: int
    line: int
    name: str
    weight: int = 1


@dataclass(frozen=True)
class Pair:
    """Rows that belong together, by the one they begin with and the one they end with."""

    start: Row
    end: Row
    rows: tuple


@dataclass(frozen=True)
class World:
    """All rows by piece; rows that may be of the subject; where a piece's absence can be told: [from, to) or None."""

    sure: dict
    maybe: dict
    covered: dict
    errors: dict
    end: int


def slack(world, a, b):
    return 0 if a.clock == b.clock else world.errors.get(a.clock, 0) + world.errors.get(b.clock, 0)


def before(world, a, b):
    if (a.file, a.section) == (b.file, b.section) and a.section >= 0:
        return YES if a.line < b.line else NO
    s = slack(world, a, b)
    if a.latest + s <= b.earliest:
        return YES
    return NO if b.latest + s <= a.earliest else MAYBE


def near(world, a, b, length):
    """Whether b begins less than `length` after a."""
    if length is None:
        return YES
    s = slack(world, a, b)
    if b.latest - a.earliest + s <= length:
        return YES
    if (a.file, a.section) == (b.file, b.section) and b.earliest - a.earliest < length:
        return YES
    return MAYBE if b.earliest - a.latest - s < length else NO


def both(x, y):
    return NO if NO in (x, y) else YES if (x, y) == (YES, YES) else MAYBE


def micros(length):
    return None if length is None else int(length.total_seconds() * 1_000_000)


def sort_key(row):
    return (row.earliest, row.latest, row.file, row.section, row.line)


def is_open(world, term, a, length):
    """Whether what `term` looks for may have come unseen in the window after a."""
    end = world.end if length is None else a.latest + length
    for name in t.pieces(term):
        if any(both(before(world, a, b), near(world, a, b, length)) != NO for b in world.maybe[name]):
            return True
        window = world.covered[name]
        if window is None:
            return True
        if window[0] > a.earliest or window[1] < end:
            return True
    return False


def judge(world, term):
    """Return (state, pairs)."""
    match term:
        case t.Piece(name):
            if world.sure[name]:
                return PRESENT, [Pair(r, r, (r,)) for r in sorted(world.sure[name], key=sort_key)]
            if world.maybe[name] or world.covered[name] is None or world.covered[name][0] > 0:
                return UNKNOWN, []
            return ABSENT, []
        case t.NotTerm(part):
            state, _ = judge(world, part)
            return {PRESENT: ABSENT, UNKNOWN: UNKNOWN}.get(state, PRESENT), []
        case t.AndTerm(parts, None):
            return conjunction([judge(world, p) for p in parts])
        case t.AndTerm(parts, within):
            return together(world, [judge(world, p) for p in parts], micros(within))
        case t.OrTerm(parts):
            return at_least(1, [judge(world, p) for p in parts])
        case t.SomeOf(count, parts):
            return at_least(count, [judge(world, p) for p in parts])
        case t.Then(first, second, within):
            return then(world, first, second, micros(within))
        case t.After(first, second, within):
            return then(world, second, first, micros(within))
        case t.Without(first, second, within):
            return without(world, first, second, micros(within))
        case t.NoLater(first, second):
            return no_later(world, first, second)
        case t.Lasting(part, length):
            return lasting(world, part, micros(length))
        case t.AtLeast(count, part, within):
            return often(
                world,
                count,
                part,
                micros(within),
                lambda pairs: sum(p[0].weight for p in {(p.start, p.end) for p in pairs}),
            )
        case t.Distinct(count, _, part, within):
            return often(world, count, part, micros(within), lambda pairs: len({p.start.name for p in pairs}))
    raise AssertionError(term)


def conjunction(results):
    states = [s for s, _ in results]
    pairs = [p for _, ps in results for p in ps]
    if ABSENT in states:
        return ABSENT, []
    if CURED in states:
        return (CURED, pairs) if UNKNOWN not in states else (ABSENT, [])
    return (UNKNOWN, []) if UNKNOWN in states else (PRESENT, pairs)


def at_least(count, results):
    states = [s for s, _ in results]
    held = states.count(PRESENT)
    if held >= count:
        return PRESENT, [p for s, ps in results if s == PRESENT for p in ps]
    if held + states.count(UNKNOWN) >= count:
        return UNKNOWN, []
    if held + states.count(CURED) >= count:
        return CURED, [p for s, ps in results if s in (PRESENT, CURED) for p in ps]
    return ABSENT, []


def then(world, first, second, length):
    (one, befores), (two, afters) = judge(world, first), judge(world, second)
    if one in (ABSENT, CURED) or two in (ABSENT, CURED):
        return ABSENT, []
    if UNKNOWN in (one, two):
        return UNKNOWN, []
    found = []
    for b in afters:
        ranked = [
            (
                both(before(world, a.end, b.start), near(world, a.start, b.start, length)),
                (sort_key(a.start), sort_key(a.end)),
                a,
            )
            for a in befores
        ]
        for wanted in (YES, MAYBE):
            fitting = [(key, a) for answer, key, a in ranked if answer == wanted]
            if fitting:
                a = max(fitting, key=lambda x: x[0])[1]
                found.append(Pair(a.start, b.end, a.rows + b.rows))
                break
    if found:
        return PRESENT, found
    if isinstance(first, t.Piece):
        for b in afters:
            start = None if length is None else b.start.latest - length
            window = world.covered[first.name]
            if window is None or window[0] > (0 if start is None else start):
                return UNKNOWN, []
            if start is not None and window[1] < b.start.latest:
                return UNKNOWN, []
    return ABSENT, []


def comes(world, a, pairs, length):
    answers = [both(before(world, a, b.start), near(world, a, b.start, length)) for b in pairs]
    return YES if YES in answers else MAYBE if MAYBE in answers else NO


def without(world, first, second, length):
    state, pairs = judge(world, first)
    _, others = judge(world, second)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    alone, unsure = [], False
    for a in pairs:
        answer = comes(world, a.end, others, length)
        if answer == YES:
            continue
        if answer == MAYBE or is_open(world, second, a.end, length):
            unsure = True
        else:
            alone.append(a)
    if alone:
        return PRESENT, alone
    return (UNKNOWN if unsure else ABSENT), []


def no_later(world, first, second):
    state, pairs = judge(world, first)
    _, others = judge(world, second)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    last = max(pairs, key=lambda p: sort_key(p.end))
    answer = comes(world, last.end, others, None)
    if answer == YES:
        return CURED, pairs
    if answer == MAYBE or is_open(world, second, last.end, None):
        return UNKNOWN, []
    return PRESENT, pairs


def lasting(world, part, length):
    state, pairs = judge(world, part)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    rows = [row for p in pairs for row in (p.start, p.end)]
    return (
        (PRESENT, pairs)
        if max(r.latest for r in rows) - min(r.earliest for r in rows) > length
        or any(
            b.earliest - a.earliest >= length
            for a, b in product(rows, rows)
            if len({(r.file, r.section) for r in rows}) == 1
        )
        else (ABSENT, [])
    )


def often(world, count, part, length, number):
    state, pairs = judge(world, part)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    if length is None:
        return (PRESENT, pairs) if number(pairs) >= count else (ABSENT, [])
    for a in pairs:
        window = [
            b for b in pairs if sort_key(b.start) >= sort_key(a.start) and b.start.earliest < a.start.latest + length
        ]
        if number(window) >= count:
            return PRESENT, pairs
    return ABSENT, []


def together(world, results, length):
    state, pairs = conjunction(results)
    if state != PRESENT:
        return state, pairs
    tagged = sorted(
        ((sort_key(p.start), number, place), p) for number, (_, ps) in enumerate(results) for place, p in enumerate(ps)
    )
    needed = {number for (_, number, _), _ in tagged}
    windows = []
    for key, o in tagged:
        later = [(k[1], p, near(world, o.start, p.start, length)) for k, p in tagged if k > key]
        for wanted in ((YES,), (YES, MAYBE)):
            chosen = {key[1]: o}
            for number, p, answer in later:
                if answer in wanted:
                    chosen.setdefault(number, p)
            if set(chosen) == needed:
                inside = sorted(chosen.values(), key=lambda p: sort_key(p.start))
                last = max(inside, key=lambda p: sort_key(p.end))
                windows.append(Pair(inside[0].start, last.end, tuple(row for p in inside for row in p.rows)))
                break
    return (PRESENT, windows) if windows else (ABSENT, [])


def rows_of(pairs):
    return {row.id for p in pairs for row in p.rows}


__all__ = ["Row", "World", "judge", "rows_of"]
