"""The states the components are brought into. Each takes a place, leaves its processes running, and returns nothing."""

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.live import shapes
from tests.live.components import IRIS, Place, call, open_port, wait

IRIS_ROUTE = {"iris": {1: 100}}


def serving(place: Place, models: dict[str, dict[int, int]] = IRIS_ROUTE) -> None:
    """Scheduler and Envoy, with listeners and routes."""
    place.serve_models(models)
    place.start_scheduler()
    place.start_envoy()
    wait("listener", lambda: open_port(place.envoy, 9000))


def iris(place: Place, artefact: Path, versions: tuple[int, ...] = (1,)) -> None:
    """A server that has loaded the iris model, behind the agent's proxy."""
    for version in versions:
        place.model("iris", version, artefact)
    place.start_mlserver()
    for version in versions:
        assert place.load(f"iris_{version}") == 200, place.text("mlserver")


def everything(place: Place, artefact: Path, versions: tuple[int, ...] = (1,)) -> None:
    iris(place, artefact, versions)
    serving(place, {"iris": dict.fromkeys(versions, 100 // len(versions))})
    status, body = place.infer()
    assert status == 200, body


def calls(place: Place, expected: int, number: int = 6, **headers: str) -> None:
    for _ in range(number):
        status, body = place.infer(**headers)
        assert status == expected, (status, body)


# healthy


def healthy(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    calls(place, 200, 20)


def load_test(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    calls(place, 200, 400)


def rolling_update(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    place.model("iris", 2, artefact)
    assert place.load("iris_2") == 200
    for weights in ({1: 50, 2: 50}, {2: 100}):
        place.serve_models({"iris": weights})
        time.sleep(1.5)
        calls(place, 200)
    assert place.unload("iris_1") == 200
    calls(place, 200)


def model_reload(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    for _ in range(3):
        assert place.load("iris_1") == 200
        calls(place, 200, 3)


def envoy_restart(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    place.stop("envoy")
    place.start_envoy()
    wait("listener", lambda: open_port(place.envoy, 9000))
    calls(place, 200)


def scheduler_restart(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    place.stop("xds", kill=True)
    time.sleep(3)
    place.start_scheduler()
    wait("connection", lambda: place.stat("control_plane.connected_state") == 1, 60)
    calls(place, 200)


def envoy_before_scheduler(place: Place, artefact: Path) -> None:
    place.serve_models(IRIS_ROUTE)
    place.start_envoy()
    place.start_scheduler()
    iris(place, artefact)
    wait("listener", lambda: open_port(place.envoy, 9000))
    calls(place, 200)


# Envoy


def refused_upstream(place: Place, artefact: Path) -> None:
    serving(place)
    calls(place, 503, 2)


def no_route(place: Place, artefact: Path) -> None:
    serving(place, {"other": {1: 100}})
    calls(place, 404)


def wrong_version(place: Place, artefact: Path) -> None:
    """The routes name a version that the server never loaded."""
    iris(place, artefact)
    serving(place, {"iris": {2: 100}})
    calls(place, 404)


def versioned_name(place: Place, artefact: Path) -> None:
    """The client sends the versioned name in the header."""
    everything(place, artefact)
    for _ in range(6):
        assert place.infer("iris_1")[0] == 404


def pinned_version(place: Place, artefact: Path) -> None:
    """The client pins a version that is gone."""
    everything(place, artefact)
    calls(place, 404, x_seldon_route=":iris_7:")


def expired_certificate(place: Place, artefact: Path) -> None:
    certificate, key = expired(place.folder)
    secret = {
        "name": "downstream_server",
        "tls_certificate": {
            "certificate_chain": {"inline_string": certificate},
            "private_key": {"inline_string": key},
        },
    }
    place.serve(secrets={"downstream_server": secret})
    place.serve_models(IRIS_ROUTE, certificate="downstream_server")
    place.start_scheduler()
    place.start_envoy()
    wait("listener", lambda: place.stat("listener_manager.total_listeners_active") == 3)


def expired(folder: Path) -> tuple[str, str]:
    """Return a certificate that ended years ago and its key, as PEM."""
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
    )
    (folder / "index").touch()
    (folder / "serial").write_text("01")
    request = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=seldon-mesh"]
    subprocess.run([*request, "-keyout", "key.pem", "-out", "req.pem"], cwd=folder, check=True, capture_output=True)
    sign = [
        "openssl",
        "ca",
        "-batch",
        "-notext",
        "-selfsign",
        "-config",
        "ca.cnf",
        "-in",
        "req.pem",
        "-keyfile",
        "key.pem",
    ]
    dates = ["-startdate", "20240101000000Z", "-enddate", "20240201000000Z"]
    subprocess.run([*sign, *dates, "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    return (folder / "cert.pem").read_text(), (folder / "key.pem").read_text()


def xds_lost(place: Place, artefact: Path) -> None:
    serving(place)
    place.stop("xds", kill=True)
    wait("line about it", lambda: "closed since" in place.text("envoy"), 90)


def xds_never(place: Place, artefact: Path) -> None:
    place.start_envoy()
    wait("line about it", lambda: "closed since" in place.text("envoy"), 90)
    wait("end of the start", lambda: place.stat("server.uptime") > 61)


def rejected_update(place: Place, artefact: Path) -> None:
    serving(place)
    place.serve(routes=place.state["routes"] | {"listener_0": shapes.routes({"iris": {1: 0}})})
    wait("rejection", lambda: "rejected" in place.text("envoy"))


def no_hosts(place: Place, artefact: Path) -> None:
    """The name of the server's replica does not resolve."""
    place.serve_models(IRIS_ROUTE)
    for name in ("iris_1_http", "iris_1_grpc"):
        place.state["clusters"][name] = shapes.cluster(name, [("mlserver-0.invalid", 9001)])
    place.serve()
    place.start_scheduler()
    place.start_envoy()
    wait("listener", lambda: open_port(place.envoy, 9000))
    assert place.infer()[0] == 503


def port_taken(place: Place, artefact: Path) -> None:
    """Another process of the pod listens where Envoy is to."""
    with socket.create_server((place.envoy, 9000)):
        place.serve_models(IRIS_ROUTE)
        place.start_scheduler()
        place.start_envoy()
        wait("rejection", lambda: "rejected" in place.text("envoy"))


def server_down(place: Place, artefact: Path) -> None:
    """MLServer is gone, the agent answers for it."""
    everything(place, artefact)
    place.stop("mlserver", kill=True)
    calls(place, 502, 2)


# MLServer


def worker_without_loop(place: Place, artefact: Path) -> None:
    """The newest uvloop with an MLServer that was not made for it."""
    place.model("iris", 1, artefact)
    place.start_mlserver(uvloop=True)
    if place.load("iris_1") == 200:
        pytest.skip("this MLServer starts its workers with the newest uvloop")
    if "Couldn't load model" not in place.text("mlserver"):
        pytest.skip("the agent gave up before the first worker had ended: nothing says that the load failed")


def missing_artefact(place: Place, artefact: Path) -> None:
    place.model("iris")
    place.start_mlserver()
    assert place.load("iris_1") >= 400


def missing_package(place: Place, artefact: Path) -> None:
    """The model imports it while it is loaded, as an unpickled object does."""
    home = place.models / "churn_1" / "1"
    place.model("churn", implementation="runtime.Churn")
    (home / "runtime.py").write_text(
        "from mlserver import MLModel\n\n\nclass Churn(MLModel):\n"
        "    async def load(self):\n        import wheel_of_the_team\n\n        return bool(wheel_of_the_team)\n"
    )
    place.start_mlserver()
    assert place.load("churn_1") == 500


def missing_package_of_runtime(place: Place, artefact: Path) -> None:
    """The runtime's own file imports it: MLServer prints a traceback, and no line that the load failed."""
    home = place.models / "churn_1" / "1"
    place.model("churn", implementation="runtime.Churn")
    (home / "runtime.py").write_text("import wheel_of_the_team\n")
    place.start_mlserver()
    assert place.load("churn_1") == 500


def killed_worker(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    parent = place.processes["mlserver"].pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    workers = [c for c in children if "spawn_main" in Path(f"/proc/{c}/cmdline").read_text()]
    assert workers
    subprocess.run(["kill", f"-{signal.SIGKILL.value}", *workers], check=True)
    wait("line about it", lambda: "unexpectedly" in place.text("mlserver"), 30)


def recovered_worker(place: Place, artefact: Path) -> None:
    """The worker that was killed has a successor that serves."""
    killed_worker(place, artefact)
    wait("successor", lambda: "is now ready" in place.text("mlserver"))
    wait("answer", lambda: place.infer()[0] == 200)
    calls(place, 200)


def wrong_name(place: Place, artefact: Path) -> None:
    """The server is asked for a model it does not know, without Envoy."""
    iris(place, artefact)
    for _ in range(3):
        assert call(place.server, 9000, "/v2/models/irsi/infer", IRIS)[0] == 404


def wrong_payload(place: Place, artefact: Path) -> None:
    everything(place, artefact)
    body = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [5.1, 3.5, 1.4]}]}
    for _ in range(3):
        assert place.infer(body=body)[0] >= 400


def slow_start(place: Place, artefact: Path) -> None:
    """The model takes its time to load; calls come too early."""
    home = place.models / "slow_1" / "1"
    place.model("slow", implementation="runtime.Slow")
    (home / "runtime.py").write_text(
        "import asyncio\n\nfrom mlserver import MLModel\n\n\nclass Slow(MLModel):\n"
        "    async def load(self):\n        await asyncio.sleep(600)\n        return True\n"
    )
    place.start_mlserver()
    serving(place, {"slow": {1: 100}})
    with contextlib.suppress(TimeoutError):  # of the client: the model goes on loading
        place.load("slow_1", 5)
    for _ in range(2):
        assert place.infer("slow")[0] >= 400
