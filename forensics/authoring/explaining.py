"""Why a pattern did or did not fire."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from forensics.analysis import Case, context_of
from forensics.authoring.failing import failing
from forensics.causality import BASE, SUPPORT, Ranked, root_causes
from forensics.findings import ABSENT, PRESENT, Edge, Finding, Outcome, Seen
from forensics.intake.quoting import Quotes, iso
from forensics.matching import find_all
from forensics.reporting.escape import inline
from forensics.reporting.forms import UsageError
from forensics.selection import asked
from patterns.conditions import compile_where, shown
from patterns.matches import shown_term
from patterns.pattern import Evidence, Library, Pattern
from patterns.terms import All, Any, Condition, Node

SHOWN = 3  # rows of a piece
ORDER = ("decides", "certainty", "explains", "severity")  # weights, in the order in which roots are ranked by them


def named(library: Library, name: str) -> Pattern:
    """Return the pattern of that id, or of that name in whatever layer.

    Raises:
        UsageError: there is none; with the nearest.
    """
    if name in library.patterns:
        return library.patterns[name]
    by_name = {pattern.name: pattern for pattern in library.patterns.values()}
    if name in by_name:
        return by_name[name]
    near = get_close_matches(name.rpartition("/")[2], by_name, 1)
    raise UsageError(f"there is no pattern {name}" + (f"; did you mean {by_name[near[0]].id}?" if near else ""))


def explained(case: Case, library: Library, pattern: Pattern) -> RenderableType:
    """Return the pattern's outcome, subject by subject, piece by piece."""
    context = context_of(case)
    outcomes = find_all(library, context)
    ranked, _ = root_causes(asked(outcomes), library, case.topology.link)
    lines = [*_lines(outcomes[pattern.id], ranked, Quotes(case.intake, case.frames), case)]
    if not outcomes[pattern.id].findings:
        for term, state in failing(pattern, context, outcomes):
            lines.append(Text(f"    {shown_term(term)}: {state}, though what it joins is there"))
    return Group(*lines)


def _lines(outcome: Outcome, ranked: Sequence[Ranked], quotes: Quotes, case: Case) -> Iterator[Text]:
    pattern = outcome.pattern
    yield Text(f"{pattern.id}: {outcome.state}", style="bold")
    yield Text(f"  {pattern.title}")
    for finding in outcome.findings:
        names = ", ".join(f"{k} {v}" for k, v in finding.subject.items()) or "no name bound"
        yield Text(inline(f"  {names}: {finding.certainty}, {finding.count} times, {finding.at_end}"))
        for seen in finding.evidence:
            yield from _piece(pattern, seen, quotes, case)
        yield from _place(finding, ranked)
    if not outcome.findings:
        for seen in outcome.closest:
            yield from _piece(pattern, seen, quotes, case)
    for missing in outcome.missing:
        yield Text(inline(f"  unknown: {missing.source}: {missing.why}"))
        if missing.collect:
            yield Text(inline(f"    {missing.collect}"))


def _place(finding: Finding, ranked: Sequence[Ranked]) -> Iterator[Text]:
    """Yield the sum of a finding's weights, its role and rank, and its edges with their reasons and times."""
    own = next((r for r in ranked if r.finding.pattern is finding.pattern and _holds(r, finding)), None)
    certainty = own.certainty if own else finding.certainty
    support = sum(s.state == PRESENT and s.strength == "supporting" for s in (own.finding if own else finding).evidence)
    base, most = BASE[certainty], finding.pattern.precision
    made = 1 - (1 - base) * SUPPORT**support
    capped = f", capped by its measured precision: {most:.3f}" if most is not None and most < made else ""
    summed = f"1 - (1 - {base}) x {SUPPORT}^{support} ({certainty}, {support} supporting)"
    yield Text(f"    confidence {made:.3f} = {summed}{capped}")
    if own is None:
        return
    place = f", rank {own.rank}" if own.rank is not None else ""
    order = ", ".join(f"{name} {own.weights[name]:g}" for name in ORDER)
    yield Text(f"    {own.role}{place}; ranked by: {order}, then by its first time")
    for edge in own.edges:
        yield Text(inline(f"    explains {_edge(ranked[edge.symptom], edge, own, ranked[edge.symptom])}"))
    for index in own.explained_by:
        for edge in ranked[index].edges:
            if ranked[edge.symptom] is own:
                yield Text(inline(f"    explained by {_edge(ranked[index], edge, ranked[index], own)}"))


def _holds(ranked: Ranked, finding: Finding) -> bool:
    return ranked.finding.over == finding.over and dict(finding.subject) in [dict(s) for s in ranked.subjects]


def _edge(named: Ranked, edge: Edge, cause: Ranked, symptom: Ranked) -> str:
    through = f", through {', '.join(edge.path)}" if edge.path else ""
    since, until = iso(cause.finding.first.earliest), iso(symptom.finding.last.latest)
    times = f"; the cause since {since}, the symptom until {until}" if since and until else ""
    return f"{named.finding.pattern.id}, {edge.state}: {edge.reason}{through}{times}"


def _piece(pattern: Pattern, seen: Seen, quotes: Quotes, case: Case) -> Iterator[Text]:
    piece = pattern.evidence[seen.name]
    joined = ", join assumed" if seen.assumed else ""
    yield Text(f"    {seen.name} ({seen.strength}, {piece.source}): {seen.state}{joined}")
    for cite in quotes.cites(seen.rows[:SHOWN], context=False):
        yield Text(inline(f"      {cite['member']}:{cite['lines'][0]}  {cite['text'].partition(chr(10))[0]}"))
    for missing in seen.missing:
        yield Text(inline(f"      {missing.why}"))
    if seen.state == ABSENT:
        yield from _nearest(piece, case, quotes)


def _nearest(piece: Evidence, case: Case, quotes: Quotes) -> Iterator[Text]:
    """Show the row that fits most parts of a condition, and the part that failed."""
    frame = case.frames.get(piece.source)
    if frame is None or not frame.height or piece.where is None:
        rows = 0 if frame is None else frame.height
        yield Text(f"      none of {rows} rows fits")
        return
    found = max((_closest(arm, piece.source, frame) for arm in _arms(piece.where.root)), key=lambda one: one[0])
    share, best, failed = found
    if not share:
        yield Text(f"      none of {frame.height} rows fits any part")
        return
    cite = quotes.cite((piece.source, int(best)), context=False)
    if cite is not None:
        yield Text(inline(f"      closest: {cite['member']}:{cite['lines'][0]}  {cite['text'].partition(chr(10))[0]}"))
    for test in failed:
        yield Text(inline(f"      it fails at: {shown(test)}"))


def _arms(node: Node) -> tuple[tuple[Node, ...], ...]:
    """Return each way a condition can hold, as the parts that must."""
    return tuple(
        arm.parts if isinstance(arm, All) else (arm,) for arm in (node.parts if isinstance(node, Any) else (node,))
    )


def _closest(tests: Sequence[Node], source: str, frame: pl.DataFrame) -> tuple[float, int, list[Node]]:
    """Return the share of the parts that a row fits which fits most, that row, and the parts it does not fit."""
    judged = frame.select(
        compile_where(Condition(test), source).fill_null(False).alias(str(number)) for number, test in enumerate(tests)
    )
    score = judged.sum_horizontal()
    best = score.arg_max() or 0
    failed = [test for number, test in enumerate(tests) if not judged[str(number)][best]]
    return (len(tests) - len(failed)) / len(tests), best, failed
