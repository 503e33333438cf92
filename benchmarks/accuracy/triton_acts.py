"""What breaks in Triton: configurations, backends, Python models, GPUs.

Each act lets Triton refuse a load, or fail while it serves; the agent hears the gRPC answer, tries again, and gives up.

Source: the logs in issues of triton-inference-server/server, python_backend and onnxruntime_backend, releases 22.05 to
25.06; `scheduler/pkg/agent/repository/triton/triton.go` for what the agent refuses itself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.accuracy.life import previous, raw
from benchmarks.accuracy.mechanisms import Act, pick
from benchmarks.accuracy.model import Model, World
from benchmarks.accuracy.voices import Line

IMAGES = ("22.05", "22.11", "23.03", "23.10", "24.01", "24.08", "25.06")
CAPABILITIES = (
    "triton", "dali", "fil", "onnx", "openvino", "python", "pytorch", "tensorflow", "tensorrt",
)  # fmt: skip
NODES = ("triton", "triton-gpu", "gpu-pool", "vision-servers", "nv-shared")


def on_triton(requires: tuple[str, ...], gpus: bool = False) -> Act:
    """Return an act: the only server runs Triton, and the models ask for `requires`."""

    def act(w: World) -> None:
        w.servers[1:] = []
        server = w.servers[0]
        old, server.name = server.name, w.rng.choice(NODES)
        for index in range(3):
            w.ips[f"{server.name}-{index}"] = w.ips[f"{old}-{index}"]
        server.runtime, server.capabilities = "triton", CAPABILITIES
        server.image = f"nvcr.io/nvidia/tritonserver:{w.rng.choice(IMAGES)}-py3"
        w.gpus = gpus
        for model in w.models:
            model.requires = requires

    return act


def release(w: World) -> str:
    """Return the release of the only server's Triton."""
    return (w.servers[0].image or "").rpartition(":")[2].removesuffix("-py3")


def refuses(
    w: World, model: Model, pod: str, at: datetime, done: datetime, says: Callable[[datetime], None], error: str
) -> None:
    """Let Triton refuse a load five times, and the agent try again."""
    for n in range(5):
        t = at + (done - at) * (n / 5)
        says(t)
        if n < 4:
            w.agent(pod, t, "error", f"Retry op #{n}", "load-failed", error=error)


def arrived(w: World, model: Model, pod: str, path: str, at: datetime) -> None:
    """Let the artefact arrive: rclone copies it, the agent chooses a version."""
    w.rclone(pod, at, "INFO", "config.pbtxt: Copied (new)")
    w.rclone(pod, at, "INFO", "1/model.onnx: Copied (new)")
    w.agent(pod, at, "info", f"Chose path {path}/1 for model {model.name}:1", func="LoadModel")


def unavailable(
    *choices: tuple[str, str], before: tuple[tuple[str, str, str], ...] = (), natively: tuple[str, ...] = ()
) -> Act:
    """Return an act: a version cannot be loaded, for one of `choices` (code, text).

    `before` are lines of Triton (level, place, text) above it, `natively` lines of a library in a shape of its own.
    """

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        names = {"model": f"{model.name}_1", "folder": f"/mnt/agent/models/{model.name}_1"}
        code, text = w.rng.choice(choices)
        text = text.format(**names)

        def says(t: datetime) -> None:
            w.triton(pod, t, "I", "model_lifecycle.cc:473", f"loading: {model.name}_1:1")
            for line in natively:
                w.logs[pod, "triton", False].append(Line(t + w.skew, line.format(**names), "triton"))
            for level, place, line in before:
                w.triton(pod, t, level, place, line.format(**names), "triton")
            w.triton(
                pod,
                t,
                "E",
                "model_lifecycle.cc:641",
                f"failed to load '{model.name}_1' version 1: {code}: {text}",
                "triton",
            )
            w.triton(pod, t, "I", "model_lifecycle.cc:776", f"failed to load '{model.name}_1'", "triton")

        error = f"rpc error: code = Internal desc = failed to load '{model.name}_1', no version is available"
        if release(w) >= "23":
            why = f"load failed for model '{model.name}_1': version 1 is at UNAVAILABLE state: {code}: {text};"
            error = f"rpc error: code = InvalidArgument desc = {why}"
        arrived(w, model, pod, path, at)
        refuses(w, model, pod, at, done, says, error)
        return error

    return failing(fault)


