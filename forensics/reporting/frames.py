"""Write the frames of a case as Parquet, one file a source, beside the findings."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from forensics.document import Document
from forensics.reporting.moments import moment
from forensics.reporting.view import proofs, span, subject
from forensics.writing import write_whole
from parsers.schema import TIME, Columns

if TYPE_CHECKING:
    from forensics.analysis import Case

FINDINGS: Columns = {
    **dict.fromkeys(("id", "pattern", "title", "severity", "role"), pl.String()),
    "rank": pl.Int64(),
    "certainty": pl.String(),
    "confidence": pl.Float64(),
    "namespace": pl.String(),
    "subject": pl.String(),
    "first": TIME,
    "last": TIME,
    "count": pl.Int64(),
    "at_end": pl.String(),
    "explains": pl.List(pl.String()),
    "explained_by": pl.List(pl.String()),
}
CITATIONS: Columns = {
    **dict.fromkeys(("finding", "evidence", "strength", "source", "member"), pl.String()),
    "line": pl.Int64(),
    "last_line": pl.Int64(),
    "time": TIME,
    "text": pl.String(),
}


def write_parquet(case: "Case", document: Document, folder: Path) -> None:
    """Write `<source>.parquet` for every source, `findings.parquet` and `citations.parquet`, secrets masked."""
    from forensics.intake.masking import mask

    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in case.frames.items():
        texts = [c for c, d in frame.schema.items() if d == pl.String and c not in ("member", "pod", "container")]
        masked = frame.with_columns(
            pl.Series(c, [mask(v) if v is not None else None for v in frame[c].to_list()], dtype=pl.String)
            for c in texts
        )
        _write(masked, folder / f"{name}.parquet")
    _write(findings_frame(document), folder / "findings.parquet")
    _write(citations_frame(document), folder / "citations.parquet")


def findings_frame(document: Document) -> pl.DataFrame:
    """Return the findings, columns `FINDINGS`."""
    rows = [
        {
            **{name: finding.get(name) for name in FINDINGS},
            "first": _time((finding.get("first") or {}).get("earliest")),
            "last": _time((finding.get("last") or {}).get("latest")),
            "namespace": (finding.get("subject") or {}).get("namespace"),
            "subject": subject(finding.get("subject")) or None,
        }
        for finding in document["findings"]
    ]
    return pl.DataFrame(rows, schema=FINDINGS)


def citations_frame(document: Document) -> pl.DataFrame:
    """Return the lines that prove the findings, columns `CITATIONS`; `member` and `line` are those of the sources."""
    rows = [
        {
            "finding": finding["id"],
            "evidence": piece.get("name"),
            "strength": piece.get("strength"),
            "source": cite.get("source"),
            "member": cite.get("member"),
            "line": span(cite)[0],
            "last_line": span(cite)[1],
            "time": _time(cite.get("time")),
            "text": cite.get("text"),
        }
        for finding in document["findings"]
        for piece, cite in proofs(finding)
    ]
    return pl.DataFrame(rows, schema=CITATIONS)


def _time(written: object) -> datetime | None:
    at = moment(written)
    return None if at is None else at.astimezone(UTC)


def _write(frame: pl.DataFrame, path: Path) -> None:
    made = io.BytesIO()
    frame.write_parquet(made)
    write_whole(path, made.getvalue())
