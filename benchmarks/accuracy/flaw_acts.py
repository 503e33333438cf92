"""How each flaw is sown into the objects of an installation that is sound, or into what it prints."""

from collections.abc import Callable
from datetime import timedelta

from benchmarks.accuracy.model import World
from benchmarks.accuracy.sites import Body, Site, certificate, elsewhere

Sow = Callable[[Site], None]


def limits(site: Site) -> None:
    """Containers have no limit, no resources at all, or the chart's small ones."""
    which = site.rng.choice(("unlimited", "besteffort", "rclone"))
    if which == "unlimited":
        for name in ("mlserver", "triton"):
            for container in site.containers("server", name):
                container["resources"].pop("limits")
    elif which == "rclone":
        for container in site.containers("server", "rclone"):
            container["resources"]["limits"]["memory"] = site.rng.choice(("128M", "256Mi"))
    else:
        for container in site.containers("envoy"):
            del container["resources"]
        for body in site.of("Pod"):
            if body["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "seldon-envoy":
                body["status"]["qosClass"] = "BestEffort"


def without(*kinds: str) -> Sow:
    """Return the flaw that nothing of these kinds is there."""
    return lambda site: site.drop(*kinds)


def variable(app: str, container: str, name: str, value: str) -> Sow:
    """Return the flaw that a container has a variable with this value."""
    return lambda site: site.variable(app, container, name, value)


def tag(site: Site) -> None:
    """An image has a tag that moves, or none."""
    app, name = site.rng.choice((("envoy", "envoy"), ("server", "mlserver"), ("scheduler", "scheduler")))
    tag = site.rng.choice((":latest", "", ":2.11.0-dev", ":nightly"))
    if tag == ":2.11.0-dev" and name != "mlserver":
        site.wrong.add("arch-version-matrix")
    for container in site.containers(app, name):
        container["image"] = container["image"].rpartition(":")[0] + tag


def wide(site: Site) -> None:
    """The operator watches all namespaces."""
    site.variable("v2-controller-manager", "manager", "CLUSTERWIDE", "true")
    site.variable("v2-controller-manager", "manager", "WATCH_NAMESPACES", "")


def single(site: Site) -> None:
    """Envoy has one replica."""
    for body in site.of("Deployment", "seldon-envoy"):
        body["spec"]["replicas"] = 1
        body["status"] |= dict.fromkeys(("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"), 1)
    twins = [b for b in site.of("Pod") if b["metadata"]["name"].startswith("seldon-envoy")][1:]
    site.bodies = [b for b in site.bodies if not any(b is twin for twin in twins)]


def password(site: Site) -> None:
    """A variable holds a password."""
    app, name = site.rng.choice((("server", "rclone"), ("server", "agent"), ("scheduler", "scheduler")))
    word = site.rng.choice(("AWS_SECRET_ACCESS_KEY", "STORE_PASSWORD", "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY"))
    site.variable(app, name, word, f"Zk3{site.rng.getrandbits(64):016x}")


def uri(*uris: str) -> Sow:
    """Return the flaw that a Model points at one of these."""

    def sow(site: Site) -> None:
        model, uri = site.rng.choice(site.of("Model")), site.rng.choice(uris)
        model["spec"]["storageUri"] = uri.format(name=model["metadata"]["name"])
        if uri.endswith(("latest", "production")):
            site.wrong.add("mlflow-unpinned-artifact")

    return sow


def dated(begins: int, ends: int) -> Sow:
    """Return the flaw that a certificate is valid only from and till so many days after the end of the life."""
    return lambda site: certificate(
        site, site.rng.choice(("kafka-client", "models-inner", "envoy-upstream")), begins, ends
    )


def exposed(site: Site) -> None:
    """The scheduler's Service is reached from outside."""
    for body in site.of("Service", "seldon-scheduler")[:1]:
        body["spec"]["type"] = site.rng.choice(("LoadBalancer", "NodePort"))
        body["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.200"}]}}