def unpolled(*choices: tuple[str, str | None]) -> Act:
    """Return an act: the model's folder cannot be read, for one of `choices` (text, line of protobuf or None)."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        names = {"model": f"{model.name}_1", "folder": f"/mnt/agent/models/{model.name}_1", "plain": model.name}
        text, native = w.rng.choice(choices)

        def says(t: datetime) -> None:
            if native:
                w.logs[pod, "triton", False].append(Line(t + w.skew, native, "triton"))
            said = f"Poll failed for model directory '{model.name}_1': {text.format(**names)}"
            w.triton(pod, t, "E", "model_repository_manager.cc:1335", said, "triton")

        error = (
            f"rpc error: code = Internal desc = failed to load '{model.name}_1', failed to poll from model repository"
        )
        arrived(w, model, pod, path, at)
        refuses(w, model, pod, at, done, says, error)
        return error

    return failing(fault)


def failing(fault: Callable[..., str]) -> Act:
    """Return an act: the first model fails to load."""

    def act(w: World) -> None:
        w.load_error[pick(w).name] = fault

    return act


def both(*acts: Act) -> Act:
    """Return an act of several."""

    def act(w: World) -> None:
        for one in acts:
            one(w)

    return act


STUB = "<frozen importlib._bootstrap>(241): _call_with_frames_removed\n  <frozen importlib._bootstrap_external>(883): exec_module"
SHM = (
    "Unable to initialize shared memory key 'triton_python_backend_shm_region_3' to requested size (67108864 bytes). "
    "If you are running Triton inside docker, use '--shm-size' flag to control the shared memory region size. Each "
    "Python backend model instance requires at least 64 MB of shared memory. Error: No space left on device"
)
ARENA = (
    "/workspace/onnxruntime/onnxruntime/core/framework/bfc_arena.cc:368 void* onnxruntime::BFCArena::"
    "AllocateRawInternal(size_t, bool, onnxruntime::Stream*, bool, onnxruntime::WaitNotificationFn) "
    "Failed to allocate memory for requested buffer of size "
)
TORCH = (
    "CUDA out of memory. Tried to allocate 1.50 GiB (GPU 0; 14.75 GiB total capacity; 13.02 GiB already allocated; "
    "884.81 MiB free; 13.10 GiB reserved in total by PyTorch)"
)

config_invalid = both(on_triton(("onnx",)), unavailable(
    ("Invalid argument", "unable to load model '{model}', configuration expects 1 inputs, model provides 3"),
    ("Invalid argument", "unexpected inference input 'INPUT__0', allowed inputs are: attention_mask, input_ids"),
    ("Invalid argument", "model '{model}', tensor 'scores': the model expects 2 dimensions (shape [-1,3]) but the model configuration specifies 3 dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape [-1,1,3])"),
))  # fmt: skip
config_syntax = both(on_triton(("onnx",)), unpolled(
    ("failed to read text proto from {folder}/config.pbtxt", "[libprotobuf ERROR /tmp/tritonbuild/tritonserver/build/_deps/repo-third-party-build/grpc-repo/src/grpc/third_party/protobuf/src/google/protobuf/text_format.cc:335] Error parsing text-format inference.ModelConfig: 9:11: Message type \"inference.ModelInput\" has no field named \"dim\"."),
    ("unexpected platform type 'onnx_runtime' for {model}", None),
    ("must specify 'platform' or 'backend' for '{model}'", None),
))  # fmt: skip
no_version = both(on_triton(("onnx",)), unpolled(("at least one version must be available under the version policy of model '{model}'", None)))  # fmt: skip
other_name = both(on_triton(("onnx",)), unpolled(("unexpected directory name '{model}' for model '{plain}-fp16', directory name must equal model name", None)))  # fmt: skip
no_environment = both(on_triton(("python",)), unavailable(("Internal", "Failed to get the canonical path for {folder}/envs/py310.tar.gz.")))  # fmt: skip
import_error = both(on_triton(("python",)), unavailable(
    ("Internal", f"ModuleNotFoundError: No module named 'sentencepiece'\n\nAt:\n  {{folder}}/1/model.py(7): <module>\n  {STUB}\n"),
    ("Internal", f"ImportError: libGL.so.1: cannot open shared object file: No such file or directory\n\nAt:\n  /usr/local/lib/python3.10/dist-packages/cv2/__init__.py(181): bootstrap\n  {{folder}}/1/model.py(4): <module>\n  {STUB}\n"),
    before=(("E", "pb_stub.cc:402", "Failed to initialize Python stub: see the error of the model below"),),
))  # fmt: skip
shared_memory = both(on_triton(("python",)), unavailable(("Internal", SHM)))
no_gpu = both(on_triton(("tensorrt", "pytorch")), unavailable(
    ("Invalid argument", "instance group {model}_0 of model {model} has kind KIND_GPU but no GPUs are available"),
    ("Internal", "unable to get number of CUDA devices: CUDA driver version is insufficient for CUDA runtime version"),
    ("Internal", "unable to get number of CUDA devices: no CUDA-capable device is detected"),
))  # fmt: skip
other_engine = both(on_triton(("tensorrt",), True), unavailable(("Internal", "unable to load plan file to auto complete config: {folder}/1/model.plan"), ("Internal", "unable to create TensorRT engine"), before=(
    ("E", "logging.cc:43", "1: [stdArchiveReader.cpp::StdArchiveReader::40] Error Code 1: Serialization (Serialization assertion stdVersionRead == serializationVersion failed.Version tag does not match. Note: Current Version: 213, Serialized Engine Version: 232)"),
    ("E", "logging.cc:43", "4: [runtime.cpp::deserializeCudaEngine::50] Error Code 4: Internal Error (Engine deserialization failed.)"),
)))  # fmt: skip
no_backend = both(on_triton(("fil", "onnx")), unavailable(
    ("Invalid argument", "unable to find backend library for backend 'onnxruntime', try specifying runtime on the model configuration."),
    ("Invalid argument", "unable to find 'libtriton_fil.so' or 'fil/model.py' for model '{model}', searched: {folder}/1, {folder}, /opt/tritonserver/backends/fil"),
))  # fmt: skip
gpu_oom_load = both(on_triton(("onnx", "pytorch"), True), unavailable(
    ("Internal", f"onnx runtime error 6: Exception during initialization: {ARENA}268435456"),
    ("Internal", "onnx runtime error 1: CUDA failure 2: out of memory ; GPU=0 ; hostname=triton ; expr=cudaMalloc((void**)&p, size);"),
    ("Internal", f"OutOfMemoryError: {TORCH}\n\nAt:\n  /usr/local/lib/python3.10/dist-packages/torch/nn/modules/module.py(1143): convert\n  {{folder}}/1/model.py(31): initialize\n"),
))  # fmt: skip


def requested_version(w: World) -> None:
    """The artefact version that a model asks for has no folder."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        w.rclone(pod, at, "INFO", "1/model.onnx: Copied (new)")
        return f"Failed to find requested version {w.rng.randrange(2, 9)} in path {path}"

    on_triton(("onnx",))(w)
    failing(fault)(w)


