"""The faults: which switch each turns, what may then be called the root, and which lines show it.

A fault is injected at its mechanism before the installation lives (`before`), or while it does (`after`). The names are
the catalogue's; `also` are defensible answers, `symptoms` must not come first, `take` are the sources without which the
fault cannot be told, so that the right answer is "undetermined".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy import objects, words
from benchmarks.accuracy.life import live, lost_scheduler, previous, raw, started, world
from benchmarks.accuracy.model import Model, World
from benchmarks.accuracy.words import Release, dataflow

Act = Callable[[World], None]
NOT_CONNECTED = ("agent-cannot-reach-scheduler", "scheduler-server-not-connected", "scheduler-no-matching-servers", "scheduler-waiting-for-servers",
                 "envoy-no-route-404", "envoy-ready-without-listener", "envoy-xds-disconnected")  # fmt: skip
LOAD_FAILED = ("model-failed-load", "envoy-no-route-404", "rclone-copy-failed", "mlserver-model-not-found")
NO_SCHEDULER = ("agent-cannot-reach-scheduler", "controller-cannot-reach-scheduler", "envoy-xds-disconnected", "model-progressing-stuck-no-scheduler",
                "agent-scheduler-stream-reset", "envoy-ready-without-listener", "k8s-crashloop", "k8s-pod-pending", "controller-scheduler-streams-canceled")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break an installation."""

    name: str
    family: str
    roots: tuple[str, ...]
    symptoms: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    take: frozenset[str] = frozenset()
    before: Act | None = None
    after: Act | None = None
    since: Release = (2, 0, 0)
    blind: tuple[str, ...] = ()  # also right where the decisive source is missing: true, but not the deepest
    undecidable: bool = False
    calls: bool = True

    def happen(self, rng: Any) -> World:
        """Return an installation with this fault, lived to its end."""
        while True:
            w = world(rng)
            if w.release >= self.since:
                break
        if self.before:
            self.before(w)
        live(w, self.calls)
        if self.after:
            self.after(w)
        return w


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
        why = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 0.0.0.0:9500: connect: connection refused"'
        w.agent(
            pod,
            t,
            "info",
            f"Waiting for Inference Server service to become ready... next check in {wait:.1f}s",
            "waiting",
            error=why,
            func="waitReady",
        )
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


def pvc(w: World) -> None:
    """The scheduler's volume cannot be made."""
    w.scheduler_down = "pending"
    pod, why = (
        w.names["scheduler"],
        "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
    )
    w.containers[pod, "scheduler"] = {
        "app": "seldon-scheduler",
        "since": w.start,
        "ready": False,
        "pending": why,
        "proves": "pending",
    }
    claim = "scheduler-state-seldon-scheduler-0"
    w.extra.append(
        (
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": objects.meta(w, claim, w.start),
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                "status": {"phase": "Pending"},
            },
            "claim",
        )
    )
    w.event(w.start, "Pod", pod, "FailedScheduling", why, False, 8, w.end - timedelta(seconds=40), "pending")
    w.event(
        w.start,
        "PersistentVolumeClaim",
        claim,
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
        False,
        60,
        w.end - timedelta(seconds=10),
        "claim",
    )


def locked(w: World) -> None:
    """The scheduler's database is held by another process."""
    w.scheduler_down = "crash"
    pod = w.names["scheduler"]
    w.containers[pod, "scheduler"] = {"app": "seldon-scheduler", "since": w.start, "ready": False, "restarts": 6, "last": ("Error", 1, w.end - timedelta(seconds=90)), "proves": "crash",
                                      "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=scheduler pod={pod}")}  # fmt: skip
    w.event(
        w.start,
        "Pod",
        pod,
        "BackOff",
        f"Back-off restarting failed container scheduler in pod {pod}",
        False,
        30,
        w.end - timedelta(seconds=15),
        "crash",
    )
    at = w.end - timedelta(seconds=91)
    w.say("scheduler", at, "info", "Setting log level to info")
    w.say("scheduler", at, "info", f"Namespace is {w.namespace}")
    w.say(
        "scheduler",
        at,
        "info",
        "Initialise DB at /mnt/scheduler/db/pipelinedb",
        func="initialiseDB",
        source="pipelineStore",
    )
    why = 'Cannot acquire directory lock on "/mnt/scheduler/db/pipelinedb".  Another process is using this Badger database. error: resource temporarily unavailable'
    w.say("scheduler", at, "fatal", "Failed to initialise pipeline db at /mnt/scheduler/db", "db", error=why)


