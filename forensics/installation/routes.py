"""The routes that ought to be in Envoy, beside those that are.

What ought to be follows from Models, Pipelines and Experiments, and from the scheduler's log where these are missing.
What is stands in the config dump of the Envoy of the same namespace; without a dump nothing is known, and a dump older
than the last change of a model proves nothing missing.

Source: scheduler/pkg/envoy/xdscache/resource.go and processor/incremental.go, Seldon Core v2.0.0 to v2.10.2.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from forensics.installation.envoys import Dump, Found, dumps
from forensics.installation.hosts import Pods, pods_of
from forensics.installation.links import Topology
from forensics.intake.rows import Row, mapping, parsed, place, rows_of, sequence
from parsers.schema import SOURCES, empty

PROTOCOLS = ("http", "grpc")
SUFFIX = {"model": "", "pipeline": ".pipeline", "experiment": ".experiment"}


@dataclass(slots=True)
class Wanted:
    """A route that ought to be.

    Attributes:
        kind: model, pipeline or experiment.
        namespace: of it.
        name: of it.
        header: value of `seldon-model` that selects the route.
        weights: by candidate; empty where any split is right.
        of: whether the candidates are models or pipelines.
        mirror: whether requests are mirrored; None where nothing says so.
        versions: of the model that are loaded, as far as the scheduler told.
        row: what says that it ought to be.
        changed: when it last changed.
    """

    kind: str
    namespace: str | None
    name: str
    header: str
    row: Row
    weights: dict[str, int] = field(default_factory=dict)
    of: str = "model"
    mirror: bool | None = None
    versions: frozenset[int] = frozenset()
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """What a route is like, the reason, in words, and the rows that tell it beside those of the route."""

    state: str
    reason: str | None = None
    detail: str | None = None
    rows: tuple[Row, ...] = ()


def expected_routes(frames: Mapping[str, pl.DataFrame], topology: Topology) -> pl.DataFrame:
    """Return the routes that ought to be in Envoy, and those that ought not to be.

    Args:
        frames: source name to frame.
        topology: of the same bundle.

    Returns:
        Columns of `route.expected`, one row a route, candidate and Envoy. `raw` is a JSON list of what it rests on.
    """
    frames = topology.frames or frames
    wanted, gone = _wanted(frames, topology)
    found = dumps(frames, topology)
    pods = pods_of(frames, topology)
    rows: list[dict[str, Any]] = []
    for want in wanted:
        mine = [d for d in found if d.namespace == want.namespace]
        if not mine:
            rows.append(_row(frames, want, None, Why("unknown"), None, want.weights.get(want.name), None, (want.row,)))
        for dump in mine:
            for protocol in PROTOCOLS:
                rows.extend(_compare(frames, want, dump, protocol, pods))
    known = {(w.namespace, w.header) for w in wanted}
    for dump in found:
        rows.extend(_stale(frames, topology, dump, known, gone))
        rows.extend(_troubles(frames, dump))
    if not rows:
        return empty("route.expected")
    # Where no version is known, a missing HTTP route and a missing gRPC route are one row.
    return pl.DataFrame(rows, schema=SOURCES["route.expected"].schema).unique(maintain_order=True)


def _wanted(
    frames: Mapping[str, pl.DataFrame], topology: Topology
) -> tuple[list[Wanted], dict[tuple[str | None, str], tuple[Row, datetime | None]]]:
    """Return the routes that ought to be, and what is known to be gone: header to the row that says so."""
    said = topology.said.filter(pl.col("layer") == "scheduler")
    since = _since(frames)
    wanted: dict[tuple[str | None, str], Wanted] = {}
    gone: dict[tuple[str | None, str], tuple[Row, datetime | None]] = {}
    there: set[tuple[str, str | None, str]] = set()
    for kind in SUFFIX:
        for row, thing in rows_of(frames, f"k8s.{kind}"):
            namespace = topology.home(thing["namespace"])
            there.add((kind, namespace, thing["name"]))
            if not thing["is_ready"] and not (kind == "model" and thing["state"] == "ModelAvailable"):
                continue
            if thing["deleted"] is not None:
                continue
            header = thing["name"] + SUFFIX[kind]
            made = Wanted(
                kind, namespace, thing["name"], header, row, changed=since.get((kind, namespace, thing["name"]))
            )
            wanted.setdefault((namespace, header), made)
    for kind in SUFFIX:
        last = said.filter(
            pl.col(kind).is_not_null() & pl.col("word").is_in(["ok", "routed", "unrouted", "broken", "pending", "gone"])
        )
        for word in last.unique(("namespace", kind), keep="last", maintain_order=True).iter_rows(named=True):
            namespace = topology.home(word["namespace"])
            key = (namespace, word[kind] + SUFFIX[kind])
            row = (word["source"], word["row"])
            if word["word"] in ("ok", "routed") and (kind, namespace, word[kind]) not in there:
                wanted.setdefault(key, Wanted(kind, namespace, word[kind], key[1], row, changed=word["at"]))
            if key in wanted:
                times = [t for t in (wanted[key].changed, word["at"]) if t]
                wanted[key].changed = max(times, default=None)
            elif word["word"] == "gone" and (kind, namespace, word[kind]) not in there:
                gone[key] = (row, word["at"])
    _versions(said, topology, wanted)
    _splits(frames, topology, wanted)
    return list(wanted.values()), gone


def _since(frames: Mapping[str, pl.DataFrame]) -> dict[tuple[str, str | None, str], datetime]:
    frame = frames.get("k8s.condition")
    if frame is None or frame.is_empty():
        return {}
    last = frame.filter(pl.col("since").is_not_null()).group_by("kind", "namespace", "name").agg(pl.col("since").max())
    return {(str(kind).lower(), namespace, name): at for kind, namespace, name, at in last.iter_rows()}


def _versions(said: pl.DataFrame, topology: Topology, wanted: Mapping[tuple[str | None, str], Wanted]) -> None:
    """Note the versions that replicas hold."""
    moves = said.filter(pl.col("word").is_in(["placed", "removed"]) & ~pl.col("previous"))
    last = moves.unique(("namespace", "model", "version", "server", "replica"), keep="last", maintain_order=True)
    for word in last.filter(pl.col("word") == "placed").iter_rows(named=True):
        want = wanted.get((topology.home(word["namespace"]), word["model"]))
        if want and word["version"] is not None:
            want.versions |= {word["version"]}


def _splits(
    frames: Mapping[str, pl.DataFrame], topology: Topology, wanted: Mapping[tuple[str | None, str], Wanted]
) -> None:
    """Put the weights of active Experiments on their own route and on that of their default."""
    for row, experiment in rows_of(frames, "k8s.experiment"):
        namespace = topology.home(experiment["namespace"])
        own = wanted.get((namespace, f"{experiment['name']}.experiment"))
        if own is None:
            continue
        of = "pipeline" if experiment["resource_type"] == "pipeline" else "model"
        candidates = [mapping(c) for c in sequence(parsed(experiment["candidates"]))]
        weights = {
            str(c["name"]): int(c["weight"])
            for c in candidates
            if isinstance(c.get("name"), str) and isinstance(c.get("weight"), int | float)
        }
        default = wanted.get((namespace, str(experiment["default"]) + SUFFIX[of])) if experiment["default"] else None
        for want in (own, default):
            if want:
                want.weights, want.of, want.mirror = dict(weights), of, experiment["mirror"] is not None
        if default:
            default.row = row


def _compare(
    frames: Mapping[str, pl.DataFrame], want: Wanted, dump: Dump, protocol: str, pods: Pods
) -> Iterator[dict[str, Any]]:
    """Yield what is in a dump of one route that ought to be: one row a candidate."""
    found = dump.routes(want.header, protocol)
    if not found:
        cluster = f"{want.name}_{max(want.versions)}_{protocol}" if want.versions else None
        why = Why("unknown") if _older(dump, want.changed) else _missing(dump, want)
        yield _row(frames, want, dump, why, cluster, None, None, (want.row, dump.row, *why.rows), protocol)
        return
    by_name: dict[str, list[Found]] = defaultdict(list)
    for each in found:
        by_name[each.target or each.cluster].append(each)
    mirrored = any(f.mirror for f in found)
    names = list(want.weights) or [want.name]
    for name in names:
        parts = by_name.get(name) or ([] if want.weights else found)
        actual = sum(f.weight or 0 for f in parts) if parts else None
        weight = want.weights.get(name)
        cluster = parts[-1].cluster if parts else None
        why = _why(want, dump, name, parts, actual, weight, pods)
        if why.state not in ("ok", "no endpoint") and _older(dump, want.changed):
            why = Why("unknown")
        if want.mirror and not mirrored and why.state == "ok":
            why = Why("missing", "no mirror", "the experiment mirrors its requests, and the route does not")
        rows = (*(f.row for f in parts), want.row) if parts else (want.row, *(f.row for f in found))
        yield _row(frames, want, dump, why, cluster, weight, actual, (*rows, *why.rows), protocol, mirrored)


def _missing(dump: Dump, want: Wanted) -> Why:
    """Return why a dump lacks a whole route: what stands in its way, if anything is seen to."""
    for state in ("rejected", "pending"):
        for row, update in dump.troubles:
            if update["state"] == state and update["kind"] in ("route", "cluster", "listener"):
                told = update["error"] or f"{update['kind']} {update['name'] or ''}".strip()
                return Why("missing", f"{state} update", told, (row,))
    if dump.listening and not dump.by:
        row, listener = dump.listening
        return Why("missing", "listener without a route", f"{listener['name']} leads nowhere", (row,))
    return Why("missing", "missing", f"no route for {want.header}")


def _why(
    want: Wanted, dump: Dump, name: str, parts: list[Found], actual: int | None, weight: int | None, pods: Pods
) -> Why:
    if not parts:
        return Why("missing", "missing", f"the route does not lead to {name}")
    versions = {f.version for f in parts if f.version is not None and f.target == name}
    if name == want.name and want.versions and versions and not want.versions & versions:
        told = f"version {_listed(versions)} in place of {_listed(want.versions)}"
        return Why("wrong version", "wrong version", told)
    if weight is not None and actual is not None and abs(actual - weight) > 1:
        return Why("wrong weight", "wrong weight", f"{actual} in place of {weight}")
    leading = [f for f in parts if f.weight != 0]
    hosts = [dump.hosts(f.cluster) for f in leading]
    if hosts and all(h == 0 for h in hosts):
        return Why("no endpoint", "no endpoint", f"{leading[0].cluster} has no host")
    every = [host for f in leading if f.version is not None for host in dump.hosting.get(f.cluster, [])]
    lost = [(row, host) for row, host in every if pods.lacks(host)]
    if lost:
        told = f"{', '.join(str(host['address']) for _, host in lost)} is no pod's address"
        state = "no endpoint" if len(lost) == len(every) else "ok"
        return Why(state, "endpoint without a pod", told, tuple(row for row, _ in lost))
    return Why("ok")


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _troubles(frames: Mapping[str, pl.DataFrame], dump: Dump) -> Iterator[dict[str, Any]]:
    """Yield the updates of a dump that were refused, or still wait."""
    for row, update in dump.troubles:
        want = Wanted(str(update["kind"]), dump.namespace, str(update["name"] or update["kind"]), "", row)
        why = Why(update["state"], f"{update['state']} update", update["error"])
        yield _row(frames, want, dump, why, None, None, None, (row,))


def _older(dump: Dump, changed: datetime | None) -> bool:
    """Whether a dump was surely taken before the last change."""
    return dump.at is not None and changed is not None and dump.at < changed


def _stale(
    frames: Mapping[str, pl.DataFrame],
    topology: Topology,
    dump: Dump,
    known: set[tuple[str | None, str]],
    gone: Mapping[tuple[str | None, str], tuple[Row, datetime | None]],
) -> Iterator[dict[str, Any]]:
    """Yield the routes of a dump that lead to what is known to be gone."""
    namespace = topology.home(dump.namespace)
    for found in dump.all():
        key = (namespace, found.header)
        if key in known:
            continue
        name, dot, kind = found.header.rpartition(".")
        if not dot or kind not in SUFFIX:
            kind, name = "model", found.header
        row, at = gone.get(key, (None, None))
        row = row or _unlisted(frames, kind, namespace, name)
        if row is None or _older(dump, at):
            continue
        want = Wanted(kind, namespace, name, found.header, found.row)
        rows = (found.row, row)
        why = Why("stale", "stale", f"{kind} {name} is not there any more")
        yield _row(frames, want, dump, why, found.cluster, None, found.weight, rows, found.protocol)


def _unlisted(frames: Mapping[str, pl.DataFrame], kind: str, namespace: str | None, name: str) -> Row | None:
    """Return the whole list of a kind that does not hold a name."""
    frame = frames.get(f"k8s.{kind}")
    if frame is not None and name in frame["name"]:
        return None
    for row, listing in rows_of(frames, "k8s.listing"):
        if (
            str(listing["kind"]).lower() == kind
            and listing.get("complete")
            and listing["namespace"] in (namespace, None)
        ):
            return row
    return None


def _row(
    frames: Mapping[str, pl.DataFrame],
    want: Wanted,
    dump: Dump | None,
    why: Why,
    cluster: str | None,
    weight: int | None,
    actual: int | None,
    rows: tuple[Row, ...],
    protocol: str | None = None,
    mirrored: bool | None = None,
) -> dict[str, Any]:
    cites = cited(frames, rows)
    if cluster is None and protocol and want.kind == "pipeline":
        cluster = f"{want.name}_pipeline_{protocol}"
    return {
        **{k: cites[0][k] for k in ("member", "line", "lines")},
        "at": dump.at if dump else None,
        "namespace": want.namespace,
        "name": want.name,
        "raw": json.dumps(cites),
        "kind": want.kind,
        "pod": dump.pod if dump else None,
        "cluster": cluster,
        "weight": weight,
        "actual": actual,
        "mirror": want.mirror if mirrored is None else mirrored,
        "state": why.state,
        "reason": why.reason,
        "detail": why.detail,
    }


def cited(frames: Mapping[str, pl.DataFrame], rows: tuple[Row, ...]) -> list[dict[str, Any]]:
    """Return where rows stand: source, row, member, line, lines."""
    return [{"source": row[0], "row": row[1], **place(frames, row)} for row in dict.fromkeys(rows)]
