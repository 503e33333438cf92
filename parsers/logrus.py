r"""Logs of the Go components: scheduler, agent, model gateway, pipeline gateway, hodometer.

The logger is logrus with its default text formatter, one record a line:

    time="2026-11-25T19:31:44Z" level=warning msg="no room" error="say \"no\"" func=Subscribe source=AgentServer

Times carry whole seconds and the container's zone. Lines of one second keep their order within the file and have none
against another file. A value is quoted like Go's %q where it needs to be; keys may hold blanks. The JSON formatter and
the coloured form for terminals are read too; the latter has no date.

Source: `log.New()` in scheduler/cmd/*/main.go, Seldon Core 2.0 to 2.10; text_formatter.go of sirupsen/logrus 1.9.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from parsers import jsonlog, timestamps
from parsers.escapes import unescaped
from parsers.gostd import GO_STANDARD
from parsers.klog import KLOG
from parsers.librdkafka import LIBRDKAFKA
from parsers.parser import Artefact, Parsed, Parser, Sample
from parsers.rclone import RCLONE, RCLONE_JSON
from parsers.records import Format, levels, read_records
from parsers.regexes import ascii_classes, counted
from parsers.schema import LEVEL, TIME
from parsers.sections import by_component

HEAD = ascii_classes(r'^time="?\d{4}-\d\d-\d\dT[^ ]* level=[a-z]')
_VALUE = r'(?:"(?:[^"\\]|\\.)*"?|[^ "]*)'
_ODD = rf'^time="?(?<time>[^" ]*)"? level=(?<level>[a-z]+)(?: msg=(?<message>{_VALUE}))?(?<tail>(?s: .*)?)$'
_COLOURED = ascii_classes(
    r'^(?<level>[A-Z]{4})\[\d+\] (?<message>.*?) *(?<tail>(?: [^ =]+=(?:"(?:[^"\\]|\\.)*"|[^ "]*))*) *$'
)
_LEVEL_WORDS = ("trace", "debug", "info", "warning", "error", "fatal", "panic")
_PAIR = r' ([^ ="\\\x00-\x1f]+(?: [^ ="\\\x00-\x1f]+)*)=(?:"((?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*)"|([^ "\\\x00-\x1f]*))'


def read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns `READ`; `fields` is null where the pairs cannot all be told apart."""
    text = rows["text"]
    parts = text.str.slice(26).str.splitn('"', 4).struct.unnest()
    # What nearly all lines look like: `… level=info msg="…" key=value`, in UTC and without a backslash in the message.
    opening = (parts["field_0"].fill_null("") + "|" + parts["field_1"].fill_null("")).replace_strict(
        {f"| level={x} msg=": "fatal" if x == "panic" else x for x in _LEVEL_WORDS}, default=None, return_dtype=LEVEL
    )
    plain = (text.str.slice(25, 1) == "Z") & opening.is_not_null() & ~parts["field_2"].str.contains("\\", literal=True)
    made = pl.DataFrame(
        {
            "time": timestamps.rfc3339(text.str.slice(6, 20), digits=0),
            "level": opening,
            "message": parts["field_2"],
            "tail": parts["field_3"].fill_null(""),
        }
    )
    odd = (~plain.fill_null(False)).arg_true()
    if not odd.is_empty():
        found = text.gather(odd).str.extract_groups(_ODD).struct.unnest()
        made = made.with_columns(
            made["time"].scatter(odd, timestamps.rfc3339(found["time"])),
            made["level"].scatter(odd, levels(found["level"])),
            made["message"].scatter(odd, unescaped(_bare(found["message"]))),
            made["tail"].scatter(odd, found["tail"].fill_null("")),
        )
    tail = _spoken(made["tail"])
    silent = pl.col("message").is_null()
    return made.select(
        "time",
        "level",
        "message",
        pl.when(silent).then(tail.str.strip_prefix(" ")).otherwise(pl.concat_str("message", tail)).alias("text"),
        fields_json(made["tail"]).alias("fields"),
    )


def _bare(values: pl.Series) -> pl.Series:
    return values.str.replace(r'^"((?s:[^"\\]|\\.)*)"?$', "${1}").str.strip_prefix('"')


def _spoken(tails: pl.Series) -> pl.Series:
    """Return ` key="value"` pairs as ` key=value`, escapes undone."""
    quoted = tails.str.contains('"', literal=True).arg_true()
    if quoted.is_empty():
        return tails
    said = tails.gather(quoted).str.replace_all(r'="((?:[^"\\]|\\.)*)"?', "=${1}")
    return tails.scatter(quoted, unescaped(said))


