"""Faults of what lies between: networks, ingresses, certificates, Kafka, pipelines."""

from benchmarks.accuracy.caller_acts import bad_policy, denied, distrusted, limited, no_kind, wrong_path
from benchmarks.accuracy.fault import LOAD_FAILED, NO_SCHEDULER, NOT_CONNECTED, Fault
from benchmarks.accuracy.ingress_acts import (
    big_body,
    elsewhere,
    kept_prefix,
    no_class,
    old_manifest,
    other_host,
    other_mesh,
    pattern_path,
    plain_grpc,
    shut_out,
)
from benchmarks.accuracy.kafka_acts import (
    authorization,
    blocked_brokers,
    broker_ended,
    ca_file,
    number,
    oauth,
    policy,
    prefix,
    record_too_large,
    refused,
    registry,
    replication,
    same_id,
    storm,
    too_large,
    unresolved,
)
from benchmarks.accuracy.mechanisms import blocked, loading, no_module
from benchmarks.accuracy.network_acts import (
    airless,
    airless_images,
    alias,
    alias_shown,
    api_cut,
    balancer_conflict,
    coredns,
    coredns_shown,
    denial_shown,
    mesh_denies,
    mesh_shown,
    mesh_strict,
    outside,
    outside_shown,
    outsiders_only,
    pending_balancer,
    plugin,
    probes,
    store_policy,
    stores_cut,
    unlabelled,
    ways_cut,
)
from benchmarks.accuracy.pipeline_acts import (
    absent_step,
    backlog,
    before_291,
    engine_killed,
    failed_step,
    heap,
    invalid,
    minus_one,
    never_retried,
    off,
    revisits,
    step_raises,
    tensors,
    terminated,
    unassigned,
)
from benchmarks.accuracy.security_acts import (
    admission,
    certificate_absent,
    downstream_secret,
    expiring,
    scheduler_certificate,
    scheduler_certificate_shown,
    too_early,
    upstream_tls,
)

WAYS = frozenset({"modelgateway", "pipelinegateway"})
CLIENTS = WAYS | {"dataflow", "objects", "operator", "scheduler"}
KAFKA = ("kafka-brokers-unreachable", "pipeline-inference-timeout", "dataflow-stream-error", "kafka-topic-creation-failed", "kafka-topic-wait-hides-auth-errors",
         "modelgateway-down", "pipelinegateway-down", "pipeline-not-ready-no-dataflow-engine", "pipeline-not-ready-no-gateway", "dataflow-crash", "k8s-crashloop")  # fmt: skip
CALLS = ("pipeline-inference-timeout", "pipeline-step-inference-error", "dataflow-stream-error")
ERRORS = "org.apache.kafka.common.errors."

