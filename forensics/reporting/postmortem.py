"""The write-up of an incident: what was observed, what is inferred, what is not known, each with its citation.

Only what a citation shows is called observed. People add their words between marks, or anywhere: `notes_in` reads them
back, and the next write-up has them again in the same part; those whose part is gone stand at the end. Nothing they
wrote is lost by making it again.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from markupsafe import Markup

from forensics.document import Document
from forensics.reporting import branches, moments, view
from forensics.reporting.branches import Tree
from forensics.reporting.embedded import citation_block, comment
from forensics.reporting.escape import code_span, coded, fenced, inline, visible, worded
from forensics.reporting.escape import markdown as plain
from forensics.reporting.html import document_page
from forensics.reporting.markdown import cited
from forensics.reporting.prose import prose
from forensics.reporting.sources import in_words, spoken
from forensics.reporting.view import Entry

OBSERVED, INFERRED, UNKNOWN = "observed", "inferred", "unknown"
# Alone on their lines: a quoted line of the bundle always stands behind its place, so it cannot pass for a mark.
_MARK = re.compile(r"^<!-- notes: ([\w./-]+) -->\n(.*?)\n?^<!-- end of notes -->$", re.DOTALL | re.MULTILINE)
_LINES = re.compile(r"<!-- seldon-forensics:lines ([A-Za-z0-9+/=]*) -->")
_DIGEST = 6  # bytes kept of the hash of a line of ours, by which a line of theirs is told from it
_TO_FILL_IN = "- [ ] done\n- Owner:\n- Due:"
MOST_EVENTS = 200
MOST_UNKNOWN = 12  # of one kind: what would separate most comes first


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, how it is known, and the citations it rests on."""

    how: str  # observed | inferred | unknown
    text: str
    cites: tuple[Entry, ...] = ()
    run: str = ""  # the command it ends in


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done, its owner still open."""

    anchor: str
    text: str
    run: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the write-up; its anchor keeps people's notes."""

    anchor: str
    title: str
    sentences: tuple[Sentence, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(slots=True)
class _Proofs:
    """Citations by number, in the order they are first named."""

    cites: list[Entry] = field(default_factory=list)

    def number(self, cite: Entry) -> int:
        """Return the number of a citation, a new one where it was not named before."""
        key = (cite.get("member"), view.span(cite), cite.get("text"))
        for number, known in enumerate(self.cites, 1):
            if (known.get("member"), view.span(known), known.get("text")) == key:
                return number
        self.cites.append(cite)
        return len(self.cites)


def notes_in(written: str) -> dict[str, str]:
    """Return people's words in an earlier write-up (Markdown), by anchor.

    What stands between the marks is theirs, and so is every line elsewhere that we did not write, or that they changed.
    """
    found: dict[str, list[str]] = {}
    for anchor, text in _MARK.findall(written):
        if text.strip() and text.strip() != _TO_FILL_IN:
            found.setdefault(anchor, []).append(text.strip("\n"))
    for anchor, lines in _added(_MARK.sub("", written)).items():
        found.setdefault(anchor, []).append("\n".join(lines).strip("\n"))
    return {anchor: "\n\n".join(texts) for anchor, texts in found.items()}


def holds_notes(written: str) -> bool:
    """Whether a text is a write-up of ours in Markdown, in which people's words can be told from ours."""
    return bool(_MARK.search(written) or _LINES.search(written))


def _added(rest: str) -> dict[str, list[str]]:
    """Return the lines outside the marks that are not ours, by the anchor of the part they stand in."""
    ours = _LINES.findall(rest)
    if not ours:
        return {}
    try:
        packed = b64decode(ours[-1], validate=True)
    except NotBase64:
        return {}
    known = {packed[i : i + _DIGEST] for i in range(0, len(packed), _DIGEST)}
    added: dict[str, list[str]] = {}
    anchor = "summary"
    for line in rest.split("\n"):
        if line.startswith("## "):
            anchor = _ANCHORS.get(line[3:].strip(), anchor)
        if line.strip() and not line.startswith("<!-- seldon-forensics:") and _digest(line) not in known:
            added.setdefault(anchor, []).append(line)
    return added


def _digest(line: str) -> bytes:
    return sha256(line.strip().encode("utf-8", "surrogatepass")).digest()[:_DIGEST]


def _own_lines(text: str) -> str:
    """Return the comment that names every line of `text` outside the marks as ours."""
    lines = dict.fromkeys(_digest(line) for line in _MARK.sub("", text).split("\n") if line.strip())
    return f"<!-- seldon-forensics:lines {b64encode(b''.join(lines)).decode()} -->"


def postmortem(document: Document, notes: Mapping[str, str] | None = None) -> str:
    """Return the write-up as Markdown.

    Args:
        document: as in `document.schema.json`.
        notes: additions by anchor, as `notes_in` reads them; they stand where they stood, as they were written.
    """
    left = dict(notes or {})
    proofs = _Proofs()
    lines = [f"# Post-mortem: {worded(document.get('summary'))}", "", plain(_about_input(document))]
    for section in sections(document):
        lines += ["", f"## {section.title}", ""]
        for sentence in section.sentences:
            links = "".join(f" [E{n}](#e{n})" for n in dict.fromkeys(map(proofs.number, sentence.cites)))
            run = f" {code_span(sentence.run)}" if sentence.run else ""
            lines.append(f"- *{sentence.how}*: {worded(sentence.text)}{run}{links}")
        for action in section.actions:
            lines.append(f"**{worded(action.text)}**")
            if action.run:
                lines += ["", *fenced(visible(action.run).replace("<!--", "<! --").split("\n"), "sh")]
            lines += [*_notes(action.anchor, left, _TO_FILL_IN), ""]
        lines += _notes(section.anchor, left)
    for anchor in [name for name in left if left[name].strip()]:
        safe = re.sub(r"[^\w./-]", "-", anchor)
        lines += ["", f"## Notes whose part is gone: {plain(safe)}", *_notes(safe, {safe: left[anchor]})]
    lines += ["", "## Evidence", ""]
    for number, cite in enumerate(proofs.cites, 1):
        lines += [f'<a id="e{number}"></a>E{number}', "", *fenced(cited(cite)), ""]
    text = "\n".join(lines)
    return "\n".join([text, comment(citation_block(document)), _own_lines(text)]) + "\n"


def postmortem_html(document: Document, notes: Mapping[str, str] | None = None) -> str:
    """Return the same write-up as one HTML file; notes stand in it as headings, paragraphs and lists."""
    left = dict(notes or {})
    proofs = _Proofs()
    body = Markup('<h1>Post-mortem: {}</h1><p class="soft">{}</p>').format(
        coded(document.get("summary")), inline(_about_input(document))
    )
    for section in sections(document):
        body += Markup('<section aria-labelledby="{0}"><h2 id="{0}">{1}</h2>').format(section.anchor, section.title)
        body += Markup("<ul>{}</ul>").format(_joined(_sentence(s, proofs) for s in section.sentences))
        body += Markup("<ul>{}</ul>").format(_joined(_action(a, left) for a in section.actions))
        body += _note_box(left.pop(section.anchor, "")) + Markup("</section>")
    for anchor, text in left.items():
        body += Markup("<h2>Notes whose part is gone: {}</h2>").format(inline(anchor)) + _note_box(text)
    body += Markup('<h2 id="evidence">Evidence</h2>')
    for number, cite in enumerate(proofs.cites, 1):
        body += Markup('<p class="place" id="e{0}"><strong>E{0}</strong> <code>{1}</code></p><pre>{2}</pre>').format(
            number, visible(view.place(cite)), visible(cite.get("text"))
        )
    title = f"Post-mortem: {(document.get('input') or {}).get('name', '')}"
    return document_page(title, body.replace(Markup("<ul></ul>"), Markup("")), citation_block(document))


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _sentence(sentence: Sentence, proofs: _Proofs) -> Markup:
    links = _joined(
        Markup(' <a href="#e{0}">E{0}</a>').format(n) for n in dict.fromkeys(map(proofs.number, sentence.cites))
    )
    run = Markup(" <code>{}</code>").format(inline(sentence.run)) if sentence.run else ""
    return Markup('<li><span class="said {0}">{0}</span> {1}{2}{3}</li>').format(
        sentence.how, coded(sentence.text), run, links
    )


def _action(action: Action, left: dict[str, str]) -> Markup:
    command = Markup('<div class="command"><pre><code>{}</code></pre></div>').format(visible(action.run))
    return Markup("<li>{}{}{}</li>").format(
        coded(action.text), command if action.run else "", _note_box(left.pop(action.anchor, _TO_FILL_IN))
    )


def _note_box(text: str) -> Markup:
    return Markup('<div class="note">{}</div>').format(prose(text)) if text.strip() else Markup("")


def _notes(anchor: str, left: dict[str, str], empty: str = "") -> list[str]:
    text = left.pop(anchor, "").replace("<!-- end of notes -->", "<!- - end of notes - ->")
    return ["", f"<!-- notes: {anchor} -->", text if text.strip() else empty, "<!-- end of notes -->"]


def _about_input(document: Document) -> str:
    return f"From {(document.get('input') or {}).get('name', '')}, {view.collected(document)}"


_TITLES = {
    "summary": "Summary",
    "impact": "Impact",
    "timeline": "Timeline",
    "trigger": "Trigger",
    "root-cause": "Root cause",
    "contributing": "Contributing factors",
    "detection": "Detection",
    "not-established": "What could not be established",
    "actions": "Actions",
}
_ANCHORS = {title: anchor for anchor, title in _TITLES.items()}


def sections(document: Document) -> list[Section]:
    """Return the write-up as data: what both forms show, in order."""
    tree = branches.tree(document)
    roots = [branch.root for branch in tree.branches]
    told = {
        "summary": _summary(document, roots),
        "impact": _impact(document),
        "timeline": _timeline(document),
        "trigger": _trigger(document, roots),
        "root-cause": _causes(tree),
        "contributing": _contributing(document),
        "detection": _detection(document),
        "not-established": _not_established(document),
    }
    wanted = {"actions": _actions(document, tree)}
    return [Section(a, title, told.get(a, ()), wanted.get(a, ())) for a, title in _TITLES.items()]


def _first(finding: Entry, most: int = 2) -> tuple[Entry, ...]:
    return tuple(view.telling(finding, most))


def _named(finding: Entry) -> str:
    return f"{finding.get('id')} ({finding.get('title')})"


def _seen(text: str, cites: tuple[Entry, ...]) -> Sentence:
    return Sentence(OBSERVED if cites else INFERRED, text, cites)


def _summary(document: Document, roots: list[Entry]) -> tuple[Sentence, ...]:
    verdict = str(document.get("verdict"))
    cites = tuple(cite for root in roots for cite in _first(root, 1))
    how = INFERRED if verdict in ("failure", "healthy") else UNKNOWN
    return (Sentence(how, str(document.get("summary") or ""), cites),)


def _impact(document: Document) -> tuple[Sentence, ...]:
    hit = tuple(_hit(document, line) for line in view.impact_lines(document))
    broken = [row for row in view.listed(document, "state") if row.get("broken")]
    rows = []
    for row in broken:
        link = view.link(row, str(row["broken"])) or {}
        told = f"{row.get('kind')} {row.get('name')}: {row['broken']} is broken, {link.get('detail') or 'no detail'}"
        cites = tuple((link.get("cites") or ())[:1])
        rows.append(_seen(told, cites))
    return hit + tuple(rows) or (Sentence(UNKNOWN, "What was hit cannot be told from what was collected"),)


def _hit(document: Document, line: str) -> Sentence:
    """Return a line of the impact: requests as they were counted, models by the findings that name them."""
    line = line.removeprefix("Hit: ")
    kind, _, names = line.partition(": ")
    if kind == "Requests":
        return _seen(line, tuple(((document.get("impact") or {}).get("requests") or {}).get("cites") or ())[:4])
    singular, named = kind.removesuffix("s"), set(names.split(", "))
    found = [
        finding
        for finding in view.listed(document, "findings")
        if any(subject.get(singular) in named for subject in _subjects(finding))
    ]
    return Sentence(INFERRED, line, tuple(cite for finding in found[:4] for cite in _first(finding, 1)))


def _subjects(finding: Entry) -> list[Entry]:
    held = [finding.get("subject"), *(finding.get("subjects") or ())]
    return [subject for subject in held if isinstance(subject, dict)]


def _timeline(document: Document) -> tuple[Sentence, ...]:
    occurred = view.occurred(document)
    entries = view.shortened(occurred, MOST_EVENTS)
    told = []
    for entry in entries:
        proves = f" ({', '.join(entry['findings'])})" if entry["findings"] else ""
        cites = (entry["cite"],) if (entry.get("cite") or {}).get("member") else ()
        where = f", {in_words(entry['source'])}" if entry.get("source") else ""
        told.append(_seen(f"{moments.interval(entry)}{where}: {entry['what']}{proves}", cites))
    hidden = len(occurred) - len(entries)
    if hidden:
        told.append(Sentence(INFERRED, f"{hidden} more events are in the report"))
    return tuple(told) or (Sentence(UNKNOWN, "No event could be placed in time"),)


def _trigger(document: Document, roots: list[Entry]) -> tuple[Sentence, ...]:
    told = []
    for root in roots:
        change = view.preceded(document, root)
        if change is None:
            told.append(
                Sentence(UNKNOWN, f"What brought about {_named(root)} is not known: no change just before it was found")
            )
            continue
        cites = (change["cite"],) if (change.get("cite") or {}).get("member") else ()
        told.append(_seen(f"{change.get('what')}, {moments.utc(change.get('time'))}", cites))
        text = f"It came just before {_named(root)}; that it brought it about is not proven"
        told.append(Sentence(INFERRED, text, _first(root, 1)))
    return tuple(told) or (Sentence(UNKNOWN, "No root cause was found, so neither was its trigger"),)


def _causes(tree: Tree) -> tuple[Sentence, ...]:
    told = []
    for branch in tree.branches:
        root = branch.root
        text = f"{root.get('id')}: {root.get('title')}; {view.about(root, 12)} ({root.get('certainty')})"
        told.append(Sentence(INFERRED, text, _first(root, 4)))
        if root.get("why"):
            told.append(Sentence(INFERRED, str(root["why"]), _first(root, 1)))
        for one in branch.followers:
            if one.get("role") != "contributing":
                text = f"From it followed {_named(one)}: {view.about(one)}"
                told.append(Sentence(INFERRED, text, _first(one, 1)))
    left = [f for f in tree.unexplained if f.get("role") == "symptom"]
    for symptom in left:
        told.append(_seen(f"{_named(symptom)}: {view.about(symptom)}", _first(symptom)))
        told.append(Sentence(UNKNOWN, f"Why {symptom.get('id')} came about is not established"))
    return tuple(told) or (Sentence(UNKNOWN, "No root cause was found in what was collected"),)


def _contributing(document: Document) -> tuple[Sentence, ...]:
    found = view.findings(document, "contributing")
    told = tuple(Sentence(INFERRED, f"{_named(f)}: {view.about(f)}", _first(f)) for f in found)
    return told or (Sentence(UNKNOWN, "None was found; people may know of others"),)


def _detection(document: Document) -> tuple[Sentence, ...]:
    symptoms = [f for f in view.findings(document, "symptom") if moments.bounds(f.get("first"))[0]]
    if not symptoms:
        return (Sentence(UNKNOWN, "How and when it was noticed is not in the bundle"),)
    earliest = min(symptoms, key=lambda f: str(moments.bounds(f.get("first"))[0]))
    text = f"The first sign to be seen was {_named(earliest)}, {moments.interval(earliest.get('first'))}"
    return (
        _seen(text, _first(earliest, 1)),
        Sentence(UNKNOWN, "Who noticed it, when, and by which alarm is not in the bundle"),
    )


def _not_established(document: Document) -> tuple[Sentence, ...]:
    causes = [
        Sentence(UNKNOWN, f"{view.called(c)} may be a cause of {c.get('symptom')}: {spoken(c.get('because'))}")
        for c in view.listed(document, "candidates")
        if c.get("state") == "unknown"
    ]
    gaps = []
    for group in view.missing(document):
        untold = view.counted(len(group["patterns"]), "known failure")
        text = f"{in_words(group['source'])}: {group['why']}; {untold} could not be told"
        run = " ".join(str(group["collect"]).split())
        gaps.append(Sentence(UNKNOWN, f"{text}. Collect it with" if run else text, run=run))
    unread = [
        Sentence(UNKNOWN, f"{m.get('member')}: {m.get('status')}, {m.get('reason') or 'no reason'}")
        for m in view.not_read(document)
    ]
    unknown: tuple[Sentence, ...] = ()
    for kind, noun in ((causes, "possible cause"), (gaps, "source"), (unread, "member")):
        unknown += tuple(kind[:MOST_UNKNOWN])
        if (hidden := len(kind) - MOST_UNKNOWN) > 0:
            unknown += (Sentence(UNKNOWN, f"And {view.counted(hidden, f'more {noun}')}, which the report names"),)
    return unknown or (Sentence(INFERRED, "All that was asked for was collected"),)


def _actions(document: Document, tree: Tree) -> tuple[Action, ...]:
    entries = [branch.root for branch in tree.branches]
    entries += [*view.findings(document, "contributing"), *tree.unexplained]
    wanted = []
    seen = set()
    for entry in entries:
        for index, action in enumerate(entry.get("remedy") or (), 1):
            # By pattern and not by number: numbers move when the bundle grows.
            anchor = re.sub(r"[^\w./-]", "-", f"action-{entry.get('pattern')}-{index}")
            if anchor not in seen:
                seen.add(anchor)
                wanted.append(Action(anchor, str(action.get("do") or ""), str(action.get("run") or "")))
    return tuple(wanted)
