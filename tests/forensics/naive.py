"""What a pattern means, row by row, in plain Python: slow, and meant to be read beside patterns/README.md.

An oracle shares no code with what it judges: only the trees of `patterns.terms` and the shape of patterns are taken
from the product, and `where` from `tests.patterns.naive`. Times are integers, in microseconds, half-open.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

from patterns import terms as t
from patterns.pattern import Evidence, Pattern
from tests.patterns.naive import decide

YES, MAYBE, NO = "yes", "maybe", "no"
PRESENT, ABSENT, UNKNOWN, CURED = "present", "absent", "unknown", "cured"
SECOND = 1_000_000
ZONES = 28 * 3600 * SECOND  # how much wider a row is whose zone is not written: half of it before, half after
OF_THE_FILE = ("namespace", "pod", "container", "node")  # what a log's row does not say is what its file is of


# ---- what is given


@dataclass(frozen=True)
class File:
    """What an anonymous file is of: unknown, and the same for all its rows."""

    member: str


Name = str | File | None


@dataclass(frozen=True)
class Row:
    """A row that fits a piece. `section` is negative where the order of lines says nothing."""

    id: Any
    earliest: int
    latest: int
    clock: str
    file: str
    section: int
    line: int
    names: Mapping[str, Name]
    weight: int = 1
    began: int | None = None


@dataclass(frozen=True)
class Line:
    """A row of a source, whatever it fits: where it stands, when it was, and its columns."""

    source: str
    number: int
    member: str
    line: int
    section: int
    earliest: int | None
    latest: int | None
    clock: str
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Log:
    """What was collected of the log of one process; `whole`: from the process's start."""

    source: str
    member: str
    namespace: str | None
    pod: str | None
    first: int
    last: int
    until: int
    whole: bool


@dataclass(frozen=True)
class Bundle:
    """All rows by source, and what was collected: logs, lists of objects, other sources; how wrong clocks may be."""

    rows: Mapping[str, list[Line]]
    logs: list[Log]
    listed: frozenset[tuple[str, str | None]]
    dumped: frozenset[str]
    errors: Mapping[str, int]
    end: int


@dataclass(frozen=True)
class Pair:
    """Rows that belong together, by the moment they begin with and the one they end with; `sure`: so is the order."""

    start: Row
    end: Row
    rows: tuple[Row, ...]
    sure: bool = True


@dataclass(frozen=True)
class World:
    """What there is about one subject.

    `sure`, `maybe`: rows of each piece that are, and may be, about it. `undecided`: pieces of which a null left rows
    undecided. `open`: whether a piece may have come unseen between two times; None: at any time.
    """

    sure: Mapping[str, list[Row]]
    maybe: Mapping[str, list[Row]]
    undecided: frozenset[str]
    open: Mapping[str, Callable[[int | None, int | None], bool]]
    errors: Mapping[str, int]
    end: int


# ---- order and windows


def slack(world: World, a: Row, b: Row) -> int:
    return 0 if a.clock == b.clock else world.errors.get(a.clock, 0) + world.errors.get(b.clock, 0)


def before(world: World, a: Row, b: Row) -> str:
    if (a.file, a.section) == (b.file, b.section) and a.section >= 0:
        return YES if a.line < b.line else NO
    if (a.id, a.earliest) == (b.id, b.earliest):
        return NO  # nothing is before itself
    s = slack(world, a, b)
    if a.latest + s <= b.earliest:
        return YES
    return NO if b.latest + s <= a.earliest else MAYBE


def near(world: World, a: Row, b: Row, length: int | None) -> str:
    """Whether b begins less than `length` after a."""
    if length is None:
        return YES
    s = slack(world, a, b)
    alike = (a.file, a.section) == (b.file, b.section)
    if alike and a.section >= 0 and zoneless(a) and zoneless(b):
        s = -ZONES  # whatever the zone is, it is that of both
    if b.latest - a.earliest + s <= length:
        return YES
    if alike and b.earliest - a.earliest < length:
        return YES
    return MAYBE if b.earliest - a.latest - s < length else NO


def zoneless(row: Row) -> bool:
    return row.latest - row.earliest >= ZONES


