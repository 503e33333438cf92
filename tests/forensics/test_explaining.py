"""`explain` prints a finding's weights, rank and edges; and of what is not found, the row and the part that came near."""

from io import StringIO

from rich.console import Console

from forensics.analysis import analyse, read
from forensics.authoring.examples import case_of
from forensics.authoring.explaining import explained, named
from forensics.bundle import open_bundle
from forensics.reporting.render import render
from patterns.loader import load_library
from patterns.pattern import Library
from patterns.reading import load_pattern
from tests.test_sample_bundles import BUNDLES

LIBRARY = load_library()
CASE = read(open_bundle([next(p for p in BUNDLES if p.parent.name == "two-schedulers")]))


def printed(what: object) -> str:
    written = StringIO()
    Console(width=10_000, file=written).print(what)
    return written.getvalue()


def test_the_sum_and_the_rank_are_printed_as_the_document_has_them() -> None:
    document = analyse(CASE, LIBRARY)
    for finding in document["findings"][:2]:
        text = printed(explained(CASE, LIBRARY, named(LIBRARY, finding["pattern"])))

        assert f"confidence {finding['confidence']:.3f} = 1 - (1 - " in text
        place = f", rank {finding['rank']}" if finding["rank"] else ""
        assert f"{finding['role']}{place}; ranked by: decides {finding['weights']['decides']:g}" in text


def test_edges_are_printed_with_their_reasons_and_times() -> None:
    document = analyse(CASE, LIBRARY)
    root = next(f for f in document["findings"] if f["role"] == "root")
    text = printed(explained(CASE, LIBRARY, named(LIBRARY, root["pattern"])))
    report = printed(render(document, details=True, width=10_000))

    assert root["edges"]
    for edge in root["edges"]:
        effect = next(f for f in document["findings"] if f["id"] == edge["to"])
        times = f"the cause since {root['first']['earliest']}, the symptom until {effect['last']['latest']}"
        assert f"explains {effect['pattern']}, {edge['state']}: {edge['reason']}; {times}" in text
        assert f"by {root['id']}, {edge['state']}: {edge['reason']}; {root['id']} since " in report
    effect = next(f for f in document["findings"] if f["id"] == root["edges"][0]["to"])
    told = printed(explained(CASE, LIBRARY, named(LIBRARY, effect["pattern"])))
    assert f"explained by {root['pattern']}, {root['edges'][0]['state']}: " in told


PATTERN = """title = "The agent asks again"
severity = "low"
role     = "cause"
match    = '{match}'
[evidence.early]
from  = "log.agent"
where = 'text contains "Server Capabilities"'
[evidence.late]
from  = "log.agent"
where = '{where}'
"""
LOG = """time="2025-03-04T10:15:00Z" level=info msg="Server Capabilities [sklearn]"
time="2025-03-04T10:25:01Z" level=error msg="dial tcp: connection refused"
"""


def asked(match: str, where: str = 'text contains "connection refused"') -> str:
    pattern = load_pattern(PATTERN.format(match=match, where=where), "net/p", "p.toml")
    library = Library({pattern.id: pattern}, "")
    return printed(explained(case_of({"a.log": LOG}), library, pattern))


def test_the_window_that_failed_is_told() -> None:
    text = asked("(early then late within 5s) or (early and late within 1m)")
    assert "early then late within 5s: absent, though what it joins is there" in text
    assert "early and late within 1m: absent, though what it joins is there" in text
    assert "though" not in asked("early then late within 1h")


def test_a_sign_that_came_is_told() -> None:
    assert "not late: absent" in asked("early and not late")
    assert "early without late within 1h: absent" in asked("early without late within 1h")


def test_the_nearest_row_is_told_of_each_way_a_condition_can_hold() -> None:
    text = asked(
        "early and late",
        '(text contains "nothing" and level = "fatal") or (text contains "dial tcp" and level = "fatal")',
    )
    assert "closest: a.log:2 " in text
    assert text.count("it fails at: ") == 1
    assert 'it fails at: level = "fatal"' in text
