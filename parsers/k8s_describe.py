"""`kubectl describe` turned back into objects, as far as it tells.

Describe prints for people: keys of custom resources are split at capitals (`Storage Uri`), lists have no marks, and
Conditions of pods have no reason. What is not printed stays absent.

Source: kubectl's pkg/describe/describe.go, Kubernetes 1.34.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from parsers.k8s_objects import Spans
from parsers.k8s_tables import seen
from parsers.k8s_values import UNSET, integer, truth

_KEY = re.compile(r"( *)([^\s:](?:[^:]|:(?=\S))*?):(?:\s+(.*?))?\s*$")
_LISTS = (
    "conditions", "candidates", "steps", "requirements", "finalizers", "env", "containers",
    "initContainers", "capabilities", "extraCapabilities", "overrides", "components", "inputs",
    "ownerReferences", "volumeClaimTemplates",
)  # fmt: skip
_SCALARS = frozenset({"requirements", "finalizers", "capabilities", "extraCapabilities", "inputs"})
_FROM_KEY = re.compile(r"<set to the key '([^']*)' (?:of|in) (secret|config map) '([^']*)'>")
_FROM_FIELD = re.compile(r"(.*?) ?\(v1:([\w.\[\]'/-]+)\)$")
_KINDS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"StrategyType"}), "Deployment"),
    (frozenset({"Pods Status", "Update Strategy"}), "StatefulSet"),
    (frozenset({"Desired Number of Nodes Scheduled"}), "DaemonSet"),
    (frozenset({"Parallelism", "Completions"}), "Job"),
    (frozenset({"Pods Status", "Replicas"}), "ReplicaSet"),
    (frozenset({"Containers", "Status"}), "Pod"),
    (frozenset({"Roles", "Conditions"}), "Node"),
    (frozenset({"StorageClass", "Status", "Used By"}), "PersistentVolumeClaim"),
    (frozenset({"StorageClass", "Status", "Reclaim Policy"}), "PersistentVolume"),
    (frozenset({"Selector", "Session Affinity"}), "Service"),
    (frozenset({"Endpoints", "Type", "Selector"}), "Service"),
    (frozenset({"Subsets"}), "Endpoints"),
    (frozenset({"Ingress Class", "Rules"}), "Ingress"),
    (frozenset({"Status", "Resource Quota"}), "Namespace"),
    (frozenset({"Mountable secrets"}), "ServiceAccount"),
    (frozenset({"Provisioner", "ReclaimPolicy"}), "StorageClass"),
)


@dataclass(slots=True)
class Node:
    """A line of describe, and what is indented below it."""

    key: str
    value: str
    line: int
    stop: int
    indent: int
    text: str
    below: list["Node"] = field(default_factory=list)

    def get(self, key: str) -> "Node | None":
        """Return the first line of a key right below this one."""
        return next((each for each in self.below if each.key == key), None)

    def told(self, key: str) -> str | None:
        """Return the value of a key right below this one; null where it is `<none>` or missing."""
        found = self.get(key)
        return None if found is None or found.value in UNSET else found.value


@dataclass(slots=True)
class Described:
    """What one describe block says."""

    value: dict[str, Any]
    spans: Spans
    events: list[tuple[int, int, dict[str, Any]]]


def tree(lines: list[str], start: int, stop: int) -> Node:
    """Return the lines of a block by their indentation."""
    root = Node("", "", start, stop, -1, "")
    open_nodes = [root]
    for index in range(start, stop):
        line = lines[index].rstrip()
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        found = _KEY.match(line)
        key, value = (found[2], found[3] or "") if found else ("", line.strip())
        while open_nodes[-1].indent >= indent:
            open_nodes.pop().stop = index
        node = Node(key, value, index, stop, indent, line.strip())
        open_nodes[-1].below.append(node)
        if len(open_nodes) < 60:
            open_nodes.append(node)
    return root


def read(lines: list[str], start: int, stop: int) -> Described:
    """Return the object that a block describes."""
    root = tree(lines, start, stop)
    keys = frozenset(node.key for node in root.below)
    spans: Spans = {}
    if {"API Version", "Kind"} <= keys:
        value = _custom(root, spans)
    else:
        kind = next((kind for needed, kind in _KINDS if needed <= keys), None)
        if kind is None and (spec := root.get("Spec")) is not None and spec.get("PodSelector") is not None:
            kind = "NetworkPolicy"
        value = {"kind": kind or "Unknown", "metadata": _metadata(root)}
        if kind == "Pod":
            _pod(root, value, spans)
        elif kind in _READERS:
            _READERS[kind](root, value)
        _conditions(root, value, spans)
    return Described(value, spans, _events(root))


def _pairs(node: Node | None, mark: str) -> dict[str, str]:
    if node is None:
        return {}
    texts = [node.value, *(below.text for below in node.below)]
    split = (text.split(mark, 1) for text in texts if mark in text)
    return {key.strip(): value.strip() for key, value in split}


def _metadata(root: Node) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": root.told("Name"),
        "namespace": root.told("Namespace"),
        "creationTimestamp": root.told("CreationTimestamp") or root.told("Created on"),
        "labels": _pairs(root.get("Labels"), "="),
        "annotations": _pairs(root.get("Annotations"), ": "),
    }
    kind, _, name = (root.told("Controlled By") or "").partition("/")
    if name:
        made["ownerReferences"] = [{"kind": kind, "name": name}]
    return {key: value for key, value in made.items() if value}


def _camel(key: str) -> str:
    first, *rest = key.split(" ")
    head = first.lower() if first.isupper() else first[:1].lower() + first[1:]
    return head + "".join(rest)


def _custom(root: Node, spans: Spans) -> dict[str, Any]:
    value: dict[str, Any] = {
        "apiVersion": root.told("API Version"),
        "kind": root.told("Kind"),
        "metadata": _metadata(root),
    }
    for key in ("Metadata", "Spec", "Status"):
        node = root.get(key)
        if node is None:
            continue
        held = _structure(node, (key.lower(),), spans)
        if isinstance(held, dict):
            value[key.lower()] = {**value.get(key.lower(), {}), **held} if key == "Metadata" else held
    return value


def _structure(node: Node, path: tuple[str, ...], spans: Spans) -> Any:
    name = path[-1]
    if not node.below:
        return [node.value] if name in _SCALARS and node.value else node.value
    if all(not below.key for below in node.below) or name in _SCALARS:
        return [below.text for below in node.below]
    maps: list[dict[str, Any]] = [{}]
    starts = [node.below[0].line]
    for below in node.below:
        key = _camel(below.key)
        if key in maps[-1]:  # keys are sorted: one that comes again begins the next element
            maps.append({})
            starts.append(below.line)
        maps[-1][key] = _structure(below, (*path, key), spans)
    if name in _LISTS or len(maps) > 1:
        spans[path] = list(zip(starts, [*starts[1:], node.stop], strict=True))
        return maps
    return maps[0]


def _conditions(root: Node, value: dict[str, Any], spans: Spans) -> None:
    node = root.get("Conditions")
    if node is None or len(node.below) < 2:
        return
    names = [name[:1].lower() + name[1:] for name in re.split(r"\s{2,}", node.below[0].text)]
    made, places = [], []
    for below in node.below[1:]:
        cells = re.split(r"\s{2,}", below.text.strip(), maxsplit=len(names) - 1)
        if len(cells) > 1 and not set(cells[0]) <= {"-"}:
            made.append(dict(zip(names, cells, strict=False)))
            places.append((below.line, below.line + 1))
    value.setdefault("status", {})["conditions"] = made
    spans[("status", "conditions")] = places


def _pod(root: Node, value: dict[str, Any], spans: Spans) -> None:
    node = root.told("Node") or ""
    status: dict[str, Any] = {
        "phase": root.told("Status"),
        "reason": root.told("Reason"),
        "message": root.told("Message"),
        "podIP": root.told("IP"),
        "startTime": root.told("Start Time"),
    }
    if (status["phase"] or "").startswith("Terminating"):
        value["metadata"]["deletion"] = status.pop("phase")
    spec: dict[str, Any] = {
        "nodeName": node.rsplit("/", 1)[0] or None,
        "serviceAccountName": root.told("Service Account"),
    }
    for title, key in (("Init Containers", "initContainers"), ("Containers", "containers")):
        section = root.get(title)
        if section is None:
            continue
        nodes = [each for each in section.below if each.key]
        spec[key] = [_container(each) for each in nodes]
        states = "initContainerStatuses" if key == "initContainers" else "containerStatuses"
        status[states] = [_status(each) for each in nodes]
        spans[("spec", key)] = spans[("status", states)] = [(each.line, each.stop) for each in nodes]
    value["apiVersion"] = "v1"
    value["spec"] = {key: held for key, held in spec.items() if held is not None}
    value["status"] = {key: held for key, held in status.items() if held is not None}


def _container(node: Node) -> dict[str, Any]:
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


def _status(node: Node) -> dict[str, Any]:
    return {
        "name": node.key,
        "ready": truth(node.told("Ready")),
        "restartCount": integer(node.told("Restart Count")),
        "state": _state(node.get("State")),
        "lastState": _state(node.get("Last State")),
    }


def _state(node: Node | None) -> dict[str, Any]:
    if node is None or not node.value:
        return {}
    made = {
        "reason": node.told("Reason"),
        "message": node.told("Message"),
        "exitCode": integer(node.told("Exit Code")),
        "startedAt": node.told("Started"),
        "finishedAt": node.told("Finished"),
    }
    return {node.value.lower(): {key: held for key, held in made.items() if held is not None}}


def _template(root: Node, value: dict[str, Any]) -> None:
    template = root.get("Pod Template")
    section = template.get("Containers") if template else None
    if section is not None:
        containers = [_container(each) for each in section.below if each.key]
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
    selector = _pairs(root.get("Selector"), "=")
    pairs = [pair.split("=", 1) for text in selector for pair in f"{text}={selector[text]}".split(",") if "=" in pair]
    outside = root.told("LoadBalancer Ingress")
    value["spec"] = {
        "type": root.told("Type"),
        "clusterIP": root.told("IP"),
        "externalName": root.told("External Name"),
        "selector": {pair[0]: pair[1] for pair in pairs},
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


_READERS: dict[str | None, Callable[[Node, dict[str, Any]], None]] = {
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


def _events(root: Node) -> list[tuple[int, int, dict[str, Any]]]:
    node = root.get("Events")
    if node is None:
        return []
    made: list[tuple[int, int, dict[str, Any]]] = []
    for below in node.below:
        cells = re.split(r"\s{2,}", below.text, maxsplit=4)
        if cells[0] in ("Type", "FirstSeen") or set(cells[0]) <= {"-"}:
            continue
        if len(cells) == 5 and cells[0] in ("Normal", "Warning"):
            kind, reason, when, reporter, message = cells
            told = {"type": kind, "reason": reason, "reporter": reporter, "message": message, **seen(when)}
            made.append((below.line, below.line + 1, told))
        elif made:  # a message of several lines
            start, _, told = made[-1]
            told["message"] = f"{told['message']}\n{below.text}"
            made[-1] = (start, below.stop, told)
    return made
