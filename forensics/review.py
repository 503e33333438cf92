"""Is this installation sound: every readiness check of the library, judged, scored by area, with what it rests on.

A check is a pattern whose presence is the deviation. Present: it *failed*. Absent: it *passed*, where some piece of
evidence called `premise…` says that there was something to check, else it is *not applicable*. Unknown: *unknown*,
with what to send.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from forensics.analysis import Case, concluded, outcomes_of
from forensics.causality import BASE, CHECK, Ranked
from forensics.coverage import coverage
from forensics.document import Document
from forensics.evidence.hits import find
from forensics.findings import ABSENT, PRESENT, Finding, Missing, Outcome, Seen
from forensics.guides.collecting import how_to_collect
from forensics.intake.best_forms import Rows, as_given, in_best_form, original
from forensics.intake.masking import mask
from forensics.intake.quoting import Quotes
from forensics.readiness import spaces
from forensics.readiness.areas import AREAS, RELAXED, area_of
from forensics.readiness.connectivity import connectivity
from forensics.readiness.inventory import certificates, platform, versions
from forensics.readiness.placement_patterns import installation, placements
from forensics.report import write
from forensics.reporting.reply import reply
from forensics.verdict import missing_planes, planes_missing, summary
from patterns.packs import Suppression
from patterns.pattern import SEVERITIES, Library, Pattern

CITED = 12  # rows quoted of one piece of a failed check
PREMISE = "premise"
STATUSES = ("passed", "failed", "not applicable", "unknown")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a review is held against.

    Attributes:
        profile: production | staging | development: lesser ones ask less.
        baseline: deviations that are accepted.
        as_of: when the baseline is judged; the end of the bundle's period if not given.
    """

    profile: str = "production"
    baseline: Sequence[Suppression] = ()
    as_of: datetime | None = None


STRICT = Terms()


def review(case: Case, library: Library, terms: Terms = STRICT) -> Document:
    """Return the review of a case: the document of an analysis, with `checks` and what belongs to them.

    `checks` holds every check with its `status`; each that failed is a finding of role `check` too. `scores` counts
    them by area, `connectivity` is the matrix of connections, `placement` the decision table of installation patterns,
    `baseline` what was accepted, and `profile` what was asked for.
    """
    others = outcomes_of(case, _only(library, lambda pattern: not pattern.check))
    incidents = {name: outcome for name, outcome in others.items() if not outcome.pattern.check}
    frames, rows = in_best_form(case.frames)
    best = replace(case, frames=frames)
    checks = {
        name: as_given(outcome, rows)
        for name, outcome in outcomes_of(best, _only(library, lambda pattern: pattern.check)).items()
        if outcome.pattern.check
    }
    quotes = Quotes(case.intake, case.frames)
    incident = concluded(case, library, incidents, quotes)
    premises = _premises(checks, best, rows)
    at = _at(case, terms)
    judged = {name: _judged(outcome, premises.get(name), terms, at) for name, outcome in checks.items()}
    local = _by_namespace(best, library, [n for n, j in judged.items() if j.status in ("failed", "unknown")], terms, at)
    judged |= {name: _in_part(judged[name], found, rows) for name, found in local.items()}
    failed = [_as_finding(j) for j in judged.values() if j.status == "failed"]
    found = replace(incident, ranked=[*incident.ranked, *failed])
    document = write(case.intake, case.given, library, found, quotes)
    findings = {f["pattern"]: f for f in document["findings"] if f["role"] == CHECK}
    written = sorted(
        (_check(j, findings.get(name), quotes, local.get(name, {})) for name, j in judged.items()),
        key=lambda c: (STATUSES.index(c["status"]), -SEVERITIES.index(c["severity"]), c["pattern"]),
    )
    said = summary(incident.verdict, incident.ranked, incident.candidates, planes_missing(case.covered))
    sentence = mask(f"{readiness(written)} {said}")
    return document | {
        "summary": sentence,
        "reply": reply(incident.verdict, sentence, incident.candidates, missing_planes(case.covered)),
        "profile": terms.profile,
        "checks": written,
        "scores": scores(written),
        "connectivity": connectivity(case.frames, quotes),
        "installation": installation(case.frames),
        "placement": placements(case.frames),
        "platform": platform(case.frames),
        "versions": versions(case.frames, case.intake.versions),
        "certificates": certificates(case.frames),
        "baseline": _baseline([*judged.values()], terms, at),
    }


