"""Healthy life: starts, stops, restarts, roll-outs, retries that succeed. Nothing lasts in any of them.

Every scene ends with an installation that works; what it printed on the way is what real ones print.
"""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from benchmarks.accuracy.breakage import gateways
from benchmarks.accuracy.life import begin_server, cut, live, lost_scheduler, previous, raw, recover, world
from benchmarks.accuracy.mechanisms import access_denied
from benchmarks.accuracy.model import World

Scene = Callable[[Random], World]


def quiet(rng: Random) -> World:
    """A plain start, models, calls."""
    w = world(rng)
    live(w)
    return w


def ten_models(rng: Random) -> World:
    """Ten models are applied, one after the other."""
    w = world(rng, models=10)
    live(w)
    return w


def slow_start(rng: Random) -> World:
    """MLServer takes its time; the agent waits."""
    w = world(rng)
    for server in w.servers:
        server.replicas = 1
    w.shut.clear()
    live(w)
    pod = f"{w.servers[0].name}-0"
    at = w.logs[pod, "agent", False][0].at - w.skew
    for n in range(8):
        why = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 0.0.0.0:9500: connect: connection refused"'
        w.agent(
            pod,
            at + timedelta(milliseconds=300 * n),
            "info",
            "Waiting for Inference Server service to become ready... next check in 1.2s",
            error=why,
            func="waitReady",
        )
    return w


def scheduler_restarts(rng: Random) -> World:
    """The scheduler's pod is killed, and everybody finds the new one."""
    w = world(rng, release=(2, 9, 1), servers=1)
    live(w, calls=False)
    at = w.start + (w.end - w.start) * 0.5
    cut(w, at)
    pod = w.names["scheduler"]
    previous(w, pod, "scheduler")
    lost_scheduler(w, at, at + timedelta(seconds=25))
    recover(w, at + timedelta(seconds=25))
    w.containers[pod, "scheduler"] |= {"restarts": 1, "last": ("Error", 137, at), "running": at + timedelta(seconds=20)}
    return w


def server_restarts(rng: Random) -> World:
    """A server pod is killed and comes back; its models are loaded again."""
    w = world(rng, servers=1)
    w.servers[0].replicas = 1
    live(w, calls=False)
    pod = f"{w.servers[0].name}-0"
    lost = w.end - timedelta(minutes=5)
    cut(w, lost)
    for container in ("agent", "mlserver", "rclone"):
        previous(w, pod, container)
    bad = "warning" if w.release >= (2, 10, 1) else "info"
    extra = {"error": "context canceled"} if w.release >= (2, 10, 1) else {}
    w.say(
        "scheduler",
        lost,
        bad,
        f"Client replica {w.servers[0].name}:0 has disconnected",
        func="Subscribe",
        source="AgentServer",
        **extra,
    )
    for model in w.models:
        if model.placed:
            w.say(
                "scheduler",
                lost,
                "warning",
                f"Empty server for {model.name}:1 so ignoring event",
                func="updateServerModelStatus",
                source="SchedulerServer",
            )
    for model in w.models:
        w.call(model.name, lost + timedelta(seconds=6), 404, "NR")
    for container in ("agent", "mlserver", "rclone"):
        w.containers[pod, container] |= {
            "restarts": 1,
            "last": ("Error", 137, lost),
            "running": lost + timedelta(seconds=20),
        }
    back = begin_server(w, pod, lost + timedelta(seconds=20))
    assert back
    for n, model in enumerate(w.models):
        model.placed = None
        w.place(model, back + timedelta(seconds=1 + n))
        for k in range(3):
            w.call(model.name, back + timedelta(seconds=40 + 30 * k), 200, "")
    return w


