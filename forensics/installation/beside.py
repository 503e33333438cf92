"""What a log does not say of its namespace and pod, the logs and objects beside it say."""

from collections.abc import Mapping

import polars as pl

from forensics.installation.placement import HOME, log

BESIDE_AN_AGENT = ("log.rclone", "log.mlserver", "log.triton")  # none of these names its pod


def settled(frames: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    """Return the frames with namespaces filled: those of a log's pod, else those of its folder; and with pods.

    The folder's only where logs beside a file agree on theirs and logs name several namespaces; its pod's only where
    agents name several pods, and one of them alone lies in it. What stands alone is left as it is.
    """
    frames = _of_their_pods(frames)
    known: dict[str, set[str]] = {}
    for source in HOME:
        frame = log(frames, source)
        if not frame.is_empty():
            pairs = frame.select("member", "namespace").drop_nulls().unique()
            for member, namespace in pairs.iter_rows():
                for folder in _folders(member):
                    known.setdefault(folder, set()).add(namespace)
    if len(set().union(*known.values())) > 1:
        frames = {source: _fill(frame, known) for source, frame in frames.items()}
    return _of_their_agents(frames)


def _of_their_pods(frames: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    """Return the frames with the namespace of a log whose pod is known, where all pods lie in one namespace."""
    pods = frames.get("k8s.pod")
    if pods is None or pods.is_empty():
        return frames
    said = [pods.select(pod="name", namespace="namespace")]
    said += [own.select("pod", "namespace") for source in HOME if not (own := log(frames, source)).is_empty()]
    known = pl.concat(said).drop_nulls("namespace").unique()
    if known["namespace"].n_unique() != 1:
        return frames
    name = pl.lit(known["namespace"][0])
    lacking = pl.col("namespace").is_null() & pl.col("pod").is_in(known["pod"].drop_nulls().implode())
    return {
        source: frame.with_columns(pl.when(lacking).then(name).otherwise("namespace").alias("namespace"))
        if source.startswith("log.") and frame.height and frame["namespace"].null_count()
        else frame
        for source, frame in frames.items()
    }


def _folders(member: str) -> list[str]:
    """Return the folders a member lies in, nearest first."""
    parts = member.replace("!", "/").split("/")[:-1]
    return ["/".join(parts[:n]) for n in range(len(parts), -1, -1)]


def _fill(frame: pl.DataFrame, known: Mapping[str, set[str]]) -> pl.DataFrame:
    if "namespace" not in frame.columns or not frame["namespace"].null_count():
        return frame
    lacking = frame.filter(pl.col("namespace").is_null())["member"].unique()
    homes = {}
    for member in lacking.drop_nulls():
        spaces = next((known[f] for f in _folders(member) if f in known), set())
        if len(spaces) == 1:
            homes[member] = next(iter(spaces))
    if not homes:
        return frame
    own = pl.col("member").replace_strict(homes, default=None, return_dtype=pl.String)
    return frame.with_columns(pl.coalesce("namespace", own).alias("namespace"))


def _of_their_agents(frames: Mapping[str, pl.DataFrame]) -> Mapping[str, pl.DataFrame]:
    """Return the frames with the pods of the one log of its kind that lies in a folder with the log of one agent."""
    agents = log(frames, "log.agent")
    if agents.is_empty() or agents.select("namespace", "pod").drop_nulls("pod").unique().height < 2:
        return frames
    pods: dict[str, set[str | None]] = {}
    for member, pod in agents.select("member", "pod").unique().iter_rows():
        pods.setdefault(_folders(member)[0], set()).add(pod)
    sole = {folder: next(iter(some)) for folder, some in pods.items() if len(some) == 1 and None not in some}
    return {
        source: _fill_pods(frame, sole) if source in BESIDE_AN_AGENT and frame.height else frame
        for source, frame in frames.items()
    }


def _fill_pods(frame: pl.DataFrame, sole: Mapping[str, str | None]) -> pl.DataFrame:
    logs = frame.select("member", "pod", pl.col("previous").fill_null(False)).unique()
    beside: dict[str, list[str]] = {}
    for member in logs.filter(~pl.col("previous"))["member"].unique():
        beside.setdefault(_folders(member)[0], []).append(member)
    nameless = set(logs.filter(pl.col("pod").is_null())["member"])
    own = {
        member: sole[_folders(member)[0]]
        for member in sorted(nameless)
        if _folders(member)[0] in sole and len(beside.get(_folders(member)[0], ())) <= 1
    }
    if not own:
        return frame
    pod = pl.col("member").replace_strict(own, default=None, return_dtype=pl.String)
    return frame.with_columns(pl.coalesce("pod", pod).alias("pod"))
