"""Which component wrote a log, and who it says it is, by the words of releases 2.0 to 2.10."""

import polars as pl
import pytest

from parsers.components import component_of, identity_of, placed
from parsers.parser import Origin

T = 'time="2026-11-25T19:31:44Z" level=info '
LOGS = [
    ("scheduler", "2.0", T + 'msg="Received subscribe request from mlserver:0" func=Subscribe source=AgentServer'),
    ("scheduler", "2.10", T + 'msg="Received agent subscribe request from a:0" func=Subscribe source=AgentServer'),
    ("scheduler", "2.8", T + 'level=debug msg="Rejecting server for model" Name=SimpleScheduler filter=X model=iris'),
    ("scheduler", "all", T.replace("info", "fatal") + 'msg="Failed to initialise pipeline db at /mnt/db" error=locked'),
    ("scheduler", "a start that ends at once", T + 'msg="Namespace is ml"'),
    ("agent", "2.0", T.replace("info", "error") + 'msg="Scheduler not ready" Name=Client error="connection refused"'),
    ("agent", "2.9", T + 'msg="Call subscribe to scheduler" Name=AgentServiceManager'),
    ("agent", "all", T + 'msg="Setting scheduler-host from SELDON_SCHEDULER_HOST to seldon-scheduler"'),
    ("modelgateway", "all", T + "msg=Stopping func=Start source=KafkaSchedulerClient"),
    (
        "modelgateway",
        "all",
        T.replace("info", "fatal") + 'msg="Failed to create consumer manager" error="no such file"',
    ),
    ("modelgateway", "a panic's frame", "\t/build/scheduler/cmd/modelgateway/main.go:145 +0x3a5"),
    ("scheduler", "a panic's frame", "\t/build/scheduler/cmd/scheduler/main.go:145 +0x3a5"),
    ("pipelinegateway", "all", T + 'msg="Creating non-TLS listener port 9010" source=GatewayHttpServer'),
    ("hodometer", "all", T + 'msg="publishing usage metrics to http://192.0.2.1" source=JsonPublisher'),
    ("controller", "2.0", '1.7954071737345657e+09\tINFO\tschedulerClient.LoadModel\tLoad\t{"model name": "iris"}'),
    ("controller", "2.10", "2026-11-23T04:13:02.118Z\tINFO\tSchedulerClient\tDialing scheduler"),
    ("controller", "JSON", '{"level":"info","ts":"2026-11-23T04:13:02.118Z","logger":"SchedulerClient","msg":"x"}'),
    (
        "controller",
        "a tail of refusals",
        "2026-11-23T04:13:02.118Z\tERROR\tcontroller-runtime.cache.UnhandledError\tFailed to watch\t"
        '{"error": "secrets is forbidden: User \\"system:serviceaccount:ml:seldon-v2-controller-manager\\" cannot"}',
    ),
    ("scheduler", "JSON", '{"level":"info","msg":"x","source":"AgentServer","time":"2026-11-25T19:31:44Z"}'),
    ("dataflow", "2.8", "2026-11-23T04:12:03.101553Z INFO [main] io.seldon.dataflow.Main : Subscribing"),
    ("rclone", "all", "2026/11/25 19:10:43 NOTICE: Serving remote control on http://[::]:5572/"),
    # Said by several: no sign of any.
    (None, "all", T + 'msg="Setting log level to info"'),
    (None, "all", T + 'msg="Starting metrics server on port 9006" source=PrometheusMetrics'),
    (None, "2.10", T + 'msg="Got MODELGATEWAY_MAX_NUM_CONSUMERS = 100"'),
]


@pytest.mark.parametrize(("component", "release", "line"), LOGS)
def test_content_tells_the_component(component: str | None, release: str, line: str) -> None:
    assert component_of(pl.Series([line]), Origin()) == component, release


@pytest.mark.parametrize(
    ("origin", "component"),
    [
        (Origin(container="manager"), "controller"),
        (Origin(container="dataflow-engine"), "dataflow"),
        (Origin(pod="seldon-scheduler-0"), "scheduler"),
        (Origin(pod="seldon-v2-controller-manager-766467c5cf-x"), "controller"),
        (Origin(pod="mlserver-0"), None),
        (Origin(), None),
    ],
)
def test_names_tell_it_otherwise(origin: Origin, component: str | None) -> None:
    assert component_of(pl.Series(["hello"]), origin) == component


def test_content_wins_over_names() -> None:
    assert component_of(pl.Series([LOGS[0][2]]), Origin(container="agent")) == "scheduler"


@pytest.mark.parametrize(
    ("line", "namespace", "pod", "version"),
    [
        (
            T + 'msg="Got server name and index from POD_NAME with value a-0. Server name:a Replica Idx:0"',
            None,
            "a-0",
            None,
        ),
        (T + 'msg="Setting inference svc name to mlserver-risk-1"', None, "mlserver-risk-1", None),
        (T + 'msg="Setting namespace from k8s file to team-a"', "team-a", None, None),
        (T + 'msg="Namespace is team-a"', "team-a", None, None),
        (T + 'msg="Version 2.10.2"', None, None, "2.10.2"),
        ('2026-11-23T04:13:02.118Z\tINFO\tsetup\tx\t{"version": "2.10.2", "a": 1}', None, None, "2.10.2"),
        ("x version=2.10.2 name=iris version=1 logger=setup", None, None, "2.10.2"),
        ("x name=iris version=1", None, None, None),
        ("attempting to acquire leader lease team-a/e98130ae.seldon.io...", "team-a", None, None),
    ],
)
def test_a_log_says_who_wrote_it(line: str, namespace: str | None, pod: str | None, version: str | None) -> None:
    origin, said = identity_of(pl.Series([line, None, "x"]), "agent")

    assert (origin, said) == (Origin(namespace=namespace, pod=pod, component="agent"), version)


def test_a_container_that_contradicts_the_content_gives_way() -> None:
    origin = Origin(namespace="a", container="rclone", node="n1", previous=True)

    assert placed(origin, Origin(component="controller")) == Origin("a", None, "manager", "n1", "controller", True)
    assert placed(Origin(container="my-sidecar"), Origin(component="agent")).container == "my-sidecar"
