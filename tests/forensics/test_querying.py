"""SQL asks the frames, and nothing else."""

from pathlib import Path

import polars as pl
import pytest

from forensics.querying import QueryError, ask

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
