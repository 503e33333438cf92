"""What the `seldon` command says of models, pipelines, experiments and servers: the scheduler's own word on each.

    $ seldon model list
    model       state           reason
    -----       -----           ------
    iris        ScheduleFailed  failed to schedule model iris. [...]

`list` prints such a table, `status` the scheduler's answer as JSON. Both say what the operator writes into the
conditions of the resource, and are read as these. What a list leaves out is no proof that the resource is not there;
what is asked twice counts as it was said last.

Source: ListModels, ListServers, ListPipelines and ListExperiments of operator/pkg/cli/scheduler.go and the messages
`…StatusResponse` of apis/mlops/scheduler/scheduler.proto, Seldon Core 2.10; setModelStatus of
operator/scheduler/model.go.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import Any

from parsers.k8s_documents import Document, json_documents
from parsers.k8s_objects import add_object
from parsers.k8s_rows import Rows
from parsers.k8s_secrets import UnboundedError, without_secrets
from parsers.k8s_values import integer, mapping, mappings, written
from parsers.parser import Artefact, Parsed, Parser, Sample

_COMMAND = re.compile(r"^(?:.{0,200}?[$%#>] ?)?seldon (?:model|pipeline|experiment|server) (?:list|status)\b")
_HEADING = re.compile(
    r"^(model|pipeline)\s+state\s+reason\s*$|^(server)\s+replicas\s+models\s*$|^(experiment)\s+active\s*$"
)
_RULE = re.compile(r"^-{5,}(?:\s+-{5,})+\s*$")
_ROWS = {
    "model": re.compile(r"^(\S+)\s+((?:Model|Schedule)[A-Za-z]+)(?:\s+(\S.*))?\s*$"),
    "pipeline": re.compile(r"^(\S+)\s+(Pipeline[A-Za-z]+)(?:\s+(\S.*))?\s*$"),
    "server": re.compile(r"^(\S+)\s+(\d{1,9})\s+(\d{1,9})\s*$"),
    "experiment": re.compile(r"^(\S+)\s+(true|false)\s*$"),
}
_NAMED = {"modelName": "model", "pipelineName": "pipeline", "experimentName": "experiment", "serverName": "server"}
_DOCUMENT = re.compile(r'^\s*\{\s*"(?:modelName|pipelineName|experimentName|serverName|type)"\s*:', re.MULTILINE)
_BESIDE = re.compile(
    r'"(?:versions|active|candidatesReady|mirrorReady|resources|expectedReplicas|availableReplicas)"\s*:'
)
_Said = tuple[dict[str, Any], int, int]  # a resource, and the lines it was read from
_UP = ("ModelAvailable", "PipelineReady")


def recognises(head: str) -> bool:
    """Whether the first line that is no command is the heading of such a table, or begins such an answer."""
    lines = [line for line in head.split("\n") if line.strip() and not _COMMAND.match(line)]
    if not lines:
        return False
    if _HEADING.match(lines[0]):
        return True
    text = "\n".join(lines)
    return _DOCUMENT.match(text) is not None and _BESIDE.search(text) is not None


def parse(artefact: Artefact) -> Parsed:
    """Read every table and every answer of the artefact."""
    rows = Rows.of(artefact)
    said: dict[tuple[str, str], _Said] = {}
    answers = deque(json_documents(["" if _COMMAND.match(line) else line for line in rows.lines]))
    kind, index = "", 0
    while index < len(rows.lines) or answers:
        if answers and answers[0].start <= index:
            index = max(index, _answer(rows, said, answers.popleft()))
            continue
        line = rows.lines[index]
        if (head := _HEADING.match(line)) is not None:
            kind = next(filter(None, head.groups()))
            rows.ignore(index, index + 1, "heading of a table")
        elif _COMMAND.match(line):
            kind = ""
            rows.ignore(index, index + 1, "command")
        elif _RULE.match(line) or not line.strip():
            pass
        elif kind and (found := _ROWS[kind].match(line)) is not None:
            _note(rows, said, _of_row(kind, *found.groups()), index, index + 1)
        else:
            rows.reject(index, index + 1, "no row of a table of the seldon command")
        index += 1
    for each in said.values():
        _add(rows, *each)
    return rows.parsed()


def _answer(rows: Rows, said: dict[tuple[str, str], _Said], document: Document) -> int:
    """Note what an answer says; return the line behind it, or behind its first where it does not come to its end."""
    stop = document.stop if document.whole else document.start + 1
    for item in document.items if document.whole else ():
        value, broken = item.loaded()
        if broken is not None:
            rows.reject(document.start, stop, "no answer of the seldon command")
        for made in _of_answer(mapping(value)):
            _note(rows, said, made, document.start, stop)
    if not document.whole:
        rows.reject(document.start, stop, "no answer of the seldon command")
    return stop


def _note(rows: Rows, said: dict[tuple[str, str], _Said], value: dict[str, Any], start: int, stop: int) -> None:
    """Keep what is said of a resource until something later is."""
    key = (value["kind"], value["metadata"]["name"] or "")
    if (before := said.pop(key, None)) is not None:
        rows.ignore(*before[1:], "said anew below")
    said[key] = (value, start, stop)


def _add(rows: Rows, value: dict[str, Any], start: int, stop: int) -> None:
    try:
        shown = without_secrets(value, 10 * sum(map(len, rows.lines[start:stop])) + 1000)
    except (UnboundedError, RecursionError) as error:
        rows.reject(start, stop, str(error) or "nested too deep")
        return
    add_object(rows, shown, start, stop, "", "table", rows.artefact.origin.namespace)


def _of_row(kind: str, name: str, said: str, more: str | None = None) -> dict[str, Any]:
    if kind == "server":
        return _object("Server", name, {"replicas": int(said), "loadedModels": int(more or 0)})
    if kind == "experiment":
        return _object("Experiment", name, {"conditions": [_condition("ExperimentReady", said == "true")]})
    return _stateful(kind, name, said, more, None)


def _of_answer(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the resource that an answer is about, as its latest version is."""
    kind, name = next(((kind, written(said[key])) for key, kind in _NAMED.items() if key in said), ("", None))
    latest = mapping(next(reversed(mappings(said.get("versions"))), {}))
    state = mapping(latest.get("state"))
    if kind == "model" and state:
        definition = mapping(latest.get("modelDefn"))
        spec, deployment = mapping(definition.get("modelSpec")), mapping(definition.get("deploymentSpec"))
        made = _stateful(kind, name, written(state.get("state")), state.get("reason"), state.get("lastChangeTimestamp"))
        made["spec"] = {
            "storageUri": spec.get("uri"),
            "requirements": spec.get("requirements"),
            "server": spec.get("server"),
            "replicas": integer(deployment.get("replicas")),
        }
        made["status"]["availableReplicas"] = integer(state.get("availableReplicas", 0))
        yield made
    elif kind == "pipeline" and state:
        made = _stateful(
            kind, name, written(state.get("status")), state.get("reason"), state.get("lastChangeTimestamp")
        )
        if written(state.get("status")) in _UP:  # what has failed need not have asked for its models
            made["status"]["conditions"].append(_condition("ModelsReady", state.get("modelsReady") is True))
        yield made
    elif kind == "experiment":
        parts = {"ExperimentReady": "active", "CandidatesReady": "candidatesReady", "MirrorReady": "mirrorReady"}
        told = {name: said.get(key) is True for name, key in parts.items()}
        why = said.get("statusDescription")
        conditions = [_condition(name, holds, reason=why) for name, holds in told.items()]
        yield _object("Experiment", name, {"conditions": [*conditions, _condition("Ready", all(told.values()))]})
    elif kind == "server":
        running, loaded = integer(said.get("availableReplicas", 0)), integer(said.get("numLoadedModelReplicas", 0))
        made = _object("Server", name, {"replicas": running, "loadedModels": loaded})
        made["spec"] = {"replicas": integer(said.get("expectedReplicas"))}
        yield made


