"""Read a zip by its central directory, or, where that is missing, from its first entry on.

The directory decides, as it does for every unzip; local headers say only where an entry's bytes begin. Entries that
share bytes are refused: no tool writes them, and they are how a small file becomes petabytes. Sizes that are written
down end nothing but the reading of stored bytes.

Source: APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from forensics.opening.budgets import MIB, Damaged, Meter
from forensics.opening.streams import Inflated, Limited, Reader

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_TAIL = _END.size + 0xFFFF  # the end record, and the longest comment
_METHODS = {0: "stored", 8: "deflate", 12: "bz2", 14: "lzma", 93: "zst", 95: "xz"}
_ALL_ONES = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a zip.

    Attributes:
        name: as written; not to be trusted.
        utf8: whether the entry says its name is UTF-8.
        method: how it is compressed, a number of the standard.
        flags: bit 0 is encryption, bit 3 sizes that follow the bytes.
        crc: of the uncompressed bytes.
        packed: bytes stored.
        size: bytes when unpacked, as claimed.
        at: where its local header is.
        unix: the file mode, 0 where the archive has none.
        trouble: why it must not be read; None if it may be.
    """

    name: bytes
    utf8: bool
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    at: int
    unix: int = 0
    trouble: str | None = None


def directory(file: BinaryIO, meter: Meter) -> tuple[list[Entry], str | None]:
    """Return the entries of a zip in the order written, and what is wrong with it as a whole, or None."""
    size = file.seek(0, 2)
    found, trouble = _central(file, size, meter)
    if trouble is not None:
        forward = list(_forward(file, size, meter))
        known = {entry.at for entry in forward}
        return [*forward, *(entry for entry in found if entry.at not in known)], trouble
    return _without_overlaps(found), None


def opened(file: BinaryIO, entry: Entry, meter: Meter) -> Reader:
    """Return the entry's bytes, unpacked as they are read, their checksum compared at the end.

    Raises:
        Damaged: its local header is not there, or its method is not known.
    """
    file.seek(entry.at)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise Damaged("its local header is not where the directory says")
    fields = _LOCAL.unpack(head)
    file.seek(entry.at + _LOCAL.size + fields[9] + fields[10])
    limited = Limited(_File(file, meter), entry.packed)
    method = _METHODS.get(entry.method)
    if method == "stored":
        return _Checked(limited, entry)
    if method in ("deflate", "bz2", "zst", "xz"):
        return _Checked(Inflated(limited, method, meter), entry)
    raise Damaged(f"it is compressed by method {entry.method}, which is not read here")


class _File:
    """A file, counted; it keeps its own place, since others read the same file between two reads."""

    def __init__(self, file: BinaryIO, meter: Meter) -> None:
        self._file, self._meter, self._at = file, meter, file.tell()

    def read(self, size: int, /) -> bytes:
        self._file.seek(self._at)
        piece = self._file.read(size)
        self._at += len(piece)
        self._meter.add(len(piece))
        return piece


class _Checked:
    def __init__(self, reader: Reader, entry: Entry) -> None:
        self._reader, self._entry, self._crc = reader, entry, 0

    def read(self, size: int, /) -> bytes:
        piece = self._reader.read(size)
        if piece:
            self._crc = zlib.crc32(piece, self._crc)
        elif self._crc != self._entry.crc and not self._entry.flags & 8:
            raise Damaged("its checksum is not that of its bytes")
        return piece


