"""Secrets are never quoted: what looks like one is masked before it can reach any output.

`mask` looks at one text, `hide` at the lines of a member: at what only the lines around it show to be a secret.
Of a Secret's values the certificates stay, which are shown to every client: their dates are asked for.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import overload

import polars as pl

from forensics.intake.secret_shapes import HINTS, KEY, MASK, SHAPES, WORDS
from parsers.regexes import ascii_classes
from parsers.x509 import only_certificates

MOST_KEY_LINES = 200  # of a private key
PAGE, PAGES = 4096, 64  # lines that are looked at together, and how many times that are kept
SHORT = 200  # characters of a line whose reading is kept for the next that is the same

# The data of a Secret on one line, as it is and inside of a string.
_ONE_SECRET = re.compile(r'\bkind\\*"?\s*[:=]\s*\\*"?Secret(?:List)?\b')
_SECRET_DATA = (
    re.compile(r'\b(?:data|stringData)"?\s*[:=]\s*\{(?:\s*"[^"]*"\s*:\s*"(?:[^"\\]|\\.)*"\s*,?)+\s*\}'),
    re.compile(r'\\+"(?:data|stringData)\\+"\s*:\s*\{(?:\s*\\+"[^"\\]*\\+"\s*:\s*\\+"[^{}]*?\\+"\s*,?)+\s*\}'),
)
_SECRET_VALUE = (re.compile(r'(:\s*)"(?:[^"\\]|\\.)*"(?=\s*[,}])'), re.compile(r'(:\s*\\+")[^{}]*?(?=\\+"\s*[,}])'))

# After such a key comes a name, a count or a state, not a secret.
HARMLESS_KEYS = (
    r"(?:secret[_-]?(?:name|ref|key[_-]?ref|kind)|secretname|secrets?_?(?:mount|store|path|not_ready)|token[_-]?(?:url|endpoint|type|count|ttl|expir\w*)"
    r"|max_?tokens|num_?tokens|automountserviceaccounttoken|auth[_-]?(?:type|mode|method|enabled|url)|\w*_?(?:location|path|file|dir|url|endpoint)"
    r"|password[_-]?(?:file|location)|author\w*|authori\w+|authentic\w+|tokeniz\w+|secrets)"
)
_HARMLESS_KEY = re.compile(rf"(?i){HARMLESS_KEYS}\\*[\"']?[ \t]*(?:=>|[:=])?[ \t]*$")
_HARMLESS_VALUE = re.compile(
    r"(?i)^\\*[\"']?(?:|\(?(?:not set|unset|empty|hidden|masked)\)?|true|false|null|none|nil|<nil>|<none>|\*{3,}"
    r"|\[redacted\]|\[\]|\{\}|-?\d{1,6}|<\w+>|\$\{?\w+\}?|error|failed|not|invalid|missing|unknown|rpc|no|required|is)"
    r"\\*[\"']?$"
)
_BYTES = re.compile(r"\d+ bytes\b")  # how `kubectl describe` tells of a Secret
# The names of errors and of Envoy's extensions; a sentence or a list goes on behind them.
_PROSE_KEY = re.compile(
    r"(?i)(?:\b(?:expired|invalid|missing|unrecognized)[a-z]*|error [a-z]*|[a-z]_credentials):[ \t]*$"
)
_BEFORE = re.compile(r"[\w.-]*\Z")  # the beginning of a key, in front of where it was found


def mask(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced by `***`."""
    low = text.lower()
    if not any(hint in low for hint in HINTS):
        return text
    if "secret" in low and _ONE_SECRET.search(text):
        for data, value in zip(_SECRET_DATA, _SECRET_VALUE, strict=True):
            text = data.sub(lambda m, value=value: _emptied(m[0], value), text)  # type: ignore[misc]
    for shape in SHAPES:
        if any(word in low for word in shape.words):
            text = shape.regex.sub(shape.instead or _pair, text)
    return text


