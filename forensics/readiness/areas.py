"""The areas of a readiness review, and what each profile asks for."""

from collections.abc import Mapping

PROFILES = ("production", "staging", "development")
OTHER = "other"
KAFKA = "pipelines and Kafka"

_AREAS: Mapping[str, tuple[str, ...]] = {
    "topology": (
        "arch-mixed-central-distributed",
        "arch-two-schedulers",
        "arch-scheduler-replicas-not-one",
        "arch-namespace-without-runtime",
        "arch-namespace-not-watched",
        "arch-operator-wider-than-needed",
        "arch-deploy-order",
    ),
    "external access": (
        "arch-port-forward-in-production",
        "arch-loadbalancer-per-namespace",
        "arch-control-plane-exposed",
        "arch-envoy-stats-exposed",
        "arch-no-ingress",
        "arch-ingress-cannot-reach-mesh",
        "arch-ingress-hosts-collide",
        "arch-lb-idle-timeout",
        "arch-gateway-without-tls",
        "arch-route-cannot-reach-mesh",
    ),
    "network": (
        "arch-missing-networkpolicy",
        "arch-networkpolicy-ports-incomplete",
        "arch-networkpolicy-not-enforced",
        "arch-client-uses-ip-workaround",
        "arch-dns-namespace-domain-conflict",
        "arch-service-mesh-not-prepared",
    ),
    "security": (
        "arch-inference-unauthenticated",
        "arch-no-tls-data-plane",
        "arch-no-tls-control-plane",
        "arch-secrets-in-plain-manifests",
        "arch-certificate-expired",
        "arch-certificate-not-yet-valid",
        "arch-certificate-expires-soon",
        "arch-telemetry-on",
    ),
    "isolation": ("arch-missing-rbac-isolation", "arch-multi-tenant-shared-server"),
    "reliability": (
        "arch-single-replica-data-plane",
        "arch-no-pod-disruption-budget",
        "arch-graceful-shutdown-too-short",
        "arch-scheduler-state-not-protected",
    ),
    "resources": ("arch-no-limits-or-small-defaults", "arch-quota-without-defaults"),
    "models and storage": ("arch-unpinned-model-version", "arch-storage-secret-missing"),
    "versions and images": (
        "arch-image-tag-latest",
        "arch-version-matrix",
        "arch-airgap-registries",
        "arch-pull-secret-missing",
    ),
    "platform": (
        "arch-k3s-specifics",
        "arch-eks-specifics",
        "arch-gke-specifics",
        "arch-aks-specifics",
        "arch-openshift-specifics",
        "arch-onprem-specifics",
    ),
    KAFKA: ("arch-kafka-plaintext", "arch-kafka-not-persistent", "arch-pipelines-without-kafka"),
    "observability": (
        "arch-no-monitoring",
        "arch-tracing-default-endpoint",
        "arch-logs-too-quiet",
        "arch-no-decision-record-or-runbook",
    ),
}
AREAS = (*_AREAS, OTHER)
_LAYERS = {
    "network": "network",
    "security": "security",
    "ingress": "external access",
    "envoy": "external access",
    "kubernetes": "platform",
    "storage": "models and storage",
    "mlflow": "models and storage",
    "kafka": KAFKA,
    "pipelines": KAFKA,
    "scheduler": "topology",
    "controller": "topology",
    "agent": "resources",
    "mlserver": "resources",
}
_AREA_OF = {name: area for area, names in _AREAS.items() for name in names}

# What a lesser installation may do without; everything else is asked of all of them.
_DEVELOPMENT_ONLY = frozenset(
    {
        "arch-port-forward-in-production",
        "arch-no-ingress",
        "arch-inference-unauthenticated",
        "arch-no-tls-data-plane",
        "arch-gateway-without-tls",
        "arch-no-tls-control-plane",
        "arch-kafka-plaintext",
        "arch-missing-networkpolicy",
        "arch-missing-rbac-isolation",
        "arch-operator-wider-than-needed",
        "arch-unpinned-model-version",
        "arch-no-limits-or-small-defaults",
        "arch-no-monitoring",
        "arch-envoy-stats-exposed",
        "arch-lb-idle-timeout",
        "arch-graceful-shutdown-too-short",
        "arch-no-decision-record-or-runbook",
        "arch-multi-tenant-shared-server",
        "arch-pipelines-without-kafka",
        "arch-tracing-default-endpoint",
        "arch-telemetry-on",
        "arch-certificate-expires-soon",
    }
)
_NOT_IN_STAGING = frozenset(
    {
        "arch-single-replica-data-plane",
        "arch-no-pod-disruption-budget",
        "arch-scheduler-state-not-protected",
        "arch-kafka-not-persistent",
    }
)
RELAXED: Mapping[str, frozenset[str]] = {
    "production": frozenset(),
    "staging": _NOT_IN_STAGING,
    "development": _DEVELOPMENT_ONLY | _NOT_IN_STAGING,
}


def area_of(name: str, layer: str = "") -> str:
    """Return the area of a check: by its name, else by its layer; what neither tells is `other`."""
    return _AREA_OF.get(name) or _LAYERS.get(layer, OTHER)
