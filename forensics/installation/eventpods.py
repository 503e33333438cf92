"""Pods that Events alone tell of: what the last one says of them.

Where pods were collected, an Event is history and the pod's own words count. Events without pods tell it as well: the
kubelet and the scheduler say again and again that a pod waits, and say once that it goes on.
"""

from collections.abc import Mapping

import polars as pl

from forensics.timeline import UNDATED
from parsers.k8s_kinds import component_of
from parsers.parser import unsaid
from parsers.schema import SOURCES

AGAIN = 600_000_000  # µs: what still waits is told at least so often
_UNMADE = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"]
_PULL = r"(?i)pull|ImagePullBackOff|ErrImage"


def pods_of_events(frames: Mapping[str, pl.DataFrame], seen: int | None) -> pl.DataFrame | None:
    """Return a row of `k8s.pod`, of `form` `events`, for each pod of which the last Event says that it waits.

    Source: reasons of the kubelet (`pkg/kubelet/events/event.go`), the scheduler and the volume controllers, v1.34.

    Args:
        frames: source name to rows; `k8s.event` placed, ages included.
        seen: what `forensics.timeline.collected` returns; None where the Events tell ages alone.

    Returns:
        None where pods were collected, or no pod waits.
    """
    events = frames.get("k8s.event")
    if events is None or not events.height or "k8s.pod" in frames:
        return None
    reason, text = pl.col("reason"), pl.col("text")
    waits = (
        pl.when(reason == "FailedScheduling").then(pl.lit("Pending"))
        .when(reason.is_in(["Failed", "BackOff"]) & text.str.contains(_PULL)).then(pl.lit("ImagePullBackOff"))
        .when((reason == "BackOff") & text.str.contains("Back-off restarting")).then(pl.lit("CrashLoopBackOff"))
        .when(reason.is_in(_UNMADE)).then(pl.lit("ContainerCreating"))
    )  # fmt: skip
    goes_on = reason.is_in(
        ["Scheduled", "Pulled", "Created", "Started", "Killing", "Evicted", "SuccessfulAttachVolume"]
    )
    told = (
        events.filter((pl.col("kind") == "Pod") & pl.col("name").is_not_null() & pl.col("latest").is_not_null())
        .with_columns(waits=waits, at=pl.col("latest").cast(pl.Int64))
        .filter(pl.col("waits").is_not_null() | goes_on)
        .sort("at", pl.col("waits").is_null())
        .group_by("namespace", "name", maintain_order=True)
        .last()
    )
    now = UNDATED if seen is None else seen
    told = told.filter(pl.col("waits").is_not_null() & (pl.col("at") >= now - AGAIN))
    if not told.height:
        return None
    servers = _servers(events)
    rows = told.select(
        *("member", "line", "lines", "namespace", "name"),
        kind=pl.lit("Pod"),
        form=pl.lit("events"),
        phase=pl.when(pl.col("waits") == "CrashLoopBackOff").then(pl.lit("Running")).otherwise(pl.lit("Pending")),
        reason="waits",
        is_ready=pl.lit(False),
        component=pl.Series(
            [_component(space, name, servers) for space, name in told.select("namespace", "name").rows()]
        ),
    )
    nothing = unsaid("k8s.pod")
    return rows.select(
        pl.col(name).cast(dtype) if name in rows.columns else nothing[name]
        for name, dtype in SOURCES["k8s.pod"].columns.items()
    )


def _servers(events: pl.DataFrame) -> frozenset[tuple[str | None, str]]:
    """Return (namespace, name) of Servers, and of pods that hold an agent, which Events name."""
    server = (pl.col("kind") == "Server") & pl.col("reason").str.contains("^Server(NotReady|Ready)$")
    agent = (pl.col("kind") == "Pod") & pl.col("text").str.contains(r"seldon-agent:|container:? agent\b")
    return frozenset(events.filter(server | agent).select("namespace", "name").rows())


def _component(namespace: str | None, name: str, servers: frozenset[tuple[str | None, str]]) -> str | None:
    of = (namespace, name.rpartition("-")[0])
    return "server" if (namespace, name) in servers or of in servers else component_of({}, [], name)
