"""The library of known failures, and the language it is written in."""
