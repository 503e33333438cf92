"""NetworkPolicies: what the union of all that select an end of a connection lets through.

Every answer is True, False or None: a selector on labels that are not known, an address that is not known or a policy
that could not be read makes it None, unless another rule decides.

Source: NetworkPolicy in the API of Kubernetes. Policies only add: whoever no policy selects is open, whoever one
selects is open to what any rule of any selecting policy lists.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from forensics.installation.selectors import selects, sure_of, well_formed
from forensics.intake.rows import Row

INGRESS, EGRESS = "ingress", "egress"
UNKNOWN = "?"  # namespace of an end that is some pod, nobody knows where


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection.

    Attributes:
        namespace: None for what is outside the cluster or on the host network.
        pod: its name, if known.
        labels: as far as known.
        whole: whether `labels` are all there are.
        ip: its address, if known.
        ports: named container ports.
        space: labels of its namespace, as far as known.
        space_whole: whether `space` is all there is.
        rows: where it was seen.
        same: whether an end in an unknown namespace may be in that of the policy.
    """

    namespace: str | None
    pod: str | None = None
    labels: Mapping[str, str] | None = None
    whole: bool = False
    ip: str | None = None
    ports: Mapping[str, int] | None = None
    space: Mapping[str, str] | None = None
    space_whole: bool = False
    rows: tuple[Row, ...] = ()
    same: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """A NetworkPolicy; `spec` is None where only its name was collected."""

    namespace: str | None
    name: str
    spec: Mapping[str, Any] | None
    row: Row

    def concerns(self, direction: str) -> bool:
        """Whether it isolates in this direction."""
        if self.spec is None:
            return True
        types = self.spec.get("policyTypes")
        if types:
            return direction in [str(t).lower() for t in types]
        return direction == INGRESS or bool(self.spec.get("egress"))


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one side says: open (True), shut (False) or not known, and the policies that decide."""

    allowed: bool | None
    policies: tuple[Policy, ...] = ()


def readable(spec: Any) -> bool:
    """Whether a policy's spec has the shape the API server would have taken."""
    rules = [r for side in (INGRESS, EGRESS) for r in _items(spec.get(side))]
    lists = [r.get(key) for r in rules if isinstance(r, dict) for key in ("from", "to", "ports")]
    peers = [p for r in rules if isinstance(r, dict) for key in ("from", "to") for p in _items(r.get(key))]
    ports = [p for r in rules if isinstance(r, dict) for p in _items(r.get("ports"))]
    selectors = [spec.get("podSelector")]
    selectors += [p.get(key) for p in peers if isinstance(p, dict) for key in ("podSelector", "namespaceSelector")]
    blocks = [p.get("ipBlock") for p in peers if isinstance(p, dict)]
    return (
        all(isinstance(x, dict) for x in (*rules, *peers, *ports))
        and all(isinstance(x, list | None) for x in (spec.get(INGRESS), spec.get(EGRESS), *lists))
        and isinstance(spec.get("policyTypes"), list | None)
        and all(isinstance(x, dict | None) for x in blocks)
        and all(well_formed(s) for s in selectors)
        and all(isinstance(p.get("port"), int | str | None) and isinstance(p.get("endPort"), int | None) for p in ports)
    )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def both(*parts: bool | None) -> bool | None:
    """Kleene's and."""
    if any(p is False for p in parts):
        return False
    return None if any(p is None for p in parts) else True


def any_of(parts: Iterable[bool | None]) -> bool | None:
    """Kleene's or."""
    found = list(parts)
    if any(p is True for p in found):
        return True
    return None if any(p is None for p in found) else False


def judged(selector: Any, labels: Mapping[str, str] | None, whole: bool) -> bool | None:
    """Whether a selector selects labels of which only some may be known."""
    if selector is None:
        return False
    if whole or (labels is not None and sure_of(selector, labels)):
        return selects(selector, labels or {})
    if not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return True
    known = labels or {}
    wanted = selector.get("matchLabels") or {}
    if any(key in known and known[key] != value for key, value in wanted.items()):
        return False
    return None


