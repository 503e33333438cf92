"""The faults: which switch each turns, what may then be called the root, and which lines show it.

A fault is injected at its mechanism before the installation lives (`before`), or while it does (`after`). The names are
the catalogue's; `also` are defensible answers, `symptoms` must not come first, `take` are the sources without which the
fault cannot be told, so that the right answer is "undetermined".
"""

from benchmarks.accuracy.breakage import (
    REFUSED,
    SASL,
    code_raises,
    gateways,
    gone,
    locked,
    neighbour,
    pvc,
    rbac,
    rbac_says,
    tls,
    two_schedulers,
    worker_killed,
    wrong_header,
    zero_weights,
)
from benchmarks.accuracy.control_faults import CONTROL
from benchmarks.accuracy.fabric_faults import FABRIC
from benchmarks.accuracy.fault import LOAD_FAILED, NO_SCHEDULER, NOT_CONNECTED, Fault
from benchmarks.accuracy.mechanisms import (
    access_denied,
    blocked,
    capability,
    default_secret,
    disk_full,
    envoy_agent,
    image_pull,
    loading,
    memory,
    missing_artefact,
    no_bucket,
    no_file,
    no_module,
    no_node,
    no_secret,
    oom,
    quota,
    shut,
    wrong_server,
    zero,
)
from benchmarks.accuracy.serving_faults import SERVING

