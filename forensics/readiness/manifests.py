"""What mends the failed checks of a review, as manifests of this very installation: its names, labels and ports.

What a bundle does not tell is named in a comment at the head of a file. Objects that exist are written whole, with
what was changed; Seldon's own workloads are changed through their SeldonRuntime and Servers, since the operator would
undo anything else.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from forensics.document import Document
from forensics.installation.components import LABELS
from forensics.intake.rows import mapping, rows_of, sequence
from forensics.readiness import charts, guards, validity
from forensics.readiness.entry import entry, ingress_of
from forensics.readiness.mending import Object, Plan, Written, dict_in, list_in, new_object
from forensics.readiness.routes import reroute
from forensics.readiness.termination import gateway_tls
from forensics.writing import write_whole

_GROUP = "mlops.seldon.io/v1alpha1"
_MEMORY = {"rclone": "1Gi", "agent": "1Gi"}


def write_manifests(document: Document, frames: Mapping[str, pl.DataFrame], folder: Path) -> list[dict[str, Any]]:
    """Write the manifests of a review into `folder`; return what was written, as the document holds it.

    Raises:
        OSError: when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    running = validity.cluster(frames)
    for written in manifests(document, frames):
        valid = validity.remark(written.objects, running) if not written.values else "Values: the chart judges them."
        write_whole(folder / written.name, text_of(written, valid).encode())
        told.append(
            {
                "file": written.name,
                "checks": sorted(set(written.checks)),
                "objects": [
                    f"{o['kind']} {o['metadata'].get('namespace', '')}/{o['metadata']['name']}" for o in written.objects
                ],
                "notes": [*written.notes, *written.left_out],
                "valid": valid,
            }
        )
    return told


def text_of(written: Written, valid: str = "") -> str:
    """Return a file of manifests, with what it is for at its head, and by which schemas it is valid."""
    notes = [*written.notes, *written.left_out, *([valid] if valid else [])]
    head = [f"# Mends: {', '.join(sorted(set(written.checks)))}", *(f"# {note}" for note in notes)]
    parts = written.objects or [part for part in (written.values,) if part]
    body = yaml.safe_dump_all(parts, sort_keys=False, default_flow_style=False, explicit_start=True, width=110)
    return "\n".join(head) + "\n" + body


def manifests(document: Document, frames: Mapping[str, pl.DataFrame]) -> list[Written]:
    """Return the files for the failed checks of a review, by name."""
    plan = Plan(document, frames)
    for check in document.get("checks", ()):
        maker = _MAKERS.get(str(check["pattern"]).rpartition("/")[2])
        if check["status"] == "failed" and maker is not None:
            for subject in check.get("subjects") or [check.get("subject") or {}]:
                maker(plan, check["pattern"], subject)
    return plan.done()


