"""A baseline: deviations of an installation that are known and accepted, each with a reason and a day it ends.

```toml
[[accept]]
check   = "architecture/arch-no-tls-control-plane"
subject = { namespace = "team-a" }        # none: any subject
reason  = "the cluster network is encrypted"
until   = 2026-12-31
```
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from parsers.schema import NAMES
from patterns.packs import Suppression

_KEYS = ("check", "subject", "reason", "until")


class BaselineError(ValueError):
    """A baseline that cannot be used, with every mistake in it."""


def read_baseline(path: Path) -> tuple[Suppression, ...]:
    """Return what a baseline accepts.

    Raises:
        BaselineError: when it cannot be read, or an entry lacks a reason or an end.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: cannot be read: {error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BaselineError(f"{path}: not TOML: {error}") from None
    mistakes = [f"{path}: there is no key `{key}`; only [[accept]]" for key in table if key != "accept"]
    listed = table.get("accept", [])
    made = []
    for index, each in enumerate(listed if isinstance(listed, list) else [listed], 1):
        try:
            made.append(_accepted(each))
        except ValueError as error:
            mistakes.append(f"{path}: accept {index}: {error}")
    if mistakes:
        raise BaselineError("\n".join(mistakes))
    return tuple(made)


def _accepted(given: Any) -> Suppression:
    if not isinstance(given, Mapping):
        raise ValueError("should be a table: [[accept]]")
    strange = [key for key in given if key not in _KEYS]
    if strange:
        raise ValueError(f"there is no key `{strange[0]}`; only {', '.join(_KEYS)}")
    check, reason, subject = given.get("check"), given.get("reason"), given.get("subject", {})
    if not isinstance(check, str) or not check.strip():
        raise ValueError("check is missing: the id of the check, such as architecture/arch-no-ingress")
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError("reason is missing: why it is accepted, for whoever reads this next")
    if not isinstance(subject, Mapping) or not all(k in NAMES and isinstance(v, str) for k, v in subject.items()):
        raise ValueError("subject should be a table of names such as { namespace = ... }")
    identity = check if "/" in check else f"architecture/{check}"
    return Suppression(identity, dict(subject), reason.strip(), _until(given.get("until")))


def _until(value: object) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise ValueError("until is missing, or in quotes: the day it ends, such as 2026-12-31")
