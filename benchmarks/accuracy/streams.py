"""The part of an installation that lives on Kafka: gateways, the dataflow engine, a pipeline and its calls.

Source: Seldon Core 2.8.3 to 2.10.2, `scheduler/pkg/kafka`, `scheduler/data-flow`; the starts, a pipeline's birth and a
broker that is away were seen in 2.9.1; librdkafka 2.10.1's own lines seen; klogging's coloured form of releases to 2.7.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy import objects
from benchmarks.accuracy.life import raw, started
from benchmarks.accuracy.model import World
from benchmarks.accuracy.voices import Call

GATEWAYS = ("modelgateway", "pipelinegateway")
COLOURS = {"INFO": 32, "WARN": 33, "ERROR": 31}
HOSTS = (
    "seldon-kafka-bootstrap.{ns}",
    "events-kafka-bootstrap.kafka",
    "broker-0.streams.svc",
    "pkc-4r087.eu-west1.example.com",
)


@dataclass(slots=True)
class Flow:
    """A pipeline and the brokers it needs."""

    w: World
    name: str
    steps: list[str]
    host: str
    ip: str
    id: str
    made: datetime
    ready: bool = False

    def topic(self, kind: str, name: str, side: str) -> str:
        """Return a topic's name."""
        return f"seldon.{self.w.namespace}.{kind}.{name}.{side}"

    @property
    def app(self) -> str:
        """The Kafka Streams application's id."""
        return f"{self.w.namespace}-seldon-dataflow-{int(self.id, 36) % 16**12:032x}"


def klog(
    w: World, at: datetime, level: str, logger: str, text: str, proves: str | None = None, thread: str = "main"
) -> None:
    """Let the dataflow engine print a record: with colours and without a date before 2.8.0."""
    if w.release >= (2, 8, 0):
        said = f"{at:%Y-%m-%dT%H:%M:%S.%fZ} {level} [{thread}] {logger} : {text}"
    else:
        word, short = f"{level:>5}", logger.rpartition(".")[2][:20]
        said = f"{at:%H:%M:%S.%f} \x1b[{COLOURS[level]}m{word}\x1b[0m [{thread[:20]:>20}] : {short:>20} : {text}"
    raw(w, w.names["dataflow"], "dataflow-engine", at, said, proves)


def begin(
    w: World, leave: frozenset[str] = frozenset(), security: str = "PLAINTEXT", off: frozenset[str] = frozenset(), hosts: tuple[str, ...] = HOSTS
) -> Flow:  # fmt: skip
    """Start gateways and engine and have them meet the scheduler; returns the pipeline to be made.

    What is in `leave` is deployed, but the caller says how it fares; what is in `off` is scaled to 0.
    """
    t = w.start + timedelta(seconds=5)
    host = w.rng.choice(hosts).format(ns=w.namespace) + f":{9093 if 'SSL' in security else 9092}"
    ip = f"10.{w.rng.randrange(1, 250)}.7.{w.rng.randrange(3, 250)}"
    made = max([w.ready_at or t, *(m.since or t for m in w.models)]) + timedelta(seconds=40)
    name = f"{w.models[0].name}-{w.rng.choice(('flow', 'pipe', 'chain', 'graph'))}"
    uid = "".join(w.rng.choice("0123456789abcdefghijklmnopqrstuv") for _ in range(20))
    flow = Flow(w, name, [m.name for m in w.models[:2]], host, ip, uid, min(made, w.end - timedelta(minutes=6)))
    for who in GATEWAYS:
        workload(w, who, int(who not in off), who not in leave)
        if who not in leave | off:
            start_gateway(flow, who, t, security)
    workload(w, "dataflow", int("dataflow" not in off), "dataflow" not in leave)
    if "dataflow" not in leave | off:
        start_engine(flow, t, security)
    return flow


