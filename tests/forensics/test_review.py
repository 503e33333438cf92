"""A review: what fails, passes, cannot be said or does not apply; scores, baseline, profiles, forms."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from forensics.analysis import Case, read
from forensics.bundle import open_bundle
from forensics.cli import Exit
from forensics.cli.bundles import exit_code
from forensics.document import dump, load, problems
from forensics.intake.masking import mask
from forensics.readiness.areas import AREAS, PROFILES, RELAXED, area_of
from forensics.readiness.baseline import BaselineError, read_baseline
from forensics.reporting.connectivity_svg import picture
from forensics.reporting.forms import write_form
from forensics.reporting.html import html
from forensics.reporting.markdown import markdown
from forensics.reporting.render import render
from forensics.reporting.verify import verify
from forensics.review import Terms, review, scores
from patterns.loader import load_pattern
from patterns.packs import Suppression
from patterns.pattern import Library, Pattern

DATA = Path(__file__).parents[1] / "data" / "review"
CHECKS = Path(__file__).parents[2] / "patterns" / "library" / "architecture"
Document = dict[str, Any]


@cache
def library() -> Library:
    """The readiness checks alone: what they come to rests on no other pattern."""
    loaded: dict[str, Pattern] = {}
    for path in sorted(CHECKS.glob("*.toml")):
        pattern = load_pattern(path.read_text("utf-8"), f"architecture/{path.stem}", str(path))
        loaded[pattern.id] = pattern
    return Library(loaded, "sha256:0")


@cache
def case(name: str) -> Case:
    return read(open_bundle([DATA / name]), workers=1)


@cache
def reviewed(name: str, profile: str = "production") -> Document:
    return review(case(name), library(), Terms(profile))


def statuses(document: Document) -> Mapping[str, str]:
    return {check["pattern"].rpartition("/")[2]: check["status"] for check in document["checks"]}


def test_a_sound_installation_fails_nothing() -> None:
    failed = [name for name, status in statuses(reviewed("sound")).items() if status == "failed"]
    assert failed == []


def test_what_was_not_sent_is_unknown_and_says_what_to_send() -> None:
    unknown = {c["pattern"].rpartition("/")[2]: c for c in reviewed("sound")["checks"] if c["status"] == "unknown"}
    assert "arch-port-forward-in-production" in unknown
    assert "arch-tracing-default-endpoint" in unknown
    commands = [entry["run"] for entry in unknown["arch-tracing-default-endpoint"]["collect"]]
    assert any("configmap" in run for run in commands)


def test_what_is_not_there_does_not_apply() -> None:
    found = statuses(reviewed("sound"))
    assert found["arch-kafka-plaintext"] == "not applicable"  # no Pipeline
    assert found["arch-k3s-specifics"] == "not applicable"
    assert found["arch-service-mesh-not-prepared"] == "not applicable"


@pytest.mark.parametrize(
    "name",
    [
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
        "arch-no-tls-control-plane",
        "arch-no-tls-data-plane",
        "arch-operator-wider-than-needed",
        "arch-quota-without-defaults",
        "arch-scheduler-state-not-protected",
        "arch-single-replica-data-plane",
        "arch-unpinned-model-version",
    ],
)
def test_defaults_fail_and_a_sound_installation_passes(name: str) -> None:
    assert statuses(reviewed("unsound"))[name] == "failed"
    assert statuses(reviewed("sound"))[name] == "passed"


def test_a_failed_check_is_a_finding_with_every_subject_and_its_lines() -> None:
    document = reviewed("unsound")
    found = {f["pattern"]: f for f in document["findings"]}
    check = found["architecture/arch-no-ingress"]
    assert check["role"] == "check"
    assert check["rank"] is None
    assert {s["namespace"] for s in check["subjects"]} == {"team-a", "team-b"}
    cites = [c for piece in check["evidence"] for c in piece["cites"]]
    assert {c["member"] for c in cites} == {"services.yaml"}
    assert len(cites) == 2


def test_a_model_that_serves_is_still_not_pinned() -> None:
    finding = next(f for f in reviewed("unsound")["findings"] if f["pattern"].endswith("arch-unpinned-model-version"))
    assert finding["at_end"] != "ended"


def test_what_passed_names_what_was_looked_at() -> None:
    check = next(c for c in reviewed("sound")["checks"] if c["pattern"].endswith("arch-control-plane-exposed"))
    assert check["cites"][0]["member"] == "services.yaml"


@pytest.mark.parametrize("name", ["sound", "unsound"])
@pytest.mark.parametrize("form", [dump, lambda d: html(d).encode(), lambda d: markdown(d).encode()])
def test_the_document_is_sound_and_every_citation_holds(name: str, form: Callable[[Document], bytes]) -> None:
    document = load(dump(reviewed(name)))
    assert problems(document) == []
    members = [(r.member, r.sha256, r.lines.texts()) for r in case(name).intake.reads]
    outcomes = verify(form(document), members, mask=mask)
    assert len(outcomes) > 20
    assert [o for o in outcomes if o.state != "holds"] == []


def test_scores_count_every_check_once_and_show_the_unknown() -> None:
    document = reviewed("unsound")
    counted = sum(r["passed"] + r["failed"] + r["unknown"] + r["not_applicable"] for r in document["scores"])
    assert counted == len(document["checks"]) == len(library().patterns)
    for row in document["scores"]:
        decided = row["passed"] + row["failed"]
        assert row["score"] == (round(row["passed"] / decided, 3) if decided else None)


def test_an_area_without_decided_checks_has_no_score() -> None:
    check = {"area": "network", "status": "unknown", "severity": "low"}
    assert scores([check])[0]["score"] is None


def test_every_check_has_an_area_and_every_profile_names_checks_that_exist() -> None:
    names = {pattern.name for pattern in library().patterns.values()}
    assert {area_of(name) for name in names} <= set(AREAS) - {"other"}
    assert set().union(*RELAXED.values()) <= names


def test_development_asks_less() -> None:
    found = statuses(reviewed("unsound", "development"))
    assert found["arch-no-ingress"] == "not applicable"
    assert found["arch-control-plane-exposed"] == "failed"
    assert statuses(reviewed("unsound", "staging"))["arch-no-pod-disruption-budget"] == "not applicable"


def accepting(**more: Any) -> Suppression:
    given = {"subject": {}, "reason": "a lab", "until": datetime(2026, 6, 1, tzinfo=UTC), **more}
    return Suppression("architecture/arch-no-ingress", **given)


def test_a_baseline_accepts_until_its_day() -> None:
    day = datetime(2026, 5, 31, tzinfo=UTC)
    document = review(case("unsound"), library(), Terms(baseline=(accepting(),), as_of=day))
    check = next(c for c in document["checks"] if c["pattern"].endswith("arch-no-ingress"))
    assert check["status"] == "not applicable"
    assert "a lab" in check["why"]
    assert check["pattern"] not in {f["pattern"] for f in document["findings"]}
    assert document["baseline"][0]["state"] == "accepts"


def test_an_expired_entry_accepts_nothing() -> None:
    day = datetime(2026, 6, 1, tzinfo=UTC)
    document = review(case("unsound"), library(), Terms(baseline=(accepting(),), as_of=day))
    assert statuses(document)["arch-no-ingress"] == "failed"
    assert document["baseline"][0]["state"] == "expired"


def test_a_baseline_for_one_namespace_leaves_the_other() -> None:
    terms = Terms(baseline=(accepting(subject={"namespace": "team-a"}),), as_of=datetime(2026, 5, 1, tzinfo=UTC))
    check = next(
        c for c in review(case("unsound"), library(), terms)["checks"] if c["pattern"].endswith("arch-no-ingress")
    )
    assert check["status"] == "failed"
    assert [s["namespace"] for s in check["subjects"]] == ["team-b"]


def test_a_baseline_is_read(tmp_path: Path) -> None:
    path = tmp_path / "baseline.toml"
    path.write_text(
        '[[accept]]\ncheck = "arch-no-ingress"\nsubject = { namespace = "team-a" }\n'
        'reason = "a lab"\nuntil = 2026-06-01\n',
        "utf-8",
    )
    assert read_baseline(path) == (accepting(subject={"namespace": "team-a"}),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[accept]]\ncheck = "x"\nuntil = 2026-06-01\n', "reason is missing"),
        ('[[accept]]\ncheck = "x"\nreason = "y"\n', "until is missing"),
        ('[[accept]]\nreason = "y"\nuntil = 2026-06-01\n', "check is missing"),
        ('[[accept]]\nwhy = "y"\n', "no key `why`"),
        ("[[suppress]]\n", "only [[accept]]"),
        ("accept = [", "not TOML"),
    ],
)
def test_a_baseline_without_reason_or_end_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "baseline.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BaselineError, match=said.replace("[", r"\[")):
        read_baseline(path)


def test_a_baseline_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="cannot be read"):
        read_baseline(tmp_path / "none.toml")


def test_fail_on_looks_at_failed_checks() -> None:
    assert exit_code(reviewed("unsound"), "high") == Exit.FAIL_ON
    assert exit_code(reviewed("unsound"), "critical") == Exit.OK
    assert exit_code(reviewed("sound"), "low") == Exit.OK


def test_the_summary_says_how_many_failed() -> None:
    said = f"Readiness: of {len(library().patterns)} checks 17 failed (3 of them high or critical)"
    assert said in reviewed("unsound")["summary"]


@pytest.mark.parametrize("suffix", ["html", "md", "json", "sarif", "xml"])
def test_every_form_holds_the_checks(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"report.{suffix}"
    with (tmp_path / "stdout").open("wb") as stream:
        write_form(reviewed("unsound"), case("unsound"), str(out), stream)
    text = out.read_text("utf-8")
    assert "Scheduler is exposed outside the cluster" in text
    if suffix in ("html", "md"):
        assert "Score by area" in text
        assert "Which installation pattern fits" in text
    if suffix == "html":
        assert "who is dialled on the right" in text
    if suffix == "sarif":
        results = orjson.loads(text)["runs"][0]["results"]
        kinds = {r["ruleId"]: r["kind"] for r in results}
        assert kinds["architecture/arch-no-ingress"] == "fail"
        assert kinds["architecture/arch-k3s-specifics"] == "notApplicable"


def test_the_terminal_names_scores_and_unknowns() -> None:
    text = render(reviewed("unsound"), width=100).plain
    assert "Readiness: 17 failed, 8 unknown" in text
    assert "network  passed of decided 2 of 3; unknown 1" in text


def test_the_same_bundle_gives_the_same_bytes() -> None:
    again = review(read(open_bundle([DATA / "unsound"]), workers=1), library(), Terms())
    assert dump(again) == dump(reviewed("unsound"))


PODS = """\
NAMESPACE   NAME                           READY   STATUS    RESTARTS   AGE
team-a      seldon-scheduler-0             1/1     Running   0          3d
team-a      seldon-envoy-6f7d8c9b7-x2x4z   1/1     Running   0          3d
team-a      mlserver-0                     3/3     Running   0          3d
"""
SERVICES = """\
NAMESPACE   NAME               TYPE           CLUSTER-IP    EXTERNAL-IP   PORT(S)                       AGE
team-a      seldon-mesh        LoadBalancer   10.43.12.11   <pending>     80:31380/TCP,9003:31381/TCP   3d
team-a      seldon-scheduler   ClusterIP      10.43.12.12   <none>        9002/TCP,9004/TCP,9005/TCP    3d
"""


def test_tables_decide_what_they_show_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PODS, "utf-8")
    (tmp_path / "b.txt").write_text(SERVICES, "utf-8")
    found = statuses(review(read(open_bundle([tmp_path]), workers=1), library()))
    assert found["arch-control-plane-exposed"] == "passed"
    assert found["arch-envoy-stats-exposed"] == "failed"
    assert found["arch-no-ingress"] == "unknown"  # Ingresses were not listed
    for name in ("arch-no-tls-control-plane", "arch-image-tag-latest", "arch-graceful-shutdown-too-short"):
        assert found[name] == "unknown", name  # no table of pods shows variables, images or grace periods


def test_the_best_pattern_for_two_namespaces_is_a_runtime_in_each() -> None:
    best, *others = reviewed("unsound")["placement"]
    assert best["pattern"] == "distributed per namespace"
    assert any("team-a, team-b" in said for said in best["for"])
    assert "isolate team-a by NetworkPolicies" in best["distance"]
    central = next(row for row in others if row["pattern"] == "centralised with Ingress")
    assert any("move what runs in team-b" in step for step in central["distance"])
    assert reviewed("sound")["placement"][0]["pattern"] == "centralised with Ingress"


def test_a_connection_without_its_service_is_shut(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PODS, "utf-8")
    (tmp_path / "b.txt").write_text(SERVICES.replace("seldon-scheduler ", "web              "), "utf-8")
    rows = review(read(open_bundle([tmp_path]), workers=1), library())["connectivity"]
    ways = {(r["from"], r["to"], r["port"]): r for r in rows}
    way = ways["envoy", "seldon-scheduler", 9002]
    assert way["state"] == "shut"
    assert "no Service seldon-scheduler in team-a" in way["by"]


def test_the_picture_tells_every_state_without_colour() -> None:
    rows = [
        {"from": "agent", "to": "seldon-scheduler", "port": port, "protocol": "TCP", "state": state, "by": "x<y"}
        for port, state in ((9005, "open"), (9004, "shut"), (9002, "unknown"))
    ]
    drawn = str(picture(rows))
    assert "✕ 9004" in drawn
    assert "? 9002" in drawn
    assert "x&lt;y" in drawn
    assert picture([]) is None
    assert picture("nonsense") is None


def test_versions_and_certificates_are_listed() -> None:
    document = reviewed("sound")
    parts = {row["part"]: row for row in document["versions"]}
    assert parts["kubernetes"]["state"] == "tested"
    assert parts["seldon-scheduler"]["versions"] == ["2.9.1"]
    assert document["platform"] == "EKS"
    assert document["certificates"] == []


def certificate(end: str) -> str:
    return (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: cert-manager.io/v1\n  kind: Certificate\n"
        "  metadata:\n    name: models-tls\n    namespace: team-a\n"
        f"  spec:\n    dnsNames: [models.example.com]\n  status:\n    notAfter: {end!r}\n"
    )


SEEN = (
    "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata:\n  name: node-a\n  namespace: kube-node-lease\n"
    "spec:\n  holderIdentity: node-a\n  renewTime: '2026-03-01T12:00:00.000000Z'\n"
)


@pytest.mark.parametrize(
    ("end", "days", "state", "failed"),
    [
        ("2026-03-20T12:00:00Z", 19, "soon", "arch-certificate-expires-soon"),
        ("2026-02-28T12:00:01Z", -1, "expired", "arch-certificate-expired"),
        ("2026-12-01T12:00:00Z", 275, "valid", None),
    ],
)
def test_a_certificate_tells_the_days_it_has_left(
    tmp_path: Path, end: str, days: int, state: str, failed: str | None
) -> None:
    (tmp_path / "objects.yaml").write_text(f"{certificate(end)}---\n{SEEN}", "utf-8")
    document = review(read(open_bundle([tmp_path]), workers=1), library())

    assert [(c["days"], c["state"], c["names"]) for c in document["certificates"]] == [
        (days, state, ["models.example.com"])
    ]
    dates = ("arch-certificate-expired", "arch-certificate-expires-soon")
    assert {name: statuses(document)[name] for name in dates} == {
        name: "failed" if name == failed else "passed" for name in dates
    }


def test_without_a_moment_nothing_is_said_of_a_date(tmp_path: Path) -> None:
    (tmp_path / "objects.yaml").write_text(certificate("2026-03-20T12:00:00Z"), "utf-8")
    document = review(read(open_bundle([tmp_path]), workers=1), library())

    assert [(c["days"], c["state"]) for c in document["certificates"]] == [(None, "unknown")]
    assert statuses(document)["arch-certificate-expires-soon"] == "unknown"


def test_a_lesser_profile_does_not_ask_for_days_to_come(tmp_path: Path) -> None:
    (tmp_path / "objects.yaml").write_text(f"{certificate('2026-03-20T12:00:00Z')}---\n{SEEN}", "utf-8")
    held = read(open_bundle([tmp_path]), workers=1)

    found = {p: statuses(review(held, library(), Terms(p)))["arch-certificate-expires-soon"] for p in PROFILES}

    assert found == {"production": "failed", "staging": "failed", "development": "not applicable"}


def test_an_object_decides_what_a_table_of_it_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "objects.yaml").write_bytes((DATA / "unsound" / "models.yaml").read_bytes())
    table = "NAMESPACE   NAME   READY   DESIRED REPLICAS   AVAILABLE REPLICAS   AGE\n"
    table += "".join(
        f"{space}      wine   True    1                  1                    3d\n" for space in ("team-a", "team-b")
    )
    (tmp_path / "table.txt").write_text(table, "utf-8")
    document = review(read(open_bundle([tmp_path]), workers=1), library())
    assert statuses(document)["arch-secrets-in-plain-manifests"] == "unknown"  # pods were not collected
    why = next(c["why"] for c in document["checks"] if c["pattern"].endswith("arch-multi-tenant-shared-server"))
    assert "do not say" not in why
    check = next(c for c in document["checks"] if c["pattern"].endswith("arch-unpinned-model-version"))
    assert check["status"] == "failed"
    assert {c["member"] for c in check["cites"]} == {"objects.yaml"}
    assert all("latest" in c["text"] for c in check["cites"])


def test_an_entry_that_cannot_be_judged_says_so() -> None:
    entry = Suppression("architecture/arch-no-ingress", {}, "internal", datetime(2020, 1, 1, tzinfo=UTC))

    undated = review(case("unsound"), library(), Terms(baseline=[entry]))["baseline"]
    dated = review(case("unsound"), library(), Terms(baseline=[entry], as_of=datetime(2026, 1, 1, tzinfo=UTC)))

    assert [row["state"] for row in undated] == ["accepts; when the dump was made is not known: give --as-of"]
    assert [row["state"] for row in dated["baseline"]] == ["expired"]


NOTED = (
    "apiVersion: v1\nkind: Event\nmetadata:\n  name: noted\n  namespace: team-a\ninvolvedObject:\n  kind: Pod\n"
    "  name: mlserver-0\nreason: Pulled\nmessage: Container image is present\nlastTimestamp: '2026-DAY:00:00Z'\n"
)


def tls_secret(name: str, kind: str = "kubernetes.io/tls") -> str:
    held = base64.b64encode((DATA.parent / "certificates" / f"{name}.pem").read_bytes()).decode()
    return (
        "apiVersion: v1\nkind: SecretList\nitems:\n- metadata:\n    name: models-tls\n    namespace: team-a\n"
        f"  type: {kind}\n  data:\n    tls.crt: {held}\n    tls.key: c2VjcmV0\n"
    )


@pytest.mark.parametrize(
    ("name", "day", "state", "failed"),
    [
        ("leaf", "03-01T12", "valid", None),
        ("leaf", "03-04T12", "soon", "arch-certificate-expires-soon"),
        ("over", "03-03T12", "expired", "arch-certificate-expired"),
        ("early", "03-01T12", "not yet valid", "arch-certificate-not-yet-valid"),
        ("old-signer", "03-01T12", "expired", "arch-certificate-expired"),
    ],
)
def test_a_certificate_in_a_secret_is_judged_by_its_dates(
    tmp_path: Path, name: str, day: str, state: str, failed: str | None
) -> None:
    (tmp_path / "objects.yaml").write_text(f"{tls_secret(name)}---\n{NOTED.replace('DAY', day)}", "utf-8")
    document = review(read(open_bundle([tmp_path]), workers=1), library())

    assert problems(load(dump(document))) == []
    assert [(c["name"], c["source"], c["state"]) for c in document["certificates"]] == [("models-tls", "Secret", state)]
    dates = ("arch-certificate-expired", "arch-certificate-expires-soon", "arch-certificate-not-yet-valid")
    assert {name: statuses(document)[name] for name in dates} == {
        name: "failed" if name == failed else "passed" for name in dates
    }
    assert "c2VjcmV0" not in str(document)


def test_a_table_of_secrets_leaves_their_dates_open_and_says_how_to_send_them(tmp_path: Path) -> None:
    table = "NAMESPACE   NAME         TYPE                DATA   AGE\nteam-a      models-tls   kubernetes.io/tls   2      3d\n"
    (tmp_path / "secrets.txt").write_text(table, "utf-8")
    document = review(read(open_bundle([tmp_path]), workers=1), library())

    assert [(c["name"], c["expires"], c["state"]) for c in document["certificates"]] == [
        ("models-tls", None, "unknown")
    ]
    check = next(c for c in document["checks"] if c["pattern"].endswith("arch-certificate-expired"))
    assert check["status"] == "unknown"
    assert "tls.crt" in check["collect"][0]["run"]
    assert "tls.key" not in check["collect"][0]["run"]


def test_what_cert_manager_dates_needs_no_look_into_its_secret(tmp_path: Path) -> None:
    table = "NAMESPACE   NAME         TYPE                DATA   AGE\nteam-a      models-tls   kubernetes.io/tls   2      3d\n"
    (tmp_path / "secrets.txt").write_text(table, "utf-8")
    managed = certificate("2026-12-01T12:00:00Z").replace("  spec:\n", "  spec:\n    secretName: models-tls\n")
    (tmp_path / "objects.yaml").write_text(f"{managed}---\n{SEEN}", "utf-8")
    document = review(read(open_bundle([tmp_path]), workers=1), library())

    assert [c["source"] for c in document["certificates"]] == ["Certificate"]
    assert statuses(document)["arch-certificate-expires-soon"] == "passed"


def test_a_certificate_made_for_a_day_is_judged_by_a_third_of_it(tmp_path: Path) -> None:
    found = []
    for start, end in (("2026-03-01T06", "2026-03-02T06"), ("2026-02-28T18", "2026-03-01T18")):
        short = certificate(f"{end}:00:00Z").replace("  status:\n", f"  status:\n    notBefore: '{start}:00:00Z'\n")
        (tmp_path / "objects.yaml").write_text(f"{short}---\n{SEEN}", "utf-8")
        document = review(read(open_bundle([tmp_path]), workers=1), library())
        found.append(statuses(document)["arch-certificate-expires-soon"])

    assert found == ["passed", "failed"]
