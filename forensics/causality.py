"""Which finding explains which; the roots, their ranks, and the candidates where there is none."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush

from forensics.findings import ABSENT, PRESENT, UNKNOWN, Edge, Finding, Missing, Outcome
from forensics.installation.links import Link
from forensics.installation.undecided import signs
from parsers.schema import SOURCES
from patterns.pattern import SEVERITIES, Library, Pattern
from patterns.terms import positive

ROOT, SYMPTOM, CONTRIBUTING, CHECK = "root", "symptom", "contributing", "check"
CERTAINTIES = ("possible", "likely", "certain")

# All weights of the ranking and of the confidence stand here.
BASE = {"certain": 0.9, "likely": 0.7, "possible": 0.4}
SUPPORT = 0.5  # what each supporting piece leaves of the doubt
DECIDES = "medium"  # the least severity that makes a verdict
MOST_UNSEEN = 2  # patterns nobody could look for, between a cause and what it explains
MANY = 400  # findings of one pattern compared one by one; further ones share the first one's edges

Linker = Callable[[Mapping[str, str], Mapping[str, str]], Link]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A finding with its place in the chain of causes; several subjects of one pattern folded into one."""

    finding: Finding
    subjects: tuple[Mapping[str, str], ...]
    role: str
    rank: int | None
    certainty: str
    confidence: float
    explains: tuple[int, ...]  # indices into the list this stands in
    explained_by: tuple[int, ...]
    edges: tuple[Edge, ...]  # to what it explains, indices as in `explains`
    weights: Mapping[str, float]
    count: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible cause of a symptom whose cause is not established."""

    symptom: int
    pattern: Pattern
    state: str  # ruled out | unknown
    because: str
    rows: tuple[tuple[str, int], ...] = ()
    missing: tuple[Missing, ...] = ()
    worth: int = 0  # for how many symptoms it would be the cause


class Causes:
    """The declared graph: which pattern can bring about which."""

    def __init__(self, library: Library) -> None:
        self._effects: dict[str, set[str]] = defaultdict(set)
        self.causes: dict[str, set[str]] = defaultdict(set)
        for pattern in library.patterns.values():
            for effect in pattern.explains:
                self._effects[pattern.id].add(effect)
            for cause in pattern.explained_by:
                self._effects[cause].add(pattern.id)
        for cause, effects in self._effects.items():
            for effect in effects:
                self.causes[effect].add(cause)

    def effects(self, start: str, outcomes: Mapping[str, Outcome]) -> dict[str, tuple[str, ...]]:
        """Return what `start` can bring about, each with the patterns between: none is absent, and few are unseen."""
        reached: dict[str, tuple[str, ...]] = {}
        queue: list[tuple[int, int, str, tuple[str, ...]]] = [(0, 0, start, ())]
        while queue:
            guesses, length, here, path = heappop(queue)
            if here in reached or (here == start and length):
                continue
            if here != start:
                reached[here] = path
                outcome = outcomes.get(here)
                if outcome is None or outcome.state == ABSENT:
                    continue
                guesses += outcome.state == UNKNOWN
                path = (*path, here)
            if guesses <= MOST_UNSEEN:
                for effect in self._effects.get(here, ()):
                    heappush(queue, (guesses, length + 1, effect, path))
        return reached


def unseen(path: Sequence[str], outcomes: Mapping[str, Outcome]) -> int:
    """Return how many of the patterns on a path nobody could look for."""
    return sum(outcomes[name].state == UNKNOWN for name in path)


def edges_between(
    findings: Sequence[Finding], causes: Causes, outcomes: Mapping[str, Outcome], link: Linker
) -> list[Edge]:
    """Return the edges between findings that are not over: declared, connected, and not refuted by time."""
    by_pattern: dict[str, list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        if not finding.over:
            by_pattern[finding.pattern.id].append(index)
    edges: list[Edge] = []
    for pattern_id, members in by_pattern.items():
        for effect, path in causes.effects(pattern_id, outcomes).items():
            for symptom in by_pattern.get(effect, ())[:MANY]:
                for cause in members[:MANY]:
                    edge = _edge(findings, cause, symptom, path, link)
                    if edge is not None and _sound(edge, findings, unseen(path, outcomes)):
                        edges.append(edge)
    return edges


def _sound(edge: Edge, findings: Sequence[Finding], guesses: int) -> bool:
    """Whether an edge may lead through so many patterns nobody has seen.

    A link that is assumed as well is a guess too many, save between what names the same thing. What may be a root in
    its own right is not explained away by two guesses.
    """
    a, b = findings[edge.cause], findings[edge.symptom]
    if guesses > 1 and b.pattern.role != "symptom":
        return False
    if guesses == 0 or edge.state == "proven":
        return True
    return any(name not in ("namespace", "container") and a.subject[name] == b.subject.get(name) for name in a.subject)


def _edge(findings: Sequence[Finding], cause: int, symptom: int, path: tuple[str, ...], link: Linker) -> Edge | None:
    a, b = findings[cause], findings[symptom]
    if b.last.latest <= a.since and not _standing(b):
        return None
    joined = link(a.subject, b.subject)
    if joined.state == "none":
        return None
    return Edge(cause, symptom, joined.state, joined.reason, path, joined.rows)


def root_causes(
    outcomes: Mapping[str, Outcome], library: Library, link: Linker
) -> tuple[list[Ranked], list[Candidate]]:
    """Return all findings, roots first by rank, and the candidates for symptoms without an established cause."""
    causes = Causes(library)
    findings = [
        f
        for outcome in outcomes.values()
        for f in sorted(outcome.findings, key=lambda f: (f.first.earliest, sorted(f.subject.items())))
    ]
    edges = edges_between(findings, causes, outcomes, link)
    incoming: dict[int, list[Edge]] = defaultdict(list)
    outgoing: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        outgoing[edge.cause].append(edge)
        if not findings[edge.cause].pattern.check:
            incoming[edge.symptom].append(edge)
    roles = [
        _role(i, findings, incoming, outgoing, link, lambda name: causes.effects(name, outcomes))
        for i in range(len(findings))
    ]
    certainties = [
        f.certainty
        if _explained(f, incoming.get(i, ()), findings)
        else _certainty(f, causes, outcomes, incoming.get(i))
        for i, f in enumerate(findings)
    ]
    ranked = _folded(findings, roles, certainties, incoming, outgoing)
    candidates = _candidates(ranked, causes, outcomes, library)
    return ranked, candidates


def _standing(finding: Finding) -> bool:
    """Whether it rests on facts alone and lasts: the times they bear are of their beginning, not of the snapshot."""
    cited = {source for s in finding.evidence for source, _ in s.rows}
    return finding.at_end == "ongoing" and bool(cited) and all(x in SOURCES and not SOURCES[x].timed for x in cited)


def _role(
    index: int,
    findings: Sequence[Finding],
    incoming: Mapping[int, Sequence[Edge]],
    outgoing: Mapping[int, Sequence[Edge]],
    link: Linker,
    effects: Callable[[str], Mapping[str, object]],
) -> str:
    finding = findings[index]
    # What is about a whole namespace has its subject in common with everything in it.
    wide = effects(finding.pattern.id) if set(finding.subject) <= {"namespace"} else None
    if finding.pattern.check:
        return CONTRIBUTING
    if _explained(finding, incoming.get(index, ()), findings) or finding.pattern.role == "symptom" or _bare(finding):
        return SYMPTOM
    if not outgoing.get(index) and not finding.over and finding.pattern.role == "cause":
        for other, edges in outgoing.items():
            if other == index or incoming.get(other) or findings[other].pattern.role == "symptom":
                continue
            if findings[other].pattern.check:  # never a root, so nothing is a mere addition to it
                continue
            if SEVERITIES.index(findings[other].pattern.severity) < SEVERITIES.index(finding.pattern.severity):
                continue
            if any(
                _may_add(link(finding.subject, findings[e.symptom].subject))
                for e in edges
                if wide is None or findings[e.symptom].pattern.id in wide
            ):
                return CONTRIBUTING
    return ROOT


def _explained(finding: Finding, edges: Sequence[Edge], findings: Sequence[Finding]) -> bool:
    """Whether a cause was found: what is sure, and may be a root itself, is not explained by what is only possible."""
    if finding.pattern.role == "either" and finding.certainty != "possible":
        return any(findings[e.cause].certainty != "possible" for e in edges)
    return bool(edges)


def _bare(finding: Finding) -> bool:
    """Whether what may be a root or not rests on evidence alone that says nothing of why."""
    speaking, pieces = positive(finding.pattern.match), finding.pattern.evidence
    cited = [pieces[s.name] for s in finding.evidence if s.name in speaking and s.rows]
    return any(piece.bare for piece in cited) and all(piece.bare or piece.weak for piece in cited)


def _may_add(joined: Link) -> bool:
    """Whether a cause adds to a symptom that rests on the same thing: to share a scheduler is not enough."""
    return joined.state == "proven" and joined.rests


def _certainty(
    finding: Finding, causes: Causes, outcomes: Mapping[str, Outcome], possible: Sequence[Edge] | None
) -> str:
    """Return how sure it is that nothing brought this about, where no cause is established."""
    if finding.pattern.role == "either" and finding.certainty == "certain":
        if possible:
            return "likely"
        for cause in causes.causes.get(finding.pattern.id, ()):
            outcome = outcomes.get(cause)
            if outcome is not None and outcome.state == UNKNOWN and not outcome.pattern.check:
                return "likely"
    return finding.certainty


def decides(finding: Finding, certainty: str) -> bool:
    """Whether a root like this makes the verdict a failure."""
    return (
        not finding.over
        and certainty != "possible"
        and SEVERITIES.index(finding.pattern.severity) >= SEVERITIES.index(DECIDES)
    )


def _folded(
    findings: Sequence[Finding],
    roles: Sequence[str],
    certainties: Sequence[str],
    incoming: Mapping[int, Sequence[Edge]],
    outgoing: Mapping[int, Sequence[Edge]],
) -> list[Ranked]:
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for i, finding in enumerate(findings):
        explainers = frozenset((findings[e.cause].pattern.id) for e in incoming.get(i, ()))
        groups[(finding.pattern.id, roles[i], finding.over, explainers)].append(i)
    heads: list[list[int]] = list(groups.values())
    place = {i: number for number, members in enumerate(heads) for i in members}
    drafts: list[Ranked] = []
    for members in heads:
        own = sorted(members, key=lambda i: (-CERTAINTIES.index(certainties[i]), findings[i].first.earliest, i))
        head = own[0]
        finding = _joined([findings[i] for i in own])
        out: dict[int, Edge] = {}
        into: set[int] = set()
        for i in own:
            for edge in outgoing.get(i, ()):
                target = place[edge.symptom]
                if target not in out or (out[target].state != "proven" and edge.state == "proven"):
                    out[target] = replace(edge, cause=place[i], symptom=target)
            into.update(place[e.cause] for e in incoming.get(i, ()))
        certainty = certainties[head]
        subjects = tuple(dict(t) for t in dict.fromkeys(tuple(sorted(findings[i].subject.items())) for i in own))
        support = sum(s.state == PRESENT and s.strength == "supporting" for s in finding.evidence)
        confidence = 1 - (1 - BASE[certainty]) * SUPPORT**support
        if finding.pattern.precision is not None:
            confidence = min(confidence, finding.pattern.precision)
        weights = {
            "decides": float(decides(finding, certainty)),
            "certainty": float(CERTAINTIES.index(certainty)),
            "explains": float(sum(e.state == "proven" for e in out.values())),
            "severity": float(SEVERITIES.index(finding.pattern.severity)),
            "base": BASE[certainty],
            "supporting": float(support),
        }
        drafts.append(
            Ranked(
                finding,
                subjects,
                roles[head],
                None,
                certainty,
                round(confidence, 4),
                tuple(sorted(out)),
                tuple(sorted(into)),
                tuple(out[t] for t in sorted(out)),
                weights,
                sum(findings[i].count for i in own),
            )
        )
    return _in_order(drafts)


def _joined(findings: Sequence[Finding]) -> Finding:
    """Return the first finding, spanning the times of all of them."""
    head = findings[0]
    first = min((f.first for f in findings), key=lambda m: m.earliest)
    last = max((f.last for f in findings), key=lambda m: m.latest)
    ends = {f.at_end for f in findings}
    at_end = "ongoing" if "ongoing" in ends else "unknown" if "unknown" in ends else head.at_end
    return replace(head, first=first, last=last, at_end=at_end, reach=min(f.since for f in findings))


def _strength(r: Ranked) -> tuple[float, float, float, float, int]:
    w = r.weights
    return (-w["decides"], -w["certainty"], -w["explains"], -w["severity"], r.finding.first.earliest)


def _in_order(drafts: list[Ranked]) -> list[Ranked]:
    places = {ROOT: 0, CONTRIBUTING: 2, SYMPTOM: 1, CHECK: 3}

    def key(i: int) -> tuple[object, ...]:
        r = drafts[i]
        return (
            r.finding.over,
            places[r.role],
            *_strength(r),
            -r.count,  # of a tie, what most lines speak for
            r.finding.pattern.id,
            sorted(r.finding.subject.items()),
        )

    order = sorted(range(len(drafts)), key=key)
    new = {old: number for number, old in enumerate(order)}
    ranked: list[Ranked] = []
    rank, before = 0, None
    for number, old in enumerate(order):
        r = drafts[old]
        own = None
        if r.role == ROOT:
            if r.finding.over or _strength(r) != before:
                rank = number + 1
            before = _strength(r)
            own = rank
        ranked.append(
            replace(
                r,
                rank=own,
                explains=tuple(sorted(new[i] for i in r.explains)),
                explained_by=tuple(sorted(new[i] for i in r.explained_by)),
                edges=tuple(
                    replace(e, cause=number, symptom=new[e.symptom])
                    for e in sorted(r.edges, key=lambda e: new[e.symptom])
                ),
            )
        )
    return ranked


def _candidates(
    ranked: Sequence[Ranked], causes: Causes, outcomes: Mapping[str, Outcome], library: Library
) -> list[Candidate]:
    open_symptoms = [
        i
        for i, r in enumerate(ranked)
        if not r.finding.over
        and not r.explained_by
        and r.finding.pattern.role != "cause"
        and not r.finding.pattern.check
    ]
    worth: dict[str, int] = defaultdict(int)
    for i in open_symptoms:
        for cause in causes.causes.get(ranked[i].finding.pattern.id, ()):
            worth[cause] += 1
    candidates: list[Candidate] = []
    for i in open_symptoms:
        own: list[Candidate] = []
        for cause in sorted(causes.causes.get(ranked[i].finding.pattern.id, ())):
            pattern = library.patterns.get(cause)
            outcome = outcomes.get(cause)
            if pattern is None or outcome is None or pattern.check:
                continue
            if outcome.state == ABSENT:
                own.append(Candidate(i, pattern, "ruled out", _why_not(outcome), _rows(outcome), worth=worth[cause]))
            elif outcome.state == UNKNOWN:
                own.append(
                    Candidate(
                        i, pattern, "unknown", _why_unknown(outcome), _rows(outcome), outcome.missing, worth[cause]
                    )
                )
            else:
                own.append(Candidate(i, pattern, "ruled out", "it is there, but is about something else or came later"))
        lacking = Counter(source for c in own if c.state == "unknown" for source in {m.source for m in c.missing})
        own.sort(
            key=lambda c: (
                c.state != "unknown",
                not signs(outcomes[c.pattern.id]),
                -c.worth,
                -len(signs(outcomes[c.pattern.id])),
                -max((lacking[m.source] for m in c.missing), default=0),  # what to collect first: it decides most
                -SEVERITIES.index(c.pattern.severity),
                c.pattern.id,
            )
        )
        candidates.extend(own)
    return candidates


def _rows(outcome: Outcome) -> tuple[tuple[str, int], ...]:
    return tuple(row for s in outcome.closest for row in s.rows[:2])[:4]


def _why_not(outcome: Outcome) -> str:
    if any(f.over for f in outcome.findings):
        return "it was there, and has ended"
    absent = [s for s in outcome.closest if s.strength == "required" and s.state == ABSENT]
    if absent:
        sources = ", ".join(dict.fromkeys(f"{outcome.pattern.evidence[s.name].source}" for s in absent))
        names = ", ".join(s.name for s in absent)
        return f"no sign of it in what was collected: {names} ({sources})"
    return "its evidence does not go together as it would have to"


def _why_unknown(outcome: Outcome) -> str:
    seen = ["signs of it were seen"] if signs(outcome) else []
    return "; ".join([*seen, *dict.fromkeys(f"{m.source}: {m.why}" for m in outcome.missing[:3])])
