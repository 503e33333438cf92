"""YAML as kubectl writes it, read a line at a time; whatever else YAML has goes to libyaml.

Nearly all lines of a dump are `key: value`, `- key: value` or `- value` with the value on the same line, and most
stand there a thousand times, so that what a line says is looked up. Of an entry that says more (texts over several
lines, flow collections, comments, anchors) libyaml reads that entry, and of a text with anything that cannot be told
from its line alone, the whole: what comes out is in every case what libyaml makes of the whole.
"""

import re
from typing import Any

import orjson
import yaml

Loaded = tuple[Any, str | None]  # what a text holds, and why it could not be loaded

# Half of a must-gather, of no use here, and the slowest part to load
MANAGED = re.compile(r"(?m)^( *)managedFields:[ ]*\n(?:\1(?:- | ).*(?:\n|\Z))*+")
_MERGED = 10_000  # pairs of one mapping after merging
# Of one object; a cluster keeps none of more than some megabytes, and loaded it takes fifty times that.
LARGEST_YAML = 8 << 20

_DEEPEST = 100  # containers in each other that are read by line
_DASHES = 10  # lists begun on one line, as well
_ENTRIES = 100  # left to libyaml, and one of eight lines: to read more so takes longer than to read the whole
_KEPT, _LONGEST = 50_000, 120  # lines whose meaning is kept, and characters of one
_UNUSUAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff\ufffe\uffff]")
_PAIR = re.compile(
    r"""(?:([\w./][^\s:#]*(?::[^\s:#]+)*)|"([^"\\\t]*)"|'([^'\t]*)'):(?: +(.*))?""", re.DOTALL | re.ASCII
)
_QUOTED = re.compile(r"""'((?:[^']|'')*)'|"([^"\\]*)"|("(?:[^"\\]|\\["\\nrt])*")""")
_NO_PLAIN = frozenset(" ?:,[]{}#&*!|>'\"%@`")  # begin no plain scalar
_WORDS = {"true": True, "false": False, "null": None}
_ANCHOR = re.compile(r"(?:^|[\s\[{,:?-])&[\w-]")  # it may be named again elsewhere
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}", re.ASCII)
_FLOAT = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}", re.ASCII)

# What a line says of its value: a text that may go on below, a whole one, one that stands below, an empty mapping, an
# empty list, more than is read here, nothing at all; and a line that is neither key nor item.
_TEXT, _CLOSED, _BELOW, _NO_KEYS, _NO_ITEMS, _MORE, _NOTHING, _BARE = range(8)
# Where it begins, the columns of its dashes, the column of its key or last dash, its key (null for an item), its value,
# and what it says of it.
_Line = tuple[int, tuple[int, ...], int, str | None, Any, int]
_known: dict[str, _Line] = {}


