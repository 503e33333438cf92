"""Which findings are about a Seldon installation, and which about its neighbours in the same cluster."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from forensics.findings import PRESENT, Finding, Outcome
from forensics.installation.links import Topology
from forensics.installation.uses import WORKLOADS
from forensics.verdict import OURS

# Patterns of these layers look at things every cluster has. The others look at what only Seldon and its parts print.
COMMON_LAYERS = ("kubernetes", "network", "security", "ingress", "storage", "kafka")
USERS_OF_KAFKA = ("modelgateway", "pipelinegateway", "dataflow")
COMPONENTS = ("scheduler", "envoy", "server", "operator", "hodometer", *USERS_OF_KAFKA)
NEEDED = ("coredns", "ingress", "istio", "kafka")  # other products' pods that Seldon cannot do without
NAMES_OF_SELDON = (
    r"^(?:seldon-(?:scheduler|envoy|mesh|modelgateway|pipelinegateway|dataflow-engine|controller-manager)"
    r"|(?:seldon-)?v2-controller-manager)(?:[-.].*)?$"
)
ENVOYS = tuple(source for source in OURS if source.startswith(("envoy.", "log.envoy")))
ANYBODYS = (*ENVOYS, "log.kafka")  # what other products have too
# Words of Seldon's Envoy: its paths, its names for clusters and the scheduler it listens to.
OF_SELDON = r"(?i)seldon|xds_cluster|pipelinegateway|/v2/|/v2$|inference\.|/v1/models|predict|invocations"
SERVING = ("log.envoy_access", "envoy.stat", "envoy.cluster", "envoy.route", "envoy.endpoint")
# Words of an Event: an image of Seldon's, or the container of an inference server beside an agent.
TELLING_EVENTS = r"\bseldonio/(?:seldon|mlserver)|\bcontainer:? \"?(?:mlserver|rclone)\b"
ITS_DEFAULT_SERVER = r"^mlserver(?:-[0-9]+)?$"  # the chart's Server, and its pods
OF_A_SERVER = r'"seldon-server-name"|"image": ?"(?:[^"]*/)?seldonio/seldon'
# A server may be made by hand: then nothing but its containers tells whose it is.
ITS_CONTAINERS = r'"name": ?"(?:agent|rclone|mlserver|triton)"'
NEIGHBOURS = ("kube-system", "kube-public", "default")  # where nodes, DNS and volumes have their objects


def calls_to_seldon(frames: Mapping[str, pl.DataFrame]) -> bool:
    """Whether a caller's words name Seldon (its command, its headers, its host), or an ingress hands calls on to it.

    Its Envoy's pods listen on 9000, and what is asked of them begins with /v2.
    """
    told = {"log.client": r"(?i)\bseldon", "log.ingress": r"(?i)\bseldon|:9000/v2/models/"}
    return any(
        source in frames and bool(frames[source]["text"].str.contains(said).any()) for source, said in told.items()
    )


def named_after_seldon(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the namespaces of Events, workloads and Services that bear or say its name; `` for one not known."""
    found: set[str] = set()
    for source in ("k8s.event", "k8s.statefulset", "k8s.deployment", "k8s.replicaset", "k8s.service", "k8s.endpoints"):
        frame = frames.get(source)
        if frame is not None and frame.height:
            named = pl.col("name").str.contains(NAMES_OF_SELDON).fill_null(False)
            if source == "k8s.event":
                named |= pl.col("text").str.contains(f"(?i){TELLING_EVENTS}").fill_null(False)
                named |= pl.col("name").str.contains(ITS_DEFAULT_SERVER).fill_null(False)
            if source in ("k8s.statefulset", "k8s.deployment"):
                named |= pl.col("raw").str.contains(OF_A_SERVER).fill_null(False)
            found |= set(frame.filter(named)["namespace"].fill_null("").unique())
    scaled, counted = frames.get("k8s.horizontalpodautoscaler"), frames.get("metric")
    if scaled is not None and scaled.height:
        ours = pl.col("target_kind").is_in(["Model", "Server"]).fill_null(False)
        found |= set(scaled.filter(ours)["namespace"].fill_null("").unique())
    if counted is not None and counted.height:
        named = pl.col("name").str.contains("^seldon_").fill_null(False)
        found |= set(counted.filter(named)["namespace"].fill_null("").unique())
    return frozenset(found)


def seldon_namespaces(frames: Mapping[str, pl.DataFrame], topology: Topology) -> frozenset[str]:
    """Return the namespaces in which something of Seldon, its operator, its gateways or its Kafka is."""
    found = set(topology.names("namespace")) | (named_after_seldon(frames) - {""})
    for source in ("k8s.pod", "k8s.container"):
        frame = frames.get(source)
        if frame is not None:
            near = pl.col("component").is_in(needed(frames)).fill_null(False)
            found |= set(frame.filter(seldons_own() | near)["namespace"].drop_nulls())
    for source in OURS:
        frame = frames.get(source)
        if frame is not None and frame.height:
            found |= set(frame["namespace"].drop_nulls().unique())
    return frozenset(found)


