"""The library's own texts: names between backticks are code, everything else reads as written."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from forensics.reporting.escape import coded, inline, markdown, worded
from tests.forensics.hostile import TEXTS

READER = MarkdownIt("commonmark", {"html": True})


def test_names_between_backticks_are_code_in_both_forms() -> None:
    text = "Ask for `/v2/models/<name>`, not for <b>_name_</b>"

    assert worded(text) == "Ask for `/v2/models/<name>`, not for &lt;b&gt;\\_name\\_&lt;/b&gt;"
    assert coded(text) == "Ask for <code>/v2/models/&lt;name&gt;</code>, not for &lt;b&gt;_name_&lt;/b&gt;"
    assert worded("`a|b` c", cell=True) == "`a\\|b` c"


@given(text=TEXTS | st.text("`<a>_*[]()!&# \n\\|", max_size=40))
def test_nothing_in_them_is_markup(text: str) -> None:
    said, tags = READER.parseInline(worded(text)), re.findall(r"<[^>]*>", coded(text))
    found = {token.type for block in said for token in block.children or ()}

    assert found <= {"text", "code_inline", "text_special", "softbreak"}
    assert set(tags) <= {"<code>", "</code>"}
    assert unescape(re.sub(r"<[^>]*>", "", coded(text))).replace("`", "") == inline(text).replace("`", "")


@pytest.mark.parametrize("text", [":tada:", ":+1:", "a:100:b", "GH-12", "team/app#7", "@someone", "www.example.org"])
@pytest.mark.parametrize("cell", [False, True])
def test_what_a_tracker_makes_something_of_stands_in_code(text: str, cell: bool) -> None:
    for shown in (markdown(f"so {text} it is", cell=cell), worded(f"so {text} it is", cell=cell)):
        assert f"`{text}`" in shown


def test_times_are_no_pictures() -> None:
    assert markdown("since 10:15:30Z") == "since 10:15:30Z"
