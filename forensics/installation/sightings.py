"""Events that two components saw, each by its own clock: what their clocks are compared with.

Subscriptions and loads stand in the sayings; the ends of an agent's stream, the updates that Envoy was sent, and
requests that bear an id are looked for here.

Source: scheduler/pkg/agent/{server,agent_svc_manager}.go, Seldon Core v2.0.0 to v2.10.2; go-control-plane's linear
cache; source/common/upstream/cds_api_helper.cc, Envoy 1.27 to 1.36.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta

import polars as pl

from forensics.installation.placement import log, sayings
from forensics.timeline import microseconds
from parsers.schema import TIME

SECOND = 1_000_000
ONCE = 3 * SECOND  # the same word again so soon is the same event, said by two functions
PAIRED = (("scheduler", "agent"), ("scheduler", "server"), ("agent", "server"), ("scheduler", "envoy"),
          ("envoy", "server"), ("envoy", "gateway"), ("envoy", "agent"))  # fmt: skip
STRONG = ("joined", "loaded", "request")  # other events may be two different ones: several have to agree
HEARD = {  # where the id of a request may stand
    "log.mlserver": "server",
    "log.triton": "server",
    "log.pipelinegateway": "gateway",
    "log.modelgateway": "gateway",
    "log.agent": "agent",
}
ID = "^[0-9A-Za-z][0-9A-Za-z-]{15,63}$"
MOST_IDS = 200
LONGEST = timedelta(seconds=10)  # a call that took longer does not tell when its server wrote of it
LOST = "event recv failed"
DIALLED = "dial (?:tcp|udp) "  # in what a component says of a connection that failed
UPDATED = (
    ("log.scheduler", "scheduler", r"open delta watch ID:\d+ for \S+\.Cluster\b"),
    ("log.envoy", "envoy", r"cds: (?:response indicates|add) \d+ .*cluster"),
)
BROKE = "(?:EOF|context canceled|GOAWAY|connection reset)"  # both sides know at once

Key = tuple[str, str]
Sides = dict[str, dict[Key, list[tuple[str, int]]]]  # layer to event to (member, µs as written), in order


def sightings(frames: Mapping[str, pl.DataFrame]) -> Sides:
    """Return what each layer saw of which event: (member, written time in microseconds), in order.

    Args:
        frames: source name to rows; times as they were written, not on one clock yet.
    """
    said = sayings({name: frame for name, frame in frames.items() if name.startswith("log.")})
    several = said.filter(pl.col("layer") == "agent")["member"].n_unique() > 1
    found: Sides = defaultdict(lambda: defaultdict(list))
    words = ("ok", "joined", "left")
    telling = said.filter(pl.col("at").is_not_null() & pl.col("word").is_in(words)).sort("member", "line")
    for row in telling.iter_rows(named=True):
        pod = f"{row['server']}-{row['replica']}" if row["server"] else row["pod"]
        if row["word"] in ("joined", "left"):
            key = (row["word"], (pod or "") if several else "")
        elif row["model"]:
            name, _, version = row["model"].rpartition("_")
            key = ("loaded", name if version.isdigit() and row["layer"] == "server" else row["model"])
        else:
            continue
        _note(found[row["layer"]][key], row["member"], microseconds(row["at"]), key[0] == "left")
    for layer, key, member, at in (*_ends(frames, several), *_updates(frames)):
        _note(found[layer][key], member, at, True)
    for layer, key, member, at in _requests(frames):
        found[layer][key].append((member, at))
    return found


def pairs(sides: Sides, one: str, other: str) -> Iterator[tuple[str, str, str, int]]:
    """Yield for events that both layers saw: what kind, the two members, and by how many µs the first one is later.

    The n-th time is paired with the n-th; where the two sides saw it a different number of times, neither counts.
    """
    for key, times in sides.get(one, {}).items():
        others = sides.get(other, {}).get(key, [])
        if len(others) != len(times) or len({m for m, _ in times}) > 1 or len({m for m, _ in others}) > 1:
            continue
        for (a, at), (b, bt) in zip(times, others, strict=True):
            yield key[0], a, b, at - bt


def _note(times: list[tuple[str, int]], member: str, at: int, once: bool) -> None:
    if once and times and times[-1][0] == member and at - times[-1][1] <= ONCE:
        return
    times.append((member, at))


def _ends(frames: Mapping[str, pl.DataFrame], several: bool) -> Iterator[tuple[str, Key, str, int]]:
    """Yield the moments at which agents lost their stream to the scheduler, where the other side knew at once."""
    agents = log(frames, "log.agent")
    if agents.is_empty():
        return
    lost = agents.filter(pl.col("text").str.contains(LOST, literal=True) & pl.col("text").str.contains(BROKE))
    for member, pod, at in lost.select("member", "pod", "at").iter_rows():
        if at is not None:
            yield "agent", ("left", (pod or "") if several else ""), member, microseconds(at)


def _updates(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, Key, str, int]]:
    """Yield when the scheduler had sent an Envoy its clusters and waited for the next change, and when they came."""
    for source, layer, words in UPDATED:
        frame = log(frames, source)
        if frame.is_empty():
            continue
        for member, at in frame.filter(pl.col("text").str.contains(words)).select("member", "at").iter_rows():
            if at is not None:
                yield layer, ("update", ""), member, microseconds(at)


def _requests(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, Key, str, int]]:
    """Yield the calls that bear an id, in the middle of their duration, and the first line elsewhere that names it."""
    access = frames.get("log.envoy_access")
    if access is None or access.is_empty():
        return
    took = pl.col("duration").fill_null(timedelta())
    calls = (
        access.select("member", "request_id", "time", "duration")
        .filter(pl.col("request_id").str.contains(ID) & pl.col("time").is_not_null() & (took <= LONGEST))
        .select("member", "request_id", at=pl.col("time") + took / 2)
        .head(MOST_IDS)
    )
    if calls.is_empty():
        return
    for member, name, at in calls.iter_rows():
        yield "envoy", ("request", name), member, microseconds(at)
    names = calls["request_id"].unique(maintain_order=True).to_list()
    for source, layer in HEARD.items():
        frame = frames.get(source)
        if frame is None or frame.is_empty():
            continue
        told = (
            frame.select("member", "line", "text", at=pl.coalesce("time", "stamped").cast(TIME))
            .filter(pl.col("text").str.contains_any(names) & pl.col("at").is_not_null())
            .with_columns(pl.col("text").str.extract_many(names).list.first().alias("id"))
            .unique(("member", "id"), keep="first", maintain_order=True)
        )
        for member, name, at in told.select("member", "id", "at").iter_rows():
            yield layer, ("request", name), member, microseconds(at)
