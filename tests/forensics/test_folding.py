"""Quoted text made to fit: nothing twice, and what tells least goes first."""

import io

from rich.console import Console

from forensics.reporting.folding import middle_out, shortened
from forensics.reporting.merged import timeline_view

ANSWER = [
    "$ curl -sS -i http://seldon-mesh/v2/models/iris/infer -H 'seldon-model: Iris' -d '{\"inputs\": ["
    + "1, " * 60
    + "]}'",
    "HTTP/1.1 404 Not Found",
    "date: Wed, 04 Mar 2026 10:00:00 GMT",
    "server: envoy",
    "content-length: 0",
]


def test_no_words_stand_twice_where_what_must_stay_is_longer_than_the_room() -> None:
    text = "ValueError: X has 30 features, but StandardScaler is expecting 4 features as input."
    short = middle_out(text, 60, "X has 30 features, but StandardScaler is expecting 4 features")

    assert short.count("ValueError") == 1
    assert short.startswith(text[:50])
    assert len(short) <= 60


def test_of_an_answer_its_status_stays_and_its_usual_headers_go() -> None:
    short = shortened(ANSWER, 200, "seldon-model: Iris")

    assert short.endswith("| HTTP/1.1 404 Not Found ...")
    assert "seldon-model: Iris" in short
    assert "server: envoy" not in short


def test_what_fits_is_left_whole_and_what_must_stay_is_no_usual_header() -> None:
    assert shortened(ANSWER[1:], 200) == " | ".join(ANSWER[1:])
    assert "server: envoy" in shortened(ANSWER, 150, "server: envoy")


def test_a_record_of_usual_headers_alone_keeps_them() -> None:
    assert shortened(ANSWER[2:] * 9, 120).startswith("date: Wed")


def test_a_record_of_several_lines_is_told_by_its_first_and_last() -> None:
    rows = [
        {"earliest": None, "source": "log.client", "pod": None, "level": None, "member": "c.txt", "line": 1}
        | {"text": "# 2026-03-04T10:00:00.125Z\n" + "\n".join(ANSWER[:2]) + "\n"},
        {"earliest": None, "source": "log.mlserver", "pod": "p", "level": "error", "member": "m.log", "line": 9}
        | {"text": "An error occurred\n" + "  File\n" * 90 + "ValueError: too few"},
    ]
    console = Console(width=1000, file=io.StringIO(), no_color=True)
    console.print(timeline_view(rows))
    client, server = console.file.getvalue().splitlines()

    assert " $ curl -sS -i" in client
    assert "| HTTP/1.1 404 Not Found  c.txt:1" in client
    assert "An error occurred | File" in server
    assert "| ValueError: too few  m.log:9" in server


def test_what_is_left_out_begins_and_ends_with_whole_words() -> None:
    words = " ".join(f"word{number:02}" for number in range(60))

    head, _, tail = middle_out(words, 90).partition(" ... ")

    assert set(head.split()) | set(tail.split()) <= set(words.split())
    assert len(middle_out("x" * 300, 90)) == 90
