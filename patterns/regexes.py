"""What Polars makes of a regex: whether it is one, and which names its groups bind."""

import re
from functools import lru_cache

import polars as pl

LONGEST = 4_000  # characters of one regex

# An escape, a class (Rust's may nest one deep) or a quantifier: what a scan for doubled quantifiers steps over.
_STEP = re.compile(
    r"\\.|\[\^?\]?(?:\\.|\[:?[^\]]*\]|[^\]\\])*\]|(?P<doubled>(?:[*+?]|\{\d*,?\d*\})\??[+*])|.", re.DOTALL
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
    for step in _STEP.finditer(regex):
        if step["doubled"]:
            return (
                step.start(),
                f"`{step['doubled']}` means something else here than in other engines; no quantifier twice",
            )
    try:
        pl.Series([""]).str.contains(regex)
    except pl.exceptions.ComputeError as error:
        return _told(str(error))
    return None


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
