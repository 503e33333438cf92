"""What the two grammars share: places for errors, lengths of time, a cap on nesting."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from patterns.pattern import PatternError

if TYPE_CHECKING:
    import pyparsing as pp

DEEPEST = 64  # nested parentheses and `not`s
LONGEST = 20_000  # characters of one text
UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}  # microseconds
LENGTH = r"(?:[0-9]+(?:us|ms|s|m|h|d))+(?![A-Za-z0-9_])"

_DEPTH = re.compile(r'"(?:\\"|[^"])*"|(?P<open>\()|(?P<shut>\))|\b(?P<word>\w+)\b')


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


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class At:
    """What the grammar read, and where in the text it stands."""

    offset: int
    value: Any


def parse_length(text: str) -> timedelta | None:
    """Return the length of time that `30s`, `5m` or `1m30s` says; None if it says none."""
    if not re.fullmatch(LENGTH, text):
        return None
    micros = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"([0-9]+)([a-z]+)", text))
    return timedelta(microseconds=micros) if 0 < micros < 10**15 else None


def length_read(text: str) -> timedelta:
    """Return the length that a grammar has found, and stop it where that cannot be used."""
    import pyparsing as pp

    found = parse_length(text)
    if found is None:
        raise pp.ParseFatalException(text, 0, f"`{text}` is no length of time that can be used")
    return found


def read(text: str, grammar: Callable[[], "pp.ParserElement"], at: Place) -> Any:
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


def joined(kind: Any) -> Any:
    """Return a parse action: `kind` of all parts, or the only part itself."""
    return lambda tokens: kind(tuple(tokens)) if len(tokens) > 1 else tokens[0]
