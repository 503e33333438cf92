"""Faults of the control plane and Envoy: scheduler, agent, controller, routes."""

from benchmarks.accuracy import agent_acts as agent
from benchmarks.accuracy import envoy_acts as envoy
from benchmarks.accuracy import operator_acts as operator
from benchmarks.accuracy import restart_acts as restart
from benchmarks.accuracy import scheduler_acts as sched
from benchmarks.accuracy.fault import LOAD_FAILED, NO_SCHEDULER, NOT_CONNECTED, Fault
from benchmarks.accuracy.mechanisms import blocked, loading

UNPLACED = ("scheduler-no-matching-servers", "envoy-no-route-404", "scheduler-empty-server-ignored")
OLD = restart.aged((2, 6, 0), (2, 7, 0))
CLOSED = ("envoy-ready-without-listener", "envoy-no-route-404", "envoy-xds-disconnected")

SCHEDULER: tuple[Fault, ...] = (
    Fault("replicas", "scheduling", ("scheduler-insufficient-server-replicas",), UNPLACED, (), ("unplaced",), frozenset({"objects", "operator", "scheduler"}), sched.too_many_replicas),
    Fault("partial", "scheduling", ("scheduler-minreplicas-partial",), (), (), ("partial",), frozenset({"scheduler", "objects"}), sched.three_replicas, sched.partial, (2, 9, 1)),
    Fault("node-lost", "scheduling", ("server-pod-gone-models-unschedulable", "k8s-node-drain-or-eviction"), (*UNPLACED, "scheduler-insufficient-server-replicas", "scheduler-server-not-connected"), ("k8s-node-drain-or-eviction",), ("gone", "unplaced"), frozenset({"scheduler", "objects", "events", "operator"}), sched.one_replica, sched.node_lost, calls=False),
    Fault("unload-fails", "scheduling", ("model-unload-failed",), ("model-failed-load", "envoy-no-route-404"), (), ("unload",), frozenset({"agent", "operator", "scheduler"}), None, sched.unload_fails),
    Fault("scheduler-oom", "control", ("scheduler-oom",), NO_SCHEDULER, ("k8s-oomkilled", "scheduler-pod-not-running"), ("oom",), frozenset({"objects", "tables"}), None, sched.scheduler_oom, calls=False),
    Fault("bad-config", "control", ("scheduler-bad-config-file",), (*NO_SCHEDULER, "scheduler-pod-not-running"), (), ("config",), frozenset({"scheduler"}), sched.bad_config, blind=("scheduler-pod-not-running",)),
    Fault("ports-taken", "control", ("scheduler-port-conflict",), (*NO_SCHEDULER, "scheduler-pod-not-running"), (), ("taken",), frozenset({"scheduler"}), sched.ports_taken, blind=("scheduler-pod-not-running",)),
    Fault("unbounded", "scheduling", ("server-scaled-to-zero-missing-maxreplicas",), (*NOT_CONNECTED, *UNPLACED, "server-pod-gone-models-unschedulable"), ("scheduler-server-scaled-to-zero",), ("zero",), frozenset({"objects", "tables"}), sched.unbounded),
    Fault("selects-nothing", "control", ("scheduler-service-selects-nothing",), (*NO_SCHEDULER, *NOT_CONNECTED), (), ("endpoints",), frozenset({"objects"}), sched.selects_nothing),
    Fault("no-config", "control", ("scheduler-bad-config-file",), (*NO_SCHEDULER, "scheduler-pod-not-running"), ("k8s-configmap-secret-mount-missing",), ("config",), frozenset({"events"}), sched.no_config, blind=("scheduler-pod-not-running",)),
    Fault("panic", "control", ("scheduler-race-deadlock-known",), NO_SCHEDULER, (), ("panic",), frozenset({"scheduler"}), None, sched.deadlock, calls=False, blind=("scheduler-pod-not-running",)),
    Fault("dotted-name", "scheduling", ("model-name-invalid",), ("envoy-no-route-404", "model-failed-load"), (), ("name",), frozenset({"operator", "objects"}), sched.dotted_name, sched.name_refused, blind=("client-unknown-model",)),
    Fault("still-deleting", "scheduling", ("model-recreated-while-deleting",), ("envoy-no-route-404", "model-failed-load"), ("model-finalizer-stuck", "model-unload-failed"), ("deleting",), frozenset({"operator", "objects"}), None, sched.still_deleting, calls=False),
    Fault("snapshot", "scheduling", ("model-loadedunavailable-snapshot",), ("envoy-no-route-404", "model-failed-load"), (), ("snapshot",), frozenset({"scheduler"}), None, sched.snapshot, (2, 9, 0), calls=False),
    Fault("cannot-grow", "scheduling", ("autoscaling-model-exceeds-server-replicas",), ("scheduler-insufficient-server-replicas",), (), ("grow",), frozenset({"scheduler"}), sched.one_replica, sched.cannot_grow, calls=False),
    Fault("tug-of-war", "scheduling", ("hpa-and-gitops-fight-over-replicas",), ("controller-status-stale-generation",), (), ("tug",), frozenset({"objects", "events"}), None, sched.tug_of_war, calls=False),
    Fault("no-servers", "scheduling", ("sync-never-signalled-no-servers",), (*UNPLACED, "scheduler-waiting-for-servers", "envoy-ready-without-listener", "envoy-xds-disconnected"), (), (), frozenset({"operator", "objects"}), sched.no_servers, since=(2, 10, 2)),
    Fault("candidate-missing", "experiments", ("experiment-not-ready-candidates",), ("experiment-silent-fallback",), (), ("candidate",), frozenset({"scheduler", "objects", "operator"}), None, envoy.candidate_missing, calls=False),
    Fault("default-outside", "experiments", ("experiment-default-not-in-candidates",), ("experiment-not-ready-candidates",), (), ("refused",), frozenset({"objects", "operator"}), None, envoy.default_outside, calls=False),
    Fault("second-baseline", "experiments", ("experiment-baseline-in-two-experiments",), ("experiment-not-ready-candidates", "scheduler-route-thrash-loop"), (), ("refused",), frozenset({"objects", "operator"}), envoy.two_models, envoy.second_baseline, calls=False),
)  # fmt: skip

