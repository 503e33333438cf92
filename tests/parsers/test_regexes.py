r"""The regexes of the parsers mean the same for both engines, and ASCII only."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.regexes import ascii_classes

REGEXES = (
    r"^\d{4}-\d\d \w+",
    r"[\w.-]+\s+\S+",
    r"[^\s\"]+\]",
    r"\[(\d+)\]\[[^\]\s]*\]",
    r"[]\d]x",
    r"[^]\w]+$",
    r"a\\d|\\\d",
    r"[\s\S]{2}",
    r"\D\W",
)


@pytest.mark.parametrize("regex", REGEXES)
@given(text=st.text(st.sampled_from('ad07 _-.\\[]"\tx:é'), max_size=12))
def test_classes_mean_ascii(regex: str, text: str) -> None:
    meant = re.search(regex, text, re.ASCII) is not None
    made = ascii_classes(regex)

    assert (re.search(made, text) is not None) == meant
    assert pl.Series([text]).str.contains(made).to_list() == [meant]


@pytest.mark.parametrize(
    ("regex", "made"),
    [
        (r"\d[\w.]", "[0-9][0-9A-Za-z_.]"),
        (r"\\d", r"\\d"),  # a backslash, and a letter
        (r"[\d\S]\d", r"[\d\S][0-9]"),
    ],
)
def test_what_is_made_of_a_regex(regex: str, made: str) -> None:
    assert ascii_classes(regex) == made
