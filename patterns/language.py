"""The two grammars: `where` (which rows of one source) and `match` (how pieces of evidence go together).

What they mean is written in `patterns/README.md`. pyparsing is imported when the first text is parsed, since a
library that comes from the cache needs no grammar.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING
from typing import Any as Anything

from patterns.columns import columns_of, nearest
from patterns.conditions import bindings, check, compile_where, in_words, negated_groups
from patterns.grammar import LENGTH, NOWHERE, At, Place, joined, length_read, parse_length, read
from patterns.literals import literals_of
from patterns.matches import RESERVED, improper
from patterns.pattern import PatternError
from patterns.terms import (
    After,
    All,
    AndTerm,
    Any,
    AtLeast,
    Column,
    Condition,
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
    Test,
    Then,
    Without,
)

if TYPE_CHECKING:
    import pyparsing as pp

_WINDOWS = "then, after, without and with no later"


def parse_where(text: str, source: str, *, at: Place = NOWHERE) -> Condition:
    """Return the condition `text` on the rows of `source`.

    Raises:
        PatternError: with every mistake in it: place, a marker, and what would be right.
    """
    if columns_of(source) is None:
        raise PatternError(at.mistake(text, 0, f"there is no source `{source}`"))
    tree = read(text, _where, at)
    mistakes: list[str] = []
    root = _checked(tree, source, text, at, mistakes)
    mistakes += [
        at.mistake(text, max(text.find(str(test.value)), 0), "a named group under `not` binds nothing; use (?:...)")
        for test in (() if mistakes else negated_groups(root))
    ]
    if mistakes:
        raise PatternError("\n".join(mistakes))
    return Condition(root, text, literals_of(root))


def parse_match(text: str, pieces: Collection[str], *, at: Place = NOWHERE) -> Term:
    """Return how the evidence named `pieces` goes together, as `text` says.

    Raises:
        PatternError: with every mistake in it: place, a marker, and what would be right.
    """
    term, places = _unplaced(read(text, _match, at))
    mistakes = [
        at.mistake(text, offset, f"there is no evidence `{name}`{nearest(name, pieces)}")
        for offset, name in places
        if name not in pieces
    ]
    mistakes += [at.mistake(text, 0, sentence) for sentence in improper(term)]
    if mistakes:
        raise PatternError("\n".join(mistakes))
    return term


def parse_column(text: str) -> Column | None:
    """Return the column that `text` names; None if it is not written as one."""
    found = re.fullmatch(_COLUMN, text)
    return Column(_path(text)) if found else None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A test with the offsets of its column and its value."""

    column: At
    verb: str
    value: At


# ---- where

_PART = r'(?:[A-Za-z0-9_][A-Za-z0-9_-]*|"[^"\'\\\[\]\n]+")'
_COLUMN = (
    r"(?!(?:and|or|not|true|false|contains|matches|in|starts|exists)\b)[A-Za-z_][A-Za-z0-9_]*(?:\." + _PART + r")*"
)


def _path(text: str) -> tuple[str, ...]:
    return tuple(part.strip('"') for part in re.findall(r'"[^"]*"|[^."]+', text))


