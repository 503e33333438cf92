"""What an analysis is asked: which patterns, which time, which model, and what is accepted already."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from forensics.causality import Candidate, Ranked
from forensics.findings import PRESENT, Finding, Outcome
from forensics.installation.links import NO_NAMESPACE, NONE
from forensics.timeline import microseconds
from patterns.packs import Suppression
from patterns.pattern import Library
from patterns.versions import applies

PRODUCTS = {"mlserver": "mlserver", "envoy": "envoy", "kafka": "kafka", "triton": "triton", "rclone": "rclone"}
SELDON = ("scheduler", "agent", "controller", "modelgateway", "pipelinegateway", "dataflow", "hodometer")


MOST_NAMED = 5  # others of a kind, where nothing has the name that was asked for


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller wants to know.

    Attributes:
        since: findings that were over before this are left out.
        until: nothing at or after this is looked at: as if the bundle had been collected then.
        zone: a second zone to show times in, as IANA names it.
        subject: only what concerns this is reported, such as `{"model": "iris"}`.
        suppressions: findings that are accepted.
        as_of: when suppressions are judged; the end of the bundle's period if not given.
    """

    since: datetime | None = None
    until: datetime | None = None
    zone: str | None = None
    subject: Mapping[str, str] = field(default_factory=dict)
    suppressions: Sequence[Suppression] = ()
    as_of: datetime | None = None


EVERYTHING = Request()


def in_force(library: Library, versions: Iterable[tuple[str, str]]) -> Library:
    """Return the patterns whose version condition holds for some combination of the versions the components print."""
    known: dict[str, set[str]] = {}
    for component, version in versions:
        product = "seldon-core" if component in SELDON else PRODUCTS.get(component)
        if product is not None:
            known.setdefault(product, set()).add(version)
    kept = {
        name: pattern
        for name, pattern in library.patterns.items()
        if not pattern.versions or _some(pattern.versions, known)
    }
    return replace(library, patterns=kept)


def _some(condition: str, known: Mapping[str, set[str]]) -> bool:
    """Whether a version of each product, taken one product at a time, does not refute the condition."""
    return all(any(applies(condition, {product: v}) for v in sorted(versions)) for product, versions in known.items())


def before(frames: Mapping[str, pl.DataFrame], until: datetime | None) -> dict[str, pl.DataFrame]:
    """Return the frames without what happened at or after `until`; undated records and facts stay."""
    if until is None:
        return dict(frames)
    return {
        name: frame.filter((pl.col("earliest") < until).fill_null(True)) if "earliest" in frame.columns else frame
        for name, frame in frames.items()
    }


