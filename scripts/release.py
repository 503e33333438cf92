"""Make a release: check, build twice, compare, try the wheel alone, and write it with its hashes.

python -m scripts.release            of HEAD, into dist/
python -m scripts.release v0.1.0     of a tag
python -m scripts.release checkout   of what lies here, to try things out

Nothing is published: the last lines say what to do with dist/.
"""

import argparse
import hashlib
import re
import shutil
import sys
import tempfile
from pathlib import Path

from scripts.building import ROOT, backend, build, export, fresh, git, run


def main(arguments: list[str]) -> int:
    """Make the release."""
    parser = argparse.ArgumentParser(prog="scripts.release", description=__doc__.splitlines()[0])
    parser.add_argument("ref", nargs="?", default="HEAD", help="a tag, a commit, or `checkout`")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist")
    wanted = parser.parse_args(arguments)
    if wanted.ref == "HEAD" and git("status", "--porcelain", "--untracked-files=no").strip():
        raise SystemExit("the checkout has changes that are not committed; commit them, or name a tag or `checkout`")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        export(wanted.ref, folder / "export")
        told = re.search(r'VERSION = "([^"]+)"', (folder / "export/forensics/version.py").read_text("utf-8"))
        if told is None:
            raise SystemExit("forensics/version.py names no VERSION")
        version = told[1]
        if f"## {version}" not in (folder / "export" / "CHANGELOG.md").read_text("utf-8"):
            raise SystemExit(f"CHANGELOG.md has no section `## {version}`")
        python = backend(folder / "backend")
        first, second = (build(wanted.ref, folder / name, python) for name in ("first", "second"))
        for one, other in zip(first, second, strict=True):
            if one.read_bytes() != other.read_bytes():
                raise SystemExit(f"{one.name}: two builds differ")
        tried(next(p for p in first if p.suffix == ".whl"), folder)
        wanted.output.mkdir(parents=True, exist_ok=True)
        made = [Path(shutil.copy(path, wanted.output)) for path in first]
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made)
    (wanted.output / "SHA256SUMS").write_text(sums, "utf-8")
    print(f"{sums}two builds agree; the wheel alone analyses the sample bundles")
    print(
        f"next: git tag v{version} && git push --tags; upload {wanted.output}; python -m scripts.wheelhouse v{version}"
    )
    return 0


def tried(wheel: Path, folder: Path) -> None:
    """Install the wheel alone, without tools, and analyse every sample bundle from another folder."""
    python = fresh(folder / "alone", ["-q", str(wheel)])
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    samples = folder / "export" / "sample_bundles"
    for path in sorted(samples.glob("*/bundle*")):
        run([str(python.parent / "seldon-forensics"), "analyse", str(path)], cwd=elsewhere)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
