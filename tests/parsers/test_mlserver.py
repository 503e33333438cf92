from datetime import UTC, datetime, timedelta

import orjson
import polars as pl

from parsers.mlserver import PARSER
from parsers.parser import LINES, Artefact

STAMPED = "2026-03-04 10:15:30,123 "


def rows(text: str) -> list[dict[str, object]]:
    return PARSER.parse(Artefact.of("a.log", text)).frames["log.mlserver"].to_dicts()


def test_a_chained_traceback_is_one_record_with_what_was_raised_last() -> None:
    found = rows(
        STAMPED + "[mlserver.grpc] ERROR - builtins.KeyError: 'x'\n"
        "Traceback (most recent call last):\n"
        '  File "/opt/mlserver/mlserver/parallel/worker.py", line 1, in f\n'
        "KeyError: 'x'\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n"
        "mlserver.parallel.errors.WorkerError: builtins.KeyError: 'x'\n" + STAMPED + "[mlserver] INFO - next\n"
    )

    assert [(row["line"], row["lines"]) for row in found] == [(1, 9), (10, 1)]
    assert str(found[0]["text"]).startswith("[mlserver.grpc] ERROR - builtins.KeyError: 'x'\nTraceback")
    assert orjson.loads(str(found[0]["fields"]))["exception"] == "mlserver.parallel.errors.WorkerError"
    assert found[0]["time"] == datetime(2026, 3, 4, 10, 15, 30, 123000, UTC)


def test_the_rest_of_a_torn_traceback_is_not_given_to_the_line_that_tore_it() -> None:
    found = rows(
        STAMPED + "[mlserver.parallel] ERROR - An error occurred\nTraceback (most recent call last):\n"
        'INFO:     127.0.0.1:1 - "GET /v2/health/live HTTP/1.1" 200 OK\n'
        '  File "/opt/a.py", line 1, in f\nKeyError: 1\n'
    )

    assert [(row["line"], row["lines"], row["level"]) for row in found] == [
        (1, 2, "error"),
        (3, 1, "info"),
        (4, 2, "error"),
    ]


def test_a_print_behind_an_information_stands_for_itself() -> None:
    found = rows(STAMPED + "[mlserver][a_1:1] INFO - Loaded model 'a_1' successfully.\nscored 3\n  of 4\n")

    assert [(row["text"], row["time"] is None) for row in found][1:] == [("scored 3\n  of 4", True)]


def test_a_label_names_the_model_and_its_version() -> None:
    labels = ("[a:b_1:2]", "[a_1]", "")

    found = [orjson.loads(str(rows(f"{STAMPED}[mlserver]{x} INFO - ok")[0]["fields"])) for x in labels]

    assert [(x["model"], x["model_version"]) for x in found] == [("a:b_1", "2"), ("a_1", None), (None, None)]


def test_structured_logging_that_is_no_json_is_read_all_the_same() -> None:
    (found,) = rows(
        '{"time": "2026-03-04 10:15:30,123", "name": "mlserver.grpc", "level": "ERROR", '
        '"message": "No module named "a"" , "model_name": "a_1", "model_version": "1"}\n'
        "Traceback (most recent call last):\nModuleNotFoundError: No module named 'a'\n"
    )

    assert str(found["message"]).startswith('No module named "a"\nTraceback')
    assert orjson.loads(str(found["fields"]))["model"] == "a_1"
    assert (found["level"], found["precision"]) == ("error", timedelta(milliseconds=1))


def test_a_custom_formatters_traceback_is_part_of_the_text() -> None:
    (found,) = rows(
        '{"ts": "2026-03-04T10:15:30.123Z", "severity": "ERROR", "logger": "mlserver.parallel", "msg": "An error", '
        '"exception": "Traceback (most recent call last):\\nKeyError: 1"}'
    )

    assert found["text"] == "[mlserver.parallel] ERROR - An error\nTraceback (most recent call last):\nKeyError: 1"
    assert found["level"] == "error"


def test_a_line_without_a_time_has_its_wrappers() -> None:
    stamp = datetime(2026, 3, 4, 10, 15, 31, tzinfo=UTC)
    frame = pl.DataFrame(
        {"line": [1], "lines": [1], "text": ["INFO:     Started server process [1]"], "stamped": [stamp]}, schema=LINES
    )

    (found,) = PARSER.parse(Artefact("a.log", frame)).frames["log.mlserver"].to_dicts()

    assert (found["time"], found["zoned"], found["message"]) == (stamp, True, "Started server process [1]")


def test_an_access_line_says_method_path_and_status() -> None:
    (found,) = rows('INFO:     127.0.0.1:5 - "POST /v1/models/a_1%3Apredict HTTP/1.1" 404 Not Found')

    known = orjson.loads(str(found["fields"]))
    assert (known["method"], known["path"], known["status"]) == ("POST", "/v1/models/a_1%3Apredict", "404")
    assert '"POST /v1/models/a_1%3Apredict HTTP/1.1" 404 Not Found' in str(found["text"])


def test_notes_about_a_server_called_mlserver_are_no_log_of_it() -> None:
    assert not PARSER.recognises("2026-03-04T10:15:30.123Z server mlserver type=StatusUpdate expected=1 available=1")


def test_a_log_that_begins_inside_a_traceback_is_recognised() -> None:
    assert PARSER.recognises(
        '  File "/opt/mlserver/mlserver/parallel/worker.py", line 1, in f\nKeyError: 1\n'
        + STAMPED
        + "[mlserver] INFO - a"
    )
