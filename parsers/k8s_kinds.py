"""Which source an object belongs to, by its kind, its shape, or where it was found."""

import re
from collections.abc import Sequence
from typing import Any

from parsers.k8s_values import dig, mapping, mappings
from parsers.schema import KINDS

_ALSO = {
    "endpointslice": "endpoints",
    "clusterrole": "role",
    "clusterrolebinding": "rolebinding",
    "validatingwebhookconfiguration": "webhookconfiguration",
    "mutatingwebhookconfiguration": "webhookconfiguration",
    "servicemonitor": "podmonitor",
    "issuer": "certificate",
    "clusterissuer": "certificate",
    "grpcroute": "httproute",
    "replicationcontroller": "replicaset",
}
# Kinds whose name other API groups use too. The empty group is `v1`.
_GROUPS = {
    "model": ("mlops.seldon.io",),
    "server": ("mlops.seldon.io",),
    "pipeline": ("mlops.seldon.io",),
    "experiment": ("mlops.seldon.io",),
    "service": ("",),
    "ingress": ("networking.k8s.io", "extensions"),
    "node": ("",),
    "role": ("rbac.authorization.k8s.io",),
    "rolebinding": ("rbac.authorization.k8s.io",),
    "gateway": ("gateway.networking.k8s.io", "networking.istio.io"),
    "networkpolicy": ("networking.k8s.io", "extensions"),
    "kafka": ("kafka.strimzi.io",),
    "certificate": ("cert-manager.io",),
    "event": ("", "events.k8s.io"),
}
_WORDS = {
    "pvc": "PersistentVolumeClaim",
    "pv": "PersistentVolume",
    "svc": "Service",
    "po": "Pod",
    "ep": "Endpoints",
    "ns": "Namespace",
    "no": "Node",
    "sts": "StatefulSet",
    "deploy": "Deployment",
    "ds": "DaemonSet",
    "rs": "ReplicaSet",
    "cm": "ConfigMap",
    "ing": "Ingress",
    "netpol": "NetworkPolicy",
    "hpa": "HorizontalPodAutoscaler",
    "pdb": "PodDisruptionBudget",
    "sa": "ServiceAccount",
    "quota": "ResourceQuota",
    "crd": "CustomResourceDefinition",
    "crds": "CustomResourceDefinition",
    "sc": "StorageClass",
    "ev": "Event",
    "mlm": "Model",
    "mls": "Server",
    "mlp": "Pipeline",
    "mlx": "Experiment",
    "mlc": "ServerConfig",
}
NAMES = (
    "Model", "Server", "Pipeline", "Experiment", "SeldonRuntime", "SeldonConfig", "ServerConfig", "Pod",
    "Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Job", "CronJob", "Service", "Endpoints",
    "EndpointSlice", "NetworkPolicy", "Ingress", "IngressClass", "Gateway", "HTTPRoute", "GRPCRoute",
    "VirtualService", "DestinationRule", "PeerAuthentication", "AuthorizationPolicy", "Node", "Namespace",
    "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "Secret", "ServiceAccount",
    "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ResourceQuota", "LimitRange",
    "PodDisruptionBudget", "HorizontalPodAutoscaler", "ScaledObject", "CustomResourceDefinition",
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "PodMonitor", "ServiceMonitor",
    "Certificate", "Issuer", "ClusterIssuer", "Kafka", "KafkaTopic", "KafkaUser", "SeldonDeployment", "Lease",
    "Event", "ReplicationController", "PriorityClass", "VolumeAttachment",
)  # fmt: skip
CLUSTER_SCOPED = frozenset(
    (
        "Node",
        "Namespace",
        "PersistentVolume",
        "StorageClass",
        "IngressClass",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ClusterIssuer",
        "PriorityClass",
        "VolumeAttachment",
    )
)
# troubleshoot.sh: one file for each namespace in a folder of the kind
_BY_FOLDER = re.compile(r"(?:^|/)cluster-resources/(?:custom-resources/)?([\w.-]+)/[^/]+$")
_SEPARATORS = re.compile(r"[-_ ]")


def _plural(name: str) -> str:
    word = name.lower()
    if word.endswith(("s", "x", "ss")) and word not in ("endpoints",):
        return word + "es"
    return word if word == "endpoints" else word[:-1] + "ies" if word.endswith("y") else word + "s"


_PLURALS = {form: name for name in NAMES for form in (name.lower(), _plural(name))} | _WORDS
_LISTS = {f"{name}List": name for name in NAMES}


def source_kind(kind: str | None, api_version: str | None) -> str:
    """Return the kind of `k8s.<kind>` for an object; `other` for kinds without a source of their own."""
    name = (kind or "").lower()
    name = _ALSO.get(name, name)
    group = group_of(api_version)
    if name in _GROUPS and group is not None and group not in _GROUPS[name]:
        return "other"
    return name if name in KINDS or name == "event" else "other"


def group_of(api_version: str | None) -> str | None:
    """Return the API group of an `apiVersion`; empty for `v1`, null where none is written."""
    if not api_version:
        return None
    return api_version.rsplit("/", 1)[0] if "/" in api_version else ""


def named(word: str) -> str | None:
    """Return the kind a resource's name stands for: `pods`, `network-policy`, `models.mlops.seldon.io`, `svc`."""
    plain = word.lower().split(".", 1)[0]
    return _PLURALS.get(plain) or _PLURALS.get(_SEPARATORS.sub("", plain))


