"""What the API server and Envoy would tell about a `World` when the bundle is collected.

Source: Kubernetes 1.34 and Seldon Core 2.9.1 objects as `kubectl get -o yaml` writes them; Envoy 1.36 `/stats`,
`/clusters`, `/config_dump`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy.model import World

Proved = tuple[dict[str, Any], str | None]


def stamp(at: datetime) -> str:
    """Return a time as Kubernetes writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def condition(kind: str, ok: bool, since: datetime, reason: str = "", message: str = "") -> dict[str, Any]:
    """Return a condition."""
    made = {"lastTransitionTime": stamp(since), "status": str(ok), "type": kind}
    if message:
        made["message"] = message
    if reason:
        made["reason"] = reason
    return dict(sorted(made.items()))


def meta(world: World, name: str, at: datetime, **more: Any) -> dict[str, Any]:
    """Return an object's metadata."""
    uid = f"{world.rng.getrandbits(32):08x}-1d2c-4b3a-8f7e-{world.rng.getrandbits(48):012x}"
    return {
        "creationTimestamp": stamp(at),
        **more,
        "generation": 1,
        "name": name,
        "namespace": world.homes.get(name, world.namespace),
        "uid": uid,
    }


def models(world: World) -> Iterator[Proved]:
    """Yield the Model resources."""
    for model in world.models:
        ok = model.state == "ModelAvailable"
        since = model.since or world.start
        conditions = [
            condition("ModelReady", ok, since, model.reason, model.state if world.release >= (2, 6, 0) else ""),
            condition("Ready", ok, since, model.reason, "" if ok or world.release < (2, 6, 0) else model.state),
        ]
        spec: dict[str, Any] = {
            "memory": str(model.memory),
            "requirements": list(model.requires),
            "storageUri": model.uri,
        }
        if model.replicas != 1:
            spec["replicas"] = model.replicas
        if model.secret:
            spec["secretName"] = model.secret
        if model.server:
            spec["server"] = model.server
        status: dict[str, Any] = {"conditions": conditions, "replicas": model.replicas}
        if ok and model.placed:
            status |= {"availableReplicas": model.replicas, "selector": f"server={model.placed[0]}"}
        proves = (
            None if ok else {"ScheduleFailed": "unplaced", "ModelFailed": "load-failed"}.get(model.state, "cut-off")
        )
        if ok and model.faulty:
            proves = "context"
        body = {
            "apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Model",
            "metadata": meta(world, model.name, world.start, finalizers=["seldon.model.finalizer"]),
            "spec": spec, "status": status,
        }  # fmt: skip
        yield body, proves


