"""How an installation starts and lives: the order of events, as the components cause one another.

Source: the start of 2.6.0, 2.9.1 and 2.10.2, seen; the delays from `scheduler/cmd/scheduler/main.go`.
"""

from datetime import datetime, timedelta
from random import Random

from benchmarks.accuracy.model import Line, Model, Server, World
from benchmarks.accuracy.words import RELEASES, Release, subscribed

ADJECTIVES = (
    "retail",
    "motor",
    "tax",
    "claims",
    "credit",
    "night",
    "harbour",
    "grid",
    "basket",
    "parcel",
    "lens",
    "crop",
)
NOUNS = ("score", "rank", "risk", "demand", "topics", "churn", "price", "route", "match", "yield", "alert", "image")
NAMESPACES = ("serving", "ml-prod", "team-blue", "inference", "seldon-mesh", "analytics", "lab-7", "models-eu")
SERVER_NAMES = ("mlserver", "mlserver-small", "sk-pool", "workers", "mlserver-custom", "shared-a")
GONE = ("pending", "crash", "scaled", "never-made")


def world(rng: Random, release: Release | None = None, servers: int | None = None, models: int | None = None) -> World:
    """Return an installation of chance: names, release, size, date."""
    names = rng.sample([f"{a}-{b}" for a in ADJECTIVES for b in NOUNS], models or rng.randrange(1, 5))
    start = datetime(
        rng.choice((2024, 2025, 2026)),
        rng.randrange(1, 13),
        rng.randrange(1, 28),
        rng.randrange(24),
        rng.randrange(60),
        rng.randrange(60),
    )
    made = World(
        rng, release or rng.choice(RELEASES), rng.choice(NAMESPACES), start,
        [Server(n, rng.choice((1, 1, 1, 2))) for n in rng.sample(SERVER_NAMES, servers or rng.choice((1, 1, 2)))],
        [Model(n, f"s3://{rng.choice(('models', 'artefacts', 'ml-store'))}/{n}/{rng.randrange(1, 9)}") for n in names],
    )  # fmt: skip
    if rng.random() < 0.3:
        made.skew = timedelta(seconds=rng.choice((-3, -1, 1, 2, 4)))
    if rng.random() < 0.15:
        made.zone = timedelta(hours=rng.choice((-5, 1, 2, 8)))
    made.dropped = rng.random() < 0.75
    return made


def live(w: World, calls: bool = True) -> None:
    """Let `w` start and live to its end, with whatever its switches forbid."""
    t = w.start
    down = w.scheduler_down in GONE
    names = w.names
    if not down:
        w.start_scheduler(t)
        w.containers[names["scheduler"], "scheduler"] = {"app": "seldon-scheduler", "since": t}
    w.containers[names["operator"], "manager"] = {
        "app": "seldon-v2-controller-manager",
        "since": t - timedelta(seconds=40),
    }
    w.containers[names["envoy"], "envoy"] = {"app": "seldon-envoy", "since": t}
    if (names["scheduler"], "scheduler") in w.containers:
        started(w, names["scheduler"], t)
    started(w, names["operator"], t - timedelta(seconds=40))
    started(w, names["envoy"], t)
    w.start_envoy(t + w.jitter(0.3))
    cut = ("operator", 9004) in w.shut or down
    connects = w.end + timedelta(seconds=1) if cut else t + w.jitter(9)
    w.start_operator(t - timedelta(seconds=12), connects)
    heard: list[datetime | None] = []
    for server in w.servers:
        blocked = w.pods_blocked if server is w.servers[0] else None
        for index in range(server.replicas):
            pod = f"{server.name}-{index}"
            if (cut and w.scheduler_down != "crash") and w.release >= (2, 6, 0):
                heard.append(None)
                continue
            if blocked is not None:
                heard.append(None)
                blocked["make"](w, pod, t + w.jitter(12))
                continue
            heard.append(begin_server(w, pod, t + w.jitter(12)))
        if server.replicas == 0:
            heard.append(None)
    synchronise(w, connects, heard, down)
    place_all(w, cut)
    if calls:
        call_all(w)


def started(w: World, pod: str, at: datetime) -> None:
    """Record the events of a pod's start."""
    owner, _, tail = pod.rpartition("-")
    if tail.isdecimal():
        w.event(at, "StatefulSet", owner, "SuccessfulCreate", f"create Pod {pod} in StatefulSet {owner} successful")
    else:
        w.event(at, "ReplicaSet", owner, "SuccessfulCreate", f"Created pod: {pod}")
    w.event(at, "Pod", pod, "Scheduled", f"Successfully assigned {w.namespace}/{pod} to worker-1")
    w.event(at + timedelta(seconds=1), "Pod", pod, "Started", "Started container")


