"""The routes that ought to be, beside those that are in the dump of the Envoy of the same namespace."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from forensics.installation.routes import expected_routes
from forensics.topology import connect
from tests.forensics.frames import START, log, rows, together

Frames = dict[str, pl.DataFrame]
READY = {"is_ready": True, "form": "object", "namespace": "shop"}
MODEL = rows("k8s.model", {"name": "tree", "state": "ModelAvailable", **READY})
LOADED = (
    "Setting log level to info",
    "Namespace is shop",
    "Adding model tree(2) to server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
    "Updating state for model tree to Loaded func=AgentEvent source=AgentServer",
)


def dump(*routes: Mapping[str, object], hosts: int = 1, member: str = "e/dump.json", **common: object) -> Frames:
    """A config dump: two static clusters' worth of proof that it is one, then routes as (header, cluster, weight)."""
    names = sorted({str(r["cluster"]) for r in routes})
    made = [
        {
            "name": f"{r['header']}_http",
            "config": "listener_0",
            "prefix": "/v2",
            "weight": 100,
            "total_weight": 100,
            **r,
        }
        for r in routes
    ]
    return together(
        rows(
            "envoy.cluster", {"name": "xds_cluster", "type": "LOGICAL_DNS", "dynamic": False}, member=member, **common
        ),
        rows(
            "envoy.cluster",
            *({"name": n, "type": "STRICT_DNS", "dynamic": True, "hosts": hosts} for n in names),
            member=member,
            **common,
        )
        if names
        else {},
        rows("envoy.route", *made, member=member, **common) if made else {},
    )


def route(header: str, cluster: str, **columns: object) -> dict[str, object]:
    return {"header": header, "cluster": cluster, **columns}


def http(frames: Frames) -> list[dict[str, Any]]:
    """The rows of HTTP's routes; gRPC's are the same again."""
    found = expected_routes(frames, connect(frames))
    return [r for r in found.iter_rows(named=True) if not str(r["cluster"]).endswith("_grpc")]


def states(frames: Frames) -> list[str]:
    return [r["state"] for r in http(frames)]


def test_without_a_dump_nothing_is_known() -> None:
    (row,) = http(MODEL)
    assert (row["state"], row["member"], row["name"]) == ("unknown", "k8s.model.txt", "tree")


def test_a_route_to_a_cluster_with_hosts_is_ok() -> None:
    row = http(together(MODEL, dump(route("tree", "tree_1_http"))))[0]
    assert (row["state"], row["cluster"], row["actual"]) == ("ok", "tree_1_http", 100)


def test_a_dump_without_the_route_misses_it() -> None:
    frames = together(MODEL, dump())
    found = expected_routes(frames, connect(frames))
    assert found["state"].to_list() == ["missing"]
    assert found["member"].to_list() == ["k8s.model.txt"]
    assert any(c["source"] == "envoy.cluster" for c in json.loads(found["raw"][0]))


def test_a_listing_of_clusters_is_no_config_dump() -> None:
    listed = rows("envoy.cluster", {"name": "tree_1_http"}, member="clusters.txt")
    assert states(together(MODEL, listed)) == ["unknown"]


@pytest.mark.parametrize(
    "columns",
    [
        {"is_ready": False, "state": "ScheduleFailed"},
        {"is_ready": False, "state": "ModelProgressing"},
        {"is_ready": None, "state": None},
    ],
)
def test_a_model_that_is_not_available_needs_no_route(columns: dict[str, object]) -> None:
    model = rows("k8s.model", {"name": "tree", **READY, **columns})
    assert states(together(model, dump())) == []


def test_the_scheduler_stands_in_for_the_model() -> None:
    scheduler = log("log.scheduler", *LOADED)
    assert states(together(scheduler, dump())) == ["missing"]
    gone = log("log.scheduler", *LOADED, "Updating state for model tree to Unloaded func=AgentEvent")
    assert states(together(gone, dump())) == []


def test_the_version_is_the_one_the_scheduler_placed() -> None:
    scheduler = log("log.scheduler", *LOADED)
    assert states(together(MODEL, scheduler, dump(route("tree", "tree_2_http"))))[:1] == ["ok"]
    row = http(together(MODEL, scheduler, dump(route("tree", "tree_1_http"))))[0]
    assert (row["state"], row["member"]) == ("wrong version", "e/dump.json")


def test_a_rollout_splits_between_two_versions() -> None:
    scheduler = log("log.scheduler", *LOADED)
    split = dump(route("tree", "tree_1_http", weight=50), route("tree", "tree_2_http", weight=50))
    row = http(together(MODEL, scheduler, split))[0]
    assert (row["state"], row["actual"]) == ("ok", 100)


def test_a_cluster_without_hosts_is_no_endpoint() -> None:
    assert http(together(MODEL, dump(route("tree", "tree_1_http"), hosts=0)))[0]["state"] == "no endpoint"
    stat = {"name": "cluster.tree_1_http.membership_total", "owner": "tree_1_http", "metric": "membership_total"}
    bare = rows("envoy.stat", {**stat, "value": 0.0}, member="e/stats.txt")
    assert http(together(MODEL, dump(route("tree", "tree_1_http")), bare))[0]["state"] == "no endpoint"


