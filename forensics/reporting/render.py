"""The report for a terminal, as one Rich text.

Print it with `console.print(render(document, width=console.width), soft_wrap=True)`: lines are folded here already.
Commands stay whole, and so do places (those wider than a line stand alone), so that both can be pasted. Colour repeats
what a word already says. Own words are ASCII; text from the bundle is made visible and is text, never markup.
"""

from collections.abc import Iterable

from rich.text import Text

from forensics.document import Document
from forensics.reporting import branches, moments, reviewed, view
from forensics.reporting.branches import Branch, Tree
from forensics.reporting.escape import visible
from forensics.reporting.folding import opening
from forensics.reporting.page import Page
from forensics.reporting.sources import in_words, spoken
from forensics.reporting.view import Entry

_VERDICT_STYLE = {"failure": "bold white on red", "healthy": "bold black on green"}
_SEVERITY_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow"}
_SLIGHT = ("low", "info")
_STATE_STYLE = {"ok": "green", "broken": "bold red", "pending": "yellow", "failed": "bold red", "passed": "green"}
MOST_ROOTS = 3  # told in full in the short form
MOST_SYMPTOMS = 3  # without a cause, likewise
MOST_CHECKS = 20  # that failed, told in a line or two
MOST_NOTES = 4  # on the reading itself
MOST_SHORT = 10  # told in one line


def render(document: Document, *, details: bool = False, width: int = 80) -> Text:
    """Return the report: the answer, causes with their lines, what to do, what is not known.

    Args:
        document: as in `document.schema.json`.
        details: everything, instead of what fits about one screen.
        width: columns of the terminal; at least 40 are used.
    """
    page = Page(max(width, 40), details)
    _answer(page, document)
    tree = branches.tree(document)
    _roots(page, document, tree)
    _unexplained(page, document, tree)
    _checks(page, document)
    _review(page, document)
    _unknown(page, document)
    if details:
        _appendix(page, document)
    _foot(page, document, tree)
    page.text.rstrip()
    return page.text


def _answer(page: Page, document: Document) -> None:
    verdict = "review" if reviewed.is_review(document) else str(document.get("verdict", ""))
    word = view.VERDICTS.get(verdict, verdict.upper())
    page.say((word, _VERDICT_STYLE.get(verdict, "bold black on yellow")), "  ", (document.get("summary", ""), "bold"))
    given, tool = document.get("input") or {}, document.get("tool") or {}
    patterns = view.counted(tool.get("patterns") or 0, "pattern")
    page.say((f"{given.get('name', '')}, {view.collected(document)}, {patterns}", "dim"))
    if reviewed.is_review(document):
        page.say(reviewed.asked_of(document))
    for line in view.impact_lines(document):
        page.say(line)
    if chain := view.listed(document, "chain"):
        parts: list[tuple[str, str] | str] = ["Chain: "]
        for index, link in enumerate(chain):
            state = str(link.get("state"))
            told = state.upper() if state == "broken" else state
            parts += [" -> " if index else "", f"{link.get('node')} ", (told, _STATE_STYLE.get(state, ""))]
        page.say(*parts, hang=7)
        broken = [link for link in chain if link.get("state") == "broken" and link.get("detail")]
        for link in broken if page.details else []:  # in the short form the findings say it, with their lines
            page.say(f"{link.get('node')}: {link['detail']}", indent=7)


def _labels(finding: Entry) -> tuple[str, str]:
    words = [str(finding.get(k)) for k in ("severity", "certainty", "id")]
    return f"  [{', '.join(words)}]", _SEVERITY_STYLE.get(str(finding.get("severity")), "")


def _roots(page: Page, document: Document, tree: Tree) -> None:
    whole = tree.branches if page.details else tree.branches[:MOST_ROOTS]
    for branch in whole:
        _root(page, document, tree, branch)
    short = tree.branches[len(whole) :]
    if short:
        page.heading(f"And {view.counted(len(short), 'more root cause')}")
    for branch in short[:MOST_SHORT]:
        page.say(f"{branch.root.get('title')}", _labels(branch.root), f"  {view.whom(branch.root, 1)}", indent=1)
    if len(short) > MOST_SHORT:
        page.say(f"and {len(short) - MOST_SHORT} more", indent=1)


