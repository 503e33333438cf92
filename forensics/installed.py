"""What is installed in this environment: what is required, what could be added, and what is in the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version

OURS = "seldon-forensics"
PACKAGES = ("forensics", "parsers", "patterns")
_NEEDED = ("polars", "pyparsing", "typer", "rich", "orjson", "isal", "jinja2", "pyyaml", "zstandard", "lz4")


@dataclass(frozen=True, slots=True)
class Extra:
    """Something that may be installed besides.

    Attributes:
        name: as in `seldon-forensics[name]`.
        distribution: what is then installed.
        adds: what one gains.
    """

    name: str
    distribution: str
    adds: str


EXTRAS = (
    Extra("fast", "hyperscan", "faster matching on large bundles, with the same outcome"),
    Extra(
        "schemas", "kubernetes-validate", "the manifests of a review are judged by the schemas of the cluster's version"
    ),
    Extra("dev", "pytest", "the tests and checks of the project itself"),
)


def required() -> tuple[str, ...]:
    """Return what the installed distribution requires here; of a checkout that is not installed, what it needs."""
    try:
        listed = requires(OURS) or []
    except PackageNotFoundError:
        return _NEEDED
    names = [line.partition(";")[0].strip() for line in listed if ";" not in line]
    return tuple(_bare(name) for name in names) or _NEEDED


def versions(names: Iterable[str]) -> Mapping[str, str | None]:
    """Return the version of each distribution; None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def foreign() -> list[tuple[str, str]]:
    """Return each of our packages that another distribution has installed too, with that distribution.

    pip lets one overwrite the other without a word, and removing the stranger removes our files.
    """
    owners = packages_distributions()
    return [(package, other) for package in PACKAGES for other in sorted({*owners.get(package, ())} - {OURS})]


def _bare(requirement: str) -> str:
    for mark in "[<>=!~ (":
        requirement = requirement.partition(mark)[0]
    return requirement
