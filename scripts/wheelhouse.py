"""Make wheelhouses: everything a machine without a network needs, with hashes, licences and an SBOM.

python -m scripts.wheelhouse                                     the checkout, every platform, Python 3.11 to 3.14
python -m scripts.wheelhouse v0.1.0 --platform linux-x86_64      a tag, one platform
python -m scripts.wheelhouse checkout --platform linux-x86_64 --python 3.11

Each is a folder in dist/wheelhouse/ and a .tar.gz of it beside it. Only that of Linux x86-64 can be run here; the
others are put together from the index by platform tag and checked for completeness against the wheels' own metadata.
"""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.building import ROOT, backend, build, epoch
from scripts.sbom import bill, licence_of

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_MAC = [f"macosx_{version}" for version in ("10_9", "10_12", "10_13", "10_15", "11_0", "12_0")]
PLATFORMS: Mapping[str, tuple[list[str], dict[str, str]]] = {
    "linux-x86_64": (
        [f"manylinux{x}_x86_64" for x in ("1", "2010", "2014", "_2_17", "_2_28")],
        {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    ),
    "linux-arm64": (
        [f"manylinux{x}_aarch64" for x in ("2014", "_2_17", "_2_28")],
        {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64", "os_name": "posix"},
    ),
    "macos-arm64": (
        [f"macosx_{version}_{kind}" for version in ("11_0", "12_0") for kind in ("arm64", "universal2")],
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    ),
    "macos-x86_64": (
        [f"{mac}_{kind}" for mac in _MAC for kind in ("x86_64", "universal2")],
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64", "os_name": "posix"},
    ),
    "windows-x86_64": (
        ["win_amd64"],
        {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
    ),
}
HOW = """\
seldon-forensics {version} for {platform}, Python {pythons}: everything it needs, no network.

    python3 -m venv forensics
    forensics/bin/pip install --no-index --require-hashes --find-links wheels -r requirements.txt
    forensics/bin/seldon-forensics doctor

On Windows the folder is forensics\\Scripts. Check first that nothing was changed on the way: sha256sum -c SHA256SUMS.
sbom.cdx.json lists what is inside (CycloneDX), LICENCES.md and licences/ say under which terms.
{extra}"""


@dataclass
class Wheel:
    """One distribution of a wheelhouse, with all its wheels.

    Attributes:
        name: canonical name.
        version: its version.
        meta: METADATA of one of the wheels.
        files: its wheels, sorted.
    """

    name: str
    version: str
    meta: Message
    files: list[Path] = field(default_factory=list)


def metadata(path: Path) -> Message:
    """Return the METADATA of a wheel."""
    with ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.count("/") == 1 and n.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode("utf-8"))


def needs(meta: Message, environment: Mapping[str, str], extras: Sequence[str] = ()) -> Iterator[Requirement]:
    """Yield what a wheel requires in `environment`, the target's, not this machine's."""
    for text in meta.get_all("Requires-Dist") or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras)):
            yield requirement


def targeted(platform: str, python: str) -> dict[str, str]:
    """Return the environment markers of a target."""
    return {
        **PLATFORMS[platform][1],
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def download(wanted: Sequence[str], platform: str, python: str, folder: Path) -> None:
    """Download wheels for a target; nothing else than wheels will do."""
    tags = [part for tag in PLATFORMS[platform][0] for part in ("--platform", tag)]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
    subprocess.run([*command, *tags, "--python-version", python, "--implementation", "cp", *wanted], check=True)


def collect(own: Path, platform: str, pythons: Sequence[str], pins: dict[str, str], folder: Path) -> dict[str, Wheel]:
    """Bring all that `own` needs on `platform` into `folder`, and return it by name.

    `pins` holds the versions that were chosen before, and learns the new ones: one version for all targets.
    """
    shutil.copy(own, folder)
    for python in pythons:
        environment = targeted(platform, python)
        reached: set[str] = set()
        asked = [Requirement(f"{metadata(own)['Name']}=={metadata(own)['Version']}")]
        while asked:
            asked = [r for r in asked if canonicalize_name(r.name) not in reached]
            missing = [r for r in asked if not r.name.startswith("seldon")]
            if missing:
                download([_pinned(r, pins) for r in missing], platform, python, folder)
            reached.update(canonicalize_name(r.name) for r in asked)
            found = wheels(folder)
            pins.update({name: found[name].version for name in reached})
            asked = [
                r for name in {canonicalize_name(r.name) for r in asked} for r in needs(found[name].meta, environment)
            ]
        for name in reached:  # the versions must suit everyone who asks for them
            for requirement in needs(found[name].meta, environment):
                chosen = found[canonicalize_name(requirement.name)].version
                if not requirement.specifier.contains(chosen):
                    raise SystemExit(f"{platform}, {python}: {name} wants {requirement}, but {chosen} was chosen")
    return wheels(folder)


def _pinned(requirement: Requirement, pins: Mapping[str, str]) -> str:
    version = pins.get(canonicalize_name(requirement.name))
    return f"{requirement.name}=={version}" if version else f"{requirement.name}{requirement.specifier}"


def wheels(folder: Path) -> dict[str, Wheel]:
    """Return the distributions in a folder of wheels; two versions of one are an error."""
    found: dict[str, Wheel] = {}
    for path in sorted(folder.glob("*.whl")):
        meta = metadata(path)
        name = canonicalize_name(meta["Name"])
        wheel = found.setdefault(name, Wheel(name, meta["Version"], meta))
        if wheel.version != meta["Version"]:
            raise SystemExit(f"{name}: both {wheel.version} and {meta['Version']}")
        wheel.files.append(path)
    return found


def requirements(found: Mapping[str, Wheel]) -> str:
    """Return pip's requirements, with the hash of every wheel; those of one platform need no markers."""
    lines = []
    for name, wheel in sorted(found.items()):
        hashes = "".join(f" \\\n    --hash=sha256:{digest(path)}" for path in wheel.files)
        lines.append(f"{name}=={wheel.version}{hashes}\n")
    return "".join(lines)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def licences(found: Mapping[str, Wheel], folder: Path) -> None:
    """Write LICENCES.md, and the texts the wheels carry below licences/."""
    lines = ["# Licences\n", "| | version | licence | texts |", "|---|---|---|---|"]
    for name, wheel in sorted(found.items()):
        texts = []
        with ZipFile(wheel.files[0]) as archive:
            for entry in archive.namelist():
                inside = entry.partition(".dist-info/")[2]
                stem = inside.rpartition("/")[2]
                if stem and stem.upper().startswith(("LICEN", "COPYING", "NOTICE", "AUTHORS")):
                    target = folder / "licences" / name / stem
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(entry))
                    texts.append(f"[{stem}](licences/{name}/{stem})")
        said = ", ".join(sorted(set(texts))) or "none in the wheel"
        lines.append(f"| {name} | {wheel.version} | {licence_of(wheel.meta)} | {said} |")
    (folder / "LICENCES.md").write_text("\n".join(lines) + "\n", "utf-8")