def _root(page: Page, document: Document, tree: Tree, branch: Branch) -> None:
    root, followers = branch.root, branch.followers
    rank = root.get("rank")
    tied = sum(other.root.get("rank") == rank for other in tree.branches) > 1
    page.text.append("\n")
    page.say((f"{rank or '-'}.{' (tied)' if tied else ''} {root.get('title')}", "bold"), _labels(root), hang=3)
    _about(page, document, root)
    for cite in view.telling(root, 999 if page.details else 2):
        page.proof(cite, 3)
    few = followers if page.details else followers[:4]
    for follower in few:
        _follower(page, tree, follower)
    if len(followers) > len(few):
        words = f"explains {len(followers) - len(few)} more: {_ids(followers[len(few) :])}"
        page.say(words, indent=3, most=None if page.details else 4)
    if branch.also:
        few_too = branch.also if page.details else branch.also[:5]
        more = f", and {len(branch.also) - len(few_too)} more" if len(branch.also) > len(few_too) else ""
        page.say(f"explains too: {_ids(few_too)}{more}", indent=3)
    _remedy(page, root)


def _follower(page: Page, tree: Tree, follower: Entry) -> None:
    word = "contributes" if follower.get("role") == "contributing" else "explains"
    told: list[tuple[str, str] | str] = [f"{word} {follower.get('title')}", _labels(follower)]
    assumed = tree.assumed.get(follower.get("id"))
    if not page.details:
        whom = view.whom(follower, 1)
        told.append(f"  {whom}" if whom else "")
        page.say(*told, f" (that it follows is {assumed})" if assumed else "", indent=3, most=3)
        return
    page.say(*told, f"  {view.whom(follower, 2)}", indent=3)
    for words in tree.edges.get(follower.get("id"), ()):
        page.say(words, indent=5)
    for cite in view.telling(follower, 999):
        page.proof(cite, 5)


def _about(page: Page, document: Document, finding: Entry) -> None:
    page.say(view.about(finding, 999 if page.details else 3), indent=3)
    if change := view.preceded(document, finding):
        cite = change.get("cite") or {}
        page.say(f"just before: {change.get('what')}, {moments.utc(change.get('time'))}", indent=3)
        if cite.get("member"):
            page.where(view.place(cite), 5)
    if why := " ".join(str(finding.get("why") or "").split()):
        short = why if page.details else opening(why, 2 * (page.width - 4))
        page.say(short, indent=3, hang=0, most=None if page.details else 3)
    if page.details:
        page.say(f"pattern {finding.get('pattern')}, confidence {finding.get('confidence')}", indent=3)
        for piece in finding.get("evidence") or ():
            page.say(f"evidence {piece.get('name')} ({piece.get('strength')}): {piece.get('state')}", indent=3)
            for gap in piece.get("missing") or ():
                page.say(f"{in_words(gap.get('source'))}: {gap.get('why')}", indent=5)
                page.command(gap.get("collect"), 6)


def _remedy(page: Page, finding: Entry) -> None:
    for action in finding.get("remedy") or ():
        page.say(("Do: ", "bold"), str(action.get("do") or ""), indent=3, hang=4)
        page.command(action.get("run"))
    if check := finding.get("verify"):
        page.say(("Mended when this shows: ", "bold"), str(check.get("expect") or ""), indent=3, hang=4)
        page.command(check.get("run"))
    if page.details:
        if said := view.trusted(finding):
            page.say(said, indent=3)
        for reference in finding.get("references") or ():
            page.say(f"see {reference}", indent=3)


def _ids(found: Iterable[Entry]) -> str:
    return ", ".join(f"{f.get('id')} {f.get('title')}" for f in found)


