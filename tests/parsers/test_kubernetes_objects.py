from datetime import UTC, datetime, timedelta

import orjson
import polars as pl
import pytest

from parsers.kubernetes import PARSER
from parsers.parser import Artefact, Parsed

POD = """\
apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2025-03-04T10:15:30Z"
  labels:
    app.kubernetes.io/name: seldon-server
    seldon-server-name: big
  name: big-0
  namespace: shop
  ownerReferences:
  - kind: StatefulSet
    name: big
spec:
  containers:
  - env:
    - name: MLSERVER_PARALLEL_WORKERS
      value: "4"
    - name: STORE_PASSWORD
      value: hunter2hunter2
    - name: TLS_SECRET_NAME
      value: server-certs
    - name: POD_NAME
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    image: example.com/mlserver:1
    name: mlserver
    resources:
      limits:
        cpu: 500m
        memory: 1Gi
      requests:
        memory: 500M
  - image: example.com/agent:1
    name: agent
  initContainers:
  - image: example.com/rclone:1
    name: fetch
  nodeName: n1
status:
  conditions:
  - lastTransitionTime: "2025-03-04T10:16:00Z"
    message: 'containers with unready status: [mlserver]'
    reason: ContainersNotReady
    status: "False"
    type: Ready
  containerStatuses:
  - lastState: {}
    name: agent
    ready: true
    restartCount: 1
    state:
      running:
        startedAt: "2025-03-04T10:15:40Z"
  - lastState:
      terminated:
        exitCode: 137
        finishedAt: "2025-03-04T10:16:00Z"
        reason: OOMKilled
        startedAt: "2025-03-04T10:15:41Z"
    name: mlserver
    ready: false
    restartCount: 3
    state:
      waiting:
        message: back-off 40s restarting failed container
        reason: CrashLoopBackOff
  initContainerStatuses:
  - name: fetch
    ready: true
    restartCount: 0
    state:
      terminated:
        exitCode: 0
        reason: Completed
  phase: Running
"""


def parse(text: str, member: str = "x") -> Parsed:
    assert PARSER.recognises(text)
    return PARSER.parse(Artefact.of(member, text))


def only(parsed: Parsed, source: str) -> dict[str, object]:
    frame = parsed.frames[source]
    assert frame.height == 1
    return frame.to_dicts()[0]


def indented(text: str) -> str:
    first, *rest = text.rstrip("\n").split("\n")
    return "\n".join([f"- {first}", *(f"  {line}" for line in rest)]) + "\n"


def listed(*items: str) -> str:
    return "apiVersion: v1\nitems:\n" + "".join(indented(item) for item in items) + "kind: List\nmetadata: {}\n"


def as_json(text: str, *, indent: bool = True) -> str:
    import yaml

    return orjson.dumps(yaml.safe_load(text), option=orjson.OPT_INDENT_2 if indent else 0).decode() + "\n"


def test_a_pod_is_read_with_its_node_owner_component_and_restarts() -> None:
    pod = only(parse(POD), "k8s.pod")

    assert (pod["name"], pod["namespace"], pod["node"]) == ("big-0", "shop", "n1")
    assert (pod["owner_kind"], pod["owner"], pod["component"]) == ("StatefulSet", "big", "server")
    assert (pod["is_ready"], pod["restarts"], pod["form"]) == (False, 4, "object")
    assert pod["created"] == datetime(2025, 3, 4, 10, 15, 30, tzinfo=UTC)
    assert pod["at"] is None


def test_containers_join_spec_and_status_by_name() -> None:
    rows = {row["container"]: row for row in parse(POD).frames["k8s.container"].to_dicts()}

    assert list(rows) == ["fetch", "mlserver", "agent"]
    killed = rows["mlserver"]
    assert (killed["state"], killed["reason"], killed["restarts"]) == ("waiting", "CrashLoopBackOff", 3)
    assert (killed["last_reason"], killed["last_exit_code"]) == ("OOMKilled", 137)
    assert (killed["memory_limit"], killed["memory_request"], killed["cpu_limit"]) == (2**30, 500_000_000, 0.5)
    assert (rows["fetch"]["init"], rows["fetch"]["exit_code"]) == (True, 0)
    assert rows["agent"]["started"] == datetime(2025, 3, 4, 10, 15, 40, tzinfo=UTC)


