"""Where the CPU goes, stage by stage, in one process: python -m benchmarks.stages BUNDLE [BUNDLE ...]."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stage(name: str, spent: dict[str, float]) -> Iterator[None]:
    """Add the CPU of the block, all threads, to `spent`."""
    began = time.process_time()
    yield
    spent[name] = spent.get(name, 0.0) + time.process_time() - began


def measure(path: str) -> dict[str, float]:
    """Return seconds of CPU of each stage of an analysis; the first call also pays the imports."""
    spent: dict[str, float] = {}
    with stage("import polars", spent):
        import polars  # noqa: F401
    with stage("import ours", spent):
        from forensics.analysis import analyse, on_clock, read_whole
        from forensics.bundle import open_bundle
        from patterns.loader import load_library
    with stage("library", spent):
        library = load_library()
    with stage("walk alone", spent):
        size = sum(member.bytes for member in open_bundle([path]).members())
    with stage("walk and parse", spent):
        whole = read_whole(open_bundle([path]))
    with stage("clocks, topology, states", spent):
        case = on_clock(*whole)
    with stage("match and report", spent):
        analyse(case, library)
    return spent | {"megabytes": size / 1e6}


if __name__ == "__main__":
    for bundle in sys.argv[1:]:
        for name, seconds in measure(bundle).items():
            print(f"{name:26s} {seconds:8.3f}")
