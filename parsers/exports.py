"""Log lines inside records of something else: JSON objects and CSV rows that log stores and shippers write.

A record says a line, when it was written, and by what pod. Records come one a line, as one document, or as rows of a
table. Exports with the newest line first are turned round.

Source: Fluent Bit 3 kubernetes filter; stern 1.32 cmd/cmd.go; Loki 3 HTTP API; journald's Journal JSON Format; Cloud
Logging LogEntry; Elasticsearch search API; Azure ContainerLogV2; CloudWatch Logs Insights; Grafana 11 logs download.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from parsers.parser import LINES

NAMES = ("namespace", "pod", "container", "node")
LARGEST = 256 << 20  # bytes of a document that is read as one
csv.field_size_limit(4 << 20)  # a cell may hold a whole traceback


@dataclass(frozen=True, slots=True)
class Said:
    """One record: what was said, when (as written), and who said it."""

    text: str
    time: str | None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None
    node: str | None = None


_KEYS = {
    "text": (
        "log", "line", "Line", "@message", "LogMessage", "LogEntry", "textPayload", "MESSAGE", "message", "Message",
        "_raw", "msg", "log_processed", "jsonPayload", "jsonPayload.message", "body",
    ),
    "time": (
        "@timestamp", "timestamp", "time", "ts", "TimeGenerated [UTC]", "TimeGenerated", "_time", "Time", "Date",
        "date", "receiveTimestamp", "__REALTIME_TIMESTAMP",
    ),
    "namespace": (
        "namespace_name", "namespace", "podNamespace", "PodNamespace", "Namespace", "resource.labels.namespace_name",
        "kubernetes.namespace_name", "kubernetes.namespace", "k8s_namespace", "k8s.namespace.name",
    ),
    "pod": (
        "pod_name", "pod", "podName", "PodName", "resource.labels.pod_name", "kubernetes.pod_name",
        "kubernetes.pod.name", "k8s_pod", "k8s.pod.name", "instance_pod",
    ),
    "container": (
        "container_name", "container", "containerName", "ContainerName", "resource.labels.container_name",
        "kubernetes.container_name", "kubernetes.container.name", "k8s_container", "k8s.container.name",
        "SYSLOG_IDENTIFIER", "_COMM",
    ),
    "node": ("node_name", "nodeName", "Computer", "_HOSTNAME", "kubernetes.host", "host",
        "kubernetes.node.name", "Host",),
}  # fmt: skip
_INSIDE = ("kubernetes", "labels", "stream", "metric", "resource", "fields", "_source", "kubernetes_metadata")

# What a line must hold to be one of these records, and not an application's own JSON.
OBJECT = r'"apiVersion"\s*:'
RECORD = (
    r'^\s*\{.*(?:"kubernetes"\s*:\s*\{|"podName"\s*:|"pod_name"\s*:|"_source"\s*:|"__REALTIME_TIMESTAMP"\s*:'
    r'|"(?:text|json)Payload"\s*:|"insertId"\s*:|"labels"\s*:\s*\{.*"line"\s*:|"line"\s*:.*"labels"\s*:\s*\{'
    r'|"PodName"\s*:|"LogMessage"\s*:|"@message"\s*:|"ingestionTime"\s*:|"stream"\s*:\s*"std(?:out|err)"'
    r'|"resourceLogs"\s*:)'
)


def said_of(value: Any) -> Said | None:
    """Return what a record says; None if it says no line."""
    if not isinstance(value, Mapping) or "apiVersion" in value or "kind" in value:  # an object of Kubernetes
        return None
    if isinstance(source := value.get("_source"), Mapping):
        value = source
    flat: dict[str, Any] = {}
    _flatten(value, "", flat, 0)
    candidates = (_words(value.get(key, flat.get(key))) for key in _KEYS["text"])
    text = next((found for found in candidates if found is not None), None)
    if text is None:
        return None
    who: dict[str, str | None] = {
        part: next((str(v) for key in keys if isinstance(v := flat.get(key), str | int | float) and v != ""), None)
        for part, keys in _KEYS.items()
        if part != "text"
    }
    return Said(text, **who)


def _flatten(value: Mapping[str, Any], prefix: str, out: dict[str, Any], depth: int) -> None:
    for key, inner in value.items():
        if isinstance(inner, Mapping) and depth < 4:
            _flatten(inner, f"{prefix}{key}.", out, depth + 1)
            if key in _INSIDE and depth < 2:
                for name, what in inner.items():
                    if isinstance(what, Mapping) and name == "labels":
                        out.update((str(k), v) for k, v in what.items() if k not in out)
                    elif not isinstance(what, Mapping):
                        out.setdefault(str(name), what)
        else:
            out[f"{prefix}{key}"] = inner


def _words(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", "replace")  # journald, where the message is not UTF-8
    if isinstance(value, Mapping) and value:
        if isinstance(inner := value.get("stringValue"), str):
            return inner
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()  # a record of JSON inside: unwrapped later
    return None


def loads(text: str | bytes) -> Any:
    """Return the JSON value, or None where it is none."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None


