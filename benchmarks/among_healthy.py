"""Put the failure lines of examples into the logs of a sound installation, and ask what is found there.

Only examples that are nothing but logs of components that run there are used. The start lines they begin with are left
out: the processes there began long ago. All times are moved behind the end of the sound logs.
"""

import hashlib
import random
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from benchmarks.families import ancestors, deciding, ranked_of
from forensics.analysis import Case, on_clock
from forensics.authoring.examples import case_of
from forensics.bundle import Member
from forensics.ingest import Read, gather, read_member
from parsers import PARSERS
from patterns.pattern import Example, Library, Pattern

BUNDLE = Path(__file__).parents[1] / "sample_bundles" / "healthy-installation" / "bundle.tar.gz"
TIME = re.compile(r"(\d{4})([-/])(\d\d)[-/](\d\d)([T ])(\d\d):(\d\d):(\d\d)")
EPOCH = re.compile(r"^\d\.\d{9,}e\+09(?=\t)")
KLOG = re.compile(r"^([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)")  # no year: that of the examples
START = re.compile(
    "Setting log level to|Namespace is |initializing epoch|Server Capabilities|(Agent|Scheduler) server running|"
    "Starting xDS|starting main dispatch loop|(HTTP|gRPC|Uvicorn|metrics) server running|Uvicorn running|"
    "^INFO: +Waiting for app|^INFO: +Application startup|Starting workers|Starting Controller"
)
LATER = timedelta(seconds=20)  # between the last line of the sound logs and the first that is put in
# What cannot be in an installation that has been running: they are about its first minutes, or about what it has.
NOT_HERE = (
    "scheduler/scheduler-waiting-for-servers",
    "scheduler/model-created-before-server-ready",
    "mlserver/mlserver-ready-without-models",
    "agent/agent-inference-server-not-ready-startup",  # lost after its start, it is `agent-inference-server-lost`
    "agent/agent-scheduler-host-missing",  # beside a scheduler of its own, another's is a split brain
    # A scheduler that refuses and says nothing more may be dead as well: not told from its open port long before.
    "network/networkpolicy-blocks-agent-to-scheduler | rejected while the scheduler listens",
    "network/networkpolicy-blocks-controller-to-scheduler | time-outs that go on while the scheduler runs",
)


@dataclass(frozen=True)
class Host:
    """A sound installation: its files, and which log of it takes the lines of which source."""

    files: Mapping[str, str]

    @cached_property
    def logs(self) -> dict[str, str]:
        """The member of each source."""
        found: dict[str, str] = {}
        for member, text in sorted(self.files.items()):
            if member.endswith("current.log") and text:
                for source in sources_of({member: text}):
                    found.setdefault(source, member)
        return found

    @cached_property
    def end(self) -> datetime:
        """Its last time."""
        return max(t for member in self.logs.values() for line in self.files[member].splitlines() for t in times(line))

    @cached_property
    def reads(self) -> dict[str, Read]:
        """What was read of each file."""
        return {member: read_text(member, text) for member, text in sorted(self.files.items())}

    def case_with(self, files: Mapping[str, str]) -> Case:
        """Return the case of its files, some of them changed; the others are read once only."""
        reads = [
            self.reads[member] if text == self.files.get(member) else read_text(member, text)
            for member, text in sorted(files.items())
        ]
        return on_clock(gather(reads), {"name": "example", "sha256": "", "bytes": 0, "members": len(reads)})

    def with_lines(self, files: Mapping[str, str]) -> dict[str, str] | None:
        """Return the files with the lines of an example in them; None where they do not belong here."""
        targets: dict[str, str] = {}
        for member, text in files.items():
            sources = sources_of({member: text})
            if len(sources) != 1 or not sources <= self.logs.keys() or self.logs[next(iter(sources))] in targets:
                return None
            targets[self.logs[next(iter(sources))]] = text
        dated = [t for text in targets.values() for line in text.splitlines() for t in times(line)]
        if not dated:
            return None
        shift = self.end + LATER - min(dated)
        shift -= timedelta(microseconds=shift.microseconds)
        made = dict(self.files)
        for target, text in targets.items():
            now = self.end + LATER
            lines = []
            usual = True  # so far
            for line in text.splitlines():
                at = times(line)
                usual = usual and bool(START.search(line))
                now = max(now, *(t + shift for t in at)) if at else now
                if line and not usual:
                    lines.append(f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06}000Z {moved(line, shift)}")
            made[target] = "\n".join([made[target].rstrip("\n"), *lines, ""])
        return made


def sound_installation() -> Host:
    """Return the healthy sample bundle."""
    with tarfile.open(BUNDLE) as archive:
        files = {m.name: archive.extractfile(m) for m in archive.getmembers() if m.isfile()}
        return Host({name: data.read().decode() for name, data in files.items() if data})


