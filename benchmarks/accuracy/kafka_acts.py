"""What breaks between Seldon and Kafka: brokers that refuse, topics that cannot be made, messages that do not fit.

Each function lets the gateways, the engine and the client read what follows, in the words of librdkafka 1.9 to 2.10 and
of the Kafka clients 3.4 to 4.0.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.accuracy.life import raw
from benchmarks.accuracy.model import World
from benchmarks.accuracy.streams import GATEWAYS, Flow, begin, create, failing, infer, klog, run, tell

ADMIN = "io.seldon.dataflow.kafka.KafkaAdmin"
SUBSCRIBER = "io.seldon.dataflow.PipelineSubscriber"
CLIENT = "org.apache.kafka.clients.NetworkClient"


def topics_fail(flow: Flow, message: str, exception: str, proves: str = "engine") -> None:
    """Let the engine give up on the pipeline's topics, and the Pipeline fail with what Kafka said."""
    w = flow.w
    at = create(flow)
    if w.release >= (2, 8, 0):
        w.facts |= {"topics-fail", "topics-waited"}
        for n in range(20):
            klog(w, at + timedelta(seconds=3 * n), "WARN", ADMIN, f"ignoring exception while waiting for topic creation: {exception}: {message}", proves)  # fmt: skip
        at += timedelta(seconds=61)
        reason = f"kafka streams topic creation error, exception: {exception}: {message}"
        klog(w, at, "ERROR", SUBSCRIBER, f"kafka streams topic creation error, Exception: {exception}: {message}\n{exception}: {message}\n\tat org.apache.kafka.clients.admin.KafkaAdminClient$7.handleResponse(KafkaAdminClient.java:1772)", proves)  # fmt: skip
    else:
        w.facts.add("streams-fail")
        reason = "Error"
        klog(w, at, "ERROR", "io.seldon.dataflow.kafka.Pipeline", f"Kafka streams: stream processing exception\n{exception}: {message}\n\tat org.apache.kafka.streams.processor.internals.StreamThread.run(StreamThread.java:551)", proves)  # fmt: skip
        klog(w, at, "INFO", "io.seldon.dataflow.kafka.Pipeline", f"pipeline {flow.name} (v1) changing to state ERROR")
    tell(flow, at, "PipelineFailed", reason)


def refused(text: str, code: str | None, java: tuple[str, str], security: str = "PLAINTEXT") -> Callable[[World], None]:
    """Return a fault: neither side can talk with the brokers."""

    def act(w: World) -> None:
        flow = begin(w, security=security)
        failing(flow, text, code)
        topics_fail(flow, *java[::-1])
        infer(flow, w.end - timedelta(minutes=2), None)

    return act


def unresolved(w: World) -> None:
    """No Kafka was ever installed: the bootstrap name does not exist."""
    flow = begin(w, frozenset({"dataflow"}))
    why = f"Failed to resolve '{flow.host}': Name or service not known (after 12ms in state CONNECT)"
    failing(flow, why, "Local: Host resolution failure")
    pod, at = w.names["dataflow"], w.end - timedelta(seconds=80)
    w.containers[pod, "dataflow-engine"] = {
        "app": "seldon-dataflow-engine", "since": w.start, "ready": False, "restarts": 7, "last": ("Error", 1, at), "proves": "crash",
        "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=dataflow-engine pod={pod}"),
    }  # fmt: skip
    klog(w, at, "INFO", "io.seldon.dataflow.Main", f"initialised with config [(pod.namespace, {w.namespace}), (kafka.bootstrap.servers, {flow.host})]")  # fmt: skip
    klog(w, at, "WARN", "org.apache.kafka.clients.ClientUtils", f"Couldn't resolve server {flow.host} from bootstrap.servers as DNS resolution failed for {flow.host.partition(':')[0]}", "engine")  # fmt: skip
    trace = (
        'Exception in thread "main" org.apache.kafka.common.KafkaException: Failed to create new KafkaAdminClient\n'
        "\tat org.apache.kafka.clients.admin.KafkaAdminClient.createInternal(KafkaAdminClient.java:551)\n"
        "Caused by: org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers"
    )
    raw(w, pod, "dataflow-engine", at + timedelta(seconds=1), trace, "engine")
    w.event(w.start, "Pod", pod, "BackOff", f"Back-off restarting failed container dataflow-engine in pod {pod}", False, 30, w.end - timedelta(seconds=12), "crash")  # fmt: skip
    no_engine(flow)


