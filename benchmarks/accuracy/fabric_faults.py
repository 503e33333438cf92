"""Faults of what lies between: networks, ingresses, certificates, Kafka, pipelines."""

from benchmarks.accuracy.fault import Fault

FABRIC: tuple[Fault, ...] = ()
