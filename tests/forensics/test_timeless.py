"""Objects that bear no time at all are analysed like any others."""

from forensics.analysis import analyse
from forensics.authoring.examples import case_of
from patterns.loader import load_pattern
from patterns.pattern import Library

PATTERN = """
title = "A Model that cannot be scheduled"
severity = "high"
role = "cause"
status = "stable"

[evidence.status]
from = "k8s.model"
where = 'state exists and state = "ScheduleFailed"'
bind = { namespace = "namespace", model = "name" }

[[example]]
name = "one"
origin = "imagined"
expect = "present"
files."models.yaml" = '''
apiVersion: mlops.seldon.io/v1alpha1
kind: Model
metadata:
  name: fraud
  namespace: ml
status:
  conditions:
  - message: ScheduleFailed
    status: "False"
    type: ModelReady
'''
"""


def test_a_finding_without_any_time_has_none() -> None:
    pattern = load_pattern(PATTERN, "scheduler/one", "one.toml")
    document = analyse(case_of(pattern.examples[0].files), Library({pattern.id: pattern}, ""))
    (finding,) = document["findings"]
    assert finding["first"] == {"earliest": None, "latest": None}
    assert document["verdict"] == "failure"