def beside(world: World, a: Row, b: Row, length: int | None) -> str:
    """Whether b, that sorts behind a, lies in one window with it, even if it was b that came first."""
    answer = near(world, a, b, length)
    if answer == YES and length is not None and (a.file, a.section) != (b.file, b.section):
        return YES if a.latest - a.earliest <= length else MAYBE
    return answer


def both(x: str, y: str) -> str:
    return NO if NO in (x, y) else YES if (x, y) == (YES, YES) else MAYBE


def micros(length: Any) -> int | None:
    return None if length is None else int(length.total_seconds() * SECOND)


def sort_key(row: Row) -> tuple[Any, ...]:
    return (row.earliest, row.latest, row.file, row.section, row.line)


def moments(row: Row) -> list[Row]:
    """An Event that came again came, at least, at its first time and at its last."""
    if row.began is None or row.began >= row.earliest:
        return [row]
    return [replace(row, earliest=row.began, latest=row.began + row.latest - row.earliest), row]


# ---- terms


TEMPORAL = (t.Then, t.After, t.Without, t.NoLater, t.Lasting, t.AtLeast, t.Distinct)


def judge(world: World, term: t.Term) -> tuple[str, list[Pair]]:
    """Return what `term` comes to, and where it holds."""
    state, pairs = surely(world, term)
    timed = isinstance(term, TEMPORAL) or (isinstance(term, t.AndTerm) and term.within is not None)
    if timed and state in (ABSENT, CURED):
        # What may be about the subject may make it true.
        pieces = t.positive(term)
        if any(world.maybe[name] for name in pieces):
            more = {name: [*rows, *world.maybe[name]] if name in pieces else rows for name, rows in world.sure.items()}
            less = {name: [] if name in pieces else rows for name, rows in world.maybe.items()}
            if surely(replace(world, sure=more, maybe=less), term)[0] in (PRESENT, UNKNOWN):
                return UNKNOWN, []
    return state, pairs


def surely(world: World, term: t.Term) -> tuple[str, list[Pair]]:
    match term:
        case t.Piece(name):
            if world.sure[name]:
                found = [Pair(m, m, (r,)) for r in world.sure[name] for m in moments(r)]
                return PRESENT, sorted(found, key=lambda p: sort_key(p.start))
            if world.maybe[name] or name in world.undecided or world.open[name](None, None):
                return UNKNOWN, []
            return ABSENT, []
        case t.NotTerm(part):
            state, _ = judge(world, part)
            return {PRESENT: ABSENT, UNKNOWN: UNKNOWN}.get(state, PRESENT), []
        case t.AndTerm(parts, None):
            return conjunction([judge(world, p) for p in parts])
        case t.AndTerm(parts, within):
            return together(world, term, [judge(world, p) for p in parts], micros(within))
        case t.OrTerm(parts):
            return some_of(1, [judge(world, p) for p in parts])
        case t.SomeOf(count, parts):
            return some_of(count, [judge(world, p) for p in parts])
        case t.Then(first, second, within):
            return then(world, first, second, micros(within))
        case t.After(first, second, within):
            return then(world, second, first, micros(within))
        case t.Without(first, second, within):
            return without(world, first, second, micros(within))
        case t.NoLater(t.Lasting(part, length) as first, second):
            return still(world, part, no_later(world, first, second), second, micros(length))
        case t.NoLater(first, second):
            return no_later(world, first, second)
        case t.Lasting(part, length):
            return lasting(world, part, micros(length))
        case t.AtLeast(count, part, within):
            return often(world, count, part, micros(within), events)
        case t.Distinct(count, name, part, within):
            return often(
                world, count, part, micros(within), lambda pairs: len({p.start.names.get(name) for p in pairs} - {None})
            )
    raise AssertionError(term)


def events(pairs: list[Pair]) -> int:
    """How often it happened: rows, each once, an Event as often as its count says."""
    return sum({(p.start.id, p.end.id): p.start.weight for p in pairs}.values())


def conjunction(results: list[tuple[str, list[Pair]]]) -> tuple[str, list[Pair]]:
    states = [s for s, _ in results]
    pairs = [p for _, ps in results for p in ps]
    if ABSENT in states:
        return ABSENT, []
    if CURED in states:
        return (CURED, pairs) if UNKNOWN not in states else (ABSENT, [])
    return (UNKNOWN, []) if UNKNOWN in states else (PRESENT, pairs)


