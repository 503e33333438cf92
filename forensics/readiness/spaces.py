"""What a check comes to in one namespace: a dump often knows one of them and not the other."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from forensics.installation.components import LABELS
from forensics.intake.best_forms import Rows
from forensics.intake.rows import rows_of
from patterns.pattern import Library, Pattern
from patterns.terms import Distinct, Term, parts, pieces

MOST = 40  # namespaces that are judged one by one
_RESOURCES = ("k8s.model", "k8s.server", "k8s.pipeline", "k8s.seldonruntime")
_OURS = frozenset({*LABELS, "server"})
_SOURCES = ("k8s.", "state.", "net.path")


def local(pattern: Pattern) -> bool:
    """Whether a check can be judged in one namespace by what is in it: all it needs is bound to its own namespace."""
    asked = [pattern.evidence[name] for name in set(pieces(pattern.match))]
    own = all(piece.bind.get("namespace") == "namespace" and piece.source.startswith(_SOURCES) for piece in asked)
    return own and not _counts(pattern.match)


def _counts(term: Term) -> bool:
    return isinstance(term, Distinct) or any(_counts(part) for part in parts(term))


def seldons(frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return the namespaces that hold something of Seldon, in the order of their names."""
    found = {row["namespace"] for source in _RESOURCES for _, row in rows_of(frames, source)}
    found |= {row["namespace"] for _, row in rows_of(frames, "k8s.pod") if row["component"] in _OURS}
    return sorted(str(name) for name in found if name)[:MOST]


def inside(frames: Mapping[str, pl.DataFrame], namespace: str) -> tuple[dict[str, pl.DataFrame], Rows]:
    """Return the objects of one namespace and those of which no namespace is known.

    The second part tells, for each frame that lost rows, which rows of the first one are left.
    """
    kept: dict[str, pl.DataFrame] = {}
    rows: dict[str, Sequence[int]] = {}
    for source, frame in frames.items():
        if not source.startswith(_SOURCES):
            continue
        kept[source] = frame
        if "namespace" in frame.columns:
            here = pl.col("namespace").is_null() | (pl.col("namespace") == namespace)
            left = frame.with_row_index("row").filter(here)
            kept[source], rows[source] = left.drop("row"), left["row"].to_list()
    return kept, rows


def asking(library: Library, names: Iterable[str]) -> Library:
    """Return the checks of these ids that can be judged in one namespace."""
    wanted = set(names)
    kept = {name: pattern for name, pattern in library.patterns.items() if name in wanted and local(pattern)}
    return Library(kept, library.digest)
