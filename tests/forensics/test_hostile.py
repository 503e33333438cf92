"""Nothing that is sent may crash, hang, escape, or be lost without a word."""

import os
import socket
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmarks import hostile_archives as HOSTILE  # noqa: N812
from forensics.bundle import Budget, Member, open_bundle
from forensics.opening.names import member_name
from parsers.decoding import LEAST, decode, without_crowds
from parsers.layout import origin_of
from parsers.segments import headings, segments
from parsers.wrappers import unwrap

STATUSES = {"read", "partly", "skipped", "refused", "broken"}


MADE = (*HOSTILE.small_files(), *HOSTILE.streams(), *HOSTILE.archives())
CASES = {name: data for name, data in MADE if not name.startswith("many-logs")}


def run(path: Path, budget: Budget = Budget()) -> list[Member]:  # noqa: B008
    """Give an input to everything that reads, and hold it to what holds for all inputs."""
    found = list(open_bundle([path], budget).members())
    names = [member.name for member in found]
    assert len(names) == len(set(names))
    for member in found:
        assert member.status in STATUSES
        assert (member.reason is None) == (member.status == "read")
        assert member.name.isprintable()
        assert not member.name.startswith("/")
        assert ".." not in member.name.split("/")
        if member.data is not None:
            read_lines(member)
    return found


def read_lines(member: Member) -> None:
    assert member.data is not None
    frame, why = decode(member.data)
    assert (frame is None) != (why is None)
    if frame is None:
        return
    unwrapped = unwrap(member.name, frame, origin_of(member.name))
    counted = 0
    for artefact in unwrapped.artefacts:
        parts = segments(artefact)
        apart = headings(artefact)
        assert sum(len(part.frame) for part in parts) + len(apart) == len(artefact.frame)
        counted += int(artefact.frame["lines"].sum())
    assert counted + len(unwrapped.ignored) + len(unwrapped.rejects) == len(frame)