def test_a_route_of_a_deleted_model_is_stale() -> None:
    listing = rows("k8s.listing", {"kind": "model", "namespace": "shop", "items": 1, "complete": True})
    frames = together(MODEL, listing, dump(route("tree", "tree_1_http"), route("bush", "bush_1_http")))
    row = next(r for r in http(frames) if r["name"] == "bush")
    assert (row["state"], row["member"], row["kind"]) == ("stale", "e/dump.json", "model")
    assert [r["name"] for r in http(together(MODEL, dump(route("bush", "bush_1_http"))))] == ["tree"]


def test_a_dump_older_than_the_change_proves_nothing_missing() -> None:
    since = START + timedelta(minutes=5)
    changed = rows(
        "k8s.condition", {"kind": "model", "name": "tree", "namespace": "shop", "type": "Ready", "since": since}
    )
    early, late = START, START + timedelta(minutes=10)
    assert states(together(MODEL, changed, dump(at=early))) == ["unknown"]
    assert states(together(MODEL, changed, dump(at=late))) == ["missing"]


EXPERIMENT = rows(
    "k8s.experiment",
    {"name": "ab", "default": "tree", "resource_type": "model", **READY}
    | {"candidates": [{"name": "tree", "weight": 70}, {"name": "bush", "weight": 30}]},
)


def split(header: str, tree: int, bush: int, **columns: object) -> list[dict[str, object]]:
    return [
        route(header, "tree_1_http", weight=tree, **columns),
        route(header, "bush_1_http", weight=bush, **columns),
    ]


def test_an_experiment_puts_its_weights_on_its_own_route_and_on_its_defaults() -> None:
    frames = together(MODEL, EXPERIMENT, dump(*split("tree", 70, 30), *split("ab.experiment", 70, 30)))
    found = [(r["kind"], r["cluster"], r["weight"], r["actual"], r["state"]) for r in http(frames) if r["cluster"]]
    assert found == [
        ("model", "tree_1_http", 70, 70, "ok"),
        ("model", "bush_1_http", 30, 30, "ok"),
        ("experiment", "tree_1_http", 70, 70, "ok"),
        ("experiment", "bush_1_http", 30, 30, "ok"),
    ]


def test_a_wrong_weight_and_a_missing_candidate_are_told_apart() -> None:
    frames = together(MODEL, EXPERIMENT, dump(*split("tree", 50, 50), route("ab.experiment", "tree_1_http")))
    found = [(r["kind"], r["weight"], r["actual"], r["state"]) for r in http(frames)]
    assert ("model", 70, 50, "wrong weight") in found
    assert ("experiment", 30, None, "missing") in found


def test_models_that_share_a_cluster_are_told_apart_by_what_the_server_is_asked_for() -> None:
    shared = [
        route(name, "fast_kq8Zc=_http", weight=weight, total_weight=100, marked=f"{model}_1")
        for name in ("tree", "ab.experiment")
        for model, weight in (("tree", 70), ("bush", 30))
    ]
    frames = together(MODEL, EXPERIMENT, dump(*shared))

    found = {(r["kind"], r["weight"], r["actual"], r["state"]) for r in http(frames) if r["cluster"]}

    assert ("experiment", 70, 70, "ok") in found
    assert ("experiment", 30, 30, "ok") in found
    assert {state for *_, state in found} == {"ok"}


def test_an_experiment_that_is_not_ready_leaves_the_default_alone() -> None:
    waiting = {name: f.with_columns(pl.lit(False).alias("is_ready")) for name, f in EXPERIMENT.items()}
    frames = together(MODEL, waiting, dump(route("tree", "tree_1_http")))
    assert states(frames)[:1] == ["ok"]


def test_a_pipeline_is_found_by_its_header() -> None:
    pipeline = rows("k8s.pipeline", {"name": "line", **READY})
    for cluster in ("pipelinegateway_http", "line_pipeline_http"):
        frames = together(pipeline, dump(route("line.pipeline", cluster)))
        assert states(frames)[:1] == ["ok"]
    assert states(together(pipeline, dump())) == ["missing"]


def test_sticky_and_mirror_routes_are_no_routes_of_their_own() -> None:
    sticky = route("tree", "tree_1_http", sticky=":tree_1:", name="tree_http_experiment")
    mirror = route("tree", "tree_1_http", config="listener_1", name="tree_http_mirror")
    assert states(together(MODEL, dump(sticky, mirror))) == ["missing"]


def test_each_envoy_is_compared_with_its_own_namespace() -> None:
    frames = together(
        MODEL,
        rows("k8s.model", {"name": "bush", "state": "ModelAvailable", **READY, "namespace": "field"}),
        dump(route("tree", "tree_1_http"), namespace="shop", pod="e-1"),
        dump(route("tree", "tree_1_http"), namespace="field", pod="e-2", member="f/dump.json"),
    )
    found = [(r["namespace"], r["name"], r["pod"], r["state"]) for r in http(frames)]
    assert ("shop", "tree", "e-1", "ok") in found
    assert ("field", "bush", "e-2", "missing") in found
    assert ("shop", "tree", "e-2", "ok") not in found


