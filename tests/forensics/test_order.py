"""How far apart two rows are, where the zone is not written."""

from forensics.evidence.hits import Hit
from forensics.evidence.order import NO_ZONE, Order

MILLISECOND = 1_000


def row(line: int, at: int, width: int, section: int = 0) -> Hit:
    return Hit("log.mlserver", line, at - width // 2, at + width // 2 + MILLISECOND, "", ("a.log", section, line), {})


def test_a_zone_nobody_wrote_does_not_blur_how_far_lines_of_one_section_are_apart() -> None:
    least, most = Order({}, None).apart(row(1, 10_000_000, NO_ZONE), row(2, 10_500_000, NO_ZONE))
    assert (least, most) == (500_000 - MILLISECOND, 500_000 + MILLISECOND)


def test_it_blurs_lines_of_two_sections() -> None:
    least, most = Order({}, None).apart(row(1, 10_000_000, NO_ZONE), row(2, 10_500_000, NO_ZONE, section=1))
    assert least < 0 < NO_ZONE < most


def test_lines_with_a_zone_are_as_far_apart_as_their_digits_say() -> None:
    least, most = Order({}, None).apart(row(1, 10_000_000, 0), row(2, 10_500_000, 0))
    assert (least, most) == (500_000 - MILLISECOND, 500_000 + MILLISECOND)