def no_engine(flow: Flow) -> None:
    """Let the scheduler find no engine for the pipeline."""
    w, why = flow.w, "no dataflow engines available to handle pipeline"
    if w.release < (2, 7, 0):
        said = f"Can't handle event as no streams available for pipeline {flow.name}"
        w.say("scheduler", flow.made, "warning", said, "no-engine", source="dataflow")
        tell(flow, flow.made, "PipelineCreate", "", "no-engine")
        return
    w.say("scheduler", flow.made, "warning", why, "no-engine", func="handlePipelineEvent", pipeline=flow.name, source="dataflow")  # fmt: skip
    tell(flow, flow.made, "PipelineCreate", why, "no-engine")


def ca_file(w: World) -> None:
    """The file of the broker's CA is not there: the gateways end at once, again and again."""
    flow = begin(w, frozenset({*GATEWAYS, "dataflow"}), "SSL")
    path = w.rng.choice(("/tmp/certs/kafka/broker/ca.crt", "/tmp/certs/kafka/broker/tls.crt"))  # noqa: S108
    for who in GATEWAYS:
        pod, at = w.names[who], w.end - timedelta(seconds=w.rng.randrange(40, 150))
        w.containers[pod, who] = {
            "app": f"seldon-{who}", "since": w.start, "ready": False, "restarts": 8, "last": ("Error", 1, at), "proves": "crash",
            "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container={who} pod={pod}"),
        }  # fmt: skip
        w.say(who, at, "info", "Setting log level to info")
        w.say(who, at, "info", f"Setting namespace from k8s file to {w.namespace}")
        why = f"ssl.ca.location failed: error:80000002:system library::No such file or directory: calling fopen({path}, r)"
        said = "Failed to create consumer manager" if who == "modelgateway" else "Failed to create kafka manager"
        w.say(who, at, "fatal", said, "kafka", error=why)
        w.event(w.start, "Pod", pod, "BackOff", f"Back-off restarting failed container {who} in pod {pod}", False, 30, w.end - timedelta(seconds=12), "crash")  # fmt: skip
    if w.release >= (2, 10, 0):
        tell(flow, flow.made, "PipelineReady", "", "status", ("PipelineCreate", "No pipeline gateway available to handle pipeline"))  # fmt: skip


def replication(w: World) -> None:
    """The topics' replication factor is above the number of brokers."""
    flow = begin(w)
    brokers = w.rng.choice((1, 2))
    if w.release >= (2, 10, 0):
        text = f"Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only {brokers} broker(s) are registered."
    else:
        text = f"Replication factor: 3 larger than available brokers: {brokers}."
    for name in flow.steps:
        denied(flow, name, "Broker: Invalid replication factor", text)
    topics_fail(flow, text, "org.apache.kafka.common.errors.InvalidReplicationFactorException")
    infer(flow, w.end - timedelta(minutes=2), None)


def denied(flow: Flow, model: str, code: str, text: str = "", waits: bool = True) -> None:
    """Let the model gateway fail to make a model's topics."""
    w = flow.w
    for n in range(60 if waits and w.release >= (2, 8, 0) else 1):
        w.say("modelgateway", flow.made + timedelta(seconds=n - 80), "error", "still waiting for all topics to be created...", "kafka", error=f"topic description failure: {code}", func="createTopics", source="InferConsumer")  # fmt: skip
    if w.release >= (2, 8, 0):
        w.say("modelgateway", flow.made, "error", "some topics not created, giving up", "kafka", error=f"topic description failure: {code}", func="createTopics", source="InferConsumer")  # fmt: skip
    w.say("modelgateway", flow.made, "error", f"Failed to add model {model}", "kafka", error=f"failed to create topics: {code}{': ' + text if text else ''}", source="KafkaSchedulerClient")  # fmt: skip


