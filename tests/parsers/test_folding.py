from itertools import chain

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parsers import client, generic, java, klogging, mlserver, neighbours, triton
from parsers.folding import fold
from parsers.parser import Artefact, Parsed, Parser
from parsers.schema import SOURCES

MINE = (
    mlserver.PARSER,
    triton.PARSER,
    klogging.PARSER,
    java.PARSER,
    *neighbours.PARSERS,
    client.PARSER,
    generic.PARSER,
)
LINES = [line for parser in MINE for sample in parser.samples for line in sample.text.split("\n")]
STRANGE = [
    "",
    " ",
    "\x00",
    "\tat a.B.c(D.java:1)",
    "Traceback (most recent call last):",
    'time="2026-03-04T10:15:30Z" level=info msg=a',
    'Defaulted container "rclone" out of: rclone, agent',
    "[9999-99-99 99:99:99,999] INFO no such time (kafka.X)",
    "é" * 40,
]


def numbers(parsed: Parsed) -> list[int]:
    spans = pl.int_ranges("line", pl.col("line") + pl.col("lines")).explode(empty_as_null=False)
    parts = [frame.select(spans).to_series().to_list() for frame in parsed.frames.values()]
    parts += [parsed.ignored["line"].to_list(), parsed.rejects.select(spans).to_series().to_list()]
    return sorted(chain(*parts))


@pytest.mark.parametrize("parser", MINE, ids=lambda p: p.name)
@given(lines=st.lists(st.sampled_from(LINES) | st.sampled_from(STRANGE) | st.text(), max_size=25))
@example(lines=[])
@example(lines=["a", 'Defaulted container "a" out of: a', "", "b"])
@example(lines=["", 'time="2026-03-04T10:15:30Z" level=info msg=a', "", "a", ""])
@settings(max_examples=60)
def test_every_line_is_in_one_place(parser: Parser, lines: list[str]) -> None:
    text = "\n".join(lines)
    last = text.count("\n") + (not text.endswith("\n") and text != "")

    parsed = parser.parse(Artefact.of("any.log", text))

    assert numbers(parsed) == list(range(1, last + 1))
    assert all(frame.schema == SOURCES[name].schema for name, frame in parsed.frames.items())


@pytest.mark.parametrize("parser", MINE, ids=lambda p: p.name)
def test_samples_are_read_or_refused(parser: Parser) -> None:
    for sample in parser.samples:
        assert parser.recognises(sample.text) is (sample.yields is not None), sample.text
        if sample.yields is None:
            continue
        parsed = parser.parse(Artefact.of("sample.log", sample.text))
        rows = parsed.frames[sample.source or next(iter(parsed.frames))].to_dicts()
        assert [row | dict(sample.yields) for row in rows] == rows != []
        assert sample.rows is None or len(rows) == sample.rows


@pytest.mark.parametrize("parser", MINE, ids=lambda p: p.name)
@pytest.mark.parametrize(
    "text",
    [
        "It was a dark night.\nThe rain fell in torrents.\n",
        "# A project\n\nRun it:\n\n```\n$ curl http://mesh/v2/health/live\n```\n\nThat is all there is.\nReally.\n",
        "import os\n\n\ndef main() -> None:\n    print('[mlserver] INFO - no')\n",
        "time,value\n2026-03-04 10:15:30,1.5\n2026-03-04 10:15:31,1.6\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n",
        '{"kind": "List", "items": []}',
        "NAME    READY   STATUS    RESTARTS   AGE\na-0     1/1     Running   0          3d\n",
        "",
    ],
    ids=["novel", "readme", "source", "numbers", "yaml", "json", "table", "empty"],
)
def test_what_is_no_log_is_refused(parser: Parser, text: str) -> None:
    assert not parser.recognises(text)


def test_a_blank_line_inside_a_record_belongs_to_it_and_one_behind_it_does_not() -> None:
    artefact = Artefact.of("a.log", "head\n\nrest\n\n\nhead again\n")

    folded = fold(artefact, artefact.frame["text"].str.starts_with("head"))

    assert folded.rows.select("line", "lines", "rest").rows() == [(1, 3, "\n\nrest"), (6, 1, "")]
    assert folded.ignored["line"].to_list() == [4, 5]


def test_what_the_collector_says_is_no_record() -> None:
    artefact = Artefact.of("a.log", 'Defaulted container "a" out of: a, b\nhead\n')

    folded = fold(artefact, artefact.frame["text"].str.starts_with("head"))

    assert folded.rows["line"].to_list() == [2]
    assert folded.ignored.select("line", "reason").rows() == [(1, "collection")]


def test_another_processs_record_is_rejected_with_what_follows_it() -> None:
    artefact = Artefact.of("a.log", 'head\ntime="2026-03-04T10:15:30Z" level=error msg=a\n  more\nhead\n')

    folded = fold(artefact, artefact.frame["text"].str.starts_with("head"))

    assert folded.rows["line"].to_list() == [1, 4]
    assert folded.rejects["line"].to_list() == [2, 3]


@pytest.mark.parametrize("parser", MINE, ids=lambda p: p.name)
def test_lines_that_stand_apart_are_counted_and_not_spanned(parser: Parser) -> None:
    text = next(sample.text for sample in parser.samples if sample.yields is not None)
    whole = Artefact.of("a.log", text)
    apart = Artefact("a.log", whole.frame.with_columns((pl.col("line") * 3).cast(pl.UInt32)))

    parsed = parser.parse(apart)

    counted = sum(int(frame["lines"].sum()) for frame in parsed.frames.values())
    assert counted + parsed.ignored.height + parsed.rejects.height == whole.frame.height


def test_a_record_of_an_export_that_is_newest_first_stands_where_it_stands() -> None:
    text = "INFO starts\nERROR - it breaks\nTraceback\nValueError: no\nINFO goes on\n"
    whole = Artefact.of("a.log", text)
    turned = Artefact("a.log", whole.frame.with_columns((6 - pl.col("line").cast(pl.Int64)).cast(pl.UInt32)))

    folded = fold(turned, turned.frame["text"].str.contains("^(INFO|ERROR)"))

    assert sorted(folded.rows.select("line", "lines").rows()) == [(1, 1), (2, 3), (5, 1)]
