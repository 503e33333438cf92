"""Estimate each clock: the zone nobody wrote, the skew between nodes, and how wrong either may be.

Events that are seen from two sides give pairs: the wrapper's time beside the written one, a container's start in
Kubernetes beside its first line, a subscription in the agent's and the scheduler's log, a load in the scheduler's, the
agent's and the server's, a request's id in Envoy's access log and elsewhere. The end of a stream and an update of
Envoy may be two different events; they count where several agree. Medians are taken: a few wrong pairs do no harm.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

import polars as pl

from forensics.coverage import HEAD, START
from forensics.installation.sightings import PAIRED, STRONG, Sides, pairs, sightings
from forensics.timeline import in_file_order, microseconds, sharing
from forensics.zones import LEAST_TURN, guessed, nearest, of_period, off_zone, turned
from parsers.schema import SPAN

SECOND = 1_000_000
FEW = 3  # records at each end of a log that tell whether its zone changed
DELAY = 3 * SECOND  # two sides of one event lie this far apart on sound clocks: less is no skew
KEPT = SECOND  # assumed error of a clock that nothing contradicts: nodes of a cluster keep time
STARTING = 120 * SECOND  # a process prints its first line this soon after its container started
LATER = 30 * 60 * SECOND  # a log that goes on so much longer than all others was not collected with them
TOGETHER = 3  # ... where so many of the others end within APART of each other
AT_ONCE = 10 * SECOND  # ... and one written in Go so soon
IN_GO = ("log.scheduler", "log.agent", "log.controller", "log.modelgateway", "log.pipelinegateway", "log.hodometer")
APART = 60 * SECOND  # a current log that begins so long after all others have ended is not on their clock

CLOCKS = pl.Schema(
    {
        "member": pl.String(),  # the artefact; all artefacts of one clock carry the same figures
        "clock": pl.String(),  # node, else pod, else `\0` and the member
        "zone_offset": SPAN,  # add to a time without zone to reach UTC; null where not inferred
        "offset": SPAN,  # add to reach the reference clock
        "error": SPAN,  # the offset may be wrong by this much either way
        "pairs": pl.UInt32(),  # how many pairs of events it rests on
        "residual": SPAN,  # median distance of the pairs from their median
        "alone": pl.Boolean(),  # whether the zone or the offset rests on one pair
    }
)

Pairs = Mapping[tuple[str, str], list[int]]


def estimate_clocks(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a row for each artefact that has timed records, columns `CLOCKS`."""
    timed = {n: f for n, f in frames.items() if n.startswith("log.") and f.height}
    if not timed:
        return pl.DataFrame(schema=CLOCKS)
    members = _members(timed, _nodes(frames))
    sides = sightings(frames)
    zones = _zones(members, frames, sides)
    starts = {m["member"]: found for m in members if (found := _by_start(m, zones, frames))}
    for m in members:  # a log that is off from its own node is on a clock of its own
        if m["member"] in starts:
            m["clock"] = f"\0{m['member']}"
    clock_of = {m["member"]: m["clock"] for m in members}
    skews = _skews(clock_of, zones, sides, _reference(m for m in members if m["member"] not in starts))
    reference_end = max(
        (microseconds(m["last"]) for m in members if m["last"] is not None and m["zoned"] and m["clock"] in skews),
        default=None,
    )
    rows = []
    for m in members:
        zone, zone_pairs, zone_residual = zones.get(m["member"], (None, 0, None))
        nothing: tuple[int, int, int | None] = (0, 0, None)
        offset, pairs, residual = skews.get(m["clock"], starts.get(m["member"], nothing))
        error = max(KEPT, residual or 0, turned(zone_residual or 0, 0))
        first = microseconds(m["first"]) if m["first"] is not None else None
        if (
            first is not None
            and reference_end is not None
            and first + (zone or 0) > reference_end + APART
            and not pairs
        ):
            error = max(error, first + (zone or 0) - reference_end)
        rows.append(
            {
                "member": m["member"],
                "clock": m["clock"],
                "zone_offset": None if m["zoned"] or zone is None else timedelta(microseconds=zone),
                "offset": timedelta(microseconds=offset),
                "error": timedelta(microseconds=error),
                "pairs": pairs + zone_pairs,
                "residual": _span(residual if residual is not None else zone_residual),
                "alone": bool((pairs == 1 and offset) or (zone_pairs == 1 and zone)),
            }
        )
    return pl.DataFrame(rows, schema=CLOCKS).sort("member")


