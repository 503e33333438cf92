"""Each wrapper around the same two lines, and stacks of them: always the same two lines come out."""

import json
import tracemalloc
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.decoding import decode
from parsers.giants import LONGEST, LONGEST_STRING, SLACK, Shortening, shortened, with_short_strings
from parsers.parser import Artefact, Origin
from parsers.wrappers import Unwrapped, unwrap

STAMP = "2025-07-12T18:30:09.123456789Z"
WHEN = datetime(2025, 7, 12, 18, 30, 9, 123456, tzinfo=UTC)
LINES = ['time="2025-07-12T18:30:09Z" level=info msg="a"', 'time="2025-07-12T18:30:10Z" level=info msg="b | c"']


def opened(text: str | bytes, origin: Origin = Origin()) -> Unwrapped:  # noqa: B008
    frame, why = decode(text.encode() if isinstance(text, str) else text)
    assert why is None
    assert frame is not None
    found = unwrap("m", frame, origin)
    counted = sum(int(artefact.frame["lines"].sum()) for artefact in found.artefacts)
    assert counted + len(found.ignored) + len(found.rejects) == len(frame)
    return found


def only(found: Unwrapped) -> Artefact:
    (artefact,) = found.artefacts
    return artefact


def record(line: str, **more: object) -> str:
    return json.dumps({**more, "_": line}).replace('"_"', '"log"')


