"""What of the document is read in which order: shared by every form, so that all of them tell the same story.

Nothing is concluded here; entries are picked, grouped and sorted by what they already say.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from forensics.document import Document
from forensics.reporting import moments
from forensics.reporting.sources import spoken

Entry = dict[str, Any]
VERDICTS = {
    "failure": "FAILURE",
    "undetermined": "UNDETERMINED",
    "healthy": "HEALTHY",
    "insufficient": "INSUFFICIENT",
    "unrecognised": "UNRECOGNISED",
}
_SEVERITY = ("critical", "high", "medium", "low", "info")
_THINGS = ("model", "pipeline", "experiment", "server", "workload")
_SUBJECT_ORDER = (*_THINGS, "pod", "container", "node", "name")
CHECKED = ("failed", "unknown", "passed", "not applicable")
LINKS = ("resource", "scheduler", "route", "cluster", "endpoint", "agent", "server")


def listed(document: Document, key: str) -> list[Any]:
    """Return a list of the document; empty where it is not there."""
    return document.get(key) or []


def findings(document: Document, *roles: str) -> list[Entry]:
    """Return the findings of `roles`, worst first; roots by their rank."""
    found = [f for f in listed(document, "findings") if f.get("role") in roles]
    return sorted(found, key=lambda f: (f.get("rank") or 999, _weight(f), _number(f)))


def _weight(finding: Entry) -> int:
    severity = finding.get("severity")
    return _SEVERITY.index(severity) if severity in _SEVERITY else len(_SEVERITY)


def _number(finding: Entry) -> tuple[int, str]:
    name = str(finding.get("id", ""))
    digits = name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return (int(digits) if digits.isdecimal() else 0, name)


def roots(document: Document) -> list[Entry]:
    """Return the roots to show: those not over, or, where a failure has no other, those that are."""
    found = findings(document, "root")
    lasting = [f for f in found if f.get("at_end") != "ended"]
    return lasting or (found if document.get("verdict") in ("failure", "undetermined") else [])


def subject(names: Any) -> str:
    """Return who it is about, the most telling name first: `model iris, pod mlserver-0, namespace seldon`.

    What only a log names, and not of what kind it is, stands bare where nothing else tells what it is about.
    """
    names = {k: v for k, v in names.items() if v} if isinstance(names, dict) else {}
    if "name" in names and names.keys().isdisjoint(_THINGS):
        return ", ".join(filter(None, (str(names.pop("name")), subject(names))))
    first = [k for k in _SUBJECT_ORDER if k in names]
    rest = sorted(k for k in names if k not in _SUBJECT_ORDER and k != "namespace")
    last = ["namespace"] if "namespace" in names else []
    return ", ".join(f"{key} {names[key]}" for key in (*first, *rest, *last))


def subjects(finding: Entry) -> list[str]:
    """Return every subject of a finding, its own first."""
    shown = [subject(finding.get("subject")), *map(subject, finding.get("subjects") or ())]
    return [text for text in dict.fromkeys(shown) if text]


def whom(finding: Entry, most: int = 3) -> str:
    """Return the subjects on one line, the first `most` of them and how many more there are."""
    shown = subjects(finding)
    more = len(shown) - most
    return "; ".join(shown[:most]) + (f"; and {more} more" if more > 0 else "")


def about(finding: Entry, most: int = 3) -> str:
    """Return whom a finding is about, where it says so, since when and whether it lasts."""
    return "; ".join(filter(None, (whom(finding, most), lasts(finding))))


def lasts(finding: Entry) -> str:
    """Return since when, how often, and whether it lasts, in words."""
    first = moments.interval(finding.get("first"))
    since = first if first.startswith(("between", "before", "after", "time")) else f"since {first}"
    count = finding.get("count") or 0
    times = "once" if count == 1 else f"{count} times"
    end = {"ongoing": "ongoing", "ended": f"ended {moments.interval(finding.get('last'))}"}
    return ", ".join([since, *([times] if count else []), end.get(finding.get("at_end") or "", "end not known")])


def preceded(document: Document, finding: Entry) -> Entry | None:
    """Return the change that came before a finding, None where the document names none."""
    index = finding.get("preceded_by")
    changes = listed(document, "changes")
    known = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(changes)
    return changes[index] if known and index is not None else None


def place(cite: Entry) -> str:
    """Return `member:line`, or `member:first-last`."""
    first, last = span(cite)
    return f"{cite.get('member', '')}:{first}" + (f"-{last}" if last != first else "")


def short_place(cite: Entry) -> str:
    """Return a place as `place`, of a long path its last two parts alone."""
    *path, folder, name = ["", "", *place(cite).split("/")]
    return f".../{folder}/{name}" if any(path) else place(cite)


def places(cites: Iterable[Entry]) -> str:
    """Return the places of citations, each member once: `agent.log:3, 7-9; scheduler.log:2`."""
    by_member: dict[str, list[str]] = {}
    for cite in cites:
        member = str(cite.get("member", ""))
        by_member.setdefault(member, []).append(place(cite).removeprefix(f"{member}:"))
    return "; ".join(f"{member}:{', '.join(lines)}" for member, lines in by_member.items())


def span(cite: Entry) -> tuple[int, int]:
    """Return the first and last line of a citation."""
    lines = [n for n in cite.get("lines") or () if isinstance(n, int)]
    return (lines[0], lines[-1]) if lines else (0, 0)


def proofs(finding: Entry) -> Iterator[tuple[Entry, Entry]]:
    """Yield each piece of evidence that is present with each of its citations; decisive ones first."""
    order = {"decisive": 0, "required": 1, "supporting": 2}
    pieces = sorted(finding.get("evidence") or (), key=lambda p: order.get(p.get("strength"), 3))
    for piece in pieces:
        if piece.get("state") == "present":
            for cite in piece.get("cites") or ():
                yield piece, cite


def without_lines(finding: Entry) -> list[Entry]:
    """Return the pieces of evidence that no line shows: absent, unknown, or true without a part in the outcome."""
    return [p for p in finding.get("evidence") or () if p.get("state") != "present" or not p.get("cites")]


def telling(finding: Entry, most: int) -> list[Entry]:
    """Return at most `most` citations of a finding: the first of every piece, then the second of every piece."""
    by_piece: dict[str, list[Entry]] = {}
    for piece, cite in proofs(finding):
        by_piece.setdefault(str(piece.get("name")), []).append(cite)
    depth = max(map(len, by_piece.values()), default=0)
    turn = [cites[i] for i in range(depth) for cites in by_piece.values() if i < len(cites)]
    unique: dict[tuple[Any, Any], Entry] = {}
    for cite in turn:
        unique.setdefault((cite.get("member"), span(cite)), cite)
    return list(unique.values())[:most]


def missing(document: Document) -> list[Entry]:
    """Return what is unknown, by source: `source, why, collect, patterns`; what would separate most comes first.

    A source counts double for each pattern that is a candidate for a symptom that is there.
    """
    wanted = {c.get("pattern") for c in listed(document, "candidates") if c.get("state") == "unknown"}
    groups: dict[tuple[str, str, str], list[str]] = {}
    for entry in listed(document, "unknown"):
        for gap in entry.get("missing") or ():
            key = (str(gap.get("source") or ""), str(gap.get("why") or ""), str(gap.get("collect") or ""))
            groups.setdefault(key, []).append(str(entry.get("pattern") or ""))
    for source, why, collect in [key for key in groups if "<namespace>" in key[2]]:
        # Where nothing was known of the namespace, the command that names one serves as well.
        same = re.compile(re.escape(collect).replace("<namespace>", r"[^\s<>]+"))
        named = [key for key in groups if key[:2] == (source, why) and same.fullmatch(key[2])]
        if len(named) == 1:
            groups[named[0]] += groups.pop((source, why, collect))
    grouped = [
        {"source": source, "why": why, "collect": collect, "patterns": sorted(set(patterns))}
        for (source, why, collect), patterns in groups.items()
    ]
    return sorted(grouped, key=lambda g: (-_worth(g["patterns"], wanted), g["source"], g["why"], g["collect"]))


def remarks(document: Document) -> list[str]:
    """Return what a reader must know of the reading itself, with the sources in words."""
    return [spoken(remark) for remark in listed(document, "remarks")]


def _worth(patterns: Iterable[str], wanted: set[Any]) -> int:
    return sum(1001 if pattern in wanted else 1 for pattern in patterns)


def candidates(document: Document, symptom: Entry) -> tuple[list[Entry], list[Entry]]:
    """Return the possible causes of `symptom`: those still open, and those ruled out, in the document's order."""
    mine = [c for c in listed(document, "candidates") if c.get("symptom") == symptom["id"]]
    return [c for c in mine if c.get("state") == "unknown"], [c for c in mine if c.get("state") != "unknown"]


