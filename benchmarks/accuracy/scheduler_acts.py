"""What breaks in and around the scheduler: capacity, its own process, names, servers that went away.

Source: Seldon Core 2.10.2, `scheduler/cmd/scheduler/main.go`, `scheduler/pkg/{agent,scheduler,server,store}`.
"""

from datetime import timedelta

from benchmarks.accuracy import objects
from benchmarks.accuracy.episodes import (
    add,
    answered,
    client_of,
    crashing,
    failing,
    gone_from_scheduler,
    goroutine,
    hush,
    moment,
    no_server,
    refused,
    unplaced,
)
from benchmarks.accuracy.life import lost_scheduler, previous
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import World


def too_many_replicas(w: World) -> None:
    """The first model wants more replicas than its server has."""
    w.servers[1:] = []
    pick(w).replicas = w.servers[0].replicas + w.rng.randrange(1, 3)


def partial(w: World) -> None:
    """Three replicas are wanted, one is the least; one runs, although there are three server replicas."""
    model = pick(w)
    if model.placed is None:
        return
    at = moment(w, 0.2)
    text = "Failed to schedule model as no matching server had enough suitable replicas, managed to schedule with min replicas"
    w.say(
        "scheduler", at, "warning", text, "partial", Name="SimpleScheduler", func="scheduleToServer", model=model.name
    )
    w.edits["Model", model.name] = {"spec": {"replicas": 3, "minReplicas": 1}, "status": {"replicas": 1, "availableReplicas": 1}}, "partial"  # fmt: skip


def three_replicas(w: World) -> None:
    """The only server has three replicas."""
    w.servers[1:] = []
    w.servers[0].replicas = 3


def node_lost(w: World) -> None:
    """The node of the only server is lost: its pod stays Terminating, nobody takes its models."""
    at = moment(w)
    server = w.servers[0]
    pod = f"{server.name}-0"
    answered(w, at - timedelta(minutes=1), at)
    hush(w, at, "agent", "mlserver", "rclone")
    w.event(at, "Pod", pod, "NodeNotReady", "Node is not ready", False, 1, proves="gone")
    w.event(at + timedelta(seconds=300), "Pod", pod, "TaintManagerEviction", f"Marking for deletion Pod {w.namespace}/{pod}", proves="gone")  # fmt: skip
    lost = at + w.jitter(60)
    gone_from_scheduler(w, server.name, 0, lost, "gone")
    server.connected.clear()
    w.facts.add("server-lost")
    for container in ("agent", "mlserver", "rclone"):
        w.containers[pod, container] |= {"ready": False, "proves": "gone"}
    why = no_server(w) if w.release >= (2, 7, 0) else "failed to schedule model {}. []"
    w.edits["Pod", pod] = {"metadata": {"deletionTimestamp": objects.stamp(at + timedelta(seconds=330)), "deletionGracePeriodSeconds": 30}}, "gone"  # fmt: skip
    for model in w.models:
        unplaced(w, model, lost + timedelta(seconds=1), why.format(model.name), "unplaced")
        failing(w, model, lost + timedelta(seconds=5), 404, "NR", n=3)


def one_replica(w: World) -> None:
    """There is one server with one replica."""
    w.servers[1:] = []
    w.servers[0].replicas = 1


def unload_fails(w: World) -> None:
    """A model is deleted, but the model server does not let go of it."""
    model = pick(w)
    if model.placed is None:
        return
    pod = f"{model.placed[0]}-{model.placed[1]}"
    at = moment(w)
    version, why = f"{model.name}_1", "rpc error: code = Internal desc = builtins.RuntimeError: session still in use"
    w.manager(at, "INFO", f"{client_of(w)}.UnloadModel", "Unload", {"model name": model.name})
    w.say("scheduler", at, "info", f"Sending unload model request for {model.name}:1", source="AgentServer")
    w.agent(pod, at, "info", "Received operation")
    w.agent(pod, at, "info", f"Unload model {model.name}:1", func="UnloadModel")
    done = at + w.jitter(1)
    w.mlserver(pod, done, "mlserver.grpc", "ERROR", "session still in use")
    w.agent(
        pod, done, "error", f"Cannot unload model {version} from server", "unload", error=why, Source="StateManager"
    )
    if w.release >= (2, 7, 0):
        w.agent(pod, done, "error", "Failed to load model, sending error to scheduler", "unload", error=why)
    w.agent(pod, done, "error", f"Failed to handle unload model {model.name}:1", "unload", error=why)
    w.say("scheduler", done, "info", f"Updating state for model {model.name} to UnloadFailed", "unload", func="AgentEvent", source="AgentServer")  # fmt: skip
    w.routes.pop(model.name, None)
    w.told(model, done, "ModelTerminateFailed", why, "unload")
    w.hidden.add(("Model", model.name))


