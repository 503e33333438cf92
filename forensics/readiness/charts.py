"""What charts and operator own, as manifests: the operator's scope, the scheduler's volume, TLS of Seldon's own.

An operator undoes what is changed behind it, and an upgrade of a chart what is changed beside it. So each change is
made where it is kept (SeldonConfig, SeldonRuntime, the operator's Deployment), and stands as a chart's value besides.
Source: the charts seldon-core-v2-setup and -runtime of Seldon Core 2.10, and operator/controllers/reconcilers/seldon.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from forensics.intake.rows import mapping, rows_of, sequence
from forensics.readiness.mending import Object, Plan, Written, dict_in, list_in, new_object

MANAGER, ACCOUNT = "seldon-v2-controller-manager", "seldon-v2-controller-manager"
ROLE, BINDING = "seldon-v2-manager-role", "seldon-v2-manager-rolebinding"
STATE = "scheduler-state"
_RBAC = "rbac.authorization.k8s.io"
_NODES_OWN = re.compile(r"(?i)local-?path|host-?path|^local|-local$")  # classes that live on one node's disk
_RESOURCES = ("k8s.seldonruntime", "k8s.server", "k8s.model", "k8s.pipeline", "k8s.experiment")


def values(plan: Plan, check: str, namespace: str | None) -> Object:
    """Return the values of the setup chart in the making; they are one file for the whole installation."""
    release, space = _release(plan, namespace)
    written = plan.values(space, "seldon-core-v2-setup", check)
    run = f"helm upgrade {release} <chart seldon-core-v2-setup> -n {space} --reuse-values -f THIS"
    note = f"Values of the chart, no manifest: {run}"
    written.note(note)
    return written.values


def _release(plan: Plan, namespace: str | None) -> tuple[str, str]:
    """Return the Helm release of the operator and its namespace, as its Deployment says."""
    for _, row in rows_of(plan.frames, "k8s.deployment"):
        if row["name"] == MANAGER:
            made = plan.existing("k8s.deployment", str(row["namespace"]), MANAGER) or {}
            notes = mapping(mapping(made.get("metadata")).get("annotations"))
            named = str(notes.get("meta.helm.sh/release-name") or "<release>")
            return named, str(notes.get("meta.helm.sh/release-namespace") or row["namespace"])
    return "<release>", namespace or "seldon-mesh"


# ---- the operator's scope


def scope(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Limit the operator to the namespaces with something of Seldon, and its rights to the same."""
    home = subject.get("namespace")
    if not home:
        return
    watched = sorted({str(r["namespace"]) for s in _RESOURCES for _, r in rows_of(plan.frames, s) if r["namespace"]})
    if not watched:
        return
    written = plan.file(home, "operator-scope", check)
    written.notes = [
        "First the RoleBindings and the Deployment, then, once the operator is ready, the ClusterRoleBinding.",
        "A namespace that gets a runtime later has to be named here and needs a RoleBinding of its own.",
        "An upgrade of the chart writes the ClusterRoleBinding anew: apply it again afterwards.",
    ]
    for namespace in watched:
        if namespace != home:  # there the chart has a Role and a RoleBinding already
            plan.add(written, _binding(namespace, home))
    manager = plan.existing("k8s.deployment", home, MANAGER)
    if manager is not None and _limit(manager, watched):
        plan.add(written, manager)
    elif manager is not None:
        written.notes.append("This operator has no --watch-namespaces (it came with 2.9.1): upgrade it first.")
    for wide in _wide(plan, home):
        wide["subjects"] = [s for s in sequence(wide.get("subjects")) if not _is_operator(s, home)]
        plan.add(written, wide)
    controller = dict_in(values(plan, check, home), "controller")
    controller |= {"clusterwide": True, "watchNamespaces": watched}


def _binding(namespace: str, home: str) -> Object:
    who = [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}]
    ref = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": ROLE}  # bound here, its rights end at the namespace
    return new_object(f"{_RBAC}/v1", "RoleBinding", namespace, BINDING, roleRef=ref, subjects=who)


def _limit(manager: Object, watched: list[str]) -> bool:
    """Name the namespaces in the operator's Deployment; False where it takes none."""
    template = dict_in(dict_in(manager, "spec"), "template")
    for container in sequence(mapping(template.get("spec")).get("containers")):
        if isinstance(container, dict) and "--watch-namespaces" in str(
            [container.get("args"), container.get("command")]
        ):
            _variable(container, "CLUSTERWIDE", "true")
            _variable(container, "WATCH_NAMESPACES", ",".join(watched))
            return True
    return False


def _variable(container: Object, name: str, value: str) -> None:
    held = list_in(container, "env")
    known = next((v for v in held if isinstance(v, dict) and v.get("name") == name), None)
    if known is None:
        known = {"name": name}
        held.append(known)
    known["value"] = value


def _wide(plan: Plan, home: str) -> Iterator[Object]:
    for _, row in rows_of(plan.frames, "k8s.rolebinding"):
        if row["kind"] == "ClusterRoleBinding" and row["name"]:
            made = plan.existing("k8s.rolebinding", row["namespace"], str(row["name"]))
            operators = mapping(made.get("roleRef") if made else None).get("name") == ROLE
            if made is not None and operators and any(_is_operator(w, home) for w in sequence(made.get("subjects"))):
                yield made


def _is_operator(who: Any, home: str) -> bool:
    held = mapping(who)
    return held.get("name") == ACCOUNT and held.get("namespace") == home


# ---- the scheduler's volume


