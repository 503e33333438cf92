"""What breaks in and around an agent: where it looks for its scheduler, what it may read, what it was told to be.

Source: Seldon Core 2.10.2, `scheduler/cmd/agent/cli/cli.go`, `scheduler/pkg/agent/{rproxy_grpc,state_manager,agent_svc_manager}.go`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.accuracy import objects, words
from benchmarks.accuracy.episodes import answered, crashing, failing, gone_from_scheduler, moment
from benchmarks.accuracy.life import started
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import Line, Model, World

Birth = Callable[[World, str, datetime], None]  # how a server's pod comes to life, or does not


def strange_host(w: World) -> None:
    """The servers are told a scheduler that does not exist, or none."""
    w.foreign_host = w.rng.choice((f"seldon-schedular.{w.namespace}", "seldon-scheduler.seldon-system", "scheduler-v2"))
    w.host_absent = True


def cut_streams(w: World) -> None:
    """Something between cuts a stream that is silent for some minutes; agents come back at once."""
    model = pick(w)
    if model.placed is None:
        return
    server, index = model.placed
    pod, period = f"{server}-{index}", w.rng.choice((240, 350, 400))
    log = next(x for x in w.logs[pod, "agent", False] if "Subscribed to scheduler" in x.text)
    at = log.at - w.skew + timedelta(seconds=period)
    func = "HandleSchedulerSubscription" if w.release >= (2, 9, 1) else "StartService"
    why = f"rpc error: code = Unavailable desc = error reading from server: read tcp {w.ips[pod]}:{w.rng.randrange(30000, 60000)}->{w.ips['service']}:9005: read: connection reset by peer"
    while at < w.end:
        w.agent(pod, at, "error", "event recv failed", "reset", error=why, func=func)
        w.agent(pod, at, "info", "Call subscribe to scheduler", func=func)
        gone_from_scheduler(w, server, index, at, "reset")
        w.say(
            "scheduler", at, "info", f"{w.remove} for model {model.name}", func="RemoveRoute", source="SeldonXDSCache"
        )
        w.call(model.name, at, 404, "NR", "-", "call")
        w.agent(pod, at + timedelta(seconds=1), "info", "Subscribed to scheduler", func=func)
        said = words.subscribed(w.release, "agent", f"{server}:{index}")
        w.say("scheduler", at + timedelta(seconds=1), "info", said, func="Subscribe", source="AgentServer")
        said = f"Handle vanilla no experiment traffic for {model.name}"
        w.say("scheduler", at + timedelta(seconds=2), "info", said, func="addTraffic", source="IncrementalProcessor")
        at += timedelta(seconds=period)


def long_life(w: World) -> None:
    """The installation lives for more than half an hour."""
    w.end = w.start + timedelta(minutes=w.rng.uniform(45, 70))


def may_not_read(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
    """The server's own service account may not read secrets."""
    account = w.rng.choice(("model-reader", "irsa-s3", "workload-id"))
    w.agent(pod, at, "info", "Getting Rclone configuration")
    return f'secrets "{model.secret}" is forbidden: User "system:serviceaccount:{w.namespace}:{account}" cannot get resource "secrets" in API group "" in the namespace "{w.namespace}"'


def no_endpoints(w: World) -> None:
    """The agents may not read endpoint slices: each breaks its subscription off at once."""
    for (pod, container, old), log in list(w.logs.items()):
        if container != "agent" or old:
            continue
        server, _, index = pod.rpartition("-")
        at = next(x.at for x in log if "Subscribed to scheduler" in x.text) - w.skew
        log[:] = [x for x in log if x.at <= at + w.skew]
        why = f'failed waiting to check if pod\'s IP is published to endpoints: failed to list endpointslice for {pod}: endpointslices.discovery.k8s.io is forbidden: User "system:serviceaccount:{w.namespace}:seldon-server" cannot list resource "endpointslices" in API group "discovery.k8s.io" in the namespace "{w.namespace}"'
        wait = 1.0
        while at < w.end:
            w.agent(pod, at, "info", "Checking pod has IP published in endpoints", func="handleSchedulerSubscription")
            w.agent(pod, at, "error", "Scheduler not ready", "forbidden", error=why)
            gone_from_scheduler(w, server, int(index), at, None)
            at, wait = at + w.jitter(wait), min(wait * 1.7, 15.0)
            w.agent(pod, at, "info", "Call subscribe to scheduler", func="handleSchedulerSubscription")
            w.agent(pod, at, "info", "Subscribed to scheduler", func="handleSchedulerSubscription")
            said = words.subscribed(w.release, "agent", f"{server}:{index}")
            w.say("scheduler", at, "info", said, func="Subscribe", source="AgentServer")
        next(s for s in w.servers if s.name == server).connected.clear()
    for model in w.models:
        model.placed = None
        w.routes.pop(model.name, None)
        at = moment(w, 0.1)
        why = "Failed to schedule model as no matching servers are available"
        w.say("scheduler", at, "warning", f"Failed to schedule model {model.name}", "unplaced", error=why, func="LoadModel", source="SchedulerServer")  # fmt: skip
        w.told(model, at, "ScheduleFailed", why, "unplaced")
        failing(w, model, at, 404, "NR", n=3)


