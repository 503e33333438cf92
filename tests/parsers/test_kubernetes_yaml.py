"""YAML read by line is what libyaml makes of the whole."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from parsers import k8s_yaml
from parsers.k8s_yaml import FAILURES, UnlikeError, by_libyaml, by_line, load_yaml

ROOT = Path(__file__).resolve().parents[2]
POD = """\
apiVersion: v1
kind: Pod
metadata:
  annotations:
    empty: ""
    it's: 'it''s so'
    path: "C:\\\\temp \\"x\\"\\n"
    said: |
      one: 1
        two

      three
  creationTimestamp: "2025-07-12T10:00:00Z"
  labels: {}
  name: web-0
spec:
  containers:
  - args:
    - --flag=a
    - -c
    - "yes"
    - null
    env: []
    image: r.example/a/b:1.2@sha256:0a
    ports:
    - containerPort: 8080
      name: http
    -
      containerPort: 0777
    resources:
      limits: {cpu: "1", memory: 1Gi}
  tolerations:
    - key: x
      ok: yes
status:
  message: this one goes on
    below
  time: 2025-07-12
  none:
"""

# Pieces of lines, right and wrong, as they can stand behind each other.
_PIECES = (
    *("a", "b: 1", "c:", "d: e", "- f", "-", "- g: 1", "- - h", "- i:", "j: |", "k: >-", "l: 'm", "n'", "'o'", '"p"', "q: r s"),
    *("t: {u: v}", "w: [", "]", "# x", "y: z # c", "on: off", "1: 2", "? a", "<<: *x", "&x y", "e: &x", "f: *x", "g: !!str 1"),
    *("0777", "1_0", "0b1", "190:20:30", "1e3", ".5", "a: -7", "b: -0", "c: 00.5", "d: -1.25", "e: 1.", "f: 0x1F", "2025-01-01", "~", "null", "True", "=", "-1", "--- ", "...", "%YAML 1.1"),
    *("h:i", "j: k: l", "m:\tn", "\to", "'a''b': c", '"d\\n": "\\x41"', "e : f", "- ? a", ":", "- :", "-a: b", "\u00e9: \u00e9", "\u2028"),
    *("- '", "a: b:", "[]: a", "{}: a", "a: []", "b: {}", "- []", "-   a: 1", "c:   d  ", "'x'y", "a: -", "a: - b", "a: ---", ".: x", "f:m: {}"),
)  # fmt: skip
_LINES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(_PIECES)).map(lambda line: " " * line[0] + line[1]), max_size=8
).map("\n".join)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=100) | st.sampled_from(_PIECES),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_PIECES) | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)


def _same(text: str) -> None:
    """Assert that a text is read as libyaml reads it, or left to it."""
    whole, broken = by_libyaml(text)
    try:
        held = by_line(text)
    except (UnlikeError, *FAILURES):
        return
    assert broken is None
    assert repr(held) == repr(whole)


def _samples() -> list[Path]:
    return sorted(path for folder in ("sample_bundles", "tests/data") for path in (ROOT / folder).rglob("*.yaml"))


def test_what_kubectl_prints_is_read_by_line() -> None:
    held = by_line(POD)

    assert held == by_libyaml(POD)[0]
    assert held["spec"]["containers"][0]["args"] == ["--flag=a", "-c", "yes", None]
    assert held["status"] == {"message": "this one goes on below", "time": "2025-07-12", "none": None}


def test_each_entry_alone_is_what_it_is_in_the_whole() -> None:
    lines = POD.split("\n")
    for at in range(len(lines)):
        _same("\n".join(lines[:at] + lines[at + 1 :]))
        _same("\n".join([*lines[:at], f" {lines[at]}", *lines[at + 1 :]]))
        _same("\n".join([*lines[:at], lines[at][1:], *lines[at + 1 :]]))


@pytest.mark.parametrize("path", _samples(), ids=lambda path: str(path.relative_to(ROOT)))
def test_samples_are_read_as_libyaml_reads_them(path: Path) -> None:
    for text in path.read_text(errors="replace").split("\n---\n"):
        _same(text)
        assert repr(load_yaml(text)) == repr(by_libyaml(k8s_yaml.MANAGED.sub("", text)))


@given(_LINES)
@example("  - a\n b: c")
@example("a:\n- b\n c")
@example("a\nb: 1")
@example("j: |\n a")
@example("e: &x\ne: &x")
def test_lines_in_any_order_are_read_as_libyaml_reads_them(text: str) -> None:
    _same(text)


@given(_VALUES, st.sampled_from([20, 80, 10_000]), st.sampled_from([None, False, True]), st.sampled_from([2, 3, 4]))
def test_whatever_can_be_written_is_read_as_libyaml_reads_it(
    value: Any, width: int, flow: bool | None, by: int
) -> None:
    _same(yaml.safe_dump(value, width=width, default_flow_style=flow, indent=by, allow_unicode=True))


def test_what_lines_mean_is_forgotten_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k8s_yaml, "_KEPT", 10)

    by_line("\n".join(f"key{number}: {number}" for number in range(100)))

    assert len(k8s_yaml._known) <= 10


def test_a_text_of_what_only_libyaml_reads_is_left_to_it_soon() -> None:
    with pytest.raises(UnlikeError):
        by_line("".join(f"key{number}: [{number}]\n" for number in range(1000)))
