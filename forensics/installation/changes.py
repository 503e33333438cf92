"""What changed while the bundle was watching: starts, restarts, rollouts, scale events."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from forensics.coverage import Coverage
from forensics.intake.masking import mask
from forensics.intake.quoting import Quotes, iso

EVENT_REASONS = (
    "ScalingReplicaSet", "SuccessfulCreate", "SuccessfulDelete", "Killing", "Evicted", "Preempted", "NodeNotReady",
    "SuccessfulRescale", "Rebooted", "RegisteredNode", "NodeSchedulable", "NodeNotSchedulable",
)  # fmt: skip
MOST = 100
LATER = 60_000_000  # µs: what begins so long after the first record began again, or anew
BEFORE = 15 * 60 * 1_000_000  # µs: a change further back than this is not named as preceding


def changes(frames: Mapping[str, pl.DataFrame], covered: Coverage, quotes: Quotes) -> list[dict[str, Any]]:
    """Return changes in the order of their times, as the document holds them; `subject` says what changed."""
    found = [*_events(frames, quotes), *_restarts(frames, quotes), *_starts(frames, covered, quotes)]
    found = [c for c in found if c["time"]]
    found.sort(key=lambda c: (c["time"], c["what"]))
    return found[:MOST]


def _events(frames: Mapping[str, pl.DataFrame], quotes: Quotes) -> list[dict[str, Any]]:
    events = frames.get("k8s.event")
    if events is None or not events.height:
        return []
    chosen = events.with_row_index("row").filter(pl.col("reason").is_in(EVENT_REASONS) & pl.col("time").is_not_null())
    return [
        _change(
            f"{row['reason']}: {row['kind'] or ''} {row['name'] or ''}: {row['message'] or ''}".strip(),
            quotes.cite(("k8s.event", row["row"]), context=False),
            None,
            {"namespace": row["namespace"], "name": row["name"], "pod": row["pod"]},
        )
        for row in chosen.iter_rows(named=True)
    ]


def _restarts(frames: Mapping[str, pl.DataFrame], quotes: Quotes) -> list[dict[str, Any]]:
    containers = frames.get("k8s.container")
    if containers is None or not containers.height:
        return []
    restarted = containers.with_row_index("row").filter(pl.col("last_finished").is_not_null())
    return [
        _change(
            f"container {row['container']} of {row['name']} ended: {row['last_reason']} ({row['last_exit_code']})",
            quotes.cite(("k8s.container", row["row"]), context=False),
            row["last_finished"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            {"namespace": row["namespace"], "pod": row["name"], "container": row["container"]},
        )
        for row in restarted.iter_rows(named=True)
    ]


def _starts(frames: Mapping[str, pl.DataFrame], covered: Coverage, quotes: Quotes) -> list[dict[str, Any]]:
    """Processes whose log begins with their start, a minute or more after the bundle's period does."""
    if covered.period is None:
        return []
    found = []
    for stream in covered.streams:
        if stream.head != "whole" or stream.first is None or stream.first < covered.period[0] + LATER:
            continue
        if stream.source in ("log.client", "log.envoy_access"):
            continue
        frame = frames[stream.source]
        row = frame["member"].index_of(stream.member)
        cite = quotes.cite((stream.source, int(row)), context=False) if row is not None else None
        who = stream.pod or stream.member
        found.append(
            _change(
                f"{stream.source.removeprefix('log.')} started ({who})",
                cite,
                iso(stream.first),
                {"namespace": stream.namespace, "pod": stream.pod, "container": stream.container},
            )
        )
    return found


def _change(
    what: str, cite: Mapping[str, Any] | None, time: str | None, subject: Mapping[str, str | None]
) -> dict[str, Any]:
    return {
        "time": time or (cite and cite["time"]),
        "what": mask(what),
        "cite": cite,
        "subject": {name: value for name, value in subject.items() if value},
    }


def preceding(made: Sequence[Mapping[str, Any]], first: int, namespace: str | None) -> int | None:
    """Return the index of the last change before a moment, in the same namespace; None where there is none.

    It is named as what went before, never as a cause: coincidence proves nothing.
    """
    last = None
    for index, change in enumerate(made):
        at = int(datetime.fromisoformat(change["time"]).astimezone(UTC).timestamp() * 1_000_000)
        theirs = change["subject"].get("namespace")
        if at <= first and first - at <= BEFORE and (namespace is None or theirs is None or theirs == namespace):
            last = index
    return last
