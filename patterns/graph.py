"""Which pattern explains which, and in what order findings can build on findings."""

from collections.abc import Mapping

from patterns.columns import FINDING
from patterns.pattern import Pattern


def edges(patterns: Mapping[str, Pattern]) -> dict[str, frozenset[str]]:
    """Return for each pattern what it explains: its own `explains`, and whose `explained_by` names it."""
    found: dict[str, set[str]] = {id: set(pattern.explains) for id, pattern in patterns.items()}
    for id, pattern in patterns.items():
        for cause in pattern.explained_by:
            found.setdefault(cause, set()).add(id)
    return {id: frozenset(symptoms) for id, symptoms in found.items()}


def rests_on(pattern: Pattern) -> frozenset[str]:
    """Return the patterns whose findings are evidence of this one."""
    return frozenset(
        piece.source.removeprefix(FINDING) for piece in pattern.evidence.values() if piece.source.startswith(FINDING)
    )


def in_order(patterns: Mapping[str, Pattern]) -> tuple[str, ...]:
    """Return the ids so that each stands after those whose findings it rests on; else in order of id."""
    done: dict[str, None] = {}
    waiting = sorted(patterns)
    while waiting:
        ready = [
            id for id in waiting if all(other in done or other not in patterns for other in rests_on(patterns[id]))
        ]
        done.update(dict.fromkeys(ready or waiting))
        waiting = [id for id in waiting if id not in done]
    return tuple(done)


def cycle(graph: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return one way round a cycle of the graph, first and last the same; empty if there is none."""
    finished: set[str] = set()
    for start in sorted(graph):
        trail: list[str] = []
        stack = [(start, iter(sorted(graph.get(start, frozenset()))))]
        if start in finished:
            continue
        trail.append(start)
        while stack:
            node, onward = stack[-1]
            following = next(onward, None)
            if following is None:
                stack.pop()
                trail.pop()
                finished.add(node)
            elif following in trail:
                return (*trail[trail.index(following) :], following)
            elif following not in finished:
                trail.append(following)
                stack.append((following, iter(sorted(graph.get(following, frozenset())))))
    return ()
