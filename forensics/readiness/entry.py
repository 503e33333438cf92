"""The entry from outside, as manifests: an Ingress, or an HTTPRoute where the dump has a Gateway of the Gateway API."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from forensics.intake.rows import mapping, rows_of, sequence
from forensics.readiness.mending import Object, Plan, new_object
from forensics.readiness.termination import provided

_OF_TRAEFIK = "Traefik takes none of these annotations: its way is a Middleware (forwardAuth) and a ServersTransport."


def entry(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Add what publishes seldon-mesh of a namespace: the Ingress that is there, mended, else a new way in."""
    namespace = subject.get("namespace")
    if not namespace:
        return
    known = ingress_of(plan, namespace)
    gateway = _gateway(plan)
    if known is None and gateway is not None:
        written = plan.file(namespace, "httproute", check)
        written.notes = ["Put your host; authentication and limits are policies of the gateway's own kind."]
        plan.add(written, _route(namespace, gateway))
        return
    namespace, note = _moved(plan, namespace, known)
    written = plan.file(namespace, "ingress", check)
    written.note(*filter(None, (note,)))
    fresh = known is None
    if known is None:
        written.notes = ["Put your host, and your class of Ingress."]
        known = _new_ingress(plan, namespace)
        if mapping(known.get("spec")).get("ingressClassName") == "traefik":
            written.notes.append(_OF_TRAEFIK)
    spec = mapping(known.get("spec"))
    hosts = [r["host"] for r in sequence(spec.get("rules")) if isinstance(r, dict) and isinstance(r.get("host"), str)]
    if not spec.get("tls"):
        spec["tls"] = [{"hosts": hosts, "secretName": provided(plan, written, namespace, hosts)}]
    notes = known["metadata"].setdefault("annotations", {})
    name = check.rpartition("/")[2]
    if fresh or name == "arch-lb-idle-timeout":
        notes.setdefault("nginx.ingress.kubernetes.io/proxy-read-timeout", "300")
        notes.setdefault("nginx.ingress.kubernetes.io/proxy-send-timeout", "300")
    if fresh or name == "arch-inference-unauthenticated":
        notes.setdefault("nginx.ingress.kubernetes.io/auth-url", f"https://auth.{namespace}.example.com/verify")
        note = "Put the address of the service that checks credentials; the annotations are those of ingress-nginx."
        written.note(note)
    if name == "arch-ingress-cannot-reach-mesh":
        for path in _paths(spec):
            path |= {"path": "/", "pathType": "Prefix"}
    if not notes:
        del known["metadata"]["annotations"]
    plan.add(written, known)


def _moved(plan: Plan, namespace: str, known: Object | None) -> tuple[str, str]:
    """Put an Ingress that leads nowhere beside seldon-mesh; return its namespace, and what is left to do."""
    if known is None:
        return namespace, ""
    meta = known["metadata"]
    was = plan.moved.get((meta["namespace"], meta["name"]))
    target = meta["namespace"] if was else _beside_mesh(plan, meta["namespace"], known)
    if target is None:
        return namespace, ""
    if was is None:
        was, meta["namespace"] = meta["namespace"], target
        plan.moved[target, meta["name"]] = was
    return target, f"From {was} it reached no seldon-mesh: kubectl -n {was} delete ingress {meta['name']}"


def _is_moved(plan: Plan, known: Object) -> bool:
    return (known["metadata"]["namespace"], known["metadata"]["name"]) in plan.moved


def _controller(plan: Plan) -> str:
    """Return the class of the controller whose pods are there: K3s brings Traefik."""
    names = [str(r["name"]) for _, r in rows_of(plan.frames, "k8s.pod")]
    nodes = [str(r["kubelet"]) for _, r in rows_of(plan.frames, "k8s.node")]
    brought = any("+k3s" in kubelet for kubelet in nodes) and not any("nginx" in name for name in names)
    return "traefik" if brought or any(name.startswith("traefik") for name in names) else "nginx"


def _beside_mesh(plan: Plan, namespace: str, known: Object) -> str | None:
    """Return the namespace an Ingress belongs to that is not beside seldon-mesh: the one it names, or the only one."""
    meshes = {r["namespace"] for _, r in rows_of(plan.frames, "k8s.service") if r["name"] == "seldon-mesh"}
    if namespace in meshes or not meshes:
        return None
    words = set(re.findall(r"[a-z0-9-]+", str(known.get("spec"))))
    fit = [str(space) for space in meshes if space in words] or [str(space) for space in meshes]
    return fit[0] if len(fit) == 1 else None


def _paths(spec: Mapping[str, Any]) -> Iterator[Object]:
    for rule in sequence(spec.get("rules")):
        for path in sequence(mapping(mapping(rule).get("http")).get("paths")):
            if mapping(mapping(mapping(path).get("backend")).get("service")).get("name") == "seldon-mesh":
                yield path


def _gateway(plan: Plan) -> Mapping[str, Any] | None:
    """Return a Gateway of the Gateway API; Istio's own kind of that name is none."""
    rows = (r for _, r in rows_of(plan.frames, "k8s.gateway"))
    return next((r for r in rows if str(r["api_version"]).startswith("gateway.networking.k8s.io/")), None)


def _route(namespace: str, gateway: Mapping[str, Any]) -> Object:
    parent = {"name": str(gateway["name"])}
    if gateway["namespace"]:
        parent["namespace"] = str(gateway["namespace"])
    spec = {
        "parentRefs": [parent],
        "hostnames": [f"{namespace}.example.com"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/v2"}}],
                "backendRefs": [{"name": "seldon-mesh", "port": 80}],
                "timeouts": {"request": "300s"},
            }
        ],
    }
    return new_object("gateway.networking.k8s.io/v1", "HTTPRoute", namespace, "seldon-mesh", spec=spec)


def ingress_of(plan: Plan, namespace: str) -> Object | None:
    """Return the Ingress of a namespace that leads to seldon-mesh, or one that belongs there and is elsewhere."""
    rows = [r for _, r in rows_of(plan.frames, "k8s.ingress") if "seldon-mesh" in str(r["paths"])]
    for row in rows:
        if row["namespace"] == namespace:
            return plan.existing("k8s.ingress", namespace, row["name"])
    for row in rows:
        known = plan.existing("k8s.ingress", row["namespace"], row["name"])
        if known is not None and namespace == (
            known["metadata"]["namespace"]
            if _is_moved(plan, known)
            else _beside_mesh(plan, str(row["namespace"]), known)
        ):
            return known
    return None


def _new_ingress(plan: Plan, namespace: str) -> Object:
    key = ("new ingress", namespace, "seldon-mesh")
    if key not in plan.live:
        classes = [r for _, r in rows_of(plan.frames, "k8s.ingressclass")]
        chosen = next((str(c["name"]) for c in classes if c["is_default"]), None)
        chosen = chosen or (str(classes[0]["name"]) if classes else _controller(plan))
        host = f"{namespace}.example.com"
        backend = {"service": {"name": "seldon-mesh", "port": {"number": 80}}}
        rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
        spec = {"ingressClassName": chosen, "rules": [rule]}
        plan.live[key] = new_object("networking.k8s.io/v1", "Ingress", namespace, "seldon-mesh", spec=spec)
    return plan.live[key]
