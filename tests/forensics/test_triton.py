"""What Triton itself prints: `tests/data/triton`."""

import shutil
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from forensics import Report, analyse, open_bundle

DATA = Path(__file__).parent.parent / "data" / "triton"
AGENT = (
    'time="2026-11-26T06:30:00Z" level=info msg="Setting log level to info"\n'
    'time="2026-11-26T06:55:00Z" level=info msg="Server Capabilities [python]"\n'
)


def report(folder: Path, name: str, agent: str = AGENT) -> Report:
    shutil.copy(DATA / name, folder / "0.txt")  # the name says nothing
    if agent:
        (folder / "1.txt").write_text(agent)
    return analyse(open_bundle(folder))


def found(made: Report) -> dict[str, set[str]]:
    patterns: dict[str, set[str]] = defaultdict(set)
    for finding in made.document["findings"]:
        for subject in finding["subjects"]:
            patterns[finding["pattern"]].add(subject.get("model") or subject.get("name") or "")
    return dict(patterns)


@pytest.mark.parametrize("agent", [AGENT, ""], ids=["dated by another log", "no date at all"])
def test_a_healthy_log_is_silent(tmp_path: Path, agent: str) -> None:
    assert found(report(tmp_path, "healthy.log", agent)) == {}


@pytest.mark.parametrize("lines", [3, 30])
def test_a_server_without_gpu_that_has_just_started_lacks_nothing(tmp_path: Path, lines: int) -> None:
    (tmp_path / "a.txt").write_text("\n".join((DATA / "healthy.log").read_text().split("\n")[:lines]) + "\n")

    assert found(analyse(open_bundle(tmp_path))) == {}


@pytest.mark.parametrize("agent", [AGENT, ""], ids=["dated by another log", "no date at all"])
def test_each_refusal_has_its_cause(tmp_path: Path, agent: str) -> None:
    patterns = found(report(tmp_path, "failures.log", agent))
    refused = patterns.pop("triton/triton-load-failed")

    assert patterns == {
        "triton/triton-backend-missing": {"catboost", "tf", "onnx"},
        "triton/triton-config-invalid": {"badconfig", "badtype", "nodims"},
        "triton/triton-execution-env-path": {"env", "env2"},
        "triton/triton-gpu-unavailable": {"gpu"},
        "triton/triton-model-name-mismatch": {"misnamed"},
        "triton/triton-python-backend-import-error": {"badimport", "badsyntax", "nomodel"},
        "triton/triton-python-initialize-failed": {"badinit", "exits"},
        "triton/triton-model-folder-missing": {"absent", "unknown"},
        "triton/triton-version-folder-missing": {"noversion", "policy"},
        "triton/triton-500-model-exception": {"badexec", "memerr"},
    }
    causes = {model for name, models in patterns.items() if "500" not in name for model in models}
    assert causes - {"nomodel"} <= refused  # without model.py Triton waits, and never says that it gave up


def test_the_year_is_that_of_the_bundle(tmp_path: Path) -> None:
    triton = report(tmp_path, "healthy.log").frames["log.triton"]

    assert set(triton["time"].dt.year().drop_nulls()) == {2026}
    assert triton.filter(pl.col("time").is_null())["text"].str.contains("model_lifecycle").sum() == 0
    assert not triton.filter(pl.col("text").str.contains("model_lifecycle"))["zoned"].any()


def test_no_year_is_guessed_where_none_is_written(tmp_path: Path) -> None:
    assert report(tmp_path, "healthy.log", "").frames["log.triton"]["time"].is_null().all()


def test_the_other_format_says_the_same(tmp_path: Path) -> None:
    made = report(tmp_path, "iso8601.log")

    assert found(made)["triton/triton-python-initialize-failed"] == {"badinit"}
    assert found(made)["triton/triton-version-folder-missing"] == {"noversion"}
