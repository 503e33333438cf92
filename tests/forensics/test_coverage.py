"""What a table of kubectl leaves open, and what it tells."""

from pathlib import Path

import pytest

from forensics.analysis import read
from forensics.authoring.examples import case_of
from forensics.bundle import open_bundle
from forensics.findings import Missing
from patterns.loader import load_pattern
from patterns.pattern import Evidence

TABLE = """\
NAMESPACE   NAME       READY   STATUS    RESTARTS   AGE
ml          orchard-0  3/3     Running   0          70m
"""
OBJECT = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: orchard-0, namespace: ml}
  spec: {containers: [{name: agent, image: agent}]}
  status: {phase: Running}
"""


def piece(source: str, where: str) -> Evidence:
    text = f"""
title = "a thing"
severity = "high"
role = "cause"
[evidence.thing]
from = "{source}"
where = '{where}'
"""
    return load_pattern(text, "layer/thing", "here").evidence["thing"]


RESTARTS = piece("k8s.pod", "restarts > 3")
KILLED = piece("k8s.container", 'last_reason exists and last_reason = "OOMKilled"')
READY = piece("k8s.condition", 'kind = "Pod" and type = "Ready" and status = "False"')
VARIABLE = piece("k8s.env", 'variable = "SELDON_SCHEDULER_HOST"')


def gap(files: dict[str, str], which: Evidence, namespace: str | None = "ml") -> Missing | None:
    return case_of(files, whole=False).covered.gap(which, {"namespace": namespace})


@pytest.mark.parametrize("namespace", ["ml", None])
@pytest.mark.parametrize("inside", [KILLED, READY, VARIABLE])
def test_a_table_does_not_show_what_is_inside(inside: Evidence, namespace: str | None) -> None:
    assert gap({"pods.txt": TABLE}, inside, namespace) is not None
    assert gap({"pods.yaml": OBJECT}, inside, namespace) is None
    assert gap({"pods.txt": TABLE, "pods.yaml": OBJECT}, inside, namespace) is None


def test_conditions_of_nodes_are_collected_with_the_nodes() -> None:
    pressed = gap({"pods.txt": TABLE}, piece("k8s.condition", 'kind = "Node" and type = "DiskPressure"'))

    assert pressed is not None
    assert pressed.collect == "kubectl get nodes -o yaml"


def test_a_table_shows_what_its_columns_say() -> None:
    assert gap({"pods.txt": TABLE}, RESTARTS) is None


def test_objects_of_one_namespace_say_nothing_of_another() -> None:
    files = {"pods.txt": TABLE.replace("ml ", "web"), "pods.yaml": OBJECT}
    assert gap(files, KILLED, "ml") is None
    assert gap(files, KILLED, "web") is not None


def test_a_log_may_begin_with_the_error_that_ended_the_process() -> None:
    served = piece("log.mlserver", 'text contains "HTTP server running on"')
    crash = """Traceback (most recent call last):
  File "/opt/conda/bin/mlserver", line 3, in <module>
    from mlserver.cli import main
  File "/opt/conda/lib/python3.10/site-packages/mlserver/tracing.py", line 3, in <module>
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
google.protobuf.runtime_version.VersionError: Detected incompatible Protobuf Gencode/Runtime versions
"""
    assert gap({"mlserver.log": crash}, served, None) is None
    assert gap({"mlserver.log": crash.replace("bin/mlserver", "site-packages/x.py")}, served, None) is not None


@pytest.mark.parametrize("newest_first", [False, True])
def test_an_export_may_hold_the_beginning_at_its_end(newest_first: bool, tmp_path: Path) -> None:
    said = ["Setting log level to info", *(f"Waiting, {n}" for n in range(1, 300))]
    rows = []
    for n, text in enumerate(said):
        when = f"2026-03-04T10:{n // 60 + 10}:{n % 60:02d}"
        rows.append(f'"{when}.000Z",mlserver-0,agent,"time=""{when}Z"" level=info msg=""{text}"""')
    head = "@timestamp,kubernetes.pod.name,kubernetes.container.name,message"
    (tmp_path / "export.csv").write_text("\n".join([head, *(rows[::-1] if newest_first else rows)]) + "\n")
    assert [s.head for s in read(open_bundle([tmp_path])).covered.streams] == ["whole"]
