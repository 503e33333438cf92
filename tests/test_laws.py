"""What must hold of every bundle: what changes nothing, and what must change something."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document, dump
from patterns.loader import load_library
from tests.incidents import EVERY, FEW, REST, Incident, decisive, ending, home, incident, models, right, shifted
from tests.test_sample_bundles import BUNDLES, as_folder, contents, outcome, renamed

LIBRARY = load_library()
NOISE = {
    "notes/readme.txt": b"Dear all,\nthe meeting is on Tuesday. Please bring the numbers of last month.\n" * 5,
    "other/table.csv": b"day,sales\n1,20\n2,21\n3,19\n" * 20,
    "other/picture.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "other/main.go": b'package main\n\nfunc main() {\n\tprintln("error: connection refused to nobody")\n}\n',
}
FAILING = [path for path in BUNDLES if path.parent.name not in ("healthy-installation", "routes-gone")]


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in EVERY if decisive(name)]


def document(files: Mapping[str, bytes], to: Path) -> Document:
    return analyse(read(open_bundle([as_folder(files, to)]), workers=1), LIBRARY)


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


@pytest.mark.parametrize("name", [*(path.parent.name for path in FAILING), *FEW, *SLOW])
def test_without_the_lines_that_prove_it_the_first_root_is_gone(name: str, tmp_path: Path) -> None:
    case = incident(name)
    files = case.files
    made = before(case, tmp_path / "a")
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


# ---- simulated bundles, and laws for all

BASE: dict[tuple[str, str], tuple[Document, list[dict[str, object]]]] = {}
CERTAINTY = ("possible", "likely", "certain")
# Each law alone for a few incidents; for every one of them where there is an hour; in between, all laws at once.
SIMULATED = [*(pytest.param(name) for name in FEW), *(pytest.param(n, marks=pytest.mark.long) for n in EVERY + REST)]
LAYOUTS = ("cri", "prefix", "docker")
OFF = (5400, -45)  # seconds by which a clock is wrong
ONE_IN = 3  # logs of an incident are moved, another third in the next
ELSEWHERE = "unrelated-team"


def judged(files: Mapping[str, bytes], to: Path) -> tuple[Document, list[dict[str, object]]]:
    """The document of some files, and the clocks they were put on."""
    case = read(open_bundle([as_folder(files, to)]), workers=1)
    return analyse(case, LIBRARY), case.clocks.to_dicts()


def before(case: Incident, to: Path) -> Document:
    """The document of a bundle as it is; each is made once."""
    key = (case.name, case.layout)
    if key not in BASE:
        BASE[key] = judged(case.files, to)
    return BASE[key][0]


def lasting(made: Document) -> dict[str, str]:
    """The roots that make a verdict, each with its certainty."""
    return {
        f["pattern"]: f["certainty"]
        for f in made["findings"]
        if f["role"] == "root" and f["at_end"] != "ended" and f["severity"] in ("medium", "high", "critical")
    }


def says_no_more(after: Document, made: Document) -> bool:
    """Whether a document says the same as another, or the same less certainly, and nothing else."""
    old, new = lasting(made), lasting(after)
    weaker = all(name in old and CERTAINTY.index(new[name]) <= CERTAINTY.index(old[name]) for name in new)
    return weaker and (after["verdict"] == made["verdict"] or after["verdict"] in ("undetermined", "insufficient"))


def backwards(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files under names that turn their order round."""
    return {f"{ord('z') - ord(n[0].lower()):03}/{999 - at:03}-{n}": d for at, (n, d) in enumerate(files.items())}


def beside(case: Incident) -> dict[str, bytes]:
    """A sound installation in another namespace, collected at the same time; no model of it has a name of the case's."""
    sound = incident("ten-models").files
    later = round((ending(case.files) - ending(sound)).total_seconds())
    apart = {home("ten-models"): ELSEWHERE} | {name: f"x{name[1:]}" for name in models("ten-models")}

    def elsewhere(text: str) -> str:
        return re.sub("|".join(map(re.escape, apart)), lambda found: apart[found[0]], text)

    return {
        f"beside/{elsewhere(member)}": shifted(elsewhere(data.decode()).encode(), later)
        for member, data in sound.items()
        if member != "client.txt"  # who calls it is not in it
    }


def copies(case: Incident) -> dict[str, bytes]:
    """A second copy of the logs."""
    return {f"copy/{name}": case.files[name] for name in case.logs}


@pytest.mark.parametrize("name", SIMULATED)
def test_order_and_names_of_files_change_nothing(name: str, tmp_path: Path) -> None:
    case = incident(name, "flat")
    made = before(case, tmp_path / "a")

    shuffled = document(backwards(case.files), tmp_path / "b")
    unnamed = analyse(read(open_bundle([renamed(case.files, tmp_path / "c")])), LIBRARY)

    assert outcome(shuffled) == outcome(made)
    assert outcome(unnamed) == outcome(made)


