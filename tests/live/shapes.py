"""What Seldon's scheduler says to Envoy, as JSON: bootstrap, listeners, clusters, routes.

Source: seldon-core v2.9.1 and v2.10.2, scheduler/config/envoy.yaml and scheduler/pkg/envoy/resources.
"""

from typing import Any

Json = dict[str, Any]
TYPE = "type.googleapis.com/envoy."
MANAGER = f"{TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": f"{TYPE}extensions.filters.http.router.v3.Router"},
}
ACCESS_FORMAT = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% '
    "%GRPC_STATUS_NUMBER% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" '
    '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n'
)


def address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def assigned(name: str, hosts: list[tuple[str, int]]) -> Json:
    return {
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(*host)}} for host in hosts]}],
    }


def bootstrap(envoy: str, scheduler: tuple[str, int]) -> Json:
    """The static part; Envoy's ports are those of a pod, on the address `envoy`."""
    ads: Json = {"ads": {}, "resource_api_version": "V3"}
    return {
        "node": {"id": "test-id", "cluster": "test-cluster"},
        "admin": {"address": address(envoy, 9901)},
        "dynamic_resources": {
            "cds_config": ads,
            "lds_config": ads,
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds_cluster"}}],
            },
        },
        "layered_runtime": {"layers": [{"name": "runtime-0", "rtds_layer": {"name": "runtime-0", "rtds_config": ads}}]},
        "static_resources": {
            "clusters": [
                {
                    "name": "xds_cluster",
                    "type": "LOGICAL_DNS",
                    "connect_timeout": "1s",
                    "typed_extension_protocol_options": http2(
                        {"connection_keepalive": {"interval": "60s", "timeout": "2s"}}
                    ),
                    "load_assignment": assigned("xds_cluster", [scheduler]),
                },
                {
                    "name": "admin_interface_cluster",
                    "type": "LOGICAL_DNS",
                    "connect_timeout": "0.250s",
                    "load_assignment": assigned("admin_interface_cluster", [(envoy, 9901)]),
                },
            ],
            "listeners": [
                {
                    "name": "util_endpoint_listener",
                    "address": address(envoy, 9003),
                    "filter_chains": [
                        {"filters": [{"name": "envoy.http_connection_manager", "typed_config": utility()}]}
                    ],
                }
            ],
        },
    }


def utility() -> Json:
    """The manager behind port 9003: statistics, and readiness that does not look at xDS."""
    health = {
        "@type": f"{TYPE}extensions.filters.http.health_check.v3.HealthCheck",
        "pass_through_mode": False,
        "headers": [{"name": ":path", "string_match": {"exact": "/ready"}}],
    }
    stats = {"match": {"prefix": "/stats"}, "route": {"cluster": "admin_interface_cluster"}}
    return {
        "@type": MANAGER,
        "stat_prefix": "util_endpoint_http",
        "route_config": {
            "name": "local_admin_interface_route",
            "virtual_hosts": [{"name": "admin_interface", "domains": ["*"], "routes": [stats]}],
        },
        "http_filters": [{"name": "envoy.filters.http.health_check", "typed_config": health}, ROUTER],
    }


def http2(options: Json) -> Json:
    name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        name: {
            "@type": f"{TYPE}{name.removeprefix('envoy.')}",
            "explicit_http_config": {"http2_protocol_options": options},
        }
    }


def listener(name: str, host: str, port: int, routes: str, access_log: str, secret: str | None = None) -> Json:
    """`seldon_http` or `seldon_mirrors`; failed calls with a content type go to the file `access_log`."""
    kind = {"header": {"name": "content-type", "string_match": {"prefix": "application/grpc"}, "invert_match": True}}
    failed = {"comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "access_log_status"}}}
    manager = {
        "@type": MANAGER,
        "stat_prefix": name,
        "generate_request_id": False,
        "rds": {"route_config_name": routes, "config_source": {"ads": {}, "resource_api_version": "V3"}},
        "http_filters": [ROUTER],
        "access_log": [
            {
                "name": "envoy.access_loggers.file",
                "filter": {"and_filter": {"filters": [{"status_code_filter": failed}, {"header_filter": kind}]}},
                "typed_config": {
                    "@type": f"{TYPE}extensions.access_loggers.file.v3.FileAccessLog",
                    "path": access_log,
                    "log_format": {"text_format_source": {"inline_string": ACCESS_FORMAT}},
                },
            }
        ],
    }
    chain: Json = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if secret is not None:
        sds = {"name": secret, "sds_config": {"ads": {}, "resource_api_version": "V3"}}
        context = {
            "@type": f"{TYPE}extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificate_sds_secret_configs": [sds]},
        }
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    return {"name": name, "address": address(host, port), "filter_chains": [chain]}


def cluster(name: str, hosts: list[tuple[str, int]]) -> Json:
    made: Json = {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "5s",
        "lb_policy": "LEAST_REQUEST",
        "dns_lookup_family": "V4_ONLY",
        "dns_refresh_rate": "2s",
        "circuit_breakers": {"thresholds": [{"max_retries": 5}]},
        "load_assignment": assigned(name, hosts),
    }
    if name.endswith("_grpc"):
        made["typed_extension_protocol_options"] = http2({})
    return made


def routes(models: dict[str, dict[int, int]]) -> Json:
    """`listener_0`: for every model its versions with their weights; more than one makes sticky routes."""
    made: list[Json] = []
    for model, weights in models.items():
        for protocol, path in (("http", "/v2"), ("grpc", "/inference.GRPCInferenceService")):
            name = {"name": "seldon-model", "string_match": {"exact": model}}
            if len(weights) > 1:
                made += [
                    {
                        "name": f"{model}_{protocol}_experiment",
                        "match": {
                            "prefix": path,
                            "headers": [
                                name,
                                {"name": "x-seldon-route", "string_match": {"contains": f":{model}_{version}:"}},
                            ],
                        },
                        "route": action({version: 100}, model, protocol),
                    }
                    for version in weights
                ]
            made.append(
                {
                    "name": f"{model}_{protocol}",
                    "match": {"prefix": path, "headers": [name, {"name": "x-seldon-route", "present_match": False}]},
                    "route": action(weights, model, protocol, retried=True),
                }
            )
    return table("listener_0", "seldon_service", made)


def table(name: str, host: str, made: list[Json]) -> Json:
    return {"name": name, "virtual_hosts": [{"name": host, "domains": ["*"], "routes": made}]}


def action(weights: dict[int, int], model: str, protocol: str, retried: bool = False) -> Json:
    made: Json = {
        "timeout": "0s",
        "weighted_clusters": {
            "clusters": [
                {
                    "name": f"{model}_{version}_{protocol}",
                    "weight": weight,
                    "request_headers_to_remove": ["seldon-internal-model"],
                    "request_headers_to_add": [header("seldon-internal-model", f"{model}_{version}")],
                    "response_headers_to_add": [header("x-seldon-route", f":{model}_{version}:")],
                }
                for version, weight in weights.items()
            ]
        },
    }
    if retried:
        made["retry_policy"] = {
            "retry_on": "5xx,connect-failure",
            "num_retries": 5,
            "retry_back_off": {"base_interval": "0.5s"},
        }
    return made


def header(name: str, value: str) -> Json:
    return {"header": {"key": name, "value": value}}
