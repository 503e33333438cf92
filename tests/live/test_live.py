"""What the analyser says of a real Envoy and a real MLServer in known states, with the releases of today."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document, problems
from patterns.loader import load_library
from patterns.pattern import SEVERITIES
from tests.live import scenarios
from tests.live.components import Place, missing, shut_out

ABSENT = missing()
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)}"),
    pytest.mark.skipif(bool(shut_out()), reason=f"no Linux loopback network to use: {shut_out()}"),
]
AT_ONCE = 4  # scenarios: they mostly wait, but MLServer's imports are heavy
BEGUN_WITHIN = 360  # seconds: a scenario takes up to two minutes, and all shall end within eight
MODEL = """
import sys, joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
x, y = load_iris(return_X_y=True)
joblib.dump(LogisticRegression(max_iter=500).fit(x, y), sys.argv[1])
"""

HEALTHY = [
    "healthy", "load_test", "rolling_update", "model_reload", "envoy_restart", "scheduler_restart",
    "envoy_before_scheduler", "slow_start",
]  # fmt: skip

# name, verdict, root causes, symptoms; only findings of severity medium or above that have not ended count
BROKEN: list[tuple[str, str, set[str], set[str]]] = [
    (
        "refused_upstream",
        "undetermined",
        set(),
        {"envoy/envoy-upstream-connect-failure", "state/route-without-endpoint"},
    ),
    ("no_route", "undetermined", set(), {"envoy/envoy-no-route-404"}),
    ("wrong_version", "undetermined", set(), {"mlserver/mlserver-model-not-found"}),
    ("versioned_name", "failure", {"envoy/envoy-wrong-model-name-header"}, {"envoy/envoy-no-route-404"}),
    ("pinned_version", "undetermined", set(), {"envoy/envoy-no-route-404"}),
    ("expired_certificate", "failure", {"security/tls-certificate-expiring"}, set()),
    ("xds_lost", "undetermined", set(), {"envoy/envoy-xds-disconnected"}),
    (
        "no_hosts",
        "undetermined",
        set(),
        {"envoy/envoy-no-healthy-upstream", "state/route-without-endpoint", "network/server-host-unresolved"},
    ),
    (
        "port_taken",
        "failure",
        {"envoy/envoy-listener-bind-failure"},
        {"envoy/envoy-xds-config-rejected"},
    ),
    ("server_down", "undetermined", set(), {"envoy/envoy-agent-answers-502"}),
    (
        "xds_never",
        "undetermined",
        set(),
        {"envoy/envoy-xds-disconnected", "envoy/envoy-ready-without-listener"},
    ),
    ("rejected_update", "failure", {"envoy/experiment-all-weights-zero"}, {"envoy/envoy-xds-config-rejected"}),
    (
        "missing_artefact",
        "failure",
        {"mlserver/mlserver-artifact-not-found"},
        {"scheduler/model-failed-load", "mlserver/mlserver-model-not-found"},
    ),
    (
        "missing_package",
        "failure",
        {"mlserver/mlserver-missing-python-module"},
        {"scheduler/model-failed-load", "mlserver/mlserver-model-not-found"},
    ),
    ("missing_package_of_runtime", "failure", {"mlserver/mlserver-missing-python-module"}, set()),
    (
        "killed_worker",
        "failure",
        {"mlserver/mlserver-worker-killed"},
        {"agent/model-broken-after-load-silent"},
    ),
    ("recovered_worker", "failure", {"mlserver/mlserver-worker-killed"}, set()),
    (
        "worker_without_loop",
        "failure",
        {"mlserver/mlserver-uvloop-worker-crash"},
        {"mlserver/mlserver-worker-killed", "scheduler/model-failed-load"},
    ),
    ("wrong_name", "undetermined", set(), {"mlserver/mlserver-model-not-found"}),
    (
        "wrong_payload",
        "failure",
        {"mlserver/mlserver-payload-invalid"},
        {
            "mlserver/mlserver-500-model-exception",
            "envoy/envoy-retries-amplify-5xx",
            "envoy/model-server-answers-errors",
        },
    ),
]
LONG = ("xds_lost", "xds_never", "envoy_before_scheduler", "recovered_worker")  # a minute each: begun first
NAMES = [*HEALTHY, *(name for name, *_ in BROKEN)]
Bundles = dict[str, "Future[Path]"]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bundles]:
    """The bundle of every scenario that was selected, made a few at a time."""
    root, start = tmp_path_factory.mktemp("live"), time.monotonic()
    artefact = root / "model.joblib"
    subprocess.run([sys.executable, "-W", "ignore", "-c", MODEL, str(artefact)], check=True, timeout=120)

    def made(number: int, name: str) -> Path:
        if time.monotonic() - start > BEGUN_WITHIN:
            pytest.skip(f"not begun: this machine took more than {BEGUN_WITHIN} s for those before")
        place = Place(number, root / name)
        try:
            getattr(scenarios, name)(place, artefact)
            return place.bundle()
        finally:
            place.stop_all()

    selected = [
        item.callspec.params["name"]
        for item in request.session.items
        if hasattr(item, "callspec") and item.path == request.path
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ordered = sorted(dict.fromkeys(selected), key=lambda name: name not in LONG)
        yield {name: pool.submit(made, NAMES.index(name) + 1, name) for name in ordered}


def document(bundles: Bundles, name: str) -> Document:
    return analyse(read(open_bundle([bundles[name].result(400)])), load_library())


def standing(made: Document) -> list[tuple[str, str]]:
    """Role and pattern of what is of severity medium or above and has not ended."""
    grave = SEVERITIES[SEVERITIES.index("medium") :]
    return [(f["role"], f["pattern"]) for f in made["findings"] if f["severity"] in grave and f["at_end"] != "ended"]


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_where_all_is_well(bundles: Bundles, name: str) -> None:
    made = document(bundles, name)

    assert standing(made) == []
    assert made["verdict"] == "insufficient"  # there is no scheduler's log, and nothing else is missing
    assert problems(made) == []


@pytest.mark.parametrize(("name", "verdict", "roots", "symptoms"), BROKEN, ids=[name for name, *_ in BROKEN])
def test_what_is_broken_is_found(
    bundles: Bundles, name: str, verdict: str, roots: set[str], symptoms: set[str]
) -> None:
    made = document(bundles, name)
    found = standing(made)

    assert {pattern for role, pattern in found if role == "root"} == roots
    assert {pattern for role, pattern in found if role != "root"} == symptoms
    assert made["verdict"] == verdict
    assert problems(made) == []
