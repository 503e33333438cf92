"""The columns that one kind of object has and others do not.

Each reader takes an object and gives the columns of `k8s.<kind>` beyond those that all objects share.

Source: the Kubernetes 1.34 API; Seldon's types in operator/apis/mlops/v1alpha1, v2.5.0 to v2.10.2.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from parsers.k8s_kinds import component_of
from parsers.k8s_values import as_json, dig, in_bytes, integer, mapping, mappings, moment, truth, written

Reader = Callable[[dict[str, Any]], dict[str, Any]]


def condition(value: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the status condition of a type; empty when there is none."""
    return next((each for each in mappings(dig(value, "status", "conditions")) if each.get("type") == kind), {})


def _ready(value: dict[str, Any]) -> bool | None:
    return truth(condition(value, "Ready").get("status"))


def _replicas(value: dict[str, Any]) -> dict[str, Any]:
    spec, status = mapping(value.get("spec")), mapping(value.get("status"))
    reported = bool(status)
    wanted = spec.get("replicas", status.get("desiredNumberScheduled"))
    current = status.get("replicas", status.get("currentNumberScheduled"))
    return {
        "replicas": integer(wanted),
        "current": integer(current),
        # a count of zero is left out by the API server
        "ready": integer(status.get("readyReplicas", status.get("numberReady", 0 if reported else None))),
        "available": integer(status.get("availableReplicas", status.get("numberAvailable", 0 if reported else None))),
    }


def _model(value: dict[str, Any]) -> dict[str, Any]:
    spec, status = mapping(value.get("spec")), mapping(value.get("status"))
    told = condition(value, "ModelReady")
    state = status.get("modelState") or told.get("message")
    return {
        "replicas": integer(spec.get("replicas")),
        "current": integer(status.get("replicas")),
        "ready": None,
        "available": integer(status.get("availableReplicas")),
        "storage_uri": written(spec.get("storageUri")),
        "secret": written(spec.get("secretName")),
        "server": written(spec.get("server")),
        "requirements": as_json(spec.get("requirements")),
        "memory": in_bytes(spec.get("memory")),
        "min_replicas": integer(spec.get("minReplicas")),
        "max_replicas": integer(spec.get("maxReplicas")),
        "is_ready": _ready(value),
        "state": written(state),
        "reason": written(told.get("reason")),
    }


def _server(value: dict[str, Any]) -> dict[str, Any]:
    spec, status = mapping(value.get("spec")), mapping(value.get("status"))
    own = condition(value, "StatefulSetReady") or condition(value, "StatefulSetOrDeploymentReady")
    return {
        **_replicas({"spec": spec, "status": {"replicas": status.get("replicas")} if status else {}}),
        "ready": None,
        "available": None,
        "server_config": written(spec.get("serverConfig")),
        "capabilities": as_json(spec.get("capabilities") or spec.get("extraCapabilities")),
        "min_replicas": integer(spec.get("minReplicas")),
        "max_replicas": integer(spec.get("maxReplicas")),
        "loaded_models": integer(status.get("loadedModels")),
        "is_ready": _ready(value),
        "reason": written(condition(value, "Ready").get("reason") or own.get("reason")),
    }


def _pipeline(value: dict[str, Any]) -> dict[str, Any]:
    told = condition(value, "PipelineReady") or condition(value, "Ready")
    reason, message = written(told.get("reason")), written(told.get("message"))
    if reason and reason.startswith("Pipeline") and " " not in reason:  # from 2.10 the state stands in the reason
        reason, message = message, reason
    return {
        "is_ready": _ready(value),
        "state": message,
        "reason": reason,
        "steps": as_json(dig(value, "spec", "steps")),
    }


def _experiment(value: dict[str, Any]) -> dict[str, Any]:
    spec = mapping(value.get("spec"))
    kinds = ("ExperimentReady", "CandidatesReady", "MirrorReady", "Ready")
    told = [condition(value, kind) for kind in kinds]
    failed = next((each for each in told if truth(each.get("status")) is False), told[0])
    return {
        "is_ready": _ready(value),
        "default": written(spec.get("default")),
        "resource_type": written(spec.get("resourceType")) or ("model" if spec.get("candidates") else None),
        "candidates": as_json(spec.get("candidates")),
        "mirror": written(dig(spec, "mirror", "name")),
        "reason": written(failed.get("reason")),
    }


