"""Each layer's last word about a model, from its own evidence, and what it may not say."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from forensics.installation.routes import expected_routes
from forensics.state import last_words, state_table, told
from forensics.topology import connect
from parsers import PARSERS
from parsers.parser import Artefact
from tests.forensics.frames import log, rows, together

Frames = dict[str, pl.DataFrame]
HEAD = ("Setting log level to info", "Namespace is shop", "Scheduler server running on 9004 mtls:false")
JOINED = "Received subscribe request from fast:0 func=Subscribe source=AgentServer"
SENT = (
    "Sending load model request for tree func=Sync source=AgentServer",
    "Adding model tree(1) to server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
)
LOADED = (
    *SENT,
    "Updating state for model tree to Loaded func=AgentEvent source=AgentServer",
    "Remove routes for model tree func=RemoveRoute source=SeldonXDSCache",
    "Handle vanilla no experiment traffic for tree func=addTraffic source=IncrementalProcessor",
)
NO_SERVER = "Failed to schedule model as no matching servers are available"
UNLOADED = (
    "Sending unload model request for tree:1 source=AgentServer",
    "Updating state for model tree to Unloaded func=AgentEvent source=AgentServer",
    "Removing model tree(1) from server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
)


def scheduler(*texts: str, **place: object) -> Frames:
    return log("log.scheduler", *texts, member="scheduler.log", **place)


def agent(*texts: str, **place: object) -> Frames:
    start = ("Server Capabilities [sklearn]", "Setting namespace from k8s file to shop")
    name = "Got server name and index from POD_NAME with value fast-0. Server name:fast Replica Idx:0"
    return log("log.agent", *start, name, *texts, member="agent.log", **place)


def mlserver(*texts: str) -> Frames:
    place = {"namespace": "shop", "pod": "fast-0", "member": "mlserver.log"}
    return log("log.mlserver", "Environment tarball not found at '/mnt/models/environment.tar.gz'", *texts, **place)


def model(frames: Mapping[str, pl.DataFrame], name: str = "tree") -> dict:  # type: ignore[type-arg]
    found = last_words(frames, connect(frames))["state.model"].filter(pl.col("name") == name)
    assert found.height == 1
    return found.row(0, named=True)


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        ((*HEAD, JOINED, *LOADED), "ok"),
        ((*HEAD, JOINED, *SENT), "pending"),
        ((*HEAD, f"Failed to schedule model tree error={NO_SERVER} func=LoadModel"), "broken"),
        ((*HEAD, f"{NO_SERVER} Name=SimpleScheduler func=scheduleToServer model=tree"), "broken"),
        ((*HEAD, f"Failed to schedule model tree error={NO_SERVER} func=LoadModel", JOINED, *LOADED), "ok"),
        ((*HEAD, *SENT, "Updating state for model tree to LoadFailed func=AgentEvent"), "broken"),
        ((*HEAD, *LOADED, "Client replica fast:0 has disconnected func=Subscribe source=AgentServer"), "broken"),
        ((*HEAD, *LOADED, "Client replica fast:0 has disconnected", JOINED, *LOADED), "ok"),
        ((*HEAD, *LOADED, "Empty server for tree:1 so ignoring event func=updateServerModelStatus"), "broken"),
        ((*HEAD, *LOADED, *UNLOADED), "ok"),  # deleted on purpose
        ((*HEAD, "failed to schedule model tree. [failed replica filter AvailableMemoryReplicaFilter]"), "broken"),
        ((*HEAD, *LOADED[:1], f"{NO_SERVER[:-26]} had enough, managed to schedule with min replicas model=tree"), "ok"),
    ],
)
def test_the_schedulers_last_word(texts: tuple[str, ...], state: str) -> None:
    assert model(scheduler(*texts))["scheduler"] == state


def test_a_failed_update_is_broken_though_the_old_version_is_routed() -> None:
    update = (
        "Sending load model request for tree func=Sync source=AgentServer",
        "Adding model tree(2) to server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
        "Updating state for model tree to LoadFailed func=AgentEvent source=AgentServer",
        "Removing model tree(2) from server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
        "Handle vanilla no experiment traffic for tree func=addTraffic source=IncrementalProcessor",
    )
    row = model(scheduler(*HEAD, *LOADED, *update))
    assert (row["scheduler"], row["version"]) == ("broken", 2)


def test_a_clean_update_unloads_the_old_version_and_stays_ok() -> None:
    update = (
        "Adding model tree(2) to server fast replica 0 list of loaded / loading models func=updateModelStateImpl",
        "Updating state for model tree to Loaded func=AgentEvent source=AgentServer",
        *UNLOADED,
    )
    assert model(scheduler(*HEAD, *LOADED, *update))["scheduler"] == "ok"


def test_the_reason_is_cited_and_not_its_echo() -> None:
    refused = f"Failed to schedule model tree error={NO_SERVER} func=LoadModel"
    row = model(scheduler(*HEAD, refused, "Empty server for tree:1 so ignoring event"))
    assert (row["broken"], row["detail"], row["line"]) == (
        "scheduler",
        f"Failed to schedule model tree: {NO_SERVER}",
        4,
    )


def test_a_scheduler_that_started_anew_has_forgotten() -> None:
    before = scheduler(*HEAD, *LOADED, previous=True, namespace="shop")
    now = log("log.scheduler", *HEAD, since=60, member="now.log", namespace="shop")
    assert model(together(before, now))["scheduler"] == "pending"
    tail = log("log.scheduler", "Scheduler is ready", since=60, member="now.log", namespace="shop")
    assert model(together(before, tail))["scheduler"] == "unknown"


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        (("Load model tree:1 func=LoadModel", "Load model tree:1 success func=LoadModel"), "ok"),
        (("Load model tree:1 func=LoadModel",), "pending"),
        (("Load model tree:1", "Failed to handle load model tree:1 error=no such file"), "broken"),
        (("Failed to handle load model tree:1 error=x", "Load model tree:1", "Load model tree:1 success"), "ok"),
        (("Load model tree:1 success", "Load model tree:2", "Failed to handle load model tree:2 error=x"), "broken"),
        (("Load model tree:2 success", "Unload model tree:1 success"), "ok"),
        (("Load model tree:1 success", "Unloading any existing models"), "pending"),
    ],
)
def test_the_agents_last_word(texts: tuple[str, ...], state: str) -> None:
    assert model(agent(*texts))["agent"] == state


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        (("Loaded model 'tree_1' successfully.",), "ok"),
        (("Loaded model 'tree_1' succesfully.",), "ok"),  # MLServer 1.3
        (("Couldn't load model 'tree_1'. Model will be removed from registry.",), "broken"),
        (("Couldn't load model 'tree_1'. Model will", "Unloaded version 1 of model 'tree_1' successfully."), "broken"),
        (("Couldn't load model 'tree_1'. Model will", "Loaded model 'tree_1' successfully."), "ok"),
    ],
)
def test_the_model_servers_last_word(texts: tuple[str, ...], state: str) -> None:
    assert model(together(agent("Load model tree:1"), mlserver(*texts)))["server"] == state


def test_an_eviction_is_no_failure() -> None:
    frames = together(
        agent("Load model tree:1", "Load model tree:1 success"),
        mlserver("Loaded model 'tree_1' successfully.", "Unloaded all versions of model 'tree_1' successfully."),
    )
    assert model(frames)["server"] == "ok"


def test_one_of_two_replicas_that_failed_breaks_the_link() -> None:
    good = agent("Load model tree:1", "Load model tree:1 success")
    bad = log("log.agent", "Failed to handle load model tree:1 error=x", member="b.log", pod="fast-1", namespace="shop")
    assert model(together(good, bad))["agent"] == "broken"


def test_layers_that_were_not_collected_are_unknown() -> None:
    row = model(scheduler(*HEAD, *LOADED))
    links = ("resource", "route", "cluster", "endpoint", "agent", "server")
    assert {row[link] for link in links} == {"unknown"}
    assert row["broken"] is None


def test_a_tail_says_nothing_of_what_it_lacks() -> None:
    tail = log("log.agent", "Received operation", member="a.log", pod="fast-0", namespace="shop")
    assert model(together(scheduler(*HEAD, *LOADED), tail))["agent"] == "unknown"


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({"is_ready": True, "state": "ModelAvailable"}, "ok"),
        ({"is_ready": True}, "ok"),
        ({"is_ready": False, "state": "ScheduleFailed", "reason": NO_SERVER}, "broken"),
        ({"is_ready": False, "state": "ModelFailed", "reason": "rpc error: code = Internal"}, "broken"),
        ({"is_ready": False, "state": "ModelProgressing"}, "pending"),
        ({"is_ready": False, "state": "ModelProgressing", "reason": "dial tcp 10.0.0.1:9004: i/o timeout"}, "pending"),
        ({"is_ready": False, "reason": "name resolver error: produced zero addresses"}, "pending"),
        ({"is_ready": False, "reason": "failed to schedule model tree. []"}, "broken"),
        ({"created": "2025-03-04T10:00:00Z"}, "pending"),
        ({}, "unknown"),  # a manifest: never seen by a cluster
    ],
)
def test_the_resources_word(columns: dict[str, object], state: str) -> None:
    row = {"name": "tree", "namespace": "shop", "form": "object", **columns}
    if "created" in row:
        row["created"] = None
        frame = rows("k8s.model", row)["k8s.model"].with_columns(
            pl.lit("2025-03-04").str.to_datetime(time_zone="UTC", time_unit="us").alias("created")
        )
        assert model({"k8s.model": frame})["resource"] == state
    else:
        assert model(rows("k8s.model", row))["resource"] == state


def test_the_controllers_log_stands_in_for_the_resource() -> None:
    told = 'Received event name=tree version=1 generation=1 state=ScheduleFailed reason="no servers"'
    frames = log(
        "log.controller", told, namespace="shop", fields='{"name":"tree","version":1,"state":"ScheduleFailed"}'
    )
    assert model(frames)["resource"] == "broken"


ROUTE = {"name": "tree_http", "header": "tree", "config": "listener_0", "weight": 100, "total_weight": 100}
DUMP = together(
    rows(
        "envoy.cluster",
        {"name": "tree_1_http", "type": "STRICT_DNS", "dynamic": True, "hosts": 1},
        member="e/dump.json",
    ),
    rows("envoy.route", {**ROUTE, "cluster": "tree_1_http"}, member="e/dump.json"),
    rows("envoy.listener", {"name": "seldon_http", "updated": None}, member="e/dump.json"),
)


def host(**columns: object) -> Frames:
    return rows("envoy.endpoint", {"cluster": "tree_1_http", "address": "10.0.0.7", **columns}, member="e/clusters.txt")


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({"health": "healthy", "cx_connect_fail": 0, "rq_total": 9, "rq_error": 0}, "ok"),
        ({"health": "healthy", "cx_connect_fail": 3, "rq_total": 9, "rq_error": 3}, "ok"),
        ({"health": "healthy", "cx_connect_fail": 3, "rq_total": 3, "rq_error": 3}, "broken"),
        ({"health": "/failed_eds_health"}, "broken"),
    ],
)
def test_the_hosts_of_the_route(columns: dict[str, object], state: str) -> None:
    row = model(together(scheduler(*HEAD, *LOADED), DUMP, host(**columns)))
    assert (row["route"], row["cluster"], row["endpoint"]) == ("broken", "ok", state)  # gRPC's route is missing


def test_a_cluster_without_members_has_no_endpoint() -> None:
    stat = {"name": "cluster.tree_1_http.membership_total", "scope": "cluster", "owner": "tree_1_http"}
    frames = together(
        scheduler(*HEAD, *LOADED), DUMP, rows("envoy.stat", {**stat, "metric": "membership_total", "value": 0.0})
    )
    assert model(frames)["endpoint"] == "broken"


def test_every_row_is_cited_and_the_table_says_the_same() -> None:
    frames = together(scheduler(*HEAD, *LOADED), agent("Failed to handle load model tree:1 error=x"), DUMP)
    states = last_words(frames, connect(frames))
    row = states["state.model"].row(0, named=True)
    assert row["member"] is not None
    assert row["line"] is not None
    cites = json.loads(row["raw"])
    assert {"source", "row", "member", "line", "lines", "link", "detail"} == set(cites[0])
    (thing,) = [t for t in state_table(frames, states) if t["kind"] == "model"]
    assert thing["broken"] == row["broken"]
    by = {link["link"]: link for link in thing["links"]}
    assert by["agent"]["state"] == "broken"
    assert by["agent"]["cites"] == [("log.agent", 3)]
    assert by["agent"]["detail"] == "Failed to handle load model tree:1: x"


def test_servers_count_those_that_joined_and_have_not_left() -> None:
    left = "Client replica fast:0 has disconnected func=Subscribe source=AgentServer"
    for texts, registered in (((JOINED,), 1), ((JOINED, left), 0), ((JOINED, left, JOINED), 1), ((), 0)):
        frames = together(
            scheduler(*HEAD, "Server notification fast expectedReplicas 2 shared false", *texts),
            rows("k8s.server", {"name": "fast", "namespace": "shop", "replicas": 2}),
        )
        row = last_words(frames, connect(frames))["state.server"].row(0, named=True)
        assert (row["wanted"], row["registered"]) == (2, registered)


def test_whether_a_replica_that_comes_and_goes_is_there_is_not_known() -> None:
    left = "Client replica fast:0 has disconnected func=Subscribe source=AgentServer"
    frames = together(
        scheduler(*HEAD, JOINED, *(left, JOINED) * 3),
        rows("k8s.server", {"name": "fast", "namespace": "shop", "replicas": 1}),
    )

    assert last_words(frames, connect(frames))["state.server"]["registered"].to_list() == [None]


def test_the_scheduler_tells_what_is_wanted_where_no_object_does() -> None:
    told = log(
        "log.scheduler",
        "Setting log level to info",
        "Namespace is shop",
        "Server notification fast expectedReplicas 1 shared false func=ServerNotify source=SchedulerServer",
        "Server notification fast expectedReplicas 3 shared false func=ServerNotify source=SchedulerServer",
        "Server notification fast expectedReplicas 18446744073709551616 shared false func=ServerNotify",  # damaged
    )
    listed = rows("k8s.server", {"name": "fast", "namespace": "shop", "replicas": 2})

    alone = last_words(told, connect(told))["state.server"].row(0, named=True)
    both = last_words(together(told, listed), connect(together(told, listed)))["state.server"].row(0, named=True)

    assert alone["wanted"] == 3
    assert both["wanted"] == 2


def test_registration_is_unknown_in_a_tail() -> None:
    frames = together(
        log("log.scheduler", "Scheduler is ready", namespace="shop"),
        rows("k8s.server", {"name": "fast", "namespace": "shop", "replicas": 1}),
    )
    assert last_words(frames, connect(frames))["state.server"]["registered"].to_list() == [None]


def test_experiments_and_pipelines_take_agent_and_server_from_their_parts() -> None:
    frames = together(
        rows(
            "k8s.pipeline", {"name": "line", "namespace": "shop", "steps": ["tree"], "is_ready": True, "form": "object"}
        ),
        agent("Failed to handle load model tree:1 error=x"),
        log("log.scheduler", *HEAD, "Failed to process sync for experiment ab error=no live replica", member="s.log"),
    )
    states = last_words(frames, connect(frames))
    pipeline = states["state.pipeline"].row(0, named=True)
    assert (pipeline["resource"], pipeline["agent"], pipeline["broken"]) == ("ok", "broken", "agent")
    assert states["state.experiment"].row(0, named=True)["scheduler"] == "broken"


def test_nothing_gives_empty_frames() -> None:
    states = last_words({}, connect({}))
    assert all(frame.is_empty() for frame in states.values())
    assert state_table({}, states) == []


DATA = Path(__file__).parent.parent / "data" / "rollout"


def read(folder: Path, rename: Mapping[str, str] | None = None) -> Frames:
    """Read a folder with the real parsers."""
    parts = []
    for file in sorted(folder.iterdir()):
        if file.suffix == ".md":
            continue
        artefact = Artefact.of((rename or {}).get(file.name, file.name), file.read_text(encoding="utf-8"))
        parser = next(p for p in PARSERS if p.recognises(artefact.head()))
        parts.append({source: f for source, f in parser.parse(artefact).frames.items() if not f.is_empty()})
    return together(*parts)


@pytest.mark.parametrize("rename", [{}, {"scheduler.log": "1.txt", "agent.log": "2.txt", "mlserver.log": "3.txt"}])
def test_a_real_update_that_failed_while_the_old_version_serves(rename: dict[str, str]) -> None:
    frames = read(DATA, rename)
    topology = connect(frames)
    states = last_words(frames, topology)
    row = states["state.model"].row(0, named=True)
    links = ("resource", "scheduler", "route", "cluster", "endpoint", "agent", "server")
    assert [row[link] for link in links] == ["unknown", "broken", "ok", "ok", "ok", "broken", "ok"]
    assert (row["name"], row["broken"], row["version"], row["on_server"]) == ("iris", "scheduler", 2, "mlserver")
    server = states["state.server"].row(0, named=True)
    assert (server["name"], server["registered"]) == ("mlserver", 1)
    assert expected_routes(frames, topology).filter(pl.col("state") != "ok").is_empty()
    assert topology.link({"model": "iris"}, {"pod": "mlserver-0"}).state == "proven"


def test_a_rotated_log_has_the_head_of_its_first_part() -> None:
    first = log("log.agent", "Server Capabilities [x]", "x", member="0.log.old", pod="fast-0", namespace="shop")
    second = log("log.agent", "Received operation", member="0.log", pod="fast-0", namespace="shop", since=60)
    assert model(together(scheduler(*HEAD, *LOADED), first, second))["agent"] == "pending"


def test_a_model_server_alone_gives_its_models() -> None:
    assert model(log("log.mlserver", "Couldn't load model 'tree'. Model will be removed"))["broken"] == "server"


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (
            "Failed to schedule model iris error=Failed to schedule, none is left func=LoadModel source=SchedulerServer",
            "Failed to schedule model iris: Failed to schedule, none is left",
        ),
        ("Load model iris:1 success Name=AgentServiceManager func=LoadModel", "Load model iris:1 success"),
        ("Ready", "Ready"),
    ],
)
def test_a_detail_says_what_happened_and_not_where_in_the_program(written: str, wanted: str) -> None:
    assert told(written) == wanted
