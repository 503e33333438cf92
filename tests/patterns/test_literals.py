"""Literals nominate: none that fits may be missed."""

import warnings

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.schema import SOURCES
from patterns import regexes
from patterns.conditions import compile_where
from patterns.language import parse_where
from patterns.literals import alternation, condition_literals, nominators, required
from patterns.pattern import Library
from patterns.reading import load_pattern
from patterns.terms import Condition, Node
from tests.patterns.generated import CONDITIONS, ROWS, SOURCE

PARTS = st.sampled_from(
    ["abcd", "ef", "ä", "x", r"\.", r"\d", r"\w", r"\s", r"\S", r"\W", ".", "[xy]", "[^a]", r"[\w.-]", r"[^\s\"]",
     "[]a]",     r"\b", "^", "$", r"\(", "(?i:QR)", "(?<model>ab)", "(?P<pod>cd)", r"\\", "[[:alpha:]]", r"\x41",
     r"\x{e9}", r"[a[^\s]]", r"[^[:alpha:]\d]", "é"]
)  # fmt: skip
REGEXES = st.recursive(
    PARTS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda arms: f"(?:{'|'.join(arms)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "+?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)
TEXTS = st.lists(
    st.sampled_from(["abcd", "ef", "ab", "cd", "ä", "é", "x", "y", ".", "1", "٣", "_", " ", "\u00a0", "(",
                     "qr", "\\", '"', "A", "]", "a"]),
    max_size=8,
).map("".join)  # fmt: skip


def sound(regex: str) -> bool:
    return regexes.fault(regex) is None


@given(REGEXES.filter(sound), st.lists(TEXTS, min_size=1, max_size=12))
@settings(max_examples=200)
def test_every_match_holds_a_required_literal(regex: str, texts: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        literals = required(regex, least=1)
    found = pl.Series(texts).filter(pl.Series(texts).str.contains(regex)).to_list()

    assert not literals or all(any(literal in text for literal in literals) for text in found)


@given(st.lists(REGEXES.filter(sound), min_size=1, max_size=3), st.lists(TEXTS, min_size=1, max_size=12))
@settings(max_examples=200)
def test_an_alternation_finds_at_least_what_each_regex_finds(joined: list[str], texts: list[str]) -> None:
    rows = pl.DataFrame({"text": texts})
    single = pl.any_horizontal(pl.col("text").str.contains(regex) for regex in joined)

    assert rows.filter(single & ~pl.col("text").str.contains(alternation(joined))).is_empty()


@given(CONDITIONS, st.lists(ROWS, min_size=1, max_size=6))
@settings(max_examples=200)
def test_a_row_without_the_literals_is_decided_against(root: Node, rows: list[dict[str, object]]) -> None:
    condition = Condition(root)
    literals = condition_literals(condition, least=1)
    schema = SOURCES[SOURCE].schema
    frame = pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema).filter(
        pl.col("text").is_not_null()
    )

    if literals:
        others = frame.filter(~pl.any_horizontal(pl.col("text").str.contains(x, literal=True) for x in literals))
        assert others.select(fits=compile_where(condition, SOURCE))["fits"].to_list() == [False] * others.height


@pytest.mark.parametrize(
    ("regex", "literals"),
    [
        ("dial tcp [0-9.]+:9005: (?:i/o timeout|refused)", (":9005: i/o timeout", ":9005: refused")),
        ("Failed to schedule model (?<model>[^ ]+) .*no matching servers", ("Failed to schedule model ",)),
        ("(?i)no matching servers", ()),
        ("(?i:no matching) servers", (" servers",)),
        (r"\d+ .*", ()),
        ("abcd|efg", ()),
        ("(?:abcd)+x?", ("abcd",)),
        ("[[:alpha:]]bcde", ()),
        (r"\<word", ()),
        ("---- (?:begin|end)", ("---- begin", "---- end")),
        ("[+--]abcd", ()),
        (r"[\[\]]abcd", ("[abcd", "]abcd")),
    ],
)
def test_required_literals(regex: str, literals: tuple[str, ...]) -> None:
    assert required(regex) == literals


@pytest.mark.parametrize(
    ("where", "literals"),
    [
        ('text contains "abcd" and level = "error"', ("abcd",)),
        ('text contains "abcd" and text contains "longer one"', ("longer one",)),
        ('text contains "abcd" or text contains any ("efgh", "ijkl")', ("abcd", "efgh", "ijkl")),
        ('text contains "abcd" or level = "error"', ()),
        ('not text contains "abcd"', ()),
        ('message contains "abcd"', ()),
        ('text contains "abc"', ()),
    ],
)
def test_literals_of_a_condition(where: str, literals: tuple[str, ...]) -> None:
    assert condition_literals(parse_where(where, "log.agent")) == literals


def test_a_library_lists_what_nominates_for_each_source() -> None:
    text = """title = "x"
severity = "low"
role = "cause"
evidence.a = { from = "log.agent", where = 'text contains "abcd"' }
evidence.b = { from = "k8s.pod" }
"""
    library = Library({"x/y": load_pattern(text, "x/y", "y.toml")}, "")

    found = nominators(library)
    assert {source: [(n.evidence, n.literals) for n in pieces] for source, pieces in found.items()} == {
        "k8s.pod": [("b", ())],
        "log.agent": [("a", ("abcd",))],
    }
