"""Secrets are masked wherever they stand, and what only sounds like one is not."""

import base64
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planted_kinds import LINES
from forensics.intake import masking
from forensics.intake.masking import MASK, hide, mask
from forensics.intake.secret_shapes import HINTS, SHAPES
from parsers.k8s_secrets import masked

SECRET = "Zq7xK2pLm9Rt4vWn"

HIDDEN = [
    f"password={SECRET}",
    f"password\ufffd{SECRET}",  # a damaged byte
    f"password\xbd{SECRET}",
    f"scassword={SECRET}",  # a name that came damaged out of an archive
    f"password\uff1a {SECRET}",
    f"KAFKA_PASS={SECRET}",
    f"encryption_key: {SECRET}",
    f"docker login -u u -p {SECRET} r.example",
    f"mysql -uroot -p{SECRET}",
    f"the password is {SECRET}",
    f'"password": "{SECRET}"',
    f"aws_secret_access_key = {SECRET}",
    f"secret_access_key: {SECRET}",
    f"sasl.password={SECRET}",
    f'sasl.jaas.config=org.apache.kafka.Login required username="u" password="{SECRET}";',
    f"http://user:{SECRET}@store.example:9000/bucket",
    f"Authorization: Bearer {SECRET}",
    f"authorization: Basic {SECRET}",
    f"token: {SECRET}",
    f"Cookie: session={SECRET}",
    f'{{"https://store.example/x?X-Amz-Signature":"{SECRET}"}}',
    f'\\"https://store.example/x?X-Amz-Signature\\":\\"{SECRET}\\"',
    f'{{"Cookie: session":"{SECRET}"}}',
    f'"args":["--kafka-password","{SECRET}"]',
    f'\\"args\\":[\\"--kafka-password\\",\\"{SECRET}\\"]',
    f"client_secret={SECRET}&grant_type=x",
    f"api_key={SECRET}",
    f"--from-literal=AWS_SECRET_ACCESS_KEY={SECRET}",
    f"https://s3.example/x?X-Amz-Signature={SECRET}&X-Amz-Date=1",
    f"        - name: KAFKA_PASSWORD\n          value: {SECRET}",
    f'{{"name": "AWS_SECRET_ACCESS_KEY",\n "value": "{SECRET}"}}',
    f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    f"<password>{SECRET}</password>",
    f'<add key="Password" value="{SECRET}"/>',
    f"DSN=svc:{SECRET}@tcp(db.example:3306)/x",
    f"posting to https://hooks.slack.com/services/T0AAAA000/B0AAAA000/{SECRET}",
    f"GET /x?next=%2Flogin%3Fpassword%3D{SECRET}%2F{SECRET}%26a%3Db",
    f"machine git.example login svc password {SECRET}",
    f"github_pat_11AAAAAAA0{SECRET}{SECRET}",
    f"ya29.{SECRET}{SECRET}",
    f"dckr_pat_{SECRET}",
    f"pypi-AgEIcHlwaS5vcmc{SECRET}{SECRET}",
    f"SG.{SECRET}.{SECRET}{SECRET}",
    f"AGE-SECRET-KEY-1{SECRET}{SECRET}",
    f"API key: {SECRET}",
    f"Secret Key = {SECRET}",
    f'"k8s-token":{{"value":"{SECRET}"}}',
    f"      S3_KEY:      {SECRET}",
    f'msg="connecting" password=\\"{SECRET}\\" user=x',
]

SHOWN = [
    "image: docker.example/agent:2.9@sha256:abcdef0123456789abcdef0123456789",
    "PARTITION_KEY=model-name-of-a-model",
    "Failed to get the api key: missing",
    "secret key ref: name",
    'secrets "seldon-rclone-gs-public" not found',
    "secretName: minio-secret",
    "Failed to get secret from namespace",
    "automountServiceAccountToken: true",
    "CONTROL_PLANE_CLIENT_TLS_SECRET_NAME: tls-client",
    "downstream_context_secrets_not_ready: 1",
    "max_tokens: 512",
    "author: somebody",
    "level=error msg=unauthorized",
    "ssl.ca.location failed: calling fopen(/tmp/ca.crt, r)",
    "http://seldon-mesh:80/v2/models/iris/infer",
    "secretName:\n  other: value",
    "the password is wrong",
    "bypass=true, compass: north",
    "ssh -p 2222 host",
    "token_url: https://idp.example/token",
    'secret "minio-secret-1" not found',
    "secret seldon-rclone-s3-2 is mounted",
    "token 128009 is out of range",
    "owner:alice@team.example, mailto:bob@team.example",
    "image:1.2@sha256:0123456789abcdef0123456789abcdef",
    "state:org.x.Foo@6d06d69c",
    "model sk-learn-model-with-a-long-name and hf-text-generation-model-v2",
    "PWD=/home/app OLDPWD=/",
    "an api error ExpiredToken: The token is too old",
    "envoy.grpc_credentials: envoy.grpc_credentials.default, x",
    '{"name":"SASL_SECRET","value":""}',
    '{"name":"TLS_SECRET_NAME","value":"tls-client"}',
    "headers: authentication,authorization,cache-control",
    "x.stateful_session.cookie, x.stateful_session.envelope",
    "connecting with password and SASL SCRAM-SHA-512",
    "http://mesh:9000/v2/models/a@b",
    "DB_PASSWORD:  16 bytes",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_a_secret_is_hidden(text: str) -> None:
    masked = mask(text)

    assert SECRET not in masked
    assert MASK in masked


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize("text", HIDDEN)
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.text())
def test_masking_never_adds_or_takes_lines_without_a_key_block(text: str) -> None:
    assert "PRIVATE KEY" in text or mask(text).count("\n") == text.count("\n")


