"""Write a bill of materials: CycloneDX 1.6, JSON, the same bytes for the same wheels.

Source: CycloneDX 1.6 JSON reference (bomFormat, components, dependencies).
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any

NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122: names that are URLs
SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def licence_of(meta: Message) -> str:
    """Return the licence a wheel declares: its SPDX expression, else a classifier, else what it says."""
    if meta["License-Expression"]:
        return str(meta["License-Expression"])
    for classifier in meta.get_all("Classifier") or ():
        name = classifier.rpartition(" :: ")[2]
        if classifier.startswith("License :: ") and name != "OSI Approved":
            return SPDX.get(name, name)
    return str(meta["License"] or "").strip().split("\n")[0] or "not declared"


def bill(
    components: Iterable[tuple[str, str, Message, Sequence[Path]]],
    edges: Mapping[str, Sequence[str]],
    moment: int,
) -> bytes:
    """Return the bill of materials.

    Args:
        components: name, version, METADATA and wheels of each distribution.
        edges: what each needs, by name.
        moment: its date, in seconds since 1970.
    """
    listed = sorted(components, key=lambda c: c[0])
    refs = {name: f"pkg:pypi/{name}@{version}" for name, version, _, _ in listed}
    made = {name: _component(name, version, meta, files) for name, version, meta, files in listed}
    main = made.pop("seldon-forensics")
    body: dict[str, Any] = {
        "metadata": {
            "timestamp": datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": main | {"type": "application"},
        },
        "components": list(made.values()),
        "dependencies": [
            {"ref": refs[name], "dependsOn": sorted(refs[n] for n in edges.get(name, ()) if n in refs)} for name in refs
        ],
    }
    serial = uuid.uuid5(NAMESPACE, json.dumps(body, sort_keys=True))
    whole = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **body,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n"


def _component(name: str, version: str, meta: Message, files: Sequence[Path]) -> dict[str, Any]:
    ref = f"pkg:pypi/{name}@{version}"
    licence = licence_of(meta)
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": version,
        "purl": ref,
        "description": str(meta["Summary"] or ""),
    }
    if meta["License-Expression"]:
        made["licenses"] = [{"expression": licence}]
    elif licence != "not declared":
        known = licence in SPDX.values()
        made["licenses"] = [{"license": {"id" if known else "name": licence}}]
    if len(files) == 1:
        made["hashes"] = [_hash(files[0])]
    made["components"] = [
        {"type": "file", "bom-ref": f"{ref}#{path.name}", "name": path.name, "hashes": [_hash(path)]} for path in files
    ]
    return made


def _hash(path: Path) -> dict[str, str]:
    return {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}