WRAPPED = {
    "cri": lambda line: f"{STAMP} stderr F {line}",
    "docker json-file": lambda line: json.dumps({"log": line + "\n", "stream": "stderr", "time": STAMP}, separators=(",", ":")),
    "kubectl --timestamps": lambda line: f"{STAMP} {line}",
    "kubectl --prefix": lambda line: f"[pod/mlserver-0/agent] {line}",
    "stern": lambda line: f"ml mlserver-0 agent {line}",
    "kail": lambda line: f"ml/mlserver-0[agent]: {line}",
    "docker compose": lambda line: f"agent-1  | {line}",
    "journal short-iso": lambda line: f"2025-07-12T20:30:09.123456+0200 node-1 agent[12]: {line}",
    "syslog": lambda line: f"Jul 12 18:30:09 node-1 agent[12]: {line}",
    "syslog 5424": lambda line: f"<30>1 {STAMP} node-1 agent 12 - - {line}",
    "logcli": lambda line: f'{STAMP} {{namespace="ml", pod="mlserver-0", container="agent"}} {line}',
    "grafana": lambda line: f"1752345009123\t{STAMP}\t{line}",
    "records: fluent bit": lambda line: json.dumps(
        {"log": line + "\n", "stream": "stderr", "time": STAMP,
         "kubernetes": {"pod_name": "mlserver-0", "namespace_name": "ml", "container_name": "agent", "host": "node-1"}}),
    "records: stern": lambda line: json.dumps(
        {"message": line, "nodeName": "node-1", "namespace": "ml", "podName": "mlserver-0", "containerName": "agent"}),
    "records: loki": lambda line: json.dumps(
        {"labels": {"namespace": "ml", "pod": "mlserver-0", "container": "agent"}, "line": line, "timestamp": STAMP}),
    "records: journal": lambda line: json.dumps(
        {"__REALTIME_TIMESTAMP": "1752345009123456", "MESSAGE": line, "_HOSTNAME": "node-1", "SYSLOG_IDENTIFIER": "agent"}),
    "records: gcp": lambda line: json.dumps(
        {"insertId": "x", "timestamp": STAMP, "textPayload": line,
         "resource": {"labels": {"namespace_name": "ml", "pod_name": "mlserver-0", "container_name": "agent"}}}),
    "records: elasticsearch": lambda line: json.dumps(
        {"_index": "x", "_source": {"@timestamp": STAMP, "message": line,
         "kubernetes": {"namespace": "ml", "pod": {"name": "mlserver-0"}, "container": {"name": "agent"}}}}),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize("times", [1, 40])
def test_a_wrapper_comes_off(kind: str, times: int) -> None:
    found = opened("\n".join(WRAPPED[kind](line) for line in LINES * times) + "\n")
    artefact = only(found)

    assert found.wrappers == (kind.split(":")[0],)
    assert artefact.frame["text"].to_list() == LINES * times
    assert artefact.frame["line"].to_list() == list(range(1, 2 * times + 1))
    if STAMP in WRAPPED[kind]("") or "1752345009" in WRAPPED[kind](""):
        assert artefact.frame["stamped"].unique().to_list() == [WHEN]
    if "agent" in WRAPPED[kind](""):
        assert artefact.origin.container == "agent"
    if "mlserver-0" in WRAPPED[kind](""):
        assert artefact.origin.pod == "mlserver-0"
    if "node-1" in WRAPPED[kind](""):
        assert artefact.origin.node == "node-1"


@pytest.mark.parametrize(
    "outer", ["kubectl --prefix", "stern", "docker compose", "records: fluent bit", "docker json-file"]
)
@pytest.mark.parametrize("inner", ["cri", "kubectl --timestamps", "docker json-file"])
def test_wrappers_stack(outer: str, inner: str) -> None:
    if outer == inner:
        return
    found = opened("\n".join(WRAPPED[outer](WRAPPED[inner](line)) for line in LINES))

    assert found.wrappers == (outer.split(":")[0], inner)
    assert only(found).frame["text"].to_list() == LINES


@pytest.mark.parametrize(
    "line",
    [
        LINES[0],
        "2025-07-12T18:30:09.123456789Z INFO [main] io.seldon.dataflow.Main : msg",
        "2025-07-12T18:30:09.123Z\tINFO\tsetup\tmsg\t{}",
        '{"level":"info","ts":"2025-07-12T18:30:09Z","logger":"x","msg":"m"}',
        "2025-07-12 18:30:09,123 [mlserver.parallel] INFO - msg",
        "[2025-07-12 18:30:09.123][1][info][main] [source/server/server.cc:390] msg",
        "I0712 18:30:09.123456 1 grpc_server.cc:2519] msg",
        "%3|1752345009.123|FAIL|rdkafka#consumer-1| [thrd:x]: y",
        "mlserver-0   3/3     Running   0          5m",
        "apiVersion: v1",
        "2019-03-08 08:48:04.698 I | etcdserver: x",
    ],
)
def test_what_is_no_wrapper_stays(line: str) -> None:
    found = opened(f"{line}\n" * 30)

    assert found.wrappers == ()
    assert only(found).frame["text"].unique().to_list() == [line]


def test_partial_lines_of_a_stream_are_joined_across_the_other() -> None:
    text = (
        f"{STAMP} stderr P on\n{STAMP} stdout F other\n{STAMP} stderr P e li\n{STAMP} stderr F ne\n"
        "2025-07-12T20:30:09.5+02:00 stdout F\n" + f"{STAMP} stderr P open"
    )
    frame = only(opened(text)).frame

    assert frame["text"].to_list() == ["one line", "other", "", "open"]
    assert frame["line"].to_list() == [1, 2, 5, 6]
    assert frame["lines"].to_list() == [3, 1, 1, 1]
    assert frame["stamped"][2] == datetime(2025, 7, 12, 18, 30, 9, 500000, tzinfo=UTC)


def test_a_time_before_each_piece_of_a_long_line_goes() -> None:
    long = "x" * 16384 + STAMP + " " + "y" * 16384 + STAMP + " end"
    texts = only(opened(f"{STAMP} {long}\n{STAMP} z {STAMP} z\n")).frame["text"].to_list()

    assert texts == ["x" * 16384 + "y" * 16384 + "end", f"z {STAMP} z"]


def test_docker_pieces_are_joined_and_bad_lines_stay() -> None:
    pieces = [("a\n", "stderr"), ("on", "stderr"), ("x\n", "stdout"), ("e\n", "stderr"), ("b\n", "stderr")]
    rows = [json.dumps({"log": log, "stream": stream, "time": STAMP}, separators=(",", ":")) for log, stream in pieces]
    frame = only(opened("\n".join([*rows[:4], '{"log":"cut', rows[4]]))).frame

    assert frame["text"].to_list() == ["a", "one", "x", '{"log":"cut', "b"]
    assert frame["lines"].to_list() == [1, 2, 1, 1, 1]


def test_processes_become_artefacts_with_their_lines() -> None:
    text = "".join(
        f"[pod/mlserver-0/{name}] {STAMP} {name} says {i}\n" for i in range(3) for name in ("agent", "rclone")
    )
    found = opened(text, Origin(namespace="ml", container="wrong"))

    assert [artefact.origin for artefact in found.artefacts] == [
        Origin("ml", "mlserver-0", "agent"),
        Origin("ml", "mlserver-0", "rclone"),
    ]
    assert [artefact.frame["line"].to_list() for artefact in found.artefacts] == [[1, 3, 5], [2, 4, 6]]


def test_lines_without_a_prefix_go_with_the_line_before() -> None:
    text = "".join(f"[pod/a-0/{name}] x\n" for name in "abababab") + "continued\n"

    assert opened(text).artefacts[1].text.endswith("x\ncontinued")


def test_what_a_wrapper_writes_itself_is_ignored() -> None:
    found = opened("Attaching to a-1\n" + "a-1  | x\n" * 9)

    assert found.ignored["line"].to_list() == [1]
    assert only(found).frame["line"].to_list() == list(range(2, 11))


GCP = [
    {"insertId": "2", "timestamp": "2025-07-12T18:30:10Z", "textPayload": "second\ngoes on", "resource": {"labels": {"pod_name": "p"}}},
    {"insertId": "1", "timestamp": "2025-07-12T18:30:09Z", "jsonPayload": {"level": "info", "msg": "first"}, "resource": {"labels": {"pod_name": "p"}}},
]  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_of_records_is_read_oldest_first(indent: int | None) -> None:
    artefact = only(opened(json.dumps(GCP, indent=indent)))

    assert artefact.frame["text"].to_list() == ['{"level":"info","msg":"first"}', "second", "goes on"]
    assert artefact.origin.pod == "p"


def test_a_table_of_records_keeps_physical_lines() -> None:
    frame = only(opened('timestamp,message\n1752345009123,"say ""a"""\n1752345009124,"two\nlines"\n')).frame

    assert frame["text"].to_list() == ['say "a"', "two", "lines"]
    assert frame["line"].to_list() == [2, 3, 3]
    assert frame["lines"].to_list() == [1, 2, 0]


def test_loki_answers_and_azure_tables_are_read() -> None:
    loki = {"status": "success", "data": {"resultType": "streams", "result": [
        {"stream": {"pod": "p", "container": "c"}, "values": [["1752345009123456789", "x"]]}]}}  # fmt: skip
    azure = 'TimeGenerated [UTC],PodName,ContainerName,LogMessage\n"7/12/2025, 6:30:09.123 PM",p,c,x\n'

    for text in (json.dumps(loki), azure):
        artefact = only(opened(text))
        assert (artefact.origin.pod, artefact.origin.container, artefact.text) == ("p", "c", "x")
        assert artefact.frame["stamped"].dt.truncate("1s").to_list() == [WHEN.replace(microsecond=0)]


@pytest.mark.parametrize(
    "text",
    [
        '{"apiVersion": "v1", "kind": "PodList", "items": [{"podName": "x", "message": "m", "timestamp": "t"}]}',
        '{"configs": [{"@type": "x", "labels": {}, "line": "x"}]}',
        "NAME,READY,STATUS\na,b,c\n",
        "[]",
        "{}",
    ],
)
def test_objects_and_other_tables_are_no_exports(text: str) -> None:
    assert opened(text).wrappers == ()


def test_decoding_undoes_what_shells_and_terminals_do() -> None:
    expected = ["one", "tw\u00f6", "", "three"]
    texts = [
        "\ufeffone\r\ntw\u00f6\r\n\r\nthree\r\n".encode("utf-16-le"),
        "\ufeffone\ntw\u00f6\n\nthree".encode("utf-16-be"),
        "\ufeffone\ntw\u00f6\n\nthree\n".encode(),
        "one\ntw\u00f6\n\nthree\n".encode("latin-1"),
        "\x1b[32mone\x1b[0m\ntw\u00f6\n\n\x1b]0;t\x07three\n".encode(),
        "\0\0\0one\ntw\u00f6\n\n10%\r50%\rthree\n".encode(),
    ]
    for text in texts:
        frame, _ = decode(text)
        assert frame is not None
        assert frame["text"].to_list() == expected


def test_a_long_line_is_cut_and_marked() -> None:
    frame, _ = decode(b"x" * (LONGEST + 500) + b"\nshort\n" + b"y" * (LONGEST + SLACK))

    assert frame is not None
    assert frame["text"][0].endswith("x \u2026[500 bytes more]")
    assert frame["text"][1] == "short"
    assert frame["text"][2] == "y" * (LONGEST + SLACK)


@given(
    st.binary(max_size=400).map(lambda data: bytes(b"\n\rab\xc3\xa9"[byte % 6] for byte in data)),
    st.integers(4, 12),
    st.integers(1, 90),
)
@example(b"a" * 73 + b"\n" + b"b" * 8, 8, 3)
@example("aaaaaaaé".encode() * 9, 8, 5)
@example(b"a" * 80 + b"\rbb\r\n" + b"c" * 70 + b"\r", 8, 1)
def test_every_line_that_is_too_long_is_cut_and_no_other(data: bytes, most: int, size: int) -> None:
    shortening = Shortening(most)
    pieces = [shortening.take(data[at : at + size]) for at in range(0, len(data), size)]
    short = b"".join([*pieces, shortening.end()])

    assert shortened(data, most) == short == shortened(short, most)
    for long, cut in zip(data.split(b"\n"), short.split(b"\n"), strict=True):
        if len(long) <= most:
            assert cut == long
            continue
        assert len(cut) <= 2 * most + SLACK + 4
        last, state = long.rstrip(b"\r").rpartition(b"\r")[2], cut.rstrip(b"\r").rpartition(b"\r")[2]
        kept, mark, more = state.partition(" …[".encode())
        assert last.startswith(kept)
        if mark:
            assert int(more.split()[0]) + len(kept) == len(last) + (len(long) - len(long.rstrip(b"\r")))
            assert most <= len(kept) < most + 4
        elif len(last) > most + SLACK:
            assert len(kept) == most  # of a progress bar


@given(st.lists(st.text(st.sampled_from('a"\\é💥\n'), max_size=60), max_size=4), st.integers(8, 40))
def test_json_with_long_strings_stays_json(texts: list[str], most: int) -> None:
    whole = json.dumps({"level": "error", "texts": texts}, ensure_ascii=len(texts) % 2 == 0)
    short = json.loads(with_short_strings(whole.encode(), most))

    assert short["level"] == "error"
    for text, kept in zip(texts, short["texts"], strict=True):
        assert text.startswith(kept.partition(" …[")[0])
        assert len(json.dumps(text)) > most or kept == text


def test_a_record_of_json_with_a_giant_message_keeps_its_fields() -> None:
    frame, _ = decode(b'{"level":"error","msg":"' + b"x\\n" * LONGEST + b'","n":7}\nshort\n')

    assert frame is not None
    record = json.loads(frame["text"][0])
    assert (record["level"], record["n"]) == ("error", 7)
    assert LONGEST_STRING // 3 < len(record["msg"]) < LONGEST_STRING


def test_a_dump_below_its_command_is_whole() -> None:
    dump = json.dumps({"configs": [{"name": f"c{n}"} for n in range(80_000)]})
    frame, _ = decode(f"$ curl -s localhost:9003/config_dump\n{dump}\n".encode())

    assert frame is not None
    assert frame["text"][1] == dump


def test_a_character_is_not_cut_in_two() -> None:
    frame, _ = decode("é".encode() * LONGEST)

    assert frame is not None
    assert "\ufffd" not in frame["text"][0]


def test_a_log_that_was_truncated_while_it_was_written_is_read_behind_its_nuls() -> None:
    frame, _ = decode(b"one\n" + b"\0" * 3 * LONGEST + b"two\nthree\n")

    assert frame is not None
    assert frame["text"].to_list() == ["one", "two", "three"]


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\nxx", bytes(range(256)) * 9, b"\0" * 50, b"\x7fELF\2\1", b"%PDF-1.4"]
)
def test_binary_data_is_refused_with_a_reason(data: bytes) -> None:
    frame, why = decode(data)

    assert frame is None
    assert why


