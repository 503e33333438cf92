"""The smaller answers of Envoy's administration interface.

`/clusters` and `/listeners` as text (`name::…::value` a line) and as JSON, `/certs`, `/server_info`, `/ready`,
`/memory`, `/runtime` and `/init_dump`. In their JSON 64-bit numbers are strings, a counter that is zero has no value,
and empty lists and `false` are left out. A `/ready` is one word, and nothing but a whole artefact of one word is one.

Source: envoy/admin/v3/{clusters,listeners,certs,server_info,memory,init_dump}.proto; Envoy 1.36.2's output.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import polars as pl

from parsers.envoy_body import Body, body, concluded, dated, text_of
from parsers.envoy_json import Node, Places, flattened, raw, rejected, walk
from parsers.envoy_resources import Row, entry, framed, integer, said
from parsers.envoy_stats import statistics
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped

READY = re.compile(r"\s*(LIVE|DRAINING|PRE_INITIALIZING|INITIALIZING)\s*")
HOST_KEYS = (
    "cx_active|cx_connect_fail|cx_total|rq_active|rq_error|rq_success|rq_timeout|rq_total|rq_pending_active|hostname"
    "|health_flags|weight|region|zone|sub_zone|canary|priority|success_rate|local_origin_success_rate"
)
CLUSTER_LINE = (
    r"^\S+?::(?:observability_name|added_via_api|(?:default|high)_priority::max_[a-z_]+)::\S*$"
    rf"|^\S+?::\S+::(?:{HOST_KEYS})::.*$"
)
HOST = rf"^(?<cluster>.+?)::(?<host>\[.*\]:\d+|.+)::(?<key>{HOST_KEYS})::(?<said>.*)$"
CLUSTER = (
    r"^(?<cluster>.+?)::(?<key>observability_name|added_via_api|(?:default|high)_priority::max_[a-z_]+"
    r"|outlier::[a-z_]+|edf_[a-z_]+)::(?<said>.*)$"
)
LISTENER_LINE = re.compile(r"^[^\s:{\"]\S*?::(?:\[[0-9a-fA-F:.]*\]|\d+\.\d+\.\d+\.\d+):\d+$")
LISTENER = r"^(?<name>.+?)::(?<address>\[[^\]]*\]|[^:]+):(?<port>\d+)$"
NUMBERS = ("cx_connect_fail", "rq_total", "rq_error", "rq_timeout")
FLAGS = {
    "failed_active_health_check": "/failed_active_hc",
    "failed_outlier_check": "/failed_outlier_check",
    "failed_active_degraded_check": "/degraded_active_hc",
    "pending_dynamic_removal": "/pending_dynamic_removal",
    "pending_active_hc": "/pending_active_hc",
    "excluded_via_immediate_hc_fail": "/excluded_via_immediate_hc_fail",
    "active_hc_timeout": "/active_hc_timeout",
}
EDS_FLAGS = {"UNHEALTHY": "/failed_eds_health", "DEGRADED": "/degraded_eds_health", "DRAINING": "/eds_status_draining"}
KINDS = (("RdsRoute", "route"), ("Lds", "listener"), ("Cds", "cluster"), ("Sds", "secret"), ("Secret", "secret"))
OPENED = frozenset({"cluster_statuses", "certificates"})
PIECES = frozenset({"host_statuses", "listener_statuses", "ca_cert", "cert_chain", "unready_targets_dumps"})
# What a JSON answer begins with.
STARTS = re.compile(
    r'\s*\{\s*"(?:cluster_statuses"\s*:\s*\[|listener_statuses"\s*:\s*\[|certificates"\s*:\s*\['
    r'|unready_targets_dumps"\s*:\s*\[|allocated"\s*:\s*"\d+"\s*,\s*"heap_size"'
    r'|layers"\s*:\s*\[[^\]]*\]\s*,\s*"entries"'
    r'|version"\s*:\s*"[0-9a-f]+/\d+\.[^"/]*/[^"]*"\s*,\s*"state")'
)

Rows = dict[str, list[Row]]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _clusters_text(artefact: Artefact, found: Body) -> Parsed:
    host = pl.col("text").str.extract_groups(HOST).struct.rename_fields(["cluster", "host", "key", "said"])
    cluster = pl.col("text").str.extract_groups(CLUSTER).struct.rename_fields(["of", "what", "told"])
    read = found.frame.with_columns(host.alias("_"), cluster.alias("__")).unnest("_", "__")
    settings = read.filter(pl.col("of").is_not_null())
    hosts = read.filter(pl.col("of").is_null() & pl.col("cluster").is_not_null())
    odd = read.filter(
        pl.col("of").is_null() & pl.col("cluster").is_null() & (pl.col("text").str.strip_chars() != "")
    ).select("line", "lines", "text", pl.lit("not a line of /clusters").alias("reason"))
    last = (pl.col("line") + pl.col("lines")).max() - pl.col("line").min()
    clusters = settings.group_by(pl.col("of").alias("name"), maintain_order=True).agg(
        pl.col("line").min(),
        last.alias("lines"),
        (pl.col("told").filter(pl.col("what") == "added_via_api").first() == "true").alias("dynamic"),
    )
    endpoints = hosts.group_by("cluster", "host", maintain_order=True).agg(
        pl.col("line").min(),
        last.alias("lines"),
        *(
            pl.col("said").filter(pl.col("key") == key).first().alias(key)
            for key in ("hostname", "health_flags", *NUMBERS)
        ),
    )
    split = pl.col("host").str.extract_groups(r"^(?<address>.*):(?<port>\d{1,5})$").struct
    endpoints = endpoints.select(
        "line",
        "lines",
        pl.col("host").alias("name"),
        "cluster",
        pl.coalesce(split["address"].str.strip_chars("[]"), pl.col("host")).alias("address"),
        split["port"].cast(pl.Int64(), strict=False),
        pl.when(pl.col("hostname") != "").then(pl.col("hostname")).alias("hostname"),
        pl.col("health_flags").alias("health"),
        *(pl.col(name).cast(pl.Int64(), strict=False) for name in NUMBERS),
    )
    frames = {
        "envoy.cluster": dated(shaped("envoy.cluster", artefact, clusters), found.at),
        "envoy.endpoint": dated(shaped("envoy.endpoint", artefact, endpoints), found.at),
    }
    return concluded(artefact, found.around, frames, odd)


def _listeners_text(artefact: Artefact, found: Body) -> Parsed:
    names = ["name", "address", "port"]
    read = found.frame.with_columns(
        pl.col("text").str.extract_groups(LISTENER).struct.rename_fields(names).alias("_")
    ).unnest("_")
    odd = read.filter(pl.col("name").is_null() & (pl.col("text").str.strip_chars() != ""))
    rows = read.filter(pl.col("name").is_not_null()).with_columns(pl.col("address").str.strip_chars("[]"))
    frames = {"envoy.listener": dated(shaped("envoy.listener", artefact, rows.drop("text")), found.at)}
    reason = pl.lit("not a line of /listeners").alias("reason")
    return concluded(artefact, found.around, frames, odd.select("line", "lines", "text", reason))


def _ready(artefact: Artefact, found: Body) -> Parsed:
    rows = found.frame.filter(pl.col("text").str.strip_chars() != "").with_columns(
        pl.col("text").str.strip_chars().alias("state")
    )
    frames = {"envoy.server": dated(shaped("envoy.server", artefact, rows.drop("text")), found.at)}
    return concluded(artefact, found.around, frames)


def _health(status: Row) -> str:
    flags = [flag for key, flag in FLAGS.items() if status.get(key) is True]
    eds = EDS_FLAGS.get(str(status.get("eds_health_status")))
    return "".join([*flags, eds] if eds else flags) or "healthy"


def _clusters(node: Node, places: Places, rows: Rows) -> None:
    if "cluster_statuses" not in node.values:
        return
    rows |= {"envoy.cluster": [], "envoy.endpoint": []}
    for cluster in node.nodes("cluster_statuses"):
        hosts = cluster.nodes("host_statuses")
        name = said(cluster.get("name"))
        line, lines = places.span(cluster.first, hosts[0].first if hosts else cluster.last)
        values = {"line": line, "lines": lines, "name": name, "dynamic": cluster.get("added_via_api") is True}
        rows["envoy.cluster"].append(values)
        for host in hosts:
            socket = entry(entry(host.get("address")).get("socket_address"))
            stats = {str(item.get("name")): item.get("value", "0") for item in map(entry, _items(host.get("stats")))}
            address, port = said(socket.get("address")), integer(socket.get("port_value", 0))
            values = {
                "cluster": name,
                "name": f"{address}:{port}",
                "address": address,
                "port": port,
                "hostname": said(host.get("hostname")),
                "health": _health(entry(host.get("health_status"))),
                **{key: integer(stats.get(key)) for key in NUMBERS},
                "raw": raw(host),
            }
            rows["envoy.endpoint"].append(places.row(host, values))


def _listeners(node: Node, places: Places, rows: Rows) -> None:
    for listener in node.nodes("listener_statuses"):
        socket = entry(entry(listener.get("local_address")).get("socket_address"))
        values = {
            "name": said(listener.get("name")),
            "address": said(socket.get("address")),
            "port": integer(socket.get("port_value", 0)),
        }
        rows.setdefault("envoy.listener", []).append(places.row(listener, values))


def _certificates(node: Node, places: Places, rows: Rows) -> None:
    if "certificates" not in node.values:
        return
    found = rows.setdefault("envoy.certificate", [])
    for context in node.nodes("certificates"):
        for key in ("ca_cert", "cert_chain"):
            for one in context.nodes(key):
                names = [str(value) for item in _items(one.get("subject_alt_names")) for value in entry(item).values()]
                values = {
                    "name": said(one.get("path")),
                    "path": said(one.get("path")),
                    "serial": said(one.get("serial_number")),
                    "subject": orjson.dumps(names).decode(),
                    "valid_from": said(one.get("valid_from")),
                    "expires": said(one.get("expiration_time")),
                    "ca": key == "ca_cert",
                    "raw": raw(one),
                }
                found.append(places.row(one, values))


def _server(node: Node, places: Places, rows: Rows) -> None:
    version = said(node.get("version")) or ""
    if "state" not in node.values or version.count("/") < 2:
        return
    seconds = re.fullmatch(r"(\d{1,12})(?:\.\d+)?s", str(node.get("uptime_current_epoch")))
    about = entry(node.get("node"))
    values = {
        "version": version.split("/")[1],
        "state": said(node.get("state")),
        "uptime": timedelta(seconds=min(int(seconds[1]), 10**10)) if seconds else None,
        "node_id": said(about.get("id")),
        "raw": raw({**node.values, "node": {key: about[key] for key in about if key != "extensions"}}),
    }
    line, _ = places.span(node.first, node.last)
    rows.setdefault("envoy.server", []).append({"line": line, "lines": 1, **values})


def _targets(node: Node, places: Places, rows: Rows) -> None:
    for manager in node.nodes("unready_targets_dumps"):
        for target in _items(manager.get("target_names")):
            values = {
                "name": str(target),
                "kind": next((kind for word, kind in KINDS if word.lower() in str(target).lower()), None),
                "state": "pending",
                "error": said(manager.get("name")),
            }
            rows.setdefault("envoy.update", []).append(places.row(manager, values))


def _figures(node: Node, places: Places) -> list[Row]:
    line, lines = places.span(node.first, node.last)
    made: list[Row] = []
    if "heap_size" in node.values:
        made += [{"name": f"memory.{key}", "value": integer(value)} for key, value in node.values.items()]
    if "layers" in node.values:
        made += [
            {"name": f"runtime.entries.{key}", "text": said(entry(value).get("final_value"))}
            for key, value in entry(node.get("entries")).items()
        ]
    return [{"line": line, "lines": lines, **row} for row in made]


def _json(artefact: Artefact, found: Body) -> Parsed:
    text = "\n".join(found.frame["text"].to_list())
    places = Places(found.frame)
    document, fault = walk(text, OPENED, PIECES)
    rows: Rows = {}
    figures: list[Row] = []
    readers: tuple[Callable[[Node, Places, Rows], None], ...] = (
        _clusters,
        _listeners,
        _certificates,
        _server,
        _targets,
    )
    for node in flattened(document):
        for reader in readers:
            reader(node, places, rows)
        figures += _figures(node, places)
    frames = {name: dated(framed(name, artefact, made), found.at) for name, made in rows.items()}
    if figures:
        schema = {
            "line": pl.UInt32(),
            "lines": pl.UInt32(),
            "name": pl.String(),
            "value": pl.Float64(),
            "text": pl.String(),
        }
        columns = {name: [row.get(name) for row in figures] for name in schema}
        frames |= statistics(artefact, pl.DataFrame(columns, schema=schema, strict=False), found)
    servers = rows.get("envoy.server") or [{}]
    return concluded(artefact, found.around, frames, rejected(text, places, fault), servers[0].get("version"))


def _reader(start: str) -> Callable[[Artefact, Body], Parsed] | None:
    if READY.fullmatch(start):
        return _ready
    if STARTS.match(start):
        return _json
    lines = [line for line in start.split("\n") if line.strip()]
    if lines and all(LISTENER_LINE.match(line) for line in lines):
        return _listeners_text
    if "::" in start and lines and pl.Series(lines).str.contains(CLUSTER_LINE).sum() * 2 > len(lines):
        return _clusters_text
    return None


def recognises(head: str) -> bool:
    """Whether the artefact is one of these answers."""
    return _reader(text_of(head)) is not None


def parse(artefact: Artefact) -> Parsed:
    """Read clusters and their hosts, listeners, certificates, the server's state, memory, runtime, unready targets."""
    found = body(artefact)
    reader = _reader("\n".join(found.frame["text"].head(200).to_list())) or _json
    return reader(artefact, found)


