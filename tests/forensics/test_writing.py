"""A report is there whole, or as it was before; never in part."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forensics.writing import write_whole

ROOT = Path(__file__).parents[2]


def test_what_is_written_is_whole_and_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", b"new")

    assert (tmp_path / "a.json").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_what_was_there(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_bytes(b"old")

    def interrupted(*_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(error):
        write_whole(tmp_path / "a.json", b"new")

    assert (tmp_path / "a.json").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_modes_and_links_stay(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", b"new")
    write_whole(tmp_path / "secret", b"x", 0o600)

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole(tmp_path / "pipe", b"x")

    assert os.read(reading, 9) == b"x"
    os.close(reading)
    write_whole(Path("/dev/null"), b"x")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        write_whole(tmp_path / "none" / "a.json", b"x")

    assert raised.value.filename == str(tmp_path / "none" / "a.json")


@pytest.mark.parametrize("wait", [0.3, 0.9, 1.5])
def test_an_interrupted_command_leaves_no_part_of_a_report(wait: float, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_bytes(b"{}")
    bundle = ROOT / "sample_bundles" / "refused-update" / "bundle"
    forms = ("-o", str(out / "report.json"), "-o", str(out / "report.html"), "-o", f"{out}/frames.parquet")
    child = subprocess.Popen(
        [sys.executable, "-m", "forensics", "analyse", "--no-cache", str(bundle), *forms],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(wait)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=120)

    assert not [path.name for path in out.rglob("*.part")]
    text = (out / "report.json").read_text()
    assert text == "{}" or text.endswith("}\n")
