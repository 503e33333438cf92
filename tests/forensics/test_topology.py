"""What belongs to what, from objects, from Envoy, and from logs alone."""

import pytest

from forensics.topology import connect
from tests.forensics.frames import log, rows, together

SCHEDULER = log(
    "log.scheduler",
    "Setting log level to info",
    "Namespace is shop",
    "Server notification fast expectedReplicas 1 shared false func=ServerNotify source=SchedulerServer",
    "Received subscribe request from fast:0 func=Subscribe source=AgentServer",
    "Sending load model request for tree func=Sync source=AgentServer",
    "Adding model tree(1) to server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
    "Sending load model request for bush func=Sync source=AgentServer",
    "Adding model bush(1) to server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
    "Failed to schedule model lost error=Failed to schedule model as no matching servers are available func=LoadModel",
    member="a.log",
    pod="seldon-scheduler-0",
)
AGENT = log(
    "log.agent",
    "Server Capabilities [sklearn]",
    "Got server name and index from POD_NAME with value fast-0. Server name:fast Replica Idx:0",
    "Setting namespace from k8s file to shop",
    "Load model tree:1 Name=AgentServiceManager func=LoadModel",
    "Load model tree:1 success Name=AgentServiceManager func=LoadModel",
    member="b.log",
)
LOGS = together(SCHEDULER, AGENT)


def test_logs_alone_name_models_servers_pods_and_the_scheduler() -> None:
    topology = connect(LOGS)
    assert topology.names("model") == {"tree", "bush", "lost"}
    assert topology.names("server") == {"fast"}
    assert topology.names("pod") == {"fast-0", "seldon-scheduler-0"}
    assert topology.names("scheduler") == {"seldon-scheduler"}
    assert topology.names("namespace") == {"shop"}


def test_a_model_is_connected_to_its_pod_by_a_row() -> None:
    topology = connect(LOGS)
    link = topology.link({"namespace": "shop", "model": "bush"}, {"namespace": "shop", "pod": "fast-0"})
    assert link.state == "proven"
    assert ("log.scheduler", 7) in link.rows


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"model": "tree"}, {"model": "bush"}),
        ({"model": "tree", "server": "fast"}, {"model": "bush", "server": "fast"}),
        ({"model": "tree", "pod": "fast-0"}, {"model": "bush", "pod": "fast-0"}),
    ],
)
def test_two_models_of_one_server_are_not_connected(a: dict[str, str], b: dict[str, str]) -> None:
    assert connect(LOGS).link(a | {"namespace": "shop"}, b | {"namespace": "shop"}).state == "none"


def test_a_dead_pod_is_connected_to_each_model_in_it() -> None:
    topology = connect(LOGS)
    pod = {"namespace": "shop", "pod": "fast-0", "container": "mlserver"}
    assert topology.link(pod, {"namespace": "shop", "model": "tree"}).state == "proven"
    assert topology.link(pod, {"namespace": "shop", "server": "fast"}).state == "proven"


@pytest.mark.parametrize(
    ("a", "b", "rests"),
    [
        ({"pod": "fast-0"}, {"model": "tree"}, True),
        ({"model": "tree"}, {"pod": "fast-0"}, False),
        ({"model": "tree", "pod": "fast-0"}, {"server": "fast", "pod": "fast-0"}, False),
        ({"model": "tree"}, {"model": "tree", "server": "fast"}, True),
        ({"pod": "seldon-scheduler-0"}, {"model": "tree"}, True),
        ({"model": "tree"}, {"pod": "seldon-scheduler-0"}, False),
        ({}, {"model": "tree"}, True),
        ({"model": "tree"}, {}, False),
    ],
)
def test_what_rests_on_what(a: dict[str, str], b: dict[str, str], rests: bool) -> None:
    link = connect(LOGS).link(a | {"namespace": "shop"}, b | {"namespace": "shop"})
    assert link.state == "proven"
    assert link.rests == rests


def test_an_unplaced_model_depends_on_the_servers_of_its_namespace_as_an_assumption() -> None:
    link = connect(LOGS).link({"namespace": "shop", "model": "lost"}, {"namespace": "shop", "server": "fast"})
    assert link.state == "assumed"


