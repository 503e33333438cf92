"""Since when a failure is there: by the rows that show it, not by what only stands around it."""

import pytest

from forensics.authoring.examples import case_of
from forensics.causality import root_causes
from forensics.evidence.order import Order
from forensics.findings import Finding
from forensics.installation.links import Link
from forensics.matching import Context, find_all
from patterns.loader import load_pattern
from patterns.pattern import Library

PATTERN = """
title = "agents cannot get through"
severity = "high"
role = "cause"
match = '{match}'
"""
PIECES = {
    "lost": """
from = "log.agent"
where = 'text contains "i/o timeout"'
""",
    "alive": """
from = "log.scheduler"
where = 'text contains "Agent server running"'
weight = "weak"
""",
    "counted": """
from = "envoy.stat"
where = 'metric = "upstream_cx_connect_timeout" and value >= 3'
""",
}
FILES = {
    "agent.log": 'time="2026-03-04T10:05:00Z" level=info msg="Setting scheduler-host to scheduler" func=main source=Main\n'
    'time="2026-03-04T10:07:00Z" level=info msg="Scheduler not ready" Name=Client '
    'error="rpc error: code = Unavailable desc = dial tcp 10.0.0.9:9005: i/o timeout" func=StartService\n',
    "scheduler.log": 'time="2026-03-04T10:01:00Z" level=info msg="Agent server running on 9005" source=AgentServer\n',
    "stats.txt": "cluster.iris_1_http.upstream_cx_connect_timeout: 4\ncluster.iris_1_http.membership_total: 1\n",
}


def found(match: str) -> Finding:
    pieces = "".join(f"[evidence.{name}]{text}" for name, text in PIECES.items() if name in match)
    pattern = load_pattern(PATTERN.format(match=match) + pieces, "network/shut", "here")
    case = case_of(FILES)
    library = Library({pattern.id: pattern}, "")
    outcomes = find_all(library, Context(case.frames, case.covered, Order({}, case.covered.period)))
    (ranked,), _ = root_causes(outcomes, library, lambda a, b: Link("none", ""))
    return ranked.finding


@pytest.mark.parametrize(
    ("match", "minute"),
    [
        ("lost", 7),
        ("lost and alive", 7),  # that the scheduler came up is no failure
        ("alive then lost", 7),
        ("lost and counted", 7),  # a counter does not say since when
        ("alive", 1),  # where nothing else shows it
    ],
)
def test_a_failure_begins_with_what_shows_it(match: str, minute: int) -> None:
    begun = found(match).first.earliest // 60_000_000 % 60

    assert begun == minute


def test_what_surrounds_it_may_have_brought_about_what_came_before() -> None:
    finding = found("lost and alive")

    assert finding.since < finding.first.earliest


def test_counters_alone_span_the_period() -> None:
    finding = found("counted")

    assert finding.first.earliest < finding.first.latest - 60_000_000
