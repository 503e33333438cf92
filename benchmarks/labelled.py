"""Run the analyser over a folder of labelled cases, and say how often it is right.

    python -m benchmarks.labelled DIR [--json FILE] [--case NAME]

A case is any folder with an `expected.yaml`; the analyser is given everything in it but that and `NOTES.md`.
"""

import argparse
import gzip
import io
import json
import re
import shutil
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

LABELS = ("NOTES.md", "expected.yaml")
HEALTHY = ("healthy", "insufficient", "unrecognised")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Score:
    """How one case came out."""

    case: str
    verdict: str
    first: str | None
    roots: list[str]
    found: list[str]
    faults: list[str] = field(default_factory=list)
    marks: dict[str, bool] = field(default_factory=dict)
    seconds: float = 0.0


def cases(folder: Path) -> list[Path]:
    """Return the folders that hold a label, sorted."""
    return sorted(path.parent for path in folder.rglob("expected.yaml"))


def analysed(case: Path) -> tuple[dict[str, Any], Path, tempfile.TemporaryDirectory[str]]:
    """Return the document of a case, and the unlabelled copy it was made from."""
    from forensics.analysis import analyse, read
    from forensics.bundle import open_bundle
    from patterns.loader import read_library

    scratch = tempfile.TemporaryDirectory()
    copy = Path(scratch.name) / "case"
    shutil.copytree(case, copy, ignore=shutil.ignore_patterns(*LABELS))
    return analyse(read(open_bundle([copy])), read_library()[0]), copy, scratch


def score(case: Path, name: str) -> Score:
    """Return how the analyser does on a case."""
    label = yaml.safe_load((case / "expected.yaml").read_text())
    began = time.process_time()
    document, copy, scratch = analysed(case)
    seconds = time.process_time() - began
    open_ones = [f for f in document["findings"] if f["at_end"] != "ended"]
    roots = [f for f in open_ones if f["role"] == "root"]
    deciding = [f for f in roots if f["severity"] in ("medium", "high", "critical")]
    short = [f["pattern"].partition("/")[2] for f in deciding]
    made = Score(
        name,
        document["verdict"],
        short[0] if short else None,
        short,
        [f["pattern"].partition("/")[2] for f in open_ones],
    )
    made.seconds = seconds
    right = set(label.get("root_causes") or ())
    also = set(label.get("acceptable_also") or ())
    symptoms = set(label.get("symptoms") or ())
    undecidable = bool(label.get("undecidable"))
    verdicts = label.get("verdicts")
    marks = made.marks
    if right:
        ok_verdicts = verdicts or ["failure"]
        marks["verdict"] = document["verdict"] in ok_verdicts
        if document["verdict"] == "failure" or "undetermined" not in ok_verdicts:
            marks["top1"] = bool(short) and short[0] in right
            marks["top3"] = any(s in right for s in short[:3])
        else:
            marks["top1"] = marks["top3"] = not short or short[0] in right | also
    elif undecidable:
        ok_verdicts = verdicts or ["undetermined"]
        marks["undetermined"] = document["verdict"] in ok_verdicts or (
            document["verdict"] == "failure" and bool(short) and short[0] in also
        )
    else:
        marks["healthy"] = (
            document["verdict"] in HEALTHY
            or (document["verdict"] == "failure" and bool(short) and all(s in also for s in short))
            or (
                document["verdict"] == "undetermined"
                and all(
                    f["pattern"].partition("/")[2] in also | symptoms
                    for f in open_ones
                    if f["severity"] in ("medium", "high", "critical")
                )
            )
        )
    marks["must_not"] = not set(short) & set(label.get("must_not") or ())
    marks["no symptom first"] = not (short and short[0] in symptoms - right - also)
    strange = [s for s in short if s not in right | also | symptoms]
    if strange:
        made.faults.append(f"unexpected roots: {', '.join(strange)}")
    marks["citations"] = not untrue(document, copy, made.faults)
    for wanted in label.get("evidence") or ():
        if not cited(document, wanted):
            made.faults.append(f"not cited: {wanted['file']}: {wanted['contains'][:60]}")
    missed = sorted(symptoms - set(made.found))
    if missed:
        made.faults.append(f"symptoms not found: {', '.join(missed)}")
    made.faults.extend(f"mark failed: {mark}" for mark, good in marks.items() if not good)
    made.faults.extend(document.get("failures") or ())
    scratch.cleanup()
    return made


def untrue(document: dict[str, Any], folder: Path, faults: list[str]) -> bool:
    """Whether a citation does not hold; compared with the bytes of the file, by code of its own."""
    from forensics.intake.masking import mask

    wrong = False
    for finding in document["findings"]:
        for piece in finding["evidence"]:
            for cite in piece["cites"]:
                data = bytes_of(folder, cite["member"])
                if data is None:
                    faults.append(f"{finding['pattern']}: cites {cite['member']}, which is not there")
                    wrong = True
                    continue
                lines = COLOUR.sub("", data.decode("utf-8", "replace")).split("\n")
                first, last = cite["lines"]
                there = mask("\n".join(line.rstrip("\r") for line in lines[first - 1 : last]))
                if not all(part in there for part in cite["text"].split("\n")):
                    faults.append(f"{finding['pattern']}: {cite['member']}:{first} does not say so")
                    wrong = True
    return wrong


def bytes_of(folder: Path, member: str) -> bytes | None:
    """Return what a member holds, read by the standard library; None where it is not there."""
    first, *inner = member.split("!")
    path = folder / first
    if not path.is_file():
        return None
    data = path.read_bytes()
    for name in inner:
        try:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                found = archive.extractfile(name)
                data = found.read() if found else b""
        except tarfile.ReadError:
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                data = packed.read(name)
        except KeyError:
            return None
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def cited(document: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Whether a finding cites a line that holds the text."""
    return any(
        cite["member"].endswith(wanted["file"]) and wanted["contains"] in cite["text"]
        for finding in document["findings"]
        for piece in finding["evidence"]
        for cite in piece["cites"]
    )


def main() -> int:
    """Print a line a case, what was wrong with it, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="write the scores here")
    parser.add_argument("--case", help="only cases whose name holds this")
    parser.add_argument("--quiet", action="store_true", help="only cases with faults")
    given = parser.parse_args()
    scores: list[Score] = []
    for case in cases(given.folder):
        name = str(case.relative_to(given.folder))
        if given.case and given.case not in name:
            continue
        made = score(case, name)
        scores.append(made)
        good = all(made.marks.values())
        if good and given.quiet:
            continue
        print(
            f"{'ok  ' if good else 'BAD '} {name:44} {made.verdict:13} "
            f"{', '.join(made.roots) or '-'}  ({made.seconds:.1f} s)"
        )
        for fault in made.faults:
            print(f"       {fault}")
    sums: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for made in scores:
        for mark, good in made.marks.items():
            totals[mark] += 1
            sums[mark] += good
    print()
    for mark in sorted(totals):
        print(f"{mark:18} {sums[mark]:4} of {totals[mark]:4}  {sums[mark] / totals[mark]:.1%}")
    if given.json:
        given.json.write_text(json.dumps([vars(made) for made in scores], indent=2))
    return 0 if all(all(made.marks.values()) for made in scores) else 1


if __name__ == "__main__":
    sys.exit(main())
