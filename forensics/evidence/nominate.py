"""Find the rows that hold one of many literals, all at once: what is nominated is judged by its own condition.

Two engines that say the same: Polars' automaton, and Hyperscan where its wheel is installed (the extra `fast`).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import polars as pl

PAIRS = pl.Schema({"row": pl.UInt32(), "literal": pl.UInt32()})  # positions in the text and in the literals
CHUNK = 50_000  # rows that are joined at a time
Nominate = Callable[[pl.Series, Sequence[str]], pl.DataFrame]


def with_polars(text: pl.Series, literals: Sequence[str]) -> pl.DataFrame:
    """Return which row holds which literal, columns `PAIRS`, sorted; a null holds none."""
    if not literals or not text.len():
        return pl.DataFrame(schema=PAIRS)
    frame = text.rename("text").to_frame().with_row_index("row").filter(pl.col("text").str.contains_any(list(literals)))
    numbers = pl.DataFrame({"found": list(literals)}).with_row_index("literal")
    # Overlapping, or the first literal hides those inside it.
    return (
        frame.select("row", found=pl.col("text").str.extract_many(list(literals), overlapping=True))
        .explode("found")
        .join(numbers, on="found")
        .select("row", "literal")
        .unique()
        .sort("row", "literal")
        .cast(PAIRS)
    )


def with_hyperscan(text: pl.Series, literals: Sequence[str]) -> pl.DataFrame:
    """Return the same as `with_polars`, by Hyperscan over the bytes of all rows, one after the other."""
    if not literals or not text.len():
        return pl.DataFrame(schema=PAIRS)
    database = _database(tuple(literals))
    text = text.fill_null("") if text.null_count() else text
    lengths = text.str.len_bytes().cast(pl.UInt64) + 1
    ends = lengths.cum_sum()  # one past the line feed that follows each row
    found: list[int] = []
    before = 0
    for some in text.to_frame().iter_slices(CHUNK):
        data = some.to_series().str.join("\n").item().encode()
        database.scan(data, match_event_handler=_noted(found, before))
        before += len(data) + 1
    if not found:
        return pl.DataFrame(schema=PAIRS)
    hits = pl.Series("hit", found, dtype=pl.UInt64).unique()
    made = pl.DataFrame({"end": hits // (1 << 20), "literal": hits % (1 << 20)})
    rows = ends.search_sorted(made["end"], side="left")
    # A literal that holds a line feed could begin in the row before, or end in the line feed between two rows.
    width = pl.Series([len(literal.encode()) for literal in literals], dtype=pl.UInt64)
    begins = ends - lengths
    starts = made["end"] - width.gather(made["literal"])
    inside = (starts >= begins.gather(rows)) & (made["end"] < ends.gather(rows))
    return (
        made.with_columns(row=rows).filter(inside).select("row", "literal").unique().sort("row", "literal").cast(PAIRS)
    )


def _noted(found: list[int], before: int) -> Callable[..., None]:
    """Return what Hyperscan calls with each hit: it notes of which literal, and its end, counted from `before`."""

    def note(number: int, start: int, end: int, flags: int, context: object) -> None:
        found.append((before + end) << 20 | number)

    return note


@lru_cache(maxsize=64)
def _database(literals: tuple[str, ...]) -> Any:
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    expressions = [literal.encode() for literal in literals]
    database.compile(
        expressions=expressions,
        ids=list(range(len(literals))),
        elements=len(literals),
        flags=0,
        literal=True,
    )
    return database


def engine(name: str | None = None) -> Nominate:
    """Return an engine by name, `polars` or `hyperscan`; without a name Hyperscan where it is installed."""
    if name == "polars" or (name is None and find_spec("hyperscan") is None):
        return with_polars
    return with_hyperscan
