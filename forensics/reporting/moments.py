"""Times of the document as people read them: UTC, and a second zone where the document names one."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNKNOWN = "time not known"


def moment(written: object) -> datetime | None:
    """Return a time of the document; None where it has none or it cannot be read."""
    if not isinstance(written, str):
        return None
    try:
        read = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def zone(name: object) -> tzinfo | None:
    """Return the zone called `name` (`Europe/Berlin`, `+02:00`); None for none, UTC, or one not known here."""
    if not isinstance(name, str) or name in ("", "UTC", "Z"):
        return None
    if offset := re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name):
        minutes = (int(offset[2]) * 60 + int(offset[3])) * (-1 if offset[1] == "-" else 1)
        return timezone(timedelta(minutes=minutes)) if abs(minutes) < 1440 else None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def utc(written: object, *, day: bool = True) -> str:
    """Return `2025-03-04 10:15:30Z`, with milliseconds where the source had them."""
    at = moment(written)
    if at is None:
        return UNKNOWN
    return _shown(at.astimezone(UTC), day=day) + "Z"


def local(written: object, second: tzinfo | None) -> str:
    """Return the same moment in the second zone, with its offset; empty without one."""
    at = moment(written)
    if at is None or second is None:
        return ""
    there = at.astimezone(second)
    return f"{_shown(there, day=True)}{there:%z}"


def _shown(at: datetime, *, day: bool) -> str:
    text = at.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S")
    return text + (f".{at.microsecond // 1000:03d}" if at.microsecond else "")


def interval(span: Any) -> str:
    """Return when it happened: one moment where the bounds show the same, else between the two."""
    earliest, latest = bounds(span)
    first, last = moment(earliest), moment(latest)
    if first is None and last is None:
        return UNKNOWN
    if first is None or last is None:
        return f"before {utc(latest)}" if first is None else f"after {utc(earliest)}"
    if last - first <= timedelta(seconds=1):
        return utc(earliest)
    same_day = first.astimezone(UTC).date() == last.astimezone(UTC).date()
    return f"between {utc(earliest)} and {utc(latest, day=not same_day)}"


def bounds(span: Any) -> tuple[Any, Any]:
    """Return both ends of an interval of the document, None for what is not there."""
    span = span if isinstance(span, dict) else {}
    return span.get("earliest"), span.get("latest")


def length(delta: timedelta) -> str:
    """Return a length of time in its two largest units: `2h 5m`, `13s`."""
    left = int(delta.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "under 1s"