def servers(world: World) -> Iterator[Proved]:
    """Yield Server resources, StatefulSets and Services."""
    for server in world.servers:
        unmade = ("operator", 9004) in world.shut
        up = sum(
            (f"{server.name}-{i}", server.runtime) in world.containers and pod_ready(world, f"{server.name}-{i}")
            for i in range(server.replicas)
        )
        ok = up == server.replicas and not unmade
        loaded = sum(
            m.placed is not None and m.placed[0] == server.name and m.state == "ModelAvailable" for m in world.models
        )
        yield {
            "apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Server", "metadata": meta(world, server.name, world.start),
            "spec": {"replicas": server.replicas, "serverConfig": server.runtime},
            "status": {"conditions": [condition("Ready", ok, world.start), condition("StatefulSetReady", ok, world.start)],
                       "loadedModels": loaded, "replicas": up, "selector": f"seldon-server-name={server.name}"},
        }, "zero" if server.replicas == 0 else "context"  # fmt: skip
        if unmade:
            continue
        labels = {"seldon-server-name": server.name, "app.kubernetes.io/name": "seldon-server"}
        env = [
            {"name": "SELDON_SERVER_CAPABILITIES", "value": ",".join(server.capabilities)},
            {"name": "MEMORY_REQUEST", "value": str(server.memory)},
        ]
        if world.foreign_host:
            env.append({"name": "SELDON_SCHEDULER_HOST", "value": world.foreign_host})
        containers = [
            {"name": c, "image": image(world, c), **({"env": env} if c == "agent" else {})}
            for c in (server.runtime, "rclone", "agent")
        ]
        owner = {"apiVersion": "mlops.seldon.io/v1alpha1", "controller": True, "kind": "Server", "name": server.name, "uid": "5b0e6a34-1d2c-4b3a-8f7e-6c1f0a9d2e77"}  # fmt: skip
        status: dict[str, Any] = {"replicas": up, "observedGeneration": 1}
        if up:
            status |= {"readyReplicas": up, "availableReplicas": up}
        yield {
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta(world, server.name, world.start, labels=labels, ownerReferences=[owner]),
            "spec": {"replicas": server.replicas, "selector": {"matchLabels": {"seldon-server-name": server.name}}, "serviceName": server.name,
                     "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}},
            "status": status,
        }, "zero" if server.replicas == 0 else "context"  # fmt: skip


def image(world: World, container: str) -> str:
    """Return a container's image."""
    release = ".".join(map(str, world.release))
    if container == "mlserver":
        return "docker.io/seldonio/mlserver:1.6.1"
    if container == "triton":
        return next(s.image or "nvcr.io/nvidia/tritonserver:23.03-py3" for s in world.servers if s.runtime == "triton")
    name = {"manager": "seldonv2-controller", "scheduler": "seldon-scheduler", "envoy": "seldon-envoy"}.get(
        container, f"seldon-{container}"
    )
    return f"docker.io/seldonio/{name}:{release}"


def pod_ready(world: World, pod: str) -> bool:
    """Whether every container of a pod is ready."""
    return all(state.get("ready", True) for (name, _), state in world.containers.items() if name == pod)


def pods(world: World) -> Iterator[Proved]:
    """Yield the Pods, from what is known of their containers."""
    for pod in dict.fromkeys(name for name, _ in world.containers):
        states = {c: s for (name, c), s in world.containers.items() if name == pod}
        first = next(iter(states.values()))
        labels = {"app.kubernetes.io/name": first.get("app", "seldon-server")}
        if labels["app.kubernetes.io/name"] == "seldon-server":
            labels["seldon-server-name"] = pod.rpartition("-")[0]
        ready = all(s.get("ready", True) for s in states.values())
        pending = first.get("pending")
        status: dict[str, Any] = {
            "phase": "Pending"
            if pending
            or any(
                "waiting" in s and s["waiting"][0].startswith(("Image", "ErrImage", "ContainerCreating"))
                for s in states.values()
            )
            else "Running"
        }
        since = first.get("since", world.start)
        if pending:
            status["conditions"] = [condition("PodScheduled", False, since, "Unschedulable", pending)]
        else:
            bad = [c for c, s in states.items() if not s.get("ready", True)]
            why = ("ContainersNotReady", f"containers with unready status: [{' '.join(bad)}]") if bad else ("", "")
            status["conditions"] = [condition("Ready", ready, since, *why), condition("PodScheduled", True, since)]
            status["containerStatuses"] = [container_status(world, c, s, since) for c, s in sorted(states.items())]
            status |= {
                "podIP": world.ips.get(pod)
                or world.ips.get(next((k for k, v in world.names.items() if v == pod), ""), "10.9.9.9"),
                "hostIP": "192.168.40.2",
                "startTime": stamp(since),
            }
        spec = {
            "containers": [
                {"name": c, "image": s.get("image") or image(world, c), **({"env": s["env"]} if "env" in s else {})}
                for c, s in states.items()
            ],
            "nodeName": first.get("node", "worker-1"),
        }
        proves = next((s["proves"] for s in states.values() if s.get("proves")), "context")
        yield (
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": meta(world, pod, since, labels=labels),
                "spec": spec,
                "status": dict(sorted(status.items())),
            },
            proves,
        )


