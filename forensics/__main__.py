"""`python -m forensics` is `seldon-forensics`."""

from forensics.cli import main

main()
