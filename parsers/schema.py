"""The columns of every source: what parsers produce, the engine joins and patterns may name.

A *source* is a kind of evidence (`log.agent`, `k8s.container`, `envoy.stat`). Its rows are one Polars frame
with exactly the columns declared here. A null means "the source did not say", never zero and never an
empty string. Times are UTC with microseconds, lengths of time are `Duration("us")`, sizes are bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import polars as pl

TIME = pl.Datetime("us", "UTC")
SPAN = pl.Duration("us")
WORDS = ("message", "text", "fields")  # columns of a record that hold what was written
LEVELS = ("trace", "debug", "info", "warning", "error", "fatal")
LEVEL = pl.Enum(LEVELS)

Columns = Mapping[str, pl.DataType]


@dataclass(frozen=True)
class Source:
    """One kind of evidence.

    Attributes:
        name: what patterns write after `from`.
        about: what one row is.
        columns: name to dtype, in the order of the frame.
        timed: whether rows happened at a time (records, Events) or were so at a snapshot.
        derived: whether it is computed from other sources before matching, not parsed.
    """

    name: str
    about: str
    columns: Columns
    timed: bool = False
    derived: bool = False

    @cached_property
    def schema(self) -> pl.Schema:
        """The frame's schema."""
        return pl.Schema(self.columns)


PLACE: Columns = {
    "member": pl.String(),  # path inside the bundle, `!` between an archive and what is in it
    "line": pl.UInt32(),  # first physical line, from 1
    "lines": pl.UInt32(),  # how many physical lines
}

ORIGIN: Columns = {
    "namespace": pl.String(),
    "pod": pl.String(),
    "container": pl.String(),
    "node": pl.String(),  # also the clock that stamped a record
}

EVENT: Columns = {
    **PLACE,
    **ORIGIN,
    "component": pl.String(),  # scheduler, agent, mlserver ...: what wrote the record
    "previous": pl.Boolean(),  # from the log of a container that ended; false where nothing says so
    "time": TIME,  # as written; null where the record has none of its own and no wrapper dates it
    "precision": SPAN,  # one unit of the last digit written
    "zoned": pl.Boolean(),  # false where no zone is written and UTC was assumed
    "stamped": TIME,  # the wrapper's time (CRI, --timestamps, journal ...); null without wrapper
    "level": LEVEL,  # null where none is written or it is unknown
    "message": pl.String(),  # the message alone, unquoted
    "text": pl.String(),  # the whole record: message, then fields as key=value; whole tracebacks
    "fields": pl.String(),  # JSON object of everything understood that has no column
}

ACCESS: Columns = {
    **EVENT,
    "status": pl.Int32(),  # HTTP status; 0 when no answer was sent
    "flags": pl.String(),  # Envoy's response flags, `-` is null
    "details": pl.String(),  # response code details
    "method": pl.String(),
    "path": pl.String(),
    "protocol": pl.String(),
    "upstream": pl.String(),  # upstream host address
    "cluster": pl.String(),  # upstream cluster, where the format has it
    "authority": pl.String(),
    "request_id": pl.String(),
    "user_agent": pl.String(),
    "bytes_in": pl.Int64(),
    "bytes_out": pl.Int64(),
    "duration": SPAN,
    "upstream_duration": SPAN,
    "model": pl.String(),  # what the path /v2/models/<model>/… names
    "grpc": pl.Boolean(),  # whether it is a gRPC call (path of a gRPC service)
}

FACT: Columns = {
    **PLACE,
    "at": TIME,  # when the snapshot was taken; null where nothing says so
    "namespace": pl.String(),
    "name": pl.String(),
    "raw": pl.String(),  # the object as JSON; `raw.spec.replicas` in a pattern reads into it
}

OBJECT: Columns = {
    **FACT,
    "kind": pl.String(),
    "api_version": pl.String(),
    "created": TIME,
    "deleted": TIME,  # deletionTimestamp
    "generation": pl.Int64(),
    "observed_generation": pl.Int64(),
    "owner_kind": pl.String(),  # first ownerReference
    "owner": pl.String(),
    "labels": pl.String(),  # JSON object
    "annotations": pl.String(),  # JSON object
    "form": pl.String(),  # object (YAML, JSON) | table (kubectl get) | describe
}

