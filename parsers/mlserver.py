r"""Logs of MLServer: its own lines, uvicorn's, and what models and their libraries print between them.

    2026-03-04 10:15:30,123 [mlserver.parallel][iris_1:1] ERROR - An error occurred processing a model update.
    Traceback (most recent call last):
      File "/opt/mlserver/mlserver/parallel/worker.py", line 158, in _process_model_update
    mlserver.errors.InvalidModelURI: Invalid URI specified for model iris_1
    INFO:     127.0.0.1:54044 - "POST /v2/models/iris/infer HTTP/1.1" 404 Not Found

Only MLServer's own lines have a time, without zone and with milliseconds; uvicorn's, tracebacks, warnings and prints
have none. A warning or an error takes all that follows up to the next head, a traceback with its causes included;
other records take only indented lines, so a print stands for itself.

Source: mlserver/logging.py and mlserver/parallel/worker.py of MLServer 1.3.5, 1.6.1 and 1.7.1.
"""

import re
from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.folding import dated, fields, fold, openings
from parsers.parser import Artefact, Parsed, Parser, Sample, by_line, shaped
from parsers.records import levels
from parsers.regexes import ascii_classes
from parsers.schema import SPAN, TIME
from parsers.timestamps import MICROSECOND, MILLISECOND, SECOND

LEVEL_NAMES = r"TRACE|DEBUG|INFO|WARNING|ERROR|CRITICAL"
# Number of a shape is its place; the first that fits wins.
SHAPES = {
    "own": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[[^\]]+\](?:\[[^\]]*\])? [A-Z]+ - ",
    "uvicorn": r"^(?:(?:TRACE|DEBUG|INFO|WARNING|ERROR): {2,}|CRITICAL: )\S",
    "json": r'^\{"(?:time|ts|timestamp|@timestamp|asctime|name|logger|level|levelname|severity|message|msg|event)": ?',
    "mlflow": rf"^\d{{4}}/\d\d/\d\d \d\d:\d\d:\d\d (?:{LEVEL_NAMES}) [\w.]+: ",
    "native": r"^[IWEF]\d{4} \d\d:\d\d:[\d.]+ +\d+ \S+:\d+\] ",
    "tensorflow": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWEF] \S+",
    "warning": r"^(?:/\S.*\.py|<[\w ]+>|[\w./-]+\.py|sys):\d+: \w*Warning: ",
    "root": rf"^(?:{LEVEL_NAMES}):[\w.]+:",
    "dated": r"^\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d",
    "library": (
        r"^(?:WARNING: All log messages before absl|\[\d\d:\d\d:\d\d\] |\[[IWEF]\d{4} |\[LightGBM\] |\[W \S+:\d+\]"
        r"|libgomp: |OpenBLAS |OMP: )"
    ),
    "failure": (
        r"^(?:Task exception was never retrieved|Task was destroyed but it is pending|Process \S+:$"
        r"|Exception ignored in"
        r"|Exception in (?:thread|callback) |Fatal Python error|Segmentation fault|Killed$|terminate called|Aborted"
        r"|Illegal instruction|OSError: |MemoryError|conda-unpack: |gzip: |tar: )"
    ),
    "script": r"^(?:Environment (?:tarball )?not found at |--> )",
}
TRACE = (
    r"^(?:Traceback \(most recent call last\):|\s+File \".*\", line \d+|The above exception was the direct cause"
    r"|During handling of the above exception|Exception Group Traceback)"
)
_REQUEST = ("client", "method", "path", "status")
RAISED = (
    r"(?m)^((?:[A-Za-z_]\w*\.)*[A-Za-z_]*"
    r"(?:Error|Exception|Warning|Interrupt|Exit|NotFound|NotReady|InvalidModelURI))(?::|$)"
)
STRONG = re.compile(
    r"^(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,]\d+\S* (?:\[mlserver(?:\.\w+)*\]"
    rf"|.{{0,40}}\b(?:{LEVEL_NAMES})\b.{{0,20}}\bmlserver\b|.{{0,20}}\bmlserver\b.{{0,40}}\b(?:{LEVEL_NAMES})\b)"
    r"|\{.*\"(?:mlserver(?:\.\w+)*|uvicorn\.(?:error|access))\""
    r"|Environment (?:tarball )?not found at '|--> (?:Unpacking|Sourcing new) environment at "
    r"|(?:INFO|ERROR|WARNING): {2,}(?:Started server process|Waiting for application (?:startup|shutdown)|Application "
    r"(?:startup|shutdown) complete|Uvicorn running on|Exception in ASGI|Shutting down|Finished server process"
    r"|Traceback"
    r"|Waiting for (?:connections|background)|\[Errno|\S+:\d+ - \"[A-Z]+ /)"
    r"|(?:INFO|WARNING|ERROR|DEBUG):mlserver[\w.]*:"
    r"|mlserver(?:_\w+|\.\w+)*\.errors\.\w+: "
    r"|  File \"\S*/mlserver(?:_\w+)?/)"
)
ANY = re.compile("|".join(SHAPES.values()) + "|" + TRACE)


