"""Which part of a pattern's `match` failed, where all that it joins is there."""

from collections.abc import Iterator, Mapping

from forensics.evidence.hits import find
from forensics.evidence.subjects import Joins
from forensics.evidence.terms import CURED, Evaluation
from forensics.findings import PRESENT, Outcome
from forensics.matching import Context, frames_for, rows_about
from patterns.pattern import Pattern
from patterns.terms import NoLater, NotTerm, Piece, Term, Without, parts


def failing(pattern: Pattern, context: Context, outcomes: Mapping[str, Outcome]) -> Iterator[tuple[Term, str]]:
    """Yield the terms of `match` that do not hold though what they join does, and what they come to.

    It is asked of the subject of which most pieces are there.
    """
    found = find(pattern.evidence.items(), frames_for(pattern, context, outcomes))
    joins = Joins(pattern, found, context.covered.apart)
    of_all = [
        {
            name: rows_about(piece, found[name], joins.rows(name, subject), subject, context, outcomes)
            for name, piece in pattern.evidence.items()
        }
        for subject in joins.subjects()
    ]
    if of_all:
        nearest = max(of_all, key=lambda rows: sum(bool(piece.sure) for piece in rows.values()))
        yield from _failing(Evaluation(nearest, context.order, context.end), pattern.match)


def _failing(evaluation: Evaluation, term: Term) -> Iterator[tuple[Term, str]]:
    state = evaluation.of(term).state
    if state in (PRESENT, CURED) or isinstance(term, Piece):
        return
    asked = () if isinstance(term, NotTerm) else (term.first,) if isinstance(term, Without | NoLater) else parts(term)
    if all(evaluation.of(part).holds for part in asked):
        yield term, state
    for part in asked:
        yield from _failing(evaluation, part)
