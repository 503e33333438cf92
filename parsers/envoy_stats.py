r"""Envoy's statistics: `/stats` as text, as JSON, and in Prometheus' format.

    cluster.iris_1_http.upstream_rq_503: 4
    cluster_manager.cds.version_text: "12"
    http.seldon_http.downstream_rq_time: P0(nan,1) P25(nan,2.05) ...

Names hold dots, slashes and `=` beyond their structure, so a name is taken apart by the endings that are known.
In JSON the last element has no name and holds the histograms. In Prometheus' format parts of the name stand in labels
and its dots are `_`: names are put back together, so that all three give the same rows.

Source: Envoy's documentation of its administration interface and of its statistics; Envoy 1.36.2's output.
"""

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from parsers.envoy_body import Body, body, concluded, dated, text_of
from parsers.envoy_json import Places, flattened, raw, rejected, walk
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped

LINE = r"^(?<name>[A-Za-z][^\s\"{}]*): (?<value>.+)$"
# What /stats of an Envoy holds whatever its filters: roots of its names.
ROOTS = (
    "cluster|cluster_manager|control_plane|dns|envoy|filesystem|http|http1|http2|http3|listener|listener_manager"
    "|main_thread|overload|runtime|sds|server|tcmalloc|thread_local_cluster_manager|workers|vhost|access_logs|tls"
    "|istio|wasm|tracing|grpc|tcp|udp|on_demand_secret"
)
ENVOY_LINE = re.compile(
    rf"^(?:{ROOTS})\.[^\s\"{{}}]+: (?:\d+|\"[^\"]*\"|P0\(.*|No recorded values|[BT]?\d*\(.*|totals=.*)$"
)

TRAFFIC = r"(?:upstream_[a-z0-9_]+)"
CLUSTER = (
    rf"^cluster\.(?<owner>.+?)\.(?<metric>{TRAFFIC}|(?:external|internal|canary)\.{TRAFFIC}"
    r"|zone\.[^.]+\.[^.]+\.upstream_[a-z0-9_]+|circuit_breakers\.[^.]+\.[a-z_]+|default\.total_match_count|http[123]\.[a-z0-9_.]+"
    r"|(?:client_ssl_socket_factory|ssl|tls|outlier_detection|health_check|grpc|eds|control_plane|default|ratelimit"
    r"|original_dst_lb|dns_cache|lb_subsets)\..+"
    r"|(?:membership|lb|update|assignment|retry_or_shadow|original_dst|version|config_reload|init_fetch|warming)_[a-z_]+"
    r"|bind_errors|max_host_weight|version|config_reload)$"
)
HTTP = (
    r"^http\.(?<owner>.+?)\.(?<metric>(?:downstream|rq|rs|no|passthrough)_[a-z0-9_]+|(?:rds|srds|tracing|lua|tap|health_check"
    r"|fault|ext_authz|rbac|cors|gzip|jwt_authn|user_agent|local_rate_limit|compressor|ratelimit|buffer)\..+)$"
)
LISTENER = r"^listener\.(?<owner>admin|.+?_\d+|[^.]+)\.(?<metric>.+)$"
OWNED = r"^(?:cluster|http|listener|sds|vhost|tcp|udp)\.(?<owner>.+)\.(?<metric>[^.]+)$"
FIRST = r"^(?<owner>)(?:[^.]+)\.(?<metric>.+)$"

NEVER = 4294967295
HASHED = r"[A-Za-z0-9+/_-]{43}=?"
SELDON = (
    ("^xds_cluster$", "control"),
    ("^mirror_(?:http|grpc)$", "mirror"),
    ("^pipelinegateway_(?:http|grpc)$|_pipeline_(?:http|grpc)$", "gateway"),
    (rf"_(?:\d+|{HASHED})_(?:http|grpc)$", "model"),
)


def seldon(cluster: pl.Expr) -> pl.Expr:
    """Return what Seldon uses a cluster for, by its name: `control`, `mirror`, `gateway`, `model`, or null.

    Source: scheduler/pkg/envoy/processor and resources: `<model>_<version>_http` since 2.8.4,
    `<server>_<hash of the replicas>_http` before; `<pipeline>_pipeline_http` since 2.10 leads to the pipeline gateways.
    """
    found = pl.lit(None, pl.String())
    for pattern, use in reversed(SELDON):
        found = pl.when(cluster.str.contains(pattern)).then(pl.lit(use)).otherwise(found)
    return found


