"""Small bundles, timelines, terms and patterns for Hypothesis: what engine and naive interpreter are both given."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from patterns import terms as t
from patterns.language import parse_where
from patterns.pattern import Evidence, Pattern
from tests.forensics.naive import SECOND, Bundle, Line, Log

NAMES = ("a", "b", "c")
END = 40 * SECOND
SECONDS = st.integers(0, 12)  # few, so that windows and rows often end where others begin

# ---- terms

LENGTHS = st.integers(1, 6).map(lambda s: timedelta(seconds=s))
WITHIN = st.none() | LENGTHS
PIECES = st.sampled_from(NAMES).map(t.Piece)
COUNTED = st.sampled_from(("server", "pod"))
TIGHT = st.one_of(
    PIECES,
    st.builds(t.Lasting, PIECES, LENGTHS),
    st.builds(t.AtLeast, st.integers(1, 4), PIECES, WITHIN),
    st.builds(t.Distinct, st.just(2), COUNTED, PIECES, WITHIN),
    st.builds(t.SomeOf, st.integers(1, 3), st.tuples(PIECES, PIECES, PIECES)),
)
SINGLE = st.one_of(  # of single pieces: windows and their edges
    st.builds(t.Without, PIECES, PIECES, LENGTHS),
    st.builds(t.Then, PIECES, PIECES, LENGTHS),
    st.builds(t.NoLater, PIECES, PIECES),
    st.builds(t.Then, st.builds(t.Then, PIECES, PIECES, st.none()), PIECES, LENGTHS),
)
TEMPORAL = st.one_of(
    SINGLE,
    SINGLE,
    st.builds(t.Then, TIGHT, TIGHT, WITHIN),
    st.builds(t.After, TIGHT, TIGHT, WITHIN),
    st.builds(t.Without, TIGHT, TIGHT, WITHIN),
    st.builds(t.NoLater, TIGHT, TIGHT),
    st.builds(lambda a, b, w: t.AndTerm((a, b), w), PIECES, PIECES, LENGTHS),
)
TERMS = st.recursive(
    st.one_of(TIGHT, TEMPORAL, TEMPORAL),
    lambda inner: st.one_of(
        st.builds(t.NotTerm, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda x: t.AndTerm(tuple(x))),
        st.lists(inner, min_size=2, max_size=3).map(lambda x: t.OrTerm(tuple(x))),
        st.builds(t.Then, inner, PIECES, WITHIN),
    ),
    max_leaves=4,
)


PAIRS = [(t.Piece(x), t.Piece(y)) for x in NAMES for y in NAMES if x != y]
JOINS = st.one_of(
    st.sampled_from(PAIRS).flatmap(
        lambda pair: st.sampled_from(
            [t.AndTerm(pair), t.OrTerm(pair), t.NoLater(*pair), t.Then(*pair), t.AndTerm((pair[0], t.NotTerm(pair[1])))]
        )
    ),
    st.sampled_from([t.AndTerm(tuple(map(t.Piece, NAMES))), t.OrTerm(tuple(map(t.Piece, NAMES)))]),
)


def citable(term: t.Term) -> bool:
    """Whether a term is false when no piece is present, so that there is always something to cite."""
    match term:
        case t.NotTerm():
            return False
        case t.AndTerm(parts, _):
            return any(map(citable, parts))
        case t.OrTerm(parts) | t.SomeOf(1, parts):
            return all(map(citable, parts))
        case t.SomeOf(_, parts):
            return all(map(citable, parts))
        case t.Without(first, _) | t.NoLater(first, _) | t.Then(first, _) | t.After(first, _):
            return citable(first)
        case t.Lasting(part) | t.AtLeast(part=part) | t.Distinct(part=part):
            return citable(part)
    return True


# ---- bundles

TEXTS = ("fail m1", "fail m2", "fail", "ok m1", "ok m2", "ok", "note")
LEVELS = (None, "debug", "error", "error")
SPACES, PODS = (None, "x", "x", "y"), (None, "p", "p", "q", "q")
FILES = {"log.agent": ("a1", "a2"), "log.scheduler": ("s1",)}


@st.composite
def logs(draw: st.DrawFn, source: str, member: str) -> tuple[Log, list[Line]]:
    """The log of one process; rarely one of which nothing says which."""
    namespace, pod = draw(st.sampled_from(SPACES)), draw(st.sampled_from(PODS))
    clock = draw(st.sampled_from(("", "n1", "n2")))
    width = draw(st.sampled_from((1, SECOND, 3 * SECOND)))
    times = sorted(draw(st.lists(SECONDS, min_size=1, max_size=4)))
    jump = draw(st.sampled_from((None, None, 1, 2)))  # where a new section begins
    lines = []
    for number, second in enumerate(times):
        columns = {
            "text": draw(st.sampled_from(TEXTS)),
            "level": draw(st.sampled_from(LEVELS)),
            "namespace": namespace,
            "pod": pod,
        }
        section = 0 if jump is None or number < jump else 1
        at = second * SECOND
        lines.append(Line(source, 0, member, number + 1, section, at, at + width, clock, columns))
    last = max(line.latest or 0 for line in lines)
    ended = draw(st.booleans())
    first = min(line.earliest or 0 for line in lines)
    return Log(source, member, namespace, pod, first, last, last if ended else END, draw(st.booleans())), lines


@st.composite
def happenings(draw: st.DrawFn, number: int) -> Line:
    """An Event, that may have come again."""
    at = draw(SECONDS) * SECOND
    first = draw(st.none() | SECONDS)
    columns = {
        "text": draw(st.sampled_from(TEXTS)),
        "level": None,
        "namespace": draw(st.sampled_from(SPACES)),
        "pod": draw(st.sampled_from(PODS)),
        "count": draw(st.sampled_from((None, 1, 3))),
        "first_at": None if first is None else min(first * SECOND, at),
    }
    return Line("k8s.event", number, "events", number + 1, -1 - number, at, at + SECOND, "", columns)


@st.composite
def pods(draw: st.DrawFn, number: int) -> Line:
    """A pod as it was dumped."""
    since = draw(st.none() | SECONDS)
    columns = {
        "phase": draw(st.sampled_from((None, "Failed", "Running"))),
        "namespace": draw(st.sampled_from(SPACES)),
        "name": draw(st.sampled_from(PODS)),
        "form": "object",
    }
    at = None if since is None else since * SECOND
    return Line(
        "k8s.pod", number, "pods", number + 1, -1 - number, at, None if at is None else at + SECOND, "", columns
    )


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    """What a customer might send, seen small."""
    rows: dict[str, list[Line]] = {}
    found: list[Log] = []
    for source, members in FILES.items():
        for member in members:
            if draw(st.sampled_from((True, True, False))):
                log, lines = draw(logs(source, member))
                found.append(log)
                rows.setdefault(source, []).extend(lines)
    for source, kind in (("k8s.event", happenings), ("k8s.pod", pods)):
        rows[source] = [draw(kind(number)) for number in range(draw(st.integers(0, 3)))]
    numbered = {source: [replace(x, number=n) for n, x in enumerate(lines)] for source, lines in rows.items() if lines}
    spaces = st.sampled_from((None, "x", "y"))
    listed = draw(st.sets(st.tuples(st.sampled_from(("event", "pod")), spaces), max_size=3))
    if "k8s.event" in numbered:
        listed.add(("event", None))
    errors = {"n1": draw(st.sampled_from((0, SECOND))), "n2": draw(st.sampled_from((0, 2 * SECOND)))}
    return Bundle(numbered, found, frozenset(listed), frozenset(), errors, END)


# ---- patterns

RECORDS = (
    'text contains "fail"',
    'text contains "ok"',
    'text matches "fail (?<model>m[0-9])"',
    'text matches "ok (?<model>m[0-9])"',
    'text matches "(?<model>m[0-9])" or text contains "fail"',
    'level = "error" and text contains "ok"',
    'level != "debug"',
)
PHASES = ('phase = "Failed"', 'phase != "Failed"', "phase exists")
CONDITIONS = {
    source: {text: parse_where(text, source) for text in (PHASES if source == "k8s.pod" else RECORDS)}
    for source in (*FILES, "k8s.event", "k8s.pod")
}


@st.composite
def pieces(draw: st.DrawFn, name: str, others: tuple[str, ...], joined: bool) -> Evidence:
    """A piece of evidence, of any source, that binds any names, or all; `others`: patterns whose findings may be rows."""
    source = draw(st.sampled_from((*CONDITIONS, "log.agent", *(f"finding.{other}" for other in others))))
    wheres = CONDITIONS.get(source, {})
    where = draw(st.sampled_from([None, *wheres])) if wheres else None
    names: dict[str, str] = {"namespace": "namespace", "pod": "name" if source == "k8s.pod" else "pod"}
    bind = names if joined else {key: names[key] for key in draw(st.sets(st.sampled_from(sorted(names))))}
    if source.startswith("finding.") and draw(st.booleans()):
        bind["model"] = "model"
    return Evidence(
        name, source, wheres[where] if where else None, bind, weak=draw(st.sampled_from((False, False, True)))
    )


@st.composite
def patterns(draw: st.DrawFn, id: str, others: tuple[str, ...] = ()) -> Pattern:
    """A pattern of four pieces; those its `match` does not name support it, or decide."""
    joined = draw(st.booleans())  # few pieces that share all their names
    term = draw(JOINS if joined else TERMS.filter(citable))
    named = set(t.pieces(term))
    evidence = {}
    for name in (*NAMES, "d"):
        piece = draw(pieces(name, others, joined))
        strength = "required" if name in named else draw(st.sampled_from(("supporting", "decisive")))
        evidence[name] = replace(piece, strength=strength)
    return Pattern(id, "A title", "high", "stable", "cause", term, evidence)


@st.composite
def libraries(draw: st.DrawFn, count: int = 4) -> dict[str, Pattern]:
    """Some patterns, by id; the last may rest on findings of the first."""
    made: dict[str, Pattern] = {}
    for number in range(count):
        id = f"t/p{number}"
        made[id] = draw(patterns(id, ("t/p0",) if number == count - 1 else ()))
    return made


def columns_of(line: Line) -> dict[str, Any]:
    """The columns of a row's source."""
    return {key: value for key, value in line.columns.items() if key != "first_at"}
