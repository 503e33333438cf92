"""Components that printed all the time and then stopped, while their neighbours went on."""

from collections.abc import Mapping, Sequence

import polars as pl

from forensics.coverage import Coverage, Stream
from forensics.verdict import when

LEAST = 30  # records, before a rhythm can be told
PAUSES = 5  # times its longest pause: longer than that is silence
SHORTEST = 120_000_000  # µs: a shorter silence says nothing
LATER = 30 * 60 * 1_000_000  # µs: logs and objects that were collected together name moments this near each other
NEIGHBOURS = 2  # other logs that must go on, or it may be the end of the collection
NEAR = 5_000_000  # µs: the next file of a rotated log begins no earlier before the end of the last one
CALLERS = ("log.client", "log.rclone")  # these are quiet when nobody asks
LOADED = "log.envoy_access"  # so is this, save under load
LOAD = 10_000_000  # µs: under load, calls follow each other at least so closely


def late(covered: Coverage) -> list[str]:
    """Return a remark where the last line of all logs is much older than what the objects or Envoy's dumps name."""
    if covered.period is None or covered.collected is None or covered.collected - covered.period[1] <= LATER:
        return []
    line, seen = when(covered.period[1]), when(covered.collected)
    return [
        f"the last line of all logs is of {line}, and what else was collected speaks of {seen}: the logs are older,"
        " or nothing was printed since"
    ]


def silences(frames: Mapping[str, pl.DataFrame], covered: Coverage) -> list[str]:
    """Return a remark for each log that fell silent before the end, while at least two others went on.

    A log whose tail was visibly cut, one of a container that ended, one that another file continues (rotation), and
    one that was never regular are no silence.
    """
    if covered.period is None:
        return []
    end = covered.period[1]
    lasts = [s.last for s in covered.streams if s.last is not None and not s.previous]
    remarks = []
    for stream in covered.streams:
        if stream.previous or stream.source in CALLERS or stream.records < LEAST or stream.last is None:
            continue
        if stream.until is None or stream.until < end or _goes_on(stream, covered.streams):
            continue
        frame = frames[stream.source]
        own = frame.filter((pl.col("member") == stream.member) & pl.col("time").is_not_null())
        if stream.pod is not None:
            own = own.filter(pl.col("pod") == stream.pod)
        times = own["earliest"].cast(pl.Int64).sort()
        # The burst of a start is no rhythm: the second half of the records is.
        steady = times.tail(max(2, times.len() // 2))
        longest = steady.diff().max()
        if not isinstance(longest, int) or longest <= 0 or steady.len() < LEAST // 2:
            continue
        if stream.source == LOADED and longest > LOAD:
            continue
        silent = end - stream.last
        going_on = sum(last > stream.last + silent // 2 for last in lasts)
        if silent > max(SHORTEST, PAUSES * longest) and going_on >= NEIGHBOURS:
            who = stream.pod or stream.member
            since = f"{stream.source} of {who} is silent since {when(stream.last)}"
            remarks.append(f"{since}: before, it paused {longest / 1e6:.0f} s at most; {going_on} other logs go on")
    return remarks


def _goes_on(stream: Stream, streams: Sequence[Stream]) -> bool:
    """Whether another file begins where this one ends, and nothing says that it is of another container."""
    return any(
        other.source == stream.source
        and other.member != stream.member
        and other.first is not None
        and stream.last is not None
        and other.first >= stream.last - NEAR
        and all(
            None in (mine, theirs) or mine == theirs
            for mine, theirs in (
                (stream.namespace, other.namespace),
                (stream.pod, other.pod),
                (stream.container, other.container),
            )
        )
        for other in streams
    )
