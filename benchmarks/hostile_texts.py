# ruff: noqa: E501 - what is hostile is as long as it is
"""Texts and objects that are hostile or broken in themselves, whatever they are packed in."""

import json
from collections.abc import Iterator

from benchmarks import misshapen

MOMENT = "2025-07-12T18:30:09.123456789Z"
SAID = (
    b'time="2025-07-12T18:30:09Z" level=info msg="Rclone Config loaded &{[] []}" func=x source=AgentConfigHandler\n'
    b'time="2025-07-12T18:30:10Z" level=info msg="Subscribed to scheduler" func=StartControlLoop Source=Client\n'
) * 3
_KINDS = (
    "Model", "Server", "Pipeline", "Experiment", "SeldonRuntime", "SeldonConfig", "ServerConfig", "Pod", "Deployment",
    "StatefulSet", "ReplicaSet", "Job", "Service", "Endpoints", "EndpointSlice", "NetworkPolicy", "Ingress", "Gateway",
    "HTTPRoute", "VirtualService", "DestinationRule", "PeerAuthentication", "AuthorizationPolicy", "Node", "Namespace",
    "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "Secret", "Role", "RoleBinding",
    "ResourceQuota", "LimitRange", "PodDisruptionBudget", "HorizontalPodAutoscaler", "CustomResourceDefinition",
    "ValidatingWebhookConfiguration", "Certificate", "Kafka", "KafkaTopic", "Lease", "Event",
)  # fmt: skip
_FIELDS = (
    "metadata", "spec", "status", "data", "stringData", "involvedObject", "source", "series", "subsets", "endpoints",
    "webhooks", "rules", "subjects", "roleRef", "items", "type", "reason", "message", "count", "eventTime",
    "firstTimestamp", "lastTimestamp", "provisioner", "ports", "addressType",
)  # fmt: skip
_NESTED = (
    "containers", "initContainers", "template", "conditions", "containerStatuses", "labels", "annotations",
    "ownerReferences", "volumes", "steps", "candidates", "ports", "selector", "podSelector", "ingress", "egress",
    "policyTypes", "replicas", "storageUri", "requirements", "memory", "resources", "rules", "tls", "nodeInfo",
    "capacity", "hard", "limits", "podSpec", "overrides", "config", "seldonConfig", "components", "accessModes",
    "name", "namespace", "creationTimestamp", "generation", "phase", "loadBalancer", "listeners", "http", "hosts",
)  # fmt: skip


def _group(kind: str) -> str:
    seldon = ("Model", "Server", "Pipeline", "Experiment", "SeldonRuntime", "SeldonConfig", "ServerConfig")
    return "mlops.seldon.io/v1alpha1" if kind in seldon else "v1"


