"""Which findings are about a Seldon installation, and which about its neighbours in the same cluster."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from forensics.findings import PRESENT, Finding, Outcome
from forensics.links import Topology
from forensics.verdict import OURS

# Patterns of these layers look at things every cluster has. The others look at what only Seldon and its parts print.
COMMON_LAYERS = ("kubernetes", "network", "security", "ingress", "storage", "kafka")
NEIGHBOURS = ("kube-system", "kube-public", "default")  # where nodes, DNS and volumes have their objects


def seldon_namespaces(frames: Mapping[str, pl.DataFrame], topology: Topology) -> frozenset[str]:
    """Return the namespaces in which something of Seldon, its operator, its gateways or its Kafka is."""
    found = set(topology.names("namespace"))
    for source in ("k8s.pod", "k8s.container"):
        frame = frames.get(source)
        if frame is not None:
            found |= set(frame.filter(pl.col("component").is_not_null())["namespace"].drop_nulls())
    for source in OURS:
        frame = frames.get(source)
        if frame is not None and frame.height:
            found |= set(frame["namespace"].drop_nulls().unique())
    return frozenset(found)


def relevant(
    outcomes: Mapping[str, Outcome], frames: Mapping[str, pl.DataFrame], topology: Topology, ours: bool
) -> tuple[dict[str, Outcome], list[str]]:
    """Return the outcomes without findings about neighbours, and a remark that counts those.

    Args:
        outcomes: by pattern.
        frames: source name to rows.
        topology: what belongs to what.
        ours: whether anything of Seldon, Envoy, a model server or Kafka was recognised.
    """
    known = seldon_namespaces(frames, topology)
    left = 0

    def wanted(finding: Finding) -> bool:
        nonlocal left
        if finding.pattern.layer not in COMMON_LAYERS:
            return True
        namespace = finding.subject.get("namespace")
        good = ours and (namespace is None or not known or namespace in known or namespace in NEIGHBOURS)
        left += not good
        return good

    kept = {}
    for name, outcome in outcomes.items():
        findings = tuple(f for f in outcome.findings if wanted(f))
        state = outcome.state
        if state == PRESENT and not any(not f.over for f in findings):
            state = "absent"
        kept[name] = replace(outcome, findings=findings, state=state)
    if not left:
        return kept, []
    where = "where nothing of Seldon is" if ours else "though nothing of Seldon was recognised here"
    return kept, [f"{left} finding{'s' if left > 1 else ''} about other things left out, {where}"]