@pytest.mark.parametrize("text", [POD, listed(POD), as_json(POD)], ids=["yaml", "list", "json"])
def test_parts_stand_where_their_lines_are(text: str) -> None:
    parsed = parse(text)
    lines = text.split("\n")

    condition = only(parsed, "k8s.condition")
    cited = "\n".join(lines[condition["line"] - 1 : condition["line"] - 1 + condition["lines"]])
    assert "ContainersNotReady" in cited
    assert "restartCount" not in cited
    container = parsed.frames["k8s.container"].filter(container="mlserver").to_dicts()[0]
    cited = "\n".join(lines[container["line"] - 1 : container["line"] - 1 + container["lines"]])
    assert "OOMKilled" in cited
    assert "Completed" not in cited
    variable = parsed.frames["k8s.env"].filter(variable="MLSERVER_PARALLEL_WORKERS").to_dicts()[0]
    assert "MLSERVER_PARALLEL_WORKERS" in lines[variable["line"] - 1]


def test_secrets_reach_no_column_but_the_names_of_secrets_do() -> None:
    parsed = parse(POD)

    values = {row["variable"]: row["value"] for row in parsed.frames["k8s.env"].to_dicts()}
    assert values == {
        "MLSERVER_PARALLEL_WORKERS": "4",
        "STORE_PASSWORD": "***",
        "TLS_SECRET_NAME": "server-certs",
        "POD_NAME": None,
    }
    assert all("hunter2" not in frame.write_json() for frame in parsed.frames.values())


@pytest.mark.parametrize(
    "data",
    [
        'a.conf: |\n    sasl.jaas.config=Module required username=\\"u\\" password=\\"zebra99zebra\\";',
        "a: 'postgres://user:zebra99zebra@db:5432/x'",
        "a: 'Authorization: Bearer zebra99zebra'",
        'a: \'{"type":"s3","secret_access_key":"zebra99zebra"}\'',
        "a: |\n    -----BEGIN RSA PRIVATE KEY-----\n    zebra99zebra\n    -----END RSA PRIVATE KEY-----",
        "apiToken: zebra99zebra",
        "a.yaml: |\n    user: b\n    password: zebra99zebra\n    c: d",
    ],
)
def test_a_configmap_keeps_no_password(data: str) -> None:
    parsed = parse(f"apiVersion: v1\ndata:\n  {data}\nkind: ConfigMap\nmetadata:\n  name: a\n")

    assert "zebra" not in str(only(parsed, "k8s.configmap")["raw"])


def test_a_secret_keeps_its_keys_alone_and_no_copy_of_itself() -> None:
    text = (
        "apiVersion: v1\ndata:\n  user: emVicmE=\nkind: Secret\nmetadata:\n  annotations:\n"
        '    kubectl.kubernetes.io/last-applied-configuration: |\n      {"data":{"user":"emVicmE="}}\n  name: a\n'
        "stringData:\n  plain: zebra\ntype: Opaque\n"
    )
    secret = only(parse(text), "k8s.secret")

    assert (secret["keys"], secret["type"]) == ('["plain","user"]', "Opaque")
    assert "ebra" not in str(secret["raw"])
    assert "emVi" not in str(secret)


@pytest.mark.parametrize(
    ("text", "kind", "items"),
    [
        ('{"apiVersion":"v1","kind":"PodList","metadata":{},"items":null}\n', "pod", 0),
        ('{"apiVersion": "v1", "items": [], "kind": "EndpointSliceList"}\n', "endpoints", 0),
        (listed(POD, POD.replace("big-0", "big-1")), "pod", 2),
        ("apiVersion: v1\nitems: []\nkind: PodList\nmetadata:\n  resourceVersion: ''\n", "pod", 0),
    ],
)
def test_a_list_says_what_was_listed_even_if_empty(text: str, kind: str, items: int) -> None:
    parsed = parse(text)
    listing = only(parsed, "k8s.listing")

    assert (listing["kind"], listing["items"], listing["complete"]) == (kind, items, True)
    assert parsed.frames[f"k8s.{kind}"].height == items


@pytest.mark.parametrize(
    ("member", "kind", "namespace"),
    [
        ("a/namespaces/shop/networking.k8s.io/networkpolicies.yaml", "networkpolicy", "shop"),
        ("cluster-resources/network-policy/shop.json", "networkpolicy", "shop"),
        ("cluster-resources/custom-resources/models.mlops.seldon.io/shop.json", "model", "shop"),
        ("unknown.yaml", None, None),
        ("namespaces/kafka/apps.openshift.io/deploymentconfigs.yaml", None, "kafka"),
        ("cluster-resources/custom-resources/things.example.com/models.json", None, "models"),
    ],
)
def test_an_empty_list_without_a_kind_takes_it_from_its_path(
    member: str, kind: str | None, namespace: str | None
) -> None:
    listing = only(parse("apiVersion: v1\nitems: []\nkind: List\n", member), "k8s.listing")

    assert (listing["kind"], listing["namespace"]) == (kind, namespace)


