"""What Envoy's administration interface answered, without what the collecting tool put around it.

A dump may begin with the noise of `kubectl`, `curl` or `bash`, and with the head of an HTTP answer; then its body may
be chunked: a line with the size in hexadecimal digits, so many bytes, an empty line, and so on, which cuts lines.

Source: RFC 9112, sections 4 to 7.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import orjson
import polars as pl

from parsers.k8s_values import moment
from parsers.parser import Artefact, Origin, Parsed
from parsers.schema import IGNORED, REJECT, TIME

NOISE = re.compile(
    r"^\s*(?:% Total .*|Dload  ?Upload.*|[\d.]+[kKMG]? +[\d.]+[kKMG]? +[\d.]+[kKMG]? .*--:--.*"
    r"|\d+ +[\d.]+[kMG]? .*\d:\d\d:\d\d.*"
    r"|Default(?:ed|ing) container .*|Unable to use a TTY.*|Forwarding from .*|Handling connection for \d+"
    r"|Use .kubectl describe .*|If you don't see a command prompt.*|command terminated with exit code \d+"
    r"|(?:ba)?sh: .*(?:Connection refused|/dev/tcp/).*|environment: line \d+: .*|[*<>] .*)?\s*$"
)
STATUS_LINE = re.compile(r"^HTTP/[\d.]+ \d{3}\b")
SIZE = re.compile(r"^[0-9a-fA-F]{1,8}$")
QUOTED = re.compile(r'^\s*"[\[{]')
SEARCHED = 200  # lines in which a body must begin


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a dump.

    Attributes:
        frame: `line`, `lines`, `text`: its lines, chunks joined.
        around: numbers of the lines that are not of the body.
        at: when the answer was sent, if its head says so.
    """

    frame: pl.DataFrame
    around: tuple[int, ...]
    at: datetime | None


def body(artefact: Artefact) -> Body:
    """Return what `artefact` holds without noise, head and chunk sizes. Never raises."""
    frame = artefact.frame.select("line", "lines", pl.col("text").str.strip_chars_end("\r"))
    head = frame["text"].head(SEARCHED).to_list()
    begin, at, chunked = 0, None, False
    while begin < len(head) and NOISE.match(head[begin]):
        begin += 1
    while begin < len(head) and STATUS_LINE.match(head[begin]):  # twice after 100 Continue
        begin += 1
        while begin < len(head) and head[begin] != "":
            name, _, value = head[begin].partition(":")
            chunked = chunked or (name.lower() == "transfer-encoding" and "chunked" in value.lower())
            at = moment(value.strip()) or at if name.lower() == "date" else at
            begin += 1
        begin += 1
    around = frame["line"].head(begin).to_list()
    rest = _unquoted(frame.slice(begin))
    if chunked:
        joined = _joined(rest)
        if joined is not None:
            rest, sizes = joined
            around += sizes
    return Body(rest, tuple(around), at)


def text_of(head: str) -> str:
    """Return a head as `recognises` gets it, from where the body begins."""
    first = head[:500].partition("\n")[0].rstrip("\r")
    if not (NOISE.match(first) or STATUS_LINE.match(first) or QUOTED.match(first)):
        return head
    text = "\n".join(body(Artefact.of("", head[: 1 << 20])).frame["text"].to_list())
    if QUOTED.match(text):
        text = text.lstrip()[1:].replace('\\"', '"').replace("\\n", "\n").replace("\\t", " ")
    return text


def concluded(
    artefact: Artefact,
    around: tuple[int, ...],
    frames: dict[str, pl.DataFrame],
    rejects: pl.DataFrame | None = None,
    version: str | None = None,
) -> Parsed:
    """Return what was read; lines that no row and no reject covers are structure.

    Args:
        artefact: what was read.
        around: numbers of the lines before and between the body's.
        frames: as `Parsed.frames`; one without rows says that there were none where they ought to stand.
        rejects: `line`, `lines`, `text`, `reason`.
        version: as `Parsed.version`.
    """
    member = pl.lit(artefact.member).alias("member")
    bad = pl.DataFrame(schema=dict(REJECT))
    if rejects is not None and rejects.height:
        bad = rejects.select(member, "line", "lines", "text", "reason").cast(pl.Schema(REJECT))
    covered = _lines(pl.concat([frame.select("line", "lines").unique() for frame in (*frames.values(), bad.clear())]))
    if bad.height:
        bad = _outside(bad, covered)
        covered = pl.concat([covered, _lines(bad)]).unique()
    reason = (
        pl.when(pl.col("text").str.strip_chars() == "")
        .then(pl.lit("blank"))
        .when(pl.col("line").is_in(around))
        .then(pl.lit("around the dump"))
        .otherwise(pl.lit("structure"))
    )
    ignored = (
        artefact.frame.select(_numbers(), "text")
        .explode("line")
        .join(covered, on="line", how="anti", maintain_order="left")
        .select("line", reason.cast(IGNORED["reason"]).alias("reason"))
    )
    own = any(name.startswith("envoy.") for name in frames)
    return Parsed(frames, ignored, bad, version, Origin(component="envoy") if own else Origin())