def asked(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes an analysis reports: a readiness check only where a present finding lists it as cause."""
    present = {name for name, o in outcomes.items() if o.state == PRESENT and not o.pattern.check}
    wanted = {cause for name in present for cause in outcomes[name].pattern.explained_by}
    return {
        name: outcome
        for name, outcome in outcomes.items()
        if not outcome.pattern.check or name in wanted or present & set(outcome.pattern.explains)
    }


def narrowed(outcomes: Mapping[str, Outcome], request: Request, topology: Any) -> tuple[dict[str, Outcome], list[str]]:
    """Return the outcomes without findings that were not asked for, and remarks on what was left out."""
    since = microseconds(request.since) if request.since else None
    left: dict[str, int] = {}

    about = _about(outcomes, request, topology) if request.subject else frozenset()

    def wanted(finding: Finding) -> bool:
        if since is not None and finding.last.latest <= since:
            left["ended before the time asked for"] = left.get("ended before the time asked for", 0) + 1
            return False
        if request.subject and id(finding) not in about:
            words = "about something that is not connected to what was asked for"
            left[words] = left.get(words, 0) + 1
            return False
        return True

    kept = {}
    for name, outcome in outcomes.items():
        findings = tuple(f for f in outcome.findings if wanted(f))
        state = outcome.state
        if outcome.findings and not any(not f.over for f in findings) and state == PRESENT:
            state = "absent"
        kept[name] = replace(outcome, findings=findings, state=state)
    return kept, [f"{count} finding{'s' if count > 1 else ''} left out: {why}" for why, count in sorted(left.items())]


def in_vain(request: Request, topology: Any) -> str:
    """Return the sentence on what was asked about and nothing in the bundle names: a wrong name is no sound model."""
    known = {(kind, name) for kind, _, name in topology.things}
    known |= {("namespace", space) for space in topology.namespaces}
    told = []
    for kind, name in request.subject.items():
        if (kind, name) not in known:
            others = sorted(other for of, other in known if of == kind)
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            there = f"; it names {', '.join(others[:MOST_NAMED])}{more}" if others else ""
            told.append(f"Nothing in the bundle names the {kind} {name}{there}.")
    return " ".join(told)


def of_the_asked(table: Sequence[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Return the states without those of other things of the kind that was asked for."""
    return [row for row in table if request.subject.get(row["kind"], row["name"]) == row["name"]]


def _about(outcomes: Mapping[str, Outcome], request: Request, topology: Any) -> frozenset[int]:
    """Return the findings (by `id`) that concern what was asked for, and those that may explain one of them.

    Where the request names no namespace, it is about every namespace in which such a thing occurs; a finding of which
    nobody knows the namespace concerns it too: what is left out must surely be about something else.
    """
    kinds = [(kind, name) for kind, name in request.subject.items() if kind != "namespace"]
    spaces = sorted({ns for kind, ns, name in topology.things if ns and (kind, name) in kinds} or topology.namespaces)
    meant = [request.subject]
    if "namespace" not in request.subject:
        meant += [{**request.subject, "namespace": space} for space in spaces]
    findings = [finding for outcome in outcomes.values() for finding in outcome.findings]
    things = {(kind, name) for kind, _, name in topology.things}
    kept = [
        f
        for f in findings
        if not _another(f.subject, kinds, things) and any(_may_concern(topology.link(f.subject, one)) for one in meant)
    ]
    causes = _causes(outcomes)
    found = {id(f) for f in kept}
    for follower in kept:
        for finding in findings:
            explains = finding.pattern.id in causes.get(follower.pattern.id, ())
            if id(finding) not in found and explains and _may_concern(topology.link(finding.subject, follower.subject)):
                found.add(id(finding))
                kept.append(finding)
    return frozenset(found)


def _another(subject: Mapping[str, str], kinds: Iterable[tuple[str, str]], things: Container[tuple[str, str]]) -> bool:
    """Whether a finding names another thing of the kind that was asked for: to share a server with it is not enough.

    MLServer's findings bind the name of a model as `name`.
    """
    for kind, name in kinds:
        told = subject.get(kind) or (subject.get("name") if kind == "model" else None)
        if told is not None and told != name and (kind, told) in things:
            return True
    return False


def _may_concern(link: Any) -> bool:
    return bool(link.state != NONE or link.reason == NO_NAMESPACE)


def _causes(outcomes: Mapping[str, Outcome]) -> dict[str, set[str]]:
    """Return pattern to the patterns that explain it, directly or by way of others."""
    causes: dict[str, set[str]] = {name: set(outcome.pattern.explained_by) for name, outcome in outcomes.items()}
    for name, outcome in outcomes.items():
        for explained in outcome.pattern.explains:
            causes.setdefault(explained, set()).add(name)
    whole: dict[str, set[str]] = {}
    for name in causes:
        ahead, seen = [name], set[str]()
        while ahead:
            new = causes.get(ahead.pop(), set()) - seen
            seen |= new
            ahead.extend(new)
        whole[name] = seen
    return whole


def without_accepted(
    ranked: Sequence[Ranked], candidates: Sequence[Candidate], request: Request, end: int | None
) -> tuple[list[Ranked], list[Candidate], list[str]]:
    """Return the findings without those that are accepted, and without what follows from nothing else.

    Args:
        ranked: all findings.
        candidates: for symptoms among them.
        request: with its suppressions, and when they are judged.
        end: the last microsecond of the bundle: then, if the request does not say.
    """
    if not request.suppressions:
        return list(ranked), list(candidates), []
    at = request.as_of or (datetime.fromtimestamp(end / 1e6, UTC) if end else None)
    gone: set[int] = set()
    reasons: dict[str, int] = {}
    for index, r in enumerate(ranked):
        for accepted in request.suppressions:
            if all(accepted.covers(r.finding.pattern.id, subject, at) for subject in r.subjects):
                gone.add(index)
                reasons[accepted.reason] = reasons.get(accepted.reason, 0) + 1
                break
    follows = True
    while follows:
        follows = False
        for index, r in enumerate(ranked):
            if index not in gone and r.explained_by and set(r.explained_by) <= gone:
                gone.add(index)
                follows = True
    new = {old: number for number, old in enumerate(i for i in range(len(ranked)) if i not in gone)}
    kept = [
        replace(
            r,
            explains=tuple(new[i] for i in r.explains if i in new),
            explained_by=tuple(new[i] for i in r.explained_by if i in new),
            edges=tuple(replace(e, cause=new[index], symptom=new[e.symptom]) for e in r.edges if e.symptom in new),
        )
        for index, r in enumerate(ranked)
        if index in new
    ]
    remarks = [f"{count} finding{'s' if count > 1 else ''} accepted: {why}" for why, count in sorted(reasons.items())]
    return kept, [replace(c, symptom=new[c.symptom]) for c in candidates if c.symptom in new], remarks
