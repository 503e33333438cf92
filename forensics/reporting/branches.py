"""Findings as they are told: each at one place, under what it follows from."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forensics.document import Document
from forensics.reporting import moments, view
from forensics.reporting.view import Entry


@dataclass(frozen=True, slots=True)
class Branch:
    """A root and what stands under it.

    Attributes:
        root: the root.
        followers: what it explains, nearest first, each only under the first root that explains it.
        also: what it explains too, and that stands under an earlier root.
    """

    root: Entry
    followers: tuple[Entry, ...]
    also: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """All findings but the checks, each at the one place where it is told.

    Attributes:
        branches: the roots that are shown, with what follows from them.
        unexplained: symptoms and contributing findings that are not over and stand under no root.
        cured: what was over by the end and stands nowhere else.
        assumed: finding to what its explanation rests on, where no edge to it is proven.
        edges: finding to what explains it: by which, how sure, why, and when either was.
    """

    branches: tuple[Branch, ...]
    unexplained: tuple[Entry, ...]
    cured: tuple[Entry, ...]
    assumed: Mapping[Any, str]
    edges: Mapping[Any, tuple[str, ...]]

    @property
    def shown(self) -> list[Entry]:
        """All of them, in the order they are told."""
        told = [entry for branch in self.branches for entry in (branch.root, *branch.followers)]
        return [*told, *self.unexplained, *self.cured]


def tree(document: Document) -> Tree:
    """Return the findings of `document` as they are told."""
    by_id = {f.get("id"): f for f in view.listed(document, "findings")}
    branches: list[Branch] = []
    placed: set[Any] = set()
    for root in view.roots(document):
        under = [f for f in _reached(root, by_id) if f.get("role") != "root"]
        mine = tuple(f for f in under if f.get("id") not in placed)
        branches.append(Branch(root, mine, tuple(f for f in under if f.get("id") in placed)))
        placed |= {f.get("id") for f in (root, *mine)}
    rest = [f for f in view.findings(document, "root", "symptom", "contributing") if f.get("id") not in placed]
    lasting = tuple(
        sorted(
            (f for f in rest if f.get("at_end") != "ended" and f.get("role") != "root"),
            key=lambda f: bool(f.get("explained_by")),  # what came first of what is left stands first
        )
    )
    over = tuple(f for f in rest if f.get("at_end") == "ended")
    return Tree(tuple(branches), lasting, over, _assumed(document), _edges(document, by_id))


def _reached(root: Entry, by_id: Mapping[Any, Entry]) -> list[Entry]:
    found: dict[Any, Entry] = {}
    ahead = deque(root.get("explains") or ())
    while ahead:
        name = ahead.popleft()
        if name in by_id and name not in found and name != root.get("id"):
            found[name] = by_id[name]
            ahead.extend(by_id[name].get("explains") or ())
    return list(found.values())


def _assumed(document: Document) -> dict[Any, str]:
    told: dict[Any, str] = {}
    proven = set()
    for finding in view.listed(document, "findings"):
        for edge in finding.get("edges") or ():
            if edge.get("state") == "proven":
                proven.add(edge.get("to"))
            words = filter(None, [str(edge.get("state") or ""), str(edge.get("reason") or "")])
            told.setdefault(edge.get("to"), ": ".join(words))
    return {name: words for name, words in told.items() if name not in proven}


def _edges(document: Document, by_id: Mapping[Any, Entry]) -> dict[Any, tuple[str, ...]]:
    told: dict[Any, tuple[str, ...]] = {}
    for cause in view.listed(document, "findings"):
        for edge in cause.get("edges") or ():
            own = by_id.get(edge.get("to"), {})
            since, until = _at(cause, "first"), _at(own, "last")
            through = f", through {', '.join(edge['through'])}" if edge.get("through") else ""
            words = f"by {cause.get('id')}, {edge.get('state')}: {edge.get('reason')}{through}"
            times = f"; {cause.get('id')} since {since}, this until {until}" if since and until else ""
            told[edge.get("to")] = (*told.get(edge.get("to"), ()), words + times)
    return told


def _at(finding: Entry, which: str) -> str:
    held = finding.get(which)
    found = held.get("earliest" if which == "first" else "latest") if isinstance(held, dict) else None
    return moments.utc(found) if found else ""
