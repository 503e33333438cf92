"""Envoy's side of a model, pipeline or experiment: its route, the clusters it leads to, and their hosts."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from forensics.installation.envoys import dumps
from forensics.installation.lastwords import NOTHING, Key, Word
from forensics.installation.links import Topology
from forensics.intake.rows import Row, parsed, rows_of

WRONG = ("missing", "stale", "wrong weight", "wrong version")
SUFFIX = {"model": "", "pipeline": ".pipeline", "experiment": ".experiment"}


class Wiring:
    """What the dumps and statistics of the Envoys hold, ready to be asked thing by thing."""

    def __init__(self, frames: Mapping[str, pl.DataFrame], topology: Topology, expected: pl.DataFrame) -> None:
        self.topology = topology
        self.dumps = dumps(frames, topology)
        self.expected: dict[tuple[str, Key], list[dict[str, Any]]] = defaultdict(list)
        for row in expected.iter_rows(named=True):
            self.expected[row["kind"], (row["namespace"], row["name"])].append(row)
        self.clusters: dict[tuple[str | None, str], list[Row]] = defaultdict(list)
        self.hosts: dict[tuple[str | None, str], list[tuple[Row, dict[str, Any]]]] = defaultdict(list)
        self.members: dict[tuple[str | None, str], list[tuple[Row, float]]] = defaultdict(list)
        self.spaces: set[str | None] = set()
        for at, cluster in rows_of(frames, "envoy.cluster"):
            self._note(cluster["namespace"], cluster["name"], at)
        for at, host in rows_of(frames, "envoy.endpoint"):
            if host["cluster"] is not None:
                self._note(host["namespace"], host["cluster"], at)
                self.hosts[topology.home(host["namespace"]), host["cluster"]].append((at, host))
        self._stats(frames)

    def _note(self, namespace: str | None, cluster: str | None, row: Row) -> None:
        if cluster is not None:
            space = self.topology.home(namespace)
            self.spaces.add(space)
            self.clusters[space, cluster].append(row)

    def _stats(self, frames: Mapping[str, pl.DataFrame]) -> None:
        frame = frames.get("envoy.stat")
        if frame is None or frame.is_empty():
            return
        total = frame.with_row_index("row").filter(
            (pl.col("scope") == "cluster") & (pl.col("metric") == "membership_total") & pl.col("value").is_not_null()
        )
        for stat in total.iter_rows(named=True):
            row = ("envoy.stat", stat["row"])
            self._note(stat["namespace"], stat["owner"], row)
            self.members[self.topology.home(stat["namespace"]), stat["owner"]].append((row, stat["value"]))

    def keys(self, kind: str) -> set[Key]:
        """Return what the routes of a kind are for."""
        return {key for of, key in self.expected if of == kind} | {
            (self.topology.home(d.namespace), f.header.removesuffix(SUFFIX[kind]))
            for d in self.dumps
            for f in d.all()
            if (
                f.header.endswith(SUFFIX[kind]) if SUFFIX[kind] else not f.header.endswith((".pipeline", ".experiment"))
            )
        }

    def links(self, kind: str, key: Key, gone: bool) -> dict[str, Word]:
        """Return the links route, cluster and endpoint.

        Args:
            kind: model, pipeline or experiment.
            key: namespace and name.
            gone: whether it was deleted on purpose.
        """
        route, leads = self._route(kind, key, gone)
        names = leads or self._named(kind, key)
        if not self._collected(key[0]):
            return {"route": route, "cluster": NOTHING, "endpoint": NOTHING}
        if not names:
            shown = next(rows[0] for (space, _), rows in self.clusters.items() if space == key[0])
            waiting = Word("gone" if gone else "pending", "no cluster of it", (shown,))
            return {"route": route, "cluster": waiting, "endpoint": waiting}
        missing = [n for n in names if not self.clusters.get((key[0], n))]
        if missing:
            word = Word("broken", f"the route leads to {missing[0]}, which is not there", route.rows[:1])
            return {"route": route, "cluster": word, "endpoint": Word("pending", "no such cluster", word.rows)}
        rows = tuple(self.clusters[key[0], n][0] for n in names)
        return {
            "route": route,
            "cluster": Word("ok", ", ".join(names), rows),
            "endpoint": self._endpoint(key[0], names),
        }

    def _collected(self, space: str | None) -> bool:
        return space in self.spaces

    def _route(self, kind: str, key: Key, gone: bool) -> tuple[Word, list[str]]:
        mine = [d for d in self.dumps if self.topology.home(d.namespace) == key[0]]
        header = key[1] + SUFFIX[kind]
        found = [f for d in mine for f in d.of(header)]
        leads = list(dict.fromkeys(f.cluster for f in found if f.weight != 0))
        rows = self.expected.get((kind, key), [])
        wrong = [r for r in rows if r["state"] in WRONG]
        if wrong:
            return Word("broken", _why(wrong[0]), _rows(wrong[0])), leads
        if rows and all(r["state"] == "unknown" for r in rows):
            late = "the dump is older than the last change" if mine else "no config dump of its Envoy"
            return Word("unknown", late, _rows(rows[0]) if mine else ()), leads
        if found:
            return Word("ok", "", tuple(f.row for f in found[:2])), leads
        if not mine:
            return NOTHING, leads
        return Word("gone" if gone else "pending", "no route, and none is due", (mine[0].row,)), leads

    def _named(self, kind: str, key: Key) -> list[str]:
        middle = {"model": r"\d+", "pipeline": "pipeline"}.get(kind)
        if middle is None:
            return []
        shape = re.compile(rf"{re.escape(key[1])}_{middle}_(?:http|grpc)")
        return sorted(name for space, name in self.clusters if space == key[0] and shape.fullmatch(name))

    def _endpoint(self, space: str | None, names: Sequence[str]) -> Word:
        bad: list[tuple[str, Row]] = []
        good: list[Row] = []
        for name in names:
            hosts = self.hosts.get((space, name), [])
            total = self.members.get((space, name), [])
            empty = [row for row, value in total if value == 0]
            if not hosts and (empty or not total):
                bad.append((f"{name} has no host", (empty or self.clusters[space, name])[0]))
            elif empty:
                bad.append((f"{name} has no host that resolves", empty[0]))
            for row, host in hosts:
                why = _failing(host)
                if why:
                    bad.append((f"{name} {host['address']}: {why}", row))
                else:
                    good.append(row)
        if bad:
            return Word("broken", bad[0][0], tuple(row for _, row in bad[:3]))
        return Word("ok", "", tuple(good[:2]))


def _failing(host: Mapping[str, Any]) -> str:
    """Say why a host does not serve, by its health or by counters of which nothing succeeded."""
    if host["health"] not in (None, "", "healthy", "HEALTHY"):
        return str(host["health"])
    failed, total, errors = host["cx_connect_fail"] or 0, host["rq_total"] or 0, host["rq_error"] or 0
    if failed and errors and errors >= total:
        return f"{failed} connections failed, and no request succeeded"
    return ""


def _why(row: Mapping[str, Any]) -> str:
    detail = f"{row['state']}: {row['cluster'] or row['name']}"
    if row["state"] == "wrong weight":
        return f"{detail} has weight {row['actual']} in place of {row['weight']}"
    return detail


def _rows(row: Mapping[str, Any]) -> tuple[Row, ...]:
    return tuple((c["source"], c["row"]) for c in parsed(row["raw"]) or [])
