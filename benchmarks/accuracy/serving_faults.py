"""Faults of what serves: MLServer, MLflow, Triton, artefacts, pods and nodes."""

from benchmarks.accuracy import mlserver_acts as mlserver
from benchmarks.accuracy import node_acts as nodes
from benchmarks.accuracy import runtime_acts as runtime
from benchmarks.accuracy import storage_acts as storage
from benchmarks.accuracy import triton_acts as triton
from benchmarks.accuracy.fault import LOAD_FAILED, NO_SCHEDULER, NOT_CONNECTED, Fault
from benchmarks.accuracy.mechanisms import Act, blocked

TRITON_FAILED = (*LOAD_FAILED, "triton-load-failed")
DOWN = ("k8s-crashloop", "agent-inference-server-lost", "agent-proxy-inference-error", "envoy-no-route-404", "k8s-probe-failure")  # fmt: skip
SERVER = frozenset({"mlserver", "triton", "agent", "objects", "operator", "rclone"})


def refused(name: str, roots: tuple[str, ...], act: Act, also: tuple[str, ...] = ()) -> Fault:
    """Return a fault: Triton refuses to load a model."""
    return Fault(name, "triton", roots, tuple(s for s in TRITON_FAILED if s not in also), also, ("triton", "load-failed"), SERVER, act)  # fmt: skip


TRITON = (
    refused("triton-config", ("triton-config-invalid",), triton.config_invalid),
    refused("triton-syntax", ("triton-config-invalid",), triton.config_syntax),
    refused("triton-version", ("triton-version-folder-missing",), triton.no_version),
    refused("triton-name", ("triton-model-name-mismatch",), triton.other_name),
    refused("triton-environment", ("triton-execution-env-path",), triton.no_environment),
    refused("triton-import", ("triton-python-backend-import-error",), triton.import_error),
    refused("triton-shm", ("triton-no-space-shm",), triton.shared_memory),
    refused("triton-no-gpu", ("triton-gpu-unavailable",), triton.no_gpu),
    refused("triton-engine", ("triton-gpu-unavailable",), triton.other_engine),
    refused("triton-backend", ("triton-backend-missing",), triton.no_backend),
    refused("triton-repository", ("triton-model-folder-missing",), triton.other_repository),
    refused("triton-gpu-memory", ("triton-gpu-oom",), triton.gpu_oom_load),
    Fault("triton-artefact-version", "triton", ("triton-version-folder-missing",), TRITON_FAILED, (), ("load-failed",), SERVER, triton.requested_version),
    Fault("triton-oom-serving", "triton", ("triton-gpu-oom",), ("triton-500-model-exception",), (), ("triton", "500"), frozenset({"triton", "client"}), triton.on_triton(("onnx",), True), triton.gpu_oom_serving),
    Fault("triton-raises", "triton", (), ("triton-500-model-exception",), ("triton-500-model-exception",), ("500",), frozenset(), triton.on_triton(("python",)), triton.python_raises, undecidable=True),
    Fault("triton-crash", "triton", ("triton-crash",), DOWN, (), ("triton", "crash"), frozenset({"triton", "objects", "tables", "events"}), triton.on_triton(("pytorch",)), triton.crash),
)  # fmt: skip


def copies(name: str, roots: tuple[str, ...], act: Act, also: tuple[str, ...] = ()) -> Fault:
    """Return a fault: rclone cannot copy a model; only its own log says why."""
    return Fault(name, "storage", roots, tuple(s for s in LOAD_FAILED if s not in also), also, ("rclone", "load-failed"), frozenset({"rclone"}), act)  # fmt: skip


def says(name: str, root: str, act: Act, family: str = "storage", also: tuple[str, ...] = ()) -> Fault:
    """Return a fault: the agent itself refuses a model, and says why."""
    return Fault(name, family, (root,), LOAD_FAILED, also, ("load-failed",), frozenset({"agent", "objects", "operator"}), act)  # fmt: skip


