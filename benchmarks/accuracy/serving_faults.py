"""Faults of what serves: MLServer, MLflow, Triton, artefacts, pods and nodes."""

from benchmarks.accuracy import storage_acts as storage
from benchmarks.accuracy import triton_acts as triton
from benchmarks.accuracy.fault import LOAD_FAILED, NOT_CONNECTED, Fault
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
    Fault("rclone-killed", "storage", ("rclone-oom", "k8s-oomkilled"), (*LOAD_FAILED, "k8s-crashloop", "rclone-not-ready"), (), ("oom", "load-failed"), frozenset({"objects", "tables", "events"}), storage.rclone_killed, blind=("rclone-not-ready",)),
    Fault("rclone-forgot", "storage", ("rclone-restart-lost-remotes",), (*LOAD_FAILED, "k8s-probe-failure"), ("rclone-remote-not-configured",), ("restart", "rclone"), frozenset({"rclone", "events"}), storage.rclone_forgot),
    Fault("rclone-level", "storage", ("rclone-invalid-log-level",), (*NOT_CONNECTED, "k8s-crashloop", "rclone-not-ready"), (), ("crash", "waiting"), frozenset({"objects", "rclone", "tables", "events"}), blocked(storage.rclone_level), blind=("rclone-not-ready",)),
)  # fmt: skip

SERVING: tuple[Fault, ...] = (*TRITON, *STORAGE)
