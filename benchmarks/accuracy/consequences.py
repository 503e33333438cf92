"""What truly follows from a fault: symptoms told by the state of the simulated world, not by what is found.

A symptom that is found is right where the world has it, and wrong elsewhere. Each is asked of what the installation
came to: whom it answered how, which containers do not stay up, what its objects say, who never reached whom. Where no
state holds it, the mechanism that brings it about has noted it as a fact.
"""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.accuracy import objects
from benchmarks.accuracy.model import World
from benchmarks.accuracy.voices import Call

Truth = Callable[[World], bool]


def fact(*names: str) -> Truth:
    """Return the truth that a mechanism has noted one of these facts."""
    return lambda w: bool(w.facts & set(names))


def lasting(bad: Callable[[Call], bool]) -> Truth:
    """Return the truth that callers of something got such an answer, and no good one after it."""

    def truth(w: World) -> bool:
        last: dict[str, Call] = {}
        for call in sorted(w.calls, key=lambda call: call.at):
            if bad(call) or call.status == 200:
                last[call.name] = call
        return any(bad(call) for call in last.values())

    return truth


def said(container: str, *proofs: str) -> Truth:
    """Return the truth that a container printed a line which proves this."""
    return lambda w: any(
        line.proves in proofs for (_, name, _), log in w.logs.items() if name == container for line in log
    )


def states(w: World) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the containers: pod, name, state."""
    for (pod, name), state in w.containers.items():
        if ("Pod", pod) not in w.hidden:
            yield pod, name, state


def crashing(*names: str) -> Truth:
    """Return the truth that one of these containers (any if none is named) does not stay up."""
    return lambda w: any(
        s.get("waiting", ("",))[0] == "CrashLoopBackOff" and (not names or name in names) for _, name, s in states(w)
    )


def down(who: str, container: str = "") -> Truth:
    """Return the truth that a component is deployed and has no pod that is ready."""
    name = container or who

    def truth(w: World) -> bool:
        kept = [s for _, n, s in states(w) if n == name]
        wanted = any(b["kind"] == "Deployment" and b["metadata"]["name"] == f"seldon-{who}" for b, _ in w.extra)
        return (wanted or bool(kept)) and not any(s.get("ready", True) for s in kept)

    return truth


def unready(*kinds: str) -> Truth:
    """Return the truth that an object of Seldon's is not ready by its own conditions."""

    def truth(w: World) -> bool:
        return any(
            each["type"] == "Ready" and each["status"] == "False"
            for world in (w, w.neighbour)
            if world is not None
            for body, _ in objects.collected(world)
            if body["kind"] in kinds
            for each in (body.get("status") or {}).get("conditions") or ()
        )

    return truth


def model(*states: str) -> Truth:
    """Return the truth that a Model is in one of these states."""
    return lambda w: any(m.state in states for world in (w, w.neighbour) if world is not None for m in world.models)


def unjoined(w: World) -> bool:
    """Whether the scheduler waits for replicas of a Server that never came."""
    return any(len(s.connected) < s.replicas or s.replicas == 0 for s in w.servers)


def no_xds(w: World) -> bool:
    """Whether Envoy has no connection to a scheduler at the end."""
    return w.xds_since is None or "scheduler-gone" in w.facts or "xds-cut" in w.facts


def probed(w: World) -> bool:
    """Whether probes fail to the end."""
    return any(
        e["reason"] == "Unhealthy" and e["count"] > 2 and (w.end - e["last"]).total_seconds() < 300 for e in w.events
    )


def hollow(w: World) -> bool:
    """Whether the runtime calls a component ready that was scaled to none."""
    off = any(b["kind"] == "Deployment" and b["spec"]["replicas"] == 0 for b, _ in w.extra)
    return w.release >= (2, 6, 0) and (off or w.scheduler_down == "scaled")


KINDS = ("Model", "Server", "Pipeline", "Experiment", "SeldonRuntime")
RAISED = lasting(lambda c: c.status == 500)

