"""A troubleshooting tree walked with the answers of one bundle: the causes found, or what to collect."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forensics.document import Document
from forensics.guides.trees import Step, Tree
from forensics.reporting import view
from forensics.reporting.escape import inline
from forensics.reporting.folding import middle_out
from forensics.reporting.sources import in_words

Entry = dict[str, Any]
YES, NO, ENDED, UNKNOWN = "yes", "no", "it was, and has ended", "cannot be told"
UNSEEN = "unknown"  # the state of a candidate in the document
LINKLESS = "There too, but nothing links it to this symptom:"
ABLE = "There, and able to lead to this symptom, though the symptom itself is not seen:"
MOST = 4  # told by name where more of the same follow, in the short form
LONGEST = 300  # characters of a quoted line, in the short form


class _Answers:
    """What a document says of each pattern."""

    def __init__(self, document: Document) -> None:
        self._held: dict[str, list[Entry]] = defaultdict(list)
        self._over: set[str] = set()
        self.missing: dict[str, Sequence[Entry]] = {}
        for finding in view.listed(document, "findings"):
            if finding.get("at_end") == "ended":
                self._over.add(str(finding.get("pattern")))
            else:
                self._held[str(finding.get("pattern"))].append(finding)
        for gap in view.listed(document, "unknown"):
            self.missing[str(gap.get("pattern"))] = gap.get("missing") or ()
        self._by_id = {f.get("id"): f for f in view.listed(document, "findings")}

    def of(self, pattern: str) -> str:
        if pattern in self._held:
            return YES
        if pattern in self.missing:
            return UNKNOWN
        return ENDED if pattern in self._over else NO

    def held(self, pattern: str) -> list[Entry]:
        return self._held.get(pattern, [])

    def brings(self, finding: Entry, wanted: set[Any]) -> bool:
        """Whether a finding explains one of those wanted, itself or by what it explains."""
        seen, ahead = set[Any](), [finding]
        while ahead:
            effects = [name for name in ahead.pop().get("explains") or () if name not in seen]
            if wanted & set(effects):
                return True
            seen.update(effects)
            ahead += [self._by_id[name] for name in effects if name in self._by_id]
        return False


def walked(tree: Tree, document: Document, *, details: bool = False) -> Iterator[str]:
    """Yield the tree as one bundle answers it, and in the last line where that leads.

    Args:
        tree: as `tree_of` gives it.
        document: the report of the bundle.
        details: every question with its answer, instead of the few that matter most.
    """
    told = _Answers(document)
    yield f"Symptom: {tree.symptom}"
    for entry in tree.entries:
        yield f"  seen as: {entry.title} ({entry.id}): {_answer(told, entry.id)}"
    wanted = {finding.get("id") for entry in tree.entries for finding in told.held(entry.id)}
    # A cause that would have to work through what is surely not there cannot be the cause.
    open_ways = [step for step in tree.steps if all(told.of(name) in (YES, UNKNOWN) for name in step.through)]
    found = [(step, f) for step in open_ways for f in told.held(step.cause.id)]
    causes = [(s, f) for s, f in found if told.brings(f, wanted) or f.get("id") in wanted]
    causes.sort(key=lambda pair: (pair[1].get("role") != "root", pair[1].get("rank") or 999))
    held = [(step, f) for step in tree.steps for f in told.held(step.cause.id)]
    others = [(s, f) for s, f in held if (s, f) not in causes]
    yield from _causes(causes, details)
    if others:
        yield ""
        # A symptom that nobody could see may be there all the same, and then these are what to look at first.
        yield LINKLESS if wanted else ABLE
        others.sort(key=lambda pair: (pair[1].get("role") != "root", pair[1].get("rank") or 999))
        yield from _few([f"{f.get('title')} ({s.cause.id}); {_whom(f)}" for s, f in others], details)
    unseen = [step for step in open_ways if told.of(step.cause.id) == UNKNOWN]
    seen = [*(f for _, f in causes), *(f for entry in tree.entries for f in told.held(entry.id))]
    if near := _candidates(document, [f for f in seen if not f.get("explained_by")]):
        unseen = [step for step in unseen if step.cause.id in near]  # what would explain the deepest cause found
    groups = _groups(unseen, told.missing)
    if wanted or details:
        rooted = any(f.get("role") == "root" for _, f in causes)
        yield from _unknown(groups, details, settled=rooted)
    else:
        yield from _to_see_it(tree, told)
    ended = [step for step in tree.steps if told.of(step.cause.id) == ENDED]
    if ended:
        yield ""
        yield "It was, and has ended:"
        yield from _few([f"{step.cause.title} ({step.cause.id})" for step in ended], details)
    closed = [step for step in tree.steps if step not in open_ways and told.of(step.cause.id) == UNKNOWN]
    ruled = [step for step in tree.steps if step in closed or told.of(step.cause.id) == NO]
    if ruled and (wanted or details):  # of a symptom that is not there no cause is asked for
        yield ""
        yield f"Ruled out: {view.counted(len(ruled), 'cause')}{', nearest first:' if not details else ':'}"
        nearest = sorted(ruled, key=lambda step: len(step.through))
        yield from _few([f"{step.cause.title} ({step.cause.id})" for step in nearest], details)
    yield ""
    yield _end(tree, told, causes, unseen, groups) + _besides(document, causes, others, bool(wanted))


def _candidates(document: Document, findings: Sequence[Entry]) -> set[str]:
    """Return the patterns that may explain one of `findings`, and that could not be looked for."""
    ids = {f.get("id") for f in findings}
    listed = view.listed(document, "candidates")
    return {str(c.get("pattern")) for c in listed if c.get("symptom") in ids and c.get("state") == UNSEEN}


def _to_see_it(tree: Tree, told: _Answers) -> Iterator[str]:
    """Yield what would have to be collected to see whether the symptom is there at all."""
    gaps = [gap for entry in tree.entries for gap in told.missing.get(entry.id, ())]
    wanted = {(_gap(gap), str(gap.get("collect") or "")): None for gap in gaps}
    if wanted:
        yield ""
        yield "To see whether it is there:"
    for words, command in sorted(wanted, key=lambda pair: not pair[1]):  # what can be collected stands first
        yield f"  {inline(words)}"
        if command:
            yield f"    {inline(command)}"


def _answer(told: _Answers, pattern: str) -> str:
    held = told.held(pattern)
    if held:
        return "; ".join(f"yes, {_whom(f)}" for f in held[:MOST])
    answer = told.of(pattern)
    if answer != UNKNOWN:
        return answer
    return f"{answer}, {', '.join(dict.fromkeys(_gap(gap) for gap in told.missing[pattern]))}"


def _gap(gap: Mapping[str, Any]) -> str:
    return f"{in_words(gap.get('source'))}: {gap.get('why')}"


def _whom(finding: Entry) -> str:
    return inline(view.about(finding))


def _causes(causes: Sequence[tuple[Step, Entry]], details: bool) -> Iterator[str]:
    if causes:
        yield ""
        yield "Yes:"
    for number, (step, finding) in enumerate(causes, 1):
        sure = f"{finding.get('certainty')}, {finding.get('role')}"
        yield f"{number:3}. {finding.get('title')} ({step.cause.id}; {sure})"
        yield f"     {_whom(finding)}"
        for cite in view.telling(finding, 999 if details else 1):
            text = inline(" | ".join(str(cite.get("text") or "").split("\n")))
            shown = text if details else middle_out(text, LONGEST, inline(cite.get("tells")))
            yield f"     {inline(view.place(cite))}  {shown}"
        for action in (finding.get("remedy") or ())[: None if details else 1]:
            yield f"     Do: {inline(action.get('do'))}"
            if action.get("run"):
                yield f"       {inline(action['run'])}"


def _groups(unseen: Sequence[Step], missing: Mapping[str, Sequence[Entry]]) -> list[tuple[Entry, list[Step]]]:
    """Return what is to be collected, each with the causes it helps to decide; what decides most comes first."""
    wanted: Counter[tuple[str, str, str]] = Counter()
    of: dict[str, list[tuple[str, str, str]]] = {}
    for step in unseen:
        gaps = missing.get(step.cause.id, ())
        keys = [(str(g.get("source")), str(g.get("why")), str(g.get("collect") or "")) for g in gaps]
        of[step.cause.id] = list(dict.fromkeys(keys)) or [("", "its evidence cannot be told apart", "")]
        wanted.update(of[step.cause.id])
    made: dict[tuple[str, str, str], list[Step]] = defaultdict(list)
    for step in unseen:
        made[max(of[step.cause.id], key=lambda key: (wanted[key], bool(key[2]), key))].append(step)
    order = sorted(made, key=lambda key: (-len(made[key]), key))
    return [({"source": s, "why": w, "collect": c}, made[s, w, c]) for s, w, c in order]


def _unknown(groups: Sequence[tuple[Entry, list[Step]]], details: bool, *, settled: bool) -> Iterator[str]:
    if not groups:
        return
    count = sum(len(steps) for _, steps in groups)
    yield ""
    if settled and not details:
        yield f"Not looked at besides: {view.counted(count, 'further cause')}, for want of what was not collected"
        return
    yield f"Cannot be told: {view.counted(count, 'cause')}. To collect, what decides most first:"
    for gap, steps in groups if details else groups[:MOST]:
        yield f"  {inline(_gap(gap)).removeprefix(': ')}"
        if gap["collect"]:
            yield f"    {inline(gap['collect'])}"
        yield "    helps to decide:"
        nearest = sorted(steps, key=lambda step: len(step.through))
        yield from _few([f"{step.cause.title} ({step.cause.id})" for step in nearest], details, "      ")
    if not details and len(groups) > MOST:
        yield f"  and {view.counted(len(groups) - MOST, 'more thing')} to collect"


def _few(told: Sequence[str], details: bool, before: str = "  ") -> Iterator[str]:
    for words in told if details else told[:MOST]:
        yield f"{before}{words}"
    if not details and len(told) > MOST:
        yield f"{before}and {len(told) - MOST} more"


def _besides(
    document: Document, causes: Sequence[tuple[Step, Entry]], others: Sequence[tuple[Step, Entry]], seen: bool
) -> str:
    """Return what the bundle shows to have failed where that is no cause of this symptom: nobody should miss it."""
    roots = [f for f in view.roots(document) if f.get("at_end") != "ended"]
    if not roots or any(f.get("role") == "root" for _, f in causes):
        return ""
    named = "; ".join(dict.fromkeys(str(f.get("title")) for f in roots[:MOST]))
    more = f"; and {len(roots) - MOST} more" if len(roots) > MOST else ""
    if seen:
        return f" Without a link to it is there: {named}{more} (see `analyse`)."
    able = {f.get("id") for _, f in others}
    so = ", which can lead to it: begin there" if all(f.get("id") in able for f in roots) else " (see `analyse`)"
    return f" What it does show: {named}{more}{so}."


def _end(
    tree: Tree,
    told: _Answers,
    causes: Sequence[tuple[Step, Entry]],
    unseen: Sequence[Step],
    groups: Sequence[tuple[Entry, list[Step]]],
) -> str:
    roots = [f for _, f in causes if f.get("role") == "root"]
    if roots:
        named = "; ".join(dict.fromkeys(str(f.get("title")) for f in roots))
        return f"So: {named}."
    states = {told.of(entry.id) for entry in tree.entries}
    if YES not in states:
        if UNKNOWN in states:
            return "So: whether this symptom is there cannot be told from what was collected."
        if ENDED in states:
            return "So: this symptom was there, and was over by the end of the bundle."
        return "So: this bundle does not show this symptom."
    if not unseen:
        return "So: the cause is not among the known ones."
    first = groups[0][0]
    what = in_words(first["source"]) or "more"
    share = f"{len(groups[0][1])} of {len(unseen)}"
    return f"So: the cause is not established. Collect {what} first: it helps to decide {share}."
