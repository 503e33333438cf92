"""What breaks below Seldon: networks, stores, models as written, pods and nodes.

Each function turns switches before the installation lives, or lets things happen while it does.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.accuracy import objects
from benchmarks.accuracy.life import previous, raw, started
from benchmarks.accuracy.model import Model, World

Act = Callable[[World], None]


def pick(w: World) -> Model:
    """Return the model that the fault strikes: always the first."""
    return w.models[0]


def shut(who: str, port: int, selects: str, dns: bool = False) -> Act:
    """Return a fault: a policy shuts the way of `who` to `port`."""

    def act(w: World) -> None:
        w.shut.add((who, port))
        if who == "envoy-to-agent":
            return
        labels = {"app.kubernetes.io/name": selects} if selects else {}
        w.extra.append(
            (
                objects.policy(
                    w, w.rng.choice(("restrict-control", "tenant-guard", "lockdown", "np-core")), labels, port, dns
                ),
                "policy",
            )
        )

    return act


def envoy_agent(w: World) -> None:
    """Let every call of Envoy to the agents time out."""
    spec = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "seldon-server"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": p, "protocol": "TCP"} for p in (9000, 9005, 9006)]}]}  # fmt: skip
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": objects.meta(w, "servers-in", w.start),
        "spec": spec,
    }
    w.extra.append((body, "policy"))
    for model in w.models:
        if model.name not in w.routes:
            continue
        model.faulty = True
        for _ in range(6):
            at = w.end - timedelta(seconds=w.rng.randrange(5, 240))
            host = f"{w.ips[w.routes[model.name]]}:9001"
            w.call(
                model.name,
                at,
                503,
                "URX,UF",
                host,
                "503",
                "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: connection timeout",
            )
        w.stats[f"cluster.{model.name}_1_http.upstream_cx_connect_timeout"] = 24
        w.stats[f"cluster.{model.name}_1_http.upstream_cx_connect_fail"] = 24
        w.client[:] = [c for c in w.client if not (f"models/{model.name}/" in c and "200 OK" in c)]


def missing_artefact(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
    """The artefact is not in the bucket."""
    w.rclone(pod, at, "INFO", "There was nothing to transfer", "rclone")
    return f"Failed to download from {model.uri} any files"


def refused_copy(w: World, model: Model, path: str) -> str:
    """Return the agent's words for a copy that rclone refused."""
    colon, verb = (":", "failed") if w.release >= (2, 10, 0) else ("", "Failed")
    return f"{verb} to sync/copy {model.uri} to {path}{colon} Failed rclone request to host:0.0.0.0 port:5572 path:/sync/copy"


