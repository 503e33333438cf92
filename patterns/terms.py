"""The two little languages as trees: conditions on rows (`where`) and terms over evidence (`match`).

The grammars in `patterns/language.py` build these; the engine in `forensics/matching.py` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")

# ---- where: a condition on the rows of one source

Value = str | int | float | bool | timedelta | datetime


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a place inside one: `text`, `fields.error`, `raw.spec.replicas`, `raw.metadata.labels."a/b"`."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(part if _PLAIN.fullmatch(part) else f'"{part}"' for part in self.path)


@dataclass(frozen=True, slots=True)
class Test:
    """A column, a verb, and a value, a list of values or another column.

    Verbs: `= != < <= > >=`, `contains`, `contains any`, `matches`, `in`, `starts with`, `exists`.
    """

    column: Column
    verb: str
    value: Value | tuple[Value, ...] | Column | None


@dataclass(frozen=True, slots=True)
class Not:
    """Kleene's not."""

    part: Node


@dataclass(frozen=True, slots=True)
class All:
    """Kleene's and."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Kleene's or."""

    parts: tuple[Node, ...]


Node = Test | Not | All | Any

# ---- match: how pieces of evidence go together


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of one piece of evidence."""

    name: str


@dataclass(frozen=True, slots=True)
class NotTerm:
    """`not a`."""

    part: Term


@dataclass(frozen=True, slots=True)
class AndTerm:
    """`a and b`, with `within`: the two lie in one window of that length."""

    parts: tuple[Term, ...]
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class OrTerm:
    """`a or b`."""

    parts: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class SomeOf:
    """`2 of (a, b, c)`."""

    count: int
    parts: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Then:
    """`a then b within 5m`: each b with the last a before it."""

    first: Term
    second: Term
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class After:
    """`a after b`: an a that some b came before."""

    first: Term
    second: Term
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Without:
    """`a without b within 2m`: an a after which no b comes in that window."""

    first: Term
    second: Term
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NoLater:
    """`a with no later b`: after the last a no b comes."""

    first: Term
    second: Term


@dataclass(frozen=True, slots=True)
class Lasting:
    """`a for 1m`: the hits of a span at least that."""

    part: Term
    length: timedelta


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`at least 3 a within 5m`."""

    count: int
    part: Term
    within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Distinct:
    """`at least 2 distinct $namespace of a within 5m`."""

    count: int
    name: str
    part: Term
    within: timedelta | None = None


Term = Piece | NotTerm | AndTerm | OrTerm | SomeOf | Then | After | Without | NoLater | Lasting | AtLeast | Distinct


def parts(term: Term) -> tuple[Term, ...]:
    """Return the terms directly inside `term`."""
    match term:
        case Piece():
            return ()
        case NotTerm(part) | Lasting(part) | AtLeast(part=part) | Distinct(part=part):
            return (part,)
        case AndTerm(inner, _) | OrTerm(inner) | SomeOf(_, inner):
            return inner
        case Then(first, second) | After(first, second) | Without(first, second) | NoLater(first, second):
            return (first, second)


def pieces(term: Term) -> Iterator[str]:
    """Yield the name of every piece in `term`, in order, repeats included."""
    if isinstance(term, Piece):
        yield term.name
    for part in parts(term):
        yield from pieces(part)


def positive(term: Term) -> frozenset[str]:
    """Return the pieces whose presence can make `term` true: their names make the subject."""
    match term:
        case Piece(name):
            return frozenset((name,))
        case NotTerm():
            return frozenset()
        case Without(first, _) | NoLater(first, _):
            return positive(first)
        case _:
            return frozenset().union(*map(positive, parts(term)))


def sufficient(term: Term) -> frozenset[str]:
    """Return the pieces whose rows alone make `term` true, where there are enough of them and nothing else."""
    match term:
        case Piece(name):
            return frozenset((name,))
        case Without(first, _) | NoLater(first, _) | AtLeast(part=first) | Distinct(part=first) | Lasting(first):
            return sufficient(first)
        case OrTerm(inner) | SomeOf(1, inner):
            return frozenset().union(*map(sufficient, inner))
        case _:
            return frozenset()


_GROUP = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")


@dataclass(frozen=True)
class Condition:
    """A `where`, parsed.

    Attributes:
        root: the tree; itself never a Condition at the top of another tree.
        text: as written.
        literals: of which each row that fits holds at least one in `text`; empty where none are known, None where
            nobody has looked for them yet (`patterns.literals`).
    """

    root: Node
    text: str = ""
    literals: tuple[str, ...] | None = field(default=None, compare=False)

    def tests(self) -> Iterator[Test]:
        """Yield every test in it, in order."""
        yield from _tests(self.root)

    def groups(self) -> frozenset[str]:
        """Return the names bound by named groups in `matches`."""
        return self._groups

    @cached_property
    def _groups(self) -> frozenset[str]:
        values = (str(test.value) for test in self.tests() if test.verb == "matches")
        return frozenset(name for value in values for name in _GROUP.findall(value))


def _tests(node: Node) -> Iterator[Test]:
    match node:
        case Test():
            yield node
        case Not(part):
            yield from _tests(part)
        case All(inner) | Any(inner):
            for part in inner:
                yield from _tests(part)
