"""What others add to the library: packs of patterns, and suppressions.

A pack is a folder with a `pack.toml` and pattern files in `<layer>/<name>.toml`. It is data only.

    name    = "our-platform"
    version = "3"
    engine  = ">= 0.1"      # which versions of this tool can read it

    [files]                 # where it is given, these are all its patterns, and as they were
    "network/our-proxy.toml" = "<SHA-256, in hexadecimal>"
"""

import hashlib
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

from parsers.schema import NAMES
from patterns.columns import nearest
from patterns.pattern import PatternError
from patterns.places import not_toml, places, text_in
from patterns.versions import applies, parse_versions

MANIFEST = "pack.toml"
MOST = 2_000  # pattern files of a pack
BIGGEST = 1 << 20  # bytes of one file
KEYS = {"name": str, "version": str, "engine": str, "about": str, "files": dict}


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder of patterns.

    Attributes:
        name: what its authors call it; the folder's name without a manifest.
        version: as they write it.
        engine: which versions of this tool can read it, such as `>= 0.1`.
        files: pattern id to file.
    """

    name: str
    version: str
    engine: str
    files: Mapping[str, Path]


def open_pack(folder: Path, *, engine: str | None = None) -> Pack:
    """Return the pack in `folder`.

    Args:
        folder: where it lies; one without a manifest is read as well.
        engine: the version of this tool; the installed one if not given.

    Raises:
        PatternError: if it is no folder, holds no pattern, asks for another version of the tool, or its files are
            not those of its manifest; with every mistake.
    """
    if not folder.is_dir():
        raise PatternError(f"{folder}: is not a folder of patterns")
    manifest = _Manifest(folder / MANIFEST)
    wanted = manifest.text("engine")
    ours = engine or _installed()
    if ours and not applies(f"engine {wanted}" if wanted else "", {"engine": ours}):
        raise PatternError(f"{folder}: this pack needs seldon-forensics {wanted}, and this is {ours}")
    files = {f"{path.parent.name}/{path.stem}": path for path in sorted(folder.glob("*/*.toml"))}
    astray = [path.name for path in sorted(folder.glob("*.toml")) if path.name != MANIFEST]
    if astray:
        raise PatternError(f"{folder / astray[0]}: a pattern lies in a folder of its layer: <layer>/{astray[0]}")
    if not files:
        raise PatternError(f"{folder}: holds no pattern; they lie in <layer>/<name>.toml")
    if len(files) > MOST:
        raise PatternError(f"{folder}: holds {len(files)} patterns; at most {MOST}")
    mistakes = [*filter(None, map(_unfit, files.values()))] or [*manifest.altered(files)]
    if mistakes:
        raise PatternError("\n".join(mistakes))
    return Pack(manifest.text("name") or folder.name, manifest.text("version"), wanted, MappingProxyType(files))


def _installed() -> str:
    """Return the version of this tool; nothing in a checkout that was never installed, which any pack may use."""
    try:
        return metadata.version("seldon-forensics")
    except metadata.PackageNotFoundError:
        return ""


def pack_files(folder: Path) -> Mapping[str, Path]:
    """Return pattern id to file of the pack in `folder`; raises as `open_pack` does."""
    return open_pack(folder).files


class _Manifest:
    """What `pack.toml` says; nothing where there is none."""

    def __init__(self, path: Path) -> None:
        """Read it, and refuse it with every mistake in it."""
        self._path = path
        self._table, text = _toml(path) if path.exists() else ({}, "")
        self._places = places(text)
        mistakes = [*self._wrong()]
        if mistakes:
            raise PatternError("\n".join(mistakes))

    def text(self, key: str) -> str:
        """Return a text it gives, or an empty one."""
        return str(self._table.get(key, ""))

    def altered(self, files: Mapping[str, Path]) -> Iterator[str]:
        """Yield which pattern files are not those it lists, if it lists any."""
        listed = self._table.get("files")
        if listed is None:
            return
        found = {f"{id}.toml": path for id, path in files.items()}
        for name in sorted(listed.keys() | found.keys()):
            if name not in found:
                yield self._at(("files", name), "there is no such file")
            elif name not in listed:
                yield self._at(("files",), f"`{name}` lies in the pack and is not listed")
            elif hashlib.sha256(found[name].read_bytes()).hexdigest() != listed[name].removeprefix("sha256:").lower():
                yield self._at(("files", name), "the file is another than the one this pack was made of")

    def _wrong(self) -> Iterator[str]:
        for key, value in self._table.items():
            kind = KEYS.get(key)
            if kind is None:
                yield self._at((key,), f"there is no key `{key}`{nearest(key, KEYS)}")
            elif not isinstance(value, kind):
                yield self._at((key,), f"should be a {'text' if kind is str else 'table'}")
        listed = self._table.get("files")
        for name, digest in listed.items() if isinstance(listed, dict) else ():
            if not isinstance(digest, str):
                yield self._at(("files", name), "should be a SHA-256 in double quotes")
        wanted = self._table.get("engine")
        if wanted and isinstance(wanted, str):
            try:
                parse_versions(f"engine {wanted}")
            except ValueError as error:
                yield self._at(("engine",), str(error))

    def _at(self, key: tuple[str, ...], sentence: str) -> str:
        line, column = self._places.get(key) or self._places.get(key[:1]) or (1, 1)
        return f"{self._path}:{line}:{column}: {'.'.join(key)}: {sentence}"


def _toml(path: Path) -> tuple[dict[str, Any], str]:
    """Return a file's table, and its text."""
    if unfit := _unfit(path):
        raise PatternError(unfit)
    text = text_in(path, str(path))
    try:
        return tomllib.loads(text), text
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PatternError(not_toml(error, text, str(path))) from None


