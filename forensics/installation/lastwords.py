"""The last word of the scheduler, the agents and the model servers about a model, from what their logs say.

A last word stands until the process that spoke it starts anew. What a log with a cut head does not mention is unknown;
what a whole log does not mention was not done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from forensics.installation.links import Topology
from forensics.installation.placement import log, whole
from forensics.intake.rows import Row

Key = tuple[str | None, str]
Said = Mapping[str, Any]
RANK = {"broken": 0, "pending": 1, "ok": 2, "gone": 3, "unknown": 4}


@dataclass(frozen=True, slots=True)
class Word:
    """A layer's last word: ok, broken, pending, gone (deleted on purpose) or unknown; why, and by which rows."""

    state: str
    detail: str = ""
    rows: tuple[Row, ...] = ()
    version: int | None = None
    server: str | None = None


NOTHING = Word("unknown")
WAITS = "^(?:Signalling synchroniser|Scheduler is ready)"


def worst(words: Iterable[Word]) -> Word:
    """Return the worst of several words; what is unknown counts only where nothing else is known."""
    return min(words, key=lambda w: RANK[w.state], default=NOTHING)


class Layers:
    """What the logs of a bundle say, ready to be asked model by model."""

    def __init__(self, frames: Mapping[str, pl.DataFrame], topology: Topology) -> None:
        self.topology = topology
        said = topology.said
        by = ("source", "previous", "namespace", "pod", "member", "word", "model", "version", "server", "replica")
        self.said = said.unique((*by, "pipeline", "experiment"), keep="last", maintain_order=True)
        self.of: dict[tuple[str, str, Key], list[Said]] = defaultdict(list)
        self.events: list[Said] = []
        for row in self.said.iter_rows(named=True):
            space = topology.home(row["namespace"])
            for kind in ("model", "pipeline", "experiment"):
                if row[kind]:
                    self.of[kind, row["layer"], (space, row[kind])].append(row)
            if not row["model"]:
                self.events.append(row)
        self.logs = {
            source: log(frames, source) for source in ("log.scheduler", "log.agent", "log.mlserver", "log.triton")
        }
        self.whole = {source: whole(frame, source) for source, frame in self.logs.items()}

    def keys(self, kind: str) -> set[Key]:
        """Return the models, pipelines or experiments that any log names."""
        alone = self.logs["log.scheduler"].is_empty() and self.logs["log.agent"].is_empty()
        return {
            key
            for (of, layer, key), said in self.of.items()
            # A model server knows names of its own; Seldon's end in the version.
            if of == kind and (layer != "server" or alone or said[-1]["version"] is not None)
        }

    def resource(self, kind: str, key: Key) -> Word:
        """Return the state the scheduler last told the controller."""
        said = self.of.get((kind, "resource", key), [])
        return _word(said[-1]) if said else NOTHING

    def scheduler(self, kind: str, key: Key) -> Word:
        """Return the scheduler's last word."""
        said = self.of.get((kind, "scheduler", key), [])
        now = [s for s in said if not s["previous"]]
        if not now:
            return self._silent(key[0], said)
        live, server, version = self._live(key[0], now)
        if server is None:
            _, server, version = self._live(key[0], said)
        words = [s for s in now if s["word"] in ("ok", "broken", "pending", "gone")]
        if live and any(s["word"] != "gone" for s in words):
            words = [s for s in words if s["word"] != "gone"]
        routed = [s for s in now if s["word"] == "routed"]
        if not words and not routed:
            return NOTHING
        last = words[-1] if words else routed[-1]
        # A pipeline is routed before anything runs it; a model only once it is loaded.
        if kind == "model" and routed and routed[-1]["order"] > last["order"] and not _failed(last):
            last = routed[-1]
        made = _word(_named(words, last))
        left = self._left(key[0], now, last)
        if made.state == "ok" and left and not live:
            made = Word("broken", str(left["detail"]), (_row(left),))
        return Word(made.state, made.detail, made.rows, version, None if made.state == "gone" else server)

    def _silent(self, space: str | None, said: Sequence[Said]) -> Word:
        """Return the word of a scheduler whose running log does not name the thing."""
        running = self._running("log.scheduler", space)
        if running.is_empty():
            return _word(said[-1]) if said else NOTHING
        if not set(running["member"]) & self.whole["log.scheduler"]:
            return NOTHING
        waits = running.filter(pl.col("text").str.contains(WAITS))
        shown = waits.tail(1) if not waits.is_empty() else running.head(1)
        row = ("log.scheduler", int(shown["row"][0]))
        return Word("pending", "the scheduler has said nothing of it since its start", (row,))

    def _running(self, source: str, space: str | None) -> pl.DataFrame:
        frame = self.logs[source]
        if frame.is_empty():
            return frame
        return frame.filter(
            ~pl.col("previous") & (pl.col("namespace").eq_missing(pl.lit(space)) | pl.col("namespace").is_null())
        )

    def _live(self, space: str | None, said: Sequence[Said]) -> tuple[set[tuple[Any, ...]], str | None, int | None]:
        """Return the placements that still stand, and the last server and version."""
        live: dict[tuple[Any, ...], int] = {}
        server = version = None
        for s in said:
            place = (s["version"], s["server"], s["replica"])
            if s["word"] == "placed":
                live[place] = s["order"]
                server, version = s["server"], s["version"]
            elif s["word"] == "removed" and live.get(place, -1) < s["order"]:
                live.pop(place, None)
        for event in self._events("scheduler", "left", space):
            for place in [p for p, order in live.items() if p[1] == event["server"] and order < event["order"]]:
                if event["replica"] in (place[2], None):
                    del live[place]
        return set(live), server, version

    def _left(self, space: str | None, said: Sequence[Said], last: Said) -> Said | None:
        servers = {s["server"] for s in said if s["word"] == "placed"}
        gone = [
            e for e in self._events("scheduler", "left", space) if e["server"] in servers and e["order"] > last["order"]
        ]
        return gone[-1] if gone else None

    def _events(self, layer: str, word: str, space: str | None) -> list[Said]:
        return [
            e
            for e in self.events
            if e["layer"] == layer and e["word"] == word and self.topology.home(e["namespace"]) == space
        ]

    def agent(self, key: Key) -> Word:
        """Return the agents' last word about a model: the worst of the replicas."""
        said = self.of.get(("model", "agent", key), [])
        starts = {_place(e): e["order"] for e in self._events("agent", "lost", key[0])}
        valid = [s for s in said if s["order"] > starts.get(_place(s), -1)]
        if not valid:
            return self._unasked("log.agent", key[0], "the agent was not asked to load it", said)
        loads = [s for s in valid if s["word"] != "gone"] or valid
        version = loads[-1]["version"]
        return self._by_pod([s for s in valid if s["version"] in (version, None)])

    def server(self, key: Key) -> Word:
        """Return the model servers' last word about a model: the worst of the replicas."""
        said = self.of.get(("model", "server", key), [])
        restarted = {_place(s) for s in self._starts("log.mlserver") + self._starts("log.triton")}
        valid = [s for s in said if not (s["previous"] and _place(s) in restarted)]
        if not valid:
            source = "log.triton" if self.logs["log.mlserver"].is_empty() else "log.mlserver"
            return self._unasked(source, key[0], "the model server has not loaded it since its start", said)
        loads = [s for s in valid if s["word"] != "gone"] or valid
        version = loads[-1]["version"]
        mine = [s for s in valid if s["version"] in (version, None)]
        failed = {_place(s): s for s in mine if s["word"] in ("ok", "broken")}
        # A failed load prints "Unloaded" too, in no fixed order.
        kept = [s for s in mine if s["word"] != "gone" or failed.get(_place(s), s)["word"] != "broken"]
        return self._by_pod(kept)

    def _starts(self, source: str) -> list[Said]:
        """Return where processes that run now began, in logs whose head is whole."""
        frame = self.logs[source]
        if frame.is_empty():
            return []
        heads = frame.filter(~pl.col("previous") & pl.col("member").is_in(list(self.whole[source])))
        return list(heads.unique("member", keep="first", maintain_order=True).iter_rows(named=True))

    def _by_pod(self, said: Sequence[Said]) -> Word:
        last: dict[object, Said] = {}
        for s in said:
            last[_place(s)] = s
        words = [_word(s) for s in last.values()]
        live = [w for w in words if w.state != "gone"]
        return worst(live or words)

    def _unasked(self, source: str, space: str | None, why: str, said: Sequence[Said]) -> Word:
        running = self._running(source, space)
        if running.is_empty():
            return _word(said[-1]) if said else NOTHING
        if not set(running["member"]) <= self.whole[source]:
            return NOTHING
        rows = tuple(_row(s) for s in said[-1:]) or ((source, int(running["row"][0])),)
        return Word("pending", why, rows)


def _failed(said: Said) -> bool:
    """Whether a word stands though the model is routed: its new version failed, and the old one serves."""
    return said["word"] == "broken" and "Updating state" in str(said["detail"])


def _named(words: Sequence[Said], last: Said) -> Said:
    """Return the record that gives the reason, where the last one is only its echo."""
    if not str(last["detail"]).startswith("Empty server"):
        return last
    for said in reversed(words):
        if said["word"] != "broken":
            break
        if not str(said["detail"]).startswith("Empty server"):
            return said
    return last


def _word(said: Said) -> Word:
    return Word(
        "ok" if said["word"] == "routed" else said["word"],
        str(said["detail"]),
        (_row(said),),
        said["version"],
        said["server"],
    )


def _row(said: Said) -> Row:
    return (said["source"], int(said["row"]))


def _place(said: Said) -> tuple[str | None, str]:
    """Return whose word it is: the pod's, else the file's."""
    return (said["namespace"], said["pod"] or said["member"])
