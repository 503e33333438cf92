"""What the keys of records mean, whoever chose them, and what paths, streams and labels say of who wrote a line.

    kubernetes.pod_name   k8s.pod.name   _pod_name_   __tag__:_pod_name_   resource.labels.pod_name   podName

Source: Fluent Bit 3 kubernetes filter; Vector 0.4x kubernetes_logs; Alibaba Cloud Log Service container logs;
OpenTelemetry semantic conventions `k8s.*`; Oracle Cloud LogContent; CloudWatch Container Insights streams; Grafana
Alloy `loki.source.kubernetes`, label `instance`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from parsers.layout import origin_of

NAMES = ("namespace", "pod", "container", "node")
Names = tuple[str | None, str | None, str | None, str | None]
NOBODY: Names = (None, None, None, None)

TEXT = (
    "log", "line", "Line", "@message", "LogMessage", "LogEntry", "textPayload", "MESSAGE", "message", "Message", "_raw",
    "msg", "log_processed", "jsonPayload", "jsonPayload.message", "logContent.data", "content", "_msg", "_line", "body",
    "text",
)  # fmt: skip
TIME = (
    "@timestamp", "timestamp", "time", "ts", "TimeGenerated [UTC]", "TimeGenerated", "_time", "Time", "Date", "date",
    "receiveTimestamp", "__REALTIME_TIMESTAMP", "logContent.time", "datetime", "_time_", "__time__", "_ts",
    "_messagetimems", "TimeGenerated [Local Time]",
)  # fmt: skip
# These come before what a key says by its words.
_FIRST = {
    "namespace": (
        "namespace_name", "namespace", "podNamespace", "PodNamespace", "Namespace", "resource.labels.namespace_name",
        "kubernetes.namespace_name", "kubernetes.namespace", "k8s_namespace", "k8s.namespace.name",
    ),
    "pod": (
        "pod_name", "pod", "podName", "PodName", "resource.labels.pod_name", "kubernetes.pod_name",
        "kubernetes.pod.name", "k8s_pod", "k8s.pod.name", "instance_pod",
    ),
    "container": (
        "container_name", "container", "containerName", "ContainerName", "resource.labels.container_name",
        "kubernetes.container_name", "kubernetes.container.name", "k8s_container", "k8s.container.name",
        "SYSLOG_IDENTIFIER", "_COMM",
    ),
    "node": (
        "node_name", "nodeName", "Computer", "_HOSTNAME", "kubernetes.host", "host", "kubernetes.node.name", "Host",
    ),
}  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_ABOVE = frozenset(
    ("kubernetes", "k8s", "kube", "resource", "labels", "label", "tag", "fields", "attributes", "metric")
)
_MEANT = {
    "namespace": "namespace", "namespacename": "namespace", "podnamespace": "namespace",
    "pod": "pod", "podname": "pod",
    "container": "container", "containername": "container",
    "node": "node", "nodename": "node", "podnodename": "node", "hostname": "node",
}  # fmt: skip
_PLACES = frozenset(
    [
        "logstreamname",
        "logstream",
        "tailedpath",
        "subject",
        "file",
        "filename",
        "logfilepath",
        "filepath",
        "source",
        "path",
        "tag",
    ]
)
_LABELS = frozenset(("labels", "stream", "instance"))

_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_STREAM = re.compile(rf"(?P<pod>{_NAME})_(?P<namespace>{_NAME})_(?P<container>{_NAME})-[0-9a-f]{{64}}(?:\.log)?$")
_INSTANCE = re.compile(rf"(?P<namespace>{_NAME})/(?P<pod>{_NAME}):(?P<container>{_NAME})")
_LABEL = re.compile(r'(?<![\w.])"?([\w.]{1,100})"?\s?[:=]\s?"([^"\\]*)"')
_LONGEST_KEY = 100  # characters of a key
_LOOKED_AT = 2000  # characters of a path, or of labels


def _words(key: str) -> tuple[str, ...]:
    """Return the words of a key; none of one that is too long to be a name's."""
    return _words_of(key) if len(key) <= _LONGEST_KEY else ()


@lru_cache(4096)
def _words_of(key: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(key))


def _meaning(key: str) -> str | None:
    """Return which of `NAMES` a key is by its words, once those of what stands above are off."""
    words = _words(key)
    while len(words) > 1 and words[0] in _ABOVE:
        words = words[1:]
    return _MEANT.get("".join(words))


def _tells(key: str) -> bool:
    """Whether a key is one of a path, a stream or labels, which hold names."""
    last = "".join(_words(key.rpartition(".")[2]))
    return last in _PLACES or last in _LABELS or "".join(_words(key)) in _PLACES


def ways(keys: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return which keys say the text, the time, each of `NAMES`, and what `names_in` reads: first what counts first."""
    given = dict.fromkeys(keys)
    meant: dict[str, list[str]] = {name: [key for key in _FIRST[name] if key in given] for name in NAMES}
    for key in given:
        if (part := _meaning(key)) is not None and key not in meant[part]:
            meant[part].append(key)
    return (
        tuple(key for key in TEXT if key in given),
        tuple(key for key in TIME if key in given),
        *(tuple(meant[name]) for name in NAMES),
        tuple(filter(_tells, given)),
    )


def names_in(text: str) -> Names:
    """Return the names that a path of a node, a stream of CloudWatch, or labels hold."""
    return _names_in(text[:_LOOKED_AT])


@lru_cache(4096)
def _names_in(text: str) -> Names:
    if text.startswith("{"):
        labels = dict(_LABEL.findall(text))
        parts = ways(labels)[2:6]
        found = tuple(next((labels[key] for key in part if labels[key]), None) for part in parts)
        if found[1] is None and (instance := labels.get("instance")):
            return or_else(found, names_in(instance))  # type: ignore[arg-type]
        return found  # type: ignore[return-value]
    # The stream of a node's file: `ip-10-0-0-1.internal-application.var.log.containers.mlserver-0_ml_agent-….log`.
    if (said := _STREAM.match(text.rpartition("containers.")[2]) or _INSTANCE.fullmatch(text)) is not None:
        return (said["namespace"], said["pod"], said["container"], None)
    origin = origin_of(text) if "/" in text else None
    if origin is None or origin.namespace is None or origin.pod is None:
        return NOBODY
    return (origin.namespace, origin.pod, origin.container, None)


def or_else(who: Names, other: Names) -> Names:
    """Return the names, their gaps filled from `other`."""
    return tuple(mine or theirs for mine, theirs in zip(who, other, strict=True))  # type: ignore[return-value]