REPLICAS: Columns = {
    "replicas": pl.Int64(),  # wanted: spec.replicas
    "current": pl.Int64(),  # status.replicas
    "ready": pl.Int64(),  # status.readyReplicas
    "available": pl.Int64(),  # status.availableReplicas
}

LOGS = {
    "controller": "a record of the controller manager (operator)",
    "scheduler": "a record of the scheduler",
    "agent": "a record of the agent beside a model server",
    "rclone": "a record of rclone beside a model server",
    "mlserver": "a record of MLServer, tracebacks and worker processes included",
    "triton": "a record of the Triton inference server",
    "envoy": "a record of Envoy's application log",
    "modelgateway": "a record of the model gateway, librdkafka's lines included",
    "pipelinegateway": "a record of the pipeline gateway, librdkafka's lines included",
    "dataflow": "a record of the dataflow engine, JVM stack traces included",
    "hodometer": "a record of hodometer (usage metrics)",
    "kafka": "a record of a Kafka broker, ZooKeeper, Strimzi's operators, or a bare librdkafka client",
    "coredns": "a record of CoreDNS",
    "ingress": "a record of an ingress controller (nginx, Traefik, Contour, HAProxy ...)",
    "istio": "a record of a service mesh's proxy or control plane (Istio, Linkerd)",
    "other": "a record of any other process",
    "client": "a line of curl, kubectl, the seldon CLI or a client library, as a caller saw it",
}