def container_status(world: World, name: str, state: dict[str, Any], since: datetime) -> dict[str, Any]:
    """Return a container's status."""
    made: dict[str, Any] = {"image": state.get("image") or image(world, name), "lastState": {}, "name": name}
    if "last" in state:
        reason, code, at = state["last"]
        made["lastState"] = {
            "terminated": {"exitCode": code, "finishedAt": stamp(at), "reason": reason, "startedAt": stamp(since)}
        }
    made |= {
        "ready": state.get("ready", True),
        "restartCount": state.get("restarts", 0),
        "started": "waiting" not in state,
    }
    if "waiting" in state:
        made["state"] = {"waiting": {"message": state["waiting"][1], "reason": state["waiting"][0]}}
    else:
        made["state"] = {"running": {"startedAt": stamp(state.get("running", since + timedelta(seconds=2)))}}
    return made


def workloads(world: World) -> Iterator[Proved]:
    """Yield the scheduler's StatefulSet, Envoy's Deployment, Services and the runtime."""
    down = world.scheduler_down
    asked = 0 if down == "scaled" else 1
    up = (
        pod_ready(world, world.names["scheduler"])
        and asked
        and (world.names["scheduler"], "scheduler") in world.containers
    )
    status: dict[str, Any] = {
        "replicas": asked,
        "observedGeneration": 1,
        **({"readyReplicas": 1, "availableReplicas": 1} if up else {}),
    }
    labels = {"app.kubernetes.io/name": "seldon-scheduler"}
    if down != "never-made":
        yield {
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta(world, "seldon-scheduler", world.start, labels=labels),
            "spec": {"replicas": asked, "selector": {"matchLabels": labels}, "serviceName": "seldon-scheduler",
                     "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "scheduler", "image": image(world, "scheduler")}]}}},
            "status": status,
        }, "scheduler-gone" if not up else None  # fmt: skip
    labels = {"app.kubernetes.io/name": "seldon-envoy"}
    yield {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(world, "seldon-envoy", world.start, labels=labels),
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "envoy", "image": image(world, "envoy")}]}}},
        "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1, "observedGeneration": 1},
    }, None  # fmt: skip
    for name, selected, ports in (
        ("seldon-scheduler", "seldon-scheduler", (9002, 9004, 9005, 9008)), ("seldon-mesh", "seldon-envoy", (80, 9003)),
    ):  # fmt: skip
        yield {
            "apiVersion": "v1", "kind": "Service", "metadata": meta(world, name, world.start),
            "spec": {"clusterIP": world.ips["service"] if "sched" in name else "10.96.3.7", "ports": [{"name": f"p{p}", "port": p, "protocol": "TCP"} for p in ports],
                     "selector": {"app.kubernetes.io/name": selected}, "type": "ClusterIP"},
            "status": {"loadBalancer": {}},
        }, None  # fmt: skip
    if world.release >= (2, 6, 0):
        yield {
            "apiVersion": "mlops.seldon.io/v1alpha1", "kind": "SeldonRuntime", "metadata": meta(world, "seldon", world.start),
            "spec": {"seldonConfig": "default", **({"overrides": world.overrides} if world.overrides else {})}, "status": {"conditions": [*components(world, bool(up or asked == 0)), condition("Ready", bool(up), world.start)]},
        }, "context"  # fmt: skip


def components(world: World, scheduler: bool) -> Iterator[dict[str, Any]]:
    """Yield what a runtime says of its components: of each, whether as many pods are ready as there are."""
    yield condition("SchedulerReady", scheduler, world.start)
    yield condition("EnvoyReady", True, world.start)
    words = {
        "seldon-dataflow-engine": "DataflowEngine",
        "seldon-modelgateway": "ModelGateway",
        "seldon-pipelinegateway": "PipelineGateway",
    }
    for body, _ in world.extra:
        word = words.get(body["metadata"]["name"]) if body["kind"] == "Deployment" else None
        if word:
            status = body["status"]
            ok = status.get("readyReplicas", 0) == status.get("replicas", 0)
            yield condition(f"{word}Ready", ok, world.start)


