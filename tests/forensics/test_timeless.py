"""What bears no time at all is analysed like anything else: objects, and the tail of a log without dates."""

from pathlib import Path

import pytest

import forensics
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


REFUSED = (
    'I0317 10:00:00.100000 1 model_lifecycle.cc:472] "loading: ocr_1:1"\n'
    "E0317 10:00:00.200000 1 model_lifecycle.cc:641] \"failed to load 'ocr_1' version 1: Invalid argument: model 'ocr_1', "
    "tensor 'x': the model expects 4 dimensions (shape [-1,3,9,9]) but the model configuration specifies 3 dimensions\"\n"
    "I0317 10:00:00.300000 1 model_lifecycle.cc:776] \"failed to load 'ocr_1'\"\n"
)
LOADED = "I0317 10:03:00.300000 1 model_lifecycle.cc:839] \"successfully loaded 'ocr_1'\"\n"


DENIED = (
    "09:00:12.811359 \x1b[31mERROR\x1b[0m [                main] :     i.s.d.k.Pipeline : Kafka streams: stream processing exception\n"
    "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [seldon.ml.model.a.inputs]\n"
)
SERVED = "09:04:12.811359 \x1b[32m INFO\x1b[0m [                main] :     i.s.d.k.Pipeline : All topics created\n"
DATED = 'time="2026-03-17T11:00:00Z" level=info msg="Setting log level to debug"\n'


@pytest.mark.parametrize("beside", ["", DATED], ids=["alone", "beside a dated log"])
@pytest.mark.parametrize(("tail", "lasts"), [("", True), (SERVED, False)])
def test_the_last_lines_of_a_log_that_writes_times_of_day_count(
    tail: str, lasts: bool, beside: str, tmp_path: Path
) -> None:
    (tmp_path / "engine").write_text(DENIED + tail)
    if beside:
        (tmp_path / "scheduler").write_text(beside)
    document = forensics.analyse(forensics.open_bundle(tmp_path)).document
    lasting = {f["pattern"] for f in document["findings"] if f["at_end"] != "ended"}
    assert ("kafka/kafka-topic-authorization" in lasting) is lasts


@pytest.mark.parametrize(("tail", "lasts"), [("", True), (LOADED, False)])
def test_the_last_lines_of_a_log_without_dates_count(tail: str, lasts: bool, tmp_path: Path) -> None:
    (tmp_path / "pasted").write_text(REFUSED + tail)  # neither a year nor the start of the process
    document = forensics.analyse(forensics.open_bundle(tmp_path)).document
    assert (document["verdict"] == "failure") is lasts
    assert (
        any(f["pattern"] == "triton/triton-config-invalid" and f["at_end"] != "ended" for f in document["findings"])
        is lasts
    )
