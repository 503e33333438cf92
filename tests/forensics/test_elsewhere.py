"""Whose log is asked: an operator in a namespace of its own has a say about the namespaces it serves."""

from forensics.authoring.examples import mistake
from patterns.loader import load_pattern
from patterns.pattern import Library

PATTERN = """
title = "A Model of which no operator has heard"
severity = "low"
role = "symptom"
match = "stuck and not handled"

[evidence.stuck]
from = "k8s.model"
where = 'state exists and state = "ModelProgressing"'
bind = {{ namespace = "namespace", model = "name" }}

[evidence.handled]
from = "{source}"
where = 'text contains "Handled state on reconnect"'

[[example]]
name = "one"
origin = "imagined"
expect = "{expect}"
files."models.yaml" = '''
apiVersion: mlops.seldon.io/v1alpha1
kind: Model
metadata:
  name: fraud
  namespace: ml
status:
  conditions:
  - message: ModelProgressing
    status: "False"
    type: ModelReady
'''
files."{folder}/seldon-v2-controller-manager-766467c5cf-abcde/manager/manager/logs/current.log" = '''
2026-03-04T10:16:00.502Z	INFO	SchedulerClient	Failed smoke test on scheduler	{{"namespace": "ml"}}
'''
"""


def judged(source: str, expect: str) -> str | None:
    """Return what is wrong when the log of an operator in another namespace is all there is."""
    text = PATTERN.format(source=source, expect=expect, folder="namespaces/seldon-system/pods")
    pattern = load_pattern(text, "scheduler/one", "one.toml")
    return mistake(pattern, pattern.examples[0], Library({pattern.id: pattern}, ""))


def test_the_operator_serves_other_namespaces_than_its_own() -> None:
    assert judged("log.controller", "present") is None


def test_no_other_log_stands_in_for_the_agents() -> None:
    assert judged("log.agent", "unknown") is None


def test_a_namespace_in_the_text_is_not_where_the_operator_writes() -> None:
    text = PATTERN.format(source="log.controller", expect="present", folder="namespaces/seldon-system/pods").replace(
        'text contains "Handled state on reconnect"',
        'text matches "^Starting event handling namespace=(?<namespace>[a-z]+)"',
    )
    pattern = load_pattern(text, "scheduler/one", "one.toml")
    assert mistake(pattern, pattern.examples[0], Library({pattern.id: pattern}, "")) is None
