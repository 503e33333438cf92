"""Exports of log stores that are documents of JSON and hold log lines, whole or as far as they go.

Their records are taken one at a time and become columns. What is newest first is turned round.

Source: Loki 3 HTTP API; Elasticsearch search API; Cloud Logging entries.list; CloudWatch Logs filter-log-events and
get-query-results; Log Analytics query API; OTLP JSON; OpenSearch PPL and SQL; New Relic NRQL; Oracle Cloud Logging
search; Grafana data frames.
"""

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
import polars as pl

from parsers.elements import Ended, Reader, pieces
from parsers.sayings import Records, Said, Sayings, as_json, words

_ENOUGH = 1000  # records that show whether a document is an export
_SHARE = 0.8  # of its records that say a line, and when or who
_DEPTH = 4  # lists in lists that pages of answers come in

# What a line must hold to be one of these records, and not an application's own JSON.
OBJECT = r'"apiVersion"\s*:'
RECORD = (
    r'^\s*\{.*(?:"kubernetes"\s*:\s*\{|"podName"\s*:|"pod_name"\s*:|"_source"\s*:|"__REALTIME_TIMESTAMP"\s*:'
    r'|"(?:text|json)Payload"\s*:|"insertId"\s*:|"labels"\s*:\s*\{.*"line"\s*:|"line"\s*:.*"labels"\s*:\s*\{'
    r'|"PodName"\s*:|"LogMessage"\s*:|"@message"\s*:|"ingestionTime"\s*:|"stream"\s*:\s*"std(?:out|err)"'
    r'|"resourceLogs"\s*:|"result"\s*:\s*\{.*"_raw"\s*:|"logContent"\s*:|"specversion"\s*:|"__time__"\s*:|"_pod_name_"\s*:'
    r'|"_line"\s*:.*"_ts"\s*:|"_stream"\s*:.*"_msg"\s*:|"pod"\s*:\s*"[^"]*"\s*,\s*"container"\s*:\s*"[^"]*"\s*,\s*"message"\s*:)'
)


@dataclass(frozen=True, slots=True)
class Export:
    """The lines of an export.

    Attributes:
        name: of its form.
        frame: columns `LINES` and `NAMES`, oldest first, one row a line of text. Only the first row of a record counts
            in `lines`; the others have 0.
        structure: `line` and `lines` of what holds no record.
        cut: why it does not come to its end; None where it does.
    """

    name: str
    frame: pl.DataFrame
    structure: pl.DataFrame
    cut: str | None = None


def loads(text: str | bytes) -> Any:
    """Return the JSON value, or None where it is none."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        return None


def may_be_document(head: str) -> bool:
    """Whether a text that begins so may be one document of records."""
    begins, head = head.lstrip()[:1], head[:20000]
    if begins not in ("[", "{"):
        return False
    return re.search(_DOCUMENT, head) is not None or all(re.search(one, head) for one in _ANY)


def holds_records(head: str) -> bool:
    """Whether a document that begins so holds records, and is none itself."""
    return re.search(_HOLDER, head[:20000]) is not None


_HOLDER = (
    r'"resultType"\s*:\s*"streams"|"hits"\s*:\s*\{|"hits"\s*:\s*\[|"resourceLogs"\s*:|"events"\s*:\s*\[|"results"\s*:\s*\[\s*\['
    r'|"results"\s*:\s*\[\s*\{(?s:.){0,2000}"_raw"\s*:|"tables"\s*:\s*\[|"data"\s*:\s*\[\s*\{(?s:.){0,400}"attributes"\s*:\s*\{'
)
_DOCUMENT = (
    r'"resultType"\s*:\s*"streams"|"hits"\s*:\s*\{|"insertId"\s*:|"(?:text|json)Payload"\s*:|"ingestionTime"\s*:'
    r'|^\s*\[\s*\{\s*"(?:line|timestamp|_index|log|@timestamp)"\s*:|"resourceLogs"\s*:|"podName"\s*:|"LogMessage"\s*:'
    r'|"results"\s*:\s*\[\s*(?:\[\s*\{\s*"field"|\{(?s:.){0,2000}"_raw")\s*:|"tables"\s*:\s*\[\s*\{\s*"(?:name|columns)"\s*:'
    r'|"data"\s*:\s*\[\s*\{(?s:.){0,400}"attributes"\s*:\s*\{(?s:.){0,4000}"message"\s*:'
    r'|"logContent"\s*:|"(?:datarows|nrql)"\s*:|"schema"\s*:\s*\{(?s:.){0,400}"fields"\s*:\s*\[|^\s*\{\s*"pod"\s*:\s*"[^"]*"\s*,\s*"container"\s*:'
)
# Or a list of records of a store that is not known by name: they say a line, and when.
_ANY = (
    r'^\s*\[\s*\{|"(?:results|events|records|logs|entries)"\s*:\s*\[\s*\{',
    r'"(?:message|log|line|content|body|text|_raw|_msg|_line|LogMessage|@message)"\s*:',
    r'"(?:@?timestamp|time|_time_?|__time__|_ts|ts|date|datetime|TimeGenerated)"\s*:',
)


def document(lines: pl.DataFrame) -> Export | None:
    """Return the records of lines that are JSON documents, or None if they are no export."""
    records = Records()
    sayings = Sayings()
    reader = Reader(pieces(lines["text"]))
    odd, cut = 0, None
    try:
        for line, record, section in _documents(reader):
            said = sayings.of(record)
            if said is None:
                odd += 1
                said = Said(as_json(record))
                if odd > (1 - _SHARE) * max(_ENOUGH, records.count):
                    return None
            records.add(line, said, section)
    except Ended:
        at = lines["line"][min(reader.line, len(lines)) - 1]
        cut = f"its JSON ends, or makes no sense, on line {at:,}: the records before were read"
    if odd > (1 - _SHARE) * records.count or records.known < max(1, _SHARE * records.count):
        return None
    places = records.places(len(lines))
    structure = lines.head(int(places["line"][0]) - 1).select("line", "lines")
    return Export("JSON export", records.lined(physical(places, lines)), structure, cut)


def physical(places: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return the places of records, counted in rows from 1, as physical lines: a part of a file begins anywhere."""
    before = pl.concat([pl.Series([0], dtype=pl.Int64), lines["lines"].cast(pl.Int64).cum_sum()])
    begins = places["line"] - 1
    return pl.DataFrame({"line": lines["line"][begins], "lines": before[begins + places["lines"]] - before[begins]})


