"""Whatever is given to the command: one clear sentence, the right exit code, and never a traceback."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forensics.cli import Exit, main

LOG = 'time="2025-03-04T10:15:30Z" level=info msg="Subscribed to scheduler" func=x source=y\n'
BAD_PACK = 'title = "x"\nseverity = "terrible"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log, a pack with a mistake, and what cannot be written."""
    (tmp_path / "agent.log").write_text(LOG * 3)
    (tmp_path / "pack" / "agent").mkdir(parents=True)
    (tmp_path / "pack" / "agent" / "bad.toml").write_text(BAD_PACK)
    (tmp_path / "torn.toml").write_text('[[suppress]\nx = "')
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "torn.json").write_text('{"schema": ')
    (tmp_path / "other.json").write_text("[1, 2]")
    (tmp_path / "file").write_text("x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRONG = [
    ("analyse", "nowhere.tar.gz", Exit.UNREADABLE),
    ("analyse", "", Exit.UNREADABLE),
    ("analyse", "/dev/null", Exit.UNREADABLE),
    ("analyse", "agent.log --since nonsense", Exit.USAGE),
    ("analyse", "agent.log --until 2025-13-45", Exit.USAGE),
    ("analyse", "agent.log --as-of yesterday", Exit.USAGE),
    ("analyse", "agent.log --memory lots", Exit.USAGE),
    ("analyse", "agent.log --memory 0", Exit.USAGE),
    ("analyse", "agent.log --timezone Mars/Olympus", Exit.USAGE),
    ("analyse", "agent.log --timezone ../../etc/passwd", Exit.USAGE),
    ("analyse", "agent.log --timezone +25:00", Exit.USAGE),
    ("analyse", "agent.log --since 2026-03-02 --until 2026-03-01", Exit.USAGE),
    ("analyse", "agent.log --fail-on awful", Exit.USAGE),
    ("analyse", "agent.log --no-such-option", Exit.USAGE),
    ("analyse", "agent.log -o report", Exit.USAGE),
    ("analyse", "agent.log -o report.docx", Exit.USAGE),
    ("analyse", "agent.log -o nowhere/report.json", Exit.USAGE),
    ("analyse", "agent.log -o file/report.html", Exit.USAGE),
    ("analyse", "agent.log -o file/frames.parquet/", Exit.USAGE),
    ("analyse", "agent.log --patterns nowhere", Exit.LIBRARY),
    ("analyse", "agent.log --patterns agent.log", Exit.LIBRARY),
    ("analyse", "agent.log --patterns pack", Exit.LIBRARY),
    ("analyse", "agent.log --suppress nowhere.toml", Exit.LIBRARY),
    ("analyse", "agent.log --suppress torn.toml", Exit.LIBRARY),
    ("analyse", "agent.log --suppress binary.toml", Exit.LIBRARY),
    ("analyse", "agent.log --suppress pack", Exit.LIBRARY),
    ("review", "agent.log --profile hobby", Exit.USAGE),
    ("review", "agent.log --baseline nowhere.toml", Exit.LIBRARY),
    ("review", "agent.log --baseline binary.toml", Exit.LIBRARY),
    ("review", "agent.log --manifests file/x", Exit.USAGE),
    ("postmortem", "agent.log -o incident.docx", Exit.USAGE),
    ("postmortem", "agent.log -o incident.md --notes torn.toml", Exit.USAGE),
    ("state", "nowhere", Exit.UNREADABLE),
    ("state", "agent.log -o nowhere/state.json", Exit.USAGE),
    ("routes", "agent.log -o file/x.json", Exit.USAGE),
    ("coverage", "agent.log -o .", Exit.USAGE),
    ("timeline", "agent.log --source log.nobody", Exit.USAGE),
    ("timeline", "agent.log --level loud", Exit.USAGE),
    ("timeline", "agent.log --since soon", Exit.USAGE),
    ("timeline", "agent.log --since 2026-03-02 --until 2026-03-01", Exit.USAGE),
    ("timeline", "agent.log --limit 0", Exit.USAGE),
    ("query", "agent.log SELEKT", Exit.USAGE),
    ("query", "agent.log SELECT+*+FROM+nobody", Exit.USAGE),
    ("query", "agent.log SELECT+nothing+FROM+log_agent", Exit.USAGE),
    ("query", "agent.log SELECT+*+FROM+log_agent -o x.docx", Exit.USAGE),
    ("query", "agent.log SELECT+*+FROM+log_agent -o nowhere/x.csv", Exit.USAGE),
    ("explain", "agent.log no-such-pattern", Exit.USAGE),
    ("patterns", "show no-such-pattern", Exit.USAGE),
    ("patterns", "new agent.log agent.log", Exit.USAGE),
    ("patterns", "new agent.log agent.log:999999999999999999999", Exit.USAGE),
    ("patterns", "new agent.log other.log:1", Exit.USAGE),
    ("patterns", "list --patterns file", Exit.LIBRARY),
    ("patterns", "docs -o file/x", Exit.USAGE),
    ("verify", "nowhere.json agent.log", Exit.USAGE),
    ("verify", "torn.json agent.log", Exit.USAGE),
    ("verify", "other.json agent.log", Exit.USAGE),
    ("collect", "--for nowhere.json", Exit.USAGE),
    ("collect", "--for torn.json", Exit.USAGE),
    ("collect", "--for other.json", Exit.USAGE),
    ("collect", "-o nowhere/collect.sh", Exit.USAGE),
    ("postmortem", "agent.log -o nowhere/incident.md", Exit.USAGE),
    ("postmortem", "agent.log -o incident.md --notes nowhere.md", Exit.USAGE),
    ("redact", "agent.log -o nowhere/shared.tar.gz", Exit.USAGE),
    ("diff", "agent.log nowhere", Exit.UNREADABLE),
    ("tree", "zebras-in-the-attic", Exit.USAGE),
]


