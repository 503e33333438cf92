"""What changed while the bundle was watching: starts, restarts, rollouts, images, scale events, new objects, versions.

An edit of a ConfigMap or a Secret leaves no time behind in a dump; only that it was made anew does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import polars as pl

from forensics.coverage import Coverage
from forensics.installation.serverstate import NOTIFIED
from forensics.intake.masking import mask
from forensics.intake.quoting import Quotes, iso
from forensics.intake.rows import mapping, moment, rows_of, sequence, template_of
from forensics.timeline import microseconds

EVENT_REASONS = (
    "ScalingReplicaSet", "SuccessfulCreate", "SuccessfulDelete", "Killing", "Evicted", "Preempted", "NodeNotReady",
    "SuccessfulRescale", "Rebooted", "RegisteredNode", "NodeSchedulable", "NodeNotSchedulable",
)  # fmt: skip
OBJECTS = (
    "networkpolicy", "model", "pipeline", "experiment", "server", "seldonruntime", "seldonconfig", "serverconfig",
    "configmap", "secret", "resourcequota", "limitrange", "ingress", "httproute", "gateway", "virtualservice",
    "destinationrule", "peerauthentication", "authorizationpolicy", "service", "deployment", "statefulset",
    "horizontalpodautoscaler", "scaledobject", "certificate",
)  # fmt: skip
RESTARTED = "kubectl.kubernetes.io/restartedAt"
TOLD = (  # of the scheduler's log: who, then what; the kind of the first; what a change of the second is
    (NOTIFIED, "server", "Server {0} is to have {2} replicas, had {1}"),
    (r"^Adding model (\S+)\((\d+)\) to server ", "model", "Model {0}: version {2} after {1}"),
)
MOST = 100
LATER = 60_000_000  # µs: what begins so long after the first record began again, or anew
BEFORE = 15 * 60 * 1_000_000  # µs: a change further back than this is not named as preceding


def changes(frames: Mapping[str, pl.DataFrame], covered: Coverage, quotes: Quotes) -> list[dict[str, Any]]:
    """Return changes in the order of their times, as the document holds them; `subject` says what changed."""
    found = [
        *_events(frames, quotes),
        *_restarts(frames, quotes),
        *_starts(frames, covered, quotes),
        *_made(frames, covered, quotes),
        *_rollouts(frames, quotes),
        *_told(frames, quotes),
    ]
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


def _made(frames: Mapping[str, pl.DataFrame], covered: Coverage, quotes: Quotes) -> Iterator[dict[str, Any]]:
    """Yield the objects made since shortly before the logs begin, and not with the rest of their namespace."""
    if covered.period is None:
        return
    since = covered.period[0] - BEFORE
    oldest: dict[str | None, int] = {}
    for kind in OBJECTS:
        for _, row in rows_of(frames, f"k8s.{kind}"):
            if row["created"] is not None:
                at = microseconds(row["created"])
                oldest[row["namespace"]] = min(at, oldest.get(row["namespace"], at))
    for kind in OBJECTS:
        for (source, number), row in rows_of(frames, f"k8s.{kind}"):
            at = microseconds(row["created"]) if row["created"] is not None else 0
            if at < since or at <= oldest[row["namespace"]] + LATER or row["owner"]:
                continue  # what belongs to another object follows from that
            yield _change(
                f"{row['kind'] or kind} {row['name']} was made",
                quotes.cite((source, number), context=False),
                iso(at),
                {"namespace": row["namespace"], "name": row["name"]},
            )


def _rollouts(frames: Mapping[str, pl.DataFrame], quotes: Quotes) -> Iterator[dict[str, Any]]:
    """Yield new ReplicaSets of a Deployment that had one, with the images that differ, and restarts on command."""
    revisions: dict[tuple[str | None, str], list[tuple[int, int, dict[str, Any]]]] = defaultdict(list)
    for (_, number), row in rows_of(frames, "k8s.replicaset"):
        if row["owner"] and row["created"] is not None:
            revisions[row["namespace"], row["owner"]].append((microseconds(row["created"]), number, row))
    for (namespace, owner), found in revisions.items():
        found.sort(key=lambda each: each[:2])
        for (_, _, before), (at, number, after) in pairwise(found):
            old, new = _images(before), _images(after)
            images = [f"{c}: {old[c]} to {new[c]}" for c in new if c in old and old[c] != new[c]]
            yield _change(
                f"rollout of {owner}" + (f", image of {'; '.join(images)}" if images else ""),
                quotes.cite(("k8s.replicaset", number), context=False),
                iso(at),
                {"namespace": namespace, "name": owner},
            )
    for kind in ("deployment", "statefulset", "daemonset"):
        for (source, number), row in rows_of(frames, f"k8s.{kind}"):
            told = mapping(mapping(template_of(row).get("metadata")).get("annotations")).get(RESTARTED)
            written = moment(told)
            if written is not None:
                yield _change(
                    f"restart of {row['kind'] or kind} {row['name']} on command",
                    quotes.cite((source, number), context=False),
                    iso(microseconds(written)),
                    {"namespace": row["namespace"], "name": row["name"]},
                )


def _images(row: Mapping[str, Any]) -> dict[str, str]:
    containers = sequence(mapping(template_of(row).get("spec")).get("containers"))
    return {str(c.get("name")): str(c.get("image")) for c in map(mapping, containers) if c.get("image")}


def _told(frames: Mapping[str, pl.DataFrame], quotes: Quotes) -> Iterator[dict[str, Any]]:
    """Yield what the scheduler was told anew: another number of replicas for a Server, another version of a Model."""
    frame = frames.get("log.scheduler")
    if frame is None or frame.is_empty():
        return
    for regex, kind, words in TOLD:
        said = (
            frame.with_row_index("row")
            .filter(pl.col("text").str.contains(regex))
            .select(
                "row",
                "namespace",
                "earliest",
                who=pl.col("text").str.extract(regex, 1),
                value=pl.col("text").str.extract(regex, 2),
            )
            .drop_nulls(("who", "value", "earliest"))
            .sort("earliest", "row")
        )
        was = pl.col("value").shift().over("namespace", "who")
        for row in said.with_columns(was=was).filter(pl.col("was") != pl.col("value")).iter_rows(named=True):
            yield _change(
                words.format(row["who"], row["was"], row["value"]),
                quotes.cite(("log.scheduler", row["row"]), context=False),
                iso(microseconds(row["earliest"])),
                {"namespace": row["namespace"], kind: row["who"]},
            )


def _change(
    what: str, cite: Mapping[str, Any] | None, time: str | None, subject: Mapping[str, str | None]
) -> dict[str, Any]:
    return {
        "time": time or (cite and cite["time"]),
        "what": mask(what),
        "cite": cite,
        "subject": {name: value for name, value in subject.items() if value},
    }


def preceding(
    made: Sequence[Mapping[str, Any]],
    first: int,
    namespace: str | None,
    own: Collection[tuple[Any, ...]] = (),
) -> int | None:
    """Return the index of the last change before a moment, in the same namespace; None where there is none.

    It is named as what went before, never as a cause: coincidence proves nothing.

    Args:
        made: what `changes` returned.
        first: the moment, in microseconds.
        namespace: None for any.
        own: member and lines of what the finding rests on: at its own moment that is no change before it.
    """
    last = None
    for index, change in enumerate(made):
        at = microseconds(datetime.fromisoformat(change["time"]))
        theirs = change["subject"].get("namespace")
        cite = change["cite"] or {}
        itself = at == first and (cite.get("member"), *cite.get("lines", ())) in own
        if (
            at <= first
            and not itself
            and first - at <= BEFORE
            and (namespace is None or theirs is None or theirs == namespace)
        ):
            last = index
    return last
