"""The same log collected twice is one log."""

from collections.abc import Mapping

import polars as pl

RECORD = "\0record"  # a column that holds the hash of time and text, where the text may have gone
LEAST = 5  # dated records; fewer may be alike by chance
WHOLE = 0.95  # a log of which so many records stand in another is a part of that one


def copies(frames: Mapping[str, pl.DataFrame]) -> dict[tuple[str, str], str]:
    """Return, by source and member, the member whose records hold nearly all of this one's.

    Records are the same when their time and their whole text are: wrappers do not matter, nor which end was cut. Of two
    equal logs the one whose name sorts first stays.
    """
    found: dict[tuple[str, str], str] = {}
    for source, frame in frames.items():
        if not source.startswith("log.") or source == "log.client":
            continue
        alike = _alike(frame)
        if not alike:
            continue
        key = pl.col(RECORD) if RECORD in frame.columns else pl.struct("time", "text").hash()
        some = frame if len(alike) == frame["member"].n_unique() else frame.filter(pl.col("member").is_in(alike))
        dated = some.filter(pl.col("time").is_not_null()).select("member", "pod", key=key)
        sizes = dict(dated.group_by("member").len().iter_rows())
        pods = dict(dated.group_by("member").agg(pl.col("pod").drop_nulls().first()).iter_rows())
        shared = (
            dated.select("member", "key")
            .unique()
            .join(dated.select(other="member", key="key").unique(), on="key")
            .filter(pl.col("member") != pl.col("other"))
            .group_by("member", "other")
            .len()
            .sort("member", "other")
        )
        unique = dict(dated.select("member", "key").unique().group_by("member").len().iter_rows())
        for member, other, count in shared.iter_rows():
            if sizes[member] < LEAST or count < WHOLE * unique[member] or (source, other) in found:
                continue
            if pods[member] and pods[other] and pods[member] != pods[other]:
                continue  # two pods may print the same
            if unique[other] > unique[member] or (unique[other] == unique[member] and other < member):
                found.setdefault((source, member), other)
    return found


def _alike(frame: pl.DataFrame) -> list[str]:
    """Return the members that can be copies by what is cheap to know: their pods, and the times of their records.

    To hash every text costs as much as to read it, and few logs were collected twice.
    """
    dated = frame.lazy().filter(pl.col("time").is_not_null())
    spans = (
        dated.group_by("member")
        .agg(
            pl.col("pod").drop_nulls().first(), records=pl.len(), first=pl.col("time").min(), last=pl.col("time").max()
        )
        .collect()
    )
    other = spans.rename(lambda name: f"other {name}")
    named = (pl.col("pod") != "").fill_null(False) & (pl.col("other pod") != "").fill_null(False)
    pairs = (
        spans.filter(pl.col("records") >= LEAST)
        .join(other, how="cross")
        .filter(
            (pl.col("member") != pl.col("other member"))
            & (named.not_() | (pl.col("pod") == pl.col("other pod")))
            & (pl.col("first") <= pl.col("other last"))
            & (pl.col("other first") <= pl.col("last"))
        )
    )
    if pairs.is_empty():
        return []
    likely = [*{*pairs["member"], *pairs["other member"]}]
    moments = dated.filter(pl.col("member").is_in(likely)).select("member", "time").unique().collect()
    times = {member: part["time"] for (member,), part in moments.partition_by("member", as_dict=True).items()}
    found: set[str] = set()
    for member, other_member, records in pairs.select("member", "other member", "records").iter_rows():
        if {member, other_member} <= found:
            continue
        strange = (~times[member].is_in(times[other_member])).sum()  # each is of a record that the other cannot have
        if strange <= (1 - WHOLE) * records:
            found |= {member, other_member}
    return sorted(found)


def without_copies(frames: Mapping[str, pl.DataFrame], same: Mapping[tuple[str, str], str]) -> dict[str, pl.DataFrame]:
    """Return the frames without the records of logs that are copies."""
    return {
        source: frame.filter(~pl.col("member").is_in([m for s, m in same if s == source]))
        if any(s == source for s, _ in same)
        else frame
        for source, frame in frames.items()
    }
