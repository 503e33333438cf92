"""Exports of log stores that are YAML, a document a record: what `gcloud logging read` prints when not told otherwise.

    ---
    insertId: 1x2y3z
    resource:
      labels:
        pod_name: mlserver-0
    textPayload: '2025-07-12 18:30:09,123 [mlserver] INFO - ready'
    timestamp: '2025-07-12T18:30:09.123456789Z'

Source: Google Cloud CLI, `gcloud logging read`.
"""

import re

import polars as pl

from parsers.elements import slices
from parsers.exports import Export, physical
from parsers.k8s_yaml import load_yaml
from parsers.sayings import Records, Said, Sayings

_SHOWN = 20_000  # characters that show what a text is
_KEYS = (r"(?m)^insertId: ", r"(?m)^(?:text|json)Payload:")
_RULE = "---"


def may_be_yaml(head: str) -> bool:
    """Whether a text that begins so may be records as YAML."""
    return all(re.search(key, head[:_SHOWN]) for key in _KEYS)


def yaml_records(lines: pl.DataFrame) -> Export | None:
    """Return the records of lines that are YAML, a document each; None where they say no line."""
    records, sayings = Records(), Sayings()
    document: list[str] = []
    begins, row = 1, 0

    def ended() -> None:
        value, _ = load_yaml("\n".join(document))
        if any(line.strip() for line in document):
            records.add(begins, sayings.of(value) or Said("\n".join(document)))
        document.clear()

    for part in slices(lines["text"]):
        for line in part:
            row += 1
            if line.rstrip() == _RULE:
                ended()
                begins = row
            else:
                document.append(line)
    ended()
    if not records.known:
        return None
    places = physical(records.places(len(lines)), lines)
    structure = lines.head(int(places["line"][0]) - int(lines["line"][0])).select("line", "lines")
    return Export("YAML export", records.lined(places), structure)