def begin_server(w: World, pod: str, at: datetime, takes: float = 5.0) -> datetime | None:
    """Start a server pod; returns when its agent was heard by the scheduler."""
    for container in (w.runtime(pod), "rclone", "agent"):
        w.containers.setdefault((pod, container), {"since": at})
    started(w, pod, at)
    w.event(
        at + timedelta(seconds=6),
        "Pod",
        pod,
        "Unhealthy",
        f'Readiness probe failed: Get "http://{w.ips[pod]}:9000/v2/health/live": dial tcp {w.ips[pod]}:9000: connect: connection refused',
        False,
        2,
    )
    up = w.start_server(pod, at, takes)
    heard = w.subscribe(pod, up, w.end, registers=w.foreign_host is None)
    if heard is None and w.release >= (2, 9, 1):
        w.containers[pod, "agent"] |= {"ready": False, "proves": "not-ready"}
    return heard if w.foreign_host is None else None


def synchronise(w: World, connects: datetime, heard: list[datetime | None], down: bool) -> None:
    """Let the scheduler wait for its servers, open 9002, and let Envoy connect."""
    ready: datetime | None = w.start + w.jitter(0.6)
    if w.release >= (2, 8, 4):
        limit = w.start + timedelta(seconds=600)
        there = [at for at in heard if at is not None]
        whole = connects < w.end and len(there) == len(heard) and bool(there)
        synced = max([connects, *there]) if whole else limit
        ready = synced + timedelta(seconds=10)
        if ready < w.end and not down:
            if whole:
                w.say(
                    "scheduler",
                    synced,
                    "info",
                    f"All (num: {len(heard)}) servers connected",
                    source="ServerBasedSynchroniser",
                )
            if w.release >= (2, 10, 0):
                w.say("scheduler", synced, "info", "Inference servers ready")
            w.say(
                "scheduler",
                ready,
                "info",
                "Starting xDS envoy server on port 9002 with secure: false",
                "context",
                func="StartXDSServer",
            )
            w.say("scheduler", ready, "info", "Scheduler is ready", "context")
    elif not down and ready:
        w.say(
            "scheduler",
            ready,
            "info",
            "Starting xDS envoy server on port 9002 with secure: false",
            "context",
            source="IncrementalProcessor",
        )
    if down or ready is None or ready >= w.end:
        w.fail_envoy(w.start + timedelta(seconds=1))
        return
    w.ready_at = ready
    if ("envoy", 9002) in w.shut or ("envoy", 53) in w.shut:
        w.fail_envoy(w.start + timedelta(seconds=1))
    else:
        if ready - w.start > timedelta(seconds=60):
            end, w.end = w.end, ready
            w.fail_envoy(w.start + timedelta(seconds=1))
            w.end = end
        w.connect_envoy(max(ready, w.start + timedelta(seconds=2)) + w.jitter(12))


def place_all(w: World, cut: bool) -> None:
    """Let the operator hand over the models, half of them later than the start."""
    for i, model in enumerate(w.models):
        if cut or w.ready_at is None:
            model.since = w.start + timedelta(seconds=30)
            model.reason = w.dial_error("operator", 9004) or (
                'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: '
                f'dial tcp {w.ips["service"]}:9004: connect: connection refused"'
            )
            continue
        at = w.ready_at + timedelta(seconds=20 + 3 * i)
        if i % 2:
            at += (w.end - at) * w.rng.uniform(0.1, 0.4)
        if at < w.end - timedelta(seconds=40):
            w.place(model, at)


def call_all(w: World) -> None:
    """Let clients call every model till the end."""
    first = max(m.since or w.start for m in w.models) + timedelta(seconds=15)
    if first >= w.end:
        return
    for model in w.models:
        for _ in range(w.rng.randrange(3, 7)):
            at = first + (w.end - first) * w.rng.random()
            if w.xds_since is None or at < w.xds_since:
                w.client.append(
                    f"$ curl -sS -i --max-time 15 http://seldon-mesh/v2/models/{model.name}/infer -H 'seldon-model: {model.name}'\ncurl: (7) Failed to connect to seldon-mesh port 80 after 1 ms: Couldn't connect to server\n"
                )
            elif model.name in w.routes:
                if not model.faulty:
                    w.call(model.name, at, 200, "")
            else:
                w.call(model.name, at, 404, "NR", proves="404")


