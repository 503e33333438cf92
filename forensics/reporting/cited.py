"""The members of a bundle as artifacts of SARIF, with the lines that a report cites where they stand in the file.

Logs lie in archives, where no editor finds them. A viewer shows what an artifact holds, at the line a result names,
when its location gives the artifact's index; so an artifact holds its cited lines and their neighbours, all others
empty.

Source: SARIF 2.1.0, 3.4.5 and 3.24.8; sarif-vscode-extension of Microsoft, src/shared/index.ts (parseArtifactLocation).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from forensics.document import Document
from forensics.reporting import view
from forensics.reporting.escape import visible
from forensics.reporting.view import Entry

MOST_LINES = 1_000_000  # of all artifacts together, empty ones counted: 2 MB
ABOUT = "only lines that the report cites are here, with their neighbours; all others are empty"


class Cited:
    """The members of a document, numbered.

    Attributes:
        artifacts: as the run lists them.
    """

    def __init__(self, document: Document, entries: Iterable[Entry]) -> None:
        members = view.listed(document.get("coverage") or {}, "members")
        lines = _lines(entries)
        known = {uri_of(str(m.get("member"))): visible(m.get("sha256")) for m in reversed(members)}
        self._index: dict[str, int] = {}
        self.artifacts: list[Document] = []
        left = MOST_LINES
        for uri in dict.fromkeys([*(uri_of(str(m.get("member"))) for m in members), *lines]):
            artifact: Document = {"location": {"uri": uri}}
            if digest := known.get(uri):
                artifact["hashes"] = {"sha-256": digest}
            held = lines.get(uri, {})
            if held and max(held) <= left:
                left -= max(held)
                artifact["contents"] = {"text": "\n".join(held.get(n, "") for n in range(1, max(held) + 1))}
                artifact["description"] = {"text": ABOUT}
            self._index[uri] = len(self.artifacts)
            self.artifacts.append(artifact)

    def location(self, cite: Entry) -> Document:
        """Return where a citation stands, its lines and those around them."""
        first, last = view.span(cite)
        uri = uri_of(str(cite.get("member")))
        place: Document = {
            "artifactLocation": {"uri": uri, "index": self._index[uri]},
            "region": {
                "startLine": max(first, 1),
                "endLine": max(last, first, 1),
                "snippet": {"text": visible(cite.get("text"))},
            },
        }
        before, after = _around(cite)
        if before or after:
            place["contextRegion"] = {
                "startLine": max(first - len(before), 1),
                "endLine": max(last, first, 1) + len(after),
                "snippet": {"text": "\n".join([*before, visible(cite.get("text")), *after])},
            }
        return {"physicalLocation": place}


def uri_of(member: str) -> str:
    """Return a member's name as a reference that a viewer resolves against the folder it was unpacked into."""
    return quote(visible(member), safe="/!~-._")


def _around(cite: Entry) -> tuple[list[str], list[str]]:
    """Return the lines before and after a citation."""
    context = cite.get("context")
    before, after = (_texts(context, side) for side in ("before", "after"))
    return before[max(0, len(before) - max(0, view.span(cite)[0] - 1)) :], after


def _texts(context: Any, side: str) -> list[str]:
    held = context.get(side) if isinstance(context, dict) else None
    return [_line(text) for text in held] if isinstance(held, list) else []


def _line(text: Any) -> str:
    return visible(text).replace("\n", "\\n")


def _lines(entries: Iterable[Entry]) -> dict[str, dict[int, str]]:
    """Return, by the member's URI, the lines that are cited and those around them, by number."""
    lines: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in entries:
        for _, cite in view.proofs(entry):
            first, last = view.span(cite)
            first = max(1, first)
            held = lines[uri_of(str(cite.get("member")))]
            before, after = _around(cite)
            texts = visible(cite.get("text")).split("\n")[: max(1, last - first + 1)]
            for number, text in enumerate([*before, *texts, *after], first - len(before)):
                if number >= 1 and (number not in held or first <= number < first + len(texts)):
                    held[number] = text
    return lines