def some_of(count: int, results: list[tuple[str, list[Pair]]]) -> tuple[str, list[Pair]]:
    states = [s for s, _ in results]
    held = states.count(PRESENT)
    if held >= count:
        return PRESENT, [p for s, ps in results if s == PRESENT for p in ps]
    if held + states.count(UNKNOWN) >= count:
        return UNKNOWN, []
    if held + states.count(CURED) >= count:
        return CURED, [p for s, ps in results if s in (PRESENT, CURED) for p in ps]
    return ABSENT, []


def unseen(world: World, term: t.Term, start: int | None = None, end: int | None = None) -> bool:
    """Whether a piece that can make `term` true may have come unseen."""
    return any(world.open[name](start, end) for name in t.positive(term))


def ahead(world: World, a: Pair, b: Row) -> str:
    """Whether all of a lies before b."""
    return both(before(world, a.start, b), before(world, a.end, b))


def then(world: World, first: t.Term, second: t.Term, length: int | None) -> tuple[str, list[Pair]]:
    (one, befores), (two, afters) = judge(world, first), judge(world, second)
    if one in (ABSENT, CURED) or two in (ABSENT, CURED):
        return ABSENT, []
    if UNKNOWN in (one, two):
        return UNKNOWN, []
    found = []
    for b in afters:
        for wanted in (YES, MAYBE):
            fitting = [
                a for a in befores if both(ahead(world, a, b.start), near(world, a.start, b.start, length)) == wanted
            ]
            if fitting:
                a = max(fitting, key=lambda a: (sort_key(a.start), sort_key(a.end), a.sure))
                found.append(Pair(a.start, b.end, a.rows + b.rows, wanted == YES and a.sure and b.sure))
                break
    if found:
        return PRESENT, found
    for b in afters:
        late = b.start.latest
        if unseen(world, first, *((None, None) if length is None else (late - length, late))):
            return UNKNOWN, []
    for a in befores:
        late = world.end if length is None else min(world.end, a.start.latest + length)
        if a.end.earliest < late and unseen(world, second, a.end.earliest, late):
            return UNKNOWN, []
    return ABSENT, []


def comes(world: World, a: Row, pairs: list[Pair], length: int | None) -> str:
    answers = [both(before(world, a, b.start), near(world, a, b.start, length)) for b in pairs]
    return YES if YES in answers else MAYBE if MAYBE in answers else NO


def may_come(world: World, term: t.Term, a: Row, length: int | None) -> bool:
    """Whether what `term` looks for may have come in the window after a, unseen or about another subject."""
    end = None if length is None else a.latest + length
    for name in t.pieces(term):
        for b in world.maybe[name]:
            if any(both(before(world, a, m), near(world, a, m, length)) != NO for m in moments(b)):
                return True
        if (name in world.undecided and not world.sure[name]) or world.open[name](a.earliest, end):
            return True
    return False


def without(world: World, first: t.Term, second: t.Term, length: int | None) -> tuple[str, list[Pair]]:
    state, pairs = judge(world, first)
    _, others = judge(world, second)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    alone, unsure = [], False
    for a in pairs:
        answer = comes(world, a.end, others, length)
        if answer == YES:
            continue
        if answer == MAYBE or may_come(world, second, a.end, length):
            unsure = True
        else:
            alone.append(a)
    if alone:
        return PRESENT, alone
    return (UNKNOWN if unsure else ABSENT), []


def no_later(world: World, first: t.Term, second: t.Term) -> tuple[str, list[Pair]]:
    state, pairs = judge(world, first)
    _, others = judge(world, second)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    last = max(pairs, key=lambda p: sort_key(p.end))
    answer = comes(world, last.end, others, None)
    if answer == YES:
        return CURED, pairs
    if answer == MAYBE or may_come(world, second, last.end, None):
        return UNKNOWN, []
    return PRESENT, pairs


def lasting(world: World, part: t.Term, length: int | None) -> tuple[str, list[Pair]]:
    assert length is not None
    state, pairs = judge(world, part)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    found = span(pairs, length)
    return (PRESENT, found) if found else ((UNKNOWN if unseen(world, part) else ABSENT), [])


