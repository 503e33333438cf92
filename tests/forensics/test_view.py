"""What is told where, and times as people read them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.document import load
from forensics.reporting import branches, moments, view
from forensics.reporting.render import render

FAILURE = load((Path(__file__).parent / "documents" / "failure.json").read_bytes())


def finding(number: int, role: str, at_end: str, explains: list[int]) -> dict[str, Any]:
    return {
        **FAILURE["findings"][0],
        "id": f"F{number}",
        "role": role,
        "rank": number if role == "root" else None,
        "at_end": at_end,
        "explains": [f"F{n}" for n in explains],
        "explained_by": [],
    }


SOME = st.lists(
    st.tuples(
        st.sampled_from(["root", "symptom", "contributing", "check"]),
        st.sampled_from(["ongoing", "ended", "unknown"]),
        st.lists(st.integers(1, 8), max_size=3),
    ),
    max_size=8,
)


@given(some=SOME, verdict=st.sampled_from(list(view.VERDICTS)))
def test_every_finding_but_a_check_is_told_at_exactly_one_place(some: list[Any], verdict: str) -> None:
    found = [finding(number, *entry) for number, entry in enumerate(some, 1)]
    told = [f["id"] for f in branches.tree({"findings": found, "verdict": verdict}).shown]

    by_id = {f["id"]: f for f in found}
    assert len(told) == len(set(told))
    checked = {name for name in by_id if by_id[name]["role"] == "check"}
    assert set(told) | checked == set(by_id)


def test_a_symptom_of_two_roots_stands_under_the_first_and_is_named_under_the_other() -> None:
    found = [
        finding(1, "root", "ongoing", [3]),
        finding(2, "root", "ongoing", [3]),
        finding(3, "symptom", "ongoing", []),
    ]
    first, second = branches.tree({"findings": found, "verdict": "failure"}).branches

    assert [f["id"] for f in first.followers] == ["F3"]
    assert (second.followers, [f["id"] for f in second.also]) == ((), ["F3"])


@pytest.mark.parametrize(("verdict", "roots"), [("failure", ["F1"]), ("healthy", [])])
def test_a_root_that_is_over_is_told_as_one_only_where_it_makes_the_verdict(verdict: str, roots: list[str]) -> None:
    document = {"findings": [finding(1, "root", "ended", [])], "verdict": verdict}

    assert [b.root["id"] for b in branches.tree(document).branches] == roots


def test_many_roots_stay_about_one_screen() -> None:
    many = [finding(number, "root", "ongoing", []) for number in range(1, 301)]
    text = render({**FAILURE, "findings": many, "timeline": [], "contradictions": []}).plain

    assert "And 297 more root causes" in text
    assert text.count("\n") < 120


def test_the_first_citation_of_every_piece_comes_before_the_second_of_any() -> None:
    places = [view.place(cite) for cite in view.telling(FAILURE["findings"][0], 3)]

    assert places == [
        "seldon/networkpolicies.yaml:3-9",
        "seldon/mlserver-0/agent.log:120",
        "seldon/seldon-scheduler-0/scheduler.log:14",
    ]


@pytest.mark.parametrize(
    ("earliest", "latest", "told"),
    [
        ("2025-03-04T10:15:30Z", "2025-03-04T10:15:31Z", "2025-03-04 10:15:30Z"),
        ("2025-03-04T10:15:30Z", "2025-03-04T10:17:00Z", "between 2025-03-04 10:15:30Z and 10:17:00Z"),
        ("2025-03-04T23:59:00Z", "2025-03-05T00:10:00Z", "between 2025-03-04 23:59:00Z and 2025-03-05 00:10:00Z"),
        (None, "2025-03-04T10:17:00Z", "before 2025-03-04 10:17:00Z"),
        ("2025-03-04T10:15:30.123456Z", None, "after 2025-03-04 10:15:30.123Z"),
        (None, None, "time not known"),
        ("nonsense", "nonsense", "time not known"),
    ],
)
def test_an_interval_says_what_is_known(earliest: str | None, latest: str | None, told: str) -> None:
    assert moments.interval({"earliest": earliest, "latest": latest}) == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Europe/Berlin", "2025-07-01 12:00:00+0200"),
        ("+05:30", "2025-07-01 15:30:00+0530"),
        ("-03:00", "2025-07-01 07:00:00-0300"),
        ("UTC", ""),
        (None, ""),
        ("No/Where", ""),
        ("../../etc/passwd", ""),
        ("+99:99", ""),
    ],
)
def test_a_second_zone_is_shown_where_it_is_known(name: str | None, told: str) -> None:
    assert moments.local("2025-07-01T10:00:00Z", moments.zone(name)) == told


@given(text=st.text())
def test_no_text_is_too_odd_to_be_a_time_that_is_not_known(text: str) -> None:
    assert isinstance(moments.utc(text), str)
    assert moments.zone(text) is None or text


@pytest.mark.parametrize(
    ("requests", "wanted"),
    [
        ({"total": 7, "failed": 0, "source": "counters"}, "Requests: none of 7 failed (from counters)"),
        ({"total": 7, "failed": 2, "source": "counters"}, "Requests: 2 of 7 failed (from counters)"),
        ({"total": 0, "failed": 0, "source": "counters"}, "Requests: none were made (from counters)"),
        (
            {"total": None, "failed": 3, "source": "the access log"},
            "Requests: 3 failed, of how many is not known (from the access log)",
        ),
        ({"total": 7, "failed": None}, "Requests: not known how many of 7 failed (from a source not named)"),
    ],
)
def test_requests_are_told_in_words(requests: dict[str, object], wanted: str) -> None:
    assert view.impact_lines({"impact": {"models": ["iris"], "requests": requests}}) == ["Hit: models: iris", wanted]


def test_a_command_that_answers_two_questions_is_asked_for_once() -> None:
    pods = "kubectl get pods -o yaml"
    collect = [{"why": "k8s.container: not collected", "run": pods}, {"why": "k8s.pod: not collected", "run": pods}]

    assert view.wanted({"collect": collect}) == [("states of containers: not collected; Pods: not collected", pods)]


def test_a_line_that_proves_several_findings_is_one_row_of_the_timeline() -> None:
    cite = {"member": "a.log", "lines": [3, 3], "text": "no route"}
    row = {"earliest": "2026-03-04T10:00:00Z", "latest": "2026-03-04T10:00:00Z", "source": "log.envoy", "cite": cite}
    change = {**row, "what": "a rollout", "finding": None}
    told = view.occurred(
        {
            "timeline": [
                {**row, "what": "404", "finding": "F2"},
                {**row, "what": "wrong name", "finding": "F1"},
                {**row, "what": "404", "finding": "F3"},
                change,
                {**row, "what": "404", "finding": "F2", "earliest": None},
            ]
        }
    )

    assert [(entry["what"], entry["findings"]) for entry in told] == [
        ("404; wrong name", ["F2", "F1", "F3"]),
        ("a rollout", []),
        ("404", ["F2"]),
    ]


def test_one_thing_is_asked_for_once_where_its_namespace_is_known() -> None:
    def gap(pattern: str, namespace: str) -> dict[str, Any]:
        run = f"kubectl -n {namespace} get pods -o yaml"
        return {"pattern": pattern, "missing": [{"source": "k8s.pod", "why": "not collected", "collect": run}]}

    once = view.missing({"unknown": [gap("a/a", "<namespace>"), gap("b/b", "nlp")]})
    apart = view.missing({"unknown": [gap("a/a", "<namespace>"), gap("b/b", "nlp"), gap("c/c", "risk")]})

    assert [(g["collect"], g["patterns"]) for g in once] == [("kubectl -n nlp get pods -o yaml", ["a/a", "b/b"])]
    assert len(apart) == 3


def test_what_only_a_log_names_stands_bare_unless_something_else_tells_what_it_is() -> None:
    assert view.subject({"pod": "mlserver-0", "name": "iris"}) == "iris, pod mlserver-0"
    assert view.subject({"name": "iris"}) == "iris"
    assert view.subject({"name": "bucket-1", "model": "iris"}) == "model iris, name bucket-1"


def test_a_long_path_is_told_by_its_end_where_there_is_little_room() -> None:
    assert view.short_place({"member": "var/log/pods/ml_x_1/agent/0.log", "lines": [3, 5]}) == ".../agent/0.log:3-5"
    assert view.short_place({"member": "agent/0.log", "lines": [3]}) == "agent/0.log:3"


def test_what_a_check_lacks_and_what_is_remarked_is_said_in_words() -> None:
    document = {
        "checks": [{"pattern": "a/b", "status": "unknown", "why": "state.certificate: not collected"}],
        "remarks": ["log.scheduler of seldon-scheduler-0 is silent since noon"],
    }

    assert view.checks(document)[0]["why"] == "certificates in TLS Secrets: not collected"
    assert view.remarks(document) == ["the scheduler's log of seldon-scheduler-0 is silent since noon"]
