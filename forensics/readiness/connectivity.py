"""The connectivity matrix: every connection the components need, as open, shut or unknown, and by what.

From `net.path` (policies of both sides), the Services and their endpoints, and the errors of those that dialled.
A dial error in a log is told beside the state and does not change it: every healthy start has some.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from forensics.installation.sightings import DIALLED
from forensics.intake.quoting import Quotes

WHY: Mapping[tuple[str, str], str] = {
    ("operator", "seldon-scheduler"): "resources to the scheduler, and their states back",
    ("agent", "seldon-scheduler"): "servers register, and are told what to load",
    ("envoy", "seldon-scheduler"): "routes and clusters (xDS)",
    ("modelgateway", "seldon-scheduler"): "which models have topics",
    ("pipelinegateway", "seldon-scheduler"): "which pipelines there are",
    ("hodometer", "seldon-scheduler"): "counts for the usage report",
    ("dataflow", "seldon-scheduler"): "which pipelines to run",
    ("envoy", "agent"): "inference requests to the servers",
    ("envoy", "pipelinegateway"): "inference requests to pipelines",
    ("modelgateway", "envoy"): "requests of pipeline steps to models",
    ("ingress", "envoy"): "requests from outside",
    ("rclone", "storage"): "artefacts of models",
}
_WHY_TO = {
    "dns": "names of Services",
    "kafka": "inputs and outputs of pipelines",
    "apiserver": "objects, secrets and leases",
    "storage": "artefacts of models",
}
SERVICES = {"seldon-scheduler": "seldon-scheduler", "envoy": "seldon-mesh", "pipelinegateway": "seldon-pipelinegateway"}
_LOGS = {"operator": "controller", "rclone": "agent"}
_AT_PORT = DIALLED + r"[^ ]*:PORT: "
_DIALLERS = ("controller", "agent", "modelgateway", "pipelinegateway", "dataflow", "hodometer")
_WORST = ("shut", "unknown", "open")
_TOGETHER = ("from", "from_namespace", "to", "to_namespace", "state", "by", "why")
_KEY = ("from", "from_namespace", "to", "to_namespace", "port", "protocol")


def connectivity(frames: Mapping[str, pl.DataFrame], quotes: Quotes) -> list[dict[str, Any]]:
    """Return the matrix, worst first: one row a pair of components and port.

    Each row has `from`, `to`, their namespaces, `port`, `protocol`, `why`, `state` (open, shut, unknown), `by` (the
    policy or the Service that shuts it), `pairs` (pods), `errors` (dial errors in the log of the side that dials) and
    `cites`.
    """
    frame = frames.get("net.path")
    if frame is None or frame.is_empty():
        return []
    groups: dict[tuple[Any, ...], list[tuple[int, dict[str, Any]]]] = {}
    for index, row in enumerate(frame.iter_rows(named=True)):
        groups.setdefault(tuple(row[name] for name in _KEY), []).append((index, row))
    dials = _dials(frames)
    made = [_row(key, rows, frames, dials, quotes) for key, rows in groups.items()]
    return sorted(made, key=lambda r: (_WORST.index(r["state"]), *(str(r[name]) for name in _KEY)))


def _row(
    key: tuple[Any, ...],
    rows: list[tuple[int, dict[str, Any]]],
    frames: Mapping[str, pl.DataFrame],
    dials: Mapping[str, pl.DataFrame],
    quotes: Quotes,
) -> dict[str, Any]:
    one = dict(zip(_KEY, key, strict=True))
    index, worst = min(rows, key=lambda r: (_WORST.index(r[1]["state"]), r[0]))
    state, by = worst["state"], None
    if state == "shut":
        by = f"NetworkPolicy {worst['policy']} ({worst['direction']})"
    cites = quotes.cites([("net.path", index)], False)
    service = SERVICES.get(str(one["to"]))
    if state != "shut" and service is not None:
        missing = _without_service(frames, service, one["to_namespace"])
        if missing is not None:
            state, by = "shut", missing
    errors, last = _errors(dials, str(one["from"]), one["from_namespace"], one["port"])
    if last is not None:
        cites += quotes.cites([last], False)
    why = WHY.get((str(one["from"]), str(one["to"]))) or _WHY_TO.get(str(one["to"]), "")
    reason = _unknown(frames) if state == "unknown" else None
    return {
        **one,
        "why": why,
        "state": state,
        "by": by or reason,
        "pairs": len(rows),
        "errors": errors,
        "cites": list({(c["member"], *c["lines"]): c for c in cites}.values()),
    }


def _unknown(frames: Mapping[str, pl.DataFrame]) -> str:
    """Say why no policy decides: none was collected, or a list that is empty and so names no namespace."""
    listing = frames.get("k8s.listing")
    if listing is not None:
        empty = (pl.col("kind") == "networkpolicy") & pl.col("namespace").is_null() & (pl.col("items") == 0)
        if listing.filter(empty).height:
            return "the list of policies is empty, and does not say of which namespace it is"
    return "which policies hold there was not collected"


def _without_service(frames: Mapping[str, pl.DataFrame], name: str, namespace: str | None) -> str | None:
    """Say why a Service leads nowhere: it is not in a list that was dumped, or has no address that is ready."""
    listing = frames.get("k8s.listing")
    services = frames.get("k8s.service")
    if listing is None or services is None or namespace is None:
        return None
    in_namespace = pl.col("namespace") == namespace
    listed = listing.filter(
        (pl.col("kind") == "service") & (in_namespace | pl.col("namespace").is_null()) & pl.col("complete")
    )
    own = services.filter(in_namespace & (pl.col("name") == name))
    if own.is_empty():
        return f"no Service {name} in {namespace}" if listed.height else None
    ends = frames.get("k8s.endpoints")
    if ends is None or own.filter(pl.col("type") == "ExternalName").height:
        return None
    slices = ends.filter(in_namespace & (pl.col("service") == name))
    if slices.height and slices["ready"].null_count() == 0 and slices["ready"].sum() == 0:
        return f"Service {name} has no ready endpoint"
    return None


def _dials(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the records in which somebody failed to dial, by source, with their row numbers: few, looked for once."""
    return {
        source: frame.with_row_index("row").filter(pl.col("text").str.contains(DIALLED))
        for source, frame in frames.items()
        if source.startswith("log.") and source.removeprefix("log.") in _DIALLERS and frame.height
    }