_Record = tuple[int, Any, int]  # the line it begins on, what it is, and the number of its section


def _documents(reader: Reader) -> Iterator[_Record]:
    """Yield the records of all documents of a text."""
    sections = count()
    while (opens := reader.peek()) in ("{", "["):
        if opens == "{":
            yield from _holder(reader, sections)
        else:
            section = next(sections)
            for _ in reader.elements():
                line = reader.line
                for record in _inside(reader.value(), 0):
                    yield line, record, section
    if opens:
        raise Ended


def _holder(reader: Reader, sections: Iterator[int]) -> Iterator[_Record]:
    """Yield the records of the object that opens here; itself where it holds none."""
    line = reader.line
    holds, rest = yield from _held(reader, sections, "", 0)
    if not holds:
        yield line, rest, next(sections)


def _held(
    reader: Reader, sections: Iterator[int], above: str, depth: int
) -> Generator[_Record, None, tuple[bool, dict[str, Any]]]:
    """Yield the records below a key of an answer; return whether there are any, and what else is there."""
    holds = False
    rest: dict[str, Any] = {}
    columns: list[str] = []
    for key in reader.members():
        opens = reader.peek()
        if opens == "{" and (key in _ABOVE or above == "results") and depth < _DEPTH:
            found, rest[key] = yield from _held(reader, sections, key, depth + 1)
            holds |= found
        elif opens == "[" and (above, key) == ("data", "result"):
            yield from _streams(reader, sections)
            holds = True
        elif opens == "[" and key in ("columns", "schema"):
            rest[key] = reader.value()
            columns = _names(rest[key])
        elif opens == "[" and columns and key in _ROWS:
            yield from _rows(reader, columns, next(sections))
            holds = True
        elif opens == "[" and key in _HOLDERS:
            yield from _HOLDERS[key](reader, next(sections))
            holds = True
        else:
            rest[key] = reader.value()
    return holds, rest


_ABOVE = frozenset(("data", "hits", "actor", "account", "nrql", "response", "results"))  # the records of an answer
_ROWS = ("rows", "datarows", "values")  # below the names of their columns


def _names(columns: Any) -> list[str]:
    return [str(one.get("name")) for one in columns if isinstance(one, dict)] if isinstance(columns, list) else []


def _rows(reader: Reader, columns: list[str], section: int) -> Iterator[_Record]:
    for _ in reader.elements():
        line, row = reader.line, reader.value()
        yield line, dict(zip(columns, row, strict=False)) if isinstance(row, list) else row, section


def _listed(reader: Reader, section: int) -> Iterator[_Record]:
    for _ in reader.elements():
        line = reader.line
        for record in _inside(reader.value(), 1):
            yield line, record, section


