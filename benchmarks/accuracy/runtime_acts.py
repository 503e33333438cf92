"""How MLServer fails as it starts and as it serves: crashes, ports, workers that die, requests that do not fit.

Source: MLServer 1.3.5, 1.6.1 and 1.7.1, seen; the issues of SeldonIO/MLServer; MLflow's and scikit-learn's texts.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.accuracy.breakage import worker_dies
from benchmarks.accuracy.life import previous
from benchmarks.accuracy.mechanisms import NOBODY_LISTENS, asks_server, pick, unserved
from benchmarks.accuracy.mlserver_acts import bare, dotted, site
from benchmarks.accuracy.model import Model, World


def answering(error: str, frames: str, status: int = 500, proves: str = "500") -> Callable[[World], None]:
    """Return an act while an installation lives: the first model's predictions end in `error`."""

    def act(w: World) -> None:
        model = pick(w)
        if model.placed is None:
            return
        pod, lib = f"{model.placed[0]}-{model.placed[1]}", site(w)
        model.faulty = True
        w.client[:] = [c for c in w.client if f"models/{model.name}/" not in c]
        text = (
            f"An error occurred calling method 'predict' from model '{model.name}_1'.\nTraceback (most recent call last):\n"
            f'  File "{lib}/mlserver/parallel/worker.py", line 136, in _process_request\n    return_value = await method(\n{frames.format(site=lib)}\n{error}'
        )
        for n in range(6):
            at = w.end - timedelta(seconds=100 - 12 * n)
            w.mlserver(pod, at, "mlserver.parallel", "ERROR", text, proves)
            body = dotted(error).replace('"', '\\"').replace("\n", "\\n")
            w.call(
                model.name,
                at,
                status,
                "URX" if status == 500 else "",
                f"{w.ips[pod]}:9001",
                "500",
                f'{{"error":"{body}"}}',
            )

    return act


wrong_features = answering("ValueError: X has 3 features, but StandardScaler is expecting 4 features as input.", '  File "{site}/mlserver_sklearn/sklearn.py", line 54, in predict\n    outputs=self._predict_outputs(payload),\n  File "{site}/sklearn/base.py", line 415, in _check_n_features\n    raise ValueError(')  # fmt: skip
wrong_schema = answering("mlflow.exceptions.MlflowException: Failed to enforce schema of data '  age  income\n0   41    1200' with schema '['age': double (required), 'income': long (required)]'. Error: Incompatible input types for column income. Can not safely convert float64 to int64.", '  File "{site}/mlserver_mlflow/runtime.py", line 210, in predict\n    model_output = self._model.predict(decoded_payload, params=params)')  # fmt: skip


def native_crash(w: World) -> None:
    """Native code takes a worker down, at each of some requests."""
    model = pick(w)
    if model.placed is None:
        return
    pod = f"{model.placed[0]}-{model.placed[1]}"
    code = w.rng.choice((11, 139, 4, 134))
    model.faulty = True
    for n in range(5):
        at = w.end - timedelta(seconds=150 - 25 * n)
        worker_dies(w, model, pod, at, 9 + 30 * n, code, told=w.release >= (2, 8, 5))


def too_large(w: World) -> None:
    """A gRPC caller sends more than its peer takes."""
    model = pick(w)
    size = w.rng.randrange(5_000_000, 60_000_000)
    said = w.rng.choice(
        (
            f"Received message larger than max ({size} vs. 4194304)",
            f"grpc: received message larger than max ({size} vs. 4194304)",
        )
    )
    for n in range(3):
        w.client.append(
            f"$ grpcurl -plaintext -rpc-header seldon-model:{model.name} -d @ seldon-mesh:80 inference.GRPCInferenceService/ModelInfer < big-{n}.json\nERROR:\n  Code: ResourceExhausted\n  Message: {said}\n"
        )


def crashing(*texts: str) -> Callable[[World, str, datetime], None]:
    """Return how a server pod begins whose MLServer ends as it starts, with one of `texts`, again and again."""

    def make(w: World, pod: str, at: datetime) -> None:
        text = w.rng.choice(texts).format(site=site(w))
        died = w.end - timedelta(seconds=75)
        w.start_server(pod, at)
        unserved(w, pod)
        w.logs[pod, "mlserver", False] = []
        bare(
            w,
            pod,
            died,
            "Environment tarball not found at '/mnt/models/environment.tar.gz'\nEnvironment not found at './envs/environment'",
            None,
        )
        bare(w, pod, died, text)
        if w.rng.random() < 0.5:
            previous(w, pod, "mlserver")
        w.containers |= {(pod, "rclone"): {"since": at}, (pod, "agent"): {"since": at, "ready": False}}
        w.containers[pod, "mlserver"] = {"since": at, "ready": False, "restarts": 7, "last": ("Error", 1, died), "proves": "crash",
                                         "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=mlserver pod={pod}")}  # fmt: skip
        w.event(
            at,
            "Pod",
            pod,
            "BackOff",
            f"Back-off restarting failed container mlserver in pod {pod}",
            False,
            40,
            w.end - timedelta(seconds=14),
            "crash",
        )
        t, wait = at + timedelta(seconds=2), 1.0
        while t < w.end:
            if w.release >= (2, 9, 1):
                asks_server(w, pod, t, wait)
            else:
                w.agent(
                    pod, t, "error", "Inference server not ready", "waiting", error=NOBODY_LISTENS, func="waitReady"
                )
            t, wait = t + w.jitter(wait + 2), min(wait * 2, 30.0)

    return make