def test_items_without_kind_take_their_lists_or_their_shape() -> None:
    typed = '{"apiVersion":"v1","kind":"ServiceList","items":[{"metadata":{"name":"a"},"spec":{"clusterIP":"None"}}]}'
    bare = '[{"metadata":{"name":"m"},"spec":{"storageUri":"gs://a/b"},"status":{}}]'

    assert only(parse(typed), "k8s.service")["api_version"] == "v1"
    assert only(parse(bare), "k8s.model")["storage_uri"] == "gs://a/b"


def test_a_broken_item_costs_itself_only() -> None:
    broken = POD.replace("  name: big-0", "\tname: big-0")
    parsed = parse(listed(POD, broken, POD.replace("big-0", "big-2")))

    assert parsed.frames["k8s.pod"]["name"].to_list() == ["big-0", "big-2"]
    assert parsed.rejects.height == 1
    assert parsed.rejects["line"][0] == 3 + POD.count("\n")
    assert only(parsed, "k8s.listing")["complete"] is False


@pytest.mark.parametrize("text", [listed(POD, POD), as_json(listed(POD, POD))])
def test_what_is_whole_of_a_file_that_was_cut_off_is_read(text: str) -> None:
    parsed = parse(text[: int(len(text) * 0.6)])

    assert parsed.frames["k8s.pod"].height >= 1
    assert parsed.frames["k8s.listing"]["complete"].to_list() == [False]
    assert parsed.rejects.height >= 1


def test_documents_one_after_the_other_are_all_read() -> None:
    one = as_json(POD, indent=False)
    dump = (
        as_json(POD) + "==== START logs for container a of pod shop/big-0 ====\nline {\n"
        "==== END logs for container a of pod shop/big-0 ====\n" + as_json(POD.replace("big-0", "big-1"))
    )

    assert parse("---\n" + POD + "---\n" + POD).frames["k8s.pod"].height == 2
    assert parse(one + one).frames["k8s.pod"]["line"].to_list() == [1, 2]
    parsed = parse(dump)
    assert parsed.frames["k8s.pod"]["name"].to_list() == ["big-0", "big-1"]
    assert parsed.rejects.is_empty()


def test_windows_line_ends_change_nothing() -> None:
    assert parse(POD.replace("\n", "\r\n")).frames["k8s.pod"].equals(parse(POD).frames["k8s.pod"])


SELDON = "apiVersion: mlops.seldon.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: iris\n  namespace: shop\n"


def test_a_model_has_its_state_in_the_message_and_the_error_in_the_reason() -> None:
    text = (
        SELDON.format(kind="Model") + "spec:\n  storageUri: s3://a/b\n  requirements: [sklearn]\n  memory: 100Ki\n"
        "status:\n  conditions:\n  - {message: ScheduleFailed, reason: no room, status: 'False', type: ModelReady}\n"
        "  - {message: ScheduleFailed, reason: no room, status: 'False', type: Ready}\n"
    )
    model = only(parse(text), "k8s.model")

    assert (model["state"], model["reason"], model["is_ready"]) == ("ScheduleFailed", "no room", False)
    assert (model["memory"], model["requirements"]) == (102_400, '["sklearn"]')


def test_a_pipeline_of_either_age_has_state_and_reason_in_their_columns() -> None:
    status = "status:\n  conditions:\n  - {status: 'False', type: PipelineReady, "
    old, new = "message: PipelineFailed, reason: no topic}\n", "message: no topic, reason: PipelineFailed}\n"
    for told in (status + old, status + new):
        pipeline = only(parse(SELDON.format(kind="Pipeline") + told), "k8s.pipeline")
        assert (pipeline["state"], pipeline["reason"]) == ("PipelineFailed", "no topic")


def test_a_manifest_without_status_says_nothing_of_it() -> None:
    text = SELDON.format(kind="Server") + "spec:\n  serverConfig: mlserver\n  capabilities: [a]\n  replicas: 2\n"
    server = only(parse(text), "k8s.server")

    assert (server["replicas"], server["capabilities"]) == (2, '["a"]')
    assert (server["is_ready"], server["current"], server["loaded_models"]) == (None, None, None)


def test_a_kind_of_another_group_is_not_seldons() -> None:
    parsed = parse("apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata:\n  name: build\n")

    assert "k8s.pipeline" not in parsed.frames
    assert only(parsed, "k8s.other")["kind"] == "Pipeline"


