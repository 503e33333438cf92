"""What breaks in the cluster under the servers: nodes, GPUs, mounts, evictions, architectures, and what scales them.

Source: Kubernetes 1.28 to 1.34, the texts of its scheduler, kubelet and controllers; prometheus-adapter.
"""

from datetime import datetime, timedelta

from benchmarks.accuracy import objects
from benchmarks.accuracy.life import raw, started
from benchmarks.accuracy.mechanisms import pick, unserved
from benchmarks.accuracy.model import World


def pending(w: World, pod: str, at: datetime, why: str) -> None:
    """Let no node take a pod."""
    for container in ("mlserver", "rclone", "agent"):
        w.containers[pod, container] = {"since": at, "ready": False, "pending": why, "proves": "pending"}
    w.event(at, "Pod", pod, "FailedScheduling", why, False, 14, w.end - timedelta(seconds=25), "pending")


def no_gpu_node(w: World, pod: str, at: datetime) -> None:
    """No node has a GPU free, or lets the pod near it."""
    n = w.rng.randrange(3, 9)
    pending(w, pod, at, w.rng.choice((
        f"0/{n} nodes are available: {n} Insufficient nvidia.com/gpu. preemption: 0/{n} nodes are available: {n} No preemption victims found for incoming pod.",
        f"0/{n} nodes are available: 1 node(s) had untolerated taint {{nvidia.com/gpu: present}}, {n - 1} Insufficient nvidia.com/gpu. preemption: 0/{n} nodes are available: 1 Preemption is not helpful for scheduling, {n - 1} No preemption victims found for incoming pod.",
    )))  # fmt: skip


def no_mount(w: World, pod: str, at: datetime) -> None:
    """A volume's ConfigMap or Secret does not exist: the containers are not made."""
    kind, name = w.rng.choice(
        (
            ("configmap", "seldon-agent"),
            ("configmap", "seldon-tracing"),
            ("secret", "store-ca"),
            ("secret", "seldon-scheduler-server"),
        )
    )
    for container in ("mlserver", "rclone", "agent"):
        w.containers[pod, container] = {
            "since": at,
            "ready": False,
            "waiting": ("ContainerCreating", ""),
            "proves": "mount",
        }
    w.event(at, "Pod", pod, "Scheduled", f"Successfully assigned {w.namespace}/{pod} to worker-2")
    w.event(
        at,
        "Pod",
        pod,
        "FailedMount",
        f'MountVolume.SetUp failed for volume "{name}-volume" : {kind} "{name}" not found',
        False,
        19,
        w.end - timedelta(seconds=33),
        "mount",
    )


def air_gap(w: World, pod: str, at: datetime) -> None:
    """The cluster has no way out, and an image is still asked of a public registry."""
    image = f"docker.io/seldonio/mlserver:1.{w.rng.randrange(3, 8)}.1"
    registry = "registry-1.docker.io"
    why = w.rng.choice((
        f'rpc error: code = Unknown desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: Head "https://{registry}/v2/seldonio/mlserver/manifests/1.6.1": dial tcp: lookup {registry} on 10.0.0.2:53: no such host',
        f'rpc error: code = Unknown desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: Head "https://{registry}/v2/seldonio/mlserver/manifests/1.6.1": dial tcp 198.51.100.24:443: i/o timeout',
    ))  # fmt: skip
    bad = {
        "ready": False,
        "waiting": ("ImagePullBackOff", f'Back-off pulling image "{image}"'),
        "image": image,
        "proves": "image",
    }
    w.containers |= {
        (pod, "mlserver"): {"since": at, **bad},
        (pod, "rclone"): {"since": at},
        (pod, "agent"): {"since": at, "ready": False},
    }
    started(w, pod, at)
    w.event(
        at,
        "Pod",
        pod,
        "Failed",
        f'Failed to pull image "{image}": {why}',
        False,
        7,
        w.end - timedelta(seconds=55),
        "image",
    )
    w.event(at, "Pod", pod, "Failed", "Error: ErrImagePull", False, 7, w.end - timedelta(seconds=55), "image")
    w.event(
        at,
        "Pod",
        pod,
        "BackOff",
        f'Back-off pulling image "{image}"',
        False,
        31,
        w.end - timedelta(seconds=21),
        "image",
    )