def _errors(
    dials: Mapping[str, pl.DataFrame], component: str, namespace: str | None, port: int | None
) -> tuple[int, tuple[str, int] | None]:
    source = f"log.{_LOGS.get(component, component)}"
    frame = dials.get(source)
    if frame is None or port is None:
        return 0, None
    mine = pl.col("namespace").is_null() | (pl.col("namespace") == namespace) if namespace else pl.lit(True)
    rows = frame.filter(pl.col("text").str.contains(_AT_PORT.replace("PORT", str(port))) & mine).get_column("row")
    return rows.len(), (source, int(rows[-1])) if rows.len() else None


def side_by_side(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a matrix with ports of the same two ends, state and reason in one row, in their order."""
    same: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        same.setdefault(tuple(str(row.get(key)) for key in _TOGETHER), []).append(row)
    return [_together(held) for held in same.values()]


def _together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    protocols: dict[str, list[str]] = {}
    for row in rows:
        protocols.setdefault(str(row.get("port")), []).append(str(row.get("protocol")))
    ports: dict[str, list[str]] = {}
    for port, found in protocols.items():
        ports.setdefault("+".join(dict.fromkeys(found)), []).append(port)
    *others, (protocol, last) = ports.items()
    head = "".join(f"{', '.join(listed)}/{name}, " for name, listed in others)
    errors = sum(row.get("errors") or 0 for row in rows)
    return {**rows[0], "port": head + ", ".join(last), "protocol": protocol, "errors": errors}


def told(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield the cells of a row as the table shows them: from, to, port, state, why."""
    yield where(row.get("from"), row.get("from_namespace"))
    yield where(row.get("to"), row.get("to_namespace"))
    yield f"{row.get('port')}/{row.get('protocol')}"
    yield str(row.get("state")) + (f": {row['by']}" if row.get("by") else "")
    errors = row.get("errors") or 0
    yield str(row.get("why") or "") + (f"; {errors} dial errors in its log" if errors else "")


def where(component: Any, namespace: Any) -> str:
    """Return a component with its namespace."""
    return f"{component} ({namespace})" if namespace else str(component)
