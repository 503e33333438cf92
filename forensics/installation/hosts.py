"""Whether a host that Envoy leads to is a pod, by the addresses and names of the pods that were dumped."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from forensics.installation.links import Topology
from forensics.intake.rows import rows_of

ADDRESS = re.compile(r"[0-9.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*")


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of each namespace: their addresses and names; a namespace without any was not dumped."""

    topology: Topology
    addresses: Mapping[str | None, frozenset[str]]
    names: Mapping[str | None, frozenset[str]]

    def lacks(self, host: Mapping[str, Any]) -> bool:
        """Whether there is surely no pod behind a host. Addresses of pods change: it is so as of the two dumps."""
        space = self.topology.home(host["namespace"])
        address = str(host["address"] or "").strip("[]")
        if ADDRESS.fullmatch(address):
            known = self.addresses.get(space, frozenset())
            return bool(known) and address not in known and not self._named(space, host["hostname"])
        return bool(address) and not self._named(space, address)

    def _named(self, space: str | None, hostname: str | None) -> bool:
        """Whether a name may be a pod's: `mlserver-0.mlserver.shop` is that of pod mlserver-0 behind its service."""
        known = self.names.get(space)
        if not hostname or "." not in hostname or not known:
            return bool(hostname)
        return hostname.partition(".")[0] in known


def pods_of(frames: Mapping[str, pl.DataFrame], topology: Topology) -> Pods:
    """Return the pods that were dumped whole enough to know their addresses."""
    addresses: dict[str | None, set[str]] = {}
    names: dict[str | None, set[str]] = {}
    bare: set[str | None] = set()
    for _, pod in rows_of(frames, "k8s.pod"):
        space = topology.home(pod["namespace"])
        names.setdefault(space, set()).add(pod["name"])
        if pod["ip"]:
            addresses.setdefault(space, set()).add(pod["ip"])
        elif pod["form"] != "object" and pod["phase"] != "Pending":
            bare.add(space)  # a table that shows no addresses
    return Pods(
        topology,
        {space: frozenset(known) for space, known in addresses.items() if space not in bare},
        {space: frozenset(known) for space, known in names.items()},
    )