def document(text: str) -> list[Said] | None:
    """Return the records of a text that is one JSON document, or None if it is not an export."""
    if len(text) > LARGEST or not may_be_document(text):
        return None
    records = list(_records(loads(text), 0))
    said = [one for record in records if (one := said_of(record)) is not None]
    dated = sum(one.time is not None for one in said)
    return said if said and len(said) == len(records) and dated >= 0.8 * len(said) else None


def batches(rows: Iterable[str]) -> tuple[list[Said], list[tuple[int, int]]] | None:
    """Return the records of OTLP batches, one a line, and where each stands; None if it is not such."""
    said: list[Said] = []
    places: list[tuple[int, int]] = []
    for line, row in enumerate(rows, 1):
        found = [one for record in _records(loads(row), 0) if (one := said_of(record)) is not None]
        if not found and row.strip():
            return None
        said += found
        places += [(line, int(first)) for first in (True, *(False for _ in found[1:]))][: len(found)]
    return (said, places) if said else None


def may_be_document(head: str) -> bool:
    """Whether a text that begins so may be one document of records."""
    return head.lstrip()[:1] in ("[", "{") and re.search(_DOCUMENT, head[:20000]) is not None


_DOCUMENT = (
    r'"resultType"\s*:\s*"streams"|"hits"\s*:\s*\{|"insertId"\s*:|"(?:text|json)Payload"\s*:|"ingestionTime"\s*:'
    r'|^\s*\[\s*\{\s*"(?:line|timestamp|_index|log|@timestamp)"\s*:|"resourceLogs"\s*:|"podName"\s*:|"LogMessage"\s*:'
)


def _records(value: Any, depth: int) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _records(one, depth)
    elif isinstance(value, Mapping):
        data = value.get("data")
        if isinstance(data, Mapping) and isinstance(data.get("result"), list):
            for stream in data["result"]:
                labels = stream.get("stream", {}) if isinstance(stream, Mapping) else {}
                for pair in stream.get("values", ()) if isinstance(stream, Mapping) else ():
                    if isinstance(pair, list) and len(pair) >= 2:
                        yield {"line": pair[1], "timestamp": pair[0], "labels": labels}
        elif isinstance(hits := value.get("hits"), Mapping | list) and depth < 3:
            yield from _records(hits.get("hits") if isinstance(hits, Mapping) else hits, depth + 1)
        elif isinstance(events := value.get("events"), list):
            yield from events
        elif isinstance(logs := value.get("resourceLogs"), list):
            yield from _otlp(logs)
        else:
            yield value


def _otlp(logs: list[Any]) -> Iterator[Any]:
    for log in logs:
        if not isinstance(log, Mapping):
            continue
        attributes = log.get("resource", {}).get("attributes", []) if isinstance(log.get("resource"), Mapping) else []
        labels = {str(one.get("key")): _words(one.get("value")) for one in attributes if isinstance(one, Mapping)}
        for scope in log.get("scopeLogs") or ():
            for record in scope.get("logRecords") or () if isinstance(scope, Mapping) else ():
                if isinstance(record, Mapping):
                    yield {"body": record.get("body"), "timestamp": record.get("timeUnixNano"), "labels": labels}


_HEADINGS = frozenset(
    {"@message", "message", "line", "logmessage", "textpayload", "_raw", "jsonpayload.message", "logentry", "log"}
)
_DATED = frozenset(key.lower() for key in _KEYS["time"])


def _heading(head: list[str]) -> tuple[int, list[str], str] | None:
    """Return where the heading of an export's table stands, its columns, and what separates them."""
    at = next((i for i, line in enumerate(head) if line.strip() and not line.lower().startswith("sep=")), None)
    if at is None or len(head[at]) > 4000:
        return None
    heading = head[at].lstrip("\ufeff")
    delimiter = max("\t,;|", key=heading.count)
    try:
        columns = [name.strip() for name in next(csv.reader([heading], delimiter=delimiter), [])]
    except csv.Error:
        return None
    small = {name.lower() for name in columns}
    good = delimiter in heading and small & _HEADINGS and small & _DATED and len(small) == len(columns)
    return (at, columns, delimiter) if good else None


