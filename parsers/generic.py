r"""Dated logs of any other process: a time at the start of most lines, and a level or a place beside it.

    2026-03-04T10:15:30.123Z ERROR [worker-1] lost the connection
    [2026-03-04 10:15:30,123] warning: slow answer
    {"time":"2026-03-04T10:15:30Z","level":"info","msg":"ready"}
    level=info ts=2026-03-04T10:15:30.123Z caller=main.go:1 msg=ready
    I0304 10:15:30.123456       1 leader.go:271] acquired lease
    Mar  4 10:15:30 node-1 kubelet[12]: started
    2026-03-04 10:15:30.123456 W | etcdserver: read-only range request took too long

It asks for more than a time: tables of numbers and notes have one too. Times without a zone are taken as UTC, those
without a year as of the wrapper's year, and are null without one.
"""

import re

import polars as pl

from parsers import timestamps
from parsers.folding import dated, fields, fold, openings
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped
from parsers.records import levels
from parsers.regexes import ascii_classes
from parsers.timestamps import MICROSECOND, MILLISECOND, SECOND

STAMP = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?Z| ?[+-]\d\d:?\d\d\b| UTC)?"
PLAIN = rf"^[\[(<]?({STAMP})[\])>]?[ \t:|-]+(\S.*)$"
JSON = r'^\{.*"(?:time|ts|timestamp|@timestamp|asctime|t|date)" ?: ?"?(\d[^",}]*)'
LOGFMT = rf"^(?:\w+=\S+ )?(?:time|ts|t|timestamp)=\"?({STAMP})\"?( .*)?$"
KLOG = r"^([IWEF])(\d{4} \d\d:\d\d:\d\d\.\d+) +\d+ (\S+:\d+\].*)$"
SYSLOG = r"^(?:<\d+>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+ [^\s:\[]+(?:\[\d+\])?: .*)$"
HEAD = "|".join(f"(?:{x})" for x in (PLAIN, JSON, LOGFMT, KLOG, SYSLOG))
LEVEL_NAMES = (
    r"TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE|PANIC"
    r"|trace|debug|info|notice|warn|warning|error|critical|fatal|panic|Info|Warning|Error|Debug|Notice"
)
# Beside the time, not anywhere in the sentence.
LEVEL_HERE = rf"^[\[(<]?{STAMP}.{{0,60}}?(?:^|[\s\[\(<:|=-])({LEVEL_NAMES})(?:[\s\]\)>:|,-]|$)"
LEVEL_LETTER = rf"^{STAMP} ([CEWNIDT]) \| "  # etcd's capnslog
LEVEL_KEY = r"(?:\"(?:level|severity|lvl|levelname)\" ?: ?\"?|(?:^| )(?:level|lvl|severity)=\"?)(\w+)"

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_HEAD = re.compile(HEAD)
_SURE = re.compile(
    f"(?:{LEVEL_HERE})|(?:{LEVEL_LETTER})|(?:{LEVEL_KEY})|(?:{KLOG})|(?:{SYSLOG})|(?:^[\\[(<]?{STAMP}[\\])>]? ?\\[)"
)
_INSIDE = re.compile(
    r"^(?:\s|Traceback |Caused by: |goroutine |[\w.$]+(?:Error|Exception)\b|[{}\[\])(]|The above exception"
    r"|During handling)"
)


def recognises(head: str) -> bool:
    """Whether most records begin with a time, many beside a level or a place, and no other parser wants them."""
    lines = [x for x in openings(head) if (x.strip() and not _INSIDE.match(x)) or x.startswith(('{"', "["))]
    headed = [x for x in lines if _HEAD.match(x)]
    if not headed or len(headed) * 10 < len(lines) * 6:
        return False
    if sum(1 for x in headed if _SURE.search(x)) * 2 < len(headed):
        return False
    from parsers import PARSERS  # the list holds this parser too, so it is not there yet when this module is read

    return not any(other.recognises(head) for other in PARSERS if other is not PARSER)


