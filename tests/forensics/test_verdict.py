"""A failure that was mended before the bundle was collected is over, and one that lasts is not."""

import pytest

from forensics.analysis import analyse
from forensics.authoring.examples import case_of
from patterns.loader import load_library
from patterns.pattern import Library


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def said(time: str, message: str, rest: str = "") -> str:
    return f'time="2026-03-04T10:{time}Z" level=info msg="{message}"{rest}\n'


START = (
    said("10:00", "Setting log level to info")
    + said("10:01", "Agent server running on 9005 mtls:false", " source=AgentServer")
    + said("10:05", "Received subscribe request from orchard:0", " func=Subscribe source=AgentServer")
    + said("10:06", "All (num: 1) servers connected", " source=ServerBasedSynchroniser")
    + said("10:16", "Starting xDS envoy server on port 9002")
    + said("10:16", "Scheduler is ready")
)
ROUTED = (
    said("20:08", "Updating state for model grape to Loaded", " func=AgentEvent source=AgentServer")
    + said(
        "20:08",
        "Adding model grape(1) to server orchard replica 0 list of loaded / loading models",
        " func=updateModelStateImpl source=MemoryStore",
    )
    + said(
        "20:08",
        "Handle vanilla no experiment traffic for grape",
        " func=addTraffic source=IncrementalProcessor",
    )
)


def calls(*times: str) -> str:
    """Return calls that found no route: Seldon's Envoy writes down failed calls only."""
    return "".join(
        f'[2026-03-04T10:{time}.143Z] "POST /v2/models/grape/infer HTTP/1.1" 404 - NR 0 0 0 - "-" "curl/8.5" "-" '
        '"mesh" "-"\n'
        for time in times
    )


def outcome(library: Library, scheduler: str, access: str) -> tuple[str, dict[str, str]]:
    document = analyse(case_of({"scheduler.log": scheduler, "access.log": access}), library)
    return document["verdict"], {f["pattern"]: f["at_end"] for f in document["findings"]}


def test_a_route_made_after_the_last_failed_call_ends_it(library: Library) -> None:
    verdict, ends = outcome(library, START + ROUTED + said("29:00", "Received event grape:1"), calls("18:01", "19:30"))
    assert ends["envoy/envoy-no-route-404"] == "ended"
    assert verdict == "insufficient"


@pytest.mark.parametrize("last", ["20:30", "28:00"])
def test_calls_that_fail_after_the_route_was_made_last(last: str, library: Library) -> None:
    verdict, ends = outcome(library, START + ROUTED + said("29:00", "Received event grape:1"), calls("18:01", last))
    assert ends["envoy/envoy-no-route-404"] != "ended"
    assert verdict in ("undetermined", "failure")


def killed(ready: str, restarts: int, state: str) -> str:
    return f"""\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {{name: orchard-0, namespace: vineyard, labels: {{seldon-server-name: orchard}}}}
  spec: {{nodeName: n1, containers: [{{name: mlserver, image: m}}, {{name: agent, image: a}}, {{name: rclone, image: r}}]}}
  status:
    phase: Running
    containerStatuses:
    - name: mlserver
      image: m
      ready: {ready}
      restartCount: {restarts}
      lastState: {{terminated: {{exitCode: 137, reason: OOMKilled, finishedAt: "2026-03-04T10:15:30Z"}}}}
      state: {state}
"""


def test_one_death_is_history_and_a_loop_has_one_root(library: Library) -> None:
    well = killed("true", 1, '{running: {startedAt: "2026-03-04T10:15:31Z"}}')
    document = analyse(case_of({"pods.yaml": well}, whole=False), library)
    assert document["verdict"] == "insufficient"
    loop = killed("false", 9, "{waiting: {reason: CrashLoopBackOff}}")
    document = analyse(case_of({"pods.yaml": loop}, whole=False), library)
    roots = [f["pattern"] for f in document["findings"] if f["role"] == "root"]
    assert (document["verdict"], roots) == ("failure", ["mlserver/mlserver-memory-too-small"])


def test_a_path_nobody_serves_is_an_established_cause(library: Library) -> None:
    served = calls("18:01", "18:02").replace("/v2/models/grape/infer", "/api/v1.0/predictions")

    document = analyse(case_of({"scheduler.log": START + ROUTED, "access.log": served}), library)

    assert document["verdict"] == "failure"
    assert document["findings"][0]["pattern"] == "envoy/client-wrong-path"


def test_what_came_first_stands_in_the_first_line_although_nothing_explains_it(library: Library) -> None:
    refused = "".join(
        said(
            f"10:{second:02}",
            f"Waiting for Inference Server service to become ready... next check in {pause}",
            r' error="dial tcp 0.0.0.0:9500: connect: connection refused" func=waitReady',
        )
        for second, pause in ((1, "500ms"), (5, "1.6s"), (15, "6s"), (30, "19s"), (52, "19s"))
    )
    scheduler = (
        said("10:00", "Setting log level to info")
        + said("10:01", "Agent server running on 9005 mtls:false", " source=AgentServer")
        + said("10:02", "Server notification orchard expectedReplicas 1 shared true", " func=ServerNotify")
        + said("11:30", "Received subscribe request from seldon manager", " func=SubscribeModelStatus")
    )
    named = "Got server name and index from POD_NAME with value orchard-0. Server name:orchard Replica Idx:0"
    agent = said("10:00", named) + said("10:00", "Setting log level to info") + refused

    document = analyse(case_of({"scheduler.log": scheduler, "orchard-0/agent.log": agent}), library)

    assert document["verdict"] == "undetermined"
    assert "goes on waiting for the inference server" in document["summary"]
