"""What a restart of the scheduler leaves behind: operators that do not come back, models that nobody sends again.

Source: Seldon Core 2.5.0, 2.7.0 and 2.10.2, `operator/scheduler/client.go`; a runtime made anew under 2.9.1, seen.
"""

from datetime import datetime, timedelta

from benchmarks.accuracy import objects, words
from benchmarks.accuracy.episodes import answered, client_of, failing, hush, moment
from benchmarks.accuracy.mechanisms import Act
from benchmarks.accuracy.model import World
from benchmarks.accuracy.words import Release

STREAMS = ("Model", "Server", "Pipeline", "Experiment")
DEAD = "rpc error: code = Canceled desc = grpc: the client connection is closing"


def aged(*releases: Release, then: Act | None = None) -> Act:
    """Return an act: the installation is of one of these releases."""

    def act(w: World) -> None:
        w.release = w.rng.choice(releases)
        if then:
            then(w)

    return act


def reborn(w: World, at: datetime, envoy: bool) -> None:
    """Let a new scheduler take the place of the old one, whose log is gone; and a new Envoy."""
    parts = ("scheduler", "envoy") if envoy else ("scheduler",)
    for part in parts:
        w.logs.pop((w.names[part], part, False), None)
        w.containers[w.names[part], part] |= {"since": at}
    w.start_scheduler(at)
    if envoy:
        w.start_envoy(at)
        w.xds_since = w.routed_at = None
        w.routes.clear()
    func = "HandleSchedulerSubscription" if w.release >= (2, 9, 1) else "StartService"
    for (pod, container, old), _ in list(w.logs.items()):
        if container != "agent" or old:
            continue
        server, _, index = pod.rpartition("-")
        w.agent(pod, at - timedelta(seconds=3), "error", "event recv failed", error="EOF", func=func)
        w.agent(pod, at + timedelta(seconds=2), "info", "Call subscribe to scheduler", func=func)
        w.agent(pod, at + timedelta(seconds=3), "info", "Subscribed to scheduler", func=func)
        said = words.subscribed(w.release, "agent", f"{server}:{index}")
        w.say("scheduler", at + timedelta(seconds=3), "info", said, func="Subscribe", source="AgentServer")


def streams_dead(w: World) -> None:
    """The runtime is deleted and made again; the operator goes on with the connection that it has closed."""
    w.facts.add("operator-cut-off")
    at = moment(w, 0.2)
    answered(w, at - timedelta(minutes=1), at - timedelta(seconds=10))
    hush(w, at, "manager", "envoy")
    reborn(w, at, True)
    w.edits["SeldonRuntime", "seldon"] = {"metadata": {"creationTimestamp": objects.stamp(at)}}, None
    streams = (*STREAMS, "ControlPlane")
    for stream in streams:
        t, step = at, 1.0
        w.manager(t, "ERROR", f"{client_of(w)}.Subscribe{stream}Events", "event recv failed", {"error": DEAD}, "dead")
        while t < w.end:
            w.manager(t, "ERROR", f"{client_of(w)}.Subscribe{stream}Events", "Scheduler not ready", {"error": DEAD}, "dead")  # fmt: skip
            w.manager(t, "INFO", f"{client_of(w)}.Subscribe{stream}Events", "Retrying to connect", {"namespace": w.namespace})  # fmt: skip
            t, step = t + w.jitter(step), min(step * 1.5, 15.0)
    ready = at + timedelta(seconds=600)
    if ready < w.end:
        w.say("scheduler", ready, "info", "Starting xDS envoy server on port 9002 with secure: false", func="StartXDSServer")  # fmt: skip
        w.say("scheduler", ready, "info", "Scheduler is ready")
        w.connect_envoy(ready + timedelta(seconds=8))
        for model in w.models:
            failing(w, model, ready + timedelta(seconds=10), 404, "NR", n=2)
    else:
        w.fail_envoy(at)


def old_operator(w: World) -> None:
    """The operator is one of 2.6 or 2.7: once its streams have ended it does not open them again."""
    at = moment(w, 0.3)
    answered(w, at, w.end)
    hush(w, at, "manager")
    reborn(w, at, False)
    why = "rpc error: code = Unavailable desc = error reading from server: EOF"
    for stream in STREAMS:
        said = "failed to receive pipeline event" if stream == "Pipeline" else "event recv failed"
        w.manager(at, "ERROR", f"{client_of(w)}.Subscribe{stream}Events", said, {"error": why}, "ended")
    w.say("scheduler", at + timedelta(seconds=1), "info", "Starting xDS envoy server on port 9002 with secure: false", source="IncrementalProcessor")  # fmt: skip
    for model in w.models:
        said = f"Handle vanilla no experiment traffic for {model.name}"
        w.say("scheduler", at + timedelta(seconds=5), "info", said, func="addTraffic", source="IncrementalProcessor")


def not_resent(w: World) -> None:
    """Scheduler and servers restart together under an operator of 2.6 or 2.7: nobody knows the models any more."""
    at = moment(w, 0.3)
    answered(w, at - timedelta(minutes=1), at)
    hush(w, at, "manager")
    pods = {pod: server for server in w.servers for pod in (f"{server.name}-{i}" for i in range(server.replicas))}
    for pod in pods:
        for container in ("agent", "mlserver", "rclone"):
            w.logs.pop((pod, container, False), None)
            w.containers[pod, container]["since"] = at
    reborn(w, at, False)
    for pod in pods:
        w.subscribe(pod, w.start_server(pod, at + timedelta(seconds=5)), w.end)
    why = "rpc error: code = Unavailable desc = error reading from server: EOF"
    for stream in STREAMS:
        said = "failed to receive pipeline event" if stream == "Pipeline" else "event recv failed"
        w.manager(at, "ERROR", f"{client_of(w)}.Subscribe{stream}Events", said, {"error": why}, "ended")
    w.say("scheduler", at + timedelta(seconds=1), "info", "Starting xDS envoy server on port 9002 with secure: false", source="IncrementalProcessor")  # fmt: skip
    w.routes.clear()
    for server in w.servers:
        w.edits["Server", server.name] = {"status": {"loadedModels": 0}}, "empty"
    for model in w.models:
        w.edits["Model", model.name] = {}, "empty"
        failing(w, model, at + timedelta(seconds=30), 404, "NR", n=3)
