"""Take out times that no clock of an installation shows: a damaged digit must not stretch the period over millennia."""

from datetime import UTC, datetime

import polars as pl

_MOMENTS = frozenset({"time", "stamped", "at"})  # when something happened; other columns hold what somebody set
_COMPUTERS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))  # 1970: a clock that was never set
_CALENDAR = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))  # Python has no others


def dated(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with null for times outside of 1970 to 2100, and for other dates outside of the calendar."""
    names = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    if not names:
        return frame
    written = pl.col(names).to_physical()
    ends = frame.select(written.min().name.suffix(" first"), written.max().name.suffix(" last")).row(0, named=True)
    wrong = []
    for name in names:
        low, high = _COMPUTERS if name in _MOMENTS else _CALENDAR
        bounds = [int(bound.timestamp()) * 1_000_000 for bound in (low, high)]
        first, last = ends[f"{name} first"], ends[f"{name} last"]
        if first is not None and not (bounds[0] <= first and last < bounds[1]):
            wrong.append(pl.when(pl.col(name).is_between(low, high, closed="left")).then(pl.col(name)))
    return frame.with_columns(wrong) if wrong else frame
