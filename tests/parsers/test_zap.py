"""The controller manager's log, of releases 2.0 to 2.10, with what stands between zap's records."""

from datetime import UTC, datetime, timedelta

import orjson
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from parsers import zap
from parsers.parser import Artefact

OLD = """\
1.7954071737345657e+09\tINFO\tschedulerClient.LoadModel\tLoad\t{"model name": "iris"}
1.7954071741120300e+09\tINFO\tschedulerClient.SubscribeModelEvents\tReceived event\t{"name": "iris", "reason": ""}
1.7954071752233445e+09\tERROR\tReconciler error\t{"model": {"name":"iris","namespace":"team-a"}, "error": "a \\"b\\""}
"""
HOSTED = """\
2026-11-25T19:34:21.042Z\tINFO\tschedulerClient\tConnected to scheduler
I1125 19:34:21.043014       1 leaderelection.go:257] attempting to acquire leader lease team-a/e98130ae.seldon.io...
E1125 19:34:22.010101       1 reflector.go:200] "Failed to watch" err="models is forbidden: User \\"x\\" cannot list"
time="2026-11-25T19:34:22Z" level=info msg="Got certificate secret x" source=CertificateStore
2026/11/25 19:34:23 traces export: exporter export timeout
"""


def rows(text: str) -> pl.DataFrame:
    parsed = zap.parse(Artefact.of("m", text))
    assert [*parsed.frames] == ["log.controller"]
    assert len(parsed.rejects) == 0
    return parsed.frames["log.controller"]


def test_times_of_the_first_releases_are_seconds_since_1970() -> None:
    read = rows(OLD)

    assert read["time"][0] == datetime(2026, 11, 23, 4, 12, 53, 734566, tzinfo=UTC)
    assert read["precision"].unique().to_list() == [timedelta(microseconds=1)]
    assert read["message"].to_list() == ["Load", "Received event", "Reconciler error"]
    assert read["text"][2] == 'Reconciler error model={"name":"iris","namespace":"team-a"} error=a "b"'


def test_hosted_lines_are_read_in_their_own_format() -> None:
    read = rows(HOSTED)

    assert read["time"].dt.second().to_list() == [21, 21, 22, 22, 23]
    assert read["level"].to_list() == ["info", "info", "error", "info", None]
    assert read["zoned"].to_list() == [True, False, False, True, False]
    assert read["text"][2] == 'Failed to watch err=models is forbidden: User "x" cannot list'
    assert read["namespace"].unique().to_list() == ["team-a"]


def test_a_record_without_name_or_fields() -> None:
    text = (
        "2026-11-23T04:12:53.734Z\tINFO\tStopping and waiting\n"
        "2026-11-23T04:12:53.735Z\tINFO\tSchedulerClient\tStopping\t{}\n"
        '2026-11-23T05:12:53.736+0100\tINFO\tunknown field "status.selector"\n'
    )

    read = rows(text)

    assert read["message"].to_list() == ["Stopping and waiting", "Stopping", 'unknown field "status.selector"']
    assert read["fields"].to_list() == [None, '{"logger":"SchedulerClient"}', None]
    assert read["time"].dt.hour().to_list() == [4, 4, 4]


def test_every_stack_frame_belongs_to_its_error() -> None:
    frames = "\n".join(f"sigs.k8s.io/a.(*B).c{n}\n\tsigs.k8s.io/a@v0.1.0/c.go:{n}" for n in range(6))
    text = f"2026-11-23T04:12:53.734Z\tERROR\tschedulerClient\tno\t{{}}\n{frames}\n2026-11-23T04:12:54.734Z\tINFO\tx\n"

    read = rows(text)

    assert read["lines"].to_list() == [13, 1]
    assert read["text"][0].endswith("c.go:5")


KEYS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
VALUES = (
    st.text(st.characters(exclude_categories=("Cs", "Co", "Cn", "Cc")), max_size=20)
    | st.integers(-(2**53), 2**53)
    | st.booleans()
)


@given(
    fields=st.dictionaries(
        KEYS, VALUES | st.dictionaries(KEYS, st.integers(-(2**53), 2**53), min_size=1, max_size=2), max_size=5
    )
)
def test_fields_are_said_as_key_and_value(fields: dict[str, object]) -> None:
    tail = ", ".join(f"{orjson.dumps(k).decode()}: {orjson.dumps(v).decode()}" for k, v in fields.items())

    (frame,) = zap.parse(Artefact.of("m", f"2026-11-23T04:12:53.734Z\tINFO\tone two\t{{{tail}}}")).frames.values()

    said = "".join(f" {k}={v if isinstance(v, str) else orjson.dumps(v).decode()}" for k, v in fields.items())
    assert frame["text"][0] == "one two" + said
    assert orjson.loads(frame["fields"][0]) == fields
