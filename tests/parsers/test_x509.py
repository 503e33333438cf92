"""Certificates are read by their dates, and nothing else of a Secret is."""

import base64
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.x509 import Certificate, certificate, certificates_in, of_secret, only_certificates

DATA = Path(__file__).parents[1] / "data" / "certificates"
NAMES = ("models.example.com", "*.models.example.com", "192.0.2.7")
KEY = b"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"


def pem(name: str) -> bytes:
    return (DATA / f"{name}.pem").read_bytes()


def der(name: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem(name).decode())


def secret(**held: bytes | str) -> dict[str, object]:
    data = {k.replace("_", "."): base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in held.items()}
    return {"kind": "Secret", "type": "kubernetes.io/tls", "data": data}


@pytest.mark.parametrize(
    ("name", "start", "end", "names", "ca"),
    [
        ("leaf", datetime(2026, 1, 3, 10, tzinfo=UTC), datetime(2026, 4, 2, 11, tzinfo=UTC), NAMES, False),
        ("far", datetime(2026, 1, 1, tzinfo=UTC), datetime(2055, 1, 1, tzinfo=UTC), NAMES, False),
        (
            "plain",
            datetime(2026, 1, 3, 10, tzinfo=UTC),
            datetime(2027, 4, 2, 11, tzinfo=UTC),
            ("models.team-a.svc",),
            False,
        ),
        (
            "signer",
            datetime(2025, 1, 1, tzinfo=UTC),
            datetime(2035, 1, 1, tzinfo=UTC),
            ("signer of the example",),
            True,
        ),
    ],
)
def test_a_certificate_tells_its_dates_and_names(
    name: str, start: datetime, end: datetime, names: tuple[str, ...], ca: bool
) -> None:
    assert certificates_in(pem(name)) == [Certificate(start, end, names, ca)]


def test_signers_are_read_as_openssl_reads_them() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=(pem("signer") + pem("old-signer")).decode())

    theirs = {
        (ssl.cert_time_to_seconds(str(c["notBefore"])), ssl.cert_time_to_seconds(str(c["notAfter"])))
        for c in context.get_ca_certs()
    }
    ours = certificates_in(pem("signer") + pem("old-signer"))
    assert {(int(c.valid_from.timestamp()), int(c.expires.timestamp())) for c in ours if c} == theirs
    assert len(theirs) == 2


@given(st.integers(0, len(der("leaf"))), st.binary(max_size=4))
@example(0, b"")
@example(2, b"\x00")
def test_whatever_is_read_never_raises(at: int, instead: bytes) -> None:
    whole = der("leaf")
    certificate(whole[:at] + instead)
    certificate(whole[:at] + instead + whole[at + len(instead) :])
    certificates_in(b"-----BEGIN CERTIFICATE-----\n" + instead + b"\n-----END CERTIFICATE-----")


@pytest.mark.parametrize("at", range(0, len(der("leaf")), 7))
def test_a_part_of_a_certificate_is_none(at: int) -> None:
    assert certificate(der("leaf")[:at]) is None
    assert certificate(der("leaf") + b"\x00") is None


def test_of_a_secret_only_certificates_are_told() -> None:
    told = of_secret(secret(tls_crt=pem("leaf") + pem("signer"), tls_key=KEY, token=b"zebra99zebra"))

    assert [(c["key"], c["expires"][:10], c["trusted"]) for c in told] == [
        ("tls.crt", "2026-04-02", False),
        ("tls.crt", "2035-01-01", False),
    ]
    assert "zebra" not in str(told)
    assert "MIGH" not in str(told)


def test_a_key_beside_a_certificate_is_passed_over() -> None:
    told = of_secret(secret(combined_pem=KEY + pem("leaf") + KEY))

    assert [c["expires"] for c in told] == ["2026-04-02T11:00:00+00:00"]
    assert "MIGH" not in str(told)


def test_one_signer_is_what_all_rests_on_and_one_of_several_is_not() -> None:
    assert [c["trusted"] for c in of_secret(secret(ca_crt=pem("old-signer")))] == [False]
    assert [c["trusted"] for c in of_secret(secret(ca_crt=pem("old-signer") + pem("signer")))] == [True, True]


@pytest.mark.parametrize("hidden", ["***", "", "REDACTED", b"***", b"no certificate"])
def test_what_was_hidden_is_there_without_a_date(hidden: bytes | str) -> None:
    assert [(c["key"], c["expires"]) for c in of_secret(secret(tls_crt=hidden, tls_key=hidden))] == [("tls.crt", None)]


def test_a_damaged_certificate_is_there_without_a_date() -> None:
    damaged = pem("leaf").replace(b"MII", b"AAA", 1)

    assert [c["expires"] for c in of_secret(secret(tls_crt=damaged))] == [None]


def test_clear_text_of_a_secret_is_read_too() -> None:
    told = of_secret({"kind": "Secret", "stringData": {"ca.crt": pem("signer").decode(), "n": 3}, "data": ["odd"]})

    assert [c["key"] for c in told] == ["ca.crt"]


@pytest.mark.parametrize(
    ("held", "only"),
    [
        (pem("leaf"), True),
        (pem("leaf") + pem("signer"), True),
        (pem("leaf") + KEY, False),
        (pem("leaf") + b"password=zebra99zebra\n", False),
        (KEY, False),
        (pem("leaf").replace(b"MII", b"AAA", 1), False),
        (b"-----BEGIN CERTIFICATE-----\nemVicmE5OXplYnJh\n-----END CERTIFICATE-----\n", False),
        (b"", False),
    ],
)
def test_only_a_certificate_is_shown(held: bytes, only: bool) -> None:
    assert only_certificates(base64.b64encode(held).decode()) is only


def test_a_key_in_both_parts_of_a_secret_is_told_twice() -> None:
    both = {"stringData": {"tls.crt": "x"}, "data": {"tls.crt": "no base64"}, "type": "kubernetes.io/tls"}

    assert [row["key"] for row in of_secret(both)] == ["tls.crt", "tls.crt"]
