"""Each contradiction between two layers has a pattern, and its finding cites both sides."""

import pytest

from forensics.analysis import analyse, context_of
from forensics.authoring.examples import case_of, needed
from forensics.findings import PRESENT
from forensics.intake.quoting import Quotes
from forensics.matching import find_all
from patterns.loader import load_library
from patterns.pattern import Library

LIBRARY = load_library()
SIDES = {
    "ready, and no route": "ready-without-route",
    "a route, and no endpoint": "route-without-endpoint",
    "an endpoint that refuses": "envoy-upstream-connect-failure",
    "loaded for the agent, and not served": "loaded-but-not-served",
    "a version that the caller, the route or the server does not have": "envoy-wrong-model-name-header",
    "two schedulers for one name": "scheduler-split-brain-two-schedulers",
    "replicas that are wanted and not registered": "server-expected-replicas-before-pods",
    "a model on a server that has gone": "server-pod-gone-models-unschedulable",
    "a policy that shuts a port both sides need": "networkpolicy-blocks-agent-to-scheduler",
    "a certificate out of its time": "arch-certificate-expired",
    "a certificate that was over when somebody was refused for it": "tls-certificate-expiring",
    "a generation that nobody has observed": "controller-status-stale-generation",
}


# Both sides stand in one object, or in a dump that is one line.
ONE_PLACE = ("controller-status-stale-generation", "arch-certificate-expired", "route-without-endpoint")


@pytest.mark.parametrize("name", SIDES.values(), ids=SIDES)
def test_a_contradiction_is_found_with_both_its_sides(name: str) -> None:
    pattern = next(p for p in LIBRARY.patterns.values() if p.name == name)
    library = Library(needed(pattern, LIBRARY), "")
    most = 0
    for example in (e for e in pattern.examples if e.expect == PRESENT):
        case = case_of(example.files, example.coverage == "whole")
        outcomes = find_all(library, context_of(case, exact=True))
        quotes = Quotes(case.intake, case.frames)
        for finding in outcomes[pattern.id].findings:
            rows = [row for seen in finding.evidence for row in seen.rows]
            cites = quotes.cites((*rows, *quotes.behind(rows, pattern.contradicts)), context=False)
            most = max(most, len({(cite["member"], *cite["lines"]) for cite in cites}))

    assert most >= (1 if name in ONE_PLACE else 2)


NO_FAILURE = ("arch-certificate-expired",)  # `review` asks for it; `analyse`, where somebody was refused for it


@pytest.mark.parametrize("name", [name for name in SIDES.values() if name not in NO_FAILURE])
def test_an_analysis_names_the_contradiction(name: str) -> None:
    pattern = next(p for p in LIBRARY.patterns.values() if p.name == name)
    example = next(e for e in pattern.examples if e.expect == PRESENT)

    made = analyse(case_of(example.files, example.coverage == "whole"), LIBRARY)

    assert pattern.id in [f["pattern"] for f in made["findings"] if f["at_end"] != "ended"]
