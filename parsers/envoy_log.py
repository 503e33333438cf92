"""Envoy's application log, with the access log where that goes to the same stream.

Source: `parsers.envoy_record` and `parsers.envoy_access`, which say what the lines look like.
"""

import re

from parsers.envoy_access import parse
from parsers.envoy_record import HEAD
from parsers.parser import Parser, Sample

RECORD = re.compile(HEAD, re.MULTILINE)


def recognises(head: str) -> bool:
    """Whether there is a record of Envoy's application log in the first lines."""
    return RECORD.search(head) is not None


_LINE = "[2025-03-04 10:15:30.085][50][{level}][{logger}] [source/server/server.cc:1012] {message}"
_REQUEST = (
    '[2025-03-04T10:15:30.832Z] "POST /v2/models/iris/infer HTTP/1.1" 503 - URX,UF 90 190 5538 - '
    '"-" "curl/8.5" "-" "seldon-mesh" "192.0.2.21:9001"'
)

PARSER = Parser(
    name="envoy log",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            _LINE.format(level="warning", logger="main", message="no limit [see] (docs)"),
            {"level": "warning", "message": "no limit [see] (docs)", "component": "envoy", "zoned": False},
        ),
        Sample("Starting envoy\n" + _LINE.format(level="critical", logger="main", message="x"), {"lines": 1}, rows=2),
        Sample(
            _LINE.format(level="warning", logger="config", message='rejected: name: "a"')
            + "\ntype: STRICT_DNS\n\n: value is wrong\n",
            {"text": 'rejected: name: "a"\ntype: STRICT_DNS\n\n: value is wrong', "lines": 4},
            rows=1,
        ),
        Sample(
            f"{_LINE.format(level='info', logger='main', message='a')}\n{_REQUEST}\n",
            {"status": 503, "flags": "URX,UF", "model": "iris"},
            "log.envoy_access",
            rows=1,
        ),
        Sample("2025-03-04T10:15:30.123Z\tINFO\tsetup\tstarting", None),
        Sample(_REQUEST, None),
    ),
)
