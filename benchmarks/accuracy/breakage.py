"""What breaks in Seldon's own parts: scheduler, operator, Envoy's configuration, a model's code, Kafka's clients."""

from datetime import datetime, timedelta

from benchmarks.accuracy import objects, words
from benchmarks.accuracy.life import lost_scheduler, raw
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import Model, World
from benchmarks.accuracy.words import dataflow


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
        worker_dies(w, model, pod, w.end - timedelta(seconds=120 - 25 * n), 6 + 30 * n, 9)


def worker_dies(w: World, model: Model, pod: str, at: datetime, pid: int, code: int, told: bool = True) -> None:
    """Let a worker end at a call, which fails; `told`: whether this release of MLServer says so."""
    if told:
        w.mlserver(
            pod,
            at,
            "mlserver.parallel",
            "WARNING",
            f"Worker with PID {pid} on default inference pool stopped unexpectedly with exit code {code}. Triggering worker restart...",
            "worker",
        )
        w.mlserver(
            pod,
            at + timedelta(seconds=1),
            "mlserver.parallel",
            "INFO",
            f"Starting new worker with PID {pid + 30} on default inference pool...",
        )
    body = f'{{"error":"Worker process stopped unexpectedly with exit code {code}."}}'
    w.call(model.name, at, 500, "URX", f"{w.ips[pod]}:9001", "500", body)


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
        w.facts.add("engine-cut-off")
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
