"""Feed every parser's own samples, grown in many ways, to the half that reads, and say what takes longer than n log n.

    python -m benchmarks.growth [--only NAME] [--largest 1048576] [--seconds 4] [--verbose]

Each text is made four times as large again and again. Times are the processor's. Printed is what grew by more than a
power of its size, and for how large a text. Exits 1 where anything did.
"""

import argparse
import math
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

STEP = 4  # times as large
SMALLEST = 1 << 14  # bytes
POWER = 1.3  # of the size; n log n grows by less than 1.15 here
TELLING = 0.2  # seconds below which a time says little
_DIGITS = re.compile(r"[0-9]+")


def _until(size: int, one: Callable[[int], str]) -> str:
    made, length = [], 0
    for n in count():
        made.append(one(n))
        length += len(made[-1]) + 1
        if length > size:
            return "\n".join(made) + "\n"
    raise AssertionError


def _counted(text: str, n: int) -> str:
    return _DIGITS.sub(lambda found: str((int(found[0][:15]) + n) % 10 ** len(found[0])).zfill(len(found[0])), text)


def _longest(text: str) -> str:
    return max(text.split("\n"), key=len)


def _head(text: str) -> str:
    return "\n".join(text.split("\n")[:3])


_Way = Callable[[str, int], str]


def _repeated(one: Callable[[str, int], str], after: Callable[[str], str] = lambda text: "") -> _Way:
    """Return what repeats a part of a text, its number told, behind another part of it."""
    return lambda text, size: after(text) + _until(size, lambda n: one(text, n))


def _headed(what: str) -> _Way:
    """Return what puts a run of something behind the first lines of a text."""
    return lambda text, size: f"{_head(text)}\n" + what * (size // len(what))


def _whole(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


WAYS: Mapping[str, _Way] = {
    "repeated": _repeated(lambda text, _: text),
    "repeated, each another": _repeated(_counted),
    "its longest line repeated": _repeated(lambda text, _: _longest(text)),
    "its last line repeated": _repeated(lambda text, n: _counted(text.rstrip().rpartition("\n")[2], n), _whole),
    "its longest line grown": lambda text, size: text.replace(
        _longest(text), _longest(text) * (size // max(1, len(_longest(text))) + 1)
    ),
    "half of it repeated": _repeated(lambda text, _: text[: len(text) // 2]),
    "its end repeated": _repeated(lambda text, _: text[len(text) // 2 :], _whole),
    "its head, then deeper and deeper": _repeated(lambda _, n: " " * min(2 * n, 400) + f"k{n}:", _whole),
    "its head, then dashes": _repeated(lambda *_: "- - a: b", _whole),
    "its head, then rules": _repeated(lambda text, _: f"{_head(text)}\n---"),
    "braces": _headed('{"a":'),
    "brackets": _headed("["),
    "parentheses": _headed("(a=[{"),
    "quotes": _headed('a="\\"'),
    "blanks": _headed(" "),
    "empty lines": _headed("\n"),
    "backslashes": _headed("\\"),
    "short words": _headed("a "),
    "equal signs": _headed("a=b "),
}


def spent(text: str) -> float:
    """Return the seconds of work it takes to read a text as a member of a bundle."""
    from forensics.ingest import read_member
    from forensics.opening.walking import Member
    from parsers import PARSERS

    data = text.encode("utf-8", "surrogatepass")
    member = Member("x.txt", data, len(data), "0" * 64, "read", None)
    begun = time.process_time()
    read_member(member, PARSERS)
    return time.process_time() - begun


def samples(only: str, most: int) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of what each parser reads, at most so many of each."""
    from parsers import PARSERS

    for parser in PARSERS:
        read = [(number, sample.text) for number, sample in enumerate(parser.samples) if sample.yields is not None]
        for number, text in read[:most] if only in parser.name else ():
            yield f"{parser.name} {number}", text[: SMALLEST // 2]


def grown(text: str, way: Callable[[str, int], str], largest: int, seconds: float) -> tuple[float, int, float]:
    """Return the power by which the time grows with the size at the largest that was tried, that size, and the time."""
    sizes: list[int] = []
    times: list[float] = []
    size = SMALLEST
    while size <= largest and (not times or times[-1] < seconds):
        made = way(text, size)
        times.append(spent(made))
        sizes.append(len(made))
        size *= STEP
    if len(times) < 2 or times[-1] < TELLING or sizes[-1] <= sizes[-2]:
        return 0.0, sizes[-1], times[-1]
    power = math.log(times[-1] / max(times[-2], 0.02)) / math.log(sizes[-1] / sizes[-2])
    return power, sizes[-1], times[-1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Grow every sample in every way and print what takes too long."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--only", default="", help="parsers whose name holds this")
    options.add_argument("--way", default="", help="ways whose name holds this")
    options.add_argument("--samples", type=int, default=2, help="samples of each parser")
    options.add_argument("--largest", type=int, default=1 << 20, help="bytes of the largest text")
    options.add_argument("--seconds", type=float, default=4.0, help="a text that takes longer is not made larger")
    options.add_argument("--verbose", action="store_true", help="print every time")
    chosen = options.parse_args(arguments)
    tried, slow = 0, 0
    slowest = (0.0, "")
    for name, text in samples(chosen.only, chosen.samples):
        for said, way in WAYS.items():
            if chosen.way not in said:
                continue
            power, size, seconds = grown(text, way, chosen.largest, chosen.seconds)
            tried += 1
            rate = seconds / size
            slowest = max(slowest, (rate, f"{name}, {said}: {size / seconds / 1e6:.2f} MB/s"))
            if power > POWER or chosen.verbose:
                slow += power > POWER
                print(f"{name}, {said}: {seconds:.2f} s for {size:,} bytes, a power of {power:.2f}", flush=True)
    print(f"texts grown {tried}, that grew by more than a power of {POWER}: {slow}; slowest: {slowest[1]}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