def recognises(head: str) -> bool:
    """Whether some lines are MLServer's or its uvicorn's, and most of the rest could stand beside them."""
    strong = plain = other = 0
    inside = False
    for line in openings(head):
        if STRONG.match(line):
            strong += 1
            inside = True
        elif not line.strip() or line[0] in " \t":
            continue
        elif ANY.match(line):
            plain += 1
            inside = "Traceback" in line
        elif not inside:
            other += 1
    return strong > 0 and strong * 8 >= plain and (strong + plain) * 2 >= other


def _shape(text: pl.Series) -> pl.Series:
    """Return the name of each line's shape; null for a line that begins no record of a known one."""
    line = pl.col("text")
    lines = pl.DataFrame({"text": text.fill_null("")}).with_columns(
        frequent=pl.when(line.str.contains(ascii_classes(SHAPES["own"])))
        .then(pl.lit("own"))
        .when(line.str.contains(ascii_classes(SHAPES["uvicorn"])))
        .then(pl.lit("uvicorn"))
    )
    rare = pl.when(pl.col("frequent").is_null()).then(line)
    made: pl.Expr = pl.lit(None, pl.String)
    for name in reversed([*SHAPES][2:]):
        made = pl.when(rare.str.contains(ascii_classes(SHAPES[name]))).then(pl.lit(name)).otherwise(made)
    return lines.select(pl.coalesce("frequent", made).alias("shape")).to_series()


def _starts(text: pl.Series, shape: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"text": text.fill_null(""), "shape": shape})
    line = pl.col("text")
    # Where the level stands is known of the two frequent shapes; elsewhere it is looked for.
    known = line.str.contains(
        r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8},[0-9]{3} \[[^\]]+\](?:\[[^\]]*\])? )?(?:WARNING|ERROR|CRITICAL)[: ]"
    )
    rare = pl.when(~pl.col("shape").is_in(["own", "uvicorn"])).then(line)
    loud = rare.str.contains(r"^.{0,80}?\b(?:WARN|WARNING|ERROR|CRITICAL|FATAL)\b").fill_null(False)
    # A format string makes MLServer's JSON: a message with a line feed leaves the object open.
    opened = (pl.col("shape") == "json") & ~line.str.contains(r"\}\s*$")
    takes = known | loud | opened | pl.col("shape").is_in(["warning", "failure", "native"])
    odd = pl.when(pl.col("shape").is_null()).then(line)
    frame = frame.with_columns(
        head=pl.col("shape").is_not_null(),
        takes=pl.when(pl.col("shape").is_not_null()).then(takes).forward_fill().fill_null(False),
        trace=odd.str.contains(ascii_classes(TRACE)).fill_null(False),
        plain=odd.str.contains(r"^[^\s})\]]").fill_null(False),
    )
    # Up to the first trace line of its block a plain line stands alone; that trace line begins the record of the rest.
    traces, at_head = pl.col("trace").cum_sum(), pl.when("head").then(pl.col("trace").cum_sum()).forward_fill()
    seen = traces - at_head.fill_null(0)
    alone = ((seen == 0) & pl.col("plain")) | (pl.col("trace") & (seen == 1))
    return frame.select(pl.col("head") | (~pl.col("takes") & alone)).to_series()


def parse(artefact: Artefact) -> Parsed:
    """Return every line as part of a record of `log.mlserver`; blank lines between records are ignored."""
    text = artefact.frame["text"]
    shape = _shape(text)
    folded = fold(artefact, _starts(text, shape))
    rows = folded.rows.with_columns(shape=shape.gather(folded.rows["row"]))
    readers = {"own": _own, "uvicorn": _uvicorn, "json": _json}
    parts = [(reader, rows.filter(pl.col("shape") == name)) for name, reader in readers.items()]
    parts.append((_others, rows.filter(~pl.col("shape").is_in([*readers]).fill_null(False))))
    read = [reader(some) for reader, some in parts if some.height] or [_own(rows)]
    made = by_line(pl.concat(read, how="diagonal_relaxed"))
    made = dated(made.with_columns(zoned=pl.lit(False), component=pl.lit("mlserver")))
    return Parsed(
        frames={"log.mlserver": shaped("log.mlserver", artefact, made)}, ignored=folded.ignored, rejects=folded.rejects
    )


