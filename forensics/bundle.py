"""Open whatever a customer sends: a folder, any archive, a compressed or plain file, standard input.

Members come as a stream, in the archive's order, folders in sorted order. Nothing is extracted, no link is followed,
no name is used as a path, and no size that is written down is believed. What cannot be read is a member too, with the
reason; what came before it counts.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from forensics.intake.masking import mask
from forensics.opening.budgets import Budget, Exhausted, Meter
from forensics.opening.names import Unique, member_name, shown
from forensics.opening.walking import Member, Walk

_SANE = Budget()


class BundleError(ValueError):
    """The input cannot be opened: the path, and why."""


def open_bundle(paths: Sequence[Path | str], budget: Budget = _SANE, stdin: BinaryIO | None = None) -> "Bundle":
    """Return the bundle that `paths` make together; `-` is standard input.

    Raises:
        BundleError: there is no path, or one of them is missing, cannot be read, or is neither file nor folder.
    """
    if not paths:
        raise BundleError("no bundle was given")
    for path in paths:
        _check(path)
    return Bundle(tuple(str(path) for path in paths), budget, stdin)


def _check(path: Path | str) -> None:
    text = os.fspath(path)
    if not text:
        raise BundleError("the name of a bundle is empty")
    if text == "-":
        return
    try:
        mode = Path(text).stat().st_mode
        if stat.S_ISDIR(mode):
            with os.scandir(text):
                return
        if stat.S_ISREG(mode) or _is_pipe_of_shell(text):
            if not os.access(text, os.R_OK):
                raise PermissionError(13, "permission denied")
            return
    except FileNotFoundError:
        raise BundleError(f"{shown(text)}: there is no such file or folder") from None
    except PermissionError:
        raise BundleError(f"{shown(text)}: no permission to read it") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BundleError(f"{shown(text)[:200]}: it cannot be opened ({why})") from None
    raise BundleError(f"{shown(text)}: neither a file nor a folder but a pipe, socket or device; `-` reads a pipe")


def _is_pipe_of_shell(text: str) -> bool:
    return text == "/dev/stdin" or text.startswith(("/dev/fd/", "/proc/self/fd/"))


class Bundle:
    """The members of one or several inputs.

    Attributes:
        name: what was given, without its folder.
        sha256: once `members` has ended: of the file's bytes; of a folder, over its sorted (member, sha256).
        bytes: once `members` has ended: bytes of the input, as it lies on disk.
        count: once `members` has ended: how many members there were.
    """

    def __init__(self, paths: tuple[str, ...], budget: Budget, stdin: BinaryIO | None) -> None:
        self._paths, self._budget, self._stdin = paths, budget, stdin
        unique = Unique()
        self._names = [unique(_base(path)) for path in paths]
        self.name = " + ".join(self._names)
        self.sha256 = ""
        self.bytes = 0
        self.count = 0
        self._walk: Walk | None = None

    @property
    def taken(self) -> int:
        """Bytes of the input read so far, as it lies on disk."""
        return self.bytes + (self._walk.taken if self._walk is not None else 0)

    def members(self) -> Iterator[Member]:
        """Yield every member once. Never raises for what the bundle holds, and always ends."""
        meter = Meter(self._budget)
        unique = Unique()
        rows: list[str] = []
        hashes: list[str] = []
        self.bytes = self.count = 0
        several = len(self._paths) > 1
        for path, name in zip(self._paths, self._names, strict=True):
            walk = self._walk = Walk(meter, name)
            before = self.count
            for member in self._walked(walk, path):
                prefixed = f"{name}/{member.name}" if several and member.name != name else member.name
                # A damaged or hostile archive can make a line of a log a name.
                member = replace(member, name=unique(mask(prefixed)))
                rows.append(f"{member.name}\0{member.sha256}\n")
                self.count += 1
                yield member
            if self.count == before:
                self.count += 1
                yield Member(unique(name), None, 0, "", "skipped", "it holds no files")
            hashes.append(walk.sha256)
            self._walk = None
            self.bytes += walk.size
        if len(hashes) == 1 and hashes[0]:
            self.sha256 = hashes[0]
        else:
            self.sha256 = hashlib.sha256("".join(sorted(rows)).encode()).hexdigest()

    def _walked(self, walk: Walk, path: str) -> Iterator[Member]:
        try:
            yield from walk.members(path, self._stdin)
        except Exhausted as error:
            yield Member(walk.name, None, 0, "", "refused", str(error))


def _base(path: str) -> str:
    if path == "-":
        return "stdin"
    return member_name(os.fsencode(Path(os.path.normpath(Path.cwd() / path)).name) or b"root", 255)


__all__ = ["Budget", "Bundle", "BundleError", "Member", "open_bundle"]
