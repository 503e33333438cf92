"""Conditions on rows: checked against their source, and compiled to three-valued Polars expressions."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from operator import and_, or_

import polars as pl

from parsers.schema import NAMES, SOURCES, WORDS
from patterns import regexes
from patterns.columns import columns_of, dtype_of, kind_of, nearest, unknown_column
from patterns.terms import All, Any, Column, Condition, Node, Not, Test, Value

ORDER = ("<", "<=", ">", ">=")
SAME = ("=", "!=")
TEXTUAL = ("contains", "contains any", "matches", "starts with")

_KINDS = {
    "number": "a number",
    "truth": "true or false",
    "length": "a duration such as 30s",
    "time": "a time such as 2025-03-04T10:15:30Z",
    "text": "text in double quotes",
    "level": "a level",
    "word": "a word",
}

_HELD = _KINDS | {"text": "text"}

# ---- checking


def check(test: Test, source: str) -> tuple[Test, list[tuple[bool, int, str]]]:
    """Return the test with its times read, and what is wrong with it.

    Each fault is (whether the value is at fault, else the column; how many characters into it; the sentence).
    """
    if wrong := unknown_column(test.column, source):
        return test, [(False, 0, wrong)]
    kind = kind_of(test.column, source)
    value = test.value
    if isinstance(value, Column):
        return test, _against_column(test, value, kind, source)
    if test.verb == "exists":
        return test, []
    if test.verb in TEXTUAL and kind not in ("text", "any"):
        return test, [(False, 0, f"`{test.column}` holds {_HELD[kind]}; `{test.verb}` asks for text")]
    if test.verb in ORDER and kind in ("text", "word", "truth"):
        return test, [(False, 0, f"`{test.column}` holds {_HELD[kind]}, which has no order; use = or !=")]
    values = value if isinstance(value, tuple) else (value,)
    if test.verb in TEXTUAL and "" in values:
        return test, [(True, 0, f"`{test.verb}` an empty text holds for every row")]
    if test.verb == "matches":
        return test, _regex_faults(str(value))
    read, faults = [], []
    for each in values:
        fitting, wrong = _fitting(each, kind, test, source)
        read.append(fitting)
        faults += [(True, 0, wrong)] if wrong else []
    if kind == "any" and test.verb in ORDER and not _is_number(values[0]):
        faults.append((True, 0, f"{test.verb} inside JSON asks for a number"))
    return Test(test.column, test.verb, tuple(read) if isinstance(value, tuple) else read[0]), faults


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _against_column(test: Test, other: Column, kind: str, source: str) -> list[tuple[bool, int, str]]:
    if wrong := unknown_column(other, source):
        return [(True, 0, f"{wrong}; text stands in double quotes")]
    theirs = kind_of(other, source)
    if test.verb in ORDER and {kind, theirs} & {"text", "word", "truth"}:
        return [(False, 0, f"`{test.column}` and `{other}` have no order; use = or !=")]
    plain = {kind, theirs} - {"any"}
    if len(plain) > 1 or (plain & {"length", "time"} and "any" in (kind, theirs)):
        return [(True, 0, f"`{test.column}` holds {_HELD.get(kind, kind)}, `{other}` {_HELD.get(theirs, theirs)}")]
    if plain & {"level", "word"} and dtype_of(test.column, source) != dtype_of(other, source):
        return [(True, 0, f"`{test.column}` and `{other}` do not hold the same words")]
    return []


def _fitting(value: object, kind: str, test: Test, source: str) -> tuple[Value, str]:
    """Return the value as the column holds it, and what is wrong with it (or an empty string)."""
    fits = {
        "number": _is_number(value),
        "truth": isinstance(value, bool),
        "length": isinstance(value, timedelta),
        "any": not isinstance(value, timedelta),
    }.get(kind, isinstance(value, str))
    assert isinstance(value, Value)  # noqa: S101 -- the grammar makes nothing else
    if not fits:
        wanted = _KINDS.get(kind, "text, a number or true or false")
        return value, f"`{test.column}` holds {wanted}, not {told(value)}"
    if isinstance(value, int | float) and abs(value) >= 2**63:
        return value, f"{value} is too big a number"
    if kind == "time":
        return _time(str(value))
    if (
        value == "unknown"
        and source in SOURCES
        and SOURCES[source].derived
        and (kind == "word" or "state" in test.column.path)
    ):
        return value, "in a derived source `unknown` counts as null: no test of it is ever decided"
    if kind in ("level", "word"):
        dtype = dtype_of(test.column, source)
        words = list(dtype.categories) if isinstance(dtype, pl.Enum) else []
        if value not in words:
            return (
                value,
                f'`{test.column}` is never "{value}"{nearest(str(value), words)}; it is one of {", ".join(words)}',
            )
    return value, ""


def _time(text: str) -> tuple[Value, str]:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text, f'"{text}" is no time; write 2025-03-04T10:15:30Z'
    if time.tzinfo is None:
        return text, f'"{text}" has no zone; write {text}Z'
    return time.astimezone(UTC), ""


def _regex_faults(regex: str) -> list[tuple[bool, int, str]]:
    if wrong := regexes.fault(regex):
        return [(True, wrong[0] + 1, wrong[1])]
    bound = regexes.groups(regex)
    if bound.keys() != Condition(Test(Column(("text",)), "matches", regex)).groups():
        return [(True, 0, "write an escaped parenthesis before `?<` as [(]: it reads like a named group")]
    return [
        (True, max(regex.find(f"<{name}>"), 0) + 1, f"`{name}` is not a name that can be bound{nearest(name, NAMES)}")
        for name in bound
        if name not in NAMES
    ]


# ---- printing


def told(value: Value | tuple[Value, ...] | Column | None) -> str:
    """Return a value as the grammar reads it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace('"', '\\"') + '"'
        case timedelta():
            return length(value)
        case datetime():
            return f'"{value.isoformat()}"'
        case tuple():
            return f"({', '.join(map(told, value))})"
        case _:
            return str(value)


