"""Troubleshooting trees from the graph of causes: for a symptom, which question separates its causes soonest."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from forensics.causality import Causes
from forensics.guides.collecting import how_to_collect
from forensics.reporting.forms import UsageError
from forensics.reporting.sources import in_words
from patterns.docs import to_fill_in
from patterns.literals import LEAST, condition_literals
from patterns.matches import shown_term
from patterns.pattern import SEVERITIES, Evidence, Library, Pattern
from patterns.terms import Piece, pieces, positive

DEEPEST = 6  # causes of causes
MOST_WORDS = 12  # of one filter
MOST_LOOKS = 3  # of one question, in the short form
# A record's text is its message and then its fields, as ` key=value`. The line itself may quote either, escape what is
# in them, or be JSON: of a literal only what stands between these is the same in both.
_JOINED = re.compile(r'["\\\n]|\s*\b[\w.]+=')
LONGEST_TERM = 100  # characters of how the pieces go together, likewise

# What people search for, and the patterns that are this symptom, by name: the library knows their layers.
SYMPTOMS: Mapping[str, tuple[str, ...]] = {
    "no matching servers available": ("scheduler-no-matching-servers",),
    "404 or no_route": ("envoy-no-route-404",),
    "503": (
        "envoy-no-healthy-upstream",
        "envoy-upstream-connect-failure",
        "envoy-no-cluster-503",
        "envoy-upstream-reset",
    ),
    "model never Ready": (
        "model-progressing-stuck-no-scheduler",
        "model-failed-load",
        "scheduler-no-matching-servers",
        "scheduler-waiting-for-servers",
        "mlserver-load-pending",
        "rclone-copy-pending",
    ),
    "pipeline stuck": (
        "pipeline-not-ready-no-dataflow-engine",
        "pipeline-not-ready-no-gateway",
        "pipeline-step-model-not-ready",
        "pipeline-inference-timeout",
    ),
    "Scheduler not ready": ("agent-cannot-reach-scheduler", "controller-cannot-reach-scheduler"),
    "slow or timing-out inference": (
        "inference-timeout-long-model",
        "mlserver-overload-queueing",
        "mlserver-request-hang",
        "envoy-idle-or-route-timeout",
        "pipeline-inference-timeout",
    ),
    "external access fails": (
        "lb-pending",
        "lb-wrong-namespace-mesh",
        "ingress-class-missing",
        "ingress-path-prefix-not-rewritten",
        "ingress-manifest-invalid",
        "networkpolicy-blocks-ingress-to-mesh",
    ),
    "wrong model answers": (
        "envoy-wrong-model-name-header",
        "lb-wrong-namespace-mesh",
        "experiment-weights-accumulate-after-edit",
        "experiment-silent-fallback",
    ),
    "model lost after restart": ("scheduler-restart-models-not-reloaded", "server-pod-gone-models-unschedulable"),
    "experiment routes wrongly": (
        "experiment-not-ready-candidates",
        "experiment-default-not-in-candidates",
        "experiment-weights-accumulate-after-edit",
        "experiment-all-weights-zero",
        "experiment-silent-fallback",
    ),
    "works in one namespace and not in another": (
        "runtime-missing-in-namespace",
        "controller-namespace-not-watched",
        "networkpolicy-missing-intra-namespace",
        "networkpolicy-namespace-label-missing",
        "lb-wrong-namespace-mesh",
    ),
}


@dataclass(frozen=True, slots=True)
class Look:
    """Where to look for one piece of evidence.

    Attributes:
        name: the piece's.
        question: what to look for, and where.
        run: the command that answers it on a live cluster.
        shows: whether its being there speaks for the cause, and good times lack it.
        brief: the question for people.
    """

    name: str
    question: str
    run: str
    shows: bool = True
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One question, and the cause that a yes points to.

    Attributes:
        source: where most of the answer stands.
        looks: the pieces of evidence.
        holds: how they go together for a yes; empty where there is only one.
        cause: the pattern a yes points to.
        through: the ids of the patterns between it and the symptom, the symptom's side first.
        fetch: the command that shows all of `source`.
    """

    source: str
    looks: tuple[Look, ...]
    holds: str
    cause: Pattern
    through: tuple[str, ...]
    fetch: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A symptom, the patterns that are it, and the questions in their order."""

    symptom: str
    entries: tuple[Pattern, ...]
    steps: tuple[Step, ...]


def named_symptom(library: Library, words: str) -> tuple[str, tuple[Pattern, ...]]:
    """Return the symptom `words` mean: one of `SYMPTOMS`, or a pattern's id, name or title.

    Raises:
        UsageError: no symptom and no pattern is called so.
    """
    by_name = {pattern.name: pattern for pattern in library.patterns.values()}
    wanted = words.strip().lower()
    for symptom, names in SYMPTOMS.items():
        if wanted in symptom.lower() or symptom.lower() in wanted:
            return symptom, tuple(by_name[name] for name in names if name in by_name)
    for pattern in library.patterns.values():
        if wanted in (pattern.id.lower(), pattern.name.lower(), pattern.title.lower()):
            return pattern.title, (pattern,)
    near = get_close_matches(wanted, [*(s.lower() for s in SYMPTOMS), *by_name], 3, 0.4)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    raise UsageError(f"no symptom is called {words}{hint} Known: {', '.join(SYMPTOMS)}")


def tree_of(library: Library, words: str) -> Tree:
    """Return the tree of a symptom: questions of one source together, the source that tells most causes first.

    Raises:
        UsageError: no symptom is called so.
    """
    symptom, entries = named_symptom(library, words)
    causes = Causes(library)
    reached: dict[str, tuple[str, ...]] = {}
    layer: list[tuple[str, tuple[str, ...]]] = [(entry.id, ()) for entry in entries]
    for _ in range(DEEPEST):
        onward: list[tuple[str, tuple[str, ...]]] = []
        for effect, path in layer:
            for cause in sorted(causes.causes.get(effect, ())):
                if cause in library.patterns and cause not in reached and cause not in {e.id for e in entries}:
                    between = (*path, effect) if effect not in {e.id for e in entries} else path
                    reached[cause] = between
                    onward.append((cause, between))
        layer = onward
    for entry in entries:
        if entry.role != "symptom":
            reached.setdefault(entry.id, ())
    found = [(library.patterns[cause], path) for cause, path in reached.items() if not library.patterns[cause].check]
    steps = [step for pattern, path in found for step in [_step(pattern, path)]]
    weight: dict[str, int] = defaultdict(int)
    for step in steps:
        weight[step.source] += 1 + SEVERITIES.index(step.cause.severity)
    steps.sort(
        key=lambda s: (
            -weight[s.source],
            s.source,
            len(s.through),
            -SEVERITIES.index(s.cause.severity),
            s.cause.id,
        )
    )
    return Tree(symptom, entries, tuple(steps))


def _step(pattern: Pattern, path: tuple[str, ...]) -> Step:
    needed = dict.fromkeys(pieces(pattern.match))
    asked = [pattern.evidence[name] for name in needed]
    speaks = positive(pattern.match)
    looks = tuple(
        Look(piece.name, _question(piece), command(piece), piece.name in speaks and not piece.weak, _brief(piece))
        for piece in asked
    )
    holds = shown_term(pattern.match) if len(looks) > 1 or not isinstance(pattern.match, Piece) else ""
    source = _telling(pattern).source
    return Step(source, looks, holds, pattern, path, how_to_collect(source, {}))


def _telling(pattern: Pattern) -> Evidence:
    """Return the piece that names a pattern best: a strong required one, else a decisive one."""
    wanted = positive(pattern.match)
    every = list(pattern.evidence.values())
    required = [p for p in every if p.name in wanted]
    decisive = [p for p in every if p.strength == "decisive"]
    return next(iter([p for p in required if not p.weak] or decisive or required or every))


def _question(piece: Evidence) -> str:
    where = " ".join(piece.where.text.split()) if piece.where is not None else "any row"
    if piece.source.startswith("log."):
        return f"a line of {piece.source.removeprefix('log.')}'s log with {where}"
    return f"a row of {piece.source} with {where}"


def _brief(piece: Evidence) -> str:
    """Return what to look for as one says it: the words of a log stand in the command already."""
    said = in_words(piece.source)
    if piece.source.startswith("finding."):
        return f"known failure {piece.source.removeprefix('finding.')}"
    if grep(piece) or piece.where is None:
        return said
    return f"{said} with {' '.join(piece.where.text.split()).removeprefix('previous = false and ')}"


def command(piece: Evidence) -> str:
    """Return the command that shows on a live cluster whether a piece is there; empty where none is known."""
    run, found = how_to_collect(piece.source, {}), grep(piece)
    return f"{run} | {found}" if found and "kubectl" in run else run


def grep(piece: Evidence) -> str:
    """Return the filter that lets every line through which a piece of a log looks for; empty where none is known.

    It lets others through too: what the piece asks for besides is for the reader to judge.
    """
    literals = condition_literals(piece.where) if piece.where is not None else ()
    if not piece.source.startswith("log.") or not literals or len(literals) > MOST_WORDS:
        return ""
    written = {max((part.strip() for part in _JOINED.split(literal)), key=len) for literal in literals}
    if len(min(written, key=len)) < LEAST:
        return ""
    fewest = sorted(word for word in written if not any(other in word for other in written - {word}))
    return f"grep -F {' '.join(f'-e {_quoted(word)}' for word in fewest)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def lines(tree: Tree, *, details: bool = False) -> Iterator[str]:
    """Yield the tree as text: what to fetch, then question by question how to see it, and where yes and no lead.

    Args:
        tree: as `tree_of` gives it.
        details: causes of causes too, and every piece of evidence, instead of what shows each cause best.
    """
    yield f"Symptom: {tree.symptom}"
    for entry in tree.entries:
        yield f"  seen as: {entry.title} ({entry.id})"
    asked = list(tree.steps) if details else nearest(tree)[0]
    source = None
    for number, step in enumerate(asked, 1):
        if step.source != source:
            source = step.source
            yield ""
            yield f"Look at {in_words(source)} ({source}):"
            if step.fetch:
                yield f"  {step.fetch}"
        through = f", through {', '.join(name.partition('/')[2] for name in step.through)}" if step.through else ""
        yield f"{number:3}. {step.cause.title}? ({step.cause.id}{through})"
        yield from _told(step) if details else _briefly(step)
        if step.cause.remedy:
            yield f"     yes -> {to_fill_in(step.cause.remedy[0].do)} (all of it: patterns show {step.cause.id})"
        last = number == len(asked)
        yield "     no -> the cause is not among the known ones" if last else f"     no -> {number + 1}"
    if len(asked) < len(tree.steps):
        yield ""
        yield f"{len(tree.steps) - len(asked)} more are causes of these: --details, or `tree` with the id of a cause"


def _told(step: Step) -> Iterator[str]:
    if step.holds:
        yield f"     yes when: {step.holds}"
    for look in step.looks:
        yield f"       {look.name}: {look.question}"
        if look.run:
            yield f"         {look.run}"


def briefed(step: Step) -> tuple[str, tuple[Look, ...]]:
    """Return how the pieces that show a cause go together, for people, and the pieces.

    All of them where that is short, else the most telling ones; they have names where all are there.
    """
    whole = len(step.holds) <= LONGEST_TERM and len(step.looks) <= MOST_LOOKS
    if whole:
        named = tuple(replace(look, name=look.name if step.holds else "") for look in step.looks)
        return (f"yes when: {step.holds}" if step.holds else "", named)
    strong = [look for look in step.looks if look.shows] or list(step.looks)
    shown = tuple({look.run or look.brief: replace(look, name="") for look in strong}.values())[:MOST_LOOKS]
    return ("some of these (which go together: patterns show):" if len(shown) > 1 else "", shown)


def nearest(tree: Tree) -> tuple[list[Step], list[Step]]:
    """Return the questions about what causes the symptom itself, and those about causes of these."""
    return [step for step in tree.steps if not step.through], [step for step in tree.steps if step.through]


def _briefly(step: Step) -> Iterator[str]:
    together, looks = briefed(step)
    if together:
        yield f"     {together}"
    for look in looks:
        yield f"     {f'{look.name}: ' if look.name else ''}{look.brief}"
        if look.run and look.run != step.fetch:
            yield f"       {look.run}"


def symptoms_of(library: Library) -> Sequence[str]:
    """Return the symptoms of which the library knows a pattern."""
    names = {pattern.name for pattern in library.patterns.values()}
    return [symptom for symptom, own in SYMPTOMS.items() if any(name in names for name in own)]


_ID = re.compile(r"[^a-z0-9]+")


def slug(words: str) -> str:
    """Return words as a file name."""
    return _ID.sub("-", words.lower()).strip("-")
