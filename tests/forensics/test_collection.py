"""The collection script, run against a stand-in for kubectl."""

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from benchmarks.planted import Plants
from benchmarks.planted_kinds import LINES
from forensics.analysis import read
from forensics.bundle import open_bundle
from forensics.guides.collection import commands, script, worth
from scripts import collect_masks

SECRET = "hunter2hunter2"
STAND_IN = r"""#!/bin/sh
printf '%s\n' "$*" >>"$CALLS"
case "$*" in
*"-A --no-headers"*) echo "ml   iris   True" ;;
*"get pods -l app.kubernetes.io/name=seldon-server -o name"*) printf 'pod/mlserver-0\npod/triton-0\n' ;;
*"logs pod/triton-0"*"-c mlserver"*) echo "error: container mlserver is not valid for pod triton-0" >&2; exit 1 ;;
*"logs pod/mlserver-0"*"-c mlserver"*) echo "[pod/mlserver-0/mlserver] a line of the server" ;;
*"get pods -o name"*) printf 'pod/seldon-scheduler-0\npod/seldon-envoy-0\n' ;;
*"jsonpath="*seldon*) ;;
*"get pod seldon-scheduler-0"*) printf ' scheduler' ;;
*"get pod seldon-envoy-0"*) printf ' envoy' ;;
*"--previous"*) echo "previous terminated container not found" >&2; exit 1 ;;
*"logs seldon-scheduler-0"*)
    echo '2026-03-04T10:15:30.000000000Z time="2026-03-04T10:15:30Z" level=info msg="Setting log level to info"'
    echo '2026-03-04T10:15:31.000000000Z time="2026-03-04T10:15:31Z" level=info msg="dialing" url="http://me:hunter2hunter2@store/x" password=hunter2hunter2'
    ;;
*exec*access*) echo '[2026-03-04T10:15:40.099Z] "POST /v2/models/a/infer HTTP/1.1" 404 - NR 0 0 0 - "-" "curl" "-" "x" "-"' ;;
*exec*) echo 'http.seldon_http.no_route: 1' ;;
*"get models.mlops.seldon.io"*) printf 'apiVersion: v1\nkind: List\nitems: []\n' ;;
*) exit 1 ;;
esac
"""


