"""Keep what was parsed of a bundle, so that the next command on the same file need not read it again.

One folder a bundle, named by the hash of its bytes, its name, and all code that reads; plain Arrow and JSON in a folder
that only its owner may enter, bounded in size. Nothing here is ever a failure: what cannot be kept is read again.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from forensics.ingest import Intake, Read
from forensics.intake.lines import Lines

MOST = 1 << 30  # bytes of all bundles together; the longest unused go first
_FRAMES = ("lines", "ignored", "rejects")  # of a `Read`, kept as columns
_LEFT = ("frames",)  # of a `Read`, empty by now


def key_of(path: Path, name: str) -> str | None:
    """Return what the parsed bundle is kept under; None for what is no plain file, or cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    return hashlib.sha256(f"{digest}\0{name}\0{_meaning()}".encode()).hexdigest()


def recall(key: str) -> tuple[Intake, dict[str, Any]] | None:
    """Return what was kept under `key`: the intake and `input` of the document; None if there is nothing sound."""
    folder = _home()
    if folder is None:
        return None
    entry = folder / key
    try:
        told = orjson.loads((entry / "intake.json").read_bytes())
        parts = {name: pl.read_ipc(entry / f"{name}.arrow") for name in _FRAMES}
        frames = {name: pl.read_ipc(entry / f"{number}.arrow") for number, name in enumerate(told["frames"])}
        reads = []
        at = dict.fromkeys(_FRAMES, 0)
        for row in told["reads"]:
            made: dict[str, Any] = {}
            for name in _FRAMES:
                part = parts[name].slice(at[name], row["heights"][name])
                at[name] += row["heights"][name]
                made[name] = Lines(tuple(part["packed"]), row["lines"]) if name == "lines" else part
            said = row["said"]
            said |= {"kinds": tuple(said["kinds"]), "failed": tuple(said["failed"])}
            said |= {"versions": tuple((one, two) for one, two in said["versions"])}
            reads.append(Read(**said, **made))
        intake = Intake(
            frames,
            tuple(reads),
            frozenset((one, two) for one, two in told["versions"]),
            tuple(told["failures"]),
            frozenset(told["cut"]),
        )
        os.utime(entry)
        return intake, dict(told["given"])
    except (OSError, ValueError, KeyError, TypeError, IndexError, pl.exceptions.PolarsError):
        return None


def keep(key: str, intake: Intake, given: Mapping[str, Any]) -> None:
    """Keep what was read under `key`, unless a parser of ours failed, or there is no place for it."""
    folder = _home()
    if folder is None or intake.failures:
        return
    with contextlib.suppress(OSError, ValueError, TypeError, pl.exceptions.PolarsError):
        said = [field.name for field in fields(Read) if field.name not in (*_FRAMES, *_LEFT)]
        told = {
            "frames": list(intake.frames),
            "reads": [
                {
                    "said": {name: getattr(read, name) for name in said},
                    "heights": {name: part.height for name, part in _kept(read).items()},
                    "lines": len(read.lines),
                }
                for read in intake.reads
            ],
            "versions": sorted(intake.versions),
            "failures": intake.failures,
            "cut": sorted(intake.cut),
            "given": dict(given),
        }
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            beside = Path(scratch) / "entry"
            beside.mkdir()
            for number, frame in enumerate(intake.frames.values()):
                frame.write_ipc(beside / f"{number}.arrow", compression="lz4")
            for name in _FRAMES:
                whole = pl.concat([_kept(read)[name] for read in intake.reads])
                whole.write_ipc(beside / f"{name}.arrow", compression="lz4")
            (beside / "intake.json").write_bytes(orjson.dumps(told))
            if _size(beside) <= MOST // 2:
                shutil.rmtree(folder / key, ignore_errors=True)
                beside.rename(folder / key)
        _bound(folder)


def _kept(read: Read) -> dict[str, pl.DataFrame]:
    """Return the parts of a `Read` that are kept as columns, by the names in `_FRAMES`."""
    packed = pl.DataFrame({"packed": read.lines.packed}, schema={"packed": pl.Binary})
    return {"lines": packed, "ignored": read.ignored, "rejects": read.rejects}


def _bound(folder: Path) -> None:
    """Drop the entries that were not used for the longest time until the rest is within bounds."""
    entries = sorted((entry for entry in folder.iterdir() if entry.is_dir()), key=lambda entry: -entry.stat().st_mtime)
    total = 0
    for entry in entries:
        total += _size(entry)
        if total > MOST:
            shutil.rmtree(entry, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _home() -> Path | None:
    """Return the folder of all entries, made if need be; None unless it is this user's alone."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(given) if given else Path.home() / ".cache") / "seldon-forensics" / "bundles"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.lstat()
        if not stat.S_ISDIR(state.st_mode) or (hasattr(os, "getuid") and state.st_uid != os.getuid()):
            return None
        if stat.S_IMODE(state.st_mode) & 0o077:
            folder.chmod(0o700)
    except (OSError, RuntimeError):
        return None
    return folder


def _meaning() -> str:
    """Return a hash of all that decides what is read of a bundle."""
    code = hashlib.sha256(metadata.version("polars").encode())
    ours = Path(__file__).parents[1]
    folders: Sequence[Path] = (ours, ours.parent / "parsers")
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        with contextlib.suppress(OSError):
            code.update(path.read_bytes())
    return code.hexdigest()