STORAGE = (
    copies("no-remote", ("rclone-remote-not-configured",), storage.no_remote),
    copies("rclone-backend", ("rclone-config-invalid-backend",), storage.bad_backend),
    copies("store-unreachable", ("rclone-endpoint-unreachable",), storage.endpoint),
    copies("store-certificate", ("rclone-tls-x509",), storage.certificate),
    copies("store-anonymous", ("rclone-gcs-private-with-public-remote",), storage.anonymous, ("rclone-access-denied",)),
    copies("store-slow-down", ("rclone-store-slowdown",), storage.slow_down),
    copies("store-corrupts", ("rclone-corrupted-transfer",), storage.corrupted),
    copies("store-clock", ("k8s-clock-skew",), storage.clock, ("rclone-access-denied",)),
    copies("volume-permission", ("k8s-fsgroup-permission",), storage.permission),
    copies("volume-not-mounted", ("pvc-model-path-wrong",), storage.no_mount, ("rclone-bucket-not-found", "storage-uri-empty-or-missing")),
    copies("uri-of-claim", ("storage-uri-unsupported-scheme",), storage.claim_scheme, ("rclone-remote-not-configured",)),
    copies("uri-of-registry", ("mlflow-registry-uri-unsupported", "storage-uri-unsupported-scheme"), storage.registry_scheme, ("rclone-remote-not-configured",)),
    says("secret-other-name", "rclone-remote-name-mismatch", storage.other_name),
    says("secret-two-keys", "rclone-secret-not-one-key", storage.two_keys),
    says("secret-unparsable", "rclone-secret-unparsable", storage.unparsable),
    says("no-model-settings", "mlserver-missing-model-settings", storage.no_settings, "model"),
    says("no-artefact-file", "mlserver-artifact-not-found", storage.no_artifact, "model"),
    says("settings-cut", "mlserver-model-settings-invalid", storage.settings_cut, "model"),
    Fault("copy-hangs", "storage", (), ("rclone-copy-pending", "rclone-silent-hang", "envoy-no-route-404"), ("rclone-endpoint-unreachable", "networkpolicy-blocks-storage-egress"), (), frozenset(), storage.never_ends, undecidable=True),
    Fault("rclone-killed", "storage", ("rclone-oom", "k8s-oomkilled"), (*LOAD_FAILED, "k8s-crashloop", "rclone-not-ready"), (), ("oom", "load-failed"), frozenset({"objects", "tables", "events"}), storage.rclone_killed, blind=("rclone-not-ready",)),
    Fault("rclone-forgot", "storage", ("rclone-restart-lost-remotes",), (*LOAD_FAILED, "k8s-probe-failure"), ("rclone-remote-not-configured",), ("restart", "rclone"), frozenset({"rclone", "events"}), storage.rclone_forgot),
    Fault("rclone-level", "storage", ("rclone-invalid-log-level",), (*NOT_CONNECTED, "k8s-crashloop", "rclone-not-ready"), (), ("crash", "waiting"), frozenset({"objects", "rclone", "tables", "events"}), blocked(storage.rclone_level), blind=("rclone-not-ready",)),
)  # fmt: skip


def loads(name: str, roots: tuple[str, ...], act: Act, also: tuple[str, ...] = (), family: str = "model") -> Fault:
    """Return a fault: MLServer refuses to load a model."""
    return Fault(name, family, roots, tuple(s for s in LOAD_FAILED if s not in also), also, ("mlserver", "load-failed"), SERVER, act)  # fmt: skip


