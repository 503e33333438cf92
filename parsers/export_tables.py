"""Exports of log stores that are tables: a heading names the columns, and each row is a record.

Source: Kibana, OpenSearch, Grafana, Azure, CloudWatch, Splunk, Datadog and Graylog CSV downloads.
"""

import csv
from collections.abc import Callable

import polars as pl

from parsers import naming
from parsers.elements import slices
from parsers.exports import Export, physical
from parsers.sayings import Records, Said

csv.field_size_limit(4 << 20)  # a cell may hold a whole traceback
_HEADINGS = frozenset(key.lower() for key in naming.TEXT)
_DATED = frozenset(key.lower() for key in naming.TIME)


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
    places = physical(records.places(len(lines)), lines)
    return Export("CSV export", records.lined(places), lines.head(at + 1).select("line", "lines"))


def _row_reader(columns: list[str], delimiter: str) -> Callable[[list[str]], Said]:
    """Return what makes of a row what it says; a row that says nothing is said itself."""
    width = len(columns)
    *ways, telling = ([columns.index(key) for key in keys] for keys in naming.ways(columns))
    if {"apiVersion", "kind"} & set(columns):
        ways[0] = []
    one = [way[0] if way else width for way in ways]  # behind the last cell of a row an empty one is put
    single = max(map(len, ways)) == 1 and bool(ways[0])

    def read(row: list[str]) -> Said:
        if len(row) == width and single:
            row.append("")
            at, when, namespace, pod, container, node = one
            text, time = row[at], row[when]
            who: naming.Names = (row[namespace] or None, row[pod] or None, row[container] or None, row[node] or None)
        else:
            said = next((row[i] for i in ways[0] if i < len(row)), None)
            if said is None:
                return Said(delimiter.join(row))
            time, *parts = (next((row[i] for i in way if i < len(row) and row[i]), "") for way in ways[1:])
            text, who = said, tuple(part or None for part in parts)  # type: ignore[assignment]
        if telling and who[1] is None:
            for i in telling:
                who = naming.or_else(who, naming.names_in(row[i])) if i < len(row) else who
        return Said(text, time or None, who)

    return read
