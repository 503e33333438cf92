"""Write a document in the form its name asks for."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from forensics.document import Document, dump
from forensics.writing import write_whole

if TYPE_CHECKING:
    from forensics.analysis import Case

FORMS = ("json", "html", "md", "sarif", "xml", "parquet", "txt")


class UsageError(ValueError):
    """An argument that cannot be used: what was given, and what would be right."""


def form_of(output: str) -> tuple[str, str]:
    """Return the form and the path an `-o` asks for; `-` is standard output.

    Raises:
        UsageError: neither prefix nor suffix names a form.
    """
    prefix, colon, rest = output.partition(":")
    if colon and prefix in FORMS and rest:
        return prefix, rest
    suffix = Path(output.rstrip("/")).suffix.removeprefix(".").lower()
    suffix = {"htm": "html", "markdown": "md", "junit": "xml"}.get(suffix, suffix)
    if suffix not in FORMS:
        raise UsageError(f"-o {output}: the suffix names no form; one of .json .html .md .sarif .xml .parquet/ .txt")
    return suffix, output


def write_form(document: Document, case: "Case", output: str, stdout: BinaryIO) -> None:
    """Write `document` to where `output` says."""
    form, path = form_of(output)
    if form == "parquet":
        from forensics.reporting.frames import write_parquet

        write_parquet(case, document, Path(path))
        return
    data = rendered(document, form)
    if path == "-":
        stdout.write(data)
        stdout.flush()
    else:
        write_whole(Path(path), data)


def rendered(document: Document, form: str) -> bytes:
    """Return the bytes of a form."""
    match form:
        case "json":
            return dump(document)
        case "html":
            from forensics.reporting.html import html

            return html(document).encode()
        case "md":
            from forensics.reporting.markdown import markdown

            return markdown(document).encode()
        case "sarif":
            from forensics.reporting.sarif import sarif

            return dump(sarif(document))
        case "xml":
            from forensics.reporting.junit import junit

            return junit(document).encode()
        case _:
            from forensics.reporting.render import render

            return (render(document, details=True, width=100).plain + "\n").encode()
