"""Estimate each clock: the zone nobody wrote, the skew between nodes, and how wrong either may be."""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from parsers.schema import SOURCES, SPAN

QUARTER = timedelta(minutes=15)  # every zone is a whole number of these from UTC

CLOCKS = pl.Schema(
    {
        "member": pl.String(),  # the artefact; all artefacts of one clock carry the same figures
        "clock": pl.String(),  # node, or empty where none is known: one clock for all of those
        "zone_offset": SPAN,  # add to a time without zone to reach UTC; null where not inferred
        "offset": SPAN,  # add to reach the reference clock
        "error": SPAN,  # the offset may be wrong by this much either way
        "pairs": pl.UInt32(),  # how many pairs of events it rests on
        "residual": SPAN,  # spread of the pairs after the correction
    }
)


def estimate_clocks(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a row for each artefact that has timed records, columns `CLOCKS`."""
    timed = [f for n, f in frames.items() if n.startswith("log.") and SOURCES[n].timed and f.height]
    if not timed:
        return pl.DataFrame(schema=CLOCKS)
    every = pl.concat(f.select("member", "node", "time", "zoned", "stamped", "precision") for f in timed)
    written = every.filter(pl.col("time").is_not_null())
    zoned = written.filter(pl.col("zoned"))
    first, last = zoned["time"].min(), zoned["time"].max()
    gap = (pl.col("stamped") - pl.col("time")).median()
    own = every.group_by("member").agg(
        clock=pl.col("node").drop_nulls().first().fill_null(""),
        zoned=pl.col("zoned").all(),
        first=pl.col("time").min(),
        last=pl.col("time").max(),
        gap=gap,
        pairs=(pl.col("stamped").is_not_null() & pl.col("time").is_not_null()).sum().cast(pl.UInt32),
    )
    near = pl.lit(None, SPAN)
    if first is not None:
        # The process began after the zoned records did, or ended before: shift by whole quarters of an hour.
        behind = pl.when(pl.col("first") < first).then(pl.lit(first) - pl.col("first"))
        ahead = pl.when(pl.col("last") > last).then(pl.lit(last) - pl.col("last"))
        near = pl.coalesce(behind, ahead, timedelta())
    quarters = (pl.coalesce("gap", near).dt.total_microseconds() / (QUARTER.total_seconds() * 1e6)).round()
    return (
        own.with_columns(
            zone_offset=pl.when(~pl.col("zoned")).then(
                (quarters * (QUARTER.total_seconds() * 1e6)).cast(pl.Int64).cast(SPAN)
            ),
            offset=timedelta(),
            error=timedelta(),
            residual=pl.lit(None, SPAN),
        )
        .select(CLOCKS.names())
        .cast(CLOCKS)
        .sort("member")
    )
