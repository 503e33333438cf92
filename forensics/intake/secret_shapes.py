# ruff: noqa: E501, RUF001 - a shape is as long as it is, and in any language
"""What a secret looks like in one text.

A shape has words (in lower case) without which it cannot be there, and what takes its place; None where the key in
front is to be looked at first, since behind some keys stands a name or a count.
"""

import re
from dataclasses import dataclass

MASK = "***"

# In one group: in the script that collects no expression has more than nine.
WORDS = (
    r"(?:p?assword|passwd|passphrase|passcode|pwd|secret|token|api[ _-]?key|access[ _-]?key[ _-]?id|access[ _-]?key"
    r"|account[ _-]?key|private[ _-]?key|encryption[ _-]?key|subscription[ _-]?key|signing[ _-]?key|shared[ _-]?key"
    r"|master[ _-]?key|secret[ _-]?key|customer[ _-]?key|license[ _-]?key|deploy[ _-]?key|key[_-]data|key[_-]pem|credential"
    r"|sasl[._-]?jaas[._-]?config|session[_-]?key|auth)"
)
KEY = rf"(?:[\w.-]{{0,60}}{WORDS}[\w-]{{0,60}}|(?:[\w.-]{{0,60}}[._-])?(?:pass|pw))"
# The end of a key, where a search may begin at once: what stands in front of it is looked at when it was found.
_KEY_END = rf"(?:{WORDS}[\w-]{{0,60}}|(?:(?<![A-Za-z])|(?<=store)|(?<=key)|(?<=db)|(?<=user))pass(?![\w-])|(?<![A-Za-z0-9])pw(?![\w-]))"
_OF_KEY = (
    "pass", "assword", "pwd", "pw", "secret", "token", "key", "auth", "cred", "jaas",
)  # fmt: skip
_HEADER = rf"(?:{KEY}|(?:proxy-)?authorization|(?:set-)?cookie)"
_SCHEME = (
    r"(?:(?:bearer|basic|token|api-?key|aws|aws4-hmac-sha256|negotiate|ntlm|key|jwt|splunk|sharedkey(?:lite)?|geniekey)"
    r"\s+)"
)
_START = r"(?:\b|(?<=%[0-9A-Fa-f]{2}))"
_SIGN = r"[^\s\"'\\,;()<>{}\[\]]"
# What looks like no word: letters and a digit.
_NO_WORD = rf"(?!(?:SASL|SCRAM)|[\w.-]+[:=]\S)(?={_SIGN}{{0,99}}\d)(?={_SIGN}{{0,99}}[A-Za-z]){_SIGN}{{6,}}"
# What looks like no object's name either: those are in small letters.
_NO_NAME = (
    rf"(?:(?={_SIGN}{{0,99}}\d)(?={_SIGN}{{0,99}}[A-Z])(?={_SIGN}{{0,99}}[a-z])[\w+/=~!#$%&*?^-]{{10,}}"
    r"|[0-9a-f]{24,})(?!\w|[.:]\w)"
)
_VALUE = r"\"[^\"]+\"|'[^']+'|[^\s\"'-][^\s\"']*"

_SCRIPT_KEY = rf"(?:{WORDS}[\w-]{{0,60}}|(?:^|[^A-Za-z]|store|key|db|user)pass|(?:^|[^A-Za-z0-9])pw)\\*[\"']?[ \t]*(?:=>|[:=])[ \t]*"

