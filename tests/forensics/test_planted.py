"""What is planted in a bundle, secrets and texts that want to be obeyed, comes out of no form of a report."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmarks import planted, planted_texts
from benchmarks.planted_kinds import LINES
from forensics.cli import app
from forensics.querying import deliver_frame
from forensics.writing import inert

FORMS = ("json", "html", "md", "sarif", "xml", "txt")
SECRETS = ("url-postgres", "header-bearer", "logfmt")
OBEYED = (
    "colour",
    "clipboard",
    "c1",
    "bidi",
    "separators",
    "closing",
    "attribute",
    "markdown-link",
    "formula",
    "rich-close",
)


def said(files: dict[str, str | bytes], folder: Path) -> dict[str, bytes]:
    """What every form says of a bundle."""
    (folder / "case.tar.gz").write_bytes(planted.packed(files))
    outputs = [part for form in FORMS for part in ("-o", str(folder / f"report.{form}"))]
    told = CliRunner().invoke(app, ["analyse", "--no-cache", str(folder / "case.tar.gz"), *outputs])
    assert told.exit_code in (0, 1, 2), told.output
    made = {f"report.{form}": (folder / f"report.{form}").read_bytes() for form in FORMS}
    return made | {"analyse": told.output.encode()}


def test_no_secret_comes_out(tmp_path: Path) -> None:
    plants = planted.Plants()
    lines = {kind: LINES[kind] for kind in SECRETS}
    made = said(dict(planted._logs(plants, lines)), tmp_path)

    assert sum(text.count(b"***") for text in made.values()) > len(SECRETS)
    assert {name: plants.found(text) for name, text in made.items() if plants.found(text)} == {}


def test_no_text_is_obeyed(tmp_path: Path) -> None:
    texts = planted_texts.Texts()
    lines = {kind: planted_texts.TEXTS[kind] for kind in OBEYED}
    logs = (each for each in planted._logs(texts, lines) if "logrus" in each[0] or "mlserver" in each[0])
    made = said(dict((*planted_texts.names(texts, lines), *logs)), tmp_path)

    assert sum(text.count(b"Zh8k") for text in made.values()) > 100
    assert [found for name, text in made.items() for found in planted_texts.obeyed(name, text, texts)] == []


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("analyse", "a\x1b[31mZh8k00000q"),
        ("analyse", "a\x9b31mZh8k00000q"),
        ("report.json", '{"a": "\u202eZh8k00000q"}'),
        ("report.html", "<p>x</p><script>Zh8k00000q</script>"),
        ("report.html", '<p title="" onclick="Zh8k00000q">'),
        ("report.html", '<a href="javascript:Zh8k00000q">x</a>'),
        ("report.html", "<!-- Zh8k00000q -->"),
        ("report.md", "see [x](javascript:Zh8k00000q) ![Zh8k00000q](http://evil.example)"),
        ("report.md", "<b>\nZh8k00000q\n</b>"),
        ("query.csv", "a,b\n1,=Zh8k00000q\n"),
        ("report.xml", "<a>Zh8k00000q<b></a>"),
        ("report.sarif", '{"runs": [{"message": {"text": "see [Zh8k00000q](http://x)"}}]}'),
        ("coloured state", "\x1b[1m\x1b]8;;http://evil.example\x1b\\Zh8k00000q"),
        ("coloured state", "\x1b[5;7mZh8k00000q"),
    ],
)
def test_what_would_be_obeyed_is_seen(form: str, text: str) -> None:
    texts = planted_texts.Texts()
    texts.fill("{s}", "x", "y")

    found = list(planted_texts.obeyed(form, text.encode(), texts))
    assert {kind for kind, _, _ in found} <= {"x", "?"}
    assert found != []


@given(st.text() | st.text(st.sampled_from('\x7f\x85\x9b\xad\u061c\u200b\u2028\u202e\u2060\ufeff\U000e0041\\"aé漢')))
def test_inert_json_is_the_same(text: str) -> None:
    raw = json.dumps({text: [text]}, ensure_ascii=False).encode("utf-8", "replace")
    made = inert(raw)

    assert json.loads(made) == json.loads(raw)
    assert planted_texts._OBEYED.search(made.decode()) is None


def test_what_is_said_of_a_mistake_is_not_obeyed() -> None:
    for option in ("--since", "--timezone"):
        told = CliRunner().invoke(app, ["analyse", "/dev/null", option, "\x1b[31mx\x9b\u202e\r"])
        assert planted_texts._OBEYED.search(told.output) is None, ascii(told.output)


def test_a_table_for_a_spreadsheet_holds_no_formula_and_no_control(tmp_path: Path) -> None:
    import polars as pl

    texts = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "a\x1b[31m", "\u202ex", "a\nb"]
    deliver_frame(pl.DataFrame({"a": texts}), str(tmp_path / "x.csv"))
    made = (tmp_path / "x.csv").read_text("utf-8")

    assert list(planted_texts._calculated(made)) == []
    assert planted_texts._OBEYED.search(made) is None
    assert "a\nb" in made


def test_a_row_of_events_that_says_nothing_is_shown(tmp_path: Path) -> None:
    (tmp_path / "events.txt").write_text(
        "LAST SEEN   TYPE      REASON   OBJECT           MESSAGE\n"
        "5m          Warning   Failed   pod/careless-0   Error: x\nforged\n5m          Warning   Failed   pod/b   y\n"
    )
    told = CliRunner().invoke(app, ["timeline", str(tmp_path / "events.txt")])

    assert told.exit_code == 0, told.output
    assert "Error: x" in told.output
