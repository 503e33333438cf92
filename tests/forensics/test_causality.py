"""Which finding explains which, and how far a guess may go."""

import pytest

from forensics.causality import root_causes
from forensics.findings import Finding, Missing, Moment, Outcome, Seen
from forensics.installation.links import Link
from patterns.loader import load_pattern
from patterns.pattern import Library

SECOND = 1_000_000


def pattern(name: str, explains: str = "", role: str = "either") -> str:
    return f"""
title = "{name}"
severity = "high"
status = "stable"
role = "{role}"
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


def beside(rests: bool, subject: dict[str, str] = A) -> str:
    """Return the role of a cause that explains nothing, proven to be linked to what another root explains."""
    texts = {"shut": pattern("shut", '"layer/cut"', "cause"), "cut": pattern("cut", "", "symptom"),
             "lone": pattern("lone", "", "cause")}  # fmt: skip
    library = Library({f"layer/{n}": load_pattern(t, f"layer/{n}", "here") for n, t in texts.items()}, "")
    when, last = Moment(SECOND, 2 * SECOND), Moment(SECOND, 9 * SECOND)
    outcomes = {
        p.id: Outcome(p, "present", (Finding(p, subject, (), when, last, 1, "ongoing", "certain"),))
        for p in library.patterns.values()
    }
    ranked, _ = root_causes(outcomes, library, lambda a, b: Link("proven", "because", rests=rests))
    return next(r.role for r in ranked if r.finding.pattern.name == "lone")


@pytest.mark.parametrize(
    ("cause", "effect", "wanted"),
    [
        ("likely", "certain", ["deep"]),
        ("possible", "possible", ["deep"]),
        ("possible", "certain", ["last", "deep"]),
    ],
)
def test_what_is_sure_is_not_explained_away_by_what_is_only_possible(
    cause: str, effect: str, wanted: list[str]
) -> None:
    texts = {"deep": pattern("deep", '"layer/last"'), "last": pattern("last")}
    library = Library({f"layer/{n}": load_pattern(t, f"layer/{n}", "here") for n, t in texts.items()}, "")
    when, last = Moment(SECOND, 2 * SECOND), Moment(SECOND, 9 * SECOND)
    outcomes = {
        p.id: Outcome(p, "present", (Finding(p, A, (), when, last, 1, "ongoing", how),))
        for p, how in zip(library.patterns.values(), (cause, effect), strict=True)
    }

    ranked, _ = root_causes(outcomes, library, lambda a, b: Link("proven", "because"))

    assert [r.finding.pattern.name for r in ranked if r.role == "root"] == wanted
    assert {r.finding.pattern.name: r.certainty for r in ranked}["last"] == ("likely" if len(wanted) > 1 else effect)


def test_a_cause_adds_only_to_what_rests_on_its_own_thing() -> None:
    """A second failure of the same namespace is a root of its own: to share a scheduler is no contribution."""
    assert beside(rests=True) == "contributing"
    assert beside(rests=False) == "root"


def test_what_is_about_a_namespace_adds_only_to_what_it_can_bring_about() -> None:
    """Kafka refuses a login, and Envoy is cut off: two failures of one namespace, and each is a root."""
    assert beside(rests=True, subject={"namespace": "ml"}) == "root"


def test_candidates_are_ruled_out_or_unknown_and_those_that_separate_most_come_first() -> None:
    texts = {
        "first": pattern("first", "", "symptom"),
        "second": pattern("second", "", "symptom"),
        "one": pattern("one", '"layer/first"', "cause"),
        "both": pattern("both", '"layer/first", "layer/second"', "cause"),
        "never": pattern("never", '"layer/first"', "cause"),
        "mended": pattern("mended", '"layer/first"', "cause"),
        "traced": pattern("traced", '"layer/first"', "cause"),
    }
    library = Library({f"layer/{n}": load_pattern(t, f"layer/{n}", "here") for n, t in texts.items()}, "")
    when, last = Moment(SECOND, 2 * SECOND), Moment(SECOND, 9 * SECOND)
    unseen = Missing("log.agent", "not collected", "kubectl logs")

    def of(name: str) -> Outcome:
        made = library.patterns[f"layer/{name}"]
        if name in ("first", "second"):
            return Outcome(made, "present", (Finding(made, A, (), when, last, 1, "ongoing", "certain"),))
        if name == "mended":
            return Outcome(made, "absent", (Finding(made, A, (), when, when, 1, "ended", "certain"),))
        states = {"never": "absent", "traced": "present"}
        closest = (Seen("line", "required", states[name]),) if name in states else ()
        return Outcome(
            made,
            "absent" if name == "never" else "unknown",
            closest=closest,
            missing=() if name == "never" else (unseen,),
        )

    ranked, candidates = root_causes({f"layer/{n}": of(n) for n in texts}, library, lambda a, b: Link("proven", "same"))

    first = next(i for i, r in enumerate(ranked) if r.finding.pattern.name == "first")
    told = [(c.pattern.name, c.state, c.because, bool(c.missing)) for c in candidates if c.symptom == first]
    assert told == [
        ("traced", "unknown", "signs of it were seen; log.agent: not collected", True),
        ("both", "unknown", "log.agent: not collected", True),
        ("one", "unknown", "log.agent: not collected", True),
        ("mended", "ruled out", "it was there, and has ended", False),
        ("never", "ruled out", "no sign of it in what was collected: line (log.agent)", False),
    ]
