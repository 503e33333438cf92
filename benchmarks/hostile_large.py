"""Exports and dumps as large as they come, written piece by piece: what they cost shows at no smaller size."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from random import Random
from typing import Any

MIB = 1 << 20
_WHO = {"namespace": "seldon-mesh", "pod": "seldon-scheduler-0", "container": "scheduler"}
_LABELS = {"pod_name": _WHO["pod"], "namespace_name": _WHO["namespace"], "container_name": _WHO["container"]}


def _lines() -> Iterator[tuple[datetime, str]]:
    """Yield lines of a scheduler without end, and when each was written."""
    at, chance, number = datetime(2025, 7, 12, 10, tzinfo=UTC), Random(1), 0  # noqa: S311 - to be the same each time
    while True:
        number += 1
        at += timedelta(milliseconds=chance.randrange(1, 40))
        level = "info" if number % 500 else "warning"
        yield (
            at,
            f'time="{at:%Y-%m-%dT%H:%M:%SZ}" level={level} msg="Loaded model model-{chance.randrange(2000)} on server '
            f'mlserver replica {number % 3} attempt {number}" func=server.(*SchedulerServer).ServerNotify '
            "source=SchedulerServer",
        )


def _kibana(at: datetime, line: str) -> str:
    said = line.replace('"', '""')
    time = f"{at:%b %d, %Y @ %H:%M:%S}.{at.microsecond // 1000:03}"
    return f'"{time}","seldon-mesh","seldon-scheduler-0","scheduler","{said}"'


def _loki(at: datetime, line: str) -> str:
    return json.dumps([str(int(at.timestamp() * 1e9)), line])


def _elastic(at: datetime, line: str) -> str:
    who = {"namespace": _WHO["namespace"], "pod": {"name": _WHO["pod"]}, "container": {"name": _WHO["container"]}}
    said = {"@timestamp": at.isoformat(), "message": line, "kubernetes": who}
    return json.dumps({"_index": "logs", "_id": str(at), "_score": None, "_source": said})


def _gcp(at: datetime, line: str) -> str:
    resource = {"type": "k8s_container", "labels": _LABELS}
    record = {"insertId": str(at), "textPayload": line, "timestamp": at.isoformat(), "resource": resource}
    return json.dumps(record, indent=2)


def _fluent(at: datetime, line: str) -> str:
    who = _LABELS | {"host": "node-1", "labels": {"app": "x"}}
    return json.dumps({"log": f"{line}\n", "stream": "stderr", "time": at.isoformat(), "kubernetes": who})


# Head, one record, what separates two, foot.
_EXPORTS: Mapping[str, tuple[int, str, Callable[[datetime, str], str], str, str]] = {
    "kibana.csv": (
        180,
        '"@timestamp","kubernetes.namespace","kubernetes.pod.name","kubernetes.container.name",message\n',
        _kibana,
        "\n",
        "\n",
    ),
    "loki.json": (
        91,
        f'{{"status":"success","data":{{"resultType":"streams","result":[{{"stream":{json.dumps(_WHO)},"values":[',
        _loki,
        ",",
        "]}]}}",
    ),
    "elastic.json": (99, '{"took":1,"hits":{"total":{"value":9},"hits":[', _elastic, ",", "]}}"),
    "gcp.json": (182, "[", _gcp, ",\n", "]"),
    "fluent-bit.jsonl": (180, "", _fluent, "\n", "\n"),
}


def _export(out: Path, size: int, name: str) -> None:
    _, head, record, between, foot = _EXPORTS[name]
    with out.open("w") as file:
        file.write(head)
        for number, (at, line) in enumerate(takewhile(lambda _: file.tell() < size, _lines())):
            file.write((between if number else "") + record(at, line))
        file.write(foot)


def _pod(number: int) -> dict[str, Any]:
    images = {name: f"docker.io/seldonio/{name}:2.8.0" for name in ("agent", "rclone", "mlserver")}
    moment = "2025-07-12T10:00:00Z"
    fields = {f"f:metadata{k}": {"f:labels": {".": {}}} for k in range(20)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod-{number}", "namespace": f"ns-{number % 20}", "labels": {"app": f"app-{number % 50}"},
            "annotations": {"x": "y" * 200}, "creationTimestamp": moment, "uid": f"{number:032x}",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"rs-{number}", "uid": "x"}],
            "managedFields": [{"manager": "kube", "operation": "Update", "apiVersion": "v1", "fieldsV1": fields}],
        },
        "spec": {
            "nodeName": f"node-{number % 30}",
            "containers": [
                {
                    "name": name, "image": image, "env": [{"name": f"VAR_{k}", "value": f"x-{k}"} for k in range(15)],
                    "resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}},
                    "volumeMounts": [{"name": f"v{k}", "mountPath": f"/mnt/{k}"} for k in range(4)],
                }
                for name, image in images.items()
            ],
            "volumes": [{"name": f"v{k}", "emptyDir": {}} for k in range(4)],
        },
        "status": {
            "phase": "Running",
            "podIP": f"10.0.{number // 250 % 250}.{number % 250}",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": moment}],
            "containerStatuses": [
                {
                    "name": name, "ready": True, "restartCount": 0, "image": image,
                    "state": {"running": {"startedAt": moment}},
                }
                for name, image in images.items()
            ],
        },
    }  # fmt: skip


def _pods(out: Path, size: int, name: str) -> None:
    with out.open("w") as file:
        if name.endswith(".yaml"):
            import yaml

            text = yaml.safe_dump([_pod(777777)])
            file.write("apiVersion: v1\nitems:\n")
            for number in range(size // len(text)):
                file.write(text.replace("777777", str(number)))
            file.write("kind: List\n")
            return
        indent = 4 if "pretty" in name else None
        file.write('{"apiVersion": "v1", "kind": "PodList", "items": [')
        number = 0
        while file.tell() < size:
            file.write((",\n" if indent else ",") if number else "")
            file.write(json.dumps(_pod(number), indent=indent))
            number += 1
        file.write("]}\n")


def _nested(out: Path, size: int, name: str) -> None:
    del name
    depth = size // 6
    out.write_bytes(b'{"a":' * depth + b"1" + b"}" * depth)


def _long(out: Path, size: int, name: str) -> None:
    del name
    with out.open("wb") as file:
        file.write(b"\xff\xfe" + ("x" * (size // 2) + "\r\n").encode("utf-16-le"))
        for (_, line), _ in zip(_lines(), range(1000), strict=False):
            file.write(f"{line}\r\n".encode("utf-16-le"))


_LARGE: Mapping[str, tuple[int, Callable[[Path, int, str], None]]] = {
    **{name: (spec[0], _export) for name, spec in _EXPORTS.items()},
    "pods-line.json": (300, _pods),
    "pods-pretty.json": (300, _pods),
    "pods.yaml": (300, _pods),
    "nested.json": (100, _nested),
    "utf-16.log": (100, _long),
}


def large() -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Yield the name of each, and what writes it."""
    for name, (size, write) in _LARGE.items():
        yield f"large-{name}", lambda out, size=size, write=write, name=name: write(out, size * MIB, name)
