"""What changed, and which change is named as preceding a finding."""

import pytest

from forensics.analysis import analyse
from forensics.authoring.examples import case_of
from forensics.document import Document
from patterns.loader import load_library
from patterns.pattern import Library

HEAD = "apiVersion: v1\nkind: List\nitems:\n"
POLICY = """- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {{name: lockdown, namespace: {namespace}, creationTimestamp: "{made}"}}
  spec: {{podSelector: {{matchLabels: {{app.kubernetes.io/name: seldon-scheduler}}}}, policyTypes: [Ingress], ingress: [{{ports: [{{port: 9002}}]}}]}}
"""
OLD = """- apiVersion: v1
  kind: ConfigMap
  metadata: {name: seldon-kafka, namespace: ml, creationTimestamp: "2026-03-01T08:00:00Z"}
  data: {}
"""
REPLICASET = """- apiVersion: apps/v1
  kind: ReplicaSet
  metadata: {{name: seldon-envoy-{hash}, namespace: ml, creationTimestamp: "{made}", ownerReferences: [{{kind: Deployment, name: seldon-envoy, apiVersion: apps/v1, uid: a}}]}}
  spec: {{replicas: 1, template: {{spec: {{containers: [{{name: envoy, image: "registry.example/envoy:{tag}"}}]}}}}}}
"""
RESTARTED = """- apiVersion: apps/v1
  kind: StatefulSet
  metadata: {name: mlserver, namespace: ml, creationTimestamp: "2026-03-01T08:00:10Z"}
  spec: {replicas: 1, template: {metadata: {annotations: {kubectl.kubernetes.io/restartedAt: "2026-03-04T10:11:00+01:00"}}, spec: {containers: []}}}
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def at(minute: int, message: str, rest: str = "") -> str:
    return f'time="2026-03-04T10:{minute:02}:00Z" level=info msg="{message}"{rest}\n'


SCHEDULER = (
    at(0, "Setting log level to info")
    + at(0, "Namespace is ml")
    + at(0, "Agent server running on 9005 mtls:false", " source=AgentServer")
    + at(1, "Server notification mlserver expectedReplicas 1 shared false", " func=ServerNotify source=SchedulerServer")
    + at(2, "Adding model iris(1) to server mlserver replica 0 list of loaded / loading models", " func=a")
    + at(9, "Adding model iris(2) to server mlserver replica 0 list of loaded / loading models", " func=a")
    + at(
        10, "Server notification mlserver expectedReplicas 0 shared false", " func=ServerNotify source=SchedulerServer"
    )
    + at(30, "Sending load model request for iris", " func=Sync source=AgentServer")
)
DIALS = 'time="2026-03-04T10:20:00Z" level=info msg="Server Capabilities [sklearn]"\n' + "".join(
    f'time="2026-03-04T10:{minute:02}:05Z" level=error msg="Scheduler not ready" Name=AgentServiceManager error="rpc error: '
    'code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 10.0.0.8:9005: i/o timeout\\""\n'
    for minute in range(20, 30)
)
AGENT = "pods/ml_mlserver-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/agent/0.log"
HERE = "pods/ml_seldon-scheduler-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/scheduler/0.log"


def made(library: Library, *objects: str, agent: str = "") -> Document:
    files = {HERE: SCHEDULER, **({AGENT: agent} if agent else {})}
    return analyse(case_of({**files, **({"all.yaml": HEAD + "".join(objects)} if objects else {})}), library)


def told(document: Document) -> dict[str, str]:
    return {change["what"]: change["time"] for change in document["changes"]}


@pytest.mark.parametrize(
    ("objects", "what", "when"),
    [
        ((), "Server mlserver is to have 0 replicas, had 1", "10:10:00"),
        ((), "Model iris: version 2 after 1", "10:09:00"),
        (
            (OLD, POLICY.format(namespace="ml", made="2026-03-04T10:19:30Z")),
            "NetworkPolicy lockdown was made",
            "10:19:30",
        ),
        (
            (
                REPLICASET.format(hash="5c9", made="2026-03-01T08:00:00Z", tag="1.36.1"),
                REPLICASET.format(hash="7d8", made="2026-03-04T10:12:00Z", tag="1.36.2"),
            ),
            "rollout of seldon-envoy, image of envoy: registry.example/envoy:1.36.1 to registry.example/envoy:1.36.2",
            "10:12:00",
        ),
        ((OLD, RESTARTED), "restart of StatefulSet mlserver on command", "09:11:00"),
    ],
    ids=["scale", "version", "policy", "rollout", "restart"],
)
def test_a_change_is_named_with_its_time_and_place(
    objects: tuple[str, ...], what: str, when: str, library: Library
) -> None:
    document = made(library, *objects)

    assert told(document)[what] == f"2026-03-04T{when}Z"
    assert all(change["cite"] for change in document["changes"])


def test_what_was_made_with_its_namespace_is_no_change(library: Library) -> None:
    together = POLICY.format(namespace="ml", made="2026-03-01T08:00:30Z")
    document = made(library, OLD, together)

    assert not [what for what in told(document) if "was made" in what]


@pytest.mark.parametrize(
    ("namespace", "made_at", "named"),
    [
        ("ml", "2026-03-04T10:20:02Z", "NetworkPolicy lockdown was made"),
        ("elsewhere", "2026-03-04T10:20:02Z", "agent started (mlserver-0)"),  # not what was made in another namespace
        ("ml", "2026-03-04T10:25:00Z", "agent started (mlserver-0)"),  # nor what came later
    ],
)
def test_the_last_change_before_the_first_sign_is_named_and_no_cause(
    namespace: str, made_at: str, named: str, library: Library
) -> None:
    document = made(library, OLD, POLICY.format(namespace=namespace, made=made_at), agent=DIALS)
    first = document["findings"][0]

    assert first["explained_by"] == []
    assert document["changes"][first["preceded_by"]]["what"].startswith(named)
    assert not any("changes" in key for key in first)