@cache
def _where() -> "pp.ParserElement":
    import pyparsing as pp

    def located(make: Anything) -> Anything:
        return lambda _, offset, tokens: At(offset, make(tokens[0]))

    def word(*words: str) -> pp.ParserElement:
        return pp.And([pp.Keyword(each) for each in words]).add_parse_action(lambda: " ".join(words))

    left, right, comma = map(pp.Suppress, "(),")
    column = pp.Regex(_COLUMN).add_parse_action(located(lambda text: Column(_path(text)))).set_name("a column")
    text = pp.QuotedString('"', esc_quote='\\"', convert_whitespace_escapes=False, multiline=False)
    string = text.add_parse_action(located(str)).set_name("text in double quotes")
    span = pp.Regex(LENGTH).add_parse_action(located(length_read))
    number = pp.Regex(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.])").add_parse_action(located(_number))
    truth = pp.Regex(r"(?:true|false)\b").add_parse_action(located("true".__eq__))
    value = (string | span | number | truth).set_name("a value: text in double quotes, a number, true or false, or 30s")
    operand = (value | column).set_name("a value (text in double quotes, a number, true, false, 30s) or a column")
    items = (left - value + pp.ZeroOrMore(comma - value) + right).set_name('a list such as ("a", "b")')
    listed = items.add_parse_action(lambda _, offset, tokens: At(offset, tuple(each.value for each in tokens)))
    strings = (left - string + pp.ZeroOrMore(comma - string) + right).set_name('a list such as ("a", "b")')
    alternatives = strings.add_parse_action(lambda _, offset, tokens: At(offset, tuple(each.value for each in tokens)))
    verb = (
        (pp.Regex(r"!=|<=|>=|=(?!=)|<|>") - operand)
        | (word("contains", "any") - alternatives)
        | (word("contains") - string)
        | (word("matches") - string)
        | (word("starts", "with") - string)
        | (word("in") - listed)
        | word("exists")
    ).set_name("a verb: = != < <= > >=, contains, contains any, matches, in, starts with, exists")

    def test(_: str, offset: int, tokens: "pp.ParseResults") -> _Placed:
        column, verb, *rest = tokens
        return _Placed(column, verb, rest[0] if rest else At(offset, None))

    condition = pp.Forward()
    single = (column - verb).add_parse_action(test)
    atom = (left - condition - right) | single.set_name("a column")
    negation = pp.Forward()
    denied = (pp.Keyword("not").suppress() - negation).add_parse_action(lambda tokens: Not(tokens[0]))
    negation <<= (denied | atom).set_name("a column, `not` or a parenthesis")
    both = (negation + pp.ZeroOrMore(pp.Keyword("and").suppress() - negation)).add_parse_action(joined(All))
    condition <<= (both + pp.ZeroOrMore(pp.Keyword("or").suppress() - both)).add_parse_action(joined(Any))
    return condition.parse_with_tabs()


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else float(text)


def _checked(node: Anything, source: str, text: str, at: Place, mistakes: list[str]) -> Node:
    """Return the tree without its places, and add what is wrong with its tests to `mistakes`."""
    match node:
        case Not(part):
            return Not(_checked(part, source, text, at, mistakes))
        case All(inner):
            return All(tuple(_checked(part, source, text, at, mistakes) for part in inner))
        case Any(inner):
            return Any(tuple(_checked(part, source, text, at, mistakes) for part in inner))
        case _:
            test, faults = check(Test(node.column.value, node.verb, node.value.value), source)
            for of_value, into, sentence in faults:
                place = node.value.offset if of_value else node.column.offset
                mistakes.append(at.mistake(text, place + into, sentence))
            return test


# ---- match