def length(span: timedelta) -> str:
    """Return a length of time as both grammars read it: `90s`, `5m`, `250ms`."""
    micros = span // timedelta(microseconds=1)
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)):
        if micros and micros % size == 0:
            return f"{micros // size}{unit}"
    return f"{micros}us"


def shown(node: Node) -> str:
    """Return a condition as text that parses to the same condition."""
    match node:
        case Test(column, verb, value):
            return f"{column} {verb} {told(value)}".rstrip() if verb == "exists" else f"{column} {verb} {told(value)}"
        case Not(part):
            return f"not {_inside(part)}"
        case All(parts):
            return " and ".join(map(_inside, parts))
        case Any(parts):
            return " or ".join(map(_inside, parts))


def _inside(node: Node) -> str:
    return f"({shown(node)})" if isinstance(node, All | Any) else shown(node)


# ---- compiling


def compile_where(condition: Condition | None, source: str) -> pl.Expr:
    """Return a Boolean expression over the frame of `source`: true, false, or null where it is undecided.

    A test on a null is null, and so is its `not`; `and` and `or` are Kleene's. Only `exists` decides a null.
    """
    return pl.lit(True) if condition is None else _compiled(condition.root, source)


def in_words(expression: pl.Expr) -> bool:
    """Whether an expression asks for what a record says in words."""
    return not set(WORDS).isdisjoint(expression.meta.root_names())


def _compiled(node: Node, source: str) -> pl.Expr:
    match node:
        case Not(part):
            return ~_compiled(part, source)
        case All(parts):
            return reduce(and_, (_compiled(part, source) for part in parts))
        case Any(parts):
            return reduce(or_, (_compiled(part, source) for part in parts))
        case Test():
            return _tested(node, source)


def _tested(test: Test, source: str) -> pl.Expr:
    value, text = test.value, read(test.column)
    match test.verb:
        case "contains":
            return text.str.contains(str(value), literal=True)
        case "starts with":
            return text.str.starts_with(str(value))
        case "matches":
            return text.str.contains(str(value))
        case "contains any" if isinstance(value, tuple):
            return text.str.contains_any([str(each) for each in value])
        case "exists":
            return _exists(test.column, source)
        case "in" if isinstance(value, tuple):
            return reduce(or_, (_compared(test.column, "=", each, source) for each in value))
        case _ if value is not None and not isinstance(value, tuple):
            return _compared(test.column, test.verb, value, source)
    raise TypeError(f"{test} was never checked")