def dated(frame: pl.DataFrame, at: datetime | None) -> pl.DataFrame:
    """Return `frame` with the column `at`."""
    return frame.with_columns(pl.lit(at, TIME).alias("at"))


def _numbers() -> pl.Expr:
    return pl.int_ranges("line", pl.col("line") + pl.col("lines"), dtype=pl.UInt32()).alias("line")


def _lines(spans: pl.DataFrame) -> pl.DataFrame:
    return spans.select(_numbers()).explode("line", keep_nulls=False, empty_as_null=False).unique()


def _outside(rejects: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    # What was read of a line counts: a reject keeps the lines of which nothing was, none if there are none.
    left = (
        rejects.with_row_index("reject")
        .select("reject", _numbers().alias("of"))
        .explode("of", keep_nulls=False, empty_as_null=False)
        .join(covered, left_on="of", right_on="line", how="anti")
        .group_by("reject")
        .agg(pl.col("of").min().alias("first"), (pl.col("of").max() - pl.col("of").min() + 1).alias("count"))
    )
    return (
        rejects.with_row_index("reject")
        .join(left, on="reject", how="left", maintain_order="left")
        .with_columns(pl.coalesce("first", "line").alias("line"), pl.col("count").fill_null(0).alias("lines"))
        .select(REJECT.keys())
        .cast(pl.Schema(REJECT))
    )


def _unquoted(frame: pl.DataFrame) -> pl.DataFrame:
    # A dump that is itself a JSON string: its lines all stand where the string stands.
    text = frame["text"]
    if text.is_empty() or not QUOTED.match(text[0]):
        return frame
    try:
        said = orjson.loads("\n".join(text.to_list()))
    except orjson.JSONDecodeError:
        return frame
    line, last = frame["line"][0], frame.select(pl.col("line").last() + pl.col("lines").last() - 1).item()
    return _rows([(line, last - line + 1, [part]) for part in str(said).split("\n")])


def _joined(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[int]] | None:
    # Lines of one chunk stay as they are; the last of a chunk and the first of the next are one.
    texts, numbers, counts = (frame[name].to_list() for name in ("text", "line", "lines"))
    made: list[tuple[int, int, list[str]]] = []
    sizes: list[int] = []
    here, open_line = 0, False
    while here < len(texts) and SIZE.match(texts[here]):
        left = int(texts[here], 16)
        alone = not open_line
        if alone:
            sizes.append(numbers[here])
        here += 1
        if left == 0:
            return _rows(made), sizes + numbers[here:]
        while left > 0 and here < len(texts):
            size = len(texts[here].encode())
            if open_line:
                line, _, parts = made[-1]
                parts.append(texts[here])
                made[-1] = (line, numbers[here] + counts[here] - line, parts)
            else:
                made.append((numbers[here], counts[here], [texts[here]]))
            open_line = size >= left  # the chunk ends with this line, before its line feed
            left -= size if open_line else size + 1
            here += 1
        if left < 0:
            return None
        if not open_line and here < len(texts) and texts[here] == "":
            sizes.append(numbers[here])
            here += 1
    return _rows(made), sizes + numbers[here:]


def _rows(made: list[tuple[int, int, list[str]]]) -> pl.DataFrame:
    schema = {"line": pl.UInt32(), "lines": pl.UInt32(), "text": pl.String()}
    return pl.DataFrame([(line, lines, "".join(parts)) for line, lines, parts in made], schema=schema, orient="row")
