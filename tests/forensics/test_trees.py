"""Troubleshooting trees and the knowledge base."""

import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forensics.authoring.examples import case_of, outcome_of
from forensics.guides.knowledge import one_file, site, write_site
from forensics.guides.trees import SYMPTOMS, grep, lines, named_symptom, slug, symptoms_of, tree_of
from forensics.reporting.escape import coded
from forensics.reporting.forms import UsageError
from patterns.literals import condition_literals
from patterns.loader import load_library
from patterns.pattern import Evidence

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


def test_a_filter_keeps_a_part_of_every_word_or_is_left_out() -> None:
    for pattern in LIBRARY.patterns.values():
        for piece in pattern.evidence.values():
            words = condition_literals(piece.where) if piece.where is not None else ()
            kept = let_through(piece)
            assert not kept or all(any(k in word for k in kept) for word in words), (pattern.id, piece.name)


def let_through(piece: Evidence) -> list[str]:
    return [word for word in shlex.split(grep(piece))[2:] if word != "-e"]


# Lines as the components write them, not as they are once they are read.
RAW = {
    ("scheduler/scheduler-no-matching-servers", "refused"): 'level=warning msg="Failed to schedule model fraud" '
    'error="Failed to schedule model as no matching servers are available" func=LoadModel source=SchedulerServer',
    ("scheduler/scheduler-no-matching-servers", "told"): 'Received event\t{"name": "fraud", "state": "ScheduleFailed", '
    '"reason": "Failed to schedule model as no matching servers are available"}',
    ("agent/agent-scheduler-host-missing", "nameless"): 'msg="Scheduler not ready" Name=AgentServiceManager '
    'error="rpc error: code = Unavailable desc = name resolver error: produced zero addresses"',
    ("controller/seldonconfig-missing", "missing"): 'ERROR\tReconciler error\t{"controller": "seldonruntime"}',
}


@pytest.mark.parametrize(("place", "line"), RAW.items(), ids=lambda value: str(value[0]))
def test_a_filter_lets_the_line_through_as_it_is_written(place: tuple[str, str], line: str) -> None:
    assert any(word in line for word in let_through(LIBRARY.patterns[place[0]].evidence[place[1]]))


@pytest.mark.slow
def test_no_filter_hides_what_its_piece_cites_in_the_examples() -> None:
    hidden = []
    for pattern in LIBRARY.patterns.values():
        kept = {name: words for name, piece in pattern.evidence.items() if (words := let_through(piece))}
        for example in pattern.examples if kept else ():
            if example.expect != "present":
                continue
            case = case_of(example.files, example.coverage == "whole")
            for found in outcome_of(pattern, example, LIBRARY).findings:
                for seen in (s for s in found.evidence if s.name in kept):
                    for source, row in seen.rows:
                        place = case.frames[source].row(row, named=True)
                        lines_of = example.files.get(place["member"], "").split("\n")
                        cited = lines_of[place["line"] - 1 : place["line"] - 1 + place["lines"]]
                        if not any(word in line for line in cited for word in kept[seen.name]):
                            hidden.append((pattern.id, seen.name, cited[:1]))

    assert hidden == []


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
        title = f">{coded(step.cause.title)}</a>" if step.through else f". {coded(step.cause.title)}</a>"
        assert drawn.count(title) == 1 + sum(title == f">{coded(entry.title)}</a>" for entry in tree.entries)
    assert questions.count('<li id="s') == len(near)


def test_the_one_file_leads_to_its_own_places() -> None:
    text = one_file(LIBRARY)
    anchors = re.findall(r'<a id="([\w-]+)">', text)
    links = set(re.findall(r"\]\(([^)]*)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))

    assert len(anchors) == len(set(anchors)) == len(LIBRARY.patterns)
    assert {f"#{anchor}" for anchor in anchors} >= {link for link in links if ".md" in link or link.startswith("#")}


def test_pages_for_people_hold_no_variables_that_a_shell_takes_for_nothing() -> None:
    texts = [one_file(LIBRARY), *PAGES.values()]
    commands = [found for text in texts for found in re.findall(r"kubectl[^\n<]*", text)]

    assert len(commands) > 1000
    assert not [run for run in commands if "$namespace" in run or "$pod" in run or "$model" in run]


def test_a_failure_is_to_be_looked_for_by_hand() -> None:
    page = PAGES["failure/agent/agent-cannot-reach-scheduler.html"]

    assert "<b>tried</b>: the agent&#39;s log" in page
    assert "grep -F -e &#x27;Scheduler not ready&#x27;" in page
    assert "<code>a with no later b</code>: no b comes after the last a." in page
