"""Which installation pattern fits: what the dump shows, what speaks for and against each, and how far today is from it.

Three patterns: one runtime behind an Ingress, a runtime in each team's namespace, a service mesh over such runtimes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import polars as pl

from forensics.intake.rows import labels_of, rows_of
from forensics.reporting.view import counted

CENTRALISED, DISTRIBUTED, MESHED = "centralised with Ingress", "distributed per namespace", "service mesh"
TEAM_LABELS = ("team", "owner", "tenant", "app.kubernetes.io/part-of")
SIDECARS = ("istio-proxy", "linkerd-proxy")
MANY_MODELS = 50  # models in one runtime from which one scheduler and Envoy become everybody's bottleneck
_KINDS = ("k8s.model", "k8s.server", "k8s.pipeline")


@dataclass(frozen=True, slots=True)
class Today:
    """What a dump shows of an installation; None is what it does not show.

    Attributes:
        spaces: namespaces with Models, Servers or Pipelines.
        runtimes: namespaces with a scheduler or a SeldonRuntime.
        teams: values of the labels that name a team.
        models: how many Models.
        requests: calls that Envoy counted since it started.
        balancers: namespaces whose seldon-mesh has an address or port outside.
        ingresses: namespaces with an Ingress that leads to seldon-mesh.
        guarded: namespaces with a NetworkPolicy.
        sidecars: namespaces in which a pod of Seldon has a mesh's sidecar.
        bare: namespaces in which none has.
    """

    spaces: frozenset[str] = frozenset()
    runtimes: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    models: int | None = None
    requests: int | None = None
    balancers: frozenset[str] | None = None
    ingresses: frozenset[str] | None = None
    guarded: frozenset[str] | None = None
    sidecars: frozenset[str] | None = None
    bare: frozenset[str] | None = None


@dataclass(slots=True)
class _Weighed:
    pattern: str
    speaks_for: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    distance: list[str] = field(default_factory=list)


def placements(frames: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """Return the decision table, the best fit first; empty where nothing of Seldon was dumped.

    Each row: `pattern`, `for`, `against`, `unknown` (what would have to be known), `distance` (the steps from today's
    installation), `fit` (arguments for less those against). Equal fits keep the order of fewer steps.
    """
    today = seen(frames)
    if not today.spaces and not today.runtimes:
        return []
    weighed = [_centralised(today), _distributed(today), _meshed(today)]
    weighed.sort(key=lambda w: (len(w.against) - len(w.speaks_for), len(w.distance)))
    return [
        {
            "pattern": w.pattern,
            "fit": len(w.speaks_for) - len(w.against),
            "for": w.speaks_for,
            "against": w.against,
            "unknown": w.unknown,
            "distance": w.distance,
        }
        for w in weighed
    ]


def installation(frames: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Return what a dump shows of an installation, as plain data; null is what it does not show."""
    today = seen(frames)
    return {
        field.name: sorted(value) if isinstance(value := getattr(today, field.name), frozenset) else value
        for field in fields(today)
    }


def seen(frames: Mapping[str, pl.DataFrame]) -> Today:
    """Return what the frames show of an installation."""
    spaces = {str(r["namespace"]) for kind in _KINDS for _, r in rows_of(frames, kind) if r["namespace"]}
    pods = [r for _, r in rows_of(frames, "k8s.pod") if r["namespace"]]
    runtimes = {str(r["namespace"]) for r in pods if r["component"] == "scheduler"}
    runtimes |= {str(r["namespace"]) for _, r in rows_of(frames, "k8s.seldonruntime") if r["namespace"]}
    meshes = [r for _, r in rows_of(frames, "k8s.service") if r["name"] == "seldon-mesh" and r["namespace"]]
    containers = [r for _, r in rows_of(frames, "k8s.container") if r["component"] and r["namespace"] and r["pod"]]
    sidecars = {str(r["namespace"]) for r in containers if r["container"] in SIDECARS}
    return Today(
        frozenset(spaces),
        frozenset(runtimes),
        frozenset(_teams(frames)),
        frames["k8s.model"].n_unique(["namespace", "name"]) if "k8s.model" in frames else None,
        _requests(frames),
        frozenset(str(m["namespace"]) for m in meshes if m["type"] in ("LoadBalancer", "NodePort")) if meshes else None,
        _namespaces(frames, "k8s.ingress", "seldon-mesh"),
        _namespaces(frames, "k8s.networkpolicy"),
        frozenset(sidecars) if containers else None,
        frozenset({str(r["namespace"]) for r in containers} - sidecars) if containers else None,
    )


def _teams(frames: Mapping[str, pl.DataFrame]) -> set[str]:
    found: set[str] = set()
    for kind in _KINDS:
        for _, row in rows_of(frames, kind):
            labels = labels_of(row["labels"]) or {}
            found.update(labels[key] for key in TEAM_LABELS if labels.get(key))
    return found


