"""Who speaks in an installation, how the network carries it, and what a component reads when it does not.

Source: Seldon Core 2.2.0 to 2.10.2; grpc-go's error texts, seen with packets dropped, refused, and without names.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from benchmarks.accuracy import words
from benchmarks.accuracy.words import Release


@dataclass(frozen=True, slots=True)
class Line:
    """A record: when it was printed (by the node's clock), what, and what it proves (None: nothing)."""

    at: datetime
    text: str
    proves: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """How a call was answered: for what, when, and by whom (Envoy's flags; "-" where it sent the call to nobody)."""

    name: str
    at: datetime
    status: int
    flags: str = ""
    host: str = "-"


@dataclass(slots=True)
class Server:
    """A Server resource."""

    name: str
    replicas: int = 1
    capabilities: tuple[str, ...] = ("mlserver", "sklearn", "xgboost", "lightgbm", "mlflow", "python", "huggingface")
    memory: int = 1 << 30
    runtime: str = "mlserver"
    image: str | None = None
    connected: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Model:
    """A Model resource, and how it fares."""

    name: str
    uri: str
    requires: tuple[str, ...] = ("sklearn",)
    memory: int = 100_000
    secret: str | None = None
    server: str | None = None
    state: str = "ModelProgressing"
    reason: str = ""
    placed: tuple[str, int] | None = None
    since: datetime | None = None
    faulty: bool = False
    replicas: int = 1


@dataclass(slots=True)
class Voices:
    """An installation, its switches, and everything it has printed so far."""

    rng: Random
    release: Release
    namespace: str
    start: datetime
    servers: list[Server]
    models: list[Model]
    shut: set[tuple[str, int]] = field(default_factory=set)
    dropped: bool = True
    tls_broken: bool = False
    pods_blocked: dict[str, Any] | None = None
    scheduler_down: str | None = None
    foreign_host: str | None = None
    host_absent: bool = False
    kafka: str | None = None
    gateways: bool = False
    gpus: bool = False
    load_error: dict[str, Any] = field(default_factory=dict)
    zone: timedelta = timedelta()
    skew: timedelta = timedelta()
    logs: dict[tuple[str, str, bool], list[Line]] = field(default_factory=lambda: defaultdict(list))
    access: list[Line] = field(default_factory=list)
    client: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    facts: set[str] = field(default_factory=set)  # what is so at the end, where no other state holds it
    events: list[dict[str, Any]] = field(default_factory=list)
    extra: list[tuple[dict[str, Any], str | None]] = field(default_factory=list)
    containers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=dict)
    ready_at: datetime | None = None
    xds_since: datetime | None = None
    end: datetime = field(init=False)
    names: dict[str, str] = field(init=False)
    ips: dict[str, str] = field(init=False)
    routed_at: datetime | None = None
    neighbour: Any = None
    overrides: list[dict[str, Any]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)  # what a party reads in place of the network's own error
    skip: set[tuple[str, str]] = field(default_factory=set)  # kinds and names which `extra` has in another form
    homes: dict[str, str] = field(default_factory=dict)  # pods (and events' objects) of other namespaces
    edits: dict[tuple[str, str], tuple[dict[str, Any], str | None]] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    dump_edits: list[Any] = field(default_factory=list)
    empty: dict[str, str] = field(default_factory=dict)  # kinds that were listed, though there are none: kind, file
    no_envoy: bool = False
    furnished: list[tuple[dict[str, Any], str | None]] | None = None  # the objects, where they were made elsewhere

    def __post_init__(self) -> None:
        suffix = "".join(self.rng.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(9))
        tail = "".join(self.rng.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(5))
        self.names = {
            "scheduler": "seldon-scheduler-0",
            "operator": f"seldon-v2-controller-manager-{suffix}-{tail}",
            "envoy": f"seldon-envoy-{suffix[::-1]}-{tail[::-1]}",
            "modelgateway": f"seldon-modelgateway-{suffix[2:]}{tail[:2]}-{tail[::-1]}",
            "pipelinegateway": f"seldon-pipelinegateway-{suffix[1:]}{tail[:1]}-{tail}",
            "dataflow": f"seldon-dataflow-engine-{suffix[3:]}{tail[:3]}-{tail[::-1]}",
        }
        net = self.rng.randrange(1, 250)
        self.ips = {name: f"10.{net}.{1 + i}.{self.rng.randrange(4, 250)}" for i, name in enumerate(self.names)}
        self.ips["service"] = f"10.96.{self.rng.randrange(1, 250)}.{self.rng.randrange(4, 250)}"
        for i, server in enumerate(self.servers):
            for replica in range(3):
                self.ips[f"{server.name}-{replica}"] = f"10.{net}.{20 + i}.{4 + replica}"
        self.end = self.start + timedelta(minutes=self.rng.uniform(12, 35))

    # -- what components say -------------------------------------------------------------------------------------

    def jitter(self, seconds: float) -> timedelta:
        """Return about so many seconds."""
        return timedelta(seconds=seconds * self.rng.uniform(0.85, 1.15))

    def say(self, who: str, at: datetime, level: str, message: str, proves: str | None = None, **fields: str) -> None:
        """Let the scheduler or a gateway print a line."""
        pod = self.names[who]
        container = {"dataflow": "dataflow-engine"}.get(who, who)
        self.logs[pod, container, False].append(Line(at, words.logrus(at, level, message, **fields), proves))

    def agent(self, pod: str, at: datetime, level: str, message: str, proves: str | None = None, **fields: str) -> None:
        """Let an agent print a line, by the clock of its node."""
        at += self.skew
        name = "AgentServiceManager" if self.release >= (2, 9, 1) else "Client"
        if not {"Source", "source"} & set(fields):
            fields = {"Name": name, **fields}
        self.logs[pod, "agent", False].append(Line(at, words.logrus(at, level, message, **fields), proves))

    def manager(
        self, at: datetime, level: str, logger: str, message: str, fields: dict[str, Any], proves: str | None = None
    ) -> None:
        """Let the operator print a record."""
        text = words.zap(at, self.release, level, logger, message, fields)
        self.logs[self.names["operator"], "manager", False].append(Line(at, text, proves))

    def mlserver(
        self, pod: str, at: datetime, logger: str, level: str, message: str, proves: str | None = None
    ) -> None:
        """Let MLServer print a line, in its own zone."""
        at += self.skew
        text = words.mlserver(at + self.zone, logger, level, message)
        self.logs[pod, "mlserver", False].append(Line(at, text, proves))

    def runtime(self, pod: str) -> str:
        """Return which model server runs in a pod: mlserver or triton."""
        return next((s.runtime for s in self.servers if s.name == pod.rpartition("-")[0]), "mlserver")

    def triton(self, pod: str, at: datetime, level: str, place: str, message: str, proves: str | None = None) -> None:
        """Let Triton print a line; it quotes its messages from 24.05 on."""
        at += self.skew
        server = next(s for s in self.servers if s.name == pod.rpartition("-")[0])
        release = (server.image or "").rpartition(":")[2].removesuffix("-py3")
        text = words.triton(at, level, place, message, release >= "24.05")
        self.logs[pod, "triton", False].append(Line(at, text, proves))

    def rclone(self, pod: str, at: datetime, level: str, message: str, proves: str | None = None) -> None:
        """Let rclone print a line."""
        at += self.skew
        self.logs[pod, "rclone", False].append(Line(at, words.rclone(at, level, message), proves))

    def envoy(self, at: datetime, level: str, logger: str, place: str, message: str, proves: str | None = None) -> None:
        """Let Envoy print a line."""
        text = words.envoy(at, level, logger, place, message)
        self.logs[self.names["envoy"], "envoy", False].append(Line(at, text, proves))

    def event(
        self,
        at: datetime,
        kind: str,
        name: str,
        reason: str,
        message: str,
        normal: bool = True,
        count: int = 1,
        last: datetime | None = None,
        proves: str | None = None,
    ) -> None:
        """Let Kubernetes record an event."""
        self.events.append(
            {"at": at, "last": last or at, "kind": kind, "name": name, "reason": reason, "message": message,
             "type": "Normal" if normal else "Warning", "count": count, "proves": proves}
        )  # fmt: skip

    # -- the network ----------------------------------------------------------------------------------------------

    def dial_error(self, who: str, port: int) -> str | None:
        """Return what a gRPC client reads when it dials the scheduler; None when it gets through."""
        if who in self.errors:
            return self.errors[who].format(ip=self.ips["service"])
        if (who, 53) in self.shut:
            local = f"{self.ips.get(who, '10.8.8.8')}:{self.rng.randrange(30000, 60000)}"
            how = (
                "dial udp 10.96.0.10:53: i/o timeout"
                if self.dropped
                else f"write udp {local}->10.96.0.10:53: write: operation not permitted"
            )
            return f"rpc error: code = Unavailable desc = dns: A record lookup error: lookup seldon-scheduler on 10.96.0.10:53: {how}"
        if self.host_absent and who == "agent":
            if self.release >= (2, 8, 4):
                return "rpc error: code = Unavailable desc = name resolver error: produced zero addresses"
            return f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp: lookup {self.foreign_host} on 10.96.0.10:53: no such host"'
        how = None
        if (who, port) in self.shut:
            how = "i/o timeout" if self.dropped else "connect: connection refused"
        elif self.scheduler_down:
            how = "connect: connection refused"
        elif self.tls_broken and who == "agent":
            return 'rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"'
        if how is None:
            return None
        return f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp {self.ips["service"]}:{port}: {how}"'
