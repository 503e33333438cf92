"""Packs of patterns, suppressions, and the versions both speak of."""

import hashlib
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from patterns import packs
from patterns.pattern import PatternError
from patterns.versions import applies, order, parse_versions


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_a_pack_says_which_engine_it_needs(tmp_path: Path) -> None:
    pack = write(tmp_path / "pack", {"net/a": "", "pack": 'name = "ours"\nversion = "3"\nengine = ">= 9, < 10"'})

    assert packs.open_pack(pack, engine="9.1").name == "ours"
    with pytest.raises(PatternError, match=r"this pack needs seldon-forensics >= 9, < 10, and this is 0\.1\.0"):
        packs.open_pack(pack, engine="0.1.0")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "is not a folder"),
        ({"pack": 'name = "x"'}, "holds no pattern"),
        ({"pack": "name = 1", "net/a": ""}, "pack.toml:1:8: name: should be a text"),
        ({"pack": 'engin = ">= 1"', "net/a": ""}, "did you mean `engine`"),
        ({"pack": 'engine = "newest"', "net/a": ""}, "engine: "),
        ({"pack": "=", "net/a": ""}, "not TOML"),
        ({"net/a": "", "flat": ""}, "lies in a folder of its layer: <layer>/flat.toml"),
    ],
)
def test_a_pack_that_cannot_be_used(tmp_path: Path, files: dict[str, str], says: str) -> None:
    with pytest.raises(PatternError, match=says):
        packs.open_pack(write(tmp_path / "pack", files))


def test_every_mistake_of_a_manifest_is_told(tmp_path: Path) -> None:
    manifest = 'name = 1\nengin = ">= 1"\nengine = "newest"\n[files]\n"net/a.toml" = 3\n'

    with pytest.raises(PatternError) as caught:
        packs.open_pack(write(tmp_path / "pack", {"net/a": "", "pack": manifest}))
    assert [line.partition("pack.toml:")[2].partition(": ")[0] for line in str(caught.value).split("\n")] == [
        "1:8", "2:10", "5:16", "3:11"
    ]  # fmt: skip


def test_a_manifest_says_which_files_a_pack_is_made_of(tmp_path: Path) -> None:
    listed = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("net/a", "net/b")}
    manifest = "[files]\n" + "".join(f'"{name}.toml" = "{digest}"\n' for name, digest in listed.items())
    pack = write(tmp_path / "pack", {"net/a": "net/a", "net/b": "net/b", "pack": manifest})
    assert list(packs.pack_files(pack)) == ["net/a", "net/b"]

    (pack / "net" / "a.toml").write_text("something else")
    (pack / "net" / "b.toml").rename(pack / "net" / "c.toml")
    with pytest.raises(PatternError) as caught:
        packs.open_pack(pack)
    assert [line.partition("pack.toml:")[2] for line in str(caught.value).split("\n")] == [
        "2:17: files.net/a.toml: the file is another than the one this pack was made of",
        "3:17: files.net/b.toml: there is no such file",
        "1:1: files: `net/c.toml` lies in the pack and is not listed",
    ]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: os.mkfifo(path), "is no file"),  # reading it would never end
        (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_is_not_read(tmp_path: Path, make: Callable[[Path], None], says: str) -> None:
    pack = write(tmp_path / "pack", {"net/a": ""})
    make(pack / "net" / "b.toml")

    with pytest.raises(PatternError, match=f"^{pack}/net/b.toml:1:1: {says}$"):
        packs.open_pack(pack)


def test_suppressions_hold_for_a_subject_until_a_day(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(
        '[[suppress]]\npattern = "net/a"\nsubject = { namespace = "x" }\nreason = "known"\nuntil = 2026-01-02\n'
    )

    (one,) = packs.read_suppressions(path)
    inside, after = datetime(2026, 1, 1, 23, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert one.covers("net/a", {"namespace": "x", "pod": "p"}, inside)
    assert one.covers("net/a", {"namespace": "x"}, None)
    assert not one.covers("net/a", {"namespace": "x"}, after)
    assert not one.covers("net/a", {"namespace": "y"}, inside)
    assert not one.covers("net/b", {"namespace": "x"}, inside)


def test_every_mistake_of_a_suppression_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(
        "other = 1\n"
        '[[suppress]]\npattern = "net/a"\n'
        '[[suppress]]\npattern = "a"\nreason = "x"\n'
        '[[suppress]]\npattern = "net/a"\nreason = "x"\nuntil = "2026"\n'
    )

    with pytest.raises(PatternError) as caught:
        packs.read_suppressions(path)
    said = str(caught.value).split("\n")
    assert [line.removeprefix(str(path))[:5] for line in said] == [":1:9:", ":2:1:", ":4:1:", ":7:1:"]


# ---- versions


@pytest.mark.parametrize(
    ("text", "known", "holds"),
    [
        ("seldon-core >= 2.6, < 2.9", {"seldon-core": "2.8.5"}, True),
        ("seldon-core >= 2.6, < 2.9", {"seldon-core": "v2.9.0"}, False),
        ("seldon-core < 2.9", {"seldon-core": "2.9.0-rc1"}, True),
        ("seldon-core = 2.9", {"seldon-core": "2.9.0"}, True),
        ("seldon-core >= 2.10", {"seldon-core": "2.9.1"}, False),
        ("seldon-core >= 2.0; mlserver < 1.4", {"seldon-core": "2.9", "mlserver": "1.6.0"}, False),
        ("seldon-core >= 2.0; mlserver < 1.4", {"seldon-core": "2.9"}, True),
        ("seldon-core >= 2.0", {"seldon-core": "latest"}, True),
        ("kubernetes >= 1.29", {"kubernetes": "v1.29.4-eks-1a2b"}, True),
        ("", {}, True),
    ],
)
def test_versions(text: str, known: dict[str, str], holds: bool) -> None:
    assert applies(text, known) is holds


def test_versions_are_in_order() -> None:
    written = ["2.0.0.dev1", "2.0.0-rc1", "2.0.0-rc2", "2.0.0-rc10", "2.0", "2.0.1", "2.8.5", "2.10"]

    ordered = [order(version) for version in written]
    assert None not in ordered
    assert ordered == sorted(ordered, key=lambda version: version or ((), 0, ""))


@pytest.mark.parametrize(
    "text", ["2.0", "seldon >= 2", "seldon-core 2.0", "seldon-core >= two", "seldon-core >= 2 < 3"]
)
def test_a_version_condition_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"should begin with|is no bound"):
        parse_versions(text)
