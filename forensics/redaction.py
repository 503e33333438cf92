"""Make a bundle that can be shared, and prove that it still tells the same.

Names, addresses, hosts and secrets are replaced, the same everywhere.
"""

import gzip
import hashlib
import hmac
import io
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from forensics.analysis import Case, analyse, read
from forensics.bundle import open_bundle
from forensics.document import Document
from forensics.intake.masking import mask
from forensics.intake.secret_shapes import MASK
from patterns.literals import condition_literals
from patterns.pattern import Library

# What every installation calls so says nothing about whose it is, and the patterns need it.
COMMON = frozenset(
    """
    default kube-system kube-public kube-node-lease seldon seldon-mesh seldon-system mlserver triton seldon-scheduler
    seldon-envoy seldon-modelgateway seldon-pipelinegateway seldon-dataflow-engine hodometer seldon-server scheduler
    agent rclone envoy manager modelgateway pipelinegateway dataflow-engine kafka zookeeper coredns kubernetes
    seldon-v2-controller-manager istio-system cert-manager monitoring ingress-nginx istio-proxy localhost
    kube-root-ca.crt kube-dns metrics-server etcd kube-proxy kube-apiserver kube-scheduler kube-controller-manager
    listener_0 listener_1 seldon_http seldon_service seldon_mirrors xds_cluster mirror_http mirror_grpc
    self none null true false str name
    """.split()  # noqa: SIM905 -- a list of words reads better as one
)
KINDS = {
    "m": ("k8s.model", "state.model"),
    "s": ("k8s.server", "state.server"),
    "p": ("k8s.pipeline", "state.pipeline"),
    "e": ("k8s.experiment", "state.experiment"),
    "x": (
        "k8s.networkpolicy", "k8s.secret", "k8s.persistentvolumeclaim", "k8s.ingress", "k8s.resourcequota",
        "k8s.serviceaccount", "k8s.rolebinding", "k8s.node",
    ),
}  # fmt: skip
# What stands beside Seldon in its namespaces; the names of the pods of a workload begin with it.
BESIDE = (
    "k8s.deployment", "k8s.statefulset", "k8s.daemonset", "k8s.job", "k8s.service", "k8s.configmap", "k8s.kafka",
    "k8s.kafkauser", "k8s.certificate", "k8s.horizontalpodautoscaler", "k8s.scaledobject", "k8s.seldondeployment",
    "k8s.virtualservice", "k8s.gateway", "k8s.httproute",
)  # fmt: skip
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
SHORTEST = 3  # a name shorter than this stands in too many words
IPV4 = re.compile(r"(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}(?:\.[A-Za-z]{2,})*")
# Two letters end many a name in code as well: of those a host has three labels.
HOST = re.compile(
    r"(?:(?<![\w./@-])|(?<=://))(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:com|net|org|io|dev|cloud|local|internal|corp|lan|intra|intranet|example|bank|gov|edu"
    r"|(?:[a-z0-9-]+\.)(?:de|fr|uk|eu|ch|at|nl|es|pl|se|dk|fi|be|jp|cn|au|ca|us|ai))(?![\w-])"
)
DASHED = re.compile(r"(?<![\w-])ip-(\d{1,3}-\d{1,3}-\d{1,3})-(\d{1,3})(?![\w-]*\d-)")
IPV6 = re.compile(
    r"(?<![\w:.])(?:(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6})(?![\w:])"
)
ACCOUNT = re.compile(r"(?<=:)\d{12}(?=:)|(?<![\w.-])\d{12}(?=\.dkr\.ecr\.)")
# What a cloud gives its customer's own name to.
OWNED = re.compile(
    r"^(.+?)\.((?:dkr\.ecr|s3(?:-[\w-]+)?|(?:\w+\.)?(?:eks|rds|elb|cache|kafka|es|efs|fsx))\.(?:[\w-]+\.)*amazonaws\.com"
    r"|storage\.googleapis\.com)$"
)
BUCKET = re.compile(r"\b(?:s3a?|gs|gcs|abfss?|wasbs?|minio|hdfs)://([a-z0-9][a-z0-9.-]+)")
# Names that nobody dumped an object of: as callers, Envoy, MLServer and the logs' own fields write them.
_NAME = r"([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
SAID = {
    "m": re.compile(
        rf"/v2/models/{_NAME}(?:_\d+)?(?![\w.-])"
        rf"|(?i:seldon-model|model_?name)\\?[\"']?\s*[:=]\s*\\?[\"']?{_NAME}(?:_\d+)?(?:\.(?:pipeline|experiment))?(?![\w-])"
        rf"|[Mm]odel '{_NAME}(?:_\d+)?'|\[{_NAME}_\d+:\d+\]|(?<![\w.-]){_NAME}_\d+_(?:http|grpc)(?![\w-])"
    ),
    "p": re.compile(
        rf"/v2/pipelines/{_NAME}(?![\w.-])|(?i:pipeline_?name)\\?[\"']?\s*[:=]\s*\\?[\"']?{_NAME}(?![\w-])"
    ),
    "e": re.compile(rf"(?i:experiment_?name)\\?[\"']?\s*[:=]\s*\\?[\"']?{_NAME}(?![\w-])"),
    "n": re.compile(rf"(?<![\w.-])[a-z0-9-]+\.{_NAME}\.svc(?![\w-])"),
}
PUBLIC = re.compile(
    r"(?:^|\.)(?:seldon\.io|kubernetes\.io|k8s\.io|istio\.io|github\.com|docker\.io|gcr\.io|quay\.io|nvcr\.io|cluster\.local"
    r"|googleapis\.com|amazonaws\.com|envoyproxy\.io|linkerd\.io|cert-manager\.io|openshift\.io|apache\.org|golang\.org"
    r"|x-k8s\.io|cncf\.io|svc\.local|strimzi\.io|coreos\.com|keda\.sh|prometheus\.io|rancher\.io)$"
)


