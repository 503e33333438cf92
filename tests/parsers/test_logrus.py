"""logrus' text form is read back as it was written, and as a plain reading of one line at a time would."""

import re
from datetime import UTC, datetime, timedelta

import orjson
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers import logrus
from parsers.parser import Artefact, Origin

BARE = re.compile(r"[A-Za-z0-9\-._/@^+]*\Z")
GO_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\t": "\\t",
    "\r": "\\r",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
}
KEYS = st.sampled_from(["Name", "error", "func", "model", "server", "source", "max consumers", "a.b-c_d"])
# Private characters stand for nothing in a log, and one of them is used while escapes are undone.
VALUES = st.text(st.characters(exclude_categories=("Cs", "Co", "Cn")), max_size=30) | st.sampled_from(
    ['desc = "x: no"', "a\\nb", "\\", '\\"', "x=y", " key=value", "\\x41", "C:\\temp\\x", "a, b: c", "", "{}"]
)


def go_quoted(value: str) -> str:
    """Write a value as logrus does: bare where it can be, else like Go's %q."""
    if BARE.match(value):
        return value
    written = ""
    for char in value:
        if char in GO_ESCAPES:
            written += GO_ESCAPES[char]
        elif char.isprintable():
            written += char
        elif ord(char) < 0x80:
            written += f"\\x{ord(char):02x}"
        elif ord(char) < 0x10000:
            written += f"\\u{ord(char):04x}"
        else:
            written += f"\\U{ord(char):08x}"
    return f'"{written}"'


def read(line: str) -> dict[str, object]:
    parsed = logrus.parse(Artefact.of("m", line))
    (row,) = (row for frame in parsed.frames.values() for row in frame.to_dicts())
    return row


@given(message=VALUES.filter(bool), pairs=st.dictionaries(KEYS, VALUES, max_size=5))
@example(message="a\\", pairs={"error": '"'})
@example(message="a", pairs={"error": "\\\\x41\\n"})
@example(message="plain words", pairs={"error": "\x00\x7f"})
def test_what_was_logged_is_read_back(message: str, pairs: dict[str, str]) -> None:
    ordered = dict(sorted(pairs.items()))
    tail = "".join(f" {key}={go_quoted(value)}" for key, value in ordered.items())

    row = read(f'time="2026-11-25T19:31:44Z" level=warning msg={go_quoted(message)}{tail}')

    assert row["message"] == message
    assert row["text"] == message + "".join(f" {key}={value}" for key, value in ordered.items())
    assert (row["time"], row["level"]) == (datetime(2026, 11, 25, 19, 31, 44, tzinfo=UTC), "warning")
    if row["fields"] is None:
        assert not pairs or "\\U" in tail
    else:
        assert orjson.loads(str(row["fields"])) == ordered


PLAIN = re.compile(
    r'time="(?P<time>[^"]*)" level=(?P<level>[a-z]+)(?: msg=(?P<message>"(?:[^"\\]|\\.)*"|[^ "]*))?(?P<tail>(?: .*)?)',
    re.S,
)
PAIR = re.compile(r' ([^ ="]+(?: [^ ="]+)*)=(?:"((?:[^"\\]|\\.)*)"|([^ "]*))', re.S)
WHOLE = [
    'time="2026-11-25T19:31:44Z" level=info msg="All 0 tables opened in 0s\\n" source=pipelineDb',
    'time="2026-11-25T19:31:44+05:30" level=panic msg=Stopping func=Start',
    'time="2026-11-25T19:31:44Z" level=error msg="Scheduler not ready" Name=Client error="rpc error: code = '
    'Unavailable desc = \\"transport: Error while dialing: dial tcp 192.0.2.7:9005: connect: connection refused\\""',
    'time="2026-11-25T19:31:44Z" level=info msg="creating manager" max consumers=200 max topics per consumer=100',
    'time="2026-11-25T19:31:44Z" level=info msg="Got = and \\"quotes\\" key=value"',
    'time="2026-11-25T19:31:44Z" level=info',
    'time="2026-11-25T19:31:44Z" level=info reason=',
]


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), text)


@pytest.mark.parametrize("line", WHOLE)
def test_the_columns_are_what_one_regex_a_line_finds(line: str) -> None:
    found = PLAIN.fullmatch(line)
    assert found is not None
    pairs = {key: unquoted(quoted or bare) for key, quoted, bare in PAIR.findall(found["tail"])}
    message = (
        None
        if found["message"] is None
        else unquoted(found["message"].strip('"') if '\\"' not in found["message"] else found["message"][1:-1])
    )

    row = read(line)

    assert row["message"] == message
    assert row["time"] == datetime.fromisoformat(found["time"]).astimezone(UTC)
    assert row["level"] == ("fatal" if found["level"] == "panic" else found["level"])
    assert orjson.loads(str(row["fields"] or "{}")) == pairs