def _namespaces(frames: Mapping[str, pl.DataFrame], source: str, holding: str = "") -> frozenset[str] | None:
    if source not in frames:
        return None
    rows = [r for _, r in rows_of(frames, source) if holding in str(r["raw"] or r.get("paths") or "")]
    return frozenset(str(r["namespace"]) for r in rows if r["namespace"])


def _requests(frames: Mapping[str, pl.DataFrame]) -> int | None:
    stats = frames.get("envoy.stat")
    if stats is None:
        return None
    total = stats.filter((pl.col("scope") == "http") & (pl.col("metric") == "downstream_rq_completed"))["value"]
    return int(total.sum()) if total.len() else None


def _several(today: Today) -> bool:
    return len(today.teams) > 1 or len(today.spaces) > 1


def _who(today: Today) -> str:
    if today.teams:
        return f"{len(today.teams)} teams by their labels: {_list(today.teams)}"
    return f"{len(today.spaces)} namespaces with resources: {_list(today.spaces)}"


def _centralised(today: Today) -> _Weighed:
    w = _Weighed(CENTRALISED)
    if _several(today):
        w.against.append(f"{_who(today)}: they would share one scheduler, one Envoy and their servers")
    else:
        w.speaks_for.append(f"one namespace and no second team ({_list(today.spaces or today.runtimes)})")
    if today.models is not None and today.models <= MANY_MODELS:
        w.speaks_for.append(f"{counted(today.models, 'Model')}: little for one scheduler")
    elif today.models is not None:
        w.against.append(f"{counted(today.models, 'Model')} would depend on one scheduler and one Envoy")
    if len(today.runtimes) > 1:
        outside = sorted(today.runtimes)[1:]
        w.distance.append(f"move what runs in {_list(outside)} to one namespace, and delete those runtimes")
    elif today.spaces - today.runtimes:
        w.distance.append(f"move {_list(today.spaces - today.runtimes)} to the namespace of the runtime")
    _entry(today, w, sorted(today.runtimes or today.spaces)[:1])
    _traffic(today, w)
    return w


def _distributed(today: Today) -> _Weighed:
    w = _Weighed(DISTRIBUTED)
    if _several(today):
        w.speaks_for.append(f"{_who(today)}: each gets a scheduler, an Envoy and rights of its own")
    else:
        w.against.append("a second runtime would serve nobody: one namespace, one team")
    if len(today.runtimes) > 1:
        w.speaks_for.append(f"runtimes are there already: {_list(today.runtimes)}")
    missing = (today.spaces - today.runtimes) if today.runtimes else today.spaces
    w.distance += [f"create a SeldonRuntime in {space}" for space in sorted(missing)]
    if today.guarded is None:
        w.unknown.append("which namespaces have NetworkPolicies")
    else:
        w.distance += [f"isolate {space} by NetworkPolicies" for space in sorted(today.spaces - today.guarded)]
    _entry(today, w, sorted(today.spaces | today.runtimes))
    _traffic(today, w)
    return w


def _meshed(today: Today) -> _Weighed:
    w = _Weighed(MESHED)
    if today.sidecars is None:
        w.unknown.append("whether pods have sidecars")
    elif today.sidecars:
        w.speaks_for.append(f"sidecars are in Seldon's pods already: {_list(today.sidecars)}")
        w.distance += [f"bring the mesh to {space}" for space in sorted((today.bare or frozenset()) - today.sidecars)]
    else:
        w.against.append("no pod has a sidecar: a mesh would have to be introduced and operated")
        w.distance.append("install a mesh, and set services.serviceGRPCPrefix to grpc-")
    if _several(today):
        w.speaks_for.append(f"identities and mTLS between {len(today.spaces | today.runtimes)} namespaces")
        missing = today.spaces - today.runtimes
        w.distance += [f"create a SeldonRuntime in {space}" for space in sorted(missing)]
    else:
        w.against.append("between the pods of one namespace it adds only mTLS, which Seldon has of its own")
    _traffic(today, w)
    return w


def _entry(today: Today, w: _Weighed, spaces: Sequence[str]) -> None:
    """Add the steps towards one Ingress in front of the given namespaces."""
    if today.ingresses is None:
        w.unknown.append("which Ingresses lead to seldon-mesh")
    else:
        w.distance += [f"create an Ingress for {space}" for space in spaces if space not in today.ingresses]
    if today.balancers is None:
        w.unknown.append("the type of seldon-mesh")
    else:
        w.distance += [f"make seldon-mesh of {space} a ClusterIP" for space in spaces if space in today.balancers]


def _traffic(today: Today, w: _Weighed) -> None:
    if today.requests is None:
        w.unknown.append("how many requests there are (Envoy's statistics)")
    if not today.teams:
        w.unknown.append("which teams own the models (labels team or owner)")


def _list(names: Any, most: int = 4) -> str:
    shown = sorted(names)
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")