KINDS: dict[str, tuple[str, Columns]] = {
    "model": (
        "a Model of Seldon",
        {
            **REPLICAS,
            "storage_uri": pl.String(),
            "secret": pl.String(),  # spec.secretName
            "server": pl.String(),  # spec.server: the Server asked for by name
            "requirements": pl.String(),  # spec.requirements as JSON list
            "memory": pl.Int64(),  # spec.memory in bytes
            "min_replicas": pl.Int64(),
            "max_replicas": pl.Int64(),
            "is_ready": pl.Boolean(),  # condition Ready
            "state": pl.String(),  # status.modelState / message of ModelReady: ModelAvailable, ScheduleFailed …
            "reason": pl.String(),  # reason of the condition ModelReady: the error text
        },
    ),
    "server": (
        "a Server of Seldon",
        {
            **REPLICAS,
            "server_config": pl.String(),
            "capabilities": pl.String(),  # JSON list: spec.capabilities, else extraCapabilities
            "min_replicas": pl.Int64(),
            "max_replicas": pl.Int64(),
            "loaded_models": pl.Int64(),
            "is_ready": pl.Boolean(),
            "reason": pl.String(),
        },
    ),
    "pipeline": (
        "a Pipeline of Seldon",
        {
            "is_ready": pl.Boolean(),
            "state": pl.String(),
            "reason": pl.String(),
            "steps": pl.String(),
        },
    ),
    "experiment": (
        "an Experiment of Seldon",
        {
            "is_ready": pl.Boolean(),
            "default": pl.String(),
            "resource_type": pl.String(),  # model | pipeline
            "candidates": pl.String(),  # JSON list of {name, weight}
            "mirror": pl.String(),
            "reason": pl.String(),
        },
    ),
    "seldonruntime": ("a SeldonRuntime", {"is_ready": pl.Boolean(), "config": pl.String()}),
    "seldonconfig": ("a SeldonConfig", {}),
    "serverconfig": ("a ServerConfig", {}),
    "pod": (
        "a Pod",
        {
            "phase": pl.String(),
            "reason": pl.String(),  # status.reason (Evicted …), or kubectl's STATUS column
            "message": pl.String(),
            "node": pl.String(),
            "ip": pl.String(),
            "is_ready": pl.Boolean(),  # condition Ready, or all of READY n/m
            "restarts": pl.Int64(),  # sum over its containers
            "started": TIME,  # status.startTime
            "service_account": pl.String(),
            "component": pl.String(),  # scheduler, envoy, server, operator …, by labels and containers
        },
    ),
    "deployment": ("a Deployment", REPLICAS),
    "statefulset": ("a StatefulSet", REPLICAS),
    "replicaset": ("a ReplicaSet", REPLICAS),
    "daemonset": ("a DaemonSet", REPLICAS),
    "job": ("a Job", {}),
    "service": (
        "a Service",
        {
            "type": pl.String(),
            "cluster_ip": pl.String(),
            "external": pl.String(),  # load balancer address; `<pending>` where none was given
            "external_name": pl.String(),
            "selector": pl.String(),  # JSON object
            "ports": pl.String(),  # JSON list of {name, port, target, protocol}
        },
    ),
    "endpoints": (
        "an Endpoints object or an EndpointSlice",
        {
            "service": pl.String(),
            "ready": pl.Int64(),  # addresses that are ready
            "not_ready": pl.Int64(),
            "addresses": pl.String(),  # JSON list of ready addresses
        },
    ),
    "networkpolicy": (
        "a NetworkPolicy",
        {
            "pod_selector": pl.String(),  # JSON
            "policy_types": pl.String(),  # JSON list
        },
    ),
    "ingress": (
        "an Ingress",
        {
            "class": pl.String(),  # spec.ingressClassName or the old annotation
            "hosts": pl.String(),  # JSON list
            "paths": pl.String(),  # JSON list of {host, path, type, service, port}
            "address": pl.String(),
        },
    ),
    "ingressclass": ("an IngressClass", {"controller": pl.String(), "is_default": pl.Boolean()}),
    "gateway": ("a Gateway (Gateway API or Istio)", {}),
    "httproute": ("an HTTPRoute or GRPCRoute", {}),
    "virtualservice": ("an Istio VirtualService", {}),
    "destinationrule": ("an Istio DestinationRule", {}),
    "peerauthentication": ("an Istio PeerAuthentication", {"mode": pl.String()}),
    "authorizationpolicy": ("an Istio AuthorizationPolicy", {"action": pl.String()}),
    "node": (
        "a Node",
        {
            "is_ready": pl.Boolean(),
            "unschedulable": pl.Boolean(),
            "kubelet": pl.String(),  # version
            "arch": pl.String(),
            "os_image": pl.String(),
            "pressure": pl.String(),  # JSON list of the pressure conditions that are True
        },
    ),
    "namespace": ("a Namespace", {"phase": pl.String()}),
    "persistentvolumeclaim": (
        "a PersistentVolumeClaim",
        {"phase": pl.String(), "storage_class": pl.String(), "volume": pl.String()},
    ),
    "persistentvolume": (
        "a PersistentVolume",
        {"phase": pl.String(), "storage_class": pl.String()},
    ),
    "storageclass": ("a StorageClass", {"is_default": pl.Boolean(), "provisioner": pl.String()}),
    "configmap": ("a ConfigMap", {}),
    "secret": (
        "a Secret; values are never kept",
        {
            "type": pl.String(),
            "keys": pl.String(),
            "certificates": pl.String(),  # in its values: JSON list of key, names, ca, trusted, valid_from, expires
        },
    ),
    "serviceaccount": ("a ServiceAccount", {}),
    "role": ("a Role or ClusterRole", {}),
    "rolebinding": ("a RoleBinding or ClusterRoleBinding", {}),
    "resourcequota": ("a ResourceQuota", {}),
    "limitrange": ("a LimitRange", {}),
    "poddisruptionbudget": ("a PodDisruptionBudget", {}),
    "horizontalpodautoscaler": (
        "a HorizontalPodAutoscaler",
        {"target_kind": pl.String(), "target": pl.String()},
    ),
    "scaledobject": ("a KEDA ScaledObject", {}),
    "customresourcedefinition": ("a CustomResourceDefinition", {}),
    "webhookconfiguration": ("a Validating- or MutatingWebhookConfiguration", {}),
    "podmonitor": ("a PodMonitor or ServiceMonitor", {}),
    "certificate": ("a cert-manager Certificate or Issuer", {}),
    "kafka": ("a Strimzi Kafka", {}),
    "kafkatopic": ("a Strimzi KafkaTopic", {}),
    "kafkauser": ("a Strimzi KafkaUser", {}),
    "seldondeployment": ("a SeldonDeployment of Seldon Core v1", {}),
    "lease": ("a Lease", {"holder": pl.String(), "renewed": TIME}),
    "other": ("an object of any other kind", {}),
}

