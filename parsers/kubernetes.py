"""Objects of Kubernetes as YAML or JSON: dumps of kubectl and of every collector built on it, and manifests.

Read are single objects, `List`s and typed lists (empty ones too: they say that there was none), bare arrays, several
documents in one file, JSON one object a line or one after the other with log blocks between them
(`kubectl cluster-info dump`). What an item does not say of itself is taken from its list, then from its shape, then
from the file's path.

Source: `kubectl get -o yaml|json`, kubectl 1.34; the layouts of `oc adm inspect`, troubleshoot.sh 0.123.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from parsers.k8s_documents import Document, Item, json_documents, yaml_documents
from parsers.k8s_kinds import group_of, namespace_of_member, of_list, of_member, of_shape, source_kind
from parsers.k8s_objects import add_object
from parsers.k8s_rows import Rows
from parsers.k8s_secrets import UnboundedError, without_secrets
from parsers.k8s_stretches import MOST, Stretch, stretches
from parsers.k8s_values import as_json, mapping, written
from parsers.k8s_windows import together, windows
from parsers.parser import Artefact, Parsed, Parser, Sample
from parsers.x509 import of_secret

_API_VERSION = re.compile(r"(?m)^\s{0,4}(?:- )?[\"']?apiVersion[\"']?\s*:\s*[\"']?[\w./-]+")
_KIND = re.compile(r"[\"']?\b[kK]ind[\"']?\s*:\s*[\"']?[A-Z]\w+")
_ITEM = re.compile(r'^\s*\[?\s*\{[\s\S]*"metadata"\s*:\s*\{')
_YAML_KIND = re.compile(r"(?m)^\s{0,4}(?:- )?kind:\s*[\"']?[A-Z]\w+")
_FIRST = re.compile(r"---|%YAML|#|- |[\"']?[A-Za-z][\w.-]*[\"']?:(?:\s|$)")
_VERSIONED = re.compile(r'(?:---\s+)?(?:\{\s*")?apiVersion"?:\s*"?(?:v1|[\w.-]+/v\d\w*)\b')
_SEEN = 199  # line feeds in a head that is no whole file
_LIST = re.compile(r"(?m)^items:\s*(?:\[|null|$)")
_JSON_API = re.compile(r'"apiVersion"\s*:\s*"[\w./-]+"')
_NOISE = re.compile(
    r"(?:[$#] |[\w.@:~/\[\]-]{1,60}[$#%>] |\+ )?(?:sudo )?(?:kubectl|oc|k|helm) [a-z-]"
    r"|(?:Warning: |[WEI]\d{4} |Error from server|error: |No resources found)|={3,}[^=\n]+={3,}(?m:$)"
    r"|[\w.-]{1,60}@[\w.-]{1,60}[: ][^\s$#%>]{0,80} ?[$#%>](?: |(?m:$))"
)
_HELM = re.compile(r"(NAME|USER-SUPPLIED VALUES|COMPUTED VALUES|HOOKS|MANIFEST|NOTES):(?: |$)")
_LOG = re.compile(r"^==== (?:START|END) logs for container \S+ of pod \S+ ====")


def recognises(head: str) -> bool:
    """Whether the artefact opens with objects: `apiVersion` and `kind`, or items with `metadata`."""
    start = head.lstrip("\ufeff \t\r\n")
    while _NOISE.match(start) and "\n" in start:
        start = start.split("\n", 1)[1].lstrip()
    if _VERSIONED.match(start) and head.count("\n") >= _SEEN:
        return True  # a long ConfigMap: its kind stands below its data
    if start.startswith("NAME: ") and "\nLAST DEPLOYED: " in start[:1000]:
        return True
    if start.startswith(("{", "[")):
        if _JSON_API.search(start) and _KIND.search(start):
            return True
        if start.startswith("[") and re.fullmatch(r"\[\s*\]\s*", start):
            return True
        return (bool(_ITEM.match(start)) and ('"spec"' in start or '"status"' in start or '"data"' in start)) or bool(
            re.match(r'\{\s*(?:"metadata"\s*:\s*\{[^{}]*\}\s*,\s*)?"items"\s*:\s*(?:\[|null)', start)
        )
    return bool(_FIRST.match(start) and _API_VERSION.search(head) and (_YAML_KIND.search(head) or _LIST.search(head)))


def parse(artefact: Artefact) -> Parsed:
    """Read every object of the artefact."""
    parts = windows(artefact)
    return together([_parsed(part) for part in parts]) if parts is not None else _parsed(artefact)


def _parsed(artefact: Artefact) -> Parsed:
    rows = Rows.of(artefact)
    lines = rows.lines
    if lines:
        lines[0] = lines[0].removeprefix("\ufeff")
    objects = _objects(rows)
    reader = _Reader(rows)
    outputs = stretches(objects)
    if len(outputs) > MOST:
        rows.reject(outputs[MOST].start, len(objects), f"behind {MOST:,} outputs in one file")
    for stretch in outputs[:MOST]:
        lines = objects[stretch.start : stretch.stop]
        documents = list(json_documents(lines) if stretch.in_json else yaml_documents(lines))
        if stretch.start:
            documents = [document.moved(stretch.start) for document in documents]
        for document in documents:
            reader.read(document)
        if stretch.in_json:
            _between(rows, objects, stretch, documents)
    return rows.parsed()


def _objects(rows: Rows) -> list[str]:
    """Return the lines with those blanked that are no part of an object: prompts, warnings, Helm's headings."""
    lines = list(rows.lines)
    helm = any(line.startswith("LAST DEPLOYED:") for line in lines[:10])
    section = None
    for index, line in enumerate(lines):
        if helm and (found := _HELM.match(line)) is not None:
            section = found[1]
        if helm and section != "MANIFEST" and section != "HOOKS":
            rows.ignore(index, index + 1, "values and notes of a Helm release")
            lines[index] = ""
        elif helm and _HELM.match(line):
            rows.ignore(index, index + 1, "heading of a Helm release")
            lines[index] = "---"
        elif line[:1] not in (" ", "-", "{", "[", "}", "]", "", '"') and _NOISE.match(line) and not _LOG.match(line):
            rows.ignore(index, index + 1, "prompt or message of kubectl")
            lines[index] = ""
    return lines