def _unfit(path: Path) -> str:
    """Return why a file is none to read: it would never end, or hold too much. Empty if it is one."""
    try:
        found = path.stat()
    except OSError as error:
        return f"{path}:1:1: cannot be read: {error.strerror or error}"
    if not stat.S_ISREG(found.st_mode):
        return f"{path}:1:1: is {'a folder' if stat.S_ISDIR(found.st_mode) else 'no file'}"
    return f"{path}:1:1: {found.st_size} bytes; at most {BIGGEST}" if found.st_size > BIGGEST else ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A finding that is known and accepted, until a day.

    Attributes:
        pattern: its id.
        subject: names the finding's subject must have; empty for any.
        reason: why it is accepted.
        until: when this ends, UTC; None for never. Judged at the end of the bundle's period, or at `--as-of`.
    """

    pattern: str
    subject: Mapping[str, str]
    reason: str
    until: datetime | None

    def covers(self, pattern: str, subject: Mapping[str, str], at: datetime | None) -> bool:
        """Whether a finding of `pattern` about `subject` is accepted at `at`; a time that is not known ends nothing."""
        return (
            pattern == self.pattern
            and all(subject.get(name) == value for name, value in self.subject.items())
            and (self.until is None or at is None or at < self.until)
        )


def read_suppressions(path: Path) -> tuple[Suppression, ...]:
    """Return what a file of `[[suppress]]` tables accepts.

    Raises:
        PatternError: with every mistake in it.
    """
    table, text = _toml(path)
    at = places(text)

    def wrong(key: tuple[str, ...], sentence: str) -> str:
        line, column = at.get(key, (1, 1))
        return f"{path}:{line}:{column}: {sentence}"

    mistakes = [wrong((key,), f"there is no key `{key}`; only [[suppress]]") for key in table if key != "suppress"]
    made = []
    listed = table.get("suppress", [])
    for index, each in enumerate(listed if isinstance(listed, list) else [listed]):
        try:
            made.append(_suppression(each))
        except ValueError as error:
            mistakes.append(wrong(("suppress", str(index)), f"suppress {index + 1}: {error}"))
    if mistakes:
        raise PatternError("\n".join(mistakes))
    return tuple(made)


def _suppression(given: object) -> Suppression:
    known = ("pattern", "subject", "reason", "until")
    if not isinstance(given, dict):
        raise ValueError("should be a table: [[suppress]]")
    for key in given:
        if key not in known:
            raise ValueError(f"there is no key `{key}`{nearest(key, known)}")
    pattern, reason, subject = given.get("pattern"), given.get("reason"), given.get("subject", {})
    if not isinstance(pattern, str) or "/" not in pattern:
        raise ValueError("pattern should be <layer>/<name>")
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError("reason is missing: why it is accepted, for whoever reads this next")
    if not isinstance(subject, dict) or not all(k in NAMES and isinstance(v, str) for k, v in subject.items()):
        raise ValueError("subject should be a table of names such as { namespace = ... }")
    return Suppression(pattern, subject, reason.strip(), _until(given.get("until")))


def _until(value: object) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise ValueError("until should be a day or a time, not in quotes: 2025-12-31")
