"""Two unrelated failures of one namespace are two roots: neither hides the other, and neither is made a mere addition."""

import pytest

from benchmarks.accuracy import score
from benchmarks.accuracy.fault import Fault
from benchmarks.accuracy.faults import FAULTS
from benchmarks.accuracy.layouts import write
from benchmarks.accuracy.life import live, world
from benchmarks.accuracy.model import World
from forensics.analysis import analyse
from forensics.authoring.examples import case_of
from patterns.loader import load_library

LIBRARY = load_library()
BY_NAME = {fault.name: fault for fault in FAULTS}
PAIRS = (
    ("agent-9005", "zero-weights"),
    ("envoy-9002", "capability"),
    ("envoy-9002", "missing-artefact"),
    ("engine-9008", "missing-file"),
    ("oom", "access-denied"),
    ("quota", "zero-weights"),
    ("kafka-down", "missing-artefact"),
    ("capability", "wrong-header"),
)


def both(one: Fault, other: Fault) -> World:
    """An installation in which both faults happen."""
    chance = score.chance(f"two/{one.name}/{other.name}")
    while True:
        made = world(chance)
        if made.release >= max(one.since, other.since):
            break
    for fault in (one, other):
        if fault.before:
            fault.before(made)
    live(made, one.calls and other.calls)
    for fault in (one, other):
        if fault.after:
            fault.after(made)
    return made


@pytest.mark.parametrize(
    ("one", "other"),
    [*PAIRS[:2], *(pytest.param(*pair, marks=pytest.mark.slow) for pair in PAIRS[2:])],
)
def test_both_are_roots(one: str, other: str) -> None:
    files = write(both(BY_NAME[one], BY_NAME[other]), "must-gather", score.chance("1")).files

    made = analyse(case_of(files, whole=False), LIBRARY)

    roots = {f["pattern"].partition("/")[2] for f in made["findings"] if f["role"] == "root" and f["at_end"] != "ended"}
    assert roots & {*BY_NAME[one].roots, *BY_NAME[one].also}, roots
    assert roots & {*BY_NAME[other].roots, *BY_NAME[other].also}, roots
    assert made["verdict"] == "failure"
