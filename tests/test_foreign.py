"""What is not Seldon's must not be called a failure of Seldon."""

import json

import pytest

from benchmarks.accuracy.healthy import SCENES
from benchmarks.accuracy.layouts import write
from benchmarks.accuracy.score import chance
from forensics.analysis import analyse
from forensics.authoring.examples import case_of
from patterns.loader import load_library
from patterns.pattern import Library

LINES = 60


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def many(line: str) -> str:
    """Return a line again and again; `{s}` is the second, `{n}` the number."""
    return "".join(line.replace("{s}", f"{n % 60:02d}").replace("{n}", str(n)) + "\n" for n in range(LINES))


NGINX = many(
    "2026/03/04 10:15:{s} [error] 31#31: *{n} connect() failed (111: Connection refused) while connecting to upstream, "
    'client: 192.0.2.7, server: shop, request: "GET /cart HTTP/1.1", upstream: "http://192.0.2.9:8080/cart", host: "shop"'
)
JAVA = many(
    "2026-03-04 10:15:{s},123 ERROR [http-nio-8080-exec-1] c.e.shop.OrderService - Failed to load model\n"
    "java.net.ConnectException: Connection refused\n\tat com.example.shop.Client.call(Client.java:{n})"
)
POSTGRES = many(
    '2026-03-04 10:15:{s}.123 UTC [{n}] FATAL:  password authentication failed for user "shop"\n'
    "2026-03-04 10:15:{s}.124 UTC [{n}] ERROR:  could not extend file: No space left on device"
)
SPARK = many("26/03/04 10:15:{s} WARN TaskSetManager: Lost task {n}.0: java.lang.OutOfMemoryError: Java heap space")
LOGRUS = many(
    'time="2026-03-04T10:15:{s}Z" level=error msg="Failed to connect to the database" '
    'error="dial tcp 192.0.2.4:9005: connect: connection refused"'
)
ZAP = many(
    '2026-03-04T10:15:{s}Z\tERROR\tReconciler error\t{"controller": "database", "controllerKind": "Database", '
    '"error": "dial tcp 192.0.2.4:5432: connect: connection refused"}'
)
BROKER = many(
    "[2026-03-04 10:15:{s},123] ERROR Error while flushing log for orders-0 in dir /data "
    "(kafka.log.LogDirFailureChannel)\njava.io.IOException: No space left on device"
)
NOVEL = (
    "The scheduler of the railway had failed again; connection refused, said the clerk. No model could save him.\n" * 99
)
SOURCE = 'func main() {\n\tlogger.Info("Subscribed to scheduler")\n\tlogger.Error("Scheduler not ready")\n}\n' * 40
CSV = "time,level,message\n" + many("2026-03-04T10:15:{s}Z,error,connection refused {n}")
MESH = many(
    '[2026-03-04T10:15:{s}.123Z] "GET /reviews HTTP/1.1" 503 UH no_healthy_upstream - "-" 0 19 0 - "-" "curl/8.1" "{n}" '
    '"reviews:9080" "-" outbound|9080||reviews.shop.svc.cluster.local - 192.0.2.3:9080 192.0.2.2:33330 - default'
)
MESH_STATS = """\
cluster.outbound|9080||reviews.shop.svc.cluster.local.membership_total: 0
cluster.outbound|9080||reviews.shop.svc.cluster.local.upstream_cx_connect_fail: 40
cluster.xds-grpc.upstream_cx_connect_fail: 55
control_plane.connected_state: 0
listener_manager.lds.update_success: 0
server.live: 1
server.state: 0
server.uptime: 4000
"""
GATEWAY_LOG = """\
[2026-03-04 10:14:24.950][1][info][upstream] [x.cc:106] lds: add/update listener 'envoy-gateway-proxy-ready-0.0.0.0-19003'
[2026-03-04 10:14:25.083][1][info][main] [source/server/server.cc:1051] starting main dispatch loop
""" + "".join(
    f"[2026-03-04 10:{15 + n}:28.546][1][warning][config] [./source/x/grpc_stream.h:193] DeltaAggregatedResources gRPC "
    f"config stream to xds_cluster closed since {60 * n + 64}s ago: 14, upstream connect error or disconnect/reset before "
    "headers. reset reason: connection timeout\n"
    for n in range(9)
)
GATEWAY_STATS = """\
cluster.httproute/shop/cart/rule/0.membership_total: 1
cluster.xds_cluster.upstream_cx_connect_timeout: 40
control_plane.connected_state: 0
http.eg-ready-http-0.0.0.0_19003.downstream_rq_total: 90
listener_manager.lds.update_success: 0
server.state: 0
server.uptime: 4075
"""
OUR_STATS = """\
cluster.xds_cluster.upstream_cx_connect_timeout: 0
control_plane.connected_state: 1
http.seldon_http.no_route: 0
listener_manager.lds.update_success: 1
server.state: 0
server.uptime: 4075
"""
UVICORN = (
    "INFO:     Started server process [1]\nINFO:     Uvicorn running on http://0.0.0.0:9000 (Press CTRL+C to quit)\n"
    'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\n    import xgboost\n'
    "ModuleNotFoundError: No module named 'xgboost'\n"
) + many(
    'INFO:     192.0.2.7:{n} - "POST /v1/completions HTTP/1.1" 500 Internal Server Error\n'
    "ERROR 03-04 10:15:{s} [core.py:586] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
)
BACKUP = many(
    "2026/03/04 10:15:{s} ERROR : S3 bucket backups path db: error reading source root directory: directory not found\n"
    "2026/03/04 10:15:{s} ERROR : Attempt 3/3 failed with {n} errors and: directory not found"
)
CONTOUR_STATS = """\
cluster.contour.membership_total: 1
cluster.contour.upstream_cx_connect_timeout: 55
control_plane.connected_state: 0
http.ingress_http.no_route: 322
listener_manager.lds.update_success: 0
server.state: 0
server.uptime: 9000
"""
PODS = """\
NAMESPACE   NAME       READY   STATUS             RESTARTS      AGE
shop        web-1      0/1     CrashLoopBackOff   17 (2m ago)   70m
shop        cart-0     0/1     OOMKilled          9 (1m ago)    70m
auth        envoy-7c   0/1     CrashLoopBackOff   3 (1m ago)    70m
"""