def may_be_table(head: list[str]) -> bool:
    """Whether a file that begins with these lines may be a table of records."""
    return _heading(head) is not None


def table(lines: list[str]) -> tuple[list[Said], list[tuple[int, int]], int] | None:
    """Return the records of a CSV export, the first line and number of lines of each, and its lines of heading."""
    found = _heading(lines[:5])
    if found is None or len(lines) < found[0] + 2:
        return None
    at, columns, delimiter = found
    rows = "".join(f"{line}\n" for line in lines[at + 1 :])  # the last line ends too: an empty one is a row
    reader = csv.reader(io.StringIO(rows, newline=""), delimiter=delimiter)
    said: list[Said] = []
    places: list[tuple[int, int]] = []
    before = 0
    try:
        for row in reader:
            first, before = before, reader.line_num
            record = said_of(dict(zip(columns, row, strict=False)))
            said.append(record if record is not None else Said(delimiter.join(row), None))
            places.append((at + 2 + first, reader.line_num - first))
    except csv.Error:
        return None
    return said, places, at + 1


def spread(text: str, count: int, lines: int) -> list[tuple[int, int]] | None:
    """Return first line and number of lines of each of `count` records of a document, from the braces that open them.

    None where they cannot be told: records that share lines.
    """
    rows = text.split("\n")[:lines]
    if len(rows) < count:
        return None
    for indent in sorted({len(row) - len(row.lstrip()) for row in rows if row.lstrip().startswith("{")}):
        starts = [i for i, row in enumerate(rows, 1) if row[:indent].strip() == "" and row[indent : indent + 1] == "{"]
        if len(starts) == count:
            return [(start, after - start) for start, after in zip(starts, [*starts[1:], lines + 1], strict=True)]
    return None


def frame_of(said: Iterable[Said], places: list[tuple[int, int]]) -> pl.DataFrame:
    """Return the records as lines: columns `LINES` and `NAMES`, oldest first, one row a line of text.

    Only the first row of a record counts in `lines`; the others have 0.
    """
    rows = [
        (number, line, lines if first else 0, text, one.time, one.namespace, one.pod, one.container, one.node)
        for number, (one, (line, lines)) in enumerate(zip(said, places, strict=True))
        for first, text in ((i == 0, t.removesuffix("\r")) for i, t in enumerate(one.text.rstrip("\r\n").split("\n")))
    ]
    schema = {
        "record": pl.Int64(), "line": LINES["line"], "lines": LINES["lines"], "text": pl.String(), "time": pl.String(),
        **dict.fromkeys(NAMES, pl.String()),
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(any_time(pl.col("time")).alias("stamped"))
    times = frame.unique("record", maintain_order=True)["stamped"].drop_nulls()
    if len(times) > 1 and times[0] > times[-1] and times.is_sorted(descending=True):
        frame = frame.sort(-pl.col("record"), maintain_order=True)
    return frame.select(*LINES.names(), *NAMES)


_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%b %d, %Y @ %H:%M:%S%.f", "%m/%d/%Y, %I:%M:%S%.f %p", "%d/%b/%Y:%H:%M:%S%.f")


def any_time(column: pl.Expr) -> pl.Expr:
    """Return times as UTC: RFC 3339, epochs by their number of digits, and the forms of log stores' tables."""
    digits = column.str.extract(r"^([0-9]{10,19})(?:\.[0-9]*)?$").cast(pl.Int64, strict=False)
    length = digits.cast(pl.String).str.len_bytes()
    micros = (
        pl.when(length == 10).then(digits * 1_000_000 + _fraction(column))
        .when(length == 13).then(digits * 1000)
        .when(length == 16).then(digits)
        .when(length == 19).then(digits // 1000)
    )  # fmt: skip
    return pl.coalesce(
        column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", strict=False, cache=False),
        *(
            column.str.to_datetime(form, time_unit="us", strict=False, cache=False).dt.replace_time_zone("UTC")
            for form in ("%Y-%m-%dT%H:%M:%S%.f", *_FORMATS)
        ),
        micros.cast(pl.Datetime("us", "UTC")),
    )


def _fraction(column: pl.Expr) -> pl.Expr:
    """Return the microseconds of an epoch in seconds."""
    return column.str.extract(r"^[0-9]{10}\.([0-9]{1,6})").str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
