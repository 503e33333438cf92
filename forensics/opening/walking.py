"""The members of one input, one after the other: containers opened, layers of compression undone, budgets kept."""

import hashlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from forensics.opening import mails, tars, zips
from forensics.opening.budgets import MIB, Damaged, Meter
from forensics.opening.folders import Found, files_of
from forensics.opening.names import leaves, member_name, shown
from forensics.opening.streams import COMPRESSED, Inflated, Peekable, Reader, kind_of
from parsers.decoding import ENOUGH, not_text, utf16
from parsers.giants import Returns, Shortening

_HEAD = 512
_PROGRAMS = (b"#!", b"MZ", b"\x7fELF")  # of which some unpack an archive behind them
_STUB = MIB  # bytes of such a program
_ZIP = b"PK\3\4"
_GZIP = b"\n\x1f\x8b\x08"  # behind the last line of a script
_NULS = bytes(MIB)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the bundle.

    Attributes:
        name: path inside the bundle, safe to show: `/` separated, `!` between an archive and what is in it.
        data: the bytes, decompressed; None where nothing is to be read.
        bytes: how many were read.
        sha256: of what was read, in hex; empty where nothing was.
        status: `read`, `partly` (data ends early), `skipped` (not text, or nothing to read), `refused` (unsafe, or over
            budget), `broken`.
        reason: why it is not `read`; None if it is.
    """

    name: str
    data: bytes | None
    bytes: int
    sha256: str
    status: str
    reason: str | None


class _Hashed:
    """The input file itself: counted, and hashed as it goes by."""

    def __init__(self, file: Reader, meter: Meter) -> None:
        self._file, self._meter = file, meter
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; raise `Damaged` where the disk does not give them."""
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise Damaged(f"it cannot be read on: {error.strerror or error}") from error
        self.digest.update(piece)
        self.size += len(piece)
        self._meter.add(len(piece))
        return piece


