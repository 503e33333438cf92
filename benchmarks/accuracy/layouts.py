"""Ways in which customers send the same installation: folders, prefixes, wrappers, renamed files.

Source: `crictl`/containerd log files under /var/log/pods, `oc adm inspect`, `kubectl logs --prefix --timestamps`,
Docker's json-file driver.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import yaml

from benchmarks.accuracy import dumps, objects
from benchmarks.accuracy.model import Line, World


class Dumper(yaml.CSafeDumper):
    """Writes every object in full, as kubectl does."""

    def ignore_aliases(self, data: object) -> bool:
        return True


@dataclass(slots=True)
class Written:
    """A bundle: its files, and which lines of them prove what."""

    files: dict[str, str] = field(default_factory=dict)
    proofs: list[tuple[str, int, int, str]] = field(default_factory=list)

    def put(self, member: str, text: str) -> None:
        """Add a file that proves nothing."""
        self.files[member] = text

    def save(self, folder: Path) -> None:
        """Write the files under `folder`."""
        for member, text in self.files.items():
            path = folder / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def nanos(at: datetime) -> str:
    """Return a container runtime's stamp."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}123Z"


def wrapped(lines: list[Line], wrap: Callable[[datetime, str], str], out: Written, member: str) -> None:
    """Write records one physical line after the other, each wrapped, and note what they prove."""
    rows: list[str] = []
    for line in lines:
        first = len(rows) + 1
        rows += [wrap(line.at, part) for part in line.text.split("\n")]
        if line.proves:
            out.proofs.append((member, first, len(rows), line.proves))
    out.files[member] = "".join(f"{row}\n" for row in rows)


def documents(parts: list[objects.Proved], out: Written, member: str, as_json: bool) -> None:
    """Write objects as a list, and note where each stands."""
    if as_json:
        text = json.dumps({"apiVersion": "v1", "items": [], "kind": "List"}, indent=4)
        head, tail = text.split("[]")
        chunks, at = [], head.count("\n") + 2
        for body, proves in parts:
            chunk = "\n".join(" " * 8 + row for row in json.dumps(body, indent=4, sort_keys=True).split("\n"))
            rows = chunk.count("\n") + 1
            if proves:
                out.proofs.append((member, at, at + rows - 1, proves))
            chunks.append(chunk)
            at += rows
        out.files[member] = head + "[\n" + ",\n".join(chunks) + "\n    ]" + tail + "\n"
        return
    rows = ["apiVersion: v1", "items:"]
    for body, proves in parts:
        text = yaml.dump([body], Dumper=Dumper, sort_keys=True, default_flow_style=False, width=10**6).rstrip("\n")
        first = len(rows) + 1
        rows += text.split("\n")
        if proves:
            out.proofs.append((member, first, len(rows), proves))
    out.files[member] = "\n".join([*rows, "kind: List", "metadata:", '  resourceVersion: ""']) + "\n"


def plain(_: datetime, text: str) -> str:
    """`kubectl logs`."""
    return text


def cri(at: datetime, text: str) -> str:
    """Container runtime files of a node."""
    return f"{nanos(at)} stderr F {text}"


def docker(at: datetime, text: str) -> str:
    """Docker's json-file driver."""
    return json.dumps({"log": f"{text}\n", "stream": "stderr", "time": nanos(at)})


def stamped(at: datetime, text: str) -> str:
    """`kubectl logs --timestamps`."""
    return f"{nanos(at)} {text}"


LAYOUTS = ("flat", "renamed", "cri", "must-gather", "prefix", "docker")
EMPTY_LISTS = {"NetworkPolicy": "networkpolicies", "ResourceQuota": "resourcequotas"}


def write(world: World, layout: str, rng: Random, without: frozenset[str] = frozenset()) -> Written:
    """Return the bundle of `world` in a layout, and of its neighbour beside it."""
    out = one(world, layout, rng, without)
    if world.neighbour:
        beside = one(world.neighbour, layout, rng, without)
        folder = "case-b/" if layout == "renamed" else f"{world.neighbour.namespace}/"
        out.files |= {folder + member: text for member, text in beside.files.items()}
        out.proofs += [(folder + member, first, last, proves) for member, first, last, proves in beside.proofs]
    return out