def _emptied(data: str, value: re.Pattern[str]) -> str:
    head, brace, rest = data.partition("{")
    quoted = value.pattern.startswith('(:\\s*)"')

    def hidden(match: re.Match[str]) -> str:
        if only_certificates(match[0][len(match[1]) :].strip('"')):
            return match[0]
        return f'{match[1]}"{MASK}"' if quoted else f"{match[1]}{MASK}"

    return head + brace + value.sub(hidden, rest)


def _pair(match: re.Match[str]) -> str:
    key, value = match.group(1), match.group(2)
    begun = match.start(1)
    name = (_BEFORE.search(match.string, max(0, begun - 60), begun) or [""])[0] + key
    if "value" in key[-16:]:  # the name of a variable stands in front of `value`
        name = (
            re.sub(r"(?is),?\s*\\*[\"']?value\\*[\"']?\s*:\s*\\*[\"']?$", "", key)
            .partition(":")[2]
            .strip(" \"',\\\r\n")
            + ":"
        )
    if _HARMLESS_KEY.search(name):
        return match.group(0)
    if value.startswith(MASK) or (_BYTES.match(match.string, match.start(2)) and value.isdigit()):
        return match.group(0)
    if _HARMLESS_VALUE.match(value) and not (value.strip("\"'\\").isdigit() and "pass" in key.lower()):
        return match.group(0)
    if _PROSE_KEY.search(name) and re.fullmatch(r"[A-Za-z][a-z]*(?:[._][a-z_]+)*", value):
        return match.group(0)
    if name.strip("\"'\\: =\t").lower() in ("pwd", "oldpwd") and re.match(r"[\"']?(?:[/~$]|[A-Za-z]:)", value):
        return match.group(0)  # where a shell stands
    quote = re.match(r"\\*[\"']?", value)
    mark = quote[0] if quote and quote[0][-1:] in ("'", '"') else ""
    return f"{key}{mark}{MASK}{mark}"


# ---- what only the lines around show

_KEY_BLOCK = "PRIVATE KEY-----"
# All of them look at the beginning of a line, which keeps the search cheap.
_ACROSS = ascii_classes(
    r"(?i-u)^\s*(?:- )?[\"']?kind[\"']?:\s*[\"']?Secret(?:List)?[\"']?,?\s*$"
    r"|^\s*(?:- )?[\"']?(?:value|inline_string|inline_bytes)[\"']?\s*:"
    rf"|^\s*- [\"']?--?[\w.-]*{WORDS}[\"']?\s*$"
    rf"|^\s*(?:- )?[\"']?[\w.-]*{WORDS}[\w-]*[\"']?\s*:\s*[|>][+-]?\s*$"
)
_KIND = re.compile(r"(?i)^\s*(?:- )?[\"']?kind[\"']?:\s*[\"']?Secret(List)?[\"']?,?\s*$")
_DATA = re.compile(r"^\s*(?:- )?[\"']?(?:data|stringData)[\"']?:\s*(.*)$")
_ENTRY = re.compile(r"^(\s*(?:- )?(?:\"[^\"]*\"|'[^']*'|[^\s:\"']+)\s*:\s+)(\S.*?)(,?)\s*$")
_NAMED = re.compile(rf"(?i)^\s*(?:- )?[\"']?(?:name|key|header)[\"']?\s*:\s*[\"']?({KEY}|(?:set-)?cookie)[\"']?,?\s*$")
_PARENT = re.compile(rf"(?i)^\s*(?:- )?[\"']?{KEY}[\"']?\s*:\s*\{{?\s*$")
_FLAG = re.compile(rf"(?i)^\s*- [\"']?--?[\w.-]*{WORDS}[\"']?\s*$")
_KEY_END = re.compile(r"(?:\S*(?<![^A-Za-z0-9+/=]))?-----END [A-Z ]*-----")
_KEY_WORDS_OF_LINE = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{20,}={0,2}(?![\w])")
_LAST = re.compile(r"\S+(\s*)$")


