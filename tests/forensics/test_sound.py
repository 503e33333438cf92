"""What counts as sound at the end: it ends findings, so it must not be said lightly."""

import polars as pl

from forensics.analysis import sound
from parsers.schema import LINKS, SOURCES


def states(*rows: dict[str, str]) -> dict[str, pl.DataFrame]:
    """Return `state.model` with the given links; what is not given is unknown."""
    full = [{**dict.fromkeys(LINKS, "unknown"), "name": "iris", **row} for row in rows]
    return {"state.model": pl.DataFrame(full, schema=SOURCES["state.model"].schema)}


ENVOY = {"route": "ok", "cluster": "ok", "endpoint": "ok"}


def test_what_only_envoy_says_is_no_way_of_a_call() -> None:
    found = sound(states({"namespace": "a", **ENVOY}))
    assert ("model", "a", "iris") in found
    assert ("model reached", "a", "iris") not in found


def test_a_way_of_a_call_needs_envoy_and_what_is_behind() -> None:
    assert ("model reached", "a", "iris") in sound(states({"namespace": "a", "agent": "ok", **ENVOY}))
    assert ("model reached", "a", "iris") not in sound(states({"namespace": "a", "agent": "ok", "scheduler": "ok"}))


def test_a_broken_link_spoils_it() -> None:
    assert sound(states({"namespace": "a", "agent": "broken", "scheduler": "ok", **ENVOY})) == frozenset()


def test_a_name_stands_without_its_namespace_only_where_no_namesake_is_unsound() -> None:
    good, bad = {"namespace": "a", "scheduler": "ok"}, {"namespace": "b", "scheduler": "broken"}
    assert ("model", None, "iris") in sound(states(good))
    assert ("model", None, "iris") not in sound(states(good, bad))