def span(pairs: list[Pair], length: int) -> list[Pair]:
    """Return the pairs if they span `length`, unsure ones if they may."""
    rows = [row for p in pairs for row in (p.start, p.end)]
    most = max(r.latest for r in rows) - min(r.earliest for r in rows)
    one_section = len({(r.file, r.section) for r in rows}) == 1
    if one_section:  # the same clock and the same rounding at both ends
        least = max(b.earliest - a.earliest for a, b in product(rows, rows))
        if all(map(zoneless, rows)):
            most -= ZONES
    else:
        least = max(r.earliest for r in rows) - min(r.latest for r in rows)
    if least >= length:
        return pairs
    return [replace(p, sure=False) for p in pairs] if most > length else []


def still(
    world: World, part: t.Term, result: tuple[str, list[Pair]], second: t.Term, length: int | None
) -> tuple[str, list[Pair]]:
    """What came before the last `second` was over: only what came after it counts."""
    assert length is not None
    state, pairs = result
    if state != PRESENT:
        return result
    _, others = judge(world, second)
    over = [p for p in pairs if comes(world, p.end, others, None) == YES]
    fresh = [p for p in pairs if p not in over]
    if found := span(fresh, length):
        return PRESENT, found
    if over and span(over, length):
        return CURED, over
    return (UNKNOWN if unseen(world, part) else ABSENT), []


def often(
    world: World, count: int, part: t.Term, length: int | None, number: Callable[[list[Pair]], int]
) -> tuple[str, list[Pair]]:
    state, pairs = judge(world, part)
    if state != PRESENT:
        return (ABSENT if state == CURED else state), []
    if length is None and number(pairs) >= count:
        return PRESENT, pairs
    held = False
    for a in pairs if length is not None else ():
        later = [b for b in pairs if sort_key(b.start) >= sort_key(a.start)]
        if number([b for b in later if beside(world, a.start, b.start, length) == YES]) >= count:
            return PRESENT, pairs
        if number([b for b in later if beside(world, a.start, b.start, length) != NO]) >= count:
            held = True
    if held:
        return PRESENT, [replace(p, sure=False) for p in pairs]
    return (UNKNOWN if unseen(world, part) else ABSENT), []


def together(
    world: World, term: t.Term, results: list[tuple[str, list[Pair]]], length: int | None
) -> tuple[str, list[Pair]]:
    state, pairs = conjunction(results)
    if state != PRESENT:
        return state, pairs
    tagged = sorted(
        ((sort_key(p.start), number, place), p) for number, (_, ps) in enumerate(results) for place, p in enumerate(ps)
    )
    needed = {number for (_, number, _), _ in tagged}
    windows = []
    for key, o in tagged:
        later = [(k[1], p, beside(world, o.start, p.start, length)) for k, p in tagged if k > key]
        for wanted in ((YES,), (YES, MAYBE)):
            chosen = {key[1]: o}
            for number, p, answer in later:
                if answer in wanted:
                    chosen.setdefault(number, p)
            if set(chosen) == needed:
                inside = sorted(chosen.values(), key=lambda p: sort_key(p.start))
                last = max(inside, key=lambda p: sort_key(p.end))
                rows = tuple(row for p in inside for row in p.rows)
                sure = wanted == (YES,) and all(p.sure for p in inside)
                windows.append(Pair(inside[0].start, last.end, rows, sure))
                break
    if windows:
        return PRESENT, windows
    return (UNKNOWN if unseen(world, term) else ABSENT), []


# ---- rows of a piece, and the names they bind


def fitting(piece: Evidence, bundle: Bundle) -> tuple[list[Row], bool]:
    """Return the rows of a piece, and whether a null left any undecided."""
    rows, undecided = [], False
    for line in bundle.rows.get(piece.source, []):
        holds = True if piece.where is None else decide(piece.where.root, line.columns)
        undecided |= holds is None
        if holds:
            rows.append(
                Row(
                    (line.source, line.number),
                    0 if line.earliest is None else line.earliest,
                    bundle.end if line.latest is None else line.latest,
                    line.clock,
                    line.member,
                    line.section,
                    line.line,
                    bound(piece, line),
                    max(1, line.columns.get("count") or 1) if piece.source == "k8s.event" else 1,
                    line.columns.get("first_at") if piece.source == "k8s.event" else None,
                )
            )
    return rows, undecided


