"""Secrets are never quoted: what looks like one is masked before it can reach any output."""

import re

MASK = "***"

_KEY = (
    r"(?:[\w.-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?access[_-]?key"
    r"|private[_-]?key|credential|sasl[._-]?jaas[._-]?config|session[_-]?key|auth)[\w-]*)"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # PEM blocks, on one line or several
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), MASK),
    # JSON Web Tokens
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"), MASK),
    # user:password@host in URLs
    (re.compile(r"(?<=://)([^\s/:@]+):([^\s/@]+)@"), rf"\1:{MASK}@"),
    # Authorization headers
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic|token|aws4-hmac-sha256)\s+)?)"
            r"[^\s\"',}]+"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_=.~-]{12,}"), rf"\1 {MASK}"),
    # signed URLs
    (
        re.compile(r"(?i)((?:X-Amz-(?:Signature|Credential|Security-Token)|sig|Signature|X-Goog-Signature)=)[^&\s\"']+"),
        rf"\1{MASK}",
    ),
    # well-known key shapes
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (re.compile(r"\b(?:ghp|gho|ghs|ghu|glpat|xox[abprs]|hf|sk|pk|npm)[_-][A-Za-z0-9_-]{16,}\b"), MASK),
    (re.compile(r"\bAIza[A-Za-z0-9_-]{30,}\b"), MASK),
    # an environment variable of a container: its value stands on the next line
    (
        re.compile(rf"(?i)(\bname[\"']?: ?[\"']?{_KEY}[\"']?,?\r?\n[ \t]*[\"']?value[\"']?: ?)([^\r\n]+)"),
        "",
    ),
    # key: value, key=value, "key": "value", --key value
    (
        re.compile(
            rf"(?i)([\"']?\b{_KEY}[\"']?[ \t]*(?:=>|[:=])[ \t]*)"
            r"(\"(?:[^\"\\]|\\.)+\"|'[^']+'|\[[^\]]*\]|\\\"[^\"\\]+\\\"|[^\s,;&\"'{}()\[\]]+)"
        ),
        "",
    ),
)  # fmt: skip

# After such a key comes a name, a count or a state, not a secret.
_HARMLESS_KEY = re.compile(
    r"(?i)(secret[_-]?(?:name|ref|key[_-]?ref|kind)|secretname|secrets?_?(?:mount|store|path|not_ready)|token[_-]?(?:url|endpoint|type|count|ttl|expir\w*)"
    r"|max_?tokens|num_?tokens|automountserviceaccounttoken|auth[_-]?(?:type|mode|method|enabled|url)|\w*_?(?:location|path|file|dir|url|endpoint)"
    r"|password[_-]?(?:file|location)|author\w*|authori\w+|authentic\w+|tokeniz\w+|secrets)"
    r"[\"']?[ \t]*(?:=>|[:=])[ \t]*$"
)
_HARMLESS_VALUE = re.compile(
    r"(?i)^[\"']?(?:true|false|null|none|nil|<nil>|<none>|\*{3,}|\[redacted\]|\[\]|\{\}|-?\d{1,6}|<\w+>|\$\{?\w+\}?|error|failed|not|invalid|missing|unknown|rpc|no)[\"']?$"
)
_HINTS = (
    "pass", "secret", "token", "key", "auth", "cred", "bearer", "basic", "eyJ", "://", "sig", "AKIA", "ASIA",
    "jaas", "X-", "ghp", "gho", "ghs", "ghu", "glpat", "xox", "hf_", "sk-", "pk-", "sk_", "pk_", "npm_", "AIza",
)  # fmt: skip


def mask(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced by `***`."""
    low = text.lower()
    if not any(hint.lower() in low for hint in _HINTS):
        return text
    for rule, instead in _RULES:
        text = rule.sub(instead or _pair, text)
    return text


def _pair(match: re.Match[str]) -> str:
    key, value = match.group(1), match.group(2)
    name = key
    if "\n" in key:  # `name: KEY` on one line, `value: …` on the next
        name = key.partition("\n")[0].partition(":")[2].strip(" \"',\r") + ":"
    if _HARMLESS_KEY.search(name) or _HARMLESS_VALUE.match(value):
        return match.group(0)
    quote = value[0] if value[0] in "\"'" else ""
    return f"{key}{quote}{MASK}{quote}"
