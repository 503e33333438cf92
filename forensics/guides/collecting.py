"""The command that would have collected what is missing."""

import shlex
from collections.abc import Collection, Mapping

_POD = {
    "log.scheduler": ("seldon-scheduler-0", "scheduler"),
    "log.agent": ("$pod", "agent"),
    "log.rclone": ("$pod", "rclone"),
    "log.mlserver": ("$pod", "mlserver"),
    "log.triton": ("$pod", "triton"),
    "log.envoy": ("deploy/seldon-envoy", "envoy"),
    "log.modelgateway": ("deploy/seldon-modelgateway", "modelgateway"),
    "log.pipelinegateway": ("deploy/seldon-pipelinegateway", "pipelinegateway"),
    "log.dataflow": ("deploy/seldon-dataflow-engine", "dataflow-engine"),
    "log.hodometer": ("deploy/hodometer", "hodometer"),
    "log.controller": ("deploy/seldon-v2-controller-manager", "manager"),
}
# In one pod, which Seldon labels as a server's.
_OF_SERVERS = ("log.agent", "log.rclone", "log.mlserver", "log.triton")
_EVERY_SERVER = "-l app.kubernetes.io/name=seldon-server --prefix"
OPERATOR = "seldon-v2-controller-manager"
_ADMIN = {
    "envoy.stat": "stats",
    "envoy.route": "config_dump?include_eds",
    "envoy.cluster": "config_dump?include_eds",
    "envoy.update": "config_dump?include_eds",
    "envoy.endpoint": "clusters?format=json",
    "envoy.listener": "config_dump?include_eds",
    "envoy.certificate": "certs",
    "envoy.server": "server_info",
}
_DERIVED = {
    "state.model": "models.mlops.seldon.io",
    "state.server": "servers.mlops.seldon.io,statefulsets,pods",
    "state.pipeline": "pipelines.mlops.seldon.io",
    "state.experiment": "experiments.mlops.seldon.io",
    "net.path": "networkpolicies,pods",
}
# The certificates of TLS Secrets as a list of Secrets without their keys: those stay where they are.
_CERTIFICATES = (
    "--field-selector type=kubernetes.io/tls -o go-template='"
    r'apiVersion: v1{{"\n"}}kind: SecretList{{"\n"}}items:{{"\n"}}{{range .items}}'
    r'{{printf "- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: %s\n    namespace: %s\n  type: %s\n"'
    r' .metadata.name .metadata.namespace .type}}{{printf "  data:\n    tls.crt: %s\n" (index .data "tls.crt")}}{{end}}'
    "'"
)
_SELDON = ("model", "server", "pipeline", "experiment", "seldonruntime", "seldonconfig", "serverconfig")
_OF_PODS = {"k8s.container": "pods", "k8s.env": "pods,deployments,statefulsets"}
_CLUSTER_WIDE = ("node", "namespace", "persistentvolume", "storageclass", "ingressclass", "customresourcedefinition")
_PLURALS = {
    "endpoints": "endpoints,endpointslices",
    "networkpolicy": "networkpolicies",
    "ingress": "ingresses",
    "ingressclass": "ingressclasses",
    "storageclass": "storageclasses",
    "certificate": "certificates.cert-manager.io",
}


def how_to_collect(source: str, names: Mapping[str, str]) -> str:
    """Return a kubectl command that collects `source` for what `names` names; empty where no command does."""
    namespace = shlex.quote(names["namespace"]) if names.get("namespace") else "<namespace>"
    pod = shlex.quote(names["pod"]) if names.get("pod") else "<server pod>"
    if source in _POD:
        target, container = _POD[source]
        if not names.get("pod") and container in ("agent", "rclone"):  # which every server has
            pod = _EVERY_SERVER
        return f"kubectl -n {namespace} logs {target.replace('$pod', pod)} -c {container} --timestamps --tail=-1"
    if source == "log.envoy_access":
        return f"kubectl -n {namespace} exec deploy/seldon-envoy -c envoy -- cat /tmp/envoy-accesslog.txt"
    if source in _ADMIN:
        return (
            f"kubectl -n {namespace} port-forward deploy/seldon-envoy 9901:9901 & "
            f"sleep 2; curl -s 'localhost:9901/{_ADMIN[source]}'"
        )
    if source == "k8s.event":
        return f"kubectl -n {namespace} get events -o yaml"
    if source in _OF_PODS:
        return f"kubectl -n {namespace} get {_OF_PODS[source]} -o yaml"
    if source == "k8s.condition":
        return f"kubectl -n {namespace} get models,servers,pipelines,experiments,seldonruntimes,pods -o yaml"
    if source == "state.certificate":
        return f"kubectl -n {namespace} get secrets {_CERTIFICATES}"
    if source in _DERIVED:
        return f"kubectl -n {namespace} get {_DERIVED[source]} -o yaml"
    if source == "route.expected":
        return how_to_collect("envoy.route", names)
    if source.startswith("k8s."):
        kind = source.removeprefix("k8s.")
        if kind in _CLUSTER_WIDE:
            return f"kubectl get {_PLURALS.get(kind, f'{kind}s')} -o yaml"
        plural = _PLURALS.get(kind, f"{kind}s")
        group = ".mlops.seldon.io" if kind in _SELDON else ""
        return f"kubectl -n {namespace} get {plural}{group} -o yaml"
    if source == "log.kafka":
        return "kubectl -n <kafka namespace> logs <broker pod> --timestamps --tail=-1"
    if source == "log.ingress":
        return "kubectl -n <ingress namespace> logs <ingress controller pod> --timestamps --tail=-1"
    if source == "log.coredns":
        return "kubectl -n kube-system logs -l k8s-app=kube-dns --timestamps --tail=-1"
    if source == "log.client":
        return "the request as it was sent, with its answer: curl -v …"
    return ""


def of_installation(
    source: str, names: Mapping[str, str], printed: Collection[str], home: str | None, operators: Collection[str]
) -> dict[str, str]:
    """Return `names` as they serve to collect `source` in one installation.

    Args:
        source: what is wanted.
        names: what is known of the thing in question, by the kind of name.
        printed: the sources that the named pod is known to print.
        home: the namespace of the installation, where it has but one.
        operators: the namespaces of its operators.
    """
    known = dict(names)
    pod = known.get("pod", "")
    others = tuple(f"{target.partition('/')[2] or target}-" for target, _ in _POD.values() if "$" not in target)
    elsewhere = bool(printed) and not any(one in _OF_SERVERS for one in printed)
    if source in _OF_SERVERS and (elsewhere or f"{pod}-".startswith(others)):
        known.pop("pod", None)  # a pod of another part has no such container
    if source == "log.controller":
        if len(operators) == 1:
            (known["namespace"],) = operators
    elif (
        home and (source in _POD or source.startswith(("envoy.", "log.envoy"))) and known.get("namespace") in operators
    ):
        known["namespace"] = home  # the operator lives apart from what it looks after
    if home and not known.get("namespace"):
        known["namespace"] = home
    return known


def previous_log(source: str, names: Mapping[str, str]) -> str:
    """Return the command for the log of the container's life before this one."""
    command = how_to_collect(source, names)
    return f"{command} --previous" if source in _POD else command
