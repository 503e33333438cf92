"""A redacted bundle names nobody, and tells the same."""

import io
import tarfile
from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.comparing import compare
from forensics.redaction import redact
from patterns.loader import load_library

ROOT = Path(__file__).parent.parent.parent / "sample_bundles"
LIBRARY = load_library()
KEY = b"a key of a test"


def texts(archive: bytes) -> str:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return "\n".join(m.name + "\n" + opened.extractfile(m).read().decode() for m in opened)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["missing-artefact", "quota-exceeded", "two-schedulers"])
def test_names_and_addresses_are_gone_and_the_outcome_is_the_same(name: str) -> None:
    case = read(open_bundle([next((ROOT / name).glob("bundle*"))]))

    made = redact(case, LIBRARY, KEY)

    shared = texts(made.archive)
    assert made.names
    assert not [known for known in made.names if known in shared and made.names[known] not in known]
    assert made.document["verdict"] == analyse(case, LIBRARY)["verdict"]


def test_the_same_key_gives_the_same_bytes_and_another_key_other_names() -> None:
    case = read(open_bundle([next((ROOT / "missing-package").glob("bundle*"))]))

    one, again, other = (redact(case, LIBRARY, key) for key in (KEY, KEY, b"another"))

    assert one.archive == again.archive
    assert one.names != other.names


def test_addresses_of_a_subnet_stay_together() -> None:
    from forensics.redaction import _Replacing

    text = _Replacing({}, KEY).text("from 10.1.2.3 to 10.1.2.4 and 10.9.9.4, not 127.0.0.1 or 1.2.3.4.5")

    words = text.replace(",", "").split()
    assert words[1].rpartition(".")[0] == words[3].rpartition(".")[0] != words[5].rpartition(".")[0]
    assert (words[1][-2:], words[7], words[9]) == (".3", "127.0.0.1", "1.2.3.4.5")


def test_what_differs_is_told_and_what_does_not_is_not() -> None:
    good = read(open_bundle([next((ROOT / "healthy-installation").glob("bundle*"))]))
    bad = read(open_bundle([next((ROOT / "quota-exceeded").glob("bundle*"))]))

    well = analyse(good, LIBRARY)
    same = compare(good, good, well, well)
    found = compare(good, bad, well, analyse(bad, LIBRARY))

    assert same == []
    assert found[0].kind == "finding"


@pytest.mark.parametrize(
    ("text", "gone", "stays"),
    [
        ("at fd00:10:244:1::15 and fd00:10:244:1::16, not ::1 or 10:15:30", "fd00:10:244", "::15"),
        ("node ip-10-3-20-41 is 10.3.20.41", "3-20", "ip-10-"),
        ("arn:aws:iam::123456789012:role/x", "123456789012", "arn:aws:iam::"),
        (
            "pulling 123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1",
            "123456789012",
            ".dkr.ecr.eu-west-1.amazonaws.com/x:1",
        ),
        ("https://acme-models.s3.eu-west-1.amazonaws.com/x", "acme", ".s3.eu-west-1.amazonaws.com/x"),
        ("proxy.intern.acme.de and broker.acme.co.uk", "acme", " and "),
        ("io.seldon.dataflow.Cli and module.de stay", "nothing", "io.seldon.dataflow.Cli and module.de stay"),
    ],
)
def test_addresses_of_every_writing_are_replaced_alike(text: str, gone: str, stays: str) -> None:
    from forensics.redaction import _Replacing

    shared = _Replacing({}, KEY).text(text)

    assert gone not in shared
    assert stays in shared
    assert "::1 or 10:15:30" in shared or "10:15:30" not in text
    if "ip-10" in text:
        assert shared.split()[1].removeprefix("ip-").replace("-", ".") == shared.split()[3]


def test_names_of_four_letters_do_not_become_one() -> None:
    from forensics.redaction import _pseudonym

    names = [f"m{number:03}" for number in range(1000)]

    assert len({_pseudonym(name, "m", KEY) for name in names}) == len(names)


def test_a_bucket_is_a_name() -> None:
    from benchmarks.fuzz import packed

    model = (
        "apiVersion: mlops.seldon.io/v1alpha1\nkind: Model\nmetadata:\n  name: fraud\n  namespace: ml\n"
        "spec:\n  storageUri: s3://acme-risk-models/fraud/1\n"
    )
    case = read(open_bundle(["-"], stdin=io.BytesIO(packed({"a.yaml": model.encode()}))))

    shared = texts(redact(case, LIBRARY, KEY).archive)

    assert "acme" not in shared
    assert "s3://b" in shared


@pytest.mark.parametrize(
    "kind", ["apps/v1 Deployment", "apps/v1 StatefulSet", "v1 Service", "v1 ConfigMap", "batch/v1 Job"]
)
def test_what_stands_beside_seldon_is_a_name_too(kind: str) -> None:
    from benchmarks.fuzz import packed

    version, _, name = kind.partition(" ")
    beside = f"apiVersion: {version}\nkind: {name}\nmetadata:\n  name: acme-storefront\n  namespace: ml\n"
    own = beside.replace("acme-storefront", "seldon-scheduler")
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: acme-storefront-7d9c6bdf5-x2x9k\n  namespace: ml\n"
    case = read(open_bundle(["-"], stdin=io.BytesIO(packed({"a.yaml": "---\n".join((beside, own, pod)).encode()}))))

    made = redact(case, LIBRARY, KEY)

    assert made.beside
    assert "acme" not in texts(made.archive)
    assert "seldon-scheduler" in texts(made.archive)
