"""What an analysis is asked: a time, a model, and what is accepted already."""

from datetime import UTC, datetime
from pathlib import Path

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import problems
from forensics.selection import Request
from patterns.loader import load_library
from patterns.packs import Suppression

ROOT = Path(__file__).parent.parent.parent / "sample_bundles"
LIBRARY = load_library()
PORT = "network/networkpolicy-blocks-agent-to-scheduler"


def opened(name: str, until: datetime | None = None):
    return read(open_bundle([next((ROOT / name).glob("bundle*"))]), until)


def test_what_is_accepted_goes_with_all_that_follows_from_it() -> None:
    accepted = Suppression(PORT, {}, "on purpose", None)

    made = analyse(opened("agent-port-shut"), LIBRARY, Request(suppressions=[accepted]))

    assert made["verdict"] == "healthy"
    assert any("on purpose" in remark for remark in made["remarks"])
    assert problems(made) == []


def test_an_acceptance_that_has_ended_accepts_nothing() -> None:
    accepted = Suppression(PORT, {}, "until then", datetime(2026, 1, 1, tzinfo=UTC))

    made = analyse(opened("agent-port-shut"), LIBRARY, Request(suppressions=[accepted]))

    assert made["verdict"] == "failure"


def test_an_acceptance_is_judged_as_of_the_day_asked_for() -> None:
    accepted = Suppression(PORT, {}, "until then", datetime(2026, 1, 1, tzinfo=UTC))
    day = datetime(2025, 12, 1, tzinfo=UTC)

    made = analyse(opened("agent-port-shut"), LIBRARY, Request(suppressions=[accepted], as_of=day))

    assert made["verdict"] == "healthy"


def test_nothing_at_or_after_until_is_looked_at() -> None:
    until = datetime(2026, 11, 25, 19, 26, 30, tzinfo=UTC)

    made = analyse(opened("agent-port-shut", until), LIBRARY, Request(until=until))

    assert made["period"]["to"] <= "2026-11-25T19:26:31Z"
    assert PORT not in [f["pattern"] for f in made["findings"]]


def test_another_model_is_not_spoken_of() -> None:
    made = analyse(opened("missing-artefact"), LIBRARY, Request(subject={"model": "churn-risk"}))
    own = analyse(opened("missing-artefact"), LIBRARY, Request(subject={"model": "fraud-score"}))

    assert "storage/storage-uri-empty-or-missing" not in [f["pattern"] for f in made["findings"]]
    assert "storage/storage-uri-empty-or-missing" in [f["pattern"] for f in own["findings"]]


def test_a_model_in_an_installation_of_two_namespaces_keeps_its_cause() -> None:
    """Its 404s name no namespace, and the cause names a pod and a route: neither may be lost for that."""
    case = opened("two-schedulers")
    document = analyse(case, LIBRARY, Request(subject={"model": "fraud-score"}))

    assert document["verdict"] == "failure"
    roots = [f["pattern"] for f in document["findings"] if f["role"] == "root"]
    assert roots == ["scheduler/scheduler-split-brain-two-schedulers"]
    assert "envoy/envoy-no-route-404" in [f["pattern"] for f in document["findings"]]
    other = analyse(case, LIBRARY, Request(subject={"model": "no-such-model"}))
    assert other["summary"].startswith("Nothing in the bundle names the model no-such-model; it names ")
    assert "fraud-score" in other["summary"]
    strange = analyse(case, LIBRARY, Request(subject={"namespace": "no-such-namespace"}))
    assert strange["summary"].startswith("Nothing in the bundle names the namespace no-such-namespace; it names ")


def test_what_shares_a_server_with_another_models_failure_is_not_blamed_for_it() -> None:
    failing = "storage/storage-uri-empty-or-missing"
    case = opened("missing-artefact")
    made = analyse(case, LIBRARY, Request(subject={"model": "churn-risk"}))
    own = analyse(case, LIBRARY, Request(subject={"model": "fraud-score"}))

    assert [row["name"] for row in made["state"] if row["kind"] == "model"] == ["churn-risk"]
    assert not any(f["subject"].get("model") == "fraud-score" for f in made["findings"])
    assert made["verdict"] != "failure"
    assert made["impact"].get("models", []) in ([], ["churn-risk"])
    assert (own["verdict"], own["findings"][0]["pattern"]) == ("failure", failing)
