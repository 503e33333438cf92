"""Faults of the control plane and Envoy: scheduler, agent, controller, routes."""

from benchmarks.accuracy.fault import Fault

CONTROL: tuple[Fault, ...] = ()
