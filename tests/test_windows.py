"""The command where the system is another one: Windows' modules, and outputs that know few characters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "sample_bundles" / "refused-update" / "bundle"
SHOWN = ROOT / "sample_bundles" / "two-schedulers" / "bundle.tar.gz"

# What Windows' Python lacks is taken away once what is not ours has been imported.
_AS_IN_WINDOWS = """
import os, signal, sys
import concurrent.futures, multiprocessing, shutil, subprocess, tempfile
import jinja2, lz4.frame, polars, rich.console, typer, yaml, zstandard
for name in ("fcntl", "grp", "pwd", "readline", "resource", "termios", "tty"):
    sys.modules[name] = None
for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "chown", "fchmod", "fork", "geteuid", "getuid", "mkfifo", "sysconf"):
    delattr(os, name)
for name in ("SIGALRM", "SIGHUP", "SIGPIPE", "SIGQUIT", "SIGUSR1", "alarm", "setitimer"):
    delattr(signal, name)
from forensics.cli import main
main()
"""


def run(command: list[str], where: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    known = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(where), **environment}
    return subprocess.run(command, capture_output=True, env=known, cwd=where, check=False, timeout=300)


def test_a_folder_is_analysed_where_there_is_nothing_of_posix(tmp_path: Path) -> None:
    command = ["analyse", str(FOLDER), "-o", "json:out.json", "-o", "html:out.html"]
    usual = run([sys.executable, "-m", "forensics", *command, "-o", "json:usual.json"], tmp_path)
    for _ in range(2):  # the second time the files are there already
        came = run([sys.executable, "-c", _AS_IN_WINDOWS, *command], tmp_path)
        assert (came.returncode, came.stderr) == (0, b"")

    assert usual.returncode == 0
    assert (tmp_path / "out.json").read_bytes() == (tmp_path / "usual.json").read_bytes()


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252"])
@pytest.mark.parametrize("command", ["analyse", "coverage"])
def test_no_output_is_lost_for_want_of_a_character(command: str, encoding: str, tmp_path: Path) -> None:
    came = run([sys.executable, "-m", "forensics", command, str(SHOWN)], tmp_path, PYTHONIOENCODING=encoding)

    assert (came.returncode, came.stderr) == (0, b"")
    assert "seldon-mesh" in came.stdout.decode(encoding)
    assert b"\\u" not in came.stdout
