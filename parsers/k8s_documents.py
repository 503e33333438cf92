"""Cut text into Kubernetes objects, each with the lines it stands on.

YAML and JSON are cut before they are loaded, so that a broken item costs itself and not its list: YAML by the
indentation kubectl writes, JSON by brackets outside of strings.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import orjson

from parsers.k8s_yaml import Loaded, load_yaml

JSON_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{}\[\]]', re.DOTALL)
_NAMED = re.compile(r"""\s*(?:- )?"?name"?: ["']?([^"']+)["']?,?\s*""")
_BLANK = re.compile(r"\s*+")
# Of one object; a cluster keeps none of more than some megabytes, and loaded it takes ten times that.
LARGEST_JSON = 32 << 20


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a text.

    Attributes:
        start: index of its first line.
        stop: index after its last line.
        text: its lines.
        load: makes of the text the object, and why it could not be loaded. An object takes ten times the memory of its
            text, so that of a list one at a time is loaded.
    """

    start: int
    stop: int
    text: str
    load: Callable[[str], Loaded]

    def loaded(self) -> Loaded:
        """Return the object, null when it could not be loaded, and why it could not be."""
        return self.load(self.text)


@dataclass(frozen=True, slots=True)
class Document:
    """A document: one object, or a list of them.

    Attributes:
        head: the list's own fields; null for a single object and a bare array without any.
        items: its objects.
        listed: whether it is a list.
        start: index of its first line.
        stop: index after its last line.
        whole: whether it came to its end.
    """

    head: dict[str, Any] | None
    items: list[Item]
    listed: bool
    start: int
    stop: int
    whole: bool = True

    def moved(self, by: int) -> "Document":
        """Return the document with so many lines before it."""
        items = [replace(item, start=item.start + by, stop=item.stop + by) for item in self.items]
        return replace(self, items=items, start=self.start + by, stop=self.stop + by)


def _first_of_yaml(text: str) -> Loaded:
    value, broken = load_yaml(text)
    return value[0] if isinstance(value, list) and value else None, broken


def _held(value: Any, broken: str | None = None) -> Callable[[str], Loaded]:
    return lambda _: (value, broken)


def _cut_off(_: str) -> Loaded:
    return None, "cut off before its end"


def load_json(text: str) -> Loaded:
    """Return what a JSON text holds, and why it could not be loaded, one of them null."""
    if len(text) > LARGEST_JSON:
        return None, f"longer than {LARGEST_JSON >> 20} MiB, as no object is"
    try:
        return orjson.loads(text), None
    except (orjson.JSONDecodeError, UnicodeEncodeError, RecursionError) as error:
        return None, f"not JSON: {str(error).split(':')[0]}"


def yaml_documents(lines: list[str]) -> Iterator[Document]:
    """Yield the documents of YAML lines, cut at `---` and `...`."""
    start = 0
    for index, line in enumerate(lines):
        if line.startswith(("---", "...")) and (len(line) == 3 or line[3] in " \t#"):
            if start < index:
                yield from _yaml_document(lines, start, index)
            start = index + 1
    if start < len(lines):
        yield from _yaml_document(lines, start, len(lines))


def _blank(line: str) -> bool:
    stripped = line.lstrip()
    return not stripped or stripped[0] == "#"


def _yaml_document(lines: list[str], start: int, stop: int) -> Iterator[Document]:
    while start < stop and _blank(lines[start]):
        start += 1
    while stop > start and not lines[stop - 1].strip():
        stop -= 1
    if start == stop:
        return
    opening = next((i for i in range(start, stop) if lines[i].startswith("items:")), None)
    if lines[start].startswith("- "):
        first = start
    elif opening is not None and lines[opening].rstrip() == "items:":
        first = opening + 1
        while first < stop and _blank(lines[first]):
            first += 1
    else:
        text = "\n".join(lines[start:stop])
        value, broken = load_yaml(text)
        if isinstance(value, dict) and "items" in value and not _is_object_with_items(value):
            yield _inline_list(value, lines, start, stop)
        else:
            yield Document(None, [Item(start, stop, text, _held(value, broken))], False, start, stop)
        return
    yield _block_list(lines, start, stop, first, opening)


