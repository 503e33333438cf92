"""SQL asks the frames, and nothing else."""

import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from forensics.querying import QueryError, ask, deliver_frame

FRAMES = {"log.agent": pl.DataFrame({"text": ["read_csv('x')", "b"]})}


@pytest.mark.parametrize("call", ["read_csv('{}')", "READ_CSV('{}')", "\"read_csv\"('{}')", "read_csv /* */ ('{}')"])
def test_no_other_file_is_opened(call: str, tmp_path: Path) -> None:
    path = tmp_path / "private.csv"
    path.write_text("a\n1\n")

    with pytest.raises(QueryError, match="no other file"):
        ask(FRAMES, " ".join(["SELECT * FROM", call.format(path)]))


def test_the_name_of_such_a_function_may_be_looked_for() -> None:
    assert ask(FRAMES, "SELECT count(*) AS n FROM log_agent WHERE text LIKE 'read_csv%'")["n"].item() == 1
    assert ask(FRAMES, "SELECT text FROM log_agent WHERE text = 'it''s read_csv'").is_empty()


def test_a_giant_cell_is_cut_in_a_terminal_and_says_so(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": ["x" * 30_000]})
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(deliver_frame(frame, None))
    deliver_frame(frame, str(tmp_path / "a.json"))

    said = console.export_text()
    assert len(said) < 1_000
    assert "characters more" in said
    assert (tmp_path / "a.json").read_text().count("x") == 30_000
