"""The connectivity matrix as a picture: who dials on the left, who is dialled on the right, a line for each port.

Open is a thin line, unknown a dotted one, shut a thick dashed one with a cross, so that it reads without colour too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from forensics.readiness.connectivity import side_by_side, told, where
from forensics.reporting.escape import inline

ROW = 44  # px between two boxes
WIDTH, HEIGHT = 250, 30  # px, of a box
GAP = 420  # px between the two columns
MOST = 80  # lines; past it, open ones are left out first
FAN = 5  # lines from one box side by side
LETTERS = 34  # of a name in a box
_STYLE = {
    "open": Markup('stroke="#2a7d46" stroke-width="1.5"'),
    "unknown": Markup('stroke="#8a6d00" stroke-width="1.5" stroke-dasharray="2 4"'),
    "shut": Markup('stroke="#b3261e" stroke-width="3" stroke-dasharray="8 4"'),
}
_BOX = Markup(
    '<rect x="{}" y="{}" width="{}" height="{}" rx="4" fill="none" stroke="currentColor"/>'
    '<text x="{}" y="{}" font-size="13" fill="currentColor">{}<title>{}</title></text>'
)
_LINE = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" {}><title>{}</title></line>')
_PORT = Markup('<text x="{}" y="{}" font-size="11" fill="currentColor">{}{}</text>')


def picture(rows: Any) -> Markup | None:
    """Return the picture of a matrix; None where there is nothing to draw."""
    given = side_by_side(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else []
    if not given:
        return None
    shown = given[:MOST]  # the matrix is sorted, the worst first
    left = _places(shown, "from", "from_namespace")
    right = _places(shown, "to", "to_namespace")
    height = ROW * max(len(left), len(right)) + 10
    parts = [_boxes(left, 4), _boxes(right, 4 + WIDTH + GAP)]
    starts: dict[str, int] = {}
    parts.extend(_connection(row, left, right, starts) for row in shown)
    width = 2 * WIDTH + GAP + 8
    label = f"{len(shown)} connections: who dials on the left, who is dialled on the right"
    opening = Markup('<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">')
    return opening.format(width, height, width, height, label) + Markup("").join(parts) + Markup("</svg>")


def _places(rows: Sequence[Mapping[str, Any]], side: str, space: str) -> dict[str, int]:
    names = dict.fromkeys(where(row.get(side), row.get(space)) for row in rows)
    return {name: 8 + index * ROW for index, name in enumerate(sorted(names))}


def _boxes(places: Mapping[str, int], x: int) -> Markup:
    made = []
    for name, y in places.items():
        word = inline(name)
        short = word if len(word) <= LETTERS else word[: LETTERS - 1] + "…"
        made.append(_BOX.format(x, y, WIDTH, HEIGHT, x + 8, y + 20, short, word))
    return Markup("").join(made)


def _connection(
    row: Mapping[str, Any], left: Mapping[str, int], right: Mapping[str, int], starts: dict[str, int]
) -> Markup:
    source, target = where(row.get("from"), row.get("from_namespace")), where(row.get("to"), row.get("to_namespace"))
    nth = starts[source] = starts.get(source, 0) + 1
    fan = ((nth - 1) % FAN - FAN // 2) * 5  # px; lines between the same boxes do not lie on each other
    y1, y2 = left[source] + HEIGHT // 2 + fan, right[target] + HEIGHT // 2 + fan
    x1, x2 = 4 + WIDTH, 4 + WIDTH + GAP
    state = str(row.get("state"))
    words = inline(", ".join(told(row)))
    share = 0.2 + 0.15 * ((nth - 1) % FAN)  # nor do their ports
    x, y = round(x1 + GAP * share), round(y1 + (y2 - y1) * share) - 3
    mark = "✕ " if state == "shut" else "? " if state == "unknown" else ""
    line = _LINE.format(x1, y1, x2, y2, _STYLE.get(state, _STYLE["unknown"]), words)
    return line + _PORT.format(x, y, mark, inline(row.get("port")))
