"""Work that is done once for a frame, however many modules ask for it."""

import weakref
from collections.abc import Callable
from functools import wraps

import polars as pl

Made = Callable[[pl.DataFrame, str], pl.DataFrame]


def once_per_frame(make: Made) -> Made:
    """Return `make` with its results kept for as long as the frame lives that they were made of.

    Frames are never changed in place here, so what was made of one stays true.
    """
    kept: dict[tuple[int, str], pl.DataFrame] = {}

    @wraps(make)
    def asked(frame: pl.DataFrame, about: str) -> pl.DataFrame:
        key = (id(frame), about)
        if key not in kept:
            kept[key] = make(frame, about)
            weakref.finalize(frame, kept.pop, key, None)
        return kept[key]

    return asked
