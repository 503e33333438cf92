"""One file with the logs of several processes: each record goes to the one that wrote it."""

from parsers import PARSERS, logrus
from parsers.others import with_others
from parsers.parser import Artefact, Origin

SCHEDULER = [
    'time="2026-11-25T19:31:36Z" level=info msg="Scheduler server running on 9004 mtls:false" source=SchedulerServer',
    'time="2026-11-25T19:31:36Z" level=info msg="Agent server running on 9005 mtls:false" source=AgentServer',
    'time="2026-11-25T19:31:37Z" level=info msg="x" source=SchedulerServer',
    'time="2026-11-25T19:41:54Z" level=info msg="Scheduler is ready"',
]
AGENT = [
    'time="2026-11-25T19:31:37Z" level=info msg="Got server name and index from POD_NAME with value iris-{n}. '
    'Server name:iris Replica Idx:{n}"',
    'time="2026-11-25T19:31:38Z" level=info msg="Starting metrics server on port 9006" source=PrometheusMetrics',
    'time="2026-11-25T19:31:39Z" level=info msg="a" Name=AgentServiceManager',
    'time="2026-11-25T19:31:50Z" level=info msg="b" Name=AgentServiceManager',
]
MLSERVER = [
    "Environment tarball not found at '/mnt/models/environment.tar.gz'",
    "2026-11-25 19:10:45,008 [mlserver.rest] INFO - HTTP server running on http://0.0.0.0:9000",
    "INFO:     Started server process [1]",
    "INFO:     Waiting for application startup.",
]
RCLONE = ["2026/11/25 19:10:43 NOTICE: Serving remote control on http://[::]:5572/"]


def lines(source: str, artefact: Artefact) -> list[int]:
    frames = logrus.parse(artefact).frames
    return frames[source]["line"].to_list() if source in frames else []


def test_two_components_one_after_the_other() -> None:
    artefact = Artefact.of("all.log", "\n".join([*SCHEDULER, *AGENT]))

    assert lines("log.scheduler", artefact) == [1, 2, 3, 4]
    assert lines("log.agent", artefact) == [5, 6, 7, 8]


def test_two_pods_of_one_component() -> None:
    text = "\n".join(line.replace("{n}", n) for n in "01" for line in AGENT)

    pods = logrus.parse(Artefact.of("all.log", text)).frames["log.agent"]["pod"].to_list()

    assert pods == ["iris-0"] * 4 + ["iris-1"] * 4


def test_lines_of_two_components_mixed() -> None:
    text = "\n".join(line for pair in zip(SCHEDULER[:3] * 2, AGENT[2:] * 3, strict=True) for line in pair)

    frames = logrus.parse(Artefact.of("all.log", text)).frames

    assert {name: frame["line"].to_list() for name, frame in frames.items()} == {
        "log.scheduler": [1, 3, 5, 7, 9, 11],
        "log.agent": [2, 4, 6, 8, 10, 12],
    }


def test_containers_of_one_pod_in_one_file() -> None:
    artefact = Artefact.of("mlserver-0.log", "\n".join([*RCLONE, *AGENT, *MLSERVER]), Origin(pod="iris-0"))

    parsed, names = with_others(artefact, logrus.parse(artefact), PARSERS)

    assert names == ("mlserver",)
    assert {name: frame["line"].to_list() for name, frame in parsed.frames.items() if len(frame)} == {
        "log.rclone": [1],
        "log.agent": [2, 3, 4, 5],
        "log.mlserver": [6, 7, 8, 9],
    }
    assert len(parsed.rejects) == 0


def test_names_decide_where_content_does_not() -> None:
    text = 'time="2026-11-25T19:31:38Z" level=info msg="Starting metrics server on port 9006" source=PrometheusMetrics'

    assert [*logrus.parse(Artefact.of("m", text)).frames] == ["log.other"]
    assert [*logrus.parse(Artefact.of("m", text, Origin(container="agent"))).frames] == ["log.agent"]
    assert [*logrus.parse(Artefact.of("m", text, Origin(pod="seldon-pipelinegateway-7d-x"))).frames] == [
        "log.pipelinegateway"
    ]
