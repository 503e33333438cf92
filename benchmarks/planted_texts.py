# ruff: noqa: E501 - what is hostile is as long as it is
"""Plant texts that want to be obeyed in every place of a bundle, ask for every form of output, and say what came out raw.

    python -m benchmarks.planted_texts [--keep FOLDER] [--kinds WORD] [--quick] [--verbose]

Each form is read as its reader would: a terminal obeys control characters, a browser tags, a tracker Markdown, a
spreadsheet formulas, rich its own markup. Exits 1 where a planted text would be obeyed.
"""

import argparse
import csv
import io
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import planted  # noqa: E402 - run as a script as well

# In each `{s}` is a word of its own, by which it is known again.
TEXTS: Mapping[str, str] = {
    "plain": "{s}",
    "colour": "\x1b[31m{s}\x1b[0m",
    "clear": "\x1b[2J\x1b[H{s}",
    "link": "\x1b]8;;http://evil.example/{s}\x07x\x1b]8;;\x07",
    "clipboard": "\x1b]52;c;{s}\x07",
    "title": "\x1b]0;{s}\x1b\\",
    "c1": "\x9b31m{s}\x9d52;c;x\x9c",
    "c1-alone": "\x85{s}\x90q\x9c",
    "bidi": "\u202e{s}\u202c\u2066x\u2069",
    "hidden": "\u200b{s}\u2060\ufeff\u00ad",
    "tags": "\U000e0041{s}\U000e007f",
    "separators": "{s}\u2028forged\u2029{s}",
    "bell": "\x07\x08\x7f{s}",
    "return": "{s}\rforged",
    "shift": "\x0e{s}\x0f",
    "script": "<script>{s}()</script>",
    "closing": "</script></style></title></textarea>-->]]><script>{s}()</script>",
    "image": "<img src=x onerror={s}()>",
    "svg": "</pre></code></svg><svg onload={s}()>",
    "attribute": "\" onmouseover=\"{s}()\" x='",
    "attribute-single": "' autofocus onfocus='{s}()",
    "entity": "&lt;b&gt;{s}&#60;i&#62;",
    "address": "javascript:{s}()",
    "markdown-link": "[{s}](javascript:alert(1))",
    "markdown-image": "![{s}](http://evil.example/x.png)",
    "markdown-reference": "[{s}]: http://evil.example",
    "markdown-html": "<b>{s}</b> <!-- {s} -->",
    "markdown-fence": "``` {s}",
    "markdown-tick": "` {s} <b> `",
    "markdown-heading": "# {s}",
    "markdown-table": "| {s} | x | <i>",
    "markdown-mention": "@{s} #12 www.evil.example/{s} a@evil.example",
    "formula": "=HYPERLINK(\"http://evil.example/{s}\",\"x\")",
    "formula-plus": "+{s}",
    "formula-minus": "-{s}",
    "formula-at": "@{s}",
    "formula-tab": "\t={s}",
    "formula-quoted": '"={s}","',
    "rich": "[red]{s}[/red]",
    "rich-close": "[/{s}] [/]",
    "rich-link": "[link=http://evil.example]{s}[/link]",
    "rich-blink": "[blink reverse]{s}",
    "template": "{{{{ 7*7 }}}} {{% raw %}} {s}",
    "format": "%s%n {{0}} {s} $(x) `x`",
    "long": "{s}" + "x" * 30_000,
}  # fmt: skip
_WORD = re.compile(r"Zh8k(\d{5})q")
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)


_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_OF_RICH = re.compile("\x1b\\[(?:[0-9;]+;)?5(?:;[0-9;]*)?m|\x1b\\]8;")  # a blink, a link: we print neither


class Texts(planted.Plants):
    """What was planted, each with a word of its own."""

    def fill(self, template: str, kind: str, place: str) -> str:
        """Return the text of a kind with its own word."""
        number = len(self.known)
        self.known.append((kind, place))
        return template.format(s=f"Zh8k{number:05}q", b="aGFybWxlc3M=")

    def who(self, text: str) -> tuple[str, str]:
        """Return kind and place of the first planted word in a text."""
        found = _WORD.search(text)
        number = int(found[1]) if found else len(self.known)
        return self.known[number] if number < len(self.known) else ("?", "?")


