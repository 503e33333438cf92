"""Measure the analyser's accuracy on simulated bundles.

    python -m benchmarks.accuracy --n 200 --seed 1 [--json FILE] [--store] [--only NAME] [--keep DIR]

The bundles are synthetic: written after the sources, the references and real samples, never after the patterns.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.accuracy import readiness, score
from benchmarks.accuracy.faults import FAULTS
from benchmarks.accuracy.healthy import SCENES

REVIEWS = 0.12  # reviews of installations with flaws, beside so many bundles


def main() -> int:
    """Print every bundle that came out wrong, then the tables."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=200, help="how many bundles")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every result and the sums here")
    parser.add_argument("--store", action="store_true", help="keep how often each pattern was right, for the reports")
    parser.add_argument("--only", help="a fault or a scene, with /NUMBER for one bundle; prints what is found")
    parser.add_argument("--blind", action="store_true", help="with --only: without the decisive sources")
    parser.add_argument("--keep", type=Path, help="with --only: write the bundle here")
    given = parser.parse_args()
    if given.only:
        return show(given)
    began = time.process_time()
    results = []
    for r in score.run(given.n, given.seed):
        results.append(r)
        bad = [mark for mark, good in r.marks.items() if not good]
        if bad:
            print(
                f"{r.kind:8}{r.case:24}{r.release:8}{r.layout:13}{r.verdict:13}{', '.join(r.roots) or r.note or '-'}   [{', '.join(bad)}]",
                flush=True,
            )
    made = score.sums(results)
    print(f"\n{'measure':36}{'good':>6}{'n':>6}   share    95 %")
    for name, (good, n) in made.items():
        low, high = score.wilson(good, n)
        print(f"{name:36}{good:6}{n:6}   {good / n if n else 0:6.1%}   {low:.1%} to {high:.1%}")
    print(f"\n{'family':12}{'top-1':>12}{'top-3':>12}")
    for family in dict.fromkeys(f.family for f in FAULTS):
        rows = [r for r in results if r.family == family and r.kind == "fault"]
        cells = [score.share(rows, mark) for mark in ("top1", "top3")]
        print(f"{family:12}" + "".join(f"{f'{g} of {n}':>12}" for g, n in cells))
    reviews = list(readiness.run(round(given.n * REVIEWS), given.seed))
    checks = readiness.by_check(reviews)
    for review in reviews:
        missed = review.true - review.failed - review.unknown
        if missed or review.failed - review.true or review.wrong_roots:
            told = f"missed {sorted(missed)}, wrong {sorted(review.failed - review.true)}, roots {review.wrong_roots}"
            print(f"review  {review.case:24}{review.release:8}{review.layout:13}{told}", flush=True)
    right, failed, true = (sum(row[i] for row in checks.values()) for i in range(3))
    print(f"\nreadiness: {right} of {failed} checks that failed had to, of {true}; {len(checks)} checks asked")
    print(f"\nseed {given.seed}, {time.process_time() - began:.0f} s of processor time; synthetic bundles")
    if given.json:
        given.json.write_text(
            json.dumps({"seed": given.seed, "sums": made, "results": [asdict(r) for r in results]}, indent=1)
        )
    if given.store:
        kept = dict(
            sorted({**score.by_pattern(results), **{id: row[:2] for id, row in checks.items() if row[1]}}.items())
        )
        rows = [f'  "{name}": [{right}, {named}]' for name, (right, named) in kept.items()]
        told = f'{{\n "bundles": {given.n},\n "seed": {given.seed},\n "patterns": {{\n' + ",\n".join(rows) + "\n }\n}\n"
        Path("patterns/measured.json").write_text(told)
    return 0


def show(given: argparse.Namespace) -> int:
    """Print what is found in one bundle."""
    name, _, number = given.only.partition("/")
    if name in SCENES:
        made, written, doc = score.of_scene(name, int(number or 0), given.seed)
    else:
        fault = next(f for f in FAULTS if f.name == name)
        made, written, doc = score.of_fault(fault, int(number or 0), given.seed, given.blind)
    if made.note:
        for place in made.note.split():
            member, _, line = place.rpartition(":")
            if line.isdecimal():
                print("   stray", place, written.files[member].split("\n")[int(line) - 1][:200])
    if given.keep:
        written.save(given.keep)
    print(made)
    for f in doc["findings"]:
        print(
            f"{f['role']:12} {f['certainty']:9} {f['at_end']:8} {f['severity']:9} {f['pattern']} {f['subject']} by {f['explained_by']}"
        )
        for e in f["evidence"]:
            for c in e["cites"][:2]:
                print(f"      {e['name']} {e['state']} {c['member']}:{c['lines']} {c['text'][:150]!r}")
    for c in doc["candidates"]:
        print("   candidate", c["symptom"], c["pattern"], c["state"], c["because"][:120])
    return 0


if __name__ == "__main__":
    sys.exit(main())
