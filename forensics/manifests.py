"""What mends the failed checks of a review, as manifests of this very installation: its names, labels and ports.

What a bundle does not tell is named in a comment at the head of a file. Objects that exist are written whole, with
what was changed; Seldon's own workloads are changed through their SeldonRuntime and Servers, since the operator would
undo anything else.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from forensics import guards
from forensics.components import LABELS
from forensics.document import Document
from forensics.rows import mapping, parsed, rows_of, sequence

Object = dict[str, Any]
_GROUP = "mlops.seldon.io/v1alpha1"
_MEMORY = {"rclone": "1Gi", "agent": "1Gi"}
_STATUS = ("status",)
_OWN = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink", "ownerReferences")


@dataclass(slots=True)
class Written:
    """One file of manifests.

    Attributes:
        name: of the file.
        checks: which failed checks it mends, wholly or in part.
        notes: what the reader has to fill in or to know.
    """

    name: str
    objects: list[Object] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_manifests(document: Document, frames: Mapping[str, pl.DataFrame], folder: Path) -> list[dict[str, Any]]:
    """Write the manifests of a review into `folder`; return what was written, as the document holds it.

    Raises:
        OSError: when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for written in manifests(document, frames):
        (folder / written.name).write_text(text_of(written), "utf-8")
        told.append(
            {
                "file": written.name,
                "checks": sorted(set(written.checks)),
                "objects": [
                    f"{o['kind']} {o['metadata'].get('namespace', '')}/{o['metadata']['name']}" for o in written.objects
                ],
                "notes": written.notes,
            }
        )
    return told


def text_of(written: Written) -> str:
    """Return a file of manifests, with what it is for at its head."""
    head = [f"# Mends: {', '.join(sorted(set(written.checks)))}", *(f"# {note}" for note in written.notes)]
    body = yaml.safe_dump_all(
        written.objects, sort_keys=False, default_flow_style=False, explicit_start=True, width=110
    )
    return "\n".join(head) + "\n" + body


def manifests(document: Document, frames: Mapping[str, pl.DataFrame]) -> list[Written]:
    """Return the files for the failed checks of a review, by name."""
    plan = _Plan(document, frames)
    for check in document.get("checks", ()):
        maker = _MAKERS.get(str(check["pattern"]).rpartition("/")[2])
        if check["status"] == "failed" and maker is not None:
            for subject in check.get("subjects") or [check.get("subject") or {}]:
                maker(plan, check["pattern"], subject)
    return plan.done()


class _Plan:
    """Files in the making; objects that several checks change are changed once."""

    def __init__(self, document: Document, frames: Mapping[str, pl.DataFrame]) -> None:
        self.document = document
        self.frames = frames
        self._files: dict[str, Written] = {}
        self._live: dict[tuple[str, str, str], Object] = {}

    def file(self, namespace: str, what: str, check: str) -> Written:
        name = re.sub(r"[^a-z0-9-]+", "-", f"{namespace}-{what}".lower()).strip("-") + ".yaml"
        made = self._files.setdefault(name, Written(name))
        made.checks.append(check)
        return made

    def existing(self, source: str, namespace: str, name: str | None = None) -> Object | None:
        """Return an object of the bundle as it would be applied; None where it was not dumped whole."""
        for _, row in rows_of(self.frames, source):
            if row["namespace"] != namespace or (name is not None and row["name"] != name) or row["form"] != "object":
                continue
            key = (source, namespace, str(row["name"]))
            if key not in self._live:
                raw = mapping(parsed(row["raw"]))
                meta = {k: v for k, v in mapping(raw.get("metadata")).items() if k not in _OWN and v}
                self._live[key] = {**{k: v for k, v in raw.items() if k not in _STATUS}, "metadata": meta}
            return self._live[key]
        return None

    def add(self, written: Written, made: Object) -> None:
        key = (made["kind"], made["metadata"].get("namespace"), made["metadata"]["name"])
        if key not in [(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in written.objects]:
            written.objects.append(made)

    def done(self) -> list[Written]:
        return [self._files[name] for name in sorted(self._files) if self._files[name].objects]


def _object(api: str, kind: str, namespace: str, name: str, **rest: Any) -> Object:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}


