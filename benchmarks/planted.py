"""Plant every kind of secret in every place of a bundle, ask for every form of output, and say what came out.

    python -m benchmarks.planted [--keep FOLDER] [--kinds WORD] [--quick]

Every secret is planted once, so that one which comes out says which kind it is of and where it lay. Exits 1 where one
came out.
"""

import argparse
import base64
import contextlib
import io
import json
import re
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.planted_kinds import BLOCKS, LINES  # noqa: E402 - run as a script as well

STAMP = "2025-07-12T18:30:09.123456789Z"
# What a planted secret looks like: as it is, in Base64, as an id in capitals, as hexadecimal digits.
PLANTED = re.compile(rb"Zq7xP(\d{5})Rt4v|(dTpacTd4U[\w+/]{6,12})|QZX7P(\d{5})|5a7b(\d{5})e")


@dataclass
class Plants:
    """What was planted: the kind and the place of each secret."""

    known: list[tuple[str, str]] = field(default_factory=list)

    def counted(self) -> str:
        """Return how much was planted, of how many kinds and in how many places."""
        kinds, places = ({one[at] for one in self.known} for at in (0, 1))
        return f"{len(self.known)} (kinds {len(kinds)}, places {len(places)})"

    def fill(self, template: str, kind: str, place: str) -> str:
        """Return the text of a kind with a secret of its own."""
        number = len(self.known)
        self.known.append((kind, place))
        secret = f"Zq7xP{number:05}Rt4vWn"
        return template.format(
            s=secret,
            b=base64.b64encode(f"u:{secret}".encode()).decode(),
            u=f"QZX7P{number:05}PLANTD",
            h=f"5a7b{number:05}e".ljust(32, "c"),
            n=" ".join(str(byte) for byte in secret.encode()),
        )

    def found(self, text: bytes) -> set[tuple[str, str]]:
        """Return kind and place of the secrets in a text."""
        numbers = set()
        for plain, encoded, capital, digits in PLANTED.findall(text):
            if encoded:
                raw = base64.b64decode(encoded[: len(encoded) // 4 * 4])
                plain = (re.search(rb"P(\d{5})", raw) or [b"", b""])[1]
            if found := plain or capital or digits:
                numbers.add(int(found))
        return {self.known[number] for number in numbers if number < len(self.known)}


# ---- where a line may stand


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _said(text: str) -> str:
    return f'time="2025-07-12T18:30:09Z" level=error msg="Failed to load model: {_escaped(text)}" func=x source=Client'


def _in_url(text: str) -> str:
    """Return what of a text is sent in a URL: not what is a secret only by the words around it."""
    return text.replace(" ", "%20") if " " not in text or text.endswith(" here") else "x"


WRAPPERS: Mapping[str, Callable[[str], str]] = {
    "bare": lambda text: text,
    "logrus": _said,
    "logrus-field": lambda text: (
        f'time="2025-07-12T18:30:09Z" level=error msg="Scheduler not ready" error="rpc error: {_escaped(text)}"'
    ),
    "cri": lambda text: f"{STAMP} stderr F {_said(text)}",
    "docker": lambda text: json.dumps({"log": _said(text) + "\n", "stream": "stderr", "time": STAMP}),
    "timestamps": lambda text: f"{STAMP} {text}",
    "prefix": lambda text: f"[pod/mlserver-0/agent] {_said(text)}",
    "stern": lambda text: f"mlserver-0 agent {text}",
    "compose": lambda text: f"agent-1  | {text}",
    "journal": lambda text: f"Jul 12 18:30:09 node-1 agent[1]: {text}",
    "mlserver": lambda text: f"2025-07-12 18:30:09,949 [mlserver] ERROR - {text}",
    "klog": lambda text: f"E0712 18:30:09.123456       1 x.go:250] {text}",
    "zap-json": lambda text: json.dumps(
        {"level": "error", "ts": STAMP, "logger": "controller.Model", "msg": "Reconciler error", "error": text}
    ),
    "zap-console": lambda text: f"2025-07-12T18:30:09.123Z\tERROR\tReconciler error\t{json.dumps({'error': text})}",
    "rclone": lambda text: f"2025/07/12 18:30:09 ERROR : {text}",
    "librdkafka": lambda text: f"%3|1752345009.123|FAIL|rdkafka#producer-1| [thrd:x]: {text}",
    "klogging": lambda text: f"2025-07-12 18:30:09,123 [main] ERROR io.seldon.dataflow.Cli - {text}",
    "java": lambda text: f"[2025-07-12 18:30:09,123] ERROR [Broker id=1] {text} (kafka.server.KafkaServer)",
    "envoy": lambda text: f"[2025-07-12 18:30:09.172][1][warning][config] [source/x.cc:1] {text}",
    "envoy-access": lambda text: (
        f'[2025-07-12T18:30:09.099Z] "POST /v2/models/iris/infer?note={_in_url(text)} HTTP/1.1" 404 NR '
        f'route_not_found - "-" 0 0 1 - "-" "curl/8 {text}" "id-1" "mesh" "-"'
    ),
    "triton": lambda text: f'E0712 18:30:09.123456 1 model_lifecycle.cc:621] "failed to load: {text}"',
    "coredns": lambda text: f"[ERROR] plugin/errors: 2 {text}",
    "istio": lambda text: f"2025-07-12T18:30:09.123456Z\terror\txdsproxy\t{text}",
    "other": lambda text: f"2025-07-12 18:30:09 ERROR {text}",
    "trace": lambda text: (
        "2025-07-12 18:30:09,949 [mlserver] ERROR - Couldn't load\nTraceback (most recent call last):\n"
        f'  File "/x.py", line 3, in load\n    raise ValueError("x")\nValueError: {text}'
    ),
    "panic": lambda text: f"panic: {text}\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1 +0x1",
    "history": lambda text: f"  501  {text}",
    "markdown": lambda text: f"```\n{text}\n```",
    "client": lambda text: (
        f"$ curl -v http://mesh/v2/models/iris/infer # {text}\n> POST /v2 HTTP/1.1\n> {text}\n< HTTP/1.1 404 Not Found"
    ),
    "csv": lambda text: '2025-07-12T18:30:09Z,"{}"'.format(text.replace('"', '""')),
    "metric": lambda text: f'seldon_model_infer_total{{note="{_escaped(text)}"}} 1',
}
_HEADS = {"csv": "timestamp,message", "metric": "# TYPE seldon_model_infer_total counter"}


def _logs(plants: Plants, lines: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield a log of every shape, each line with a kind of its own."""
    for name, wrap in WRAPPERS.items():
        rows = [wrap(plants.fill(template, kind, f"log {name}")) for kind, template in lines.items()]
        yield f"logs/{name}.{'csv' if name == 'csv' else 'log'}", "\n".join([_HEADS.get(name, "begin"), *rows]) + "\n"


def _in_line(line: str, text: str) -> str:
    """Return a line of a log with a text at the end of what it says."""
    if line.startswith("{") and line.endswith("}"):
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            key = next((k for k in ("msg", "message", "log", "error") if isinstance(record.get(k), str)), "note")
            end = "\n" if str(record.get(key, "")).endswith("\n") else ""
            record[key] = f"{str(record.get(key, '')).rstrip()} {text}{end}"
            return json.dumps(record, ensure_ascii=False)
        return line
    if line.endswith('"') and ("level=" in line or "msg=" in line):
        return f'{line[:-1]} {_escaped(text)}"'
    if "level=" in line:  # a field of its own
        return f'{line} note="{_escaped(text)}"'
    return f"{line} {text}" if line.strip() and not line.endswith(("{", "[", ",", "|", ":")) else line


def _examples(plants: Plants, lines: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what the parsers' samples and the patterns' examples hold, with a kind at the end of each line."""
    from parsers import PARSERS
    from patterns.loader import load_library

    kinds = list(lines.items())
    turn = 0

    def planted(text: str, place: str) -> str:
        nonlocal turn
        rows = []
        for row in text.split("\n"):
            kind, template = kinds[turn % len(kinds)]
            turn += 1
            if row.startswith((" ", "\t", "}", "]", "- ", "---")) or re.match(r"[\w\"]+:( |$)", row):
                rows.append(row)  # of an object or a dump, which a text behind it would break
            else:
                rows.append(_in_line(row, plants.fill(template, kind, place)))
        return "\n".join(rows)

    for parser in PARSERS:
        for number, sample in enumerate(parser.samples):
            if sample.yields is not None:
                yield (
                    f"samples/{parser.name}-{number}/x.log",
                    planted(sample.text[:200_000], f"sample of {parser.name}"),
                )
    for pattern in load_library().patterns.values():
        example = next((each for each in pattern.examples if each.expect == "present"), None)
        for name, text in (example.files if example else {}).items():
            yield f"found/{pattern.id}/{name}", planted(text, f"example of {pattern.id}")


def _objects(plants: Plants, lines: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield objects of Kubernetes, Envoy and Helm that hold every kind."""
    import yaml

    def all_of(place: str) -> list[tuple[str, str]]:
        return [(kind, plants.fill(template, kind, place)) for kind, template in lines.items()]

    def meta(name: str, place: str) -> dict[str, object]:
        notes = {f"note/{kind}": text for kind, text in all_of(f"annotation of {place}")}
        return {"name": name, "namespace": "ml", "annotations": notes}

    def exec_probe(text: str) -> dict[str, object]:
        return {"exec": {"command": ["sh", "-c", text]}}

    for form in ("json", "yaml", "line"):
        place = f"objects in {form}"
        waiting = "; ".join(text for _, text in all_of(f"waiting message, {place}"))
        pod = {
            "apiVersion": "v1", "kind": "Pod", "metadata": meta("careless-0", place),
            "spec": {"containers": [
                {
                    "name": f"c{n}", "image": "x:1", "command": ["sh", "-c", text],
                    "env": [{"name": f"NOTE_{n}", "value": plants.fill(lines[kind], kind, f"env, {place}")}],
                    "args": ["--note", plants.fill(lines[kind], kind, f"argument, {place}")],
                    "livenessProbe": exec_probe(plants.fill(lines[kind], kind, f"probe, {place}")),
                }
                for n, (kind, text) in enumerate(all_of(f"command, {place}"))
            ]},
            "status": {"phase": "Pending", "message": waiting, "containerStatuses": [
                {"name": f"c{n}", "ready": False, "restartCount": 7, "state": {
                    "waiting": {"reason": "CreateContainerConfigError", "message": text}},
                    "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": text}}}
                for n, (_, text) in enumerate(all_of(f"container status, {place}"))
            ]},
        }  # fmt: skip
        config = {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("careless", place),
            "data": {f"k{n}.txt": text + "\n" for n, (_, text) in enumerate(all_of(f"ConfigMap, {place}"))},
        }  # fmt: skip
        secret = {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "held", "namespace": "ml"}, "type": "Opaque",
            "data": {f"k{n}": plants.fill("{b}", "anything", f"Secret, {place}") for n in range(20)},
            "stringData": {f"s{n}": text for n, (_, text) in enumerate(all_of(f"Secret, {place}"))},
        }  # fmt: skip
        model = {
            "apiVersion": "mlops.seldon.io/v1alpha1", "kind": "Model", "metadata": meta("iris", place),
            "spec": {"storageUri": "s3://x/iris", "requirements": ["sklearn"]},
            "status": {"conditions": [
                {"type": "ModelReady", "status": "False", "reason": text, "message": text,
                 "lastTransitionTime": "2025-07-12T18:30:09Z"}
                for _, text in all_of(f"condition, {place}")
            ]},
        }  # fmt: skip
        events = [
            {"apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e{n}", "namespace": "ml"}, "type": "Warning",
             "reason": "Failed", "message": f"Error: {text}", "count": 3, "lastTimestamp": "2025-07-12T18:30:09Z",
             "involvedObject": {"kind": "Pod", "name": "careless-0", "namespace": "ml"}}
            for n, (_, text) in enumerate(all_of(f"Event, {place}"))
        ]  # fmt: skip
        for name, item in (("pod", pod), ("config", config), ("secret", secret), ("model", model)):
            yield f"objects-{form}/{name}.{form.replace('line', 'json')}", _written(item, form)
        listed = {"apiVersion": "v1", "kind": "List", "items": events}
        yield f"objects-{form}/events.{form.replace('line', 'json')}", _written(listed, form)
    rows = [f"5m          Warning   Failed   pod/careless-0   Error: {t}" for _, t in all_of("Events table")]
    yield "events.txt", "\n".join(["LAST SEEN   TYPE      REASON   OBJECT           MESSAGE", *rows]) + "\n"
    told = "".join(f"  Warning  Failed  5m  kubelet  Error: {text}\n" for _, text in all_of("describe"))
    env = "".join(f"      NOTE:  {text}\n" for _, text in all_of("described environment"))
    yield (
        "describe.txt",
        (
            "Name:             careless-1\nNamespace:        ml\nStatus:           Running\nContainers:\n  main:\n"
            "    Image:          x:1\n    State:          Waiting\n      Reason:       CrashLoopBackOff\n"
            f"    Ready:          False\n    Restart Count:  9\n    Environment:\n{env}"
            f"Events:\n  Type     Reason  Age  From     Message\n  ----     ------  ---  ----     -------\n{told}"
        ),
    )
    routes = [
        {"match": {"prefix": f"/{n}"}, "route": {"cluster": "iris_1"}, "request_headers_to_add": [
            {"header": {"key": f"x-note-{n}", "value": text}}], "metadata": {"filter_metadata": {"x": {"note": text}}}}
        for n, (_, text) in enumerate(all_of("Envoy's routes"))
    ]  # fmt: skip
    dump = {"configs": [
        {"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump", "dynamic_route_configs": [
            {"version_info": "1", "last_updated": "2025-07-12T18:30:09Z", "route_config": {
                "name": "listener_0", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}}]},
        {"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump", "dynamic_active_secrets": [
            {"name": f"s{n}", "version_info": "1", "last_updated": "2025-07-12T18:30:09Z", "secret": {
                "name": f"s{n}", "generic_secret": {"secret": {"inline_string": text}},
                "tls_certificate": {"private_key": {"inline_bytes": plants.fill("{b}", "anything", "Envoy's key")}}}}
            for n, (_, text) in enumerate(all_of("Envoy's secrets"))]},
    ]}  # fmt: skip
    yield "envoy/config_dump.json", json.dumps(dump, indent=1)
    yield "envoy-line/config_dump.json", json.dumps(dump)
    yield "helm/values.yaml", yaml.safe_dump({f"v{n}": text for n, (_, text) in enumerate(all_of("Helm's values"))})
    settings = {
        "name": "m",
        "implementation": "x",
        "parameters": {f"p{n}": t for n, (_, t) in enumerate(all_of("MLServer's settings"))},
    }
    yield "model-settings.json", json.dumps(settings, indent=2)


def _blocks(plants: Plants) -> Iterator[tuple[str, str]]:
    for kind, template in BLOCKS.items():
        yield f"blocks/{kind}", plants.fill(template, kind, "a file of its own")


def _written(item: object, form: str) -> str:
    import yaml

    if form == "yaml":
        return yaml.safe_dump(item, allow_unicode=True)
    return json.dumps(item, indent=2 if form == "json" else None)


# In the name of a member only what is a secret by its own shape, or says so.
NAMES = ("env", "url-query-token", "jwt", "aws-id", "github", "huggingface", "slack", "logfmt", "header-bearer", "yaml")


def bundle(plants: Plants, only: str = "") -> bytes:
    """Return an archive with every kind whose name holds `only` in every place."""
    lines = {kind: text for kind, text in LINES.items() if only in kind}
    files: dict[str, str | bytes] = dict((*places(plants, lines), *_blocks(plants)))
    for kind in NAMES:
        if kind in lines:
            name = plants.fill(lines[kind], kind, "the name of a member").replace("/", "_")
            files[f"names/{name}.log"] = _said("x") + "\n"
            files[f"names/{name}/x.log"] = _said("y") + "\n"
    return packed(files | {"commented.zip": _commented(plants)})


def places(plants: Plants, lines: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield name and text of members with every kind in every place."""
    yield from _logs(plants, lines)
    yield from _examples(plants, lines)
    yield from _objects(plants, lines)


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """Return an archive of members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=1) as tar:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _commented(plants: Plants) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = plants.fill(LINES["env"], "env", "the comment of an archive").encode()
        info = zipfile.ZipInfo("x.log")
        info.comment = plants.fill(LINES["yaml"], "yaml", "the comment of a member").encode()
        archive.writestr(info, _said("z") + "\n")
    return out.getvalue()


# ---- every form of output


def _run(*arguments: str) -> bytes:
    """Return what a command prints, also on standard error."""
    from typer.testing import CliRunner

    from forensics.cli import app, sentences

    said = CliRunner().invoke(app, list(arguments))
    told = said.output
    if said.exception is not None and not isinstance(said.exception, SystemExit):
        caught = io.StringIO()
        with contextlib.redirect_stderr(caught), contextlib.suppress(SystemExit), sentences():
            raise said.exception
        told += caught.getvalue()
    return told.encode()


@contextlib.contextmanager
def remembered() -> Iterator[None]:
    """Read each bundle and ask the patterns of it once for all commands: only what they print counts here."""
    import forensics.cli
    from forensics import analysis, causality, matching

    known: dict[object, Any] = {}

    def once(function: Callable[..., Any], key: Callable[..., object]) -> Callable[..., Any]:
        def answered(*arguments: Any, **named: Any) -> Any:
            asked = (function.__name__, key(*arguments, **named))
            if asked not in known:
                # What is named by its address must live as long as the answer.
                known[asked] = (function(*arguments, **named), arguments)
            return known[asked][0]

        return answered

    keys: dict[Callable[..., Any], Callable[..., object]] = {
        forensics.cli.opened: lambda bundles, until=None, cached=True, bounds=(), lean=None: (*bundles, until, *bounds),
        forensics.cli.load: lambda packs: tuple(packs or ()),
        analysis.context_of: lambda case, exact=False: (id(case), exact),
        analysis.outcomes_of: lambda case, library: (id(case), id(library)),
        matching.find_all: lambda library, context: (id(library), id(context)),
        causality.root_causes: lambda outcomes, *rest: (
            *((name, id(one)) for name, one in outcomes.items()),
            id(rest[0]),
        ),
    }
    with contextlib.ExitStack() as stack:
        for function, key in keys.items():
            answered = once(function, key)
            for module in [each for name, each in sys.modules.items() if name.startswith("forensics")]:
                if getattr(module, function.__name__, None) is function:
                    stack.enter_context(mock.patch.object(module, function.__name__, answered))
        yield


def outputs(case: str, out: Path, quick: bool = False) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the text of everything that every command says of a bundle."""
    import polars as pl

    forms = [
        str(out / name)
        for name in ("report.json", "report.html", "report.md", "report.sarif", "report.xml", "report.txt")
    ]
    yield (
        "analyse -o",
        _run("analyse", case, *(part for form in (*forms, str(out / "frames.parquet")) for part in ("-o", form))),
    )
    yield "analyse", _run("analyse", case)
    yield "analyse --details", _run("analyse", case, "--details", "--timezone", "Asia/Tokyo")
    yield "timeline", _run("timeline", case, "--limit", "10000000")
    for command in ("state", "routes", "coverage"):
        yield command, _run(command, case) + _run(command, case, "-o", "-")
    document = json.loads((out / "report.json").read_bytes())
    found = [finding["pattern"] for finding in document["findings"]]
    for pattern in found[: 10 if quick else 80]:
        yield f"explain {pattern}", _run("explain", case, pattern)
    tables = [path.name.removesuffix(".parquet") for path in sorted((out / "frames.parquet").iterdir())]
    for table in tables:
        sql = f'SELECT * FROM "{table}"'  # noqa: S608 - no database: the frames
        yield f"query {table}", _run("query", case, sql)
        for form in ("json", "csv", "parquet"):
            yield f"query {table} {form}", _run("query", case, sql, "-o", str(out / f"query-{table}.{form}"))
    for form in ("md", "html"):
        yield "postmortem", _run("postmortem", case, "-o", str(out / f"incident.{form}"))
    yield (
        "review",
        _run("review", case, "--details", "-o", str(out / "review.json"))
        + _run("review", case, "-o", str(out / "review.html")),
    )
    yield "collect --for", _run("collect", "--for", str(out / "report.json"))
    for form in ("json", "html", "md"):
        yield f"verify {form}", _run("verify", str(out / f"report.{form}"), case)
    places = dict.fromkeys(
        f"{cite['member']}:{cite['lines'][0]}"
        for finding in document["findings"]
        for piece in finding["evidence"]
        for cite in piece["cites"]
    )
    for place in list(places)[: 3 if quick else 40]:
        yield f"patterns new {place}", _run("patterns", "new", case, place)
    healthy = str(ROOT / "sample_bundles" / "healthy-installation" / "bundle.tar.gz")
    yield "diff", _run("diff", healthy, case) + _run("diff", case, healthy)
    yield "tree --bundle", b"".join(_run("tree", symptom, "--bundle", case) for symptom in ("404", "503", "not-ready"))
    yield "redact", _run("redact", case, "-o", str(out / "shared.tar.gz"))
    yield (
        "errors",
        _run("query", case, "SELECT nothing FROM nowhere")
        + _run("explain", case, "no-such")
        + _run("patterns", "new", case, "x:1"),
    )
    for path in sorted(out.rglob("*")):
        if path.suffix == ".parquet" and path.is_file():
            yield f"{path.parent.name}/{path.name}", pl.read_parquet(path).write_ndjson().encode()
        elif path.name == "shared.tar.gz":
            with tarfile.open(path) as tar:
                for member in tar:
                    stream = tar.extractfile(member)
                    yield f"redacted {member.name}", member.name.encode() + b"\n" + (stream.read() if stream else b"")
        elif path.is_file() and not path.name.endswith("private-map.json"):
            yield path.name, path.read_bytes()


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant, ask, and print what came out."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--keep", type=Path, help="where the bundle and all outputs go")
    options.add_argument("--kinds", default="", help="only kinds whose name holds this")
    options.add_argument("--quick", action="store_true", help="ask for fewer explanations and drafts")
    chosen = options.parse_args(arguments)
    plants = Plants()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="seldon-planted.") as made:
        folder = chosen.keep or Path(made)
        out = folder / "out"
        out.mkdir(parents=True, exist_ok=True)
        case = folder / "planted.tar.gz"
        case.write_bytes(bundle(plants, chosen.kinds))
        leaks: Counter[tuple[str, str, str]] = Counter()
        forms: set[str] = set()
        stars = 0
        with remembered():
            asked = list(outputs(str(case), out, chosen.quick))
        for name, text in asked:
            forms.add(name)
            stars += text.count(b"***")
            if b'Traceback (most recent call last):\n  File "' in text and name.startswith("errors"):
                leaks["a traceback", name, ""] += 1
            for kind, place in plants.found(text):
                leaks[kind, place, name] += 1
        if chosen.keep:
            rows = [f"{kind}\t{place}\t{name}\n" for kind, place, name in sorted(leaks)]
            (chosen.keep / "leaks.tsv").write_text("".join(rows))
    for kind, place, name in sorted(leaks)[:60]:
        print(f"leak: {kind}, planted in {place}, came out of {name}")
    print(
        f"secrets planted {plants.counted()}, outputs {len(forms)}, masked {stars} times, leaks {len(leaks)}, "
        f"{time.monotonic() - begun:.0f} s"
    )
    return 1 if leaks or not stars else 0


if __name__ == "__main__":
    sys.exit(main())
