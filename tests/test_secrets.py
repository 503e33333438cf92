"""No secret that was planted anywhere in a failing bundle comes out of any command, and what stands beside it does."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from forensics import analysis
from forensics.bundle import Bundle
from forensics.cli import app
from forensics.ingest import Intake
from tests.test_sample_bundles import ROOT, contents

FOLDERS = {"policy-shuts-xds": "bundle.tar.gz", "missing-artefact": "bundle.zip", "refused-update": "bundle"}
Whole = tuple[Intake, dict[str, Any]]
SAYING = 'secrets "minio-for-risk" not found'
_COUNT = iter(range(10_000))


def secret(shape: str = "") -> str:
    """A secret nobody else has; remembered in PLANTED."""
    number = next(_COUNT)
    made = {
        "jwt": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVk{number:04}In0.Wv8sQpLanted{number:04}xYz",
        "aws": f"AKIA{'QZX7PLANTED'}{number:05}",
        "": f"Zq7xPlanted{number:04}Rt4vWn",
    }[shape]
    PLANTED.append(made)
    return made


PLANTED: list[str] = []


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def key_block(indent: str = "") -> str:
    """A private key whose lines are all secret."""
    rows = [encoded(f"{secret()}{secret()}xx")[:64] for _ in range(3)]
    PLANTED.extend(rows)
    return "\n".join(
        indent + row for row in ("-----BEGIN RSA PRIVATE KEY-----", *rows, "-----END RSA PRIVATE KEY-----")
    )


def suffixes() -> list[str]:
    """What may stand at the end of a log line."""
    return [
        f" dsn=postgres://app:{secret()}@db.example:5432/x",
        f" Authorization: Bearer {secret()}",
        f' password="{secret()}"',
        f" password: {secret()}",
        f" secret_access_key = {secret()}",
        f' {{"auths":{{"r.example":{{"auth":"{secret()}"}}}}}}',
        f" AWS_SESSION_TOKEN={secret()}",
        f" got {secret('jwt')}",
        f" key {secret('aws')}",
        f" sasl.password={secret()}",
        f" --password {secret()}",
        f" --token={secret()}",
        f" X-Api-Key: {secret()}",
        f" Cookie: session={secret()}",
        f" authorization: Basic {encoded('u:' + secret())}",
        f' body="{{\\"password\\":\\"{secret()}\\",\\"user\\":\\"x\\"}}"',
        f" sasl.jaas.config=org.apache.kafka.Plain required username=u password='{secret()}';",
        f" https://store.example/x?X-Amz-Signature={secret()}&X-Amz-Date=1",
        f" rclone config: [s3] secret_access_key = {secret()}",
        f" DefaultEndpointsProtocol=https;AccountName=x;AccountKey={secret()}==;EndpointSuffix=y",
        f" https://blob.example/x?sv=2024&sig={secret()}",
        f" passphrase={secret()}",
        f" client_secret: '{secret()}'",
        f' {{"level":"error","msg":"x","token":"{secret()}","n":1}}',
        f" curl -u admin:{secret()} http://mesh/v2",
        f" curl -H 'Authorization: Bearer {secret()}' http://mesh/v2",
        f" redis://:{secret()}@cache.example:6379/0",
    ]


def planted_log(data: bytes) -> bytes:
    """Every line of a log with a secret at its end."""
    ends: list[str] = []
    out = []
    for line in data.decode().split("\n"):
        if not ends:
            ends = suffixes()
        end = ends.pop()
        if line.endswith('"') and "level=" in line:  # inside of the message, as a client's error would have it
            line = line[:-1] + end.replace("\\", "\\\\").replace('"', '\\"') + '"'
        elif line.endswith("}") or not line or line.startswith("\t"):
            pass
        else:
            line += end
        out.append(line)
    return "\n".join(out).encode()


SECRETS_YAML = """apiVersion: v1
items:
- apiVersion: v1
  data:
    plain: {0}
    .dockerconfigjson: {1}
    folded: |
      {2}
  kind: Secret
  metadata:
    annotations:
      kubectl.kubernetes.io/last-applied-configuration: |
        {{"apiVersion":"v1","data":{{"plain":"{3}"}},"kind":"Secret","metadata":{{"name":"registry-login"}}}}
    name: registry-login
    namespace: pricing
  type: kubernetes.io/dockerconfigjson
