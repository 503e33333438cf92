"""The same bundle, its logs wrapped as other tools would have them: verdict, roots and findings are the same."""

import csv
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from forensics.api import Report, analyse, open_bundle
from parsers.layout import origin_of
from patterns.loader import load_library
from patterns.pattern import Library

BUNDLE = Path(__file__).parent.parent / "sample_bundles" / "agent-port-shut" / "bundle.tar.gz"
_TIME = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{3}))?")
Row = tuple[str, str, str, str, str]  # namespace, pod, container, time, line


def rows(name: str, data: bytes) -> Iterator[Row]:
    """The lines of a log as a log store holds them: each with its time, or that of the line before."""
    origin = origin_of(name)
    who = (origin.namespace or "ml", origin.pod or Path(name).stem, origin.container or Path(name).stem)
    time = "2025-01-01T00:00:00.000Z"
    for line in data.decode("utf-8", "replace").removesuffix("\n").split("\n"):
        if found := _TIME.search(line[:200]):
            time = f"{found[1]}-{found[2]}-{found[3]}T{found[4]}.{found[5] or '000'}Z"
        yield (*who, time, line)


def epoch(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)


def a_line_each(make: Callable[[Row], object]) -> Callable[[str, bytes], bytes]:
    def wrapped(name: str, data: bytes) -> bytes:
        made = (make(row) for row in rows(name, data))
        return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in made).encode()

    return wrapped


def gcp(name: str, data: bytes) -> bytes:
    records = [
        {"insertId": str(n), "textPayload": line, "timestamp": time,
         "resource": {"labels": {"namespace_name": namespace, "pod_name": pod, "container_name": container}}}
        for n, (namespace, pod, container, time, line) in enumerate(rows(name, data))
    ]  # fmt: skip
    return json.dumps(records[::-1], indent=2).encode()


def elastic(name: str, data: bytes) -> bytes:
    hits = [
        {"_index": "x", "_source": {"@timestamp": time, "message": line, "kubernetes": {
            "namespace": namespace, "pod": {"name": pod}, "container": {"name": container}}}}
        for namespace, pod, container, time, line in rows(name, data)
    ]  # fmt: skip
    return json.dumps({"took": 1, "hits": {"total": {"value": len(hits)}, "hits": hits}}).encode()


def loki(name: str, data: bytes) -> bytes:
    said = list(rows(name, data))
    labels = dict(zip(("namespace", "pod", "container"), said[0], strict=False))
    values = [[str(epoch(time) * 1_000_000), line] for _, _, _, time, line in said]
    result = [{"stream": labels, "values": values[::-1]}]
    return json.dumps({"status": "success", "data": {"resultType": "streams", "result": result}}).encode()


def cloudwatch(name: str, data: bytes) -> bytes:
    events = [
        {"timestamp": epoch(time), "message": line, "ingestionTime": 1} for _, _, _, time, line in rows(name, data)
    ]
    return json.dumps({"events": events}, indent=1).encode()


def datadog(name: str, data: bytes) -> bytes:
    events = [
        {"id": "x", "attributes": {"timestamp": time, "message": line, "tags": [f"pod_name:{pod}"]}}
        for _, pod, _, time, line in rows(name, data)
    ]
    return json.dumps({"data": events}).encode()


def insights(name: str, data: bytes) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, quoting=csv.QUOTE_ALL)
    table.writerow(["@timestamp", "@message", "kubernetes.pod_name", "kubernetes.container_name"])
    for _, pod, container, time, line in list(rows(name, data))[::-1]:
        table.writerow([time[:23].replace("T", " "), line, pod, container])
    return out.getvalue().encode()


def azure(name: str, data: bytes) -> bytes:
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["TimeGenerated [UTC]", "PodNamespace", "PodName", "ContainerName", "LogMessage"])
    for namespace, pod, container, time, line in rows(name, data):
        at = datetime.fromisoformat(time)
        table.writerow([f"{at:%m/%d/%Y, %I:%M:%S}.{time[20:23]} {at:%p}", namespace, pod, container, line])
    return out.getvalue().encode()


def fenced(name: str, data: bytes) -> bytes:
    return f"### {name}\n\nWhat it says:\n\n```\n{data.decode('utf-8', 'replace')}```\n".encode()


def pasted(name: str, data: bytes) -> bytes:
    namespace, pod, container, *_ = next(rows(name, data))
    text = f"me@jump:~$ kubectl -n {namespace} logs {pod} -c {container}\n{data.decode('utf-8', 'replace')}me@jump:~$ exit\n"
    return text.replace("\n", "\r\n").encode("utf-16")


WRAPPED: dict[str, Callable[[str, bytes], bytes]] = {
    "stern --output json": a_line_each(
        lambda row: {"message": row[4], "namespace": row[0], "podName": row[1], "containerName": row[2]}
    ),
    "kail": a_line_each(lambda row: f"{row[0]}/{row[1]}[{row[2]}]: {row[4]}"),
    "docker compose": a_line_each(lambda row: f"{row[2]}-1  | {row[4]}"),
    "syslog": a_line_each(lambda row: f"<30>1 {row[3]} node-1 {row[2]} 12 - - {row[4]}"),
    "fluentd": a_line_each(lambda row: f"{row[3]}\tkube.{row[1]}\t" + json.dumps({"stream": "stderr", "log": row[4]})),
    "splunk": a_line_each(
        lambda row: {"preview": False, "result": {"_raw": row[4], "_time": row[3], "pod": row[1], "namespace": row[0]}}
    ),
    "gcp": gcp,
    "elastic": elastic,
    "loki": loki,
    "cloudwatch": cloudwatch,
    "cloudwatch insights": insights,
    "datadog": datadog,
    "azure": azure,
    "fenced": fenced,
    "pasted": pasted,
    "returns": lambda _, data: data.replace(b"\n", b"\r"),
}


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


@pytest.fixture(scope="module")
def plain(library: Library) -> Report:
    return analyse(open_bundle(BUNDLE), library)


def roots(report: Report) -> list[str]:
    return sorted(finding["pattern"] for finding in report.roots)


def found(report: Report) -> list[str]:
    return sorted(finding["pattern"] for finding in report.document["findings"])


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_a_wrapper_changes_no_verdict(wrapper: str, plain: Report, library: Library, tmp_path: Path) -> None:
    wrap = WRAPPED[wrapper]
    with tarfile.open(BUNDLE) as bundle:
        for entry in bundle:
            if (file := bundle.extractfile(entry)) is None:
                continue
            data = file.read()
            log = entry.name.endswith(".log") and data.strip() != b""
            place = tmp_path / entry.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(wrap(entry.name, data) if log else data)
    report = analyse(open_bundle(tmp_path), library)

    assert plain.verdict == "failure"
    assert (report.verdict, roots(report)) == (plain.verdict, roots(plain))
    assert found(report) == found(plain)