def parse(artefact: Artefact) -> Parsed:
    """Return every line as part of a record of `log.other`; blank lines between records are ignored."""
    folded = fold(artefact, artefact.frame["text"].str.contains(ascii_classes(HEAD)), strict=False)
    first, rest, near = folded.rows["first"], folded.rows["rest"], folded.rows["stamped"]
    plain, klog, syslog = (first.str.extract_groups(ascii_classes(x)).struct for x in (PLAIN, KLOG, SYSLOG))
    written = (
        plain[0].fill_null(first.str.extract(ascii_classes(LOGFMT))).fill_null(first.str.extract(ascii_classes(JSON)))
    )
    full, zoned = _written(written)
    name = (
        klog[0]
        .fill_null(first.str.extract(ascii_classes(LEVEL_KEY)))
        .fill_null(first.str.extract(ascii_classes(LEVEL_LETTER)))
        .fill_null(first.str.extract(ascii_classes(LEVEL_HERE)))
    )
    digits = written.fill_null(klog[1]).str.extract(r"[.,](\d+)").str.len_chars().fill_null(0)
    message = plain[1].fill_null(klog[2]).fill_null(syslog[1])
    keys = ("$.msg", "$.message", "$.log", "$.event")
    said = pl.coalesce(pl.col("first").str.json_path_match(key) for key in keys)
    rows = folded.rows.with_columns(
        time=full.fill_null(timestamps.yearless(klog[1], near)).fill_null(_syslog(syslog[0], near)),
        level=levels(name),
        message=pl.coalesce(message, said, first) + rest,
        text=plain[1].fill_null(first) + rest,
        precision=digits.replace_strict(
            {0: SECOND, 3: MILLISECOND}, default=MICROSECOND, return_dtype=pl.Duration("us")
        ),
        zoned=zoned,
        fields=fields(logger=pl.coalesce(pl.col("first").str.json_path_match(x) for x in ("$.logger", "$.name"))),
    )
    return Parsed({"log.other": shaped("log.other", artefact, dated(rows))}, folded.ignored, folded.rejects)


def _written(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the times, and whether a zone is written with them."""
    plain = values.str.replace_all("/", "-", literal=True).str.replace(",", ".", literal=True)
    plain = plain.str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T").str.replace(r" ?(?:Z|UTC)$", "Z")
    plain = plain.str.replace(r" ?([+-]\d\d):?(\d\d)$", "${1}:${2}")
    with_zone = timestamps.rfc3339(plain)
    epoch = timestamps.epoch(values.str.extract(r"^(\d{9,10}(?:\.\d+)?)$"))
    bare = timestamps.local(plain, "%Y-%m-%dT%H:%M:%S%.f")
    zoned = with_zone.is_not_null() | epoch.is_not_null()
    return with_zone.fill_null(bare).fill_null(epoch), zoned


def _syslog(values: pl.Series, near: pl.Series) -> pl.Series:
    """Return times like `Mar  4 10:15:30` in the year nearest to `near`; null where that is null."""
    months = {name: f"{number:02d}" for number, name in enumerate(_MONTHS.split(), 1)}
    month = values.str.slice(0, 3).replace_strict(months, default=None, return_dtype=pl.String)
    return timestamps.yearless(month + values.str.slice(4, 2).str.replace(" ", "0") + values.str.slice(6), near)


PARSER = Parser(
    name="generic",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "2026-03-04T10:15:30.123+01:00 ERROR [worker-1] lost\n  at x\n2026-03-04T10:15:31.123+01:00 INFO [a] again",
            yields={"zoned": True, "precision": MILLISECOND},
            rows=2,
        ),
        Sample("[2026-03-04 10:15:30,123] warning: slow answer", yields={"level": "warning", "zoned": False}, rows=1),
        Sample(
            '{"time":"2026-03-04T10:15:30Z","level":"error","msg":"not ready"}',
            yields={"level": "error", "message": "not ready", "precision": SECOND},
            rows=1,
        ),
        Sample(
            "level=info ts=2026-03-04T10:15:30.123456Z caller=main.go:1 msg=ready", yields={"level": "info"}, rows=1
        ),
        Sample("Mar  4 10:15:30 node-1 kubelet[12]: started", yields={"time": None, "level": None}, rows=1),
        Sample(
            "2026-03-04 10:15:30.123456 W | etcdserver: range request took too long\n"
            "2026-03-04 10:15:31.123456 N | embed: serving",
            yields={"precision": MICROSECOND},
            rows=2,
        ),
        Sample("2026-03-04 10:15:30,1.5,2.5\n2026-03-04 10:15:31,1.6,2.4", yields=None),
        Sample("2026-03-04T10:15:30Z we restarted the pod\n2026-03-04T10:17:30Z and it came back", yields=None),
        Sample("It was the best of times.\n\nIt was the worst of times.", yields=None),
    ),
)