def read_text(member: str, text: str) -> Read:
    """Return what is read of a file."""
    data = text.encode()
    return read_member(Member(member, data, len(data), hashlib.sha256(data).hexdigest(), "read", None), PARSERS)


def sources_of(files: Mapping[str, str]) -> set[str]:
    """Return the sources of what was read of a few files; empty where some are no logs."""
    found = {
        name
        for name, frame in case_of(files).frames.items()
        if frame.height and not name.startswith(("state.", "route.", "net."))
    }
    return found if all(name.startswith("log.") for name in found) else set()


def times(line: str) -> list[datetime]:
    """Return the first time written in a line, if any."""
    found = TIME.search(line)
    if found and found.start() < 40:
        year, _, month, day, _, hour, minute, second = found.groups()
        return [datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)]
    if klog := KLOG.match(line):
        return [datetime(2026, *map(int, klog.groups()[1:]), tzinfo=UTC)]
    epoch = EPOCH.match(line)
    return [datetime.fromtimestamp(float(epoch[0]), UTC)] if epoch else []


def moved(line: str, shift: timedelta) -> str:
    """Return a line with every time in it moved."""

    def later(found: re.Match[str]) -> str:
        year, dash, month, day, between, hour, minute, second = found.groups()
        at = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC) + shift
        return f"{at:%Y}{dash}{at:%m}{dash}{at:%d}{between}{at:%H:%M:%S}"

    if klog := KLOG.match(line):
        at = times(line)[0] + shift
        return f"{klog[1]}{at:%m%d %H:%M:%S}{line[klog.end() :]}"
    if EPOCH.match(line):
        line = EPOCH.sub(lambda e: f"{(float(e[0]) + shift.total_seconds()) / 1e9:.16f}e+09", line)
    return TIME.sub(later, line)


def fault_of(pattern: Pattern, example: Example, library: Library, host: Host) -> str | None:
    """Return what is wrong with an example among sound logs; None if nothing is, `-` where it cannot be put there."""
    files = host.with_lines(example.files)
    if files is None:
        return "-"
    above = ancestors(library)[pattern.id]
    alone = ranked_of(case_of(example.files, example.coverage == "whole"), library)
    ranked = ranked_of(host.case_with(files), library)
    own = [r for r in ranked if r.finding.pattern.id == pattern.id]
    lasting = [r for r in own if not r.finding.over]
    before = deciding(alone)
    roots = deciding(ranked)
    if example.expect == "absent":
        sure = [r.certainty for r in lasting if r.certainty != "possible"]
        return f"found, though cured or another's: {sure[0]}" if sure else None
    if not own:
        return "not found among sound logs"
    if not lasting:
        return "over among sound logs"
    if before and not roots:
        return f"nothing decides; it is {lasting[0].role}, {lasting[0].certainty}; alone {', '.join(before)}"
    if roots and roots[0] not in {pattern.id, *above, *before}:
        return f"first comes {roots[0]}; it is {lasting[0].role}"
    strange = [r for r in roots if r not in {pattern.id, *above, *before}]
    return f"beside it: {', '.join(strange)}" if strange else None


def suited(library: Library, only: str = "") -> Iterator[tuple[Pattern, Example]]:
    """Yield the examples that are logs of components of the host: present ones, and those that are cured."""
    for pattern in library.patterns.values():
        if pattern.check or only not in pattern.id or pattern.id in NOT_HERE:
            continue
        for example in pattern.examples:
            if f"{pattern.id} | {example.name}" in NOT_HERE:
                continue
            if example.expect == "present" or (example.expect == "absent" and "NoLater(" in repr(pattern.match)):
                yield pattern, example


def tried(
    library: Library, number: int, seed: int, only: str = "", part: tuple[int, int] = (0, 1)
) -> Iterator[tuple[Pattern, Example, str | None]]:
    """Yield the examples of a random sample of patterns, each with what is wrong among sound logs, if anything is."""
    host = sound_installation()
    chosen = list(suited(library, only))
    names = sorted({pattern.id for pattern, _ in chosen})
    random.Random(seed).shuffle(names)  # noqa: S311
    done: set[str] = set()
    for name in names[part[0] :: part[1]]:
        if len(done) >= number:
            break
        for pattern, example in chosen:
            if pattern.id == name and (fault := fault_of(pattern, example, library, host)) != "-":
                done.add(name)
                yield pattern, example, fault


def sweep(library: Library, number: int, seed: int, only: str = "", part: tuple[int, int] = (0, 1)) -> int:
    """Print what is wrong with a random sample of patterns, and return whether anything is."""
    names: set[str] = set()
    bad = total = 0
    for pattern, example, fault in tried(library, number, seed, only, part):
        names.add(pattern.id)
        total += 1
        if fault:
            bad += 1
            print(f"{pattern.id} | {example.name} ({example.expect})\n    {fault}", flush=True)
    print(f"\n{len(names)} patterns, {total} examples among sound logs, {bad} wrong")
    return 1 if bad else 0
