"""The extra parts of a review, as tables of plain text: what the terminal, Markdown and HTML show alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forensics.document import Document
from forensics.readiness.connectivity import side_by_side, told

MOST_CONNECTIONS = 60
FEW = 8  # rows of a long table in a short report
SCORES = "Score by area"
CONNECTIONS = "Connections"
VERSIONS = "Versions"
CERTIFICATES = "Certificates"
SEND = "What to send to decide the unknown"
FACTS = "What the installation shows"
APPLY = "What to apply"
PATTERNS = "Which installation pattern fits"
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading, and the rows that were left out of it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0


def telling(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return what a short report has room for: connections that are shut, the best pattern, the names of files."""
    if table.title == CONNECTIONS:
        return tuple(row for row in table.rows if row[3].startswith("shut"))[:FEW]
    if table.title in (PATTERNS, SEND):
        return table.rows[: 1 if table.title == PATTERNS else FEW]
    if table.title == VERSIONS:
        return tuple(row for row in table.rows if row[2] in ("mixed", "not tested", "a tag that moves"))
    if table.title == CERTIFICATES:
        return tuple(row for row in table.rows if row[-1] != "valid")[:FEW]
    if table.title == FACTS:
        return ()
    return tuple(row[:2] for row in table.rows) if table.title == APPLY else table.rows


def is_review(document: Document) -> bool:
    """Whether a document is that of a review."""
    return isinstance(document.get("scores"), list)


def anchor(table: Table) -> str:
    """Return what a table is linked by inside of a page."""
    return "review-" + "-".join(table.title.lower().split())


def asked_of(document: Document) -> str:
    """Return what an installation is held against, and what it runs on."""
    platform = document.get("platform") or "not known: no node was dumped"
    return f"Held against what a {document.get('profile')} installation needs. Platform: {platform}."


def tables(document: Document) -> Iterator[Table]:
    """Yield the tables of a review: score by area, connections, patterns of installation, baseline, manifests."""
    if not is_review(document):
        return
    yield Table(SCORES, ("area", "passed of decided", "unknown", "not applicable", "accepted"), _scores(document))
    if wanted := _wanted(document):
        yield Table(SEND, ("command", "decides"), wanted)
    connections = side_by_side(_listed(document, "connectivity"))
    if connections:
        rows = tuple(tuple(told(row)) for row in connections[:MOST_CONNECTIONS])
        head = ("from", "to", "port", "state", "why")
        yield Table(CONNECTIONS, head, rows, max(0, len(connections) - MOST_CONNECTIONS))
    if facts := _facts(document.get("installation")):
        yield Table(FACTS, ("of", "seen"), facts)
    if placed := _listed(document, "placement"):
        head = ("pattern", "for", "against", "not known", "steps from today")
        yield Table(PATTERNS, head, tuple(_placed(row) for row in placed))
    if parts := _listed(document, "versions"):
        yield Table(VERSIONS, ("part", "versions", "state", "from"), tuple(_version(row) for row in parts))
    if dated := _listed(document, "certificates"):
        names = ("certificate", "namespace", "from", "made out to", "expires", "days left", "state")
        yield Table(CERTIFICATES, names, tuple(_dated(row) for row in dated))
    if accepted := _listed(document, "baseline"):
        yield Table(
            "Baseline", ("check", "about", "until", "state", "reason"), tuple(_accepted(row) for row in accepted)
        )
    if made := _listed(document, "manifests"):
        yield Table(APPLY, ("file", "mends", "objects", "to fill in", "valid"), tuple(_made(row) for row in made))


def _listed(document: Document, key: str) -> list[Entry]:
    held = document.get(key)
    return [entry for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []


_FACTS = {
    "spaces": "namespaces with Models, Servers or Pipelines",
    "runtimes": "namespaces with a runtime",
    "teams": "teams by labels",
    "models": "Models",
    "requests": "requests Envoy counted",
    "balancers": "namespaces whose seldon-mesh is open to the outside",
    "ingresses": "namespaces with an Ingress to seldon-mesh",
    "guarded": "namespaces with NetworkPolicies",
    "sidecars": "namespaces with a mesh's sidecars",
}


def _facts(held: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(held, dict):
        return ()
    rows = []
    for name, words in _FACTS.items():
        value = held.get(name)
        listed = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        rows.append((words, "not collected" if value is None else listed or "none"))
    return tuple(rows)


def _wanted(document: Document) -> tuple[tuple[str, ...], ...]:
    """Return the commands that decide unknown checks, those that decide most first."""
    worth: dict[str, list[str]] = {}
    for check in _listed(document, "checks"):
        if check.get("status") == "unknown":
            for entry in check.get("collect") or ():
                if isinstance(entry, dict) and entry.get("run"):
                    worth.setdefault(str(entry["run"]), []).append(str(check.get("pattern")).rpartition("/")[2])
    ordered = sorted(worth.items(), key=lambda w: (-len(w[1]), w[0]))
    return tuple((run, "; ".join(dict.fromkeys(names))) for run, names in ordered)


def _scores(document: Document) -> tuple[tuple[str, ...], ...]:
    rows = []
    for row in _listed(document, "scores"):
        passed = row.get("passed") or 0
        decided = passed + (row.get("failed") or 0)
        share = f"{passed} of {decided}" if decided else "none decided"
        others = (row.get("unknown"), row.get("not_applicable"), row.get("accepted"))
        rows.append((str(row.get("area")), share, *(str(n or 0) for n in others)))
    return tuple(rows)


def _placed(row: Entry) -> tuple[str, ...]:
    parts = (row.get("for"), row.get("against"), row.get("unknown"), row.get("distance"))
    return (f"{row.get('pattern')} (fit {row.get('fit')})", *(_told(part) for part in parts))


def _told(part: Any) -> str:
    words = [str(word) for word in part] if isinstance(part, Sequence) and not isinstance(part, str) else []
    return "; ".join(words) or "-"


def _version(row: Entry) -> tuple[str, ...]:
    return (str(row.get("part")), _told(row.get("versions")), str(row.get("state")), str(row.get("source")))


def _dated(row: Entry) -> tuple[str, ...]:
    told = {**row, "names": ", ".join(map(str, row.get("names") or ())) or None}
    names = ("name", "namespace", "source", "names", "expires", "days", "state")
    return tuple("-" if told.get(name) is None else str(told[name]) for name in names)


def _accepted(row: Entry) -> tuple[str, ...]:
    subject = row.get("subject")
    about = ", ".join(f"{k} {v}" for k, v in subject.items()) if isinstance(subject, dict) else ""
    return (str(row.get("check")), about or "any", str(row.get("until")), str(row.get("state")), str(row.get("reason")))


def _made(row: Entry) -> tuple[str, ...]:
    return (
        str(row.get("file")),
        _told(_names(row)),
        _told(row.get("objects")),
        _told(row.get("notes")),
        str(row.get("valid") or "-"),
    )


def _names(row: Entry) -> list[str]:
    held = row.get("checks")
    return [str(name).rpartition("/")[2] for name in held] if isinstance(held, list) else []
