"""Events of the API: core/v1 and events.k8s.io/v1, old and new ways of counting.

An Event's time is its last occurrence: `series.lastObservedTime`, else `lastTimestamp`, else `eventTime`, else when
it was made. Those of the Kubernetes scheduler have only `eventTime`.

Source: k8s.io/api core/v1 and events/v1 types, Kubernetes 1.34.
"""

import re
from typing import Any

from parsers.k8s_values import as_json, dig, integer, mapping, moment, precision, written

_CONTAINER = re.compile(r"(?:[cC]ontainers|[cC]ontainerStatuses)\{([^}]+)\}")


def event(value: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of `k8s.event` for an Event object."""
    about = mapping(value.get("involvedObject")) or mapping(value.get("regarding"))
    source = mapping(value.get("source")) or mapping(value.get("deprecatedSource"))
    metadata = mapping(value.get("metadata"))
    series = mapping(value.get("series"))
    last = (
        series.get("lastObservedTime"),
        value.get("lastTimestamp"),
        value.get("deprecatedLastTimestamp"),
        value.get("eventTime"),
        metadata.get("creationTimestamp"),
    )
    when = next((each for each in last if moment(each) is not None), None)
    first = (value.get("firstTimestamp"), value.get("deprecatedFirstTimestamp"), value.get("eventTime"), when)
    return {
        **about_object(written(about.get("kind")), written(about.get("name")), written(source.get("host"))),
        **said(written(value.get("type")), written(value.get("reason")), _text(value)),
        "namespace": written(about.get("namespace")) or written(metadata.get("namespace")),
        "container": container_of(about.get("fieldPath")),
        "time": moment(when),
        "precision": precision(when),
        "zoned": True,
        "count": integer(series.get("count")) or integer(value.get("count")) or integer(value.get("deprecatedCount")),
        "first": next((read for each in first if (read := moment(each)) is not None), None),
        "reporter": written(source.get("component"))
        or written(value.get("reportingComponent"))
        or written(value.get("reportingController")),
        "fields": as_json(
            {
                key: text
                for key, text in (
                    ("action", written(value.get("action"))),
                    ("uid", written(about.get("uid"))),
                    ("event", written(metadata.get("name"))),
                    ("related", written(dig(value, "related", "name"))),
                )
                if text
            }
        ),
    }


def _text(value: dict[str, Any]) -> str | None:
    told = value.get("message", value.get("note"))
    return None if told is None else str(told)


def container_of(path: object) -> str | None:
    """Return the container that a fieldPath (`spec.containers{agent}`) names."""
    found = _CONTAINER.search(path) if isinstance(path, str) else None
    return None if found is None else found[1]


def about_object(kind: str | None, name: str | None, host: str | None) -> dict[str, Any]:
    """Return the columns that say what an Event is about."""
    return {
        "kind": kind,
        "name": name,
        "pod": name if kind == "Pod" else None,
        "node": host or (name if kind == "Node" else None),
    }


def said(kind: str | None, reason: str | None, message: str | None) -> dict[str, Any]:
    """Return the columns that say what happened; `text` is the reason, then the message."""
    return {
        "type": kind,
        "reason": reason,
        "level": {"Normal": "info", "Warning": "warning"}.get(kind or ""),
        "message": message,
        "text": " ".join(part for part in (reason, message) if part) or None,
        "previous": False,
    }
