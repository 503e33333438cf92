r"""Cut the lines of a log into records, for every log parser.

A record begins with a line that looks like the head of its format. What follows without a head belongs to it where it
looks like a continuation: indented lines, stack traces, what a panic prints, the rest of a line that was cut in two.
A process also prints lines of libraries it hosts (*guests*), and a Go panic or a traceback of its own.

Nothing is lost: each line is part of one record, or ignored, or rejected, each with a reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import polars as pl

from parsers.parser import Artefact, Parsed, by_line, set_aside, shaped
from parsers.regexes import ascii_classes
from parsers.schema import LEVEL, REJECT, SPAN, TIME, empty
from parsers.timestamps import MICROSECOND

READ = pl.Schema({"time": TIME, "level": LEVEL, "message": pl.String(), "text": pl.String(), "fields": pl.String()})


@dataclass(frozen=True, slots=True)
class Format:
    """How one logger writes a record.

    Attributes:
        name: for people.
        head: regex that the first line of a record matches, and no first line of another format.
        read: from columns `text` (first lines) and `near` (TIME: when that was, as far as wrapper or neighbours say)
            makes columns `READ`, one row a row, null where not understood. `precision`, `zoned` and columns of the
            source may be added.
        precision: one unit of the last digit written.
        zoned: whether a zone is written, or the time is zone-free.
        source: where its records go, if not to the source of the log they stand in.
    """

    name: str
    head: str
    read: Callable[[pl.DataFrame], pl.DataFrame]
    precision: timedelta
    zoned: bool
    source: str | None = None


OF_ANOTHER_FORMAT = "of another format"

_LEVELS = {
    name: level
    for level, names in {
        "trace": "trace finest trc t",
        "debug": "debug debg dbg fine d",
        "info": "info notice informational information log inf i n",
        "warning": "warning warn wrn w",
        "error": "error err severe eror e",
        "fatal": "fatal panic critical crit dpanic alert emerg emergency ftl f c",
    }.items()
    for name in names.split()
}

_INDENTED = ascii_classes(r"^[ \t]+\S")
_PANIC = r"^(?:panic: |fatal error: |SIGQUIT: quit|SIGABRT: abort|unexpected fault address |runtime: goroutine stack )"
_TRACE = ascii_classes(
    r"^(?:Traceback \(most recent call last\):|goroutine \d+ .*\[.*\]:$|Exception in thread |Caused by: "
    r"|\[signal |runtime stack:|Exception Group Traceback|(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)(?:: |$)"
    r"|(?:During handling of the above exception|The above exception was the direct cause))"
)
_CLOSING = ascii_classes(r'^(?:[\[\](){},;]+$|"[^"]*": ?|created by \S|exit status \d|rax +0x|r\w\w? +0x)')
# What the client libraries of object stores hand on, line feeds and all.
_ANSWERED = ascii_classes(r"^(?:caused by: |-{20,}$|RESPONSE \d{3}: |ERROR CODE: |<\?xml )")
_FOREIGN = ascii_classes(
    "|".join(
        (
            r'^time="\d{4}-\d\d-\d\dT',  # logrus
            r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\S*\t[A-Z]+\t",  # zap
            r"^\d\.\d+e\+09\t[A-Z]+\t",  # zap, epoch
            r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:DEBUG |INFO  |NOTICE|WARNING|ERROR |CRITICAL): ",  # rclone
            r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[",  # MLServer
            r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]\[\d+\]\[",  # Envoy
            r'^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "',  # Envoy's access log
            r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z +[A-Z]+ +\[",  # klogging
            r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] [A-Z]+ ",  # Kafka
            r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \S+:\d+\] ",  # klog, Triton
        )
    )
)
# What kubectl, kubelet and their wrappers put into a file instead of a log, or in front of it.
_COLLECTION = ascii_classes(
    r"^(?:Error from server(?: \(\w+\))?: |error: (?:.*unable to retrieve container logs for|a container name must be |"
    r"previous terminated container |timed out waiting |.*container .* is not valid for pod )"
    r"|unable to retrieve container logs for |Defaulted container \"|failed to create fsnotify watcher"
    r"|Unable to connect to the server: |The connection to the server \S+ was refused"
    r"|failed to (?:try resolving symlinks in path|watch file|open log file) |rpc error: code = NotFound desc = "
    r"an error occurred when try to find container )"
)
# Runtimes cut lines at 16 KiB (less in some); the rest of such a line has no head.
_CUT = 16_000


def levels(names: pl.Series) -> pl.Series:
    """Return the `LEVEL` of each name in any case and spelling; null for an unknown one."""
    plain = names.str.strip_chars().str.to_lowercase()
    return plain.replace_strict(_LEVELS, default=None, return_dtype=LEVEL)


# What a line without the format's head looks like. The order of lines is then decided on these small numbers.
_OTHER, _GUEST, _BLANK, _PANIC_LINE, _TRACE_LINE, _TAIL, _ELSE, _COLLECTED = range(8)
# What becomes of it.
_START, _ATTACHED, _IGNORED_BLANK, _IGNORED_COLLECTION, _STRANGE, _OF_ANOTHER = range(6)
_IGNORED_WHY = {_IGNORED_BLANK: "blank", _IGNORED_COLLECTION: "collection"}
_REJECTED_WHY = {_STRANGE: "no record of this format", _OF_ANOTHER: OF_ANOTHER_FORMAT}


def read_records(
    artefact: Artefact,
    main: Format,
    guests: Sequence[Format] = (),
    *,
    source: str,
    strangers: Literal["event", "reject"] = "reject",
) -> Parsed:
    """Return the records of a log, each line accounted for.

    Args:
        artefact: the lines of one process.
        main: the format of the process's own logger.
        guests: formats of libraries it hosts.
        source: where records go.
        strangers: what becomes of a line in no known format: an event without time and level (a process that hosts
            foreign code), or a reject.

    Returns:
        `Parsed` without version and origin. A line in the format of some other process, and what follows it up to the
        next record, is rejected as `OF_ANOTHER_FORMAT`.
    """
    rows = artefact.frame.with_row_index("i").with_columns(pl.col("text").fill_null(""))
    headed = rows["text"].str.contains(main.head)
    odd = _judged(rows, headed, guests, strangers)
    tails = (
        odd.filter(role=_ATTACHED)
        .group_by("owner", maintain_order=True)
        .agg(tail=pl.col("text").str.join("\n"), more=pl.col("lines").sum())
    )
    starts = odd.filter(role=_START).select(*rows.columns, "format")
    clock = pl.DataFrame(schema={"i": pl.UInt32, "near": TIME})
    frames: dict[str, list[pl.DataFrame]] = {source: []}
    by_format = starts.partition_by("format", as_dict=True) if starts.height else {}
    for number, form in enumerate((main, *guests, None)):
        chosen = by_format.get((number,)) if number else rows.filter(headed)
        if chosen is None or chosen.is_empty():
            continue
        made = _read(chosen, form, clock)
        if number == 0:
            clock = made.filter(pl.col("time").is_not_null()).select("i", near="time")
        goal = (form and form.source) or source
        frames.setdefault(goal, []).append(shaped(goal, artefact, _joined(made, tails)))
    return Parsed(
        {name: by_line(pl.concat(parts)) if parts else empty(name) for name, parts in frames.items()},
        ignored=set_aside(_explained(artefact, odd, "role", _IGNORED_WHY), pl.col("reason")),
        rejects=_explained(artefact, odd, "role", _REJECTED_WHY).select(*REJECT).cast(pl.Schema(REJECT)),
    )


def _explained(artefact: Artefact, odd: pl.DataFrame, column: str, why: dict[int, str]) -> pl.DataFrame:
    return odd.filter(pl.col(column).is_in([*why])).with_columns(
        pl.lit(artefact.member).alias("member"),
        pl.col(column).replace_strict(why, return_dtype=pl.String).alias("reason"),
    )


def _read(chosen: pl.DataFrame, form: Format | None, clock: pl.DataFrame) -> pl.DataFrame:
    """Return `chosen` and what `form` makes of its text; without a form a line is its own message."""
    if form is None:
        # Neither a level nor a time is written in a panic, a traceback or a stranger's line.
        return chosen.with_columns(pl.col("stamped").alias("time"), pl.col("text").alias("message")).with_columns(
            pl.lit(MICROSECOND, SPAN).alias("precision"), pl.lit(True).alias("zoned")
        )
    if clock.is_empty():
        near = chosen["stamped"]
    else:
        joined = chosen.select("i").join_asof(clock, on="i", strategy="backward", check_sortedness=False)
        later = chosen.select("i").join_asof(clock, on="i", strategy="forward", check_sortedness=False)
        near = chosen["stamped"].zip_with(chosen["stamped"].is_not_null(), joined["near"])
        near = near.zip_with(near.is_not_null(), later["near"])
    made = form.read(pl.DataFrame({"text": chosen["text"], "near": near}))
    if "precision" not in made.columns:
        made = made.with_columns(pl.lit(form.precision, SPAN).alias("precision"))
    if "zoned" not in made.columns:
        made = made.with_columns(pl.lit(form.zoned).alias("zoned"))
    # A record that has no time of its own has its wrapper's.
    timed = pl.col("time").is_not_null()
    return chosen.drop("text").hstack(made.get_columns()).with_columns(
        pl.coalesce("time", "stamped").alias("time"),
        pl.when(timed).then("precision").otherwise(pl.lit(MICROSECOND, SPAN)).alias("precision"),
        pl.when(timed).then("zoned").otherwise(pl.lit(True)).alias("zoned"),
    )  # fmt: skip


def _joined(made: pl.DataFrame, tails: pl.DataFrame) -> pl.DataFrame:
    """Return `made` with the lines that follow each first line, in `text` and in `lines`."""
    if tails.is_empty():
        return made
    found = made.join(tails, left_on="i", right_on="owner", how="left", maintain_order="left")
    return found.with_columns(
        pl.when(pl.col("tail").is_null())
        .then("text")
        .otherwise(pl.concat_str(pl.col("text").fill_null(""), pl.lit("\n"), "tail"))
        .alias("text"),
        pl.col("lines") + pl.col("more").fill_null(0).cast(pl.UInt32),
    )


def _judged(rows: pl.DataFrame, headed: pl.Series, guests: Sequence[Format], strangers: str) -> pl.DataFrame:
    """Return the lines without a head of the main format: columns of `rows`, format, role, owner (`i` of its record).

    `format` is the place of the guest, from 1, and one more than the last for a line of no guest.
    """
    cut = rows["text"].str.len_bytes().shift(1).fill_null(0) >= _CUT
    odd = rows.with_columns(cut=cut).filter(~headed)
    if odd.is_empty():
        return odd.with_columns(
            pl.lit(0, pl.Int32).alias("format"),
            pl.lit(False).alias("blank"),
            pl.lit(False).alias("indented"),
            pl.lit(0, pl.Int32).alias("role"),
            pl.lit(0, pl.UInt32).alias("owner"),
        )
    text = pl.col("text")
    format_ = pl.lit(len(guests) + 1, pl.Int32)
    for number, guest in reversed([*enumerate(guests, 1)]):
        format_ = pl.when(text.str.contains(guest.head)).then(pl.lit(number, pl.Int32)).otherwise(format_)
    odd = odd.with_columns(
        format=format_, blank=text.str.strip_chars(" \t\r\n\x00\f\v") == "", indented=text.str.contains(_INDENTED)
    )
    # The name of a Go function stands above its indented place.
    above = pl.col("indented").shift(-1).fill_null(False) & (pl.col("i").diff().shift(-1) == 1).fill_null(False)
    tail = pl.col("indented") | pl.col("cut") | text.str.contains(_CLOSING) | text.str.contains(_ANSWERED)
    if strangers == "reject":
        tail |= above
    code = (
        pl.when(pl.col("format") <= len(guests)).then(_GUEST)
        .when("blank").then(_BLANK)
        .when(text.str.contains(_FOREIGN)).then(_ELSE)
        .when(text.str.contains(_COLLECTION)).then(_COLLECTED)
        .when(text.str.contains(_PANIC)).then(_PANIC_LINE)
        .when(text.str.contains(_TRACE)).then(_TRACE_LINE)
        .when(tail).then(_TAIL)
        .otherwise(_OTHER)
    )  # fmt: skip
    codes = odd.select(code.alias("code"))["code"]
    roles, owners = _decided(odd["i"].to_list(), codes.to_list(), strangers == "event")
    return odd.with_columns(pl.Series("role", roles, pl.Int32), pl.Series("owner", owners, pl.UInt32, strict=False))


def _decided(places: list[int], codes: list[int], host: bool) -> tuple[list[int], list[int | None]]:
    """Return the role and the owner of each line; `host`: a stranger's line is an event.

    The lines of a record stand next to each other, so a line that is nobody's ends the record before it.
    """
    roles: list[int] = []
    owners: list[int | None] = []
    owner: int | None = None  # the record that a continuation here belongs to
    opened = elsewhere = refused = False
    blanks = 0
    previous = -1
    for place, code in zip(places, codes, strict=True):
        if place != previous + 1:  # the head of a record stands right before
            owner, opened, elsewhere, blanks = place - 1, False, False, 0
        previous = place
        if code == _BLANK:
            role = _IGNORED_BLANK
        elif code == _GUEST:
            role, elsewhere, opened = _START, False, False
        elif code == _ELSE or elsewhere:
            role, elsewhere = _OF_ANOTHER, True
        elif code == _COLLECTED:
            role, opened = _IGNORED_COLLECTION, False
        elif code == _PANIC_LINE:
            role, opened = _START, True
        elif code == _TRACE_LINE:
            role, opened = _ATTACHED if owner is not None else _START, True
        elif code == _TAIL or (opened and not blanks):
            # Nobody's yet: the rest of a record whose head was cut off, or of a line that was refused.
            unowned = _STRANGE if refused and not host else _START
            role = unowned if owner is None else _ATTACHED
        else:
            role, opened = _START if host else _STRANGE, False
        roles.append(role)
        if role == _START:
            owner = place
        elif role in (_IGNORED_COLLECTION, _STRANGE, _OF_ANOTHER):
            owner, refused = None, True
        owners.append(owner if role == _ATTACHED else None)
        if role == _ATTACHED and blanks:  # blank lines inside a traceback
            roles[-1 - blanks : -1] = [_ATTACHED] * blanks
            owners[-1 - blanks : -1] = [owner] * blanks
        blanks = blanks + 1 if code == _BLANK else 0
    return roles, owners