PARSER = Parser(
    name="envoy administration",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample("LIVE\n", {"state": "LIVE", "uptime": None}, rows=1),
        Sample("PRE_INITIALIZING", {"state": "PRE_INITIALIZING"}, rows=1),
        Sample(
            "a::observability_name::a\na::default_priority::max_connections::1024\na::added_via_api::true\n"
            "a::[2001:db8::5]:9001::cx_connect_fail::3\na::[2001:db8::5]:9001::hostname::\n"
            "a::[2001:db8::5]:9001::health_flags::/failed_active_hc/failed_eds_health\n",
            {
                "cluster": "a",
                "address": "2001:db8::5",
                "port": 9001,
                "hostname": None,
                "health": "/failed_active_hc/failed_eds_health",
                "cx_connect_fail": 3,
                "line": 4,
                "lines": 3,
            },
            "envoy.endpoint",
            rows=1,
        ),
        Sample(
            "a::observability_name::a\na::added_via_api::false\n",
            {"name": "a", "dynamic": False},
            "envoy.cluster",
            rows=1,
        ),
        Sample(
            '{"cluster_statuses":[{"name":"iris_1_http","added_via_api":true,"host_statuses":[{"address":'
            '{"socket_address":{"address":"192.0.2.1","port_value":9001}},"stats":[{"name":"cx_connect_fail"},'
            '{"value":"14","name":"rq_total"}],"health_status":{"eds_health_status":"HEALTHY"},"hostname":"mlserver-0"}]},'
            '{"name":"b"}]}',
            {"cluster": "iris_1_http", "cx_connect_fail": 0, "rq_total": 14, "health": "healthy"},
            "envoy.endpoint",
            rows=1,
        ),
        Sample(
            "seldon_http::192.0.2.1:9000\n",
            {"name": "seldon_http", "address": "192.0.2.1", "port": 9000, "state": None},
        ),
        Sample("seldon_http::[::]:9000\n", {"address": "::", "port": 9000}),
        Sample(
            '{\n "listener_statuses": [\n  {\n   "name": "seldon_http",\n   "local_address": {\n    "socket_address": '
            '{\n     "address": "192.0.2.1",\n     "port_value": 9000\n    }\n   }\n  }\n ]\n}\n',
            {"name": "seldon_http", "port": 9000, "line": 3, "lines": 9},
        ),
        Sample(
            '{"certificates":[{"ca_cert":[],"cert_chain":[{"path":"<inline>","serial_number":"5f",'
            '"subject_alt_names":[{"dns":"seldon-mesh"}],"days_until_expiration":"364",'
            '"valid_from":"2025-03-04T10:15:30Z","expiration_time":"2026-03-04T10:15:30Z"}]}]}',
            {"path": "<inline>", "serial": "5f", "subject": '["seldon-mesh"]', "ca": False},
        ),
        Sample(
            '{"version":"dc2d/1.34.1/Clean/RELEASE/BoringSSL","state":"INITIALIZING","uptime_current_epoch":"27s",'
            '"node":{"id":"test-id","extensions":[{"name":"x"}]}}',
            {"version": "1.34.1", "state": "INITIALIZING", "uptime": timedelta(seconds=27), "node_id": "test-id"},
        ),
        Sample(
            '{"allocated":"7377840","heap_size":"16777216"}',
            {"scope": "memory"},
            rows=2,
        ),
        Sample(
            '{"layers":["runtime-0"],"entries":{"a.b":{"final_value":"1","layer_values":["1"]}}}',
            {"name": "runtime.entries.a.b", "text": "1"},
        ),
        Sample(
            '{"unready_targets_dumps":[{"name":"init manager Listener-local-init-manager seldon_http 1","target_names":'
            '["shared target RdsRouteConfigSubscription RDS init listener_0"]}]}',
            {"kind": "route", "state": "pending"},
        ),
        Sample("LIVE\nLIVE\n", None),
        Sample("{}", None),
        Sample('{"version":"2.9.1","state":"x"}', None),
        Sample("std::vector::size", None),
    ),
)
