"""Where the keys of a TOML file stand, which the standard library's reader does not say; and where it is no TOML."""

import pathlib
import re

from patterns.pattern import PatternError

Path = tuple[str, ...]

_KEY = r'(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|\'[^\']*\')'
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEAD = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]\]?")
_PAIR = re.compile(rf"\s*({_KEYS})\s*=\s*")
_QUOTES = re.compile(r"'''|\"\"\"|['\"]")


def places(text: str) -> dict[Path, tuple[int, int]]:
    """Return line and column (from 1) where each key's value begins; of a table, its heading.

    For text the first character inside the quotes. Of a repeated table (`[[example]]`) the n-th is under
    `("example", "n")`, from 0. Keys inside inline tables are not told apart.
    """
    found: dict[Path, tuple[int, int]] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if head := _HEAD.match(line):
            table = _split(head[1])
            if line.lstrip().startswith("[["):
                counts[table] = counts.get(table, -1) + 1
                table = (*table, str(counts[table]))
            found.setdefault(table, (number, 1))
        elif pair := _PAIR.match(line):
            key, place, number = (*table, *_split(pair[1])), (number, pair.end() + 1), number
            quotes = _QUOTES.match(line, pair.end())
            if quotes:
                place = (number, quotes.end() + 1)
                if len(quotes[0]) == 3:
                    if quotes.end() == len(line.rstrip("\r")):
                        place = (number + 1, 1)  # the line feed after the quotes is not part of the text
                    number = _after(quotes[0], lines, number, quotes.end())
            found.setdefault(key, place)
    return found


def _after(quotes: str, lines: list[str], number: int, column: int) -> int:
    """Return the number of the line in which a text of several lines ends."""
    if quotes in lines[number - 1][column:]:
        return number
    while number < len(lines) and quotes not in lines[number]:
        number += 1
    return number + 1


def _split(keys: str) -> Path:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, keys))


def text_in(path: pathlib.Path, file: str) -> str:
    """Return the text of a file of ours, without the mark some editors begin UTF-8 with.

    Args:
        path: where it lies.
        file: what errors call it.

    Raises:
        PatternError: if it cannot be read, or is not UTF-8.
    """
    try:
        held = path.read_bytes()
        return held.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise PatternError(f"{file}:1:1: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        before = held[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise PatternError(f"{file}:{line}:{column}: not UTF-8: byte 0x{held[error.start]:02x}") from None


def not_toml(error: Exception, text: str, file: str) -> str:
    """Return why a text is not TOML, and where."""
    said = str(error)
    if isinstance(error, RecursionError):
        said = "nested too deep"
    found = re.search(r"\(at line ([0-9]+), column ([0-9]+)\)", said)
    place = f"{file}:{found[1]}:{found[2]}" if found else f"{file}:{text.count(chr(10)) + 1}:1"
    return f"{place}: not TOML: {said.partition(' (at ')[0]}"