def state(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Give the scheduler a claim of a class that is not a node's own disk, and keep it in the SeldonConfig."""
    namespace = subject.get("namespace")
    if not namespace:
        return
    chosen = _class(plan)
    held = plan.existing("k8s.persistentvolumeclaim", namespace, f"{STATE}-seldon-scheduler-0") or {}
    asked = mapping(mapping(mapping(held.get("spec")).get("resources")).get("requests")).get("storage") or "1Gi"
    written = plan.file(namespace, "scheduler-state", check)
    written.notes = [
        "A claim cannot be moved to another class: the scheduler's database is made anew, so keep every Pipeline and "
        "Experiment as YAML before, and apply them again after.",
        f"kubectl -n {namespace} delete statefulset seldon-scheduler && kubectl -n {namespace} delete pvc "
        f"{STATE}-seldon-scheduler-0, then apply this: the operator makes the StatefulSet, which takes the claim.",
    ]
    if chosen is None:
        chosen = "replicated"
        written.notes.append("No class in the dump is replicated: put the name of yours for `replicated`.")
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(asked)}},
        "storageClassName": chosen,
    }
    name = f"{STATE}-seldon-scheduler-0"
    plan.add(written, new_object("v1", "PersistentVolumeClaim", namespace, name, spec=claim))
    kept = _config(plan, namespace)
    if kept is None:
        written.notes.append("The SeldonConfig is not in the dump: set the class there too, for runtimes to come.")
    else:
        _keep(kept, chosen, str(asked))
        _alone(plan, kept, check)


def _class(plan: Plan) -> str | None:
    """Return a storage class that is not a node's own, the default one first."""
    rows = [r for _, r in rows_of(plan.frames, "k8s.storageclass") if r["name"]]
    fit = [r for r in rows if not _NODES_OWN.search(str(r["name"])) and not _NODES_OWN.search(str(r["provisioner"]))]
    fit = [r for r in fit if "no-provisioner" not in str(r["provisioner"])]
    fit.sort(key=lambda r: (not r["is_default"], str(r["name"])))
    return str(fit[0]["name"]) if fit else None


def _config(plan: Plan, namespace: str) -> Object | None:
    """Return the SeldonConfig that the runtime of a namespace names."""
    runtime = plan.existing("k8s.seldonruntime", namespace) or {}
    named = mapping(runtime.get("spec")).get("seldonConfig") or "default"
    for _, row in rows_of(plan.frames, "k8s.seldonconfig"):
        if row["name"] == named and row["namespace"]:
            return plan.existing("k8s.seldonconfig", str(row["namespace"]), str(named))
    return None


def _keep(config: Object, chosen: str, size: str) -> None:
    components = list_in(dict_in(config, "spec"), "components")
    scheduler = next((c for c in components if isinstance(c, dict) and c.get("name") == "seldon-scheduler"), None)
    if scheduler is None:
        return
    templates = list_in(scheduler, "volumeClaimTemplates")
    claim = next((t for t in templates if isinstance(t, dict) and t.get("name") == STATE), None)
    if claim is None:
        claim = {"name": STATE}
        templates.append(claim)
    spec = dict_in(claim, "spec")
    spec.setdefault("accessModes", ["ReadWriteOnce"])
    dict_in(dict_in(spec, "resources"), "requests").setdefault("storage", size)
    spec["storageClassName"] = chosen


def _alone(plan: Plan, config: Object, check: str) -> Written:
    """Put a SeldonConfig into a file of its own: it is that of several namespaces."""
    written = plan.file(str(config["metadata"]["namespace"]), "seldonconfig", check)
    written.notes = [
        "An upgrade of the chart writes it anew: apply it again afterwards, or make the class the cluster's default.",
    ]
    plan.add(written, config)
    return written


# ---- what only the chart sets


def control_plane(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Switch TLS of the control plane on."""
    security = dict_in(values(plan, check, subject.get("namespace")), "security")
    dict_in(security, "controlplane")["protocol"] = "SSL"
    _remind(plan, check, subject, "seldon-controlplane-server and seldon-controlplane-client")


def data_plane(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Switch TLS between Envoy and the servers on, and that of Envoy itself."""
    security = dict_in(values(plan, check, subject.get("namespace")), "security")
    dict_in(security, "envoy")["protocol"] = "SSL"
    names = "seldon-upstream-server, seldon-upstream-client and seldon-downstream-server"
    _remind(plan, check, subject, names)


def _remind(plan: Plan, check: str, subject: Mapping[str, str], secrets: str) -> None:
    namespace = subject.get("namespace")
    written = plan.values(_release(plan, namespace)[1], "seldon-core-v2-setup", check)
    note = f"Before: the Secrets {secrets} (tls.crt, tls.key, ca.crt) in {namespace or 'each namespace of a runtime'}."
    written.note(note)


def logs(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Set logs back to what lets an incident be analysed."""
    made = values(plan, check, subject.get("namespace"))
    dict_in(made, "logging")["logLevel"] = "info"
    dict_in(made, "envoy")["enableAccesslog"] = True


def named_ports(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Name the ports of gRPC as a service mesh wants them, in the SeldonRuntime."""
    namespace = subject.get("namespace")
    runtime = plan.existing("k8s.seldonruntime", namespace) if namespace else None
    if namespace and runtime is not None:
        dict_in(dict_in(dict_in(runtime, "spec"), "config"), "serviceConfig")["grpcServicePrefix"] = "grpc-"
        plan.add(plan.file(namespace, "seldonruntime", check), runtime)