def objects() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of Kubernetes objects in which every field has a wrong type."""
    for number, value in enumerate(
        ([], {}, "x", 7, None, True, [None], [[1]], {"name": {}}, {"a": ["b"]}, 10**30, -1.5)
    ):
        items = []
        for kind in _KINDS:
            one = {"apiVersion": _group(kind), "kind": kind, "metadata": {"name": f"a{number}", "namespace": "ml"}}
            items.append(one | dict.fromkeys(_FIELDS[1:], value))
            items.append(one | {"spec": dict.fromkeys(_NESTED, value), "status": dict.fromkeys(_NESTED, value)})
            inner = dict.fromkeys(_NESTED, value)
            listed = {key: [inner] for key in _NESTED}
            items.append(one | {"spec": listed, "status": listed, "data": inner})
            items.append(one | {"metadata": inner})
            items.append(one | {"metadata": value})
        yield (
            f"wrong-{number}.json",
            json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1).encode(),
        )
    for number, value in enumerate(("null", "[]", "7", '"x"', "{}", "[null]", '[{"a":1}]', "true", "NaN")):
        yield f"configs-{number}.json", b'{"configs": %s}' % value.encode()
        yield f"items-{number}.json", b'{"apiVersion":"v1","kind":"PodList","items": %s}' % value.encode()
        yield f"items-{number}.yaml", b"apiVersion: v1\nitems: %s\nkind: List\n" % value.encode()
        yield f"only-{number}.json", value.encode()
    kind = "type.googleapis.com/envoy.admin.v3."
    for number, value in enumerate(({}, [], None, "x", 7)):
        dumps = [
            {"@type": f"{kind}{name}", **dict.fromkeys(("dynamic_listeners", "dynamic_active_clusters", "static_clusters",
             "dynamic_route_configs", "static_route_configs", "dynamic_endpoint_configs", "bootstrap", "last_updated",
             "dynamic_active_secrets"), value)}
            for name in ("BootstrapConfigDump", "ClustersConfigDump", "ListenersConfigDump", "RoutesConfigDump",
                         "EndpointsConfigDump", "SecretsConfigDump", "ScopedRoutesConfigDump", "x")
        ]  # fmt: skip
        yield f"dump-{number}.json", json.dumps({"configs": [*dumps, value]}, indent=1).encode()
        yield f"clusters-{number}.json", json.dumps({"cluster_statuses": [value, {"name": value, "host_statuses": value},
            {"name": "a", "host_statuses": [value, {"address": value, "health_status": value, "stats": value}]}]}).encode()  # fmt: skip
        yield (
            f"stats-{number}.json",
            json.dumps({"stats": [value, {"name": value, "value": value}, {"histograms": value}]}).encode(),
        )
    for form in ("Model", "Pod", "Event", "Node"):
        head = f"apiVersion: {_group(form)}\nkind: {form}\n"
        yield (
            f"keys-{form}.yaml",
            (head + "1: x\nnull: y\ntrue: z\n? [a, b]\n: c\n? {a: b}\n: c\nmetadata:\n  1: 2\n  name: 0x1F\n").encode(),
        )
        yield (
            f"scalars-{form}.yaml",
            (
                head
                + "metadata: {name: 1e999, namespace: .nan, generation: 0o777, labels: ~}\nspec: !!binary aGk=\nstatus: !!set {a, b}\n"
            ).encode(),
        )
        yield (
            f"dates-{form}.yaml",
            (
                head
                + "metadata:\n  name: a\n  creationTimestamp: 0000-00-00\n  deletionTimestamp: 99999-12-31T23:59:60Z\n"
            ).encode(),
        )


def numbers() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of metrics and statistics with numbers no counter can have."""
    odd = [*misshapen.NUMBERS, "x", "1 2 3", "{}", '"7"']
    yield "odd.prom", b"# HELP x y\n# TYPE x counter\n" + b"".join(b"x %s\n" % each.encode() for each in odd) * 2
    yield "labels.prom", (
        b'# TYPE a gauge\na{b="\\"} 1\na{b="x\\n",} 1\na{} 1\na{=""} 1\na{b} 1\na{b="c"d="e"} 1\na{b="' + b"x" * 100_000 + b'"} 1\n'
        b"# TYPE a histogram\n# TYPE a histogram\na_bucket{le=\"-1\"} NaN\na_bucket{le=\"x\"} 1\na_sum\na_count -5 9e99\n"
    )  # fmt: skip
    lines = "".join(
        f"cluster.a::{key}::{each}\n"
        for each in odd
        for key in ("added_via_api", "10.0.0.1:9000::cx_total", "10.0.0.1::x", "::")
    )
    yield "clusters.txt", ("default_priority::max_connections::1024\n" + lines).encode()
    yield (
        "stats.txt",
        "".join(
            f"cluster.a_{n}.upstream_rq_total: {each}\nserver.state: {each}\n" for n, each in enumerate(odd)
        ).encode(),
    )
    yield (
        "histogram.txt",
        b"cluster.a.upstream_rq_time: P0(nan,-1) P25(1e999,x) P50(,) P99.9(" + b"9" * 500 + b")\nserver.live: 1\n" * 5,
    )


