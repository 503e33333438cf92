"""Certificates inside Secrets, by their dates alone: what a Secret shows to others, never a key.

A strict reader of the few fields that a review asks for. Nothing is verified: that is what a library for cryptography
is for, and none is needed to read two dates.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from parsers.k8s_values import mapping

MOST = 2 << 20  # characters of one value; a Secret holds at most 1 MiB
_PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END ", re.S)
_WHOLE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----")
_PEM_HEAD = "LS0tLS1CRUdJTiBDRVJU"  # -----BEGIN CERT in base64
_NAMED = re.compile(r"(?:^|[-_.])(?:crt|cer|cert|certificate)(?:\.pem)?$")  # keys that hold one by their name
_SEQUENCE, _INTEGER, _OID, _OCTETS, _BOOLEAN = 0x30, 0x02, 0x06, 0x04, 0x01
_SHORT_TIME, _LONG_TIME = 0x17, 0x18
_TIMES = {_SHORT_TIME: re.compile(rb"\d{12}Z"), _LONG_TIME: re.compile(rb"\d{14}Z")}
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_NAMES, _CONSTRAINTS, _COMMON_NAME = bytes.fromhex("551d11"), bytes.fromhex("551d13"), bytes.fromhex("550403")
_TEXTS = (0x0C, 0x13, 0x14, 0x16)  # UTF8String, PrintableString, T61String, IA5String
_DNS, _URI, _ADDRESS = 0x82, 0x86, 0x87


class _NotDerError(ValueError):
    """What is read is no DER, or no certificate."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself.

    Attributes:
        valid_from: its first moment, UTC.
        expires: its last moment, UTC.
        names: DNS names, addresses and URIs it is made out to; its common name where it has none.
        ca: whether it may sign others.
    """

    valid_from: datetime
    expires: datetime
    names: tuple[str, ...]
    ca: bool


def certificate(der: bytes) -> Certificate | None:
    """Return what a certificate in DER says; None for what is none.

    Source: RFC 5280, sections 4.1 and 4.2.1.6.
    """
    try:
        return _read(der)
    except (_NotDerError, ValueError, IndexError):
        return None


def certificates_in(pem: bytes) -> list[Certificate | None]:
    """Return the certificates of a PEM text, in its order; None for a block that cannot be read."""
    found: list[Certificate | None] = []
    for block in _PEM.finditer(pem):
        try:
            found.append(certificate(base64.b64decode(b"".join(block[1].split()), validate=True)))
        except binascii.Error:
            found.append(None)
    return found


def only_certificates(text: str) -> bool:
    """Whether a value of a Secret, in base64, is a PEM text of certificates that can be read, and of nothing else."""
    if len(text) > MOST or not text.startswith(_PEM_HEAD):
        return False
    try:
        pem = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    found = certificates_in(pem)
    return bool(found) and None not in found and not _WHOLE.sub(b"", pem).strip()


def of_secret(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the certificates of a Secret as it was dumped, before anything is hidden.

    Each has `key` (of the Secret), `names`, `ca`, `valid_from`, `expires` (ISO 8601, null where it cannot be read) and
    `trusted`: one of several signers that are trusted side by side, so that an old one among them shuts nothing.
    A value that by its key is a certificate and was hidden where it was dumped is there without a date.
    """
    held = sorted(_values(value), key=itemgetter(0))  # a key can stand in both parts, hidden in one
    return [row for key, text in held for row in _rows(key, text, value.get("type"))]


def _values(value: Mapping[str, Any]) -> Iterator[tuple[str, bytes | None]]:
    """Yield the keys of a Secret and what they hold; None for what was hidden, or is no text in base64."""
    for key, held in mapping(value.get("stringData")).items():
        if isinstance(held, str) and len(held) <= MOST:
            yield str(key), held.encode("utf-8", "replace")
    for key, held in mapping(value.get("data")).items():
        if isinstance(held, str) and len(held) <= MOST:
            try:
                yield str(key), base64.b64decode("".join(held.split()), validate=True)
            except (binascii.Error, ValueError):
                yield str(key), None


