"""Whether NetworkPolicies let the components reach each other."""

from collections.abc import Mapping

import polars as pl

from parsers.schema import empty


def net_paths(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return `net.path`."""
    return empty("net.path")
