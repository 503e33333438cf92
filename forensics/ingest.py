"""Give each artefact to the parser that recognises it; keep what was not understood, and what became of each line."""

import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from threading import Lock

import polars as pl

from forensics.bundle import Bundle, Member
from forensics.intake.duplicates import RECORD, copies, without_copies
from forensics.intake.eras import dated
from forensics.intake.lines import Lines
from forensics.intake.masking import hide, without_keys
from forensics.intake.years import with_years
from forensics.lean import Lean
from forensics.timeline import in_file_order
from parsers.blocks import blocks
from parsers.crowds import Crowd, crowds
from parsers.decoding import decode, without_crowds
from parsers.giants import cut
from parsers.layout import origin_of
from parsers.others import with_others
from parsers.parser import NO_REJECTS, NONE_IGNORED, Artefact, Origin, Parsed, Parser
from parsers.schema import SOURCES
from parsers.segments import headings, segments
from parsers.wrappers import Unwrapped, unwrap

log = logging.getLogger(__name__)
WORKERS = 2
ACCOUNT = ("events", "continuations", "facts", "ignored", "rejects")
# What a line counts as that several have a claim to: the first of these.
FIRST = {name: rank for rank, name in enumerate(("events", "continuations", "facts", "rejects", "ignored"))}
MOST_PARTS = 1000  # processes and sections of one member; a node runs some hundred pods
QUEUED = 4  # members read ahead of the workers
SMALL = 1 << 20  # bytes; a smaller member is mostly Python, and two threads of that take turns at a third more CPU
_ONE_BY_ONE = Lock()


@dataclass(frozen=True, slots=True)
class Read:
    """What became of one member.

    Attributes:
        lines: physical lines, decoded, for quoting; none where the member was not read. What only the lines around it
            show to be a secret is hidden already.
        kinds: the parsers that read parts of it.
        failed: what a parser of ours raised.
    """

    member: str
    sha256: str
    bytes: int
    status: str  # read | partly | skipped | refused | broken
    reason: str | None
    lines: Lines = field(default_factory=Lines)
    kinds: tuple[str, ...] = ()
    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    ignored: pl.DataFrame = field(default_factory=lambda: NONE_IGNORED)
    rejects: pl.DataFrame = field(default_factory=lambda: NO_REJECTS)
    versions: tuple[tuple[str, str], ...] = ()
    failed: tuple[str, ...] = ()
    account: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACCOUNT, 0))  # lines by what became of them


@dataclass(frozen=True, slots=True)
class Intake:
    """The whole bundle, parsed.

    Attributes:
        frames: source name to rows, in the order of member and line.
        reads: what became of each member, in the order of their names.
        versions: (component, version) as the components print them.
        failures: parsers of ours that failed, and on what.
        cut: members that visibly end early.
        lean: whether records that tell nothing have lost their words, as not all fit into memory.
    """

    frames: dict[str, pl.DataFrame]
    reads: tuple[Read, ...]
    versions: frozenset[tuple[str, str]]
    failures: tuple[str, ...]
    cut: frozenset[str]
    lean: bool = False

    def lines_of(self, member: str) -> Lines | None:
        """Return the physical lines of a member, or None where it was not read."""
        for read in self.reads:
            if read.member == member:
                return read.lines
        return None


def ingest(
    bundle: Bundle, parsers: Sequence[Parser], workers: int = WORKERS, strict: bool = False, lean: Lean | None = None
) -> Intake:
    """Return everything that could be read of `bundle`.

    Members are read by this thread and parsed by `workers` others; the result does not depend on their number.

    Args:
        bundle: members are taken in its order.
        parsers: the first one that recognises an artefact reads it.
        workers: threads that parse.
        strict: let a parser's own error through instead of marking the artefact.
        lean: what is kept of the logs if they do not fit; None: all, whatever it takes.
    """
    kept = _Kept(lean)
    with ThreadPoolExecutor(workers, thread_name_prefix="parse") as pool:
        waiting: list[Future[Read]] = []
        for member in bundle.members():
            waiting.append(pool.submit(_read_only_one, [member], parsers, strict))
            del member
            while len(waiting) > QUEUED:
                kept.add(waiting.pop(0).result())
        while waiting:
            kept.add(waiting.pop(0).result())
    return gather(kept.reads, kept.thin)


class _Kept:
    """Members that were read; of all of them only what tells something, once they are too large together."""

    def __init__(self, lean: Lean | None) -> None:
        self.reads: list[Read] = []
        self.thin = False
        self._lean = lean
        self._bytes = 0

    def add(self, read: Read) -> None:
        self.reads.append(read)
        if self._lean is None:
            return
        if self.thin:
            self.reads[-1] = _thinned(read, self._lean)
            return
        self._bytes += sum(int(part.estimated_size()) for parts in read.frames.values() for part in parts)
        if self._bytes > self._lean.room:
            self.thin = True
            self.reads = [_thinned(one, self._lean) for one in self.reads]


