"""What breaks in and around the operator: what it may see, what it is told to make, and what it cannot read.

Source: Seldon Core 2.10.2, `operator/controllers/mlops`, `operator/scheduler`, `operator/internal/utils.go`.
"""

from datetime import datetime, timedelta

from benchmarks.accuracy import objects
from benchmarks.accuracy.episodes import (
    GROUP,
    add,
    answered,
    client_of,
    crashing,
    failing,
    hush,
    moment,
    reconciler_error,
)
from benchmarks.accuracy.life import raw, started
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import Model, Server, World

STATEFULSET = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"


SPACES = ("team-north", "forecasting", "ml-staging", "payments")
GONE = {("Deployment", "seldon-envoy"), ("Service", "seldon-scheduler"), ("Service", "seldon-mesh")}


def elsewhere(w: World, seen: bool, reason: str = "") -> World:
    """Let a Model and a Server stand in another namespace, without a runtime, `seen` by the operator or not."""
    at = moment(w, 0.05)
    name = f"{w.rng.choice(('wind', 'sales', 'fleet'))}-{w.rng.choice(('load', 'forecast', 'eta'))}"
    other = World(w.rng, w.release, w.rng.choice(SPACES), at, [Server("mlserver")], [Model(name, f"s3://models/{name}")])  # fmt: skip
    other.end, other.scheduler_down, other.no_envoy = w.end, "never-made", True
    other.models[0].since, other.models[0].reason = at, reason
    other.hidden |= {*GONE, ("SeldonRuntime", "seldon"), ("StatefulSet", "mlserver")}
    other.empty |= {"SeldonRuntime": "seldonruntimes", "Service": "services", "StatefulSet": "statefulsets"}
    other.edits["Model", name] = {} if seen else {"metadata": {"finalizers": None}, "status": None}, "orphan"
    conditions = [objects.condition(kind, False, at, reason) for kind in ("Ready", "StatefulSetReady")]
    other.edits["Server", "mlserver"] = {"status": {"conditions": conditions} if seen else None}, "orphan"
    w.neighbour = other
    return other


def unwatched(w: World) -> None:
    """Somebody works in a namespace that the operator does not watch."""
    w.manager(w.start - timedelta(seconds=12), "INFO", "setup", "Watching namespace", {"namespace": w.namespace}, "watch")  # fmt: skip
    name = elsewhere(w, False).models[0].name
    answered(w, moment(w, 0.1), w.end)
    for n in range(4):
        w.call(name, w.end - timedelta(seconds=30 * n + 10), 404, "NR", "-", "call")


def runtime_missing(w: World) -> None:
    """Models and a Server stand in a namespace that has no SeldonRuntime."""
    w.facts |= {"no-runtime", "operator-cut-off"}
    other = elsewhere(w, True)
    namespace, name = other.namespace, other.models[0].name
    why = "rpc error: code = Unavailable desc = name resolver error: produced zero addresses"
    if w.release < (2, 8, 4):
        why = f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp: lookup seldon-scheduler.{namespace} on 10.96.0.10:53: no such host"'
    other.models[0].reason = why
    for one in other.edits["Server", "mlserver"][0]["status"]["conditions"]:
        one["reason"] = why
    at, wait = moment(w, 0.05), 1.0
    answered(w, at, w.end)
    host = {"host": f"seldon-scheduler.{namespace}", "port": 9004}
    while at < w.end:
        w.manager(at, "INFO", client_of(w), "Dialing scheduler", host)
        w.manager(at, "INFO", client_of(w), "Connected to scheduler", host)
        w.manager(at, "INFO", client_of(w), "Failed smoke test on scheduler", {"namespace": namespace}, "smoke")
        kind, of = w.rng.choice((("model", name), ("server", "mlserver")))
        w.manager(at, "ERROR", "", "Reconciler error", {**other.reconcile(kind, of), "error": why}, "smoke")
        at, wait = at + w.jitter(wait), min(wait * 1.6, 30.0)


def pods_without_runtime(w: World) -> None:
    """As before, and the operator is one that makes the pods first: they may not be made."""
    runtime_missing(w)
    other = w.neighbour
    other.hidden.discard(("StatefulSet", "mlserver"))
    why = f'create Pod mlserver-0 in StatefulSet mlserver failed error: pods "mlserver-0" is forbidden: error looking up service account {other.namespace}/seldon-server: serviceaccount "seldon-server" not found'
    other.event(other.start, "StatefulSet", "mlserver", "FailedCreate", why, False, 15, w.end - timedelta(seconds=40), "account")  # fmt: skip


