"""Make untrusted text harmless for every form of the report.

What is read comes from strangers: terminal escapes, direction overrides and markup in it must be seen, never obeyed.
"""

import re

from markupsafe import Markup, escape

# Token by token: what a tracker would turn into a link, a mention or a reference.
_LINKING = re.compile(
    r"://|@|#\d|\bGH-\d|(?i:www\.|javascript:|data:|mailto:)"
    r"|:(?:[\w+-]*[a-z+-][\w+-]*|100|1234):"  # a picture by its name
)
_MARKS = re.compile(r"[\\`*\[\]|~$<>&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_OPENERS = re.compile(r"^(?=[-+#=])|^(\d{1,9})(?=[.)])")  # what begins a block where a line begins
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")  # as the library's own texts mark names and paths
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def visible(text: object) -> str:
    r"""Return `text` with every character that does not print shown as its escape: `\x1b`, `\u202e`, `\U000e0041`.

    Line feeds and tabs stay. Everything else that a terminal, a browser or an XML reader could obey or hide is spelt
    out: controls, direction overrides, zero-width and tag characters, odd spaces, lone surrogates, private characters.
    """
    text = text if isinstance(text, str) else "" if text is None else str(text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else _spelt(char) for char in text)


def inline(text: object) -> str:
    r"""Return `text` on one line: as `visible`, a line feed as `\n` and a tab as two blanks."""
    return visible(text).replace("\t", "  ").replace("\n", "\\n")


def _spelt(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def code_span(text: object, *, cell: bool = False) -> str:
    """Return `text` as a Markdown code span, in which nothing is a link, a mention or markup.

    Args:
        text: what to show.
        cell: whether it stands in a table, where even here a pipe would end the cell.
    """
    shown = inline(text)
    if not shown.strip():
        return "` `"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    if cell:
        shown = shown.replace("|", "\\|")
    return f"{fence}{pad}{shown}{pad}{fence}"


def markdown(text: object, *, cell: bool = False) -> str:
    """Return `text` as Markdown that reads as written: no markup, no HTML, no links, no mentions.

    Words that trackers link on sight (addresses, `@name`, `#12`) become code spans: only there do they stay words.
    """
    return _OPENERS.sub(r"\1\\", _plain(inline(text).strip(), cell))


def _plain(text: str, cell: bool) -> str:
    words = re.split(r"( +)", text)
    return "".join(code_span(w, cell=cell) if _LINKING.search(w) else _MARKS.sub(_escaped, w) for w in words)


def worded(text: object, *, cell: bool = False) -> str:
    """Return a text of the library's as Markdown: as `markdown`, and what stands between backticks is code."""
    parts = _CODE.split(inline(text).strip())
    shown = [code_span(p, cell=cell) if i % 2 else _plain(p, cell) for i, p in enumerate(parts)]
    return _OPENERS.sub(r"\1\\", "".join(shown))


def coded(text: object) -> Markup:
    """Return a text of the library's as HTML on one line: all of it escaped, what stands between backticks is code."""
    parts = _CODE.split(inline(text))
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


def _escaped(mark: re.Match[str]) -> str:
    return _ENTITIES.get(mark[0]) or "\\" + mark[0]


def fenced(lines: list[str], kind: str = "text") -> list[str]:
    """Return the lines of a Markdown code block that none of `lines` can end."""
    shown = [inline(line) for line in lines]
    fence = "`" * max(3, 1 + max((len(run) for line in shown for run in re.findall("`+", line)), default=0))
    return [f"{fence}{kind}", *shown, fence]
