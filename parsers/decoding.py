"""Bytes to lines: encodings, line ends, colours and progress bars undone; what is no text is refused."""

import re

import polars as pl

from parsers.giants import Returns, giants, shortened, with_short_strings
from parsers.parser import LINES

MOST_LINES = 1_000_000  # lines of a text that may all be short; past that a line must have `LEAST` bytes on average
LEAST = 32  # bytes; logs have 80 and more, objects 25 to 40, and a line costs memory of its own
ENOUGH = 8192  # bytes that show whether it is text
FEW = 64 << 10  # bytes; fewer are split by Python

_TEXT = pl.col("text")
_NO_LINES = pl.DataFrame(schema=LINES)

# Formats that hold nothing for us, by how they begin.
_BINARY = (
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG): text in it cannot be read"),
    (b"\xff\xd8\xff", "a picture (JPEG): text in it cannot be read"),
    (b"GIF8", "a picture (GIF): text in it cannot be read"),
    (b"RIFF", "a media file (RIFF)"),
    (b"BM", "a picture (BMP): text in it cannot be read"),
    (b"%PDF-", "a PDF"),
    (b"\x7fELF", "an executable"),
    (b"MZ", "an executable"),
    (b"\xca\xfe\xba\xbe", "an executable"),
    (b"\xcf\xfa\xed\xfe", "an executable"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it and give the folder"),
    (b"Rar!\x1a\x07", "a RAR archive: unpack it and give the folder"),
    (b"LPKSHHRH", "a binary journal: journalctl --file NAME -o short-iso-precise makes it readable"),
    (b"SQLite format 3\0", "a database"),
    (b"PAR1", "a Parquet file"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"\x00\x05\x16\x07", "a macOS companion file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"Salted__", "encrypted"),
    (b"\x85\x01", "encrypted"),
    (b"\x85\x02", "encrypted"),
)
_ALSO_TEXT = (b"BM", b"MZ", b"RIFF", b"GIF8", b"PAR1", b"Salted__", b"LPKSHHRH")  # words may begin so
_NULS = re.compile(rb"\0+")
_HOLE = re.compile(rb"\0{64,}|^\0+")
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x1b\x08\x0c\x00") + b"\x7f"


def not_text(data: bytes) -> str | None:
    """Return why `data` is not text that can be read, by its first kilobytes; None if it may be."""
    head = data[:ENOUGH]
    for magic, what in _BINARY:
        if head.startswith(magic) and (magic not in _ALSO_TEXT or _odd(head) > 0.02):
            return what
    if utf16(head):
        return None
    if hole := _HOLE.search(head):  # a log that was truncated while it was written to, or a disk's unwritten block
        begin, end = hole.start(), _NULS.match(data, hole.start()).end()  # type: ignore[union-attr]
        head = data[:begin] + data[end : end + ENOUGH]
        if not head:
            return "nothing but NUL bytes"
    return "binary data" if _odd(head) > 0.1 else None


def _odd(head: bytes) -> float:
    """The share of bytes that no text holds. NULs count once a run: disks and rotations leave runs of them."""
    runs = re.sub(rb"\0+", b"\0", head)
    try:
        runs.decode("utf-8")
        invalid = 0
    except UnicodeDecodeError:
        text = runs.decode("utf-8", "replace")
        # Latin-1 text has few of them, each amid ASCII letters.
        invalid = max(0, text.count("\ufffd") - len(runs) // 5)
    return (len(runs) - len(runs.translate(None, _CONTROLS + b"\0")) + invalid) / max(1, len(runs))


def utf16(head: bytes) -> str | None:
    """Return the codec if the bytes are UTF-16, with or without a mark."""
    if head.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16-be"
    if len(head) < 8:
        return None
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return None


def _as_utf8(data: bytes) -> bytes:
    if codec := utf16(data[:ENOUGH]):
        return data.decode(codec, "replace").lstrip("\ufeff").encode("utf-8", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def _read(data: bytes) -> pl.Series:
    try:
        return _lines(data)
    except pl.exceptions.ComputeError:
        pass
    # One invalid byte fails the whole: Latin-1 where most of such bytes are letters on their own, else U+FFFD.
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    high = len(data) - len(data.translate(None, bytes(range(0x80, 0x100))))
    if lost > 0.9 * high and b"\xef\xbf\xbd" not in data:
        text = data.decode("cp1252", "replace")
    return _lines(text.encode())


def _lines(data: bytes) -> pl.Series:
    # Polars takes three times the memory of a giant line to find its end.
    parts: list[pl.Series] = []
    done = 0
    for begin, end in giants(data):
        if begin > done:
            parts.append(_short_lines(data[done:begin]))
        try:
            parts.append(pl.Series("text", [data[begin:end].decode()], pl.String))
        except UnicodeDecodeError as error:
            raise pl.exceptions.ComputeError(str(error)) from None
        done = end + 1
    if done < len(data):
        parts.append(_short_lines(data[done:]))
    return pl.concat(parts)


def _short_lines(data: bytes) -> pl.Series:
    if len(data) < FEW:
        return _few_lines(data)
    # Polars takes what begins like gzip, zlib (`x`) or zstd (`(`) for that, and unpacks it without bounds.
    if data.startswith((b"\x1f", b"x", b"(")):
        return pl.read_lines(b"\n" + data, name="text")["text"].slice(1)
    return pl.read_lines(data, name="text")["text"]


def _few_lines(data: bytes) -> pl.Series:
    # A reader of Polars costs a millisecond to start; a small file is split sooner than that.
    try:
        lines = data.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise pl.exceptions.ComputeError(str(error)) from None
    if b"\r\n" in data or data.endswith(b"\r"):
        lines = [line.removesuffix("\r") for line in lines]
    return pl.Series("text", lines, pl.String)


def without_crowds(data: bytes) -> tuple[bytes, int]:
    """Return a text without the last of its lines, where it has far more than its bytes let expect; and how many went.

    Ten million lines of a letter tell nothing, and each of them costs as much memory as one of a log.
    """
    most = max(MOST_LINES, len(data) // LEAST)
    if len(data) <= most or (held := data.count(b"\n")) <= most:
        return data, 0
    at, left = 0, most
    while (count := data.count(b"\n", at, at + ENOUGH)) < left:
        at, left = at + ENOUGH, left - count
    for _ in range(left):
        at = data.index(b"\n", at) + 1
    return data[:at], held - most + (not data.endswith(b"\n"))


def decode(data: bytes) -> tuple[pl.DataFrame | None, str | None]:
    r"""Return the lines of a text, and why it was refused.

    A line ends at `\n` or `\r\n`, at `\r` where a log has nothing else. Of a progress bar (`\r` within a line) the last
    state is kept. Colours and other terminal sequences and NULs go. What is too long is replaced by a mark
    (`parsers/giants.py`).

    Returns:
        Columns `LINES`, one row a physical line, `stamped` null; and None. For what is no text: None and the reason.
    """
    if not data:
        return _NO_LINES, None
    if why := not_text(data):
        return None, why
    clean = _as_utf8(data)
    if b"\r" in clean:
        clean = Returns().take(clean)
    if b"\0" in clean:
        clean = clean.replace(b"\0", b"")
    clean = with_short_strings(shortened(clean))
    lines = pl.Series("text", [], pl.String()) if not clean else _read(clean)
    frame = lines.to_frame()
    if b"\x1b" in clean or b"\x9b" in clean:
        frame = _without_colours(frame)
    if b"\r" in clean:
        frame = _last_states(frame)
    return frame.with_row_index("line", offset=1).select(_COLUMNS), None


_COLUMNS = (
    pl.col("line").cast(LINES["line"]),
    pl.lit(1, LINES["lines"]).alias("lines"),
    "text",
    pl.lit(None, LINES["stamped"]).alias("stamped"),
)


def undecorated(frame: pl.DataFrame) -> pl.DataFrame:
    """Return lines without the colours, progress bars and NULs that were written inside of JSON strings."""
    if not frame["text"].str.contains(r"[\x00\r\x1b\x{9b}]").any():
        return frame
    return _last_states(_without_colours(frame.with_columns(_TEXT.str.replace_all("\0", "", literal=True))))


def _without_colours(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(_TEXT.str.replace_all(_ANSI, ""))


def _last_states(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(_TEXT.str.strip_chars_end("\r"))
    if not frame["text"].str.contains("\r", literal=True).any():
        return frame
    return frame.with_columns(_TEXT.str.replace(r"^.*\r([^\r]+)$", "$1"))


# CSI, OSC, and the two-character escapes; also C1's single-character CSI.
_ANSI = r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_=>()][0-9A-B]?|\x{9b}[0-?]*[ -/]*[@-~]"
