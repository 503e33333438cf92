"""An installation's objects as they should be: what a careful team adds to what Seldon itself makes.

`sound` lays requests and limits, TLS, budgets, policies, an entry with authentication, monitoring and roles over the
objects of a `World`. What a flaw then takes away again is in `flaws.py`.

Source: Kubernetes 1.34 objects; Seldon Core 2.10.2 Helm charts for the names of variables; cert-manager 1.16.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from benchmarks.accuracy import objects
from benchmarks.accuracy.model import World

Body = dict[str, Any]
ENTRIES = ("ingress", "ingress", "gateway", "istio")
NODES = {  # platform: how a node is called, what its kubelet says, its provider
    "eks": ("ip-10-0-3-{}.eu-west-1.compute.internal", "v1.31.4-eks-ae9a62a", "aws:///eu-west-1a/i-0f3a{}"),
    "gke": ("gke-main-pool-1-5f3a-{}", "v1.31.5-gke.1023000", "gce://project-1/europe-west1-b/gke-main-{}"),
    "aks": ("aks-nodepool1-2231-vmss00000{}", "v1.30.7", "azure:///subscriptions/0/resourceGroups/rg/vmss/{}"),
    "k3s": ("edge-{}", "v1.31.4+k3s1", "k3s://edge-{}"),
    "on-premises": ("worker-{}", "v1.30.9", ""),
}
PORTS = {9002: "grpc-xds", 9004: "grpc-scheduler", 9005: "grpc-agent", 9008: "grpc-dataflow", 80: "http", 9003: "admin"}
LISTED = {  # kinds that were listed whether there are any or not: kind, file
    "PodDisruptionBudget": "poddisruptionbudgets", "NetworkPolicy": "networkpolicies", "PodMonitor": "podmonitors",
    "LimitRange": "limitranges", "ResourceQuota": "resourcequotas", "Secret": "secrets", "Ingress": "ingresses",
    "Pipeline": "pipelines", "SeldonRuntime": "seldonruntimes", "Service": "services", "HTTPRoute": "httproutes",
    "VirtualService": "virtualservices", "Gateway": "gateways", "Kafka": "kafkas", "ConfigMap": "configmaps",
}  # fmt: skip


@dataclass(slots=True)
class Site:
    """The objects of an installation, and which readiness checks must fail by what was done to them."""

    w: World
    rng: Random
    platform: str
    entry: str
    bodies: list[Body] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)

    def of(self, kind: str, name: str = "") -> list[Body]:
        """Return the objects of a kind, of that name if one is given."""
        return [b for b in self.bodies if b["kind"] == kind and name in ("", b["metadata"]["name"])]

    def add(self, api: str, kind: str, name: str, namespace: str | None = "", **rest: Any) -> Body:
        """Add an object; in the installation's namespace unless another is given, or None for none."""
        head = objects.meta(self.w, name, self.w.start)
        head |= {"namespace": namespace} if namespace else {}
        if namespace is None:
            del head["namespace"]
        body = {"apiVersion": api, "kind": kind, "metadata": head | rest.pop("metadata", {}), **rest}
        self.bodies.append(body)
        return body

    def drop(self, *kinds: str) -> None:
        """Take every object of these kinds away."""
        self.bodies = [b for b in self.bodies if b["kind"] not in kinds]

    def pods(self, app: str) -> list[Body]:
        """Return the specifications of an app's pods, and of what makes them."""
        made = []
        for body in self.bodies:
            labels = body["metadata"].get("labels", {})
            if labels.get("app.kubernetes.io/name") == f"seldon-{app}" and body["kind"] in (
                "Pod",
                "StatefulSet",
                "Deployment",
            ):
                made.append(body["spec"] if body["kind"] == "Pod" else body["spec"]["template"]["spec"])
        return made

    def containers(self, app: str, name: str = "") -> list[Body]:
        """Return an app's containers, in its pods and in what makes them."""
        return [c for spec in self.pods(app) for c in spec["containers"] if name in ("", c["name"])]

    def variable(self, app: str, name: str, variable: str, value: str) -> None:
        """Give a container a variable."""
        for container in self.containers(app, name):
            env = [e for e in container.get("env", []) if e["name"] != variable]
            container["env"] = [*env, {"name": variable, "value": value}]


APPS = ("scheduler", "envoy", "v2-controller-manager", "server", "modelgateway", "pipelinegateway", "dataflow-engine")


