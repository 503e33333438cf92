"""Commands about the pattern library: list, show, find, lint, test, new, docs, schema."""

from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import Exit, NoCache, Packs, app, load, stop
from forensics.cli.completing import pattern_names, symptoms

patterns_app = typer.Typer(
    name="patterns", help="Look at, check and write patterns.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(patterns_app)


@patterns_app.command("list")
def list_(
    patterns: Packs = None,
    layer: Annotated[str | None, typer.Option("--layer", metavar="LAYER", help="Only this layer.")] = None,
    cost: Annotated[
        list[str] | None,
        typer.Option(
            "--by-cost", metavar="BUNDLE", help="What each costs over this bundle instead, the dearest first."
        ),
    ] = None,
    no_cache: NoCache = False,
) -> None:
    """List all patterns: id, severity, role, title."""
    library = load(patterns)
    if cost:
        from time import process_time_ns

        from forensics.authoring.plans import by_cost
        from forensics.cli import opened

        for line in by_cost(library, opened(cost, cached=not no_cache), process_time_ns, layer):
            typer.echo(line)
        return
    for pattern in library.patterns.values():
        if layer in (None, pattern.layer):
            role = "check" if pattern.check else pattern.role
            typer.echo(f"{pattern.id:64} {pattern.severity:9} {role:8} {pattern.title}")


@patterns_app.command()
def show(
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="A pattern's id or name.", autocompletion=pattern_names)
    ],
    plan: Annotated[
        bool,
        typer.Option("--plan", help="How its rows are found, and what that costs: rows nominated, rows decided, CPU."),
    ] = False,
    bundle: Annotated[
        list[str] | None,
        typer.Option("--bundle", metavar="BUNDLE", help="Measure the plan over this bundle, not over its examples."),
    ] = None,
    patterns: Packs = None,
    no_cache: NoCache = False,
) -> None:
    """Show a pattern as its author wrote it, or how it is run and what that costs."""
    from forensics.authoring.explaining import named

    library = load(patterns)
    chosen = named(library, pattern)
    if plan or bundle:
        from time import process_time_ns

        from forensics.authoring.plans import measure, measured_over_examples, plan_of
        from forensics.cli import opened

        if bundle:
            case = opened(bundle, cached=not no_cache)
            measured, over = measure(chosen, library, [case], process_time_ns), str(case.given["name"])
        else:
            measured, over = measured_over_examples(chosen, library, process_time_ns)
        typer.echo(plan_of(chosen, measured, over))
        return
    from patterns.loader import text_of

    typer.echo(text_of(chosen).rstrip("\n"))


@patterns_app.command()
def find(
    words: Annotated[list[str], typer.Argument(metavar="TEXT…", help="A line of a log, an error, a reason.")],
    patterns: Packs = None,
    most: Annotated[int, typer.Option("--most", metavar="NUMBER", help="How many are shown.", min=1)] = 8,
) -> None:
    """Say which known failures a line is a sign of, when there is nothing more than that line; exit 6 if none."""
    from forensics.guides.lookup import leads, lines

    found = leads(load(patterns), " ".join(words))
    for line in lines(found, most):
        typer.echo(line)
    if not found:
        raise SystemExit(int(Exit.DOES_NOT_HOLD))


@patterns_app.command()
def lint(patterns: Packs = None) -> None:
    """Check the conventions; exit 6 where one is broken."""
    from patterns.lint import lint as remarks_on
    from patterns.lint import where_of

    remarks = remarks_on(load(patterns))
    for remark in remarks:
        typer.echo(where_of(remark))
    typer.echo(f"{len(remarks)} remarks")
    if remarks:
        raise SystemExit(int(Exit.DOES_NOT_HOLD))


@patterns_app.command()
def test(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATTERN…", help="Only these; all without.", autocompletion=pattern_names),
    ] = None,
    patterns: Packs = None,
) -> None:
    """Run the examples, and delete cited lines from present ones to see the outcome change; exit 6 if one fails."""
    from forensics.authoring.examples import decorations, mistake
    from forensics.authoring.explaining import named

    library = load(patterns)
    chosen = [named(library, name) for name in names] if names else list(library.patterns.values())
    wrong = run = 0
    for pattern in chosen:
        for example in pattern.examples:
            run += 1
            found = mistake(pattern, example, library)
            sentences = [found] if found else decorations(pattern, example, library)
            for sentence in sentences:
                wrong += 1
                typer.echo(f"{pattern.id}: {example.name}: {sentence}")
    typer.echo(f"{len(chosen)} patterns, {run} examples, {wrong} wrong")
    if wrong:
        raise SystemExit(int(Exit.DOES_NOT_HOLD))


@patterns_app.command()
def new(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The bundle in which the failure was seen.")],
    cites: Annotated[list[str], typer.Argument(metavar="MEMBER:LINE…", help="The lines that show it.")],
    no_cache: NoCache = False,
) -> None:
    """Draft a pattern from lines of a bundle, with its examples; constants that vary are generalised."""
    from forensics.authoring.drafting import drafted
    from forensics.cli import opened

    typer.echo(drafted(opened([bundle], cached=not no_cache), cites))


@patterns_app.command()
def docs(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where the pages go; FILE.md for one file.")
    ],
    patterns: Packs = None,
) -> None:
    """Write the knowledge base: a page for each failure, symptom and component."""
    from forensics.guides.knowledge import write_site

    try:
        count = write_site(load(patterns), output)
    except OSError as error:
        stop(f"{output}: {error.strerror or error}", Exit.USAGE)
    typer.echo(f"{count} pages written to {output}")


@patterns_app.command()
def schema() -> None:
    """Print the JSON Schema of a pattern file, for completion in an editor."""
    import orjson

    from patterns.schema import schema as of_patterns

    typer.echo(orjson.dumps(of_patterns(), option=orjson.OPT_INDENT_2).decode())


@app.command()
def tree(
    symptom: Annotated[
        list[str],
        typer.Argument(
            metavar="SYMPTOM…", help="What people see: 404, 503, 'model never Ready' …", autocompletion=symptoms
        ),
    ],
    bundle: Annotated[
        list[str] | None, typer.Option("--bundle", metavar="BUNDLE", help="Walk it with this bundle's answers.")
    ] = None,
    patterns: Packs = None,
    details: Annotated[bool, typer.Option("--details", help="Every cause, and every piece of evidence.")] = False,
    no_cache: NoCache = False,
) -> None:
    """Print the troubleshooting tree of a symptom: questions in the order that separates its causes soonest."""
    from forensics.cli import opened
    from forensics.guides.trees import lines, tree_of
    from forensics.guides.walks import walked

    library = load(patterns)
    made = tree_of(library, " ".join(symptom))
    if bundle:
        from forensics.analysis import analyse

        told = walked(made, analyse(opened(bundle, cached=not no_cache), library), details=details)
    else:
        told = lines(made, details=details)
    for line in told:
        typer.echo(line)