def authorization(w: World) -> None:
    """The client's rights do not reach the topics or the groups."""
    flow = begin(w, security="SASL_SSL")
    topic = flow.topic("model", flow.steps[0], "inputs")
    at = w.start + timedelta(seconds=30)
    while at < w.end:
        why = f"Subscribed topic not available: {topic}: Broker: Topic authorization failed"
        w.say("modelgateway", at, "error", f"Kafka error, code: [Broker: Topic authorization failed] msg: [{why}]", "kafka", consumerName=f"{w.namespace}-seldon-modelgateway-12", func="Serve", source="InferConsumer")  # fmt: skip
        at += w.jitter(70)
    topics_fail(flow, f"Not authorized to access topics: [{topic}]", "org.apache.kafka.common.errors.TopicAuthorizationException")  # fmt: skip
    infer(flow, w.end - timedelta(minutes=2), None)


def policy(w: World) -> None:
    """The managed Kafka's limit of topics or partitions is reached."""
    flow = begin(w, security="SASL_SSL")
    for name in flow.steps:
        denied(flow, name, "Broker: Policy violation")
    topics_fail(flow, "You may not create more than the maximum number of partitions (4096).", "org.apache.kafka.common.errors.PolicyViolationException")  # fmt: skip


def too_large(w: World) -> None:
    """Answers of a model are larger than the brokers take."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    for n in range(5):
        at = w.end - timedelta(seconds=300 - 50 * n)
        infer(flow, at, None)
        topic = flow.topic("model", flow.steps[-1], "outputs")
        w.say("modelgateway", at + timedelta(seconds=1), "error", f"Failed to produce event for model {topic}", "kafka", error="Broker: Message size too large", func="produce", source="KafkaInferWorker")  # fmt: skip


def record_too_large(w: World) -> None:
    """The engine itself cannot pass a message on: it is larger than the brokers take."""
    w.facts.add("streams-fail")
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    for n in range(4):
        at = w.end - timedelta(seconds=300 - 60 * n)
        infer(flow, at, None)
        topic = flow.topic("model", flow.steps[0], "inputs")
        text = f"Kafka streams: error when writing to {topic}\norg.apache.kafka.common.errors.RecordTooLargeException: The request included a message larger than the max message size the server will accept."
        klog(w, at + timedelta(seconds=1), "ERROR", "io.seldon.dataflow.kafka.StreamErrorHandling", text, "engine", "kafka-producer-network-thread | producer")  # fmt: skip


def oauth(w: World) -> None:
    """The token endpoint of the brokers' identity provider cannot be used."""
    flow = begin(w, security="SASL_SSL")
    why = w.rng.choice((
        "Failed to acquire SASL OAUTHBEARER token: Failed to retrieve token from OIDC endpoint: HTTP 401 Unauthorized: invalid_client",
        "Failed to acquire SASL OAUTHBEARER token: Failed to retrieve token from OIDC endpoint: Couldn't resolve host name",
    ))  # fmt: skip
    for who in GATEWAYS:
        at = w.start + timedelta(seconds=8)
        while at < w.end:
            raw(w, w.names[who], who, at, f"%3|{at.timestamp():.3f}|ERROR|rdkafka#producer-1| [thrd:app]: rdkafka#producer-1: {why} (after 0ms in state AUTH_REQ)", "kafka")  # fmt: skip
            w.say(who, at, "error", f"Kafka error, code: [Local: Authentication failure] msg: [{why}]", "kafka", func="Serve", source="InferConsumer")  # fmt: skip
            at += w.jitter(40)
    topics_fail(flow, "Timed out waiting for a node assignment. Call: createTopics", "org.apache.kafka.common.errors.TimeoutException")  # fmt: skip


