"""How much of the machine one input may use, and what has been used of it."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

MIB = 1 << 20
GIB = 1 << 30
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": MIB, "GiB": GIB}
_NUMBER = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)(KiB|MiB|GiB)?")


def size(said: str) -> float:
    """Return the number that `500MiB`, `2GiB` or `1.5` stands for.

    Raises:
        ValueError: it is none, or not positive.
    """
    read = _NUMBER.fullmatch(said.strip())
    if read is None or not float(read[1]):
        raise ValueError(said)
    return float(read[1]) * _UNITS[read[2] or ""]


class Damaged(Exception):  # noqa: N818 - it ends one stream, and is data
    """The bytes end, or stop making sense. What was read before is good."""


class Exhausted(Exception):  # noqa: N818 - it ends the reading, and is data
    """A budget of the whole input is used up: nothing more is read."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one command may read. Honest bundles stay far below: 83 MB from 4 MB, depth 4, paths of 370 bytes.

    Attributes:
        entries: members over everything, nested ones included.
        depth: layers of archive and of compression; a tar.gz is two.
        path_bytes: longest name shown; longer ones are shortened, and read all the same.
        bytes_out: bytes that may come out of all decompressors and files together.
        member_bytes: bytes of one member; the rest of it is left out.
        ratio: bytes out of a decompressor for one byte in, over the last `window`; honest logs reach 126.
        window: bytes over which `ratio` is judged.
        windows: how many windows over `ratio` one compressed stream may have before it is given up.
        seconds: the processor's time, of reading and of all that is done meanwhile with what was read; a busy machine
            or a slow pipe changes no report.
    """

    entries: int = 200_000
    depth: int = 12
    path_bytes: int = 4096
    bytes_out: int = 4 * GIB
    member_bytes: int = GIB
    ratio: int = 200
    window: int = 64 * MIB
    windows: int = 8
    seconds: float = 900.0

    @classmethod
    def of(cls, said: Iterable[str]) -> "Budget":
        """Return the usual budget with other bounds: `seconds=3600`, `bytes_out=16GiB`, `entries=500000`.

        Raises:
            ValueError: one of them is no bound, or no positive number.
        """
        bounds: dict[str, int | float] = {}
        known = {each.name: each.default for each in fields(cls)}
        for word in said:
            name, _, number = word.partition("=")
            try:
                if name not in known:
                    raise ValueError(name)
                value = size(number)
            except ValueError:
                names = ", ".join(known)
                raise ValueError(
                    f"--budget {word}: not NAME=NUMBER with one of {names}, such as bytes_out=16GiB"
                ) from None
            bounds[name] = value if isinstance(known[name], float) else max(1, int(value))
        return replace(cls(), **bounds)  # type: ignore[arg-type]


class Meter:
    """What has been used of a budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.entries = 0
        self.produced = 0
        self.alarms = 0  # windows in which a decompressor went over the ratio
        self._begun = time.process_time()

    def entry(self) -> None:
        """Count a member.

        Raises:
            Exhausted: it is one too many.
        """
        self.entries += 1
        if self.entries > self.budget.entries:
            raise Exhausted(f"more than {self.budget.entries:,} entries: the rest was not read")

    def add(self, size: int) -> None:
        """Count `size` bytes that were read or decompressed, and look at the clock.

        Raises:
            Exhausted: too many bytes, or too long.
        """
        self.produced += size
        if self.produced > self.budget.bytes_out:
            raise Exhausted(f"more than {self.budget.bytes_out:,} bytes come out of it: the rest was not read")
        if time.process_time() - self._begun > self.budget.seconds:
            raise Exhausted(f"reading took longer than {self.budget.seconds:g} s of work: the rest was not read")