def workload(w: World, who: str, replicas: int, up: bool) -> None:
    """Add a component's Deployment, and its pod where it has one."""
    name = {"dataflow": "seldon-dataflow-engine"}.get(who, f"seldon-{who}")
    container = {"dataflow": "dataflow-engine"}.get(who, who)
    labels = {"app.kubernetes.io/name": name}
    status: dict[str, int] = {"replicas": replicas, "updatedReplicas": replicas} if replicas else {}
    status |= {"readyReplicas": 1, "availableReplicas": 1} if replicas and up else {"unavailableReplicas": replicas}
    body = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": objects.meta(w, name, w.start, labels=labels),
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": container, "image": objects.image(w, container)}]}}},
        "status": {"observedGeneration": 1, **status},
    }  # fmt: skip
    w.extra.append((body, "scaled" if replicas == 0 else "context"))
    if replicas and up:
        w.containers[w.names[who], container] = {"app": name, "since": w.start}
        started(w, w.names[who], w.start)


def start_gateway(flow: Flow, who: str, t: datetime, security: str) -> None:
    """Print a gateway's start."""
    w = flow.w
    source = "KafkaSchedulerClient" if who == "modelgateway" else "PipelineSchedulerClient"
    protocol = "" if security == "PLAINTEXT" else f" security.protocol:{security.lower()}"
    say = w.say
    if w.release >= (2, 10, 2):
        say(who, t, "info", f"Version {'.'.join(map(str, w.release))}")
    say(who, t, "info", "Setting log level to info")
    say(who, t, "info", f"Setting namespace from k8s file to {w.namespace}")
    if who == "modelgateway":
        say(who, t, "info", "Got MODELGATEWAY_NUM_WORKERS = 8")
        config = f'{{"bootstrap.servers":"{flow.host}","go.delivery.reports":true,"linger.ms":0,"message.max.bytes":1000000000}}'
        say(who, t, "info", "Creating producer config for use later", config=config, func="createKafkaConfigs", source="ConsumerManager")  # fmt: skip
    else:
        say(who, t, "info", f"Creating producer with config map[bootstrap.servers:{flow.host} go.delivery.reports:true linger.ms:0 message.max.bytes:1000000000{protocol}]", source="KafkaManager")  # fmt: skip
    say(who, t, "info", "Starting plaintxt client to scheduler", func="ConnectToScheduler", source=source)
    say(who, t, "info", "Connecting to scheduler at seldon-scheduler:9004", func="ConnectToScheduler", source=source)
    if who == "modelgateway":
        say(who, t, "info", "Subscribing to model status events", func="SubscribeModelEvents", source=source)
    else:
        say(who, t, "info", "Subscribing to pipeline status events", func="SubscribePipelineEvents", source=source)
        say(who, t, "info", "Starting http server on port 9010", func="Start", source="GatewayHttpServer")
    kind, func = ("model", "SubscribeModelStatus") if who == "modelgateway" else ("pipeline", "SubscribePipelineStatus")
    said = f"Received subscribe request from seldon-{who}"
    if w.release >= (2, 10, 2):
        said = {"model": f"Received model-status subscribe request from {w.names[who]}",
                "pipeline": f"Received pipeline status subscription request from {w.names[who]}"}[kind]  # fmt: skip
    say("scheduler", t, "info", said, func=func, source="SchedulerServer")
    for model in w.models:
        if who == "modelgateway" and model.name in w.routes and model.since:
            at = model.since
            event = f"Received event name {model.name} version 1 state ModelAvailable"
            say(who, at, "info", event, func="SubscribeModelEvents", source=source)
            verb = f"Model {model.name} added" if w.release >= (2, 10, 0) else f"Adding model {model.name}"
            say(who, at, "info", verb, func="SubscribeModelEvents", source=source)
            say(who, at, "info", f"Creating producer with config map[bootstrap.servers:{flow.host} go.delivery.reports:true linger.ms:0 message.max.bytes:1000000000{protocol}]", source="InferConsumer")  # fmt: skip
            say(who, at, "info", "Created producer rdkafka#producer-1", func="setup", source="InferConsumer")
            say(who, at, "info", "Created consumer rdkafka#consumer-2", func="setup", source="InferConsumer")


