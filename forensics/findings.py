"""The conclusions as plain data: places, evidence, findings, edges."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from patterns.pattern import Pattern

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Missing:
    """What was not collected, why that is known, and the command that would collect it."""

    source: str
    why: str
    collect: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one piece of evidence came to, for one subject.

    Attributes:
        rows: (source, row number in its frame), in file order.
        count: how many rows there were before only the telling ones were kept.
    """

    name: str
    strength: str
    state: str
    rows: tuple[tuple[str, int], ...] = ()
    missing: tuple[Missing, ...] = ()
    assumed: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """A half-open interval in which something happened, in microseconds since the epoch, UTC."""

    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One pattern and one subject, found. `rests` is whether it lasts because something did not come."""

    pattern: Pattern
    subject: Mapping[str, str]
    evidence: tuple[Seen, ...]
    first: Moment
    last: Moment
    count: int
    at_end: str  # ongoing | ended | unknown
    certainty: str  # certain | likely | possible
    rests: bool = False
    members: frozenset[str] = frozenset()  # where its cited rows stand: tells anonymous subjects apart
    hints: Mapping[str, str] = field(default_factory=dict)  # names only pieces that do not bind the subject know
    told: frozenset[tuple[str, str]] = frozenset()  # names, with values, that the rows which make it present bind

    @property
    def over(self) -> bool:
        """Whether it is cured, and so explains nothing and decides nothing."""
        return self.at_end == "ended"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pattern came to over the whole bundle.

    Attributes:
        state: present if there is a finding that is not cured.
        closest: for an explanation: evidence of the subject that came nearest.
    """

    pattern: Pattern
    state: str
    findings: tuple[Finding, ...] = ()
    missing: tuple[Missing, ...] = ()
    closest: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """That one finding explains another. Indices are into the list of findings."""

    cause: int
    symptom: int
    state: str  # proven | assumed
    reason: str
    path: tuple[str, ...] = ()  # patterns between the two
    rows: tuple[tuple[str, int], ...] = ()
