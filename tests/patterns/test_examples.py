"""Every example of every pattern, through the real parsers and the real engine."""

import pytest

from forensics.authoring.examples import decorations, mistake
from patterns.loader import load_library
from patterns.pattern import Example, Pattern

LIBRARY = load_library()
CASES = [(pattern, example) for pattern in LIBRARY.patterns.values() for example in pattern.examples]


@pytest.mark.parametrize(("pattern", "example"), CASES, ids=[f"{p.id}: {e.name}" for p, e in CASES])
def test_example(pattern: Pattern, example: Example) -> None:
    assert mistake(pattern, example, LIBRARY) is None


@pytest.mark.slow
def test_no_example_stands_without_the_lines_it_cites() -> None:
    idle = {f"{p.id}: {e.name}": found for p, e in CASES if (found := decorations(p, e, LIBRARY))}

    assert idle == {}
