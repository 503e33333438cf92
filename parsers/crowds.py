"""The short logs of many pods in one file, read together: to read each alone costs more than its lines.

Only parts of which nothing but their own lines decides what becomes of them are put together: they begin alike, are of
one component, and say nothing of pod, namespace or version. What comes out is in every case what comes of each alone.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from parsers.components import components_of, named_component, says_who
from parsers.parser import LINES, Artefact, Origin, Parsed

MANY = 16  # parts that are worth it
_SHORT = 100  # lines of one
_SHOWN = 24  # characters of a first line that show how a log begins
_DIGITS = re.compile(r"[0-9]+")
_LETTERS = re.compile(r"[A-Za-z]+")
_WHO = ("pod", "container")


@dataclass(frozen=True, slots=True)
class Crowd(Artefact):
    """Parts of one file as one artefact.

    Attributes:
        parts: each alone, in the order of the frame.
    """

    parts: tuple[Artefact, ...] = ()

    def told_apart(self, parsed: Parsed) -> Parsed | None:
        """Return what was read with the names of each part's process; None where a line may have gone to another's."""
        logs = parsed.frames
        if any(not source.startswith("log.") for source in logs):
            return None
        firsts = {int(part.frame["line"][0]) for part in self.parts}
        for frame in logs.values():
            firsts.difference_update(frame["line"].to_list())
        if firsts:
            return None
        who = pl.concat(
            part.frame.select(
                "line", *(pl.lit(getattr(part.origin, name), pl.String).alias(f"_{name}") for name in _WHO)
            )
            for part in self.parts
        )
        return replace(
            parsed,
            frames={
                source: frame.join(who, on="line", how="left", maintain_order="left")
                .with_columns(pl.col(f"_{name}").alias(name) for name in _WHO)
                .select(frame.columns)
                for source, frame in logs.items()
            },
        )


def crowds(parts: Sequence[Artefact]) -> list[Artefact]:
    """Return the parts of a file, those that may be read together as one `Crowd`."""
    if len(parts) < MANY:
        return list(parts)
    places: dict[tuple[object, ...], list[int]] = defaultdict(list)
    short = [n for n, part in enumerate(parts) if 0 < len(part.frame) <= _SHORT and part.origin.pod is not None]
    for n, key in zip(short, _keys([parts[n] for n in short]), strict=True):
        if key is not None:
            places[key].append(n)
    made: dict[int, Artefact] = dict(enumerate(parts))
    for key, those in places.items():
        if len(those) < MANY:
            continue
        some = tuple(parts[n] for n in those)
        frame = pl.concat(part.frame for part in some).select(LINES.names())
        if frame["line"].n_unique() < len(frame):  # of one line several records were made
            continue
        origin = replace(some[0].origin, pod=None, container=None, component=key[0])  # type: ignore[arg-type]
        made[those[0]] = Crowd(some[0].member, frame, origin, parts=some)
        for n in those[1:]:
            del made[n]
    return list(made.values())


def _keys(parts: Sequence[Artefact]) -> list[tuple[object, ...] | None]:
    """Return for each part what those that are read with it have in common; None where it is read alone."""
    if len(parts) < MANY:
        return [None] * len(parts)
    rows = pl.concat(part.frame.select("text", part=pl.lit(n, pl.UInt32)) for n, part in enumerate(parts))
    alone = set(rows.filter(says_who(rows["text"]))["part"].to_list())
    components = components_of(rows, [part.origin for part in parts])
    return [
        None if n in alone else _key(part, component)
        for n, (part, component) in enumerate(zip(parts, components, strict=True))
    ]


def _key(part: Artefact, component: str | None) -> tuple[object, ...] | None:
    origin = part.origin
    named = named_component(Origin(container=origin.container))
    if component == "" or (named is not None and named != component):  # its container will get another name
        return None
    return (component, origin.namespace, origin.node, origin.previous, _shape(part.frame["text"][0]))


def _shape(line: str | None) -> str:
    return _LETTERS.sub("a", _DIGITS.sub("0", (line or "")[:_SHOWN]))
