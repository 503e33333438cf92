"""Fold the lines of a log into records, where a format's own rule says which lines begin one.

`records` cuts what has one main format and continuations that look like such. Here the process hosts code that prints
whatever it likes, so what is no head belongs to the record above it unless the format's rule says otherwise.
"""

from dataclasses import dataclass

import polars as pl

from parsers.parser import Artefact, set_aside
from parsers.regexes import ascii_classes
from parsers.schema import REJECT
from parsers.timestamps import MICROSECOND

_TELLING = 4096
_BLANK = r"^[ \t\r\n\x0B\x0C\x00]*$"
# What kubectl and kubelet put in front of a log, or in its place.
COLLECTION = (
    r"^(?:Defaulted container \"|Error from server(?: \(\w+\))?: |unable to retrieve container logs for "
    r"|failed to (?:create fsnotify watcher|watch file|try resolving symlinks)|Unable to connect to the server: )"
)
# Heads of the logs that stand beside these in a pod or a joined file, and cannot be part of them.
FOREIGN = (
    r"^(?:time=\"\d{4}-\d\d-\d\dT|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\S*\t[A-Z]+\t"
    r"|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:INFO  |ERROR |NOTICE|DEBUG |CRITICAL): "
    r"|\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]\[\d+\]\[)"
)


@dataclass(frozen=True, slots=True)
class Folded:
    """The lines of an artefact, each in a record or among the ignored.

    Attributes:
        rows: columns row (of the artefact), line, lines, stamped, first (the first line), rest (the others with their
            line feeds, "" for none), in the order of lines.
        ignored: columns `IGNORED`: blank lines between records, and what the collector said.
        rejects: columns `REJECT`: lines of another process's log.
    """

    rows: pl.DataFrame
    ignored: pl.DataFrame
    rejects: pl.DataFrame


def openings(head: str) -> list[str]:
    """Return the lines of a head, each as far as a format can be told by it: a dump's one line may be huge."""
    return [line[:_TELLING] for line in head.split("\n")]


def fold(artefact: Artefact, starts: pl.Series, *, strict: bool = True) -> Folded:
    """Return the records that begin at the lines `starts` marks; the first line that is not blank begins one too.

    Args:
        artefact: any lines.
        starts: Boolean, one a line of the artefact. Blank lines never begin a record; inside one they belong to it.
        strict: whether lines of another process's log are rejected.
    """
    text = artefact.frame["text"].fill_null("")
    frame = artefact.frame.with_row_index("row").with_columns(
        text,
        start=starts.fill_null(False),
        collector=text.str.contains(ascii_classes(COLLECTION)),
        foreign=text.str.contains(ascii_classes(FOREIGN)) & strict,
        said=~blank(text),
    )
    said = pl.col("said") & ~pl.col("collector")
    own = pl.col("start") & said & ~pl.col("foreign")
    first = said & (said.cum_sum() == 1) & ~pl.col("foreign")
    # Another process's record lasts until the next of this one.
    turn = pl.when(pl.col("foreign")).then(True).when(own).then(False).forward_fill().fill_null(False)
    frame = frame.with_columns(start=own | first, elsewhere=turn & pl.col("said") & ~pl.col("collector"))
    ours = pl.col("said") & ~pl.col("collector") & ~pl.col("elsewhere")
    # A line that is nobody's ends the record before it.
    broken = (pl.col("collector") | pl.col("elsewhere")).fill_null(False)
    after = ours & pl.when("said").then(broken).forward_fill().shift(1).fill_null(False)
    frame = frame.with_columns(start=(pl.col("start") | after) & ours, kept=ours)
    frame = frame.with_columns(record=pl.col("start").cum_sum())
    frame = frame.with_columns(next=pl.when("kept").then("record").when(broken).then(0).backward_fill())
    # A blank line belongs to a record only when more of the record comes after it.
    inside = pl.col("kept") | (
        ~pl.col("said") & (pl.col("next") == pl.col("record")).fill_null(False) & (pl.col("record") > 0)
    )
    kept = frame.filter(inside)
    rest = (
        kept.filter(~pl.col("start"))
        .group_by("record", maintain_order=True)
        .agg(more=pl.col("lines").sum(), rest=pl.col("text").str.join("\n"), least=pl.col("line").min())
        .with_columns(rest="\n" + pl.col("rest"))
    )
    rows = (
        kept.filter("start")
        .join(rest, on="record", how="left", maintain_order="left")
        .select(
            "row",
            pl.min_horizontal("line", "least").alias("line"),  # newest first: the rest stands above the start
            (pl.col("lines") + pl.col("more").fill_null(0)).cast(pl.UInt32).alias("lines"),
            "stamped",
            pl.col("text").alias("first"),
            pl.col("rest").fill_null(""),
        )
    )
    out = frame.filter(~inside)
    reason = pl.when("said").then(pl.lit("collection")).otherwise(pl.lit("blank"))
    rejects = out.filter("elsewhere").select(
        pl.lit(artefact.member).alias("member"), "line", "lines", "text", pl.lit("of another format").alias("reason")
    )
    return Folded(rows, set_aside(out.filter(~pl.col("elsewhere")), reason), rejects.cast(pl.Schema(REJECT)))


def dated(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `rows` where a record without a time of its own has its wrapper's (columns time, precision, zoned)."""
    borrowed = pl.col("time").is_null() & pl.col("stamped").is_not_null()
    return rows.with_columns(
        pl.coalesce("time", "stamped").alias("time"),
        precision=pl.when(borrowed).then(pl.lit(MICROSECOND)).when(pl.col("time").is_not_null()).then("precision"),
        zoned=pl.when(borrowed).then(pl.lit(True)).otherwise("zoned"),
    )


def fields(**values: pl.Expr) -> pl.Expr:
    """Return a JSON object a row, of what a record says besides its columns."""
    return pl.struct([value.alias(name) for name, value in values.items()]).struct.json_encode()


def blank(text: pl.Series) -> pl.Series:
    """Return whether each line holds nothing to read."""
    return text.fill_null("").str.contains(_BLANK)
