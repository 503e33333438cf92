"""Debian's chromium, driven over a pipe with the standard library alone: pages are looked at as a reader sees them.

Source: the Chrome DevTools Protocol, `--remote-debugging-pipe`: messages are JSON ended by a zero byte, in at file
descriptor 3, out at 4.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

PROGRAM = shutil.which("chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)


class Page:
    """One page of the browser."""

    def __init__(self, wanted: int, answers: int) -> None:
        self._in, self._out = wanted, answers
        self._left = b""
        self._count = 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Return what the browser answers."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, orjson.dumps(message) + b"\0")
        while (answer := self._next()).get("id") != self._count:
            pass
        assert "error" not in answer, answer["error"]
        return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            read = os.read(self._out, 1 << 20)
            assert read, "the browser is gone"
            self._left += read
        message, _, self._left = self._left.partition(b"\0")
        return dict(orjson.loads(message))

    def open(self, file: Path, *, width: int, dark: bool = False, script: bool = True) -> None:
        """Open a file as a reader with such a screen does."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=file.as_uri())
        while self.ask("document.readyState") != "complete":
            pass

    def ask(self, expression: str) -> Any:
        """Return the value of an expression, evaluated beside the page's own script."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, text: str = "") -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, **typed)


@contextmanager
def page(profile: Path) -> Iterator[Page]:
    """Run the browser for as long as its page is looked at."""
    theirs_in, wanted = os.pipe()
    answers, theirs_out = os.pipe()

    def join() -> None:
        os.dup2(theirs_in, 3, inheritable=True)
        os.dup2(theirs_out, 4, inheritable=True)

    for end in (theirs_in, theirs_out):
        os.set_inheritable(end, True)
    command = [str(PROGRAM), *FLAGS, f"--user-data-dir={profile}"]
    running = subprocess.Popen(
        command, preexec_fn=join, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(wanted, answers)
    finally:
        running.terminate()
        running.wait(30)
        os.close(wanted)
        os.close(answers)
