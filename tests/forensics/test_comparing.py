"""What differs between two bundles: what means something, and none of the noise."""

from pathlib import Path

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.comparing import Difference, compare
from forensics.document import Document
from patterns.pattern import Library

NOTHING = Library({}, "")


def pod(name: str, space: str, image: str, **variables: str) -> str:
    env = "".join(f"    - name: {key}\n      value: {value!r}\n" for key, value in variables.items())
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: {space}\n"
        "  labels:\n    app.kubernetes.io/name: seldon-envoy\n"
        f"spec:\n  containers:\n  - name: envoy\n    image: {image}\n    env:\n{env}"
    )


def policy(space: str) -> str:
    return (
        f"apiVersion: v1\nkind: NetworkPolicyList\nitems:\n- metadata:\n    name: lock\n    namespace: {space}\n"
        "  apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n"
        "  spec:\n    podSelector: {}\n    policyTypes: [Ingress]\n"
    )


NONE = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: []\n"


def differences(tmp_path: Path, good: str, bad: str) -> list[Difference]:
    cases = []
    for name, text in (("good", good), ("bad", bad)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "objects.yaml").write_text(text, "utf-8")
        cases.append(read(open_bundle([tmp_path / name]), workers=1))
    return compare(*cases, *(analyse(case, NOTHING) for case in cases))


def test_an_image_and_a_variable_that_changed_are_told(tmp_path: Path) -> None:
    good = pod("seldon-envoy-6f7d8c9b7f-x2x4z", "a", "seldon-envoy:2.9.0", LOG_LEVEL="info")
    bad = pod("seldon-envoy-5d9c8b7a6f-q7w8e", "a", "seldon-envoy:2.9.1", LOG_LEVEL="debug")

    told = [(d.kind, d.what, d.good, d.bad) for d in differences(tmp_path, good, bad)]

    assert ("image", "seldon-envoy/envoy", "seldon-envoy:2.9.0", "seldon-envoy:2.9.1") in told
    assert ("environment", "seldon-envoy/envoy LOG_LEVEL", "info", "debug") in told


def test_another_name_of_the_namespace_is_no_difference(tmp_path: Path) -> None:
    good, bad = (
        pod("seldon-envoy-6f7d8c9b7f-x2x4z", space, "seldon-envoy:2.9.1", KAFKA=f"kafka.{space}:9092")
        for space in ("team-a", "team-b")
    )

    assert differences(tmp_path, good, bad) == []


def test_what_only_one_bundle_shows_was_not_collected_in_the_other(tmp_path: Path) -> None:
    good = pod("seldon-envoy-6f7d8c9b7f-x2x4z", "a", "seldon-envoy:2.9.1", LOG_LEVEL="info")
    other = good.replace("seldon-envoy-6f7d8c9b7f-x2x4z", "mlserver-0").replace("LOG_LEVEL", "MLSERVER_PORT")

    told = differences(tmp_path, good, f"{good}---\n{other}")

    assert [d for d in told if d.kind == "environment"] == []


def test_a_policy_that_was_added_is_told_where_both_listed_them(tmp_path: Path) -> None:
    base = pod("seldon-envoy-6f7d8c9b7f-x2x4z", "a", "seldon-envoy:2.9.1")

    told = differences(tmp_path, f"{base}---\n{NONE}", f"{base}---\n{policy('a')}")

    assert [(d.kind, d.what, d.good) for d in told] == [("policy", "a/lock", None)]


def test_policies_that_nobody_listed_are_no_difference(tmp_path: Path) -> None:
    base = pod("seldon-envoy-6f7d8c9b7f-x2x4z", "a", "seldon-envoy:2.9.1")

    assert differences(tmp_path, base, f"{base}---\n{policy('a')}") == []


def test_what_the_servers_add_to_a_policy_is_no_difference(tmp_path: Path) -> None:
    base = pod("seldon-envoy-6f7d8c9b7f-x2x4z", "a", "seldon-envoy:2.9.1")
    noted = policy("a").replace("    name: lock\n", "    name: lock\n    annotations: {by: somebody}\n    uid: 0b1c\n")

    assert differences(tmp_path, f"{base}---\n{policy('a')}", f"{base}---\n{noted}") == []


def test_a_new_root_stands_before_what_follows_from_it_and_before_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(pod("seldon-envoy-6f7d8c9b7f-x2x4z", "a", "seldon-envoy:2.9.1"), "utf-8")
    case = read(open_bundle([tmp_path]), workers=1)

    def document(*findings: tuple[str, str, str]) -> Document:
        return {
            "findings": [
                {"pattern": name, "title": name, "role": role, "severity": severity, "at_end": "ongoing"}
                for name, role, severity in findings
            ]
        }

    good = document(("a/gone", "root", "high"))
    bad = document(("b/follows", "symptom", "critical"), ("c/root", "root", "high"), ("d/low", "root", "low"))

    assert [d.what for d in compare(case, case, good, bad)] == ["c/root", "a/gone", "d/low", "b/follows"]
