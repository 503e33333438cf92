"""Give the records of a file to the processes that wrote them.

One file may hold the logs of several processes one after the other (`kubectl logs` in a loop, `--all-containers`), or
of one that started again. A section ends where the time jumps back, or where the signs of another component begin.
"""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from parsers.components import component_of, identity_of, named_component, placed, signs, telling
from parsers.parser import Artefact, Origin, Parsed, by_line, shaped
from parsers.schema import SOURCES

# Records of one process stand in order, save for a clock that is set right and lines of threads.
_JUMP = timedelta(seconds=2)
_OTHER = "log.other"
# Shorter steps say nothing of the direction: whole seconds stand between milliseconds.
_LONG = timedelta(seconds=1)
_NEARLY = 4  # steps back for each one on
# So many jumps are no logs one after the other, but lines of several processes mixed: then only the signs count.
_MANY = 200
# A component's sign may be quoted by another; so many are none by chance.
_SIGNS = 3
# Of more records than this a part is looked at to see whether there is more than one component.
_SAMPLE = 50_000
_TELLING = "\0telling"


def by_component(artefact: Artefact, parsed: Parsed, component: str | None = None) -> Parsed:
    """Return `parsed` with its rows of `log.other` moved to the source of the component that wrote them.

    Args:
        artefact: what was read.
        parsed: with records in `log.other`.
        component: the one it is, where the format alone says so.

    Returns:
        Version and origin are those of the component with the most records.
    """
    rows = _as_said(by_line(parsed.frames[_OTHER]))
    rows = rows.with_columns(telling(rows["text"]).alias(_TELLING))
    frames: dict[str, list[pl.DataFrame]] = {name: [frame] for name, frame in parsed.frames.items() if name != _OTHER}
    version, origin, most = None, Origin(), -1
    parts = _cut(rows)
    owners = [component or component_of(part[_TELLING], Origin()) for part in parts]
    for part, known in zip(parts, _filled(owners, named_component(artefact.origin)), strict=True):
        said, told = identity_of(part[_TELLING], known)
        place = placed(artefact.origin, said)
        source = f"log.{known}" if f"log.{known}" in SOURCES else _OTHER
        frames.setdefault(source, []).append(_moved(artefact, place, source, part))
        if len(part) > most:
            version, origin, most = told, replace(place, previous=None), len(part)
        version = version or told
    return replace(
        parsed,
        frames={name: by_line(pl.concat(parts)) for name, parts in frames.items()},
        version=version,
        origin=origin,
    )


def _filled(owners: list[str | None], named: str | None) -> list[str | None]:
    """Return the components, gaps filled from the section before, else the one after, else the name."""
    known = pl.Series(owners, dtype=pl.String).forward_fill().backward_fill()
    return [name or named for name in known.to_list()]


def _named(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return the records of a guest that are a component's own, such as rclone's, with its name."""
    return frame.with_columns(pl.lit(source.removeprefix("log.")).alias("component"))


def _moved(artefact: Artefact, place: Origin, source: str, part: pl.DataFrame) -> pl.DataFrame:
    bare = part.drop("namespace", "pod", "container", "component")
    return shaped(source, artefact.with_origin(place), bare)


def _as_said(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, turned round where a log store gave the newest first: then nearly every step goes back."""
    step = rows["time"].forward_fill().diff().dt.total_microseconds()
    long = int(_LONG.total_seconds() * 1e6)
    back, on, far_back, far_on = ((step < 0).sum(), (step > 0).sum(), (step < -long).sum(), (step > long).sum())
    return rows.reverse() if far_back > _NEARLY * far_on and back > on else rows


def _cut(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the sections, in order; one for a file without records."""
    if rows.is_empty():
        return [rows]
    jumps = (rows["time"].forward_fill().diff() < -_JUMP).fill_null(False)
    jumps = jumps & (int(jumps.sum()) <= _MANY)
    if len(rows) < _SIGNS and not jumps.any():  # of a thousand pods each may have said a line
        return [rows]
    some = rows.select(pl.col(_TELLING).gather_every(len(rows) // _SAMPLE + 1)).filter(pl.col(_TELLING) != "")
    counts = some.select(
        pl.col(_TELLING).str.contains_any(literals).sum().alias(name) for name, literals in signs().items()
    )
    present = [name for name, count in counts.row(0, named=True).items() if count >= _SIGNS]
    if not jumps.any() and len(present) < 2:
        return [rows]
    claims = [pl.col(_TELLING).str.contains_any(signs()[name]).fill_null(False).alias(name) for name in present]
    # A line that two claim is nobody's.
    alone = pl.sum_horizontal(present) == 1 if present else pl.lit(False)
    sign = pl.coalesce(*(pl.when(pl.col(name) & alone).then(pl.lit(name)) for name in present), pl.lit(None, pl.String))
    marked = (
        rows.select(*claims, part=jumps.cum_sum())
        .select("part", sign=sign)
        .with_columns(pl.col("sign").forward_fill().over("part").backward_fill().over("part"))
    )
    name = marked["part"].cast(pl.String) + "/" + marked["sign"].fill_null("")
    return rows.with_columns(name.alias("section")).partition_by("section", maintain_order=True, include_key=False)
