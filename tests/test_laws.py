"""What must hold of every bundle: what changes nothing, and what must change something."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document
from patterns.loader import load_library
from tests.test_sample_bundles import BUNDLES, as_folder, contents, outcome

LIBRARY = load_library()
NOISE = {
    "notes/readme.txt": b"Dear all,\nthe meeting is on Tuesday. Please bring the numbers of last month.\n" * 5,
    "other/table.csv": b"day,sales\n1,20\n2,21\n3,19\n" * 20,
    "other/picture.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "other/main.go": b'package main\n\nfunc main() {\n\tprintln("error: connection refused to nobody")\n}\n',
}
FAILING = [path for path in BUNDLES if path.parent.name not in ("healthy-installation", "routes-gone")]


def document(files: Mapping[str, bytes], to: Path) -> Document:
    return analyse(read(open_bundle([as_folder(files, to)])), LIBRARY)


def plain(path: Path) -> dict[str, bytes]:
    """The files of a bundle, each by its path inside it."""
    return dict(contents(path))


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.parent.name)
def test_unrelated_files_change_nothing(path: Path, tmp_path: Path) -> None:
    before = outcome(document(plain(path), tmp_path / "a"))

    after = outcome(document(plain(path) | NOISE, tmp_path / "b"))

    assert after == before


@pytest.mark.parametrize("path", BUNDLES, ids=lambda p: p.parent.name)
def test_a_second_copy_of_the_logs_changes_nothing(path: Path, tmp_path: Path) -> None:
    files = plain(path)
    logs = {
        name: data for name, data in files.items() if name.endswith((".log", "logs.txt")) or path.name.endswith(".gz")
    }
    before = outcome(document(files, tmp_path / "a"))

    after = outcome(document(files | {f"copy/{name}": data for name, data in logs.items()}, tmp_path / "b"))

    assert after == before


@pytest.mark.parametrize("path", FAILING, ids=lambda p: p.parent.name)
def test_without_the_lines_that_prove_it_the_first_root_is_gone(path: Path, tmp_path: Path) -> None:
    files = plain(path)
    made = document(files, tmp_path / "a")
    root = next(f for f in made["findings"] if f["role"] == "root")
    pattern = LIBRARY.patterns[root["pattern"]]
    cited = {
        (cite["member"], line)
        for piece in root["evidence"]
        if piece["name"] in pattern.evidence and piece["state"] == "present"
        for cite in piece["cites"]
        for line in range(cite["lines"][0], cite["lines"][1] + 1)
    }
    # Every line like a cited one: the same failure is often said many times.
    texts = {cite["text"].split("\n")[0][-60:] for piece in root["evidence"] for cite in piece["cites"]}

    def without(name: str, data: bytes) -> bytes:
        lines = data.split(b"\n")
        return b"\n".join(
            line
            for number, line in enumerate(lines, 1)
            if (name, number) not in cited and not any(t and t.encode() in line for t in texts)
        )

    after = document({name: without(name, data) for name, data in files.items()}, tmp_path / "b")

    still = [f for f in after["findings"] if f["pattern"] == root["pattern"] and f["role"] == "root"]
    assert not still or still[0]["count"] < root["count"] or still[0]["certainty"] != root["certainty"]


@pytest.mark.parametrize("path", FAILING, ids=lambda p: p.parent.name)
def test_without_the_source_that_proves_it_no_other_root_takes_its_place(path: Path, tmp_path: Path) -> None:
    files = plain(path)
    made = document(files, tmp_path / "a")
    roots = {f["pattern"] for f in made["findings"] if f["role"] == "root"}
    first = next(f for f in made["findings"] if f["role"] == "root")
    proof = {cite["member"] for piece in first["evidence"] for cite in piece["cites"]}

    for number, member in enumerate(sorted(proof)):
        rest = {name: data for name, data in files.items() if name != member}
        if not rest:
            continue
        after = document(rest, tmp_path / f"b{number}")
        others = {
            f["pattern"]
            for f in after["findings"]
            if f["role"] == "root" and f["at_end"] != "ended" and f["certainty"] == "certain"
            and f["severity"] in ("medium", "high", "critical")
        }  # fmt: skip
        assert others <= roots, member