def policy(
    world: World, name: str, pods: dict[str, str], port: int | None, dns: bool = False, ingress: bool = True
) -> dict[str, Any]:
    """Return a NetworkPolicy that lets everything into `pods` (or out) but what the fault shuts."""
    spec: dict[str, Any] = {"podSelector": {"matchLabels": pods} if pods else {}}
    if dns:
        spec |= {"policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]}
    else:
        open_ports = [
            p
            for p in (9002, 9004, 9005, 9008, 9044, 9055)
            if p not in (port, (port or 0) + 50 if port == 9005 else port)
        ]
        spec |= {
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": p, "protocol": "TCP"} for p in open_ports]}],
        }
        del ingress
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta(world, name, world.start),
        "spec": spec,
    }


def collected(world: World) -> list[Proved]:
    """Return every object, as the API server would list them: what a fault edits is edited, what it hides is absent."""
    if world.furnished is not None:
        return world.furnished
    made: list[Proved] = []
    for body, proves in [*models(world), *servers(world), *pods(world), *workloads(world), *world.extra]:
        key = body["kind"], body["metadata"]["name"]
        if key in world.hidden:
            continue
        edit, shows = world.edits.get(key, ({}, None))
        made.append((merged(body, edit), shows or proves))
    return made


def merged(body: dict[str, Any], edit: dict[str, Any]) -> dict[str, Any]:
    """Return an object with an edit laid over it; None takes a field away."""
    made = dict(body)
    for key, value in edit.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = merged(made[key], value)
        else:
            made[key] = value
    return made


def event_objects(world: World) -> list[Proved]:
    """Return the Events."""
    made = []
    for n, e in enumerate(world.events):
        api = {
            "Model": "mlops.seldon.io/v1alpha1",
            "Server": "mlops.seldon.io/v1alpha1",
            "StatefulSet": "apps/v1",
            "Deployment": "apps/v1",
            "ReplicaSet": "apps/v1",
        }.get(e["kind"], "v1")
        made.append((
            {
                "apiVersion": "v1", "count": e["count"], "eventTime": None, "firstTimestamp": stamp(e["at"]),
                "involvedObject": {"apiVersion": api, "kind": e["kind"], "name": e["name"], "namespace": world.homes.get(e["name"], world.namespace)},
                "kind": "Event", "lastTimestamp": stamp(e["last"]), "message": e["message"],
                "metadata": {"creationTimestamp": stamp(e["at"]), "name": f"{e['name']}.18{n:04x}c0ffee", "namespace": world.homes.get(e["name"], world.namespace)},
                "reason": e["reason"], "reportingComponent": "kubelet", "source": {"component": "kubelet"}, "type": e["type"],
            },
            e["proves"] or ("context" if e["type"] == "Normal" else None),  # what went well was recorded too
        ))  # fmt: skip
    return made


def tables(world: World) -> str:
    """Return what `kubectl get pods` and `kubectl get models,servers` print."""
    rows = [f"{'NAME':50}READY   STATUS             RESTARTS   AGE"]
    for body, _ in pods(world):
        name, status = body["metadata"]["name"], body["status"]
        states = status.get("containerStatuses", [])
        total = len(body["spec"]["containers"])
        word = next((s["state"]["waiting"]["reason"] for s in states if "waiting" in s["state"]), status["phase"])
        age = int((world.end - world.start).total_seconds() // 60)
        rows.append(
            f"{name:50}{sum(s['ready'] for s in states)}/{total}     {word:<19}{max((s['restartCount'] for s in states), default=0):<11}{age}m"
        )
    return f"$ kubectl get pods -n {world.namespace}\n" + "\n".join(rows) + "\n"