def _between(rows: Rows, objects: list[str], stretch: Stretch, documents: list[Document]) -> None:
    """Account for what stands between JSON documents: log blocks, and words of kubectl."""
    edges = [stretch.start, *(edge for each in documents for edge in (each.start, each.stop)), stretch.stop]
    for start, stop in list(pairwise(edges))[::2]:
        inside = False
        for index in range(start, max(start, stop)):
            line = rows.lines[index]
            if _LOG.match(line):
                inside = " START " in line[:12]
                rows.ignore(index, index + 1, "separator of logs")
            elif inside:
                rows.ignore(index, index + 1, "log of a container")
            elif objects[index].strip():
                rows.reject(index, index + 1, "not a JSON document")


@dataclass(slots=True)
class _Reader:
    rows: Rows

    def read(self, document: Document) -> None:
        head = mapping(document.head)
        of_items = of_list(head.get("kind"))
        version = written(head.get("apiVersion"))
        namespace = namespace_of_member(self.rows.artefact.member) or self.rows.artefact.origin.namespace
        read = [self._item(item, of_items, version, namespace) for item in document.items]
        if document.listed:
            self._listing(document, read, of_items, version, namespace)
        if not document.whole:
            self.rows.reject(document.start, document.stop, "cut off before its end")

    def _item(
        self, item: Item, of_items: str | None, version: str | None, namespace: str | None
    ) -> tuple[str, str | None] | None:
        """Add the rows of an item; return its source's kind and its namespace, null if it could not be read."""
        rows = self.rows
        value, broken = item.loaded()
        if broken is not None:
            rows.reject(item.start, item.stop, broken)
            return None
        if not isinstance(value, dict):
            if value is not None:
                rows.reject(item.start, item.stop, "not an object of Kubernetes")
            return None
        kind = written(value.get("kind")) or of_items or of_shape(value) or of_member(rows.artefact.member)
        if kind is None or not (isinstance(value.get("metadata"), dict) or "apiVersion" in value):
            rows.reject(item.start, item.stop, "neither kind nor metadata")
            return None
        value = _named(value, kind, version)
        secret = source_kind(kind, written(value.get("apiVersion"))) == "secret"
        own = {"certificates": as_json(of_secret(value))} if secret else {}
        try:
            value = without_secrets(value, 10 * len(item.text) + 1000)
        except (UnboundedError, RecursionError) as error:
            rows.reject(item.start, item.stop, str(error) or "nested too deep")
            return None
        source = add_object(rows, value, item.start, item.stop, item.text, namespace=namespace, own=own)
        return source, written(mapping(value.get("metadata")).get("namespace"))

    def _listing(
        self,
        document: Document,
        read: list[tuple[str, str | None] | None],
        of_items: str | None,
        version: str | None,
        namespace: str | None,
    ) -> None:
        found: dict[str, list[str | None]] = {}
        for each in read:
            if each is not None:
                found.setdefault(each[0], []).append(each[1])
        if not found:
            hint = of_items or of_member(self.rows.artefact.member)
            kinds: list[tuple[str | None, list[str | None]]] = [
                (source_kind(hint, version if of_items else None) if hint else None, [])
            ]
        else:
            kinds = list(found.items())
        complete = (
            document.whole and None not in read and not mapping(mapping(document.head).get("metadata")).get("continue")
        )
        stop = document.items[0].start if document.items else document.stop
        for kind, spaces in kinds:
            inside = set(spaces)
            here = namespace if not spaces else next(iter(inside)) if len(inside) == 1 else None
            if kind is not None:
                self.rows.listed(f"k8s.{kind}")
            self.rows.add(
                "k8s.listing",
                document.start,
                max(stop, document.start + 1),
                {"namespace": here, "kind": kind, "items": len(spaces), "complete": complete},
            )