def bound(piece: Evidence, line: Line) -> dict[str, Name]:
    names: dict[str, Name] = {name: line.columns.get(column) or None for name, column in piece.bind.items()}
    for test in piece.where.tests() if piece.where else ():
        if test.verb == "matches":
            found = re.search(str(test.value).replace("(?<", "(?P<"), line.columns[test.column.path[0]] or "")
            for name in re.findall(r"\(\?<([a-z]+)>", str(test.value)):
                names[name] = names.get(name) or (found and found[name]) or None
    if piece.source.startswith("log."):
        names |= {n: File(line.member) for n in OF_THE_FILE if n in names and names[n] is None}
    return names


# ---- subjects


@dataclass(frozen=True)
class Pieces:
    """The rows of all pieces of a pattern, and what they can bind."""

    pattern: Pattern
    rows: Mapping[str, list[Row]]
    names: Mapping[str, frozenset[str]]
    apart: Callable[[str, str], bool]
    successive: Callable[[str, str], bool]

    @property
    def makers(self) -> list[str]:
        """The pieces that make the subject, in the order of the file."""
        return [name for name in self.pattern.evidence if name in t.positive(self.pattern.match)]

    def of(self, piece: str, row: Row) -> dict[str, Name]:
        return {name: value for name, value in row.names.items() if name in self.names[piece]}


