"""What `kubectl describe` says of the kinds it has a form of its own for, as `spec` and `status`."""

import re
from collections.abc import Callable
from typing import Any

from parsers.k8s_outline import Node
from parsers.k8s_values import integer, truth

_FROM_KEY = re.compile(r"<set to the key '([^']*)' (?:of|in) (secret|config map) '([^']*)'>")
_FROM_FIELD = re.compile(r"(.*?) ?\(v1:([\w.\[\]'/-]+)\)$")


def container(node: Node) -> dict[str, Any]:
    """Return a container of a pod's template, as its spec has it."""
    resources = {key.lower(): _quantities(node.get(key)) for key in ("Limits", "Requests")}
    environment = node.get("Environment")
    variables = [_variable(each) for each in environment.below if each.key] if environment else []
    return {"name": node.key, "image": node.told("Image"), "resources": resources, "env": variables}


def _quantities(node: Node | None) -> dict[str, str]:
    return {each.key: each.value for each in node.below if each.key} if node else {}


def _variable(node: Node) -> dict[str, Any]:
    told = _FROM_KEY.match(node.value)
    if told:
        reference = "secretKeyRef" if told[2] == "secret" else "configMapKeyRef"
        return {"name": node.key, "valueFrom": {reference: {"name": told[3], "key": told[1]}}}
    told = _FROM_FIELD.match(node.value)
    if told:
        return {"name": node.key, "valueFrom": {"fieldRef": {"fieldPath": told[2]}}}
    return {"name": node.key, "value": node.value}


def _template(root: Node, value: dict[str, Any]) -> None:
    template = root.get("Pod Template")
    section = template.get("Containers") if template else None
    if section is not None:
        containers = [container(each) for each in section.below if each.key]
        value.setdefault("spec", {})["template"] = {"spec": {"containers": containers}}


def _counted(text: str | None) -> dict[str, int]:
    return {word: int(number) for number, word in re.findall(r"(\d{1,9}) (\w+)", text or "")}


def _workload(root: Node, value: dict[str, Any]) -> None:
    _template(root, value)
    counted = _counted(root.told("Replicas"))
    running = _counted((root.told("Pods Status") or "").replace(" / ", " "))
    value.setdefault("spec", {})["replicas"] = counted.get("desired")
    value["status"] = {
        "replicas": counted.get("total", counted.get("current")),
        "availableReplicas": counted.get("available"),
        "readyReplicas": None,  # describe does not print it
    }
    if running:
        value["status"]["runningPods"] = running.get("Running")


def _service(root: Node, value: dict[str, Any]) -> None:
    selector = [part.partition("=") for part in (root.told("Selector") or "").split(",") if "=" in part]
    outside = root.told("LoadBalancer Ingress")
    value["spec"] = {
        "type": root.told("Type"),
        "clusterIP": root.told("IP"),
        "externalName": root.told("External Name"),
        "selector": {key: wanted for key, _, wanted in selector},
    }
    value["status"] = {"loadBalancer": {"ingress": [{"ip": outside}]} if outside else {}}


def _claim(root: Node, value: dict[str, Any]) -> None:
    value["spec"] = {"storageClassName": root.told("StorageClass"), "volumeName": root.told("Volume")}
    value["status"] = {"phase": root.told("Status")}


def _node(root: Node, value: dict[str, Any]) -> None:
    system = root.get("System Info")
    value["spec"] = {"unschedulable": truth(root.told("Unschedulable"))}
    value["status"] = {
        "nodeInfo": {
            "kubeletVersion": system.told("Kubelet Version") if system else None,
            "architecture": system.told("Architecture") if system else None,
            "osImage": system.told("OS Image") if system else None,
        }
    }


def _namespace(root: Node, value: dict[str, Any]) -> None:
    value["status"] = {"phase": root.told("Status")}


def _policy(root: Node, value: dict[str, Any]) -> None:
    spec = root.get("Spec")
    if spec is None:
        return
    value["apiVersion"] = "networking.k8s.io/v1"
    made: dict[str, Any] = {"podSelector": _selector(spec.get("PodSelector"))}
    value["spec"] = made
    types = spec.told("Policy Types") or ""
    made["policyTypes"] = [each.strip() for each in types.split(",") if each.strip()]
    for way, peers in (("ingress", "From"), ("egress", "To")):
        node = spec.get(f"Allowing {way} traffic")
        if node is not None and not any("isolated" in below.text for below in node.below):
            made[way] = _rules(node.below, peers)


def _rules(nodes: list[Node], peers: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [{}]
    for node in nodes:
        number, _, protocol = node.value.partition("/")
        if set(node.text) == {"-"}:
            rules.append({})
        elif node.key == "To Port" and protocol:
            port = {"port": integer(number) or number, "protocol": protocol.split(" ")[0]}
            rules[-1].setdefault("ports", []).append(port)
        elif node.key == peers and node.below:
            rules[-1].setdefault(peers.lower(), []).append(_peer(node))
    return rules


def _peer(node: Node) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, name in (("PodSelector", "podSelector"), ("NamespaceSelector", "namespaceSelector")):
        if node.get(key) is not None:
            made[name] = _selector(node.get(key))
    block = node.get("IPBlock")
    if block is not None:
        excepted = block.told("Except")
        made["ipBlock"] = {"cidr": block.told("CIDR"), **({"except": excepted.split(", ")} if excepted else {})}
    return made


def _selector(node: Node | None) -> dict[str, Any]:
    """Return a label selector: `a=b,c in (d,e),!f`; empty for `<none>`."""
    text = node.value if node is not None else ""
    if not text or text.startswith("<none>"):
        return {}
    labels, expressions = {}, []
    for part in re.split(r",(?![^(]*\))", text):
        key, equals, wanted = part.partition("=")
        among = re.fullmatch(r"(\S+) (in|notin) \(([^)]*)\)", part)
        if among:
            operator = "In" if among[2] == "in" else "NotIn"
            expressions.append({"key": among[1], "operator": operator, "values": among[3].split(",")})
        elif equals:
            labels[key] = wanted
        else:
            operator = "DoesNotExist" if part.startswith("!") else "Exists"
            expressions.append({"key": part.lstrip("!"), "operator": operator})
    return {**({"matchLabels": labels} if labels else {}), **({"matchExpressions": expressions} if expressions else {})}


READERS: dict[str | None, Callable[[Node, dict[str, Any]], None]] = {
    "Deployment": _workload,
    "StatefulSet": _workload,
    "ReplicaSet": _workload,
    "Job": _template,
    "DaemonSet": _template,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _claim,
    "Node": _node,
    "Namespace": _namespace,
    "NetworkPolicy": _policy,
}
