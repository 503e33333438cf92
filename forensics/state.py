"""The last word of every layer about every Model, Pipeline, Experiment and Server.

A link is `ok`, `broken`, `pending` (not yet, or waiting for the link before it) or `unknown` (that layer was not
collected, or only its tail). The first broken link, in the order of `LINKS`, names the row.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from forensics.installation.lastwords import NOTHING, Key, Layers, Word, worst
from forensics.installation.links import Topology
from forensics.installation.placement import STATES
from forensics.installation.routes import cited, expected_routes
from forensics.installation.serverstate import servers
from forensics.installation.wiring import Wiring
from forensics.intake.rows import Row, mapping, parsed, rows_of, sequence
from parsers.schema import LINKS, SOURCES, empty

KINDS = ("model", "pipeline", "experiment")
DIAL = (
    "connection refused",
    "produced zero addresses",
    "error while dialing",
    "i/o timeout",
    "deadline exceeded",
    "no such host",
    "closing",
    "code = unavailable",
)
_WRITER = re.compile(r" (?:Name|func|source)=[^ ]+(?= |$)")
FORMS = {"object": 0, "describe": 1, "table": 2}

Thing = tuple[Row, dict[str, Any]]


def told(detail: str) -> str:
    """Return the words of a record without the fields that only say where in the program they were written.

    Source: the fields Seldon Core v2's Go components set on their loggers (`Name`, `func`, `source`), v2.9.1.
    """
    return _WRITER.sub("", detail).replace(" error=", ": ", 1)


def last_words(frames: Mapping[str, pl.DataFrame], topology: Topology) -> dict[str, pl.DataFrame]:
    """Return the state of everything the bundle names, link by link.

    Args:
        frames: source name to frame.
        topology: of the same bundle.

    Returns:
        `state.model`, `state.pipeline`, `state.experiment` and `state.server`, columns of `parsers/schema.py`. `raw`
        is a JSON list of all rows it rests on: source, row, member, line, lines, the link, and the link's detail.
    """
    frames = topology.frames or frames
    table = _Table(frames, topology)
    models = {key: table.model(key) for key in table.keys("model")}
    rows: dict[str, list[dict[str, Any]]] = {"model": [], "pipeline": [], "experiment": []}
    for key, links in models.items():
        extra = {
            "on_server": table.server(key, links["scheduler"]),
            "version": links["scheduler"].version or links["agent"].version,
        }
        rows["model"].append(table.row("model", key, links) | extra)
    for kind in ("pipeline", "experiment"):
        rows[kind] = [table.row(kind, key, table.composed(kind, key, models)) for key in table.keys(kind)]
    made = {
        f"state.{kind}": pl.DataFrame(found, schema=SOURCES[f"state.{kind}"].schema)
        if found
        else empty(f"state.{kind}")
        for kind, found in rows.items()
    }
    return made | {"state.server": servers(frames, topology, made["state.model"])}


def state_table(frames: Mapping[str, pl.DataFrame], states: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """Return the states as the document holds them.

    Args:
        frames: source name to frame.
        states: what `last_words` returned.

    Returns:
        One dict a thing: kind, namespace, name, links (link, state, detail, cites as source and row), broken.
    """
    table = []
    for kind in KINDS:
        for row in states[f"state.{kind}"].iter_rows(named=True):
            cites = sequence(parsed(row["raw"]))
            links = [
                {
                    "link": link,
                    "state": row[link],
                    "detail": next((c["detail"] for c in cites if c["link"] == link), ""),
                    "cites": [(c["source"], c["row"]) for c in cites if c["link"] == link],
                }
                for link in LINKS
            ]
            thing = {"kind": kind, "namespace": row["namespace"], "name": row["name"]}
            table.append(thing | {"links": links, "broken": row["broken"]})
    return table


class _Table:
    """The layers of a bundle, asked thing by thing."""

    def __init__(self, frames: Mapping[str, pl.DataFrame], topology: Topology) -> None:
        self.frames = frames
        self.topology = topology
        self.layers = Layers(frames, topology)
        self.wiring = Wiring(frames, topology, expected_routes(frames, topology))
        self.things: dict[tuple[str, Key], list[Thing]] = {}
        for kind in KINDS:
            for row, thing in rows_of(frames, f"k8s.{kind}"):
                self.things.setdefault((kind, (topology.home(thing["namespace"]), thing["name"])), []).append(
                    (row, thing)
                )

    def keys(self, kind: str) -> list[Key]:
        """Return everything of a kind that objects, logs or routes name, in order."""
        found = {key for of, key in self.things if of == kind} | self.layers.keys(kind) | self.wiring.keys(kind)
        return sorted(found, key=lambda key: (key[0] or "", key[1]))

    def model(self, key: Key) -> dict[str, Word]:
        """Return a model's links."""
        links = {
            "resource": self.resource("model", key),
            "scheduler": self.layers.scheduler("model", key),
            "agent": self.layers.agent(key),
            "server": self.layers.server(key),
        }
        gone = links["scheduler"].state == "gone" or (links["resource"].state == "gone")
        if links["server"].state == "gone" and links["agent"].state == "ok":
            links["server"] = Word("ok", "unloaded to make room; loaded again when called", links["server"].rows)
        links |= self.wiring.links("model", key, gone)
        deleted = gone and ("model", key) not in self.things
        return {link: _settled(links[link], deleted) for link in LINKS}

    def composed(self, kind: str, key: Key, models: Mapping[Key, Mapping[str, Word]]) -> dict[str, Word]:
        """Return the links of a pipeline or experiment; agent and server are the worst of its parts."""
        links = {"resource": self.resource(kind, key), "scheduler": self.layers.scheduler(kind, key)}
        if not self.layers.of.get((kind, "scheduler", key)):
            links["scheduler"] = NOTHING
        gone = links["scheduler"].state == "gone" or links["resource"].state == "gone"
        links |= self.wiring.links(kind, key, gone)
        parts = [models[key[0], name] for name in self._parts(kind, key) if (key[0], name) in models]
        for link in ("agent", "server"):
            words = [p[link] for p in parts]
            bad = [w for w in words if w.state in ("broken", "pending")]
            links[link] = worst(bad) if bad else worst(w for w in words if w.state == "ok") if words else NOTHING
        deleted = gone and (kind, key) not in self.things
        return {link: _settled(links[link], deleted) for link in LINKS}

    def server(self, key: Key, told: Word) -> str | None:
        """Return the server a model is on: as the scheduler says, else the only one that anything proves."""
        if told.server:
            return told.server
        if told.state == "broken" or self.layers.scheduler("model", key).state == "gone":
            return None
        below = self.topology.below(("model", *key))
        names = {thing[2] for thing, link in below.items() if thing[0] == "server" and link.state == "proven"}
        return next(iter(names)) if len(names) == 1 else None

    def _parts(self, kind: str, key: Key) -> list[str]:
        """Return the models a pipeline or experiment rests on."""
        return sorted(thing[2] for thing in self.topology.below((kind, *key)) if thing[0] == "model")

    def resource(self, kind: str, key: Key) -> Word:
        """Return what the object's status says, else what the controller was told."""
        found = [t for t in self.things.get((kind, key), []) if not _manifest(t[1])]
        told = self.layers.resource(kind, key)
        if found:
            row, thing = min(found, key=lambda t: (FORMS.get(t[1]["form"], 3), _staleness(t[1])))
            return _status(kind, row, thing)
        if told.state != "unknown":
            return told
        listed = self._unlisted(kind, key)
        if listed:
            return Word("gone", f"no such {kind.capitalize()} in the list that was dumped", (listed,))
        return NOTHING

    def _unlisted(self, kind: str, key: Key) -> Row | None:
        if (kind, key) in self.things:
            return None
        for row, listing in rows_of(self.frames, "k8s.listing"):
            if listing["kind"] == kind and listing.get("complete") and listing["namespace"] in (key[0], None):
                return row
        return None

    def row(self, kind: str, key: Key, links: Mapping[str, Word]) -> dict[str, Any]:
        """Return a row of `state.<kind>`, cited by its first broken link, else by its object, else by any word."""
        broken = next((link for link in LINKS if links[link].state == "broken"), None)
        order = [broken] if broken else [link for link in LINKS if links[link].state == "pending"]
        first = next((links[link].rows[0] for link in (*order, *LINKS) if links[link].rows), None)
        place = cited(self.frames, (first,))[0] if first else {}
        raw = [
            {**cite, "link": link, "detail": told(links[link].detail)}
            for link in LINKS
            for cite in cited(self.frames, links[link].rows)
        ]
        return {
            **{k: place.get(k) for k in ("member", "line", "lines")},
            "at": None,
            "namespace": key[0],
            "name": key[1],
            "raw": json.dumps(raw),
            **{link: links[link].state for link in LINKS},
            "broken": broken,
            "detail": told(links[broken].detail) if broken else None,
        }


