"""Every sample bundle: its golden report, and what must not change its outcome."""

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document, dump, problems
from patterns.loader import load_library

ROOT = Path(__file__).parent.parent / "sample_bundles"
BUNDLES = sorted(path for folder in ROOT.iterdir() if folder.is_dir() for path in folder.glob("bundle*"))
LIBRARY = load_library()


def document(path: Path) -> Document:
    return analyse(read(open_bundle([path])), LIBRARY)


def outcome(made: Document) -> tuple[str, list[tuple[str, int]]]:
    """The verdict, and the roots that are not over, with their ranks."""
    return made["verdict"], [
        (f["pattern"], f["rank"]) for f in made["findings"] if f["role"] == "root" and f["at_end"] != "ended"
    ]


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.parent.name)
def test_golden(path: Path) -> None:
    golden = path.parent / "report.json"

    assert dump(document(path)).decode() == golden.read_text()


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.parent.name)
def test_the_document_is_sound(path: Path) -> None:
    assert problems(document(path)) == []


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.parent.name)
def test_nothing_that_is_said_has_a_name_left_open(path: Path) -> None:
    for finding in document(path)["findings"]:
        actions = [*finding["remedy"], *([finding["verify"]] if "verify" in finding else [])]
        assert not [
            text for action in actions for text in action.values() if re.search(r"\$(?:name|namespace|workload)", text)
        ]


def contents(path: Path) -> dict[str, bytes]:
    """The files of a bundle, read by the standard library."""
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    if ".tar" in path.name:
        with tarfile.open(path) as archive:
            return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    return {path.stem: gzip.decompress(path.read_bytes())}


def as_folder(files: Mapping[str, bytes], to: Path) -> Path:
    for name, data in files.items():
        place = to / "folder" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return to / "folder"


def as_tar(files: Mapping[str, bytes], to: Path) -> Path:
    path = to / "case.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in reversed(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def as_zip(files: Mapping[str, bytes], to: Path) -> Path:
    path = to / "case.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def renamed(files: Mapping[str, bytes], to: Path) -> Path:
    """Every file under a new name that says nothing; files of one folder stay together."""
    folders = {str(Path(name).parent): number for number, name in enumerate(files)}
    return as_folder(
        {
            f"part{folders[str(Path(name).parent)]}/{number:03}.txt": data
            for number, (name, data) in enumerate(files.items())
        },
        to,
    )


def stamped(files: Mapping[str, bytes], to: Path, wrap: Callable[[str, bytes], bytes]) -> Path:
    """The bundle with every log line that starts with a time of its own put in a wrapper."""

    def wrapped(data: bytes) -> bytes:
        first = b"\n".join(data.split(b"\n")[:3])
        if (
            not re.search(rb'^time="|^\d{4}-\d\d-\d\d[T ].*\t(INFO|ERROR)|^\[20\d\d-', first, re.MULTILINE)
            or b"std" in first[:60]
        ):
            return data
        when = datetime(2026, 11, 25, 19, 0, tzinfo=UTC)
        out = []
        for line in data.removesuffix(b"\n").split(b"\n"):
            own = re.search(rb"(20\d\d-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", line)
            if own:
                when = datetime.fromisoformat(f"{own[1].decode()}T{own[2].decode()}+00:00") + timedelta(
                    milliseconds=300
                )
            out.append(wrap(when.strftime("%Y-%m-%dT%H:%M:%S.%f000Z"), line))
        return b"\n".join(out) + b"\n"

    return as_folder({name: wrapped(data) for name, data in files.items()}, to)


def cri(files: Mapping[str, bytes], to: Path) -> Path:
    return stamped(files, to, lambda when, line: f"{when} stderr F ".encode() + line)


def timestamps(files: Mapping[str, bytes], to: Path) -> Path:
    return stamped(files, to, lambda when, line: f"{when} ".encode() + line)


@pytest.mark.parametrize("form", [as_folder, as_tar, as_zip, renamed, cri, timestamps], ids=lambda f: f.__name__)
@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.parent.name)
def test_the_outcome_does_not_depend_on_the_form(
    path: Path, form: Callable[[Mapping[str, bytes], Path], Path], tmp_path: Path
) -> None:
    assert outcome(document(form(contents(path), tmp_path))) == outcome(document(path))


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.parent.name)
def test_the_number_of_workers_changes_nothing(path: Path) -> None:
    one = dump(analyse(read(open_bundle([path]), workers=1), LIBRARY))
    four = dump(analyse(read(open_bundle([path]), workers=4), LIBRARY))

    assert one == four
