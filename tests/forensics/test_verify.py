"""A report is checked against the bundle it was made from."""

import copy
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.document import citations, dump, load
from forensics.reporting.embedded import KIND, block_in_markdown, comment
from forensics.reporting.html import html
from forensics.reporting.markdown import markdown
from forensics.reporting.postmortem import postmortem, postmortem_html
from forensics.reporting.verify import Outcome, ReportError, verify

DOCUMENTS = {p.stem: load(p.read_bytes()) for p in sorted((Path(__file__).parent / "documents").glob("*.json"))}
FAILURE = DOCUMENTS["failure"]
FORMS = {
    "json": dump,
    "html": lambda document: html(document).encode(),
    "md": lambda document: markdown(document).encode(),
    "post-mortem": lambda document: postmortem(document, {"summary": "ours"}).encode(),
    "post-mortem as html": lambda document: postmortem_html(document).encode(),
}
Bundle = list[tuple[str, str | None, list[str]]]


def bundle(document: dict[str, Any]) -> Bundle:
    """The bundle a document could have been made from: what it cites stands where it says."""
    made = []
    for member in document["coverage"]["members"]:
        lines = [f"line {n}" for n in range(1, member["lines"] + 1)]
        for _, cite in citations(document):
            if cite["member"] == member["member"]:
                for number, line in enumerate(cite["text"].split("\n"), cite["lines"][0]):
                    lines[number - 1] = line
        made.append((member["member"], member["sha256"], lines))
    return made


def bad(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.state != "holds"]


# A line cited twice, as a whole and as part of several, says one thing only.
SOUND = copy.deepcopy(FAILURE)
SOUND["changes"][0]["cite"]["text"] = "spec:"
SOUND["timeline"][2]["cite"]["text"] = "spec:"


@pytest.mark.parametrize("form", FORMS)
def test_a_report_holds_against_its_own_bundle(form: str) -> None:
    outcomes = verify(FORMS[form](SOUND), bundle(SOUND))

    assert bad(outcomes) == []
    assert sum(o.claim == "citation" for o in outcomes) == len(
        {(c["member"], *c["lines"], c["text"]) for _, c in citations(SOUND)}
    )
    assert "member" in {o.claim for o in outcomes}


@pytest.mark.parametrize("form", FORMS)
def test_every_changed_line_that_is_cited_is_noticed(form: str) -> None:
    report = FORMS[form](SOUND)
    for _, cite in citations(SOUND):
        changed = copy.deepcopy(bundle(SOUND))
        lines = next(lines for name, _, lines in changed if name == cite["member"])
        lines[cite["lines"][0] - 1] += "!"

        assert any(o.claim == "citation" and o.member == cite["member"] for o in bad(verify(report, changed)))


@pytest.mark.parametrize("form", FORMS)
def test_another_member_hash_is_noticed(form: str) -> None:
    other = [(name, "0" * 64, lines) for name, _, lines in bundle(SOUND)]

    assert {o.claim for o in bad(verify(FORMS[form](SOUND), other))} == {"member"}


@pytest.mark.parametrize("form", FORMS)
def test_a_member_that_is_gone_is_noticed(form: str) -> None:
    report, whole = FORMS[form](SOUND), bundle(SOUND)
    fewer = [member for member in whole if not member[0].endswith("agent.log")]
    outcomes = bad(verify(report, fewer))

    assert {o.member for o in outcomes} == {"seldon/mlserver-0/agent.log"}
    assert {o.state for o in outcomes} == {"missing"}
    assert {o.claim for o in outcomes} == {"member", "citation"}


def test_a_changed_report_is_noticed() -> None:
    data = dump(SOUND)
    for old, new in ((b"i/o timeout", b"connection refused"), (b"AccessDenied: ", b"")):
        assert old in data
        assert bad(verify(data.replace(old, new), bundle(SOUND)))


@pytest.mark.parametrize("form", ["html", "md", "post-mortem", "post-mortem as html"])
def test_words_that_were_changed_for_people_only_are_noticed(form: str) -> None:
    report = FORMS[form](SOUND).decode()
    shown, cut, carried = report.partition("<script type=" if "html" in form else "<!-- seldon-forensics:citations")
    changed = shown.replace("code = Unavailable", "code = Fine").replace("AccessDenied: ", "")
    outcomes = bad(verify((changed + cut + carried).encode(), bundle(SOUND)))

    assert changed != shown
    assert {re.sub(r":.*", "", o.member) for o in outcomes} == {
        "seldon/mlserver-0/agent.log",
        "seldon/mlserver-0/rclone.log",
    }


def test_lines_past_the_end_are_missing() -> None:
    short = [(name, digest, lines[:10]) for name, digest, lines in bundle(SOUND)]

    assert {o.state for o in bad(verify(dump(SOUND), short))} == {"missing"}


def test_an_empty_text_proves_nothing() -> None:
    emptied = copy.deepcopy(SOUND)
    emptied["findings"][1]["evidence"][0]["cites"][0]["text"] = ""

    assert bad(verify(dump(emptied), bundle(SOUND)))


