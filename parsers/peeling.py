"""The wrappers of container runtimes, kubectl and shippers: how each is told from text, and taken off whole columns.

Source: Kubernetes CRI log format (kubelet 1.34 pkg/kubelet/kuberuntime/logs/logs.go); Docker json-file driver; kubectl
0.35 pkg/cmd/logs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from string import digits, printable

import orjson
import polars as pl

from parsers import exports
from parsers.naming import NAMES
from parsers.parser import LINES
from parsers.sayings import Records, Said, Sayings

SHARE = 0.8  # of a sample's lines that must fit

TEXT = pl.col("text")
STAMP = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})"


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One way of wrapping a line.

    Attributes:
        name: for `Unwrapped.wrappers`.
        begins: characters one of which a wrapped line begins with; None for any.
        holds: texts one of which stands in every wrapped line. Looking for these two is far cheaper than a regex.
        fits: whether the sample's lines (a String series, none of them blank) wear it.
        peel: from the working frame (`LINES` and `NAMES`) to the same with the wrapper off.
    """

    name: str
    begins: str | None
    holds: tuple[str, ...]
    fits: Callable[[pl.Series], bool]
    peel: Callable[[pl.DataFrame], pl.DataFrame]


def time_of(column: pl.Expr) -> pl.Expr:
    """Return RFC 3339 times as UTC; null where they cannot be read."""
    return column.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", strict=False, cache=False)


def share(sample: pl.Series, regex: str) -> float:
    """Return how many of a sample's lines a regex fits, from 0 to 1."""
    return float(sample.str.contains(regex).mean() or 0.0) if len(sample) else 0.0  # type: ignore[arg-type]


_CRI = rf"^{STAMP} std(?:out|err) [PF](?::[^ ]*)?(?: |$)"
_CRI_WHOLE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z std(?:out|err) F "
_CRI_USUAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z std(?:out|err) [PF] "


def _usual_time() -> pl.Expr:
    """Return the time of a line that begins with nine decimals and `Z`: the fast way."""
    micros = TEXT.str.slice(0, 26)
    return micros.str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.6f", time_unit="us", strict=False, cache=False
    ).dt.replace_time_zone("UTC")


def _fits_cri(sample: pl.Series) -> bool:
    return share(sample, _CRI) >= SHARE


def _peel_cri(frame: pl.DataFrame) -> pl.DataFrame:
    if frame["text"].str.contains(_CRI_WHOLE).all():
        return frame.with_columns(_usual_time().alias("stamped"), TEXT.str.slice(40))
    if frame["text"].str.contains(_CRI_USUAL).all():
        peeled = frame.with_columns(
            _usual_time().alias("stamped"),
            TEXT.str.slice(34, 1).alias("stream"),
            (TEXT.str.slice(38, 1) == "P").alias("open"),
            TEXT.str.slice(40),
        )  # fmt: skip
    else:
        fits = TEXT.str.contains(_CRI)
        part = TEXT.str.splitn(" ", 4).struct
        peeled = frame.with_columns(
            pl.when(fits).then(time_of(part[0])).otherwise("stamped").alias("stamped"),
            pl.when(fits).then(part[1].str.slice(3, 1)).alias("stream"),
            (fits & part[2].str.starts_with("P")).alias("open"),
            pl.when(fits).then(part[3].fill_null("")).otherwise(TEXT).alias("text"),
        )
    return join_open(peeled)


def join_open(frame: pl.DataFrame) -> pl.DataFrame:
    """Join the rows that are `open` with the next of their `stream`; both columns go.

    Rows that were joined count in `lines`; their time is the first piece's.
    """
    if not frame["open"].any():
        return frame.drop("open", "stream")
    # A piece starts a record when the one before it, in its own stream, was not open.
    whole = (
        frame.with_columns(pl.col("open").shift(1, fill_value=False).over("stream").alias("_more"))
        .with_columns((~pl.col("_more")).cum_sum().over("stream").alias("_record"))
        .group_by("stream", "_record", maintain_order=True)
        .agg(
            pl.col("line").first(),
            pl.col("lines").sum(),
            TEXT.str.join(""),
            pl.col("stamped").first(),
            *(pl.col(name).first() for name in NAMES),
        )
        .sort("line")
    )
    return whole.select(*LINES.names(), *NAMES)


_KUBECTL_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{7,9}(?:Z|[+-][0-9]{2}:[0-9]{2})(?: |$)"
_PIECE = 16 << 10
_INNER = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}(?:Z|[+-][0-9]{2}:[0-9]{2}) ")
_OWN_LEVEL = rf"^{STAMP} +(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +\["


def _fits_timestamps(sample: pl.Series) -> bool:
    # klogging, too, writes nine decimals: a time with a level right behind it is the record's own.
    return share(sample, _KUBECTL_TIME) >= SHARE and share(sample, _OWN_LEVEL) < 0.3


def _peel_timestamps(frame: pl.DataFrame) -> pl.DataFrame:
    if frame["text"].str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z ").all():
        return frame.with_columns(_usual_time().alias("stamped"), TEXT.str.slice(31)).pipe(_one_line)
    fits = TEXT.str.contains(rf"^{STAMP}(?: |$)")
    part = TEXT.str.splitn(" ", 2).struct
    return _one_line(
        frame.with_columns(
            pl.when(fits).then(time_of(part[0])).otherwise("stamped").alias("stamped"),
            pl.when(fits).then(part[1].fill_null("")).otherwise(TEXT).alias("text"),
        )
    )


def _one_line(frame: pl.DataFrame) -> pl.DataFrame:
    """Take out the times that some kubelets put before every 16 KiB piece of a long line, and only there."""
    long = TEXT.str.len_bytes() > _PIECE
    if not frame.select(long.any()).item():
        return frame
    rows = frame.with_row_index("_row").filter(long).select("_row", "text").rows()  # few, and very long
    texts = frame["text"].to_list()
    for row, text in rows:
        texts[row] = _joined(text)
    return frame.with_columns(pl.Series("text", texts, pl.String()))


