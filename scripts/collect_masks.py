"""Write the shapes of secrets into the script that collects: `forensics/intake/secret_shapes.py` as POSIX sed.

    python -m scripts.collect_masks [--check]

sed has no look-around and no way to ask twice of one text. What stands before or behind a secret is matched and put
back, a demand on its signs becomes an order of them, and what must not stand there is not asked: where in doubt, the
script hides more than the analyser. What a key says to be harmless is marked before, and unmarked at the end.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from forensics.intake.masking import HARMLESS_KEYS  # noqa: E402 - run as a script as well
from forensics.intake.secret_shapes import MASK, SHAPES, WORDS, Shape  # noqa: E402

SCRIPT_FILE = ROOT / "forensics" / "templates" / "collect.sh"
BEGIN, END = "# shapes: begin\n", "# shapes: end\n"
KEPT = "<kept>"  # behind a key that says nothing of a secret
MASKED = "<masked>"  # asterisks would be no YAML
_MOST_GROUPS = 9
_MANY = 20  # a bound that is there for speed alone: sed begins sooner without it
_LONG = 12  # signs that no word has
_HARMLESS = (
    r"true|false|null|none|nil|<nil>|<none>|\[\]|\{\}|error|failed|not|invalid|missing|unknown|rpc|no|required|is"
)
# The data of a Secret on one line, as it is and inside of a string.
_OBJECT = r"""/[kK]ind\\*" *: *\\*"Secret/s~("(data|stringData)\\*" *: *)\{[^{}]*}~\1{}~g"""
_ENDS = r"(?:[\s,;&\"'\\}\])]|$)"  # of a value
_SETS = {
    "category_digit": "0-9", "category_word": "A-Za-z0-9_", "category_space": "[:space:]",
}  # fmt: skip


class Untold(ValueError):  # noqa: N818 - it is an answer
    """There is no such expression."""


def _letter(number: int, fold: bool) -> str:
    sign = chr(number)
    return sign if not fold or sign.lower() == sign.upper() or not sign.isascii() else sign.lower() + sign.upper()


def _literal(number: int, fold: bool) -> str:
    sign = _letter(number, fold)
    if len(sign) == 2:
        return f"[{sign}]"
    return f"\\{sign}" if sign in r".[\*^$+?(){|" else sign


class _Set:
    """A set of signs, as what stands between brackets."""

    def __init__(self, items: Sequence[tuple[Any, Any]], fold: bool) -> None:
        self.negated = False
        parts: list[str] = []
        for op, value in items:
            if op is code.NEGATE:
                self.negated = True
            elif op is code.LITERAL:
                parts += [] if chr(value) in "\r\n" else [_letter(value, fold)]  # sed sees one line
            elif op is code.RANGE:
                low, high = map(chr, value)
                parts += [f"{low}-{high}"] if low.isascii() else []
                if fold and low.isalpha() and low.isascii():
                    parts.append(f"{low.swapcase()}-{high.swapcase()}")
            elif op is code.CATEGORY and str(value).lower() in _SETS:
                parts.append(_SETS[str(value).lower()])
            else:
                raise Untold(f"{op} {value}")
        self.parts = parts

    def __str__(self) -> str:
        singles = "".join(part for part in self.parts if len(part) <= 2)
        spans = "".join(dict.fromkeys(part for part in self.parts if len(part) > 2))
        spans = spans.replace("A-Za-z0-9_a-zA-Z", "A-Za-z0-9_")
        signs = dict.fromkeys(singles)
        # `]` counts first, `-` last, `[` before a class alone: some seds look for the end of a set in a simple way.
        inner = sorted((sign for sign in signs if sign not in "][-"), key=lambda sign: sign in "^=.:")
        first, last = ("".join(sign for sign in edge if sign in signs) for edge in ("][", "-"))
        if not (self.negated or first or spans) and len(inner) > 1 and inner[0] == "^":
            inner = [*inner[1:], "^"]
        return f"[{'^' if self.negated else ''}{first}{spans}{''.join(inner)}{last}]"


def _set_of(op: Any, value: Any, fold: bool) -> str:
    if op is code.IN:
        if len(value) == 1 and value[0][0] is code.CATEGORY and "not_" in str(value[0][1]).lower():
            return f"[^{_SETS[str(value[0][1]).lower().replace('not_', '')]}]"
        return str(_Set(value, fold))
    if op is code.NOT_LITERAL:
        return str(_Set([(code.NEGATE, None), (code.LITERAL, value)], fold))
    if op is code.ANY:
        return "."
    raise Untold(str(op))


def _times(low: int, high: Any) -> str:
    high = code.MAXREPEAT if high is not code.MAXREPEAT and high >= _MANY else high
    if (low, high) == (0, code.MAXREPEAT):
        return "*"
    if (low, high) == (1, code.MAXREPEAT):
        return "+"
    if (low, high) == (0, 1):
        return "?"
    most = "" if high is code.MAXREPEAT else high
    return f"{{{low}}}" if low == high else f"{{{low},{most}}}"


class _Translation:
    """One expression of Python as one of POSIX, with the number of each of its groups."""

    def __init__(self, regex: str) -> None:
        self.count = 0
        self.numbers: dict[int, int] = {}
        tree = parser.parse(regex)
        self._fold = bool(tree.state.flags & re.IGNORECASE)
        self._held: dict[int, Any] = {}
        items = list(tree)
        before: list[Any] = []
        while items and self._stands_before(items[0]):
            before.append(items.pop(0))
        behind: list[Any] = []
        while items and items[-1][0] in (code.ASSERT, code.ASSERT_NOT, code.AT) and items[-1] != (code.AT, code.AT_END):
            behind.insert(0, items.pop())
        self.kept_before = self.kept_behind = 0
        text = ""
        if before:
            text, self.kept_before = self._before(before)
        self.main = self.count + 1
        text += self._many(items)
        if behind:
            self.count += 1
            self.kept_behind = self.count
            tail = self._behind(behind)
            text += f"({tail})" if tail else ""
            self.kept_behind *= bool(tail)
        self.text = text

    @staticmethod
    def _stands_before(item: tuple[Any, Any]) -> bool:
        op, value = item
        if op is code.SUBPATTERN and value[0] is None and len(value[3]) == 1 and value[3][0][0] is code.BRANCH:
            return all(len(b) == 1 and b[0][0] in (code.AT, code.ASSERT) for b in value[3][0][1][1])
        return (op in (code.ASSERT, code.ASSERT_NOT) and value[0] < 0) or (op is code.AT and value is code.AT_BOUNDARY)

    def _before(self, items: Sequence[tuple[Any, Any]]) -> tuple[str, int]:
        self.count += 1
        number = self.count
        for op, value in items:
            if op is code.SUBPATTERN:
                texts = (
                    "[^A-Za-z0-9_]" if of[0][0] is code.AT else self._many(of[0][1][1]) for of in value[3][0][1][1]
                )
                return f"(^|{'|'.join(texts)})", number
            if op is code.AT:
                return "(^|[^A-Za-z0-9_])", number
            if op is code.ASSERT:
                return f"({self._many(value[1])})", number
            if op is code.ASSERT_NOT:
                ((inner, what),) = value[1]
                return f"(^|{self._not(inner, what)})", number
        raise Untold("before")

    def _not(self, op: Any, value: Any) -> str:
        """Return the set of all signs but these."""
        if op is code.LITERAL:
            return str(_Set([(code.NEGATE, None), (code.LITERAL, value)], self._fold))
        if op is code.IN:
            negated = value[0][0] is code.NEGATE
            return str(_Set(value[1:] if negated else [(code.NEGATE, None), *value], self._fold))
        raise Untold(f"not {op}")

    def _behind(self, items: Sequence[tuple[Any, Any]]) -> str:
        for op, value in items:
            if op is code.ASSERT and value[0] > 0:
                return self._many(value[1])
            if (
                op is code.ASSERT_NOT
                and value[0] > 0
                and len(value[1]) == 1
                and value[1][0][0] in (code.LITERAL, code.IN)
            ):
                return f"{self._not(*value[1][0])}|$"
            if op is code.AT and value is code.AT_BOUNDARY:
                return "[^A-Za-z0-9_]|$"
        return ""

    def _many(self, items: Sequence[tuple[Any, Any]]) -> str:
        out: list[str] = []
        asked: list[str] = []
        items = list(items)
        for number, (op, value) in enumerate(items):
            if op is code.ASSERT and value[0] > 0:
                asked += self._asked(value[1])
                continue
            if op in (code.ASSERT, code.ASSERT_NOT) or (op is code.AT and value is code.AT_BOUNDARY):
                continue  # not asked: more is hidden
            if asked and op is code.MAX_REPEAT and value[0] >= _LONG:
                asked = []  # how long it is tells enough
            if asked and op in (code.MAX_REPEAT, code.POSSESSIVE_REPEAT) and len(value[2]) == 1:
                out.append(self._in_any_order(asked, str(self._one(*value[2][0]))))
                asked = []
                continue
            if asked and op is code.IN:
                asked = []
            del number
            out.append(self._one(op, value))
        return "".join(out)

    def _asked(self, items: Sequence[tuple[Any, Any]]) -> list[str]:
        """Return the set of which a sign must stand in what follows; none where that is not all that is asked."""
        if len(items) == 2 and items[0][0] is code.MAX_REPEAT:
            op, value = items[1]
            if op is code.IN:
                return [_set_of(op, value, self._fold)]
        return []

    def _in_any_order(self, asked: Sequence[str], sign: str) -> str:
        orders = [f"{sign}*".join(order) for order in permutations(asked)]
        self.count += len(orders) > 1
        among = f"({'|'.join(orders)})" if len(orders) > 1 else orders[0]
        return f"{sign}*{among}{sign}*"

    def _group(self, items: Sequence[tuple[Any, Any]], number: int | None) -> str:
        """Return items in a group of their own, where one is needed."""
        branched = len(items) == 1 and items[0][0] is code.BRANCH
        if number is None and not branched:
            return self._many(items)
        before = self.count
        self.count += 1
        if number is not None:
            self.numbers[number] = self.count
        text = self._inside(items)
        if not text and number is None:
            self.count = before
            return ""
        if branched and text.endswith("|"):  # an empty one
            return f"({text[:-1]})?"
        return f"({text})"

    def _inside(self, items: Sequence[tuple[Any, Any]]) -> str:
        if len(items) != 1 or items[0][0] is not code.BRANCH:
            return self._many(items)
        branches = items[0][1][1]
        begins = any(list(branch) == [(code.AT, code.AT_BEGINNING)] for branch in branches)
        texts = []
        for branch in branches:
            if begins and len(branch) == 1 and branch[0][0] is code.ASSERT:  # what stands before is kept with the rest
                texts.append(self._many(branch[0][1][1]))
            else:
                texts.append(self._many(branch))
        filled = [text for text in dict.fromkeys(texts) if text]
        return "|".join(filled) + ("|" if filled and len(filled) < len(set(texts)) else "")

    def _one(self, op: Any, value: Any) -> str:
        if op is code.LITERAL:
            return _literal(value, self._fold)
        if op is code.IN and value[0][0] is not code.NEGATE:
            wide = [chr(what) for kind, what in value if kind is code.LITERAL and what > 127]
            if wide:  # of several bytes each, where the locale is C
                self.count += 1
                narrow = [(kind, what) for kind, what in value if kind is not code.LITERAL or what <= 127]
                return f"({'|'.join([_set_of(op, narrow, self._fold), *wide])})"
        if op in (code.IN, code.NOT_LITERAL, code.ANY):
            return _set_of(op, value, self._fold)
        if op is code.SUBPATTERN:
            number, on, off, inner = value
            fold, self._fold = self._fold, (self._fold or bool(on & re.IGNORECASE)) and not off & re.IGNORECASE
            if number is not None:
                self._held[number] = inner
            text = self._group(inner, number)
            self._fold = fold
            return text
        if op is code.ATOMIC_GROUP:
            return self._group(value, None)
        if op is code.BRANCH:
            return self._group([(op, value)], None)
        if op in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
            low, high, inner = value
            if len(inner) == 1 and inner[0][0] in (code.LITERAL, code.IN, code.NOT_LITERAL, code.ANY):
                return self._one(*inner[0]) + _times(low, high)
            self.count += 1
            inner = inner[0][1][3] if len(inner) == 1 and inner[0][0] is code.SUBPATTERN else inner
            return f"({self._inside(inner)}){_times(low, high)}"
        if op is code.AT:
            return "^" if value in (code.AT_BEGINNING, code.AT_BEGINNING_STRING) else "$"
        if op is code.GROUPREF:
            return self._many(self._held[value])
        raise Untold(str(op))


def translated(shape: Shape) -> Iterator[str]:
    """Yield the commands of sed that hide what has a shape.

    Raises:
        Untold: sed cannot say it.
    """
    if not shape.script:
        yield _command(shape.words, *_told(shape.regex.pattern, shape.instead or f"\\1{MASK}"))
    for pattern in shape.script:
        behind = "\\2" if re.compile(pattern).groups > 1 else ""
        yield _command(shape.words, *_told(pattern, f"\\1{MASK}{behind}"))


def _told(pattern: str, instead: str) -> tuple[str, str]:
    one = _Translation(pattern)
    front = f"\\{one.kept_before}" if one.kept_before else ""
    back = f"\\{one.kept_behind}" if one.kept_behind else ""
    instead = re.sub(r"\\(\d)", lambda found: f"\\{one.numbers[int(found[1])]}", instead).replace(MASK, MASKED)
    whole = front + instead + back
    if any(int(number) > _MOST_GROUPS for number in re.findall(r"\\(\d+)", whole)):
        raise Untold(f"too many groups: {pattern}")
    return one.text, whole


def _command(words: Sequence[str], regex: str, instead: str) -> str:
    sign = next(sign for sign in "#~!;@%," if sign not in regex + instead)
    guard = "|".join(dict.fromkeys(_guard(word) for word in words))
    return f"/{guard}/s{sign}{regex}{sign}{instead}{sign}g"


def _guard(word: str) -> str:
    return "".join(_literal(ord(sign), True) for sign in word).replace("/", "\\/")


def _marked(pattern: str) -> str:
    """Return the command that marks the end of a key."""
    key = _Translation(pattern)
    return f"s~{key.text}~\\{key.numbers[1]}{KEPT}\\{key.numbers[2]}~g"


def commands() -> Iterator[str]:
    """Yield the commands of sed: what is harmless is marked, each shape hidden, the mark taken away."""
    yield _OBJECT
    marked = False
    for shape in SHAPES:
        if shape.instead is None and not marked:  # from here on keys count
            marked = True
            sign = r"\\*[\"']?[ \t]*(?:=>|[:=])"
            value = rf"{sign}[ \t]*\\*[\"']?"
            yield _marked(rf"(?i)({HARMLESS_KEYS})({sign})")
            yield _marked(rf"(?i)({HARMLESS_KEYS})(\\*[\"']?\s*,\s*\\*[\"']?value\\*[\"']?\s*[:=])")
            yield _marked(r"([a-z]_credentials)(:[ \t]*[A-Za-z])")  # Envoy's extensions
            yield _marked(rf"(?i)((?:{WORDS}|pass)[\w-]{{0,60}})({value}(?:{_HARMLESS}){_ENDS})")
            yield _marked(rf"(?i)((?:secret|token|key|auth|credential)[\w-]{{0,60}})({value}\d{{1,6}}{_ENDS})")
        yield from translated(shape)
    yield f"s/{KEPT}//g"


def written() -> str:
    """Return the script with the shapes as they are now."""
    head, _, rest = SCRIPT_FILE.read_text("utf-8").partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + "".join(f"{command}\n" for command in commands()) + END + tail


def main() -> int:
    """Write the script, or say whether it is as it would be written."""
    text = written()
    if "--check" in sys.argv:
        return int(text != SCRIPT_FILE.read_text("utf-8"))
    SCRIPT_FILE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