def _inside(value: Any, depth: int) -> Iterator[Any]:
    """Yield the records of an element: pages of answers are kept as lists."""
    if isinstance(value, list):
        for one in value if depth < _DEPTH else ():
            yield from _inside(one, depth + 1)
        return
    hits = value.get("hits") if isinstance(value, dict) else None
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        yield from _inside(hits["hits"], depth + 1)
    elif isinstance(value, dict) and list(value) == ["events"]:  # New Relic
        yield from _inside(value["events"], depth + 1)
    elif isinstance(value, dict) and isinstance(value.get("schema"), dict) and isinstance(value.get("data"), dict):
        columns, values = value["schema"].get("fields"), value["data"].get("values")  # a frame of Grafana
        if isinstance(values, list) and all(isinstance(one, list) for one in values):
            yield from (dict(zip(_names(columns), row, strict=False)) for row in zip(*values, strict=False))
    else:
        yield value


def _streams(reader: Reader, sections: Iterator[int]) -> Iterator[_Record]:
    """Yield the lines of Loki's streams, whose labels stand before them or behind."""
    for _ in reader.elements():
        section = next(sections)
        if reader.peek() != "{":
            yield reader.line, reader.value(), section
            continue
        labels: Any = None
        held: list[tuple[int, Any]] = []
        for key in reader.members():
            if key == "stream":
                labels = reader.value()
            elif key == "values" and reader.peek() == "[":
                for _ in reader.elements():
                    line, pair = reader.line, reader.value()
                    if labels is None:
                        held.append((line, pair))
                    else:
                        yield line, _of_pair(pair, labels), section
        for line, pair in held:
            yield line, _of_pair(pair, labels or {}), section


def _of_pair(pair: Any, labels: Any) -> Any:
    if not isinstance(pair, list) or len(pair) < 2:
        return pair
    return {"line": pair[1], "timestamp": pair[0], "labels": labels}


def _otlp(reader: Reader, section: int) -> Iterator[_Record]:
    for _ in reader.elements():
        labels: dict[str, str | None] = {}
        for key in reader.members() if reader.peek() == "{" else ():
            if key == "resource":
                labels = _attributes(reader.value())
            elif key == "scopeLogs" and reader.peek() == "[":
                yield from _of_scopes(reader, section, labels)


def _attributes(value: Any) -> dict[str, str | None]:
    named = value.get("attributes") if isinstance(value, dict) else None
    some = [one for one in named if isinstance(one, dict)] if isinstance(named, list) else []
    return {str(one.get("key")): words(one.get("value")) for one in some}


def _of_scopes(reader: Reader, section: int, labels: dict[str, str | None]) -> Iterator[_Record]:
    for _ in reader.elements():
        for key in reader.members() if reader.peek() == "{" else ():
            for _ in reader.elements() if key == "logRecords" and reader.peek() == "[" else ():
                line, record = reader.line, reader.value()
                if isinstance(record, dict):
                    when = record.get("timeUnixNano") or record.get("observedTimeUnixNano")
                    who = labels | _attributes(record)
                    record = {"body": record.get("body"), "timestamp": when, "labels": who}
                yield line, record, section


def _of_fields(reader: Reader, section: int) -> Iterator[_Record]:
    """Yield the rows of CloudWatch's answers, lists of fields and their values, and of Splunk's, which are objects."""
    for _ in reader.elements():
        line, row = reader.line, reader.value()
        if isinstance(row, list) and all(isinstance(one, dict) for one in row):
            row = {str(one.get("field")): one.get("value") for one in row}
        for record in _inside(row, 1):
            yield line, record, section


def _of_tables(reader: Reader, section: int) -> Iterator[_Record]:
    """Yield the rows of Log Analytics' answers, below their columns."""
    for _ in reader.elements():
        columns: list[str] = []
        for key in reader.members() if reader.peek() == "{" else ():
            if key == "columns":
                columns = _names(reader.value())
            elif key == "rows" and reader.peek() == "[":
                yield from _rows(reader, columns, section)


def _of_attributes(reader: Reader, section: int) -> Iterator[_Record]:
    """Yield the events of Datadog's answers: what is said stands in `attributes`, who says it in tags."""
    for _ in reader.elements():
        line, record = reader.line, reader.value()
        said = record.get("attributes") if isinstance(record, dict) else None
        if isinstance(said, dict):
            tags = said.get("tags")
            named = (
                dict(tag.split(":", 1) for tag in tags if isinstance(tag, str) and ":" in tag)
                if isinstance(tags, list)
                else {}
            )
            labels = {meant: named[tag] for tag, meant in _TAGS.items() if tag in named}
            record = {"message": said.get("message"), "timestamp": said.get("timestamp"), "labels": labels}
        yield line, record, section


_TAGS = {"pod_name": "pod", "kube_namespace": "namespace", "kube_container_name": "container", "host": "node_name"}
_HOLDERS: dict[str, Callable[[Reader, int], Iterator[_Record]]] = {
    "hits": _listed,
    "events": _listed,
    "records": _listed,
    "logs": _listed,
    "entries": _listed,
    "frames": _listed,
    "resourceLogs": _otlp,
    "results": _of_fields,
    "tables": _of_tables,
    "data": _of_attributes,
}
