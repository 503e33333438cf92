import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.envoy_access import _USUAL, KEYS, _matched, _split
from parsers.parser import Artefact

WORD = st.text("abcXYZ019-./:,?=é\t ", max_size=12)
LINE = st.builds(
    '[2025-03-04T10:15:30.832Z] "{} {} HTTP/1.1" {} {} 90 190 5538 {} "{}" "{}" "{}" "{}" "{}"'.format,
    st.sampled_from(["POST", "GET", "-"]),
    st.sampled_from(["/v2/models/iris/infer", "/", "/a?b=c", "/a b"]),
    st.sampled_from(["200", "503", "0", "-"]),
    st.sampled_from(["-", "UF", "URX,UF", "- UF"]),
    st.sampled_from(["-", "12"]),
    WORD,
    WORD,
    WORD,
    WORD,
    WORD,
)


@given(st.lists(LINE, min_size=1, max_size=5))
def test_the_fast_way_reads_the_same(lines: list[str]) -> None:
    frame = Artefact.of("a", "\n".join(lines)).frame
    usual = frame.filter(pl.col("text").str.contains(_USUAL))
    columns = list(KEYS)
    assert _split(usual).select(columns).equals(_matched(usual).select(columns))


@pytest.mark.parametrize("flags", ["-", "UF,URX"])
def test_usual_lines_go_the_fast_way(flags: str) -> None:
    line = (
        f'[2025-03-04T10:15:30.832Z] "POST /v2/models/a/infer HTTP/1.1" 503 {flags} 90 190 5538 - '
        '"-" "curl/8.5" "-" "seldon-mesh" "192.0.2.21:9001"'
    )
    assert pl.Series([line]).str.contains(_USUAL).all()
