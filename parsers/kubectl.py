"""What kubectl prints for people: tables of `get`, blocks of `describe`, several of them in one file.

A table says what was listed, also when it says `No resources found`. Lines with a prompt (`$ kubectl get pods -n x`)
tell kind and namespace of what follows. Usage (`kubectl top`), releases of Helm and API resources are not read.

Source: kubectl 1.34.
"""

import re
from dataclasses import dataclass, field

from parsers.k8s_describe import Described, read
from parsers.k8s_events import about_object, container_of, said
from parsers.k8s_kinds import CLUSTER_SCOPED, named, namespace_of_member, of_member, source_kind
from parsers.k8s_objects import add_object
from parsers.k8s_rows import Row, Rows
from parsers.k8s_secrets import UnboundedError, masked, without_secrets
from parsers.k8s_tables import Heading, cells, columns, described_object, event_columns, heading
from parsers.parser import Artefact, Parsed, Parser, Sample

_COMMAND = re.compile(r"^\s*(?:[\w.@:~/\[\]() -]{0,80}[$#>%] ?|\+ )?(?:sudo )?(?:kubectl|oc|k) +([a-z-].*)$")
_GET = re.compile(r"\b(get|describe)\b\s+(.*)$")
_NAMESPACE = re.compile(r"(?:^| )(?:-n|--namespace)[ =]?([a-z0-9][a-z0-9-]{0,62})\b")
# Options before the verb too: `kubectl -n ml get pods`; the word after one of these belongs to it.
_VALUED = re.compile(
    r"(?:^| )(?:-[nolfLs]|--(?:namespace|output|context|kubeconfig|cluster|user|as|server|sort-by|label-columns"
    r"|request-timeout|chunk-size|selector|field-selector|template))(?: +|=)\S+"
)
_NONE_FOUND = re.compile(r"^No resources found(?: in (\S+?) namespace)?\.?$")
_TOLD = re.compile(r"^(?:Error from server|error: |Warning: |W\d{4} |E\d{4} |Unable to connect|The connection to)")
_NAME = re.compile(r"^Name:\s+\S")
_NEXT = re.compile(
    r"^(?:Namespace|Labels|Annotations|Priority|Roles|API Version|StorageClass|Status|Provisioner|IsDefaultClass"
    r"|CreationTimestamp):"
)
_ASSIGNED = re.compile(r"Successfully assigned ([a-z0-9-]{1,63})/")
_OF_ALL = ("Pod", "Service", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "Job", "HorizontalPodAutoscaler")
_PARTIAL = re.compile(r"(?:^| )(?:-l|--selector|--field-selector|-w|--watch)\b|\|")


def recognises(head: str) -> bool:
    """Whether the first lines that are not blank are a command, a table's heading, or a describe block."""
    lines = [line for line in head.split("\n") if line.strip()][:40]
    for index, line in enumerate(lines):
        if _NONE_FOUND.match(line) or heading(line) is not None:
            return True
        if _NAME.match(line):
            return any(_NEXT.match(after) for after in lines[index + 1 : index + 4])
        if not (_COMMAND.match(line) or _TOLD.match(line)):
            return False
    return False


def parse(artefact: Artefact) -> Parsed:
    """Read every table and every block of the artefact."""
    rows = Rows.of(artefact)
    _Reader(rows).read()
    return rows.parsed()


@dataclass(slots=True)
class _Command:
    """What was asked, as far as a prompt line says."""

    line: int
    kinds: tuple[str, ...] = ()
    namespace: str | None = None
    partial: bool = False
    everything: bool = False
    seen: set[str] = field(default_factory=set)
    failed: bool = False


def _command(line: str, index: int) -> _Command | None:
    found = _COMMAND.match(line)
    if found is None:
        return None
    asked = _GET.search(found[1])
    if asked is None:
        return _Command(index, failed=True)
    said = found[1]
    words = [word for word in _VALUED.sub(" ", f" {asked[2]}").split() if not word.startswith("-")]
    resources = words[0].split(",") if words else []
    kinds = tuple(kind for word in resources if (kind := named(word.split("/")[0])))
    if resources == ["all"]:
        kinds = _OF_ALL
    space = _NAMESPACE.search(said)
    names = [word for word in words[1:] if not word.startswith(("#", ">", "2>", "&"))]
    partial = bool(_PARTIAL.search(said) or "/" in (words[0] if words else "") or names)
    everywhere = re.search(r"(?:^| )(?:-A|--all-namespaces)\b", said) is not None
    return _Command(index, kinds, space[1] if space else None, partial, everywhere)


