"""What the records of log stores and shippers say, when, and of what pod: from objects to whole columns.

Source: Fluent Bit 3 kubernetes filter; stern 1.32 cmd/cmd.go; Loki 3 HTTP API; journald's Journal JSON Format; Cloud
Logging LogEntry; Elasticsearch search API; Azure ContainerLogV2; CloudWatch Logs Insights; Grafana 11 logs download;
Elastic Common Schema 8, field sets `log` and `base`; Argo CD 2.14 ApplicationService/PodLogs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import polars as pl

from parsers.naming import NAMES, NOBODY, Names, names_in, or_else, ways
from parsers.parser import LINES
from parsers.schema import TIME

_INSIDE = ("kubernetes", "labels", "stream", "metric", "resource", "fields", "_source", "kubernetes_metadata")
# What a shipper puts beside a line that it did not take for a record.
_BESIDE = frozenset(("message", "log", "stream", "logtag", "_p", "tailed_path", "tag", "pid"))
_DEPTH = 4  # objects in objects that are looked into
_SHAPES = 2000  # shapes of records that are remembered
_BATCH = 16_384  # records that are made a frame at a time

Path = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One record: what was said, when (as written), and who said it (`NAMES`)."""

    text: str
    time: str | None = None
    who: Names = NOBODY


class Sayings:
    """Reads records; what was found out of one serves all of its shape."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[tuple[Path, ...], ...]] = {}

    def of(self, value: Any) -> Said | None:
        """Return what a record says; None if it says no line."""
        if not isinstance(value, dict) or "apiVersion" in value or "kind" in value:  # an object of Kubernetes
            return None
        value = _opened(value)
        shape = _shape(value, 0)
        found = self._known.get(shape)
        if found is None:
            if len(self._known) >= _SHAPES:
                self._known.clear()
            found = self._known[shape] = _ways(value)
        text = None
        for path in found[0]:
            text = words(_at(value, path))
            if text is not None:
                break
        else:
            return None
        time, *parts = (_written(value, paths) for paths in found[1:-1])
        who: Names = tuple(parts)  # type: ignore[assignment]
        for path in found[-1] if who[1] is None else ():
            if isinstance(place := _at(value, path), str):
                who = or_else(who, names_in(place))
        return Said(text, time, who)


def _opened(value: dict[str, Any]) -> dict[str, Any]:
    """Return the record that a store's own record holds; itself where it holds none."""
    if isinstance(source := value.get("_source"), dict):
        return source
    result, fields = value.get("result"), value.get("fields")
    if isinstance(result, dict):
        if "_raw" in result:  # Splunk
            return result
        if isinstance(result.get("content"), str) and "podName" in result:  # Argo CD
            return {"message": result["content"], "time": result.get("timeStampStr"), "pod": result["podName"]}
    if isinstance(fields, dict) and "_index" in value:  # Elasticsearch gives a list of values of each
        return {key: one[0] for key, one in fields.items() if isinstance(one, list) and one}
    data = value.get("data")
    content = value.get("logContent", data.get("logContent") if isinstance(data, dict) else None)
    content = value if "specversion" in value else content  # of Oracle Cloud, bare or within a search's results
    if isinstance(content, dict) and isinstance(said := content.get("data"), dict):
        place = said.get("tailed_path", content.get("subject"))
        return {"message": said, "time": content.get("time"), "subject": place}
    return value


def _shape(value: dict[str, Any], depth: int) -> tuple[Any, ...]:
    inside = depth < _DEPTH
    return (*value, *((key, _shape(v, depth + 1)) for key, v in value.items() if inside and type(v) is dict))


def _ways(value: dict[str, Any]) -> tuple[tuple[Path, ...], ...]:
    """Return where text, time, names and what holds names are looked for in records of this shape."""
    flat: dict[str, Path] = {}
    _flatten(value, "", (), flat, 0)
    text, *others = ways(dict.fromkeys((*value, *flat)))
    own = [(key,) if key in value else flat[key] for key in text]
    if isinstance(value.get("log"), dict) and isinstance(value.get("message"), str):
        own.remove(("log",))  # of the Elastic Common Schema: where it was read, and how loud it is
    return (tuple(own), *(tuple(flat[key] for key in keys if key in flat) for keys in others))


