"""Which finding explains which, and how far a guess may go."""

import pytest

from forensics.causality import root_causes
from forensics.findings import Finding, Moment, Outcome
from forensics.installation.links import Link
from patterns.loader import load_pattern
from patterns.pattern import Library

SECOND = 1_000_000


def pattern(name: str, explains: str = "") -> str:
    return f"""
title = "{name}"
severity = "high"
status = "stable"
role = "either"
explains = [{explains}]
[evidence.line]
from = "log.agent"
where = 'text contains "{name} is seen"'
bind = ["pod"]
"""


LIBRARY = Library(
    {
        f"layer/{name}": load_pattern(pattern(name, effect), f"layer/{name}", "here")
        for name, effect in (("deep", '"layer/middle"'), ("middle", '"layer/last"'), ("last", ""))
    },
    "",
)


def outcome(name: str, state: str, *subjects: dict[str, str]) -> Outcome:
    made = LIBRARY.patterns[f"layer/{name}"]
    when = Moment(SECOND, 2 * SECOND)
    found = tuple(Finding(made, s, (), when, Moment(SECOND, 9 * SECOND), 1, "ongoing", "certain") for s in subjects)
    return Outcome(made, state, found)


def roots(middle: str, link: str, deep: dict[str, str], last: dict[str, str]) -> list[str]:
    between = (outcome("middle", middle, deep) if middle == "present" else outcome("middle", middle),)
    outcomes = (outcome("deep", "present", deep), *between, outcome("last", "present", last))
    ranked, _ = root_causes({o.pattern.id: o for o in outcomes}, LIBRARY, lambda a, b: Link(link, "because"))
    return [r.finding.pattern.name for r in ranked if r.role == "root"]


A, B = {"pod": "a-0"}, {"pod": "b-0"}


@pytest.mark.parametrize(
    ("middle", "link", "last", "wanted"),
    [
        ("present", "assumed", B, ["deep"]),
        ("unknown", "proven", B, ["deep"]),
        ("unknown", "assumed", A, ["deep"]),  # they name the same pod
        ("unknown", "assumed", B, ["deep", "last"]),  # nobody saw what lies between, and the link is a guess
        ("unknown", "assumed", {}, ["deep", "last"]),
        ("absent", "proven", A, ["deep", "last"]),
    ],
)
def test_how_far_a_guess_may_go(middle: str, link: str, last: dict[str, str], wanted: list[str]) -> None:
    assert roots(middle, link, A, last) == wanted