def _thinned(read: Read, lean: Lean) -> Read:
    return replace(read, frames={name: [lean.thinned(name, x) for x in some] for name, some in read.frames.items()})


def gather(reads: Iterable[Read], lean: bool = False) -> Intake:
    """Return the intake of members that were read one by one, `lean` if their records may have lost their words."""
    ordered = sorted(reads, key=lambda r: r.member)
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    for read in ordered:
        for source, parts in read.frames.items():
            frames[source].extend(parts)
    whole = {source: in_file_order(pl.concat(frames[source])) for source in SOURCES if source in frames}
    whole = with_years(whole)
    same = copies(whole)
    first = {member: other for (_, member), other in same.items()}
    return Intake(
        {name: frame.drop(RECORD, strict=False) for name, frame in without_copies(whole, same).items()},
        tuple(_counted_once(replace(read, frames={}), first.get(read.member)) for read in ordered),
        frozenset(v for read in ordered for v in read.versions),
        tuple(f for read in ordered for f in read.failed),
        frozenset(read.member for read in ordered if read.status == "partly"),
        lean,
    )


def _counted_once(read: Read, other: str | None) -> Read:
    """Return a member with the reason why its records do not count, if they are those of another."""
    return read if other is None or read.reason else replace(read, reason=f"a copy of {other}: counted once")


def _read_only_one(members: list[Member], parsers: Sequence[Parser], strict: bool) -> Read:
    """Return what the only member holds; nobody else keeps its bytes then, not even a name here."""
    with _ONE_BY_ONE if members[0].bytes < SMALL else nullcontext():
        return read_member(members.pop(), parsers, strict)


def read_member(member: Member, parsers: Sequence[Parser], strict: bool = False) -> Read:
    """Return what a member holds."""
    blank = Read(member.name, member.sha256, member.bytes, member.status, member.reason)
    if member.data is None:
        return blank
    data, crowd = without_crowds(member.data)
    member = replace(member, data=None)
    lines, refused = decode(data)
    del data
    if lines is None:
        return replace(blank, status="skipped", reason=refused)
    text = lines["text"]
    if (keyless := without_keys(text)) is not text:
        lines = lines.with_columns(keyless)
    status, reason = member.status, member.reason
    if crowd:
        status, reason = "partly", reason or f"lines of a few characters each: {crowd:,} more of them were not read"
    if lines.height == 0:
        return replace(blank, status=status, reason=reason or "empty")
    origin = origin_of(member.name)
    unwrapped = unwrap(member.name, lines, origin)
    too_long = cut(lines["text"])
    packed = Lines.of(hide(lines["text"]))  # now: what was unwrapped may need no more of it
    del lines
    frames: dict[str, list[pl.DataFrame]] = defaultdict(list)
    kinds: dict[str, None] = {}
    versions: list[tuple[str, str]] = []
    failed: list[str] = []
    parts, ignored, rejects, shortened = _parts(unwrapped)
    if shortened:
        status, reason = "partly", reason or too_long or shortened
    if more := parts[MOST_PARTS:]:  # in one: they may be many thousand
        rest = replace(more[0], frame=pl.concat(part.frame for part in more))
        rejects.append(_unread(rest, f"more than {MOST_PARTS:,} processes in one file"))
    waiting = deque(crowds(parts[:MOST_PARTS]))
    while waiting:
        artefact = waiting.popleft()
        parser = recognise(artefact, parsers)
        if parser is None and isinstance(artefact, Crowd):
            waiting.extendleft(reversed(artefact.parts))
            continue
        if parser is None:
            if artefact.frame["text"].str.contains(r"\S").any():
                rejects.append(_unread(artefact))
            else:
                ignored.append(_unread(artefact, "blank"))
            continue
        try:
            parsed, others = with_others(artefact, parser.parse(artefact), parsers)
        except Exception as error:
            if strict:
                raise
            log.debug("parser %s failed on %s", parser.name, member.name, exc_info=True)
            failed.append(f"parser {parser.name} failed on {member.name}: {type(error).__name__}")
            rejects.append(_unread(artefact, f"our parser {parser.name} failed"))
            continue
        if isinstance(artefact, Crowd):
            apart = artefact.told_apart(parsed)
            if apart is None:
                waiting.extendleft(reversed(artefact.parts))
                continue
            parsed = apart
        kinds.update(dict.fromkeys((parser.name, *others)))
        ignored.append(parsed.ignored)
        rejects.append(parsed.rejects)
        for source, frame in parsed.frames.items():
            frames[source].append(dated(frame))
        if parsed.version:
            versions.append((component(parsed), parsed.version))
    if len(parts) > MOST_PARTS:
        status, reason = "partly", reason or f"more than {MOST_PARTS:,} processes in one file: the rest was not read"
    if not kinds and not failed and status == "read":
        status, reason = "skipped", reason or "no format that is known here"
    if too_long and too_long not in (reason or ""):
        reason = f"{reason}; {too_long}" if reason else too_long
    ignored_lines, rejected = _stacked(ignored, NONE_IGNORED), _stacked(rejects, NO_REJECTS)
    return Read(
        member.name,
        member.sha256,
        member.bytes,
        status,
        reason,
        packed,
        tuple(kinds),
        dict(frames),
        ignored_lines,
        rejected,
        tuple(versions),
        tuple(failed),
        _account(packed.height, frames, ignored_lines, rejected),
    )


