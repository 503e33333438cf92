"""Whether policies let the components reach each other: union, both sides, and what is not known."""

from collections.abc import Mapping

import polars as pl
import pytest

from forensics.installation.netpaths import net_paths
from tests.forensics.frames import log, rows, together

SERVER = {"app.kubernetes.io/name": "seldon-server", "seldon-server-name": "fast"}
SCHEDULER = {"app.kubernetes.io/name": "seldon-scheduler"}
PODS = rows(
    "k8s.pod",
    {"name": "fast-0", "component": "server", "labels": SERVER, "ip": "10.0.0.7"},
    {"name": "seldon-scheduler-0", "component": "scheduler", "labels": SCHEDULER, "ip": "10.0.0.8"}
    | {"raw": {"spec": {"containers": [{"ports": [{"name": "agent", "containerPort": 9005}]}]}}},
    {"name": "seldon-envoy-1", "component": "envoy", "labels": {"app.kubernetes.io/name": "seldon-envoy"}},
    namespace="shop",
)
NONE = rows("k8s.listing", {"namespace": "shop", "kind": "networkpolicy", "items": 0, "complete": True})


def policies(*specs: Mapping[str, object], namespace: str = "shop") -> dict[str, pl.DataFrame]:
    return rows(
        "k8s.networkpolicy",
        *(
            {"name": f"p{n}", "form": "object", "pod_selector": spec.get("podSelector", {}), "raw": {"spec": spec}}
            for n, spec in enumerate(specs, 1)
        ),
        namespace=namespace,
    )


def path(frames: Mapping[str, pl.DataFrame], to: str = "seldon-scheduler", port: int = 9005, **where: object) -> dict:  # type: ignore[type-arg]
    found = net_paths(frames).filter(pl.col("to") == to, pl.col("port") == port)
    for column, value in where.items():
        found = found.filter(pl.col(column) == value)
    assert found.height == 1, found
    return found.row(0, named=True)


ALL = {"podSelector": {}}
DENY = {"podSelector": {}, "policyTypes": ["Ingress"]}


def ingress(selector: object, *ports: object, peers: object = None) -> dict[str, object]:
    rule: dict[str, object] = {"ports": list(ports)} if ports else {}
    if peers is not None:
        rule["from"] = peers
    return {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [rule]}


def egress(*rules: object, selector: object = None) -> dict[str, object]:
    return {"podSelector": selector or {}, "policyTypes": ["Egress"], "egress": list(rules)}


def test_an_empty_list_of_policies_leaves_all_open() -> None:
    row = path(together(PODS, NONE))
    assert row["state"] == "open"
    assert (row["member"], row["line"]) == ("k8s.listing.txt", 1)


def test_without_a_list_nothing_is_known() -> None:
    row = path(PODS)
    assert row["state"] == "unknown"
    assert row["member"] == "k8s.pod.txt"


def test_a_cut_list_is_no_list() -> None:
    cut = rows("k8s.listing", {"namespace": "shop", "kind": "networkpolicy", "items": 0, "complete": False})
    assert path(together(PODS, cut))["state"] == "unknown"


def test_a_denial_of_all_shuts() -> None:
    row = path(together(PODS, policies(DENY)))
    assert (row["state"], row["policy"], row["direction"]) == ("shut", "p1", "ingress")
    assert row["member"] == "k8s.networkpolicy.txt"


