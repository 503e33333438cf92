"""The manifests of a review: valid, of this installation, and with them applied the checks pass."""

import copy
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from forensics.analysis import read
from forensics.bundle import open_bundle
from forensics.readiness import validity
from forensics.readiness.guards import policies
from forensics.readiness.manifests import manifests, text_of, write_manifests
from forensics.readiness.validity import remark
from forensics.review import review
from tests.forensics.test_review import DATA, case, library, reviewed, statuses

Object = dict[str, Any]
MENDED = (
    "arch-control-plane-exposed",
    "arch-envoy-stats-exposed",
    "arch-inference-unauthenticated",
    "arch-loadbalancer-per-namespace",
    "arch-missing-networkpolicy",
    "arch-missing-rbac-isolation",
    "arch-no-ingress",
    "arch-no-limits-or-small-defaults",
    "arch-no-monitoring",
    "arch-no-pod-disruption-budget",
    "arch-single-replica-data-plane",
    "arch-unpinned-model-version",
)


def objects_in(folder: Path) -> Iterator[Object]:
    for path in sorted(folder.glob("*.yaml")):
        for found in yaml.safe_load_all(path.read_text("utf-8")):
            yield from found["items"] if found["kind"] == "List" else [found]


def key(made: Object) -> tuple[str, str, str]:
    meta = made.get("metadata", {})
    return made["kind"], meta.get("namespace", ""), meta.get("name", "")


