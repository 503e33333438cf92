"""Score the analyser, and three trivial ones beside it, on simulated bundles.

What counts: the first root; the first three; a symptom named as root; a verdict of failure where nothing lasts; an
"undetermined" where the decisive source was taken away; and whether the cited lines are those that prove the fault.
"""

import math
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.accuracy.consequences import CONSEQUENCES, consequences
from benchmarks.accuracy.fault import Fault
from benchmarks.accuracy.faults import FAULTS
from benchmarks.accuracy.healthy import SCENES
from benchmarks.accuracy.layouts import LAYOUTS, Written, write

NOTHING: frozenset[str] = frozenset()
LOGS_ONLY = frozenset({"objects", "events", "tables"})
NO_CALLS = frozenset({"access", "client", "mlserver", "rclone", "tables"})
MATTERS = ("medium", "high", "critical")


@dataclass(slots=True)
class Result:
    """How one bundle came out."""

    case: str
    kind: str  # fault | healthy | blind
    family: str
    layout: str
    release: str
    verdict: str
    roots: list[str]
    marks: dict[str, bool] = field(default_factory=dict)
    cited: tuple[int, int] = (0, 0)  # of the cited places, those that prove something; all
    found: tuple[int, int] = (0, 0)  # of what proves the fault, what is cited; all
    baselines: dict[str, str | None] = field(default_factory=dict)
    note: str = ""
    named: list[str] = field(default_factory=list)  # what is named and lasts: roots and symptoms
    true: list[str] = field(default_factory=list)  # the symptoms that the world has


def chance(key: str) -> Random:
    """Return the source of chance of one bundle: the same key, the same bundle."""
    return Random(key)


def document(written: Written) -> dict[str, Any]:
    """Return the analyser's document of a bundle."""
    from forensics.analysis import analyse

    return of_bundle(written, analyse)


