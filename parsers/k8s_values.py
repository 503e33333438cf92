"""How Kubernetes writes quantities, times, ages and counts, and how to read them."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_DECIMAL = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_QUANTITY = re.compile(r"([+-]?\d{1,30}(?:\.\d{0,30})?|[+-]?\.\d{1,30})(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?\d{1,2}))")
_AGE = re.compile(r"(?:(\d{1,6})y)?(?:(\d{1,6})d)?(?:(\d{1,8})h)?(?:(\d{1,8})m)?(?:(\d{1,10})s)?")
_AGE_UNITS = (365 * 86_400, 86_400, 3_600, 60, 1)
_FRACTION = re.compile(r"\.(\d+)")
UNSET = frozenset({"", "<none>", "<unset>", "<unknown>", "<nil>", "<no value>"})


def quantity(value: object) -> float | None:
    """Return a resource quantity (`1Gi`, `100m`, `2e3`, 5) as a number; null where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 2**1000 else None  # YAML has `.nan`, `.inf` and endless whole numbers
    matched = _QUANTITY.fullmatch(str(value).strip())
    if matched is None:
        return None
    number, suffix, exponent = matched.groups()
    if exponent is not None:
        return float(number) * 10.0 ** int(exponent)
    return float(number) * (_BINARY.get(suffix) or _DECIMAL[suffix or ""])


def in_bytes(value: object) -> int | None:
    """Return a quantity of memory or storage in whole bytes."""
    read = quantity(value)
    return None if read is None or abs(read) >= 2**63 else int(read)


def integer(value: object) -> int | None:
    """Return a whole number that fits a column; null for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) and abs(value) < 2**63 else None


def truth(value: object) -> bool | None:
    """Return True, False, or null for `Unknown` and what is not there."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(str(value).strip().lower())


def moment(value: object) -> datetime | None:
    """Return a time as Kubernetes writes it (RFC 3339, or RFC 1123 in describe) in UTC."""
    if not isinstance(value, str) or len(value) < 10 or len(value) > 64:
        return None
    try:
        read = datetime.fromisoformat(value) if value[:4].isdigit() else parsedate_to_datetime(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def precision(value: object) -> timedelta | None:
    """Return one unit of the last digit of a time, no finer than a microsecond."""
    if moment(value) is None:
        return None
    fraction = _FRACTION.search(str(value))
    return timedelta(seconds=1) if fraction is None else timedelta(microseconds=10 ** max(0, 6 - len(fraction[1])))


def age(value: object) -> int | None:
    """Return an age (`4m8s`, `3d4h`) in seconds; null for `<invalid>`, `<unknown>` and anything else."""
    text = str(value).strip()
    matched = _AGE.fullmatch(text) if text else None
    if matched is None or not any(matched.groups()):
        return None
    return sum(int(part or 0) * unit for part, unit in zip(matched.groups(), _AGE_UNITS, strict=True))


def written(value: object) -> str | None:
    """Return a scalar as text; null where it is absent or `<none>`."""
    if value is None or isinstance(value, dict | list):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return None if text in UNSET else text


def as_json(value: object) -> str | None:
    """Return JSON text; null for null and for what cannot be written as JSON."""
    if value is None:
        return None
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        return None


def mapping(value: object) -> dict[str, Any]:
    """Return `value` where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the mappings in a list; empty where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def dig(value: object, *path: str) -> Any:
    """Return what stands at a path of keys; null where any of them is missing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
