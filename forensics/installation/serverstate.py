"""The Servers: what was wanted, what runs, and what registered with the scheduler."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from forensics.installation.lastwords import Key
from forensics.installation.links import Topology
from forensics.installation.placement import log, whole
from forensics.installation.routes import cited
from forensics.intake.rows import Row, rows_of
from parsers.schema import SOURCES, empty

NOTIFIED = r"^Server notification (\S+) expectedReplicas ([0-9]{1,9})(?:[^0-9]|$)"
CAPABILITIES = r"^Setting capabilities from env \S+ with value \[([^\]]*)\]"


def servers(frames: Mapping[str, pl.DataFrame], topology: Topology, models: pl.DataFrame) -> pl.DataFrame:
    """Return `state.server`.

    Args:
        frames: source name to frame.
        topology: of the same bundle.
        models: `state.model` of the same bundle.
    """
    made: dict[Key, dict[str, Any]] = defaultdict(dict)
    rows: dict[Key, list[Row]] = defaultdict(list)
    for kind, namespace, name in topology.things:
        if kind == "server":
            made[namespace, name] = {}
    for row, server in rows_of(frames, "k8s.server"):
        key = (topology.home(server["namespace"]), server["name"])
        rows[key].append(row)
        # A Server without spec.replicas wants one.
        made[key]["wanted"] = server["replicas"] if server["replicas"] is not None else 1
        made[key]["capabilities"] = server["capabilities"]
    _running(frames, topology, made, rows)
    _notified(frames, topology, made, rows)
    _registered(frames, topology, made, rows)
    _capabilities(frames, topology, made, rows)
    placed = models.filter(pl.col("on_server").is_not_null())
    found = []
    for (namespace, name), known in sorted(made.items(), key=lambda item: (item[0][0] or "", item[0][1])):
        cites = cited(frames, tuple(rows[namespace, name])) or cited(
            frames, topology.things.get(("server", namespace, name), ())
        )
        if not cites:
            continue
        here = placed.filter((pl.col("on_server") == name) & pl.col("namespace").eq_missing(pl.lit(namespace)))
        on = here.filter(pl.col("scheduler") != "broken").height if not models.is_empty() else None
        found.append(
            {
                **{k: cites[0][k] for k in ("member", "line", "lines")},
                "at": None,
                "namespace": namespace,
                "name": name,
                "raw": json.dumps(cites),
                "wanted": known.get("wanted"),
                "running": known.get("running"),
                "registered": known.get("registered"),
                "models": on,
                "capabilities": known.get("capabilities"),
            }
        )
    return pl.DataFrame(found, schema=SOURCES["state.server"].schema) if found else empty("state.server")


def _running(
    frames: Mapping[str, pl.DataFrame],
    topology: Topology,
    made: Mapping[Key, dict[str, Any]],
    rows: Mapping[Key, list[Row]],
) -> None:
    ready: dict[Key, int] = defaultdict(int)
    seen: dict[tuple[str | None, str], bool] = {}
    pods = {(topology.home(p["namespace"]), p["name"]): (row, p) for row, p in rows_of(frames, "k8s.pod") if p["name"]}
    for thing, below in topology.edges.items():
        key = (thing[1], thing[2])
        if thing[0] != "server" or key not in made:
            continue
        for pod in below:
            known = pods.get((pod[1], pod[2])) if pod[0] == "pod" else None
            if known and (pod[1], pod[2]) not in seen:
                seen[pod[1], pod[2]] = True
                ready[key] += bool(known[1]["is_ready"])
                rows[key].append(known[0])
    spaces = {space for space, _ in pods}
    for key, known_of in made.items():
        if key[0] in spaces:
            known_of["running"] = ready[key]
    for kind in ("statefulset", "deployment"):
        for row, workload in rows_of(frames, f"k8s.{kind}"):
            key = (topology.home(workload["namespace"]), workload["name"])
            if key in made:
                rows[key].append(row)
                if made[key].get("wanted") is None:
                    made[key]["wanted"] = workload["replicas"]
                if made[key].get("running") is None:
                    made[key]["running"] = workload["ready"]


def _notified(
    frames: Mapping[str, pl.DataFrame],
    topology: Topology,
    made: Mapping[Key, dict[str, Any]],
    rows: Mapping[Key, list[Row]],
) -> None:
    """Take what the controller last told the scheduler to expect, where no object says what is wanted."""
    frame = log(frames, "log.scheduler")
    if frame.is_empty():
        return
    told = (
        frame.filter(~pl.col("previous") & pl.col("text").str.contains(NOTIFIED))
        .select("row", "namespace", "at", pl.col("text").str.extract_groups(NOTIFIED).alias("said"))
        .unnest("said")
        .drop_nulls("2")
        .sort("at", "row")
        .unique(("namespace", "1"), keep="last", maintain_order=True)
    )
    for row, namespace, name, replicas in told.select("row", "namespace", "1", "2").iter_rows():
        key = (topology.home(namespace), name)
        if key in made and made[key].get("wanted") is None:
            made[key]["wanted"] = int(replicas)
            rows[key].append(("log.scheduler", row))


def _registered(
    frames: Mapping[str, pl.DataFrame],
    topology: Topology,
    made: Mapping[Key, dict[str, Any]],
    rows: Mapping[Key, list[Row]],
) -> None:
    """Count the replicas that joined and have not left; zero only where the scheduler's log is whole."""
    frame = log(frames, "log.scheduler")
    if frame.is_empty():
        return
    running = frame.filter(~pl.col("previous"))
    heads = whole(running, "log.scheduler")
    spaces = {topology.home(n) for n in running.filter(pl.col("member").is_in(list(heads)))["namespace"].unique()}
    said = topology.said.filter((pl.col("source") == "log.scheduler") & ~pl.col("previous"))
    here: dict[Key, dict[str, Row]] = defaultdict(dict)
    told: set[Key] = set()
    parted: dict[tuple[Key, str], list[datetime | None]] = defaultdict(list)
    for word in said.filter(pl.col("word").is_in(["joined", "left"])).iter_rows(named=True):
        key = (topology.home(word["namespace"]), word["server"])
        row = (word["source"], word["row"])
        told.add(key)
        if word["word"] == "joined":
            here[key][word["replica"]] = row
        elif word["replica"] is None:
            here[key].clear()
        else:
            here[key].pop(word["replica"], None)
            parted[key, word["replica"]].append(word["at"])
        rows[key].append(row) if word["word"] == "left" else None
    for key, known in made.items():
        if any(_restless(parted[key, replica]) for replica in here[key]):
            continue
        if key in told or key[0] in spaces:
            known["registered"] = len(here[key])
            rows[key].extend(here[key].values())


def _restless(left: list[datetime | None]) -> bool:
    """Whether a replica came and went thrice in a quarter of an hour: that it is there now is chance."""
    times = sorted(at for at in left if at)
    return any(c - a <= timedelta(minutes=15) for a, c in zip(times, times[2:], strict=False))


def _capabilities(
    frames: Mapping[str, pl.DataFrame],
    topology: Topology,
    made: Mapping[Key, dict[str, Any]],
    rows: Mapping[Key, list[Row]],
) -> None:
    frame = log(frames, "log.agent")
    if frame.is_empty():
        return
    said = frame.with_columns(pl.col("text").str.extract(CAPABILITIES, 1).alias("has"))
    for line in said.filter(pl.col("has").is_not_null() & pl.col("pod").is_not_null()).iter_rows(named=True):
        pod = topology.thing("pod", line["namespace"], line["pod"])
        for key in made:
            if pod in topology.edges.get(("server", *key), {}):
                made[key]["capabilities"] = json.dumps(line["has"].replace(",", " ").split())
                rows[key].append(("log.agent", line["row"]))