def fields_json(tails: pl.Series) -> pl.Series:
    """Return ` key=value` pairs as a JSON object of strings; null for none, and where they cannot be told apart."""
    simple = ~tails.str.contains(r'["\\\x00-\x1f]') & (
        tails.str.count_matches("=", literal=True) == tails.str.count_matches(" ", literal=True)
    )
    easy = (
        tails.str.strip_prefix(" ").str.replace_all("=", '":"', literal=True).str.replace_all(" ", '","', literal=True)
    )
    made = pl.select(pl.concat_str(pl.lit('{"'), easy, pl.lit('"}'))).to_series()
    odd = (~simple).fill_null(False).arg_true()
    if not odd.is_empty():
        some = tails.gather(odd)
        pairs = some.str.replace_all(_PAIR, ',"${1}":"${2}${3}"')
        whole = some.str.contains(rf"^(?:{_PAIR})+$")
        strange = pairs.str.contains(r"\\[^\"\\nrtbf]").arg_true()
        if not strange.is_empty():
            written, good = _json_escapes(pairs.gather(strange))
            pairs, whole = pairs.scatter(strange, written), whole.scatter(strange, whole.gather(strange) & good)
        objects = pl.select(pl.concat_str(pl.lit("{"), pairs.str.strip_prefix(","), pl.lit("}"))).to_series()
        made = made.scatter(odd, objects.set(~whole, None))
    return made.set((tails == "").fill_null(True), None)


