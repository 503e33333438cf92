"""Bundles that laws are held to: the samples, and simulated ones of which the truth is known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from benchmarks.accuracy import score
from benchmarks.accuracy.faults import BASIC, FAULTS
from benchmarks.accuracy.healthy import SCENES
from benchmarks.accuracy.layouts import write
from benchmarks.accuracy.model import World
from tests.test_sample_bundles import BUNDLES, contents

SEED = "laws"
FEW = ("agent-9005", "missing-artefact", "kafka-down")
EVERY = tuple(fault.name for fault in BASIC if fault.name not in FEW) + tuple(SCENES)
REST = tuple(fault.name for fault in FAULTS if fault not in BASIC)  # for where there is an hour
SAMPLES = {path.parent.name: path for path in BUNDLES}
TIMES = re.compile(rb"(?<![0-9])(20\d\d([-/])\d\d\2\d\d)([T ])(\d\d:\d\d:\d\d)")

KLOG = re.compile(rb"(?<![0-9A-Za-z])([IWEF])([01][0-9][0-3][0-9]) (\d\d:\d\d:\d\d)")  # no year

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Incident:
    """A bundle: its files, the sources that decide it, and which files are the log of what."""

    name: str
    files: Files
    layout: str

    @property
    def logs(self) -> list[str]:
        """The members that are logs of one container each."""
        return sorted(name for name, data in self.files.items() if TIMES.search(data[:600]) and is_log(name))


def is_log(name: str) -> bool:
    """Whether a member is a log by its name."""
    return name.endswith((".log", "logs.txt")) or "/logs/" in name


@cache
def incident(name: str, layout: str = "must-gather", without: frozenset[str] = frozenset()) -> Incident:
    """Return a sample or a simulated bundle by name; simulated ones in a layout, without some sources."""
    if name in SAMPLES:
        path = SAMPLES[name]
        return Incident(name, dict(contents(path)), "sample")
    written = write(_world(name), layout, score.chance("1"), without)
    return Incident(name, {member: text.encode() for member, text in written.files.items()}, layout)


@cache
def home(name: str) -> str:
    """The namespace of a simulated installation."""
    return _world(name).namespace


@cache
def models(name: str) -> tuple[str, ...]:
    """The models of a simulated installation."""
    return tuple(model.name for model in _world(name).models)


def _world(name: str) -> World:
    chance = score.chance(f"{SEED}/{name}")
    fault = next((f for f in FAULTS if f.name == name), None)
    return fault.happen(chance) if fault else SCENES[name](chance)


def decisive(name: str) -> frozenset[str]:
    """The sources without which a simulated fault cannot be told."""
    return next((f.take for f in FAULTS if f.name == name and not f.undecidable), frozenset())


def right(name: str) -> set[str]:
    """The patterns that are right of a simulated fault, also where the decisive source is missing."""
    fault = next(f for f in FAULTS if f.name == name)
    return {*fault.roots, *fault.also, *fault.blind, *fault.symptoms}


def ending(files: Files) -> datetime:
    """The last time that stands in a log."""
    times = [t for name, data in files.items() if is_log(name) for t in TIMES.findall(data)]
    return max(datetime.fromisoformat(f"{day.decode().replace('/', '-')}T{clock.decode()}") for day, *_, clock in times)


def shifted(data: bytes, seconds: int) -> bytes:
    """A log as a clock that is off by so much would have written it: the wrapper's times and its own."""

    def later(found: re.Match[bytes]) -> bytes:
        day, between = found[1].decode().replace("/", "-"), found[2].decode()
        when = datetime.fromisoformat(f"{day}T{found[4].decode()}") + timedelta(seconds=seconds)
        return when.strftime(f"%Y{between}%m{between}%d{found[3].decode()}%H:%M:%S").encode()

    def later_in_its_year(found: re.Match[bytes]) -> bytes:
        day = found[2].decode()
        when = datetime.fromisoformat(f"{year}-{day[:2]}-{day[2:]}T{found[3].decode()}")
        return found[1] + (when + timedelta(seconds=seconds)).strftime("%m%d %H:%M:%S").encode()

    dated = TIMES.search(data)
    year = dated[1][:4].decode() if dated else "2025"
    return TIMES.sub(later, KLOG.sub(later_in_its_year, data))
