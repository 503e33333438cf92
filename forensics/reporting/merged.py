"""All logs and Events on one clock, filtered, for reading."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from forensics.intake.masking import mask
from forensics.reporting.escape import inline
from forensics.reporting.folding import shortened
from forensics.reporting.forms import UsageError
from parsers.schema import LEVELS, SOURCES

STYLES = {"error": "red", "fatal": "bold red", "warning": "yellow", "debug": "dim", "trace": "dim"}
MOST = 300  # characters of a record of several lines
_TIME_ALONE = re.compile(r"^#? ?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?$")
COLUMNS = ("earliest", "source", "namespace", "pod", "container", "level", "text", "member", "line")


def instant(written: str | None, option: str) -> datetime | None:
    """Return the time an option gives; UTC where it names no zone.

    Raises:
        UsageError: it is no ISO time.
    """
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise UsageError(f"{option} {written}: no time; write it as 2026-03-04T10:15:30Z or with +02:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def between(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the times that `--since` and `--until` give.

    Raises:
        UsageError: one is no ISO time, or nothing lies between them.
    """
    first, last = instant(since, "--since"), instant(until, "--until")
    if first is not None and last is not None and first >= last:
        raise UsageError(f"--since {since} is not before --until {until}: nothing lies between them")
    return first, last


def merged(
    frames: Mapping[str, pl.DataFrame],
    sources: Sequence[str],
    level: str | None,
    wanted: Sequence[str],
    since: str | None,
    until: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return records by time, columns `COLUMNS`.

    Raises:
        UsageError: a source or level that does not exist, or a time that is none.
    """
    timed = [name for name, source in SOURCES.items() if source.timed]
    for name in sources:
        if name not in timed:
            raise UsageError(f"--source {name}: not one of {', '.join(timed)}")
    if level is not None and level not in LEVELS:
        raise UsageError(f"--level {level}: not one of {', '.join(LEVELS)}")
    start, end = between(since, until)
    chosen = []
    for name in sources or timed:
        frame = frames.get(name)
        if frame is None or not frame.height:
            continue
        part = frame.with_columns(pl.lit(name).alias("source")).select(*COLUMNS, "section")
        if level is not None:
            part = part.filter(pl.col("level") >= pl.lit(level, part.schema["level"]))
        for text in wanted:
            part = part.filter(pl.col("text").str.contains(text, literal=True))
        if start is not None:
            part = part.filter(pl.col("earliest") >= start)
        if end is not None:
            part = part.filter(pl.col("earliest") < end)
        chosen.append(part)
    if not chosen:
        return []
    return pl.concat(chosen).sort("earliest", "member", "line", nulls_last=True).head(limit).to_dicts()


def _told(text: str) -> str:
    """Return a record on one line: of several lines the first, and the last, which says what went wrong."""
    lines = [inline(line.strip()) for line in text.split("\n") if line.strip()]
    lines = lines[1:] if len(lines) > 1 and _TIME_ALONE.match(lines[0]) else lines
    return lines[0] if len(lines) == 1 else shortened(lines, MOST) if lines else ""


def timeline_view(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return one line a record: time, source, pod, text, place."""
    if not rows:
        return Text("No record fits.")
    lines = []
    for row in rows:
        time = row["earliest"].strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z" if row["earliest"] else "-" * 24
        line = Text(f"{time} {row['source'].removeprefix('log.'):15} ")
        line.append(inline(f"{row['pod'] or ''} "), style="dim")
        line.append(_told(mask(row["text"] or "")), style=STYLES.get(row["level"] or "", ""))
        line.append(inline(f"  {row['member']}:{row['line']}"), style="dim")
        lines.append(line)
    return Group(*lines)
