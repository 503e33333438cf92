"""Every greatest choice of one set of names from each piece, all of which agree: the full outer join of the pieces."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, islice

Names = Mapping[str, str | None]
Choice = Mapping[str, int]  # piece to the position of its set


class Choices:
    """Sets of names by piece, and which of them agree."""

    def __init__(self, sets: Mapping[str, Sequence[Names]], agree: Callable[[Names, Names], bool]) -> None:
        """Note which sets agree.

        Args:
            sets: what the rows of each piece bind, each once.
            agree: whether two sets may be about the same thing.
        """
        self._sets = sets
        self._agree = agree
        self._masks: dict[tuple[str, str], list[int]] = {}

    def greatest(self, most: int) -> list[Choice]:
        """Return the choices to which nothing could be added; `most` at most, or a bundle could ask for all memory."""
        found: list[tuple[tuple[str, int], ...]] = [()]
        done: list[str] = []
        for piece, own in self._sets.items():
            whole = (1 << len(own)) - 1
            grown: dict[tuple[tuple[str, int], ...], None] = {}
            added: dict[tuple[tuple[str, int], ...], int] = {}  # sets each part of a choice was joined with already
            fitting = {choice: self._fitting(choice, piece, whole) for choice in found}
            for choice, joining in fitting.items():
                if not joining:
                    grown[choice] = None
                grown.update(((*choice, (piece, place)), None) for place in _bits(joining))
            done.append(piece)
            for choice in found:
                if len(grown) >= most:
                    break
                for part, joining in self._parts(choice, piece, whole & ~fitting[choice]):
                    new = joining & ~added.get(part, 0)
                    added[part] = added.get(part, 0) | new
                    parts = ((*part, (piece, place)) for place in _bits(new))
                    grown.update((each, None) for each in parts if not self._could_grow(each, done))
            found = list(islice(grown, most))
        return [dict(choice) for choice in found]

    def _parts(
        self, choice: tuple[tuple[str, int], ...], piece: str, left: int
    ) -> Iterator[tuple[tuple[tuple[str, int], ...], int]]:
        """Yield parts of a choice, the greatest first, each with those sets of `piece` in `left` that agree with it."""
        for size in range(len(choice) - 1, -1, -1):
            if not left:
                return
            for part in combinations(choice, size):
                joining = self._fitting(part, piece, left)
                if joining:
                    yield part, joining

    def _fitting(self, choice: Sequence[tuple[str, int]], piece: str, whole: int) -> int:
        for other, place in choice:
            whole &= self._mask(other, piece)[place]
        return whole

    def _could_grow(self, choice: Sequence[tuple[str, int]], done: Sequence[str]) -> bool:
        chosen = {piece for piece, _ in choice}
        return any(
            self._fitting(choice, piece, (1 << len(self._sets[piece])) - 1) for piece in done if piece not in chosen
        )

    def _mask(self, one: str, other: str) -> list[int]:
        """Return, for each set of `one`, those of `other` that agree with it, as bits."""
        if (one, other) not in self._masks:
            # Only names of both count, and few values of them differ: these are compared once.
            both = sorted({n for names in self._sets[one] for n in names} & {n for s in self._sets[other] for n in s})
            mine = [tuple((n, names.get(n)) for n in both) for names in self._sets[one]]
            theirs: dict[tuple[tuple[str, str | None], ...], int] = {}
            for place, names in enumerate(self._sets[other]):
                key = tuple((n, names.get(n)) for n in both)
                theirs[key] = theirs.get(key, 0) | 1 << place
            bits: dict[tuple[tuple[str, str | None], ...], int] = {}
            vague = [key for key in theirs if not _plain(key)]
            for key in dict.fromkeys(mine):
                compared = [*vague, key] if _plain(key) else list(theirs)
                bits[key] = sum(
                    theirs[k] for k in dict.fromkeys(compared) if k in theirs and self._agree(dict(key), dict(k))
                )
            self._masks[one, other] = [bits[key] for key in mine]
        return self._masks[one, other]


def _plain(key: Sequence[tuple[str, str | None]]) -> bool:
    """Whether all is said by name, so that only the same agrees with it."""
    return all(value is not None and not value.startswith("\0") for _, value in key)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