BROKERS: tuple[Fault, ...] = (
    Fault("plain-to-tls-port", "kafka", ("kafka-security-protocol-mismatch",), KAFKA, (), ("kafka",), CLIENTS, None, refused("Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request) (after 4ms in state APIVERSION_QUERY)", "Local: Broker transport failure", (ERRORS + "TimeoutException", "Timed out waiting for a node assignment. Call: createTopics"))),
    Fault("tls-to-plain-port", "kafka", ("kafka-security-protocol-mismatch",), KAFKA, (), ("kafka",), CLIENTS, None, refused("SSL handshake failed: error:0A0000C6:SSL routines::packet length too long: connecting to a PLAINTEXT broker listener? (after 3ms in state SSL_HANDSHAKE)", "Local: SSL error", (ERRORS + "SslAuthenticationException", "SSL handshake failed"), "SSL")),
    Fault("broker-ca", "kafka", ("kafka-tls-ca-missing",), KAFKA, ("kafka-security-protocol-mismatch",), ("kafka",), CLIENTS, None, refused("SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed (install ca-certificates package) (after 9ms in state SSL_HANDSHAKE)", "Local: SSL error", (ERRORS + "SslAuthenticationException", "SSL handshake failed"), "SSL")),
    Fault("ca-file", "kafka", ("kafka-tls-ca-missing",), KAFKA, (), ("kafka",), WAYS, None, ca_file),
    Fault("sasl-mechanism", "kafka", ("kafka-sasl-auth-failed",), KAFKA, (), ("kafka",), CLIENTS, None, refused("SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512 (after 11ms in state AUTH_HANDSHAKE)", "Local: Authentication failure", (ERRORS + "UnsupportedSaslMechanismException", "Client SASL mechanism 'PLAIN' not enabled in the server, enabled mechanisms are [SCRAM-SHA-512]"), "SASL_SSL")),
    Fault("no-kafka", "kafka", ("kafka-not-installed",), KAFKA, ("kafka-brokers-unreachable",), ("kafka", "engine"), CLIENTS, None, unresolved),
    Fault("brokers-blocked", "kafka", ("networkpolicy-blocks-kafka",), KAFKA, (), ("kafka", "policy"), CLIENTS, None, blocked_brokers),
    Fault("replication-factor", "kafka", ("kafka-replication-factor-too-high",), KAFKA, (), ("kafka", "engine"), CLIENTS, None, replication),
    Fault("topic-rights", "kafka", ("kafka-topic-authorization",), KAFKA, (), ("kafka", "engine"), CLIENTS, None, authorization),
    Fault("topic-limit", "kafka", ("kafka-quota-exceeded",), KAFKA, (), ("kafka", "engine"), CLIENTS, None, policy),
    Fault("answer-too-large", "kafka", ("kafka-message-too-large",), CALLS, (), ("kafka",), WAYS, None, too_large),
    Fault("record-too-large", "kafka", ("kafka-message-too-large",), CALLS, (), ("engine",), frozenset({"dataflow"}), None, record_too_large),
    Fault("oauth", "kafka", ("kafka-oauth-token-failure",), (*KAFKA, "kafka-sasl-auth-failed"), (), ("kafka",), WAYS, None, oauth, since=(2, 5, 0), blind=("kafka-brokers-unreachable",)),
    Fault("rebalances", "kafka", ("kafka-consumer-rebalance-storm",), CALLS, (), ("kafka",), WAYS, None, storm),
    Fault("schema-registry", "kafka", ("schema-registry-unreachable",), KAFKA, (), ("kafka",), WAYS, None, registry, since=(2, 10, 0)),
    Fault("same-request-id", "kafka", ("kafka-duplicate-request-id",), CALLS, (), ("kafka",), WAYS, None, same_id, minor=True),
    Fault("topic-numbers", "kafka", ("kafka-topic-config-invalid-number",), ("modelgateway-down", "k8s-crashloop"), (), ("kafka",), WAYS, None, number),
    Fault("broker-ended", "kafka", ("kafka-broker-down",), KAFKA, ("k8s-disk-full", "kafka-brokers-unreachable"), ("broker", "kafka"), CLIENTS | {"kafka", "tables", "events"}, None, broker_ended, blind=("kafka-brokers-unreachable",)),
    Fault("topic-prefix", "kafka", ("kafka-topic-prefix-mismatch",), CALLS, (), ("kafka",), WAYS, None, prefix),
)  # fmt: skip

