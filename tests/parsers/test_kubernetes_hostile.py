"""What is broken, hostile or strange ends in a reject, soon, and never in an exception."""

import json
import time
import tracemalloc

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import kubectl, kubernetes
from parsers.k8s_documents import json_documents, yaml_documents
from parsers.parser import Artefact, Parsed, Parser

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
LAUGHS = (
    HEAD
    + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 15))
)
MERGES = (
    HEAD
    + "m0: &m0 {a: 1, b: 2}\n"
    + "".join(f"m{i}: &m{i}\n  <<: [{','.join([f'*m{i - 1}'] * 9)}]\n" for i in range(1, 15))
)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def soon(parser: Parser, text: str, seconds: float = 5.0) -> Parsed:
    began = time.process_time()
    parsed = parser.parse(Artefact.of("x", text))
    assert time.process_time() - began < seconds
    return parsed


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        HEAD + "x: " + "[" * 100_000,
        HEAD + "x: " + "[" * 900 + "]" * 900,
        HEAD + "x:\n" + "- " * 50_000 + "a\n",
        '{"apiVersion":"v1","kind":"Pod","metadata":{},"x":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"apiVersion":"v1","kind":"Pod","metadata":{},"x":' + "[" * 500 + "]" * 500 + "}",
        '{"apiVersion":"v1","kind":"' + 'a\\"' * 300_000,
        HEAD + "me: &me\n  again: *me\n",
        HEAD + "x: !!python/object/apply:os.getcwd []\n",
    ],
    ids=["laughs", "flow", "deep flow", "blocks", "json", "deep json", "open string", "itself", "tag"],
)
def test_a_bomb_is_a_reject(text: str) -> None:
    parsed = soon(kubernetes.PARSER, text)

    assert parsed.rejects.height == 1
    assert all(frame.is_empty() for frame in parsed.frames.values())


def test_merges_of_merges_do_not_grow() -> None:
    soon(kubernetes.PARSER, MERGES)


def test_many_variables_are_found_without_looking_at_every_line_for_each() -> None:
    variables = "".join(f"    - name: V{i}\n      value: a\n" for i in range(20_000))
    text = f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - env:\n{variables}    name: c\n"
    frame = soon(kubernetes.PARSER, text, 30.0).frames["k8s.env"]

    assert frame["line"].to_list() == list(range(8, 8 + 40_000, 2))


def test_a_secret_that_cannot_be_read_is_not_shown_either() -> None:
    text = "apiVersion: v1\nitems:\n- apiVersion: v1\n  data:\n    pass: emVicmF6ZWJyYQ==\n\tkind: Secret\nkind: List\n"
    parsed = soon(kubernetes.PARSER, text)

    assert parsed.rejects.height == 1
    assert "emVi" not in str(parsed.rejects["text"][0])


def test_a_described_service_account_token_is_not_shown() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9." + "eyJpc3MiOiJrdWJlIn0" + ".c2lnbmF0dXJl"
    text = f"Name:         a\nNamespace:    b\nType:  Opaque\n\nData\n====\ntoken:      {token}\n"
    parsed = soon(kubectl.PARSER, text)

    shown = "".join(frame.write_json() for frame in (parsed.rejects, *parsed.frames.values()))
    assert "eyJ" not in shown


def test_words_around_objects_are_not_objects() -> None:
    noisy = "$ kubectl get cm -o yaml\nWarning: v1 X is deprecated: use Y\n" + HEAD
    json = 'Warning: old\n{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}\n'
    for text in (noisy, json):
        assert kubernetes.PARSER.recognises(text)
        parsed = soon(kubernetes.PARSER, text)
        assert parsed.frames["k8s.configmap"]["name"].to_list() == ["a"]
        assert parsed.rejects.is_empty()


def test_a_log_that_prints_a_manifest_is_a_log() -> None:
    assert not kubernetes.PARSER.recognises("2025-03-04T10:15:30Z INFO applying\n" + HEAD)
    assert not kubernetes.PARSER.recognises('time="2025-03-04T10:15:30Z" level=info msg="applying"\n' + HEAD)


def test_manifests_of_a_helm_release_are_read_and_its_values_are_not() -> None:
    text = (
        "NAME: shop\nLAST DEPLOYED: Tue Mar  4 10:15:30 2025\nNAMESPACE: shop\nSTATUS: deployed\n"
        "USER-SUPPLIED VALUES:\npassword: zebra\n\nHOOKS:\nMANIFEST:\n---\n# Source: a/b.yaml\n"
        + HEAD
        + "\nNOTES:\nEnjoy: it\n"
    )
    assert kubernetes.PARSER.recognises(text)
    parsed = soon(kubernetes.PARSER, text)

    assert parsed.frames["k8s.configmap"]["name"].to_list() == ["a"]
    assert parsed.rejects.is_empty()
    assert "values and notes of a Helm release" in parsed.ignored["reason"].to_list()


SEEDS = [sample.text for parser in (kubernetes.PARSER, kubectl.PARSER) for sample in parser.samples]
PIECES = st.sampled_from(
    ["\n", "  ", "- ", "{", "}", "[", "]", '"', ":", "---\n", "items:\n", "\t", "&a ", "*a", "\x00", "\ud83d", "é"]
)


@settings(max_examples=300)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), PIECES), max_size=6))
def test_nothing_that_is_read_raises_or_loses_a_line(text: str, edits: list[tuple[int, int, str]]) -> None:
    for place, gone, piece in edits:
        text = text[:place] + piece + text[place + gone :]
    text = text.encode(errors="replace").decode()
    artefact = Artefact.of("x", text)
    for parser in (kubernetes.PARSER, kubectl.PARSER):
        parser.recognises(text)
        parsed = parser.parse(artefact)
        seen = [set(parsed.ignored["line"])]
        seen += [
            {line + more for line, lines in frame.select("line", "lines").iter_rows() for more in range(lines)}
            for frame in (parsed.rejects, *parsed.frames.values())
        ]
        facts = set().union(*seen[2:])
        assert facts | seen[0] | seen[1] == set(artefact.frame["line"])
        assert len(facts) + len(seen[0]) + len(seen[1]) == artefact.frame.height


def test_a_list_on_one_line_costs_what_it_costs_on_many() -> None:
    pods = [json.dumps({"kind": "Pod", "metadata": {"name": f"a-{n}"}, "x": "y" * 900}) for n in range(12_000)]
    took = []
    for between in (",\n", ","):
        text = '{"apiVersion":"v1","kind":"List","items":[' + between.join(pods) + "]}"
        begun = time.process_time()
        (found,) = json_documents(text.split("\n"))
        took.append(time.process_time() - begun)
        assert [item.text for item in found.items[1:]] == pods[1:]

    assert took[1] < 3 * took[0] + 0.2


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_objects_of_a_list_are_loaded_one_at_a_time(form: str) -> None:
    status = [{"name": f"n{n}", "v": n} for n in range(60)]
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"a-{n}"}, "x": status} for n in range(80)]
    whole = {"apiVersion": "v1", "items": pods, "kind": "List"}
    text = json.dumps(whole) if form == "json" else yaml.dump(whole, Dumper=_Plain, sort_keys=False)
    artefact = Artefact.of("x", text)
    tracemalloc.start()
    (found,) = (json_documents if form == "json" else yaml_documents)(artefact.frame["text"].to_list())
    held = [item.loaded()[1] for item in found.items]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held == [None] * 80
    assert peak < 9 * len(text)
