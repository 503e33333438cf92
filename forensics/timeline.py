"""Put every record on one clock, as an interval in which it happened."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

import polars as pl

from parsers.schema import SOURCES, TIME

JUMP = timedelta(seconds=5)  # further back than this, a file begins a new section: another container, or a restart
FALLS = 3  # fewer steps back in time do not make an export with the newest first
WHOLE_DAY = timedelta(hours=14)  # no zone is further from UTC
LOOSE = 1 << 32  # sections from here on are of one source each, and their lines say nothing of their order
PLACED = {"earliest": TIME, "latest": TIME, "section": pl.Int64(), "clock": pl.String()}


def microseconds(moment: datetime) -> int:
    """Return a moment in microseconds since the epoch."""
    return int(moment.timestamp() * 1_000_000)


def in_file_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame in the order of member and line; as it is where it is so already, which costs no copy."""
    later, below = pl.col("member") > pl.col("member").shift(), pl.col("line") >= pl.col("line").shift()
    same = pl.col("member") == pl.col("member").shift()
    if frame.height < 2 or frame.select((later | (same & below)).slice(1).all(ignore_nulls=False)).item():
        return frame
    return frame.sort("member", "line", maintain_order=True)


def newest_first(frames: Iterable[pl.DataFrame]) -> pl.Series:
    """Return the members whose lines go back in time, as log stores export them.

    Args:
        frames: each in file order, with `member` and `time`.
    """
    time = pl.col("time").drop_nulls()
    found: list[str] = []
    for frame in frames:
        ends = frame.group_by("member").agg(time.first().alias("first"), time.last().alias("last"))
        back = ends.filter(pl.col("first") > pl.col("last"))["member"]
        for member in back:
            steps = frame.filter(pl.col("member") == member)["time"].drop_nulls().diff()
            falls, rises = (steps < timedelta()).sum(), (steps > timedelta()).sum()
            if falls >= FALLS and falls > 2 * rises:
                found.append(member)
    return pl.Series("member", found, pl.String).unique()


def _oldest_first(frame: pl.DataFrame, turned: pl.Series) -> pl.DataFrame:
    """Return the frame in file order, the lines of some members from the last one up."""
    frame = in_file_order(frame)
    if not len(turned) or not (back := frame["member"].is_in(turned.implode())).any():
        return frame
    line = pl.when(back).then(-pl.col("line").cast(pl.Int64)).otherwise("line")
    return frame.sort("member", line, maintain_order=True)


