"""The knowledge base as static pages: a page for each failure, symptom and component; no server, no script needed."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from forensics.causality import Causes
from forensics.guides.trees import Look, Step, Tree, briefed, command, nearest, slug, symptoms_of, tree_of
from forensics.reporting.escape import coded
from forensics.reporting.sources import in_words
from forensics.writing import write_whole
from patterns.docs import pages as pattern_pages
from patterns.docs import to_fill_in
from patterns.matches import shown_term
from patterns.pattern import Evidence, Library

STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;padding:.6rem;border:1px solid #8886;border-radius:4px}code{font-size:.92em}
nav{margin-bottom:1rem}table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.2rem .5rem;text-align:left}
ol.tree>li{margin:.6rem 0}ul.drawn,ul.drawn ul{list-style:none;margin:0;padding-left:1.4rem}
ul.drawn ul>li{position:relative;padding:.1rem 0}ul.drawn ul>li::before{content:"";position:absolute;left:-1rem;top:0;
width:.8rem;height:.9rem;border-left:1px solid;border-bottom:1px solid}ul.drawn ul>li:not(:last-child)::after{content:"";
position:absolute;left:-1rem;top:0;height:100%;border-left:1px solid}
input{font:inherit;width:100%;padding:.3rem}@media print{nav,input{display:none}}
"""

SEARCH = """
const box=document.getElementById('q'),list=[...document.querySelectorAll('#all li')];box.hidden=false;
box.addEventListener('input',()=>{const words=box.value.toLowerCase().split(/\\s+/).filter(Boolean);
list.forEach(item=>{const text=item.dataset.text;item.hidden=!words.every(w=>text.includes(w))})});
"""

FILL_IN = "Names between `<` and `>` are yours to fill in."
# How pieces of evidence go together, said where the sign stands in a term.
TERMS = {
    " then ": "`a then b`: b comes after an a.",
    " with no later ": "`a with no later b`: no b comes after the last a.",
    " without ": "`a without b`: an a that no b follows.",
    " for ": "`a for 1m`: from its first to its last line it is that long.",
    " within ": "`within 5m`: in that time.",
    " of (": "`2 of (a, b, c)`: so many of them.",
    "at least ": "`at least 3 a`: so many lines.",
}
_LINK = re.compile(r"\]\((?:\.\./)?([\w-]+/[\w.-]+)\.md\)")


@dataclass(frozen=True, slots=True)
class Component:
    """A part of an installation: where it listens, where it logs, what it prints when it is well.

    Source: service and container ports of the Seldon Core v2 runtime chart, v2.9.1.
    """

    name: str
    ports: tuple[str, ...]
    logs: str
    healthy: tuple[str, ...]
    source: str


