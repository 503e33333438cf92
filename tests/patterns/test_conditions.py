"""What conditions mean on rows: three values, names, JSON."""

from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parsers.schema import SOURCES
from patterns.conditions import bindings, compile_where
from patterns.language import parse_where
from patterns.terms import Column, Condition, Node, Not
from patterns.terms import Test as Single
from tests.patterns.generated import CONDITIONS, ROWS, SOURCE
from tests.patterns.naive import decide


def frame(rows: list[dict[str, Any]], source: str = SOURCE) -> pl.DataFrame:
    schema = SOURCES[source].schema
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def decided(text: str, rows: list[dict[str, Any]], source: str = SOURCE) -> list[bool | None]:
    expression = compile_where(parse_where(text, source), source)
    return frame(rows, source).select(fits=expression)["fits"].to_list()


@given(CONDITIONS, st.lists(ROWS, min_size=1, max_size=6))
@settings(max_examples=200)
@example(Not(Single(Column(("fields", "n")), ">", 4)), [])
def test_an_expression_decides_as_plain_python_does(root: Node, rows: list[dict[str, Any]]) -> None:
    fits = frame(rows).select(fits=compile_where(Condition(root), SOURCE))["fits"]

    assert fits.dtype == pl.Boolean
    assert fits.to_list() == [decide(root, row) for row in rows]


def test_without_a_condition_every_row_fits() -> None:
    assert frame([{}, {}]).filter(compile_where(None, SOURCE)).height == 2


def test_a_null_leaves_a_test_and_its_not_undecided() -> None:
    rows = [{"reason": None, "count": 1}]

    assert decided('reason = "x"', rows) == decided('not reason = "x"', rows) == [None]
    assert decided('reason = "x" and count = 2', rows) == [False]
    assert decided('reason = "x" or count = 1', rows) == [True]


def test_what_a_table_does_not_show_may_exist() -> None:
    rows = [{"form": form, "storage_uri": None} for form in ("object", "table", None)]

    assert decided("not storage_uri exists", rows, "k8s.model") == [True, None, True]
    assert decided("raw.spec.secretName exists", rows, "k8s.model") == [False, None, False]


def test_nan_is_neither_more_nor_less() -> None:
    rows = [{"value": float("nan")}, {"value": 2.0}]

    assert decided("value > 1", rows, "metric") == [None, True]
    assert decided("not value > 1", rows, "metric") == [None, False]


def test_levels_have_an_order() -> None:
    rows = [{"level": level} for level in ("info", "warning", "fatal", None)]

    assert decided('level >= "warning"', rows) == [False, True, True, None]


def test_broken_json_says_nothing() -> None:
    assert decided("fields.a = 1", [{"fields": '{"a":'}, {"fields": "[1]"}, {"fields": '{"a":1}'}]) == [
        None,
        None,
        True,
    ]


def test_findings_may_hold_their_words_as_text() -> None:
    rows = pl.DataFrame({"severity": ["low", "critical"], "at_end": ["ended", "ongoing"]})
    condition = parse_where('severity >= "high" and at_end != "ended"', "finding.a/b")

    assert rows.select(fits=compile_where(condition, "finding.a/b"))["fits"].to_list() == [False, True]


# ---- binding


def bound(text: str, bind: dict[str, str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return frame(rows).select(**bindings(parse_where(text, SOURCE), bind)).to_dicts()


def test_names_come_from_columns_places_in_json_and_groups() -> None:
    rows = [{"text": "model iris on pod-1", "namespace": "ml", "fields": '{"x":{"policy":"p"}}', "count": 3}]

    assert bound(
        'text matches "(a|model) (?<model>[^ ]+) on (?P<pod>[^ ]+)"',
        {"namespace": "namespace", "policy": "fields.x.policy", "node": "count"},
        rows,
    ) == [{"namespace": "ml", "policy": "p", "node": "3", "model": "iris", "pod": "pod-1"}]


def test_a_name_of_several_groups_is_what_the_first_found() -> None:
    text = 'text matches "load (?<model>[a-z]+)" or text matches "model=(?<model>[a-z]+)"'

    assert bound(text, {}, [{"text": "load a model=b"}, {"text": "model=b"}]) == [{"model": "a"}, {"model": "b"}]


def test_an_empty_text_is_no_name() -> None:
    assert bound('text matches "model=(?<model>[a-z]*)"', {"pod": "pod"}, [{"text": "model=", "pod": ""}]) == [
        {"pod": None, "model": None}
    ]


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_column_of_every_source_can_be_asked_for(source: str) -> None:
    for name in SOURCES[source].columns:
        assert decided(f"{name} exists", [{}], source) in ([False], [None])
