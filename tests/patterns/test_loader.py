"""One file, and the whole library: what is read, what is refused and how it is said; the cache."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns import loader
from patterns.graph import cycle, edges, in_order
from patterns.loader import compiled, load_library, load_pattern, read_library
from patterns.pattern import Pattern, PatternError
from patterns.places import places
from patterns.plain import from_plain, to_plain
from patterns.terms import AndTerm, Piece
from tests.patterns.generated import CONDITIONS, TERMS

WHOLE = """# one of everything
title    = "Agents cannot reach the scheduler"
severity = "critical"
status   = "stable"
role     = "cause"
match    = 'dial with no later subscribed'
explains = ["other/symptom"]
about    = '''
Why.
'''
remedy   = [{ do = "Open the port", run = "kubectl -n $namespace get networkpolicy" }]
verify   = { run = "kubectl get pods", expect = "all running" }
references = ["https://example.org"]
versions = "seldon-core >= 2.0, < 3; mlserver >= 1.4"
precision = 1

[evidence.dial]
from  = "log.agent"
where = 'text contains "dial tcp"'
bind  = ["namespace", "pod"]
repeats = "30s"

[evidence.subscribed]
from  = "log.agent"
where = '''
text contains "Subscribed to scheduler"
'''
bind  = { pod = "fields.pod" }

[evidence.shut]
from  = "net.path"
strength = "decisive"
weight = "weak"

