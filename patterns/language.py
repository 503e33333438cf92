"""The two grammars: `where` (which rows of one source) and `match` (how pieces of evidence go together).

What they mean is written in `patterns/README.md`. pyparsing is imported when the first text is parsed, since a
library that comes from the cache needs no grammar.
"""

import re
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING
from typing import Any as Anything

from parsers.schema import NAMES
from patterns.columns import columns_of, nearest
from patterns.conditions import bindings, check, compile_where, length, negated_groups, shown, told
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
    parts,
    pieces,
)  # fmt: skip

if TYPE_CHECKING:
    import pyparsing as pp

DEEPEST = 64  # nested parentheses and `not`s
LONGEST = 20_000  # characters of one text
RESERVED = frozenset(
    (
        "and",
        "or",
        "not",
        "of",
        "then",
        "after",
        "without",
        "with",
        "no",
        "later",
        "for",
        "within",
        "at",
        "least",
        "distinct",
    )
)
UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}  # microseconds

_LENGTH = r"(?:[0-9]+(?:us|ms|s|m|h|d))+(?![A-Za-z0-9_])"
_DEPTH = re.compile(r'"(?:\\"|[^"])*"|(?P<open>\()|(?P<shut>\))|\b(?P<word>\w+)\b')
_WINDOWS = "then, after, without and with no later"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands, so that an error can point into the file.

    Attributes:
        file: as the author knows it.
        line: of the text's first character, from 1.
        column: of the text's first character, from 1.
        key: what the text is the value of, such as `evidence.dial.where`.
    """

    file: str = ""
    line: int = 1
    column: int = 1
    key: str = ""

    def mistake(self, text: str, offset: int, sentence: str) -> str:
        """Return one mistake as its author reads it: file, line and column, sentence, and the line with a marker."""
        before = text[:offset]
        down, start = before.count("\n"), before.rfind("\n") + 1
        column = offset - start + (1 if down else self.column)
        line = text[start:].partition("\n")[0]
        shown_from = max(0, offset - start - 80)
        marker = " " * (offset - start - shown_from) + "^"
        key = f"{self.key}: " if self.key else ""
        return f"{self.file}:{self.line + down}:{column}: {key}{sentence}\n    {line[shown_from:][:160]}\n    {marker}"


@dataclass(frozen=True, slots=True)
class _At:
    """What the grammar read, and where in the text it stands."""

    offset: int
    value: Anything


@dataclass(frozen=True, slots=True)
class _Placed:
    """A test with the offsets of its column and its value."""

    column: _At
    verb: str
    value: _At


def parse_where(text: str, source: str, *, at: Place = Place()) -> Condition:
    """Return the condition `text` on the rows of `source`.

    Raises:
        PatternError: with every mistake in it: place, a marker, and what would be right.
    """
    if columns_of(source) is None:
        raise PatternError(at.mistake(text, 0, f"there is no source `{source}`"))
    tree = _read(text, _where, at)
    mistakes: list[str] = []
    root = _checked(tree, source, text, at, mistakes)
    mistakes += [
        at.mistake(text, max(text.find(str(test.value)), 0), "a named group under `not` binds nothing; use (?:...)")
        for test in (() if mistakes else negated_groups(root))
    ]
    if mistakes:
        raise PatternError("\n".join(mistakes))
    return Condition(root, text)


def parse_match(text: str, pieces: Collection[str], *, at: Place = Place()) -> Term:
    """Return how the evidence named `pieces` goes together, as `text` says.

    Raises:
        PatternError: with every mistake in it: place, a marker, and what would be right.
    """
    term, places = _unplaced(_read(text, _match, at))
    mistakes = [
        at.mistake(text, offset, f"there is no evidence `{name}`{nearest(name, pieces)}")
        for offset, name in places
        if name not in pieces
    ]
    mistakes += [at.mistake(text, 0, sentence) for sentence in _improper(term)]
    if mistakes:
        raise PatternError("\n".join(mistakes))
    return term


def parse_length(text: str) -> timedelta | None:
    """Return the length of time that `30s`, `5m` or `1m30s` says; None if it says none."""
    if not re.fullmatch(_LENGTH, text):
        return None
    micros = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"([0-9]+)([a-z]+)", text))
    return timedelta(microseconds=micros) if 0 < micros < 10**15 else None


def parse_column(text: str) -> Column | None:
    """Return the column that `text` names; None if it is not written as one."""
    found = re.fullmatch(_COLUMN, text)
    return Column(_path(text)) if found else None


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


# ---- reading


def _read(text: str, grammar: "Anything", at: Place) -> Anything:
    """Return what the grammar makes of `text`."""
    import pyparsing as pp

    if len(text) > LONGEST:
        raise PatternError(at.mistake(text[:80], 0, f"{len(text)} characters; at most {LONGEST}"))
    if too_deep := _too_deep(text):
        raise PatternError(at.mistake(text, too_deep, f"nested more than {DEEPEST} deep"))
    try:
        with _room():
            return grammar().parse_string(text, parse_all=True)[0]
    except pp.ParseBaseException as error:
        raise PatternError(at.mistake(text, _at_word(text, error.loc), _sentence(error))) from None


def _too_deep(text: str) -> int | None:
    """Return the offset where parentheses and a run of `not`s are nested too deep; None if they never are."""
    open_, nots = 0, 0
    for token in _DEPTH.finditer(text):
        open_ += bool(token["open"]) - bool(token["shut"])
        # `not not a` nests as parentheses do; a run of them goes on through an opening parenthesis
        nots = nots + 1 if token["word"] == "not" else nots if token["open"] else 0
        if open_ + nots > DEEPEST:
            return token.start() or 1
    return None


@contextmanager
def _room() -> Iterator[None]:
    """Let the grammar call itself often enough for the deepest text that is allowed.

    A level costs some twenty Python calls; the interpreter's own limit of 1000 stops at a third of `DEEPEST`.
    """
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 50 * DEEPEST + 2_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def _at_word(text: str, offset: int) -> int:
    """Return the offset of the next word, so that the marker does not stand under a blank."""
    return offset + len(text[offset:]) - len(text[offset:].lstrip()) if text[offset:].strip() else len(text.rstrip())


def _sentence(error: "pp.ParseBaseException") -> str:
    message = error.msg.removesuffix(".")
    if message.lower().startswith("expected end of text"):
        return "expected `and`, `or` or the end"
    return message[:1].lower() + message[1:]


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
        return lambda _, offset, tokens: _At(offset, make(tokens[0]))

    def word(*words: str) -> pp.ParserElement:
        return pp.And([pp.Keyword(each) for each in words]).add_parse_action(lambda: " ".join(words))

    left, right, comma = map(pp.Suppress, "(),")
    column = pp.Regex(_COLUMN).add_parse_action(located(lambda text: Column(_path(text)))).set_name("a column")
    text = pp.QuotedString('"', esc_quote='\\"', convert_whitespace_escapes=False, multiline=False)
    string = text.add_parse_action(located(str)).set_name("text in double quotes")
    span = pp.Regex(_LENGTH).add_parse_action(located(_length_or_none))
    number = pp.Regex(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.])").add_parse_action(located(_number))
    truth = pp.Regex(r"(?:true|false)\b").add_parse_action(located("true".__eq__))
    value = (string | span | number | truth).set_name("a value: text in double quotes, a number, true or false, or 30s")
    operand = (value | column).set_name("a value (text in double quotes, a number, true, false, 30s) or a column")
    items = (left - value + pp.ZeroOrMore(comma - value) + right).set_name('a list such as ("a", "b")')
    listed = items.add_parse_action(lambda _, offset, tokens: _At(offset, tuple(each.value for each in tokens)))
    strings = (left - string + pp.ZeroOrMore(comma - string) + right).set_name('a list such as ("a", "b")')
    alternatives = strings.add_parse_action(lambda _, offset, tokens: _At(offset, tuple(each.value for each in tokens)))
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
        return _Placed(column, verb, rest[0] if rest else _At(offset, None))

    condition = pp.Forward()
    single = (column - verb).add_parse_action(test)
    atom = (left - condition - right) | single.set_name("a column")
    negation = pp.Forward()
    denied = (pp.Keyword("not").suppress() - negation).add_parse_action(lambda tokens: Not(tokens[0]))
    negation <<= (denied | atom).set_name("a column, `not` or a parenthesis")
    both = (negation + pp.ZeroOrMore(pp.Keyword("and").suppress() - negation)).add_parse_action(_joined(All))
    condition <<= (both + pp.ZeroOrMore(pp.Keyword("or").suppress() - both)).add_parse_action(_joined(Any))
    return condition.parse_with_tabs()


def _joined(kind: Anything) -> Anything:
    return lambda tokens: kind(tuple(tokens)) if len(tokens) > 1 else tokens[0]


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else float(text)


def _length_or_none(text: str) -> timedelta:
    import pyparsing as pp

    found = parse_length(text)
    if found is None:
        raise pp.ParseFatalException(text, 0, f"`{text}` is no length of time that can be used")
    return found


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

    left, right, comma = map(pp.Suppress, "(),")
    inner = "a piece of evidence, `N of (...)`, `at least N` or a parenthesis"
    start = "a piece of evidence, `not`, `N of (...)`, `at least N` or a parenthesis"
    term = pp.Forward()
    reserved = "|".join(sorted(RESERVED))
    name = pp.Regex(rf"(?!(?:{reserved})\b)[A-Za-z_][A-Za-z0-9_-]*").set_name("the name of a piece of evidence")
    piece = name.copy().add_parse_action(lambda _, offset, tokens: _At(offset, Piece(tokens[0])))
    count = pp.Regex(r"[0-9]{1,6}(?![A-Za-z0-9_])").add_parse_action(lambda tokens: int(tokens[0])).set_name("a number")
    span = pp.Regex(_LENGTH).add_parse_action(lambda tokens: _length_or_none(tokens[0])).set_name("a length such as 5m")
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
    term <<= (both + pp.ZeroOrMore(word("or") - both)).add_parse_action(_joined(OrTerm))
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
            case _At(offset, Piece(name)):
                places.append((offset, name))
                return node.value
            case NotTerm(part) | Lasting(part) | AtLeast(part=part) | Distinct(part=part):
                return replace(node, part=plain(part))
            case AndTerm(inner) | OrTerm(inner) | SomeOf(_, inner):
                return replace(node, parts=tuple(map(plain, inner)))
            case _:
                return replace(node, first=plain(node.first), second=plain(node.second))

    return plain(node), places


def _improper(term: Term) -> Iterator[str]:
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


__all__ = [
    "RESERVED", "Place", "bindings", "compile_where", "default_match", "holds_of_nothing", "length", "parse_column",
    "parse_length", "parse_match", "parse_where", "pieces", "shown", "shown_term", "told",
]  # fmt: skip
