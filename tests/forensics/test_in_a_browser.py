"""The HTML form as its reader sees it: on a narrow and on a wide screen, light and dark, by keyboard, without scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.document import load
from forensics.reporting.html import html
from forensics.reporting.postmortem import postmortem_html
from tests import chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="Debian's chromium is not installed"),
]
DOCUMENTS = {p.stem: load(p.read_bytes()) for p in sorted((Path(__file__).parent / "documents").glob("*.json"))}

# Every text that is shown, and how it stands out from what is behind it. Source: WCAG 2.2, relative luminance.
CONTRAST = """(() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (at) => { for (; at; at = at.parentElement) {
    const c = parse(getComputedStyle(at).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const dim = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || at.closest("svg") || !at.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(at).color)), light(ground(at))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) dim.add(at.tagName + "." + at.className + ": " + at.textContent.slice(0, 40));
  }
  return [...dim];
})()"""
# Pairs of words on the axis of the timeline of which one runs into the other.
OVERLAPS = """(() => {
  const shown = [...document.querySelectorAll("svg.lanes text.tick")].filter((t) => t.checkVisibility());
  const boxes = shown.map((t) => t.getBoundingClientRect()).sort((a, b) => a.top - b.top || a.left - b.left);
  return boxes.filter((b, i) => i && b.top === boxes[i - 1].top && b.left < boxes[i - 1].right).length;
})()"""
SEEN_TICKS = """(() => {
  const frame = document.querySelector(".plot").getBoundingClientRect();
  return [...document.querySelectorAll("svg.lanes text.tick")].filter((t) => t.checkVisibility())
    .map((t) => t.getBoundingClientRect()).filter((b) => b.left >= frame.left && b.right <= frame.right).length;
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Page]:
    with chromium.page(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {name: html(document) for name, document in DOCUMENTS.items()}
    made["post-mortem"] = postmortem_html(DOCUMENTS["failure"])
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text)
    return {name: folder / f"{name}.html" for name in made}


NAMES = [*DOCUMENTS, "post-mortem"]


@pytest.mark.parametrize("script", [False, True])
@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_runs_off_the_screen(
    name: str, width: int, script: bool, page: chromium.Page, files: dict[str, Path]
) -> None:
    page.open(files[name], width=width, script=script)

    assert page.ask("document.documentElement.scrollWidth") <= width
    assert page.ask(OVERLAPS) == 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", [name for name in NAMES if name != "hostile"])
def test_every_text_stands_out(name: str, dark: bool, page: chromium.Page, files: dict[str, Path]) -> None:
    page.open(files[name], width=1200, dark=dark)
    page.ask('document.querySelectorAll("details").forEach((each) => { each.open = true; })')

    assert page.ask(CONTRAST) == []
    ground = page.ask("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") is not dark


def test_without_scripts_everything_is_there_and_opens(page: chromium.Page, files: dict[str, Path]) -> None:
    page.open(files["failure"], width=1200, script=False)

    assert page.ask('document.querySelectorAll("button").length') == 0
    assert page.ask('document.querySelectorAll("svg.lanes a").length') > 1
    assert page.ask('document.querySelectorAll("details > summary").length') > 3


def test_the_keyboard_reaches_everything_and_zooms(page: chromium.Page, files: dict[str, Path]) -> None:
    page.open(files["failure"], width=1200)
    wanted = page.ask(
        '[...document.querySelectorAll("a[href], button, summary, [tabindex]")].filter((e) => e.checkVisibility()).length'
    )
    reached = []
    for _ in range(wanted):
        page.press("Tab")
        reached.append(page.ask("document.activeElement.tagName + document.activeElement.className"))

    assert "BODY" not in reached
    page.ask('document.querySelector(".plot").focus()')
    whole = page.ask('document.querySelector("svg.lanes").clientWidth')
    for zoom in (2, 4, 8, 16, 32, 64):
        page.press("+", "+")
        assert page.ask('document.querySelector("svg.lanes").getBoundingClientRect().width') >= whole * zoom * 0.95
        assert page.ask(SEEN_TICKS) >= 2  # a closer look shows closer times
        assert page.ask(OVERLAPS) == 0
    page.press("0", "0")
    assert page.ask('document.querySelectorAll("svg.lanes .closer").length') == 0


def test_it_prints_on_paper_with_a_margin(page: chromium.Page, files: dict[str, Path]) -> None:
    page.open(files["failure"], width=1200)

    printed = page.call("Page.printToPDF", preferCSSPageSize=True)["data"]

    assert len(printed) > 10_000
    assert page.ask("[...document.styleSheets[0].cssRules].some((r) => r instanceof CSSPageRule)")