def _policies(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    if not namespace:
        return
    written = plan.file(namespace, "networkpolicies", check)
    for made in guards.policies(plan.document.get("connectivity", ()), namespace, plan.frames):
        plan.add(written, made)
    written.note(*guards.notes(plan.document.get("connectivity", ()), namespace))


def _budgets(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    if not namespace:
        return
    written = plan.file(namespace, "poddisruptionbudgets", check)
    present = {r["component"] for _, r in rows_of(plan.frames, "k8s.pod") if r["namespace"] == namespace}
    if "envoy" in present:
        plan.add(written, _budget(namespace, "seldon-envoy", LABELS["envoy"]))
    servers = [str(r["name"]) for _, r in rows_of(plan.frames, "k8s.server") if r["namespace"] == namespace]
    for name in servers:
        plan.add(written, _budget(namespace, f"seldon-server-{name}", LABELS["agent"] | {"seldon-server-name": name}))
    if not servers and "server" in present:
        plan.add(written, _budget(namespace, "seldon-server", LABELS["agent"]))


def _budget(namespace: str, name: str, labels: Mapping[str, str]) -> Object:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": dict(labels)}}
    return new_object("policy/v1", "PodDisruptionBudget", namespace, name, spec=spec)


def _roles(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    spaces = {r["namespace"] for kind in ("k8s.model", "k8s.server") for _, r in rows_of(plan.frames, kind)}
    for namespace in sorted(str(s) for s in spaces if s):
        written = plan.file(namespace, "rbac", check)
        written.notes = [
            f"Put the group of the team that owns {namespace}; apply it before what takes wide rights away."
        ]
        plan.add(written, new_object(_RBAC, "Role", namespace, "seldon-model-owner", rules=_owner_rules()))
        who = [{"kind": "Group", "name": f"{namespace}-model-owners", "apiGroup": "rbac.authorization.k8s.io"}]
        ref = {"kind": "Role", "name": "seldon-model-owner", "apiGroup": "rbac.authorization.k8s.io"}
        bound = new_object(_RBAC, "RoleBinding", namespace, "seldon-model-owner", roleRef=ref, subjects=who)
        plan.add(written, bound)
    _narrowed(plan, check, subject)


def _narrowed(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Take wide rights away: people from a binding to cluster-admin, everything but Seldon's own from a Role."""
    namespace, name = subject.get("namespace"), subject.get("name")
    role = plan.existing("k8s.role", namespace, name) if namespace and name else None
    binding = plan.existing("k8s.rolebinding", namespace, name) if name else None
    if role is not None:
        role["rules"] = _owner_rules()
        plan.add(plan.file(str(namespace), "rbac-narrowed", check), role)
    if binding is not None and mapping(binding.get("roleRef")).get("name") == "cluster-admin":
        held = [mapping(who) for who in sequence(binding.get("subjects"))]
        binding["subjects"] = [w for w in held if w.get("kind") == "ServiceAccount" and w.get("name") != "default"]
        written = plan.file(namespace or "cluster", "rbac-narrowed", check)
        gone = ", ".join(f"{w.get('kind')} {w.get('name')}" for w in held if w not in binding["subjects"])
        written.notes.append(f"Takes cluster-admin from {gone}: make sure that somebody keeps it, and apply it last.")
        plan.add(written, binding)


def _owner_rules() -> list[Object]:
    kinds = ["models", "pipelines", "experiments"]
    return [
        {"apiGroups": ["mlops.seldon.io"], "resources": kinds, "verbs": _VERBS},
        {"apiGroups": ["mlops.seldon.io"], "resources": ["servers", "seldonruntimes"], "verbs": _READS},
        {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": _READS},
    ]


_RBAC = "rbac.authorization.k8s.io/v1"
_READS = ["get", "list", "watch"]
_VERBS = [*_READS, "create", "update", "patch", "delete"]


def _defaults(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    if namespace := subject.get("namespace"):
        limit = {"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}}
        limit["defaultRequest"] = {"cpu": "100m", "memory": "256Mi"}
        made = new_object("v1", "LimitRange", namespace, "seldon-defaults", spec={"limits": [limit]})
        plan.add(plan.file(namespace, "limitrange", check), made)


def _resources(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    for _, row in rows_of(plan.frames, "k8s.server"):
        server = plan.existing("k8s.server", str(row["namespace"]), row["name"])
        if row["namespace"] != namespace or namespace is None or server is None:
            continue
        written = plan.file(namespace, "servers", check)
        written.notes = ["Put the memory that the models of each server need; these are the sizes of a first model."]
        spec = dict_in(server, "spec")
        containers = list_in(dict_in(spec, "podSpec"), "containers")
        held = {c.get("name"): c for c in containers if isinstance(c, dict)}
        kind = "triton" if "triton" in str(spec.get("serverConfig")) else "mlserver"
        for name, memory in {**_MEMORY, kind: "4Gi"}.items():
            made = held.get(name) or {"name": name}
            made["resources"] = {"requests": {"cpu": "200m", "memory": memory}, "limits": {"memory": memory}}
            if name not in held:
                containers.append(made)
        plan.add(written, server)
    _volumes(plan, check, namespace)


def _volumes(plan: Plan, check: str, namespace: str | None) -> None:
    for _, row in rows_of(plan.frames, "k8s.persistentvolumeclaim"):
        if namespace is None or row["namespace"] != namespace or not str(row["name"]).startswith("mlserver-models"):
            continue
        claim = plan.existing("k8s.persistentvolumeclaim", namespace, row["name"])
        asked = dict_in(dict_in(dict_in(claim, "spec"), "resources"), "requests") if claim is not None else {}
        if claim is not None and asked.get("storage") in ("1Gi", "1G"):
            asked["storage"] = "10Gi"
            written = plan.file(namespace, "volumes", check)
            written.notes = [
                "Put the sum of the artefacts and half of it again; the storage class has to allow expansion.",
                "Claims made later take their size from `volumeClaimTemplates` of the ServerConfig.",
            ]
            plan.add(written, claim)


def _replicas(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace, workload = subject.get("namespace"), subject.get("workload", "")
    if not namespace:
        return
    if workload.startswith("seldon-"):
        _override(plan, check, namespace, workload, replicas=2)
        return
    server = plan.existing("k8s.server", namespace, workload)
    if server is not None:
        dict_in(server, "spec")["replicas"] = 2
        plan.add(plan.file(namespace, "servers", check), server)


def _override(plan: Plan, check: str, namespace: str, component: str, **values: Any) -> None:
    """Set values of a component in the SeldonRuntime of a namespace."""
    runtime = plan.existing("k8s.seldonruntime", namespace)
    if runtime is None:
        key = ("new runtime", namespace, "seldon")
        spec: Object = {"seldonConfig": "default", "overrides": []}
        runtime = plan.live.setdefault(key, new_object(_GROUP, "SeldonRuntime", namespace, "seldon", spec=spec))
    overrides = list_in(dict_in(runtime, "spec"), "overrides")
    held = next((o for o in overrides if isinstance(o, dict) and o.get("name") == component), None)
    if held is None:
        held = {"name": component}
        overrides.append(held)
    held |= values
    plan.add(plan.file(namespace, "seldonruntime", check), runtime)


def _overriding(component: str, **values: Any) -> "Maker":
    def make(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
        spaces = [subject["namespace"]] if subject.get("namespace") else _balanced(plan)
        for namespace in spaces:
            _override(plan, check, namespace, component, **values)

    return make


def _balanced(plan: Plan) -> list[str]:
    """Return the namespaces whose seldon-mesh is a LoadBalancer."""
    rows = [r for _, r in rows_of(plan.frames, "k8s.service") if r["name"] == "seldon-mesh"]
    return sorted({str(r["namespace"]) for r in rows if r["type"] == "LoadBalancer" and r["namespace"]})


def _idle(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    if namespace := subject.get("namespace"):
        for component in ("seldon-dataflow-engine", "seldon-modelgateway", "seldon-pipelinegateway"):
            _override(plan, check, namespace, component, disable=True)


def _untraced(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    runtime = plan.existing("k8s.seldonruntime", namespace) if namespace else None
    if namespace and runtime is not None:
        dict_in(dict_in(dict_in(runtime, "spec"), "config"), "tracingConfig")["disable"] = True
        plan.add(plan.file(namespace, "seldonruntime", check), runtime)


def _runtime(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    if namespace := subject.get("namespace"):
        _override(plan, check, namespace, "seldon-scheduler", replicas=1, serviceType="ClusterIP")
        _override(plan, check, namespace, "seldon-envoy", replicas=2, serviceType="ClusterIP")
        guarded = guards.policies(guards.as_elsewhere(plan.document.get("connectivity", ()), namespace), namespace, {})
        for made in guarded:
            plan.add(plan.file(namespace, "networkpolicies", check), made)


def _pinned(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace, name = subject.get("namespace"), subject.get("model")
    model = plan.existing("k8s.model", namespace, name) if namespace and name else None
    if namespace is None or model is None:
        return
    written = plan.file(namespace, "models", check)
    written.notes = ["Copy what is served now to the path named here, or put the path of its version."]
    spec = dict_in(model, "spec")
    uri = str(spec.get("storageUri", "")).rstrip("/")
    parent, _, last = uri.rpartition("/")
    moving = re.fullmatch(r"(?i)latest|current|production|prod|staging|champion|main|master|head", last)
    spec["storageUri"] = f"{parent if moving else uri}/v1"
    plan.add(written, model)


def _monitors(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    for _, row in rows_of(plan.frames, "k8s.pod"):
        if row["component"] == "scheduler" and row["namespace"]:
            names = [LABELS[c]["app.kubernetes.io/name"] for c in ("scheduler", "envoy", "agent")]
            chosen = {"key": "app.kubernetes.io/name", "operator": "In", "values": names}
            ends = [
                {"port": p, "path": at} for p, at in (("metrics", "/metrics"), ("envoy-stats", "/stats/prometheus"))
            ]
            spec = {"selector": {"matchExpressions": [chosen]}, "podMetricsEndpoints": ends}
            made = new_object("monitoring.coreos.com/v1", "PodMonitor", row["namespace"], "seldon", spec=spec)
            plan.add(plan.file(row["namespace"], "podmonitor", check), made)


def _encrypted(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace", "")
    known = ingress_of(plan, namespace)
    if known is not None and not mapping(known.get("spec")).get("tls"):
        entry(plan, check, subject)
    inner = (r for _, r in rows_of(plan.frames, "k8s.env") if r["variable"] == "ENVOY_SECURITY_PROTOCOL")
    if any(r["namespace"] == namespace and r["value"] == "PLAINTEXT" for r in inner):
        charts.data_plane(plan, check, subject)


Maker = Callable[[Plan, str, Mapping[str, str]], None]
_MAKERS: Mapping[str, Maker] = {
    "arch-missing-networkpolicy": _policies,
    "arch-networkpolicy-ports-incomplete": _policies,
    "arch-no-pod-disruption-budget": _budgets,
    "arch-no-ingress": entry,
    "arch-lb-idle-timeout": entry,
    "arch-no-tls-data-plane": _encrypted,
    "arch-no-tls-control-plane": charts.control_plane,
    "arch-gateway-without-tls": gateway_tls,
    "arch-route-cannot-reach-mesh": reroute,
    "arch-operator-wider-than-needed": charts.scope,
    "arch-scheduler-state-not-protected": charts.state,
    "arch-logs-too-quiet": charts.logs,
    "arch-service-mesh-not-prepared": charts.named_ports,
    "arch-inference-unauthenticated": entry,
    "arch-ingress-cannot-reach-mesh": entry,
    "arch-missing-rbac-isolation": _roles,
    "arch-quota-without-defaults": _defaults,
    "arch-no-limits-or-small-defaults": _resources,
    "arch-single-replica-data-plane": _replicas,
    "arch-scheduler-replicas-not-one": _overriding("seldon-scheduler", replicas=1),
    "arch-control-plane-exposed": _overriding("seldon-scheduler", serviceType="ClusterIP"),
    "arch-envoy-stats-exposed": _overriding("seldon-envoy", serviceType="ClusterIP"),
    "arch-loadbalancer-per-namespace": _overriding("seldon-envoy", serviceType="ClusterIP"),
    "arch-telemetry-on": _overriding("hodometer", disable=True),
    "arch-pipelines-without-kafka": _idle,
    "arch-tracing-default-endpoint": _untraced,
    "arch-namespace-without-runtime": _runtime,
    "arch-unpinned-model-version": _pinned,
    "arch-no-monitoring": _monitors,
}
