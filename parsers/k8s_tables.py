"""Tables of `kubectl get`: which kind a row is about, and what its cells say.

Cells are cut at the offsets of the headings, since a cell may hold blanks (`5 (2m14s ago)`); where these do not fit,
at two blanks or tabs. Ages are relative to a moment nobody wrote down: they stay in `raw`, and times stay null.

Source: printers of Kubernetes 1.34 (pkg/printers/internalversion); columns of Seldon's CRDs, v2.8.5 to v2.10.2.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from parsers.k8s_kinds import component_of, named
from parsers.k8s_values import UNSET, age, as_json, integer, moment, precision, truth

_HEADING = re.compile(r"[A-Z][A-Z0-9%/()._-]*(?:\((?:s|cores|bytes)\))?(?: [A-Z][A-Z0-9%/()._-]*)*")
_WORD = re.compile(r"\S+(?: \S+)*")
_OBJECT = re.compile(r"([A-Za-z][\w.-]*)/(\S+)")
_OVER = re.compile(r"(\S+) \(x(\d+) over (\S+)\)")
_PHASES = {name: name for name in ("Pending", "Running", "Succeeded", "Failed", "Unknown")} | {"Completed": "Succeeded"}

# Headings that only this kind has, most telling first.
_HEADS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"READY", "DESIRED REPLICAS", "AVAILABLE REPLICAS"}), "Model"),
    (frozenset({"READY", "REPLICAS", "LOADED MODELS"}), "Server"),
    (frozenset({"PIPELINE READY"}), "Pipeline"),
    (frozenset({"EXPERIMENT READY"}), "Experiment"),
    (frozenset({"READY", "STATUS", "RESTARTS"}), "Pod"),
    (frozenset({"READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR"}), "DaemonSet"),
    (frozenset({"READY", "UP-TO-DATE", "AVAILABLE"}), "Deployment"),
    (frozenset({"DESIRED", "CURRENT", "READY"}), "ReplicaSet"),
    (frozenset({"TYPE", "CLUSTER-IP", "PORT(S)"}), "Service"),
    (frozenset({"ADDRESSTYPE", "ENDPOINTS"}), "EndpointSlice"),
    (frozenset({"ENDPOINTS"}), "Endpoints"),
    (frozenset({"STATUS", "ROLES", "VERSION"}), "Node"),
    (frozenset({"CLAIM", "RECLAIM POLICY"}), "PersistentVolume"),
    (frozenset({"STATUS", "VOLUME", "STORAGECLASS"}), "PersistentVolumeClaim"),
    (frozenset({"PROVISIONER"}), "StorageClass"),
    (frozenset({"CLASS", "HOSTS", "PORTS"}), "Ingress"),
    (frozenset({"CONTROLLER", "PARAMETERS"}), "IngressClass"),
    (frozenset({"POD-SELECTOR"}), "NetworkPolicy"),
    (frozenset({"COMPLETIONS", "DURATION"}), "Job"),
    (frozenset({"SCHEDULE", "SUSPEND"}), "CronJob"),
    (frozenset({"MINPODS", "MAXPODS", "REFERENCE"}), "HorizontalPodAutoscaler"),
    (frozenset({"MIN AVAILABLE", "ALLOWED DISRUPTIONS"}), "PodDisruptionBudget"),
    (frozenset({"TYPE", "DATA"}), "Secret"),
    (frozenset({"HOLDER"}), "Lease"),
    (frozenset({"CREATED AT"}), "CustomResourceDefinition"),
    (frozenset({"DATA"}), "ConfigMap"),
    (frozenset({"STATUS", "AGE"}), "Namespace"),
    (frozenset({"READY", "CONTAINERS", "IMAGES"}), "StatefulSet"),
)
_FOREIGN = (
    (frozenset({"CPU(cores)"}), "usage of kubectl top"),
    (frozenset({"CPU(CORES)"}), "usage of kubectl top"),
    (frozenset({"REVISION", "CHART"}), "releases of helm"),
    (frozenset({"SHORTNAMES", "APIVERSION"}), "resources of the API"),
    (frozenset({"CLUSTER", "AUTHINFO"}), "contexts of kubectl"),
)
_LAST = ("LAST SEEN", "LASTSEEN", "LAST", "LASTTIMESTAMP", "TIMESTAMP", "TIME", "WHEN", "AGE")
_FIRST = ("FIRST SEEN", "FIRSTSEEN", "FIRST", "FIRSTTIMESTAMP")


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of a table.

    Attributes:
        names: its columns, as written.
        offsets: where each begins.
        kind: what its rows are about, as far as the columns tell.
        foreign: why its rows are not read; null where they are.
    """

    names: tuple[str, ...]
    offsets: tuple[int, ...]
    kind: str | None
    foreign: str | None = None


