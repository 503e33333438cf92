"""What to collect, and how: a shell script, a troubleshoot.sh spec, or just what a report could not say."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

MOST = 40  # commands asked for


def script() -> str:
    """Return the POSIX shell script that collects everything the analyser wants, with kubectl alone."""
    return (files("forensics") / "templates" / "collect.sh").read_text("utf-8")


def troubleshoot() -> str:
    """Return the same as a support bundle of troubleshoot.sh."""
    return (files("forensics") / "templates" / "troubleshoot.yaml").read_text("utf-8")


def worth(document: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Return (command, what it answers, worth) for everything a report could not say, most worth first.

    A command that would tell the cause of a symptom apart weighs more than one that only fills a gap.
    """
    value: dict[str, int] = {}
    answers: dict[str, list[str]] = {}

    def ask(run: str, why: str, weight: int) -> None:
        if run and not run.startswith("the request"):
            value[run] = value.get(run, 0) + weight
            known = answers.setdefault(run, [])
            if why not in known:
                known.append(why)

    for candidate in document.get("candidates", ()):
        if candidate.get("state") == "unknown":
            for each in candidate.get("collect", ()):
                ask(each["run"], f"whether {candidate.get('title') or candidate['pattern']}", 10)
    for unknown in document.get("unknown", ()):
        for missing in unknown.get("missing", ()):
            ask(missing.get("collect", ""), f"{missing['source']}: {missing['why']}", 1)
    ordered = sorted(value, key=lambda run: (-value[run], run))[:MOST]
    return [(run, "; ".join(answers[run][:3]), value[run]) for run in ordered]


def commands(document: Mapping[str, Any]) -> str:
    """Return a shell script with just the commands a report asks for, in the order of worth."""
    lines: list[str] = [
        "#!/bin/sh",
        "# What the report could not say, most telling first. Read-only; write each output into the file named.",
    ]
    asked: Sequence[tuple[str, str, int]] = worth(document)
    for number, (run, why, _) in enumerate(asked, 1):
        safe = " ".join(why.split())
        lines += ["", f"# {number}. {safe}", f"{{ {run}; }} > answer-{number:02}.txt 2>&1"]
    if not asked:
        lines += ["", "# Nothing: the report names no gap that a command would fill."]
    return "\n".join(lines) + "\n"