EVENT = """\
apiVersion: v1
count: 1
eventTime: {event_time}
firstTimestamp: {first}
involvedObject: {{fieldPath: 'spec.containers{{agent}}', kind: Pod, name: big-0, namespace: shop}}
kind: Event
lastTimestamp: {last}
message: Back-off restarting
metadata: {{creationTimestamp: "2025-03-04T10:00:00Z", name: a.1, namespace: shop}}
reason: BackOff
{series}source: {{component: kubelet, host: n1}}
type: Warning
"""


@pytest.mark.parametrize(
    ("last", "event_time", "series", "time", "precision", "count"),
    [
        ('"2025-03-04T10:15:30Z"', "null", "", "10:15:30", timedelta(seconds=1), 1),
        ("null", '"2025-03-04T10:15:30.250000Z"', "", "10:15:30.250000", timedelta(microseconds=1), 1),
        (
            "null",
            '"2025-03-04T10:15:30.250000Z"',
            'series: {count: 9, lastObservedTime: "2025-03-04T10:20:00.5Z"}\n',
            "10:20:00.500000",
            timedelta(milliseconds=100),
            9,
        ),
        ("null", "null", "", "10:00:00", timedelta(seconds=1), 1),
    ],
)
def test_an_event_is_dated_by_its_last_occurrence(
    last: str, event_time: str, series: str, time: str, precision: timedelta, count: int
) -> None:
    text = EVENT.format(last=last, first=last, event_time=event_time, series=series)
    event = only(parse(text), "k8s.event")

    assert event["time"] == datetime.fromisoformat(f"2025-03-04T{time}+00:00")
    assert (event["precision"], event["count"]) == (precision, count)
    assert (event["pod"], event["container"], event["node"]) == ("big-0", "agent", "n1")
    assert (event["text"], event["level"], event["reporter"]) == ("BackOff Back-off restarting", "warning", "kubelet")


def test_endpoints_and_slices_count_who_is_ready() -> None:
    endpoints = (
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\nsubsets:\n"
        "- addresses: [{ip: 10.0.0.1}]\n  notReadyAddresses: [{ip: 10.0.0.2}]\n"
    )
    slices = (
        "addressType: IPv4\napiVersion: discovery.k8s.io/v1\nendpoints:\n"
        "- addresses: [10.0.0.1]\n  conditions: {ready: null}\n"
        "- addresses: [10.0.0.2]\n  conditions: {ready: false}\nkind: EndpointSlice\n"
        "metadata: {name: a-x, labels: {kubernetes.io/service-name: a}}\n"
    )
    for text in (endpoints, slices):
        found = only(parse(text), "k8s.endpoints")
        assert (found["service"], found["ready"], found["not_ready"]) == ("a", 1, 1)
        assert found["addresses"] == '["10.0.0.1"]'


def test_every_line_is_accounted_for_once() -> None:
    for text in (listed(POD, "kind: [", POD), as_json(listed(POD)), "---\n\n# a\n" + POD + "...\n"):
        parsed = parse(text)
        facts: set[int] = set()
        for frame in parsed.frames.values():
            for line, lines in frame.select("line", "lines").iter_rows():
                facts.update(range(line, line + lines))
        ignored = set(parsed.ignored["line"])
        rejects = {
            line + more for line, lines in parsed.rejects.select("line", "lines").iter_rows() for more in range(lines)
        }
        assert facts | ignored | rejects == set(range(1, text.count("\n") + 1))
        assert len(facts) + len(ignored) + len(rejects) == text.count("\n")


def test_frames_have_the_types_of_their_source() -> None:
    assert parse(POD).frames["k8s.container"].schema["started"] == pl.Datetime("us", "UTC")


def test_a_long_configmap_is_known_before_its_kind() -> None:
    text = "apiVersion: v1\ndata:\n  a: |\n" + "    line\n" * 400 + "kind: ConfigMap\nmetadata:\n  name: long\n"
    artefact = Artefact.of("x", text)

    assert PARSER.recognises(artefact.head())
    assert only(PARSER.parse(artefact), "k8s.configmap")["name"] == "long"


@pytest.mark.parametrize(
    "command", ["$ kubectl -n shop get model iris -o yaml", "root@jump:~# sudo k -n shop get po -o yaml"]
)
def test_a_command_with_its_options_first_may_stand_above_an_object(command: str) -> None:
    assert PARSER.recognises(f"{command}\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web-0\n")
