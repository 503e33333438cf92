"""What belongs to what: models, servers, pods, nodes, routes and clusters, and whether two subjects are connected.

Things are nodes `(kind, namespace, name)` of a directed graph that runs the way dependence runs:
pipeline or experiment → model → server → pod → node; route → cluster → pod; service → pod; pod → policy.
Two things are connected when one reaches the other, so two models on one server, or two pods on one node, are not.
Everything of a namespace is beside that linked to its scheduler, its controller and its Envoy.

`forensics/topology.py` builds the graph; this module answers from it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from forensics.intake.rows import Row
from parsers.schema import NAMES

Thing = tuple[str, str | None, str]  # kind, namespace, name

PROVEN, ASSUMED, NONE = "proven", "assumed", "none"
NO_NAMESPACE = "which namespace is not known"
LOGICAL = ("model", "pipeline", "experiment", "route", "cluster", "topic")
USED = ("secret", "configmap", "claim", "account")
BELOW = ("ingress", "server", "workload", "service", "pod", "policy", "node", "scheduler", "runtime", *USED)
HUBS = ("scheduler", "envoy", "operator")  # what everything of a namespace is linked to
HUB_NAMES = {
    "seldon-scheduler": "scheduler",
    "seldon-envoy": "envoy",
    "seldon-mesh": "envoy",
    "seldon-v2-controller-manager": "operator",
    "seldon-controller-manager": "operator",
}


@dataclass(frozen=True, slots=True)
class Link:
    """Whether and why two things are connected.

    Attributes:
        state: proven (rows named), assumed (the only candidate in the bundle) or none.
        reason: in words.
        rows: source and row index in its frame that prove it.
        rests: whether the second rests on what the first names: the same thing, one that lies below it, or all of the
            namespace, its scheduler, controller or Envoy. Two things that merely share a scheduler do not.
    """

    state: str
    reason: str = ""
    rows: tuple[Row, ...] = ()
    rests: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """One step down the graph."""

    to: Thing
    reason: str
    rows: tuple[Row, ...] = ()
    proven: bool = True


@dataclass(slots=True)
class Topology:
    """The graph. `connect` makes it; nothing changes it afterwards."""

    edges: dict[Thing, dict[Thing, Edge]] = field(default_factory=lambda: defaultdict(dict))
    things: dict[Thing, tuple[Row, ...]] = field(default_factory=dict)
    hubs: dict[Thing, str] = field(default_factory=dict)  # pods, workloads, services of scheduler, Envoy, controller
    namespaces: set[str] = field(default_factory=set)  # where something of Seldon is
    said: pl.DataFrame = field(default_factory=pl.DataFrame)  # what the logs say: columns `placement.SAID`
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)  # with namespaces filled
    _reach: dict[Thing, dict[Thing, Link]] = field(default_factory=dict)
    _named: dict[tuple[str, str], list[Thing]] = field(default_factory=lambda: defaultdict(list))

    def add(self, thing: Thing, *rows: Row) -> Thing:
        """Note that `thing` occurs. Without a namespace it is put into the only one of its name, later."""
        if thing not in self.things:
            self._named[thing[0], thing[2]].append(thing)
            self.things[thing] = rows
        elif rows and not self.things[thing]:
            self.things[thing] = rows
        return thing

    def join(self, above: Thing, below: Thing, reason: str, *rows: Row, proven: bool = True) -> None:
        """Note that `above` depends on `below`; the first reason stays, save that a proof replaces an assumption."""
        if above == below:
            return
        self.add(above)
        self.add(below)
        known = self.edges[above].get(below)
        if known is None or (proven and not known.proven):
            self.edges[above][below] = Edge(below, reason, rows, proven)

    def home(self, namespace: str | None) -> str | None:
        """Return `namespace`, or the only namespace of Seldon where it is not known."""
        if namespace is None and len(self.namespaces) == 1:
            return next(iter(self.namespaces))
        return namespace

    def thing(self, kind: str, namespace: str | None, name: str) -> Thing:
        """Return the thing of that name, in the only namespace of Seldon where none is given."""
        return (kind, None if kind == "node" else self.home(namespace), name)

    def names(self, kind: str) -> frozenset[str]:
        """Return the names of all things of a kind; `namespace/name` where a name occurs in several namespaces."""
        if kind == "namespace":
            return frozenset(self.namespaces)
        by_name: dict[str, set[str | None]] = defaultdict(set)
        for of, namespace, name in self.things:
            if of == kind:
                by_name[name].add(namespace)
        return frozenset(
            name if len(spaces) == 1 else f"{space}/{name}" for name, spaces in by_name.items() for space in spaces
        )

    def below(self, thing: Thing) -> dict[Thing, Link]:
        """Return everything `thing` depends on, and the path there as one link."""
        if thing in self._reach:
            return self._reach[thing]
        found: dict[Thing, Link] = {thing: Link(PROVEN, "the same " + thing[0], self.things.get(thing, ()))}
        queue = [thing]
        for at in queue:
            if at[0] == "node" and at != thing:
                continue
            so_far = found[at]
            for edge in sorted(self.edges.get(at, {}).values(), key=lambda e: not e.proven):
                if edge.to in found:
                    continue
                proven = edge.proven and so_far.state == PROVEN
                reason = edge.reason if at == thing else f"{so_far.reason}; {edge.reason}"
                rows = edge.rows if at == thing else so_far.rows + edge.rows
                found[edge.to] = Link(PROVEN if proven else ASSUMED, reason, rows)
                queue.append(edge.to)
        self._reach[thing] = found
        return found

    def link(self, a: Mapping[str, str], b: Mapping[str, str]) -> Link:
        """Say whether two subjects concern the same or connected things.

        Args:
            a: names of one subject: kind (`NAMES`) to name.
            b: those of the other.
        """
        if not a or not b:
            return Link(ASSUMED, "the lines of one of them do not say what they are about")
        here, there = self._namespace(a), self._namespace(b)
        if here and there and here != there and not (self._controller(a) or self._controller(b)):
            return Link(NONE, "in two namespaces")
        spaced = [s for s in (a, b) if set(s) != {"node"}]
        lacking = len({"namespace" in s for s in spaced}) == 2
        left, right = self._resolve(a, here or there), self._resolve(b, there or here)
        best = self._hub(a, b, left, right, here, there)
        if self._conflict(a, b):
            left, right = _focus(left), _focus(right)
        for x in left:
            for y in right:
                best = _better(best, self._pair(x, y))
        blind = not any("namespace" in s for s in spaced)
        if best.state == PROVEN and (lacking or (blind and len(self.namespaces) > 1)):
            only = len(self.namespaces) <= 1 or all(self._only(s) for s in spaced if "namespace" not in s)
            reason = f"{best.reason}; the namespace of one is not known"
            return Link(ASSUMED, reason, best.rows) if only else Link(NONE, NO_NAMESPACE)
        if best.state == PROVEN and self._rests(a, b, left, right):
            return replace(best, rests=True)
        return best

    def _rests(self, a: Mapping[str, str], b: Mapping[str, str], left: list[Thing], right: list[Thing]) -> bool:
        """Whether what `b` is about lies on top of what `a` is about, or of something all of the namespace needs."""
        if not left or any(True for _ in self._hub_roles(a)):
            return True
        return any(x in self.below(y) for x in _focus(left) for y in _focus(right))

    def describe(self) -> list[dict[str, Any]]:
        """Return for each model what it depends on: plain data, sorted."""
        chains = []
        for thing in sorted(self.things, key=_key):
            if thing[0] != "model":
                continue
            chain: dict[str, Any] = {"namespace": thing[1], "model": thing[2]}
            for below, link in sorted(self.below(thing).items(), key=lambda item: _key(item[0])):
                if below != thing and link.state == PROVEN:
                    chain.setdefault(below[0], []).append(below[2])
            chains.append(chain)
        return chains

    def _namespace(self, subject: Mapping[str, str]) -> str | None:
        return subject.get("namespace") or self.home(None)

    def _controller(self, subject: Mapping[str, str]) -> bool:
        """Whether the subject is a controller, which may serve namespaces other than its own."""
        return any(hub == "operator" for hub in self._hub_roles(subject))

    def _hub_roles(self, subject: Mapping[str, str]) -> Iterator[str]:
        space = self._namespace(subject)
        for kind in ("pod", "workload", "service", "name", "scheduler"):
            name = subject.get(kind)
            if name is None:
                continue
            if kind == "scheduler":
                yield "scheduler"
            for of in ("pod", "workload", "service") if kind == "name" else (kind,):
                role = self.hubs.get((of, space, name)) or HUB_NAMES.get(name)
                if role:
                    yield role

    def _hub(
        self,
        a: Mapping[str, str],
        b: Mapping[str, str],
        left: list[Thing],
        right: list[Thing],
        here: str | None,
        there: str | None,
    ) -> Link:
        """Link what is the whole namespace, or its scheduler, controller or Envoy, to anything of it."""
        for mine, things, space in ((a, left, here), (b, right, there)):
            if not things and "namespace" in mine and set(mine) <= {"namespace", "container"}:
                return Link(PROVEN, f"all of namespace {space}")
        for things, others, space in ((left, right, there), (right, left, here)):
            under = self._under_hub(things, space) if {t[0] for t in others} != {"node"} else None
            if under:
                return under
        if {"node"} in ({t[0] for t in left}, {t[0] for t in right}) or self._conflict_of_hubs(a, b):
            return Link(NONE, "nothing they share")
        for mine in (a, b):
            for role in self._hub_roles(mine):
                rows = tuple(
                    row
                    for thing, of in self.hubs.items()
                    if of == role and thing[2] in mine.values()
                    for row in self.things.get(thing, ())
                )
                known = "namespace" in a and "namespace" in b
                state = PROVEN if known or len(self.namespaces) <= 1 else ASSUMED
                return Link(state, f"the {role} of their namespace", rows[:2])
        return Link(NONE, "nothing they share")

    def _under_hub(self, things: list[Thing], space: str | None) -> Link | None:
        """Link what the scheduler, the controller or Envoy of a namespace depends on to everything of it."""
        for thing in things:
            if thing[0] not in ("policy", "node", "workload", "service", *USED):
                continue
            for hub, role in self.hubs.items():
                if hub[0] != "pod" or (hub[1] != space and role != "operator"):
                    continue
                link = self.below(hub).get(thing)
                if link and link.state == PROVEN:
                    return Link(PROVEN, f"the {role} of their namespace; {link.reason}", link.rows)
        return None

    def _conflict_of_hubs(self, a: Mapping[str, str], b: Mapping[str, str]) -> bool:
        """Whether both are pods of the same hub: two Envoys do not depend on each other."""
        roles = set(self._hub_roles(a)) & set(self._hub_roles(b))
        return bool(roles) and "pod" in a and "pod" in b and a["pod"] != b["pod"]

    def _conflict(self, a: Mapping[str, str], b: Mapping[str, str]) -> bool:
        return any(k in a and k in b and a[k] != b[k] for k in NAMES if k not in ("namespace", "container", "node"))

    def _resolve(self, subject: Mapping[str, str], space: str | None) -> list[Thing]:
        """Return the things a subject names, without its namespace and container."""
        things: list[Thing] = []
        for kind, name in subject.items():
            if kind in ("namespace", "container"):
                continue
            if kind == "node":
                things.append(("node", None, name))
                continue
            kinds = [kind]
            if kind == "name":
                kinds = [of for of in (*LOGICAL, *BELOW) if (of, name) in self._named] or ["name"]
            for of in kinds:
                known = self._named.get((of, name), [])
                fits = [t for t in known if space is None or t[1] in (space, None)]
                things.extend(fits or [(of, space, name)])
        return list(dict.fromkeys(things))

    def _only(self, subject: Mapping[str, str]) -> bool:
        """Whether each thing a subject names occurs in one namespace at most."""
        return all(len({t[1] for t in self._named.get((kind, name), [])}) <= 1 for kind, name in subject.items())

    def _pair(self, x: Thing, y: Thing) -> Link:
        if x == y:
            return Link(PROVEN, "the same " + x[0], self.things.get(x, ()))
        down = self.below(x).get(y) if x in self.edges else None
        up = self.below(y).get(x) if y in self.edges else None
        return _better(down or Link(NONE, "nothing they share"), up or Link(NONE, "nothing they share"))


def _key(thing: Thing) -> tuple[str, str, str]:
    return (thing[0], thing[1] or "", thing[2])


def _better(one: Link, other: Link) -> Link:
    rank = {PROVEN: 0, ASSUMED: 1, NONE: 2}
    return min(one, other, key=lambda link: (rank[link.state], link.reason.count(";")))


def _focus(things: list[Thing]) -> list[Thing]:
    """Drop what only says where the subject is: server and pod of a model, server of a pod."""
    kinds = {t[0] for t in things}
    if kinds & set(LOGICAL):
        return [t for t in things if t[0] in LOGICAL]
    if "pod" in kinds:
        return [t for t in things if t[0] in ("pod", "policy", "service")]
    return [t for t in things if t[0] != "node"] or things