@cache
def _match() -> "pp.ParserElement":
    import pyparsing as pp

    def word(*words: str) -> pp.ParserElement:
        return pp.And([pp.Keyword(each).suppress() for each in words])

    def stop(sentence: str) -> Anything:
        def action(text: str, offset: int, _: Anything) -> None:
            raise pp.ParseFatalException(text, offset, sentence)

        return action

    def counted(text: str, offset: int, tokens: Anything) -> int:
        if len(tokens[0]) > 6:
            raise pp.ParseFatalException(text, offset, f"{tokens[0]} is too many; at most 999999")
        return int(tokens[0])

    left, right, comma = map(pp.Suppress, "(),")
    inner = "a piece of evidence, `N of (...)`, `at least N` or a parenthesis"
    start = "a piece of evidence, `not`, `N of (...)`, `at least N` or a parenthesis"
    term = pp.Forward()
    reserved = "|".join(sorted(RESERVED))
    name = pp.Regex(rf"(?!(?:{reserved})\b)[A-Za-z_][A-Za-z0-9_-]*").set_name("the name of a piece of evidence")
    piece = name.copy().add_parse_action(lambda _, offset, tokens: At(offset, Piece(tokens[0])))
    count = pp.Regex(r"[0-9]+(?![A-Za-z0-9_])").add_parse_action(counted).set_name("a number")
    span = pp.Regex(LENGTH).add_parse_action(lambda tokens: length_read(tokens[0])).set_name("a length such as 5m")
    within = pp.Optional(word("within") - span, default=None)
    group = left - term - right
    atom = (group | piece).set_name(inner)
    some = (count + word("of") - left - term - pp.ZeroOrMore(comma - term) - right).add_parse_action(
        lambda tokens: SomeOf(tokens[0], tuple(tokens[1:]))
    )
    bound = pp.Regex(r"\$[a-z]+").add_parse_action(lambda tokens: tokens[0][1:]).set_name("a name such as $namespace")
    distinct = (word("distinct") - bound - word("of") - atom - within).add_parse_action(
        lambda tokens: Distinct(0, tokens[0], tokens[1], tokens[2])
    )
    hits = (atom + within).add_parse_action(lambda tokens: AtLeast(0, tokens[0], tokens[1]))
    several = (distinct | hits).set_name("a piece of evidence or `distinct $name of`")
    least = (word("at", "least") - count - several).add_parse_action(lambda tokens: replace(tokens[1], count=tokens[0]))
    lasting = (atom + pp.Optional(word("for") - span)).add_parse_action(
        lambda tokens: Lasting(tokens[0], tokens[1]) if len(tokens) > 1 else tokens[0]
    )
    tight = (some | least | lasting).set_name(inner)
    tails = [
        (word(verb) - tight - within).add_parse_action(_tail(kind))
        for verb, kind in (("then", Then), ("after", After), ("without", Without))
    ]
    later = (word("with", "no", "later") - tight).add_parse_action(_tail(NoLater))
    another = pp.Regex(r"(?:then|after|without|with)\b").add_parse_action(
        stop(f"of {_WINDOWS}, two need parentheses: (a then b) then c")
    )
    idle = pp.Regex(r"within\b").add_parse_action(stop("`with no later` looks to the end and takes no `within`"))
    temporal = (
        tight + pp.Optional((pp.MatchFirst(tails) | (later + pp.Optional(idle))) + pp.Optional(another))
    ).add_parse_action(lambda tokens: tokens[1].after(tokens[0]) if len(tokens) > 1 else tokens[0])
    negation = pp.Forward()
    denied = (word("not") - negation).add_parse_action(lambda tokens: NotTerm(tokens[0]))
    negation <<= (denied | temporal).set_name(start)
    both = (negation + pp.ZeroOrMore(word("and") - negation) + within).add_parse_action(_windowed)
    term <<= (both + pp.ZeroOrMore(word("or") - both)).add_parse_action(joined(OrTerm))
    return term.parse_with_tabs()


@dataclass(frozen=True, slots=True)
class _Tail:
    """What follows the first part of a temporal term."""

    kind: Anything
    rest: tuple[Anything, ...]

    def after(self, first: Anything) -> Anything:
        return self.kind(first, *self.rest)


def _tail(kind: Anything) -> Anything:
    return lambda tokens: _Tail(kind, tuple(tokens))


def _windowed(text: str, offset: int, tokens: "pp.ParseResults") -> Anything:
    import pyparsing as pp

    *inner, within = tokens
    if len(inner) == 1:
        if within is not None:
            raise pp.ParseFatalException(text, offset, "`within` needs two: `a and b within 5m`, `a then b within 5m`")
        return inner[0]
    if within is not None and any(isinstance(part, NotTerm) for part in inner):
        sentence = "a window of what did not come: write `(a and b within 5m) and not c`, or `a without c within 5m`"
        raise pp.ParseFatalException(text, offset, sentence)
    return AndTerm(tuple(inner), within)


def _unplaced(node: Anything) -> tuple[Term, list[tuple[int, str]]]:
    """Return the term without places, and each piece's name with its offset."""
    places: list[tuple[int, str]] = []

    def plain(node: Anything) -> Anything:
        match node:
            case At(offset, Piece(name)):
                places.append((offset, name))
                return node.value
            case NotTerm(part) | Lasting(part) | AtLeast(part=part) | Distinct(part=part):
                return replace(node, part=plain(part))
            case AndTerm(inner) | OrTerm(inner) | SomeOf(_, inner):
                return replace(node, parts=tuple(map(plain, inner)))
            case _:
                return replace(node, first=plain(node.first), second=plain(node.second))

    return plain(node), places


__all__ = [
    "Place",
    "bindings",
    "compile_where",
    "in_words",
    "parse_column",
    "parse_length",
    "parse_match",
    "parse_where",
]
