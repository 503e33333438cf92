r"""What the logs themselves say of models, servers and experiments: who was loaded where, and how it went.

One row a saying. All releases' wordings stand in one table, `SAYINGS`; the first that fits a record counts.

Source: scheduler/pkg/{scheduler,server,agent,store,envoy}, operator/scheduler, Seldon Core v2.0.0 to v2.10.2;
mlserver/registry.py, MLServer 1.3 to 1.7; src/core of Triton.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from forensics.intake.once import once_per_frame
from forensics.timeline import in_file_order
from parsers.schema import TIME

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
DETAIL = 400  # characters of a record kept as detail

SAID = pl.Schema(
    {
        "source": pl.String(),
        "row": pl.UInt32(),  # index in the source's frame
        "member": pl.String(),
        "line": pl.UInt32(),
        "lines": pl.UInt32(),
        "namespace": pl.String(),
        "pod": pl.String(),  # of the log
        "previous": pl.Boolean(),
        "at": TIME,  # earliest; never falls within a member
        "order": pl.UInt32(),  # by time, then member and line
        "layer": pl.String(),  # resource | scheduler | agent | server
        # ok | broken | pending | gone | routed | unrouted | placed | removed | joined | left | named | lost
        "word": pl.String(),
        "model": pl.String(),
        "version": pl.Int64(),
        "server": pl.String(),
        "replica": pl.String(),
        "pipeline": pl.String(),
        "experiment": pl.String(),
        "detail": pl.String(),
    }
)
GROUPS = ("model", "version", "server", "replica", "pipeline", "experiment")


@dataclass(frozen=True, slots=True)
class Saying:
    """A wording: a literal it holds, the regex that takes the names out, and what it means for its layer."""

    literal: str
    pattern: str
    word: str


def _m(text: str) -> str:
    return text.replace("<m>", rf"(?P<model>{NAME})").replace("<v>", r"(?P<version>[0-9]+)")


def _s(text: str) -> str:
    return _m(text).replace("<s>", rf"(?P<server>{NAME})").replace("<i>", r"(?P<replica>[0-9]+)")


SCHEDULER = (
    Saying("managed to schedule with min replicas", _m(r"with min replicas.* model=<m>(?:\s|$)"), "ok"),
    Saying("Failed to schedule model as no", _m(r"^Failed to schedule model as no .* model=<m>(?:\s|$)"), "broken"),
    Saying("(for unload)", r"^Failed to schedule model .*\(for unload\)", "none"),
    Saying("Failed to schedule model ", _m(r"^Failed to schedule model <m>(?: |$)"), "broken"),
    Saying("failed to schedule model ", _m(r"failed to schedule model <m>\. \["), "broken"),
    Saying("Sending load model request for ", _m(r"^Sending load model request for <m>(?:\s|$)"), "pending"),
    Saying("Sending unload model request", _m(r"^Sending unload model request for <m>:<v>"), "gone"),
    Saying("Updating state for model ", _m(r"^Updating state for model <m> to Loaded(?:\s|$)"), "ok"),
    Saying("Updating state for model ", _m(r"^Updating state for model <m> to (?:LoadF|UnloadF)ailed"), "broken"),
    Saying("Updating state for model ", _m(r"^Updating state for model <m> to Unloaded"), "gone"),
    Saying("Adding model ", _s(r"^Adding model <m>\(<v>\) to server <s> replica <i> list"), "placed"),
    Saying("Removing model ", _s(r"^Removing model <m>\(<v>\) from server <s> replica <i> list"), "removed"),
    Saying("Setting model ", _s(r"^Setting model <m> version <v> on server <s> replica <i> to Loaded(?:\s|$)"), "ok"),
    Saying("Scheduled model onto server", _s(r"^Scheduled model onto server .*model=<m> server=<s>"), "pending"),
    Saying("Handle vanilla no experiment", _m(r"^Handle vanilla no experiment traffic for <m>(?:\s|$)"), "routed"),
    Saying("Failed to add traffic for model ", _m(r"^Failed to add traffic for model <m>(?: |$)"), "broken"),
    Saying("Empty server for ", _m(r"^Empty server for <m>:<v> so ignoring event"), "broken"),
    Saying("subscribe request from ", _s(r"^Received (?:agent )?subscribe request from <s>:<i>(?:\s|$)"), "joined"),
    Saying("has disconnected", _s(r"^Client replica <s>(?::<i>)? has disconnected"), "left"),
    Saying("subscribe stream closed for ", _s(r"^Agent subscribe stream closed for <s>:<i>(?:\s|$)"), "left"),
    Saying("Server notification ", _s(r"^Server notification <s> expectedReplicas "), "named"),
    Saying(
        "Failed to add traffic for experiment ",
        rf"^Failed to add traffic for experiment (?P<experiment>{NAME})\.experiment",
        "broken",
    ),
    Saying(
        "Failed to process sync for experiment ",
        rf"^Failed to process sync for experiment (?P<experiment>{NAME})(?: |$)",
        "broken",
    ),
    Saying("Stop ", rf"^Stop (?P<experiment>{NAME}) .*experimentServer", "gone"),
    Saying(" has been terminated, removing", rf"^Pipeline (?P<pipeline>{NAME}) has been terminated, removing", "gone"),
    Saying(" sync - calling for ", rf"^Experiment (?P<experiment>{NAME}) sync - calling for ", "ok"),
    Saying(
        "o dataflow engines available",
        rf"^no dataflow engines available to handle pipeline.* pipeline=(?P<pipeline>{NAME})",
        "broken",
    ),
    Saying(
        "no streams available for pipeline",
        rf"^Can't handle event as no streams available for pipeline (?P<pipeline>{NAME})",
        "broken",
    ),
    Saying(
        "o pipeline gateway available",
        rf"^No pipeline gateway available to handle pipeline.* pipeline=(?P<pipeline>{NAME})",
        "broken",
    ),
    Saying("Remove ", rf"^Remove [Rr]outes for model (?P<pipeline>{NAME})\.pipeline(?:\s|$)", "unrouted"),
    Saying("Trying to setup experiment for ", _m(r"^Trying to setup experiment for <m>(?:\s|$)"), "routed"),
    Saying("Adding normal pipeline route ", rf"^Adding normal pipeline route (?P<pipeline>{NAME})", "routed"),
    Saying(
        " status message: ",
        rf"^Pipeline (?P<pipeline>{NAME}) status message: .* 0/\d+ still creating, 0/\d+ streams failed",
        "ok",
    ),
)
AGENT = (
    Saying("Load model ", _m(r"^Load model <m>:<v> success"), "ok"),
    Saying("Load model ", _m(r"^Load model <m>:<v>(?:\s|$)"), "pending"),
    Saying("Failed to handle load model ", _m(r"^Failed to handle load model <m>:<v>"), "broken"),
    Saying("Model version already exists", _m(r"^Model version already exists for <m>:<v>"), "ok"),
    Saying("Unload model ", _m(r"^Unload model <m>:<v> success"), "gone"),
    Saying("Failed to handle unload model ", _m(r"^Failed to handle unload model <m>:<v>"), "broken"),
    Saying("Reload model ", _m(r"^Reload model <m>_<v> success"), "ok"),
    Saying("Cannot reload ", _m(r"^Cannot reload <m>_<v>(?:\s|$)"), "broken"),
    Saying("No room ", _m(r"^No room <m>_<v> "), "broken"),
    Saying("server name and index", _s(r"Server name:<s> Replica Idx:<i>"), "named"),
    Saying("passed in values for server", _s(r"Server name <s> server index <i>"), "named"),
    Saying("Subscribed to scheduler", r"^Subscribed to scheduler", "joined"),
    Saying("Unloading any existing models", r"^Unloading any existing models", "lost"),
)
MLSERVER = (
    Saying("oaded model '", r"(?:^|\s)(?:Loaded|Reloaded) model '(?P<model>[^']+)' succes", "ok"),
    Saying("Couldn't load model '", r"Couldn't load model '(?P<model>[^']+)'", "broken"),
    Saying("Unloaded all versions of model '", r"Unloaded all versions of model '(?P<model>[^']+)'", "gone"),
    Saying("of model '", r"Unloaded version \S+ of model '(?P<model>[^']+)'", "gone"),
)
TRITON = (
    Saying("successfully loaded '", r"successfully loaded '(?P<model>[^']+)'", "ok"),
    Saying("successfully unloaded '", r"successfully unloaded '(?P<model>[^']+)'", "gone"),
    Saying("failed to load '", r"failed to load '(?P<model>[^']+)'", "broken"),
    Saying("Poll failed for model directory '", r"Poll failed for model directory '(?P<model>[^']+)'", "broken"),
)
SAYINGS: Mapping[str, tuple[str, tuple[Saying, ...]]] = {
    "log.scheduler": ("scheduler", SCHEDULER),
    "log.agent": ("agent", AGENT),
    "log.mlserver": ("server", MLSERVER),
    "log.triton": ("server", TRITON),
}
NEEDED = ("row", "member", "line", "lines", "namespace", "pod", "node", "previous", "text", "fields")
HOME = {  # how a log names its own namespace and pod
    "log.scheduler": (r"^Namespace is (\S+)", None),
    "log.agent": (
        r"^Setting namespace from k8s file to (\S+)",
        r"(?:POD_NAME with value|^Setting inference svc name to) ([^\s.]+)",
    ),
}
STARTS = {  # a log that opens with one of these has its head
    "log.scheduler": r"^(?:Version |Setting log level to |Namespace is )",
    "log.agent": r"^(?:Version |Server Capabilities |Setting log level to |Setting [a-z ]+ from )",
    "log.mlserver": r"Environment tarball not found|Environment not found|Using asyncio event-loop|DEPRECATED!!|"
    r"Uvicorn running|Started server process",
    "log.triton": r"Triton Inference Server|NVIDIA Release|Pinned memory pool|CUDA memory pool|CudaDriverHelper",
}


def log(frames: Mapping[str, pl.DataFrame], source: str) -> pl.DataFrame:
    """Return a log with `row`, `at` (never falling within a member) and gaps of namespace and pod filled by content.

    Args:
        frames: source name to frame; those without `earliest` are taken by their written times.
        source: name of a log source.
    """
    frame = frames.get(source)
    return pl.DataFrame() if frame is None or frame.is_empty() else _log(frame, source)


@once_per_frame
def _log(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    placed = frame.columns
    time = pl.coalesce([c for c in ("earliest", "stamped", "time") if c in placed]).cast(TIME)
    frame = frame.with_row_index("row").select(
        *(name for name in NEEDED if name != "previous"), pl.col("previous").fill_null(False), time.alias("at")
    )
    frame = frame if "earliest" in placed else in_file_order(frame)  # placed ones are in the order of their times
    frame = frame.with_columns(pl.col("at").cum_max().forward_fill().backward_fill().over("member"))
    for column, pattern in zip(("namespace", "pod"), HOME.get(source, (None, None)), strict=True):
        if pattern and frame[column].null_count():
            own = (
                frame.filter(pl.col("text").str.contains(pattern))
                .select("member", said=pl.col("text").str.extract(pattern))
                .drop_nulls()
                .unique("member", keep="first", maintain_order=True)
            )
            said = pl.col("member").replace_strict(own["member"], own["said"], default=None, return_dtype=pl.String)
            frame = frame.with_columns(pl.coalesce(column, said).alias(column))
    return frame.with_columns(_of_neighbour(frame, "namespace"))


def _of_neighbour(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Fill `column` from other logs of the same pod."""
    return pl.coalesce(
        column,
        pl.when(pl.col("pod").is_not_null()).then(pl.col(column).drop_nulls().first().over("pod")),
    ).alias(column)