def of_bundle(written: Written, conclude: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Return what `conclude` makes of a bundle that is read, and of the library."""
    from forensics.analysis import read
    from forensics.bundle import open_bundle
    from patterns.loader import read_library

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "case"
        written.save(folder)
        return conclude(read(open_bundle([folder])), read_library()[0])


def deciding(doc: dict[str, Any], minor: bool = False) -> list[dict[str, Any]]:
    """Return the roots that make a verdict, in their order; with `minor` those of low severity too."""
    counts = (*MATTERS, "low") if minor else MATTERS
    return [f for f in doc["findings"] if f["role"] == "root" and f["at_end"] != "ended" and f["severity"] in counts]


def lasting(doc: dict[str, Any]) -> list[str]:
    """Return what is found and has not ended, a symptom or a root, by name."""
    kept = [f for f in doc["findings"] if f["role"] in ("root", "symptom") and f["at_end"] != "ended"]
    return list(dict.fromkeys(short(f) for f in kept))


def short(finding: dict[str, Any]) -> str:
    """Return a pattern's name without its layer."""
    return str(finding["pattern"]).partition("/")[2]


def of_fault(fault: Fault, number: int, seed: int, blind: bool = False) -> tuple[Result, Written, dict[str, Any]]:
    """Return how one bundle with `fault` comes out; `blind` takes the decisive sources away."""
    rng = chance(f"{seed}/{fault.name}/{number}")
    w = fault.happen(rng)
    layout = rng.choice(LAYOUTS)
    written = write(w, layout, rng, fault.take if blind else thinned(rng, fault))
    doc = document(written)
    roots = deciding(doc, fault.minor)
    names = [short(f) for f in roots]
    release = ".".join(map(str, w.release))
    made = Result(
        f"{fault.name}/{number}", "blind" if blind else "fault", fault.family, layout, release, doc["verdict"], names
    )
    made.named, made.true = lasting(doc), sorted(consequences(w))
    right, also = set(fault.roots), set(fault.roots) | set(fault.also)
    if fault.undecidable or blind:
        also |= set(fault.blind)
        if not fault.minor:
            made.marks["undetermined"] = doc["verdict"] in ("undetermined", "insufficient") or (
                bool(names) and names[0] in also
            )
        made.marks["no wrong root"] = not names or doc["verdict"] != "failure" or names[0] in also
        return made, written, doc
    if not fault.minor:
        made.marks["verdict"] = doc["verdict"] == "failure"
    made.marks["top1"] = bool(names) and names[0] in right
    made.marks["top3"] = bool(right & set(names[:3]))
    made.marks["root for symptom"] = not (names and names[0] in set(fault.symptoms) - also)
    evidence(made, fault, written, doc)
    made.baselines = baselines(written)
    return made, written, doc


def thinned(rng: Random, fault: Fault) -> frozenset[str]:
    """Return what was not collected although it might have been: two bundles of five are not whole."""
    chosen = rng.choice((NOTHING, NOTHING, NOTHING, LOGS_ONLY, NO_CALLS))
    return NOTHING if fault.undecidable or chosen & fault.take else chosen


def evidence(made: Result, fault: Fault, written: Written, doc: dict[str, Any]) -> None:
    """Compare what is cited for the right root with what proves the fault.

    Pieces that a pattern looks for only to see that they did not come later (`with no later`, `not`) are no evidence.
    """
    from patterns.loader import read_library
    from patterns.terms import positive

    library = read_library()[0].patterns
    wanted = set(fault.roots) | set(fault.also)
    roots = [f for f in doc["findings"] if short(f) in wanted]
    cites = [
        c
        for f in roots
        for e in f["evidence"]
        if e["state"] == "present"
        and (e["strength"] != "required" or e["name"] in positive(library[f["pattern"]].match))
        for c in e["cites"]
    ]
    places = {(c["member"], *c["lines"]) for c in cites}
    good = sum(any(m == p[0] and a <= p[2] and p[1] <= b for p in written.proofs) for m, a, b in places if not aside(m))
    made.cited = (good, sum(not aside(m) for m, _, _ in places))
    stray = [
        f"{m}:{a}"
        for m, a, b in sorted(places)
        if not aside(m) and not any(m == p[0] and a <= p[2] and p[1] <= b for p in written.proofs)
    ]
    made.note = " ".join(stray)
    there = {p[3] for p in written.proofs} & set(fault.proofs)
    chain = [f for f in doc["findings"] if short(f) in wanted | set(fault.symptoms)]
    all_places = {(c["member"], *c["lines"]) for f in chain for e in f["evidence"] for c in e["cites"]}
    got = {
        t for m, a, b, t in written.proofs if t in there and any(m == x and a <= z and y <= b for x, y, z in all_places)
    }
    made.found = (len(got), len(there))


def aside(member: str) -> bool:
    """Whether a member's lines carry no proof marks: dumps and what a client saw."""
    return member.endswith(("stats.txt", "clusters.txt", "config_dump.json", "client.txt", "pods.txt"))


def of_scene(name: str, number: int, seed: int) -> tuple[Result, Written, dict[str, Any]]:
    """Return how one healthy bundle comes out."""
    rng = chance(f"{seed}/{name}/{number}")
    w = SCENES[name](rng)
    layout = rng.choice(LAYOUTS)
    written = write(w, layout, rng)
    doc = document(written)
    names = [short(f) for f in deciding(doc)]
    made = Result(
        f"{name}/{number}", "healthy", "healthy", layout, ".".join(map(str, w.release)), doc["verdict"], names
    )
    made.named, made.true = lasting(doc), sorted(consequences(w))
    made.marks["healthy"] = doc["verdict"] == "healthy"
    still = [f for f in doc["findings"] if f["severity"] in MATTERS and f["at_end"] != "ended" and f["role"] != "check"]
    made.marks["nothing lasts"] = not still
    made.note = ", ".join(short(f) for f in still)
    return made, written, doc


# -- trivial analysers ------------------------------------------------------------------------------------------------

LITERALS = (  # what a search through a knowledge base would hit, each with the fault it is filed under
    (r"9005: (i/o timeout|connect: connection refused)", "networkpolicy-blocks-agent-to-scheduler"),
    (r"9004: (i/o timeout|connect: connection refused)", "networkpolicy-blocks-controller-to-scheduler"),
    (r"stream to xds_cluster closed", "networkpolicy-blocks-envoy-to-scheduler"),
    (r"lookup seldon-scheduler", "networkpolicy-blocks-dns"),
    (r"There was nothing to transfer", "storage-uri-empty-or-missing"),
    (r"AccessDenied", "rclone-access-denied"),
    (r"directory not found", "rclone-bucket-not-found"),
    (r"remaining disk space", "k8s-disk-full"),
    (r'secrets \\?"', "storage-secret-not-found"),
    (r"no matching servers", "scheduler-capability-mismatch"),
    (r"enough suitable replicas", "scheduler-insufficient-memory"),
    (r"ImagePullBackOff", "k8s-image-pull-failed"),
    (r"exceeded quota", "k8s-resourcequota-blocks-pods"),
    (r"FailedScheduling", "k8s-pod-pending"),
    (r"OOMKilled", "k8s-oomkilled"),
    (r"unbound immediate", "scheduler-pvc-pending"),
    (r"directory lock", "scheduler-db-open-failed"),
    (r"is forbidden", "controller-k8s-rbac-forbidden"),
    (r"unknown authority", "controlplane-tls-mismatch"),
    (r"Sum of weights", "experiment-all-weights-zero"),
    (r"No module named", "mlserver-missing-python-module"),
    (r"InvalidModelURI", "mlserver-artifact-not-found"),
    (r"stopped unexpectedly", "mlserver-worker-killed"),
    (r"Connection refused \(after", "kafka-brokers-unreachable"),
    (r"SASL", "kafka-sasl-auth-failed"),
)
ERROR = re.compile(r"level=(error|fatal|warning)|\tERROR\t|\]\[(warning|error)\]| ERROR | WARNING |FAIL\||Warning")


def baselines(written: Written) -> dict[str, str | None]:
    """Return what three trivial analysers say: the earliest error, the most frequent error, the most hits of a literal."""
    rows = [row for _, text in sorted(written.files.items()) for row in text.split("\n")]
    errors = [row for row in rows if ERROR.search(row)]
    dated = sorted(
        errors,
        key=lambda row: (
            (re.search(r"20\d\d[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d", row) or re.match("", ""))
            .group()
            .replace("/", "-")
            .replace(" ", "T")
        ),
    )  # type: ignore[union-attr]
    frequent = Counter(re.sub(r"\d+", "0", row)[-160:] for row in errors).most_common(1)
    votes = Counter(name for row in rows for pattern, name in LITERALS if re.search(pattern, row))
    most = next((row for row in errors if frequent and re.sub(r"\d+", "0", row)[-160:] == frequent[0][0]), "")
    return {
        "earliest error": filed(dated[:1]),
        "most frequent error": filed([most]),
        "literal vote": votes.most_common(1)[0][0] if votes else None,
    }


def filed(rows: Iterable[str]) -> str | None:
    """Return the fault under which a line is filed."""
    return next((name for row in rows for pattern, name in LITERALS if re.search(pattern, row)), None)


# -- sums -------------------------------------------------------------------------------------------------------------


def wilson(good: int, n: int) -> tuple[float, float]:
    """Return the Wilson 95 % interval of a share."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.96, good / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def run(n: int, seed: int) -> Iterator[Result]:
    """Yield `n` results: six tenths with a fault, a quarter healthy, the rest blind; the seed orders the faults."""
    shares = (round(n * 0.6), round(n * 0.25))
    scenes = list(SCENES)
    faults = chance(f"order {seed}").sample(FAULTS, len(FAULTS))
    decidable = [f for f in faults if f.take and not f.lone]
    for i in range(shares[0]):
        yield of_fault(faults[i % len(faults)], i // len(faults), seed)[0]
    for i in range(shares[1]):
        yield of_scene(scenes[i % len(scenes)], i // len(scenes), seed)[0]
    for i in range(n - sum(shares)):
        yield of_fault(decidable[i % len(decidable)], 100 + i // len(decidable), seed, blind=True)[0]


def by_pattern(results: Iterable[Result]) -> dict[str, tuple[int, int]]:
    """Return for each pattern, by id, how often it was right, of how often it was named.

    A root is right where the fault is, a symptom where the world has it. What neither can tell is not counted.
    """
    from patterns.loader import read_library

    faults = {f.name: f for f in FAULTS}
    right: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for result in results:
        fault = faults.get(result.case.partition("/")[0])
        true = {*fault.roots, *fault.also, *fault.blind} if fault else set()
        judged = {*result.roots, *(name for name in result.named if name in CONSEQUENCES or name in true)}
        named.update(judged)
        right.update(judged & (true | set(result.true)))
    ids = {id.partition("/")[2]: id for id in read_library()[0].patterns}
    return {ids[name]: (right[name], named[name]) for name in sorted(named, key=lambda name: ids[name])}


def share(results: Iterable[Result], mark: str) -> tuple[int, int]:
    """Return for how many a mark holds, and for how many it was asked."""
    asked = [r.marks[mark] for r in results if mark in r.marks]
    return sum(asked), len(asked)


def sums(results: list[Result]) -> dict[str, tuple[int, int]]:
    """Return every measure as (good, of)."""
    faults = [r for r in results if r.kind == "fault" and "top1" in r.marks]
    made = {
        "top-1": share(faults, "top1"),
        "top-3": share(faults, "top3"),
        "verdict failure": share(faults, "verdict"),
        "root for symptom avoided": share(faults, "root for symptom"),
        "healthy stays healthy": share(results, "healthy"),
        "nothing lasts in the healthy": share(results, "nothing lasts"),
        "undetermined when blind": share(results, "undetermined"),
        "no wrong root when blind": share(results, "no wrong root"),
        "evidence precision": (sum(r.cited[0] for r in faults), sum(r.cited[1] for r in faults)),
        "evidence recall": (sum(r.found[0] for r in faults), sum(r.found[1] for r in faults)),
    }
    wanted = {f.name: set(f.roots) for f in FAULTS}
    for name in ("earliest error", "most frequent error", "literal vote"):
        made[f"top-1 of: {name}"] = (
            sum(r.baselines.get(name) in wanted[r.case.partition("/")[0]] for r in faults),
            len(faults),
        )
    return made
