"""Ask the frames in SQL."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from forensics.reporting.escape import visible
from forensics.reporting.tables import words
from forensics.writing import inert, write_whole

MOST = 200  # rows shown in a terminal
LONGEST = 400  # characters of a cell shown there; a file holds all of it
_STRINGS = re.compile(r"'(?:[^']|'')*'")
# Table functions of the engine that open what their argument names, on this machine or elsewhere.
_FILES = re.compile(r"\b(?:read|scan)_\w+", re.IGNORECASE)


class QueryError(ValueError):
    """A query that cannot be run: what the SQL engine says of it."""


def ask(frames: Mapping[str, pl.DataFrame], sql: str) -> pl.DataFrame:
    """Return what the query selects, secrets masked; tables are named as sources: `"log.agent"`, or log_agent.

    Raises:
        QueryError: the query cannot be run.
    """
    from forensics.intake.masking import mask

    if opener := _FILES.search(_STRINGS.sub("''", sql)):
        raise QueryError(f"{opener[0]}: only the frames are asked, no other file and no network")
    tables = {name: frame for name, frame in frames.items() if not name.startswith("finding.")}
    context = pl.SQLContext(tables | {name.replace(".", "_"): frame for name, frame in tables.items()})
    try:
        found = context.execute(sql, eager=True)
    except (pl.exceptions.PolarsError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise QueryError(f"the query cannot be run: {first}; tables: {', '.join(sorted(tables))}") from None
    return found.with_columns(
        pl.Series(name, [None if v is None else mask(v) for v in found[name].to_list()], dtype=pl.String)
        for name, dtype in found.schema.items()
        if dtype == pl.String
    )


def deliver_frame(frame: pl.DataFrame, output: str | None) -> RenderableType:
    """Write the frame where `output` says, and return what to print.

    Raises:
        QueryError: the suffix is none of .json, .csv, .parquet.
    """
    if output is None:
        table = Table(box=None, pad_edge=False)
        for name in frame.columns:
            table.add_column(name, overflow="fold")
        for row in frame.head(MOST).iter_rows():
            table.add_row(*(_short(words(value)) for value in row))
        if frame.height > MOST:
            table.caption = f"{frame.height} rows, the first {MOST} shown"
        return table
    made = io.BytesIO()
    match Path(output).suffix:
        case ".json":
            frame.write_json(made)
        case ".csv":
            flat = frame.with_columns(_cell(name, dtype) for name, dtype in frame.schema.items())
            flat.with_columns(pl.col(pl.String).map_elements(_inert, pl.String)).write_csv(made)
        case ".parquet":
            frame.write_parquet(made)
        case _:
            raise QueryError(f"-o {output}: one of .json, .csv, .parquet")
    data = made.getvalue()
    write_whole(Path(output), inert(data) if output.endswith(".json") else data)
    return Text(f"{frame.height} row{'' if frame.height == 1 else 's'} written to {output}")


def _short(text: Text) -> Text:
    more = len(text) - LONGEST
    return Text(f"{text.plain[:LONGEST]}… ({more} characters more)") if more > 0 else text


def _cell(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column as CSV can hold it: durations as microseconds, lists and structures as JSON."""
    if dtype == pl.Duration:
        return pl.col(name).dt.total_microseconds()
    if isinstance(dtype, pl.List | pl.Array | pl.Struct):
        return pl.struct(name).struct.json_encode().alias(name)
    return pl.col(name)


def _inert(text: str) -> str:
    """Return text that no spreadsheet takes for a formula, and no terminal for a command."""
    text = visible(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
