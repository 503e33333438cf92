"""What breaks in the network: policies, names, plugins, meshes, load balancers.

Each function shuts the ways before the installation lives, or lets their consequences be read while it does.
"""

from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy import objects
from benchmarks.accuracy.life import previous, raw, started
from benchmarks.accuracy.mechanisms import Act, pick, refused_copy
from benchmarks.accuracy.model import Model, World
from benchmarks.accuracy.streams import GATEWAYS, begin

NETWORKING = "networking.k8s.io/v1"


def rules(w: World, name: str, spec: dict[str, Any], proves: str = "policy") -> None:
    """Add a NetworkPolicy."""
    w.extra.append(
        ({"apiVersion": NETWORKING, "kind": "NetworkPolicy", "metadata": objects.meta(w, name, w.start), "spec": spec}, proves)
    )  # fmt: skip


def namespace(w: World, name: str, labels: dict[str, str], proves: str = "context") -> None:
    """Add a Namespace with the label that Kubernetes gives and `labels`."""
    meta = {"creationTimestamp": objects.stamp(w.start), "labels": {"kubernetes.io/metadata.name": name, **labels}, "name": name}  # fmt: skip
    w.extra.append(({"apiVersion": "v1", "kind": "Namespace", "metadata": meta, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}, proves))  # fmt: skip


def apart(w: World) -> str:
    """Let the operator live in a namespace of its own; returns its name."""
    w.homes[w.names["operator"]] = home = w.rng.choice(("seldon-system", "mlops-system", "operators"))
    return home


def outsiders_only(w: World) -> None:
    """A policy lets another namespace in, but not the pods of its own."""
    home = apart(w)
    w.shut |= {("agent", 9005), ("envoy", 9002)}
    namespace(w, home, {})
    namespace(w, w.namespace, {})
    rules(w, w.rng.choice(("allow-operator", "tenant-in", "from-core")), {
        "podSelector": {}, "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": home}}}]}]})  # fmt: skip


