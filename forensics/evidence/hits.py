"""Which rows of which source fit which piece of evidence.

Literals nominate, the pattern's own condition decides: the text conditions of all pieces of one source are searched
at once for literals that any fitting row must hold, and only rows that hold one are looked at again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from forensics.evidence.ledger import Ledger
from forensics.evidence.nominate import engine
from forensics.timeline import LOOSE
from parsers.schema import SOURCES
from patterns.language import bindings, compile_where
from patterns.literals import condition_literals
from patterns.pattern import Evidence

SAMPLE = 50_000  # more hits of one piece than this are thinned; their number is kept
LAST = 6  # rows kept of each thing and file where only the last one counts
SOME = 250  # first ones and last ones kept where no finding can come of them: enough to tell absent from unknown


@dataclass(frozen=True, slots=True)
class Hit:
    r"""A row that fits. Times are microseconds since the epoch; null where nothing bounds them.

    Attributes:
        place: (member, section, line): the order within a file; its row where lines say nothing of the order.
        names: bound names; `\0` and a member for a name that only the file it stands in can tell.
        weight: how often it happened: an Event's count, else 1.
        began: for an Event that came again, its first time.
    """

    source: str
    row: int
    earliest: int | None
    latest: int | None
    clock: str
    place: tuple[str, int, int]
    names: Mapping[str, str | None]
    weight: int = 1
    began: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a piece of evidence found in the whole bundle.

    Attributes:
        hits: in file order.
        undecided: how many rows a null left undecided.
        collected: whether the source has a frame at all.
    """

    hits: tuple[Hit, ...] = ()
    undecided: int = 0
    collected: bool = False
    total: int = 0
    own: Mapping[str, object] = field(default_factory=dict)


# What a hit says of its row, whatever its source, where the source has it.
_PLACE = frozenset(
    ("row", "member", "line", "section", "clock", "earliest", "latest", "count", "first", "since", "created", "updated")
)
ANONYMOUS = ("namespace", "pod", "container", "node")


def find(
    evidence: Iterable[tuple[str, Evidence]],
    frames: Mapping[str, pl.DataFrame],
    endings: Callable[[Mapping[str, int]], Mapping[str, int]] = lambda totals: {},
    ledger: Ledger | None = None,
) -> dict[str, Found]:
    """Return what each piece found, by the key it was given with.

    Args:
        evidence: (key, piece), any number of them.
        frames: source name to rows, placed by `timeline.on_one_clock`.
        endings: told how many rows each piece found, how many of the last rows of each thing count, LAST or SOME, by
            the key of those of which not all do: a sign of recovery may be every second line.
        ledger: where to write what it costs.
    """
    by_source: dict[str, list[tuple[str, Evidence]]] = defaultdict(list)
    for key, piece in evidence:
        by_source[piece.source].append((key, piece))
    found: dict[str, Found] = {}
    fitting: dict[str, _Fitting] = {}
    for source, pieces in by_source.items():
        frame = frames.get(source)
        if frame is None:
            found.update((key, Found()) for key, _ in pieces)
            continue
        frame = _without_unknown(source, frame).with_row_index("row")
        since = ledger.clock() if ledger else 0
        nominated = _nominate(source, frame, pieces)
        if ledger:
            ledger.searched(source, frame, nominated, since)
        same: dict[str, _Fitting] = {}  # pieces that ask the same, word for word
        for key, piece in pieces:
            since = ledger.clock() if ledger else 0
            rows = nominated.get(key)
            asks = piece.where.text if piece.where is not None else ""
            known = same.get(asks)
            fitting[key] = replace(known, piece=piece) if known is not None else _decide(piece, frame, rows)
            if asks:
                same[asks] = fitting[key]
            if ledger:
                some = frame.height if rows is None else len(rows)
                ledger.decided(key, frame.height, some, len(fitting[key].rows), fitting[key].undecided, since)
    last = endings({key: len(some.rows) for key, some in fitting.items()})
    found.update((key, some.found(last.get(key))) for key, some in fitting.items())
    return found