class RedactionError(ValueError):
    """The redacted bundle does not tell the same: what differs, and where."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A bundle that can be shared, and the private map back."""

    archive: bytes
    names: Mapping[str, str]
    document: Document
    beside: bool = True  # whether the names of what stands beside Seldon (`BESIDE`) went as well


def redact(case: Case, library: Library, key: bytes) -> Redacted:
    """Return the shareable bundle.

    Args:
        case: the bundle.
        library: what must say the same of both.
        key: pseudonyms are made with it; the same key gives the same pseudonyms.

    Raises:
        RedactionError: the verdict, the roots or the cited lines are not the same.
    """
    before = analyse(case, library)
    differences: list[str] = []
    for beside in (True, False):
        replace = _Replacing(_names(case, library, key, beside), key)
        data, moved = _archive(case, replace)
        after = analyse(read(open_bundle(["-"], stdin=io.BytesIO(data))), library)
        differences = list(_differences(before, after, moved))
        if not differences:
            return Redacted(data, replace.used, after, beside)
    raise RedactionError("the redacted bundle does not tell the same: " + "; ".join(differences[:5]))


def _archive(case: Case, replace: "_Replacing") -> tuple[bytes, dict[str, str]]:
    """Return the shareable bundle, and what each member is called in it."""
    raw = io.BytesIO()
    moved: dict[str, str] = {}
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in case.intake.reads:
            if not len(entry.lines):
                continue
            text = replace.text("\n".join(entry.lines.texts()) + "\n")
            moved[entry.member] = replace.text(entry.member.replace("!", "/"))
            data = text.encode()
            info = tarfile.TarInfo(moved[entry.member])
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), 6, mtime=0), moved


def _names(case: Case, library: Library, key: bytes, beside: bool) -> dict[str, str]:
    """Return what is replaced, by what; longest first."""
    words = _vocabulary(library)
    found: dict[str, str] = {}
    for letter, sources in KINDS.items():
        for source in sources:
            frame = case.frames.get(source)
            if frame is not None and "name" in frame.columns:
                for name in frame["name"].drop_nulls().unique().sort().to_list():
                    found.setdefault(name, letter)
    for frame in case.frames.values():
        if "namespace" in frame.columns:
            for name in frame["namespace"].drop_nulls().unique().sort().to_list():
                found.setdefault(name, "n")
    for source in BESIDE if beside else ():
        frame = case.frames.get(source)
        if frame is not None:
            for name in frame["name"].drop_nulls().unique().sort().to_list():
                if not name.startswith("seldon-"):
                    found.setdefault(name, "w")
    for entry in case.intake.reads:
        for text in entry.lines.texts():
            if "://" in text:
                found.update(dict.fromkeys(BUCKET.findall(text), "b"))
            for letter, said in SAID.items():
                for match in said.finditer(text):
                    found.setdefault(match[match.lastindex or 0], letter)
    kept = {
        name: letter
        for name, letter in found.items()
        if len(name) >= SHORTEST and name.lower() not in COMMON and name.lower() not in words and "/" not in name
    }
    made = pseudonyms(kept, key)
    return {name: made[name] for name in sorted(kept, key=lambda n: (-len(n), n))}


def _vocabulary(library: Library) -> frozenset[str]:
    """Return the words of all patterns' literals: a name that is one of them cannot be told from the message."""
    return frozenset(
        word.lower()
        for pattern in library.patterns.values()
        for piece in pattern.evidence.values()
        if piece.where is not None
        for literal in condition_literals(piece.where)
        for word in re.findall(r"[A-Za-z][A-Za-z0-9_-]+", literal)
    )


def pseudonyms(names: Mapping[str, str], key: bytes) -> dict[str, str]:
    """Return for each name one of the same length that an object may have, no two the same.

    The length holds the columns of tables; names that differ in capitals alone, as callers misspell them, still do.

    Args:
        names: with the letter that their pseudonyms begin with.
        key: the same key and names give the same pseudonyms.
    """
    taken = {name.lower() for name in names}
    letters = {name.lower(): names[name] for name in sorted(names)}
    made: dict[str, str] = {}
    for name in sorted(letters):
        tries = (_pseudonym(name, letters[name], key, attempt) for attempt in count())
        made[name] = next(found for found in tries if found not in taken)
        taken.add(made[name])
    return {name: _cased(made[name.lower()], name) for name in names}


