"""The chain Controller, Scheduler, Envoy, Agent, Server: which part of it is broken."""

from collections.abc import Mapping, Sequence
from typing import Any

from forensics.causality import CHECK, CONTRIBUTING, Ranked
from forensics.coverage import Coverage
from patterns.pattern import SEVERITIES

NODES = ("controller", "scheduler", "envoy", "agent", "server")
LINK_OF = {
    "resource": "controller", "scheduler": "scheduler", "route": "envoy", "cluster": "envoy", "endpoint": "envoy",
    "agent": "agent", "server": "server",
}  # fmt: skip
SOURCES = {
    "controller": ("log.controller",),  # and the status it writes: a manifest alone says nothing of it
    "scheduler": ("log.scheduler",),
    "envoy": ("log.envoy", "envoy.stat", "envoy.route", "log.envoy_access"),
    "agent": ("log.agent",),
    "server": ("log.mlserver", "log.triton"),
}
LAYERS = {"controller": "controller", "scheduler": "scheduler", "envoy": "envoy", "agent": "agent", "storage": "agent",
          "mlserver": "server", "mlflow": "server", "triton": "server"}  # fmt: skip
WORST = ("unknown", "ok", "pending", "broken")


def chain(ranked: Sequence[Ranked], state: Sequence[Mapping[str, Any]], covered: Coverage) -> list[dict[str, Any]]:
    """Return `chain` of the document: for each part its state and what says so."""
    found: dict[str, tuple[str, str]] = {}
    told = any(link["link"] == "resource" and link["state"] != "unknown" for row in state for link in row["links"])
    for node in NODES:
        known = any(source in covered.kinds for source in SOURCES[node]) or (node == "controller" and told)
        found[node] = ("ok", "nothing wrong was found") if known else ("unknown", "not collected")

    def worse(node: str, state: str, detail: str) -> None:
        if WORST.index(state) > WORST.index(found[node][0]):
            found[node] = (state, detail)

    for row in state:
        for link in row["links"]:
            if link["state"] in ("broken", "pending"):
                worse(LINK_OF[link["link"]], link["state"], f"{row['kind']} {row['name']}: {link.get('detail') or ''}")
    for r in ranked:
        finding = r.finding
        part = LAYERS.get(finding.pattern.layer)
        grave = SEVERITIES.index(finding.pattern.severity) >= SEVERITIES.index("medium")
        if part and grave and not finding.over and r.role not in (CONTRIBUTING, CHECK):
            worse(part, "broken", finding.pattern.title)
    return [{"node": node, "state": found[node][0], "detail": found[node][1]} for node in NODES]