@pytest.mark.parametrize(
    ("spec", "state"),
    [
        (ingress({"matchLabels": SCHEDULER}, {"port": 9005}), "open"),
        (ingress({"matchLabels": SCHEDULER}, {"port": "agent"}), "open"),
        (ingress({"matchLabels": SCHEDULER}, {"port": "xds"}), "shut"),
        (ingress({"matchLabels": SCHEDULER}, {"port": 9000, "endPort": 9100}), "open"),
        (ingress({"matchLabels": SCHEDULER}, {"port": 9005, "protocol": "UDP"}), "shut"),
        (ingress({"matchLabels": SCHEDULER}, {"port": 9002}, {"port": 9004}), "shut"),
        (ingress({"matchLabels": SCHEDULER}, peers=[{"podSelector": {}}]), "open"),
        (ingress({}, peers=[{"podSelector": {"matchLabels": {"app": "web"}}}]), "shut"),
        (ingress({}, peers=[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}]), "open"),
        (ingress({}, peers=[{"namespaceSelector": {"matchLabels": {"team": "a"}}}]), "unknown"),
        (ingress({}, peers=[{"ipBlock": {"cidr": "10.0.0.0/24"}}]), "open"),
        (ingress({}, peers=[{"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.0.0.4/30"]}}]), "shut"),
        (
            ingress({"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "NotIn", "values": ["x"]}]}),
            "open",
        ),
    ],
)
def test_rules_add_to_a_denial(spec: dict[str, object], state: str) -> None:
    assert path(together(PODS, policies(DENY, spec)))["state"] == state


def test_the_policy_named_is_the_one_made_for_the_pods() -> None:
    row = path(together(PODS, policies(DENY, ingress({"matchLabels": SCHEDULER}, {"port": 9002}))))
    assert row["policy"] == "p2"


def test_an_ip_block_is_not_judged_without_the_address() -> None:
    spec = ingress({"matchLabels": SCHEDULER}, peers=[{"ipBlock": {"cidr": "10.0.0.0/24"}}])
    assert path(together(PODS, policies(spec)), port=9002)["state"] == "unknown"  # Envoy's pod has no address here


def test_the_source_may_be_shut_too() -> None:
    row = path(together(PODS, policies(egress({"to": [{"podSelector": {}}], "ports": [{"port": 9002}]}))))
    assert (row["state"], row["direction"]) == ("shut", "egress")


def test_a_policy_with_egress_rules_but_no_types_isolates_both_ways() -> None:
    spec = {"podSelector": {}, "egress": [{}]}
    row = path(together(PODS, policies(spec)))
    assert (row["state"], row["direction"]) == ("shut", "ingress")


def test_dns_is_asked_only_of_who_has_an_egress_policy() -> None:
    assert "dns" not in net_paths(together(PODS, policies(DENY)))["to"].to_list()
    frames = together(PODS, policies(egress({"to": [{"podSelector": {}}]})))
    assert path(frames, to="dns", port=53, protocol="UDP", **{"from": "agent"})["state"] == "shut"
    allowed = egress({"to": [{"podSelector": {}}]}, {"ports": [{"port": 53, "protocol": "UDP"}]})
    frames = together(PODS, policies(allowed))
    assert path(frames, to="dns", port=53, protocol="UDP", **{"from": "agent"})["state"] == "open"
    assert path(frames, to="dns", port=53, protocol="TCP", **{"from": "agent"})["state"] == "shut"


def test_the_operator_comes_from_another_namespace() -> None:
    operator = rows(
        "k8s.pod",
        {"name": "seldon-v2-controller-manager-1", "component": "operator", "namespace": "control"}
        | {"labels": {"control-plane": "v2-controller-manager"}},
    )
    inside = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}
    frames = together(
        PODS, operator, policies(inside), rows("k8s.listing", {"kind": "networkpolicy", "namespace": "control"})
    )
    row = path(frames, port=9004)
    assert (row["state"], row["policy"], row["from_namespace"], row["namespace"]) == ("shut", "p1", "control", "shop")


def test_components_known_from_logs_alone_have_the_usual_labels() -> None:
    agent = log("log.agent", "Load model a:1", namespace="shop", pod="fast-0")
    frames = together(agent, policies(ingress({"matchLabels": SCHEDULER}, {"port": 9002})))
    assert path(frames)["state"] == "shut"
    frames = together(agent, policies(ingress({"matchLabels": {"own": "label"}}, {"port": 9002})))
    assert path(frames)["state"] == "unknown"