def rbac(w: World) -> None:
    """The operator may not make workloads."""
    w.scheduler_down = "never-made"
    w.servers[:] = w.servers[:1]
    w.pods_blocked = {"make": lambda *_: None}


def rbac_says(w: World) -> None:
    """Let the operator complain of what it may not do."""
    t = w.start
    user = f"system:serviceaccount:{w.namespace}:seldon-v2-controller-manager"
    while t < w.end:
        for kind in ("statefulsets", "deployments"):
            big = {"statefulsets": "StatefulSet", "deployments": "Deployment"}[kind]
            why = f'failed to list *v1.{big}: {kind}.apps is forbidden: User "{user}" cannot list resource "{kind}" in API group "apps" in the namespace "{w.namespace}"'
            if w.release >= (2, 9, 0):
                w.manager(
                    t,
                    "ERROR",
                    "controller-runtime.cache.UnhandledError",
                    "Failed to watch",
                    {
                        "reflector": "k8s.io/client-go@v0.33.2/tools/cache/reflector.go:285",
                        "type": f"*v1.{big}",
                        "error": why,
                    },
                    "rbac",
                )
            else:
                raw(
                    w,
                    w.names["operator"],
                    "manager",
                    t,
                    f"E{t:%m%d %H:%M:%S}.{t.microsecond:06}       1 reflector.go:147] pkg/mod/k8s.io/client-go@v0.29.0/tools/cache/reflector.go:229: Failed to watch *v1.{big}: {why}",
                    "rbac",
                )
        t += w.jitter(25)


def gone(w: World) -> None:
    """The scheduler is scaled to 0 in the middle of life."""
    at = w.start + (w.end - w.start) * 0.6
    for log in w.logs.values():
        log[:] = [line for line in log if line.at < at]
    w.say("scheduler", at, "info", "shutting down due to SIGTERM or SIGINT")
    w.say("scheduler", at, "info", "Shutting down services")
    w.scheduler_down = "scaled"
    w.containers.pop((w.names["scheduler"], "scheduler"), None)
    w.event(
        at,
        "StatefulSet",
        "seldon-scheduler",
        "SuccessfulDelete",
        "delete Pod seldon-scheduler-0 in StatefulSet seldon-scheduler successful",
        proves="scheduler-gone",
    )
    lost_scheduler(w, at, None)
    end, w.start = w.start, at
    w.fail_envoy(at)
    w.start = end


def two_schedulers(w: World) -> None:
    """The agents are told to call the scheduler of another namespace."""
    w.foreign_host = f"seldon-scheduler.{w.namespace}-shared"


def neighbour(w: World) -> None:
    """Let the other scheduler live, and hear the agents; its own Envoy serves nobody."""
    other = World(w.rng, w.release, f"{w.namespace}-shared", w.start, [], [])
    other.end = w.end
    other.start_scheduler(w.start)
    other.containers[other.names["scheduler"], "scheduler"] = {"app": "seldon-scheduler", "since": w.start}
    other.containers[other.names["envoy"], "envoy"] = {"app": "seldon-envoy", "since": w.start}
    heard = w.start + timedelta(seconds=25)
    for (pod, container, old), _ in list(w.logs.items()):
        if container == "agent" and not old:
            server, _, index = pod.rpartition("-")
            other.say(
                "scheduler",
                heard,
                "info",
                words.subscribed(w.release, "agent", f"{server}:{index}"),
                "other",
                func="Subscribe",
                source="AgentServer",
            )
    other.say(
        "scheduler",
        heard + timedelta(seconds=10),
        "info",
        "Starting xDS envoy server on port 9002 with secure: false",
        func="StartXDSServer",
    )
    other.start_envoy(w.start)
    other.connect_envoy(heard + timedelta(seconds=20))
    w.neighbour = other