COMPONENTS: Sequence[Component] = (
    Component(
        "controller manager",
        ("8081 health", "4000 metrics"),
        "kubectl -n <namespace> logs deploy/seldon-v2-controller-manager -c manager",
        ("Handled state on reconnect", "6 to 40 lines 'Failed smoke test on scheduler' in the first half minute are normal"),
        "controller",
    ),
    Component(
        "scheduler",
        ("9002 xDS for Envoy", "9004 / 9044 controller and gateways", "9005 / 9055 agents", "9008 dataflow engine", "9999 health"),
        "kubectl -n <namespace> logs seldon-scheduler-0 -c scheduler",
        ("Scheduler is ready", "All (num: <n>) servers connected", "open delta watch … nodeID: \"test-id\" (Envoy is connected)"),
        "scheduler",
    ),
    Component(
        "Envoy",
        ("9000 data plane", "9003 /ready and /stats", "9901 administration, in the pod only"),
        "kubectl -n <namespace> logs deploy/seldon-envoy -c envoy; the access log is /tmp/envoy-accesslog.txt in the pod",
        ("control_plane.connected_state: 1", "'initial fetch timed out for …Runtime' after every start is normal"),
        "envoy",
    ),
    Component(
        "agent",
        ("9001 / 9501 reverse proxy", "9006 metrics", "9007 drain", "9008 readiness"),
        "kubectl -n <namespace> logs <server pod> -c agent",
        ("All critical agent subservices ready.", "Subscribed to scheduler"),
        "agent",
    ),
    Component("rclone", ("5572 remote control",), "kubectl -n <namespace> logs <server pod> -c rclone",
              ("Serving remote control on", "Copied (new), Deleted after each load"), "storage"),
    Component("MLServer", ("9000 HTTP", "9500 gRPC", "8082 metrics"), "kubectl -n <namespace> logs <server pod> -c mlserver",
              ("Loaded model '<model>_<version>' successfully.", "'Environment tarball not found' is normal"), "mlserver"),
    Component("Triton", ("9000 HTTP", "9500 gRPC", "8002 metrics"), "kubectl -n <namespace> logs <server pod> -c triton",
              ("Started GRPCInferenceService", "successfully loaded"), "triton"),
    Component("model gateway", ("9999 health (2.10)",), "kubectl -n <namespace> logs deploy/seldon-modelgateway -c modelgateway",
              ("Subscribing to model status events", "Adding model <model> for each that is loaded", "all topics created"), "pipelines"),
    Component("pipeline gateway", ("9010 HTTP", "9011 gRPC", "9006 metrics", "9999 health (2.10)"),
              "kubectl -n <namespace> logs deploy/seldon-pipelinegateway -c pipelinegateway",
              ("Subscribing to pipeline status events", "Starting http server on port 9010",
               "Topic … added in consumer id … at the first call of a pipeline",
               "'Failed to find request ID - will generate one' is normal"), "pipelines"),
    Component("dataflow engine", ("8000 health",), "kubectl -n <namespace> logs deploy/seldon-dataflow-engine -c dataflow-engine",
              ("Subscribing to pipeline updates", "received request for <pipeline>", "its two first lines, in colours, are normal"),
              "pipelines"),
    Component("Kafka", ("9092 plain", "9093 TLS"), "kubectl -n <kafka namespace> logs <broker pod>",
              ("Kafka Server started (kafka.server.KafkaRaftServer)", "[KafkaServer id=0] started (kafka.server.KafkaServer), with ZooKeeper"),
              "kafka"),
)  # fmt: skip


def write_site(library: Library, output: Path) -> int:
    """Write the knowledge base and return how many pages it has: HTML into a folder, or one Markdown file.

    Raises:
        OSError: it cannot be written.
    """
    if output.suffix == ".md":
        write_whole(output, one_file(library).encode())
        return 1
    written = dict(site(library))
    for name, text in written.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    return len(written)


def one_file(library: Library) -> str:
    """Return everything as one Markdown text, for printing."""
    parts = ["# Seldon Core v2: known failures", "", f"{FILL_IN} {' '.join(TERMS.values())}", ""]
    for symptom in symptoms_of(library):
        parts += [f"## Symptom: {symptom}", "", *_tree_markdown(tree_of(library, symptom)), ""]
    parts += ["## Components", "", *_components_markdown(), ""]
    for name, text in pattern_pages(library).items():
        own = f'<a id="{slug(name.removesuffix(".md"))}"></a>\n\n' if name != "index.md" else ""
        parts += [own + _LINK.sub(_inside, re.sub(r"^#", "##", text, flags=re.MULTILINE)), ""]
    return "\n".join(parts)


def _inside(link: re.Match[str]) -> str:
    return f"](#{slug(link[1])})"


def _tree_markdown(tree: Tree) -> Iterator[str]:
    asked, further = nearest(tree)
    for number, step in enumerate(asked, 1):
        together, looks = _together(step)
        yield f"{number}. **[{step.cause.title}](#{slug(step.cause.id)})?**"
        if together:
            yield f"   {together}"
        for look in looks:
            yield f"   - {f'{look.name}: ' if look.name else ''}{look.brief}"
            if look.run:
                yield f"     `{look.run}`"
    if further:
        yield ""
        behind = sorted({(step.cause.title, step.cause.id) for step in further})
        yield f"What can be behind these: {'; '.join(f'[{title}](#{slug(id)})' for title, id in behind)}"


def _together(step: Step) -> tuple[str, tuple[Look, ...]]:
    """Return what `briefed` does; how the pieces go together stands on the page of the cause."""
    together, looks = briefed(step)
    return together.replace(" (which go together: patterns show)", ""), looks


