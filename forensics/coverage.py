"""What was collected, from when to when, and therefore what may be called absent."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from forensics.evidence.hits import Hit
from forensics.findings import Missing
from forensics.guides.collecting import OPERATOR, how_to_collect, of_installation, previous_log
from patterns.pattern import Evidence
from patterns.terms import Test

START = re.compile(
    r"Setting log level|^Version v?\d|Server Capabilities \[|^Starting envoy|initializing epoch 0"
    r"|Serving remote control on"
    r"|Environment tarball not found|Using asyncio event-loop|HTTP server running on|Started server process"
    r"|bin/mlserver\", line \d+, in <module>"
    r"|Configuration set using the DSL|initialised with config|Registered kafka:type|Pinned memory pool is created"
    r"|Unable to allocate pinned system memory|CUDA memory pool disabled|Create CacheManager with cache_dir"
    r"|Triton Inference Server|Setting (?:scheduler|agent|namespace|overcommit|capabilities|memory request|inference)\b"
    r"|Watching namespace|Starting metrics server|starting manager|Loading tracing config|Server type is|CoreDNS-\d"
    r"|NGINX Ingress controller|deprecated!! The parallel_workers|tracing disabled",
    re.I,
)
UNBOUNDED = 1 << 62
HEAD = 6  # the first records among which a start line must stand
INSIDE = ("k8s.container", "k8s.condition", "k8s.env")  # what stands inside an object, and in no table
AT_HOME = ("log.scheduler", "log.envoy", "log.agent", "log.mlserver", "log.triton", "log.modelgateway", "log.dataflow")
UNCUT = ("log.envoy_access", "log.client")  # these have no start line, and are not rotated by themselves


@dataclass(frozen=True, slots=True)
class Stream:
    """The log of one process, as far as it was collected. Times in microseconds since the epoch."""

    source: str
    member: str
    namespace: str | None
    pod: str | None
    container: str | None
    previous: bool
    first: int | None
    last: int | None
    until: int | None  # to where its silence counts
    head: str  # whole | cut | unknown
    level: str | None  # the lowest level it holds
    records: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What may be called absent."""

    streams: tuple[Stream, ...]
    listed: frozenset[tuple[str, str | None]]  # (kind, namespace): lists that were dumped; None is every namespace
    kinds: frozenset[str]  # sources that have rows
    period: tuple[int, int] | None
    objects: Mapping[str, frozenset[str]] = field(default_factory=dict)  # kind to "namespace/name" that were dumped
    tabled: frozenset[tuple[str, str | None]] = frozenset()  # (kind, namespace) of which a table shows something
    whole: frozenset[tuple[str, str | None]] = frozenset()  # those of which objects or descriptions were dumped
    collected: int | None = None  # the bundle was collected then or later; never before the period's end
    home: str | None = None  # the namespace of the installation, where it has but one

    def command(self, source: str, names: Mapping[str, str]) -> str:
        """Return the command that collects `source` for what `names` names, as far as this bundle knows it."""
        return how_to_collect(source, self._in_place(source, names))

    def _in_place(self, source: str, names: Mapping[str, str]) -> dict[str, str]:
        pod = names.get("pod")
        printed = {s.source for s in self.streams if pod and s.pod == pod}
        operators = {s.namespace for s in self.streams if s.source == "log.controller" and s.namespace}
        for named in self.objects.get("pod", ()):
            space, _, name = named.partition("/")
            if name.startswith(OPERATOR):
                operators.add(space)
        return of_installation(source, names, printed, self.home, operators)

    def of(self, source: str, names: Mapping[str, str | None]) -> list[Stream]:
        """Return the streams of `source` that may be about `names`: those that name nothing else."""
        return [s for s in self.streams if s.source == source and _compatible(s, names)]

    def apart(self, one: str, other: str) -> bool:
        """Whether two members hold logs of one kind of process that ran at the same time: they are two processes."""
        mine = {s.source: s for s in self.streams if s.member == one}
        return any(
            s.source in mine and _overlap(mine[s.source], s) for s in self.streams if s.member == other and other != one
        )

    def successive(self, one: str, other: str) -> bool:
        """Whether two members hold dated logs of one kind of process of which one ends before the other begins."""
        mine = {s.source: s for s in self.streams if s.member == one}
        return any(
            s.source in mine and _dated(mine[s.source], s) and not _overlap(mine[s.source], s)
            for s in self.streams
            if s.member == other
        )

    def gap(
        self,
        piece: Evidence,
        names: Mapping[str, str | None],
        start: int | None = None,
        end: int | None = None,
    ) -> Missing | None:
        """Return why the absence of `piece` from [start, end) cannot be told; None where it can.

        Without `start` it is the whole life of the process, without `end` the rest of the period.
        """
        source = piece.source
        known = {k: v for k, v in names.items() if v and not v.startswith("\0")}
        if source.startswith("log."):
            return self._gap_in_logs(piece, names, known, start, end)
        if source.startswith("finding."):
            return None
        return self._gap_in_facts(piece, known)

    def _gap_in_logs(
        self,
        piece: Evidence,
        names: Mapping[str, str | None],
        known: Mapping[str, str],
        start: int | None,
        end: int | None,
    ) -> Missing | None:
        source = piece.source
        streams = self.of(source, names)
        collect = self.command(source, known)
        if not streams:
            return Missing(source, "not collected", collect)
        if piece.level == "debug" and not any(s.level in ("trace", "debug") for s in streams):
            return Missing(source, "its log holds no debug lines", f"set the log level to debug, then: {collect}")
        whole = any(s.head == "whole" for s in streams)
        if start is None:
            if whole:
                return None
            if piece.repeats and any(
                s.first is not None and s.until is not None and s.until - s.first >= _us(piece) * 3 for s in streams
            ):
                return None
            return Missing(source, "the beginning of its log was not collected", collect)
        if source == "log.client" and end is None and all(s.until is None for s in streams):
            return None  # what was pasted without times is whole, and its order is that of its lines
        limit = end if end is not None else (self.period[1] if self.period else None)
        if limit is None:
            # Nothing in the bundle bears a time: a log then reaches as far as the bundle does, cut at its head or not.
            if end is None and any(s.last is None and not s.previous for s in streams):
                return None
            return Missing(source, "its log bears no times", collect)
        reached = [s for s in streams if s.until is not None and s.until >= limit]
        if not reached:
            return Missing(source, "its log ends before the time in question", collect)
        reach = start
        for begins, until in sorted((_begins(s), s.until) for s in streams if s.until is not None):
            reach = max(reach, until) if begins <= reach else reach
        if reach >= limit:
            return None
        return Missing(
            source, "its log begins after the time in question", previous_log(source, self._in_place(source, known))
        )

    def silent(self, piece: Evidence, hits: Sequence[Hit], latest: Callable[[Hit], int]) -> bool:
        """Whether `piece`, printed again and again while it lasts, is missing from the end of each log that held it."""
        if not piece.repeats:
            return False
        until = {s.member: s.until for s in self.streams if s.source == piece.source}
        last: dict[str, int] = {}
        for hit in hits:
            last[hit.place[0]] = max(last.get(hit.place[0], 0), latest(hit))
        return all((until.get(member) or 0) - when >= 3 * _us(piece) for member, when in last.items())

    def _gap_in_facts(self, piece: Evidence, known: Mapping[str, str]) -> Missing | None:
        source = piece.source
        # Conditions of nodes come with nodes; those of Seldon's own kinds are listed together.
        collect = self.command("k8s.node" if _kinds(piece) == ("node",) else source, known)
        namespace = known.get("namespace")
        if source.startswith("k8s."):
            shallow = False
            for kind in _kinds(piece):
                owner = known.get(kind) or known.get("name")
                if self._listed(kind, namespace) or (
                    owner and any(o.endswith(f"/{owner}") for o in self.objects.get(kind, ()))
                ):
                    if source not in INSIDE or not self._tabled(kind, namespace):
                        return None
                    shallow = True
            why = "a table does not show it, and nothing else was collected" if shallow else "not collected"
            if namespace and not shallow and any(k in _kinds(piece) for k, _ in self.listed):
                why = f"not collected of {namespace}"
            return Missing(source, why, collect)
        if source == DATED:
            seen = "envoy.certificate" in self.kinds or any(self._listed(kind, namespace) for kind in _DATED_BY)
            return None if seen else Missing(source, "not collected", collect)
        if source in self.kinds or (
            source.partition(".")[0] == "envoy" and source in ("envoy.update",) and "envoy.route" in self.kinds
        ):
            return None
        return Missing(source, "not collected", collect)

    def _listed(self, kind: str, namespace: str | None) -> bool:
        if (kind, namespace) in self.listed or (kind, None) in self.listed:
            return True
        return namespace is None and any(k == kind for k, _ in self.listed)

    def _tabled(self, kind: str, namespace: str | None) -> bool:
        """Whether the objects of a kind are known from tables alone, as far as `namespace` goes."""
        spaces = {space for of, space in self.tabled if of == kind}
        whole = {space for of, space in self.whole if of == kind}
        if namespace is None:
            return bool(spaces) and not whole
        return bool(spaces & {namespace, None}) and not whole & {namespace, None}