def pod(namespace: str, name: str, container: str, image: str, reason: str) -> dict[str, object]:
    """Return a Pod whose only container is killed and started again and again."""
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"terminated": {"reason": reason, "exitCode": 137, "finishedAt": "2026-03-04T10:01:00Z"}}
    status = {"name": container, "image": image, "ready": False, "restartCount": 17, "state": state, "lastState": last}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": container}},
        "spec": {"nodeName": "node-1", "containers": [{"name": container, "image": image}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


CLUSTER = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            pod("shop", "web-1", "web", "registry.example/nginx:1", "Error"),
            pod("data", "kafka-0", "kafka", "registry.example/kafka:3", "OOMKilled"),
            pod("auth", "envoy-7c", "envoy", "registry.example/envoy:1", "Error"),
            pod("ci", "scheduler-0", "scheduler", "registry.example/airflow:2", "OOMKilled"),
            pod("ml", "isvc-iris-1", "mlserver", "registry.example/mlserver:1", "OOMKilled"),
        ],
    }
)
NODES = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": "node-1"},
                "status": {
                    "conditions": [
                        {"type": "Ready", "status": "False", "reason": "KubeletNotReady"},
                        {"type": "DiskPressure", "status": "True", "reason": "KubeletHasDiskPressure"},
                    ]
                },
            }
        ],
    }
)

FOREIGN = {
    "nginx": {"error.log": NGINX},
    "java": {"app.log": JAVA},
    "postgres": {"pg.log": POSTGRES},
    "spark": {"driver.log": SPARK},
    "another program with logrus": {"app.log": LOGRUS},
    "another operator": {"manager.log": ZAP},
    "a broker": {"server.log": BROKER},
    "an application on uvicorn": {"app.log": UVICORN},
    "a backup with rclone": {"backup.log": BACKUP},
    "contour": {"stats.txt": CONTOUR_STATS},
    "a novel": {"book.txt": NOVEL},
    "source code": {"main.go": SOURCE},
    "a table of numbers": {"numbers.csv": CSV},
    "a mesh": {"proxy.log": MESH, "stats.txt": MESH_STATS},
    "tables of another cluster": {"pods.txt": PODS},
    "objects of another cluster": {"pods.json": CLUSTER, "nodes.json": NODES},
}


@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_is_not_seldons_is_no_failure(files: dict[str, str], library: Library) -> None:
    document = analyse(case_of(files, whole=False), library)
    assert document["verdict"] in ("unrecognised", "insufficient")
    assert not [f["pattern"] for f in document["findings"] if f["severity"] in ("medium", "high", "critical")]


def test_an_envoy_of_seldon_is_looked_at(library: Library) -> None:
    # The same flag in the same kind of file: what tells them apart is whose calls these are.
    ours = MESH.replace("GET /reviews", "POST /v2/models/iris/infer")
    found = analyse(case_of({"proxy.log": ours}, whole=False), library)
    assert found["verdict"] == "undetermined"
    assert "envoy/envoy-no-healthy-upstream" in [f["pattern"] for f in found["findings"]]


def test_a_pod_of_seldon_is_looked_at(library: Library) -> None:
    killed = pod("shop", "seldon-envoy-7c", "envoy", "registry.example/seldon-envoy:2", "OOMKilled")
    found = analyse(case_of({"pod.json": json.dumps(killed)}, whole=False), library)
    assert found["verdict"] == "failure"


