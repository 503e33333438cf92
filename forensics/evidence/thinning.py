"""Of which pieces the last rows of each thing say all: what no finding can come of need not be looked at whole."""

from collections.abc import Iterator, Mapping

from forensics.evidence.hits import LAST, SOME
from forensics.evidence.terms import TEMPORAL
from patterns.pattern import Pattern
from patterns.terms import AndTerm, NoLater, NotTerm, OrTerm, Piece, SomeOf, Term, Without, parts, pieces


def last_alone(pattern: Pattern, totals: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Yield the keys of pieces of which the last rows of each thing say all, with how many of them.

    These are endings, and all pieces where `match` cannot hold for want of a single row of something it needs. Of what
    stands in a window more is kept then: no finding can come of it, but whether it is absent or unknown may.
    """
    number = {name: totals.get(f"{pattern.id}:{name}", 0) for name in pattern.evidence}
    last = dict.fromkeys(endings(pattern.match), LAST)
    if not _may_hold(pattern.match, number):
        windowed = _windowed(pattern.match)
        last = {name: SOME if name in windowed else LAST for name in number} | last
    yield from ((f"{pattern.id}:{name}", most) for name, most in last.items())


def _windowed(term: Term) -> frozenset[str]:
    """Return the pieces in temporal terms."""
    if isinstance(term, TEMPORAL) or (isinstance(term, AndTerm) and term.within is not None):
        return frozenset(pieces(term))
    return frozenset().union(*map(_windowed, parts(term)))


def _may_hold(term: Term, number: Mapping[str, int]) -> bool:
    """Whether a term can hold, given how many rows each piece has."""
    match term:
        case Piece(name):
            return number[name] > 0
        case NotTerm():
            return True
        case OrTerm(some):
            return any(_may_hold(part, number) for part in some)
        case SomeOf(count, some):
            return sum(_may_hold(part, number) for part in some) >= count
        case Without(first) | NoLater(first):
            return _may_hold(first, number)
    return all(_may_hold(part, number) for part in parts(term))


def endings(term: Term) -> frozenset[str]:
    """Return the pieces that stand on the right of `with no later` alone, and nowhere else."""
    right, elsewhere = _sides(term)
    return right - elsewhere


def _sides(term: Term) -> tuple[frozenset[str], frozenset[str]]:
    """Return the pieces on the right of `with no later`, single ones or some joined by `or`; and all others."""
    if isinstance(term, Piece):
        return frozenset(), frozenset((term.name,))
    if isinstance(term, NoLater):
        second = term.second.parts if isinstance(term.second, OrTerm) else (term.second,)
        if all(isinstance(part, Piece) for part in second):
            right, others = _sides(term.first)
            return right | frozenset(pieces(term.second)), others
    sides = [_sides(part) for part in parts(term)]
    return frozenset().union(*(side[0] for side in sides)), frozenset().union(*(side[1] for side in sides))