def _joined(text: str) -> str:
    raw, out, at = text.encode(), [], 0
    while found := _INNER.match(raw, at + _PIECE):
        out.append(raw[at : at + _PIECE])
        at = found.end()
    return b"".join([*out, raw[at:]]).decode("utf-8", "replace")


_PREFIX = r"^\[pod/([^/\]]+)/([^\]]+)\](?: |$)"


def _fits_prefix(sample: pl.Series) -> bool:
    return share(sample, _PREFIX) >= SHARE


def _peel_prefix(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        TEXT.str.extract(_PREFIX, 1).alias("pod"),
        TEXT.str.extract(_PREFIX, 2).alias("container"),
        TEXT.str.replace(_PREFIX, ""),
    )


_DOCKER = r'^\{"log":"'
_DOCKER_COLUMNS = {"log": pl.String(), "stream": pl.String(), "time": pl.String()}


def _fits_docker(sample: pl.Series) -> bool:
    return share(sample, _DOCKER + r'.*"time":"[^"]*"[^"]*\}$') >= SHARE


def _peel_docker(frame: pl.DataFrame) -> pl.DataFrame:
    fits = frame["text"].str.contains(_DOCKER)
    wrapped = frame.filter(fits)
    read = _objects(wrapped["text"])
    last = pl.col("log").str.ends_with("\n")
    peeled = wrapped.hstack(read).with_columns(
        time_of(pl.col("time")).alias("stamped"),
        (pl.col("log").is_not_null() & ~last).alias("open"),
        pl.col("log").str.strip_chars_end("\r\n").fill_null(TEXT).alias("text"),
    )
    rest = frame.filter(~fits).with_columns(pl.lit(None, pl.String()).alias("stream"), pl.lit(False).alias("open"))
    columns = [*LINES.names(), *NAMES, "stream", "open"]
    return join_open(pl.concat([peeled.select(columns), rest.select(columns)]).sort("line"))


def _objects(lines: pl.Series) -> pl.DataFrame:
    """Return docker's three fields of each line; nulls where a line is no object."""
    try:
        # What begins otherwise is taken for something compressed.
        if not str(lines.first()).startswith("{"):
            raise pl.exceptions.ComputeError("no object")
        read = pl.read_ndjson("\n".join(lines.to_list()).encode(), schema=_DOCKER_COLUMNS)
        if len(read) == len(lines):
            return read.drop("log").insert_column(0, read["log"])
    except pl.exceptions.PolarsError:
        pass
    rows = [_object(line) for line in lines]  # one bad line fails the whole in the reader above
    return pl.DataFrame(rows, schema=_DOCKER_COLUMNS, orient="row")


def _object(line: str) -> tuple[str | None, ...]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return (None, None, None)
    said = value if isinstance(value, dict) else {}
    return tuple(v if isinstance(v := said.get(name), str) else None for name in _DOCKER_COLUMNS)


# What Elasticsearch is told to do with the record below: `POST _bulk`.
_ACTION = r'^\{\s*"(?:index|create)"\s*:\s*\{[^{}]*\}\s*\}\s*$'


def _fits_records(sample: pl.Series) -> bool:
    sample = sample.filter(~sample.str.contains(_ACTION).fill_null(False))
    if sum(line.lstrip()[:1] == "{" for line in sample.to_list()) < SHARE * len(sample):
        return False
    if share(sample, exports.RECORD) < SHARE or share(sample, exports.OBJECT) >= 0.5:
        return False
    few = sample.head(20)
    sayings = Sayings()
    return sum(sayings.of(exports.loads(line)) is not None for line in few) >= SHARE * len(few)


def _peel_records(frame: pl.DataFrame) -> pl.DataFrame:
    actions = frame["text"].str.contains(_ACTION).fill_null(False)
    if actions.any():
        told = frame.filter(actions).with_columns(_noise=True)
        rest = _peel_records(frame.filter(~actions)).with_columns(_noise=False)
        return pl.concat([rest, told.select(rest.columns)]).sort("line", maintain_order=True)
    records, sayings = Records(), Sayings()
    for line in frame["text"]:  # shippers' own records; docker's, the usual ones, are read as columns above
        records.add(0, sayings.of(exports.loads(line)) or Said(line))
    return records.lined(frame)


_REFERENCES = {"&quot;": '"', "&#34;": '"', "&#39;": "'", "&#x27;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&"}


def _fits_references(sample: pl.Series) -> bool:
    # A page that a log quotes holds such references beside marks of the log's own.
    return share(sample, "&quot;") >= 0.1 and not sample.str.contains('"', literal=True).any()


def without_references(texts: pl.Expr) -> pl.Expr:
    """Return texts with the characters that references of HTML stand for."""
    for written, meant in _REFERENCES.items():
        texts = texts.str.replace_all(written, meant, literal=True)
    return texts


def _peel_references(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(without_references(TEXT))


REFERENCES = Wrapper("character references", printable, ("&quot;",), _fits_references, _peel_references)
CRI = Wrapper("cri", digits, (" std",), _fits_cri, _peel_cri)
DOCKER = Wrapper("docker json-file", "{", ('{"log":"',), _fits_docker, _peel_docker)
PREFIX = Wrapper("kubectl --prefix", "[", ("[pod/",), _fits_prefix, _peel_prefix)
TIMESTAMPS = Wrapper("kubectl --timestamps", digits, ("T",), _fits_timestamps, _peel_timestamps)
RECORDS = Wrapper("records", "{ \t", ("{",), _fits_records, _peel_records)
