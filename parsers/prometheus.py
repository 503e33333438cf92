r"""Dumps in Prometheus' text format: `name{label="value",…} number`, a sample a line.

Envoy's own become the statistics they are made from: its exporter writes `_` for the dots of a name and moves the parts
that vary into labels, so a name is put together from the text form's known parts. Everything else is a `metric`.

    envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="a_1_http"} 3
    # was cluster.a_1_http.upstream_rq_5xx

Source: Prometheus' documentation, "Exposition formats"; Envoy's source/common/config/well_known_names.cc.
"""

import re

import polars as pl

from parsers.envoy_body import body, concluded, dated, text_of
from parsers.envoy_stats import statistics
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped
from parsers.regexes import ascii_classes

LABEL = r'[a-zA-Z_]\w*\s*=\s*"(?:[^"\\]|\\.)*"'
LABELS = rf"(?:\s*{LABEL}\s*,?)*\s*"
SAMPLE = ascii_classes(
    r"^(?<name>[a-zA-Z_:][\w:]*)\s*(?:\{(?<labels>.*)\})?\s+(?<number>[-+]?(?:[0-9][0-9.eE+-]*|Inf|NaN))"
    r"(?:\s+(?<stamp>-?[0-9.]+))?(?:\s+# \{.*)?\s*$"
)
ABOUT = re.compile(r"# (?:TYPE|HELP|UNIT) [a-zA-Z_:][\w:]* ")
TYPED = re.compile(
    r"^# TYPE [a-zA-Z_:][\w:]* (?:counter|gauge|histogram|summary|untyped|unknown|info|stateset|gaugehistogram)\s*$",
    re.MULTILINE,
)
LINE = ascii_classes(
    r"^[a-zA-Z_:][\w:]*\{(?:[a-zA-Z_]\w*=\".*\",?)?\}\s+[-+]?(?:[0-9][0-9.eE+-]*|Inf|NaN)(?:\s+-?[0-9.]+)?\s*$"
)

# Parts of Envoy's names that end with a dot, by what the exporter made of them. First the root, then what follows it.
ROOTS = (
    ("cluster_manager_", "cluster_manager."),
    ("listener_manager_", "listener_manager."),
    ("thread_local_cluster_manager_", "thread_local_cluster_manager."),
    ("control_plane_", "control_plane."),
    ("main_thread_", "main_thread."),
    ("dns_cares_", "dns.cares."),
    ("dns_apple_", "dns.apple."),
    ("listener_admin_", "listener.admin."),
    *((f"{root}_", f"{root}.") for root in ("envoy", "filesystem", "http1", "http2", "http3", "overload")),
    *((f"{root}_", f"{root}.") for root in ("runtime", "server", "tcmalloc", "workers", "sds", "tls")),
)
OWNED = (
    ("cluster_", "cluster.{envoy_cluster_name}."),
    ("http_", "http.{envoy_http_conn_manager_prefix}."),
    ("listener_", "listener.{envoy_listener_address}."),
)
INNER = {
    "cluster": (
        (r"^(external|internal|canary)_", r"\1."),
        (r"^circuit_breakers_(default|high)_", r"circuit_breakers.\1."),
        (r"^(http[123]|ssl|client_ssl_socket_factory|outlier_detection|health_check|control_plane)_", r"\1."),
        (r"^default_total_match_count", "default.total_match_count"),
    ),
    "http": (
        (r"^rds_control_plane_", "rds.{envoy_rds_route_config}.control_plane."),
        (r"^rds_", "rds.{envoy_rds_route_config}."),
        (r"^(lua|tap|tracing|health_check|fault|ext_authz|rbac|cors|user_agent)_", r"\1."),
    ),
    "listener": (
        (r"^http_", "http.{envoy_http_conn_manager_prefix}."),
        (r"^worker_", "worker_{envoy_worker_id}."),
        (r"^(main_thread|ssl|server_ssl_socket_factory)_", r"\1."),
    ),
    "other": (
        (r"^(cds|lds)_control_plane_", r"\1.control_plane."),
        (r"^(cds|lds|control_plane|main_thread|compilation_settings)_", r"\1."),
        (r"^worker_", "worker_{envoy_worker_id}."),
        (r"^overload_actions_(.*)_count$", r"overload_actions.\1.count"),
    ),
}
VARYING = (
    (r"(upstream_rq|downstream_rq)_xx$", r"\1_{envoy_response_code_class}xx"),
    (r"^((?:external\.|internal\.|canary\.)?upstream_rq)$", r"\1_{envoy_response_code}"),
    (r"^ssl\.(ciphers|curves|sigalgs|versions)$", r"ssl.\1.{envoy_ssl}"),
)
TAGS = (
    "envoy_cluster_name",
    "envoy_http_conn_manager_prefix",
    "envoy_listener_address",
    "envoy_rds_route_config",
    "envoy_worker_id",
    "envoy_response_code_class",
    "envoy_response_code",
)