def records() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of logs with lies in their records."""
    for year in ("0000", "0001", "1969", "2100", "9999", "99999", "-001", "+202"):
        yield f"year-{year}.log", SAID.replace(b"2025", year.encode()) + SAID
    yield "times.log", b"".join(
        b'time="%s" level=error msg=x\n' % time
        for time in (b"NaN", b"Infinity", b"-1", b"1e300", b"9" * 10_000, b"", b"2025-07-12T24:00:00Z", b"2025-02-29T00:00:00Z",
                     b"2025-07-12T18:30:60Z", b"2025-07-12T18:30:09+99:99", b"2025-07-12T18:30:09." + b"1" * 5000 + b"Z")
    ) + SAID  # fmt: skip
    yield "zap.jsonl", b"".join(
        b'{"level":"error","ts":%s,"logger":"controller.Model","msg":"x"}\n' % each
        for each in (b"NaN", b"1e400", b"-1e400", b"9" * 5000, b"null", b"[]", b"{}", b'"x"', b"true", b"-0.0", b"1e18", b"253402300800")
    )  # fmt: skip
    wrong = [json.dumps(each).encode() for each in misshapen.WRONG if not isinstance(each, float)]
    yield (
        "wrong.jsonl",
        b"".join(
            b'{"level":%s,"ts":%s,"msg":%s,"time":%s,"log":%s,"stream":%s,"kubernetes":%s}\n' % ((each,) * 7)
            for each in wrong
        ),
    )
    yield "docker.jsonl", b"".join(b'{"log":%s,"stream":%s,"time":"2025-07-12T18:30:09Z"}\n' % (e, e) for e in wrong)
    yield (
        "journal.jsonl",
        b"".join(b'{"__REALTIME_TIMESTAMP":%s,"MESSAGE":%s,"_HOSTNAME":%s}\n' % (e, e, e) for e in wrong),
    )
    yield "loki.json", b'{"status":"success","data":{"resultType":"streams","result":[%s]}}' % b",".join(
        b'{"stream":%s,"values":[[%s,%s],%s]}' % (e, e, e, e) for e in wrong)  # fmt: skip
    yield (
        "elastic.json",
        b'{"hits":{"hits":[%s]}}'
        % b",".join(b'{"_source":%s},{"_source":{"message":%s,"@timestamp":%s}},%s' % (e, e, e, e) for e in wrong),
    )
    yield (
        "gcp.json",
        b"[%s]"
        % b",".join(b'{"insertId":"a","timestamp":%s,"textPayload":%s,"resource":%s}' % (e, e, e) for e in wrong),
    )
    yield "cloudwatch.json", b'{"events":[%s]}' % b",".join(b'{"timestamp":%s,"message":%s}' % (e, e) for e in wrong)
    yield (
        "otlp.jsonl",
        b"".join(
            b'{"resourceLogs":[{"resource":%s,"scopeLogs":[{"logRecords":[{"timeUnixNano":%s,"body":%s},%s]},%s]},%s]}\n'
            % ((e,) * 6)
            for e in wrong
        ),
    )
    yield "wrong.csv", b"timestamp,message\n" + b"".join(b"%s,%s\n" % (e, e) for e in wrong)
    yield "quotes.csv", b'timestamp,message\n1,"a\n2,b"\n3,""""\n4,"\n' + b'5,"' * 2000
    yield "cri.log", b"".join(
        b"%s %s %s x\n" % (time, stream, mark)
        for time in (MOMENT.encode(), b"2025-13-45T99:99:99.999999999Z", b"x") for stream in (b"stdout", b"stderr", b"")
        for mark in (b"F", b"P", b"X", b"", b"P:F")
    )  # fmt: skip
    yield "partial.log", b"%s stderr P x\n" % MOMENT.encode() * 20_000
    yield "traceback.log", b"Traceback (most recent call last):\n" + b'  File "x", line 1, in y\n' * 50_000 + SAID
    yield "goroutines.log", b"panic: x\n\n" + b"goroutine 1 [running]:\nmain.main()\n\t/x.go:1 +0x1\n\n" * 20_000
    yield "causes.log", b"java.lang.Error: x\n" + b"Caused by: java.lang.Error: y\n\tat a.b(C.java:1)\n" * 20_000
    yield "sections.log", b"".join(b"==> %d <==\n" % i for i in range(20_000)) + SAID
    yield (
        "starts.log",
        b"".join(b"==== START logs for container c%d of pod ml/p%d ====\n" % (i, i) for i in range(5_000)),
    )
    yield "pods.log", b"".join(b"[pod/p%d/c%d] " % (i, i) + SAID.split(b"\n")[0] + b"\n" for i in range(5_000))
    yield "fields.log", b'time="2025-07-12T18:30:09Z" level=info msg="x" ' + b"a=b " * 100_000 + b"\n"
    yield "quoted.log", b'time="2025-07-12T18:30:09Z" level=info msg="' + b'\\"' * 200_000 + b"\n"
    yield "backslashes.log", b'time="2025-07-12T18:30:09Z" level=info msg="' + b"\\" * 400_001 + b'"\n'
    yield "brackets.log", b"[2025-07-12 18:30:09.172][1][info][main] " + b"[" * 200_000 + b"\n"
    yield (
        "access.log",
        b'[2025-07-12T18:30:09.099Z] "POST '
        + b"/" * 100_000
        + b' HTTP/1.1" 999 - NR -1 99999999999999999999 - "-"\n' * 3,
    )
    yield (
        "secrets.log",
        b"password=" * 50_000
        + b"\n"
        + b"eyJ" * 50_000
        + b"\n"
        + b"://" * 50_000
        + b"\n"
        + b"-----BEGIN PRIVATE KEY-----" * 5000,
    )
    yield "name-value.log", b"name: x_token value: " * 20_000 + b"\n"
    yield "escapes-alone.log", (b"\x1b" * 1000 + b"\x1b]" + b"x" * 100_000 + b"\n") * 3
    yield "table.txt", b"NAME" + b" " * 50_000 + b"READY   STATUS    RESTARTS   AGE\n" + b"a " * 30_000 + b"\n"
    yield (
        "columns.txt",
        b"NAME   READY   STATUS    RESTARTS   AGE\n"
        + b"".join(b"p%d  -1/999999999999999999999  x  -5 (9y ago)  9999999999999999999d\n" % i for i in range(50)),
    )
    yield (
        "described.txt",
        b"Name: a\nNamespace: b\n"
        + b"Containers:\n"
        + b" " * 3000
        + b"x:\n" * 300
        + b"Events:\n"
        + b"  Type  Reason\n" * 500,
    )
    yield (
        "keys-described.txt",
        b"Name: a\nNamespace: b\nStart Time: Sat, 99 Foo 99999 99:99:99 +9999\nStatus: \nIP:\nContainers:\n  x:\n    Restart Count: -99999999999999999999\n",
    )
    yield "curl.txt", b"$ curl -v http://x\n" + b"< HTTP/1.1 999999999999 x\n> POST " + b"x" * 100_000 + b"\n* " * 3000
    yield "spaces.yaml", b"kind: Pod\napiVersion: v1\nx:" + b" " * 5_000_000 + b"y\n"
    yield "tabs.yaml", b"kind: Pod\napiVersion: v1\n\tx: y\n" * 1000
    yield "documents.yaml", b"---\n" * 100_000
    yield "pods.yaml", b"---\napiVersion: v1\nkind: Pod\n" * 2_000
    yield "braces.json", b"{}" * 100_000
    yield "open-braces.json", b'{"apiVersion":"v1","kind":"List","items":[' * 3_000
    yield "open-string.json", b'{"apiVersion":"v1","kind":"Pod","x":"' + b'\\"' * 500_000
    yield "repeated-keys.json", b'{"apiVersion":"v1","kind":"Pod",' + b'"a":1,' * 200_000 + b'"b":2}'
    yield "lone.json", b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\\ud800","namespace":"\\udfff\\ud800"}}'
    yield "bytes.json", b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\xff\xfe"}}'
    yield "nul.json", b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\\u0000b"}}'
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-7", "cp037", "shift_jis"):
        text = SAID.decode().encode(codec)
        yield f"{codec}.log", text
        yield f"{codec}-odd.log", text[:-1]
    yield "utf32-bom.log", b"\xff\xfe\0\0" + SAID.decode().encode("utf-32-le")
    yield "lone-utf16.log", b"\xff\xfe" + b"\x00\xd8" * 2000
    yield "overlong.log", b"\xc0\xaf\xe0\x80\xaf\xf8\x88\x80\x80\x80" * 3 + SAID
    yield (
        "separators.log",
        SAID.replace(b"\n", "\u2028".encode()) + SAID.replace(b"\n", b"\x0b") + SAID.replace(b"\n", b"\x85"),
    )
    yield "returns.log", SAID.replace(b"\n", b"\r")
    yield "only-newlines.log", b"\n" * 1_000_000
    yield "only-returns.log", b"\r" * 1_000_000
    yield "only-spaces.log", b" \n" * 300_000


