"""What breaks in pipelines: parts that are absent, specifications that do not fit, messages that are lost on the way."""

from datetime import datetime, timedelta

from benchmarks.accuracy import objects
from benchmarks.accuracy.kafka_acts import ADMIN, SUBSCRIBER, no_engine
from benchmarks.accuracy.life import previous, raw
from benchmarks.accuracy.mechanisms import Act
from benchmarks.accuracy.model import World
from benchmarks.accuracy.streams import Flow, begin, create, infer, klog, run, tell

PIPELINE = "io.seldon.dataflow.kafka.Pipeline"


def off(part: str) -> Act:
    """Return a fault: the runtime's overrides scale a part to 0."""

    def act(w: World) -> None:
        flow = begin(w, off=frozenset({part}))
        name = {"dataflow": "seldon-dataflow-engine"}.get(part, f"seldon-{part}")
        w.overrides.append({"name": name, "replicas": 0})
        if part == "dataflow":
            no_engine(flow)
            for n in range(2):
                infer(flow, w.end - timedelta(seconds=150 - 60 * n), None if w.release < (2, 10, 0) else 404)
            return
        w.facts.add("no-gateway")
        if w.release >= (2, 10, 0):
            why = "No pipeline gateway available to handle pipeline"
            w.say("scheduler", flow.made, "warning", why, "no-gateway", func="sendPipelineEvents", pipeline=flow.name, source="SchedulerServer")  # fmt: skip
            tell(flow, run_quietly(flow), "PipelineReady", "", "no-gateway", ("PipelineCreate", why))
        else:
            tell(flow, run_quietly(flow))
        for n in range(3):
            infer(flow, w.end - timedelta(seconds=150 - 40 * n), 404 if w.release >= (2, 10, 0) else 503, "no healthy upstream", "503")  # fmt: skip

    return act


def run_quietly(flow: Flow) -> datetime:
    """Let a pipeline run without its gateway."""
    done = run(flow, create(flow))
    flow.w.logs.pop((flow.w.names["pipelinegateway"], "pipelinegateway", False), None)
    return done


def invalid(w: World) -> None:
    """The Pipeline's specification is refused."""
    flow = begin(w)
    other = "prepare" if "prepare" not in flow.steps else "clean"
    why = w.rng.choice((
        f"pipeline {flow.name} step {flow.steps[0]} has input {other}.outputs for step that does not exist",
        f"pipeline {flow.name} output step {other} not found",
        f"multi step pipeline {flow.name} must specify output",
        f"pipeline {flow.name} has a cycle",
        f"pipeline step input invalid pipeline {flow.name} step {flow.steps[0]} input step {other}.output. steps must have the form <step>.inputs or <step>.outputs",
        f"pipeline {flow.name} must not have a step name with the same name as pipeline name",
    ))  # fmt: skip
    error = f"rpc error: code = FailedPrecondition desc = {why}"
    logger = "SchedulerClient" if w.release >= (2, 10, 0) else "schedulerClient"
    for n in range(2):
        at = flow.made + timedelta(seconds=n)
        w.manager(at, "INFO", f"{logger}.LoadPipeline", "Load", {"pipeline name": flow.name})
        w.manager(at, "INFO", f"{logger}", "Non retryable error", {"code": "FailedPrecondition", "resource": "Pipeline", "resourceName": flow.name}, "spec")  # fmt: skip
        w.say("scheduler", at, "error", f"Failed to load pipeline {flow.name}", "spec", error=why, func="LoadPipeline", source="SchedulerServer")  # fmt: skip
    conditions = [objects.condition("PipelineReady", False, flow.made, error, "PipelineFailed"), objects.condition("Ready", False, flow.made, error, "PipelineFailed")]  # fmt: skip
    spec = {"steps": [{"name": s, "inputs": [f"{other}.outputs"]} for s in flow.steps], "output": {"steps": [other]}}
    w.extra.append(({
        "apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Pipeline", "metadata": objects.meta(w, flow.name, flow.made),
        "spec": spec, "status": {"conditions": conditions}}, "spec"))  # fmt: skip


