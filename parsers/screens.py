"""What a screen, an editor or a chat did to lines that were copied from it: frames, rows of one width, curly quotes.

    │ time="2026-11-25T19:26:11Z" level=error msg="event recv failed" error="rpc error: code = Unav │      k9s, tmux
    │ ailable desc = error reading from server: EOF"                                                 │

A line that was longer than the screen stands in several rows. They are joined where the first fills its row and the
next begins like no record: by nothing, as the screen cut it.

Source: k9s 0.50 (its frame and title of logs).
"""

import polars as pl

from parsers.peeling import TEXT, Wrapper

_SHARE = 0.8  # of the rows that stand in a frame
_SLACK = 2  # blanks at the end of a full row that copying takes off
_NARROW = 40  # columns of the smallest screen
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
    widths = sample.str.len_chars()
    width = int(widths.max() or 0)  # type: ignore[arg-type]
    if width < _NARROW or int((widths == width).sum()) < _KINDS:
        return False
    rows = sample.to_frame("text").with_columns(full=widths == width, head=_RECORD)
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


SCREENS = (
    Wrapper("frame", None, "", _fits_frame, _peel_frame),
    Wrapper("rows of a screen", None, "", _fits_width, _joined),
    Wrapper("curly quotes", None, "\u201d", _fits_curly, _peel_curly),
)