def whole(frame: pl.DataFrame, source: str) -> set[str]:
    """Return the members of `frame` whose head was not cut, or was cut only by rotation."""
    if frame.is_empty() or source not in STARTS:
        return set()
    heads = frame.group_by("member").agg(
        pl.col("text").head(40).str.contains(STARTS[source]).any().alias("head"),
        pl.col("pod").first(),
        pl.col("previous").first(),
        pl.col("at").min(),
    )
    first = pl.col("head").sort_by("at").first().over("pod", "previous")
    of_pod = pl.when(pl.col("pod").is_not_null()).then(first).otherwise(False)
    return set(heads.filter(pl.col("head") | of_pod)["member"])


def sayings(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return what the logs say of models, servers, pipelines and experiments.

    Args:
        frames: source name to frame.

    Returns:
        Columns `SAID`, in order of time.
    """
    parts = [_read(log(frames, source), source, layer, known) for source, (layer, known) in SAYINGS.items()]
    parts.append(_controller(log(frames, "log.controller")))
    said = pl.concat([p for p in parts if not p.is_empty()] or [pl.DataFrame(schema=SAID)], how="vertical")
    said = said.sort("previous", "at", "member", "line", descending=[True, False, False, False], maintain_order=True)
    return said.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("order")).select(SAID.names())


def _read(frame: pl.DataFrame, source: str, layer: str, known: tuple[Saying, ...]) -> pl.DataFrame:
    if frame.is_empty():
        return pl.DataFrame(schema=SAID)
    literals = sorted({s.literal for s in known})
    left = frame.filter(pl.col("text").str.contains_any(literals))
    parts = []
    for saying in known:
        likely = left["text"].str.contains(saying.literal, literal=True)
        if not likely.any():
            continue
        fits = likely & left["text"].str.contains(saying.pattern)
        hit = left.filter(fits)
        if hit.is_empty():
            continue
        left = left.filter(~fits.fill_null(False))
        if saying.word != "none":
            names = [
                pl.col("text").str.extract(saying.pattern, _group(saying.pattern, g)).alias(g)
                if f"(?P<{g}>" in saying.pattern
                else pl.lit(None, pl.String).alias(g)
                for g in GROUPS
            ]
            parts.append(_shape(hit.with_columns(*names), source, layer, saying.word))
    if not parts:
        return pl.DataFrame(schema=SAID)
    said = pl.concat(parts)
    if layer == "server":
        return _unversioned(said)
    routes = pl.col("model").str.contains(r"\.(?:experiment|pipeline)$")
    return said.filter(~routes.fill_null(False)).with_columns(
        pl.col("pipeline").str.strip_suffix(".pipeline"), pl.col("experiment").str.strip_suffix(".experiment")
    )


def _group(pattern: str, name: str) -> int:
    opened = pattern[: pattern.index(f"(?P<{name}>")]
    return opened.replace("(?:", "").replace(r"\(", "").count("(") + 1


def _shape(frame: pl.DataFrame, source: str, layer: str, word: str) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(source).alias("source"),
        pl.lit(layer).alias("layer"),
        pl.lit(word).alias("word"),
        pl.lit(0, pl.UInt32).alias("order"),
        pl.col("text").str.slice(0, DETAIL).alias("detail"),
    ).select(pl.col(name).cast(dtype, strict=False) for name, dtype in SAID.items())


def _unversioned(said: pl.DataFrame) -> pl.DataFrame:
    """Split the name a model server knows, `<model>_<version>`."""
    return said.with_columns(
        pl.coalesce(pl.col("model").str.extract(r"^(.+)_\d+$"), "model").alias("model"),
        pl.col("model").str.extract(r"_(\d+)$").cast(pl.Int64, strict=False).alias("version"),
    )


RECEIVED = "Received event"
STATES = {  # of a Model, as the scheduler tells the controller
    "ModelAvailable": "ok",
    "ModelScaledDown": "ok",
    "ScheduleFailed": "broken",
    "ModelFailed": "broken",
    "ModelTerminateFailed": "broken",
    "ModelProgressing": "pending",
    "ModelTerminating": "pending",
    "ModelStateUnknown": "pending",
    "ModelTerminated": "gone",
}


def _controller(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the states of models that the controller was told."""
    if frame.is_empty():
        return pl.DataFrame(schema=SAID)
    told = frame.filter(
        pl.col("text").str.contains(RECEIVED, literal=True) & pl.col("text").str.contains("Model|ScheduleF")
    ).with_columns(
        pl.coalesce(pl.col("fields").str.json_path_match("$.name"), _in_text("name")).alias("model"),
        pl.coalesce(pl.col("fields").str.json_path_match("$.version"), _in_text("version"))
        .cast(pl.Int64, strict=False)
        .alias("version"),
        pl.coalesce(pl.col("fields").str.json_path_match("$.state"), _in_text("state")).alias("told"),
        pl.coalesce(pl.col("fields").str.json_path_match("$.namespace"), "namespace").alias("namespace"),
        *(pl.lit(None, pl.String).alias(g) for g in ("server", "replica", "pipeline", "experiment")),
    )
    told = told.filter(pl.col("told").is_in(list(STATES)) & pl.col("model").is_not_null())
    if told.is_empty():
        return pl.DataFrame(schema=SAID)
    word = pl.col("told").replace_strict(STATES, default=None)
    return _shape(told, "log.controller", "resource", "ok").with_columns(told.select(word.alias("word"))["word"])


def _in_text(key: str) -> pl.Expr:
    return pl.col("text").str.extract(rf'(?:^|[ {{"]){key}(?:"?: ?|=)"?([^",\s}}]+)')