def tensors(w: World) -> None:
    """A step's model gets tensors of other names than it asks for."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    step = next((m for m in w.models if m.name == flow.steps[-1] and m.placed), None)
    for n in range(5):
        at = w.end - timedelta(seconds=300 - 50 * n)
        wanted, given = ("features", "predict") if n % 2 or w.release[1] % 2 else ("input_ids", "output-1")
        why = f"Input '{wanted}' was not found. Available inputs are {{'{given}'}}"
        if step is not None and step.placed is not None:
            pod = f"{step.placed[0]}-{step.placed[1]}"
            text = f'{why}\nTraceback (most recent call last):\n  File "/opt/conda/lib/python3.10/site-packages/mlserver/parallel/worker.py", line 136, in _process_request\n    return_value = await method(\nmlserver.errors.InferenceError: {why}'
            w.mlserver(pod, at, "mlserver.parallel", "ERROR", text, "500")
        w.say("modelgateway", at, "warning", f'Failed infer request with status code 400 and payload {{"error":"{why}"}}', "gateway", func="restRequest", source="KafkaInferWorker")  # fmt: skip
        said = f'{{"error":"{why}"}}'
        if w.release >= (2, 10, 0):
            w.say("pipelinegateway", at, "error", "Got upstream error after publishing req", "gateway", resp_body=str(list(said.encode())), func="infer", source="GatewayHttpServer")  # fmt: skip
        else:
            w.say("pipelinegateway", at, "error", said, "gateway", func="infer", source="GatewayHttpServer")
        infer(flow, at, 400, f"{flow.steps[-1]} : {said}", "400")


def backlog(w: World) -> None:
    """More calls come in than the model takes: its topic's lag grows."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    topic, group = flow.topic("model", flow.steps[0], "inputs"), f"{w.namespace}-seldon-modelgateway-12"
    table = "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID\n" + "".join(
        f"{group} {topic} {p} {18211 + p} {41877 + 31 * p} {23666 + 30 * p} rdkafka-7c1f0a2e-{p} /10.9.4.{p + 3} rdkafka\n"
        for p in range(2)
    )
    w.client.append(f"$ kafka-consumer-groups.sh --bootstrap-server {flow.host} --describe --group {group}\n\n{table}")
    for n in range(6):
        at = w.end - timedelta(seconds=400 - 50 * n)
        infer(flow, at, None)
        w.say("modelgateway", at, "warning", "Failed infer request", "gateway", error="rpc error: code = DeadlineExceeded desc = context deadline exceeded", func="grpcRequest", source="KafkaInferWorker")  # fmt: skip


