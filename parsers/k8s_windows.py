"""Dumps larger than some megabytes in pieces of whole objects: loaded at once, they take ten times their memory.

Each piece has the lines of the list around it, so that it reads as a list of its own; what is read of all of them is
put together again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

from parsers.elements import Ended, Reader, pieces
from parsers.k8s_stretches import Stretch, stretches_of
from parsers.parser import LINES, Artefact, Parsed

SMALL = 16 << 20  # bytes of a dump that is read at once
PIECE = 4 << 20  # bytes of objects in a piece
_TEXT = pl.col("text")
_LISTING = "k8s.listing"
_SPAN = {"line": pl.UInt32(), "lines": pl.UInt32()}
_JSON_ITEMS = re.compile(r'^\s*(?:\{\s*)?"items":\s*\[\s*$')
_END = re.compile(r'\]((?:\s*,\s*"(?:kind|apiVersion)"\s*:\s*"[^"]*"|\s*,\s*"metadata"\s*:\s*\{[^{}]*\})*\s*\}\s*)$')
_ENDS = 4096  # characters in which a list on one line ends


def windows(artefact: Artefact) -> Iterator[Artefact] | None:
    """Return the pieces of a large dump; None for a small one, and for one that cannot be cut."""
    texts = artefact.frame["text"]
    if int(texts.str.len_bytes().sum()) < SMALL:
        return None
    outputs = stretches_of(texts)
    if len(outputs) > 1:
        return _one_by_one(artefact, outputs)
    filled = artefact.frame.filter(_TEXT.str.contains(r"\S"))
    if filled.height == 1:
        return _on_one_line(artefact, filled)
    if filled.height and filled["text"][0].lstrip().startswith(("{", "[")):
        return _of_json(artefact)
    return _of_yaml(artefact)


def _one_by_one(artefact: Artefact, outputs: Sequence[Stretch]) -> Iterator[Artefact]:
    """Yield the outputs that were written one behind the other: a large one in its pieces, small ones together."""
    sizes = artefact.frame["text"].str.len_bytes().cast(pl.Int64).cum_sum()
    begin = 0
    for each in outputs:
        size = sizes[each.stop - 1] - (sizes[each.start - 1] if each.start else 0)
        held = (sizes[each.start - 1] if each.start else 0) - (sizes[begin - 1] if begin else 0)
        if begin < each.start and held + size > PIECE:
            yield replace(artefact, frame=artefact.frame.slice(begin, each.start - begin))
            begin = each.start
        if size >= SMALL:
            part = replace(artefact, frame=artefact.frame.slice(begin, each.stop - begin))
            yield from windows(part) or (part,)
            begin = each.stop
    if begin < artefact.frame.height:
        yield replace(artefact, frame=artefact.frame.slice(begin))


def _of_yaml(artefact: Artefact) -> Iterator[Artefact] | None:
    texts = artefact.frame["text"]
    breaks = texts.str.contains(r"^(?:---|\.\.\.)(?:$|[ \t#])").arg_true()
    breaks = breaks.filter(breaks > _first(texts))
    if len(breaks):
        return _grouped(artefact, 0, breaks.to_list(), len(texts), (), ())
    opening = next(iter(texts.str.contains(r"^items:\s*$").arg_true()), None)
    if opening is None or opening + 1 >= len(texts):
        return None
    indent = len(texts[opening + 1]) - len(texts[opening + 1].lstrip(" "))
    starts = texts.str.contains(rf"^ {{{indent}}}-(?: |$)").arg_true()
    starts = starts.filter(starts > opening)
    after = (texts.str.contains(r"^[^ \t#-]") & (pl.int_range(len(texts), eager=True) > opening)).arg_true()
    stop = int(after[0]) if len(after) else len(texts)
    starts = starts.filter(starts < stop)
    if not len(starts) or starts[0] != opening + 1:
        return None
    # kubectl writes `kind` behind the items: a list without it was cut off.
    ended = stop < len(texts) or bool(texts.head(opening).str.contains(r"^kind:").any())
    return _grouped(artefact, opening + 1, starts.to_list()[1:], stop, () if ended else ("kind: List",), (opening,))


def _of_json(artefact: Artefact) -> Iterator[Artefact] | None:
    return _as_kubectl_prints(artefact) or _walked(artefact)


def _as_kubectl_prints(artefact: Artefact) -> Iterator[Artefact] | None:
    """Return the pieces of a list with its items a line each, or in lines of their own; None for any other layout."""
    texts = artefact.frame["text"]
    head = texts.head(1000).to_list()
    opening = next((i for i, line in enumerate(head) if _JSON_ITEMS.match(line)), None)
    if opening is None:
        alone = texts.str.contains(r"^\s*(?:\{.*\}\s*)?$").all()
        return _grouped(artefact, 0, list(range(1, len(texts))), len(texts), (), ()) if alone else None
    found = re.match(r"( *)\{$", texts[opening + 1] if opening + 1 < len(texts) else "")
    if found is None:
        return None
    starts = (texts == found[1] + "{").arg_true()
    ends = texts.is_in([found[1] + "}", found[1] + "},"]).arg_true()
    whole = starts.head(len(ends))
    cut = len(starts) == len(ends) + 1
    if not (len(starts) == len(ends) or cut) or not len(ends) or starts[0] != opening + 1:
        return None
    if not (starts.slice(1) == ends.head(len(starts) - 1) + 1).all() or not (whole < ends).all():
        return None
    stop = len(texts) if cut else int(ends[-1]) + 1
    if not cut and not (stop < len(texts) and texts[stop].lstrip().startswith("]")):
        return None
    return _grouped(artefact, opening + 1, starts.to_list()[1:], stop, ("]}",) if cut else (), (opening,))


def _first(texts: pl.Series) -> int:
    return next((i for i, line in enumerate(texts.head(1000)) if line.strip()), 0)


def _grouped(
    artefact: Artefact, begin: int, cuts: list[int], stop: int, closing: Sequence[str], opening: Sequence[int]
) -> Iterator[Artefact]:
    """Yield the lines from `begin` to `stop` in pieces that begin at some of `cuts`.

    Args:
        artefact: the whole.
        begin: index of the first line of objects; what stands before goes with every piece.
        cuts: where objects begin.
        stop: index after the last line of objects; what stands behind goes with every piece.
        closing: what closes all pieces but the last, where nothing stands behind.
        opening: index of the line that `closing` counts for.
    """
    frame = artefact.frame
    head, tail = frame.head(begin), frame.slice(stop)
    ends = frame["text"].str.len_bytes().cast(pl.Int64).cum_sum()
    at = begin
    chosen: list[tuple[int, int]] = []
    for cut in cuts:
        if cut > at and ends[cut - 1] - (ends[at - 1] if at else 0) >= PIECE:
            chosen.append((at, cut))
            at = cut
    if closing and chosen:
        at = chosen.pop()[0]  # what was cut off stands behind a whole object, to be told from the list's own lines
    chosen.append((at, stop))
    more = frame[list(opening)].with_columns(pl.Series("text", list(closing), pl.String)) if closing else frame.clear()
    for start, after in chosen:
        end = tail if after == stop else pl.concat([tail, more])
        yield replace(artefact, frame=pl.concat([head, frame.slice(start, after - start), end]))


_Stretch = tuple[int, int]  # of a text: how many characters stand before its first and behind its last
_ALL = 1 << 62


def _walked(artefact: Artefact) -> Iterator[Artefact] | None:
    """Return the pieces of documents that are laid out in any way; None where there is but one."""
    reader = Reader(pieces(artefact.frame["text"]))
    made: list[tuple[list[_Stretch], str]] = []  # the stretches of a piece, and what closes it where its list opens
    at = 0
    while (opens := reader.peek()) and opens in "{[":
        begin = reader.at
        if begin - at >= PIECE:
            made.append(([(at, begin)], ""))
            at = begin
        chunks: list[_Stretch] = []
        try:
            tail: int | None = _walk(reader, chunks)
            stop = reader.at
        except Ended:
            tail, stop = None, _ALL
            if chunks:  # what was cut off stands behind a whole object
                chunks[-1] = (chunks[-1][0], _ALL)
        if len(chunks) > 1:
            head = (begin, chunks[0][0])
            made += [([(at, begin)], "")] if at < begin else []
            for number, chunk in enumerate(chunks, 1):
                last = tail is None and number == len(chunks)
                closing = "" if last or tail is not None else "]}" if opens == "{" else "]"
                made.append(([head, chunk, *([(tail, stop)] if tail is not None else [])], closing))
            at = stop
        if stop == _ALL:
            break
    if at < _ALL:
        made.append(([(at, _ALL)], ""))
    return _stretches(artefact, made) if len(made) > 1 else None


def _walk(reader: Reader, chunks: list[_Stretch]) -> int:
    """Walk one document, and add where the elements of the list stand that it is or holds, some at a time.

    Returns:
        Where that list ends.

    Raises:
        Ended: the document does not come to its end.
    """
    if reader.peek() == "[":
        return _elements(reader, chunks)
    tail, keys = 0, set()
    for key in reader.members():
        keys.add(key)
        if key.lower() == "items" and reader.peek() == "[" and not chunks:
            tail = _elements(reader, chunks)
    if "spec" in keys:  # an object that happens to have items
        chunks.clear()
    return tail


def _elements(reader: Reader, chunks: list[_Stretch]) -> int:
    begin, end = -1, 0
    for _ in reader.elements():
        begin = reader.at if begin < 0 else begin
        reader.value()
        end = reader.at
        if end - begin >= PIECE:
            chunks.append((begin, end))
            begin = -1
    if begin >= 0:
        chunks.append((begin, end))
    return reader.at - 1


def _stretches(artefact: Artefact, made: Sequence[tuple[list[_Stretch], str]]) -> Iterator[Artefact]:
    """Yield pieces that begin and end anywhere in a line."""
    frame = artefact.frame
    ends = (frame["text"].str.len_chars().cast(pl.Int64) + 1).cum_sum()  # with the line feeds

    def rows(begin: int, end: int) -> pl.DataFrame:
        end = min(end, int(ends[-1]))
        first, last = int(ends.search_sorted(begin, "right")), int(ends.search_sorted(end, "left"))
        part = frame.slice(first, last - first + 1)
        before = [int(ends[row - 1]) if row else 0 for row in (first, last)]
        texts = part["text"]
        if end - before[1] < len(texts[-1]):
            texts = texts.scatter(len(texts) - 1, texts[-1][: end - before[1]])
        if begin > before[0]:
            texts = texts.scatter(0, texts[0][begin - before[0] :])
        return part.with_columns(texts.alias("text"))

    for stretches, closing in made:
        closed = rows(*stretches[0]).tail(1).with_columns(text=pl.lit(closing))
        first, *others = stretches
        if others and first[1] == others[0][0]:  # one goes on where the other ends
            first, *others = (first[0], others[0][1]), *others[1:]
        parts = [rows(begin, end) for begin, end in (first, *others) if begin < int(ends[-1])]
        parts += [closed] if closing else []
        yield replace(artefact, frame=pl.concat(parts))


def _on_one_line(artefact: Artefact, row: pl.DataFrame) -> Iterator[Artefact] | None:
    start = row["text"].str.slice(0, 200).item().lstrip()
    if not start.startswith("{"):
        return None
    end = _END.search(row["text"].str.tail(_ENDS).item())
    return _items(artefact, row, end[1] if end else None)


def _items(artefact: Artefact, row: pl.DataFrame, end: str | None) -> Iterator[Artefact]:
    """Yield the items of a list that stands on one line, some of them at a time."""
    reader = Reader(pieces(row["text"]))
    head: dict[str, Any] = {}
    held: list[str] = []
    size = 0

    def piece(closing: str) -> Artefact:
        around = orjson.dumps({**head, "items": []}).decode().removesuffix("]}")
        text = around + ",".join(held) + closing
        return replace(artefact, frame=row.with_columns(pl.Series("text", [text], pl.String)).select(LINES.names()))

    rest = "]" + (end or "}")
    try:
        for key in reader.members():
            if key != "items" or reader.peek() != "[":
                head[key] = reader.value()
                continue
            for _ in reader.elements():
                held.append(reader.text())
                size += len(held[-1])
                if size >= PIECE:
                    yield piece(rest)
                    held.clear()
                    size = 0
            break
    except Ended:
        rest = ""
    yield piece(rest)


def together(parts: Sequence[Parsed]) -> Parsed:
    """Return what was read of the pieces of one dump as of the whole."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for part in parts:
        for source, frame in part.frames.items():
            frames.setdefault(source, []).append(frame)
    whole = {source: pl.concat(some) for source, some in frames.items()}
    if _LISTING in whole:
        whole[_LISTING] = _one_listing(whole[_LISTING])
    spoken = whole[_LISTING].select("line", "lines").unique() if _LISTING in whole else pl.DataFrame(schema=_SPAN)
    spoken = spoken.select(pl.int_ranges("line", pl.col("line") + pl.col("lines"), dtype=pl.UInt32).alias("line"))
    spoken = spoken.explode("line", empty_as_null=False)
    # A line on which an object begins or ends may be one on which the list does.
    last = (pl.col("line") + pl.col("lines") - 1).cast(pl.UInt32)
    edges = [frame.select(edge) for frame in whole.values() for edge in ("line", last.alias("line"))]
    spoken = pl.concat([spoken, *edges]).unique()
    ignored = pl.concat([part.ignored for part in parts]).unique("line", keep="first", maintain_order=True)
    return replace(
        parts[0],
        frames=whole,
        ignored=ignored.join(spoken, on="line", how="anti").sort("line"),
        rejects=pl.concat([part.rejects for part in parts]).unique(maintain_order=True),
    )


def _one_listing(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the listings of a dump's pieces as those of the dump: how many there are, and whether all is there."""
    space = pl.col("namespace")
    rows = rows.with_columns(
        pl.col("complete").all().over("member", "line"), pl.col("lines").min().over("member", "line")
    )
    return (
        rows.group_by("member", "kind", "line", maintain_order=True)
        .agg(
            pl.when(space.n_unique() == 1).then(space.first()).alias("namespace"),
            pl.col("items").sum(),
            pl.exclude("namespace", "items").first(),
        )
        .select(rows.columns)
        .cast(rows.schema)
    )
