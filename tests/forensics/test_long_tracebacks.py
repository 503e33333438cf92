"""A record of many lines is quoted to its end: a traceback says last what went wrong."""

import json
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


def test_a_record_of_a_long_line_is_quoted_where_it_stands(tmp_path: Path) -> None:
    lines = [f'time="2026-03-04T10:15:{n // 60:02}Z" level=info msg="Received event {n}"' for n in range(600)]
    lines.append(
        'time="2026-03-04T10:16:00Z" level=error msg="Failed to handle load model iris:1" Name=AgentServiceManager '
        'error="rpc error: code = Internal desc = builtins.RuntimeError: no"'
    )
    stream = {"namespace": "farm", "pod": "mlserver-0", "container": "agent"}
    values = [[str(1772619300_000000000 + n), line] for n, line in enumerate(lines)]
    result = {"resultType": "streams", "result": [{"stream": stream, "values": values}]}
    (tmp_path / "export.json").write_text(json.dumps({"status": "success", "data": result}))

    made = analyse(read(open_bundle([tmp_path])), load_library())

    found = [f for f in made["findings"] if f["pattern"] == "scheduler/model-failed-load"]
    cites = [cite for piece in found[0]["evidence"] for cite in piece["cites"]]
    assert "Failed to handle load model iris:1" in cites[0]["text"]