def admin(site: Site) -> None:
    """A team, a person or a default account is the cluster's administrator."""
    who = site.rng.choice((
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "data-science"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "builder@models.example"},
        {"kind": "ServiceAccount", "name": "default", "namespace": site.w.namespace},
    ))  # fmt: skip
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    site.add("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "team-admin", None, roleRef=role, subjects=[who])


def wild(site: Site) -> None:
    """A Role allows everything."""
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    site.add("rbac.authorization.k8s.io/v1", "Role", "everything", rules=[rule])


def alias(site: Site) -> None:
    """The servers of a second namespace use this one's scheduler, by an alias."""
    other = elsewhere(site, "runtime", "server")
    site.add("v1", "Service", "seldon-scheduler", other, spec={"type": "ExternalName", "externalName": f"seldon-scheduler.{site.w.namespace}.svc.cluster.local", "ports": []})  # fmt: skip


def scheduler_off(site: Site) -> None:
    """A second namespace has servers, and its scheduler is switched off."""
    other = elsewhere(site, "runtime", "server")
    how = site.rng.choice(({"name": "seldon-scheduler", "replicas": 0}, {"disable": True, "name": "seldon-scheduler"}))
    for body in site.of("SeldonRuntime"):
        if body["metadata"]["namespace"] == other:
            body["spec"]["overrides"] = [how, {"name": "seldon-envoy", "replicas": 1}]


def shared(site: Site) -> None:
    """Models of two teams share the servers."""
    key, teams = site.rng.choice((("team", ("fraud", "pricing")), ("owner", ("a-team", "b-team"))))
    for i, model in enumerate(site.of("Model")):
        model["metadata"]["labels"] = {key: teams[i % 2]}


def unwatched(site: Site) -> None:
    """The operator watches its own namespace only, and there are two."""
    elsewhere(site, "runtime", "scheduler", "server")
    for container in site.containers("v2-controller-manager", "manager"):
        container["env"] = [e for e in container["env"] if e["name"] != "WATCH_NAMESPACES"]


def restarted(site: Site) -> None:
    """Everything was restarted by hand."""
    for body in site.of("Pod"):
        body["metadata"]["annotations"] = {
            "kubectl.kubernetes.io/restartedAt": f"{site.w.start:%Y-%m-%dT%H:%M:%S}+01:00"
        }


def forwarded(site: Site) -> None:
    """Somebody calls through kubectl port-forward."""
    said = "Forwarding from 127.0.0.1:9000 -> 9000\nHandling connection for 9000\nE0612 10:02:11.402113   20611 portforward.go:400] an error occurred forwarding 9000 -> 9000: error forwarding port 9000 to pod 5f3a, uid : network namespace for sandbox is closed\nerror: lost connection to pod\n"
    site.w.client.append(f"$ kubectl port-forward svc/seldon-mesh -n {site.w.namespace} 9000:80\n{said}")


def event(kind: str, name: str, reason: str, message: str) -> Sow:
    """Return the flaw that Kubernetes has warned of, before the installation came up."""

    def sow(site: Site) -> None:
        at = site.w.start - timedelta(minutes=9)
        site.w.event(at, kind, name.format(**site.w.names), reason, message, False, 4, at + timedelta(minutes=7))

    return sow


def quota(site: Site) -> None:
    """A quota asks for limits, and nothing gives a default."""
    site.drop("LimitRange")
    hard = {"limits.memory": "64Gi", "requests.memory": "48Gi"}
    site.add("v1", "ResourceQuota", "team", spec={"hard": hard}, status={"hard": hard, "used": {"limits.memory": "12Gi", "requests.memory": "6Gi"}})  # fmt: skip


def idle(site: Site) -> None:
    """A second namespace has a scheduler that serves nothing."""
    elsewhere(site, "runtime", "scheduler")


def no_runtime(site: Site) -> None:
    """A second namespace has a Server, and neither runtime nor scheduler."""
    elsewhere(site, "server")


def many(site: Site) -> None:
    """The scheduler is to have several replicas."""
    for body in site.of("StatefulSet", "seldon-scheduler"):
        body["spec"]["replicas"] = site.rng.choice((2, 3))


def ephemeral(site: Site) -> None:
    """The scheduler's state lies on a node's own disk, or nowhere."""
    if site.rng.random() < 0.5:
        for body in site.of("PersistentVolumeClaim"):
            if body["metadata"]["name"].startswith("scheduler-state"):
                body["spec"]["storageClassName"] = storage = site.rng.choice(("local-path", "hostpath"))
                if site.platform == "k3s" and storage == "local-path":
                    site.wrong.add("arch-k3s-specifics")
        return
    site.drop("PersistentVolumeClaim")
    for body in site.of("StatefulSet", "seldon-scheduler"):
        del body["spec"]["volumeClaimTemplates"]
    for body in site.of("Pod", "seldon-scheduler-0"):
        body["spec"]["volumes"] = [{"name": "scheduler-state", "emptyDir": {}}]


def old_node(site: Site) -> None:
    """A node runs a Kubernetes that is too old."""
    for body in site.of("Node")[:1]:
        body["status"]["nodeInfo"]["kubeletVersion"] = "v1.24.17"


def other_release(site: Site) -> None:
    """One component is of another release."""
    app, name = site.rng.choice((("envoy", "envoy"), ("server", "agent"), ("scheduler", "scheduler")))
    for container in site.containers(app, name):
        container["image"] = container["image"].rpartition(":")[0] + ":2.3.1"


def telemetry(site: Site) -> None:
    """The hodometer runs."""
    pod = next(b for b in site.of("Pod") if b["metadata"]["name"].startswith("seldon-envoy"))
    labels = {"app.kubernetes.io/name": "hodometer"}
    image = pod["spec"]["containers"][0]["image"].replace("seldon-envoy", "seldon-hodometer")
    spec = {
        **pod["spec"],
        "containers": [{**pod["spec"]["containers"][0], "name": "hodometer", "image": image, "env": []}],
    }
    status = {"phase": "Running", "qosClass": "Burstable", "conditions": pod["status"].get("conditions", []), "podIP": "10.9.9.8", "startTime": pod["status"].get("startTime"),
              "containerStatuses": [{"name": "hodometer", "ready": True, "restartCount": 0, "image": image, "state": {"running": {}}, "lastState": {}}]}  # fmt: skip
    site.add("v1", "Pod", "hodometer-6f9d5c7b8-q2w4x", metadata={"labels": labels}, spec=spec, status=status)


def tracing(site: Site) -> None:
    """Traces go to a collector that nobody has installed."""
    for body in site.of("ConfigMap", "seldon-tracing"):
        body["data"] = {
            "tracing.json": '{"disable": false, "otelExporterEndpoint": "seldon-collector.seldon-mesh:4317", "ratio": "1"}'
        }


def no_secret(site: Site) -> None:
    """A Model names a secret that is not there."""
    site.rng.choice(site.of("Model"))["spec"]["secretName"] = "store-of-the-team"


def address(site: Site) -> None:
    """Something is called by its address."""
    if site.rng.random() < 0.5:
        site.variable("server", "agent", "SELDON_SCHEDULER_HOST", site.w.ips["service"])
    else:
        uri("s3://10.4.0.17:9000/models/{name}/3", "https://192.168.7.4/ml/{name}/v2")(site)


def kafka(site: Site) -> None:
    """Kafka keeps its data in the pods."""
    spec: Body = {"kafka": {"replicas": 3, "storage": {"type": "ephemeral"}}}
    site.add("kafka.strimzi.io/v1beta2", "Kafka", "broker", "kafka", spec=spec, status={})


def kafka_plain(site: Site) -> None:
    """The gateways speak to Kafka in clear text."""
    for app in ("modelgateway", "pipelinegateway"):
        site.variable(app, app, "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")


def answers(site: Site) -> None:
    """The model gateway prints the answers."""
    for n in range(3):
        said = f'v2 server response: {{"model_name":"{site.w.models[0].name}_1","outputs":[{{"name":"predict","data":[{n}]}}]}}'
        site.w.say("modelgateway", site.w.end - timedelta(seconds=70 - 20 * n), "info", said, source="InferWorker")


def leaked(site: Site) -> None:
    """The agents print the keys of the store."""
    w = site.w
    key = f'{{"type":"s3","name":"s3","parameters":{{"provider":"Minio","access_key_id":"reader","secret_access_key":"Zk3{site.rng.getrandbits(48):012x}"}}}}'
    for pod, container, previous in list(w.logs):
        if container == "agent" and not previous:
            said = f"Rclone Config loaded &{{[] [{key}]}}"
            w.agent(
                pod, w.start + timedelta(seconds=20), "info", said, func="updateConfig", source="AgentConfigHandler"
            )


def grace(site: Site) -> None:
    """Pods have little time to end."""
    for spec in site.pods(site.rng.choice(("server", "envoy"))):
        spec["terminationGracePeriodSeconds"] = site.rng.choice((10, 30))


def flannel(site: Site) -> None:
    """Nothing enforces the policies."""
    labels = {"app": "flannel", "k8s-app": "flannel"}
    site.add("v1", "Pod", "kube-flannel-ds-8x2vq", "kube-flannel", metadata={"labels": labels},
             spec={"containers": [{"name": "kube-flannel", "image": "ghcr.io/flannel-io/flannel:v0.26.1"}], "nodeName": "worker-1"},
             status={"phase": "Running", "containerStatuses": []})  # fmt: skip


def claim(site: Site) -> None:
    """A claim waits for a storage class that is not there."""
    site.add("v1", "PersistentVolumeClaim", "archive-0", spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "9Gi"}}}, status={"phase": "Pending"})  # fmt: skip
    why = "no persistent volumes available for this claim and no storage class is set"
    event("PersistentVolumeClaim", "archive-0", "FailedBinding", why)(site)


def port(site: Site) -> None:
    """A policy for a component that is not there yet shuts a port that it would need."""
    rule = {
        "from": [{"podSelector": {"matchLabels": {"team": "nobody"}}}],
        "ports": [{"port": 8080, "protocol": "TCP"}],
    }
    site.drop("NetworkPolicy")
    site.add("networking.k8s.io/v1", "NetworkPolicy", "scheduler-only-web",
             spec={"podSelector": {"matchLabels": {"app.kubernetes.io/name": "seldon-scheduler"}}, "policyTypes": ["Ingress"], "ingress": [rule]})  # fmt: skip


def named_dev(w: World) -> None:
    """The namespace is named like a domain of the world outside."""
    w.namespace = w.rng.choice(("dev", "prod", "test", "app", "data"))


def before_26(w: World) -> None:
    """The release prints whole configurations."""
    w.release = (2, 5, 0)


def with_runtime(w: World) -> None:
    """The release has runtimes."""
    w.release = max(w.release, (2, 6, 0))
