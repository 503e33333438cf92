"""The report as one HTML file: no network, complete without JavaScript, everything escaped.

The policy in its head allows nothing but this very style sheet and script, by their hashes. Every text passes
`escape.visible` and Jinja2's escaping on its way out, so a template cannot forget either.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import orjson
from jinja2 import ChainableUndefined, Environment, PackageLoader, Template
from markupsafe import Markup

from forensics.document import Document
from forensics.reporting import branches, moments, reviewed, view
from forensics.reporting.connectivity_svg import picture
from forensics.reporting.embedded import citation_block, packed
from forensics.reporting.escape import coded, visible
from forensics.reporting.sources import in_words, spoken
from forensics.reporting.timeline_svg import Drawing, draw
from forensics.reporting.view import Entry

# What could end the script element, and all that is not plain text: it is for programs, and hides nothing from people.
_UNSAFE = re.compile(r"[<>&]|[^\x20-\x7e]")
LIMIT = 2_000_000  # bytes; mail gateways take that, and browsers open it at once


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is shown; the JSON form has all of it.

    Attributes:
        context: whether lines beside a cited one are shown.
        timeline: entries of the timeline in words.
        members: members of the bundle.
        rows: rows of state, sources, unknown.
        candidates: possible causes of a symptom.
        once: reasons and remedies of a pattern stand at its first finding only, the text of a citation where it is
            first cited, and the list of citations is packed.
        texts: citations of a piece of evidence shown with their text; of the others only the place.
    """

    context: bool
    timeline: int
    members: int
    rows: int
    candidates: int
    once: bool = False
    texts: int = 1_000_000


LEVELS = (
    Limits(context=True, timeline=1000, members=1000, rows=1000, candidates=500),
    Limits(context=True, timeline=300, members=300, rows=300, candidates=100),
    Limits(context=False, timeline=200, members=100, rows=100, candidates=50),
    Limits(context=False, timeline=50, members=20, rows=20, candidates=10),
    Limits(context=False, timeline=50, members=20, rows=20, candidates=10, once=True),
    Limits(context=False, timeline=50, members=20, rows=20, candidates=10, once=True, texts=3),
    Limits(context=False, timeline=50, members=20, rows=20, candidates=5, once=True, texts=1),
)


def html(document: Document) -> str:
    """Return the whole page, at most 2 MB: less is shown of the rest, and of evidence only what repeats.

    Every citation of a finding keeps its place on the page, every piece of evidence a text; `verify` checks all texts.
    """
    page, drawing, tree = "", draw(document), branches.tree(document)
    for limits in LEVELS:
        page = _page(document, limits, drawing, tree)
        if len(page.encode()) <= LIMIT:
            break
    return page


def document_page(title: str, body: Markup, block: Document) -> str:
    """Return another page in the same dress: a title, a body already escaped, and its citations."""
    return _template("plain.html.j2").render(**_dress(), title=title, body=body, block=data_block(block), verdict=None)


def _page(document: Document, limits: Limits, drawing: Drawing | None, tree: branches.Tree) -> str:
    second = moments.zone(document.get("zone"))
    verdict = view.VERDICTS.get(str(document.get("verdict")), "Report")
    verdict = "REVIEW" if reviewed.is_review(document) else verdict
    return _template("report.html.j2").render(
        **_dress(),
        document=document,
        limits=limits,
        view=view,
        in_words=in_words,
        spoken=spoken,
        utc=moments.utc,
        interval=moments.interval,
        local=lambda written: moments.local(written, second),
        second=document.get("zone") if second is not None else None,
        numbered=numbered,
        drawing=drawing,
        tree=tree,
        reviewed=reviewed,
        picture=picture(document.get("connectivity")) if reviewed.is_review(document) else None,
        elsewhere=_elsewhere(tree) if limits.once else {},
        again=_Repeats() if limits.once else lambda cite: False,
        block=data_block(packed(citation_block(document)) if limits.once else citation_block(document)),
        title=f"{verdict}: {(document.get('input') or {}).get('name', '')}",
    )


class _Repeats:
    """Whether a citation was asked about before, with the same text."""

    def __init__(self) -> None:
        self._known: set[tuple[Any, ...]] = set()

    def __call__(self, cite: Entry) -> bool:
        key = (cite.get("member"), view.span(cite), cite.get("text"))
        known = key in self._known
        self._known.add(key)
        return known


def _elsewhere(tree: branches.Tree) -> dict[Any, Any]:
    """Return finding to the earlier finding of the same pattern, which says what to do."""
    first: dict[Any, Any] = {}
    told = ((f.get("id"), first.setdefault(f.get("pattern"), f.get("id"))) for f in tree.shown)
    return {own: other for own, other in told if own != other}


def numbered(cite: Entry, *, context: bool) -> list[tuple[int, str, bool]]:
    """Return the lines of a citation: number, text, and whether it is cited or only stands near."""
    first, last = view.span(cite)
    near = (cite.get("context") or {}) if context else {}
    before, after = near.get("before") or [], near.get("after") or []
    cited = str(cite.get("text") or "").split("\n")
    return [
        *((number, line, False) for number, line in enumerate(before, first - len(before))),
        *((number, line, True) for number, line in enumerate(cited, first)),
        *((number, line, False) for number, line in enumerate(after, last + 1)),
    ]


def data_block(content: Document) -> Markup:
    """Return JSON that is safe inside a script element: it can neither end it nor begin another."""
    return Markup(_UNSAFE.sub(_escaped, orjson.dumps(content).decode()))  # noqa: S704 - nothing HTML looks at is left


def _escaped(found: re.Match[str]) -> str:
    # JSON knows UTF-16 only, so a character past it is two escapes.
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=ChainableUndefined,
        loader=PackageLoader("forensics"),
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = coded
    environment.filters["capitalize_first"] = lambda text: str(text)[:1].upper() + str(text)[1:]
    return environment


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else visible(value)


def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _asset(name: str) -> tuple[Markup, str]:
    loader = _environment().loader
    assert loader is not None  # noqa: S101 - set three lines above
    text = loader.get_source(_environment(), name)[0]
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return Markup(text), f"sha256-{digest}"  # noqa: S704 - our own file


def _dress() -> dict[str, Any]:
    css, css_hash = _asset("report.css")
    js, js_hash = _asset("report.js")
    policy = f"default-src 'none'; style-src '{css_hash}'; script-src '{js_hash}'; base-uri 'none'; form-action 'none'"
    return {"css": css, "js": js, "policy": policy}
