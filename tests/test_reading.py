"""Every form in which customers send things is read as it should be, whatever the file is called."""

import io
import tarfile

import pytest

from forensics.bundle import open_bundle
from forensics.ingest import Intake, ingest
from parsers import PARSERS
from tests.reading import FORMS, Form

# Known, and not read yet.
UNREAD = {
    "shape: Go's own types": "kubectl 1.13 wrote objects without kind and with capital keys",
}


def taken(form: Form, path: str) -> Intake:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(path)
        info.size = len(form.data)
        archive.addfile(info, io.BytesIO(form.data))
    return ingest(open_bundle(["-"], stdin=io.BytesIO(out.getvalue())), PARSERS, 1, strict=True)


def faults(form: Form, path: str, without: tuple[str, ...] = ()) -> list[str]:
    found = taken(form, path)
    said = []
    frame = found.frames.get(form.source)
    if frame is None or frame.height != form.rows:
        said.append(
            f"{form.source}: {0 if frame is None else frame.height} rows, not {form.rows}; {sorted(found.frames)}"
        )
        return said
    for column, value in form.said:
        if column not in without and set(frame[column].to_list()) != {value}:
            said.append(f"{column} is {sorted(set(map(str, frame[column].to_list())))}, not {value}")
    if form.source.startswith("log.") and frame["time"].null_count():
        said.append("records without a time")
    said.extend(
        f"{read.account} of {len(read.lines)} lines"
        for read in found.reads
        if sum(read.account.values()) != len(read.lines) or read.account["rejects"]
    )
    return said


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_read_as_it_is(name: str) -> None:
    assert (faults(FORMS[name], FORMS[name].path) == []) == (name not in UNREAD)


@pytest.mark.parametrize("name", FORMS)
def test_another_name_changes_nothing_that_the_content_says(name: str) -> None:
    form = FORMS[name]

    assert (faults(form, "17", form.only_by_name) == []) == (name not in UNREAD)
