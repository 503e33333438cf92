"""How often each pattern was right where it was named as a root cause, on simulated installations."""

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

FILE = "measured.json"  # beside this file; written by `python -m benchmarks.accuracy --store`


def measured(pattern: str) -> tuple[int, int] | None:
    """Return how often a pattern was right, of how often it was named; None where the simulation never had it.

    Args:
        pattern: id, `<layer>/<name>`.
    """
    found = _whole()["patterns"].get(pattern)
    return (int(found[0]), int(found[1])) if found else None


@cache
def _whole() -> dict[str, Any]:
    try:
        return dict(orjson.loads((files("patterns") / FILE).read_bytes()))
    except OSError:
        return {"patterns": {}}
