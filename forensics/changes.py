"""What changed while the bundle was watching: starts, restarts, rollouts, scale events."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from forensics.quoting import Quotes

EVENT_REASONS = (
    "ScalingReplicaSet", "SuccessfulCreate", "SuccessfulDelete", "Killing", "Evicted", "Preempted", "NodeNotReady",
    "SuccessfulRescale", "Rebooted", "RegisteredNode", "NodeSchedulable", "NodeNotSchedulable",
)  # fmt: skip
MOST = 100


def changes(frames: Mapping[str, pl.DataFrame], quotes: Quotes) -> list[dict[str, Any]]:
    """Return changes in the order of their times, as the document holds them."""
    found: list[dict[str, Any]] = []
    events = frames.get("k8s.event")
    if events is not None and events.height:
        chosen = events.with_row_index("row").filter(
            pl.col("reason").is_in(EVENT_REASONS) & pl.col("time").is_not_null()
        )
        for row in chosen.iter_rows(named=True):
            cite = quotes.cite(("k8s.event", row["row"]), context=False)
            what = f"{row['reason']}: {row['kind'] or ''} {row['name'] or ''}: {row['message'] or ''}"
            found.append({"time": cite and cite["time"], "what": what.strip(), "cite": cite})
    containers = frames.get("k8s.container")
    if containers is not None and containers.height:
        restarted = containers.with_row_index("row").filter(pl.col("last_finished").is_not_null())
        for row in restarted.iter_rows(named=True):
            cite = quotes.cite(("k8s.container", row["row"]), context=False)
            when = row["last_finished"].strftime("%Y-%m-%dT%H:%M:%SZ")
            what = (
                f"container {row['container']} of {row['name']} ended: {row['last_reason']} ({row['last_exit_code']})"
            )
            found.append({"time": when, "what": what, "cite": cite})
    found = [c for c in found if c["time"]]
    found.sort(key=lambda c: (c["time"], c["what"]))
    return found[:MOST]
