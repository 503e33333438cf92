"""What is installed: versions of every part against the tested ones, and certificates with the days they have left."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from forensics.installation.certificates import SOURCE
from forensics.intake.rows import mapping, parsed, rows_of, sequence

# Source: what the documentation of Seldon Core 2.10 names as tested.
TESTED: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "kubernetes": ((1, 27), (1, 33)),
    "kafka": ((3, 4), (3, 8)),
}
_PLAIN = ("controller", "manager", "server", "proxy")  # an image's name that says little alone
_GROUP = ".mlops.seldon.io"
_PLATFORMS = (("k3s", "+k3s"), ("EKS", "-eks-"), ("GKE", "-gke."), ("RKE2", "+rke2"))
_NUMBER = re.compile(r"v?([0-9]+)\.([0-9]+)")


def versions(frames: Mapping[str, pl.DataFrame], printed: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return a row a part: `part`, `versions`, `state` and `source`.

    `state` is tested, not tested, one version, mixed, served (of a CRD), by digest or a tag that moves.

    Args:
        frames: source name to frame.
        printed: (component, version) as the components' logs print them.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for component, version in printed:
        found.setdefault((component, "log"), set()).add(version)
    for _, row in rows_of(frames, "k8s.container"):
        if row["component"] and row["image"] and row["owner_kind"] in ("Pod", None):
            name, version = _of_image(str(row["image"]))
            part = f"{name} of {row['component']}" if name in _PLAIN else name
            found.setdefault((part, "image"), set()).add(version)
    for _, row in rows_of(frames, "k8s.node"):
        if row["kubelet"]:
            found.setdefault(("kubernetes", "node"), set()).add(str(row["kubelet"]))
    for _, row in rows_of(frames, "k8s.customresourcedefinition"):
        if str(row["name"]).endswith(_GROUP):
            listed = sequence(mapping(mapping(parsed(row["raw"])).get("spec")).get("versions"))
            served = {str(v["name"]) for v in map(mapping, listed) if v.get("served") and v.get("name")}
            if served:
                found.setdefault((f"CRD {str(row['name']).removesuffix(_GROUP)}", "CRD"), set()).update(served)
    for _, row in rows_of(frames, "k8s.kafka"):
        release = mapping(mapping(mapping(parsed(row["raw"])).get("spec")).get("kafka")).get("version")
        if isinstance(release, str):
            found.setdefault(("kafka", "Kafka object"), set()).add(release)
    return [
        {
            "part": part,
            "versions": sorted(seen),
            "state": "served" if source == "CRD" else _state(part, seen),
            "source": source,
        }
        for (part, source), seen in sorted(found.items())
    ]


def _of_image(image: str) -> tuple[str, str]:
    """Return the name of an image and its version: its tag, else its digest, else the tag that is meant without one."""
    named, _, digest = image.partition("@")
    name, _, tag = named.rpartition("/")[2].partition(":")
    return name, tag.removeprefix("v") or digest[:19] or "latest"


def _state(part: str, seen: set[str]) -> str:
    numbers = {(int(m[1]), int(m[2])) for m in map(_NUMBER.match, seen) if m}
    if part in TESTED and numbers:
        low, high = TESTED[part]
        return "tested" if all(low <= n <= high for n in numbers) else "not tested"
    if len(seen) > 1:
        return "mixed"
    if numbers:
        return "one version"
    return "by digest" if all(version.startswith("sha256:") for version in seen) else "a tag that moves"


def platform(frames: Mapping[str, pl.DataFrame]) -> str | None:
    """Return the kind of cluster by its nodes' versions and providers; None where no node says."""
    for _, row in rows_of(frames, "k8s.node"):
        kubelet, raw = str(row["kubelet"] or ""), str(row["raw"] or "")
        named = [name for name, mark in _PLATFORMS if mark in kubelet]
        if named:
            return named[0]
        for name, mark in (("EKS", "aws:///"), ("GKE", "gce://"), ("AKS", "azure:///")):
            if f'"providerID":"{mark}' in raw:
                return name
    return "on premises or unknown" if "k8s.node" in frames else None


def certificates(frames: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """Return every certificate, the first to end first: those without a date last.

    Each has `name`, `namespace`, `source` (Certificate, Envoy, Secret), `names`, `expires` (null where no date was
    dumped), `days` left at the dump and `state`: expired, not yet valid, soon, valid or unknown.
    """
    rows = []
    for _, row in rows_of(frames, SOURCE):
        expires = row["expires"]
        rows.append(
            {
                "name": str(row["name"]),
                "namespace": row["namespace"],
                "source": row["kind"],
                "names": [str(name) for name in sequence(parsed(row["names"]))],
                "expires": expires.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(expires, datetime) else None,
                "days": row["days"],
                "state": "soon" if row["state"] == "valid" and row["due"] else row["state"],
            }
        )
    unique = {(r["name"], r["namespace"], r["expires"]): r for r in rows}
    return sorted(unique.values(), key=lambda r: (r["expires"] or "9999-99", r["name"], str(r["namespace"])))