def applied(bundle: Path, made: Path, out: Path) -> Path:
    """Write the bundle as it would be dumped once the manifests were applied and the operator had done its part."""
    held = {key(o): o for o in objects_in(bundle)}
    held.update({key(o): o for o in objects_in(made)})
    for runtime in [o for o in held.values() if o["kind"] == "SeldonRuntime"]:
        space = runtime["metadata"]["namespace"]
        for override in runtime["spec"]["overrides"]:
            name = override["name"]
            service = held.get(("Service", space, "seldon-mesh" if name == "seldon-envoy" else name))
            if service and "serviceType" in override:
                service["spec"]["type"] = override["serviceType"]
            workload = held.get(("Deployment", space, name))
            if workload and "replicas" in override:
                workload["spec"]["replicas"] = override["replicas"]
    for server in [o for o in held.values() if o["kind"] == "Server"]:
        space, name = server["metadata"]["namespace"], server["metadata"]["name"]
        asked = {c["name"]: c["resources"] for c in server["spec"].get("podSpec", {}).get("containers", ())}
        pod = held.get(("Pod", space, f"{name}-0"))
        for container in pod["spec"]["containers"] if pod else ():
            container["resources"] = asked.get(container["name"], container.get("resources"))
    kinds: dict[str, list[Object]] = {}
    for o in held.values():
        kinds.setdefault(o["kind"].removesuffix("List"), []).append(o)
    out.mkdir()
    for kind, own in kinds.items():
        items = [o for o in own if not o["kind"].endswith("List")]
        whole = {"apiVersion": "v1", "kind": "List", "items": items} if items else own[0]
        (out / f"{kind.lower()}s.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
    return out


@pytest.fixture
def written(tmp_path: Path) -> Path:
    folder = tmp_path / "manifests"
    write_manifests(reviewed("unsound"), case("unsound").frames, folder)
    return folder


def test_with_the_manifests_applied_the_checks_pass(tmp_path: Path, written: Path) -> None:
    assert {statuses(reviewed("unsound"))[name] for name in MENDED} == {"failed"}
    bundle = applied(DATA / "unsound", written, tmp_path / "after")
    after = review(read(open_bundle([bundle]), workers=1), library())
    assert {name: statuses(after)[name] for name in MENDED} == dict.fromkeys(MENDED, "passed")
    assert statuses(after)["arch-networkpolicy-ports-incomplete"] == "passed"
    # Whether other namespaces have quotas, a list with one entry does not tell.
    assert statuses(reviewed("unsound"))["arch-quota-without-defaults"] == "failed"
    assert statuses(after)["arch-quota-without-defaults"] == "unknown"
    quota = next(c for c in after["checks"] if c["pattern"].endswith("arch-quota-without-defaults"))
    assert quota["namespaces"] == {"seldon-system": "unknown", "team-a": "passed", "team-b": "unknown"}
    assert "passed in team-a; unknown in seldon-system, team-b" in quota["why"]


def test_with_the_defaults_applied_a_quota_passes(tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(DATA / "unsound", before)
    quota = yaml.safe_load((before / "resourcequotas.yaml").read_text("utf-8"))
    spaces = ("team-a", "team-b", "seldon-system")
    quota["items"] = [
        {**copy.deepcopy(quota["items"][0]), "metadata": {"name": "team", "namespace": space}} for space in spaces
    ]
    (before / "resourcequotas.yaml").write_text(yaml.safe_dump(quota), "utf-8")
    held = read(open_bundle([before]), workers=1)
    document = review(held, library())
    assert statuses(document)["arch-quota-without-defaults"] == "failed"

    write_manifests(document, held.frames, tmp_path / "manifests")
    after = review(
        read(open_bundle([applied(before, tmp_path / "manifests", tmp_path / "after")]), workers=1), library()
    )

    assert statuses(after)["arch-quota-without-defaults"] == "passed"


def test_objects_of_any_shape_are_mended_without_a_fault(tmp_path: Path) -> None:
    for path in (DATA / "unsound").iterdir():
        objects = yaml.safe_load(path.read_text("utf-8"))
        for item in objects.get("items", ()):
            if item["kind"] in ("Server", "Model", "SeldonRuntime", "Ingress", "ClusterRoleBinding"):
                item["spec"], item["subjects"] = ["not", "an object"], "none"
        (tmp_path / path.name).write_text(yaml.safe_dump(objects), "utf-8")
    held = read(open_bundle([tmp_path]), workers=1)

    assert manifests(review(held, library()), held.frames)


def test_what_seldon_needs_stays_open_behind_the_policies(tmp_path: Path, written: Path) -> None:
    bundle = applied(DATA / "unsound", written, tmp_path / "after")
    after = review(read(open_bundle([bundle]), workers=1), library())
    inside = [r for r in after["connectivity"] if r["to"] in ("seldon-scheduler", "agent")]
    assert len(inside) >= 8
    assert {r["state"] for r in inside} == {"open"}


def of_version(kubelet: str, folder: Path) -> Path:
    """Write the unsound installation with that version on its nodes."""
    shutil.copytree(DATA / "unsound", folder)
    nodes = folder / "nodes.yaml"
    nodes.write_text(re.sub(r"kubeletVersion: .*", f"kubeletVersion: {kubelet}", nodes.read_text("utf-8")), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("kubelet", "judged"),
    [
        ("v1.27.16-eks-a737599", "by the schemas of Kubernetes 1.27, the cluster's version"),
        ("v1.31.5+k3s1", "by the schemas of Kubernetes 1.31, the cluster's version"),
        ("v1.33.1-gke.1107000", "by the schemas of Kubernetes 1.33, the cluster's version"),
        ("v1.19.0", "by the schemas of Kubernetes 1.25 (the cluster runs 1.19: the nearest that is shipped)"),
        ("v1.99.0", "the cluster runs 1.99: the nearest that is shipped"),
        ("", "no node tells the cluster's version"),
    ],
)
def test_the_manifests_are_valid_by_the_schemas_of_the_clusters_version(
    tmp_path: Path, kubelet: str, judged: str
) -> None:
    pytest.importorskip("kubernetes_validate")
    opened = read(open_bundle([of_version(kubelet, tmp_path / "bundle")]), workers=1)
    told = write_manifests(review(opened, library()), opened.frames, tmp_path / "made")

    own = {entry["file"]: entry["valid"] for entry in told if "schemas of" in entry["valid"]}
    assert all(valid.startswith("Valid by") and judged in valid for valid in own.values()), own
    kinds = {o.split()[0] for entry in told if entry["file"] in own for o in entry["objects"]}
    assert kinds >= {"NetworkPolicy", "Ingress", "PodDisruptionBudget", "Role", "RoleBinding", "LimitRange"}
    assert kinds >= {"ClusterRoleBinding", "PersistentVolumeClaim"}
    assert f"# {next(iter(own.values()))}\n" in (tmp_path / "made" / next(iter(own))).read_text("utf-8")
    others = [entry["valid"] for entry in told if entry["file"] not in own]
    assert all(valid.startswith(("Kubernetes has no schema of its own for", "Values: ")) for valid in others)


def test_a_fault_is_named_with_its_place() -> None:
    pytest.importorskip("kubernetes_validate")
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "x"}, "spec": {"min": 1}}

    assert re.match(r"Not valid by .*1\.31.*: PodDisruptionBudget x: spec: .*'min'", remark([budget], (1, 31)))


