"""Tables for a terminal: state, routes, coverage."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from forensics.intake.masking import mask
from forensics.reporting.escape import inline
from forensics.reporting.moments import utc
from parsers.schema import LINKS

STYLES = {
    "ok": "green",
    "broken": "bold red",
    "pending": "yellow",
    "unknown": "dim",
    "missing": "bold red",
    "stale": "yellow",
}
LEAST = 20  # columns of what a row is about, on however narrow a screen
BAR = 20  # columns of the picture of a log's time


def words(value: object) -> Text:
    """Return a value as one line of text that cannot steer the terminal."""
    return Text("" if value is None else inline(mask(str(value))))


def _state(word: str | None) -> Text:
    return Text(word or "", style=STYLES.get(word or "", ""))


def state_view(rows: Sequence[Mapping[str, Any]], servers: Sequence[Mapping[str, Any]] = ()) -> RenderableType:
    """Return the state table, a row for each model, pipeline and experiment, and the replicas of each Server.

    Args:
        rows: the states as the document holds them.
        servers: rows of `state.server`.
    """
    if not rows and not servers:
        return Text("No model, pipeline, experiment or server is named in what was collected.")
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("what", overflow="fold", min_width=LEAST)
    for head in LINKS:
        table.add_column(head, no_wrap=True)
    first: list[RenderableType] = []
    for row in rows:
        states = {link["link"]: link for link in row["links"]}
        table.add_row(_over_two_lines(row), *(_state(states.get(link, {}).get("state")) for link in LINKS))
        if broken := row.get("broken"):
            cites = states.get(broken, {}).get("cites") or []
            told = f", {utc(cites[0]['time'])}" if cites and cites[0].get("time") else ""
            where = f" ({cites[0]['member']}:{cites[0]['lines'][0]}{told})" if cites else ""
            first.append(words(f"{_what(row)}: {broken}: {states.get(broken, {}).get('detail') or ''}{where}"))
    parts: list[RenderableType] = [table] if rows else []
    if first:
        parts += [Text("\nfirst broken link"), *first]
    if servers:
        parts += [Text("\nreplicas"), _replicas(servers)]
    return Group(*parts)


def _replicas(servers: Sequence[Mapping[str, Any]]) -> Table:
    """Return what was wanted of each Server, what runs, and what registered with the scheduler; `?` is not known."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("server", overflow="fold")
    for head in ("wanted", "running", "registered", "models"):
        table.add_column(head, justify="right")
    for row in servers:
        numbers = [row.get(head) for head in ("wanted", "running", "registered", "models")]
        who = words(f"{row['namespace'] or '?'}/{row['name']}")
        table.add_row(who, *("?" if number is None else str(number) for number in numbers))
    return table


def _what(row: Mapping[str, Any]) -> Text:
    return words(f"{row['kind']} {row['namespace'] or '?'}/{row['name']}")


def _over_two_lines(row: Mapping[str, Any]) -> Text:
    """Return what a row is about with its namespace below: long names break less where they stand alone."""
    return words(f"{row['kind']} {row['name']}") + "\n" + Text(words(row["namespace"] or "?").plain, style="dim")


def frame_rows(frames: Mapping[str, pl.DataFrame], source: str) -> list[dict[str, Any]]:
    """Return the rows of a source without `raw`, secrets masked."""
    frame = frames.get(source)
    if frame is None:
        return []
    rows = frame.drop("raw", strict=False).to_dicts()
    return [{k: mask(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]


def routes_view(rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return expected and found routes, side by side."""
    if not rows:
        return Text("No route is expected: no model, pipeline or experiment that is available was found.")
    table = Table(box=None, pad_edge=False)
    for head in ("what", "cluster", "weight", "state", "why", "decided by"):
        table.add_column(head, overflow="fold")
    for row in rows:
        found = "none" if row["actual"] is None else str(row["actual"])
        weight = found if row["weight"] is None else f"{found} of {row['weight']}"
        table.add_row(
            _over_two_lines(row),
            words(row["cluster"]),
            words("mirror" if row["mirror"] else weight),
            _state(row["state"]),
            words(_reason(row)),
            words(f"{row['member']}:{row['line']}" if row["member"] else ""),
        )
    return table


def _reason(row: Mapping[str, Any]) -> str:
    """The reason, unless it only repeats the state, and what is known of it."""
    return ": ".join(part for part in (row["reason"] if row["reason"] != row["state"] else None, row["detail"]) if part)


def coverage_view(document: Mapping[str, Any], period: tuple[int, int] | None) -> RenderableType:
    """Return sources down, time across, and the members below."""
    parts: list[RenderableType] = []
    if period:
        parts.append(Text(f"{_clock(period[0])} to {_clock(period[1])}"))
    table = Table(box=None, pad_edge=False)
    for head in ("source", "of", "head, level, understood", "time"):
        table.add_column(head, overflow="fold", no_wrap=head == "time")
    for source in document["sources"]:
        share = source["understood"]
        table.add_row(
            words(source["source"] + (" (previous)" if source["previous"] else "")),
            words(
                "/".join(filter(None, (source["namespace"], source["pod"], source["container"]))) or source["member"]
            ),
            _known(source["head"], source["level"], "-" if share is None else f"{share:.1%}"),
            Text(_bar(source["from"], source["to"], period)),
        )
    parts.append(table)
    return Group(*parts, Text("\nmembers"), *map(_member, document["members"]))


def _member(member: Mapping[str, Any]) -> Text:
    """Return a member, and on a line below it what became of it: names are long, and a column would cut them up."""
    told = member["events"] + member["continuations"] + member["facts"]
    counts = [f"{member['lines']} lines", f"{told} understood"]
    counts += [f"{member[kind]} {kind}" for kind in ("ignored", "rejects") if member[kind]]
    parts = [member["kind"], ", ".join(counts) if member["lines"] else None, member["reason"]]
    below = words("".join(f"; {part}" for part in parts if part))
    return Text.assemble(words(member["member"]), "\n  ", _state(member["status"]), below)


def _known(head: str, level: str | None, share: str) -> Text:
    told = Text(head, style="" if head == "whole" else "yellow")
    return told.append_text(words(f", {level or '-'}, {share}"))


def _clock(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _bar(first: str | None, last: str | None, period: tuple[int, int] | None) -> str:
    if first is None or last is None or period is None or period[1] <= period[0]:
        return ""
    width = period[1] - period[0]
    start, end = (int(datetime.fromisoformat(t).timestamp() * 1e6) - period[0] for t in (first, last))
    a, b = (max(0, min(BAR, round(x * BAR / width))) for x in (start, end))
    return "." * a + "#" * max(1, b - a) + "." * (BAR - max(a + 1, b))