PIPELINES: tuple[Fault, ...] = (
    Fault("engine-off", "pipelines", ("component-scaled-to-zero",), ("pipeline-not-ready-no-dataflow-engine", "envoy-no-route-404", "pipeline-inference-timeout"), (), ("scaled", "no-engine"), frozenset({"objects", "tables"}), None, off("dataflow"), blind=("pipeline-not-ready-no-dataflow-engine",)),
    Fault("gateway-off", "pipelines", ("component-scaled-to-zero",), ("pipeline-not-ready-no-gateway", "envoy-no-route-404", "envoy-no-healthy-upstream-503", "pipelinegateway-down"), (), ("scaled",), frozenset({"objects", "tables"}), None, off("pipelinegateway"), blind=("pipeline-not-ready-no-gateway",)),
    Fault("bad-specification", "pipelines", ("pipeline-spec-invalid",), ("envoy-no-route-404",), (), ("spec",), frozenset({"objects", "operator", "scheduler"}), None, invalid, since=(2, 6, 0)),
    Fault("tensor-names", "pipelines", ("pipeline-tensor-name-mismatch",), (*CALLS, "mlserver-500-model-exception"), ("mlserver-payload-invalid", "pipeline-step-inference-error"), ("gateway",), frozenset({"mlserver", *WAYS}), None, tensors, lone=True),
    Fault("backlog", "pipelines", ("modelgateway-backlog",), CALLS, ("mlserver-overload-queueing",), ("gateway",), frozenset({"client"}), None, backlog),
    Fault("no-partition", "pipelines", ("pipelinegateway-partitions-unassigned",), CALLS, (), ("gateway",), frozenset({"pipelinegateway"}), None, unassigned, since=(2, 10, 0)),
    Fault("never-retried", "pipelines", ("pipeline-failed-never-retried",), (*CALLS, "kafka-topic-creation-failed"), ("kafka-brokers-unreachable", "dataflow-stream-error"), ("engine", "status"), frozenset({"objects", "dataflow", "operator"}), None, never_retried, since=(2, 8, 0)),
    Fault("engine-restarted", "pipelines", ("pipeline-terminated-after-dataflow-restart",), CALLS, (), ("engine", "status"), frozenset({"objects", "dataflow", "operator"}), before_291, terminated, since=(2, 6, 0)),
    Fault("engine-killed", "pipelines", ("dataflow-crash", "k8s-oomkilled"), ("pipeline-not-ready-no-dataflow-engine", "k8s-crashloop", *CALLS), (), ("oom",), frozenset({"objects", "tables"}), None, engine_killed, blind=("pipeline-not-ready-no-dataflow-engine",)),
    Fault("engine-heap", "pipelines", ("dataflow-crash",), ("pipeline-not-ready-no-dataflow-engine", "k8s-crashloop", *CALLS), (), ("heap",), frozenset({"dataflow"}), None, heap, blind=("pipeline-not-ready-no-dataflow-engine",)),
    Fault("endless-loop", "pipelines", ("pipeline-max-step-revisits",), CALLS, (), ("engine",), frozenset({"dataflow"}), None, revisits, since=(2, 9, 1), minor=True),
    Fault("absent-step", "pipelines", ("pipeline-step-model-not-ready",), CALLS, (), ("models",), frozenset({"objects"}), None, absent_step, since=(2, 6, 0), undecidable=True),
    Fault("failed-step", "pipelines", ("mlserver-missing-python-module",), (*LOAD_FAILED, "pipeline-step-model-not-ready", *CALLS), (), ("mlserver",), frozenset({"mlserver", "agent", "objects", "operator"}), loading(no_module), failed_step),
    Fault("step-raises", "pipelines", (), CALLS, ("mlserver-500-model-exception", "pipeline-step-inference-error"), ("gateway",), frozenset(), None, step_raises, undecidable=True),
    Fault("minus-one", "pipelines", ("pipeline-negative-shape-503",), (), (), (), frozenset({"client"}), None, minus_one, minor=True),
)  # fmt: skip

OPERATOR = ("controller-cannot-reach-scheduler", "model-progressing-stuck-no-scheduler", "scheduler-waiting-for-servers", "envoy-xds-disconnected", "envoy-ready-without-listener")  # fmt: skip
CUT = (*OPERATOR, *NOT_CONNECTED)
LOOK = frozenset({"objects", "events"})

