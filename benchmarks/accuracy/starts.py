"""How the components start and find each other: scheduler, operator, Envoy, the containers of a server pod.

Source: the starts of 2.6.0, 2.9.1 and 2.10.2, seen; `scheduler/cmd/`, `operator/main.go` for the others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy import words
from benchmarks.accuracy.runtimes import Runtimes
from benchmarks.accuracy.voices import Line

STREAMS = {
    "model": "SubscribeModel",
    "server": "SubscribeServer",
    "pipeline": "SubscribePipeline",
    "experiment": "SubscribeExperiment",
    "control": "SubscribeControlPlane",
}

XDS_STREAMS = ("DeltaClusters", "DeltaListeners", "DeltaRuntime")  # one each before 2.9.0


@dataclass(slots=True)
class Starts(Runtimes):
    """An installation whose components can start."""

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
            working = {**self.reconcile(kind, ""), "worker count": 1}
            self.manager(at + timedelta(seconds=1), "INFO", "", "Starting workers", working)
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
            self.facts.add("operator-cut-off")
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
        if not self.servers:
            if self.release >= (2, 10, 1):
                self.manager(at, "INFO", f"{logger}.NotifyServer", "No servers to notify scheduler, skipping", {})
        elif self.release >= (2, 8, 4):
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
        why = f"upstream connect error or disconnect/reset before headers. reset reason: {reason}"
        if ("envoy", 53) in self.shut:
            why = "no healthy upstream"
        tries, began = 0, at
        at += timedelta(seconds=32)
        while at < self.end:
            since = int((at - began).total_seconds())
            self.envoy(
                at,
                "warning",
                "config",
                "./source/extensions/config_subscription/grpc/grpc_stream.h:227",
                f"{self.rng.choice(XDS_STREAMS) if self.release < (2, 9, 0) else 'DeltaAggregatedResources'} gRPC config stream to xds_cluster closed since {since}s ago: 14, {why}",
                "xds-closed",
            )
            at += timedelta(seconds=self.rng.uniform(6, 30))
            tries += 1
        key = "timeout" if reason == "connection timeout" else "fail"
        if ("envoy", 53) in self.shut:
            self.stats |= {"cluster.xds_cluster.membership_total": 0, "cluster.xds_cluster.upstream_cx_connect_fail": 0}
            return
        self.stats[f"cluster.xds_cluster.upstream_cx_connect_{key}"] = tries + self.rng.randrange(3, 9)

    def start_server(self, pod: str, at: datetime, takes: float = 5.0) -> datetime:
        """Start the containers of a server pod; returns when its agent first calls the scheduler."""
        up = at + self.jitter(takes)
        if self.runtime(pod) == "triton":
            self.start_triton(pod, at, up)
        else:
            self.start_mlserver(pod, at, up)
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
        self.facts.add("agent-unheard")
        return None
