"""Words that somebody quotes, without a log around them, are told as what they are."""

from pathlib import Path

import pytest

from forensics.analysis import analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document
from patterns.loader import load_library

LIBRARY = load_library()
SAID = "Failed to sync/copy pvc://models/iris to /mnt/agent/rclone/12"


def of(folder: Path, text: str) -> Document:
    (folder / "ticket.md").write_text(text)
    return analyse(read(open_bundle([folder / "ticket.md"])), LIBRARY)


def notes(document: Document) -> list[str]:
    return [note for note in document["remarks"] if "has the words of" in note]


def test_a_quoted_status_names_the_failure_and_proves_none(tmp_path: Path) -> None:
    document = of(tmp_path, f"Hello,\nour model says:\n\n```\n{SAID}\n```\nWhat can we do?\n")

    assert document["verdict"] == "unrecognised"
    assert not document["findings"]
    (note,) = notes(document)
    assert note.startswith("ticket.md:5 ")
    assert "storage/rclone-copy-failed" in note


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nnothing works since Monday: connection refused, failed to load.\nPlease help\n",
        "".join(f"{SAID} {n}\n" for n in range(501)),  # no ticket, but the log of something we do not know
    ],
)
def test_words_of_any_software_lead_nowhere(tmp_path: Path, text: str) -> None:
    assert notes(of(tmp_path, text)) == []


def test_a_secret_in_the_line_is_masked(tmp_path: Path) -> None:
    (note,) = notes(of(tmp_path, f"{SAID} password=Zq7xPlanted0001Rt4vWn\n"))

    assert "Planted" not in note


MODEL = """apiVersion: mlops.seldon.io/v1alpha1
kind: Model
metadata: {name: iris, namespace: shop}
spec: {storageUri: "s3://models/iris"}
"""
STATUS = "status: {conditions: [{type: Ready, status: 'True'}], replicas: 1}\n"


@pytest.mark.parametrize(("text", "state"), [(MODEL, "unknown"), (MODEL + STATUS, "ok")])
def test_a_manifest_alone_says_nothing_of_the_controller(tmp_path: Path, text: str, state: str) -> None:
    assert of(tmp_path, text)["chain"][0]["state"] == state