def start_engine(flow: Flow, t: datetime, security: str) -> None:
    """Print the engine's start, and let the scheduler hear it."""
    w = flow.w
    config = f"initialised with config [(log.level.app, INFO), (log.level.kafka, WARN), (pod.namespace, {w.namespace}), (upstream.host, seldon-scheduler), (upstream.port, 9008), (kafka.bootstrap.servers, {flow.host}), (kafka.security.protocol, {security}), (kafka.partitions.default, 1), (kafka.replication.factor, 1)]"
    klog(w, t, "INFO", "io.seldon.dataflow.Main", config)
    t += timedelta(seconds=3)
    klog(w, t, "INFO", "io.seldon.dataflow.PipelineSubscriber", "will connect to seldon-scheduler:9008")
    klog(w, t, "INFO", "io.seldon.dataflow.PipelineSubscriber", "Subscribing to pipeline updates")
    said = f"Received subscribe request from {w.names['dataflow']}"
    if w.release >= (2, 10, 2):
        said = f"Received pipeline updates subscribe request from {w.names['dataflow']}"
    w.say("scheduler", t, "info", said, func="SubscribePipelineStatus", source="dataflow")


def create(flow: Flow, at: datetime | None = None, topics: bool = True) -> datetime:
    """Let the scheduler hand the pipeline to the engine, up to its wait for topics; returns when."""
    w, at = flow.w, at or flow.made
    if ("operator", 9004) not in w.shut:
        logger = "SchedulerClient" if w.release >= (2, 10, 0) else "schedulerClient"
        w.manager(at, "INFO", f"{logger}.LoadPipeline", "Load", {"pipeline name": flow.name})
    first, last = flow.topic("pipeline", flow.name, "inputs"), flow.topic("pipeline", flow.name, "outputs")
    w.say("scheduler", at, "info", f"Adding normal pipeline route {flow.name}.pipeline", func="addPipeline", source="IncrementalProcessor")  # fmt: skip
    w.say("scheduler", at, "info", f'Adding sources [pipelineName:"{flow.name}"  topicName:"{first}"] to pipelineName:"{flow.name}"  topicName:"{flow.topic("model", flow.steps[0], "inputs")}"', source="dataflow")  # fmt: skip
    subscriber = "io.seldon.dataflow.PipelineSubscriber"
    klog(w, at, "INFO", subscriber, f"received request for {flow.name}:1 Id:{flow.id}")
    klog(w, at, "INFO", subscriber, f"Creating pipeline {flow.name} version: 1 id: {flow.id} : {{pipelineName={flow.name}, pipelineVersion=1, pipelineId={flow.id}}}")  # fmt: skip
    at += w.jitter(3)
    klog(w, at, "INFO", "io.seldon.dataflow.kafka.Pipeline", f"Create pipeline stream for name:{flow.name} id:{flow.id} version:1 stream with kstream app id:{flow.app}")  # fmt: skip
    if topics and w.release >= (2, 8, 0):
        klog(w, at, "INFO", "io.seldon.dataflow.kafka.KafkaAdmin", f"Topics found are [{first}, {flow.topic('model', flow.steps[0], 'inputs')}, {last}]")  # fmt: skip
        klog(w, at, "INFO", "io.seldon.dataflow.kafka.KafkaAdmin", "Waiting for kafka topic creation")
    return at


