"""The components of a bundle as ends of connections, and the NetworkPolicies of their namespaces."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from forensics.installation.beside import settled
from forensics.installation.netpolicies import EGRESS, INGRESS, UNKNOWN, End, Policy, Ruling, readable, rule
from forensics.installation.placement import log
from forensics.intake.rows import Row, labels_of, mapping, parsed, rows_of, sequence, strings
from parsers.schema import empty

LABELS = {
    "scheduler": {"app.kubernetes.io/name": "seldon-scheduler"},
    "envoy": {"app.kubernetes.io/name": "seldon-envoy"},
    "agent": {"app.kubernetes.io/name": "seldon-server"},
    "modelgateway": {"app.kubernetes.io/name": "seldon-modelgateway"},
    "pipelinegateway": {"app.kubernetes.io/name": "seldon-pipelinegateway"},
    "dataflow": {"app.kubernetes.io/name": "seldon-dataflow-engine"},
    "hodometer": {"app.kubernetes.io/name": "hodometer"},
    "operator": {"control-plane": "v2-controller-manager"},
}
PORTS = {  # named container ports, where no pod or template says
    "scheduler": {"xds": 9002, "scheduler": 9004, "scheduler-mtls": 9044, "agent": 9005, "agent-mtls": 9055}
    | {"dataflow": 9008},
    "envoy": {"http": 9000, "envoy-stats": 9003},
    "pipelinegateway": {"http": 9010, "grpc": 9011},
}
LOGS = {
    "controller": "operator",
    "scheduler": "scheduler",
    "agent": "agent",
    "envoy": "envoy",
    "dataflow": "dataflow",
} | {name: name for name in ("modelgateway", "pipelinegateway", "hodometer")}
COMPONENTS = {"server": "agent", "controller": "operator"}


class Components:
    """The components of a bundle, and the policies of their namespaces."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self.frames = frames = settled(frames)
        self.spaces = {s["name"]: labels_of(s["labels"]) for _, s in rows_of(frames, "k8s.namespace") if s["labels"]}
        self.home = self._home()
        self.of: dict[str, list[End]] = {}
        seen: dict[str, _Known] = {}
        for component, end in (*self._pods(), *self._templates(), *self._logs()):
            if seen.setdefault(component, _Known()).add(end):
                self.of.setdefault(component, []).append(end)
        self.namespaces = {e.namespace for ends in self.of.values() for e in ends if e.namespace}
        variables = frames.get("k8s.env", empty("k8s.env"))
        secure = (pl.col("variable") == "CONTROL_PLANE_SECURITY_PROTOCOL") & (pl.col("value") == "SSL")
        self.secure = set(variables.filter(secure & pl.col("name").is_not_null())["namespace"])
        pods = [(p["namespace"], p["component"]) for _, p in rows_of(frames, "k8s.pod")]
        self.dense = {n for n, _ in pods} - {n for n, component in pods if component is None}
        self.policies = self._policies()
        self.listed = self._listed()

    def _home(self) -> str | None:
        """Return the only namespace of Seldon in the bundle, else the only one with policies."""
        logs = [f"log.{name}" for name, component in LOGS.items() if component != "operator"]
        of_logs = {n for s in logs if s in self.frames for n in _spaces(log(self.frames, s))}
        pods = {p["namespace"] for _, p in rows_of(self.frames, "k8s.pod") if _seldon(p["component"])}
        kinds = {n for k in ("server", "model", "seldonruntime") for n in _spaces(self.frames.get(f"k8s.{k}"))}
        found = (of_logs | pods | kinds) - {None}
        found = found or _spaces(self.frames.get("k8s.networkpolicy"))
        return next(iter(found)) if len(found) == 1 else None

    def end(self, namespace: str | None, **rest: Any) -> End:
        """Return an end in a namespace, with what is known of the namespace's labels."""
        namespace = namespace or UNKNOWN
        labels = self.spaces.get(namespace)
        known = namespace != UNKNOWN
        space = {"kubernetes.io/metadata.name": namespace, **(labels or {})} if known else None
        return End(namespace, space=space, space_whole=labels is not None, **rest)

    def _pods(self) -> Iterator[tuple[str, End]]:
        for row, pod in rows_of(self.frames, "k8s.pod"):
            component = COMPONENTS.get(pod["component"], pod["component"])
            if component is None or pod["phase"] in ("Succeeded", "Failed"):
                continue
            labels = labels_of(pod["labels"])
            known = labels is not None
            yield (
                component,
                self.end(
                    pod["namespace"] or self.home,
                    pod=pod["name"],
                    labels=labels if known else LABELS.get(component, {}),
                    whole=known,
                    ip=pod["ip"],
                    ports=_ports(parsed(pod["raw"])) or PORTS.get(component),
                    rows=(row,),
                ),
            )

    def _templates(self) -> Iterator[tuple[str, End]]:
        for kind in ("deployment", "statefulset"):
            for row, workload in rows_of(self.frames, f"k8s.{kind}"):
                spec = mapping(mapping(parsed(workload["raw"])).get("spec"))
                template = mapping(spec.get("template"))
                labels = strings(mapping(template.get("metadata")).get("labels"))
                component = _component(workload["name"], labels)
                if component and spec.get("replicas") != 0:
                    yield (
                        component,
                        self.end(
                            workload["namespace"] or self.home,
                            labels=labels or LABELS[component],
                            whole=bool(labels),
                            ports=_ports(template) or PORTS.get(component),
                            rows=(row,),
                        ),
                    )
        for row, server in rows_of(self.frames, "k8s.server"):
            if server["replicas"] != 0:
                labels = LABELS["agent"] | {"seldon-server-name": server["name"]}
                yield "agent", self.end(server["namespace"] or self.home, labels=labels, rows=(row,))

    def _logs(self) -> Iterator[tuple[str, End]]:
        for name, component in LOGS.items():
            frame = log(self.frames, f"log.{name}")
            if frame.is_empty():
                continue
            homes = frame.group_by("namespace", "pod").agg(pl.col("row").min())
            for home in homes.sort("row").iter_rows(named=True):
                labels = LABELS[component]
                if component == "agent" and home["pod"]:
                    labels = labels | {"seldon-server-name": home["pod"].rpartition("-")[0]}
                yield (
                    component,
                    self.end(
                        # A controller may be anywhere, and what is not known of it stays so.
                        home["namespace"] or (None if component == "operator" else self.home),
                        pod=home["pod"],
                        labels=labels,
                        ports=PORTS.get(component),
                        rows=((f"log.{name}", home["row"]),),
                    ),
                )

    def _policies(self) -> dict[str, list[Policy]]:
        found: dict[tuple[str, str], Policy] = {}
        for row, policy in rows_of(self.frames, "k8s.networkpolicy"):
            spec = mapping(parsed(policy["raw"])).get("spec")
            key = (policy["namespace"] or self.home or UNKNOWN, policy["name"])
            known = found.get(key)
            if known is None or (known.spec is None and isinstance(spec, dict)):
                usable = isinstance(spec, dict) and readable(spec) and policy["form"] in ("object", None)
                found[key] = Policy(*key, spec if usable else None, row)
        by: dict[str, list[Policy]] = {}
        for key, made in sorted(found.items(), key=lambda item: (str(item[0][0]), str(item[0][1]))):
            by.setdefault(key[0], []).append(made)
        return by

    def _listed(self) -> dict[str | None, Row]:
        """Return the namespaces of which a whole list of policies was dumped; None for all of them."""
        listed: dict[str | None, Row] = {}
        for row, listing in rows_of(self.frames, "k8s.listing"):
            if str(listing["kind"]).lower() == "networkpolicy" and listing.get("complete") is not False:
                listed.setdefault(listing["namespace"], row)
        return listed

    def list_of(self, namespace: str | None) -> Row | None:
        """Return the list that covers a namespace's policies."""
        if namespace in self.listed:
            return self.listed[namespace]
        everywhere = self.listed.get(None)
        if everywhere and (len(self.policies) > 1 or len(self.namespaces) <= 1):
            return everywhere
        return None

    def policies_of(self, namespace: str | None) -> Sequence[Policy] | None:
        """Return the policies of a namespace; None where they were not collected."""
        if namespace in self.policies:
            return self.policies[namespace]
        return [] if self.list_of(namespace) else None

    def strangers(self, namespace: str | None) -> bool:
        """Whether a namespace may hold pods that are not Seldon's: a store, a broker."""
        return namespace not in self.dense

    def tls(self, namespace: str | None) -> bool:
        """Whether the control plane of a namespace speaks TLS."""
        return namespace in self.secure

    def rule(self, source: End, target: End, port: int, protocol: str) -> tuple[Ruling, Ruling]:
        """Return what the source's policies say, and what the destination's."""
        out = rule(self.policies_of(source.namespace), source, target, EGRESS, port, protocol)
        into = rule(self.policies_of(target.namespace), target, source, INGRESS, port, protocol)
        return out, into