def _only(library: Library, wanted: Callable[[Pattern], bool]) -> Library:
    """Return the patterns that are wanted, and those whose findings they build on."""
    kept: dict[str, Pattern] = {}
    ahead = [name for name, pattern in library.patterns.items() if wanted(pattern)]
    while ahead:
        name = ahead.pop()
        if name in kept or name not in library.patterns:
            continue
        kept[name] = library.patterns[name]
        pieces = kept[name].evidence.values()
        ahead += [p.source.removeprefix("finding.") for p in pieces if p.source.startswith("finding.")]
    return replace(library, patterns={name: kept[name] for name in library.patterns if name in kept})


@dataclass(frozen=True, slots=True)
class _Judged:
    outcome: Outcome
    status: str
    why: str
    findings: tuple[Finding, ...] = ()
    accepted: tuple[tuple[Finding, Suppression], ...] = ()
    premises: tuple[tuple[str, int], ...] = ()


def _at(case: Case, terms: Terms) -> datetime | None:
    seen = case.covered.collected
    return terms.as_of or (datetime.fromtimestamp(seen / 1e6, UTC) if seen is not None else None)


def _judged(outcome: Outcome, premises: "_Premises | None", terms: Terms, at: datetime | None) -> _Judged:
    pattern = outcome.pattern
    rows = premises.rows if premises else ()
    if outcome.state == PRESENT:
        held = tuple(f for f in outcome.findings if not f.over)
        if pattern.name in RELAXED.get(terms.profile, ()):
            return _Judged(outcome, "not applicable", f"not asked of a {terms.profile} installation")
        accepted = tuple((f, a) for f in held for a in terms.baseline if a.covers(pattern.id, f.subject, at))
        rest = tuple(f for f in held if f not in [a for a, _ in accepted])
        if rest:
            return _Judged(outcome, "failed", " ".join(pattern.about.split()), rest, accepted)
        return _Judged(outcome, "not applicable", _accepted(accepted), (), accepted)
    if outcome.state == ABSENT:
        if premises and premises.known and not rows:
            return _Judged(outcome, "not applicable", "what it is about is not there")
        return _Judged(outcome, "passed", "looked for in what was dumped, and not found", premises=rows)
    gaps = dict.fromkeys(f"{m.source}: {m.why}" for m in outcome.missing)
    return _Judged(outcome, "unknown", "; ".join(gaps) or "what was dumped does not decide it", premises=rows)


def _by_namespace(
    case: Case, library: Library, names: Iterable[str], terms: Terms, at: datetime | None
) -> dict[str, dict[str, _Judged]]:
    """Return what those checks come to in each namespace of Seldon, where that is not everywhere alike."""
    present = spaces.seldons(case.frames)
    asked = spaces.asking(library, names)
    made: dict[str, dict[str, _Judged]] = {}
    if len(present) < 2 or not asked.patterns:
        return made
    for namespace in present:
        frames, rows = spaces.inside(case.frames, namespace)
        here = replace(case, frames=frames, covered=coverage(frames, case.covered.period))
        outcomes = outcomes_of(here, asked)
        premises = _premises(outcomes, here, rows)
        for name, outcome in outcomes.items():
            judged = _judged(as_given(outcome, rows), premises.get(name), terms, at)
            groundless = judged.status == "passed" and name in premises and not premises[name].rows
            if judged.status != "not applicable" and not groundless:
                made.setdefault(name, {})[namespace] = judged
    return {name: found for name, found in made.items() if len({j.status for j in found.values()}) > 1}


