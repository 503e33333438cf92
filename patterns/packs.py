"""What others add to the library: packs of patterns, and suppressions.

A pack is a folder with a `pack.toml` and pattern files in `<layer>/<name>.toml`. It is data only.

    name    = "our-platform"
    version = "3"
    engine  = ">= 0.1"      # which versions of this tool can read it
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

from parsers.schema import NAMES
from patterns.columns import nearest
from patterns.pattern import PatternError
from patterns.versions import applies, parse_versions

MANIFEST = "pack.toml"
MOST = 2_000  # pattern files of a pack
BIGGEST = 1 << 20  # bytes of one file


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
        PatternError: if it is no folder, holds no pattern, or asks for another version of the tool.
    """
    if not folder.is_dir():
        raise PatternError(f"{folder}: is not a folder of patterns")
    manifest = _manifest(folder / MANIFEST)
    wanted = manifest.get("engine", "")
    try:
        bounds = f"engine {wanted}" if wanted else ""
        parse_versions(bounds)
    except ValueError as error:
        raise PatternError(f"{folder / MANIFEST}: engine: {error}") from None
    ours = engine or _installed()
    if ours and not applies(bounds, {"engine": ours}):
        raise PatternError(f"{folder}: this pack needs seldon-forensics {wanted}, and this is {ours}")
    files = {f"{path.parent.name}/{path.stem}": path for path in sorted(folder.glob("*/*.toml"))}
    astray = [path.name for path in sorted(folder.glob("*.toml")) if path.name != MANIFEST]
    if astray:
        raise PatternError(f"{folder / astray[0]}: a pattern lies in a folder of its layer: <layer>/{astray[0]}")
    if not files:
        raise PatternError(f"{folder}: holds no pattern; they lie in <layer>/<name>.toml")
    if len(files) > MOST:
        raise PatternError(f"{folder}: holds {len(files)} patterns; at most {MOST}")
    for path in files.values():
        _not_too_big(path)
    return Pack(manifest.get("name", folder.name), manifest.get("version", ""), wanted, MappingProxyType(files))


def _installed() -> str:
    """Return the version of this tool; nothing in a checkout that was never installed, which any pack may use."""
    try:
        return metadata.version("seldon-forensics")
    except metadata.PackageNotFoundError:
        return ""


def pack_files(folder: Path) -> Mapping[str, Path]:
    """Return pattern id to file of the pack in `folder`; raises as `open_pack` does."""
    return open_pack(folder).files


def _manifest(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    table = _toml(path)
    for key, value in table.items():
        if key not in ("name", "version", "engine", "about"):
            raise PatternError(f"{path}: there is no key `{key}`{nearest(key, ('name', 'version', 'engine', 'about'))}")
        if not isinstance(value, str):
            raise PatternError(f"{path}: {key} should be a text")
    return table


def _toml(path: Path) -> dict[str, Any]:
    _not_too_big(path)
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PatternError(f"{path}: cannot be read: {error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PatternError(f"{path}: not TOML: {error}") from None


def _not_too_big(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise PatternError(f"{path}: cannot be read: {error}") from None
    if size > BIGGEST:
        raise PatternError(f"{path}: {size} bytes; at most {BIGGEST}")


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
    table = _toml(path)
    mistakes = [f"{path}: there is no key `{key}`; only [[suppress]]" for key in table if key != "suppress"]
    made = []
    listed = table.get("suppress", [])
    for index, each in enumerate(listed if isinstance(listed, list) else [listed], 1):
        try:
            made.append(_suppression(each))
        except ValueError as error:
            mistakes.append(f"{path}: suppress {index}: {error}")
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
