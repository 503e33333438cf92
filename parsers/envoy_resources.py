"""What the pieces of Envoy's configuration say: values of any type in, columns out, nothing raises.

Source: envoy/config/{cluster,endpoint,route}/v3 of Envoy 1.34; the header names are Seldon Core v2.10's.
"""

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from parsers.envoy_json import Node
from parsers.parser import Artefact, shaped
from parsers.schema import SOURCES, TIME

MODEL_HEADER = "seldon-model"
STICKY_HEADER = "x-seldon-route"
INTERNAL_HEADER = "seldon-internal-model"

Row = dict[str, Any]


def entry(value: Any) -> Row:
    """Return the object that `value` is, an empty one where it is none."""
    if isinstance(value, Node):
        return value.values
    return value if isinstance(value, dict) else {}


def said(value: Any) -> str | None:
    """Return the text that `value` is; null where it is none or empty."""
    return value if isinstance(value, str) and value != "" else None


def entries(value: Any) -> list[Row]:
    """Return the objects of a list, none where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def integer(value: Any) -> int | None:
    """Return the whole number that `value` is; null for what is none or fits no column."""
    # 64-bit numbers are strings; what fits no column is not said.
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53 else None


def is_tls(cluster: Row) -> bool:
    """Whether connections to the hosts of a cluster are encrypted."""
    sockets = [cluster.get("transport_socket"), *entries(cluster.get("transport_socket_matches"))]
    return any("tls" in str(entry(entry(one).get("transport_socket", one)).get("name", "")).lower() for one in sockets)


def socket_of(address: Row) -> Row:
    """Return the columns `address` and `port` of an address; a port that is not written is 0."""
    socket = entry(address.get("socket_address"))
    if not socket:
        return {"address": said(entry(address.get("pipe")).get("path")), "port": None}
    return {"address": said(socket.get("address")), "port": integer(socket.get("port_value", 0))}


def hosts_of(assignment: Row) -> Iterator[Row]:
    """Yield the hosts of a load assignment: `address`, `port`, `hostname`, `health`."""
    for locality in entries(assignment.get("endpoints")):
        for host in entries(locality.get("lb_endpoints")):
            endpoint = entry(host.get("endpoint"))
            health = said(host.get("health_status"))
            yield {
                **socket_of(entry(endpoint.get("address"))),
                "hostname": said(endpoint.get("hostname")),
                "health": health.lower() if health else None,
            }


def address_of(host: Row) -> str | None:
    """Return a host as `address:port`."""
    return host["address"] if host["port"] is None else f"{host['address']}:{host['port']}"


def header_of(match: Row, name: str) -> str | None:
    """Return what a route's match asks of a header; null where it asks nothing, or only that there is none."""
    for header in entries(match.get("headers")):
        if header.get("name") == name:
            string = entry(header.get("string_match"))
            for kind in ("exact", "contains", "prefix", "suffix"):
                value = said(string.get(kind)) or said(header.get(f"{kind}_match"))
                if value is not None:
                    return value
            regex = entry(string.get("safe_regex")) or entry(header.get("safe_regex_match"))
            if regex:
                return said(regex.get("regex"))
    return None


def route_rows(route: Row) -> Iterator[Row]:
    """Yield the columns of a route once for each cluster; a weight that is not written is 0."""
    match, action = entry(route.get("match")), entry(route.get("route"))
    regex = entry(match.get("safe_regex"))
    mirrors = [said(policy.get("cluster")) for policy in entries(action.get("request_mirror_policies"))]
    shared = {
        "name": said(route.get("name")),
        "prefix": next(
            (found for key in ("prefix", "path", "path_separated_prefix") if (found := said(match.get(key)))),
            said(regex.get("regex")),
        ),
        "header": header_of(match, MODEL_HEADER),
        "sticky": header_of(match, STICKY_HEADER),
        "mirror": next((mirror for mirror in mirrors if mirror), None),
    }
    weighted = entries(entry(action.get("weighted_clusters")).get("clusters"))
    if not weighted:
        # All requests go to the one cluster of a plain route; redirects and direct answers have none.
        cluster = said(action.get("cluster"))
        share = 100 if cluster else None
        yield {**shared, "cluster": cluster, "weight": share, "total_weight": share}
        return
    weights = [integer(one.get("weight", 0)) or 0 for one in weighted]
    for one, weight in zip(weighted, weights, strict=True):
        own = {"cluster": said(one.get("name")), "weight": weight, "marked": mark_of(one)}
        yield {**shared, **own, "total_weight": sum(weights)}


def mark_of(choice: Row) -> str | None:
    """Return what a cluster of a route is told to ask for; null where the route adds no such header."""
    for added in entries(choice.get("request_headers_to_add")):
        header = entry(added.get("header"))
        if header.get("key") == INTERNAL_HEADER:
            return said(header.get("value"))
    return None


def framed(source: str, artefact: Artefact, rows: list[Row]) -> pl.DataFrame:
    """Return rows as a frame of `source`; times may be RFC 3339 strings."""
    columns = SOURCES[source].columns
    schema = {
        name: pl.String() if dtype == TIME else dtype
        for name, dtype in columns.items()
        if name not in ("member", "pod")
    }
    held = {name for row in rows for name, value in row.items() if value is not None} & {*schema} or {*schema}
    frame = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in schema if name in held},
        schema={name: dtype for name, dtype in schema.items() if name in held},
        strict=False,
    ).with_columns(
        pl.col(name).str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
        for name in schema
        if columns[name] == TIME and name in held
    )
    return shaped(source, artefact, frame)