def _flatten(value: Mapping[str, Any], prefix: str, path: Path, out: dict[str, Path], depth: int) -> None:
    for key, inner in value.items():
        here = (*path, key)
        if isinstance(inner, dict) and depth < _DEPTH:
            _flatten(inner, f"{prefix}{key}.", here, out, depth + 1)
            if key in _INSIDE and depth < 2:
                for name, what in inner.items():
                    if isinstance(what, dict) and name == "labels":
                        out.update((str(k), (*here, name, k)) for k in what if k not in out)
                    elif not isinstance(what, dict):
                        out.setdefault(str(name), (*here, name))
        else:
            out[f"{prefix}{key}"] = here


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _written(value: Any, paths: tuple[Path, ...]) -> str | None:
    for path in paths:
        found = _at(value, path)
        if found != "" and isinstance(found, str | int | float):
            return str(found)
    return None


def words(value: Any) -> str | None:
    """Return the line that a value holds; None for none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", "replace")  # journald, where the message is not UTF-8
    if isinstance(value, dict) and value:
        if isinstance(inner := value.get("stringValue"), str):
            return inner
        if isinstance(line := value.get("message", value.get("log")), str) and value.keys() <= _BESIDE:
            return line
        return as_json(value)  # a record of JSON inside: unwrapped later
    return None


def as_json(value: Any) -> str:
    """Return a value as JSON; `null` where it cannot be written."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        return "null"


class Records:
    """Records as columns, as they are read."""

    def __init__(self) -> None:
        self.count = self.known = 0
        self._frames: list[pl.DataFrame] = []
        self._lines: list[pl.Series] = []
        self._line: list[int] = []
        self._text: list[str] = []
        self._time: list[str | None] = []
        self._who: list[int] = []
        self._section: list[int] = []
        self._people: dict[Names, int] = {}

    def add(self, line: int, said: Said, section: int = 0) -> None:
        """Add the record that begins on a line, of a section of the export in which times go one way."""
        self._line.append(line)
        self._text.append(said.text)
        self._time.append(said.time)
        self._who.append(self._people.setdefault(said.who, len(self._people)))
        self._section.append(section)
        self.count += 1
        self.known += said.time is not None or said.who[1] is not None
        if len(self._line) == _BATCH:
            self._flush()

    def lined(self, places: pl.DataFrame) -> pl.DataFrame:
        """Return a row a line of text, oldest first: columns `LINES` and `NAMES`.

        Args:
            places: `line` and `lines` of each record, of which only its first row has `lines`, the others 0. Time and
                names, where it has them, are those of records that say none.
        """
        self._flush()
        frame = _oldest_first(pl.concat(self._frames))
        people = pl.DataFrame(list(self._people), schema=dict.fromkeys(NAMES, pl.String()), orient="row")
        frame = frame.hstack(people[frame["who"]])  # rows of one pod share one text of its name
        known = [name for name in ("stamped", *NAMES) if name in places.columns]
        place = places.select("line", "lines", pl.col(known).name.prefix("_"))[frame["record"]]
        return frame.hstack(place).select(
            pl.col("line").cast(LINES["line"]),
            pl.when("first").then("lines").otherwise(0).cast(LINES["lines"]).alias("lines"),
            "text",
            *(pl.coalesce(name, f"_{name}") if name in known else pl.col(name) for name in ("stamped", *NAMES)),
        )

    def places(self, height: int) -> pl.DataFrame:
        """Return a row a record: `line` it begins on, and `lines` up to the next one, of `height` in all.

        Of records that begin on one line the first has its lines; the others have 0.
        """
        self._flush()
        line = pl.concat(self._lines)
        first = (line != line.shift(1)).fill_null(True)
        starts = line.filter(first)
        lines = starts.shift(-1).fill_null(height + 1) - starts
        return pl.DataFrame({"line": line, "lines": lines[first.cum_sum() - 1] * first.cast(pl.Int64)})

    def _flush(self) -> None:
        if not self._line and self._frames:
            return
        before = sum(map(len, self._lines))
        self._lines.append(pl.Series("line", self._line, pl.Int64))
        frame = pl.DataFrame(
            {
                "record": pl.int_range(before, before + len(self._line), dtype=pl.UInt32, eager=True),
                "text": _strings(self._text).str.strip_chars_end("\r\n"),
                "stamped": _times(_strings(self._time)),
                "who": pl.Series(self._who, dtype=pl.UInt32),
                "section": pl.Series(self._section, dtype=pl.UInt32),
            }
        )
        for kept in (self._line, self._text, self._time, self._who, self._section):
            kept.clear()
        if frame["text"].str.contains("\n", literal=True).any():
            frame = frame.with_columns(pl.col("text").str.split("\n")).explode("text", empty_as_null=False)
            frame = frame.with_columns(pl.col("text").str.strip_suffix("\r"))
        self._frames.append(frame.with_columns(pl.col("record").is_first_distinct().alias("first")))