def unlabelled(w: World) -> None:
    """A policy lets namespaces in by a label that none of them has: the operator stays outside."""
    home = apart(w)
    w.shut.add(("operator", 9004))
    key = w.rng.choice(("name", "team", "access"))
    namespace(w, home, {}, "label")
    namespace(w, w.namespace, {})
    rules(w, w.rng.choice(("allow-operator", "tenant-in", "from-core")), {
        "podSelector": {}, "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {}}, {"namespaceSelector": {"matchLabels": {key: home}}}]}]})  # fmt: skip


def api_cut(w: World) -> None:
    """An egress policy shuts the API server: the operator loses its lease, ends, and never gets it again."""
    pod, at = w.names["operator"], w.start + (w.end - w.start) * 0.5
    home = w.homes.get(pod, w.namespace)
    ip = "10.96.0.1"
    log = w.logs[pod, "manager", False]
    log[:] = [line for line in log if line.at < at]
    lease = f"error retrieving resource lock {home}/e98130ae.seldon.io"
    url = f'Get "https://{ip}:443/apis/coordination.k8s.io/v1/namespaces/{home}/leases/e98130ae.seldon.io?timeout=5s"'

    def klog(level: str, place: str, text: str, proves: str | None = None) -> None:
        raw(w, pod, "manager", at, f"{level}{at:%m%d %H:%M:%S}.{at.microsecond:06}       1 {place}] {text}", proves)

    klog("E", "leaderelection.go:436", f"{lease}: {url}: context deadline exceeded", "api")
    w.manager(at, "ERROR", "setup", "problem running manager", {"error": "leader election lost"}, "api")
    previous(w, pod, "manager")
    w.containers[pod, "manager"] |= {"restarts": 1, "last": ("Error", 1, at)}
    at += timedelta(seconds=3)
    w.manager(at, "INFO", "setup", "Setting log level", {"level": "info"})
    klog("I", "leaderelection.go:257", f"attempting to acquire leader lease {home}/e98130ae.seldon.io...")
    while at < w.end:
        at += w.jitter(8)
        why = w.rng.choice(("context deadline exceeded", "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"))  # fmt: skip
        klog("E", "leaderelection.go:436", f"{lease}: {url}: {why}", "api")
    rules(w, "egress-lockdown", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [
        {"to": [{"podSelector": {}}]}, {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}]})  # fmt: skip


def store_cut(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
    """Packets to the store are dropped."""
    bucket, _, rest = model.uri.removeprefix("s3://").partition("/")
    host, ip = (
        w.rng.choice(("minio.minio-system.svc:9000", "minio.storage.svc.cluster.local:9000", "objects.data:9000")),
        "10.140.22.9",
    )
    why = f'operation error S3: ListObjectsV2, exceeded maximum number of attempts, 10, https response error StatusCode: 0, RequestID: , HostID: , request send failed, Get "https://{host}/{bucket}?list-type=2&prefix={rest}": dial tcp {ip}:{host.rpartition(":")[2]}: i/o timeout'
    for _ in "ab":
        w.rclone(pod, at, "ERROR", f"S3 bucket {bucket} path {rest}: error reading source root directory: {why}", "rclone")  # fmt: skip
        w.rclone(pod, at, "ERROR", f'rc: "sync/copy": error: {why}', "rclone")
    return refused_copy(w, model, path)


def stores_cut(w: World) -> None:
    """Every model's store is behind the policy."""
    for model in w.models:
        w.load_error[model.name] = store_cut


def store_policy(w: World) -> None:
    """Add the policy that shuts the store."""
    rules(w, w.rng.choice(("egress-only-core", "deny-external", "np-servers")), {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "seldon-server"}}, "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {}}]}, {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}], "ports": [{"port": 53, "protocol": "UDP"}]}]})  # fmt: skip


def airless(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
    """The cluster has no way to the internet: no outside name resolves."""
    model.uri = f"gs://{w.rng.choice(('public-models', 'team-artefacts'))}/{model.name}"
    bucket = model.uri.removeprefix("gs://")
    why = f'Get "https://storage.googleapis.com/storage/v1/b/{bucket.partition("/")[0]}/o?alt=json&delimiter=%2F&prefix={model.name}%2F&prettyPrint=false": dial tcp: lookup storage.googleapis.com on 10.96.0.10:53: no such host'
    for _ in "ab":
        w.rclone(pod, at, "ERROR", f"GCS bucket {bucket.partition('/')[0]} path {model.name}: error reading source root directory: {why}", "rclone")  # fmt: skip
        w.rclone(pod, at, "ERROR", f'rc: "sync/copy": error: {why}', "rclone")
    return refused_copy(w, model, path)


def airless_images(w: World) -> None:
    """Let other images fail for the same reason."""
    image = w.rng.choice(("docker.io/seldonio/mlserver:1.7.1", "nvcr.io/nvidia/tritonserver:23.03-py3"))
    host = image.partition("/")[0].replace("docker.io", "registry-1.docker.io")
    why = f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: Head "https://{host}/v2/": dial tcp: lookup {host}: no such host'
    w.event(w.start, "Pod", "explainer-0", "Failed", why, False, 9, w.end - timedelta(seconds=40), "pull")


def probes(w: World) -> None:
    """The kubelet's probes do not get through, although the pods work."""
    model = pick(w)
    server = model.placed[0] if model.placed else w.servers[0].name
    pod = f"{server}-0"
    why = w.rng.choice(('Get "http://{ip}:9000/v2/health/live": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)', 'Get "http://{ip}:9000/v2/health/live": dial tcp {ip}:9000: i/o timeout'))  # fmt: skip
    w.event(w.start + timedelta(seconds=40), "Pod", pod, "Unhealthy", f"Readiness probe failed: {why.format(ip=w.ips[pod])}", False, 60, w.end - timedelta(seconds=8), "probe")  # fmt: skip
    if (pod, "mlserver") in w.containers:
        w.containers[pod, "mlserver"] |= {"ready": False, "proves": "not-ready"}
    rules(w, "servers-in", {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "seldon-server"}}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]}, "context")  # fmt: skip


def outside(w: World) -> None:
    """The scheduler's name resolves to an address outside of the cluster."""
    w.ips["service"] = f"{w.rng.choice((34, 52, 104, 185))}.{w.rng.randrange(1, 250)}.{w.rng.randrange(1, 250)}.17"
    w.shut |= {("agent", 9005), ("operator", 9004), ("envoy", 9002)}
    w.dropped = True


def outside_shown(w: World) -> None:
    """Let somebody ask for the name, and give the Service its true address."""
    public, w.ips["service"] = w.ips["service"], "10.96.44.8"
    w.client.append(
        f"$ kubectl exec -n {w.namespace} dns-check -- nslookup seldon-scheduler.{w.namespace}\nServer:\t\t10.96.0.10\nAddress:\t10.96.0.10#53\n\nNon-authoritative answer:\nName:\tseldon-scheduler.{w.namespace}.example.com\nAddress: {public}\n"
    )