@pytest.mark.parametrize(("name", "rest", "code"), WRONG, ids=[f"{n} {r}" for n, r, _ in WRONG])
def test_a_mistake_gets_one_sentence_and_its_exit_code(
    name: str, rest: str, code: Exit, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [part.replace("+", " ") for part in rest.split(" ")]
    before = sorted(folder.rglob("*"))
    monkeypatch.setattr(sys, "argv", ["seldon-forensics", name, *arguments])

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert ended.value.code == code, said.err
    assert said.err.strip(), "nothing was said"
    assert "Traceback" not in said.err
    assert len(re.sub(r"(?m)^(Usage|Try) .*\n", "", said.err).strip().splitlines()) <= 6
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "rest", ["collect --for torn.json", "collect --for nowhere.json", "postmortem agent.log -o x.md --notes nowhere.md"]
)
def test_a_mistake_names_the_file_once(
    rest: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["seldon-forensics", *rest.split(" ")])

    with pytest.raises(SystemExit):
        main()

    said = capsys.readouterr().err
    assert said.count(rest.split(" ")[-1]) == 1
    assert "Errno" not in said


@pytest.mark.parametrize("output", ["-", "json:-"])
def test_the_states_go_to_standard_output_by_either_name(
    output: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    before = sorted(folder.rglob("*"))
    monkeypatch.setattr(sys, "argv", ["seldon-forensics", "state", "--no-cache", "agent.log", "-o", output])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code in (0, None)
    assert capfdbinary.readouterr().out.startswith(b"[")
    assert sorted(folder.rglob("*")) == before


def test_what_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    work, temporary = tmp_path / "work", tmp_path / "tmp"
    work.mkdir()
    temporary.mkdir()
    (work / "agent.log").write_text(LOG * 400_000)
    child = subprocess.Popen(
        [sys.executable, "-m", "forensics", "analyse", "agent.log", "-o", "report.json"],
        cwd=work,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parent.parent)},
        stderr=subprocess.PIPE,
    )
    maps = Path(f"/proc/{child.pid}/maps")  # where it is read, Polars is loaded first
    while child.poll() is None and maps.exists() and "polars" not in maps.read_text():
        time.sleep(0.1)
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=120)[1].decode()

    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []
    assert [path.name for path in work.iterdir() if path.name != "report.json"] == ["agent.log"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_that_is_full_is_a_sentence() -> None:
    root = Path(__file__).parent.parent
    bundle = next((root / "sample_bundles" / "missing-package").glob("bundle*"))

    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [sys.executable, "-m", "forensics", "coverage", str(bundle)], stdout=full, stderr=-1, cwd=root, check=False
        )

    assert b"cannot be written whole" in said.stderr
    assert b"Traceback" not in said.stderr
