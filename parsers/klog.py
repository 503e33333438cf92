r"""Logs of Kubernetes components and client libraries written with klog.

    E1125 19:34:21.043014       1 reflector.go:200] "Failed to watch" err="failed to list *v1alpha1.Model: ..."

The time has month and day but no year and no zone: the year is that of a wrapper or of a neighbouring record, and
without either the time is null (it stays in the field `clock`).

Source: `formatHeader` in k8s.io/klog/v2/internal/buffer.
"""

import re
from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.parser import Artefact, Parsed, Parser, Sample
from parsers.records import Format, levels, read_records
from parsers.regexes import ascii_classes, counted
from parsers.sections import by_component

HEAD = ascii_classes(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+:\d+\] ")
_PARTS = ascii_classes(
    r"^(?<level>[IWEF])(?<clock>\d{4} \d\d:\d\d:\d\d\.\d+) +(?<thread>\d+) (?<caller>\S+:\d+)\] (?<rest>(?s:.*))$"
)


def read(rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns `READ`, from lines that `HEAD` matches."""
    parts = rows["text"].str.extract_groups(_PARTS).struct.unnest()
    quoted = parts["rest"].str.extract(r'^"((?:[^"\\]|\\.)*)"(?: |$)')
    message = quoted.zip_with(quoted.is_not_null(), parts["rest"])
    message = message.str.replace_all('\\"', '"', literal=True)
    # The structured form quotes the message and the values; both are undone alike.
    text = (
        parts["rest"]
        .str.replace(r'^"((?:[^"\\]|\\.)*)"', "${1}")
        .str.replace_all(r'(\w+)="((?:[^"\\]|\\.)*)"', "${1}=${2}")
    )
    text = text.str.replace_all('\\"', '"', literal=True)
    return parts.select(
        timestamps.yearless(parts["clock"], rows["near"]).alias("time"),
        levels(parts["level"]).alias("level"),
        message.alias("message"),
        text.alias("text"),
        pl.struct("clock", "caller", "thread").struct.json_encode().alias("fields"),
    )


_BEGUN = re.compile(r"(?m)^[IWEF][0-9]{4} ")  # cheap beside the whole head
KLOG = Format("klog", HEAD, read, timedelta(microseconds=1), zoned=False)


def recognises(head: str) -> bool:
    """Whether most lines are klog's."""
    if not _BEGUN.search(head):
        return False
    lines = [line for line in head.split("\n") if line]
    (found,) = counted(lines, HEAD)
    triton = "model_lifecycle.cc" in head or "server.cc:" in head or "pinned_memory_manager.cc" in head
    return found > 0 and 2 * found >= len(lines) and not triton


def parse(artefact: Artefact) -> Parsed:
    """Read klog's records; the source is that of the component, `log.other` for one we do not know."""
    return by_component(artefact, read_records(artefact, KLOG, source="log.other"))


PARSER = Parser(
    name="klog",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            'E1125 19:34:21.043014       1 reflector.go:200] "Failed to watch" err="list: \\"x\\" is forbidden"\n'
            "I1125 19:34:22.043014       1 leaderelection.go:257] attempting to acquire leader lease\n",
            yields={"time": None, "zoned": True},
            rows=2,
        ),
        Sample("2026-11-25T19:34:21.031Z\tINFO\tsetup\tWatching namespace", yields=None),
    ),
)
