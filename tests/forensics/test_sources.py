"""Every source that a pattern asks for has a name that can be said on the phone."""

from forensics.reporting.sources import in_words
from patterns.loader import load_library


def test_every_source_of_the_library_has_a_name() -> None:
    asked = {piece.source for pattern in load_library().patterns.values() for piece in pattern.evidence.values()}

    assert {s for s in asked if in_words(s) == s and not s.startswith("finding.")} == set()


def test_a_kind_is_called_as_kubernetes_calls_it() -> None:
    assert [in_words(f"k8s.{kind}") for kind in ("networkpolicy", "ingressclass", "endpoints", "model")] == [
        "NetworkPolicies",
        "IngressClasses",
        "Endpoints",
        "Models",
    ]
    assert in_words("k8s.unheardof") == "k8s.unheardof"
