"""What Polars makes of a regex: whether it is one, and which names its groups bind."""

import re
from collections.abc import Iterator
from functools import lru_cache

import polars as pl

LONGEST = 4_000  # characters of one regex

# What stands for itself in a scan: a named group's opening, an escape with what belongs to it, a quantifier.
_UNIT = re.compile(
    r"\(\?P?<[A-Za-z_][A-Za-z0-9_]*>|\\[xupP]\{[^}]*\}|\\.|(?P<quantifier>(?:[*+?]|\{[0-9]*,?[0-9]*\})\??)|.", re.DOTALL
)
_TEACH = {
    "look-around": 'look-around is not supported; say `and not text matches "..."`, or use a column',
    "backreferences": "back-references are not supported",
    "size limit": "it is too big once compiled; write smaller repeats",
}


@lru_cache(maxsize=4096)
def fault(regex: str) -> tuple[int, str] | None:
    """Return what keeps `regex` from being used, and at which character; None if nothing does.

    Polars compiles an expression when it runs, not when it is built, so the regex is run once here.
    """
    if len(regex) > LONGEST:
        return 0, f"a regex of {len(regex)} characters; at most {LONGEST}"
    before = ""
    for start, step in steps(regex):
        quantifier = step if (unit := _UNIT.match(step)) and unit["quantifier"] else ""
        if before and quantifier:
            return start, f"`{before}{quantifier}` means something else here than in other engines: no quantifier twice"
        before = quantifier
    try:
        pl.Series([""]).str.contains(regex)
    except pl.exceptions.ComputeError as error:
        return _told(str(error))
    return None


def steps(regex: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of a regex with their offsets: whole classes, escapes, quantifiers, else single characters."""
    place = 0
    while place < len(regex):
        if regex[place] == "[":
            end = _class_end(regex, place)
        else:
            unit = _UNIT.match(regex, place)
            end = unit.end() if unit else place + 1
        yield place, regex[place:end]
        place = end


def _class_end(regex: str, place: int) -> int:
    """Return where the class that opens at `place` ends; classes nest. The end of the regex where it never does."""
    depth = 0
    while place < len(regex):
        letter = regex[place]
        if letter == "\\":
            place += 1
        elif letter == "[":
            depth += 1
            place += regex.startswith("^", place + 1)
            place += regex.startswith("]", place + 1)  # stands for itself at the start
        elif letter == "]":
            depth -= 1
            if depth == 0:
                return place + 1
        place += 1
    return len(regex)


@lru_cache(maxsize=4096)
def groups(regex: str) -> dict[str, int]:
    """Return the named groups of a sound regex, and the index `str.extract` knows each by."""
    dtype = pl.Series([""], dtype=pl.String).str.extract_groups(regex).dtype
    fields = dtype.fields if isinstance(dtype, pl.Struct) else []
    return {field.name: index for index, field in enumerate(fields, 1) if not field.name.isdigit()}


def _told(error: str) -> tuple[int, str]:
    """Return the character and the sentence of Polars' message."""
    lines = error.split("\n")
    said = next(
        (x.removeprefix("error: ") for x in lines if x.startswith("error: ")), lines[0].rpartition("error: ")[2]
    )
    said = next((advice for part, advice in _TEACH.items() if part in said), said)
    marker = next((x for x in lines if x.strip() and not x.strip("^ ")), "")
    return max(marker.find("^") - 4, 0), said  # the engine indents the regex by four