def names(texts: Texts, lines: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield dumps in which everything that has a name has a hostile one."""

    def every(place: str) -> Iterator[str]:
        return (texts.fill(template, kind, place) for kind, template in lines.items())

    moment = "2025-07-12T18:30:09Z"
    items: list[Any] = []
    for name, server, space in zip(every("model name"), every("server name"), every("namespace name"), strict=True):
        meta = {"name": name, "namespace": space, "labels": {name: server}, "creationTimestamp": moment}
        failed = {
            "type": "ModelReady",
            "status": "False",
            "reason": name,
            "message": name,
            "lastTransitionTime": moment,
        }
        seldon = "mlops.seldon.io/v1alpha1"
        items += [
            {
                "apiVersion": seldon,
                "kind": "Model",
                "metadata": meta,
                "spec": {"storageUri": name, "requirements": [name], "server": server},
                "status": {"conditions": [failed]},
            },
            {
                "apiVersion": seldon,
                "kind": "Server",
                "metadata": meta | {"name": server},
                "spec": {"serverConfig": name, "capabilities": [name]},
                "status": {"conditions": [failed | {"type": name}]},
            },
            {
                "apiVersion": seldon,
                "kind": "Pipeline",
                "metadata": meta,
                "spec": {"steps": [{"name": name}, {"name": server, "inputs": [name]}], "output": {"steps": [server]}},
            },
            {
                "apiVersion": seldon,
                "kind": "Experiment",
                "metadata": meta,
                "spec": {"default": name, "candidates": [{"name": name, "weight": 0}]},
            },
        ]
    for name, container, image in zip(every("pod name"), every("container name"), every("image"), strict=True):
        waiting = {
            "state": {"waiting": {"reason": name, "message": image}},
            "lastState": {"terminated": {"exitCode": 137, "reason": container}},
        }
        items += [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "ml", "annotations": {name: image}},
                "spec": {
                    "nodeName": name,
                    "containers": [{"name": container, "image": image, "env": [{"name": name, "value": image}]}],
                },
                "status": {
                    "phase": "Pending",
                    "reason": name,
                    "containerStatuses": [
                        {"name": container, "ready": False, "restartCount": 9, "image": image, **waiting}
                    ],
                },
            },
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": "ml"},
                "data": {name: image},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": "ml"},
                "spec": {"selector": {name: image}, "ports": [{"name": container, "port": 80}]},
            },
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name},
                "status": {"conditions": [{"type": "Ready", "status": "False", "reason": image}]},
            },
        ]
    for n, (reason, source) in enumerate(zip(every("event reason"), every("event source"), strict=True)):
        items.append(
            {"apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e{n}", "namespace": "ml"}, "type": "Warning", "reason": reason, "message": source, "count": 3,
             "lastTimestamp": moment, "source": {"component": source}, "involvedObject": {"kind": reason, "name": source, "namespace": "ml"}}
        )  # fmt: skip
    yield "names/objects.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)
    stats = [f"cluster.{_flat(text)}.upstream_rq_total: 1" for text in every("name of a statistic")]
    yield "names/stats.txt", "\n".join(["server.uptime: 71", "server.live: 1", "server.state: 0", *stats]) + "\n"
    hosts = [f"{_flat(text)}::10.0.0.1:9000::health_flags::/failed_active_hc" for text in every("name of a cluster")]
    yield "names/clusters.txt", "\n".join(hosts) + "\n"
    samples = [f'seldon_model_infer_total{{model="{planted._escaped(text)}"}} 1' for text in every("label of a metric")]
    yield "names/metrics.txt", "\n".join(["# TYPE seldon_model_infer_total counter", *samples]) + "\n"
    heads = [
        f'time="2025-07-12T18:30:09Z" level={planted._escaped(text)} msg="x" {text}="y" func=z'
        for text in every("key of a field")
    ]
    yield "names/keys.log", "\n".join([planted._said("begin"), *heads]) + "\n"
    for kind, template in lines.items():
        name = _flat(texts.fill(template, kind, "name of a member"))[:150].replace("/", "_").replace("\0", "")
        yield f"members/{name}.log", planted._said("x") + "\n"
        yield f"members/{name}/x.log", planted._said("y") + "\n"


def _flat(text: str) -> str:
    return re.sub(r"[\r\n]", " ", text)


# ---- what each form obeys


def _printed(text: str) -> Iterator[str]:
    """Yield what a terminal, or rich on the way to it, would obey."""
    for found in _OBEYED.finditer(text):
        yield text[max(0, found.start() - 60) : found.end() + 60]


class _Page(HTMLParser):
    """Gathers what of a page a browser would obey."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.obeyed: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        data = dict(attrs).get("type") == "application/json"  # no browser runs it
        self._inside = tag if tag in ("script", "style") and not data else ""
        for name, value in attrs:
            said = f"<{tag} {name}={value!r}>"
            loads = name in ("href", "src", "action", "formaction", "srcdoc", "style", "xlink:href", "data")
            outside = loads and not (value or "").startswith(("#", "data:image/png"))
            if name.startswith("on") or _WORD.search(f"{name} {tag}") or (outside and _WORD.search(value or "")):
                self.obeyed.append(said)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        if _WORD.search(data):
            self.obeyed.append(f"<!--{data[:200]}-->")

    def handle_data(self, data: str) -> None:
        if self._inside and (found := _WORD.search(data)):
            self.obeyed.append(f"<{self._inside}>{data[max(0, found.start() - 60) : found.end()]}")


def _browsed(text: str) -> Iterator[str]:
    page = _Page()
    page.feed(text)
    yield from page.obeyed


def _tracked(text: str) -> Iterator[str]:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    for block in reader.parse(text):
        if block.type == "html_block" and _WORD.search(block.content):
            yield block.content[:300]
        for token in block.children or ():
            obeyed = token.type in ("link_open", "image", "html_inline")
            if obeyed and _WORD.search(f"{token.content}{token.attrs}"):
                yield f"{token.type} {token.content} {token.attrs}"
            if token.type in ("link_open", "image") and "evil.example" in str(token.attrs):
                yield f"{token.type} {token.attrs} in {block.content[:200]}"


def _calculated(text: str) -> Iterator[str]:
    csv.field_size_limit(1 << 30)
    for row in csv.reader(io.StringIO(text)):
        yield from (cell[:200] for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and _WORD.search(cell))


def _checked(text: str) -> Iterator[str]:
    try:
        ElementTree.fromstring(text)  # noqa: S314 - our own
    except ElementTree.ParseError as error:
        yield f"no XML: {error}"


def _linked(text: str) -> Iterator[str]:
    """Yield messages of SARIF in which a viewer sees a link."""
    for run in json.loads(text)["runs"]:
        for each in _messages(run):
            yield from (found[0] for found in re.finditer(r"(?<!\\)\[[^\]\\]*Zh8k[^\]]*(?<!\\)\]\([^)]*\)", each))


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        said = value.get("message")
        if isinstance(said, dict) and isinstance(said.get("text"), str):
            yield said["text"]
        for inner in value.values():
            yield from _messages(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _messages(inner)


_READERS: Mapping[str, Callable[[str], Iterator[str]]] = {
    ".html": _browsed, ".md": _tracked, ".csv": _calculated, ".xml": _checked, ".sarif": _linked,
}  # fmt: skip


def obeyed(name: str, text: bytes, texts: Texts) -> Iterator[tuple[str, str, str]]:
    """Yield kind, place and an excerpt of what a form's reader would obey."""
    told = text.decode("utf-8", "surrogateescape")
    suffix = Path(name).suffix if "/" not in name else ""
    if name.startswith("coloured "):
        found = [told[max(0, mark.start() - 60) : mark.end() + 60] for mark in _OF_RICH.finditer(told)]
        told = _COLOURS.sub("", told)
        yield from ((*texts.who(excerpt), excerpt) for excerpt in found)
    for reader in (_printed, _READERS.get(suffix, lambda _: iter(()))):
        for excerpt in reader(told):
            yield *texts.who(excerpt), excerpt


def bundle(texts: Texts, only: str = "", few: bool = False) -> bytes:
    """Return an archive with every text whose kind holds `only` in every place, or in some of the logs and examples."""
    lines = {kind: text for kind, text in TEXTS.items() if only in kind}
    files = dict(names(texts, lines))
    for number, (name, text) in enumerate(planted.places(texts, lines)):
        if not few or number % 12 == 0 or any(word in name for word in _LOGS):
            files[name] = text
    return planted.packed(files)


_LOGS = ("logs/logrus", "logs/mlserver", "logs/client", "logs/envoy", "logs/csv", "logs/markdown", "events", "describe")


def coloured(case: str) -> Iterator[tuple[str, bytes]]:
    """Yield what a terminal with colours is told: what rich takes for its own markup becomes a style or a link."""
    with mock.patch.dict(os.environ, {"FORCE_COLOR": "1", "COLUMNS": "200"}):
        for asked in (
            ("analyse", case),
            ("analyse", case, "--details"),
            ("timeline", case, "--limit", "10000000"),
            ("state", case),
            ("routes", case),
            ("coverage", case),
            ("explain", case, "agent/agent-cannot-reach-scheduler"),
            ("query", case, "SELECT * FROM members"),
            ("review", case, "--details"),
            ("tree", "404", "--bundle", case),
            ("diff", case, case),
        ):
            yield f"coloured {' '.join(asked).replace(case, '').strip()}", planted._run(*asked)


def mistaken(case: str) -> Iterator[tuple[str, bytes]]:
    """Yield what is said of arguments that are hostile themselves."""
    for kind in ("colour", "clipboard", "bidi", "c1", "rich", "rich-close", "rich-link", "return"):
        text = TEXTS[kind].replace("{s}", "x")
        for arguments in (
            ("analyse", f"/tmp/{text}"),  # noqa: S108 - there is none
            ("analyse", case, "--model", text),
            ("analyse", case, "--since", text),
            ("analyse", case, "--timezone", text),
            ("analyse", case, "-o", f"{text}:x"),
            ("analyse", case, "--patterns", f"/tmp/{text}"),  # noqa: S108
            ("explain", case, text),
            ("query", case, f"SELECT '{text}' FROM {text}"),  # noqa: S608 - no database: the frames
            ("query", case, f"SELECT '{text}' AS \"{text}\" FROM members"),  # noqa: S608
            ("timeline", case, "--text", text),
            ("tree", text),
            ("patterns", "show", text),
            ("patterns", "new", case, f"{text}:1"),
            ("verify", f"/tmp/{text}.json", case),  # noqa: S108
            (text,),
        ):
            yield f"errors {kind}", planted._run(*arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant, ask, and print what would be obeyed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--keep", type=Path, help="where the bundle and all outputs go")
    options.add_argument("--kinds", default="", help="only kinds whose name holds this")
    options.add_argument("--quick", action="store_true", help="fewer logs and examples, explanations and drafts")
    options.add_argument("--verbose", action="store_true", help="print each form as it is asked for")
    chosen = options.parse_args(arguments)
    texts, begun = Texts(), time.process_time()
    found: Counter[tuple[str, str, str]] = Counter()
    excerpts: dict[tuple[str, str, str], str] = {}
    forms: set[str] = set()
    shown = 0
    with tempfile.TemporaryDirectory(prefix="seldon-planted.") as made:
        folder = chosen.keep or Path(made)
        out = folder / "out"
        out.mkdir(parents=True, exist_ok=True)
        case = folder / "planted.tar.gz"
        case.write_bytes(bundle(texts, chosen.kinds, chosen.quick))
        small = folder / "small.log"
        small.write_text(planted._said("x") + "\n")
        said = chain(planted.outputs(str(case), out, chosen.quick), coloured(str(case)), mistaken(str(small)))
        with planted.remembered():
            for name, text in said:
                if chosen.verbose:
                    print(f"{name}: {len(text)} bytes, {time.process_time() - begun:.0f} s", flush=True)
                if name.startswith("redacted ") or name.endswith(".parquet"):
                    continue  # the lines as they were, for a machine
                forms.add(name)
                shown += len(_WORD.findall(text.decode("utf-8", "replace")))
                for kind, place, excerpt in obeyed(name, text, texts):
                    found[kind, place, name] += 1
                    excerpts.setdefault((kind, place, name), excerpt)
    for where in sorted(found)[:60]:
        kind, place, name = where
        print(f"escape: {kind}, planted in {place}, obeyed in {name}: {ascii(excerpts[where])[:300]}")
    print(
        f"texts planted {texts.counted()}, outputs {len(forms)}, shown {shown} times, escapes {len(found)}, "
        f"{time.process_time() - begun:.0f} s of work"
    )
    return 1 if found or not shown else 0


if __name__ == "__main__":
    sys.exit(main())