@pytest.mark.parametrize("name", [*FEW, *(pytest.param(n, marks=pytest.mark.slow) for n in EVERY)])
def test_workers_change_nothing_in_simulated_bundles(name: str, tmp_path: Path) -> None:
    case = incident(name)
    made = before(case, tmp_path / "one" / "a")

    folder = as_folder(case.files, tmp_path / "three" / "a")
    three = analyse(read(open_bundle([folder]), workers=3), LIBRARY)

    assert dump(three) == dump(made)


@pytest.mark.parametrize("layout", ["cri", *(pytest.param(x, marks=pytest.mark.long) for x in ("prefix", "docker"))])
@pytest.mark.parametrize("name", SIMULATED)
def test_the_same_installation_in_another_layout_is_the_same_case(name: str, layout: str, tmp_path: Path) -> None:
    made = before(incident(name), tmp_path / "a")

    after = document(incident(name, layout).files, tmp_path / "b")

    assert outcome(after) == outcome(made)


@pytest.mark.parametrize("name", SIMULATED)
def test_a_sound_namespace_beside_it_changes_nothing(name: str, tmp_path: Path) -> None:
    case = incident(name)
    made = before(case, tmp_path / "a")

    after = document({**case.files, **beside(case)}, tmp_path / "b")

    assert outcome(after) == outcome(made)


@pytest.mark.parametrize("name", SIMULATED)
def test_noise_and_copies_change_nothing(name: str, tmp_path: Path) -> None:
    case = incident(name)
    made = before(case, tmp_path / "a")

    noisy = document({**case.files, **NOISE}, tmp_path / "b")
    copied = document({**case.files, **copies(case)}, tmp_path / "c")

    assert outcome(noisy) == outcome(made)
    assert outcome(copied) == outcome(made)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "name"), list(enumerate(EVERY)), ids=EVERY)
def test_all_that_changes_nothing_changes_nothing_together(number: int, name: str, tmp_path: Path) -> None:
    """Where this fails, the tests of each change alone (`-m long`) tell which it is."""
    case, flat, other = (incident(name, x) for x in ("must-gather", "flat", LAYOUTS[number % len(LAYOUTS)]))
    made, made_flat = before(case, tmp_path / "a"), before(flat, tmp_path / "b")

    unnamed = analyse(read(open_bundle([renamed({**backwards(flat.files), **NOISE}, tmp_path / "c")])), LIBRARY)
    together = document(backwards({**other.files, **copies(other), **NOISE}), tmp_path / "d")
    accompanied = document({**case.files, **beside(case)}, tmp_path / "e")

    assert outcome(unnamed) == outcome(made_flat)
    assert outcome(together) == outcome(made)
    assert outcome(accompanied) == outcome(made)


def hold_with_a_clock_off(case: Incident, moves: Iterable[tuple[str, int]], tmp_path: Path) -> None:
    """Check that a log whose clock is off by so many seconds changes nothing, or says less."""
    made = before(case, tmp_path / "a")
    for number, (member, seconds) in enumerate(moves):
        moved = {**case.files, member: shifted(case.files[member], seconds)}
        after, clocks = judged(moved, tmp_path / f"b{number}")

        inferred = [c for c in clocks if c["member"] == member and c["pairs"] and c["offset"]]
        if inferred:
            assert outcome(after) == outcome(made), (member, seconds, inferred)
        assert says_no_more(after, made), (member, seconds, outcome(after), outcome(made))


def movable(case: Incident) -> list[str]:
    """The logs of Seldon's components."""
    return [member for member in case.logs if "seldon" in member or "mlserver" in member]


@pytest.mark.parametrize("seconds", [OFF[0], pytest.param(OFF[1], marks=pytest.mark.long)])
@pytest.mark.parametrize("name", SIMULATED)
def test_a_clock_that_is_off_changes_nothing_or_says_less(name: str, seconds: int, tmp_path: Path) -> None:
    case = incident(name)
    hold_with_a_clock_off(case, ((member, seconds) for member in movable(case)), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "name"), list(enumerate((*EVERY, *FEW))), ids=(*EVERY, *FEW))
def test_some_clock_that_is_off_changes_nothing_or_says_less(number: int, name: str, tmp_path: Path) -> None:
    """A third of an incident's logs, by turns early and late: every kind of log is moved in some incident."""
    case = incident(name)
    moves = [
        (member, OFF[(number + place) // ONE_IN % len(OFF)])
        for place, member in enumerate(movable(case))
        if (number + place) % ONE_IN == 0
    ]
    hold_with_a_clock_off(case, moves, tmp_path)


@pytest.mark.parametrize(
    "name", [*(n for n in FEW if decisive(n)), *(pytest.param(n, marks=pytest.mark.slow) for n in EVERY if decisive(n))]
)
def test_without_the_decisive_source_no_other_cause_is_named(name: str, tmp_path: Path) -> None:
    made = before(incident(name), tmp_path / "a")

    blind = document(incident(name, without=decisive(name)).files, tmp_path / "b")

    others = {p.partition("/")[2] for p in lasting(blind)} - right(name)
    assert made["verdict"] == "failure"
    assert not others or blind["verdict"] != "failure"