def _json_escapes(pairs: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return pairs with JSON's escapes for Go's, and whether no other is left."""
    # An escaped backslash must not be taken for the first half of another escape.
    pairs = pairs.str.replace_all("\\\\", "\ue000", literal=True)
    pairs = pairs.str.replace_all(r"\\x([0-9a-fA-F]{2})", "\\u00${1}")
    pairs = pairs.str.replace_all("\\a", "\\u0007", literal=True).str.replace_all("\\v", "\\u000b", literal=True)
    bad = pairs.str.contains(
        r"\\(?:[^\"/bfnrtu]|u(?:[^0-9a-fA-F]|[0-9a-fA-F]{1,3}(?:[^0-9a-fA-F]|$)))|\\u[dD][89a-fA-F]"
    )
    return pairs.str.replace_all("\ue000", "\\\\", literal=True), ~bad


def _read_json(rows: pl.DataFrame) -> pl.DataFrame:
    return jsonlog.read(rows["text"], time="time", level="level", message="msg")


def _read_coloured(rows: pl.DataFrame) -> pl.DataFrame:
    """Read `INFO[0003] message   key=value`: seconds since the start, so no time; the wrapper's, if there is one."""
    parts = rows["text"].str.extract_groups(_COLOURED).struct.unnest()
    words = parts["level"].replace({word[:4].upper(): word for word in _LEVEL_WORDS})
    return pl.DataFrame(
        {
            "time": pl.Series([None] * len(rows), dtype=TIME),
            "level": levels(words),
            "message": parts["message"],
            "text": parts["message"] + _spoken(parts["tail"].fill_null("")),
            "fields": fields_json(parts["tail"].fill_null("")),
        }
    )


def _read_printed(rows: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.lit(None)
    return rows.select(
        nothing.cast(TIME).alias("time"),
        nothing.cast(LEVEL).alias("level"),
        pl.col("text").alias("message"),
        "text",
        nothing.cast(pl.String).alias("fields"),
    )


# Lines that bypass the logger. Source: scheduler/pkg/store/memory_status.go, Seldon Core 2.10.
PRINTED = Format("printed", r"^UnloadModelGwVersionModels called for ", _read_printed, timedelta(seconds=1), zoned=True)
LOGRUS = Format("logrus", HEAD, read, timedelta(seconds=1), zoned=True)
_JSON_HEAD = ascii_classes(r'^\{.*"level":"(?:trace|debug|info|warning|error|fatal|panic)".*"time":"\d{4}-\d\d-\d\dT')
LOGRUS_JSON = Format("logrus, JSON", _JSON_HEAD, _read_json, timedelta(seconds=1), zoned=True)
_COLOUR_HEAD = ascii_classes(r"^(?:TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[\d{4,}\] ")
LOGRUS_COLOURED = Format("logrus, coloured", _COLOUR_HEAD, _read_coloured, timedelta(seconds=1), zoned=True)
# Where the logs of a server pod's containers are in one file, rclone's lines are told by their level.
_SIBLING = replace(RCLONE, source="log.rclone")
_FORMATS = (LOGRUS, LOGRUS_JSON, LOGRUS_COLOURED)
# What stands in a head of one of these forms; to look for it costs nothing beside the regexes.
_ANY_LEVEL = (" level=", '"level":"', *(f"{word[:4].upper()}[" for word in _LEVEL_WORDS))
_LAST_WORDS = ("panic: ", "fatal error: ")  # of Go's runtime; goroutines and their frames follow


def recognises(head: str) -> bool:
    """Whether logrus wrote the first record, or most of the lines."""
    if not any(words in head for words in _ANY_LEVEL):
        return False
    lines = [line for line in head.split("\n") if line.strip()]
    # A process that dies at its start may print more stacks than records.
    lines = lines[: next((n for n, line in enumerate(lines) if n and line.startswith(_LAST_WORDS)), None)]
    # A gateway whose Kafka is away prints little else than what stands between.
    *heads, between, strange = counted(lines, *(form.head for form in _FORMATS), LIBRDKAFKA.head, RCLONE_JSON.head)
    return max(heads) * 4 > len(lines) - between and not strange


def parse(artefact: Artefact) -> Parsed:
    """Read the records; where the file holds the logs of several processes, each section has its own component."""
    heads = counted(artefact.frame["text"].head(1000), *(form.head for form in _FORMATS))
    main, *others = (form for _, form in sorted(zip(heads, _FORMATS, strict=True), key=lambda one: -one[0]))
    parsed = read_records(
        artefact, main, (*others, _SIBLING, GO_STANDARD, LIBRDKAFKA, KLOG, PRINTED), source="log.other"
    )
    return by_component(artefact, parsed)


PARSER = Parser(
    name="logrus",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            'time="2026-11-25T19:31:44Z" level=warning msg="say \\"no\\" to model=x" func=Subscribe source=AgentServer',
            yields={
                "time": datetime(2026, 11, 25, 19, 31, 44, tzinfo=UTC),
                "precision": timedelta(seconds=1),
                "level": "warning",
                "message": 'say "no" to model=x',
                "text": 'say "no" to model=x func=Subscribe source=AgentServer',
                "fields": '{"func":"Subscribe","source":"AgentServer"}',
                "component": "scheduler",
            },
            source="log.scheduler",
        ),
        # A one-word message is bare, an empty one is left out, and an empty value is bare too.
        Sample(
            'time="2026-11-25T19:31:44+02:00" level=info msg=Stopping func=Start source=KafkaSchedulerClient',
            yields={"time": datetime(2026, 11, 25, 17, 31, 44, tzinfo=UTC), "message": "Stopping"},
            source="log.modelgateway",
        ),
        Sample(
            'time="2026-11-25T19:31:44Z" level=error Name=AgentServiceManager error="a \\\\n b\\nc" reason=',
            yields={
                "message": None,
                "text": "Name=AgentServiceManager error=a \\n b\nc reason=",
                "fields": '{"Name":"AgentServiceManager","error":"a \\\\n b\\nc","reason":""}',
            },
            source="log.agent",
        ),
        # Keys with blanks, up to 2.10.
        Sample(
            'time="2026-11-25T19:23:17Z" level=info msg="creating" max consumers=200 max topics per consumer=100 '
            "source=KafkaManager",
            yields={"fields": '{"max consumers":"200","max topics per consumer":"100","source":"KafkaManager"}'},
            source="log.pipelinegateway",
        ),
        # Cut in the middle of a record.
        Sample(
            'time="2026-11-25T19:23:17Z" level=error msg="Failed to load model, sen',
            yields={"level": "error", "message": "Failed to load model, sen", "fields": None},
        ),
        Sample(
            '{"error":"no room","level":"error","msg":"Failed","source":"AgentServer","time":"2026-11-25T19:31:44Z"}',
            yields={"level": "error", "text": "Failed error=no room source=AgentServer", "zoned": True},
            source="log.scheduler",
        ),
        Sample(
            "ERRO[0003] Scheduler not ready                           Name=AgentServiceManager func=x",
            yields={"level": "error", "time": None, "message": "Scheduler not ready"},
            source="log.agent",
        ),
        Sample("2026-11-23T04:13:02.118Z\tINFO\tSchedulerClient\tDialing scheduler", yields=None),
        Sample("2026/11/25 19:10:40 INFO  : There was nothing to transfer", yields=None),
    ),
)