CONSEQUENCES: dict[str, Truth] = {
    # what callers get
    "envoy-no-route-404": lasting(lambda c: c.status == 404 and "NR" in c.flags),
    "envoy-grpc-unimplemented": lasting(lambda c: c.flags == "NR, gRPC"),
    "envoy-upstream-connect-failure": lasting(lambda c: "UF" in c.flags),
    "envoy-upstream-reset": lasting(lambda c: "UC" in c.flags),
    "envoy-no-healthy-upstream": lasting(lambda c: "UH" in c.flags),
    "envoy-agent-answers-502": lasting(lambda c: c.status == 502 and c.host != "-"),
    "envoy-retries-amplify-5xx": lasting(lambda c: "URX" in c.flags),
    "model-server-answers-errors": lasting(lambda c: c.host != "-" and c.status in (400, 404, 500)),
    "callers-get-errors": lasting(lambda c: c.status >= 500),
    "mlserver-500-model-exception": lambda w: RAISED(w) and said("mlserver", "500", "worker")(w),
    "triton-500-model-exception": lambda w: RAISED(w) and said("triton", "500", "triton")(w),
    "pipeline-inference-timeout": lasting(lambda c: c.flags == "gave up"),
    "pipeline-step-inference-error": lasting(lambda c: c.flags == "step"),
    # who reaches whom
    "agent-cannot-reach-scheduler": fact("agent-unheard", "scheduler-gone"),
    "controller-cannot-reach-scheduler": fact("operator-cut-off", "scheduler-gone"),
    "dataflow-cannot-reach-scheduler": fact("engine-cut-off"),
    "envoy-xds-disconnected": no_xds,
    "scheduler-server-not-connected": unjoined,
    "scheduler-ended": fact("scheduler-gone"),
    "agent-endpointslice-wait": said("agent", "forbidden"),
    "agent-inference-server-lost": said("agent", "proxy"),
    "agent-proxy-inference-error": said("agent", "proxy", "room"),
    "agent-inference-server-not-ready-startup": said("agent", "waiting"),
    "model-broken-after-load-silent": said("mlserver", "worker"),
    # what does not stay up
    "k8s-crashloop": crashing(),
    "agent-ends-at-start": crashing("agent"),
    "modelgateway-down": down("modelgateway"),
    "pipelinegateway-down": down("pipelinegateway"),
    "k8s-probe-failure": probed,
    "rclone-not-ready": crashing("rclone"),
    # how models fare
    "resource-not-ready": unready(*KINDS),
    "model-failed-load": model("ModelFailed", "ModelTerminateFailed"),
    "scheduler-no-matching-servers": model("ScheduleFailed"),
    "scheduler-empty-server-ignored": model("ScheduleFailed"),
    "model-progressing-stuck-no-scheduler": model("ModelProgressing"),
    "rclone-copy-failed": said("rclone", "rclone"),
    "triton-load-failed": lambda w: said("triton", "triton")(w) and model("ModelFailed")(w),
    "mlserver-model-not-found": fact("model-unknown"),
    "mlserver-load-pending": lambda w: "load-hangs" in w.facts and "copy-hangs" not in w.facts,
    "rclone-copy-pending": fact("copy-hangs"),
    "rclone-silent-hang": fact("copy-hangs"),
    "runtime-ready-misleading": hollow,
    "mlserver-load-orphaned-by-deadline": said("mlserver", "loop"),
    "ready-without-route": lambda w: (
        any(m.state == "ModelAvailable" and m.name not in w.routes for m in w.models) or "wrong-weights" in w.facts
    ),
    "experiment-silent-fallback": said("scheduler", "candidate"),
    "server-without-runtime": fact("no-runtime"),
    "server-pod-gone-models-unschedulable": fact("server-lost"),
    "controller-controlplane-resync-blocked": said("manager", "resend"),
    # Envoy's configuration
    "envoy-xds-config-rejected": said("envoy", "rejected"),
    "envoy-ready-without-listener": lambda w: w.xds_since is None or "no-listener" in w.facts,
    # Kafka and pipelines
    "kafka-topic-creation-failed": fact("topics-fail"),
    "kafka-topic-wait-hides-auth-errors": fact("topics-waited"),
    "dataflow-stream-error": fact("topics-fail", "streams-fail"),
    "pipeline-step-model-not-ready": fact("step-not-ready"),
    "pipeline-not-ready-no-gateway": fact("no-gateway"),
}


def consequences(w: World) -> set[str]:
    """Return the symptoms that the world has at its end."""
    return {name for name, truth in CONSEQUENCES.items() if truth(w)}