def _runtime(value: dict[str, Any]) -> dict[str, Any]:
    return {"is_ready": _ready(value), "config": written(dig(value, "spec", "seldonConfig"))}


def _pod(value: dict[str, Any]) -> dict[str, Any]:
    spec, status = mapping(value.get("spec")), mapping(value.get("status"))
    written_down = mappings(spec.get("containers"))
    containers = [str(each.get("name")) for each in written_down]
    images = [str(each["image"]) for each in written_down if each.get("image")]
    counts = [integer(each.get("restartCount")) for each in _statuses(status)]
    ready = _ready(value)  # one that no node has taken has no such condition at all
    return {
        "phase": written(status.get("phase")),
        "reason": written(status.get("reason")),
        "message": written(status.get("message")),
        "node": written(spec.get("nodeName")),
        "ip": written(status.get("podIP")),
        "is_ready": False if ready is None and status.get("phase") in ("Pending", "Failed") else ready,
        "restarts": sum(each or 0 for each in counts) if counts else None,
        "started": moment(status.get("startTime")),
        "service_account": written(spec.get("serviceAccountName")),
        "component": component_of(mapping(dig(value, "metadata", "labels")), containers, _name(value), images),
    }


def _statuses(status: dict[str, Any]) -> list[dict[str, Any]]:
    return mappings(status.get("containerStatuses")) + mappings(status.get("initContainerStatuses"))


def _name(value: dict[str, Any]) -> str | None:
    return written(dig(value, "metadata", "name"))


def _service(value: dict[str, Any]) -> dict[str, Any]:
    spec = mapping(value.get("spec"))
    told = mappings(dig(value, "status", "loadBalancer", "ingress"))
    external = [text for each in told if (text := written(each.get("ip") or each.get("hostname")))]
    external += [str(each) for each in spec.get("externalIPs") or [] if isinstance(each, str)]
    pending = spec.get("type") == "LoadBalancer" and "status" in value
    ports = [
        {
            "name": each.get("name"),
            "port": each.get("port"),
            "target": each.get("targetPort", each.get("port")),
            "protocol": each.get("protocol", "TCP"),
        }
        for each in mappings(spec.get("ports"))
    ]
    return {
        "type": written(spec.get("type")) or "ClusterIP",
        "cluster_ip": written(spec.get("clusterIP")),
        "external": ",".join(external) or ("<pending>" if pending else None),
        "external_name": written(spec.get("externalName")),
        "selector": as_json(spec.get("selector")),
        "ports": as_json(ports),
    }


def _endpoints(value: dict[str, Any]) -> dict[str, Any]:
    if "addressType" in value or value.get("kind") == "EndpointSlice":
        ready, waiting = [], 0
        for each in mappings(value.get("endpoints")):
            addresses = [str(address) for address in each.get("addresses") or []]
            if truth(dig(each, "conditions", "ready")) is False:
                waiting += len(addresses)
            else:
                ready += addresses
        service = dig(value, "metadata", "labels", "kubernetes.io/service-name")
    else:
        subsets = mappings(value.get("subsets"))
        ready = [str(each.get("ip")) for subset in subsets for each in mappings(subset.get("addresses"))]
        waiting = sum(len(mappings(subset.get("notReadyAddresses"))) for subset in subsets)
        service = _name(value)
    return {"service": written(service), "ready": len(ready), "not_ready": waiting, "addresses": as_json(ready)}


def _networkpolicy(value: dict[str, Any]) -> dict[str, Any]:
    spec = mapping(value.get("spec"))
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return {"pod_selector": as_json(spec.get("podSelector") or {}), "policy_types": as_json(types)}