def heading(line: str) -> Heading | None:
    """Return the heading a line is, null for any other line."""
    line = line.expandtabs(8)
    found = list(_WORD.finditer(line.rstrip()))
    names = tuple(each[0] for each in found)
    if len(names) < 2 or not all(_HEADING.fullmatch(name) or "(cores)" in name or "(bytes)" in name for name in names):
        return None
    columns = frozenset(names)
    foreign = next((why for needed, why in _FOREIGN if needed <= columns), None)
    events = {"REASON", "MESSAGE"} <= columns or {"LAST SEEN", "OBJECT"} <= columns
    if not (events or foreign or "NAME" in names[:2]):
        return None
    kind = "Event" if events else next((kind for needed, kind in _HEADS if needed <= columns), None)
    if kind is None and names[0] in ("NAME", "NAMESPACE") and columns <= {"NAME", "NAMESPACE", "READY", "AGE"}:
        kind = "StatefulSet" if "READY" in columns else None
    return Heading(names, tuple(each.start() for each in found), kind, foreign)


def cells(head: Heading, line: str) -> dict[str, str] | None:
    """Return the cells of a row by heading; null where they cannot be told apart."""
    line = line.expandtabs(8).rstrip()
    if not line or line[0] == " ":
        return None
    edges = (*head.offsets[1:], max(len(line), head.offsets[-1]) + 1)
    if all(offset >= len(line) or line[offset - 1] == " " for offset in head.offsets[1:]):
        cut = [line[start:stop].strip() for start, stop in zip(head.offsets, edges, strict=True)]
        if cut[0]:
            return dict(zip(head.names, cut, strict=True))
    split = re.split(r" {2,}", line, maxsplit=len(head.names) - 1)
    return dict(zip(head.names, split, strict=True)) if len(split) == len(head.names) else None


def described_object(row: dict[str, str], kind: str | None) -> tuple[str | None, str]:
    """Return kind and name of a row: `pod/web-0` says its own, else the table's."""
    name = row.get("NAME", "")
    prefixed = _OBJECT.fullmatch(name)
    if prefixed and (told := named(prefixed[1])):
        return told, prefixed[2]
    return kind, name


def columns(kind: str, name: str, row: dict[str, str]) -> dict[str, Any]:
    """Return the columns of `k8s.<kind>` that a row of its table gives."""
    made: dict[str, Any] = {}
    reader = _CELLS.get(kind)
    if reader is not None:
        made = reader(name, {key: text for key, text in row.items() if text not in UNSET})
    return {"namespace": row.get("NAMESPACE") or None, "name": name, "raw": as_json(row), "form": "table", **made}


def _fraction(text: str | None) -> tuple[int | None, int | None]:
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text or "")
    return (int(found[1]), int(found[2])) if found else (None, None)


def _pod(name: str, row: dict[str, str]) -> dict[str, Any]:
    ready, wanted = _fraction(row.get("READY"))
    return {
        "phase": _PHASES.get(row.get("STATUS", "")),
        "reason": row.get("STATUS"),
        "ip": row.get("IP"),
        "node": row.get("NODE"),
        "is_ready": None if ready is None or wanted is None else ready == wanted > 0,
        "restarts": integer(row.get("RESTARTS", "").split(" ")[0]),
        "component": component_of({}, [], name),
    }


def _workload(_: str, row: dict[str, str]) -> dict[str, Any]:
    ready, wanted = _fraction(row.get("READY"))
    return {
        "replicas": wanted if wanted is not None else integer(row.get("DESIRED")),
        "current": integer(row.get("CURRENT")),
        "ready": ready if ready is not None else integer(row.get("READY")),
        "available": integer(row.get("AVAILABLE")),
    }


def _model(_: str, row: dict[str, str]) -> dict[str, Any]:
    return {
        "is_ready": truth(row.get("READY")),
        "replicas": integer(row.get("DESIRED REPLICAS")),
        "current": integer(row.get("REPLICAS")),
        "available": integer(row.get("AVAILABLE REPLICAS")),
    }


def _server(_: str, row: dict[str, str]) -> dict[str, Any]:
    return {
        "is_ready": truth(row.get("READY")),
        "current": integer(row.get("REPLICAS")),
        "loaded_models": integer(row.get("LOADED MODELS")),
    }