def named(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` with `scope`, `owner`, `metric` and `seldon`, from the column `name` (a statistic's full name)."""
    name = pl.col("name")
    scope = name.str.extract(r"^([^.]+)\.")
    taken = {
        part: pl.coalesce(
            *(
                pl.when(scope == root).then(name.str.extract_groups(pattern).struct[part])
                for root, pattern in (("cluster", CLUSTER), ("http", HTTP), ("listener", LISTENER))
            ),
            name.str.extract_groups(OWNED).struct[part],
            name.str.extract_groups(FIRST).struct[part],
        )
        for part in ("owner", "metric")
    }
    owner = pl.when(taken["owner"] != "").then(taken["owner"])
    return rows.with_columns(
        scope.alias("scope"),
        owner.alias("owner"),
        pl.coalesce(taken["metric"], name).alias("metric"),
        pl.when(scope == "cluster").then(seldon(owner)).alias("seldon"),
    )


def statistics(artefact: Artefact, rows: pl.DataFrame, found: Body) -> dict[str, pl.DataFrame]:
    """Return the frames of statistics.

    Args:
        artefact: where they stand.
        rows: `line`, `lines`, `name`, `value` (a number), `text` (what is none).
        found: the body they were read from.

    Source: Envoy's documentation, "Server statistics": the days to the first certificate's end are 4294967295 where no
    certificate is loaded; the value is infinite then, as it never ends.
    """
    never = (pl.col("name") == "server.days_until_first_cert_expiring") & (pl.col("value") == NEVER)
    rows = rows.with_columns(pl.when(never).then(pl.lit(float("inf"))).otherwise(pl.col("value")).alias("value"))
    return {"envoy.stat": shaped("envoy.stat", artefact, dated(named(rows), found.at))}


def _text(found: Body) -> tuple[pl.DataFrame, pl.DataFrame]:
    read = found.frame.with_columns(
        pl.col("text").str.extract_groups(LINE).struct.rename_fields(["name", "said"]).alias("_")
    ).unnest("_")
    number = pl.when(pl.col("said").str.contains(r"^-?\d+(?:\.\d+)?$")).then(pl.col("said"))
    known = pl.col("name").is_not_null()
    rows = read.filter(known).select(
        "line",
        "lines",
        "name",
        number.cast(pl.Float64(), strict=False).alias("value"),
        pl.when(number.is_null()).then(pl.col("said").str.replace(r'^"(.*)"$', "$1")).alias("text"),
    )
    odd = read.filter(~known & (pl.col("text").str.strip_chars() != ""))
    return rows, odd.select("line", "lines", "text", pl.lit("not a statistic").alias("reason"))


def _number(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, int | float) else "nan"


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _quantiles(histograms: Any) -> Iterator[tuple[str, str]]:
    # The three shapes of the element without name, written as the text form writes quantiles.
    if isinstance(histograms, list):
        for item in histograms:
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                yield item["name"], raw(item.get("buckets")) or ""
        return
    if not isinstance(histograms, dict):
        return
    quantiles = _items(histograms.get("supported_quantiles"))
    for item in _items(histograms.get("computed_quantiles")):
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            continue
        pairs = [pair for pair in _items(item.get("values")) if isinstance(pair, dict)]
        if all(pair.get("cumulative") is None for pair in pairs):
            yield item["name"], "No recorded values"
        else:
            yield (
                item["name"],
                " ".join(
                    f"P{_number(quantile)}({_number(pair.get('interval'))},{_number(pair.get('cumulative'))})"
                    for quantile, pair in zip(quantiles, pairs, strict=False)
                ),
            )
    for item in _items(histograms.get("details")):
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item["name"], raw(item.get("totals")) or ""


def _json(found: Body) -> tuple[pl.DataFrame, pl.DataFrame]:
    text = "\n".join(found.frame["text"].to_list())
    places = Places(found.frame)
    document, fault = walk(text, frozenset(), frozenset({"stats"}))
    rows: list[tuple[int, int, str, float | None, str | None]] = []
    for node in flattened(document):
        for item in node.nodes("stats"):
            line, lines = places.span(item.first, item.last)
            name, value = item.get("name"), item.get("value")
            if isinstance(name, str):
                number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
                rows.append((line, lines, name, number, value if isinstance(value, str) else None))
            for name, said in _quantiles(item.get("histograms")):
                rows.append((line, lines, name, None, said))
    schema = {
        "line": pl.UInt32(),
        "lines": pl.UInt32(),
        "name": pl.String(),
        "value": pl.Float64(),
        "text": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row"), rejected(text, places, fault)


def recognises(head: str) -> bool:
    """Whether the artefact is an answer of `/stats`, as text or as JSON."""
    start = text_of(head)
    if start.lstrip().startswith("{"):
        return bool(re.match(r'\s*\{\s*"stats"\s*:\s*\[\s*(?:\{\s*"(?:name|histograms|value)"|\])', start))
    lines = [line for line in start.split("\n") if line]
    return len(lines) > 0 and sum(bool(ENVOY_LINE.match(line)) for line in lines) * 2 > len(lines)


def parse(artefact: Artefact) -> Parsed:
    """Read every statistic; JSON's count and gauge values are numbers, texts and histograms are not."""
    found = body(artefact)
    first = next((text for text in found.frame["text"].head(10).to_list() if text), "")
    rows, odd = _json(found) if first.lstrip().startswith("{") else _text(found)
    return concluded(artefact, found.around, statistics(artefact, rows, found), odd)


PARSER = Parser(
    name="envoy statistics",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "cluster.iris_1_http.upstream_rq_503: 4",
            {"scope": "cluster", "owner": "iris_1_http", "metric": "upstream_rq_503", "value": 4.0, "seldon": "model"},
        ),
        Sample(
            'cluster_manager.cds.version_text: "12"',
            {"scope": "cluster_manager", "owner": None, "metric": "cds.version_text", "value": None, "text": "12"},
        ),
        Sample(
            "cluster.mlserver_oX+/4ZqwXyLJDTUGcDx4ko0pBHDwOTgRdSL2NfrkxjQ=_grpc.circuit_breakers.default.cx_open: 0",
            {
                "owner": "mlserver_oX+/4ZqwXyLJDTUGcDx4ko0pBHDwOTgRdSL2NfrkxjQ=_grpc",
                "metric": "circuit_breakers.default.cx_open",
                "seldon": "model",
            },
        ),
        Sample(
            "cluster.fraud.v2_1_http.external.upstream_rq_5xx: 1",
            {"owner": "fraud.v2_1_http", "metric": "external.upstream_rq_5xx"},
        ),
        Sample(
            "listener.0.0.0.0_9000.http.seldon_http.downstream_rq_2xx: 7",
            {"scope": "listener", "owner": "0.0.0.0_9000", "metric": "http.seldon_http.downstream_rq_2xx"},
        ),
        Sample(
            "http.http.rds.listener_0.update_rejected: 1\nhttp.http.downstream_rq_time: P0(nan,1) P25(nan,2.05)",
            {"scope": "http", "owner": "http"},
            rows=2,
        ),
        Sample("cluster_manager.cds.version: 13237225503670494420", {"value": 13237225503670494420.0}),
        Sample(
            '{"stats":[{"name":"server.state","value":2},{"histograms":{"supported_quantiles":[0],'
            '"computed_quantiles":[{"name":"server.initialization_time_ms","values":'
            '[{"cumulative":null,"interval":null}]}]}}]}',
            {"scope": "server", "line": 1},
            rows=2,
        ),
        Sample("HTTP/1.1 200 OK\nDate: Tue, 04 Mar 2025 10:15:30 GMT\n\nserver.state: 0", {"metric": "state"}, rows=1),
        Sample("server.days_until_first_cert_expiring: 4294967295", {"value": float("inf")}),
        Sample("name: iris\nkind: Model", None),
        Sample("server.state is 0", None),
    ),
)
