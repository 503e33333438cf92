"""What a parser is given, gives back, and carries to prove itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import polars as pl

from parsers.schema import EVENT, IGNORED, REJECT, SOURCES, TIME

LINES = pl.Schema(
    {
        "line": pl.UInt32(),  # first physical line, from 1
        "lines": pl.UInt32(),  # physical lines joined into this one (CRI partials); 1 otherwise
        "text": pl.String(),  # unwrapped: no wrapper, no colour, no \r\n
        "stamped": TIME,  # the wrapper's time, null without
    }
)
NONE_IGNORED = pl.DataFrame(schema=dict(IGNORED))
NO_REJECTS = pl.DataFrame(schema=dict(REJECT))
HEAD = 1 << 20  # characters of a text that show what it is


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an artefact came from, as far as its bundle's layout or wrapper says. Content may know better."""

    namespace: str | None = None
    pod: str | None = None
    container: str | None = None
    node: str | None = None
    component: str | None = None
    previous: bool | None = None

    def or_else(self, other: "Origin") -> "Origin":
        """Return this origin, its gaps filled from `other`."""
        return Origin(
            *(mine if mine is not None else theirs for mine, theirs in zip(self._all(), other._all(), strict=True))
        )

    def _all(self) -> tuple[Any, ...]:
        return (self.namespace, self.pod, self.container, self.node, self.component, self.previous)


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file of the bundle, or the part of one that a single process wrote.

    Attributes:
        member: path inside the bundle.
        frame: columns `LINES`, in file order, wrappers already peeled.
        origin: what layout and wrappers say of where it came from.
        folder: the member's folder; dumps taken together share it.
    """

    member: str
    frame: pl.DataFrame
    origin: Origin = Origin()

    @classmethod
    def of(cls, member: str, text: str, origin: Origin = Origin()) -> "Artefact":
        """Return the artefact of a text without wrappers. For samples and tests."""
        lines = text.split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        frame = pl.DataFrame({"text": [x.removesuffix("\r") for x in lines]}, schema={"text": pl.String()})
        return cls(
            member,
            frame.with_row_index("line", offset=1)
            .with_columns(pl.lit(1, pl.UInt32()).alias("lines"), pl.lit(None, TIME).alias("stamped"))
            .select(LINES.names())
            .cast(LINES),
            origin,
        )

    @property
    def text(self) -> str:
        """All lines, joined by line feeds."""
        return "\n".join(self.frame["text"].to_list())

    def head(self, lines: int = 200) -> str:
        """Return the first lines, joined and at most `HEAD` characters: what `recognises` looks at."""
        kept: list[str] = []
        room = HEAD
        for line in self.frame["text"].head(lines).str.slice(0, HEAD):
            kept.append(line[:room])
            room -= len(line) + 1
            if room <= 0:
                break
        return "\n".join(kept)

    def with_origin(self, origin: Origin) -> "Artefact":
        """Return the same artefact from `origin`."""
        return replace(self, origin=origin)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser made of an artefact. Each line is in exactly one of the three.

    Attributes:
        frames: source name to rows, columns `SOURCES[name].columns`. A record of several lines has `lines` > 1;
            several facts may share a line.
        ignored: columns `IGNORED`: blank lines, headings, structure, with a reason.
        rejects: columns `REJECT`: lines of a recognised artefact that could not be read.
        version: what the component says its version is; null if it does not.
        origin: what the content says of where the artefact came from.
    """

    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    ignored: pl.DataFrame = field(default_factory=lambda: NONE_IGNORED)
    rejects: pl.DataFrame = field(default_factory=lambda: NO_REJECTS)
    version: str | None = None
    origin: Origin = Origin()

    def __post_init__(self) -> None:
        for name, frame in self.frames.items():
            if frame.schema != SOURCES[name].schema:
                raise TypeError(f"{name}: {frame.schema} is not its schema")


@dataclass(frozen=True, slots=True)
class Sample:
    """A text a parser must read, or must refuse.

    Attributes:
        text: the artefact.
        yields: source name and columns that each of its rows must have; None: `recognises` refuses the text.
        source: where the rows are found; None for the only source there is.
        rows: how many rows; None for at least one.
    """

    text: str
    yields: Mapping[str, object] | None
    source: str | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Parser:
    """One format.

    Attributes:
        name: for `coverage.members`.
        recognises: whether the first lines of an artefact (at most 200, unwrapped) are of this format. Cheap, and
            claims no sample of another parser.
        parse: reads the artefact; never raises on what it reads.
        samples: at least one it reads, one it refuses, one for each trap.
    """

    name: str
    recognises: Callable[[str], bool]
    parse: Callable[[Artefact], Parsed]
    samples: tuple[Sample, ...]


@cache
def unsaid(source: str) -> Mapping[str, pl.Expr]:
    """Return a null for each column of a source: to make one takes longer than to fill a small frame."""
    return {name: pl.lit(None, dtype).alias(name) for name, dtype in SOURCES[source].columns.items()}


def shaped(source: str, artefact: Artefact, rows: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` with exactly the columns of `source`.

    What the artefact's origin says fills columns that are missing or null; other missing columns are null.
    """
    origin = artefact.origin
    known: dict[str, object] = {
        "member": artefact.member,
        "namespace": origin.namespace,
        "pod": origin.pod,
        "container": origin.container,
        "node": origin.node,
        "component": origin.component,
        "previous": bool(origin.previous),
    }
    columns = SOURCES[source].columns
    timed = SOURCES[source].timed
    given, nothing = rows.schema, unsaid(source)
    made = []
    for name, dtype in columns.items():
        value = known.get(name) if timed or name in ("member", "pod") else None
        if name in given:
            column = pl.col(name) if given[name] == dtype else pl.col(name).cast(dtype, strict=False)
            made.append(column if value is None else column.fill_null(pl.lit(value, dtype)))
        else:
            made.append(nothing[name] if value is None else pl.lit(value, dtype).alias(name))
    return rows.select(made)


def set_aside(lines: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    """Return columns `IGNORED` for `lines` (with `line` and `lines` at least), each physical line a row."""
    numbers = pl.int_ranges("line", pl.col("line") + pl.col("lines"), dtype=pl.UInt32).alias("line")
    dtype = IGNORED["reason"]
    return lines.select(numbers, reason.cast(dtype).alias("reason")).explode("line", empty_as_null=False)


def by_line(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in the order of their lines; as they are where they are so already, which costs no copy."""
    return frame if frame["line"].is_sorted() else frame.sort("line", maintain_order=True)


__all__ = ["EVENT", "LINES", "Artefact", "Origin", "Parsed", "Parser", "Sample", "by_line", "set_aside", "shaped"]