def tls(w: World) -> None:
    """The agents do not trust the scheduler's certificate."""
    w.tls_broken = True


def zero_weights(w: World) -> None:
    """An experiment's weights add up to 0: Envoy refuses the routes."""
    model = w.models[0]
    at = max([w.xds_since or w.start, *(m.since or w.start for m in w.models)]) + timedelta(seconds=30)
    why = "rejected: Sum of weights in the weighted_cluster must be greater than 0."
    kind = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    w.envoy(
        at,
        "warning",
        "config",
        "source/extensions/config_subscription/grpc/delta_subscription_state.cc:285",
        f"delta config for {kind} {why}",
        "rejected",
    )
    w.envoy(
        at,
        "warning",
        "config",
        "source/extensions/config_subscription/grpc/grpc_subscription_impl.cc:138",
        f"gRPC config for {kind} {why}",
        "rejected",
    )
    w.stats["http.seldon_http.rds.listener_0.update_rejected"] = 1
    spec = {"default": model.name, "candidates": [{"name": m.name, "weight": 0} for m in w.models]}
    body = {"apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Experiment", "metadata": objects.meta(w, f"{model.name}-test", at), "spec": spec,
            "status": {"conditions": [objects.condition("ExperimentReady", True, at), objects.condition("Ready", True, at)]}}  # fmt: skip
    w.extra.append((body, "weights"))
    w.routes.pop(model.name, None)
    for n in range(4):
        w.call(model.name, min(at + timedelta(seconds=20 * n + 10), w.end), 404, "NR", proves="404")


def wrong_header(w: World) -> None:
    """A caller asks for the name with its version."""
    for n in range(5):
        w.call(f"{pick(w).name}_1", w.end - timedelta(seconds=60 - 10 * n), 404, "NR", proves="404")


def code_raises(w: World) -> None:
    """A model's own code raises."""
    model = pick(w)
    if model.placed is None:
        return
    pod = f"{model.placed[0]}-{model.placed[1]}"
    text = (
        f"An error occurred calling method 'predict' from model '{model.name}_1'.\nTraceback (most recent call last):\n"
        '  File "/opt/conda/lib/python3.10/site-packages/mlserver/parallel/worker.py", line 136, in _process_request\n    return_value = await method(\n'
        f'  File "/mnt/agent/models/{model.name}_1/1/model.py", line 18, in predict\n    value = 1 / total\nZeroDivisionError: division by zero'
    )
    for n in range(6):
        at = w.end - timedelta(seconds=90 - 12 * n)
        w.mlserver(pod, at, "mlserver.parallel", "ERROR", text, "500")
        w.call(
            model.name,
            at,
            500,
            "URX",
            f"{w.ips[pod]}:9001",
            "500",
            '{"error":"builtins.ZeroDivisionError: division by zero"}',
        )


def worker_killed(w: World) -> None:
    """Workers of the model server are killed."""
    model = pick(w)
    if model.placed is None:
        return
    pod = f"{model.placed[0]}-{model.placed[1]}"
    for n in range(4):
        at = w.end - timedelta(seconds=120 - 25 * n)
        pid = 6 + 30 * n
        w.mlserver(
            pod,
            at,
            "mlserver.parallel",
            "WARNING",
            f"Worker with PID {pid} on default inference pool stopped unexpectedly with exit code 9. Triggering worker restart...",
            "worker",
        )
        w.mlserver(
            pod,
            at + timedelta(seconds=1),
            "mlserver.parallel",
            "INFO",
            f"Starting new worker with PID {pid + 30} on default inference pool...",
        )
        w.call(
            model.name,
            at,
            500,
            "URX",
            f"{w.ips[pod]}:9001",
            "500",
            '{"error":"Worker process stopped unexpectedly with exit code 9."}',
        )


