"""Read the library of patterns, and refuse with file and place what cannot run."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from patterns.columns import FINDING, nearest
from patterns.graph import cycle, edges, rests_on
from patterns.packs import pack_files
from patterns.pattern import Library, Pattern, PatternError
from patterns.places import places, text_in
from patterns.plain import from_plain, to_plain

SHIPPED = "compiled.json"  # beside this file in a wheel: the library, read when the wheel was built
OWN = "patterns/library/"  # what stands before the files that come with the tool


def load_library(extra: Sequence[Path] = ()) -> Library:
    """Return all patterns: those that come with the tool, then those of the packs in `extra`.

    Args:
        extra: folders of packs (`patterns/packs.py`).

    Raises:
        PatternError: with every mistake of every file.
    """
    library, mistakes = read_library(extra)
    if mistakes:
        raise PatternError("\n".join(mistakes))
    return library


def read_library(extra: Sequence[Path] = ()) -> tuple[Library, tuple[str, ...]]:
    """Return the patterns that can run, and every mistake of those that cannot. Edges to nowhere are mistakes too."""
    texts, mistakes = _texts(extra)
    cache = _Cache()
    patterns: dict[str, Pattern] = {}
    for id, (file, text) in sorted(texts.items()):
        try:
            patterns[id] = cache.pattern(id, file, text)
        except PatternError as error:
            mistakes.append(str(error))
    cache.write()
    mistakes += _unconnected(patterns, texts)
    digest = hashlib.sha256()
    for id, (_, text) in sorted(texts.items()):
        digest.update(f"{id}\0{hashlib.sha256(text.encode()).hexdigest()}\n".encode())
    return Library(patterns, f"sha256:{digest.hexdigest()}"), tuple(mistakes)


def load_pattern(text: str, id: str, file: str) -> Pattern:
    """Return the pattern that a file holds; see `patterns.reading.load_pattern`, imported when it is needed."""
    from patterns.reading import load_pattern as read

    return read(text, id, file)


def _texts(extra: Sequence[Path]) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return id to (file, text) of every pattern file, and why some cannot be had."""
    found: dict[str, tuple[str, str]] = {}
    names: dict[str, str] = {}
    mistakes: list[str] = []
    packs: list[tuple[str, Mapping[str, Path]]] = [(OWN, own_files())]
    for folder in extra:
        try:
            packs.append((f"{folder}/", pack_files(folder)))
        except PatternError as error:
            mistakes.append(str(error))
    for prefix, paths in packs:
        for id, path in sorted(paths.items()):
            file, name = f"{prefix}{id}.toml", id.partition("/")[2]
            if name in names and id not in found:
                mistakes.append(f"{file}:1:1: there is a pattern `{name}` already: {names[name]}")
                continue
            try:
                found[id] = (file, text_in(path, file))
            except PatternError as error:
                mistakes.append(str(error))
            names[name] = file
    return found, mistakes


def own_files() -> dict[str, Path]:
    """Return the file of each pattern that comes with the tool, by id."""
    folder = Path(str(files("patterns") / "library"))
    return {f"{path.parent.name}/{path.stem}": path for path in folder.glob("*/*.toml")}


