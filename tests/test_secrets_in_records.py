"""What a secret is shown to be only by the records around it, or by a customer's own way to write it, is masked."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from benchmarks.fuzz import packed
from forensics.analysis import Case, analyse, read
from forensics.bundle import open_bundle
from forensics.intake.masking import mask, without_keys
from forensics.querying import ask
from forensics.reporting.forms import FORMS, rendered
from forensics.reporting.frames import write_parquet
from forensics.reporting.merged import merged, timeline_view
from patterns.loader import load_library

STAMP = "2025-07-12T18:30:09.123456789Z"
PLANTED: list[str] = []


def secret(size: int = 1) -> str:
    """A secret nobody else has; remembered in PLANTED."""
    made = "".join(f"Zq7xPlanted{len(PLANTED):04}Rt4vWn{i}" for i in range(size))
    PLANTED.append(made)
    return made


def encoded(text: str) -> str:
    made = base64.b64encode(text.encode()).decode()
    PLANTED.append(made)
    return made


def key(kind: str = "RSA PRIVATE") -> list[str]:
    """The lines of a private key, the last of which is short, as it is in life."""
    rows = [encoded(secret(3))[:64] for _ in range(3)] + [encoded("Qx" + secret())[:22] + "=="]
    PLANTED.extend(rows)
    return [f"-----BEGIN {kind} KEY-----", *rows, f"-----END {kind} KEY-----"]


def said(words: str) -> str:
    return f'time="2025-07-12T18:30:09Z" level=error msg="{words}" func=x source=AgentConfigHandler'


def logs() -> dict[str, str]:
    """Logs in which each line of a key is a record of its own."""
    first = [said("Failed to load the key"), said("Rclone Config loaded &{[] []}"), said("Subscribed to scheduler")]
    last = [said("after the key")]
    wrapped = {
        "bare": lambda line: line,
        "cri": lambda line: f"{STAMP} stderr F {line}",
        "docker": lambda line: json.dumps({"log": line + "\n", "stream": "stderr", "time": STAMP}),
        "timestamps": lambda line: f"{STAMP} {line}",
        "prefix": lambda line: f"[pod/mlserver-0/agent] {line}",
        "prefix-timestamps": lambda line: f"[pod/mlserver-0/agent] {STAMP} {line}",
        "stern": lambda line: f"mlserver-0 agent {line}",
        "compose": lambda line: f"agent-1  | {line}",
        "journal": lambda line: f"Jul 12 18:30:09 node-1 agent[1]: {line}",
        "logrus": lambda line: line if line.startswith("time=") else said(line),
        "mlserver": lambda line: f"2025-07-12 18:30:09,949 [mlserver] ERROR - {line}",
        "klog": lambda line: f"E0712 18:30:09.123456       1 x.go:250] {line}",
        "zap": lambda line: json.dumps({"level": "error", "ts": STAMP, "logger": "a", "msg": line}),
        "other": lambda line: f"2025-07-12 18:30:09 ERROR {line}",
    }
    found = {name: "\n".join(map(wrap, [*first, *key(), *last])) for name, wrap in wrapped.items()}
    found["cut"] = "\n".join([*first, *key("EC PRIVATE")[:3]])
    found["openssh"] = "\n".join([*first, *key("OPENSSH PRIVATE"), *last])
    found["pgp"] = "\n".join(
        [
            *first,
            "-----BEGIN PGP PRIVATE KEY BLOCK-----",
            "",
            *key()[1:-1],
            "-----END PGP PRIVATE KEY BLOCK-----",
            *last,
        ]
    )
    return {f"{name}.log": text + "\n" for name, text in found.items()}


def words() -> Iterator[str]:
    """Ways to write a secret on one line."""
    yield f"postgresql://app:{secret()}@db.example:5432/x?sslmode=require"
    yield f"mongodb+srv://app:{secret()}@db.example/x"
    yield f"amqps://app:{secret()}@mq.example:5671/"
    yield f"Server=db;Database=x;User Id=app;Password={secret()};Encrypt=true"
    yield f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={secret()}==;EndpointSuffix=y"
    yield f"SharedAccessSignature=sv=2024&sig={secret()}&se=1"
    yield f'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\\"u\\" password=\\"{secret()}\\";'
    yield f"ssl.keystore.password = {secret()}"
    yield f"ssl.key.password: {secret()}"
    yield f"sasl.oauthbearer.client.secret={secret()}"
    yield f"aws_session_token = {secret()}"
    yield f"AWS_SECRET_ACCESS_KEY: {secret()}"
    yield f"RCLONE_CONFIG_S3_SECRET_ACCESS_KEY={secret()}"
    yield f"KAFKA_PASS={secret()}"
    yield f"export DB_PASS='{secret()}'"
    yield f"PGPASSWORD={secret()} psql"
    yield f"x-api-key: {secret()}"
    yield f"api-key={secret()}"
    yield f"apikey: {secret()}"
    yield f"Ocp-Apim-Subscription-Key: {secret()}"
    yield f"x-auth-token: {secret()}"
    yield f"PRIVATE-TOKEN: {secret()}"
    yield f"authorization: Bearer {secret()}"
    yield f'-H "Authorization: Token {secret()}"'
    yield f"proxy-authorization: Basic {encoded('u:' + secret())}"
    yield f"curl -u admin:{secret()} http://mesh"
    yield f"--proxy-user u:{secret()}"
    yield f"docker login -u u -p {secret()} r.example"
    yield f"helm registry login --username u --password {secret()}"
    yield f"mysql -u u -p{secret()} -h db"
    yield f"https://hooks.slack.example/services/T0/B0/x?token={secret()}"
    yield f"https://oauth2:{secret()}@git.example/x.git"
    yield f"https://{secret(2)}@git.example/x.git"
    yield f'"private_key_id": "{secret()}"'
    yield f'"client_secret":"{secret()}"'
    yield f"clientSecret: {secret()}"
    yield f"refresh_token={secret()}"
    yield f"id_token={secret()}"
    yield f"encryption_key: {secret()}"
    yield f"secretKey: {secret()}"
    yield f"accessKey={secret()}"
    yield f"auth: {encoded('u:' + secret())}"
    yield f"env: [MINIO_ROOT_PASSWORD={secret()} A=b]"
    yield f"map[password:{secret()} user:x]"
    yield f"&{{Password:{secret()} User:x}}"
    yield f"Config{{token={secret()}, user=x}}"
    yield f"password is {secret()}"
    yield f"pass: {secret()}"


def texts() -> dict[str, str]:
    """Configuration as it is dumped."""
    docker = encoded(json.dumps({"auths": {"r.example": {"username": "u", "password": secret()}}}))
    remote = {
        "type": "s3",
        "name": "s3",
        "parameters": {"access_key_id": secret(), "secret_access_key": secret(), "endpoint": "http://minio.example"},
    }
    variables = "".join(
        f"      {name}:  {secret()}\n"
        for name in ("DB_PASSWORD", "KAFKA_SASL_PASSWORD", "S3_SECRET_KEY", "API_TOKEN", "RCLONE_PASS")
    )
    return {
        "docker.json": json.dumps({"auths": {"r.example": {"auth": encoded("u:" + secret())}}}, indent=2),
        "pull.yaml": f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: pull\n  namespace: ml\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {docker}\n",
        "rclone.conf": f'[s3]\ntype = s3\nprovider = Minio\naccess_key_id = {secret()}\nsecret_access_key = {secret()}\n\n[sftp]\ntype = sftp\npass = {secret()}\nkey_file_pass = {secret()}\n\n[drive]\ntype = drive\ntoken = {{"access_token":"{secret()}","refresh_token":"{secret()}"}}\n',
        "rclone.log": said("Creating remote " + json.dumps(remote).replace('"', '\\"')) + "\n" + said("loaded") + "\n",
        "describe.txt": f"Name:             mlserver-0\nNamespace:        ml\nStatus:           Running\nContainers:\n  agent:\n    Image:          x:1\n    State:          Running\n    Ready:          True\n    Restart Count:  0\n    Environment:\n{variables}Conditions:\n  Type    Status\n  Ready   True\nEvents:   <none>\n",
        "pod.json": json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "a", "namespace": "ml"},
                "spec": {
                    "containers": [
                        {
                            "name": "c",
                            "image": "x",
                            "env": [
                                {"name": "DB_PASSWORD", "value": secret()},
                                {"name": "KAFKA_PASS", "value": secret()},
                            ],
                            "args": ["--token", secret(), f"--password={secret()}"],
                            "command": ["sh", "-c", f"export TOKEN={secret()}; run"],
                        }
                    ]
                },
            },
            indent=2,
        ),
        "pod.yaml": f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n  namespace: ml\nspec:\n  containers:\n  - name: c\n    image: x\n    env:\n    - name: DB_PASSWORD\n      value: {secret()}\n    - value: {secret()}\n      name: API_TOKEN\n    args: [--api-key, {secret()}]\n",
        "map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n  namespace: ml\ndata:\n  tls.key: |\n"
        + "\n".join(f"    {row}" for row in key())
        + '\n  quoted: "'
        + "\n    ".join(key())
        + f'"\n  agent.json: \'{{"rclone":{{"config":["{{\\"secret_access_key\\":\\"{secret()}\\"}}"]}}}}\'\n',
        "values.yaml": f"security:\n  kafka:\n    sasl:\n      client:\n        password: {secret()}\nsecretKeys:\n- {secret()}\n",
        "env.txt": f"$ kubectl exec mlserver-0 -c agent -- env\nPATH=/bin\nAWS_SECRET_ACCESS_KEY={secret()}\nKAFKA_PASS={secret()}\nGITHUB_TOKEN={secret()}\n",
    }


@pytest.fixture(scope="module")
def case() -> Case:
    files = logs() | texts()
    files["words.log"] = "".join(
        said(f"word {n}: {word}".replace("\\", "\\\\").replace('"', '\\"')) + "\n" for n, word in enumerate(words())
    )
    files["words.txt"] = "".join(f"2025-07-12 18:30:09 ERROR word {n}: {word}\n" for n, word in enumerate(words()))
    return read(open_bundle(["-"], stdin=io.BytesIO(packed({name: text.encode() for name, text in files.items()}))))


def leaks(text: str) -> list[str]:
    """The planted secrets that stand in a text, each with what stands before it."""
    places = [(text.find(made), len(made)) for made in PLANTED]
    return [text[max(0, at - 70) : at + size] for at, size in places if at >= 0]


def test_frames_hold_no_secret_in_any_form(case: Case, tmp_path: Path) -> None:
    write_parquet(case, analyse(case, load_library()), tmp_path)

    assert case.intake.failures == ()
    leaked = {
        path.name: found[:60]
        for path in sorted(tmp_path.iterdir())
        if (found := leaks(pl.read_parquet(path).write_ndjson()))
    }
    assert leaked == {}


def test_queries_and_timeline_hold_no_secret(case: Case) -> None:
    from rich.console import Console

    shown = Console(file=io.StringIO(), width=400, record=True)
    shown.print(timeline_view(merged(case.frames, (), None, [], None, None, 10_000)))
    asked = {name: leaks(ask(case.frames, f'SELECT * FROM "{name}"').write_ndjson()) for name in case.frames}  # noqa: S608

    assert leaks(shown.export_text()) == []
    assert {name: found[:9] for name, found in asked.items() if found} == {}


def test_reports_hold_no_secret(case: Case) -> None:
    document = analyse(case, load_library())

    assert {
        form: found for form in FORMS if form != "parquet" and (found := leaks(rendered(document, form).decode()))
    } == {}


def test_what_surrounds_a_key_stays(case: Case) -> None:
    said_after = {
        row["member"] for row in case.frames["log.agent"].iter_rows(named=True) if "after the key" in row["text"]
    }

    assert len(said_after) > 9
    assert "m" in case.frames["k8s.configmap"]["name"].to_list()


def test_a_certificate_is_no_secret() -> None:
    lines = pl.Series(["-----BEGIN CERTIFICATE-----", "MIID" + "A" * 60, "-----END CERTIFICATE-----"])

    assert without_keys(lines).to_list() == lines.to_list()
    assert mask(lines[1]) == lines[1]
