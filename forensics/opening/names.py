"""Member names: from bytes nobody vouches for to text that can be shown, and is never used as a path."""

import hashlib


def shown(raw: bytes | str) -> str:
    """Return a name with everything that does not show, or is not UTF-8, written as an escape.

    What does not show is what `str.isprintable` says: controls, bidi marks, zero width, odd spaces, lone surrogates.
    """
    text = raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else raw
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def member_name(raw: bytes | str, most: int) -> str:
    """Return the name of a member as it is shown: relative, without `.` and `..`, at most `most` bytes long."""
    parts = [part for part in shown(raw).split("/") if part not in ("", ".", "..")]
    name = "/".join(parts) or "unnamed"
    if len(name.encode()) <= most:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    kept = name.encode()[: max(0, most - 20)].decode("utf-8", "ignore")
    return f"{kept}…{digest}"


def leaves(target: bytes | str, name: str) -> bool:
    """Whether a link called `name` points outside what holds it."""
    text = shown(target)
    if text.startswith("/") or "\\" in text or text[1:2] == ":":
        return True
    depth = name.count("/")
    for part in text.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False


class Unique:
    """Gives every member a name of its own: the second of a name is `name#2`."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def __call__(self, name: str) -> str:
        """Return `name`, numbered if it was given before."""
        made, number = name, self._seen.get(name, 0)
        while made in self._seen:
            number += 1
            made = f"{name}#{number + 1}" if number else name
        self._seen[name] = max(number, self._seen.get(name, 0))
        self._seen.setdefault(made, 0)
        return made
