"""Two whole dumps, read as an architect reads them: a sound installation in production, and a messy one on K3s."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from forensics.analysis import read
from forensics.bundle import open_bundle
from forensics.document import dump, load, problems
from forensics.readiness.inventory import _of_image
from forensics.readiness.manifests import write_manifests
from forensics.reporting.html import html
from forensics.reporting.junit import junit
from forensics.reporting.markdown import markdown
from forensics.reporting.render import render
from forensics.reporting.reviewed import CONNECTIONS, tables
from forensics.review import review
from tests.forensics.test_review import DATA, case, library, reviewed, statuses
from tests.forensics.test_review_manifests import Object, applied, key, objects_in

MESSY = {
    "arch-certificate-expires-soon",
    "arch-control-plane-exposed",
    "arch-dns-namespace-domain-conflict",
    "arch-envoy-stats-exposed",
    "arch-graceful-shutdown-too-short",
    "arch-image-tag-latest",
    "arch-inference-unauthenticated",
    "arch-ingress-cannot-reach-mesh",
    "arch-k3s-specifics",
    "arch-lb-idle-timeout",
    "arch-loadbalancer-per-namespace",
    "arch-logs-too-quiet",
    "arch-missing-networkpolicy",
    "arch-missing-rbac-isolation",
    "arch-namespace-without-runtime",
    "arch-no-decision-record-or-runbook",
    "arch-no-limits-or-small-defaults",
    "arch-no-monitoring",
    "arch-no-pod-disruption-budget",
    "arch-no-tls-control-plane",
    "arch-no-tls-data-plane",
    "arch-onprem-specifics",
    "arch-operator-wider-than-needed",
    "arch-pipelines-without-kafka",
    "arch-port-forward-in-production",
    "arch-scheduler-state-not-protected",
    "arch-secrets-in-plain-manifests",
    "arch-single-replica-data-plane",
    "arch-telemetry-on",
    "arch-tracing-default-endpoint",
    "arch-unpinned-model-version",
}
# What only the cluster's people can mend: images, names, credentials and certificates of their own, habits.
BY_HAND = {
    "arch-certificate-expires-soon",
    "arch-dns-namespace-domain-conflict",
    "arch-graceful-shutdown-too-short",
    "arch-image-tag-latest",
    "arch-k3s-specifics",
    "arch-no-decision-record-or-runbook",
    "arch-onprem-specifics",
    "arch-port-forward-in-production",
    "arch-secrets-in-plain-manifests",
}


def check(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in document["checks"] if c["pattern"].endswith(f"/{name}"))


def named(document: Mapping[str, Any], status: str) -> set[str]:
    return {name for name, found in statuses(document).items() if found == status}


def test_what_is_sound_fails_nothing_and_only_logs_are_missing() -> None:
    document = reviewed("production")

    assert named(document, "failed") == set()
    assert named(document, "unknown") == {"arch-onprem-specifics", "arch-port-forward-in-production"}
    assert {row["state"] for row in document["connectivity"]} == {"open"}
    assert len(document["connectivity"]) >= 10
    assert {c["state"] for c in document["certificates"]} == {"valid"}
    assert document["placement"][0]["pattern"] == "distributed per namespace"
    assert document["placement"][0]["distance"] == []
    assert problems(load(dump(document))) == []


def test_pods_of_others_leave_no_check_open() -> None:
    pods = case("production").frames["k8s.pod"]
    assert pods["component"].null_count() > 0  # the network's own
    assert statuses(reviewed("production"))["arch-telemetry-on"] == "passed"
    assert statuses(reviewed("production"))["arch-pipelines-without-kafka"] == "not applicable"


def test_what_is_messy_fails_by_name() -> None:
    document = reviewed("k3s")

    assert named(document, "failed") == MESSY
    assert named(document, "unknown") == {
        "arch-gateway-without-tls",
        "arch-networkpolicy-ports-incomplete",  # an empty list does not say of which namespace it is
        "arch-no-ingress",  # one Ingress of `default` is all that was listed
        "arch-route-cannot-reach-mesh",
        "arch-storage-secret-missing",
    }
    assert document["platform"] == "k3s"
    assert problems(load(dump(document))) == []


def test_a_namespace_of_its_own_fails_although_others_pass() -> None:
    found = check(reviewed("k3s"), "arch-namespace-without-runtime")

    assert found["namespaces"] == {"dev": "passed", "risk-lab": "passed", "sandbox": "failed"}
    assert found["subjects"] == [{"namespace": "sandbox"}]
    assert "passed in dev, risk-lab; failed in sandbox" in found["why"]


def test_where_something_was_seen_that_names_nobody() -> None:
    assert check(reviewed("k3s"), "arch-loadbalancer-per-namespace")["why"].endswith("Seen in: dev, risk-lab.")


def test_ports_of_the_same_two_ends_stand_in_one_row() -> None:
    document = reviewed("production")
    table = next(t for t in tables(document) if t.title == CONNECTIONS)

    assert len(table.rows) < len(document["connectivity"])
    assert (
        "envoy (fraud)",
        "agent (fraud)",
        "9001, 9501/TCP",
        "open",
        "inference requests to the servers",
    ) in table.rows


def test_an_empty_list_of_policies_is_told_from_none() -> None:
    assert {row["by"] for row in reviewed("k3s")["connectivity"]} == {
        "the list of policies is empty, and does not say of which namespace it is"
    }


def test_what_is_missing_says_of_which_namespace() -> None:
    assert check(reviewed("k3s"), "arch-no-ingress")["why"].startswith("k8s.ingress: not collected of dev")


@pytest.mark.parametrize("name", ["production", "k3s"])
def test_every_form_tells_every_check_with_its_place(name: str) -> None:
    document = reviewed(name)
    page, text, cases = html(document), markdown(document), junit(document)
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.count("|") == 7}
    for each in document["checks"]:
        title = each["title"]
        assert title.replace("'", "&#39;") in page
        assert title in lines or title.replace("_", "\\_") in lines
        assert title in cases
        for subject in each.get("subjects", [])[:1]:
            assert all(value in lines[title] for value in subject.values() if title in lines)
    assert text.startswith("# REVIEW: Readiness: of ")
    assert "<title>REVIEW: " in page


def test_no_line_is_quoted_twice_of_one_check() -> None:
    text = markdown(reviewed("k3s"))
    part = text.split("### Scheduler is exposed outside the cluster")[1].split("###")[0]
    assert part.count("services.yaml:3 ") == 1


def test_the_terminal_is_a_page_and_names_the_worst_first() -> None:
    lines = render(reviewed("k3s"), width=100).plain.splitlines()
    assert len(lines) < 130
    failed = [line for line in lines if line.startswith(" failed")]
    assert ["[high]" in line for line in failed] == sorted(("[high]" in line for line in failed), reverse=True)


@cache
def mended(folder: Path) -> tuple[dict[tuple[str, str, str], Object], dict[str, Any]]:
    held = case("k3s")
    document = reviewed("k3s")
    write_manifests(document, held.frames, folder)
    return {key(o): o for o in objects_in(folder)}, document


def test_the_operator_is_limited_to_what_it_serves(tmp_path: Path) -> None:
    made, _ = mended(tmp_path)

    manager = made["Deployment", "seldon-mesh", "seldon-v2-controller-manager"]
    container = manager["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "WATCH_NAMESPACES", "value": "dev,risk-lab,sandbox"} in container["env"]
    bound = made["RoleBinding", "dev", "seldon-v2-manager-rolebinding"]
    assert bound["subjects"][0]["namespace"] == "seldon-mesh"
    assert made["ClusterRoleBinding", "", "seldon-v2-manager-rolebinding-seldon-mesh"]["subjects"] == []
    values = yaml.safe_load((tmp_path / "seldon-mesh-seldon-core-v2-setup.values").read_text("utf-8"))
    assert values["controller"] == {"clusterwide": True, "watchNamespaces": ["dev", "risk-lab", "sandbox"]}
    assert values["security"] == {"controlplane": {"protocol": "SSL"}, "envoy": {"protocol": "SSL"}}


def test_the_schedulers_claim_takes_a_class_that_is_there(tmp_path: Path) -> None:
    made, _ = mended(tmp_path)

    claim = made["PersistentVolumeClaim", "risk-lab", "scheduler-state-seldon-scheduler-0"]
    assert claim["spec"]["storageClassName"] == "longhorn"
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert "volumeName" not in claim["spec"]
    scheduler = made["SeldonConfig", "seldon-mesh", "default"]["spec"]["components"][0]
    assert scheduler["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "longhorn"


def test_versions_tell_tags_that_move_and_models_are_counted_by_namespace() -> None:
    parts = {row["part"]: (row["versions"], row["state"]) for row in reviewed("k3s")["versions"]}

    assert parts["seldon-scheduler"] == (["latest"], "a tag that moves")
    assert parts["mlserver"] == (["1.7.1"], "one version")
    assert parts["kubernetes"] == (["v1.30.4+k3s1"], "tested")
    assert reviewed("k3s")["installation"]["models"] == 3


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("registry.example.com:5000/seldonio/seldon-agent:2.9.1", ("seldon-agent", "2.9.1")),
        ("seldon-agent:v2.9.1@sha256:0123456789abcdef0123", ("seldon-agent", "2.9.1")),
        ("registry.example.com:5000/seldon-agent@sha256:0123456789abcdef0123", ("seldon-agent", "sha256:0123456789ab")),
        ("seldonio/seldon-agent", ("seldon-agent", "latest")),
    ],
)
def test_an_image_tells_its_version(image: str, told: tuple[str, str]) -> None:
    assert _of_image(image) == told


def test_an_ingress_moves_beside_the_mesh_with_the_secret_that_fits_its_host(tmp_path: Path) -> None:
    made, _ = mended(tmp_path)

    moved = made["Ingress", "dev", "models"]["spec"]
    assert moved["tls"] == [{"hosts": ["models.example.com"], "secretName": "models-tls"}]
    assert moved["rules"][0]["http"]["paths"][0]["path"] == "/"
    assert ("Ingress", "default", "models") not in made
    assert not (tmp_path / "default-ingress.yaml").exists()
    assert [k for k in made if k[:2] == ("Ingress", "dev")] == [("Ingress", "dev", "models")]
    assert "kubectl -n default delete ingress models" in (tmp_path / "dev-ingress.yaml").read_text("utf-8")


def test_with_all_of_it_applied_the_checks_pass(tmp_path: Path) -> None:
    mended(tmp_path / "made")
    after = review(read(open_bundle([as_dumped_later(tmp_path)]), workers=1), library())

    expected = dict.fromkeys(MESSY - BY_HAND, "passed") | {
        "arch-pipelines-without-kafka": "not applicable",
        "arch-tracing-default-endpoint": "unknown",  # what the scheduler logs by then is not in the dump
    }
    assert {name: statuses(after)[name] for name in expected} == expected
    assert statuses(after)["arch-no-ingress"] in ("passed", "not applicable")


def as_dumped_later(tmp_path: Path) -> Path:
    """Return the dump once everything is applied, what had to be deleted is gone, and operator and Helm did their part."""
    bundle = applied(DATA / "k3s", tmp_path / "made", tmp_path / "after")
    values = yaml.safe_load((tmp_path / "made" / "seldon-mesh-seldon-core-v2-setup.values").read_text("utf-8"))
    security, scope = values["security"], values["controller"]
    variables = {
        "CONTROL_PLANE_SECURITY_PROTOCOL": security["controlplane"]["protocol"],
        "ENVOY_SECURITY_PROTOCOL": security["envoy"]["protocol"],
        "WATCH_NAMESPACES": ",".join(scope["watchNamespaces"]),
        "LOG_LEVEL": values["logging"]["logLevel"],
    }
    objects = [o for o in objects_in(bundle) if not o["kind"].endswith("List")]
    objects = [o for o in objects if key(o) != ("Ingress", "default", "models")]
    runtimes = {o["metadata"]["namespace"]: o["spec"] for o in objects if o["kind"] == "SeldonRuntime"}
    gone = {
        (space, override["name"])
        for space, spec in runtimes.items()
        for override in spec.get("overrides", ())
        if override.get("disable")
    }
    left = []
    for o in objects:
        names = o["metadata"].get("labels", {}).get("app.kubernetes.io/name"), o["metadata"]["name"]
        if any((o["metadata"].get("namespace"), name) in gone for name in names):
            continue
        spec = o.get("spec", {})
        for container in [*spec.get("containers", ()), *spec.get("template", {}).get("spec", {}).get("containers", ())]:
            for variable in container.get("env", ()):
                variable["value"] = variables.get(variable["name"], variable["value"])
        off = runtimes.get(o["metadata"].get("namespace", ""), {}).get("config", {}).get("tracingConfig", {})
        if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "seldon-tracing" and off.get("disable"):
            o["data"] = {"tracing.json": '{"disable":true}'}
        if o["kind"] == "Pod":
            o["status"]["qosClass"] = "Burstable"  # of the defaults of the LimitRange
        left.append(o)
    left.append(scheduler_of("sandbox"))
    (bundle / "all").mkdir()
    for path in bundle.glob("*.yaml"):
        path.unlink()
    kinds: dict[str, list[Object]] = {}
    for o in left:
        kinds.setdefault(o["kind"], []).append(o)
    for kind, own in kinds.items():
        whole = {"apiVersion": "v1", "kind": "List", "items": own}
        (bundle / "all" / f"{kind.lower()}.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
    empty = [("mlops.seldon.io/v1alpha1", "PipelineList"), ("v1", "ResourceQuotaList")]
    for api, kind in empty:
        (bundle / "all" / f"{kind}.yaml").write_text(f"apiVersion: {api}\nitems: []\nkind: {kind}\n", "utf-8")
    return bundle


def scheduler_of(namespace: str) -> Object:
    """Return the pod that the operator makes for a runtime that was added."""
    held = yaml.safe_load((DATA / "k3s" / "pods.yaml").read_text("utf-8"))["items"]
    pod: Object = next(o for o in held if o["metadata"]["name"] == "seldon-scheduler-0")
    pod["metadata"]["namespace"] = namespace
    pod["metadata"].pop("annotations", None)
    for variable in pod["spec"]["containers"][0]["env"]:
        variable["value"] = {"CONTROL_PLANE_SECURITY_PROTOCOL": "SSL", "LOG_LEVEL": "info"}[variable["name"]]
    pod["status"]["qosClass"] = "Burstable"
    return pod


def test_the_served_versions_of_crds_are_listed(tmp_path: Path) -> None:
    (tmp_path / "crds.yaml").write_text(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: models.mlops.seldon.io\n"
        "spec:\n  group: mlops.seldon.io\n  versions:\n  - name: v1alpha1\n    served: true\n  - name: v1\n    served: false\n",
        "utf-8",
    )
    document = review(read(open_bundle([tmp_path]), workers=1), library())

    assert document["versions"] == [
        {"part": "CRD models", "versions": ["v1alpha1"], "state": "served", "source": "CRD"}
    ]