def _is_object_with_items(value: dict[str, Any]) -> bool:
    return not (str(value.get("kind", "List")).endswith("List") and "spec" not in value)


def _inline_list(value: dict[str, Any], lines: list[str], start: int, stop: int) -> Document:
    held = value.pop("items")
    text = "\n".join(lines[start:stop])
    items = [Item(start, stop, text, _held(each)) for each in held] if isinstance(held, list) else []
    return Document(value, items, True, start, stop)


def _block_list(lines: list[str], start: int, stop: int, first: int, opening: int | None) -> Document:
    indent = len(lines[first]) - len(lines[first].lstrip()) if first < stop else 0
    dash = " " * indent + "-"
    starts = []
    end = first
    while end < stop:
        line = lines[end]
        if line.startswith(dash) and (len(line) == indent + 1 or line[indent + 1] == " "):
            starts.append(end)
        elif line[:1] not in (" ", "", "#", "\t") or (indent and line.strip() and not line.startswith(" " * indent)):
            break
        end += 1
    items = []
    for begin, after in pairwise([*starts, end]):
        items.append(Item(begin, after, "\n".join(lines[begin:after]), _first_of_yaml))
    head: dict[str, Any] | None = None
    rest = [*(lines[start:opening] if opening is not None else []), *lines[end:stop]]
    if rest:
        value, broken = load_yaml("\n".join(rest))
        head = value if isinstance(value, dict) else {}
        if broken:
            return Document(head, items, True, start, stop, whole=False)
    # kubectl writes `kind` after `items`: a list without it was cut off
    whole = opening is None or (head is not None and "kind" in head)
    if any(line.strip() for line in lines[first : starts[0] if starts else end]):
        whole = False
    if not whole and items and items[-1].loaded()[1] is None:
        items[-1] = replace(items[-1], load=_cut_off)
    return Document(head, items, True, start, stop, whole)


def json_documents(lines: list[str]) -> Iterator[Document]:
    """Yield the JSON documents of lines: one, several without separator, one a line, or with text between them."""
    text = "\n".join(lines)
    breaks = [found.start() for found in re.finditer("\n", text)]
    place = 0
    while (begin := _opening(text, place)) is not None:
        document, place = _json_document(text, begin, breaks)
        yield document


_OPENING = re.compile(r"^[ \t]*[{\[]", re.MULTILINE)


def _opening(text: str, place: int) -> int | None:
    stripped = re.compile(r"\s*").match(text, place)
    at = stripped.end() if stripped else place
    if at < len(text) and text[at] in "{[":
        return at
    found = _OPENING.search(text, at)
    return None if found is None else found.end() - 1


def _json_document(text: str, begin: int, breaks: list[int]) -> tuple[Document, int]:
    """Return the document that opens at `begin`, and where it ends."""
    level = 0
    array = text[begin] == "["
    inside = 1 if array else 2  # level of the list whose elements are items
    holder = begin if array else None  # where the list of items opens
    closed = None
    key = ""
    spans: list[tuple[int, int]] = []
    opened = begin
    end = len(text)
    whole = False
    for token in JSON_TOKEN.finditer(text, begin):
        mark = token[0][0]
        if mark == '"':
            if level == 1:
                key = token[0] if text[token.end() : token.end() + 8].lstrip().startswith(":") else key
            continue
        if mark in "{[":
            level += 1
            if mark == "[" and level == 2 and not array and key.lower() == '"items"' and holder is None:
                holder = token.start()
            elif level == inside + 1 and holder is not None and closed is None:
                opened = token.start()
            continue
        if level == inside + 1 and holder is not None and closed is None:
            spans.append((opened, token.end()))
        if level == inside and mark == "]" and holder is not None and closed is None:
            closed = token.end()
        level -= 1
        if level == 0:
            end = token.end()
            whole = True
            break
    return _json_made(text, begin, end, breaks, spans, holder, closed, array, whole), end