def storm(w: World) -> None:
    """The consumer group never comes to rest: its members miss their heartbeats."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    at = flow.made + timedelta(seconds=30)
    while at < w.end:
        raw(w, w.names["modelgateway"], "modelgateway", at, f"%4|{at.timestamp():.3f}|SESSTMOUT|rdkafka#consumer-2| [thrd:main]: Consumer group session timed out (in join-state steady) after 6{w.rng.randrange(100, 999)} ms without a successful response from the group coordinator (broker 1, last error was Success): revoking assignment and rejoining group", "kafka")  # fmt: skip
        if w.release >= (2, 10, 0):
            for verb in ("Revoked", "Assigned"):
                w.say("pipelinegateway", at, "info", f"Rebalance: {verb} partitions:[{flow.topic('pipeline', flow.name, 'outputs')}[0]@unset]", "kafka", source="KafkaManager")  # fmt: skip
        at += w.jitter(20)
    for n in range(3):
        infer(flow, w.end - timedelta(seconds=200 - 60 * n), None)


def registry(w: World) -> None:
    """The schema registry is configured but refuses."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    url = "https://registry.example.com:8081"
    for who in GATEWAYS:
        at = w.start + timedelta(seconds=6)
        w.say(who, at, "error", "unable to get ping schema registry", "kafka", error=f"schema registry request failed error code: 401: Unauthorized {url}")  # fmt: skip
        w.say(who, at, "fatal", "Failed to create schema registry client", "kafka", error="schema registry request failed error code: 401: Unauthorized")  # fmt: skip
        pod = w.names[who]
        w.containers[pod, who] |= {"ready": False, "restarts": 6, "last": ("Error", 1, w.end - timedelta(seconds=50)), "proves": "crash",
                                   "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container={who} pod={pod}")}  # fmt: skip
        log = w.logs[pod, who, False]
        log[:] = [line for line in log if line.at <= at]


def same_id(w: World) -> None:
    """An ingress gives every call the same request id."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    for n in range(8):
        at = w.end - timedelta(seconds=240 - 25 * n)
        w.say("pipelinegateway", at, "error", f"Got duplicate request with key {flow.name}.4f1c2b7e", "kafka", func="Infer", source="KafkaManager")  # fmt: skip
        infer(flow, at, 200 if n % 2 else None)


def number(w: World) -> None:
    """The topics' settings are not numbers."""
    begin(w, frozenset({"modelgateway"}))
    pod, at = w.names["modelgateway"], w.end - timedelta(seconds=45)
    w.containers[pod, "modelgateway"] = {
        "app": "seldon-modelgateway", "since": w.start, "ready": False, "restarts": 8, "last": ("Error", 2 if w.release < (2, 10, 0) else 1, at), "proves": "crash",
        "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=modelgateway pod={pod}"),
    }  # fmt: skip
    w.say("modelgateway", at, "info", "Setting log level to info")
    if w.release >= (2, 10, 0):
        w.say("modelgateway", at, "fatal", "Failed to create consumer manager", "kafka", error="invalid Kafka topic configuration: error getting default replication factor: key has wrong type")  # fmt: skip
    else:
        raw(w, pod, "modelgateway", at, "panic: interface conversion: interface {} is float64, not string\n\ngoroutine 1 [running]:\ngithub.com/seldonio/seldon-core/scheduler/v2/pkg/kafka/gateway.NewConsumerManager(0xc00011e000)\n\t/build/scheduler/pkg/kafka/gateway/manager.go:84 +0x6a5\nmain.main()\n\t/build/scheduler/cmd/modelgateway/main.go:145 +0x3a5", "kafka")  # fmt: skip
    w.event(w.start, "Pod", pod, "BackOff", f"Back-off restarting failed container modelgateway in pod {pod}", False, 30, w.end - timedelta(seconds=12), "crash")  # fmt: skip


