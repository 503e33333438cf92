"""Starts, stops, restarts, roll-outs and retries that succeed are no failures: a healthy bundle comes out healthy."""

from pathlib import Path

import pytest

from benchmarks.accuracy.healthy import SCENES
from benchmarks.accuracy.layouts import LAYOUTS, write
from benchmarks.accuracy.passing import PASSING
from benchmarks.accuracy.score import chance
from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from patterns.loader import load_library

LIBRARY = load_library()
LIFE = SCENES | PASSING
MATTERS = ("medium", "high", "critical")


@pytest.mark.parametrize(("number", "name"), list(enumerate(LIFE)), ids=list(LIFE))
def test_nothing_lasts(number: int, name: str, tmp_path: Path) -> None:
    written = write(LIFE[name](chance(f"life/{name}")), LAYOUTS[number % len(LAYOUTS)], chance(str(number)))
    written.save(tmp_path)

    made = analyse(read(open_bundle([tmp_path])), LIBRARY)

    lasting = [
        f["pattern"]
        for f in made["findings"]
        if f["severity"] in MATTERS and f["at_end"] != "ended" and f["role"] != "check"
    ]
    assert (made["verdict"], lasting) == ("healthy", [])


def test_a_scene_is_the_same_every_time() -> None:
    first, second = (write(SCENES["scheduler-restarts"](chance("x")), "cri", chance("1")) for _ in "ab")

    assert first == second
    assert any(": error " in row or "level=error" in row for text in first.files.values() for row in text.split("\n"))
