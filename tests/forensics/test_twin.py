"""The engine and the naive interpreter say the same of small bundles: verdict, subjects, cited rows, certainty."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import Phase, example, given, settings

from forensics.coverage import Coverage, Stream
from forensics.evidence import thinning
from forensics.evidence.order import Order
from forensics.matching import Context, find_all
from forensics.timeline import PLACED
from parsers.schema import SOURCES
from patterns.language import parse_where
from patterns.pattern import Evidence, Library, Pattern
from patterns.terms import AndTerm, Piece, Then
from tests.forensics.generated import END, bundles, columns_of, libraries
from tests.forensics.naive import SECOND, Bundle, Line, Log, interpret

AT_ONCE = 4  # patterns over one bundle
PAIRS = int(os.environ.get("TWIN_PAIRS", "2000"))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate) if PAIRS > 10_000 else tuple(Phase)


def context(bundle: Bundle) -> Context:
    """The bundle as the engine sees it."""
    frames = {}
    for source, lines in bundle.rows.items():
        timed = SOURCES[source].timed
        rows = []
        for line in lines:
            row = dict.fromkeys(SOURCES[source].columns) | columns_of(line)
            row |= {"member": line.member, "line": line.line, "lines": 1}
            if timed:
                row |= {"earliest": line.earliest, "latest": line.latest, "section": line.section, "clock": line.clock}
            else:
                row |= {"created": line.earliest}
            if source == "k8s.event":
                row["first"] = line.columns["first_at"]
            rows.append(row)
        schema = dict(SOURCES[source].columns) | (PLACED if timed else {})
        frames[source] = pl.DataFrame(rows, schema=schema)
    streams = tuple(
        Stream(
            log.source,
            log.member,
            log.namespace,
            log.pod,
            None,
            False,
            log.first,
            log.last,
            log.until,
            "whole" if log.whole else "cut",
            None,
            1,
        )
        for log in bundle.logs
    )
    covered = Coverage(streams, bundle.listed, frozenset(frames), (0, bundle.end))
    return Context(frames, covered, Order(bundle.errors, covered.period))


def a_fact_in_a_window() -> tuple[dict[str, Pattern], Bundle]:
    """A pod that says nothing of when it was, in one window with a log line, before another line."""

    def line(number: int, second: int) -> Line:
        at = second * SECOND
        columns = {"text": "fail m1", "level": None, "namespace": "y", "pod": "q"}
        return Line("log.agent", number, "a2", number + 1, 0, at, at + 1, "", columns)

    pod = Line(
        "k8s.pod",
        0,
        "pods",
        1,
        -1,
        None,
        None,
        "",
        {"phase": "Running", "namespace": "y", "name": "q", "form": "object"},
    )
    log = Log("log.agent", "a2", "y", "q", 11 * SECOND, 30 * SECOND + 1, END, True)
    bundle = Bundle(
        {"log.agent": [line(0, 11), line(1, 30)], "k8s.pod": [pod]}, [log], frozenset(), frozenset(), {}, END
    )
    where = parse_where('text contains "fail"', "log.agent")
    evidence = {
        "a": Evidence("a", "log.agent", where, {}),
        "b": Evidence("b", "k8s.pod", None, {}),
        "c": Evidence("c", "log.agent", where, {}),
    }
    a, b, c = map(Piece, "abc")
    match = Then(AndTerm((b, c), timedelta(seconds=9)), a, timedelta(seconds=2))
    return {"t/p0": Pattern("t/p0", "A title", "high", "stable", "cause", match, evidence)}, bundle


A_FACT_IN_A_WINDOW = a_fact_in_a_window()


def a_window_that_is_over() -> tuple[dict[str, Pattern], Bundle]:
    """A pair of lines that ends when the window from its beginning is over, and a log that had ended by then."""

    def line(source: str, number: int, second: int) -> Line:
        at = second * SECOND
        columns = {"text": "fail m1", "level": None, "namespace": "x", "pod": "p"}
        return Line(source, number, source, number + 1, 0, at, at + SECOND, "", columns)

    agent, scheduler = "log.agent", "log.scheduler"
    rows = {agent: [line(agent, 0, 22), line(agent, 1, 29)], scheduler: [line(scheduler, 0, 15)]}
    logs = [
        Log(agent, agent, "x", "p", 22 * SECOND, 30 * SECOND, 30 * SECOND, True),
        Log(scheduler, scheduler, "x", "p", 15 * SECOND, 16 * SECOND, 16 * SECOND, False),
    ]
    bundle = Bundle(rows, logs, frozenset(), frozenset(), {}, END)
    where = {source: parse_where('text contains "fail"', source) for source in rows}
    evidence = {"b": Evidence("b", scheduler, where[scheduler], {}), "c": Evidence("c", agent, where[agent], {})}
    b, c = map(Piece, "bc")
    match = Then(Then(c, c, timedelta(seconds=8)), b, timedelta(seconds=5))
    return {"t/p0": Pattern("t/p0", "A title", "high", "stable", "cause", match, evidence)}, bundle


A_WINDOW_THAT_IS_OVER = a_window_that_is_over()

Said = tuple[str, list[tuple[object, ...]]]


def shown(rows: Mapping[str, Iterable[tuple[str, int]]], others: Mapping[str, Sequence[Mapping[str, str]]]) -> object:
    """The rows of each piece; one that is another pattern's finding by its subject, since their order means nothing."""
    return sorted(
        (piece, sorted((source, sorted(others[source][n].items()) if source in others else n) for source, n in own))
        for piece, own in rows.items()
        if own
    )


