"""A record of many lines is quoted to its end: a traceback says last what went wrong."""

from pathlib import Path

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from patterns.loader import load_library

FRAMES = "".join(
    f'  File "/opt/conda/lib/python3.12/site-packages/part{i}.py", line {i}, in call\n    step{i}()\n'
    for i in range(30)
)
LOG = (
    "2026-03-04 10:15:20,100 [mlserver.rest] INFO - HTTP server running on http://0.0.0.0:9000\n"
    "2026-03-04 10:15:20,420 [mlserver.parallel] ERROR - An error occurred calling method 'predict' from model 'iris_1'.\n"
    "Traceback (most recent call last):\n"
    f"{FRAMES}"
    "KeyError: 'amount'\n"
)


def test_the_end_of_a_long_traceback_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "mlserver.log").write_text(LOG)

    made = analyse(read(open_bundle([tmp_path])), load_library())

    found = [f for f in made["findings"] if f["pattern"] == "mlserver/mlserver-500-model-exception"]
    cites = [cite for piece in found[0]["evidence"] for cite in piece["cites"]]
    assert cites[0]["lines"] == [2, LOG.count("\n")]
    assert cites[0]["text"].endswith("KeyError: 'amount'")