def _unexplained(page: Page, document: Document, tree: Tree) -> None:
    left = tree.unexplained
    if not left:
        return
    page.heading("Not explained by a cause that was found")
    grave = left if page.details else [s for s in left if s.get("severity") not in _SLIGHT]
    few = grave if page.details else grave[:MOST_SYMPTOMS]
    asked: set[str] = set()
    for number, symptom in enumerate(few):
        page.say((str(symptom.get("title")), "bold"), _labels(symptom), indent=1)
        _about(page, document, symptom)
        for cite in view.telling(symptom, 999 if page.details else 1):
            page.proof(cite, 3)
        if page.details or not tree.branches:
            _candidates(page, *view.candidates(document, symptom), asked)
        elif still_open := view.candidates(document, symptom)[0]:
            page.say(f"possible causes not yet looked at: {_called(still_open)}", indent=3, most=3)
        if page.details or not (tree.branches or number):
            _remedy(page, symptom)
    rest = [symptom for symptom in left if symptom not in few]
    for symptom in rest[:MOST_SHORT]:
        told = "  " + "; ".join(filter(None, (view.whom(symptom, 1), view.lasts(symptom))))
        page.say((str(symptom.get("title")), "bold"), _labels(symptom), told, indent=1, most=3)
    if len(rest) > MOST_SHORT:
        page.say(f"and {len(rest) - MOST_SHORT} more: {_ids(rest[MOST_SHORT:])}", indent=1, most=4)


def _called(candidates: list[Entry], most: int = 3) -> str:
    more = f"; and {len(candidates) - most} more" if len(candidates) > most else ""
    return "; ".join(str(c.get("title") or c.get("pattern")) for c in candidates[:most]) + more


def _candidates(page: Page, still_open: list[Entry], ruled_out: list[Entry], asked: set[str]) -> None:
    """Tell the possible causes; in the short form each command once, of those not yet `asked`."""
    few = still_open if page.details else still_open[:3]
    if few:
        page.say("Possible causes:", indent=3)
    for candidate in few:
        most = None if page.details else 2
        page.say(f"{view.called(candidate)}: unknown, {spoken(candidate.get('because'))}", indent=4, most=most)
        for why, run in view.wanted(candidate)[: None if page.details else 1]:
            if page.details and why:
                page.say(why, indent=6)
            if page.details or run not in asked:
                page.command(run, 6)
            asked.add(run)
    if len(still_open) > len(few):
        page.say(f"and {len(still_open) - len(few)} more are unknown", indent=4)
    if ruled_out and not page.details:
        more = f", and {len(ruled_out) - 5} more" if len(ruled_out) > 5 else ""
        page.say("ruled out: " + ", ".join(str(c.get("pattern")) for c in ruled_out[:5]) + more, indent=4)
        return
    for candidate in ruled_out:
        page.say(f"{view.called(candidate)}: ruled out, {spoken(candidate.get('because'))}", indent=4)
        for cite in candidate.get("cites") or ():
            page.proof(cite, 6)


def _checks(page: Page, document: Document) -> None:
    checks = view.checks(document)
    if not checks:
        return
    counts = [f"{sum(c.get('status') == s for c in checks)} {s}" for s in ("failed", "unknown", "passed")]
    page.heading(f"Readiness: {', '.join(counts)}")
    wanted = checks if page.details else [c for c in checks if c.get("status") == "failed"][:MOST_CHECKS]
    for check in wanted:
        _check(page, check)
    hidden = sum(c.get("status") == "failed" for c in checks) - len(wanted)
    if hidden > 0:
        page.say(f"and {hidden} more failed", indent=1)


def _check(page: Page, check: Entry) -> None:
    status, severity = str(check.get("status")), str(check.get("severity"))
    told = [(status, _STATE_STYLE.get(status, "")), (f"  [{severity}]", _SEVERITY_STYLE.get(severity, ""))]
    about = view.whom(check)
    if not page.details:
        places = "".join(f"  {view.place(cite)}" for cite in view.telling(check, 1))
        page.say(*told, f" {check.get('title')}{': ' if about else ''}{about}", (places, "magenta"), indent=1, hang=8)
        return
    words = "; ".join(filter(None, [about, str(check.get("why") or "")]))
    page.say(*told, f" {check.get('title')}: {words}".rstrip(": "), indent=1, hang=8)
    for cite in view.telling(check, 999):
        page.proof(cite, 4)
    _remedy(page, check)


