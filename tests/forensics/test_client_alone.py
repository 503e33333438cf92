"""What can be said where nothing but a caller's own output was given."""

from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document
from patterns.loader import load_library
from patterns.pattern import Library

WRONG_PATH = """\
$ curl -i http://mesh/api/v1.0/predictions -H 'seldon-model: grape' -d @request.json
HTTP/1.1 404 Not Found
server: envoy
content-length: 0
"""
UNAVAILABLE = """\
$ grpcurl -plaintext -rpc-header seldon-model:grape mesh:80 inference.GRPCInferenceService/ModelInfer < request.json
ERROR:
  Code: Unavailable
  Message: no healthy upstream
"""
SERVED = """\
$ curl -i http://mesh/v2/models/grape/infer -H 'seldon-model: grape' -d @request.json
HTTP/1.1 200 OK
server: envoy

{"model_name": "grape_1", "outputs": []}
"""
ELSEWHERE = "$ curl -i http://shop.example/cart\nHTTP/1.1 502 Bad Gateway\nserver: nginx\n"


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def made(tmp_path: Path, text: str, library: Library) -> Document:
    (tmp_path / "pasted.txt").write_text(text)
    return analyse(read(open_bundle([tmp_path / "pasted.txt"])), library)


def test_the_cause_of_something_grave_makes_a_failure_though_it_is_slight_itself(
    tmp_path: Path, library: Library
) -> None:
    document = made(tmp_path, WRONG_PATH, library)

    assert document["verdict"] == "failure"
    assert document["summary"].startswith("A client uses a path that Seldon Core 2 does not serve")
    assert [(f["role"], f["pattern"]) for f in document["findings"]] == [
        ("root", "envoy/client-wrong-path"),
        ("symptom", "envoy/envoy-no-route-404"),
    ]


def test_calls_without_times_have_the_order_of_their_lines(tmp_path: Path, library: Library) -> None:
    document = made(tmp_path, UNAVAILABLE, library)

    assert [f["pattern"] for f in document["findings"]] == ["envoy/envoy-no-healthy-upstream"]
    assert document["verdict"] == "undetermined"
    assert made(tmp_path, UNAVAILABLE + "\n" + SERVED, library)["verdict"] == "insufficient"


def test_who_calls_seldon_is_recognised_and_who_calls_others_is_not(tmp_path: Path, library: Library) -> None:
    assert made(tmp_path, SERVED, library)["verdict"] == "insufficient"
    assert made(tmp_path, ELSEWHERE, library)["verdict"] == "unrecognised"
