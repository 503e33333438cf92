"""Commands that make or check what is sent on: postmortem, verify, doctor."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import Bundles, Exit, NoCache, Packs, app, load, opened, sparing, stop
from forensics.cli.progress import PROGRESS


@app.command()
def postmortem(
    bundles: Bundles,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="incident.md or incident.html.")],
    notes: Annotated[
        Path | None, typer.Option("--notes", metavar="FILE", help="An earlier one (.md), whose added words are kept.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="ISO time, with a zone if it is not UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="As --since; not reached.")] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", metavar="ZONE", help="A second zone to show times in.")
    ] = None,
    patterns: Packs = None,
    no_cache: NoCache = False,
) -> None:
    """Write the incident up: what was observed, what is inferred, what is unknown, each with its citation."""
    from forensics.analysis import analyse
    from forensics.cli.bundles import requested
    from forensics.reporting.postmortem import holds_notes, notes_in, postmortem_html
    from forensics.reporting.postmortem import postmortem as written
    from forensics.writing import write_whole

    if output.suffix not in (".md", ".html", ".htm"):
        stop(f"-o {output}: the suffix names no form; one of .md .html", Exit.USAGE)
    request = requested(since, until, timezone, {}, (), None)
    added = {}
    if notes is not None:
        try:
            earlier = notes.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            stop(f"--notes {notes}: cannot be read: {getattr(error, 'strerror', None) or error}", Exit.USAGE)
        if not holds_notes(earlier):
            stop(f"--notes {notes}: not an earlier write-up in Markdown: its marks are missing", Exit.USAGE)
        added = notes_in(earlier)
    library = load(patterns)
    case = opened(bundles, request.until, cached=not no_cache, lean=sparing(library))
    PROGRESS.doing(f"looking for {len(library.patterns)} known failures")
    document = analyse(case, library, request)
    PROGRESS.doing(f"writing {output}")
    form = postmortem_html if output.suffix in (".html", ".htm") else written
    try:
        write_whole(output, form(document, added).encode())
    except OSError as error:
        stop(f"{output}: {error.strerror or error}", Exit.USAGE)
    PROGRESS.rest()


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report: JSON, HTML or Markdown.")],
    bundles: Bundles,
    no_cache: NoCache = False,
) -> None:
    """Read every citation of a report again, and say which hold; exit 6 where one does not."""
    from forensics.intake.masking import mask
    from forensics.reporting.verify import ReportError
    from forensics.reporting.verify import verify as checked

    try:
        data = report.read_bytes()
    except OSError as error:
        stop(f"{report}: {error.strerror or error}", Exit.USAGE)
    case = opened(bundles, cached=not no_cache)
    try:
        outcomes = checked(data, [(r.member, r.sha256, r.lines.texts()) for r in case.intake.reads], mask=mask)
    except ReportError as error:
        stop(f"{report}: {error}", Exit.USAGE)
    wrong = [o for o in outcomes if o.state != "holds"]
    for outcome in wrong:
        place = f":{outcome.lines[0]}" if outcome.lines else ""
        at = f" ({outcome.at})" if outcome.at else ""
        typer.echo(f"{outcome.claim} {outcome.member}{place}: {outcome.state}: {outcome.detail}{at}")
    typer.echo(f"{len(outcomes)} claims, {len(outcomes) - len(wrong)} hold, {len(wrong)} do not")
    if wrong:
        raise SystemExit(int(Exit.DOES_NOT_HOLD))


@app.command()
def doctor(patterns: Packs = None) -> None:
    """Say what is installed, which extras are missing and what they would add; exit 6 where it must be mended."""
    from forensics.installed import EXTRAS, foreign, required, versions
    from forensics.version import VERSION

    wrong = []
    typer.echo(f"seldon-forensics {VERSION}, Python {sys.version.split()[0]} on {sys.platform}")
    typer.echo(f"  installed in {Path(sys.prefix)}, run from {Path(__file__).parents[2]}")
    for name, found in versions(required()).items():
        if found is None:
            wrong.append(f"{name} is missing: install seldon-forensics anew")
        typer.echo(f"  {name} {found or 'is MISSING'}")
    for extra in EXTRAS:
        found = versions([extra.distribution])[extra.distribution]
        state = (
            found if found else f"not installed; would add: {extra.adds}; pip install 'seldon-forensics[{extra.name}]'"
        )
        typer.echo(f"  extra {extra.name} ({extra.distribution}): {state}")
    wrong.extend(
        f"the package `{package}` is also installed by {other}: give seldon-forensics an environment of its own"
        for package, other in foreign()
    )
    if not any("polars" in sentence for sentence in wrong):
        library = load(patterns)
        typer.echo(f"patterns: {len(library.patterns)}, library {library.digest}")
    for sentence in wrong:
        typer.echo(f"to mend: {sentence}")
    typer.echo("Nothing leaves this machine: no command opens a network connection.")
    if wrong:
        raise SystemExit(int(Exit.DOES_NOT_HOLD))


@app.command()
def collect(
    report: Annotated[
        Path | None, typer.Option("--for", metavar="REPORT", help="A JSON report: only what it could not say.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Else standard output.")] = None,
    troubleshoot: Annotated[bool, typer.Option("--troubleshoot", help="A spec for troubleshoot.sh instead.")] = False,
) -> None:
    """Print a shell script (kubectl only, read-only, masks secrets) that collects what the analyser wants."""
    from forensics.document import DocumentError
    from forensics.document import load as loaded
    from forensics.guides import collection
    from forensics.writing import write_whole

    if report is not None:
        try:
            text = collection.commands(loaded(report.read_bytes()))
        except (OSError, DocumentError) as error:
            stop(f"--for {report}: {getattr(error, 'strerror', None) or error}", Exit.USAGE)
    else:
        text = collection.troubleshoot() if troubleshoot else collection.script()
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        write_whole(output, text.encode())
    except OSError as error:
        stop(f"{output}: {error.strerror or error}", Exit.USAGE)


@app.command()
def redact(
    bundles: Bundles,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The bundle to share: shareable.tar.gz.")
    ],
    names: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="Where the private map goes; beside the output if not given."),
    ] = None,
    patterns: Packs = None,
    no_cache: NoCache = False,
) -> None:
    """Replace names, addresses, hosts and secrets; fails where the result would not tell the same."""
    import secrets

    from forensics.redaction import RedactionError
    from forensics.redaction import redact as made
    from forensics.reporting.view import counted

    private = names or output.with_name(f"{output.name.partition('.')[0]}.private-map.json")
    try:
        library, case = load(patterns), opened(bundles, cached=not no_cache)
        PROGRESS.doing("redacting, and analysing the result")
        redacted = made(case, library, secrets.token_bytes(16))
    except RedactionError as error:
        stop(str(error), Exit.DOES_NOT_HOLD)
    import orjson

    from forensics.writing import inert, write_whole

    written = False
    try:
        write_whole(output, redacted.archive)
        written = True
        known = orjson.dumps(redacted.names, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        write_whole(private, inert(known), 0o600)
    except OSError as error:
        if written:  # a bundle whose map is lost cannot be read back
            output.unlink(missing_ok=True)
        stop(f"{error.filename or output}: {error.strerror or error}", Exit.USAGE)
    PROGRESS.rest()
    word = redacted.document["verdict"]
    replaced = counted(len(redacted.names), "name")
    typer.echo(f"{output}: {replaced} replaced; the same verdict ({word}), roots and lines.")
    if not redacted.beside:
        typer.echo("Names of other workloads, Services and ConfigMaps stayed: without them it would not tell the same.")
    typer.echo(f"Keep {private} to yourself.")


@app.command()
def diff(
    good: Annotated[str, typer.Argument(metavar="GOOD", help="A bundle from when it worked.")],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="A bundle from when it did not.")],
    patterns: Packs = None,
    no_cache: NoCache = False,
) -> None:
    """Say what differs in meaning between two bundles, most telling first."""
    from forensics.analysis import analyse
    from forensics.comparing import compare
    from forensics.intake.masking import mask
    from forensics.reporting.escape import inline

    library = load(patterns)
    first, second = opened([good], cached=not no_cache), opened([bad], cached=not no_cache)
    found = compare(first, second, analyse(first, library), analyse(second, library))
    for difference in found:
        then = "not there" if difference.good is None else difference.good
        now = "not there" if difference.bad is None else difference.bad
        typer.echo(inline(mask(f"{difference.kind}: {difference.what}")))
        typer.echo(inline(mask(f"    good: {then[:200]}")))
        typer.echo(inline(mask(f"    bad:  {now[:200]}")))
    if not found:
        typer.echo("No difference that means anything was found in what both bundles hold.")
