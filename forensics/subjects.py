r"""Join the rows of a pattern's pieces into subjects: what each finding is about.

A subject is one consistent choice of a value for every name that the positive pieces bind. A row that stands in an
anonymous file carries a token (`\0` and the member) instead of a name: equal tokens are the same thing, a token
against a name or another token is *assumed* to be the same where at most one thing of that kind occurs in either
source, and cannot be told otherwise.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from forensics.hits import Found, Hit
from patterns.pattern import Pattern
from patterns.terms import Distinct, Term, parts, positive

MOST = 4000  # subjects of one pattern; more are not told apart

Names = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows of a piece, as they stand to one subject."""

    sure: tuple[Hit, ...]
    maybe: tuple[Hit, ...]
    assumed: bool


def counted_names(term: Term) -> frozenset[str]:
    """Return the names that `distinct` counts: they tell rows apart, not subjects."""
    own = frozenset((term.name,)) if isinstance(term, Distinct) else frozenset()
    return own.union(*map(counted_names, parts(term)))


def counted_pieces(term: Term) -> frozenset[str]:
    """Return the pieces inside a `distinct`."""
    if isinstance(term, Distinct):
        return positive(term.part)
    return frozenset().union(*map(counted_pieces, parts(term)))


class Joins:
    """How the pieces of one pattern are joined, over what they found in the whole bundle."""

    def __init__(self, pattern: Pattern, found: Mapping[str, Found], apart: Callable[[str, str], bool]) -> None:
        """Prepare the joins.

        Args:
            pattern: whose pieces are joined.
            found: what each piece found.
            apart: whether two members are surely logs of two processes that ran at the same time.
        """
        self._pattern = pattern
        self._apart = apart
        self._found = found
        counted = counted_names(pattern.match)
        self._names = {
            name: piece.names - counted if name in counted_pieces(pattern.match) else piece.names
            for name, piece in pattern.evidence.items()
        }
        bound: dict[str, int] = defaultdict(int)
        for names in self._names.values():
            for name in names:
                bound[name] += 1
        self._joined = {name for name, pieces in bound.items() if pieces > 1}
        self._identities: dict[tuple[str, str], frozenset[str]] = {}
        self._groups: dict[str, list[tuple[Names, list[Hit]]]] = {}

    def subjects(self) -> list[dict[str, str | None]]:
        """Return the subjects the positive pieces make, in an order that depends on their names alone."""
        wanted = [name for name in self._pattern.evidence if name in positive(self._pattern.match)]
        subjects: dict[tuple[tuple[str, str | None], ...], dict[str, str | None]] = {(): {}}
        for piece in wanted:
            tuples = self._tuples(piece)
            if not tuples:
                continue
            merged: dict[tuple[tuple[str, str | None], ...], dict[str, str | None]] = {}
            for subject in subjects.values():
                fitting = [t for t in tuples if self._agree(subject, t)]
                for t in fitting or ({},):
                    joined = dict(subject)
                    joined.update({k: v for k, v in t.items() if _better(v, subject.get(k))})
                    merged[_key(joined)] = joined
                    if len(merged) >= MOST:
                        break
            taken = list(merged.values())
            for t in tuples:
                if not any(self._agree(s, t) for s in taken):
                    merged.setdefault(_key(t), dict(t))
            subjects = merged
        return [subjects[key] for key in sorted(subjects, key=repr)]

    def _tuples(self, piece: str) -> list[dict[str, str | None]]:
        names = self._names[piece]
        distinct = {_key({k: v for k, v in hit.names.items() if k in names}): None for hit in self._found[piece].hits}
        return [dict(key) for key in distinct]

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
        names = self._names[piece]
        sure: list[Hit] = []
        maybe: list[Hit] = []
        assumed = False
        for bound, hits in self._alike(piece):
            verdict = self._stands(piece, names, bound, subject)
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

    def _stands(self, piece: str, names: Iterable[str], bound: Names, subject: Names) -> str:
        worst = "yes"
        for name in names:
            value = bound.get(name)
            wanted = subject.get(name)
            if value == wanted and value is not None:
                continue
            if name not in subject and name not in self._joined:
                continue
            if name not in self._joined:
                if value != wanted:
                    return "no"
                continue
            if value and wanted and self._differ(value, wanted):
                return "no"
            if name not in subject:
                continue  # no positive piece says which one: any will do
            if self._single(piece, name) and self._single_elsewhere(piece, name):
                worst = "assumed" if worst == "yes" else worst
            else:
                worst = "maybe"
        return worst

    def _single(self, piece: str, name: str) -> bool:
        key = (piece, name)
        if key not in self._identities:
            self._identities[key] = frozenset(v for hit in self._found[piece].hits if (v := hit.names.get(name)))
        return len(self._identities[key]) <= 1

    def _single_elsewhere(self, piece: str, name: str) -> bool:
        return all(
            self._single(other, name)
            for other, names in self._names.items()
            if other != piece and name in names and other in positive(self._pattern.match)
        )


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