def _in_part(whole: _Judged, found: Mapping[str, _Judged], rows: Rows) -> _Judged:
    """Return what a check comes to that could not be said of all, but fails somewhere."""
    failed = [judged for judged in found.values() if judged.status == "failed"]
    if whole.status != "unknown" or not failed:
        return whole
    findings = tuple(f for judged in failed for f in judged.findings)
    outcome = as_given(replace(failed[0].outcome, findings=findings), rows)
    return replace(failed[0], outcome=outcome, findings=outcome.findings)


@dataclass(frozen=True, slots=True)
class _Premises:
    """What the premises of a check came to: first rows that hold one, and whether all of them were looked for."""

    rows: tuple[tuple[str, int], ...] = ()
    known: bool = False


def _premises(checks: Mapping[str, Outcome], case: Case, rows: Rows) -> dict[str, _Premises]:
    """Return what the premises of each check came to; checks without any are left out."""
    own = {
        name: [piece for key, piece in outcome.pattern.evidence.items() if key.startswith(PREMISE)]
        for name, outcome in checks.items()
    }
    found = find(((f"{name}:{piece.name}", piece) for name, pieces in own.items() for piece in pieces), case.frames)
    made = {}
    for name, pieces in own.items():
        hits = [hit for piece in pieces for hit in found[f"{name}:{piece.name}"].hits[:2]]
        known = all(case.covered.gap(piece, {}, None, None) is None for piece in pieces)
        if pieces:
            made[name] = _Premises(tuple(original((hit.source, hit.row), rows) for hit in hits), known)
    return made


def _accepted(accepted: Iterable[tuple[Finding, Suppression]]) -> str:
    told = {f"accepted until {a.until:%Y-%m-%d}: {a.reason}" if a.until else a.reason for _, a in accepted}
    return "; ".join(sorted(told))


def _as_finding(judged: _Judged) -> Ranked:
    """Return all that a check found as one finding, with every subject and the rows of all of them."""
    first = judged.findings[0]
    rows: dict[str, dict[tuple[str, int], None]] = {}
    for finding in judged.findings:
        for seen in finding.evidence:
            rows.setdefault(seen.name, {}).update(dict.fromkeys(seen.rows))
    evidence = tuple(_merged(seen, judged.findings, tuple(rows[seen.name])) for seen in first.evidence)
    certainty = max((f.certainty for f in judged.findings), key=lambda c: BASE[c])
    return Ranked(
        replace(first, evidence=evidence),
        tuple(f.subject for f in judged.findings),
        CHECK,
        None,
        certainty,
        BASE[certainty],
        (),
        (),
        (),
        {"base": BASE[certainty]},
        sum(f.count for f in judged.findings),
    )


def _merged(seen: Seen, findings: Sequence[Finding], rows: tuple[tuple[str, int], ...]) -> Seen:
    if not rows:
        return seen
    count = sum(s.count for f in findings for s in f.evidence if s.name == seen.name)
    return replace(seen, state=PRESENT, rows=rows[:CITED], count=count, missing=())