def _unconnected(patterns: Mapping[str, Pattern], texts: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return what is wrong with the names patterns know each other by."""
    mistakes = []
    for pattern in patterns.values():
        named: dict[tuple[str, ...], tuple[str, ...]] = {
            ("explains",): pattern.explains,
            ("explained_by",): pattern.explained_by,
        }
        for piece in pattern.evidence.values():
            if piece.source.startswith(FINDING):
                named["evidence", piece.name, "from"] = (piece.source.removeprefix(FINDING),)
        for key, others in named.items():
            for other in (other for other in others if other not in texts):
                line, column = places(texts[pattern.id][1]).get(key, (1, 1))
                place = f"{pattern.file}:{line}:{column}: {'.'.join(key)}"
                mistakes.append(f"{place}: there is no pattern `{other}`{nearest(other, texts)}")
    graphs = {
        "explains goes round in a circle": edges(patterns),
        "findings rest on each other": {id: rests_on(pattern) for id, pattern in patterns.items()},
    }
    for sentence, graph in graphs.items():
        way = cycle(graph)
        if way:  # at least one on it was read: only what was read names others
            mistakes.append(f"{_edge_on(way, patterns, texts)}: {sentence}: {' -> '.join(way)}")
    return mistakes


def _edge_on(way: Sequence[str], patterns: Mapping[str, Pattern], texts: Mapping[str, tuple[str, str]]) -> str:
    """Return where a circle can be broken: in a pack, if one takes part, since the library is whole without it."""
    read = [patterns[id] for id in way if id in patterns]
    pattern = next((one for one in read if not one.file.startswith(OWN)), read[0])
    named: dict[tuple[str, ...], tuple[str, ...]] = {
        ("explains",): pattern.explains,
        ("explained_by",): pattern.explained_by,
    }
    for piece in pattern.evidence.values():
        named["evidence", piece.name, "from"] = (piece.source.removeprefix(FINDING),)
    key = next((key for key, others in named.items() if set(others) & set(way)), ())
    line, column = places(texts[pattern.id][1]).get(key, (1, 1))
    return f"{pattern.file}:{line}:{column}{': ' if key else ''}{'.'.join(key)}"


def compiled() -> bytes:
    """Return what a wheel holds as `SHIPPED`, so that not even the first command reads the library's grammar."""
    texts, mistakes = _texts(())
    if mistakes:
        raise PatternError("\n".join(mistakes))
    plain = {_key(id, file, text): to_plain(load_pattern(text, id, file)) for id, (file, text) in sorted(texts.items())}
    return orjson.dumps({"meaning": _code(), "patterns": plain})


def _shipped() -> dict[str, Any]:
    """Return the patterns a wheel was built with, as plain data; none if this is no wheel, or the code is another."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        held = orjson.loads((Path(__file__).parent / SHIPPED).read_bytes())
        if held["meaning"] == _code():
            return dict(held["patterns"])
    return {}


def _key(id: str, file: str, text: str) -> str:
    return hashlib.sha256(f"{id}\0{file}\0{text}".encode()).hexdigest()


class _Cache:
    """Patterns already read, by the hash of their text; a cache that cannot be read or written is no failure.

    The file is plain JSON and named by everything that may change what a text means: this code, the columns, and
    the grammar library.
    """

    def __init__(self) -> None:
        self.file = _folder() / f"patterns-{_meaning()}.json"
        self.old: dict[str, Any] = _shipped()
        self.new: dict[str, Any] = {}
        self.missed = False
        with contextlib.suppress(OSError, ValueError):
            held = orjson.loads(self.file.read_bytes())
            self.old |= held if isinstance(held, dict) else {}

    def pattern(self, id: str, file: str, text: str) -> Pattern:
        """Return the pattern of a text, read anew only if it is not held."""
        key = _key(id, file, text)
        with contextlib.suppress(KeyError, TypeError, ValueError, IndexError):
            pattern = from_plain(self.old[key])
            if isinstance(pattern, Pattern):
                self.new[key] = self.old[key]
                return pattern
        pattern = load_pattern(text, id, file)
        self.new[key] = to_plain(pattern)
        self.missed = True
        return pattern

    def write(self) -> None:
        """Keep what was read, if any of it is new."""
        if not self.missed:
            return
        with contextlib.suppress(OSError):
            folder = self.file.parent
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as beside:
                whole = Path(beside) / self.file.name
                whole.write_bytes(orjson.dumps(self.new))
                whole.replace(self.file)  # readers see the old file or the new one, never half of it
            for other in folder.glob("patterns-*.json"):
                if other != self.file:
                    other.unlink(missing_ok=True)  # of another version, and of no use to this one


def _folder() -> Path:
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(given) if given else Path.home() / ".cache") / "seldon-forensics"
    except RuntimeError:  # no home
        return Path(tempfile.gettempdir()) / "seldon-forensics"


def _meaning() -> str:
    """Return a hash of all that decides what a pattern's text means."""
    return hashlib.sha256(f"{metadata.version('pyparsing')} {_code()}".encode()).hexdigest()[:16]


def _code() -> str:
    """Return a hash of our part of that."""
    code = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), here.parent / "parsers" / "schema.py"]):
        with contextlib.suppress(OSError):
            code.update(path.read_bytes())
    return code.hexdigest()


def text_of(pattern: Pattern) -> str:
    """Return the text of a pattern's file; empty where it cannot be read any more."""
    own = Path(str(files("patterns") / "library")) / f"{pattern.id}.toml"
    path = own if pattern.file.startswith(OWN) else Path(pattern.file)
    try:
        return text_in(path, pattern.file)
    except PatternError:
        return ""
