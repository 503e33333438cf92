"""What was measured of patterns is about patterns that are there."""

from patterns.loader import load_library
from patterns.measured import _whole, measured


def test_every_figure_is_of_a_pattern_and_possible() -> None:
    kept = _whole()["patterns"]

    assert kept
    assert kept.keys() <= load_library().patterns.keys()
    assert all(0 <= right <= named and named > 0 for right, named in kept.values())


def test_a_pattern_that_never_occurred_has_no_figure() -> None:
    assert measured("nothing/of-this-name") is None
