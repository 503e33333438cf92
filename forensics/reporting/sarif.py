"""The report as SARIF 2.1.0, for pipelines that collect results of analysers.

Source: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", OASIS Standard, 27 March 2020.
"""

from typing import Any

from forensics.document import Document
from forensics.reporting import view
from forensics.reporting.cited import Cited
from forensics.reporting.escape import visible
from forensics.reporting.view import Entry

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_KINDS = {"passed": "pass", "failed": "fail", "not applicable": "notApplicable", "unknown": "open"}


def sarif(document: Document) -> Document:
    """Return the report as SARIF: a rule a pattern, a result a finding or check, its citations as locations.

    What was over by the end is informational; what is unknown stands in the run's properties.
    """
    checks = view.checks(document)
    asked = {check.get("id") for check in checks if check.get("id")}
    findings = [f for f in view.listed(document, "findings") if f.get("id") not in asked and f.get("role") != "check"]
    entries = [*findings, *checks]
    rules = {entry.get("pattern"): entry for entry in reversed(entries)}
    order = {pattern: index for index, pattern in enumerate(sorted(rules, key=str))}
    tool = document.get("tool") or {}
    cited = Cited(document, entries)
    run = {
        "tool": {
            "driver": {
                "name": "seldon-forensics",
                "version": visible(tool.get("version")),
                "rules": [_rule(pattern, rules[pattern]) for pattern in order],
            }
        },
        "artifacts": cited.artifacts,
        "results": [_result(entry, order, cited) for entry in entries],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "verdict": visible(document.get("verdict")),
            "summary": visible(document.get("summary")),
            "unknown": [visible(entry.get("pattern")) for entry in view.listed(document, "unknown")],
        },
    }
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _safe(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def _rule(pattern: Any, entry: Entry) -> Document:
    rule: Document = {
        "id": visible(pattern),
        "shortDescription": {"text": visible(entry.get("title")) or visible(pattern)},
        "defaultConfiguration": {"level": _LEVELS.get(str(entry.get("severity")), "warning")},
        "properties": {"tags": _tags(entry.get("layer"), entry.get("area"), entry.get("role"))},
    }
    steps = [
        ": ".join(filter(None, (visible(a.get("do")), visible(a.get("run"))))) for a in entry.get("remedy") or () if a
    ]
    if steps:
        rule["help"] = {"text": "\n".join(steps)}
    return rule


def _tags(*words: Any) -> list[str]:
    # The schema wants them unique.
    return list(dict.fromkeys(visible(word) for word in words if word))


def _result(entry: Entry, order: dict[Any, int], cited: Cited) -> Document:
    kind = "informational" if entry.get("at_end") == "ended" else _KINDS.get(str(entry.get("status")), "fail")
    words = [visible(entry.get("title")), view.whom(entry), visible(entry.get("why"))]
    properties = {key: entry.get(key) for key in ("id", "role", "rank", "certainty", "confidence", "at_end", "count")}
    return {
        "ruleId": visible(entry.get("pattern")),
        "ruleIndex": order[entry.get("pattern")],
        "kind": kind,
        "level": _LEVELS.get(str(entry.get("severity")), "warning") if kind == "fail" else "none",
        "message": {"text": visible(". ".join(word for word in words if word)) or "no words"},
        "locations": _locations(entry, cited),
        "partialFingerprints": {"subject/v1": visible("|".join([str(entry.get("pattern")), *view.subjects(entry)]))},
        "properties": {key: _safe(value) for key, value in properties.items() if value is not None},
    }


def _locations(entry: Entry, cited: Cited) -> list[Document]:
    """Return where the proofs of an entry stand, each place once; the first says what it is about."""
    places = {(str(c.get("member")), view.span(c)): cited.location(c) for _, c in reversed([*view.proofs(entry)])}
    made = list(reversed(places.values()))
    names = [{"fullyQualifiedName": visible(name), "kind": "resource"} for name in view.subjects(entry)]
    return [{**one, "logicalLocations": names} for one in made[:1]] + made[1:] if names else made
