"""Say so when a known component prints what we do not understand: its format may have changed."""

from collections import Counter
from collections.abc import Sequence

from forensics.ingest import Read

UNDERSTOOD = 0.95  # below this share of a known component's lines, its format has drifted
LEAST = 20  # lines; a shorter file says nothing
SHOWN = 3  # lines of a kind that are quoted


def drift(reads: Sequence[Read]) -> list[str]:
    """Return a remark for each artefact of a known format of which many lines were not understood."""
    from forensics.intake.masking import mask

    remarks = []
    for read in reads:
        told = read.account["events"] + read.account["continuations"] + read.account["facts"]
        whole = told + read.account["rejects"]
        if not read.kinds or whole < LEAST or told / whole >= UNDERSTOOD:
            continue
        shapes = Counter(_shape(text) for text in read.rejects["text"].head(5000).to_list() if text)
        few = "; ".join(mask(shape)[:100] for shape, _ in shapes.most_common(SHOWN))
        share = f"{told / whole:.0%} of {whole} lines understood"
        remarks.append(f"format drift: {read.member} ({', '.join(read.kinds)}): {share}; unknown: {few}")
    return remarks


def _shape(text: str) -> str:
    """Return a line with its numbers taken out."""
    return "".join("#" if c.isdigit() else c for c in text[:160])