AGENT: tuple[Fault, ...] = (
    Fault("strange-host", "agents", ("agent-scheduler-host-missing",), NOT_CONNECTED, (), ("dial",), frozenset({"agent"}), agent.strange_host),
    Fault("cut-streams", "agents", ("agent-scheduler-stream-reset",), ("scheduler-route-thrash-loop", "envoy-no-route-404"), ("cni-fault-service-traffic",), ("reset",), frozenset({"agent", "scheduler"}), agent.long_life, agent.cut_streams),
    Fault("secret-forbidden", "agents", ("agent-k8s-rbac-forbidden",), LOAD_FAILED, (), ("load-failed",), frozenset({"agent", "objects", "operator"}), loading(agent.may_not_read, True)),
    Fault("slices-forbidden", "agents", ("agent-k8s-rbac-forbidden",), (*NOT_CONNECTED, *UNPLACED, "agent-endpointslice-wait", "agent-scheduler-stream-reset"), (), ("forbidden",), frozenset({"agent"}), None, agent.no_endpoints, (2, 10, 2), calls=False),
    Fault("draining", "agents", ("agent-drain-in-progress",), (), (), ("drain",), frozenset({"scheduler", "objects"}), sched.one_replica, agent.draining, calls=False),
    Fault("no-room", "agents", ("agent-no-room-overcommit",), ("model-broken-after-load-silent", "envoy-no-route-404", "agent-proxy-inference-error"), (), ("room",), frozenset({"agent"}), None, agent.no_room, calls=False),
    Fault("deployed", "agents", ("agent-pod-name-unparsable",), (*NOT_CONNECTED, "k8s-crashloop"), (), ("fatal",), frozenset({"agent"}), agent.deployed),
    Fault("bad-memory", "agents", ("agent-env-unparsable",), (*NOT_CONNECTED, "k8s-crashloop"), (), ("fatal",), frozenset({"agent"}), blocked(agent.bad_memory)),
    Fault("bad-port", "agents", ("agent-env-unparsable",), (*NOT_CONNECTED, "k8s-crashloop"), (), ("fatal",), frozenset({"agent"}), blocked(agent.bad_port)),
    Fault("proxy-port", "agents", ("agent-rproxy-port-conflict",), (*NOT_CONNECTED, "k8s-crashloop", "agent-inference-server-lost"), (), ("bind",), frozenset({"agent"}), blocked(agent.port_taken)),
    Fault("hasty", "agents", ("agent-timeouts-time-unit-bug",), LOAD_FAILED, (), ("load-failed",), frozenset({"objects", "tables"}), restart.aged((2, 8, 3), then=loading(agent.gives_up)), blind=("mlserver-load-timeout",)),
)  # fmt: skip

