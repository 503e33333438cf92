"""The lines of `kubectl describe` by their indentation: keys, values, and what is below them."""

import re
from dataclasses import dataclass, field

from parsers.k8s_values import UNSET

_KEY = re.compile(r"( *)([^\s:](?:[^:]|:(?=\S))*?):(?:\s+(.*?))?\s*$")


@dataclass(slots=True)
class Node:
    """A line of describe, and what is indented below it."""

    key: str
    value: str
    line: int
    stop: int
    indent: int
    text: str
    below: list["Node"] = field(default_factory=list)

    def get(self, key: str) -> "Node | None":
        """Return the first line of a key right below this one."""
        return next((each for each in self.below if each.key == key), None)

    def told(self, key: str) -> str | None:
        """Return the value of a key right below this one; null where it is `<none>` or missing."""
        found = self.get(key)
        return None if found is None or found.value in UNSET else found.value


def tree(lines: list[str], start: int, stop: int) -> Node:
    """Return the lines of a block by their indentation."""
    root = Node("", "", start, stop, -1, "")
    open_nodes = [root]
    for index in range(start, stop):
        line = lines[index].rstrip()
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        found = _KEY.match(line)
        key, value = (found[2], found[3] or "") if found else ("", line.strip())
        while open_nodes[-1].indent >= indent:
            open_nodes.pop().stop = index
        node = Node(key, value, index, stop, indent, line.strip())
        open_nodes[-1].below.append(node)
        if len(open_nodes) < 60:
            open_nodes.append(node)
    return root


def pairs(node: Node | None, mark: str) -> dict[str, str]:
    """Return the pairs `a=b` or `a: b` of labels and annotations, which begin on the key's own line."""
    if node is None:
        return {}
    texts = [node.value, *(below.text for below in node.below)]
    split = (text.split(mark, 1) for text in texts if mark in text)
    return {key.strip(): value.strip() for key, value in split}
