"""Statistics: the three forms of one moment say the same."""

from pathlib import Path

import polars as pl
import pytest

from parsers import envoy_stats, prometheus
from parsers.envoy_stats import named
from parsers.parser import Artefact, Parser

DATA = Path(__file__).parent.parent / "data" / "envoy"
# What asking for statistics itself counts, or what moves by the clock between two answers.
MOVING = (
    r"^(?:http|listener)\.(?:admin|util_endpoint_http)\.|^server\.(?:memory|stats_recent|uptime)|^filesystem\.|_ms$"
)


def read(parser: Parser, name: str) -> pl.DataFrame:
    artefact = Artefact.of(name, (DATA / name).read_text())
    assert parser.recognises(artefact.head())
    parsed = parser.parse(artefact)
    assert parsed.rejects.height == 0
    return parsed.frames["envoy.stat"]


TEXT = read(envoy_stats.PARSER, "stats.txt")


def test_every_line_of_text_is_a_statistic() -> None:
    lines = (DATA / "stats.txt").read_text().splitlines()

    assert TEXT["line"].to_list() == list(range(1, len(lines) + 1))
    assert TEXT["name"].to_list() == [line.partition(": ")[0] for line in lines]


@pytest.mark.parametrize(
    ("parser", "name"), [(envoy_stats.PARSER, "stats.json"), (prometheus.PARSER, "stats.prom")], ids=["json", "prom"]
)
def test_other_forms_say_the_same(parser: Parser, name: str) -> None:
    other = read(parser, name)

    steady = ~pl.col("name").str.contains(MOVING)
    columns = ["name", "scope", "owner", "metric", "seldon", "value"]
    # Prometheus' form leaves out texts.
    told = TEXT.filter(steady & (pl.col("name").is_in(other["name"].implode()))).select(columns).sort("name")
    assert other.filter(steady).select(columns).sort("name").equals(told)
    missing = TEXT.filter(~pl.col("name").is_in(other["name"].implode()))["name"].to_list()
    assert all(one.endswith(("version_text", "control_plane.identifier")) for one in missing)
    assert name != "stats.json" or missing == []


@pytest.mark.parametrize(
    ("name", "scope", "owner", "metric", "seldon"),
    [
        ("cluster.a_1_http.upstream_rq_5xx", "cluster", "a_1_http", "upstream_rq_5xx", "model"),
        ("cluster.a.b_12_grpc.internal.upstream_rq_503", "cluster", "a.b_12_grpc", "internal.upstream_rq_503", "model"),
        ("cluster.x.ssl.fail_verify_error", "cluster", "x", "ssl.fail_verify_error", None),
        ("cluster.xds_cluster.upstream_cx_total", "cluster", "xds_cluster", "upstream_cx_total", "control"),
        ("cluster.mirror_grpc.membership_total", "cluster", "mirror_grpc", "membership_total", "mirror"),
        ("cluster.pipelinegateway_http.bind_errors", "cluster", "pipelinegateway_http", "bind_errors", "gateway"),
        ("cluster.p_pipeline_grpc.http2.rx_reset", "cluster", "p_pipeline_grpc", "http2.rx_reset", "gateway"),
        ("cluster.admin_interface_cluster.version", "cluster", "admin_interface_cluster", "version", None),
        ("cluster.my_http.lb_healthy_panic", "cluster", "my_http", "lb_healthy_panic", None),
        ("cluster.a_1_http.unheard_of", "cluster", "a_1_http", "unheard_of", "model"),
        ("cluster_manager.cds.control_plane.rate", "cluster_manager", None, "cds.control_plane.rate", None),
        ("http.http.rds.listener_0.update_rejected", "http", "http", "rds.listener_0.update_rejected", None),
        ("http.inbound_192.0.2.1_80;.no_route", "http", "inbound_192.0.2.1_80;", "no_route", None),
        ("listener.[__]_9000.ssl.connection_error", "listener", "[__]_9000", "ssl.connection_error", None),
        ("sds.tls_sds.init_fetch_timeout", "sds", "tls_sds", "init_fetch_timeout", None),
        ("server.state", "server", None, "state", None),
    ],
)  # fmt: skip
def test_names_are_taken_apart(name: str, scope: str, owner: str | None, metric: str, seldon: str | None) -> None:
    (row,) = named(pl.DataFrame({"name": [name]})).to_dicts()

    assert row == {"name": name, "scope": scope, "owner": owner, "metric": metric, "seldon": seldon}


def test_a_cut_answer_keeps_what_it_has() -> None:
    text = (DATA / "stats.json").read_text()

    parsed = envoy_stats.parse(Artefact.of("any", text[: len(text) // 2]))

    assert parsed.frames["envoy.stat"].height > 100
    assert parsed.rejects["reason"].to_list() == ["cut JSON"]


def test_two_dumps_in_one_file_keep_their_histograms_apart() -> None:
    text = 'envoy_a_bucket{le="+Inf"} 1\nenvoy_a_sum{} 5\nenvoy_a_count{} 1\n'

    rows = prometheus.parse(Artefact.of("any", f"{text}envoy_b{{}} 1\n{text}{text}")).frames["envoy.stat"]

    assert rows.select("line", "lines", "value").rows() == [(1, 3, None), (4, 1, 1.0), (5, 3, None), (8, 3, None)]
