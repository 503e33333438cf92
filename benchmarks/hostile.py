"""Give every hostile and broken input there is to the tool, and say what came of it.

    python benchmarks/hostile.py [--seconds 60] [--only NAME] [--budget 7200] [--reading] [--part 1/1] [--times]
        [--large] [--after NAME]

Each input goes to the whole command, with every form of output, where it works, else to the half that reads: large ones
to a process of their own, small ones a dozen to a process. Printed are inputs tried, crashes (also of a single parser,
and lines that nothing accounts for), hangs, escapes (files made or changed outside, read through a link, or control
characters in an output), secrets leaked into what was printed, peak memory and the longest time. Times are the
processor's, so that a busy machine makes no hang; an input that waits for what never comes is one as well. Exits 1
unless the four counts are 0.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.hostile_archives import OUTSIDE, SECRET, files, folders  # noqa: E402 - run as a script as well
from benchmarks.hostile_large import large  # noqa: E402
from benchmarks.hostile_shapes import shapes  # noqa: E402
from benchmarks.hostile_texts import texts  # noqa: E402
from parsers.giants import LONGEST_DOCUMENT  # noqa: E402

BEYOND = 600  # MiB, whatever an input is or claims
A_START = 250  # MiB of a command that reads nothing
A_BYTE = 2.5  # bytes for each one of text that was understood, where all of it is kept
STILL = 600.0  # seconds without any work after which an input waits for something


_READ = """
import sys
from forensics.bundle import open_bundle
from parsers.decoding import decode
from parsers.layout import origin_of
from parsers.segments import segments
from parsers.wrappers import unwrap
for member in open_bundle([sys.argv[1]]).members():
    print(member.name, member.status, member.reason)
    if member.data is not None:
        frame, why = decode(member.data)
        if frame is not None:
            for artefact in unwrap(member.name, frame, origin_of(member.name)).artefacts:
                segments(artefact)
"""


# The whole command, for one input after the other: most of its time goes into its start.
_ONE_BY_ONE = """
import json, os, resource, sys, time, traceback
from forensics import cli
from patterns import loader
library = loader.load_library()
loader.load_library = lambda extra=(): library
forms = sys.argv[1].split()
for path in sys.argv[2:]:
    out, _, path = path.partition("|")
    os.chdir(out)
    printed = os.open("../said-" + os.path.basename(out), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(printed, 1), os.dup2(printed, 2)
    sys.argv = ["seldon-forensics", "analyse", "--no-cache", path, *(part for form in forms for part in ("-o", form))]
    begun, status = time.process_time(), 0
    try:
        cli.main()
    except SystemExit as error:
        status = error.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush(), sys.stderr.flush()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open("../came-" + os.path.basename(out), "w") as told:
        json.dump([int(status), time.process_time() - begun, peak], told)
"""
TOGETHER = 12  # inputs one process takes
SMALL = 3_000_000  # bytes of an input that is taken together with others


# Every form; the files are written where the command runs.
FORMS = (
    "json:out.json",
    "html:out.html",
    "md:out.md",
    "sarif:out.sarif",
    "xml:out.xml",
    "txt:out.txt",
    "parquet:out.parquet",
)
WHOLE = [sys.executable, "-m", "forensics", "analyse"]


def command(path: Path, whole: bool) -> list[str]:
    """Return how one input is given to the tool: to the whole command, or to the half that reads."""
    if not whole:
        return [sys.executable, "-c", _READ, str(path)]
    return [*WHOLE, "--no-cache", str(path), *(part for form in FORMS for part in ("-o", form))]


def works(path: Path, environment: dict[str, str]) -> bool:
    """Whether the whole command can be run at all."""
    said = subprocess.run(
        [*WHOLE, str(path), "-o", "json:-"], capture_output=True, env=environment, check=False, timeout=120
    )
    return said.returncode in (0, 3)


def _snapshot(base: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of everything an input could reach: its neighbours, and the places its names point to."""
    aims = (Path("/tmp/hostile-escaped"), Path("/etc/cron.d/x"), ROOT / "d.log", Path("/e.log"))  # noqa: S108
    paths = [*base.iterdir(), *(base.parent / "outside").glob("*"), *(path for path in aims if path.exists())]
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths}


