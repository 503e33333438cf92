"""Check a report against the bundle it was made from, with no pattern involved.

Every member that was read must have the hash the report gives; every cited text must stand in the lines it names, when
these are masked again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from forensics.document import SCHEMA_ID, Document, entries
from forensics.reporting.embedded import KIND, block_in_markdown, blocks_in_html, citation_block
from forensics.reporting.shown import strangers

Member = tuple[str, str | None, Iterable[str]]
HOLDS = "holds"
MOST_LINES = 100_000  # of one citation; a forged one must not exhaust us
LONG_LINE = 1000  # characters; only of a line longer than that a part may be quoted
SHORTEST_QUOTE = 200  # characters such a part has at least
HIDDEN = "***"  # what a mask puts in the place of a secret


class ReportError(ValueError):
    """Bytes in which there is no report of ours, or one without anything to check."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one claim of a report.

    Attributes:
        claim: `member` (its hash) or `citation`.
        member: the member it is about.
        lines: the lines cited; None for a member, and for a text that is shown but not cited.
        state: `holds`, `differs` or `missing`.
        detail: what was found instead; empty when it holds. Never the text of the bundle, which may hold secrets.
        at: where in the report it stands.
    """

    claim: str
    member: str
    lines: tuple[int, int] | None
    state: str
    detail: str = ""
    at: str = ""


def verify(
    report: bytes,
    members: Mapping[str, tuple[str | None, Iterable[str]]] | Iterable[Member],
    mask: Callable[[str], str] = str,
) -> list[Outcome]:
    """Return an outcome for every member hash and every citation of `report`, in the report's order.

    Args:
        report: a report as JSON, HTML or Markdown.
        members: name, SHA-256 and lines of each member of the bundle; the lines of each are gone through at most
            once, in turn, and only of members that are cited.
        mask: what hides secrets in a line, as it did when the report was made.

    Raises:
        ReportError: when `report` is none, or cites nothing and names no member.
    """
    claims = _claims(report)
    hashes = {str(m.get("member")): str(m["sha256"]) for m in entries(claims, "members") if m.get("sha256")}
    by_member: dict[str, list[Document]] = {}
    for cite in entries(claims, "citations"):
        by_member.setdefault(str(cite.get("member")), []).append(cite)
    if not hashes and not by_member:
        raise ReportError("the report cites nothing and names no member")
    found: dict[str, list[Outcome]] = {}
    for name, digest, lines in _each(members):
        if name in found or (name not in hashes and name not in by_member):
            continue
        found[name] = [
            *([_hash(name, hashes[name], digest)] if name in hashes else []),
            *_compared(name, by_member.get(name, []), lines, mask),
        ]
    names = dict.fromkeys([*hashes, *by_member])
    checked = [outcome for name in names for outcome in found.get(name) or _absent(name, hashes, by_member)]
    return [*checked, *_shown(report, claims)]


def _claims(report: bytes) -> Document:
    text = report.decode("utf-8", "replace")
    try:
        loaded = orjson.loads(report)
    except orjson.JSONDecodeError:
        loaded = None
    if isinstance(loaded, dict) and loaded.get("schema") == SCHEMA_ID:
        return citation_block(loaded, members=1 << 62)
    blocks = [b for b in (blocks_in_html(text) if _is_page(text) else [block_in_markdown(text)]) if _is_block(b)]
    if len(blocks) != 1:
        raise ReportError(f"{len(blocks) or 'no'} lists of citations in the report, where there must be one")
    only: Document = blocks[0]
    return only


def _shown(report: bytes, claims: Document) -> list[Outcome]:
    """Return what people are shown that the citations of the same report do not say."""
    text = report.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        return []  # JSON shows nothing else than what it cites
    places = strangers(text, entries(claims, "citations"), page=_is_page(text))
    return [
        Outcome("citation", where, None, "differs", "the report shows a text that it does not cite") for where in places
    ]


def _is_page(text: str) -> bool:
    return text.lstrip("\ufeff \r\n").lower().startswith("<!doctype html")


def _is_block(block: Any) -> bool:
    return isinstance(block, dict) and block.get("schema") == KIND


def _each(members: Mapping[str, tuple[str | None, Iterable[str]]] | Iterable[Member]) -> Iterator[Member]:
    if isinstance(members, Mapping):
        for name, (digest, lines) in members.items():
            yield name, digest, lines
    else:
        yield from members


def _hash(name: str, told: str, digest: str | None) -> Outcome:
    if digest == told:
        return Outcome("member", name, None, HOLDS)
    return Outcome("member", name, None, "differs", f"its SHA-256 is {digest}, the report says {told}")


def _compared(name: str, cites: list[Document], lines: Iterable[str], mask: Callable[[str], str]) -> list[Outcome]:
    if not cites:
        return []
    spans = [_span(cite) for cite in cites]
    wanted = {n for first, last in spans for n in range(first, last + 1)}
    end = max(wanted, default=0)
    kept: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if number > end:
            break
        if number in wanted:
            kept[number] = line.rstrip("\r\n")
    return [_citation(name, cite, span, kept, mask) for cite, span in zip(cites, spans, strict=True)]


def _span(cite: Document) -> tuple[int, int]:
    lines = cite.get("lines")
    if isinstance(lines, list) and len(lines) == 2 and all(isinstance(n, int) for n in lines):
        first, last = lines
        return (first, last) if last - first < MOST_LINES else (0, 0)
    return (0, 0)


def _citation(
    name: str, cite: Document, span: tuple[int, int], kept: dict[int, str], mask: Callable[[str], str]
) -> Outcome:
    first, last = span
    at = str(cite.get("at") or "")
    if first < 1 or last < first:
        return Outcome("citation", name, span, "missing", "it names no lines", at)
    if any(number not in kept for number in range(first, last + 1)):
        return Outcome("citation", name, span, "missing", "the member has fewer lines", at)
    lines = [kept[number] for number in range(first, last + 1)]
    told = _level(str(cite.get("text") or ""))
    # Masked as a whole or line by line: a secret may run over several lines, a mask may look at one.
    whole, single = _level(mask("\n".join(lines))), _level("\n".join(map(mask, lines)))
    if told in (whole, single) or any(_quotes_long(told, there) for there in (single, _level("\n".join(lines)))):
        return Outcome("citation", name, span, HOLDS, "", at)
    return Outcome("citation", name, span, "differs", "the lines say something else", at)


def _level(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip("\n")


def _quotes_long(told: str, there: str) -> bool:
    """Whether `told` is `there`, line by line, where of a very long line a part may stand for it."""
    mine, theirs = told.split("\n"), there.split("\n")
    return len(mine) == len(theirs) and all(map(_same, mine, theirs))


def _same(told: str, there: str) -> bool:
    if told == there:
        return True
    if len(there) <= LONG_LINE or len(told) < SHORTEST_QUOTE:
        return False
    place = 0
    for part in told.split(HIDDEN):
        place = there.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def _absent(name: str, hashes: Mapping[str, str], by_member: Mapping[str, list[Document]]) -> list[Outcome]:
    gone = "the bundle has no such member"
    outcomes = [Outcome("member", name, None, "missing", gone)] if name in hashes else []
    cited = by_member.get(name, [])
    return [*outcomes, *(Outcome("citation", name, _span(c), "missing", gone, str(c.get("at") or "")) for c in cited)]
