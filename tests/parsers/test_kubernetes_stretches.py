"""Outputs of kubectl written one behind the other into a file are all read, whatever stands between them."""

import itertools
import json

import pytest

from parsers import k8s_windows, kubernetes
from parsers.kubernetes import PARSER
from parsers.parser import Artefact

OBJECT = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {}\n  namespace: shop\n"
LIST = (
    "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {}\n    namespace: shop\n"
    'kind: List\nmetadata:\n  resourceVersion: ""\n'
)
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{}", "namespace": "shop"}}
PRETTY = json.dumps({"apiVersion": "v1", "items": [POD], "kind": "List"}, indent=4) + "\n"
LINE = json.dumps(POD) + "\n"
OUTPUTS = {"object": OBJECT, "list": LIST, "pretty": PRETTY, "line": LINE}
WORDS = {
    "nothing": "",
    "prompt": "someone@host:~$ kubectl get pods -o yaml\n",
    "rule": "===== pods =====\n",
    "warning": "Warning: v1 ComponentStatus is deprecated in v1.19+\n",
    "missing": "No resources found in shop namespace.\n",
    "mark": "---\n",
}

CASES = [
    (one, words, other)
    for one, words, other in itertools.product(OUTPUTS, WORDS, OUTPUTS)
    if words != "mark" or not {one, other} & {"pretty", "line"}  # nobody writes marks of YAML between JSON
]


def _named(output: str, name: str) -> str:
    return output.replace("{}", name, 1)


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize(("one", "words", "other"), CASES)
def test_both_outputs_are_read(one: str, words: str, other: str, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(k8s_windows, "SMALL", 100)
        monkeypatch.setattr(k8s_windows, "PIECE", 150)
    text = WORDS[words] + _named(OUTPUTS[one], "web-0") + WORDS[words] + _named(OUTPUTS[other], "web-1")
    artefact = Artefact.of("all.txt", text)

    assert PARSER.recognises(artefact.head())
    parsed = PARSER.parse(artefact)

    pods = parsed.frames["k8s.pod"]
    assert pods["name"].to_list() == ["web-0", "web-1"]
    assert [text.splitlines()[line - 1].strip(" -{}[],") != "" for line in pods["line"]]
    assert parsed.rejects.is_empty()
    lists = (one, other).count("list") + (one, other).count("pretty")
    assert (parsed.frames["k8s.listing"]["items"].sum() if lists else 0) == lists


def test_a_key_below_the_margin_opens_nothing() -> None:
    text = (
        OBJECT.format("web-0")
        + "spec:\n  apiVersion: v1\n  kind: x\ndata:\n  x: |\n    apiVersion: v1\n    kind: Pod\n"
    )

    parsed = PARSER.parse(Artefact.of("one.yaml", text))

    assert parsed.frames["k8s.pod"]["lines"].to_list() == [len(text.splitlines())]


def test_a_list_that_breaks_off_costs_itself_alone() -> None:
    text = LIST.format("web-0").split("kind: List")[0] + LIST.format("web-1")

    parsed = PARSER.parse(Artefact.of("cut.yaml", text))

    assert parsed.frames["k8s.pod"]["name"].to_list() == ["web-1"]
    assert parsed.rejects["reason"].to_list() == ["cut off before its end"]


def test_more_outputs_than_are_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "MOST", 2)

    parsed = PARSER.parse(Artefact.of("many.yaml", "".join(OBJECT.format(f"web-{n}") for n in range(4))))

    assert parsed.frames["k8s.pod"]["name"].to_list() == ["web-0", "web-1"]
    assert parsed.rejects.select("line", "lines", "reason").rows() == [(11, 10, "behind 2 outputs in one file")]
