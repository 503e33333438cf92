"""What a shell offers behind Tab: symptoms, and the names of patterns. Nothing is read but the names of files."""

from importlib.resources import files


def symptoms(incomplete: str) -> list[str]:
    """Return the symptoms that begin so, in any case."""
    from forensics.guides.trees import SYMPTOMS

    return [symptom for symptom in SYMPTOMS if symptom.lower().startswith(incomplete.lower())]


def pattern_names(incomplete: str) -> list[str]:
    """Return the patterns that are shipped and begin so: names, or with a slash, ids."""
    layers = [layer for layer in files("patterns").joinpath("library").iterdir() if layer.is_dir()]
    ids = [f"{x.name}/{y.name.removesuffix('.toml')}" for x in layers for y in x.iterdir() if y.name.endswith(".toml")]
    names = ids if "/" in incomplete else [id.partition("/")[2] for id in ids]
    return sorted(name for name in names if name.startswith(incomplete))