@pytest.mark.parametrize("namespace", ["ml", "other"])
def test_neighbours_of_a_sound_installation_are_left_out(namespace: str, library: Library) -> None:
    sound = pod("ml", "seldon-envoy-7c", "envoy", "registry.example/seldon-envoy:2", "Error")
    sound["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": "envoy",
                "image": "registry.example/seldon-envoy:2",
                "ready": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": "2026-03-04T09:00:00Z"}},
            }
        ],
    }
    others = [
        pod(namespace, "web-1", "web", "registry.example/nginx:1", "Error"),
        pod(namespace, "kafka-0", "kafka", "registry.example/kafka:3", "OOMKilled"),
        pod(namespace, "edge-0", "envoy", "registry.example/envoy:1", "Error"),
    ]
    files = {"pods.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": [sound, *others]})}
    assert analyse(case_of(files, whole=False), library)["verdict"] == "insufficient"


def test_what_fails_beside_a_sound_installation_is_not_its_failure(library: Library) -> None:
    sound = write(SCENES["quiet"](chance("beside")), "flat", chance("beside")).files
    beside = {f"zz/{name}/{member}": text for name, files in FOREIGN.items() for member, text in files.items()}

    told = analyse(case_of({**sound, **beside}, whole=False), library)

    assert (told["verdict"], [f["pattern"] for f in told["findings"] if f["role"] == "root"]) == ("healthy", [])


@pytest.mark.parametrize("owner", ["shop", "seldon-envoy"])
def test_a_neighbours_workload_that_a_quota_refuses_is_left_out(owner: str, library: Library) -> None:
    refused = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{owner}-7c.1", "namespace": "ml"},
        "involvedObject": {"kind": "ReplicaSet", "name": f"{owner}-7c", "namespace": "ml"},
        "reason": "FailedCreate",
        "message": f'Error creating: pods "{owner}-7c-x" is forbidden: exceeded quota: all, requested: cpu=2, used: cpu=9',
        "type": "Warning",
        "count": 9,
        "firstTimestamp": "2026-03-04T09:00:00Z",
        "lastTimestamp": "2026-03-04T09:30:00Z",
    }
    template = {"spec": {"containers": [{"name": "web", "env": [{"name": "URL", "value": "http://seldon-mesh"}]}]}}
    short = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": f"{owner}-7c", "namespace": "ml", "labels": {"app": owner}},
        "spec": {"replicas": 2, "template": template},
        "status": {"replicas": 0},
    }
    sound = pod("ml", "seldon-scheduler-0", "scheduler", "registry.example/seldon-scheduler:2", "Error")
    sound["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    items = {"apiVersion": "v1", "kind": "List", "items": [refused, short, sound]}
    document = analyse(case_of({"all.json": json.dumps(items)}, whole=False), library)
    assert document["verdict"] == ("failure" if owner == "seldon-envoy" else "insufficient")


@pytest.mark.parametrize("beside", [{}, {"seldon/stats.txt": OUR_STATS}])
def test_an_envoy_of_envoy_gateway_is_none_of_seldons_though_it_calls_its_control_plane_alike(
    beside: dict[str, str], library: Library
) -> None:
    files = {"edge/a.log": GATEWAY_LOG, "edge/b.txt": GATEWAY_STATS, **beside}

    told = analyse(case_of(files, whole=False), library)

    assert not told["findings"]


def test_seldons_envoy_that_is_cut_off_is_still_told_beside_one_of_envoy_gateway(library: Library) -> None:
    ours = "\n".join(line for line in GATEWAY_LOG.split("\n") if "envoy-gateway" not in line).replace(
        ":28.546", ":31.077"
    )

    told = analyse(case_of({"edge.log": GATEWAY_LOG, "ours.log": ours}, whole=False), library)

    assert {c["member"] for f in told["findings"] for e in f["evidence"] for c in e["cites"]} == {"ours.log"}


@pytest.mark.parametrize(
    ("upstream", "ours"), [("http://192.0.2.9:9000/v2/models/a/infer", True), (":8080/v2/models/a", False)]
)
def test_an_ingress_that_hands_calls_on_to_seldons_envoy_is_its_business(
    upstream: str, ours: bool, library: Library
) -> None:
    line = (
        "2026/03/04 10:15:{s} [error] 31#31: *{n} upstream timed out (110: Operation timed out) while connecting to "
        f'upstream, client: 192.0.2.7, server: x, request: "POST /v2/models/a/infer HTTP/1.1", upstream: "{upstream}"'
    )

    told = analyse(case_of({"a.txt": many(line)}, whole=False), library)

    assert {f["pattern"] for f in told["findings"]} == (
        {"ingress/networkpolicy-blocks-ingress-to-mesh"} if ours else set()
    )
