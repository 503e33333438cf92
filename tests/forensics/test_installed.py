"""What `doctor` says."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from forensics import installed

ROOT = Path(__file__).parents[2]


def test_it_names_the_library_and_every_requirement() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "forensics", "doctor"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "library sha256:" in done.stdout
    assert all(f"  {name} " in done.stdout for name in installed.required())
    assert "extra fast (hyperscan): " in done.stdout


def test_what_is_missing_is_said_not_raised() -> None:
    assert installed.versions(["pytest", "no-such-distribution-of-anybody"]).keys() >= {"pytest"}
    assert installed.versions(["no-such-distribution-of-anybody"]) == {"no-such-distribution-of-anybody": None}


def test_a_stranger_with_our_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"patterns": ["seldon-forensics", "stranger"], "parsers": ["seldon-forensics"]}
    monkeypatch.setattr(installed, "packages_distributions", lambda: owners)

    assert installed.foreign() == [("patterns", "stranger")]


def test_requirements_are_read_from_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = ["polars>=2", "rich[x]>=13", "tzdata; sys_platform == 'win32'", "hyperscan>=0.7; extra == 'fast'"]
    monkeypatch.setattr(installed, "requires", lambda name: listed)

    assert installed.required() == ("polars", "rich")


def test_every_extra_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert {e.name for e in installed.EXTRAS} == set(project["optional-dependencies"])
