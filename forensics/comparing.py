"""What differs in meaning between two bundles: versions, images, environment, policies, routes, messages, findings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson
import polars as pl

from forensics.analysis import Case
from forensics.document import Document
from patterns.pattern import SEVERITIES

MOST = 60  # differences shown
RATIO = 4.0  # a message that is this much more or less frequent has changed
LEAST = 5  # of a message, in the bundle that has more of it

# What a difference is worth, by its kind; the ranking of the answer.
WORTH = {"finding": 100, "version": 80, "image": 70, "policy": 65, "route": 60, "environment": 50, "resources": 40,
         "replicas": 40, "object": 30, "message": 10}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same. `good` and `bad` are null where the thing is not there."""

    kind: str
    what: str
    good: str | None
    bad: str | None
    worth: float


def compare(good: Case, bad: Case, good_document: Document, bad_document: Document) -> list[Difference]:
    """Return what differs, most telling first. Names, numbers and times that differ in every bundle are left out."""
    mine, yours = good.topology.namespaces - bad.topology.namespaces, bad.topology.namespaces - good.topology.namespaces
    # The same installation under another name: that its namespace is called otherwise is no difference.
    renamed = (min(mine), min(yours)) if len(mine) == len(yours) == 1 else (None, None)
    asked = {
        "version": _versions,
        "image": _images,
        "environment": _environment,
        "resources": _resources,
        "replicas": _replicas,
        "policy": _policies,
        "route": _routes,
    }
    found = [*_findings(good_document, bad_document), *_messages(good, bad)]
    for kind, of in asked.items():
        then, now = _level(of(good), renamed[0]), _level(of(bad), renamed[1])
        if kind == "environment":
            then, now = _of_both(then, now), _of_both(now, then)
        listed = kind == "policy" and all(_listed(case, "networkpolicy") for case in (good, bad))
        found += _pairs(kind, then, now, listed)
    return sorted(found, key=lambda d: (-d.worth, d.kind, d.what))[:MOST]


def _level(held: Mapping[str, str], namespace: str | None) -> dict[str, str]:
    """Return names and values with `<namespace>` in the place of `namespace`."""
    if namespace is None:
        return dict(held)
    word = re.compile(rf"(?<![\w-]){re.escape(namespace)}(?![\w-])")
    return {word.sub("<namespace>", name): word.sub("<namespace>", value) for name, value in held.items()}


def _of_both(mine: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of those containers that the other bundle shows too: the rest was not collected there."""
    known = {name.partition(" ")[0] for name in other}
    return {name: value for name, value in mine.items() if name.partition(" ")[0] in known}


def _listed(case: Case, kind: str) -> bool:
    return any(known == kind for known, _ in case.covered.listed)


def _pairs(kind: str, good: Mapping[str, str], bad: Mapping[str, str], listed: bool = False) -> Iterator[Difference]:
    if not listed and (not good or not bad):  # one of the two was not collected: that is no difference
        return
    for what in sorted(good.keys() | bad.keys()):
        if good.get(what) != bad.get(what):
            yield Difference(kind, what, good.get(what), bad.get(what), WORTH[kind])


def _findings(good: Document, bad: Document) -> Iterator[Difference]:
    then, now = (
        {f["pattern"]: f for f in reversed(document["findings"]) if f["at_end"] != "ended"} for document in (good, bad)
    )
    for pattern in sorted(then.keys() ^ now.keys()):
        found = then.get(pattern) or now[pattern]
        worth = WORTH["finding"] + (10 if found["role"] == "root" else 0) + SEVERITIES.index(found["severity"])
        was, became = (held[pattern]["title"] if pattern in held else None for held in (then, now))
        yield Difference("finding", pattern, was, became, worth + (0.5 if pattern in now else 0))


def _versions(case: Case) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for component, version in case.intake.versions:
        found.setdefault(component, set()).add(version)
    return {component: ", ".join(sorted(versions)) for component, versions in found.items()}


def _rows(case: Case, source: str) -> Iterator[dict[str, object]]:
    frame = case.frames.get(source)
    if frame is not None:
        yield from frame.iter_rows(named=True)


def _place(row: Mapping[str, object]) -> str:
    """Return a container's place without what a rollout changes: hashes and ordinals of pod names."""
    name = re.sub(r"-[a-z0-9]{8,10}-[a-z0-9]{5}$|-\d+$", "", str(row["name"] or ""))
    if row.get("owner_kind") == "ReplicaSet":
        name = re.sub(r"-[a-z0-9]{8,10}$", "", name)
    return f"{name}/{row['container']}"


def _images(case: Case) -> dict[str, str]:
    return {_place(row): str(row["image"]) for row in _rows(case, "k8s.container") if row["image"]}


def _environment(case: Case) -> dict[str, str]:
    return {
        f"{_place(row)} {row['variable']}": str(row["value"] if row["value"] is not None else row["value_from"])
        for row in _rows(case, "k8s.env")
    }


def _resources(case: Case) -> dict[str, str]:
    return {
        _place(
            row
        ): f"memory {row['memory_request']} to {row['memory_limit']}, cpu {row['cpu_request']} to {row['cpu_limit']}"
        for row in _rows(case, "k8s.container")
        if row["image"]
    }


def _replicas(case: Case) -> dict[str, str]:
    return {
        f"{source.removeprefix('k8s.')} {row['name']}": f"{row['ready']} ready of {row['replicas']}"
        for source in ("k8s.deployment", "k8s.statefulset", "k8s.server", "k8s.model")
        for row in _rows(case, source)
        if row["replicas"] is not None
    }


def _policies(case: Case) -> dict[str, str]:
    return {f"{row['namespace']}/{row['name']}": _spec(str(row["raw"])) for row in _rows(case, "k8s.networkpolicy")}


def _spec(raw: str) -> str:
    """Return what an object asks for, without what the API server and kubectl add to it; a table's row as it stands."""
    try:
        spec = orjson.loads(raw).get("spec")
    except (ValueError, AttributeError):
        return raw
    return raw if spec is None else orjson.dumps(spec, option=orjson.OPT_SORT_KEYS).decode()


def _routes(case: Case) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for row in _rows(case, "envoy.route"):
        if row["name"]:
            found.setdefault(str(row["name"]), set()).add(f"{row['cluster']} {row['weight']}/{row['total_weight']}")
    return {name: ", ".join(sorted(clusters)) for name, clusters in found.items()}


def _templates(case: Case) -> dict[tuple[str, str], int]:
    """Return how often each message occurs, by source, names and numbers taken out; warnings and worse."""
    found: dict[tuple[str, str], int] = {}
    for source, frame in case.frames.items():
        if not source.startswith("log.") or source in ("log.envoy_access", "log.client"):
            continue
        shapes = (
            frame.filter(pl.col("level") >= pl.lit("warning", frame.schema["level"]))
            .select(
                pl.coalesce("message", "text")
                .str.slice(0, 200)
                .str.replace_all(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>")
                .str.replace_all(r"\d+", "#")
                .alias("shape")
            )
            .group_by("shape")
            .len()
        )
        for shape, count in shapes.iter_rows():
            found[source, str(shape)] = int(count)
    return found


def _messages(good: Case, bad: Case) -> Iterator[Difference]:
    then, now = _templates(good), _templates(bad)
    for key in sorted(then.keys() | now.keys()):
        a, b = then.get(key, 0), now.get(key, 0)
        if max(a, b) >= LEAST and max(a, b) >= RATIO * max(1, min(a, b)):
            yield Difference(
                "message", f"{key[0]}: {key[1]}", str(a), str(b), WORTH["message"] + min(20, max(a, b) / 10)
            )
