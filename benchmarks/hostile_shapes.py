# ruff: noqa: E501, RUF001 - what is hostile is as long as it is
"""What collectors, log stores and people write, each with what hurts inside: the shapes of real files, spoiled."""

import base64
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping

from benchmarks.hostile_archives import SECRET

MOMENT = "2025-07-12T18:30:09.123456789Z"
LINE = 'time="2025-07-12T18:30:09Z" level=error msg="no room for model" func=x source=SchedulerServer'
# What a terminal obeys: a title, a link, the other direction, a cleared screen, 8-bit controls.
CONTROL = "\x1b]0;owned\x07\x1b]8;;http://x\x1b\\a\x1b]8;;\x1b\\\u202egnp\u2066\x9b2J\x85\u2028\x7f"
_ENCODED = base64.b64encode(SECRET.encode()).decode()


def _tar(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for name, data in members.items():
            held = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
            entry = tarfile.TarInfo(name)
            entry.size = len(held)
            archive.addfile(entry, io.BytesIO(held))
    return out.getvalue()


def _zip(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _pod(name: str, **metadata: object) -> dict[str, object]:
    about = {"name": name, "namespace": "seldon-mesh", **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": {"containers": []}, "status": {}}


def _list(kind: str, *items: object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": kind, "items": items}, indent=4)


def objects() -> Iterator[tuple[str, str]]:
    """Yield name and text of objects as YAML and JSON can write them, and people put them together."""
    yield "appended.yaml", "".join(f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: a{n}\n" for n in range(3000))
    yield "appended-keys.yaml", "apiVersion: v1\nkind: Pod\n" + "kind: Pod\n" * 100_000
    yield "appended-in-turn.yaml", "apiVersion: v1\nkind: Pod\n" + "{}\napiVersion: v1\n" * 100_000
    secret = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  x: {_ENCODED}\nstringData:\n  y: {SECRET}\n"
    yield "secrets-appended.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n" + secret + secret
    flow = f"{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, stringData: {{x: {SECRET}, y: '{SECRET}'}}}}\n"
    yield "secret-flow.yaml", "---\n" + flow
    yield "secret-flow-list.yaml", f"apiVersion: v1\nkind: List\nitems:\n- {flow}- {flow}"
    yield "secret-blocks.yaml", (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  a: |\n    " + SECRET + "\n  b: >-\n    "
        + SECRET + "\n  c: \"" + SECRET[:9] + "\\\n    " + SECRET[9:] + "\"\n  ? d\n  : " + SECRET + "\n  'e': !!str " + SECRET + "\n"
    )  # fmt: skip
    yield (
        "secret-anchors.yaml",
        (
            f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData: &all\n  password: &one {SECRET}\n"
            f"data:\n  <<: *all\n  again: *one\n"
        ),
    )
    yield (
        "secret-one-line.log",
        LINE
        + "\n"
        + json.dumps({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, "stringData": {"x": SECRET}}),
    )
    yield (
        "escaped-names.yaml",
        "".join(
            f'apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {json.dumps(CONTROL)}\n  namespace: "\\e[2J\\u202E\\x9b"\n'
            f"  labels: {json.dumps({CONTROL: CONTROL})}\nspec: {json.dumps({CONTROL: [CONTROL]})}\n"
            f"status:\n  phase: Pending\n  conditions:\n  - type: Ready\n    status: 'False'\n    message: {json.dumps(CONTROL)}\n"
            for kind in ("Pod", "Model", "Server", "Pipeline", "Service", "Node")
        ),
    )
    yield "escaped-names.json", _list("PodList", *(_pod(CONTROL * n, labels={CONTROL: CONTROL}) for n in range(1, 4)))
    yield "escaped-events.json", _list("EventList", *(
        {"kind": "Event", "apiVersion": "v1", "metadata": {"name": CONTROL}, "reason": CONTROL, "message": CONTROL,
         "type": "Warning", "count": 3, "lastTimestamp": "2025-07-12T18:30:09Z",
         "involvedObject": {"kind": "Pod", "name": CONTROL, "namespace": CONTROL}} for _ in range(3)
    ))  # fmt: skip
    yield "dashes.yaml", "apiVersion: v1\nkind: Pod\nx:\n" + "- " * 50_000 + "a\n"
    yield (
        "stairs.yaml",
        "apiVersion: v1\nitems:\n" + "".join(f"{' ' * n}- a:\n" for n in range(0, 3000, 2)) + "kind: List\n",
    )
    yield "anchors.yaml", "apiVersion: v1\nitems:\n" + "".join(
        f"- &a{n}\n  kind: Pod\n  metadata: {{name: a{n}}}\n  x: [*a{n}, *a{n}]\n" for n in range(200)
    ) + "kind: List\n"  # fmt: skip
    yield (
        "texts.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n"
        + "".join(f"  k{n}: |\n    a\n   b\n" for n in range(5000)),
    )
    yield "unlike.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n" + "  k: 'a\n" * 100_000
    yield "sexagesimal.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  x: " + "9:" * 30_000 + "9\n"
    yield "integer.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  generation: " + "9" * 100_000 + "\n"
    values = "\n".join(f"  k{n}: {'=' * 3} {CONTROL}" for n in range(50))
    yield (
        "helm-all.txt",
        (
            "NAME: seldon\nLAST DEPLOYED: Sat Jul 12 18:30:09 2025\nNAMESPACE: seldon-mesh\nSTATUS: failed\nREVISION: 99999999999\n"
            f"USER-SUPPLIED VALUES:\npassword: {SECRET}\n{values}\nCOMPUTED VALUES:\n{{}}\nHOOKS:\n---\n# Source: a/b.yaml\n"
            "MANIFEST:\n---\n# Source: x\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nMANIFEST:\nNOTES:\n"
            + CONTROL
            + "\n"
        ),
    )


def sessions() -> Iterator[tuple[str, str]]:
    """Yield name and text of what is pasted from terminals, tickets and chats."""
    pods = _list("PodList", *(_pod(f"a{n}", annotations={"x": "y" * 2000}) for n in range(4000)))
    prompt = "someone@host:~$ kubectl get pods -o json\n"
    yield "session-dumps.txt", prompt + pods + "\n" + prompt + pods + "\nsomeone@host:~$ exit\n"
    yield "session-controls.txt", (
        f"\x1b[?2004hsomeone@host:~$ kubectl logs a -n {CONTROL}\r\n\x1b[?2004l\r" + (LINE + "\r\n") * 3
        + "someone@host:~$ cat ~/.kube/config\napiVersion: v1\nkind: Config\nusers:\n- name: u\n  user:\n    token: " + SECRET
        + f"\n    password: {SECRET}\n    client-key-data: {_ENCODED}\nsomeone@host:~$ export AWS_SECRET_ACCESS_KEY={SECRET}\n"
        + f"someone@host:~$ curl -u admin:{SECRET} -H 'Authorization: Bearer {SECRET}' https://u:{SECRET}@x/v2\n"
    )  # fmt: skip
    yield "issue.md", (
        "# It <script>alert(1)</script> fails\n\n![x](http://x/y.png)\n\n```\n" + (LINE + "\n") * 3 + "````\nstill\n```\n"
        + f"~~~yaml\nkind: Secret\nstringData:\n  x: {SECRET}\n~~~\n> ```\n> {LINE}\n> ```\n" + "`" * 50_000 + "\n" + "```\n" * 3000
    )  # fmt: skip
    yield (
        "powershell.txt",
        "PS C:\\Users\\x> kubectl logs a\r\n" + (LINE + "\r\n") * 5 + "At line:1 char:1\r\n+ ~~~~\r\n" * 2000,
    )
    yield "progress.log", "".join(f"\r{n:3}% [{'=' * (n % 50)}>\x1b[K" for n in range(30_000)) + "\n" + LINE + "\n"
    yield "backspaces.log", (LINE + "\b" * 200 + "x" * 10 + "\n") * 200
    yield (
        "ages.txt",
        "NAME   READY   STATUS   RESTARTS   AGE\n"
        + "".join(
            f"a{n}   {'9' * 30}/{'9' * 30}   {CONTROL}   {'9' * 25} ({'9' * 25}d ago)   {'9' * 25}y\n"
            for n in range(100)
        ),
    )


def streams() -> Iterator[tuple[str, str]]:
    """Yield name and text of what stern, kail, compose, k9s and node agents write."""
    yield "stern.log", "".join(f"\x1b[3{n % 8}ma-{n % 300}\x1b[0m \x1b[36mc\x1b[0m {LINE}\n" for n in range(3000))
    yield "stern-plus.log", "".join(f"{sign} a-{n} › c\n" for n in range(2000) for sign in "+-") + f"a-1 c {LINE}\n" * 3
    yield (
        "stern.jsonl",
        "".join(
            json.dumps({"message": LINE, "nodeName": each, "namespace": each, "podName": each, "containerName": each})
            + "\n"
            for each in (CONTROL, "", "x" * 100_000, "../../etc/passwd", "a\nb", "\ud800")
        ),
    )
    yield "kail.log", "".join(f"{CONTROL[:3]}ns{n}/pod[c]: {LINE}\n" for n in range(50)) + f"ns/a[c]: {LINE}\n" * 50
    yield (
        "compose.log",
        "".join(f"\x1b[36mscheduler-{n % 5}   |\x1b[0m {LINE}\n" for n in range(500)) + "scheduler-1  | \n" * 5000,
    )
    yield "compose-bars.log", ("a | " * 20_000 + LINE + "\n") * 5
    yield "k9s.log", "".join(f"\x1b[0;38;5;{n}m{MOMENT} {LINE}\x1b[0m[white::b]\n" for n in range(256))
    inner = LINE
    for depth in range(12):
        inner = (
            json.dumps({"log": inner + "\n", "stream": "stderr", "time": MOMENT})
            if depth % 2
            else f"{MOMENT} stderr F {inner}"
        )
    yield "wrapped-12.log", (inner + "\n") * 20
    for depth in range(8):
        inner = json.dumps({"message": inner, "kubernetes": {"pod_name": "a" * depth}, "@timestamp": MOMENT})
    yield "wrapped-20.jsonl", (inner[:2_000_000] + "\n") * 3
    yield "partials.log", "".join(f"{MOMENT} stdout P {LINE[n % 40 :]}\n{MOMENT} stderr P x\n" for n in range(20_000))
    yield (
        "journal.log",
        "".join(
            f"Jul 12 18:30:{n % 60:02} node-1 kubelet[{n}]: {CONTROL if n % 7 == 0 else LINE}\n" for n in range(2000)
        ),
    )
    yield "journal-binary.journal", "LPKSHHRH" + "\0" * 200 + LINE + "\0" * 5000
    yield "syslog.log", "".join(f'<{n}>1 {MOMENT} host app {n} ID [a@1 x="{"]" * 50}"] {LINE}\n' for n in range(500))
    yield (
        "klog.log",
        "".join(f"{level}0712 99:99:99.999999 {n:7} x.go:{n}] {CONTROL}\n" for n in range(300) for level in "IWEF"),
    )
    yield (
        "interleaved.log",
        "".join(
            f"2025-07-12 18:30:{n % 60:02},123 [mlserver][a:{n % 700}] ERROR - x\nTraceback (most recent call last):\n"
            for n in range(3000)
        ),
    )


def exports() -> Iterator[tuple[str, str]]:
    """Yield name and text of what log stores and clouds hand out, at odds with themselves."""
    said = json.dumps({"level": "error", "msg": LINE, "password": SECRET})
    for depth in range(6):
        said = json.dumps({"message" if depth % 2 else "log": said})
    yield "cloudwatch-encoded.json", json.dumps({"events": [{"timestamp": 1752345009123, "message": said}] * 50})
    yield (
        "insights.csv",
        "@timestamp,@message,@log\n" + f'2025-07-12 18:30:09.123,"{LINE.replace(chr(34), chr(34) * 2)}","a\n' * 50,
    )
    yield (
        "azure.csv",
        "\ufeffTimeGenerated [UTC],PodName,LogMessage\n" + '"7/12/2025, 6:30:09.123 PM",a,"x\n""y"\n' * 500,
    )
    yield "azure.json", json.dumps({"tables": [{"name": "t", "columns": [{"name": "TimeGenerated"}, {"name": "LogMessage"}],
        "rows": [["2025-07-12T18:30:09Z", LINE], [None], [1, 2, 3], "x", {}]}]})  # fmt: skip
    yield "splunk.jsonl", "".join(
        json.dumps({"preview": False, "offset": n, "result": {"_raw": LINE, "_time": "x", "source": CONTROL}}) + "\n" for n in range(50)
    ) + '{"preview":false,"lastrow":true}\n'  # fmt: skip
    yield (
        "bulk.ndjson",
        "".join(
            f'{{"index":{{"_id":"{n}"}}}}\n' + json.dumps({"@timestamp": MOMENT, "message": LINE}) + "\n"
            for n in range(500)
        ),
    )
    yield (
        "datadog.csv",
        "Date,Host,Service,Message\n"
        + f'"2025-07-12T18:30:09.123Z",h,s,"{CONTROL}"\n' * 300
        + "=cmd|' /C calc'!A0,,,\n",
    )
    yield "logcli.txt", "".join(f'{MOMENT} {{app="a", x="{"}" * 30}"}} {LINE}\n' for _ in range(300))
    yield "loki-structured.json", json.dumps({"data": {"resultType": "streams", "result": [
        {"stream": {"pod": CONTROL}, "values": [["9" * 40, LINE], ["-1", LINE], ["1752345009123456789", LINE, {"x": [1]}]]}]}})  # fmt: skip
    record = {
        "datetime": 1752345009123,
        "logContent": {"data": {"message": LINE, "tailed_path": "/a_b_c" * 9_000}, "specversion": CONTROL},
    }
    yield (
        "oracle-half.jsonl",
        f"{json.dumps(record)}\n" * 20 + json.dumps(record)[:-60] + "\n" + '{"logContent":{"data":' * 5_000,
    )
    yield (
        "labels.csv",
        f'labels,Time,Line\n"{{{"a" * 900_000}",{MOMENT},x\n' + f'"{{pod=""{CONTROL}""}}",{MOMENT},x\n' * 50,
    )
    yield "gcp.yaml", f"---\ninsertId: x\ntextPayload: '{CONTROL}\n" * 300 + "---\n" * 20_000
    frame = {
        "schema": {"fields": [{"name": "Time"}, {"name": "Line"}, 7]},
        "data": {"values": [[1752345009123] * 900, [LINE] * 900, 7]},
    }
    yield (
        "frames.json",
        json.dumps({"results": {"A": {"frames": [frame, {"schema": {}, "data": {"values": [[], {}]}}]}}}),
    )
    yield (
        "columns.json",
        '{"schema":[{"name":"@timestamp"},{"name":"log"}],"datarows":[' + f'["{MOMENT}","x"],[],[[[' * 5_000,
    )
    yield "pods-of-nobody.log", "".join(f"p{n}-0 agent x\n" for n in range(20_000))
    yield "tabs.tsv", "timestamp\tmessage\n" + f"{MOMENT}\t{LINE}\n" * 50 + "\t" * 200_000 + "\n"
    yield "wide.csv", ",".join(f"c{n}" for n in range(20_000)) + "\n" + ",".join("x" * 20_000) + "\n"
    yield "labels-without-end.prom", '# TYPE a counter\na{b="' + '\\"' * 300_000 + "\n"
    yield (
        "many-labels.prom",
        "# TYPE a counter\n" + "a{" + ",".join(f'l{n}="x"' for n in range(50_000)) + "} 1\n" + "a 1\n" * 50_000,
    )


def collections() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of archives laid out as the collectors do, whose members are at odds with their names."""
    pods = _list("PodList", _pod("a"))
    yield "must-gather.tar.gz", _tar({
        "must-gather.local.1/timestamp": "2025-07-12 18:30:09 +0000 UTC m=+0.1\n2025-07-12 18:29:00\n",
        "must-gather.local.1/q/namespaces/ml/core/pods.yaml": pods,
        "must-gather.local.1/q/namespaces/ml/core/events.yaml": "apiVersion: v1\nitems:\n- {}\n- null\n- []\nkind: EventList\n",
        "must-gather.local.1/q/namespaces/ml/pods/a/c/c/logs/current.log": f"{MOMENT} {LINE}\n" * 5,
        "must-gather.local.1/q/namespaces/ml/pods/a/c/c/logs/previous.log": b"",
        "must-gather.local.1/q/namespaces/ml/pods/a/c/c/logs/previous.insecure.log": b"\0" * 10_000,
        "must-gather.local.1/q/namespaces/../../../../etc/passwd": LINE,
        f"must-gather.local.1/q/namespaces/{CONTROL}/core/pods.yaml": pods,
        "must-gather.local.1/q/event-filter.html": "<script>alert(1)</script>" * 5000,
        "must-gather.local.1/q/host_service_logs/masters/kubelet_service.log.gz": gzip.compress(LINE.encode() * 9)[:-9],
        "must-gather.local.1/q/cluster-scoped-resources/core/secrets/s.yaml":
            f"kind: Secret\napiVersion: v1\nmetadata: {{name: s}}\ndata: {{x: {_ENCODED}, password: {_ENCODED}}}\nstringData: {{y: {SECRET}}}\n",
    })  # fmt: skip
    yield "troubleshoot.tar.gz", _tar({
        "support-bundle-2025-07-12T18_30_09/version.yaml": "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: []\n",
        "support-bundle-2025-07-12T18_30_09/analysis.json": '[{"name":null,"severity":"error","insight":[]}]',
        "support-bundle-2025-07-12T18_30_09/cluster-resources/pods/ml.json": pods,
        "support-bundle-2025-07-12T18_30_09/cluster-resources/pods/ml-errors.json": '["pods is forbidden"]',
        "support-bundle-2025-07-12T18_30_09/cluster-resources/secrets/ml.json": json.dumps({"kind": "SecretList", "apiVersion": "v1",
            "items": [{"metadata": {"name": "s"}, "data": {"x": _ENCODED}, "stringData": {"y": SECRET}}]}),
        "support-bundle-2025-07-12T18_30_09/cluster-resources/pods/logs/ml/a/c.log": (LINE + "\n") * 5,
        "support-bundle-2025-07-12T18_30_09/cluster-resources/pods/logs/ml/a/c-previous.log": "unable to retrieve container logs for x\n",
        "support-bundle-2025-07-12T18_30_09/execution-data/summary.txt": CONTROL,
    })  # fmt: skip
    yield "sosreport.tar.gz", _tar({
        "sosreport-h/var/log/containers/a_ml_c-" + "0" * 64 + ".log": f"{MOMENT} stderr F {LINE}\n" * 5,
        "sosreport-h/var/log/pods/ml_a_" + "0" * 36 + "/c/0.log": f"{MOMENT} stderr F {LINE}\n" * 5,
        "sosreport-h/var/log/pods/ml_a_" + "0" * 36 + "/c/0.log.20250712-183009.gz": gzip.compress((f"{MOMENT} stderr P {LINE}\n" * 5).encode()),
        "sosreport-h/var/log/pods/ml_a_" + "0" * 36 + "/c/99999999999999999999.log": f"{MOMENT} stderr F {LINE}\n",
        "sosreport-h/sos_commands/kubernetes/kubectl_get_-o_json_pods": pods,
        "sosreport-h/sos_commands/crio/crictl_inspect": '{"status":' * 5000,
        "sosreport-h/var/log/journal/x.journal": b"LPKSHHRH" + bytes(4096),
        "sosreport-h/etc/kubernetes/admin.conf": f"apiVersion: v1\nkind: Config\nusers:\n- user: {{token: {SECRET}, password: {SECRET}}}\n",
    })  # fmt: skip
    yield "windows.zip", _zip({
        "logs\\seldon-scheduler-0.log": (LINE + "\r\n").encode("utf-16"),
        "logs\\CON": LINE.encode(), "C:\\logs\\a.log": LINE.encode(), "logs/a.log:stream": LINE.encode(),
        "logs\\pods.txt": ("\ufeff" + "NAME READY STATUS RESTARTS AGE\r\na 1/1 Running 0 5m\r\n").encode("utf-16-le"),
        "logs/a.log. ": LINE.encode(), "logs/\uff0e\uff0e/b.log": LINE.encode(),
    })  # fmt: skip
    inner = _tar({"a.log": (LINE + "\n") * 3})
    for depth in range(6):
        inner = (
            _zip({f"{depth}.tar.gz": inner})
            if depth % 2
            else _tar({f"{depth}.zip": inner, f"{depth}.log": LINE + "\n"})
        )
    yield "nested-collections.zip", inner
    yield "same-many-times.tar.gz", _tar({f"{n}/scheduler.log": (LINE + "\n") * 20 for n in range(300)})
    yield "dump.tar.gz", _tar({f"{n % 30}/{kind}.json": '{"kind":"List","apiVersion":"v1","items":[' + "{}," * 20_000
                               for n, kind in enumerate(("pods", "events", "nodes", "services") * 5)})  # fmt: skip


def shapes() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of all of them."""
    for some in (objects(), sessions(), streams(), exports()):
        for name, text in some:
            yield f"as-{name}", text.encode("utf-8", "surrogatepass")
    for name, data in collections():
        yield f"as-{name}", data
