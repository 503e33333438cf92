"""Gates on simulated bundles: what the analyser must reach before a change of the library or the engine is taken."""

import pytest

from benchmarks.accuracy import readiness, score
from benchmarks.accuracy.consequences import CONSEQUENCES, consequences
from benchmarks.accuracy.fault import Fault
from benchmarks.accuracy.faults import FAULTS
from benchmarks.accuracy.flaws import FLAWS
from benchmarks.accuracy.layouts import LAYOUTS, write
from benchmarks.accuracy.life import live, world
from patterns.loader import read_library

GATES = {
    "top-1": 0.90,
    "top-3": 0.97,
    "root for symptom avoided": 0.97,
    "healthy stays healthy": 0.99,
    "nothing lasts in the healthy": 0.99,
    "no wrong root when blind": 0.97,
    "evidence precision": 0.95,
    "evidence recall": 0.85,
}


@pytest.mark.slow
def test_gates() -> None:
    results = list(score.run(150, seed=1))

    sums = score.sums(results)

    wrong = {name: sums[name] for name, least in GATES.items() if sums[name][0] < least * sums[name][1]}
    missed = [f"{r.case}: {r.verdict} {r.roots} {r.note}" for r in results if not all(r.marks.values())]
    assert not wrong, missed
    assert sums["top-1"][0] > sums["top-1 of: literal vote"][0], "no better than a search for literals"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.name)
def test_every_fault_leaves_its_proofs(fault: Fault) -> None:
    written = write(fault.happen(score.chance("3")), LAYOUTS[0], score.chance("3"))

    assert set(fault.proofs) <= {proves for *_, proves in written.proofs}
    for member, first, last, _ in written.proofs:
        assert 1 <= first <= last <= written.files[member].count("\n")


def test_each_fault_has_a_name_of_its_own() -> None:
    names = [fault.name for fault in FAULTS]

    assert sorted(set(names)) == sorted(names)


def test_intervals_are_wilsons() -> None:
    low, high = score.wilson(95, 100)

    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)
    assert score.wilson(0, 0) == (0.0, 1.0)


def test_flaws_and_consequences_are_told_of_patterns_that_are_there() -> None:
    names = {id.partition("/")[2] for id in read_library()[0].patterns}

    assert {name for flaw in FLAWS for name in flaw.checks} <= names
    assert set(CONSEQUENCES) <= names
    assert len({flaw.name for flaw in FLAWS}) == len(FLAWS)


def test_a_healthy_installation_has_no_consequences() -> None:
    w = world(score.chance("a quiet one"), release=(2, 9, 1))
    live(w)

    assert consequences(w) == set()


def test_consequences_follow_from_the_mechanism() -> None:
    fault = next(fault for fault in FAULTS if fault.name == "agent-9005")

    assert {
        "agent-cannot-reach-scheduler", "scheduler-server-not-connected", "scheduler-no-matching-servers", "resource-not-ready",
    } <= consequences(fault.happen(score.chance("3")))  # fmt: skip


@pytest.mark.slow
def test_checks_fail_where_a_flaw_was_sown() -> None:
    reviews = list(readiness.run(len(FLAWS), seed=1))

    right, failed, true = (sum(row[i] for row in readiness.by_check(reviews).values()) for i in range(3))
    told = [f"{r.case}: {sorted(r.true ^ r.failed)} {r.wrong_roots}" for r in reviews if r.true != r.failed]
    assert right >= 0.98 * failed, told
    assert right >= 0.95 * true, told
    assert sum(bool(r.wrong_roots) for r in reviews) <= 0.03 * len(reviews), told