def prefix(w: World) -> None:
    """The model gateway and the engine use different topic prefixes."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    for n in range(6):
        at: datetime = w.end - timedelta(seconds=280 - 40 * n)
        infer(flow, at, None)
        topic = f"prod-{flow.topic('model', flow.steps[0], 'inputs')}"
        w.say("modelgateway", at, "error", f"Failed to extract modelName from topic {topic}", "kafka", error=f"Topic does not have expectedTopic prefix seldon: {topic}", func="Serve", source="InferConsumer")  # fmt: skip


def blocked_brokers(w: World) -> None:
    """Packets to the brokers are dropped."""
    from benchmarks.accuracy import objects

    flow = begin(w, hosts=("events-kafka-bootstrap.kafka", "broker-0.streams.svc"))
    failing(flow, f"Connect to ipv4#{flow.ip}:{flow.host.rpartition(':')[2]} failed: Connection timed out (after 30042ms in state CONNECT)", "Local: Broker transport failure")  # fmt: skip
    at = w.start + timedelta(seconds=40)
    while at < w.end:
        klog(w, at, "WARN", CLIENT, f"[AdminClient clientId=adminclient-1] Connection to node -1 ({flow.host.partition(':')[0]}/{flow.ip}:9092) could not be established. Node may not be available.", "engine", "kafka-admin-client-thread | adminclient-1")  # fmt: skip
        at += w.jitter(90)
    topics_fail(flow, "Timed out waiting for a node assignment. Call: createTopics", "org.apache.kafka.common.errors.TimeoutException")  # fmt: skip
    body = objects.policy(w, "egress-core", {}, None)
    body["spec"] = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [
        {"to": [{"podSelector": {}}]}, {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}], "ports": [{"port": 53, "protocol": "UDP"}]}]}  # fmt: skip
    w.extra.append((body, "policy"))


def broker_ended(w: World) -> None:
    """The only broker has ended: its disk is full."""
    flow = begin(w, hosts=("seldon-kafka-bootstrap.{ns}",))
    failing(flow, f"Connect to ipv4#{flow.ip}:9092 failed: Connection refused (after 0ms in state CONNECT)", "Local: Broker transport failure")  # fmt: skip
    pod, at = "seldon-kafka-broker-0", w.start + timedelta(seconds=4)
    w.containers[pod, "kafka"] = {"app": "kafka", "since": w.start, "ready": False, "restarts": 5, "last": ("Error", 1, at), "image": "quay.io/strimzi/kafka:0.45.0-kafka-3.9.0", "proves": "broker",
                                  "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=kafka pod={pod}")}  # fmt: skip
    for seconds, text, proves in (
        (-9, "INFO [KafkaRaftServer nodeId=0] Kafka Server started (kafka.server.KafkaRaftServer) [main]", None),
        (0, "ERROR Error while writing to checkpoint file /var/lib/kafka/data-0/kafka-log0/recovery-point-offset-checkpoint (org.apache.kafka.storage.internals.log.LogDirFailureChannel) [kafka-scheduler-2]\njava.io.IOException: No space left on device", "broker"),
        (0, "ERROR Shutdown broker because all log dirs in /var/lib/kafka/data-0/kafka-log0 have failed (kafka.log.LogManager) [LogDirFailureHandler]", "broker"),
    ):  # fmt: skip
        t = at + timedelta(seconds=seconds)
        raw(w, pod, "kafka", t, f"{t:%Y-%m-%d %H:%M:%S},{t.microsecond // 1000:03} {text}", proves)
    topics_fail(flow, "Timed out waiting for a node assignment. Call: createTopics", "org.apache.kafka.common.errors.TimeoutException")  # fmt: skip
