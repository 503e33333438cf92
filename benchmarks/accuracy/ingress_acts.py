"""What breaks before Envoy is reached: Ingresses, their controller, and callers who ask in the wrong way.

Source: ingress-nginx 1.9 to 1.11, its controller's log (klog), NGINX's error log and pages; networking.k8s.io/v1.
"""

from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy import objects
from benchmarks.accuracy.life import raw
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import World
from benchmarks.accuracy.network_acts import apart, namespace, rules
from benchmarks.accuracy.voices import Call

CONTROLLER = "registry.k8s.io/ingress-nginx/controller:v1.10.1"
WORDS = {200: "OK", 400: "Bad Request", 404: "Not Found", 413: "Request Entity Too Large", 502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}  # fmt: skip


def controller(w: World) -> str:
    """Start ingress-nginx in a namespace of its own; returns its pod."""
    pod = f"ingress-nginx-controller-{w.names['envoy'].rpartition('-')[0][-9:]}-w4d8z"
    w.homes[pod] = w.rng.choice(("ingress-nginx", "ingress", "edge"))
    w.containers[pod, "controller"] = {"app": "ingress-nginx", "since": w.start, "image": CONTROLLER}
    klog(w, pod, w.start, "I", "main.go:205", '"Creating API client" host="https://10.96.0.1:443"')
    klog(w, pod, w.start, "I", "nginx.go:264", '"Starting NGINX Ingress controller"')
    return pod


def klog(w: World, pod: str, at: datetime, level: str, place: str, text: str, proves: str | None = None) -> None:
    """Let the controller print a line."""
    stamp = f"{level}{at:%m%d %H:%M:%S}.{at.microsecond:06}       7 {place}"
    raw(w, pod, "controller", at, f"{stamp}] {text}", proves)


def error(w: World, pod: str, at: datetime, text: str, host: str, path: str, proves: str = "nginx") -> None:
    """Let NGINX print an error of a request."""
    call = f'client: 10.0.0.9, server: {host}, request: "POST {path} HTTP/1.1"'
    raw(w, pod, "controller", at, f"{at:%Y/%m/%d %H:%M:%S} [error] 31#31: *{w.rng.randrange(100, 9999)} {text}, {call}", proves)  # fmt: skip


def access(w: World, pod: str, at: datetime, status: int, path: str, upstream: str = "-", proves: str | None = None) -> None:  # fmt: skip
    """Let NGINX print a request in the controller's format."""
    text = f'10.0.0.9 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "POST {path} HTTP/1.1" {status} 146 "-" "curl/8.5.0" 412 0.003 [{w.namespace}-seldon-mesh-80] [] {upstream} 146 0.003 {status} 5c1f0b2e7d9a4c3fb1e0'
    raw(w, pod, "controller", at, text, proves)


def resource(w: World, host: str, path: str, kind: str = "Prefix", cls: str | None = "nginx", backend: str = "seldon-mesh", proves: str = "ingress", **notes: str) -> None:  # fmt: skip
    """Add an Ingress for Envoy."""
    rule = {"host": host, "http": {"paths": [{"backend": {"service": {"name": backend, "port": {"number": 80}}}, "path": path, "pathType": kind}]}}  # fmt: skip
    meta: dict[str, Any] = objects.meta(w, f"{w.namespace}-models", w.start)
    if notes:
        meta["annotations"] = {f"nginx.ingress.kubernetes.io/{key.replace('_', '-')}": value for key, value in notes.items()}  # fmt: skip
    spec: dict[str, Any] = {"rules": [rule]}
    if cls:
        spec["ingressClassName"] = cls
    status = {"loadBalancer": {"ingress": [{"ip": "192.168.40.80"}]} if cls else {}}
    w.extra.append(({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec, "status": status}, proves))  # fmt: skip
    body = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"creationTimestamp": objects.stamp(w.start), "name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}  # fmt: skip
    w.extra.append((body, None))


