"""People's notes as HTML: headings, paragraphs, lists, code. Everything else stays the text it is.

A small part of Markdown, read line by line in one pass. No text becomes markup: what is not ours is escaped, links and
pictures stay as they were typed.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup

from forensics.reporting.escape import visible

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)(?:\s+#+)?$")
_ITEM = re.compile(r"^\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$")
_FENCE = re.compile(r"^\s{0,3}(`{3,}|~{3,})\s*\w*\s*$")  # the name of a language may stand behind it
_INLINE = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*")
_BOXES = {"[ ]": "\N{BALLOT BOX}", "[x]": "\N{BALLOT BOX WITH CHECK}", "[X]": "\N{BALLOT BOX WITH CHECK}"}


def prose(text: str) -> Markup:
    """Return `text` as HTML: `h3`, `h4`, `p`, `ul`, `ol`, `pre`, and `code` and `strong` inside them."""
    return Markup("").join(_block(kind, lines) for kind, lines in _blocks(visible(text).split("\n")))


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each block: `h3`, `h4`, `p`, `ul`, `ol` or `pre`, with its lines; a list has one entry an item."""
    kind, held, fence = "", list[str](), ""
    for line in lines:
        if fence:
            if line.strip() == fence:
                yield "pre", held
                kind, held, fence = "", [], ""
            else:
                held.append(line)
            continue
        opened, heading, item = _FENCE.match(line), _HEADING.match(line), _ITEM.match(line)
        listed = "" if item is None else "ol" if item[1] else "ul"
        goes_on = bool(line.strip()) and not opened and not heading and (listed == kind or not listed)
        if kind and not goes_on:
            yield kind, held
            kind, held = "", []
        if opened:
            fence = opened[1]
        elif heading:
            yield ("h3" if len(heading[1]) < 4 else "h4"), [heading[2]]
        elif item:
            kind = listed
            held.append(item[2])
        elif line.strip() and kind in ("ul", "ol"):
            held[-1] += f"\n{line.strip()}"
        elif line.strip():
            kind = "p"
            held.append(line.strip())
    if kind or fence:
        yield kind or "pre", held


def _block(kind: str, lines: list[str]) -> Markup:
    if kind in ("ul", "ol"):
        inner = Markup("").join(Markup("<li>{}</li>").format(_inline(_boxed(line))) for line in lines)
    elif kind == "pre":
        inner = Markup("<code>{}</code>").format("\n".join(lines))
    else:
        inner = _inline("\n".join(lines))
    return Markup("<{0}>{1}</{0}>").format(kind, inner)


def _boxed(item: str) -> str:
    return _BOXES[item[:3]] + item[3:] if item[:3] in _BOXES else item


def _inline(text: str) -> Markup:
    made, last = Markup(""), 0
    for found in _INLINE.finditer(text):
        tag = "code" if found[1] else "strong"
        made += text[last : found.start()]
        made += Markup("<{0}>{1}</{0}>").format(tag, found[1] or found[2])
        last = found.end()
    return made + text[last:]