class _Loader(yaml.CSafeLoader):
    """YAML as kubectl means it: times stay text, and merge keys cannot grow without bound."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        if len(node.value) > _MERGED:
            raise yaml.constructor.ConstructorError(None, None, "merge keys grow without bound", node.start_mark)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, shape) for tag, shape in known if tag.rsplit(":", 1)[-1] not in ("timestamp", "value")]
    for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_SHAPES = {first: [shape for _, shape in known] for first, known in _Loader.yaml_implicit_resolvers.items()}


class UnlikeError(Exception):
    """A text that cannot be read line by line."""


def load_yaml(text: str) -> Loaded:
    """Return what a YAML text holds, and why it could not be loaded, one of them null."""
    if "managedFields:" in text:
        text = MANAGED.sub("", text)
    if len(text) > LARGEST_YAML:
        return None, f"longer than {LARGEST_YAML >> 20} MiB, as no object is"
    try:
        return by_line(text), None
    except (UnlikeError, *FAILURES):
        return by_libyaml(text)


FAILURES = (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError, AttributeError)


def by_libyaml(text: str) -> Loaded:
    """Return what libyaml makes of a text, and why it could not be loaded, one of them null."""
    try:
        return _made(text), None
    except yaml.MarkedYAMLError as error:
        return None, f"not YAML: {error.problem or error.context or 'syntax'}"
    except FAILURES as error:
        return None, f"not YAML: {type(error).__name__}"


def _made(text: str) -> Any:
    return yaml.load(text, _Loader)  # noqa: S506 - a safe loader


def by_line(text: str) -> Any:
    """Return what a text holds that is laid out as kubectl does.

    Raises:
        UnlikeError: it is laid out otherwise, or is no YAML.
        YAMLError, ValueError: one of its entries is no YAML.
    """
    if _UNUSUAL.search(text) is not None:
        raise UnlikeError
    top: dict[int, Any] = {0: None}
    here: Any = top  # the container of the last entry, the column it stands at, and those around it
    column = -1
    around: list[tuple[int, Any]] = []
    slot: Any = 0  # of the last entry in its container, what was said of its value, and its line
    said, last = _BELOW, -1
    lines = text.split("\n")
    at, left = 0, _ENTRIES + len(lines) // 8
    while at < len(lines):
        line = lines[at]
        begins, dashes, inner, key, value, saying = _known.get(line) or _read(line)
        if saying == _NOTHING:
            at += 1
            continue
        if begins > column:
            if said == _TEXT or (said == _BELOW and saying == _BARE):  # it goes on from the line above
                left -= 1
                here[slot], at = _entry(lines, last, column, left)
                said = _CLOSED
                continue
            if said != _BELOW or len(around) > _DEEPEST:
                raise UnlikeError
            around.append((column, here))
            here[slot] = here = [] if dashes else {}
            column = begins
        elif dashes and begins == column and said == _BELOW and type(here) is dict:
            around.append((column, here))
            here[slot] = here = []
        else:
            while column > begins:
                column, here = around.pop()
            if not dashes and type(here) is list:
                column, here = around.pop()
            if column != begins or (type(here) is list) != bool(dashes):
                raise UnlikeError
        if saying == _BARE:
            raise UnlikeError
        if dashes:
            slot = len(here)
            here.append(None)
            for dash in dashes[1:]:
                around.append((column, here))
                here[slot] = here = [None]
                column, slot = dash, 0
            if key is not None:
                around.append((column, here))
                here[slot] = here = {}
                column = inner
        if key is not None:
            slot = key
        said, last = saying, at
        at += 1
        if saying <= _BELOW:
            here[slot] = value
            continue
        said = _CLOSED
        if saying == _MORE:
            left -= 1
            here[slot], at = _entry(lines, last, column, left)
        else:
            here[slot] = {} if saying == _NO_KEYS else []
    if column < 0:
        raise UnlikeError
    return top[0]


def _entry(lines: list[str], first: int, column: int, left: int) -> tuple[Any, int]:
    """Return what libyaml makes of the value of an entry with all that stands deeper below, and the line behind.

    Args:
        lines: the whole.
        first: index of the line the entry begins on.
        column: where it does: that of its key, or of its dash.
        left: how many more may be read so, below 0 none.
    """
    if first < 0 or left < 0:
        raise UnlikeError
    margin, after = " " * (column + 1), first + 1
    while after < len(lines) and (lines[after].startswith(margin) or not lines[after].strip(" ")):
        after += 1
    text = "\n".join([margin[1:] + lines[first][column:], *lines[first + 1 : after]])
    if _ANCHOR.search(text) is not None:
        raise UnlikeError
    held = _made(text if after == len(lines) else f"{text}\n")
    if not isinstance(held, dict | list) or len(held) != 1:
        raise UnlikeError
    return (held[0] if isinstance(held, list) else next(iter(held.values()))), after


def _read(line: str) -> _Line:
    """Return what a line says, and keep it for the next that is the same."""
    said = _line(line)
    if len(line) <= _LONGEST:
        if len(_known) >= _KEPT:
            _known.clear()
        _known[line] = said
    return said


def _line(line: str) -> _Line:
    begins = len(line) - len(line.lstrip(" "))
    if begins == len(line) or line[begins] == "#":
        return 0, (), 0, None, None, _NOTHING
    dashes: list[int] = []
    inner = begins
    while line[inner : inner + 2] in ("- ", "-") and len(dashes) < _DASHES:
        dashes.append(inner)
        inner = len(line) - len(line[inner + 1 :].lstrip(" "))
    rest = line[inner:]
    pair = _PAIR.fullmatch(rest)
    if pair is not None:
        plain, *quoted, value = pair.groups()
        key = plain if plain is not None else next(each for each in quoted if each is not None)
        if len(key) <= _LONGEST and (plain is None or not _resolves(plain)):
            return begins, tuple(dashes), inner, key, *_value(value or "")
    if not dashes:
        return begins, (), begins, None, None, _BARE
    return begins, tuple(dashes), dashes[-1], None, *_value(rest)


def _value(text: str) -> tuple[Any, int]:
    """Return the value a line ends with, and what it says of it."""
    if not text:
        return None, _BELOW
    if text in _WORDS:
        return _WORDS[text], _TEXT
    if text in ("{}", "[]"):
        return None, _NO_KEYS if text == "{}" else _NO_ITEMS
    if "\t" in text:
        return None, _MORE
    if text[0] in "\"'":
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            return None, _MORE
        single, double, escaped = quoted.groups()
        if escaped is not None:
            return orjson.loads(escaped), _CLOSED
        return double if single is None else single.replace("''", "'"), _CLOSED
    if text[0] in _NO_PLAIN or text[-1] in ": " or text in ("-", "---") or text[:2] == "- ":
        return None, _MORE
    if ": " in text or " #" in text:
        return None, _MORE
    if _INTEGER.fullmatch(text):
        return int(text), _TEXT
    if _FLOAT.fullmatch(text):
        return float(text), _TEXT
    return (None, _MORE) if _resolves(text) else (text, _TEXT)


def _resolves(text: str) -> bool:
    """Whether a plain scalar is anything else than a text."""
    return any(shape.match(text) for shape in _SHAPES.get(text[0], ()))
