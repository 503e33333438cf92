import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import lz4.frame
import pytest
import zstandard

from forensics.bundle import Budget, BundleError, Member, open_bundle

LOG = b'time="2025-03-04T10:15:30Z" level=info msg="ready"\n' * 50
FILES = {
    "logs/agent.log": LOG,
    "logs/scheduler.log": LOG[:-1],
    "cluster/pods.yaml": b"apiVersion: v1\nkind: List\nitems: []\n",
    "empty.log": b"",
    "naïve name.log": LOG,
}


def tarred(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def members(path: Path, budget: Budget = Budget()) -> list[Member]:  # noqa: B008
    return list(open_bundle([path], budget).members())


def contents(path: Path) -> dict[str, bytes | None]:
    return {member.name: member.data for member in members(path)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    base = tmp_path / "case"
    for name, data in FILES.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(data)
    return base


FORMS: dict[str, Callable[[], bytes]] = {
    "ustar": lambda: tarred(
        {k: v for k, v in FILES.items() if k.isascii()} | {"naïve name.log": LOG}, tarfile.USTAR_FORMAT
    ),
    "gnu": lambda: tarred(FILES, tarfile.GNU_FORMAT),
    "pax": lambda: tarred(FILES),
    "tar.gz": lambda: gzip.compress(tarred(FILES)),
    "tar.gz of two members": lambda: gzip.compress(tarred(FILES)[:700]) + gzip.compress(tarred(FILES)[700:]),
    "tar.bz2": lambda: bz2.compress(tarred(FILES)),
    "tar.xz": lambda: lzma.compress(tarred(FILES)),
    "tar.zst": lambda: zstandard.compress(tarred(FILES)),
    "tar.lz4": lambda: lz4.frame.compress(tarred(FILES)),
    "zip": lambda: zipped(FILES),
    "zip, stored": lambda: zipped(FILES, zipfile.ZIP_STORED),
    "zip, bzip2": lambda: zipped(FILES, zipfile.ZIP_BZIP2),
    "twice compressed": lambda: gzip.compress(gzip.compress(tarred(FILES))),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_folder_and_its_archive_hold_the_same(form: str, folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a file without a telling name"
    archive.write_bytes(FORMS[form]())

    assert contents(archive) == contents(folder) == FILES


@pytest.mark.parametrize("form", FORMS)
def test_standard_input_is_read_as_the_file_is(form: str, tmp_path: Path) -> None:
    raw = FORMS[form]()
    archive = tmp_path / "x"
    archive.write_bytes(raw)
    bundle = open_bundle(["-"], stdin=io.BytesIO(raw))

    assert list(bundle.members()) == members(archive)
    assert (bundle.sha256, bundle.bytes, bundle.count) == (hashlib.sha256(raw).hexdigest(), len(raw), len(FILES))


@pytest.mark.parametrize(
    "program",
    [
        b"#!/bin/sh\nexec unzip $0\n" + zipped({"a.log": b"one\ntwo\n"}),
        b"MZ\x90\0" + bytes(range(256)) * 40 + zipped({"a.log": b"one\ntwo\n"}),
        b"#!/bin/sh\ntail -n+3 $0 | tar xz\n" + gzip.compress(tarred({"a.log": b"one\ntwo\n"})),
    ],
)
@pytest.mark.parametrize("piped", [False, True])
def test_what_a_program_that_unpacks_itself_carries_is_read(program: bytes, piped: bool, tmp_path: Path) -> None:
    (tmp_path / "bundle.run").write_bytes(program)
    bundle = open_bundle(["-"], stdin=io.BytesIO(program)) if piped else open_bundle([tmp_path / "bundle.run"])

    assert [(member.name, member.data) for member in bundle.members()] == [("a.log", b"one\ntwo\n")]


def test_a_script_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "collect.sh").write_bytes(b"#!/bin/sh\nkubectl get pods\n")

    assert [member.status for member in members(tmp_path / "collect.sh")] == ["read"]


def test_members_carry_their_digest(folder: Path) -> None:
    for member in members(folder):
        assert member.data is not None
        assert (member.bytes, member.sha256) == (len(member.data), hashlib.sha256(member.data).hexdigest())
        assert (member.status, member.reason) == ("read", None)


def test_a_folder_is_sorted_and_its_digest_follows_its_members(folder: Path, tmp_path: Path) -> None:
    bundle = open_bundle([folder])
    names = [member.name for member in bundle.members()]
    before = bundle.sha256
    (folder / "empty.log").write_bytes(b"now it is not\n")
    again = open_bundle([folder])
    list(again.members())

    assert names == sorted(names, key=str.encode)
    assert bundle.bytes == sum(map(len, FILES.values()))
    assert before != again.sha256


def test_nested_archives_are_opened_by_content(tmp_path: Path) -> None:
    outer = tmp_path / "case.tar.gz"
    outer.write_bytes(
        gzip.compress(
            tarred(
                {
                    "node.txt": zipped({"inner/agent.log": LOG}),
                    "logs/x.tar.gz": gzip.compress(tarred({"inner/agent.log": LOG})),
                    "logs/agent.log.gz": gzip.compress(LOG),
                }
            )
        )
    )

    assert contents(outer) == {
        "node.txt!inner/agent.log": LOG,
        "logs/x.tar.gz!inner/agent.log": LOG,
        "logs/agent.log.gz": LOG,
    }


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(LOG, id="plain"),
        pytest.param(gzip.compress(LOG), id="gzip"),
        pytest.param(gzip.compress(LOG) + gzip.compress(b""), id="gzip of two members"),
        pytest.param(zstandard.compress(LOG), id="zstandard"),
    ],
)
def test_a_single_log_is_a_bundle_of_one(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "agent.log.gz"
    path.write_bytes(raw)

    assert contents(path) == {"agent.log.gz": LOG}


def test_several_inputs_carry_their_name(folder: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.log"
    one.write_bytes(LOG)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "case").write_bytes(tarred({"a.log": LOG}))
    bundle = open_bundle([one, folder, tmp_path / "b" / "case"])
    names = [member.name for member in bundle.members()]

    assert names[0] == "one.log"
    assert "case/logs/agent.log" in names
    assert names[-1] == "case#2/a.log"
    assert bundle.name == "one.log + case + case#2"


@pytest.mark.parametrize(
    ("head", "why"), [(b"%PDF-1.7\n", "PDF"), (b"\x89PNG\r\n\x1a\n", "picture"), (b"\x7fELF", "executable")]
)
def test_what_is_no_bundle_is_one_skipped_member(head: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    path.write_bytes(head + bytes(range(256)) * 20)
    (member,) = members(path)

    assert (member.name, member.data, member.status) == ("thing", None, "skipped")
    assert why in str(member.reason)


@pytest.mark.parametrize("given", [[], [""], ["/nowhere/at-all"], ["/dev/null"], ["a\0b"], ["x" * 5000]])
def test_what_cannot_be_opened_is_one_sentence(given: list[str]) -> None:
    with pytest.raises(BundleError) as raised:
        open_bundle(given)

    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_said(folder: Path) -> None:
    (folder / "logs/agent.log").chmod(0)
    told = {member.name: member for member in members(folder)}
    folder.chmod(0)
    with pytest.raises(BundleError, match="no permission"):
        open_bundle([folder])
    folder.chmod(0o700)

    assert told["logs/agent.log"].status == "broken"
    assert told["logs/scheduler.log"].status == "read"


def test_budgets_end_the_reading_and_say_so(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(tarred(FILES))

    assert members(archive, Budget(entries=2))[-1].status == "refused"
    assert "bytes" in str(members(archive, Budget(bytes_out=3000))[-1].reason)
    assert "longer than" in str(members(archive, Budget(seconds=0))[-1].reason)
    assert members(folder, Budget(entries=2))[-1].status == "refused"
    cut = members(archive, Budget(member_bytes=10))
    assert {member.status for member in cut if member.bytes > 10} == {"partly"}


def test_the_consumers_time_is_not_the_readers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    read = 0
    for member in open_bundle([folder], Budget(seconds=1)).members():
        now[0] += 100  # the consumer thinks
        read += member.status == "read"

    assert read == len(FILES)


def test_a_budget_is_said_in_words() -> None:
    said = Budget.of(["bytes_out=16GiB", "seconds=3600", "entries=5"])

    assert said == replace(Budget(), bytes_out=16 << 30, seconds=3600.0, entries=5)
    for wrong in ("x=1", "seconds", "depth=-1", "entries=0", "bytes_out=1TB"):
        with pytest.raises(ValueError, match="--budget"):
            Budget.of([wrong])