def scheduler_oom(w: World) -> None:
    """The scheduler is killed for memory, comes back, and is killed again."""
    at = moment(w, 0.6)
    pod = w.names["scheduler"]
    hush(w, at, "scheduler", "manager", "agent")
    answered(w, at - timedelta(minutes=1), at)
    previous(w, pod, "scheduler")
    crashing(w, pod, "scheduler", 137, "OOMKilled", "oom")
    w.scheduler_down = "crash"
    lost_scheduler(w, at, None)


def bad_config(w: World) -> None:
    """A hand-edited configuration cannot be read: the scheduler ends at once."""
    w.scheduler_down = "crash"
    pod = w.names["scheduler"]
    w.containers[pod, "scheduler"] = {"app": "seldon-scheduler", "since": w.start}
    at = crashing(w, pod, "scheduler")
    w.say("scheduler", at, "info", "Setting log level to info")
    w.say("scheduler", at, "info", f"Namespace is {w.namespace}")
    if w.release >= (2, 10, 0) and w.rng.random() < 0.5:
        why = "json: cannot unmarshal string into Go struct field ServerConfig.servers of type int"
        w.say("scheduler", at, "fatal", "Failed to load Scaling config from /mnt/scaling/scaling.yaml", "config", error=why)  # fmt: skip
        return
    why = w.rng.choice(
        ("invalid character '\\'' looking for beginning of object key string", "unexpected end of JSON input")
    )
    w.say("scheduler", at, "fatal", "Failed to load Kafka config", "config", error=why)


def no_config(w: World) -> None:
    """The configuration's ConfigMap does not exist: the pod does not get beyond its volumes."""
    w.scheduler_down = "crash"
    pod = w.names["scheduler"]
    w.containers[pod, "scheduler"] = {"app": "seldon-scheduler", "since": w.start, "ready": False, "waiting": ("ContainerCreating", ""), "proves": "creating"}  # fmt: skip
    said = 'MountVolume.SetUp failed for volume "kafka-config-volume" : configmap "seldon-kafka" not found'
    w.event(w.start, "Pod", pod, "FailedMount", said, False, 12, w.end - timedelta(seconds=40), "config")


def deadlock(w: World) -> None:
    """The scheduler writes a map from two goroutines, and dies of it, again and again."""
    at = moment(w, 0.6)
    pod = w.names["scheduler"]
    hush(w, at, "scheduler", "manager", "agent")
    answered(w, at - timedelta(minutes=1), at)
    frames = (
        "github.com/seldonio/seldon-core/scheduler/v2/pkg/store.(*MemoryStore).updateLoadedModelsImpl(...)\n"
        "\t/build/scheduler/pkg/store/memory.go:412 +0x5d8"
    )
    goroutine(w, pod, "scheduler", at, "fatal error: concurrent map writes", frames, "panic")
    crashing(w, pod, "scheduler", 2)
    w.scheduler_down = "crash"
    lost_scheduler(w, at, None)


def dotted_name(w: World) -> None:
    """The first model's name has a dot."""
    model = pick(w)
    model.name = f"{model.name}.v{w.rng.randrange(1, 9)}"
    model.server = "nowhere"


def name_refused(w: World) -> None:
    """Let the scheduler refuse the name instead of placing the model."""
    model = pick(w)
    for log in w.logs.values():
        log[:] = [line for line in log if model.name not in line.text]
    w.client[:] = [text for text in w.client if model.name not in text]
    w.access[:] = [line for line in w.access if model.name not in line.text]
    at = w.ready_at or w.start
    said = f"Model {model.name} does not have a valid name - it must be alphanumeric and not contains dots (.)"
    model.reason = refused(w, "model", model.name, at + timedelta(seconds=40), said, "name")
    model.state, model.since, model.server = "ModelFailed", at + timedelta(seconds=40), None
    w.edits["Model", model.name] = {}, "name"
    failing(w, model, at + timedelta(seconds=60), 404, "NR", n=3)


def still_deleting(w: World) -> None:
    """A model is applied again while its last life has not ended."""
    model = pick(w)
    at = moment(w, 0.7)
    said = f"Model {model.name} is in process of deletion - new model can not be created"
    model.reason = refused(w, "model", model.name, at, said, "deleting")
    model.state, model.since = "ModelFailed", at
    w.routes.pop(model.name, None)
    w.edits["Model", model.name] = {"metadata": {"creationTimestamp": objects.stamp(at)}}, "deleting"
    failing(w, model, at, 404, "NR", n=3)


def snapshot(w: World) -> None:
    """The scheduler cannot make a snapshot for Envoy of what the first model needs."""
    model = pick(w)
    if model.placed is None:
        return
    at = model.since or w.start
    why = f'mismatched "type.googleapis.com/envoy.config.route.v3.RouteConfiguration" reference and resource lengths: len(map[listener_0:{{}} listener_1:{{}}]) != {w.rng.choice((1, 3))}'
    said = "could not create snapshot &{Resources:[{Version:7 Items:map[]}] VersionMap:map[]}"
    w.say("scheduler", at, "error", said, "snapshot", source="SeldonXDSCache")
    w.routes.pop(model.name, None)
    w.told(model, at + timedelta(seconds=1), "ModelFailed", why, "snapshot")
    failing(w, model, at + timedelta(seconds=10), 404, "NR")


