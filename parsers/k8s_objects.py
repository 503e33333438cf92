"""An object of Kubernetes as rows: itself, its conditions, containers and environment variables."""

from collections.abc import Mapping
from typing import Any

from parsers.k8s_columns import READERS
from parsers.k8s_documents import Places
from parsers.k8s_events import event
from parsers.k8s_kinds import CLUSTER_SCOPED, source_kind
from parsers.k8s_rows import Rows
from parsers.k8s_values import as_json, dig, in_bytes, integer, mapping, mappings, moment, quantity, truth, written

# where a kind keeps the templates of its pods
_TEMPLATES: dict[str, tuple[tuple[str, ...], ...]] = {
    "Pod": (("spec",),),
    "Deployment": (("spec", "template", "spec"),),
    "StatefulSet": (("spec", "template", "spec"),),
    "ReplicaSet": (("spec", "template", "spec"),),
    "DaemonSet": (("spec", "template", "spec"),),
    "Job": (("spec", "template", "spec"),),
    "CronJob": (("spec", "jobTemplate", "spec", "template", "spec"),),
    "Server": (("spec", "podSpec"),),
    "ServerConfig": (("spec", "podSpec"),),
}
_LISTS_OF_TEMPLATES = {"SeldonConfig": ("spec", "components"), "SeldonRuntime": ("spec", "overrides")}

Spans = dict[tuple[str, ...], list[tuple[int, int]]]  # path of a list to where its elements stand


def add_object(
    rows: Rows,
    value: dict[str, Any],
    start: int,
    stop: int,
    text: str,
    form: str = "object",
    namespace: str | None = None,
    spans: Spans | None = None,
    own: Mapping[str, Any] | None = None,
) -> str:
    """Add the rows of one object.

    Args:
        rows: where they go.
        value: the object, without secrets, its `kind` set.
        start: index of its first line.
        stop: index after its last line.
        text: its lines, to find where its parts stand; empty where they cannot be found.
        form: object, table or describe.
        namespace: of a namespaced object that does not say it.
        spans: where the elements of its lists stand, where the text is no YAML or JSON.
        own: columns of its kind that were read before its secrets were hidden.

    Returns:
        The kind of its source: `k8s.<kind>`.
    """
    kind, api_version = written(value.get("kind")), written(value.get("apiVersion"))
    source = source_kind(kind, api_version)
    if source == "event":
        read = event(value)
        rows.add("k8s.event", start, stop, {**read, "namespace": read["namespace"] or namespace})
        return source
    metadata = mapping(value.get("metadata"))
    here = written(metadata.get("namespace")) or (None if kind in CLUSTER_SCOPED else namespace)
    name = written(metadata.get("name"))
    own = {**(READERS[source](value) if source in READERS else {}), **(own or {})}
    owner = next(iter(mappings(metadata.get("ownerReferences"))), {})
    rows.add(
        f"k8s.{source}",
        start,
        stop,
        {
            "namespace": here,
            "name": name,
            "raw": as_json(value),
            "kind": kind,
            "api_version": api_version,
            "created": moment(metadata.get("creationTimestamp")),
            "deleted": moment(metadata.get("deletionTimestamp")),
            "generation": integer(metadata.get("generation")),
            "observed_generation": integer(dig(value, "status", "observedGeneration")),
            "owner_kind": written(owner.get("kind")),
            "owner": written(owner.get("name")),
            "labels": as_json(metadata.get("labels")),
            "annotations": as_json(metadata.get("annotations")),
            "form": form,
            **own,
        },
    )
    part = _Part(rows, value, start, stop, _places(text), here, name, kind)
    part.known = spans or {}
    part.conditions()
    if source == "pod":
        part.containers(own)
    if kind in _TEMPLATES or kind in _LISTS_OF_TEMPLATES:
        part.environments()
    return source


def _places(text: str) -> Places | None:
    return Places.of(text) if "\n" in text else None