def template(name: str) -> str:
    """Return the statistic's name that an exported one was made from, its varying parts as `{label}`.

    A part that is not known keeps its `_`.
    """
    rest = name.removeprefix("envoy_")
    root, inner = next(
        ((dotted, rest[len(flat) :]) for flat, dotted in (*ROOTS, *OWNED) if rest.startswith(flat)), ("", rest)
    )
    scope = root.partition(".")[0]
    for pattern, dotted in INNER.get(scope, INNER["other"]):
        inner, times = re.subn(pattern, dotted, inner, count=1)
        if times:
            break
    for pattern, dotted in VARYING:
        inner = re.sub(pattern, dotted, inner, count=1)
    return root + inner


def _label(name: str) -> pl.Expr:
    return pl.col("labels").str.extract(rf'(?:^|[,\s]){name}\s*=\s*"((?:[^"\\]|\\.)*)"')


def _as_json() -> pl.Expr:
    # The escapes of both languages are the same three.
    pairs = pl.col("labels").str.replace_all(r'([a-zA-Z_]\w*)\s*=\s*("(?:[^"\\]|\\.)*")', r'"${1}":${2}')
    return pl.concat_str(pl.lit("{"), pairs.str.strip_chars().str.strip_suffix(","), pl.lit("}"))


def _samples(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    read = frame.with_columns(pl.col("text").str.extract_groups(SAMPLE).alias("_")).unnest("_")
    read = read.with_columns(pl.col("labels").fill_null(""))
    sound = pl.col("name").is_not_null() & pl.col("labels").str.contains(rf"^{LABELS}$")
    value = pl.col("number").str.replace("(?i)^[+]?Inf$", "inf").str.replace("(?i)^-Inf$", "-inf")
    rows = read.filter(sound).with_columns(value.cast(pl.Float64(), strict=False).alias("value"))
    said = ~pl.col("text").str.contains(r"^\s*(?:#.*)?$")
    odd = read.filter(said & ~sound).select("line", "lines", "text", pl.lit("not a sample").alias("reason"))
    return rows, odd


def _statistics(rows: pl.DataFrame) -> pl.DataFrame:
    # One row a histogram: its buckets, sum and count stand together.
    bases = rows.filter(pl.col("name").str.ends_with("_bucket"))["name"].str.strip_suffix("_bucket").unique()
    base = pl.col("name").str.replace("_(?:bucket|sum|count)$", "")
    part = base.is_in(bases.implode()) & pl.col("name").str.contains("_(?:bucket|sum|count)$")
    marked = rows.with_columns(
        pl.when(part).then(base).otherwise(pl.col("name")).alias("base"),
        part.alias("part"),
        pl.col("labels").str.replace(r',?\s*le="[^"]*"', "").alias("labels"),
    )
    bucket = pl.col("name").str.ends_with("_bucket")
    begins = (
        (pl.struct("base", "labels") != pl.struct("base", "labels").shift(1))
        | (pl.col("line") != (pl.col("line") + pl.col("lines")).shift(1))
        | (bucket & ~bucket.shift(1))
    ).fill_null(True)
    number = {
        suffix: pl.col("number").filter(pl.col("name").str.ends_with(f"_{suffix}")).first()
        for suffix in ("sum", "count")
    }
    histograms = (
        marked.filter("part")
        .group_by(begins.cum_sum().alias("run"), maintain_order=True)
        .agg(
            pl.col("base", "labels").first(),
            pl.col("line").min(),
            ((pl.col("line") + pl.col("lines")).max() - pl.col("line").min()).alias("lines"),
            pl.lit(None, pl.Float64()).alias("value"),
            pl.format("count={} sum={}", number["count"], number["sum"]).alias("text"),
        )
    )
    text = _label("text_value")
    single = marked.filter(~pl.col("part")).select(
        "base",
        "labels",
        "line",
        "lines",
        pl.when(text.is_null()).then(pl.col("value")).alias("value"),
        text.alias("text"),
    )
    made = pl.concat([single, histograms.select(single.columns)])
    names = made["base"].unique().to_list()
    name = pl.col("base").replace_strict(names, [template(one) for one in names], return_dtype=pl.String())
    for tag in TAGS:
        name = name.str.replace(f"{{{tag}}}", _label(tag).fill_null(""), literal=True)
    ssl = pl.coalesce(_label("envoy_ssl_[a-z_]+"), pl.lit(""))
    name = name.str.replace("{envoy_ssl}", ssl, literal=True)
    return made.select("line", "lines", name.alias("name"), "value", "text").sort("line", maintain_order=True)


def recognises(head: str) -> bool:
    """Whether the artefact is a dump in Prometheus' text format."""
    start = text_of(head).strip()
    lines = [line for line in start.split("\n") if line.strip() and not line.startswith("#")]
    if ABOUT.match(start) and TYPED.search(start):
        return True
    return len(lines) > 0 and pl.Series(lines).str.contains(LINE).sum() * 2 > len(lines)


def parse(artefact: Artefact) -> Parsed:
    """Read every sample; Envoy's as statistics, with one row a histogram, all others as metrics."""
    found = body(artefact)
    rows, odd = _samples(found.frame)
    own = pl.col("name").str.starts_with("envoy_")
    envoy, other = rows.filter(own), rows.filter(~own)
    frames: dict[str, pl.DataFrame] = {}
    if envoy.height:
        frames |= statistics(artefact, _statistics(envoy), found)
    if other.height:
        metrics = other.select(
            "line",
            "lines",
            "name",
            "value",
            _as_json().alias("labels"),
            pl.coalesce(_label("model"), _label("model_name")).alias("model"),
            _label("server").alias("server"),
            _label("namespace").alias("namespace"),
        )
        frames["metric"] = dated(shaped("metric", artefact, metrics), found.at)
    return concluded(artefact, found.around, frames, odd)


PARSER = Parser(
    name="prometheus",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            '# TYPE seldon_model_infer_total counter\nseldon_model_infer_total{model="iris",server="mlserver"} 12\n',
            {"value": 12.0, "model": "iris", "server": "mlserver", "labels": '{"model":"iris","server":"mlserver"}'},
            rows=1,
        ),
        Sample('a_total{path="say \\"a,b=\\\\\\" }",} +Inf 1395066363000', {"name": "a_total", "value": float("inf")}),
        Sample("# HELP up whether\n# TYPE up gauge\nup 1\n", {"labels": "{}", "model": None}, rows=1),
        Sample(
            'envoy_cluster_external_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="a_1_http"} 3',
            {"name": "cluster.a_1_http.external.upstream_rq_5xx", "owner": "a_1_http", "value": 3.0},
            "envoy.stat",
        ),
        Sample(
            'envoy_http_rds_update_rejected{envoy_rds_route_config="l_0",envoy_http_conn_manager_prefix="http"} 1',
            {"name": "http.http.rds.l_0.update_rejected"},
            "envoy.stat",
        ),
        Sample(
            "# TYPE envoy_server_initialization_time_ms histogram\n"
            'envoy_server_initialization_time_ms_bucket{le="0.5"} 0\n'
            'envoy_server_initialization_time_ms_bucket{le="+Inf"} 1\nenvoy_server_initialization_time_ms_sum{} 15\n'
            "envoy_server_initialization_time_ms_count{} 1\n",
            {"name": "server.initialization_time_ms", "value": None, "text": "count=1 sum=15", "line": 2, "lines": 4},
            "envoy.stat",
            rows=1,
        ),
        Sample("cluster.a.upstream_rq_503: 4", None),
        Sample("a = 1", None),
        Sample("# TYPE of thing\n", None),
    ),
)
