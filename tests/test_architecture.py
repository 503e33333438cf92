"""What holds for the shape of the code: imports point one way, every parser is registered, only the command prints."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import forensics
import parsers
import patterns

ALLOWED = {"parsers": set(), "patterns": {"parsers"}, "forensics": {"parsers", "patterns"}}
PACKAGES = {"parsers": parsers, "patterns": patterns, "forensics": forensics}
ROOT = Path(parsers.__file__).parent.parent
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert (imported & set(PACKAGES)) - {own} <= ALLOWED[own]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_is_called_what_nobody_understands(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "base", "manager"}


def test_every_parser_is_registered() -> None:
    defined = []
    for info in pkgutil.iter_modules(parsers.__path__):
        module = importlib.import_module(f"parsers.{info.name}")
        own = getattr(module, "PARSER", None)
        defined.extend([own] if own is not None else [])
        defined.extend(getattr(module, "PARSERS", ()))

    assert {p.name for p in defined} == {p.name for p in parsers.PARSERS}


def test_names_of_parsers_are_unique() -> None:
    names = [p.name for p in parsers.PARSERS]

    assert sorted(set(names)) == sorted(names)


def test_help_needs_no_polars() -> None:
    code = (
        "import sys\n"
        "from forensics.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(any(m in sys.modules for m in ('polars', 'pyparsing', 'numpy', 'jinja2')))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, "analyse" in done.stdout) == (0, True)


# Which rooms of `forensics` the modules of a room may use; the pipeline's own modules, at the top, use them all.
ROOMS = {
    "opening": set[str](),
    "intake": set[str](),
    "evidence": set[str](),
    "installation": {"intake"},
    "readiness": {"installation", "intake", "reporting"},
    "reporting": {"intake", "readiness"},
    "guides": {"intake", "reporting"},
    "authoring": {"evidence", "intake", "reporting"},
}


def test_every_module_of_forensics_is_in_a_room_or_of_the_pipeline() -> None:
    rooms = {path.parent.name for path in (ROOT / "forensics").rglob("__init__.py")} - {"forensics", "cli"}

    assert rooms == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_those_it_rests_on(room: str) -> None:
    used = {
        node.module.split(".")[1]
        for path in (ROOT / "forensics" / room).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("forensics.")
    }

    assert (used & {*ROOMS, "cli"}) - {room} <= ROOMS[room]
