"""Look-alikes are told apart: in the bundle of each member of a family, that member is the root, and no sibling."""

from functools import cache

import pytest

from benchmarks.among_healthy import sound_installation, tried
from benchmarks.families import Seen, ancestors, deciding, ranked_of, seen_in, sweep, wrong
from forensics.authoring.examples import case_of
from forensics.causality import CONTRIBUTING, ROOT
from patterns.loader import load_library
from patterns.pattern import Example, Library

# Failures that print nearly the same, side by side. A member has an example in which it is the cause.
FAMILIES = {
    "nothing hears from the scheduler": (
        "network/networkpolicy-blocks-agent-to-scheduler", "agent/agent-scheduler-host-missing",
        "agent/agent-scheduler-stream-reset", "controller/runtime-missing-in-namespace",
    ),
    "the operator and the scheduler": (
        "network/networkpolicy-blocks-controller-to-scheduler", "controller/controller-scheduler-streams-canceled",
        "controller/controller-namespace-not-watched", "controller/controller-controlplane-resync-blocked",
    ),
    "names that do not resolve": (
        "network/networkpolicy-blocks-dns", "network/dns-coredns-broken", "network/dns-external-domain-conflict",
        "network/externalname-runtime-service-conflict",
    ),
    "forbidden": (
        "agent/agent-k8s-rbac-forbidden", "controller/controller-k8s-rbac-forbidden",
        "security/istio-authorization-denied", "kubernetes/k8s-resourcequota-blocks-pods",
        "security/k8s-podsecurity-violation",
    ),
    "a configuration that is not there": (
        "controller/seldonconfig-missing", "controller/serverconfig-not-found", "controller/server-without-runtime",
        "agent/agent-rclone-config-secret-missing", "scheduler/scheduler-bad-config-file",
    ),
    "no server for a model": (
        "scheduler/scheduler-capability-mismatch", "scheduler/scheduler-named-server-wrong",
        "scheduler/scheduler-insufficient-memory", "scheduler/scheduler-insufficient-server-replicas",
        "scheduler/server-pod-gone-models-unschedulable",
    ),
    "fewer replicas than asked for": (
        "scheduler/scheduler-minreplicas-partial", "scheduler/autoscaling-model-exceeds-server-replicas",
        "agent/agent-no-room-overcommit",
    ),
    "Envoy has nowhere to send a call": (
        "envoy/envoy-missing-seldon-model-header", "envoy/envoy-wrong-model-name-header", "envoy/envoy-no-cluster-503",
        "envoy/envoy-overflow-circuit-breaker", "envoy/envoy-stale-sticky-route-404",
    ),
    "Envoy refuses what it is told": (
        "envoy/envoy-xds-config-rejected", "envoy/experiment-all-weights-zero", "envoy/envoy-listener-bind-failure",
        "envoy/envoy-bootstrap-invalid",
    ),
    "calls that take too long": (
        "envoy/inference-timeout-long-model", "envoy/envoy-idle-or-route-timeout",
        "ingress/networkpolicy-blocks-ingress-to-mesh",
    ),
    "packets that are dropped": (
        "network/networkpolicy-blocks-envoy-to-scheduler", "network/networkpolicy-blocks-envoy-to-agent",
        "network/networkpolicy-blocks-kafka", "network/networkpolicy-blocks-storage-egress",
        "network/networkpolicy-blocks-apiserver",
    ),
    "a model's Python": (
        "mlserver/mlserver-missing-python-module", "mlserver/mlserver-implementation-import-failed",
        "mlserver/mlserver-sklearn-version-mismatch", "mlserver/mlserver-env-python-mismatch",
        "mlflow/mlflow-code-paths-missing",
    ),
    "a packed environment": (
        "mlserver/mlserver-env-tarball-not-configured", "mlserver/mlserver-env-tarball-unpack-failed",
        "mlserver/mlserver-env-tarball-without-mlserver", "mlserver/mlserver-env-tarball-wrong-platform",
        "mlserver/mlserver-conda-env-not-activated",
    ),
    "a model's files": (
        "mlserver/mlserver-artifact-not-found", "mlserver/mlserver-missing-model-settings",
        "mlserver/mlserver-model-settings-invalid", "mlflow/mlflow-mlmodel-missing",
    ),
    "workers that die": (
        "mlserver/mlserver-segfault-native", "mlserver/mlserver-thread-limit", "mlserver/mlserver-uvloop-worker-crash",
        "mlserver/mlserver-memory-too-small", "mlserver/mlserver-worker-killed",
    ),
    "requests that do not fit": (
        "mlserver/mlserver-payload-invalid", "mlserver/mlserver-adaptive-batch-poisoned",
        "mlflow/mlflow-schema-enforcement", "mlserver/mlserver-grpc-message-too-large",
    ),
    "rclone fails": (
        "storage/rclone-access-denied", "storage/rclone-bucket-not-found", "storage/rclone-endpoint-unreachable",
        "storage/rclone-tls-x509", "storage/rclone-store-slowdown", "storage/rclone-corrupted-transfer",
    ),
    "remotes and addresses": (
        "storage/rclone-remote-not-configured", "storage/storage-uri-unsupported-scheme",
        "storage/storage-uri-empty-or-missing", "mlflow/mlflow-registry-uri-unsupported", "storage/pvc-model-path-wrong",
    ),
    "secrets of a store": (
        "storage/storage-secret-not-found", "storage/rclone-secret-not-one-key", "storage/rclone-secret-unparsable",
        "storage/rclone-remote-name-mismatch", "storage/rclone-config-invalid-backend",
    ),
    "Triton cannot load": (
        "triton/triton-config-invalid", "triton/triton-backend-missing", "triton/triton-version-folder-missing",
        "triton/triton-model-name-mismatch", "triton/triton-python-backend-import-error", "triton/triton-gpu-oom",
    ),
    "Kafka does not let one in": (
        "kafka/kafka-brokers-unreachable", "kafka/kafka-security-protocol-mismatch", "kafka/kafka-tls-ca-missing",
        "kafka/kafka-sasl-auth-failed", "kafka/kafka-oauth-token-failure", "kafka/kafka-topic-authorization",
    ),
    "topics": (
        "kafka/kafka-replication-factor-too-high", "kafka/kafka-topic-config-invalid-number",
        "kafka/kafka-message-too-large", "kafka/kafka-topic-prefix-mismatch",
    ),
    "pods that do not come": (
        "kubernetes/k8s-image-pull-failed", "kubernetes/k8s-arch-mismatch", "kubernetes/airgap-registry-not-overridden",
        "kubernetes/k8s-gpu-unschedulable", "kubernetes/k8s-pod-pending", "scheduler/scheduler-pvc-pending",
    ),
    "pods that do not stay": (
        "envoy/envoy-oom", "scheduler/scheduler-oom", "storage/rclone-oom", "kubernetes/k8s-probe-failure",
        "kubernetes/k8s-node-drain-or-eviction", "kubernetes/k8s-disk-full",
    ),
    "pipelines": (
        "pipelines/pipeline-not-ready-no-dataflow-engine", "pipelines/pipeline-spec-invalid",
        "pipelines/dataflow-crash", "pipelines/component-scaled-to-zero", "pipelines/pipeline-failed-never-retried",
    ),
    "experiments": (
        "scheduler/experiment-not-ready-candidates", "scheduler/experiment-default-not-in-candidates",
        "scheduler/experiment-baseline-in-two-experiments",
    ),
    "one scheduler too many": (
        "scheduler/scheduler-split-brain-two-schedulers", "controller/runtime-two-in-one-namespace",
        "controller/controller-multiple-operators",
    ),
    "a scheduler that ends": (
        "scheduler/scheduler-db-open-failed", "kubernetes/k8s-fsgroup-permission", "scheduler/scheduler-race-deadlock-known",
    ),
    "certificates": (
        "security/controlplane-tls-mismatch", "security/controlplane-tls-secret-missing",
        "security/envoy-tls-secret-missing", "network/istio-strict-mtls-mismatch",
    ),
}  # fmt: skip


