"""Words without a log around them: what is quoted in a ticket, of which known failure it would be a sign."""

from collections.abc import Iterable, Iterator

import polars as pl

from forensics.guides.lookup import leads, words_of
from forensics.ingest import Read
from forensics.intake.masking import mask
from patterns.pattern import Library
from patterns.terms import sufficient

TICKET = 500  # lines that were not understood; where there are more, it is the log of something else
LEAST = 16  # characters that must agree: shorter ones are words of any software
MOST = 3  # lines that are told
SHOWN = 160  # characters of a line


def hearsay(reads: Iterable[Read], library: Library) -> list[str]:
    """Return a remark for each line that was not understood and has the words of a known failure.

    Args:
        reads: what became of each member; more than `TICKET` lines that were not understood are nobody's words.
        library: what is known.
    """
    rejects = [read.rejects for read in reads if read.rejects.height]
    if not rejects or sum(frame.height for frame in rejects) > TICKET:
        return []
    if not (signs := sorted(set(_signs(library)))):  # it knows readiness checks alone
        return []
    # To look a line up costs as much as a small file; lines with the same words lead to the same failures.
    words = pl.col("text").str.extract_many(signs, overlapping=True).list.unique().list.sort().list.join("\n")
    heard = pl.concat(rejects).with_columns(words.alias("words")).filter(pl.col("words") != "")
    heard = heard.unique("words", keep="first", maintain_order=True)
    found: dict[str, str] = {}
    for member, line, text in heard.select("member", "line", "text").iter_rows():
        known = [lead for lead in leads(library, text) if not lead.weak and lead.words >= LEAST]
        if known:
            pattern = known[0].pattern
            found.setdefault(
                pattern.id,
                f"{member}:{line} stands in no log that can be read, but has the words of {pattern.id} "
                f"({pattern.title}): {mask(text).strip()[:SHOWN]}",
            )
        if len(found) == MOST:
            break
    return list(found.values())


def _signs(library: Library) -> Iterator[str]:
    """Yield the words that show a failure without anything beside them."""
    for pattern in library.patterns.values():
        for name in () if pattern.check else sufficient(pattern.match):
            if not (piece := pattern.evidence[name]).weak:
                yield from (literal for literal in words_of(piece) if len(literal) >= LEAST)
