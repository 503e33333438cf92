"""Write a bundle of a given size, and the truth about it beside it.

    python -m benchmarks.generate 100 bundle.tar.gz [--seed N]

Every format a real bundle has, in the proportions of a busy installation: access logs, Go, Python, Kotlin and C++
components; a third of the files as the container runtime wraps them, some compressed once more, tracebacks, carriage
returns and a few bytes that are no UTF-8. The truth counts the lines of every member, and those planted for a pattern.
"""

import argparse
import gzip
import io
import json
import random
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

MB = 1_000_000
START = datetime(2026, 3, 4, 8, 0, 0, tzinfo=UTC)
HOURS = 6
MODELS = [f"model-{number}" for number in range(24)]
CALLS = ("GetModelMetadata", "createStream", "ModelInfer", "processRequest", "UpdateModelState", "loadModel")
WORDS = (
    "Received event for model",
    "Sending update for model",
    "Checking replicas of model",
    "Updating endpoints of model",
    "Handled request for model",
    "Refreshing cache entry of model",
    "Finished rebalancing of model",
)
LATE = "Failed to send event within timeout"
VOID = "returned no predictions after inference"

# Which pattern a planted line is for, and in which of the members it is planted, one line in so many.
PLANTED = {
    "scheduler/scheduler-event-send-timeout": (LATE, "scheduler", 4000),
    "mlserver/mlserver-500-model-exception": (VOID, "mlserver", 500),
}

Lines = Iterator[str]


def moments(random_: random.Random, every: float) -> Iterator[datetime]:
    """Yield times that go on for ever, `every` microseconds apart on average."""
    at = START + timedelta(seconds=random_.randrange(60))
    while True:
        at += timedelta(microseconds=random_.uniform(0, 2 * every))
        yield at


def logrus(random_: random.Random, every: float, kind: str) -> Lines:
    """Yield lines of a Go component."""
    text, one_in = next(((t, n) for t, k, n in PLANTED.values() if k == kind), ("", 0))
    for number, at in enumerate(moments(random_, every), 1):
        stamp, model = at.strftime("%Y-%m-%dT%H:%M:%SZ"), random_.choice(MODELS)
        if one_in and number % one_in == 0:
            yield f'time="{stamp}" level=warning msg="{text} {model}" func=Send source=AgentServer'
        elif number % 300 == 0:
            yield (
                f'time="{stamp}" level=error msg="call failed" func={random_.choice(CALLS)} '
                f'error="rpc error: code = Unavailable desc = \\"no answer from {model}\\""'
            )
        else:
            yield (
                f'time="{stamp}" level={"debug" if number % 3 else "info"} '
                f'msg="{random_.choice(WORDS)} {model}:{random_.randrange(9)} in {random_.randrange(9000)}us" '
                f"func={random_.choice(CALLS)} source=Server{random_.randrange(4)} "
                f"request={random_.getrandbits(64):016x}"
            )


def zap(random_: random.Random, every: float, kind: str) -> Lines:
    """Yield lines of the operator: for people, or JSON."""
    for number, at in enumerate(moments(random_, every), 1):
        stamp, model = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z", random_.choice(MODELS)
        fields = (
            f'"controller": "model", "controllerGroup": "mlops.seldon.io", "Model": {{"name":"{model}","namespace":'
            f'"team-a"}}, "namespace": "team-a", "name": "{model}", "reconcileID": "{random_.getrandbits(128):032x}"'
        )
        if kind == "operator-json":
            yield f'{{"level":"info","ts":"{stamp}","logger":"Reconcile","msg":"{random_.choice(WORDS)}",{fields}}}'
        elif number % 400 == 0:
            yield f'{stamp}\tERROR\tReconciler error\t{{{fields}, "error": "no answer"}}'
            yield "sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller).reconcileHandler"
            yield "\t/go/pkg/mod/sigs.k8s.io/controller-runtime@v0.19.1/pkg/internal/controller/controller.go:316"
        else:
            yield f"{stamp}\tINFO\tReconcile\t{random_.choice(WORDS)}\t{{{fields}}}"


def mlserver(random_: random.Random, every: float, kind: str) -> Lines:
    """Yield lines of MLServer: its own, its web server's, tracebacks."""
    text, _, one_in = PLANTED["mlserver/mlserver-500-model-exception"]
    for number, at in enumerate(moments(random_, every), 1):
        stamp, model = at.strftime("%Y-%m-%d %H:%M:%S,%f")[:-3], random_.choice(MODELS)
        if number % one_in == 0:
            yield f"{stamp} [mlserver.parallel] ERROR - Model '{model}' {text}"
            yield "Traceback (most recent call last):"
            for depth in range(6):
                yield f'  File "/opt/runtime/module_{depth}.py", line {random_.randrange(400)}, in predict'
                yield "    return await self._call(payload)"
            yield f"ValueError: expected {random_.randrange(9)} columns"
        elif number % 2:
            caller = f"10.244.{number % 9}.{random_.randrange(250)}:{random_.randrange(60000)}"
            yield f'INFO:     {caller} - "POST /v2/models/{model}/infer HTTP/1.1" 200 OK'
        else:
            request = f"{random_.getrandbits(64):016x}"
            yield f"{stamp} [mlserver][{model}] INFO - served request {request} in {random_.random():.4f}s"