def _stateful(kind: str, name: str | None, state: str | None, reason: Any, since: Any) -> dict[str, Any]:
    holds = None if state is None or state.endswith("Unknown") else state in _UP
    conditions = [_condition(each, holds, state, reason, since) for each in (f"{kind.title()}Ready", "Ready")]
    return _object(kind.title(), name, {"conditions": conditions})


def _object(kind: str, name: str | None, status: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "mlops.seldon.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "status": status}


def _condition(
    kind: str, holds: bool | None, message: str | None = None, reason: Any = None, since: Any = None
) -> dict[str, Any]:
    status = "Unknown" if holds is None else str(holds)
    return {"type": kind, "status": status, "message": message, "reason": reason or None, "lastTransitionTime": since}


PARSER = Parser(
    name="seldon command",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "model\t\tstate\t\treason\n-----\t\t-----\t\t------\niris\t\tScheduleFailed\tno room",
            yields={"name": "iris", "status": "False", "message": "ScheduleFailed",
                    "reason": "no room"},
            source="k8s.condition",
            rows=2,
        ),
        Sample(
            "server\treplicas\tmodels\n------\t--------\t------\nmlserver\t1\t0",
            yields={"name": "mlserver", "current": 1, "loaded_models": 0},
            source="k8s.server",
        ),
        Sample('{"model_name":"iris_1","outputs":[]}', yields=None),
        Sample("NAME   READY   STATUS    RESTARTS   AGE", yields=None),
    ),
)  # fmt: skip
