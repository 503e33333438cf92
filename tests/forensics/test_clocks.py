"""Zones that are not written and skew between nodes are found again."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from forensics.authoring.examples import case_of
from forensics.clocks import doubts, estimate_clocks
from forensics.installation.successions import overtaken

AGENT = "2026-03-29T00:59:{:02}Z"


def files(agent_skew: int = 0, server_zone: int = 0, loads: int = 3, stamp: bool = False) -> dict[str, str]:
    """An agent, a scheduler and an MLServer that saw the same subscription and loads, a second apart."""
    start = datetime.fromisoformat("2026-03-29T00:59:00+00:00")

    def at(second: int, skew: int = 0) -> str:
        return (start + timedelta(seconds=second + skew)).strftime("%Y-%m-%dT%H:%M:%SZ")

    scheduler = [
        f'time="{at(0)}" level=info msg="Setting log level to info"',
        f'time="{at(0)}" level=info msg="Namespace is ml"',
        f'time="{at(5)}" level=info msg="Received subscribe request from mlserver:0" func=Subscribe source=AgentServer',
    ]
    agent = [
        f'time="{at(1, agent_skew)}" level=info msg="Server Capabilities [sklearn]"',
        f'time="{at(5, agent_skew)}" level=info msg="Subscribed to scheduler" Name=AgentServiceManager',
    ]
    server = []
    for n in range(loads):
        second = 20 + 10 * n
        written = start + timedelta(seconds=second + agent_skew, minutes=server_zone)  # one pod, one node
        line = f"{written.strftime('%Y-%m-%d %H:%M:%S')},120 [mlserver] INFO - Loaded model 'm{n}_1' successfully."
        server.append(f"{at(second, agent_skew)[:-1]}.300000000Z {line}" if stamp else line)
        agent.append(
            f'time="{at(second, agent_skew)}" level=info msg="Load model m{n}:1 success" Name=AgentServiceManager'
        )
        scheduler.append(
            f'time="{at(second)}" level=info msg="Updating state for model m{n} to Loaded" func=AgentEvent source=AgentServer'
        )
    return {
        "pods/ml_seldon-scheduler-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/scheduler/0.log": "\n".join(scheduler) + "\n",
        "pods/ml_mlserver-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/agent/0.log": "\n".join(agent) + "\n",
        "pods/ml_mlserver-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/mlserver/0.log": "\n".join(server) + "\n",
    }


def row(clocks: pl.DataFrame, part: str) -> dict[str, object]:
    return clocks.filter(pl.col("member").str.contains(part, literal=True)).row(0, named=True)


@pytest.mark.parametrize("minutes", [0, 60, -300, 345, 765])
@pytest.mark.parametrize("stamp", [False, True])
def test_a_zone_that_is_not_written_is_found(minutes: int, stamp: bool) -> None:
    clocks = case_of(files(server_zone=minutes, stamp=stamp)).clocks

    found = row(clocks, "/mlserver/0.log")
    assert found["zone_offset"] == -timedelta(minutes=minutes)
    assert found["pairs"] >= 3  # type: ignore[operator]


@pytest.mark.parametrize("seconds", [-7200, -45, 0, 2, 45, 3600])
def test_a_skew_is_found_within_its_stated_error(seconds: int) -> None:
    found = row(case_of(files(agent_skew=seconds, loads=4)).clocks, "/agent/")

    offset, error = found["offset"], found["error"]
    assert isinstance(offset, timedelta)
    assert isinstance(error, timedelta)
    assert abs(offset + timedelta(seconds=seconds)) <= error + timedelta(seconds=1)


def test_a_wrong_pair_does_no_harm() -> None:
    made = files(agent_skew=600, loads=5)
    agent = next(name for name in made if "/agent/" in name)
    made[agent] = made[agent].replace("Load model m4:1 success", "Load model m4:1", 1)

    found = row(case_of(made).clocks, "/agent/")

    assert abs(found["offset"] + timedelta(seconds=600)) <= timedelta(seconds=1)  # type: ignore[operator, arg-type]


def test_one_pair_alone_is_said() -> None:
    clocks = case_of(files(agent_skew=600, loads=0)).clocks

    assert any("one pair" in remark for remark in doubts(clocks))


@pytest.mark.parametrize(("server_zone", "agent_skew"), [(120, 0), (0, 600), (120, 600)])
def test_a_zone_and_a_skew_of_one_pair_each_are_said_too(server_zone: int, agent_skew: int) -> None:
    clocks = case_of(files(server_zone=server_zone, agent_skew=agent_skew, loads=1)).clocks

    said = [remark for remark in doubts(clocks) if "one pair" in remark]
    assert bool(said) == bool(server_zone), said  # the agent is told by its load and by its subscription


def test_records_of_a_skewed_clock_are_put_where_they_belong() -> None:
    straight = case_of(files(loads=4)).frames["log.agent"]
    skewed = case_of(files(agent_skew=900, loads=4)).frames["log.agent"]

    assert skewed["earliest"].to_list() == straight["earliest"].to_list()


def test_nothing_timed_means_no_clock() -> None:
    assert estimate_clocks({}).is_empty()


@pytest.mark.parametrize(
    ("minutes", "zone"),
    [(0, 0), (35, 0), (-35, 0), (60, -60), (300, -300), (-210, 210), (330, -330), (30 * 60, 0)],
    ids=lambda value: f"{value} min",
)
def test_a_log_that_writes_no_zone_and_has_no_pairs(minutes: int, zone: int) -> None:
    scheduler = [f'time="2026-03-29T{h:02}:00:00Z" level=info msg="Setting log level to info"' for h in range(8, 20)]
    start = datetime.fromisoformat("2026-03-29T10:00:00+00:00") + timedelta(minutes=minutes)
    envoy = [
        f"[{start + timedelta(hours=n):%Y-%m-%d %H:%M:%S}.085][1][info][main] [source/server/server.cc:1] starting main dispatch loop"
        for n in range(10)
    ]
    logs = {"scheduler.log": "\n".join(scheduler) + "\n", "envoy.log": "\n".join(envoy) + "\n"}

    assert row(case_of(logs).clocks, "envoy")["zone_offset"] == timedelta(minutes=zone)


# ---- a log beside the start of its container, and beside all others

POD = """apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {{name: seldon-scheduler-0, namespace: ml}}
  status:
    phase: Running
    containerStatuses:
    - name: scheduler
      ready: true
      restartCount: {restarts}
      state: {{running: {{startedAt: "2026-03-29T00:58:59Z"}}}}