def hide(lines: pl.Series) -> pl.Series:
    """Return the lines of a member without the secrets that only their neighbours show to be some.

    Those are the lines of private keys, the data of Secrets, values of variables whose name stands on the line above,
    and texts below such a key. `mask` does the rest. The number of lines stays, and hiding twice is hiding once.
    """
    keyless = without_keys(lines)
    return _hidden_at(keyless, keyless.str.contains(_ACROSS), _hidden)


def without_keys(lines: pl.Series) -> pl.Series:
    """Return the lines of a member without the lines of private keys: what is read of each alone shows no key.

    The number of lines stays, and so do prefixes, times and fields around a key's own words.
    """
    return _hidden_at(lines, lines.str.contains(_KEY_BLOCK, literal=True), _key_block)


def _hidden_at(
    lines: pl.Series, begun: pl.Series, hidden: Callable[[Sequence[str], int], Iterator[tuple[int, str]]]
) -> pl.Series:
    """Return the lines with what `hidden` makes of those that `begun` marks, and of their neighbours."""
    if not begun.any():
        return lines
    at = begun.arg_true().to_list()
    texts = _Pages(lines)
    found = {place: text for index in at for place, text in hidden(texts, index)}
    places = sorted(found)
    # A copy: `scatter` changes what it is called on, and who asks tells by identity whether anything was hidden.
    return lines.clone().scatter(places, [found[place] for place in places]) if places else lines


class _Pages(Sequence[str]):
    """Lines, of which a page at a time is fetched: those around a mark are looked at, and no others."""

    def __init__(self, lines: pl.Series) -> None:
        self._lines = lines
        self._pages: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return self._lines[index].fill_null("").to_list()
        number, place = divmod(index, PAGE)
        page = self._pages.get(number)
        if page is None:
            if len(self._pages) >= PAGES:
                self._pages.clear()
            page = self._pages[number] = self._lines.slice(number * PAGE, PAGE).fill_null("").to_list()
        return page[place]


def _hidden(texts: Sequence[str], index: int) -> Iterator[tuple[int, str]]:
    text = texts[index]
    if _KEY_BLOCK in text:
        return  # whole on this line: `mask` sees it
    if (kind := _KIND.match(text)) is not None:
        yield from _secret(texts, index, kind[1] is not None)
    elif _FLAG.match(text):
        if index + 1 < len(texts) and re.match(r"^\s*- [^-]", texts[index + 1]):
            yield index + 1, re.sub(r"^(\s*- ).*", rf'\1"{MASK}"', texts[index + 1])
    elif re.search(r"[|>][+-]?\s*$", text) and not re.match(r"(?i)^\s*(?:- )?[\"']?(?:value|inline_)", text):
        if not _HARMLESS_KEY.search(text.rstrip(" |>+-")):
            yield from _below(texts, index)
    elif "inline_" in text:
        above = _enclosing(texts, index)
        if "inline_bytes" in text or (above is not None and _PARENT.match(above)):
            yield from _value(texts, index)
    elif (name := _name_beside(texts, index)) is not None and not _HARMLESS_KEY.search(f"{name}:"):
        yield from _value(texts, index)


def _name_beside(texts: Sequence[str], index: int) -> str | None:
    """Return the telling name of a variable whose value stands on a line: above it, or below in the same item."""
    above, below = index - 1, index + 1
    while above > 0 and not texts[above].strip():
        above -= 1
    if above >= 0 and (named := _named(texts[above])) is not None:
        return named
    if below < len(texts) and (named := _named(texts[below])) is not None:
        same = _indent(texts[below]) == _indent(texts[index]) and not texts[below].lstrip().startswith("- ")
        return named if same else None
    return None


def _named(text: str) -> str | None:
    return _named_by(text) if len(text) < SHORT else _named_by.__wrapped__(text)


