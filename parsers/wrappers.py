r"""Peel what container runtimes, kubectl and log stores put around each line.

    2026-11-25T19:26:11.614637608Z stderr F time="2026-11-25T19:26:11Z" level=info ...      CRI
    {"log":"time=...\n","stream":"stderr","time":"2026-11-25T19:26:11.614637608Z"}         docker json-file
    [pod/mlserver-0/agent] 2026-11-25T19:26:11.614637608Z time="2026-..."                  kubectl

Wrappers are recognised by content, from the outside in, and peeled whole columns at a time. Lines of several processes
become several artefacts. Physical line numbers are kept.
"""

from dataclasses import dataclass, field

import polars as pl

from parsers import exports
from parsers.decoding import undecorated
from parsers.exports import NAMES
from parsers.parser import LINES, Artefact, Origin
from parsers.peeling import WRAPPERS, Wrapper
from parsers.schema import IGNORED, REJECT
from parsers.screens import SCREENS

_LAYERS = 6  # real stacks have two or three
_SAMPLE = 200  # lines of the head, and as many of the middle
_WIDTH = 1 << 16  # characters of a line that are looked at


_OF_JSON = ("docker json-file", "records")  # a string in them can hold what no bare line does
_NONE_IGNORED = pl.DataFrame(schema=dict(IGNORED))
_NO_REJECTS = pl.DataFrame(schema=dict(REJECT))


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What is left of a member once its wrappers are off. Every line is in exactly one of the three.

    Attributes:
        artefacts: one a process, in the order in which they first speak.
        ignored: columns `IGNORED`: lines of the wrapper itself.
        rejects: columns `REJECT`: lines the wrapper should have had.
        wrappers: their names, outermost first.
    """

    artefacts: tuple[Artefact, ...]
    ignored: pl.DataFrame = field(default_factory=lambda: _NONE_IGNORED)
    rejects: pl.DataFrame = field(default_factory=lambda: _NO_REJECTS)
    wrappers: tuple[str, ...] = ()


def sample_of(text: pl.Series) -> pl.Series:
    """Return lines that are not blank, of the head and the middle: a file may begin with somebody else's words."""
    if len(text) > 4 * _SAMPLE:
        text = pl.concat([text.head(_SAMPLE), text.slice(len(text) // 2, _SAMPLE)])
    text = text.str.slice(0, _WIDTH)
    return text.filter(text.str.contains(r"[^ \t]")).head(2 * _SAMPLE)


def unwrap(member: str, lines: pl.DataFrame, origin: Origin) -> Unwrapped:
    """Return the artefacts inside a member's lines.

    Args:
        member: path inside the bundle.
        lines: columns `LINES`, as decoded.
        origin: what layout says; what a wrapper says of a line goes before it.
    """
    if not len(lines):
        return Unwrapped((Artefact(member, lines, origin),))
    ignored = _NONE_IGNORED
    names: list[str] = []
    if (opened := _export(lines)) is not None:
        frame, name, structure = opened
        frame = undecorated(frame)
        names.append(name)
        ignored = _ignored(member, structure, f"structure of the {name}")
    elif _fitting(sample_of(lines["text"])) is None:
        return Unwrapped((Artefact(member, lines, origin),))
    else:
        frame = lines.with_columns(pl.lit(None, pl.String()).alias(name) for name in NAMES)
    for _ in range(_LAYERS):
        sample = sample_of(frame["text"])
        found = _fitting(sample)
        if found is None:
            break
        frame = found.peel(frame)
        if found.name in _OF_JSON:
            frame = undecorated(frame)
        names.append(found.name)
        if "_noise" in frame.columns:
            noise = frame.filter("_noise")
            ignored = pl.concat([ignored, _ignored(member, noise.select("line", "lines"), f"written by {found.name}")])
            frame = frame.filter(~pl.col("_noise")).drop("_noise")
    return Unwrapped(_artefacts(member, frame, origin), ignored, wrappers=tuple(names))


def _fitting(sample: pl.Series) -> Wrapper | None:
    """Return the wrapper that the lines of a sample wear."""
    if sample.is_empty():
        return None
    lines = sample.to_list()
    begins, text = {line[:1] for line in lines}, "\n".join(lines)
    likely = (
        one
        for one in (*SCREENS, *WRAPPERS)
        if (one.begins is None or not begins.isdisjoint(one.begins)) and one.holds in text
    )
    return next((one for one in likely if one.fits(sample)), None)


def _ignored(member: str, lines: pl.DataFrame, reason: str) -> pl.DataFrame:
    every = lines.select(pl.int_ranges("line", pl.col("line") + pl.col("lines")).alias("line").explode()).drop_nulls()
    return every.select(pl.lit(member).alias("member"), pl.col("line"), pl.lit(reason).alias("reason")).cast(
        pl.Schema(IGNORED)
    )


def _export(lines: pl.DataFrame) -> tuple[pl.DataFrame, str, pl.DataFrame] | None:
    """Return the lines of a file that is a document or a table of records, its form, and its lines of structure."""
    short = lines["text"].head(5).str.slice(0, _WIDTH)
    begins = next((line for line in short.str.strip_chars() if line), "")
    structure = lines.clear().select("line", "lines")
    # What follows looks at the head before it touches the whole: most logs begin with a bracket or hold a comma.
    if begins[:1] in ("{", "[") and exports.may_be_document(_beginning(lines["text"])):
        first = next((line for line in lines["text"].head(5).str.strip_chars() if line), "")
        if len(lines) > 1 and first.endswith("}") and exports.loads(first) is not None:
            if '"resourceLogs"' in first and (made := exports.batches(lines["text"].to_list())) is not None:
                return exports.frame_of(*made), "JSON export", structure
            return None  # one object a line
        text = "\n".join(lines["text"].to_list())
        said = exports.document(text)
        if said is None:
            return None
        places = exports.spread(text, len(said), len(lines))
        if places is None:
            places = [(1, len(lines)), *((1, 0) for _ in said[1:])]
        elif places[0][0] > 1:
            structure = lines.filter(pl.col("line") < places[0][0]).select("line", "lines")
        return exports.frame_of(said, places), "JSON export", structure
    if exports.may_be_table(short.to_list()) and (read := exports.table(lines["text"].to_list())) is not None:
        rows, places, heading = read
        return exports.frame_of(rows, places), "CSV export", lines.head(heading).select("line", "lines")
    return None


def _beginning(texts: pl.Series) -> str:
    """Return the first lines, of each no more than is looked at."""
    return "\n".join(texts.head(_SAMPLE).str.slice(0, _WIDTH).to_list())


def _artefacts(member: str, frame: pl.DataFrame, origin: Origin) -> tuple[Artefact, ...]:
    if not any(frame[name].null_count() < len(frame) for name in NAMES):
        return (Artefact(member, frame.select(LINES.names()).cast(LINES), origin),)
    # A line without a name, a continuation, goes with the line before it.
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in NAMES)
    source = pl.struct(NAMES)
    frame = frame.with_columns(pl.when(known).then(source).forward_fill().backward_fill().alias("_source"))
    made = []
    for (said,), part in frame.group_by("_source", maintain_order=True):
        own = Origin(**said) if isinstance(said, dict) else Origin()
        made.append(Artefact(member, part.select(LINES.names()).cast(LINES), own.or_else(origin)))
    return tuple(made)