def sound(w: World, rng: Random, entry: str | None = None, platform: str | None = None) -> Site:
    """Return the objects of an installation with nothing amiss but what a fault of `w` does."""
    site = Site(w, rng, platform or rng.choice(list(NODES)), entry or rng.choice(ENTRIES))
    site.bodies = [_copy(body) for body, _ in objects.collected(w)]
    if any(s.replicas == 1 for s in w.servers):
        site.wrong.add("arch-single-replica-data-plane")
    if any(not any(c.isdigit() for c in m.uri) and m.uri.startswith(("s3:", "gs:", "https:")) for m in w.models):
        site.wrong.add("arch-unpinned-model-version")
    _workloads(site)
    _guards(site)
    _cluster(site)
    {"ingress": _ingress, "gateway": _gateway, "istio": _istio}[site.entry](site)
    return site


def _copy(body: Any) -> Any:
    if isinstance(body, dict):
        return {key: _copy(value) for key, value in body.items()}
    return [_copy(each) for each in body] if isinstance(body, list) else body


def _workloads(site: Site) -> None:
    for app in APPS:
        for spec in site.pods(app):
            spec["terminationGracePeriodSeconds"] = 120
            spec["imagePullSecrets"] = [{"name": "registry"}]
            for container in spec["containers"]:
                container["resources"] = {
                    "requests": {"cpu": "200m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}
                }  # fmt: skip
    for body in site.of("Pod"):
        body["status"]["qosClass"] = "Burstable"
        name = body["metadata"]["name"]
        home = name.rpartition("-")[0].rpartition("-")[0] if "seldon-scheduler" not in name else "seldon-scheduler"
        body["metadata"].setdefault("ownerReferences", [_owner(name, home)])
    site.variable("scheduler", "scheduler", "CONTROL_PLANE_SECURITY_PROTOCOL", "SSL")
    site.variable("scheduler", "scheduler", "SELDON_LOG_LEVEL", "INFO")
    site.variable("scheduler", "scheduler", "ENABLE_ENVOY_ACCESSLOG", "true")
    site.variable("envoy", "envoy", "ENVOY_SECURITY_PROTOCOL", "SSL")
    site.variable("server", "agent", "ENVOY_SECURITY_PROTOCOL", "SSL")
    site.variable("server", "agent", "SELDON_LOG_LEVEL", "INFO")
    site.variable("v2-controller-manager", "manager", "CLUSTERWIDE", "false")
    site.variable("v2-controller-manager", "manager", "WATCH_NAMESPACES", site.w.namespace)
    for app in ("modelgateway", "pipelinegateway"):
        site.variable(app, app, "KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    claim = {"name": "scheduler-state", "persistentVolumeClaim": {"claimName": "scheduler-state-seldon-scheduler-0"}}
    for body in site.of("Pod", "seldon-scheduler-0"):
        body["spec"]["volumes"] = [claim]
    for body in site.of("StatefulSet", "seldon-scheduler"):
        wants = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}
        body["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "scheduler-state"}, "spec": wants}]
    if not site.of("PersistentVolumeClaim"):
        site.add("v1", "PersistentVolumeClaim", "scheduler-state-seldon-scheduler-0", status={"phase": "Bound"},
                 spec={"accessModes": ["ReadWriteOnce"], "storageClassName": "fast-ssd", "resources": {"requests": {"storage": "10Gi"}}})  # fmt: skip
    for body in site.of("Deployment"):
        body["spec"]["replicas"] = 2
        body["status"] |= dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), 2)
    for pod in [
        b for b in site.of("Pod") if b["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "seldon-envoy"
    ][:1]:
        twin = _copy(pod)
        twin["metadata"] |= {
            "name": pod["metadata"]["name"][:-5] + "q7x2k",
            "uid": objects.meta(site.w, "twin", site.w.start)["uid"],
        }
        twin["status"]["podIP"] = site.w.ips["envoy"].rpartition(".")[0] + ".251"
        site.bodies.append(twin)
    for service in site.of("Service"):
        for port in service["spec"]["ports"]:
            port["name"] = PORTS.get(port["port"], port["name"])


def _owner(pod: str, home: str) -> Body:
    kind = "StatefulSet" if pod.rpartition("-")[2].isdecimal() else "ReplicaSet"
    name = pod.rpartition("-")[0]
    return {
        "apiVersion": "apps/v1",
        "controller": True,
        "kind": kind,
        "name": name if kind == "ReplicaSet" or home else pod,
        "uid": "7c9f0b14-1d2c-4b3a-8f7e-2f1c0a9d2e11",
    }


def _guards(site: Site) -> None:
    for name, label in (("seldon-envoy", "seldon-envoy"), ("servers", "seldon-server")):
        chosen = {"matchLabels": {"app.kubernetes.io/name": label}}
        site.add("policy/v1", "PodDisruptionBudget", name, spec={"minAvailable": 1, "selector": chosen}, status={"currentHealthy": 2, "desiredHealthy": 1, "disruptionsAllowed": 1, "expectedPods": 2})  # fmt: skip
    if not site.of("NetworkPolicy"):
        site.add("networking.k8s.io/v1", "NetworkPolicy", "own-namespace",
                 spec={"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]})  # fmt: skip
        site.add("networking.k8s.io/v1", "NetworkPolicy", "entry-to-envoy",
                 spec={"podSelector": {"matchLabels": {"app.kubernetes.io/name": "seldon-envoy"}}, "policyTypes": ["Ingress"],
                       "ingress": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": 9000, "protocol": "TCP"}]}]})  # fmt: skip
    site.add("v1", "LimitRange", "defaults", spec={"limits": [{"type": "Container", "default": {"memory": "1Gi"}, "defaultRequest": {"memory": "256Mi"}}]})  # fmt: skip
    site.add("monitoring.coreos.com/v1", "PodMonitor", "seldon", spec={"selector": {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "Exists"}]}, "podMetricsEndpoints": [{"port": "metrics"}]})  # fmt: skip
    team = site.rng.choice(("data-science", "risk-models", "platform"))
    grants = [
        {"apiGroups": ["mlops.seldon.io"], "resources": ["models", "pipelines"], "verbs": ["get", "list", "create"]}
    ]
    site.add("rbac.authorization.k8s.io/v1", "Role", "models-editor", rules=grants)
    site.add("rbac.authorization.k8s.io/v1", "RoleBinding", "models-editor", roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "models-editor"},
             subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": team}])  # fmt: skip
    certificate(site, "seldon-controlplane", -30, 335)
    for name in {"registry", *(m.secret for m in site.w.models if m.secret)}:
        secret(site, name)


def secret(site: Site, name: str, kind: str = "Opaque") -> None:
    """Add a Secret, its values hidden."""
    site.add("v1", "Secret", name, type=kind)


def certificate(site: Site, name: str, begins: int, ends: int) -> None:
    """Add a certificate of cert-manager, valid from so many days after the end of the life till so many."""
    at = site.w.end
    dates = {
        "notBefore": objects.stamp(at + timedelta(days=begins)),
        "notAfter": objects.stamp(at + timedelta(days=ends)),
    }
    site.add("cert-manager.io/v1", "Certificate", name, spec={"secretName": name, "dnsNames": [f"seldon-scheduler.{site.w.namespace}.svc"], "issuerRef": {"kind": "Issuer", "name": "internal"}},
             status={**dates, "conditions": [objects.condition("Ready", True, site.w.start, "Ready")]})  # fmt: skip
    secret(site, name, "kubernetes.io/tls")


def _cluster(site: Site) -> None:
    name, kubelet, provider = NODES[site.platform]
    for n in (1, 2):
        spec = {"providerID": provider.format(n)} if provider else {}
        site.add("v1", "Node", name.format(n), None, spec=spec, status={"nodeInfo": {"kubeletVersion": kubelet, "architecture": "amd64"}, "conditions": [objects.condition("Ready", True, site.w.start, "KubeletReady")]})  # fmt: skip
    for body in site.of("Pod"):
        body["spec"]["nodeName"] = name.format(site.rng.choice((1, 2)))
    site.add("v1", "Namespace", site.w.namespace, None, status={"phase": "Active"})
    site.add("v1", "ConfigMap", "seldon-tracing", data={"tracing.json": '{"disable": true}', "OTEL_JAVAAGENT_ENABLED": "false"})  # fmt: skip


def host(site: Site) -> str:
    """Return the name under which callers know the installation."""
    return f"models.{site.w.namespace}.example"


def ingress(site: Site, namespace: str, name: str, path: str = "/v2", **annotations: str) -> Body:
    """Add an Ingress with TLS."""
    at = host(site)
    backend = {"service": {"name": "seldon-mesh", "port": {"number": 80}}}
    rule = {"host": at, "http": {"paths": [{"backend": backend, "path": path, "pathType": "Prefix"}]}}
    return site.add("networking.k8s.io/v1", "Ingress", name, namespace, metadata={"annotations": annotations},
                    spec={"ingressClassName": "nginx", "rules": [rule], "tls": [{"hosts": [at], "secretName": "models-tls"}]},
                    status={"loadBalancer": {"ingress": [{"ip": "192.0.2.17"}]}})  # fmt: skip


NGINX = "nginx.ingress.kubernetes.io/"
AUTH = {f"{NGINX}auth-url": "https://login.example/verify"}
LIMITS = {f"{NGINX}proxy-read-timeout": "300"}


def _ingress(site: Site) -> None:
    ingress(site, site.w.namespace, "models", **AUTH, **LIMITS)
    secret(site, "models-tls", "kubernetes.io/tls")


def _gateway(site: Site) -> None:
    listener = {
        "name": "https",
        "port": 443,
        "protocol": "HTTPS",
        "tls": {"mode": "Terminate", "certificateRefs": [{"name": "models-tls"}]},
    }
    site.add(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        "models",
        spec={"gatewayClassName": "shared", "listeners": [listener]},
    )
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/v2"}}],
        "backendRefs": [{"kind": "Service", "name": "seldon-mesh", "port": 80}],
    }
    site.add(
        "gateway.networking.k8s.io/v1",
        "HTTPRoute",
        "models",
        spec={"hostnames": [host(site)], "parentRefs": [{"name": "models"}], "rules": [rule]},
    )
    secret(site, "models-tls", "kubernetes.io/tls")


def _istio(site: Site) -> None:
    listener = {
        "hosts": [host(site)],
        "port": {"name": "https", "number": 443, "protocol": "HTTPS"},
        "tls": {"mode": "SIMPLE", "credentialName": "models-tls"},
    }
    site.add(
        "networking.istio.io/v1",
        "Gateway",
        "models",
        spec={"selector": {"istio": "ingressgateway"}, "servers": [listener]},
    )
    rule = {
        "match": [{"uri": {"prefix": "/v2"}}],
        "route": [{"destination": {"host": "seldon-mesh", "port": {"number": 80}}}],
    }
    site.add(
        "networking.istio.io/v1",
        "VirtualService",
        "models",
        spec={"gateways": ["models"], "hosts": [host(site)], "http": [rule]},
    )
    secret(site, "models-tls", "kubernetes.io/tls")


def elsewhere(site: Site, *parts: str) -> str:
    """Add a second namespace of Seldon with these parts (scheduler, runtime, server, mesh); returns its name."""
    name = f"{site.w.namespace}-b"
    site.add("v1", "Namespace", name, None, status={"phase": "Active"})
    kept = {"scheduler": ("Pod", "StatefulSet"), "runtime": ("SeldonRuntime",), "mesh": ("Service",)}
    for part in parts:
        if part == "server":
            spec = {"replicas": 2, "serverConfig": "mlserver"}
            site.add(
                "mlops.seldon.io/v1alpha1",
                "Server",
                "pool-b",
                name,
                spec=spec,
                status={
                    "replicas": 2,
                    "loadedModels": 0,
                    "conditions": [objects.condition("Ready", True, site.w.start)],
                },
            )
            continue
        wanted = {
            "scheduler": ("seldon-scheduler-0", "seldon-scheduler"),
            "runtime": ("seldon",),
            "mesh": ("seldon-mesh",),
        }[part]
        for body in [b for b in site.bodies if b["kind"] in kept[part] and b["metadata"]["name"] in wanted]:
            twin = _copy(body)
            twin["metadata"] |= {"namespace": name, "uid": objects.meta(site.w, "twin", site.w.start)["uid"]}
            site.bodies.append(twin)
    for kind in ("NetworkPolicy", "PodMonitor", "PodDisruptionBudget", "LimitRange"):
        for body in site.of(kind)[:1]:
            twin = _copy(body)
            twin["metadata"]["namespace"] = name
            site.bodies.append(twin)
            if kind == "NetworkPolicy":  # the operator of the first namespace serves this one too
                near = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": site.w.namespace}}}
                twin["spec"] = {
                    "podSelector": {},
                    "policyTypes": ["Ingress"],
                    "ingress": [{"from": [{"podSelector": {}}, near]}],
                }
    site.variable("v2-controller-manager", "manager", "WATCH_NAMESPACES", f"{site.w.namespace},{name}")
    return name