@lru_cache(4096)  # of the lines of a dump many are the same
def _named_by(text: str) -> str | None:
    named = _NAMED.match(text)
    return None if named is None else named[1]


def _indent(text: str) -> int:
    """Return the column of a line's key, past the dash of a list."""
    return len(text) - len(re.sub(r"^\s*(?:- )?", "", text))


def _key_block(texts: Sequence[str], index: int) -> Iterator[tuple[int, str]]:
    begin = texts[index].rfind("-----BEGIN ")
    if begin < 0 or "-----END " in texts[index][begin:]:
        return  # on one line: `mask` sees it whole
    end = next((i for i in range(index + 1, min(len(texts), index + MOST_KEY_LINES)) if "-----END " in texts[i]), None)
    yield index, f"{texts[index][:begin]}{MASK}"
    for i in range(index + 1, len(texts) if end is None else end + 1):
        hidden = _KEY_WORDS_OF_LINE.sub(MASK, texts[i])
        if end is None and hidden == texts[i]:
            return  # it was cut
        if i == end:
            yield i, _KEY_END.sub(MASK, hidden)
        else:
            yield i, hidden if hidden != texts[i] else _LAST.sub(rf"{MASK}\1", texts[i])


def _secret(texts: Sequence[str], index: int, listed: bool) -> Iterator[tuple[int, str]]:
    level = _indent(texts[index])
    inside: Callable[[str], bool] = (
        (lambda text: not text.startswith("---"))
        if listed
        else (lambda text: not text.strip() or (_indent(text) >= level and not text.startswith("---")))
    )
    first = last = index
    # an item of a list begins at the line with the dash
    while first and (listed or not re.match(r"^\s*- ", texts[first]) or _indent(texts[first]) != level):
        if not inside(texts[first - 1]):
            break
        first -= 1
    while last + 1 < len(texts) and inside(texts[last + 1]):
        following = texts[last + 1]
        if not listed and re.match(r"^\s*- ", following) and _indent(following) == level:
            break
        last += 1
    for i in range(first, last + 1):
        data = _DATA.match(texts[i])
        if data and (listed or _indent(texts[i]) == level):
            if data[1].strip() in ("", "{"):
                yield from _below(texts, i)
            elif data[1].rstrip(", ") not in ("{}", "null"):
                yield from _value(texts, i)


def _below(texts: Sequence[str], index: int) -> Iterator[tuple[int, str]]:
    """Hide what is indented more than the line: the values of its entries, and whole lines below those."""
    level = _indent(texts[index])
    child = None
    for i in range(index + 1, len(texts)):
        text = texts[i]
        if not text.strip():
            continue
        here = _indent(text)
        if here <= level:
            return
        child = here if child is None else child
        entry = _ENTRY.match(text)
        if here == child and entry and not re.search(r":\s*[|>][+-]?\s*$", texts[index]):
            if not re.match(r"^[|>][+-]?$", entry[2]) and not only_certificates(entry[2].strip("\"'")):
                yield i, f'{entry[1]}"{MASK}"{entry[3]}'
        elif text.strip(" ,}]") and not (here == child and text.rstrip().endswith(":")):
            yield i, " " * here + MASK


def _value(texts: Sequence[str], index: int) -> Iterator[tuple[int, str]]:
    entry = _ENTRY.match(texts[index])
    if entry is None:
        return
    if re.match(r"^[|>][+-]?$", entry[2]):
        yield from _below(texts, index)
    elif entry[2] not in ("{", "["):
        yield index, f'{entry[1]}"{MASK}"{entry[3]}'


def _enclosing(texts: Sequence[str], index: int) -> str | None:
    level = _indent(texts[index])
    for i in range(index - 1, max(-1, index - 20), -1):
        if texts[i].strip() and _indent(texts[i]) < level:
            return texts[i]
    return None
