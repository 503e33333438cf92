"""What the authors of patterns are told of how a pattern is run, and of its cost."""

from itertools import count

import pytest
from typer.testing import CliRunner

from forensics.analysis import context_of
from forensics.authoring.examples import case_of
from forensics.authoring.plans import by_cost, measure, plan_of
from forensics.cli import app
from forensics.evidence.ledger import Ledger
from forensics.matching import find_all
from patterns.pattern import Library
from patterns.reading import load_pattern
from tests.test_sample_bundles import BUNDLES

PATTERN = """title    = "The scheduler refuses the agent"
severity = "high"
role     = "cause"
match    = 'dial and alive'

[evidence.dial]
from  = "log.agent"
where = 'text contains "connection refused" and text contains ":9005"'
bind  = ["pod"]

[evidence.alive]
from  = "log.scheduler"

[[example]]
name   = "refused"
origin = "imagined"
expect = "present"
files."a.log" = '''time="2025-03-04T10:15:00Z" level=info msg="Server Capabilities [sklearn]"
time="2025-03-04T10:15:01Z" level=error msg="dial tcp 10.0.0.1:9005: connection refused"
time="2025-03-04T10:15:02Z" level=error msg="dial tcp 10.0.0.1:9004: connection refused"
'''
files."s.log" = '''time="2025-03-04T10:15:00Z" level=info msg="Namespace is ml"
time="2025-03-04T10:15:00Z" level=info msg="Agent server running on 9005" source=AgentServer
'''
"""
LIBRARY = Library({"net/p": load_pattern(PATTERN, "net/p", "p.toml")}, "")
(BUNDLE,) = (path for path in BUNDLES if path.parent.name == "agent-port-shut")


def test_the_plan_counts_rows_nominated_and_rows_that_fit() -> None:
    pattern = LIBRARY.patterns["net/p"]
    ticks = count()

    measured = measure(pattern, LIBRARY, [case_of(pattern.examples[0].files)], lambda: next(ticks) * 1_000_000)
    text = plan_of(pattern, measured, "an example")

    dial, alive = measured.pieces["dial"], measured.pieces["alive"]
    assert (dial.rows, dial.nominated, dial.fit, dial.undecided) == (3, measured.literals["dial"].popitem()[1], 1, 0)
    assert (alive.rows, alive.nominated, alive.fit) == (2, 2, 2)
    assert "cost: of 2 rows 2 nominated, 2 fit; 1.0 ms" in text
    assert "it is present, with 1 finding" in text
    # Each clock reading is a millisecond later: two sources searched, two pieces decided, one pattern judged.
    assert "CPU: 5.0 ms = 2.0 ms nominating, 2.0 ms deciding, 1.0 ms joining and judging" in text


def test_a_ledger_changes_no_outcome() -> None:
    context = context_of(case_of(LIBRARY.patterns["net/p"].examples[0].files))

    assert find_all(LIBRARY, context, Ledger(lambda: 0)) == find_all(LIBRARY, context)


def test_the_dearest_pattern_comes_first() -> None:
    other = load_pattern(PATTERN.replace('"connection refused" and', '"no such text" and'), "net/q", "q.toml")
    library = Library({"net/q": other, **LIBRARY.patterns}, "")
    ticks = count()

    lines = list(by_cost(library, case_of(other.examples[0].files), lambda: next(ticks) ** 2))

    assert [line.rpartition(" ")[2] for line in lines if "net/" in line] == ["net/p", "net/q"]
    assert not any("net/" in line for line in by_cost(library, case_of({}), lambda: 0, layer="envoy"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "--plan", "agent-cannot-reach-scheduler"], "measured over its own"),
        (["show", "agent-cannot-reach-scheduler", "--bundle", str(BUNDLE)], f"measured over {BUNDLE.name}"),
        (["list", "--by-cost", str(BUNDLE), "--layer", "agent"], "agent/agent-cannot-reach-scheduler"),
    ],
)
def test_the_command_says_the_cost(arguments: list[str], told: str) -> None:
    ran = CliRunner().invoke(app, ["patterns", *arguments])

    assert ran.exit_code == 0
    assert told in ran.output
    assert " nominated" in ran.output
    assert " ms" in ran.output


def test_a_plan_without_examples_says_what_nominates() -> None:
    pattern = LIBRARY.patterns["net/p"]

    text = plan_of(pattern, measure(pattern, LIBRARY, [], lambda: 0), "nothing")

    assert "nominated by: 'connection refused' (0 rows)" in text
    assert "it was asked of nothing" in text
