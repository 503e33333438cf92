"""Commands that look into a bundle: analyse, state, routes, coverage, timeline, query, explain."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from forensics.cli import SEVERITIES, Bundles, Exit, Out, Packs, app, load, opened, stop

if TYPE_CHECKING:
    from forensics.analysis import Case
    from forensics.document import Document


@app.command()
def analyse(
    bundles: Bundles,
    output: Out = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 10 for a root this bad.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Everything, not only what fits a screen.")] = False,
    patterns: Packs = None,
) -> None:
    """Say what broke first, what followed, which lines prove it, what to do, and what cannot be said."""
    if fail_on is not None and fail_on not in SEVERITIES:
        stop(f"--fail-on {fail_on}: not one of {', '.join(SEVERITIES)}", Exit.USAGE)
    from forensics.analysis import analyse as conclude

    library = load(patterns)
    case = opened(bundles)
    document = conclude(case, library)
    deliver(document, case, output or (), details)
    raise SystemExit(int(exit_code(document, fail_on)))


def exit_code(document: "Document", fail_on: str | None) -> Exit:
    """Return the exit code for a document."""
    if document.get("failures"):
        return Exit.OUR_FAULT
    if document["verdict"] == "unrecognised":
        return Exit.UNREADABLE
    if fail_on is not None:
        worst = [
            SEVERITIES.index(f["severity"])
            for f in document["findings"]
            if f["role"] in ("root", "check") and f["at_end"] != "ended"
        ]
        if worst and max(worst) >= SEVERITIES.index(fail_on):
            return Exit.FAIL_ON
    return Exit.OK


def deliver(document: "Document", case: "Case", outputs: Sequence[str], details: bool = False) -> None:
    """Write the forms that were asked for; without any, print the short answer."""
    from forensics.forms import write_form

    for output in outputs:
        try:
            write_form(document, case, output, sys.stdout.buffer)
        except OSError as error:
            stop(f"{output}: {error.strerror or error}", Exit.USAGE)
    if not outputs:
        show(document, details)


def show(document: "Document", details: bool) -> None:
    """Print the report."""
    from rich.console import Console

    from forensics.render import render

    console = Console(highlight=False)
    console.print(render(document, details=details, width=console.width), soft_wrap=True)
