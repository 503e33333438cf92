"""Lines without end: what no reader needs of them is left out before it costs memory, and a mark counts it.

A log's line keeps `LONGEST` bytes, one of JSON `LONGEST_DOCUMENT`, for dumps are written on one line; of a string in
such a line `LONGEST_STRING` bytes are kept, so that the JSON around it can still be read.
"""

import re
from collections.abc import Iterator

import polars as pl

LONGEST = 1 << 20  # bytes of a line that are kept; the rest is counted
LONGEST_DOCUMENT = 64 << 20  # the same where the line, or the text, begins as JSON
LONGEST_STRING = 256 << 10  # bytes of a string in JSON; Kubernetes and log stores allow no longer ones
SLACK = 48  # bytes that a line may have more: a mark takes as many
SEEN = 64 << 10  # bytes that show how lines end
_SOME = 3  # returns that are line ends, not the states of one bar
_HEAD = 64  # bytes that show what a line begins as

_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{"]|[{\[]\s*$|HTTP/)')
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
# What follows a return where records end in one: a time, as logs begin; a bar repeats its own words.
_RETURNED = re.compile(rb'\r(?:time="|\{"|\[|[IWEF]|ts=)?\d{2,4}[-/]?\d\d')
# Two escapes can make one character.
_UNITS = re.compile(rb'(?:[^"\\]++|\\u[dD][89abAB]..\\u....|\\u(?![dD][89abAB])....|\\[^u])*+', re.DOTALL)


class Returns:
    r"""Turns the carriage returns of a text that has no other line ends into line feeds: some old tools write so.

    A text that begins with one line of `SEEN` bytes, several returns in it, is such; a progress bar has line feeds
    around it.
    """

    def __init__(self) -> None:
        self._alone: bool | None = None

    def take(self, piece: bytes) -> bytes:
        """Return the next bytes."""
        if self._alone is None and piece:
            self._alone = b"\n" not in piece[:SEEN] and len(_RETURNED.findall(piece[:SEEN])) >= _SOME
        return piece.replace(b"\r", b"\n") if self._alone else piece


def _mark(lost: int) -> bytes:
    return f" …[{lost} bytes more]".encode()


class Shortening:
    """Takes a text in pieces and gives it back with the rest of each line that is too long replaced by a mark.

    Of a progress bar (carriage returns within a line) the last state counts. Shortening twice is shortening once.
    """

    def __init__(self, most: int = LONGEST, most_json: int = LONGEST_DOCUMENT) -> None:
        self._most, self._most_json = most, most_json
        self._text: bytes | None = None  # how the text begins
        self._line()

    def _line(self) -> None:
        self._head = b""
        self._kept = self._lost = 0
        self._first = b""  # what was left out first
        self._bar: bytearray | None = None  # the last state of a progress bar
        self._returned = False  # a carriage return came last

    def take(self, piece: bytes) -> bytes:
        """Return what is to be kept of the next bytes."""
        out = [self._block(piece[at : at + self._most]) for at in range(0, len(piece), self._most)]
        return out[0] if len(out) == 1 else b"".join(out)

    def end(self) -> bytes:
        """Return what follows the last piece."""
        return self._ended()

    def _block(self, block: bytes) -> bytes:
        if self._text is None or len(self._text) < _HEAD:
            self._text = ((self._text or b"") + block[:_HEAD])[:_HEAD]
        first, last = block.find(b"\n"), block.rfind(b"\n")
        if first < 0:
            return self._more(block)
        # Lines that begin and end here are no longer than the block.
        if not self._lost and self._kept + first <= self._most:
            self._line()
            self._more(block[last + 1 :])
            return block
        return b"".join(
            (self._more(block[:first]), self._ended(), block[first : last + 1], self._more(block[last + 1 :]))
        )

    def _more(self, part: bytes) -> bytes:
        if self._lost:
            self._over(part)
            return b""
        if len(self._head) < _HEAD:
            self._head = (self._head + part[:_HEAD])[:_HEAD]
        room = self._most - self._kept
        if len(part) <= room:
            self._kept += len(part)
            return part
        if _JSON.match(self._head) or _JSON.match(self._text or b""):
            room = self._most_json - self._kept
            if len(part) <= room:
                self._kept += len(part)
                return part
        room = max(0, room)
        while room < len(part) and part[room] & 0xC0 == 0x80:  # amid a character
            room += 1
        self._kept += room
        if room < len(part):
            self._over(part[room:])
        return part[:room]

    def _over(self, part: bytes) -> None:
        if not part:
            return
        self._lost += len(part)
        if len(self._first) <= SLACK:
            self._first += part[: SLACK + 1]
        if self._returned:
            self._bar, self._returned = bytearray(), False
        states = part.rstrip(b"\r")
        self._returned = len(states) < len(part)
        at = states.rfind(b"\r")
        if at >= 0:
            self._bar = bytearray()
        if self._bar is not None:
            self._bar += states[at + 1 :][: max(0, self._most - len(self._bar))]

    def _ended(self) -> bytes:
        """Return what stands at the end of a line of which something was left out."""
        lost, first, bar = self._lost, self._first, self._bar
        self._line()
        if not lost:
            return b""
        if bar is not None:
            return b"\r" + bytes(bar)
        return first if len(first) <= SLACK else _mark(lost)


def shortened(data: bytes, most: int = LONGEST, most_json: int = LONGEST_DOCUMENT) -> bytes:
    """Return a text of which no line is longer than `most` bytes, `most_json` in JSON, and a mark."""
    if not _giant(data, 0, most):
        return data
    shortening = Shortening(most, most_json)
    pieces = [shortening.take(data[at : at + most]) for at in range(0, len(data), most)]
    return b"".join([*pieces, shortening.end()])


def with_short_strings(data: bytes, most: int = LONGEST_STRING) -> bytes:
    """Return a text with the rest of each string that is longer than `most` bytes, in lines of JSON, made a mark."""
    json = _JSON.match(data[:_HEAD]) is not None
    pieces: list[bytes] = []
    done = at = 0
    while line := _giant(data, at, most):
        begin, end = line
        if json or _JSON.match(data[begin : begin + _HEAD]):
            for string in _STRING.finditer(data, begin, end):
                if string.end() - string.start() > most + SLACK:
                    cut = _between_characters(data, string.start() + 1, string.start() + most)
                    closed = string.end() - (data[string.end() - 1 : string.end()] == b'"')
                    pieces += [data[done:cut], _mark(closed - cut)]
                    done = closed
        at = end
    return b"".join([*pieces, data[done:]]) if pieces else data


def giants(data: bytes, most: int = LONGEST) -> Iterator[tuple[int, int]]:
    """Yield where each line of more than `most` bytes begins and ends."""
    at = 0
    while line := _giant(data, at, most):
        yield line
        at = line[1]


def joined(texts: pl.Series) -> bytes:
    """Return lines with a line feed between them; Polars takes four times the memory of a giant line to join it."""
    if texts.null_count():
        texts = texts.fill_null("")
    if len(texts) == 1 or (texts.str.len_bytes().max() or 0) > LONGEST:  # type: ignore[operator]
        return b"\n".join(texts.cast(pl.Binary).to_list())
    return bytes(texts.str.join("\n").cast(pl.Binary).item())


def cut(texts: pl.Series) -> str | None:
    """Return which lines were too long to be kept whole, and how long a line may be; None for none."""
    long = texts.str.len_bytes() > LONGEST
    if not long.any():
        return None
    said = texts.filter(long).str.tail(SLACK).str.extract(r" \x{2026}\[([0-9]+) bytes more\]\r?$")
    lost = [(row + 1, int(count)) for row, count in zip(long.arg_true(), said, strict=True) if count is not None]
    if not lost:
        return None
    row, count = max(lost, key=lambda one: one[1])
    most = LONGEST_DOCUMENT if len(texts[row - 1].encode()) > LONGEST + SLACK else LONGEST
    more = f", and {len(lost) - 1:,} other lines" if len(lost) > 1 else ""
    return f"line {row:,} is longer than {most >> 20} MiB{more}: {count:,} bytes of it were not read"


def _between_characters(data: bytes, begin: int, at: int) -> int:
    """Return the last place up to `at` that is amid no character and no escape of the string that begins there."""
    at = _UNITS.match(data, begin, at).end()  # type: ignore[union-attr]
    while at > begin and data[at] & 0xC0 == 0x80:
        at -= 1
    return at


def _giant(data: bytes, at: int, most: int) -> tuple[int, int] | None:
    """Return where the next line of more than `most` bytes begins and ends, from the beginning of a line at `at` on."""
    half = max(1, most // 2)
    begin = at
    while at + half < len(data):
        found = data.rfind(b"\n", at, at + half)
        if found >= 0:
            begin, at = found + 1, at + half
            continue
        end = data.find(b"\n", at + half)
        end = len(data) if end < 0 else end
        if end - begin > most:
            return begin, end
        at = begin = end
    return None
