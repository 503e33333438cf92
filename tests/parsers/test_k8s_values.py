"""Numbers that YAML can write and a column cannot hold are no quantities."""

import math

import pytest

from parsers.k8s_values import in_bytes, integer, quantity


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, -(10**400)])
def test_a_number_that_no_column_holds_is_none(value: float) -> None:
    assert quantity(value) is None
    assert in_bytes(value) is None
    assert integer(value) is None


def test_quantities_are_read() -> None:
    assert [quantity(1.5), in_bytes("1Gi"), in_bytes(5), in_bytes("9e99")] == [1.5, 2**30, 5, None]