class _Part:
    """The parts of one object."""

    def __init__(
        self,
        rows: Rows,
        value: dict[str, Any],
        start: int,
        stop: int,
        places: Places | None,
        namespace: str | None,
        name: str | None,
        kind: str | None,
    ) -> None:
        self.rows, self.value, self.start, self.stop, self.places = rows, value, start, stop, places
        self.namespace, self.name, self.kind = namespace, name, kind
        self.known: Spans = {}

    def conditions(self) -> None:
        held = dig(self.value, "status", "conditions")
        spans = self._spans(held, "status", "conditions")
        for each, (start, stop) in zip(mappings(held), spans, strict=False):
            since = moment(each.get("lastTransitionTime"))
            self.rows.add(
                "k8s.condition",
                start,
                stop,
                {
                    "namespace": self.namespace,
                    "name": self.name,
                    "raw": as_json(each),
                    "kind": self.kind,
                    "type": written(each.get("type")),
                    "status": written(each.get("status")),
                    "reason": written(each.get("reason")),
                    "message": written(each.get("message")),
                    "since": since,
                },
            )

    def containers(self, pod: dict[str, Any]) -> None:
        statuses: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {}
        for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
            held = dig(self.value, "status", key)
            for each, span in zip(mappings(held), self._spans(held, "status", key), strict=False):
                statuses[str(each.get("name"))] = (each, span)
        for key in ("initContainers", "containers", "ephemeralContainers"):
            held = dig(self.value, "spec", key)
            for each, span in zip(mappings(held), self._spans(held, "spec", key), strict=False):
                status, place = statuses.pop(str(each.get("name")), ({}, span))
                self._container(each, status, place, pod, init=key == "initContainers")
        for status, place in statuses.values():
            self._container({}, status, place, pod, init=False)

    def _container(
        self, spec: dict[str, Any], status: dict[str, Any], place: tuple[int, int], pod: dict[str, Any], *, init: bool
    ) -> None:
        state, now = _state(status.get("state"))
        _, last = _state(status.get("lastState"))
        limits, requests = dig(spec, "resources", "limits"), dig(spec, "resources", "requests")
        self.rows.add(
            "k8s.container",
            *place,
            {
                "namespace": self.namespace,
                "name": self.name,
                "raw": as_json({**spec, "status": status}),
                "pod": self.name,
                "owner_kind": "Pod",
                "container": written(spec.get("name") or status.get("name")),
                "image": written(spec.get("image") or status.get("image")),
                "component": pod.get("component"),
                "node": pod.get("node"),
                "init": init,
                "is_ready": truth(status.get("ready")),
                "restarts": integer(status.get("restartCount")),
                "state": state,
                "reason": written(now.get("reason")),
                "message": written(now.get("message")),
                "exit_code": integer(now.get("exitCode")),
                "started": moment(now.get("startedAt")),
                "finished": moment(now.get("finishedAt")),
                "last_reason": written(last.get("reason")),
                "last_exit_code": integer(last.get("exitCode")),
                "last_started": moment(last.get("startedAt")),
                "last_finished": moment(last.get("finishedAt")),
                "last_message": written(last.get("message")),
                "memory_limit": in_bytes(dig(limits, "memory")),
                "memory_request": in_bytes(dig(requests, "memory")),
                "cpu_limit": quantity(dig(limits, "cpu")),
                "cpu_request": quantity(dig(requests, "cpu")),
            },
        )

    def environments(self) -> None:
        for path in _TEMPLATES.get(self.kind or "", ()):
            self._environment(dig(self.value, *path), path, None)
        listing = _LISTS_OF_TEMPLATES.get(self.kind or "")
        if listing is None:
            return
        held = dig(self.value, *listing)
        for each, span in zip(mappings(held), self._spans(held, *listing), strict=False):
            self._environment(each.get("podSpec"), None, span)

    def _environment(self, template: Any, path: tuple[str, ...] | None, within: tuple[int, int] | None) -> None:
        for key in ("initContainers", "containers"):
            held = dig(template, key)
            spans = self._spans(held, *path, key) if path else [within or (self.start, self.stop)] * len(mappings(held))
            for each, (start, stop) in zip(mappings(held), spans, strict=False):
                for variable in mappings(each.get("env")):
                    self._variable(each, variable, start, stop)

    def _variable(self, container: dict[str, Any], variable: dict[str, Any], start: int, stop: int) -> None:
        name = written(variable.get("name"))
        value = variable.get("value")
        at = None
        if self.places is not None and name:
            at = self.places.find_variable(name, start - self.start, stop - start)
        place = (start, stop) if at is None else (self.start + at, self.start + at + 1)
        self.rows.add(
            "k8s.env",
            *place,
            {
                "namespace": self.namespace,
                "name": self.name,
                "raw": as_json(variable),
                "pod": self.name if self.kind == "Pod" else None,
                "owner_kind": self.kind,
                "container": written(container.get("name")),
                "image": written(container.get("image")),
                "variable": name,
                "value": None if "valueFrom" in variable else "" if value is None else str(value),
                "value_from": as_json(variable.get("valueFrom")),
            },
        )

    def _spans(self, held: Any, *path: str) -> list[tuple[int, int]]:
        """Return where each element of a list stands; the whole object where that cannot be told."""
        count = len(held) if isinstance(held, list) else 0
        if len(self.known.get(path, ())) == count:
            return self.known.get(path, [])
        if self.places is not None and count:
            found = self.places.items(*path)
            if len(found) == count:
                return [(self.start + start, self.start + start + lines) for start, lines in found]
        return [(self.start, self.stop)] * count


def _state(value: Any) -> tuple[str | None, dict[str, Any]]:
    for name in ("running", "waiting", "terminated"):
        if isinstance(value, dict) and name in value:
            return name, mapping(value[name])
    return None, {}
