"""A Markdown page for each pattern, and one that lists them all."""

import re
from collections.abc import Mapping

from parsers.schema import NAMES
from patterns.graph import edges
from patterns.matches import shown_term
from patterns.pattern import Evidence, Library, Pattern

_NAME = re.compile(r"\$\{?(" + "|".join(sorted(NAMES, key=len, reverse=True)) + r")\b\}?")


def to_fill_in(text: str) -> str:
    """Return `text` with every `$name` that a finding would bind as `<name>`: a shell would take it for nothing."""
    return _NAME.sub(r"<\1>", text)


def pages(library: Library) -> dict[str, str]:
    """Return path to Markdown: `index.md`, and `<layer>/<name>.md` for each pattern."""
    explains = edges(library.patterns)
    explained: dict[str, set[str]] = {}
    for cause, symptoms in explains.items():
        for symptom in symptoms:
            explained.setdefault(symptom, set()).add(cause)
    made = {
        f"{id}.md": page(pattern, library.patterns, explains.get(id, frozenset()), frozenset(explained.get(id, ())))
        for id, pattern in sorted(library.patterns.items())
    }
    return {"index.md": index(library), **made}


def index(library: Library) -> str:
    """Return the list of all patterns, layer by layer."""
    lines = ["# Patterns", "", f"{len(library.patterns)} known failures.", ""]
    layers = sorted({pattern.layer for pattern in library.patterns.values()})
    for layer in layers:
        lines += [f"## {layer}", "", "| pattern | what is wrong | severity | role |", "|---|---|---|---|"]
        lines += [
            f"| [{pattern.name}]({id}.md) | {_cell(pattern.title)} | {pattern.severity} | {_role(pattern)} |"
            for id, pattern in sorted(library.patterns.items())
            if pattern.layer == layer
        ]
        lines.append("")
    return "\n".join(lines)


def page(
    pattern: Pattern, patterns: Mapping[str, Pattern], explains: frozenset[str], explained_by: frozenset[str]
) -> str:
    """Return one pattern's page.

    Args:
        pattern: what it is about.
        patterns: all of them, for titles.
        explains: ids of what it can bring about.
        explained_by: ids of what can bring it about.
    """
    facts = [f"`{pattern.id}`", pattern.severity, _role(pattern), pattern.status]
    facts += [pattern.versions] if pattern.versions else []
    lines = [f"# {_escaped(pattern.title)}", "", " · ".join(facts), ""]
    lines += [_escaped(pattern.about), ""] if pattern.about else []
    lines += _links("Can be caused by", explained_by, patterns) + _links("Can cause", explains, patterns)
    lines += ["## How it is found", "", f"`{shown_term(pattern.match)}`", ""]
    for piece in pattern.evidence.values():
        lines += _evidence(piece)
    if pattern.remedy or pattern.verify:
        lines += ["## What to do", ""]
    for number, action in enumerate(pattern.remedy, 1):
        lines += [f"{number}. {_escaped(to_fill_in(action.do))}", ""]
        lines += [*_code(to_fill_in(action.run), "sh", "   "), ""] if action.run else []
    if pattern.verify:
        lines += [f"It is mended when this shows {_escaped(to_fill_in(pattern.verify.expect))}:", ""]
        lines += [*_code(to_fill_in(pattern.verify.run), "sh"), ""]
    if pattern.references:
        lines += ["## References", "", *(f"- <{reference}>" for reference in pattern.references), ""]
    return "\n".join(lines)


def _evidence(piece: Evidence) -> list[str]:
    traits = [piece.strength]
    traits += ["weak: healthy systems show it too"] if piece.weak else []
    traits += ["bare: shows that it is so, not why"] if piece.bare else []
    traits += [f"printed at {piece.level}"] if piece.level else []
    names = ", ".join(sorted(piece.names))
    lines = [f"**{piece.name}** in `{piece.source}` ({', '.join(traits)}){': ' + names if names else ''}", ""]
    lines += [*_code(piece.where.text.strip(), ""), ""] if piece.where else ["Every row.", ""]
    return lines + ([_escaped(piece.note), ""] if piece.note else [])


def _links(heading: str, ids: frozenset[str], patterns: Mapping[str, Pattern]) -> list[str]:
    if not ids:
        return []
    listed = [f"- [{_escaped(patterns[id].title) if id in patterns else id}](../{id}.md)" for id in sorted(ids)]
    return [f"## {heading}", "", *listed, ""]


def _role(pattern: Pattern) -> str:
    return "check" if pattern.check else pattern.role


def _code(text: str, language: str, indent: str = "") -> list[str]:
    longest = max((len(run) for run in _backticks(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{indent}{line}" for line in (f"{fence}{language}", *text.split("\n"), fence)]


def _backticks(text: str) -> list[str]:
    return [run for run in "".join(letter if letter == "`" else " " for letter in text).split(" ") if run]


def _escaped(text: str) -> str:
    # What stands between backticks is code: there a backslash would be shown.
    parts = re.split(r"(`[^`\n]+`)", text)
    return "".join(part if index % 2 else re.sub(r"[<\[*_]", r"\\\g<0>", part) for index, part in enumerate(parts))


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|")