def test_without_the_schemas_nothing_is_said_of_validity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validity, "find_spec", lambda name: None)

    assert remark([], (1, 31)).startswith("Not validated: the extra `schemas`")


def test_they_are_of_this_installation(written: Path) -> None:
    made = list(objects_in(written))
    assert {o["metadata"]["namespace"] for o in made if "namespace" in o["metadata"]} == {"team-a", "team-b"}
    assert [key(o) for o in made if "namespace" not in o["metadata"]] == [("ClusterRoleBinding", "", "data-science")]
    policy = next(o for o in made if key(o) == ("NetworkPolicy", "team-b", "seldon-scheduler-ingress"))
    peers = [peer for rule in policy["spec"]["ingress"] for peer in rule["from"]]
    spaces = [p["namespaceSelector"]["matchLabels"] for p in peers if "namespaceSelector" in p]
    assert {"kubernetes.io/metadata.name": "seldon-system"} in spaces  # where the operator is
    budget = next(o for o in made if key(o) == ("PodDisruptionBudget", "team-a", "seldon-server-mlserver"))
    assert budget["spec"]["selector"]["matchLabels"]["seldon-server-name"] == "mlserver"


def test_an_object_that_exists_is_written_whole(written: Path) -> None:
    server = next(o for o in objects_in(written) if key(o) == ("Server", "team-a", "mlserver"))
    assert server["spec"]["serverConfig"] == "mlserver"
    assert server["spec"]["replicas"] == 2
    names = {c["name"] for c in server["spec"]["podSpec"]["containers"]}
    assert names == {"mlserver", "agent", "rclone"}
    assert "status" not in server


def test_a_file_says_what_it_mends_and_what_to_fill_in() -> None:
    made = {w.name: text_of(w) for w in manifests(reviewed("unsound"), case("unsound").frames)}
    text = made["team-a-ingress.yaml"]
    assert text.startswith("# Mends: architecture/arch-inference-unauthenticated, architecture/arch-no-ingress\n")
    assert "# Put your host" in text


def test_a_sound_installation_gets_none(tmp_path: Path) -> None:
    assert write_manifests(reviewed("sound"), case("sound").frames, tmp_path / "none") == []
    assert list((tmp_path / "none").iterdir()) == []


def test_a_namespace_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    check = {
        "pattern": "architecture/arch-quota-without-defaults",
        "status": "failed",
        "subjects": [{"namespace": "../../etc"}],
    }
    told = write_manifests({"checks": [check]}, {}, tmp_path)
    assert re.fullmatch(r"[a-z0-9.-]+", told[0]["file"])
    assert [p.name for p in tmp_path.iterdir()] == [told[0]["file"]]


def test_a_shut_way_out_is_opened_for_the_side_that_dials() -> None:
    shut = {
        "from": "agent",
        "from_namespace": "team-a",
        "to": "seldon-scheduler",
        "to_namespace": "team-a",
        "port": 9005,
        "protocol": "TCP",
        "state": "shut",
        "by": "NetworkPolicy out (egress)",
    }
    made = {p["metadata"]["name"]: p for p in policies([shut], "team-a", dict[str, pl.DataFrame]())}
    rule = made["seldon-server-egress"]["spec"]["egress"][0]
    assert [p["port"] for p in rule["ports"]] == [9005, 9055]
    assert rule["to"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "seldon-scheduler"}


