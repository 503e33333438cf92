"""The words that a pattern looks for are found in a quotation, and stay where it is shown shortened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.intake.telling import words
from forensics.reporting.folding import middle_out, shortened
from patterns.language import parse_where

SAID = "failed to list" + " x" * 80 + ' statefulsets.apps is forbidden: User "system:serviceaccount" cannot list'
WRITTEN = SAID.replace('"', '\\"')


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ('text contains "is forbidden"', "is forbidden"),
        ('text contains "of another" or text contains "is forbidden"', "is forbidden"),
        ('text contains any ("forbidden", "statefulsets.apps")', "statefulsets.apps"),
        ('text matches "(?P<workload>[a-z.]+) is forbidden"', "statefulsets.apps is forbidden"),
        ('fields.error contains "is forbidden"', "is forbidden"),
        # Written with a backslash before each quote.
        ('text matches "User .system:[a-z]+."', 'User \\"system:serviceaccount\\"'),
        ('level = "error"', None),
        ('text contains "of another"', None),
    ],
)
def test_the_longest_words_that_a_condition_finds(where: str, told: str | None) -> None:
    condition = parse_where(where, "log.controller")

    assert words(condition, {"text": SAID, "message": None}, WRITTEN) == told


def test_what_is_short_is_shown_whole_and_needs_no_words() -> None:
    condition = parse_where('text contains "is forbidden"', "log.controller")

    assert words(condition, {"text": "it is forbidden"}, "it is forbidden") is None


def test_words_that_are_masked_in_the_quotation_are_not_told() -> None:
    condition = parse_where('text contains "is forbidden"', "log.controller")

    assert words(condition, {"text": SAID}, WRITTEN.replace("forbidden", "****")) is None


def test_of_words_over_several_lines_the_first_line() -> None:
    condition = parse_where('text matches "(?s)denied.*here"', "log.controller")

    assert words(condition, {"text": "denied\nhere"}, "x " * 100 + "denied\nhere") == "denied"


@given(st.text("abc ", max_size=400), st.text("xyz", min_size=1, max_size=40), st.text("abc ", max_size=400))
def test_the_words_stay_and_the_room_is_kept(before: str, kept: str, after: str) -> None:
    shown = middle_out(before + kept + after, 200, kept)

    assert kept in shown
    assert len(shown) <= 200


def test_without_such_words_the_start_and_the_end_stay() -> None:
    shown = middle_out("start" + "x" * 300 + "end", 120)

    assert shown.startswith("start")
    assert shown.endswith("end")
    assert len(shown) <= 120


def test_of_a_traceback_the_last_line_stays() -> None:
    lines = ["ERROR - An error occurred", *(f'File "a{n}.py", line {n}' for n in range(40)), "ValueError: 3 is not 4"]

    told = shortened(lines, 160, "An error occurred")

    assert told.startswith("ERROR - An error occurred")
    assert told.endswith(" | ValueError: 3 is not 4")
    assert len(told) <= 170
    assert shortened(["one", "two"], 160) == "one | two"


def test_of_a_long_line_the_stamp_of_the_runtime_goes_first() -> None:
    line = f'2026-11-26T06:57:23.614811916Z stderr F time="2026-11-26T06:57:23Z" level=fatal msg="{"no " * 60}"'

    assert shortened([line], 120).startswith('time="2026-11-26T06:57:23Z"')
    assert shortened([line], 400) == line