def _oldest_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in the order in which they were said: log stores give the newest first, one stream at a time."""
    told = frame.filter("first").select("section", "stamped").drop_nulls()
    step = pl.col("stamped").diff().over("section").dt.total_microseconds()
    back, on = told.select((step < 0).any().alias("back"), (step > 0).any().alias("on")).row(0)
    if back and on:
        return frame
    if told["section"].n_unique() > 1:
        order = pl.col("record").cast(pl.Int64)
        by = [pl.col("stamped").forward_fill(), -order if back else order]
        return frame.sort(by, maintain_order=True)
    return frame.sort(-pl.col("record").cast(pl.Int64), maintain_order=True) if back else frame


def _strings(texts: Sequence[str | None]) -> pl.Series:
    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:  # half of a pair of surrogates
        whole = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
        return pl.Series(whole, dtype=pl.String)


_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%b %d, %Y @ %H:%M:%S%.f", "%m/%d/%Y, %I:%M:%S%.f %p", "%d/%b/%Y:%H:%M:%S%.f")


def _times(written: pl.Series) -> pl.Series:
    """Return what `any_time` reads, each form only where the ones before it left something."""
    frame = pl.DataFrame({"time": written, "stamped": pl.Series([None] * len(written), dtype=TIME)})
    for form in _forms(pl.col("time")):
        if not frame.filter(pl.col("stamped").is_null() & pl.col("time").is_not_null()).height:
            break
        frame = frame.with_columns(pl.coalesce("stamped", form))
    return frame["stamped"]


def any_time(column: pl.Expr) -> pl.Expr:
    """Return times as UTC: RFC 3339, epochs by their number of digits, and the forms of log stores' tables."""
    return pl.coalesce(_forms(column))


def _forms(column: pl.Expr) -> list[pl.Expr]:
    digits = column.str.extract(r"^([0-9]{10,19})(?:\.[0-9]*)?$").cast(pl.Int64, strict=False)
    length = digits.cast(pl.String).str.len_bytes()
    micros = (
        pl.when(length == 10).then(digits * 1_000_000 + _fraction(column))
        .when(length == 13).then(digits * 1000)
        .when(length == 16).then(digits)
        .when(length == 19).then(digits // 1000)
    )  # fmt: skip
    return [
        column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", strict=False, cache=False),
        *(
            column.str.to_datetime(form, time_unit="us", strict=False, cache=False).dt.replace_time_zone("UTC")
            for form in ("%Y-%m-%dT%H:%M:%S%.f", *_FORMATS)
        ),
        micros.cast(pl.Datetime("us", "UTC")),
    ]


def _fraction(column: pl.Expr) -> pl.Expr:
    """Return the microseconds of an epoch in seconds."""
    return column.str.extract(r"^[0-9]{10}\.([0-9]{1,6})").str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
