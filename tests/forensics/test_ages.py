"""Tables of Events tell ages: which of two rows of one table came first is known, though not when the table was made."""

import polars as pl

from forensics.analysis import analyse, context_of
from forensics.authoring.examples import case_of
from forensics.evidence.hits import Hit
from forensics.evidence.order import CERTAIN, IMPOSSIBLE, POSSIBLE
from forensics.timeline import AGED
from patterns.loader import load_pattern
from patterns.pattern import Library

LOG = (
    'time="2026-03-04T10:00:00Z" level=info msg="Setting log level to info"\n'
    'time="2026-03-04T10:20:00Z" level=info msg="Scheduler is ready"\n'
)
EVENTS = (
    "LAST SEEN   TYPE      REASON             OBJECT                 MESSAGE\n"
    "40s         Warning   FailedCreate       statefulset/mlserver   create Pod mlserver-0 in StatefulSet mlserver failed\n"
    "19m         Normal    SuccessfulCreate   statefulset/mlserver   create Pod mlserver-0 in StatefulSet mlserver made\n"
    "19m         Normal    Scheduled          pod/mlserver-0         Successfully assigned ml/mlserver-0 to worker-1\n"
)
PATTERN = """
title = "Refused, and not made since"
severity = "high"
role = "cause"
status = "stable"
match = 'refused with no later made'

[evidence.refused]
from = "k8s.event"
where = 'reason = "FailedCreate"'
bind = { workload = "name" }

[evidence.made]
from = "k8s.event"
where = 'reason = "SuccessfulCreate"'
bind = { workload = "name" }

[[example]]
name = "one"
origin = "imagined"
expect = "present"
files."events.txt" = '''
'''
"""


def hits(frame: pl.DataFrame) -> list[Hit]:
    earliest, latest = (frame[name].cast(pl.Int64) for name in ("earliest", "latest"))
    return [
        Hit(
            "k8s.event", row, earliest[row], latest[row], frame["clock"][row], (frame["member"][row], -row - 1, row), {}
        )
        for row in range(frame.height)
    ]


def test_rows_of_one_table_are_in_the_order_of_their_ages() -> None:
    case = case_of({"events.txt": EVENTS, "scheduler.log": LOG})
    order = context_of(case, exact=True).order
    refused, made, placed = hits(case.frames["k8s.event"])

    assert order.before(made, refused) == CERTAIN
    assert order.before(refused, made) == IMPOSSIBLE
    assert order.before(made, placed) == POSSIBLE  # to the minute alone


def test_when_the_table_was_made_is_not_known() -> None:
    case = case_of({"a/events.txt": EVENTS, "b/events.txt": EVENTS.replace("40s", "30s"), "scheduler.log": LOG})
    frame = case.frames["k8s.event"]
    order = context_of(case).order
    one, other = (hits(frame.filter(pl.col("member") == f"{folder}/events.txt")) for folder in "ab")

    assert frame["clock"].str.starts_with(AGED).all()
    assert order.before(one[1], other[0]) == POSSIBLE


def test_two_tables_in_one_file_are_two() -> None:
    case = case_of({"watched.txt": EVENTS + "\n" + EVENTS.replace("19m", "25m"), "scheduler.log": LOG})

    assert case.frames["k8s.event"]["clock"].n_unique() == 2


def test_an_event_that_is_dated_elsewhere_keeps_that_time() -> None:
    dated = """apiVersion: v1
kind: Event
metadata: {name: mlserver-0.1, namespace: ml}
involvedObject: {kind: Pod, name: mlserver-0, namespace: ml}
reason: Scheduled
type: Normal
message: Successfully assigned ml/mlserver-0 to worker-1
firstTimestamp: "2026-03-04T10:01:00Z"
lastTimestamp: "2026-03-04T10:01:00Z"
"""
    frame = case_of({"events.txt": EVENTS, "events.yaml": dated, "scheduler.log": LOG}).frames["k8s.event"]

    assert frame.filter(pl.col("clock").str.starts_with(AGED))["reason"].to_list() == [
        "FailedCreate",
        "SuccessfulCreate",
    ]
    assert frame.filter(pl.col("reason") == "Scheduled")["time"].drop_nulls().len() == 1


def test_a_bundle_without_any_record_has_no_ages() -> None:
    case = case_of(
        {
            "pods.txt": "NAMESPACE   NAME         READY   STATUS    RESTARTS   AGE\nml   mlserver-0   3/3   Running   0   9m\n"
        }
    )

    assert context_of(case, exact=True).order.greatest_slack == 0


def test_what_was_refused_last_was_not_made_since() -> None:
    pattern = load_pattern(PATTERN, "kubernetes/one", "one.toml")
    document = analyse(case_of({"events.txt": EVENTS, "scheduler.log": LOG}), Library({pattern.id: pattern}, ""))

    (finding,) = document["findings"]
    assert finding["subject"] == {"workload": "mlserver"}
    assert finding["at_end"] == "ongoing"


def test_what_was_made_last_is_not_refused_any_more() -> None:
    pattern = load_pattern(PATTERN, "kubernetes/one", "one.toml")
    cured = EVENTS.replace("40s ", "25m ")
    document = analyse(case_of({"events.txt": cured, "scheduler.log": LOG}), Library({pattern.id: pattern}, ""))

    assert [finding["at_end"] for finding in document["findings"]] == ["ended"]
    assert document["verdict"] != "failure"
