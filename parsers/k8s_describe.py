"""`kubectl describe` turned back into objects, as far as it tells.

Describe prints for people: keys of custom resources are split at capitals (`Storage Uri`), lists have no marks, and
Conditions of pods have no reason. What is not printed stays absent.

Source: kubectl's pkg/describe/describe.go, Kubernetes 1.34.
"""

import re
from dataclasses import dataclass
from typing import Any

from parsers.k8s_described import READERS, container
from parsers.k8s_objects import Spans
from parsers.k8s_outline import Node, pairs, tree
from parsers.k8s_tables import seen
from parsers.k8s_values import integer, truth

_LISTS = (
    "conditions", "candidates", "steps", "requirements", "finalizers", "env", "containers",
    "initContainers", "capabilities", "extraCapabilities", "overrides", "components", "inputs",
    "ownerReferences", "volumeClaimTemplates",
)  # fmt: skip
_SCALARS = frozenset({"requirements", "finalizers", "capabilities", "extraCapabilities", "inputs"})
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
    (frozenset({"Reference", "Min replicas"}), "HorizontalPodAutoscaler"),
    (frozenset({"Allowed disruptions"}), "PodDisruptionBudget"),
    (frozenset({"Status", "Selector", "Min available"}), "PodDisruptionBudget"),
    (frozenset({"Schedule", "Concurrency Policy"}), "CronJob"),
    (frozenset({"AddressType", "Endpoints"}), "EndpointSlice"),
    (frozenset({"Data", "BinaryData"}), "ConfigMap"),
    (frozenset({"Role", "Subjects"}), "RoleBinding"),
    (frozenset({"PolicyRule"}), "Role"),
)


@dataclass(slots=True)
class Described:
    """What one describe block says."""

    value: dict[str, Any]
    spans: Spans
    events: list[tuple[int, int, dict[str, Any]]]


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
        elif kind in READERS:
            READERS[kind](root, value)
        _conditions(root, value, spans)
    return Described(value, spans, _events(root))


def _metadata(root: Node) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": root.told("Name"),
        "namespace": root.told("Namespace"),
        "creationTimestamp": root.told("CreationTimestamp") or root.told("Created on"),
        "labels": pairs(root.get("Labels"), "="),
        "annotations": pairs(root.get("Annotations"), ": "),
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
    keys = [_camel(below.key) for below in node.below]
    several = name in _LISTS or len(set(keys)) < len(keys)
    last = ""
    for key, below in zip(keys, node.below, strict=True):
        if several and (key in maps[-1] or key < last):  # keys are sorted: one out of order begins the next element
            maps.append({})
            starts.append(below.line)
        maps[-1][key] = _structure(below, (*path, key), spans)
        last = key
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
        spec[key] = [container(each) for each in nodes]
        states = "initContainerStatuses" if key == "initContainers" else "containerStatuses"
        status[states] = [_status(each) for each in nodes]
        spans[("spec", key)] = spans[("status", states)] = [(each.line, each.stop) for each in nodes]
    value["apiVersion"] = "v1"
    value["spec"] = {key: held for key, held in spec.items() if held is not None}
    value["status"] = {key: held for key, held in status.items() if held is not None}


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