def coredns(w: World) -> None:
    """Cluster DNS fails: its pods are not ready and answer nothing."""
    w.shut |= {("agent", 53), ("envoy", 53), ("operator", 53), ("operator", 9004)}
    w.dropped = True


def coredns_shown(w: World) -> None:
    """Let CoreDNS say why."""
    pod = f"coredns-{w.names['operator'].rpartition('-')[0][-9:]}-x7k2p"
    w.homes[pod] = "kube-system"
    w.containers[pod, "coredns"] = {"app": "coredns", "since": w.start, "ready": False, "restarts": 9, "proves": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.11.1",
                                    "last": ("Error", 1, w.end - timedelta(seconds=70)), "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=coredns pod={pod}")}  # fmt: skip
    at = w.end - timedelta(seconds=80)
    raw(w, pod, "coredns", at, ".:53")
    raw(w, pod, "coredns", at, "[INFO] plugin/reload: Running configuration SHA512 = 591cf328cccc12bc490481273e738df59329c62c0b729d94e8b61db9961c2fa5")  # fmt: skip
    raw(w, pod, "coredns", at, "CoreDNS-1.11.1\nlinux/amd64, go1.20.7, ae2bbc2")
    raw(w, pod, "coredns", at, f'[FATAL] plugin/loop: Loop (127.0.0.1:{w.rng.randrange(30000, 60000)} -> :53) detected for zone ".", see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO 4547991504243258144.3688648895315093531."', "coredns")  # fmt: skip


def plugin(w: World) -> None:
    """The network plugin of a node fails: sandboxes cannot be made."""
    w.servers[1:] = []
    w.servers[0].replicas = 1
    w.pods_blocked = {"make": sandbox}


def sandbox(w: World, pod: str, at: datetime) -> None:
    """Let the pod wait for its network."""
    why = w.rng.choice((
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "b7c1d2": plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "b7c1d2": plugin type="cilium-cni" failed (add): unable to connect to Cilium agent: failed to create cilium agent client after 30.000000 seconds timeout: Get "http://localhost/v1/config": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory',
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "b7c1d2": plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory',
    ))  # fmt: skip
    for container in ("mlserver", "rclone", "agent"):
        w.containers[pod, container] = {"since": at, "ready": False, "waiting": ("ContainerCreating", ""), "proves": "creating"}  # fmt: skip
    w.event(at, "Pod", pod, "Scheduled", f"Successfully assigned {w.namespace}/{pod} to worker-1")
    w.event(at + timedelta(seconds=5), "Pod", pod, "FailedCreatePodSandBox", why, False, 38, w.end - timedelta(seconds=11), "sandbox")  # fmt: skip


def mesh_strict(w: World) -> None:
    """The namespace takes part in a mesh that wants mutual TLS; the operator has no sidecar."""
    apart(w)
    w.shut.add(("operator", 9004))
    w.dropped = False
    w.errors["operator"] = (
        'rpc error: code = Unavailable desc = connection error: desc = "error reading server preface: read tcp 10.9.3.4:41552->{ip}:9004: read: connection reset by peer"'
    )


def mesh_shown(w: World) -> None:
    """Add what the mesh demands."""
    w.extra.append(({"apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication", "metadata": objects.meta(w, "default", w.start), "spec": {"mtls": {"mode": "STRICT"}}}, "mesh"))  # fmt: skip
    for pod, container in list(w.containers):
        if container in ("scheduler", "envoy", "agent"):
            w.containers[pod, "istio-proxy"] = {"since": w.start, "image": "docker.io/istio/proxyv2:1.22.3", "app": w.containers[pod, container].get("app", "seldon-server")}  # fmt: skip


def mesh_denies(w: World) -> None:
    """The mesh's rules do not let the operator in."""
    apart(w)
    w.shut.add(("operator", 9004))
    w.dropped = False
    w.errors["operator"] = "rpc error: code = PermissionDenied desc = RBAC: access denied"


