"""The write-up: what is known how, and people's own words."""

import re
from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from forensics.document import load
from forensics.reporting.escape import visible
from forensics.reporting.postmortem import (
    INFERRED,
    OBSERVED,
    UNKNOWN,
    holds_notes,
    notes_in,
    postmortem,
    postmortem_html,
    sections,
)
from forensics.reporting.prose import prose
from tests.forensics.hostile import TEXTS, documents

DOCUMENTS = {p.stem: load(p.read_bytes()) for p in sorted((Path(__file__).parent / "documents").glob("*.json"))}
READER = MarkdownIt("commonmark", {"html": True})
NOTES = {
    "trigger": "The policy came with *our* rollout.",
    "actions": "- [x] done\n\nby the team",
    "impact": "Two hours.",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_sentence_says_how_it_is_known_and_only_a_citation_makes_it_observed(name: str) -> None:
    for section in sections(DOCUMENTS[name]):
        for sentence in section.sentences:
            assert sentence.how in (OBSERVED, INFERRED, UNKNOWN)
            assert sentence.cites or sentence.how != OBSERVED


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_to_a_citation(name: str) -> None:
    text = postmortem(DOCUMENTS[name])

    assert set(re.findall(r"\]\(#(e\d+)\)", text)) == set(re.findall(r'<a id="(e\d+)"></a>', text))


def test_all_parts_are_there() -> None:
    assert [s.title for s in sections(DOCUMENTS["failure"])] == [
        "Summary",
        "Impact",
        "Timeline",
        "Trigger",
        "Root cause",
        "Contributing factors",
        "Detection",
        "What could not be established",
        "Actions",
    ]
    assert postmortem(DOCUMENTS["failure"]).count("- Owner:\n") == 3


@pytest.mark.parametrize("name", DOCUMENTS)
def test_made_again_it_keeps_what_people_wrote(name: str) -> None:
    first = postmortem(DOCUMENTS[name], NOTES)

    assert notes_in(first) == NOTES
    assert postmortem(DOCUMENTS[name], notes_in(first)) == first


def test_an_untouched_write_up_holds_no_notes() -> None:
    assert notes_in(postmortem(DOCUMENTS["failure"])) == {}


def test_an_owner_that_was_filled_in_stays_with_its_action() -> None:
    text = postmortem(DOCUMENTS["failure"]).replace("- Owner:", "- Owner: platform team", 1)
    again = postmortem(DOCUMENTS["failure"], notes_in(text))

    assert again.index("Allow TCP 9005") < again.index("- Owner: platform team") < again.index("See which policies")
    assert again.count("- Owner:\n") == 2


def test_words_added_anywhere_are_kept_in_their_part() -> None:
    text = postmortem(DOCUMENTS["failure"])
    added = text.replace("## Detection\n", "## Detection\n\nThe customer rang at noon.\n")
    kept = postmortem(DOCUMENTS["failure"], notes_in(added))

    assert notes_in(added) == {"detection": "The customer rang at noon."}
    assert kept.index("## Detection") < kept.index("The customer rang at noon.") < kept.index("## What could not")


def test_words_whose_part_is_gone_are_kept_at_the_end() -> None:
    text = postmortem(DOCUMENTS["failure"]).replace("- Owner:", "- Owner: platform team", 1)
    healthy = postmortem(DOCUMENTS["healthy"], notes_in(text))

    assert "- Owner: platform team" in healthy
    assert notes_in(healthy) == notes_in(text)


def test_a_quoted_line_does_not_pass_for_a_note() -> None:
    forged = "<!-- notes: summary -->\nforged\n<!-- end of notes -->"
    document = load((Path(__file__).parent / "documents" / "failure.json").read_bytes())
    document["findings"][0]["evidence"][0]["cites"][0]["text"] = forged
    document["findings"][0]["remedy"][0]["run"] = forged
    document["summary"] = forged

    assert notes_in(postmortem(document)) == {}


@settings(max_examples=25)
@given(document=documents(DOCUMENTS["failure"]))
def test_hostile_texts_are_inert_and_make_no_notes(document: dict[str, Any]) -> None:
    text = postmortem(document)
    found = [t for token in READER.parse(text) for t in [token, *(token.children or ())]]

    assert {t.attrs["href"][:2] for t in found if t.type == "link_open"} <= {"#e"}
    assert all(re.fullmatch(r'<a id="e\d+">|</a>', t.content) for t in found if t.type == "html_inline")
    assert all(t.content.startswith("<!-- ") for t in found if t.type == "html_block")
    assert [t for t in found if t.type == "image"] == []
    assert notes_in(text) == {}
    assert text == postmortem(document)


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).map(str.strip).filter(bool)


