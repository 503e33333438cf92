"""Read JSON piece by piece, and know where each piece stands.

A dump may have 50 MB, be laid out by anybody or not at all, and be cut. So its outer structure is walked by hand, the
pieces that rows are made of are decoded one at a time, and what was read before a cut is kept.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from json.decoder import JSONDecodeError
from typing import Any

import orjson
import polars as pl

SPACE = re.compile(r"[ \t\r\n]*")
# Halves of a pair of surrogates, which no text may hold; what takes their place is as long.
LONE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
CUT = "cut JSON"
DEEP = "JSON nested too deeply"
WRONG = "not JSON from here"
DEPTH = 32  # how deep the structure is walked by hand

SECRET_KEYS = re.compile(
    r"^(?:private_key|private_key_provider|password|passphrase|generic_secret|session_ticket_keys|hmac_secret|token_secret|client_secret"
    r"|api_key|inline_key|secret_access_key|access_key_id|session_token|auth_token|token|secret)$",
    re.IGNORECASE,
)
SECRET_NAMES = re.compile(
    r"authori[sz]ation|api[-_]?key|token|secret|passw|credential|cookie|private[-_]?key|sasl", re.IGNORECASE
)
# Without any of these in its text, in lower case, a value needs no masking: looking at every key is slow.
SUSPECT = (
    *("private_key", "private-key", "privatekey", "access_key", "inline_key", "api_key", "api-key", "apikey"),
    *("passw", "passphrase", "secret", "token", "credential", "cookie", "authori", "hmac", "session_ticket", "sasl"),
)
REDACTED = "[redacted]"


@dataclass(slots=True)
class Node:
    """An object and where it stands: `first` is the offset of its brace, `last` the offset behind its end."""

    first: int
    last: int = 0
    values: dict[str, Any] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """Return the value of a key: a `Node`, a list of them, or what JSON holds; None without."""
        return self.values.get(key)

    def nodes(self, key: str) -> list["Node"]:
        """Return the objects of a list; empty where there is no such list."""
        value = self.values.get(key)
        return [item for item in value if isinstance(item, Node)] if isinstance(value, list) else []


@dataclass(slots=True)
class Fault:
    """Where reading ended before the end, and why."""

    offset: int
    reason: str


class _StopError(Exception):
    pass


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 300 else float(digits)  # longer ones Python refuses, or are infinite


_DECODER = json.JSONDecoder(parse_int=_integer)


class _Walk:
    def __init__(self, text: str, opened: frozenset[str], pieces: frozenset[str]) -> None:
        self.text = text
        self.opened = opened
        self.pieces = pieces
        self.fault: Fault | None = None

    def roots(self) -> list[Any]:
        documents: list[Any] = []
        with suppress(_StopError):
            at = self._skip(0)
            while at < len(self.text):
                if documents and self.text[at] not in "{[":
                    raise self._stop(at, WRONG)
                at = self._skip(self._value(at, documents, None, True, 0))
        return documents

    def _stop(self, at: int, reason: str) -> _StopError:
        self.fault = Fault(at, reason)
        return _StopError()

    def _skip(self, at: int) -> int:
        found = SPACE.match(self.text, at)
        return found.end() if found else at

    def _value(self, at: int, holder: Any, key: str | None, open_: bool, depth: int) -> int:
        # Puts the value at `at` into `holder`, before it is complete, and returns the offset behind it.
        sign = self.text[at : at + 1]
        if open_ and depth < DEPTH and sign == "{":
            node = Node(at)
            _put(holder, key, node)
            try:
                return self._object(node, depth)
            except _StopError:
                node.last = self.fault.offset if self.fault else at
                raise
        if open_ and depth < DEPTH and sign == "[":
            items: list[Any] = []
            _put(holder, key, items)
            return self._list(at, items, depth, key not in self.pieces)
        try:
            value, end = _DECODER.raw_decode(self.text, at)
        except JSONDecodeError as error:
            raise self._stop(
                at, CUT if error.pos >= len(self.text.rstrip()) - 1 or "Unterminated" in error.msg else WRONG
            ) from None
        except StopIteration:
            raise self._stop(at, CUT) from None
        except RecursionError:
            raise self._stop(at, DEEP) from None
        except ValueError:
            raise self._stop(at, WRONG) from None
        _put(holder, key, value)
        return end

    def _object(self, node: Node, depth: int) -> int:
        at = self._skip(node.first + 1)
        while self.text[at : at + 1] != "}":
            if self.text[at : at + 1] != '"':
                raise self._stop(at, CUT if at >= len(self.text) else WRONG)
            try:
                key, end = _DECODER.raw_decode(self.text, at)
            except ValueError:
                raise self._stop(at, CUT) from None
            colon = self._skip(end)
            if self.text[colon : colon + 1] != ":":
                raise self._stop(at, CUT if colon >= len(self.text) else WRONG)
            at = self._value(
                self._skip(colon + 1), node.values, key, key in self.opened or key in self.pieces, depth + 1
            )
            at = self._after(at, "}")
        node.last = at + 1
        return at + 1

    def _list(self, at: int, items: list[Any], depth: int, open_: bool) -> int:
        at = self._skip(at + 1)
        while self.text[at : at + 1] != "]":
            end = self._value(at, items, None, open_, depth + 1)
            if not open_ and isinstance(items[-1], dict):
                items[-1] = Node(at, end, items[-1])
            at = self._after(end, "]")
        return at + 1

    def _after(self, at: int, close: str) -> int:
        at = self._skip(at)
        sign = self.text[at : at + 1]
        if sign == ",":
            return self._skip(at + 1)
        if sign != close:
            raise self._stop(at, CUT if at >= len(self.text) else WRONG)
        return at


def _put(holder: Any, key: str | None, value: Any) -> None:
    if key is None:
        holder.append(value)
    else:
        holder[key] = value


def walk(text: str, opened: frozenset[str], pieces: frozenset[str]) -> tuple[list[Any], Fault | None]:
    """Return the documents of `text`, and where reading them ended early.

    Args:
        text: one document after another, mostly one.
        opened: keys whose values are walked: their objects are `Node`s, even if they are cut.
        pieces: keys of lists whose objects are `Node`s too, decoded at once; one that is cut is left out.
    """
    walker = _Walk(LONE.sub(r"\\ufffd", text), opened, pieces)
    return walker.roots(), walker.fault


class Places:
    """Numbers of lines, for offsets into the joined text of a body."""

    def __init__(self, frame: pl.DataFrame) -> None:
        """Take the lines of a body: `line`, `lines`, `text`."""
        ends = (frame["text"].str.len_chars().cast(pl.Int64()) + 1).cum_sum()
        self._ends: list[int] = ends.to_list()
        self._line: list[int] = frame["line"].to_list()
        self._lines: list[int] = frame["lines"].to_list()

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return `line` and `lines` of the text from offset `first` to before `last`."""
        top = min(bisect_right(self._ends, first), len(self._line) - 1)
        low = max(top, min(bisect_right(self._ends, max(first, last - 1)), len(self._line) - 1))
        line = self._line[top]
        return line, self._line[low] + self._lines[low] - line

    def row(self, node: Node, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row of `values` that stands where `node` stands."""
        line, lines = self.span(node.first, node.last)
        return {"line": line, "lines": lines, **values}


def rejected(text: str, places: Places, fault: Fault | None) -> pl.DataFrame:
    """Return the reject of what could not be read: `line`, `lines`, `text`, `reason`."""
    schema = {"line": pl.UInt32(), "lines": pl.UInt32(), "text": pl.String(), "reason": pl.String()}
    rows = []
    if fault is not None and text:
        offset = min(fault.offset, len(text) - 1)
        line, lines = places.span(offset, len(text))
        rows.append((line, lines, text[offset : offset + 200], fault.reason))
    return pl.DataFrame(rows, schema=schema, orient="row")


def plain(value: Any) -> Any:
    """Return `value` with dictionaries for nodes."""
    if isinstance(value, Node):
        return {key: plain(item) for key, item in value.values.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def masked(value: Any) -> Any:
    """Return `value` (as `plain` gives it) without what looks like a secret: keys, passwords, headers' tokens."""
    if isinstance(value, list):
        return [masked(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = str(value.get("key") or value.get("name") or value.get("header_name") or "")
    hide = SECRET_NAMES.search(named) is not None
    return {
        key: REDACTED
        if SECRET_KEYS.match(key) and not isinstance(item, bool)
        else REDACTED
        if hide and key in ("value", "raw_value") and isinstance(item, str)
        else masked(item)
        for key, item in value.items()
    }


def raw(value: Any) -> str | None:
    """Return `value` as JSON for the column `raw`, secrets masked; None where it cannot be written."""
    try:
        told = plain(value)
        text = orjson.dumps(told).decode()
        small = text.lower()
        return orjson.dumps(masked(told)).decode() if any(word in small for word in SUSPECT) else text
    except (orjson.JSONEncodeError, RecursionError, TypeError):
        return None


def flattened(value: Any) -> Iterator[Node]:
    """Yield the objects of documents: themselves, or those of their lists."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from flattened(item)
