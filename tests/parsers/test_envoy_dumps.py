"""Dumps of Envoy's configuration and state: laid out in any way, wrapped, and cut."""

import json
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import envoy_access, envoy_admin, envoy_config, envoy_stats, prometheus
from parsers.envoy_body import body
from parsers.parser import Artefact, Parsed, Parser

DATA = Path(__file__).parent.parent / "data" / "envoy"
DUMP = (DATA / "config_dump.json").read_text()
STATS = (DATA / "stats.txt").read_text()


def read(text: str) -> Parsed:
    artefact = Artefact.of("any", text)
    assert envoy_config.recognises(artefact.head())
    return envoy_config.parse(artefact)


def facts(parsed: Parsed) -> dict[str, list[dict[str, object]]]:
    return {name: frame.drop("line", "lines", "at").to_dicts() for name, frame in parsed.frames.items()}


def chunked(text: str, size: int) -> str:
    raw = text.encode()
    parts = [raw[at : at + size].decode() for at in range(0, len(raw), size)]
    head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Tue, 04 Mar 2025 10:15:30 GMT\r\n"
    chunks = "".join(f"{len(part.encode()):x}\r\n{part}\r\n" for part in parts)
    return f"{head}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"


def test_a_whole_dump_is_read() -> None:
    frames = read(DUMP).frames

    assert {name: frame.height for name, frame in frames.items()} == {
        "envoy.route": 3,
        "envoy.cluster": 4,
        "envoy.endpoint": 5,
        "envoy.listener": 3,
        "envoy.update": 9,
    }
    routes = frames["envoy.route"].filter("dynamic")
    assert routes.select("name", "header", "cluster", "weight", "total_weight", "config").rows() == [
        ("iris_http", "iris", "iris_1_http", 100, 100, "listener_0"),
        ("fraud-check.pipeline_http", "fraud-check.pipeline", "fraud-check_pipeline_http", 100, 100, "listener_0"),
    ]
    assert read(DUMP).version == "1.36.2"


def test_a_refused_listener_is_one_update() -> None:
    refused = read(DUMP).frames["envoy.update"].filter(pl.col("state") == "rejected")

    assert refused.select("kind", "name").rows() == [("listener", "seldon_http")]
    assert "No such file or directory" in refused["error"][0]


def test_a_configured_host_that_nothing_resolved_is_told() -> None:
    endpoints = read(DUMP.replace('"hostname": "mlserver-1"', '"hostname": "mlserver-9"')).frames["envoy.endpoint"]

    assert endpoints.filter(pl.col("health") == "unresolved")["address"].to_list() == ["mlserver-1"]


def test_rows_stand_where_their_objects_stand() -> None:
    lines = DUMP.split("\n")
    for line, count, name in read(DUMP).frames["envoy.route"].filter("dynamic").select("line", "lines", "name").rows():
        cut = "\n".join(lines[line - 1 : line - 1 + count]).strip().removesuffix(",")
        assert json.loads(cut)["name"] == name


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_layout_changes_nothing(indent: int | None) -> None:
    assert facts(read(json.dumps(json.loads(DUMP), indent=indent))) == facts(read(DUMP))


@pytest.mark.parametrize(
    "text",
    [
        'Defaulted container "envoy" out of: envoy, x\n' + DUMP,
        "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
        "                                 Dload  Upload   Total   Spent    Left  Speed\n"
        "100  132k    0  132k    0     0  8711k      0 --:--:-- --:--:-- --:--:-- 8843k\n" + DUMP,
        "bash: connect: Connection refused\nbash: line 1: /dev/tcp/127.0.0.1/9901: Connection refused\n"
        + chunked(DUMP, 1000),
        chunked(DUMP, 7),
        json.dumps(DUMP),
    ],
)
def test_what_stands_around_changes_nothing(text: str) -> None:
    assert facts(read(text)) == facts(read(DUMP))


