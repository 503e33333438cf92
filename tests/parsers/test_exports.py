"""Exports of log stores as they come: cut, paged, stream by stream, with rows that are none, and larger than memory."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from forensics.ingest import read_member
from forensics.opening.walking import Member
from parsers import PARSERS, giants
from parsers.decoding import decode
from parsers.elements import Ended, Reader
from parsers.parser import Origin
from parsers.wrappers import Unwrapped, unwrap

LABELS = {"namespace": "ml", "pod": "mlserver-0", "container": "agent"}


def opened(text: str) -> Unwrapped:
    lines, why = decode(text.encode())
    assert why is None
    assert lines is not None
    found = unwrap("m", lines, Origin())
    counted = sum(int(artefact.frame["lines"].sum()) for artefact in found.artefacts)
    assert counted + len(found.ignored) + len(found.rejects) == len(lines)
    return found


def texts(found: Unwrapped) -> list[str]:
    return [text for artefact in found.artefacts for text in artefact.frame["text"]]


def loki(*streams: tuple[dict[str, str], list[tuple[int, str]]]) -> str:
    result = [{"stream": labels, "values": [[str(at * 10**9), text] for at, text in said]} for labels, said in streams]
    return json.dumps({"status": "success", "data": {"resultType": "streams", "result": result}})


def test_streams_of_one_pod_are_put_in_the_order_of_time() -> None:
    out = [(1752345014, "e"), (1752345012, "c"), (1752345010, "a")]
    error = [(1752345013, "d"), (1752345011, "b")]
    found = opened(loki(({**LABELS, "stream": "stdout"}, out), ({**LABELS, "stream": "stderr"}, error)))

    assert texts(found) == ["a", "b", "c", "d", "e"]
    assert found.artefacts[0].origin.pod == "mlserver-0"


def test_labels_behind_the_lines_are_theirs() -> None:
    stream = {"values": [["1752345010000000000", "a"]], "stream": LABELS}
    found = opened(json.dumps({"data": {"resultType": "streams", "result": [stream]}}))

    assert texts(found) == ["a"]
    assert found.artefacts[0].origin.pod == "mlserver-0"


def elastic(count: int, first: int = 0) -> str:
    hits = [
        {"_index": "x", "_source": {"@timestamp": f"2025-07-12T18:{n // 60:02}:{n % 60:02}Z", "message": f"line {n}",
         "kubernetes": {"pod": {"name": "mlserver-0"}}}}
        for n in range(first, first + count)
    ]  # fmt: skip
    return json.dumps({"took": 1, "hits": {"total": {"value": count}, "hits": hits}})


@pytest.mark.parametrize(
    "whole", [elastic(50), loki((LABELS, [(1752345010 + n, f"line {n}") for n in range(50)])),
              json.dumps([{"insertId": str(n), "textPayload": f"line {n}", "timestamp": f"2025-07-12T18:30:{n:02}Z"}
                          for n in range(50)])],
)  # fmt: skip
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_an_export_that_was_cut_is_read_as_far_as_it_goes(whole: str, share: float) -> None:
    found = opened(whole[: int(len(whole) * share)])

    read = texts(found)
    assert read == [f"line {n}" for n in range(len(read))]
    assert len(read) >= int(50 * share) - 8
    assert found.cut is not None
    assert "line 1" in found.cut
    assert opened(whole).cut is None


def test_pages_of_answers_one_behind_the_other_are_read() -> None:
    pages = opened(elastic(3) + "\n" + elastic(2, 3) + "\n")

    assert texts(pages) == ["line 0", "line 1", "line 2", "line 3", "line 4"]
    assert pages.artefacts[0].frame["line"].to_list() == [1, 1, 1, 2, 2]
    assert texts(opened(f"[{elastic(2)},{elastic(1, 2)}]".replace('{"took"', '{"insertId": 1, "took"'))) == [
        "line 0", "line 1", "line 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [[{"field": "@timestamp", "value": "2025-07-12 18:30:09.123"}, {"field": "@message", "value": "a"}]],
         "status": "Complete"},
        {"tables": [{"name": "PrimaryResult", "columns": [{"name": "TimeGenerated"}, {"name": "LogMessage"}],
                     "rows": [["2025-07-12T18:30:09.123Z", "a"]]}]},
        {"data": [{"id": "1", "type": "log", "attributes": {"timestamp": "2025-07-12T18:30:09.123Z", "message": "a",
                                                            "tags": ["pod_name:mlserver-0", "x"]}}]},
    ],
)  # fmt: skip
def test_answers_of_clouds_that_name_their_columns_are_read(answer: dict[str, Any]) -> None:
    assert texts(opened(json.dumps(answer, indent=1))) == ["a"]


def test_the_records_of_splunk_and_fluentd_are_read() -> None:
    splunk = json.dumps(
        {"preview": False, "offset": 0, "result": {"_raw": "a", "_time": "2025-07-12T18:30:09Z", "pod": "p"}}
    )
    fluentd = "2025-07-12T18:30:09Z\tkube.var.log.containers.p\t" + json.dumps({"stream": "stderr", "log": "a"})

    for row in (splunk, fluentd):
        found = opened(f"{row}\n" * 5)
        assert texts(found) == ["a"] * 5
        assert found.artefacts[0].frame["stamped"].null_count() == 0


def test_an_export_within_a_text_stands_on_its_own_lines() -> None:
    rows = [{"insertId": str(n), "textPayload": f"line {n}", "timestamp": "2025-07-12T18:30:09Z"} for n in range(3)]
    lines, _ = decode(("\n" * 10 + json.dumps(rows, indent=1)).encode())
    assert lines is not None
    frame = unwrap("m", lines[10:], Origin()).artefacts[0].frame

    assert frame["line"].to_list() == [12, 17, 22]
    assert frame["lines"].sum() == len(lines) - 11
    table, _ = decode(b"\n\ntimestamp,message\n1752345009123,a\n1752345009124,b\n")
    assert table is not None
    assert unwrap("m", table[2:], Origin()).artefacts[0].frame["line"].to_list() == [4, 5]


def test_a_line_that_was_cut_is_told_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giants, "LONGEST", 1000)
    monkeypatch.setattr(giants, "LONGEST_DOCUMENT", 1 << 20)
    text = elastic(9000).replace('"line ', '"time=\\"2025-07-12T18:30:09Z\\" level=info msg=')
    raw = giants.shortened(text.encode(), 1000, 1 << 20)
    came = read_member(Member("x.json", raw, len(raw), "", "read", None), PARSERS, strict=True)

    assert came.status == "partly"
    assert came.reason is not None
    assert came.reason.startswith("line 1 is longer than 1 MiB: ")
    assert sum(frame.height for frames in came.frames.values() for frame in frames) > 1000
    data = giants.shortened(b"x" * (3 << 20) + b"\n", 1 << 20, 1 << 20)
    told = read_member(Member("x.log", data, len(data), "", "read", None), PARSERS, strict=True)
    assert (
        told.reason == "no format that is known here; line 1 is longer than 1 MiB: 2,097,152 bytes of it were not read"
    )


def test_a_record_that_says_nothing_costs_itself() -> None:
    rows = [{"insertId": str(n), "textPayload": f"line {n}", "timestamp": "2025-07-12T18:30:09Z"} for n in range(9)]
    found = opened(json.dumps([*rows, {"insertId": "9", "severity": "INFO"}]))

    assert texts(found) == [*(f"line {n}" for n in range(9)), '{"insertId":"9","severity":"INFO"}']


def test_a_cell_without_an_end_costs_itself() -> None:
    rows = "\n".join(f'175234501{n},"line {n}"' for n in range(9))
    giant = "\n".join("x" * 90_000 for _ in range(60))
    found = opened(f'timestamp,message\n{rows}\n1752345019,"{giant}\n1752345020,last"\n1752345021,"after"\n')

    read = texts(found)
    assert read[:9] == [f"line {n}" for n in range(9)]
    assert '1752345019,"' + "x" * 90_000 in read
    assert read[-1] == "after"


def test_half_a_pair_of_surrogates_and_endless_numbers_do_no_harm() -> None:
    row = '{"insertId": "1", "textPayload": "a\\ud800", "timestamp": "2025-07-12T18:30:09Z", "n": ' + "9" * 5000 + "}"

    assert texts(opened(f"[{row}]")) == ["a?"]


def test_what_is_no_export_is_none() -> None:
    for text in (
        '[{"timestamp": 1}, {"timestamp": 2}]',
        '{"hits": {"total": 3, "why": "no list"}}',
        '{"resultType": "streams"} and more',
        '{"data": {"resultType": "streams", "result": []}}',
    ):
        assert opened(text).wrappers == ()


@pytest.mark.parametrize("form", ["document", "table"])
def test_a_large_export_is_never_held_as_objects(form: str) -> None:
    said = 'time=\\"2025-07-12T18:30:09Z\\" level=info msg=\\"Loaded model\\" ' + "x" * 200
    row = f'{{"insertId": "a", "textPayload": "{said}", "timestamp": "2025-07-12T18:30:09Z"}}'
    text = f"[{','.join([row] * 20_000)}]"
    if form == "table":
        text = "timestamp,message\n" + f"1752345009,{said}\n".replace('\\"', "") * 20_000
    lines, _ = decode(text.encode())
    assert lines is not None
    tracemalloc.start()
    found = unwrap("m", lines, Origin())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found.artefacts[0].frame.height == 20_000
    assert peak < 2.6 * len(text) + 10_000_000  # objects take ten times


def _in_pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_elements_are_the_same_in_pieces_of_any_size(size: int) -> None:
    values: list[Any] = [1, -12.5e3, True, None, 'a\\"b{[', {"a": [1, {"b": []}]}, [], 123456]
    text = "\n [" + ",\n".join(map(json.dumps, values)) + "\n]"
    reader = Reader(_in_pieces(text, size))
    places = []
    read = []
    for _ in reader.elements():
        places.append(reader.line)
        read.append(reader.value())

    assert read == values
    assert places == list(range(2, 10))
    assert reader.peek() == ""


def test_what_is_not_read_is_passed_over_and_what_ends_is_told() -> None:
    reader = Reader(_in_pieces('{"a": [1, 2], "b": {"c": 3}, "d": 4, "e": [5', 3))
    read = {}

    def walk() -> None:
        for key in reader.members():
            if key in ("b", "d"):
                read[key] = reader.value()

    with pytest.raises(Ended):
        walk()
    assert read == {"b": {"c": 3}, "d": 4}


SAID = 'time="2025-07-12T18:30:09Z" level=error msg="no room"'
AT = "2025-07-12T18:30:09.123Z"


@pytest.mark.parametrize(
    "record",
    [
        {"@timestamp": AT, "message": SAID, "log": {"file": {"path": "/x"}}, "kubernetes": {"pod": {"name": "a-0"}}},
        {"result": {"content": SAID, "timeStamp": {}, "timeStampStr": AT, "podName": "a-0"}},
    ],
    ids=["elastic common schema", "argo cd"],
)
def test_what_a_record_says_is_its_line(record: dict[str, Any]) -> None:
    found = opened((json.dumps(record) + "\n") * 3)

    assert texts(found) == [SAID] * 3
    assert found.artefacts[0].frame["stamped"].null_count() == 0
    assert found.artefacts[0].origin.pod == "a-0"


def test_what_elasticsearch_is_told_to_do_is_no_record() -> None:
    record = {"@timestamp": AT, "message": SAID, "kubernetes": {"pod": {"name": "a-0"}}}
    action = {"index": {"_index": "logs", "_id": "1"}}

    found = opened((json.dumps(action) + "\n" + json.dumps(record) + "\n") * 3)

    assert texts(found) == [SAID] * 3
    assert found.ignored["line"].to_list() == [1, 3, 5]


def test_results_of_splunk_are_read() -> None:
    found = opened(json.dumps({"preview": False, "results": [{"_raw": SAID, "_time": AT}] * 3}))

    assert texts(found) == [SAID] * 3
