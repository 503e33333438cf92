"""A file with lines of many pods: read together they come to what each comes to alone, in a small part of the time."""

import time
from collections.abc import Callable

import polars as pl
import pytest

from forensics.ingest import Read, read_member
from forensics.opening.walking import Member
from parsers import PARSERS

AT = "2025-07-12T18:30"
AGENT = (
    f'time="{AT}:09Z" level=info msg="Received operation" Name=AgentServiceManager func=x Source=AgentServiceManager'
)
SCHEDULER = f'time="{AT}:10Z" level=warning msg="no room" func=x source=SchedulerServer'
BARE = f'time="{AT}:10Z" level=info msg="Something else" func=x'
NAMED = f'time="{AT}:10Z" level=info msg="Setting namespace from k8s file to ml" func=x source=Client'
MLSERVER = "2025-07-12 18:30:09,949 [mlserver] ERROR - Couldn't load model"
TRACE = [
    "Traceback (most recent call last):",
    '  File "/x.py", line 3, in load',
    '    raise ValueError("x")',
    "ValueError: no",
]
KLOG = "E0712 18:30:09.123456       1 reflector.go:150] failed to list"
KAFKA = "%3|1752345009.123|FAIL|rdkafka#producer-1| [thrd:x]: b:9092/1: Connect failed"
SAID: dict[str, Callable[[int], tuple[str, list[str]]]] = {
    "one line each": lambda n: ("agent", [AGENT]),
    "containers nobody knows": lambda n: (f"c{n}", [AGENT]),
    "no sign": lambda n: (f"c{n}", [BARE]),
    "components by their signs": lambda n: (f"c{n}", [AGENT if n % 2 else SCHEDULER, BARE]),
    "one that says who it is": lambda n: ("agent", [NAMED if n % 7 == 0 else AGENT, AGENT]),
    "the wrong name": lambda n: ("scheduler" if n % 5 == 0 else "agent", [AGENT, BARE]),
    "tracebacks": lambda n: ("mlserver", [MLSERVER, *TRACE]),
    "tracebacks without their head": lambda n: ("mlserver", [*TRACE, MLSERVER] if n % 9 == 4 else [MLSERVER, *TRACE[:2]]),
    "guests": lambda n: ("modelgateway", [BARE, KAFKA, BARE]),
    "strangers": lambda n: ("agent", [AGENT, "of nobody", "", "of nobody else"]),
    "no year": lambda n: ("manager", [KLOG, KLOG]),
    "anything": lambda n: ("agent" if n % 2 else "mlserver", [[AGENT], [MLSERVER, *TRACE], [KLOG], ["", "x"], [BARE, KAFKA]][n % 5]),
}  # fmt: skip
PODS = 27


def read(name: str, data: bytes) -> Read:
    return read_member(Member(name, data, len(data), "0" * 64, "read", None), PARSERS, strict=True)


def rows(parts: list[pl.DataFrame]) -> list[tuple[object, ...]]:
    return sorted(pl.concat(parts).rows(), key=repr)


@pytest.mark.parametrize("mixed", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "wrap", ["[pod/mlserver-{n}/{c}] {line}", pytest.param("ml mlserver-{n} {c} {line}", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("kind", SAID)
def test_what_is_read_together_is_what_is_read_alone(
    kind: str, wrap: str, mixed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [(k, wrap.format(n=n, c=SAID[kind](n)[0], line=line)) for n in range(PODS)
            for k, line in enumerate(SAID[kind](n)[1])]  # fmt: skip
    if mixed:
        said.sort(key=lambda one: one[0])
    data = ("\n".join(line for _, line in said) + "\n").encode()
    together = read("pods.log", data)
    monkeypatch.setattr("forensics.ingest.crowds", list)
    alone = read("pods.log", data)

    assert (together.status, together.reason, sorted(together.kinds)) == (
        alone.status,
        alone.reason,
        sorted(alone.kinds),
    )
    assert together.account == alone.account
    assert set(together.frames) == set(alone.frames)
    for source in alone.frames:
        assert rows(together.frames[source]) == rows(alone.frames[source])
    assert together.ignored.sort("line").equals(alone.ignored.sort("line"))
    assert together.rejects.sort("line").equals(alone.rejects.sort("line"))


def test_a_thousand_pods_take_no_longer_than_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    data = "".join(f"[pod/p{n}/c{n}] {AGENT}\n" for n in range(100)).encode()
    read("pods.log", data)

    def spent() -> float:
        begun = time.process_time()
        read("pods.log", data)
        return time.process_time() - begun

    together = spent()
    monkeypatch.setattr("forensics.ingest.crowds", list)
    assert together < spent() / 3
