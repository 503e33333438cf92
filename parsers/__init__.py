"""Turn artefacts into frames of rows. Knows nothing of patterns or of findings."""

from parsers.parser import Parser

PARSERS: tuple[Parser, ...] = ()