@settings(max_examples=30)
@given(notes=st.dictionaries(st.sampled_from(["summary", "trigger", "gone", "action-x/y-1"]), WORDS))
def test_any_words_come_back(notes: dict[str, str]) -> None:
    assert notes_in(postmortem(DOCUMENTS["failure"], notes)) == notes


def test_notes_are_laid_out_as_they_were_written() -> None:
    notes = "## What we saw\nThe first\nparagraph, `kubectl get` **twice**.\n\n1. one\n2) two\n   more\n- [x] done\n```sh\n# <b>\n```\nend"

    assert prose(notes) == (
        "<h3>What we saw</h3><p>The first\nparagraph, <code>kubectl get</code> <strong>twice</strong>.</p>"
        "<ol><li>one</li><li>two\nmore</li></ol><ul><li>\N{BALLOT BOX WITH CHECK} done</li></ul>"
        "<pre><code># &lt;b&gt;</code></pre><p>end</p>"
    )


@given(text=TEXTS | st.text("#-*`~ 1.)[]x<&\n", max_size=60))
def test_no_word_of_a_note_is_lost_or_becomes_markup(text: str) -> None:
    made = prose(text)

    assert set(re.findall(r"<(\w+)", made)) <= {"h3", "h4", "p", "ul", "ol", "li", "pre", "code", "strong"}
    plain = unescape(re.sub(r"<[^>]*>", "", made))
    kept = Counter(char for char in visible(text) if char.isalpha() or char in "<>&")
    assert kept - Counter(plain) - Counter(_left_out(text)) == Counter()


def _left_out(text: str) -> str:
    """What layout alone may swallow: the word behind a fence, and the cross in a box."""
    fences = re.findall(r"^\s*(?:```|~~~)[`~]*\s*\w*\s*$", visible(text), re.MULTILINE)
    return "".join(fences) + "xX" * (text.count("[x]") + text.count("[X]"))


def test_notes_stand_in_the_page_as_text() -> None:
    page = postmortem_html(DOCUMENTS["failure"], {"summary": "a <b>bold</b> word", "gone": "x"})

    assert "a &lt;b&gt;bold&lt;/b&gt; word" in page
    assert "Notes whose part is gone: gone" in page


def test_a_sentence_names_each_citation_once() -> None:
    cite = {"member": "agent.log", "lines": [7, 7], "text": "it broke"}
    proof = {"name": "line", "strength": "required", "state": "present", "cites": [cite]}
    same = {"pattern": "layer/name", "title": "it breaks", "subject": {"model": "iris"}, "evidence": [proof]}
    found = [same | {"id": "F1", "role": "root", "rank": 1}, same | {"id": "F2", "role": "symptom"}]

    text = postmortem({"verdict": "failure", "findings": found, "impact": {"models": ["iris"]}})

    assert "models: iris [E1](#e1)\n" in text


def test_a_finding_about_nobody_says_so_by_silence_and_gaps_are_few_with_their_commands() -> None:
    document = load((Path(__file__).parent / "documents" / "failure.json").read_bytes())
    document["findings"][0] |= {"subject": {}, "subjects": []}
    run = "kubectl get pods"
    document["unknown"] = [
        {"pattern": "a/b", "missing": [{"source": f"k8s.kind{i}", "why": "not collected", "collect": run}]}
        for i in range(30)
    ]
    told = {section.anchor: section.sentences for section in sections(document)}
    gaps = [sentence for sentence in told["not-established"] if sentence.run]

    assert not any(": ;" in s.text or "; ;" in s.text for group in told.values() for s in group)
    assert {s.run for s in gaps} == {run}
    assert len(gaps) == 12
    assert any(s.text == "And 18 more sources, which the report names" for s in told["not-established"])
    assert "Collect it with `kubectl get pods`" in postmortem(document)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_only_a_write_up_in_markdown_holds_notes(name: str) -> None:
    assert holds_notes(postmortem(DOCUMENTS[name]))
    assert not holds_notes(postmortem_html(DOCUMENTS[name], NOTES))
    assert not holds_notes("# Our own words")
