"""One pattern file: TOML in, `Pattern` out, with every mistake and its place."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from parsers.schema import LEVELS, LINKS, NAMES, SOURCES
from patterns.columns import FINDING, columns_of, dtype_of, nearest
from patterns.language import Place, parse_column, parse_length, parse_match, parse_where
from patterns.matches import RESERVED, default_match
from patterns.pattern import (
    ROLES,
    SEVERITIES,
    STATUSES,
    STRENGTHS,
    Action,
    Check,
    Evidence,
    Example,
    Pattern,
    PatternError,
)  # fmt: skip
from patterns.places import Path, not_toml, places
from patterns.terms import Condition, Term, pieces
from patterns.versions import parse_versions

EXPECTED = ("present", "absent", "unknown")
ORIGINS = ("seen", "source", "imagined")
COVERAGES = ("whole", "cut")
WEIGHTS = ("strong", "weak", "bare")

TOP = {
    "title": str, "severity": str, "status": str, "role": str, "match": str, "explains": list, "explained_by": list,
    "check": bool, "about": str, "remedy": list, "verify": dict, "references": list, "versions": str,
    "precision": float, "contradicts": list, "evidence": dict, "example": list,
}  # fmt: skip
EVIDENCE = {
    "from": str, "where": str, "bind": (list, dict), "strength": str, "weight": str, "repeats": str, "level": str,
    "note": str,
}  # fmt: skip
EXAMPLE = {"name": str, "origin": str, "expect": str, "subject": dict, "files": dict, "coverage": str}
ACTION = {"do": str, "run": str}
CHECK = {"run": str, "expect": str}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ID = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")
_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "a table", float: "a number"}


def load_pattern(text: str, id: str, file: str) -> Pattern:
    """Return the pattern that a file holds.

    Args:
        text: the file, TOML.
        id: `<layer>/<name>`, which its place gives it.
        file: what errors call it.

    Raises:
        PatternError: with every mistake in the file, one after another.
    """
    reading = _Reading(text, file)
    if not _ID.fullmatch(id):
        reading.wrong((), f"`{id}` is no id; folder and file are written in lower case, digits and `-`")
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PatternError(not_toml(error, text, file)) from None
    pattern = reading.pattern(data, id)
    if reading.mistakes or pattern is None:
        raise PatternError("\n".join(reading.mistakes))
    return pattern


class _Reading:
    """A file while it is read: what is wrong with it is collected, and reading goes on."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.mistakes: list[str] = []
        self.refused: set[Path] = set()  # keys of the wrong kind: they are not missing

    @cached_property
    def places(self) -> dict[Path, tuple[int, int]]:
        """Line and column of each key."""
        return places(self.text)

    def at(self, path: Path) -> Place:
        """Return where a key stands, or the nearest table around it."""
        for end in range(len(path), 0, -1):
            if found := self.places.get(path[:end]):
                return Place(self.file, *found, ".".join(path))
        return Place(self.file, 1, 1, ".".join(path))

    def missing(self, path: Path, sentence: str) -> None:
        """Note a key that should be there, unless what stands there was refused already."""
        if path not in self.refused:
            self.wrong(path, sentence)

    def wrong(self, path: Path, sentence: str) -> None:
        """Note a mistake at a key."""
        place = self.at(path)
        key = f"{place.key}: " if place.key else ""
        self.mistakes.append(f"{place.file}:{place.line}:{place.column}: {key}{sentence}")

    def keys(self, table: Mapping[str, Any], known: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Return what of `table` is known and of the right kind, and note the rest."""
        fine = {}
        for key, value in table.items():
            wanted = known.get(key)
            if wanted is None:
                self.wrong((*path, key), f"there is no key `{key}` here{nearest(key, known)}")
                continue
            kinds = wanted if isinstance(wanted, tuple) else (wanted,)
            if float in kinds and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if not isinstance(value, kinds):
                self.refused.add((*path, key))
                self.wrong((*path, key), f"should be {' or '.join(_KINDS[kind] for kind in kinds)}")
            else:
                fine[key] = value
        return fine

    def word(self, table: Mapping[str, Any], key: str, words: Sequence[str], path: Path, default: str = "") -> str:
        """Return a value that is one of a few words."""
        value = table.get(key, default)
        if value not in words and (*path, key) not in self.refused:
            said = "is missing" if not value else f"`{value}` is none"
            self.wrong((*path, key), f"{said}; it is one of {', '.join(words)}{nearest(str(value), words)}")
        return str(value)

    def words(self, table: Mapping[str, Any], key: str, path: Path = ()) -> tuple[str, ...]:
        """Return a list of texts."""
        listed = table.get(key, [])
        for value in listed:
            if not isinstance(value, str) or not value:
                self.wrong((*path, key), "should be a list of texts")
        return tuple(str(value) for value in listed)

    def links(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the two links of the chain that say opposite things; none where it is not about that."""
        named = self.words(table, "contradicts")
        if named and (len(named) != 2 or not set(named) <= set(LINKS)):
            self.wrong(("contradicts",), f"should name two of {', '.join(LINKS)}")
        return named

    def pattern(self, data: Mapping[str, Any], id: str) -> Pattern | None:
        """Return the pattern; None where too much is wrong to build one."""
        table = self.keys(data, TOP, ())
        if not table.get("title", "").strip():
            self.missing(("title",), "is missing: what is wrong, as the reader of a report would say it")
        evidence = {
            name: piece
            for name, given in table.get("evidence", {}).items()
            if (piece := self.evidence(name, given)) is not None
        }
        if "evidence" not in table:
            self.missing(("evidence",), "there is no [evidence.NAME]")
        match = self.match(table.get("match"), evidence, set(table.get("evidence", {})))
        versions = table.get("versions", "")
        try:
            parse_versions(versions)
        except ValueError as error:
            self.wrong(("versions",), str(error))
        precision = table.get("precision")
        if precision is not None and not 0 < precision <= 1:
            self.wrong(("precision",), "should lie between 0 and 1")
        parts = {
            "severity": self.word(table, "severity", SEVERITIES, ()),
            "status": self.word(table, "status", STATUSES, (), "experimental"),
            "role": self.word(table, "role", ROLES, ()),
            "explains": self.ids(table, "explains", id),
            "explained_by": self.ids(table, "explained_by", id),
            "remedy": tuple(self.actions(table.get("remedy", []))),
            "verify": self.check(table["verify"]) if "verify" in table else None,
            "references": self.words(table, "references"),
            "contradicts": self.links(table),
            "examples": tuple(self.example(each, index) for index, each in enumerate(table.get("example", []))),
        }
        if match is None or self.mistakes:
            return None
        return Pattern(
            id=id,
            title=table["title"].strip(),
            match=match,
            evidence=evidence,
            check=table.get("check", False),
            about=table.get("about", "").strip(),
            versions=versions,
            precision=precision,
            file=self.file,
            **parts,  # type: ignore[arg-type]
        )

    def ids(self, table: Mapping[str, Any], key: str, own: str) -> tuple[str, ...]:
        """Return the ids of other patterns."""
        ids = self.words(table, key)
        for each in ids:
            if not _ID.fullmatch(each):
                self.wrong((key,), f"`{each}` is no id; write <layer>/<name>")
            elif each == own:
                self.wrong((key,), "a pattern cannot explain itself")
        return ids

    def evidence(self, name: str, given: object) -> Evidence | None:
        """Return one piece of evidence; None where its source is not known."""
        path = ("evidence", name)
        if not isinstance(given, dict):
            self.wrong(path, f"should be a table: [evidence.{name}]")
            return None
        if not _NAME.fullmatch(name) or name in RESERVED:
            self.wrong(path, f"`{name}` cannot be a name: letters, digits, `_` and `-`, and no word of the language")
        table = self.keys(given, EVIDENCE, path)
        source = table.get("from", "")
        known = self.source(source, path)  # of a source nobody knows, no column can be told
        where = self.where(table.get("where"), source, path) if known else None
        bind = self.bind(table.get("bind", {}), source, path) if known else {}
        for twice in set(bind) & (where.groups() if where else frozenset()):
            self.wrong((*path, "bind"), f"`{twice}` is bound by a named group already")
        if "level" in table:
            self.word(table, "level", LEVELS, path)
        weight = self.word(table, "weight", WEIGHTS, path, "strong")
        piece = Evidence(
            name=name,
            source=source,
            where=where,
            bind=bind,
            strength=self.word(table, "strength", STRENGTHS, path, "required"),
            weak=weight == "weak",
            bare=weight == "bare",
            repeats=self.repeats(table.get("repeats"), path),
            level=table.get("level"),
            note=table.get("note", ""),
        )
        return piece if known else None

    def source(self, source: str, path: Path) -> bool:
        """Whether the source is known; a finding's pattern is checked once all patterns are read."""
        if source.startswith(FINDING):
            known = bool(_ID.fullmatch(source.removeprefix(FINDING)))
            if not known:
                self.wrong((*path, "from"), f"`{source}` should be finding.<layer>/<name>")
            return known
        if columns_of(source) is None:
            said = f"there is no source `{source}`{nearest(source, SOURCES)}" if source else "is missing: the source"
            self.missing((*path, "from"), said)
            return False
        return True

    def where(self, text: str | None, source: str, path: Path) -> Condition | None:
        """Return the condition, its mistakes noted."""
        if text is None:
            return None
        try:
            return parse_where(text, source, at=self.at((*path, "where")))
        except PatternError as error:
            self.mistakes.append(str(error))
            return None

    def bind(self, given: object, source: str, path: Path) -> dict[str, str]:
        """Return name to column."""
        here = (*path, "bind")
        names = given if isinstance(given, list) else []
        if not all(isinstance(name, str) for name in names):
            self.wrong(here, "should be a list of texts")
        pairs = dict(given) if isinstance(given, dict) else {name: name for name in names if isinstance(name, str)}
        for name, written in pairs.items():
            column = parse_column(written) if isinstance(written, str) else None
            if name not in NAMES:
                self.wrong(here, f"`{name}` is not a name that can be bound{nearest(str(name), NAMES)}")
            if column is None:
                self.wrong(here, f"`{written}` is not a column")
            elif dtype_of(column, source) is None:
                self.wrong(
                    here, f"{source} has no column `{written}`{nearest(column.path[0], columns_of(source) or ())}"
                )
        return {str(name): str(written) for name, written in pairs.items()}

    def repeats(self, text: str | None, path: Path) -> Any:
        """Return how often the piece is printed while it lasts."""
        length = None if text is None else parse_length(text)
        if text is not None and length is None:
            self.wrong((*path, "repeats"), f"`{text}` is no length of time such as 30s")
        return length

    def match(self, text: str | None, evidence: Mapping[str, Evidence], named: set[str]) -> Term | None:
        """Return how the required pieces go together: all of them where nothing is said."""
        required = [piece.name for piece in evidence.values() if piece.strength == "required"]
        if text is None:
            if named and not required and len(evidence) == len(named):
                self.wrong(("match",), "no piece of evidence is required")
            return default_match(required) if required else None
        try:
            term = parse_match(text, named, at=self.at(("match",)))
        except PatternError as error:
            self.mistakes.append(str(error))
            return None
        used = set(pieces(term))
        for piece in evidence.values():
            if piece.strength == "required" and piece.name not in used:
                self.wrong(
                    ("match",), f"`{piece.name}` is required and not in it; name it, or give it another strength"
                )
            if piece.strength != "required" and piece.name in used:
                self.wrong(("match",), f"`{piece.name}` is {piece.strength}: only required pieces stand in it")
        return term

    def actions(self, given: Sequence[object]) -> Sequence[Action]:
        """Return the remedy."""
        made = []
        for each in given:
            table = self.keys(each, ACTION, ("remedy",)) if isinstance(each, dict) else {}
            if not table.get("do"):
                self.wrong(("remedy",), "each should be { do = ..., run = ... }")
            made.append(Action(table.get("do", ""), table.get("run", "")))
        return made

    def check(self, given: Mapping[str, Any]) -> Check:
        """Return how to see that it is mended."""
        table = self.keys(given, CHECK, ("verify",))
        if not table.get("run") or not table.get("expect"):
            self.wrong(("verify",), "should be { run = ..., expect = ... }")
        return Check(table.get("run", ""), table.get("expect", ""))

    def example(self, given: object, index: int) -> Example:
        """Return one example."""
        path = ("example", str(index))
        table = self.keys(given, EXAMPLE, path) if isinstance(given, dict) else {}
        if not table.get("name"):
            self.missing((*path, "name"), "an example needs a name")
        for member, text in table.get("files", {}).items():
            if not isinstance(text, str):
                self.wrong((*path, "files"), f"`{member}` should be a text; a path with dots stands in quotes")
        for name, value in table.get("subject", {}).items():
            if name not in NAMES or not isinstance(value, str):
                self.wrong((*path, "subject"), f"`{name}` is not a name that can be bound{nearest(name, NAMES)}")
        return Example(
            name=table.get("name", ""),
            origin=self.word(table, "origin", ORIGINS, path),
            expect=self.word(table, "expect", EXPECTED, path),
            subject=table.get("subject", {}),
            files=table.get("files", {}),
            coverage=self.word(table, "coverage", COVERAGES, path, "whole"),
        )
