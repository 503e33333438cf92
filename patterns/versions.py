"""Which versions of what a pattern applies to: `seldon-core >= 2.6, < 2.9; mlserver >= 1.4`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

PRODUCTS = (
    "seldon-core", "mlserver", "triton", "envoy", "kafka", "strimzi", "kubernetes", "istio", "rclone", "mlflow",
    "engine",
)  # fmt: skip

_TEST = re.compile(r"(>=|<=|!=|=|<|>)\s*(v?[0-9]+(?:\.[0-9]+)*(?:[-.+]?[a-z][0-9A-Za-z.-]*)?)")
_NUMBER = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison with a version."""

    product: str
    verb: str
    version: str


def parse_versions(text: str) -> tuple[Bound, ...]:
    """Return all bounds in `text`: products are separated by `;`, bounds of one product by `,`; all must hold.

    Raises:
        ValueError: with a sentence that says what was expected.
    """
    bounds: list[Bound] = []
    for clause in filter(None, (part.strip() for part in text.split(";"))):
        named = re.match(r"([a-z][a-z-]*)\s*(?=[<>=!])", clause)
        if not named or named[1] not in PRODUCTS:
            raise ValueError(f"`{clause}` should begin with one of {', '.join(PRODUCTS)}, then >= or <")
        for test in clause[named.end() :].split(","):
            found = _TEST.fullmatch(test.strip())
            if not found:
                raise ValueError(f"`{test.strip()}` is no bound such as `>= 2.6`")
            bounds.append(Bound(named[1], found[1], found[2]))
    return tuple(bounds)


def applies(text: str, known: Mapping[str, str]) -> bool:
    """Whether nothing known refutes `text`. A product whose version is not known, or not understood, refutes nothing.

    Args:
        text: a sound version condition, or nothing.
        known: product to version, as its component said it.
    """
    return all(bound.product not in known or _holds(bound, known[bound.product]) for bound in parse_versions(text))


def _holds(bound: Bound, version: str) -> bool:
    ours, theirs = order(version), order(bound.version)
    if ours is None or theirs is None:
        return True
    match bound.verb:
        case ">=":
            return ours >= theirs
        case ">":
            return ours > theirs
        case "<=":
            return ours <= theirs
        case "<":
            return ours < theirs
        case "=":
            return ours == theirs
        case _:
            return ours != theirs


def order(version: str) -> tuple[tuple[int, ...], int, str] | None:
    """Return what a version is compared by: its numbers, then a pre-release before the release; None if it is none.

    `2.9` and `2.9.0` are the same. What follows a `+` or begins like a build (`-1.el8`) does not count.
    """
    found = _NUMBER.fullmatch(version.strip())
    if not found:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    suffix = found[2].partition("+")[0].lstrip("-.~").lower()
    early = re.match(r"(?:dev|alpha|beta|rc|a|b|pre|snapshot)[0-9.-]*", suffix)
    return tuple(numbers), 0 if early else 1, _padded(early[0]) if early else ""


def _padded(suffix: str) -> str:
    return re.sub(r"[0-9]+", lambda digits: digits[0].zfill(6), suffix)