def serving(text: str, proves: str = "triton") -> Callable[[World], None]:
    """Return an act while an installation lives: calls of the first model fail with `text`."""

    def act(w: World) -> None:
        model = pick(w)
        if model.placed is None:
            return
        pod = f"{model.placed[0]}-{model.placed[1]}"
        said = text.format(model=f"{model.name}_1", folder=f"/mnt/agent/models/{model.name}_1")
        model.faulty = True
        w.client[:] = [c for c in w.client if f"models/{model.name}/" not in c]
        for n in range(6):
            at = w.end - timedelta(seconds=95 - 13 * n)
            if "model instance" in said:
                w.triton(pod, at, "E", "python_be.cc:2054", said, proves)
            w.triton(pod, at, "I", "http_server.cc:3535", f"Infer failed: {said}", proves)
            w.call(model.name, at, 500, "", f"{w.ips[pod]}:9001", "500", f'{{"error":"{said}"}}')

    return act


gpu_oom_serving = serving(
    f"onnx runtime error 6: Non-zero status code returned while running Conv node. Name:'Conv_12' Status Message: {ARENA}2830172160"
)
python_raises = serving("Failed to process the request(s) for model instance '{model}_0_0', message: ValueError: all the input array dimensions for the concatenation axis must match exactly")  # fmt: skip


def crash(w: World) -> None:
    """Triton dies of a signal in a backend, again and again."""
    pod = f"{w.servers[0].name}-0"
    died = w.end - timedelta(seconds=80)
    w.triton(pod, died - w.skew, "I", "infer_request.cc:751", "[request id: <id_unknown>] prepared: [0x0x7f1]")
    frames = " 0# 0x000055B0D1A3E7CD in tritonserver\n 1# 0x00007F2E0B642520 in /usr/lib/x86_64-linux-gnu/libc.so.6\n 2# 0x00007F2DE0C1A0B2 in /opt/tritonserver/backends/pytorch/libtriton_pytorch.so"
    raw(w, pod, "triton", died, f"Signal ({w.rng.choice((6, 11))}) received.\n{frames}", "triton")
    previous(w, pod, "triton")
    w.start_triton(pod, w.end - timedelta(seconds=8), w.end - timedelta(seconds=4))
    w.containers[pod, "triton"] |= {
        "ready": False, "restarts": 7, "last": ("Error", 139, died), "proves": "crash",
        "waiting": ("CrashLoopBackOff", f"back-off 2m40s restarting failed container=triton pod={pod}"),
    }  # fmt: skip
    w.event(
        died - timedelta(minutes=6),
        "Pod",
        pod,
        "BackOff",
        f"Back-off restarting failed container triton in pod {pod}",
        False,
        14,
        w.end - timedelta(seconds=12),
        "crash",
    )
    for model in w.models:
        if model.name in w.routes:
            for n in range(3):
                at = died + timedelta(seconds=9 + 15 * n)
                said = f"{at + w.skew:%Y/%m/%d %H:%M:%S} http: proxy error: dial tcp 0.0.0.0:9000: connect: connection refused"
                raw(w, pod, "agent", at + w.skew, said, "proxy")
                w.call(model.name, at, 502, "", f"{w.ips[pod]}:9001", "502")


def other_repository(w: World) -> None:
    """Triton is told another repository than the one that the agent fills."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        def says(t: datetime) -> None:
            said = f"failed to poll model '{model.name}_1': model not found in any model repository."
            w.triton(pod, t, "E", "model_repository_manager.cc:1415", said, "triton")

        error = (
            f"rpc error: code = Internal desc = failed to load '{model.name}_1', failed to poll from model repository"
        )
        arrived(w, model, pod, path, at)
        refuses(w, model, pod, at, done, says, error)
        return error

    on_triton(("onnx",))(w)
    failing(fault)(w)
