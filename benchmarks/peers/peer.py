"""One peer over the text of a bundle, in a process of its own: python -m benchmarks.peers.peer NAME TEXT PATTERNS.

Each only counts the lines that hold one of the patterns (drain3: learns their templates), far less than an analysis.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path


def naive(text: Path, patterns: list[str]) -> int:
    """One alternation, line by line, with Python's `re`."""
    search = re.compile("|".join(patterns)).search
    with text.open(encoding="utf-8", errors="replace") as lines:
        return sum(1 for line in lines if search(line))


def duckdb(text: Path, patterns: list[str]) -> int:
    """One alternation in DuckDB."""
    import duckdb as engine

    lines = (
        "read_csv(?, columns = {'line': 'VARCHAR'}, delim = '\\x01', quote = '', header = false, ignore_errors = true)"
    )
    query = f"select count(*) from {lines} where regexp_matches(line, ?)"  # noqa: S608 -- no input in it
    row = engine.connect().execute(query, [str(text), "|".join(patterns)]).fetchone()
    return int(row[0]) if row else 0


def drain3(text: Path, patterns: list[str]) -> int:
    """Templates of all lines; no patterns."""
    from drain3 import TemplateMiner

    miner = TemplateMiner()
    with text.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            miner.add_log_message(line.rstrip("\n"))
    return len(miner.drain.clusters)


PEERS: dict[str, Callable[[Path, list[str]], int]] = {"re": naive, "duckdb": duckdb, "drain3": drain3}

if __name__ == "__main__":
    name, path, wanted = sys.argv[1:]
    print(PEERS[name](Path(path), [line for line in Path(wanted).read_text("utf-8").split("\n") if line]))
