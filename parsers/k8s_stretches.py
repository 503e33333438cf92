"""Where one output of kubectl ends and another begins, in a file to which several were written.

`kubectl get a -o yaml >> all; kubectl get b -o json >> all` separates them by nothing: read as one document, the
second hides the first. A key at the margin that was there before opens another object, and so does the other notation.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

MARK = re.compile(r"apiVersion:|kind:|---|\.\.\.|[{\[]|==== (?:START|END) logs")
MOST = 100_000  # outputs in some megabytes: more are too small for objects
_FIRST = ("a", "k", "-", ".", "{", "[", "=")
_SAID = (  # words of kubectl, and prompts
    r"(?:[\w.@:~/\[\]-]{0,60}[$#%>] ?)?(?:sudo )?(?:kubectl|oc|k|helm) [a-z-]|Warning: |Error from server|error: "
    r"|No resources found|[\w.-]{1,60}@[\w.-]{1,60}[: ][^\s$#%>]{0,80} ?[$#%>](?: |$)"
)
_MARKED = rf"^(?:{MARK.pattern}|(?:{_SAID}))"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines of one output: the index of the first and after the last, and whether they are JSON."""

    start: int
    stop: int
    in_json: bool


def stretches(lines: list[str]) -> list[Stretch]:
    """Return the outputs that lines hold, of which those that say nothing are blank."""
    marks = ((i, line) for i, line in enumerate(lines) if line.startswith(_FIRST) and MARK.match(line))
    first = next((line.lstrip() for line in lines if line.strip()), "")
    return list(_cut(marks, len(lines), first.startswith(("{", "["))))


def stretches_of(texts: pl.Series) -> list[Stretch]:
    """Return the outputs that the lines of a column hold, what kubectl says between JSON on its own."""
    at = texts.str.contains(_MARKED).arg_true()
    marks = zip(at.to_list(), texts.gather(at).to_list(), strict=True)
    first = next((text.lstrip() for text in texts.head(1000) if text.strip()), "")
    return list(_cut(marks, len(texts), first.startswith(("{", "["))))


def _cut(marks: Iterable[tuple[int, str]], height: int, in_json: bool) -> Iterator[Stretch]:
    start, seen, logged, said = 0, set[str](), False, False
    for index, line in marks:
        mark = MARK.match(line)
        if mark is None:  # what kubectl says
            if in_json and not logged:
                yield Stretch(start, index, in_json)
                start, in_json, said = index, False, True
            said = said or index == start
            continue
        what = mark[0]
        if what.startswith("===="):
            logged = " START " in what
        elif logged:
            continue
        elif what in "{[":
            if not in_json and (seen or said):
                yield Stretch(start, index, in_json)
                start, in_json = index, True
                seen.clear()
        elif what in ("---", "..."):
            seen.clear()
        elif what in seen or (in_json and what == "apiVersion:"):
            yield Stretch(start, index, in_json)
            start, in_json = index, False
            seen = {what}
        elif not in_json:
            seen.add(what)
        said = False
    if height > start:
        yield Stretch(start, height, in_json)
