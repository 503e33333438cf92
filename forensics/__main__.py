"""`python -m forensics` is `seldon-forensics`."""

import sys

INTERRUPTED = 130  # as `forensics.cli.Exit` has it, which is not there yet


def main() -> None:
    """Run the command; an interrupt is answered with a sentence while its parts are still being loaded, too."""
    try:
        from forensics.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("seldon-forensics: interrupted before anything was done\n")
        raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
