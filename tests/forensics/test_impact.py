"""Who was hit, by counters that may say anything."""

import polars as pl

from forensics.installation.impact import _counters
from parsers.schema import SOURCES


def _stats(*values: float) -> dict[str, pl.DataFrame]:
    rows = [
        {
            "scope": "http",
            "owner": "seldon_http",
            "metric": metric,
            "value": value,
            "member": f"{n}/stats.txt",
            "line": n,
        }
        for n, value in enumerate(values, 1)
        for metric in ("downstream_rq_total", "downstream_rq_5xx")
    ]
    source = SOURCES["envoy.stat"]
    columns = {name: [row.get(name) for row in rows] for name in source.columns}
    return {"envoy.stat": pl.DataFrame(columns, schema=source.schema, strict=False)}


def test_counters_that_are_no_numbers_do_not_count() -> None:
    counted = _counters(_stats(7.0, float("inf"), float("nan")))

    assert counted is not None
    assert (counted["total"], counted["failed"]) == (7, 7)
    assert _counters(_stats(float("inf"))) is None
