"""A model of a Seldon Core v2 installation: components that talk to each other, and what they print.

Nothing here knows what the analyser looks for. A fault turns a switch of `World` (a port is shut, a secret is absent);
what is printed follows from who can reach whom: an agent that cannot connect leaves the scheduler without a server, so
a model is not placed, Envoy has no route, and a client is answered 404.

Source: Seldon Core 2.2.0 to 2.10.2, `scheduler/`, `operator/`; the order and the delays of a start were seen in
running installations of 2.6.0, 2.9.1 and 2.10.2.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from benchmarks.accuracy.starts import Starts
from benchmarks.accuracy.voices import Call, Line, Model, Server


@dataclass(slots=True)
class World(Starts):
    """An installation: it starts, places models, and answers calls."""

    def _unrouted(self, model: Model, at: datetime) -> None:
        """Let the scheduler take a model's route away."""
        said = f"{self.remove} for model {model.name}"
        self.say("scheduler", at, "info", said, func="RemoveRoute", source="SeldonXDSCache")

    def _seen(self, model: Model, at: datetime) -> None:
        """Let the scheduler hear of a model: any route it had is taken away first."""
        event = f"Received event {model.name}:1"
        self.say("scheduler", at, "info", event, func="handleModelEvents", source="pipelineStore")
        self._unrouted(model, at)
        self.say(
            "scheduler",
            at,
            "warning",
            f"No route found for model {model.name}",
            func="RemoveRoute",
            source="SeldonXDSCache",
        )

    def place(self, model: Model, at: datetime) -> None:
        """Let the scheduler place a model, and follow it to the end: loaded and routed, or refused."""
        able = [
            s
            for s in self.servers
            if s.connected and set(model.requires) <= set(s.capabilities) and model.server in (None, s.name)
        ]
        model.since = at
        if not able or all(s.memory * 1.1 < model.memory or len(s.connected) < model.replicas for s in able):
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
            self._seen(model, at)
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
        self._seen(model, at)
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
            if not why:  # the call has neither ended nor failed
                self.facts.add("load-hangs")
                return
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
            self._unrouted(model, done)
            self.told(model, done, "ModelFailed", why, tag)
            return
        self.rclone(pod, at, "INFO", "model.joblib: Copied (new)")
        self.rclone(pod, at, "INFO", f"Local file system at {path}: Removing directory")
        self.agent(pod, at + self.jitter(0.3), "info", f"Chose path {path} for model {model.name}:1", func="LoadModel")
        if self.runtime(pod) == "triton":
            self.triton(pod, done, "I", "model_lifecycle.cc:473", f"loading: {model.name}_1:1")
            self.triton(pod, done, "I", "model_lifecycle.cc:849", f"successfully loaded '{model.name}_1'")
        else:
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
        self._unrouted(model, at)
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
        gateway = {"modelGwState": "ModelCreate"} if self.release >= (2, 10, 0) else {}
        fields = {"name": model.name, "version": 1, "generation": 1, "state": state, **gateway, "reason": reason}
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
            if s.memory * 1.1 >= model.memory:
                return f"failed to schedule model {model.name}. []"
            return f"failed to schedule model {model.name}. [failed replica filter AvailableMemoryReplicaFilter for server replica {s.name}:0 : model memory {model.memory} replica memory {s.memory}]"
        parts = []
        for s in self.servers:
            if not s.connected:
                parts.append(
                    f"failed server filter ServerReplicaFilter for server replica {s.name} : 0 server replicas (waiting for server replicas to connect)"
                )
            elif model.server not in (None, s.name):
                parts.append(
                    f"failed server filter SharingServerFilter for server replica {s.name} : requested server {model.server} == {s.name}"
                )
            else:
                parts.append(
                    f"failed replica filter RequirementsReplicaFilter for server replica {s.name}:0 : model requirements [{' '.join(model.requires)}] replica capabilities [{' '.join(s.capabilities)}]"
                )
        return f"failed to schedule model {model.name}. [{' '.join(parts)}]"

    def host(self, name: str) -> str:
        """Return where Envoy sends the calls of a model."""
        return f"{self.ips[self.routes[name]]}:9001" if name in self.routes else "-"

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
        self.calls.append(Call(name, at, status, flags, host))
        if status >= 400 or self.release < (2, 9, 0):
            took = {"NR": "0 0 0 -", "": "102 220 9 8"}.get(flags, "102 0 1 0")
            grpc = "- " if self.release >= (2, 9, 0) else ""
            text = f'[{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z] "POST /v2/models/{name.split("_")[0]}/infer HTTP/1.1" {status} {grpc}{flags or "-"} {took} "-" "curl/7.88.1" "-" "seldon-mesh" "{host}"'
            self.access.append(Line(at, text, proves))
            key = {"NR": "http.seldon_http.no_route", "UH": "cluster.none_healthy"}.get(flags)
            if key:
                self.stats[key] = self.stats.get(key, 0) + 1
        word = HTTPStatus(status).phrase
        self.client.append(
            f"$ curl -sS -i --max-time 15 http://seldon-mesh/v2/models/{name}/infer -H 'seldon-model: {name}' -d @in.json\n"
            f"HTTP/1.1 {status} {word}\ndate: {at:%a, %d %b %Y %H:%M:%S} GMT\nserver: envoy\n\n{detail}\n"
        )  # fmt: skip


__all__ = ["Line", "Model", "Server", "World"]
