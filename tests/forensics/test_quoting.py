"""Lines are quoted without their secrets, and long ones around what is meant."""

import pytest

from forensics.ingest import gather, read_member
from forensics.intake import quoting
from forensics.opening.walking import Member
from parsers import PARSERS


def test_a_long_line_is_masked_once_however_often_it_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[int] = []

    def mask(text: str) -> str:
        masked.append(len(text))
        return text

    monkeypatch.setattr(quoting, "mask", mask)
    line = " ".join(f"word-{n}" for n in range(20_000)).encode()
    read = read_member(Member("a.json", line, len(line), "", "read", None), PARSERS)
    quotes = quoting.Quotes(gather([read]), {})

    for n in range(9000, 9050):
        cite = quotes.place("a.json", 1, 1, f"word-{n}")
        assert cite is not None
        assert f"word-{n}" in cite["text"]
    assert sum(size > quoting.MOST_CHARS for size in masked) == 1
