"""Conditions, rows and terms for Hypothesis. The columns are few, and of each kind at least one."""

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st

from patterns import terms
from patterns.terms import Column, Test

SOURCE = "k8s.event"  # text, a level, a truth, a number, times, JSON
TEXTS = ["", "a", "ab", "model iris failed", 'say "no"', "back\\slash", "x.y", "Ümlaut", "tab\there"]
WORDS = [text for text in TEXTS if text]
NUMBERS = [-1, 0, 1, 5]
TIMES = [datetime(2025, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
LEVELS = ["debug", "info", "error"]
REGEXES = [r"model (?<model>[^ ]+)", r"a+", r"^x\.y$", r'"no"', r"\\s", r"(?i)UML|b$", "."]
JSON = [
    '{"error":"a","n":5,"b":true,"deep":{"a/b":["x",1]}}', '{"n":"5","b":"false","error":"model iris failed"}',
    '{"n":null,"error":1.5,"deep":{"a/b":[]}}', '{"b":0,"n":-1}', "{}",
]  # fmt: skip
INSIDE = [
    Column(("fields", *path)) for path in (("error",), ("n",), ("b",), ("deep", "a/b", "0"), ("deep",), ("none",))
]
TEXT_COLUMNS = [Column((name,)) for name in ("text", "message", "pod", "reason")]


def _tests() -> st.SearchStrategy[Test]:
    ordered = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    same = st.sampled_from(["=", "!="])
    text, inside = st.sampled_from(TEXT_COLUMNS), st.sampled_from(INSIDE)
    number, time = Column(("count",)), st.sampled_from([Column(("time",)), Column(("first",))])
    words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Test, text | inside, st.sampled_from(["contains", "starts with"]), st.sampled_from(WORDS)),
        st.builds(Test, text | inside, st.just("contains any"), words),
        st.builds(Test, text | inside, st.just("matches"), st.sampled_from(REGEXES)),
        st.builds(Test, text | inside, same, st.sampled_from(TEXTS)),
        st.builds(Test, text | inside, st.just("in"), words),
        st.builds(Test, text | inside, same, text),
        st.builds(Test, st.just(number), ordered, st.sampled_from([*NUMBERS, 0.5])),
        st.builds(Test, st.just(number), st.just("in"), st.lists(st.sampled_from(NUMBERS), min_size=1).map(tuple)),
        st.builds(Test, inside, ordered, st.sampled_from([*NUMBERS, 1.5])),
        st.builds(Test, inside, ordered, st.just(number)),
        st.builds(Test, inside, same, st.booleans()),
        st.builds(Test, time, ordered, st.sampled_from(TIMES) | time),
        st.builds(
            Test, st.just(Column(("precision",))), ordered, st.sampled_from([timedelta(seconds=1), timedelta(0, 0, 5)])
        ),
        st.builds(Test, st.just(Column(("level",))), ordered, st.sampled_from(LEVELS)),
        st.builds(Test, st.just(Column(("level",))), st.just("in"), st.just(("info", "error"))),
        st.builds(Test, st.just(Column(("previous",))), same, st.booleans()),
        st.builds(Test, text | inside | st.just(number), st.just("exists"), st.none()),
    )


def _without_groups(node: terms.Node) -> bool:
    return not (isinstance(node, Test) and node.verb == "matches" and "(?<" in str(node.value)) and (
        _without_groups(node.part)
        if isinstance(node, terms.Not)
        else all(map(_without_groups, node.parts))
        if isinstance(node, terms.All | terms.Any)
        else True
    )


CONDITIONS: st.SearchStrategy[terms.Node] = st.recursive(
    _tests(),
    lambda inner: st.one_of(
        inner.filter(_without_groups).map(terms.Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: terms.All(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: terms.Any(tuple(parts))),
    ),
    max_leaves=6,
)

ROWS = st.fixed_dictionaries(
    {
        "text": st.none() | st.sampled_from(TEXTS),
        "message": st.none() | st.sampled_from(TEXTS),
        "pod": st.none() | st.sampled_from(TEXTS),
        "reason": st.none() | st.sampled_from(TEXTS),
        "fields": st.none() | st.sampled_from(JSON),
        "count": st.none() | st.sampled_from(NUMBERS),
        "time": st.none() | st.sampled_from(TIMES),
        "first": st.none() | st.sampled_from(TIMES),
        "precision": st.none() | st.sampled_from([timedelta(seconds=1), timedelta(microseconds=1)]),
        "level": st.none() | st.sampled_from(LEVELS),
        "previous": st.none() | st.booleans(),
    }
)

PIECES = ("dial", "subscribed", "alive", "note-2")
LENGTHS = st.sampled_from([timedelta(seconds=30), timedelta(minutes=5), timedelta(milliseconds=250), timedelta(days=2)])
WITHIN = st.none() | LENGTHS


def _happenings(inner: st.SearchStrategy[terms.Term]) -> st.SearchStrategy[terms.Term]:
    """What may stand inside a temporal term: no `not` below it."""
    pairs = [st.builds(kind, inner, inner, WITHIN) for kind in (terms.Then, terms.After, terms.Without)]
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        *pairs,
        st.builds(terms.NoLater, inner, inner),
        st.builds(terms.Lasting, inner, LENGTHS),
        st.builds(terms.AtLeast, st.integers(1, 9), inner, WITHIN),
        st.builds(terms.Distinct, st.integers(1, 9), st.sampled_from(["namespace", "pod"]), inner, WITHIN),
        st.builds(terms.AndTerm, several, WITHIN),
        st.builds(terms.OrTerm, several),
        st.builds(terms.SomeOf, st.integers(1, 2), several),
    )


HAPPENINGS: st.SearchStrategy[terms.Term] = st.recursive(
    st.sampled_from(PIECES).map(terms.Piece), _happenings, max_leaves=5
)
TERMS: st.SearchStrategy[terms.Term] = HAPPENINGS | st.builds(
    lambda a, b: terms.AndTerm((a, terms.NotTerm(b))), HAPPENINGS, HAPPENINGS
)