def lost_scheduler(w: World, at: datetime, back: datetime | None) -> None:
    """Let the scheduler die at `at`; with `back`, another one takes its place."""
    down_until = min(back or w.end, w.end)
    logger = "SchedulerClient" if w.release >= (2, 10, 0) else "schedulerClient"
    ended = back is not None
    if not ended:
        w.facts |= {"scheduler-gone"}
    tag = None if ended else "scheduler-lost"
    for pod, container, previous in list(w.logs):
        if container != "agent" or previous:
            continue
        a = w.agent
        a(
            pod,
            at,
            "error",
            "event recv failed",
            tag,
            error="rpc error: code = Unavailable desc = error reading from server: EOF",
            func="HandleSchedulerSubscription",
        )
        a(pod, at, "info", "Exiting", func="HandleSchedulerSubscription")
        a(pod, at, "info", "Scheduler subscription ended", func="StartControlLoop")
        t, step = at, 1.0
        while t < down_until:
            a(pod, t, "info", "Call subscribe to scheduler", func="HandleSchedulerSubscription")
            a(
                pod,
                t,
                "error",
                "Scheduler not ready",
                tag,
                error=f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp {w.ips["service"]}:9005: connect: connection refused"',
            )
            t += w.jitter(step)
            step = min(step * 1.7, 15.0)
        if back:
            t += timedelta(seconds=1)
            a(pod, t, "info", "Call subscribe to scheduler", func="HandleSchedulerSubscription")
            a(pod, t, "info", "Subscribed to scheduler", func="HandleSchedulerSubscription")
    if w.release >= (2, 8, 0):
        for stream in ("Model", "Server", "Pipeline", "Experiment"):
            t, step = at, 1.0
            while t < down_until:
                w.manager(
                    t,
                    "ERROR",
                    f"{logger}.Subscribe{stream}Events",
                    "Scheduler not ready",
                    {
                        "error": f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp {w.ips["service"]}:9004: connect: connection refused"'
                    },
                    tag,
                )
                w.manager(
                    t + timedelta(seconds=1),
                    "INFO",
                    f"{logger}.Subscribe{stream}Events",
                    "Retrying to connect",
                    {"namespace": w.namespace},
                )
                t += w.jitter(step)
                step = min(step * 1.5, 15.0)
    w.envoy(
        at,
        "warning",
        "config",
        "./source/extensions/config_subscription/grpc/grpc_stream.h:189",
        "DeltaAggregatedResources gRPC config stream to xds_cluster closed: 13, upstream_reset_after_response_started{connection_termination}",
        tag,
    )


def previous(w: World, pod: str, container: str) -> None:
    """Turn what a container has printed so far into the log of its previous run."""
    w.logs[pod, container, True] = w.logs.pop((pod, container, False))


def raw(w: World, pod: str, container: str, at: datetime, text: str, proves: str | None = None) -> None:
    """Let a container print a line of a foreign format."""
    w.logs[pod, container, False].append(Line(at, text, proves))


def cut(w: World, at: datetime) -> None:
    """Forget what would have been printed after `at`."""
    for log in w.logs.values():
        log[:] = [line for line in log if line.at < at]
    w.access[:] = []
    w.client[:] = []
    w.calls[:] = []


def recover(w: World, at: datetime) -> None:
    """Let a new scheduler come up: servers, models and Envoy return."""
    w.start_scheduler(at - timedelta(seconds=8))
    for stream, func in (
        ("model", "SubscribeModelStatus"),
        ("server", "SubscribeServerStatus"),
        ("control", "SubscribeControlPlane"),
    ):
        w.say(
            "scheduler",
            at,
            "info",
            subscribed(w.release, stream, "seldon manager"),
            func=func,
            source="SchedulerServer",
        )
    total = sum(s.replicas for s in w.servers)
    for server in w.servers:
        w.say(
            "scheduler",
            at,
            "info",
            f"Server notification {server.name} expectedReplicas {server.replicas} shared false",
            func="ServerNotify",
            source="SchedulerServer",
        )
    w.say(
        "scheduler",
        at,
        "info",
        f"Signalling synchroniser with {total} expected server agents to connect",
        func="ServerNotify",
        source="SchedulerServer",
    )
    logger = "SchedulerClient" if w.release >= (2, 10, 0) else "schedulerClient"
    w.manager(
        at,
        "INFO",
        f"{logger}.SubscribeControlPlaneEvents",
        "Received event to handle state",
        {"event": "event:SEND_SERVERS"},
    )
    w.manager(
        at + timedelta(milliseconds=500),
        "INFO",
        f"{logger}.SubscribeControlPlaneEvents",
        "Handled state on reconnect",
        {"operation": "SEND_SERVERS"},
    )
    heard = at + timedelta(seconds=15)
    for server in w.servers:
        for index in range(server.replicas):
            w.say(
                "scheduler",
                heard,
                "info",
                subscribed(w.release, "agent", f"{server.name}:{index}"),
                func="Subscribe",
                source="AgentServer",
            )
    w.say("scheduler", heard, "info", f"All (num: {total}) servers connected", source="ServerBasedSynchroniser")
    ready = heard + timedelta(seconds=10)
    w.say(
        "scheduler", ready, "info", "Starting xDS envoy server on port 9002 with secure: false", func="StartXDSServer"
    )
    w.say("scheduler", ready, "info", "Scheduler is ready")
    w.connect_envoy(ready + w.jitter(10))
    for model in w.models:
        if model.placed:
            w.route(model, ready + timedelta(seconds=25))
        else:
            w.place(model, ready + timedelta(seconds=26))
    for model in w.models:
        for n in range(3):
            w.call(model.name, ready + timedelta(seconds=60 + 20 * n), 200, "")
