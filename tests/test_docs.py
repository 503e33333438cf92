"""What the pages say: every command runs, every output is what comes, every link leads somewhere."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from forensics.cli import app
from scripts import reference

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WITH_CONSOLE = [page for page in PAGES if "\n```console\n" in page.read_text("utf-8")]
ALWAYS = {"tutorial.md"}  # the others take longer together than one wants to wait


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Yield language, file name (`<!-- file: NAME -->` above the block) and text of each fenced block."""
    for name, language, text in re.findall(
        r"(?:<!-- file: (\S+) -->\n)?^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        yield language, name, text


def shown(expected: str, got: str) -> bool:
    """Whether `got` is what the page shows: `…` is anything within a line, a line of it any number of lines."""
    pattern = ""
    for line in expected.rstrip("\n").split("\n"):
        pattern += r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"[ ]*\n"
    return re.fullmatch(pattern, got) is not None


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the sample bundles and the command."""
    (tmp_path / "sample_bundles").symlink_to(ROOT / "sample_bundles")
    command = tmp_path / "bin" / "seldon-forensics"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m forensics "$@"\n')
    command.chmod(0o755)
    return tmp_path


def run(command: str, place: Path) -> str:
    """Run a command of a page, and return what it prints."""
    environment = os.environ | {"COLUMNS": "80", "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=() if p.name in ALWAYS else pytest.mark.slow, id=p.name) for p in WITH_CONSOLE],
)
def test_the_page_shows_what_comes(page: Path, place: Path) -> None:
    if re.search(r"\bunzip\b", page.read_text("utf-8")) and shutil.which("unzip") is None:
        pytest.skip("no unzip here")
    for language, name, text in blocks(page):
        if name:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        if language != "console":
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            got = run(command, place)
            if expected.strip():
                assert shown(expected, got), f"{command}\nshown:\n{expected}\ncame:\n{got}"


def parameters(words: list[str]) -> tuple[str, set[str]]:
    """Return the command that `words` call, and the options it has."""
    command = get_command(app)
    path = []
    for word in words:
        inner = getattr(command, "commands", {}).get(word)
        if inner is None:
            break
        command = inner
        path.append(word)
    return " ".join(path), {o for p in command.params for o in p.opts} | {"--help", "-h"}


CALLS = [
    (page, call)
    for page in PAGES
    for call in re.findall(r"seldon-forensics ([a-z][^`\n|;>&()]*)", page.read_text("utf-8"))
    if not call.startswith(("for ", "lives "))
]


@pytest.mark.parametrize(("page", "call"), CALLS, ids=lambda x: x.name if isinstance(x, Path) else x[:40])
def test_every_command_named_exists(page: Path, call: str) -> None:
    words = shlex.split(call.replace("'", "").replace('"', ""))
    command, options = parameters(words)

    assert command
    assert {w for w in words if re.fullmatch(r"--?[a-z-]+", w) and w != "-"} <= options


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        other = (page.parent / target).resolve() if target else page
        assert other.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(other), f"{page.name}: {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_readme_begins_with_the_two_commands() -> None:
    found = [text for language, _, text in blocks(ROOT / "README.md") if language == "sh"]

    assert [text.count("\n") for text in found] == [1, 1]
    assert "sample_bundles/" in found[0]
    assert "pytest" in found[1]


@pytest.mark.parametrize(("name", "text"), reference.pages().items(), ids=lambda x: x if x.endswith(".md") else "")
def test_the_reference_is_what_the_code_says(name: str, text: str) -> None:
    assert (reference.FOLDER / name).read_text("utf-8") == text, "run: python -m scripts.reference"


def test_every_column_and_command_is_in_the_reference() -> None:
    pages = reference.pages()

    for name in get_command(app).commands:  # type: ignore[attr-defined]
        assert f"## {name}" in pages["commands.md"]
    for source, columns in ((s.name, s.columns) for s in reference.sources.SOURCES.values()):
        assert f"### {source}\n" in pages["frames.md"]
        assert all(f"| `{column}` |" in pages["frames.md"] for column in columns)


def test_the_picture_asks_nothing_of_the_network() -> None:
    picture = (ROOT / "docs" / "report.svg").read_text("utf-8")

    assert "FAILURE" in picture
    assert not re.search(r"url\((?!#)|<image|<script|@import|href=", picture)


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ("a\n…\nc\n", "a\nb\nb\nc\n", True),
        ("a\n…\nc\n", "a\nb\n", False),
        ("a … c\n", "a b c\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "a\n", True),
    ],
)
def test_how_outputs_are_compared(expected: str, got: str, same: bool) -> None:
    assert shown(expected, got) is same
