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
# Words of an Envoy that another control plane configures, and those that only Seldon's has; both have an `xds_cluster`.
# Source: envoyproxy/gateway internal/xds/bootstrap/bootstrap.yaml.tpl; Istio's and Contour's bootstraps.
OF_OTHERS = r"envoy-gateway|(?:http|grpc|tcp|tls|udp)route/|envoyextensionpolicy/|eg-ready|\bxds-grpc\b|\bistiod\b"
ONLY_SELDONS = r"seldon_(?:http|service|mirrors)|pipelinegateway_(?:http|grpc)|mirror_(?:http|grpc)|test-cluster"
NAMING = ("log.envoy", "envoy.stat", "envoy.cluster", "envoy.listener", "envoy.route", "envoy.endpoint")
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
            near = pl.col("component").is_in(NEEDED).fill_null(False)
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


def others_envoys(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the members of Envoys that another product configures: they name its parts, and none of Seldon's."""
    said: dict[str, tuple[bool, bool]] = {}
    for source in NAMING:
        frame = frames.get(source, pl.DataFrame())
        columns = [c for c in ("text", "name", "owner", "cluster", "namespace", "pod") if c in frame.columns]
        if frame.is_empty() or not columns:
            continue
        words = pl.concat_str((pl.col(c).cast(pl.String) for c in columns), separator=" ", ignore_nulls=True)
        told = frame.group_by("member").agg(
            words.str.contains(OF_OTHERS).any().alias("others"), words.str.contains(ONLY_SELDONS).any().alias("own")
        )
        for member, others, own in told.select("member", "others", "own").iter_rows():
            before = said.get(member, (False, False))
            said[member] = (before[0] or others, before[1] or own)
    found = frozenset(member for member, (others, own) in said.items() if others and not own)
    if not found:
        return found
    shared = (frames[source]["member"].unique() for source in OURS if source not in ENVOYS and source in frames)
    return found.difference(*shared)


def muted(frames: Mapping[str, pl.DataFrame], members: frozenset[str]) -> Mapping[str, pl.DataFrame]:
    """Return the frames, without words in these members' rows of an Envoy; the rows keep their numbers."""
    if not members:
        return frames
    silent = pl.col("member").is_in(list(members))
    return {
        source: frame.with_columns(
            pl.when(silent).then(pl.lit("")).otherwise(pl.col(name)).alias(name)
            for name, kind in frame.schema.items()
            if kind == pl.String and name != "member"
        )
        if source in ENVOYS
        else frame
        for source, frame in frames.items()
    }


def set_aside(members: frozenset[str]) -> list[str]:
    """Return a remark that counts the files of Envoys that another product configures; none for none."""
    many = "s" if len(members) > 1 else ""
    return [f"{len(members)} file{many} of an Envoy that another product configures: set aside"] if members else []


def seldons_own() -> pl.Expr:
    """Whether a row of `k8s.pod` or `k8s.container` is Seldon's: a container called `envoy` may be anybody's."""
    named = pl.concat_str(pl.col("name", "namespace", "raw"), ignore_nulls=True).str.contains("(?i)seldon")
    return (pl.col("component").is_in(COMPONENTS) & ((pl.col("component") == "server") | named)).fill_null(False)


def strangers(frames: Mapping[str, pl.DataFrame]) -> frozenset[tuple[str | None, str]]:
    """Return namespace and name of the pods that are known, by labels and containers, to be of other products.

    Brokers are Seldon's business only where a gateway, the dataflow engine or a Pipeline makes use of them.
    """
    pods = frames.get("k8s.pod")
    if pods is None or pods.is_empty():
        return frozenset()
    users = pl.col("component").is_in(USERS_OF_KAFKA)
    used = any(frames[x].height for x in (*(f"log.{user}" for user in USERS_OF_KAFKA), "k8s.pipeline") if x in frames)
    needed = NEEDED if used or pods.filter(users).height else NEEDED[:-1]
    others = ~seldons_own() & ~pl.col("component").is_in(needed).fill_null(False)
    # A table tells no labels; but a server has three containers or more, and the rest is known by its name.
    small = pl.col("raw").str.json_path_match("$.READY").str.contains("^[0-9]+/[12]$").fill_null(False)
    told = pods.filter(others & ((pl.col("form") == "object") | ((pl.col("form") == "table") & small)))
    return frozenset(told.select("namespace", "name").iter_rows())


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
    others, workloads = strangers(frames), strange_workloads(frames)
    strange = frozenset() if topology.names("server") else strange_envoys(frames)
    left = 0

    def wanted(finding: Finding) -> bool:
        nonlocal left
        if strange and finding.members <= strange:
            left += 1
            return False
        if finding.pattern.layer not in COMMON_LAYERS:
            return True
        namespace = finding.subject.get("namespace")
        good = ours and (namespace is None or not known or namespace in known or namespace in NEIGHBOURS)
        if finding.pattern.layer in ("kubernetes", "security"):
            pod, workload = finding.subject.get("pod", ""), finding.subject.get("workload", "")
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