HANGS = ("mlserver-request-hang", "mlserver-ready-without-models", "mlserver-load-pending", "envoy-no-route-404", "mlserver-worker-killed")  # fmt: skip
STARTS = frozenset({"mlserver", "objects", "tables", "events"})
CRASHES = (*NOT_CONNECTED, "k8s-crashloop", "agent-inference-server-not-ready-startup", "k8s-probe-failure")
MODEL = (
    loads("no-runtime", ("mlserver-implementation-import-failed",), mlserver.no_runtime),
    loads("no-class", ("mlserver-implementation-import-failed",), mlserver.no_class),
    loads("other-sklearn", ("mlserver-sklearn-version-mismatch",), mlserver.other_sklearn),
    loads("artefact-pointer", ("artifact-not-what-it-seems",), mlserver.pointer, family="storage"),
    loads("artefact-pointer-xgb", ("artifact-not-what-it-seems",), mlserver.pointer_xgb, family="storage"),
    loads("no-mlmodel", ("mlflow-mlmodel-missing",), mlserver.no_mlmodel, ("mlserver-artifact-not-found",), "mlflow"),
    loads("no-code", ("mlflow-code-paths-missing",), mlserver.no_code, ("mlserver-missing-python-module",), "mlflow"),
    loads("other-mlflow", ("mlflow-dependency-mismatch",), mlserver.other_mlflow, family="mlflow"),
    loads("hub-offline", ("mlserver-hf-offline",), mlserver.hub_offline, ("airgap-no-egress",)),
    loads("hub-task", ("mlserver-hf-task-invalid",), mlserver.hub_task),
    loads("hub-clash", ("mlserver-hf-dependency-clash",), mlserver.hub_clash),
    loads("no-threads", ("mlserver-thread-limit",), mlserver.no_threads),
    loads("read-only", ("mlserver-readonly-filesystem",), mlserver.read_only),
    loads("early-explainer", ("explainer-loads-before-model",), mlserver.early_explainer),
    Fault("env-unnamed", "model", ("mlserver-env-tarball-not-configured",), LOAD_FAILED, ("mlserver-missing-python-module",), ("shipped", "mlserver"), frozenset({"mlserver", "rclone", "agent", "objects", "operator"}), mlserver.unnamed_environment),
    loads("env-platform", ("mlserver-env-tarball-wrong-platform",), mlserver.other_platform),
    Fault("env-broken", "model", ("mlserver-worker-restart-storm", "mlserver-env-tarball-unpack-failed"), HANGS, (), ("mlserver", "worker"), SERVER, mlserver.broken_tarball, since=(2, 8, 5)),
    Fault("env-without-mlserver", "model", ("mlserver-env-tarball-without-mlserver",), HANGS, (), ("mlserver",), SERVER, mlserver.without_mlserver),
    Fault("env-python", "model", ("mlserver-env-python-mismatch",), HANGS, (), ("mlserver",), SERVER, mlserver.other_python),
    Fault("load-deadline", "model", ("mlserver-load-timeout",), (*LOAD_FAILED, "mlserver-load-orphaned-by-deadline", "mlserver-request-hang"), (), ("load-failed",), frozenset({"agent", "objects", "operator"}), mlserver.load_deadline),
    Fault("event-loop", "model", ("mlserver-uvloop-worker-crash",), HANGS, (), ("mlserver",), frozenset({"mlserver"}), runtime.event_loop, since=(2, 8, 5)),
    Fault("wrong-features", "model", ("mlserver-payload-invalid",), ("mlserver-500-model-exception",), (), ("500",), frozenset({"mlserver", "client"}), None, runtime.wrong_features),
    Fault("wrong-schema", "mlflow", ("mlflow-schema-enforcement",), ("mlserver-500-model-exception",), ("mlserver-payload-invalid",), ("500",), frozenset({"mlserver", "client"}), None, runtime.wrong_schema),
    Fault("native-crash", "model", ("mlserver-segfault-native",), ("mlserver-500-model-exception", "mlserver-worker-killed"), (), ("500",), frozenset({"mlserver", "client"}), None, runtime.native_crash, since=(2, 8, 5)),
    Fault("grpc-too-large", "model", ("mlserver-grpc-message-too-large",), (), (), (), frozenset({"client"}), None, runtime.too_large),
    Fault("server-clash", "model", ("mlserver-crash-on-start", "mlserver-model-settings-invalid"), CRASHES, (), ("mlserver", "crash"), STARTS, blocked(runtime.clash)),
    Fault("server-read-only", "model", ("mlserver-readonly-filesystem",), (*CRASHES, "mlserver-crash-on-start"), (), ("mlserver", "crash"), frozenset({"mlserver"}), blocked(runtime.no_metrics_folder), blind=("mlserver-crash-on-start",)),
    Fault("server-environment", "model", ("mlserver-conda-env-not-activated",), (*CRASHES, "mlserver-crash-on-start"), ("mlserver-missing-python-module",), ("mlserver", "crash"), frozenset({"mlserver"}), blocked(runtime.half_environment), blind=("mlserver-crash-on-start",)),
    Fault("server-port", "model", ("mlserver-port-in-use-hang",), CRASHES, (), ("mlserver", "probe"), frozenset({"mlserver"}), blocked(runtime.port_taken), blind=("mlserver-crash-on-start", "k8s-probe-failure", "mlserver-slow-start")),
)  # fmt: skip

