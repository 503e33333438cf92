r"""Logs of zap: the controller manager (operator), and whatever else is built on controller-runtime.

The development console encoder: columns parted by tabs (here ⇥); the logger's name and the fields may be missing:

    2026-11-23T04:14:11.377Z⇥ERROR⇥SchedulerClient⇥Scheduler not ready⇥{"error": "rpc error: code = Unavailable"}
    sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller[...]).reconcileHandler
        sigs.k8s.io/controller-runtime@v0.21.0/pkg/internal/controller/controller.go:353

Copied from a terminal, the tabs are blanks. Up to Seldon Core 2.7 the time is seconds since 1970 with an exponent
(`1.7954071737345657e+09`). The stack trace of an ERROR belongs to its record. With `--zap-encoder=json` a record is one
JSON object.

Source: operator/main.go, Seldon Core 2.0 to 2.10; console_encoder.go of go.uber.org/zap 1.27.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from parsers import jsonlog, timestamps
from parsers.escapes import unescaped
from parsers.gostd import GO_STANDARD
from parsers.klog import KLOG
from parsers.librdkafka import LIBRDKAFKA
from parsers.logrus import LOGRUS
from parsers.parser import Artefact, Parsed, Parser, Sample
from parsers.records import Format, levels, read_records
from parsers.regexes import ascii_classes, counted
from parsers.schema import SPAN
from parsers.sections import by_component

_TIME = r"(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|\d(?:\.\d+)?e\+\d\d|\d{9,}(?:\.\d+)?)"
HEAD = ascii_classes(rf"^{_TIME}\t(?:DEBUG|INFO|WARN|ERROR|DPANIC|PANIC|FATAL)\t")
# The same where a terminal or an editor put blanks up to the next stop, of eight or of four, in place of each tab.
_BLANKED = ascii_classes(
    r"^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{3}(?:Z(?: {4}){1,2}|[+-]\d{4} {4})|\d\.\d{1,20}e\+\d\d {1,8})"
    r"(?:DEBUG|INFO|WARN|ERROR|DPANIC|PANIC|FATAL) {1,8}\S"
)
_IN_BLANKS = ascii_classes(
    rf"^({_TIME}) +([A-Z]+) +(?:([A-Za-z][\w-]*(?:[./][\w.()/-]+)+|[A-Z]\w*Client|setup) +|(\S+) {{2,8}})?"
)
_MILLISECONDS = timedelta(milliseconds=1)
_MICROSECONDS = timedelta(microseconds=1)
# A pair of the fields: a string, an object or list without another inside, or anything else.
_PAIR = ascii_classes(r'(?:, ?)?"((?:[^"\\]|\\.)*)": ?(?:"((?:[^"\\]|\\.)*)"|(\{[^{}]*\}|\[[^\[\]]*\]|[^"{}\[\],]*))')
# A logger's name is one word; a message that is one word stands alone or before the fields.
_NAME = ascii_classes(r"^[A-Za-z][\w.()/-]*$")


def read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns `READ` and `precision`; `fields` has the logger's name as `logger`."""
    parts = rows["text"].str.splitn("\t", 3).struct.unnest()
    rest = parts["field_2"].fill_null("")
    # Fields are the last column; a message may hold tabs.
    tail = rest.str.extract(r"(?s)(?:^|\t)(\{.*\})$")
    kept = rest.str.len_chars().cast(pl.Int64) - tail.str.len_chars().cast(pl.Int64).fill_null(0)
    words = pl.select(pl.lit(rest).str.head(pl.lit(kept))).to_series().str.strip_chars_end("\t")
    pair = words.str.splitn("\t", 2).struct.unnest()
    named = (pair["field_0"].str.contains(_NAME) & pair["field_1"].is_not_null()).fill_null(False)
    logger = pair["field_0"].set(~named, None)
    message = pair["field_1"].zip_with(named, words)
    times = timestamps.rfc3339(parts["field_0"], digits=3)
    fine = times.is_null()
    times = times.zip_with(times.is_not_null(), timestamps.epoch(parts["field_0"]))
    frame = pl.DataFrame({"message": message, "logger": logger, "tail": tail, "spoken": spoken(tail)})
    return frame.select(
        times.alias("time"),
        levels(parts["field_1"]).alias("level"),
        "message",
        pl.concat_str(
            "message", pl.col("spoken").fill_null(""), (pl.lit(" logger=") + pl.col("logger")).fill_null("")
        ).alias("text"),
        _fields("tail", "logger").alias("fields"),
        pl.when(fine).then(pl.lit(_MICROSECONDS, SPAN)).otherwise(pl.lit(_MILLISECONDS, SPAN)).alias("precision"),
    )