def gateways(w: World, kafka: str | None, engine: bool) -> None:
    """Start the gateways and the dataflow engine; `kafka` is what its clients read, `engine` whether it reaches 9008."""
    t = w.start + timedelta(seconds=5)
    host = "broker-bootstrap.kafka:9092"
    for who, client in (("modelgateway", "consumer"), ("pipelinegateway", "producer")):
        pod = w.names[who]
        w.containers[pod, who] = {"app": f"seldon-{who}", "since": t}
        w.say(who, t, "info", "Setting log level to info")
        w.say(
            who,
            t,
            "info",
            "Starting plaintxt client to scheduler",
            func="ConnectToScheduler",
            source="KafkaSchedulerClient" if who[0] == "m" else "PipelineSchedulerClient",
        )
        w.say(
            who,
            t,
            "info",
            "Connecting to scheduler at seldon-scheduler:9004",
            func="ConnectToScheduler",
            source="KafkaSchedulerClient" if who[0] == "m" else "PipelineSchedulerClient",
        )
        w.say(
            who,
            t,
            "info",
            f"Creating producer with config map[bootstrap.servers:{host} go.delivery.reports:true linger.ms:0]",
            source="KafkaManager",
        )
        at = t + timedelta(seconds=1)
        while kafka and at < w.end:
            raw(
                w,
                pod,
                who,
                at,
                f"%3|{at.timestamp():.3f}|FAIL|rdkafka#{client}-1| [thrd:{host}/bootstrap]: {host}/bootstrap: {kafka}",
                "kafka",
            )
            code = "Local: Authentication failure" if "SASL" in kafka else "Local: Broker transport failure"
            w.say(
                who,
                at,
                "error",
                f"Kafka error, code: [{code}] msg: [{host}/bootstrap: {kafka}]",
                "kafka",
                func="Serve",
                source="InferConsumer",
            )
            at += w.jitter(30)
    pod = w.names["dataflow"]
    w.containers[pod, "dataflow-engine"] = {"app": "seldon-dataflow-engine", "since": t}
    raw(w, pod, "dataflow-engine", t, dataflow(t, "INFO", "will connect to seldon-scheduler:9008"))
    raw(w, pod, "dataflow-engine", t, dataflow(t, "INFO", "Subscribing to pipeline updates"))
    at = t + timedelta(seconds=20)
    while not engine and at < w.end:
        why = "io.grpc.StatusException: UNAVAILABLE: io exception"
        cause = f"\nCaused by: io.grpc.netty.shaded.io.netty.channel.ConnectTimeoutException: connection timed out: seldon-scheduler/{w.ips['service']}:9008"
        raw(
            w,
            pod,
            "dataflow-engine",
            at,
            dataflow(at, "ERROR", f"pipeline subscription terminated with error {why}") + cause,
            "engine",
        )
        raw(w, pod, "dataflow-engine", at, dataflow(at, "INFO", "will connect to seldon-scheduler:9008"), "engine")
        raw(w, pod, "dataflow-engine", at, dataflow(at, "INFO", "Subscribing to pipeline updates"))
        at += w.jitter(25)
    name = f"{pick(w).name}-flow"
    ready = engine and not kafka
    made = w.start + timedelta(minutes=3)
    if engine:
        w.say(
            "scheduler",
            t,
            "info",
            f"Received pipeline updates subscribe request from {pod}"
            if w.release >= (2, 10, 0)
            else f"Received subscribe request from {pod}",
            func="SubscribePipelineUpdates",
            source="dataflow",
        )
    if not ready:
        w.say(
            "scheduler",
            made,
            "warning",
            "no dataflow engines available to handle pipeline",
            "no-engine",
            func="handlePipelineEvent",
            pipeline=name,
            source="dataflow",
        )
    else:
        raw(
            w,
            pod,
            "dataflow-engine",
            made,
            dataflow(made, "INFO", f"received request for {name}:1 Id:dc3jg7pksduc73ev912g"),
        )
    reason = "" if ready else "no dataflow engines available to handle pipeline"
    body = {"apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Pipeline", "metadata": objects.meta(w, name, made), "spec": {"steps": [{"name": pick(w).name}], "output": {"steps": [pick(w).name]}},
            "status": {"conditions": [objects.condition("ModelsReady", True, made), objects.condition("PipelineReady", ready, made, reason, "PipelineReady" if ready else "PipelineCreate"), objects.condition("Ready", ready, made)]}}  # fmt: skip
    w.extra.append((body, None if ready else "no-engine"))