def _components_markdown() -> Iterator[str]:
    for component in COMPONENTS:
        yield f"### {component.name}"
        yield f"- ports: {', '.join(component.ports)}"
        yield f"- log: `{component.logs}`"
        yield f"- when it is well: {'; '.join(component.healthy)}"
        yield ""


def site(library: Library) -> Iterator[tuple[str, str]]:
    """Yield (path, HTML) of every page."""
    causes = Causes(library)
    yield "index.html", _page("Known failures of Seldon Core v2", _index(library), "", search=True)
    for symptom in symptoms_of(library):
        yield f"symptom/{slug(symptom)}.html", _page(symptom, _tree_html(tree_of(library, symptom)), "../")
    for component in COMPONENTS:
        yield (
            f"component/{slug(component.name)}.html",
            _page(component.name, _component_html(component, library), "../"),
        )
    for pattern in library.patterns.values():
        yield (
            f"failure/{pattern.id}.html",
            _page(pattern.title, "".join(_failure(library, pattern.id, causes)), "../../"),
        )


def _page(title: str, body: str, root: str, search: bool = False) -> str:
    script = f"<script>{SEARCH}</script>" if search else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f'<nav><a href="{root}index.html">all failures</a></nav><main><h1>{coded(title)}</h1>{body}</main>{script}</body></html>\n'
    )


def _index(library: Library) -> str:
    symptoms = "".join(f'<li><a href="symptom/{slug(s)}.html">{escape(s)}</a></li>' for s in symptoms_of(library))
    components = "".join(f'<li><a href="component/{slug(c.name)}.html">{escape(c.name)}</a></li>' for c in COMPONENTS)
    failures = "".join(
        f'<li data-text="{escape(f"{p.id} {p.title} {p.about}".lower())}"><a href="failure/{p.id}.html">{coded(p.title)}</a>'
        f" <small>{escape(p.layer)}, {escape(p.severity)}</small></li>"
        for p in library.patterns.values()
    )
    return (
        f"<h2>Symptoms</h2><ul>{symptoms}</ul><h2>Components</h2><ul>{components}</ul>"
        f'<h2>Failures</h2><label>Search <input id="q" type="search" hidden></label><ul id="all">{failures}</ul>'
    )


def _tree_html(tree: Tree) -> str:
    asked, further = nearest(tree)
    items = []
    for number, step in enumerate(asked, 1):
        together, looks = _together(step)
        shown = "".join(
            f"<li>{f'<b>{escape(look.name)}</b>: ' if look.name else ''}{escape(look.brief)}"
            + (f"<pre><code>{escape(look.run)}</code></pre>" if look.run else "")
            + "</li>"
            for look in looks
        )
        onward = "none of the known causes" if number == len(asked) else f'<a href="#s{number + 1}">{number + 1}</a>'
        items.append(
            f'<li id="s{number}"><a href="../failure/{step.cause.id}.html">{coded(step.cause.title)}</a>? '
            f"<small>{escape(in_words(step.source))}</small>"
            f"{f'<p>{escape(together)}</p>' if together else ''}<ul>{shown}</ul>"
            f'yes: <a href="../failure/{step.cause.id}.html">what to do</a>; no: {onward}</li>'
        )
    entries = "".join(f'<li><a href="../failure/{e.id}.html">{coded(e.title)}</a></li>' for e in tree.entries)
    return (
        f"<p>Seen as:</p><ul>{entries}</ul><h2>The tree</h2>{_drawn(tree.symptom, asked, further)}"
        f'<h2>Questions</h2><ol class="tree">{"".join(items)}</ol>'
    )


def _drawn(symptom: str, asked: Sequence[Step], further: Sequence[Step]) -> str:
    """Return the tree as nested lists: the symptom, where to look, what causes it, and what can be behind that."""
    behind: dict[str, list[str]] = defaultdict(list)
    for step in sorted(further, key=lambda step: step.cause.title):
        link = f'<a href="../failure/{step.cause.id}.html">{coded(step.cause.title)}</a>'
        behind[step.through[0]].append(f"<li>{link}</li>")
    branches: dict[str, list[str]] = defaultdict(list)
    for number, step in enumerate(asked, 1):
        more = behind[step.cause.id]
        hidden = (
            f"<details><summary>what can be behind it: {len(more)}</summary><ul>{''.join(more)}</ul></details>"
            if more
            else ""
        )
        branches[step.source].append(f'<li><a href="#s{number}">{number}. {coded(step.cause.title)}</a>{hidden}</li>')
    inside = "".join(f"<li>{escape(in_words(source))}<ul>{''.join(b)}</ul></li>" for source, b in branches.items())
    return f'<ul class="drawn"><li><b>{escape(symptom)}</b><ul>{inside}</ul></li></ul>'


