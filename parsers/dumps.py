r"""What a process prints of its threads when it is asked to, in a file of its own: no time, no level, one thread each.

    goroutine 1 [select, 12 minutes]:                                   kill -QUIT, /debug/pprof/goroutine?debug=2
    "main" #1 prio=5 os_prio=0 cpu=1ms tid=0x7f nid=0x1 runnable        jstack, kill -3
    Thread 0x00007f (most recent call first):                           faulthandler, py-spy

Source: runtime/traceback.go of Go 1.22; HotSpot's vmOperations.cpp, JDK 17; CPython 3.12 Python/traceback.c.
"""

import re

import polars as pl

from parsers.folding import fold
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped
from parsers.regexes import ascii_classes
from parsers.schema import LEVEL
from parsers.sections import by_component
from parsers.timestamps import MICROSECOND

_GO = r"goroutine \d+ (?:[\w=]+ )*\[.*\]:$|SIG(?:QUIT: quit|ABRT: abort)$"
_JAVA = (
    r'"[^"]*" (?:#\d+ |daemon |prio=|os_prio=).*|Full thread dump .*|JNI global ref(?:s|erences):.*'
    r"|Found (?:\d+ deadlock|one Java-level deadlock:)"
)
_PYTHON = (
    r"(?:Current thread|Thread) (?:0x)?[0-9a-f]+.*\(most recent call first\):$|Thread \d+ \((?:idle|active.*)\): .*"
)
HEAD = rf"^(?:{_GO}|{_JAVA}|{_PYTHON})"
_HEAD = re.compile(HEAD)
_BEFORE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$|\s*$")  # jstack's own moment


_STARTS = ascii_classes(rf"{HEAD}|^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d$")


def recognises(head: str) -> bool:
    """Whether the text opens with a dump of threads."""
    lines = [line for line in head.split("\n", 20)[:20] if not _BEFORE.match(line)]
    return bool(lines) and _HEAD.match(lines[0][:1000]) is not None


def parse(artefact: Artefact) -> Parsed:
    """Return each thread as a record of the component whose words its frames hold, else of `log.other`."""
    folded = fold(artefact, artefact.frame["text"].str.contains(_STARTS))
    rows = folded.rows.with_columns(
        pl.col("stamped").alias("time"),
        pl.lit(None, LEVEL).alias("level"),
        pl.col("first").alias("message"),
        (pl.col("first") + pl.col("rest")).alias("text"),
        pl.when(pl.col("stamped").is_not_null()).then(pl.lit(MICROSECOND)).alias("precision"),
        pl.when(pl.col("stamped").is_not_null()).then(pl.lit(True)).alias("zoned"),
    )
    frame = shaped("log.other", artefact, rows)
    return by_component(artefact, Parsed({"log.other": frame}, folded.ignored, folded.rejects))


PARSER = Parser(
    name="dump of threads",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "SIGQUIT: quit\nPC=0x46a9e1 m=0 sigcode=0\n\ngoroutine 1 [select, 12 minutes]:\nmain.main()\n"
            "\t/build/main.go:99 +0xe5\n\nrax    0xca\n",
            yields={"level": None, "time": None},
            rows=2,
        ),
        Sample(
            "2026-03-04 10:15:30\nFull thread dump OpenJDK 64-Bit Server VM (17.0.9+9 mixed mode, sharing):\n\n"
            '"main" #1 prio=5 os_prio=0 cpu=1ms elapsed=9s tid=0x1 nid=0x1 runnable\n'
            "   java.lang.Thread.State: RUNNABLE\n\tat a.B.c(B.java:1)\n",
            yields={"level": None},
            rows=3,
        ),
        Sample(
            'Thread 0x00007f1 (most recent call first):\n  File "a.py", line 3 in wait\n', yields={"lines": 2}, rows=1
        ),
        Sample('time="2026-11-25T19:31:44Z" level=info msg="goroutine 1 [running]:"', yields=None),
        Sample("threads are many\n", yields=None),
    ),
)
