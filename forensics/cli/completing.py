"""What a shell offers behind Tab: symptoms, and the names of patterns. Nothing is read but the names of files."""


def symptoms(incomplete: str) -> list[str]:
    """Return the symptoms that begin so, in any case."""
    from forensics.guides.trees import SYMPTOMS

    return [symptom for symptom in SYMPTOMS if symptom.lower().startswith(incomplete.lower())]


def pattern_names(incomplete: str) -> list[str]:
    """Return the patterns that are shipped and begin so: names, or with a slash, ids."""
    from patterns.loader import own_files

    names = own_files() if "/" in incomplete else [id.partition("/")[2] for id in own_files()]
    return sorted(name for name in names if name.startswith(incomplete))