def run(flow: Flow, at: datetime) -> datetime:
    """Let the pipeline come up; returns when it runs."""
    w = flow.w
    if w.release >= (2, 8, 0):
        klog(w, at, "INFO", "io.seldon.dataflow.kafka.KafkaAdmin", "All topics created")
    pipeline = "io.seldon.dataflow.kafka.Pipeline"
    klog(w, at, "INFO", pipeline, f"starting pipeline {flow.name}, ({flow.id}, 1) : {{pipelineName={flow.name}, pipelineId={flow.id}, pipelineVersion=1}}")  # fmt: skip
    klog(w, at, "INFO", pipeline, f"pipeline {flow.name} (v1) changing to state REBALANCING : {{pipelineName={flow.name}, pipelineVersion=1}}")  # fmt: skip
    at += w.jitter(6)
    thread = f"{flow.app}-89e00f4b-StreamThread-1"
    klog(w, at, "INFO", pipeline, f"pipeline {flow.name} (v1) changing to state RUNNING : {{pipelineName={flow.name}, pipelineVersion=1}}", thread=thread)  # fmt: skip
    flow.ready = True
    if w.release >= (2, 9, 0):
        w.say("scheduler", at, "info", f"Pipeline {flow.name} status message: 1/1 streams are ready, 0/1 still creating, 0/1 streams failed", func="GetPipelineStatus", source="dataflow-conflict-resolution")  # fmt: skip
    if w.release >= (2, 10, 0):
        w.say("pipelinegateway", at, "info", f"Pipeline {flow.name} loaded", source="PipelineSchedulerClient")
    return at