"""


@pytest.mark.parametrize(
    ("seconds", "restarts", "corrected"),
    [(0, 0, False), (30, 0, False), (-7200, 0, False), (7200, 0, True), (600, 0, True), (600, 2, False)],
)
def test_a_log_far_from_the_start_of_its_container_is_corrected(seconds: int, restarts: int, corrected: bool) -> None:
    made = files(loads=0)
    name = next(n for n in made if "/scheduler/" in n)
    lines = made.pop(name)
    start = datetime.fromisoformat("2026-03-29T00:59:00+00:00")
    for second in (0, 5):
        then, now = (start + timedelta(seconds=second + extra) for extra in (0, seconds))
        lines = lines.replace(f"{then:%Y-%m-%dT%H:%M:%S}", f"{now:%Y-%m-%dT%H:%M:%S}")

    clocks = case_of({name: lines, "pods.yaml": POD.format(restarts=restarts)}).clocks

    found = row(clocks, "/scheduler/")
    offset = found["offset"]
    assert isinstance(offset, timedelta)
    assert (abs(offset + timedelta(seconds=seconds)) <= found["error"]) if corrected else not offset  # type: ignore[operator]
    assert any("one pair" in remark for remark in doubts(clocks)) == corrected


def test_zones_are_found_again_on_both_sides_of_daylight_saving() -> None:
    """An MLServer that writes the time of Berlin: an hour from UTC on one day, two hours on the next."""
    for server_zone, day in ((60, "2026-03-28"), (120, "2026-03-30")):
        made = {n: text.replace("2026-03-29", day) for n, text in files(server_zone=server_zone).items()}

        assert row(case_of(made).clocks, "/mlserver/0.log")["zone_offset"] == -timedelta(minutes=server_zone)


@pytest.mark.parametrize("stamp", [False, True])
def test_a_clock_that_was_turned_while_a_log_was_written_is_said_and_trusted_less(stamp: bool) -> None:
    """Berlin on 29 March 2026: 01:59:59 is followed by 03:00:00."""
    made = files(server_zone=60, loads=12, stamp=stamp)
    name = next(n for n in made if "/mlserver/0.log" in n)
    before, after = made[name].split("\n")[:4], made[name].split("\n")[4:]
    made[name] = "\n".join([*before, *(line.replace(" 02:0", " 03:0") for line in after)])
    assert " 01:59:" in made[name]
    assert " 03:00:" in made[name]

    clocks = case_of(made).clocks

    found = row(clocks, "/mlserver/0.log")
    assert found["zone_offset"] in (-timedelta(minutes=60), -timedelta(minutes=120))
    assert found["error"] >= timedelta(minutes=59)  # type: ignore[operator]
    assert any("was turned by 60 minutes" in remark for remark in doubts(clocks))


def logs(**ends: int) -> dict[str, str]:
    """Logs of four components that begin together and end after so many minutes."""
    start = datetime.fromisoformat("2026-03-29T00:00:00+00:00")
    return {
        f"{name}.log": "".join(
            f'time="{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}" level=info msg="Setting log level to info" who={name}\n'
            for minute in range(0, end + 1, 5)
        )
        for name, end in ends.items()
    }


def test_a_log_that_goes_on_long_after_all_others_says_nothing_of_when_the_bundle_was_collected() -> None:
    together = case_of(logs(a=60, b=60, c=60, d=60), whole=False)
    apart = case_of(logs(a=60, b=60, c=60, d=160), whole=False)
    spread = case_of(logs(a=60, b=20, c=40, d=160), whole=False)

    assert together.covered.period is not None
    assert apart.covered.period == together.covered.period
    assert any("lies 100 minutes from all other logs" in remark for remark in doubts(apart.clocks))
    assert doubts(together.clocks) == doubts(spread.clocks) == []
    assert spread.covered.period != together.covered.period


@pytest.mark.parametrize(
    ("started", "odd"), [(None, True), ("2026-03-29T02:40:00Z", False), ("2026-03-29T00:00:00Z", True)]
)
def test_a_log_that_begins_long_after_all_others_have_ended(started: str | None, odd: bool) -> None:
    made = logs(a=60, b=20, c=40)
    late = [f"2026-03-29T02:{minute}:00Z INFO [main] io.seldon.dataflow.Main : waiting" for minute in range(40, 50)]
    made["pods/ml_seldon-dataflow-engine-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/dataflow-engine/0.log"] = (
        "\n".join(late) + "\n"
    )
    if started:
        pod = POD.format(restarts=3).replace("seldon-scheduler-0", "seldon-dataflow-engine-0")
        made["pods.yaml"] = pod.replace("name: scheduler", "name: dataflow-engine").replace(
            "2026-03-29T00:58:59Z", started
        )

    case = case_of(made, whole=False)

    assert any("lies 109 minutes from all other logs" in remark for remark in doubts(case.clocks)) == odd
    assert case.covered.period is not None
    assert (case.covered.period[1] < moment(100 * 60).timestamp() * 1e6) == odd


# ---- requests that bear an id, ends of streams, and what Envoy was sent


def moment(second: float, skew: float = 0) -> datetime:
    return datetime.fromisoformat("2026-03-29T00:59:00+00:00") + timedelta(seconds=second + skew)


def called(skew: float, zone: int, ids: int = 4, twice: bool = False) -> dict[str, str]:
    """A scheduler and an agent on sound clocks, and an Envoy and a model server that saw the same calls."""
    made = {n: t for n, t in files(loads=0).items() if "/mlserver/0.log" not in n}
    start = moment(2) + timedelta(minutes=zone)
    access, server = [], [f"{start:%Y-%m-%d %H:%M:%S},130 [mlserver] INFO - Using asyncio event-loop policy: uvloop"]
    for n in range(ids):
        name = f"6f1d2c3b-4a59-4687-9877-00000000000{n}"
        access.append(
            f'[{moment(20 + 9 * n, skew):%Y-%m-%dT%H:%M:%S.120Z}] "POST /v2/models/m/infer HTTP/1.1" 500 - - 10 12 40 39 '
            f'"-" "curl/8.5" "{name}" "mesh" "10.0.0.7:9000"'
        )
        written = moment(20 + 9 * n) + timedelta(minutes=zone)
        server += [f"{written:%Y-%m-%d %H:%M:%S},130 [my.runtime] ERROR - call {name} failed: no such column"] * (
            1 + twice
        )
    made["pods/ml_seldon-envoy-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/envoy/0.log"] = "\n".join(access) + "\n"
    made["pods/ml_mlserver-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/mlserver/0.log"] = "\n".join(server) + "\n"
    return made


@pytest.mark.parametrize("zone", [0, 330, -480])
@pytest.mark.parametrize("twice", [False, True])
def test_ids_of_requests_tell_the_zone_of_the_server(zone: int, twice: bool) -> None:
    found = row(case_of(called(0, zone, twice=twice)).clocks, "/mlserver/0.log")

    assert found["zone_offset"] == -timedelta(minutes=zone)
    assert found["pairs"] >= 4  # type: ignore[operator]


def test_ids_of_requests_tell_the_skew_of_envoy() -> None:
    """The server's log is of the agent's pod, whose subscription ties it to the scheduler."""
    found = row(case_of(called(600, 0)).clocks, "/envoy/")

    assert abs(found["offset"] + timedelta(seconds=600)) <= timedelta(seconds=1)  # type: ignore[operator, arg-type]
    assert found["pairs"] >= 4  # type: ignore[operator]


def test_one_request_alone_is_said() -> None:
    clocks = case_of(called(600, 0, ids=1)).clocks

    assert any("envoy" in remark and "one pair" in remark for remark in doubts(clocks))


def broken(skews: tuple[float, ...], words: str = "error reading from server: EOF") -> dict[str, str]:
    """A scheduler that lost its agent again and again, seen by a clock that is off by so many seconds each time."""
    made = files(loads=0)
    scheduler, agent = (next(n for n in made if part in n) for part in ("/scheduler/", "/agent/"))
    made[agent] = made[agent].split("\n")[0] + "\n"  # no subscription: nothing else ties the two
    for n, skew in enumerate(skews):
        made[scheduler] += (
            f'time="{moment(100 * n + 50):%Y-%m-%dT%H:%M:%SZ}" level=warning msg="Client replica mlserver:0 has disconnected" error="context canceled"\n'
            f'time="{moment(100 * n + 51):%Y-%m-%dT%H:%M:%SZ}" level=info msg="Agent subscribe stream closed for mlserver:0" func=Subscribe\n'
        )
        made[agent] += (
            f'time="{moment(100 * n + 50, skew):%Y-%m-%dT%H:%M:%SZ}" level=error msg="event recv failed" error="rpc error: code = Unavailable desc = {words}"\n'
        )
    return made


@pytest.mark.parametrize(
    ("skews", "words", "found"),
    [
        ((900, 901, 900), "error reading from server: EOF", 900),
        ((900,), "error reading from server: EOF", 0),  # it may have been another end
        ((900, 20), "error reading from server: EOF", 0),  # they do not agree
        (
            (900, 901, 900),
            "keepalive ping failed to receive ACK within timeout",
            0,
        ),  # the two sides knew at different times
    ],
)
def test_ends_of_streams_count_where_several_agree(skews: tuple[float, ...], words: str, found: float) -> None:
    offset = row(case_of(broken(skews, words)).clocks, "/agent/")["offset"]

    assert abs(offset + timedelta(seconds=found)) <= timedelta(seconds=1)  # type: ignore[operator, arg-type]


@pytest.mark.parametrize(("skew", "zone"), [(0, 0), (120, 0), (0, 60), (120, 60)])
def test_what_envoy_was_sent_tells_its_clock(skew: int, zone: int) -> None:
    made = files(loads=0)
    scheduler = next(n for n in made if "/scheduler/" in n)
    envoy = [
        f"[{moment(10, skew) + timedelta(minutes=zone):%Y-%m-%d %H:%M:%S}.299][1][info][main] [source/server/server.cc:467] initializing epoch 0 (base id=0, hot restart version=11.104)"
    ]
    for n in range(3):
        second = 30 + 40 * n
        made[scheduler] += (
            f'time="{moment(second):%Y-%m-%dT%H:%M:%SZ}" level=info msg="[linear cache] open delta watch ID:{n + 1} for type.googleapis.com/envoy.config.cluster.v3.Cluster Resources:map[], system version \\"3\\"" source=LinearCache\n'
        )
        at = moment(second, skew) + timedelta(minutes=zone)
        envoy += [
            f"[{at:%Y-%m-%d %H:%M:%S}.{part}][1][info][upstream] [source/common/upstream/cds_api_helper.cc:31] cds: {said}"
            for part, said in (
                ("410", "response indicates 4 added/updated cluster(s), 0 removed cluster(s); applying changes"),
                ("425", "added/updated 4 cluster(s) (skipped 0 unmodified cluster(s)); removed 0 cluster(s)"),
            )
        ]
    made["pods/ml_seldon-envoy-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/envoy/0.log"] = "\n".join(envoy) + "\n"

    found = row(case_of(made).clocks, "/envoy/")

    assert found["zone_offset"] == -timedelta(minutes=zone)
    assert abs(found["offset"] + timedelta(seconds=skew)) <= timedelta(seconds=2)  # type: ignore[operator, arg-type]
    assert found["pairs"] >= 3  # type: ignore[operator]


# ---- the runs of one container


def runs(second_begins: int) -> dict[str, str]:
    """The logs of two runs of the operator's container, the second from a moment on; the first ends after ten minutes."""

    def run(start: int, end: int) -> str:
        return "".join(
            f'{moment(s).isoformat().replace("+00:00", "Z")}\tINFO\tsetup\tSetting log level\t{{"n": {s}}}\n'
            for s in range(start, end + 1, 60)
        )

    folder = "namespaces/ml/pods/seldon-v2-controller-manager-7d9-x2x/manager/manager/logs"
    return {f"{folder}/previous.log": run(0, 600), f"{folder}/current.log": run(second_begins, second_begins + 300)}


@pytest.mark.parametrize(("begins", "crossed"), [(601, False), (540, True), (-3600, True), (0, False)])
def test_a_run_goes_on_after_the_next_has_begun_on_a_wrong_clock_only(begins: int, crossed: bool) -> None:
    """A second run that begins with the first is the same one, collected when it was still the current."""
    case = case_of(runs(begins), whole=False)

    clocks = dict(case.clocks.select("member", "error").iter_rows())
    assert bool(overtaken(case.frames)) == crossed
    assert all((error >= timedelta(seconds=60)) == crossed for error in clocks.values())
    assert len(set(case.frames["log.controller"]["clock"])) == (2 if crossed else 1)
    assert case.covered.period is not None
    assert case.covered.period[1] // 1_000_000 == int(
        moment(begins + 300 if crossed else max(600, begins + 300)).timestamp()
    )
