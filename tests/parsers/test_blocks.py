"""Logs of several formats, each longer than what a parser is chosen by, one after the other in one file."""

from collections.abc import Callable

import pytest

from forensics.ingest import read_member
from forensics.opening.walking import Member
from parsers import PARSERS
from parsers.blocks import blocks
from parsers.parser import Artefact, Origin


def at(n: int) -> str:
    return f"{10 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}"


LINES: dict[str, Callable[[int], str]] = {
    "logrus": lambda n: f'time="2025-07-12T{at(n)}Z" level=info msg="Received operation {n}" Name=AgentServiceManager func=x Source=AgentServiceManager',
    "zap": lambda n: f"2025-07-12T{at(n)}.123Z\tINFO\tschedulerClient\tmessage {n}",
    "zap as JSON": lambda n: f'{{"level":"info","ts":"2025-07-12T{at(n)}.123Z","logger":"schedulerClient","msg":"message {n}"}}',
    "rclone": lambda n: f"2025/07/12 {at(n)} INFO  : file{n}: Copied (new)",
    "mlserver": lambda n: f"2025-07-12 {at(n)},949 [mlserver] INFO - Loaded model {n}",
    "triton": lambda n: f'I0712 {at(n)}.123456 1 model_lifecycle.cc:621] "loading: m{n}:1"',
    "klogging": lambda n: f"2025-07-12T{at(n)}.123Z INFO [main] io.seldon.dataflow.Main : Adding pipeline {n}",
    "kafka": lambda n: f"[2025-07-12 {at(n)},123] INFO [Broker id=1] started {n} (kafka.server.KafkaServer)",
    "envoy": lambda n: f"[2025-07-12 {at(n)}.172][1][info][config] [source/x.cc:1] added cluster {n}",
    "access": lambda n: f'[2025-07-12T{at(n)}.832Z] "GET / HTTP/1.1" 503 - UF 9 1 {n} - "-" "curl" "-" "mesh" "192.0.2.21:9001"',
    "coredns": lambda n: f"[ERROR] plugin/errors: 2 a{n}.svc. A: read udp 10.0.0.1:1->10.0.0.2:53: i/o timeout",
}  # fmt: skip
KAFKA = "%3|1752345009.123|FAIL|rdkafka#producer-1| [thrd:x]: b:9092/1: Connect failed"
KLOG = "E0712 18:30:09.123456       1 reflector.go:150] failed to list"
HOSTED = {
    ("mlserver", "triton"),
    ("mlserver", "kafka"),
    ("klogging", "kafka"),
    ("envoy", "access"),
    ("access", "envoy"),
}


def log(name: str, count: int = 250) -> list[str]:
    return [LINES[name](n) for n in range(count)]


def cut(lines: list[str]) -> list[list[str]]:
    parts = blocks(Artefact.of("m", "\n".join(lines) + "\n", Origin(container="agent")))
    assert [part.origin.container for part in parts] == ["agent", *[None] * (len(parts) - 1)]
    return [part.frame["text"].to_list() for part in parts]


@pytest.mark.parametrize("first", LINES)
def test_each_log_behind_another_is_its_own(first: str) -> None:
    for second in LINES:
        if second != first and (first, second) not in HOSTED:
            assert cut([*log(first), *log(second)]) == [log(first), log(second)]


def test_all_logs_of_an_installation_in_one_file() -> None:
    every = [log(name) for name in LINES if name not in ("access", "kafka", "triton")]

    assert cut([line for one in every for line in one]) == every


@pytest.mark.parametrize(("first", "second"), sorted(HOSTED))
def test_what_a_process_may_print_itself_stays_with_it(first: str, second: str) -> None:
    assert len(cut([*log(first), *log(second)])) == 1


@pytest.mark.parametrize("guest", [KAFKA, KLOG])
def test_libraries_of_a_process_stay_with_it(guest: str) -> None:
    assert len(cut([*log("logrus"), *[guest] * 300, *log("logrus")])) == 1


def test_lines_that_are_mixed_stay_together() -> None:
    mixed = [line for pair in zip(log("logrus"), log("mlserver"), strict=True) for line in pair]

    assert len(cut(mixed)) == 1
    assert len(cut([*log("logrus"), *log("mlserver", 5), *log("logrus"), *log("envoy", 5)])) == 1


def test_lines_without_a_head_stay_behind_theirs() -> None:
    trace = ["Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: no", ""]

    first, second = cut([*log("mlserver"), *trace, *log("envoy")])
    assert first == [*log("mlserver"), *trace]
    assert second == log("envoy")


@pytest.mark.parametrize(
    ("second", "source"), [("logrus", "log.agent"), ("mlserver", "log.mlserver"), ("zap", "log.controller")]
)
def test_no_log_is_swallowed_by_one_of_envoy(second: str, source: str) -> None:
    data = "\n".join([*log("envoy"), *log(second)]).encode()
    read = read_member(Member("all.log", data, len(data), "0" * 64, "read", None), PARSERS, strict=True)

    assert {name: sum(map(len, frames)) for name, frames in read.frames.items()} == {"log.envoy": 250, source: 250}