def test_each_replica_of_envoy_is_compared() -> None:
    frames = together(
        MODEL,
        dump(route("tree", "tree_1_http"), pod="e-1", namespace="shop"),
        dump(pod="e-2", namespace="shop", member="g/dump.json"),
    )
    found = [(r["pod"], r["state"]) for r in http(frames)]
    assert found[0] == ("e-1", "ok")
    assert ("e-2", "missing") in found


def test_nothing_gives_nothing() -> None:
    assert expected_routes({}, connect({})).is_empty()


# ---- reasons


def reasons(*parts: Frames) -> list[tuple[str, str | None, str | None]]:
    frames = together(*parts)
    found = expected_routes(frames, connect(frames)).to_dicts()
    return [(row["state"], row["reason"], row["detail"]) for row in found if row["name"] != "unasked"]


LISTENER = rows(
    "envoy.listener",
    {"name": "seldon_service", "dynamic": True, "state": "active", "updated": START},
    member="e/dump.json",
)


def update(state: str, error: str | None = None) -> Frames:
    return rows(
        "envoy.update",
        {"name": "listener_0", "kind": "route", "state": state, "error": error},
        member="e/dump.json",
    )


def hosts(address: str, hostname: str | None = None) -> Frames:
    host = {"cluster": "tree_1_http", "address": address, "hostname": hostname, "port": 9000, "health": "healthy"}
    return rows("envoy.endpoint", {"name": "h", **host}, member="e/clusters.txt")


def pods(*found: tuple[str, str]) -> Frames:
    return rows("k8s.pod", *({"name": n, "ip": ip, "namespace": "shop", "form": "object"} for n, ip in found))


LISTING = rows("k8s.listing", {"kind": "model", "namespace": "shop", "items": 1, "complete": True})
ONE = dump(route("tree", "tree_1_http"))
AB = rows(
    "k8s.experiment",
    {
        "name": "ab",
        "resource_type": "model",
        "candidates": [{"name": "tree", "weight": 50}, {"name": "rock", "weight": 50}],
        **READY,
    },
)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((MODEL, ONE), ("ok", None, None)),
        ((MODEL, dump()), ("missing", "missing", "no route for tree")),
        ((MODEL, dump(), LISTENER), ("missing", "listener without a route", "seldon_service leads nowhere")),
        ((MODEL, dump(), LISTENER, update("rejected", "Sum of weights")), ("missing", "rejected update", "Sum of weights")),
        ((MODEL, dump(), update("pending")), ("missing", "pending update", "route listener_0")),
        ((MODEL, log("log.scheduler", *LOADED), ONE), ("wrong version", "wrong version", "version 1 in place of 2")),
        ((MODEL, dump(route("tree", "tree_1_http"), hosts=0)), ("no endpoint", "no endpoint", "tree_1_http has no host")),
        ((MODEL, ONE, hosts("10.0.0.9"), pods(("fast-0", "10.0.0.1"))), ("no endpoint", "endpoint without a pod", "10.0.0.9 is no pod's address")),
        ((MODEL, ONE, hosts("10.0.0.1"), pods(("fast-0", "10.0.0.1"))), ("ok", None, None)),
        ((MODEL, ONE, hosts("fast-1.fast.shop"), pods(("fast-0", "10.0.0.1"))), ("no endpoint", "endpoint without a pod", "fast-1.fast.shop is no pod's address")),
        ((MODEL, ONE, hosts("fast-0.fast.shop"), pods(("fast-0", "10.0.0.1"))), ("ok", None, None)),
        ((MODEL, ONE, hosts("10.0.0.9")), ("ok", None, None)),
        ((AB, dump(route("ab.experiment", "tree_1_http", weight=90), route("ab.experiment", "rock_1_http", weight=50))), ("wrong weight", "wrong weight", "90 in place of 50")),
        ((MODEL, LISTING, ONE, dump(route("bush", "bush_1_http"))), ("stale", "stale", "model bush is not there any more")),
    ],
)  # fmt: skip
def test_each_difference_has_its_reason(
    parts: tuple[Frames, ...], expected: tuple[str, str | None, str | None]
) -> None:
    assert expected in reasons(*parts)


def test_some_hosts_without_a_pod_leave_the_route_and_are_told() -> None:
    both = together(hosts("10.0.0.1"), hosts("10.0.0.9"))

    assert ("ok", "endpoint without a pod", "10.0.0.9 is no pod's address") in reasons(
        MODEL, ONE, both, pods(("fast-0", "10.0.0.1"))
    )


@pytest.mark.parametrize("state", ["rejected", "pending"])
def test_an_update_that_was_not_taken_is_a_row_of_its_own(state: str) -> None:
    assert (state, f"{state} update", "no cluster x") in reasons(MODEL, ONE, update(state, "no cluster x"))
