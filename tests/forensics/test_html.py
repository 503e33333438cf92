"""The HTML form: whole, closed, escaped, small enough."""

import copy
import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from forensics.document import load
from forensics.reporting import html as module
from forensics.reporting import moments
from forensics.reporting.embedded import ELEMENT_ID, KIND, blocks_in_html
from forensics.reporting.html import LIMIT, data_block, html
from forensics.reporting.postmortem import postmortem_html
from forensics.reporting.timeline_svg import draw
from forensics.reporting.verify import verify
from tests.forensics.hostile import documents

DOCUMENTS = {p.stem: load(p.read_bytes()) for p in sorted((Path(__file__).parent / "documents").glob("*.json"))}
VOID = {"meta", "br", "img", "link", "input", "hr", "base"}
# What the templates use; anything else came from the data.
ELEMENTS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "script",
        "header",
        "nav",
        "main",
        "section",
        "article",
        "footer",
    ),
    *("h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "a", "span", "strong", "pre", "code", "div", "br", "time"),
    *("details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "rect", "circle", "line", "text", "g", "defs", "pattern"),
}


class Page(HTMLParser):
    """An oracle that shares nothing with the templates: elements, attributes, text, balance."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.starts: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.unbalanced: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def within(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]

    @property
    def words(self) -> str:
        return "".join(text for where, text in self.texts if where not in ("script", "style"))


def assert_closed(text: str) -> None:
    page = Page(text)
    assert page.unbalanced == []
    assert page.open == []
    assert page.comments == []
    assert {tag for tag, _ in page.starts} <= ELEMENTS
    assert sum(tag == "script" for tag, _ in page.starts) == 2
    for tag, attributes in page.starts:
        assert not any(name.startswith("on") or name in ("style", "src", "action", "srcset") for name in attributes), (
            tag
        )
        assert (attributes.get("href") or "#").startswith("#")
        assert not any(name == "xlink:href" for name in attributes)
    assert all(char.isprintable() or char in "\n\t" for char in text)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_page_holds_nothing_but_our_own_elements(name: str) -> None:
    assert_closed(html(DOCUMENTS[name]))
    assert_closed(postmortem_html(DOCUMENTS[name], {"summary": "<script>x</script>", "gone": "</pre><b>"}))


@settings(max_examples=20)
@given(document=documents(DOCUMENTS["failure"]) | documents(DOCUMENTS["undetermined"]) | documents(DOCUMENTS["review"]))
def test_hostile_texts_never_become_elements(document: dict[str, Any]) -> None:
    text = html(document)

    assert_closed(text)
    assert text == html(document)
    assert_closed(postmortem_html(document))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_policy_allows_this_style_and_this_script_and_nothing_else(name: str) -> None:
    text = html(DOCUMENTS[name])
    page = Page(text)
    (policy,) = [a["content"] for t, a in page.starts if a.get("http-equiv") == "Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)

    assert style is not None
    assert script is not None
    allowed = ["'sha256-" + b64encode(sha256(found[1].encode()).digest()).decode() + "'" for found in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src {allowed[0]}; script-src {allowed[1]}; base-uri 'none'; form-action 'none'"
    )


def test_nothing_in_the_page_asks_for_anything_outside() -> None:
    text = html(DOCUMENTS["failure"])

    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?\s*(?:https?:)?//", text)
    assert "@import" not in text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_line_of_evidence_of_a_finding_is_on_the_page(name: str) -> None:
    if name == "hostile":
        return
    words = html(DOCUMENTS[name])
    page = Page(words).words

    for finding in DOCUMENTS[name]["findings"]:
        for piece in finding["evidence"]:
            for cite in piece["cites"]:
                assert all(line in page for line in cite["text"].split("\n"))
                assert cite["member"] in page


def test_the_answer_stands_first_and_both_zones_side_by_side() -> None:
    page = Page(html(DOCUMENTS["failure"]))

    assert page.within("h1") == [DOCUMENTS["failure"]["summary"]]
    assert "2025-03-04 10:15:30Z" in page.words
    assert "2025-03-04 11:15:30+0100" in page.words


def test_it_can_be_read_aloud_and_by_keyboard() -> None:
    page = Page(html(DOCUMENTS["failure"]))
    ids = [a["id"] for _, a in page.starts if "id" in a]
    links = [a["href"] or "" for t, a in page.starts if t == "a"]

    assert page.starts[0] == ("html", {"lang": "en"})
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert all("scope" in a for t, a in page.starts if t == "th")
    assert {a["aria-labelledby"] for _, a in page.starts if "aria-labelledby" in a} <= set(ids)
    levels = [int(t[1]) for t, _ in page.starts if re.fullmatch("h[1-6]", t)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_gaps_of_collection_are_hatched_and_findings_marked() -> None:
    text = html(DOCUMENTS["failure"])

    assert 'fill="url(#hatch)"' in text
    assert text.count('class="bar root"') == 2 * 2 + 1  # two roots of two rectangles each, and the legend
    assert 'class="bar ended"' in text


def test_the_broken_link_of_the_chain_is_marked() -> None:
    assert '<li class="broken"><strong>Agent</strong> <span class="broken">broken</span>' in html(DOCUMENTS["failure"])


def big(findings: int, others: int) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENTS["failure"])
    cite = document["findings"][0]["evidence"][0]["cites"][0]
    cites = [{**cite, "lines": [i, i], "text": f"proof-{i:06d} " + "x" * 150} for i in range(1, findings + 1)]
    document["findings"][0]["evidence"][0]["cites"] = cites
    document["timeline"] = document["timeline"] * (others // 5)
    document["coverage"]["members"] = document["coverage"]["members"] * others
    document["coverage"]["sources"] = document["coverage"]["sources"] * others
    document["state"] = document["state"] * others
    document["unknown"] = [{**u, "pattern": f"p/{i}"} for i in range(others) for u in document["unknown"]]
    return document


def test_a_large_case_stays_small_by_showing_less_and_says_so() -> None:
    text = html(big(1000, 2000))

    assert len(text.encode()) <= LIMIT
    assert len(set(re.findall(r"proof-\d{6}", text.split("<script")[0]))) == 1000
    assert "the JSON report holds them all" in text


def many(roots: int) -> dict[str, Any]:
    """A case with so many roots of three patterns, each with a symptom and every piece with twelve citations."""
    document = copy.deepcopy(DOCUMENTS["failure"])
    pieces = ("dial", "alive", "shut")
    findings = []
    for number in range(roots):
        for role, own in (("root", 2 * number + 1), ("symptom", 2 * number + 2)):
            base = next(f for f in document["findings"] if f["role"] == role)
            cite = next(c for e in base["evidence"] for c in e["cites"])
            evidence = [
                {
                    "name": piece,
                    "strength": "required",
                    "state": "present",
                    "cites": [
                        {**cite, "lines": [line, line], "text": f"proof-{own}-{piece}-{line} " + "x" * 250}
                        for line in range(own * 100 + 30 * at, own * 100 + 30 * at + 12)
                    ],
                }
                for at, piece in enumerate(pieces[: 2 if role == "root" else 1])
            ]
            names = {"namespace": f"team-{number}", "pod": f"mlserver-{number}"}
            more = {"id": f"F{own}", "rank": number + 1 if role == "root" else None, "subject": names, "subjects": []}
            links = {"explains": [f"F{own + 1}"] if role == "root" else [], "pattern": f"network/p{number % 3}-{role}"}
            findings.append({**base, **more, **links, "evidence": evidence, "edges": []})
    document["findings"], document["candidates"] = findings, []
    return document


def test_three_hundred_roots_fit_and_none_loses_its_evidence() -> None:
    document = many(300)
    text = html(document)
    seen = text.split("<script")[0]

    assert len(text.encode()) <= LIMIT
    assert_closed(text)
    for finding in document["findings"]:
        own = seen[seen.index(f'id="{finding["id"]}"') :].split("<article")[0]
        for piece in finding["evidence"]:
            first, *rest = piece["cites"]
            assert first["text"] in own
            assert [c for c in rest if str(c["lines"][0]) not in own] == []
    cites = [c for f in document["findings"] for e in f["evidence"] for c in e["cites"]]
    lines = {c["lines"][0]: c["text"] for c in cites}
    whole = [lines.get(number, "") for number in range(1, max(lines) + 1)]
    members = {c["member"]: (None, whole) for c in cites}
    before = Counter(o.state for o in verify(text.encode(), members, mask=str) if o.claim == "citation")
    whole[cites[5]["lines"][0] - 1] += " altered"
    after = Counter(o.state for o in verify(text.encode(), members, mask=str) if o.claim == "citation")
    assert before["holds"] == after["holds"] + 1 >= len(cites)
    assert after["differs"] == before["differs"] + 1


def test_past_the_limit_every_place_and_a_text_of_every_piece_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 10_000)
    text = html(big(300, 20))
    seen = text.split("<script")[0]

    assert "proof-000001" in seen
    assert re.search(r"agent\.log:(\d+, )+300", seen)


def test_a_list_of_citations_that_was_tampered_with_is_no_list() -> None:
    block = {"schema": KIND, "packed": "bm90IHppcHBlZA=="}
    page = f'<script type="application/json" id="{ELEMENT_ID}">{data_block(block)}</script>'

    assert blocks_in_html(page) == []


def test_a_document_without_what_may_be_missing_still_renders() -> None:
    bare = {"schema": DOCUMENTS["failure"]["schema"], "verdict": "healthy", "summary": "ok"}

    assert_closed(html(bare))


def test_the_bytes_do_not_depend_on_the_run() -> None:
    code = (
        "import sys; from hashlib import sha256; from forensics.document import load; from forensics.reporting.html import html;"
        "from forensics.reporting.markdown import markdown; from forensics.reporting.postmortem import postmortem;"
        "d = load(sys.stdin.buffer.read());"
        "print(sha256((html(d) + markdown(d) + postmortem(d)).encode()).hexdigest())"
    )
    data = orjson.dumps(DOCUMENTS["failure"])
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], input=data, capture_output=True, check=True, env={**os.environ, **own}
        ).stdout
        for own in ({"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}, {"PYTHONHASHSEED": "2", "TZ": "UTC", "LANG": "C"})
    }

    assert len(runs) == 1


def test_a_line_that_many_findings_cite_is_told_once_where_the_page_is_too_long() -> None:
    document = many(200)
    for finding in document["findings"]:
        for piece in finding["evidence"]:
            for cite in piece["cites"]:
                cite |= {"member": "same.log", "lines": [7, 47], "text": "\n".join(["the same long line " * 8] * 41)}
    text = html(document)

    assert len(text.encode()) <= LIMIT
    assert text.count("the same long line " * 8) < 200
    assert text.count("its text stands above") >= 399
    assert verify(text.encode(), [], mask=str)


def test_a_crowded_timeline_is_drawn_to_its_end_and_says_how_many_findings_have_no_lane() -> None:
    document = many(20)
    row = document["timeline"][0] | {"finding": "F1", "source": "log.agent"}
    day = str(document["period"]["from"])[:10]
    times = [f"{day}T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z" for n in range(0, 80000, 20)]
    document["timeline"] = [{**row, "earliest": t, "latest": t} for t in times]
    made = draw(document)

    assert made is not None
    assert made.untold == 40 - 14
    assert made.left_out == 0
    assert 300 < made.lanes.count("<circle") <= 1001
    assert moments.utc(times[-1])[:15] in made.lanes
    assert "26 more findings without a lane" in html(document)


def test_pieces_are_called_by_where_they_stand_and_those_without_a_line_are_folded() -> None:
    document = load((Path(__file__).parent / "documents" / "failure.json").read_bytes())
    first = document["findings"][0]
    first["why"] = "Ask for `<name>`"
    first["evidence"][0]["cites"][0]["source"] = "log.envoy_access"
    first["evidence"].append({"name": "idle", "strength": "required", "state": "present", "cites": []})
    page = html(document)

    assert "<strong>Envoy&#39;s access log</strong>" in page
    assert "Ask for <code>&lt;name&gt;</code>" in page
    assert page.index("absent, not known or idle") < page.index("<strong>idle</strong>")


CHROMIUM = shutil.which("chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--enable-logging=stderr"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
def test_a_browser_runs_our_script_and_nothing_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "hostile.html").write_text(html(DOCUMENTS["hostile"]))
    shown = subprocess.run(
        [
            str(CHROMIUM),
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            (tmp_path / "hostile.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    title = re.search(r"<title>(.*?)</title>", shown.stdout, re.DOTALL)
    assert title is not None
    assert title[1] != "owned"
    assert ">Copy</button>" in shown.stdout  # our own script ran, so its hash is right
    assert ">Closer</button>" in shown.stdout
    assert "<img" not in shown.stdout
    assert "Refused to" not in shown.stderr
    assert "Content Security Policy" not in shown.stderr
