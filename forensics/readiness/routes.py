"""Routes of the Gateway API and of Istio to seldon-mesh, so that they reach it."""

from collections.abc import Mapping

from forensics.intake.rows import mapping, rows_of, sequence
from forensics.readiness.mending import Object, Plan, new_object

_KINDS = (("k8s.httproute", "HTTPRoute"), ("k8s.virtualservice", "VirtualService"))
_OWN = ("/v2", "/inference.", "/seldon")


def reroute(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Rewrite prefixes that Envoy does not know, and name the namespace of seldon-mesh where a route is elsewhere."""
    namespace, name = subject.get("namespace"), subject.get("name")
    meshes = sorted({str(r["namespace"]) for _, r in rows_of(plan.frames, "k8s.service") if r["name"] == "seldon-mesh"})
    target = meshes[0] if len(meshes) == 1 and namespace not in meshes else None
    for source, kind in _KINDS:
        route = plan.existing(source, namespace, name) if namespace and name else None
        if route is None or not namespace or "seldon-mesh" not in str(route.get("spec")):
            continue
        written = plan.file(namespace, "routes", check)
        spec = mapping(route.get("spec"))
        if kind == "HTTPRoute":
            for rule in map(mapping, sequence(spec.get("rules"))):
                _rewrite(rule)
                for backend in map(mapping, sequence(rule.get("backendRefs"))):
                    if target and backend.get("name") == "seldon-mesh" and not backend.get("namespace"):
                        backend["namespace"] = target
                        plan.add(written, _grant(namespace, target))
        else:
            for rule in map(mapping, sequence(spec.get("http"))):
                prefixes = [mapping(mapping(m).get("uri")).get("prefix") for m in sequence(rule.get("match"))]
                if any(_strange(prefix) for prefix in prefixes):
                    rule.setdefault("rewrite", {"uri": "/"})
                for way in map(mapping, sequence(rule.get("route"))):
                    destination = mapping(way.get("destination"))
                    if target and destination.get("host") == "seldon-mesh":
                        destination["host"] = f"seldon-mesh.{target}.svc.cluster.local"
        plan.add(written, route)


def _rewrite(rule: Object) -> None:
    paths = [mapping(mapping(match).get("path")).get("value") for match in sequence(rule.get("matches"))]
    if any(_strange(path) for path in paths) and "URLRewrite" not in str(rule.get("filters")):
        rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
        rule["filters"] = [*sequence(rule.get("filters")), {"type": "URLRewrite", "urlRewrite": rewrite}]


def _strange(path: object) -> bool:
    return isinstance(path, str) and path != "/" and not path.startswith(_OWN)


def _grant(namespace: str, target: str) -> Object:
    """Return what lets routes of a namespace lead to seldon-mesh of another."""
    sources = [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespace}]
    spec = {"from": sources, "to": [{"group": "", "kind": "Service", "name": "seldon-mesh"}]}
    return new_object(
        "gateway.networking.k8s.io/v1beta1", "ReferenceGrant", target, f"routes-of-{namespace}", spec=spec
    )
