"""What a member's path says of where it came from. Only a help: content may know better."""

from parsers.parser import Origin


def origin_of(member: str) -> Origin:
    """Return what the path says; every part may be null."""
    return Origin()