def _dated(*streams: Stream) -> bool:
    return all(s.first is not None and s.last is not None for s in streams)


def _overlap(a: Stream, b: Stream) -> bool:
    if a.first is None or a.last is None or b.first is None or b.last is None:
        return False
    return a.first < b.last and b.first < a.last


def _begins(stream: Stream) -> int:
    """From when a log is whole: ever since, where it begins with its process, which was silent before it ran."""
    if stream.head == "whole":
        return -UNBOUNDED
    return stream.first if stream.first is not None else UNBOUNDED


def _us(piece: Evidence) -> int:
    return int(piece.repeats.total_seconds() * 1e6) if piece.repeats else 0


def _compatible(stream: Stream, names: Mapping[str, str | None]) -> bool:
    for name in ("namespace", "pod", "container"):
        wanted, own = names.get(name), getattr(stream, name)
        if not wanted:
            continue
        if wanted.startswith("\0"):  # the row's own file: its pod has other files that may be anonymous too
            continue
        if own is not None and own != wanted:
            return False
    return True


DATED = "state.certificate"  # from lists of certificates or Secrets, or from what Envoy holds
_DATED_BY = ("certificate", "secret")
_KIND_OF = {"container": "pod", "env": "pod"}


def _kinds(piece: Evidence) -> tuple[str, ...]:
    kind = piece.source.removeprefix("k8s.")
    if kind == "condition" and piece.where is not None:
        for test in piece.where.tests():
            if isinstance(test, Test) and test.column.path == ("kind",):
                if test.verb == "=":
                    return (str(test.value).lower(),)
                if test.verb == "in" and isinstance(test.value, tuple):
                    return tuple(str(v).lower() for v in test.value)
    if kind == "condition":
        return ("pod", "model", "server", "pipeline", "experiment", "seldonruntime")
    return (_KIND_OF.get(kind, kind),)