def nothing_made(w: World) -> None:
    """The runtime's components are never made."""
    w.scheduler_down = "never-made"
    w.servers[:] = w.servers[:1]
    w.pods_blocked = {"make": lambda *_: None}


def config_missing(w: World) -> None:
    """The runtime names a SeldonConfig that is not there."""
    w.logs.pop((w.names["envoy"], "envoy", False), None)
    w.containers.pop((w.names["envoy"], "envoy"), None)
    w.client.clear()
    w.no_envoy = True
    w.hidden |= GONE
    config = w.rng.choice(("default", "hardened", "eu-default"))
    empty = w.rng.random() < 0.3
    why = f'SeldonConfig.mlops.seldon.io "{config}" not found'
    why = "SeldonConfig not specified and is required" if empty else why
    reconciler_error(w, "seldonruntime", "seldon", w.start, why, "config")
    w.edits["SeldonRuntime", "seldon"] = {"spec": {"seldonConfig": "" if empty else config}, "status": None}, "runtime"


def server_config_missing(w: World) -> None:
    """A Server names a ServerConfig that is not there."""
    w.servers[1:] = []
    w.pods_blocked = {"make": lambda *_: None}


def server_config_says(w: World) -> None:
    """Let the operator complain of it."""
    server = w.servers[0].name
    config = w.rng.choice(("mlserver-gpu", f"{w.namespace}/mlserver", "mlserver-custom"))
    why = f'ServerConfig.mlops.seldon.io "{config}" not found'
    why = f"failed to get ServerConfig: {why}" if w.release >= (2, 10, 0) else why
    if w.release >= (2, 10, 0):
        fields = {"name": server, "namespace": w.namespace, "spec": {"serverConfig": config}, "error": why}
        w.manager(w.start, "ERROR", "Reconcile", "Failed creating server reconciler", fields, "config")
    reconciler_error(w, "server", server, w.start, why, "config")
    conditions = [objects.condition(kind, False, w.start, why) for kind in ("Ready", "StatefulSetReady")]
    w.edits["Server", server] = {"spec": {"serverConfig": config}, "status": {"conditions": conditions}}, "config"
    w.hidden.add(("StatefulSet", server))


def crd_missing(w: World) -> None:
    """An upgrade left a kind out: the new operator waits for it, and ends."""
    kind = w.rng.choice(("SeldonConfig", "SeldonRuntime", "ServerConfig", "Pipeline"))
    pod = w.names["operator"]
    answered(w, moment(w, 0.1), w.end)
    w.logs.pop((pod, "manager", False), None)
    at = w.end - timedelta(seconds=220)
    w.manager(at, "INFO", "setup", "Setting log level", {"level": "info"})
    w.manager(at, "INFO", "", "Starting EventSource", {**w.reconcile(kind.lower(), ""), "source": f"kind source: *v1alpha1.{kind}"})  # fmt: skip
    why = f'no matches for kind "{kind}" in version "mlops.seldon.io/v1alpha1"'
    for n in range(12):
        t = at + timedelta(seconds=10 * n + 1)
        said = "if kind is a CRD, it should be installed before calling Start"
        w.manager(t, "ERROR", "controller-runtime.source.EventHandler", said, {"kind": f"{kind}.mlops.seldon.io", "error": why}, "kind")  # fmt: skip
    t = at + timedelta(seconds=121)
    why = f"failed to wait for {kind.lower()} caches to sync: timed out waiting for cache to be synced for Kind *v1alpha1.{kind}"
    w.manager(t, "ERROR", "", "Could not wait for Cache to sync", {**w.reconcile(kind.lower(), ""), "error": why}, "kind")  # fmt: skip
    w.manager(t, "ERROR", "setup", "problem running manager", {"error": why}, "kind")
    crashing(w, pod, "manager")


def operator_oom(w: World) -> None:
    """The operator is killed for memory, again and again."""
    at = moment(w, 0.3)
    answered(w, at, w.end)
    hush(w, at, "manager")
    crashing(w, w.names["operator"], "manager", 137, "OOMKilled", "oom")


