"""Objects, dumps and metrics with wrong things in them are read as far as they go; nothing is raised or lost."""

import io
import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from benchmarks import fuzz, misshapen
from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import problems
from patterns.loader import load_library
from patterns.pattern import Library

ROOT = Path(__file__).parents[2] / "tests" / "data"
TEXTS = {
    f"{path.parent.name}/{path.name}": path.read_bytes()
    for path in sorted(ROOT.rglob("*"))
    if path.is_file() and path.stat().st_size < 200_000 and path.suffix in (".json", ".yaml", ".txt", ".prom")
}
FOUND = (Phase.explicit, Phase.generate)  # a seed is no smaller for being shrunk
DOCUMENTS = {name: data for name, data in TEXTS.items() if misshapen.loaded(data)}


@cache
def library() -> Library:
    return load_library()


def faults(files: dict[str, bytes], *, analysed: bool = True) -> list[str]:
    case = read(open_bundle(["-"], stdin=io.BytesIO(fuzz.packed(files))))
    said = list(case.intake.failures)
    said.extend(
        f"{entry.account} of {len(entry.lines)} lines"
        for entry in case.intake.reads
        if sum(entry.account.values()) not in (0, len(entry.lines))
    )
    if analysed:
        said += problems(analyse(case, library()))
    return said


@settings(max_examples=25, phases=FOUND)
@given(seed=st.integers(0, 2**32))
@example(seed=3)
@example(seed=279)
def test_documents_with_wrong_parts_are_read(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    files = {}
    for name in chance.sample(sorted(DOCUMENTS), 8):
        data = misshapen.document(DOCUMENTS[name], chance)
        assert data is not None
        files[name] = data

    assert faults(files, analysed=False) == []


@settings(max_examples=15, phases=FOUND)
@given(seed=st.integers(0, 2**32))
def test_numbers_no_counter_can_have_are_read(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311

    assert (
        faults(
            {name: misshapen.numbers(TEXTS[name], chance) for name in chance.sample(sorted(TEXTS), 4)}, analysed=False
        )
        == []
    )


@settings(max_examples=5, phases=FOUND)
@given(seed=st.integers(0, 2**32))
def test_cases_of_wrong_parts_are_analysed(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    names = chance.sample(sorted(DOCUMENTS), 12)

    assert faults({name: misshapen.document(DOCUMENTS[name], chance) or b"" for name in names}) == []


@pytest.mark.parametrize(
    "text",
    [
        '{\n "apiVersion": "mlops.seldon.io/v1alpha1",\n "kind": "ServerConfig",\n "metadata": {"name": "x"},\n'
        ' "spec": {\n  "podSpec": {\n   "containers": [\n    "x",\n    1\n   ]\n  }\n }\n}\n',
    ],
    ids=["containers that are words"],
)
def test_what_was_found_once_stays_read(text: str) -> None:
    assert faults({"a.json": text.encode()}) == []


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59.9Z", "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_year_no_clock_shows_does_not_date_a_record(written: str) -> None:
    said = [
        'time="2025-07-12T18:30:10Z" level=info msg="Subscribed to scheduler" func=StartControlLoop Source=Client',
        f'time="{written}" level=error msg="Failed to connect to scheduler" func=x source=AgentServiceManager',
        'time="2025-07-12T18:30:12Z" level=info msg="Rclone Config loaded &{[] []}" func=x source=AgentConfigHandler',
    ] * 3
    data = ("\n".join(said) + "\n").encode()
    case = read(open_bundle(["-"], stdin=io.BytesIO(data)))

    years = {time.year for time in case.frames["log.agent"]["time"].drop_nulls()}
    assert years == {2025}
    assert case.frames["log.agent"].height == 9
    assert faults({"a.log": data}) == []


@pytest.mark.parametrize("name", ["wrong-2.json", "wrong-5.json", "wrong-10.json"])
def test_a_thing_that_is_only_named_has_a_place_in_the_order(name: str) -> None:
    from benchmarks import hostile_texts

    assert faults({name: dict(hostile_texts.objects())[name]}) == []