def draining(w: World) -> None:
    """A server's pod is asked to go, but waits for its models to find another place; there is none."""
    server = w.servers[0]
    pod = f"{server.name}-0"
    at = moment(w, 0.3)
    answered(w, at, w.end)
    w.say("scheduler", at, "info", f"Draining server replica {server.name}:0", "drain", func="AgentDrain", source="AgentServer")  # fmt: skip
    w.event(at, "Pod", pod, "Killing", "Stopping container mlserver")
    w.edits["Pod", pod] = {"metadata": {"deletionTimestamp": objects.stamp(at + timedelta(seconds=120)), "deletionGracePeriodSeconds": 120}}, "drain"  # fmt: skip
    said = f"Server notification {server.name} expectedReplicas 1 shared false"
    w.say("scheduler", w.end - timedelta(seconds=20), "info", said, func="ServerNotify", source="SchedulerServer")


def no_room(w: World) -> None:
    """More is asked of a server than fits: each reload finds no room."""
    model = pick(w)
    if model.placed is None:
        return
    pod = f"{model.placed[0]}-{model.placed[1]}"
    model.faulty = True
    at = moment(w, 0.2)
    answered(w, at - timedelta(seconds=30), at, 1)
    for n in range(6):
        t = at + (w.end - at) * (n / 6) + timedelta(seconds=5)
        w.agent(pod, t, "error", f"Cannot peek cache for model {model.name}_1", "room", Source="StateManager", error="empty cache, cannot evict")  # fmt: skip
        w.agent(pod, t, "error", f"No room empty cache, cannot evict - {model.name}_1", "room", Source="StateManager")
        w.agent(pod, t, "error", f"Cannot load model in agent {model.name}_1", "room", Source="HTTPProxy")
        w.call(model.name, t, 404, "", w.host(model.name), "call", "404 page not found")


def ends_at_once(*lines: tuple[str, str, str]) -> Birth:
    """Return a fault of a server pod: the agent prints these (level, message, error) and ends."""

    def make(w: World, pod: str, at: datetime) -> None:
        for container in ("mlserver", "rclone"):
            w.containers[pod, container] = {"since": at}
        started(w, pod, at)
        w.rclone(pod, at, "NOTICE", "Serving remote control on http://[::]:5572/")
        w.mlserver(
            pod, at + timedelta(seconds=5), "mlserver.grpc", "INFO", "gRPC server running on http://0.0.0.0:9500"
        )
        w.containers[pod, "agent"] = {"since": at}
        began = crashing(w, pod, "agent") + w.skew
        log = w.logs[pod, "agent", False]
        for text in (
            "Setting overcommit percentage from env SELDON_OVERCOMMIT_PERCENTAGE with value 10",
            "Setting scheduler-host from SELDON_SCHEDULER_HOST to seldon-scheduler",
        ):
            log.append(Line(began, words.logrus(began, "info", text)))
        for level, text, error in lines:
            fields = {"error": error} if error else {}
            said = words.logrus(began, level, text.format(pod=pod, suffix=pod.rpartition("-")[2]), **fields)
            log.append(Line(began, said, "fatal" if level in ("fatal", "error") else None))

    return make


bad_memory = ends_at_once(("fatal", "Failed to parse MEMORY_REQUEST with value 0", ""))
bad_port = ends_at_once(("fatal", "Failed to parse SELDON_SERVER_GRPC_PORT with value 0", ""))


def deployed(w: World) -> None:
    """The servers' pods come from a Deployment somebody made: their names do not end in a number."""
    w.servers[1:] = []
    w.servers[0].replicas = 1
    tail = "".join(w.rng.choice("bcdfghjklmnpqrstvwxz") for _ in range(5))

    def make(w: World, pod: str, at: datetime) -> None:
        renamed = f"{pod[:-2]}-6d9f7c5b8d-{tail}"
        w.ips[renamed] = w.ips[pod]
        why = f'strconv.Atoi: parsing "{tail}": invalid syntax'
        ends_at_once(("info", "Trying to set server name and replica index from pod name", ""), ("fatal", "Failed to parse to integer POD_NAME with value {suffix}", why))(w, renamed, at)  # fmt: skip

    w.pods_blocked = {"make": make}


def port_taken(w: World, pod: str, at: datetime) -> None:
    """Something in the pod listens on the port of the agent's proxy already."""
    port = w.rng.choice((9501, 9501, 9006))
    w.start_server(pod, at)
    log = w.logs[pod, "agent", False]
    log[:] = [x for x in log if not any(s in x.text for s in ("ritical agent subserv", "After update current", "client to agent server", "Connecting (non", "initial rclone"))]  # fmt: skip
    for container in ("mlserver", "rclone"):
        w.containers[pod, container] = {"since": at}
    w.containers[pod, "agent"] = {"since": at}
    began = crashing(w, pod, "agent")
    log[:] = [Line(began + w.skew, x.text.replace(f"{x.at:%H:%M:%S}", f"{began + w.skew:%H:%M:%S}"), x.proves) for x in log]  # fmt: skip
    why = f"listen tcp :{port}: bind: address already in use"
    if port == 9501:
        w.agent(pod, began, "error", "unable to start gRPC listening server on port 9501", "bind", Source="GRPCProxy")
    word = "Failed to waiting for agent dependent sub-services to be ready" if w.release >= (2, 10, 0) else "Failed to wait for all agent dependent services to be ready"  # fmt: skip
    w.agent(pod, began, "fatal", word, "bind", error=why)
    started(w, pod, at)


def gives_up(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
    """The load is given up at once."""
    w.rclone(pod, at, "INFO", "model.joblib: Copied (new)")
    w.agent(pod, done, "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
    return "rpc error: code = DeadlineExceeded desc = context deadline exceeded"
