r"""Logs of Kafka brokers, ZooKeeper and Strimzi's operators: log4j in its common layouts, and what their scripts print.

    [2026-03-04 10:15:30,123] INFO [KafkaServer id=0] started (kafka.server.KafkaServer)
    2026-03-04 10:15:30,123 INFO [Broker id=1] Leader of a (state.change.logger) [kafka-1-event-handler]
    2026-03-04 10:15:30,123 [myid:1] - INFO  [main:QuorumPeerConfig@135] - Reading configuration
    2026-03-04 10:15:30 INFO  ClusterOperator:89 - Creating ClusterOperator for namespace kafka

Times have no zone. Configuration listings and stack traces follow on lines of their own; the logger's name then
stands on the last of them.

Source: config/log4j.properties of Kafka 3.9 and ZooKeeper 3.8; log4j2.properties of Strimzi 0.45.
"""

import re
from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.folding import dated, fold, openings
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped
from parsers.records import levels
from parsers.regexes import ascii_classes
from parsers.timestamps import MILLISECOND, SECOND

LEVEL_NAMES = r"TRACE|DEBUG|INFO|WARN|ERROR|FATAL"
RECORD = (
    rf"^\[?(\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d(?:[,.]\d+)?)\]? +(?:\[(myid:[^\]]*)\] - )?({LEVEL_NAMES}) +(?:- )?(.*)$"
)
HEAD = "|".join(
    (
        rf"^\[?\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d(?:[,.]\d+)?\]? +(?:\[myid:[^\]]*\] - )?(?:{LEVEL_NAMES}) ",
        rf"^\w+ +\d\d:\d\d:\d\d\.\d+ (?:{LEVEL_NAMES}) +==> ?",
        r"^===> |^(?:OpenJDK |Java HotSpot|Exception in thread |Picked up |SLF4J|log4j:|\[[\d.]+s\]\[|Error: "
        r"|Terminating due)",
    )
)
LOGGER = r"(?m)\(((?:[A-Za-z_][\w$-]*\.)+[\w$.-]+)\)(?: \[([^\]\n]*)\])?$"
_PROOF = re.compile(
    r"(?m)^\[?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*(?:\((?:kafka|org\.apache\.(?:kafka|zookeeper)|io\.strimzi"
    r"|state\.change)[\w.$]*"
    rf"\)(?: \[|$)|\[myid:| (?:{LEVEL_NAMES}) +(?:ClusterOperator|Abstract\w*Operator|Kafka\w*|Main|Session"
    rf"|\w*Reconciler)"
    r":\d+ - )"
    r"|^ \(org\.apache\.(?:kafka|zookeeper)[\w.$]*\)|^===> (?:Launching|Configuring)"
)
_DATED = re.compile(HEAD)


def recognises(head: str) -> bool:
    """Whether dated records name a logger of Kafka, ZooKeeper or Strimzi."""
    head = "\n".join(openings(head))
    lines = [x for x in head.split("\n") if x.strip() and x[0] not in " \t"]
    heads = sum(1 for x in lines if _DATED.match(x))
    # A configuration listing alone is no log: some record must be dated.
    return heads > 0 and heads * 3 >= len(lines) and len(_PROOF.findall(head)) * 8 >= heads


def parse(artefact: Artefact) -> Parsed:
    """Return every line as part of a record of `log.kafka`; blank lines between records are ignored."""
    folded = fold(artefact, artefact.frame["text"].str.contains(ascii_classes(HEAD)))
    first, rest = folded.rows["first"], folded.rows["rest"]
    part = first.str.extract_groups(ascii_classes(RECORD)).struct
    written = part[0].str.replace(",", ".", literal=True)
    text = first.str.replace(r"^\[?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[,.]\d+)?\]? +", "") + rest
    message = part[3].str.replace(r" \((?:[A-Za-z_][\w$-]*\.)+[\w$.-]+\)(?: \[[^\]]*\])?$", "").fill_null(first) + rest
    script = first.str.extract(rf"^\w+ +\d\d:\d\d:\d\d\.\d+ ({LEVEL_NAMES}) +==>")
    crashed = first.str.contains(r"^(?:Exception in thread|Terminating|Error: )")
    fraction = written.str.contains(".", literal=True).fill_null(False)
    rows = folded.rows.with_columns(
        time=timestamps.local(written, "%Y-%m-%d %H:%M:%S%.f"),
        level=levels(part[2].fill_null(script).set(crashed, "FATAL")),
        message=message,
        text=text,
        precision=pl.when(fraction).then(pl.lit(MILLISECOND)).otherwise(pl.lit(SECOND)),
        zoned=pl.lit(False),
        component=pl.lit(_component(first)),
        fields=pl.struct(
            logger=text.str.extract(ascii_classes(LOGGER), 1),
            thread=text.str.extract(ascii_classes(LOGGER), 2),
            myid=part[1],
        ).struct.json_encode(),
    )
    versions = text.str.extract(r"^INFO Kafka version: (\S+)").drop_nulls()
    frame = shaped("log.kafka", artefact, dated(rows))
    return Parsed({"log.kafka": frame}, folded.ignored, folded.rejects, version=versions[0] if len(versions) else None)


def _component(first: pl.Series) -> str:
    def share(regex: str) -> int:
        return int(first.str.contains(regex).sum())

    if share(r"io\.strimzi|Reconciliation #\d+|(?:ClusterOperator|AbstractOperator):\d+ - "):
        return "strimzi"
    if share(r"\[myid:") or share(r"\(org\.apache\.zookeeper") > share(r"\((?:kafka|org\.apache\.kafka)\."):
        return "zookeeper"
    return "kafka"


PARSER = Parser(
    name="java",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "[2026-03-04 10:15:30,123] ERROR [KafkaServer id=0] failed (kafka.server.KafkaServer)\n"
            "java.io.IOException: No space left on device\n\tat kafka.log.Log.append(Log.scala:1)",
            yields={"level": "error", "lines": 3, "component": "kafka", "precision": timedelta(milliseconds=1)},
            rows=1,
        ),
        Sample(
            "2026-03-04 10:15:30,123 INFO KafkaConfig values: \n\tbroker.id = 1\n (org.apache.kafka.X) [main]\n"
            "2026-03-04 10:15:30,124 INFO [Broker id=1] Leader (state.change.logger) [kafka-1]",
            yields={"level": "info", "zoned": False},
            rows=2,
        ),
        Sample(
            "2026-03-04 10:15:30,123 [myid:1] - WARN  [main:QuorumPeerConfig@135] - No server",
            yields={"level": "warning", "component": "zookeeper", "message": "[main:QuorumPeerConfig@135] - No server"},
            rows=1,
        ),
        Sample(
            "2026-03-04 10:15:30 INFO  ClusterOperator:89 - Creating ClusterOperator for namespace a",
            yields={"component": "strimzi", "precision": timedelta(seconds=1)},
            rows=1,
        ),
        Sample("2026-03-04 10:15:30,123 [mlserver] INFO - started", yields=None),
        Sample("2026-03-04 10:15:30,123 INFO [main] com.example.App - started", yields=None),
    ),
)
