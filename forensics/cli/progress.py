"""What a command is doing, on standard error: on a terminal only, and only past its first second.

One line that is written over and gone at the end, so that nothing of it is left among a report's lines.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

FIRST, NEXT = 1.0, 0.25  # seconds
MB = 1_000_000
Share = Callable[[], tuple[int, int | None]]  # bytes of the input read so far, and of all of it, if that is known


class Progress:
    """The stage a command is in, shown by a thread of its own."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage = ""
        self._stream, self._clock = stream, clock
        self._share: Share | None = None
        self._began = 0.0
        self._wide = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def doing(self, stage: str, share: Share | None = None) -> None:
        """Begin a stage; what came before it is done."""
        with self._lock:
            self.stage, self._share, self._began = stage, share, self._clock()
        if self._thread is None and _is_terminal(self._stream):
            self._thread = threading.Thread(target=self._show, daemon=True, name="progress")
            self._thread.start()

    def rest(self) -> None:
        """Take the line away, until the next stage begins: something else is to be printed."""
        with self._lock:
            self.stage = ""
            self._write("")

    def line(self) -> str:
        """Return what is shown now: `reading: 45 of 306 MB, 14 %, about 40 s left`."""
        spent = self._clock() - self._began
        if self._share is None:
            return f"{self.stage}: {spent:.0f} s"
        done, whole = self._share()
        if not whole:
            return f"{self.stage}: {done / MB:.0f} MB, {spent:.0f} s"
        done = min(done, whole)
        told = f"{self.stage}: {done / MB:.0f} of {whole / MB:.0f} MB, {done * 100 // whole} %"
        return told + (f", about {spent * (whole - done) / done:.0f} s left" if done * 50 > whole else "")

    def _show(self) -> None:
        time.sleep(FIRST)
        while True:
            with self._lock:
                if self.stage:
                    self._write(self.line())
            time.sleep(NEXT)

    def _write(self, text: str) -> None:
        # Blanks, and no control sequence but the return: every terminal knows them.
        text = text[: _columns() - 1]
        if not text and not self._wide:
            return
        with suppress(OSError, ValueError):
            self._stream.write("\r" + text.ljust(self._wide) + ("" if text else "\r"))
            self._stream.flush()
        self._wide = len(text)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:
        return False


def _columns() -> int:
    try:
        return max(os.get_terminal_size(sys.stderr.fileno()).columns, 20)
    except (OSError, ValueError, AttributeError):
        return 80


def weight(paths: Sequence[str]) -> int | None:
    """Return the bytes of all inputs, as they lie on disk; None where that cannot be known before reading."""
    total = 0
    for path in paths:
        if path == "-":
            return None
        try:
            if Path(path).is_dir():
                for folder, _, names in os.walk(path):
                    total += sum(os.lstat(Path(folder, name)).st_size for name in names)
            else:
                total += Path(path).stat().st_size
        except OSError:
            return None
    return total or None


PROGRESS = Progress(sys.stderr)