@pytest.fixture
def run(tmp_path: Path):
    (tmp_path / "kubectl").write_text(STAND_IN.replace('*"jsonpath="*seldon*) ;;\n', ""))
    (tmp_path / "kubectl").chmod(0o755)
    (tmp_path / "collect.sh").write_text(script())

    def once() -> list[str]:
        calls = tmp_path / "calls"
        calls.unlink(missing_ok=True)
        env = os.environ | {"CALLS": str(calls), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        subprocess.run(["sh", "collect.sh"], cwd=tmp_path, env=env, check=True, capture_output=True)
        return calls.read_text().splitlines()

    return once


def test_it_collects_what_the_analyser_reads(run, tmp_path: Path) -> None:
    run()

    case = read(open_bundle([tmp_path / "seldon-bundle.tar.gz"]))
    assert {"log.scheduler", "log.envoy_access", "envoy.stat"} <= {n for n, f in case.frames.items() if f.height}
    assert ("model", "ml") in case.covered.listed or ("model", None) in case.covered.listed


def test_it_only_reads(run) -> None:
    calls = run()

    verbs = {next(word for word in call.split() if word in ("get", "logs", "exec", "version")) for call in calls}
    assert verbs == {"get", "logs", "exec", "version"}
    assert not [
        call for call in calls if any(w in call.split() for w in ("apply", "delete", "edit", "patch", "create"))
    ]


def test_it_masks_secrets(run, tmp_path: Path) -> None:
    run()

    with tarfile.open(tmp_path / "seldon-bundle.tar.gz") as archive:
        texts = [archive.extractfile(m).read().decode() for m in archive if m.isfile()]
    assert any("dialing" in text for text in texts)
    assert not [text for text in texts if SECRET in text]


SHELLS = [["sh"], ["busybox", "sh"]]
needs = [
    pytest.param(shell, marks=pytest.mark.skipif(shutil.which(shell[0]) is None, reason=shell[0])) for shell in SHELLS
]


def test_the_script_knows_the_shapes_that_the_analyser_knows() -> None:
    assert collect_masks.SCRIPT_FILE.read_text("utf-8") == collect_masks.written()


@pytest.mark.parametrize("shell", needs, ids="-".join)
def test_every_way_to_write_a_secret_on_a_line_is_masked(shell: list[str], tmp_path: Path) -> None:
    plants = Plants()
    planted = "".join(f"{plants.fill(text, kind, 'a log')}\n" for kind, text in LINES.items())
    (tmp_path / "planted").write_text(planted, "utf-8")
    (tmp_path / "kubectl").write_text(re.sub(r"(?s)    echo '2026-03-04T10:15:30.*?;;", "    cat planted ;;", STAND_IN))
    (tmp_path / "kubectl").chmod(0o755)
    (tmp_path / "collect.sh").write_text(script())
    env = os.environ | {"CALLS": str(tmp_path / "calls"), "KUBECTL": str(tmp_path / "kubectl")}
    subprocess.run([*shell, "collect.sh"], cwd=tmp_path, env=env, check=True, capture_output=True)

    said = (tmp_path / "seldon-bundle/namespaces/ml/pods/seldon-scheduler-0/scheduler.log").read_bytes()
    assert said.count(b"\n") == len(LINES)
    assert said.count(b"<masked>") >= len(LINES)
    assert plants.found(said) == set()


def test_what_is_no_secret_stays() -> None:
    with tarfile.open(Path(__file__).parents[2] / "sample_bundles" / "agent-port-shut" / "bundle.tar.gz") as bundle:
        texts = [file.read().decode() for member in bundle if (file := bundle.extractfile(member)) is not None]
    text = "\n".join(texts) + "\n"

    assert masked(text) == text


class _AsKubectl(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


_AsKubectl.add_representer(
    str, lambda to, text: to.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def masked(text: str) -> str:
    function = "mask() {" + script().partition("mask() {")[2].partition("\n}\n")[0] + "\n}\nmask"
    done = subprocess.run(["sh", "-c", function], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


def test_it_masks_what_only_the_lines_around_show_and_leaves_objects_readable() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "a",
            "annotations": {
                "token": SECRET,
                "key.pem": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n",
            },
        },
        "spec": {
            "containers": [
                {
                    "name": "agent",
                    "env": [
                        {"name": "DB_PASSWORD", "value": SECRET},
                        {"name": "TLS_SECRET_NAME", "value": "tls-of-the-agent"},
                        {"name": "S3_API_KEY", "value": SECRET},
                        {"name": "LOG_LEVEL", "value": "debug"},
                    ],
                }
            ]
        },
        "data": {"password": f"{SECRET}\n{SECRET}\n", "b": "shown"},
    }
    written = yaml.dump(pod, Dumper=_AsKubectl, sort_keys=False)
    for text in (written, json.dumps(pod, indent=2)):
        out = masked(text)
        assert SECRET not in out
        assert out.count("\n") >= text.count("\n") - 3  # the lines of the key
    for load, text in ((yaml.safe_load, written), (json.loads, json.dumps(pod, indent=2))):
        held = load(masked(text))
        env = {each["name"]: each["value"] for each in held["spec"]["containers"][0]["env"]}
        assert env["TLS_SECRET_NAME"] == "tls-of-the-agent"
        assert (env["DB_PASSWORD"], env["LOG_LEVEL"], held["data"]["b"]) == ("<masked>", "debug", "shown")


def test_it_goes_on_where_it_was_stopped(run) -> None:
    first = run()
    second = run()

    assert "logs seldon-scheduler-0 -c scheduler" in " ".join(first)
    assert not [
        call
        for call in second
        if "logs seldon-scheduler-0 -c scheduler --timestamps --tail=-1" in call and "previous" not in call
    ]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "collect.sh").write_text(script())

    done = subprocess.run(["shellcheck", "-s", "sh", "collect.sh"], cwd=tmp_path, capture_output=True, check=False)

    assert done.stdout.decode() == ""


def test_what_tells_causes_apart_comes_first() -> None:
    document = {
        "candidates": [
            {
                "symptom": "F1",
                "pattern": "a/b",
                "title": "B",
                "state": "unknown",
                "collect": [{"run": "kubectl get x", "why": ""}],
            }
        ],
        "unknown": [
            {
                "pattern": "c/d",
                "missing": [{"source": "k8s.pod", "why": "not collected", "collect": "kubectl get pods"}],
            }
        ],
    }

    assert [run for run, _, _ in worth(document)] == ["kubectl get x", "kubectl get pods"]
    assert commands(document).index("get x") < commands(document).index("get pods")


ASKED = {
    "findings": [{"subject": {"namespace": "ml", "model": "iris"}}],
    "unknown": [
        {
            "pattern": f"a/p{number}",
            "missing": [{"source": "log.agent", "why": "not collected", "collect": collect}],
        }
        for number, collect in enumerate(
            (
                "kubectl -n <namespace> logs <server pod> -c agent --timestamps --tail=-1",
                "kubectl -n ml logs -l app.kubernetes.io/name=seldon-server --prefix -c agent --timestamps --tail=-1",
                "kubectl -n ml logs <server pod> -c mlserver --timestamps --tail=-1",
                "kubectl -n <namespace> port-forward deploy/seldon-envoy 9901:9901 & sleep 2; curl -s 'localhost:9901/stats'",
                "kubectl -n <kafka namespace> logs <broker pod> --timestamps --tail=-1",
                "kubectl -n <namespace> logs seldon-scheduler-0 -c scheduler --timestamps --tail=-1",
            )
        )
    ],
}


def test_what_a_report_lacks_is_collected_by_a_script_that_runs(tmp_path: Path) -> None:
    (tmp_path / "kubectl").write_text(STAND_IN)
    (tmp_path / "curl").write_text("#!/bin/sh\necho server.live: 1\n")
    for name in ("kubectl", "curl"):
        (tmp_path / name).chmod(0o755)
    (tmp_path / "more.sh").write_text(commands(ASKED))
    env = os.environ | {"CALLS": str(tmp_path / "calls"), "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    done = subprocess.run(["sh", "more.sh"], cwd=tmp_path, env=env, check=True, capture_output=True, text=True)

    calls = (tmp_path / "calls").read_text().splitlines()
    assert all(call.startswith("-n ml ") for call in calls)
    assert (
        sum("get pods -l" in call for call in calls) == 2
    )  # agents are asked for twice, in two ways; and servers once
    assert [call.split()[3] for call in calls if "-c mlserver" in call] == ["pod/mlserver-0", "pod/triton-0"]
    assert "fill in: kubectl -n <kafka namespace>" in commands(ASKED)
    with tarfile.open(tmp_path / "answers.tar.gz") as archive:
        texts = [archive.extractfile(m).read().decode() for m in archive if m.isfile()]
    assert any("server.live: 1" in text for text in texts)
    assert any("Setting log level" in text for text in texts)
    assert any("a line of the server" in text and "not valid for pod" in text for text in texts)
    assert not any(SECRET in text for text in texts)
    assert "answers.tar.gz" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("document", [ASKED, {**ASKED, "findings": []}, {}], ids=["asked", "no namespace", "nothing"])
def test_shellcheck_finds_nothing_in_it(tmp_path: Path, document: dict[str, object]) -> None:
    (tmp_path / "more.sh").write_text(commands(document))

    done = subprocess.run(["shellcheck", "-s", "sh", "more.sh"], cwd=tmp_path, capture_output=True, check=False)

    assert done.stdout.decode() == ""


def test_a_name_that_steers_a_terminal_is_in_no_script_as_it_is() -> None:
    run = "kubectl -n '\x1b[31m\u202e\r' get services -o yaml"
    missing = {"source": "k8s.service", "why": "not collected of \x9b\n\x07", "collect": run}

    text = commands({"unknown": [{"pattern": "a/b", "missing": [missing]}]})

    assert all(char.isprintable() or char in "\n\t" for char in text)
    assert "#    fill in: kubectl -n '\\x1b[31m" in text
