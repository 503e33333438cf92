"""Where an element of a described list ends: kubectl sorts the keys and marks nothing."""

import orjson

from parsers.kubectl import PARSER
from parsers.parser import Artefact

RUNTIME = """\
Name:         seldon
Namespace:    shop
Labels:       <none>
Annotations:  <none>
API Version:  mlops.seldon.io/v1alpha1
Kind:         SeldonRuntime
Metadata:
  Creation Timestamp:  2026-03-04T10:15:00Z
Spec:
  Overrides:
    Disable:       true
    Name:          hodometer
    Name:          seldon-scheduler
    Service Type:  ClusterIP
    Name:          seldon-envoy
    Replicas:      1
    Service Type:  ClusterIP
    Disable:       true
    Name:          seldon-dataflow-engine
  Seldon Config:   default
"""


def test_a_key_out_of_order_begins_the_next_element() -> None:
    (row,) = PARSER.parse(Artefact.of("x.txt", RUNTIME)).frames["k8s.seldonruntime"].to_dicts()

    assert orjson.loads(row["raw"])["spec"]["overrides"] == [
        {"disable": "true", "name": "hodometer"},
        {"name": "seldon-scheduler", "serviceType": "ClusterIP"},
        {"name": "seldon-envoy", "replicas": "1", "serviceType": "ClusterIP"},
        {"disable": "true", "name": "seldon-dataflow-engine"},
    ]
