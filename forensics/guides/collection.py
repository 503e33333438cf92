"""What to collect, and how: a shell script, a troubleshoot.sh spec, or just what a report could not say."""

import re
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from forensics.reporting.escape import inline

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
    """Return a shell script with just the commands a report asks for, in the order of worth.

    It can be run as it is: the namespace is its argument, server pods are found by their label, what is forwarded is
    ended again, and answers are masked. What a person has to fill in stands in it as a comment.
    """
    wanted: dict[str, list[str]] = {}
    space = _namespace(document)
    for run, why, _ in worth(document):
        wanted.setdefault(_runnable(run, space), []).append(why)
    if not wanted:
        return "#!/bin/sh\n# Nothing: the report names no gap that a command would fill.\n"
    default = f":-{space}" if space else ":?name the namespace of the installation"
    lines = [
        "#!/bin/sh",
        "# What the report could not say, most telling first. Needs kubectl and nothing else (curl for Envoy); changes",
        "# nothing in the cluster; sends nothing anywhere.",
        "#",
        f"#   sh THIS [NAMESPACE]{' ' * 4}{f'(else {space})' if space else ''}".rstrip(),
        "set -u",
        "umask 077",
        "namespace=${1" + default + "}",
        "folder=answers",
        'mkdir -p "$folder" || exit 2',
        "",
        _mask(),
    ]
    for number, (run, whys) in enumerate(wanted.items(), 1):
        told = " ".join("; ".join(dict.fromkeys(whys)).split())
        lines += ["", f"# {number}. {inline(told)}"]
        if _OPEN.search(run) or not run.isprintable():  # no thing of a cluster has such a name
            lines.append(f"#    fill in: {inline(run)}")
            continue
        lines.append(f'{{ {run}; }} 2>&1 | mask >"$folder/answer-{number:02}.txt"')
    lines += ["", 'tar -czf "$folder.tar.gz" "$folder" && echo "$folder.tar.gz is what to send" >&2']
    return "\n".join(lines) + "\n"


_FORWARDED = re.compile(r"^(kubectl .* port-forward .*?) & sleep 2; (.*)$")
_OF_A_SERVER = re.compile(
    r"kubectl -n (\S+) logs (?:<server pod>|-l app\.kubernetes\.io/name=seldon-server --prefix) (.*)"
)
_OPEN = re.compile(r"<[a-z][a-zA-Z -]*>")  # what nobody but a person can put there


def _runnable(run: str, space: str | None) -> str:
    """Return a command with what a script can put in the place of names that the report does not know."""
    run = run.replace("<namespace>", '"$namespace"')
    if space:
        run = run.replace(f"-n {space} ", '-n "$namespace" ')
    if logs := _OF_A_SERVER.match(run):  # one after the other: kubectl gives up where one pod lacks the container
        pods = f"kubectl -n {logs[1]} get pods -l app.kubernetes.io/name=seldon-server -o name"
        return f'for pod in $({pods}); do kubectl -n {logs[1]} logs "$pod" --prefix {logs[2]}; done'
    if forwarded := _FORWARDED.match(run):
        return f'{forwarded[1]} >/dev/null & forward=$!; sleep 2; {forwarded[2]}; kill "$forward"'
    return run


def _namespace(document: Mapping[str, Any]) -> str | None:
    """Return the namespace that the report is about: the one its findings, then its sources name most."""
    for entries in (document.get("findings"), (document.get("coverage") or {}).get("sources")):
        named = [str((e.get("subject") or e).get("namespace") or "") for e in entries or () if isinstance(e, dict)]
        counts = Counter(name for name in named if _NAME.fullmatch(name))
        if counts:
            return min(counts, key=lambda name: (-counts[name], name))
    return None


_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def _mask() -> str:
    """Return the shell function that hides secrets, as the whole script has it."""
    _, head, rest = script().partition("mask() {")
    return head + rest.partition("\n}\n")[0] + "\n}"