- apiVersion: v1
  kind: Secret
  metadata:
    name: rclone-store
    namespace: pricing
  stringData:
    s3: "{{\\"type\\":\\"s3\\",\\"parameters\\":{{\\"opaque\\":\\"{4}\\"}}}}"
    other: {5}
  type: Opaque
kind: List
metadata:
  resourceVersion: ""
"""


def objects() -> dict[str, str]:
    """Files of objects and configuration full of secrets."""
    docker = encoded(json.dumps({"auths": {"r.example": {"auth": encoded("u:" + secret())}}}))
    PLANTED.append(docker)
    values = [encoded(secret()), docker, encoded(secret()), encoded(secret()), secret(), secret()]
    PLANTED.extend(values)
    one = {
        "apiVersion": "v1",
        "kind": "SecretList",
        "items": [
            {"metadata": {"name": "listed", "namespace": "pricing"}, "data": {"opaque": encoded(secret())},
             "stringData": {"plain": secret()}},
        ],
    }  # fmt: skip
    PLANTED.append(one["items"][0]["data"]["opaque"])  # type: ignore[index]
    single = {
        **one,
        "kind": "Secret",
        "metadata": {"name": "single", "namespace": "pricing"},
        "data": {"odd": secret()},
    }
    del single["items"]
    config = f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: careless
  namespace: pricing
data:
  server.key: |
{key_block("    ")}
  rclone.conf: |
    [store]
    type = s3
    access_key_id = {secret("aws")}
    secret_access_key = {secret()}
  kafka.json: '{{"bootstrap.servers":"k:9092","sasl.password":"{secret()}"}}'
  values.yaml: |
    global:
      adminPassword: {secret()}
      imageCredentials: {{password: {secret()}}}
"""
    kubeconfig = f"""apiVersion: v1
kind: Config
users:
- name: admin
  user:
    client-certificate-data: {encoded("certificate")}
    client-key-data: {encoded(secret())}
- name: robot
  user:
    token: {secret()}
- name: basic
  user:
    username: u
    password: {secret()}
"""
    pod = f"""apiVersion: v1
kind: Pod
metadata:
  name: careless-0
  namespace: pricing
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {{"apiVersion":"v1","kind":"Pod","spec":{{"containers":[{{"env":[{{"name":"DB_PASSWORD","value":"{secret()}"}}]}}]}}}}
spec:
  containers:
  - name: main
    image: x:1
    args:
    - --kafka-password
    - {secret()}
    - --password={secret()}
    env:
    - name: DB_PASSWORD
      value: {secret()}
    - name: AWS_SECRET_ACCESS_KEY
      value: "{secret()}"
    - name: TLS_SECRET_NAME
      value: tls-for-mesh
status:
  phase: Pending
  containerStatuses:
  - name: main
    ready: false
    restartCount: 7
    state:
      waiting:
        reason: CreateContainerConfigError
        message: {SAYING} while using {secret("jwt")}
"""
    client = f"""$ curl -v -u admin:{secret()} http://mesh/v2/models/iris/infer
> POST /v2/models/iris/infer HTTP/1.1
> Host: mesh
> Authorization: Basic {encoded("admin:" + secret())}
> Cookie: session={secret()}
< HTTP/1.1 404 Not Found
* Connection #0 to host mesh left intact
$ curl -H 'Authorization: Bearer {secret()}' -H "X-Api-Key: {secret()}" http://mesh/v2/models/iris/ready
curl: (7) Failed to connect to mesh port 80: Connection refused
$ kubectl create secret generic x --from-literal=opaque={secret()} -n pricing
Error from server (NotFound): {SAYING}
"""
    describe = f"""Name:             careless-1
Namespace:        pricing
Priority:         0
Node:             node-1/10.0.0.1
Status:           Running
Containers:
  main:
    Image:          x:1
    State:          Waiting
      Reason:       CrashLoopBackOff
    Ready:          False
    Restart Count:  9
    Environment:
      DB_PASSWORD:            {secret()}
      AWS_SECRET_ACCESS_KEY:  {secret()}
      FROM_SECRET:            <set to the key 'password' in secret 'minio-for-risk'>  Optional: false
Events:           <none>
"""
    envoy = json.dumps(
        {"configs": [{
            "@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump",
            "dynamic_active_secrets": [{
                "name": "upstream", "version_info": "1", "last_updated": "2026-11-25T19:30:00Z",
                "secret": {"name": "upstream", "tls_certificate": {
                    "private_key": {"inline_bytes": encoded(secret())}, "password": {"inline_string": secret()}}},
            }, {
                "name": "generic", "secret": {"name": "generic", "generic_secret": {
                    "secret": {"inline_string": secret()}}},
            }],
        }]}, indent=1,
    )  # fmt: skip
    lines = "".join(
        json.dumps({
            "ts": f"2026-11-25T19:30:{i:02}Z", "level": "error", "msg": f"cannot load: {SAYING}",
            "config": {"password": secret(), "headers": {"Authorization": f"Bearer {secret()}"}}, "apiKey": secret(),
            "raw": json.dumps({"token": secret()}),
        }) + "\n"
        for i in range(20)
    )  # fmt: skip
    PLANTED.extend(encoded(made) for made in list(PLANTED))
    return {
        "objects/secrets.yaml": SECRETS_YAML.format(*values),
        "objects/secrets.json": json.dumps(one, indent=4),
        "objects/secret-line.json": json.dumps(single),
        "objects/config.yaml": config,
        "objects/config.json": json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "careless2", "namespace": "pricing"},
             "data": {"tls.key": key_block(), "a": f"password={secret()}"}}, indent=2),
        "objects/kubeconfig.yaml": kubeconfig,
        "objects/pod.yaml": pod,
        "objects/describe.txt": describe,
        "client.txt": client,
        "envoy-secrets/config_dump.json": envoy,
        "lines.json.log": lines,
        "keys.log": f'time="2026-11-25T19:30:00Z" level=error msg="bad key"\n{key_block()}\n'
        'time="2026-11-25T19:30:01Z" level=error msg="Failed to load model: after the key"\n',
        "helm/values.yaml": f"kafka:\n  sasl:\n    password: {secret()}\n  token: {secret()}\ndb:\n  url: mysql://u:{secret()}@h/x\n",
    }  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles that fail, with secrets everywhere."""
    root = tmp_path_factory.mktemp("planted") / "case"
    files: dict[str, bytes] = {}
    for story, name in FOLDERS.items():
        for member, data in contents(ROOT / story / name).items():
            log = member.endswith((".log", "events.txt"))
            files[f"{story}/{member}"] = planted_log(data) if log else data
    files |= {name: text.encode() for name, text in objects().items()}
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def run(*arguments: str) -> str:
    """What a command prints; its own mistakes are let through."""
    said = CliRunner().invoke(app, list(arguments))
    if said.exception is not None and not isinstance(said.exception, SystemExit):
        raise said.exception
    assert said.exit_code in (0, 10, 6), said.output
    return said.output


@pytest.fixture(scope="module")
def outputs(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Everything every command says of the bundle, by what said it."""
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forensics.analysis.read_whole", _once(analysis.read_whole))  # every command reads the same
        return _said(str(bundle), out)


