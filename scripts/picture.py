"""Draw docs/report.svg: what the terminal shows for a sample bundle, from a real run.

python -m scripts.picture
"""

import re
from io import StringIO

from rich.console import Console

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.reporting.render import render
from patterns.loader import load_library
from scripts.building import ROOT

BUNDLE = "sample_bundles/missing-artefact/bundle.zip"
WIDTH, LINES = 104, 36


def picture() -> str:
    """Return the SVG; it asks for no font from anywhere."""
    document = analyse(read(open_bundle([ROOT / BUNDLE])), load_library())
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, highlight=False)
    with console.capture() as captured:
        console.print(render(document, width=WIDTH), soft_wrap=True)
    from rich.text import Text

    shown = Console(record=True, width=WIDTH + 2, file=StringIO(), force_terminal=True, highlight=False)
    lines = captured.get().rstrip("\n").split("\n")
    for line in lines[:LINES]:
        shown.print(Text.from_ansi(line), soft_wrap=True)
    if len(lines) > LINES:
        shown.print("...")
    svg = shown.export_svg(title=f"$ seldon-forensics analyse {BUNDLE}", unique_id="report")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in svg.split("\n")) + "\n"


def main() -> None:
    """Draw it."""
    (ROOT / "docs" / "report.svg").write_text(picture(), "utf-8")


if __name__ == "__main__":
    main()