def exports() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of exports and dumps that are large, cut, or lie about what they hold."""
    said = SAID.decode().splitlines()
    hits = [{"_source": {"@timestamp": MOMENT, "message": text, "pod": "a"}} for text in said * 3000]
    streams = [{"stream": {"pod": "a"}, "values": [["1752345009123456789", text] for text in said * 3000]}]
    answers = {
        "elastic": {"took": 1, "hits": {"hits": hits}},
        "loki": {"data": {"resultType": "streams", "result": streams}},
        "gcp": [{"insertId": "a", "timestamp": MOMENT, "textPayload": text} for text in said * 3000],
    }
    for name, answer in answers.items():
        whole = json.dumps(answer).encode()
        yield f"{name}-one-line.json", whole
        yield f"{name}-cut.json", whole[: len(whole) // 2]
        yield f"{name}-garbled.json", whole[:9000] + b"\xff}}]]" + whole[9000:]
        yield f"{name}-twice.json", whole + b"\n" + whole
    yield "elastic-deep.json", b'{"hits":{"hits":[' + b'{"_source":' * 100_000 + b"1"
    yield "loki-deep.json", b'{"data":{"resultType":"streams","result":[' + b"[" * 200_000
    yield "otlp-deep.jsonl", b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' * 20_000
    yield "cell-without-end.csv", b"timestamp,message\n" + b"1752345009,a\n" * 1000 + b'1,"' + b"x\n" * 3_000_000
    yield "returns-giant.log", SAID.replace(b"\n", b"\r") * 20_000
    yield (
        "returns-dated-bar.log",
        b"".join(b"\r2025-07-12 18:30:%02d %d%%" % (n % 60, n) for n in range(50_000)) + b"\n" + SAID,
    )
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "labels": {"x": "y" * 3000}},
        "spec": {"containers": []},
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [pod] * 6000}
    for form, indent in (("one-line", None), ("pretty", 4)):
        whole = json.dumps(listed, indent=indent).encode()
        yield f"pods-{form}.json", whole
        yield f"pods-{form}-cut.json", whole[:-5_000_000]
        yield f"pods-{form}-garbled.json", whole[: len(whole) // 2] + b'"}]' + whole[len(whole) // 2 :]
    items = b"".join(
        b"- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a%d\n    x: %s\n" % (n, b"y" * 3000)
        for n in range(6000)
    )
    yield "pods-list.yaml", b"apiVersion: v1\nitems:\n" + items + b"kind: List\n"
    yield "pods-list-cut.yaml", b"apiVersion: v1\nitems:\n" + items
    yield "pods-list-without-items.yaml", b"apiVersion: v1\nitems:\n" + b"  x: y\n" * 3_000_000


def texts() -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of all of them."""
    yield from objects()
    yield from numbers()
    yield from records()
    yield from exports()
