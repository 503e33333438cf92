"""Errors that go on to the end of a log, and that are evidence of nothing, are shown."""

from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from forensics.findings import Seen
from forensics.installation.unnamed import unnamed
from forensics.verdict import summary
from patterns.loader import load_library
from patterns.pattern import Library
from tests.forensics.frames import START, log

STRANGE = "Quux failed to frobnicate error=wibble 17"


@cache
def library() -> Library:
    return load_library()


def told(
    *texts: str, level: str = "error", source: str = "log.agent", outcomes: Mapping[str, Any] = {}, **common: object
) -> list[str]:
    frames: Mapping[str, pl.DataFrame] = log(source, *texts, level=level, pod="mlserver-0", **common)
    placed = frames[source].with_columns(earliest=pl.col("time"), latest=pl.col("time"))
    # What does not begin with this word is an everyday line.
    loud = pl.when(pl.col("text").str.starts_with("Quux") | ~pl.col("text").str.starts_with("all")).then("level")
    return unnamed({source: placed.with_columns(loud.alias("level"))}, library(), outcomes)


def test_the_line_its_place_and_its_count_are_told() -> None:
    (remark,) = told(*[STRANGE] * 4)

    assert "log.agent of mlserver-0" in remark
    assert "4 times" in remark
    assert STRANGE in remark
    assert f"last at {START:%Y-%m-%d %H:%M}:03" in remark
    assert "log.agent.txt:4" in remark


def test_numbers_ids_and_quoted_words_make_no_other_kind() -> None:
    assert len(told('Quux 1 "a" 5f0e', 'Quux 22 "b" 77aa', 'Quux 333 "c" 0b1c')) == 1
    assert told("Quux one", "Quux two", "Quux three") == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_retry_that_helped_is_no_error(times: int) -> None:
    assert told(*[STRANGE] * times) == []


def test_an_error_that_passed_is_not_told() -> None:
    assert told(*[STRANGE] * 4, *["all is well"] * 40) == []


def test_an_error_with_other_lines_between_goes_on() -> None:
    assert len(told(*([STRANGE] + ["all is well"] * 8) * 4)) == 1


def test_one_that_is_fatal_counts_once() -> None:
    assert len(told(STRANGE, level="fatal", source="log.hodometer")) == 1


def test_what_is_less_than_an_error_is_not_told() -> None:
    assert told(*[STRANGE] * 4, level="warning") == []


def test_a_log_of_a_container_that_ended_is_left_out() -> None:
    assert told(*[STRANGE] * 4, previous=True) == []


KNOWN = "Scheduler not ready error=rpc error: code = Unavailable desc = connection refused"


def test_what_a_pattern_asks_for_is_left_to_it() -> None:
    assert told(*[KNOWN] * 4) == []
    assert told(*[KNOWN] * 90, "all is well") == []


def test_what_a_pattern_asks_for_is_told_where_it_is_the_last_word_for_long() -> None:
    assert len(told(*[KNOWN] * 90)) == 1


def test_evidence_of_what_was_found_is_told_there() -> None:
    seen = Seen("it", "required", "present", (("log.agent", 3),))
    found = SimpleNamespace(findings=(SimpleNamespace(evidence=(seen,)),))

    assert told(*[STRANGE] * 4, outcomes={"a": found}) == []


def test_secrets_stay_hidden() -> None:
    (remark,) = told(*["Quux failed with password=correct-horse-battery"] * 4)

    assert "correct-horse" not in remark


def test_few_kinds_are_told_and_the_others_counted() -> None:
    kinds = [f"Quux {word} failed" for word in ("alpha", "beta", "gamma", "delta", "zeta")]
    remarks = told(*kinds * 4)

    assert len(remarks) == 4
    assert remarks[-1].startswith("2 more kinds")


def test_the_sentence_of_a_healthy_bundle_says_so() -> None:
    assert "evidence of no finding" in summary("healthy", [], [], [], True)
    assert "evidence of no finding" not in summary("healthy", [], [], [])
