r"""Join the rows of a pattern's pieces into subjects: what each finding is about.

A subject is one choice of what a row of each positive piece binds, all of which agree, and to which none of a piece
left out could be added. A row that stands in an anonymous file carries a token (`\0` and the member) instead of a
name: equal tokens are the same thing, a token against a name or another token is *assumed* to be the same where at
most one thing of that kind occurs in either source, and cannot be told otherwise.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from forensics.evidence.choices import Choices
from forensics.evidence.hits import Found, Hit
from patterns.pattern import Pattern
from patterns.terms import Distinct, Piece, Term, parts, positive

MOST = 4000  # subjects of one pattern; more are not told apart

Names = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows of a piece, as they stand to one subject."""

    sure: tuple[Hit, ...]
    maybe: tuple[Hit, ...]
    assumed: bool


def counted_names(term: Term, around: frozenset[str] = frozenset()) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the pieces inside of a `distinct` with the names counted there: they tell rows apart, not subjects."""
    if isinstance(term, Piece):
        if around:
            yield term.name, around
        return
    inside = around | {term.name} if isinstance(term, Distinct) else around
    for part in parts(term):
        yield from counted_names(part, inside)


class Joins:
    """How the pieces of one pattern are joined, over what they found in the whole bundle."""

    def __init__(
        self,
        pattern: Pattern,
        found: Mapping[str, Found],
        apart: Callable[[str, str], bool],
        successive: Callable[[str, str], bool] = lambda one, other: False,
    ) -> None:
        """Prepare the joins.

        Args:
            pattern: whose pieces are joined.
            found: what each piece found.
            apart: whether two members are surely logs of two processes that ran at the same time.
            successive: whether two members may be logs of one container's lives, one after the other.
        """
        self._apart = apart
        self._successive = successive
        self._found = found
        self._names = {name: piece.names for name, piece in pattern.evidence.items()}
        for name, counted in counted_names(pattern.match):
            self._names[name] -= counted
        makers = positive(pattern.match)
        self._makers = [name for name in pattern.evidence if name in makers]
        self._identities: dict[tuple[str, str], frozenset[str]] = {}
        self._groups: dict[str, list[tuple[Names, list[Hit]]]] = {}
        self._valued: dict[tuple[str, str], Mapping[str, list[int]]] = {}

    def subjects(self) -> list[dict[str, str | None]]:
        """Return the subjects the positive pieces make, in an order that depends on their names alone."""
        sets = {piece: found for piece in self._makers if (found := self._tuples(piece))}
        choices = Choices(sets, self._agree)
        merged: dict[tuple[tuple[str, str | None], ...], dict[str, str | None]] = {}
        for choice in choices.greatest(MOST):
            joined: dict[str, str | None] = {}
            for piece in sets:
                own = sets[piece][choice[piece]] if piece in choice else {}
                joined.update({k: v for k, v in own.items() if _better(v, joined.get(k))})
            merged[_key(joined)] = joined
        return [merged[key] for key in sorted(merged, key=repr)]

    def _tuples(self, piece: str) -> list[dict[str, str | None]]:
        return [dict(names) for names, _ in self._alike(piece)]

    def _agree(self, subject: Names, other: Names) -> bool:
        for name, value in other.items():
            own = subject.get(name)
            if own is None or value is None or own == value:
                continue
            if self._differ(own, value):
                return False
        return True

    def _differ(self, one: str, other: str) -> bool:
        """Whether two values that are not equal are surely two things."""
        if one.startswith("\0") and other.startswith("\0"):
            return self._apart(one[1:], other[1:])
        return not one.startswith("\0") and not other.startswith("\0")

    def rows(self, piece: str, subject: Names) -> Sorted:
        """Return the rows of `piece` that are about `subject`, surely or maybe."""
        names = [name for name in self._names[piece] if name in subject]
        sure: list[Hit] = []
        maybe: list[Hit] = []
        assumed = False
        said = {name: self._said_by_others(piece, name, subject) for name in names} if piece in self._makers else {}
        for bound, hits in self._near(piece, subject):
            verdict = self._stands(piece, bound, subject, said)
            if verdict == "no":
                continue
            if verdict == "maybe":
                maybe.extend(hits)
                continue
            assumed |= verdict == "assumed"
            sure.extend(hits)
        return Sorted(tuple(sure), tuple(maybe), assumed)

    def _alike(self, piece: str) -> list[tuple[Names, list[Hit]]]:
        """Return the rows of a piece, those together that bind the same values."""
        if piece not in self._groups:
            groups: dict[tuple[tuple[str, str | None], ...], list[Hit]] = defaultdict(list)
            for hit in self._found[piece].hits:
                groups[_key({k: v for k, v in hit.names.items() if k in self._names[piece]})].append(hit)
            self._groups[piece] = [(dict(key), hits) for key, hits in groups.items()]
        return self._groups[piece]

    def _near(self, piece: str, subject: Names) -> Iterator[tuple[Names, list[Hit]]]:
        """Yield the rows of a piece that may be about a subject, by what they bind: those that name another are not."""
        groups = self._alike(piece)
        places: Sequence[int] = range(len(groups))
        for name in self._names[piece]:
            wanted = subject.get(name)
            if wanted and not wanted.startswith("\0"):
                by_value = self._by_value(piece, name)
                if len(by_value.get(wanted, ())) + len(by_value[""]) < len(places):
                    places = sorted((*by_value.get(wanted, ()), *by_value[""]))
        return (groups[place] for place in places)

    def _by_value(self, piece: str, name: str) -> Mapping[str, list[int]]:
        """Return places of groups by what they call `name`; under "" those that do not say it."""
        if (piece, name) not in self._valued:
            values: dict[str, list[int]] = {"": []}
            for place, (bound, _) in enumerate(self._alike(piece)):
                value = bound.get(name) or ""
                values.setdefault("" if value.startswith("\0") else value, []).append(place)
            self._valued[piece, name] = values
        return self._valued[piece, name]

    def _stands(self, piece: str, bound: Names, subject: Names, said: Mapping[str, bool]) -> str:
        worst = "yes"
        for name in self._names[piece]:
            if name not in subject:
                continue  # no positive piece says which one: any will do
            value, wanted = bound.get(name), subject[name]
            if value == wanted and value is not None:
                continue
            if value and wanted and self._differ(value, wanted):
                return "no"
            if not said.get(name, True):
                if value != wanted:  # the piece alone says it: this is another subject
                    return "no"
                continue
            alone = self._one_of_a_kind(piece, name)
            worst = "maybe" if not alone or worst == "maybe" else "assumed"
        return worst

    def _said_by_others(self, piece: str, name: str, subject: Names) -> bool:
        """Whether another piece that makes subjects binds `name`, and has a row that may be about this one."""
        return any(
            other != piece
            and name in self._names[other]
            and any(self._agree(subject, names) for names, _ in self._near(other, subject))
            for other in self._makers
        )

    def _one_of_a_kind(self, piece: str, name: str) -> bool:
        """Whether at most one thing of a kind occurs, in the rows of a piece and in those that make subjects."""
        said: set[str] = set()
        for each in (piece, *self._makers):
            if name in self._names[each]:
                own = self._values(each, name)
                if len(own) > 1 and not self._lives_of_one(own):
                    return False
                said.update(value for value in own if not value.startswith("\0"))
        return len(said) <= 1

    def _lives_of_one(self, values: frozenset[str]) -> bool:
        """Whether anonymous files may hold the lives of one container: no two of them at the same time."""
        return all(value.startswith("\0") for value in values) and all(
            self._successive(one[1:], other[1:]) for one, other in combinations(sorted(values), 2)
        )

    def _values(self, piece: str, name: str) -> frozenset[str]:
        key = (piece, name)
        if key not in self._identities:
            self._identities[key] = frozenset(v for hit in self._found[piece].hits if (v := hit.names.get(name)))
        return self._identities[key]


def _better(value: str | None, own: str | None) -> bool:
    """Whether a value says more than what the subject has: a name beats a token, a token beats nothing."""
    if value is None:
        return own is None
    return own is None or (own.startswith("\0") and not value.startswith("\0"))


def _key(names: Names) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(names.items(), key=lambda item: item[0]))


def shown(subject: Names) -> dict[str, str]:
    """Return the names of a subject that can be shown: no tokens, no gaps."""
    return {name: value for name, value in sorted(subject.items()) if value and not value.startswith("\0")}
