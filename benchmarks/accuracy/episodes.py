"""What faults of the control plane share: a moment in a life, calls around it, containers that crash, refusals.

Source: Seldon Core 2.10.2, `operator/scheduler/client.go`; the kubelet's words for a container that does not stay up.
"""

from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy import objects
from benchmarks.accuracy.life import raw
from benchmarks.accuracy.model import Model, World

GROUP = "mlops.seldon.io/v1alpha1"


def moment(w: World, share: float = 0.4) -> datetime:
    """Return a time after everything has settled, at a share of what is left of the life."""
    settled = max([w.start, *(m.since or w.start for m in w.models)]) + timedelta(seconds=30)
    return settled + max(w.end - settled, timedelta(minutes=5)) * share


def answered(w: World, since: datetime, until: datetime, n: int = 3) -> None:
    """Let clients call every model that has a route, and be answered."""
    for model in w.models:
        for _ in range(n if model.name in w.routes else 0):
            w.call(model.name, since + (until - since) * w.rng.random(), 200, "", w.host(model.name))


def failing(
    w: World, model: Model, since: datetime, status: int, flags: str, host: str = "-", detail: str = "", n: int = 5
) -> None:
    """Let clients call a model till the end, in vain; the lines prove `call`."""
    for i in range(n):
        at = since + (w.end - since) * ((i + w.rng.random()) / n)
        w.call(model.name, at, status, flags, host, "call", detail)


def hush(w: World, at: datetime, *containers: str) -> None:
    """Forget what these containers would have printed after `at`."""
    for (_, container, _), log in w.logs.items():
        if container in containers:
            log[:] = [line for line in log if line.at < at]


def crashing(
    w: World, pod: str, container: str, code: int = 1, reason: str = "Error", proves: str = "crash", **more: Any
) -> datetime:
    """Let a container end again and again; returns when it last began."""
    restarts = w.rng.randrange(4, 12)
    ended = w.end - timedelta(seconds=w.rng.randrange(40, 200))
    since = w.containers.get((pod, container), {}).get("since", w.start)
    wait = w.rng.choice(("2m40s", "5m0s"))
    w.containers[pod, container] = {
        **w.containers.get((pod, container), {}), "since": since, "ready": False, "restarts": restarts,
        "last": (reason, code, ended), "proves": proves,
        "waiting": ("CrashLoopBackOff", f"back-off {wait} restarting failed container={container} pod={pod}_{w.namespace}(5f1c8a52-3c1d-4c4f-9d5e-0a7b2f1e6d3c)"), **more,
    }  # fmt: skip
    said = f"Back-off restarting failed container {container} in pod {pod}"
    w.event(w.start, "Pod", pod, "BackOff", said, False, restarts * 5, w.end - timedelta(seconds=15), proves)
    return ended - timedelta(seconds=2)


def client_of(w: World) -> str:
    """Return the logger of the operator's client."""
    return "SchedulerClient" if w.release >= (2, 10, 0) else "schedulerClient"


def refused(w: World, kind: str, name: str, at: datetime, why: str, proves: str) -> str:
    """Let the scheduler refuse a resource for good; returns the error as the operator has it."""
    method, key = {"model": ("LoadModel", "Load"), "experiment": ("StartExperiment", "Start")}[kind]
    logger = f"{client_of(w)}.{method}"
    error = f"rpc error: code = FailedPrecondition desc = {why}"
    where = {"resource": kind.capitalize(), "resourceName": name}
    w.manager(at, "INFO", logger, key, {f"{kind} name": name})
    code = "FailedPrecondition" if w.release >= (2, 8, 0) else 9
    w.manager(at, "INFO", client_of(w), "Got grpc status code", {"err": error, "code": code, **where}, proves)
    w.manager(at, "INFO", client_of(w), "Non retryable error", {"code": code, **where}, proves)
    return error


def reconciler_error(
    w: World, kind: str, name: str, at: datetime, why: str, proves: str, until: datetime | None = None
) -> None:
    """Let the operator fail on a resource, again and again with growing pauses."""
    wait = 1.0
    while at < (until or w.end):
        w.manager(at, "ERROR", "", "Reconciler error", {**w.reconcile(kind, name), "error": why}, proves)
        at, wait = at + w.jitter(wait), min(wait * 2, 1000.0)


def experiment(
    w: World, name: str, at: datetime, spec: dict[str, Any], conditions: list[dict[str, Any]], proves: str
) -> None:
    """Add an Experiment resource."""
    body = {
        "apiVersion": GROUP, "kind": "Experiment", "metadata": objects.meta(w, name, at, finalizers=["seldon.experiment.finalizer"]),
        "spec": spec, "status": {"conditions": conditions},
    }  # fmt: skip
    w.extra.append((body, proves))


def add(w: World, api: str, kind: str, name: str, proves: str | None, at: datetime | None = None, **rest: Any) -> None:
    """Add any other object."""
    w.extra.append(
        ({"apiVersion": api, "kind": kind, "metadata": objects.meta(w, name, at or w.start), **rest}, proves)
    )


def gone_from_scheduler(w: World, server: str, index: int, at: datetime, proves: str | None) -> None:
    """Let the scheduler notice that an agent has gone."""
    said, who = f"Client replica {server}:{index} has disconnected", {"func": "Subscribe", "source": "AgentServer"}
    if w.release >= (2, 10, 1):
        w.say("scheduler", at, "warning", said, proves, error="context canceled", **who)
        w.say("scheduler", at, "info", "Removing server replica and re-scheduling model(s)", proves, **who)
    else:
        w.say("scheduler", at, "info", said, proves, **who)


def unplaced(w: World, model: Model, at: datetime, why: str, proves: str) -> None:
    """Let a model that ran lose its place and its route."""
    model.placed = None
    w.routes.pop(model.name, None)
    text = f"Empty server for {model.name}:1 so ignoring event"
    w.say("scheduler", at, "warning", text, func="updateServerModelStatus", source="SchedulerServer")
    w.say("scheduler", at, "info", f"{w.remove} for model {model.name}", func="RemoveRoute", source="SeldonXDSCache")
    w.told(model, at, "ScheduleFailed", why, proves)


def no_server(w: World) -> str:
    """Return why a model is not placed when no server is left."""
    return "Failed to schedule model as no matching servers are available"


def goroutine(w: World, pod: str, container: str, at: datetime, head: str, frames: str, proves: str) -> None:
    """Let a Go program die of a panic."""
    raw(w, pod, container, at, f"{head}\n\ngoroutine {w.rng.randrange(20, 4000)} [running]:\n{frames}", proves)