def coverage(
    frames: Mapping[str, pl.DataFrame],
    period: tuple[int, int] | None,
    cut: frozenset[str] = frozenset(),
    collected: int | None = None,
) -> Coverage:
    """Return what was collected.

    Args:
        frames: placed by `timeline.on_one_clock`.
        period: first and last microsecond of the bundle.
        cut: members that visibly end early (a broken archive, an example that says so).
        collected: the latest moment that anything names, in microseconds.
    """
    streams: list[Stream] = []
    for source, frame in frames.items():
        if source.startswith("log.") and frame.height:
            streams.extend(_streams(source, frame, period, cut))
    followed = {(s.source, s.namespace, s.pod, s.container) for s in streams if s.previous and s.head == "whole"}
    joined = tuple(
        replace(s, head="whole")
        if s.head != "whole" and not s.previous and (s.source, s.namespace, s.pod, s.container) in followed
        else s
        for s in streams
    )
    listed: set[tuple[str, str | None]] = set()
    listing = frames.get("k8s.listing")
    if listing is not None:
        listed.update(
            (str(kind).lower(), namespace) for kind, namespace in listing.select("kind", "namespace").iter_rows()
        )
    if any(kind == "event" for kind, _ in listed) or ("k8s.event" in frames and frames["k8s.event"].height):
        listed.add(("event", None))
    objects: dict[str, frozenset[str]] = {}
    tabled: set[tuple[str, str | None]] = set()
    whole: set[tuple[str, str | None]] = set()
    for source, frame in frames.items():
        if source.startswith("k8s.") and {"namespace", "name"} <= set(frame.columns):
            objects[source.removeprefix("k8s.")] = frozenset(
                f"{ns or ''}/{name}" for ns, name in frame.select("namespace", "name").iter_rows() if name
            )
        if source.startswith("k8s.") and {"namespace", "form"} <= set(frame.columns):
            kind, table = source.removeprefix("k8s."), pl.col("form") == "table"
            tabled.update((kind, space) for space in frame.filter(table)["namespace"].unique())
            whole.update((kind, space) for space in frame.filter(~table)["namespace"].unique())
    kinds = frozenset(frames)  # a frame without rows was dumped, and held nothing
    told = (frozenset(tabled), frozenset(whole), collected)
    return Coverage(joined, frozenset(listed), kinds, period, objects, *told, home=_home(joined, objects))


