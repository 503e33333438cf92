import stat
from pathlib import Path

import pytest

from forensics.analysis import read_whole
from forensics.bundle import open_bundle
from forensics.intake import cache

LOG = 'time="2026-03-04T10:15:02Z" level=error msg="Scheduler not ready" Name=AgentServiceManager\n\n\tgarbage\n'


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "agent.log"
    path.write_text(LOG * 3)
    return path


def _key(path: Path) -> str:
    key = cache.key_of(path, path.name)
    assert key is not None
    return key


def test_what_was_kept_is_what_was_read(bundle: Path) -> None:
    intake, given = read_whole(open_bundle([bundle]))
    assert cache.recall(_key(bundle)) is None
    cache.keep(_key(bundle), intake, given)
    known = cache.recall(_key(bundle))
    assert known is not None
    again, told = known
    assert told == given
    assert list(again.frames) == list(intake.frames)
    assert all(
        again.frames[name].equals(frame) and again.frames[name].schema == frame.schema
        for name, frame in intake.frames.items()
    )
    assert (again.versions, again.failures, again.cut) == (intake.versions, intake.failures, intake.cut)
    for one, other in zip(again.reads, intake.reads, strict=True):
        assert one.lines == other.lines
        assert one.ignored.equals(other.ignored)
        assert one.rejects.equals(other.rejects)
        assert (one.member, one.sha256, one.kinds, one.account) == (
            other.member,
            other.sha256,
            other.kinds,
            other.account,
        )


def test_another_name_or_content_is_another_bundle(bundle: Path) -> None:
    first = _key(bundle)
    assert cache.key_of(bundle, "other.log") != first
    bundle.write_text(LOG)
    assert _key(bundle) != first
    assert cache.key_of(bundle.parent, "a folder") is None


def test_damage_is_no_failure(bundle: Path, tmp_path: Path) -> None:
    cache.keep(_key(bundle), *read_whole(open_bundle([bundle])))
    for path in (tmp_path / "cache").rglob("*.arrow"):
        path.write_bytes(path.read_bytes()[:40])
    assert cache.recall(_key(bundle)) is None


def test_a_cache_that_cannot_be_written_is_no_failure(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands in the way")
    cache.keep(_key(bundle), *read_whole(open_bundle([bundle])))
    assert cache.recall(_key(bundle)) is None


def test_it_is_private_and_bounded(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.keep(_key(bundle), *read_whole(open_bundle([bundle])))
    home = tmp_path / "cache" / "seldon-forensics" / "bundles"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == [_key(bundle)]
    monkeypatch.setattr(cache, "MOST", 1)
    bundle.write_text(LOG)
    cache.keep(_key(bundle), *read_whole(open_bundle([bundle])))
    assert list(home.iterdir()) == []
