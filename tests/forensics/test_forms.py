"""Markdown, SARIF and JUnit; and the escaping they share."""

import copy
import re
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from forensics.document import load
from forensics.reporting.escape import code_span, fenced, inline, visible
from forensics.reporting.escape import markdown as plain
from forensics.reporting.frames import TIME, citations_frame, findings_frame
from forensics.reporting.junit import junit
from forensics.reporting.markdown import markdown
from forensics.reporting.sarif import sarif
from tests.forensics.hostile import NASTY, TEXTS, documents
from tests.published import faults, sarif_schema

DOCUMENTS = {p.stem: load(p.read_bytes()) for p in sorted((Path(__file__).parent / "documents").glob("*.json"))}
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ANY = documents(DOCUMENTS["failure"]) | documents(DOCUMENTS["undetermined"]) | documents(DOCUMENTS["review"])


def tokens(text: str) -> list[Token]:
    return [t for token in READER.parse(text) for t in [token, *(token.children or ())]]


def shown(text: str) -> str:
    return "".join(t.content if t.type in ("text", "code_inline") else "" for t in tokens(text))


# ---- escaping


@given(text=TEXTS)
def test_visible_leaves_nothing_to_obey_and_changes_nothing_else(text: str) -> None:
    seen = visible(text)

    assert all(char.isprintable() or char in "\n\t" for char in seen)
    kept = re.sub(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}", "", seen)
    wanted = re.sub(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}", "", text)
    assert kept == "".join(char for char in wanted if char.isprintable() or char in "\n\t")


def test_lone_surrogates_are_spelt_out() -> None:
    assert visible("a\ud800b") == "a\\ud800b"


@example(text="a@b |`` x")
@given(text=TEXTS)
def test_escaped_markdown_reads_as_it_was_written(text: str) -> None:
    assert shown(plain(text)) == inline(text).strip()
    assert {t.type for t in tokens(plain(text))} <= {
        "paragraph_open",
        "inline",
        "paragraph_close",
        "text",
        "code_inline",
    }


@given(text=TEXTS)
def test_a_code_span_reads_as_it_was_written(text: str) -> None:
    assert shown("x " + code_span(text)).removeprefix("x ").strip() == inline(text).strip()


@given(texts=st.lists(TEXTS, max_size=4))
def test_nothing_in_a_code_block_ends_it(texts: list[str]) -> None:
    (block,) = READER.parse("\n".join(fenced(texts)))

    assert (block.type, block.content) == ("fence", "".join(inline(text) + "\n" for text in texts))


# ---- Markdown


def assert_inert(text: str) -> None:
    found = tokens(text)
    assert [t for t in found if t.type in ("link_open", "image", "html_inline")] == []
    blocks = [t.content for t in found if t.type == "html_block"]
    assert len(blocks) == 1
    assert re.fullmatch(r"<!-- seldon-forensics:citations [A-Za-z0-9+/=]+ -->\n?", blocks[0])
    words = [t.content for t in found if t.type == "text"]
    # What trackers link or mention on sight stands in code only.
    assert not any(re.search(r"://|www\.|@\w", word) for word in words)
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_markdown_holds_no_html_and_no_links(name: str) -> None:
    assert_inert(markdown(DOCUMENTS[name]))


@settings(max_examples=25)
@given(document=ANY)
def test_hostile_texts_are_inert_in_markdown(document: dict[str, Any]) -> None:
    assert_inert(markdown(document))
    assert markdown(document) == markdown(document)


def test_markdown_tells_the_case() -> None:
    text = markdown(DOCUMENTS["failure"])
    blocks = [t.content for t in READER.parse(text) if t.type == "fence"]

    assert text.startswith("# FAILURE: A NetworkPolicy keeps the agent")
    assert any("seldon/mlserver-0/agent.log:120  time=" in block for block in blocks)
    assert "kubectl -n seldon edit networkpolicy deny-all\n" in blocks
    assert text.index("### 1\\.") < text.index("- F3 No server offers") < text.index("### 2\\.")


