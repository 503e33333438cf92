"""Healthy life that looks like a failure: callers that err, a word that is lost on the way, a view in mid-course."""

from datetime import timedelta
from random import Random

from benchmarks.accuracy.healthy import Scene
from benchmarks.accuracy.life import live, lost_scheduler, raw, recover, world
from benchmarks.accuracy.model import World


def callers_err(rng: Random) -> World:
    """Among many good calls a few for names that never were, and some whose body does not fit."""
    w = world(rng, release=(2, 9, 1), servers=1)
    w.servers[0].replicas = 1
    live(w)
    told = list(w.client)
    model = next(m for m in w.models if m.name in w.routes)
    pod, at = f"{w.servers[0].name}-0", w.end - timedelta(seconds=90)
    host = f"{w.ips[w.routes[model.name]]}:9001"
    for n, name in enumerate(("old-name", "old-name", "no-such-thing")):
        w.call(name, at + timedelta(seconds=n), 404, "NR")
    for n in range(3):
        w.call(model.name, at + timedelta(seconds=4 + n), 422, "", host)
    w.client[:] = told  # whoever erred is not who asks

    def answered(n: int, status: str) -> None:
        text = f'INFO:     {w.ips["service"]}:0 - "POST /v2/models/{model.name}_1/infer HTTP/1.1" {status}'
        raw(w, pod, "mlserver", at + timedelta(seconds=n), text)

    for n in range(30):
        answered(n, "200 OK")
        if n in (4, 5, 6):
            answered(n, "422 Unprocessable Entity")
    misfit = "ValueError: X has 3 features, but LogisticRegression is expecting 4 features as input."
    written = f"{at + timedelta(seconds=9):%Y-%m-%d %H:%M:%S},313"
    trace = (
        f"{written} [mlserver.parallel] ERROR - An error occurred calling method 'predict' from model '{model.name}_1'."
    )
    raw(w, pod, "mlserver", at + timedelta(seconds=9), f"{trace}\nTraceback (most recent call last):\n{misfit}")
    answered(9, "500 Internal Server Error")
    for n in range(30):
        answered(40 + n, "200 OK")
    return w


def told_too_late(rng: Random) -> World:
    """The scheduler restarts while a model is being loaded: it is loaded, and nobody can be told."""
    w = world(rng, release=(2, 9, 1), servers=1)
    w.servers[0].replicas = 1
    live(w, calls=False)
    pod, at = f"{w.servers[0].name}-0", w.start + (w.end - w.start) * 0.6
    back = at + timedelta(seconds=20)
    model = next(m for m in w.models if m.placed)
    lost_scheduler(w, at, back)
    w.agent(pod, at, "info", f"Load model {model.name}:1 success", func="LoadModel")
    refused = f'dial tcp {w.ips["service"]}:9005: connect: connection refused"'
    why = f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: {refused}'
    w.agent(pod, at, "error", f"Failed to handle load model {model.name}:1", error=why)
    recover(w, back)
    return w


def server_leaves(rng: Random) -> World:
    """Collected ten seconds after the only replica of a server was stopped to be started again."""
    w = world(rng, release=(2, 9, 1), servers=1)
    w.servers[0].replicas = 1
    live(w)
    at = w.end - timedelta(seconds=10)
    left = f"Client replica {w.servers[0].name}:0 has disconnected"
    w.say("scheduler", at, "info", left, func="Subscribe", source="AgentServer")
    for model in w.models:
        if model.placed:
            empty = f"Empty server for {model.name}:1 so ignoring event"
            w.say("scheduler", at, "warning", empty, func="updateServerModelStatus", source="SchedulerServer")
    return w


PASSING: dict[str, Scene] = {
    "callers-err": callers_err, "told-too-late": told_too_late, "server-leaves": server_leaves,
}  # fmt: skip