def main() -> int:
    """Try every input and print what came of it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--seconds", type=float, default=60.0, help="longest work an input may make")
    options.add_argument("--only", default="", help="inputs whose name holds this")
    options.add_argument("--budget", type=float, default=7200.0, help="seconds after which no input is begun")
    options.add_argument("--reading", action="store_true", help="only the half that reads")
    options.add_argument("--part", default="1/1", help="every so-manieth input, from which on: 2/3")
    options.add_argument("--after", default="", help="the input to go on behind, where a run was ended")
    options.add_argument("--large", action="store_true", help="exports and dumps of 90 to 300 MiB as well")
    options.add_argument("--times", action="store_true", help="print work and memory of each input")
    chosen = options.parse_args()
    counts = dict.fromkeys(("crash", "hang", "escape", "leak", "memory"), 0)
    tried, left, longest, peak, slowest, largest = 0, 0, 0.0, 0, "", ""
    with tempfile.TemporaryDirectory(prefix="seldon-hostile.") as made:
        base = Path(made)
        inputs = base / "inputs"
        inputs.mkdir()
        # In a process of its own: what a parent holds would count as its children's peak.
        making = multiprocessing.get_context("fork").Process(target=_make, args=(inputs, chosen.only, chosen.large))
        making.start()
        making.join()
        paths = [*sorted(inputs.iterdir()), *folders(base)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "2"}
        whole = not chosen.reading and works(inputs / "plain.log", environment)
        if not whole and not chosen.reading:
            print("the whole command does not work here: only the half that reads is tried")
        begun = time.monotonic()
        first, step = map(int, chosen.part.split("/"))
        names = [path.name for path in paths]
        begin = names.index(chosen.after) + 1 if chosen.after else 0
        waiting = [path for path in paths[begin:] if chosen.only in path.name][first - 1 :: step]
        known: dict[Path, tuple[Path, Came]] = {}
        for path in list(waiting):
            if time.monotonic() - begun > chosen.budget:
                left += 1
                continue
            tried += 1
            before = _snapshot(inputs)
            if path in known:
                out, came = known.pop(path)
            else:
                together = [] if not whole else [one for one in waiting if one.is_file() and one.stat().st_size < SMALL]
                known = _run_together(
                    together[:TOGETHER] if path in together else [], base, environment, chosen.seconds
                )
                out, came = known.pop(path, (base / "out", None))
            waiting.remove(path)
            if came is None:  # large, a folder, or one that ended a process it shared with others
                shutil.rmtree(out, ignore_errors=True)
                out.mkdir()
                seconds = max(
                    chosen.seconds, (path.stat().st_size >> 20) * 1.0 if path.name.startswith("large-") else 0
                )
                came = _run(path, out, base / "said", whole, environment, seconds)
            wrong = list(_wrong(path, came, out, whole))
            if _snapshot(inputs) != before:
                wrong.append(("escape", "something outside was made or changed"))
            for kind, what in wrong:
                counts[kind] += 1
                print(f"{kind}: {path.name}: {what}", flush=True)
            if chosen.times:
                print(f"{path.name}: {came.work:.1f} s, {came.memory >> 10} MiB", flush=True)
            if came.work > longest:
                longest, slowest = came.work, path.name
            if came.memory > peak:
                peak, largest = came.memory, path.name
        for path in sorted(base.rglob("shut.log")):
            path.chmod(0o600)
    print(
        f"{'analyse' if whole else 'reading alone'}: inputs tried {tried}, crashes {counts['crash']}, "
        f"hangs {counts['hang']}, escapes {counts['escape']}, secrets leaked {counts['leak']}, "
        f"over their memory {counts['memory']}, "
        f"peak memory {peak >> 10} MiB ({largest}), longest time {longest:.1f} s ({slowest})"
        + (f"; {left} inputs were not tried" if left else "")
    )
    return 1 if any(counts.values()) or left else 0


def _make(inputs: Path, only: str, also_large: bool) -> None:
    for name, data in chain(files(), texts(), shapes()):
        if only in name or name == "plain.log":
            (inputs / name).write_bytes(data)
    for name, write in large() if also_large else ():
        if only in name:
            write(inputs / name)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one input: exit status, what was printed, seconds of work, peak memory in KiB, whether it hung."""

    status: int
    said: bytes
    work: float
    memory: int
    hung: bool


def _run(path: Path, out: Path, said: Path, whole: bool, environment: dict[str, str], limit: float) -> Came:
    with said.open("w+b") as printed:
        child = subprocess.Popen(
            command(path, whole),
            stdout=printed,
            stderr=printed,
            stdin=subprocess.DEVNULL,
            cwd=out,
            env=environment,
            preexec_fn=lambda: _limited(limit),
        )
        begun, hung = time.monotonic(), False
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - begun > STILL + 20 * limit:
                hung = True
                child.kill()
            time.sleep(0.02)
        child.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        work = usage.ru_utime + usage.ru_stime
        return Came(child.returncode, printed.read(), work, usage.ru_maxrss, hung or work >= limit)


