"""Text made to fit: folded at a width, shortened in the middle, or to its first sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

# Source: the log format of the Kubernetes CRI, and `kubectl logs --timestamps`.
_STAMPED = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:(?:stdout|stderr) [FP] )? *")
# What every answer carries and none is told from.
# Source: the headers of Envoy's and uvicorn's answers, as `curl -i` and `curl -v` print them.
_USUAL = re.compile(
    r"^(?:< )?(?:date|server|connection|content-(?:length|type)|vary|x-(?:envoy-[a-z-]+|request-id)): ",
    re.IGNORECASE,
)
BEFORE = 30  # characters in front of the words that must stay
NEAR = 12  # characters given up so that what is shown begins and ends with whole words


def middle_out(text: str, room: int, kept: str = "") -> str:
    """Return `text` in at most about `room` characters: what a line is about stands first, what went wrong last.

    Args:
        text: a line, or several in one.
        room: characters.
        kept: words of it that must stay: where they stand in the middle, what follows them is left out in place of it.
    """
    if len(text) <= room:
        return text
    head = room // 3
    tail = len(text) - (room - head - 5)
    at = text.find(kept) if kept else -1
    if at < 0 or at + len(kept) <= head or at >= tail:
        return f"{text[: _ends(text, head)]} ... {text[_begins(text, tail) :]}"
    if at + len(kept) <= room - 4:
        return f"{text[: room - 4]} ..."
    begin = text.rfind(" ", 0, max(at - BEFORE, 0)) + 1
    if begin <= room // 4:  # what is kept begins in what stands first already, and is longer than the room
        return f"{text[: room - 4]} ..."
    return f"{text[: room // 4]} ... {text[begin : begin + room - room // 4 - 9]} ..."


def _ends(text: str, at: int) -> int:
    """Return where the last whole word before `at` ends, or `at` itself where that is far."""
    blank = text.rfind(" ", max(at - NEAR, 1), at + 1)
    return blank if blank > 0 else at


def _begins(text: str, at: int) -> int:
    """Return where the first whole word from `at` on begins, or `at` itself where that is far."""
    blank = text.find(" ", at - 1, at + NEAR)
    return blank + 1 if blank >= 0 else at


def shortened(lines: Sequence[str], room: int, kept: str = "") -> str:
    """Return a record of several lines in at most about `room` characters, its last line included.

    A traceback says on its last line what went wrong, and what it is called by stands on its first ones.
    """
    whole = " | ".join(lines)
    if len(whole) <= room:
        return whole
    lines = [_STAMPED.sub("", line) for line in lines]  # what a runtime put in front of every line tells least
    telling = list(_without_usual(lines, kept))
    lines = lines if telling == ["..."] else telling
    end = " ..." if lines[-1] == "..." else ""
    lines = lines[:-1] if end else lines
    if len(lines) < 2:
        return middle_out(lines[0], room, kept) + end
    last = middle_out(lines[-1], room // 2 if kept and kept in lines[-1] else room // 3, kept)
    if kept and kept in last:
        kept = ""
    head = middle_out(" | ".join(lines[:-1]), room - len(last) - len(" | "), kept)
    return f"{head} | {last}{end}"


def _without_usual(lines: Iterable[str], kept: str) -> Iterator[str]:
    """Yield `lines` without the headers that all answers carry, a run of them as dots."""
    left_out = False
    for line in lines:
        usual = bool(_USUAL.match(line)) and not (kept and kept in line)
        if not usual:
            yield line
        elif not left_out:
            yield "..."
        left_out = usual


def opening(text: str, room: int) -> str:
    """Return the first sentences of `text` that fit into `room` characters, and the first one in any case."""
    kept = text
    while len(kept) > room and ". " in kept:
        kept = kept[: kept.rindex(". ") + 1].removesuffix(".")
    return kept if kept == text or kept.endswith(".") else f"{kept}."


def fold(text: str, width: int, hang: int) -> Iterator[tuple[int, int]]:
    """Yield the (start, end) of each line of `text` when no line is wider than `width` cells.

    Lines after the first are `hang` cells shorter. Breaks at blanks, inside a word only where it is wider than a line.
    """
    start, room = 0, max(width, 10)
    while True:
        end, cells, blank = start, 0, -1
        while end < len(text):
            cells += cell_len(text[end])
            if cells > room:
                break
            if text[end] == " " and end > start:
                blank = end
            end += 1
        if end >= len(text):
            yield start, len(text)
            return
        if text[end] == " ":
            blank = end
        if blank - start < room // 3:  # a break so early wastes the line: the word is long anyway
            blank = -1
        yield start, (blank if blank > 0 else max(end, start + 1))
        start = blank if blank > 0 else max(end, start + 1)
        while start < len(text) and text[start] == " ":
            start += 1
        if start >= len(text):
            return
        room = max(width - hang, 10)
