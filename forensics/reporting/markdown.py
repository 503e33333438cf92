"""The report as Markdown for a ticket: text from the bundle stands in code, or escaped so that it reads as written."""

import sys
from itertools import groupby

from forensics.document import Document
from forensics.reporting import branches, moments, reviewed, view
from forensics.reporting.branches import Branch, Tree
from forensics.reporting.embedded import citation_block, comment
from forensics.reporting.escape import code_span, fenced, visible, worded
from forensics.reporting.escape import markdown as plain
from forensics.reporting.sources import in_words, spoken
from forensics.reporting.view import Entry

MOST_PROOFS = 8  # citations shown of one finding; the comment at the end holds all
MOST_LINES = 5  # of one citation at either end: a long object or traceback keeps its first and last ones
MOST_PLACE = 32  # characters of a member in front of its lines; a longer one stands above them
MOST_ROWS = 60
MOST_CANDIDATES = 6  # told with their commands; those that would separate most come first
MOST_UNKNOWN = 12  # sources that were missing; those that would separate most come first


def markdown(document: Document) -> str:
    """Return the report as Markdown (GitHub's flavour), with its citations in a comment at the end for `verify`."""
    lines, tree = _answer(document), branches.tree(document)
    if tree.branches:
        lines += ["", "## Root causes"]
        for branch in tree.branches:
            lines += _root(document, branch)
    if left := tree.unexplained:
        lines += ["", "## Not explained by a cause that was found"]
        for symptom in left:
            lines += [
                "",
                f"### {worded(symptom.get('title'))} ({plain(symptom.get('id'))})",
                "",
                *_about(document, symptom),
            ]
            lines += [*proofs(symptom), *_candidates(document, symptom), *_remedy(symptom)]
    lines += [*_checks(document), *_review(document), *_state(document), *_unknown(document), *_foot(document, tree)]
    return "\n".join(lines) + "\n"


def _answer(document: Document) -> list[str]:
    verdict = str(document.get("verdict", ""))
    given = document.get("input") or {}
    word = "REVIEW" if reviewed.is_review(document) else view.VERDICTS.get(verdict, plain(verdict))
    lines = [
        f"# {word}: {worded(document.get('summary'))}",
        "",
        f"{code_span(given.get('name'))}, {plain(view.collected(document))}",
    ]
    told = [f"- {plain(reviewed.asked_of(document))}"] if reviewed.is_review(document) else []
    told += [f"- {plain(line)}" for line in view.impact_lines(document)]
    if chain := view.listed(document, "chain"):
        told.append("- Chain: " + " → ".join(f"{plain(link.get('node'))} {_loud(link.get('state'))}" for link in chain))
    told += [f"- Note: {plain(remark)}" for remark in view.remarks(document)]
    told += [f"- **Our own failure**: {plain(view.failure_text(f))}" for f in view.listed(document, "failures")]
    return [*lines, "", *told] if told else lines


def _loud(state: object) -> str:
    return f"**{state}**" if state == "broken" else plain(state, cell=True)


def _root(document: Document, branch: Branch) -> list[str]:
    root = branch.root
    lines = ["", f"### {plain(root.get('rank') or '-')}\\. {worded(root.get('title'))} ({plain(root.get('id'))})", ""]
    lines += [*_about(document, root), *proofs(root)]
    if followers := branch.followers:
        lines += ["", "What follows from it:", ""]
        for one in followers:
            lines.append(
                f"- {plain(one.get('id'))} {worded(one.get('title'))} ({plain(one.get('severity'))}, "
                f"{plain(one.get('certainty'))}): {plain(view.about(one))}"
            )
            lines += [f"  - {code_span(view.place(c))} {code_span(c.get('text'))}" for c in view.telling(one, 1)]
    return [*lines, *_remedy(root)]


def _about(document: Document, finding: Entry) -> list[str]:
    labels = ", ".join(plain(finding.get(key)) for key in ("severity", "certainty", "role"))
    lines = [" · ".join(filter(None, (f"**{labels}**", plain(view.whom(finding, 12)), plain(view.lasts(finding)))))]
    if finding.get("why"):
        lines += ["", worded(finding["why"])]
    if change := view.preceded(document, finding):
        lines += ["", f"Just before: {plain(change.get('what'))}, {plain(moments.utc(change.get('time')))}"]
    return lines


def proofs(finding: Entry, most: int = MOST_PROOFS) -> list[str]:
    """Return the citations of a finding as one code block, `member:line  text`, a long member above its lines."""
    cites = view.telling(finding, most)
    total = len(view.telling(finding, sys.maxsize))
    shown: list[str] = []
    for member, same in groupby(cites, lambda cite: str(cite.get("member"))):
        apart = len(member) > MOST_PLACE  # else the text would stand where nobody scrolls to
        lines = [line for cite in same for line in _ends(cited(cite))]
        shown += [f"{member}:", *(f"  {line.removeprefix(f'{member}:')}" for line in lines)] if apart else lines
    if not shown:
        return []
    more = [f"{total - len(cites)} more lines say the same."] if total > len(cites) else []
    return ["", *fenced(shown), *more]


def _ends(lines: list[str]) -> list[str]:
    hidden = len(lines) - 2 * MOST_LINES
    return lines if hidden < 2 else [*lines[:MOST_LINES], f"... {hidden} lines of it ...", *lines[-MOST_LINES:]]