def cannot_grow(w: World) -> None:
    """The first model is scaled up under load, beyond the replicas of its server; the log is at debug."""
    model = pick(w)
    if model.placed is None:
        return
    server, replica = model.placed
    w.edits["Model", model.name] = {"spec": {"minReplicas": 1, "maxReplicas": 4, "replicas": 1}}, "grow"
    at = moment(w, 0.2)
    answered(w, at, w.end)
    while at < w.end:
        w.say("scheduler", at, "debug", f"Received scaling event 0 from server {server}:{replica} for model {model.name}:1", "grow", func="ModelScalingTrigger", source="AgentServer")  # fmt: skip
        why = "Failed to schedule model as no matching server had enough suitable replicas"
        why = why if w.release >= (2, 7, 0) else f"failed to schedule model {model.name}. []"
        w.say("scheduler", at, "debug", f"Could not scale model {model.name}:1, type: 0", "grow", error=why, source="AgentServer")  # fmt: skip
        at += w.jitter(60)


def tug_of_war(w: World) -> None:
    """An autoscaler of Kubernetes writes replicas that Seldon writes as well: of a Model, or of a server's pods."""
    at = moment(w, 0.2)
    answered(w, at, w.end)
    if w.release >= (2, 9, 0) and w.rng.random() < 0.5:
        kind, target, api = "Model", pick(w).name, "mlops.seldon.io/v1alpha1"
        said = "Autoscaling (native) service is set to Model: true and Server: false"
        w.say("scheduler", w.start, "info", said, "tug")
        w.edits["Model", target] = {"metadata": {"generation": w.rng.randrange(30, 90)}, "spec": {"minReplicas": 1, "maxReplicas": 4}}, "tug"  # fmt: skip
    else:
        kind, target, api = "StatefulSet", w.servers[0].name, "apps/v1"
        w.edits["StatefulSet", target] = {"metadata": {"generation": w.rng.randrange(30, 90)}}, "tug"  # fmt: skip
    spec = {"minReplicas": 1, "maxReplicas": 4, "scaleTargetRef": {"apiVersion": api, "kind": kind, "name": target}}
    add(w, "autoscaling/v2", "HorizontalPodAutoscaler", f"{target}-hpa", "tug", spec=spec, status={"currentReplicas": 1, "desiredReplicas": 3})  # fmt: skip
    said = "New size: 3; reason: pods metric infer_rps above target"
    w.event(at, "HorizontalPodAutoscaler", f"{target}-hpa", "SuccessfulRescale", said, True, 14, w.end - timedelta(seconds=70), "tug")  # fmt: skip


def no_servers(w: World) -> None:
    """The namespace has a scheduler and models, but no Server."""
    w.servers.clear()
    w.empty["Server"] = "servers"


def ports_taken(w: World) -> None:
    """Another container of the scheduler's pod listens on one of its ports: the scheduler ends at once."""
    w.scheduler_down = "crash"
    pod = w.names["scheduler"]
    w.containers[pod, "scheduler"] = {"app": "seldon-scheduler", "since": w.start}
    w.containers[pod, "metrics-proxy"] = {
        "app": "seldon-scheduler",
        "since": w.start,
        "image": "registry.example.com/ops/proxy:1.4",
    }
    at = crashing(w, pod, "scheduler")
    port, said = w.rng.choice(((9002, "Failed to start envoy xDS server"), (9005, "Failed to start agent gRPC server"), (9004, "Failed to start server gRPC servers")))  # fmt: skip
    w.say("scheduler", at, "info", "Setting log level to info")
    w.say("scheduler", at, "info", f"Namespace is {w.namespace}")
    w.say("scheduler", at, "fatal", said, "taken", error=f"listen tcp :{port}: bind: address already in use")


def unbounded(w: World) -> None:
    """A Server says how few replicas it may have and not how many: a release before 2.9 scales it to none."""
    w.release = min(w.release, (2, 8, 5))
    w.servers[1:] = []
    server = w.servers[0]
    server.replicas = 0
    w.edits["Server", server.name] = {"spec": {"minReplicas": 1}}, "zero"


def selects_nothing(w: World) -> None:
    """The scheduler's Service selects labels that its pod does not have: whoever calls it is refused."""
    w.shut |= {("agent", 9005), ("operator", 9004), ("envoy", 9002)}
    w.dropped = False
    chosen = {"app.kubernetes.io/name": "seldon-scheduler", "app.kubernetes.io/part-of": "seldon"}
    w.edits["Service", "seldon-scheduler"] = {"spec": {"selector": chosen}}, "service"
    add(w, "v1", "Endpoints", "seldon-scheduler", "endpoints")