def _pseudonym(name: str, letter: str, key: bytes, attempt: int) -> str:
    digest = int(
        hmac.new(key, f"{name} {attempt}".encode() if attempt else name.encode(), hashlib.sha256).hexdigest(), 16
    )
    digits = "".join(_DIGITS[digest // 36**place % 36] for place in range(40))
    return letter + digits[: min(len(name), 40) - 1 + attempt // 100]  # where short ones run out, a longer one


def _cased(made: str, name: str) -> str:
    if name.isupper():
        return made.upper()
    return made.capitalize() if name[0].isupper() else made


class _Replacing:
    def __init__(self, names: Mapping[str, str], key: bytes) -> None:
        self._key = key
        self.used: dict[str, str] = {}
        self._names = names
        joined = "|".join(re.escape(name) for name in names)
        # An underscore ends a name: `iris_1_http` is Envoy's cluster of the model iris.
        self._known = re.compile(rf"(?<![A-Za-z0-9])(?:{joined})(?![A-Za-z0-9])") if joined else None

    def text(self, text: str) -> str:
        """Return a text with everything replaced."""
        # Not the mask's own stars: in YAML those begin an alias, and the file would be broken.
        text = mask(text).replace(MASK, "REDACTED")
        text = MAIL.sub(lambda m: self._note(m[0], f"user-{self._short(m[0])}@mail.example"), text)
        text = HOST.sub(self._host, text)
        text = ACCOUNT.sub(lambda m: self._note(m[0], self._digits(m[0])), text)
        text = DASHED.sub(self._dashed, text)
        text = IPV6.sub(self._long_address, text)
        text = IPV4.sub(self._address, text)
        if self._known is not None:
            text = self._known.sub(lambda m: self._note(m[0], self._names[m[0]]), text)
        return text

    def _host(self, match: re.Match[str]) -> str:
        host = match[0]
        if (owned := OWNED.match(host)) and owned[1] not in COMMON:
            return self._note(host, f"o{self._short(owned[1])}.{owned[2]}")
        if PUBLIC.search(host):
            return host
        return self._note(host, f"h{self._short(host)}.example")

    def _address(self, match: re.Match[str]) -> str:
        """Return an address of another subnet, the same for all of a subnet; loopback and unspecified stay."""
        subnet, host = match[1], match[2]
        parts = [int(part) for part in subnet.split(".")]
        if any(part > 255 for part in (*parts, int(host))) or parts[0] in (0, 127, 255):
            return match[0]
        digest = hmac.new(self._key, subnet.encode(), hashlib.sha256).digest()
        first = parts[0] if parts[0] in (10, 172, 192, 100) else 203
        second = parts[1] if first in (172, 192, 100) else digest[0]
        return self._note(match[0], f"{first}.{second}.{digest[1]}.{host}")

    def _dashed(self, match: re.Match[str]) -> str:
        """Return a node's name that is its address, so that it is the address's own pseudonym."""
        address = f"{match[1].replace('-', '.')}.{match[2]}"
        return self._note(match[0], f"ip-{IPV4.sub(self._address, address).replace('.', '-')}")

    def _long_address(self, match: re.Match[str]) -> str:
        """Return an address of another network, the same for all of a network; the last part stays."""
        network, _, last = match[0].rpartition(":")
        if not network.strip(":") or (network.replace(":", "").isdigit() and "::" not in match[0]):
            return match[0]
        digest = hmac.new(self._key, network.lower().encode(), hashlib.sha256).hexdigest()
        return self._note(match[0], f"fd{digest[:2]}:{digest[2:6]}:{digest[6:10]}::{last}")

    def _digits(self, text: str) -> str:
        digest = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        return f"{int(digest[:12], 16) % 10**12:012}"

    def _short(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:8]

    def _note(self, name: str, pseudonym: str) -> str:
        self.used[name] = pseudonym
        return pseudonym


def _differences(before: Document, after: Document, moved: Mapping[str, str]) -> Iterable[str]:
    if before["verdict"] != after["verdict"]:
        yield f"verdict {before['verdict']}, then {after['verdict']}"
    then, now = (_roots(document) for document in (before, after))
    if then != now:
        yield f"roots {', '.join(then) or 'none'}, then {', '.join(now) or 'none'}"
    expected = {(moved.get(member, member), first) for member, first in _cited(before)}
    for member, first in sorted(expected ^ set(_cited(after))):
        yield f"{member}:{first} is cited in one of the two"


def _roots(document: Document) -> list[str]:
    return [f["pattern"] for f in document["findings"] if f["role"] == "root"]


def _cited(document: Document) -> set[tuple[str, int]]:
    return {
        (cite["member"], cite["lines"][0])
        for finding in document["findings"]
        if finding["role"] == "root"
        for piece in finding["evidence"]
        for cite in piece["cites"]
    }
