"""Troubleshooting trees and the knowledge base."""

from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forensics.guides.knowledge import one_file, site, write_site
from forensics.guides.trees import SYMPTOMS, grep, lines, named_symptom, slug, symptoms_of, tree_of
from forensics.reporting.forms import UsageError
from patterns.literals import condition_literals
from patterns.loader import load_library

LIBRARY = load_library()
PAGES = dict(site(LIBRARY))


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_every_symptom_people_search_for_has_a_tree(symptom: str) -> None:
    tree = tree_of(LIBRARY, symptom)

    assert {pattern.name for pattern in tree.entries} == set(SYMPTOMS[symptom])
    assert len(tree.steps) >= 3


def test_a_tree_asks_of_no_cause_twice_and_names_only_causes() -> None:
    tree = tree_of(LIBRARY, "404")

    asked = [step.cause.id for step in tree.steps]
    assert len(asked) == len(set(asked))
    assert "scheduler/scheduler-capability-mismatch" in asked
    assert "envoy/envoy-no-route-404" not in asked


def test_a_symptom_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match="404 or no_route"):
        named_symptom(LIBRARY, "zzz")


def test_the_text_says_where_no_leads() -> None:
    text = "\n".join(lines(tree_of(LIBRARY, "Scheduler not ready")))

    assert "no -> 2" in text
    assert "no -> the cause is not among the known ones" in text
    assert "yes -> " in text


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.extend(value for name, value in attrs if name in ("href", "src") and value)


def test_every_link_of_the_site_leads_to_a_page_of_it() -> None:
    pages = PAGES

    for name, text in pages.items():
        links = _Links()
        links.feed(text)
        for link in links.found:
            target = link.partition("#")[0]
            if target and "://" not in target:
                reached = (Path("/") / Path(name).parent / target).resolve().relative_to("/")
                assert str(reached) in pages, (name, link)


def test_every_failure_has_a_page_and_stands_in_the_one_file(tmp_path: Path) -> None:
    assert write_site(LIBRARY, tmp_path) == len(PAGES)

    text = one_file(LIBRARY)
    for pattern in LIBRARY.patterns.values():
        assert (tmp_path / f"failure/{pattern.id}.html").is_file()
        assert pattern.name in text


def test_a_filter_keeps_all_words_or_is_left_out() -> None:
    for pattern in LIBRARY.patterns.values():
        for piece in pattern.evidence.values():
            words = condition_literals(piece.where) if piece.where is not None else ()
            found = grep(piece)
            assert not found or found.count(" -e ") == len(words), (pattern.id, piece.name)


def test_the_short_form_asks_the_nearest_causes_only() -> None:
    tree = tree_of(LIBRARY, "404")
    short, whole = list(lines(tree)), list(lines(tree, details=True))

    near = [step for step in tree.steps if not step.through]
    assert sum("? (" in line for line in short) == len(near) < len(tree.steps)
    assert len(short) < len(whole) / 4
    assert f"{len(tree.steps) - len(near)} more are causes of these" in short[-1]


@pytest.mark.parametrize("symptom", symptoms_of(LIBRARY))
def test_the_drawn_tree_holds_every_cause_once_and_the_questions_the_nearest_ones(symptom: str) -> None:
    tree = tree_of(LIBRARY, symptom)
    page = PAGES[f"symptom/{slug(symptom)}.html"]
    drawn, _, questions = page.partition("<h2>Questions</h2>")
    near = [step for step in tree.steps if not step.through]

    for step in tree.steps:
        title = f">{escape(step.cause.title)}</a>" if step.through else f". {escape(step.cause.title)}</a>"
        assert drawn.count(title) == 1 + sum(title == f">{escape(entry.title)}</a>" for entry in tree.entries)
    assert questions.count('<li id="s') == len(near)