def of_list(kind: object) -> str | None:
    """Return the kind of a typed list's items: `PodList` holds Pods; null for `List`."""
    text = str(kind)
    if text in _LISTS:
        return _LISTS[text]
    return text[:-4] if text.endswith("List") and len(text) > 4 else None


def of_member(member: str) -> str | None:
    """Return the kind a path speaks of, by its collector's layout or by its file's name; null if of none."""
    layout = _BY_FOLDER.search(member)
    if layout is not None:
        return named(layout[1])
    stem = re.sub(r"\.(?:ya?ml|json|txt|out|log|gz)$", "", re.split(r"[/!]", member)[-1])
    words = [stem, *re.split(r"[-_.]", stem)[::-1]]
    return next((found for word in words if len(word) > 2 and (found := named(word))), None)


def namespace_of_member(member: str) -> str | None:
    """Return the namespace that a collector's layout puts into the path; null where it has none."""
    found = re.search(r"(?:^|/)(?:namespaces|namespaced|resources/ns|configmaps|secrets)/([a-z0-9-]{1,63})/", member)
    found = found or re.search(
        r"(?:^|/)cluster-resources/(?:custom-resources/)?[\w.-]+/([a-z0-9-]{1,63})\.(?:json|ya?ml)$", member
    )
    return None if found is None else found[1]


def of_shape(value: dict[str, Any]) -> str | None:
    """Return the kind of an object that does not say it, by fields that only this kind has."""
    spec, status = mapping(value.get("spec")), mapping(value.get("status"))
    tests = (
        ("involvedObject" in value, "Event"),
        ("regarding" in value and "reason" in value, "Event"),
        ("subsets" in value, "Endpoints"),
        ("addressType" in value, "EndpointSlice"),
        ("provisioner" in value, "StorageClass"),
        ("nodeInfo" in status, "Node"),
        ("podSelector" in spec, "NetworkPolicy"),
        ("containers" in spec and "template" not in spec, "Pod"),
        ("serviceName" in spec and "template" in spec, "StatefulSet"),
        ("strategy" in spec and "template" in spec, "Deployment"),
        ("updateStrategy" in spec and "template" in spec, "DaemonSet"),
        ("template" in spec and "fullyLabeledReplicas" in status, "ReplicaSet"),
        ("clusterIP" in spec or "clusterIPs" in spec, "Service"),
        ("storageUri" in spec, "Model"),
        ("serverConfig" in spec, "Server"),
        ("seldonConfig" in spec, "SeldonRuntime"),
        (bool(mappings(spec.get("steps"))) and "output" in spec, "Pipeline"),
        (bool(mappings(spec.get("candidates"))), "Experiment"),
        ("accessModes" in spec and "volumeName" in spec, "PersistentVolumeClaim"),
        ("roleRef" in value, "RoleBinding"),
        (dig(spec, "holderIdentity") is not None, "Lease"),
    )
    return next((kind for found, kind in tests if found), None)


_COMPONENTS = {
    "seldon-scheduler": "scheduler",
    "seldon-envoy": "envoy",
    "seldon-modelgateway": "modelgateway",
    "seldon-pipelinegateway": "pipelinegateway",
    "seldon-dataflow-engine": "dataflow",
    "hodometer": "hodometer",
    "seldon-server": "server",
    "v2-controller-manager": "operator",
    "seldon-v2-controller-manager": "operator",
    "seldon-controller-manager": "operator",
    "kube-dns": "coredns",
    "coredns": "coredns",
    "strimzi-cluster-operator": "kafka",
    "kafka": "kafka",
    "entity-operator": "kafka",
    "ingress-nginx": "ingress",
    "traefik": "ingress",
    "contour": "ingress",
    "istiod": "istio",
    "istio-ingressgateway": "istio",
}
_CONTAINERS = {
    "scheduler": "scheduler",
    "envoy": "envoy",
    "modelgateway": "modelgateway",
    "pipelinegateway": "pipelinegateway",
    "dataflow-engine": "dataflow",
    "hodometer": "hodometer",
    "coredns": "coredns",
}
_LABELS = ("app.kubernetes.io/name", "control-plane", "k8s-app", "app", "name")
_POD_NAMES = re.compile(
    r"^(seldon-scheduler|seldon-envoy|seldon-modelgateway|seldon-pipelinegateway|seldon-dataflow-engine|hodometer"
    r"|seldon-v2-controller-manager|seldon-controller-manager|coredns)-[a-z0-9]"
)


_ANYBODYS = ("scheduler", "envoy")  # what others call their containers too


def component_of(
    labels: dict[str, Any], containers: list[str], name: str | None = None, images: Sequence[str] = ()
) -> str | None:
    """Return which component a pod is, by its labels, then its containers, then its name.

    A container that is only called `scheduler` or `envoy` is another product's (Airflow has one) where its image is
    known and nothing of the pod names Seldon.

    Source: labels of operator/pkg/constants and of the Helm charts, Seldon Core v2.9.1.
    """
    if "seldon-server-name" in labels or {"agent", "rclone"} <= set(containers):
        return "server"
    if "strimzi.io/cluster" in labels:
        return "kafka"
    for label in _LABELS:
        found = _COMPONENTS.get(str(labels.get(label)))
        if found:
            return found
    seldon = [found for container in containers if (found := _CONTAINERS.get(container))]
    if len(containers) == 1 and seldon:
        told = " ".join([name or "", *map(str, labels.values()), *images]).lower()
        if not images or seldon[0] not in _ANYBODYS or "seldon" in told:
            return seldon[0]
    matched = _POD_NAMES.match(name or "")
    return _COMPONENTS.get(matched[1]) if matched else None
