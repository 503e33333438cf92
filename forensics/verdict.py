"""The verdict, and the sentence that says it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from forensics.causality import CONTRIBUTING, DECIDES, ROOT, Candidate, Ranked, decides
from forensics.coverage import Coverage
from forensics.findings import Missing
from patterns.pattern import SEVERITIES

OURS = (
    "log.controller", "log.scheduler", "log.agent", "log.rclone", "log.mlserver", "log.triton", "log.envoy",
    "log.modelgateway", "log.pipelinegateway", "log.dataflow", "log.hodometer", "log.kafka", "log.envoy_access",
    "envoy.stat", "envoy.route", "envoy.cluster", "envoy.endpoint", "envoy.listener", "envoy.update",
    "envoy.certificate", "envoy.server",
    "k8s.model", "k8s.server", "k8s.pipeline", "k8s.experiment", "k8s.seldonruntime", "k8s.seldonconfig",
    "k8s.serverconfig", "k8s.kafka", "k8s.kafkatopic", "k8s.seldondeployment",
)  # fmt: skip
PLANES = (
    ("log.scheduler", "log.controller"),
    (
        "log.envoy", "log.envoy_access", "envoy.stat", "envoy.route", "envoy.cluster", "envoy.listener",
        "envoy.endpoint", "envoy.server",
    ),
    ("log.agent", "log.mlserver", "log.triton"),
)  # fmt: skip


def verdict(ranked: Sequence[Ranked], covered: Coverage, ours: bool) -> str:
    """Return the first verdict that holds, in the order of design: failure, undetermined, healthy, insufficient.

    Args:
        ranked: all findings.
        covered: what was collected.
        ours: whether anything of Seldon, Envoy, a model server or Kafka's client was recognised.
    """
    grave = SEVERITIES.index(DECIDES)
    open_ones = [
        r
        for r in ranked
        if not r.finding.over and not r.finding.pattern.check and SEVERITIES.index(r.finding.pattern.severity) >= grave
    ]
    if any(establishes(r, ranked) for r in ranked):
        return "failure"
    if any(r.role != CONTRIBUTING for r in open_ones):
        return "undetermined"
    if not ours:
        return "unrecognised"
    if all(any(source in covered.kinds for source in plane) for plane in PLANES):
        return "healthy"
    return "insufficient"


def establishes(root: Ranked, ranked: Sequence[Ranked]) -> bool:
    """Whether a root makes the verdict a failure: it is grave itself, or is the cause of something grave that lasts."""
    if root.role != ROOT or root.finding.over or root.certainty == "possible" or root.finding.pattern.check:
        return False
    grave = SEVERITIES.index(DECIDES)
    effects = (ranked[i].finding for i in root.explains)
    return decides(root.finding, root.certainty) or any(
        not f.over and SEVERITIES.index(f.pattern.severity) >= grave for f in effects
    )


def subject_in_words(subject: Mapping[str, str]) -> str:
    """Return a subject as one says it: `model iris, server mlserver in namespace seldon-mesh`."""
    parts = [f"{name} {value}" for name, value in subject.items() if name not in ("namespace", "container", "name")]
    if "name" in subject and not parts:
        parts.append(subject["name"])
    if "container" in subject:
        parts.append(f"container {subject['container']}")
    where = f" in namespace {subject['namespace']}" if "namespace" in subject else ""
    return ", ".join(parts) + where if parts else where.strip().removeprefix("in ")


def when(microseconds: int) -> str:
    """Return a time as the reports write it, to the second."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def summary(
    verdict_word: str,
    ranked: Sequence[Ranked],
    candidates: Sequence[Candidate],
    missing: Sequence[str],
    unnamed: bool = False,
) -> str:
    """Return one sentence: what, where, since when, and whether it lasts.

    `unnamed` says that a log ends with errors that are evidence of no finding: not all is well then.
    """
    if verdict_word == "failure":
        roots = [r for r in ranked if establishes(r, ranked)]
        head = roots[0]
        words = head.finding.pattern.title
        about = _subjects(head)
        if about:
            words += f" ({about})"
        words += f", since {when(head.finding.first.earliest)}" if (head.finding.first.earliest or 0) > 0 else ""
        words += {"ongoing": ", and it lasts", "unknown": "; whether it lasts cannot be told"}.get(
            head.finding.at_end, ""
        )
        if head.certainty == "likely":
            words = f"Most likely: {words}"
        others = len(roots) - 1
        if others:
            words += f"; and {others} other root cause{'s' if others > 1 else ''}"
        return words + "."
    if verdict_word == "undetermined":
        shown = [r for r in ranked if not r.finding.over and r.role != CONTRIBUTING]
        shown.sort(key=lambda r: (bool(r.explained_by), -_gravest(r, ranked)))
        head = shown[0]
        about = _subjects(head)
        sentence = f"Something is wrong, but its cause is not established: {head.finding.pattern.title}"
        sentence += f" ({about})" if about else ""
        unknown = list(dict.fromkeys(c.pattern.title for c in candidates if c.state == "unknown"))
        if unknown:
            sentence += f"; {len(unknown)} possible cause{'s' if len(unknown) > 1 else ''} could not be checked"
        return sentence + "."
    if verdict_word == "healthy":
        cured = [r for r in ranked if r.finding.over and r.role == ROOT]
        tail = f" What was wrong has ended: {cured[0].finding.pattern.title}." if cured else ""
        strange = " But a log ends with errors that are evidence of no finding: see the notes." if unnamed else ""
        return "No failure found in what was collected." + strange + tail
    if verdict_word == "insufficient":
        return "No failure found, but too little was collected to call it healthy: " + ", ".join(missing) + " missing."
    return "Nothing of Seldon, Envoy, a model server or Kafka was recognised here."


def _gravest(one: Ranked, ranked: Sequence[Ranked]) -> int:
    """Return the highest severity, as a place in the order, of a finding and of what follows from it."""
    follow = (ranked[i] for i in one.explains)
    return max(SEVERITIES.index(r.finding.pattern.severity) for r in (one, *follow))


def _subjects(ranked: Ranked) -> str:
    words = subject_in_words(ranked.finding.subject)
    more = len(ranked.subjects) - 1
    return f"{words} and {more} more" if more > 0 and words else words


def missing_planes(covered: Coverage) -> list[Missing]:
    """Return what a healthy verdict would need that was not collected, with the commands that collect it."""
    return [
        Missing(plane[0], "not collected", covered.command(plane[0], {}))
        for plane in PLANES
        if not any(source in covered.kinds for source in plane)
    ]


def planes_missing(covered: Coverage) -> list[str]:
    """Return what a healthy verdict would need that was not collected."""
    words = ("the scheduler's or controller manager's log", "anything of Envoy", "a server's agent or model server log")
    return [
        word for word, plane in zip(words, PLANES, strict=True) if not any(source in covered.kinds for source in plane)
    ]
