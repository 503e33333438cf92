"""A model of a Seldon Core v2 installation: components that talk to each other, and what they print.

Nothing here knows what the analyser looks for. A fault turns a switch of `World` (a port is shut, a secret is absent);
what is printed follows from who can reach whom: an agent that cannot connect leaves the scheduler without a server, so
a model is not placed, Envoy has no route, and a client is answered 404.

Source: Seldon Core 2.2.0 to 2.10.2, `scheduler/`, `operator/`; the order and the delays of a start were seen in
running installations of 2.6.0, 2.9.1 and 2.10.2.
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


@dataclass(slots=True)
class Server:
    """A Server resource."""

    name: str
    replicas: int = 1
    capabilities: tuple[str, ...] = ("mlserver", "sklearn", "xgboost", "lightgbm", "mlflow", "python", "huggingface")
    memory: int = 1 << 30
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


@dataclass(slots=True)
class World:
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
    kafka: str | None = None
    gateways: bool = False
    load_error: dict[str, Any] = field(default_factory=dict)
    zone: timedelta = timedelta()
    skew: timedelta = timedelta()
    logs: dict[tuple[str, str, bool], list[Line]] = field(default_factory=lambda: defaultdict(list))
    access: list[Line] = field(default_factory=list)
    client: list[str] = field(default_factory=list)
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
    neighbour: "World | None" = None

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
        if (who, 53) in self.shut:
            local = f"{self.ips.get(who, '10.8.8.8')}:{self.rng.randrange(30000, 60000)}"
            how = (
                "dial udp 10.96.0.10:53: i/o timeout"
                if self.dropped
                else f"write udp {local}->10.96.0.10:53: write: operation not permitted"
            )
            return f"rpc error: code = Unavailable desc = dns: A record lookup error: lookup seldon-scheduler on 10.96.0.10:53: {how}"
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

    # -- starts ---------------------------------------------------------------------------------------------------

    def start_scheduler(self, at: datetime) -> None:
        """Start the scheduler: databases and ports."""
        say, r = self.say, self.release
        level = "info" if r >= (2, 9, 0) else "debug"
        say("scheduler", at, "info", f"Setting log level to {level}")
        if r >= (2, 10, 2):
            say("scheduler", at, "info", f"Version {'.'.join(map(str, r))}")
        say("scheduler", at, "info", f"Namespace is {self.namespace}")
        say("scheduler", at, "info", "Chainer server running on 9008", source="dataflow")
        for db, source in (("pipelinedb", "pipelineDb"), ("experimentdb", "experimentDb")):
            store = "pipelineStore" if source == "pipelineDb" else "experimentServer"
            say("scheduler", at, "info", f"Initialise DB at /mnt/scheduler/db/{db}", func="initialiseDB", source=store)
            say("scheduler", at, "info", "All 0 tables opened in 0s\n", source=source)
            say("scheduler", at, "info", "Set nextTxnTs to 0", source=source)
        say("scheduler", at, "info", "DropAll called. Blocking writes...", source="experimentDb")
        say("scheduler", at, "info", "Resuming writes", source="experimentDb")
        at += self.jitter(0.3)
        say("scheduler", at, "info", "Scheduler server running on 9004 mtls:false", "context", source="SchedulerServer")
        say(
            "scheduler",
            at,
            "info",
            "Not starting scheduler mTLS server",
            func="StartGrpcServers",
            source="SchedulerServer",
        )
        port, mtls = ("9055", "true") if self.tls_broken else ("9005", "false")
        say("scheduler", at, "info", f"Agent server running on {port} mtls:{mtls}", "context", source="AgentServer")
        if not self.tls_broken:
            say(
                "scheduler",
                at,
                "info",
                "Not starting scheduler mTLS server",
                func="StartGrpcServer",
                source="AgentServer",
            )

    def start_operator(self, at: datetime, connects: datetime) -> None:
        """Start the operator; until `connects` its smoke tests fail."""
        logger = "SchedulerClient" if self.release >= (2, 10, 0) else "schedulerClient"
        host = {"host": f"seldon-scheduler.{self.namespace}", "port": 9004}
        self.manager(at, "INFO", "setup", "Setting log level", {"level": "info"})
        klog = f"I{at:%m%d %H:%M:%S}.{at.microsecond:06}       1 leaderelection.go:271] successfully acquired lease {self.namespace}/e98130ae.seldon.io"
        self.logs[self.names["operator"], "manager", False].append(Line(at, klog))
        for kind in ("model", "server", "pipeline", "experiment", "seldonruntime"):
            self.manager(at + self.jitter(0.5), "INFO", "", "Starting Controller", self.reconcile(kind, ""))
        at += self.jitter(4)
        while self.release >= (2, 6, 0) and at < min(connects, self.end):
            self.manager(at, "INFO", logger, "Dialing scheduler", host)
            self.manager(at, "INFO", logger, "Connected to scheduler", host)
            shut = ("operator", 9004) in self.shut
            wait = 20.0 if shut and self.dropped else 0.1
            failed = at + self.jitter(wait)
            last = "cut-off" if shut or self.scheduler_down else None
            self.manager(failed, "INFO", logger, "Failed smoke test on scheduler", {"namespace": self.namespace}, last)
            why = self.dial_error("operator", 9004)
            if why is None:
                why = f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp {self.ips["service"]}:9004: connect: connection refused"'
            kind, name = self.rng.choice(
                [("server", s.name) for s in self.servers] + [("model", m.name) for m in self.models]
            )
            fields = {**self.reconcile(kind, name), "error": why}
            self.manager(failed + self.jitter(0.1), "ERROR", "", "Reconciler error", fields, last)
            at = failed + self.jitter(1 if failed - self.start < timedelta(seconds=20) else 12)
        if connects >= self.end:
            return
        at = connects
        if self.release >= (2, 6, 0):
            self.manager(at, "INFO", logger, "Dialing scheduler", host)
            self.manager(at, "INFO", logger, "Connected to scheduler", host)
        if self.release >= (2, 8, 4):
            self.manager(at, "INFO", logger, "Starting event handling", {"namespace": self.namespace})
        for stream, func in STREAMS.items():
            if self.release < (2, 8, 4) and stream == "control":
                continue
            if self.release >= (2, 8, 4):
                self.manager(at, "INFO", f"{logger}.{func}Events", "Retrying to connect", {"namespace": self.namespace})
            said = words.subscribed(self.release, stream, "seldon manager")
            status = func if stream == "control" else f"{func}Status"
            self.say("scheduler", at, "info", said, "context", func=status, source="SchedulerServer")
        if self.release >= (2, 8, 4):
            new = self.release >= (2, 10, 0)
            event = {"event": "SEND_SERVERS" if new else "event:SEND_SERVERS"}
            self.manager(
                at,
                "INFO",
                f"{logger}.SubscribeControlPlaneEvents",
                "Received control plane event" if new else "Received event to handle state",
                event,
            )
            self.manager(
                at + self.jitter(0.4),
                "INFO",
                f"{logger}.SubscribeControlPlaneEvents",
                "Handled control plane event" if new else "Handled state on reconnect",
                event if new else {"operation": "SEND_SERVERS"},
            )
        expected = 0
        for server in self.servers:
            self.manager(
                at,
                "INFO",
                f"{logger}.NotifyServer",
                "Notify server",
                {
                    "name": server.name,
                    "namespace": self.namespace,
                    "replicas": max(1, server.replicas),
                    "minReplicas": 0,
                    "maxReplicas": 0,
                },
            )
            self.say(
                "scheduler",
                at,
                "info",
                f"Server notification {server.name} expectedReplicas {max(1, server.replicas)} shared false",
                "context",
                func="ServerNotify",
                source="SchedulerServer",
            )
            expected += max(1, server.replicas)
        if self.release >= (2, 8, 4):
            self.say(
                "scheduler",
                at,
                "info",
                f"Signalling synchroniser with {expected} expected server agents to connect",
                func="ServerNotify",
                source="SchedulerServer",
            )

    def reconcile(self, kind: str, name: str) -> dict[str, Any]:
        """Return the fields of a reconciler's line."""
        kinds = {"seldonruntime": "SeldonRuntime"}
        big = kinds.get(kind, kind.capitalize())
        fields: dict[str, Any] = {"controller": kind, "controllerGroup": "mlops.seldon.io", "controllerKind": big}
        if name:
            key = big if self.release >= (2, 8, 2) else kind
            fields |= {key: {"name": name, "namespace": self.namespace}, "namespace": self.namespace, "name": name}
            fields["reconcileID"] = f"{self.rng.getrandbits(32):08x}-7a1b-4c5d-8e9f-{self.rng.getrandbits(48):012x}"
        return fields

    def start_envoy(self, at: datetime) -> None:
        """Start Envoy: the lines before it has spoken with the scheduler."""
        self.envoy(
            at,
            "info",
            "main",
            "source/server/server.cc:430",
            "initializing epoch 0 (base id=0, hot restart version=11.104)",
        )
        self.envoy(
            at + self.jitter(0.1), "info", "config", "source/server/configuration_impl.cc:138", "loading 2 cluster(s)"
        )
        self.envoy(
            at + self.jitter(0.1), "info", "config", "source/server/configuration_impl.cc:148", "loading 1 listener(s)"
        )
        at += self.jitter(0.15)
        self.envoy(at, "info", "main", "source/server/server.cc:1051", "starting main dispatch loop")
        place = "source/extensions/config_subscription/grpc/grpc_subscription_impl.cc:130"
        self.envoy(
            at + timedelta(seconds=15),
            "warning",
            "config",
            place,
            "gRPC config: initial fetch timed out for type.googleapis.com/envoy.service.runtime.v3.Runtime",
        )
        self.stats |= {
            "cluster.xds_cluster.upstream_cx_connect_fail": self.rng.randrange(3, 12),
            "cluster.xds_cluster.upstream_cx_connect_timeout": 0,
        }

    def connect_envoy(self, at: datetime) -> None:
        """Let Envoy open its stream to the scheduler: it gets listeners and clusters."""
        self.xds_since = at
        source = "SnapshotCache"
        node = 'from nodeID: "test-id",  version'
        self.say(
            "scheduler",
            at,
            "info",
            f'open delta watch ID:1 for type.googleapis.com/envoy.service.runtime.v3.Runtime Resources:map[runtime-0:{{}}] {node} ""',
            "context",
            source=source,
        )
        self.say(
            "scheduler",
            at,
            "info",
            f'open delta watch ID:2 for type.googleapis.com/envoy.config.route.v3.RouteConfiguration Resources:map[listener_0:{{}} listener_1:{{}}] {node} "{self.rng.randrange(10, 900)}"',
            "context",
            source=source,
        )
        self.envoy(
            at,
            "info",
            "upstream",
            "source/common/upstream/cds_api_helper.cc:31",
            "cds: response indicates 4 added/updated cluster(s), 0 removed cluster(s); applying changes",
        )
        for listener in ("seldon_http", "seldon_mirrors"):
            self.envoy(
                at + self.jitter(0.1),
                "info",
                "upstream",
                "source/common/listener_manager/lds_api.cc:106",
                f"lds: add/update listener '{listener}'",
            )
        self.envoy(
            at + self.jitter(0.2),
            "info",
            "config",
            "source/common/listener_manager/listener_manager_impl.cc:1009",
            "all dependencies initialized. starting workers",
        )

    def fail_envoy(self, at: datetime) -> None:
        """Let Envoy try in vain to reach the scheduler, to the end."""
        reason = (
            "connection timeout"
            if self.dropped and ("envoy", 9002) in self.shut
            else "remote connection failure, transport failure reason: delayed connect error: Connection refused"
        )
        tries, began = 0, at
        at += timedelta(seconds=32)
        while at < self.end:
            since = int((at - began).total_seconds())
            self.envoy(
                at,
                "warning",
                "config",
                "./source/extensions/config_subscription/grpc/grpc_stream.h:227",
                f"DeltaAggregatedResources gRPC config stream to xds_cluster closed since {since}s ago: 14, upstream connect error or disconnect/reset before headers. reset reason: {reason}",
                "xds-closed",
            )
            at += timedelta(seconds=self.rng.uniform(6, 30))
            tries += 1
        key = "timeout" if reason == "connection timeout" else "fail"
        self.stats[f"cluster.xds_cluster.upstream_cx_connect_{key}"] = tries + self.rng.randrange(3, 9)

    def start_server(self, pod: str, at: datetime, takes: float = 5.0) -> datetime:
        """Start the containers of a server pod; returns when its agent first calls the scheduler."""
        pid = Line(at, "INFO:     Started server process [1]")
        for text in (
            "Environment tarball not found at '/mnt/models/environment.tar.gz'",
            "Environment not found at './envs/environment'",
        ):
            self.logs[pod, "mlserver", False].append(Line(at, text))
        up = at + self.jitter(takes)
        self.mlserver(pod, up, "mlserver.rest", "INFO", "HTTP server running on http://0.0.0.0:9000")
        self.logs[pod, "mlserver", False] += [
            pid,
            Line(at, "INFO:     Waiting for application startup."),
            Line(at, "INFO:     Application startup complete."),
        ]
        self.mlserver(pod, up, "mlserver.grpc", "INFO", "gRPC server running on http://0.0.0.0:9500")
        self.rclone(pod, at, "NOTICE", "Serving remote control on http://[::]:5572/")
        a = self.agent
        server = next(s for s in self.servers if pod.rpartition("-")[0] == s.name)
        for text in (
            "Setting overcommit percentage from env SELDON_OVERCOMMIT_PERCENTAGE with value 10",
            f"Setting capabilities from env SELDON_SERVER_CAPABILITIES with value [{' '.join(server.capabilities)}]",
            f"Setting memory request from env MEMORY_REQUEST with value {server.memory}",
            f"Setting scheduler-host from SELDON_SCHEDULER_HOST to {self.foreign_host or 'seldon-scheduler'}",
            f"Got server name and index from POD_NAME with value {pod}. Server name:{server.name} Replica Idx:{pod.rpartition('-')[2]}",
            f"Setting namespace from k8s file to {self.namespace}",
            f"Setting log level to {'info' if self.release >= (2, 9, 0) else 'debug'}",
        ):  # fmt: skip
            shown = self.skew + at
            proves = "context" if "capabilities" in text or "memory" in text or "scheduler-host" in text else None
            self.logs[pod, "agent", False].append(Line(shown, words.logrus(shown, "info", text), proves))
        a(
            pod,
            at,
            "info",
            "Rclone Config loaded &{[seldon-rclone-gs-public] []}",
            func="updateConfig",
            source="AgentConfigHandler",
        )
        t, wait = at + self.jitter(0.5), 300
        while t < up:
            why = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 0.0.0.0:9500: connect: connection refused"'
            if self.release >= (2, 9, 1):
                a(
                    pod,
                    t,
                    "info",
                    f"Waiting for Inference Server service to become ready... next check in {wait}ms",
                    error=why,
                    func="waitReady",
                )
            else:
                a(pod, t, "error", "Inference server not ready", error=why, func="waitReady")
            t, wait = t + self.jitter(2), min(wait * 2, 900)
        up += self.jitter(0.5)
        if self.release >= (2, 9, 1):
            a(pod, up, "info", "All critical agent subservices ready.", func="waitReady")
        a(pod, up, "info", "Loading initial rclone configuration", Source="RCloneClient", func="StartConfigListener")
        a(
            pod,
            up,
            "info",
            "After update current set of remotes is [gs s3]",
            Source="RCloneClient",
            func="loadRcloneConfiguration",
        )
        a(
            pod,
            up,
            "info",
            f"Starting {'TLS' if self.tls_broken else 'plaintxt'} client to agent server",
            "context",
            func="getConnection",
        )
        port = 9055 if self.tls_broken else 9005
        a(
            pod,
            up,
            "info",
            f"Connecting (non-blocking) to scheduler at {self.foreign_host or 'seldon-scheduler'}:{port}",
            "context",
            func="getConnection",
        )
        return up

    def subscribe(self, pod: str, at: datetime, until: datetime, registers: bool = True) -> datetime | None:
        """Let an agent call the scheduler till it is heard or `until`; returns when it was heard."""
        step, func = 1.0, "HandleSchedulerSubscription" if self.release >= (2, 9, 1) else "StartService"
        port = 9055 if self.tls_broken else 9005
        while at < min(until, self.end):
            self.agent(pod, at, "info", "Call subscribe to scheduler", func=func)
            why = self.dial_error("agent", port)
            if why is None:
                self.agent(pod, at, "info", "Subscribed to scheduler", "context", func=func)
                if registers:
                    server, _, index = pod.rpartition("-")
                    said = words.subscribed(self.release, "agent", f"{server}:{index}")
                    self.say("scheduler", at, "info", said, "context", func="Subscribe", source="AgentServer")
                    next(s for s in self.servers if s.name == server).connected.add(int(index))
                    if not self.scheduler_down and ("operator", 9004) not in self.shut:
                        logger = "SchedulerClient" if self.release >= (2, 10, 0) else "schedulerClient"
                        self.manager(
                            at + self.jitter(14),
                            "INFO",
                            f"{logger}.SubscribeServerEvents",
                            "Received event",
                            {"server": server},
                        )
                return at
            slow = self.jitter(20) if "i/o timeout" in why and step == 1.0 else timedelta()
            self.agent(pod, at + slow, "error", "Scheduler not ready", "dial", error=why)
            at += slow + self.jitter(step)
            step = min(step * 1.7, 15.0)
        return None

    # -- models ---------------------------------------------------------------------------------------------------

    def place(self, model: Model, at: datetime) -> None:
        """Let the scheduler place a model, and follow it to the end: loaded and routed, or refused."""
        able = [
            s
            for s in self.servers
            if s.connected and set(model.requires) <= set(s.capabilities) and model.server in (None, s.name)
        ]
        model.since = at
        event = f"Received event {model.name}:1"
        if not able or all(s.memory * 1.1 < model.memory for s in able):
            text = "no matching server had enough suitable replicas" if able else "no matching servers are available"
            why = f"Failed to schedule model as {text}"
            if self.release < (2, 7, 0):
                why = self.composed(model, able)
            tag = "unplaced"
            self.say(
                "scheduler",
                at,
                "warning",
                f"Failed to schedule model {model.name}",
                tag,
                error=why,
                func="LoadModel",
                source="SchedulerServer",
            )
            self.say("scheduler", at, "info", event, func="handleModelEvents", source="pipelineStore")
            self.say(
                "scheduler",
                at,
                "info",
                f"{self.remove} for model {model.name}",
                func="RemoveRoute",
                source="SeldonXDSCache",
            )
            self.say(
                "scheduler",
                at,
                "warning",
                f"No route found for model {model.name}",
                func="RemoveRoute",
                source="SeldonXDSCache",
            )
            self.say(
                "scheduler",
                at,
                "warning",
                f"Empty server for {model.name}:1 so ignoring event",
                func="updateServerModelStatus",
                source="SchedulerServer",
            )
            self.told(model, at, "ScheduleFailed", why, tag)
            return
        server = self.rng.choice(able)
        replica = self.rng.choice(sorted(server.connected))
        model.placed = (server.name, replica)
        pod = f"{server.name}-{replica}"
        path = f"/mnt/agent/rclone/{self.rng.randrange(10**8, 4 * 10**9)}"
        self.say(
            "scheduler", at, "info", f"Sending load model request for {model.name}", func="Sync", source="AgentServer"
        )
        self.say("scheduler", at, "info", event, func="handleModelEvents", source="pipelineStore")
        self.say(
            "scheduler",
            at,
            "info",
            f"{self.remove} for model {model.name}",
            func="RemoveRoute",
            source="SeldonXDSCache",
        )
        self.say(
            "scheduler",
            at,
            "warning",
            f"No route found for model {model.name}",
            func="RemoveRoute",
            source="SeldonXDSCache",
        )
        self.agent(pod, at, "info", "Received operation")
        self.agent(pod, at, "info", f"Load model {model.name}:1", func="LoadModel")
        self.agent(
            pod,
            at,
            "info",
            "will copy model artifacts",
            Source="RCloneClient",
            destination_uri=path,
            func="Copy",
            source_uri=model.uri,
        )
        done = at + self.jitter(self.rng.uniform(1, 8))
        fault = self.load_error.get(model.name)
        if fault:
            why = fault(self, model, pod, path, at + self.jitter(0.4), done)
            tag = "load-failed"
            if self.release >= (2, 10, 0) and "download" not in why and "rclone" in why:
                self.agent(
                    pod,
                    done,
                    "warning",
                    "Got permanent error, not retrying to download model",
                    tag,
                    error=why,
                    Name="V2ModelRepository",
                )
            if self.release >= (2, 7, 0):
                self.agent(pod, done, "error", "Failed to load model, sending error to scheduler", tag, error=why)
            self.agent(pod, done, "error", f"Failed to handle load model {model.name}:1", tag, error=why)
            self.say(
                "scheduler",
                done,
                "info",
                f"Updating state for model {model.name} to LoadFailed",
                tag,
                func="AgentEvent",
                source="AgentServer",
            )
            self.say(
                "scheduler",
                done,
                "info",
                f"{self.remove} for model {model.name}",
                func="RemoveRoute",
                source="SeldonXDSCache",
            )
            self.told(model, done, "ModelFailed", why, tag)
            return
        self.rclone(pod, at, "INFO", "model.joblib: Copied (new)")
        self.rclone(pod, at, "INFO", f"Local file system at {path}: Removing directory")
        self.agent(pod, at + self.jitter(0.3), "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
        for _ in "ab":
            self.mlserver(
                pod, done, f"mlserver][{model.name}_1:1", "INFO", f"Loaded model '{model.name}_1' successfully."
            )
        self.agent(pod, done, "info", f"Load model {model.name}:1 success", func="LoadModel")
        self.route(model, done)

    def route(self, model: Model, at: datetime) -> None:
        """Let the scheduler give a loaded model its route."""
        assert model.placed
        self.say(
            "scheduler",
            at,
            "info",
            f"Updating state for model {model.name} to Loaded",
            func="AgentEvent",
            source="AgentServer",
        )
        self.say(
            "scheduler",
            at,
            "info",
            f"{self.remove} for model {model.name}",
            func="RemoveRoute",
            source="SeldonXDSCache",
        )
        self.say(
            "scheduler",
            at,
            "info",
            f"Handle vanilla no experiment traffic for {model.name}",
            func="addTraffic",
            source="IncrementalProcessor",
        )
        if self.xds_since:
            self.routes[model.name] = f"{model.placed[0]}-{model.placed[1]}"
            self.routed_at = max(at, self.routed_at or at)
            self.envoy(
                at,
                "info",
                "upstream",
                "source/common/upstream/cds_api_helper.cc:84",
                "cds: added/updated 2 cluster(s) (skipped 0 unmodified cluster(s)); removed 0 cluster(s)",
            )
        self.told(model, at, "ModelAvailable", "", None)

    def told(self, model: Model, at: datetime, state: str, reason: str, proves: str | None) -> None:
        """Let the operator write a model's state into its resource."""
        if ("operator", 9004) in self.shut or (self.scheduler_down and at > self.end):
            return
        model.state, model.reason, model.since = state, reason, at
        logger = "SchedulerClient" if self.release >= (2, 10, 0) else "schedulerClient"
        fields = {"name": model.name, "version": 1, "generation": 1, "state": state, "reason": reason}
        self.manager(at, "INFO", f"{logger}.SubscribeModelEvents", "Received event", fields, proves)
        word = "ready" if state == "ModelAvailable" else "not ready"
        self.manager(
            at,
            "INFO",
            f"{logger}.SubscribeModelEvents",
            f"Setting model to {word}",
            {"name": model.name, "state": state},
            proves,
        )

    def composed(self, model: Model, able: list[Server]) -> str:
        """Return why a model is not placed, in the words of the releases before 2.7.0."""
        if able:
            s = able[0]
            return f"failed to schedule model {model.name}. [failed replica filter AvailableMemoryReplicaFilter for server replica {s.name}:0 : model memory {model.memory} replica memory {s.memory}]"
        parts = []
        for s in self.servers:
            if not s.connected:
                parts.append(
                    f"failed server filter ServerReplicaFilter for server {s.name} : 0 server replicas (waiting for server replicas to connect)"
                )
            elif model.server not in (None, s.name):
                parts.append(
                    f"failed server filter SharingServerFilter for server {s.name} : sharing false requested server {model.server} == {s.name}"
                )
            else:
                parts.append(
                    f"failed replica filter RequirementsReplicaFilter for server replica {s.name}:0 : model requirements [{' '.join(model.requires)}] replica capabilities [{' '.join(s.capabilities)}]"
                )
        return f"failed to schedule model {model.name}. [{' '.join(parts)}]"

    @property
    def remove(self) -> str:
        """How the scheduler says that it takes a route away."""
        return "Remove Routes" if self.release >= (2, 10, 0) else "Remove routes"

    # -- requests -------------------------------------------------------------------------------------------------

    def call(
        self,
        name: str,
        at: datetime,
        status: int,
        flags: str,
        host: str = "-",
        proves: str | None = None,
        detail: str = "",
    ) -> None:
        """Let a client call a model; only errors reach the access log."""
        if status >= 400:
            took = "0 0 0 -" if flags == "NR" else "102 0 1 0"
            text = f'[{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z] "POST /v2/models/{name.split("_")[0]}/infer HTTP/1.1" {status} - {flags or "-"} {took} "-" "curl/7.88.1" "-" "seldon-mesh" "{host}"'
            self.access.append(Line(at, text, proves))
            key = {"NR": "http.seldon_http.no_route", "UH": "cluster.none_healthy"}.get(flags)
            if key:
                self.stats[key] = self.stats.get(key, 0) + 1
        word = {
            200: "OK",
            404: "Not Found",
            500: "Internal Server Error",
            502: "Bad Gateway",
            503: "Service Unavailable",
        }[status]
        self.client.append(
            f"$ curl -sS -i --max-time 15 http://seldon-mesh/v2/models/{name}/infer -H 'seldon-model: {name}' -d @in.json\n"
            f"HTTP/1.1 {status} {word}\ndate: {at:%a, %d %b %Y %H:%M:%S} GMT\nserver: envoy\n\n{detail}\n"
        )  # fmt: skip


STREAMS = {
    "model": "SubscribeModel",
    "server": "SubscribeServer",
    "pipeline": "SubscribePipeline",
    "experiment": "SubscribeExperiment",
    "control": "SubscribeControlPlane",
}
