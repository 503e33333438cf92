"""Where too little was collected, the signs that are there are told, and what would decide them."""

from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from patterns.loader import load_library

LIBRARY = load_library()
REFUSED = (
    "LAST SEEN   TYPE      REASON         OBJECT                 MESSAGE\n"
    "4m          Warning   FailedCreate   statefulset/mlserver   create Pod mlserver-1 in StatefulSet mlserver failed "
    'error: pods "mlserver-1" is forbidden: exceeded quota: team, requested: limits.memory=2Gi, '
    "used: limits.memory=15Gi, limited: limits.memory=16Gi\n"
)
WANTED = """apiVersion: mlops.seldon.io/v1alpha1
kind: Model
metadata: {name: iris, namespace: shop}
spec: {storageUri: "s3://models/iris", requirements: [sklearn]}
"""


def signs(folder: Path, text: str) -> list[str]:
    (folder / "sent.txt").write_text(text)
    document = analyse(read(open_bundle([folder / "sent.txt"])), LIBRARY)
    return [remark for remark in document["remarks"] if "a sign is there" in remark]


def test_an_event_that_decides_nothing_alone_is_told_with_its_line(tmp_path: Path) -> None:
    (told,) = signs(tmp_path, REFUSED)

    assert told.startswith("A ResourceQuota or LimitRange refuses pods: ")
    assert "(sent.txt:2)" in told
    assert "not collected" in told


@pytest.mark.parametrize(
    "text", [WANTED, REFUSED.splitlines()[0] + "\n4m  Normal  Started  pod/mlserver-0  Started container\n"]
)
def test_what_is_wanted_and_what_went_well_are_no_signs(tmp_path: Path, text: str) -> None:
    assert signs(tmp_path, text) == []