def denial_shown(w: World) -> None:
    """Add the rules of the mesh."""
    spec = {"action": "ALLOW", "rules": [{"from": [{"source": {"principals": [f"cluster.local/ns/{w.namespace}/sa/seldon-server"]}}], "to": [{"operation": {"ports": ["9005", "9002"]}}]}]}  # fmt: skip
    w.extra.append(({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": objects.meta(w, "scheduler-access", w.start), "spec": spec}, "mesh"))  # fmt: skip


def alias(w: World) -> None:
    """Somebody made an alias of the scheduler's name where the operator keeps its own Service."""
    w.shut |= {("agent", 9005), ("operator", 9004), ("envoy", 53)}
    w.dropped = False
    why = (
        "name resolver error: produced zero addresses"
        if w.release >= (2, 8, 4)
        else 'connection error: desc = "transport: Error while dialing: dial tcp: lookup seldon-scheduler on 10.96.0.10:53: no such host"'
    )
    w.errors |= dict.fromkeys(("agent", "operator"), f"rpc error: code = Unavailable desc = {why}")


def alias_shown(w: World) -> None:
    """Add the alias, and the operator's quarrel with it."""
    w.skip.add(("Service", "seldon-scheduler"))
    spec = {"externalName": f"seldon-scheduler.{w.namespace}-core.svc.cluster.local", "sessionAffinity": "None", "type": "ExternalName", "ports": [{"name": "xds", "port": 9002, "protocol": "TCP"}]}  # fmt: skip
    w.extra.append(({"apiVersion": "v1", "kind": "Service", "metadata": objects.meta(w, "seldon-scheduler", w.start), "spec": spec, "status": {"loadBalancer": {}}}, "alias"))  # fmt: skip
    at = w.start
    while at < w.end:
        w.manager(at, "ERROR", "", "Failed to update service", {"error": 'Operation cannot be fulfilled on services "seldon-scheduler": the object has been modified; please apply your changes to the latest version and try again', "name": "seldon-scheduler"}, "quarrel")  # fmt: skip
        at += w.jitter(60)


def balancer(w: World, name: str = "seldon-mesh", ip: str | None = None, **spec: Any) -> None:
    """Make a Service one that wants a load balancer; without `ip` it has none yet."""
    w.skip.add(("Service", name))
    body = {
        "apiVersion": "v1", "kind": "Service", "metadata": objects.meta(w, name, w.start),
        "spec": {"clusterIP": "10.96.3.7", "ports": [{"name": "http", "nodePort": 31380, "port": 80, "protocol": "TCP", "targetPort": "http"}],
                 "selector": {"app.kubernetes.io/name": "seldon-envoy"}, "type": "LoadBalancer", **spec},
        "status": {"loadBalancer": {"ingress": [{"ip": ip}]} if ip else {}},
    }  # fmt: skip
    w.extra.append((body, "balancer"))


def pending_balancer(w: World) -> None:
    """Nobody gives the Service an address."""
    balancer(w)
    reason, why = w.rng.choice((
        ("AllocationFailed", f'Failed to allocate IP for "{w.namespace}/seldon-mesh": no available IPs'),
        ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: could not find any suitable subnets for creating the ELB"),
    ))  # fmt: skip
    w.event(w.start, "Service", "seldon-mesh", reason, why, False, 21, w.end - timedelta(seconds=30), "allocation")


def balancer_conflict(w: World) -> None:
    """Another Service has the address that this one asks for."""
    ip = f"192.168.{w.rng.randrange(1, 250)}.240"
    balancer(w, loadBalancerIP=ip)
    why = f'Failed to allocate IP for "{w.namespace}/seldon-mesh": can\'t change sharing key for "{w.namespace}/seldon-mesh", address also in use by ingress/ingress-nginx-controller'
    w.event(w.start, "Service", "seldon-mesh", "AllocationFailed", why, False, 21, w.end - timedelta(seconds=30), "allocation")  # fmt: skip
    balancer(w, "ingress-nginx-controller", ip, loadBalancerIP=ip)


def ways_cut(port: int) -> Act:
    """Return a fault: gateways cannot reach the scheduler's `port`."""

    def act(w: World) -> None:
        flow = begin(w, frozenset(GATEWAYS))
        for who in GATEWAYS:
            w.containers[w.names[who], who] = {"app": f"seldon-{who}", "since": w.start}
            started(w, w.names[who], w.start)
            source = "KafkaSchedulerClient" if who == "modelgateway" else "PipelineSchedulerClient"
            at, step = w.start + timedelta(seconds=4), 1.0
            w.say(who, at, "info", f"Connecting to scheduler at seldon-scheduler:{port}", func="ConnectToScheduler", source=source)  # fmt: skip
            while at < w.end:
                why = f'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp {w.ips["service"]}:{port}: i/o timeout"'
                w.say(who, at, "error", "Scheduler not ready", "gateway", error=why, source=source)
                at, step = at + w.jitter(20 + step), min(step * 1.7, 15.0)
        w.extra.append((objects.policy(w, "core-in", {"app.kubernetes.io/name": "seldon-scheduler"}, port), "policy"))
        del flow

    return act
