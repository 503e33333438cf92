"""What can be said of a `match` without a bundle: whether it makes sense, and how it is written."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from parsers.schema import NAMES
from patterns.columns import nearest
from patterns.conditions import length
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
    parts,
)

RESERVED = frozenset("and or not of then after without with no later for within at least distinct".split())  # noqa: SIM905


def shown_term(term: Term) -> str:
    """Return a term as text that parses to the same term."""
    match term:
        case Piece(name):
            return name
        case NotTerm(part):
            return f"not {_tight(part)}"
        case AndTerm(inner, within):
            return " and ".join(map(_tight, inner)) + _window(within)
        case OrTerm(inner):
            return " or ".join(map(_tight, inner))
        case SomeOf(count, inner):
            return f"{count} of ({', '.join(map(shown_term, inner))})"
        case Then(first, second, within):
            return f"{_tight(first)} then {_tight(second)}{_window(within)}"
        case After(first, second, within):
            return f"{_tight(first)} after {_tight(second)}{_window(within)}"
        case Without(first, second, within):
            return f"{_tight(first)} without {_tight(second)}{_window(within)}"
        case NoLater(first, second):
            return f"{_tight(first)} with no later {_tight(second)}"
        case Lasting(part, span):
            return f"{_tight(part)} for {length(span)}"
        case AtLeast(count, part, within):
            return f"at least {count} {_tight(part)}{_window(within)}"
        case Distinct(count, name, part, within):
            return f"at least {count} distinct ${name} of {_tight(part)}{_window(within)}"


def _tight(term: Term) -> str:
    return shown_term(term) if isinstance(term, Piece) else f"({shown_term(term)})"


def _window(within: timedelta | None) -> str:
    return f" within {length(within)}" if within else ""


def improper(term: Term) -> Iterator[str]:
    """Yield what the grammar lets through and nothing can be made of."""
    if holds_of_nothing(term):
        yield "it would hold where no piece is present, and a finding needs a line to cite"
    yield from _unreasonable(term)


def _unreasonable(term: Term) -> Iterator[str]:
    match term:
        case SomeOf(count, inner) if not 1 <= count <= len(inner):
            yield f"{count} of {len(inner)} can never be"
        case AtLeast(count=0) | Distinct(count=0):
            yield "`at least 0` always holds"
        case Distinct(name=name) if name not in NAMES:
            yield f"`${name}` is not a name that can be bound{nearest(name, NAMES)}"
    if isinstance(term, Then | After | Without | NoLater | Lasting | AtLeast | Distinct) or _has_window(term):
        for part in parts(term):
            if any(isinstance(each, NotTerm) for each in _below(part)):
                yield "`not` says nothing of when: inside a temporal term use `without` or `with no later`"
                break
    for part in parts(term):
        yield from _unreasonable(part)


def _has_window(term: Term) -> bool:
    return isinstance(term, AndTerm) and term.within is not None


def _below(term: Term) -> Iterator[Term]:
    yield term
    for part in parts(term):
        yield from _below(part)


def holds_of_nothing(term: Term) -> bool:
    """Whether the term is true when every piece is absent: it then has nothing to cite."""
    match term:
        case NotTerm(part):
            return not holds_of_nothing(part)
        case AndTerm(inner, _):
            return all(map(holds_of_nothing, inner))
        case OrTerm(inner):
            return any(map(holds_of_nothing, inner))
        case SomeOf(count, inner):
            return sum(map(holds_of_nothing, inner)) >= count
        case _:
            return False


def default_match(required: Sequence[str]) -> Term:
    """Return what `match` means where it is not given: all required pieces."""
    return Piece(required[0]) if len(required) == 1 else AndTerm(tuple(map(Piece, required)))