def rolling_update(rng: Random) -> World:
    """A server with two replicas is rolled: drained, moved, back again."""
    w = world(rng, servers=1)
    w.servers[0].replicas = 2
    live(w, calls=False)
    name = w.servers[0].name
    for index in (1, 0):
        pod, at = f"{name}-{index}", w.end - timedelta(minutes=6 - 2 * (1 - index))
        w.say(
            "scheduler", at, "info", f"Draining server replica {name}:{index}", func="AgentDrain", source="AgentServer"
        )
        w.agent(pod, at, "info", "Agent drain process result true")
        w.agent(pod, at, "info", "Stopping", func="StopControlLoop")
        w.agent(
            pod,
            at + timedelta(seconds=1),
            "error",
            "event recv failed",
            error="rpc error: code = Canceled desc = context canceled",
            func="HandleSchedulerSubscription",
        )
        w.say(
            "scheduler",
            at + timedelta(seconds=2),
            "info",
            f"Client replica {name}:{index} has disconnected",
            func="Subscribe",
            source="AgentServer",
        )
        w.event(at, "Pod", pod, "Killing", "Stopping container agent")
        w.event(
            at + timedelta(seconds=2),
            "Pod",
            pod,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            False,
        )
        for container in ("agent", "mlserver", "rclone"):
            w.logs.pop((pod, container, False))
            w.containers.pop((pod, container), None)
        begin_server(w, pod, at + timedelta(seconds=15))
        for model in w.models:
            if model.placed == (name, index):
                w.place(model, at + timedelta(seconds=45))
    for model in w.models:
        w.call(model.name, w.end - timedelta(seconds=20), 200, "")
    return w


def scaled(rng: Random) -> World:
    """A server grows by a replica, and shrinks again."""
    w = world(rng, servers=1)
    live(w)
    name, more = w.servers[0].name, w.servers[0].replicas
    at = w.end - timedelta(minutes=6)
    w.say(
        "scheduler",
        at,
        "info",
        f"Server notification {name} expectedReplicas {more + 1} shared false",
        func="ServerNotify",
        source="SchedulerServer",
    )
    begin_server(w, f"{name}-{more}", at + timedelta(seconds=5))
    gone = at + timedelta(minutes=3)
    w.say(
        "scheduler",
        gone,
        "info",
        f"Server notification {name} expectedReplicas {more} shared false",
        func="ServerNotify",
        source="SchedulerServer",
    )
    w.say("scheduler", gone, "info", f"Draining server replica {name}:{more}", func="AgentDrain", source="AgentServer")
    w.say(
        "scheduler",
        gone + timedelta(seconds=3),
        "info",
        f"Client replica {name}:{more} has disconnected",
        func="Subscribe",
        source="AgentServer",
    )
    for container in ("agent", "mlserver", "rclone"):
        w.logs.pop((f"{name}-{more}", container, False))
        w.containers.pop((f"{name}-{more}", container), None)
    return w


def leader_changes(rng: Random) -> World:
    """The operator loses its lease to another one for a moment, restarts, and resyncs."""
    w = world(rng, release=(2, 9, 1))
    live(w)
    at = w.start + (w.end - w.start) * 0.4
    pod = w.names["operator"]
    keep = [line for line in w.logs[pod, "manager", False] if line.at >= at]
    w.logs[pod, "manager", False] = [line for line in w.logs[pod, "manager", False] if line.at < at]
    raw(
        w,
        pod,
        "manager",
        at,
        f'E{at:%m%d %H:%M:%S}.000000       1 leaderelection.go:429] Failed to update lock optimistically: Put "https://10.96.0.1:443/apis/coordination.k8s.io/v1/namespaces/{w.namespace}/leases/e98130ae.seldon.io": context deadline exceeded, falling back to slow path',
    )
    w.manager(at, "ERROR", "setup", "problem running manager", {"error": "leader election lost"})
    previous(w, pod, "manager")
    w.start_operator(at + timedelta(seconds=3), at + timedelta(seconds=12))
    w.logs[pod, "manager", False] += keep
    w.containers[pod, "manager"] |= {"restarts": 1, "last": ("Error", 1, at), "running": at + timedelta(seconds=2)}
    return w


def xds_reconnects(rng: Random) -> World:
    """Envoy's stream to the scheduler breaks once and is back."""
    w = world(rng)
    live(w)
    at = w.start + (w.end - w.start) * 0.7
    w.envoy(
        at,
        "warning",
        "config",
        "./source/extensions/config_subscription/grpc/grpc_stream.h:189",
        "DeltaAggregatedResources gRPC config stream to xds_cluster closed: 13, upstream_reset_after_response_started{connection_termination}",
    )
    w.connect_envoy(at + w.jitter(8))
    return w


