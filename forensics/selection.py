"""Which patterns are asked: those that hold for the versions seen, and of the checks only those a symptom calls for."""

from collections.abc import Iterable, Mapping

from forensics.findings import PRESENT, Outcome
from patterns.pattern import Library


def in_force(library: Library, versions: Iterable[tuple[str, str]]) -> Library:
    """Return the patterns whose version condition does not contradict the versions the components print."""
    return library


def asked(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes an analysis reports: a readiness check only where a present finding lists it as cause."""
    present = {name for name, o in outcomes.items() if o.state == PRESENT and not o.pattern.check}
    wanted = {cause for name in present for cause in outcomes[name].pattern.explained_by}
    return {
        name: outcome
        for name, outcome in outcomes.items()
        if not outcome.pattern.check or name in wanted or present & set(outcome.pattern.explains)
    }
