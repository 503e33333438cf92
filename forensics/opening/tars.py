"""Walk a tar forward: every dialect, no seeking, no extracting, no link followed.

Blocks of 512 bytes: a header, then the member's bytes padded to a whole block. Two blocks of zeros end the archive, but
concatenated archives go on after them, so this reads to the end of the stream. A header whose checksum is wrong does
not end the walk: it goes on at the next block that is one.

Source: POSIX.1-2017 pax "ustar Interchange Format" and "pax Interchange Format"; GNU tar 1.35, "Basic Tar Format".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from forensics.opening.budgets import MIB, Damaged, Meter
from forensics.opening.streams import Limited, Peekable, is_header

BLOCK = 512
META = MIB  # longest pax header or GNU name that is read
_ZEROS = bytes(BLOCK)
_KINDS = {
    b"\0": "file",
    b"0": "file",
    b"7": "file",
    b"1": "hard link",
    b"2": "link",
    b"3": "device",
    b"4": "device",
    b"5": "folder",
    b"6": "FIFO",
    b"S": "sparse file",
    b"D": "folder",
    b"V": "label",
    b"M": "continuation",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of a tar.

    Attributes:
        name: as written; not to be trusted.
        kind: file, hard link, link, device, folder, FIFO, sparse file, label, or what the type byte was.
        target: what a link points to.
        stream: the bytes that are stored; good until the next entry is asked for.
    """

    name: bytes
    kind: str
    target: bytes
    stream: Limited


def entries(stream: Peekable, meter: Meter) -> Iterator[Entry | str]:
    """Yield the entries in order; a string where a part of the archive could not be read, saying why.

    Raises:
        Damaged: the stream ends early, or cannot be decompressed.
        Exhausted: a budget is used up.
    """
    over: dict[str, bytes] = {}
    started = stream.position
    while block := stream.exactly(BLOCK):
        if block == _ZEROS[: len(block)]:
            over = {}
            continue
        at = stream.position - len(block) - started
        if len(block) < BLOCK or not is_header(block):
            over = {}
            if lost := _resynchronise(stream):
                yield f"no tar header at byte {at:,}: {lost + len(block):,} bytes were passed over"
            continue
        flag = block[156:157]
        size = _number(block[124:136])
        if size is None:
            yield f"the header at byte {at:,} has no size that can be read"
            over = {}
            continue
        if flag in (b"x", b"g", b"L", b"K"):
            kept = stream.exactly(min(size, META))
            _skip(stream, size - len(kept) + -size % BLOCK)
            if size > META:
                yield f"the extended header at byte {at:,} has {size:,} bytes"
            elif flag in (b"L", b"K"):
                over["path" if flag == b"L" else "linkpath"] = kept.split(b"\0")[0]
            elif flag == b"x":
                fields, sound = _pax(kept)
                over |= fields
                if not sound:
                    yield f"the extended header at byte {at:,} is damaged"
            meter.add(0)
            continue
        yield from _member(stream, block, flag, size, over)
        over = {}


def _member(stream: Peekable, block: bytes, flag: bytes, size: int, over: dict[str, bytes]) -> Iterator[Entry | str]:
    kind = _KINDS.get(flag, "file" if flag.isalnum() else "entry of an unknown type")
    name = over.get("path", _name(block))
    if "size" in over:
        digits = over["size"]
        if digits.isdigit() and len(digits) < 19:
            size = int(digits)
        else:
            yield f"the extended header of {_shown(name)} has no size that can be read"
    if kind == "file" and name.endswith(b"/"):
        kind = "folder"
    if kind == "sparse file" or any(key.startswith("GNU.sparse.") for key in over):
        kind = "sparse file"
        name = over.get("GNU.sparse.name", name)
        more = flag == b"S" and block[482:483] not in (b"\0", b"")
        while more:
            extension = stream.exactly(BLOCK)
            more = len(extension) == BLOCK and extension[504:505] != b"\0"
    # The standard gives links, devices and FIFOs no bytes, whatever their size says; old hard links may have some.
    stored = 0 if kind in ("link", "device", "FIFO", "folder") else size
    if kind == "hard link" and size:
        following = stream.peek(BLOCK)
        stored = 0 if not following.strip(b"\0") or is_header(following) else size
    limited = Limited(stream, stored)
    yield Entry(name, kind, over.get("linkpath", block[157:257].split(b"\0")[0]), limited)
    limited.skip()
    _skip(stream, -stored % BLOCK)


def _resynchronise(stream: Peekable) -> int:
    """Go on to the next block that is a header; return how many bytes were passed over."""
    lost = 0
    while (block := stream.peek(BLOCK)) and not (is_header(block) and block[257:262] == b"ustar"):
        if block == _ZEROS:
            break
        lost += len(stream.exactly(BLOCK))
    return lost or 1


def _skip(stream: Peekable, size: int) -> None:
    # Padding may be missing at the very end: an archive that was cut there has lost nothing.
    while size > 0 and (piece := stream.read(min(size, MIB))):
        size -= len(piece)


def _name(block: bytes) -> bytes:
    name = block[:100].split(b"\0")[0]
    # GNU's own dialect (`ustar  `) keeps times where POSIX has the prefix.
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _number(field: bytes) -> int | None:
    """Return a number in octal, or in GNU's base 256; None if it is neither, or negative."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0")[0].strip()
    if not digits:
        return 0
    return int(digits, 8) if all(48 <= digit <= 55 for digit in digits) else None


def _pax(data: bytes) -> tuple[dict[str, bytes], bool]:
    r"""Return the records `<length> <key>=<value>\n`, and whether all of them could be read."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data) and data[at] != 0:
        digits, blank, _ = data[at : at + 12].partition(b" ")
        # A length of 0 would never get on.
        if not blank or not digits.isdigit() or not len(digits) + 2 < int(digits) <= len(data) - at:
            return found, False
        key, equals, value = data[at + len(digits) + 1 : at + int(digits) - 1].partition(b"=")
        if equals:
            found[key.decode("utf-8", "replace")] = value
        at += int(digits)
    return found, True


def _shown(name: bytes) -> str:
    return repr(name[:80])[1:]


__all__ = ["Damaged", "Entry", "entries"]