def cited(cite: Entry) -> list[str]:
    """Return the lines of a citation, each with its place."""
    first, _ = view.span(cite)
    lines = str(cite.get("text") or "").split("\n")
    return [f"{cite.get('member')}:{number}  {line}" for number, line in enumerate(lines, first)]


def command(run: object) -> list[str]:
    """Return a command as a code block of its own; nothing for none."""
    lines = [line for line in visible(run).split("\n") if line.strip()]
    return ["", *fenced(lines, "sh")] if lines else []


def _remedy(finding: Entry) -> list[str]:
    lines: list[str] = []
    for action in finding.get("remedy") or ():
        lines += ["", f"**Do:** {worded(action.get('do'))}", *command(action.get("run"))]
    if check := finding.get("verify"):
        lines += ["", f"**Mended when this shows:** {worded(check.get('expect'))}", *command(check.get("run"))]
    return lines


def _candidates(document: Document, symptom: Entry) -> list[str]:
    still_open, ruled_out = view.candidates(document, symptom)
    lines: list[str] = []
    for candidate in still_open[:MOST_CANDIDATES]:
        lines += ["", f"Possible: {worded(view.called(candidate))}, unknown: {plain(spoken(candidate.get('because')))}"]
        for _, run in view.wanted(candidate):
            lines += command(run)
    if rest := still_open[MOST_CANDIDATES:]:
        lines += ["", "Possible too, and unknown:", ""]
        lines += [f"- {worded(view.called(c))}: {plain(spoken(c.get('because')))}" for c in rest]
    if ruled_out:
        lines += ["", "Ruled out:", ""]
        lines += [f"- {worded(view.called(c))}: {plain(spoken(c.get('because')))}" for c in ruled_out]
    return lines


def _checks(document: Document) -> list[str]:
    checks = view.checks(document)
    if not checks:
        return []
    lines = ["", "## Readiness", "", "| check | area | outcome | severity | where | why |", "|---" * 6 + "|"]
    for check in checks:
        known = (check.get(key) for key in ("title", "area", "status", "severity"))
        cells = (*known, view.whom(check, 12), check.get("why"))
        lines.append("| " + " | ".join(plain(cell, cell=True) for cell in cells) + " |")
    for check in checks:
        if check.get("status") == "failed" and (told := [*proofs(check), *_remedy(check)]):
            lines += ["", f"### {worded(check.get('title'))}", *told]
    return lines


def _review(document: Document) -> list[str]:
    lines: list[str] = []
    for table in reviewed.tables(document):
        lines += ["", f"## {table.title}", "", f"| {' | '.join(table.head)} |", "|---" * len(table.head) + "|"]
        lines += [f"| {' | '.join(plain(cell, cell=True) for cell in row)} |" for row in table.rows]
        if table.left_out:
            lines += ["", f"{table.left_out} more are in the JSON report."]
    return lines


def _state(document: Document) -> list[str]:
    rows = view.broken_first(view.listed(document, "state"))
    if not rows:
        return []
    lines = ["", "## State", "", f"| what | {' | '.join(view.LINKS)} |", "|---" * (len(view.LINKS) + 1) + "|"]
    for row in rows[:MOST_ROWS]:
        name = plain(f"{row.get('kind')} {row.get('namespace') or '?'}/{row.get('name')}", cell=True)
        links = [view.link(row, link) or {} for link in view.LINKS]
        lines.append(f"| {name} | " + " | ".join(_loud(link.get("state") or "-") for link in links) + " |")
    if len(rows) > MOST_ROWS:
        lines += ["", f"{len(rows) - MOST_ROWS} more rows are in the JSON report."]
    return lines


def _unknown(document: Document) -> list[str]:
    groups = view.missing(document)
    if not groups:
        return []
    lines = ["", "## What could not be looked at"]
    for group in groups[:MOST_UNKNOWN]:
        count = len(group["patterns"])
        failures = f"{count} known failure{'s' if count != 1 else ''}"
        lines += [
            "",
            f"{plain(in_words(group['source']))}: {plain(group['why'])} ({failures})",
            *command(group["collect"]),
        ]
    if len(groups) > MOST_UNKNOWN:
        lines += ["", f"{len(groups) - MOST_UNKNOWN} more are in the JSON report."]
    return lines


def _foot(document: Document, tree: Tree) -> list[str]:
    lines: list[str] = []
    if cured := tree.cured:
        lines += ["", "## Over by the end", ""]
        lines += [f"- {plain(f.get('id'))} {worded(f.get('title'))}: {plain(view.lasts(f))}" for f in cured]
    if document.get("reply"):
        lines += ["", "## For the customer", "", *fenced(visible(document["reply"]).split("\n"))]
    tool, given = document.get("tool") or {}, document.get("input") or {}
    lines += [
        "",
        "---",
        "",
        f"{plain(view.coverage_line(document))}",
        "",
        f"seldon-forensics {plain(tool.get('version'))}, {plain(tool.get('patterns'))} patterns, "
        f"library {code_span(tool.get('library'))}, input {code_span(given.get('sha256'))}",
        "",
        comment(citation_block(document, members=100)),
    ]
    return lines
