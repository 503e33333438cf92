"""Build the graph of what belongs to what.

Objects come first, then Envoy's clusters and addresses, then the logs' own words: subscriptions, placements, loads.
Logs alone give models, servers, pods and schedulers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from forensics.installation.beside import settled
from forensics.installation.links import HUB_NAMES, HUBS, Edge, Link, Thing, Topology
from forensics.installation.placement import log, sayings
from forensics.installation.selectors import selects
from forensics.installation.uses import WORKLOADS, add_uses
from forensics.intake.rows import labels_of, mapping, parsed, rows_of, sequence
from parsers.schema import LOGS

SERVES_PIPELINES = {"pipelinegateway": "seldon-pipelinegateway", "dataflow": "seldon-dataflow-engine"}
SERVES_MODELS = {"modelgateway": "seldon-modelgateway"}
SELDON_LOGS = ("controller", "scheduler", "agent", "rclone", "modelgateway", "pipelinegateway", "dataflow")
SELDON_KINDS = ("model", "server", "pipeline", "experiment", "seldonruntime")
TOPICS = "topicName:"  # in what the scheduler tells the dataflow engine
CLUSTER = r"^(?P<model>.+)_(?P<version>\d+)_(?:http|grpc)$"


def connect(frames: Mapping[str, pl.DataFrame]) -> Topology:
    """Return what belongs to what.

    Args:
        frames: source name to frame, columns of `parsers/schema.py`; log frames may carry `earliest`.
    """
    frames = settled(frames)
    topology = Topology(frames=frames)
    said = sayings(frames)
    topology.namespaces = set(_namespaces(frames))
    _objects(topology, frames)
    _workloads(topology, frames)
    _logs(topology, frames)
    _words(topology, said.filter(pl.col("layer") != "resource"))
    topology.said = _told(topology, said)
    _words(topology, topology.said.filter(pl.col("layer") == "resource"))
    _topics(topology, frames)
    _envoy(topology, frames)
    _policies(topology, frames)
    add_uses(topology, frames)
    _components(topology)
    _by_pods(topology)
    _unplaced(topology)
    return topology


def _namespaces(frames: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """Yield the namespaces in which something of Seldon was seen; a controller's own only if there is no other."""
    for kind in SELDON_KINDS:
        frame = frames.get(f"k8s.{kind}")
        if frame is not None:
            yield from frame["namespace"].drop_nulls().unique()
    own: set[str] = set()
    for name in SELDON_LOGS:
        if f"log.{name}" in frames:
            known = log(frames, f"log.{name}")
            if not known.is_empty() and name != "controller":
                own |= set(known["namespace"].drop_nulls().unique())
    for frame in (frames.get("k8s.pod"), frames.get("k8s.container")):
        if frame is not None:
            of_seldon = frame.filter(pl.col("component").is_in(["scheduler", "envoy", "server", "agent"]))
            own |= set(of_seldon["namespace"].drop_nulls().unique())
    yield from own


