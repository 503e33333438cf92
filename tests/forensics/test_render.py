"""The report for a terminal."""

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from forensics.document import load
from forensics.reporting.folding import fold, opening
from forensics.reporting.page import Page
from forensics.reporting.render import render
from tests.forensics.hostile import HARMLESS, documents

DOCUMENTS = {p.stem: load(p.read_bytes()) for p in sorted((Path(__file__).parent / "documents").glob("*.json"))}
COMMANDS = ("kubectl ", "grep ")


def printed(document: dict[str, Any], *, details: bool = False, width: int = 80, **kwargs: Any) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False, **kwargs)
    console.print(render(document, details=details, width=width), soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_first_line_begins_with_the_verdict_and_the_answer(name: str) -> None:
    if name == "hostile":
        return
    first = printed(DOCUMENTS[name], width=400).split("\n")[0]

    assert first == f"{DOCUMENTS[name]['verdict'].upper()}  {DOCUMENTS[name]['summary']}"


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_line_but_a_command_is_wider_than_the_terminal(name: str, details: bool, width: int) -> None:
    lines = printed(DOCUMENTS[name], details=details, width=width).split("\n")
    commands = {line.strip() for line in _commands(DOCUMENTS[name])}

    assert [
        line for line in lines if cell_len(line) > width and line.strip() not in commands and name != "hostile"
    ] == []


def test_a_place_wider_than_the_terminal_stands_whole_on_a_line_of_its_own() -> None:
    member = "case/pods/" + "x" * 90 + "/agent.log"
    document = load(orjson.dumps(DOCUMENTS["failure"]).replace(b"seldon/mlserver-0/agent.log", member.encode()))

    for details in (False, True):
        lines = [line.strip() for line in printed(document, details=details).split("\n")]
        assert f"{member}:120" in lines


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "hostile"])
def test_the_short_form_is_about_one_screen(name: str) -> None:
    assert printed(DOCUMENTS[name]).count("\n") <= 70


@given(text=st.text("ab. ", max_size=60).map(lambda t: " ".join(t.split())), room=st.integers(5, 60))
def test_a_shortened_reason_ends_with_a_sentence(text: str, room: int) -> None:
    short = opening(text, room)

    assert text.startswith(short)
    assert short == text or len(short) <= room or ". " not in short.removesuffix(".")


def _commands(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value[k] for k in ("run", "collect") if isinstance(value.get(k), str)]
        return [line for run in own for line in run.split("\n")] + [c for v in value.values() for c in _commands(v)]
    return [c for item in value for c in _commands(item)] if isinstance(value, list) else []


def test_commands_stand_unbroken_on_lines_of_their_own() -> None:
    lines = [line.strip() for line in printed(DOCUMENTS["failure"]).split("\n")]
    told = [
        line
        for finding in DOCUMENTS["failure"]["findings"]
        for action in [*finding["remedy"], *([finding["verify"]] if finding["verify"] else [])]
        for line in action["run"].split("\n")
    ]

    assert told
    assert [command for command in told if command not in lines] == []


def test_roots_stand_with_their_lines_and_their_symptoms_under_them() -> None:
    text = printed(DOCUMENTS["failure"], width=400)

    assert "1. A NetworkPolicy keeps agents from the scheduler  [critical, certain, F1]" in text
    assert 'seldon/mlserver-0/agent.log:120  time="2025-03-04T10:15:30Z" level=error' in text
    order = [text.index(words) for words in ("1. A NetworkPolicy", "explains No server offers", "2. The object store")]
    assert order == sorted(order)
    assert text.count("No server offers what the model requires") == 1
    assert "since 2025-03-04 10:15:30Z, 17 times, ongoing" in text
    assert "Over by the end: The controller cannot reach the scheduler" in text


def test_what_an_explanation_assumes_is_told() -> None:
    assert "that it follows is assumed: the only Envoy in the bundle" in printed(DOCUMENTS["failure"], width=200)


def test_a_symptom_without_a_cause_comes_with_its_candidates() -> None:
    text = printed(DOCUMENTS["undetermined"], width=200)

    assert "agent/agent-cannot-reach-scheduler: unknown, no agent's log was collected" in text
    assert "ruled out: scheduler/scheduler-restarted-empty" in text
    assert "\n      kubectl -n seldon get pods -o yaml\n" in text


def test_the_source_that_would_separate_most_comes_first() -> None:
    text = printed(DOCUMENTS["undetermined"], width=200)

    assert text.index(" the agent's log: not collected") < text.index(" the Kafka brokers' logs: not collected (2")


def test_ties_are_shown_as_ties() -> None:
    tied = {**DOCUMENTS["failure"]}
    tied["findings"] = [{**f, "rank": 1} if f["role"] == "root" else f for f in tied["findings"]]

    assert "1. (tied) A NetworkPolicy" in printed(tied)


def test_details_show_every_citation_the_state_and_the_reply() -> None:
    text = printed(DOCUMENTS["failure"], details=True, width=400)

    for words in ("agent.log:131", "Starting agent", "first broken", "Timeline", "Clocks", "For the customer"):
        assert words in text
    assert "clusters" in text


def test_failed_checks_are_named() -> None:
    text = printed(DOCUMENTS["review"])

    assert "Readiness: 1 failed, 1 unknown, 1 passed" in text
    assert "No PodDisruptionBudget protects the scheduler" in text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_but_our_own_colours_reaches_the_terminal(name: str) -> None:
    plain = printed(DOCUMENTS[name], details=True, color_system=None)

    assert all(char.isprintable() or char == "\n" for char in plain)


@settings(max_examples=20)
@given(document=documents(DOCUMENTS["failure"]), details=st.booleans(), width=st.integers(40, 200))
def test_hostile_texts_are_seen_and_not_obeyed(document: dict[str, Any], details: bool, width: int) -> None:
    once = printed(document, details=details, width=width, color_system=None)

    assert all(char.isprintable() or char == "\n" for char in once)
    assert once == printed(document, details=details, width=width, color_system=None)


@given(text=st.text(HARMLESS).map(lambda t: " ".join(t.split())), width=st.integers(12, 60), hang=st.integers(0, 2))
def test_folding_loses_nothing_but_blanks(text: str, width: int, hang: int) -> None:
    lines = [text[start:end] for start, end in fold(text, width, hang)]

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_a_paragraph_that_is_cut_is_no_wider_than_the_others(width: int) -> None:
    page = Page(width, details=False)
    page.say("what is said ", ("here and there " * 40, "bold"), indent=3, hang=4, most=3)
    page.say("漢字" * 200, most=2)

    lines = page.text.plain.rstrip("\n").split("\n")
    assert len(lines) == 5
    assert all(cell_len(line) <= width for line in lines)
    assert lines[2].endswith(" ...")
    assert lines[4].endswith(" ...")
