"""A large dump is read in pieces: nobody can tell it from one that was read at once."""

import json
import re
from typing import Any

import polars as pl
import pytest
import yaml

from parsers import k8s_documents, k8s_windows, k8s_yaml
from parsers.kubernetes import PARSER
from parsers.parser import Artefact, Parsed


def _pod(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod" if number % 3 else "Service",
        "metadata": {"name": f"pod-{number}", "namespace": f"ns-{number % 2}", "labels": {"items": "x"}},
        "spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": f"é{number}"}]}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


PODS = [_pod(number) for number in range(20)]
LIST = {"apiVersion": "v1", "items": PODS, "kind": "List", "metadata": {"resourceVersion": ""}}
TYPED = {
    "kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"},
    "items": [{k: v for k, v in _pod(1).items() if k not in ("kind", "apiVersion")} for _ in range(9)],
}  # fmt: skip
YAML = yaml.safe_dump(LIST)
PRETTY = json.dumps(LIST, indent=4)
# An opening bracket stands on the line of what holds it.
TIGHT = re.sub(r"\[\s+\{", "[{", re.sub(r"\},\s+\{", "}, {", PRETTY))
FORMS = {
    "yaml": YAML,
    "yaml typed": yaml.safe_dump(TYPED),
    "yaml below a prompt": f"$ kubectl get all -o yaml\n{YAML}",
    "yaml cut": YAML[: len(YAML) * 2 // 3],
    "documents": "".join(f"---\n{yaml.safe_dump(pod)}" for pod in PODS),
    "pretty": PRETTY,
    "pretty cut": PRETTY[: len(PRETTY) * 2 // 3],
    "pretty typed": json.dumps(TYPED, indent=2),
    "tight": TIGHT,
    "tight cut": TIGHT[: len(TIGHT) * 2 // 3],
    "objects behind each other": "\n".join(json.dumps(pod, indent=2) for pod in PODS),
    "lists behind each other": "\n".join(json.dumps(LIST | {"items": PODS[:n]}, indent=2) for n in (1, 9, 2)),
    "one line": json.dumps(LIST),
    "one line typed": json.dumps(TYPED),
    "objects of a line": "\n".join(map(json.dumps, PODS)),
    "no list": json.dumps({"a": [1] * 300}, indent=1),
}


def _seen(parsed: Parsed) -> dict[str, Any]:
    frames = {name: frame.sort(pl.all()).rows(named=True) for name, frame in parsed.frames.items() if len(frame)}
    return {"frames": frames, "ignored": parsed.ignored.sort("line").rows(), "rejects": parsed.rejects.rows()}


@pytest.mark.parametrize("form", FORMS)
def test_pieces_together_are_the_whole(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    artefact = Artefact.of("pods", FORMS[form])
    at_once = _seen(PARSER.parse(artefact))
    monkeypatch.setattr(k8s_windows, "SMALL", 1)
    monkeypatch.setattr(k8s_windows, "PIECE", 700)
    parts = k8s_windows.windows(artefact)

    assert (len(list(parts)) > 2 if parts is not None else False) == (form != "no list")
    assert _seen(PARSER.parse(artefact)) == at_once


def test_a_list_on_one_line_that_was_cut_gives_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k8s_windows, "SMALL", 1)
    monkeypatch.setattr(k8s_windows, "PIECE", 700)
    text = FORMS["one line typed"]
    parsed = PARSER.parse(Artefact.of("pods", text[: len(text) * 2 // 3]))

    assert len(parsed.frames["k8s.pod"]) >= 5
    assert parsed.frames["k8s.listing"]["complete"].to_list() == [False]


def test_what_shows_what_a_text_is_has_an_end() -> None:
    assert len(Artefact.of("x", "a" * (3 << 20) + "\nb").head()) == 1 << 20
    assert Artefact.of("x", "a\nb\n").head() == "a\nb"


@pytest.mark.parametrize("form", ["yaml", "pretty"])
def test_an_object_larger_than_any_is_told_and_not_loaded(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    large = PODS[1] | {"data": {f"key-{n}": "x" * 50 for n in range(200)}}
    listed = {"apiVersion": "v1", "items": [PODS[2], large], "kind": "List"}
    monkeypatch.setattr(k8s_yaml, "LARGEST_YAML", 4000)
    monkeypatch.setattr(k8s_documents, "LARGEST_JSON", 4000)
    parsed = PARSER.parse(
        Artefact.of("pods", yaml.safe_dump(listed) if form == "yaml" else json.dumps(listed, indent=1))
    )

    assert parsed.frames["k8s.pod"]["name"].to_list() == ["pod-2"]
    assert parsed.frames["k8s.listing"]["complete"].to_list() == [False]
    assert any("as no object is" in reason for reason in parsed.rejects["reason"])
