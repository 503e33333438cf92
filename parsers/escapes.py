r"""Undo the escapes of quoted values, whole columns at a time: Go's %q and JSON agree on all that occurs often."""

import re

import polars as pl

_SHORT = {
    '\\"': '"',
    "\\n": "\n",
    "\\t": "\t",
    "\\r": "\r",
    "\\/": "/",
    "\\a": "\a",
    "\\b": "\b",
    "\\f": "\f",
    "\\v": "\v",
}
_KEPT = "\ue000"  # stands for an escaped backslash while the others are undone
_CODE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")


def unescaped(values: pl.Series) -> pl.Series:
    """Return the values with backslash escapes undone; an escape nobody knows stays as it is."""
    odd = values.str.contains("\\", literal=True).fill_null(False).arg_true()
    if odd.is_empty():
        return values
    some = _replaced(values.gather(odd), "\\\\", _KEPT)
    # To look is cheaper than to copy, and most of these occur in few files.
    held = some.to_frame("text").select(
        pl.col("text").str.contains(written, literal=True).any().alias(written) for written in _SHORT
    )
    for written in [name for name in _SHORT if held[name][0]]:
        some = some.str.replace_all(written, _SHORT[written], literal=True)
    coded = some.str.contains(r"\\(?:x|u|U)[0-9a-fA-F]{2}").fill_null(False).arg_true()
    if not coded.is_empty():
        # Row by row: Polars cannot compute a character from its number, and such lines are few.
        some = some.scatter(coded, [_CODE.sub(_character, x) for x in some.gather(coded).to_list()])
    return values.scatter(odd, _replaced(some, _KEPT, "\\"))


def _replaced(values: pl.Series, written: str, meant: str) -> pl.Series:
    if not values.str.contains(written, literal=True).any():
        return values
    return values.str.replace_all(written, meant, literal=True)


def _character(match: re.Match[str]) -> str:
    number = int(next(x for x in match.groups() if x), 16)
    # Half of a surrogate pair is no character, and no text could hold it.
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else match.group()