def _ingress(value: dict[str, Any]) -> dict[str, Any]:
    spec = mapping(value.get("spec"))
    rules = mappings(spec.get("rules"))
    paths = [
        {
            "host": rule.get("host"),
            "path": each.get("path"),
            "type": each.get("pathType"),
            "service": dig(each, "backend", "service", "name") or dig(each, "backend", "serviceName"),
            "port": dig(each, "backend", "service", "port", "number")
            or dig(each, "backend", "service", "port", "name")
            or dig(each, "backend", "servicePort"),
        }
        for rule in rules
        for each in mappings(dig(rule, "http", "paths"))
    ]
    told = mappings(dig(value, "status", "loadBalancer", "ingress"))
    address = [text for each in told if (text := written(each.get("ip") or each.get("hostname")))]
    old = dig(value, "metadata", "annotations", "kubernetes.io/ingress.class")
    return {
        "class": written(spec.get("ingressClassName") or old),
        "hosts": as_json([rule["host"] for rule in rules if rule.get("host")]),
        "paths": as_json(paths),
        "address": ",".join(address) or None,
    }


def _ingressclass(value: dict[str, Any]) -> dict[str, Any]:
    default = dig(value, "metadata", "annotations", "ingressclass.kubernetes.io/is-default-class")
    return {"controller": written(dig(value, "spec", "controller")), "is_default": bool(truth(default))}


_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


def _node(value: dict[str, Any]) -> dict[str, Any]:
    info = mapping(dig(value, "status", "nodeInfo"))
    pressed = [kind for kind in _PRESSURES if truth(condition(value, kind).get("status"))]
    return {
        "is_ready": _ready(value),
        "unschedulable": bool(truth(dig(value, "spec", "unschedulable"))),
        "kubelet": written(info.get("kubeletVersion")),
        "arch": written(info.get("architecture")),
        "os_image": written(info.get("osImage")),
        "pressure": as_json(pressed),
    }


def _claim(value: dict[str, Any]) -> dict[str, Any]:
    spec = mapping(value.get("spec"))
    old = dig(value, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class")
    return {
        "phase": written(dig(value, "status", "phase")),
        "storage_class": written(spec.get("storageClassName") or old),
        "volume": written(spec.get("volumeName")),
    }


def _volume(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "phase": written(dig(value, "status", "phase")),
        "storage_class": written(dig(value, "spec", "storageClassName")),
    }


def _storageclass(value: dict[str, Any]) -> dict[str, Any]:
    notes = mapping(dig(value, "metadata", "annotations"))
    default = any(truth(note) for name, note in notes.items() if name.endswith("is-default-class"))
    return {"is_default": default, "provisioner": written(value.get("provisioner"))}


def _secret(value: dict[str, Any]) -> dict[str, Any]:
    keys = sorted({*mapping(value.get("data")), *mapping(value.get("stringData"))})
    return {"type": written(value.get("type")), "keys": as_json(keys)}


def _autoscaler(value: dict[str, Any]) -> dict[str, Any]:
    target = mapping(dig(value, "spec", "scaleTargetRef"))
    return {"target_kind": written(target.get("kind")), "target": written(target.get("name"))}


def _lease(value: dict[str, Any]) -> dict[str, Any]:
    spec = mapping(value.get("spec"))
    return {"holder": written(spec.get("holderIdentity")), "renewed": moment(spec.get("renewTime"))}


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "model": _model,
        "server": _server,
        "pipeline": _pipeline,
        "experiment": _experiment,
        "seldonruntime": _runtime,
        "pod": _pod,
        "deployment": _replicas,
        "statefulset": _replicas,
        "replicaset": _replicas,
        "daemonset": _replicas,
        "service": _service,
        "endpoints": _endpoints,
        "networkpolicy": _networkpolicy,
        "ingress": _ingress,
        "ingressclass": _ingressclass,
        "peerauthentication": lambda value: {"mode": written(dig(value, "spec", "mtls", "mode"))},
        "authorizationpolicy": lambda value: {"action": written(dig(value, "spec", "action")) or "ALLOW"},
        "node": _node,
        "namespace": lambda value: {"phase": written(dig(value, "status", "phase"))},
        "persistentvolumeclaim": _claim,
        "persistentvolume": _volume,
        "storageclass": _storageclass,
        "secret": _secret,
        "horizontalpodautoscaler": _autoscaler,
        "lease": _lease,
    }
)
