"""Files of manifests in the making, and the objects of a bundle as they would be applied."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from forensics.document import Document
from forensics.intake.rows import mapping, parsed, rows_of
from forensics.intake.secret_shapes import MASK

Object = dict[str, Any]
_STATUS = ("status",)
_OWN = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink", "ownerReferences")


@dataclass(slots=True)
class Written:
    """One file of manifests.

    Attributes:
        name: of the file.
        checks: which failed checks it mends, wholly or in part.
        notes: what the reader has to fill in or to know.
        values: of a chart, in the place of objects.
        left_out: objects that cannot be written whole, each with the reason.
    """

    name: str
    objects: list[Object] = field(default_factory=list)
    values: Object = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, *said: str) -> None:
        """Add what the reader has to know, each thing once."""
        self.notes += [each for each in said if each not in self.notes]


class Plan:
    """Files in the making; objects that several checks change are changed once."""

    def __init__(self, document: Document, frames: Mapping[str, pl.DataFrame]) -> None:
        self.document = document
        self.frames = frames
        self._files: dict[str, Written] = {}
        self.live: dict[tuple[str, str, str], Object] = {}
        self.moved: dict[tuple[str, str], str] = {}  # namespace and name of an Ingress to where it was

    def file(self, namespace: str, what: str, check: str) -> Written:
        """Return the file for `what` of a namespace, noted as mending `check`."""
        name = re.sub(r"[^a-z0-9-]+", "-", f"{namespace}-{what}".lower()).strip("-") + ".yaml"
        made = self._files.setdefault(name, Written(name))
        made.checks.append(check)
        return made

    def values(self, namespace: str, chart: str, check: str) -> Written:
        """Return the file of a chart's values; kubectl does not take it for a manifest."""
        name = re.sub(r"[^a-z0-9-]+", "-", f"{namespace}-{chart}".lower()).strip("-") + ".values"
        made = self._files.setdefault(name, Written(name))
        made.checks.append(check)
        return made

    def existing(self, source: str, namespace: str | None, name: str | None = None) -> Object | None:
        """Return an object of the bundle as it would be applied; None where it was not dumped whole.

        Args:
            source: `k8s.<kind>`.
            namespace: None for an object that has none.
            name: the first one, if not given.
        """
        for _, row in rows_of(self.frames, source):
            if row["namespace"] != namespace or (name is not None and row["name"] != name) or row["form"] != "object":
                continue
            key = (source, namespace or "", str(row["name"]))
            if key not in self.live:
                raw = mapping(parsed(row["raw"]))
                meta = {k: v for k, v in mapping(raw.get("metadata")).items() if k not in _OWN and v}
                self.live[key] = {**{k: v for k, v in raw.items() if k not in _STATUS}, "metadata": meta}
            return self.live[key]
        return None

    def add(self, written: Written, made: Object) -> None:
        """Add an object to a file once; one whose values were hidden in the dump is named in a note instead.

        Applied, it would put the mask in the place of what it hides.
        """
        if _hides(made):
            meta = made["metadata"]
            told = f"{made['kind']} {meta.get('namespace', '')}/{meta['name']}"
            note = f"Not here: {told} holds values that were hidden in the dump. Edit it in place."
            written.left_out += [note] if note not in written.left_out else []
            return
        key = (made["kind"], made["metadata"].get("namespace"), made["metadata"]["name"])
        if key not in [(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in written.objects]:
            written.objects.append(made)

    def done(self) -> list[Written]:
        """Return the files that hold something or say what they cannot hold, by name."""
        files = (self._files[name] for name in sorted(self._files))
        return [written for written in files if written.objects or written.values or written.left_out]


def _hides(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_hides(held) for held in value.values())
    if isinstance(value, list):
        return any(_hides(held) for held in value)
    return isinstance(value, str) and MASK in value


def dict_in(made: Object, key: str) -> Object:
    """Return the object at `key` of `made`; what is not there, or is none, becomes an empty one."""
    held = made.get(key)
    if not isinstance(held, dict):
        held = made[key] = {}
    return held


def list_in(made: Object, key: str) -> list[Any]:
    """Return the list at `key` of `made`; what is not there, or is none, becomes an empty one."""
    held = made.get(key)
    if not isinstance(held, list):
        held = made[key] = []
    return held


def new_object(api: str, kind: str, namespace: str, name: str, **rest: Any) -> Object:
    """Return a new object."""
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}