def counted(term: t.Term, name: str, inside: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names that a `distinct` around a piece counts: they tell its rows apart, and not subjects."""
    match term:
        case t.Piece(own):
            return inside if own == name else frozenset()
        case t.Distinct(_, what, part, _):
            return counted(part, name, inside | {what})
    return frozenset().union(*(counted(part, name, inside) for part in t.parts(term)))


def differ(pieces: Pieces, one: Name, other: Name) -> bool:
    """Whether two values are surely two things."""
    if isinstance(one, str) and isinstance(other, str):
        return one != other
    if isinstance(one, File) and isinstance(other, File):
        return one != other and pieces.apart(one.member, other.member)
    return False


def agree(pieces: Pieces, one: Mapping[str, Name], other: Mapping[str, Name]) -> bool:
    return not any(differ(pieces, value, other.get(name)) for name, value in one.items())


def subjects(pieces: Pieces) -> list[dict[str, Name]]:
    """Return every choice of names, one set of each piece, all that agree: none to which a further one could be added."""
    sets: dict[str, list[dict[str, Name]]] = {}
    for piece in pieces.makers:
        for row in pieces.rows[piece]:
            own = pieces.of(piece, row)
            if own not in sets.setdefault(piece, []):
                sets[piece].append(own)
    found: list[dict[str, Name]] = []
    for choice in product(*([*some, None] for some in sets.values())):
        chosen = [own for own in choice if own is not None]
        if not all(agree(pieces, a, b) for a, b in product(chosen, chosen)):
            continue
        left = [some for some, own in zip(sets.values(), choice, strict=True) if own is None]
        if any(all(agree(pieces, own, other) for other in chosen) for some in left for own in some):
            continue
        merged: dict[str, Name] = {}
        for own in chosen:
            for name, value in own.items():
                known = merged.get(name)
                if known is None or (isinstance(known, File) and isinstance(value, str)):
                    merged[name] = value
        if merged not in found:
            found.append(merged)
    return found


def stands(pieces: Pieces, piece: str, row: Row, subject: Mapping[str, Name]) -> str:
    """Whether a row is about a subject: yes, no, assumed (nothing else of the kind occurs), maybe."""
    answers = [YES]
    for name in pieces.names[piece]:
        if name not in subject:
            continue  # nothing says which one: any will do
        value, wanted = row.names.get(name), subject[name]
        if value == wanted and value is not None:
            continue
        if differ(pieces, value, wanted):
            return NO
        others = [
            other
            for other in pieces.makers
            if other != piece
            and name in pieces.names[other]
            and any(agree(pieces, pieces.of(other, r), subject) for r in pieces.rows[other])
        ]
        if piece in pieces.makers and not others:  # the piece alone says it: no join
            if value is not wanted:
                return NO
            continue
        answers.append("assumed" if one_of_a_kind(pieces, piece, name) else MAYBE)
    return MAYBE if MAYBE in answers else "assumed" if "assumed" in answers else YES


def one_of_a_kind(pieces: Pieces, piece: str, name: str) -> bool:
    said: set[Name] = set()
    for each in {piece, *pieces.makers}:
        if name in pieces.names[each]:
            own = {row.names.get(name) for row in pieces.rows[each]} - {None}
            pairs = combinations(own, 2)
            if not all(
                not isinstance(a, str) and not isinstance(b, str) and pieces.successive(a.member, b.member)
                for a, b in pairs
            ):
                return False
            said |= {value for value in own if isinstance(value, str)}
    return len(said) <= 1


# ---- coverage


def may_be_unseen(
    piece: Evidence, bundle: Bundle, subject: Mapping[str, Name], start: int | None, end: int | None
) -> bool:
    """Whether a row of `piece` may have been there, about the subject, without being in the bundle."""
    asked = {name: subject.get(name) for name in piece.names | {"namespace"}}
    if piece.source.startswith("log."):
        logs = [
            log
            for log in bundle.logs
            if log.source == piece.source
            and not any(
                isinstance(asked.get(key), str) and own is not None and asked[key] != own
                for key, own in (("namespace", log.namespace), ("pod", log.pod))
            )
        ]
        if start is None:
            return not any(log.whole for log in logs)
        at, end = start, bundle.end if end is None else end
        for log in sorted(logs, key=lambda log: 0 if log.whole else log.first):
            if log.whole or log.first <= at:
                at = max(at, log.until)
        return at < end or not logs
    if piece.source.startswith("k8s."):
        kind, namespace = piece.source.removeprefix("k8s."), asked["namespace"]
        return not any(
            of == kind and (space is None or not isinstance(namespace, str) or space == namespace)
            for of, space in bundle.listed
        )
    return piece.source not in bundle.dumped


# ---- patterns


@dataclass(frozen=True)
class Finding:
    """What is found of one subject: the names that are known, whether it is cured, how certain, its rows, its start."""

    subject: Mapping[str, str]
    cured: bool
    certainty: str
    rows: Mapping[str, frozenset[Any]]
    first: int
    told: frozenset[tuple[str, str]]


Outcomes = Mapping[str, tuple[str, list[Finding]]]


def interpret(library: Mapping[str, Pattern], bundle: Bundle) -> dict[str, tuple[str, list[Finding]]]:
    """Return what each pattern comes to over a bundle, and its findings; a pattern stands after those it rests on."""
    outcomes: dict[str, tuple[str, list[Finding]]] = {}
    for pattern in library.values():
        rows = {f"finding.{name}": rows_of(name, findings) for name, (_, findings) in outcomes.items()}
        unknown = {f"finding.{name}" for name, (state, _) in outcomes.items() if state == UNKNOWN}
        more = replace(bundle, rows={**bundle.rows, **rows}, dumped=bundle.dumped | (rows.keys() - unknown))
        outcomes[pattern.id] = interpreted(pattern, more)
    return outcomes


def rows_of(name: str, findings: list[Finding]) -> list[Line]:
    """The findings of a pattern as rows, cured ones left out."""
    lasting = [f for f in findings if not f.cured]
    return [
        Line(
            f"finding.{name}",
            number,
            name,
            number + 1,
            -1 - number,
            f.first,
            f.first + SECOND,
            "",
            {"namespace": None, "pod": None, "model": None, **f.subject},
        )
        for number, f in enumerate(lasting)
    ]


def interpreted(pattern: Pattern, bundle: Bundle) -> tuple[str, list[Finding]]:
    found = {name: fitting(piece, bundle) for name, piece in pattern.evidence.items()}

    def apart(one: str, other: str) -> bool:
        return any(
            a.source == b.source and a.first < b.last and b.first < a.last
            for a in bundle.logs
            for b in bundle.logs
            if a.member == one and b.member == other
        )

    def successive(one: str, other: str) -> bool:
        """Whether they may be two lives of one container."""
        return any(
            a.source == b.source and (a.first >= b.last or b.first >= a.last)
            for a in bundle.logs
            for b in bundle.logs
            if a.member == one and b.member == other
        )

    pieces = Pieces(
        pattern,
        {name: rows for name, (rows, _) in found.items()},
        {name: piece.names - counted(pattern.match, name) for name, piece in pattern.evidence.items()},
        apart,
        successive,
    )
    findings: list[Finding] = []
    unknown = False
    for subject in sorted(subjects(pieces), key=by_name):
        standing = {name: [(stands(pieces, name, r, subject), r) for r in pieces.rows[name]] for name in pieces.rows}
        sure = {name: [r for answer, r in rows if answer in (YES, "assumed")] for name, rows in standing.items()}
        world = World(
            sure,
            {name: [r for answer, r in rows if answer == MAYBE] for name, rows in standing.items()},
            frozenset(name for name, (_, undecided) in found.items() if undecided and not sure[name]),
            {name: opening(piece, bundle, subject) for name, piece in pattern.evidence.items()},
            bundle.errors,
            bundle.end,
        )
        state, pairs = judge(world, pattern.match)
        unknown |= state == UNKNOWN
        if state in (PRESENT, CURED):
            assumed = {name for name, rows in standing.items() if any(answer == "assumed" for answer, _ in rows)}
            findings.append(finding(pattern, subject, world, state, pairs, assumed))
    findings = folded(pattern, findings)
    state = PRESENT if any(not f.cured for f in findings) else UNKNOWN if unknown else ABSENT
    return state, findings


def by_name(subject: Mapping[str, Name]) -> str:
    """The order of findings, which decides between two of one moment."""
    return repr(tuple(sorted((n, f"\0{v.member}" if isinstance(v, File) else v) for n, v in subject.items())))


def opening(piece: Evidence, bundle: Bundle, subject: Mapping[str, Name]) -> Callable[[int | None, int | None], bool]:
    return lambda start, end: may_be_unseen(piece, bundle, subject, start, end)


def finding(
    pattern: Pattern, subject: Mapping[str, Name], world: World, state: str, pairs: list[Pair], assumed: set[str]
) -> Finding:
    required = set(t.pieces(pattern.match))
    telling = {row.id for p in pairs for row in p.rows}
    rows = {}
    for name in pattern.evidence:
        own = {row.id for row in world.sure[name]}
        if name in required and (own & telling or (state == PRESENT and pairs)):
            own &= telling  # rows that played no part prove nothing
        rows[name] = frozenset(own)
    certainty = "certain"
    decisive = [
        name for name, piece in pattern.evidence.items() if piece.strength == "decisive" and name not in required
    ]
    if (decisive and not any(world.sure[name] for name in decisive)) or assumed & required:
        certainty = "likely"
    makers = [pattern.evidence[name] for name in t.positive(pattern.match) if world.sure[name]]
    weak = all(piece.weak for piece in makers) and len({piece.source for piece in makers}) < 2
    if weak or (pairs and not any(p.sure for p in pairs)):
        certainty = "possible"
    known = {name: value for name, value in subject.items() if isinstance(value, str)}
    first = min((row.earliest for p in pairs for row in (p.start, *p.rows)), default=0)
    shown = [row for p in pairs for row in (p.start, *p.rows)]
    shown = shown or [row for name in t.pieces(pattern.match) for row in world.sure[name]]
    told = {(name, value) for row in shown for name, value in row.names.items() if known.get(name) == value}
    return Finding(known, state == CURED, certainty, rows, first, frozenset(told))


def folded(pattern: Pattern, findings: list[Finding]) -> list[Finding]:
    """Drop what says less than another finding about the same rows, and what its own rows say less about."""
    required = [n for n, piece in pattern.evidence.items() if piece.strength == "required"]
    kept = []
    for place, one in enumerate(findings):
        cited = set().union(*(one.rows[name] for name in required))
        if not any(
            number != place
            and (
                (
                    one.subject.items() <= other.subject.items()
                    and (len(one.subject) < len(other.subject) or number < place)
                )
                or one.told < other.told
            )
            and cited <= set().union(*other.rows.values())
            and one.cured == other.cured
            for number, other in enumerate(findings)
        ):
            kept.append(one)
    return kept
