"""Read what one parser left because it is in the format of another: several logs in one file.

`kubectl logs --all-containers` without a prefix, or a script that appends, puts the logs of several containers into one
file. The parser of the first rejects the lines of the others, and here they are offered to their own.
"""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from parsers.parser import Artefact, Parsed, Parser
from parsers.records import OF_ANOTHER_FORMAT

# Each round reads one more format; a server pod has three containers, a node's journal more.
_ROUNDS = 6
# More runs than this are no logs one after the other.
_RUNS = 500


def with_others(artefact: Artefact, parsed: Parsed, parsers: Sequence[Parser]) -> tuple[Parsed, tuple[str, ...]]:
    """Return `parsed` with the rejected lines of other formats read, and the names of the parsers that read them.

    Args:
        artefact: what `parsed` was made of.
        parsed: its rejects that are `OF_ANOTHER_FORMAT` are offered, with the rejects around them.
        parsers: in the order in which they are asked.
    """
    names: list[str] = []
    for _ in range(_ROUNDS):
        runs = _runs(artefact, parsed)
        reader = next((x for x in parsers if runs and x.recognises(_head(runs))), None)
        if reader is None:
            break
        before = len(parsed.rejects)
        for run in runs:
            parsed = _merged(parsed, reader.parse(run), run)
        names.append(reader.name)
        if len(parsed.rejects) >= before:
            break
    return parsed, tuple(names)


def _head(runs: list[Artefact]) -> str:
    return "\n".join(run.head() for run in runs[:20])


def _runs(artefact: Artefact, parsed: Parsed) -> list[Artefact]:
    """Return the lines that are rejected side by side, some of them as of another format, one artefact a run."""
    if parsed.rejects.is_empty():
        return []
    rejects = parsed.rejects.select("line", "lines", "reason").sort("line")
    if not (rejects["reason"] == OF_ANOTHER_FORMAT).any():
        return []
    place = artefact.frame.select("line").with_row_index("place")
    rejects = rejects.join(place, on="line", maintain_order="left").with_columns(
        run=(pl.col("place").cast(pl.Int64).diff() != 1).fill_null(True).cum_sum()
    )
    wanted = rejects.filter((pl.col("reason") == OF_ANOTHER_FORMAT).any().over("run"))
    if wanted["run"].n_unique() > _RUNS:
        return []
    lines = artefact.frame.join(wanted.select("line", "run"), on="line", maintain_order="left")
    # What the layout says is of the process whose log comes first.
    origin = replace(artefact.origin, container=None, component=None)
    return [
        Artefact(artefact.member, part, origin)
        for part in lines.partition_by("run", maintain_order=True, include_key=False)
    ]


def _merged(parsed: Parsed, more: Parsed, run: Artefact) -> Parsed:
    frames = dict(parsed.frames)
    for name, frame in more.frames.items():
        frames[name] = pl.concat([frames[name], frame]).sort("line") if name in frames else frame
    kept = parsed.rejects.join(run.frame.select("line"), on="line", how="anti")
    return replace(
        parsed,
        frames=frames,
        ignored=pl.concat([parsed.ignored, more.ignored]).sort("line"),
        rejects=pl.concat([kept, more.rejects]).sort("line"),
    )
