"""JSON Schema of a pattern file, so that an editor completes and checks it while it is written."""

from collections.abc import Sequence
from typing import Any

from parsers.schema import LEVELS, LINKS, NAMES, SOURCES
from patterns.pattern import ROLES, SEVERITIES, STATUSES, STRENGTHS
from patterns.reading import COVERAGES, EVIDENCE, EXAMPLE, EXPECTED, ORIGINS, TOP, WEIGHTS

ID = r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$"
LENGTH = r"^([0-9]+(us|ms|s|m|h|d))+$"


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of `patterns/library/<layer>/<name>.toml`.

    It knows keys, kinds and words; the two grammars are checked by the loader alone.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A pattern: one known failure",
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "severity", "role", "evidence"],
        "properties": _ordered(TOP, _top()),
    }


def _top() -> dict[str, Any]:
    return {
        "title": _text("What is wrong, as the reader of a report would say it", minLength=1),
        "severity": _words(SEVERITIES, "How bad it is for the one whose cluster it is"),
        "status": _words(STATUSES, "A pattern earns `stable` by its examples", default="experimental"),
        "role": _words(ROLES, "cause: a root; symptom: never a root; either: a root when no cause of it is present"),
        "match": _text("How the pieces of evidence go together; all required pieces when not given"),
        "explains": _list(_text("<layer>/<name>", pattern=ID), "Patterns this one can bring about"),
        "explained_by": _list(_text("<layer>/<name>", pattern=ID), "Patterns that can bring this one about"),
        "check": {"type": "boolean", "description": "A readiness check, asked by `review`", "default": False},
        "about": _text("Why this happens, for the report"),
        "remedy": _list(_table({"do": _text("What to do"), "run": _text("The command for it")}, ["do"]), "What to do"),
        "verify": _table({"run": _text("A command"), "expect": _text("What it shows once mended")}, ["run", "expect"]),
        "references": _list(_text("A permalink, to a tag"), "Where this is known from"),
        "versions": _text("Such as `seldon-core >= 2.6, < 2.9; mlserver >= 1.4`"),
        "contradicts": _list({"enum": list(LINKS)}, "Two links of the chain that say opposite things"),
        "precision": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": "Measured"},
        "evidence": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"},
            "additionalProperties": _table(_ordered(EVIDENCE, _evidence()), ["from"]),
        },
        "example": _list(_table(_ordered(EXAMPLE, _example()), ["name", "origin", "expect"]), "Small bundles"),
    }


def _evidence() -> dict[str, Any]:
    names = {"enum": list(NAMES)}
    return {
        "from": {
            "description": "The source",
            "anyOf": [
                *({"const": source.name, "description": source.about} for source in SOURCES.values()),
                {"type": "string", "pattern": r"^finding\.[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$"},
            ],
        },
        "where": _text("Which of its rows; all when not given"),
        "bind": {
            "description": "Names, taken from columns",
            "anyOf": [
                {"type": "array", "items": names},
                {"type": "object", "propertyNames": names, "additionalProperties": {"type": "string"}},
            ],
        },
        "strength": _words(STRENGTHS, "decisive: without it at most likely", default="required"),
        "weight": _words(
            WEIGHTS, "weak: healthy systems show it too; bare: shows that it is so, not why", default="strong"
        ),
        "repeats": _text("How often it is printed while it lasts: `30s`", pattern=LENGTH),
        "level": _words(LEVELS, "Printed at this level only"),
        "note": _text("For people"),
    }


def _example() -> dict[str, Any]:
    text = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        "name": _text("What it shows", minLength=1),
        "origin": _words(ORIGINS, "Where the lines come from: be honest"),
        "expect": _words(EXPECTED, "What the pattern must say of it"),
        "subject": {**text, "propertyNames": {"enum": list(NAMES)}},
        "files": {**text, "description": "A path in quotes, and the text"},
        "coverage": _words(COVERAGES, "cut: the head of the files is missing", default="whole"),
    }


def _ordered(keys: Any, made: dict[str, Any]) -> dict[str, Any]:
    """Return what was made for each key the loader knows; one it does not know, or that is missing, is our fault."""
    if set(keys) != set(made):
        raise KeyError(f"the loader's keys and the schema's differ: {set(keys) ^ set(made)}")
    return {key: made[key] for key in keys}


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _words(words: Sequence[str], description: str, **more: Any) -> dict[str, Any]:
    return {"enum": list(words), "description": description, **more}


def _list(items: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "description": description}


def _table(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