def _nodes(frames: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Return the node of each pod that an object tells."""
    pods = frames.get("k8s.pod")
    if pods is None:
        return {}
    known = pods.filter(pl.col("node").is_not_null() & pl.col("name").is_not_null())
    return dict(known.select("name", "node").iter_rows())


def _members(timed: Mapping[str, pl.DataFrame], nodes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return, for each artefact, its clock, its first and last written time, and the wrapper's distance from it."""
    rows = pl.concat(_summed(group) for group in sharing(timed)).sort("member").to_dicts()
    for row in rows:
        row["clock"] = row["node"] or nodes.get(row["pod"] or "") or row["pod"] or f"\0{row['member']}"
    return rows


def _summed(timed: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a row for each artefact: where it is from, when it begins and ends, and how its wrapper's times lie."""
    every = pl.concat(
        frame.select(
            "member", "line", "node", "pod", "container", "previous", "time", "zoned", "stamped", source=pl.lit(name)
        )
        for name, frame in timed.items()
    )
    every = in_file_order(every)
    # A few lines of another logger among those that write their zone: the line before tells theirs.
    zoned_time = pl.when(pl.col("zoned").fill_null(True)).then("time").forward_fill().over("member")
    every = every.with_columns(beside=zoned_time - pl.col("time"))
    return every.group_by("member", maintain_order=True).agg(
        node=pl.col("node").drop_nulls().first(),
        pod=pl.col("pod").drop_nulls().first(),
        container=pl.col("container").drop_nulls().first(),
        previous=pl.col("previous").first(),
        source=pl.col("source").first(),
        zoned=pl.col("zoned").fill_null(True).all(),
        first=pl.col("time").min(),
        last=pl.col("time").max(),
        gap=_gap().median(),
        gap_first=_gap().head(FEW).median(),
        gap_last=_gap().tail(FEW).median(),
        beside=pl.col("beside").filter(~pl.col("zoned")).dt.total_microseconds().median(),
        besides=(pl.col("beside").is_not_null() & ~pl.col("zoned")).sum(),
        stamps=(pl.col("stamped").is_not_null() & pl.col("time").is_not_null() & ~pl.col("zoned")).sum(),
    )


def _reference(members: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the clock the others are compared with: the scheduler's, since every party talks to it."""
    known = {str(m["source"]): str(m["clock"]) for m in members}
    return next((known[s] for s in ("log.scheduler", "log.agent", "log.controller", "log.envoy") if s in known), None)


def _pairs(sides: Sides, one: str, other: str, strong: bool = True) -> dict[tuple[str, str], list[int]]:
    """Return, by (member of `one`, member of `other`), how much later the first side's times are, in microseconds.

    Args:
        sides: what each layer saw.
        one: a layer.
        other: another.
        strong: of events that cannot be taken for each other; else of the others.
    """
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for kind, a, b, distance in pairs(sides, one, other):
        if (kind in STRONG) == strong:
            found[a, b].append(distance)
    return found


def _zones(
    members: list[dict[str, Any]],
    frames: Mapping[str, pl.DataFrame],
    sides: Sides,
) -> dict[str, tuple[int, int, int | None]]:
    """Return, for artefacts that write no zone, what to add to reach UTC, on how many pairs, and their residual."""
    witnesses = [
        {members: d for members, d in _pairs(sides, one, other, strong).items() if strong or _agree(d, ())}
        for one, other in PAIRED
        for strong in (True, False)
    ]
    zoned = [m for m in members if m["zoned"] and m["first"] is not None]
    start = min((microseconds(m["first"]) for m in zoned), default=None)
    end = max((microseconds(m["last"]) for m in zoned), default=None)
    found: dict[str, tuple[int, int, int | None]] = {}
    for m in members:
        if m["zoned"] or m["first"] is None:
            continue
        name = str(m["member"])
        told = min(
            ([d for (_, seen), distances in saw.items() if seen == name for d in distances] for saw in witnesses),
            key=lambda distances: (not distances, off_zone(distances)),
        )
        began = _container_start(m, frames)
        if m["gap"] is not None:
            found[name] = (nearest(float(m["gap"])), int(m["stamps"]), turned(m["gap_first"], m["gap_last"]))
        elif m["beside"] is not None:
            found[name] = (nearest(float(m["beside"])), int(m["besides"]), 0)
        elif told:
            found[name] = (nearest(median(told)), len(told), _turned_within(told) or _spread(told))
        elif began is not None:
            found[name] = (nearest(began - microseconds(m["first"])), 1, None)
        elif start is None or end is None:
            found[name] = (0, 0, None)  # nothing to compare it with: its own clock is the only one there is
        else:
            first, last = microseconds(m["first"]), microseconds(m["last"])
            found[name] = (of_period(first, last, start, end), 0, None)
    return found


def _container_start(member: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> int | None:
    """Return when Kubernetes says that this log's container started."""
    containers = frames.get("k8s.container")
    if containers is None or not member["pod"] or not member["container"]:
        return None
    column = "last_started" if member["previous"] else "started"
    own = containers.filter((pl.col("name") == member["pod"]) & (pl.col("container") == member["container"]))
    times = own[column].drop_nulls()
    return microseconds(times[0]) if times.len() else None


def _by_start(
    member: Mapping[str, Any],
    zones: Mapping[str, tuple[int, int, int | None]],
    frames: Mapping[str, pl.DataFrame],
) -> tuple[int, int, int] | None:
    """Return what to add to a log that began at quite another time than its container, on the word of that one pair.

    Only a log that begins with its process, of a container that never restarted, is compared; and one that had ended
    before the container started is not: the object may be a later pod's of the same name.
    """
    began = _container_start(member, frames) if not member["previous"] else None
    if began is None or member["first"] is None:
        return None
    zone = zones.get(str(member["member"]), (0, 0, None))[0]
    off = began - microseconds(member["first"]) - zone
    if -STARTING <= off <= DELAY or began > microseconds(member["last"]) + zone or not _from_start(member, frames):
        return None
    return off, 1, AT_ONCE if member["source"] in IN_GO else STARTING


def astray(frames: Mapping[str, pl.DataFrame], clocks: pl.DataFrame) -> dict[str, int]:
    """Return the log that goes on long after all others have ended, with by how much, in microseconds.

    Logs are collected together. Where the others end together, or all end long before it begins, it was collected
    later, or its clock is wrong and nothing tells by how much. What the others did not print meanwhile says nothing
    either way. A log that begins when its container started, as Kubernetes says, is on the right clock.

    Args:
        frames: source name to rows, placed by `timeline.on_one_clock`.
        clocks: columns `CLOCKS`.
    """
    paired = set(clocks.filter(pl.col("pairs") > 0)["member"])
    logs = [f for n, f in frames.items() if n.startswith("log.") and f.height]
    ends = pl.concat(
        [
            f.select("member", "pod", "container", "previous", "time", "earliest", "latest")
            .filter(pl.col("time").is_not_null() & ~pl.col("previous").fill_null(False))
            .group_by("member")
            .agg(
                pl.col("earliest").min().cast(pl.Int64),
                pl.col("latest").max().cast(pl.Int64),
                pl.col("pod", "container").drop_nulls().first(),
            )
            for f in logs
        ]
        or [pl.DataFrame(schema={"member": pl.String, "earliest": pl.Int64, "latest": pl.Int64})]
    )
    last = dict(ends.group_by("member").agg(pl.col("latest").max()).iter_rows())
    order = sorted(last, key=lambda member: (last[member], member), reverse=True)
    if len(order) <= TOGETHER:
        return {}
    odd, others = order[0], [last[member] for member in order[1 : 1 + TOGETHER]]
    gap = last[odd] - others[0]
    if gap <= LATER or odd in paired:
        return {}
    own = ends.filter(pl.col("member") == odd).row(0, named=True)
    began = _container_start(own | {"previous": False}, frames)
    if began is not None and abs(began - own["earliest"]) <= STARTING:
        return {}
    together = others[0] - others[-1] <= APART
    return {odd: gap} if together or own["earliest"] > others[0] + LATER else {}


def doubted(clocks: pl.DataFrame, astray: Mapping[str, int]) -> pl.DataFrame:
    """Return the clocks; those of logs that lie apart from all others may be wrong by as much, and are their own."""
    if not astray:
        return clocks
    odd = pl.col("member").is_in(list(astray))
    least = pl.col("member").replace_strict(astray, default=0, return_dtype=pl.Int64).cast(SPAN)
    return clocks.with_columns(
        clock=pl.when(odd).then(pl.lit("\0") + pl.col("member")).otherwise("clock"),
        error=pl.max_horizontal("error", least),
    )


def _from_start(member: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> bool:
    """Whether a log begins with its process, and its container started once only."""
    own = (pl.col("name") == member["pod"]) & (pl.col("container") == member["container"])
    once = frames["k8s.container"].filter(own & (pl.col("restarts") == 0)).height == 1
    opening = frames[member["source"]].filter(pl.col("member") == member["member"]).sort("line").head(HEAD)["text"]
    return once and any(START.search(line) for text in opening for line in text.split("\n"))


def _skews(
    clock_of: Mapping[str, Any],
    zones: Mapping[str, tuple[int, int, int | None]],
    sides: Sides,
    reference: str | None,
) -> dict[str, tuple[int, int, int | None]]:
    """Return, by clock, what to add to reach the reference, on how many pairs, and their residual."""
    edges: dict[tuple[str, str], list[int]] = defaultdict(list)
    for strong in (True, False):
        for one, other in PAIRED:
            for (a, b), distances in _pairs(sides, one, other, strong).items():
                left, right = str(clock_of.get(a, "")), str(clock_of.get(b, ""))
                if left == right:
                    continue
                shift = zones.get(a, (0, 0, None))[0] - zones.get(b, (0, 0, None))[0]
                moved = [d + shift for d in distances]
                if strong or _agree(moved, edges.get((left, right), [])):
                    edges[left, right].extend(moved)
    for (a, b), distances in list(edges.items()):
        edges[b, a] = [-d for d in distances]
    if reference is None:
        return {}
    found: dict[str, tuple[int, int, int | None]] = {reference: (0, 0, None)}
    queue = deque([reference])
    while queue:
        here = queue.popleft()
        for (a, b), distances in sorted(edges.items()):
            if a != here or b in found:
                continue
            middle = int(median(distances))
            off = middle if abs(middle) > DELAY else 0
            found[b] = (found[here][0] + off, len(distances), max(_spread(distances), DELAY if off else 0))
            queue.append(b)
    return found


def _agree(distances: Sequence[int], others: Sequence[int]) -> bool:
    """Whether pairs that may be of two different events each say the same, or the same as others that cannot."""
    if others:
        return abs(median(distances) - median(others)) <= DELAY
    return len(distances) > 1 and _spread(distances) <= DELAY


def doubts(clocks: pl.DataFrame, told: Collection[str] = ()) -> list[str]:
    """Return a remark for each clock that was moved on the word of one pair of events, or for which nothing speaks.

    Of the members in `told` is said elsewhere why they are doubted.
    """
    clocks = clocks.filter(~pl.col("member").is_in(list(told)))
    vague = clocks.filter(pl.col("zone_offset").is_not_null() & (pl.col("pairs") == 0))
    moved = clocks.filter("alone")
    changed = clocks.filter(
        pl.col("zone_offset").is_not_null()
        & (pl.col("pairs") > 0)
        & (pl.col("error") >= timedelta(microseconds=LEAST_TURN))
    )
    apart = clocks.filter((pl.col("pairs") == 0) & (pl.col("error") >= timedelta(microseconds=LATER)))
    return [
        *(
            f"{row['member']} writes no zone, and its clock was turned by {row['error'].total_seconds() / 60:.0f}"
            " minutes while it was written: its times may be wrong by as much"
            for row in changed.iter_rows(named=True)
        ),
        *(
            f"{row['member']} lies {row['error'].total_seconds() / 60:.0f} minutes from all other logs:"
            " it was collected at another time, or its clock is wrong"
            for row in apart.iter_rows(named=True)
        ),
        *(
            f"the clock of {row['clock'].removeprefix(chr(0))} was corrected on one pair of events alone"
            for row in moved.iter_rows(named=True)
        ),
        *guessed(vague["member"].to_list()),
    ]


def _spread(distances: Sequence[int]) -> int:
    middle = median(distances)
    return int(median(abs(d - middle) for d in distances))


def _gap() -> pl.Expr:
    """How much later than a record without a zone its wrapper is, in microseconds, where there is a wrapper."""
    return (pl.col("stamped") - pl.col("time")).filter(~pl.col("zoned")).dt.total_microseconds().drop_nulls()


def _turned_within(distances: Sequence[int]) -> int:
    """Return by how much a zone changed while a log was written, by its pairs in their order; 0 if it did not."""
    half = len(distances) // 2
    return turned(median(distances[:half]), median(distances[-half:])) if half > 1 else 0


def _span(length: int | None) -> timedelta | None:
    return None if length is None else timedelta(microseconds=length)