def rclone_says(*texts: str) -> Callable[..., str]:
    """Return a fault of loading: rclone prints `texts`, and the copy fails."""

    def act(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        bucket, _, rest = model.uri.removeprefix("s3://").partition("/")
        for _ in "ab":
            for text in texts:
                w.rclone(pod, at, "ERROR", text.format(bucket=bucket, path=rest), "rclone")
        return refused_copy(w, model, path)

    return act


DENIED = (
    "operation error S3: ListObjectsV2, https response error StatusCode: 403, RequestID: 17A5C1B0F2D3E4A1, "
    "HostID: dd9025bab4ad464b049177c95eb6ebf3, api error AccessDenied: Access Denied."
)
access_denied = rclone_says(
    f"S3 bucket {{bucket}} path {{path}}: error reading source root directory: {DENIED}",
    f'rc: "sync/copy": error: {DENIED}',
)
no_bucket = rclone_says(
    "S3 bucket {bucket} path {path}: error reading source root directory: directory not found",
    'rc: "sync/copy": error: directory not found',
)
disk_full = rclone_says(
    "model.bin: Failed to copy: preallocate: file too big for remaining disk space",
    'rc: "sync/copy": error: preallocate: file too big for remaining disk space',
)


def no_secret(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
    """The model's own secret does not exist."""
    w.agent(pod, at, "info", "Getting Rclone configuration")
    return f'secrets "{model.secret}" not found'


def raises(exception: str, frames: str) -> Callable[..., str]:
    """Return a fault of loading: MLServer raises."""

    def act(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        text = exception.format(model=model.name)
        short = text.partition(": ")[2]
        w.rclone(pod, at, "INFO", "model.joblib: Copied (new)")
        w.agent(pod, at, "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
        trace = f"\nTraceback (most recent call last):\n{frames.format(model=model.name)}\n{text}"
        error = (
            f"rpc error: code = Internal desc = builtins.{text}"
            if "." not in text.partition(":")[0]
            else f"rpc error: code = Internal desc = {text}"
        )
        for n in range(5):
            t = at + (done - at) * (n / 5)
            w.mlserver(pod, t, "mlserver.grpc", "ERROR", short + trace, "mlserver")
            if n < 4:
                w.agent(pod, t, "error", f"Retry op #{n}", "load-failed", error=error)
        return error

    return act


FRAMES = (
    '  File "/opt/conda/lib/python3.10/site-packages/mlserver/grpc/utils.py", line 44, in _inner\n'
    "    return await f(self, request, context)\n"
    '  File "/opt/conda/lib/python3.10/site-packages/mlserver/registry.py", line 144, in load\n'
    "    new_model = self._model_initialiser(model_settings)"
)
no_module = raises(
    "ModuleNotFoundError: No module named 'lifelines'",
    FRAMES + '\n  File "/mnt/agent/models/{model}_1/1/model.py", line 3, in <module>\n    import lifelines',
)
no_file = raises(
    "mlserver.errors.InvalidModelURI: Invalid URI specified for model {model}_1 (/mnt/agent/models/{model}_1/1/model.joblib)",
    FRAMES
    + '\n  File "/opt/conda/lib/python3.10/site-packages/mlserver/utils.py", line 44, in get_model_uri\n    raise InvalidModelURI(settings.name, full_model_path)',
)


def loading(fault: Callable[..., str], secret: bool = False) -> Act:
    """Return a fault: the first model fails to load."""

    def act(w: World) -> None:
        model = pick(w)
        w.load_error[model.name] = fault
        if secret:
            model.secret = f"{w.rng.choice(('store', 'bucket', 'team'))}-credentials"

    return act


def capability(w: World) -> None:
    """The first model asks for what no server has."""
    pick(w).requires = (w.rng.choice(("tensorflow", "onnx", "pytorch", "triton")),)


def memory(w: World) -> None:
    """The first model asks for more memory than any server has."""
    pick(w).memory = 40 << 30


def wrong_server(w: World) -> None:
    """The first model names a server that does not exist."""
    pick(w).server = w.servers[0].name + "-gpu"


def zero(w: World) -> None:
    """The only server is scaled to 0."""
    w.servers[1:] = []
    w.servers[0].replicas = 0


def blocked(make: Callable[[World, str, datetime], None]) -> Act:
    """Return a fault: pods of the only server do not come to life."""

    def act(w: World) -> None:
        w.servers[1:] = []
        w.servers[0].replicas = 1
        w.pods_blocked = {"make": make}

    return act


def image_pull(w: World, pod: str, at: datetime) -> None:
    """The model server's image does not exist."""
    image = f"registry.example.com/ml/mlserver:{w.rng.randrange(1, 9)}.2.0-custom"
    why = f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
    bad = {
        "ready": False,
        "waiting": ("ImagePullBackOff", f'Back-off pulling image "{image}": ErrImagePull: {why}'),
        "image": image,
        "proves": "image",
    }
    w.containers |= {
        (pod, "mlserver"): {"since": at, **bad},
        (pod, "rclone"): {"since": at},
        (pod, "agent"): {"since": at, "ready": False},
    }
    started(w, pod, at)
    w.event(
        at,
        "Pod",
        pod,
        "Failed",
        f'Failed to pull image "{image}": {why}',
        False,
        5,
        w.end - timedelta(seconds=50),
        "image",
    )
    w.event(
        at,
        "Pod",
        pod,
        "BackOff",
        f'Back-off pulling image "{image}"',
        False,
        30,
        w.end - timedelta(seconds=20),
        "image",
    )
    w.rclone(pod, at, "NOTICE", "Serving remote control on http://[::]:5572/")
    t, wait = at + timedelta(seconds=1), 1.0
    while t < w.end and w.release >= (2, 9, 1):
        asks_server(w, pod, t, wait)
        t, wait = t + w.jitter(wait + 2), min(wait * 2, 30.0)


def quota(w: World, pod: str, at: datetime) -> None:
    """A quota forbids the pod."""
    name = f"{w.namespace}-quota"
    used = {"limits.memory": "3Gi"}
    w.extra.append(
        (
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": objects.meta(w, name, w.start),
                "spec": {"hard": used},
                "status": {"hard": used, "used": {"limits.memory": "1280Mi"}},
            },
            "context",
        )
    )
    server = pod.rpartition("-")[0]
    why = f'create Pod {pod} in StatefulSet {server} failed error: pods "{pod}" is forbidden: exceeded quota: {name}, requested: limits.memory=2176Mi, used: limits.memory=1280Mi, limited: limits.memory=3Gi'
    w.event(at, "StatefulSet", server, "FailedCreate", why, False, 17, w.end - timedelta(seconds=30), "quota")


def no_node(w: World, pod: str, at: datetime) -> None:
    """No node has room for the pod."""
    why = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
    for container in ("mlserver", "rclone", "agent"):
        w.containers[pod, container] = {"since": at, "ready": False, "pending": why, "proves": "pending"}
    w.event(at, "Pod", pod, "FailedScheduling", why, False, 9, w.end - timedelta(seconds=25), "pending")


def default_secret(w: World, pod: str, at: datetime) -> None:
    """A storage secret of the agents' configuration does not exist: the agent exits."""
    w.start_server(pod, at)
    log = w.logs[pod, "agent", False]
    log[:] = [
        line
        for line in log
        if not any(s in line.text for s in ("After update current", "client to agent server", "Connecting (non"))
    ]
    t = max(line.at for line in log) - w.skew + timedelta(seconds=1)
    w.agent(
        pod,
        t,
        "info",
        "retrieving Rclone secret",
        Source="RCloneClient",
        func="loadRcloneSecretsConfiguration",
        secret_name="seldon-store",
    )
    w.agent(
        pod,
        t,
        "error",
        "Failed to load rclone defaults",
        "secret",
        error='secrets "seldon-store" not found',
        func="StartConfigListener",
    )
    w.agent(
        pod,
        t,
        "fatal",
        "Failed to initialise rclone config listener",
        "secret",
        error='secrets "seldon-store" not found',
    )
    w.containers |= {(pod, "mlserver"): {"since": at}, (pod, "rclone"): {"since": at}}
    w.containers[pod, "agent"] = {"since": at, "ready": False, "restarts": 6, "last": ("Error", 1, w.end - timedelta(seconds=60)), "proves": "crash",
                                  "waiting": ("CrashLoopBackOff", f"back-off 2m40s restarting failed container=agent pod={pod}")}  # fmt: skip
    started(w, pod, at)
    w.event(
        at,
        "Pod",
        pod,
        "BackOff",
        f"Back-off restarting failed container agent in pod {pod}",
        False,
        20,
        w.end - timedelta(seconds=15),
        "crash",
    )


def oom(w: World) -> None:
    """The model server is killed for memory, again and again."""
    server, index = next((m.placed for m in w.models if m.placed), (w.servers[0].name, 0))
    pod = f"{server}-{index}"
    died = w.end - timedelta(seconds=70)
    previous(w, pod, "mlserver")
    w.mlserver(pod, died - timedelta(seconds=40), "mlserver.rest", "INFO", "HTTP server running on http://0.0.0.0:9000")
    w.containers[pod, "mlserver"] |= {
        "ready": False, "restarts": 5, "last": ("OOMKilled", 137, died), "proves": "oom",
        "waiting": ("CrashLoopBackOff", f"back-off 1m20s restarting failed container=mlserver pod={pod}"),
    }  # fmt: skip
    w.event(
        died - timedelta(minutes=5),
        "Pod",
        pod,
        "BackOff",
        f"Back-off restarting failed container mlserver in pod {pod}",
        False,
        11,
        w.end - timedelta(seconds=10),
        "crash",
    )
    for model in w.models:
        if model.placed == (server, index) and model.name in w.routes:
            for n in range(3):
                at = died + timedelta(seconds=10 + 15 * n)
                raw(
                    w,
                    pod,
                    "agent",
                    at + w.skew,
                    f"{at + w.skew:%Y/%m/%d %H:%M:%S} http: proxy error: dial tcp 0.0.0.0:9000: connect: connection refused",
                    "proxy",
                )
                w.call(model.name, at, 502, "", f"{w.ips[pod]}:9001", "502")


def unserved(w: World, pod: str) -> None:
    """Take from an agent's log what it says once its inference server answers, which this one never does."""
    log = w.logs[pod, "agent", False]
    late = ("After update current", "client to agent server", "Connecting (non", "initial rclone", "All critical",
            "not ready", "Waiting for Inference")  # fmt: skip
    log[:] = [x for x in log if not any(s in x.text for s in late)]


NOBODY_LISTENS = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 0.0.0.0:9500: connect: connection refused"'


def asks_server(w: World, pod: str, t: datetime, wait: float) -> None:
    """Let an agent (from 2.9.1 on) say that it waits for its inference server."""
    said = f"Waiting for Inference Server service to become ready... next check in {wait:.1f}s"
    w.agent(pod, t, "info", said, "waiting", error=NOBODY_LISTENS, func="waitReady")