def _fields(tail: str, logger: str) -> pl.Expr:
    # The fields are JSON as they stand; the logger's name, whose characters need no escape, is put in front.
    name = pl.lit('{"logger":"') + pl.col(logger) + pl.lit('"')
    inside = pl.col(tail).str.slice(1)
    return (
        pl.when(pl.col(tail).is_null())
        .then(name + pl.lit("}"))
        .when(pl.col(logger).is_null())
        .then(tail)
        .when(inside.str.contains(r"^\s*\}$"))
        .then(name + pl.lit("}"))
        .otherwise(name + pl.lit(", ") + inside)
    )


def spoken(tails: pl.Series) -> pl.Series:
    """Return JSON objects as ` key=value` pairs, escapes undone; what lies inside a value stays JSON."""
    inside = tails.str.strip_prefix("{").str.strip_suffix("}")
    return unescaped(inside.str.replace_all(_PAIR, " ${1}=${2}${3}"))


def _read_json(rows: pl.DataFrame) -> pl.DataFrame:
    return jsonlog.read(rows["text"], time="ts", level="level", message="msg", last=("logger", "caller", "stacktrace"))


ZAP = Format("zap", HEAD, read, _MILLISECONDS, zoned=True)
_JSON_HEAD = ascii_classes(r'^\{"level":"(?:debug|info|warn|error|dpanic|panic|fatal)","ts":')
_ANY_LEVEL = re.compile(r"[\t ][A-Z]{4,6}[\t ]|\{\"level\":\"")  # cheap beside the heads
ZAP_JSON = Format("zap, JSON", _JSON_HEAD, _read_json, _MILLISECONDS, zoned=True)


def recognises(head: str) -> bool:
    """Whether zap wrote some of the lines, and no other logger more of them."""
    if not _ANY_LEVEL.search(head):
        return False
    lines = [line for line in head.split("\n") if line.strip()]
    *own, others = counted(lines, ZAP.head, ZAP_JSON.head, _BLANKED, LOGRUS.head)
    heads = max(own)
    return heads > others and heads * 40 > len(lines)  # half of a log can be stack traces


def _tabbed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return lines with tabs where blanks stand for them."""
    text = pl.col("text")
    if not frame["text"].str.contains(_BLANKED).any():
        return frame
    parted = (
        text.str.replace(_IN_BLANKS, "${1}\t${2}\t${3}${4}\t")
        .str.replace(r"\t\t", "\t")
        .str.replace(r" +(\{.*\})$", "\t${1}")
    )
    return frame.with_columns(pl.when(text.str.contains(_BLANKED)).then(parted).otherwise(text).alias("text"))


def parse(artefact: Artefact) -> Parsed:
    """Read the records; those that are not the controller manager's go to `log.other`."""
    artefact = replace(artefact, frame=_tabbed(artefact.frame))
    written, as_json = counted(artefact.frame["text"], ZAP.head, ZAP_JSON.head)
    main, other = (ZAP, ZAP_JSON) if written >= as_json else (ZAP_JSON, ZAP)
    parsed = read_records(artefact, main, (other, KLOG, LOGRUS, GO_STANDARD, LIBRDKAFKA), source="log.other")
    return by_component(artefact, parsed)


