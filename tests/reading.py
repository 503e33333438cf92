"""The forms in which customers send things: small files, each with what ought to be read of it.

Names, times and words are invented; the forms are those of the collectors and log stores themselves.
"""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

SAID = [
    'time="2025-07-12T18:30:09Z" level=info msg="Rclone Config loaded &{[] []}" func=updateConfig source=AgentConfigHandler',
    'time="2025-07-12T18:30:10Z" level=info msg="Subscribed to scheduler" func=StartControlLoop Source=Client',
    'time="2025-07-12T18:30:11Z" level=info msg="Server Capabilities [sklearn]" func=updateConfig source=AgentConfigHandler',
] * 3
PLAIN = "\n".join(SAID) + "\n"
STAMP = "2025-07-12T18:30:09.123456789Z"
UID = "2677ca7d-5420-48ef-a07b-ff4cab96821c"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "mlserver-0", "namespace": "ml", "creationTimestamp": "2025-07-12T18:00:00Z"},
    "spec": {"containers": [{"name": "agent", "image": "x:1"}]},
    "status": {"phase": "Running"},
}
MODEL = {
    "apiVersion": "mlops.seldon.io/v1alpha1",
    "kind": "Model",
    "metadata": {"name": "iris", "namespace": "ml", "generation": 1},
    "spec": {"storageUri": "gs://bucket/iris"},
}
EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "mlserver-0.1", "namespace": "ml"},
    "involvedObject": {"kind": "Pod", "name": "mlserver-0", "namespace": "ml"},
    "reason": "FailedScheduling",
    "message": "0/3 nodes are available: 3 Insufficient memory.",
    "type": "Warning",
    "source": {},
    "firstTimestamp": None,
    "lastTimestamp": None,
    "eventTime": "2025-07-12T18:30:09.123456Z",
    "reportingComponent": "default-scheduler",
}


@dataclass(frozen=True, slots=True)
class Form:
    """A file, and what is read of it: source, number of rows, and the columns that must hold a value in every row."""

    path: str
    data: bytes
    source: str = "log.agent"
    rows: int = len(SAID)
    said: tuple[tuple[str, object], ...] = ()
    only_by_name: tuple[str, ...] = ()  # columns that the name tells, not the content


def _wrapped(wrap: Callable[[str], str]) -> bytes:
    return ("\n".join(map(wrap, SAID)) + "\n").encode()


