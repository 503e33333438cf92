r"""Logs of rclone, beside each model server.

    2026/11/25 19:10:40 INFO  : model.joblib: Copied (new)
    2026/11/25 19:10:41 ERROR : rc: "sync/copy": error: directory not found

Whole seconds, local time, no zone. The refusal of a store may go on in a second, indented line. With `--use-json-log`
a record is one JSON object.

Source: fs/log of rclone 1.56 to 1.71.
"""

import re
from datetime import UTC, datetime, timedelta

import polars as pl

from parsers import jsonlog, timestamps
from parsers.components import placed
from parsers.gostd import GO_STANDARD
from parsers.parser import Artefact, Origin, Parsed, Parser, Sample
from parsers.records import Format, levels, read_records
from parsers.regexes import ascii_classes, counted

# The level is padded to six characters: `INFO: ` without the blanks is another logger's, gRPC's for one.
_LEVEL = "DEBUG |INFO  |ERROR |ALERT |NOTICE|WARNING|CRITICAL|EMERGENCY"
HEAD = ascii_classes(rf"^\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:{_LEVEL}): ")
_PARTS = ascii_classes(r"^(?<time>\S+ \S+) (?<level>[A-Z]+) *: (?<message>(?s:.*))$")


def read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns `READ`; what the record is about (a file, a remote, a call) is the field `object`."""
    parts = rows["text"].str.extract_groups(_PARTS).struct.unnest()
    about = parts["message"].str.extract(r"^([^:]+(?::[^ :][^:]*)*): ")
    fields = pl.DataFrame({"object": about}).select(
        pl.when(pl.col("object").is_not_null()).then(pl.struct("object").struct.json_encode())
    )
    return parts.select(
        timestamps.slashed(parts["time"]).alias("time"),
        levels(parts["level"]).alias("level"),
        "message",
        pl.col("message").alias("text"),
        fields.to_series().alias("fields"),
    )


def _read_json(rows: pl.DataFrame) -> pl.DataFrame:
    return jsonlog.read(rows["text"], time="time", level="level", message="msg")


RCLONE = Format("rclone", HEAD, read, timedelta(seconds=1), zoned=False)
_JSON_HEAD = r'^\{.*"level":"[a-z]+".*"source":"[^"]*(?:\.go|slog/)[^"]*"|^\{.*"objectType":"'
_BEGUN = re.compile(r"(?m)^(?:[0-9]{4}/[0-9]{2}/|\{)")  # cheap beside the heads
RCLONE_JSON = Format("rclone, JSON", _JSON_HEAD, _read_json, timedelta(microseconds=1), zoned=True)


def recognises(head: str) -> bool:
    """Whether rclone wrote the first line and some more, or most of the lines."""
    if not _BEGUN.search(head):
        return False
    lines = [line for line in head.split("\n") if line.strip()]
    forms = (RCLONE.head, RCLONE_JSON.head)
    heads = counted(lines, *forms)
    # What a store answers can be a page of text.
    least = 10 if max(heads) and counted(lines[:1], *forms)[heads.index(max(heads))] else 3
    return max(heads) * least > len(lines)


def parse(artefact: Artefact) -> Parsed:
    """Read the records."""
    placed_at = placed(artefact.origin, Origin(component="rclone"))
    written, as_json = counted(artefact.frame["text"], RCLONE.head, RCLONE_JSON.head)
    main, other = (RCLONE, RCLONE_JSON) if written >= as_json else (RCLONE_JSON, RCLONE)
    parsed = read_records(artefact.with_origin(placed_at), main, (other, GO_STANDARD), source="log.rclone")
    return Parsed(parsed.frames, parsed.ignored, parsed.rejects, None, placed_at)


PARSER = Parser(
    name="rclone",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            '2026/11/25 19:10:41 ERROR : rc: "sync/copy": error: directory not found\n',
            yields={
                "time": datetime(2026, 11, 25, 19, 10, 41, tzinfo=UTC),
                "zoned": False,
                "level": "error",
                "message": 'rc: "sync/copy": error: directory not found',
                "component": "rclone",
                "fields": '{"object":"rc"}',
            },
        ),
        # A refusal of the store goes on in a second line.
        Sample(
            "2026/11/25 19:10:40 ERROR : S3 bucket models path iris: error reading source root directory: "
            "AccessDenied: Access Denied\n\tstatus code: 403, request id: 17A5C1B0F2D3E4A1, host id: 0\n",
            yields={"lines": 2, "level": "error"},
            rows=1,
        ),
        # So does what Azure answers, without an indent.
        Sample(
            '2026/11/25 19:10:40 ERROR : rc: "sync/copy": error: GET https://x.blob.core.windows.net/models\n'
            "----------------------------------------\nRESPONSE 403: 403 This request is not authorized.\n"
            "ERROR CODE: AuthorizationFailure\n----------------------------------------\n",
            yields={"lines": 5, "level": "error"},
            rows=1,
        ),
        Sample(
            '2026/11/25 19:10:40 ERROR : rc: "sync/copy": error: RequestError: send request failed\n'
            'caused by: Get "http://minio:9000/models": dial tcp 10.0.0.9:9000: connect: connection refused\n',
            yields={"lines": 2, "level": "error"},
            rows=1,
        ),
        Sample("2026/11/23 05:00:38 NOTICE: Serving remote control on http://[::]:5572/", yields={"level": "info"}),
        Sample(
            '{"level":"error","msg":"Failed to copy: no room","object":"model.bin","objectType":"*s3.Object",'
            '"source":"slog/logger.go:256","time":"2026-11-25T19:10:40.123456Z"}',
            yields={"level": "error", "message": "Failed to copy: no room", "zoned": True},
        ),
        Sample(
            "2026/11/25 19:12:12 http: proxy error: dial tcp 0.0.0.0:9000: connect: connection refused", yields=None
        ),
        Sample("2026/11/25 19:12:12 INFO: [core] [Channel #1]Channel created", yields=None),
        Sample('time="2026-11-25T19:31:44Z" level=info msg="Scheduler is ready"', yields=None),
    ),
)
