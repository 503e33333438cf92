"""Patterns as plain data, for the cache: lists, maps, text and numbers, and back.

A dataclass is a list of its name and its fields. Nothing is built but what is listed here, so a cache file that
somebody else wrote can be wrong, but cannot run anything.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from patterns import terms
from patterns.pattern import Action, Check, Evidence, Example, Pattern

_CLASSES: dict[str, Any] = {
    each.__name__: each
    for each in (
        *(terms.Column, terms.Test, terms.Not, terms.All, terms.Any, terms.Condition),
        *(terms.Piece, terms.NotTerm, terms.AndTerm, terms.OrTerm, terms.SomeOf, terms.Then, terms.After),
        *(terms.Without, terms.NoLater, terms.Lasting, terms.AtLeast, terms.Distinct),
        *(Action, Check, Evidence, Example, Pattern),
    )
}
_FIELDS = {name: tuple(field.name for field in fields(each)) for name, each in _CLASSES.items()}


def to_plain(value: object) -> Any:
    """Return a pattern, or a part of one, as what JSON can hold."""
    match value:
        case timedelta():
            return ["us", value // timedelta(microseconds=1)]
        case datetime():
            return ["at", value.isoformat()]
        case tuple():
            return ["()", *map(to_plain, value)]
        case Mapping():
            return {key: to_plain(each) for key, each in value.items()}
        case _ if is_dataclass(value):
            name = type(value).__name__
            return [name, *(to_plain(getattr(value, field)) for field in _FIELDS[name])]
    return value


def from_plain(plain: Any) -> Any:
    """Return what `to_plain` was given.

    Raises:
        KeyError, TypeError, ValueError: if it is not what `to_plain` returned.
    """
    kind = type(plain)
    if kind is dict:
        return {key: from_plain(each) for key, each in plain.items()}
    if kind is not list:
        return plain
    name = plain[0]
    # Most of what a pattern holds is text: it is passed over here, not in a call of its own.
    rest: list[Any] = [each if type(each) is str else from_plain(each) for each in plain[1:]]
    if name == "()":
        return tuple(rest)
    if name == "us":
        return timedelta(microseconds=rest[0])
    if name == "at":
        return datetime.fromisoformat(rest[0])
    return _CLASSES[name](*rest)
