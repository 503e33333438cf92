from datetime import UTC, datetime

import orjson
import pytest

from parsers.kubectl import PARSER
from parsers.parser import Artefact, Parsed


def parse(text: str, member: str = "x.txt") -> Parsed:
    assert PARSER.recognises(text)
    return PARSER.parse(Artefact.of(member, text))


def rows(parsed: Parsed, source: str) -> list[dict[str, object]]:
    return parsed.frames[source].to_dicts()


ALL = """\
$ kubectl get all -n shop -o wide
NAME        READY   STATUS                  RESTARTS        AGE   IP           NODE     NOMINATED NODE   READINESS GATES
pod/big-0   2/3     Running                 5 (2m14s ago)   9m    10.0.0.7     n1       <none>           <none>
pod/big-1   0/3     Init:ImagePullBackOff   0               9m    <none>       <none>   <none>           <none>

NAME           TYPE           CLUSTER-IP   EXTERNAL-IP   PORT(S)                       AGE
service/mesh   LoadBalancer   10.96.0.9    <pending>     80:31234/TCP,9003:31235/TCP   9m

NAME                   READY   UP-TO-DATE   AVAILABLE   AGE
deployment.apps/envoy   1/2     2            1           9m
$ kubectl get models,servers,pipelines -n shop
NAME                          READY   DESIRED REPLICAS   AVAILABLE REPLICAS   AGE
model.mlops.seldon.io/iris    False   2                                       4m2s

NAME                         READY   REPLICAS   LOADED MODELS   AGE
server.mlops.seldon.io/big   True    1          3               4m2s
"""


def test_get_all_gives_rows_of_every_kind() -> None:
    parsed = parse(ALL)

    first, second = rows(parsed, "k8s.pod")
    assert (first["name"], first["namespace"], first["node"], first["ip"]) == ("big-0", "shop", "n1", "10.0.0.7")
    assert (first["restarts"], first["is_ready"], first["phase"], first["line"]) == (5, False, "Running", 3)
    assert (second["reason"], second["phase"], second["node"]) == ("Init:ImagePullBackOff", None, None)
    (service,) = rows(parsed, "k8s.service")
    assert (service["external"], service["type"]) == ("<pending>", "LoadBalancer")
    assert orjson.loads(str(service["ports"]))[0] == {"port": 80, "protocol": "TCP"}
    (deployment,) = rows(parsed, "k8s.deployment")
    assert (deployment["ready"], deployment["replicas"], deployment["available"]) == (1, 2, 1)
    (model,) = rows(parsed, "k8s.model")
    assert (model["is_ready"], model["replicas"], model["available"]) == (False, 2, None)
    assert rows(parsed, "k8s.server")[0]["loaded_models"] == 3
    assert parsed.rejects.is_empty()


def test_a_kind_that_was_asked_for_and_not_printed_was_listed_and_is_empty() -> None:
    parsed = parse(ALL)
    listed = {row["kind"]: (row["items"], row["complete"]) for row in rows(parsed, "k8s.listing")}

    assert listed["pipeline"] == (0, True)
    assert listed["statefulset"] == (0, True)
    assert listed["pod"] == (2, True)
    assert "experiment" not in listed
    assert parsed.frames["k8s.pipeline"].is_empty()


@pytest.mark.parametrize(
    "text",
    [
        "$ kubectl get pods,pvc -n shop -l app=x\n",
        "$ kubectl get pods,pvc -n shop | grep web\n",
        "",
    ],
)
def test_a_selection_is_not_taken_for_all_there_is(text: str) -> None:
    table = "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          5m\n"
    listed = rows(parse(text + table), "k8s.listing")

    assert [(row["kind"], row["complete"]) for row in listed] == [("pod", False)]


@pytest.mark.parametrize(
    ("text", "member", "kind", "namespace"),
    [
        ("No resources found in shop namespace.\n", "out/models.txt", "model", "shop"),
        ("$ kubectl get netpol -n shop\nNo resources found in shop namespace.\n", "a", "networkpolicy", "shop"),
        ("$ kubectl get pipelines -A\nNo resources found\n", "a", "pipeline", None),
        ("No resources found in shop namespace.\n", "a", None, "shop"),
    ],
)
def test_no_resources_found_is_an_empty_list(text: str, member: str, kind: str | None, namespace: str | None) -> None:
    (listing,) = rows(parse(text, member), "k8s.listing")

    assert (listing["kind"], listing["namespace"], listing["items"]) == (kind, namespace, 0)


def test_a_command_that_was_refused_lists_nothing() -> None:
    text = ALL + "$ kubectl get experiments -n shop\nError from server (Forbidden): experiments is forbidden\n"

    assert "experiment" not in {row["kind"] for row in rows(parse(text), "k8s.listing")}


def test_all_namespaces_come_from_their_column() -> None:
    text = (
        "NAMESPACE   NAME    READY   STATUS      RESTARTS   AGE\n"
        "shop        web-0   0/1     OOMKilled   3          5m\nbank        web-0   1/1     Running     0          5m\n"
    )
    parsed = parse(text)

    assert [row["namespace"] for row in rows(parsed, "k8s.pod")] == ["shop", "bank"]
    assert rows(parsed, "k8s.listing")[0]["namespace"] is None


