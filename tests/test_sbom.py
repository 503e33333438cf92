"""The bill of materials holds by the schema that CycloneDX publishes, whatever the wheels say of their licence."""

import json
from email.message import Message
from pathlib import Path

import pytest

from scripts.sbom import bill
from tests.published import cyclonedx_schema, faults

LICENCES = [
    {"License-Expression": "Apache-2.0 OR MIT"},
    {"Classifier": "License :: OSI Approved :: BSD License"},
    {"License": "terms of our own\nand their text"},
    {},
]


def metadata(**fields: str) -> Message:
    message = Message()
    for name, value in {"Summary": "A package", **fields}.items():
        message[name] = value
    return message


@pytest.mark.parametrize("said", LICENCES, ids=lambda said: next(iter(said), "nothing"))
def test_a_bill_holds_by_the_published_schema(tmp_path: Path, said: dict[str, str]) -> None:
    wheels = [tmp_path / f"other-1-{tag}.whl" for tag in ("one", "two")]
    for wheel in wheels:
        wheel.write_bytes(wheel.name.encode())
    own = ("seldon-forensics", "0.1", metadata(**{"License-Expression": "Apache-2.0"}), wheels[:1])

    made = json.loads(bill([own, ("other", "1", metadata(**said), wheels)], {own[0]: ["other"]}, 1_700_000_000))

    assert faults(cyclonedx_schema(), made) == []
    made["components"][0]["licenses"] = [{"license": {"id": "no such licence"}}]
    assert faults(cyclonedx_schema(), made) != []  # the schema does look
