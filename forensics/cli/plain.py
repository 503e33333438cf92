# ruff: noqa: RUF001 - look-alikes are what this is about
"""Words for terminals and pipes that know few characters: nothing that is printed fails for its encoding.

Windows gives a redirected output its old code page (cp1252, cp437), and a bare container gives ASCII.
"""

import codecs
import sys

_INSTEAD = {
    "…": "...", "→": "->", "←": "<-", "–": "-", "—": "-", "·": "-", "•": "*", "µ": "u", "×": "x", "✕": "x", "✗": "x",
    "✓": "+", "‘": "'", "’": "'", "“": '"', "”": '"', "≤": "<=", "≥": ">=",
    "│": "|", "┃": "|", "─": "-", "━": "-", "╴": "-", "╶": "-",
    "├": "+", "└": "+", "┌": "+", "┐": "+", "┘": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+", "╵": "|", "╷": "|",
    "█": "#", "▇": "#", "▆": "#", "▅": "#", "▄": "=", "▃": "=", "▂": "-", "▁": "_", "░": ".", "▒": ":", "▓": "#",
    "■": "#", "▪": "#", "●": "*", "○": "o", "◆": "*", "▲": "^", "▼": "v", "▶": ">", "◀": "<",
}  # fmt: skip


def plainly() -> None:
    """Print from now on what the outputs' encoding does not know as characters that it does, or as escapes."""
    codecs.register_error("plainly", _plain)
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
        if not encoding.startswith("utf") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plainly")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_INSTEAD.get(char) or _escape(ord(char)) for char in lost), error.end


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