def test_everything_of_a_namespace_is_linked_to_its_scheduler() -> None:
    topology = connect(LOGS)
    scheduler = {"namespace": "shop", "pod": "seldon-scheduler-0"}
    assert topology.link(scheduler, {"namespace": "shop", "model": "tree"}).state == "proven"
    assert topology.link(scheduler, {"namespace": "shop", "pod": "fast-0"}).state == "proven"
    assert topology.link(scheduler, {"namespace": "other", "model": "tree"}).state == "none"


def test_a_missing_namespace_is_assumed_where_there_is_one() -> None:
    topology = connect(LOGS)
    assert topology.link({"model": "tree"}, {"namespace": "shop", "model": "tree"}).state == "assumed"
    assert topology.link({"model": "tree"}, {"model": "tree"}).state == "proven"


def test_a_missing_namespace_is_not_assumed_where_two_have_the_name() -> None:
    frames = together(
        LOGS, rows("k8s.model", {"name": "tree", "namespace": "field"}, {"name": "tree", "namespace": "shop"})
    )
    topology = connect(frames)
    assert topology.names("model") >= {"shop/tree", "field/tree"}
    assert topology.link({"model": "tree"}, {"namespace": "shop", "model": "tree"}).state == "none"
    assert topology.link({"model": "bush"}, {"namespace": "shop", "model": "bush"}).state == "assumed"


def test_a_subject_without_names_is_connected_to_everything_as_an_assumption() -> None:
    topology = connect({})
    assert topology.link({}, {"model": "tree"}).state == "assumed"


PODS = rows(
    "k8s.pod",
    {"name": "fast-0", "node": "n1", "ip": "10.0.0.7", "component": "server"}
    | {"labels": {"seldon-server-name": "fast"}},
    {"name": "slow-0", "node": "n1", "ip": "10.0.0.8", "component": "server"}
    | {"labels": {"seldon-server-name": "slow"}},
    {"name": "seldon-envoy-5c9-abc", "node": "n1", "component": "envoy", "owner_kind": "ReplicaSet"},
    namespace="shop",
    form="object",
)


def test_a_path_goes_through_no_node() -> None:
    topology = connect(PODS)
    one, other = {"namespace": "shop", "pod": "fast-0"}, {"namespace": "shop", "pod": "slow-0"}
    assert topology.link(one, {"node": "n1"}).state == "proven"
    assert topology.link(one, other).state == "none"


def test_everything_is_linked_to_envoy() -> None:
    envoy = {"namespace": "shop", "pod": "seldon-envoy-5c9-abc"}
    assert connect(PODS).link(envoy, {"namespace": "shop", "model": "unseen"}).state == "proven"


def test_a_route_leads_over_its_cluster_to_a_pod() -> None:
    frames = together(
        PODS,
        rows("envoy.route", {"name": "tree_http", "header": "tree", "cluster": "tree_1_http", "config": "listener_0"}),
        rows("envoy.endpoint", {"cluster": "tree_1_http", "address": "10.0.0.7", "port": 9001, "health": "healthy"}),
    )
    topology = connect(frames)
    link = topology.link({"route": "tree_http"}, {"namespace": "shop", "pod": "fast-0"})
    assert link.state == "assumed"
    assert ("envoy.endpoint", 0) in link.rows
    assert topology.link({"namespace": "shop", "model": "tree"}, {"namespace": "shop", "pod": "slow-0"}).state == "none"


def test_pipelines_reach_their_steps_and_experiments_their_candidates() -> None:
    frames = together(
        rows("k8s.pipeline", {"name": "line", "namespace": "shop", "steps": ["tree", "bush"]}),
        rows(
            "k8s.experiment",
            {"name": "ab", "namespace": "shop", "default": "tree", "resource_type": "model"}
            | {"candidates": [{"name": "tree", "weight": 50}, {"name": "bush", "weight": 50}]},
        ),
        LOGS,
    )
    topology = connect(frames)
    for above in ({"pipeline": "line"}, {"experiment": "ab", "model": "tree"}):
        below = {"namespace": "shop", "model": "bush"}
        assert topology.link({"namespace": "shop", **above}, below).state == "proven"
    assert (
        topology.link({"namespace": "shop", "pipeline": "line"}, {"namespace": "shop", "pod": "fast-0"}).state
        == "proven"
    )