def one_server(w: World) -> None:
    """There is one server, of one replica."""
    w.servers[1:] = []
    w.servers[0].replicas = 1


def evicted(w: World) -> None:
    """A server's pod is evicted from its node, and does not come back in time."""
    server, index = next((m.placed for m in w.models if m.placed), (w.servers[0].name, 0))
    pod = f"{server}-{index}"
    at = w.end - timedelta(minutes=3)
    for key in [k for k in w.logs if k[0] == pod]:
        w.logs[key] = [x for x in w.logs[key] if x.at < at]
    w.agent(pod, at - w.skew, "info", "Shutting down due to SIGTERM or SIGINT")
    reason, why, kind, name = w.rng.choice((
        ("Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 10120387530, available: 8402432Ki. Container mlserver was using 9120344Ki, request is 0, has larger consumption of ephemeral-storage.", "Pod", pod),
        ("TaintManagerEviction", f"Marking for deletion Pod {w.namespace}/{pod}", "Pod", pod),
        ("Preempted", "Preempted by pod 8d2b6f04-3f7b-4a47-a8b0-4c4fbf7c1d2e on node worker-1", "Pod", pod),
    ))  # fmt: skip
    w.event(at, kind, name, reason, why, reason == "TaintManagerEviction", 1, None, "evicted")
    if reason == "TaintManagerEviction":
        w.event(
            at - timedelta(seconds=45),
            "Node",
            "worker-1",
            "NodeNotReady",
            "Node worker-1 status is now: NodeNotReady",
            True,
            1,
            None,
            "evicted",
        )
    wait = f"0/3 nodes are available: {'1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }' if reason[0] == 'T' else '1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }'}, 2 Insufficient memory."
    for container in ("mlserver", "rclone", "agent"):
        w.containers.pop((pod, container), None)
        w.containers[pod, container] = {
            "since": at + timedelta(seconds=5),
            "ready": False,
            "pending": wait,
            "proves": "pending",
        }
    w.event(
        at + timedelta(seconds=5),
        "Pod",
        pod,
        "FailedScheduling",
        wait,
        False,
        5,
        w.end - timedelta(seconds=20),
        "pending",
    )
    w.say(
        "scheduler",
        at,
        "info",
        f"Client replica {server}:{index} has disconnected",
        func="Subscribe",
        source="AgentServer",
    )
    w.servers[0].connected.clear()
    w.facts.add("server-lost")
    for model in w.models:
        w.routes.pop(model.name, None)
        w.place(model, at + timedelta(seconds=1))
        for n in range(3):
            w.call(model.name, at + timedelta(seconds=20 + 30 * n), 404, "NR", proves="404")


def other_machine(w: World, pod: str, at: datetime) -> None:
    """An image is made for another processor."""
    said = w.rng.choice(
        (
            "exec /usr/local/bin/mlserver: exec format error",
            "standard_init_linux.go:228: exec user process caused: exec format error",
        )
    )
    died = w.end - timedelta(seconds=50)
    w.start_server(pod, at)
    unserved(w, pod)
    w.logs[pod, "mlserver", False] = []
    raw(w, pod, "mlserver", died, said, "format")
    w.containers |= {(pod, "rclone"): {"since": at, "node": "arm-1"}, (pod, "agent"): {"since": at, "ready": False}}
    w.containers[pod, "mlserver"] = {"since": at, "ready": False, "restarts": 8, "last": ("Error", 1, died), "proves": "crash", "image": "registry.example.com/ml/scorer:4.1",
                                     "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=mlserver pod={pod}")}  # fmt: skip
    w.event(
        at,
        "Pod",
        pod,
        "BackOff",
        f"Back-off restarting failed container mlserver in pod {pod}",
        False,
        44,
        w.end - timedelta(seconds=18),
        "crash",
    )


def immutable(w: World) -> None:
    """A Server's volume was made larger: the operator cannot change the StatefulSet."""
    server = w.servers[0].name
    why = f"StatefulSet.apps \"{server}\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    t = w.start + (w.end - w.start) * 0.5
    while t < w.end:
        w.manager(t, "ERROR", "", "Reconciler error", {**w.reconcile("server", server), "error": why}, "immutable")
        t += w.jitter(40)


