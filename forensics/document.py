"""The one document of a case: to and from bytes, and what must hold of it.

Its shape is `document.schema.json` (JSON Schema 2020-12), which is also what other programs can check it with. Only
the keywords that file uses are understood here, so that a report can be checked without a further dependency.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from forensics.writing import inert

SCHEMA_ID = "seldon-forensics/report/1"
Document = dict[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}


class DocumentError(ValueError):
    """Bytes that are not a document of ours."""


def dump(document: Document) -> bytes:
    """Return `document` as indented JSON that ends in a line feed; keys keep their order."""
    return inert(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))


def load(data: bytes) -> Document:
    """Return the document in `data`.

    Raises:
        DocumentError: when it is no JSON, or not of this schema.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DocumentError(f"no JSON report: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA_ID:
        raise DocumentError(f"not a report of schema {SCHEMA_ID}")
    return document


@cache
def schema() -> Document:
    """Return the JSON Schema of the document."""
    loaded: Document = orjson.loads((files("forensics") / "document.schema.json").read_bytes())
    return loaded


def problems(document: Document) -> list[str]:
    """Return what is wrong with `document`, a sentence each with its place; empty when it is sound.

    Past its shape: ids are unique and every reference to one resolves, edges are told from both ends, a finding has
    a citation, a citation stands in a member that was read, and the lines of a member are all accounted for.
    """
    found = list(_shape(document, schema(), "document"))
    return found if found else [*_references(document), *_citations(document), *_accounts(document)]


def _shape(value: Any, rule: Document, place: str) -> Iterator[str]:
    if "$ref" in rule:
        yield from _shape(value, schema()["$defs"][rule["$ref"].rpartition("/")[2]], place)
        return
    if "anyOf" in rule:
        if not any(next(_shape(value, option, place), None) is None for option in rule["anyOf"]):
            yield f"{place}: is none of what it may be"
        return
    kinds = rule.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{place}: is not {' or '.join(kinds)}"
        return
    if "enum" in rule and value not in rule["enum"]:
        yield f"{place}: {value!r} is not one of {rule['enum']}"
    if "const" in rule and value != rule["const"]:
        yield f"{place}: is not {rule['const']!r}"
    if isinstance(value, str) and "pattern" in rule and not re.search(rule["pattern"], value):
        yield f"{place}: {value!r} is not written as {rule['pattern']}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < rule.get("minimum", value) or value > rule.get("maximum", value):
            yield f"{place}: {value} is out of range"
    elif isinstance(value, dict):
        yield from _object(value, rule, place)
    elif isinstance(value, list | tuple):
        if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
            yield f"{place}: has {len(value)} items"
        for index, item in enumerate(value):
            yield from _shape(item, rule.get("items", {}), f"{place}[{index}]")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _object(value: Document, rule: Document, place: str) -> Iterator[str]:
    for name in rule.get("required", ()):
        if name not in value:
            yield f"{place}.{name}: is missing"
    known = rule.get("properties", {})
    others = rule.get("additionalProperties", {})
    for name, item in value.items():
        inner = known.get(name, others)
        if isinstance(inner, dict):
            yield from _shape(item, inner, f"{place}.{name}")


def _references(document: Document) -> Iterator[str]:
    findings = {finding["id"]: finding for finding in document["findings"]}
    if len(findings) != len(document["findings"]):
        yield "document.findings: an id is there twice"
    for name, finding in findings.items():
        for mine, theirs in (("explains", "explained_by"), ("explained_by", "explains")):
            for other in finding[mine]:
                if other not in findings:
                    yield f"{name}.{mine}: there is no {other}"
                elif name not in findings[other][theirs]:
                    yield f"{name}.{mine}: {other} does not say so"
        if (index := finding.get("preceded_by")) is not None and index >= len(document.get("changes", ())):
            yield f"{name}.preceded_by: there is no change {index}"
    for part, key in (("candidates", "symptom"), ("contradictions", "finding"), ("timeline", "finding")):
        for index, entry in enumerate(document[part]):
            if entry.get(key) is not None and entry[key] not in findings:
                yield f"document.{part}[{index}].{key}: there is no {entry[key]}"


def _citations(document: Document) -> Iterator[str]:
    read = {member["member"] for member in document["coverage"]["members"]}
    for finding in document["findings"]:
        cites = [cite for piece in finding["evidence"] for cite in piece["cites"]]
        if not cites and finding["role"] != "check":
            yield f"{finding['id']}: has no citation"
    for place, cite in citations(document):
        if cite["member"] not in read:
            yield f"{place}: cites {cite['member']!r}, which is no member"
        if cite["lines"][0] > cite["lines"][1]:
            yield f"{place}: cites lines backwards"


def _accounts(document: Document) -> Iterator[str]:
    for entry in document["coverage"]["members"]:
        counted = sum(entry[kind] for kind in ("events", "continuations", "facts", "ignored", "rejects"))
        if counted != entry["lines"]:
            yield f"{entry['member']}: {entry['lines']} lines, {counted} accounted for"


def citations(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield every citation of `document` with the place it stands in: `F1 dial`, `candidate of F2`, `timeline`.

    What is not shaped like a citation or like its holder is passed over: this also reads reports that others wrote.
    """
    for finding in [*entries(document, "findings"), *entries(document, "checks")]:
        for piece in entries(finding, "evidence"):
            for cite in entries(piece, "cites"):
                yield f"{finding.get('id', finding.get('pattern'))} {piece.get('name', '')}".rstrip(), cite
        for edge in entries(finding, "edges"):
            for cite in entries(edge, "cites"):
                yield f"{finding.get('id')} explains {edge.get('to')}", cite
    for candidate in entries(document, "candidates"):
        for cite in entries(candidate, "cites"):
            yield f"candidate of {candidate.get('symptom')}", cite
    for row in entries(document, "state"):
        for link in entries(row, "links"):
            for cite in entries(link, "cites"):
                yield f"state of {row.get('kind')} {row.get('name')}", cite
    for row in entries(document, "connectivity"):
        for cite in entries(row, "cites"):
            yield f"connection of {row.get('from')} to {row.get('to')}", cite
    impact = document.get("impact")
    counted = impact.get("requests") if isinstance(impact, dict) else None
    for cite in entries(counted, "cites") if isinstance(counted, dict) else []:
        yield "requests that failed", cite
    for part in ("timeline", "changes"):
        for entry in entries(document, part):
            one = entry.get("cite")
            if isinstance(one, dict) and one.get("member") is not None:
                yield part, one


def entries(holder: Document, key: str) -> list[Document]:
    """Return the objects in the list that `holder` has at `key`; none where it is no list."""
    held = holder.get(key)
    return [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []
