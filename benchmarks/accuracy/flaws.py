"""Flaws of an installation, each sown into objects that are sound, and which readiness checks must then fail.

A flaw is no fault: the installation runs. The names are those of the checks; what a flaw makes true beside its own check
stands with it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.accuracy import flaw_acts as act
from benchmarks.accuracy import flaw_entries as entry
from benchmarks.accuracy.envoy_acts import two_models
from benchmarks.accuracy.flaw_acts import Sow, dated, event, variable, without
from benchmarks.accuracy.model import World


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw: which checks it makes fail, how it comes about, and what must be so for it to be possible."""

    name: str
    checks: tuple[str, ...]
    sow: Sow
    way: str | None = None
    platform: str | None = None
    touches: frozenset[str] = frozenset()  # two flaws that touch the same thing do not come together
    before: Callable[[World], None] | None = None  # what must be so before the installation lives
    pipelines: bool = False
    roots: tuple[str, ...] = ()  # what an analysis may name beside


OPEN = frozenset({"entry"})
OTHER = frozenset({"elsewhere"})
MESH = frozenset({"entry", "mesh", "paths"})
POLICIES = frozenset({"policies"})
CLAIMS = frozenset({"claims"})
IMAGES = frozenset({"images"})
PATHS = frozenset({"paths"})
URIS = frozenset({"uris"})
TLS = frozenset({"data plane"})  # a sidecar encrypts in its place
CONTROL_TLS = frozenset({"control plane"})

FLAWS: tuple[Flaw, ...] = (
    Flaw("no-limits", ("arch-no-limits-or-small-defaults",), act.limits),
    Flaw("no-budget", ("arch-no-pod-disruption-budget",), without("PodDisruptionBudget")),
    Flaw("no-monitor", ("arch-no-monitoring",), without("PodMonitor")),
    Flaw("no-policy", ("arch-missing-networkpolicy",), without("NetworkPolicy"), touches=POLICIES),
    Flaw("port-shut", ("arch-networkpolicy-ports-incomplete",), act.port, touches=POLICIES),
    Flaw("unenforced", ("arch-networkpolicy-not-enforced",), act.flannel, platform="on-premises", touches=POLICIES),
    Flaw("clear-control-plane", ("arch-no-tls-control-plane",), variable("scheduler", "scheduler", "CONTROL_PLANE_SECURITY_PROTOCOL", "PLAINTEXT"), touches=CONTROL_TLS),
    Flaw("clear-envoy", ("arch-no-tls-data-plane",), variable("envoy", "envoy", "ENVOY_SECURITY_PROTOCOL", "PLAINTEXT"), touches=TLS),
    Flaw("clear-agent", ("arch-no-tls-data-plane",), variable("server", "agent", "ENVOY_SECURITY_PROTOCOL", "PLAINTEXT"), touches=TLS),
    Flaw("clear-ingress", ("arch-no-tls-data-plane",), entry.plain_ingress, "ingress", touches=OPEN),
    Flaw("clear-gateway", ("arch-gateway-without-tls",), entry.plain_gateway, "gateway"),
    Flaw("clear-istio", ("arch-gateway-without-tls",), entry.plain_gateway, "istio"),
    Flaw("published", ("arch-no-ingress", "arch-inference-unauthenticated", "arch-envoy-stats-exposed"), entry.bare, touches=MESH, way="ingress"),
    Flaw("balancers", ("arch-loadbalancer-per-namespace", "arch-no-ingress", "arch-inference-unauthenticated", "arch-envoy-stats-exposed"), entry.balancers, "ingress", touches=MESH | OTHER),
    Flaw("unauthenticated", ("arch-inference-unauthenticated",), entry.annotations("auth"), "ingress", touches=OPEN),
    Flaw("no-time-limit", ("arch-lb-idle-timeout",), entry.annotations("timeout"), "ingress", touches=OPEN),
    Flaw("path", ("arch-ingress-cannot-reach-mesh",), entry.path, "ingress", touches=PATHS),
    Flaw("no-mesh", ("arch-ingress-cannot-reach-mesh",), entry.backend, "ingress", touches=MESH),
    Flaw("route-path", ("arch-route-cannot-reach-mesh",), entry.route_path, "gateway", touches=PATHS),
    Flaw("istio-path", ("arch-route-cannot-reach-mesh",), entry.route_path, "istio", touches=PATHS),
    Flaw("route-mesh", ("arch-route-cannot-reach-mesh",), entry.backend, "gateway", touches=MESH),
    Flaw("collision", ("arch-ingress-hosts-collide",), entry.collide, "ingress", touches=MESH | OTHER),
    Flaw("moving-tag", ("arch-image-tag-latest",), act.tag, touches=IMAGES),
    Flaw("other-release", ("arch-version-matrix",), act.other_release, touches=IMAGES),
    Flaw("old-node", ("arch-version-matrix",), act.old_node, platform="on-premises"),
    Flaw("one-envoy", ("arch-single-replica-data-plane",), act.single),
    Flaw("password", ("arch-secrets-in-plain-manifests",), act.password),
    Flaw("password-in-uri", ("arch-secrets-in-plain-manifests",), act.uri("https://reader:Zk3v9q@store.example/models/{name}/2"), touches=URIS),
    Flaw("expired", ("arch-certificate-expired",), dated(-400, -3)),
    Flaw("expires-soon", ("arch-certificate-expires-soon",), dated(-340, 12)),
    Flaw("too-early", ("arch-certificate-not-yet-valid",), dated(4, 369)),
    Flaw("exposed", ("arch-control-plane-exposed",), act.exposed),
    Flaw("admin", ("arch-missing-rbac-isolation",), act.admin),
    Flaw("wild-role", ("arch-missing-rbac-isolation",), act.wild),
    Flaw("alias", ("arch-mixed-central-distributed",), act.alias, touches=OTHER, roots=("externalname-runtime-service-conflict",)),
    Flaw("scheduler-off", ("arch-mixed-central-distributed",), act.scheduler_off, touches=OTHER, before=act.with_runtime, roots=("component-scaled-to-zero",)),
    Flaw("shared-server", ("arch-multi-tenant-shared-server",), act.shared, before=two_models),
    Flaw("unwatched", ("arch-namespace-not-watched",), act.unwatched, touches=OTHER),
    Flaw("no-runtime", ("arch-namespace-without-runtime",), act.no_runtime, touches=OTHER),
    Flaw("idle-scheduler", ("arch-two-schedulers",), act.idle, touches=OTHER),
    Flaw("restarted", ("arch-no-decision-record-or-runbook",), act.restarted),
    Flaw("forwarded", ("arch-port-forward-in-production",), act.forwarded),
    Flaw("pull-secret", ("arch-pull-secret-missing",), event("Pod", "{envoy}", "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (registry); attempting to pull the image may not succeed.")),
    Flaw("quota", ("arch-quota-without-defaults",), act.quota),
    Flaw("schedulers", ("arch-scheduler-replicas-not-one",), act.many),
    Flaw("no-volume", ("arch-scheduler-state-not-protected",), act.ephemeral, touches=CLAIMS),
    Flaw("unpinned", ("arch-unpinned-model-version",), act.uri("s3://models/{name}/latest", "gs://ml-store/{name}/production", "s3://models/{name}"), touches=URIS),
    Flaw("telemetry", ("arch-telemetry-on",), act.telemetry),
    Flaw("tracing", ("arch-tracing-default-endpoint",), act.tracing),
    Flaw("storage-secret", ("arch-storage-secret-missing",), act.no_secret),
    Flaw("quiet", ("arch-logs-too-quiet",), variable("scheduler", "scheduler", "SELDON_LOG_LEVEL", "error")),
    Flaw("unlogged", ("arch-logs-too-quiet", "envoy-access-log-disabled"), variable("scheduler", "scheduler", "ENABLE_ENVOY_ACCESSLOG", "false")),
    Flaw("address", ("arch-client-uses-ip-workaround",), act.address, touches=URIS),
    Flaw("kafka-ephemeral", ("arch-kafka-not-persistent",), act.kafka, pipelines=True),
    Flaw("kafka-clear", ("arch-kafka-plaintext",), act.kafka_plain, pipelines=True),
    Flaw("one-copy", ("kafka-data-loss-single-replica",), variable("modelgateway", "modelgateway", "SELDON_KAFKA_REPLICATION_FACTOR", "1"), pipelines=True),
    Flaw("answers-logged", ("payloads-in-gateway-logs",), act.answers, pipelines=True),
    Flaw("keys-logged", ("secrets-leaked-in-logs",), act.leaked, before=act.before_26),
    Flaw("silent-server", ("mlserver-access-log-off",), variable("server", "mlserver", "MLSERVER_DEBUG", "false")),
    Flaw("batching", ("mlserver-adaptive-batching-latency",), variable("server", "mlserver", "MLSERVER_MODEL_MAX_BATCH_TIME", "0.5")),
    Flaw("no-pipeline", ("arch-pipelines-without-kafka",), without("Pipeline"), pipelines=True, touches=frozenset({"pipelines"})),
    Flaw("grace", ("arch-graceful-shutdown-too-short",), act.grace),
    Flaw("sidecars", ("arch-service-mesh-not-prepared",), entry.sidecars, "istio", touches=TLS | CONTROL_TLS),
    Flaw("wide-operator", ("arch-operator-wider-than-needed",), act.wide, touches=OTHER),
    Flaw("domain-name", ("arch-dns-namespace-domain-conflict",), lambda site: None, before=act.named_dev),
    Flaw("eks-volume", ("arch-eks-specifics",), act.claim, platform="eks", touches=CLAIMS),
    Flaw("bare-volume", ("arch-onprem-specifics",), act.claim, platform="on-premises", touches=CLAIMS),
    Flaw("bare-address", ("arch-onprem-specifics", "arch-no-ingress", "arch-inference-unauthenticated", "arch-envoy-stats-exposed"), entry.unaddressed, "ingress", "on-premises", MESH),
    Flaw("gke-check", ("arch-gke-specifics",), entry.unhealthy, "ingress", "gke", OPEN),
    Flaw("aks-disk", ("arch-aks-specifics",), event("Pod", "{scheduler}", "FailedAttachVolume", 'Multi-Attach error for volume "pvc-5f3a" Volume is already exclusively attached to one node and can\'t be attached to another'), platform="aks"),
    Flaw("k3s-ports", ("arch-k3s-specifics",), entry.svclb, platform="k3s"),
    Flaw("closed-network", ("arch-airgap-registries",), event("Pod", "{envoy}", "Failed", 'Failed to pull image "docker.io/seldonio/seldon-envoy:2.10.2": failed to resolve reference: failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'), platform="on-premises"),
    Flaw("fixed-ids", ("arch-openshift-specifics",), event("StatefulSet", "seldon-scheduler", "FailedCreate", 'create Pod seldon-scheduler-0 in StatefulSet seldon-scheduler failed error: pods "seldon-scheduler-0" is forbidden: unable to validate against any security context constraint: [provider restricted-v2: .spec.securityContext.fsGroup: Invalid value: []int64{1000}: 1000 is not an allowed group]'), platform="on-premises"),
    Flaw("early-manifests", ("arch-deploy-order",), event("Model", "first-model", "ReconcileError", 'no matches for kind "Model" in version "mlops.seldon.io/v1alpha1"')),
)  # fmt: skip
