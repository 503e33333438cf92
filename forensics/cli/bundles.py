"""Commands that look into a bundle: analyse, state, routes, coverage, timeline, query, explain."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forensics.cli import (
    SEVERITIES,
    Bounds,
    Bundles,
    Exit,
    Memory,
    NoCache,
    Out,
    Packs,
    app,
    load,
    opened,
    sparing,
    stop,
)
from forensics.cli.completing import pattern_names
from forensics.cli.progress import PROGRESS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from forensics.analysis import Case
    from forensics.document import Document
    from forensics.selection import Request

JsonOut = Annotated[
    str | None, typer.Option("-o", "--output", metavar="FILE", help="Write JSON; - is standard output.")
]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="ISO time, with a zone if it is not UTC.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="As --since; not reached.")]


@app.command()
def analyse(
    bundles: Bundles,
    output: Out = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 10 for a root this bad.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Everything, not only what fits a screen.")] = False,
    since: Since = None,
    until: Until = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", metavar="ZONE", help="A second zone to show times in: Europe/Paris.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="Only what concerns this Model.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", metavar="NS", help="Its namespace.")] = None,
    suppress: Annotated[
        list[Path] | None, typer.Option("--suppress", metavar="FILE", help="Findings that are accepted, with reasons.")
    ] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="TIME", help="When expiries are judged.")] = None,
    patterns: Packs = None,
    budget: Bounds = None,
    memory: Memory = None,
    no_cache: NoCache = False,
) -> None:
    """Say what broke first, what followed, which lines prove it, what to do, and what cannot be said."""
    if fail_on is not None and fail_on not in SEVERITIES:
        stop(f"--fail-on {fail_on}: not one of {', '.join(SEVERITIES)}", Exit.USAGE)
    from forensics.analysis import analyse as conclude

    request = requested(since, until, timezone, {"model": model, "namespace": namespace}, suppress or (), as_of)
    library = load(patterns)
    case = opened(bundles, request.until, not no_cache, budget or (), sparing(library, memory))
    PROGRESS.doing(f"looking for {len(library.patterns)} known failures")
    document = conclude(case, library, request)
    deliver(document, case, output or (), details)
    raise SystemExit(int(exit_code(document, fail_on)))


def requested(
    since: str | None,
    until: str | None,
    timezone: str | None,
    subject: "Mapping[str, str | None]",
    suppress: Sequence[Path],
    as_of: str | None,
) -> "Request":
    """Return what the options ask for."""
    from forensics.reporting import moments
    from forensics.reporting.merged import between, instant
    from forensics.selection import Request
    from patterns.packs import read_suppressions

    if timezone not in (None, "UTC", "Z") and moments.zone(timezone) is None:
        stop(f"--timezone {timezone}: no such zone; write it as Europe/Paris or +02:00", Exit.USAGE)
    return Request(
        *between(since, until),
        timezone,
        {name: value for name, value in subject.items() if value},
        [accepted for path in suppress for accepted in read_suppressions(path)],
        instant(as_of, "--as-of"),
    )


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
    from forensics.reporting.forms import write_form

    for output in outputs:
        PROGRESS.doing(f"writing {output}")
        try:
            write_form(document, case, output, sys.stdout.buffer)
        except OSError as error:
            stop(f"{output}: {error.strerror or error}", Exit.USAGE)
    PROGRESS.rest()
    if not outputs:
        show(document, details)


def show(document: "Document", details: bool) -> None:
    """Print the report."""
    from rich.console import Console

    from forensics.reporting.render import render

    console = Console(highlight=False)
    console.print(render(document, details=details, width=console.width), soft_wrap=True)


@app.command()
def state(bundles: Bundles, output: JsonOut = None, no_cache: NoCache = False) -> None:
    """Show every model, pipeline and experiment link by link, and the first link that is broken."""
    from forensics.intake.quoting import Quotes
    from forensics.report import written_state
    from forensics.reporting.tables import frame_rows, state_view
    from forensics.state import state_table

    case = opened(bundles, cached=not no_cache, lean=sparing())
    rows = written_state(state_table(case.frames, case.states), Quotes(case.intake, case.frames))
    put(rows, state_view(rows, frame_rows(case.frames, "state.server")), output)


@app.command()
def routes(bundles: Bundles, output: JsonOut = None, no_cache: NoCache = False) -> None:
    """Compare the routes Envoy ought to have with those it has."""
    from forensics.reporting.tables import frame_rows, routes_view

    case = opened(bundles, cached=not no_cache, lean=sparing())
    rows = frame_rows(case.frames, "route.expected")
    put(rows, routes_view(rows), output)


@app.command()
def coverage(bundles: Bundles, output: JsonOut = None, budget: Bounds = None, no_cache: NoCache = False) -> None:
    """Show what was collected: sources down, time across; and what became of each member."""
    from forensics.report import written_coverage
    from forensics.reporting.tables import coverage_view

    case = opened(bundles, None, not no_cache, budget or (), sparing())
    document = written_coverage(case.covered, case.intake)
    put(document, coverage_view(document, case.covered.period), output)


@app.command()
def timeline(
    bundles: Bundles,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="SOURCE", help="Only this source, such as log.agent; repeat it."),
    ] = None,
    level: Annotated[str | None, typer.Option("--level", metavar="LEVEL", help="Only this level and worse.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="Only records that hold this text.")
    ] = None,
    obj: Annotated[
        str | None,
        typer.Option("--object", metavar="NAME", help="Only records that name this model, pod or other object."),
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="ID", help="Follow one request by its id.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option("--limit", metavar="NUMBER", help="At most so many records.", min=1)] = 1000,
    no_cache: NoCache = False,
) -> None:
    """Merge all logs and Events on one clock."""
    from forensics.reporting.merged import merged, timeline_view

    case = opened(bundles, cached=not no_cache)
    wanted = [w for w in (text, obj, request) if w]
    rows = merged(case.frames, source or (), level, wanted, since, until, limit)
    put(None, timeline_view(rows), None)


@app.command()
def query(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The bundle.")],
    sql: Annotated[str, typer.Argument(metavar="SQL", help='SELECT … FROM "log.agent" …; the sources are the tables.')],
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="FILE.json, .csv or .parquet; else a table.")
    ] = None,
    no_cache: NoCache = False,
) -> None:
    """Ask the frames in Polars' SQL. The tables are the sources; `query BUNDLE "SHOW TABLES"` lists them."""
    from forensics.querying import ask, deliver_frame

    frame = ask(opened([bundle], cached=not no_cache).frames, sql)
    put(None, deliver_frame(frame, output), None)


@app.command()
def explain(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The bundle.")],
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="A pattern's id or name.", autocompletion=pattern_names)
    ],
    patterns: Packs = None,
    no_cache: NoCache = False,
) -> None:
    """Say why a pattern did or did not fire: each piece of evidence, the closest miss, what was not collected."""
    from forensics.authoring.explaining import explained, named

    library = load(patterns)
    chosen = named(library, pattern)
    put(None, explained(opened([bundle], cached=not no_cache), library, chosen), None)


def put(data: object, view: "RenderableType", output: str | None) -> None:
    """Write `data` as JSON where `output` says (with or without the form's name before it), else print `view`."""
    if output is not None:
        output = output.removeprefix("json:")
        from pathlib import Path

        import orjson

        from forensics.writing import inert, write_whole

        raw = inert(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        if output == "-":
            sys.stdout.buffer.write(raw)
        else:
            try:
                write_whole(Path(output), raw)
            except OSError as error:
                stop(f"{output}: {error.strerror or error}", Exit.USAGE)
        return
    from rich.console import Console

    Console(highlight=False).print(view, soft_wrap=True)
