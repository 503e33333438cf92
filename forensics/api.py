"""The few names for notebooks and scripts; everything else may change without a word.

>>> from forensics import analyse, open_bundle
>>> report = analyse(open_bundle("sample_bundles/quota-exceeded/bundle.tar.gz"))
>>> report.verdict
'failure'
>>> report  # doctest: +ELLIPSIS
<Report failure: A ResourceQuota or LimitRange refuses pods (workload ...>
>>> report.roots[0]["pattern"]
'kubernetes/k8s-resourcequota-blocks-pods'
>>> len(report.frames["k8s.event"]) > 10
True
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl

from forensics.analysis import Case, read
from forensics.analysis import analyse as conclude
from forensics.bundle import Bundle
from forensics.bundle import open_bundle as opened
from forensics.document import Document
from forensics.reporting.forms import write_form
from forensics.selection import EVERYTHING, Request
from patterns.loader import load_library
from patterns.pattern import Library


def open_bundle(*paths: str | PathLike[str]) -> Bundle:
    """Return the bundle that folders, archives or files make together; nothing is read yet.

    Raises:
        BundleError: a path that is missing or cannot be read.
    """
    return opened([Path(path) for path in paths])


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What an analysis came to; a notebook shows it as its Markdown, `print` as the terminal does.

    Attributes:
        document: the whole report, as `-o report.json` writes it.
        frames: source name to rows; the columns are those of `parsers.schema`.
    """

    document: Document
    frames: Mapping[str, pl.DataFrame] = field(repr=False)
    _case: Case = field(repr=False)

    @property
    def verdict(self) -> str:
        """failure, undetermined, healthy, insufficient or unrecognised."""
        return str(self.document["verdict"])

    @property
    def summary(self) -> str:
        """The answer in one sentence."""
        return str(self.document["summary"])

    @property
    def roots(self) -> Sequence[Mapping[str, Any]]:
        """The root causes, first rank first."""
        return [finding for finding in self.document["findings"] if finding["role"] == "root"]

    def write(self, path: str | PathLike[str]) -> None:
        """Write the report; the suffix picks the form: .json .html .md .sarif .xml .txt, or .parquet for a folder.

        Raises:
            UsageError: the suffix names no form.
        """
        import sys

        # A notebook's standard output takes text alone.
        binary = getattr(sys.stdout, "buffer", None) or BytesIO()
        write_form(self.document, self._case, str(path), binary)
        if isinstance(binary, BytesIO):
            sys.stdout.write(binary.getvalue().decode())

    def __repr__(self) -> str:
        """The answer on one line."""
        return f"<Report {self.verdict}: {self.summary}>"

    def __str__(self) -> str:
        """What the terminal shows."""
        from forensics.reporting.render import render

        return render(self.document).plain

    def _repr_markdown_(self) -> str:
        from forensics.reporting.markdown import markdown

        return markdown(self.document)


def analyse(bundle: Bundle, library: Library | None = None, request: Request = EVERYTHING) -> Report:
    """Return what is wrong in a bundle, by the shipped library if no other is given."""
    case = read(bundle, request.until)
    return Report(conclude(case, library or load_library(), request), case.frames, case)