@settings(max_examples=60)
@given(size=st.integers(1, 30_000))
def test_chunks_of_any_size_are_joined(size: int) -> None:
    artefact = Artefact.of("any", chunked(STATS, size))

    found = body(artefact)

    assert "\n".join(found.frame["text"].to_list()) == STATS.rstrip("\n")
    assert found.at is not None
    assert envoy_stats.recognises(artefact.head())
    last = found.frame.select(pl.col("line") + pl.col("lines")).max().item()
    assert last <= artefact.frame.height


@settings(max_examples=60)
@given(at=st.integers(1, len(DUMP.rstrip()) - 1), one_line=st.booleans())
def test_what_stands_before_a_cut_is_kept(at: int, one_line: bool) -> None:
    text = json.dumps(json.loads(DUMP)) if one_line else DUMP
    cut = text[: min(at, len(text) - 1)]

    parsed = envoy_config.parse(Artefact.of("any", cut))

    assert parsed.rejects["reason"].to_list() == ["cut JSON"]
    whole = read(text).frames
    for name, frame in parsed.frames.items():
        if name not in ("envoy.endpoint", "envoy.update"):
            # What an object around them says of routes may stand after them.
            left = ["lines", "updated"]
            assert frame.drop(left).rows() == whole[name].drop(left).head(frame.height).rows()


@pytest.mark.parametrize(
    ("dumped", "reason"),
    [
        ('{"bootstrap": ' + "[" * 200_000, "JSON nested too deeply"),
        ('{"bootstrap": ' + '{"a":' * 200_000, "JSON nested too deeply"),
        ('{"configs": [' * 200_000, "JSON nested too deeply"),
        ('{"version_info": 00}', "not JSON from here"),
        ('{"version_info": "1"} hello', "not JSON from here"),
        ('{"version_info": "1', "cut JSON"),
    ],
)
def test_hostile_json_is_rejected_with_its_reason(dumped: str, reason: str) -> None:
    assert envoy_config.parse(Artefact.of("any", dumped)).rejects["reason"].to_list() == [reason]


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 400, "1e999", "18446744073709551616", "1.5", "null", '"x"'])
def test_enormous_numbers_do_not_raise(number: str) -> None:
    text = (
        '{"configs": [{"@type": "envoy.admin.v3.ClustersConfigDump", "static_clusters": [{"cluster": {"name": "a", '
        + (
            '"load_assignment": {"endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": '
            f'{{"address": "192.0.2.1", "port_value": {number}}}}}}}}}]}}]}}}}}}]}}]}}'
        )
    )

    assert read(text).frames["envoy.endpoint"]["port"].to_list() == [None]
    parsed = envoy_stats.parse(Artefact.of("any", f'{{"stats":[{{"name":"server.state","value":{number}}}]}}'))
    assert parsed.frames["envoy.stat"].height == 1


def test_secrets_are_not_kept() -> None:
    text = (
        '{"configs": [{"@type": "envoy.admin.v3.ClustersConfigDump", "static_clusters": [{"cluster": {"name": "a", '
        '"transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": {"private_key": {"inline_string": '
        '"PEM-1"}, "password": {"inline_string": "PEM-2"}}}, "metadata": [{"key": "Authorization", "value": "PEM-3"}, '
        '{"header": {"key": "x-api-key", "value": "PEM-4"}}, {"key": "x-kept", "value": "kept"}]}}]}]}'
    )

    (raw,) = read(text).frames["envoy.cluster"]["raw"]

    assert "PEM" not in raw
    assert "kept" in raw
    assert read(text).frames["envoy.cluster"]["tls"].to_list() == [True]


def test_a_dump_without_routes_says_there_are_none() -> None:
    parsed = read('{"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump"}]}')

    assert parsed.frames["envoy.route"].height == 0
    assert "envoy.cluster" not in parsed.frames


