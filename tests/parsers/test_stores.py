"""What log stores, clouds and tools hand out of several pods in one file: each line keeps its pod, its time and its order."""

import csv
import io
import json
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from parsers import naming
from parsers.decoding import decode
from parsers.kubernetes import PARSER as KUBERNETES
from parsers.parser import Origin
from parsers.wrappers import Unwrapped, unwrap

Row = tuple[str, str, str, str, str]  # namespace, pod, container, time, line
PODS = (("ml", "seldon-scheduler-0", "scheduler"), ("ml", "mlserver-0", "agent"), ("other", "mlserver-0", "agent"))
ROWS: list[Row] = [
    (*PODS[n % 3], f"2025-07-12T18:3{n % 10}:09.{n:03}Z", f'time="2025-07-12T18:3{n % 10}:09Z" level=info msg="said, {n}"')
    for n in range(9)
]  # fmt: skip
_ID = "ab" * 32


def epoch(row: Row) -> int:
    return int(datetime.fromisoformat(row[3]).timestamp() * 1000)


def stream(row: Row) -> str:
    return f"ip-10-0-0-1.internal-application.var.log.containers.{row[1]}_{row[0]}_{row[2]}-{_ID}.log"


def path(row: Row) -> str:
    return f"/var/log/containers/{row[1]}_{row[0]}_{row[2]}-{_ID}.log"


def lines(make: Callable[[Row], str]) -> str:
    return "".join(make(row) + "\n" for row in ROWS)


def objects(make: Callable[[Row], Any]) -> str:
    return lines(lambda row: json.dumps(make(row)))


def newest_first(make: Callable[[Row], Any]) -> str:
    return json.dumps([make(row) for row in ROWS[::-1]], indent=2)


