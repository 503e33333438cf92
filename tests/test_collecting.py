"""The names of the tests themselves: processes that share a run must find the same ones in the same order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def collected(**environment: str) -> list[str]:
    """The names of all tests, as a process with this environment finds them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_two_processes_find_the_same_tests_whatever_hash_seed_zone_and_time_they_have() -> None:
    names = collected(PYTHONHASHSEED="1", TZ="UTC")

    assert len(names) > 5000
    assert names == collected(PYTHONHASHSEED="2", TZ="Asia/Kolkata")
