"""Bytes that flow one way: peeked at, limited, decompressed. Nothing here trusts a size that was written down."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Protocol, cast

import lz4.frame
import zstandard
from isal import igzip_lib

from forensics.opening.budgets import MIB, Damaged, Meter

PIECE = 64 << 10  # compressed bytes read at a time
OUT = 256 << 10  # bytes decompressed at a time: what a damaged stream can lose at most, before it is read again
XZ_MEMORY = 256 * MIB  # `xz -9` needs 65 MiB
ZST_WINDOW = 128 * MIB  # `zstd --long` uses this much
KEEP = 4 * MIB  # compressed bytes kept to read a damaged stream again in small steps

# Every one of these opens a container or a compressed stream. Names are not asked.
_MAGIC = (
    (b"\x1f\x8b\x08", "gz"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08PK\x03\x04", "zip"),
    (b"PK00PK\x03\x04", "zip"),
)
_BZ2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")

COMPRESSED = frozenset({"gz", "bz2", "xz", "zst", "lz4"})


class Reader(Protocol):
    """Something that is read forward."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end; raise `Damaged` once no good byte is left."""


def kind_of(head: bytes) -> str | None:
    """Return what the first 512 bytes open: `gz bz2 xz zst lz4 zip tar`, or None."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in _BZ2_BLOCKS:
        return "bz2"
    return "tar" if is_header(head[:512]) else None


def is_header(block: bytes) -> bool:
    """Whether a block of 512 bytes is a tar header: its checksum holds, signed or unsigned, and it has a name."""
    if len(block) != 512 or block[:1] == b"\0":
        return False
    digits = block[148:156].strip(b" \0")
    if not digits or not all(48 <= digit <= 55 for digit in digits):
        return False
    rest = block[:148] + b"        " + block[156:]
    total = sum(rest)
    # Some old tars summed signed bytes.
    return int(digits, 8) == total or int(digits, 8) == total - 256 * sum(byte > 127 for byte in rest)


class Peekable:
    """A reader whose next bytes can be looked at. Damage is reported only after the good bytes before it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._buffer = b""
        self._damage: Damaged | None = None
        self.position = 0

    def peek(self, size: int) -> bytes:
        """Return the next bytes without moving: fewer than `size` only before an end or damage."""
        while len(self._buffer) < size and self._damage is None:
            try:
                piece = self._reader.read(max(size - len(self._buffer), 4096))
            except Damaged as damage:
                self._damage = damage
                break
            if not piece:
                break
            self._buffer += piece
        return self._buffer[:size]

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes.

        Raises:
            Damaged: no good byte is left.
        """
        if self._buffer:
            piece, self._buffer = self._buffer[:size], self._buffer[size:]
        elif self._damage is not None:
            raise self._damage
        else:
            piece = self._reader.read(size)
        self.position += len(piece)
        return piece

    def exactly(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end.

        Raises:
            Damaged: no good byte is left.
        """
        pieces: list[bytes] = []
        left = size
        while left:
            try:
                piece = self.read(left)
            except Damaged:
                if not pieces:
                    raise
                break
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


class Limited:
    """The next `size` bytes of a reader."""

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader = reader
        self.left = size

    def read(self, size: int, /) -> bytes:
        """Return up to `size` of the bytes that are left.

        Raises:
            Damaged: the reader ends before them.
        """
        if not self.left:
            return b""
        piece = self._reader.read(min(size, self.left))
        if not piece:
            raise Damaged(f"it ends {self.left:,} bytes early")
        self.left -= len(piece)
        return piece

    def skip(self) -> None:
        """Read what is left, and drop it."""
        while self.left:
            self.read(MIB)


class _Zst:
    """A Zstandard stream with the interface of `bz2.BZ2Decompressor`, so that output is bounded as well."""

    def __init__(self) -> None:
        self._feed = io.BytesIO()
        self._input = b""
        self.needs_input = True
        self.eof = False
        self.unused_data = b""
        self._object = zstandard.ZstdDecompressor(max_window_size=ZST_WINDOW).decompressobj()

    def decompress(self, data: bytes, max_length: int) -> bytes:
        # The object has no bound on its output; 4 bytes can make a block of 128 KiB, so it is fed a few at a time.
        self._input += data
        out: list[bytes] = []
        size = 0
        while self._input and size < max_length and not self.eof:
            step = self._input[:64]
            self._input = self._input[64:]
            made = self._object.decompress(step)
            out.append(made)
            size += len(made)
            if self._object.eof:
                self.eof = True
                self.unused_data = self._object.unused_data + self._input
                self._input = b""
        self.needs_input = not self._input
        return b"".join(out)


def _decompressor(kind: str) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "gz": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
        "deflate": lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE),  # raw, as in a zip
        "bz2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=XZ_MEMORY),
        "zst": _Zst,
        "lz4": lz4.frame.LZ4FrameDecompressor,
    }
    return makers[kind]()


