"""A log that was collected twice counts once, whatever wraps it and wherever it was cut."""

from forensics.authoring.examples import case_of

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
