"""Read the times that loggers write, whole columns at a time.

Every function takes strings and returns `TIME`: UTC with microseconds, null where it is no such time. Finer digits
are cut off. Second 60 rolls into the next minute. Nothing is guessed: a year that is not written is only taken from a
time nearby.
"""

from datetime import timedelta

import polars as pl

from parsers.schema import TIME

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
MICROSECOND = timedelta(microseconds=1)


def _read(values: pl.Series, form: str) -> pl.Series:
    return values.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False, cache=False)


def _with_rest(times: pl.Series, values: pl.Series, *forms: str) -> pl.Series:
    """Return `times`, its nulls read from `values` by the first of `forms` that can."""
    for form in forms:
        odd = (times.is_null() & values.is_not_null()).arg_true()
        if odd.is_empty():
            break
        times = times.scatter(odd, _read(values.gather(odd), form))
    return times


def rfc3339(values: pl.Series, digits: int | None = None) -> pl.Series:
    """Return times like `2026-11-25T19:28:01.123Z`, with any fraction and any zone.

    Args:
        values: without a zone they are no RFC 3339 and give null.
        digits: how many digits of fraction most have; read by their place then, and the others the slow way.
    """
    if digits is None:
        return _read(values, "%Y-%m-%dT%H:%M:%S%.f%#z")
    width = 19 + (digits and digits + 1)
    # A Z behind the fraction: without it the time is not in UTC, or the fraction is longer.
    usual = values.str.slice(width) == "Z"
    form = "%Y-%m-%dT%H:%M:%S" + ({0: "", 3: "%.3f", 6: "%.6f", 9: "%.9f"}[digits])
    times = _read(values.set(~usual.fill_null(False), None).str.slice(0, width), form)
    return _with_rest(times, values, "%Y-%m-%dT%H:%M:%S%.f%#z")


def local(values: pl.Series, form: str = "%Y-%m-%d %H:%M:%S,%3f") -> pl.Series:
    """Return times that have no zone, taken as UTC: the caller sets `zoned` to false.

    Args:
        values: such as `2026-11-25 19:28:01,123`.
        form: strptime's; the default is that of Python's logging.
    """
    return _read(values, form)


def slashed(values: pl.Series) -> pl.Series:
    """Return times like `2026/11/25 19:28:01`, with or without a fraction, taken as UTC.

    Source: `Ldate | Ltime | Lmicroseconds` of Go's log package.
    """
    times = _read(values.set(~(values.str.len_bytes() == 19).fill_null(False), None), "%Y/%m/%d %H:%M:%S")
    return _with_rest(times, values, "%Y/%m/%d %H:%M:%S%.f")


def epoch(values: pl.Series) -> pl.Series:
    """Return times written as seconds since 1970, plain (`1795634625.628`) or with an exponent."""
    seconds = values.cast(pl.Float64, strict=False)
    # Beyond the year 9999 a value is no time, and the cast would be of an arbitrary one.
    seconds = seconds.set(~seconds.is_between(0, 253_402_300_799).fill_null(False), None)
    return (seconds * 1_000_000).round().cast(pl.Int64, strict=False).cast(TIME)


def yearless(values: pl.Series, near: pl.Series) -> pl.Series:
    """Return times like `1125 19:34:21.043014` (month and day first), in the year that brings them closest to `near`.

    Null where `near` is null: no year is guessed.
    """
    year = near.dt.year()
    frame = pl.DataFrame({"value": values, "near": near}).with_columns(
        _shifted(values, year, by).alias(str(by)) for by in (-1, 0, 1)
    )
    away = [(pl.col(str(by)) - pl.col("near")).abs() for by in (-1, 0, 1)]
    best = pl.min_horizontal(away)
    chosen = pl.coalesce(pl.when(gap == best).then(pl.col(str(by))) for gap, by in zip(away, (-1, 0, 1), strict=True))
    return frame.select(chosen.alias("time")).to_series()


def _shifted(values: pl.Series, year: pl.Series, by: int) -> pl.Series:
    return _read((year.cast(pl.Int64) + by).cast(pl.String) + values, "%Y%m%d %H:%M:%S%.f")
