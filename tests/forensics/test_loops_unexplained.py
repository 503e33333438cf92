"""That a component starts and ends again is shown by its pod; why it does so only by its last words or the way it ended."""

from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document
from patterns.loader import load_library
from patterns.pattern import Library

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {pod}
  namespace: grapes
  labels: {{{label}}}
spec:
  containers:
  - name: {container}
    image: docker.io/seldonio/{container}:2.9.1
status:
  phase: Running
  conditions:
  - {{type: Ready, status: "False"}}
  containerStatuses:
  - name: {container}
    ready: false
    restartCount: 9
    lastState: {{terminated: {{exitCode: {code}, reason: {reason}, finishedAt: "2026-03-04T10:20:07Z"}}}}
    state: {{waiting: {{reason: CrashLoopBackOff, message: back-off 5m0s restarting failed container}}}}
"""
BEHIND = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: seldon-scheduler, namespace: grapes}
spec: {replicas: 1}
status: {replicas: 1}
"""
PODS = {
    "scheduler": ("seldon-scheduler-0", "app.kubernetes.io/name: seldon-scheduler", "scheduler"),
    "operator": ("seldon-v2-controller-manager-597d65c8f7-ssb6g", "control-plane: v2-controller-manager", "manager"),
    "dataflow": ("seldon-dataflow-engine-0", "app.kubernetes.io/name: seldon-dataflow-engine", "dataflow-engine"),
    "mlserver": ("mlserver-0", "seldon-server-name: mlserver", "mlserver"),
}
FATAL = """\
time="2026-03-04T10:20:06Z" level=info msg="Setting log level to info"
time="2026-03-04T10:20:06Z" level=info msg="Agent server running on 9005 mtls:false" source=AgentServer
time="2026-03-04T10:20:07Z" level=fatal msg="Failed to open the frob" error="no such frob"
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def made(tmp_path: Path, library: Library, **files: str) -> Document:
    for name, text in files.items():
        (tmp_path / f"{name}.log").write_text(text)
    return analyse(read(open_bundle([tmp_path])), library)


def pod(component: str, code: int, reason: str) -> str:
    name, label, container = PODS[component]
    return POD.format(pod=name, label=label, container=container, code=code, reason=reason)


@pytest.mark.parametrize("component", PODS)
def test_a_loop_alone_has_no_cause(component: str, tmp_path: Path, library: Library) -> None:
    document = made(
        tmp_path, library, pod=pod(component, 1, "Error"), behind=BEHIND if component == "scheduler" else ""
    )

    assert document["verdict"] == "undetermined"
    assert not [f for f in document["findings"] if f["role"] == "root"]
    assert "kubernetes/k8s-crashloop" in {f["pattern"] for f in document["findings"]}
    assert any("--previous" in action["run"] for f in document["findings"] for action in f["remedy"])


@pytest.mark.parametrize(
    ("component", "code", "reason", "root"),
    [
        ("scheduler", 137, "OOMKilled", "scheduler/scheduler-oom"),
        ("dataflow", 137, "OOMKilled", "kubernetes/k8s-oomkilled"),
        ("mlserver", 139, "Error", "mlserver/mlserver-segfault-native"),
    ],
)
def test_the_way_it_ended_may_name_the_cause(
    component: str, code: int, reason: str, root: str, tmp_path: Path, library: Library
) -> None:
    document = made(tmp_path, library, pod=pod(component, code, reason))

    assert document["verdict"] == "failure"
    assert [f["pattern"] for f in document["findings"] if f["role"] == "root"] == [root]


def test_its_last_words_are_the_cause_though_nobody_knows_them(tmp_path: Path, library: Library) -> None:
    document = made(tmp_path, library, pod=pod("scheduler", 1, "Error"), scheduler=FATAL)

    assert document["verdict"] == "failure"
    assert [f["pattern"] for f in document["findings"] if f["role"] == "root"] == [
        "scheduler/scheduler-pod-not-running"
    ]


EVENTS = """\
LAST SEEN           TYPE      REASON      OBJECT           MESSAGE
30s (x40 over 9m)   Warning   Unhealthy   pod/{pod}   Startup probe failed: Get "http://10.244.1.5:9000/": connection refused
40s (x4 over 8m)    Normal    Killing     pod/{pod}   Container {container} failed startup probe, will be restarted
"""


@pytest.mark.parametrize(("container", "whose"), [("mlserver", "failure"), ("shop", "unrecognised")])
def test_an_event_may_say_whose_pod_it_is(container: str, whose: str, tmp_path: Path, library: Library) -> None:
    document = made(tmp_path, library, events=EVENTS.format(pod="grapes-0", container=container))

    assert document["verdict"] == whose


DESCRIBED = """\
Name:         grapes
Namespace:    vineyard
API Version:  mlops.seldon.io/v1alpha1
Kind:         Model
Metadata:
  Creation Timestamp:  2026-03-04T10:00:00Z
Spec:
  Storage Uri:  s3://models/grapes
Status:
  Conditions:
    Last Transition Time:  2026-03-04T10:00:05Z
    Message:               ModelFailed
    Reason:                rpc error: code = Internal desc = builtins.ModuleNotFoundError: No module named 'frob'
    Status:                False
    Type:                  ModelReady
"""


def test_what_an_object_shows_is_not_refuted_by_its_age(tmp_path: Path, library: Library) -> None:
    """The condition is younger than the Model, and that is no reason why it should not explain how the Model is."""
    document = made(tmp_path, library, model=DESCRIBED)

    explained = {f["pattern"]: bool(f["explained_by"]) for f in document["findings"]}
    assert explained == {"mlserver/mlserver-missing-python-module": False, "scheduler/model-failed-load": True}
