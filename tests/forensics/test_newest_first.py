"""What a log store exported newest first, or on one line, keeps the order in which it was said."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import forensics

Row = tuple[datetime, str]
START = datetime.fromisoformat("2026-03-29T08:59:00+00:00")
COPY = 'level=info msg="will copy model artifacts" Source=RCloneClient destination_uri=/mnt/agent/rclone/77 func=Copy'
CHOSE = 'level=info msg="Chose path /mnt/agent/rclone/77 for model dew:1" Name=AgentServiceManager func=LoadModel'


def said(*texts: str) -> list[Row]:
    """A start, texts of one second some milliseconds apart, and half an hour of something else."""
    texts = ('level=info msg="Server Capabilities [sklearn xgboost]"', *texts)
    rows = [(START + timedelta(milliseconds=7 * n), text) for n, text in enumerate(texts)]
    rows += [(START + timedelta(minutes=n), 'level=info msg="Received operation"') for n in range(1, 30)]
    return [(at, f'time="{at.strftime("%Y-%m-%dT%H:%M:%SZ")}" {text} Name=AgentServiceManager') for at, text in rows]


def elastic(rows: Sequence[Row]) -> str:
    names = {"namespace": "ml", "pod": {"name": "mlserver-0"}, "container": {"name": "agent"}}
    records = [
        {"_source": {"@timestamp": at.isoformat(timespec="milliseconds"), "message": text, "kubernetes": names}}
        for at, text in reversed(rows)
    ]
    return "\n".join(map(json.dumps, records)) + "\n"


def loki(rows: Sequence[Row]) -> str:
    stream = {"namespace": "ml", "pod": "mlserver-0", "container": "agent"}
    values = [[str(int(at.timestamp() * 1000) * 1_000_000), text] for at, text in reversed(rows)]
    return json.dumps(
        {"status": "success", "data": {"resultType": "streams", "result": [{"stream": stream, "values": values}]}}
    )


def gcp(rows: Sequence[Row]) -> str:
    labels = {"namespace_name": "ml", "pod_name": "mlserver-0", "container_name": "agent"}
    records = [
        {"insertId": str(n), "timestamp": at.isoformat(), "textPayload": text, "resource": {"labels": labels}}
        for n, (at, text) in enumerate(reversed(rows))
    ]
    return json.dumps(records, indent=2)


@pytest.mark.parametrize("form", [elastic, loki, gcp])
def test_what_follows_within_a_second_follows(form: Callable[[Sequence[Row]], str], tmp_path: Path) -> None:
    stuck = {}
    for name, texts in {"chosen": (COPY, CHOSE), "not": (CHOSE, COPY)}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "export.json").write_text(form(said(*texts)))
        document = forensics.analyse(forensics.open_bundle(tmp_path / name)).document
        stuck[name] = "storage/rclone-silent-hang" in {finding["pattern"] for finding in document["findings"]}
    assert stuck == {"chosen": False, "not": True}
