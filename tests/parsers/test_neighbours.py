from datetime import UTC, datetime

import orjson
import polars as pl
import pytest

from parsers import generic, java, klogging, triton
from parsers.neighbours import COREDNS_PARSER, INGRESS_PARSER, ISTIO_PARSER
from parsers.parser import LINES, Artefact, Parser


def rows(parser: Parser, text: str) -> list[dict[str, object]]:
    assert parser.recognises(text)
    (frame,) = parser.parse(Artefact.of("a.log", text)).frames.values()
    return frame.to_dicts()


def stamped(parser: Parser, text: str, at: datetime) -> dict[str, object]:
    frame = pl.DataFrame({"line": [1], "lines": [1], "text": [text], "stamped": [at]}, schema=LINES)
    (made,) = parser.parse(Artefact("a.log", frame)).frames.values()
    return dict(made.to_dicts()[0])


def test_a_query_of_coredns_says_its_answer() -> None:
    (found,) = rows(
        COREDNS_PARSER, '[INFO] 192.0.2.7:41 - 7 "A IN mesh.local. udp 40 false 512" NXDOMAIN qr,rd 106 0.0001s'
    )

    assert orjson.loads(str(found["fields"]))["rcode"] == "NXDOMAIN"
    assert (found["level"], found["time"]) == ("info", None)


def test_coredns_says_its_version() -> None:
    text = ".:53\nCoreDNS-1.11.1\nlinux/amd64, go1.21.8, ae2bbc2\n"

    assert COREDNS_PARSER.parse(Artefact.of("a.log", text)).version == "1.11.1"


def test_an_ingress_controllers_three_kinds_of_line_are_read_together() -> None:
    found = rows(
        INGRESS_PARSER,
        "-----\nNGINX Ingress controller\n  Release:       v1.11.2\n-----\n"
        'W0304 10:15:30.123456       7 controller.go:1112] Service "a/b" does not have any active Endpoint.\n'
        "2026/03/04 10:15:30 [error] 31#31: *1 upstream timed out (110: Operation timed out), client: 192.0.2.1\n"
        '192.0.2.1 - - [04/Mar/2026:11:15:30 +0100] "POST /v2/models/a/infer HTTP/1.1" 504 160 "-" "curl" 1 60.0\n'
        '192.0.2.1 - - [04/Mar/2026:11:15:30 +0100] "PRI * HTTP/2.0" 400 150 "-" "-" 0 5.0\n',
    )

    at = datetime(2026, 3, 4, 10, 15, 30, tzinfo=UTC)
    assert [(row["time"], row["level"]) for row in found[-4:]] == [
        (None, "warning"), (at, "error"), (at, None), (at, None)
    ]  # fmt: skip
    known = orjson.loads(str(found[-2]["fields"]))
    assert (known["status"], known["path"]) == ("504", "/v2/models/a/infer")
    assert '"PRI * HTTP/2.0" 400' in str(found[-1]["text"])


def test_a_mesh_proxys_access_lines_are_records_too() -> None:
    found = rows(
        ISTIO_PARSER,
        "2026-03-04T10:15:30.123456Z\twarn\tEnvoy proxy is NOT ready: config not received\n"
        '[2026-03-04T10:15:30.123Z] "POST /v2/models/a/infer HTTP/1.1" 503 UF - "-" 0 91\n',
    )

    assert [row["level"] for row in found] == ["warning", None]
    assert orjson.loads(str(found[1]["fields"]))["status"] == "503"


def test_a_year_comes_from_the_wrapper() -> None:
    at = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)

    found = stamped(triton.PARSER, "E1231 23:59:59.500000 1 server.cc:1] no", at)

    assert found["time"] == datetime(2025, 12, 31, 23, 59, 59, 500000, UTC)
    assert found["zoned"] is False


def test_tritons_quoted_message_is_unquoted_and_its_table_belongs_to_it() -> None:
    found = rows(
        triton.PARSER,
        'E0304 10:15:30.123456 1 model_lifecycle.cc:654] "failed to load \'a\': \\"x\\"\\n\\nAt:\\n  m.py(3)"\n'
        "I0304 10:15:30.123456 1 server.cc:674] \n+---+---+\n| a | 1 |\n+---+---+\n\n",
    )

    assert found[0]["message"] == "failed to load 'a': \"x\"\n\nAt:\n  m.py(3)"
    assert str(found[0]["text"]).startswith("model_lifecycle.cc:654] failed to load 'a'")
    assert [(row["line"], row["lines"]) for row in found] == [(1, 1), (2, 4)]


def test_a_pipelines_name_is_read_from_the_items() -> None:
    (found,) = rows(
        klogging.PARSER,
        "2026-03-04T10:15:30.123456Z INFO [main] io.seldon.X : starting a : {pipelineName=a-b, pipelineVersion=3}",
    )

    known = orjson.loads(str(found["fields"]))
    assert (known["pipeline"], known["pipelineVersion"], found["message"]) == ("a-b", "3", "starting a")


def test_a_crash_of_the_engine_before_its_first_record_is_its_own() -> None:
    (found,) = rows(
        klogging.PARSER,
        'Exception in thread "main" org.apache.kafka.common.KafkaException: Failed to create new KafkaAdminClient\n'
        "\tat io.seldon.dataflow.kafka.KafkaAdmin.x(KafkaAdmin.kt:1)\nCaused by: a.B: No resolvable urls\n",
    )

    assert (found["level"], found["lines"], found["time"]) == ("fatal", 3, None)


def test_a_brokers_logger_is_found_on_the_last_line_of_a_listing() -> None:
    found = rows(
        java.PARSER,
        "2026-03-04 10:15:30,123 INFO KafkaConfig values: \n\ta = 1\n (kafka.server.KafkaConfig) [main]\n"
        "2026-03-04 10:15:31,123 INFO started (kafka.server.KafkaServer) [main]\n",
    )

    assert [row["lines"] for row in found] == [3, 1]
    assert [orjson.loads(str(row["fields"]))["logger"] for row in found] == [
        "kafka.server.KafkaConfig",
        "kafka.server.KafkaServer",
    ]


@pytest.mark.parametrize(
    ("text", "time", "zoned"),
    [
        ("2026-03-04T10:15:30.5+01:00 ERROR [a] x", datetime(2026, 3, 4, 9, 15, 30, 500000, UTC), True),
        ("2026/03/04 10:15:30 ERROR x", datetime(2026, 3, 4, 10, 15, 30, tzinfo=UTC), False),
        ("2026-03-04 10:15:30 +0000 UTC ERROR x", datetime(2026, 3, 4, 10, 15, 30, tzinfo=UTC), True),
        ('{"ts":1772619330.5,"level":"error","msg":"x"}', datetime(2026, 3, 4, 10, 15, 30, 500000, UTC), True),
        ("ts=2026-03-04T10:15:30Z level=error msg=x", datetime(2026, 3, 4, 10, 15, 30, tzinfo=UTC), True),
    ],
)
def test_any_processs_time_is_read(text: str, time: datetime, zoned: bool) -> None:
    (found,) = generic.PARSER.parse(Artefact.of("a.log", text)).frames["log.other"].to_dicts()

    assert (found["time"], found["zoned"], found["level"]) == (time, zoned, "error")


def test_a_syslog_line_takes_its_year_from_the_wrapper() -> None:
    at = datetime(2026, 3, 4, 10, 15, 31, tzinfo=UTC)

    found = stamped(generic.PARSER, "Mar  4 10:15:30 node-1 kubelet[12]: started", at)

    assert found["time"] == datetime(2026, 3, 4, 10, 15, 30, tzinfo=UTC)
