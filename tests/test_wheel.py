"""What is shipped: builds agree byte for byte, the wheel holds what it must, the wheelhouse works without a network."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from scripts import wheelhouse
from scripts.building import ROOT, backend, build
from tests.published import cyclonedx_schema, faults

pytestmark = pytest.mark.slow
if not (ROOT / ".git").exists():
    pytest.skip("a build exports what git tracks", allow_module_level=True)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return backend(tmp_path_factory.mktemp("backend"))


@pytest.fixture(scope="module")
def wheel(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(p for p in build("checkout", tmp_path_factory.mktemp("built"), python) if p.suffix == ".whl")


@pytest.fixture(scope="module")
def house(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheelhouse of this machine and this Python."""
    if sys.platform != "linux" or sys.version_info[:2] > (3, 14):
        pytest.skip("only the Linux wheelhouse is run")
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    output = tmp_path_factory.mktemp("house")
    wheelhouse.make(wheel, "linux-x86_64", [running], {}, output, 1_700_000_000)
    return next(p for p in output.iterdir() if p.is_dir())


def test_two_builds_agree(python: Path, tmp_path: Path) -> None:
    first, second = (build("checkout", tmp_path / name, python) for name in ("first", "second"))

    assert [p.name for p in first] == [p.name for p in second]
    assert len(first) == 2
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_wheel_holds_what_is_data(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files", "forensics", "parsers", "patterns"], cwd=ROOT, capture_output=True)

    assert {n for n in tracked.stdout.decode().split("\n") if n and (ROOT / n).is_file()} <= names


def test_the_wheel_is_for_every_platform_and_holds_no_tests(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [n for n in names if n.startswith(("tests/", "sample_bundles/", "benchmarks/", "scripts/", "docs/"))]


def test_every_wheel_of_the_wheelhouse_is_hashed_and_licensed(house: Path) -> None:
    listed = (house / "requirements.txt").read_text() + (house / "requirements-fast.txt").read_text()
    licences = (house / "LICENCES.md").read_text()

    for path in (house / "wheels").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() in listed
        assert f"| {wheelhouse.canonicalize_name(wheelhouse.metadata(path)['Name'])} |" in licences
    assert "not declared" not in licences


def test_the_bill_of_materials_names_every_wheel_and_its_needs(house: Path) -> None:
    bill = json.loads((house / "sbom.cdx.json").read_text())
    everything = [bill["metadata"]["component"], *bill["components"]]
    refs = {c["bom-ref"] for c in everything}

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert len(refs) == len(everything)
    assert {f["name"] for c in everything for f in c["components"]} == {p.name for p in (house / "wheels").iterdir()}
    assert {e["ref"] for e in bill["dependencies"]} == refs
    assert {ref for e in bill["dependencies"] for ref in e["dependsOn"]} <= refs


def test_the_bill_of_materials_holds_by_the_published_schema(house: Path) -> None:
    bill = json.loads((house / "sbom.cdx.json").read_text())

    assert faults(cyclonedx_schema(), bill) == []
    bill["components"][0]["licenses"] = [{"license": {"id": "no such licence"}}]
    assert faults(cyclonedx_schema(), bill) != []  # the schema does look


def test_a_wheelhouse_has_what_only_windows_needs(wheel: Path) -> None:
    windows = wheelhouse.targeted("windows-x86_64", "3.12")
    linux = wheelhouse.targeted("linux-x86_64", "3.12")

    there = {r.name for r in wheelhouse.needs(wheelhouse.metadata(wheel), windows)}
    here = {r.name for r in wheelhouse.needs(wheelhouse.metadata(wheel), linux)}

    assert there - here == {"tzdata"}


def test_it_installs_and_analyses_without_a_network(house: Path) -> None:
    bundle = ROOT / "sample_bundles" / "agent-port-shut" / "bundle.tar.gz"
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")

    done = subprocess.run(
        [ROOT / "scripts" / "airgap", house, bundle, sys.executable], capture_output=True, text=True, check=False
    )

    if done.returncode == 77:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stderr) == (0, "")
    assert "FAILURE" in done.stdout
    assert " 0 do not" in done.stdout


def test_the_first_command_of_an_installation_reads_no_grammar(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    asks = "import sys; from patterns.loader import load_library; load_library(); print('pyparsing' in sys.modules)"
    environment = {"PYTHONPATH": str(tmp_path / "installed"), "XDG_CACHE_HOME": str(tmp_path / "nothing"), "PATH": ""}

    said = subprocess.run([sys.executable, "-c", asks], cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert said.stdout == "False\n", said.stderr