@given(line=st.sampled_from(WHOLE), cut=st.integers(0, 200), junk=st.text(max_size=5))
def test_a_cut_or_damaged_record_is_still_read(line: str, cut: int, junk: str) -> None:
    text = line[:cut] + junk + line[cut + 1 :]

    parsed = logrus.parse(Artefact.of("m", text))

    for frame in parsed.frames.values():
        for fields in frame["fields"].drop_nulls():
            assert isinstance(orjson.loads(fields), dict)


def test_a_panic_is_a_record_of_its_own() -> None:
    parsed = logrus.parse(
        Artefact.of(
            "m",
            'time="2026-11-25T19:31:44Z" level=info msg="Scheduler is ready"\n'
            "panic: runtime error: index out of range [3] with length 2\n\n"
            "goroutine 1 [running]:\nmain.main()\n\t/build/main.go:12 +0x1d\nexit status 2\n",
        )
    )

    rows = parsed.frames["log.scheduler"]
    assert rows["lines"].to_list() == [1, 6]
    assert rows["time"].null_count() == 1
    assert rows["message"][1] == "panic: runtime error: index out of range [3] with length 2"


def test_a_log_that_is_mostly_the_stacks_of_a_dying_process_is_known() -> None:
    stacks = "".join(f"goroutine {n} [select]:\nmain.wait(0xc0)\n\t/build/main.go:{n} +0x1d\n\n" for n in range(1, 40))

    assert logrus.recognises(
        f'time="2026-11-25T19:31:44Z" level=info msg="Setting log level to info"\npanic: x\n\n{stacks}'
    )
    assert not logrus.recognises(f"panic: x\n\n{stacks}")


def test_hosted_lines_have_their_own_format() -> None:
    text = (
        'time="2026-11-25T19:23:45Z" level=info msg="Created producer" source=InferConsumer\n'
        "%3|1795634625.628|FAIL|rdkafka#producer-1| [thrd:x]: kafka:9092: Connect failed: Connection refused\n"
        "2026/11/25 19:28:01 traces export: exporter export timeout: rpc error: code = Unavailable\n"
        "E1125 19:34:21.043014       1 reflector.go:200] failed to list\n"
    )

    rows = logrus.parse(Artefact.of("m", text)).frames["log.modelgateway"]

    assert rows["level"].to_list() == ["info", "error", None, "error"]
    assert rows["time"][1] == datetime(2026, 11, 25, 19, 23, 45, 628000, tzinfo=UTC)
    assert rows["time"][3] == datetime(2026, 11, 25, 19, 34, 21, 43014, tzinfo=UTC)
    assert rows["zoned"].to_list() == [True, True, False, False]
    assert rows["precision"].to_list() == [
        timedelta(seconds=1),
        timedelta(milliseconds=1),
        timedelta(seconds=1),
        timedelta(microseconds=1),
    ]


def test_the_wrapper_dates_what_has_no_time() -> None:
    artefact = Artefact.of("m", 'time="2026-11-25T19:31:44Z" level=info msg=x\npanic: no')
    stamp = datetime(2026, 11, 25, 19, 31, 45, 5, tzinfo=UTC)
    frame = artefact.frame.with_columns(pl.lit(stamp).cast(artefact.frame.schema["stamped"]).alias("stamped"))

    (rows,) = logrus.parse(Artefact("m", frame)).frames.values()

    assert rows["time"].to_list() == [datetime(2026, 11, 25, 19, 31, 44, tzinfo=UTC), stamp]
    assert rows["stamped"].to_list() == [stamp, stamp]
    assert (rows["zoned"][1], rows["precision"][1]) == (True, timedelta(microseconds=1))


def test_content_wins_over_names() -> None:
    origin = Origin(namespace="other", pod="seldon-envoy-0", container="rclone", node="n1")
    text = (
        'time="2026-11-25T19:31:37Z" level=info msg="Got server name and index from POD_NAME with value iris-0. '
        'Server name:iris Replica Idx:0"\n'
        'time="2026-11-25T19:31:37Z" level=info msg="Setting namespace from k8s file to team-a"\n'
        'time="2026-11-25T19:31:37Z" level=info msg="Version 2.10.2"\n'
    )

    parsed = logrus.parse(Artefact.of("m", text, origin))

    assert parsed.version == "2.10.2"
    assert parsed.frames["log.agent"].select("namespace", "pod", "container", "node", "component").unique().rows() == [
        ("team-a", "iris-0", "agent", "n1", "agent")
    ]


def test_a_gateway_that_prints_mostly_kafkas_lines() -> None:
    client = "%4|1795655594.737|FAIL|rdkafka#producer-1| [thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: timed out\n"
    own = 'time="2026-11-26T01:13:14Z" level=error msg="Kafka error, code: [x] msg: [y]" func=Serve source=InferConsumer\n'

    assert logrus.recognises((client * 6 + own) * 5)
    assert not logrus.recognises(client * 35)
    assert not logrus.recognises(("a line of another process\n" * 6 + own) * 5)