def _listed(kind: str, *items: object, **more: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": kind, "items": list(items), **more}


def _tar(name: str, data: bytes, mode: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _zip(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def _csv(*rows: tuple[str, ...], separator: str = ",") -> str:
    return "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)


PLACE: tuple[tuple[str, object], ...] = (("namespace", "ml"), ("pod", "mlserver-0"), ("container", "agent"))
NAMED = ("namespace", "pod", "container")
PLAIN_DATA = PLAIN.encode()
CRI = _wrapped(lambda line: f"{STAMP} stderr F {line}")
STAMPED = _wrapped(lambda line: f"{STAMP} {line}")
POD_YAML = """apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2025-07-12T18:00:00Z"
  name: mlserver-0
  namespace: ml
spec:
  containers:
  - image: x:1
    name: agent
status:
  phase: Running
"""
DESCRIBED = """Name:             mlserver-0
Namespace:        ml
Priority:         0
Node:             node-1/10.0.0.1
Start Time:       Sat, 12 Jul 2025 18:00:00 +0000
Status:           Running
IP:               10.1.2.3
Containers:
  agent:
    Image:          x:1
    State:          Running
      Started:      Sat, 12 Jul 2025 18:00:05 +0000
    Ready:          True
    Restart Count:  0
Conditions:
  Type    Status
  Ready   True
Events:   <none>
"""

LAYOUTS = {
    "troubleshoot log": Form("support-bundle-2025/cluster-resources/pods/logs/ml/mlserver-0/agent.log", PLAIN_DATA, said=PLACE, only_by_name=NAMED),
    "troubleshoot pods": Form("support-bundle-2025/cluster-resources/pods/ml.json", json.dumps(_listed("PodList", POD), indent=2).encode(), "k8s.pod", 1, (("name", "mlserver-0"), ("namespace", "ml"))),
    "troubleshoot models, a bare array": Form("support-bundle-2025/cluster-resources/custom-resources/models.mlops.seldon.io/ml.json", json.dumps([MODEL], indent=2).encode(), "k8s.model", 1, (("name", "iris"),)),
    "cluster-info dump log": Form("dump/ml/mlserver-0/logs.txt", b"==== START logs for container agent of pod ml/mlserver-0 ====\n" + PLAIN_DATA + b"==== END logs for container agent of pod ml/mlserver-0 ====\n", said=PLACE),
    "cluster-info dump pods, items without kind": Form("dump/ml/pods.json", json.dumps(_listed("PodList", {k: v for k, v in POD.items() if k not in ("kind", "apiVersion")}), indent=4).encode(), "k8s.pod", 1, (("name", "mlserver-0"),)),
    "inspect log": Form("inspect.local.1/namespaces/ml/pods/mlserver-0/agent/agent/logs/current.log", STAMPED, said=PLACE, only_by_name=NAMED),
    "inspect previous log": Form("inspect.local.1/namespaces/ml/pods/mlserver-0/agent/agent/logs/previous.log", _wrapped(lambda line: f"2025-07-11T18:30:09.512345678Z {line.replace('07-12', '07-11')}"), said=(*PLACE, ("previous", True)), only_by_name=(*NAMED, "previous")),
    "inspect pod": Form("inspect.local.1/namespaces/ml/pods/mlserver-0/mlserver-0.yaml", b"---\n" + POD_YAML.encode(), "k8s.pod", 1, (("name", "mlserver-0"),)),
    "sosreport": Form("sosreport-h-2025-07-12-abcdefg/sos_commands/kubernetes/cluster-info/ml/podlogs/mlserver-0/kubectl_--namespace_ml_logs_mlserver-0_-c_agent", PLAIN_DATA, said=PLACE, only_by_name=NAMED),
    "Rancher": Form("supportbundle_x_2025/logs/ml/mlserver-0/agent.log", PLAIN_DATA, said=PLACE, only_by_name=NAMED),
    "Rancher, zip in zip": Form("supportbundle_x_2025.zip", _zip("logs/ml/mlserver-0/agent.log", PLAIN_DATA), said=PLACE),
    "Sonobuoy log": Form("sono/podlogs/ml/mlserver-0/logs/agent.txt", PLAIN_DATA, said=PLACE, only_by_name=NAMED),
    "Sonobuoy pods, a bare array": Form("sono/resources/ns/ml/core_v1_pods.json", json.dumps([POD]).encode(), "k8s.pod", 1),
    "node folder": Form(f"node/pods/ml_mlserver-0_{UID}/agent/0.log", CRI, said=PLACE, only_by_name=NAMED),
    "node link": Form(f"var/log/containers/mlserver-0_ml_agent-{'ab' * 32}.log", CRI, said=PLACE, only_by_name=NAMED),
    "k9s": Form("k9s/ml-mlserver-0-1752345009123456789.log", PLAIN_DATA, said=(("pod", "mlserver-0"),), only_by_name=("pod",)),
    "by hand": Form("Untitled.txt", PLAIN_DATA),
    "by hand, with what kubectl says first": Form("new 1.txt", b'Defaulted container "agent" out of: agent, rclone, mlserver\n' + PLAIN_DATA),
    "by hand, with the command": Form("paste.txt", b"$ kubectl logs mlserver-0 -c agent -n ml\n" + PLAIN_DATA, said=PLACE),
    "minikube logs": Form("minikube.txt", b"==> kubelet <==\n\n==> agent [0123456789ab] <==\n" + PLAIN_DATA),
}  # fmt: skip

WRAPPERS = {
    "CRI": Form("w/1", CRI),
    "CRI, cut in parts": Form("w/2", "".join(f"{STAMP} stderr P {x[:40]}\n{STAMP} stderr F {x[40:]}\n" for x in SAID).encode()),
    "docker": Form("w/3", _wrapped(lambda x: json.dumps({"log": x + "\n", "stream": "stderr", "time": STAMP}))),
    "--timestamps": Form("w/4", STAMPED),
    "--prefix": Form("w/5", _wrapped(lambda x: f"[pod/mlserver-0/agent] {x}"), said=PLACE[1:]),
    "--prefix --timestamps": Form("w/6", _wrapped(lambda x: f"[pod/mlserver-0/agent] {STAMP} {x}"), said=PLACE[1:]),
    "stern": Form("w/7", _wrapped(lambda x: f"ml mlserver-0 agent {x}"), said=PLACE[1:]),
    "compose": Form("w/8", _wrapped(lambda x: f"agent-1  | {x}")),
    "compose with colours": Form("w/9", _wrapped(lambda x: f"\x1b[2K\x1b[36magent-1  | \x1b[0m{x}")),
    "Loki": Form("w/10", json.dumps({"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"namespace": "ml", "pod": "mlserver-0", "container": "agent"}, "values": [[str(1752345009_000000000 + i), x] for i, x in enumerate(SAID)][::-1]}]}}).encode(), said=PLACE),
    "logcli": Form("w/11", _wrapped(lambda x: f'{STAMP} {{namespace="ml", pod="mlserver-0", container="agent"}} {x}'), said=PLACE),
    "Grafana txt": Form("w/12", b'Common labels: {"pod":"mlserver-0"}\nLimit: 1000\n\n\n' + _wrapped(lambda x: f"1752345009123\t{STAMP}\t{x}")),
    "Grafana csv, UTF-16": Form("w/13", b"\xff\xfe" + _csv(("Time", "Line"), *((STAMP, x) for x in SAID), separator="\t").encode("utf-16-le")),
    "Kibana csv": Form("w/14", _csv(("@timestamp", "message"), *(("Jul 12, 2025 @ 18:30:09.123", x) for x in SAID)).encode()),
    "Elasticsearch": Form("w/15", json.dumps({"hits": {"hits": [{"_source": {"@timestamp": STAMP, "message": x, "kubernetes": {"namespace": "ml", "pod": {"name": "mlserver-0"}, "container": {"name": "agent"}}}} for x in SAID]}}).encode(), said=PLACE),
    "Fluent Bit": Form("w/16", _wrapped(lambda x: json.dumps({"log": x + "\n", "stream": "stderr", "time": STAMP, "kubernetes": {"pod_name": "mlserver-0", "namespace_name": "ml", "container_name": "agent"}})), said=PLACE),
    "GCP": Form("w/17", json.dumps([{"insertId": "x", "timestamp": STAMP, "textPayload": x, "resource": {"labels": {"namespace_name": "ml", "pod_name": "mlserver-0", "container_name": "agent"}}} for x in SAID]).encode(), said=PLACE),
    "CloudWatch csv": Form("w/18", _csv(("timestamp", "message"), *(("1752345009123", x) for x in SAID)).encode()),
    "CloudWatch json": Form("w/19", json.dumps({"events": [{"timestamp": 1752345009123, "message": x, "ingestionTime": 1} for x in SAID]}).encode()),
    "Azure": Form("w/20", _csv(("TimeGenerated [UTC]", "PodName", "ContainerName", "LogMessage", "LogSource"), *(("7/12/2025, 6:30:09.123 PM", "mlserver-0", "agent", x, "stderr") for x in SAID)).encode(), said=PLACE[1:]),
    "OTLP": Form("w/21", (json.dumps({"resourceLogs": [{"resource": {"attributes": [{"key": "k8s.pod.name", "value": {"stringValue": "mlserver-0"}}]}, "scopeLogs": [{"logRecords": [{"timeUnixNano": "1752345009000000000", "severityText": "INFO", "body": {"stringValue": x}} for x in SAID]}]}]}) + "\n").encode()),
    "Splunk": Form("w/22", _csv(("_time", "_raw"), *((STAMP, x) for x in SAID)).encode()),
    "journal": Form("w/23", _wrapped(lambda x: f"2025-07-12T20:30:09.123456+0200 node-1 agent[12]: {x}")),
    "fences": Form("w/24", b"```\n" + PLAIN_DATA + b"```\n"),
    "fences, each in its own wrapper": Form("w/25", ("```\n" + "".join(f"{STAMP} stderr F {x}\n" for x in SAID[:3]) + "```\n```\n" + "\n".join(SAID[3:]) + "\n```\n").encode()),
    "rows of a screen": Form("w/26", "".join(f"{x[at : at + 70]}\n" for x in SAID for at in range(0, len(x), 70)).encode()),
    "k9s": Form("w/27", ("\u250c\u2500 Logs(ml/mlserver-0:agent)[tail] \u2500\u2510\n" + "".join(f"\u2502 {x[at : at + 90]:90} \u2502\n" for x in SAID for at in range(0, len(x), 90))).encode(), said=PLACE),
    "HTML": Form("w/29", ("<html><body><p>" + "</p><p>".join(x.replace("&", "&amp;").replace('"', "&quot;") for x in SAID) + "</p></body></html>\n").encode()),
    "HTML, with breaks": Form("w/30", ("<div>" + "<br>\n".join(x.replace("&", "&amp;") for x in SAID) + "</div>\n").encode()),
    "escaped line feeds": Form("w/31", json.dumps(PLAIN).encode()),
    "quoted twice": Form("w/32", _wrapped(lambda x: f">> {x}")),
    "curly quotes": Form("w/28", PLAIN.replace('="', "=\u201c").replace('"', "\u201d").encode()),
}  # fmt: skip

CONTAINERS = {
    "gzip": Form("c/a.log.gz", gzip.compress(PLAIN_DATA, mtime=0)),
    "bzip2": Form("c/a.log.bz2", bz2.compress(PLAIN_DATA)),
    "xz": Form("c/a.log.xz", lzma.compress(PLAIN_DATA)),
    "tar": Form("c/a.tar", _tar("x/a.log", PLAIN_DATA, "w")),
    "tar.gz": Form("c/a.tgz", _tar("x/a.log", PLAIN_DATA, "w:gz")),
    "tar.xz without its suffix": Form("c/upload", _tar("x/a.log", PLAIN_DATA, "w:xz")),
    "zip": Form("c/a.zip", _zip("x\\a.log", PLAIN_DATA)),
    "four levels": Form("c/b.zip", _zip("t.tgz", _tar("n.zip", _zip("a.log.gz", gzip.compress(PLAIN_DATA)), "w:gz"))),
    "CRLF": Form("c/crlf", PLAIN_DATA.replace(b"\n", b"\r\n")),
    "BOM": Form("c/bom", b"\xef\xbb\xbf" + PLAIN_DATA),
    "UTF-16": Form("c/utf16", b"\xff\xfe" + PLAIN.replace("\n", "\r\n").encode("utf-16-le")),
    "ANSI colours": Form("c/ansi", _wrapped(lambda x: f"\x1b[36m{x}\x1b[0m")),
    "no last newline": Form("c/short", PLAIN_DATA.rstrip(b"\n")),
}  # fmt: skip

SHAPES = {
    "object, YAML": Form("o/1", POD_YAML.encode(), "k8s.pod", 1, (("name", "mlserver-0"), ("namespace", "ml"))),
    "documents, YAML": Form("o/2", (POD_YAML + "---\n" + POD_YAML.replace("mlserver-0", "triton-0")).encode(), "k8s.pod", 2),
    "list, YAML": Form("o/3", b"apiVersion: v1\nitems:\n- " + POD_YAML.rstrip().replace("\n", "\n  ").encode() + b"\nkind: List\n", "k8s.pod", 1),
    "object, JSON": Form("o/4", json.dumps(POD).encode(), "k8s.pod", 1),
    "list, JSON": Form("o/5", json.dumps(_listed("List", POD, MODEL), indent=4).encode(), "k8s.model", 1, (("name", "iris"),)),
    "a JSON document after the other": Form("o/6", (json.dumps(POD, indent=2) + json.dumps(MODEL, indent=2)).encode(), "k8s.model", 1),
    "scheduler's event": Form("o/7", json.dumps(_listed("EventList", EVENT)).encode(), "k8s.event", 1, (("reason", "FailedScheduling"),)),
    "table of pods": Form("o/8", b"NAME         READY   STATUS             RESTARTS        AGE\nmlserver-0   2/3     CrashLoopBackOff   5 (2m14s ago)   3d4h\n", "k8s.pod", 1, (("name", "mlserver-0"),)),
    "table of all namespaces": Form("o/9", b"NAMESPACE   NAME         READY   STATUS    RESTARTS   AGE   IP         NODE     NOMINATED NODE   READINESS GATES\nml          mlserver-0   3/3     Running   0          2d    10.1.2.3   node-1   <none>           <none>\n", "k8s.pod", 1, (("namespace", "ml"),)),
    "table of models": Form("o/10", b"NAME   READY   DESIRED REPLICAS   AVAILABLE REPLICAS   MODELGW READY   AGE\niris   True    1                  1                    True            3d\n", "k8s.model", 1, (("name", "iris"),)),
    "table of events": Form("o/11", b"LAST SEEN   TYPE      REASON             OBJECT           MESSAGE\n2m14s       Warning   FailedScheduling   pod/mlserver-0   0/3 nodes are available: 3 Insufficient memory.\n", "k8s.event", 1, (("reason", "FailedScheduling"),)),
    "kubectl events": Form("o/12", b"LAST SEEN                TYPE      REASON    OBJECT           MESSAGE\n2m11s (x14 over 37m)     Warning   BackOff   Pod/mlserver-0   Back-off restarting failed container\n", "k8s.event", 1, (("reason", "BackOff"),)),
    "described pod": Form("o/13", DESCRIBED.encode(), "k8s.pod", 1, (("name", "mlserver-0"), ("namespace", "ml"))),
    "Go's own types": Form("o/14", json.dumps({"Items": [{"Name": "mlserver-0", "Namespace": "ml", "Spec": {"Containers": [{"Name": "agent", "Image": "x:1"}]}, "Status": {"Phase": "Running", "ContainerStatuses": []}}]}).encode(), "k8s.pod", 1),
}  # fmt: skip

LINES_OF_TIME = {
    "zap": ("2025-07-12T18:30:09.123Z\tINFO\tsetup\tSetting log level\t{{\"level\": \"info\"}}", "log.controller"),
    "klog": ("I0712 18:30:09.123456       1 leaderelection.go:250] attempting to acquire leader lease", None),
    "rclone": ("2025/07/12 18:30:09 NOTICE: Serving remote control on http://[::]:5572/", "log.rclone"),
    "MLServer": ("2025-07-12 18:30:09,949 [mlserver.rest] INFO - HTTP server running on http://0.0.0.0:9000", "log.mlserver"),
    "Envoy": ("[2025-07-12 18:30:09.172][1][info][main] [source/server/server.cc:467] initializing epoch 0", "log.envoy"),
    "Envoy's access log": ('[2025-07-12T18:30:09.099Z] "POST /v2/models/iris/infer HTTP/1.1" 404 - NR 0 0 0 - "-" "curl" "x" "mesh" "-"', "log.envoy_access"),
}  # fmt: skip
TIMES = {
    name: Form(f"t/{name}", ((line.replace("{{", "{").replace("}}", "}") + "\n") * 3).encode(), source, 3)
    for name, (line, source) in LINES_OF_TIME.items()
    if source
}
FORMS = {
    f"{part}: {name}": form
    for part, forms in (
        ("layout", LAYOUTS),
        ("wrapper", WRAPPERS),
        ("container", CONTAINERS),
        ("shape", SHAPES),
        ("time", TIMES),
    )
    for name, form in forms.items()
}