def one(world: World, layout: str, rng: Random, without: frozenset[str] = frozenset()) -> Written:
    """Return the bundle of one installation; `without` leaves out logs (agent, scheduler …), objects, events, envoy."""
    out = Written()
    pods: dict[str, str] = {}
    for (pod, container, previous), given in sorted(world.logs.items()):
        ns = world.homes.get(pod, world.namespace)
        source = {"manager": "operator", "dataflow-engine": "dataflow"}.get(container, container)
        if source in without:
            continue
        lines = sorted(given, key=lambda line: line.at)
        uid = pods.setdefault(pod, f"{rng.getrandbits(32):08x}-5c4b-4a39-9281-{rng.getrandbits(48):012x}")
        short = f"{container}.previous" if previous else container
        if layout == "cri":
            member, wrap = (
                f"var/log/pods/{ns}_{pod}_{uid}/{container}/{0 if previous else int(previous_of(world, pod, container))}.log",
                cri,
            )
        elif layout == "must-gather":
            kind = "previous" if previous else "current"
            member, wrap = (
                f"inspect.local.1/namespaces/{ns}/pods/{pod}/{container}/{container}/logs/{kind}.log",
                stamped,
            )
        elif layout == "docker":
            member, wrap = f"containers/{pod}_{ns}_{short}.log", docker
        elif layout == "prefix":
            member = f"logs/{pod}-{short}.log"
            wrap = prefixed(pod, container)
        elif layout == "renamed":
            member, wrap = f"case/{len(out.files):02}-{short.replace('previous', 'before')}.txt", plain
        else:
            member, wrap = f"{pod}_{short}.log", plain
        wrapped(lines, wrap, out, member)
    ns = world.namespace
    if world.access and "access" not in without:
        wrapped(sorted(world.access, key=lambda x: x.at), plain, out, "envoy/access.log")
    if "envoy-dumps" not in without and not world.no_envoy:
        out.put("envoy/stats.txt", dumps.envoy_stats(world))
        out.put("envoy/clusters.txt", dumps.envoy_clusters(world))
        out.put("envoy/config_dump.json", json.dumps(dumps.envoy_config(world), indent=1))
    if "client" not in without and world.client:
        out.put("client.txt", "\n".join(world.client))
    if "objects" not in without:
        put_objects(world, layout, out)
    if "events" not in without:
        member = {"must-gather": f"inspect.local.1/namespaces/{ns}/core/events.yaml"}.get(layout, f"{ns}-events.yaml")
        documents(objects.event_objects(world), out, member, False)
    if "tables" not in without and layout in ("flat", "prefix"):
        out.put("pods.txt", objects.tables(world))
    return out


def previous_of(world: World, pod: str, container: str) -> bool:
    """Whether a container has a log of its previous run."""
    return (pod, container, True) in world.logs


def prefixed(pod: str, container: str) -> Callable[[datetime, str], str]:
    """`kubectl logs --prefix --timestamps`."""
    return lambda at, text: f"[pod/{pod}/{container}] {nanos(at)} {text}"


def put_objects(world: World, layout: str, out: Written) -> None:
    """Write the objects: one file, or one a kind; what does not exist is an empty list."""
    groups: dict[str, list[objects.Proved]] = {}
    beside: dict[str, dict[str, list[objects.Proved]]] = {}
    folders = layout in ("must-gather", "cri")
    for body, proves in objects.collected(world):
        namespace = body["metadata"].get("namespace", world.namespace)
        own = namespace == world.namespace or world.furnished is None or not folders
        where = groups if own else beside.setdefault(namespace, {})
        where.setdefault(body["kind"], []).append((body, proves))
    alone = EMPTY_LISTS | world.empty
    for namespace, kinds in beside.items():
        listed = {kind: f"{kind.lower()}s" for kind in (*kinds, *groups)}
        for kind, name in listed.items():
            member = f"inspect.local.1/namespaces/{namespace}/core/{name}.yaml"
            documents(kinds.get(kind, []), out, member, False)
    for kind in alone:
        groups.setdefault(kind, [])
    if folders:
        for kind, parts in groups.items():
            group = (
                str(parts[0][0]["apiVersion"]).rpartition("/")[0] or "core"
                if parts
                else "networking.k8s.io"
                if kind == "NetworkPolicy"
                else "core"
            )
            name = alone.get(kind, f"{kind.lower()}s")
            documents(parts, out, f"inspect.local.1/namespaces/{world.namespace}/{group}/{name}.yaml", False)
        return
    everything = [part for kind, parts in groups.items() if kind not in alone for part in parts]
    documents(
        everything,
        out,
        "resources.json" if layout == "docker" else f"{world.namespace}-resources.yaml",
        layout == "docker",
    )
    for kind, name in alone.items():
        documents(groups[kind], out, f"{name}.yaml", False)
