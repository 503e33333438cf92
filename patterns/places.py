"""Where the keys of a TOML file stand, since the standard library's reader does not say."""

import re

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