BASIC: tuple[Fault, ...] = (
    Fault("agent-9005", "network", ("networkpolicy-blocks-agent-to-scheduler",), NOT_CONNECTED, ("networkpolicy-missing-intra-namespace", "arch-networkpolicy-ports-incomplete"), ("dial", "policy"), frozenset({"agent", "objects", "events", "tables"}), shut("agent", 9005, "seldon-scheduler")),
    Fault("operator-9004", "network", ("networkpolicy-blocks-controller-to-scheduler",), ("controller-cannot-reach-scheduler", "model-progressing-stuck-no-scheduler", "scheduler-waiting-for-servers", "envoy-xds-disconnected"), ("networkpolicy-missing-intra-namespace", "arch-networkpolicy-ports-incomplete"), ("cut-off", "policy"), frozenset({"operator", "objects", "events"}), shut("operator", 9004, "seldon-scheduler"), since=(2, 6, 0)),
    Fault("envoy-9002", "network", ("networkpolicy-blocks-envoy-to-scheduler",), ("envoy-xds-disconnected", "envoy-ready-without-listener", "envoy-no-route-404"), ("networkpolicy-missing-intra-namespace", "arch-networkpolicy-ports-incomplete", "envoy-xds-disconnected"), ("xds-closed", "policy"), frozenset({"envoy", "objects"}), shut("envoy", 9002, "seldon-scheduler")),
    Fault("agent-dns", "network", ("networkpolicy-blocks-dns",), NOT_CONNECTED, ("dns-coredns-broken",), ("dial",), frozenset({"agent", "objects", "events", "tables"}), shut("agent", 53, "seldon-server", dns=True)),
    Fault("engine-9008", "network", ("networkpolicy-blocks-gateways-to-scheduler",), ("dataflow-cannot-reach-scheduler",), ("arch-networkpolicy-ports-incomplete", "pipeline-not-ready-no-dataflow-engine"), ("engine", "policy"), frozenset({"dataflow", "objects"}), shut("dataflow", 9008, "seldon-scheduler"), lambda w: gateways(w, None, False), (2, 8, 0)),
    Fault("envoy-to-agent", "network", ("networkpolicy-blocks-envoy-to-agent",), ("envoy-upstream-connect-failure",), ("arch-networkpolicy-ports-incomplete",), ("503", "policy"), frozenset({"objects", "envoy-dumps", "client"}), None, envoy_agent),
    Fault("missing-artefact", "storage", ("storage-uri-empty-or-missing",), LOAD_FAILED, (), ("load-failed", "rclone"), frozenset({"agent", "rclone", "objects", "operator"}), loading(missing_artefact)),
    Fault("access-denied", "storage", ("rclone-access-denied",), LOAD_FAILED, (), ("rclone",), frozenset({"rclone"}), loading(access_denied)),
    Fault("no-bucket", "storage", ("rclone-bucket-not-found",), LOAD_FAILED, ("storage-uri-empty-or-missing",), ("rclone",), frozenset({"rclone"}), loading(no_bucket)),
    Fault("disk-full", "storage", ("k8s-disk-full",), LOAD_FAILED, (), ("rclone",), frozenset({"rclone"}), loading(disk_full)),
    Fault("model-secret", "storage", ("storage-secret-not-found",), LOAD_FAILED, (), ("load-failed",), frozenset({"agent", "objects", "operator"}), loading(no_secret, True)),
    Fault("default-secret", "storage", ("agent-rclone-config-secret-missing",), (*NOT_CONNECTED, "k8s-crashloop"), (), ("secret",), frozenset({"agent"}), blocked(default_secret)),
    Fault("capability", "scheduling", ("scheduler-capability-mismatch",), ("scheduler-no-matching-servers", "envoy-no-route-404"), (), ("unplaced",), frozenset({"objects", "agent", "operator"}), capability, since=(2, 5, 0)),
    Fault("memory", "scheduling", ("scheduler-insufficient-memory",), ("scheduler-no-matching-servers", "envoy-no-route-404", "scheduler-insufficient-server-replicas"), (), ("unplaced",), frozenset({"objects", "agent", "operator"}), memory, blind=("scheduler-insufficient-server-replicas",)),
    Fault("wrong-server", "scheduling", ("scheduler-named-server-wrong",), ("scheduler-no-matching-servers", "envoy-no-route-404"), (), ("unplaced",), frozenset({"objects", "operator"}), wrong_server),
    Fault("zero-replicas", "scheduling", ("scheduler-server-scaled-to-zero",), (*NOT_CONNECTED, "server-pod-gone-models-unschedulable"), ("service-no-endpoints",), ("zero",), frozenset({"objects", "tables"}), zero),
    Fault("image-pull", "kubernetes", ("k8s-image-pull-failed",), (*NOT_CONNECTED, "k8s-pod-pending", "agent-inference-server-not-ready-startup"), ("airgap-registry-not-overridden",), ("image",), frozenset({"objects", "events", "tables"}), blocked(image_pull)),
    Fault("quota", "kubernetes", ("k8s-resourcequota-blocks-pods",), (*NOT_CONNECTED, "server-expected-replicas-before-pods"), (), ("quota",), frozenset({"events", "objects"}), blocked(quota)),
    Fault("no-node", "kubernetes", ("k8s-pod-pending",), NOT_CONNECTED, (), ("pending",), frozenset({"events", "objects", "tables"}), blocked(no_node)),
    Fault("oom", "kubernetes", ("k8s-oomkilled", "mlserver-memory-too-small"), ("k8s-crashloop", "agent-inference-server-lost", "agent-proxy-inference-error", "mlserver-crash-on-start"), (), ("oom",), frozenset({"objects", "tables"}), None, oom),
    Fault("volume", "control", ("scheduler-pvc-pending",), (*NO_SCHEDULER, "scheduler-pod-not-running"), (), ("pending", "claim"), frozenset({"events", "objects", "tables"}), pvc),
    Fault("db-locked", "control", ("scheduler-db-open-failed",), (*NO_SCHEDULER, "scheduler-pod-not-running"), ("arch-scheduler-replicas-not-one",), ("db",), frozenset({"scheduler"}), locked, blind=("scheduler-pod-not-running",)),
    Fault("rbac", "control", ("controller-k8s-rbac-forbidden",), (*NO_SCHEDULER, "scheduler-pod-not-running", "controller-pod-unhealthy"), (), ("rbac",), frozenset({"operator"}), rbac, rbac_says, since=(2, 7, 0), blind=("scheduler-pod-not-running",)),
    Fault("scheduler-gone", "control", ("scheduler-pod-not-running", "component-scaled-to-zero"), NO_SCHEDULER, ("arch-scheduler-replicas-not-one",), ("scheduler-gone",), frozenset({"objects", "events", "tables", "scheduler"}), None, gone, (2, 9, 1), blind=("scheduler-ended",)),
    Fault("two-schedulers", "control", ("scheduler-split-brain-two-schedulers",), NOT_CONNECTED, ("agent-scheduler-host-missing", "arch-two-schedulers", "arch-mixed-central-distributed"), ("context", "other"), frozenset({"agent", "objects"}), two_schedulers, neighbour),
    Fault("tls", "control", ("controlplane-tls-mismatch",), NOT_CONNECTED, ("controlplane-tls-secret-missing",), ("dial",), frozenset({"agent"}), tls),
    Fault("zero-weights", "envoy", ("experiment-all-weights-zero",), ("envoy-xds-config-rejected", "envoy-no-route-404"), ("envoy-xds-config-rejected",), ("rejected",), frozenset({"envoy", "objects", "envoy-dumps"}), None, zero_weights),
    Fault("wrong-header", "envoy", ("envoy-wrong-model-name-header",), ("envoy-no-route-404",), (), ("404",), frozenset({"client"}), None, wrong_header),
    Fault("missing-module", "model", ("mlserver-missing-python-module",), LOAD_FAILED, (), ("mlserver",), frozenset({"mlserver", "agent", "objects", "operator"}), loading(no_module)),
    Fault("missing-file", "model", ("mlserver-artifact-not-found",), LOAD_FAILED, (), ("mlserver",), frozenset({"mlserver", "agent", "objects", "operator"}), loading(no_file)),
    Fault("worker-killed", "model", ("mlserver-worker-killed",), ("mlserver-500-model-exception",), ("mlserver-memory-too-small",), ("worker",), frozenset({"mlserver", "client"}), None, worker_killed),
    Fault("code-raises", "model", (), ("mlserver-500-model-exception",), ("mlserver-500-model-exception",), ("500",), frozenset(), None, code_raises, undecidable=True),
    Fault("kafka-down", "kafka", ("kafka-brokers-unreachable",), ("pipeline-inference-timeout",), ("kafka-not-installed", "networkpolicy-blocks-kafka", "pipeline-not-ready-no-dataflow-engine"), ("kafka",), frozenset({"modelgateway", "pipelinegateway"}), None, lambda w: gateways(w, REFUSED, True), (2, 8, 0)),
    Fault("kafka-password", "kafka", ("kafka-sasl-auth-failed",), ("kafka-brokers-unreachable",), ("pipeline-not-ready-no-dataflow-engine",), ("kafka",), frozenset({"modelgateway", "pipelinegateway"}), None, lambda w: gateways(w, SASL, True), (2, 8, 0)),
)  # fmt: skip

FAULTS: tuple[Fault, ...] = (*BASIC, *CONTROL, *SERVING, *FABRIC)