def kotlin(random_: random.Random, every: float, kind: str) -> Lines:
    """Yield lines of the data flow engine."""
    for number, at in enumerate(moments(random_, every), 1):
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        yield (
            f"{stamp} {'WARN' if number % 250 == 0 else 'DEBUG'} [kafka-streams-{number % 8}] "
            f"io.seldon.dataflow.PipelineSubscriber : handled a batch of {random_.randrange(900)} : "
            f"{{pipelineName=pipeline-{number % 12}, pipelineVersion={number % 5}}}"
        )


def triton(random_: random.Random, every: float, kind: str) -> Lines:
    """Yield lines of Triton."""
    for number, at in enumerate(moments(random_, every), 1):
        yield (
            f"{'W' if number % 300 == 0 else 'I'}{at.strftime('%m%d %H:%M:%S.%f')} 1 infer_request.cc:{number % 900}] "
            f'"[request id: {random_.getrandbits(64):016x}] prepared: model {random_.choice(MODELS)}, version -1"'
        )


def envoy(random_: random.Random, every: float, kind: str) -> Lines:
    """Yield access log lines, as Seldon's Envoy writes them."""
    for number, at in enumerate(moments(random_, every), 1):
        stamp, model = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z", random_.choice(MODELS)
        told = "503 UF" if number % 900 == 0 else "200 -"
        yield (
            f'[{stamp}] "POST /v2/models/{model}/infer HTTP/1.1" {told} '
            f"{random_.randrange(4000)} {random_.randrange(4000)} "
            f'{random_.randrange(90)} {random_.randrange(80)} "-" "python-requests/2.31.0" '
            f'"{random_.getrandbits(122):032x}" '
            f'"seldon-mesh.team-a.svc" "10.244.2.{random_.randrange(200)}:9000"'
        )


# Share of the bundle, and how many members; then the pod and container that wrote it, and how.
KINDS: dict[str, tuple[int, int, str, Callable[[random.Random, float, str], Lines]]] = {
    "scheduler": (14, 2, "seldon-scheduler-{0}/scheduler", logrus),
    "agent": (12, 4, "mlserver-{0}/agent", logrus),
    "modelgateway": (8, 2, "seldon-modelgateway-{0}/modelgateway", logrus),
    "pipelinegateway": (6, 2, "seldon-pipelinegateway-{0}/pipelinegateway", logrus),
    "operator": (10, 2, "seldon-v2-controller-manager-766467c5cf-rzf8{0}/manager", zap),
    "operator-json": (6, 1, "seldon-v2-controller-manager-766467c5cf-x4f8{0}/manager", zap),
    "mlserver": (14, 4, "mlserver-{0}/mlserver", mlserver),
    "dataflow": (8, 2, "seldon-dataflow-engine-{0}/dataflow-engine", kotlin),
    "triton": (6, 2, "triton-{0}/triton", triton),
    "envoy": (16, 4, "seldon-envoy-{0}/envoy", envoy),
}


def members(megabytes: int, seed: int) -> Iterator[tuple[str, bytes, int, str]]:
    """Yield name, text, how many lines, and kind of every log."""
    place = 0
    for kind, (share, many, where, write) in KINDS.items():
        size = megabytes * MB * share // 100 // many
        for number in range(many):
            place += 1
            random_ = random.Random(f"{seed} {kind} {number}")  # noqa: S311
            wrapped = place % 3 == 0
            end = "\r\n" if place % 11 == 0 else "\n"
            lines, length = [], 0
            stamp = START
            for line in write(random_, HOURS * 3600e6 / (size / 160), kind):
                if wrapped:
                    stamp += timedelta(microseconds=900)
                    line = f"{stamp.strftime('%Y-%m-%dT%H:%M:%S.%f')}{len(lines) % 1000:03d}Z stdout F {line}"
                lines.append(line)
                length += len(line) + len(end)
                if length > size:
                    break
            data = (end.join(lines) + end).encode()
            if kind == "mlserver":
                data = data.replace(b"expected 7 columns", b"expected 7 \xff columns")
            yield f"bundle/team-a/{where.format(number)}.log", data, len(lines), kind


def generate(megabytes: int, path: Path, seed: int = 1) -> dict[str, object]:
    """Write the bundle to `path` and the truth to `path` with `.truth.json`, and return the truth."""
    counts: dict[str, int] = {}
    planted: Counter[str] = Counter()
    total = 0
    with tarfile.open(path, "w:gz", compresslevel=6) as archive:
        for number, (name, data, lines, kind) in enumerate(members(megabytes, seed)):
            packed = number % 5 == 2
            info = tarfile.TarInfo(f"{name}.gz" if packed else name)
            stored = gzip.compress(data, 6, mtime=0) if packed else data
            info.size, info.mtime = len(stored), int(START.timestamp())
            archive.addfile(info, io.BytesIO(stored))
            counts[info.name] = lines
            total += len(data)
            for pattern, (text, where, _) in PLANTED.items():
                if where == kind:
                    planted[pattern] += data.count(text.encode())
    truth = {"bytes": total, "lines": counts, "planted": dict(planted), "seed": seed}
    path.with_name(path.name + ".truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    return truth


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", type=int, help="of text")
    parser.add_argument("path", type=Path, help="the bundle, a .tar.gz")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    truth = generate(given.megabytes, given.path, given.seed)
    print(f"{given.path}: {truth['bytes']} bytes of text; planted {truth['planted']}")


if __name__ == "__main__":
    main()
