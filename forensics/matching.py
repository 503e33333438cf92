"""Evidence and patterns: present, absent or unknown, one finding for each subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import polars as pl

from forensics.coverage import Coverage
from forensics.evidence.hits import Found, Hit, find
from forensics.evidence.ledger import Ledger
from forensics.evidence.order import Occurrence, Order
from forensics.evidence.subjects import Joins, Sorted, shown
from forensics.evidence.terms import CURED, Evaluation, Result, Rows
from forensics.evidence.thinning import last_alone
from forensics.findings import ABSENT, PRESENT, UNKNOWN, Finding, Missing, Moment, Outcome, Seen
from parsers.schema import SOURCES
from patterns.pattern import Evidence, Library, Pattern
from patterns.terms import NoLater, Term, Without, parts, pieces, positive

LEAST_PAUSE = 120_000_000  # µs: a failure that repeats may pause this long and still be going on
CITED = 12  # rows of one piece that are quoted: the first and the last ones
COUNTERS = ("envoy.stat", "metric")
# Their processes serve namespaces other than their own: a namespace that a piece does not bind is not where to look.
ELSEWHERE = tuple(f"log.{name}" for name in ("controller", "coredns", "kafka", "ingress", "istio", "other", "client"))
CALLS = ("log.envoy_access", "log.client")  # what failed there can only have ended where the way of a call is known


@dataclass(frozen=True, slots=True)
class Context:
    """What matching needs to know of the bundle.

    Attributes:
        frames: source name to rows, placed on one clock.
        covered: what may be called absent.
        order: which row came first.
        sound: (kind, namespace, name) of things whose last state is sound in every layer that was collected;
            see `analysis.sound`.
        routed: when the scheduler last made the route of such a thing, in microseconds; see `analysis.routed`.
        versions: whether a pattern's version condition holds; None where the version is not known.
    """

    frames: Mapping[str, pl.DataFrame]
    covered: Coverage
    order: Order
    sound: frozenset[tuple[str, str | None, str]] = frozenset()
    routed: Mapping[tuple[str, str | None, str], int] = field(default_factory=dict)
    versions: Mapping[str, str] | None = None

    @property
    def end(self) -> int | None:
        """The last microsecond of the bundle."""
        return self.covered.period[1] if self.covered.period else None

    @property
    def seen(self) -> int | None:
        """When objects were looked at: with the end of the logs, or later; None without any time."""
        return max((at for at in (self.end, self.covered.collected) if at is not None), default=None)

    @property
    def start(self) -> int | None:
        """The first microsecond of the bundle."""
        return self.covered.period[0] if self.covered.period else None


def find_all(library: Library, context: Context, ledger: Ledger | None = None) -> dict[str, Outcome]:
    """Return what each pattern came to, by id, in the order of the library; what it cost goes into `ledger`."""
    order = _by_dependence(library)
    outcomes: dict[str, Outcome] = {}
    direct = [p for p in order if not _builds_on(p)]
    found = find(
        ((f"{p.id}:{name}", piece) for p in direct for name, piece in p.evidence.items()),
        context.frames,
        lambda totals: dict(pair for p in direct for pair in last_alone(p, totals)),
        ledger,
    )
    for pattern in order:
        if _builds_on(pattern):
            pieces_of = {f"{pattern.id}:{name}": piece for name, piece in pattern.evidence.items()}
            found |= find(pieces_of.items(), frames_for(pattern, context, outcomes), ledger=ledger)
        own = {name: found[f"{pattern.id}:{name}"] for name in pattern.evidence}
        since = ledger.clock() if ledger else 0
        outcomes[pattern.id] = judge(pattern, own, context, outcomes)
        if ledger:
            ledger.judged(pattern.id, since)
    return {pattern.id: outcomes[pattern.id] for pattern in library.patterns.values()}


def frames_for(pattern: Pattern, context: Context, outcomes: Mapping[str, Outcome]) -> dict[str, pl.DataFrame]:
    """Return the frames a pattern is asked of: those of the bundle, and the findings it builds on."""
    return {**context.frames, **{f"finding.{target}": _as_rows(outcomes[target]) for target in _builds_on(pattern)}}


def _builds_on(pattern: Pattern) -> tuple[str, ...]:
    return tuple(
        piece.source.removeprefix("finding.")
        for piece in pattern.evidence.values()
        if piece.source.startswith("finding.")
    )


def _by_dependence(library: Library) -> list[Pattern]:
    done: dict[str, Pattern] = {}

    def visit(pattern: Pattern) -> None:
        if pattern.id in done:
            return
        for target in _builds_on(pattern):
            if target in library.patterns:
                visit(library.patterns[target])
        done[pattern.id] = pattern

    for pattern in library.patterns.values():
        visit(pattern)
    return list(done.values())


def _as_rows(outcome: Outcome) -> pl.DataFrame:
    from parsers.schema import NAMES, TIME

    findings = [f for f in outcome.findings if not f.over]
    return pl.DataFrame(
        {
            "member": [f.pattern.id for f in findings],
            "line": list(range(1, len(findings) + 1)),
            **{name: [f.subject.get(name) for f in findings] for name in NAMES},
            "severity": [f.pattern.severity for f in findings],
            "at_end": [f.at_end for f in findings],
            "count": [f.count for f in findings],
            "first": [f.first.earliest for f in findings],
            "last": [f.last.latest for f in findings],
        },
        schema={
            "member": pl.String,
            "line": pl.UInt32,
            **dict.fromkeys(NAMES, pl.String),
            "severity": pl.String,
            "at_end": pl.String,
            "count": pl.Int64,
            "first": pl.Int64,
            "last": pl.Int64,
        },
    ).with_columns(pl.col("first", "last").cast(TIME))


def judge(pattern: Pattern, found: Mapping[str, Found], context: Context, outcomes: Mapping[str, Outcome]) -> Outcome:
    """Return what `pattern` comes to, given what its pieces found."""
    required = set(pieces(pattern.match))
    joins = Joins(pattern, found, context.covered.apart, context.covered.successive)
    findings: list[Finding] = []
    missing: list[Missing] = []
    closest: tuple[Seen, ...] = ()
    unknown = False
    best = (False, -1)
    for subject in joins.subjects():
        rows = {
            name: rows_about(piece, found[name], joins.rows(name, subject), subject, context, outcomes)
            for name, piece in pattern.evidence.items()
        }
        result = Evaluation(rows, context.order, context.end).of(pattern.match)
        seen = tuple(_seen(pattern.evidence[name], rows[name], name in required, result) for name in pattern.evidence)
        score = (result.state != ABSENT, sum(s.state == PRESENT for s in seen))
        if result.state in (PRESENT, CURED):
            findings.append(_finding(pattern, subject, result, seen, rows, context))
        elif result.state == UNKNOWN:
            unknown = True
            missing.extend(result.missing)
        if score > best:
            best, closest = score, seen
    held = [f for f in findings if not f.over]
    state = PRESENT if held else UNKNOWN if unknown else ABSENT
    distinct = tuple(dict.fromkeys(missing))
    return Outcome(pattern, state, tuple(_unique(findings)), distinct if state != PRESENT else (), closest)


def _unique(findings: Sequence[Finding]) -> list[Finding]:
    """Drop a subject that says less than another about the same rows, or whose rows themselves say less."""
    kept: list[Finding] = []
    for place, finding in enumerate(findings):
        own = finding.subject.items()
        cited = {row for s in finding.evidence if s.strength == "required" for row in s.rows}
        if any(
            number != place
            and (
                (own <= other.subject.items() and (own != other.subject.items() or number < place))
                or finding.told < other.told
            )
            and cited <= {row for s in other.evidence for row in s.rows}
            and finding.over == other.over
            for number, other in enumerate(findings)
        ):
            continue
        kept.append(finding)
    return kept


def rows_about(
    piece: Evidence,
    found: Found,
    own: Sorted,
    subject: Mapping[str, str | None],
    context: Context,
    outcomes: Mapping[str, Outcome],
) -> Rows:
    """Return the rows of a piece as they stand to a subject."""

    def gap(start: int | None, end: int | None) -> Missing | None:
        if piece.source.startswith("finding."):
            target = outcomes.get(piece.source.removeprefix("finding."))
            if target is not None and target.state == UNKNOWN:
                return target.missing[0] if target.missing else Missing(piece.source, "cannot be told")
            return None
        about = frozenset(piece.bind) if piece.source in ELSEWHERE else piece.names | {"namespace"}
        names = {name: subject.get(name) for name in about if name in subject}
        return context.covered.gap(piece, names, start, end)

    undecided = None
    if found.undecided and not own.sure:
        undecided = Missing(piece.source, "what was collected does not say", "")
    ordered = tuple(sorted(own.sure, key=context.order.key))
    return Rows(ordered, own.maybe, gap, undecided, own.assumed)


def _seen(piece: Evidence, rows: Rows, required: bool, result: Result) -> Seen:
    strength = piece.strength if not required else "required"
    if rows.sure:
        telling = {(hit.source, hit.row) for o in result.occurrences for hit in o.rows}
        chosen = [hit for hit in rows.sure if (hit.source, hit.row) in telling] if required else list(rows.sure)
        # Rows of a piece that played no part, such as another arm of an `or`, prove nothing and are not quoted.
        idle = required and result.holds and bool(result.occurrences)
        hits = chosen if chosen or idle else list(rows.sure)
        count = len(hits)
        if len(hits) > CITED:
            hits = hits[: CITED // 2] + hits[-CITED // 2 :]
        return Seen(
            piece.name,
            strength,
            PRESENT,
            tuple((h.source, h.row) for h in hits),
            (),
            rows.assumed,
            count,
        )
    if rows.maybe:
        return Seen(
            piece.name, strength, UNKNOWN, missing=(Missing(piece.source, "which one it is about is not said"),)
        )
    gap = rows.undecided or rows.gap(None, None)
    return Seen(piece.name, strength, UNKNOWN if gap else ABSENT, missing=(gap,) if gap else ())


def _finding(
    pattern: Pattern,
    subject: Mapping[str, str | None],
    result: Result,
    seen: tuple[Seen, ...],
    rows: Mapping[str, Rows],
    context: Context,
) -> Finding:
    telling = [hit for o in result.occurrences for hit in (o.start, *o.rows)]
    if not telling:  # it rests on absences alone
        telling = [hit for name in pieces(pattern.match) for hit in rows[name].sure]
    reach, last = _span(telling, context)
    speaking = _speaking(pattern, rows, telling)
    first = _began(speaking, context) or reach
    names = shown(subject)
    weak = all(
        pattern.evidence[name].weak for name in positive(pattern.match) if rows[name].sure and name in pattern.evidence
    )
    composite = len({pattern.evidence[n].source for n in positive(pattern.match) if rows[n].sure}) > 1
    certainty = _certainty(pattern, seen, result, weak and not composite)
    counts = [s.count for s in seen if s.state == PRESENT and s.name in positive(pattern.match)]
    over = result.state == CURED or _silent(pattern, rows, telling, context)
    at_end = "ended" if over else _at_end(pattern, names, speaking, result, context)
    if result.rests and context.seen is not None:
        last = replace(last, latest=max(last.latest, context.seen))
    return Finding(
        pattern,
        names,
        tuple(
            s if s.name in set(pieces(pattern.match)) or s.strength != "required" else replace(s, strength="supporting")
            for s in seen
        ),
        first,
        last,
        max(counts, default=1),
        at_end,
        certainty,
        result.rests,
        frozenset(hit.place[0] for hit in telling),
        _hints(rows),
        frozenset(item for hit in telling for item in shown(hit.names).items() if names.get(item[0]) == item[1]),
        reach.earliest,
    )


def _hints(rows: Mapping[str, Rows]) -> dict[str, str]:
    """Return the names that every row of every present piece agrees on: the remedy may use what the subject lacks."""
    values: dict[str, set[str]] = {}
    for piece in rows.values():
        for hit in piece.sure:
            for name, value in shown(hit.names).items():
                values.setdefault(name, set()).add(value)
    return {name: next(iter(only)) for name, only in values.items() if len(only) == 1}


def _began(speaking: Sequence[Hit], context: Context) -> Moment | None:
    """Return the time of the first row that shows the failure itself; null where none of them tells a time.

    A weak piece is there in good times too, an object is older than what befell it, and a counter or a dump says of no
    time at all when it came to be so: none of these says since when, as long as something else does.
    """
    dated = [hit for hit in speaking if hit.earliest is not None]
    chosen = [hit for hit in dated if _tells_when(hit.source)] or dated
    if not chosen:
        return None
    first = min(chosen, key=lambda hit: (context.order.earliest(hit), context.order.latest(hit)))
    return Moment(context.order.earliest(first), context.order.latest(first))


def _speaking(pattern: Pattern, rows: Mapping[str, Rows], telling: Sequence[Hit]) -> Sequence[Hit]:
    """Return the rows that show the failure itself, not what good times show too; all where there are no others."""
    strong = [name for name in positive(pattern.match) if not pattern.evidence[name].weak]
    own = {(hit.source, hit.row) for name in strong for hit in rows[name].sure}
    return [hit for hit in telling if (hit.source, hit.row) in own] or telling


def _tells_when(source: str) -> bool:
    """Whether the time of its rows is that of what they tell, and not that of the thing they tell it of."""
    return source not in SOURCES or SOURCES[source].timed or "since" in SOURCES[source].columns


def _span(hits: Sequence[Hit], context: Context) -> tuple[Moment, Moment]:
    order = context.order
    if not hits:
        whole = Moment(context.start or 0, context.end or 0)
        return whole, whole
    first = min(hits, key=lambda h: (order.earliest(h), order.latest(h)))
    facts = [h for h in hits if not _timed(h.source)]
    last = max(hits, key=lambda h: (order.latest(h), order.earliest(h)))
    end = Moment(order.earliest(last), order.latest(last))
    if facts and context.seen is not None:
        end = Moment(end.earliest, max(end.latest, context.seen))
    return Moment(order.earliest(first), order.latest(first)), end


def _silent(pattern: Pattern, rows: Mapping[str, Rows], telling: Sequence[Hit], context: Context) -> bool:
    """Whether all that tells it is printed again and again while it lasts, and was not for three times as long."""
    held = {(hit.source, hit.row) for hit in telling}
    present = {
        name: [hit for hit in rows[name].sure if (hit.source, hit.row) in held] for name in positive(pattern.match)
    }
    return any(present.values()) and all(
        context.covered.silent(pattern.evidence[name], hits, context.order.latest)
        for name, hits in present.items()
        if hits
    )


def _timed(source: str) -> bool:
    return source in SOURCES and SOURCES[source].timed


def _certainty(pattern: Pattern, seen: Sequence[Seen], result: Result, weak: bool) -> str:
    if weak or pattern.status == "experimental" or (result.occurrences and not any(o.sure for o in result.occurrences)):
        return "possible"
    decisive = [s for s in seen if s.strength == "decisive"]
    if decisive and not any(s.state == PRESENT for s in decisive):
        return "likely"
    if any(s.assumed for s in seen if s.strength == "required"):
        return "likely"
    return "certain"


def _at_end(pattern: Pattern, names: Mapping[str, str], hits: Sequence[Hit], result: Result, context: Context) -> str:
    called = any(hit.source in CALLS for hit in hits)
    way = " reached" if called else ""
    # A check is about how a thing is set up: that it works today does not mend it.
    for kind in () if pattern.check else ("model", "pipeline", "experiment", "server"):
        name = names.get(kind)
        sound = name and context.sound & {(kind + way, names.get("namespace"), name), (kind + way, None, name)}
        if name and sound and not (called and _stood_already(kind, name, hits, context)):
            return "ended"
        if name and called and _routed_since(kind, name, names.get("namespace"), hits, context):
            return "ended"
    if result.rests:
        return "ongoing"
    facts = [hit for hit in hits if not _timed(hit.source)]
    if any(hit.source not in COUNTERS for hit in facts):
        return "ongoing"
    records = sorted((hit for hit in hits if _timed(hit.source)), key=context.order.key)
    if not records or context.end is None:
        return "unknown"
    times = [context.order.earliest(hit) for hit in records]
    gap = max((b - a for a, b in pairwise(times)), default=0)
    allowed = max(LEAST_PAUSE, 3 * gap)
    return "ongoing" if context.end - max(map(context.order.latest, records)) <= allowed else "unknown"


def _routed_since(kind: str, name: str, namespace: str | None, hits: Sequence[Hit], context: Context) -> bool:
    """Whether the scheduler made the route after the last call that failed, and nothing is known to be wrong since.

    Envoy writes down failed calls only: that later ones went well is seen nowhere else where its dumps are missing.
    """
    keys = {(kind, namespace, name), (kind, None, name)}
    made = max((context.routed[key] for key in keys if key in context.routed), default=None)
    return made is not None and bool(context.sound & keys) and made >= max(map(context.order.latest, hits))


def _stood_already(kind: str, name: str, hits: Sequence[Hit], context: Context) -> bool:
    """Whether the way of these calls stood when they failed, so that its standing now has not mended them.

    So it is where each was answered by the agent or the server behind Envoy, or with "no route" when Envoy had the
    route: then it asked for what no route gives, such as a version that is gone.
    """
    routes, log = context.frames.get("envoy.route"), context.frames.get("log.envoy_access")
    if log is None or any(hit.source != "log.envoy_access" for hit in hits):
        return False
    calls = log[[hit.row for hit in hits]]
    if calls.select((pl.col("upstream").is_not_null() & (pl.col("flags").fill_null("URX") == "URX")).all()).item():
        return True
    if routes is None or not calls["flags"].str.split(",").list.contains("NR").fill_null(False).all():
        return False
    header = name + {"pipeline": ".pipeline", "experiment": ".experiment"}.get(kind, "")
    updated = routes.filter(pl.col("header") == header)["updated"].cast(pl.Int64).max()
    return isinstance(updated, int) and updated < min(map(context.order.earliest, hits))


__all__ = ["Context", "NoLater", "Occurrence", "Term", "Without", "find_all", "judge", "parts"]
