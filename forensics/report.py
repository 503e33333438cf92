"""The one document of a case, from the conclusions. Every other form is made from it."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from forensics.causality import ROOT, SYMPTOM, Candidate, Ranked
from forensics.coverage import Coverage
from forensics.document import SCHEMA_ID, Document
from forensics.findings import PRESENT, UNKNOWN, Missing, Outcome, Seen
from forensics.ingest import Intake, Read
from forensics.installation.chain import chain
from forensics.installation.changes import preceding
from forensics.intake.masking import mask
from forensics.intake.quoting import Quotes, iso
from forensics.reporting.reply import reply
from forensics.verdict import missing_planes, planes_missing, summary
from forensics.version import VERSION
from parsers.schema import NAMES
from patterns.measured import measured
from patterns.pattern import Check, Library, Pattern

MOST_TIMELINE = 400


@dataclass(frozen=True, slots=True)
class Conclusions:
    """What an analysis came to, before it is written down."""

    ranked: Sequence[Ranked]
    candidates: Sequence[Candidate]
    outcomes: Mapping[str, Outcome]
    verdict: str
    covered: Coverage
    clocks: pl.DataFrame
    state: Sequence[Mapping[str, Any]]
    changes: Sequence[Mapping[str, Any]] = ()
    remarks: Sequence[str] = ()
    impact: Mapping[str, Any] = field(default_factory=dict)
    unnamed: bool = False  # whether a log ends with errors that are evidence of no finding
    vain: str = ""  # what was asked about and is not in the bundle


def write(intake: Intake, given: Mapping[str, Any], library: Library, found: Conclusions, quotes: Quotes) -> Document:
    """Return the document.

    Args:
        intake: what was read.
        given: `input` of the document.
        library: the patterns that were asked.
        found: what the analysis came to.
        quotes: makes the citations.
    """
    ids = [f"F{i + 1}" for i in range(len(found.ranked))]
    period, seen = found.covered.period, found.covered.collected
    home = {"namespace": found.covered.home} if found.covered.home else {}
    findings = [_finding(r, ids, i, quotes, home) for i, r in enumerate(found.ranked)]
    findings = [f | _preceded(r, f, found) for f, r in zip(findings, found.ranked, strict=True)]
    candidates = [_candidate(c, ids, quotes) for c in found.candidates]
    answer = summary(found.verdict, found.ranked, found.candidates, planes_missing(found.covered), found.unnamed)
    sentence = mask(f"{found.vain} {answer}".strip())
    document: Document = {
        "schema": SCHEMA_ID,
        "tool": {"version": VERSION, "patterns": len(library.patterns), "library": library.digest},
        "input": dict(given),
        "verdict": found.verdict,
        "summary": sentence,
        "period": {"from": iso(period[0]) if period else None, "to": iso(seen) if period else None},
        "findings": findings,
        "candidates": candidates,
        "unknown": _unknown(found.outcomes),
        "state": written_state(found.state, quotes),
        "contradictions": _contradictions(found.ranked, ids),
        "clocks": _clocks(found.clocks),
        "timeline": _timeline(findings, found, quotes),
        "changes": [dict(change) for change in found.changes],
        "remarks": list(found.remarks),
        "failures": list(intake.failures),
        "chain": [link | {"detail": mask(link["detail"])} for link in chain(found.ranked, found.state, found.covered)],
        "impact": dict(found.impact),
        "reply": reply(found.verdict, sentence, found.candidates, missing_planes(found.covered)),
        "coverage": written_coverage(found.covered, intake),
    }
    return document


def _preceded(r: Ranked, finding: Mapping[str, Any], found: Conclusions) -> dict[str, int]:
    """Return `preceded_by` of what nothing explains: the last change before the first sign of what follows from it."""
    if r.role not in (ROOT, SYMPTOM) or r.explained_by:
        return {}
    own = {(c["member"], *c["lines"]) for piece in finding["evidence"] for c in piece["cites"]}
    signs = [found.ranked[i].finding for i in r.explains] or [r.finding]
    first = min(sign.first.earliest for sign in signs)
    index = preceding(found.changes, first, r.finding.subject.get("namespace"), own)
    return {} if index is None else {"preceded_by": index}


def _finding(r: Ranked, ids: Sequence[str], index: int, quotes: Quotes, home: Mapping[str, str]) -> dict[str, Any]:
    finding, pattern = r.finding, r.finding.pattern
    subject = dict(finding.subject)
    named = {**home, **finding.hints, **subject}
    return {
        "id": ids[index],
        "pattern": pattern.id,
        "title": pattern.title,
        "layer": pattern.layer,
        "severity": pattern.severity,
        "role": r.role,
        "rank": r.rank,
        "confidence": r.confidence,
        "certainty": r.certainty,
        "subject": subject,
        "subjects": [dict(s) for s in r.subjects],
        "first": {"earliest": iso(finding.first.earliest), "latest": iso(finding.first.latest)},
        "last": {"earliest": iso(finding.last.earliest), "latest": iso(finding.last.latest)},
        "count": r.count,
        "at_end": finding.at_end,
        "explains": [ids[i] for i in r.explains],
        "explained_by": [ids[i] for i in r.explained_by],
        "edges": [
            {
                "to": ids[e.symptom],
                "state": e.state,
                "reason": e.reason,
                "through": list(e.path),
                "cites": quotes.cites(e.rows[:2], context=False),
            }
            for e in r.edges
        ],
        "evidence": [_evidence(s, quotes, finding.pattern) for s in finding.evidence],
        "why": " ".join(pattern.about.split()),
        "remedy": [{"do": with_names(a.do, named), "run": with_names(a.run, quoted(named))} for a in pattern.remedy],
        **({"verify": _verify(pattern.verify, named)} if pattern.verify else {}),
        "references": list(pattern.references),
        "status": pattern.status,
        "weights": dict(r.weights),
        "measured": _measured(pattern.id),
    }


def _verify(check: Check, named: Mapping[str, str]) -> dict[str, str]:
    return {"run": with_names(check.run, quoted(named)), "expect": with_names(check.expect, named)}


def _measured(pattern: str) -> dict[str, int] | None:
    """Return how often a pattern was right in simulated installations; None where it never occurred there."""
    found = measured(pattern)
    return {"right": found[0], "named": found[1]} if found else None


_NAME = re.compile(r"\$\{?(" + "|".join(sorted(NAMES, key=len, reverse=True)) + r")\b\}?")


def with_names(text: str, subject: Mapping[str, str]) -> str:
    """Return `text` with every `$name` replaced: by the bound name, or by `<name>` where it is not bound."""
    return _NAME.sub(lambda m: mask(subject.get(m.group(1)) or f"<{m.group(1)}>"), text)


def quoted(subject: Mapping[str, str]) -> dict[str, str]:
    """Return names as a shell takes them: whoever wrote the bundle must not write our commands."""
    return {name: shlex.quote(value) for name, value in subject.items()}


def _evidence(seen: Seen, quotes: Quotes, pattern: Pattern) -> dict[str, Any]:
    """Return a piece as the document holds it; of a state, the words of the layers that contradict each other too."""
    piece = pattern.evidence.get(seen.name)
    where = piece.where if piece is not None else None
    made: dict[str, Any] = {
        "name": seen.name,
        "strength": seen.strength,
        "state": seen.state,
        "count": seen.count,
        "assumed": seen.assumed,
        "cites": quotes.cites((*seen.rows, *quotes.behind(seen.rows, pattern.contradicts)), where=where),
    }
    if seen.missing:
        made["missing"] = [_missing(m) for m in seen.missing]
    return made


def _missing(missing: Missing) -> dict[str, str]:
    return {"source": missing.source, "why": missing.why, "collect": missing.collect}


def _candidate(c: Candidate, ids: Sequence[str], quotes: Quotes) -> dict[str, Any]:
    return {
        "symptom": ids[c.symptom],
        "pattern": c.pattern.id,
        "title": c.pattern.title,
        "state": c.state,
        "because": c.because,
        "cites": quotes.cites(c.rows, context=False),
        "collect": [
            {"run": run, "why": why}
            for run, why in dict.fromkeys((m.collect, f"{m.source}: {m.why}") for m in c.missing if m.collect)
        ],
    }


def _unknown(outcomes: Mapping[str, Outcome]) -> list[dict[str, Any]]:
    return [
        {"pattern": outcome.pattern.id, "missing": [_missing(m) for m in sorted(set(outcome.missing))]}
        for outcome in outcomes.values()
        if outcome.state == UNKNOWN and not outcome.pattern.check
    ]


def written_state(rows: Sequence[Mapping[str, Any]], quotes: Quotes) -> list[dict[str, Any]]:
    """Return the state table as the document holds it."""
    return [_state(row, quotes) for row in rows]


def written_coverage(covered: Coverage, intake: Intake) -> dict[str, Any]:
    """Return `coverage` of the document."""
    return {"sources": _sources(covered, intake), "members": [_member(read) for read in intake.reads]}


def _state(row: Mapping[str, Any], quotes: Quotes) -> dict[str, Any]:
    return {
        **row,
        "links": [
            {**link, "detail": mask(link["detail"]) if link.get("detail") else link.get("detail"),
             "cites": quotes.cites(map(tuple, link.get("cites", ())), context=False)}
            for link in row["links"]
        ],
    }  # fmt: skip


def _contradictions(ranked: Sequence[Ranked], ids: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for r, name in zip(ranked, ids, strict=True):
        if r.finding.pattern.contradicts:
            found.append({"finding": name, "between": list(r.finding.pattern.contradicts)})
    return found


def _clocks(clocks: pl.DataFrame) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for row in clocks.iter_rows(named=True):
        shift = row["zone_offset"]
        zone = None
        if shift is not None:
            minutes = -int(shift.total_seconds() // 60)
            zone = f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
        key = f"{row['clock']}|{zone}"
        own = made.setdefault(
            key,
            {
                "node": None if row["clock"].startswith("\0") else row["clock"],
                "zone": zone,
                "offset_us": _us(row["offset"]),
                "error_us": _us(row["error"]),
                "pairs": 0,
                "residual_us": _us(row["residual"]),
            },
        )
        own["pairs"] += row["pairs"] or 0
    return [made[key] for key in sorted(made)]


def _us(span: Any) -> int | None:
    return None if span is None else int(span.total_seconds() * 1_000_000)


def _timeline(findings: Sequence[Mapping[str, Any]], found: Conclusions, quotes: Quotes) -> list[dict[str, Any]]:
    entries: dict[tuple[str, int, str], dict[str, Any]] = {}
    for finding in findings:
        for piece in finding["evidence"]:
            if piece["state"] != PRESENT:
                continue
            cites = piece["cites"]
            for cite in [*cites[:2], *cites[-1:]]:
                if cite["time"] is None:
                    continue
                key = (cite["member"], cite["lines"][0], finding["id"])
                entries[key] = {
                    "earliest": cite["time"],
                    "latest": cite["time"],
                    "source": cite["source"],
                    "what": finding["title"],
                    "finding": finding["id"],
                    "cite": {k: v for k, v in cite.items() if k != "context"},
                }
    for change in found.changes:
        cite = change.get("cite") or {}
        key = (str(cite.get("member")), (cite.get("lines") or [0])[0], str(change["what"]))
        entries[key] = {
            "earliest": change["time"],
            "latest": change["time"],
            "source": cite.get("source", ""),
            "what": change["what"],
            "finding": None,
            "cite": cite or None,
        }
    ordered = sorted(entries.values(), key=lambda e: (e["earliest"], str(e["cite"] and e["cite"]["member"]), e["what"]))
    return ordered[:MOST_TIMELINE]


def _sources(covered: Coverage, intake: Intake) -> list[dict[str, Any]]:
    understood = {read.member: share_understood(read) for read in intake.reads}
    return [
        {
            "source": s.source,
            "namespace": s.namespace,
            "pod": s.pod,
            "container": s.container,
            "from": iso(s.first),
            "to": iso(s.last),
            "head": s.head,
            "level": s.level,
            "previous": s.previous,
            "understood": understood.get(s.member),
            "member": s.member,
        }
        for s in sorted(covered.streams, key=lambda s: (s.source, s.member, s.pod or "", s.container or ""))
    ]


def share_understood(read: Read) -> float | None:
    """Return the share of a member's lines that were understood; null where none was looked at."""
    told = read.account["events"] + read.account["continuations"] + read.account["facts"]
    whole = told + read.account["rejects"]
    return round(told / whole, 4) if whole else None


def _member(read: Read) -> dict[str, Any]:
    return {
        "member": read.member,
        "sha256": read.sha256 or None,
        "status": read.status,
        "kind": ", ".join(read.kinds) or None,
        "lines": len(read.lines),
        **read.account,
        "reason": read.reason,
    }
