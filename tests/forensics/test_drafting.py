"""A draft of a pattern proves itself: its example is found as it stands."""

from pathlib import Path

import pytest

from forensics.analysis import read
from forensics.authoring.drafting import drafted
from forensics.authoring.examples import mistake
from forensics.bundle import open_bundle
from forensics.reporting.forms import UsageError
from patterns.loader import load_pattern
from patterns.pattern import Library

LOG = """\
time="2026-03-04T10:15:00Z" level=info msg="Setting log level to info"
time="2026-03-04T10:15:05Z" level=info msg="Agent server running on 9005 mtls:false" source=AgentServer
time="2026-03-04T10:15:41Z" level=error msg="Quorum of the lease was lost" source=LeaseServer error="only 1 of 3" model=iris
"""


def test_a_line_that_does_not_tell_whose_it_is_comes_with_the_opening_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(LOG, "utf-8")
    written = drafted(read(open_bundle([tmp_path]), workers=1), ["a.log:3"])
    pattern = load_pattern(written, "ours/lease", "lease.toml")

    assert "Agent server running on" in written
    assert "patterns test <name> --patterns PACK" in written
    assert mistake(pattern, pattern.examples[0], Library({pattern.id: pattern}, "")) is None


@pytest.mark.parametrize("place", ["a.log", "a.log:99", "b.log:1"])
def test_a_place_that_is_none_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "a.log").write_text(LOG, "utf-8")
    with pytest.raises(UsageError, match=place):
        drafted(read(open_bundle([tmp_path]), workers=1), [place])