def _service(_: str, row: dict[str, str]) -> dict[str, Any]:
    outside = row.get("EXTERNAL-IP")
    named_outside = row.get("TYPE") == "ExternalName"
    address = row.get("CLUSTER-IP")
    ports = [
        {"port": int(found[1]), "protocol": found[2]}
        for each in row.get("PORT(S)", "").split(",")
        if (found := re.fullmatch(r"(\d{1,5})(?::\d{1,5})?/([A-Z]+)", each))
    ]
    return {
        "type": row.get("TYPE"),
        "cluster_ip": address,
        "external": None if named_outside else outside,
        "external_name": outside if named_outside else None,
        "ports": as_json(ports),
    }


def _endpoints(name: str, row: dict[str, str]) -> dict[str, Any]:
    listed = [each.strip() for each in row.get("ENDPOINTS", "").split(" + ")[0].split(",") if each.strip()]
    more = re.search(r"\+ (\d{1,9}) more", row.get("ENDPOINTS", ""))
    addresses = sorted({re.sub(r":\d+$", "", each) for each in listed})
    return {"service": name, "ready": None if more else len(addresses), "addresses": as_json(addresses)}


def _node(_: str, row: dict[str, str]) -> dict[str, Any]:
    words = row.get("STATUS", "").split(",")
    return {
        "is_ready": {"Ready": True, "NotReady": False}.get(words[0]),
        "unschedulable": "SchedulingDisabled" in words,
        "kubelet": row.get("VERSION"),
        "os_image": row.get("OS-IMAGE"),
    }


def _volume(_: str, row: dict[str, str]) -> dict[str, Any]:
    return {"phase": row.get("STATUS"), "storage_class": row.get("STORAGECLASS"), "volume": row.get("VOLUME")}


def _ingress(_: str, row: dict[str, str]) -> dict[str, Any]:
    hosts = [each for each in row.get("HOSTS", "").split(",") if each and each != "*"]
    return {"class": row.get("CLASS"), "hosts": as_json(hosts), "address": row.get("ADDRESS")}


_CELLS: dict[str, Callable[[str, dict[str, str]], dict[str, Any]]] = {
    "pod": _pod,
    "deployment": _workload,
    "statefulset": _workload,
    "replicaset": _workload,
    "daemonset": _workload,
    "model": _model,
    "server": _server,
    "pipeline": lambda _, row: {"is_ready": truth(row.get("PIPELINE READY")), "state": row.get("MESSAGE")},
    "experiment": lambda _, row: {"is_ready": truth(row.get("EXPERIMENT READY"))},
    "service": _service,
    "endpoints": _endpoints,
    "node": _node,
    "namespace": lambda _, row: {"phase": row.get("STATUS")},
    "persistentvolumeclaim": _volume,
    "persistentvolume": _volume,
    "ingress": _ingress,
    "ingressclass": lambda _, row: {"controller": row.get("CONTROLLER")},
    "storageclass": lambda name, row: {
        "is_default": "(default)" in name,
        "provisioner": row.get("PROVISIONER"),
    },
    "secret": lambda _, row: {"type": row.get("TYPE")},
    "lease": lambda _, row: {"holder": row.get("HOLDER")},
}


def event_columns(row: dict[str, str]) -> dict[str, Any]:
    """Return the columns of `k8s.event` that a row of a table of Events gives, whatever columns were asked for."""
    found = _OBJECT.fullmatch(row.get("OBJECT", ""))
    kind = named(found[1]) or found[1] if found else row.get("KIND") or None
    name = found[2] if found else row.get("OBJECT") or row.get("NAME") or None
    last = next((row[key] for key in _LAST if row.get(key)), None)
    first = next((row[key] for key in _FIRST if row.get(key)), None)
    source = [each.strip() for each in row.get("SOURCE", "").split(",")]
    return {
        "namespace": row.get("NAMESPACE") or None,
        "kind": kind,
        "name": name,
        "host": source[1] if len(source) > 1 else None,
        "path": row.get("SUBOBJECT"),
        "type": row.get("TYPE") or None,
        "reason": row.get("REASON") or None,
        "message": row.get("MESSAGE") or None,
        "reporter": source[0] or None,
        "count": integer(row.get("COUNT")),
        **seen(last, first),
    }


def seen(last: str | None, first: str | None = None) -> dict[str, Any]:
    """Return when an Event was seen: times where they are written, ages in `fields` where they are relative."""
    over = _OVER.fullmatch(last or "")
    ages = {"age": over[1] if over else last, "first_age": over[3] if over else first}
    seconds = {key: read for key, text in ages.items() if text and (read := age(text)) is not None}
    made: dict[str, Any] = {
        "time": moment(last),
        "precision": precision(last),
        "first": moment(first),
        "zoned": True,
        "fields": as_json(seconds),
    }
    return {**made, "count": int(over[2])} if over else made
