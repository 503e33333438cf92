"""Keep secrets out of every column: copy an object without them.

What is masked becomes `***`; the key stays. Masked are the values of Secrets, values under a name that means a
secret (`password`, `SASL_TOKEN`; but not `secretName`, `TLS_SECRET_NAME`, which only say where one is), and inside
any text: private keys, tokens with a known shape, passwords in URLs, and `password=…` of a configuration file.

`managedFields` and the annotations that repeat the object (`…/last-applied…`) are left out.
"""

import re
from functools import lru_cache
from typing import Any

MASK = "***"
_SHORTEST = 8  # characters of a text with a secret in it
DEPTH = 100  # levels of nesting; Kubernetes' own objects have fewer than 40

_SECRET_NAME = re.compile(
    r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|api[-_.]?key|access[-_.]?key|key[-_]data|account[-_.]?key|private[-_.]?key"
    r"|credential|authorization|jaas|connection[-_.]?string|dockerconfig|encryption[-_.]?key|htpasswd|(?:^|[-_.])pass$)"
)
_NOT_ITSELF = re.compile(
    r"(?i)(?:name|namespace|ref|path|file|location|dir|type|mode|format|url|uri|endpoint|provider|policy|expiration\w*"
    r"|seconds|ttl|audience|kind|version|enabled|required|optional|mount|volume|issuer|class|prefix|id_?field)s?$"
)
_SENSITIVE = (
    r"(?:passw(?:or)?d|passphrase|secret[-_.]?(?:access[-_.]?)?key|client[-_.]?secret|token|api[-_.]?key"
    r"|access[-_.]?key(?:[-_.]?id)?|account[-_.]?key|private[-_.]?key|sasl\.jaas\.config|sas_url)"
)
_IN_TEXT = (
    (re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|$)"), MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{30,}|\bxox[abprs]-[\w-]{10,}"), MASK),
    (re.compile(r"(?i)(\b(?:bearer|basic) )[\w+/=.~-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"(\w{2,10}://[^\s/:@]{0,100}:)[^\s/@]{1,200}@"), rf"\1{MASK}@"),
    (re.compile(rf'(?i)(["\']?[\w.-]{{0,40}}{_SENSITIVE}\\?["\']?\s*[:=]\s*\\?")[^"\\\n]+'), rf"\1{MASK}"),
    # written as a setting, `a=b` or a line `a: b`; prose such as `failed to fetch token: pod is gone` stays
    (
        re.compile(
            rf'(?i)((?:^|[\s,;{{(&?-])[\w.-]{{0,40}}{_SENSITIVE}\s?=>?\s?)(?!\\?")(?:[bru]?\'[^\']+\'|\w{{0,20}}\(["\'][^()]*\)|[^\s"\',;&}}]+)'
        ),
        rf"\1{MASK}",
    ),
    (re.compile(rf"(?im)(^[ \t-]*[\w.-]{{0,40}}{_SENSITIVE}[ \t]?:[ \t]+)[^\s\"]+[ \t]*$"), rf"\1{MASK}"),
)
# In small letters. In a long text a search for each costs less than one expression for all.
_HINTS = (
    "private key", "eyj", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox", "bearer ", "basic ", "passw",
    "passphrase", "secret", "token", "key", "jaas", "sas_url",
)  # fmt: skip
_HINT = re.compile("|".join((*_HINTS, r"://[^\s/]*@")))
_LONG = 200
_REPEATS = re.compile(r"last-applied")


class UnboundedError(ValueError):
    """An object too deep, or far larger than its text: an alias bomb."""


def secret_name(name: str) -> bool:
    """Whether a field or variable of this name holds a secret, and not merely says where one is."""
    return _short_secret_name(name) if len(name) < _LONG else _names_secret(name)


def _names_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None and _NOT_ITSELF.search(name) is None


def masked(text: str) -> str:
    """Return `text` without the secrets that its own shape gives away."""
    if len(text) < _SHORTEST:
        return text
    if len(text) < _LONG:
        return _masked_short(text)
    low = text.lower()
    if not any(hint in low for hint in _HINTS) and not ("://" in low and "@" in low):
        return text
    return _without_any(text)


def _without_any(text: str) -> str:
    for shape, instead in _IN_TEXT:
        text = shape.sub(instead, text)
    return text


# The fields and values of objects repeat; of long ones none is kept.
_short_secret_name = lru_cache(4096)(_names_secret)
_masked_short = lru_cache(16_384)(lambda text: text if _HINT.search(text.lower()) is None else _without_any(text))


def without_secrets(value: dict[str, Any], budget: int) -> dict[str, Any]:
    """Return a copy of an object that may be shown.

    Args:
        value: the object as loaded.
        budget: how many values it may have; more than its text has characters means aliases at work.

    Raises:
        UnboundedError: when it is deeper than `DEPTH` or larger than `budget`.
    """
    copied: dict[str, Any] = _Copy(budget).of(value, 0)
    if value.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if isinstance(copied.get(part), dict):
                copied[part] = dict.fromkeys(copied[part], MASK)
    return copied


class _Copy:
    def __init__(self, budget: int) -> None:
        self.left = budget

    def of(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0:
            raise UnboundedError("it grows far beyond its text (aliases of aliases)")
        if isinstance(value, str):
            return masked(value)
        if isinstance(value, dict):
            return self._mapping(value, depth)
        if isinstance(value, list):
            self._check(depth)
            return [self.of(each, depth + 1) for each in value]
        return value if value is None or isinstance(value, bool | int | float) else str(value)

    def _mapping(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        self._check(depth)
        copied: dict[str, Any] = {}
        for key, each in value.items():
            name = key if isinstance(key, str) else str(key)
            if name == "managedFields" or (isinstance(each, str) and _REPEATS.search(name)):
                continue
            hidden = isinstance(each, str) and each and secret_name(name)
            copied[name] = MASK if hidden else self.of(each, depth + 1)
        variable = value.get("name")
        if (
            isinstance(variable, str)
            and isinstance(value.get("value"), str)
            and value["value"]
            and secret_name(variable)
        ):
            copied["value"] = MASK
        return copied

    def _check(self, depth: int) -> None:
        if depth > DEPTH:
            raise UnboundedError(f"it is nested deeper than {DEPTH} levels")