@pytest.mark.parametrize("name", CASES)
def test_an_input_ends_in_members_with_reasons(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(CASES[name])
    before = sorted(tmp_path.iterdir())
    started = time.process_time()
    found = run(path)

    assert time.process_time() - started < 60
    assert found
    assert sorted(tmp_path.iterdir()) == before
    assert all(b"root:" not in (member.data or b"") for member in found)


def statuses(name: str, data: bytes, tmp_path: Path, budget: Budget = Budget()) -> dict[str, str]:  # noqa: B008
    path = tmp_path / name
    path.write_bytes(data)
    return {member.name: member.status for member in run(path, budget)}


def test_names_never_leave_the_bundle(tmp_path: Path) -> None:
    assert statuses("a.tar", CASES["absolute.tar"], tmp_path) == {"etc/cron.d/x": "read"}
    assert statuses("b.tar", CASES["dotdot.tar"], tmp_path) == {"tmp/hostile-escaped": "read"}
    zipped = statuses("c.zip", CASES["names.zip"], tmp_path)
    assert zipped == dict.fromkeys(("a.log", "b/c.log", "d.log", "e.log", "C:/f.log"), "read")


def test_links_and_devices_are_rows_and_nothing_else(tmp_path: Path) -> None:
    linked = statuses("a.tar", CASES["links.tar"], tmp_path)
    assert linked == {
        "a": "refused",
        "b": "refused",
        "c": "refused",
        "d": "skipped",
        "e": "skipped",
        "a/inside.log": "read",
    }
    assert statuses("b.tar", CASES["devices.tar"], tmp_path)["dev"] == "refused"
    assert statuses("c.zip", CASES["link.zip"], tmp_path) == {"link": "skipped", "a.log": "read"}


def test_duplicates_and_cases_are_kept_apart(tmp_path: Path) -> None:
    assert set(statuses("a.tar", CASES["duplicates.tar"], tmp_path)) == {"a.log", "a.log#2", "A.log"}


def test_names_show_what_they_hide(tmp_path: Path) -> None:
    names = set(statuses("a.tar", CASES["names.tar"], tmp_path))

    assert {
        "\\xff\\xfe.log",
        "esc\\x1b[31m.log",
        "line\\x0afeed.log",
        "\\u202etxt.exe.log",
        "zero\\u200bwidth.log",
    } <= names


def test_a_sparse_member_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    assert statuses("a.tar", CASES["sparse.tar"], tmp_path) == {"sparse.log": "refused", "after.log": "read"}
    assert statuses("b.tar", CASES["pax-sparse.tar"], tmp_path)["s"] == "refused"


def test_after_a_damaged_header_the_walk_goes_on(tmp_path: Path) -> None:
    assert statuses("a.tar", CASES["damaged-header.tar"], tmp_path) == {"a": "read", "b": "read", "a.tar": "broken"}
    assert statuses("b.tar", CASES["after-the-end.tar"], tmp_path)["b"] == "read"


def test_overlapping_and_encrypted_entries_are_refused(tmp_path: Path) -> None:
    assert set(statuses("a.zip", CASES["overlapping.zip"], tmp_path).values()) == {"refused"}
    assert statuses("b.zip", CASES["encrypted.zip"], tmp_path) == {"secret.log": "refused"}


def test_a_zip_without_its_directory_is_read_from_the_front(tmp_path: Path) -> None:
    told = statuses("a.zip", CASES["no-directory.zip"], tmp_path)

    assert told["a.log"] == "read"
    assert told["a.zip"] == "broken"


def test_what_stands_before_a_cut_counts(tmp_path: Path) -> None:
    whole = CASES["small.tar.gz"]
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(whole[:-12])
    found = {member.name: member for member in run(path)}

    assert found["logs/agent.log"].status == "read"
    assert found["cut.tar.gz"].status == "broken"


def test_no_name_holds_a_secret(tmp_path: Path) -> None:
    names = statuses("a.tar", CASES["unknown-kinds.tar"], tmp_path)

    assert not [name for name in names if HOSTILE.SECRET in name]


def test_an_archive_of_nothing_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    assert statuses("a.tar", CASES["many-folders.tar"], tmp_path) == {"a.tar": "skipped"}
    assert [member.reason for member in run(tmp_path / "folder")] == ["it holds no files"]


def test_a_wrong_checksum_keeps_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(CASES["wrong-crc.log.gz"])
    (member,) = run(path)

    assert member.status == "partly"
    assert member.data == HOSTILE.LOG


@pytest.mark.parametrize("form", ["gz", "bz2", "xz", "zip", "tar.gz"])
def test_a_bomb_is_stopped_early(form: str, tmp_path: Path) -> None:
    import bz2
    import gzip
    import lzma
    import zlib

    zeros = bytes(8 << 20)
    data = {
        "gz": lambda: gzip.compress(zeros),
        "bz2": lambda: bz2.compress(zeros),
        "xz": lambda: lzma.compress(zeros),
        "zip": lambda: HOSTILE._zip(("bomb", zeros)),
        "tar.gz": lambda: gzip.compress(
            HOSTILE.stored(b"bomb", zeros) + HOSTILE.stored(b"a.log", HOSTILE.LOG) + HOSTILE.END
        ),
    }[form]()
    assert zlib
    told = statuses(f"bomb.{form}", data, tmp_path, Budget(window=1 << 20, windows=100))

    assert "refused" in told.values()
    assert form != "tar.gz" or told["a.log"] == "read"


def test_an_honest_log_may_compress_well(tmp_path: Path) -> None:
    import gzip

    line = b"[WARNING] No files matching import glob pattern: /etc/coredns/custom/%05d.override\n"
    path = tmp_path / "coredns.log.gz"
    path.write_bytes(gzip.compress(b"".join(line % (i % 50_000) for i in range(50_000)), mtime=0))
    (member,) = run(path, Budget(window=1 << 20))

    assert member.status == "read"


def test_nesting_ends(tmp_path: Path) -> None:
    for name in ("nested-40", "gz-of-gz"):
        assert set(statuses(name, CASES[name], tmp_path).values()) == {"refused"}


def test_a_folder_gives_only_its_own_files(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.log").write_text("outside\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.log").write_bytes(HOSTILE.LOG)
    os.mkfifo(folder / "fifo")
    (folder / "out.log").symlink_to(outside / "secret.log")
    (folder / "up").symlink_to("../outside")
    (folder / "loop").symlink_to("loop")
    (folder / "gone").symlink_to("nowhere")
    (folder / "again").symlink_to("a.log")
    (folder / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(folder / "sock"))
    found = {member.name: member for member in run(folder)}

    assert {name: member.status for name, member in found.items()} == {
        "a.log": "read",
        "again": "skipped",
        "fifo": "refused",
        "gone": "skipped",
        "loop": "skipped",
        "out.log": "refused",
        "sock": "refused",
        "up": "refused",
        "zero": "refused",
    }


def test_files_that_vanish_or_change_are_told(tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "c.log"):
        (tmp_path / name).write_bytes(HOSTILE.LOG)
    reading = open_bundle([tmp_path]).members()
    first = next(reading)
    (tmp_path / "b.log").unlink()
    (tmp_path / "c.log").unlink()
    os.mkfifo(tmp_path / "c.log")
    gone, swapped = list(reading)

    assert first.status == "read"
    assert (gone.status, gone.data) == ("broken", None)
    assert (swapped.status, swapped.data) == ("skipped", None)


def test_a_file_that_grows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(HOSTILE.LOG)
    once = [True]
    real = os.fstat

    def growing(number: int) -> os.stat_result:
        told = real(number)
        if once.pop() if once else False:
            with path.open("ab") as file:
                file.write(b"more\n")
        return told

    monkeypatch.setattr(os, "fstat", growing)
    (member,) = open_bundle([tmp_path]).members()

    assert (member.status, member.data) == ("partly", HOSTILE.LOG)


SEEDS = [
    CASES[name] for name in ("small.tar.gz", "names.zip", "links.tar", "pax-times.tar", "members.log.gz", "plain.log")
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_mutation_of_an_archive_raises(data: st.DataObject, tmp_path: Path) -> None:
    raw = bytearray(data.draw(st.sampled_from(SEEDS))[:20_000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        match data.draw(st.sampled_from(("flip", "cut", "splice", "repeat"))):
            case "flip" if raw:
                raw[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del raw[at:]
            case "splice":
                raw[at:at] = data.draw(st.binary(max_size=64))
            case _:
                raw[at:at] = raw[at : at + 600]
    path = tmp_path / "mutated"
    path.write_bytes(raw)

    run(path, Budget(seconds=20, member_bytes=8 << 20))


WRAPPED = st.sampled_from(
    (
        "2025-03-04T10:15:30.123456789Z stderr F time=x",
        "2025-03-04T10:15:30.123456789Z stdout P half",
        '{"log":"x\\n","stream":"stderr","time":"2025-03-04T10:15:30.123456789Z"}',
        "[pod/mlserver-0/agent] hello",
        "mlserver-0 agent hello",
        "agent-1  | hello",
        "Jul 12 18:30:09 node-1 kubelet[1]: hello",
        "==== START logs for container agent of pod ml/mlserver-0 ====",
        "$ kubectl logs -n ml mlserver-0 -c agent",
        "```",
        "=== scheduler ===",
        '{"labels":{"pod":"p"},"line":"x","timestamp":"2025-03-04T10:15:30Z"}',
        "timestamp,message",
        "1752345009123,hello",
        "[",
        '{"insertId":"a","textPayload":"x","timestamp":"2025-03-04T10:15:30Z"}',
        "",
        " ",
    )
)


@settings(max_examples=150)
@given(lines=st.lists(WRAPPED | st.text(max_size=40), max_size=30), repeats=st.integers(1, 4))
@example(lines=["timestamp,message", ""], repeats=2)  # a table whose last line is empty
def test_every_line_is_in_one_place(lines: list[str], repeats: int) -> None:
    data = "\n".join(line for line in lines for _ in range(repeats)).encode("utf-8", "surrogatepass")
    read_lines(Member("any.log", data, len(data), "", "read", None))


@given(data=st.binary(max_size=400))
def test_bytes_become_lines_or_a_reason(data: bytes) -> None:
    frame, why = decode(data)

    assert (frame is None) != (why is None)
    if frame is not None:
        assert frame["line"].to_list() == list(range(1, len(frame) + 1))
        assert frame["text"].null_count() == 0
        assert frame.filter(pl.col("text").str.contains("[\0\n]")).is_empty()


@given(st.text(min_size=1, max_size=12) | st.binary(min_size=1, max_size=12))
@example("\xa0")  # a space that is none
@example("\u2028/\u3000")
@example(b"\xff\x00/..")
def test_a_member_is_called_by_what_shows(raw: str | bytes) -> None:
    name = member_name(raw, 4096)

    assert name.isprintable()
    assert not {"", ".", ".."} & set(name.split("/"))


@given(st.integers(0, 40), st.booleans(), st.integers(1, 20))
def test_a_crowd_of_short_lines_is_cut_and_counted(lines: int, ended: bool, most: int) -> None:
    data = b"\n".join([b"a"] * lines) + (b"\n" if ended else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("parsers.decoding.MOST_LINES", most)
        kept, lost = without_crowds(data)
    most = max(most, len(data) // LEAST)
    whole, _ = decode(data)
    left, _ = decode(kept)

    assert whole is not None
    assert left is not None
    assert (len(left), lost) == (len(whole) - lost, max(0, len(whole) - most) if data.count(b"\n") > most else 0)
