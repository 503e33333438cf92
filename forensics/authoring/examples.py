"""Run the examples that patterns carry, through the real parsers and the real engine."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from forensics.analysis import Case, context_of, on_clock
from forensics.bundle import Member
from forensics.coverage import Coverage
from forensics.findings import Outcome
from forensics.ingest import gather, read_member
from forensics.matching import find_all
from parsers import PARSERS
from patterns.pattern import Example, Library, Pattern


def case_of(files: Mapping[str, str], whole: bool = True) -> Case:
    """Return the case that a few files make.

    Args:
        files: member to text.
        whole: every log begins with its process, and every kind of object that occurs was listed.
    """
    reads = []
    for name, text in sorted(files.items()):
        data = text.encode()
        member = Member(name, data, len(data), hashlib.sha256(data).hexdigest(), "read", None)
        reads.append(read_member(member, PARSERS, strict=True))
    case = on_clock(gather(reads), {"name": "example", "sha256": "", "bytes": 0, "members": len(reads)})
    return replace(case, covered=_whole(case)) if whole else case


def _whole(case: Case) -> Coverage:
    covered = case.covered
    end = covered.period[1] if covered.period else None
    listed = {(kind, None) for kind, names in covered.objects.items() if names or f"k8s.{kind}" in case.frames}
    return replace(
        covered,
        streams=tuple(replace(s, head="whole", until=end if not s.previous else s.until) for s in covered.streams),
        listed=covered.listed | listed,
    )


def outcome_of(pattern: Pattern, example: Example, library: Library) -> Outcome:
    """Return what `pattern` says of its example; other patterns are asked only where it builds on them."""
    case = case_of(example.files, example.coverage == "whole")
    return find_all(Library(needed(pattern, library), ""), context_of(case, exact=True))[pattern.id]


def needed(pattern: Pattern, library: Library) -> dict[str, Pattern]:
    """Return the pattern, and all it builds on, by id."""
    found = {pattern.id: pattern}
    for piece in pattern.evidence.values():
        if piece.source.startswith("finding."):
            target = library.patterns.get(piece.source.removeprefix("finding."))
            if target is not None:
                found |= needed(target, library)
    return {name: found[name] for name in sorted(found)}


def mistake(pattern: Pattern, example: Example, library: Library) -> str | None:
    """Return what is wrong with an example of `pattern`, as its author would want to read it; None if nothing is."""
    outcome = outcome_of(pattern, example, library)
    if outcome.state != example.expect:
        states = ", ".join(f"{s.name} {s.state}" for s in outcome.closest)
        missing = "; ".join(f"{m.source}: {m.why}" for m in outcome.missing)
        cured = " (found, but ended)" if any(f.over for f in outcome.findings) else ""
        return f"expected {example.expect}, is {outcome.state}{cured}: {states}{'; ' + missing if missing else ''}"
    if example.expect == "present" and example.subject:
        subjects = [dict(f.subject) for f in outcome.findings if not f.over]
        if not any(example.subject.items() <= subject.items() for subject in subjects):
            return f"expected subject {dict(example.subject)}, found {subjects}"
    return None


def decorations(pattern: Pattern, example: Example, library: Library) -> list[str]:
    """Return, of a present example, the pieces whose cited lines could all be deleted without changing the outcome."""
    if example.expect != "present":
        return []
    case = case_of(example.files, example.coverage == "whole")
    outcome = outcome_of(pattern, example, library)
    subject = next((f for f in outcome.findings if not f.over), None)
    if subject is None:
        return []
    required = [s for s in subject.evidence if s.strength == "required" and s.rows]
    lines: dict[str, set[int]] = {}
    for seen in required:
        for source, row in seen.rows:
            place = case.frames[source].row(row, named=True) if source in case.frames else None
            if place is not None:
                lines.setdefault(place["member"], set()).update(range(place["line"], place["line"] + place["lines"]))
    files = {
        member: "\n".join("" if n in lines.get(member, ()) else line for n, line in enumerate(text.split("\n"), 1))
        for member, text in example.files.items()
    }
    without = replace(example, files=files)
    if lines and outcome_of(pattern, without, library).state == "present":
        return ["the outcome stays the same without the lines it cites"]
    return []
