"""Search for bytes that break opening, decoding or peeling, led by what code they reach.

    pip install atheris
    python benchmarks/fuzz_bytes.py SEEDS [-max_total_time=3600] [-artifact_prefix=found-]

SEEDS is a folder; where it is empty, the small hostile inputs are put into it. What follows are options of libFuzzer.
An input that is found is a file, and the run ends; it is looked at again by giving the file instead of the folder.
"""

import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import atheris  # noqa: E402 - not among the dependencies

with atheris.instrument_imports(include=["forensics.opening", "forensics.bundle", "parsers"]):
    from forensics.bundle import Budget, open_bundle
    from parsers import PARSERS
    from parsers.decoding import decode
    from parsers.layout import origin_of
    from parsers.segments import segments
    from parsers.wrappers import unwrap

BUDGET = Budget(entries=300, bytes_out=4 << 20, member_bytes=1 << 20, seconds=20)
LARGEST = 20_000  # bytes of a seed


def opened(data: bytes) -> None:
    """Open, decode and peel an input, and ask every parser whether it is its own; raises what is raised."""
    for member in open_bundle(["-"], budget=BUDGET, stdin=io.BytesIO(data)).members():
        if not member.name.isprintable() or {"", ".", ".."} & set(member.name.split("/")):
            raise AssertionError(f"a name that is not safe: {member.name!r}")
        lines = decode(member.data)[0] if member.data else None
        if lines is None:
            continue
        for whole in unwrap(member.name, lines, origin_of(member.name)).artefacts:
            for part in segments(whole):
                head = part.head()
                next((parser for parser in PARSERS if parser.recognises(head)), None)


def main() -> None:
    """Fuzz until something is found, or the time is over."""
    from benchmarks.hostile_archives import archives, small_files, streams

    seeds = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if seeds is not None and seeds.is_dir() and not any(seeds.iterdir()):
        for made in (small_files(), streams(), archives()):
            for name, data in made:
                if len(data) <= LARGEST:
                    (seeds / name).write_bytes(data)
    atheris.Setup([sys.argv[0], *sys.argv[1:], f"-max_len={LARGEST}"], opened)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
