from datetime import UTC, datetime, timedelta

import orjson
import pytest

from parsers.client import PARSER
from parsers.parser import Artefact, Parsed


def read(text: str) -> Parsed:
    return PARSER.parse(Artefact.of("client.txt", text))


def rows(text: str) -> list[dict[str, object]]:
    return read(text).frames["log.client"].to_dicts()


CALL = (
    "# 2026-03-04T10:15:30.250Z\n$ curl -i http://mesh/v2/models/a/infer -H 'seldon-model: A'\n"
    "HTTP/1.1 502 Bad Gateway\ndate: Wed, 04 Mar 2026 10:15:29 GMT\nserver: envoy\ncontent-length: 0\n\n"
)


def test_an_exchange_is_one_record_of_the_time_above_it() -> None:
    found = rows(CALL + CALL)

    assert [(row["line"], row["lines"]) for row in found] == [(1, 6), (8, 6)]
    assert found[0]["time"] == datetime(2026, 3, 4, 10, 15, 30, 250000, UTC)
    fields = orjson.loads(str(found[0]["fields"]))
    assert (fields["status"], fields["model"], fields["server"]) == ("502", "A", "envoy")
    assert fields["url"] == "http://mesh/v2/models/a/infer"


def test_a_body_behind_a_blank_line_belongs_to_its_answer() -> None:
    (found,) = rows('HTTP/1.1 404 Not Found\nserver: envoy\n\n{"error":"Model a not found"}\n')

    assert (found["lines"], found["time"]) == (4, None)
    assert str(found["text"]).endswith('\n\n{"error":"Model a not found"}')


def test_request_and_answer_of_a_verbose_call_are_one_record() -> None:
    (found,) = rows(
        "*   Trying 192.0.2.1:80...\n* Connected to mesh (192.0.2.1) port 80\n> POST /v2/models/a/infer HTTP/1.1\n"
        "> seldon-model: a\n> x-seldon-route: :a_1:\n>\n< HTTP/1.1 503 Service Unavailable\n"
        "< date: Wed, 04 Mar 2026 10:15:30 GMT\n<\nno healthy upstream\n* Connection #0 to host mesh left intact\n"
    )

    assert (found["lines"], found["precision"], found["zoned"]) == (11, timedelta(seconds=2), True)


def test_lines_of_no_clients_format_are_set_aside_with_a_reason() -> None:
    parsed = read(
        CALL + "# what came later\n2026-03-04T10:15:31.000Z model a state=Failed reason='code = Unavailable'\n"
    )

    assert parsed.frames["log.client"]["line"].to_list() == [1]
    assert parsed.ignored.select("line", "reason").rows() == [
        (7, "blank"),
        (8, "comment"),
        (9, "a dated line of no client's format"),
    ]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('Error from server (Forbidden): pods is forbidden: User "a" cannot list resource "pods"\n', 1),
        ("Unable to connect to the server: dial tcp 192.0.2.1:6443: i/o timeout\n", 1),
        ("error: timed out waiting for the condition on models/a\n", 1),
        (
            '$ kubectl apply -f a\nerror: no matches for kind "A" in version "b/v1"\nensure CRDs are installed first\n',
            1,
        ),
        ("Forwarding from 127.0.0.1:9000 -> 9000\nerror: lost connection to pod\n", 2),
        ("$ seldon model infer a '{}'\nError: V2 server error: 404\n", 1),
        ("ERROR:\n  Code: NotFound\n  Message: Model a with version  not found\n", 1),
        ("tritonclient.utils.InferenceServerException: [StatusCode.UNIMPLEMENTED]\n", 1),
        (
            "Summary:\n  Total:\t10.1 secs\n\nStatus code distribution:\n  [200]\t9 responses\n  [503]\t5 responses\n",
            1,
        ),
        ("Running 30s test @ http://mesh/\n  2 threads and 10 connections\n  Non-2xx or 3xx responses: 12\n", 1),
        ('{\n  "error": "Model a not found"\n}\n', 1),
        ("<html>\n<head><title>504 Gateway Time-out</title></head>\n<hr><center>nginx</center>\n</html>\n", 1),
        (
            'Exception in thread "main" io.grpc.StatusRuntimeException: UNAVAILABLE: io exception\n'
            "\tat io.grpc.stub.ClientCalls.x(ClientCalls.java:1)\nCaused by: java.net.ConnectException: refused\n",
            1,
        ),
        ("$ nslookup mesh\nServer:\t\t192.0.2.10\nAddress:\t192.0.2.10#53\n\nName:\tmesh\nAddress: 192.0.2.3\n", 1),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    call()\n'
            "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='mesh', port=80): Read timed out.\n",
            1,
        ),
    ],
)
def test_what_callers_paste_is_recognised(text: str, records: int) -> None:
    assert PARSER.recognises(text)
    found = rows(text)
    assert len(found) == records
    assert "\n".join(str(row["text"]) for row in found) == text.rstrip("\n")


def test_a_loggers_object_with_an_error_is_no_answer() -> None:
    assert not PARSER.recognises('{"error":"no room","level":"error","msg":"Failed","time":"2026-03-04T10:15:30Z"}')


@pytest.mark.parametrize(
    "text",
    [
        "<html>\n<head><title>A guide</title></head>\n<body>\n<p>Hello</p>\n</body></html>\n",
        '{"error": {"type": "object"}}\n',
        "error: none\nname: a\nport: 80\n",
        "Hello,\n\nwe get this from the mesh:\n\nHTTP/1.1 503 Service Unavailable\n\nCan you look?\nRegards\n",
    ],
    ids=["page", "schema", "yaml", "mail"],
)
def test_what_only_resembles_an_answer_is_refused(text: str) -> None:
    assert not PARSER.recognises(text)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("$ seldon model infer iris '{}'\nError: V2 server error: 404 \n", "404"),
        (
            "requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: http://mesh/v2/models/a\n",
            "503",
        ),
        ("$ python3 call.py\n<Response [422]>\n", "422"),
        ("$ python3 call.py\n<Response [404 Not Found]>\n", "404"),
        ("$ curl http://mesh/v2/models/a\nmodel 404 is fine\n", None),
    ],
)
def test_the_number_of_an_answer_is_read_however_it_is_told(text: str, status: str | None) -> None:
    (found,) = rows(text)

    assert orjson.loads(str(found["fields"]))["status"] == status


def test_the_model_that_seldons_client_asks_is_told() -> None:
    (found,) = rows("$ seldon model infer iris --inference-host mesh:80 '{}'\nError: V2 server error: 404 \n")

    assert orjson.loads(str(found["fields"]))["model"] == "iris"