def engine(library: Mapping[str, Pattern], bundle: Bundle) -> dict[str, Said]:
    """What the engine says: state, and of each finding its subject, whether it is cured, certainty and rows."""
    outcomes = find_all(Library(library, ""), context(bundle))
    others = {f"finding.{id}": [f.subject for f in o.findings if not f.over] for id, o in outcomes.items()}
    return {
        id: (
            outcome.state,
            sorted(
                (
                    (
                        sorted(f.subject.items()),
                        f.over,
                        f.certainty,
                        shown({seen.name: seen.rows for seen in f.evidence}, others),
                    )
                    for f in outcome.findings
                ),
                key=repr,
            ),
        )
        for id, outcome in outcomes.items()
    }


def twin(library: Mapping[str, Pattern], bundle: Bundle) -> dict[str, Said]:
    """What the naive interpreter says, in the same form."""
    outcomes = interpret(library, bundle)
    others = {f"finding.{id}": [f.subject for f in findings if not f.cured] for id, (_, findings) in outcomes.items()}
    return {
        id: (
            state,
            sorted(
                ((sorted(f.subject.items()), f.cured, f.certainty, shown(f.rows, others)) for f in findings), key=repr
            ),
        )
        for id, (state, findings) in outcomes.items()
    }


@settings(max_examples=PAIRS // AT_ONCE, deadline=None, phases=PHASES)
@given(library=libraries(AT_ONCE), bundle=bundles())
@example(*A_FACT_IN_A_WINDOW)
@example(*A_WINDOW_THAT_IS_OVER)
def test_engine_and_twin_say_the_same_of_a_bundle(library: Mapping[str, Pattern], bundle: Bundle) -> None:
    assert engine(library, bundle) == twin(library, bundle)


@settings(max_examples=PAIRS // AT_ONCE // 4, deadline=None, phases=PHASES)
@given(library=libraries(AT_ONCE), bundle=bundles())
def test_rows_of_which_only_the_last_counts_may_be_left_out(library: Mapping[str, Pattern], bundle: Bundle) -> None:
    def uncited(said: Mapping[str, Said]) -> dict[str, object]:
        return {id: (state, [finding[:3] for finding in findings]) for id, (state, findings) in said.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinning, "LAST", 1)
        few = engine(library, bundle)

    assert uncited(few) == uncited(twin(library, bundle))


@pytest.mark.long
@settings(max_examples=50_000 // AT_ONCE, deadline=None, phases=(Phase.generate,))
@given(library=libraries(AT_ONCE), bundle=bundles())
def test_engine_and_twin_say_the_same_of_many_bundles(library: Mapping[str, Pattern], bundle: Bundle) -> None:
    assert engine(library, bundle) == twin(library, bundle)
