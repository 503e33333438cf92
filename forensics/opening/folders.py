"""Walk a folder: every file once, in sorted order, no link followed, nothing opened that could block."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from forensics.opening.budgets import Budget, Exhausted
from forensics.opening.names import member_name, shown

_DEEPEST = 200  # folders in folders; real bundles have 9
_KNOWN = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")  # Windows has neither of the first two, and only it the last
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in _KNOWN)


@dataclass(frozen=True, slots=True)
class Found:
    """A file. `name` is its path inside the folder, safe to show."""

    name: str
    path: Path

    def open(self) -> BinaryIO:
        """Open it for reading, unbuffered; a link or a FIFO put in its place meanwhile is not followed or waited for.

        Raises:
            OSError: it is gone, or may not be read.
        """
        return cast(BinaryIO, os.fdopen(os.open(self.path, _FLAGS), "rb", 0))


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
    top = Path(root)
    real = top.resolve()
    found: list[tuple[bytes, Found | Passed]] = []

    def keep(path: str, one: Found | Passed) -> None:
        found.append((os.fsencode(path), one))

    folders = [("", 0)]
    while folders:
        inside, depth = folders.pop()
        try:
            with os.scandir(top / inside) as entries:
                for entry in entries:
                    path = f"{inside}/{entry.name}" if inside else entry.name
                    name = member_name(path, budget.path_bytes)
                    if not entry.is_dir(follow_symlinks=False):
                        keep(path, _file(entry, name, real, top / path))
                    elif depth < _DEEPEST:
                        folders.append((path, depth + 1))
                    else:
                        keep(path, Passed(name, "refused", f"deeper than {_DEEPEST} folders"))
                    if len(found) + len(folders) > budget.entries:
                        raise Exhausted(f"more than {budget.entries:,} entries: none of them was read")
        except OSError as error:
            name = member_name(inside, budget.path_bytes)
            keep(inside, Passed(name, "broken", f"the folder cannot be read: {error.strerror}"))
    found.sort(key=lambda pair: pair[0])
    for _, one in found:
        yield one


def _file(entry: os.DirEntry[str], name: str, real: Path, path: Path) -> Found | Passed:
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError as error:
        return Passed(name, "broken", f"it cannot be read: {error.strerror}")
    if stat.S_ISREG(mode):
        return Found(name, path)
    if not stat.S_ISLNK(mode):
        return Passed(name, "refused", "a FIFO, socket or device: it is not read")
    try:
        words = shown(str(path.readlink()))[:200]
        goes = path.resolve()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a circle
        return Passed(name, "skipped", "a link that leads nowhere")
    if goes != real and real not in goes.parents:
        return Passed(name, "refused", f"a link that leaves the folder, to {words}")
    return Passed(name, "skipped", f"a link to {words}: links are not followed")
