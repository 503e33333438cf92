"""Of what ends a failure only the last rows are looked at, and the answer stays the same."""

import pytest

from forensics.authoring.examples import case_of
from forensics.evidence import hits, thinning
from forensics.evidence.order import Order
from forensics.evidence.thinning import endings
from forensics.findings import Outcome
from forensics.matching import Context, find_all
from patterns.language import parse_match
from patterns.loader import load_pattern
from patterns.pattern import Library

PATTERN = """
title = "calls fail"
severity = "high"
role = "symptom"
match = 'failed with no later served'
[evidence.failed]
from = "log.envoy_access"
where = 'status = 503'
bind = ["model"]
[evidence.served]
from = "log.envoy_access"
where = 'status = 200'
bind = ["model"]
"""


def line(second: int, model: str, status: int) -> str:
    return (
        f'[2026-03-04T10:{second // 60:02d}:{second % 60:02d}.000Z] "POST /v2/models/{model}/infer HTTP/1.1" '
        f'{status} - - 9 9 1 1 "-" "curl/8.5" "-" "mesh" "192.0.2.21:9001"'
    )


def outcome(lines: list[str]) -> Outcome:
    pattern = load_pattern(PATTERN, "envoy/calls-fail", "here")
    case = case_of({"access.log": "\n".join(lines) + "\n"})
    return find_all(
        Library({pattern.id: pattern}, ""), Context(case.frames, case.covered, Order({}, case.covered.period))
    )[pattern.id]


@pytest.mark.parametrize(
    ("match", "wanted"),
    [
        ("a with no later b", {"b"}),
        ("a with no later (b or c)", {"b", "c"}),
        ("(a with no later b) or c", {"b"}),
        ("(a with no later b) and (b then c)", set()),
        ("a with no later (b then c)", set()),
        ("a without b within 1m or c", set()),
    ],
)
def test_what_stands_elsewhere_is_kept_whole(match: str, wanted: set[str]) -> None:
    assert endings(parse_match(match, ("a", "b", "c"))) == wanted


def test_the_last_call_of_each_model_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    # Model a is served to the end, b was served often and long before it failed; lines are in the order of ends.
    lines = [line(second, "b", 200) for second in range(100)]
    lines += [line(second, "a", 503 if second == 150 else 200) for second in range(100, 300)]
    lines += [line(301, "b", 503), line(160, "b", 200)]
    thinned = outcome(lines)
    assert [dict(f.subject) for f in thinned.findings if not f.over] == [{"model": "b"}]
    monkeypatch.setattr(thinning, "endings", lambda term: frozenset())
    assert [(dict(f.subject), f.at_end) for f in outcome(lines).findings] == [
        (dict(f.subject), f.at_end) for f in thinned.findings
    ]
    assert hits.LAST < 100