NETWORK: tuple[Fault, ...] = (
    Fault("outsiders-only", "network", ("networkpolicy-missing-intra-namespace",), CUT, ("networkpolicy-blocks-agent-to-scheduler",), ("dial", "policy"), LOOK | {"agent", "tables"}, outsiders_only, blind=("networkpolicy-blocks-agent-to-scheduler", "networkpolicy-blocks-envoy-to-scheduler")),
    Fault("unlabelled", "network", ("networkpolicy-namespace-label-missing",), OPERATOR, ("networkpolicy-blocks-controller-to-scheduler",), ("cut-off", "policy"), LOOK | {"operator"}, unlabelled, since=(2, 6, 0)),
    Fault("api-server", "network", ("networkpolicy-blocks-apiserver",), ("controller-pod-unhealthy",), (), ("api", "policy"), LOOK | {"operator"}, None, api_cut, lone=True),
    Fault("store-cut", "network", ("networkpolicy-blocks-storage-egress",), LOAD_FAILED, ("rclone-endpoint-unreachable",), ("rclone", "policy"), frozenset({"rclone", "objects"}), stores_cut, store_policy),
    Fault("gateways-9004", "network", ("networkpolicy-blocks-gateways-to-scheduler",), ("modelgateway-down", "pipelinegateway-down"), ("arch-networkpolicy-ports-incomplete",), ("gateway", "policy"), WAYS | {"objects"}, None, ways_cut(9004), lone=True),
    Fault("probes", "network", ("networkpolicy-blocks-probes",), ("resource-not-ready", "k8s-liveness-kills"), (), ("probe",), LOOK | {"tables"}, None, probes, lone=True),
    Fault("outside-name", "network", ("dns-external-domain-conflict",), CUT, (), ("cut-off",), frozenset({"client", "agent", "operator", "objects"}), outside, outside_shown, since=(2, 6, 0), blind=("networkpolicy-blocks-envoy-to-scheduler",)),
    Fault("dns-down", "network", ("dns-coredns-broken",), CUT, ("networkpolicy-blocks-dns",), ("coredns",), LOOK | {"coredns", "agent", "operator", "tables"}, coredns, coredns_shown, since=(2, 6, 0), blind=("networkpolicy-blocks-dns",)),
    Fault("plugin", "network", ("cni-fault-service-traffic",), (*NOT_CONNECTED, "k8s-pod-pending"), (), ("sandbox",), LOOK | {"tables"}, plugin),
    Fault("strict-mesh", "network", ("istio-strict-mtls-mismatch",), CUT, (), ("cut-off", "mesh"), LOOK | {"operator"}, mesh_strict, mesh_shown, since=(2, 6, 0)),
    Fault("mesh-denies", "security", ("istio-authorization-denied",), CUT, (), ("cut-off",), LOOK | {"operator"}, mesh_denies, denial_shown, since=(2, 6, 0)),
    Fault("alias", "network", ("externalname-runtime-service-conflict",), (*CUT, "server-host-unresolved", "runtime-missing-in-namespace"), (), ("alias",), LOOK | {"operator", "agent"}, alias, alias_shown, since=(2, 6, 0)),
    Fault("no-address", "network", ("lb-pending",), (), (), ("balancer",), LOOK, None, pending_balancer, lone=True),
    Fault("taken-address", "network", ("lb-ip-conflict",), ("lb-pending",), (), ("balancer", "allocation"), LOOK, None, balancer_conflict, lone=True),
    Fault("other-mesh", "network", ("lb-wrong-namespace-mesh",), ("envoy-no-route-404",), (), ("mesh",), LOOK | {"client"}, None, other_mesh, lone=True),
    Fault("no-internet", "network", ("airgap-no-egress",), LOAD_FAILED, ("airgap-registry-not-overridden",), ("rclone",), LOOK | {"rclone"}, loading(airless), airless_images),
)  # fmt: skip

