"""A message to the customer that asks for what is missing, short enough to be typed."""

from collections.abc import Sequence

from forensics.causality import Candidate
from forensics.findings import Missing
from forensics.reporting.sources import in_words

MOST = 6  # commands asked for


def reply(verdict: str, summary: str, candidates: Sequence[Candidate], planes: Sequence[Missing]) -> str | None:
    """Return the message for `undetermined` and `insufficient`; None for other verdicts.

    Commands stand in the order of how many possible causes they would tell apart.
    """
    if verdict not in ("undetermined", "insufficient"):
        return None
    worth: dict[str, set[str]] = {}
    why: dict[str, str] = {}
    for candidate in candidates:
        if candidate.state == "unknown":
            for missing in candidate.missing:
                if missing.collect:
                    worth.setdefault(missing.collect, set()).add(candidate.pattern.id)
                    why.setdefault(missing.collect, f"{in_words(missing.source)}: {missing.why}")
    for missing in planes if not worth else ():
        worth.setdefault(missing.collect, set()).add(missing.source)
        why.setdefault(missing.collect, f"{in_words(missing.source)}: {missing.why}")
    if not worth:
        return None
    ordered = sorted(worth, key=lambda command: (-len(worth[command]), command))[:MOST]
    lines = [
        "Hello,",
        "",
        "thank you for the files. This is what they show so far:",
        "",
        f"  {summary}",
        "",
        "To say more we need what follows, most useful first. None of the commands changes anything:",
        "",
    ]
    for number, command in enumerate(ordered, 1):
        lines += [f"{number}. {command}", f"   ({why[command]})"]
    if any("<" in command for command in ordered):
        lines += ["", "Please put your own names in the place of those between < and >."]
    last = "If you cannot send everything, the first one already helps. Please redact nothing but secrets."
    lines += ["", last, "", "Kind regards"]
    return "\n".join(lines)