def lease_lost(w: World) -> None:
    """The operator cannot renew its lease, and ends."""
    at = moment(w, 0.5)
    answered(w, at, w.end)
    hush(w, at, "manager")
    pod, lock = w.names["operator"], f"{w.namespace}/e98130ae.seldon.io"
    for n in range(3):
        t = at + timedelta(seconds=3 * n)
        why = f'Get "https://10.96.0.1:443/apis/coordination.k8s.io/v1/namespaces/{w.namespace}/leases/e98130ae.seldon.io?timeout=5s": context deadline exceeded'
        raw(w, pod, "manager", t, f"E{t:%m%d %H:%M:%S}.{t.microsecond:06}       1 leaderelection.go:436] error retrieving resource lock {lock}: {why}", "lease")  # fmt: skip
    raw(w, pod, "manager", t, f"I{t:%m%d %H:%M:%S}.{t.microsecond:06}       1 leaderelection.go:297] failed to renew lease {lock}: context deadline exceeded", "lease")  # fmt: skip
    w.manager(t, "ERROR", "setup", "problem running manager", {"error": "leader election lost"}, "lease")
    crashing(w, pod, "manager")


def two_operators(w: World) -> None:
    """An operator of an older installation still watches the whole cluster, and writes the same objects."""
    other = World(w.rng, w.release, w.rng.choice(("seldon-system", "seldon-old", "platform")), w.start - timedelta(days=90), [], [])  # fmt: skip
    other.end, other.scheduler_down, other.no_envoy = w.end, "never-made", True
    other.hidden |= {*GONE, ("SeldonRuntime", "seldon")}
    other.containers[other.names["operator"], "manager"] = {"app": "seldon-v2-controller-manager", "since": other.start, "proves": "second"}  # fmt: skip
    w.neighbour = other
    at = moment(w, 0.1)
    answered(w, at, w.end)
    while at < w.end:
        what = w.rng.choice(("deployments.apps", "statefulsets.apps", "services"))
        why = f'Operation cannot be fulfilled on {what} "seldon-envoy": the object has been modified; please apply your changes to the latest version and try again'
        w.manager(at, "ERROR", "", "Reconciler error", {**w.reconcile("seldonruntime", "seldon"), "error": why}, "conflict")  # fmt: skip
        at += w.jitter(12)


def bad_scaling(w: World) -> None:
    """A Server has fewer replicas than its least, or more than its most."""
    server = w.servers[0].name
    low = w.rng.random() < 0.5
    why = "scaling spec is invalid: " + ("number of replicas 1 must be >= min replicas 2" if low else "number of replicas 4 must be <= max replicas 2")  # fmt: skip
    spec = {"replicas": 1, "minReplicas": 2} if low else {"replicas": 4, "maxReplicas": 2}
    at = moment(w, 0.2)
    answered(w, at, w.end)
    fields = {"name": server, "namespace": w.namespace, "spec": {"serverConfig": "mlserver", **spec}, "error": why}
    w.manager(at, "ERROR", "Reconcile", "Scaling spec failed validation", fields, "scaling")
    w.manager(at, "ERROR", "", "Reconciler error", {**w.reconcile("server", server), "error": f"terminal error: {why}"}, "scaling")  # fmt: skip
    conditions = [objects.condition(kind, False, at, why) for kind in ("Ready", "StatefulSetOrDeploymentReady")]
    w.edits["Server", server] = {"spec": spec, "metadata": {"generation": 2}, "status": {"conditions": conditions}}, "scaling"  # fmt: skip


def stuck(w: World) -> None:
    """A Model is deleted, and nobody ever says that it is gone."""
    model = pick(w)
    at = w.end - timedelta(minutes=w.rng.uniform(7, 9))
    w.manager(at, "INFO", f"{client_of(w)}.UnloadModel", "Unload", {"model name": model.name}, "stuck")
    w.edits["Model", model.name] = {"metadata": {"deletionTimestamp": objects.stamp(at), "deletionGracePeriodSeconds": 0, "generation": 2}}, "stuck"  # fmt: skip
    late = {"server": w.servers[0].name}
    w.manager(w.end - timedelta(seconds=30), "INFO", f"{client_of(w)}.SubscribeServerEvents", "Received event", late)


def runtime_stuck(w: World) -> None:
    """The runtime is deleted before its Servers."""
    at = moment(w, 0.3)
    answered(w, at, w.end)
    w.edits["SeldonRuntime", "seldon"] = {"metadata": {"deletionTimestamp": objects.stamp(at), "finalizers": ["seldon.runtime.finalizer"]}}, "stuck"  # fmt: skip
    why = f"Runtime is being deleted but servers still running in namespace {w.namespace}"
    w.manager(at, "INFO", "SeldonRuntime", "Runtime being deleted", {"namespace": w.namespace, "numServers": len(w.servers)}, "stuck")  # fmt: skip
    reconciler_error(w, "seldonruntime", "seldon", at, why, "stuck")


