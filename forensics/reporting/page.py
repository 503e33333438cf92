"""Lines of text for a terminal: paragraphs folded at its width, commands and places whole."""

from typing import Any

from rich.cells import cell_len
from rich.text import Text

from forensics.reporting import view
from forensics.reporting.escape import inline, visible
from forensics.reporting.folding import fold, shortened
from forensics.reporting.view import Entry

CUT = " ..."  # stands where a paragraph was cut
PROOF_LINES = 3  # screen lines a citation may take in the short form; past it its middle is left to `details`


class Page:
    """Lines of text, folded at a width."""

    def __init__(self, width: int, details: bool) -> None:
        self.width = width
        self.details = details
        self.text = Text(no_wrap=True, overflow="ignore")

    def say(self, *parts: tuple[str, str] | str, indent: int = 0, hang: int = 2, most: int | None = None) -> None:
        """Add a paragraph of (text, style) parts, made visible and folded; at most `most` lines of it."""
        whole = Text()
        for part in parts:
            words, style = part if isinstance(part, tuple) else (part, "")
            whole.append(inline(words), style)
        lines = list(fold(whole.plain, self.width - indent, hang))
        if most is not None and len(lines) > most:
            start, end = lines[most - 1]
            room = self.width - indent - (hang if most > 1 else 0) - len(CUT)
            while cell_len(whole.plain[start:end].rstrip()) > room:
                end -= 1
            whole = whole[:end]
            whole.rstrip()
            whole.append(CUT)
            lines = [*lines[: most - 1], (start, len(whole.plain))]
        for number, (start, end) in enumerate(lines):
            self.text.append("\n" if number else "")
            self.text.append(" " * (indent + (hang if number else 0)))
            self.text.append_text(whole[start : start + len(whole.plain[start:end].rstrip())])
        self.text.append("\n")

    def heading(self, words: str) -> None:
        """Add an empty line and a heading."""
        self.text.append("\n")
        self.say((words, "bold"))

    def command(self, run: Any, indent: int = 4) -> None:
        """Add a command as it is to be pasted: on lines of its own, never folded."""
        for line in visible(run).strip("\n").split("\n"):
            if line.strip():
                self.text.append(" " * indent)
                self.text.append(line.replace("\t", "    "), "cyan")
                self.text.append("\n")

    def proof(self, cite: Entry, indent: int) -> None:
        """Add a citation: place, two blanks, text; in the short form on few lines, with the middle left out."""
        place, text = view.place(cite), str(cite.get("text") or "").strip("\n")
        if not self.details:
            alone = cell_len(inline(place)) > self.width - indent
            room = PROOF_LINES * (self.width - indent - 6) - (0 if alone else len(place))
            lines = [inline(line.strip()) for line in text.split("\n") if line.strip()]
            told = inline(str(cite.get("tells") or ""))
            self._placed(place, shortened(lines, max(room, 120), told), indent)
            return
        first, last = view.span(cite)
        context = cite.get("context") or {}
        self._near(cite, context.get("before") or [], first, indent, before=True)
        head, *rest = text.split("\n")
        self._placed(place, head, indent)
        for line in rest:
            self.say(line, indent=indent + 4, hang=4)
        self._near(cite, context.get("after") or [], last + 1, indent, before=False)

    def _placed(self, place: str, text: str, indent: int) -> None:
        if cell_len(inline(place)) <= self.width - indent:
            self.say((place, "magenta"), "  " + text, indent=indent, hang=4)
            return
        self.where(place, indent)  # too long for a line beside its text
        self.say(text, indent=indent + 4, hang=0)

    def where(self, place: str, indent: int) -> None:
        """Add a place in the bundle alone on its line, whole however long it is, so that it can be pasted."""
        self.text.append(" " * indent)
        self.text.append(inline(place), "magenta")
        self.text.append("\n")

    def _near(self, cite: Entry, lines: list[str], line: int, indent: int, *, before: bool) -> None:
        start = line - len(lines) if before else line
        for number, text in enumerate(lines, start):
            self.say((f"{cite.get('member', '')}:{number}  {text}", "dim"), indent=indent, hang=4)