def ask(w: World, at: datetime, url: str, status: int, name: str, body: str = "", server: str = "nginx") -> None:
    """Let a client ask from outside of the cluster."""
    w.calls.append(Call(url, at, status, "NR" if server == "envoy" and status == 404 else "", "outside"))
    page = f"<html>\n<head><title>{status} {WORDS[status]}</title></head>\n<body>\n<center><h1>{status} {WORDS[status]}</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>"
    text = body or (page if server == "nginx" and status >= 400 else "")
    w.client.append(f"$ curl -sS -i {url} -H 'seldon-model: {name}' -d @in.json\nHTTP/1.1 {status} {WORDS[status]}\nDate: {at:%a, %d %b %Y %H:%M:%S} GMT\n{'Server' if server == 'nginx' else 'server'}: {server}\nContent-Type: text/html\n\n{text}\n")  # fmt: skip


def calls(w: World) -> list[tuple[datetime, str]]:
    """Return when clients call from outside, and for which model."""
    return [(w.end - timedelta(seconds=260 - 50 * n), pick(w).name) for n in range(5)]


def no_class(w: World) -> None:
    """The Ingress names no class: nobody serves it."""
    pod, host = controller(w), "models.example.com"
    resource(w, host, "/", cls=None)
    klog(w, pod, w.start + timedelta(seconds=9), "I", "store.go:436", f'"Ignoring ingress because of error while validating ingress class" ingress="{w.namespace}/{w.namespace}-models" error="ingress does not contain a valid IngressClass"', "ignored")  # fmt: skip
    for at, name in calls(w):
        ask(w, at, f"http://{host}/v2/models/{name}/infer", 404, name)
        access(w, pod, at, 404, f"/v2/models/{name}/infer")


def pattern_path(w: World) -> None:
    """A path is a regular expression, but its type says that it is a prefix."""
    pod, host = controller(w), "ml.example.com"
    resource(w, host, "/serving(/|$)(.*)", w.rng.choice(("Prefix", "Exact")), rewrite_target="/$2")
    klog(w, pod, w.start + timedelta(seconds=9), "E", "main.go:96", f'"invalid ingress configuration" err="ingress contains invalid paths: path /serving(/|$)(.*) cannot be used with pathType Prefix" ingress="{w.namespace}/{w.namespace}-models"', "path")  # fmt: skip
    for at, name in calls(w):
        ask(w, at, f"http://{host}/serving/v2/models/{name}/infer", 404, name)


def kept_prefix(w: World) -> None:
    """The Ingress hands its own prefix on to Envoy, which knows paths below /v2 only."""
    pod, host = controller(w), "ml.example.com"
    part = w.rng.choice(("serving", "ml", "seldon", "team-a"))
    resource(w, host, f"/{part}")
    for at, name in calls(w):
        ask(w, at, f"http://{host}/{part}/v2/models/{name}/infer", 404, name, " ")
        access(w, pod, at, 404, f"/{part}/v2/models/{name}/infer", f"{w.ips['envoy']}:9000")
        unrouted(w, at, f"/{part}/v2/models/{name}/infer")


def unrouted(w: World, at: datetime, path: str) -> None:
    """Let Envoy find no route for a path."""
    from benchmarks.accuracy.model import Line

    w.calls.append(Call(path, at, 404, "NR"))
    w.access.append(Line(at, f'[{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z] "POST {path} HTTP/1.1" 404 NR - 0 0 0 - "-" "curl/8.5.0" "-" "ml.example.com" "-"'.replace("NR -", "- NR"), "404"))  # fmt: skip
    w.stats["http.seldon_http.no_route"] = w.stats.get("http.seldon_http.no_route", 0) + 1


def elsewhere(w: World) -> None:
    """The Ingress stands in another namespace and reaches Envoy through an alias that NGINX cannot resolve."""
    pod, host = controller(w), "models.example.com"
    resource(w, host, "/v2", backend="mesh-alias")
    meta = objects.meta(w, "mesh-alias", w.start)
    w.extra.append(({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"externalName": f"seldon-mesh.{w.namespace}.svc.cluster.local", "ports": [{"port": 80, "protocol": "TCP"}], "type": "ExternalName"}, "status": {"loadBalancer": {}}}, "alias"))  # fmt: skip
    for at, name in calls(w):
        path = f"/v2/models/{name}/infer"
        error(w, pod, at, f"seldon-mesh.{w.namespace}.svc.cluster.local could not be resolved (110: Operation timed out)", host, path)  # fmt: skip
        ask(w, at, f"http://{host}{path}", 502, name)
        access(w, pod, at, 502, path)


