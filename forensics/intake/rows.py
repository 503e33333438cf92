"""Rows of frames as plain data, and JSON columns of any shape read without raising."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

Row = tuple[str, int]  # a source, and a row's index in its frame


def rows_of(frames: Mapping[str, pl.DataFrame], source: str) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each row of a source, and which it is; objects without a name are left out."""
    frame = frames.get(source)
    if frame is not None:
        nameless = source in ("k8s.listing", "k8s.condition") or not source.startswith("k8s.")
        for index, row in enumerate(frame.iter_rows(named=True)):
            if nameless or row["name"] is not None:
                yield (source, index), row


def place(frames: Mapping[str, pl.DataFrame], row: Row) -> dict[str, Any]:
    """Return where a row stands: member, line, lines."""
    frame, index = frames[row[0]], row[1]
    return {name: frame.get_column(name)[index] for name in ("member", "line", "lines")}


def mapping(value: Any) -> dict[str, Any]:
    """Return `value` if it is an object of JSON, else an empty one: what was read may have any shape."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return `value` if it is a list of JSON, else an empty one."""
    return value if isinstance(value, list) else []


def labels_of(text: str | None) -> dict[str, str] | None:
    """Return the labels a JSON column holds; None where it holds none."""
    labels = parsed(text)
    return strings(labels) if isinstance(labels, dict) else None


def strings(value: Any) -> dict[str, str]:
    """Return those of an object's members that are strings."""
    return {key: held for key, held in mapping(value).items() if isinstance(held, str)}


def parsed(text: str | None) -> Any:
    """Return what a JSON column holds; None where it holds none."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def moment(value: Any) -> datetime | None:
    """Return the time that a JSON value writes with its zone; None for anything else."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return read if read is not None and read.tzinfo is not None else None


def template_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template of the pods that a workload makes, as its object writes it."""
    return mapping(mapping(mapping(parsed(row["raw"])).get("spec")).get("template"))
