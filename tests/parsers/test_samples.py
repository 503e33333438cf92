"""Every parser reads and refuses its own samples, and claims none of another parser."""

import pytest

from parsers import PARSERS
from parsers.parser import Artefact, Parser, Sample
from parsers.schema import IGNORED, REJECT, SOURCES

CASES = [
    pytest.param(parser, sample, id=f"{parser.name}-{number}")
    for parser in PARSERS
    for number, sample in enumerate(parser.samples)
]


@pytest.mark.parametrize(("parser", "sample"), CASES)
def test_a_sample_is_read_or_refused(parser: Parser, sample: Sample) -> None:
    artefact = Artefact.of("sample", sample.text)

    assert parser.recognises(artefact.head()) is (sample.yields is not None)
    if sample.yields is None:
        return
    parsed = parser.parse(artefact)
    assert (dict(parsed.ignored.schema), dict(parsed.rejects.schema)) == (dict(IGNORED), dict(REJECT))
    filled = [name for name, frame in parsed.frames.items() if len(frame)]
    source = sample.source or (filled[0] if len(filled) == 1 else None)
    assert source in SOURCES, f"the sample must name one of {filled}"
    rows = parsed.frames[source].to_dicts()
    assert [row | dict(sample.yields) for row in rows] == rows
    assert len(rows) == sample.rows if sample.rows is not None else rows


@pytest.mark.parametrize(("parser", "sample"), [case for case in CASES if case.values[1].yields is not None])
def test_a_sample_is_claimed_by_its_parser_alone(parser: Parser, sample: Sample) -> None:
    head = Artefact.of("sample", sample.text).head()

    # The last parser takes any dated log that nobody else recognises.
    claims = [other.name for other in PARSERS[:-1] if other.recognises(head)]

    assert claims in ([parser.name], []), f"{parser.name}'s sample is claimed by {claims}"


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_a_parser_carries_samples_it_reads_and_refuses(parser: Parser) -> None:
    assert {sample.yields is None for sample in parser.samples} == {True, False}


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
@pytest.mark.parametrize("text", ["", "\n", "\x00", "{", "x" * 100_000, "\ufeff", "\x00\n\xff\n{]\n"])
def test_nothing_raises_on_odd_text(parser: Parser, text: str) -> None:
    artefact = Artefact.of("odd", text)

    parser.recognises(artefact.head())
    parser.parse(artefact)