def test_events_keep_their_ages_and_take_the_namespace_their_messages_tell() -> None:
    text = (
        "LAST SEEN          TYPE      REASON      OBJECT      MESSAGE\n"
        "4m8s               Normal    Scheduled   pod/web-0   Successfully assigned shop/web-0 to n1\n"
        "51s (x5 over 4m)   Warning   BackOff     pod/web-0   Back-off restarting failed container\n"
    )
    parsed = parse(text)
    first, second = rows(parsed, "k8s.event")

    assert (first["namespace"], first["pod"], first["time"]) == ("shop", "web-0", None)
    assert orjson.loads(str(first["fields"])) == {"age": 248}
    assert orjson.loads(str(second["fields"])) == {"age": 51, "first_age": 240}
    assert (second["count"], second["type"], second["level"]) == (5, "Warning", "warning")
    assert rows(parsed, "k8s.listing")[0]["namespace"] == "shop"


def test_events_with_columns_of_choice_and_times() -> None:
    text = (
        "TIME                   NAMESPACE   TYPE      REASON    KIND   NAME    MESSAGE\n"
        "2025-03-04T10:15:30Z   shop        Warning   BackOff   Pod    web-0   Back-off\n"
    )
    (event,) = rows(parse(text), "k8s.event")

    assert event["time"] == datetime(2025, 3, 4, 10, 15, 30, tzinfo=UTC)
    assert (event["pod"], event["namespace"]) == ("web-0", "shop")


def test_usage_and_releases_are_left_out_by_name() -> None:
    text = "NAME    CPU(cores)   MEMORY(bytes)\nweb-0   3m           40Mi\n"
    parsed = parse(text)

    assert parsed.frames == {}
    assert set(parsed.ignored["reason"]) == {"usage of kubectl top"}


def test_a_row_that_does_not_fit_is_a_reject_and_the_listing_incomplete() -> None:
    text = ALL.replace("pod/big-1   0/3     Init:ImagePullBackOff   0 ", "pod/big-1 is-not-a-row-of-this-table-at-all ")
    parsed = parse(text)

    assert parsed.rejects["line"].to_list() == [4]
    assert {row["kind"]: row["complete"] for row in rows(parsed, "k8s.listing")}["pod"] is False


POD = """\
Name:             big-0
Namespace:        shop
Priority:         0
Service Account:  seldon-server
Node:             n1/10.1.1.1
Start Time:       Tue, 04 Mar 2025 10:15:30 +0000
Labels:           seldon-server-name=big
                  pod-index=0
Annotations:      <none>
Status:           Running
IP:               10.0.0.7
Controlled By:    StatefulSet/big
Containers:
  mlserver:
    Image:          example.com/mlserver:1
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Tue, 04 Mar 2025 10:15:40 +0000
      Finished:     Tue, 04 Mar 2025 10:16:00 +0000
    Ready:          False
    Restart Count:  3
    Limits:
      memory:  1Gi
    Environment:
      STORE_PASSWORD:  hunter2hunter2
      KAFKA_TOKEN:     <set to the key 'token' in secret 'kafka'>  Optional: false
      POD_NAME:        big-0 (v1:metadata.name)
      WORKERS:         4
Conditions:
  Type              Status
  Ready             False
QoS Class:          Burstable
Events:
  Type     Reason   Age                From     Message
  ----     ------   ----               ----     -------
  Warning  BackOff  3s (x4 over 2m)    kubelet  Back-off restarting failed container mlserver in pod big-0
"""


def test_a_described_pod_reads_as_the_object_would() -> None:
    parsed = parse(POD)

    (pod,) = rows(parsed, "k8s.pod")
    assert (pod["name"], pod["node"], pod["component"], pod["owner"]) == ("big-0", "n1", "server", "big")
    assert (pod["restarts"], pod["is_ready"], pod["form"]) == (3, False, "describe")
    assert pod["started"] == datetime(2025, 3, 4, 10, 15, 30, tzinfo=UTC)
    (container,) = rows(parsed, "k8s.container")
    assert (container["reason"], container["last_reason"], container["last_exit_code"]) == (
        "CrashLoopBackOff",
        "OOMKilled",
        137,
    )
    assert (container["memory_limit"], container["line"], container["lines"]) == (2**30, 14, 18)
    variables = {row["variable"]: (row["value"], row["value_from"]) for row in rows(parsed, "k8s.env")}
    assert variables["WORKERS"] == ("4", None)
    assert variables["STORE_PASSWORD"] == ("***", None)
    assert orjson.loads(str(variables["KAFKA_TOKEN"][1])) == {"secretKeyRef": {"name": "kafka", "key": "token"}}
    (event,) = rows(parsed, "k8s.event")
    assert (event["pod"], event["namespace"], event["count"], event["reporter"]) == ("big-0", "shop", 4, "kubelet")


