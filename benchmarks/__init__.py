"""Measurements: how right, how fast, how safe."""
