"""The last word of every layer about every model, pipeline, experiment and server."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from forensics.links import Topology
from parsers.schema import empty

KINDS = ("model", "pipeline", "experiment", "server")


def last_words(frames: Mapping[str, pl.DataFrame], topology: Topology) -> dict[str, pl.DataFrame]:
    """Return `state.model`, `state.pipeline`, `state.experiment` and `state.server`."""
    return {f"state.{kind}": empty(f"state.{kind}") for kind in KINDS}


def state_table(frames: Mapping[str, pl.DataFrame], states: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """Return the states as the document holds them."""
    return []
