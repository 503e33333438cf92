"""The runs of one container: the log of the run before ends before that of the run after begins."""

from collections.abc import Mapping

import polars as pl

SAME = 1_000_000  # µs: a run that begins where another does is the same, collected twice
RUN = ("namespace", "pod", "container")


def overtaken(frames: Mapping[str, pl.DataFrame]) -> dict[str, tuple[str, int]]:
    """Return each log of a run before that goes on when the run after it has begun: its successor, and by how much.

    One of the two is on a wrong clock, and nothing says which. Only a container of which one log of each is there is
    asked: a bundle collected twice holds one run both as the current and as the one before.

    Args:
        frames: source name to rows, placed by `timeline.on_one_clock`.

    Returns:
        The member of the run before, to the member of the run after and the length in microseconds.
    """
    ends = [
        f.select("member", *RUN, "time", "earliest", "latest", pl.col("previous").fill_null(False))
        .filter(pl.col("time").is_not_null() & pl.col("pod").is_not_null() & pl.col("container").is_not_null())
        .group_by(*RUN, "previous", "member")
        .agg(pl.col("earliest").min().cast(pl.Int64), pl.col("latest").max().cast(pl.Int64))
        for n, f in frames.items()
        if n.startswith("log.") and f.height and f["previous"].any()
    ]
    if not ends:
        return {}
    every = pl.concat(ends).group_by(*RUN, "previous", "member").agg(pl.col("earliest").min(), pl.col("latest").max())
    every = every.filter(pl.len().over(*RUN, "previous") == 1)
    pairs = every.filter("previous").join(every.filter(~pl.col("previous")), on=RUN, nulls_equal=True)
    odd = pairs.filter(
        (pl.col("latest") > pl.col("earliest_right") + SAME)
        & ((pl.col("earliest") - pl.col("earliest_right")).abs() > SAME)
    )
    rows = odd.select("member", "member_right", pl.col("latest") - pl.col("earliest_right")).sort("member").iter_rows()
    return {before: (after, gap) for before, after, gap in rows}


def doubtful(crossed: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """Return both logs of each pair that `overtaken` returns, each with by how much it may be wrong."""
    return {member: gap for before, (after, gap) in crossed.items() for member in (before, after)}


def runs_apart(crossed: Mapping[str, tuple[str, int]]) -> list[str]:
    """Return a remark for each pair that `overtaken` returns."""
    return [
        f"{before} is of the run before {after}, and goes on {gap / 1_000_000:.0f} seconds after that has begun:"
        " the clock of one of the two is wrong"
        for before, (after, gap) in sorted(crossed.items())
    ]
