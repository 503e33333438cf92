"""Two namespaces, a folder for each: what a log does not say of its namespace, its neighbours in the folder say."""

from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from patterns.loader import load_library

AGENT = """\
time="2026-03-04T10:15:00Z" level=info msg="Setting log level to info"
time="2026-03-04T10:15:00Z" level=info msg="Got server name and index from POD_NAME with value {pod}. Server name:{server} Replica Idx:0"
time="2026-03-04T10:15:00Z" level=info msg="Setting namespace from k8s file to {namespace}"
time="2026-03-04T10:15:05Z" level=info msg="Subscribed to scheduler" Name=AgentServiceManager func=HandleSchedulerSubscription
time="2026-03-04T10:16:00Z" level=info msg="Load model {model}:1" Name=AgentServiceManager func=LoadModel
"""
REFUSED = """\
time="2026-03-04T10:16:03Z" level=error msg="Failed to handle load model {model}:1" Name=AgentServiceManager error="Failed to sync/copy s3://models/{model} to /mnt/agent/rclone/7 Failed rclone request to host:0.0.0.0 port:5572 path:/sync/copy"
"""
LOADED = """\
time="2026-03-04T10:16:03Z" level=info msg="Load model {model}:1 success" Name=AgentServiceManager func=LoadModel
"""
FULL = """\
2026/03/04 10:15:00 NOTICE: Serving remote control on http://[::]:5572/
2026/03/04 10:16:01 ERROR : model.bin: Failed to copy: preallocate: file too big for remaining disk space
2026/03/04 10:16:01 ERROR : rc: "sync/copy": error: preallocate: file too big for remaining disk space
"""
COPIED = """\
2026/03/04 10:15:00 NOTICE: Serving remote control on http://[::]:5572/
2026/03/04 10:16:01 INFO  : model.bin: Copied (new)
"""
PODS = """\
apiVersion: v1
kind: PodList
items:
- apiVersion: v1
  kind: Pod
  metadata:
    name: {pod}
    namespace: {namespace}
    labels: {{app.kubernetes.io/name: seldon-server, seldon-server-name: {server}}}
  spec:
    nodeName: {namespace}-1
    containers: [{{name: agent, image: seldonio/seldon-agent:2.9.1}}, {{name: rclone, image: seldonio/seldon-rclone:2.9.1}}]
  status:
    phase: Running
"""


@pytest.mark.parametrize("servers", [("store", "store"), ("store", "desk")])
def test_a_log_is_of_the_namespace_of_its_folder(tmp_path: Path, servers: tuple[str, str]) -> None:
    for folder, namespace, server, model, end, copy in (
        ("first", "north", servers[0], "roof", REFUSED, FULL),
        ("second", "south", servers[1], "wall", LOADED, COPIED),
    ):
        names = {"pod": f"{server}-0", "server": server, "namespace": namespace, "model": model}
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{server}-0_agent.log").write_text((AGENT + end).format(**names))
        (tmp_path / folder / f"{server}-0_rclone.log").write_text(copy)
        (tmp_path / folder / "pods.yaml").write_text(PODS.format(**names))
    document = analyse(read(open_bundle([tmp_path])), load_library())
    roots = [f for f in document["findings"] if f["role"] == "root" and f["at_end"] != "ended"]
    assert [f["pattern"] for f in roots] == ["kubernetes/k8s-disk-full"]
    assert roots[0]["subject"]["namespace"] == "north"
    assert roots[0]["certainty"] != "possible"


def test_two_logs_of_a_pod_are_of_its_namespace(tmp_path: Path) -> None:
    """A log of the run before leaves two files that do not say where they come from, and one namespace to be in."""
    names = {"pod": "store-0", "server": "store", "namespace": "north", "model": "roof"}
    (tmp_path / "store-0_agent.log").write_text((AGENT + REFUSED).format(**names))
    (tmp_path / "store-0_rclone.log").write_text(FULL)
    (tmp_path / "store-0_rclone.previous.log").write_text(COPIED)
    (tmp_path / "pods.yaml").write_text(PODS.format(**names))

    frames = read(open_bundle([tmp_path])).frames

    assert frames["log.rclone"]["namespace"].unique().to_list() == ["north"]


@pytest.mark.parametrize(
    ("folders", "pods"),
    [
        ({"one": 1, "two": 1}, {"one/0.log": "desk-one-0", "two/0.log": "desk-two-0"}),
        ({"one": 2, "two": 1}, {"one/0.log": None, "one/1.log": None, "two/0.log": "desk-two-0"}),
        ({"one": 1}, {"one/0.log": None}),  # what stands alone is left to the joins, which call it assumed
    ],
)
def test_a_log_is_of_the_only_agent_beside_it(
    tmp_path: Path, folders: dict[str, int], pods: dict[str, str | None]
) -> None:
    for folder, count in folders.items():
        (tmp_path / folder).mkdir()
        names = {"pod": f"desk-{folder}-0", "server": f"desk-{folder}", "namespace": "north", "model": "roof"}
        (tmp_path / folder / "agent.log").write_text((AGENT + REFUSED).format(**names))
        for number in range(count):
            (tmp_path / folder / f"{number}.log").write_text(FULL.replace("10:15:00", f"10:15:0{number}"))
    frame = read(open_bundle([tmp_path])).frames["log.rclone"]
    assert dict(frame.select("member", "pod").unique().iter_rows()) == pods
