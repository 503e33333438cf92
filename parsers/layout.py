"""What a member's path says of where it came from. Only a help: content may know better, and any name may lie.

Layouts of `oc adm must-gather` and `inspect`, troubleshoot.sh, `kubectl cluster-info dump`, sos, Rancher's
support-bundle-kit, Sonobuoy, the Insights operator, `kind export logs`, the node's own /var/log, k9s, and of folders
that people fill by hand.

Source: `oc` 4.20 pkg/cli/admin/inspect/pod.go, troubleshoot 0.123 pkg/collect/logs.go, kubectl 0.35
pkg/cmd/clusterinfo/clusterinfo_dump.go, kubelet 1.34 pkg/kubelet/kuberuntime/helpers.go, logs/container_log_manager.go.
"""

import re
from collections.abc import Iterable

from parsers.parser import Origin

_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"  # what Kubernetes makes names of
_RANDOM = rf"-{_SAFE}{{8,10}}-{_SAFE}{{5}}"
_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_CONTAINERS = (
    "agent", "rclone", "mlserver", "triton", "scheduler", "envoy", "modelgateway", "pipelinegateway",
    "dataflow-engine", "hodometer", "manager", "istio-proxy",
)  # fmt: skip
CONTAINERS = "|".join(map(re.escape, _CONTAINERS))
_WELL_KNOWN = (
    rf"(?:seldon-(?:scheduler|envoy|modelgateway|pipelinegateway|dataflow-engine|v2-controller-manager)|hodometer)"
    rf"(?:{_RANDOM}|-[0-9]{{1,3}})|(?:mlserver|triton)(?:-[a-z0-9]+)*-[0-9]{{1,3}}"
)

# A log that was put aside to begin a new one: `.1`, `.20250712-183009`, `-20250712`, each perhaps packed, or `.gz`.
_ROTATED = re.compile(r"(?:\.([0-9]{1,3})|[.-]([0-9]{8}(?:[-T]?[0-9]{6})?))?(\.(?:gz|bz2|xz|zst|lz4))?$")
_SUFFIX = re.compile(
    r"(?:\.(?:insecure|log|txt|out|err|gz|bz2|xz|zst|lz4|[0-9]{1,3}|[0-9]{8}-[0-9]{6})|#[0-9]+| \([0-9]+\))+$"
)
_NUMBERED = re.compile(r"^[0-9]{1,8}(?:[-_. ][0-9]{1,6}){0,5}[-_. ]+(?=[a-z])")  # 01-name, 20250712-1830_name
_PREVIOUS = re.compile(r"(?:[-._ ](?:previous|prev|p|old|last)|\.log\.old)$")

_LAYOUTS = tuple(
    re.compile(regex)
    for regex in (
        # must-gather, inspect; kubectl-gather has the container once, and no `logs`
        r"(?:^|/)namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/(?:containers/)?(?P<container>[^/]+)/"
        r"(?:[^/]+/)?(?:logs/)?(?:rotated/)?(?P<file>(?:current|previous|last-[0-9]+-lines|[0-9]+)\.[^/]*)$",
        r"(?:^|/)namespaces/(?P<namespace>[^/]+)/pods/(?P<pod>[^/]+)/[^/]+$",
        r"(?:^|/)namespaces/(?P<namespace>[^/]+)/.+",
        # troubleshoot.sh
        r"(?:^|/)cluster-resources/pods/logs/(?P<namespace>[^/]+)/(?P<pod>[^/]+)/(?P<file>[^/]+?)\.log[^/]*$",
        r"(?:^|/)cluster-resources/custom-resources/[^/]+/(?P<namespace>[^/]+)\.(?:json|yaml)$",
        r"(?:^|/)cluster-resources/[^/]+/(?P<namespace>[^/]+)\.(?:json|yaml)$",
        r"(?:^|/)yamls/namespaced/(?P<namespace>[^/]+)/.+",
        # Sonobuoy
        r"(?:^|/)podlogs/(?P<namespace>[^/]+)/(?P<pod>[^/]+)/logs/(?P<file>[^/]+)$",
        # sos
        r"(?:^|/)(?P<namespace>[^/]+)/podlogs/(?P<pod>[^/]+)/kubectl_.*_logs_.*_-c_(?P<container>[^/]+)$",
        # the node's own, and kind's copy of it
        rf"(?:^|/)(?:(?P<node>[^/]+)/pods/)?(?P<namespace>{_NAME})_(?P<pod>{_NAME})_[0-9a-f-]{{32,36}}/(?P<container>[^/]+)/[^/]+$",
        rf"(?:^|/)(?P<pod>{_NAME})_(?P<namespace>{_NAME})_(?P<container>{_NAME})-[0-9a-f]{{64}}\.log[^/]*$",
        # cluster-info dump
        r"(?:^|/)(?P<namespace>[^/]+)/(?P<pod>[^/]+)/logs\.txt$",
        # k9s
        rf"(?:^|/)(?P<namespace>{_NAME})-(?P<pod>{_WELL_KNOWN})-[0-9]{{19}}\.log$",
        # by hand, or Rancher
        rf"(?:^|/)logs/(?P<namespace>{_NAME})/(?P<pod>{_NAME}(?:{_RANDOM}|-[0-9]{{1,3}}))/(?P<file>[^/]+)$",
        rf"(?:^|/)supportbundle_[^/]*/logs/(?P<namespace>{_NAME})/(?P<pod>{_NAME})/(?P<file>[^/]+)$",
    )
)  # fmt: skip
# By hand, suffixes off: <pod>/<container>.log, pod_container.log, pod.log, and k9s's or people's <namespace>-<pod>.log.
_ORDINAL = rf"(?P<pod>(?!(?:case|ticket|sr|incident|bundle|attempt|node|worker|part|day|run)-){_NAME}-[0-9]{{1,2}})"
_PLAIN = r"(?P<namespace>(?![^_/]*-[0-9]{1,3}_)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)"  # no name of a pod of a set
_BY_HAND = tuple(
    re.compile(regex)
    for regex in (
        rf"(?:^|/)(?P<pod>{_WELL_KNOWN}|{_NAME}{_RANDOM})_(?P<namespace>{_NAME})_(?P<container>{CONTAINERS})$",
        rf"(?:^|/){_ORDINAL}_{_PLAIN}_(?P<container>{CONTAINERS})$",
        rf"(?:^|/){_PLAIN}_(?P<pod>{_NAME}{_RANDOM}|{_NAME}-[0-9]{{1,3}})_(?P<container>{CONTAINERS})$",
        rf"(?:^|/)(?P<namespace>{_NAME})[-_](?P<pod>{_WELL_KNOWN})(?:[-_.](?P<container>{CONTAINERS}))?$",
        rf"(?:^|/)(?P<pod>{_WELL_KNOWN}|{_NAME}{_RANDOM})/(?:.*/)?(?P<file>[^/]+)$",
        rf"(?:^|/){_ORDINAL}/(?P<container>{CONTAINERS})$",
        rf"(?:^|/)(?P<pod>{_WELL_KNOWN}|{_NAME}{_RANDOM})(?:[-_.](?P<container>{_NAME}))?$",
        rf"(?:^|/){_ORDINAL}[-_.](?P<container>{CONTAINERS})$",
        rf"(?:^|/){_ORDINAL}_(?P<container>{_NAME})$",
    )
)
_NODES = frozenset({"", "log", "var", "logs", "bundle", "containers", "kubelet", "var_log", "data"})