def test_no_lines_are_no_trouble() -> None:
    assert only(opened("")).frame.schema == pl.Schema(only(opened("x")).frame.schema)


def test_a_document_on_one_line_is_whole() -> None:
    text = '{"configs": ["' + '", "'.join(["x" * 99] * (LONGEST // 100)) + '"]}'
    frame, _ = decode(text.encode())

    assert frame is not None
    assert frame["text"][0] == text


def test_what_a_ticket_escaped_is_read() -> None:
    text = 'time="2026-03-04T10:15:00Z" level=error msg="a & b" error="<nil>"'
    escaped = text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    lines, _ = decode(f"{escaped}\n{escaped}\n".encode())
    assert lines is not None
    unwrapped = unwrap("mail.txt", lines, Origin())
    assert [a.frame["text"].to_list() for a in unwrapped.artefacts] == [[text, text]]
    assert unwrapped.wrappers == ("character references",)
    quoted, _ = decode(f'{text}\nmsg="the page says &quot;no&quot;"\n'.encode())
    assert quoted is not None
    assert unwrap("scheduler.log", quoted, Origin()).wrappers == ()


def test_batches_of_otlp_are_read_a_line_each() -> None:
    def batch(pod: str, *texts: str) -> str:
        names = [{"key": "k8s.pod.name", "value": {"stringValue": pod}}]
        records = [{"timeUnixNano": "1772619300000000000", "body": {"stringValue": text}} for text in texts]
        return json.dumps(
            {"resourceLogs": [{"resource": {"attributes": names}, "scopeLogs": [{"logRecords": records}]}]}
        )

    found = opened(batch("mlserver-0", "one", "two") + "\n" + batch("mlserver-0", "three") + "\n")
    frame = only(found).frame
    assert frame["text"].to_list() == ["one", "two", "three"]
    assert frame["line"].to_list() == [1, 1, 2]
    assert frame["lines"].sum() == 2
    assert only(found).origin.pod == "mlserver-0"


@pytest.mark.parametrize(
    ("name", "wrapped"),
    [
        ("quote", [f"> {text}" for text in LINES * 2]),
        ("indentation", [f"    {text}" for text in LINES * 2]),
        ("numbers of lines", [f"{7 * n + 3}:{text}" for n, text in enumerate(LINES * 2)]),
        ("numbers of lines", [f"{n:6}\t{text}" for n, text in enumerate(LINES * 2, 1)]),
    ],
)
def test_what_stands_before_every_line_is_peeled(name: str, wrapped: list[str]) -> None:
    unwrapped = opened("\n".join(wrapped))

    assert unwrapped.wrappers == (name,)
    assert only(unwrapped).frame["text"].to_list() == LINES * 2


def test_numbers_that_do_not_count_lines_stay() -> None:
    for texts in (["1:M 12 Jul 2025 18:30:09.123 # Server started"] * 4, ["18:30:09 x", "18:30:10 y", "19:30:11 z"]):
        assert only(opened("\n".join(texts))).frame["text"].to_list() == texts


@pytest.mark.parametrize("shipped", [False, True])
def test_colours_and_progress_inside_of_json_are_undone(shipped: bool) -> None:
    texts = [f"\x1b[32m{text}\x1b[0m" for text in LINES] + ["10%\r50%\rdone"]
    pod = {"kubernetes": {"pod_name": "mlserver-0", "namespace_name": "ml", "container_name": "agent"}}
    wrapped = [
        json.dumps({"log": f"{text}\n", "stream": "stderr", "time": STAMP, **(pod if shipped else {})})
        for text in texts
    ]

    assert only(opened("\n".join(wrapped))).frame["text"].to_list() == [*LINES, "done"]


@pytest.mark.parametrize("head", [b"x\x9c", b"x^", b"x\x01\x02", b"\x1f\x8b", b"(\xb5/\xfd", b"("])
def test_a_text_that_begins_like_something_compressed_is_a_text(head: bytes) -> None:
    frame, _ = decode(head + b" first\n" + b"second\n" * 40)
    assert frame is not None
    assert frame["text"].to_list()[1:] == ["second"] * 40

    docker = json.dumps({"log": "a\n", "stream": "stderr", "time": STAMP})
    begun = frame["text"][0] + "\n" + f"{docker}\n" * 20
    assert sum(len(each.frame) for each in opened(begun).artefacts) == 21


def test_a_giant_line_that_is_no_export_is_not_copied() -> None:
    frame, _ = decode(b'{"a":' * 800_000)
    assert frame is not None
    tracemalloc.start()
    unwrap("x.json", frame, Origin())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2_000_000
