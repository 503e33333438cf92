"""How a pattern is run: literals that nominate, conditions that decide, and their cost."""

from patterns.conditions import shown
from patterns.literals import condition_literals
from patterns.matches import shown_term
from patterns.pattern import Pattern


def plan_of(pattern: Pattern) -> str:
    """Return, for each piece, what nominates its rows and what decides on them."""
    lines = [f"{pattern.id}", f"  match: {shown_term(pattern.match)}"]
    for name, piece in pattern.evidence.items():
        lines.append(f"  {name} ({piece.strength}) from {piece.source}")
        if piece.where is None:
            lines.append("    every row")
            continue
        literals = condition_literals(piece.where)
        if literals:
            lines.append(f"    nominated by: {', '.join(repr(literal) for literal in literals)}")
        else:
            lines.append("    nominated by: nothing; the condition is asked of every row")
        lines.append(f"    decided by: {shown(piece.where.root)}")
        if piece.names:
            lines.append(f"    binds: {', '.join(sorted(piece.names))}")
    return "\n".join(lines)
