"""`where` in plain Python, one row at a time: what the expressions are held to. Shares no code with them."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from patterns import terms

ORDERED = {
    "level": ["trace", "debug", "info", "warning", "error", "fatal"],
    "severity": ["info", "low", "medium", "high", "critical"],
}


def decide(node: terms.Node, row: Mapping[str, Any]) -> bool | None:
    """Return whether a condition holds for a row; None where it is undecided."""
    if isinstance(node, terms.Not):
        inner = decide(node.part, row)
        return None if inner is None else not inner
    if isinstance(node, terms.All | terms.Any):
        decided = [decide(part, row) for part in node.parts]
        settling = isinstance(node, terms.Any)  # one true settles an `or`, one false an `and`
        if settling in decided:
            return settling
        return None if None in decided else not settling
    return _test(node, row)


def _test(test: terms.Test, row: Mapping[str, Any]) -> bool | None:
    path, verb, value = test.column.path, test.verb, test.value
    inside = len(path) > 1
    found = _look(path, row)
    if verb == "exists":
        if found is None and row.get("form") not in (None, "object"):
            return None
        return found is not None
    if isinstance(value, terms.Column):
        other = _look(value.path, row)
        numbers = not isinstance(row.get(path[0]), str) or not isinstance(row.get(value.path[0]), str)
        if inside and (numbers or verb in ("<", "<=", ">", ">=")):
            found = _number(found)
        if len(value.path) > 1 and (numbers or verb in ("<", "<=", ">", ">=")):
            other = _number(other)
        return _compare(found, verb, other, path[0])
    if found is None:
        return None
    if verb == "in":
        assert isinstance(value, tuple)
        answers = [_compare(_as(found, each) if inside else found, "=", each, path[0]) for each in value]
        return True if True in answers else None if None in answers else False
    if verb == "contains":
        return str(value) in found
    if verb == "contains any":
        return any(str(each) in found for each in value)
    if verb == "starts with":
        return bool(found[: len(str(value))] == value)
    if verb == "matches":
        return re.search(str(value).replace("(?<", "(?P<"), found) is not None
    return _compare(_as(found, value) if inside else found, verb, value, path[0])


def _look(path: tuple[str, ...], row: Mapping[str, Any]) -> Any:
    value = row[path[0]]
    if isinstance(value, float) and value != value:
        return None
    if len(path) == 1 or value is None:
        return value
    place = json.loads(value)
    for step in path[1:]:
        if isinstance(place, dict) and step in place:
            place = place[step]
        elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
            place = place[int(step)]
        else:
            return None
    if place is None or isinstance(place, str):
        return place
    return json.dumps(place, separators=(",", ":"))


def _as(found: str, like: object) -> Any:
    if isinstance(like, bool):
        return {"true": True, "false": False}.get(found)
    return _number(found) if isinstance(like, int | float) else found


def _number(text: Any) -> float | None:
    if not isinstance(text, str):
        return None if text is None else float(text)
    return float(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else None


def _compare(left: Any, verb: str, right: Any, column: str) -> bool | None:
    if left is None or right is None:
        return None
    if column in ORDERED and isinstance(left, str):
        left, right = ORDERED[column].index(left), ORDERED[column].index(right)
    assert isinstance(left, str) == isinstance(right, str)
    assert isinstance(left, datetime | timedelta) == isinstance(right, datetime | timedelta)
    return {
        "=": left == right,
        "!=": left != right,
        "<": verb == "<" and left < right,
        "<=": verb == "<=" and left <= right,
        ">": verb == ">" and left > right,
        ">=": verb == ">=" and left >= right,
    }[verb]