def tell(
    flow: Flow, at: datetime, state: str = "PipelineReady", reason: str = "", proves: str | None = "status",
    gateway: tuple[str, str] = ("PipelineReady", ""), models: bool = True, spec: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write the Pipeline as the operator would: what the engine and, since 2.10, the gateway said of it."""
    w = flow.w
    ok = state == "PipelineReady"
    w.facts |= set() if models else {"step-not-ready"}
    text, both = reason, ok
    if w.release >= (2, 10, 0):
        text = f"{gateway[1] or 'Empty reason'} | {reason or 'Empty reason'}"
        both = ok and gateway[0] == "PipelineReady"
    elif ok and not reason and w.release >= (2, 9, 0):
        text = "1/1 streams are ready, 0/1 still creating, 0/1 streams failed"
    shown = (state, text) if w.release >= (2, 6, 0) else ("", text)
    conditions = [objects.condition("PipelineReady", ok, at, *shown)]
    if w.release >= (2, 10, 0):
        conditions.insert(0, objects.condition("PipelineGwReady", gateway[0] == "PipelineReady", at, gateway[0], text))
    said = "Models all available" if models else "Some models are not available"
    conditions.append(objects.condition("ModelsReady", models, at, "", said))
    conditions.append(objects.condition("Ready", both and models, at, *(("", "") if both and models else shown)))
    logger = "SchedulerClient" if w.release >= (2, 10, 0) else "schedulerClient"
    told = f'pipeline_status:{state} reason:"{reason}" models_ready:{str(models).lower()}'
    w.manager(at, "INFO", f"{logger}.SubscribePipelineEvents", "Received event", {"pipeline": flow.name, "generation": 1, "version": 1, "State": told}, None if both else proves)  # fmt: skip
    w.manager(at, "INFO", f"{logger}.SubscribePipelineEvents", f"Setting pipeline to {'ready' if ok else 'not ready'}", {"pipeline": flow.name, "generation": 1})  # fmt: skip
    steps = [{"name": s, **({"inputs": [flow.steps[i - 1]]} if i else {})} for i, s in enumerate(flow.steps)]
    body = {
        "apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Pipeline",
        "metadata": objects.meta(w, flow.name, flow.made, finalizers=["seldon.pipeline.finalizer"]),
        "spec": spec or {"steps": steps, "output": {"steps": flow.steps[-1:]}}, "status": {"conditions": conditions},
    }  # fmt: skip
    w.extra.append((body, None if both and models else proves))


def infer(flow: Flow, at: datetime, status: int | None, detail: str = "", proves: str | None = None) -> None:
    """Let a client call the pipeline; None is a call that its own limit ended."""
    w = flow.w
    gave_up = "gave up" if status is None else ""
    w.calls.append(
        Call(
            flow.name,
            at,
            status or 0,
            gave_up or ("step" if status == 400 else "URX" if status == 503 else ""),
            "gateway",
        )
    )
    w.client.append(
        f"$ curl -sS -i --max-time 30 http://seldon-mesh/v2/models/{flow.steps[0]}/infer -H 'seldon-model: {flow.name}.pipeline' -d @in.json"
    )
    if status is None:
        w.client.append("curl: (28) Operation timed out after 30002 milliseconds with 0 bytes received\n")
    else:
        word = {200: "OK", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}[status]  # fmt: skip
        w.client.append(f"HTTP/1.1 {status} {word}\ndate: {at:%a, %d %b %Y %H:%M:%S} GMT\nx-seldon-route: :{flow.name}.pipeline:\nserver: envoy\n\n{detail}\n")  # fmt: skip
    source = "GatewayHttpServer"
    if status in (None, 200, 400, 500):
        w.say("pipelinegateway", at, "warning", "Failed to find request ID - will generate one", source=source)
    if status in (None, 200, 400):
        event = f"Received delivery event {flow.topic('pipeline', flow.name, 'inputs')}[0]@{w.rng.randrange(90)}"
        w.say("pipelinegateway", at, "info", event, func="Infer", source="KafkaManager")
    if status == 200:
        for step in flow.steps:
            said = f"Produce response to topic {flow.topic('model', step, 'outputs')}"
            w.say("modelgateway", at, "info", said, func="produce", source="KafkaInferWorker")
    if status is not None and status >= 400:
        w.access.append(access(at, status, "-" if status < 500 else "URX", proves))


def access(at: datetime, status: int, flags: str, proves: str | None) -> Any:
    """Return a line of Envoy's access log for a pipeline's call."""
    from benchmarks.accuracy.model import Line

    text = f'[{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z] "POST /v2/models/infer HTTP/1.1" {status} - {flags} 102 0 1 0 "-" "curl/7.88.1" "-" "seldon-mesh" "-"'
    return Line(at, text, proves)


def rdkafka(
    flow: Flow, who: str, at: datetime, text: str, code: str | None = "Local: Broker transport failure",
    proves: str | None = "kafka", facility: str = "FAIL", severity: int = 3, client: str = "producer-1",
) -> None:  # fmt: skip
    """Let librdkafka print to stderr what happened with the broker, and the gateway its error event."""
    w, broker = flow.w, f"{flow.host}/bootstrap"
    line = f"%{severity}|{at.timestamp():.3f}|{facility}|rdkafka#{client}| [thrd:{broker}]: {broker}: {text}"
    raw(w, w.names[who], who, at, line, proves)
    if code and who == "modelgateway":
        w.say(who, at, "error", f"Kafka error, code: [{code}] msg: [{broker}: {text}]", proves, consumerName=f"{w.namespace}-seldon-modelgateway-78", func="Serve", source="InferConsumer")  # fmt: skip


def failing(flow: Flow, text: str, code: str | None, proves: str = "kafka", severity: int = 3) -> None:
    """Let both gateways fail to talk with the brokers to the end."""
    w = flow.w
    for who in GATEWAYS:
        if (w.names[who], who) not in w.containers:
            continue
        at, n = w.start + timedelta(seconds=6), 0
        while at < w.end:
            more = f", {n} identical error(s) suppressed)" if n else ")"
            rdkafka(flow, who, at, text.removesuffix(")") + more, code, proves, severity=severity)
            at, n = at + w.jitter(30), w.rng.randrange(20, 600)
    for name in flow.steps:
        if w.release >= (2, 8, 0):
            w.say("modelgateway", flow.made, "error", f"Failed to add model {name}", proves, error="Failed while waiting for controller: Local: Timed out", source="KafkaSchedulerClient")  # fmt: skip
