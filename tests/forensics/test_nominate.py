"""The engines that nominate rows say the same as looking at every row for every literal."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.evidence.hits import find
from forensics.evidence.nominate import Nominate, engine, with_hyperscan, with_polars
from patterns.language import parse_where
from patterns.pattern import Evidence

TEXTS = st.lists(st.none() | st.text(alphabet='ab:é \n\\"', max_size=12), max_size=8)
LITERALS = st.lists(st.text(alphabet="ab:é \n", min_size=1, max_size=4), max_size=6, unique=True)


def brute(text: pl.Series, literals: list[str]) -> list[tuple[int, int]]:
    return [
        (row, number)
        for row, value in enumerate(text.to_list())
        for number, literal in enumerate(literals)
        if value is not None and literal in value
    ]


ENGINES = [with_polars, with_hyperscan]


@pytest.mark.parametrize("nominate", ENGINES, ids=lambda e: e.__name__)
@settings(max_examples=300)
@given(texts=TEXTS, literals=LITERALS)
def test_an_engine_says_what_brute_force_says(nominate: Nominate, texts: list[str | None], literals: list[str]) -> None:
    if nominate is with_hyperscan:
        pytest.importorskip("hyperscan", reason="the extra `fast` is not installed")
    text = pl.Series("text", texts, dtype=pl.String)

    assert nominate(text, literals).rows() == brute(text, literals)


def test_an_engine_can_be_chosen() -> None:
    assert engine("polars") is with_polars


def test_finding_is_the_same_with_every_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.authoring.examples import case_of
    from forensics.evidence import hits

    lines = "\n".join(
        f'time="2026-03-04T10:15:{second:02}Z" level=error msg=no error="dial tcp 10.0.0.{second}:9005: i/o timeout"'
        for second in range(30)
    )
    frames = case_of(
        {"agent.log": 'time="2026-03-04T10:15:00Z" level=info msg="Server Capabilities [x]"\n' + lines}
    ).frames
    wheres = [
        'text contains "i/o timeout"',
        'text matches "9005: (i/o|x) timeout"',
        'not text contains "i/o"',
        "text exists",
    ]
    pieces = [(where, Evidence("e", "log.agent", parse_where(where, "log.agent"), {})) for where in wheres]

    made = {}
    for name in ("polars", "hyperscan"):
        if name == "hyperscan":
            pytest.importorskip("hyperscan", reason="the extra `fast` is not installed")
        monkeypatch.setattr(hits, "engine", lambda name=name: engine(name))
        made[name] = {key: [hit.row for hit in found.hits] for key, found in find(pieces, frames).items()}
    monkeypatch.setattr(hits, "condition_literals", lambda where: ())
    made["brute force"] = {key: [hit.row for hit in found.hits] for key, found in find(pieces, frames).items()}

    assert made["polars"] == made["hyperscan"] == made["brute force"]
    assert [len(rows) for rows in made["polars"].values()] == [30, 30, 1, 31]
