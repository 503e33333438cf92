"""When a bundle was collected: then, or later than, the last moment that anything in it names."""

from datetime import UTC, datetime

import pytest

from forensics.analysis import analyse, on_clock
from forensics.authoring.examples import case_of
from forensics.document import Document
from patterns.loader import load_library
from patterns.pattern import Library

SCHEDULER = "".join(
    f'time="2026-03-04T10:{minute:02}:00Z" level=info msg="Setting log level to info"\n' for minute in range(6)
)
EVENTS = """apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Event
  metadata: {{name: a.1, namespace: ml, creationTimestamp: "2026-03-04T10:01:00Z"}}
  involvedObject: {{kind: Pod, name: mlserver-0, namespace: ml}}
  type: Normal
  reason: Pulled
  message: Container image already present on machine
  firstTimestamp: "2026-03-04T10:01:00Z"
  lastTimestamp: "2026-03-04T{last}Z"
  count: 2
"""
LEASE = """apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: node-a, namespace: kube-node-lease, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {holderIdentity: node-a, leaseDurationSeconds: 40, renewTime: "2026-03-04T10:09:11.000000Z"}
"""
CERTIFICATE = """apiVersion: v1
kind: List
items:
- apiVersion: cert-manager.io/v1
  kind: Certificate
  metadata: {name: seldon, namespace: ml, creationTimestamp: "2026-01-01T00:00:00Z"}
  spec: {secretName: seldon, dnsNames: [a.example]}
  status: {notBefore: "2026-01-01T00:00:00Z", notAfter: "2026-06-01T00:00:00Z"}
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def made(library: Library, **files: str) -> Document:
    return analyse(case_of({"scheduler.log": SCHEDULER, **files}, whole=False), library)


@pytest.mark.parametrize(
    ("files", "end"),
    [
        ({}, "10:05:01Z"),
        ({"events.yaml": EVENTS.format(last="10:08:30")}, "10:08:30"),
        ({"events.yaml": EVENTS.format(last="10:03:30")}, "10:05:01Z"),  # the logs go on
        ({"leases.yaml": LEASE}, "10:09:11"),
        ({"certificates.yaml": CERTIFICATE}, "10:05:01Z"),  # when a certificate ends says nothing of now
    ],
)
def test_the_period_ends_with_the_last_moment_that_anything_names(
    files: dict[str, str], end: str, library: Library
) -> None:
    document = made(library, **files)

    assert document["period"]["from"] == "2026-03-04T10:00:00Z"
    assert document["period"]["to"].startswith(f"2026-03-04T{end}")


def test_objects_far_later_than_all_logs_are_remarked(library: Library) -> None:
    late = made(library, **{"events.yaml": EVENTS.format(last="13:00:00")})
    soon = made(library, **{"events.yaml": EVENTS.format(last="10:20:00")})

    assert any("the last line of all logs is of 2026-03-04 10:05:01" in remark for remark in late["remarks"])
    assert not any("the last line of all logs" in remark for remark in soon["remarks"])


def test_what_was_collected_is_asked_no_later_than_the_reader_wants() -> None:
    files = {"scheduler.log": SCHEDULER, "leases.yaml": LEASE}
    case = case_of(files, whole=False)
    until = datetime(2026, 3, 4, 10, 3, tzinfo=UTC)

    cut = on_clock(case.intake, case.given, until)

    assert cut.covered.collected == int(until.timestamp() * 1e6)


def test_what_objects_show_lasts_until_they_were_looked_at(library: Library) -> None:
    # The logs end with the server's pod; why it does not come again is told by an Event of later.
    objects = """apiVersion: v1
kind: List
items:
- apiVersion: mlops.seldon.io/v1alpha1
  kind: Model
  metadata: {name: iris, namespace: ml, creationTimestamp: "2026-03-04T09:00:00Z"}
  spec: {storageUri: "gs://models/iris", requirements: [sklearn]}
  status:
    conditions:
    - {type: ModelReady, status: "False", message: ScheduleFailed, reason: Failed to schedule model as no matching servers are available, lastTransitionTime: "2026-03-04T10:05:00Z"}
    selector: server=mlserver
- apiVersion: mlops.seldon.io/v1alpha1
  kind: Server
  metadata: {name: mlserver, namespace: ml, creationTimestamp: "2026-03-04T09:00:00Z"}
  spec: {replicas: 1, serverConfig: mlserver}
  status: {replicas: 0, loadedModels: 0, conditions: [{type: Ready, status: "False"}]}
- apiVersion: apps/v1
  kind: StatefulSet
  metadata:
    name: mlserver
    namespace: ml
    creationTimestamp: "2026-03-04T09:00:00Z"
    ownerReferences: [{apiVersion: mlops.seldon.io/v1alpha1, kind: Server, name: mlserver}]
  spec: {replicas: 1}
  status: {replicas: 0}
- apiVersion: v1
  kind: Event
  metadata: {name: mlserver.1, namespace: ml}
  involvedObject: {kind: StatefulSet, name: mlserver, namespace: ml}
  reason: FailedCreate
  message: 'create Pod mlserver-0 in StatefulSet mlserver failed error: pods "mlserver-0" is forbidden: violates PodSecurity "restricted:latest": seccompProfile'
  type: Warning
  count: 14
  firstTimestamp: "2026-03-04T10:05:02Z"
  lastTimestamp: "2026-03-04T10:15:00Z"
"""
    envoy = "".join(
        f"[2026-03-04 10:0{minute}:00.000][1][info][main] [source/server/server.cc:1] running\n" for minute in range(6)
    )
    document = analyse(case_of({"envoy.log": envoy, "objects.yaml": objects}), library)

    roots = [finding["pattern"] for finding in document["findings"] if finding["role"] == "root"]
    assert roots == ["security/k8s-podsecurity-violation"]
