"""Whether NetworkPolicies let the components reach each other: one row a connection they need.

The components are taken from pods, else from workload templates and Servers, else from the logs with the labels
Seldon is known to set. Both sides are asked: the policies that select the destination, and those that select the
source. Where no list of policies was collected the answer is unknown; in an empty list it is open.

Source: control-plane and data-plane ports of operator/config and k8s/helm-charts, Seldon Core v2.0.0 to v2.10.2.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from forensics.installation.components import LABELS, PORTS, Components
from forensics.installation.netpolicies import EGRESS, INGRESS, UNKNOWN, End, Policy, Ruling, rule
from forensics.installation.selectors import selects
from forensics.intake.rows import mapping, place, rows_of, strings
from parsers.schema import SOURCES, empty

TO = {"scheduler": "seldon-scheduler"}


@dataclass(frozen=True, slots=True)
class Need:
    """A connection: who dials whom, on which port of the destination's pod, or with TLS on which other."""

    source: str
    target: str
    port: int
    tls: int | None = None
    protocol: str = "TCP"


NEEDS = (
    Need("operator", "scheduler", 9004, 9044),
    Need("agent", "scheduler", 9005, 9055),
    Need("modelgateway", "scheduler", 9004, 9044),
    Need("pipelinegateway", "scheduler", 9004, 9044),
    Need("hodometer", "scheduler", 9004, 9044),
    Need("dataflow", "scheduler", 9008),
    Need("envoy", "scheduler", 9002),
    Need("envoy", "agent", 9001),
    Need("envoy", "agent", 9501),
    Need("envoy", "pipelinegateway", 9010),
    Need("envoy", "pipelinegateway", 9011),
    Need("modelgateway", "envoy", 9000),
    Need("ingress", "envoy", 9000),
)
DIALS_KAFKA = ("modelgateway", "pipelinegateway", "dataflow")
DIALS_API = ("operator", "agent")
API_PORTS = (6443, 443)
STORE_PORTS = (443, 80, 9000)
BOOTSTRAP = re.compile(r"bootstrap[._]?servers\W+([a-z0-9][\w.-]*):(\d+)", re.IGNORECASE)
SAY_BROKERS = ("log.modelgateway", "log.pipelinegateway", "log.dataflow")
LOCAL_STORES = ("pvc", "file", "local")
OUTSIDE = End(None)
NAME_LABEL = "kubernetes.io/metadata.name"  # the only label that every namespace has


