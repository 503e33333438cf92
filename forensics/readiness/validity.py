"""Whether manifests are valid by the schemas that Kubernetes publishes, of the version that the dumped cluster runs.

The schemas come with the package kubernetes-validate, an extra: without it nothing is said of their validity.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import polars as pl

from forensics.intake.rows import rows_of

PACKAGE = "kubernetes_validate"
UNSEEN = (1, 31)  # judged by where no node tells the cluster's version
_RELEASE = re.compile(r"v?(\d+)\.(\d+)")
Release = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one object.

    Attributes:
        state: valid, invalid, or `no schema`, which custom resources have not.
        fault: where and what, of an invalid one.
    """

    state: str
    fault: str = ""


def cluster(frames: Mapping[str, pl.DataFrame]) -> Release | None:
    """Return the newest version of Kubernetes that a node runs; None where no node says."""
    found = [_release(str(row["kubelet"])) for _, row in rows_of(frames, "k8s.node") if row["kubelet"]]
    return max((release for release in found if release), default=None)


def shipped() -> list[Release]:
    """Return the versions whose schemas are here, the oldest first; empty without the package."""
    if find_spec(PACKAGE) is None:
        return []
    told = import_module(PACKAGE + ".utils").all_versions()
    return sorted({release for each in told if (release := _release(each)) is not None})


def nearest(wanted: Release, known: Iterable[Release]) -> Release:
    """Return the version nearest to the one that is wanted, the older of two."""
    return min(known, key=lambda each: (abs(each[0] - wanted[0]), abs(each[1] - wanted[1]), each))


def judge(made: Mapping[str, Any], release: Release) -> Judged:
    """Return whether an object is valid by the schemas of that version, with no field that they do not know."""
    library = import_module(PACKAGE + ".utils")
    try:
        library.validate(dict(made), written(release), strict=True)
    except library.SchemaNotFoundError:
        return Judged("no schema")
    except library.ValidationError as error:
        return Judged("invalid", f"{'.'.join(map(str, error.path)) or 'it'}: {error.message}")
    return Judged("valid")


def remark(objects: Iterable[Mapping[str, Any]], running: Release | None) -> str:
    """Return what can be said of the validity of objects, as one sentence that names the version.

    Args:
        objects: of one file.
        running: the version of the cluster they are for.
    """
    known = shipped()
    if not known:
        return "Not validated: the extra `schemas` (kubernetes-validate) is not installed."
    release = nearest(running or UNSEEN, known)
    judged = [(made, judge(made, release)) for made in objects]
    faults = [f"{made['kind']} {made['metadata']['name']}: {j.fault}" for made, j in judged if j.state == "invalid"]
    schemas = f"the schemas of Kubernetes {written(release)}"
    if running is None:
        schemas += " (no node tells the cluster's version)"
    elif running != release:
        schemas += f" (the cluster runs {written(running)}: the nearest that is shipped)"
    else:
        schemas += ", the cluster's version"
    if faults:
        return f"Not valid by {schemas}: {'; '.join(faults)}."
    others = sorted({str(made["kind"]) for made, j in judged if j.state == "no schema"})
    if len(others) and all(j.state == "no schema" for _, j in judged):
        return f"Kubernetes has no schema of its own for {', '.join(others)}: the CRD judges it when it is applied."
    rest = f"; for {', '.join(others)} the CRD judges" if others else ""
    return f"Valid by {schemas}{rest}."


def written(release: Release) -> str:
    """Return a version as people write it."""
    return f"{release[0]}.{release[1]}"


def _release(text: str) -> Release | None:
    found = _RELEASE.match(text)
    return (int(found[1]), int(found[2])) if found else None