def unassigned(w: World) -> None:
    """A pipeline gateway has no partition of the topics: there are more gateways than partitions."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    why = f"timed out waiting for partitions to be assigned to consumer for pipeline {flow.name}"
    for n in range(6):
        at = w.end - timedelta(seconds=400 - 50 * n)
        w.say("pipelinegateway", at, "warning", "Waiting for partition to be available", "gateway", func="Infer", source="KafkaManager", timeout="10s")  # fmt: skip
        w.say("pipelinegateway", at + timedelta(seconds=10), "error", "Failed to call infer", "gateway", error=why, func="infer", source="GatewayHttpServer")  # fmt: skip
        infer(flow, at + timedelta(seconds=10), 500, "", "500")


def never_retried(w: World) -> None:
    """The brokers were away while a pipeline was made; they are back, the pipeline stays failed."""
    flow = begin(w)
    flow.made = min(flow.made, w.end - timedelta(minutes=9))
    at = create(flow)
    if w.release >= (2, 8, 0):
        w.facts.add("topics-fail")
        why = "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. Call: createTopics"
        klog(w, at + timedelta(seconds=61), "ERROR", SUBSCRIBER, f"kafka streams topic creation error, Exception: {why}\n{why}", "engine")  # fmt: skip
        tell(
            flow, at + timedelta(seconds=61), "PipelineFailed", f"kafka streams topic creation error, exception: {why}"
        )
    at += timedelta(seconds=140)
    klog(w, at, "INFO", SUBSCRIBER, f"received request for {flow.name}-b:1 Id:{flow.id[::-1]}")
    klog(w, at, "INFO", ADMIN, "All topics created", "engine")
    klog(w, at, "INFO", PIPELINE, f"pipeline {flow.name}-b (v1) changing to state RUNNING")
    infer(flow, w.end - timedelta(seconds=70), None)


def before_291(w: World) -> None:
    """Later releases do not take the farewell for the end."""
    w.release = min(w.release, w.rng.choice(((2, 6, 0), (2, 7, 0), (2, 8, 5))))


def terminated(w: World) -> None:
    """The engine was restarted: the word of the dying one came after that of the new one."""
    flow = begin(w)
    run(flow, create(flow))
    at = w.end - timedelta(minutes=4)
    klog(w, at, "INFO", "io.seldon.dataflow.Main", "received shutdown signal")
    klog(w, at, "INFO", SUBSCRIBER, "cancelling pipelines due to: shutting down", "engine")
    klog(w, at, "INFO", PIPELINE, f"pipeline {flow.name} (v1) changing to state PENDING_SHUTDOWN")
    klog(w, at, "INFO", PIPELINE, f"pipeline {flow.name} (v1) changing to state NOT_RUNNING")
    previous(w, w.names["dataflow"], "dataflow-engine")
    w.say("scheduler", at, "info", f"Stream disconnected {w.names['dataflow']}", func="SubscribePipelineStatus", source="dataflow")  # fmt: skip
    at += timedelta(seconds=12)
    klog(w, at, "INFO", SUBSCRIBER, "Subscribing to pipeline updates")
    w.say("scheduler", at, "info", f"Received subscribe request from {w.names['dataflow']}", func="SubscribePipelineStatus", source="dataflow")  # fmt: skip
    klog(w, at, "INFO", SUBSCRIBER, f"received request for {flow.name}:1 Id:{flow.id}")
    klog(w, at, "INFO", PIPELINE, f"pipeline {flow.name} (v1) changing to state RUNNING")
    tell(flow, at + timedelta(seconds=8), "PipelineTerminated", "pipeline removed")
    infer(flow, w.end - timedelta(seconds=50), None)


def engine_killed(w: World) -> None:
    """The engine is killed for memory again and again."""
    flow = begin(w)
    run(flow, create(flow))
    died, pod = w.end - timedelta(seconds=90), w.names["dataflow"]
    previous(w, pod, "dataflow-engine")
    klog(w, died - timedelta(seconds=20), "INFO", SUBSCRIBER, "Subscribing to pipeline updates")
    w.containers[pod, "dataflow-engine"] |= {
        "ready": False, "restarts": 4, "last": ("OOMKilled", 137, died), "proves": "oom",
        "waiting": ("CrashLoopBackOff", f"back-off 1m20s restarting failed container=dataflow-engine pod={pod}"),
    }  # fmt: skip
    w.event(died - timedelta(minutes=4), "Pod", pod, "BackOff", f"Back-off restarting failed container dataflow-engine in pod {pod}", False, 14, w.end - timedelta(seconds=10), "oom")  # fmt: skip
    w.say("scheduler", died, "info", f"Stream disconnected {pod}", func="SubscribePipelineStatus", source="dataflow")
    flow.made = died
    no_engine(flow)
    infer(flow, w.end - timedelta(seconds=50), None)


def heap(w: World) -> None:
    """The engine's heap is too small for its pipelines."""
    flow = begin(w)
    run(flow, create(flow))
    died, pod = w.end - timedelta(seconds=90), w.names["dataflow"]
    trace = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n\tat java.base/java.nio.HeapByteBuffer.<init>(HeapByteBuffer.java:64)\n\tat org.apache.kafka.clients.producer.internals.BufferPool.allocate(BufferPool.java:142)'
    raw(w, pod, "dataflow-engine", died, trace, "heap")
    previous(w, pod, "dataflow-engine")
    w.containers[pod, "dataflow-engine"] |= {
        "ready": False, "restarts": 4, "last": ("Error", 1, died), "proves": "crash",
        "waiting": ("CrashLoopBackOff", f"back-off 1m20s restarting failed container=dataflow-engine pod={pod}"),
    }  # fmt: skip
    w.say("scheduler", died, "info", f"Stream disconnected {pod}", func="SubscribePipelineStatus", source="dataflow")
    flow.made = died
    no_engine(flow)


