import pytest

from parsers.parser import Artefact, Origin
from parsers.segments import headings, origin_of_command, segments


def parts(text: str) -> list[tuple[Origin, list[int]]]:
    artefact = Artefact.of("m.txt", text)
    found = segments(artefact)
    assert sorted([*headings(artefact)["line"], *(line for part in found for line in part.frame["line"])]) == list(
        range(1, len(artefact.frame) + 1)
    )
    return [(part.origin, part.frame["line"].to_list()) for part in found]


def test_a_dump_has_a_part_for_each_container() -> None:
    text = (
        "==== START logs for container agent of pod ml/mlserver-0 ====\na\n"
        "==== END logs for container agent of pod ml/mlserver-0 ====\n"
        "==== START logs for container rclone of pod ml/mlserver-0 ====\n"
        "last==== END logs for container rclone of pod ml/mlserver-0 ====\n"
    )

    assert parts(text) == [(Origin("ml", "mlserver-0", "agent"), [2]), (Origin("ml", "mlserver-0", "rclone"), [5])]
    assert segments(Artefact.of("m", text))[1].text == "last"


def test_the_command_of_a_session_tells_where_its_output_came_from() -> None:
    text = "$ kubectl logs -n ml mlserver-0 -c agent --previous\na\nb\n\n$ kubectl get pods -n ml\nNAME   READY\n"

    assert parts(text) == [(Origin("ml", "mlserver-0", "agent", previous=True), [2, 3, 4]), (Origin("ml"), [5, 6])]


def test_a_session_of_root_is_cut_at_its_commands_and_comments_are_none() -> None:
    text = "# kubectl -n ml logs mlserver-0 -c agent\na\n# kubectl get pods -n ml\nNAME   READY\n"

    assert parts(text) == [(Origin("ml", "mlserver-0", "agent", previous=False), [2]), (Origin("ml"), [3, 4])]
    assert len(parts("replicas: 1\n# kubectl apply -f this.yaml\nimage: x\n")) == 1


def test_a_clients_session_stays_whole() -> None:
    curl = "# 10:00\n$ curl http://x/v2\nHTTP/1.1 200 OK\n$ curl http://x/v2\nHTTP/1.1 404 Not Found\n"

    assert parts(curl) == [(Origin(), [1, 2, 3, 4, 5])]
    assert parts("$ kubectl logs a-0 agent\nx\n" + curl) == [
        (Origin(pod="a-0", container="agent", previous=False), [2, 3]),
        (Origin(), [4, 5, 6, 7]),
    ]


def test_markdown_is_cut_at_its_fences_and_not_within() -> None:
    text = "Hello\n```\n=== not a heading ===\nlog\n```\nand\n~~~yaml\nkind: x\n~~~\n"

    assert [lines for _, lines in parts(text)] == [[1], [3, 4], [6], [8]]


@pytest.mark.parametrize("rule", ["=== {} ===", "##### {}", "--- {} ---", "********** {} **********", "### {} ###"])
def test_headings_of_scripts_are_seen_by_what_they_name(rule: str) -> None:
    text = "\n".join((rule.format("mlserver-0/agent"), "a", rule.format("seldon-scheduler-0"), "b"))

    assert parts(text) == [(Origin(pod="mlserver-0", container="agent"), [2]), (Origin(pod="seldon-scheduler-0"), [4])]


@pytest.mark.parametrize(
    "text",
    [
        "---\nkind: Pod\n---\nkind: Pod\n",
        "# a comment\nkey: value\n",
        "=== RUN   TestIt\n--- PASS: TestIt (0.00s)\n",
        'time="2025-03-04T10:15:30Z" level=info msg="========"\n',
        "Traceback (most recent call last):\n" + "-" * 60 + "\nx\n",
        "> quoted\n",
        "",
    ],
)  # fmt: skip
def test_other_texts_are_one_thing(text: str) -> None:
    assert len(parts(text)) == 1


def test_tails_headings_are_paths() -> None:
    text = "==> pods/ml_mlserver-0_2677ca7d-5420-48ef-a07b-ff4cab96821c/agent/0.log <==\na\n\n==> x <==\nb\n"

    assert parts(text) == [(Origin("ml", "mlserver-0", "agent"), [2, 3]), (Origin(), [5])]


@pytest.mark.parametrize(
    ("command", "origin"),
    [
        ("$ kubectl logs mlserver-0 agent", Origin(pod="mlserver-0", container="agent", previous=False)),
        ("oc -n ml logs pod/mlserver-0 -cagent -p", Origin("ml", "mlserver-0", "agent", previous=True)),
        ("kubectl logs --namespace=ml deploy/seldon-envoy", Origin("ml", previous=False)),
        ("kubectl exec -n ml e-0 -c envoy -- curl x", Origin("ml", "e-0", "envoy")),
        ("kubectl logs a-0 > a.log", Origin(pod="a-0", previous=False)),
        ("kubectl get pods -A", Origin()),
        ("cat agent.log", Origin()),
        ("kubectl logs 'open", Origin(pod="'open", previous=False)),
    ],
)
def test_a_command_tells_pod_container_and_life(command: str, origin: Origin) -> None:
    assert origin_of_command(command) == origin
