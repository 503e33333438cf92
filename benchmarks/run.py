"""Measure the analyser against a yardstick, honestly.

    python -m benchmarks.run [--megabytes 5 100 300] [--rounds 5] [--peers] [--json FILE] [--table FILE]

The yardstick and the analyser run in turns, each in a process of its own; of wall, CPU and memory the least counts,
children included. Every analysis is compared with the truth of its bundle: a fast wrong answer ends the run.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

from benchmarks.generate import MB, generate, members
from benchmarks.peers.peer import PEERS

HERE = Path(__file__).parent
PEER_MEGABYTES = 2


@dataclass
class Spent:
    """What one process and its children took; seconds and MiB."""

    wall: float
    cpu: float
    rss: float

    def least(self, other: "Spent | None") -> "Spent":
        """Return the smaller figure of each kind."""
        if other is None:
            return self
        return Spent(min(self.wall, other.wall), min(self.cpu, other.cpu), min(self.rss, other.rss))


def spend(command: list[str], env: dict[str, str]) -> Spent:
    """Run a command to its end, and return what it took.

    Raises:
        RuntimeError: it failed.
    """
    began = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return Spent(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def write_patterns(path: Path) -> int:
    """Write the literals of the library's conditions on logs, for ripgrep; return how many."""
    from patterns.literals import condition_literals
    from patterns.loader import load_library

    pieces = [piece for pattern in load_library().patterns.values() for piece in pattern.evidence.values()]
    logs = [piece.where for piece in pieces if piece.source.startswith("log.") and piece.where is not None]
    found = sorted({x for where in logs for x in condition_literals(where) or () if x.isascii() and "\n" not in x})
    special = re.compile(r"([\\.+*?()|\[\]{}^$])")
    path.write_text("".join(special.sub(r"\\\1", literal) + "\n" for literal in found))
    return len(found)


def mistakes(document: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """Return where a report differs from the truth of its bundle: lines that were lost, hits that were not found."""
    wrong = list(document["failures"])
    read = {member["member"]: member for member in document["coverage"]["members"]}
    for name, lines in truth["lines"].items():
        member = read.get(name)
        if member is None or member["lines"] != lines or member["rejects"] or member["status"] != "read":
            wrong.append(f"{name}: {lines} lines, the report says {member and member['lines']}")
    counted = {finding["pattern"]: finding["count"] for finding in document["findings"]}
    wrong += [
        f"{pattern}: {hits} hits, the report says {counted.get(pattern, 0)}"
        for pattern, hits in truth["planted"].items()
        if counted.get(pattern, 0) != hits
    ]
    return wrong


def measure(megabytes: int, rounds: int, folder: Path, patterns: Path, env: dict[str, str]) -> dict[str, Any]:
    """Return the figures of a bundle of `megabytes`.

    Raises:
        RuntimeError: a report differs from the truth.
    """
    bundle, report = folder / f"{megabytes}.tar.gz", folder / "report.json"
    truth = generate(megabytes, bundle)
    python = [sys.executable, "-m", "forensics", "analyse", "--no-cache", str(bundle), "-o", f"json:{report}"]
    commands = {
        "yardstick": [str(HERE / "yardstick.sh"), str(bundle), str(patterns)],
        "analyse": python,
        "import polars": [sys.executable, "-c", "import polars"],
        "--help": [sys.executable, "-m", "forensics", "--help"],
    }
    best: dict[str, Spent] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            best[name] = spend(command, env).least(best.get(name))
            if name == "analyse" and (wrong := mistakes(json.loads(report.read_bytes()), truth)):
                raise RuntimeError("the report differs from the truth:\n" + "\n".join(wrong))
    bundle.unlink()
    return {"megabytes": megabytes, "text": truth["bytes"], **{name: asdict(spent) for name, spent in best.items()}}


def measure_peers(folder: Path, patterns: Path, env: dict[str, str]) -> dict[str, Any]:
    """Return seconds of CPU a megabyte of what else there is on a few megabytes, and of ripgrep on the same."""
    text = folder / "peers.log"
    text.write_bytes(b"".join(data for _, data, _, _ in members(PEER_MEGABYTES, 1)))
    figures: dict[str, Any] = {}
    commands = {"ripgrep": ["rg", "-a", "--no-unicode", "-c", "-f", str(patterns), str(text)]}
    for name in PEERS:
        if name == "re" or util.find_spec(name):
            commands[name] = [sys.executable, "-m", "benchmarks.peers.peer", name, str(text), str(patterns)]
        else:
            figures[name] = None
    if shutil.which("lnav"):
        commands["lnav"] = ["lnav", "-n", "-c", ":close", str(text)]
    for name, command in commands.items():
        figures[name] = spend(command, env).cpu * MB / text.stat().st_size
    return figures


def table(results: dict[str, Any]) -> str:
    """Return the results as a table in Markdown, ratios to the yardstick of the same run."""
    rows = [
        "| text, MB | wall, s | x yardstick | CPU, s | x yardstick | memory, MiB | x `import polars` CPU |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for size in results["sizes"]:
        ours, rod, cold = size["analyse"], size["yardstick"], size["import polars"]
        rows.append(
            f"| {size['megabytes']} | {ours['wall']:.2f} | {ours['wall'] / rod['wall']:.1f} | {ours['cpu']:.2f} "
            f"| {ours['cpu'] / rod['cpu']:.1f} | {ours['rss']:.0f} | {ours['cpu'] / cold['cpu']:.1f} |"
        )
    if peers := results.get("peers"):
        rows += ["", "| peer | CPU, s a MB | x ripgrep |", "|---|---:|---:|"]
        for name, cost in peers.items():
            told = "absent | |" if cost is None else f"{cost:.4f} | {cost / peers['ripgrep']:.0f} |"
            rows.append(f"| {name} | {told}")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Read the command line, measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[5, 100, 300])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if not shutil.which("rg"):
        parser.error("ripgrep (rg) is the yardstick: install it")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # Caches of its own, warm after the first round.
        env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        patterns = folder / "patterns"
        literals = write_patterns(patterns)
        results: dict[str, Any] = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "literals": literals,
            "rounds": given.rounds,
            "versions": {name: metadata.version(name) for name in ("polars", "orjson", "isal", "pyparsing")},
            "hyperscan": util.find_spec("hyperscan") is not None,
            "sizes": [measure(size, given.rounds, folder, patterns, env) for size in given.megabytes],
        }
        if given.peers:
            results["peers"] = measure_peers(folder, patterns, env)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")
    if given.table:
        given.table.write_text(table(results))
    print(table(results), end="")


if __name__ == "__main__":
    main()
