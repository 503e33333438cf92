"""What breaks in MLServer and MLflow: environments, artefacts, versions, workers, and requests that do not fit.

Source: MLServer 1.3.5, 1.6.1 and 1.7.1, seen; its sources for the others; the issues of SeldonIO/MLServer; error texts of
scikit-learn, XGBoost, MLflow, transformers and Python.
"""

from datetime import datetime, timedelta

from benchmarks.accuracy.mechanisms import Act, pick
from benchmarks.accuracy.model import Model, World
from benchmarks.accuracy.triton_acts import failing
from benchmarks.accuracy.voices import Line


def site(w: World) -> str:
    """Return where the image keeps its packages: Python 3.8 up to MLServer 1.3.5, 3.10 since."""
    return f"/opt/conda/lib/python3.{8 if w.release < (2, 8, 5) else 10}/site-packages"


def dotted(error: str) -> str:
    """Return an exception as the main process quotes it: with the module of its class."""
    name = error.partition(":")[0]
    return error if "." in name else f"builtins.{error}"


def bare(w: World, pod: str, at: datetime, text: str, proves: str | None = "mlserver") -> None:
    """Let something in MLServer's container print text without a time."""
    w.logs[pod, "mlserver", False] += [Line(at + w.skew, text, proves)]


def label(w: World, model: Model) -> str:
    """Return the label of a model's lines, which begins with MLServer 1.4."""
    return f"mlserver][{model.name}_1:1" if w.release >= (2, 8, 5) else "mlserver"


def refused(w: World, model: Model, pod: str, at: datetime, error: str, frames: str, early: bool) -> None:
    """Print what one load leaves that an exception ended: inside `load()`, or `early`, as the runtime is imported."""
    lib = site(w)
    head = f'Traceback (most recent call last):\n  File "{lib}/mlserver/grpc/utils.py", line 44, in _inner\n    return await f(self, request, context)\n'
    if early:
        text = error.partition(": ")[2]
        trace = f'{head}  File "{lib}/mlserver/registry.py", line 144, in load\n    new_model = self._model_initialiser(model_settings)\n{frames}\n{error}'
        w.mlserver(pod, at, "mlserver.grpc", "ERROR", f"{text}\n{trace}", "mlserver")
        return
    inner = f'Traceback (most recent call last):\n  File "{lib}/mlserver/parallel/worker.py", line 158, in _process_model_update\n    await self._model_registry.load(model_settings)\n  File "{lib}/mlserver/registry.py", line 167, in _load_model\n    model.ready = await model.load()\n{frames}\n{error}'
    w.mlserver(
        pod,
        at,
        label(w, model),
        "INFO",
        f"Couldn't load model '{model.name}_1'. Model will be removed from registry.",
        "mlserver",
    )
    if w.release >= (2, 8, 5):
        w.mlserver(pod, at, label(w, model), "INFO", f"Unloaded version 1 of model '{model.name}_1' successfully.")
    w.mlserver(
        pod,
        at,
        "mlserver.parallel",
        "ERROR",
        f"An error occurred processing a model update of type 'Load'.\n{inner}",
        "mlserver",
    )
    w.facts.add("model-unknown")
    echo = f'Traceback (most recent call last):\n  File "{lib}/mlserver/registry.py", line 243, in get_model\n    raise ModelNotFound(self._name, version)\nmlserver.errors.ModelNotFound: Model {model.name}_1 with version 1 not found'
    w.mlserver(
        pod, at, "mlserver.parallel", "ERROR", f"An error occurred processing a model update of type 'Unload'.\n{echo}"
    )
    outer = f'{head}  File "{lib}/mlserver/parallel/dispatcher.py", line 87, in _wait\n    response_message = await future\nmlserver.parallel.errors.WorkerError: {dotted(error)}'
    w.mlserver(pod, at, "mlserver.grpc", "ERROR", f"{dotted(error)}\n{outer}", "mlserver")


