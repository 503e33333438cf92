r"""Peel what container runtimes, kubectl and log stores put around each line.

    2026-11-25T19:26:11.614637608Z stderr F time="2026-11-25T19:26:11Z" level=info ...      CRI
    {"log":"time=...\n","stream":"stderr","time":"2026-11-25T19:26:11.614637608Z"}         docker json-file
    [pod/mlserver-0/agent] 2026-11-25T19:26:11.614637608Z time="2026-..."                  kubectl

Wrappers are recognised by content, from the outside in, and peeled whole columns at a time. Lines of several processes
become several artefacts. Physical line numbers are kept.
"""

from dataclasses import dataclass, field

import polars as pl

from parsers import export_tables, export_yaml, exports
from parsers.decoding import undecorated
from parsers.naming import NAMES
from parsers.parser import LINES, NO_REJECTS, NONE_IGNORED, Artefact, Origin, set_aside
from parsers.peeling import Wrapper
from parsers.prefixes import WRAPPERS
from parsers.screens import QUOTATION, SCREENS

_LAYERS = 6  # real stacks have two or three
_SAMPLE = 200  # lines of the head, and as many of the middle
_WIDTH = 1 << 16  # characters of a line that are looked at


_OF_JSON = ("docker json-file", "records")  # a string in them can hold what no bare line does


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What is left of a member once its wrappers are off. Every line is in exactly one of the three.

    Attributes:
        artefacts: one a process, in the order in which they first speak.
        ignored: columns `IGNORED`: lines of the wrapper itself.
        rejects: columns `REJECT`: lines the wrapper should have had.
        wrappers: their names, outermost first.
        cut: why the outermost does not come to its end; None where it does.
    """

    artefacts: tuple[Artefact, ...]
    ignored: pl.DataFrame = field(default_factory=lambda: NONE_IGNORED)
    rejects: pl.DataFrame = field(default_factory=lambda: NO_REJECTS)
    wrappers: tuple[str, ...] = ()
    cut: str | None = None


def sample_of(text: pl.Series) -> pl.Series:
    """Return lines that are not blank, of the head and the middle: a file may begin with somebody else's words."""
    if len(text) > 4 * _SAMPLE:
        text = pl.concat([text.head(_SAMPLE), text.slice(len(text) // 2, _SAMPLE)])
    lines = text.str.slice(0, _WIDTH).drop_nulls().to_list()
    return pl.Series(text.name, [line for line in lines if line.strip(" \t")][: 2 * _SAMPLE], pl.String())


def unwrap(member: str, lines: pl.DataFrame, origin: Origin) -> Unwrapped:
    """Return the artefacts inside a member's lines.

    Args:
        member: path inside the bundle.
        lines: columns `LINES`, as decoded.
        origin: what layout says; what a wrapper says of a line goes before it.
    """
    if not len(lines):
        return Unwrapped((Artefact(member, lines, origin),))
    ignored = NONE_IGNORED
    names: list[str] = []
    cut: str | None = None
    if (opened := _export(lines)) is not None:
        frame = undecorated(opened.frame)
        names.append(opened.name)
        ignored = set_aside(opened.structure, pl.lit(f"structure of the {opened.name}"))
        cut = opened.cut
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
            ignored = pl.concat([ignored, set_aside(noise, pl.lit(f"written by {found.name}"))])
            frame = frame.filter(~pl.col("_noise")).drop("_noise")
    return Unwrapped(_artefacts(member, frame, origin), ignored, wrappers=tuple(names), cut=cut)


def _fitting(sample: pl.Series) -> Wrapper | None:
    """Return the wrapper that the lines of a sample wear."""
    if sample.is_empty():
        return None
    lines = sample.to_list()
    begins, text = {line[:1] for line in lines}, "\n".join(lines)
    likely = (
        one
        for one in (*SCREENS, *WRAPPERS, QUOTATION)
        if (one.begins is None or not begins.isdisjoint(one.begins)) and any(held in text for held in one.holds)
    )
    return next((one for one in likely if one.fits(sample)), None)


def _export(lines: pl.DataFrame) -> exports.Export | None:
    """Return what a file holds that is a document or a table of records; None for any other."""
    short = lines["text"].head(5).str.slice(0, _WIDTH).to_list()
    begins = next((line.strip() for line in short if line.strip()), "")
    # What follows looks at the head before it touches the whole: most logs begin with a bracket or hold a comma.
    if begins[:1] in ("{", "[") and exports.may_be_document(_beginning(lines["text"])):
        alone = len(lines) > 1 and begins.endswith("}") and exports.loads(begins) is not None
        if alone and not exports.holds_records(begins):
            return None  # one object a line
        return exports.document(lines)
    if (begins == "---" or ": " in begins) and export_yaml.may_be_yaml(_beginning(lines["text"])):
        return export_yaml.yaml_records(lines)
    return export_tables.table(lines) if export_tables.may_be_table(short) else None


def _beginning(texts: pl.Series) -> str:
    """Return the first lines, of each no more than is looked at."""
    return "\n".join(texts.head(_SAMPLE).str.slice(0, _WIDTH).to_list())


def _artefacts(member: str, frame: pl.DataFrame, origin: Origin) -> tuple[Artefact, ...]:
    if not any(frame[name].null_count() < len(frame) for name in NAMES):
        return (Artefact(member, frame.select(LINES.names()).cast(LINES), origin),)
    # A line without a name, a continuation, goes with the line before it.
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in NAMES)
    source = pl.when(known).then(pl.struct(NAMES)).forward_fill().backward_fill().alias("_source")
    frame = frame.select(*(pl.col(name).cast(dtype) for name, dtype in LINES.items()), source)
    who = frame["_source"].unique(maintain_order=True).to_list()
    parts = frame.partition_by("_source", maintain_order=True, include_key=False)
    return tuple(Artefact(member, part, Origin(**said).or_else(origin)) for said, part in zip(who, parts, strict=True))
