"""Accuracy on a simulated installation: faults injected at the mechanism, symptoms by a model of the system."""