def _json_made(
    text: str,
    begin: int,
    end: int,
    breaks: list[int],
    spans: list[tuple[int, int]],
    holder: int | None,
    closed: int | None,
    array: bool,
    whole: bool,
) -> Document:
    start, stop = bisect_right(breaks, begin - 1), bisect_right(breaks, end - 2) + 1
    if holder is None:
        value, broken = load_json(text[begin:end])
        if isinstance(value, dict) and "items" in value and value["items"] is None:
            value.pop("items")
            return Document(value, [], True, start, stop)
        return Document(None, [Item(start, stop, text[begin:end], _held(value, broken))], False, start, stop, whole)
    items = []
    for opened, ended in spans:
        begins = bisect_right(breaks, opened - 1)
        line = breaks[begins - 1] + 1 if begins else 0
        # Of a list on one line, what stands before an item is not looked at again.
        piece = text[line:ended] if _BLANK.match(text, line, opened).end() == opened else text[opened:ended]  # type: ignore[union-attr]
        items.append(Item(begins, bisect_right(breaks, ended - 2) + 1, piece, load_json))
    head: dict[str, Any] = {}
    if not array and whole and closed is not None:
        loaded, _ = load_json(f"{text[begin:holder]}[]{text[closed:end]}")
        head = loaded if isinstance(loaded, dict) else {}
        head = {key: value for key, value in head.items() if str(key).lower() != "items"}
    elif not array:
        found = re.match(r'[\s\S]{0,400}?"kind"\s*:\s*"(\w+)"', text[begin:holder])
        head = {"kind": found[1]} if found else {}
    if not array and "spec" in head:  # an object that happens to have items
        value, broken = load_json(text[begin:end])
        return Document(None, [Item(start, stop, text[begin:end], _held(value, broken))], False, start, stop, whole)
    return Document(head, items, True, start, stop, whole)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of an object stand, by the indentation of its lines."""

    lines: list[str]
    indents: list[int]
    names: dict[str, list[int]]  # what stands behind `name:`, and on which lines

    @classmethod
    def of(cls, text: str) -> "Places":
        """Return the places of an object's text."""
        lines = text.split("\n")
        if lines[0].lstrip().startswith("- "):
            lines[0] = lines[0].replace("- ", "  ", 1)
        return cls(lines, [len(line) - len(line.lstrip()) for line in lines], {})

    def items(self, *path: str) -> list[tuple[int, int]]:
        """Return the first index and number of lines of each element of the list at `path`; empty if not found."""
        low, high = 0, len(self.lines)
        for key in path:
            found = self._key(key, low, high)
            if found is None:
                return []
            low, high = found
        low = self._filled(low, high)
        if low == high:
            return []
        indent = self.indents[low]
        opens = ("-", "{")
        starts = [i for i in range(low, high) if self.indents[i] == indent and self.lines[i].lstrip().startswith(opens)]
        return [(start, max(1, stop - start)) for start, stop in pairwise([*starts, high])]

    def find_variable(self, name: str, start: int, count: int) -> int | None:
        """Return the index of the line that names an environment variable; null if there is none."""
        if not self.names:
            for i, line in enumerate(self.lines):
                if "name" in line and (found := _NAMED.fullmatch(line)):
                    self.names.setdefault(found[1], []).append(i)
        held = self.names.get(name, [])
        at = bisect_left(held, start)
        return held[at] if at < len(held) and held[at] < start + count else None

    def _filled(self, low: int, high: int) -> int:
        while low < high and self.lines[low].strip() in ("", "{", "}", "["):
            if self.lines[low].strip() == "{" and low:
                break
            low += 1
        return low

    def _key(self, key: str, low: int, high: int) -> tuple[int, int] | None:
        low = self._filled(low, high)
        if low >= high:
            return None
        indent = self.indents[low]
        for i in range(low, high):
            if self.indents[i] != indent or not self.lines[i].strip():
                continue
            stripped = self.lines[i].lstrip()
            if stripped.startswith((key + ":", f'"{key}":')):
                stop = i + 1
                while stop < high and self._below(stop, indent):
                    stop += 1
                return i + 1, stop
        return None

    def _below(self, i: int, indent: int) -> bool:
        line = self.lines[i].lstrip()
        return not line or self.indents[i] > indent or (self.indents[i] == indent and line.startswith("- "))
