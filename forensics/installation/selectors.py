"""Label selectors of Kubernetes: `matchLabels` and `matchExpressions`.

Source: LabelSelector in the API of Kubernetes; an empty selector selects everything, a missing one nothing.
"""

from collections.abc import Mapping
from typing import Any


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a selector, as parsed from YAML or JSON, selects something with these labels."""
    if not isinstance(selector, Mapping) or not well_formed(selector):
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(e, labels) for e in selector.get("matchExpressions") or [])


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def sure_of(selector: Any, known: Mapping[str, str]) -> bool:
    """Whether labels of which only some are known suffice to judge a selector: each key it names is known."""
    if not isinstance(selector, Mapping):
        return True
    keys = set(selector.get("matchLabels") or {}) | {e.get("key") for e in selector.get("matchExpressions") or []}
    return keys <= set(known)


def well_formed(selector: Any) -> bool:
    """Whether something has the shape of a selector, or is none."""
    if not isinstance(selector, Mapping):
        return selector is None
    labels, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    return (
        isinstance(labels, Mapping)
        and isinstance(expressions, list)
        and all(isinstance(e, Mapping) and isinstance(e.get("values") or [], list) for e in expressions)
    )