@dataclass(slots=True)
class _Reader:
    rows: Rows
    command: _Command | None = None

    def read(self) -> None:
        rows, lines = self.rows, self.rows.lines
        index = 0
        while index < len(lines):
            line = lines[index]
            if not line.strip() or line.startswith("```"):
                index += 1
            elif (command := _command(line, index)) is not None:
                self._close()
                self.command = command
                rows.ignore(index, index + 1, "command")
                index += 1
            elif (none := _NONE_FOUND.match(line)) is not None:
                self._empty(index, none[1])
                index += 1
            elif (head := heading(line)) is not None:
                index = self._table(head, index)
            elif _NAME.match(line):
                index = self._block(index)
            else:
                if _TOLD.match(line):
                    rows.ignore(index, index + 1, "message of kubectl")
                    if self.command is not None and not line.startswith("Warning"):
                        self.command.failed = True
                else:
                    rows.reject(index, index + 1, "neither a table nor a description")
                index += 1
        self._close()

    def _namespace(self) -> str | None:
        if self.command is not None and (self.command.namespace or self.command.everything):
            return self.command.namespace
        member = self.rows.artefact.member
        return namespace_of_member(member) or self.rows.artefact.origin.namespace

    def _close(self) -> None:
        """Note the kinds a command asked for and did not find."""
        command = self.command
        if command is None or command.failed or command.partial or not command.seen:
            return
        for kind in command.kinds:
            source = source_kind(kind, None)
            if source not in command.seen:
                self._listing(command.line, source, self._namespace(), 0, complete=True)

    def _empty(self, index: int, namespace: str | None) -> None:
        command = self.command
        hint = of_member(self.rows.artefact.member)
        kinds = command.kinds if command and command.kinds else (hint,) if hint else ()
        for kind in kinds or (None,):
            source = source_kind(kind, None) if kind else None
            complete = not (command and command.partial)
            self._listing(index, source, namespace or self._namespace(), 0, complete=complete)

    def _listing(self, index: int, source: str | None, namespace: str | None, count: int, *, complete: bool) -> None:
        if source is not None:
            self.rows.listed(f"k8s.{source}")
        told: Row = {"namespace": namespace, "kind": source, "items": count, "complete": complete}
        self.rows.add("k8s.listing", index, index + 1, told)

    def _table(self, head: Heading, start: int) -> int:
        rows, lines = self.rows, self.rows.lines
        found: dict[str, list[str | None]] = {}
        broken = False
        command = self.command
        asked = command.kinds[0] if command and len(command.kinds) == 1 else None
        kind = head.kind or asked or of_member(rows.artefact.member)
        index = start + 1
        while index < len(lines) and lines[index].strip():
            line = lines[index]
            if heading(line) is not None or _command(line, index) or _NONE_FOUND.match(line) or _NAME.match(line):
                break
            if head.foreign:
                rows.ignore(index, index + 1, head.foreign)
            elif (row := cells(head, line)) is None:
                broken = True
                rows.reject(index, index + 1, "a row that does not fit its heading")
            else:
                source, namespace = self._row(head, kind, {key: masked(text) for key, text in row.items()}, index)
                found.setdefault(source, []).append(namespace)
            index += 1
        if head.foreign:
            rows.ignore(start, start + 1, head.foreign)
            return index
        if "event" in found and "NAMESPACE" not in head.names and set(found["event"]) == {None}:
            found["event"] = [self._told_by_events(start)] * len(found["event"])
        # names as `pod/web-0` come from a request for several kinds
        prefixed = (
            command is not None or len(found) > 1 or "/" in "".join(lines[start + 1 : start + 2]).split("  ", 1)[0]
        )
        for source, spaces in found.items():
            alone = len(spaces) == 1 and not prefixed
            partial = bool(command and command.partial)
            here = spaces[0] if len(set(spaces)) == 1 else None
            complete = not (broken or alone or partial)
            self._listing(start, source, here, len(spaces), complete=complete)
            if command is not None:
                command.seen.add(source)
        return index

    def _row(self, head: Heading, kind: str | None, row: dict[str, str], index: int) -> tuple[str, str | None]:
        fallback = None if "NAMESPACE" in head.names else self._namespace()
        if head.kind == "Event":
            read = event_columns(row)
            self._event(index, index + 1, {**read, "namespace": read["namespace"] or fallback})
            return "event", read["namespace"] or fallback
        told, name = described_object(row, kind)
        source = source_kind(told, None)
        made = columns(source, name, row)
        made["namespace"] = made["namespace"] or fallback
        self.rows.add(f"k8s.{source}", index, index + 1, {"kind": told, **made})
        return source, made["namespace"]

    def _told_by_events(self, start: int) -> str | None:
        """Return the namespace of a table of Events of one namespace, where its own messages name it."""
        number = self.rows.numbers[start]
        events = [row for row in self.rows.rows["k8s.event"] if row["line"] > number and row["namespace"] is None]
        told = {found[1] for row in events if (found := _ASSIGNED.match(row["message"] or ""))}
        namespace = told.pop() if len(told) == 1 else None
        for row in events:
            row["namespace"] = None if row["kind"] in CLUSTER_SCOPED else namespace
        return namespace

    def _event(self, start: int, stop: int, read: Row) -> None:
        message = masked(str(read["message"])) if read.get("message") else None
        self.rows.add(
            "k8s.event",
            start,
            stop,
            {
                **read,
                **about_object(read.get("kind"), read.get("name"), read.get("host")),
                **said(read.get("type"), read.get("reason"), message),
                "container": container_of(read.get("path")),
            },
        )

    def _block(self, start: int) -> int:
        lines = self.rows.lines
        stop = start + 1
        while stop < len(lines):
            line = lines[stop]
            if _NAME.match(line) or _COMMAND.match(line) or (heading(line) is not None and line[0] not in " \t"):
                break
            stop += 1
        end = stop
        while end > start and not lines[end - 1].strip():
            end -= 1
        described = read(lines, start, end)
        text = "\n".join(lines[start:end])
        try:
            value = without_secrets(described.value, 10 * len(text) + 1000)
        except (UnboundedError, RecursionError) as error:
            self.rows.reject(start, end, str(error) or "nested too deep")
            return stop
        self._described(described, value, start, end)
        return stop

    def _described(self, described: Described, value: Row, start: int, end: int) -> None:
        namespace = self._namespace()
        kind = value.get("kind")
        if kind == "Unknown":
            asked = self.command.kinds if self.command else ()
            value["kind"] = kind = asked[0] if len(asked) == 1 else of_member(self.rows.artefact.member) or "Unknown"
        if kind == "Unknown":
            self.rows.reject(start, end, "a description of an unknown kind")
            return
        source = add_object(self.rows, value, start, end, "", "describe", namespace, described.spans)
        if self.command is not None:
            self.command.seen.add(source)
        about = value.get("metadata", {})
        for begin, stop, told in described.events:
            about_it = {"kind": kind, "name": about.get("name"), "namespace": about.get("namespace") or namespace}
            self._event(begin, stop, {**told, **about_it})


