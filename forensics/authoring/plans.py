"""How a pattern is run, and what that costs: literals that nominate, conditions that decide, joins and windows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from forensics.analysis import Case, context_of
from forensics.authoring.examples import case_of, needed
from forensics.evidence.ledger import Deciding, Ledger
from forensics.evidence.nominate import engine
from forensics.findings import Outcome
from forensics.matching import find_all
from patterns.conditions import shown
from patterns.literals import condition_literals
from patterns.matches import shown_term
from patterns.pattern import Evidence, Library, Pattern

RUNS = 3  # the least of so many counts: the first one pays for what is made once
NOTHING = Deciding(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a pattern cost over some cases, and what it came to in each. CPU time in nanoseconds."""

    pieces: Mapping[str, Deciding]
    literals: Mapping[str, Mapping[str, int]]  # rows that hold each literal, by piece
    nominating: int
    judging: int
    outcomes: tuple[Outcome, ...]


def plan_of(pattern: Pattern, measured: Measured, over: str) -> str:
    """Return, for each piece, what nominates its rows, what decides on them, and what that cost.

    Args:
        pattern: to show.
        measured: its cost.
        over: what it was measured over, in words.
    """
    lines = [f"{pattern.id}", f"  match: {shown_term(pattern.match)}", f"  measured over {over}"]
    for name, piece in pattern.evidence.items():
        cost, literals = measured.pieces[name], measured.literals[name]
        lines.append(f"  {name} ({piece.strength}) from {piece.source}")
        if piece.where is None:
            lines.append("    every row")
        elif literals:
            each = ", ".join(f"{literal!r} ({_rows(count)})" for literal, count in literals.items())
            lines.append(f"    nominated by: {each}")
        else:
            lines.append("    nominated by: nothing; the condition is asked of every row")
        if piece.where is not None:
            lines.append(f"    decided by: {shown(piece.where.root)}")
        if piece.names:
            lines.append(f"    binds: {', '.join(sorted(piece.names))}")
        undecided = f", {cost.undecided} undecided" if cost.undecided else ""
        lines.append(
            f"    cost: of {_rows(cost.rows)} {cost.nominated} nominated, {cost.fit} fit{undecided}; {_time(cost.cpu)}"
        )
    states = [outcome.state for outcome in measured.outcomes]
    subjects = sum(len(outcome.findings) for outcome in measured.outcomes)
    total = measured.nominating + measured.judging + sum(piece.cpu for piece in measured.pieces.values())
    said = f"it is {_counted(states)}, with {subjects} finding{'' if subjects == 1 else 's'}"
    lines += [
        f"  {said if states else 'it was asked of nothing'}",
        f"  CPU: {_time(total)} = {_time(measured.nominating)} nominating,"
        f" {_time(sum(piece.cpu for piece in measured.pieces.values()))} deciding,"
        f" {_time(measured.judging)} joining and judging (least of {RUNS} runs)",
    ]
    return "\n".join(lines)


def measured_over_examples(pattern: Pattern, library: Library, clock: Callable[[], int]) -> tuple[Measured, str]:
    """Return what the pattern costs over its own examples, and these in words."""
    cases = [case_of(example.files, example.coverage == "whole") for example in pattern.examples]
    words = f"its own {len(cases)} examples; --bundle measures what matters"
    return measure(pattern, library, cases, clock), words


def measure(pattern: Pattern, library: Library, cases: Sequence[Case], clock: Callable[[], int]) -> Measured:
    """Return what a pattern costs over some cases, asked alone, or with those it builds on.

    Args:
        pattern: to measure.
        library: where the patterns stand that it builds on.
        cases: to measure over.
        clock: CPU time of this process so far, in nanoseconds.
    """
    alone = Library(needed(pattern, library), "")
    pieces = dict.fromkeys(pattern.evidence, NOTHING)
    literals = {name: _held(piece, {}) for name, piece in pattern.evidence.items()}
    nominating = judging = 0
    outcomes: list[Outcome] = []
    for case in cases:
        context = context_of(case)
        runs = [Ledger(clock) for _ in range(RUNS)]
        for run in runs:
            outcome = find_all(alone, context, run)[pattern.id]
        outcomes.append(outcome)
        for name, piece in pattern.evidence.items():
            key = f"{pattern.id}:{name}"
            pieces[name] = _sum(pieces[name], _least([run.deciding.get(key, NOTHING) for run in runs]))
            for literal, count in _held(piece, case.frames).items():
                literals[name][literal] = literals[name].get(literal, 0) + count
        nominating += min(sum(search.cpu for search in run.nominating.values()) for run in runs)
        judging += min(run.judging[pattern.id] for run in runs)
    return Measured(pieces, literals, nominating, judging, tuple(outcomes))


def by_cost(library: Library, case: Case, clock: Callable[[], int], layer: str | None = None) -> Iterator[str]:
    """Yield lines: what the search for literals costs, then a line for each pattern, the dearest first.

    Args:
        library: all patterns; all are run.
        case: to measure over.
        clock: CPU time of this process so far, in nanoseconds.
        layer: only patterns of this layer get a line.
    """
    context = context_of(case)
    runs = [Ledger(clock) for _ in range(RUNS)]
    for run in runs:
        outcomes = find_all(library, context, run)
    for source, search in sorted(runs[0].nominating.items(), key=lambda item: -item[1].rows):
        if search.pieces:
            least = min(run.nominating[source].cpu for run in runs)
            yield f"{source}: {_time(least)} to nominate rows of {search.pieces} pieces among {_rows(search.rows)}"
    yield f"{'CPU':>10} {'nominated':>10} {'fit':>8}  {'state':8} pattern"
    cost = {p.id: min(run.of(p.id) for run in runs) for p in library.patterns.values() if layer in (None, p.layer)}
    for name in sorted(cost, key=lambda n: (-cost[n], n)):
        own = [piece for key, piece in runs[0].deciding.items() if key.partition(":")[0] == name]
        rows, fit = sum(piece.nominated for piece in own), sum(piece.fit for piece in own)
        yield f"{_time(cost[name]):>10} {rows:>10} {fit:>8}  {outcomes[name].state:8} {name}"
    yield f"{_time(sum(cost.values())):>10} in all, beside nominating"


def _held(piece: Evidence, frames: Mapping[str, pl.DataFrame]) -> dict[str, int]:
    """Return how many rows hold each literal that nominates rows of a piece; most first."""
    literals = condition_literals(piece.where) if piece.where is not None else ()
    if not literals or not piece.source.startswith(("log.", "k8s.event")):
        return {}
    frame = frames.get(piece.source)
    if frame is None or not frame.height:
        return dict.fromkeys(literals, 0)
    pairs = engine()(frame["text"], list(literals))
    counts = dict(pairs.group_by("literal").len().iter_rows())
    found = {literal: counts.get(number, 0) for number, literal in enumerate(literals)}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _least(costs: Sequence[Deciding]) -> Deciding:
    return min(costs, key=lambda cost: cost.cpu)


def _sum(one: Deciding, other: Deciding) -> Deciding:
    return Deciding(
        one.rows + other.rows,
        one.nominated + other.nominated,
        one.fit + other.fit,
        one.undecided + other.undecided,
        one.cpu + other.cpu,
    )


def _counted(states: Sequence[str]) -> str:
    return ", ".join(f"{state} {states.count(state)}x" if len(states) > 1 else state for state in dict.fromkeys(states))


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _time(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.1f} ms"
