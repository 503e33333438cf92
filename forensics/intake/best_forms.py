"""Objects that were dumped in several forms, kept in the one that says most.

A bundle often holds a thing as an object, in a table and as a description. What the table does not show would leave a
condition undecided although the object decides it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from forensics.findings import Finding, Outcome, Seen

Rows = Mapping[str, Sequence[int]]


def in_best_form(frames: Mapping[str, pl.DataFrame]) -> tuple[dict[str, pl.DataFrame], Rows]:
    """Return the frames without tables' and descriptions' rows of things that are there as objects too.

    The second part tells, for each frame that lost rows, which rows of the first one are left.
    """
    kept: dict[str, pl.DataFrame] = {}
    rows: dict[str, Sequence[int]] = {}
    for source, frame in frames.items():
        kept[source] = frame
        if not source.startswith("k8s.") or "form" not in frame.columns or frame["form"].n_unique() < 2:
            continue
        whole = frame.filter(pl.col("form") == "object").select("namespace", "name").unique()
        numbered = frame.with_row_index("row")
        others = numbered.filter(pl.col("form").ne_missing("object"))
        repeated = others.join(whole, on=["namespace", "name"], how="semi", nulls_equal=True)
        if repeated.height:
            left = numbered.filter(~pl.col("row").is_in(repeated["row"].implode()))
            kept[source] = left.drop("row")
            rows[source] = left["row"].to_list()
    return kept, rows


def as_given(outcome: Outcome, rows: Rows) -> Outcome:
    """Return an outcome over such frames with the row numbers of the frames they were made from."""
    if not rows:
        return outcome
    return replace(outcome, findings=tuple(_finding(finding, rows) for finding in outcome.findings))


def _finding(finding: Finding, rows: Rows) -> Finding:
    return replace(finding, evidence=tuple(_seen(seen, rows) for seen in finding.evidence))


def _seen(seen: Seen, rows: Rows) -> Seen:
    return replace(seen, rows=tuple(original(row, rows) for row in seen.rows))


def original(row: tuple[str, int], rows: Rows) -> tuple[str, int]:
    """Return the number that a row had before."""
    source, number = row
    return (source, rows[source][number]) if source in rows else row
