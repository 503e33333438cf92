r"""Lines of Go's standard logger, which stand in the logs of all Go components.

    2026/11/25 19:12:12 http: proxy error: dial tcp 0.0.0.0:9000: connect: connection refused

Slashes, whole seconds; the time is the container's local one, no zone is written. The logger itself has no levels, but
libraries write one in front (`INFO: [core] ...` of gRPC, `badger 2026/11/25 19:12:12 WARNING: ...`).

Source: `LstdFlags` in Go's log package; grpclog/loggerv2.go of google.golang.org/grpc; badger/logger.go.
"""

from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.records import Format, levels
from parsers.regexes import ascii_classes

HEAD = ascii_classes(r"^(?:[a-z]\w* )?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)? ")
_PARTS = ascii_classes(r"^(?<prefix>[a-z]\w* )?(?<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?<rest>(?s:.*))$")


def read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns `READ`; the level is null where none is written in front of the message."""
    parts = rows["text"].str.extract_groups(_PARTS).struct.unnest()
    level = parts["rest"].str.extract(r"^(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|PANIC): ")
    message = parts["prefix"].fill_null("") + parts["rest"]
    return pl.DataFrame(
        {
            "time": timestamps.slashed(parts["time"]),
            "level": levels(level),
            "message": message,
            "text": message,
            "fields": pl.Series([None] * len(rows), dtype=pl.String),
        }
    )


GO_STANDARD = Format("Go's standard logger", HEAD, read, timedelta(seconds=1), zoned=False)
