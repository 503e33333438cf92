"""Commands and exit codes; the only package that prints or exits.

Nothing heavy is imported before a command needs it: `--help` answers without Polars.
"""

import errno
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from forensics.cli.plain import plainly
from forensics.cli.progress import PROGRESS, weight

if TYPE_CHECKING:
    from datetime import datetime

    from forensics.analysis import Case
    from forensics.lean import Lean
    from patterns.pattern import Library

SMALL = 2 << 20  # bytes of a bundle as it lies on disk; an archive of logs unpacks to five to ten times as much
SEVERITIES = ("info", "low", "medium", "high", "critical")

app = typer.Typer(
    name="seldon-forensics",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Exit(IntEnum):
    """What the exit code says."""

    OK = 0
    USAGE = 2
    UNREADABLE = 3
    LIBRARY = 4
    OUR_FAULT = 5
    DOES_NOT_HOLD = 6
    FAIL_ON = 10
    INTERRUPTED = 130


def calmly(bundles: list[str]) -> list[str]:
    """Let Polars take one thread for small bundles, while it is not loaded: sharing out costs more than it gains."""
    if "polars" not in sys.modules and (weight(bundles) or SMALL) < SMALL:
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    return bundles


Bundles = Annotated[
    list[str],
    typer.Argument(
        metavar="BUNDLE…",
        help="Folder, archive, log, or -; several are parts of one installation.",
        callback=calmly,
    ),
]
Packs = Annotated[
    list[Path] | None, typer.Option("--patterns", metavar="DIR", help="More patterns, or others for the same names.")
]
Bounds = Annotated[
    list[str] | None,
    typer.Option(
        "--budget",
        metavar="NAME=NUMBER",
        help="Read more, or less, than usual: bytes_out=16GiB, member_bytes=, entries=, depth=, ratio=, seconds=.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="How much may be taken, such as 2GiB; usual is a quarter of the machine's. Where the records do not fit, "
        "those that tell nothing are kept without their words.",
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Read the bundle anew, and keep nothing of it for the next command.")
]
Out = Annotated[
    list[str] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the report; the suffix picks the form (.json .html .md .sarif .xml .parquet/); json:- is stdout.",
    ),
]


class Interrupted(BaseException):
    """Somebody pressed Ctrl-C. No KeyboardInterrupt, which Typer would answer itself."""


def main() -> None:
    """Run the command line; bad input ends in one clear sentence on standard error."""
    plainly()
    with sentences():
        signal.signal(signal.SIGINT, _interrupted)
        app(prog_name="seldon-forensics")


def _interrupted(number: int, frame: object) -> NoReturn:
    raise Interrupted


@contextmanager
def sentences() -> Iterator[None]:
    """Turn what a caller got wrong into a sentence and an exit code."""
    try:
        yield
    except Interrupted:
        if not PROGRESS.stage:
            stop("interrupted; nothing is left in part", Exit.INTERRUPTED)
        told = (
            f"interrupted while {PROGRESS.stage}: that was not done, nor what comes after it; nothing is left in part"
        )
        stop(told, Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(Exit.OK) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        stop(f"{error.filename or 'the output'} cannot be written whole: {error.strerror}", Exit.USAGE)
    except ValueError as error:
        name = type(error).__name__
        if name == "BundleError":
            stop(str(error), Exit.UNREADABLE)
        if name in ("PatternError", "PackError", "SuppressionError", "BaselineError"):
            stop(str(error), Exit.LIBRARY)
        if name in ("UsageError", "DocumentError", "QueryError"):
            stop(str(error), Exit.USAGE)
        raise


def stop(sentence: str, code: Exit) -> NoReturn:
    """Say `sentence` on standard error, nothing of it obeyed by a terminal, and end with `code`."""
    from forensics.reporting.escape import visible

    PROGRESS.rest()
    sys.stderr.write(f"seldon-forensics: {visible(sentence)}\n")
    raise SystemExit(int(code))


def load(packs: Sequence[Path] | None) -> "Library":
    """Return the pattern library, with packs."""
    PROGRESS.doing("loading the known failures")
    from patterns.loader import load_library

    library = load_library(tuple(packs or ()))
    PROGRESS.rest()
    return library


def sparing(library: "Library | None" = None, memory: str | None = None) -> "Lean":
    """Return what is kept of a bundle that is too large for `memory`, such as 2GiB; a quarter of the machine's if None.

    Args:
        library: the patterns that will be asked; without them only what the analysis itself looks for keeps its words.
        memory: as it was given.
    """
    from forensics.lean import Lean, room
    from forensics.opening.budgets import size

    try:
        return Lean(library, room(size(memory) if memory is not None else None))
    except ValueError:
        stop(f"--memory {memory}: not a size such as 500MiB or 2GiB", Exit.USAGE)


def opened(
    bundles: Sequence[str],
    until: "datetime | None" = None,
    cached: bool = True,
    bounds: Sequence[str] = (),
    lean: "Lean | None" = None,
) -> "Case":
    """Return the bundles, read; nothing at or after `until`.

    Args:
        bundles: paths; one that is a plain file is read once, and then taken from the cache.
        until: see `forensics.analysis.on_clock`.
        cached: whether to look into the cache and to keep what was read.
        bounds: of the budget, where they are not the usual ones; nothing is cached then.
        lean: what is kept of logs that do not fit into memory; None where all their words are asked for.
    """
    from forensics.analysis import on_clock, read_whole
    from forensics.bundle import open_bundle
    from forensics.lean import give_back
    from forensics.opening.budgets import Budget

    give_back()
    try:
        budget = Budget.of(bounds)
    except ValueError as error:
        stop(str(error), Exit.USAGE)
    bundle = open_bundle(bundles, budget, stdin=sys.stdin.buffer if "-" in bundles else None)
    whole = weight(bundles)
    PROGRESS.doing(f"reading {bundle.name}", lambda: (bundle.taken, whole))
    key = None
    if cached and not bounds and len(bundles) == 1:
        from forensics.intake.cache import keep, key_of, recall

        key = key_of(Path(bundles[0]), bundle.name)
    known = recall(key) if key is not None else None
    intake, given = known or read_whole(bundle, lean=lean)
    PROGRESS.doing("putting what was read on one clock")
    if known is None and key is not None and not intake.lean and key == key_of(Path(bundles[0]), bundle.name):
        keep(key, intake, given)
    case = on_clock(intake, given, until)
    PROGRESS.rest()
    return case


def _version(wanted: bool) -> None:
    if wanted:
        from forensics.version import VERSION

        typer.echo(f"seldon-forensics {VERSION}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Say what broke first in a Seldon Core v2 installation, from a support bundle alone.

    A bundle is a folder, any archive or compressed file, a single log, or - for standard input.
    Nothing is sent anywhere. Most used: seldon-forensics analyse case.tar.gz
    """


from forensics.cli import bundles as _bundles  # noqa: E402, F401 -- each registers its commands with `app`
from forensics.cli import library as _library  # noqa: E402, F401
from forensics.cli import reports as _reports  # noqa: E402, F401
from forensics.cli import review as _review  # noqa: E402, F401
