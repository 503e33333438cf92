"""What a report shows as quoted from the bundle, read from what people see and not from what it carries for programs.

With it `verify` notices a report whose words were changed while its list of citations was left alone.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from forensics.document import Document
from forensics.reporting.escape import inline, visible
from forensics.reporting.view import place, span

Quote = tuple[str, str]  # place as shown; the text under it, lines joined by line feeds
_LINE = re.compile(r"^(.+):(\d+)  (.*)$")
_UNDER = re.compile(r"^  (\d+)  ")  # a line below the name of its member
_FENCE = re.compile(r"^(`{3,})(text)?$")
_VOID = ("meta", "br")


class _Quotes(HTMLParser):
    """Reads `<p class="place">… <code>PLACE</code> …</p>` and the cited lines of the `<pre>` that follows it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.quotes: list[Quote] = []
        self._open: list[str] = []  # tag and class of every element around
        self._place: str | None = None
        self._cited: list[str] = []
        self._bare = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        self._open.append(f"{tag} {dict(attrs).get('class') or ''}".rstrip())
        if self._open[-1] == "p place":
            self._place = ""
        elif tag == "pre":
            self._cited, self._bare = [], ""
        elif self._open[-1] == "span line cited":
            self._cited.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements that close themselves hold no text."""

    def handle_endtag(self, tag: str) -> None:
        if self._open:
            self._open.pop()
        if tag == "pre" and self._place is not None:
            self.quotes.append((self._place, "\n".join(self._cited) if self._cited else self._bare))
            self._place = None

    def handle_data(self, data: str) -> None:
        if "span no" in self._open:
            return
        if "p place" in self._open and "code" in self._open and self._place is not None:
            self._place += data
        elif "span line cited" in self._open:
            self._cited[-1] += data
        elif any(name.startswith("pre") for name in self._open):
            self._bare += data


def strangers(text: str, cites: list[Document], *, page: bool) -> list[str]:
    """Return the places at which a report shows a text that is none of `cites`.

    Args:
        text: the report, as HTML or Markdown.
        cites: the citations it carries.
        page: whether it is HTML.
    """
    if page:
        reader = _Quotes()
        reader.feed(text)
        reader.close()
        known = {(visible(place(cite)), visible(cite.get("text"))) for cite in cites}
        return [where for where, said in reader.quotes if (where, said) not in known]
    members = {inline(cite.get("member")) for cite in cites}
    lines = {
        f"{inline(cite.get('member'))}:{number}  {inline(line)}"
        for cite in cites
        for number, line in enumerate(str(cite.get("text") or "").split("\n"), span(cite)[0])
    }
    found = [_LINE.match(line) for line in _placed(_quoted(text)) if line not in lines]
    return [f"{match[1]}:{match[2]}" for match in found if match and match[1] in members]


def _placed(lines: list[str]) -> Iterator[str]:
    """Yield every line behind its place, those too that stand below the name of their member."""
    member = ""
    for line in lines:
        if member and _UNDER.match(line):
            yield f"{member}:{line[2:]}"
        elif not _LINE.match(line) and line.endswith(":"):
            member = line[:-1]
        else:
            yield line


def _quoted(text: str) -> list[str]:
    """Return the lines of the text blocks of a Markdown report."""
    found: list[str] = []
    fence, kept = "", False
    for line in text.split("\n"):
        if fence:
            if line == fence:
                fence = ""
            elif kept:
                found.append(line)
        elif match := _FENCE.match(line):
            fence, kept = match[1], match[2] == "text"
        elif other := re.match(r"^(`{3,})\w+$", line):
            fence, kept = other[1], False
    return found