OUTER = LOOK | {"client", "controller"}
ENTRIES: tuple[Fault, ...] = (
    Fault("ingress-no-class", "ingress", ("ingress-class-missing",), (), (), ("ingress", "ignored"), OUTER, None, no_class, lone=True),
    Fault("path-pattern", "ingress", ("ingress-regex-pathtype-mismatch",), (), (), ("ingress",), OUTER, None, pattern_path, lone=True),
    Fault("kept-prefix", "ingress", ("ingress-path-prefix-not-rewritten",), ("envoy-no-route-404",), (), ("ingress",), OUTER | {"access"}, None, kept_prefix, lone=True),
    Fault("mesh-alias", "ingress", ("ingress-externalname-backend",), (), (), ("alias", "nginx"), OUTER, None, elsewhere, minor=True),
    Fault("ingress-shut-out", "ingress", ("networkpolicy-blocks-ingress-to-mesh",), (), (), ("nginx", "policy"), OUTER, None, shut_out, lone=True),
    Fault("plain-grpc", "ingress", ("ingress-nginx-grpc-not-configured",), (), (), ("nginx",), OUTER, None, plain_grpc, lone=True),
    Fault("big-body", "ingress", ("ingress-body-too-large",), (), (), ("nginx",), OUTER, None, big_body, minor=True),
    Fault("other-host", "ingress", ("ingress-host-mismatch",), (), (), ("ingress",), OUTER, None, other_host, minor=True),
    Fault("old-paths", "ingress", ("client-wrong-path",), ("envoy-no-route-404",), (), ("call",), frozenset({"client", "access", "envoy-dumps"}), None, wrong_path, lone=True, calls=False),
    Fault("call-limit", "ingress", ("envoy-rate-limited",), (), (), (), frozenset({"client"}), None, limited, lone=True),
    Fault("mesh-refuses-callers", "ingress", ("istio-denies-callers",), (), ("istio-authorization-denied",), (), frozenset({"client"}), None, denied, lone=True),
    Fault("caller-distrusts", "ingress", ("caller-distrusts-certificate",), (), (), (), frozenset({"client"}), None, distrusted, lone=True),
    Fault("policy-refused", "network", ("networkpolicy-invalid-yaml",), (), (), (), frozenset({"client"}), None, bad_policy, lone=True, calls=False),
    Fault("kind-unknown", "operator", ("crd-kind-unknown",), (), ("controller-crd-version-skew",), (), frozenset({"client"}), None, no_kind, lone=True, calls=False),
    Fault("old-manifest", "ingress", ("ingress-manifest-invalid",), (), (), (), frozenset({"client"}), None, old_manifest, minor=True),
)  # fmt: skip

SECURITY: tuple[Fault, ...] = (
    Fault("admission", "security", ("k8s-podsecurity-violation",), (*NOT_CONNECTED, "server-expected-replicas-before-pods"), (), ("admission",), LOOK, blocked(admission)),
    Fault("agent-certificate", "security", ("controlplane-tls-secret-missing",), (*NOT_CONNECTED, "k8s-crashloop"), (), ("secret",), frozenset({"agent"}), blocked(certificate_absent), since=(2, 8, 0)),
    Fault("scheduler-certificate", "security", ("controlplane-tls-secret-missing",), (*NO_SCHEDULER, "scheduler-pod-not-running"), (), ("secret",), frozenset({"scheduler"}), scheduler_certificate, scheduler_certificate_shown, since=(2, 8, 0), blind=("scheduler-pod-not-running",)),
    Fault("too-early", "security", ("tls-certificate-not-yet-valid",), NOT_CONNECTED, ("controlplane-tls-mismatch", "k8s-clock-skew"), ("dial",), frozenset({"agent"}), too_early),
    Fault("upstream-tls", "security", ("dataplane-tls-mismatch",), ("envoy-upstream-connect-failure",), (), ("503", "handshake"), frozenset({"envoy-dumps", "agent", "client"}), None, upstream_tls),
    Fault("listener-secret", "security", ("envoy-tls-secret-missing",), (), (), ("secret",), frozenset({"envoy-dumps", "scheduler"}), None, downstream_secret, lone=True),
    Fault("expiring", "security", ("tls-certificate-expiring",), (), (), (), frozenset({"envoy-dumps"}), None, expiring, lone=True),
)  # fmt: skip

FABRIC: tuple[Fault, ...] = (*BROKERS, *PIPELINES, *NETWORK, *ENTRIES, *SECURITY)
