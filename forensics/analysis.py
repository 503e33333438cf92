"""The pipeline, on one screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from forensics.bundle import Bundle
from forensics.causality import root_causes
from forensics.clocks import astray, doubted, doubts, estimate_clocks
from forensics.coverage import Coverage, coverage
from forensics.document import Document
from forensics.evidence.order import UNBOUNDED, Order
from forensics.findings import Outcome
from forensics.guides.hearsay import hearsay
from forensics.ingest import Intake, ingest
from forensics.installation.certificates import certificates
from forensics.installation.changes import changes
from forensics.installation.eventpods import pods_of_events
from forensics.installation.impact import impact
from forensics.installation.links import Topology
from forensics.installation.netpaths import net_paths
from forensics.installation.outsiders import muted, outsiders, set_aside
from forensics.installation.relevance import calls_to_seldon, named_after_seldon, relevant, seldons_own
from forensics.installation.routes import expected_routes
from forensics.installation.silence import late, silences
from forensics.installation.successions import doubtful, overtaken, runs_apart
from forensics.installation.undecided import undecided
from forensics.installation.unnamed import unnamed
from forensics.intake.drift import drift
from forensics.intake.quoting import Quotes
from forensics.lean import LESS, Lean
from forensics.matching import Context, find_all
from forensics.report import Conclusions, write
from forensics.selection import (
    EVERYTHING,
    Request,
    asked,
    before,
    in_force,
    in_vain,
    narrowed,
    of_the_asked,
    without_accepted,
)
from forensics.state import last_words, state_table
from forensics.timeline import AGED, by_age, collected, on_one_clock, on_their_own, period
from forensics.topology import connect
from forensics.verdict import OURS, verdict
from parsers import PARSERS
from patterns.pattern import Library

IN_ENVOY = ("route", "cluster", "endpoint")  # the links of a chain that Envoy's dumps tell


@dataclass(frozen=True, slots=True)
class Case:
    """A bundle, read and put on one clock: what every command starts from.

    `crossed` are the logs of runs before that go on when the run after has begun; see `successions.overtaken`.
    `foreign` are the members that another product wrote; see `outsiders`.
    """

    intake: Intake
    frames: Mapping[str, pl.DataFrame]
    clocks: pl.DataFrame
    covered: Coverage
    topology: Topology
    states: Mapping[str, pl.DataFrame]
    given: Mapping[str, Any]
    crossed: Mapping[str, tuple[str, int]]
    foreign: frozenset[str]


def read(
    bundle: Bundle,
    until: datetime | None = None,
    workers: int = 2,
    strict: bool = False,
    lean: Lean | None = None,
) -> Case:
    """Return `bundle` as frames on one clock, with what is derived from them."""
    return on_clock(*read_whole(bundle, workers, strict, lean), until)


def read_whole(
    bundle: Bundle, workers: int = 2, strict: bool = False, lean: Lean | None = None
) -> tuple[Intake, dict[str, Any]]:
    """Return all that could be read of `bundle`, and `input` of the document."""
    intake = ingest(bundle, PARSERS, workers, strict, lean)
    return intake, {"name": bundle.name, "sha256": bundle.sha256, "bytes": bundle.bytes, "members": bundle.count}


def on_clock(intake: Intake, given: Mapping[str, Any], until: datetime | None = None) -> Case:
    """Return what was read on one clock, with topology, states and the other derived sources.

    Args:
        intake: what was read.
        given: `input` of the document.
        until: what happened at or after this is left out.
    """
    clocks = estimate_clocks(intake.frames)
    frames = before(on_one_clock(intake.frames, clocks), until)
    odd = astray(frames, clocks)
    crossed = overtaken(frames)
    unsure = doubtful(crossed) | odd
    clocks, frames = doubted(clocks, unsure), on_their_own(frames, unsure)
    topology = connect(frames)
    frames = dict(topology.frames)  # a folder may tell the namespace of what lies in it
    states = last_words(frames, topology)
    frames |= states
    frames["route.expected"] = expected_routes(frames, topology)
    frames["net.path"] = net_paths(frames)
    span = period(frames, {*odd, *crossed})
    seen = collected(frames, span, until)
    if "k8s.event" in frames:
        frames["k8s.event"] = by_age(frames, seen)
    dated = certificates(frames, span, seen)
    frames |= dated
    frames = {name: frame for name, frame in frames.items() if frame.height or name in intake.frames or name in dated}
    covered = coverage(frames, span, intake.cut, seen)
    waiting = pods_of_events(frames, seen)
    frames |= {} if waiting is None else {"k8s.pod": waiting}
    return Case(intake, frames, clocks, covered, topology, states, given, crossed, outsiders(frames))


def analyse(case: Case, library: Library, request: Request = EVERYTHING) -> Document:
    """Return what `library` explains of the case. Reads nothing else, and prints nothing."""
    quotes = Quotes(case.intake, case.frames)
    found = concluded(case, library, asked(outcomes_of(case, library)), quotes, request)
    return write(case.intake, case.given, library, found, quotes) | {"zone": request.zone}


def concluded(
    case: Case, library: Library, outcomes: Mapping[str, Outcome], quotes: Quotes, request: Request = EVERYTHING
) -> Conclusions:
    """Return what the outcomes of the patterns that were asked come to, before it is written down."""
    ours = (
        seldon_objects_in(case.frames)
        or any(source in case.covered.kinds for source in OURS)
        or calls_to_seldon(case.frames)
    )
    outcomes, others = relevant(outcomes, case.frames, case.topology, ours)
    outcomes, remarks = narrowed(outcomes, request, case.topology)
    ranked, candidates, accepted = without_accepted(
        *root_causes(outcomes, library, case.topology.link), request, case.covered.collected
    )
    word = verdict(ranked, case.covered, ours)
    # Where something failed, much of what is printed follows from it.
    strange = unnamed(case.frames, library, outcomes) if word != "failure" else []
    heard = hearsay(case.intake.reads, library) if word not in ("failure", "healthy") else []
    open_ones = undecided(outcomes, case.frames) if word == "insufficient" else []
    table = of_the_asked(state_table(case.frames, case.states), request)
    return Conclusions(
        ranked,
        candidates,
        outcomes,
        word,
        case.covered,
        case.clocks,
        table,
        changes(case.frames, case.covered, quotes),
        [
            *([LESS] if case.intake.lean else []),
            *strange,
            *heard,
            *open_ones,
            *set_aside(case.foreign),
            *others,
            *remarks,
            *accepted,
            *doubts(case.clocks, doubtful(case.crossed)),
            *runs_apart(case.crossed),
            *late(case.covered),
            *silences(case.frames, case.covered),
            *drift(case.intake.reads),
        ],
        impact(case.frames, table, ranked, quotes),
        bool(strange),
        in_vain(request, case.topology),
    )


def outcomes_of(case: Case, library: Library) -> dict[str, Outcome]:
    """Return what each pattern that applies to the versions seen came to, by id."""
    return find_all(in_force(library, case.intake.versions), context_of(case))


def context_of(case: Case, exact: bool = False) -> Context:
    """Return what matching needs to know of a case.

    Args:
        case: the bundle, on one clock.
        exact: take every clock at its word, as the examples of patterns want it.
    """
    clocks = () if exact else case.clocks.iter_rows(named=True)
    errors = {row["clock"]: int(row["error"].total_seconds() * 1e6) for row in clocks}
    if "clock" in case.frames.get("k8s.event", pl.DataFrame()).columns:
        whole = case.covered.period or (0, UNBOUNDED)
        aged = case.frames["k8s.event"]["clock"].unique()
        errors |= dict.fromkeys(aged.filter(aged.str.starts_with(AGED)), whole[1] - whole[0])
    order = Order(errors, case.covered.period)
    frames = muted(case.frames, case.foreign)
    return Context(frames, case.covered, order, sound(case.states), routed(case.topology))


def sound(states: Mapping[str, pl.DataFrame]) -> frozenset[tuple[str, str | None, str]]:
    """Return the things whose last state is known in some layer and broken or pending in none.

    Those of which also the way of a call is known, from the control plane to the hosts in Envoy, occur a second time,
    with the kind followed by ` reached`. A name that is sound in every namespace occurs with None as namespace too.
    """
    from parsers.schema import LINKS

    found: set[tuple[str, str | None, str]] = set()
    for source, frame in states.items():
        if not set(LINKS) <= set(frame.columns):
            continue
        ok = {link: pl.col(link).cast(pl.String).eq_missing("ok") for link in LINKS}
        bad = pl.any_horizontal(pl.col(x).cast(pl.String).is_in(["broken", "pending"]).fill_null(False) for x in LINKS)
        good = pl.any_horizontal(ok.values()) & ~bad
        behind = pl.any_horizontal(known for link, known in ok.items() if link not in IN_ENVOY)
        kind = source.partition(".")[2]
        for said, holds in (
            (kind, good),
            (f"{kind} reached", good & behind & pl.all_horizontal(ok[x] for x in IN_ENVOY)),
        ):
            yes, no = frame.filter(holds), frame.filter(~holds)
            found.update((said, namespace, name) for namespace, name in yes.select("namespace", "name").iter_rows())
            found.update((said, None, name) for name in set(yes["name"]) - set(no["name"]))
    return frozenset(found)


def routed(topology: Topology) -> dict[tuple[str, str | None, str], int]:
    """Return when the running scheduler last said that it makes the route of a model, in microseconds.

    A name that occurs in one namespace only occurs with None as namespace too.
    """
    found: dict[tuple[str, str | None, str], int] = {}
    if topology.said.is_empty():
        return found
    made = pl.col("word") == "routed"
    said = topology.said.filter(made & ~pl.col("previous") & pl.col("model").is_not_null())
    last = said.group_by("namespace", "model").agg(pl.col("at").cast(pl.Int64).max()).drop_nulls("at")
    for namespace, name, at in last.select("namespace", "model", "at").iter_rows():
        found["model", topology.home(namespace), name] = at
    names = [name for _, _, name in found]
    return found | {(kind, None, name): at for (kind, _, name), at in found.items() if names.count(name) == 1}


def seldon_objects_in(frames: Mapping[str, pl.DataFrame]) -> bool:
    """Whether an object of a component of Seldon was read."""
    pods = (frames[source] for source in ("k8s.pod", "k8s.container") if source in frames)
    return any(frame.filter(seldons_own()).height for frame in pods) or bool(named_after_seldon(frames))