def _row(rows: pl.DataFrame, **known: pl.Expr) -> pl.DataFrame:
    """Return `rows` with `fields`: what its format says, and of a traceback the exception that was raised last."""
    whole = pl.when(pl.col("lines") > 1).then("text")
    raised = whole.str.extract_all(ascii_classes(RAISED)).list.last().str.strip_suffix(":")
    return rows.with_columns(fields=fields(exception=raised, **known))


def _own(rows: pl.DataFrame) -> pl.DataFrame:
    text = rows["first"].str.slice(24)
    # The shape is known, so its separators are there: the level stands before the first " - ".
    halves = text.str.splitn(" - ", 2).struct.unnest()
    front = halves["field_0"].str.split_exact("] ", 1).struct.unnest()
    names = front["field_0"].str.strip_prefix("[").str.split_exact("][", 1).struct.unnest()
    label = names["field_1"]
    rows = rows.with_columns(
        time=timestamps.local(rows["first"].str.slice(0, 23)),
        level=levels(front["field_1"]),
        message=halves["field_1"] + rows["rest"],
        text=text + rows["rest"],
        logger=names["field_0"].str.strip_suffix("]"),
        model=label.str.extract(r"^(.*?)(?::[^:]*)?$"),
        model_version=label.str.extract(r":([^:]*)$"),
        precision=pl.lit(MILLISECOND),
    )
    return _row(rows, **{x: pl.col(x) for x in ("logger", "model", "model_version")})


def _uvicorn(rows: pl.DataFrame) -> pl.DataFrame:
    first = rows["first"]
    access = _access(first.str.slice(10))
    rows = rows.with_columns(
        time=pl.lit(None, TIME),
        level=levels(first.str.split_exact(":", 1).struct[0]),
        message=first.str.slice(10) + rows["rest"],
        text=first + rows["rest"],
        precision=pl.lit(None, SPAN),
        **{name: access[name] for name in _REQUEST},
    )
    return _row(rows, **{name: pl.col(name) for name in _REQUEST})


def _access(said: pl.Series) -> pl.DataFrame:
    """Return what an access line says (columns `_REQUEST`), by its separators; null where it is none."""
    third = said.str.splitn('"', 3).struct.unnest()
    request = third["field_1"].str.splitn(" ", 3).struct.unnest()
    is_access = pl.Series(
        third["field_0"].str.ends_with(" - ") & request["field_2"].str.starts_with("HTTP/")
    ).fill_null(False)
    made = {
        "client": third["field_0"].str.strip_suffix(" - "),
        "method": request["field_0"],
        "path": request["field_1"],
        "status": third["field_2"].str.slice(1, 3),
    }
    return pl.DataFrame(made).select(pl.when(is_access).then(pl.all()))


def _json(rows: pl.DataFrame) -> pl.DataFrame:
    """Read objects key by key: MLServer's own are made by a format string and often no JSON."""
    first = pl.col("first")

    def key(*names: str) -> pl.Expr:
        found = [first.str.json_path_match(f"$['{name}']") for name in names]
        loose = [first.str.extract(rf'"{name}": ?"((?:[^"\\]|\\.)*)"') for name in names]
        return pl.coalesce(*found, *loose)

    cut = first.str.extract(r'"message": "(.*?)"? ?(?:, "model_name"|\}\s*$|$)')
    rows = rows.with_columns(
        written=key("time", "ts", "timestamp", "@timestamp", "asctime"),
        name=key("level", "severity", "levelname", "lvl"),
        logger=key("logger", "logger_name", "name"),
        said=pl.coalesce(first.str.json_path_match("$['message']"), cut, key("msg", "event")),
        raised=key("exception", "exc_info", "traceback", "stack_info"),
        model=key("model_name"),
        model_version=key("model_version"),
    )
    stamp = rows["written"].str.replace(",", ".", literal=True).str.replace("T", " ", literal=True)
    stamp = stamp.str.extract(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)")
    message = pl.concat_str(pl.col("said").fill_null(first), pl.col("rest"))
    message = pl.when(pl.col("raised").is_null()).then(message).otherwise(message + "\n" + pl.col("raised"))
    rows = rows.with_columns(
        time=pl.coalesce(timestamps.local(stamp, "%Y-%m-%d %H:%M:%S%.f"), timestamps.epoch(rows["written"])),
        level=levels(rows["name"]),
        message=message,
        precision=pl.when(stamp.str.contains(".", literal=True)).then(pl.lit(MILLISECOND)).otherwise(pl.lit(SECOND)),
    )
    # Written as the plain format would: what is asked of one is asked of the other.
    rows = rows.with_columns(
        text=pl.format("[{}] {} - {}", pl.col("logger").fill_null("-"), pl.col("name").fill_null("-"), "message"),
        precision=pl.when(pl.col("time").is_not_null()).then("precision"),
    )
    rows = rows.hstack(_access(rows["said"]))
    return _row(rows, **{x: pl.col(x) for x in ("logger", "model", "model_version", *_REQUEST)})