# A value as it is written behind its key; a quote that is missing at the end of a line was cut off.
_PLAIN = r"[^\s,;&\"'{}()\[\]\\]"
_WRITTEN = (
    r"(?P<mark>\\+)\"(?!(?P=mark)\").*?(?:(?<!\\)(?P=mark)\"|$)"
    r"|[bru]{0,2}\"(?:[^\"\\]|\\.)+\"(?:(?=\w)[^\s,;&\"'{}()\[\]\\]+\"?)?|[bru]{0,2}'[^']+'|[\"'][^\"'\r\n]+(?=[\r\n]|$)"
    r"|\w{0,20}\(\\*[\"'][^()]*\)|\[[^\]]*(?:\]|$)"
    rf"|{_PLAIN}(?:{_PLAIN}|[{{(\[)}}\]\"'](?=\w)|\\+(?=[A-Za-z0-9])(?![nrtu])|[,;&](?=[^\s=:,;&\"'{{}}()\[\]\\]+(?:[\s\"'\\]|$)))*"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to write a secret; `script` says it for the script that collects, which can ask nothing of a match."""

    words: tuple[str, ...]
    regex: re.Pattern[str]
    instead: str | None
    script: tuple[str, ...] = ()


def _shape(words: str | tuple[str, ...], regex: str, instead: str | None = MASK, script: tuple[str, ...] = ()) -> Shape:
    return Shape(tuple(words.split()) if isinstance(words, str) else words, re.compile(regex), instead, script)


_KEPT = rf"\1{MASK}"  # the first group stays

SHAPES: tuple[Shape, ...] = (
    # PEM blocks, on one line or several, and what they are in Base64
    _shape(
        ("private key",), r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    ),
    _shape("ls0tls1crudjti", _START + r"LS0tLS1CRUdJTi(?!BDRVJUSUZJQ0FUR)[A-Za-z0-9+/]{8,}={0,2}"),
    # JSON Web Tokens
    _shape("eyj", _START + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"),
    # user:password@host in URLs, and tokens in the place of the user
    _shape("://", r"(?<=://)[A-Za-z0-9_-]{20,}(?::(?:x-oauth-basic|x)?)?@", f"{MASK}@"),
    _shape("://", r"(?<=://)([^\s/:@\"']{0,100}):([^\s/@\"']+(?:@[^\s/@\"'?&=<>(),:]+)*)@", rf"\1:{MASK}@"),
    _shape(
        "://",
        r"(?<=://)([^\s/:@\"'\[{<]{0,100}):(?!\d{1,5}(?:[/?#]|$))([^\s@\"'?&=<>(),*]{1,100})@(?=[\w-])",
        rf"\1:{MASK}@",
    ),
    # the same without a scheme
    _shape(
        "@",
        r"(?<![\w/.@:=-])([A-Za-z][\w.-]{0,60}:)(?=[^\s/:@\"']*\d)[^\s/:@\"'\\,;()<>{}\[\]=*]{6,100}"
        r"@(?=[A-Za-z][\w-]*(?:\.[A-Za-z]|:\d{2,5}\b|/|::)|\d{1,3}\.\d{1,3}\.|localhost)",
        rf"\1{MASK}@",
    ),
    _shape("oracle:", r"(\boracle:\w+:[^/\s@]{1,100}/)[^\s@*]+(?=@)", _KEPT),
    # Authorization and Cookie headers
    _shape("digest", r"(?i)(\b(?:response|nonce|cnonce|opaque)=\\*\"?)[^\s,\"\\]{8,}", _KEPT),
    _shape(
        "authorization",
        rf"(?i)\b((?:proxy-)?authorization\\*[\"']?\s*[:=]\s*(?>\[?\\*[\"']?)(?!{_SCHEME}?\*\*\*){_SCHEME}?)[^\s\"',}}\\\]]+",
        _KEPT,
    ),
    _shape("cookie", r"(?i)(\\*\"[^\"\\]*cookie[^\"\\]*\\*\"\s*:\s*\\*\")[^\"\\]+", _KEPT),
    _shape("cookie", r"(?i)\b((?:set-)?cookie\\*[\"']?\s*:\s*\[?\\*[\"']?)[^\r\n\"'\\]+", _KEPT),
    _shape("bearer basic", r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_=.~-]{12,}", rf"\1 {MASK}"),
    # a header or a variable as a pair: of Python, of JSON, of Envoy
    _shape(
        (*_OF_KEY, "cookie"),
        rf"(?i)((?<![\w:])b?\\*([\"']){_HEADER}\\*\2\s*,\s*b?\\*([\"'])(?:bearer\s+|basic\s+)?)"
        r"(?=[^\"'\\]*\d)[^\"'\\]{6,}(?=\\*\3)",
        _KEPT,
        (
            rf"(?i)(\\*[\"']{_HEADER}\\*[\"']\s*,\s*b?\\*[\"'](?:bearer\s+|basic\s+)?)(?=[^\"'\\]*\d)[^\"'\\]{{6,}}",
        ),
    ),
    _shape(
        ("value",),
        rf"(?i)(\"(?:name|key|header)\\*\"\s*:\s*\\*\"{_HEADER}\\*\"\s*,\s*\\*\"value\\*\"\s*:\s*\\*\")"
        r"(?!\\*\")((?:[^\"\\]|\\[^\"\\])+)",
        None,
    ),
    _shape(
        ("value",),
        rf"(?i)(\"value\\*\"\s*:\s*\\*\")(?:[^\"\\]|\\[^\"\\])+(?=\\*\"\s*,\s*\\*\"(?:name|key|header)\\*\"\s*:\s*\\*\"{_HEADER}\\*\")",
        _KEPT,
        (
            rf"(?i)(\"value\\*\"\s*:\s*\\*\")[^\"\\]+(\\*\"\s*,\s*\\*\"(?:name|key|header)\\*\"\s*:\s*\\*\"{_HEADER}\\*\")",
        ),
    ),
    # signed URLs, and what stands in a query under a name that says little
    _shape(
        "sig x-amz x-goog",
        r"(?i)(\b(?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|sig|Signature)(?:=|\\*\"\s*:\s*\\*\"))[^&\s\"'\\]+",
        _KEPT,
    ),
    _shape("key= code= auth=", r"(?i)([?&](?:key|code|auth)=)(?=[^&\s\"'\\]*\d)[^&\s\"'\\]{12,}", _KEPT),
    # well-known shapes of keys
    _shape("akia asia", rf"{_START}(?:AKIA|ASIA)[A-Z0-9]{{16}}\b"),
    _shape(
        "ghp_ ghs_ gho_ ghu_ ghr_ glpat xox hf_ sk- k_live_ k_test_ k_lf- k-lf- npm_",
        _START + r"(?:gh[pousr]_[A-Za-z0-9]{16,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{16,}|(?:hf|npm)_[A-Za-z0-9]{16,}"
        r"|sk-(?:proj-|ant-|or-|svcacct-)[\w-]{16,}|sk-(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{16,}"
        r"|[spr]k_(?:live|test)_\w{16,}|[sp]k[_-]lf-[\w-]{16,})",
    ),
    _shape("aiza", rf"{_START}AIza[A-Za-z0-9_-]{{30,}}\b"),
    _shape(
        "_pat_ pypi- ya29. sg. age-secret xapp- gocspx- hvs. hvb. hvr. q~ dop_v1 atlasv1 glsa_ nrak- shpat_ dapi key- lin_api",
        _START + r"(?:github_pat_\w{20,}|dckr_pat_[\w-]{16,}|pypi-[\w-]{40,}|ya29\.[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}"
        r"|AGE-SECRET-KEY-1\w{20,}|xapp-\d-[\w-]{20,}|GOCSPX-[\w-]{20,}|hv[sbr]\.[\w-]{20,}|[\w.~-]{3}[78]Q~[\w.~-]{25,}"
        r"|do[opr]_v1_[0-9a-f]{32,}|[A-Za-z0-9]{10,}\.atlasv1\.[\w-]{40,}|glsa_\w{20,}|NRAK-[A-Z0-9]{16,}"
        r"|shp(?:at|ca|pa|ss)_[0-9a-f]{32}|dapi[0-9a-f]{32}|key-[0-9a-f]{32}|lin_api_\w{20,})",
    ),
    _shape(":aa", r"(?<![\w:])((?:bot)?\d{6,12}:)AA[A-Za-z0-9_-]{20,}(?![\w:])", _KEPT),
    # hashes of passwords
    _shape(
        "$2 $apr1$ $1$ $5$ $6$ $y$ $argon $scrypt $pbkdf", r"\$(?:2[abxy]|apr1|[156y]|argon2\w{1,2}|scrypt|pbkdf2[\w-]{0,20})\$[./A-Za-z0-9$=,+-]{13,}"
    ),
    _shape("{sha} {ssha}", r"(\{S?SHA\})[A-Za-z0-9+/]{20,}={0,2}", _KEPT),
    # commands: curl -u user:password, kubectl --from-literal=key=value, docker login -p, and others
    _shape(
        "-u --",
        r"((?:^|[\s\"'])(?:-u|--user|--auth|--proxy-user)[ =]?[\"']?[^\s:\"']{1,100}:)(?!//)[^\s\"'\\]+",
        _KEPT,
    ),
    _shape("-u --", r"(\"(?:-u|--user|--proxy-user)\\*\"\s*,\s*\\*\"[^\s:\"']{1,100}:)[^\"\\]+", _KEPT),
    _shape((" -a",), r"(\bhttps? (?:[^\r\n|;\"]{0,200}?\s)??-a[ =]?[\"']?[^\s:\"']{1,100}:)(?!//)[^\s\"'\\]+", _KEPT),
    _shape("redis-cli", r"(\bredis-cli\b[^\r\n|;]{0,200}?\s-a[ =]?[\"']?)[^\s\"'\\]+", _KEPT),
    _shape("curl", r"(\bcurl\b[^\r\n|;]{0,400}?\s(?:-b|--cookie)[ =]?[\"']?[\w.-]{1,60}=)[^\"'\\\r\n]+?(?=[\"'\\\r\n]|\s-|\shttps?:|$)", _KEPT),
    _shape("--from-literal", r"(--from-literal[= ][\"']?[\w.-]{1,200}=)[^\s\"']+", _KEPT),
    _shape(
        (" -p",),
        r"(\b(?:(?:docker|podman|nerdctl|oras) login|mysql(?:dump|admin)?|sshpass)\b[^\r\n|;]{0,200}?\s-p[ =]?)"
        r"[^\s\"'\\-][^\s\"'\\]*",
        _KEPT,
    ),
    _shape(("mc alias", "mc config"), r"(\bmc (?:alias|config host) (?:set|add) \S+ \S+ \S+ )[^\s\"'\\]+", _KEPT),
    _shape("obscure", r"(\brclone obscure )[^\s\"'\\-][^\s\"'\\]*", _KEPT),
    _shape(
        ("aws configure", "setenv ", "set -"),
        rf"(?i)(\b(?:aws configure set|setenv|set -\w+) {KEY} )[^\s\"'\\]+",
        _KEPT,
    ),
    _shape("pass", r"(?i)((?<![\w-])--?[a-z]{0,20}(?:store|key)pass )[^\s\"'\\]+", _KEPT),
    _shape("htpasswd", r"(\bhtpasswd -\w*b\w* \S+ \S+ )[^\s\"'\\]+", _KEPT),
    _shape("password-stdin", r"(\b(?:echo|printf) (?:-n )?[\"']?)[^\s\"'|$]+(?=[\"']?\s*\|[^|]*password-stdin)", _KEPT),
    _shape("ldap", r"(\bldap\w+\b[^\r\n|;]{0,200}?\s-w[ =]?)[^\s\"'\\]+", _KEPT),
    _shape("password identified", r"(?i)(\b(?:with(?: encrypted)? password|identified (?:with \S+ )?by)\s+\\*[\"'])[^\"'\\]+", _KEPT),
    # said in words, where what follows looks like no word
    _shape(
        "pass pwd",
        r"(?i)(\b(?:password|passphrase|passwd|passcode|pwd) (?:is|was)[ :]+\\*[\"']?)(?=[^\s\"'\\]*\d)[^\s\"'\\]{6,}",
        _KEPT,
    ),
    _shape(
        "pass pwd key",
        r"(?i)((?<![\w-])(?:\w{0,40}(?:password|passphrase|passwd|passcode)|api[ _-]?key|(?:secret )?access[ _-]?key)"
        rf"\s+\|?\s*\\*[\"']?){_NO_WORD}",
        _KEPT,
    ),
    _shape(
        "secret token cred",
        r"((?<![\w-])\w{0,40}(?i:secret|token|credentials?)(?: (?:is|was))?\s+\|?\s*\\*[\"']?)" + _NO_NAME,
        _KEPT,
    ),
    _shape("pass", r"(?i)(\b(?:user(?:name)?|login)\s?/\s?pass(?:word)?\s?[:=]\s?[^\s/]{1,60}\s?/\s?)[^\s\"'\\]+", _KEPT),
    _shape("credential", r"(?i)(\bcredentials?\s?[:=]\s?[^\s/\"']{1,60} ?/ ?)[^\s\"'\\]+", _KEPT),
    _shape("pass secret token key", rf"(?i)((?:^|(?<=[\s\"'=]))\"?{KEY}\"?,)(?=[^,]*\d)[^\s,\"'\\]{{8,}}", _KEPT),
    _shape(_OF_KEY, rf"(?i)((?<![\w-])--?[\w.-]{{0,60}}{WORDS}[ \t]+)({_VALUE})", None),
    # the same as a list of arguments
    _shape(_OF_KEY, rf"(?i)((?<![\w-])--?[\w.-]{{0,60}}{WORDS}\\*\"\s*,\s*\\*\")[^\"\\]+", _KEPT),
    # elements and attributes of XML
    _shape("</", rf"(?i)(<{KEY}>)[^<]+(?=</)", _KEPT),
    _shape(
        "value=",
        rf"(?i)(\b(?:key|name)=\\*[\"']?{KEY}\\*[\"']?[\s/][^<>]{{0,80}}?\bvalue=)(\\*[\"'][^\"'\\]+|[^\s\"'\\/<>]+)",
        None,
    ),
    # a key and its value as a URL writes them inside of another
    _shape(
        "%3", rf"(?i)(\b{KEY}%3[ad](?:%20|%22|%27)*)(?:%(?!2[26cC7]|7[dD])[0-9a-f]{{2}}|[^\s&%\"'\\])+", _KEPT
    ),
    # netrc, pgpass, the sources of Go's database drivers, hooks of messengers
    _shape("login", r"(?i)(\blogin\s+\S{1,100}\s+password\s+)\S+", _KEPT),
    _shape(":5432: :3306: :*:", r"((?:^|(?<=[\s\"'=]))[\w.*-]+:(?:\d{2,5}|\*):[\w*-]+:[\w*.-]+:)[^\s:\"'\\]+", _KEPT),
    _shape("@tcp( @udp( @unix(", r"(\b[\w.-]{1,60}:)[^\s:@/\"']{1,200}(?=@(?:tcp|udp|unix)\()", _KEPT),
    _shape(
        "slack.com webhook",
        r"(?i)((?:hooks\.slack\.com/services|/api/webhooks|webhook\.office\.com/webhookb2)/)[\w/@.-]+",
        _KEPT,
    ),
    # what ends in KEY, where its value looks like no word
    _shape(
        "_key",
        r"(\b[A-Z][A-Z0-9_]{0,60}_KEY\\*[\"']?[ \t]*[:=][ \t]*\\*[\"']?)(?=[^\s\"']*\d)[^\s\"',;\\]{16,}",
        _KEPT,
    ),
    _shape("key", r"(?i)(\bkey\\*[\"']?[ \t]*[:=][ \t]*\\*[\"']?)[A-Za-z0-9+/]{40,}={1,2}", _KEPT),
    # what stands in Envoy's secrets and other binary fields
    _shape("inline_bytes", r"(\"inline_bytes\\*\"\s*:\s*\\*\")[^\"\\]+", _KEPT),
    _shape(
        "inline_string value string",
        rf"(?i)({KEY}\\*\"?\s*[:=]\s*\{{[^{{}}]{{0,200}}?\"(?:inline_string|value|string)\\*\"\s*:\s*\\*\")(?:[^\"\\]|\\[^\"\\])+",
        _KEPT,
    ),
    # an environment variable of a container: its value stands behind its name
    _shape(
        "value",
        rf"(?i)(\bname\\*[\"']?: ?\\*[\"']?{KEY}\\*[\"']?,?\s*\\*[\"']?value\\*[\"']?: ?)([^\r\n,}}]+)",
        None,
        (rf"(?i)(\bname\\*[\"']?: ?\\*[\"']?{KEY}\\*[\"']?,?\s*\\*[\"']?value\\*[\"']?: ?\\*[\"']?)[^,}}\"'\\]+",),
    ),
    # a key in another language
    _shape(
        "wort wachtwoord passe contrase senha парол 密 パス u5bc6",
        r"(?i)((?<!\w)(?:pass?wort|kennwort|mot de passe|contrase(?:ñ|\\+u00f1)a|senha|wachtwoord|пароль|密码|密碼|パスワード|\\+u5bc6\\+u78(?:01|bc))\\*[\"']?\s?(?:[:=：]|\\+uff1a)\s?\\*[\"']?)"
        r"(?!\*\*\*)[^\s\"'\\]+",
        _KEPT,
    ),
    # key: value, key=value, "key": "value", and the same inside of a string; also with a sign that was damaged
    _shape(
        _OF_KEY,
        rf"(?i)({_KEY_END}\\*[\"']?[ \t]*(?:=>|[:=\x80-\xbf\uff1a\ufffd])[ \t]*)"
        rf"({_WRITTEN})",
        None,
        (
            rf"(?i)({_SCRIPT_KEY}[bru]{{0,2}}\")(?:[^\"\\]|\\.)+",
            rf"(?i)({_SCRIPT_KEY}\\+\")[^\"\\]+",
            rf"(?i)({_SCRIPT_KEY}[bru]{{0,2}}')[^']+",
            rf"(?i)({_SCRIPT_KEY}\w{{0,20}}\([\"'])[^()]+([\"']\))",
            rf"(?i)({_SCRIPT_KEY}\[[\"'])[^\]]+([\"']\])",
            rf"(?i)({_SCRIPT_KEY}\[)[^\]\"']+",
            rf"(?i)({_SCRIPT_KEY})[^\s,;&\"'{{}}()\[\]\\<][^\s,;&\"'{{}}()\[\]\\]*",
        ),
    ),
)  # fmt: skip

# Where none of these stands in a text, in lower case, no shape is there; each word of a shape holds one, or its shape
# has another that must be there too.
HINTS = (
    "pass", "assword", "pw", "secret", "token", "key", "auth", "cred", "jaas", "wort", "contrase", "senha", "парол", "密", "u5bc6",
    "パス", "@", "://", "eyj", "ls0tls1c", "oracle:", "digest", "cookie", "bearer", "basic", "sig", "x-", "code=", "akia",
    "asia", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "glpat", "xox", "hf_", "k_live_", "k_test_", "k_lf-", "sk-", "npm_", "aiza", "_pat_", "pypi-", "ya29.", "sg.", "xapp-", "gocspx",
    "hv", "q~", "dop_v1", "atlasv1", "glsa_", "nrak-", "shp", "dapi", "lin_api", ":aa", "$", "sha}", "-u", " -a", "--",
    "curl", " -p", "mc ", "obscure", "setenv", "ldap", "identified", "</", "%3", ":5432:", ":3306:", ":*:", "webhook",
    "slack.com", "inline_bytes", "k-lf-", "redis-cli", "woord",
)  # fmt: skip