def _named(value: dict[str, Any], kind: str, version: str | None) -> dict[str, Any]:
    """Return the object with its kind, and its list's version where it has none."""
    if "kind" in value and "apiVersion" in value:
        return value
    named = {"kind": kind, **value}
    if version and "apiVersion" not in named and group_of(version) != "meta.k8s.io":
        named["apiVersion"] = version
    return named


PARSER = Parser(
    name="kubernetes",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-0\n  namespace: shop\nstatus:\n  phase: Pending\n",
            yields={"name": "web-0", "namespace": "shop", "phase": "Pending", "restarts": None, "line": 1, "lines": 7},
            source="k8s.pod",
            rows=1,
        ),
        Sample(
            "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: store\n  data:\n"
            "    pass: Zm9v\nkind: List\n",
            yields={"name": "store", "keys": '["pass"]', "line": 3, "lines": 6},
            source="k8s.secret",
            rows=1,
        ),
        Sample(
            '{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}\n',
            yields={"kind": "pod", "items": 0, "complete": True},
            source="k8s.listing",
            rows=1,
        ),
        Sample(
            '{"apiVersion":"v1","kind":"Event","metadata":{"name":"a.1","namespace":"shop"},"involvedObject":{"kind":"Pod",'
            '"name":"web-0","namespace":"shop","fieldPath":"spec.containers{app}"},"reason":"BackOff","message":"Back-off",'
            '"type":"Warning","eventTime":"2025-03-04T10:15:30.123456Z","lastTimestamp":null,"source":{}}\n',
            yields={"pod": "web-0", "container": "app", "text": "BackOff Back-off", "level": "warning"},
            source="k8s.event",
            rows=1,
        ),
        Sample('time="2025-03-04T10:15:30Z" level=info msg="apiVersion: v1"\n', yields=None),
        Sample('{"configs":[{"@type":"type.googleapis.com/envoy.admin.v3.BootstrapConfigDump"}]}\n', yields=None),
        Sample("NAME    READY   STATUS    RESTARTS   AGE\nweb-0   1/1     Running   0          5m\n", yields=None),
    ),
)
