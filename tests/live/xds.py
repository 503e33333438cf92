"""A delta ADS server over gRPC that serves what a JSON file says, and again whenever the file changes.

Run as `python -m tests.live.xds STATE ADDRESS`. STATE holds `{"clusters": {name: resource}, "listeners": ..., "routes":
..., "secrets": ...}` in the JSON form of Envoy's own messages. As in Seldon's scheduler, clusters are sent first, then
listeners and routes, clusters that are gone last; versions are sha256 sums of the resources; a subscription to the
runtime layer is never answered.

Source: seldon-core v2.9.1 scheduler/pkg/envoy/xdscache; Envoy's xDS protocol, "Incremental xDS".
"""

import hashlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import grpc
from envoy_data_plane.envoy.service.discovery.v3 import DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource
from envoy_data_plane.google.protobuf import Any as Packed

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
TYPES = {
    "secrets": "envoy.extensions.transport_sockets.tls.v3.Secret",
    "clusters": "envoy.config.cluster.v3.Cluster",
    "listeners": "envoy.config.listener.v3.Listener",
    "routes": "envoy.config.route.v3.RouteConfiguration",
}
PREFIX = "type.googleapis.com/"
POLL = 0.1  # seconds between two looks at the file


def encoded(kind: str, message: dict[str, Any]) -> bytes:
    """Return `message` of type `kind` in protobuf's wire format."""
    know(message)
    return bytes(message_type(kind).from_dict(message))


def message_type(kind: str) -> Any:
    package, _, name = kind.rpartition(".")
    return getattr(import_module(f"envoy_data_plane.{package}"), name)


def know(value: Any) -> None:
    """Import the types that the parts of `value` name, which makes them known to their `Any`."""
    if isinstance(value, dict):
        if "@type" in value:
            message_type(value["@type"].removeprefix(PREFIX))
        for part in value.values():
            know(part)
    elif isinstance(value, list):
        for part in value:
            know(part)


class State:
    """What the file says now, as resources on the wire."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stamp = 0
        self.resources: dict[str, dict[str, Resource]] = {}
        self.look()

    def look(self) -> None:
        """Read the file if it has changed."""
        stamp = self.path.stat().st_mtime_ns
        if stamp == self.stamp:
            return
        said = json.loads(self.path.read_bytes())
        made: dict[str, dict[str, Resource]] = {}
        for group, kind in TYPES.items():
            made[kind] = {}
            for name, message in said.get(group, {}).items():
                value = encoded(kind, message)
                version = hashlib.sha256(value).hexdigest()
                made[kind][name] = Resource(
                    name=name, version=version, resource=Packed(type_url=PREFIX + kind, value=value)
                )
        self.stamp, self.resources = stamp, made


class Stream:
    """One stream of one Envoy: what it asked for, and what it was sent."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.asked: dict[str, set[str]] = {}
        self.sent: dict[str, dict[str, str]] = {}
        self.number: dict[str, int] = {}
        self.open = True

    def listen(self, requests: Iterator[bytes]) -> None:
        """Take down what is asked for, until the stream ends."""
        try:
            for data in requests:
                request = DeltaDiscoveryRequest.parse(data)
                kind = request.type_url.removeprefix(PREFIX)
                names = self.asked.get(kind, set()) | set(request.resource_names_subscribe)
                self.asked[kind] = names - set(request.resource_names_unsubscribe)
        except grpc.RpcError:
            pass
        self.open = False

    def answers(self) -> Iterator[bytes]:
        """Yield what was asked for and not sent in its newest version, in the order of Seldon's scheduler."""
        while self.open:
            self.state.look()
            for gone in (False, True):
                for kind in TYPES.values():
                    answer = self.answer(kind, gone)
                    if answer is not None:
                        yield answer
                        time.sleep(POLL)
            time.sleep(POLL)

    def answer(self, kind: str, gone: bool) -> bytes | None:
        if kind not in self.asked:
            return None
        names = self.asked[kind]
        wanted = {n: r for n, r in self.state.resources[kind].items() if not names or n in names or "*" in names}
        sent = self.sent.setdefault(kind, {})
        new = [resource for name, resource in wanted.items() if not gone and sent.get(name) != resource.version]
        old = [name for name in sent if gone and name not in wanted]
        if not new and not old:
            return None
        for resource in new:
            sent[resource.name] = resource.version
        for name in old:
            del sent[name]
        self.number[kind] = self.number.get(kind, 0) + 1
        return bytes(
            DeltaDiscoveryResponse(
                system_version_info=str(self.number[kind]),
                resources=new,
                type_url=PREFIX + kind,
                removed_resources=old,
                nonce=f"{kind}-{self.number[kind]}",
            )
        )


class Service(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The one method, on bytes."""

    def __init__(self, state: State) -> None:
        self.state = state

    def service(self, details: Any) -> Any:
        return grpc.stream_stream_rpc_method_handler(self.stream) if details.method == METHOD else None

    def stream(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        stream = Stream(self.state)
        threading.Thread(target=stream.listen, args=(requests,), daemon=True).start()
        return stream.answers()


def main(state: str, address: str) -> None:
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Service(State(Path(state))),))
    if not server.add_insecure_port(address):
        raise SystemExit(f"{address} is taken")
    server.start()
    sys.stdout.write("serving\n")
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
