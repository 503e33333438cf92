"""The Envoys of a bundle, each with the routes, clusters and hosts its dumps hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from posixpath import dirname
from typing import Any

import polars as pl

from forensics.installation.links import Topology
from forensics.intake.rows import Row, rows_of

VERSIONED = r"^(.+)_(\d+)_(?:http|grpc)$"
MARKED = r"^(.+)_(\d+)$"
OF_PIPELINE = r"^(.+)_pipeline_(?:http|grpc)$"
MIRRORS = "listener_1"  # route configuration of the listener for mirrored requests


@dataclass(frozen=True, slots=True)
class Found:
    """A way a route may take: one cluster of it."""

    header: str
    protocol: str | None
    cluster: str
    target: str | None  # the model or pipeline the cluster is of, where its name tells
    version: int | None
    weight: int | None
    mirror: str | None
    row: Row


@dataclass(slots=True)
class Dump:
    """A config dump of one Envoy.

    Attributes:
        member: the file it is in.
        namespace: of the Envoy, if known.
        pod: of the Envoy, if known.
        at: when it was taken, if known.
        row: the first row read from it.
        by: ways by header.
        sizes: hosts by cluster.
        clusters: whether its clusters were collected.
        hosting: the hosts themselves, by cluster.
        troubles: updates that were refused or are still pending.
        listening: a listener that the control plane made, if there is one.
    """

    member: str
    namespace: str | None
    pod: str | None
    at: datetime | None
    row: Row
    by: dict[str, list[Found]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    clusters: bool = False
    hosting: dict[str, list[tuple[Row, dict[str, Any]]]] = field(default_factory=dict)
    troubles: list[tuple[Row, dict[str, Any]]] = field(default_factory=list)
    listening: tuple[Row, dict[str, Any]] | None = None

    def all(self) -> Iterable[Found]:
        """Return every way of every route that is neither sticky nor a mirror's."""
        return [found for ways in self.by.values() for found in ways]

    def of(self, header: str) -> list[Found]:
        """Return the ways of the routes that a header selects."""
        return self.by.get(header, [])

    def routes(self, header: str, protocol: str) -> list[Found]:
        """Return the ways of one route."""
        return [f for f in self.of(header) if f.protocol in (protocol, None)]

    def hosts(self, cluster: str) -> int | None:
        """Return how many hosts a cluster has: 0 where there is no such cluster; None where it was not collected."""
        if cluster in self.sizes:
            return self.sizes[cluster]
        return 0 if self.clusters else None


def dumps(frames: Mapping[str, pl.DataFrame], topology: Topology) -> list[Dump]:
    """Return the config dumps of a bundle that would show a route if there was one.

    Args:
        frames: source name to frame.
        topology: of the same bundle.
    """
    made: dict[str, Dump] = {}
    for source, whole in (("envoy.route", "cluster"), ("envoy.listener", "updated"), ("envoy.cluster", "type")):
        for row, thing in rows_of(frames, source):
            if thing[whole] is None or (source == "envoy.cluster" and thing["dynamic"] is not False):
                continue
            if thing["member"] not in made:
                namespace = topology.home(thing["namespace"])
                made[thing["member"]] = Dump(thing["member"], namespace, thing["pod"], thing["at"], row)
    _fill(frames, made)
    return sorted(made.values(), key=lambda d: (d.namespace or "", d.pod or "", d.member))


def _fill(frames: Mapping[str, pl.DataFrame], made: Mapping[str, Dump]) -> None:
    routes = frames.get("envoy.route")
    if routes is not None and not routes.is_empty():
        read = routes.with_row_index("row").with_columns(
            # Up to 2.8.3 models on the same replicas share a cluster, which only the header tells apart.
            pl.coalesce(
                pl.col("marked").str.extract(MARKED, 1),
                pl.col("marked").str.strip_suffix(".pipeline"),
                pl.col("cluster").str.extract(VERSIONED, 1),
                pl.col("cluster").str.extract(OF_PIPELINE, 1),
            ).alias("target"),
            pl.coalesce(pl.col("marked").str.extract(MARKED, 2), pl.col("cluster").str.extract(VERSIONED, 2))
            .cast(pl.Int64, strict=False)
            .alias("version"),
        )
        for route in read.iter_rows(named=True):
            if route["header"] is None or route["sticky"] is not None or route["config"] == MIRRORS:
                continue
            if route["cluster"] is None or (route["weight"] == 0 and not route["target"]):
                continue
            made[route["member"]].by.setdefault(route["header"], []).append(_found(route))
    for dump in made.values():
        folder = dirname(dump.member)
        for source, column in (("envoy.cluster", "name"), ("envoy.endpoint", "cluster")):
            for row, thing in rows_of(frames, source):
                if not _near(thing, dump, folder) or thing[column] is None:
                    continue
                dump.clusters = True
                if source == "envoy.endpoint":
                    dump.hosting.setdefault(thing["cluster"], []).append((row, thing))
                if source == "envoy.cluster":
                    dump.sizes.setdefault(thing["name"], thing["hosts"] or 0)
                    dump.sizes[thing["name"]] = max(dump.sizes[thing["name"]], thing["hosts"] or 0)
                else:
                    dump.sizes[thing["cluster"]] = max(1, dump.sizes.get(thing["cluster"], 0))
        dump.sizes |= dict.fromkeys(_without_members(frames, dump, folder), 0)
        dump.troubles = [
            (row, thing)
            for row, thing in rows_of(frames, "envoy.update")
            if _near(thing, dump, folder) and thing["state"] in ("rejected", "pending")
        ]
        listeners = (pair for pair in rows_of(frames, "envoy.listener") if _near(pair[1], dump, folder))
        dump.listening = next((pair for pair in listeners if pair[1]["dynamic"]), None)


def _without_members(frames: Mapping[str, pl.DataFrame], dump: Dump, folder: str) -> list[str]:
    """Return the clusters of a dump's Envoy that have no member by its statistics, whatever was configured."""
    frame = frames.get("envoy.stat")
    if frame is None or frame.is_empty():
        return []
    bare = frame.filter((pl.col("metric") == "membership_total") & (pl.col("value") == 0))
    return [s["owner"] for s in bare.iter_rows(named=True) if s["owner"] is not None and _near(s, dump, folder)]


def _near(thing: Mapping[str, Any], dump: Dump, folder: str) -> bool:
    """Whether a row is of the same Envoy as a dump: the same pod, else the same file or folder."""
    if thing["pod"] is not None and dump.pod is not None:
        return bool(thing["pod"] == dump.pod)
    return bool(thing["member"] == dump.member or dirname(thing["member"]) == folder)


def _found(route: Mapping[str, Any]) -> Found:
    return Found(
        header=route["header"],
        protocol=_protocol(route),
        cluster=route["cluster"],
        target=route["target"],
        version=route["version"],
        weight=route["weight"],
        mirror=route["mirror"],
        row=("envoy.route", route["row"]),
    )


def _protocol(route: Mapping[str, Any]) -> str | None:
    name, prefix = str(route["name"] or ""), str(route["prefix"] or "")
    if name.endswith("_grpc") or prefix.startswith("/inference."):
        return "grpc"
    return "http" if name.endswith("_http") or prefix.startswith("/v2") else None