def _spaces(frame: pl.DataFrame | None) -> set[str]:
    return set() if frame is None or frame.is_empty() else set(frame["namespace"].drop_nulls())


def _seldon(component: str | None) -> bool:
    return component == "server" or (component in LABELS and component != "operator")


class _Known:
    """The ends of a component that are known: what is known less well may be one of them."""

    def __init__(self) -> None:
        self._pods: set[tuple[str | None, str]] = set()
        self._servers: set[tuple[bool, str | None, str | None]] = set()

    def add(self, end: End) -> bool:
        """Add an end, and return whether it was none of those known.

        Two are the same where their pods are, else, where not both tell a pod, their servers; and where their
        namespaces are the same, or one of them is not known.
        """
        server = (end.labels or {}).get("seldon-server-name")
        # None stands for any namespace.
        near = (None,) if end.namespace == UNKNOWN else (end.namespace, UNKNOWN)
        kinds = (False,) if end.pod else (True, False)
        if any((space, end.pod) in self._pods for space in near if end.pod) or any(
            (kind, space, server) in self._servers for kind in kinds for space in near
        ):
            return False
        for space in (end.namespace, None):
            self._servers.add((bool(end.pod), space, server))
            if end.pod:
                self._pods.add((space, end.pod))
        return True


def _component(name: str, labels: Mapping[str, str]) -> str | None:
    if "seldon-server-name" in labels:
        return "agent"
    if name in ("seldon-v2-controller-manager", "seldon-controller-manager"):
        return "operator"
    for component, known in LABELS.items():
        if (
            known.get("app.kubernetes.io/name") in (name, labels.get("app.kubernetes.io/name"))
            and component != "operator"
        ):
            return component
    return None


def _ports(pod: Any) -> dict[str, int]:
    containers = sequence(mapping(mapping(pod).get("spec")).get("containers"))
    ports = [mapping(port) for c in containers for port in sequence(mapping(c).get("ports"))]
    return {
        str(port["name"]): port["containerPort"]
        for port in ports
        if port.get("name") and isinstance(port.get("containerPort"), int)
    }
