"""Both grammars: what they read, what they refuse, and in which words."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from patterns.conditions import shown
from patterns.grammar import DEEPEST, Place
from patterns.language import parse_column, parse_length, parse_match, parse_where
from patterns.matches import RESERVED, default_match, shown_term
from patterns.pattern import PatternError
from patterns.terms import (
    After,
    All,
    AndTerm,
    Any,
    AtLeast,
    Column,
    Distinct,
    Lasting,
    Node,
    NoLater,
    Not,
    NotTerm,
    OrTerm,
    Piece,
    SomeOf,
    Term,
    Then,
    Without,
)  # fmt: skip
from patterns.terms import Test as Single
from tests.patterns.generated import CONDITIONS, PIECES, SOURCE, TERMS

A, B, C = Piece("a"), Piece("b"), Piece("c")
MINUTE = timedelta(minutes=1)


def where(text: str, source: str = "log.agent") -> Node:
    return parse_where(text, source).root


def refused(text: str, source: str = "log.agent") -> str:
    with pytest.raises(PatternError) as caught:
        parse_where(text, source, at=Place("x.toml", 12, 10, "evidence.a.where"))
    return str(caught.value)


def match_refused(text: str) -> str:
    with pytest.raises(PatternError) as caught:
        parse_match(text, ("a", "b", "c"), at=Place("x.toml", 3, 10, "match"))
    return str(caught.value)


# ---- where


@given(CONDITIONS)
@settings(max_examples=200)
def test_a_condition_printed_and_parsed_is_the_same(root: Node) -> None:
    assert where(shown(root), SOURCE) == root


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'text contains "a\nb"', r"a\nb"),
        (r'text contains "say \"no\""', 'say "no"'),
        ('text contains "a\tb"', "a\tb"),
        ('text contains "  two  "', "  two  "),
        (r'text matches "\x{80}+[\[]+[^]+]+\p{L}+a+?b{2}?(?:x+)+"', r"\x{80}+[\[]+[^]+]+\p{L}+a+?b{2}?(?:x+)+"),
        (r'text matches "\d+\s\\x[\\]"', r"\d+\s\\x[\\]"),
        ('text contains "it\'s"', "it's"),
        ('text contains "Ümlaut → x"', "Ümlaut → x"),
    ],
)
def test_text_is_read_as_it_is_written(text: str, value: str) -> None:
    assert where(text) == Single(Column(("text",)), text.split()[1], value)


def test_not_binds_tighter_than_and_and_and_than_or() -> None:
    tests = [Single(Column(("pod",)), "=", letter) for letter in "abc"]

    assert where('not pod = "a" and pod = "b" or pod = "c"') == Any((All((Not(tests[0]), tests[1])), tests[2]))
    assert where('not (pod = "a" and (pod = "b" or pod = "c"))') == Not(All((tests[0], Any((tests[1], tests[2])))))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("status = 503", 503),
        ("status = -1", -1),
        ("duration > 1m30s", timedelta(seconds=90)),
        ("duration > 250ms", timedelta(milliseconds=250)),
        ("previous = false", False),
        ("bytes_in < bytes_out", Column(("bytes_out",))),
        ("fields.x > 1.5e3", 1500.0),
        ("status in (502, 503)", (502, 503)),
        ('time >= "2025-03-04T11:15:30+01:00"', datetime(2025, 3, 4, 10, 15, 30, tzinfo=UTC)),
        ("model exists", None),
    ],
)
def test_values_are_read_as_their_column_holds_them(text: str, value: object) -> None:
    node = where(text, "log.envoy_access")

    assert isinstance(node, Single)
    assert (node.value, type(node.value)) == (value, type(value))


def test_a_path_goes_into_json() -> None:
    node = where('raw.metadata.labels."app.kubernetes.io/name" = "x" and raw.spec.containers.0.image exists', "k8s.pod")

    assert isinstance(node, All)
    assert [test.column.path for test in node.parts if isinstance(test, Single)] == [
        ("raw", "metadata", "labels", "app.kubernetes.io/name"),
        ("raw", "spec", "containers", "0", "image"),
    ]


@pytest.mark.parametrize(
    ("text", "source", "says", "under"),
    [
        ('messag contains "x"', "log.agent", "has no column `messag`; did you mean `message`?", "messag"),
        ('text says "x"', "log.agent", "expected a verb: = !=", "says"),
        ("text contains", "log.agent", "expected text in double quotes", ""),
        ("text contains 5", "log.agent", "expected text in double quotes", "5"),
        ("text contains 'x'", "log.agent", "expected text in double quotes", "'x'"),
        ('text contains "x', "log.agent", "expected text in double quotes", '"x'),
        ('text == "x"', "log.agent", "expected a verb", "== "),
        ('text = "a" text = "b"', "log.agent", "expected `and`, `or` or the end", "text = \"b"),
        ('(text = "a"', "log.agent", "expected ')'", ""),
        ("", "log.agent", "expected a column, `not` or a parenthesis", ""),
        ('text = "a" and', "log.agent", "expected a column, `not` or a parenthesis", ""),
        ("restarts > \"3\"", "k8s.pod", '`restarts` holds a number, not "3"', '"3"'),
        ("name = 3", "k8s.pod", "`name` holds text in double quotes, not 3", "3"),
        ("name in (\"a\", 3)", "k8s.pod", "`name` holds text in double quotes, not 3", "("),
        ('name > "a"', "k8s.pod", "which has no order", "name"),
        ('restarts contains "3"', "k8s.pod", "`restarts` holds a number; `contains` asks for text", "restarts"),
        ("is_ready = 1", "k8s.pod", "`is_ready` holds true or false, not 1", "1"),
        ('level = "warn"', "log.agent", '`level` is never "warn"; did you mean `warning`?', '"warn"'),
        ('created < "2025-01-01T00:00:00"', "k8s.pod", "has no zone; write 2025-01-01T00:00:00Z", '"2025'),
        ('created < "yesterday"', "k8s.pod", "is no time; write 2025-03-04T10:15:30Z", '"yester'),
        ("created < 5m", "k8s.pod", "`created` holds a time such as", "5m"),
        ("duration > 5", "log.envoy_access", "`duration` holds a duration such as 30s, not 5", "5"),
        ("status = 99999999999999999999", "log.envoy_access", "is too big a number", "999"),
        ("fields.a < \"x\"", "log.agent", "asks for a number", '"x"'),
        ("restarts = name", "k8s.pod", "`restarts` holds a number, `name` text", "name"),
        ("name = nme", "k8s.pod", "has no column `nme`; did you mean `name`?; text stands in double quotes", "nme"),
        ("text.error = \"x\"", "log.agent", "`text` has nothing inside; only fields has", "text"),
        ('route = "unknown"', "state.model", "`unknown` counts as null", '"unknown"'),
        ('state != "unknown"', "net.path", "`unknown` counts as null", '"unknown"'),
        ('text contains ""', "log.agent", "holds for every row", '""'),
        ('text matches "a(?=b)"', "log.agent", "look-around is not supported", "(?="),
        (r'text matches "(a)\1"', "log.agent", "back-references are not supported", r"\1"),
        ('text matches "ab++"', "log.agent", "`++` means something else here", "+\""),
        ('text matches "a{2}{3}"', "log.agent", "`{2}{3}` means something else here", "{3}"),
        ('text matches "x[a"', "log.agent", "unclosed character class", "[a"),
        ('text matches "(?:a{999}){999}"', "log.agent", "too big once compiled", "(?:"),
        ('text matches "(?<modl>x)"', "log.agent", "`modl` is not a name that can be bound; did you mean", "<modl"),
        ('not text matches "(?<model>x)"', "log.agent", "a named group under `not` binds nothing", "(?<"),
        (r'text matches "\(?<model>x"', "log.agent", "reads like a named group", r'"\(?'),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_where_it_is(text: str, source: str, says: str, under: str) -> None:
    sentence, line, marker = refused(text, source).split("\n")

    assert says in sentence
    assert line[4:] == text
    offset = marker.index("^") - 4
    assert sentence.startswith(f"x.toml:12:{10 + offset}: evidence.a.where: ")
    assert text[offset:].startswith(under) or (under == "" and offset == len(text.rstrip()))


def test_all_mistakes_are_told_at_once() -> None:
    said = refused('messag = "x" and level = "warn" or text matches "(?=a)"')

    assert said.count("x.toml:12:") == 3


def test_a_mistake_in_a_later_line_says_which() -> None:
    assert refused('text = "a"\n  and tex = "b"').startswith("x.toml:13:7: ")


def test_an_unknown_source_is_refused() -> None:
    assert "there is no source `log.agnt`" in refused("x", "log.agnt")


def test_a_finding_has_names_and_an_order_of_severities() -> None:
    assert where('severity >= "high" and at_end = "ongoing" and model exists', "finding.network/x")
    assert "no order" in refused('at_end < "ended"', "finding.network/x")


@pytest.mark.parametrize("deep", [DEEPEST, DEEPEST + 1])
@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("not ", "")])
def test_nesting_is_capped(deep: int, opening: str, closing: str) -> None:
    text, limit = opening * deep + 'text = "a"' + closing * deep, sys.getrecursionlimit()

    if deep == DEEPEST:
        assert where(text)
    else:
        assert f"nested more than {DEEPEST} deep" in refused(text)
    assert sys.getrecursionlimit() == limit


def test_the_deepest_text_of_each_kind_can_be_parsed() -> None:
    assert where("not (" * 32 + 'pod = "a" and (' * 32 + 'pod = "b"' + ")" * 64)
    assert parse_match("(a and " * DEEPEST + "a" + ")" * DEEPEST, "a")


def test_parentheses_inside_text_do_not_nest() -> None:
    assert where('text contains "' + "(" * 100 + '"')


# ---- match


@given(TERMS)
@settings(max_examples=200)
def test_a_term_printed_and_parsed_is_the_same(term: Term) -> None:
    try:
        read = parse_match(shown_term(term), PIECES)
    except PatternError as error:
        # What Hypothesis makes may be refused for its sense, but never for how it was printed.
        assert "where no piece is present" in str(error)  # noqa: PT017
    else:
        assert read == term


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("a", A),
        ("a and b and c", AndTerm((A, B, C))),
        ("a or b and not c", OrTerm((A, AndTerm((B, NotTerm(C)))))),
        ("a and b within 1m", AndTerm((A, B), MINUTE)),
        ("a and b then c within 1m", AndTerm((A, Then(B, C, MINUTE)))),
        ("(a then b) and c within 1m", AndTerm((Then(A, B), C), MINUTE)),
        ("a or b and c within 1m", OrTerm((A, AndTerm((B, C), MINUTE)))),
        ("c and not a then b", AndTerm((C, NotTerm(Then(A, B))))),
        ("a after b within 1m", After(A, B, MINUTE)),
        ("a without b within 1m", Without(A, B, MINUTE)),
        ("a with no later b", NoLater(A, B)),
        ("a for 1m then b", Then(Lasting(A, MINUTE), B)),
        ("2 of (a, b or c, c)", SomeOf(2, (A, OrTerm((B, C)), C))),
        ("at least 3 a within 1m", AtLeast(3, A, MINUTE)),
        ("a then at least 3 b within 1m", Then(A, AtLeast(3, B, MINUTE))),
        ("at least 3 a then b within 1m", Then(AtLeast(3, A), B, MINUTE)),
        ("at least 2 distinct $namespace of a", Distinct(2, "namespace", A)),
        ("at least 2 distinct $pod of (a or b) within 1m", Distinct(2, "pod", OrTerm((A, B)), MINUTE)),
        ("((a with no later b) and c)", AndTerm((NoLater(A, B), C))),
    ],
)
def test_precedence(text: str, term: Term) -> None:
    assert parse_match(text, ("a", "b", "c")) == term


@pytest.mark.parametrize(
    ("text", "says", "under"),
    [
        ("a then b then c", "two need parentheses: (a then b) then c", "then c"),
        ("a without b with no later c", "two need parentheses", "with no later c"),
        ("a with no later b within 5m", "`with no later` looks to the end and takes no `within`", "within"),
        ("a within 5m", "`within` needs two", "a"),
        ("a and not b within 5m", "a window of what did not come", "a and"),
        ("a and", "expected a piece of evidence, `not`", ""),
        ("a then not b", "expected a piece of evidence", "not"),
        ("a then (not b)", "inside a temporal term use `without`", "a"),
        ("a b", "expected `and`, `or` or the end", "b"),
        ("q", "there is no evidence `q`", "q"),
        ("not a", "a finding needs a line to cite", "not"),
        ("a or not b", "a finding needs a line to cite", "a"),
        ("3 of (a, b)", "3 of 2 can never be", "3"),
        ("at least 0 a", "`at least 0` always holds", "at"),
        ("at least 2 distinct $modl of a", "`$modl` is not a name that can be bound; did you mean `model`?", "at"),
        ("at least 2 of (a, b)", "expected a piece of evidence or `distinct $name of`", "of"),
        ("a then b within 5", "expected a length such as 5m", "5"),
        ("a then b within 0s", "`0s` is no length of time", ""),
        ("", "expected a piece of evidence", ""),
    ],
)
def test_a_mistake_in_a_match_is_shown_where_it_is(text: str, says: str, under: str) -> None:
    sentence, line, marker = match_refused(text).split("\n")

    assert says in sentence
    assert line[4:] == text
    assert text[marker.index("^") - 4 :].startswith(under)


def test_words_of_the_language_are_no_names() -> None:
    for word in RESERVED:
        with pytest.raises(PatternError):
            parse_match(word, (word,))


def test_without_a_match_all_required_pieces_are_meant() -> None:
    assert default_match(["a"]) == A
    assert default_match(["a", "b"]) == AndTerm((A, B))


# ---- lengths and columns


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1m30s", 90), ("2d", 172_800), ("5", None), ("5 m", None), ("0s", None), ("", None)]
)  # fmt: skip
def test_lengths(text: str, seconds: int | None) -> None:
    assert parse_length(text) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "path"),
    [("pod", ("pod",)), ('fields."a.b".c', ("fields", "a.b", "c")), ("", None), ("a b", None), ("raw.", None),
     ("not", None)],
)  # fmt: skip
def test_columns(text: str, path: tuple[str, ...] | None) -> None:
    assert parse_column(text) == (None if path is None else Column(path))