def rule(policies: Sequence[Policy] | None, mine: End, other: End, direction: str, port: int, protocol: str) -> Ruling:
    """Say what the policies of one side let through.

    Args:
        policies: those of the namespace of `mine`; None where they were not collected.
        mine: the end whose policies are asked: the destination for ingress, the source for egress.
        other: the other end.
        direction: ingress or egress.
        port: of the destination.
        protocol: TCP or UDP.
    """
    if mine.namespace is None:
        return Ruling(True)
    if policies is None:
        return Ruling(None)
    selecting: list[Policy] = []
    verdicts: list[bool | None] = []
    unsure = False
    for policy in policies:
        if not policy.concerns(direction):
            continue
        chosen = None if policy.spec is None else judged(policy.spec.get("podSelector") or {}, mine.labels, mine.whole)
        if chosen is False:
            continue
        allows = None if policy.spec is None else _allows(policy, mine, other, direction, port, protocol)
        if allows is True and chosen is True:
            return Ruling(True, (policy,))
        if chosen is True:
            selecting.append(policy)
            verdicts.append(allows)
        else:
            unsure = True
            verdicts.append(None)
    if not verdicts:
        return Ruling(True)
    if unsure and not selecting:
        return Ruling(None)
    if any(v is None for v in verdicts):
        return Ruling(None, tuple(selecting))
    return Ruling(False, tuple(sorted(selecting, key=_bluntness)))


def _bluntness(policy: Policy) -> tuple[bool, bool, str]:
    """Order the policies that shut a way: those made for these pods first, then those with rules."""
    spec = policy.spec or {}
    return (not spec.get("podSelector"), not (spec.get(INGRESS) or spec.get(EGRESS)), policy.name)


def _allows(policy: Policy, mine: End, other: End, direction: str, port: int, protocol: str) -> bool | None:
    spec = policy.spec or {}
    destination = mine if direction == INGRESS else other
    peers = "from" if direction == INGRESS else "to"
    return any_of(
        both(
            any_of(_peer(policy, p, other) for p in r.get(peers) or []) if r.get(peers) else True,
            any_of(_port(p, destination, port, protocol) for p in r.get("ports") or []) if r.get("ports") else True,
        )
        for r in spec.get(direction) or []
    )


def _peer(policy: Policy, peer: Mapping[str, Any], other: End) -> bool | None:
    if block := peer.get("ipBlock"):
        return _in_block(block, other.ip)
    if other.namespace is None:
        return False
    if "namespaceSelector" in peer and peer["namespaceSelector"] is not None:
        space = judged(peer["namespaceSelector"], other.space, other.space_whole)
    elif other.namespace == policy.namespace:
        space = True
    else:
        space = None if other.namespace == UNKNOWN and other.same else False
    pods = peer.get("podSelector")
    return both(space, True if pods is None else judged(pods, other.labels, other.whole))


def _in_block(block: Mapping[str, Any], ip: str | None) -> bool | None:
    try:
        network = ip_network(str(block.get("cidr")), strict=False)
        if network.prefixlen == 0 and not block.get("except"):
            return True
        if ip is None:
            return None
        address = ip_address(ip)
        return address in network and not any(
            address in ip_network(str(e), strict=False) for e in block.get("except") or []
        )
    except (ValueError, TypeError):
        return None


def _port(entry: Mapping[str, Any], destination: End, port: int, protocol: str) -> bool | None:
    if str(entry.get("protocol") or "TCP").upper() != protocol:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str) and not wanted.isdigit():
        if destination.ports is None:
            return None
        return destination.ports.get(wanted) == port
    first = int(wanted)
    last = entry.get("endPort")
    return first <= port <= (int(last) if last is not None else first)
