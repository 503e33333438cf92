"""Faults of what serves: MLServer, MLflow, Triton, artefacts, pods and nodes."""

from benchmarks.accuracy.fault import Fault

SERVING: tuple[Fault, ...] = ()
