"""JSON read one element at a time: loaded whole, a document takes ten times the memory of its text.

A document that ends early gives what stands before its end.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from parsers.giants import joined

WINDOW = 1 << 20  # bytes of text that are taken at a time
LARGEST = 8 << 20  # characters of one element; what is larger is no record
_ROWS = 4096
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"[0-9.eE+-]*")
# A string, or a number, that the end of the window cuts in two.
_OPEN_END = 32
_DECODER = json.JSONDecoder(strict=False)
_NO_NUMBERS = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)


class Ended(ValueError):  # noqa: N818 - it ends one document, and is data
    """The text ends here, or makes no sense from here on."""


def slices(texts: pl.Series) -> Iterator[list[str]]:
    """Yield lines, some thousand at a time."""
    for frame in texts.to_frame("text").iter_slices(_ROWS):
        yield frame["text"].to_list()


def pieces(texts: pl.Series) -> Iterator[str]:
    """Yield lines, a line feed between them, in pieces of at most `WINDOW` bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for frame in texts.to_frame("text").iter_slices(_ROWS):
        data = joined(frame["text"])
        for at in range(0, len(data), WINDOW):
            yield decoder.decode(data[at : at + WINDOW])
        yield "\n"


class Reader:
    """Walks a text of JSON.

    Who takes an element or a member reads it, with `value`, `elements` or `members`; what is not read is passed over.
    """

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._text = ""
        self._at = self._counted = self._before = 0
        self._line = 1

    @property
    def line(self) -> int:
        """The number of the line that is read, from 1."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    @property
    def at(self) -> int:
        """How many characters stand before what is next."""
        return self._before + self._at

    def peek(self) -> str:
        """Return the next character that is no blank; empty at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def value(self) -> Any:
        """Return the next value.

        Raises:
            Ended: there is no whole one.
        """
        self.peek()
        while True:
            try:
                value, end = _loaded(self._text, self._at)
            except json.JSONDecodeError as error:
                wrong = error.pos < len(self._text) - _OPEN_END and not error.msg.startswith("Unterminated string")
                if wrong or len(self._text) - self._at > LARGEST or not self._more(len(self._text) - self._at):
                    raise Ended from None
                continue
            except RecursionError:
                raise Ended from None
            if self._text[end - 1] not in '}]"' and _NUMBER.fullmatch(self._text, end) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def text(self) -> str:
        """Return the next value as it is written.

        Raises:
            Ended: there is no whole one.
        """
        self.peek()
        begin = self.at
        self.value()
        return self._text[begin - self._before : self._at]

    def elements(self) -> Iterator[None]:
        """Stand before each element of the list that opens here, one after the other.

        Raises:
            Ended: the list does not come to its end.
        """
        yield from self._inside("[", "]", lambda: None)

    def members(self) -> Iterator[str]:
        """Yield the keys of the object that opens here, each while its value is next.

        Raises:
            Ended: the object does not come to its end.
        """
        yield from self._inside("{", "}", self._key)

    def _key(self) -> str:
        key = self.value() if self.peek() == '"' else None
        self._take(":")
        return str(key)

    def _inside(self, begin: str, end: str, key: Callable[[], Any]) -> Iterator[Any]:
        self._take(begin)
        if self.peek() != end:
            while True:
                yield from self._each(key())
                if self.peek() != ",":
                    break
                self._at += 1
        self._take(end)

    def _each(self, key: Any) -> Iterator[Any]:
        self.peek()
        before = self.at
        yield key
        if self.at == before:
            self.value()

    def _take(self, mark: str) -> None:
        if self.peek() != mark:
            raise Ended
        self._at += 1

    def _more(self, least: int = 0) -> bool:
        """Take what follows, `least` characters of it or more; whether there is any."""
        taken: list[str] = []
        length = 0
        while length <= least and (piece := next(self._texts, None)) is not None:
            taken.append(piece)
            length += len(piece)
        if not length:
            return False
        _ = self.line
        self._before += self._at
        self._text = self._text[self._at :] + "".join(taken)
        self._at = self._counted = 0
        return True


def _loaded(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of thousands of digits
        return _NO_NUMBERS.raw_decode(text, at)
