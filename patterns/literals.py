"""What a row must hold for a condition to be true: literals that nominate rows, so that few are looked at twice."""

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# Not public: a property test holds them to what they must do.
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from patterns import regexes
from patterns.pattern import Library
from patterns.terms import All, Column, Condition, Node, Test
from patterns.terms import Any as Either

LEAST = 4  # characters: shorter literals nominate half of a log
# Healthy lines hold these all the time, so anything else that must stand in a line nominates less.
EVERYDAY = (
    '- "POST /v2/models/',
    " namespace=",
    "request id: ",
    "Received event for model",
    "/infer HTTP/1.1",
    " name=",
)
MOST = 16  # strings that one stretch of a regex may stand for

Literals = tuple[str, ...]

# Written alike and read differently by Python's parser: `\<` and `\b{start}`, and in a class set operations and others.
_FOREIGN = re.compile(r"\\[<>]|\\[bB]\{")
_FOREIGN_CLASS = re.compile(r"\[(?:(?:\\.|[^\\\[])*\[|.*(?:&&|--|~~))", re.DOTALL)
_NAMED = re.compile(r"\\.|\(\?<(?=[A-Za-z_])", re.DOTALL)
_TEXT = Column(("text",))


@dataclass(frozen=True, slots=True)
class Nominator:
    """A piece of evidence, and what a row of its source must hold in `text` to be one of its hits.

    Attributes:
        pattern: its id.
        evidence: the piece's name.
        literals: at least one of them stands in each hit; empty where nothing is known and all rows are looked at.
    """

    pattern: str
    evidence: str
    literals: Literals


def nominators(library: Library, *, least: int = LEAST) -> dict[str, tuple[Nominator, ...]]:
    """Return for each source, in order of name, the pieces that ask for its rows."""
    found: dict[str, list[Nominator]] = {}
    for pattern in library.patterns.values():
        for piece in pattern.evidence.values():
            literals = condition_literals(piece.where, least=least)
            found.setdefault(piece.source, []).append(Nominator(pattern.id, piece.name, literals))
    return {source: tuple(pieces) for source, pieces in sorted(found.items())}


def condition_literals(condition: Condition | None, *, least: int = LEAST, column: Column = _TEXT) -> Literals:
    """Return literals of which each row that fits holds at least one in `column`; empty if none are known.

    A row that holds none of them makes the condition false (never undecided), provided the column is not null.
    """
    if condition is None:
        return ()
    if condition.literals is not None and (column, least) == (_TEXT, LEAST):
        return condition.literals
    return literals_of(condition.root, least, column)


def literals_of(root: Node, least: int = LEAST, column: Column = _TEXT) -> Literals:
    """Return the same of the tree of a condition."""
    return _good(_of_node(root, column, least), least)


def required(regex: str, *, least: int = LEAST) -> Literals:
    """Return literals of which every match of `regex` contains at least one; empty if none are known."""
    return _good(_of_regex(regex), least)


def _good(literals: Iterable[str], least: int) -> Literals:
    found = tuple(sorted(set(literals)))
    return found if found and len(min(found, key=len)) >= least else ()


def _of_node(node: Node, column: Column, least: int) -> Literals:
    match node:
        case Test(tested, verb, value) if tested == column:
            if verb in ("contains", "starts with", "=") and isinstance(value, str):
                return (value,)
            if verb in ("contains any", "in") and isinstance(value, tuple):
                return tuple(map(str, value))
            return _of_regex(value) if verb == "matches" and isinstance(value, str) else ()
        case All(parts):
            # The longest shortest one: it nominates least.
            return max((_of_node(part, column, least) for part in parts), key=_worth)
        case Either(parts):
            arms = [_good(_of_node(part, column, least), least) for part in parts]
            return tuple(literal for arm in arms for literal in arm) if all(arms) else ()
    return ()  # a test of another column, or a `not`