def wanted(candidate: Entry) -> list[tuple[str, str]]:
    """Return what to collect to decide a candidate: reasons and the command, each command once."""
    by_command: dict[str, list[str]] = {}
    for one in candidate.get("collect") or ():
        by_command.setdefault(str(one.get("run") or ""), []).append(spoken(one.get("why")))
    return [("; ".join(dict.fromkeys(filter(None, reasons))), run) for run, reasons in by_command.items()]


def checks(document: Document) -> list[Entry]:
    """Return the readiness checks, failed ones first; a finding of role check that the list lacks is a failed one.

    The `status` of a check is its outcome, that of a finding its pattern's.
    """
    asked = list(listed(document, "checks"))
    known = {c.get("id") or c.get("pattern") for c in asked} | {c.get("pattern") for c in asked}
    asked += [
        {**f, "status": f.get("status") if f.get("status") in CHECKED else "failed"}
        for f in findings(document, "check")
        if f.get("id") not in known and f.get("pattern") not in known
    ]
    told = [{**c, "why": spoken(c["why"])} if c.get("status") == "unknown" and c.get("why") else c for c in asked]
    return sorted(told, key=lambda c: (_place_in(CHECKED, c.get("status")), _weight(c), str(c.get("pattern"))))


def _place_in(order: tuple[str, ...], word: Any) -> int:
    return order.index(word) if word in order else len(order)


