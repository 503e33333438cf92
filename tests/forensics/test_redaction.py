"""A redacted bundle names nobody, and tells the same."""

import io
import tarfile
from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.comparing import compare
from forensics.redaction import pseudonyms, redact
from patterns.loader import load_library
from patterns.pattern import Library

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
    names = {f"m{number:03}": "m" for number in range(1000)}
    made = pseudonyms(names, KEY)

    assert len(set(made.values())) == len(names)
    assert {len(name) for name in made.values()} == {4}
    assert not names.keys() & set(made.values())


def test_capitals_and_lengths_stay_as_they_were() -> None:
    made = pseudonyms({"iris": "m", "Iris": "m", "IRIS": "m", "fraud-score": "m"}, KEY)

    assert made["Iris"] == made["iris"].capitalize()
    assert made["IRIS"] == made["iris"].upper()
    assert {name: len(name) for name in made} == {name: len(other) for name, other in made.items()}
    assert len(set(pseudonyms({f"a{n:x}": "m" for n in range(4000)}, KEY).values())) == 4000


def test_columns_of_a_table_stay_where_they_are() -> None:
    from benchmarks.fuzz import packed

    table = "NAME   DESIRED   READY\niris   1         False\n"
    objects = "apiVersion: mlops.seldon.io/v1alpha1\nkind: Model\nmetadata:\n  name: iris\n  namespace: ml\n"
    files = {"models.txt": table.encode(), "m.yaml": objects.encode()}
    case = read(open_bundle(["-"], stdin=io.BytesIO(packed(files))))

    shared = texts(redact(case, Library({}, ""), KEY).archive)

    assert "iris" not in shared
    assert [line[7:] for line in shared.splitlines() if line.endswith("False")] == ["1         False"]


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


@pytest.mark.parametrize(
    "said",
    [
        '[2026-03-04T10:15:40.099Z] "POST /v2/models/acme-churn/infer HTTP/1.1" 404 - NR 0 0 0 - "-" "curl" "-" "m.x" "-"',
        '[2026-03-04T10:15:40.099Z] "POST /v2/models/a/infer HTTP/1.1" 404 - NR 0 0 0 - "-" "c" "-" "mesh.acme-ml.svc" "-"',
        "$ curl -H 'seldon-model: acme-churn' http://10.1.2.3/v2/models/x/infer\nHTTP/1.1 404 Not Found",
        "2026-03-04 10:15:40,099 [mlserver][acme-churn_1:1] INFO - Loaded model 'acme-churn_1' successfully.",
        'time="2026-03-04T10:15:40Z" level=info msg="Got it" modelName=acme-churn_2 func=LoadModel source=SchedulerServer',
        '{"cluster_name": "acme-churn_1_http", "pipelineName": "acme-steps"}',
    ],
)
def test_a_name_of_which_nobody_dumped_the_object_is_replaced(said: str) -> None:
    from benchmarks.fuzz import packed

    case = read(open_bundle(["-"], stdin=io.BytesIO(packed({"a.log": f"{said}\n".encode()}))))

    assert "acme" not in texts(redact(case, LIBRARY, KEY).archive)