def _once(read: Callable[..., Whole]) -> Callable[..., Whole]:
    known: dict[str, Whole] = {}

    def reading(opened: Bundle, *more: Any, **how: Any) -> Whole:
        if opened.name not in known:
            known[opened.name] = read(opened, *more, **how)
        return known[opened.name]

    return reading


def _said(case: str, out: Path) -> dict[str, bytes]:
    said: dict[str, str] = {}
    forms = [str(out / f"report.{form}") for form in ("json", "html", "md", "sarif", "xml", "txt")]
    run("analyse", case, *(part for form in [*forms, f"{out}/frames.parquet"] for part in ("-o", form)))
    said["analyse"] = run("analyse", case)
    said["details"] = run("analyse", case, "--details")
    said["timeline"] = run("timeline", case, "--limit", "1000000")
    for command_ in ("state", "routes", "coverage"):
        said[command_] = run(command_, case) + run(command_, case, "-o", "-")
    document = json.loads((out / "report.json").read_bytes())
    for pattern in sorted({finding["pattern"] for finding in document["findings"]})[::3]:
        said[f"explain {pattern}"] = run("explain", case, pattern)
    for table in ("log.client", "k8s.pod", "k8s.configmap", "k8s.secret", "k8s.container", "log.other", "log.agent"):
        sql = f'SELECT * FROM "{table}"'  # noqa: S608 - no database: the frames
        try:
            said[f"query {table}"] = run("query", case, sql)
            run("query", case, sql, "-o", str(out / f"query-{table}.json"))
            run("query", case, sql, "-o", str(out / f"query-{table}.csv"))
        except (AssertionError, ValueError):
            assert table not in {s["source"] for s in document["coverage"]["sources"]}
    run("postmortem", case, "-o", str(out / "incident.md"))
    run("postmortem", case, "-o", str(out / "incident.html"))
    run("review", case, "-o", str(out / "review.json"), "-o", str(out / "review.html"))
    said["review"] = run("review", case, "--details", "--manifests", str(out / "manifests"))
    said["collect"] = run("collect", "--for", str(out / "report.json"))
    places = dict.fromkeys(
        f"{cite['member']}:{cite['lines'][0]}"
        for finding in document["findings"]
        for piece in finding["evidence"]
        for cite in piece["cites"]
    )
    for place in list(places)[:3]:
        said[f"new {place}"] = run("patterns", "new", case, place)
    said["diff"] = run("diff", str(ROOT / "healthy-installation" / "bundle.tar.gz"), case)
    said["tree"] = run("tree", "404", "--bundle", case)
    made = {name: text.encode() for name, text in said.items()}
    for path in sorted(out.rglob("*")):
        if path.suffix == ".parquet" and path.is_file():
            import polars as pl

            made[path.name] = pl.read_parquet(path).write_ndjson().encode()
        elif path.is_file():
            made[str(path.relative_to(out))] = path.read_bytes()
    return made


