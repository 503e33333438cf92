"""The command review: its options, exit codes and what it writes."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

import forensics.cli.review as command
from forensics.cli import app, sentences
from tests.forensics.test_review import DATA, library

ACCEPTS = '[[accept]]\ncheck = "{check}"\nreason = "a lab"\nuntil = 2030-01-01\n'


@pytest.fixture(autouse=True)
def checks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load", lambda packs: library())


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["review", *arguments])
    return result.exit_code, result.output


def told(*arguments: str) -> int:
    """Return the exit code as the real entry gives it, which turns what a caller got wrong into a sentence."""
    try:
        with sentences():
            invoked = CliRunner().invoke(app, ["review", str(DATA / "sound"), *arguments], catch_exceptions=False)
    except SystemExit as ended:
        return int(str(ended.code))
    return invoked.exit_code


def test_without_fail_on_it_ends_well() -> None:
    code, text = run(str(DATA / "unsound"))
    assert code == 0
    assert "Readiness: 17 failed" in text
    assert "What to send to decide the unknown" in text


def test_fail_on_ends_with_ten() -> None:
    assert run(str(DATA / "unsound"), "--fail-on", "high")[0] == 10
    assert run(str(DATA / "sound"), "--fail-on", "low")[0] == 0


def test_a_baseline_lets_a_pipeline_pass(tmp_path: Path) -> None:
    high = ("arch-control-plane-exposed", "arch-inference-unauthenticated", "arch-missing-rbac-isolation")
    path = tmp_path / "baseline.toml"
    path.write_text("".join(ACCEPTS.format(check=name) for name in high), "utf-8")
    arguments = (str(DATA / "unsound"), "--fail-on", "high", "--baseline", str(path))
    assert run(*arguments)[0] == 0
    assert run(*arguments, "--as-of", "2031-01-01T00:00:00Z")[0] == 10


def test_a_broken_baseline_ends_with_four(tmp_path: Path) -> None:
    path = tmp_path / "baseline.toml"
    path.write_text("[[accept]]\n", "utf-8")
    assert told("--baseline", str(path)) == 4


@pytest.mark.parametrize("option", [("--profile", "lab"), ("--fail-on", "bad"), ("--as-of", "then")])
def test_bad_options_end_with_two(option: tuple[str, str]) -> None:
    assert told(*option) == 2


def test_manifests_are_written_and_named_in_the_report(tmp_path: Path) -> None:
    out, folder = tmp_path / "report.json", tmp_path / "made"
    code, _ = run(str(DATA / "unsound"), "-o", str(out), "--manifests", str(folder))
    assert code == 0
    document = orjson.loads(out.read_bytes())
    named = {entry["file"] for entry in document["manifests"]}
    assert named == {path.name for path in folder.iterdir()}
    assert "team-a-networkpolicies.yaml" in named


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    code, _ = run(str(DATA / "unsound"), "--manifests", str(tmp_path / "file" / "made"))
    assert code == 2


def test_a_profile_is_kept_in_the_report(tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    run(str(DATA / "unsound"), "-o", str(out), "--profile", "development")
    document = orjson.loads(out.read_bytes())
    assert document["profile"] == "development"
    assert document["verdict"] == "insufficient"
