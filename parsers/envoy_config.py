"""Envoy's configuration: `/config_dump`, whole, masked, or of single resources.

    {"configs": [{"@type": "….RoutesConfigDump", "dynamic_route_configs": [{"route_config": {…}}]}, …]}

Fields with default values and empty lists are left out. `?resource=dynamic_route_configs` gives the elements of one
list in place of the sections. Endpoints stand in a cluster's `load_assignment` as configured; `?include_eds` adds
a section with the addresses they resolved to. A refused listener has an `error_state`, once under its name and once
without one; refused clusters and routes leave no trace here.

Source: envoy/admin/v3/config_dump.proto and config_dump_shared.proto; Envoy 1.36.2's output.
"""

from collections.abc import Mapping
from typing import Any

from parsers.envoy_body import body, concluded, dated, text_of
from parsers.envoy_json import Node, Places, flattened, raw, rejected, walk
from parsers.envoy_resources import (
    Row,
    address_of,
    entry,
    framed,
    hosts_of,
    is_tls,
    route_rows,
    said,
    socket_of,
)
from parsers.parser import Artefact, Parsed, Parser, Sample

CLUSTER_LISTS = {
    "static_clusters": "accepted",
    "dynamic_active_clusters": "accepted",
    "dynamic_warming_clusters": "pending",
}
LISTENER_LISTS = ("static_listeners", "dynamic_listeners")
ROUTE_LISTS = ("static_route_configs", "dynamic_route_configs")
ENDPOINT_LISTS = ("static_endpoint_configs", "dynamic_endpoint_configs")
SECRET_LISTS = {
    "static_secrets": "accepted",
    "dynamic_active_secrets": "accepted",
    "dynamic_warming_secrets": "pending",
}
OPENED = frozenset({"configs", *ROUTE_LISTS, "route_config", "virtual_hosts"})
PIECES = frozenset({*CLUSTER_LISTS, *LISTENER_LISTS, *ENDPOINT_LISTS, *SECRET_LISTS, "routes"})
SECTIONS = {
    "ClustersConfigDump": "cluster",
    "ListenersConfigDump": "listener",
    "RoutesConfigDump": "route",
    "EndpointsConfigDump": "endpoint",
    "SecretsConfigDump": "secret",
}
STATES = (
    ("active_state", "active", "accepted"),
    ("warming_state", "warming", "pending"),
    ("draining_state", "draining", None),
)


