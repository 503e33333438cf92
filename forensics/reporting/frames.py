"""Write the frames of a case as Parquet, one file a source, beside the findings."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from forensics.document import Document
from forensics.writing import write_whole

if TYPE_CHECKING:
    from forensics.analysis import Case


def write_parquet(case: "Case", document: Document, folder: Path) -> None:
    """Write `<source>.parquet` for every source and `findings.parquet` into `folder`, secrets masked."""
    from forensics.intake.masking import mask

    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in case.frames.items():
        texts = [c for c, d in frame.schema.items() if d == pl.String and c not in ("member", "pod", "container")]
        masked = frame.with_columns(
            pl.Series(c, [mask(v) if v is not None else None for v in frame[c].to_list()], dtype=pl.String)
            for c in texts
        )
        _write(masked, folder / f"{name}.parquet")
    found = pl.DataFrame(
        [
            {
                "id": f["id"],
                "pattern": f["pattern"],
                "title": f["title"],
                "severity": f["severity"],
                "role": f["role"],
                "rank": f["rank"],
                "certainty": f["certainty"],
                "confidence": f["confidence"],
                "first": f["first"]["earliest"],
                "last": f["last"]["latest"],
                "count": f["count"],
                "at_end": f["at_end"],
            }
            for f in document["findings"]
        ],
        schema={
            "id": pl.String, "pattern": pl.String, "title": pl.String, "severity": pl.String, "role": pl.String,
            "rank": pl.Int64, "certainty": pl.String, "confidence": pl.Float64, "first": pl.String, "last": pl.String,
            "count": pl.Int64, "at_end": pl.String,
        },
    )  # fmt: skip
    _write(found, folder / "findings.parquet")


def _write(frame: pl.DataFrame, path: Path) -> None:
    made = io.BytesIO()
    frame.write_parquet(made)
    write_whole(path, made.getvalue())