def test_tables_keep_their_columns_whatever_stands_in_a_cell() -> None:
    for name in ("hostile", "failure", "review"):
        rows = [t for t in READER.parse(markdown(DOCUMENTS[name])) if t.type in ("tr_open", "th_open", "td_open")]
        counts = "".join("|" if t.type == "tr_open" else "." for t in rows).split("|")[1:]
        assert set(map(len, counts)) <= {6, 8}


# ---- SARIF


LEVELS, KINDS = {"none", "note", "warning", "error"}, {"pass", "fail", "open", "informational", "notApplicable"}


def assert_sarif(log: dict[str, Any]) -> None:
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in LEVELS
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["kind"] in KINDS
        assert result["level"] in LEVELS
        assert (result["kind"] == "fail") == (result["level"] != "none")  # 3.27.10: any other kind has level none
        assert result["message"]["text"]
        for location in result["locations"]:
            place = location["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9/!~._%-]*", place["artifactLocation"]["uri"])
            assert 1 <= place["region"]["startLine"] <= place["region"]["endLine"]
            shown = run["artifacts"][place["artifactLocation"]["index"]]
            assert shown["location"]["uri"] == place["artifactLocation"]["uri"]
            quoted = place["region"]["snippet"]["text"].split("\n")
            first = place["region"]["startLine"]
            # What an editor opens, for the log itself lies in an archive.
            if len(quoted) == place["region"]["endLine"] - first + 1:
                assert shown["contents"]["text"].split("\n")[first - 1 : first - 1 + len(quoted)] == quoted
    for artifact in run["artifacts"]:
        assert re.fullmatch(r"[A-Za-z0-9/!~._%-]*", artifact["location"]["uri"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sarif_is_shaped_as_the_standard_says(name: str) -> None:
    assert_sarif(sarif(DOCUMENTS[name]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_sarif_holds_by_the_published_schema(name: str) -> None:
    log = orjson.loads(orjson.dumps(sarif(DOCUMENTS[name])))

    assert faults(sarif_schema(), log) == []
    log["runs"][0]["results"].append({"message": {"text": "x"}, "kind": "maybe"})
    assert len(faults(sarif_schema(), log)) == 1  # the schema does look


@settings(max_examples=10)
@given(document=ANY)
def test_hostile_texts_leave_sarif_as_its_schema_wants_it(document: dict[str, Any]) -> None:
    assert faults(sarif_schema(), orjson.loads(orjson.dumps(sarif(document)))) == []


@settings(max_examples=25)
@given(document=ANY)
def test_hostile_texts_are_visible_in_sarif(document: dict[str, Any]) -> None:
    log = sarif(document)

    assert all(char.isprintable() or char in "\n\t" for text in strings(log) for char in text)
    assert orjson.dumps(log) == orjson.dumps(sarif(document))


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def test_sarif_tells_failures_checks_and_what_is_over() -> None:
    results = {r["properties"].get("id", r["ruleId"]): r for name in ("failure", "review") for r in _results(name)}

    assert (results["F1"]["kind"], results["F1"]["level"]) == ("fail", "error")
    assert results["F6"]["kind"] == "informational"
    assert results["F7"]["kind"] == "fail"
    assert results["architecture/arch-no-tls"]["kind"] == "open"
    assert results["architecture/arch-two-schedulers"]["kind"] == "pass"
    place = results["F3"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "seldon/seldon-scheduler-0/scheduler.log"
    assert place["region"]["startLine"] == 220
    assert results["F3"]["locations"][0]["logicalLocations"]
    wider = [
        p for r in results.values() for p in (x["physicalLocation"] for x in r["locations"]) if "contextRegion" in p
    ]
    assert wider
    for place in wider:
        near = place["contextRegion"]
        assert near["startLine"] <= place["region"]["startLine"] <= place["region"]["endLine"] <= near["endLine"]
        assert place["region"]["snippet"]["text"] in near["snippet"]["text"]


def _results(name: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = sarif(DOCUMENTS[name])["runs"][0]["results"]
    return results


# ---- JUnit


def cases(document: dict[str, Any]) -> dict[str, str]:
    top = ElementTree.fromstring(junit(document))  # noqa: S314
    found = {}
    for suite in top:
        assert int(suite.attrib["tests"]) == len(suite)
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
        for case in suite:
            outcomes = [child.tag for child in case if child.tag in ("failure", "skipped", "error")]
            assert len(outcomes) <= 1
            found[f"{suite.attrib['name']} {case.attrib['name']}"] = outcomes[0] if outcomes else "passed"
    assert int(top.attrib["tests"]) == sum(len(suite) for suite in top)
    return found


def test_junit_has_a_case_a_check_and_never_passes_what_was_not_looked_at() -> None:
    told = cases(DOCUMENTS["review"])

    assert told["checks No PodDisruptionBudget protects the scheduler"] == "failure"
    assert told["checks Traffic to the scheduler is not encrypted"] == "skipped"
    assert told["checks One scheduler serves a namespace"] == "passed"
    assert told["checks EKS specifics"] == "skipped"
    assert {outcome for name, outcome in told.items() if name.startswith("unknown ")} == {"skipped"}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("failure", "failure"), ("healthy", "passed"), ("undetermined", "skipped"), ("insufficient", "skipped")],
)
def test_the_verdict_is_a_case(name: str, outcome: str) -> None:
    assert cases(DOCUMENTS[name])["verdict verdict"] == outcome
    assert DOCUMENTS[name]["summary"] in unescape(junit(DOCUMENTS[name]))


def test_what_is_over_passes_and_roots_fail() -> None:
    told = cases(DOCUMENTS["failure"])

    told = {name.partition(": ")[0]: outcome for name, outcome in told.items()}
    assert told["findings A NetworkPolicy keeps agents from the scheduler"] == "failure"
    assert told["findings The controller cannot reach the scheduler"] == "passed"


# Source: junit-10.xsd of Jenkins' xUnit plugin: what each element may bear, and in which others it may stand.
JENKINS = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}, {"testcase"}),
    "testcase": ({"name", "classname", "time", "group"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "skipped": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_jenkins_takes_the_junit(name: str) -> None:
    top = ElementTree.fromstring(junit(DOCUMENTS[name]))  # noqa: S314

    for element in top.iter():
        attributes, inner = JENKINS[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= inner
    assert all({"name", "tests", "failures", "errors"} <= set(suite.attrib) for suite in top)


def test_cases_are_called_the_same_at_another_time() -> None:
    later = copy.deepcopy(DOCUMENTS["failure"])
    later["summary"] = later["summary"].replace("2025", "2026")
    for finding in later["findings"]:
        finding["id"] = f"{finding['id']}0"

    assert set(cases(later)) == set(cases(DOCUMENTS["failure"]))


@settings(max_examples=25)
@given(document=ANY)
def test_junit_is_xml_whatever_is_in_it(document: dict[str, Any]) -> None:
    text = junit(document)

    assert ElementTree.fromstring(text).tag == "testsuites"  # noqa: S314
    assert all(char.isprintable() or char in "\n\t" for char in text)
    assert text == junit(document)


def test_the_nasty_texts_are_nasty() -> None:
    assert any(t.type != "text" for text in NASTY for t in tokens(text) if t.type in ("link_open", "html_inline"))


def test_frames_of_findings_have_times_and_join_with_the_lines_that_prove_them() -> None:
    document = DOCUMENTS["failure"]
    findings, citations = findings_frame(document), citations_frame(document)
    joined = findings.join(citations, left_on="id", right_on="finding")

    assert findings["first"].dtype == TIME
    assert findings["explains"].list.len().sum() == sum(len(f["explains"]) for f in document["findings"])
    assert findings["subject"].null_count() == sum(not f.get("subject") for f in document["findings"])
    assert joined.height == citations.height > 0
    assert findings_frame({"findings": []}).schema == findings.schema
