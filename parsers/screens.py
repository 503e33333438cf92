r"""What a screen, an editor, a chat or a ticket did to lines that were copied, undone.

Frames, rows of one width, curly quotes, HTML, `\n` in place of a line feed, quotation and indentation amid other words.

    │ time="2026-11-25T19:26:11Z" level=error msg="event recv failed" error="rpc error: code = Unav │      k9s, tmux
    │ ailable desc = error reading from server: EOF"                                                 │

A line that was longer than the screen stands in several rows. They are joined where the first fills its row and the
next begins like no record: by nothing, as the screen cut it.

Source: k9s 0.50 (its frame and title of logs).
"""

from collections.abc import Callable

import polars as pl

from parsers.peeling import TEXT, Wrapper, without_references
from parsers.regexes import counted

_SHARE = 0.8  # of the rows that stand in a frame
_SLACK = 2  # blanks at the end of a full row that copying takes off
_NARROW = 40  # columns of the smallest screen
_HIDDEN = 2  # lines of a log that show before a text is taken for one in disguise
_KINDS = 3  # different lines that fill their rows before that is no accident

# How the first row of a record begins, in any log that is read.
_HEAD = "^(?:" + "|".join(
    (
        r'time="|\{"|\[?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}|[0-9]\.[0-9]+e\+|[IWEF][0-9]{4} [0-9]{2}:',
        r"[0-9]{2}:[0-9]{2}:[0-9]{2}|[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:|\[pod/|<[0-9]{1,3}>",
        r"(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\b",
        r'Traceback |[ \t]+File "|[ \t]+at |panic: |goroutine |[$#] |```|---',
        # Of stack traces of Java and Go.
        r"(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)\b|Caused by: |[\w.-]+(?:/[\w.@-]+)+\.[\w.()*\[\]]+$",
    )
) + ")"  # fmt: skip
_RECORD = pl.col("text").str.contains(_HEAD)
_SIDE = "[\u2502\u2503\u2551]"
_FRAMED = rf"^{_SIDE}|{_SIDE}$"
_EDGE = r"^[\u250c\u250d\u250f\u2552\u2554\u256d\u2514\u2515\u2517\u2558\u255a\u2570][^a-z]*"
_TITLE = r"Logs\(([^/():]+)/([^/():]+)(?::([^/():]+))?\)"
_BAR = r"Autoscroll: ?(?:On|Off)"


def _fits_frame(sample: pl.Series) -> bool:
    inside = sample.filter(~sample.str.contains(_EDGE))
    return len(inside) > 1 and float(inside.str.contains(_FRAMED).mean() or 0.0) >= _SHARE  # type: ignore[arg-type]


def _peel_frame(frame: pl.DataFrame) -> pl.DataFrame:
    inner = TEXT.str.replace(rf"^{_SIDE} ?", "").str.replace(rf" ?{_SIDE}\s*$", "")
    titles = [frame["text"].str.extract(_TITLE, group).drop_nulls().head(1).to_list() for group in (1, 2, 3)]
    said = {
        name: pl.lit(found[0]).alias(name) if found else pl.col(name)
        for name, found in zip(("namespace", "pod", "container"), titles, strict=True)
    }
    noise = frame["text"].str.contains(_EDGE) | frame["text"].str.contains(_BAR)
    bare = frame.filter(~noise).with_columns(inner, **said)
    joined = _joined(bare)
    own = frame.filter(noise).with_columns(**said)
    return pl.concat([joined.with_columns(_noise=False), own.with_columns(_noise=True)]).sort("line")


def _fits_width(sample: pl.Series) -> bool:
    widths = [len(line) for line in sample.to_list()]
    width = max(widths, default=0)
    if width < _NARROW or widths.count(width) < _KINDS:
        return False
    rows = sample.to_frame("text").with_columns(full=pl.Series(widths) == width, head=_RECORD)
    rows = rows.with_columns(cut=pl.col("full") & ~pl.col("head").shift(-1).fill_null(True))
    cut = rows.filter("cut")
    # A record that is repeated, with somebody else's lines behind it, fills as many columns each time.
    kinds = cut.filter("head")["text"].str.replace_all(r"[0-9a-f]*[0-9][0-9a-f]*", "0").n_unique()
    return (
        kinds >= _KINDS and cut.height >= 0.8 * int(rows["full"].sum()) and float(rows["head"].mean() or 0.0) >= 0.1  # type: ignore[arg-type]
    )