FILLED = {
    kind: template.format(
        s=SECRET, b=base64.b64encode(f"u:{SECRET}".encode()).decode(), u="QZX7P00001PLANTD", h="5a7b0" * 7, n="1 2"
    )
    for kind, template in LINES.items()
}


def told(text: str) -> list[str]:
    """The parts of a text that tell what was secret in it."""
    secrets = (SECRET, base64.b64encode(f"u:{SECRET}".encode()).decode(), "QZX7P00001PLANTD", "5a7b0", "[1 2]")
    return [each for each in secrets if each in text]


@pytest.mark.parametrize("kind", FILLED)
def test_every_kind_is_hidden_as_it_is_and_inside_of_other_texts(kind: str) -> None:
    quoted = json.dumps(f"failed: {FILLED[kind]}", ensure_ascii=False)
    texts = [
        FILLED[kind],
        f"level=error msg={quoted} x=y",
        json.dumps({"a": f'{{"msg":{quoted}}}'}, ensure_ascii=False),
    ]

    assert told(FILLED[kind])
    for text in texts:
        assert told(mask(text)) == []
        assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "password=P@ss:w0rd!/x#1",
        "password=ab{c(d[e",
        "password=ab,cd",
        'password=ab"cd',
        "password=ab)cd",
        r"password=ab\cd",
        '"password":"abcd',
        "password='abcd",
        r"{\"password\":\"ab\\\"cd\",\"n\":1}",
        r"{\"password\":\"abcd",
        "tokens=[ab, cd",
        "postgres://u:ab@cd@host.example/x",
        "postgres://u:ab/cd@host.example/x",
    ],
)
def test_a_secret_is_hidden_to_its_end(text: str) -> None:
    masked = mask(text)

    assert not {"ab", "cd", "w0rd", "#1", "d[e"} & {
        text[i : i + n] for text in [masked] for n in (2, 3, 4) for i in range(len(text))
    }
    assert mask(masked) == masked


def test_a_secret_of_an_object_leaves_no_end_of_its_value() -> None:
    for text in (f"password=b'{SECRET}'", f"token=SecretStr('{SECRET}')", f"password => {SECRET}"):
        assert SECRET not in mask(masked(text))
    assert SECRET not in mask(f'{{"error": "\\\\u5bc6\\\\u7801\\\\uff1a{SECRET}"}}')
    assert SECRET not in mask(f"$ curl --cookie session={SECRET} x\nnext")


def test_what_is_looked_for_first_is_in_every_kind() -> None:
    for shape in SHAPES:
        for word in shape.words:
            beside = word in (
                "value",
                "value=",
                "string",
                "inline_string",
                "key-",
                "key=",
                "login",
                "aws configure",
                "set -",
            )
            assert beside or any(hint in word for hint in HINTS), word


CERTIFICATE = (Path(__file__).parents[1] / "data" / "certificates" / "leaf.pem").read_bytes()
KEY = b"-----BEGIN PRIVATE KEY-----\n" + SECRET.encode() + b"\n-----END PRIVATE KEY-----\n"


def encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()


def test_of_a_secret_the_certificate_stays_and_the_key_goes() -> None:
    lines = ["kind: Secret", "data:", f"  tls.crt: {encoded(CERTIFICATE)}", f"  tls.key: {encoded(KEY)}"]

    shown = [mask(line) for line in hide(pl.Series(lines))]

    assert shown == [*lines[:3], f'  tls.key: "{MASK}"']
    assert hide(pl.Series(shown)).to_list() == shown


@pytest.mark.parametrize("inside", [False, True])
def test_the_same_on_one_line_and_inside_of_a_string(inside: bool) -> None:
    held = {"kind": "Secret", "data": {"tls.crt": encoded(CERTIFICATE), "tls.key": encoded(KEY)}}
    text = json.dumps({"was": json.dumps(held)} if inside else held)

    assert encoded(KEY) not in mask(text)
    assert encoded(CERTIFICATE) in mask(text)


def test_a_certificate_with_a_key_behind_it_is_hidden() -> None:
    lines = ["kind: Secret", "data:", f"  tls.pem: {encoded(CERTIFICATE + KEY)}"]

    assert hide(pl.Series(lines)).to_list() == [*lines[:2], f'  tls.pem: "{MASK}"']


@pytest.mark.parametrize(
    "text",
    [
        f"- name: DB_PASSWORD\n\n  value: {SECRET}",
        f"- value: {SECRET}\n  name: DB_PASSWORD",
        f'{{\n  "value": "{SECRET}",\n  "name": "API_TOKEN"\n}}',
    ],
)
def test_a_value_is_hidden_by_the_name_beside_it(text: str) -> None:
    hidden = hide(pl.Series(text.split("\n")))

    assert SECRET not in "".join(hidden.to_list())
    other = hide(pl.Series(f"- value: {SECRET}\n- name: DB_PASSWORD".split("\n")))
    assert SECRET in "".join(other.to_list())


def test_lines_are_looked_at_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pod = "- env:\n  - name: DB_PASSWORD\n    value: {0}\n  - name: X\n    value: shown\n  command:\n  - --token\n  - {0}\n"
    secret = "---\nkind: Secret\ndata:\n  a: {0}\n  b: |\n    {0}\n---\n"
    lines = pl.Series((pod * 3 + secret + pod).format(SECRET).split("\n"))
    hidden = hide(lines)
    monkeypatch.setattr(masking, "PAGE", 2)
    monkeypatch.setattr(masking, "PAGES", 2)

    assert hide(lines).to_list() == hidden.to_list()
    assert not hidden.str.contains(SECRET, literal=True).any()
    assert hidden.str.contains("shown", literal=True).sum() == 4
