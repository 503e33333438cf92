"""Sources in words: `log.agent` is what patterns write, "the agent's log" what people ask each other for."""

import re
from collections.abc import Mapping

_SAID: Mapping[str, str] = {
    "log.agent": "the agent's log",
    "log.client": "what callers sent and got",
    "log.controller": "the controller manager's log",
    "log.coredns": "the log of the cluster's DNS",
    "log.dataflow": "the dataflow engine's log",
    "log.envoy": "Envoy's log",
    "log.envoy_access": "Envoy's access log",
    "log.hodometer": "the hodometer's log",
    "log.ingress": "the ingress controller's log",
    "log.istio": "the logs of the mesh's proxies",
    "log.kafka": "the Kafka brokers' logs",
    "log.mlserver": "MLServer's log",
    "log.modelgateway": "the model gateway's log",
    "log.other": "logs of anything else",
    "log.pipelinegateway": "the pipeline gateway's log",
    "log.rclone": "rclone's log",
    "log.scheduler": "the scheduler's log",
    "log.triton": "Triton's log",
    "envoy.certificate": "Envoy's certificates",
    "envoy.cluster": "Envoy's clusters",
    "envoy.endpoint": "Envoy's endpoints",
    "envoy.listener": "Envoy's listeners",
    "envoy.route": "Envoy's routes",
    "envoy.server": "Envoy's server info",
    "envoy.stat": "Envoy's counters",
    "envoy.update": "Envoy's last updates",
    "k8s.condition": "conditions in the status of objects",
    "k8s.container": "states of containers",
    "k8s.env": "environments of containers",
    "k8s.event": "Events",
    "metric": "Prometheus metrics",
    "net.path": "ways that NetworkPolicies leave open",
    "route.expected": "the routes that Envoy ought to have",
    "state.certificate": "certificates in TLS Secrets",
    "state.experiment": "the states of Experiments",
    "state.model": "the states of Models",
    "state.pipeline": "the states of Pipelines",
    "state.server": "the states of Servers",
}
_KINDS = (
    "AuthorizationPolicies", "ConfigMaps", "CustomResourceDefinitions", "DaemonSets", "Deployments", "Endpoints",
    "Experiments", "Gateways", "HTTPRoutes", "HorizontalPodAutoscalers", "Ingresses", "IngressClasses", "Jobs",
    "KafkaTopics", "Kafkas", "LimitRanges", "Models", "Namespaces", "NetworkPolicies", "Nodes", "PeerAuthentications",
    "PersistentVolumeClaims", "PersistentVolumes", "Pipelines", "PodDisruptionBudgets", "PodMonitors", "Pods",
    "ReplicaSets", "ResourceQuotas", "RoleBindings", "Roles", "Secrets", "SeldonConfigs", "SeldonDeployments",
    "SeldonRuntimes", "ServerConfigs", "Servers", "Services", "StatefulSets", "StorageClasses", "VirtualServices",
)  # fmt: skip


def _singular(kind: str) -> str:
    lower = kind.lower()
    if lower == "endpoints":
        return lower
    if lower.endswith("ies"):
        return f"{lower[:-3]}y"
    return lower.removesuffix("es" if lower.endswith("sses") else "s")


_OBJECTS = {f"k8s.{_singular(kind)}": kind for kind in _KINDS}


_NAMED = re.compile(r"\b(?:log|envoy|k8s|net|route|state)\.[a-z_]+(?=[:,)]| of |$)|\bmetric(?=: )")


def spoken(reason: object) -> str:
    """Return a reason with the sources it begins its parts with, or names in parentheses, in words."""
    return _NAMED.sub(lambda found: in_words(found[0]), str(reason or ""))


def in_words(source: object) -> str:
    """Return a source as people call it; one without such a name as it is written."""
    name = str(source or "")
    return _SAID.get(name) or _OBJECTS.get(name) or name