def no_metric(w: World) -> None:
    """An autoscaler of a Model gets no metric."""
    model = pick(w)
    name = f"{model.name}-hpa"
    why = w.rng.choice((
        "unable to get metric seldon_model_infer_total: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
        f"unable to get metric infer_rps: Model on {w.namespace} {model.name}/unable to fetch metrics from custom metrics API: the server could not find the metric infer_rps for models.mlops.seldon.io {model.name}",
    ))  # fmt: skip
    body = {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": objects.meta(w, name, w.start),
        "spec": {"minReplicas": 1, "maxReplicas": 4, "scaleTargetRef": {"apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Model", "name": model.name},
                 "metrics": [{"type": "Object", "object": {"metric": {"name": "infer_rps"}, "describedObject": {"apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Model", "name": model.name}, "target": {"type": "AverageValue", "averageValue": "3"}}}]},
        "status": {"currentReplicas": 1, "desiredReplicas": 0, "conditions": [objects.condition("AbleToScale", True, w.start, "SucceededGetScale", "the HPA controller was able to get the target's current scale"),
                   objects.condition("ScalingActive", False, w.start, "FailedGetObjectMetric", f"the HPA was unable to compute the replica count: {why}")]},
    }  # fmt: skip
    w.extra.append((body, "hpa"))
    w.event(
        w.start + timedelta(minutes=2),
        "HorizontalPodAutoscaler",
        name,
        "FailedGetObjectMetric",
        why,
        False,
        60,
        w.end - timedelta(seconds=9),
        "hpa",
    )
    w.event(
        w.start + timedelta(minutes=2),
        "HorizontalPodAutoscaler",
        name,
        "FailedComputeMetricsReplicas",
        f"invalid metrics (1 invalid out of 1), first error is: failed to get object metric value: {why}",
        False,
        60,
        w.end - timedelta(seconds=9),
        "hpa",
    )


def core_one(w: World) -> None:
    """Somebody applies a SeldonDeployment of Core 1."""
    name = f"{pick(w).name}-old"
    w.client.append(
        f'$ kubectl apply -n {w.namespace} -f {name}.yaml\nerror: resource mapping not found for name: "{name}" namespace: "{w.namespace}" from "{name}.yaml": no matches for kind "SeldonDeployment" in version "machinelearning.seldon.io/v1"\nensure CRDs are installed first\n'
    )


def webhook(w: World, pod: str, at: datetime) -> None:
    """A webhook of admission refuses the pod, or cannot be asked."""
    server = pod.rpartition("-")[0]
    why = w.rng.choice((
        f'admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/{w.namespace}/{pod} was blocked due to the following policies require-signed-images: check-signature: image is not signed',
        'Internal error occurred: failed calling webhook "mutate.vault.example.com": failed to call webhook: Post "https://vault-injector.vault.svc:443/mutate?timeout=10s": no endpoints available for service "vault-injector"',
    ))  # fmt: skip
    said = f"create Pod {pod} in StatefulSet {server} failed error: {why}"
    w.event(at, "StatefulSet", server, "FailedCreate", said, False, 21, w.end - timedelta(seconds=35), "webhook")


def held_elsewhere(w: World) -> None:
    """The scheduler's disk is still attached to a node that is gone."""
    w.scheduler_down = "crash"
    pod = w.names["scheduler"]
    w.containers[pod, "scheduler"] = {"app": "seldon-scheduler", "since": w.start, "ready": False, "waiting": ("ContainerCreating", ""), "proves": "creating"}  # fmt: skip
    volume = f"pvc-{w.rng.getrandbits(32):08x}-5a1c-4f7e-9d0b-3c2b1a0f9e8d"
    said = f'Multi-Attach error for volume "{volume}" Volume is already exclusively attached to one node and can\'t be attached to another'
    w.event(w.start, "Pod", pod, "FailedAttachVolume", said, False, 1, proves="attach")
    said = "Unable to attach or mount volumes: unmounted volumes=[scheduler-state], unattached volumes=[scheduler-state]: timed out waiting for the condition"
    w.event(w.start + timedelta(minutes=2), "Pod", pod, "FailedMount", said, False, 6, w.end - timedelta(seconds=40), "attach")  # fmt: skip