CONTROLLER: tuple[Fault, ...] = (
    Fault("streams-dead", "operator", ("controller-scheduler-streams-canceled",), ("envoy-no-route-404", "envoy-ready-without-listener", "envoy-xds-disconnected", "scheduler-waiting-for-servers", "sync-never-signalled-no-servers", "controller-cannot-reach-scheduler"), (), ("dead",), frozenset({"operator"}), None, restart.streams_dead, (2, 8, 5), calls=False),
    Fault("old-operator", "operator", ("controller-old-stream-handling",), ("controller-cannot-reach-scheduler",), (), ("ended",), frozenset({"operator"}), OLD, restart.old_operator, calls=False),
    Fault("not-resent", "operator", ("scheduler-restart-models-not-reloaded",), ("envoy-no-route-404", "controller-old-stream-handling"), ("controller-old-stream-handling",), ("empty",), frozenset({"objects"}), OLD, restart.not_resent, calls=False, blind=("controller-old-stream-handling",)),
    Fault("unwatched", "operator", ("controller-namespace-not-watched",), ("envoy-no-route-404",), (), ("orphan", "watch"), frozenset({"operator", "objects"}), None, operator.unwatched, (2, 9, 1), calls=False, blind=("client-unknown-model",)),
    Fault("runtime-missing", "operator", ("runtime-missing-in-namespace",), ("controller-cannot-reach-scheduler", "model-progressing-stuck-no-scheduler", "controller-one-namespace-delays-others", "server-without-runtime"), ("server-without-runtime",), ("orphan", "smoke"), frozenset({"operator", "objects"}), None, operator.runtime_missing, (2, 6, 0), calls=False),
    Fault("server-orphan", "operator", ("server-without-runtime", "runtime-missing-in-namespace"), ("controller-cannot-reach-scheduler", "model-progressing-stuck-no-scheduler"), (), ("orphan", "account"), frozenset({"operator", "objects", "events"}), None, operator.pods_without_runtime, (2, 10, 2), calls=False),
    Fault("seldonconfig", "operator", ("seldonconfig-missing",), (*NO_SCHEDULER, "scheduler-pod-not-running", "runtime-missing-in-namespace", "controller-cannot-reach-scheduler"), (), ("config",), frozenset({"operator"}), operator.nothing_made, operator.config_missing, (2, 6, 0), calls=False, blind=("scheduler-pod-not-running",)),
    Fault("serverconfig", "operator", ("serverconfig-not-found",), (*NOT_CONNECTED, *UNPLACED, "server-expected-replicas-before-pods"), (), ("config",), frozenset({"operator", "objects"}), operator.server_config_missing, operator.server_config_says),
    Fault("crd-missing", "operator", ("controller-crd-version-skew",), ("controller-pod-unhealthy", "k8s-crashloop", "controller-cannot-reach-scheduler"), (), ("kind",), frozenset({"operator"}), None, operator.crd_missing, (2, 6, 0), calls=False, blind=("controller-pod-unhealthy",)),
    Fault("operator-oom", "operator", ("controller-pod-unhealthy", "k8s-oomkilled"), ("k8s-crashloop",), (), ("oom",), frozenset({"objects", "tables"}), None, operator.operator_oom, calls=False),
    Fault("lease-lost", "operator", ("controller-pod-unhealthy", "networkpolicy-blocks-apiserver"), ("k8s-crashloop",), (), ("lease",), frozenset({"operator", "objects", "tables"}), None, operator.lease_lost, calls=False),
    Fault("two-operators", "operator", ("controller-multiple-operators",), ("controller-status-stale-generation", "runtime-two-in-one-namespace"), (), ("second",), frozenset({"objects", "operator"}), None, operator.two_operators, (2, 6, 0), calls=False),
    Fault("bad-scaling", "operator", ("controller-server-scaling-spec-invalid",), (), (), ("scaling",), frozenset({"operator", "objects"}), None, operator.bad_scaling, (2, 10, 2), calls=False),
    Fault("resend-fails", "operator", ("controller-controlplane-resync-blocked",), ("envoy-no-route-404", "scheduler-restart-models-not-reloaded"), (), ("resend",), frozenset({"operator"}), None, operator.resend_fails, (2, 8, 5), calls=False),
    Fault("stuck", "operator", ("model-finalizer-stuck",), ("model-progressing-stuck-no-scheduler",), (), ("stuck",), frozenset({"objects"}), None, operator.stuck),
    Fault("runtime-stuck", "operator", ("seldonruntime-delete-blocked-by-servers",), (), (), ("stuck",), frozenset({"operator", "objects"}), None, operator.runtime_stuck, (2, 6, 0), calls=False),
    Fault("one-too-many", "operator", ("server-expected-replicas-before-pods", "k8s-statefulset-immutable-field"), ("scheduler-waiting-for-servers", "envoy-ready-without-listener", "envoy-xds-disconnected", "scheduler-server-not-connected"), (), ("immutable",), frozenset({"operator", "objects"}), restart.aged((2, 8, 5), (2, 9, 1), then=operator.one_too_many), operator.one_too_many_says, calls=False, blind=("scheduler-waiting-for-servers",)),
    Fault("two-runtimes", "operator", ("runtime-two-in-one-namespace",), ("controller-multiple-operators",), (), ("runtimes",), frozenset({"operator", "objects"}), None, operator.two_runtimes, (2, 6, 0), calls=False),
)  # fmt: skip