def one_too_many(w: World) -> None:
    """A Server wants two replicas, but its StatefulSet cannot be changed: one pod there is."""
    w.servers[1:] = []
    w.servers[0].replicas = 2

    def make(w: World, pod: str, at: datetime) -> None:
        if pod.endswith("-0"):
            for container in ("mlserver", "rclone", "agent"):
                w.containers[pod, container] = {"since": at}
            started(w, pod, at)
            w.subscribe(pod, w.start_server(pod, at), w.end)

    w.pods_blocked = {"make": make}


def one_too_many_says(w: World) -> None:
    """Let the operator complain of it."""
    name = w.servers[0].name
    why = f'StatefulSet.apps "{name}" is invalid: spec: Forbidden: {STATEFULSET}'
    reconciler_error(w, "server", name, w.start, why, "immutable")
    w.edits["StatefulSet", name] = {"spec": {"replicas": 1}, "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1}}, "immutable"  # fmt: skip
    conditions = [objects.condition(kind, False, w.start, why) for kind in ("Ready", "StatefulSetReady")]
    w.edits["Server", name] = {"status": {"conditions": conditions}}, "immutable"


def two_runtimes(w: World) -> None:
    """Two runtimes own the same objects: the operator writes them in turn, without end."""
    name = w.rng.choice(("seldon-old", "runtime-b", f"{w.namespace}-runtime"))
    add(w, GROUP, "SeldonRuntime", name, "runtimes", spec={"seldonConfig": "default"},
        status={"conditions": [objects.condition("Ready", False, w.start)]})  # fmt: skip
    w.edits["SeldonRuntime", "seldon"] = {}, "runtimes"
    t = w.end - timedelta(seconds=100)
    answered(w, moment(w, 0.1), w.end)
    while t < w.end:
        fields = w.reconcile("seldonruntime", w.rng.choice((name, "seldon")))
        for component in ("seldon-scheduler", "seldon-envoy", "seldon-modelgateway", "seldon-pipelinegateway", "seldon-dataflow-engine", "hodometer"):  # fmt: skip
            w.manager(t, "INFO", "SeldonRuntime", "Creating reconciler", {**fields, "name": component, "has override": False}, "runtimes")  # fmt: skip
        if w.rng.random() < 0.2:
            why = 'Operation cannot be fulfilled on deployments.apps "seldon-envoy": the object has been modified; please apply your changes to the latest version and try again'
            w.manager(t, "ERROR", "SeldonRuntime", "Failed to update statefuleset", {"Name": "seldon-envoy", "Namespace": w.namespace, "error": why}, "runtimes")  # fmt: skip
            w.manager(t, "ERROR", "", "Reconciler error", {**fields, "error": why}, "runtimes")
        t += w.jitter(0.25)


def resend_fails(w: World) -> None:
    """The operator cannot hand over its Models after the start: each try ends in a time-out."""
    at = (w.ready_at or w.start) + timedelta(seconds=20)
    if at > w.end - timedelta(minutes=2):
        at = w.end - timedelta(minutes=2)
    why = "rpc error: code = DeadlineExceeded desc = context deadline exceeded"
    logger = f"{client_of(w)}.SubscribeControlPlaneEvents"
    if w.release >= (2, 10, 0):
        w.manager(at, "INFO", logger, "Received control plane event", {"event": "SEND_MODELS"})
        for n in range(4):
            t = at + timedelta(seconds=12 * n)
            w.manager(t, "ERROR", logger, "Failed to process control plane event", {"event": "SEND_MODELS", "error": f"failed sending models: {why}"}, "resend")  # fmt: skip
        w.manager(t, "ERROR", logger, "Failed to handle event", {"event": "SEND_MODELS", "namespace": w.namespace, "error": f"failed sending models: {why}"}, "resend")  # fmt: skip
    else:
        t = at
        while t < w.end:
            w.manager(t, "INFO", logger, "Received event to handle state", {"event": "event:SEND_SERVERS"})
            w.manager(t, "INFO", logger, "Handled state on reconnect", {})
            w.manager(t, "INFO", logger, "Received event to handle state", {"event": "event:SEND_RESOURCES"})
            t += w.jitter(11)
            w.manager(t, "ERROR", client_of(w), "Failed to send models to scheduler", {"error": why}, "resend")
            w.manager(t, "ERROR", logger, "Failed to handle state on reconnect", {"error": why}, "resend")
            w.manager(t, "ERROR", logger, "Scheduler not ready", {"error": why})
            w.manager(t, "INFO", logger, "Retrying to connect", {"namespace": w.namespace})
    for model in w.models:
        model.state, model.reason, model.since = "ModelAvailable", "", w.start - timedelta(days=2)
        w.routes.pop(model.name, None)
        failing(w, model, at + timedelta(seconds=10), 404, "NR", n=3)
