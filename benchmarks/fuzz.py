"""Spoil the sample bundles in every way that comes to mind, and see that reading and analysing them never fails.

    python benchmarks/fuzz.py [--seconds 7200] [--start 0] [--limit 30] [--only NUMBER] [--keep FOLDER]

Case N is always the same: it takes a sample bundle, leaves out members, spoils bytes, lines, values or whole members,
or (every other one) puts wrong things into its objects, dumps and metrics, packs it and gives it to `read` and
`analyse` in a process that is watched. Wrong are: anything raised, a parser of ours
that failed, a document that is not sound, lines not accounted for, and a case that takes more than `--limit` seconds of
the processor's time: a busy machine makes no hang. Exits 1 if anything was wrong; what was found so far is also told
when it is interrupted or ended.
"""

import argparse
import gzip
import io
import multiprocessing
import os
import random
import re
import resource
import signal
import sys
import tarfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import misshapen  # noqa: E402 - run as a script as well

Files = dict[str, bytes]
MOST_LINES = 1500  # of one member: more make a case slow, not different
MOST_BYTES = 300_000  # of a document that is loaded to be spoilt
STILL = 900.0  # seconds without any work after which a process waits for something that never comes
NASTY = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x1b[31m", b"\x9b", b"\\", b'"', b"'", b"{", b"}", b"[", b"]",
    b"---", b"...", b"&a *a", b"null", b"-1", b"9" * 25, b"1e999", b"NaN", b"0x10", b"true", b"[]", b"{}", b"\t",
    b"\xf0\x9f\x92\xa5", b"\xed\xa0\x80", b"\\ud800", b"2025-02-30T25:61:61Z", b"0001-01-01T00:00:00Z",
    b"9999-12-31T23:59:59.999999999Z", b"1970-01-01T00:00:00Z", b"$(x)", b"%s%n", b"[red]", b"<script>", b"=cmd()",
    b"time=", b"level=", b"msg=", b" stdout F ", b" stderr P ", b"==> x <==", b"==== START logs for container ",
    b'{"log":"', b"Traceback (most recent call last):", b"panic: ", b"goroutine 1 [running]:", b"NAME   READY   AGE",
    b"apiVersion: v1", b"kind: List", b"items:", b"# TYPE x counter", b"Events:", b"<none>",
)  # fmt: skip


def contents(path: Path) -> Files:
    """Return the members of a sample bundle."""
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}
    raw = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    if ".tar" in path.name:
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            found = ((m.name, tar.extractfile(m)) for m in tar.getmembers() if m.isfile())
            return {name: stream.read() for name, stream in found if stream is not None}
    return {path.stem: gzip.decompress(raw)}


def corpus() -> list[Files]:
    """Return the bundles the cases are made of."""
    bundles = [contents(path) for path in sorted((ROOT / "sample_bundles").glob("*/bundle*"))]
    for folder in ("tests/data/envoy", "tests/data/rollout", "tests/data/review/unsound", "tests/data/reading"):
        files = {str(p.relative_to(ROOT / folder)): p.read_bytes() for p in sorted((ROOT / folder).rglob("*.*"))}
        if files:
            bundles.append(files)
    return bundles


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of the members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("\0", "_") or "_")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


# ---- spoiling one text


def _bytes(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 3, 30, 300))):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(4):
            case 0 if at < len(out):
                out[at] = chance.randrange(256)
            case 1:
                out[at:at] = chance.choice(NASTY)
            case 2:
                del out[at : at + chance.choice((1, 2, 10, 200))]
            case _:
                out[at:at] = out[chance.randrange(len(out) + 1) :][: chance.choice((1, 8, 100))]
    return bytes(out)


def _lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(chance.choice((1, 3, 20))):
        at = chance.randrange(len(lines))
        match chance.randrange(9):
            case 0:
                del lines[at : at + chance.choice((1, 1, 5, 50))]
            case 1:
                lines[at:at] = lines[at : at + chance.choice((1, 5, 50))] * chance.choice((1, 3))
            case 2:
                other = chance.randrange(len(lines)) if lines else 0
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
            case 4:
                lines[at] = b" " * chance.choice((1, 2, 7)) + lines[at]
            case 5:
                lines[at] = lines[at].lstrip()
            case 6:
                lines[at : at + 2] = [b"".join(lines[at : at + 2])]
            case 7:
                lines[at:at] = [chance.choice(NASTY)]
            case _:
                part = lines[at : at + 60]
                chance.shuffle(part)
                lines[at : at + 60] = part
        lines = lines or [b""]
    return b"\n".join(lines)