def _review(page: Page, document: Document) -> None:
    for table in reviewed.tables(document):
        rows = table.rows if page.details else reviewed.telling(table)
        if not rows:
            continue
        page.heading(table.title)
        for row in rows:
            if table.title == reviewed.SEND:
                page.command(row[0], 1)
                page.say(f"decides {row[1]}", indent=4, hang=0, most=None if page.details else 2)
                continue
            empty = ("-", "") if page.details else ("-", "", "0")
            words = (f"{name} {cell}" for name, cell in zip(table.head[1:], row[1:], strict=False) if cell not in empty)
            page.say((row[0], "bold"), f"  {'; '.join(words)}", indent=1, hang=4, most=None if page.details else 3)
        if hidden := len(table.rows) - len(rows) + table.left_out:
            page.say(f"and {hidden} more", indent=1)


def _unknown(page: Page, document: Document) -> None:
    groups = view.missing(document)
    if not groups:
        return
    patterns = {name for group in groups for name in group["patterns"]}
    page.heading(f"Could not be looked at: {view.counted(len(patterns), 'known failure')}, for want of")
    few = groups if page.details else groups[:3]
    for group in few:
        count = view.counted(len(group["patterns"]), "failure")
        page.say(f"{in_words(group['source'])}: {group['why']} ({count})", indent=1)
        page.command(group["collect"])
        if page.details:
            page.say(", ".join(group["patterns"]), indent=4, hang=0)
    if len(groups) > len(few):
        page.say(f"and {view.counted(len(groups) - len(few), 'more source')}", indent=1)


def _appendix(page: Page, document: Document) -> None:
    if rows := view.listed(document, "state"):
        page.heading("State, layer by layer")
        for row in rows:
            page.say(f"{row.get('kind')} {row.get('namespace') or '?'}/{row.get('name')}", indent=1)
            for link in row.get("links") or ():
                state = str(link.get("state"))
                mark = "  <- first broken" if link.get("link") == row.get("broken") else ""
                told = f"  {link.get('detail') or ''}{mark}".rstrip()
                page.say(f"{link.get('link'):<10}", (state, _STATE_STYLE.get(state, "")), told, indent=3, hang=12)
    for entry in view.listed(document, "contradictions"):
        page.say(
            f"contradiction {entry.get('finding')}: {' against '.join(map(str, entry.get('between') or ()))}", indent=1
        )
    if entries := view.occurred(document):
        page.heading("Timeline")
        for entry in entries:
            proves = f" [{', '.join(entry['findings'])}]" if entry["findings"] else ""
            where = in_words(entry.get("source"))
            page.say(
                "  ".join(filter(None, (moments.interval(entry), where, f"{entry['what']}{proves}"))), indent=1, hang=4
            )
    if clocks := view.listed(document, "clocks"):
        page.heading("Clocks")
        for clock in clocks:
            told = ", ".join(f"{key} {value}" for key, value in clock.items() if value is not None)
            page.say(told, indent=1)
    if members := view.not_read(document):
        page.heading("Members not read, or not whole")
        for member in members:
            page.say(f"{member.get('member')}: {member.get('status')}, {member.get('reason') or 'no reason'}", indent=1)
    if document.get("reply"):
        page.heading("For the customer")
        for line in visible(document["reply"]).split("\n"):
            page.say(line, hang=0)


def _foot(page: Page, document: Document, tree: Tree) -> None:
    page.text.append("\n")
    if cured := tree.cured:
        few = cured if page.details else cured[:4]
        more = f", and {len(cured) - len(few)} more" if len(cured) > len(few) else ""
        told = (f"{f.get('title')}" + (f" ({whom})" if (whom := view.whom(f, 1)) else "") for f in few)
        page.say("Over by the end: " + "; ".join(told) + more)
    remarks = view.remarks(document)
    notes = remarks if page.details else remarks[:MOST_NOTES]
    for remark in notes:
        page.say(f"Note: {remark}", most=None if page.details else 3)
    if len(remarks) > len(notes):
        page.say(f"and {view.counted(len(remarks) - len(notes), 'more note')}")
    for failure in view.listed(document, "failures"):
        page.say(("Our own failure: ", "bold red"), view.failure_text(failure))
    page.say((f"Read: {view.coverage_line(document)}", "dim"), most=None if page.details else 2)
    if not page.details:
        page.say(("All of it: --details, or -o report.html", "dim"))