def revisits(w: World) -> None:
    """A cyclic pipeline never leaves its loop."""
    flow = begin(w)
    spec = {"allowCycles": True, "maxStepRevisits": 100, "steps": [{"name": s} for s in flow.steps], "output": {"steps": flow.steps[-1:]}}  # fmt: skip
    tell(flow, run(flow, create(flow)), spec=spec)
    for n in range(4):
        at = w.end - timedelta(seconds=300 - 50 * n)
        topic = flow.topic("model", flow.steps[0], "inputs")
        why = f"ERROR: Max step revisits (100) exceeded for request {flow.name}.d{n}3k in topic {topic}"
        klog(w, at, "WARN", "io.seldon.dataflow.kafka.VisitingCounterProcessor", why, "engine", f"{flow.app}-1-StreamThread-1")  # fmt: skip
        infer(flow, at, 400, f"{flow.name} : {why}", "400")


def absent_step(w: World) -> None:
    """A step names a model that does not exist."""
    flow = begin(w)
    flow.steps.append(f"{w.models[0].name}-explainer")
    tell(flow, run(flow, create(flow)), models=False, proves="models")
    for n in range(3):
        infer(flow, w.end - timedelta(seconds=200 - 40 * n), None)


def failed_step(w: World) -> None:
    """The first model, a step of the pipeline, has failed to load."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)), models=False, proves="models")
    for n in range(3):
        infer(flow, w.end - timedelta(seconds=200 - 40 * n), None)


def step_raises(w: World) -> None:
    """The code of a step's model raises on every message."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    model = w.models[0]
    if model.placed is None:
        return
    pod, why = f"{model.placed[0]}-{model.placed[1]}", "builtins.KeyError: 'customer_age'"
    for n in range(5):
        at = w.end - timedelta(seconds=300 - 50 * n)
        text = f"An error occurred calling method 'predict' from model '{model.name}_1'.\nTraceback (most recent call last):\n  File \"/mnt/agent/models/{model.name}_1/1/model.py\", line 31, in predict\n    age = row['customer_age']\nKeyError: 'customer_age'"
        w.mlserver(pod, at, "mlserver.parallel", "ERROR", text, "500")
        w.say("modelgateway", at, "warning", f'Failed infer request with status code 500 and payload {{"error":"{why}"}}', "gateway", func="restRequest", source="KafkaInferWorker")  # fmt: skip
        infer(flow, at, 400, f'{model.name} : {{"error":"{why}"}}', "400")


def minus_one(w: World) -> None:
    """A caller's shape holds -1."""
    flow = begin(w)
    tell(flow, run(flow, create(flow)))
    for n in range(3):
        at = w.end - timedelta(seconds=200 - 50 * n)
        infer(flow, at, 503, "upstream connect error or disconnect/reset before headers. reset reason: connection termination")  # fmt: skip
        w.client[-2] = w.client[-2].replace("-d @in.json", '-d \'{"inputs": [{"name": "predict", "shape": [-1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}\'')  # fmt: skip
