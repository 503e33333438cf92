r"""What a container's log holds where its program could not even be started: the words of the runtime, without a time.

    exec /bin/agent: exec format error
    standard_init_linux.go:228: exec user process caused: exec format error

Source: runc, libcontainer/standard_init_linux.go and setns_init_linux.go, 1.0 to 1.2.
"""

import re
from datetime import timedelta

import polars as pl

from parsers.parser import Artefact, Parsed, Parser, Sample
from parsers.records import READ, Format, read_records
from parsers.schema import TIME

HEAD = (
    r"^(?:exec [^ ]+: |standard_init_linux\.go:\d+: exec user process caused:? |exec user process caused:? )"
    r'"?(?:exec format error|no such file or directory|permission denied|operation not permitted)"?$'
)
_HEAD = re.compile(HEAD)


def _read(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.lit(None, TIME).alias("time"),
        pl.lit("fatal", READ["level"]).alias("level"),
        pl.col("text").alias("message"),
        "text",
        pl.lit(None, pl.String).alias("fields"),
    )


FORMAT = Format("a runtime's", HEAD, _read, timedelta(microseconds=1), zoned=True)


def recognises(head: str) -> bool:
    """Whether every line says that a program could not be started."""
    lines = [line for line in head.split("\n") if line.strip()]
    return bool(lines) and all(_HEAD.match(line.rstrip("\r")) for line in lines)


def parse(artefact: Artefact) -> Parsed:
    """Return each line as a record of `log.other`; without a time where no wrapper gives one."""
    return read_records(artefact, FORMAT, source="log.other")


PARSER = Parser(
    name="unstarted",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample("exec /bin/agent: exec format error\n", yields={"level": "fatal"}, rows=1),
        Sample(
            "standard_init_linux.go:228: exec user process caused: exec format error\n", yields={"lines": 1}, rows=1
        ),
        Sample('time="2026-11-25T19:31:44Z" level=info msg="exec /bin/agent: exec format error"', yields=None),
        Sample("exec /bin/agent: exec format error\nand more\n", yields=None),
    ),
)