def test_a_policy_concerns_the_pods_it_selects_and_what_runs_in_them() -> None:
    frames = together(
        PODS,
        LOGS,
        rows(
            "k8s.networkpolicy",
            {"name": "shut", "namespace": "shop", "pod_selector": {"matchLabels": {"seldon-server-name": "fast"}}},
        ),
    )
    topology = connect(frames)
    policy = {"namespace": "shop", "policy": "shut"}
    assert topology.link(policy, {"namespace": "shop", "pod": "fast-0"}).state == "proven"
    assert topology.link(policy, {"namespace": "shop", "model": "tree"}).state == "proven"
    assert topology.link(policy, {"namespace": "shop", "pod": "slow-0"}).state == "none"


def test_describe_gives_the_chain_of_a_model() -> None:
    chains = {c["model"]: c for c in connect(together(LOGS, PODS)).describe()}
    assert chains["tree"]["server"] == ["fast"]
    assert chains["tree"]["pod"] == ["fast-0"]
    assert chains["tree"]["node"] == ["n1"]


def test_what_a_controller_elsewhere_was_told_is_of_the_models_namespace() -> None:
    told = "Received event name=tree version=1 generation=1 state=ModelAvailable reason="
    fields = '{"name":"tree","version":1,"state":"ModelAvailable"}'
    frames = together(LOGS, log("log.controller", told, namespace="control", pod="seldon-v2-x", fields=fields))
    topology = connect(frames)
    assert topology.names("namespace") == {"shop"}
    assert topology.names("model") == {"tree", "bush", "lost"}
    controller = {"namespace": "control", "pod": "seldon-v2-x"}
    assert topology.link(controller, {"namespace": "shop", "model": "tree"}).state == "proven"


def test_what_the_scheduler_rests_on_concerns_its_whole_namespace() -> None:
    scheduler = {"name": "seldon-scheduler-0", "node": "n2", "component": "scheduler", "form": "object"}
    labels = {"app.kubernetes.io/name": "seldon-scheduler"}
    policy = {"name": "narrow", "namespace": "shop", "pod_selector": {"matchLabels": labels}}
    frames = together(
        PODS,
        LOGS,
        rows("k8s.pod", {**scheduler, "labels": labels}, namespace="shop"),
        rows("k8s.networkpolicy", policy),
    )
    topology = connect(frames)
    agent = {"namespace": "shop", "pod": "fast-0"}
    assert topology.link({"namespace": "shop", "policy": "narrow"}, agent).state == "proven"
    assert topology.link({"node": "n2"}, {"namespace": "shop", "model": "tree"}).state == "proven"
    assert topology.link({"node": "n2"}, {"node": "n1"}).state == "none"
    assert topology.link({"node": "n2"}, {"namespace": "other", "model": "tree"}).state == "none"


def test_a_replica_known_by_a_hash_names_no_pod() -> None:
    frames = log("log.scheduler", "Received agent subscribe request from fast:2874301193", namespace="shop")
    assert connect(frames).names("pod") == frozenset()


def test_a_pipeline_reaches_its_steps_and_their_topics_by_the_schedulers_log_alone() -> None:
    named = 'pipelineName:\\"line\\" topicName:\\"seldon.shop.{}\\"'
    told = f"Adding sources [{named.format('pipeline.line.inputs')}] to {named.format('model.tree.inputs')} source=dataflow"
    below = connect(together(LOGS, log("log.scheduler", "Namespace is shop", told, member="a.log", since=20)))

    assert set(below.below(("pipeline", "shop", "line"))) >= {
        ("model", "shop", "tree"),
        ("topic", "shop", "seldon.shop.model.tree.inputs"),
        ("topic", "shop", "seldon.shop.pipeline.line.inputs"),
    }
    assert ("topic", "shop", "seldon.shop.model.tree.inputs") in below.below(("model", "shop", "tree"))
    assert ("topic", "shop", "seldon.shop.pipeline.line.inputs") not in below.below(("model", "shop", "tree"))


# ---- what leads to Services, what pods need, and what a runtime made