def _rows(key: str, text: bytes | None, kind: Any) -> Iterator[dict[str, Any]]:
    found = certificates_in(text) if text else []
    if not found and ((key == "tls.crt" and kind == "kubernetes.io/tls") or _NAMED.search(key)):
        found = [None]
    signers = sum(one is not None and one.ca for one in found)
    for one in found:
        trusted = one is not None and one.ca and signers == len(found) > 1
        if one is None:
            yield {"key": key, "names": [], "ca": None, "trusted": False, "valid_from": None, "expires": None}
        else:
            yield {
                "key": key,
                "names": list(one.names),
                "ca": one.ca,
                "trusted": trusted,
                "valid_from": one.valid_from.isoformat(),
                "expires": one.expires.isoformat(),
            }


# ---- DER


def _read(der: bytes) -> Certificate:
    whole, rest = _value(der, _SEQUENCE)
    if rest:
        raise _NotDerError("something follows the certificate")
    signed, _ = _value(whole, _SEQUENCE)
    tag, _, after = _element(signed)
    if tag == _VERSION:
        signed = after
    _, signed = _value(signed, _INTEGER)
    _, signed = _value(signed, _SEQUENCE)  # how it is signed
    _, signed = _value(signed, _SEQUENCE)  # by whom
    dates, signed = _value(signed, _SEQUENCE)
    start, dates = _time(dates)
    end, dates = _time(dates)
    if dates:
        raise _NotDerError("more than two dates")
    subject, signed = _value(signed, _SEQUENCE)
    _, signed = _value(signed, _SEQUENCE)  # the public key
    names: tuple[str, ...] = ()
    ca = False
    for oid, held in _extensions(signed):
        if oid == _NAMES:
            names = tuple(_alternative(held))
        elif oid == _CONSTRAINTS:
            body, _ = _value(held, _SEQUENCE)
            ca = body[:3] == b"\x01\x01\xff"
    return Certificate(start, end, names or tuple(_common_names(subject)), ca)


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag and the value of the first element, and what follows it."""
    tag, size = data[0], data[1]
    if tag & 0x1F == 0x1F:
        raise _NotDerError("a tag of several bytes")
    at = 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or data[2] == 0:
            raise _NotDerError("no length of DER")
        at += count
        size = int.from_bytes(data[2:at], "big")
        if size < 0x80:
            raise _NotDerError("a length that is too long")
    if at + size > len(data):
        raise _NotDerError("cut off")
    return tag, data[at : at + size], data[at + size :]


def _value(data: bytes, wanted: int) -> tuple[bytes, bytes]:
    tag, value, rest = _element(data)
    if tag != wanted:
        raise _NotDerError(f"tag {tag:#x} in the place of {wanted:#x}")
    return value, rest


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        tag, value, data = _element(data)
        yield tag, value


def _time(data: bytes) -> tuple[datetime, bytes]:
    tag, value, rest = _element(data)
    if tag not in _TIMES or not _TIMES[tag].fullmatch(value):
        raise _NotDerError("no time")
    text = value.decode("ascii")
    if tag == _SHORT_TIME:  # two digits of a year: from 50 on the last century's
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC), rest


def _extensions(signed: bytes) -> Iterator[tuple[bytes, bytes]]:
    for tag, value in _elements(signed):
        if tag == _EXTENSIONS:
            listed, _ = _value(value, _SEQUENCE)
            for _, extension in _elements(listed):
                oid, rest = _value(extension, _OID)
                if rest[:1] == bytes([_BOOLEAN]):
                    _, _, rest = _element(rest)
                yield oid, _value(rest, _OCTETS)[0]


def _alternative(held: bytes) -> Iterator[str]:
    listed, _ = _value(held, _SEQUENCE)
    for tag, value in _elements(listed):
        if tag in (_DNS, _URI):
            yield value.decode("ascii", "replace")
        elif tag == _ADDRESS and len(value) == 4:
            yield ".".join(map(str, value))


def _common_names(subject: bytes) -> Iterator[str]:
    for _, relative in _elements(subject):
        for _, pair in _elements(relative):
            oid, rest = _value(pair, _OID)
            tag, value, _ = _element(rest)
            if oid == _COMMON_NAME and tag in _TEXTS:
                yield value.decode("utf-8", "replace")