def _component_html(component: Component, library: Library) -> str:
    ports = "".join(f"<li>{escape(port)}</li>" for port in component.ports)
    healthy = "".join(f"<li>{escape(line)}</li>" for line in component.healthy)
    failures = "".join(
        f'<li><a href="../failure/{p.id}.html">{coded(p.title)}</a></li>'
        for p in library.patterns.values()
        if p.layer == component.source
    )
    return (
        f"<h2>Ports</h2><ul>{ports}</ul><h2>Log</h2><pre><code>{escape(component.logs)}</code></pre>"
        f"<h2>When it is well</h2><ul>{healthy}</ul><h2>Known failures</h2><ul>{failures}</ul>"
    )


def _failure(library: Library, name: str, causes: Causes) -> Iterator[str]:
    pattern = library.patterns[name]
    yield f"<p>{escape(pattern.layer)}, {escape(pattern.severity)}, {escape('check' if pattern.check else pattern.role)}</p>"
    term = shown_term(pattern.match)
    terms = " ".join(said for word, said in TERMS.items() if word in term)
    yield f"<p>{coded(' '.join(pattern.about.split()))}</p><h2>What shows it</h2><p><code>{escape(term)}</code></p>"
    yield f"<p><small>{coded(terms)}</small></p>" if terms else ""
    yield f"<ul>{''.join(map(_piece, pattern.evidence.values()))}</ul><h2>What to do</h2><p><small>{coded(FILL_IN)}</small></p><ol>"
    for action in pattern.remedy:
        run = f"<pre><code>{escape(to_fill_in(action.run))}</code></pre>" if action.run else ""
        yield f"<li>{coded(to_fill_in(action.do))}{run}</li>"
    yield "</ol>"
    if pattern.verify:
        yield f"<h2>Mended when</h2><pre><code>{escape(to_fill_in(pattern.verify.run))}</code></pre>"
        yield f"<p>shows: {coded(to_fill_in(pattern.verify.expect))}</p>"
    for title, names in (
        ("Can be caused by", sorted(causes.causes.get(name, ()))),
        ("Can cause", sorted(causes.effects(name, {}))),
    ):
        links = "".join(
            f'<li><a href="../../failure/{other}.html">{coded(library.patterns[other].title)}</a></li>'
            for other in names
            if other in library.patterns
        )
        if links:
            yield f"<h2>{title}</h2><ul>{links}</ul>"
    if pattern.examples:
        example = next((e for e in pattern.examples if e.expect == "present"), pattern.examples[0])
        for member, text in example.files.items():
            yield f"<h2>An example: {escape(member)}</h2><pre><code>{escape(text.strip())}</code></pre>"
    if pattern.references:
        links = "".join(f'<li><a rel="noreferrer" href="{escape(r)}">{escape(r)}</a></li>' for r in pattern.references)
        yield f"<h2>References</h2><ul>{links}</ul>"


def _piece(piece: Evidence) -> str:
    """Return where a piece of evidence stands, what is looked for there, and the command that shows it."""
    where = " ".join(piece.where.text.split()) if piece.where is not None else ""
    traits = f"{piece.strength}, healthy installations show it too" if piece.weak else piece.strength
    run = command(piece)
    return (
        f"<li><b>{escape(piece.name)}</b>: {coded(in_words(piece.source))} <small>({traits})</small>"
        + (f"<br><small>{coded(piece.note)}</small>" if piece.note else "")
        + (f"<details><summary>exactly</summary><code>{escape(where)}</code></details>" if where else "")
        + (f"<pre><code>{escape(run)}</code></pre>" if run else "")
        + "</li>"
    )
