"""The command review: is this installation sound, before it fails."""

from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import SEVERITIES, Bundles, Exit, NoCache, Out, Packs, app, load, opened, sparing, stop
from forensics.cli.bundles import deliver, exit_code
from forensics.cli.progress import PROGRESS

PROFILES = ("production", "staging", "development")


@app.command()
def review(
    bundles: Bundles,
    output: Out = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", metavar="SEVERITY", help="Exit 10 for a root or failed check this bad.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="production, staging or development: lesser ones ask less.")
    ] = "production",
    baseline: Annotated[
        list[Path] | None,
        typer.Option("--baseline", metavar="FILE", help="Deviations that are accepted, with reason and expiry (TOML)."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="When the baseline's expiries are judged.")
    ] = None,
    manifests: Annotated[
        Path | None,
        typer.Option("--manifests", metavar="DIR", help="Write what mends the failed checks, for this installation."),
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Everything, not only what fits a screen.")] = False,
    patterns: Packs = None,
    no_cache: NoCache = False,
) -> None:
    """Say whether an installation is sound before it fails: checks, connections, what to apply, which pattern fits."""
    if fail_on is not None and fail_on not in SEVERITIES:
        stop(f"--fail-on {fail_on}: not one of {', '.join(SEVERITIES)}", Exit.USAGE)
    if profile not in PROFILES:
        stop(f"--profile {profile}: not one of {', '.join(PROFILES)}", Exit.USAGE)
    from forensics.readiness.baseline import read_baseline
    from forensics.reporting.merged import instant
    from forensics.review import Terms
    from forensics.review import review as judged

    accepted = [entry for path in baseline or () for entry in read_baseline(path)]
    terms = Terms(profile, accepted, instant(as_of, "--as-of"))
    library = load(patterns)
    case = opened(bundles, cached=not no_cache, lean=sparing(library))
    PROGRESS.doing("asking every readiness check")
    document = judged(case, library, terms)
    if manifests is not None:
        from forensics.readiness.manifests import write_manifests

        try:
            document["manifests"] = write_manifests(document, case.frames, manifests)
        except OSError as error:
            stop(f"--manifests {manifests}: {error.strerror or error}", Exit.USAGE)
    deliver(document, case, output or (), details)
    raise SystemExit(int(exit_code(document, fail_on)))