def _joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the rows of one line joined; `lines` counts them."""
    kept = TEXT.str.strip_chars_end(" ")
    width = int(frame.select(kept.str.len_chars().max()).item() or 0)
    if width < _NARROW:
        return frame.with_columns(kept)
    open_ = (kept.str.len_chars() >= width - _SLACK) & ~_RECORD.shift(-1).fill_null(True)
    rest = [name for name in frame.columns if name not in ("lines", "text")]
    return (
        frame.with_columns(_open=open_)
        .with_columns(
            pl.when("_open").then(TEXT.str.pad_end(width)).otherwise(kept).alias("text"),
            _record=(~pl.col("_open").shift(1, fill_value=False)).cum_sum(),
        )
        .group_by("_record", maintain_order=True)
        .agg(pl.col("lines").sum(), TEXT.str.join(""), *(pl.col(name).first() for name in rest))
        .select(frame.columns)
    )


def _fits_curly(sample: pl.Series) -> bool:
    curly = sample.str.contains("[\u201c\u201d\u201e]")
    return float(curly.mean() or 0.0) >= 0.1 and not sample.str.contains('"', literal=True).any()  # type: ignore[arg-type]


def _peel_curly(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(TEXT.str.replace_all("[\u201c\u201d\u201e]", '"').str.replace_all("[\u2018\u2019]", "'"))


# A line of a log with its time: what a text that was written for people has only where it quotes one.
TIMED = r'(?:time="|\[?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ][0-9]{2}:|[IWEF][0-9]{4} [0-9]{2}:[0-9]{2}:)'
# Dumps of objects quote logs, and so do our own reports: neither is a log in disguise.
_OBJECTS = r"^\s*(?:apiVersion|kind|metadata):|^(?:Name|Namespace|Events):|\x22apiVersion\x22|seldon-forensics"


def _hidden(sample: pl.Series, lines: pl.Series, before: str = "^", all_of_it: bool = False) -> bool:
    """Whether most `lines` of a log show only once the sample is rewritten, and it is nothing that only quotes them.

    `all_of_it`: the rows are in disguise themselves, so that those that show count as well.
    """
    (found,) = counted(lines, before + TIMED)
    if found < _HIDDEN:
        return False
    shown, objects = counted(sample, "^" + TIMED, _OBJECTS)
    shown = 0 if all_of_it else shown
    return found - shown >= max(_HIDDEN, 4 * shown) and not objects


_BREAKS = r"(?i)<br\s*/?>|</(?:p|div|li|tr|pre|code|h[1-6]|blockquote)>|<(?:p|div|li|tr|pre|blockquote)(?:\s[^<>]*)?>"
_TAGS = (
    r"(?i)</?(?:html|head|body|meta|style|title|span|a|b|i|u|em|strong|tt|font|td|th|table|tbody|ul|ol|code|img|hr)"
    r"(?:\s[^<>]*)?/?>"
)


def _bare(texts: pl.Expr) -> pl.Expr:
    texts = texts.str.replace_all(_BREAKS, "\n").str.replace_all(_TAGS, "").str.replace_all("&nbsp;", " ", literal=True)
    return without_references(texts).str.split("\n")


def _fits_html(sample: pl.Series) -> bool:
    broken = float(sample.str.contains(_BREAKS).mean() or 0.0)  # type: ignore[arg-type]
    return broken > 0.0 and _hidden(sample, _pieces(sample, _bare), all_of_it=broken >= _SHARE)


def _unescaped(texts: pl.Expr) -> pl.Expr:
    texts = texts.str.replace(r'^"(.*)"$', "$1").str.replace_all(r"\\", "\0", literal=True)
    texts = texts.str.replace_all(r"\r", "", literal=True)
    for written, meant in ((r"\n", "\n"), (r"\"", '"'), (r"\t", "\t"), ("\0", "\\")):
        texts = texts.str.replace_all(written, meant, literal=True)
    return texts.str.split("\n")


def _fits_escaped(sample: pl.Series) -> bool:
    objects = int(sample.str.starts_with("{").sum())
    return objects <= _HIDDEN and _hidden(sample, _pieces(sample, _unescaped), '^"?')


def _pieces(texts: pl.Series, split: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    return texts.to_frame("text").select(split(TEXT)).explode("text", empty_as_null=False)["text"]


def _split(split: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Return how rows become the lines they hold; all but the first count as none of the rows."""

    def peel(frame: pl.DataFrame) -> pl.DataFrame:
        made = frame.with_row_index("_row").with_columns(split(TEXT)).explode("text", empty_as_null=False)
        first = pl.col("_row") != pl.col("_row").shift(1).fill_null(-1)
        return made.with_columns(pl.when(first).then("lines").otherwise(pl.lit(0, pl.UInt32)).alias("lines")).drop(
            "_row"
        )

    return peel


_QUOTED = r"^(?:(?:> ?)+| {2,}|\t+)"


def _fits_quoted(sample: pl.Series) -> bool:
    return _hidden(sample, sample, _QUOTED)


def _peel_quoted(frame: pl.DataFrame) -> pl.DataFrame:
    before = frame["text"].str.extract(f"({_QUOTED}){TIMED}").drop_nulls()
    if not len(before):
        return frame
    usual = str(before.mode().sort()[0])
    bare = TEXT.str.replace(r"^(?:> ?)+", "") if ">" in usual else TEXT.str.strip_prefix(usual)
    return frame.with_columns(bare)


SCREENS = (
    Wrapper("frame", None, ("\u2502", "\u2503", "\u2551"), _fits_frame, _peel_frame),
    Wrapper("rows of a screen", None, ("",), _fits_width, _joined),
    Wrapper("curly quotes", None, ("\u201d",), _fits_curly, _peel_curly),
    Wrapper(
        "HTML", None, ("<b", "<B", "</", "<p", "<P", "<d", "<D", "<l", "<L", "<t", "<T"), _fits_html, _split(_bare)
    ),
    Wrapper("escapes", None, ("\\n",), _fits_escaped, _split(_unescaped)),
)
QUOTATION = Wrapper("quotation", "> \t", ("",), _fits_quoted, _peel_quoted)