# What the libraries raise on bytes they cannot read. RuntimeError is lz4's, EOFError bz2's after its end.
_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    MemoryError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    cast(type[Exception], igzip_lib.IsalError),
)
_AGAIN = {
    "gz": b"\x1f\x8b",
    "bz2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zst": b"\x28\xb5\x2f\xfd",
    "lz4": b"\x04\x22\x4d\x18",
}


class Inflated:
    """A compressed stream, decompressed: all its members one after the other, in bounded pieces."""

    def __init__(self, reader: Reader, kind: str, meter: Meter) -> None:
        self._reader, self.kind, self._meter = reader, kind, meter
        self._engine = _decompressor(kind)
        self._piece = max(512, min(PIECE, meter.budget.window // 1024))
        self._kept = bytearray()  # compressed bytes of this member, while few
        self._made = 0  # bytes out of this member
        self._ready = b""  # salvaged, not yet given
        self._damage: Damaged | None = None
        self._ended = False
        self._in = self._out = 0
        self._marked = (0, 0)
        self._alarms = 0

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            Damaged: what follows cannot be decompressed, or is cut off.
        """
        while self._ready or not self._ended:
            if self._ready:  # of the member before, or of one just begun
                piece, self._ready = self._ready[:size], self._ready[size:]
                return piece
            if self._damage is not None:
                raise self._damage
            piece = self._step(min(size, OUT))
            if piece:
                self._count(len(piece))
                if len(piece) > size:
                    piece, self._ready = piece[:size], piece[size:]
                return piece
        return b""

    def _step(self, size: int) -> bytes:
        if self._engine.eof:
            if self.kind == "deflate":  # inside a zip: what follows is not its own
                self._ended = True
            else:
                self._next()
            return b""
        fresh = b""
        if self._engine.needs_input:
            try:
                fresh = self._reader.read(self._piece)
            except Damaged as damage:
                self._damage = damage
                return b""
            if not fresh:
                self._damage = Damaged(f"the {self.kind} stream is cut off")
                return b""
            self._in += len(fresh)
            if len(self._kept) <= KEEP:
                self._kept += fresh
        try:
            made: bytes = self._engine.decompress(fresh, size)
        except _ERRORS as error:
            self._damage = Damaged(f"the {self.kind} stream is damaged: {_words(error)}")
            return self._salvage()
        self._made += len(made)
        return made

    def _salvage(self) -> bytes:
        # A library drops what it made in the call that failed: go there again in large steps, then byte by byte.
        if len(self._kept) > KEEP:
            return b""
        kept, coarse = bytes(self._kept), 4096
        good, made = self._replay([kept[at : at + coarse] for at in range(0, len(kept), coarse)])
        at = good * coarse
        if at < len(kept):
            steps = [kept[i : i + coarse] for i in range(0, at, coarse)]
            steps += [kept[i : i + 1] for i in range(at, min(len(kept), at + coarse))]
            _, made = self._replay(steps)
        return made[self._made :]

    def _replay(self, steps: list[bytes]) -> tuple[int, bytes]:
        """Decompress step by step; return how many steps were good, and what came out."""
        engine, made = _decompressor(self.kind), bytearray()
        most = self._made + 8 * OUT
        for number, step in enumerate(steps):
            fresh = step
            try:
                while not engine.eof and len(made) < most:
                    piece = engine.decompress(fresh, OUT)
                    made += piece
                    fresh = b""
                    if engine.needs_input or not piece:
                        break
            except _ERRORS:
                return number, bytes(made)
            if engine.eof or len(made) >= most:
                return len(steps), bytes(made)
        return len(steps), bytes(made)

    def _next(self) -> None:
        """Go on to the next member of the stream, if another follows."""
        left: bytes = self._engine.unused_data or b""  # lz4 says None
        try:
            while len(left) < 6 or not left.strip(b"\0"):
                more = self._reader.read(self._piece)
                if not more:
                    break
                self._in += len(more)
                left = left.lstrip(b"\0") + more
        except Damaged as damage:
            self._damage = damage
        left = left.lstrip(b"\0")
        if not left:
            self._ended = self._damage is None
            return
        if not left.startswith(_AGAIN.get(self.kind, b"\xff\xff")):
            self._damage = Damaged(f"bytes that are not {self.kind} follow the end of the {self.kind} stream")
            return
        self._engine = _decompressor(self.kind)
        self._kept, self._made = bytearray(left), 0
        try:
            self._ready = self._engine.decompress(left, OUT)
            self._made = len(self._ready)
        except _ERRORS as error:
            self._damage = Damaged(f"the {self.kind} stream is damaged: {_words(error)}")
            self._ready = self._salvage()
        self._count(len(self._ready))

    def _count(self, size: int) -> None:
        self._meter.add(size)
        self._out += size
        budget = self._meter.budget
        since = self._out - self._marked[1]
        if since >= budget.window:
            # What was read last may not have been used yet: it counts once more.
            if since > budget.ratio * (self._in - self._marked[0] + self._piece):
                self._meter.alarms += 1
                self._alarms += 1
                if self._alarms > budget.windows:
                    self._damage = Damaged(f"the {self.kind} stream expands more than {budget.ratio} times without end")
            self._marked = (self._in, self._out)


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
