"""What is printed again and again while it lasts has ended when a collected end of the log lacks it."""

import pytest

from forensics.authoring.examples import case_of
from forensics.evidence.order import Order
from forensics.findings import Outcome
from forensics.matching import Context, find_all
from patterns.loader import load_pattern
from patterns.pattern import Library

PATTERN = """
title = "the scheduler is away"
severity = "high"
role = "symptom"
match = '{match}'
[evidence.away]
from = "log.modelgateway"
where = 'text starts with "Scheduler not ready"'
{repeats}
[evidence.back]
from = "log.modelgateway"
where = 'text starts with "Received event name"'
"""


def line(second: int, message: str) -> str:
    return (
        f'time="2026-03-04T10:{second // 60:02d}:{second % 60:02d}Z" level=info msg="{message}" '
        "func=Start source=KafkaSchedulerClient\n"
    )


def outcome(match: str, last: int, repeats: str = 'repeats = "40s"') -> Outcome:
    """Judge a log that begins at second 0, holds failures at 10 to 90, and ends at `last`."""
    pattern = load_pattern(PATTERN.format(match=match, repeats=repeats), "pipelines/away", "here")
    log = line(0, "Setting log level to info")
    log += "".join(line(second, "Scheduler not ready") for second in range(10, 100, 20))
    log += line(last, "Subscribing to model status events")
    case = case_of({"modelgateway.log": log})
    context = Context(case.frames, case.covered, Order({}, case.covered.period))
    return find_all(Library({pattern.id: pattern}, ""), context)[pattern.id]


@pytest.mark.parametrize("match", ["away with no later back", "away for 1m with no later back", "away or back"])
def test_three_times_its_interval_of_silence_end_it(match: str) -> None:
    assert [f.over for f in outcome(match, last=300).findings] == [True]
    assert outcome(match, last=300).state == "absent"
    assert [f.over for f in outcome(match, last=150).findings] == [False]


def test_what_is_printed_once_does_not_end_by_silence() -> None:
    assert [f.over for f in outcome("away with no later back", last=3000, repeats="").findings] == [False]
