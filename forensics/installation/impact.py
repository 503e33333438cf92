"""Who was hit: models and pipelines by the state table, requests by Envoy's own counters or its access log."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from forensics.causality import Ranked
from forensics.intake.quoting import Quotes

MOST = 6  # counters cited


def impact(
    frames: Mapping[str, pl.DataFrame], state: Sequence[Mapping[str, Any]], ranked: Sequence[Ranked], quotes: Quotes
) -> dict[str, Any]:
    """Return `impact` of the document.

    `models` and `pipelines` are those with a broken link and those that findings name. `requests` counts what Envoy
    answered since it started, of all models together; null where neither statistics nor an access log were collected.
    """
    hit: dict[str, set[str]] = {"model": set(), "pipeline": set()}
    for row in state:
        if row["kind"] in hit and row.get("broken"):
            hit[row["kind"]].add(row["name"])
    for r in ranked:
        if not r.finding.over:
            for subject in r.subjects:
                for kind, names in hit.items():
                    if kind in subject:
                        names.add(subject[kind])
    requests = _counters(frames) or _logged(frames)
    if requests is not None:
        requests["cites"] = quotes.cites(requests.pop("rows"), context=False)
    return {"models": sorted(hit["model"]), "pipelines": sorted(hit["pipeline"]), "requests": requests}


def _counters(frames: Mapping[str, pl.DataFrame]) -> dict[str, Any] | None:
    """Count by the statistics of the data listener. gRPC answers count as HTTP 200 there, whatever their own status.

    Source: docs of Envoy's HTTP connection manager statistics, `downstream_rq_xx`.
    """
    frame = frames.get("envoy.stat")
    if frame is None or not frame.height:
        return None
    own = frame.with_row_index("row").filter(
        (pl.col("scope") == "http") & pl.col("owner").is_in(["seldon_http", "http"])
    )
    if not own.height:
        return None
    counted = pl.col("metric").is_in(["downstream_rq_total", "downstream_rq_4xx", "downstream_rq_5xx"])
    per_file = own.filter(counted & pl.col("value").is_finite())
    if not per_file.height:
        return None
    # The same statistics are often collected in several forms: of files side by side the fullest counts.
    folder = pl.col("member").str.replace(r"[^/!]*$", "").alias("folder")
    fullest = (
        per_file.with_columns(folder)
        .sort("value", "row", descending=[True, False], nulls_last=True)
        .unique(["namespace", "pod", "folder", "metric"], keep="first", maintain_order=True)
    )
    values = dict(fullest.group_by("metric").agg(pl.col("value").sum()).iter_rows())
    failed = values.get("downstream_rq_4xx", 0) + values.get("downstream_rq_5xx", 0)
    return {
        "total": int(values.get("downstream_rq_total", 0)),
        "failed": int(failed),
        "source": "Envoy's counters since its start; gRPC failures are not among them",
        "rows": [("envoy.stat", row) for row in sorted(fullest["row"])[:MOST]],
    }


def _logged(frames: Mapping[str, pl.DataFrame]) -> dict[str, Any] | None:
    frame = frames.get("log.envoy_access")
    if frame is None or not frame.height:
        return None
    bad = (pl.col("status") >= 400) | (pl.col("status") == 0)
    failed = frame.with_row_index("row").filter(bad.fill_null(False))["row"].to_list()
    ends = failed if len(failed) <= 2 else [failed[0], failed[-1]]
    return {
        "total": frame.height,
        "failed": len(failed),
        "source": "Envoy's access log, which holds failed requests only unless it was configured otherwise",
        "rows": [("log.envoy_access", row) for row in ends],
    }
