"""Every readiness check has a dump in which it passes, one in which it fails, and one in which it cannot be said."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from forensics.authoring.examples import case_of, needed
from forensics.review import review
from patterns.loader import load_library
from patterns.pattern import Library
from patterns.terms import pieces

LIBRARY = load_library()
CHECKS = sorted(name for name, pattern in LIBRARY.patterns.items() if pattern.check)
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: seldon-modelgateway-5d9-abcde
  namespace: team-a
  labels:
    app.kubernetes.io/name: seldon-modelgateway
spec:
  containers:
  - name: modelgateway
    image: registry.example.com/seldonio/seldon-modelgateway:2.9.1
    env:
    - name: KAFKA_SECURITY_PROTOCOL
      value: SSL
status:
  phase: Running
"""
PIPELINE = """\
apiVersion: mlops.seldon.io/v1alpha1
kind: Pipeline
metadata:
  name: joined
  namespace: team-a
spec:
  steps:
  - name: wine
  output:
    steps:
    - wine
"""
NODE = """\
apiVersion: v1
kind: Node
metadata:
  name: rack-3-node-1
spec:
  providerID: rke2://rack-3-node-1
status:
  nodeInfo:
    kubeletVersion: v1.31.2
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: seldon-mesh
  namespace: team-a
spec:
  type: LoadBalancer
  ports:
  - port: 80
status:
  loadBalancer:
    ingress:
    - ip: 192.0.2.10
"""
EVENT = """\
apiVersion: v1
kind: Event
metadata:
  name: pulled
  namespace: team-a
involvedObject:
  kind: Pod
  name: mlserver-0
reason: Pulled
message: Container image is present
lastTimestamp: '2026-03-04T10:15:00Z'
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: mlserver-models-mlserver-0
  namespace: team-a
status:
  phase: Bound
"""
RCLONE = "2026/03/04 10:14:59 NOTICE: Serving remote control on http://[::]:5572/\n"
# Of these no example passes: their near misses are dumps that the check is not about.
MORE: Mapping[str, Mapping[str, str]] = {
    "architecture/arch-kafka-plaintext": {"objects.yaml": f"{POD}---\n{PIPELINE}"},
    "architecture/arch-onprem-specifics": {
        "objects.yaml": "---\n".join((NODE, SERVICE, POD, EVENT, CLAIM)),
        "rclone.log": RCLONE,
    },
}


def dumps(name: str) -> Iterator[tuple[Mapping[str, str], bool]]:
    for example in LIBRARY.patterns[name].examples:
        yield example.files, example.coverage == "whole"
    if name in MORE:
        yield MORE[name], True


def test_there_are_checks() -> None:
    assert len(CHECKS) >= 60
    assert set(MORE) <= set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_passes_fails_and_is_left_open(name: str) -> None:
    library = Library(needed(LIBRARY.patterns[name], LIBRARY), "")
    pattern = LIBRARY.patterns[name]
    seen: dict[str, list[dict[str, Any]]] = {}
    for files, whole in dumps(name):
        document = review(case_of(files, whole), library)
        check = next(c for c in document["checks"] if c["pattern"] == name)
        seen.setdefault(check["status"], []).append(check)

    assert {"passed", "failed", "unknown"} <= set(seen)
    # It failed for lines of what its own pieces ask for.
    asked = {key: piece.source for key, piece in pattern.evidence.items()}
    for check in seen["failed"]:
        cited = {(e["name"], c["source"]) for e in check["evidence"] if e["state"] == "present" for c in e["cites"]}
        assert {(key, source) for key, source in cited if key in asked} == cited
        assert any(not key.startswith("premise") or key in set(pieces(pattern.match)) for key, _ in cited)
        assert all(source == asked[key] for key, source in cited), cited
    # It passed because what it is about was there and was looked at.
    if pattern.layer == "architecture":
        assert any(check["cites"] for check in seen["passed"]), "what was looked at is not shown"
    # It is open for want of something that it asks for, and says how to send that.
    for check in seen["unknown"]:
        wanted = {each["why"].partition(":")[0] for each in check["collect"]}
        assert wanted, "what to send is not said"
        assert wanted <= set(asked.values())
        assert all(source in check["why"] for source in wanted)