def _parts(unwrapped: Unwrapped) -> tuple[list[Artefact], list[pl.DataFrame], list[pl.DataFrame], str | None]:
    """Return the things a member holds, the lines ignored and rejected on the way, and how one of them was cut."""
    parts: list[Artefact] = []
    ignored, rejects, cuts = [unwrapped.ignored], [unwrapped.rejects], [unwrapped.cut]
    for whole in unwrapped.artefacts:
        some = segments(whole)
        if some[0] is whole:
            parts.extend(blocks(whole))
            continue
        ignored.append(headings(whole))
        for part in some:  # each can have been collected in its own way
            inner = unwrap(part.member, part.frame, part.origin)
            parts.extend(one for each in inner.artefacts for one in blocks(each))
            ignored.append(inner.ignored)
            rejects.append(inner.rejects)
            cuts.append(inner.cut)
    return parts, ignored, rejects, next(filter(None, cuts), None)


def _account(
    height: int, frames: dict[str, list[pl.DataFrame]], ignored: pl.DataFrame, rejects: pl.DataFrame
) -> dict[str, int]:
    """Return how many lines became what; every line is counted once, in the order of `ACCOUNT`."""
    claims = [(FIRST["rejects"], rejects["line"], rejects["lines"]), (FIRST["ignored"], ignored["line"], None)]
    for source, parts in frames.items():
        for part in parts:
            if not source.startswith("log."):
                claims.append((FIRST["facts"], part["line"], part["lines"]))
                continue
            claims.append((FIRST["events"], part["line"], None))
            if (many := part["lines"] > 1).any():
                claims.append((FIRST["continuations"], part["line"].filter(many), part["lines"].filter(many)))
    what = bytearray([nobody := len(ACCOUNT)]) * height
    for kind, begins, counts in sorted(claims, key=lambda claim: -claim[0]):
        spans = _runs(begins) if counts is None else set(zip(begins.to_list(), counts.to_list(), strict=True))
        for begin, count in spans:
            if begin is not None and 0 < begin <= height:
                end = min(begin - 1 + count, height)
                what[begin - 1 : end] = bytes([kind]) * (end - begin + 1)
    account = {name: what.count(FIRST[name]) for name in ACCOUNT}
    account["rejects"] += what.count(nobody)  # a line nobody accounts for was not understood
    return account


def _runs(lines: pl.Series) -> Iterable[tuple[int, int]]:
    """Return the lines as pairs of a first one and how many follow one another from there."""
    lines = lines.drop_nulls().cast(pl.Int64)
    opens = (lines.diff() != 1).fill_null(True).arg_true()
    ends = opens.shift(-1).fill_null(len(lines))
    return zip(lines.gather(opens).to_list(), (ends - opens).to_list(), strict=True)


def _stacked(frames: list[pl.DataFrame], none: pl.DataFrame) -> pl.DataFrame:
    """Return frames with the columns of `none` as one, in the order of their lines."""
    some = [frame.select(none.columns).cast(none.schema) for frame in frames if frame.height]
    return pl.concat(some).sort("line", maintain_order=True) if some else none


def component(parsed: Parsed) -> str:
    """Return the component a parsed log is of, by its source; empty where it is no log."""
    return next((s.removeprefix("log.") for s in parsed.frames if s.startswith("log.")), "")


def recognise(artefact: Artefact, parsers: Sequence[Parser]) -> Parser | None:
    """Return the first parser that recognises the artefact by its first lines, or by what follows a foreign head."""
    head = artefact.head()
    return next((parser for parser in parsers if parser.recognises(head)), None)


def _unread(artefact: Artefact, reason: str = "no format that is known here") -> pl.DataFrame:
    return artefact.frame.select(
        pl.lit(artefact.member).alias("member"), "line", "lines", "text", pl.lit(reason).alias("reason")
    )


__all__ = ["Intake", "Origin", "Read", "gather", "ingest", "read_member", "recognise"]
