"""What becomes of the lines between the heads of records."""

from datetime import UTC, datetime

import polars as pl
import pytest

from parsers.gostd import GO_STANDARD
from parsers.librdkafka import LIBRDKAFKA
from parsers.parser import Artefact, Parsed
from parsers.records import OF_ANOTHER_FORMAT, levels, read_records

HEAD = "2026/11/25 19:12:12 http: proxy error"


def read(text: str, *, host: bool = False) -> Parsed:
    strangers = "event" if host else "reject"
    return read_records(Artefact.of("m", text), GO_STANDARD, (LIBRDKAFKA,), source="log.agent", strangers=strangers)


def shape(parsed: Parsed) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    return (
        parsed.frames["log.agent"].select("line", "lines").rows(),
        parsed.ignored["line"].to_list(),
        parsed.rejects["line"].to_list(),
    )


@pytest.mark.parametrize(
    ("text", "records", "ignored", "rejected"),
    [
        (f"{HEAD}\n  tail\n\ttail", [(1, 3)], [], []),
        (f"{HEAD}\n\n{HEAD}\n", [(1, 1), (3, 1)], [2], []),
        # Blank lines inside a traceback are part of it, those after it are not.
        (
            f"{HEAD}\nTraceback (most recent call last):\n  x\n\nDuring handling of the above exception\n\n",
            [(1, 5)],
            [6],
            [],
        ),
        (f"{HEAD}\nstranger\nother", [(1, 1)], [], [2, 3]),
        # The head was cut off with the start of the file.
        ("  tail\n\ttail\n" + HEAD, [(1, 2), (3, 1)], [], []),
        ("main.main()\n\t/a/b.go:1\n" + HEAD, [(1, 2), (3, 1)], [], []),
        # A panic begins a record wherever it stands.
        (f"{HEAD}\npanic: no\n\ngoroutine 1 [running]:\nmain.main()\nexit status 2\n", [(1, 1), (2, 5)], [], []),
        # What kubectl says is no part of the log.
        (f'{HEAD}\nDefaulted container "agent" out of: agent, rclone\n{HEAD}', [(1, 1), (3, 1)], [2], []),
        # The rest of a line that a runtime cut.
        (f"{HEAD}{'x' * 17000}\nrest of it\n{HEAD}", [(1, 2), (3, 1)], [], []),
        (f'{HEAD}\n{{\n"key": 1\n}}\n', [(1, 4)], [], []),
    ],
)
def test_lines_between_heads(
    text: str, records: list[tuple[int, int]], ignored: list[int], rejected: list[int]
) -> None:
    assert shape(read(text)) == (records, ignored, rejected)


def test_a_host_makes_an_event_of_a_strangers_line() -> None:
    parsed = read(f"{HEAD}\nstranger\n  below\nother", host=True)

    assert shape(parsed) == ([(1, 1), (2, 2), (4, 1)], [], [])
    assert parsed.frames["log.agent"]["time"].null_count() == 2
    assert parsed.frames["log.agent"]["level"].null_count() == 3


def test_lines_of_another_format_are_rejected_as_such() -> None:
    parsed = read(f'{HEAD}\ntime="2026-11-25T19:31:44Z" level=info msg=x\n  tail\n{HEAD}')

    assert shape(parsed) == ([(1, 1), (4, 1)], [], [2, 3])
    assert parsed.rejects["reason"].unique().to_list() == [OF_ANOTHER_FORMAT]


def test_the_whole_record_is_its_text() -> None:
    rows = read(f"{HEAD}\n  tail\n%3|1795634625.628|FAIL|c| x\n\tmore").frames["log.agent"]

    assert rows["text"].to_list() == ["http: proxy error\n  tail", "FAIL|c| x\n\tmore"]
    assert rows["message"].to_list() == ["http: proxy error", "x"]
    assert rows["time"][1] == datetime(2026, 11, 25, 19, 23, 45, 628000, tzinfo=UTC)


def test_levels_in_every_spelling() -> None:
    names = pl.Series(["WARN", " warning ", "Panic", "NOTICE", "E", "none", "", None])

    assert levels(names).to_list() == ["warning", "warning", "fatal", "info", "error", None, None, None]
