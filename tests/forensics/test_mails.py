"""A mail that was saved as a file is opened: its text and its attachments are members."""

import io
import tarfile
from email.message import EmailMessage

import pytest

from forensics.bundle import open_bundle
from forensics.opening.mails import is_mail

LOG = b'time="2025-07-12T18:30:09Z" level=info msg="Subscribed to scheduler" func=StartControlLoop Source=Client\n'


def mail(**attached: bytes) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.com", "b@example.com", "model not ready"
    made.set_content("Hello,\nthe log is attached.\n")
    for name, data in attached.items():
        made.add_attachment(data, "application", "octet-stream", filename=name.replace("_", "."))
    return made


def members(data: bytes) -> dict[str, tuple[str, bytes | None]]:
    return {m.name: (m.status, m.data) for m in open_bundle(["-"], stdin=io.BytesIO(data)).members()}


def archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("logs/agent.log")
        info.size = len(LOG)
        tar.addfile(info, io.BytesIO(LOG))
    return out.getvalue()


def test_texts_and_attachments_are_members() -> None:
    found = members(mail(agent_log=LOG).as_bytes())

    assert [name.rpartition("!")[2] or name for name in found] == ["part-1.txt", "agent.log"]
    assert [data for _, data in found.values()] == [b"Hello,\nthe log is attached.\n", LOG]


def test_an_attached_archive_is_opened() -> None:
    found = members(mail(bundle_tgz=archive()).as_bytes())

    assert ("read", LOG) in found.values()
    assert any(name.endswith("bundle.tgz!logs/agent.log") for name in found)


def test_a_forwarded_mail_is_opened_too() -> None:
    outer = mail()
    outer.add_attachment(mail(agent_log=LOG))

    assert ("read", LOG) in members(outer.as_bytes()).values()


def test_of_a_text_in_two_forms_the_plain_one_counts() -> None:
    made = mail()
    made.add_alternative("<p>Hello,<br>the log is attached.</p>", subtype="html")

    assert [data for _, data in members(made.as_bytes()).values()] == [b"Hello,\nthe log is attached.\n"]


def test_a_text_becomes_utf8() -> None:
    made = EmailMessage()
    made["From"] = "a@example.com"
    made.set_content("größer\n", charset="iso-8859-1")

    assert [data for _, data in members(made.as_bytes()).values()] == ["größer\n".encode()]


@pytest.mark.parametrize(
    "head",
    [
        b"From: a@example.com\nSubject: no MIME\n\ntime=x\n",
        b"X-Request-Id: 12\nContent-Type: application/json\n\n{}\n",
        b"Content-Type: text/plain\n\nMIME-Version: 1.0\n",
        b"HTTP/1.1 404 Not Found\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n",
    ],
)
def test_other_headers_are_no_mail(head: bytes) -> None:
    assert not is_mail(head)


def test_names_of_attachments_stay_inside() -> None:
    found = members(mail(**{"../../etc/passwd": LOG, "/root/x": LOG}).as_bytes())

    assert not any(".." in name or name.startswith("/") for name in found)


def test_parts_inside_parts_without_end_are_said() -> None:
    layers = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    found = members(b"From: a@example.com\nMIME-Version: 1.0\n" + layers + b"\nend\n")

    assert {status for status, _ in found.values()} <= {"broken", "read", "skipped"}
    assert found


def test_a_mail_that_ends_early_gives_what_is_there() -> None:
    data = mail(first_log=LOG, second_log=LOG * 100).as_bytes()

    assert ("read", LOG) in members(data[: len(data) * 2 // 3]).values()


@pytest.mark.parametrize("crowd", [b"\n" * 2_000_000, b"--x\n\na\n" * 20_000])
def test_a_crowd_of_parts_or_lines_is_refused(crowd: bytes) -> None:
    head = b"From: a@example.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"

    assert {status for status, _ in members(head + crowd).values()} == {"broken"}
