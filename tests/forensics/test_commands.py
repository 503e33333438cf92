"""Commands that ask for what is missing can be pasted: with the names that the bundle knows, and none that is wrong."""

import pytest

from forensics.authoring.examples import case_of
from forensics.guides.collecting import how_to_collect, of_installation
from forensics.zones import guessed

SCHEDULER = 'time="2026-03-04T10:15:30Z" level=info msg="Agent server running on 9005 mtls:false" source=AgentServer\n'
OPERATOR = '1.7094902598683310e+09\tINFO\tschedulerClient\tConnected to scheduler\t{"host": "seldon-scheduler", "port": 9004}\n'
EVERY = "-l app.kubernetes.io/name=seldon-server --prefix"


def test_the_namespace_is_that_of_the_installation() -> None:
    covered = case_of({"ns/ml/seldon-scheduler-0/scheduler.log": SCHEDULER}).covered
    place = {} if covered.home is None else {"namespace": covered.home}

    assert covered.command("log.envoy", {}) == how_to_collect("log.envoy", place)
    assert covered.command("log.envoy", {"namespace": "other"}) == how_to_collect("log.envoy", {"namespace": "other"})


@pytest.mark.parametrize(
    ("source", "names", "home", "operators", "wanted"),
    [
        ("log.agent", {}, "ml", (), f"-n ml logs {EVERY} -c agent"),
        ("log.agent", {"pod": "risk-0"}, "ml", (), "-n ml logs risk-0 -c agent"),
        ("log.agent", {"pod": "seldon-envoy-7f-x"}, "ml", (), f"-n ml logs {EVERY} -c agent"),
        ("log.mlserver", {"pod": "seldon-scheduler-0"}, "ml", (), "-n ml logs <server pod> -c mlserver"),
        ("log.agent", {"namespace": "ops"}, "ml", ("ops",), f"-n ml logs {EVERY} -c agent"),
        ("log.agent", {"namespace": "ml-2"}, "ml", ("ops",), f"-n ml-2 logs {EVERY} -c agent"),
        ("log.agent", {}, None, (), f"-n <namespace> logs {EVERY} -c agent"),
        ("log.controller", {"namespace": "ml"}, "ml", ("ops",), "-n ops logs deploy/seldon-v2-controller-manager"),
        ("log.controller", {}, "ml", ("a", "b"), "-n ml logs deploy/seldon-v2-controller-manager"),
        ("k8s.event", {}, "ml", (), "-n ml get events"),
    ],
)
def test_names_serve_where_they_fit(
    source: str, names: dict[str, str], home: str | None, operators: tuple[str, ...], wanted: str
) -> None:
    known = of_installation(source, names, (), home, operators)

    assert f"kubectl {wanted}" in how_to_collect(source, known)


def test_a_pod_that_prints_something_else_is_no_servers_pod() -> None:
    known = of_installation("log.agent", {"pod": "renamed"}, {"log.envoy"}, "ml", ())

    assert known == {"namespace": "ml"}
    assert of_installation("log.agent", {"pod": "renamed"}, {"log.mlserver"}, None, ()) == {"pod": "renamed"}


def test_the_operator_is_asked_where_it_runs() -> None:
    covered = case_of(
        {
            "ns/ml/seldon-scheduler-0/scheduler.log": SCHEDULER,
            "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: seldon-v2-controller-manager-7d-x\n  namespace: ops\n",
            "manager.log": OPERATOR,
        }
    ).covered

    assert "-n ops logs deploy/seldon-v2-controller-manager" in covered.command("log.controller", {})


def test_logs_without_a_zone_are_told_in_one_remark() -> None:
    assert guessed([]) == []
    assert guessed(["a.log"])[0].startswith("a.log writes its times without a zone")
    (told,) = guessed([f"{name}.log" for name in "abcde"])
    assert told.startswith("a.log, b.log, c.log and 2 more write their times")