def _exists(column: Column, source: str) -> pl.Expr:
    there = read(column).is_not_null()
    if "form" not in (columns_of(source) or {}):
        return there
    # A table or a description of an object shows little of it: what it lacks may be there all the same.
    partial = pl.col("form") != "object"
    return pl.when(there.not_() & partial).then(pl.lit(None, pl.Boolean)).otherwise(there)


def _compared(column: Column, verb: str, value: Value | Column, source: str) -> pl.Expr:
    kind = kind_of(column, source)
    if isinstance(value, Column):
        kinds = {kind, kind_of(value, source)} - {"any"}
        common = kinds.pop() if kinds else ("number" if verb in ORDER else "text")
        left, right = _as(column, common, source), _as(value, common, source)
    else:
        if kind == "any":
            kind = "truth" if isinstance(value, bool) else "number" if _is_number(value) else "text"
        left = _as(column, kind, source)
        right = _literal(value, kind, dtype_of(column, source))
    match verb:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case _:
            return left >= right


def _literal(value: Value, kind: str, dtype: pl.DataType | None) -> pl.Expr:
    if kind in ("level", "word"):
        return pl.lit(value, dtype)
    if kind == "number":
        return pl.lit(value, pl.Int64() if isinstance(value, int) else pl.Float64())
    if kind == "time":
        return pl.lit(value, pl.Datetime("us", "UTC"))
    return pl.lit(value, pl.Duration("us")) if kind == "length" else pl.lit(value)


def _as(column: Column, kind: str, source: str) -> pl.Expr:
    """Return the column as a value of `kind`; null where what stands inside JSON is none."""
    expression, dtype = read(column), dtype_of(column, source)
    if len(column.path) > 1:
        if kind == "number":
            return expression.cast(pl.Float64, strict=False).fill_nan(None)
        if kind == "truth":
            return expression.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
        return expression
    if dtype is not None and dtype.is_float():
        return expression.fill_nan(None)  # a NaN is neither more nor less than anything
    return expression.cast(dtype, strict=False) if isinstance(dtype, pl.Enum) else expression


@lru_cache(maxsize=4096)
def read(column: Column) -> pl.Expr:
    """Return the column, or the text at a place inside its JSON; null where there is none."""
    name, *inside = column.path
    if not inside:
        return pl.col(name)
    steps = "".join(f"[{step}]" if step.isdigit() else f"['{step}']" for step in inside)
    return pl.col(name).str.json_path_match(f"${steps}")


# ---- binding


def bindings(condition: Condition | None, bind: Mapping[str, str], source: str = "") -> dict[str, pl.Expr]:
    """Return an expression for each name that a piece of evidence of `source` binds: text, null where it binds none.

    A name of several groups (under `or`) is what the first of them found.
    """
    found = {name: [_column(path)] for name, path in bind.items()}
    for test in condition.tests() if condition else ():
        if test.verb == "matches":
            for name, index in regexes.groups(str(test.value)).items():
                found.setdefault(name, []).append(read(test.column).str.extract(str(test.value), index))
    return {name: _named(pl.coalesce(ways) if len(ways) > 1 else ways[0]) for name, ways in found.items()}


def _named(value: pl.Expr) -> pl.Expr:
    text = value.cast(pl.String)
    return pl.when(text != "").then(text)  # nothing is called ""


def _column(path: str) -> pl.Expr:
    return read(Column(split_path(path)))


def split_path(path: str) -> tuple[str, ...]:
    """Return the parts of a column as written: `raw.metadata.labels."a.b/c"`."""
    return tuple(_parts(path))


def _parts(path: str) -> Iterator[str]:
    for index, piece in enumerate(path.split('"')):
        if index % 2:
            yield piece
        else:
            yield from (part for part in piece.split(".") if part)


def negated_groups(node: Node, *, under: bool = False) -> Iterator[Test]:
    """Yield the tests with named groups that stand under a `not`, where a group never binds."""
    match node:
        case Not(part):
            yield from negated_groups(part, under=not under)
        case All(parts) | Any(parts):
            for part in parts:
                yield from negated_groups(part, under=under)
        case Test():
            if under and node.verb == "matches" and regexes.groups(str(node.value)):
                yield node
