"""Evaluate a `match` for one subject: present, absent, cured or unknown, and the rows it rests on.

Every kind of term has one function here; what each means is written in `patterns/README.md`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from forensics.evidence.hits import Hit
from forensics.evidence.index import Future, Past
from forensics.evidence.order import CERTAIN, UNBOUNDED, Occurrence, Order, moments, us
from forensics.evidence.windows import lasting, often, together
from forensics.findings import ABSENT, PRESENT, UNKNOWN, Missing
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
    positive,
)
from patterns.terms import parts as parts_of

TEMPORAL = (Then, After, Without, NoLater, Lasting, AtLeast, Distinct)
UNSAID = "which one it is about is not said"
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
        self._futures: dict[str, Future] = {}

    def of(self, term: Term) -> Result:
        """Return what `term` comes to.

        A temporal term that does not hold, but may if rows that may be about the subject are, is unknown.
        """
        result = self._of(term)
        timed = isinstance(term, TEMPORAL) or (isinstance(term, AndTerm) and term.within is not None)
        if not timed or result.state not in (ABSENT, CURED):
            return result
        unsaid = [name for name in sorted(positive(term)) if self._rows[name].maybe]
        if unsaid:
            every = {name: self._rows[name] for name in self._rows}
            for name in unsaid:
                rows = every[name]
                sure = tuple(sorted((*rows.sure, *rows.maybe), key=self._order.key))
                every[name] = replace(rows, sure=sure, maybe=())
            if Evaluation(every, self._order, self._end)._of(term).state in (PRESENT, UNKNOWN):
                missing = Missing(self._rows[unsaid[0]].maybe[0].source, UNSAID)
                return Result(UNKNOWN, missing=(missing,))
        return result

    def _of(self, term: Term) -> Result:
        match term:
            case Piece(name):
                return self._piece(name)
            case NotTerm(part):
                return self._not(self.of(part))
            case AndTerm(parts, None):
                return self._and(self._all(parts))
            case AndTerm(parts, length) if length is not None:
                return self._together(term, self._all(parts), length)
            case OrTerm(parts):
                return self._some(1, [self.of(part) for part in parts])
            case SomeOf(count, parts):
                return self._some(count, [self.of(part) for part in parts])
            case Then(first, second, length):
                return self._then(first, second, length)
            case After(first, second, length):
                return self._then(second, first, length)
            case Without(first, second, length):
                return self._without(self.of(first), second, length)
            case NoLater(Lasting(part, least), second):
                return self._still(part, self._no_later(self.of(term.first), second), second, least)
            case NoLater(first, second):
                return self._no_later(self.of(first), second)
            case Lasting(part, least):
                return self._repeated(self.of(part), part, lambda found: lasting(self._order, found, least))
            case AtLeast(count, part, length):
                return self._repeated(self.of(part), part, lambda found: often(self._order, found, count, length, None))
            case Distinct(count, name, part, length):
                return self._repeated(self.of(part), part, lambda found: often(self._order, found, count, length, name))
        raise AssertionError(term)

    # ---- rows and logic

    def _piece(self, name: str) -> Result:
        rows = self._rows[name]
        if rows.sure:
            found = sorted((o for hit in rows.sure for o in moments(hit)), key=lambda o: self._order.key(o.end))
            return Result(PRESENT, tuple(found))
        if rows.maybe:
            return Result(UNKNOWN, missing=(Missing(rows.maybe[0].source, UNSAID),))
        if rows.undecided is not None:
            return Result(UNKNOWN, missing=(rows.undecided,))
        gap = rows.gap(None, None)
        return Result(UNKNOWN, missing=(gap,)) if gap else Result(ABSENT)

    @staticmethod
    def _not(part: Result) -> Result:
        if part.state == UNKNOWN:
            return part
        return Result(ABSENT if part.holds else PRESENT, rests=not part.holds)

    def _all(self, terms: tuple[Term, ...]) -> list[Result]:
        """Return what each comes to; one that is absent decides, and then it alone: the cheap ones are asked first."""
        results: dict[Term, Result] = {}
        for term in sorted(terms, key=_windows):
            results[term] = self.of(term)
            if results[term].state == ABSENT:
                return [results[term]]
        return [results[term] for term in terms]

    def _and(self, parts: list[Result]) -> Result:
        if any(p.state == ABSENT for p in parts):
            return Result(ABSENT)
        occurrences = _merge(self._order, parts)
        rests = any(p.rests for p in parts)
        if any(p.state == CURED for p in parts):
            whole = all(p.state in (CURED, PRESENT) for p in parts)
            return Result(CURED if whole else ABSENT, occurrences if whole else ())
        missing = tuple(m for p in parts if p.state == UNKNOWN for m in p.missing)
        if any(p.state == UNKNOWN for p in parts):
            return Result(UNKNOWN, missing=missing)
        return Result(PRESENT, occurrences, rests=rests)

    def _some(self, count: int, parts: list[Result]) -> Result:
        held = [p for p in parts if p.holds]
        if len(held) >= count:
            return Result(PRESENT, _merge(self._order, held), rests=all(p.rests for p in held))
        unknown = [p for p in parts if p.state == UNKNOWN]
        if len(held) + len(unknown) >= count:
            return Result(UNKNOWN, missing=tuple(m for p in unknown for m in p.missing))
        cured = [p for p in parts if p.state == CURED]
        if len(held) + len(cured) >= count:
            return Result(CURED, _merge(self._order, held + cured))
        return Result(ABSENT)

    # ---- time

    def _then(self, before: Term, after: Term, length: timedelta | None) -> Result:
        both = self._all((before, after))
        if any(part.state in (ABSENT, CURED) for part in both):
            return Result(ABSENT)
        first, second = both
        if not first.holds or not second.holds:
            return Result(UNKNOWN, missing=_missing(first, second))
        pairs: list[Occurrence] = []
        past = Past(first.occurrences, self._order)
        for b in second.occurrences:
            a, sure = past.last_before(b.start, length)
            if a is not None:
                pairs.append(Occurrence(a.start, b.end, (*a.rows, *b.rows), sure and a.sure and b.sure))
        if pairs:
            return Result(PRESENT, tuple(pairs), rests=first.rests or second.rests)
        gap = self._gap_around(before, first.occurrences, after, second.occurrences, length)
        return Result(UNKNOWN, missing=(gap,)) if gap else Result(ABSENT)

    def _gap_around(
        self,
        before: Term,
        firsts: tuple[Occurrence, ...],
        after: Term,
        seconds: tuple[Occurrence, ...],
        length: timedelta | None,
    ) -> Missing | None:
        """Return why one of the two may have come unseen on the right side of the other."""
        for b in seconds:
            end = self._order.latest(b.start)
            gap = self._unseen(before, end - us(length), end) if length is not None else self._unseen(before)
            if gap is not None:
                return gap
        for a in firsts:
            until = self._end  # what came after the end of the bundle is not asked for
            if length is not None:
                until = min(self._order.latest(a.start) + us(length), self._end or UNBOUNDED)
            since = self._order.earliest(a.end)
            if until is not None and until <= since:
                continue  # its window is over before it ends
            gap = self._unseen(after, since, until)
            if gap is not None:
                return gap
        return None

    def _unseen(self, term: Term, start: int | None = None, end: int | None = None) -> Missing | None:
        """Return why a piece that can make `term` true may have come unseen."""
        gaps = (self._rows[name].gap(start, end) for name in sorted(positive(term)))
        return next((gap for gap in gaps if gap is not None), None)

    def _without(self, first: Result, second: Term, length: timedelta | None) -> Result:
        if not first.holds:
            return Result(first.state if first.state != CURED else ABSENT, missing=first.missing)
        other = self.of(second)
        alone: list[Occurrence] = []
        missing: list[Missing] = []
        future = Future(other.occurrences, self._order)
        for a in first.occurrences:
            came = future.comes(a.end, length)
            if came == CERTAIN:
                continue
            gap = self._gap_after(second, a.end, length)
            if came or gap:
                missing.append(gap or Missing(_source(other), "whether it came after or before cannot be told"))
            else:
                alone.append(a)
        if alone:
            return Result(PRESENT, tuple(alone), rests=True)
        return Result(UNKNOWN, missing=tuple(missing)) if missing else Result(ABSENT)

    def _no_later(self, first: Result, second: Term) -> Result:
        if not first.holds:
            return Result(first.state if first.state != CURED else ABSENT, missing=first.missing)
        other = self.of(second)
        last = max(first.occurrences, key=lambda o: self._order.key(o.end))
        came = Future(other.occurrences, self._order).comes(last.end, None)
        if came == CERTAIN:
            return Result(CURED, first.occurrences)
        gap = self._gap_after(second, last.end, None)
        if came or gap:
            missing = gap or Missing(_source(other), "whether it came after or before cannot be told")
            return Result(UNKNOWN, missing=(missing,))
        return Result(PRESENT, first.occurrences, rests=True)

    def _still(self, part: Term, result: Result, second: Term, least: timedelta) -> Result:
        """Return what has lasted that long since `second` came last: what came before it was over."""
        if not result.holds:
            return result
        future = Future(self.of(second).occurrences, self._order)
        over: list[Occurrence] = []
        fresh: list[Occurrence] = []
        for a in result.occurrences:
            (over if future.comes(a.end, None) == CERTAIN else fresh).append(a)
        if found := lasting(self._order, tuple(fresh), least):
            return replace(result, occurrences=found)
        if over and lasting(self._order, tuple(over), least):
            return Result(CURED, tuple(over))
        gap = self._unseen(part)
        return Result(UNKNOWN, missing=(gap,)) if gap else Result(ABSENT)

    def _gap_after(self, term: Term, a: Hit, length: timedelta | None) -> Missing | None:
        """Return why what `term` looks for may have come in the window after a unseen."""
        start = self._order.earliest(a)
        end = None if length is None else self._order.latest(a) + us(length)
        for name in pieces(term):
            rows = self._rows[name]
            if self._maybe(name).comes(a, length):
                return Missing(rows.maybe[0].source, UNSAID)
            if rows.undecided is not None and not rows.sure:
                return rows.undecided
            gap = rows.gap(start, end)
            if gap is not None and length is None and a.earliest is None and gap.source == a.source:
                gap = rows.gap(self._order.latest(a), None)  # nothing dates a; its own log goes on after it
            if gap is not None:
                return gap
        return None

    def _maybe(self, name: str) -> Future:
        """Return the rows of a piece that may be about the subject."""
        if name not in self._futures:
            self._futures[name] = Future((o for hit in self._rows[name].maybe for o in moments(hit)), self._order)
        return self._futures[name]

    # ---- repetition

    def _repeated(
        self, part: Result, term: Term, kept: Callable[[tuple[Occurrence, ...]], tuple[Occurrence, ...]]
    ) -> Result:
        if not part.holds:
            return part if part.state != CURED else Result(ABSENT)
        found = kept(part.occurrences)
        if found:
            return replace(part, occurrences=found)
        gap = self._unseen(term)
        return Result(UNKNOWN, missing=(gap,)) if gap else Result(ABSENT)

    def _together(self, term: Term, parts: list[Result], length: timedelta) -> Result:
        whole = self._and(parts)
        if not whole.holds:
            return whole
        windows = together(self._order, [p.occurrences for p in parts], length)
        if windows:
            return Result(PRESENT, windows, rests=whole.rests)
        gap = self._unseen(term)
        return Result(UNKNOWN, missing=(gap,)) if gap else Result(ABSENT)


def _merge(order: Order, parts: Iterable[Result]) -> tuple[Occurrence, ...]:
    return tuple(sorted((o for p in parts for o in p.occurrences), key=lambda o: order.key(o.end)))


def _windows(term: Term) -> int:
    """Return how many windows and orders are asked for: what it costs."""
    timed = isinstance(term, TEMPORAL) or (isinstance(term, AndTerm) and term.within is not None)
    return timed + sum(map(_windows, parts_of(term)))


def _missing(*parts: Result) -> tuple[Missing, ...]:
    return tuple(m for p in parts if p.state == UNKNOWN for m in p.missing)


def _source(result: Result) -> str:
    return result.occurrences[0].start.source if result.occurrences else ""