MODEL = """\
Name:         iris
Namespace:    shop
Labels:       <none>
Annotations:  <none>
API Version:  mlops.seldon.io/v1alpha1
Kind:         Model
Metadata:
  Creation Timestamp:  2025-03-04T10:15:30Z
  Generation:          2
Spec:
  Memory:  100Ki
  Requirements:
    sklearn
  Storage Uri:  gs://bucket/iris
Status:
  Available Replicas:  0
  Conditions:
    Last Transition Time:  2025-03-04T10:15:31Z
    Message:               ModelFailed
    Reason:                rpc error: code = Internal desc = no such file: x
    Status:                False
    Type:                  ModelReady
    Last Transition Time:  2025-03-04T10:15:31Z
    Status:                False
    Type:                  Ready
Events:                    <none>
"""


def test_a_described_model_reads_as_the_object_would() -> None:
    parsed = parse(MODEL + "\n\n" + MODEL.replace("iris", "wine"))

    model, other = rows(parsed, "k8s.model")
    assert (model["state"], model["is_ready"], model["memory"]) == ("ModelFailed", False, 102_400)
    assert model["reason"] == "rpc error: code = Internal desc = no such file: x"
    assert (model["storage_uri"], model["requirements"], model["available"]) == ("gs://bucket/iris", '["sklearn"]', 0)
    assert (model["generation"], other["name"]) == (2, "wine")
    first = rows(parsed, "k8s.condition")[0]
    assert (first["type"], first["line"], first["lines"]) == ("ModelReady", 18, 5)


def test_a_described_network_policy_keeps_its_rules() -> None:
    text = (
        "Name:         shut\nNamespace:    shop\nCreated on:   2025-03-04 10:15:30 +0000 UTC\nLabels:       <none>\n"
        "Spec:\n"
        "  PodSelector:     app=web\n  Allowing ingress traffic:\n    To Port: 9005/TCP\n    From:\n"
        "      NamespaceSelector: team=a\n      PodSelector: <none>\n    ----------\n    To Port: 80/TCP\n"
        "    From: <any> (traffic not restricted by source)\n"
        "  Allowing egress traffic:\n    <none> (Selected pods are isolated for egress connectivity)\n"
        "  Policy Types: Ingress, Egress\n"
    )
    (policy,) = rows(parse(text), "k8s.networkpolicy")

    assert orjson.loads(str(policy["raw"]))["spec"] == {
        "podSelector": {"matchLabels": {"app": "web"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "ports": [{"port": 9005, "protocol": "TCP"}],
                "from": [{"podSelector": {}, "namespaceSelector": {"matchLabels": {"team": "a"}}}],
            },
            {"ports": [{"port": 80, "protocol": "TCP"}]},
        ],
    }


def test_every_line_is_accounted_for_once() -> None:
    for text in (ALL, POD, MODEL + "\n" + ALL, POD + "\nsomething else\n"):
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


def test_a_described_service_has_its_whole_selector() -> None:
    text = (
        "Name:              mesh\nNamespace:         shop\nLabels:            <none>\n"
        "Selector:          app=web,tier=front\n"
        "Type:              ClusterIP\nIP:                10.96.0.9\nSession Affinity:  None\n"
        "Events:            <none>\n"
    )
    (service,) = rows(parse(text), "k8s.service")

    assert orjson.loads(str(service["selector"])) == {"app": "web", "tier": "front"}
    assert (service["cluster_ip"], service["external"]) == ("10.96.0.9", None)


def test_words_of_an_event_are_not_taken_for_secrets() -> None:
    told = 'failed for volume "a" : failed to fetch token: pods "web-0" not found, secret: "b" is missing'
    text = f"LAST SEEN   TYPE   REASON   OBJECT   MESSAGE\n1m   Warning   FailedMount   pod/web-0   {told}\n"

    assert rows(parse(text), "k8s.event")[0]["message"] == told


def test_one_row_is_all_there_is_only_where_several_kinds_were_asked_for() -> None:
    alone = "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          5m\n"
    of_all = "NAME        READY   STATUS    RESTARTS   AGE\npod/web-0   1/1     Running   0          5m\n"

    assert rows(parse(alone), "k8s.listing")[0]["complete"] is False
    assert rows(parse(of_all), "k8s.listing")[0]["complete"] is True


def test_a_heading_alone_is_no_row() -> None:
    parsed = parse("NAME    READY   STATUS    RESTARTS   AGE")

    assert parsed.frames == {}


@pytest.mark.parametrize("command", ["kubectl -n shop get pods", "oc --context=blue --namespace shop get pods -o wide"])
def test_options_may_stand_before_the_verb(command: str) -> None:
    table = "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          5m\n"
    parsed = parse(f"ops@jump:~$ {command}\n{table}")

    assert rows(parsed, "k8s.pod")[0]["namespace"] == "shop"
    assert [(row["namespace"], row["complete"]) for row in rows(parsed, "k8s.listing")] == [("shop", True)]
    assert parsed.rejects.is_empty()


def test_objects_asked_for_by_name_are_not_all_there_are() -> None:
    table = "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          5m\n"
    listed = rows(parse("$ kubectl get pod web-0 -n shop -o wide\n" + table), "k8s.listing")

    assert [(row["kind"], row["complete"]) for row in listed] == [("pod", False)]
