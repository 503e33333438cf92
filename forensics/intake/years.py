"""Give the year of the bundle to times that were written without one.

The logs of Triton and of Kubernetes' own programs write month and day only. Where neither a wrapper nor a neighbour in
the file names a year, it is the one that brings the record closest to the rest of the bundle.
"""

from collections.abc import Mapping

import polars as pl

from parsers.schema import SOURCES, TIME
from parsers.timestamps import MICROSECOND, yearless

CLOCK = r'"clock":"(\d{4} \d\d:\d\d:\d\d(?:\.\d+)?)"'
_HAPPENED = ("time", "created", "started", "updated", "renewed", "at")  # what a cluster wrote of its past


def with_years(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the frames, with a time for records of logs that have only a clock without a year (`fields.clock`).

    Nothing changes in a bundle that names no year at all: none is guessed.
    """
    lacking = [name for name, frame in frames.items() if name.startswith("log.") and _lacks(frame)]
    near = _about(frames) if lacking else None
    return {n: _dated(f, near) if near is not None and n in lacking else f for n, f in frames.items()}


def yearless_records() -> pl.Expr:
    """Return which records have a clock without a year, and no time."""
    return pl.col("time").is_null() & pl.col("fields").str.contains('"clock":"', literal=True)


def _lacks(frame: pl.DataFrame) -> bool:
    return bool(frame["time"].null_count()) and bool(frame.select(yearless_records().any()).item())


def _clocks(frame: pl.DataFrame) -> pl.Series:
    return frame.select(pl.when(yearless_records()).then("fields").alias("fields"))["fields"].str.extract(CLOCK)


def _dated(frame: pl.DataFrame, near: pl.Series) -> pl.DataFrame:
    time = yearless(_clocks(frame), near.new_from_index(0, frame.height))
    new = pl.lit(time).is_not_null()
    return frame.with_columns(
        pl.coalesce("time", pl.lit(time)).alias("time"),
        pl.when(new).then(pl.lit(MICROSECOND)).otherwise("precision").alias("precision"),
        pl.when(new).then(pl.lit(False)).otherwise("zoned").alias("zoned"),
    )


def _about(frames: Mapping[str, pl.DataFrame]) -> pl.Series | None:
    """Return when the bundle is about: the middle one of the last times of its logs and Events, else of its objects."""
    timed = {n: f for n, f in frames.items() if SOURCES[n].timed}
    for some, columns in ((timed, ("time",)), (frames, _HAPPENED)):
        lasts = [
            last for f in some.values() for c in columns if f.schema.get(c) == TIME and (last := f[c].max()) is not None
        ]
        if lasts:
            return pl.Series("near", sorted(lasts)[len(lasts) // 2 : len(lasts) // 2 + 1], dtype=TIME)
    return None
