"""A bundle that does not fit into memory gets the same answer from the words of the records that tell something."""

from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.evidence.hits import find
from forensics.lean import LESS, OPENING, WORDS, Lean, machine, room
from parsers.schema import SOURCES
from patterns.language import parse_where
from patterns.literals import condition_literals
from patterns.loader import load_library
from patterns.pattern import Evidence, Library

ROOT = Path(__file__).parents[2] / "sample_bundles"
BUNDLES = sorted(next(folder.glob("bundle*")) for folder in ROOT.iterdir() if folder.is_dir())
LIBRARY = load_library()
SOURCE = "log.scheduler"
PIECES = [
    (f"{pattern.id}:{name}", piece)
    for pattern in LIBRARY.patterns.values()
    for name, piece in pattern.evidence.items()
    if piece.source == SOURCE
]
LITERALS = sorted({literal for _, piece in PIECES for literal in condition_literals(piece.where)})


def log(texts: list[str], source: str = SOURCE, **columns: object) -> pl.DataFrame:
    """Return records at level info with these texts."""
    said = {"member": "scheduler.log", "level": "info", "previous": False, "lines": 1} | columns
    frame = pl.DataFrame({"text": texts, "message": texts, "line": range(1, len(texts) + 1)})
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(said.get(name))).cast(dtype, strict=False).alias(name)
        for name, dtype in SOURCES[source].columns.items()
    )


def of(where: str | None, *bind: str) -> Library:
    """Return a library of one pattern that asks this of the scheduler's log."""
    pattern = next(p for p in LIBRARY.patterns.values() for piece in p.evidence.values() if piece.source == SOURCE)
    condition = None if where is None else parse_where(where, SOURCE)
    piece = Evidence("e", SOURCE, condition, dict.fromkeys(bind, "message"))
    return Library({pattern.id: replace(pattern, evidence={"e": piece})}, "")


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.parent.name)
def test_the_answer_is_the_same(path: Path) -> None:
    whole = read(open_bundle([path]))
    lean = read(open_bundle([path]), lean=Lean(LIBRARY, 0))
    said = analyse(lean, LIBRARY)

    assert LESS in said["remarks"]
    said["remarks"].remove(LESS)
    assert orjson.dumps(said) == orjson.dumps(analyse(whole, LIBRARY))
    assert any((frame["text"] == "").any() for name, frame in lean.frames.items() if name.startswith("log."))


@settings(max_examples=100)
@given(st.lists(st.lists(st.sampled_from([*LITERALS, "noise", " ", "model=a"]), max_size=3).map(" ".join), max_size=8))
def test_every_piece_finds_the_same_records(texts: list[str]) -> None:
    frame = log(["opening"] * OPENING + texts)
    timed = {name: pl.lit(None, dtype) for name, dtype in (("earliest", pl.Int64), ("latest", pl.Int64))}
    placed = frame.with_columns(**timed, section=pl.lit(0), clock=pl.lit(""))
    thinned = Lean(LIBRARY, 0).thinned(SOURCE, frame)
    bare = placed.with_columns(thinned[word] for word in WORDS)

    assert find(PIECES, {SOURCE: bare}) == find(PIECES, {SOURCE: placed})


def test_what_tells_nothing_keeps_all_but_its_words() -> None:
    frame = log(["opening"] * OPENING + ["nothing", "the one word", "nothing"], time=None)
    frame = frame.with_columns(level=pl.when(pl.col("line") == OPENING + 3).then(pl.lit("warning")).otherwise("level"))
    frame = frame.cast({"level": SOURCES[SOURCE].columns["level"]})
    thinned = Lean(of('text contains "one word"'), 0).thinned(SOURCE, frame)

    assert thinned["text"].to_list() == ["opening"] * OPENING + ["", "the one word", "nothing"]
    assert thinned.drop(*WORDS).select(frame.drop(*WORDS).columns).equals(frame.drop(*WORDS))


@pytest.mark.parametrize(
    "asked", [('not text contains "opening"',), (None, "model"), ("message exists",), ('level = "info"', "model")]
)
def test_a_condition_without_a_literal_is_asked_before_the_words_go(asked: tuple[str | None, ...]) -> None:
    library = of(*asked)  # type: ignore[arg-type]
    frame = log(["opening"] * (OPENING + 1) + ["other"])
    pieces = [("e", piece) for p in library.patterns.values() for piece in p.evidence.values()]
    placed = frame.with_columns(earliest=pl.lit(0), latest=pl.lit(1), section=pl.lit(0), clock=pl.lit(""))
    bare = placed.with_columns(Lean(library, 0).thinned(SOURCE, frame)[word] for word in WORDS)

    assert find(pieces, {SOURCE: bare}) == find(pieces, {SOURCE: placed})


def test_a_second_copy_is_still_told(tmp_path: Path) -> None:
    lines = [f'time="2025-03-04T10:15:{s:02}Z" level=info msg="Server {s} was told of nothing"' for s in range(60)]
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("\n".join([*lines, 'time="2025-03-04T10:17:00Z" level=info msg=end source=Agent']))

    intake = read(open_bundle([tmp_path]), lean=Lean(None, 0)).intake

    assert [read.reason for read in intake.reads] == [None, "a copy of a.log: counted once"]


def test_all_members_are_lean_or_none(tmp_path: Path) -> None:
    for name, words in (("a.log", 80), ("b.log", 90)):
        lines = [f'time="2025-03-04T10:15:00Z" level=info msg="{name} {i}" source=AgentServer' for i in range(words)]
        (tmp_path / name).write_text("\n".join(lines))
    size = sum(int(frame.estimated_size()) for frame in read(open_bundle([tmp_path])).intake.frames.values())

    def empty(room: int) -> set[str]:
        intake = read(open_bundle([tmp_path]), lean=Lean(None, room)).intake
        assert intake.lean == (room < size)
        return {member for f in intake.frames.values() for member in f.filter(pl.col("text") == "")["member"]}

    assert empty(4 * size) == set()
    assert empty(size // 2) == {"a.log", "b.log"}


def test_a_quarter_of_the_machine_is_usual() -> None:
    assert machine() > 0
    assert room(machine() / 4) == pytest.approx(room(), abs=1)
    assert room(1 << 20) == 0
    assert room(1 << 30) == ((1 << 30) - (250 << 20)) // 2


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("log.scheduler", "Namespace is ml"),
        ("log.scheduler", "Scheduler is ready"),
        ("log.scheduler", 'updates: {pipelineName:"p" topicName:"seldon.ml.model.m.inputs"}'),
        ("log.scheduler", "open delta watch ID:1 for type.googleapis.com/envoy.config.cluster.v3.Cluster"),
        ("log.scheduler", "Adding model m(1) to server s replica 0 list"),
        ("log.agent", "Setting capabilities from env SELDON_SERVER_CAPABILITIES with value [sklearn]"),
        ("log.agent", "Setting inference svc name to mlserver-0"),
        ("log.agent", "event recv failed error=EOF"),
        ("log.agent", "Load model m:1 success"),
        ("log.controller", "Received event name=m state=ModelAvailable"),
        ("log.envoy", "cds: add 2 cluster(s), remove 0 cluster(s)"),
        ("log.mlserver", "served 0f1e2d3c-1111-4222-8333-444455556666"),
        ("log.other", "dial tcp 10.0.0.1:9005: i/o timeout"),
    ],
)
def test_what_the_analysis_itself_reads_keeps_its_words(source: str, text: str) -> None:
    frame = log(["opening"] * OPENING + ["nothing", text], source)

    assert Lean(None, 0).thinned(source, frame)["text"].to_list()[-2:] == ["", text]
