"""Measure the readiness checks: flaws sown at random into installations, healthy or broken, and what `review` says.

A check is right where a flaw makes it true, and wrong where none does; a check that a flaw makes true and that does not
fail is missed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from benchmarks.accuracy.faults import FAULTS
from benchmarks.accuracy.flaws import FLAWS, Flaw
from benchmarks.accuracy.healthy import SCENES
from benchmarks.accuracy.layouts import LAYOUTS, Written, write
from benchmarks.accuracy.life import live, world
from benchmarks.accuracy.model import World
from benchmarks.accuracy.score import deciding, of_bundle, short
from benchmarks.accuracy.sites import LISTED, sound

FAMILIES = ("storage", "model", "mlflow")  # faults that leave the installation's own objects alone


@dataclass(slots=True)
class Reviewed:
    """How one review came out: the checks that had to fail, and those that did."""

    case: str
    layout: str
    release: str
    sown: list[str] = field(default_factory=list)
    true: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    wrong_roots: list[str] = field(default_factory=list)


def chosen(rng: Random, first: Flaw, most: int) -> list[Flaw]:
    """Return up to `most` flaws which can be so together, the first among them."""
    made = [first]
    for flaw in rng.sample(FLAWS, len(FLAWS)):
        apart = not any(flaw.touches & other.touches or set(flaw.checks) & set(other.checks) for other in made)
        fits = all(
            len({getattr(f, what) for f in (*made, flaw)} - {None}) < 2 for what in ("way", "platform")
        )  # fmt: skip
        if len(made) < most and apart and fits and not flaw.before and not flaw.pipelines:
            made.append(flaw)
    return made


def installation(rng: Random, flaws: list[Flaw]) -> tuple[World, set[str]]:
    """Return an installation that has lived, healthy or broken, and the names that may be its root."""
    if any(f.pipelines for f in flaws):
        return SCENES["with-pipelines"](rng), set()
    before = next((f.before for f in flaws if f.before), None)
    if before is None and rng.random() < 0.35:
        fault = rng.choice([f for f in FAULTS if f.family in FAMILIES])
        return fault.happen(rng), {*fault.roots, *fault.also, *fault.blind}
    w = world(rng)
    if before:
        before(w)
    for server in w.servers:
        server.replicas = 2
    live(w)
    return w, set()


def of_flaw(flaw: Flaw, number: int, seed: int, most: int = 6) -> tuple[Reviewed, Written, dict[str, Any]]:
    """Return how the review of an installation comes out that has this flaw, and others beside it."""
    rng = Random(f"{seed}/{flaw.name}/{number}")
    flaws = chosen(rng, flaw, rng.randrange(1, most + 1))
    w, roots = installation(rng, flaws)
    site = sound(
        w, rng, *(next((getattr(f, what) for f in flaws if getattr(f, what)), None) for what in ("way", "platform"))
    )
    for each in flaws:
        each.sow(site)
        site.wrong.update(each.checks)
    w.furnished = [(body, None) for body in site.bodies]
    w.empty |= {kind: name for kind, name in LISTED.items() if not site.of(kind)}
    layout = rng.choice(LAYOUTS)
    written = write(w, layout, rng)
    doc = document(written)
    stand = {name: {short(c) for c in doc["checks"] if c["status"] == name} for name in ("failed", "unknown")}
    allowed = {*roots, *(name for f in flaws for name in f.roots)}
    asked = {name for f in FLAWS for name in f.checks}
    stand["failed"] |= {short(f) for f in doc["findings"] if f["role"] == "root"} & asked
    first = [short(f) for f in deciding(doc)][:1] if doc["verdict"] == "failure" else []
    made = Reviewed(
        f"{flaw.name}/{number}", layout, ".".join(map(str, w.release)), [f.name for f in flaws], site.wrong,
        stand["failed"], stand["unknown"], [name for name in first if name not in allowed],
    )  # fmt: skip
    return made, written, doc


def document(written: Written) -> dict[str, Any]:
    """Return the review of a bundle."""
    from forensics.review import review

    return of_bundle(written, review)


def run(n: int, seed: int) -> Iterator[Reviewed]:
    """Yield `n` reviews; the seed orders the flaws."""
    flaws = Random(f"order {seed}").sample(FLAWS, len(FLAWS))
    for i in range(n):
        yield of_flaw(flaws[i % len(flaws)], i // len(flaws), seed)[0]


def by_check(results: Iterable[Reviewed]) -> dict[str, tuple[int, int, int]]:
    """Return for each check, by id, how often it was right, how often it failed, and how often it had to."""
    from patterns.loader import read_library

    ids = {id.partition("/")[2]: id for id in read_library()[0].patterns}
    right: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for result in results:
        right.update(result.true & result.failed)
        failed.update(result.failed)
        true.update(result.true)
    return {ids[name]: (right[name], failed[name], true[name]) for name in sorted(failed | true)}
