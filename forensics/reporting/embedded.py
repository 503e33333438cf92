"""What a report carries for `verify`: its citations and the hashes of their members, in HTML and in Markdown.

In HTML it is a JSON data block, in a large report a packed one; in Markdown a comment with the same JSON, packed and in
base64, whose alphabet cannot end it.
"""

import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from html.parser import HTMLParser
from typing import Any

import orjson

from forensics.document import Document, citations, entries

KIND = "seldon-forensics/citations/1"
ELEMENT_ID = "seldon-forensics-citations"
MOST = 256_000_000  # bytes of a list of citations once unpacked
_OPEN, _CLOSE = "<!-- seldon-forensics:citations ", " -->"


def citation_block(document: Document, members: int = 500) -> Document:
    """Return every citation of `document` once, and the hashes of members, in the document's order.

    Args:
        document: as in `document.schema.json`.
        members: of so many members at most the hash is given; of those cited, always.
    """
    coverage = document.get("coverage")
    read = entries(coverage, "members") if isinstance(coverage, dict) else []
    hashes = {str(m.get("member")): m["sha256"] for m in read if m.get("sha256") and m.get("status") != "refused"}
    cited: dict[tuple[Any, ...], Document] = {}
    for place, cite in citations(document):
        member, text = str(cite.get("member")), str(cite.get("text") or "")
        lines = (
            [n for n in cite.get("lines") or () if isinstance(n, int)] if isinstance(cite.get("lines"), list) else []
        )
        cited.setdefault((member, *lines, text), {"at": place, "member": member, "lines": lines, "text": text})
    used = dict.fromkeys([entry["member"] for entry in cited.values()])
    if len(hashes) <= members:
        used |= dict.fromkeys(hashes)
    return {
        "schema": KIND,
        "input": document.get("input"),
        "members": [{"member": member, "sha256": hashes.get(member)} for member in used],
        "citations": list(cited.values()),
    }


def packed(block: Document) -> Document:
    """Return `block` as a document that holds the same in few bytes; `blocks_in_html` unpacks it."""
    return {"schema": KIND, "packed": _pack(block)}


def _pack(block: Document) -> str:
    return b64encode(zlib.compress(orjson.dumps(block), 9)).decode()


def _unpack(text: str) -> Any:
    data = b64decode(text, validate=True)
    return orjson.loads(data if data.startswith(b"{") else zlib.decompressobj().decompress(data, MOST))


def _unpacked(block: Any) -> Any:
    if not isinstance(block, dict) or "packed" not in block:
        return block
    return _unpack(str(block["packed"]))


def comment(block: Document) -> str:
    """Return the Markdown comment that carries `block`."""
    return f"{_OPEN}{_pack(block)}{_CLOSE}"


def block_in_markdown(text: str) -> Any:
    """Return what the comment of a Markdown report carries, None for none.

    It is the last one that stands at the beginning of a line: what the bundle says stands before it.
    """
    lines = [line for line in text.split("\n") if line.startswith(_OPEN)]
    if not lines:
        return None
    try:
        return _unpack(lines[-1].removeprefix(_OPEN).rstrip().removesuffix(_CLOSE))
    except (NotBase64, orjson.JSONDecodeError, zlib.error):
        return None


class _Blocks(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.inside = False
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag == "script" and ("id", ELEMENT_ID) in attrs
        if self.inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[-1] += data


def blocks_in_html(text: str) -> list[Any]:
    """Return what the data blocks of an HTML report carry; those that cannot be read are left out."""
    reader = _Blocks()
    reader.feed(text)
    reader.close()
    found = []
    for written in reader.texts:
        try:
            found.append(_unpacked(orjson.loads(written)))
        except (orjson.JSONDecodeError, NotBase64, zlib.error):
            continue
    return found
