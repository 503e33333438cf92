"""Evaluate a `match` for one subject: present, absent, cured or unknown, and the rows it rests on.

Every kind of term has one function here; what each means is written in `patterns/README.md`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from forensics.findings import ABSENT, PRESENT, UNKNOWN, Missing
from forensics.hits import Hit
from forensics.order import CERTAIN, IMPOSSIBLE, UNBOUNDED, Index, Occurrence, Order, single
from patterns.terms import (
    After,
    AndTerm,
    AtLeast,
    Distinct,
    Lasting,
    NoLater,
    NotTerm,
    OrTerm,
    Piece,
    SomeOf,
    Term,
    Then,
    Without,
    pieces,
)

CURED = "cured"  # false, because what ended it came: Kleene's false, but the finding is kept


@dataclass(frozen=True, slots=True)
class Rows:
    """What one piece found for the subject.

    Attributes:
        sure: rows that are about the subject, by time.
        maybe: rows that may be.
        gap: why their absence in a window cannot be told; called with its start and end.
        undecided: whether a null left rows of it undecided.
        assumed: rows joined on a name that is not bound, as at most one thing of its kind occurs.
    """

    sure: tuple[Hit, ...]
    maybe: tuple[Hit, ...]
    gap: Callable[[int | None, int | None], Missing | None]
    undecided: Missing | None = None
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a term came to.

    Attributes:
        state: present, absent, unknown or cured.
        occurrences: where it holds, by time of their ends.
        missing: what would have to be collected, if unknown.
        rests: whether it holds because something did not come.
    """

    state: str
    occurrences: tuple[Occurrence, ...] = ()
    missing: tuple[Missing, ...] = ()
    rests: bool = False
    used: frozenset[str] = field(default_factory=frozenset)

    @property
    def holds(self) -> bool:
        """Whether it is present."""
        return self.state == PRESENT