def test_a_policy_that_shuts_a_port_is_mended(tmp_path: Path) -> None:
    bundle = tmp_path / "shut"
    shutil.copytree(DATA / "sound", bundle)
    path = bundle / "networkpolicys.yaml"
    held = yaml.safe_load(path.read_text("utf-8"))
    held["items"][0]["spec"]["ingress"] = [{"ports": [{"port": 9004, "protocol": "TCP"}]}]
    path.write_text(yaml.safe_dump(held), "utf-8")
    opened = read(open_bundle([bundle]), workers=1)
    document = review(opened, library())
    assert statuses(document)["arch-networkpolicy-ports-incomplete"] == "failed"
    assert any(r["state"] == "shut" and "NetworkPolicy own" in r["by"] for r in document["connectivity"])
    write_manifests(document, opened.frames, tmp_path / "made")
    after = review(read(open_bundle([applied(bundle, tmp_path / "made", tmp_path / "after")]), workers=1), library())
    assert statuses(after)["arch-networkpolicy-ports-incomplete"] == "passed"


GATEWAY = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: public
  namespace: gateways
spec:
  gatewayClassName: envoy
"""


def test_where_a_gateway_is_the_entry_is_a_route(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(DATA / "unsound", bundle)
    (bundle / "gateway.yaml").write_text(GATEWAY, "utf-8")
    opened = read(open_bundle([bundle]), workers=1)
    write_manifests(review(opened, library()), opened.frames, tmp_path / "made")
    made = list(objects_in(tmp_path / "made"))
    assert "Ingress" not in {o["kind"] for o in made}
    route = next(o for o in made if key(o) == ("HTTPRoute", "team-a", "seldon-mesh"))
    assert route["spec"]["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    assert route["spec"]["rules"][0]["backendRefs"] == [{"name": "seldon-mesh", "port": 80}]


ROUTES = """\
apiVersion: v1
kind: List
items:
- apiVersion: gateway.networking.k8s.io/v1
  kind: Gateway
  metadata:
    name: public
    namespace: gateways
  spec:
    gatewayClassName: envoy
    listeners:
    - name: http
      port: 80
      protocol: HTTP
      hostname: models.example.com
- apiVersion: gateway.networking.k8s.io/v1
  kind: HTTPRoute
  metadata:
    name: models
    namespace: gateways
  spec:
    parentRefs:
    - name: public
    hostnames:
    - models.example.com
    rules:
    - backendRefs:
      - name: seldon-mesh
        port: 80
      matches:
      - path:
          type: PathPrefix
          value: /team-a
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata:
    name: models
    namespace: gateways
  spec:
    gateways:
    - public
    hosts:
    - models.example.com
    http:
    - match:
      - uri:
          prefix: /team-a
      route:
      - destination:
          host: seldon-mesh
- apiVersion: v1
  kind: Service
  metadata:
    name: seldon-mesh
    namespace: team-a
  spec:
    type: ClusterIP
- apiVersion: v1
  kind: Service
  metadata:
    name: entry
    namespace: gateways
  spec:
    type: ClusterIP
"""


def test_gateways_get_tls_and_routes_reach_the_mesh(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "objects.yaml").write_text(ROUTES, "utf-8")
    opened = read(open_bundle([bundle]), workers=1)
    document = review(opened, library())
    names = ("arch-gateway-without-tls", "arch-route-cannot-reach-mesh")
    assert {name: statuses(document)[name] for name in names} == dict.fromkeys(names, "failed")

    write_manifests(document, opened.frames, tmp_path / "made")
    made = {key(o): o for o in objects_in(tmp_path / "made")}
    listener = made["Gateway", "gateways", "public"]["spec"]["listeners"][1]
    assert listener["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "seldon-mesh-tls"}]
    assert listener["hostname"] == "models.example.com"
    assert made["ReferenceGrant", "team-a", "routes-of-gateways"]["spec"]["from"][0]["namespace"] == "gateways"
    after = review(read(open_bundle([applied(bundle, tmp_path / "made", tmp_path / "after")]), workers=1), library())
    assert {name: statuses(after)[name] for name in names} == dict.fromkeys(names, "passed")