def table(heading: Sequence[str], make: Callable[[Row], Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([heading, *(make(row) for row in ROWS[::-1])])
    return out.getvalue()


def labels(row: Row) -> dict[str, str]:
    return {"namespace": row[0], "pod": row[1], "container": row[2]}


def fluent_bit(row: Row) -> dict[str, Any]:
    who = {"namespace_name": row[0], "pod_name": row[1], "container_name": row[2]}
    return {"time": row[3], "stream": "stderr", "log": row[4], "kubernetes": who}


def oracle(row: Row) -> dict[str, Any]:
    said = {"message": f"{row[3][:-1]}000000Z stderr F {row[4]}", "tailed_path": path(row)}
    content = {"data": said, "id": "x", "oracle": {"logid": "x"}, "specversion": "1.0", "time": row[3], "type": "x"}
    return {"datetime": epoch(row), "logContent": content}


def gcp(row: Row) -> dict[str, Any]:
    who = {"namespace_name": row[0], "pod_name": row[1], "container_name": row[2]}
    return {"insertId": "x", "timestamp": row[3], "textPayload": row[4], "resource": {"labels": who}}


def gcp_yaml(row: Row) -> str:
    who = f"    container_name: {row[2]}\n    namespace_name: {row[0]}\n    pod_name: {row[1]}"
    return f"---\ninsertId: x\nresource:\n  labels:\n{who}\ntextPayload: '{row[4]}'\ntimestamp: '{row[3]}'"


def otlp(row: Row, of_record: bool) -> dict[str, Any]:
    who = [{"key": f"k8s.{name}.name", "value": {"stringValue": said}} for name, said in labels(row).items()]
    record = {"observedTimeUnixNano": str(epoch(row) * 10**6), "body": {"stringValue": row[4]}}
    scope = {"logRecords": [record | {"attributes": who if of_record else []}]}
    return {"resourceLogs": [{"resource": {"attributes": [] if of_record else who}, "scopeLogs": [scope]}]}


def insights(row: Row) -> list[dict[str, str]]:
    said = {"@timestamp": row[3][:23].replace("T", " "), "@message": row[4], "@logStream": stream(row)}
    return [{"field": name, "value": value} for name, value in said.items()]


def frames() -> dict[str, Any]:
    names = [{"name": name} for name in ("labels", "Time", "Line")]
    columns = [[labels(row) for row in ROWS], [epoch(row) for row in ROWS], [row[4] for row in ROWS]]
    return {"results": {"A": {"frames": [{"schema": {"fields": names}, "data": {"values": columns}}]}}}


def new_relic(row: Row) -> dict[str, Any]:
    who = {"namespace_name": row[0], "pod_name": row[1], "container_name": row[2]}
    return {"cluster_name": "c", "message": row[4], "timestamp": epoch(row)} | who


def log_service(row: Row) -> dict[str, str]:
    who = {"_namespace_": row[0], "_pod_name_": row[1], "_container_name_": row[2]}
    return {"content": row[4], "_time_": row[3], "__time__": str(epoch(row) // 1000)} | who


def elastic_fields() -> str:
    hits = [
        {"_index": "x", "_id": "1", "fields": {"@timestamp": [row[3]], "message": [row[4]], "kubernetes.namespace": [row[0]],
         "kubernetes.pod.name": [row[1]], "kubernetes.container.name": [row[2]]}}
        for row in ROWS[::-1]
    ]  # fmt: skip
    return json.dumps({"took": 1, "hits": {"total": {"value": 9}, "hits": hits}})


_FLAT = ("@timestamp", "kubernetes.namespace_name", "kubernetes.pod_name", "kubernetes.container_name", "log")
WHOLE: dict[str, str] = {
    "stern extjson": objects(lambda row: {"pod": row[1], "container": row[2], "message": row[4]} | {"namespace": row[0]}),
    "stern --timestamps=short -A": lines(lambda r: f"{r[0]} {r[1]} {r[2]} {r[3][5:10]} {r[3][11:19]} {r[4]}"),
    "kail": lines(lambda row: f"{row[0]}/{row[1]}[{row[2]}]: {row[4]}"),
    "Oracle search": json.dumps({"data": {"results": [{"data": oracle(row)} for row in ROWS[::-1]]}}, indent=2),
    "Oracle export": newest_first(oracle),
    "Oracle lines": objects(oracle),
    "Oracle bare": newest_first(lambda row: oracle(row)["logContent"]),
    "GCP YAML": "\n".join(map(gcp_yaml, ROWS[::-1])) + "\n",
    "GCP lines": objects(gcp),
    "GCP jsonPayload": newest_first(
        lambda row: {name: v for name, v in gcp(row).items() if name != "textPayload"} | {"jsonPayload": {"message": row[4]}}
    ),
    "GCP CSV": table(
        ["insertId", *(f"resource.labels.{name}_name" for name in ("namespace", "pod", "container")), "textPayload", "timestamp"],
        lambda row: ["x", *row[:3], row[4], row[3]],
    ),
    "CloudWatch CSV": table(["timestamp", "message", "logStreamName"], lambda row: [epoch(row), row[4], stream(row)]),
    "Insights CSV": table(["@timestamp", "@message", "@logStream"], lambda row: [row[3][:23].replace("T", " "), row[4], stream(row)]),
    "Insights answer": json.dumps({"results": [insights(row) for row in ROWS[::-1]], "status": "Complete"}, indent=4),
    "filter-log-events": json.dumps(
        {"events": [{"logStreamName": stream(row), "timestamp": epoch(row), "message": row[4], "ingestionTime": 1} for row in ROWS]}
    ),
    "filter-log-events, Fluent Bit": json.dumps(
        {"events": [{"logStreamName": "x", "timestamp": epoch(r), "message": json.dumps(fluent_bit(r)), "ingestionTime": 1} for r in ROWS]}
    ),
    "filter-log-events --output text": lines(lambda row: f"EVENTS\t371\t{epoch(row)}\t{stream(row)}\t{row[4]}\t{epoch(row)}"),
    "aws logs tail": lines(lambda row: f"{row[3][:-1]}000+00:00 {stream(row)} {row[4]}"),
    "aws logs tail, Fluent Bit": lines(lambda row: f"{row[3][:-1]}000+00:00 {stream(row)} {json.dumps(fluent_bit(row))}"),
    "Azure JSON": newest_first(lambda r: {"ContainerName": r[2], "LogMessage": r[4], "PodName": r[1], "PodNamespace": r[0], "TimeGenerated": r[3]}),
    "Azure CSV, local time": table(
        ["TimeGenerated [Local Time]", "PodNamespace", "PodName", "ContainerName", "LogMessage"],
        lambda row: [f"7/12/2025, 6:{row[3][14:19]}.{row[3][20:23]} PM", *row[:3], row[4]],
    ),
    "SLS lines": objects(log_service),
    "SLS CSV": table(list(log_service(ROWS[0])), lambda row: list(log_service(row).values())),
    "SLS tags": newest_first(
        lambda row: {"content": row[4], "_time_": row[3]} | {f"__tag__:_{name}_": said for name, said in
                     zip(("namespace", "pod_name", "container_name"), row[:3], strict=True)}
    ),
    "Datadog CSV": table(["Date", "Host", "Service", "kube_namespace", "pod_name", "kube_container_name", "Message"], lambda row: [row[3], "n", "s", *row[:3], row[4]]),
    "Splunk CSV": table(["_serial", "_time", "source", "host", "_raw"], lambda row: ["1", row[3].replace("Z", "+0000"), path(row), "n", row[4]]),
    "New Relic list": newest_first(new_relic),
    "New Relic events": json.dumps({"results": [{"events": [new_relic(row) for row in ROWS[::-1]]}], "performanceStats": {}}),
    "New Relic NerdGraph": json.dumps({"data": {"actor": {"account": {"nrql": {"results": [new_relic(row) for row in ROWS[::-1]]}}}}}),
    "Grafana CSV": table(["labels", "Time", "Line", "tsNs"], lambda row: [json.dumps(labels(row)), row[3], row[4], "1"]),
    "Grafana frames": json.dumps(frames()),
    "Grafana JSON": newest_first(lambda row: {"line": row[4], "timestamp": str(epoch(row) * 10**6), "fields": labels(row)}),
    "logcli, Alloy's labels": lines(lambda r: f'{r[3]} {{instance="{r[0]}/{r[1]}:{r[2]}", job="x"}} {r[4]}'),
    "OpenSearch CSV": table(_FLAT, lambda row: [row[3], *row[:3], row[4]]),
    "OpenSearch PPL": json.dumps(
        {"schema": [{"name": name, "type": "string"} for name in _FLAT], "datarows": [[row[3], *row[:3], row[4]] for row in ROWS[::-1]]}
    ),
    "Elasticsearch fields": elastic_fields(),
    "Vector": objects(lambda r: {"kubernetes": {"container_name": r[2], "pod_name": r[1], "pod_namespace": r[0], "pod_node_name": "n"},
                                 "message": r[4], "timestamp": r[3]}),
    "OTLP": objects(lambda row: otlp(row, of_record=False)),
    "OTLP, names of the record": objects(lambda row: otlp(row, of_record=True)),
    "Fluentd": lines(lambda row: f"{row[3]}\tkube{path(row).replace('/', '.')}\t" + json.dumps({"stream": "stderr", "log": row[4]})),
    "Graylog CSV": table(["timestamp", "source", "message", "kubernetes_pod_name", "kubernetes_namespace_name", "kubernetes_container_name"],
                         lambda row: [row[3], "n", row[4], row[1], row[0], row[2]]),
    "Sumo CSV": table(["_messagetimems", "_raw", "pod", "namespace", "container"], lambda row: [epoch(row), row[4], row[1], row[0], row[2]]),
    "Mezmo": objects(lambda row: {"_line": row[4], "_ts": epoch(row), "_app": "x"} | labels(row)),
    "IBM": newest_first(lambda row: {"timestamp": row[3], "severity": "Info", "text": json.dumps(fluent_bit(row))}),
    "VictoriaLogs": objects(lambda r: {"_time": r[3], "_stream": f'{{namespace="{r[0]}",pod="{r[1]}",container="{r[2]}"}}', "_msg": r[4]}),
}  # fmt: skip


def opened(text: str) -> Unwrapped:
    frame, why = decode(text.encode())
    assert why is None
    assert frame is not None
    found = unwrap("m", frame, Origin())
    counted = sum(int(artefact.frame["lines"].sum()) for artefact in found.artefacts)
    assert counted + len(found.ignored) + len(found.rejects) == len(frame)
    return found


@pytest.mark.parametrize("form", WHOLE)
def test_each_line_keeps_its_pod_its_time_and_its_order(form: str) -> None:
    found = {
        (one.origin.namespace, one.origin.pod, one.origin.container): one.frame for one in opened(WHOLE[form]).artefacts
    }

    assert set(found) == set(PODS)
    for who, frame in found.items():
        said = [row for row in ROWS if row[:3] == who]
        assert frame["text"].to_list() == [row[4] for row in said]
        if "short" not in form and "extjson" not in form and form != "kail":  # these have no whole time of their own
            assert frame["stamped"].dt.truncate("1s").to_list() == [
                datetime.fromisoformat(row[3]).replace(microsecond=0) for row in said
            ]


NAMELESS = {
    "kubetail": lines(lambda row: f"[{row[1]}] {row[4]}"),
    "aws logs tail --format short": lines(lambda row: f"{row[3][:19]} {row[4]}"),
    "get-log-events --output text": lines(lambda row: f"EVENTS\t{epoch(row)}\t{row[4]}\t{epoch(row)}"),
    "ts": lines(lambda row: f"Jul 12 {row[3][11:19]} {row[4]}"),
    "stern ppextjson": lines(lambda r: json.dumps({"pod": r[1], "container": r[2], "message": r[4]}, indent=2)),
}


@pytest.mark.parametrize("form", NAMELESS)
def test_what_stands_before_each_line_is_taken_off(form: str) -> None:
    texts = [text for one in opened(NAMELESS[form]).artefacts for text in one.frame["text"]]

    assert sorted(texts) == sorted(row[4] for row in ROWS)


@pytest.mark.parametrize(
    "line",
    [
        "2025-07-12T18:30:09.123Z INFO [main] io.seldon.dataflow.Main : Adding pipeline",
        "2025-07-12T18:30:09+00:00 INFO a message of a stranger",
        "2025-07-12T18:30:09.123456+00:00 WARNING other-words follow",
        "Jul 12 18:30:09 was a fine day",
        "[2025-07-12] 12 things were done",
    ],
)
def test_a_time_of_the_line_itself_stays(line: str) -> None:
    (artefact,) = opened(f"{line}\n" * 9).artefacts

    assert artefact.frame["text"].to_list() == [line] * 9


@pytest.mark.parametrize("turned", [False, True])
def test_the_newest_first_of_several_components_is_cut_like_the_oldest_first(turned: bool) -> None:
    from parsers.sections import _as_said

    at = pl.datetime_range(datetime(2025, 7, 12), datetime(2025, 7, 13), "1h", eager=True, time_unit="us")
    times = pl.DataFrame({"time": at.dt.replace_time_zone("UTC")})

    assert _as_said(times.reverse() if turned else times)["time"].is_sorted()


@pytest.mark.parametrize(
    "text", ["{" + "a" * 10**6, "{" + 'a="' * 10**5, "/a" * 10**6, "a_" * 10**6, "{" + "a b" * 10**6]
)
def test_names_are_looked_for_in_no_time(text: str) -> None:
    begun = time.process_time()

    assert naming.names_in(text) == naming.NOBODY
    assert len(naming.ways([text, text.replace("{", "pod.")])[3]) <= 1
    assert time.process_time() - begun < 1.0


@pytest.mark.parametrize(
    "form", ["{0} agent {1}", "ml {0} agent {1}", "[{0} agent] {1}", "[{0}] {1}", "ml/{0}[agent]: {1}"]
)
def test_a_line_of_each_of_many_pods_is_theirs(form: str) -> None:
    said = [form.format(f"mlserver-{n}", ROWS[0][4]) for n in range(900)]
    found = opened("\n".join(said) + "\n").artefacts

    assert [one.origin.pod for one in found] == [f"mlserver-{n}" for n in range(900)]
    assert {text for one in found for text in one.frame["text"]} == {ROWS[0][4]}


def test_objects_that_a_log_store_gives_newest_first_are_read() -> None:
    shown = ["apiVersion: v1", "kind: Pod", "metadata:", "  name: a", "status: {", "phase"]
    said = [f'2025-07-12T18:30:{n:02}Z,"{line}"' for n, line in enumerate(shown)]
    (artefact,) = opened("\n".join(["timestamp,message", *said[::-1]]) + "\n").artefacts
    rejects = KUBERNETES.parse(artefact).rejects

    assert artefact.frame["text"].to_list() == shown
    assert rejects.select("line", "lines").rows() == [(2, len(shown))]
