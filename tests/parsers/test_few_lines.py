"""A small text is cut into lines as a large one is."""

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers import decoding


def cut(data: bytes, few: int) -> list[str] | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "FEW", few)
        try:
            return decoding._short_lines(data).to_list()
        except pl.exceptions.ComputeError:
            return None


@given(st.one_of(st.binary(min_size=1, max_size=40), st.text("ab\r\n \u00e9", min_size=1, max_size=40).map(str.encode)))
@example(b"a\r\n\r\nb\r")
@example(b"x\n")
@example(b"\xff\n")
def test_few_lines_are_cut_as_many_are(data: bytes) -> None:
    assert cut(data, 1 << 10) == cut(data, 0)
