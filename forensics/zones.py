"""The zones there are, and which of them a log without one was written in."""

from collections.abc import Sequence
from statistics import median

SECOND = 1_000_000
HOUR = 3600 * SECOND
# What to add to a zone's time to reach UTC, in microseconds: the zones in use, daylight saving included (IANA 2025b).
_MINUTES = (-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825, *range(-720, 841, 60))
ZONES: tuple[int, ...] = tuple(sorted(-minutes * 60 * SECOND for minutes in _MINUTES))
MOST_NAMED = 3  # logs named in a remark
QUIET = 600 * SECOND  # logs of one time begin and end this far apart without any meaning
LEAST_TURN = 30 * 60 * SECOND  # clocks are turned by so much at least where summer begins or ends


def off_zone(distances: list[int]) -> float:
    """Return how far the middle of the distances is from any zone: a skewed witness shows in it."""
    return abs(median(distances) - nearest(median(distances))) if distances else 0


def nearest(microseconds: float) -> int:
    """Return the nearest distance from UTC that is some zone's."""
    return min(ZONES, key=lambda zone: (abs(zone - microseconds), abs(zone)))


def of_period(first: int, last: int, start: int, end: int) -> int:
    """Return the zone that puts a log's period into that of the others; none where that gains little.

    A log that merely begins before the others or ends after them is on their clock.
    """

    def outside(zone: int) -> int:
        return max(0, start - first - zone - QUIET) + max(0, last + zone - end - QUIET)

    # Logs that are collected together end together.
    best = min(ZONES, key=lambda zone: (outside(zone), abs(last + zone - end), abs(zone)))
    return best if outside(0) >= HOUR // 2 and 2 * outside(best) < outside(0) else 0


def turned(first: float, last: float) -> int:
    """Return by how much a clock was turned between two distances from UTC; 0 for less than any zone's difference."""
    by = int(abs(first - last))
    return by if by >= LEAST_TURN else 0


def guessed(members: Sequence[str]) -> list[str]:
    """Return the remark on logs whose zone is guessed: one, however many they are."""
    if not members:
        return []
    few = ", ".join(members[:MOST_NAMED])
    more = f" and {len(members) - MOST_NAMED} more" if len(members) > MOST_NAMED else ""
    told = "write their times" if len(members) > 1 else "writes its times"
    return [f"{few}{more} {told} without a zone: which one is guessed from the period alone"]
