"""What Envoy's administration port tells: statistics, clusters, configuration.

Source: Envoy 1.36, `/stats`, `/clusters`, `/config_dump`.
"""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

from benchmarks.accuracy.model import World
from benchmarks.accuracy.objects import stamp


def cluster_of(world: World, model: str, kind: str) -> str:
    """Return the name of a model's cluster: before 2.8.4 models on the same replicas share one."""
    if world.release >= (2, 8, 4) or model not in world.routes:
        return f"{model}_1_{kind}"
    server, _, index = world.routes[model].rpartition("-")
    return f"{server}_{b64encode(sha256(f'{index},'.encode()).digest()).decode()}_{kind}"


def named(world: World, key: str) -> list[str]:
    """Return the names which a statistic of today has in this installation's release."""
    found = re.match(r"cluster\.(.+)_1_(http|grpc)\.(.*)", key)
    if found:
        key = f"cluster.{cluster_of(world, found[1], found[2])}.{found[3]}"
    if world.release < (2, 8, 5):
        key = key.replace("http.seldon_http.", "http.http.")
    if world.release < (2, 9, 0) and key.startswith("control_plane."):
        return [f"{where}.{key}" for where in ("cluster_manager.cds", "listener_manager.lds", "runtime")]
    return [key]


def envoy_stats(world: World) -> str:
    """Return Envoy's `/stats`."""
    linked = int(world.xds_since is not None and not world.scheduler_down)
    listeners = world.xds_since is not None
    values = {
        "cluster.xds_cluster.membership_total": 1,
        "cluster.xds_cluster.upstream_cx_active": linked,
        "cluster_manager.active_clusters": 6 + 2 * len(world.routes) if listeners else 2,
        "cluster_manager.cds.update_rejected": 0,
        "cluster_manager.cds.update_success": 4 if listeners else 0,
        "control_plane.connected_state": linked,
        "http.seldon_http.no_route": 0,
        "http.seldon_http.rds.listener_0.update_rejected": 0,
        "http.seldon_http.rds.listener_0.update_success": 3 if listeners else 0,
        "listener_manager.lds.update_rejected": 0,
        "listener_manager.lds.update_success": int(listeners),
        "listener_manager.total_listeners_active": 3 if listeners else 1,
        "server.live": 1,
        "server.state": 0,
        "server.uptime": int((world.end - world.start).total_seconds()),
    }
    for name in world.routes:
        for kind in ("http", "grpc"):
            values |= {
                f"cluster.{name}_1_{kind}.membership_total": 1,
                f"cluster.{name}_1_{kind}.membership_healthy": 1,
                f"cluster.{name}_1_{kind}.upstream_cx_connect_fail": 0,
                f"cluster.{name}_1_{kind}.upstream_cx_connect_timeout": 0,
            }
    values |= {key: value for key, value in world.stats.items() if key != "cluster.none_healthy"}
    told = {name: value for key, value in values.items() for name in named(world, key)}
    return "".join(f"{key}: {told[key]}\n" for key in sorted(told))


def envoy_clusters(world: World) -> str:
    """Return Envoy's `/clusters`."""
    rows = []
    known = {"xds_cluster": (world.ips["scheduler"], 9002, "seldon-scheduler")}
    for name, host in world.routes.items():
        for kind, port in (("http", 9001), ("grpc", 9501)):
            known[cluster_of(world, name, kind)] = (world.ips[host], port, host)
    for name, (ip, port, host) in known.items():
        rows += [f"{name}::observability_name::{name}", f"{name}::added_via_api::{str(name != 'xds_cluster').lower()}"]
        for key, value in (
            ("cx_active", 1),
            ("cx_connect_fail", 0),
            ("rq_total", 3),
            ("hostname", host),
            ("health_flags", "healthy"),
            ("weight", 1),
            ("priority", 0),
        ):
            rows.append(f"{name}::{ip}:{port}::{key}::{value}")
    return "\n".join(rows) + "\n"


def envoy_config(world: World) -> dict[str, Any]:
    """Return Envoy's `/config_dump`: clusters, listeners, routes."""
    at = stamp(world.routed_at or world.xds_since or world.start)
    prefix = "type.googleapis.com/envoy"

    def route(model: str, kind: str) -> dict[str, Any]:
        header = {"name": "seldon-model", "string_match": {"exact": model}}
        cluster = {
            "name": cluster_of(world, model, kind),
            "weight": 100,
            "request_headers_to_add": [{"header": {"key": "seldon-internal-model", "value": f"{model}_1"}}],
        }
        path = "/v2" if kind == "http" else "/inference.GRPCInferenceService"
        return {
            "match": {"prefix": path, "headers": [header]},
            "route": {"weighted_clusters": {"clusters": [cluster]}, "timeout": "0s"},
            "name": f"{model}_{kind}",
        }

    def cluster(model: str, host: str, kind: str) -> dict[str, Any]:
        address = {"socket_address": {"address": host, "port_value": 9001 if kind == "http" else 9501}}
        name = cluster_of(world, model, kind)
        return {"version_info": "1", "cluster": {"@type": f"{prefix}.config.cluster.v3.Cluster", "name": name, "type": "STRICT_DNS", "connect_timeout": "5s",
                "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}}, "last_updated": at}  # fmt: skip

    clusters = {cluster_of(world, m, k): cluster(m, h, k) for m, h in world.routes.items() for k in ("http", "grpc")}
    routes = [route(m, k) for m in world.routes for k in ("http", "grpc")]
    hosts: dict[str, Any] = {"name": "seldon_service", "domains": ["*"], **({"routes": routes} if routes else {})}
    configs: list[dict[str, Any]] = [
        {"@type": f"{prefix}.admin.v3.BootstrapConfigDump", "bootstrap": {"node": {"id": "test-id", "cluster": "test-cluster"}}, "last_updated": stamp(world.start)},
        {"@type": f"{prefix}.admin.v3.ClustersConfigDump", "dynamic_active_clusters": list(clusters.values())},
        {"@type": f"{prefix}.admin.v3.ListenersConfigDump", "dynamic_listeners": [] if world.xds_since is None else [{"name": "seldon_http", "active_state": {"version_info": "1", "listener": {"@type": f"{prefix}.config.listener.v3.Listener", "name": "seldon_http", "address": {"socket_address": {"address": "0.0.0.0", "port_value": 9000}}}, "last_updated": at}}]},
        {"@type": f"{prefix}.admin.v3.RoutesConfigDump", "dynamic_route_configs": [] if world.xds_since is None else [{"version_info": "2", "route_config": {"@type": f"{prefix}.config.route.v3.RouteConfiguration", "name": "listener_0", "virtual_hosts": [hosts]}, "last_updated": at}]},
    ]  # fmt: skip
    dump = {"configs": configs}
    for edit in world.dump_edits:
        edit(dump)
    return dump
