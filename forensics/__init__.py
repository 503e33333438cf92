"""Bundle in, report out: the only package that knows the other two.

The public names are `open_bundle`, `analyse` and `Report`; see `forensics.api`. They are imported when asked for, so
that the command line starts without Polars.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.api import Report, analyse, open_bundle

__all__ = ["Report", "analyse", "open_bundle"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from forensics import api

    return getattr(api, name)