def load_test(rng: Random) -> World:
    """Thousands of calls, a handful of 503."""
    w = world(rng)
    live(w)
    for model in w.models:
        if model.name not in w.routes:
            continue
        for n in range(150):
            w.call(
                model.name,
                w.end - timedelta(seconds=200 - n),
                503 if n in (20, 21, 22) else 200,
                "UC" if n in (20, 21, 22) else "",
                f"{w.ips[w.routes[model.name]]}:9001",
            )
    del w.client[40:]
    return w


def cured_artefact(rng: Random) -> World:
    """The first load is refused by the store; the credentials are mended, and the model is applied again."""
    w = world(rng, servers=1)
    w.servers[0].replicas = 1
    name = w.models[0].name
    w.load_error[name] = access_denied
    live(w, calls=False)
    w.load_error.clear()
    model = w.models[0]
    at = w.end - timedelta(minutes=4)
    model.placed = None
    w.place(model, at)
    for m in w.models:
        w.call(m.name, w.end - timedelta(seconds=30), 200, "")
    return w


def with_pipelines(rng: Random) -> World:
    """Gateways and the dataflow engine run, and Kafka answers; topics appear after a moment."""
    w = world(rng, release=(2, 9, 1))
    live(w)
    gateways(w, None, True)
    at = w.start + timedelta(seconds=70)
    w.say(
        "modelgateway",
        at,
        "error",
        "Kafka error, code: [Broker: Unknown topic or partition] msg: [Subscribed topic not available: seldon.x.model.y.inputs: Broker: Unknown topic or partition]",
        func="Serve",
        source="InferConsumer",
    )
    w.say(
        "modelgateway",
        at + timedelta(seconds=1),
        "info",
        "waiting for kafka topic creation",
        func="createTopics",
        source="InferConsumer",
    )
    w.say(
        "modelgateway",
        at + timedelta(seconds=2),
        "info",
        "all topics created",
        func="createTopics",
        source="InferConsumer",
    )
    return w


def volume_late(rng: Random) -> World:
    """The scheduler's volume is bound after a few seconds."""
    w = world(rng)
    live(w)
    why = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
    w.event(
        w.start - timedelta(seconds=6),
        "Pod",
        w.names["scheduler"],
        "FailedScheduling",
        why,
        False,
        3,
        w.start - timedelta(seconds=2),
    )
    w.event(
        w.start,
        "Model",
        w.models[0].name,
        "UpdateFailed",
        f'Failed to update status for Model "{w.models[0].name}": Operation cannot be fulfilled on models.mlops.seldon.io "{w.models[0].name}": the object has been modified; please apply your changes to the latest version and try again',
        False,
    )
    return w


def image_slow(rng: Random) -> World:
    """An image is pulled at the second try."""
    w = world(rng)
    live(w)
    pod, at = f"{w.servers[0].name}-0", w.start + timedelta(seconds=4)
    image = "docker.io/seldonio/mlserver:1.6.1"
    w.event(
        at,
        "Pod",
        pod,
        "Failed",
        f'Failed to pull image "{image}": rpc error: code = Unknown desc = failed to pull and unpack image "{image}": context deadline exceeded',
        False,
    )
    w.event(at, "Pod", pod, "BackOff", f'Back-off pulling image "{image}"', False)
    w.event(at + timedelta(seconds=5), "Pod", pod, "Pulled", f'Successfully pulled image "{image}" in 4.1s')
    return w


def evictions(rng: Random) -> World:
    """More models than memory: the agent moves them out and in."""
    w = world(rng)
    live(w)
    for model in w.models:
        if model.placed:
            pod = f"{model.placed[0]}-{model.placed[1]}"
            w.agent(
                pod,
                w.end - timedelta(minutes=2),
                "info",
                f"model {model.name}_1 evicted (for model other_1), available memory bytes: 120000",
                Source="StateManager",
            )
    return w


SCENES: dict[str, Scene] = {
    "quiet": quiet, "ten-models": ten_models, "slow-start": slow_start, "scheduler-restarts": scheduler_restarts, "server-restarts": server_restarts,
    "rolling-update": rolling_update, "scaled": scaled, "leader-changes": leader_changes, "xds-reconnects": xds_reconnects, "load-test": load_test,
    "cured-artefact": cured_artefact, "with-pipelines": with_pipelines, "volume-late": volume_late, "image-slow": image_slow, "evictions": evictions,
}  # fmt: skip
