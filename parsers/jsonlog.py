"""Read records that are one JSON object a line: zap's, logrus' and rclone's JSON encoders share this.

Line by line with orjson: one bad line would fail a whole column in Polars' own readers.
"""

from typing import Any

import orjson
import polars as pl

from parsers import timestamps
from parsers.records import READ, levels


def read(texts: pl.Series, *, time: str, level: str, message: str, last: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return columns `READ` of one JSON object a row; a row that is none is its own message, the rest null.

    Args:
        texts: the lines.
        time: the key of an RFC 3339 time, or of seconds since 1970.
        level: the key of the level's name.
        message: the key of the message.
        last: keys that stand last in the text, wherever they were written.
    """
    rows = [_one(text, time, level, message, last) for text in texts.to_list()]
    made = pl.DataFrame(rows, schema=dict.fromkeys(READ, pl.String), orient="row")
    times = timestamps.rfc3339(made["time"])
    times = times.zip_with(times.is_not_null(), timestamps.epoch(made["time"]))
    return made.with_columns(times.alias("time"), levels(made["level"]).alias("level")).cast(READ)


_Row = tuple[str | None, str | None, str, str, str | None]


def _one(text: str, time: str, level: str, message: str, last: tuple[str, ...]) -> _Row:
    try:
        loaded = orjson.loads(text)
        if isinstance(loaded, dict):
            return _columns(loaded, time, level, message, last)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # the latter: nested too deep to be written again
        pass
    return None, None, text, text, None


def _columns(loaded: dict[str, Any], time: str, level: str, message: str, last: tuple[str, ...]) -> _Row:
    written, named, said = loaded.pop(time, None), loaded.pop(level, None), loaded.pop(message, None)
    head = "" if said is None else spoken(said)
    for key in last:
        if key in loaded:
            loaded[key] = loaded.pop(key)
    # Not a call for each value: a log has millions of them.
    words = [
        f"{key}={value}" if type(value) is str else f"{key}={orjson.dumps(value).decode()}"
        for key, value in loaded.items()
    ]
    if head:
        words.insert(0, head)
    return (
        None if written is None else str(written),
        named if isinstance(named, str) else None,
        head,
        " ".join(words),
        orjson.dumps(loaded).decode() if loaded else None,
    )


def spoken(value: Any) -> str:
    """Return a value as it stands in a record's text: strings bare, the rest as JSON."""
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
