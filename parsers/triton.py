r"""Logs of the Triton inference server: glog lines, a banner, tables, and what its backends print.

    I0304 10:15:30.123456 1 model_lifecycle.cc:473] "loading: add_one:1"
    E0304 10:15:30.123456 1 model_lifecycle.cc:654] failed to load 'a' version 1: Internal: ModuleNotFoundError
    2026-03-04T10:15:30Z I 1 server.cc:674] with --log-format=ISO8601

The usual form has neither year nor zone: the year is that of the wrapper or of a dated neighbour; without one the time
is null here, and the clock stands in `fields` until all of the bundle was read. Messages are quoted from about release
24.05 on; here they are not.

Source: LogMessage in triton-inference-server/common, include/triton/common/logging.h, r23.03 and r24.05, and what
release 24.10 prints.
"""

import re

import polars as pl

from parsers import timestamps
from parsers.folding import dated, fold, openings
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped
from parsers.records import levels
from parsers.regexes import ascii_classes
from parsers.timestamps import MICROSECOND, SECOND

GLOG = r"^([IWEF])(\d{4} \d\d:\d\d:\d\d\.\d+) +(\d+) (\S+:\d+\]) ?(.*)$"
ISO = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ([IWEF]) +(\d+) (\S+:\d+\]) ?(.*)$"
TENSORFLOW = r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+):? (?:([IWEF]) |\[([IWEFV]):onnxruntime)"
SERIOUS = (
    r"^(?:Signal \(\d+\) received|terminate called|Traceback \(most recent call last\)|\[libprotobuf (?:ERROR|FATAL)"
    r"|Segmentation fault|Killed$|Aborted|error: |\[TRT\] \[E\]|ModuleNotFoundError|ImportError)"
)
HEAD = "|".join(
    (
        r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+:\d+\]",
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [IWEF] +\d+ \S+:\d+\]",
        r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+:? (?:[IWEF] |\[[IWEFV]:onnxruntime)",
        r"^\[libprotobuf |^\[TRT\]|^\[TensorRT-LLM\]|^={8,}$|^== |^NOTE: |^WARNING: |^ERROR: ",
        SERIOUS,
    )
)
_BANNER = re.compile(r"(?m)^== Triton Inference Server ==|^NVIDIA Release \S+ \(build|^Triton Server Version \S+")
_NATIVE = re.compile(
    r"(?m)^(?:[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+|\d{4}-\d\d-\d\dT\S+Z [IWEF] +\d+) \S+\.(?:cc|cpp|h|cu):\d+\]"
)
# gRPC and absl use the same form in programs that are not Triton.
_GUEST = re.compile(r"(?m)^[IWEF](?:0000 )?.{0,60}(?:chttp2|ev_epoll|ev_poll|fork_posix|tcp_\w+|ssl_\w+)\w*\.cc:\d+\]")


def recognises(head: str) -> bool:
    """Whether Triton's banner, or glog records of C++ files that make up most of the lines, are there."""
    head = "\n".join(openings(head))
    if _BANNER.search(head):
        return True
    records = len(_NATIVE.findall(head)) - len(_GUEST.findall(head))
    return records > 0 and records * 4 >= sum(1 for x in head.split("\n") if x.strip() and x[0] not in " \t|+")


def parse(artefact: Artefact) -> Parsed:
    """Return every line as part of a record of `log.triton`; blank lines between records are ignored."""
    text = artefact.frame["text"].fill_null("")
    folded = fold(artefact, _starts(text))
    first, rest = folded.rows["first"], folded.rows["rest"]
    glog, iso, other = (first.str.extract_groups(ascii_classes(x)).struct for x in (GLOG, ISO, TENSORFLOW))
    full = timestamps.rfc3339(iso[0]).fill_null(timestamps.local(other[0], "%Y-%m-%d %H:%M:%S%.f"))
    near = folded.rows["stamped"].fill_null(full).fill_null(strategy="forward").fill_null(strategy="backward")
    name = glog[0].fill_null(iso[1]).fill_null(other[1]).fill_null(other[2])
    name = name.fill_null(first.str.extract(r"^(WARNING|ERROR): ")).set(first.str.contains(SERIOUS), "ERROR")
    said = _unquoted(glog[4].fill_null(iso[4]))
    place = glog[3].fill_null(iso[3])
    # On the record itself, so that what follows it is found behind one message.
    whole = pl.DataFrame({"place": place, "said": said, "first": first}).select(
        pl.when(pl.col("place").is_null()).then("first").otherwise(pl.concat_str("place", pl.lit(" "), "said"))
    )
    rows = folded.rows.with_columns(
        time=full.fill_null(timestamps.yearless(glog[1], near)),
        level=levels(name),
        message=said.fill_null(first) + rest,
        text=whole.to_series() + rest,
        precision=pl.when(iso[0].is_not_null()).then(pl.lit(SECOND)).otherwise(pl.lit(MICROSECOND)),
        zoned=iso[0].is_not_null(),
        component=pl.lit("triton"),
        fields=pl.struct(
            file=place.str.strip_suffix("]"), pid=glog[2].fill_null(iso[2]), clock=glog[1]
        ).struct.json_encode(),
    )
    versions = text.str.extract(
        r"(?:^NVIDIA Release |server_version +\| +|Triton Server Version )(\d[\d.]*)"
    ).drop_nulls()
    frame = shaped("log.triton", artefact, dated(rows))
    version = versions[0] if len(versions) else None
    return Parsed({"log.triton": frame}, folded.ignored, folded.rejects, version=version)


def _starts(text: pl.Series) -> pl.Series:
    """Return where records begin: at heads, and at prints behind a record that is neither warning nor error."""
    line = pl.col("text")
    frame = pl.DataFrame({"text": text}).with_columns(head=line.str.contains(ascii_classes(HEAD)))
    serious = line.str.contains(rf"^[WEF]\d{{4}} |^\S+Z [WEF] |: [WEF] |^(?:WARNING|ERROR): |^\[|{SERIOUS}")
    takes = pl.when("head").then(serious).forward_fill().fill_null(False)
    plain = line.str.contains(r"^[^\s+|})\]-]")
    return frame.select(pl.col("head") | (plain & ~takes)).to_series()


def _unquoted(said: pl.Series) -> pl.Series:
    inner = said.str.extract(r'^"(.*)"$')
    plain = inner.str.replace_all(r"\n", "\n", literal=True).str.replace_all(r"\"", '"', literal=True)
    return plain.str.replace_all("\\\\", "\\", literal=True).fill_null(said)


PARSER = Parser(
    name="triton",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            'E0304 10:15:30.123456 1 model_lifecycle.cc:654] "failed to load \'a\' version 1: Internal: \\"x\\""\n'
            "At:\n  /models/a/1/model.py(3): <module>",
            yields={"level": "error", "time": None, "lines": 3},
            rows=1,
        ),
        Sample(
            "2026-03-04T10:15:30Z W 1 server.cc:674] \n+---+\n| a |\n+---+\n",
            yields={"level": "warning", "lines": 4, "zoned": True, "precision": SECOND},
            rows=1,
        ),
        Sample(
            "I0304 10:15:30.123456 1 server.cc:1] started\na print of a model",
            yields={"component": "triton"},
            rows=2,
        ),
        Sample("I0304 10:15:30.123456       1 leaderelection.go:271] successfully acquired lease", yields=None),
        Sample("E0000 00:00:1772619330.197712     248 chttp2_server.cc:1116] UNKNOWN:No address added", yields=None),
    ),
)
