"""Lines that were packed away come back as they were."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from forensics.intake.lines import CHUNK, Lines


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))), st.data())
def test_a_stretch_of_lines_is_that_stretch(lines: list[str], data: st.DataObject) -> None:
    packed = Lines.of(pl.Series(lines, dtype=pl.String))
    begin = data.draw(st.integers(-2, len(lines) + 2))
    end = data.draw(st.integers(begin, len(lines) + 3))

    assert packed.texts() == lines
    assert packed.between(begin, end) == lines[max(0, begin) : max(0, end)]


def test_a_stretch_across_packs() -> None:
    lines = [f"line {number}" for number in range(3 * CHUNK)]
    packed = Lines.of(pl.Series(lines))

    assert packed.between(CHUNK - 2, 2 * CHUNK + 2) == lines[CHUNK - 2 : 2 * CHUNK + 2]
    assert packed.between(2 * CHUNK, 2 * CHUNK + 1) == lines[2 * CHUNK : 2 * CHUNK + 1]
    assert len(packed) == 3 * CHUNK
