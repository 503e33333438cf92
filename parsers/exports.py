"""Exports of log stores: documents of JSON and tables that hold log lines, whole or as far as they go.

Their records are taken one at a time and become columns. What is newest first is turned round.

Source: Loki 3 HTTP API; Elasticsearch search API; Cloud Logging entries.list; CloudWatch Logs filter-log-events and
get-query-results; Log Analytics query API; OTLP JSON; Kibana, Grafana, Azure and CloudWatch CSV downloads.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
import polars as pl

from parsers.elements import Ended, Reader, pieces, slices
from parsers.sayings import KEYS, Records, Said, Sayings, as_json, words

_ENOUGH = 1000  # records that show whether a document is an export
_SHARE = 0.8  # of its records that say a line, and when
_DEPTH = 4  # lists in lists that pages of answers come in
csv.field_size_limit(4 << 20)  # a cell may hold a whole traceback

# What a line must hold to be one of these records, and not an application's own JSON.
OBJECT = r'"apiVersion"\s*:'
RECORD = (
    r'^\s*\{.*(?:"kubernetes"\s*:\s*\{|"podName"\s*:|"pod_name"\s*:|"_source"\s*:|"__REALTIME_TIMESTAMP"\s*:'
    r'|"(?:text|json)Payload"\s*:|"insertId"\s*:|"labels"\s*:\s*\{.*"line"\s*:|"line"\s*:.*"labels"\s*:\s*\{'
    r'|"PodName"\s*:|"LogMessage"\s*:|"@message"\s*:|"ingestionTime"\s*:|"stream"\s*:\s*"std(?:out|err)"'
    r'|"resourceLogs"\s*:|"result"\s*:\s*\{.*"_raw"\s*:)'
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
    return head.lstrip()[:1] in ("[", "{") and re.search(_DOCUMENT, head[:20000]) is not None


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
    if odd > (1 - _SHARE) * records.count or records.dated < max(1, _SHARE * records.count):
        return None
    places = records.places(len(lines))
    structure = lines.head(int(places["line"][0]) - 1).select("line", "lines")
    return Export("JSON export", records.lined(_physical(places, lines)), structure, cut)


def _physical(places: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
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
    line, holds = reader.line, False
    rest: dict[str, Any] = {}
    for key in reader.members():
        opens = reader.peek()
        if key in ("data", "hits") and opens == "{":
            rest[key] = {}
            for name in reader.members():
                if name == "result" and key == "data" and reader.peek() == "[":
                    yield from _streams(reader, sections)
                elif name == "hits" and key == "hits" and reader.peek() == "[":
                    yield from _listed(reader, next(sections))
                else:
                    rest[key][name] = reader.value()
                    continue
                holds = True
        elif key in _HOLDERS and opens == "[":
            yield from _HOLDERS[key](reader, next(sections))
            holds = True
        else:
            rest[key] = reader.value()
    if not holds:
        yield line, rest, next(sections)


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
                resource = reader.value()
                named = resource.get("attributes") if isinstance(resource, dict) else None
                some = [one for one in named if isinstance(one, dict)] if isinstance(named, list) else []
                labels = {str(one.get("key")): words(one.get("value")) for one in some}
            elif key == "scopeLogs" and reader.peek() == "[":
                yield from _of_scopes(reader, section, labels)


def _of_scopes(reader: Reader, section: int, labels: dict[str, str | None]) -> Iterator[_Record]:
    for _ in reader.elements():
        for key in reader.members() if reader.peek() == "{" else ():
            for _ in reader.elements() if key == "logRecords" and reader.peek() == "[" else ():
                line, record = reader.line, reader.value()
                if isinstance(record, dict):
                    record = {"body": record.get("body"), "timestamp": record.get("timeUnixNano"), "labels": labels}
                yield line, record, section


def _of_fields(reader: Reader, section: int) -> Iterator[_Record]:
    """Yield the rows of CloudWatch's answers, lists of fields and their values, and of Splunk's, which are objects."""
    for _ in reader.elements():
        line, row = reader.line, reader.value()
        if isinstance(row, list) and all(isinstance(one, dict) for one in row):
            row = {str(one.get("field")): one.get("value") for one in row}
        yield line, row, section


def _of_tables(reader: Reader, section: int) -> Iterator[_Record]:
    """Yield the rows of Log Analytics' answers, below their columns."""
    for _ in reader.elements():
        columns: list[str] = []
        for key in reader.members() if reader.peek() == "{" else ():
            if key == "columns":
                named = reader.value()
                columns = [str(c.get("name")) for c in named if isinstance(c, dict)] if isinstance(named, list) else []
            for _ in reader.elements() if key == "rows" and reader.peek() == "[" else ():
                line, row = reader.line, reader.value()
                yield line, dict(zip(columns, row, strict=False)) if isinstance(row, list) else row, section


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
    "resourceLogs": _otlp,
    "results": _of_fields,
    "tables": _of_tables,
    "data": _of_attributes,
}

_HEADINGS = frozenset(
    {"@message", "message", "line", "logmessage", "textpayload", "_raw", "jsonpayload.message", "logentry", "log"}
)
_DATED = frozenset(key.lower() for key in KEYS["time"])


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


def table(lines: pl.DataFrame) -> Export | None:
    """Return the records of a table of CSV, or None if the lines are none."""
    texts = lines["text"]
    found = _heading(texts.head(5).str.slice(0, 1 << 16).to_list())
    if found is None or len(texts) < found[0] + 2:
        return None
    at, columns, delimiter = found
    rows = texts.slice(at + 1)
    said = _row_reader(columns, delimiter)
    records = Records()
    # The last line ends too: an empty one is a row.
    reader = csv.reader((f"{line}\n" for part in slices(rows) for line in part), delimiter=delimiter)
    begins = 0
    while True:
        try:
            row = next(reader, None)
            if row is None:
                break
            records.add(at + 2 + begins, said(row))
        except csv.Error:  # a cell without an end
            for line in range(begins, reader.line_num):
                records.add(at + 2 + line, Said(rows[line]))
        begins = reader.line_num
    places = _physical(records.places(len(lines)), lines)
    return Export("CSV export", records.lined(places), lines.head(at + 1).select("line", "lines"))


def _row_reader(columns: list[str], delimiter: str) -> Callable[[list[str]], Said]:
    """Return what makes of a row what it says; a row that says nothing is said itself."""
    width = len(columns)
    ways = [[columns.index(key) for key in keys if key in columns] for keys in KEYS.values()]
    if {"apiVersion", "kind"} & set(columns):
        ways[0] = []
    one = [way[0] if way else width for way in ways]  # behind the last cell of a row an empty one is put
    single = max(map(len, ways)) == 1 and bool(ways[0])

    def said(row: list[str]) -> Said:
        if len(row) == width and single:
            row.append("")
            text, time, namespace, pod, container, node = one
            who = (row[namespace] or None, row[pod] or None, row[container] or None, row[node] or None)
            return Said(row[text], row[time] or None, who)
        text_of = next((row[i] for i in ways[0] if i < len(row)), None)
        if text_of is None:
            return Said(delimiter.join(row))
        when, *who_of = (next((row[i] for i in way if i < len(row) and row[i]), None) for way in ways[1:])
        return Said(text_of, when, tuple(who_of))  # type: ignore[arg-type]

    return said
