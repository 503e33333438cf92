"""What breaks through certificates, rights and rules of admission."""

from datetime import datetime, timedelta

from benchmarks.accuracy.life import raw
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import World
from benchmarks.accuracy.words import logrus


def admission(w: World, pod: str, at: datetime) -> None:
    """The namespace's Pod Security level refuses the server's pods."""
    server = pod.rpartition("-")[0]
    why = w.rng.choice((
        f'create Pod {pod} in StatefulSet {server} failed error: pods "{pod}" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (containers "rclone", "agent", "mlserver" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "rclone", "agent", "mlserver" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (pod or containers must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
        f'create Pod {pod} in StatefulSet {server} failed error: pods "{pod}" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .spec.securityContext.fsGroup: Invalid value: []int64{{1000}}: 1000 is not an allowed group]',
    ))  # fmt: skip
    w.event(at, "StatefulSet", server, "FailedCreate", why, False, 19, w.end - timedelta(seconds=25), "admission")


def certificate_absent(w: World, pod: str, at: datetime) -> None:
    """The agents shall use TLS, but their certificate's secret is not in the namespace."""
    w.start_server(pod, at)
    log = w.logs[pod, "agent", False]
    t = max(line.at for line in log)
    log[:] = [line for line in log if "agent server" not in line.text and "(non-blocking)" not in line.text]
    secret = w.rng.choice(("seldon-controlplane-client", "seldon-controlplane-server"))

    def line(level: str, message: str, proves: str | None = None, **fields: str) -> None:
        raw(w, pod, "agent", t, logrus(t, level, message, **fields), proves)

    line("info", f"Get certificate secret {secret} from namespace {w.namespace}", source="CertificateStore")
    why = f'secrets "{secret}" not found'
    line("error", f"Failed to get certificate secret {secret} from namespace {w.namespace}", "secret", error=why, source="CertificateStore")  # fmt: skip
    line("fatal", "Failed to create TLS options", "secret", error=why)
    w.containers |= {(pod, "mlserver"): {"since": at}, (pod, "rclone"): {"since": at}}
    w.containers[pod, "agent"] = {"since": at, "ready": False, "restarts": 6, "last": ("Error", 1, w.end - timedelta(seconds=60)), "proves": "crash",
                                  "waiting": ("CrashLoopBackOff", f"back-off 2m40s restarting failed container=agent pod={pod}")}  # fmt: skip
    w.event(at, "Pod", pod, "BackOff", f"Back-off restarting failed container agent in pod {pod}", False, 20, w.end - timedelta(seconds=15), "crash")  # fmt: skip


def scheduler_certificate(w: World) -> None:
    """The scheduler shall use TLS, but its certificate's secret is not in the namespace."""
    w.scheduler_down = "crash"


def scheduler_certificate_shown(w: World) -> None:
    """Let the scheduler end for want of its certificate."""
    pod, at = w.names["scheduler"], w.end - timedelta(seconds=95)
    w.logs.pop((pod, "scheduler", False), None)
    w.containers[pod, "scheduler"] = {"app": "seldon-scheduler", "since": w.start, "ready": False, "restarts": 7, "last": ("Error", 1, at), "proves": "crash",
                                      "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=scheduler pod={pod}")}  # fmt: skip
    secret = "seldon-controlplane-server"  # noqa: S105
    w.say("scheduler", at, "info", "Setting log level to info")
    w.say("scheduler", at, "info", f"Namespace is {w.namespace}")
    w.say("scheduler", at, "info", f"Starting new certificate store for CONTROL_PLANE_SERVER from secret {secret}", source="CertificateStore")  # fmt: skip
    w.say("scheduler", at, "error", f"Failed to get certificate secret {secret} from namespace {w.namespace}", "secret", error=f'secrets "{secret}" not found', source="CertificateStore")  # fmt: skip
    said = "Failed to create TLS Options" if w.release >= (2, 10, 0) else "Failed to create server TLS options"
    w.say("scheduler", at, "fatal", said, "secret", error=f'secrets "{secret}" not found')
    w.event(w.start, "Pod", pod, "BackOff", f"Back-off restarting failed container scheduler in pod {pod}", False, 30, w.end - timedelta(seconds=15), "crash")  # fmt: skip


def upstream_tls(w: World) -> None:
    """Envoy does not trust the certificates of the servers."""
    for model in w.models:
        if model.name not in w.routes:
            continue
        model.faulty = True
        host = f"{w.ips[w.routes[model.name]]}:9001"
        for _ in range(6):
            at = w.end - timedelta(seconds=w.rng.randrange(5, 240))
            w.call(model.name, at, 503, "URX,UF", host, "503", "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end")  # fmt: skip
        for kind in ("http", "grpc"):
            w.stats[f"cluster.{model.name}_1_{kind}.ssl.fail_verify_error"] = 24 if kind == "http" else 0
            w.stats[f"cluster.{model.name}_1_{kind}.ssl.connection_error"] = 0
        w.stats[f"cluster.{model.name}_1_http.upstream_cx_connect_fail"] = 24
        w.client[:] = [c for c in w.client if not (f"models/{model.name}/" in c and "200 OK" in c)]
        pod = w.routes[model.name]
        for n in range(6):
            at = w.end - timedelta(seconds=240 - 30 * n)
            raw(w, pod, "agent", at + w.skew, f"{at + w.skew:%Y/%m/%d %H:%M:%S} http: TLS handshake error from {w.ips['envoy']}:{w.rng.randrange(30000, 60000)}: remote error: tls: unknown certificate authority", "handshake")  # fmt: skip


def downstream_secret(w: World) -> None:
    """Envoy's listener waits for a certificate that never comes."""
    w.say("scheduler", w.start + timedelta(seconds=1), "info", "Downstream TLS active", source="SeldonXDSCache")
    secret = "seldon-downstream-server"  # noqa: S105
    w.say("scheduler", w.start + timedelta(seconds=1), "error", f"Failed to get certificate secret {secret} from namespace {w.namespace}", "secret", error=f'secrets "{secret}" not found', source="CertificateStore")  # fmt: skip
    w.stats |= {
        "listener.0.0.0.0_9000.server_ssl_socket_factory.downstream_context_secrets_not_ready": 41,
        "listener.0.0.0.0_9000.server_ssl_socket_factory.ssl_context_update_by_sds": 0,
        "sds.downstream_server.init_fetch_timeout": 1, "sds.downstream_server.update_success": 0,
        "listener_manager.total_listeners_warming": 1,
    }  # fmt: skip
    name = pick(w).name
    w.client[:] = [f"$ curl -sS -i --cacert ca.crt https://seldon-mesh/v2/models/{name}/infer -H 'seldon-model: {name}' -d @in.json\ncurl: (35) OpenSSL SSL_connect: Connection reset by peer in connection to seldon-mesh:443\n"] * 4  # fmt: skip


def expiring(w: World) -> None:
    """A certificate of Envoy is about to end."""
    w.stats |= {"server.days_until_first_cert_expiring": 0}


def too_early(w: World) -> None:
    """The control plane's certificate is valid from a moment that is still to come."""
    begins = w.end + timedelta(hours=w.rng.choice((1, 2, 11)))
    w.errors["agent"] = (
        'rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: '
        f'x509: certificate has expired or is not yet valid: current time {w.end:%Y-%m-%dT%H:%M:%SZ} is before {begins:%Y-%m-%dT%H:%M:%SZ}"'
    )
