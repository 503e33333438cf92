"""`explain` prints the sum of a finding's weights, its rank, and its edges with their reasons and times."""

from io import StringIO

from rich.console import Console

from forensics.analysis import analyse, read
from forensics.authoring.explaining import explained, named
from forensics.bundle import open_bundle
from forensics.reporting.render import render
from patterns.loader import load_library
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