def optional(own: Path, platform: str, pythons: Sequence[str], folder: Path) -> str:
    """Bring the extra `fast` where there are wheels of it, and return a sentence that says so."""
    base = {r.name for r in needs(metadata(own), targeted(platform, pythons[0]))}
    extra = [r for r in needs(metadata(own), targeted(platform, pythons[0]), ["fast"]) if r.name not in base]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for python in pythons:
                download([f"{r.name}{r.specifier}" for r in extra], platform, python, Path(scratch))
        except subprocess.CalledProcessError:
            return "The extra `fast` (Hyperscan) is not in here: it has no wheels for this platform.\n"
        found = wheels(Path(scratch))
        folder.joinpath("requirements-fast.txt").write_text(requirements(found), "utf-8")
        for wheel in found.values():
            for path in wheel.files:
                shutil.copy(path, folder / "wheels")
    return "requirements-fast.txt, installed the same way, adds Hyperscan: faster on large bundles, nothing else.\n"


def make(own: Path, platform: str, pythons: Sequence[str], pins: dict[str, str], output: Path, moment: int) -> Path:
    """Make the wheelhouse of one platform, and return its archive."""
    version = metadata(own)["Version"]
    folder = output / f"seldon-forensics-{version}-{platform}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "wheels").mkdir(parents=True)
    found = collect(own, platform, pythons, pins, folder / "wheels")
    (folder / "requirements.txt").write_text(requirements(found), "utf-8")
    extra = optional(own, platform, pythons, folder)
    found = wheels(folder / "wheels")
    licences(found, folder)
    edges = {
        name: [canonicalize_name(r.name) for r in needs(w.meta, targeted(platform, pythons[0]))]
        for name, w in found.items()
    }
    (folder / "sbom.cdx.json").write_bytes(
        bill([(w.name, w.version, w.meta, w.files) for w in found.values()], edges, moment)
    )
    how = HOW.format(version=version, platform=platform, pythons=", ".join(pythons), extra=extra)
    (folder / "README.txt").write_text(how, "utf-8")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    sums = "".join(f"{digest(p)}  {p.relative_to(folder).as_posix()}\n" for p in files)
    (folder / "SHA256SUMS").write_text(sums, "utf-8")
    return packed(folder, moment)


def packed(folder: Path, moment: int) -> Path:
    """Pack a folder as .tar.gz, the same bytes each time, and return the archive."""
    archive = folder.with_name(f"{folder.name}.tar.gz")
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 1, raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            data = path.read_bytes()
            entry.size, entry.mtime, entry.mode = len(data), moment, 0o644
            tar.addfile(entry, BytesIO(data))
    return archive


def main(arguments: list[str]) -> int:
    """Make the wheelhouses asked for."""
    parser = argparse.ArgumentParser(prog="scripts.wheelhouse", description=__doc__.splitlines()[0])
    parser.add_argument("ref", nargs="?", default="checkout", help="a tag, a commit, or `checkout`")
    parser.add_argument("--platform", action="append", choices=sorted(PLATFORMS))
    parser.add_argument("--python", action="append", choices=PYTHONS)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist" / "wheelhouse")
    wanted = parser.parse_args(arguments)
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    moment = int(epoch("HEAD" if wanted.ref == "checkout" else wanted.ref))
    pins: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        built = build(wanted.ref, Path(scratch) / "built", backend(Path(scratch) / "backend"))
        own = next(path for path in built if path.suffix == ".whl")
        for platform in wanted.platform or PLATFORMS:
            archive = make(own, platform, wanted.python or PYTHONS, pins, wanted.output, moment)
            print(f"{archive}  {archive.stat().st_size / 1e6:.0f} MB  sha256:{digest(archive)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
