"""The tables of state, routes and coverage: words stay whole at 80 columns."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from forensics.document import load
from forensics.reporting.tables import coverage_view, routes_view, state_view
from parsers.schema import LINKS

DOCUMENT = load((Path(__file__).parent / "documents" / "failure.json").read_bytes())
ROUTE: dict[str, Any] = {
    "kind": "model",
    "namespace": "seldon-mesh",
    "name": "fraud-detection-of-cards",
    "cluster": "fraud-detection-of-cards_1_grpc",
    "weight": None,
    "actual": 100,
    "mirror": False,
    "state": "ok",
    "reason": None,
    "detail": None,
    "member": "config_dump.json",
    "line": 3860,
}


def printed(view: RenderableType, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False, color_system=None)
    console.print(view, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def state(name: str) -> dict[str, Any]:
    links = [{"link": link, "state": "pending", "detail": "", "cites": []} for link in LINKS]
    links[1] |= {
        "state": "broken",
        "detail": "no server takes it",
        "cites": [{"member": "scheduler.log", "lines": [68, 68]}],
    }
    return {"kind": "model", "namespace": "seldon-mesh", "name": name, "links": links, "broken": "scheduler"}


@pytest.mark.parametrize("width", [80, 120])
def test_states_stay_whole_and_the_first_broken_link_is_told(width: int) -> None:
    text = printed(state_view([state("fraud-detection-of-cards"), state("iris")]), width)

    head = text.split("\n")[0].split()
    assert head == ["what", *LINKS]
    assert re.search(r"pending +broken +pending +pending +pending +pending +pending", text)
    assert "model seldon-mesh/iris: scheduler: no server takes it (scheduler.log:68)" in text


@pytest.mark.parametrize("width", [60, 80])
def test_names_are_read_on_a_narrow_screen_too(width: int) -> None:
    text = printed(state_view([state("claims-churn")]), width)

    assert "model claims-churn " in text
    assert "seldon-mesh " in text.split("first broken")[0]


def test_a_weight_that_is_not_expected_is_not_invented() -> None:
    text = printed(routes_view([ROUTE, {**ROUTE, "weight": 50, "actual": None, "state": "missing"}]))

    assert "None" not in text
    assert re.search(r"\b100 +ok", text)
    assert re.search(r"none of 50 +missing", text)


def test_sources_and_members_are_listed() -> None:
    text = printed(coverage_view(DOCUMENT["coverage"], (0, 1_000_000)), 100)

    assert "log.scheduler" in text
    assert "head, level, understood" in text


def test_nothing_is_said_to_be_nothing() -> None:
    assert "No model" in printed(state_view([]))
    assert "No route" in printed(routes_view([]))


def test_the_broken_link_is_told_with_its_place_and_time_and_servers_with_their_replicas() -> None:
    row = state("iris")
    row["broken"] = "agent"
    cite = {"member": "agent.log", "lines": [7, 7], "time": "2026-03-04T10:15:30Z", "text": "x", "source": "log.agent"}
    row["links"] = [
        {"link": link, "state": "broken" if link == "agent" else "ok", "detail": "it failed", "cites": [cite]}
        for link in LINKS
    ]
    server = {"namespace": "ml", "name": "mlserver", "wanted": 2, "running": None, "registered": 1, "models": 0}

    text = printed(state_view([row], [server]), 120)
    alone = printed(state_view([], [server]))

    assert "agent: it failed (agent.log:7, 2026-03-04 10:15:30Z)" in text
    assert re.search(r"ml/mlserver +2 +\? +1 +0", text)
    assert re.search(r"ml/mlserver +2 +\? +1 +0", alone)