PARSER = Parser(
    name="kubectl",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "$ kubectl get pods,models -n shop\n"
            "NAME        READY   STATUS             RESTARTS       AGE\n"
            "pod/web-0   1/2     CrashLoopBackOff   5 (2m14s ago)   9m\n",
            yields={
                "name": "web-0",
                "namespace": "shop",
                "is_ready": False,
                "restarts": 5,
                "reason": "CrashLoopBackOff",
            },
            source="k8s.pod",
            rows=1,
        ),
        Sample("No resources found in shop namespace.\n", {"namespace": "shop", "items": 0}, "k8s.listing", 1),
        Sample(
            "LAST SEEN   TYPE      REASON    OBJECT      MESSAGE\n"
            "3m (x4 over 9m)   Warning   BackOff   pod/web-0   Back-off restarting failed container\n",
            yields={"pod": "web-0", "count": 4, "time": None, "text": "BackOff Back-off restarting failed container"},
            source="k8s.event",
            rows=1,
        ),
        Sample(
            "Name:         iris\nNamespace:    shop\nAPI Version:  mlops.seldon.io/v1alpha1\nKind:         Model\n"
            "Spec:\n  Storage Uri:  gs://bucket/iris\nStatus:\n  Conditions:\n    Message:  ScheduleFailed\n"
            "    Status:   False\n    Type:     ModelReady\nEvents:       <none>\n",
            yields={"name": "iris", "storage_uri": "gs://bucket/iris", "state": "ScheduleFailed", "form": "describe"},
            source="k8s.model",
            rows=1,
        ),
        Sample("Name: iris\nIt is a flower\n", yields=None),
        Sample('time="2025-03-04T10:15:30Z" level=info msg="NAME READY"\n', yields=None),
        Sample("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-0\n", yields=None),
    ),
)
