"""Tab offers symptoms and patterns."""

import os
import subprocess
import sys

import pytest

from forensics.cli.completing import pattern_names, symptoms
from patterns.loader import load_library


def test_names_and_ids_of_all_patterns_are_offered() -> None:
    library = load_library()

    assert set(pattern_names("")) == {id.partition("/")[2] for id in library.patterns}
    assert pattern_names("envoy/envoy-no-route") == ["envoy/envoy-no-route-404"]
    assert pattern_names("envoy-no-route") == ["envoy-no-route-404"]
    assert pattern_names("quux") == []


def test_symptoms_are_offered_in_any_case() -> None:
    assert "no matching servers available" in symptoms("NO MATCH")


@pytest.mark.parametrize(
    ("words", "offered"), [("tree Schedul", "Scheduler not ready"), ("explain x envoy-no-ro", "envoy-no-route-404")]
)
def test_a_shell_is_told(words: str, offered: str) -> None:
    line = f"seldon-forensics {words}"
    shell = {"_SELDON_FORENSICS_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    told = subprocess.run(
        [sys.executable, "-c", "from forensics.__main__ import main; main()"],
        env=os.environ | shell,
        capture_output=True,
        text=True,
        check=False,
    )

    assert offered in told.stdout
