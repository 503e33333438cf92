"""Documents of the right kind with the wrong things in them: a string where a mapping is expected, and so on.

Bytes and lines spoilt at random seldom leave a document that can be loaded. These can: objects, dumps and metrics keep
most of their shape, and lie somewhere in it. The same number makes the same document.
"""

import copy
import json
import random
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
import yaml

MOST_PLACES = 30_000  # a document that grew to more is let be
DEEP = 40  # levels of the deepest value put in
WRONG: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3.7, -0.0, 1e308, float("inf"), float("nan"), 2**31, 2**63, 2**64, 10**40, -(2**70),
    "", " ", "x", "0", "-1", "true", "null", "NaN", "1e999", "9" * 400, "x" * 5000, "\n", "a\nb\n", "\x00", "\x1b[31m",
    "\u202e", "\ud800", "%s%n", "<script>", "[red]", "=cmd()", "{{x}}", "$(x)", "10.0.0.0/99", "::1/200", "999.1.2.3",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "99999-01-01T00:00:00Z", "0000-00-00T00:00:00Z",
    "2025-02-30T00:00:00Z", "2025-07-12T18:30:09+99:99", "1Gi", "-5Mi", "1e1000", "100m", "Infinity", "eyJ",
    "://", "http://[", "a:b:c:d",
    [], {}, [None], [[]], [{}], [[[[]]]], {"": None}, {"a": {"b": 1}}, {"name": None}, {"name": []}, {"name": {}},
    [{"name": 1}], ["x", 1, None, {}, []], {"matchLabels": []}, {"matchExpressions": {}}, [{"name": "x", "value": {}}],
)  # fmt: skip
_NUMBER = re.compile(r"(?<=[ =])[-+\d.eE]+\b|\b\d+\b")
NUMBERS = (
    "NaN", "+Inf", "-Inf", "-1", "1e308", "1e999", "-1e999", "18446744073709551616", "9" * 400, "0x1F", "1_000", "",
   ".",     "1.7976931348623157e+308", "5e-324", "0.0000000000000000001", "-0", "1,5", "1e", "٣", "½",
)  # fmt: skip


def wrong(chance: random.Random) -> Any:
    """Return something that does not belong where it is put."""
    if chance.randrange(40) == 0:
        value: Any = "x"
        for _ in range(DEEP):
            value = [value] if chance.randrange(2) else {"a": value}
        return value
    return copy.deepcopy(chance.choice(WRONG))


def misshapen(value: Any, chance: random.Random, times: int | None = None) -> Any:
    """Return a copy of a document with some of its parts replaced, moved, repeated, renamed or left out."""
    value = copy.deepcopy(value)
    for _ in range(times if times is not None else chance.choice((1, 1, 2, 4, 12, 40))):
        places = list(islice(_places(value), MOST_PLACES))
        if not places:
            return wrong(chance)
        if len(places) == MOST_PLACES:
            break
        holder, key = chance.choice(places)
        match chance.randrange(10):
            case 0:
                del holder[key]
            case 1:
                other, where = chance.choice(places)
                holder[key] = copy.deepcopy(_held(other, where))
            case 2 if isinstance(holder, list):
                holder[key:key] = [holder[key]] * chance.choice((1, 3, 50))
            case 2 if isinstance(key, str):
                holder[chance.choice((key.upper(), "", "x", key + "s", "name", "items", "kind"))] = holder.pop(key)
            case 3:
                holder[key] = [holder[key]]
            case 4:
                holder[key] = {chance.choice(("a", "name", "", "0", str(key))): holder[key]}
            case 5 if isinstance(holder[key], (str, int, float)):
                holder[key] = str(holder[key]) if not isinstance(holder[key], str) else len(holder[key])
            case 6 if isinstance(holder[key], list):
                holder[key] = dict(enumerate(holder[key])) if chance.randrange(2) else {"items": holder[key]}
            case 6 if isinstance(holder[key], dict):
                holder[key] = list(holder[key].values()) if chance.randrange(2) else list(holder[key])
            case _:
                holder[key] = wrong(chance)
    return value


def _held(holder: Any, key: Any) -> Any:
    return (
        holder[key]
        if (isinstance(holder, dict) and key in holder) or (isinstance(holder, list) and key < len(holder))
        else None
    )


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        parts = list(one.items()) if isinstance(one, dict) else list(enumerate(one)) if isinstance(one, list) else []
        for key, part in parts:
            yield one, key
            if isinstance(part, (dict, list)):
                waiting.append(part)


def loaded(data: bytes) -> list[Any]:
    """Return the documents a file holds as JSON or YAML; none if it is neither."""
    try:
        return [orjson.loads(data)]
    except orjson.JSONDecodeError:
        pass
    if not re.search(rb"(?m)^(apiVersion|kind|items|- apiVersion):", data[:20_000]):
        return []
    try:
        return [document for document in yaml.load_all(data, yaml.CSafeLoader) if isinstance(document, (dict, list))]
    except (yaml.YAMLError, ValueError):
        return []


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def written(value: Any, chance: random.Random) -> bytes:
    """Return a document as JSON or YAML, in one of the ways it comes."""
    match chance.randrange(5):
        case 0:
            return json.dumps(value, ensure_ascii=bool(chance.randrange(2))).encode("utf-8", "surrogatepass")
        case 1 if isinstance(value, dict) and isinstance(value.get("items"), list):
            lines = (json.dumps(item, ensure_ascii=True) for item in value["items"])
            return "\n".join(lines).encode()
        case 2 | 3:
            try:
                return yaml.dump(value, Dumper=_Dumper, allow_unicode=False, width=10_000).encode(
                    "utf-8", "surrogatepass"
                )
            except (yaml.YAMLError, ValueError, RecursionError):
                pass
    return json.dumps(value, indent=chance.choice((1, 2, 4))).encode()


def document(data: bytes, chance: random.Random) -> bytes | None:
    """Return a file of objects or of a dump with wrong parts; None if it is neither JSON nor YAML."""
    documents = loaded(data)
    if not documents:
        return None
    value = documents[0] if len(documents) == 1 else {"apiVersion": "v1", "kind": "List", "items": documents}
    return written(misshapen(value, chance), chance)


def numbers(data: bytes, chance: random.Random) -> bytes:
    """Return metrics or statistics with numbers no counter can have."""
    text = data.decode("utf-8", "replace")
    found = list(_NUMBER.finditer(text))
    for match in sorted(chance.sample(found, min(len(found), chance.choice((1, 5, 100)))), key=lambda m: -m.start()):
        text = text[: match.start()] + chance.choice(NUMBERS) + text[match.end() :]
    return text.encode()
