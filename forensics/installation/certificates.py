"""Every certificate with a date, and the days it had left when it was collected: `state.certificate`."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from forensics.intake.rows import mapping, moment, parsed, rows_of, sequence
from parsers.schema import SOURCES

SOURCE = "state.certificate"
SOON = 30  # days left from which a certificate is worth a remark, where it was made for longer than a season
_BASES = ("k8s.certificate", "envoy.certificate", "k8s.secret")
_KINDS = ("certificate", "secret")


def certificates(
    frames: Mapping[str, pl.DataFrame], period: tuple[int, int] | None, collected: int | None
) -> dict[str, pl.DataFrame]:
    """Return `state.certificate`; nothing where no kind of certificate was dumped.

    Args:
        frames: placed by `timeline.on_one_clock`.
        period: first and last microsecond of the logs.
        collected: the bundle was collected at this microsecond or later.

    Returns:
        Columns of `parsers/schema.py`. `at` is when the dump was made, else the latest moment that anything names:
        it is collected no earlier than that, so `days` are then the most it can have left.
    """
    listing = frames.get("k8s.listing")
    listed = listing is not None and listing.filter(pl.col("kind").str.to_lowercase().is_in(_KINDS)).height
    if not listed and not any(base in frames for base in _BASES):
        return {}
    seen = pl.Series([collected], dtype=pl.Int64).cast(pl.Datetime("us", "UTC")).item()
    end = seen if period else None
    found = (*_of_cert_manager(frames), *_of_envoy(frames), *_of_secrets(frames))
    rows = [_row(*each, end, seen) for each in found]
    return {SOURCE: pl.DataFrame(rows, schema=SOURCES[SOURCE].schema)}


def _of_cert_manager(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for _, row in rows_of(frames, "k8s.certificate"):
        if row["kind"] == "Certificate":
            held = mapping(parsed(row["raw"]))
            status = mapping(held.get("status"))
            names = _json(mapping(held.get("spec")).get("dnsNames"))
            bounds = {"valid_from": moment(status.get("notBefore")), "expires": moment(status.get("notAfter"))}
            refused = any(_no(each) for each in sequence(status.get("conditions")))
            yield row, {"kind": "Certificate", "names": names, "ca": False, "refused": refused, **bounds}


def _no(condition: Any) -> bool:
    held = mapping(condition)
    return held.get("type") == "Ready" and held.get("status") == "False"


def _of_envoy(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for _, row in rows_of(frames, "envoy.certificate"):
        names = _json(parsed(row["subject"]))
        own = {key: row[key] for key in ("pod", "ca", "valid_from", "expires")}
        yield {**row, "name": row["path"] or row["name"] or row["serial"]}, {"kind": "Envoy", "names": names, **own}


def _of_secrets(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield what Secrets show; without a date what was hidden, or stands in a table, and no cert-manager dates."""
    dated = set(_dated(frames))
    shown = {(r["namespace"], r["name"]) for _, r in rows_of(frames, "k8s.secret") if r["form"] == "object"}
    for _, row in rows_of(frames, "k8s.secret"):
        place = (row["namespace"], row["name"])
        if row["form"] == "object":
            held = [mapping(each) for each in sequence(parsed(row["certificates"]))]
        else:
            held = [{}] if row["type"] == "kubernetes.io/tls" and place not in shown else []
        for each in held:
            bounds = {"valid_from": moment(each.get("valid_from")), "expires": moment(each.get("expires"))}
            if bounds["expires"] is not None or place not in dated:
                names = _json(each.get("names"))
                yield row, {"kind": "Secret", "names": names, "ca": bool(each.get("trusted")), **bounds}


def _dated(frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str | None, str]]:
    for base, own in _of_cert_manager(frames):
        secret = mapping(mapping(parsed(base["raw"])).get("spec")).get("secretName")
        if own["expires"] is not None and isinstance(secret, str):
            yield base["namespace"], secret


def _row(
    base: Mapping[str, Any], own: Mapping[str, Any], end: datetime | None, seen: datetime | None
) -> dict[str, Any]:
    known: datetime | None = base["at"] or end
    at, expires, start = known or seen, own["expires"], own["valid_from"]
    left = (expires - at).days if expires is not None and at is not None else None
    state = None
    if left is not None and left < 0:
        state = "expired"
    elif start is not None and known is not None and start > known:
        state = "not yet valid"
    elif left is not None:
        state = "valid"
    due = None
    if left is not None and at is not None:
        short = start is not None and (expires - at) * 3 >= expires - start
        due = 0 <= left < SOON and not short
    place = {key: base[key] for key in ("member", "line", "lines", "namespace", "name", "raw")}
    return {
        **place,
        "at": at,
        "pod": None,
        "refused": False,
        **own,
        "days": left,
        "state": state or "unknown",
        "due": due,
    }


def _json(names: Any) -> str:
    return json.dumps([str(name) for name in sequence(names)], ensure_ascii=False)