class Walk:
    """One input, walked."""

    def __init__(self, meter: Meter, name: str) -> None:
        self._meter, self._budget = meter, meter.budget
        self.name = name
        self.sha256 = ""
        self.size = 0
        self._hashed: _Hashed | None = None

    @property
    def taken(self) -> int:
        """Bytes of the input read so far, as it lies on disk."""
        return max(self.size, self._hashed.size if self._hashed is not None else 0)

    def members(self, path: str, stdin: BinaryIO | None) -> Iterator[Member]:
        """Yield the members of a folder, a file, or (`-`) of `stdin`; `sha256` and `size` are known afterwards."""
        if path == "-":
            yield from self._file(stdin or sys.stdin.buffer, None)
        elif Path(path).is_dir():
            yield from self._folder(path)
        else:
            try:
                with Path(path).open("rb", buffering=0) as file:
                    seekable = file.seekable()
                    yield from self._file(cast(BinaryIO, file), cast(BinaryIO, file) if seekable else None)
            except OSError as error:
                yield Member(self.name, None, 0, "", "broken", f"it cannot be read: {error.strerror or error}")

    def _file(self, file: BinaryIO, seekable: BinaryIO | None) -> Iterator[Member]:
        hashed = self._hashed = _Hashed(file, self._meter)
        try:
            yield from self._open(Peekable(hashed), self.name, "", 0, seekable)
        finally:
            self.size = hashed.size
            self.sha256 = hashed.digest.hexdigest()
        if seekable is not None:
            seekable.seek(hashed.size)
        try:
            while hashed.read(MIB):
                pass
        except Damaged:
            pass
        self.size = hashed.size
        self.sha256 = hashed.digest.hexdigest()

    def _folder(self, path: str) -> Iterator[Member]:
        for found in files_of(path, self._budget):
            if isinstance(found, Found):
                yield from self._found(found)
            else:
                self._meter.entry()
                yield Member(found.name, None, 0, "", found.status, found.reason)

    def _found(self, found: Found) -> Iterator[Member]:
        try:
            with found.open() as file:
                before = os.fstat(file.fileno())
                if not stat.S_ISREG(before.st_mode):
                    self._meter.entry()
                    yield Member(found.name, None, 0, "", "skipped", "it is no longer a file")
                    return
                hashed = _Hashed(_Sized(file, before.st_size), self._meter)
                stream, seekable = Peekable(hashed), file
                held: Member | None = None
                for member in self._open(stream, found.name, f"{found.name}!", 0, seekable):
                    if held is not None:
                        yield held
                    held = member
                after = os.fstat(file.fileno())
                self.size += before.st_size
                changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
                if held is not None:
                    if changed and held.status == "read":
                        held = replace(held, status="partly", reason="it changed while it was read")
                    yield held
        except OSError as error:
            self._meter.entry()
            why = "it was gone when it was to be read" if isinstance(error, FileNotFoundError) else error.strerror
            yield Member(found.name, None, 0, "", "broken", why or str(error))

    def _open(
        self, stream: Peekable, leaf: str, prefix: str, depth: int, seekable: BinaryIO | None = None
    ) -> Iterator[Member]:
        """Yield what a stream holds: itself under the name `leaf`, or its members, their names after `prefix`."""
        head = stream.peek(_HEAD)
        kind = kind_of(head) or (self._behind_a_program(stream) if head.startswith(_PROGRAMS) else None)
        if kind is None and mails.may_be_mail(head) and mails.is_mail(stream.peek(mails.LOOKED_AT)):
            kind = "mail"
        if kind is not None and depth >= self._budget.depth:
            self._meter.entry()
            yield Member(leaf, None, 0, "", "refused", f"it is nested deeper than {self._budget.depth} layers")
        elif kind == "tar":
            yield from self._tar(stream, leaf, prefix, depth + 1)
        elif kind == "zip":
            yield from self._zip(stream, leaf, prefix, depth + 1, seekable)
        elif kind == "mail":
            yield from self._mail(stream, leaf, prefix or self._inner(leaf), depth + 1)
        elif kind in COMPRESSED:
            yield from self._open(
                Peekable(Inflated(stream, str(kind), self._meter)), leaf, prefix or self._inner(leaf), depth + 1
            )
        else:
            yield self._leaf(stream, leaf)

    def _behind_a_program(self, stream: Peekable) -> str | None:
        """Return what a program that unpacks itself carries; a stream is then passed over up to it, a zip needs not."""
        head = stream.peek(_STUB)
        if head.find(_ZIP) > 0:
            return "zip"
        at = head.find(_GZIP) if head.startswith(b"#!") else -1
        if at < 0:
            return None
        stream.exactly(at + 1)
        return "gz"

    def _inner(self, leaf: str) -> str:
        return "" if leaf == self.name else f"{leaf}!"

    def _leaf(self, stream: Reader, name: str) -> Member:
        """Return the member that a stream is, read to its end or as far as it goes."""
        self._meter.entry()
        budget, alarms = self._budget, self._meter.alarms
        digest = hashlib.sha256()
        kept = io.BytesIO()  # gives its bytes away without a copy
        shortening: Shortening | None = Shortening()  # of a line without end no more is held than is read
        returns = Returns()
        size = 0
        status, reason, binary = "read", None, None
        try:
            while piece := stream.read(MIB):
                digest.update(piece)
                size += len(piece)
                # Of NULs, which a log that was cut while it was written begins with, none is kept.
                if binary is None and piece != _NULS[: len(piece)]:
                    if not kept.tell() and utf16(piece[:ENOUGH]):
                        shortening = None  # its line ends are looked for once it is UTF-8
                    if shortening:
                        piece = returns.take(piece)
                    kept.write(shortening.take(piece) if shortening else piece)
                    if kept.tell() == len(piece) >= ENOUGH:
                        binary = not_text(piece)
                if size > budget.member_bytes:
                    status, reason = "partly", f"it is larger than {budget.member_bytes:,} bytes: the rest was not read"
                    break
                if self._meter.alarms > alarms:
                    reason = f"it expands more than {budget.ratio} times: only its first {size:,} bytes were read"
                    status = "partly" if b"\n" in kept.getbuffer()[:MIB].tobytes() else "refused"
                    break
        except Damaged as damage:
            status, reason = "partly" if size else "broken", str(damage)
        if status == "refused" or (status == "broken" and not size):
            return Member(name, None, size, "", status, reason)
        kept.write(shortening.end() if shortening else b"")
        data = kept.getvalue()
        if size and not data:
            binary = "nothing but NUL bytes"
        if why := binary or not_text(data):
            status, reason = "skipped", why if reason is None else f"{why}; {reason}"
            return Member(name, None, size, digest.hexdigest(), status, reason)
        return Member(name, data, size, digest.hexdigest(), status, reason)

    def _tar(self, stream: Peekable, leaf: str, prefix: str, depth: int) -> Iterator[Member]:
        troubles: list[str] = []
        try:
            for entry in tars.entries(stream, self._meter):
                if isinstance(entry, str):
                    troubles.append(entry)
                    continue
                yield from self._entry(entry, prefix, depth)
        except Damaged as damage:
            troubles.append(str(damage))
        if troubles:
            more = f"; and {len(troubles) - 3} more" if len(troubles) > 3 else ""
            yield Member(leaf, None, 0, "", "broken", "; ".join(troubles[:3]) + more)

    def _entry(self, entry: tars.Entry, prefix: str, depth: int) -> Iterator[Member]:
        inner = member_name(entry.name, self._budget.path_bytes)
        name = prefix + inner
        if entry.kind == "file":
            yield from self._open(Peekable(entry.stream), name, f"{name}!", depth)
            return
        if entry.kind in ("folder", "label"):
            self._meter.add(0)
            return
        self._meter.entry()
        if entry.kind in ("link", "hard link"):
            target = shown(entry.target)[:200]
            if leaves(entry.target, inner if entry.kind == "link" else ""):
                yield Member(name, None, 0, "", "refused", f"a {entry.kind} that leaves the archive, to {target}")
            else:
                yield Member(name, None, 0, "", "skipped", f"a {entry.kind} to {target}: links are not followed")
            return
        yield Member(name, None, 0, "", "refused", f"a {entry.kind}: it is not read")

    def _mail(self, stream: Peekable, leaf: str, prefix: str, depth: int) -> Iterator[Member]:
        trouble = None
        pieces: list[bytes] = []
        try:
            while (piece := stream.read(MIB)) and len(pieces) * MIB <= mails.LARGEST:
                pieces.append(piece)
            if piece:
                trouble = f"a mail of more than {mails.LARGEST:,} bytes: the rest was not read"
        except Damaged as damage:
            trouble = str(damage)
        try:
            for name, data in mails.parts(b"".join(pieces)):
                self._meter.add(len(data))
                inner = prefix + member_name(name, self._budget.path_bytes)
                yield from self._open(Peekable(io.BytesIO(data)), inner, f"{inner}!", depth)
        except Damaged as damage:
            trouble = str(damage)
        if trouble:
            yield Member(leaf, None, 0, "", "broken", trouble)

    def _zip(self, stream: Peekable, leaf: str, prefix: str, depth: int, seekable: BinaryIO | None) -> Iterator[Member]:
        if seekable is not None and depth == 1:
            yield from self._zipped(seekable, leaf, prefix, depth)
            return
        # A zip's directory is at its end: what cannot be sought in is kept, past 16 MiB in a nameless file.
        with tempfile.SpooledTemporaryFile(16 * MIB) as file:
            size = 0
            trouble = None
            try:
                while (piece := stream.read(MIB)) and size <= self._budget.member_bytes:
                    size += file.write(piece)
            except Damaged as damage:
                trouble = str(damage)
            yield from self._zipped(cast(BinaryIO, file), leaf, prefix, depth)
            if trouble:
                yield Member(leaf, None, 0, "", "broken", trouble)

    def _zipped(self, file: BinaryIO, leaf: str, prefix: str, depth: int) -> Iterator[Member]:
        entries, trouble = zips.directory(file, self._meter)
        for entry in entries:
            yield from self._unzipped(file, entry, prefix, depth)
        if trouble:
            yield Member(leaf, None, 0, "", "broken", trouble)

    def _unzipped(self, file: BinaryIO, entry: zips.Entry, prefix: str, depth: int) -> Iterator[Member]:
        raw = _zip_name(entry)
        if raw.endswith("/") and not entry.size:
            self._meter.add(0)
            return
        inner = member_name(raw, self._budget.path_bytes)
        name = prefix + inner
        kind = stat.S_IFMT(entry.unix)
        refused = entry.trouble
        if entry.flags & 1:
            refused = "it is encrypted: unpack it with its password and give the folder"
        elif stat.S_ISLNK(kind):
            self._meter.entry()
            yield Member(name, None, 0, "", "skipped", "a link: links are not followed")
            return
        elif kind and not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            refused = "a device, socket or FIFO: it is not read"
        if refused:
            self._meter.entry()
            yield Member(name, None, 0, "", "refused", refused)
            return
        try:
            reader = zips.opened(file, entry, self._meter)
        except Damaged as damage:
            self._meter.entry()
            yield Member(name, None, 0, "", "broken", str(damage))
            return
        yield from self._open(Peekable(reader), name, f"{name}!", depth)


class _Sized:
    """The first `size` bytes of a file: it may grow for ever while it is read."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int, /) -> bytes:
        piece = self._file.read(min(size, self._left))
        self._left -= len(piece)
        return piece


def _zip_name(entry: zips.Entry) -> str:
    try:
        text = entry.name.decode("utf-8")
    except UnicodeDecodeError:
        text = entry.name.decode("utf-8", "surrogateescape") if entry.utf8 else entry.name.decode("cp437")
    # Windows' own zip folders write backslashes.
    return text.replace("\\", "/").removeprefix("//")