def _worth(literals: Iterable[str]) -> int:
    return min((min(len(x), LEAST) if any(x in usual for usual in EVERYDAY) else len(x) for x in literals), default=0)


@lru_cache(maxsize=4096)
def _of_regex(regex: str) -> Literals:
    if _FOREIGN.search(regex) or any(_FOREIGN_CLASS.match(step) for _, step in regexes.steps(regex)):
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a nested set is only warned of
            tree = _parser.parse(_NAMED.sub(lambda found: found[0] if found[0][0] == "\\" else "(?P<", regex))
    except (re.error, RecursionError, OverflowError, Warning):
        return ()
    if tree.state.flags & (re.IGNORECASE | re.VERBOSE):
        return ()
    exact, best = _walk(tree)
    return tuple(exact or best)


def _walk(seq: Any) -> tuple[list[str] | None, list[str]]:
    """Return all strings a stretch of a regex can be (None if too many), and the best of which one must occur."""
    run, best, exact = [""], list[str](), True
    for op, argument in seq:
        whole, need = _step(op, argument)
        if whole is not None and len(run) * len(whole) <= MOST:
            run = [before + after for before in run for after in whole]
            continue
        exact = False
        best = max(best, run, need, key=_worth)
        run = list(whole) if whole and len(whole) <= MOST else [""]
    return (run, []) if exact else (None, max(best, run, key=_worth))


def _step(op: Any, argument: Any) -> tuple[list[str] | None, list[str]]:
    if op is c.LITERAL:
        return [chr(argument)], []
    if op is c.AT:
        return [""], []
    if op is c.IN and len(argument) <= 3 and all(inner is c.LITERAL for inner, _ in argument):
        return [chr(code) for _, code in argument], []
    if op is c.SUBPATTERN:
        _, added, _, inner = argument
        return (None, []) if added & (re.IGNORECASE | re.VERBOSE) else _walk(inner)
    if op is c.BRANCH:
        arms = [_walk(arm) for arm in argument[1]]
        if all(whole is not None for whole, _ in arms):
            return [text for whole, _ in arms for text in whole or []], []
        if all(whole or need for whole, need in arms):
            return None, [text for whole, need in arms for text in whole or need]
        return None, []
    if op in (c.MAX_REPEAT, c.MIN_REPEAT) and argument[0] >= 1:
        whole, need = _walk(argument[2])
        return None, whole or need
    return None, []


# ---- joining

_OUTSIDE = r"\x{80}-\x{10FFFF}"  # all that is not ASCII
_WIDE = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t-\r "}


def alternation(regexes: Iterable[str]) -> str:
    r"""Return one regex that finds every row any of `regexes` finds, and perhaps some more: it nominates.

    Names of groups go, and Unicode's classes, which make an automaton of many alternatives three times as slow, are
    widened to ASCII and all that is not ASCII; `\b` holds anywhere.
    """
    return "|".join(f"(?:{_widened(regex)})" for regex in regexes)


def _widened(regex: str) -> str:
    return "".join(_wide_step(step) for _, step in regexes.steps(regex))


def _wide_step(step: str) -> str:
    if len(step) > 1 and step[0] == "(":
        return "(?:"
    if step in (r"\b", r"\B"):
        return "(?:)"
    if len(step) == 2 and step[0] == "\\" and step[1].lower() in _WIDE:
        ascii_ = _WIDE[step[1].lower()]
        return f"[{ascii_}{_OUTSIDE}]" if step[1].islower() else f"[^{ascii_}]"
    if step.startswith("[") and len(step) > 1 and not re.search(r"\\[DWS]|&&|--|~~|(?<!\\)\[\^", step[1:]):
        outside = "" if step.startswith("[^") else _OUTSIDE
        return re.sub(
            r"\\(.)", lambda found: _WIDE[found[1]] + outside if found[1] in _WIDE else found[0], step, flags=re.DOTALL
        )
    return step