def origin_of(member: str) -> Origin:
    """Return what the path says; every part may be null."""
    path = member.replace("!", "/")
    bare, previous = _bare(path)
    for layout, where in (*((one, path) for one in _LAYOUTS), *((one, bare) for one in _BY_HAND)):
        found = layout.search(where)
        if found is None:
            continue
        said = found.groupdict()
        container = said.get("container")
        if container is None and (file := said.get("file")) is not None and re.fullmatch(_NAME, _bare(file)[0]):
            stem = _bare(file)[0]
            inside = "cluster-resources/pods/logs/" in path or "podlogs/" in path or "logs/" in path
            container = stem if inside or stem in _CONTAINERS else None
        node = said.get("node")
        return Origin(
            namespace=said.get("namespace"),
            pod=said.get("pod"),
            container=container,
            node=None if node in _NODES else node,
            previous=previous,
        )
    return Origin(previous=previous)


def _bare(path: str) -> tuple[str, bool | None]:
    """Return a path without the suffixes of logs, and whether it is called previous; null where nothing says so."""
    folder, slash, file = path.rpartition("/")
    stem = _SUFFIX.sub("", file)
    previous: bool | None = None
    if _PREVIOUS.search(stem) or stem == "previous":
        previous, stem = True, _SUFFIX.sub("", _PREVIOUS.sub("", stem))
    elif stem == "current":
        previous = False
    elif path.startswith("supportbundle_") or "/supportbundle_" in path:
        # Rancher's bundles call the log of the container before `<container>.log.1`.
        previous = True if file.endswith(".log.1") else None
    return folder + slash + _NUMBERED.sub("", stem), previous


def rotation_order(members: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the members in groups: each the files of one log that was rotated, oldest first, the current one last.

    Numbers count backwards (`.2` is older than `.1`), dates forward. `0.log` and `1.log` of a node's folder are two
    lives of a container, not one log. Groups are sorted by their log's name; most hold one member.
    """
    groups: dict[str, list[tuple[tuple[int, int, str], str]]] = {}
    for member in members:
        found = _ROTATED.search(member)
        number, date, packed = found.groups() if found else (None, None, None)
        rotated = number is not None or date is not None or packed is not None
        name = member[: found.start()] if found and rotated else member
        name = re.sub(r"/rotated/([^/]+)$", r"/\1", name)
        if name.endswith("/logs/current.log"):
            name = name.removesuffix("current.log") + "0.log"
        # Oldest first: dates, then numbers from high to low, then a bare `.gz`, then the file still written to.
        age = (0, 0, date) if date else (1, -int(number), "") if number else (2, 0, "") if packed else (3, 0, "")
        groups.setdefault(name, []).append((age, member))
    return tuple(tuple(member for _, member in sorted(group)) for _, group in sorted(groups.items()))
