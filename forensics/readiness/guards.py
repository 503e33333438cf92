"""NetworkPolicies that let through exactly what the components of an installation need, made from its connections."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from forensics.installation.components import LABELS
from forensics.intake.rows import rows_of

Object = dict[str, Any]
COMPONENT = {"seldon-scheduler": "scheduler", "rclone": "agent"}
_BOTH = {9004: (9004, 9044), 9005: (9005, 9055)}  # plain and TLS: a change of one must not need a change of policies
_DOOR = 9000  # Envoy's port for requests; its Service's 80
_SCRAPED = {"envoy": (9003,), "agent": (9006, 9500), "scheduler": (9006,)}
_OUTSIDE = ("apiserver", "storage", "kafka")


def policies(
    connections: Iterable[Mapping[str, Any]], namespace: str, frames: Mapping[str, pl.DataFrame]
) -> list[Object]:
    """Return a policy for each component in `namespace`, and where policies on egress stand there, those for egress.

    Args:
        connections: the matrix of a review.
        namespace: which namespace to guard.
        frames: source name to frame; names the namespace of Prometheus, if it is in the bundle.
    """
    rows = [r for r in connections if r.get("port") is not None]
    into: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        target = COMPONENT.get(str(row["to"]), str(row["to"]))
        if row["to_namespace"] == namespace and target in LABELS:
            into.setdefault(target, []).append(row)
    present = {_component(r["component"]) for _, r in rows_of(frames, "k8s.pod") if r["namespace"] == namespace}
    scraper = _scraper(frames)
    made = [
        _ingress(namespace, target, into.get(target, []), scraper)
        for target in LABELS
        if target in into or target in present
    ]
    if any(r["state"] == "shut" and "egress" in str(r.get("by")) for r in rows):
        made += _egress(namespace, rows)
    return made


def as_elsewhere(connections: Iterable[Mapping[str, Any]], namespace: str) -> list[dict[str, Any]]:
    """Return the connections that a new runtime in `namespace` will need: those of a runtime that is there."""
    rows = [dict(r) for r in connections]
    homes = sorted({str(r["to_namespace"]) for r in rows if r.get("to") == "seldon-scheduler" and r["to_namespace"]})
    if not homes or namespace in homes:
        return []
    keys = ("from_namespace", "to_namespace")
    own = [r for r in rows if homes[0] in (r["from_namespace"], r["to_namespace"])]
    return [{**r, **{key: namespace for key in keys if r[key] == homes[0]}, "state": "unknown"} for r in own]


def notes(connections: Iterable[Mapping[str, Any]], namespace: str) -> list[str]:
    """Return what a reader of those policies has to know."""
    told = ["They are added to the policies that are there: what any of them lets through is open."]
    sources = [
        r for r in connections if r["to"] == "envoy" and r["from"] == "ingress" and r["to_namespace"] == namespace
    ]
    if not sources:
        told.append("No ingress controller is in the bundle: Envoy's port 9000 stays open to all; narrow it to yours.")
    return told


def _component(word: Any) -> str:
    return {"server": "agent"}.get(str(word), str(word))


def _scraper(frames: Mapping[str, pl.DataFrame]) -> str | None:
    for _, row in rows_of(frames, "k8s.pod"):
        if str(row["name"]).startswith("prometheus") and row["namespace"]:
            return str(row["namespace"])
    return None


def _ingress(namespace: str, target: str, rows: Sequence[Mapping[str, Any]], scraper: str | None) -> Object:
    rules: list[Object] = []
    sides: dict[tuple[str, Any], set[int]] = {}
    for row in rows:
        ports = _BOTH.get(int(row["port"]), (int(row["port"]),))
        sides.setdefault((str(row["from"]), row["from_namespace"]), set()).update(ports)
    for (source, space), allowed in sorted(sides.items(), key=str):
        rules.append({"from": [_peer(source, space, namespace)], "ports": _ports(allowed)})
    if target == "envoy" and not any(source == "ingress" for source, _ in sides):
        rules.append({"ports": _ports({_DOOR})})
    if scraper is not None and target in _SCRAPED:
        peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": scraper}}}
        rules.append({"from": [peer], "ports": _ports(_SCRAPED[target])})
    spec: Object = {"podSelector": {"matchLabels": dict(LABELS[target])}, "policyTypes": ["Ingress"]}
    if rules:
        spec["ingress"] = rules
    return _policy(namespace, f"{_name(target)}-ingress", spec)


def _egress(namespace: str, rows: Sequence[Mapping[str, Any]]) -> list[Object]:
    out: dict[str, dict[tuple[str, Any], set[tuple[str, int]]]] = {}
    for row in rows:
        source = COMPONENT.get(str(row["from"]), str(row["from"]))
        if row["from_namespace"] == namespace and source in LABELS:
            ports = _BOTH.get(int(row["port"]), (int(row["port"]),))
            allowed = out.setdefault(source, {}).setdefault((str(row["to"]), row["to_namespace"]), set())
            allowed.update((str(row["protocol"]), port) for port in ports)
    made = []
    for source, targets in sorted(out.items()):
        rules: list[Object] = []
        for (target, space), through in sorted(targets.items(), key=str):
            listed = [{"protocol": protocol, "port": port} for protocol, port in sorted(through)]
            if target in _OUTSIDE or space is None:
                rules.append({"ports": listed})
            else:
                rules.append({"to": [_peer(target, space, namespace)], "ports": listed})
        spec = {
            "podSelector": {"matchLabels": dict(LABELS[source])},
            "policyTypes": ["Egress"],
            "egress": rules,
        }
        made.append(_policy(namespace, f"{_name(source)}-egress", spec))
    return made


def _peer(component: str, space: Any, namespace: str) -> Object:
    """Return a peer: by the component's labels, in its namespace where that is another one."""
    labels = LABELS.get(COMPONENT.get(component, component))
    peer: Object = {}
    if space is not None and space != namespace:
        peer["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": str(space)}}
    peer["podSelector"] = {"matchLabels": dict(labels)} if labels else {}
    if component == "dns":
        peer["podSelector"] = {"matchLabels": {"k8s-app": "kube-dns"}}
    return peer


def _ports(ports: Iterable[int]) -> list[Object]:
    return [{"protocol": "TCP", "port": port} for port in sorted(ports)]


def _name(component: str) -> str:
    return LABELS[component].get("app.kubernetes.io/name", f"seldon-{component}")


def _policy(namespace: str, name: str, spec: Object) -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
