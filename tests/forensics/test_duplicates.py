"""A log that was collected twice counts once, whatever wraps it and wherever it was cut."""

from datetime import timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.authoring.examples import case_of
from forensics.intake.duplicates import LEAST, WHOLE, copies
from tests.forensics.frames import START, rows

LINES = [f'time="2026-03-04T10:15:{n:02}Z" level=info msg="step {n}" source=SchedulerServer' for n in range(30)]
HEAD = 'time="2026-03-04T10:14:59Z" level=info msg="Setting log level to info"\ntime="2026-03-04T10:15:00Z" level=info msg="Scheduler server running on 9004" source=SchedulerServer\n'
LOG = HEAD + "\n".join(LINES) + "\n"


def members(files: dict[str, str]) -> set[str]:
    return set(case_of(files).frames["log.scheduler"]["member"])


def test_the_same_file_twice_is_one_log() -> None:
    assert members({"a/scheduler.log": LOG, "b/copy.log": LOG}) == {"a/scheduler.log"}


def test_a_tail_of_a_log_is_a_part_of_it() -> None:
    assert members({"a/tail.log": "\n".join(LINES[15:]) + "\n", "b/scheduler.log": LOG}) == {"b/scheduler.log"}


def test_a_wrapper_makes_no_second_log() -> None:
    wrapped = "".join(f"{line[6:25]}.000000000Z {line}\n" for line in LOG.splitlines())

    assert len(members({"a/scheduler.log": LOG, "b/stamped.log": wrapped})) == 1


def test_what_differs_stays() -> None:
    other = LOG.replace("step", "turn")

    assert members({"a/scheduler.log": LOG, "b/other.log": other}) == {"a/scheduler.log", "b/other.log"}


def test_what_became_of_a_copy_is_said() -> None:
    reads = case_of({"a/scheduler.log": LOG, "b/copy.log": LOG}).intake.reads

    assert [read.reason for read in reads] == [None, "a copy of a/scheduler.log: counted once"]


RECORD = st.tuples(st.one_of(st.none(), st.integers(0, 60)), st.sampled_from("xy"))


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[str | None, list[tuple[int | None, str]]]]:
    """Draw logs, each a part of one with a few records of its own."""
    whole = draw(st.lists(RECORD, min_size=30, max_size=45))
    found = []
    for _ in range(draw(st.integers(2, 4))):
        begin, own = draw(st.integers(0, 40)), draw(st.lists(RECORD, max_size=3))
        found.append((draw(st.sampled_from([None, "", "a-0", "b-0"])), whole[begin : begin + 42] + own))
    return found


def naive(frame: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Compare each log with each, record by record."""
    found: dict[tuple[str, str], str] = {}
    logs = {
        member: frame.filter(pl.col("time").is_not_null(), member=member) for member in sorted(set(frame["member"]))
    }
    records = {member: set(log.select("time", "text").iter_rows()) for member, log in logs.items()}
    pods = {member: next(iter(log["pod"].drop_nulls()), None) for member, log in logs.items()}
    for member, log in logs.items():
        for other in logs:
            mine, theirs = records[member], records[other]
            if (
                member != other
                and ("log.agent", member) not in found
                and ("log.agent", other) not in found
                and log.height >= LEAST
                and len(mine & theirs) >= max(1, WHOLE * len(mine))
                and not (pods[member] and pods[other] and pods[member] != pods[other])
                and (len(theirs) > len(mine) or (len(theirs) == len(mine) and other < member))
            ):
                found["log.agent", member] = other
    return found


@settings(max_examples=60)
@given(logs())
def test_no_copy_is_missed_by_what_is_looked_at_first(
    some: list[tuple[str | None, list[tuple[int | None, str]]]],
) -> None:
    found = [
        {
            "member": f"{number}.log",
            "pod": pod,
            "time": None if second is None else START + timedelta(seconds=second),
            "text": text,
        }
        for number, (pod, records) in enumerate(some)
        for second, text in records
    ]
    frames = rows("log.agent", *found)

    assert copies(frames) == naive(frames["log.agent"])