ENVOY: tuple[Fault, ...] = (
    Fault("strange-filter", "envoy", ("envoy-xds-config-rejected", "version-skew-components"), CLOSED, (), ("rejected",), frozenset({"envoy", "envoy-dumps", "objects"}), None, envoy.strange_filter),
    Fault("envoy-port", "envoy", ("envoy-listener-bind-failure",), (*CLOSED, "envoy-xds-config-rejected"), (), ("rejected",), frozenset({"envoy", "envoy-dumps"}), None, envoy.port_taken),
    Fault("no-log-file", "envoy", ("envoy-listener-bind-failure",), (*CLOSED, "envoy-xds-config-rejected"), (), ("rejected",), frozenset({"envoy", "envoy-dumps"}), None, envoy.no_log_file),
    Fault("bootstrap", "envoy", ("envoy-bootstrap-invalid",), ("k8s-crashloop",), (), ("bootstrap",), frozenset({"envoy"}), None, envoy.bootstrap),
    Fault("envoy-oom", "envoy", ("envoy-oom",), ("k8s-crashloop",), ("k8s-oomkilled",), ("oom",), frozenset({"objects", "tables"}), None, envoy.envoy_oom, calls=False),
    Fault("overflow", "envoy", ("envoy-overflow-circuit-breaker",), ("mlserver-overload-queueing",), (), ("call",), frozenset({"envoy-dumps", "access", "client"}), None, envoy.overflow, calls=False),
    Fault("too-long", "envoy", ("envoy-idle-or-route-timeout",), ("inference-timeout-long-model",), ("mlserver-request-hang",), ("call",), frozenset({"envoy-dumps", "access", "client"}), None, envoy.too_long),
    Fault("ingress-gives-up", "envoy", ("inference-timeout-long-model",), (), ("ingress-timeout",), (), frozenset({"client"}), None, envoy.ingress_gives_up),
    Fault("sticky", "envoy", ("envoy-stale-sticky-route-404",), ("envoy-no-route-404",), (), ("call",), frozenset({"client"}), None, envoy.sticky, calls=False),
    Fault("no-metadata", "envoy", ("envoy-missing-seldon-model-header",), ("envoy-grpc-unimplemented", "envoy-no-route-404"), (), ("call",), frozenset({"client"}), None, envoy.no_metadata, calls=False),
    Fault("pipeline-left", "envoy", ("envoy-no-cluster-503",), (), (), ("call",), frozenset({"envoy-dumps", "access"}), None, envoy.pipeline_left, (2, 10, 2), calls=False),
    Fault("old-weights", "envoy", ("experiment-weights-accumulate-after-edit",), (), (), (), frozenset({"envoy-dumps", "objects"}), restart.aged((2, 6, 0), (2, 7, 0), then=envoy.two_models), envoy.old_weights, calls=False),
)  # fmt: skip

CONTROL: tuple[Fault, ...] = (*SCHEDULER, *AGENT, *CONTROLLER, *ENVOY)