PARSER = Parser(
    name="zap",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            '2026-11-23T04:13:02.131Z\tINFO\tSchedulerClient\tFailed smoke test on scheduler\t{"version": "2.10.2", '
            '"namespace": "team-a"}',
            yields={
                "time": datetime(2026, 11, 23, 4, 13, 2, 131000, tzinfo=UTC),
                "precision": timedelta(milliseconds=1),
                "level": "info",
                "message": "Failed smoke test on scheduler",
                "text": "Failed smoke test on scheduler version=2.10.2 namespace=team-a logger=SchedulerClient",
                "fields": '{"logger":"SchedulerClient", "version": "2.10.2", "namespace": "team-a"}',
            },
            source="log.controller",
        ),
        # No logger's name, escapes in the error, and the stack trace of an ERROR.
        Sample(
            '1.7954071752233445e+09\tERROR\tReconciler error\t{"controllerGroup": "mlops.seldon.io", "model": {"name":'
            '"iris","namespace":"team-a"}, "n": 3, "error": "desc = \\"dial tcp: connection refused\\""}\n'
            "sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller).reconcileHandler\n"
            "\t/go/pkg/mod/sigs.k8s.io/controller-runtime@v0.12.1/pkg/internal/controller/controller.go:273\n",
            yields={
                "time": datetime(2026, 11, 23, 4, 12, 55, 223344, tzinfo=UTC),
                "precision": timedelta(microseconds=1),
                "level": "error",
                "message": "Reconciler error",
                "lines": 3,
                "text": "Reconciler error controllerGroup=mlops.seldon.io "
                'model={"name":"iris","namespace":"team-a"} n=3 error=desc = "dial tcp: connection refused"\n'
                "sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller).reconcileHandler\n"
                "\t/go/pkg/mod/sigs.k8s.io/controller-runtime@v0.12.1/pkg/internal/controller/controller.go:273",
            },
            source="log.controller",
            rows=1,
        ),
        # Copied from a terminal.
        Sample(
            "2026-11-23T04:13:02.131Z        INFO    SchedulerClient Failed smoke test on scheduler  "
            '{"version": "2.10.2", "namespace": "team-a"}',
            yields={
                "level": "info",
                "text": "Failed smoke test on scheduler version=2.10.2 namespace=team-a logger=SchedulerClient",
            },
            source="log.controller",
        ),
        Sample(
            "2026-11-23T04:13:02.131Z    ERROR    schedulerClient.SubscribeModelEvents    event recv failed    "
            '{"error": "rpc error: code = Unavailable desc = {x}  y"}',
            yields={
                "level": "error",
                "text": "event recv failed error=rpc error: code = Unavailable desc = {x}  y "
                "logger=schedulerClient.SubscribeModelEvents",
            },
            source="log.controller",
        ),
        # Neither name nor fields; of another program built the same way.
        Sample(
            "2026-11-25T19:34:21.042Z\tINFO\tmetadata.finalizers: prefer a domain-qualified finalizer name",
            yields={"message": "metadata.finalizers: prefer a domain-qualified finalizer name", "fields": None},
        ),
        Sample(
            '{"level":"error","ts":"2026-11-23T04:14:11.377Z","logger":"SchedulerClient","msg":"Scheduler not ready",'
            '"version":"2.10.2","error":"rpc error: code = Unavailable"}',
            yields={
                "level": "error",
                "text": "Scheduler not ready version=2.10.2 error=rpc error: code = Unavailable logger=SchedulerClient",
            },
            source="log.controller",
        ),
        Sample('time="2026-11-25T19:31:44Z" level=info msg="Scheduler is ready"', yields=None),
        Sample("2026-11-23T04:12:03.101553Z INFO [main] io.seldon.dataflow.Main : Subscribing", yields=None),
    ),
)