def shut_out(w: World) -> None:
    """The tenant's policy does not let the ingress controller in."""
    pod, host = controller(w), "models.example.com"
    resource(w, host, "/", proves="context")
    namespace(w, w.homes[pod], {})
    for at, name in calls(w):
        path = f"/v2/models/{name}/infer"
        for n in range(3):
            error(w, pod, at + timedelta(seconds=5 * n), "upstream timed out (110: Operation timed out) while connecting to upstream", host, path)  # fmt: skip
        ask(w, at + timedelta(seconds=15), f"http://{host}{path}", 504, name)
        access(w, pod, at + timedelta(seconds=15), 504, path, f"{w.ips['envoy']}:9000")
    rules(w, w.rng.choice(("same-namespace", "tenant-in", "default-in")), {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]})  # fmt: skip


def plain_grpc(w: World) -> None:
    """GRPC is sent to the controller's port for HTTP/1.1."""
    pod, host = controller(w), "grpc.example.com"
    resource(w, host, "/")
    for at, name in calls(w):
        raw(w, pod, "controller", at, f'10.0.0.9 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "PRI * HTTP/2.0" 400 150 "-" "-" 0 0.001 [] [] - - - - 8d1c0b2e7d9a4c3fb1e0', "nginx")  # fmt: skip
        w.client.append(f"$ grpcurl -plaintext -d @ -rpc-header seldon-model:{name} {host}:80 inference.GRPCInferenceService/ModelInfer < in.json\nFailed to dial target host \"{host}:80\": connection closed before server preface received\n")  # fmt: skip


def big_body(w: World) -> None:
    """Payloads are larger than NGINX lets through."""
    pod, host = controller(w), "models.example.com"
    resource(w, host, "/")
    for at, name in calls(w):
        path = f"/v2/models/{name}/infer"
        error(w, pod, at, f"client intended to send too large body: {w.rng.randrange(1100000, 9000000)} bytes", host, path)  # fmt: skip
        ask(w, at, f"http://{host}{path}", 413, name)
        access(w, pod, at, 413, path)


def other_host(w: World) -> None:
    """Callers ask for a host that no Ingress has."""
    pod = controller(w)
    resource(w, "models.example.com", "/")
    for at, name in calls(w):
        ask(w, at, f"http://192.168.40.80/v2/models/{name}/infer -H 'Host: inference.example.com'", 404, name)
        access(w, pod, at, 404, f"/v2/models/{name}/infer")


def old_manifest(w: World) -> None:
    """The Ingress's manifest is of an old kind and is refused."""
    why = w.rng.choice((
        'error: resource mapping not found for name: "models" namespace: "" from "ingress.yaml": no matches for kind "Ingress" in version "networking.k8s.io/v1beta1"\nensure CRDs are installed first',
        'Error from server (BadRequest): error when creating "ingress.yaml": Ingress in version "v1" cannot be handled as a Ingress: strict decoding error: unknown field "spec.rules[0].http.paths[0].backend.serviceName", unknown field "spec.rules[0].http.paths[0].backend.servicePort"',
        'The Ingress "models" is invalid: spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified',
    ))  # fmt: skip
    w.client.append(f"$ kubectl apply -n {w.namespace} -f ingress.yaml\n{why}\n")


def other_mesh(w: World) -> None:
    """Callers ask the Envoy of another runtime, which knows nothing of this one's models."""
    home = apart(w)
    name = pick(w).name
    w.edits["Model", name] = {}, "asked"
    for where, ip in ((w.namespace, "192.168.40.81"), (home, "192.168.40.82")):
        w.skip.add(("Service", "seldon-mesh"))
        meta = objects.meta(w, "seldon-mesh", w.start) | {"namespace": where}
        spec = {"clusterIP": "10.96.3.7" if where == w.namespace else "10.96.3.9", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}], "selector": {"app.kubernetes.io/name": "seldon-envoy"}, "type": "LoadBalancer"}  # fmt: skip
        w.extra.append(({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec, "status": {"loadBalancer": {"ingress": [{"ip": ip}]}}}, "mesh"))  # fmt: skip
    for at, name in calls(w):
        ask(w, at, f"http://192.168.40.82/v2/models/{name}/infer", 404, name, " ", "envoy")
