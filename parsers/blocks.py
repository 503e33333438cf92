"""Logs of different formats one after the other in a file, each long: cut where the next begins.

A parser is chosen by the first lines of a text, and what follows in another format it may take for continuations. Here
only long runs of the heads of a format count, and only of formats that no other process prints among its own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from parsers.parser import LINES, Artefact
from parsers.regexes import ascii_classes

_LONG = 30  # heads of one format side by side, from which on they are a log of their own
_MOST = 24  # runs; more are lines of several processes mixed
_SHARE = 0.9  # of all heads that long runs hold
_HEAD = 200  # lines that a parser is chosen by: what is shorter it reads as it is
_STRIDE = 200  # lines that are looked at all over the text, before every line is


@dataclass(frozen=True, slots=True)
class _Heads:
    """How the records of a format begin, and the formats of processes that may print such lines themselves."""

    regex: str
    hosts: tuple[str, ...] = ()


_FORMATS = {
    "logrus": _Heads(r'^time="\d{4}-\d\d-\d\dT'),
    "zap": _Heads(r"^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\S*|\d\.\d+e\+09)\t[A-Z]+\t"),
    "zap as JSON": _Heads(r'^\{"level":"[a-z]+","ts":'),
    "rclone": _Heads(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:DEBUG |INFO  |NOTICE|WARNING|ERROR |CRITICAL): "),
    "mlserver": _Heads(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \["),
    "triton": _Heads(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \w+\.cc:\d+\] ", ("mlserver",)),
    "klogging": _Heads(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z +[A-Z]+ +\["),
    "kafka": _Heads(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] [A-Z]+ ", ("klogging", "mlserver")),
    "envoy": _Heads(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]\[\d+\]\[", ("access", "istio")),
    "access": _Heads(r'^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "', ("envoy", "istio")),
    "coredns": _Heads(r"^\[(?:INFO|WARNING|ERROR)\] plugin/"),
    "istio": _Heads(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\t(?:debug|info|warn|error)\t", ("envoy", "access")),
}
_NAMES = tuple(_FORMATS)
_REGEXES = {name: ascii_classes(heads.regex) for name, heads in _FORMATS.items()}
_COMPILED = re.compile("|".join(f"(?:{heads.regex})" for heads in _FORMATS.values()), re.ASCII)


def blocks(artefact: Artefact) -> tuple[Artefact, ...]:
    """Return the logs that stand in an artefact one after the other; the artefact itself where it is one."""
    text = artefact.frame["text"]
    if len(text) <= _HEAD or not _several(text):
        return (artefact,)
    cuts = list(_cuts(_formats(text)))
    if not cuts:
        return (artefact,)
    ends = [*cuts[1:], len(text)]
    # What the layout says is of the process whose log comes first.
    rest = replace(artefact, origin=replace(artefact.origin, container=None, component=None))
    return (
        replace(artefact, frame=artefact.frame.slice(0, cuts[0])),
        *(
            replace(rest, frame=artefact.frame.slice(begin, end - begin).select(LINES.names()))
            for begin, end in zip(cuts, ends, strict=True)
        ),
    )


def _several(text: pl.Series) -> bool:
    """Whether lines all over a text, and its last ones, begin as those of more than one format do."""
    looked = pl.concat([text.head(_HEAD), text.gather_every(len(text) // _STRIDE + 1), text.tail(_HEAD)])
    found = looked.str.slice(0, 100).to_list()
    kinds = {_shape(line) for line in found if line and _COMPILED.match(line)}
    return len(kinds) > 1


def _shape(line: str) -> str:
    return next(name for name, heads in _FORMATS.items() if re.match(heads.regex, line, re.ASCII))


def _formats(text: pl.Series) -> pl.DataFrame:
    """Return the lines that are heads of a format: columns row and format, its place in `_NAMES`."""
    which = pl.lit(None, pl.UInt8)
    for number, regex in enumerate(_REGEXES.values()):
        which = pl.when(pl.col("text").str.contains(regex)).then(pl.lit(number, pl.UInt8)).otherwise(which)
    return text.to_frame("text").select(format=which).with_row_index("row").drop_nulls("format")


def _cuts(heads: pl.DataFrame) -> Iterator[int]:
    """Yield the rows on which another log begins than the one before."""
    runs = (
        heads.with_columns(run=(pl.col("format") != pl.col("format").shift(1)).fill_null(False).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.col("row").first(), pl.col("format").first(), count=pl.len())
    )
    long = runs.filter(pl.col("count") >= _LONG)
    if len(long) > _MOST or int(long["count"].sum()) < _SHARE * len(heads):
        return
    before: str | None = None
    for row, number in long.select("row", "format").iter_rows():
        name = _NAMES[number]
        if before is not None and name != before and before not in _FORMATS[name].hosts:
            yield row
        before = name