[[example]]
name   = "seen once"
origin = "imagined"
expect = "present"
subject = { pod = "mlserver-0" }
files."agent/a.log" = '''
title = "not a key of the pattern"
'''
"""


def read(text: str) -> Pattern:
    return load_pattern(text, "network/one", "one.toml")


def mistakes(text: str) -> list[str]:
    with pytest.raises(PatternError) as caught:
        read(text)
    return [line for line in str(caught.value).split("\n") if not line.startswith("    ")]


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def small(title: str = "x", *, more: str = "", source: str = "log.agent") -> str:
    return f'title = "{title}"\nseverity = "low"\nrole = "cause"\n{more}\n[evidence.a]\nfrom = "{source}"\n'


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def _no_own_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "own_files", dict)


# ---- one file


def test_a_file_is_read_whole() -> None:
    pattern = read(WHOLE)

    assert (pattern.layer, pattern.name, pattern.file) == ("network", "one", "one.toml")
    assert pattern.evidence["subscribed"].bind == {"pod": "fields.pod"}
    assert pattern.evidence["shut"].weak
    assert pattern.remedy[0].do == "Open the port"
    assert pattern.examples[0].files == {"agent/a.log": 'title = "not a key of the pattern"\n'}
    assert pattern.precision == 1.0
    assert pattern.about == "Why."


def test_without_a_match_all_required_pieces_are_meant() -> None:
    text = small() + '[evidence.b]\nfrom = "k8s.pod"\n[evidence.c]\nfrom = "k8s.node"\nstrength = "supporting"\n'

    assert read(text).match == AndTerm((Piece("a"), Piece("b")))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("role     =", "rol      =", "one.toml:5:13: rol: there is no key `rol` here; did you mean `role`?"),
        ('"critical"', '"critcal"', "one.toml:3:13: severity: `critcal` is none; it is one of info, low"),
        ('title    = "Agents cannot reach the scheduler"', "", "title: is missing"),
        ("weight =", "wieght =", "one.toml:33:11: evidence.shut.wieght: there is no key `wieght` here; did"),
        ('from  = "net.path"', 'from  = "net.paths"', "there is no source `net.paths`; did you mean `net.path`?"),
        ('from  = "net.path"', 'from  = "finding.net"', "should be finding.<layer>/<name>"),
        ("later subscribed'", "later subscribd'", "one.toml:6:32: match: there is no evidence `subscribd`; did you"),
        ("later subscribed'", "later shut'", "`shut` is decisive: only required pieces stand in it"),
        ("later subscribed'", "later dial'", "`subscribed` is required and not in it"),
        ("text contains \"Subs", "tex contains \"Subs", "one.toml:26:1: evidence.subscribed.where: log.agent has no"),
        ("text contains \"dial", "text containz \"dial", "one.toml:19:15: evidence.dial.where: expected a verb"),
        ('["namespace", "pod"]', '["namespac", "pod"]', "one.toml:20:9: evidence.dial.bind: `namespac` is not a name"),
        ('["namespace", "pod"]', '{ model = "modl" }', "log.agent has no column `modl`"),
        ('["namespace", "pod"]', '{ model = "a b" }', "`a b` is not a column"),
        ('"30s"', '"30 seconds"', "`30 seconds` is no length of time such as 30s"),
        ('expect = "present"', 'expect = "yes"', "example.0.expect: `yes` is none; it is one of present, absent"),
        ('files."agent/a.log"', "files.agent.log", "`agent` should be a text; a path with dots stands in quotes"),
        ('subject = { pod', "subject = { pdo", "`pdo` is not a name that can be bound; did you mean `pod`?"),
        ("< 3; mlserver", "< 3; mlsrver", "`mlsrver >= 1.4` should begin with one of seldon-core, mlserver"),
        ("precision = 1", "precision = 2", "one.toml:15:13: precision: should lie between 0 and 1"),
        ('{ do = "Open', '{ doo = "Open', "remedy.doo: there is no key `doo` here; did you mean `do`?"),
        ('"other/symptom"', '"symptom"', "`symptom` is no id; write <layer>/<name>"),
        ('"other/symptom"', '"network/one"', "a pattern cannot explain itself"),
        ('"other/symptom"', "5", "explains: should be a list of texts"),
        ("[evidence.shut]", "[evidence.within]", "`within` cannot be a name"),
        ("references = [", "references = 5 # [", "references: should be a list"),
        ("match    = 'dial", "match    = 'dial\n", "one.toml:6:17: not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_has_a_place_and_a_remedy(old: str, new: str, says: str) -> None:
    assert WHOLE.count(old) == 1

    assert any(says in mistake for mistake in mistakes(WHOLE.replace(old, new)))


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = WHOLE.replace("role     =", "rol =").replace("net.path", "net.pat").replace('text contains "dial', 'x "')

    assert len(mistakes(text)) >= 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Agents cannot reach the scheduler"', "3"),
        ('severity = "critical"', 'severity = ["critical"]'),
        ('from  = "net.path"', "from  = 1"),
        ('name   = "seen once"', "name   = 1"),
    ],
)
def test_what_is_of_the_wrong_kind_is_not_called_missing_too(old: str, new: str) -> None:
    (only,) = mistakes(WHOLE.replace(old, new))
    assert "should be text" in only


def test_a_source_nobody_knows_hides_no_other_mistake() -> None:
    text = WHOLE.replace('from  = "net.path"', 'from  = "net.paths"').replace('"decisive"', '"deciding"')

    assert [any(word in mistake for mistake in mistakes(text)) for word in ("net.paths", "deciding")] == [True, True]


def test_what_is_bound_is_text() -> None:
    assert mistakes(small() + "bind = [1]\n") == ["one.toml:7:8: evidence.a.bind: should be a list of texts"]


def test_a_name_is_not_bound_twice() -> None:
    text = small() + 'where = \'text matches "(?<pod>x)"\'\nbind = ["pod"]\n'

    assert "`pod` is bound by a named group already" in mistakes(text)[0]


@given(st.text(alphabet="[]{}=.,#'\"\n ab\\", max_size=80))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    places(text)
    with pytest.raises(PatternError):
        read(text)


def test_keys_are_found_where_they_stand() -> None:
    found = places(WHOLE)

    assert found["title",] == (2, 13)
    assert found["evidence", "subscribed", "where"] == (26, 1)
    assert found["example", "0", "files", "agent/a.log"] == (41, 1)


# ---- the library


@pytest.mark.usefixtures("_no_own_patterns")
def test_a_library_is_read_in_order_and_has_a_digest(tmp_path: Path) -> None:
    pack = write(tmp_path / "pack", {"net/b": small(more='explains = ["net/a"]'), "net/a": small()})

    library = load_library([pack])
    assert list(library.patterns) == ["net/a", "net/b"]
    assert library.digest == load_library([pack]).digest
    write(pack, {"net/a": small("y")})
    assert library.digest != load_library([pack]).digest
    assert edges(library.patterns) == {"net/a": frozenset(), "net/b": {"net/a"}}


@pytest.mark.usefixtures("_no_own_patterns")
def test_what_can_run_is_read_beside_what_cannot(tmp_path: Path) -> None:
    pack = write(
        tmp_path / "pack",
        {
            "net/a": small(more='explains = ["net/bb"]'),
            "net/b": small(more='explains = ["net/c"]'),
            "net/c": small(more='explained_by = ["net/b"]\nexplains = ["net/b"]'),
            "net/d": small(source="finding.net/nobody-knows"),
            "net/e": "broken",
            "other/a": small(),
        },
    )

    library, said = read_library([pack])
    assert list(library.patterns) == ["net/a", "net/b", "net/c", "net/d"]
    assert [mistake.partition(": ")[2] for mistake in said] == [
        f"there is a pattern `a` already: {pack}/net/a.toml",
        "not TOML: Expected '=' after a key in a key/value pair",
        "explains: there is no pattern `net/bb`; did you mean `net/b`?",
        "evidence.a.from: there is no pattern `net/nobody-knows`",
        "explains: explains goes round in a circle: net/b -> net/c -> net/b",
    ]
    assert said[2].startswith(f"{pack}/net/a.toml:4:12: ")
    with pytest.raises(PatternError):
        load_library([pack])


@pytest.mark.usefixtures("_no_own_patterns")
def test_a_file_from_an_editor_of_another_system_is_read(tmp_path: Path) -> None:
    pack = write(tmp_path / "pack", {"net/a": "", "net/b": ""})
    (pack / "net" / "a.toml").write_bytes(b"\xef\xbb\xbf" + small().encode().replace(b"\n", b"\r\n"))
    (pack / "net" / "b.toml").write_bytes(small().encode() + b"# caf\xe9\n")

    library, said = read_library([pack])
    assert list(library.patterns) == ["net/a"]
    assert said == (f"{pack}/net/b.toml:{small().count(chr(10)) + 1}:6: not UTF-8: byte 0xe9",)


def test_a_circle_is_told_where_it_can_be_broken(tmp_path: Path) -> None:
    own = next(iter(load_library().patterns))
    pack = write(tmp_path / "pack", {"x/mine": small(more=f'explains = ["{own}"]\nexplained_by = ["{own}"]')})

    (said,) = read_library([pack])[1]
    assert said.startswith(f"{pack}/x/mine.toml:4:12: explains: ")


@pytest.mark.usefixtures("_no_own_patterns")
def test_a_circle_through_a_pattern_that_was_not_read_is_told(tmp_path: Path) -> None:
    pack = write(
        tmp_path / "pack", {"net/a": "broken", "net/b": small(more='explains = ["net/a"]\nexplained_by = ["net/a"]')}
    )

    assert any("net/a -> net/b -> net/a" in mistake for mistake in read_library([pack])[1])


def test_the_library_that_comes_with_the_tool_loads() -> None:
    assert load_library().digest.startswith("sha256:")


@pytest.mark.usefixtures("_no_own_patterns")
def test_what_is_held_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = write(tmp_path / "pack", {"net/a": WHOLE.replace("other/symptom", "net/b"), "net/b": small()})
    first = load_library([pack])
    again: list[str] = []

    def count(text: str, id: str, file: str) -> Pattern:
        again.append(id)
        return load_pattern(text, id, file)

    monkeypatch.setattr(loader, "load_pattern", count)
    assert load_library([pack]) == first
    assert again == []
    write(pack, {"net/b": small("y")})
    assert load_library([pack]).patterns["net/b"].title == "y"
    assert again == ["net/b"]


@pytest.mark.usefixtures("_no_own_patterns")
@pytest.mark.parametrize("held", [b"", b"[]", b'{"x":1}', b"\xff", None])
def test_a_cache_that_is_broken_or_cannot_be_written_is_no_failure(tmp_path: Path, held: bytes | None) -> None:
    pack = write(tmp_path / "pack", {"net/a": small()})
    first = load_library([pack])
    (file,) = (tmp_path / "cache").rglob("*.json")
    if held is None:
        file.unlink()
        file.parent.rmdir()
        file.parent.write_text("a file where a folder should be")
    else:
        file.write_bytes(held)

    assert load_library([pack]) == first


@pytest.mark.usefixtures("_no_own_patterns")
def test_a_cache_leaves_one_file_behind(tmp_path: Path) -> None:
    pack = write(tmp_path / "pack", {"net/a": small()})
    folder = tmp_path / "cache" / "seldon-forensics"
    folder.mkdir(parents=True)
    (folder / "patterns-0.json").write_text("{}")
    (folder / "other.txt").write_text("not ours")

    load_library([pack])
    assert sorted(path.name == "other.txt" for path in folder.iterdir()) == [False, True]


@pytest.mark.usefixtures("_no_own_patterns")
def test_a_cache_that_holds_something_else_is_not_believed(tmp_path: Path) -> None:
    pack = write(tmp_path / "pack", {"net/a": small()})
    first = load_library([pack])
    (file,) = (tmp_path / "cache").rglob("*.json")
    for other in ([], ["Pattern"], ["Popen", "ls"], ["us", "x"], "text", ["Action", "do", "run"]):
        file.write_bytes(orjson.dumps(dict.fromkeys(orjson.loads(file.read_bytes()), other)))
        assert load_library([pack]) == first


@given(CONDITIONS | TERMS)
def test_a_tree_comes_back_from_plain_data(tree: Any) -> None:
    assert from_plain(orjson.loads(orjson.dumps(to_plain(tree)))) == tree


def test_a_pattern_comes_back_from_plain_data() -> None:
    assert from_plain(orjson.loads(orjson.dumps(to_plain(read(WHOLE))))) == read(WHOLE)


def test_a_circle_is_named() -> None:
    graph = {"a": frozenset({"b"}), "b": frozenset({"c", "d"}), "c": frozenset({"b"}), "d": frozenset[str]()}

    assert cycle(graph) == ("b", "c", "b")
    assert cycle({"a": frozenset({"b", "c"}), "b": frozenset({"c"})}) == ()


def test_findings_come_before_what_rests_on_them() -> None:
    one = load_pattern(small(source="finding.z/z"), "a/a", "a.toml")
    other = load_pattern(small(), "z/z", "z.toml")

    assert in_order({"a/a": one, "z/z": other}) == ("z/z", "a/a")


def test_what_a_wheel_was_built_with_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = load_library()
    (tmp_path / "wheel").mkdir()
    (tmp_path / "wheel" / "compiled.json").write_bytes(compiled())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nothing here"))
    monkeypatch.setattr(loader, "SHIPPED", str(tmp_path / "wheel" / "compiled.json"))
    monkeypatch.setattr(loader, "load_pattern", lambda *_: pytest.fail("it was read again"))

    assert load_library() == read
    assert not (tmp_path / "nothing here").exists()


def test_what_other_code_compiled_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compiled.json").write_bytes(compiled().replace(b'"meaning":"', b'"meaning":"0', 1))
    monkeypatch.setattr(loader, "SHIPPED", str(tmp_path / "compiled.json"))

    assert loader._shipped() == {}