def _without_unknown(source: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return derived rows with `unknown` as null, so that a condition on them is undecided."""
    if source not in SOURCES or not SOURCES[source].derived:
        return frame
    return frame.with_columns(
        pl.when(pl.col(name).cast(pl.String) != "unknown").then(pl.col(name)).alias(name)
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.Enum) or name == "state"
    )


def _nominate(source: str, frame: pl.DataFrame, pieces: list[tuple[str, Evidence]]) -> dict[str, pl.Series]:
    """Return, for pieces whose text condition needs one of some literals, the rows that hold one."""
    if "text" not in frame.columns or not frame.height or not source.startswith(("log.", "k8s.event")):
        return {}
    wanted = {key: condition_literals(piece.where) for key, piece in pieces if piece.where is not None}
    wanted = {key: literals for key, literals in wanted.items() if literals}
    literals = sorted({literal for some in wanted.values() for literal in some})
    if not literals:
        return {}
    numbers = {literal: number for number, literal in enumerate(literals)}
    pairs = engine()(frame["text"], literals)
    rows: dict[int, pl.Series] = {
        int(str(number)): part["row"] for (number,), part in pairs.group_by("literal", maintain_order=True)
    }
    nothing = pl.Series([], dtype=pl.UInt32)
    nominated = {}
    for key, some_literals in wanted.items():
        some = [rows[number] for literal in some_literals if (number := numbers[literal]) in rows]
        nominated[key] = pl.concat(some).unique().sort() if some else nothing
    return nominated


@dataclass(frozen=True, slots=True)
class _Fitting:
    """The rows of a source that fit a piece.

    Attributes:
        frame: all rows of the source, with their number in `row`.
        rows: numbers of those that fit.
        undecided: how many rows a null left undecided.
    """

    piece: Evidence
    frame: pl.DataFrame
    rows: pl.Series
    undecided: int

    def found(self, last: int | None) -> Found:
        """Return the hits; only so many of the last ones of each thing and file, if told."""
        if not len(self.rows):
            return Found((), self.undecided, True, 0)
        names = bindings(self.piece.where, self.piece.bind, self.piece.source)
        wanted = {column for expression in names.values() for column in expression.meta.root_names()}
        fitting = self.frame.select(x for x in self.frame.columns if x in wanted or x in _PLACE)[self.rows]
        if last is not None and "latest" in fitting.columns and fitting.height > last:
            fitting = _last(self.piece, fitting, last)
        if fitting.height > SAMPLE:
            fitting = pl.concat([fitting.head(SAMPLE // 2), fitting.tail(SAMPLE // 2)])
        return Found(tuple(_hits(self.piece, fitting)), self.undecided, True, len(self.rows))


_NO_ROWS = pl.Series([], dtype=pl.UInt32)


def _decide(piece: Evidence, frame: pl.DataFrame, nominated: pl.Series | None) -> _Fitting:
    """Return the rows for which the piece's condition holds, among all or the nominated ones."""
    if not frame.height or (nominated is not None and not len(nominated)):
        return _Fitting(piece, frame, _NO_ROWS, 0)  # as of most pieces: asking nothing costs as much as asking a row
    if piece.where is None:
        return _Fitting(piece, frame, frame["row"] if nominated is None else nominated, 0)
    expression = compile_where(piece.where, piece.source)
    asked = frame.select(list(dict.fromkeys(("row", *expression.meta.root_names()))))
    asked = asked if nominated is None else asked[nominated]
    fits = asked.select(expression.alias("fits"))["fits"]
    fits = fits if len(fits) == len(asked) else fits.new_from_index(0, len(asked))  # of a condition without columns
    return _Fitting(piece, frame, asked["row"].filter(fits.fill_null(False)), fits.null_count())


def _last(piece: Evidence, frame: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return so many of the last rows of each thing in each file, in file order; of SOME, as many of the first too."""
    names = bindings(piece.where, piece.bind, piece.source)
    groups = [pl.col("member"), *(expression.alias(f"\0{name}") for name, expression in names.items())]
    rows = frame.select("row", "earliest", "latest", *groups).sort("latest", "earliest", "row")
    things = rows.group_by(*rows.columns[3:], maintain_order=True)
    kept = pl.concat([things.tail(number)["row"], *([things.head(number)["row"]] if number >= SOME else [])])
    return frame.filter(pl.col("row").is_in(kept.implode()))


def _hits(piece: Evidence, frame: pl.DataFrame) -> list[Hit]:
    names = bindings(piece.where, piece.bind, piece.source)
    timed = "earliest" in frame.columns
    chosen = frame.select(
        "row",
        "member",
        "line",
        *(
            (pl.col("earliest").cast(pl.Int64), pl.col("latest").cast(pl.Int64), "section", "clock")
            if timed
            else (
                _since(frame).cast(pl.Int64).alias("earliest"),
                (_since(frame).cast(pl.Int64) + 1_000_000).alias("latest"),
                (-1 - pl.col("row").cast(pl.Int64)).alias("section"),
                pl.lit("").alias("clock"),
            )
        ),
        (pl.col("count").fill_null(1) if piece.source == "k8s.event" else pl.lit(1)).alias("weight"),
        (pl.col("first").cast(pl.Int64) if piece.source == "k8s.event" else pl.lit(None, pl.Int64)).alias("began"),
        *(expression.cast(pl.String).alias(f"\0{name}") for name, expression in names.items()),
    )
    log = piece.source.startswith("log.")
    hits = []
    for row in chosen.iter_rows(named=True):
        bound = {name: row[f"\0{name}"] for name in names}
        if log:
            for name in ANONYMOUS:
                if name in bound and bound[name] is None:
                    bound[name] = f"\0{row['member']}"
        hits.append(
            Hit(
                piece.source,
                row["row"],
                row["earliest"],
                row["latest"],
                row["clock"] or "",
                # A thing that is only named stands nowhere.
                (row["member"] or "", row["section"], row["row"] if row["section"] >= LOOSE else row["line"] or 0),
                bound,
                max(1, row["weight"] or 1),
                row["began"],
            )
        )
    return hits


def _since(frame: pl.DataFrame) -> pl.Expr:
    """When a fact began, by its own words; null where it does not say."""
    for name in ("since", "first", "created", "updated"):
        if name in frame.columns:
            return pl.col(name)
    return pl.lit(None, pl.Int64)