def leaks(text: bytes) -> list[str]:
    """The planted secrets that stand in a text, each with what stands before it."""
    found = []
    for made in PLANTED:
        at = text.find(made.encode())
        if at >= 0:
            found.append(text[max(0, at - 60) : at + len(made)].decode("utf-8", "replace"))
    return found


def test_no_secret_comes_out_of_any_command(outputs: dict[str, bytes]) -> None:
    assert len(PLANTED) > 300
    leaked = {name: leaks(text)[:3] for name, text in outputs.items() if leaks(text)}

    assert leaked == {}


def test_the_bundle_still_fails_and_says_so(outputs: dict[str, bytes]) -> None:
    document = json.loads(outputs["report.json"])
    patterns = {finding["pattern"].partition("/")[2] for finding in document["findings"]}

    assert document["verdict"] == "failure"
    assert {"storage-uri-empty-or-missing", "model-failed-load", "envoy-xds-config-rejected"} <= patterns


def test_what_is_no_secret_stays_readable(outputs: dict[str, bytes]) -> None:
    everything = b"\n".join(outputs.values()).decode("utf-8", "replace")

    assert "***" in everything
    for word in ("minio-for-risk", "tls-for-mesh", "store.example", "Subscribed to scheduler", "rclone-store"):
        assert word in everything, word


def test_verify_holds_of_a_report_with_masks(bundle: Path, tmp_path: Path) -> None:
    run("analyse", str(bundle), "-o", str(tmp_path / "report.json"))

    assert " 0 do not" in run("verify", str(tmp_path / "report.json"), str(bundle))


def test_a_redacted_bundle_holds_no_secret(bundle: Path, tmp_path: Path) -> None:
    import tarfile

    run("redact", str(bundle), "-o", str(tmp_path / "shared.tar.gz"))

    with tarfile.open(tmp_path / "shared.tar.gz") as tar:
        found = {m.name: leaks(tar.extractfile(m).read())[:3] for m in tar if m.isfile()}  # type: ignore[union-attr]
    assert {name: texts for name, texts in found.items() if texts} == {}