def _check(
    judged: _Judged, finding: Mapping[str, Any] | None, quotes: Quotes, found: Mapping[str, _Judged]
) -> dict[str, Any]:
    pattern = judged.outcome.pattern
    cites = quotes.cites(judged.premises, context=False)
    if finding is not None:
        pieces = [c for piece in finding["evidence"] if piece["state"] == PRESENT for c in piece["cites"]]
        cites = list({(c["member"], *c["lines"]): c for c in pieces}.values())
    made: dict[str, Any] = {
        **(finding or {}),
        "pattern": pattern.id,
        "title": pattern.title,
        "severity": pattern.severity,
        "area": area_of(pattern.name, pattern.layer),
        "status": judged.status,
        "why": judged.why,
        "cites": cites,
        "collect": _collect(judged.outcome.missing) if judged.status == "unknown" else [],
    }
    if finding is None and cites:
        made["evidence"] = [{"name": PREMISE, "strength": "supporting", "state": PRESENT, "cites": cites}]
    if judged.accepted:
        made["accepted"] = [_told(f, a) for f, a in judged.accepted]
    if judged.status == "failed" and not any(f.subject for f in judged.findings):
        rows = (quotes.row(r) for f in judged.findings for s in f.evidence for r in s.rows)
        seen = sorted({str(row["namespace"]) for row in rows if row and row.get("namespace")})
        made["why"] += f" Seen in: {', '.join(seen)}." if seen else ""
    if found:
        made["namespaces"] = {namespace: each.status for namespace, each in found.items()}
        made["why"] = f"{judged.why.rstrip('.')}. By namespace: {_listed(made['namespaces'])}."
    return made


def _listed(told: Mapping[str, str]) -> str:
    found = {status: ", ".join(n for n, s in told.items() if s == status) for status in STATUSES}
    return "; ".join(f"{status} in {names}" for status, names in found.items() if names)


def _told(finding: Finding, accepted: Suppression) -> dict[str, Any]:
    until = accepted.until.strftime("%Y-%m-%dT%H:%M:%SZ") if accepted.until else None
    return {"subject": dict(finding.subject), "reason": accepted.reason, "until": until}


def _collect(missing: Iterable[Missing]) -> list[dict[str, str]]:
    wanted = ((m.collect or how_to_collect(m.source, {}), f"{m.source}: {m.why}") for m in missing)
    return [{"run": run, "why": why} for run, why in dict.fromkeys(wanted) if run]


def _baseline(judged: Sequence[_Judged], terms: Terms, at: datetime | None) -> list[dict[str, Any]]:
    """Return every entry of the baseline with what became of it: accepts, expired, or not needed."""
    used = [a for j in judged for _, a in j.accepted]
    told = []
    for entry in terms.baseline:
        over = entry.until is not None and at is not None and at >= entry.until
        state = "expired" if over else "accepts" if entry in used else "not needed"
        if at is None and entry.until is not None:
            state += "; when the dump was made is not known: give --as-of"
        until = entry.until.strftime("%Y-%m-%dT%H:%M:%SZ") if entry.until else None
        told.append(
            {
                "check": entry.pattern,
                "subject": dict(entry.subject),
                "reason": entry.reason,
                "until": until,
                "state": state,
            }
        )
    return told


def scores(checks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row an area: how many checks passed, failed, are unknown, accepted or not applicable.

    `score` is the share of those decided that passed, null where none was decided: never without `unknown` beside it.
    """
    rows = []
    for area in AREAS:
        own = [c for c in checks if c["area"] == area]
        if not own:
            continue
        counts = {status.replace(" ", "_"): sum(c["status"] == status for c in own) for status in STATUSES}
        accepted = sum(bool(c.get("accepted")) and c["status"] == "not applicable" for c in own)
        decided = counts["passed"] + counts["failed"]
        score = round(counts["passed"] / decided, 3) if decided else None
        rows.append({"area": area, "score": score, **counts, "accepted": accepted})
    return rows


def readiness(checks: Sequence[Mapping[str, Any]]) -> str:
    """Return what the checks came to, as one sentence."""
    failed = [c for c in checks if c["status"] == "failed"]
    grave = sum(SEVERITIES.index(c["severity"]) >= SEVERITIES.index("high") for c in failed)
    counts = {status: sum(c["status"] == status for c in checks) for status in STATUSES}
    head = f"{len(failed)} failed" + (f" ({grave} of them high or critical)" if grave else "")
    rest = f"{counts['passed']} passed, {counts['unknown']} unknown, {counts['not applicable']} not applicable"
    return f"Readiness: of {len(checks)} checks {head}, {rest}."
