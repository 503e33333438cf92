"""Every line of any text is in exactly one of: a record or fact, ignored, rejected."""

from itertools import chain

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import PARSERS
from parsers.parser import Artefact, Parsed, Parser

# Lines of logs: the first of each sample, and what surrounds records in real files.
SAMPLE_LINES = sorted({line for parser in PARSERS for sample in parser.samples for line in sample.text.split("\n")})
BETWEEN = [
    "",
    " ",
    "    at io.example.Main.main(Main.java:12)",
    "\tsigs.k8s.io/controller-runtime@v0.21.0/pkg/internal/controller/controller.go:353",
    "Traceback (most recent call last):",
    '  File "/app/serve.py", line 3, in <module>',
    "ValueError: no",
    "During handling of the above exception, another exception occurred:",
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "goroutine 1 [running]:",
    "main.main()",
    "exit status 2",
    'Defaulted container "agent" out of: agent, rclone',
    'Error from server (NotFound): pods "x" not found',
    "failed to create fsnotify watcher: too many open files",
    "}",
    "hello",
    "\x00",
    "\x0c",
    "\u2028",
    "x" * 17_000,
]
LINES = st.sampled_from(SAMPLE_LINES) | st.sampled_from(BETWEEN) | st.text(max_size=60).filter(lambda x: "\n" not in x)
LOGS = [parser for parser in PARSERS if parser.name in ("logrus", "zap", "rclone", "librdkafka", "klog")]


def spans(frame: pl.DataFrame) -> list[int]:
    return [line for first, count in frame.select("line", "lines").rows() for line in range(first, first + count)]


def account(parsed: Parsed) -> list[int]:
    records = [spans(frame) for name, frame in parsed.frames.items() if name.startswith("log.")]
    facts = {line for name, frame in parsed.frames.items() if not name.startswith("log.") for line in spans(frame)}
    return sorted(chain(*records, facts, parsed.ignored["line"].to_list(), spans(parsed.rejects)))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@settings(max_examples=25)
@given(lines=st.lists(LINES, max_size=14), newline=st.booleans())
def test_every_line_is_accounted_for(parser: Parser, lines: list[str], newline: bool) -> None:
    text = "\n".join(lines) + ("\n" if newline and lines else "")

    parsed = parser.parse(Artefact.of("any.log", text))

    last = text.count("\n") + (not text.endswith("\n") and text != "")
    assert account(parsed) == list(range(1, last + 1))


@pytest.mark.parametrize("parser", LOGS, ids=lambda parser: parser.name)
@settings(max_examples=60)
@given(data=st.data())
def test_no_character_of_a_record_is_lost(parser: Parser, data: st.DataObject) -> None:
    """The words of continuation lines are all in the text of their record."""
    own = [s.text.split("\n")[0] for s in parser.samples if s.yields is not None]
    lines = data.draw(st.lists(st.sampled_from(own) | st.sampled_from(BETWEEN), max_size=14))

    parsed = parser.parse(Artefact.of("any.log", "\n".join(lines)))

    for frame in parsed.frames.values():
        for first, count, text in frame.select("line", "lines", "text").rows():
            tail = "".join("\n" + line for line in lines[first : first + count - 1])
            assert (text or "").endswith(tail)


def test_lines_joined_from_parts_count_all_their_lines() -> None:
    parser = next(parser for parser in PARSERS if parser.name == "logrus")
    frame = Artefact.of("a", 'time="2026-11-25T19:31:44Z" level=info msg=Stopping\n\nstranger\n\ttail').frame
    frame = frame.with_columns(pl.Series("line", [1, 4, 6, 9], pl.UInt32), pl.Series("lines", [3, 2, 3, 1], pl.UInt32))

    parsed = parser.parse(Artefact("a", frame))

    assert account(parsed) == list(range(1, 10))
