"""Ask the whole library about every example of every pattern: who else speaks up, and as what?

    python -m benchmarks.families [--only TEXT] [--part 0/2] [--json FILE]
    python -m benchmarks.families --among-healthy 80 [--seed 1] [--only TEXT] [--json FILE]

A pattern is tested alone by its own examples. Here its `present` examples are read as bundles: the pattern has to be
found, and no other may decide the verdict but its declared causes. Its near misses belong to a neighbour: nothing of
the pattern itself, and nothing that has no business there. With `--among-healthy`, the lines of an example stand in
the logs of a sound installation.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.analysis import Case, outcomes_of
from forensics.authoring.examples import case_of
from forensics.causality import ROOT, Causes, Ranked, decides, root_causes
from forensics.selection import asked
from patterns.loader import read_library
from patterns.pattern import Example, Library, Pattern

# Two views of one fault, of which neither brings about the other.
TWINS = frozenset({("mlserver/mlserver-broken-sibling-model-settings", "mlserver/mlserver-model-settings-invalid")})


@dataclass(slots=True)
class Seen:
    """What the whole library says of one example."""

    pattern: str
    example: str
    expect: str
    role: str | None  # of the pattern itself, None when it was not found
    certainty: str | None
    over: bool
    roots: list[str]  # what decides the verdict
    unexpected: list[str]  # of these, neither the pattern nor a declared cause of it
    others: list[str]  # everything else that lasts


def ranked_of(case: Case, library: Library) -> list[Ranked]:
    """Return all findings of a case with their roles.

    Whether anything of Seldon's is in the bundle is not asked: an example may be a single object.
    """
    return root_causes(asked(outcomes_of(case, library)), library, case.topology.link)[0]


def deciding(ranked: list[Ranked]) -> list[str]:
    """Return the patterns that make the verdict a failure, by rank."""
    return list(
        dict.fromkeys(r.finding.pattern.id for r in ranked if r.role == ROOT and decides(r.finding, r.certainty))
    )


def ancestors(library: Library) -> dict[str, set[str]]:
    """Return of each pattern everything that may bring it about, directly or by others."""
    direct = Causes(library).causes
    found: dict[str, set[str]] = {}

    def climb(name: str) -> set[str]:
        if name not in found:
            found[name] = set()
            found[name] = {up for cause in direct.get(name, ()) for up in (cause, *climb(cause))}
        return found[name]

    for name in library.patterns:
        climb(name)
    return found


def seen_in(pattern: Pattern, example: Example, ranked: list[Ranked], above: Mapping[str, set[str]]) -> Seen:
    """Return how an example of `pattern` came out."""
    own = [r for r in ranked if r.finding.pattern.id == pattern.id]
    head = next((r for r in own if not r.finding.over), own[0] if own else None)
    roots = deciding(ranked)
    known = {pattern.id, *above[pattern.id]}
    return Seen(
        pattern.id,
        example.name,
        example.expect,
        head.role if head else None,
        head.certainty if head else None,
        head.finding.over if head else False,
        roots,
        [name for name in roots if name not in known and (pattern.id, name) not in TWINS],
        sorted({r.finding.pattern.id for r in ranked if not r.finding.over} - {pattern.id, *roots}),
    )


def sweep(library: Library, only: str = "", part: tuple[int, int] = (0, 1)) -> Iterator[Seen]:
    """Yield what comes of every present and absent example of the patterns whose id holds `only`."""
    above = ancestors(library)
    chosen = [p for p in library.patterns.values() if not p.check and only in p.id]
    for pattern in chosen[part[0] :: part[1]]:
        for example in pattern.examples:
            if example.expect != "unknown":
                case = case_of(example.files, example.coverage == "whole")
                yield seen_in(pattern, example, ranked_of(case, library), above)


def wrong(seen: Seen, library: Library) -> str | None:
    """Return what is wrong with what was seen; None if nothing is."""
    pattern = library.patterns[seen.pattern]
    if seen.expect == "absent":
        sure = seen.certainty not in (None, "possible")
        return f"found in its near miss, as {seen.role}" if sure and not seen.over else None
    if seen.role is None:
        return "not found"
    if seen.over:
        return "found, but over"
    if seen.unexpected and seen.certainty != "possible":  # it does not decide, so another may
        return f"beside it (as {seen.role}): {', '.join(seen.unexpected)}"
    weak = seen.certainty == "possible" and any(piece.weak for piece in pattern.evidence.values())
    grave = pattern.role == "cause" and pattern.severity in ("medium", "high", "critical")
    return "no root decides" if grave and pattern.status == "stable" and not weak and not seen.roots else None


def main() -> int:
    """Print every example that came out wrong, then who turns up where it is not expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="patterns whose id holds this")
    parser.add_argument("--part", default="0/1", help="every n-th pattern, from the i-th: i/n")
    parser.add_argument(
        "--among-healthy", type=int, metavar="N", help="in the logs of a sound installation, N patterns"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write everything seen here, a line each")
    given = parser.parse_args()
    library = read_library()[0]
    i, _, n = given.part.partition("/")
    if given.among_healthy:
        from benchmarks.among_healthy import sweep as inserted

        return inserted(library, given.among_healthy, given.seed, given.only, (int(i), int(n)))
    offenders: Counter[str] = Counter()
    where: dict[str, list[str]] = defaultdict(list)
    misses: Counter[str] = Counter()
    bad = total = 0
    out = given.json.open("w") if given.json else None
    for seen in sweep(library, given.only, (int(i), int(n))):
        total += 1
        if out:
            out.write(json.dumps(asdict(seen)) + "\n")
            out.flush()
        fault = wrong(seen, library)
        if fault:
            bad += 1
            print(f"{seen.pattern} | {seen.example}\n    {fault}", flush=True)
        (offenders if seen.expect == "present" else misses).update(seen.unexpected)
        for name in seen.unexpected:
            where[name].append(f"{seen.pattern} ({seen.expect})")
    if out:
        out.close()
    print(f"\n{total} examples, {bad} wrong\n\nunexpected roots: in others' examples, in near misses")
    for name, count in (offenders + Counter(dict.fromkeys(misses, 0)) + misses).most_common():
        print(f"{offenders[name]:4}{misses[name]:5}  {name}: {', '.join(where[name][:6])}  ({count})")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