def _central(file: BinaryIO, size: int, meter: Meter) -> tuple[list[Entry], str | None]:
    start = max(0, size - _TAIL)
    file.seek(start)
    tail = file.read(_TAIL)
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < _END.size:
        return [], "its directory is missing: it is cut off"
    _, disk, _, _, count, length, offset, _ = _END.unpack_from(tail, found)
    end = start + found
    if disk not in (0, 0xFFFF):
        return [], "it is one part of several"
    file.seek(max(0, end - _LOCATOR.size))
    locator = file.read(_LOCATOR.size)
    if end >= _LOCATOR.size and locator.startswith(b"PK\x06\x07"):
        # The record stands right before its locator, wherever that says it is.
        file.seek(max(0, end - _LOCATOR.size - _END64.size))
        record = file.read(_END64.size)
        if not record.startswith(b"PK\x06\x06"):
            return [], "its zip64 directory is not where it should be"
        *_, count, length, offset = _END64.unpack(record)
        end -= _LOCATOR.size + _END64.size
    begins = end - length
    if begins < 0 or begins < offset:
        return [], "its directory is not where it should be"
    shift = begins - offset  # bytes before the first entry: a self-extracting program, a mail header
    file.seek(begins)
    entries: list[Entry] = []
    for _ in range(min(count, meter.budget.entries + 1)):
        head = file.read(_CENTRAL.size)
        if len(head) < _CENTRAL.size or not head.startswith(b"PK\x01\x02") or file.tell() > end:
            return entries, "its directory is damaged"
        entries.append(_entry(file, head, shift))
        meter.add(0)
    return entries, None


def _entry(file: BinaryIO, head: bytes, shift: int) -> Entry:
    _, made_by, _, flags, method, _, _, crc, packed, size, names, extras, comments, _, _, outer, at = _CENTRAL.unpack(
        head
    )
    name, extra = file.read(names), file.read(extras)
    file.seek(comments, 1)
    if _ALL_ONES in (packed, size, at):
        size, packed, at = _zip64(extra, size, packed, at)
    unix = outer >> 16 if made_by >> 8 == 3 else 0
    return Entry(name, bool(flags & 0x800), method, flags & ~8, crc, packed, size, at + shift, unix)


def _zip64(extra: bytes, size: int, packed: int, at: int) -> tuple[int, int, int]:
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            values = iter(struct.iter_unpack("<Q", extra[place + 4 : place + 4 + length // 8 * 8]))
            size, packed, at = (next(values, (v,))[0] if v == _ALL_ONES else v for v in (size, packed, at))
            break
        place += 4 + length
    return size, packed, at


def _without_overlaps(entries: list[Entry]) -> list[Entry]:
    order = sorted(range(len(entries)), key=lambda i: (entries[i].at, entries[i].packed))
    shared: set[int] = set()
    reach, holder = -1, -1
    for i in order:
        entry = entries[i]
        ends = entry.at + _LOCAL.size + len(entry.name) + entry.packed
        if entry.at < reach:
            shared |= {i, holder}
        if ends > reach:
            reach, holder = ends, i
    out = []
    for i, entry in enumerate(entries):
        out.append(replace(entry, trouble="it shares bytes with another entry") if i in shared else entry)
    return out


def _forward(file: BinaryIO, size: int, meter: Meter) -> Iterator[Entry]:
    """Yield what can be found by going from one local header to the next."""
    at = _find(file, 0, b"PK\x03\x04", meter)
    while 0 <= at < size:
        file.seek(at)
        head = file.read(_LOCAL.size)
        if len(head) < _LOCAL.size:
            return
        _, _, flags, method, _, _, crc, packed, unpacked, names, extras = _LOCAL.unpack(head)
        name, extra = file.read(names), file.read(extras)
        if _ALL_ONES in (packed, unpacked):
            unpacked, packed, _ = _zip64(extra, unpacked, packed, 0)
        begins = at + _LOCAL.size + names + extras
        if flags & 8 and not packed:
            ends = _find(file, begins, b"PK\x03\x04", meter)
            ends = _find(file, begins, b"PK\x01\x02", meter) if ends < 0 else ends
            packed = (ends if ends >= 0 else size) - begins
        yield Entry(name, bool(flags & 0x800), method, flags, crc, packed, unpacked, at)
        meter.add(0)
        at = _find(file, begins + packed, b"PK\x03\x04", meter)


def _find(file: BinaryIO, at: int, what: bytes, meter: Meter) -> int:
    """Return where `what` stands next, from `at` on; -1 if nowhere."""
    file.seek(at)
    before = b""
    while piece := file.read(MIB):
        meter.add(0)
        found = (before + piece).find(what)
        if found >= 0:
            return at - len(before) + found
        before = piece[-3:]
        at += len(piece)
    return -1
