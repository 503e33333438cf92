"""Build the sdist and the wheel of a commit or of the checkout, byte for byte the same each time.

The build sees an export, never the working tree's leftovers; times inside the archives are the commit's.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKEND = "hatchling==1.33.0"  # its version stands in the wheel, so another one makes other bytes


def epoch(ref: str) -> str:
    """Return the time of a commit, in seconds: SOURCE_DATE_EPOCH where it is set."""
    return os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct", ref).decode().strip()


def git(*arguments: str) -> bytes:
    """Return what git prints."""
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True).stdout


def export(ref: str, folder: Path) -> None:
    """Write the files of `ref` into `folder`; `checkout` is what is tracked, as it lies there now."""
    if ref != "checkout":
        with tarfile.open(fileobj=BytesIO(git("archive", "--format=tar", ref))) as archive:
            archive.extractall(folder, filter="data")
        return
    for name in git("ls-files", "-z").decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def build(ref: str, output: Path, python: Path) -> list[Path]:
    """Build sdist and wheel of `ref` into `output` with the interpreter of `backend`, and return them."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        export(ref, Path(scratch))
        compile_library(Path(scratch))
        environment = os.environ | {"SOURCE_DATE_EPOCH": epoch("HEAD" if ref == "checkout" else ref)}
        run([str(python), "-m", "hatchling", "build", "-d", str(output.resolve())], cwd=Path(scratch), env=environment)
    return sorted(output.glob("seldon_forensics-*"))


def compile_library(tree: Path) -> None:
    """Put the pattern library, read, beside the files of an export: see `patterns.loader.compiled`."""
    said = "from patterns.loader import SHIPPED, compiled; open(f'patterns/{SHIPPED}', 'wb').write(compiled())"
    run(
        [sys.executable, "-c", said],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def backend(folder: Path) -> Path:
    """Return an interpreter that has the pinned backend: this one, or one made in `folder`."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        if version("hatchling") == BACKEND.partition("==")[2]:
            return Path(sys.executable)
    except PackageNotFoundError:
        pass
    return fresh(folder, ["-q", BACKEND])


def fresh(folder: Path, install: Sequence[str]) -> Path:
    """Make a virtual environment in `folder`, install there, and return its interpreter."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run([str(python), "-m", "pip", "install", *install])
    return python


def run(command: Sequence[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints; what it said is shown where it fails."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"{' '.join(command)}: ended with {done.returncode}")
    return done.stdout
