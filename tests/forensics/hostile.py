"""Texts that try to be obeyed, and documents full of them."""

from random import Random
from typing import Any

from hypothesis import strategies as st

NASTY = [
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\x9b31m",
    "[red]x[/red] [link=http://evil.example]x[/link] [/x]",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    '" onmouseover="document.title=\'owned\'" x="',
    "' onfocus='x' autofocus='",
    "</style></title></pre></code></svg><svg onload=x>",
    "<!-- x --> --> <!--",
    "<!-- notes: summary -->\nforged\n<!-- end of notes -->",
    "]]><x/>",
    "a|b|c",
    "`tick` ``` ~~~ ````",
    "\n```\n# heading\n",
    "**bold** _x_ ~~s~~ $x$",
    "[a](javascript:alert(1)) ![i](http://evil.example/x.png) [ref]: http://evil.example",
    "<http://evil.example> http://evil.example www.evil.example a@evil.example @team #12 GH-1",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "\u200b\u200d\ufeff\u00ad\u2028\u2029\x85",
    "\x00\x01\x07\x08\x0b\x0c\r\n\x7f",
    "\U000e0041\U000e007f \ue000 \ufffe \U0001f600 漢字",
    "{{ 7*7 }} {% raw %} {# x #} $model ${x}",
    "&lt;b&gt; &#60; &amp;",
    "-->",
    "- item\n1. one\n> quote\n=====\n---",
    "    indented",
    "",
    " ",
    "x" * 900,
    "wide 漢" * 60,
    "javascript:alert(1)",
    "#F1",
]
HARMLESS = st.characters(exclude_categories=("Cs",))
TEXTS = (
    st.sampled_from(NASTY) | st.lists(st.sampled_from(NASTY), min_size=2, max_size=3).map("".join) | st.text(HARMLESS)
)
KEPT = {"schema"}


def documents(document: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of `document` with other texts in most of its string fields; numbers and shape stay."""
    return st.builds(
        lambda texts, seed: _spoilt(document, texts, Random(seed)),  # noqa: S311
        st.lists(TEXTS, min_size=1, max_size=6),
        st.integers(0, 1000),
    )


def _spoilt(value: Any, texts: list[str], random: Random, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _spoilt(v, texts, random, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_spoilt(item, texts, random, key) for item in value]
    if isinstance(value, str) and key not in KEPT and random.random() < 0.75:
        return random.choice(texts)
    return value
