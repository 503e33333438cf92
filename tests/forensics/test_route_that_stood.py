"""Calls that failed while their way stood: whether the dump may say that they have ended."""

from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from patterns.loader import load_library

CALL = (
    '[2026-03-04T10:15:{second}.104Z] "POST /v2/models/iris/infer HTTP/1.1" 404 - NR 0 0 0 - "-" "-" "-" "mesh" "-"\n'
)
AGENT = '502 - URX 94 0 7721 7721 "-" "-" "-" "mesh" "192.0.2.9:9001"'
DUMP = """{"configs":[
{"@type":"type.googleapis.com/envoy.admin.v3.ClustersConfigDump","dynamic_active_clusters":[{"cluster":{"name":"iris_1_http",
"type":"STRICT_DNS","load_assignment":{"cluster_name":"iris_1_http","endpoints":[{"lb_endpoints":[{"endpoint":{"address":
{"socket_address":{"address":"192.0.2.9","port_value":9001}}}}]}]}},"last_updated":"2026-03-04T10:14:41.000Z"}]},
{"@type":"type.googleapis.com/envoy.admin.v3.RoutesConfigDump","dynamic_route_configs":[{"route_config":{"name":"listener_0",
"virtual_hosts":[{"name":"seldon_service","domains":["*"],"routes":[{"match":{"prefix":"/v2","headers":[{"name":
"seldon-model","string_match":{"exact":"iris"}}]},"route":{"weighted_clusters":{"clusters":[{"name":"iris_1_http",
"weight":100}]}},"name":"iris_http"}]}]},"last_updated":"2026-03-04T10:15:20.000Z"}]}]}
"""
HOSTS = "iris_1_http::192.0.2.9:9001::cx_connect_fail::0\niris_1_http::192.0.2.9:9001::health_flags::healthy\n"
LOADED = """2026-03-04 10:14:20,120 [mlserver.grpc] INFO - gRPC server running on http://0.0.0.0:9500
2026-03-04 10:14:32,328 [mlserver][iris_1:1] INFO - Loaded model 'iris_1' successfully.
"""


@pytest.mark.parametrize(("second", "ended"), [("10", True), ("30", False)], ids=["made later", "made before"])
def test_a_route_ends_only_the_calls_before_it(tmp_path: Path, second: str, ended: bool) -> None:
    for name, text in {
        "access.log": CALL.format(second=second) * 3,
        "config_dump.json": DUMP,
        "clusters.txt": HOSTS,
        "mlserver.log": LOADED,
    }.items():
        (tmp_path / name).write_text(text)

    made = analyse(read(open_bundle([tmp_path])), load_library())

    found = {f["pattern"]: f["at_end"] for f in made["findings"]}
    assert (found["envoy/envoy-no-route-404"] == "ended") is ended


def test_a_way_that_stood_does_not_end_what_the_agent_answered(tmp_path: Path) -> None:
    spoilt = CALL.format(second="30").replace('404 - NR 0 0 0 - "-" "-" "-" "mesh" "-"', AGENT)
    for name, text in {
        "access.log": spoilt * 3,
        "config_dump.json": DUMP,
        "clusters.txt": HOSTS,
        "mlserver.log": LOADED,
    }.items():
        (tmp_path / name).write_text(text)

    made = analyse(read(open_bundle([tmp_path])), load_library())

    found = {f["pattern"]: f["at_end"] for f in made["findings"]}
    assert found["envoy/envoy-agent-answers-502"] != "ended"
