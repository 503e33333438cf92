"""Which component wrote a log, by what it says, and who it says it is.

Content decides; the names of pod and container only where it does not. The signs are the identity fields that each
component's own loggers set, and messages of its start. Messages that two components share are no signs.

Source: scheduler/, operator/, hodometer/ of Seldon Core v2, releases 2.0 to 2.10.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import polars as pl

from parsers.parser import Origin

# Identity fields: `source=X` in logrus' text form, `"source":"X"` in JSON.
_FIELDS: Mapping[str, str] = {
    "scheduler": "source=SchedulerServer source=AgentServer source=MemoryStore source=pipelineStore source=pipelineDb "
    "source=experimentServer source=experimentDb source=PipelineModelStatusHandler source=IncrementalProcessor "
    "source=SeldonXDSCache source=LinearCache source=SnapshotCache source=dataflow source=EventHub "
    "source=VersionCleaner source=ServerBasedSynchroniser source=SimpleSynchroniser source=ScalingConfigHandler "
    "Name=SimpleScheduler",
    "agent": "Name=AgentServiceManager Name=Client Name=V2ModelRepository Source=StateManager "
    "Source=CacheTransactionManager Source=RCloneClient Source=HTTPProxy Source=GRPCProxy "
    "Source=V2InferenceServerClientGrpc name=TritonRepositoryHandler source=AgentConfigHandler source=AgentDebug "
    "source=ReadinessService source=DrainerService source=StatsAnalyzerService source=StatsAnalyserService",
    "modelgateway": "source=KafkaSchedulerClient source=EventProcessor source=InferConsumer source=KafkaInferWorker",
    "pipelinegateway": "source=PipelineSchedulerClient source=KafkaManager source=MultiTopicsKafkaConsumer "
    "source=GatewayHttpServer source=GatewayGrpcServer source=ModelRestCaller",
    "hodometer": "source=SeldonCoreCollector source=Punctuator source=JsonPublisher",
}
_MESSAGES: Mapping[str, tuple[str, ...]] = {
    "scheduler": (
        "Scheduler server running on ", "Agent server running on ", "Chainer server running on ", "Scheduler is ready",
        "Autoscaling (native) service is set to", "Scheduler ready timeout is set to",
        "Failed to initialise pipeline db", "Failed to initialise experiment db", "Starting xDS envoy server on port",
        "Not running with scheduler local DB", "UnloadModelGwVersionModels called for", "Started HTTP health server",
        "Failed to start envoy xDS server", "Unable to create event hub", "Server packing is set to",
        "/cmd/scheduler/main.go:",
        "Namespace is ", "Failed to load Scaling config",
    ),
    "agent": (
        "Server Capabilities [", "Setting scheduler-host from ", "Setting inference svc name to ", "Server name:",
        "Setting overcommit percentage from env", "Trying to set server name and replica index", "replicaConfig ",
        "Model repository dir ", "Rclone server ", "Creating MLServer repository handler", "Agent shutting down",
        "Creating Triton repository handler", "Created replicaConfig from environment",
        "agent dependent s", "V2 (OIP) Inference Server ", "V2 Inference Server ", "Loading initial rclone config",
        "Setting inference-http-port from ", "Using server with statefulset", "Using server with deployment",
        "/cmd/agent/main.go:",
    ),
    "modelgateway": (
        "MODELGATEWAY_NUM_WORKERS", "MODELGATEWAY_WORKER_TIMEOUT_MS", "Failed to start modelgateway client",
        "Subscribing to model status events", "Stopping modelgateway", "Failed to create consumer manager",
        "Creating producer config for use later", "/cmd/modelgateway/main.go:",
    ),
    "pipelinegateway": (
        "PIPELINEGATEWAY_MAX_NUM_TOPICS_PER_CONSUMER", "ubscribing to pipeline status events",
        "Failed to create REST modelchecker", "Failed to create kafka manager", "Failed to start http health server",
        "/cmd/pipelinegateway/main.go:",
    ),
    "hodometer": ("BuildVersion=", "publishing usage metrics", "unable to fetch from Seldon Core scheduler"),
    "controller": (
        '"mlops.seldon.io"', "controllerGroup=mlops.seldon.io", "\tschedulerClient", "\tSchedulerClient",
        "logger=schedulerClient", "logger=SchedulerClient",
        '"logger":"schedulerClient', '"logger":"SchedulerClient', "e98130ae.seldon.io", "*v1alpha1.SeldonRuntime",
        "*v1alpha1.ServerConfig", "Started controller manager", "mlops.seldon.io/v1alpha1",
        "models.mlops.seldon.io", "\tServerReconcile", "\tModelReconcile", "Running scheduler client in",
        ":seldon-v2-controller-manager", ":seldon-v2-manager",  # its service account
        "\tSetting log level\t{", "Setting log level level=", '"msg":"Setting log level"',  # operator/main.go, v2.9.0
    ),
    "dataflow": ("io.seldon.dataflow",),
    "rclone": ("Serving remote control on ", 'rc: "sync/copy"', "Local file system at /mnt/agent/rclone/"),
}  # fmt: skip

# What the charts call containers, and what pods are named after.
_CONTAINERS: Mapping[str, str] = {
    "scheduler": "scheduler", "agent": "agent", "rclone": "rclone", "mlserver": "mlserver", "triton": "triton",
    "modelgateway": "modelgateway", "pipelinegateway": "pipelinegateway", "hodometer": "hodometer",
    "manager": "controller", "dataflow-engine": "dataflow", "dataflow": "dataflow", "envoy": "envoy",
}  # fmt: skip
_PODS = (
    "scheduler", "modelgateway", "pipelinegateway", "dataflow-engine", "hodometer", "envoy", "controller-manager",
)  # fmt: skip
CONTAINERS = {component: container for container, component in _CONTAINERS.items() if container != "dataflow"}

# How much is read at once to decide: the signs stand in every second line or at the start.
_ENOUGH = 4_000


@lru_cache
def signs() -> Mapping[str, list[str]]:
    """Return for each component the literals that only its own log holds."""
    found = {component: list(messages) for component, messages in _MESSAGES.items()}
    for component, fields in _FIELDS.items():
        pairs = [pair.partition("=") for pair in fields.split()]
        found[component] += [f"{key}={value}" for key, _, value in pairs]
        found[component] += [f'"{key}":"{value}"' for key, _, value in pairs]
    return found


def telling(texts: pl.Series) -> pl.Series:
    """Return the lines, those that tell nothing of a component, of its place or of its version as empty ones.

    The other functions here come to the same with either, and need not look at every line once for each component.
    """
    literals = [*_SAID_SIGNS, *(literal for some in signs().values() for literal in some)]
    return pl.select(
        pl.when(pl.lit(texts).str.contains_any(literals)).then(pl.lit(texts)).otherwise(pl.lit(""))
    ).to_series()


def component_of(texts: pl.Series, origin: Origin) -> str | None:
    """Return the component that wrote these lines, or None where neither content nor origin say.

    Args:
        texts: the lines, unwrapped.
        origin: decides only where the content does not.
    """
    for part in (texts.head(_ENOUGH), texts.slice(_ENOUGH)):
        said = part.filter(part != "").to_frame("text")
        if said.is_empty():
            continue
        counts = said.select(
            pl.col("text").str.contains_any(literals).sum().alias(name) for name, literals in signs().items()
        ).row(0, named=True)
        best = max(counts, key=lambda name: counts[name])
        if counts[best] and sum(count == counts[best] for count in counts.values()) == 1:
            return best
    return named_component(origin)


def components_of(rows: pl.DataFrame, origins: Sequence[Origin]) -> list[str | None]:
    """Return for each part what `component_of` does; empty where signs of more than one component are in it.

    Args:
        rows: columns part, the place in `origins`, and text.
        origins: those of the parts.
    """
    names = signs()
    counts = (
        rows.with_columns(telling(rows["text"]).alias("text"))
        .filter(pl.col("text") != "")
        .group_by("part")
        .agg(pl.col("text").str.contains_any(literals).sum().alias(name) for name, literals in names.items())
    )
    found = [named_component(origin) for origin in origins]
    for part, *some in counts.select("part", *names).iter_rows():
        said = [name for name, count in zip(names, some, strict=True) if count]
        found[part] = found[part] if not said else said[0] if len(said) == 1 else ""
    return found


def says_who(texts: pl.Series) -> pl.Series:
    """Return of which lines `identity_of` may take a name or a version."""
    return texts.str.contains_any(_SAID_SIGNS).fill_null(False)


def named_component(origin: Origin) -> str | None:
    """Return the component that the names of container and pod stand for."""
    if origin.component:
        return origin.component
    by_container = _CONTAINERS.get((origin.container or "").lower())
    if by_container:
        return by_container
    pod = (origin.pod or "").lower()
    found = next((name for name in _PODS if name in pod), None)
    return {"dataflow-engine": "dataflow", "controller-manager": "controller"}.get(found or "", found)


_SAID: Mapping[str, tuple[str, ...]] = {
    "pod": (
        r"Got server name and index from \w+ with value ([a-z0-9][a-z0-9.-]*)\.",
        r"Setting inference svc name to ([a-z0-9][a-z0-9.-]*)",
        r"Subscriber \(([a-z0-9][a-z0-9.-]*), [^)]*\) subscribing to pipeline status events",
    ),
    "namespace": (
        r"Setting namespace from k8s file to ([a-z0-9][a-z0-9-]*)",
        r'(?:^|msg=")Namespace is ([a-z0-9][a-z0-9-]*)',
        r"leader lease ([a-z0-9][a-z0-9-]*)/",
    ),
    "version": (
        r'(?:^|msg="|"msg":")Version v?([0-9]+\.[0-9]+\.[0-9][0-9A-Za-z.+-]*)(?:"| |$)',
        r'(?:\{"version": ?"| version=|","version":")v?([0-9]+\.[0-9]+\.[0-9][0-9A-Za-z.+-]*)(?:"| |$)',
        r'BuildVersion="?v?([0-9]+\.[0-9]+\.[0-9][0-9A-Za-z.+-]*)',
    ),
}
_SAID_SIGNS = [
    "Got server name", "Setting inference svc", "Subscriber (", "Setting namespace", "Namespace is ", "leader lease ",
    "Version ", '"version":', " version=", "BuildVersion=",
]  # fmt: skip


def identity_of(texts: pl.Series, component: str | None) -> tuple[Origin, str | None]:
    """Return what a component's lines say of it: an origin with namespace and pod, and its version.

    Args:
        texts: the lines of one process.
        component: becomes the origin's.
    """
    some = texts.filter(says_who(texts)).head(_ENOUGH)
    said: dict[str, str | None] = dict.fromkeys(_SAID)
    if some.is_empty():
        return Origin(component=component), None
    forms = {f"{name} {n}": form for name, each in _SAID.items() for n, form in enumerate(each)}
    found = some.to_frame("text").select(
        pl.col("text").str.extract(form).drop_nulls().first().alias(key) for key, form in forms.items()
    )
    for key, value in found.row(0, named=True).items():
        said[key.split()[0]] = said[key.split()[0]] or value
    return Origin(namespace=said["namespace"], pod=said["pod"], component=component), said["version"]


def placed(origin: Origin, said: Origin) -> Origin:
    """Return `origin` corrected by what the content says.

    A container's name that contradicts the content gives way to the one the charts use for the component.
    """
    container = origin.container
    named = _CONTAINERS.get((container or "").lower())
    if said.component and named and named != said.component:
        container = CONTAINERS.get(said.component)
    return said.or_else(Origin(origin.namespace, origin.pod, container, origin.node, origin.component, origin.previous))
