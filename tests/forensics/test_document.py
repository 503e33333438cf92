"""The document: its schema, its laws, its way to bytes and back."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.document import DocumentError, citations, dump, load, problems, schema

DOCUMENTS = {path.stem: path for path in sorted((Path(__file__).parent / "documents").glob("*.json"))}
CHECKER = jsonschema.Draft202012Validator(schema())
FAILURE = orjson.loads(DOCUMENTS["failure"].read_bytes())


@pytest.mark.parametrize("path", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_every_document_here_is_sound(path: Path) -> None:
    assert problems(load(path.read_bytes())) == []


@pytest.mark.parametrize("path", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_comes_back_from_its_bytes_as_it_was(path: Path) -> None:
    data = path.read_bytes()

    assert dump(load(data)) == data


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


PLACES = [path for path in places(FAILURE) if path]


@given(path=st.sampled_from(PLACES), instead=st.sampled_from([None, 0, -1, 1.5, True, "x", "", [], {}, [1, 2], ...]))
def test_what_is_wrong_here_is_wrong_to_the_published_schema(path: tuple[Any, ...], instead: Any) -> None:
    spoilt = copy.deepcopy(FAILURE)
    holder = spoilt
    for key in path[:-1]:
        holder = holder[key]
    if instead is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = instead

    ours = [p for p in problems(spoilt) if p.startswith("document") and "there is no" not in p]
    # Laws past the shape are ours alone, so only one way round holds of them.
    assert CHECKER.is_valid(spoilt) or ours
    if CHECKER.is_valid(spoilt):
        assert not any("is not" in p or "is missing" in p or "is none of" in p for p in ours)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: d["findings"][0]["explains"].append("F99"), "there is no F99"),
        (lambda d: d["findings"][0]["explains"].append("F2"), "F2 does not say so"),
        (lambda d: d["findings"][1].update(id="F1"), "an id is there twice"),
        (lambda d: [p.update(cites=[]) for p in d["findings"][5]["evidence"]], "has no citation"),
        (lambda d: d["coverage"]["members"][0].update(lines=1), "accounted for"),
        (lambda d: d["findings"][0]["evidence"][0]["cites"][0].update(member="gone"), "which is no member"),
        (lambda d: d["findings"][0]["evidence"][0]["cites"][0].update(lines=[9, 8]), "backwards"),
        (lambda d: d["timeline"][0].update(finding="F77"), "there is no F77"),
        (lambda d: d["findings"][0].update(preceded_by=9), "there is no change 9"),
    ],
)
def test_a_law_that_is_broken_is_told(spoil: Callable[[Any], object], told: str) -> None:
    spoilt = copy.deepcopy(FAILURE)
    spoil(spoilt)

    assert any(told in problem for problem in problems(spoilt))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"schema": "other/1"}', b"\xff"])
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        load(data)


def test_every_citation_is_found_wherever_it_stands() -> None:
    held = [path for path in places(FAILURE) if path and path[-1] == "member" and path[0] != "coverage"]

    assert len(list(citations(FAILURE))) == len(held)