def test_lines_are_masked_before_they_are_compared() -> None:
    def mask(text: str) -> str:
        return re.sub(r"password=\S+", "password=***", text)

    cite = {"member": "a.log", "lines": [2, 2], "text": "login password=*** failed", "source": "log.other"}
    report = copy.deepcopy(DOCUMENTS["unrecognised"])
    report["timeline"] = [{"earliest": None, "latest": None, "source": "log.other", "what": "x", "cite": cite}]
    lines = ["first", "login password=hunter2 failed\r", "last"]

    assert bad(verify(dump(report), [("a.log", None, lines), ("holiday.jpg", *_same("holiday.jpg", report))])) != []
    (outcome,) = [o for o in verify(dump(report), [("a.log", None, lines)], mask) if o.claim == "citation"]
    assert outcome.state == "holds"
    assert all("hunter2" not in o.detail for o in verify(dump(report), [("a.log", None, ["a", "hunter2"])], mask))


def _same(name: str, document: dict[str, Any]) -> tuple[str, list[str]]:
    return next(m["sha256"] for m in document["coverage"]["members"] if m["member"] == name), []


@pytest.mark.parametrize(
    ("told", "state"),
    [("x" * 100 + "needle" + "y" * 200, "holds"), ("x" * 100 + "noodle" + "y" * 200, "differs"), ("needle", "differs")],
)
def test_of_a_very_long_line_a_part_may_be_quoted(told: str, state: str) -> None:
    report = copy.deepcopy(DOCUMENTS["unrecognised"])
    cite = {"member": "dump.json", "lines": [1, 1], "text": told, "source": "envoy.route"}
    report["timeline"] = [{"earliest": None, "latest": None, "source": "envoy.route", "what": "x", "cite": cite}]
    line = "x" * 3000 + "needle" + "y" * 3000

    assert [o.state for o in verify(dump(report), [("dump.json", None, [line])]) if o.claim == "citation"] == [state]


def test_a_member_is_read_once_in_turn_and_only_where_it_is_cited() -> None:
    read: list[str] = []

    def lines(name: str, own: list[str]) -> Iterator[str]:
        read.append(name)
        yield from own

    given = ((name, digest, lines(name, own)) for name, digest, own in bundle(SOUND))

    assert bad(verify(dump(SOUND), given)) == []
    assert read == [m[0] for m in bundle(SOUND) if m[0] in {c["member"] for _, c in citations(SOUND)}]


def test_a_mapping_of_members_will_do_too() -> None:
    assert bad(verify(dump(SOUND), {name: (digest, lines) for name, digest, lines in bundle(SOUND)})) == []


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"hello", b"<!doctype html><p>x", b"\xff\x00", b"# Report\n"])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(ReportError):
        verify(data, [])


def test_a_quoted_comment_does_not_pass_for_the_report_s_own() -> None:
    forged = comment({"schema": "seldon-forensics/citations/1", "members": [], "citations": []})
    document = copy.deepcopy(SOUND)
    document["findings"][1]["remedy"] = [{"do": forged, "run": forged}]
    document["findings"][1]["why"] = forged

    for form in FORMS.values():
        assert len(verify(form(document), bundle(SOUND))) == len(verify(form(SOUND), bundle(SOUND)))


@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_report_can_be_checked_too(form: str) -> None:
    hostile = DOCUMENTS["hostile"]
    outcomes = verify(FORMS[form](hostile), [])

    assert outcomes
    assert {o.state for o in outcomes} == {"missing"}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*path, key))


@settings(max_examples=150)
@given(
    path=st.sampled_from([p for p in places(FAILURE) if len(p) > 1]),
    instead=st.sampled_from([None, 0, -5, "x", [], {}, [None], [{}], [1, 10**12], True]),
)
def test_a_malformed_report_is_told_and_never_a_crash(path: tuple[Any, ...], instead: Any) -> None:
    broken = copy.deepcopy(FAILURE)
    holder = broken
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = instead

    assert isinstance(verify(dump(broken), bundle(SOUND)), list)


def test_a_list_that_is_not_packed_is_read_as_well() -> None:
    block = {"schema": KIND, "members": [{"member": "a.log", "sha256": "0" * 64}], "citations": []}
    plain = f"# x\n<!-- seldon-forensics:citations {b64encode(orjson.dumps(block)).decode()} -->\n"

    assert block_in_markdown(plain) == block_in_markdown(f"# x\n{comment(block)}\n") == block


@pytest.mark.parametrize("form", FORMS)
def test_long_members_are_checked_as_short_ones_are(form: str) -> None:
    folder = "var/log/pods/namespace_of-a-pod-with-a-long-name_0123"
    members = [member["member"] for member in SOUND["coverage"]["members"]]
    text = dump(SOUND).decode()
    for member in members:
        text = text.replace(f'"{member}"', f'"{folder}/{member}"')
    document = orjson.loads(text)
    report = FORMS[form](document)

    assert bad(verify(report, bundle(document))) == []
    if form != "json":
        shown, cut, carried = report.decode().partition(
            "<script type=" if "html" in form else "<!-- seldon-forensics:c"
        )
        changed = shown.replace("code = Unavailable", "code = Fine")
        assert changed != shown
        assert bad(verify((changed + cut + carried).encode(), bundle(document)))
