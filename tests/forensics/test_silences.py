"""A component that printed all the time and then stopped while its neighbours went on, and what only looks like it."""

from datetime import UTC, datetime, timedelta

import pytest

from forensics.authoring.examples import case_of
from forensics.installation.silence import silences

START = datetime(2026, 3, 4, 10, tzinfo=UTC)
SCHEDULER = "pods/ml_seldon-scheduler-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/scheduler/0.log"


def logrus(until: int, every: int = 10, head: str = "Setting log level to info", since: int = 0) -> str:
    """A log of one record every so many seconds, until so many seconds after the start."""
    return "".join(
        f'time="{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}" level=info msg="{head if second == since else "tick"}"\n'
        for second in range(since, until + 1, every)
    )


def calls(until: int, every: float) -> str:
    return "".join(
        f'[{START + timedelta(seconds=n * every):%Y-%m-%dT%H:%M:%S.120Z}] "POST /v2/models/m/infer HTTP/1.1" 503 - UH 0 9 0 - '
        '"-" "curl/8.5" "-" "mesh" "-"\n'
        for n in range(int(until / every))
    )


def remarks(**logs: str) -> list[str]:
    files = {SCHEDULER: logs.pop("scheduler", "")} | {
        f"pods/ml_{name}-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/agent/0.log": text for name, text in logs.items()
    }
    case = case_of({name: text for name, text in files.items() if text}, whole=False)
    return silences(case.frames, case.covered)


GOING_ON = {"one": logrus(1800), "two": logrus(1800)}


@pytest.mark.parametrize(
    ("logs", "silent"),
    [
        ({"scheduler": logrus(600), **GOING_ON}, True),
        ({"scheduler": logrus(1790), **GOING_ON}, False),  # to the end
        ({"scheduler": logrus(600), "one": logrus(1800), "two": logrus(600)}, False),  # one neighbour is too few
        ({"scheduler": logrus(600), "one": logrus(620), "two": logrus(620)}, False),  # the collection ended
        ({"scheduler": logrus(600, every=90), **GOING_ON}, False),  # seven lines are no rhythm
        ({"scheduler": logrus(300, every=5) + logrus(1200, every=450, since=750), **GOING_ON}, False),  # paused before
    ],
)
def test_silence_is_told_from_what_looks_like_it(logs: dict[str, str], silent: bool) -> None:
    found = [remark for remark in remarks(**logs) if remark.startswith("log.scheduler")]

    assert bool(found) == silent
    assert not silent or "is silent since 2026-03-04 10:10:01 UTC: before, it paused 10 s at most" in found[0]


def test_a_log_cut_by_rotation_is_not_silent() -> None:
    """What was rotated away is another file; where only the old one was collected, it ends early and is a previous log."""
    old = SCHEDULER.replace("/0.log", "/0.log.20260304-101001")
    files = {f"pods/ml_{n}-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/agent/0.log": text for n, text in GOING_ON.items()}
    both = case_of({**files, old: logrus(600), SCHEDULER: logrus(1800, since=610)}, whole=False)

    assert silences(both.frames, both.covered) == []


@pytest.mark.parametrize(("every", "silent"), [(1, True), (20, False)])
def test_an_access_log_is_silent_only_after_load(every: float, silent: bool) -> None:
    envoy = "pods/ml_seldon-envoy-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/envoy/0.log"
    files = {f"pods/ml_{n}-0_0f0e1d2c-3b4a-4958-8776-95a4b3c2d1e0/agent/0.log": text for n, text in GOING_ON.items()}
    case = case_of({**files, envoy: calls(900, every)}, whole=False)

    assert any(r.startswith("log.envoy_access") for r in silences(case.frames, case.covered)) == silent