_VALUE = re.compile(rb"(?<=[:= \"])[\w./:+-]+|\d+")


def _values(data: bytes, chance: random.Random) -> bytes:
    found = list(_VALUE.finditer(data))
    if not found:
        return data
    for match in sorted(chance.sample(found, min(len(found), chance.choice((1, 4, 40)))), key=lambda m: -m.start()):
        new = chance.choice((*NASTY, chance.choice(found)[0], b"x" * chance.choice((10, 5000))))
        data = data[: match.start()] + new + data[match.end() :]
    return data


def _form(data: bytes, chance: random.Random) -> bytes:
    match chance.randrange(9):
        case 0:
            return data.replace(b"\n", b"\r\n")
        case 1:
            return b"\xff\xfe" + data.decode("utf-8", "replace").encode("utf-16-le", "replace")
        case 2:
            return data[: chance.randrange(len(data) + 1)]
        case 3:
            return data[chance.randrange(len(data) + 1) :]
        case 4:
            return b"\n".join(b"2025-03-04T10:15:30.%09dZ stdout F " % i + x for i, x in enumerate(data.split(b"\n")))
        case 5:
            return b"\n".join(b"[pod/a-0/b] " + x for x in data.split(b"\n"))
        case 6:
            return data.replace(b"\n", b"\\n")
        case 7:
            return data.replace(b"  ", b"\t")
        case _:
            return b"\n".join(reversed(data.split(b"\n")))


_TEXTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (_bytes, _lines, _lines, _values, _values, _form)


# ---- spoiling a bundle


def spoilt(number: int, bundles: list[Files]) -> tuple[bytes, str]:
    """Return the archive of case `number`, and in a few words what was done."""
    chance = random.Random(number)  # noqa: S311 - the same cases every time
    if number % 2:
        return _wrong_parts(chance, bundles)
    bundle = chance.choice(bundles)
    names = chance.sample(sorted(bundle), min(len(bundle), chance.choice((1, 2, 4, 8, 40))))
    files = {name: _cut(bundle[name], chance) for name in sorted(names)}
    done = []
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        name = chance.choice(sorted(files))
        spoil = chance.choice(_TEXTS)
        files[name] = spoil(files[name], chance)
        done.append(f"{spoil.__name__} {name}")
    done.extend(_members(files, chance, bundles) for _ in range(chance.choice((0, 0, 1, 2))))
    data = packed(files)
    match chance.randrange(12):
        case 0:
            data = gzip.compress(data, 1, mtime=0)
            data = data[: chance.randrange(len(data))]
            done.append("cut archive")
        case 1:
            data = _bytes(gzip.compress(data, 1, mtime=0), chance)
            done.append("spoilt gzip")
        case 2:
            data = _bytes(data, chance)
            done.append("spoilt tar")
    return data, ", ".join(done)


def _wrong_parts(chance: random.Random, bundles: list[Files]) -> tuple[bytes, str]:
    files: Files = {}
    for number in range(chance.choice((1, 3, 8, 20))):
        bundle = chance.choice(bundles)
        name = chance.choice(sorted(bundle))
        spoilt_document = misshapen.document(bundle[name], chance) if len(bundle[name]) < MOST_BYTES else None
        data = _cut(misshapen.numbers(bundle[name], chance), chance) if spoilt_document is None else spoilt_document
        files[f"{number}/{name}" if chance.randrange(2) else f"{number}.txt"] = data
    return packed(files), "wrong parts in " + ", ".join(sorted(files))