def _run_together(
    paths: list[Path], base: Path, environment: dict[str, str], limit: float
) -> dict[Path, tuple[Path, Came]]:
    """Return what came of inputs that one process took one after the other; those it did not come to are missing."""
    outs = {}
    for number, path in enumerate(paths):
        outs[path] = base / f"out-{number}"
        shutil.rmtree(outs[path], ignore_errors=True)
        outs[path].mkdir()
        (base / f"came-out-{number}").unlink(missing_ok=True)
    if not outs:
        return {}
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-c", _ONE_BY_ONE, " ".join(FORMS), *(f"{out}|{path}" for path, out in outs.items())],
            env=environment,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=STILL + 20 * limit,
            preexec_fn=lambda: _limited(limit * len(outs)),
        )
    came = {}
    for path, out in outs.items():
        if (told := base / f"came-{out.name}").exists():
            status, work, memory = json.loads(told.read_text())
            came[path] = (out, Came(status, (base / f"said-{out.name}").read_bytes(), work, memory, work >= limit))
    return came


def _limited(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))


_CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]")


def _wrong(path: Path, came: Came, out: Path, whole: bool) -> Iterator[tuple[str, str]]:
    """Yield what must not come of any input."""
    if came.hung:
        yield "hang", f"{came.work:.0f} s of work"
        return
    if came.status not in (0, 3) or b"Traceback (most recent call last)" in came.said:
        yield "crash", f"exit {came.status}: {came.said[-600:].decode('utf-8', 'replace')}"
        return
    texts = {"what was printed": came.said} | {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    frames = {path.name for path in out.glob("*/*.parquet")}  # for programs: they hold what was read as it is
    for name, text in chain(texts.items(), _frames(out)):
        if OUTSIDE.encode() in text:
            yield "escape", f"what only a followed link shows is in {name}"
        if whole and name not in frames and (found := _CONTROLS.search(text)):
            yield "escape", f"{name} holds {found[0]!r}"
        if SECRET.encode() in text:
            yield "leak", name
    if whole:
        yield from (("crash", what) for what in _unsound(out / "out.json", came.status))
        understood = _understood(path, out)
        if came.memory >> 10 > (most := BEYOND + A_START + A_BYTE * understood / (1 << 20)):
            yield "memory", f"{came.memory >> 10} MiB for {understood >> 20} MiB understood: at most {most:.0f}"


def _frames(out: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and some rows of each frame: what this process holds at once counts as its children's peak."""
    import polars as pl

    for path in sorted(out.glob("*/*.parquet")):
        for rows in pl.read_parquet(path, memory_map=True).iter_slices(5000):
            yield path.name, rows.write_ndjson().encode()


def _understood(path: Path, out: Path) -> int:
    """Return how many bytes of text were understood: of one file its lines, of an archive what became rows."""
    import polars as pl

    members = json.loads((out / "out.json").read_bytes())["coverage"]["members"] if (out / "out.json").exists() else []
    if len(members) == 1 and path.is_file() and path.suffix in _PLAIN and members[0]["lines"]:
        lines = members[0]["lines"]
        return min(path.stat().st_size, lines * LONGEST_DOCUMENT) * (lines - members[0]["rejects"]) // lines
    total = 0
    for each in sorted(out.glob("*/*.parquet")):
        frame = pl.scan_parquet(each)
        held = [name for name in ("text", "raw") if name in frame.collect_schema().names()]
        total += sum(frame.select(pl.col(held).str.len_bytes().cast(pl.Int64).sum()).collect().row(0)) if held else 0
    return total


_PLAIN = (".csv", ".json", ".jsonl", ".log", ".txt", ".yaml")


def _unsound(path: Path, status: int) -> Iterator[str]:
    """Yield what a report does not account for."""
    if not path.exists():
        if status != 3:
            yield "there is no report"
        return
    members = json.loads(path.read_bytes())["coverage"]["members"]
    if not members:
        yield "no member is told of"
    for member in members:
        counted = sum(member[kind] for kind in ("events", "continuations", "facts", "ignored", "rejects"))
        if counted != member["lines"]:
            yield f"{counted} of {member['lines']} lines of {member['member']} are accounted for"
        if not member["reason"] and (member["status"] != "read" or member["kind"] is None):
            yield f"{member['member']} is {member['status']} without a word"


if __name__ == "__main__":
    sys.exit(main())