CLI = 'Traceback (most recent call last):\n  File "/opt/conda/bin/mlserver", line 8, in <module>\n    sys.exit(main())\n  File "{site}/mlserver/cli/main.py", line 274, in main\n    root()\n'
clash = crashing(
    CLI + '  File "{site}/mlserver/settings.py", line 12, in <module>\n    from pydantic.v1 import BaseSettings\nImportError: cannot import name \'BaseSettings\' from \'pydantic.v1\' ({site}/pydantic/v1/__init__.py)',
    CLI + '  File "{site}/mlserver/server.py", line 50, in __init__\n    self._settings = settings\npydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nparallel_workers\n  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value=\'two\', input_type=str]\n    For further information visit https://errors.pydantic.dev/2.9/v/int_parsing',
)  # fmt: skip
no_metrics_folder = crashing(
    CLI + '  File "{site}/mlserver/metrics/registry.py", line 41, in configure_metrics\n    os.makedirs(settings.metrics_dir)\nOSError: [Errno 30] Read-only file system: \'/opt/mlserver/.metrics\'',
    CLI + '  File "{site}/mlserver/metrics/registry.py", line 41, in configure_metrics\n    os.makedirs(settings.metrics_dir)\nPermissionError: [Errno 13] Permission denied: \'/opt/mlserver/.metrics\'',
)  # fmt: skip
half_environment = crashing(
    'Traceback (most recent call last):\n  File "/opt/mlserver/envs/environment/bin/mlserver", line 5, in <module>\n    from mlserver.cli import main\n  File "/usr/local/lib/python3.8/site-packages/mlserver/__init__.py", line 2, in <module>\n    from .server import MLServer\nModuleNotFoundError: No module named \'orjson\'',
)  # fmt: skip
other_machine = crashing(
    "exec /opt/conda/bin/mlserver: exec format error",
    "standard_init_linux.go:228: exec user process caused: exec format error",
)


def event_loop(w: World) -> None:
    """Workers die as they start, of a newer event loop; the server says that it runs, and every load hangs."""
    for model in w.models:
        w.load_error[model.name] = hangs


def hangs(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
    """No worker takes the load."""
    w.agent(pod, at, "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
    for n in range(2):
        trace = (
            f'Process Worker-{n + 1}:\nTraceback (most recent call last):\n  File "/opt/conda/lib/python3.10/multiprocessing/process.py", line 314, in _bootstrap\n    self.run()\n'
            f'  File "{site(w)}/mlserver/parallel/worker.py", line 65, in run\n    self._ignore_signals()\n  File "{site(w)}/mlserver/parallel/worker.py", line 78, in _ignore_signals\n    loop = asyncio.get_event_loop()\n'
            "RuntimeError: There is no current event loop in thread 'MainThread'."
        )
        bare(w, pod, at - timedelta(seconds=3 - n), trace)
    return ""


def port_taken(w: World, pod: str, at: datetime) -> None:
    """A port is taken by another container of the pod: MLServer neither serves nor ends, until its probe kills it."""
    w.start_server(pod, at)
    unserved(w, pod)
    begun = w.end - timedelta(seconds=70)
    w.logs[pod, "mlserver", False] = []
    bare(
        w,
        pod,
        begun,
        "Environment tarball not found at '/mnt/models/environment.tar.gz'\nEnvironment not found at './envs/environment'",
        None,
    )
    w.mlserver(pod, begun + timedelta(seconds=4), "mlserver.rest", "INFO", "HTTP server running on http://0.0.0.0:9000")
    bare(
        w,
        pod,
        begun + timedelta(seconds=4),
        "INFO:     Started server process [1]\nINFO:     Waiting for application startup.\nINFO:     Application startup complete.",
        None,
    )
    bare(
        w,
        pod,
        begun + timedelta(seconds=4),
        "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 9000): address already in use",
    )
    w.containers |= {
        (pod, "rclone"): {"since": at},
        (pod, "agent"): {"since": at, "ready": False},
        (pod, "metrics-proxy"): {"since": at},
    }
    w.containers[pod, "mlserver"] = {
        "since": at,
        "ready": False,
        "restarts": 4,
        "last": ("Error", 137, begun),
        "running": begun,
        "proves": "crash",
    }
    w.event(
        at,
        "Pod",
        pod,
        "Unhealthy",
        f'Startup probe failed: Get "http://{w.ips[pod]}:9000/v2/health/live": dial tcp {w.ips[pod]}:9000: connect: connection refused',
        False,
        40,
        w.end - timedelta(seconds=9),
        "probe",
    )
    w.event(
        at, "Pod", pod, "Killing", "Container mlserver failed startup probe, will be restarted", True, 4, begun, "probe"
    )