POD = {
    "spec": {
        "serviceAccountName": "seldon-server",
        "imagePullSecrets": [{"name": "pull"}],
        "volumes": [
            {"name": "certs", "secret": {"secretName": "fast-tls"}},
            {"name": "both", "projected": {"sources": [{"configMap": {"name": "rules"}}, {"secret": {"name": "key"}}]}},
            {"name": "models", "persistentVolumeClaim": {"claimName": "models-fast-0"}},
        ],
        "containers": [
            {
                "name": "agent",
                "envFrom": [{"configMapRef": {"name": "seldon-agent"}}],
                "env": [
                    {"name": "X", "valueFrom": {"secretKeyRef": {"name": "kafka-user", "key": "p"}}},
                    {"name": "Y"},
                ],
            }
        ],
    }
}
AROUND = together(
    LOGS,
    rows(
        "k8s.pod",
        {"name": "fast-0", "labels": {"seldon-server-name": "fast"}, "raw": POD, "ip": "10.0.0.7"},
        {"name": "seldon-scheduler-0", "component": "scheduler", "labels": {"app": "s"}},
        {"name": "seldon-envoy-0", "component": "envoy", "labels": {"app": "mesh"}},
        namespace="shop",
    ),
    rows(
        "k8s.service",
        {"name": "seldon-mesh", "namespace": "shop", "type": "LoadBalancer", "selector": {"app": "mesh"}},
    ),
    rows(
        "k8s.ingress",
        {"name": "front", "namespace": "shop", "paths": [{"host": "a.example", "service": "seldon-mesh"}]},
    ),
    rows(
        "k8s.virtualservice",
        {
            "name": "ways",
            "namespace": "edge",
            "raw": {
                "spec": {
                    "gateways": ["mesh", "istio-system/outer"],
                    "http": [{"route": [{"destination": {"host": "seldon-mesh.shop.svc.cluster.local"}}]}],
                }
            },
        },
    ),
    rows(
        "k8s.httproute",
        {
            "name": "calls",
            "namespace": "shop",
            "raw": {
                "spec": {
                    "parentRefs": [{"name": "inner"}],
                    "rules": [{"backendRefs": [{"name": "seldon-mesh", "port": 80}]}],
                }
            },
        },
    ),
    rows("k8s.model", {"name": "tree", "namespace": "shop", "secret": "bucket"}),
    rows("k8s.seldonruntime", {"name": "seldon", "namespace": "shop"}),
    rows("k8s.secret", {"name": "bucket", "namespace": "shop"}),
)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        *(
            (("pod", "shop", "fast-0"), (kind, "shop", name))
            for kind, name in (
                ("secret", "fast-tls"),
                ("secret", "key"),
                ("secret", "pull"),
                ("secret", "kafka-user"),
                ("configmap", "rules"),
                ("configmap", "seldon-agent"),
                ("claim", "models-fast-0"),
                ("account", "seldon-server"),
            )
        ),
        (("model", "shop", "tree"), ("secret", "shop", "bucket")),
        (("model", "shop", "tree"), ("secret", "shop", "fast-tls")),  # by its pod
        (("ingress", "shop", "front"), ("pod", "shop", "seldon-envoy-0")),
        (("ingress", "edge", "ways"), ("service", "shop", "seldon-mesh")),
        (("ingress", "istio-system", "outer"), ("ingress", "edge", "ways")),
        (("ingress", "shop", "inner"), ("pod", "shop", "seldon-envoy-0")),
        (("service", "shop", "seldon-mesh"), ("pod", "shop", "seldon-envoy-0")),
        (("runtime", "shop", "seldon"), ("pod", "shop", "seldon-scheduler-0")),
        (("pod", "shop", "seldon-envoy-0"), ("scheduler", "shop", "seldon-scheduler")),
    ],
    ids=lambda thing: "/".join(thing[::2]),
)
def test_what_stands_above_what(above: tuple[str, str, str], below: tuple[str, str, str]) -> None:
    link = connect(AROUND).below(above)[below]

    assert link.state == "proven"
    assert link.rows


def test_what_another_pod_uses_is_not_below() -> None:
    topology = connect(AROUND)

    assert ("secret", "shop", "fast-tls") not in topology.below(("pod", "shop", "seldon-envoy-0"))
    assert topology.link({"namespace": "shop", "name": "fast-tls"}, {"namespace": "shop", "model": "tree"}).rests
    assert (
        topology.link({"namespace": "shop", "name": "fast-tls"}, {"namespace": "shop", "model": "lost"}).state
        != "proven"
    )


def test_specs_of_any_shape_break_nothing() -> None:
    shapes = ({"spec": 3}, {"spec": {"volumes": "x", "containers": [1, {"env": {"a": 2}}]}}, [], "text")
    for shape in shapes:
        for source in ("k8s.pod", "k8s.deployment", "k8s.httproute", "k8s.virtualservice"):
            connect(rows(source, {"name": "a", "namespace": "shop", "raw": shape}))