def test_hosts_of_text_and_json_are_the_same() -> None:
    text = (
        "a_1_http::observability_name::a_1_http\na_1_http::added_via_api::true\n"
        "a_1_http::192.0.2.1:9001::cx_connect_fail::2\na_1_http::192.0.2.1:9001::rq_error::0\n"
        "a_1_http::192.0.2.1:9001::rq_timeout::0\na_1_http::192.0.2.1:9001::rq_total::7\n"
        "a_1_http::192.0.2.1:9001::hostname::mlserver-0\na_1_http::192.0.2.1:9001::health_flags::/failed_active_hc\n"
    )
    dumped = json.dumps(
        {
            "cluster_statuses": [
                {
                    "name": "a_1_http",
                    "added_via_api": True,
                    "host_statuses": [
                        {
                            "address": {"socket_address": {"address": "192.0.2.1", "port_value": 9001}},
                            "stats": [
                                {"value": "2", "name": "cx_connect_fail"},
                                {"name": "rq_error"},
                                {"name": "rq_timeout"},
                                {"value": "7", "name": "rq_total"},
                            ],
                            "health_status": {"failed_active_health_check": True},
                            "hostname": "mlserver-0",
                        }
                    ],
                }
            ]
        }
    )
    one, other = (envoy_admin.parse(Artefact.of("any", said)).frames for said in (text, dumped))

    for source in ("envoy.cluster", "envoy.endpoint"):
        assert one[source].drop("line", "lines", "raw").equals(other[source].drop("line", "lines", "raw"))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "x", "\ud800", "-1", "9" * 30, "1s"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "value", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
JSONS = [
    (parser, json.loads(text))
    for parser, text in [
        (envoy_config.PARSER, DUMP),
        (envoy_stats.PARSER, (DATA / "stats.json").read_text()),
        *((parser, s.text) for parser in (envoy_admin.PARSER, envoy_config.PARSER) for s in parser.samples if s.yields),
    ]
    if text.startswith("{")
]


@settings(max_examples=200)
@given(data=st.data(), which=st.sampled_from(JSONS))
def test_any_value_in_any_place_does_not_raise(data: st.DataObject, which: tuple[Parser, object]) -> None:
    parser, document = which
    doc = json.loads(json.dumps(document))
    place, holder, key = doc, doc, next(iter(doc))
    for _ in range(data.draw(st.integers(1, 12))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place))) if isinstance(place, list) else []
        if not keys:
            break
        holder, key = place, data.draw(st.sampled_from(keys[:20] + keys[-2:]))
        place = holder[key]
    holder[key] = data.draw(VALUES)

    parser.parse(Artefact.of("any", json.dumps(doc)))


@pytest.mark.parametrize("parser", [envoy_access.PARSER, envoy_admin.PARSER, envoy_stats.PARSER, prometheus.PARSER])
@pytest.mark.parametrize(
    "hostile",
    [
        "a::" * 100_000,
        '{"upstream_host":' * 100_000,
        "a{" + 'a="1"  ' * 50_000,
        "1 " * 200_000,
        "* " * 200_000,
        '[2025-03-04T10:15:30Z] "' + '" 1 - ' * 100_000,
    ],
    ids=range(6),
)
def test_hostile_lines_take_no_time(parser: Parser, hostile: str) -> None:
    began = time.process_time()

    parser.recognises(hostile)
    parser.parse(Artefact.of("any", hostile))

    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "date",
    [
        "Wed, 04 Mar " + "9" * 400,
        "Fri, 31 Dec 9999 23:59:59 -0100",
        "Mon, 01 Jan 0001 00:00:00 +0100",
        "Wed, ,",
        "x",
        "",
    ],
)
def test_a_header_whose_date_is_none_does_not_raise(date: str) -> None:
    text = f"HTTP/1.1 200 OK\ndate: {date}\nserver: envoy\n\nserver.live: 1\nserver.uptime: 71\n"

    assert envoy_stats.PARSER.recognises(text)
    assert envoy_stats.PARSER.parse(Artefact.of("stats.txt", text)).frames["envoy.stat"].height == 2
