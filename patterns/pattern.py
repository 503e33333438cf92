"""What a pattern file may say, as frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from patterns.terms import Condition, Term

SEVERITIES = ("info", "low", "medium", "high", "critical")
STATUSES = ("experimental", "stable", "deprecated")
ROLES = ("cause", "symptom", "either")
STRENGTHS = ("required", "decisive", "supporting")


class PatternError(ValueError):
    """A pattern, pack or suppression file that cannot be used: file, place, and what would be right."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One named piece of evidence: a source, and a condition on its rows.

    Attributes:
        name: as in `[evidence.NAME]`.
        source: what `from` says.
        where: the condition; None for every row.
        bind: name to column; `fields.KEY` and `raw.PATH` may be bound too.
        strength: required, decisive or supporting.
        weak: whether healthy systems show it too.
        repeats: how often it is printed while it lasts; its absence from a covered tail of three times that is absence.
        level: `debug` where it is printed at that level only.
        note: for people.
        bare: whether it shows that it is so, and nothing of why: a finding that rests on such alone is a symptom.
    """

    name: str
    source: str
    where: Condition | None
    bind: Mapping[str, str]
    strength: str = "required"
    weak: bool = False
    repeats: timedelta | None = None
    level: str | None = None
    note: str = ""
    bare: bool = False

    @property
    def names(self) -> frozenset[str]:
        """All names it can bind, by column or by a named group."""
        groups = self.where.groups() if self.where else frozenset()
        return frozenset(self.bind) | groups


@dataclass(frozen=True, slots=True)
class Action:
    """A thing to do, and the command for it; `$name` stands for a bound name."""

    do: str
    run: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """How to see that it is mended."""

    run: str
    expect: str


@dataclass(frozen=True, slots=True)
class Example:
    """A small bundle, and what the pattern must say of it."""

    name: str
    origin: str  # seen | source | imagined
    expect: str  # present | absent | unknown
    subject: Mapping[str, str]
    files: Mapping[str, str]
    coverage: str = "whole"  # whole | cut


@dataclass(frozen=True, slots=True)
class Pattern:
    """One known failure."""

    id: str  # <layer>/<name>
    title: str
    severity: str
    status: str
    role: str
    match: Term
    evidence: Mapping[str, Evidence]
    explains: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()
    check: bool = False
    about: str = ""
    remedy: tuple[Action, ...] = ()
    verify: Check | None = None
    references: tuple[str, ...] = ()
    versions: str = ""
    examples: tuple[Example, ...] = ()
    precision: float | None = None  # measured; caps the confidence
    contradicts: tuple[str, ...] = ()  # two links of the chain that say opposite things, where it is about that
    file: str = ""

    @property
    def layer(self) -> str:
        """The folder it lies in."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """Its name without the folder: the catalogue's id."""
        return self.id.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Library:
    """All patterns, by id, and what they are known by."""

    patterns: Mapping[str, Pattern]
    digest: str  # sha256:… over the files
