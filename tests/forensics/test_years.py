"""Clocks without a year take that of the bundle."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from forensics import analyse, open_bundle
from forensics.analysis import read
from forensics.lean import OPENING, Lean

KLOG = (
    'E1231 23:59:58.043014       1 reflector.go:200] "Failed to watch" err="dial tcp 10.0.0.1:443: connect: refused"\n'
)


def times(folder: Path) -> list[datetime | None]:
    found: list[datetime | None] = []
    for name, frame in analyse(open_bundle(folder)).frames.items():
        if name.startswith("log."):
            found += frame.filter(pl.col("text").str.contains("Failed to watch", literal=True))["time"].to_list()
    return found


def test_the_year_is_the_one_that_brings_it_closest(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(KLOG)
    (tmp_path / "b.log").write_text('time="2027-01-01T00:00:05Z" level=info msg="Setting log level to info"\n')

    assert times(tmp_path) == [datetime(2026, 12, 31, 23, 59, 58, 43014, UTC)]


def test_one_log_of_another_year_does_not_decide_it(tmp_path: Path) -> None:
    line = 'time="{}" level=info msg="Setting log level to info"\n'
    (tmp_path / "a.log").write_text(KLOG)
    (tmp_path / "b.log").write_text(line.format("2031-12-31T10:00:00Z"))
    (tmp_path / "c.log").write_text("2026-12-31T11:00:00.123456Z\tinfo\tads\tXDS: Pushing Services:1\n" * 2)
    (tmp_path / "d.log").write_text(
        "2026-12-31 12:00:00,123 [mlserver.rest] INFO - HTTP server running on http://0:9\n"
    )

    assert times(tmp_path) == [datetime(2026, 12, 31, 23, 59, 58, 43014, UTC)]


def test_without_any_date_there_is_no_time(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(KLOG)

    assert times(tmp_path) == [None]


def test_records_that_lose_their_words_keep_their_clock(tmp_path: Path) -> None:
    info = 'I1231 23:00:00.000000 1 model_lifecycle.cc:472] "loading: m{}:1"\n'
    (tmp_path / "a.log").write_text("".join(info.format(number) for number in range(2 * OPENING)))
    (tmp_path / "b.log").write_text('time="2027-01-01T00:00:05Z" level=info msg="Setting log level to info"\n')

    whole = read(open_bundle(tmp_path)).frames["log.triton"]
    lean = read(open_bundle(tmp_path), lean=Lean(None, 0)).frames["log.triton"]

    assert whole["time"].null_count() == 0
    assert lean["time"].equals(whole["time"])