def net_paths(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the connections the components need, and whether policies let them through.

    Args:
        frames: source name to frame.

    Returns:
        Columns of `net.path`. `state` is `shut` where one side surely forbids it, `open` where both surely let it
        through. `member` and `line` are those of the policy that decides, else of the list of policies, else of the
        source's pod.
    """
    ends = Components(frames)
    found = [row for need in _needs(ends, frames) for row in need]
    if not found:
        return empty("net.path")
    return pl.DataFrame(found, schema=SOURCES["net.path"].schema).unique(
        ("from", "to", "port", "protocol", "from_namespace", "from_pod", "to_namespace", "to_pod"), maintain_order=True
    )


def _needs(ends: Components, frames: Mapping[str, pl.DataFrame]) -> Iterator[list[dict[str, Any]]]:
    for need in NEEDS:
        for source in ends.of.get(need.source, []):
            for target in _targets(ends, need, source):
                port = need.tls if need.tls and ends.tls(target.namespace) else need.port
                out, into = ends.rule(source, target, port, need.protocol)
                yield [_row(ends, need.source, need.target, source, target, port, need.protocol, out, into)]
    for component, sources in ends.of.items():
        if component not in LABELS or component == "scheduler":
            continue
        for source in sources:
            yield list(_dns(ends, component, source))
            if component in DIALS_API:
                yield [_outside(ends, component, "apiserver", source, API_PORTS)]
            if component == "agent" and _stores(frames):
                yield [_outside(ends, "rclone", "storage", source, STORE_PORTS, in_cluster=True)]
            if component in DIALS_KAFKA:
                yield list(_kafka(ends, component, source))


def _targets(ends: Components, need: Need, source: End) -> list[End]:
    known = ends.of.get(need.target, [])
    if need.source in ("operator", "ingress"):
        inside = known
    else:
        inside = [t for t in known if t.namespace == source.namespace]
        if not inside and need.target == "scheduler":
            inside = [ends.end(source.namespace, labels=LABELS["scheduler"], ports=PORTS["scheduler"])]
    return inside


def _dns(ends: Components, component: str, source: End) -> Iterator[dict[str, Any]]:
    """Yield the way to the cluster's name server, for whoever has a policy on what leaves it."""
    policies = ends.policies_of(source.namespace)
    if policies is not None and not any(p.concerns(EGRESS) for p in policies):
        return
    servers = ends.of.get("coredns") or [ends.end("kube-system", labels={"k8s-app": "kube-dns"}, whole=True)]
    port = 5353 if any(str(s.namespace).startswith("openshift") for s in servers) else 53
    for protocol in ("UDP", "TCP"):
        found = [(s, *ends.rule(source, s, port, protocol)) for s in servers]
        target, out, into = min(found, key=lambda f: {True: 0, None: 1, False: 2}[f[1].allowed])
        if into.allowed is None:  # the name server's own policies are hardly ever collected, or there
            into = Ruling(True)
        yield _row(ends, component, "dns", source, target, port, protocol, out, into)


def _outside(
    ends: Components, component: str, to: str, source: End, ports: Sequence[int], in_cluster: bool = False
) -> dict[str, Any]:
    """Return the way to something outside, on any of some ports; it may also be a pod that is not known."""
    policies = ends.policies_of(source.namespace)
    found = [rule(policies, source, OUTSIDE, EGRESS, port, "TCP") for port in ports]
    if in_cluster:
        inside = replace(ends.end(UNKNOWN), space=None, ip=None, same=ends.strangers(source.namespace))
        found += [rule(policies, source, inside, EGRESS, port, "TCP") for port in ports]
    allowed = [f.allowed for f in found]
    best = True if True in allowed else None if None in allowed else False
    out = next(f for f in found if f.allowed is best)
    return _row(ends, component, to, source, OUTSIDE, ports[0], "TCP", out, Ruling(True))


def _stores(frames: Mapping[str, pl.DataFrame]) -> bool:
    """Whether some model comes from a store beyond the pod; taken for granted where no Model was collected."""
    frame = frames.get("k8s.model")
    if frame is None or frame.is_empty():
        return True
    uris = frame["storage_uri"].drop_nulls().to_list()
    return not uris or any("://" in u and u.split("://")[0] not in LOCAL_STORES for u in uris)


def _kafka(ends: Components, component: str, source: End) -> Iterator[dict[str, Any]]:
    for host, port in _brokers(ends.frames):
        parts = host.split(".")
        namespace = parts[1] if len(parts) > 1 and (len(parts) == 2 or parts[2] == "svc") else None
        if namespace is None and len(parts) == 1:
            namespace = source.namespace
        if namespace is None:
            yield _outside(ends, component, "kafka", source, (port,))
            continue
        pods = [e for e in ends.of.get("kafka", []) if e.namespace == namespace and "zookeeper" not in str(e.pod)]
        pods = [p for p in pods if "operator" not in str(p.pod)] or [ends.end(namespace)]
        for target in pods[:1]:
            out, into = ends.rule(source, target, port, "TCP")
            if ends.policies_of(namespace) is None:
                into = Ruling(None)
            yield _row(ends, component, "kafka", source, target, port, "TCP", out, into)


def _brokers(frames: Mapping[str, pl.DataFrame]) -> list[tuple[str, int]]:
    found: dict[tuple[str, int], None] = {}
    for source in ("k8s.configmap", "k8s.seldonconfig"):
        for _, thing in rows_of(frames, source):
            if source == "k8s.configmap" and "kafka" not in str(thing["name"]):
                continue
            for host, port in BOOTSTRAP.findall(str(thing["raw"]).replace("\\", "")):
                found[host, int(port)] = None
    for source in () if found else SAY_BROKERS:  # what its users printed at their start
        said = frames.get(source, empty(source)).filter(pl.col("text").str.contains("bootstrap.servers", literal=True))
        for text in said["text"].head(20):
            for host, port in BOOTSTRAP.findall(text.replace("\\", "")):
                found[host, int(port)] = None
    return list(found)


def _row(
    ends: Components,
    component: str,
    to: str,
    source: End,
    target: End,
    port: int,
    protocol: str,
    out: Ruling,
    into: Ruling,
) -> dict[str, Any]:
    """Return one row, cited by the policy that decides."""
    shut = [(EGRESS, out)] if out.allowed is False else [(INGRESS, into)] if into.allowed is False else []
    state = "shut" if shut else "open" if out.allowed and into.allowed else "unknown"
    policies = shut[0][1].policies if shut else (*out.policies, *into.policies)
    lists = [ends.list_of(e.namespace) for e in (source, target) if e.namespace]
    cites = list(dict.fromkeys([*(p.row for p in policies), *(r for r in lists if r), *source.rows, *target.rows]))
    places = [place(ends.frames, row) for row in cites]
    space = policies[0].namespace if shut else target.namespace or source.namespace
    name = TO.get(to, to)
    return {
        **(places[0] if places else {"member": None, "line": None, "lines": None}),
        "at": None,
        "namespace": _known(space),
        "name": f"{component}→{name}:{port}",
        "raw": json.dumps([{"source": row[0], **at} for row, at in zip(cites, places, strict=True)]),
        "from": component,
        "to": name,
        "port": port,
        "protocol": protocol,
        "from_namespace": _known(source.namespace),
        "from_pod": source.pod,
        "to_namespace": _known(target.namespace),
        "to_pod": target.pod,
        "state": state,
        "policy": policies[0].name if shut else None,
        "direction": shut[0][0] if shut else None,
        "label": _nobodys(into.policies, INGRESS, ends.spaces) if ends.spaces else None,
    }


def _nobodys(policies: Sequence[Policy], direction: str, spaces: Mapping[str, Mapping[str, str] | None]) -> str:
    """Return the label by which a policy asks for namespaces though none of those collected has it; empty for none."""
    side = "from" if direction == INGRESS else "to"
    peers = [
        peer
        for policy in policies
        for rules in (mapping(policy.spec).get(direction) or [],)
        for one in rules
        for peer in mapping(one).get(side) or []
    ]
    for peer in peers:
        selector = mapping(peer).get("namespaceSelector")
        wanted = strings(mapping(selector).get("matchLabels"))
        held = ({NAME_LABEL: name, **(labels or {})} for name, labels in spaces.items())
        if set(wanted) - {NAME_LABEL} and not any(selects(selector, labels) for labels in held):
            return next(f"{key}={value}" for key, value in wanted.items() if key != NAME_LABEL)
    return ""


def _known(namespace: str | None) -> str | None:
    return None if namespace == UNKNOWN else namespace