def _home(streams: Sequence[Stream], objects: Mapping[str, frozenset[str]]) -> str | None:
    """Return the namespace in which all of Seldon's parts are that say theirs; the operator may have one of its own."""
    spaces = {s.namespace for s in streams if s.source in AT_HOME}
    spaces |= {named.partition("/")[0] for kind in ("model", "server", "pipeline") for named in objects.get(kind, ())}
    told = sorted(space for space in spaces if space)
    return told[0] if len(told) == 1 else None


def _oldest(part: pl.DataFrame, dated: pl.DataFrame) -> pl.Series:
    """Return the first lines of a log; log stores export the newest line first."""
    times = dated["earliest"]
    if dated.height > 1 and times[0] > times[-1] and times.is_sorted(descending=True):
        return part["text"].tail(HEAD).reverse()
    return part["text"].head(HEAD)


STREAM = ("member", "pod", "container", "namespace", "previous", "time", "earliest", "latest", "level", "text")


def _streams(source: str, frame: pl.DataFrame, period: tuple[int, int] | None, cut: frozenset[str]) -> list[Stream]:
    grouped: dict[str, list[Stream]] = defaultdict(list)
    for (member, pod, container), part in frame.select(STREAM).group_by(STREAM[:3], maintain_order=True):
        dated = part.select("time", "earliest", "latest").filter(pl.col("time").is_not_null())
        first = dated.select(pl.col("earliest").min().cast(pl.Int64)).item() if dated.height else None
        last = dated.select(pl.col("latest").max().cast(pl.Int64)).item() if dated.height else None
        previous = bool(part["previous"][0])
        until = last
        if not previous and member not in cut and period is not None:
            until = max(period[1], last or 0)
        opening = "\n".join(_oldest(part, dated).to_list())
        started = source in UNCUT or any(START.search(line) for line in opening.split("\n"))
        head = "cut" if not started else "whole"
        if member in cut:
            head = "cut"
        level = part["level"].min() if part["level"].null_count() < part.height else None
        grouped[str(member)].append(
            Stream(
                source,
                str(member),
                part["namespace"][0],
                None if pod is None else str(pod),
                None if container is None else str(container),
                previous,
                first,
                last,
                until,
                head,
                str(level) if level is not None else None,
                part.height,
            )
        )
    return [s for some in grouped.values() for s in some]
