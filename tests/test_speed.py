import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.generate import generate
from benchmarks.run import Spent, mistakes, spend

ROOT = Path(__file__).parent.parent


def test_help_needs_no_polars() -> None:
    code = "import sys, forensics.cli; print(sorted(m for m in ('polars', 'pyparsing', 'orjson') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_lost_line_and_a_missed_hit_are_mistakes() -> None:
    member = {"member": "a.log", "lines": 9, "rejects": 0, "status": "read"}
    document = {"failures": [], "coverage": {"members": [member]}, "findings": []}
    assert mistakes(document, {"lines": {"a.log": 9}, "planted": {}}) == []
    assert len(mistakes(document, {"lines": {"a.log": 10, "b.log": 1}, "planted": {"scheduler/x": 1}})) == 3


def analysed(megabytes: int, folder: Path) -> Spent:
    bundle, report = folder / f"{megabytes}.tar.gz", folder / "report.json"
    truth = generate(megabytes, bundle)
    command = [sys.executable, "-m", "forensics", "analyse", "--no-cache", str(bundle), "-o", f"json:{report}"]
    spent = spend(command, {**os.environ, "PYTHONPATH": str(ROOT)})
    assert mistakes(json.loads(report.read_bytes()), truth) == []
    return spent


@pytest.mark.slow
def test_time_and_memory_grow_no_faster_than_the_text(tmp_path: Path) -> None:
    analysed(5, tmp_path)  # the library is compiled, and kept
    small, large = analysed(15, tmp_path), analysed(60, tmp_path)
    assert large.cpu <= 4 * small.cpu * 1.2
    assert large.rss <= 250 + 8 * 60  # MiB: lines, records and their columns, some of them twice for a moment
