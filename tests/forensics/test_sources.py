"""Every source that a pattern asks for has a name that can be said on the phone."""

from forensics.reporting.sources import in_words, spoken
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


def test_a_reason_is_told_with_the_names_of_its_sources() -> None:
    reason = "signs of it were seen; log.agent: not collected; k8s.pod: none listed"

    assert spoken(reason) == "signs of it were seen; the agent's log: not collected; Pods: none listed"
    assert spoken("no sign of it: dial (log.agent)") == "no sign of it: dial (the agent's log)"
    assert spoken("its catalog.agent stays") == "its catalog.agent stays"
