"""A tree with the answers of a bundle: read from its report alone, and it ends in a cause or in what to collect."""

from typing import Any

from forensics.guides.trees import tree_of
from forensics.guides.walks import walked
from patterns.loader import load_library

LIBRARY = load_library()
ROUTE, LOAD, FILE = "envoy/envoy-no-route-404", "scheduler/model-failed-load", "storage/artifact-not-what-it-seems"
AGENT = {"source": "log.agent", "why": "not collected", "collect": "kubectl logs mlserver-0 -c agent"}
ACCESS = {"source": "log.envoy_access", "why": "not collected", "collect": "kubectl exec deploy/seldon-envoy"}


def finding(name: str, pattern: str, role: str, explains: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    about = LIBRARY.patterns[pattern]
    fixed = {"subject": {"model": "iris"}, "count": 2, "at_end": "ongoing", "certainty": "certain"}
    own = {"id": name, "pattern": pattern, "title": about.title, "role": role, "explains": list(explains)}
    cite = {"member": "agent.log", "lines": [7, 7], "text": "what\x1b[1m broke"}
    proof = {"name": "line", "strength": "required", "state": "present", "cites": [cite]}
    return fixed | own | {"evidence": [proof], "first": {"earliest": "2026-03-04T10:00:00Z"}} | more


def told(**document: Any) -> list[str]:
    return list(walked(tree_of(LIBRARY, "404"), document))


def test_it_ends_with_the_cause_that_the_bundle_shows() -> None:
    lines = told(
        findings=[
            finding("F1", FILE, "root", ("F2",), rank=1),
            finding("F2", LOAD, "symptom", ("F3",), explained_by=["F1"]),
            finding("F3", ROUTE, "symptom", explained_by=["F2"]),
        ]
    )

    assert lines[-1] == f"So: {LIBRARY.patterns[FILE].title}."
    assert any(line.startswith("  1.") and FILE in line for line in lines)
    assert any("agent.log:7  what\\x1b[1m broke" in line for line in lines)


def test_it_ends_with_what_to_collect_where_no_cause_is_known() -> None:
    lines = told(
        findings=[finding("F2", LOAD, "symptom", ("F3",)), finding("F3", ROUTE, "symptom", explained_by=["F2"])],
        candidates=[{"symptom": "F2", "pattern": FILE, "state": "unknown"}],
        unknown=[
            {"pattern": FILE, "missing": [AGENT]},
            {"pattern": "scheduler/scheduler-server-not-connected", "missing": [ACCESS]},  # of what is explained
        ],
    )

    assert "    kubectl logs mlserver-0 -c agent" in lines
    assert lines[-1].startswith("So: the cause is not established. Collect the agent's log first")
    assert lines[-1].endswith("1 of 1.")


def test_what_is_there_without_a_link_is_no_cause() -> None:
    lines = told(findings=[finding("F1", FILE, "root", rank=1), finding("F3", ROUTE, "symptom")])

    assert "There too, but nothing links it to this symptom:" in lines
    title = LIBRARY.patterns[FILE].title
    assert lines[-1] == (
        f"So: the cause is not among the known ones. Without a link to it is there: {title} (see `analyse`)."
    )


def test_what_the_bundle_does_show_is_said_where_the_symptom_cannot_be_seen() -> None:
    title = LIBRARY.patterns[FILE].title
    able = told(findings=[finding("F1", FILE, "root", rank=1)], unknown=[{"pattern": ROUTE, "missing": [ACCESS]}])
    other = finding("F1", "mlflow/mlflow-schema-enforcement", "root", rank=1) | {"title": "Elsewhere"}
    elsewhere = list(walked(tree_of(LIBRARY, "external access fails"), {"findings": [other]}))

    assert able[-1].endswith(f"What it does show: {title}, which can lead to it: begin there.")
    assert "There, and able to lead to this symptom, though the symptom itself is not seen:" in able
    assert elsewhere[-1].endswith("does not show this symptom. What it does show: Elsewhere (see `analyse`).")


def test_of_a_symptom_that_is_over_that_is_said() -> None:
    lines = told(findings=[finding("F3", ROUTE, "symptom", at_end="ended")])

    assert lines[-1] == "So: this symptom was there, and was over by the end of the bundle."
    assert not any(line.startswith("Ruled out") for line in lines)


def test_of_a_symptom_that_is_not_there_no_cause_is_asked_for() -> None:
    lines = told(findings=[], unknown=[{"pattern": FILE, "missing": [AGENT]}])

    assert lines[-1] == "So: this bundle does not show this symptom."
    assert not any("kubectl" in line for line in lines)


def test_of_a_symptom_that_cannot_be_seen_what_would_show_it() -> None:
    lines = told(findings=[], unknown=[{"pattern": FILE, "missing": [AGENT]}, {"pattern": ROUTE, "missing": [ACCESS]}])

    assert [line.strip() for line in lines if "kubectl" in line] == ["kubectl exec deploy/seldon-envoy"]
    assert lines[-1] == "So: whether this symptom is there cannot be told from what was collected."


def test_a_cause_does_not_work_through_what_is_surely_not_there() -> None:
    far = next(step for step in tree_of(LIBRARY, "404").steps if step.through)
    unknown = [{"pattern": far.cause.id, "missing": [AGENT]}]
    lines = told(findings=[finding("F3", ROUTE, "symptom")], unknown=unknown)

    assert not any(far.cause.id in line and "helps" in line for line in lines)
    assert lines[-1] == "So: the cause is not among the known ones."