def _policies(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    if not namespace:
        return
    written = plan.file(namespace, "networkpolicies", check)
    for made in guards.policies(plan.document.get("connectivity", ()), namespace, plan.frames):
        plan.add(written, made)
    notes = guards.notes(plan.document.get("connectivity", ()), namespace)
    written.notes += [note for note in notes if note not in written.notes]


def _budgets(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
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
    return _object("policy/v1", "PodDisruptionBudget", namespace, name, spec=spec)


def _ingress(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    if not namespace:
        return
    written = plan.file(namespace, "ingress", check)
    known = _ingress_of(plan, namespace)
    if known is None:
        written.notes = ["Put your host, the name of its certificate's secret and your class of Ingress."]
        known = _new_ingress(plan, namespace)
    spec = mapping(known.get("spec"))
    hosts = [r["host"] for r in sequence(spec.get("rules")) if isinstance(r, dict) and isinstance(r.get("host"), str)]
    if not spec.get("tls"):
        spec["tls"] = [{"hosts": hosts, "secretName": "seldon-mesh-tls"}]
    notes = known["metadata"].setdefault("annotations", {})
    name = check.rpartition("/")[2]
    if name in ("arch-lb-idle-timeout", "arch-no-ingress"):
        notes.setdefault("nginx.ingress.kubernetes.io/proxy-read-timeout", "300")
        notes.setdefault("nginx.ingress.kubernetes.io/proxy-send-timeout", "300")
    if name in ("arch-inference-unauthenticated", "arch-no-ingress"):
        notes.setdefault("nginx.ingress.kubernetes.io/auth-url", f"https://auth.{namespace}.example.com/verify")
        note = "Put the address of the service that checks credentials; the annotations are those of ingress-nginx."
        written.notes += [note] if note not in written.notes else []
    if name == "arch-ingress-cannot-reach-mesh":
        for path in _paths(spec):
            path |= {"path": "/", "pathType": "Prefix"}
    if not notes:
        del known["metadata"]["annotations"]
    plan.add(written, known)


def _paths(spec: Mapping[str, Any]) -> Iterator[Object]:
    for rule in sequence(spec.get("rules")):
        for path in sequence(mapping(mapping(rule).get("http")).get("paths")):
            if mapping(mapping(mapping(path).get("backend")).get("service")).get("name") == "seldon-mesh":
                yield path


def _ingress_of(plan: _Plan, namespace: str) -> Object | None:
    for _, row in rows_of(plan.frames, "k8s.ingress"):
        if row["namespace"] == namespace and "seldon-mesh" in str(row["paths"]):
            return plan.existing("k8s.ingress", namespace, row["name"])
    return None


def _new_ingress(plan: _Plan, namespace: str) -> Object:
    key = ("new ingress", namespace, "seldon-mesh")
    if key not in plan._live:
        classes = [r for _, r in rows_of(plan.frames, "k8s.ingressclass")]
        chosen = next((str(c["name"]) for c in classes if c["is_default"]), None)
        chosen = chosen or (str(classes[0]["name"]) if classes else "nginx")
        host = f"{namespace}.example.com"
        backend = {"service": {"name": "seldon-mesh", "port": {"number": 80}}}
        rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        spec = {"ingressClassName": chosen, "rules": [rule]}
        plan._live[key] = _object("networking.k8s.io/v1", "Ingress", namespace, "seldon-mesh", spec=spec)
    return plan._live[key]


def _roles(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    spaces = {r["namespace"] for kind in ("k8s.model", "k8s.server") for _, r in rows_of(plan.frames, kind)}
    for namespace in sorted(str(s) for s in spaces if s):
        written = plan.file(namespace, "rbac", check)
        written.notes = [
            f"Put the group of the team that owns {namespace}; then delete the binding or the Role the check names."
        ]
        kinds = ["models", "pipelines", "experiments"]
        rules = [
            {"apiGroups": ["mlops.seldon.io"], "resources": kinds, "verbs": _VERBS},
            {"apiGroups": ["mlops.seldon.io"], "resources": ["servers", "seldonruntimes"], "verbs": _READS},
            {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": _READS},
        ]
        api = "rbac.authorization.k8s.io/v1"
        plan.add(written, _object(api, "Role", namespace, "seldon-model-owner", rules=rules))
        who = [{"kind": "Group", "name": f"{namespace}-model-owners", "apiGroup": "rbac.authorization.k8s.io"}]
        ref = {"kind": "Role", "name": "seldon-model-owner", "apiGroup": "rbac.authorization.k8s.io"}
        bound = _object(api, "RoleBinding", namespace, "seldon-model-owner", roleRef=ref, subjects=who)
        plan.add(written, bound)


_READS = ["get", "list", "watch"]
_VERBS = [*_READS, "create", "update", "patch", "delete"]


def _defaults(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    if namespace := subject.get("namespace"):
        limit = {"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}}
        limit["defaultRequest"] = {"cpu": "100m", "memory": "256Mi"}
        made = _object("v1", "LimitRange", namespace, "seldon-defaults", spec={"limits": [limit]})
        plan.add(plan.file(namespace, "limitrange", check), made)


def _resources(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    for _, row in rows_of(plan.frames, "k8s.server"):
        server = plan.existing("k8s.server", str(row["namespace"]), row["name"])
        if row["namespace"] != namespace or namespace is None or server is None:
            continue
        written = plan.file(namespace, "servers", check)
        written.notes = ["Put the memory that the models of each server need; these are the sizes of a first model."]
        pod = server["spec"].setdefault("podSpec", {})
        containers = pod.setdefault("containers", [])
        held = {c.get("name"): c for c in containers if isinstance(c, dict)}
        kind = "triton" if "triton" in str(server["spec"].get("serverConfig")) else "mlserver"
        for name, memory in {**_MEMORY, kind: "4Gi"}.items():
            made = held.get(name) or {"name": name}
            made["resources"] = {"requests": {"cpu": "200m", "memory": memory}, "limits": {"memory": memory}}
            if name not in held:
                containers.append(made)
        plan.add(written, server)


def _replicas(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace, workload = subject.get("namespace"), subject.get("workload", "")
    if not namespace:
        return
    if workload.startswith("seldon-"):
        _override(plan, check, namespace, workload, replicas=2)
        return
    server = plan.existing("k8s.server", namespace, workload)
    if server is not None:
        server["spec"]["replicas"] = 2
        plan.add(plan.file(namespace, "servers", check), server)


def _override(plan: _Plan, check: str, namespace: str, component: str, **values: Any) -> None:
    """Set values of a component in the SeldonRuntime of a namespace."""
    runtime = plan.existing("k8s.seldonruntime", namespace)
    if runtime is None:
        key = ("new runtime", namespace, "seldon")
        spec: Object = {"seldonConfig": "default", "overrides": []}
        runtime = plan._live.setdefault(key, _object(_GROUP, "SeldonRuntime", namespace, "seldon", spec=spec))
    overrides = runtime["spec"].setdefault("overrides", [])
    held = next((o for o in overrides if isinstance(o, dict) and o.get("name") == component), None)
    if held is None:
        held = {"name": component}
        overrides.append(held)
    held |= values
    plan.add(plan.file(namespace, "seldonruntime", check), runtime)


def _overriding(component: str, **values: Any) -> "Maker":
    def make(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
        spaces = [subject["namespace"]] if subject.get("namespace") else _balanced(plan)
        for namespace in spaces:
            _override(plan, check, namespace, component, **values)

    return make


def _balanced(plan: _Plan) -> list[str]:
    """Return the namespaces whose seldon-mesh is a LoadBalancer."""
    rows = [r for _, r in rows_of(plan.frames, "k8s.service") if r["name"] == "seldon-mesh"]
    return sorted({str(r["namespace"]) for r in rows if r["type"] == "LoadBalancer" and r["namespace"]})


def _idle(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    if namespace := subject.get("namespace"):
        for component in ("seldon-dataflow-engine", "seldon-modelgateway", "seldon-pipelinegateway"):
            _override(plan, check, namespace, component, disable=True)


def _untraced(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace = subject.get("namespace")
    runtime = plan.existing("k8s.seldonruntime", namespace) if namespace else None
    if namespace and runtime is not None:
        runtime["spec"].setdefault("config", {}).setdefault("tracingConfig", {})["disable"] = True
        plan.add(plan.file(namespace, "seldonruntime", check), runtime)


def _runtime(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    if namespace := subject.get("namespace"):
        _override(plan, check, namespace, "seldon-scheduler", replicas=1, serviceType="ClusterIP")
        _override(plan, check, namespace, "seldon-envoy", replicas=2, serviceType="ClusterIP")


def _pinned(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    namespace, name = subject.get("namespace"), subject.get("model")
    model = plan.existing("k8s.model", namespace, name) if namespace and name else None
    if namespace is None or model is None:
        return
    written = plan.file(namespace, "models", check)
    written.notes = ["Copy what is served now to the path named here, or put the path of its version."]
    uri = str(model["spec"].get("storageUri", "")).rstrip("/")
    parent, _, last = uri.rpartition("/")
    moving = re.fullmatch(r"(?i)latest|current|production|prod|staging|champion|main|master|head", last)
    model["spec"]["storageUri"] = f"{parent if moving else uri}/v1"
    plan.add(written, model)


def _monitors(plan: _Plan, check: str, subject: Mapping[str, str]) -> None:
    for _, row in rows_of(plan.frames, "k8s.pod"):
        if row["component"] == "scheduler" and row["namespace"]:
            names = [LABELS[c]["app.kubernetes.io/name"] for c in ("scheduler", "envoy", "agent")]
            chosen = {"key": "app.kubernetes.io/name", "operator": "In", "values": names}
            ends = [
                {"port": p, "path": at} for p, at in (("metrics", "/metrics"), ("envoy-stats", "/stats/prometheus"))
            ]
            spec = {"selector": {"matchExpressions": [chosen]}, "podMetricsEndpoints": ends}
            made = _object("monitoring.coreos.com/v1", "PodMonitor", row["namespace"], "seldon", spec=spec)
            plan.add(plan.file(row["namespace"], "podmonitor", check), made)


Maker = Callable[[_Plan, str, Mapping[str, str]], None]
_MAKERS: Mapping[str, Maker] = {
    "arch-missing-networkpolicy": _policies,
    "arch-networkpolicy-ports-incomplete": _policies,
    "arch-no-pod-disruption-budget": _budgets,
    "arch-no-ingress": _ingress,
    "arch-lb-idle-timeout": _ingress,
    "arch-no-tls-data-plane": lambda p, c, s: _ingress(p, c, s) if _ingress_of(p, s.get("namespace", "")) else None,
    "arch-inference-unauthenticated": _ingress,
    "arch-ingress-cannot-reach-mesh": _ingress,
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