def _others(rows: pl.DataFrame) -> pl.DataFrame:
    first, shape = rows["first"], rows["shape"]
    slashed = timestamps.slashed(first.str.extract(r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) "))
    dashed = first.str.extract(r"^\[?(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?)")
    dashed = dashed.str.replace("T", " ", literal=True).str.replace(",", ".", literal=True)
    epoch = timestamps.epoch(first.str.extract(r"^[IWEF]0000 00:00:(\d{9,}\.\d+) "))
    letter = first.str.extract(r"^(?:\d{4}-\d\d-\d\d \S+: )?([IWEF])(?:\d{4})? ")
    name = first.str.extract(rf"^({LEVEL_NAMES}):").fill_null(letter)
    name = name.fill_null(first.str.extract(rf"^\S+ \S+ .{{0,60}}?\b({LEVEL_NAMES})\b"))
    name = name.set((shape == "warning").fill_null(False), "WARNING")
    raised = (shape == "failure").fill_null(False) | first.str.contains(TRACE)
    name = name.set(raised & name.is_null(), "ERROR")
    message = first.str.replace(rf"^(?:{LEVEL_NAMES}):(?: +|[\w.]+:)", "") + rows["rest"]
    rows = rows.with_columns(
        slashed=slashed,
        epoch=epoch,
        dashed=timestamps.local(dashed, "%Y-%m-%d %H:%M:%S%.f"),
        fine=dashed.str.extract(r"\.(\d+)$").str.len_chars().fill_null(0),
        level=levels(name),
        message=message,
        text=first + rows["rest"],
    )
    fraction = {0: SECOND, 3: MILLISECOND}
    precision = pl.col("fine").replace_strict(fraction, default=MICROSECOND, return_dtype=pl.Duration("us"))
    rows = rows.with_columns(
        time=pl.coalesce("dashed", "slashed", "epoch"),
        precision=pl.when(pl.col("dashed").is_not_null())
        .then(precision)
        .when(pl.col("slashed").is_not_null())
        .then(pl.lit(SECOND))
        .when(pl.col("epoch").is_not_null())
        .then(pl.lit(MICROSECOND)),
    )
    return _row(rows, logger=pl.col("first").str.extract(rf"^(?:{LEVEL_NAMES}):([\w.]+):"))


PARSER = Parser(
    name="mlserver",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "2026-03-04 10:15:30,123 [mlserver][iris_1:1] INFO - Loaded model 'iris_1' - successfully.",
            yields={
                "level": "info",
                "message": "Loaded model 'iris_1' - successfully.",
                "text": "[mlserver][iris_1:1] INFO - Loaded model 'iris_1' - successfully.",
                "precision": timedelta(milliseconds=1),
                "zoned": False,
            },
            rows=1,
        ),
        Sample(
            "2026-03-04 10:15:30,123 [mlserver.parallel] ERROR - file could not be opened:\n"
            "- method gz: ReadError('not a gzip file')\n"
            "Traceback (most recent call last):\n"
            '  File "/opt/a.py", line 3, in load\n    raise E\nKeyError: 1\n\n'
            "The above exception was the direct cause of the following exception:\n\n"
            "Traceback (most recent call last):\nmlserver.errors.E: no\n\n",
            yields={"level": "error", "lines": 11},
            rows=1,
        ),
        Sample(
            'INFO:     127.0.0.1:5 - "POST /v2/models/iris/infer HTTP/1.1" 404 Not Found\na print of a model',
            yields={"time": None},
            rows=2,
        ),
        Sample(
            '{"time": "2026-03-04 10:15:30,123", "name": "mlserver", "level": "ERROR", "message": "say "no" , twice"}\n'
            "Traceback (most recent call last):\nKeyError: 1",
            yields={"level": "error", "lines": 3},
            rows=1,
        ),
        Sample('time="2026-03-04T10:15:30Z" level=info msg="[mlserver] INFO - no"', yields=None),
        Sample("2026-03-04 10:15:30,123 INFO started (kafka.server.KafkaServer)", yields=None),
    ),
)