NODES = (
    Fault("gpu-node", "kubernetes", ("k8s-gpu-unschedulable",), (*NOT_CONNECTED, "k8s-pod-pending"), (), ("pending",), frozenset({"events", "objects", "tables"}), blocked(nodes.no_gpu_node)),
    Fault("mount", "kubernetes", ("k8s-configmap-secret-mount-missing",), (*NOT_CONNECTED, "k8s-pod-pending"), ("seldonconfig-missing", "controlplane-tls-secret-missing"), ("mount",), frozenset({"events"}), blocked(nodes.no_mount), blind=("k8s-pod-pending",)),
    Fault("air-gap", "kubernetes", ("k8s-image-pull-failed", "airgap-no-egress"), (*NOT_CONNECTED, "k8s-pod-pending"), ("airgap-registry-not-overridden",), ("image",), frozenset({"events", "objects", "tables"}), blocked(nodes.air_gap)),
    Fault("webhook", "kubernetes", ("k8s-pods-refused",), (*NOT_CONNECTED, "server-expected-replicas-before-pods"), (), ("webhook",), frozenset({"events", "objects"}), blocked(nodes.webhook)),
    Fault("disk-held", "kubernetes", ("k8s-volume-not-attached",), (*NO_SCHEDULER, "scheduler-pod-not-running"), (), ("attach",), frozenset({"events", "objects", "tables"}), nodes.held_elsewhere, blind=("scheduler-pod-not-running",)),
    Fault("evicted", "kubernetes", ("k8s-node-drain-or-eviction",), ("k8s-pod-pending", "envoy-no-route-404", "server-pod-gone-models-unschedulable"), ("k8s-disk-full",), ("evicted",), frozenset({"events", "objects"}), nodes.one_server, nodes.evicted, blind=("k8s-pod-pending",)),
    Fault("other-processor", "kubernetes", ("k8s-arch-mismatch",), (*CRASHES, "mlserver-crash-on-start"), (), ("format", "crash"), frozenset({"mlserver"}), blocked(nodes.other_machine), blind=("mlserver-crash-on-start",)),
    Fault("immutable", "kubernetes", ("k8s-statefulset-immutable-field",), (), (), ("immutable",), frozenset({"operator"}), None, nodes.immutable),
    Fault("no-metric", "kubernetes", ("hpa-metric-unavailable",), (), (), ("hpa",), frozenset({"events", "objects"}), None, nodes.no_metric),
    Fault("core-one", "kubernetes", ("core-v1-resources-in-v2",), (), (), (), frozenset({"client"}), None, nodes.core_one),
)  # fmt: skip

SERVING: tuple[Fault, ...] = (*TRITON, *STORAGE, *MODEL, *NODES)