def _objects(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    for row, model in rows_of(frames, "k8s.model"):
        thing = topology.add(topology.thing("model", model["namespace"], model["name"]), row)
        if model["server"]:
            server = topology.thing("server", model["namespace"], model["server"])
            topology.join(thing, server, "the Model asks for this Server", row)
        status = mapping(mapping(parsed(model["raw"])).get("status"))
        placed = str(status.get("selector") or "").removeprefix("server=")
        if placed:
            server = topology.thing("server", model["namespace"], placed)
            topology.join(thing, server, "the Model's status places it on this Server", row)
    for row, found in rows_of(frames, "k8s.server"):
        topology.add(topology.thing("server", found["namespace"], found["name"]), row)
    for row, pipeline in rows_of(frames, "k8s.pipeline"):
        thing = topology.add(topology.thing("pipeline", pipeline["namespace"], pipeline["name"]), row)
        for name in step_names(pipeline):
            topology.join(thing, topology.thing("model", pipeline["namespace"], name), "a step of the Pipeline", row)
    for row, experiment in rows_of(frames, "k8s.experiment"):
        thing = topology.add(topology.thing("experiment", experiment["namespace"], experiment["name"]), row)
        kind = "pipeline" if experiment["resource_type"] == "pipeline" else "model"
        for name in candidate_names(experiment):
            topology.join(thing, topology.thing(kind, experiment["namespace"], name), "used by the Experiment", row)


def step_names(pipeline: Mapping[str, Any]) -> list[str]:
    """Return the models that the steps of a Pipeline name."""
    steps = parsed(pipeline["steps"])
    if not isinstance(steps, list):
        steps = sequence(mapping(mapping(parsed(pipeline["raw"])).get("spec")).get("steps"))
    names = [s if isinstance(s, str) else mapping(s).get("name") for s in steps]
    return [name for name in names if isinstance(name, str) and name]


def candidate_names(experiment: Mapping[str, Any]) -> list[str]:
    """Return the default, the candidates and the mirror of an Experiment."""
    found = [experiment["default"], experiment["mirror"]]
    found += [mapping(c).get("name") for c in sequence(parsed(experiment["candidates"]))]
    return list(dict.fromkeys(name for name in found if isinstance(name, str) and name))


def _workloads(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    of_replicaset: dict[tuple[str | None, str], str] = {}
    for _, replicaset in rows_of(frames, "k8s.replicaset"):
        if replicaset["owner"]:
            of_replicaset[replicaset["namespace"], replicaset["name"]] = replicaset["owner"]
    for kind in WORKLOADS:
        for row, workload in rows_of(frames, f"k8s.{kind}"):
            thing = topology.thing("workload", workload["namespace"], workload["name"])
            topology.add(thing, row)
            _mark_hub(topology, thing, workload["name"], None)
            if workload["owner_kind"] == "Server" or _server_label(workload):
                name = _server_label(workload) or workload["owner"]
                server = topology.thing("server", workload["namespace"], name)
                topology.join(server, thing, "the workload of the Server", row)
    for row, pod in rows_of(frames, "k8s.pod"):
        thing = topology.add(topology.thing("pod", pod["namespace"], pod["name"]), row)
        _mark_hub(topology, thing, pod["name"], pod["component"])
        if pod["component"] == "scheduler":
            topology.add(topology.thing("scheduler", pod["namespace"], "seldon-scheduler"), row)
        if pod["node"]:
            topology.join(thing, ("node", None, pod["node"]), "the pod runs on this node", row)
        owner: str | None = of_replicaset.get((pod["namespace"], pod["owner"]), pod["owner"]) if pod["owner"] else None
        if owner is None and pod["owner_kind"] != "ReplicaSet":
            owner = _stem(topology, pod["namespace"], pod["name"])
        if owner:
            above = topology.thing("workload", pod["namespace"], owner)
            topology.join(above, thing, "a pod of the workload", row)
            _mark_hub(topology, above, owner, pod["component"])
        of = _server_label(pod)
        if of is None and pod["component"] == "server" and owner:
            of = owner
        if of:
            topology.join(topology.thing("server", pod["namespace"], of), thing, "a pod of the Server", row)
    labelled = _labelled(topology, frames)
    for row, service in rows_of(frames, "k8s.service"):
        thing = topology.add(topology.thing("service", service["namespace"], service["name"]), row)
        _mark_hub(topology, thing, service["name"], None)
        selector = labels_of(service["selector"])
        if not selector:
            continue
        for below, labels in labelled.get(thing[1], ()):
            if selector.items() <= labels.items():
                topology.join(thing, below, "the Service selects the pod", row)
                if "seldon-server-name" in labels:
                    above = topology.thing("server", thing[1], labels["seldon-server-name"])
                    topology.join(above, thing, "the Service of the Server's replica", row)


def _labelled(
    topology: Topology, frames: Mapping[str, pl.DataFrame]
) -> dict[str | None, list[tuple[Thing, dict[str, str]]]]:
    """Return the pods of each namespace whose labels are known, with these."""
    found: dict[str | None, list[tuple[Thing, dict[str, str]]]] = {}
    for _, pod in rows_of(frames, "k8s.pod"):
        labels = labels_of(pod["labels"])
        if labels is not None:
            thing = topology.thing("pod", pod["namespace"], pod["name"])
            found.setdefault(thing[1], []).append((thing, labels))
    return found


def _server_label(thing: Mapping[str, Any]) -> str | None:
    return (labels_of(thing["labels"]) or {}).get("seldon-server-name")


def _stem(topology: Topology, namespace: str | None, pod: str) -> str | None:
    """Return the workload or Server whose name the pod's begins with, where the owner is not told."""
    for cut in (pod.rpartition("-")[0], pod.rpartition("-")[0].rpartition("-")[0]):
        for kind in ("workload", "server"):
            if cut and topology.thing(kind, namespace, cut) in topology.things:
                return cut
    return None


def _mark_hub(topology: Topology, thing: Thing, name: str, component: str | None) -> None:
    role = {"controller": "operator"}.get(component or "", component)
    if role not in HUBS:
        role = HUB_NAMES.get(name)
    if role:
        topology.hubs[thing] = role


def _logs(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    """Take pods, nodes and hubs from where the logs say they come from."""
    for name in LOGS:
        source = f"log.{name}"
        frame = log(frames, source)
        if frame.is_empty():
            continue
        homes = frame.group_by("namespace", "pod", "node").agg(pl.col("row").min()).sort("row")
        for home in homes.iter_rows(named=True):
            row = (source, home["row"])
            if name == "scheduler":
                topology.add(topology.thing("scheduler", home["namespace"], "seldon-scheduler"), row)
            if home["pod"] is None:
                continue
            pod = topology.add(topology.thing("pod", home["namespace"], home["pod"]), row)
            _mark_hub(topology, pod, home["pod"], {"controller": "operator"}.get(name, name))
            if home["node"]:
                topology.join(pod, ("node", None, home["node"]), "its log is from this node", row)
            if name in (*SERVES_PIPELINES, *SERVES_MODELS):
                stem = {**SERVES_PIPELINES, **SERVES_MODELS}[name]
                workload = topology.thing("workload", home["namespace"], stem)
                topology.join(workload, pod, f"the log of the {name}", row)


def _words(topology: Topology, said: pl.DataFrame) -> None:
    """Take what the scheduler, the agents and the model servers say of models, servers and pods."""
    by = ("layer", "namespace", "pod", "model", "server", "replica", "pipeline", "experiment")
    for word in said.unique(by, keep="first", maintain_order=True).iter_rows(named=True):
        row = (word["source"], word["row"])
        space = word["namespace"]
        server = topology.thing("server", space, word["server"]) if word["server"] else None
        if server:
            topology.add(server, row)
            pod = None
            # The replica of a Deployment's pod is a hash, and no part of its name.
            if word["layer"] == "scheduler" and word["replica"] is not None and len(word["replica"]) < 5:
                pod = topology.thing("pod", space, f"{word['server']}-{word['replica']}")
            elif word["layer"] == "agent" and word["pod"]:
                pod = topology.thing("pod", space, word["pod"])
            if pod and (word["layer"] == "agent" or _plausible(topology, server, pod)):
                topology.join(server, pod, "the replica of the Server, by its log", row)
        for kind in ("pipeline", "experiment"):
            if word[kind]:
                topology.add(topology.thing(kind, space, word[kind]), row)
        if not word["model"]:
            continue
        model = topology.add(topology.thing("model", space, word["model"]), row)
        if server:
            topology.join(model, server, "the scheduler placed the model on this Server", row)
        if word["layer"] in ("agent", "server") and word["pod"]:
            pod = topology.thing("pod", space, word["pod"])
            topology.join(model, pod, "the model was loaded in this pod", row)


def _told(topology: Topology, said: pl.DataFrame) -> pl.DataFrame:
    """Put what a controller was told into the namespace of the model; its own need not be that one.

    A line that names no namespace is dropped where several have a model of that name, and the controller's is none.
    """
    pairs = said.filter(pl.col("layer") == "resource").select("namespace", "model").unique(maintain_order=True)
    homes: list[str | None] = []
    for namespace, model in pairs.iter_rows():
        spaces = {t[1] for t in topology.things if t[0] == "model" and t[2] == model}
        if namespace not in spaces and len(spaces) == 1:
            homes.append(next(iter(spaces)))
        else:
            homes.append(namespace if namespace in topology.namespaces else topology.home(None))
    moved = pairs.with_columns(pl.Series("home", homes, dtype=pl.String), pl.lit("resource").alias("layer"))
    joined = said.join(moved, on=["layer", "namespace", "model"], how="left", nulls_equal=True, maintain_order="left")
    told = pl.col("layer") == "resource"
    return (
        joined.filter(~told | pl.col("home").is_not_null() | pl.lit(not topology.namespaces))
        .with_columns(pl.when(told).then("home").otherwise("namespace").alias("namespace"))
        .select(said.columns)
    )


def _topics(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    """Take the steps of pipelines, and their topics, from what the scheduler tells the dataflow engine."""
    frame = log(frames, "log.scheduler")
    if frame.is_empty():
        return
    told = frame.filter(pl.col("text").str.contains(TOPICS, literal=True)).select(
        "row",
        "namespace",
        pl.col("text").str.extract(r'pipelineName:\\?"([^"\\]+)').alias("pipeline"),
        pl.col("text").str.extract_all(r'topicName:\\?"[^"\\]+').alias("topics"),
    )
    told = told.filter(pl.col("pipeline").is_not_null()).unique(
        ("namespace", "pipeline", "topics"), maintain_order=True
    )
    for row, space, name, topics in told.iter_rows():
        pipeline = topology.thing("pipeline", space, name)
        for topic in (t.partition('"')[2] for t in topics):
            at = ("log.scheduler", row)
            topology.join(pipeline, topology.thing("topic", space, topic), "a topic of the pipeline", at)
            parts = topic.split(".")
            if "model" in parts[:-2]:
                step = topology.thing("model", space, parts[parts.index("model") + 1])
                topology.join(pipeline, step, "a step of the pipeline, by its topics", at)
                topology.join(step, topology.thing("topic", space, topic), "a topic of the model", at)


def _plausible(topology: Topology, server: Thing, pod: Thing) -> bool:
    """Whether `<server>-<i>` is a pod: not when the Server's pods are known and it is none of them."""
    known = [t for t in topology.edges.get(server, {}) if t[0] == "pod"]
    return not known or pod in known or pod in topology.things


def _envoy(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    by_ip = {
        (pod["ip"]): topology.thing("pod", pod["namespace"], pod["name"])
        for _, pod in rows_of(frames, "k8s.pod")
        if pod["ip"]
    }
    for row, route in rows_of(frames, "envoy.route"):
        if not route["header"] or not route["name"]:
            continue
        space = route["namespace"]
        thing = topology.add(topology.thing("route", space, route["name"]), row)
        name, dot, kind = str(route["header"]).rpartition(".")
        owner = (kind, name) if dot and kind in ("pipeline", "experiment") else ("model", route["header"])
        above = topology.thing(owner[0], space, owner[1])
        topology.join(above, thing, "Envoy's route for it", row)
        if route["cluster"]:
            topology.join(thing, topology.thing("cluster", space, route["cluster"]), "the route leads there", row)
    for source, column in (("envoy.cluster", "name"), ("envoy.endpoint", "cluster")):
        frame = frames.get(source)
        if frame is None or frame.is_empty():
            continue
        split = frame.with_row_index("row").with_columns(
            pl.col(column).str.extract(CLUSTER, 1).alias("model_"), pl.col(column).str.extract(CLUSTER, 2).alias("v_")
        )
        for cluster in split.filter(pl.col("model_").is_not_null()).iter_rows(named=True):
            below = topology.thing("cluster", cluster["namespace"], cluster[column])
            above = topology.thing("model", cluster["namespace"], cluster["model_"])
            topology.join(above, below, "the cluster bears the model's name", (source, cluster["row"]))
    for row, host in rows_of(frames, "envoy.endpoint"):
        if not host["cluster"]:
            continue
        leads = topology.thing("cluster", host["namespace"], host["cluster"])
        names = [n.split(".")[0] for n in (host["hostname"], host["address"]) if n and not _address(n)]
        pods = [topology.thing("pod", host["namespace"], n) for n in names if n.rpartition("-")[2].isdigit()]
        if host["address"] in by_ip:
            pods.insert(0, by_ip[host["address"]])
        for pod in pods[:1]:
            topology.join(leads, pod, "Envoy's cluster points at it", row)
            server = topology.thing("server", pod[1], pod[2].rpartition("-")[0])
            if server in topology.things:
                topology.join(leads, server, "Envoy's cluster points at its replica", row)


def _address(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()


def _policies(topology: Topology, frames: Mapping[str, pl.DataFrame]) -> None:
    labelled = _labelled(topology, frames)
    for row, policy in rows_of(frames, "k8s.networkpolicy"):
        thing = topology.add(topology.thing("policy", policy["namespace"], policy["name"]), row)
        selector = parsed(policy["pod_selector"])
        for pod, labels in labelled.get(thing[1], ()):
            if selects(selector, labels):
                topology.join(pod, thing, "the policy selects the pod", row)


def _components(topology: Topology) -> None:
    """Pipelines depend on the gateways and the dataflow engine of their namespace, models on the model gateway."""
    for kind, components in (("pipeline", (*SERVES_PIPELINES.values(), *SERVES_MODELS.values())),
                             ("model", tuple(SERVES_MODELS.values()))):  # fmt: skip
        for thing in [t for t in topology.things if t[0] == kind]:
            for name in components:
                for below in ("workload", "service"):
                    part = (below, thing[1], name)
                    if part in topology.things:
                        topology.join(thing, part, f"{name} of its namespace", *topology.things[part][:1])


def _by_pods(topology: Topology) -> None:
    """A model loaded in a pod of a Server is on that Server."""
    of = {pod: server for server, below in topology.edges.items() if server[0] == "server" for pod in below}
    for model in [t for t in topology.edges if t[0] == "model"]:
        for edge in list(topology.edges[model].values()):
            if edge.to[0] == "pod" and edge.to in of:
                topology.join(model, of[edge.to], "the model was loaded in a pod of this Server", *edge.rows)


def _unplaced(topology: Topology) -> None:
    """A model that no server has depends on the servers of its namespace: assumed."""
    for model in [t for t in topology.things if t[0] == "model"]:
        if any(t[0] in ("server", "pod") for t in topology.below(model) if t != model):
            continue
        for server in [t for t in topology.things if t[0] == "server" and t[1] == model[1]]:
            topology.join(model, server, "a Server of its namespace", proven=False)
    topology._reach.clear()


__all__ = ["Edge", "Link", "Thing", "Topology", "candidate_names", "connect", "step_names"]