class Evaluation:
    """Terms over the rows of one subject."""

    def __init__(self, rows: Mapping[str, Rows], order: Order, end: int | None) -> None:
        self._rows = rows
        self._order = order
        self._end = end

    def of(self, term: Term) -> Result:
        """Return what `term` comes to."""
        match term:
            case Piece(name):
                return self._piece(name)
            case NotTerm(part):
                return self._not(self.of(part))
            case AndTerm(parts, None):
                return self._and([self.of(part) for part in parts])
            case AndTerm(parts, within) if within is not None:
                return self._together([self.of(part) for part in parts], within)
            case OrTerm(parts):
                return self._or([self.of(part) for part in parts])
            case SomeOf(count, parts):
                return self._some(count, [self.of(part) for part in parts])
            case Then(first, second, within):
                return self._then(self.of(first), self.of(second), first, within)
            case After(first, second, within):
                return self._then(self.of(second), self.of(first), second, within)
            case Without(first, second, within):
                return self._without(self.of(first), second, within)
            case NoLater(first, second):
                return self._no_later(self.of(first), second)
            case Lasting(part, length):
                return self._lasting(self.of(part), length)
            case AtLeast(count, part, within):
                return self._at_least(count, self.of(part), within, None)
            case Distinct(count, name, part, within):
                return self._at_least(count, self.of(part), within, name)
        raise AssertionError(term)

    # ---- rows and logic

    def _piece(self, name: str) -> Result:
        rows = self._rows[name]
        used = frozenset((name,))
        if rows.sure:
            return Result(PRESENT, tuple(map(single, rows.sure)), used=used)
        if rows.maybe:
            return Result(
                UNKNOWN, missing=(Missing(rows.maybe[0].source, "which one it is about is not said"),), used=used
            )
        if rows.undecided is not None:
            return Result(UNKNOWN, missing=(rows.undecided,), used=used)
        gap = rows.gap(None, None)
        return Result(UNKNOWN, missing=(gap,), used=used) if gap else Result(ABSENT, used=used)

    @staticmethod
    def _not(part: Result) -> Result:
        if part.state == UNKNOWN:
            return part
        return Result(ABSENT if part.holds else PRESENT, rests=not part.holds, used=part.used)

    def _and(self, parts: list[Result]) -> Result:
        used = _used(parts)
        if any(p.state == ABSENT for p in parts):
            return Result(ABSENT, used=used)
        occurrences = _merge(self._order, parts)
        rests = any(p.rests for p in parts)
        if any(p.state == CURED for p in parts):
            whole = all(p.state in (CURED, PRESENT) for p in parts)
            return Result(CURED if whole else ABSENT, occurrences if whole else (), used=used)
        missing = tuple(m for p in parts if p.state == UNKNOWN for m in p.missing)
        if any(p.state == UNKNOWN for p in parts):
            return Result(UNKNOWN, missing=missing, used=used)
        return Result(PRESENT, occurrences, rests=rests, used=used)

    def _or(self, parts: list[Result]) -> Result:
        held = [p for p in parts if p.holds]
        used = _used(parts)
        if held:
            return Result(PRESENT, _merge(self._order, held), rests=all(p.rests for p in held), used=used)
        unknown = [p for p in parts if p.state == UNKNOWN]
        if unknown:
            return Result(UNKNOWN, missing=tuple(m for p in unknown for m in p.missing), used=used)
        cured = [p for p in parts if p.state == CURED]
        return Result(CURED, _merge(self._order, cured), used=used) if cured else Result(ABSENT, used=used)

    def _some(self, count: int, parts: list[Result]) -> Result:
        held = [p for p in parts if p.holds]
        used = _used(parts)
        if len(held) >= count:
            return Result(PRESENT, _merge(self._order, held), rests=all(p.rests for p in held), used=used)
        unknown = [p for p in parts if p.state == UNKNOWN]
        if len(held) + len(unknown) >= count:
            return Result(UNKNOWN, missing=tuple(m for p in unknown for m in p.missing), used=used)
        cured = [p for p in parts if p.state == CURED]
        if len(held) + len(cured) >= count:
            return Result(CURED, _merge(self._order, held + cured), used=used)
        return Result(ABSENT, used=used)

    # ---- time

    def _within(self, a: Hit, b: Hit, within: timedelta | None) -> int:
        """Whether b begins less than `within` after a."""
        if within is None:
            return CERTAIN
        length = _us(within)
        least, most = self._order.apart(a, b)
        if most <= length or (
            a.place[:2] == b.place[:2] and self._order.earliest(b) - self._order.earliest(a) < length
        ):
            return CERTAIN
        return 1 if least < length else IMPOSSIBLE

    def _then(self, first: Result, second: Result, term: Term, within: timedelta | None) -> Result:
        used = first.used | second.used
        if first.state in (ABSENT, CURED) or second.state in (ABSENT, CURED):
            return Result(ABSENT, used=used)
        if not first.holds or not second.holds:
            return Result(UNKNOWN, missing=_missing(first, second), used=used)
        pairs: list[Occurrence] = []
        index = Index(first.occurrences, self._order, self._order.slack)
        for b in second.occurrences:
            a, sure = self._last_before(index, b.start, within)
            if a is not None:
                pairs.append(Occurrence(a.start, b.end, (*a.rows, *b.rows), sure and a.sure and b.sure))
        if pairs:
            return Result(PRESENT, tuple(pairs), rests=first.rests or second.rests, used=used)
        gap = self._gap_before(term, second.occurrences, within)
        return Result(UNKNOWN, missing=(gap,), used=used) if gap else Result(ABSENT, used=used)

    def _last_before(self, index: Index, b: Hit, within: timedelta | None) -> tuple[Occurrence | None, bool]:
        """Return the last occurrence before b: one that is surely so, else one that may be."""
        possible: Occurrence | None = None
        oldest = self._order.earliest(b) - _us(within) if within is not None else -UNBOUNDED
        for a in index.since(oldest, self._order.latest(b)):
            order = min(self._order.before(a.end, b), self._within(a.start, b, within))
            if order == CERTAIN:
                return a, True
            if order != IMPOSSIBLE and possible is None:
                possible = a
        return possible, False

    def _gap_before(self, term: Term, ends: tuple[Occurrence, ...], within: timedelta | None) -> Missing | None:
        """Return why a piece that was looked for before others may have been there unseen."""
        if not isinstance(term, Piece):
            return None
        gap = self._rows[term.name].gap
        for b in ends:
            end = self._order.latest(b.start)
            found = gap(end - _us(within), end) if within is not None else gap(None, None)
            if found is not None:
                return found
        return None

    def _without(self, first: Result, second: Term, within: timedelta | None) -> Result:
        other = self.of(second)
        used = first.used | other.used
        if not first.holds:
            return Result(first.state if first.state != CURED else ABSENT, missing=first.missing, used=used)
        alone: list[Occurrence] = []
        missing: list[Missing] = []
        index = Index(other.occurrences, self._order, self._order.slack)
        for a in first.occurrences:
            came = self._comes(a.end, index, within)
            if came == CERTAIN:
                continue
            gap = self._gap_after(second, a.end, within)
            if came or gap:
                missing.append(gap or Missing(_source(other), "whether it came after or before cannot be told"))
            else:
                alone.append(a)
        if alone:
            return Result(PRESENT, tuple(alone), rests=True, used=used)
        return Result(UNKNOWN, missing=tuple(missing), used=used) if missing else Result(ABSENT, used=used)

    def _comes(self, a: Hit, index: Index, within: timedelta | None) -> int:
        """Whether something of `index` comes after a, in the window: surely, possibly or not."""
        best = IMPOSSIBLE
        until = None if within is None else self._order.latest(a) + _us(within)
        for b in index.since(self._order.earliest(a), until):
            # an Event that came again came, at least, when it was first seen and when it was last seen
            for moment in (b.start, b.end) if len(b.rows) == 1 else (b.start,):
                best = max(best, min(self._order.before(a, moment), self._within(a, moment, within)))
            if best == CERTAIN:
                break
        return best

    def _no_later(self, first: Result, second: Term) -> Result:
        other = self.of(second)
        used = first.used | other.used
        if not first.holds:
            return Result(first.state if first.state != CURED else ABSENT, missing=first.missing, used=used)
        last = max(first.occurrences, key=lambda o: self._order.key(o.end))
        came = self._comes(last.end, Index(other.occurrences, self._order, self._order.slack), None)
        if came == CERTAIN:
            return Result(CURED, first.occurrences, used=used)
        gap = self._gap_after(second, last.end, None)
        if came or gap:
            missing = gap or Missing(_source(other), "whether it came after or before cannot be told")
            return Result(UNKNOWN, missing=(missing,), used=used)
        return Result(PRESENT, first.occurrences, rests=True, used=used)

    def _gap_after(self, term: Term, a: Hit, within: timedelta | None) -> Missing | None:
        """Return why what `term` looks for may have come in the window after a unseen."""
        start = self._order.earliest(a)
        end = None if within is None else self._order.latest(a) + _us(within)
        for name in _pieces(term):
            rows = self._rows[name]
            if any(min(self._order.before(a, b), self._within(a, b, within)) != IMPOSSIBLE for b in rows.maybe):
                return Missing(rows.maybe[0].source, "which one it is about is not said")
            if rows.undecided is not None and not rows.sure:
                return rows.undecided
            gap = rows.gap(start, end)
            if gap is not None:
                return gap
        return None

    # ---- repetition

    def _lasting(self, part: Result, length: timedelta) -> Result:
        if not part.holds:
            return part if part.state != CURED else Result(ABSENT, used=part.used)
        hits = [hit for o in part.occurrences for hit in (o.start, o.end)]
        least = max(map(self._order.earliest, hits)) - min(map(self._order.latest, hits))
        most = max(map(self._order.latest, hits)) - min(map(self._order.earliest, hits))
        places = {hit.place[:2] for hit in hits}
        if len(places) == 1:
            least = max(map(self._order.earliest, hits)) - min(map(self._order.earliest, hits))
        if least >= _us(length):
            return part
        if most > _us(length):
            unsure = tuple(Occurrence(o.start, o.end, o.rows, False) for o in part.occurrences)
            return Result(PRESENT, unsure, part.missing, part.rests, part.used)
        return Result(ABSENT, used=part.used)

    def _at_least(self, count: int, part: Result, within: timedelta | None, distinct: str | None) -> Result:
        if not part.holds:
            return part if part.state != CURED else Result(ABSENT, used=part.used)
        ordered = sorted(part.occurrences, key=lambda o: self._order.key(o.start))
        held = False
        starts = [self._order.earliest(o.start) for o in ordered]
        for number, o in enumerate(ordered):
            if within is None:
                possible = tuple(ordered)
            else:
                possible = tuple(ordered[number : bisect_left(starts, self._order.latest(o.start) + _us(within))])
            if _number(possible, distinct) < count:
                if within is None:
                    break
                continue
            certain = (x for x in possible if self._within(o.start, x.start, within) == CERTAIN)
            if _number(certain, distinct) >= count:
                return Result(PRESENT, part.occurrences, rests=part.rests, used=part.used)
            held = True
        if held:
            unsure = tuple(Occurrence(o.start, o.end, o.rows, False) for o in part.occurrences)
            return Result(PRESENT, unsure, rests=part.rests, used=part.used)
        return Result(ABSENT, used=part.used)

    def _together(self, parts: list[Result], within: timedelta) -> Result:
        whole = self._and(parts)
        if not whole.holds:
            return whole
        tagged = sorted(
            ((o, number) for number, p in enumerate(parts) for o in p.occurrences),
            key=lambda pair: (self._order.key(pair[0].start), pair[1]),
        )
        windows: list[Occurrence] = []
        needed = {number for number, p in enumerate(parts) if p.occurrences}
        for position, (o, own) in enumerate(tagged):
            sure, may = {own: o}, {own: o}
            for other, number in tagged[position + 1 :]:
                if self._order.earliest(other.start) - self._order.latest(o.start) > _us(within) + self._order.slack:
                    break
                near = self._within(o.start, other.start, within)
                if near != IMPOSSIBLE:
                    may.setdefault(number, other)
                if near == CERTAIN:
                    sure.setdefault(number, other)
            chosen = sure if set(sure) == needed else may
            if set(chosen) == needed:
                windows.append(self._window(chosen, chosen is sure))
        state = PRESENT if windows else ABSENT
        return Result(state, tuple(windows), rests=whole.rests and bool(windows), used=whole.used)

    def _window(self, chosen: Mapping[int, Occurrence], sure: bool) -> Occurrence:
        inside = sorted(chosen.values(), key=lambda o: self._order.key(o.start))
        last = max(inside, key=lambda o: self._order.key(o.end))
        rows = tuple(hit for o in inside for hit in o.rows)
        return Occurrence(inside[0].start, last.end, rows, sure and all(o.sure for o in inside))


def _number(occurrences: Iterable[Occurrence], distinct: str | None) -> int:
    if distinct is None:
        # A row that two arms of an `or` hold is one row.
        rows = {(o.start.source, o.start.row, o.end.source, o.end.row): o.start.weight for o in occurrences}
        return sum(rows.values())
    return len({o.start.names.get(distinct) for o in occurrences} - {None})


def _merge(order: Order, parts: Iterable[Result]) -> tuple[Occurrence, ...]:
    return tuple(sorted((o for p in parts for o in p.occurrences), key=lambda o: order.key(o.end)))


def _used(parts: Iterable[Result]) -> frozenset[str]:
    return frozenset(name for p in parts for name in p.used)


def _missing(*parts: Result) -> tuple[Missing, ...]:
    return tuple(m for p in parts if p.state == UNKNOWN for m in p.missing)


def _source(result: Result) -> str:
    return result.occurrences[0].start.source if result.occurrences else ""


def _pieces(term: Term) -> Iterable[str]:
    return pieces(term)


def _us(length: timedelta | None) -> int:
    return int(length / timedelta(microseconds=1)) if length is not None else 0
