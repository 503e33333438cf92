r"""Lines of librdkafka, in the logs of both gateways and of any bare Kafka client.

    %3|1795634625.628|FAIL|rdkafka#producer-1| [thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: Connect to ... failed

The level is syslog's number; the time is seconds since 1970 with milliseconds, so it is UTC.

Source: `rd_kafka_log_print` in librdkafka's src/rdkafka.c.
"""

import re
from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.parser import Artefact, Parsed, Parser, Sample
from parsers.records import Format, read_records
from parsers.regexes import ascii_classes, counted
from parsers.schema import LEVEL

HEAD = ascii_classes(r"^%[0-7]\|\d+\.\d+\|[A-Z0-9_]*\|")
_PARTS = ascii_classes(
    r"^%(?<level>\d)\|(?<time>\d+\.\d+)\|(?<facility>[^|]*)\|(?<client>[^|]*)\| ?(?<message>(?s:.*))$"
)
_SYSLOG = dict(zip("01234567", ("fatal", "fatal", "fatal", "error", "warning", "info", "info", "debug"), strict=True))


def read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns `READ`; `facility` and `client` are fields, and stand before the message in the text."""
    parts = rows["text"].str.extract_groups(_PARTS).struct.unnest()
    return parts.select(
        timestamps.epoch(parts["time"]).alias("time"),
        parts["level"].replace_strict(_SYSLOG, default=None, return_dtype=LEVEL).alias("level"),
        "message",
        pl.concat_str("facility", pl.lit("|"), "client", pl.lit("| "), "message").alias("text"),
        pl.struct("facility", "client").struct.json_encode().alias("fields"),
    )


_BEGUN = re.compile(r"(?m)^%[0-7]\|")  # cheap beside the whole head
LIBRDKAFKA = Format("librdkafka", HEAD, read, timedelta(milliseconds=1), zoned=True)


def recognises(head: str) -> bool:
    """Whether the first record is librdkafka's and no other logger's records are there."""
    if not _BEGUN.search(head):
        return False
    lines = [x for x in head.split("\n") if x.strip()]
    (found,) = counted(lines, HEAD)
    return found > 0 and 'time="' not in head and 2 * found >= len(lines)


def parse(artefact: Artefact) -> Parsed:
    """Read the log of a bare client."""
    return read_records(artefact, LIBRDKAFKA, source="log.kafka")


PARSER = Parser(
    name="librdkafka",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "%3|1795634625.628|FAIL|rdkafka#producer-1| [thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: "
            "Connect to ipv4#192.0.2.7:9092 failed: Connection refused (after 5ms in state CONNECT)\n",
            yields={
                "level": "error",
                "zoned": True,
                "message": "[thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: Connect to ipv4#192.0.2.7:9092 failed: "
                "Connection refused (after 5ms in state CONNECT)",
            },
        ),
        Sample('time="2026-11-25T19:28:01Z" level=info msg="Created producer rdkafka#producer-1"', yields=None),
    ),
)
