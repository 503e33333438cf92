"""What a fault is: the switch it turns, what may then be called the root, and which lines show it."""

from dataclasses import dataclass
from typing import Any

from benchmarks.accuracy.life import live, world
from benchmarks.accuracy.mechanisms import Act
from benchmarks.accuracy.model import World
from benchmarks.accuracy.words import Release

NOT_CONNECTED = ("agent-cannot-reach-scheduler", "scheduler-server-not-connected", "scheduler-no-matching-servers", "scheduler-waiting-for-servers",
                 "envoy-no-route-404", "envoy-ready-without-listener", "envoy-xds-disconnected")  # fmt: skip
LOAD_FAILED = ("model-failed-load", "envoy-no-route-404", "rclone-copy-failed", "mlserver-model-not-found")
NO_SCHEDULER = ("agent-cannot-reach-scheduler", "controller-cannot-reach-scheduler", "envoy-xds-disconnected", "model-progressing-stuck-no-scheduler",
                "agent-scheduler-stream-reset", "envoy-ready-without-listener", "k8s-crashloop", "k8s-pod-pending", "controller-scheduler-streams-canceled")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break an installation."""

    name: str
    family: str
    roots: tuple[str, ...]
    symptoms: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    take: frozenset[str] = frozenset()
    before: Act | None = None
    after: Act | None = None
    since: Release = (2, 0, 0)
    blind: tuple[str, ...] = ()  # also right where the decisive source is missing: true, but not the deepest
    undecidable: bool = False
    lone: bool = False  # nothing but `take` shows it: without that the bundle is that of a healthy installation
    minor: bool = False  # of low severity: named as a root, but no verdict's reason
    calls: bool = True

    def happen(self, rng: Any) -> World:
        """Return an installation with this fault, lived to its end."""
        while True:
            w = world(rng)
            if w.release >= self.since:
                break
        if self.before:
            self.before(w)
        live(w, self.calls)
        if self.after:
            self.after(w)
        return w