class _Dump:
    """Rows by source, as a document is gone through."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.rows: dict[str, list[Row]] = {
            name: [] for name in ("envoy.route", "envoy.cluster", "envoy.endpoint", "envoy.listener", "envoy.update")
        }
        self.configured: list[tuple[Node, str, Row]] = []  # endpoints of clusters, as configured
        self.resolved: dict[str, set[str]] = {}  # cluster to the names and addresses that resolved
        self.version: str | None = None
        self.covered: set[str] = set()

    def frames(self) -> dict[str, list[Row]]:
        """Return rows by source; an empty list for what was dumped and is empty."""
        return {name: rows for name, rows in self.rows.items() if rows or name in self.covered}

    def add(self, source: str, node: Node, values: Mapping[str, Any]) -> None:
        self.rows[source].append(self.places.row(node, values))

    def section(self, node: Node) -> None:
        """Take a section, or an element of `?resource=`."""
        kind = str(node.get("@type") or "").rpartition(".")[2]
        version = node.get("version_info")
        if kind in SECTIONS and kind != "SecretsConfigDump":
            self.covered |= {f"envoy.{SECTIONS[kind]}", "envoy.update"}
        if kind in SECTIONS and isinstance(version, str):
            line, _ = self.places.span(node.first, node.last)
            values = {"kind": SECTIONS[kind], "state": "accepted", "version": version}
            self.rows["envoy.update"].append({"line": line, "lines": 1, **values})
        self.version = _version(entry(node.get("bootstrap"))) or self.version
        for key, state in CLUSTER_LISTS.items():
            for item in node.nodes(key):
                self.cluster(item, key != "static_clusters", state)
        for key in LISTENER_LISTS:
            for item in node.nodes(key):
                self.listener(item, key != "static_listeners")
        for key in ROUTE_LISTS:
            for item in node.nodes(key):
                self.routes(item, key != "static_route_configs")
        for key in ENDPOINT_LISTS:
            for item in node.nodes(key):
                self.endpoints(item)
        for key, state in SECRET_LISTS.items():
            for item in node.nodes(key):
                self.update(item, "secret", _name(item), state)
        for item in node.nodes("configs"):
            self.section(item)
        self.element(node, kind)

    def element(self, node: Node, kind: str) -> None:
        """Take an element that stands for itself: by its type, or by what it holds."""
        dynamic = kind.startswith("Dynamic") or (not kind.startswith("Static") and node.get("version_info") is not None)
        if isinstance(node.get("route_config"), Node):
            self.routes(node, dynamic)
        elif node.nodes("virtual_hosts"):
            self.virtual_hosts(node, node, False)
        elif isinstance(node.get("cluster"), dict) and entry(node.get("cluster")).get("name"):
            self.cluster(node, dynamic, "accepted")
        elif node.get("endpoint_config") is not None:
            self.endpoints(node)
        elif node.get("secret") is not None and kind.endswith("Secret"):
            self.update(node, "secret", _name(node), "accepted")
        elif kind in ("DynamicListener", "StaticListener") or node.get("active_state") is not None:
            self.listener(node, dynamic or kind == "")

    def update(self, node: Node, kind: str, name: str | None, state: str) -> None:
        """Take the last update of a resource, and the one that was refused."""
        values = {"kind": kind, "name": name, "version": said(node.get("version_info"))}
        self.add("envoy.update", node, {**values, "state": state, "updated": said(node.get("last_updated"))})
        self.refused(node, kind, name)

    def refused(self, node: Node, kind: str, name: str | None) -> None:
        """Take the error state of a resource."""
        error = entry(node.get("error_state"))
        if error:
            failed = entry(error.get("failed_configuration"))
            values = {
                "kind": kind,
                "name": name or said(failed.get("name")) or said(failed.get("cluster_name")),
                "state": "rejected",
                "version": said(error.get("version_info")),
                "updated": said(error.get("last_update_attempt")),
                "error": said(error.get("details")),
                "raw": raw(error),
            }
            self.add("envoy.update", node, values)

    def cluster(self, node: Node, dynamic: bool, state: str) -> None:
        """Take a cluster and its endpoints as configured."""
        cluster = entry(node.get("cluster"))
        name = said(cluster.get("name"))
        assignment = cluster.get("load_assignment")
        hosts = list(hosts_of(entry(assignment)))
        kind = said(cluster.get("type")) or said(entry(cluster.get("cluster_type")).get("name")) or "STATIC"
        if cluster:
            values = {
                "name": name,
                "dynamic": dynamic,
                "type": kind,
                "tls": is_tls(cluster),
                "hosts": len(hosts) if isinstance(assignment, dict) else None,
                "updated": said(node.get("last_updated")),
                "raw": raw(cluster),
            }
            self.add("envoy.cluster", node, values)
            for host in hosts:
                self.configured.append((node, name or "", host))
        if dynamic:
            self.update(node, "cluster", name, state)

    def endpoints(self, node: Node) -> None:
        """Take the hosts of a cluster as resolved."""
        config = entry(node.get("endpoint_config"))
        cluster = said(config.get("cluster_name"))
        known = self.resolved.setdefault(cluster or "", set())
        for host in hosts_of(config):
            known |= {str(host["hostname"]), str(host["address"])}
            self.add("envoy.endpoint", node, {"cluster": cluster, "name": address_of(host), **host})

    def listener(self, node: Node, dynamic: bool) -> None:
        """Take a listener in each of its states."""
        name = said(node.get("name"))
        if not dynamic and isinstance(node.get("listener"), dict):
            self._listener(node, name, entry(node.get("listener")), None, node, False)
        for key, state, update in STATES:
            part = entry(node.get(key))
            if part:
                self._listener(node, name, entry(part.get("listener")), state, part, dynamic)
                if update is not None and dynamic:
                    values = {
                        "kind": "listener",
                        "name": name,
                        "state": update,
                        "version": said(part.get("version_info")),
                    }
                    self.add("envoy.update", node, {**values, "updated": said(part.get("last_updated"))})
        self.refused(node, "listener", name)

    def _listener(
        self, node: Node, name: str | None, listener: Row, state: str | None, part: Any, dynamic: bool
    ) -> None:
        socket = socket_of(entry(listener.get("address")))
        values = {
            "name": name or said(listener.get("name")),
            "dynamic": dynamic,
            "state": state if dynamic else "active",
            "updated": said(part.get("last_updated")),
            "raw": raw(listener),
            **socket,
        }
        self.add("envoy.listener", node, values)

    def routes(self, node: Node, dynamic: bool) -> None:
        """Take a route configuration."""
        config = node.get("route_config")
        if not isinstance(config, Node):
            return
        if dynamic:
            line, _ = self.places.span(node.first, node.last)
            values = {
                "kind": "route",
                "name": _name(config),
                "state": "accepted",
                "version": said(node.get("version_info")),
                "updated": said(node.get("last_updated")),
            }
            self.rows["envoy.update"].append({"line": line, "lines": 1, **values})
            self.refused(node, "route", _name(config))
        self.virtual_hosts(config, node, dynamic)

    def virtual_hosts(self, config: Node, around: Node, dynamic: bool) -> None:
        """Take the routes of a route configuration."""
        shared = {"config": _name(config), "dynamic": dynamic, "updated": said(around.get("last_updated"))}
        for host in config.nodes("virtual_hosts"):
            for route in host.nodes("routes"):
                written = raw(route)
                for values in route_rows(route.values):
                    self.add("envoy.route", route, {**shared, "virtual_host": _name(host), **values, "raw": written})

    def settle(self) -> None:
        """Add the configured endpoints that nothing resolved."""
        for node, cluster, host in self.configured:
            known = self.resolved.get(cluster)
            if known is None or not known & {str(host["address"])}:
                health = None if known is None else "unresolved"
                values = {"cluster": cluster, "name": address_of(host), **host, "health": health}
                self.add("envoy.endpoint", node, values)
        updates = self.rows["envoy.update"]
        dated_ = {(row["name"], row["error"]) for row in updates if row["state"] == "rejected" and row["updated"]}
        self.rows["envoy.update"] = [
            row
            for row in updates
            if row["state"] != "rejected" or row["updated"] or (row["name"], row["error"]) not in dated_
        ]


def _name(node: Node) -> str | None:
    return said(node.get("name"))


def _version(bootstrap: Row) -> str | None:
    number = entry(entry(entry(bootstrap.get("node")).get("user_agent_build_version")).get("version"))
    if not number:
        return None
    return ".".join(str(number.get(part, 0)) for part in ("major_number", "minor_number", "patch"))


def recognises(head: str) -> bool:
    """Whether the artefact is a configuration dump, or an element of one."""
    start = text_of(head).lstrip()[: 1 << 16]
    return start.startswith(("{", "[")) and "envoy.admin.v3." in start and "ConfigDump" in start


def parse(artefact: Artefact) -> Parsed:
    """Read routes, clusters, endpoints, listeners and updates. A cut dump gives what stands before the cut."""
    found = body(artefact)
    text = "\n".join(found.frame["text"].to_list())
    places = Places(found.frame)
    document, fault = walk(text, OPENED, PIECES)
    dump = _Dump(places)
    for node in flattened(document):
        dump.section(node)
    dump.settle()
    frames = {name: dated(framed(name, artefact, rows), found.at) for name, rows in dump.frames().items()}
    return concluded(artefact, found.around, frames, rejected(text, places, fault), dump.version)


def _sample(kind: str, rest: str) -> str:
    return f'{{"configs": [{{"@type": "type.googleapis.com/envoy.admin.v3.{kind}", {rest}}}]}}'


_ROUTE = (
    '{"name": "ab.experiment_http", "match": {"prefix": "/v2", "headers": [{"name": "seldon-model", "string_match": '
    '{"exact": "ab.experiment"}}, {"name": "x-seldon-route", "present_match": false}]}, "route": {"weighted_clusters": '
    '{"clusters": [{"name": "a_1_http", "weight": 70}, {"name": "b_1_http"}]}, '
    '"request_mirror_policies": [{"cluster": "mirror_http"}]}}'
)
_HOSTS = '{"name": "seldon_service", "routes": [%s]}'
_ENDPOINT = '{"endpoint": {"address": {"socket_address": {"address": "mlserver-0", "port_value": 9001}}}}'
_CLUSTER = (
    '{"name": "a_1_http", "type": "STRICT_DNS", "load_assignment": {"endpoints": [{"lb_endpoints": ['
    + _ENDPOINT
    + "]}]}}"
)
_REFUSED = '"error_state": {"failed_configuration": {"name": "seldon_http"}, %s"details": "no"}'

PARSER = Parser(
    name="envoy configuration",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            _sample(
                "RoutesConfigDump",
                '"dynamic_route_configs": [{"version_info": "5f", "route_config": {"name": "listener_0", '
                f'"virtual_hosts": [{_HOSTS % _ROUTE}]}}}}]',
            ),
            {
                "name": "ab.experiment_http",
                "header": "ab.experiment",
                "sticky": None,
                "total_weight": 70,
                "mirror": "mirror_http",
                "config": "listener_0",
            },
            "envoy.route",
            rows=2,
        ),
        Sample(
            '{"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump.DynamicRouteConfig", '
            '"route_config": {"name": "listener_0", "virtual_hosts": [{"name": "seldon_service"}]}}]}',
            {"kind": "route", "name": "listener_0", "state": "accepted"},
            "envoy.update",
            rows=1,
        ),
        Sample(
            _sample(
                "ClustersConfigDump",
                '"version_info": "3", "dynamic_warming_clusters": [{"version_info": "5f", "cluster": '
                f'{_CLUSTER}, "last_updated": "2025-03-04T10:15:30.123Z"}}]',
            ),
            {"name": "a_1_http", "type": "STRICT_DNS", "hosts": 1, "tls": False},
            "envoy.cluster",
            rows=1,
        ),
        Sample(
            _sample(
                "ListenersConfigDump",
                f'"dynamic_listeners": [{{{_REFUSED % ""}}}, {{"name": "seldon_http", '
                + _REFUSED % '"last_update_attempt": "2025-03-04T10:15:30Z", '
                + "}]",
            ),
            {"kind": "listener", "name": "seldon_http", "state": "rejected", "error": "no"},
            "envoy.update",
            rows=1,
        ),
        Sample('{"configs": [{"@type": "type.googleapis.com/example.Other"}]}', None),
        Sample("see envoy.admin.v3.ClustersConfigDump", None),
    ),
)