def raises(
    *choices: str, frames: str = "", early: bool = False, first: tuple[str, ...] = (), stamped: tuple[str, ...] = ()
) -> Act:
    """Return an act: a load ends in one of `choices`, five times over.

    `first` are lines without a time above it, `stamped` lines of the logger `mlserver`.
    """

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        names = {
            "model": f"{model.name}_1",
            "folder": f"/mnt/agent/models/{model.name}_1/1",
            "site": site(w),
            "sha": f"{w.rng.getrandbits(256):064x}",
        }
        error = w.rng.choice(choices).format(**names)
        w.rclone(pod, at, "INFO", "model.joblib: Copied (new)")
        w.agent(pod, at, "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
        why = error.partition(": ")[2] if early else dotted(error)
        code = "FailedPrecondition" if "InvalidModelURI" in error else "Internal"
        answer = f"rpc error: code = {code} desc = {why}"
        for n in range(5):
            t = at + (done - at) * (n / 5)
            for text in stamped:
                w.mlserver(pod, t, "mlserver", "INFO", text.format(**names), "context")
            for text in first:
                bare(w, pod, t, text.format(**names, stamp=f"{t + w.skew + w.zone:%Y/%m/%d %H:%M:%S}"))
            refused(w, model, pod, t, error, frames.format(**names), early)
            if n < 4:
                w.agent(pod, t, "error", f"Retry op #{n}", "load-failed", error=answer)
        return answer

    return failing(fault)


SKLEARN = '  File "{site}/mlserver_sklearn/sklearn.py", line 37, in load\n    self._model = joblib.load(model_uri)'
XGBOOST = '  File "{site}/mlserver_xgboost/xgboost.py", line 77, in load\n    self._model = _load_sklearn_interface(model_uri)'
MLFLOW = '  File "{site}/mlserver_mlflow/runtime.py", line 167, in load\n    self._model = mlflow.pyfunc.load_model(model_uri)'
FACE = '  File "{site}/mlserver_huggingface/runtime.py", line 42, in load\n    self._model = await asyncio.get_running_loop().run_in_executor(None, load_pipeline_from_settings)'
IMPORT = '  File "{site}/mlserver/settings.py", line 403, in implementation\n    _reload_module(self.implementation_)'

no_runtime = raises("ModuleNotFoundError: No module named 'mlserver_xgboost'", "ModuleNotFoundError: No module named 'mlserver_huggingface'", frames=IMPORT, early=True)  # fmt: skip
no_class = raises("AttributeError: module 'model' has no attribute 'Scorer'", "AttributeError: module 'runtime' has no attribute 'MyRuntime'", frames=IMPORT, early=True)  # fmt: skip
other_sklearn = raises(
    "ModuleNotFoundError: No module named 'sklearn.ensemble._gb_losses'",
    "AttributeError: Can't get attribute '_RemainderColsList' on <module 'sklearn.compose._column_transformer' from '{site}/sklearn/compose/_column_transformer.py'>",
    "ValueError: node array from the pickle has an incompatible dtype:\n- expected: {{'names': ['left_child', 'right_child'], 'formats': ['<i8', '<i8']}}\n- got     : [('left_child', '<i8'), ('right_child', '<i8')]",
    "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject",
    frames=SKLEARN,
    first=("{site}/sklearn/base.py:376: InconsistentVersionWarning: Trying to unpickle estimator GradientBoostingClassifier from version 1.2.2 when using version 1.5.2. This might lead to breaking code or invalid results. Use at your own risk. For more info please refer to:\nhttps://scikit-learn.org/stable/model_persistence.html#security-maintainability-limitations\n  warnings.warn(",),
)  # fmt: skip
pointer = raises(
    "KeyError: 118", "KeyError: 60", "_pickle.UnpicklingError: invalid load key, 'v'.", "_pickle.UnpicklingError: pickle exhausted before end of frame", "EOFError: ",
    frames=SKLEARN,
)  # fmt: skip
pointer_xgb = raises(
    "xgboost.core.XGBoostError: [10:15:20] /workspace/src/common/json.cc:90: Check failed: str[0] == '{{' (v vs. {{) :\nStack trace:\n  [bt] (0) {site}/xgboost/lib/libxgboost.so(+0x1a2b3c)",
    frames=XGBOOST,
)
no_mlmodel = raises('mlflow.exceptions.MlflowException: Could not find an "MLmodel" configuration file at "{folder}"', frames=MLFLOW)  # fmt: skip
no_code = raises("ModuleNotFoundError: No module named 'churn_features'", "ModuleNotFoundError: No module named 'src'", frames=MLFLOW + '\n  File "{site}/mlflow/pyfunc/model.py", line 1024, in _load_pyfunc\n    context, python_model, signature = _load_context_model_and_signature(model_path, model_config)\n  File "{site}/mlflow/pyfunc/model.py", line 961, in _load_context_model_and_signature\n    python_model = cloudpickle.load(f)')  # fmt: skip
other_mlflow = raises(
    "TypeError: code() argument 13 must be str, not int", "AttributeError: Can't get attribute '_function_setstate' on <module 'cloudpickle.cloudpickle' from '{site}/cloudpickle/cloudpickle.py'>",
    frames=MLFLOW + '\n  File "{site}/mlflow/sklearn/__init__.py", line 481, in _load_model_from_local_file\n    return cloudpickle.load(f)',
    first=("{stamp} WARNING mlflow.utils.requirements_utils: Detected one or more mismatches between the model's dependencies and the current Python environment:\n - cloudpickle (current: 2.2.1, required: cloudpickle==3.1.1)\n - mlflow (current: 2.12.2, required: mlflow==2.20.3)\nTo fix the mismatches, call `mlflow.pyfunc.get_model_dependencies(model_uri)` to fetch the model's environment and install dependencies using the resulting environment file.", "{stamp} WARNING mlflow.pyfunc: The version of Python that the model was saved in, `Python 3.11.9`, differs from the version of Python that is currently running, `Python 3.10.12`, and may be incompatible"),
)  # fmt: skip
hub_offline = raises(
    "OSError: We couldn't connect to 'https://huggingface.co' to load this file, couldn't find it in the cached files and it looks like distilgpt2 is not the path to a directory containing a file named config.json.\nCheckout your internet connection or see how to run the library in offline mode at 'https://huggingface.co/docs/transformers/installation#offline-mode'.",
    "requests.exceptions.ConnectionError: (MaxRetryError(\"HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /distilgpt2/resolve/main/config.json (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f1>: Failed to establish a new connection: [Errno 101] Network is unreachable'))\"), '(Request ID: 1b2c)')",
    "huggingface_hub.errors.LocalEntryNotFoundError: An error happened while trying to locate the file on the Hub and we cannot find the requested files in the local cache. Please check your connection and try again or make sure your Internet connection is on.",
    frames=FACE,
)  # fmt: skip
hub_task = raises("mlserver_huggingface.errors.InvalidTranformerInitialisation: Huggingface server failed with 500, Invalid transformer task: text-classify. Available tasks: audio-classification, text-classification, text-generation", "mlserver_huggingface.errors.MissingHuggingFaceSettings: Missing HuggingFace Runtime settings.", frames=FACE)  # fmt: skip
hub_clash = raises("ImportError: cannot import name 'is_torch_fx_available' from 'transformers.utils' ({site}/transformers/utils/__init__.py)", "RuntimeError: Failed to import optimum.onnxruntime.modeling_ort because of the following error (look up to see its traceback):\ncannot import name 'shape_list' from 'transformers.tf_utils'", frames=IMPORT, early=True)  # fmt: skip
no_threads = raises("RuntimeError: can't start new thread", frames=SKLEARN + '\n  File "/opt/conda/lib/python3.10/threading.py", line 935, in start\n    _start_new_thread(self._bootstrap, ())', first=("\nlibgomp: Thread creation failed: Resource temporarily unavailable",))  # fmt: skip
read_only = raises("PermissionError: [Errno 13] Permission denied: '/.cache/huggingface'", "OSError: [Errno 30] Read-only file system: '/opt/mlserver/.envs'", frames=FACE)  # fmt: skip
other_platform = raises("OSError: [Errno 8] Exec format error: '/opt/mlserver/.envs/{sha}/bin/python'", frames='  File "{site}/mlserver/parallel/registry.py", line 110, in get_or_create\n    pool = InferencePool(self._settings, env=env)\n  File "/opt/conda/lib/python3.10/subprocess.py", line 1863, in _execute_child\n    raise child_exception_type(errno_num, err_msg, err_filename)', early=True, stamped=("Extracting environment tarball from {folder}/environment.tar.gz...",))  # fmt: skip


def broken_tarball(w: World) -> None:
    """A model's environment is cut: the first try fails, the second takes half a folder for good, and its worker dies for ever."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        sha = f"{w.rng.getrandbits(256):064x}"
        error = w.rng.choice(
            (
                "EOFError: Compressed file ended before the end-of-stream marker was reached",
                "tarfile.ReadError: file could not be opened successfully:\n- method gz: ReadError('not a gzip file')\n- method bz2: ReadError('not a bzip2 file')\n- method xz: ReadError('not an lzma file')\n- method tar: ReadError('invalid header')",
            )
        )
        w.agent(pod, at, "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
        w.mlserver(
            pod,
            at,
            "mlserver",
            "INFO",
            f"Extracting environment tarball from /mnt/agent/models/{model.name}_1/1/environment.tar.gz...",
            "context",
        )
        refused(
            w,
            model,
            pod,
            at,
            error,
            f'  File "{site(w)}/mlserver/env.py", line 120, in _extract_env\n    with tarfile.open(tarball_path, "r:gz") as tar:',
            True,
        )
        answer = f"rpc error: code = Internal desc = {error.partition(': ')[2]}"
        w.agent(pod, at, "error", "Retry op #0", "load-failed", error=answer)
        for n in range(120):
            t = at + (w.end - at) * (n / 120)
            w.mlserver(
                pod,
                t,
                "mlserver.parallel",
                "WARNING",
                f"Worker with PID {400 + 7 * n} on inference pool with hash '{sha}' stopped unexpectedly with exit code 65280. Triggering worker restart...",
                "worker",
            )
            w.mlserver(
                pod,
                t,
                "mlserver.parallel",
                "INFO",
                f"Starting new worker with PID {407 + 7 * n} on inference pool with hash '{sha}'...",
            )
        return ""

    failing(fault)(w)


def alien_worker(*deaths: str) -> Act:
    """Return an act: the worker of a model's own environment dies as it starts, for one of `deaths`."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        sha = f"{w.rng.getrandbits(256):064x}"
        death = w.rng.choice(deaths).format(sha=sha)
        w.agent(pod, at, "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
        w.mlserver(
            pod,
            at,
            "mlserver",
            "INFO",
            f"Extracting environment tarball from /mnt/agent/models/{model.name}_1/1/environment.tar.gz...",
            "context",
        )
        for n in range(40):
            t = at + timedelta(seconds=4) + (w.end - at - timedelta(seconds=4)) * (n / 40)
            trace = f'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n  File "/opt/conda/lib/python3.10/multiprocessing/spawn.py", line 126, in _main\n    self = reduction.pickle.load(from_parent)\n{death}'
            bare(w, pod, t, trace)
            if w.release >= (2, 8, 5):
                w.mlserver(
                    pod,
                    t,
                    "mlserver.parallel",
                    "WARNING",
                    f"Worker with PID {400 + 7 * n} on inference pool with hash '{sha}' stopped unexpectedly with exit code 256. Triggering worker restart...",
                    "worker",
                )
        return ""

    return failing(fault)


without_mlserver = alien_worker("ModuleNotFoundError: No module named 'mlserver'")
other_python = alien_worker(
    "ValueError: unsupported pickle protocol: 5",
    "ModuleNotFoundError: No module named 'pydantic_core._pydantic_core'",
    "ImportError: /opt/mlserver/.envs/{sha}/lib/python3.8/site-packages/numpy/core/_multiarray_umath.cpython-310-x86_64-linux-gnu.so: undefined symbol: _PyUnicode_Ready",
)  # fmt: skip


def load_deadline(w: World) -> None:
    """A load takes longer than the agent waits; the worker ends it when nobody listens any more."""
    w.end += timedelta(minutes=80)

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        w.agent(pod, at, "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
        error = "rpc error: code = DeadlineExceeded desc = context deadline exceeded"
        w.agent(pod, done - timedelta(seconds=2), "error", "Retry op #0", "load-failed", error=error)
        trace = f"Traceback (most recent call last):\n  File \"{site(w)}/mlserver/parallel/dispatcher.py\", line 102, in resolve\n    future = self._futures[message_id]\nKeyError: '26fe8387-0211-407f-9546-97da8dfe71b5'"
        w.mlserver(
            pod, done - timedelta(seconds=1), label(w, model), "INFO", f"Loaded model '{model.name}_1' successfully."
        )
        w.mlserver(
            pod,
            done - timedelta(seconds=1),
            "mlserver.parallel",
            "ERROR",
            f"Response processing loop crashed. Restarting the loop...\n{trace}",
            "loop",
        )
        return error

    failing(fault)(w)


early_explainer = raises(
    "mlserver_alibi_explain.errors.RemoteInferenceError: Remote inference call failed with 404, Not Found",
    "mlserver_alibi_explain.errors.RemoteInferenceError: Remote inference call failed with 503, Service Unavailable",
    frames='  File "{site}/mlserver_alibi_explain/runtime.py", line 141, in load\n    self._model = await self._load_from_uri(model_uri)\n  File "{site}/mlserver_alibi_explain/common.py", line 71, in remote_metadata\n    raise RemoteInferenceError(response.status_code, response.reason)',
)


def unnamed_environment(w: World) -> None:
    """A model brings an environment of its own, but its settings do not name it."""
    no_package = raises("ModuleNotFoundError: No module named 'feature_engine'", frames='  File "{folder}/model.py", line 5, in load\n    from feature_engine.encoding import RareLabelEncoder')  # fmt: skip
    no_package(w)
    inner = w.load_error[pick(w).name]

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        w.rclone(pod, at, "INFO", "environment.tar.gz: Copied (new)", "shipped")
        return str(inner(w, model, pod, path, at, done))

    w.load_error[pick(w).name] = fault
