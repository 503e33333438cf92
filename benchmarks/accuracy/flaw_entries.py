"""Flaws of the way in: Ingresses, Gateways, load balancers, a mesh around them."""

from collections.abc import Callable
from typing import Any

from benchmarks.accuracy.sites import AUTH, LIMITS, PORTS, Site, elsewhere, host, ingress

Sow = Callable[[Site], None]


def published(site: Site, namespace: str, kind: str) -> None:
    """Let a namespace's seldon-mesh be reached from outside."""
    for body in site.of("Service", "seldon-mesh"):
        if body["metadata"]["namespace"] == namespace:
            body["spec"]["type"] = kind
            if kind == "LoadBalancer":
                body["status"]["loadBalancer"] = {"ingress": [{"ip": f"192.0.2.{site.rng.randrange(20, 99)}"}]}


def bare(site: Site) -> None:
    """Envoy is published by itself."""
    site.drop("Ingress")
    published(site, site.w.namespace, site.rng.choice(("LoadBalancer", "NodePort")))


def balancers(site: Site) -> None:
    """Two namespaces have a load balancer each."""
    site.drop("Ingress")
    other = elsewhere(site, "runtime", "scheduler", "server", "mesh")
    for namespace in (site.w.namespace, other):
        published(site, namespace, "LoadBalancer")


def path(site: Site) -> None:
    """The Ingress hands on paths that Envoy does not know."""
    for body in site.of("Ingress"):
        for rule in body["spec"]["rules"]:
            rule["http"]["paths"][0]["path"] = site.rng.choice(("/models", "/api/ml", "/inference-prod"))


def route_path(site: Site) -> None:
    """The route hands on paths that Envoy does not know."""
    for body in site.of("HTTPRoute"):
        body["spec"]["rules"][0]["matches"] = [{"path": {"type": "PathPrefix", "value": "/models"}}]
    for body in site.of("VirtualService"):
        body["spec"]["http"][0]["match"] = [{"uri": {"prefix": "/ml"}}]


def backend(site: Site) -> None:
    """The entry leads to a Service that is not there."""
    site.bodies = [b for b in site.bodies if (b["kind"], b["metadata"]["name"]) != ("Service", "seldon-mesh")]


def plain_gateway(site: Site) -> None:
    """The Gateway listens in clear text only."""
    for body in site.of("Gateway"):
        if "listeners" in body["spec"]:
            body["spec"]["listeners"] = [{"name": "http", "port": 80, "protocol": "HTTP"}]
        else:
            body["spec"]["servers"] = [
                {"hosts": [host(site)], "port": {"name": "http", "number": 80, "protocol": "HTTP"}}
            ]


def collide(site: Site) -> None:
    """Two namespaces claim the same host."""
    other = elsewhere(site, "runtime", "scheduler", "server", "mesh")
    ingress(site, other, "models", **AUTH, **LIMITS)


def annotations(*gone: str) -> Sow:
    """Return the flaw that the Ingress lacks these annotations."""

    def sow(site: Site) -> None:
        for body in site.of("Ingress"):
            held: dict[str, Any] = body["metadata"]["annotations"]
            body["metadata"]["annotations"] = {k: v for k, v in held.items() if not any(g in k for g in gone)}

    return sow


def plain_ingress(site: Site) -> None:
    """The Ingress has no TLS."""
    for body in site.of("Ingress"):
        del body["spec"]["tls"]


def sidecars(site: Site) -> None:
    """A mesh's sidecars are in the pods, and the ports have no names for it."""
    for app in ("scheduler", "envoy", "server"):
        for spec in site.pods(app):
            proxy = {
                **spec["containers"][0],
                "name": "istio-proxy",
                "image": "docker.io/istio/proxyv2:1.24.2",
                "env": [],
            }
            spec["containers"] = [*spec["containers"], proxy]
    for body in site.of("Service", "seldon-scheduler"):
        for port in body["spec"]["ports"]:
            port["name"] = PORTS[port["port"]].removeprefix("grpc-")


def unhealthy(site: Site) -> None:
    """The cloud's load balancer finds the backend unhealthy."""
    for body in site.of("Ingress"):
        body["metadata"]["annotations"]["ingress.kubernetes.io/backends"] = '{"k8s1-5f3a-seldon-mesh-80":"UNHEALTHY"}'


def unaddressed(site: Site) -> None:
    """Nobody gives the load balancer an address."""
    bare(site)
    for body in site.of("Service", "seldon-mesh"):
        body["spec"]["type"] = "LoadBalancer"
        body["status"] = {"loadBalancer": {}}


def svclb(site: Site) -> None:
    """The pods of k3s' load balancer find their ports taken."""
    labels = {"app": "svclb-seldon-mesh-1f2e"}
    site.add("v1", "Pod", "svclb-seldon-mesh-1f2e-x8k2p", "kube-system", metadata={"labels": labels},
             spec={"containers": [{"name": "lb-tcp-80", "image": "rancher/klipper-lb:v0.4.9"}]},
             status={"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."}]})  # fmt: skip
