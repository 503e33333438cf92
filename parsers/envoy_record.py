r"""Records of Envoy's application log.

One record a line, unless its message has line breaks, whose later lines then stand there without a head:

    [2025-03-04 10:15:30.085][50][warning][main] [source/server/server.cc:1012] message

that is date and time with milliseconds, thread, level, logger, place in Envoy's source. The time is the container's
own, without a zone; Seldon's containers run in UTC.

Source: default of `--log-format` in `/server_info` of Envoy 1.36.2.
"""

from datetime import timedelta

import polars as pl

from parsers.regexes import ascii_classes
from parsers.schema import LEVEL

HEAD = ascii_classes(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\]\[\d+\]\[[a-z]+\]\[")
RECORD = ascii_classes(
    r"^\[(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\]\[(?<thread>\d+)\]\[(?<level>[a-z]+)\]\[(?<logger>[^\]]*)\]"
    r" ?(?:\[(?<source>[^\]\s]+:\d+)\] ?)?(?<message>.*)$"
)
MILLISECOND = timedelta(milliseconds=1)


def records(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the records of lines that belong to the application log, later lines of a message joined to its first.

    A line without a head that does not follow a record directly is a record of its own, without time and level:
    what Seldon's start script prints.

    Args:
        lines: columns `parsers.parser.LINES`, in file order, no access log among them.

    Returns:
        Columns of `EVENT` except those of the origin, in file order.

    Source: section 2.7 of Envoy's formats: the script prints `Starting envoy`, Envoy 1.40 dumps whole resources.
    """
    head = pl.col("text").str.contains(HEAD)
    end = (pl.col("line") + pl.col("lines")).shift(1, fill_value=0)
    # What precedes the first record of a run of lines continues nothing.
    marked = lines.with_columns(head.alias("head"), (pl.col("line") != end).cum_sum().alias("run"))
    start = pl.col("head") | ~pl.col("head").cum_max().over("run")
    grouped = (
        marked.with_columns(start.cum_sum().alias("record"))
        .group_by("record", maintain_order=True)
        .agg(
            pl.col("line").first(),
            pl.col("lines").sum(),
            pl.col("stamped").first(),
            pl.col("text").first().alias("first"),
            pl.col("text").slice(1).str.join("\n").alias("rest"),
            pl.len().alias("parts"),
        )
    )
    fields = pl.col("first").str.extract_groups(RECORD)
    read = grouped.with_columns(fields.alias("_")).unnest("_")
    headed = pl.col("time").is_not_null()
    message = pl.when(headed).then(pl.col("message")).otherwise(pl.col("first"))
    whole = pl.when(pl.col("parts") > 1).then(message + "\n" + pl.col("rest")).otherwise(message).str.strip_chars_end()
    return read.select(
        "line",
        "lines",
        "stamped",
        pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC", strict=False),
        pl.when(headed).then(pl.lit(MILLISECOND, pl.Duration("us"))).alias("precision"),
        pl.lit(False).alias("zoned"),
        pl.col("level").replace({"critical": "fatal"}).cast(LEVEL, strict=False),
        message.alias("message"),
        whole.alias("text"),
        pl.when(headed).then(pl.struct("thread", "logger", "source").struct.json_encode()).alias("fields"),
    )