def strange_envoys(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the members of an Envoy that serves something else: it names calls or clusters, and none is of Seldon."""
    if any(frames[source].height for source in OURS if source in frames and source not in ANYBODYS):
        return frozenset()
    members: set[str] = set()
    serves = False
    for source in ENVOYS:
        frame = frames.get(source, pl.DataFrame())
        for column in {"text", "raw", "owner", "name", "cluster", "domains"} & set(frame.columns):
            if frame[column].cast(pl.String, strict=False).str.contains(OF_SELDON).any():
                return frozenset()
        if frame.height:
            members |= set(frame["member"])
            named = (pl.col("scope") == "cluster").fill_null(False) if source == "envoy.stat" else pl.lit(True)
            serves |= source in SERVING and frame.filter(named).height > 0
    return frozenset(members) if serves else frozenset()


def seldons_own() -> pl.Expr:
    """Whether a row of `k8s.pod` or `k8s.container` is Seldon's: a container called `envoy` may be anybody's."""
    named = pl.concat_str(pl.col("name", "namespace", "raw"), ignore_nulls=True).str.contains("(?i)seldon")
    return (pl.col("component").is_in(COMPONENTS) & ((pl.col("component") == "server") | named)).fill_null(False)


def needed(frames: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    """Return the other products' parts that Seldon cannot do without.

    Brokers are its business only where a gateway, the dataflow engine or a Pipeline makes use of them.
    """
    pods = frames.get("k8s.pod", pl.DataFrame())
    used = any(frames[x].height for x in (*(f"log.{user}" for user in USERS_OF_KAFKA), "k8s.pipeline") if x in frames)
    used = used or (pods.height > 0 and pods["component"].is_in(USERS_OF_KAFKA).any())
    return NEEDED if used else NEEDED[:-1]


def strangers(frames: Mapping[str, pl.DataFrame]) -> frozenset[tuple[str | None, str]]:
    """Return namespace and name of the pods that are known, by labels and containers, to be of other products."""
    pods = frames.get("k8s.pod")
    if pods is None or pods.is_empty():
        return frozenset()
    others = ~seldons_own() & ~pl.col("component").is_in(needed(frames)).fill_null(False)
    # A table tells no labels; but a server has three containers or more, and the rest is known by its name.
    small = pl.col("raw").str.json_path_match("$.READY").str.contains("^[0-9]+/[12]$").fill_null(False)
    told = pods.filter(others & ((pl.col("form") == "object") | ((pl.col("form") == "table") & small)))
    return frozenset(told.select("namespace", "name").iter_rows())


def strange_nodes(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the nodes on which no pod of Seldon is known to be; none where one that is not ready may be on any."""
    pods, nodes = frames.get("k8s.pod"), frames.get("k8s.node")
    if pods is None or nodes is None or pods.is_empty():
        return frozenset()
    own = pods.filter(seldons_own())
    astray = own["node"].is_null() & ~own["is_ready"].fill_null(False)
    return frozenset() if own.is_empty() or astray.any() else frozenset(nodes["name"]) - frozenset(own["node"])


def strange_workloads(frames: Mapping[str, pl.DataFrame]) -> frozenset[tuple[str | None, str]]:
    """Return namespace and name of the workloads whose objects tell that they are of other products."""
    found: set[tuple[str | None, str]] = set()
    ours = f"(?i)seldon|{'|'.join(NEEDED)}|kube-dns|strimzi"
    for kind in WORKLOADS:
        frame = frames.get(f"k8s.{kind}")
        if frame is not None and frame.height:
            told = pl.concat_str(
                *(pl.col(name).fill_null("") for name in ("name", "labels", "owner", "owner_kind")), separator=" "
            )
            own = told.str.contains(ours) | (pl.col("owner_kind") == "Server").fill_null(False)
            own |= pl.col("raw").str.contains(ITS_CONTAINERS).fill_null(False)
            found |= set(frame.filter((pl.col("form") == "object") & ~own).select("namespace", "name").iter_rows())
    return frozenset(found)


def relevant(
    outcomes: Mapping[str, Outcome], frames: Mapping[str, pl.DataFrame], topology: Topology, ours: bool
) -> tuple[dict[str, Outcome], list[str]]:
    """Return the outcomes without findings about neighbours, and a remark that counts those.

    Args:
        outcomes: by pattern.
        frames: source name to rows.
        topology: what belongs to what.
        ours: whether anything of Seldon, Envoy, a model server or Kafka was recognised.
    """
    known = seldon_namespaces(frames, topology)
    others, workloads, nodes = strangers(frames), strange_workloads(frames), strange_nodes(frames)
    strange = frozenset() if topology.names("server") else strange_envoys(frames)
    left = 0

    def wanted(finding: Finding) -> bool:
        nonlocal left
        if strange and finding.members <= strange:
            left += 1
            return False
        namespace, pod = finding.subject.get("namespace"), finding.subject.get("pod", "")
        if finding.pattern.layer not in COMMON_LAYERS:
            known_other = (namespace, pod) in others
            left += known_other
            return not known_other
        good = ours and (namespace is None or not known or namespace in known or namespace in NEIGHBOURS)
        if finding.subject.get("node") in nodes:
            good = False
        if finding.pattern.layer in ("kubernetes", "security"):
            workload = finding.subject.get("workload", "")
            good = good and not {(namespace, pod), (None, pod)} & others
            good = good and not {(namespace, workload), (None, workload)} & workloads
        left += not good
        return good

    kept = {}
    for name, outcome in outcomes.items():
        findings = tuple(f for f in outcome.findings if wanted(f))
        state = outcome.state
        if state == PRESENT and not any(not f.over for f in findings):
            state = "absent"
        kept[name] = replace(outcome, findings=findings, state=state)
    if not left:
        return kept, []
    where = "where nothing of Seldon is" if ours else "though nothing of Seldon was recognised here"
    return kept, [f"{left} finding{'s' if left > 1 else ''} about other things left out, {where}"]
