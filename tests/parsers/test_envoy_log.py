"""Envoy's two logs, alone and in one stream."""

from datetime import UTC, datetime

import pytest

from parsers import envoy_access, envoy_log
from parsers.parser import Artefact, Origin

RECORD = "[2025-03-04 10:15:30.085][50][warning][config] [./source/a.cc:285] message"
REQUEST = (
    '[2025-03-04T10:15:30.832Z] "POST /v2/models/iris/infer HTTP/1.1" 503 - URX,UF 90 190 5538 - '
    '"-" "curl/8.5" "-" "seldon-mesh" "192.0.2.21:9001"'
)


def test_a_message_ends_where_the_other_log_begins() -> None:
    text = f"Starting envoy\n{RECORD}\n  a: 1\n\n{REQUEST}\nstray\n{RECORD}\n"

    parsed = envoy_log.parse(Artefact.of("any", text))

    log = parsed.frames["log.envoy"]
    assert log.select("line", "lines", "message", "text").rows() == [
        (1, 1, "Starting envoy", "Starting envoy"),
        (2, 3, "message", "message\n  a: 1"),
        (6, 1, "stray", "stray"),
        (7, 1, "message", "message"),
    ]
    assert log["time"].to_list()[0] is None
    assert parsed.frames["log.envoy_access"]["line"].to_list() == [5]


def test_records_late_in_an_access_log_are_read() -> None:
    text = f"{REQUEST}\n" * 300 + RECORD

    assert envoy_access.recognises(Artefact.of("any", text).head())
    parsed = envoy_access.parse(Artefact.of("any", text))

    assert {name: frame.height for name, frame in parsed.frames.items()} == {"log.envoy_access": 300, "log.envoy": 1}


def test_the_origin_wins_over_the_name_of_the_component() -> None:
    artefact = Artefact.of("any", REQUEST, Origin(component="istio", pod="p"))

    (row,) = envoy_access.parse(artefact).frames["log.envoy_access"].to_dicts()

    assert (row["component"], row["pod"]) == ("istio", "p")
    assert row["time"] == datetime(2025, 3, 4, 10, 15, 30, 832000, tzinfo=UTC)


@pytest.mark.parametrize("columns", ["- URX,UF", "- UF,URX", "14 UF,URX", "UF,URX"])
def test_both_generations_have_the_same_columns(columns: str) -> None:
    text = REQUEST.replace("- URX,UF", columns)

    (row,) = envoy_access.parse(Artefact.of("any", text)).frames["log.envoy_access"].to_dicts()

    assert (row["status"], row["bytes_in"], row["bytes_out"]) == (503, 90, 190)
    assert set(row["flags"].split(",")) == {"URX", "UF"}


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v2/models/iris/infer", "iris"),
        ("/v2/models/iris", "iris"),
        ("/v2/models/iris/versions/2/infer", "iris"),
        ("/v2/models/iris?x=1", "iris"),
        ("/v2/pipelines/iris/infer", None),
        ("/v2/models/", None),
    ],
)
def test_a_path_names_its_model(path: str, model: str | None) -> None:
    text = REQUEST.replace("/v2/models/iris/infer", path)

    (row,) = envoy_access.parse(Artefact.of("any", text)).frames["log.envoy_access"].to_dicts()

    assert (row["path"], row["model"]) == (path, model)


def test_a_cut_request_is_rejected() -> None:
    parsed = envoy_access.parse(Artefact.of("any", f'{REQUEST}\n{REQUEST[:60]}\n{{"response_flags":\n'))

    assert parsed.frames["log.envoy_access"].height == 1
    assert parsed.rejects["line"].to_list() == [2, 3]