REFUSED = "Connect to ipv4#10.20.30.40:9092 failed: Connection refused (after 0ms in state CONNECT)"
SASL = "SASL authentication error: Authentication failed: Invalid username or password (after 312ms in state AUTH_REQ)"

FAULTS: tuple[Fault, ...] = (
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
    Fault("memory", "scheduling", ("scheduler-insufficient-memory",), ("scheduler-no-matching-servers", "envoy-no-route-404", "scheduler-insufficient-server-replicas"), (), ("unplaced",), frozenset({"objects", "agent", "operator"}), memory),
    Fault("wrong-server", "scheduling", ("scheduler-named-server-wrong",), ("scheduler-no-matching-servers", "envoy-no-route-404"), (), ("unplaced",), frozenset({"objects", "operator"}), wrong_server),
    Fault("zero-replicas", "scheduling", ("scheduler-server-scaled-to-zero",), (*NOT_CONNECTED, "server-pod-gone-models-unschedulable"), ("service-no-endpoints",), ("zero",), frozenset({"objects", "tables"}), zero),
    Fault("image-pull", "kubernetes", ("k8s-image-pull-failed",), (*NOT_CONNECTED, "k8s-pod-pending", "agent-inference-server-not-ready-startup"), ("airgap-registry-not-overridden",), ("image",), frozenset({"objects", "events", "tables"}), blocked(image_pull)),
    Fault("quota", "kubernetes", ("k8s-resourcequota-blocks-pods",), (*NOT_CONNECTED, "server-expected-replicas-before-pods"), (), ("quota",), frozenset({"events", "objects"}), blocked(quota)),
    Fault("no-node", "kubernetes", ("k8s-pod-pending",), NOT_CONNECTED, (), ("pending",), frozenset({"events", "objects", "tables"}), blocked(no_node)),
    Fault("oom", "kubernetes", ("k8s-oomkilled", "mlserver-memory-too-small"), ("k8s-crashloop", "agent-inference-server-lost", "agent-proxy-inference-error", "mlserver-crash-on-start"), (), ("oom",), frozenset({"objects", "tables"}), None, oom),
    Fault("volume", "control", ("scheduler-pvc-pending",), (*NO_SCHEDULER, "scheduler-pod-not-running"), (), ("pending", "claim"), frozenset({"events", "objects", "tables"}), pvc),
    Fault("db-locked", "control", ("scheduler-db-open-failed",), (*NO_SCHEDULER, "scheduler-pod-not-running"), ("arch-scheduler-replicas-not-one",), ("db",), frozenset({"scheduler"}), locked, blind=("scheduler-pod-not-running",)),
    Fault("rbac", "control", ("controller-k8s-rbac-forbidden",), (*NO_SCHEDULER, "scheduler-pod-not-running", "controller-pod-unhealthy"), (), ("rbac",), frozenset({"operator"}), rbac, rbac_says, since=(2, 7, 0)),
    Fault("scheduler-gone", "control", ("scheduler-pod-not-running", "component-scaled-to-zero"), NO_SCHEDULER, ("arch-scheduler-replicas-not-one",), ("scheduler-gone",), frozenset({"objects", "events", "tables", "scheduler"}), None, gone, (2, 9, 1)),
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
