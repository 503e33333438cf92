"""Times as loggers write them, against Python's own reading."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import timestamps
from parsers.schema import TIME

MOMENTS = st.datetimes(datetime(1971, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))


def series(*values: str | None) -> pl.Series:
    return pl.Series(values, dtype=pl.String)


@given(
    moment=MOMENTS,
    minutes=st.integers(-14 * 60, 14 * 60),
    digits=st.integers(0, 9),
    usual=st.sampled_from([None, 0, 3, 6, 9]),
)
def test_rfc3339_with_any_zone_and_fraction(moment: datetime, minutes: int, digits: int, usual: int | None) -> None:
    fraction = f"{moment.microsecond:06d}000"[:digits]
    there = moment.astimezone(timezone(timedelta(minutes=minutes)))
    zone = there.strftime("%z") if minutes else "Z"
    written = there.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if digits else "") + zone

    read = timestamps.rfc3339(series(written, None, "no"), digits=usual)

    cut = int(f"{fraction[:6]:0<6}") if digits else 0
    assert read.to_list() == [moment.replace(microsecond=cut), None, None]
    assert read.dtype == TIME


@given(moment=MOMENTS)
def test_seconds_since_1970(moment: datetime) -> None:
    read = timestamps.epoch(series(f"{moment.timestamp():.3f}", f"{moment.timestamp():.16e}"))

    for found in read:
        assert abs(found - moment) < timedelta(milliseconds=1)


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-1", "1e300", "9" * 400])
def test_what_is_no_time_is_null(text: str) -> None:
    for read in (timestamps.rfc3339, timestamps.slashed, timestamps.epoch, timestamps.local):
        assert read(series(text)).to_list() == [None]


@given(moment=MOMENTS, away=st.integers(-180, 180))
def test_the_year_is_that_of_the_neighbour(moment: datetime, away: int) -> None:
    near = pl.Series([moment + timedelta(days=away), None], dtype=TIME)

    read = timestamps.yearless(series(*[moment.strftime("%m%d %H:%M:%S.%f")] * 2), near)

    assert read[1] is None
    # The 29th of February is in no other year than its own, and its neighbours may be.
    assert read[0] == moment or moment.strftime("%m%d") == "0229"


def test_slashed_times() -> None:
    read = timestamps.slashed(series("2026/11/25 19:28:01", "2026/11/25 19:28:01.25", "2026-11-25 19:28:01"))

    assert read.to_list() == [
        datetime(2026, 11, 25, 19, 28, 1, tzinfo=UTC),
        datetime(2026, 11, 25, 19, 28, 1, 250000, tzinfo=UTC),
        None,
    ]
