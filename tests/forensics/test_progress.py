"""Progress: on a terminal only, past the first second, gone at the end; and what an interruption says."""

import io
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forensics.__main__ import INTERRUPTED
from forensics.bundle import open_bundle
from forensics.cli import Exit, progress
from forensics.cli.progress import Progress, weight

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen(written: str) -> str:
    """What a terminal shows of one line that is written over again and again."""
    cells: list[str] = []
    at = 0
    for char in written:
        if char == "\r":
            at = 0
            continue
        cells[at : at + 1] = [char]
        at += 1
    return "".join(cells).rstrip()


def test_it_tells_bytes_share_and_time_left() -> None:
    now = [0.0]
    shown = Progress(io.StringIO(), lambda: now[0])
    shown.doing("reading case.tar.gz", lambda: (75_000_000, 300_000_000))
    now[0] = 10.0

    assert shown.line() == "reading case.tar.gz: 75 of 300 MB, 25 %, about 30 s left"
    shown.doing("reading -", lambda: (75_000_000, None))
    assert shown.line() == "reading -: 75 MB, 0 s"
    shown.doing("looking for 300 known failures")
    assert shown.line() == "looking for 300 known failures: 0 s"


def test_a_file_that_grew_is_never_more_than_all() -> None:
    shown = Progress(io.StringIO(), lambda: 5.0)
    shown.doing("reading", lambda: (3_000_000, 2_000_000))

    assert "2 of 2 MB, 100 %" in shown.line()


def test_the_line_comes_late_and_goes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST", 0.05)
    monkeypatch.setattr(progress, "NEXT", 0.02)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    shown = Progress(stream)
    shown.doing("reading case.tar.gz")
    assert stream.getvalue() == ""
    deadline = time.monotonic() + 60
    while "reading" not in stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert screen(stream.getvalue()).startswith("reading case.tar.gz")
    shown.rest()

    assert screen(stream.getvalue()) == ""
    assert stream.getvalue().endswith("\r")
    before = len(stream.getvalue())
    time.sleep(0.1)
    assert len(stream.getvalue()) == before


def test_where_nobody_looks_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST", 0.01)
    stream = io.StringIO()
    shown = Progress(stream)
    shown.doing("reading")
    time.sleep(0.1)
    shown.rest()

    assert stream.getvalue() == ""


def test_the_input_is_weighed_as_it_lies_on_disk(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.log").write_bytes(b"x" * 10)
    (tmp_path / "b.log").write_bytes(b"x" * 5)

    assert weight([str(tmp_path)]) == 15
    assert weight([str(tmp_path / "b.log")]) == 5
    assert weight(["-"]) is None
    assert weight([str(tmp_path / "gone")]) is None


@pytest.mark.parametrize(
    "name", ["agent-port-shut/bundle.tar.gz", "missing-artefact/bundle.zip", "refused-update/bundle"]
)
def test_a_bundle_says_how_much_of_it_was_taken(name: str) -> None:
    path = ROOT / "sample_bundles" / name
    bundle = open_bundle([path])
    seen = [bundle.taken for _ in bundle.members()]

    assert seen == sorted(seen)
    assert seen[-1] > 0
    assert bundle.taken == bundle.bytes == weight([str(path)])


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made with pty")
def test_an_interruption_leaves_nothing_and_says_what_was_not_done(tmp_path: Path) -> None:
    control, terminal = pty.openpty()
    command = [sys.executable, "-m", "forensics", "analyse", "-", "-o", str(tmp_path / "report.json")]
    environment = os.environ | {"TERM": "xterm", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=terminal, stderr=terminal, cwd=tmp_path, env=environment
    ) as running:
        os.close(terminal)
        said = b""
        while b"reading stdin" not in said:
            said += os.read(control, 1000)
        running.send_signal(signal.SIGINT)
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(30) == 130
    try:
        while piece := os.read(control, 1000):
            said += piece
    except OSError:
        pass  # that is how a terminal ends
    os.close(control)

    assert b"interrupted while reading stdin: that was not done" in said
    assert b"Traceback" not in said
    assert sorted(p.name for p in tmp_path.iterdir()) == []


def test_an_interruption_while_the_command_loads_is_a_sentence_too() -> None:
    code = (
        "import builtins, sys; real = builtins.__import__\n"
        "def loading(name, *rest, **more):\n"
        "    if name == 'forensics.cli': raise KeyboardInterrupt\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = loading\n"
        "from forensics.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == Exit.INTERRUPTED == INTERRUPTED
    assert done.stderr == "seldon-forensics: interrupted before anything was done\n"