def _cut(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    if len(lines) <= MOST_LINES:
        return data
    at = chance.choice((0, chance.randrange(len(lines) - MOST_LINES)))
    return b"\n".join(lines[at : at + MOST_LINES])


def _members(files: Files, chance: random.Random, bundles: list[Files]) -> str:
    name = chance.choice(sorted(files))
    match chance.randrange(6):
        case 0:
            files[f"copy/{name}"] = files[name]
            return f"copied {name}"
        case 1:
            files[f"{chance.randrange(1000)}.txt"] = files.pop(name)
            return f"renamed {name}"
        case 2:
            other = chance.choice(sorted(files))
            files[name], files[other] = files[other], files[name]
            return f"swapped {name} and {other}"
        case 3:
            other = chance.choice(sorted(files))
            files[name] = files[name] + b"\n" + files[other]
            return f"joined {name} and {other}"
        case 4:
            foreign = chance.choice(bundles)
            other = chance.choice(sorted(foreign))
            files[other] = _cut(foreign[other], chance)
            return f"added {other}"
        case _:
            files[name] = gzip.compress(files[name], 1, mtime=0)
            return f"packed {name}"


# ---- one case, watched


def wrongs(data: bytes, every_form: bool) -> Iterator[str]:
    """Yield what is wrong with reading and analysing an archive; raises what is raised."""
    from forensics.analysis import analyse, read
    from forensics.bundle import open_bundle
    from forensics.document import problems
    from forensics.reporting.forms import FORMS, rendered
    from patterns.loader import load_library

    case = read(open_bundle(["-"], stdin=io.BytesIO(data)))
    document = analyse(case, load_library())
    yield from (f"failed: {failure}" for failure in document.get("failures") or ())
    yield from (f"unsound: {problem}" for problem in problems(document)[:3])
    for entry in case.intake.reads:
        if sum(entry.account.values()) not in (0, len(entry.lines)):
            yield f"lines: {sum(entry.account.values())} of {len(entry.lines)} accounted for"
    if every_form:
        for form in FORMS:
            if form != "parquet":
                rendered(document, form)


def _work(pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    bundles = corpus()
    pipe.send(None)
    while (number := pipe.recv()) is not None:
        said: list[str] = []
        try:
            data, _ = spoilt(number, bundles)
            said.extend(wrongs(data, number % 4 == 0))
        except BaseException as error:  # noqa: BLE001 - whatever is raised is what is looked for
            frames = traceback.extract_tb(error.__traceback__)
            ours = [f for f in frames if any(part in f.filename for part in ("/forensics/", "/parsers/", "/patterns/"))]
            last = (ours or frames)[-1]
            said.append(f"raised {type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {error!s:.300}")
        pipe.send((said, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


class Watched:
    """A process that runs cases and is ended when one takes too long."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()

    def run(self, number: int, limit: float) -> tuple[list[str], int, float]:
        """Return what was wrong with a case, the peak memory so far in KiB, and the seconds of work."""
        self._pipe.send(number)
        start = last = self._used()
        moved = time.monotonic()
        try:
            while last - start < limit and time.monotonic() - moved < STILL:
                if self._pipe.poll(1):
                    said, memory = self._pipe.recv()
                    return said, memory, self._used() - start
                if (used := self._used()) > last:
                    last, moved = used, time.monotonic()
            said = [f"hang: {last - start:.0f} s of work, then {time.monotonic() - moved:.0f} s of none"]
        except EOFError:
            said = ["crash: the process died"]
        self.close()
        self._start()
        return said, 0, last - start

    def _used(self) -> float:
        """Return the seconds of the processor's time that the process took."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run cases until the time is over, and print what came of them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--seconds", type=float, default=7200.0, help="how long")
    options.add_argument("--start", type=int, default=0, help="number of the first case")
    options.add_argument("--limit", type=float, default=30.0, help="seconds of work one case may take")
    options.add_argument("--only", type=int, help="run this case alone, here, with its traceback")
    options.add_argument("--keep", type=Path, help="where the archives of wrong cases go")
    chosen = options.parse_args()
    bundles = corpus()
    if chosen.only is not None:
        data, done = spoilt(chosen.only, bundles)
        print(done)
        found = list(wrongs(data, True))
        print("\n".join(found) or "nothing wrong")
        return 1 if found else 0
    counts: Counter[str] = Counter()
    number, longest, slowest, peak = chosen.start, 0.0, -1, 0
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGINT, _interrupted)  # a shell's background jobs ignore it otherwise
    watched = Watched()
    try:
        while time.monotonic() - begun < chosen.seconds:
            said, memory, took = watched.run(number, chosen.limit)
            peak = max(peak, memory)
            if took > longest:
                longest, slowest = took, number
            for sentence in said:
                kind = re.sub(r"\d+ of \d+|'[^']*'", "…", sentence)[:120]
                counts[kind] += 1
                if counts[kind] <= 3:
                    print(f"case {number}: {sentence}", flush=True)
                    if chosen.keep:
                        chosen.keep.mkdir(parents=True, exist_ok=True)
                        (chosen.keep / f"{number}.tar").write_bytes(spoilt(number, bundles)[0])
            number += 1
    except KeyboardInterrupt:
        pass
    finally:
        watched.close()
        print(
            f"cases {number - chosen.start} in {(time.monotonic() - begun) / 3600:.2f} h, "
            f"wrong {sum(counts.values())} of {len(counts)} kinds, "
            f"peak memory {peak >> 10} MiB, longest {longest:.1f} s of work (case {slowest})",
            flush=True,
        )
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
