"""A line that was read out leads to the failures it is a sign of."""

import pytest
from typer.testing import CliRunner

from forensics.cli import app
from forensics.guides.lookup import leads
from patterns.loader import load_library

LIBRARY = load_library()
COPY = (
    'time="2026-03-05T15:46:04Z" level=error msg="Failed to handle load model iris:1" Name=Client '
    'error="Failed to sync/copy s3://bucket/iris to /mnt/agent/rclone/12" func=LoadModel'
)


def names(text: str) -> list[str]:
    return [lead.pattern.name for lead in leads(LIBRARY, text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rpc error: code = PermissionDenied desc = RBAC: access denied", "istio-authorization-denied"),
        ("desc = builtins.ModuleNotFoundError: No module named 'user_agents'", "mlserver-missing-python-module"),
        ("Failed to schedule model as no matching servers are available", "scheduler-no-matching-servers"),
        ("no dataflow engines available", "pipeline-not-ready-no-dataflow-engine"),
        ("Back-off pulling image", "k8s-image-pull-failed"),
        # a whole line is read as its logger wrote it
        (
            'time="2026-03-05T15:46:04Z" level=error msg="Failed to handle load model iris:1" Name=Client '
            'error="lstat /mnt/agent/rclone/1495806312: no such file or directory"',
            "storage-uri-empty-or-missing",
        ),
    ],
)
def test_the_failure_comes_first(text: str, name: str) -> None:
    assert names(text)[0] == name


def test_a_reason_of_kubernetes_leads_to_those_it_is_decisive_for() -> None:
    assert "k8s-oomkilled" in names("OOMKilled")


def test_words_that_nobody_looks_for_lead_nowhere() -> None:
    assert names("the quick brown fox") == names("") == names("a") == []


def test_words_as_people_remember_them_lead_to_what_they_are_of() -> None:
    assert "scheduler-no-matching-servers" in names("no matching servers available")[:3]


def test_what_shows_that_all_is_well_is_no_sign() -> None:
    assert "networkpolicy-blocks-agent-to-scheduler" not in names("Subscribed to scheduler")


def test_the_command_says_where_it_is_looked_for_and_masks_what_it_repeats() -> None:
    found = CliRunner().invoke(app, ["patterns", "find", "RBAC:", "access", "denied"])
    none = CliRunner().invoke(app, ["patterns", "find", "password=Zq7xPlanted0001Rt4vWn"])

    assert found.exit_code == 0
    assert "security/istio-authorization-denied" in found.output
    assert none.exit_code == 6
    assert "Planted" not in none.output


def test_a_part_of_a_composite_is_not_enough() -> None:
    """The copy that fails shows a full disk only beside rclone's own words of it."""
    (lead,) = [lead for lead in leads(LIBRARY, COPY) if lead.pattern.name == "k8s-disk-full"]

    assert (lead.sure, lead.weak) == (True, True)
    assert names(COPY)[0] == "rclone-copy-failed"


def test_words_of_a_status_lead_where_reason_or_message_may_hold_them() -> None:
    assert names("Failed to sync/copy s3://bucket/iris to /mnt/agent/rclone/12")[0] == "rclone-copy-failed"
