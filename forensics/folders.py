"""Walk a folder: every file once, in sorted order, no link followed, nothing opened that could block."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from forensics.budgets import Budget, Exhausted
from forensics.names import member_name, shown

_DEEPEST = 200  # folders in folders; real bundles have 9


@dataclass(frozen=True, slots=True)
class Found:
    """A file. `name` is its path inside the folder, safe to show."""

    name: str
    path: bytes

    def open(self) -> BinaryIO:
        """Open it for reading, unbuffered; a link or a FIFO put in its place meanwhile is not followed or waited for.

        Raises:
            OSError: it is gone, or may not be read.
        """
        return cast(BinaryIO, os.fdopen(os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb", 0))


@dataclass(frozen=True, slots=True)
class Passed:
    """What is not read, and why."""

    name: str
    status: str
    reason: str


def files_of(root: str, budget: Budget) -> Iterator[Found | Passed]:
    """Yield what a folder holds, sorted by name.

    Raises:
        Exhausted: it holds more entries than the budget allows.
    """
    top = os.fsencode(root)
    real = os.path.realpath(top)
    found: list[tuple[bytes, Found | Passed]] = []
    folders = [(b"", 0)]
    while folders:
        inside, depth = folders.pop()
        name = member_name(inside, budget.path_bytes)
        try:
            with os.scandir(os.path.join(top, inside)) as entries:
                for entry in entries:
                    path = os.path.join(inside, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        if depth < _DEEPEST:
                            folders.append((path, depth + 1))
                        else:
                            shortened = member_name(path, budget.path_bytes)
                            found.append((path, Passed(shortened, "refused", f"deeper than {_DEEPEST} folders")))
                    else:
                        found.append((path, _file(entry, path, real, top, budget)))
                    if len(found) + len(folders) > budget.entries:
                        raise Exhausted(f"more than {budget.entries:,} entries: none of them was read")
        except OSError as error:
            found.append((inside, Passed(name, "broken", f"the folder cannot be read: {error.strerror}")))
    found.sort(key=lambda pair: pair[0])
    for _, one in found:
        yield one


def _file(entry: os.DirEntry[bytes], path: bytes, real: bytes, top: bytes, budget: Budget) -> Found | Passed:
    name = member_name(path, budget.path_bytes)
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError as error:
        return Passed(name, "broken", f"it cannot be read: {error.strerror}")
    if stat.S_ISREG(mode):
        return Found(name, os.path.join(top, path))
    if stat.S_ISLNK(mode):
        try:
            target = os.readlink(os.path.join(top, path))
            goes = os.path.realpath(os.path.join(top, path))
        except (OSError, ValueError):
            return Passed(name, "skipped", "a link that cannot be read")
        words = shown(target)[:200]
        if goes != real and not goes.startswith(real.rstrip(b"/") + b"/"):
            return Passed(name, "refused", f"a link that leaves the folder, to {words}")
        return Passed(name, "skipped", f"a link to {words}: links are not followed")
    return Passed(name, "refused", "a FIFO, socket or device: it is not read")
