"""Who leads to a Service from outside, who needs which Secret, ConfigMap, claim or account, and what a runtime made.

Ingress, HTTPRoute, VirtualService and Gateway stand above the Services they lead to; Secrets, ConfigMaps,
PersistentVolumeClaims and ServiceAccounts lie below what uses them; a SeldonRuntime stands above its components.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from forensics.installation.links import Thing, Topology
from forensics.intake.rows import Row, mapping, parsed, rows_of, sequence, template_of

Paths = tuple[tuple[str, tuple[str, ...]], ...]

# Where a pod's spec names what it mounts or reads, as (kind, path of keys); a list is looked through.
MOUNTS: Paths = (
    ("secret", ("volumes", "secret", "secretName")),
    ("secret", ("volumes", "projected", "sources", "secret", "name")),
    ("secret", ("imagePullSecrets", "name")),
    ("configmap", ("volumes", "configMap", "name")),
    ("configmap", ("volumes", "projected", "sources", "configMap", "name")),
    ("claim", ("volumes", "persistentVolumeClaim", "claimName")),
    ("account", ("serviceAccountName",)),
)
READS: Paths = (
    ("secret", ("envFrom", "secretRef", "name")),
    ("secret", ("env", "valueFrom", "secretKeyRef", "name")),
    ("configmap", ("envFrom", "configMapRef", "name")),
    ("configmap", ("env", "valueFrom", "configMapKeyRef", "name")),
)
KINDS = {"secret": "Secret", "configmap": "ConfigMap", "claim": "PersistentVolumeClaim", "account": "ServiceAccount"}
OBJECTS = {"secret": "secret", "configmap": "configmap", "claim": "persistentvolumeclaim", "account": "serviceaccount"}
WORKLOADS = ("deployment", "statefulset", "replicaset", "daemonset", "job")


def add_uses(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    """Add to `topology` what leads to Services, what pods and Models need, and what a runtime made."""
    _fronts(topology, frames)
    _needs(topology, frames)
    _runtimes(topology, frames)


def _fronts(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    for row, ingress in rows_of(frames, "k8s.ingress"):
        above = topology.add(topology.thing("ingress", ingress["namespace"], ingress["name"]), row)
        for path in sequence(parsed(ingress["paths"])):
            _lead(topology, above, mapping(path).get("service"), "the Ingress leads to this Service", row)
    for source, what in (("k8s.httproute", "HTTPRoute"), ("k8s.virtualservice", "VirtualService")):
        for row, route in rows_of(frames, source):
            above = topology.add(topology.thing("ingress", route["namespace"], route["name"]), row)
            spec = mapping(mapping(parsed(route["raw"])).get("spec"))
            for service in _backends(spec):
                _lead(topology, above, service, f"the {what} leads to this Service", row)
            for name in _gateways(spec):
                front = _named(topology, "ingress", name, route["namespace"])
                topology.join(front, above, f"the {what} hangs on this Gateway", row)
    for row, gateway in rows_of(frames, "k8s.gateway"):
        topology.add(topology.thing("ingress", gateway["namespace"], gateway["name"]), row)


def _backends(spec: Mapping[str, Any]) -> Iterator[str]:
    for rule in sequence(spec.get("rules")):
        for backend in sequence(mapping(rule).get("backendRefs")):
            held = mapping(backend)
            if isinstance(held.get("name"), str):
                yield ".".join(str(part) for part in (held["name"], held.get("namespace")) if part)
    for protocol in ("http", "tcp", "tls"):
        yield from _at(spec.get(protocol), ("route", "destination", "host"))


def _gateways(spec: Mapping[str, Any]) -> Iterator[str]:
    for name in sequence(spec.get("gateways")):
        if isinstance(name, str) and name != "mesh":
            space, _, own = name.rpartition("/")
            yield ".".join(part for part in (own, space) if part)
    for parent in sequence(spec.get("parentRefs")):
        held = mapping(parent)
        if isinstance(held.get("name"), str):
            yield ".".join(str(part) for part in (held["name"], held.get("namespace")) if part)


def _lead(topology: Topology, above: Thing, service: Any, reason: str, row: Row) -> None:
    if isinstance(service, str) and service:
        topology.join(above, _named(topology, "service", service, above[1]), reason, row)


def _named(topology: Topology, kind: str, name: str, namespace: str | None) -> Thing:
    """Return what `name` or `name.namespace…` means, said in a namespace."""
    parts = name.split(".")
    return topology.thing(kind, parts[1] if len(parts) > 1 else namespace, parts[0])


def _needs(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    for kind, source in OBJECTS.items():
        for row, found in rows_of(frames, f"k8s.{source}"):
            topology.add(topology.thing(kind, found["namespace"], found["name"]), row)
    for row, pod in rows_of(frames, "k8s.pod"):
        spec = mapping(mapping(parsed(pod["raw"])).get("spec"))
        user = topology.thing("pod", pod["namespace"], pod["name"])
        if pod["service_account"]:
            spec = {"serviceAccountName": pod["service_account"]} | spec
        _use(topology, user, spec, row)
    for source in WORKLOADS:
        for row, workload in rows_of(frames, f"k8s.{source}"):
            user = topology.thing("workload", workload["namespace"], workload["name"])
            _use(topology, user, mapping(template_of(workload).get("spec")), row)
    for row, model in rows_of(frames, "k8s.model"):
        if model["secret"]:
            below = topology.thing("secret", model["namespace"], model["secret"])
            user = topology.thing("model", model["namespace"], model["name"])
            topology.join(user, below, "the Model names this Secret", row)


def _use(topology: Topology, user: Thing, spec: Mapping[str, Any], row: Row) -> None:
    parts: list[tuple[Mapping[str, Any], Paths]] = [(spec, MOUNTS)]
    parts += [(mapping(c), READS) for held in ("containers", "initContainers") for c in sequence(spec.get(held))]
    for held, paths in parts:
        for kind, path in paths:
            for name in _at(held, path):
                topology.join(user, topology.thing(kind, user[1], name), f"it uses this {KINDS[kind]}", row)


def _at(held: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Yield the texts at the end of a path of keys."""
    if isinstance(held, list):
        for each in held:
            yield from _at(each, path)
    elif not path:
        if isinstance(held, str) and held:
            yield held
    elif isinstance(held, dict):
        yield from _at(held.get(path[0]), path[1:])


def _runtimes(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    """A SeldonRuntime stands above its components; Envoy rests on the scheduler, and the scheduler on its pod."""
    for row, runtime in rows_of(frames, "k8s.seldonruntime"):
        above = topology.add(topology.thing("runtime", runtime["namespace"], runtime["name"]), row)
        for hub, role in list(topology.hubs.items()):
            if hub[1] == above[1] and hub[0] in ("workload", "pod") and role != "operator":
                topology.join(above, hub, "a component of the SeldonRuntime", *topology.things.get(hub, ())[:1])
    for hub, role in list(topology.hubs.items()):
        scheduler = topology.thing("scheduler", hub[1], "seldon-scheduler")
        if hub[0] != "pod" or scheduler not in topology.things:
            continue
        rows = topology.things.get(hub, ())[:1]
        if role == "scheduler":
            topology.join(scheduler, hub, "the scheduler's pod", *rows)
        elif role == "envoy":
            topology.join(hub, scheduler, "Envoy takes its configuration from the scheduler of its namespace", *rows)
