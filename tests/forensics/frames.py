"""Small frames by hand, for tests of what is derived from them."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import polars as pl

from parsers.schema import SOURCES

START = datetime(2025, 3, 4, 10, 15, tzinfo=UTC)


def rows(source: str, *found: Mapping[str, object], **common: object) -> dict[str, pl.DataFrame]:
    """Return one source's frame: each row's columns, JSON where they are lists or dicts."""
    columns = SOURCES[source].columns
    made = []
    for number, row in enumerate(found, 1):
        full = {"member": f"{source}.txt", "line": number, "lines": 1, **common, **row}
        assert set(full) <= set(columns), set(full) - set(columns)
        made.append({k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in full.items()})
    filled = [{name: row.get(name) for name in columns} for row in made]
    return {source: pl.DataFrame(filled, schema=SOURCES[source].schema)}


def log(source: str, *texts: str, every: float = 1.0, since: float = 0.0, **common: object) -> dict[str, pl.DataFrame]:
    """Return a log: one record a text, a second apart unless told otherwise."""
    component = source.partition(".")[2]
    found = [
        {
            "time": START + timedelta(seconds=since + number * every),
            "precision": timedelta(seconds=1),
            "zoned": True,
            "previous": False,
            "component": component,
            "text": text,
            "message": text,
            "fields": "{}",
            **common,
        }
        for number, text in enumerate(texts)
    ]
    return rows(source, *found)


def together(*parts: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the frames of all parts; rows of the same source follow each other."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for part in parts:
        for source, frame in part.items():
            frames.setdefault(source, []).append(frame)
    return {source: pl.concat(found) for source, found in frames.items()}


def names(frames: Iterable[Mapping[str, object]]) -> list[object]:
    """Return the names of rows."""
    return [row["name"] for row in frames]