@cache
def library() -> Library:
    return load_library()


@cache
def above() -> dict[str, set[str]]:
    return ancestors(library())


@cache
def come_of(member: str, number: int) -> Seen:
    pattern = library().patterns[member]
    example: Example = [e for e in pattern.examples if e.expect == "present"][number]
    ranked = ranked_of(case_of(example.files, example.coverage == "whole"), library())
    return seen_in(pattern, example, ranked, above())


def bundles(member: str) -> range:
    return range(sum(e.expect == "present" for e in library().patterns[member].examples))


@pytest.mark.parametrize("family", FAMILIES)
def test_each_member_is_the_root_of_its_own_bundle(family: str) -> None:
    for member in FAMILIES[family]:
        own = next((s for s in (come_of(member, n) for n in bundles(member)) if s.roots[:1] == [member]), None)
        assert own is not None, f"{member}: in no bundle of its own the first root, but {come_of(member, 0).roots}"
        strangers = set(own.roots) & set(FAMILIES[family]) - {member}
        assert not strangers, f"{member}, {own.example}: also {strangers}"
        assert not own.unexpected, f"{member}, {own.example}: also {own.unexpected}"


def test_a_check_makes_no_cause_an_addition() -> None:
    """A check lists two schedulers as its effect; it is no root, so they are."""
    pattern = library().patterns["scheduler/scheduler-split-brain-two-schedulers"]
    example = next(e for e in pattern.examples if e.name == "from the pods alone")
    roles = {r.finding.pattern.id: r.role for r in ranked_of(case_of(example.files), library())}
    assert roles[pattern.id] == ROOT
    assert [role for name, role in roles.items() if library().patterns[name].check] == [CONTRIBUTING]


@pytest.mark.slow
def test_whole_library_on_every_example() -> None:
    faults = [
        f"{seen.pattern} | {seen.example}: {fault}"
        for seen in sweep(library())
        if (fault := wrong(seen, library())) is not None
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.slow
def test_sound_logs_around_hide_nothing() -> None:
    host = sound_installation()
    assert not deciding(ranked_of(host.case_with(host.files), library()))
    seen = list(tried(library(), number=80, seed=1))
    assert len({pattern.id for pattern, _, _ in seen}) == 80
    faults = [f"{pattern.id} | {example.name}: {fault}" for pattern, example, fault in seen if fault]
    assert not faults, "\n".join(faults)
