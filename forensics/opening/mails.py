"""Mails that were saved as files (`.eml`): their texts and attachments, one after the other.

Source: RFC 5322, RFC 2045 to 2047; the reading is `email`'s.
"""

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser

from forensics.opening.budgets import MIB, Damaged

LOOKED_AT = 16 << 10  # bytes in which the headers end: each server on the way adds some
LARGEST = 48 * MIB  # servers take no more than half of it; it is read as a whole
MOST_LINES = 1_000_000  # as many bytes have 700,000 in base64
MOST_BOUNDARIES = 10_000  # lines that may part it
_FIRST = re.compile(
    rb"(?:From|To|Cc|Subject|Date|Received|Return-Path|Delivered-To|Message-I[Dd]|MIME-Version|Content-Type|DKIM-Signature"
    rb"|Reply-To|Sender|Authentication-Results|ARC-[\w-]+|X-[\w-]+): ?"
)
_MIME = re.compile(rb"^MIME-Version: ?1", re.MULTILINE | re.IGNORECASE)
_TYPED = re.compile(rb"^Content-Type: ?(?:text|multipart)/", re.MULTILINE | re.IGNORECASE)
_ENDS = re.compile(rb"\r?\n\r?\n")


def may_be_mail(head: bytes) -> bool:
    """Whether a file that begins so begins like the headers of a mail: cheap, and asked of every file."""
    return _FIRST.match(head) is not None


def is_mail(head: bytes) -> bool:
    """Whether the first `LOOKED_AT` bytes of a file are those of a mail."""
    end = _ENDS.search(head)
    headers = head[: end.start()] if end else head
    return may_be_mail(head) and _MIME.search(headers) is not None and _TYPED.search(headers) is not None


def parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each text and attachment, texts as UTF-8.

    Of a text that is there in two forms the plain one counts. Names are as written, and not to be trusted.

    Raises:
        Damaged: they cannot be told apart, or are more than any mail has.
    """
    if data.count(b"\n") > MOST_LINES or data.count(b"\n--") > MOST_BOUNDARIES:
        raise Damaged("a mail of more lines or parts than mails have: save what is in it, and give that")
    try:
        for number, part in enumerate(_leaves(BytesParser().parsebytes(data)), 1):
            yield _name(part, number), _bytes(part)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"the parts of this mail cannot be told apart: {type(error).__name__}") from error


def _leaves(message: Message) -> Iterator[Message]:
    inside = message.get_payload()
    if not isinstance(inside, list):
        yield message
        return
    some = [part for part in inside if isinstance(part, Message)]
    plain = [part for part in some if part.get_content_type() == "text/plain"]
    if message.get_content_type() == "multipart/alternative" and plain:
        some = plain
    for part in some:
        yield from _leaves(part)


def _name(part: Message, number: int) -> str:
    kind = {"text/html": "html", "text/plain": "txt"}.get(part.get_content_type(), "bin")
    return part.get_filename() or f"part-{number}.{kind}"


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return b""
    charset = part.get_content_charset("utf-8") if part.get_content_maintype() == "text" else "utf-8"
    if charset in ("utf-8", "us-ascii"):
        return data
    try:
        return data.decode(charset, "replace").encode()
    except LookupError:  # a charset that nobody knows
        return data
