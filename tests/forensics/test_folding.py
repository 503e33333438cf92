"""Quoted text made to fit: nothing twice, and what tells least goes first."""

from forensics.reporting.folding import middle_out, shortened

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