def not_read(document: Document) -> list[Entry]:
    """Return the members that were not read whole."""
    return [m for m in listed(document.get("coverage") or {}, "members") if m.get("status") != "read"]


def coverage_line(document: Document) -> str:
    """Return what was read, on one line."""
    covered = document.get("coverage") or {}
    members = listed(covered, "members")
    counts: dict[str, int] = {}
    for member in members:
        counts[str(member.get("status"))] = counts.get(str(member.get("status")), 0) + 1
    lines = sum(member.get("lines") or 0 for member in members)
    rejects = sum(member.get("rejects") or 0 for member in members)
    kinds = sorted({str(source.get("source")) for source in listed(covered, "sources")})
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items(), key=lambda x: (-x[1], x[0])))
    return (
        f"{len(members)} members ({told or 'none'}), {lines} lines, {rejects} not understood"
        f"; sources: {', '.join(kinds) or 'none'}"
    )


def collected(document: Document) -> str:
    """Return the period of the bundle in words."""
    period = document.get("period") or {}
    if not period.get("from") and not period.get("to"):
        return "period not known"
    return f"{moments.utc(period.get('from'))} to {moments.utc(period.get('to'))}"


def failure_text(failure: Any) -> str:
    """Return a failure of ours as one sentence, whatever its shape."""
    if isinstance(failure, dict):
        return ", ".join(f"{key} {value}" for key, value in failure.items() if value is not None)
    return str(failure)


def impact_lines(document: Document) -> list[str]:
    """Return what was hit, a line each: models, pipelines, requests."""
    impact = document.get("impact") or {}
    told = [f"Hit: {key}: {', '.join(map(str, impact[key]))}" for key in ("models", "pipelines") if impact.get(key)]
    requests = impact.get("requests") or {}
    if requests.get("total") is not None or requests.get("failed") is not None:
        total, failed = requests.get("total"), requests.get("failed")
        share = f"{'not known how many' if failed is None else failed or 'none'} of {total} failed"
        if total is None:
            share = f"{failed or 'none'} failed, of how many is not known"
        elif total == 0:
            share = "none were made"
        told.append(f"Requests: {share} (from {requests.get('source') or 'a source not named'})")
    return told


def occurred(document: Document) -> list[Entry]:
    """Return the timeline with each line of the bundle once: `findings` are all those it proves, `what` names them.

    Entries keep the fields of the document's; `finding` is the first of `findings`, None where it proves none.
    """
    rows: dict[tuple[Any, ...], Entry] = {}
    for number, entry in enumerate(listed(document, "timeline")):
        cite = entry.get("cite") or {}
        own = (cite["member"], span(cite)) if cite.get("member") and entry.get("finding") else (number,)
        row = rows.setdefault((entry.get("earliest"), entry.get("latest"), *own), {**entry, "findings": [], "told": []})
        if entry.get("finding") and entry["finding"] not in row["findings"]:
            row["findings"].append(entry["finding"])
        if entry.get("what") not in row["told"]:
            row["told"].append(entry.get("what"))
    return [{**row, "what": joined(row.pop("told"), "; ")} for row in rows.values()]


def link(row: Entry, name: str) -> Entry | None:
    """Return the link called `name` of a row of state, None where it has none."""
    return next((link for link in row.get("links") or () if link.get("link") == name), None)


def broken_first(rows: list[Entry]) -> list[Entry]:
    """Return rows of state, those with a broken link first, else in the document's order."""
    return sorted(rows, key=lambda row: not row.get("broken"))


def shortened(entries: list[Entry], most: int) -> list[Entry]:
    """Return at most `most` entries of a timeline in their order; those of a finding are kept first."""
    if len(entries) <= most:
        return entries
    order = sorted(range(len(entries)), key=lambda i: (not entries[i].get("finding"), i))
    return [entries[i] for i in sorted(order[:most])]


def percent(share: float | None) -> str:
    """Return a share in percent, rounded down: 99.9 % is not all."""
    return "not known" if share is None else f"{int(share * 1000) / 10:g} %"


def called(candidate: Entry) -> str:
    """Return a candidate by its title, where it has one, and its pattern."""
    title, pattern = candidate.get("title"), str(candidate.get("pattern") or "")
    return f"{title} ({pattern})" if title else pattern


def joined(words: Iterable[Any] | None, between: str = ", ") -> str:
    """Return words as one plain text. Jinja2's own `join` returns markup, which nothing makes visible any more."""
    return between.join(map(str, words or ()))


def trusted(finding: Mapping[str, Any]) -> str:
    """Return how often a finding's pattern was right where it was named; empty where it was not measured."""
    found = finding.get("measured") or {}
    if not found:
        return ""
    return (
        f"In simulated installations this cause was named {found.get('named')} times, and rightly {found.get('right')}."
    )


def counted(count: int, noun: str) -> str:
    """Return a number and its noun: `1 failure`, `2 failures`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
