"""Errors that a log ends with and that are evidence of nothing: what a library cannot know is at least shown."""

from collections.abc import Mapping

import polars as pl

from forensics.findings import Outcome
from forensics.intake.masking import mask
from forensics.verdict import when
from patterns.language import compile_where, in_words
from patterns.pattern import Library

COMPONENTS = (
    "log.controller", "log.scheduler", "log.agent", "log.rclone", "log.mlserver", "log.triton", "log.envoy",
    "log.modelgateway", "log.pipelinegateway", "log.dataflow", "log.hodometer",
)  # fmt: skip
LEAST = 3  # times; a retry that helped is said once or twice
PAUSES = 3  # times its usual pause, in time and in records: an error that came last so long before the end has passed
SHORTEST = 10_000_000  # µs: the least that counts as such a pause; it is that of what came once, or in a burst
FEWEST = 5  # records: likewise
OFTEN = 5  # times, and ...
LONG = 60_000_000  # µs, before what a pattern knows and does not take for a failure is told all the same
MOST = 3  # kinds that are told
SHOWN = 240  # characters of a line


def unnamed(frames: Mapping[str, pl.DataFrame], library: Library, outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return a remark for each kind of error that goes on to the end of its log and is evidence of nothing.

    Two errors are of a kind when they differ in numbers, quoted words and ids alone. One that is fatal counts if it
    occurs once. Logs of containers that ended are left out: their last words are evidence of the end. What a pattern
    knows has been judged by it, and counts only where it is the log's last word, after a minute of the same.

    Args:
        frames: on one clock.
        library: what is known.
        outcomes: what the patterns came to.
    """
    found: list[tuple[bool, int, str]] = []
    for source in COMPONENTS:
        if (frame := frames.get(source)) is None or frame.is_empty():
            continue
        frame = frame.filter(~pl.col("previous").fill_null(False))
        kinds = _lasting(frame)
        if kinds.is_empty():
            continue
        last_word = (pl.col("last_row") == pl.col("end_row")) & (pl.col("count") >= OFTEN)
        last_word &= pl.col("last") - pl.col("first") >= LONG
        kinds = kinds.with_columns(known=_known(frame[kinds["row"]], source, library))
        explained = pl.col("kind").is_in(_explained(frames[source], source, outcomes))
        for row in kinds.filter((~pl.col("known") | last_word) & ~explained).iter_rows(named=True):
            times = f", {row['count']:,} times" if row["count"] > 1 else ""
            where = row["pod"] or row["member"]
            text = mask(row["text"])[:SHOWN]
            last = when(row["last"])
            found.append(
                (
                    not row["fatal"],
                    -row["count"],
                    f"{source} of {where} ends with an error that is evidence of no finding{times}, last at {last}: "
                    f"{text} ({row['member']}:{row['line']})",
                )
            )
    found.sort()
    left = len(found) - MOST
    more = [f"{left} more kinds of errors to the end of a log are evidence of no finding"] if left > 0 else []
    return [remark for _, _, remark in found[:MOST]] + more


def _lasting(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the kinds of errors that go on to the end of their log, one row a member and kind."""
    at = pl.col("earliest").cast(pl.Int64)
    frame = frame.with_row_index("row")
    ends = frame.group_by("member").agg(end=at.max(), end_row=pl.col("row").cast(pl.Int64).max())
    loud = frame.filter(pl.col("level").cast(pl.String).is_in(["error", "fatal"]) & pl.col("text").is_not_null())
    pauses = pl.max_horizontal(pl.col("count").cast(pl.Int64) - 1, 1)
    pause, between = (pl.col("last") - pl.col("first")) // pauses, (pl.col("last_row") - pl.col("first_row")) // pauses
    return (
        loud.select(
            "member",
            "pod",
            "line",
            "text",
            row=pl.col("row").cast(pl.Int64),
            at=at,
            fatal=pl.col("level") == "fatal",
            kind=_kind(),
        )
        .group_by("member", "kind", maintain_order=True)
        .agg(
            pl.col("pod").drop_nulls().first(),
            pl.col("text").last().str.split("\n").list.first(),
            pl.col("line").last(),
            pl.col("fatal").any(),
            count=pl.len(),
            first=pl.col("at").min(),
            last=pl.col("at").max(),
            first_row=pl.col("row").min(),
            last_row=pl.col("row").max(),
            row=pl.col("row").last(),
        )
        .join(ends, on="member", maintain_order="left")
        .filter(pl.col("end") - pl.col("last") <= pl.max_horizontal(PAUSES * pause, SHORTEST))
        .filter(pl.col("end_row") - pl.col("last_row") <= pl.max_horizontal(PAUSES * between, FEWEST))
        .filter(pl.col("fatal") | (pl.col("count") >= LEAST))
    )


def _kind() -> pl.Expr:
    text = pl.col("text").str.split("\n").list.first().str.slice(0, 2 * SHOWN)
    text = text.str.replace_all(r'"[^"]*"|\'[^\']*\'', '""')
    return text.str.replace_all(r"[0-9A-Fa-f]*[0-9][0-9A-Za-z]*", "#").str.slice(0, SHOWN)


def _known(rows: pl.DataFrame, source: str, library: Library) -> pl.Series:
    """Return which records some pattern asks for by their words."""
    pieces = (piece for pattern in library.patterns.values() for piece in pattern.evidence.values())
    asked = [compile_where(piece.where, source) for piece in pieces if piece.source == source]
    by_words = [condition for condition in asked if in_words(condition)]
    return rows.select(pl.any_horizontal(pl.lit(False), *by_words).fill_null(False).alias("known")).to_series()


def _explained(frame: pl.DataFrame, source: str, outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return the kinds of lines that are evidence of something found."""
    findings = (finding for outcome in outcomes.values() for finding in outcome.findings)
    rows = {row for found in findings for seen in found.evidence for where, row in seen.rows if where == source}
    return frame[sorted(rows)].select(_kind()).to_series().unique().to_list() if rows else []
