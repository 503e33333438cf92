"""The public names, as their docstrings show them."""

import doctest
import sys
from io import StringIO
from pathlib import Path

import pytest

import forensics
from forensics import api

ROOT = Path(__file__).parent.parent


def test_the_docstrings_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    assert doctest.testmod(api).failed == 0
    assert doctest.testmod(api).attempted > 0


def test_the_public_names_are_there_and_no_other_is() -> None:
    assert all(getattr(forensics, name) is getattr(api, name) for name in forensics.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = forensics.nothing


def test_a_notebook_whose_output_takes_no_bytes_can_write_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = forensics.analyse(forensics.open_bundle(ROOT / "sample_bundles/missing-package/bundle.log.gz"))
    shown = StringIO()
    monkeypatch.setattr(sys, "stdout", shown)

    report.write(tmp_path / "r.json")
    report.write("json:-")

    assert shown.getvalue().encode() == (tmp_path / "r.json").read_bytes()


def test_a_report_is_written_in_every_form(tmp_path: Path) -> None:
    report = forensics.analyse(forensics.open_bundle(ROOT / "sample_bundles/missing-package/bundle.log.gz"))

    for suffix in ("json", "html", "md", "sarif", "xml", "txt"):
        report.write(tmp_path / f"r.{suffix}")
        assert (tmp_path / f"r.{suffix}").stat().st_size > 500
    report.write(tmp_path / "r.parquet")
    assert repr(report) == f"<Report {report.verdict}: {report.summary}>"
    assert str(report).startswith("FAILURE  ")
    assert report._repr_markdown_().startswith("# FAILURE: ")
    assert (tmp_path / "r.parquet" / "findings.parquet").is_file()
    assert (tmp_path / "r.parquet" / "citations.parquet").is_file()
