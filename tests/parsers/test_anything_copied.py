"""What was copied, exported, dumped or mailed in any way is read without a fault, and every line is accounted for."""

import json
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.opening.budgets import Damaged
from forensics.opening.mails import is_mail, parts
from parsers import dumps, exports, k8s_windows
from parsers.decoding import decode
from parsers.elements import Ended, Reader
from parsers.kubernetes import PARSER
from parsers.parser import Artefact, Origin
from parsers.sayings import Said, Sayings
from parsers.wrappers import unwrap

LINES = (
    'time="2025-07-12T18:30:09Z" level=error msg="x" error="a b"', '{"log":"x\\n","stream":"stderr","time":"2025-07-12T18:30:09Z"}',
    "goroutine 1 [running]:", '"main" #1 prio=5 os_prio=0 tid=0x1 nid=0x1 runnable', "Thread 0x1 (most recent call first):",
    '  File "/x.py", line 1 in y', "\tat a.b(C.java:1)", "2025-07-12 18:30:09", "", " ", "kind: Pod", "x" * 50,
)  # fmt: skip
MARKS = (
    "│ ", " │", "┌─ Logs(ml/a-0:b) ─┐", "└──┘", "Autoscroll: On", "“", "”", "&quot;", "&lt;", "&#10;", "<br>", "<p>", "\\n", "\\\\n",
    "> ", "> > ", "    ", "```", "\t", "\r", "\x1b[31m", "\ufeff", "\u2028", "é", "\U0001f600", '"', "\\", "1: ", "- ",
)  # fmt: skip
COPIED = st.lists(st.lists(st.sampled_from(LINES + MARKS), max_size=4).map("".join), max_size=25).map("\n".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.sampled_from(LINES),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(("log", "message", "time", "@timestamp", "_source", "hits", "data", "result", "stream",
        "values", "kubernetes", "labels", "events", "items", "kind", "apiVersion", "metadata", "spec", "x")), inner, max_size=5),
    max_leaves=15,
)  # fmt: skip


@given(COPIED)
def test_every_line_of_a_copied_text_is_accounted_for(text: str) -> None:
    frame, _ = decode(text.encode())
    if frame is None:
        return
    found = unwrap("m", frame, Origin())

    assert sum(int(a.frame["lines"].sum()) for a in found.artefacts) + len(found.ignored) + len(found.rejects) == len(
        frame
    )


@given(st.lists(st.sampled_from(LINES[2:8]), min_size=1, max_size=20).map("\n".join))
def test_every_line_of_a_dump_of_threads_is_accounted_for(text: str) -> None:
    artefact = Artefact.of("m", text)
    if not dumps.recognises(text):
        return
    parsed = dumps.parse(artefact)

    counted = sum(int(frame["lines"].sum()) for frame in parsed.frames.values())
    assert counted + len(parsed.ignored) + int(parsed.rejects["lines"].sum()) == len(artefact.frame)


HEADS = st.sampled_from(
    (
        "From: a@b.example", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Type: text/plain; charset=x-y",
        "Content-Type: multipart/mixed; boundary=B", "Content-Type: multipart/alternative; boundary=B", "Content-Type: message/rfc822",
        "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable", "Content-Transfer-Encoding: x-uuencode",
        'Content-Disposition: attachment; filename="=?utf-8?q?=ff?="', "Content-Disposition: attachment; filename*=utf-16''%00%ff",
        'Content-Disposition: attachment; filename="../../x\0"', "Subject: =?x?q?y?=", "", "--B", "--B--", "aGVsbG8=", "=zz", "begin 666 x", "\xff",
    )
)  # fmt: skip


@given(st.lists(HEADS, max_size=30).map("\r\n".join), st.binary(max_size=30))
def test_a_mail_is_read_or_damaged(text: str, rest: bytes) -> None:
    data = f"From: a@b.example\r\nMIME-Version: 1.0\r\n{text}".encode("latin-1") + rest
    is_mail(data)
    try:
        found = list(parts(data))
    except Damaged:
        return

    assert all(isinstance(name, str) and isinstance(held, bytes) for name, held in found)


def pieces(text: str, size: int) -> Reader:
    return Reader(iter([text[at : at + size] for at in range(0, len(text), size)]))


def walked(reader: Reader) -> Any:
    opens = reader.peek()
    if opens == "[":
        return [walked(reader) for _ in reader.elements()]
    if opens == "{":
        return {key: walked(reader) for key in reader.members()}
    return reader.value()


@given(VALUES, st.integers(1, 9), st.sampled_from((None, 1)), st.booleans())
def test_json_is_the_same_whatever_it_is_cut_into(value: Any, size: int, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    assert pieces(text, size).value() == value
    assert walked(pieces(text, size)) == value
    reader = pieces(f"  {text} ", size)
    assert reader.text() == text
    assert reader.at == 2 + len(text)


@given(VALUES, st.integers(1, 9), st.integers(0, 200))
def test_json_that_ends_early_ends_early_and_no_worse(value: Any, size: int, at: int) -> None:
    text = json.dumps([value], indent=1)
    reader = pieces(text[: min(at, len(text) - 1)], size)

    with pytest.raises(Ended):
        walked(reader)


@given(VALUES)
def test_a_record_says_a_line_or_none(value: Any) -> None:
    sayings = Sayings()
    for _ in range(2):
        said = sayings.of(value)
        assert said is None or (isinstance(said, Said) and isinstance(said.text, str))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from((None, 1)), st.booleans(), st.integers(0, 400))
def test_an_export_gives_each_line_once(values: list[Any], indent: int | None, listed: bool, cut: int) -> None:
    text = json.dumps(values, indent=indent) if listed else "\n".join(json.dumps(v, indent=indent) for v in values)
    text = text[: len(text) - cut] or "{"
    frame, _ = decode(text.encode())
    if frame is None:
        return
    found = exports.document(frame)

    assert found is None or int(found.frame["lines"].sum()) + len(found.structure) <= len(frame)


OBJECTS = st.lists(
    st.fixed_dictionaries(
        {"apiVersion": st.just("v1"), "kind": st.sampled_from(("Pod", "Service", "Secret")),
         "metadata": st.fixed_dictionaries({"name": st.sampled_from("abcé"), "namespace": st.sampled_from("xy")})},
        optional={"spec": st.dictionaries(st.sampled_from(("items", "x", "containers")), VALUES, max_size=2)},
    ),
    max_size=6,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(OBJECTS, min_size=1, max_size=3),
    st.sampled_from((None, 1, 4)),
    st.sampled_from((", ", ",", ",\n")),
    st.booleans(),
    st.integers(0, 60),
)
def test_a_dump_in_pieces_is_the_dump_whatever_its_layout(
    lists: list[list[Any]], indent: int | None, comma: str, tight: bool, cut: int
) -> None:
    whole = [{"apiVersion": "v1", "kind": "List", "items": held} for held in lists]
    text = "\n".join(json.dumps(each, indent=indent, separators=(comma, ": "), ensure_ascii=False) for each in whole)
    text = text.replace("[\n", "[") if tight else text
    artefact = Artefact.of("m", text[: len(text) - cut])
    at_once = PARSER.parse(artefact)
    with mock.patch.multiple(k8s_windows, SMALL=1, PIECE=150):
        in_pieces = PARSER.parse(artefact)

    for source in at_once.frames.keys() | in_pieces.frames.keys():
        if source not in ("k8s.listing",):
            one, other = (p.frames.get(source, pl.DataFrame()) for p in (at_once, in_pieces))
            assert one.sort(pl.all()).rows() == other.sort(pl.all()).rows() if one.height else not other.height