def test_what_is_outside_is_shut_only_where_no_rule_can_mean_it() -> None:
    closed = policies(egress({"to": [{"podSelector": {}}]}, {"ports": [{"port": 53, "protocol": "UDP"}]}))
    assert path(together(PODS, closed), to="storage", port=443)["state"] == "shut"
    assert path(together(PODS, closed), to="apiserver", port=6443)["state"] == "shut"
    block = policies(egress({"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}))
    assert path(together(PODS, block), to="storage", port=443)["state"] == "unknown"
    world = policies(egress({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}))
    assert path(together(PODS, world), to="storage", port=443)["state"] == "open"


def test_brokers_are_taken_from_the_configuration() -> None:
    frames = together(
        PODS,
        rows("k8s.pod", {"name": "seldon-modelgateway-1", "component": "modelgateway", "namespace": "shop"}),
        rows(
            "k8s.configmap",
            {"name": "seldon-kafka", "namespace": "shop"}
            | {"raw": {"data": {"kafka.json": '{"bootstrap.servers":"bus-bootstrap.kafka.svc:9092"}'}}},
        ),
        policies(egress({"to": [{"podSelector": {}}]})),
    )
    row = path(frames, to="kafka", port=9092)
    assert (row["state"], row["to_namespace"], row["direction"]) == ("shut", "kafka", "egress")


def test_tls_moves_the_port() -> None:
    env = rows(
        "k8s.env", {"namespace": "shop", "name": "x", "variable": "CONTROL_PLANE_SECURITY_PROTOCOL", "value": "SSL"}
    )
    assert path(together(PODS, NONE, env), port=9055)["state"] == "open"


def test_nothing_gives_nothing() -> None:
    assert net_paths({}).is_empty()


def test_logs_without_a_namespace_are_of_the_only_one_there_is() -> None:
    agent = log("log.agent", "Load model a:1", pod="fast-0")
    row = path(together(agent, policies(DENY)))
    assert (row["state"], row["policy"], row["from_namespace"]) == ("shut", "p1", "shop")
    two = together(agent, policies(DENY), policies(DENY, namespace="field"))
    row = path(two)
    assert (row["state"], row["from_namespace"]) == ("unknown", None)


def test_logs_and_policies_that_both_name_no_namespace_share_it() -> None:
    agent = log("log.agent", "Load model a:1", pod="fast-0")
    bare = {k: f.with_columns(pl.lit(None, pl.String).alias("namespace")) for k, f in policies(DENY).items()}
    assert path(together(agent, bare))["state"] == "shut"
    assert path(agent)["state"] == "unknown"


def test_a_controller_whose_namespace_is_not_known_is_not_taken_for_a_neighbour() -> None:
    controller = log("log.controller", "Starting manager")
    inside = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}
    assert path(together(PODS, controller, policies(inside)), port=9004, **{"from": "operator"})["state"] == "unknown"


def test_a_log_is_of_the_pod_that_is_known() -> None:
    operator = {"name": "seldon-v2-controller-manager-1", "component": "operator", "namespace": "control"}
    labels = {"control-plane": "v2-controller-manager"}
    frames = together(
        PODS, NONE, rows("k8s.pod", {**operator, "labels": labels}), log("log.controller", "Starting manager")
    )
    assert path(frames, port=9004)["from_namespace"] == "control"


@pytest.mark.parametrize(
    ("spaces", "label"),
    [
        ([{"name": "ops", "labels": {"tier": "core"}}], "access=ops"),
        ([{"name": "ops", "labels": {"access": "ops"}}], ""),
        ([], None),
    ],
)
def test_a_label_that_no_namespace_has_is_named(spaces: list[dict[str, object]], label: str | None) -> None:
    peers = [{"podSelector": {}}, {"namespaceSelector": {"matchLabels": {"access": "ops"}}}]
    frames = together(
        PODS, policies(ingress(SCHEDULER, peers=peers)), *([rows("k8s.namespace", *spaces)] if spaces else [])
    )

    assert path(frames)["label"] == label


def test_brokers_are_those_the_gateways_say_where_no_object_says_any() -> None:
    gateway = rows("k8s.pod", {"name": "seldon-modelgateway-0", "component": "modelgateway"}, namespace="shop")
    said = log(
        "log.modelgateway",
        "Creating producer with config map[bootstrap.servers:kafka.streams:9092 linger.ms:0]",
        namespace="shop",
    )
    egress = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]}

    assert path(together(gateway, said, policies(egress)), "kafka", 9092)["state"] == "shut"