WORKLOAD_CONTAINER: Columns = {
    **FACT,
    "pod": pl.String(),  # null in a workload's template
    "owner_kind": pl.String(),  # Pod for what runs; Deployment, StatefulSet, Server … for a template
    "container": pl.String(),
    "image": pl.String(),
}

LINK = pl.Enum(("ok", "broken", "pending", "unknown"))
LINKS = ("resource", "scheduler", "route", "cluster", "endpoint", "agent", "server")
STATE: Columns = {
    **FACT,
    **dict.fromkeys(LINKS, LINK),
    "broken": pl.String(),  # the first link that is broken, in the order of LINKS; null if none
    "detail": pl.String(),  # what the first broken link's evidence says
}

_FACTS: tuple[Source, ...] = (
    *(Source(f"k8s.{kind}", about, {**OBJECT, **own}) for kind, (about, own) in KINDS.items()),
    Source(
        "k8s.container",
        "a container's state in a pod; name is the pod's",
        {
            **WORKLOAD_CONTAINER,
            "component": pl.String(),  # of the pod
            "node": pl.String(),
            "init": pl.Boolean(),
            "is_ready": pl.Boolean(),
            "restarts": pl.Int64(),
            "state": pl.String(),  # running | waiting | terminated
            "reason": pl.String(),  # of the state: CrashLoopBackOff, ImagePullBackOff, Completed …
            "message": pl.String(),
            "exit_code": pl.Int64(),
            "started": TIME,
            "finished": TIME,
            "last_reason": pl.String(),  # of lastState: OOMKilled, Error …
            "last_exit_code": pl.Int64(),
            "last_started": TIME,
            "last_finished": TIME,
            "last_message": pl.String(),
            "memory_limit": pl.Int64(),
            "memory_request": pl.Int64(),
            "cpu_limit": pl.Float64(),  # cores
            "cpu_request": pl.Float64(),
        },
    ),
    Source(
        "k8s.env",
        "an environment variable of a container, in a pod or in a workload's template; name is the object's",
        {
            **WORKLOAD_CONTAINER,
            "variable": pl.String(),
            "value": pl.String(),  # masked where it looks like a secret; null for valueFrom
            "value_from": pl.String(),  # JSON of valueFrom
        },
    ),
    Source(
        "k8s.condition",
        "a status condition of any object; `kind` and `name` are the object's",
        {
            **FACT,
            "kind": pl.String(),
            "type": pl.String(),
            "status": pl.String(),  # True | False | Unknown
            "reason": pl.String(),
            "message": pl.String(),
            "since": TIME,  # lastTransitionTime
        },
    ),
    Source(
        "k8s.listing",
        "a list of a kind that was dumped, empty or not; a null kind could not be told",
        {
            **FACT,
            "kind": pl.String(),  # as in `k8s.<kind>`
            "items": pl.Int64(),
            "complete": pl.Boolean(),  # false where it was cut off or some of it could not be read
        },
    ),
    Source(
        "envoy.stat",
        "a counter, gauge or text value of /stats",
        {
            **FACT,
            "pod": pl.String(),
            "value": pl.Float64(),  # null for histograms and text
            "text": pl.String(),  # what a text value or histogram says
            "scope": pl.String(),  # cluster | http | listener | cluster_manager | listener_manager | server …
            "owner": pl.String(),  # the cluster's, listener's or connection manager's name; may hold dots
            "metric": pl.String(),  # what is left: upstream_cx_connect_fail, rds.listener_0.update_rejected
            "seldon": pl.String(),  # `model` for clusters of models, `gateway`, `mirror`, `control` (xds_cluster)
        },
    ),
    Source(
        "envoy.route",
        "a route of a config dump, once for each cluster it may choose",
        {
            **FACT,
            "pod": pl.String(),
            "config": pl.String(),  # listener_0, listener_1
            "virtual_host": pl.String(),
            "dynamic": pl.Boolean(),
            "prefix": pl.String(),  # path match as written
            "header": pl.String(),  # value of the `seldon-model` header match
            "sticky": pl.String(),  # value of the `x-seldon-route` match
            "cluster": pl.String(),
            "weight": pl.Int64(),
            "total_weight": pl.Int64(),  # sum over the route's clusters
            "mirror": pl.String(),  # cluster of the request mirror policy
            "updated": TIME,
            "marked": pl.String(),  # `<model>_<version>` that the server is asked for: `seldon-internal-model`
        },
    ),
    Source(
        "envoy.cluster",
        "a cluster of a config dump, or of /clusters",
        {
            **FACT,
            "pod": pl.String(),
            "dynamic": pl.Boolean(),
            "type": pl.String(),  # STRICT_DNS, EDS …
            "tls": pl.Boolean(),
            "hosts": pl.Int64(),  # endpoints configured; null where not in this dump
            "updated": TIME,
        },
    ),
    Source(
        "envoy.endpoint",
        "a host of a cluster",
        {
            **FACT,
            "pod": pl.String(),
            "cluster": pl.String(),
            "address": pl.String(),  # as resolved, or as configured where it was not
            "hostname": pl.String(),
            "port": pl.Int64(),
            "health": pl.String(),  # healthy, or what /clusters says
            "cx_connect_fail": pl.Int64(),
            "rq_total": pl.Int64(),
            "rq_error": pl.Int64(),
            "rq_timeout": pl.Int64(),
        },
    ),
    Source(
        "envoy.listener",
        "a listener",
        {
            **FACT,
            "pod": pl.String(),
            "address": pl.String(),
            "port": pl.Int64(),
            "dynamic": pl.Boolean(),
            "state": pl.String(),  # active | warming | draining
            "updated": TIME,
        },
    ),
    Source(
        "envoy.update",
        "an update of a resource that was refused or is still pending, or the last one that was accepted",
        {
            **FACT,
            "pod": pl.String(),
            "kind": pl.String(),  # listener | cluster | route | secret | endpoint
            "state": pl.String(),  # accepted | rejected | pending
            "version": pl.String(),
            "updated": TIME,
            "error": pl.String(),
        },
    ),
    Source(
        "envoy.certificate",
        "a certificate of /certs",
        {
            **FACT,
            "pod": pl.String(),
            "path": pl.String(),
            "serial": pl.String(),
            "subject": pl.String(),  # subject alternative names, JSON list
            "valid_from": TIME,
            "expires": TIME,
            "ca": pl.Boolean(),
        },
    ),
    Source(
        "envoy.server",
        "what /server_info and /ready say",
        {
            **FACT,
            "pod": pl.String(),
            "version": pl.String(),
            "state": pl.String(),  # LIVE | DRAINING | PRE_INITIALIZING | INITIALIZING
            "uptime": SPAN,
            "node_id": pl.String(),
        },
    ),
    Source(
        "metric",
        "a Prometheus sample",
        {
            **FACT,
            "pod": pl.String(),
            "value": pl.Float64(),
            "labels": pl.String(),  # JSON object
            "model": pl.String(),  # label `model` or `model_name`
            "server": pl.String(),
        },
    ),
    Source(
        "state.model",
        "a Model, link by link",
        {**STATE, "on_server": pl.String(), "version": pl.Int64()},
        derived=True,
    ),
    Source("state.pipeline", "a Pipeline, link by link", STATE, derived=True),
    Source("state.experiment", "an Experiment, link by link", STATE, derived=True),
    Source(
        "state.server",
        "a Server: what was wanted, what runs, what registered with the scheduler",
        {
            **FACT,
            "wanted": pl.Int64(),  # spec.replicas of the Server, else of its workload
            "running": pl.Int64(),  # pods that are ready
            "registered": pl.Int64(),  # agents subscribed to the scheduler and not gone since
            "models": pl.Int64(),  # models that the resources place there
            "capabilities": pl.String(),  # JSON list, from the agent's settings or the Server
        },
        derived=True,
    ),
    Source(
        "state.certificate",
        "a certificate of cert-manager, of Envoy or in a Secret, and the days it had left when it was collected",
        {
            **FACT,
            "kind": pl.String(),  # Certificate (cert-manager's) | Envoy | Secret
            "pod": pl.String(),
            "names": pl.String(),  # it is made out to: JSON list
            "ca": pl.Boolean(),  # of a bundle of trusted ones, not one that is shown to others
            "valid_from": TIME,
            "expires": TIME,
            "days": pl.Int64(),  # whole days left, below 0 when it is over
            "state": pl.String(),  # expired | not yet valid | valid | unknown
            "refused": pl.Boolean(),  # cert-manager says that it is not ready
            "due": pl.Boolean(),  # it ends in less than 30 days, and less than a third of its life is left
        },
        derived=True,
    ),
    Source(
        "route.expected",
        "a route that ought to be in Envoy, beside what is",
        {
            **FACT,
            "kind": pl.String(),  # model | pipeline | experiment
            "pod": pl.String(),  # of the Envoy looked at
            "cluster": pl.String(),
            "weight": pl.Int64(),  # expected
            "actual": pl.Int64(),  # weight found
            "mirror": pl.Boolean(),
            "state": pl.String(),  # ok | missing | stale | wrong weight | wrong version | no endpoint | rejected …
            "reason": pl.String(),  # the state, or what is behind it, such as `rejected update`; null where unknown
            "detail": pl.String(),  # figures, names, Envoy's words
        },
        derived=True,
    ),
    Source(
        "net.path",
        "a connection the components need; `name` is from→to:port",
        {
            **FACT,
            "from": pl.String(),  # operator | agent | envoy | modelgateway | pipelinegateway | dataflow | …
            "to": pl.String(),  # seldon-scheduler | agent | envoy | dns | kafka | pipelinegateway | storage
            "port": pl.Int64(),
            "protocol": pl.String(),
            "from_namespace": pl.String(),
            "from_pod": pl.String(),
            "to_namespace": pl.String(),
            "to_pod": pl.String(),
            "state": pl.String(),  # open | shut | unknown
            "policy": pl.String(),  # one that shuts it, else null
            "direction": pl.String(),  # ingress | egress: the side that shuts it
            "label": pl.String(),  # key=value: it asks for namespaces by what none has; "" for none
        },
        derived=True,
    ),
)

SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.name: source
        for source in (
            *(Source(f"log.{name}", about, EVENT, timed=True) for name, about in LOGS.items()),
            Source("log.envoy_access", "a request in an Envoy's access log", ACCESS, timed=True),
            Source(
                "k8s.event",
                "an Event; `time` is its last occurrence",
                {
                    **EVENT,
                    "name": pl.String(),  # of the object it is about
                    "kind": pl.String(),  # of the object it is about
                    "reason": pl.String(),
                    "type": pl.String(),  # Normal | Warning
                    "count": pl.Int64(),
                    "first": TIME,  # first occurrence
                    "reporter": pl.String(),  # kubelet, default-scheduler …
                },
                timed=True,
            ),
            *_FACTS,
        )
    }
)

REJECT: Columns = {**PLACE, "text": pl.String(), "reason": pl.String()}
# Of a large dump nearly every line is structure: what is said of each of them must be small.
IGNORED: Columns = {"line": pl.UInt32(), "reason": pl.Categorical()}

# Names a pattern may bind, and a subject may hold.
NAMES = (
    "namespace", "name", "model", "server", "pipeline", "experiment", "workload", "pod", "container", "node",
    "policy", "service", "route", "cluster", "topic", "scheduler",
)  # fmt: skip


def empty(source: str) -> pl.DataFrame:
    """Return a frame of `source` without rows."""
    return pl.DataFrame(schema=SOURCES[source].schema)
