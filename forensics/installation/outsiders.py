"""Members that hold logs in a form which parts of Seldon share with other products, and which another product wrote."""

from collections.abc import Mapping

import polars as pl

from forensics.installation.relevance import ENVOYS, OF_SELDON
from forensics.verdict import OURS

# Words of an Envoy that another control plane configures, and those that only Seldon's has; both have an `xds_cluster`.
# Source: envoyproxy/gateway internal/xds/bootstrap/bootstrap.yaml.tpl; Istio's and Contour's bootstraps.
OF_OTHERS = (
    r"envoy-gateway|(?:http|grpc|tcp|tls|udp)route/|envoyextensionpolicy/|eg-ready|\bxds-grpc\b|\bistiod\b"
    r"|(?:^| )contour(?: |$)|stream to contour\b|\bingress_https?\b"
)
ONLY_SELDONS = r"seldon_(?:http|service|mirrors)|pipelinegateway_(?:http|grpc)|mirror_(?:http|grpc)|test-cluster"
NAMING = (
    "log.envoy", "log.envoy_access", "envoy.stat", "envoy.cluster", "envoy.listener", "envoy.route", "envoy.endpoint"
)  # fmt: skip
SHARED = (*ENVOYS, "log.mlserver", "log.rclone")  # what other products have too, and is told apart here
ENOUGH = 2000  # calls that tell whose Envoy wrote an access log
# uvicorn prints the same lines for every application; MLServer's own logger, paths and start script tell it apart.
# Source: mlserver/rest/app.py and docker/entrypoint scripts of MLServer 1.3.5 to 1.7.1.
OF_MLSERVER = (
    r"(?i)mlserver|/v2/(?:models|repository)\b|/v2/health/[a-z]+ HTTP/[0-9.]+\" [1235]"
    r"|Environment (?:tarball )?not found at '"
)
# rclone's commands count their attempts; the server that an agent calls answers calls.
# Source: cmd/cmd.go and fs/rc of rclone 1.56 to 1.71.
BY_COMMAND = r"^Attempt [0-9]+/[0-9]+ (?:failed|succeeded)|^Failed to (?:copy|copyto|sync|move|moveto|check|mount)\b"
BY_SERVER = r'/mnt/agent|Serving remote control on |\brc: "'
# What must be kept of a log for these questions.
TOLD_BY = {"log.mlserver": OF_MLSERVER, "log.rclone": f"{BY_SERVER}|{BY_COMMAND}"}


def outsiders(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the members that another product wrote, though in a form that Seldon's parts have too."""
    return others_envoys(frames) | others_servers(frames) | others_copies(frames)


def others_envoys(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the members of Envoys that another product configures: they name its parts, and none of Seldon's.

    An access log of another product's Envoy may name none; but all its calls are for something else.
    """
    said: dict[str, tuple[bool, bool]] = {}
    for source in NAMING:
        frame = frames.get(source, pl.DataFrame())
        columns = [c for c in ("text", "name", "owner", "cluster", "namespace", "pod") if c in frame.columns]
        if frame.is_empty() or not columns:
            continue
        calls = source == "log.envoy_access"
        if calls:
            frame = frame.group_by("member").head(ENOUGH)
        words = pl.concat_str((pl.col(c).cast(pl.String) for c in columns), separator=" ", ignore_nulls=True)
        told = frame.group_by("member").agg(
            (pl.lit(calls) | words.str.contains(OF_OTHERS).any()).alias("others"),
            words.str.contains(OF_SELDON if calls else ONLY_SELDONS).any().alias("own"),
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
    """Return the frames, without words in these members' rows of what others have too; the rows keep their numbers."""
    if not members:
        return frames
    silent = pl.col("member").is_in(list(members))
    return {
        source: frame.with_columns(
            pl.when(silent).then(pl.lit("")).otherwise(pl.col(name)).alias(name)
            for name, kind in frame.schema.items()
            if kind == pl.String and name != "member"
        )
        if source in SHARED
        else frame
        for source, frame in frames.items()
    }


def set_aside(members: frozenset[str]) -> list[str]:
    """Return a remark that counts the files of other products; none for none."""
    many = "s" if len(members) > 1 else ""
    what = "whose Envoy, uvicorn or rclone is another product's"
    return [f"{len(members)} file{many} {what}: set aside"] if members else []


def others_servers(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the members of applications on uvicorn that are no MLServer: neither words nor names tell of one."""
    frame = frames.get("log.mlserver")
    if frame is None or frame.is_empty():
        return frozenset()
    named = pl.concat_str("member", "pod", "container", separator=" ", ignore_nulls=True).str.contains("(?i)mlserver")
    known = frame.select("member", "pod", "container").unique().filter(named)["member"].unique()
    nameless = frame.filter(~pl.col("member").is_in(known.implode()))
    told = pl.col("text").str.contains(OF_MLSERVER).fill_null(True)
    return _members(nameless.group_by("member").agg(told.any().alias("own")).filter(~pl.col("own")))


def others_copies(frames: Mapping[str, pl.DataFrame]) -> frozenset[str]:
    """Return the members of rclone run as a command, as backups and init containers of other products do."""
    frame = frames.get("log.rclone")
    if frame is None or frame.is_empty():
        return frozenset()
    text = pl.col("text").fill_null("")
    told = frame.group_by("member").agg(
        text.str.contains(BY_COMMAND).any().alias("command"), text.str.contains(BY_SERVER).any().alias("server")
    )
    return _members(told.filter(pl.col("command") & ~pl.col("server")))


def _members(frame: pl.DataFrame) -> frozenset[str]:
    return frozenset(frame["member"].to_list())
