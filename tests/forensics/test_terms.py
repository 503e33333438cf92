"""The engine and the naive interpreter say the same of small generated timelines."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from forensics.evidence.hits import Hit
from forensics.evidence.order import Order
from forensics.evidence.terms import Evaluation, Rows
from forensics.findings import Missing
from patterns import terms as t
from tests.forensics.generated import END, NAMES, SECONDS, TERMS
from tests.forensics.naive import SECOND, ZONES, Row, World, judge

PAIRS = int(os.environ.get("TWIN_PAIRS", "1000"))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate) if PAIRS > 10_000 else tuple(Phase)


@st.composite
def rows(draw: st.DrawFn, number: int) -> Row:
    earliest = draw(SECONDS) * SECOND
    width = draw(st.sampled_from((1, SECOND, 3 * SECOND)))
    file = draw(st.sampled_from(("f", "g")))
    return Row(
        number,
        earliest,
        earliest + width,
        draw(st.sampled_from(("", "n1", "n2"))),
        file,
        draw(st.sampled_from((0, 0, 1, -1 - number))),
        draw(st.integers(1, 20)),
        {"server": draw(st.sampled_from(("x", "y"))), "pod": draw(st.sampled_from(("x", None)))},
        draw(st.sampled_from((1, 1, 1, 3))),
        draw(st.none() | SECONDS.map(lambda second: second * SECOND)),
    )


def opening(window: tuple[int, int] | None) -> Callable[[int | None, int | None], bool]:
    """Whether rows may have come unseen, where only a window was collected, or nothing."""

    def unseen(start: int | None, end: int | None) -> bool:
        if window is None or start is None:
            return window is None or window[0] > 0
        return window[0] > start or window[1] < (END if end is None else end)

    return unseen


@st.composite
def worlds(draw: st.DrawFn) -> World:
    number = 0
    sure: dict[str, list[Row]] = {}
    maybe: dict[str, list[Row]] = {}
    used: set[tuple[str, int, int]] = set()
    for name in NAMES:
        sure[name], maybe[name] = [], []
        for kind, most in ((sure, 4), (maybe, 1)):
            for _ in range(draw(st.integers(0, most)) if kind is sure else draw(st.sampled_from((0, 0, 0, 1)))):
                row = draw(rows(number))
                number += 1
                if (row.file, row.section, row.line) not in used:
                    used.add((row.file, row.section, row.line))
                    kind[name].append(row)
    # Within a section time follows the lines, as the timeline sees to it.
    times: dict[tuple[str, int], list[tuple[int, int]]] = {}
    every = [row for kind in (sure, maybe) for some in kind.values() for row in some]
    for row in every:
        times.setdefault((row.file, row.section), []).append((row.earliest, row.latest))
    facts = draw(st.sets(st.sampled_from(every).map(lambda row: row.id))) if every and draw(st.booleans()) else set()
    ordered = {key: sorted(value) for key, value in times.items()}
    lines = {key: sorted(r.line for r in every if (r.file, r.section) == key) for key in times}

    zoneless = draw(st.sampled_from((None, None, "f", "g")))  # a file that does not write its zone

    def straight(row: Row) -> Row:
        key = (row.file, row.section)
        earliest, latest = ordered[key][lines[key].index(row.line)]
        if row.section < 0 and row.id in facts:
            earliest, latest = 0, END  # nothing says when
        elif row.file == zoneless:
            earliest, latest = earliest - ZONES // 2, latest + ZONES // 2
        clock = "" if row.file == "f" else "n1"
        return replace(
            row, earliest=earliest, latest=latest, clock=clock, began=row.began if key[1] < 0 and earliest > 0 else None
        )

    coverage = st.one_of(
        st.none(),
        st.just((0, END)),
        st.tuples(SECONDS, st.integers(6, 40)).map(lambda x: (x[0] * SECOND, x[1] * SECOND)),
    )
    return World(
        {n: [straight(r) for r in rs] for n, rs in sure.items()},
        {n: [straight(r) for r in rs] for n, rs in maybe.items()},
        frozenset(),
        {n: opening(draw(coverage)) for n in NAMES},
        {"n1": draw(st.sampled_from((0, SECOND)))},
        END,
    )


def hit(row: Row) -> Hit:
    return Hit(
        "log.agent",
        row.id,
        *((None, None) if (row.earliest, row.latest) == (0, END) else (row.earliest, row.latest)),
        row.clock,
        (row.file, row.section, row.line),
        row.names,
        row.weight,
        row.began,
    )


def engine(world: World, term: t.Term) -> tuple[str, list[tuple[list[int], bool]]]:
    order = Order(world.errors, (0, world.end))

    def pieces(name: str) -> Rows:
        def gap(start: int | None, end: int | None) -> Missing | None:
            return Missing("log.agent", "cut") if world.open[name](start, end) else None

        sure = tuple(sorted(map(hit, world.sure[name]), key=order.key))
        return Rows(sure, tuple(map(hit, world.maybe[name])), gap)

    result = Evaluation({name: pieces(name) for name in NAMES}, order, world.end).of(term)
    return result.state, sorted((sorted({h.row for h in o.rows}), o.sure) for o in result.occurrences)


def check(world: World, term: t.Term) -> None:
    state, occurrences = engine(world, term)

    expected, pairs = judge(world, term)
    assert state == expected
    assert occurrences == sorted((sorted({row.id for row in p.rows}), p.sure) for p in pairs)


@settings(max_examples=PAIRS, deadline=None, phases=PHASES)
@given(world=worlds(), term=TERMS)
def test_engine_says_what_the_naive_interpreter_says(world: World, term: t.Term) -> None:
    check(world, term)


@pytest.mark.long
@settings(max_examples=50_000, deadline=None, phases=(Phase.generate,))
@given(world=worlds(), term=TERMS)
def test_engine_says_what_the_naive_interpreter_says_of_many(world: World, term: t.Term) -> None:
    check(world, term)


A, B, C = map(t.Piece, NAMES)
TWO = timedelta(seconds=2)
WIDTHS = (1, SECOND, 3 * SECOND)
EDGES = (
    t.Then(A, B),
    t.Then(A, B, TWO),
    t.Then(A, t.Then(A, B, TWO), TWO),
    t.Without(A, B, TWO),
    t.Without(A, t.OrTerm((B, C)), TWO),
    t.Without(t.OrTerm((A, B)), t.OrTerm((A, B)), TWO),
    t.NoLater(A, B),
    t.AndTerm((A, B), TWO),
    t.AtLeast(2, t.OrTerm((A, B)), TWO),
    t.Lasting(t.OrTerm((A, B)), TWO),
)


@pytest.mark.parametrize("term", EDGES, ids=repr)
def test_they_agree_at_every_edge(term: t.Term) -> None:
    """Two rows from four seconds apart to four seconds the other way round: what is less, and what is no more."""
    for apart, width, other, place, zoneless, told, covered, since in product(
        range(-4, 5),
        WIDTHS,
        WIDTHS,
        ("line", "section", "file", "event", "events"),
        (0, ZONES),
        (True, False),
        (0, 1),
        (6, 11),
    ):
        at = 10 * SECOND
        first = Row(0, at, at + width, "", "f", 0, 5, {})
        line = 5 + (apart if apart else 1)
        second = Row(1, at + apart * SECOND, at + apart * SECOND + other, "", "f", 0, line, {})
        if place == "section":
            second = replace(second, section=1)
        elif place == "file":
            second = replace(second, file="g", clock="n1")
        elif place in ("event", "events"):
            first = replace(first, section=-1 if place == "events" else 0)
            second = replace(second, file="g", section=-2)
        first, second = (
            replace(row, earliest=row.earliest - zoneless // 2, latest=row.latest + zoneless // 2)
            for row in (first, second)
        )
        rows = {
            "a": [first],
            "b": [second] if told else [],
            "c": [Row(2, since * SECOND, (since + 8) * SECOND, "", "g", -3, 1, {})],
        }
        maybe = {"a": [], "b": [] if told else [second], "c": []}
        seen = opening((0, END) if covered else None)
        check(World(rows, maybe, frozenset(), dict.fromkeys(NAMES, seen), {"n1": 3 * SECOND}, END), term)


def test_what_came_first_before_and_again_after_is_later() -> None:
    def piece(name: str, earliest: int, began: int | None = None) -> Rows:
        hit = Hit("k8s.event", 0, earliest, earliest + SECOND, "", (name, -1, 1), {}, began=began)
        return Rows((hit,), (), lambda _start, _end: None)

    failed = piece("a", 20 * SECOND)
    order = Order({}, (0, END))
    match = t.NoLater(t.Piece("a"), t.Piece("b"))

    assert Evaluation({"a": failed, "b": piece("b", 10 * SECOND, SECOND)}, order, END).of(match).state == "present"
    assert Evaluation({"a": failed, "b": piece("b", 30 * SECOND, SECOND)}, order, END).of(match).state == "cured"
