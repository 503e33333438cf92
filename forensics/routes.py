"""The routes that ought to be in Envoy, beside those that are."""

from collections.abc import Mapping

import polars as pl

from forensics.links import Topology
from parsers.schema import empty


def expected_routes(frames: Mapping[str, pl.DataFrame], topology: Topology) -> pl.DataFrame:
    """Return `route.expected`."""
    return empty("route.expected")
