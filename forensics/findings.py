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
    """One pattern and one subject, found.

    Attributes:
        first: when it began, by what shows it: not by what only surrounds it, or is as old as the installation.
        reach: the earliest microsecond at which anything of it may have been there; null for that of `first`.
        rests: whether it lasts because something did not come.
        members: where its cited rows stand: tells anonymous subjects apart.
        hints: names only pieces that do not bind the subject know.
        told: names, with values, that the rows which make it present bind.
    """

    pattern: Pattern
    subject: Mapping[str, str]
    evidence: tuple[Seen, ...]
    first: Moment
    last: Moment
    count: int
    at_end: str  # ongoing | ended | unknown
    certainty: str  # certain | likely | possible
    rests: bool = False
    members: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)
    told: frozenset[tuple[str, str]] = frozenset()
    reach: int | None = None

    @property
    def since(self) -> int:
        """The earliest microsecond from which it may have brought something about."""
        return self.first.earliest if self.reach is None else self.reach

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