def on_one_clock(frames: Mapping[str, pl.DataFrame], clocks: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return `frames`, the timed ones with the columns `PLACED`, every frame in file order.

    `earliest` and `latest` bound a record by its own clock, half-open: its written time and one unit of the last digit;
    where no zone was written, the one inferred, else every zone. A record without a time lies between its dated
    neighbours of the same section; in a file without any time both bounds are null. What a log store exported newest
    first is turned round. Where lines do not rise - there, and in an export on one line - each source has sections of
    its own, from `LOOSE` on: rows of one source stand as they were said, rows of two have only their times.

    Args:
        frames: source name to rows.
        clocks: columns `CLOCKS` of `forensics.clocks`.
    """
    placed = {name: in_file_order(frame) for name, frame in frames.items()}
    turned = newest_first(frame for name, frame in placed.items() if name.startswith("log.") and frame.height)
    placed = {name: _oldest_first(f, turned) if name.startswith("log.") else f for name, f in placed.items()}
    for group in sharing({name: frame for name, frame in placed.items() if SOURCES[name].timed and frame.height}):
        for name, columns in _on_one_clock(group, clocks, turned).items():
            placed[name] = placed[name].hstack(columns)
    for name, frame in placed.items():
        if SOURCES[name].timed and "earliest" not in frame.columns:
            placed[name] = frame.with_columns(pl.lit(None, dtype).alias(column) for column, dtype in PLACED.items())
    return placed


def sharing(frames: Mapping[str, pl.DataFrame]) -> list[dict[str, pl.DataFrame]]:
    """Return `frames` in groups, so that the records of a member are all in one group.

    Most files are the log of one process. What looks at the records of a file in their order then need not hold those
    of the whole bundle side by side.
    """
    groups: list[tuple[set[str], dict[str, pl.DataFrame]]] = []
    for name, frame in frames.items():
        members, group = set(frame["member"].unique()), {name: frame}
        apart = []
        for others, other in groups:
            if members & others:
                members, group = members | others, other | group
            else:
                apart.append((others, other))
        groups = [*apart, (members, group)]
    return [{name: group[name] for name in frames if name in group} for _, group in groups]


def _on_one_clock(
    timed: Mapping[str, pl.DataFrame], clocks: pl.DataFrame, turned: pl.Series
) -> dict[str, pl.DataFrame]:
    """Return the columns `PLACED` of each frame."""
    # Whole numbers for members and sources: to sort and to group by names costs several times as much.
    members = pl.concat([frame["member"].unique() for frame in timed.values()]).unique().sort()
    own = members.to_frame("member").join(clocks, on="member", how="left", maintain_order="left")
    every = pl.concat(
        frame.select(
            pl.lit(number, pl.UInt32).alias("source"),
            pl.col("member").cast(pl.Enum(members)).to_physical().cast(pl.UInt32),
            *("line", "node", "time", "precision", "zoned"),
        )
        for number, frame in enumerate(timed.values())
    )
    if len(timed) > 1:
        numbers = members.is_in(turned.implode()).arg_true() if len(turned) else turned.clear().cast(pl.UInt32)
        every = _oldest_first(every, numbers)
    every = every.hstack(own.select("zone_offset", "clock", "offset")[every["member"]])
    event = list(timed).index("k8s.event") if "k8s.event" in timed else len(timed)
    alone = pl.col("source") == event  # a dump's order is not an order of time
    zoned = pl.col("zoned").fill_null(True)
    shift = pl.when(zoned).then(timedelta()).otherwise(pl.col("zone_offset").fill_null(timedelta()))
    vague = ~zoned & pl.col("zone_offset").is_null()
    width = pl.when(vague).then(WHOLE_DAY).otherwise(timedelta())
    time = pl.col("time") + shift + pl.col("offset").fill_null(timedelta())
    every = every.with_columns(
        at=time,
        earliest=time - width,
        latest=time + pl.col("precision").fill_null(timedelta(microseconds=1)) + width,
    )
    last = pl.col("at").forward_fill().shift().over("member")
    every = every.with_columns(
        section=pl.when(alone)
        .then(-1 - pl.int_range(pl.len()))
        .otherwise((pl.col("at") < last - JUMP).fill_null(False).cum_sum().over("member"))
    )
    every = every.with_columns(group=pl.col("member").cast(pl.Int64) * (1 << 40) + pl.col("section"))
    every = every.with_columns(
        earliest=pl.when(alone).then("earliest").otherwise(pl.col("earliest").forward_fill().over("group")),
        latest=pl.when(alone).then("latest").otherwise(pl.col("latest").backward_fill().over("group")),
        clock=pl.coalesce("clock", "node", pl.lit("")),
    )
    every = every.with_columns(
        earliest=pl.coalesce("earliest", pl.col("latest").min().over("group")),
        latest=pl.coalesce("latest", pl.col("earliest").max().over("group")),
    )
    flat = every.filter((pl.col("line") <= pl.col("line").shift()) & (pl.col("member") == pl.col("member").shift()))
    if flat.height:
        rows = every.group_by("member").len().join(flat.group_by("member").len("flat"), on="member")
        loose = rows.filter(2 * pl.col("flat") > pl.col("len"))["member"]
        theirs = (pl.col("section") >= 0) & pl.col("member").is_in(loose.implode())
        shifted = pl.col("section") + (pl.col("source").cast(pl.Int64) + 1) * LOOSE
        every = every.with_columns(section=pl.when(theirs).then(shifted).otherwise("section"))
    every = every.select("source", *PLACED)
    return {
        name: (every.filter(pl.col("source") == number) if len(timed) > 1 else every).select(*PLACED)
        for number, name in enumerate(timed)
    }


def on_their_own(frames: Mapping[str, pl.DataFrame], members: Collection[str]) -> dict[str, pl.DataFrame]:
    """Return `frames`, placed by `on_one_clock`, the records of some members each on a clock of its own."""
    odd = pl.col("member").is_in(list(members))
    own = pl.when(odd).then(pl.lit("\0") + pl.col("member")).otherwise("clock").alias("clock")
    return {
        name: frame.with_columns(own)
        if members and SOURCES[name].timed and frame.height and frame["member"].is_in(list(members)).any()
        else frame
        for name, frame in frames.items()
    }


UNDATED = -1  # µs: a bundle of ages alone was collected at no known time, and this is never written down
AGED = "\0seen "  # the clocks of tables of Events that tell ages alone begin with this
# kubectl leaves out what is small beside an age: up to an age (seconds), it is this exact.
_EXACT = ((10 * 60, 1), (8 * 3600, 60), (8 * 86400, 3600))


def by_age(frames: Mapping[str, pl.DataFrame], seen: int | None) -> pl.DataFrame:
    """Return the Events, those with an age alone that long before the bundle was collected.

    Each table of them is on a clock of its own, since nothing says when it was made: how far apart two of its rows are
    is known, how far they are from anything else is not. Where nothing dates the bundle, they end with `UNDATED`.

    Args:
        frames: placed by `on_one_clock`, with `k8s.event`.
        seen: what `collected` returns.
    """
    events = frames["k8s.event"]
    if not events.height:
        return events
    seen = UNDATED if seen is None else seen
    read = pl.col("fields").str.json_decode(pl.Struct({"age": pl.Float64, "first_age": pl.Float64}))
    ages = {name: read.struct.field(name).cast(pl.Int64) for name in ("age", "first_age")}
    same = [pl.col(name).fill_null("") for name in ("kind", "name", "reason", "message")]
    dated = pl.col("time").is_not_null().any().over(same)  # collected in another form as well, which is more exact
    only = pl.col("time").is_null() & ages["age"].is_not_null() & ~dated
    if not events.select(only.any()).item():
        return events
    exact = pl.lit(86400)
    for most, unit in reversed(_EXACT):
        exact = pl.when(ages["age"] < most).then(unit).otherwise(exact)
    latest = pl.lit(seen) - ages["age"] * 1_000_000 + 1
    below = pl.col("line") - pl.col("line").shift() > pl.col("lines").shift()
    table = below.fill_null(True).cum_sum().over("member").cast(pl.String)
    return events.with_columns(
        earliest=pl.when(only).then((latest - exact * 1_000_000).cast(TIME)).otherwise("earliest"),
        latest=pl.when(only).then(latest.cast(TIME)).otherwise("latest"),
        first=pl.when(only).then((pl.lit(seen) - ages["first_age"] * 1_000_000).cast(TIME)).otherwise("first"),
        clock=pl.when(only).then(pl.lit(AGED) + table + " " + pl.col("member")).otherwise("clock"),
    )


MOMENTS = ("at", "created", "renewed", "time", "since", "started", "finished", "last_finished", "updated")


def collected(
    frames: Mapping[str, pl.DataFrame], period: tuple[int, int] | None, until: datetime | None = None
) -> int | None:
    """Return the latest microsecond that the logs, the objects or Envoy's dumps name; None where none does.

    The bundle was collected then or later. Only what a cluster wrote of its past counts: not when a certificate ends,
    not the ages in a table, and no time of a file, which an archiver or whoever unpacked it may have set anew.

    Args:
        frames: placed by `on_one_clock`.
        period: of the same frames.
        until: the bundle is taken as if it had been collected before this.
    """
    found = [period[1]] if period else []
    for source, frame in frames.items():
        if source.startswith(("k8s.", "envoy.")) and source != "envoy.certificate" and frame.height:
            columns = [pl.col(c).max().cast(pl.Int64) for c in MOMENTS if frame.schema.get(c) == TIME]
            found += [latest for latest in frame.select(columns).row(0) if latest is not None] if columns else []
    latest = max(found, default=None)
    return latest if latest is None or until is None else min(latest, microseconds(until))


def period(frames: Mapping[str, pl.DataFrame], astray: Collection[str] = ()) -> tuple[int, int] | None:
    """Return the first and last microsecond of the logs; of the Events where there are none; None without times.

    Args:
        frames: placed by `on_one_clock`.
        astray: members that say nothing of when the bundle was collected.
    """
    logs = [f for n, f in frames.items() if n.startswith("log.") and f.height]
    events = [f for n, f in frames.items() if n == "k8s.event" and f.height]
    for chosen in (logs, events):
        bounds = [
            frame.select("member", "time", "earliest", "latest")
            .filter(pl.col("time").is_not_null() & ~pl.col("member").is_in(list(astray)))
            .select(a=pl.col("earliest").min().cast(pl.Int64), b=pl.col("latest").max().cast(pl.Int64))
            for frame in chosen
        ]
        firsts = [b["a"][0] for b in bounds if b["a"][0] is not None]
        lasts = [b["b"][0] for b in bounds if b["b"][0] is not None]
        if firsts:
            return min(firsts), max(lasts)
    return None