def _settled(word: Word, deleted: bool) -> Word:
    """Turn what is gone into ok where it was deleted on purpose, else into pending."""
    if word.state != "gone":
        return word
    detail = word.detail or "deleted"
    return Word("ok" if deleted else "pending", detail, word.rows, word.version, word.server)


def _manifest(thing: Mapping[str, Any]) -> bool:
    """Whether an object is what somebody applied, and not what the API server holds."""
    status = mapping(parsed(thing["raw"])).get("status")
    named = [thing.get(k) for k in ("is_ready", "state", "reason")]
    return not status and thing["created"] is None and not any(v is not None for v in named)


def _staleness(thing: Mapping[str, Any]) -> float:
    return -thing["at"].timestamp() if thing["at"] else 0.0


def _status(kind: str, row: Row, thing: Mapping[str, Any]) -> Word:
    state, reason = thing.get("state"), thing["reason"]
    detail = ": ".join(str(part) for part in (state, reason) if part) or ("Ready" if thing["is_ready"] else "not Ready")
    if thing["deleted"] is not None:
        return Word("pending", "being deleted", (row,))
    if _dialling(reason) and not thing["is_ready"] and state in (None, "", "ModelProgressing", "PipelineCreating"):
        return Word("pending", f"{detail} (may be left over from the start)", (row,))
    if kind == "model" and state in STATES:
        return Word({"gone": "pending"}.get(STATES[state], STATES[state]), detail, (row,))
    if thing["is_ready"]:
        return Word("ok", detail, (row,))
    if kind == "pipeline" and state in ("PipelineCreate", "PipelineCreating", "PipelineRebalancing"):
        waits = "no dataflow engines" in str(reason) or "o pipeline gateway" in str(reason)
        return Word("broken" if waits else "pending", detail, (row,))
    if thing["is_ready"] is None:
        return Word("pending", "no status yet", (row,))
    return Word("broken", detail, (row,))


def _dialling(reason: object) -> bool:
    text = str(reason or "").lower()
    return any(word in text for word in DIAL)
