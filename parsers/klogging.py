r"""Logs of the dataflow engine, which is written in Kotlin with Klogging, and of the JVM under it.

    2026-03-04T10:15:30.123456Z INFO [main] io.seldon.dataflow.kafka.Pipeline : starting pipeline a : {pipelineName=a}
    10:15:30.123456 WARN [                main] :      i.s.d.k.Pipeline : up to 2.7, and the first lines of later ones
    [otel.javaagent 2026-03-04 10:15:30:123 +0000] [main] INFO io.opentelemetry.javaagent.tooling - started

The fraction has no, 3, 6 or 9 digits. The second form has no date: its time is that of the wrapper, else none. Stack
traces follow on lines of their own.

Source: RenderISO8601 and RenderAnsi of klogging 0.5; scheduler/data-flow/.../Logging.kt, Seldon Core 2.7.0 and 2.9.1.
"""

import re
from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.folding import dated, fold, openings
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped
from parsers.records import levels
from parsers.regexes import ascii_classes
from parsers.timestamps import MICROSECOND, MILLISECOND, SECOND

LEVEL_NAMES = r"TRACE|DEBUG|INFO|WARN|ERROR|FATAL"
ISO = rf"^(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) +({LEVEL_NAMES}) +\[([^\]]*)\] (\S+) : (.*)$"
CLOCK = rf"^(\d\d:\d\d:\d\d\.\d+) +({LEVEL_NAMES}) +\[ *([^\]]*)\] : *(\S+) : (.*)$"
OTEL = (
    r"^\[otel\.javaagent (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3} [+-]\d{4})\] \[([^\]]*)\] "
    rf"({LEVEL_NAMES}) (\S+) - (.*)$"
)
JVM = (
    r"^(?:OpenJDK |Java HotSpot|Exception in thread |Picked up |SLF4J|WARNING: |Error: |Terminating due to "
    r"|Aborting due to "
    r"|java\.lang\.OutOfMemoryError|#$|\[[\d.]+s\]\[|log4j:)"
)
HEAD = "|".join(
    (
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z +[A-Z]+ +\[",
        r"^\d\d:\d\d:\d\d\.\d+ +[A-Z]+ +\[",
        r"^\[otel\.javaagent ",
        JVM,
    )
)
ITEMS = r" : \{[^{}\n]*=[^\n]*\}$"
_PROOF = re.compile(rf"(?m){ISO}|{CLOCK}|^\s+at io\.seldon\.dataflow\.")


def recognises(head: str) -> bool:
    """Whether a record of Klogging, or a stack trace of the engine, is among the lines."""
    lines = openings(head)
    proofs = sum(1 for _ in _PROOF.finditer("\n".join(lines)))
    plain = sum(1 for x in lines if x.strip() and x[0] not in " \t")
    return proofs > 0 and proofs * 4 >= plain


def parse(artefact: Artefact) -> Parsed:
    """Return every line as part of a record of `log.dataflow`; blank lines between records are ignored."""
    folded = fold(artefact, artefact.frame["text"].str.contains(ascii_classes(HEAD)))
    first, rest = folded.rows["first"], folded.rows["rest"]
    iso = first.str.extract_groups(ascii_classes(ISO)).struct
    rare = first.set(iso[0].is_not_null(), None)
    clock, otel = (rare.str.extract_groups(ascii_classes(x)).struct for x in (CLOCK, OTEL))
    said = iso[4].fill_null(clock[4]).fill_null(otel[4])
    written = timestamps.rfc3339(iso[0], 9)
    # The agent writes a colon before the milliseconds.
    agent = timestamps.rfc3339(
        otel[0].str.replace(r"^(\S+) (\d\d:\d\d:\d\d):(\d{3}) ([+-]\d\d)(\d\d)$", "${1}T${2}.${3}${4}:${5}")
    )
    digits = iso[0].str.extract(r"\.(\d+)Z$").str.len_chars().fill_null(0)
    unit = {0: SECOND, 3: MILLISECOND}
    name = iso[1].fill_null(clock[1]).fill_null(otel[2])
    crashed = first.str.contains(r"^(?:Exception in thread|Terminating|Aborting|java\.lang\.OutOfMemoryError|Error: )")
    rows = folded.rows.with_columns(
        time=written.fill_null(agent),
        level=levels(name.set(crashed & name.is_null(), "FATAL")),
        message=said.str.replace(ITEMS, "").fill_null(first) + rest,
        text=first.str.replace(r"^(?:\d{4}-\S+Z|\d\d:\d\d:\d\d\.\d+|\[otel\.javaagent [^\]]*\]) +", "") + rest,
        items=said.str.extract(r" : \{([^{}]*=.*)\}$"),
        logger=iso[3].fill_null(clock[3]).fill_null(otel[3]),
        thread=iso[2].fill_null(clock[2]).fill_null(otel[1]),
        precision=digits.replace_strict(unit, default=MICROSECOND, return_dtype=pl.Duration("us")),
        component=pl.lit("dataflow"),
        zoned=pl.lit(True),
    )
    rows = rows.with_columns(
        precision=pl.when(agent.is_not_null()).then(pl.lit(MILLISECOND)).otherwise("precision"),
        zoned=pl.col("time").is_not_null(),
        fields=pl.struct(
            "logger",
            "thread",
            clock=clock[0],
            pipeline=pl.col("items").str.extract(r"(?:^|, )pipelineName=([^,]*)"),
            pipelineVersion=pl.col("items").str.extract(r"(?:^|, )pipelineVersion=([^,]*)"),
            pipelineId=pl.col("items").str.extract(r"(?:^|, )pipelineId=([^,]*)"),
        ).struct.json_encode(),
    )
    versions = said.str.extract(r"^Version (\d\S*)").drop_nulls()
    frame = shaped("log.dataflow", artefact, dated(rows))
    return Parsed(
        {"log.dataflow": frame}, folded.ignored, folded.rejects, version=versions[0] if len(versions) else None
    )


PARSER = Parser(
    name="klogging",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "2026-03-04T10:15:30.123456789Z WARN [main] io.seldon.dataflow.Main : went : wrong : {pipelineName=a}\n"
            "java.lang.IllegalStateException: no\n\tat io.seldon.dataflow.Main.main(Main.kt:1)\nCaused by: x: y",
            yields={"level": "warning", "lines": 4, "precision": timedelta(microseconds=1), "zoned": True},
            rows=1,
        ),
        Sample(
            "10:15:30.123456  INFO [                main] :        Configuration : set {a=b}",
            yields={"time": None, "level": "info", "message": "set {a=b}"},
            rows=1,
        ),
        Sample(
            "[otel.javaagent 2026-03-04 10:15:30:123 +0100] [main] ERROR io.opentelemetry.X - Failed to export spans\n"
            "2026-03-04T10:15:30Z INFO [a b] io.seldon.X : done",
            yields={"component": "dataflow", "zoned": True},
            rows=2,
        ),
        Sample("2026-03-04T10:15:30.123Z\tINFO\tsetup\tstarting", yields=None),
        Sample("2026-03-04T10:15:30.123456Z\tinfo\tEnvoy proxy is ready", yields=None),
    ),
)
