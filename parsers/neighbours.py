r"""Logs of what stands next to Seldon: CoreDNS, ingress controllers, and the proxies of a service mesh.

    [ERROR] plugin/errors: 2 seldon-scheduler.seldon-mesh. A: read udp 10.0.0.9:41->10.0.0.2:53: i/o timeout
    10.0.0.7 - - [04/Mar/2026:10:15:30 +0000] "POST /v2/models/a/infer HTTP/1.1" 504 160 "-" "curl/8" 1 60.0 …
    2026/03/04 10:15:30 [error] 31#31: *1 upstream timed out (110: Operation timed out) while reading response header
    2026-03-04T10:15:30.123456Z<TAB>warn<TAB>Envoy proxy is NOT ready: config not received
    [     0.001234s]  INFO ThreadId(01) linkerd2_proxy: release 2.200.0

CoreDNS writes no time, Linkerd's proxy seconds since its start, nginx's error log no zone, klog no year.

Source: plugin/pkg/log of CoreDNS 1.11; log-format-upstream of ingress-nginx 1.12; istio.io/istio/pkg/log 1.24.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.folding import dated, fields, fold, openings
from parsers.parser import Artefact, Parsed, Parser, Sample, shaped
from parsers.records import levels
from parsers.regexes import ascii_classes
from parsers.timestamps import MICROSECOND, MILLISECOND, SECOND

KLOG = r"^([IWEF])(\d{4} \d\d:\d\d:\d\d\.\d+) +\d+ ([\w./-]+:\d+\]) ?(.*)$"
COREDNS = r"^(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*Z) )?\[(INFO|WARNING|ERROR|FATAL|DEBUG|PANIC)\] (.*)$"
NGINX = r"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(debug|info|notice|warn|error|crit|alert|emerg)\] (\d+#\d+: .*)$"
ACCESS = r'^([\da-fA-F.:]+|-) \S+ \S+ \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(.*?)" (\d{3}) (.*)$'
HAPROXY = r"^([\d.]+:\d+) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] (\S+ \S+/\S+ .*)$"
_PROXIED = r'^[\d.]+:\d+ \[[^\]]*\] \S+ \S+/\S+ [\d/+-]+ (\d{3}) .*"([A-Z]+ [^"]*)"$'
HAPROXYS_OWN = r"^\[(NOTICE|WARNING|ALERT)\] +\(\d+\) : (.*)$"
_SAID = r"^Server \S+/\S+ is (?:UP|DOWN)|^[Bb]ackend \S+ has no server available"
_ZEROLOG = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)) (TRC|DBG|INF|WRN|ERR|FTL|PNC) "
ZEROLOG = _ZEROLOG + "(.*)$"
ISTIO = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z)\t(debug|info|warn|error|fatal|critical|trace)\t(.*)$"
REQUEST = r'^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z)\] ("[A-Z]+ .*)$'
LINKERD = r"^\[ *([\d.]+)s\] +(TRACE|DEBUG|INFO|WARN|ERROR) (.*)$"


@dataclass(frozen=True, slots=True)
class _Form:
    """One shape of line: which groups of its regex are time, level and message, and how its time is read."""

    regex: str
    time: int | None
    level: int | None
    message: int
    read: Callable[[pl.Series, pl.Series], pl.Series]
    precision: timedelta
    zoned: bool


def _rfc3339(values: pl.Series, near: pl.Series) -> pl.Series:
    return timestamps.rfc3339(values)


def _slashed(values: pl.Series, near: pl.Series) -> pl.Series:
    return timestamps.slashed(values)


def _common(values: pl.Series, near: pl.Series) -> pl.Series:
    return values.str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", time_zone="UTC", strict=False)


def _haproxy(values: pl.Series, near: pl.Series) -> pl.Series:
    return timestamps.local(values, "%d/%b/%Y:%H:%M:%S%.f")


_KLOG = _Form(KLOG, 1, 0, 3, timestamps.yearless, MICROSECOND, False)
_FORMS = {
    "coredns": (_Form(COREDNS, 0, 1, 2, _rfc3339, SECOND, True), _KLOG),
    "ingress": (
        _Form(ACCESS, 1, None, 2, _common, SECOND, True),
        _Form(NGINX, 0, 1, 2, _slashed, SECOND, False),
        _Form(HAPROXY, 1, None, 2, _haproxy, MILLISECOND, False),
        _Form(HAPROXYS_OWN, None, 0, 1, _rfc3339, SECOND, True),
        _Form(ZEROLOG, 0, 1, 2, _rfc3339, SECOND, True),
        _KLOG,
    ),
    "istio": (
        _Form(ISTIO, 0, 1, 2, _rfc3339, MICROSECOND, True),
        _Form(REQUEST, 0, None, 1, _rfc3339, MILLISECOND, True),
        _Form(LINKERD, None, 1, 2, _rfc3339, SECOND, True),
    ),
}
_VERSION = {
    "coredns": r"^CoreDNS-(\d[\w.]*)$",
    "ingress": r"^ +Release: +v?(\d\S*)$",
    "istio": r"(?:linkerd2_proxy: release |Istio Version: |[Vv]ersion )(\d+\.\S+)",
}


def _parse(name: str, artefact: Artefact) -> Parsed:
    text = artefact.frame["text"].fill_null("")
    forms = _FORMS[name]
    # What has no head and is not indented stands for itself: banners, and prints of the runtime.
    starts = text.str.contains(ascii_classes("|".join(f"(?:{x.regex})" for x in forms))) | text.str.contains(
        r"^[^\s}\]]"
    )
    folded = fold(artefact, starts)
    source = f"log.{name}"
    rows = _understood(folded.rows, forms).with_columns(component=pl.lit(name))
    versions = text.str.extract(_VERSION[name]).drop_nulls()
    frame = shaped(source, artefact, dated(rows))
    return Parsed({source: frame}, folded.ignored, folded.rejects, version=versions[0] if len(versions) else None)


def _understood(rows: pl.DataFrame, forms: Sequence[_Form]) -> pl.DataFrame:
    first, rest = rows["first"], rows["rest"]
    void = pl.Series("void", [None] * len(first), pl.String)
    time, name, message = void.cast(pl.Datetime("us", "UTC")), void, void
    precision, zoned = void.cast(pl.Duration("us")), pl.Series("zoned", [False] * len(first), pl.Boolean)
    for form in forms:
        part = first.str.extract_groups(ascii_classes(form.regex)).struct
        fits = part[form.message].is_not_null() & message.is_null()
        if form.time is not None:
            read = form.read(part[form.time], rows["stamped"])
            time = time.zip_with(~fits, read)
            precision = precision.set(fits & read.is_not_null(), form.precision)
            zoned = zoned.set(fits & read.is_not_null(), form.zoned)
        if form.level is not None:
            name = name.zip_with(~fits, part[form.level])
        message = message.zip_with(~fits, part[form.message])
    spoken = name.str.to_lowercase().replace({"trc": "trace", "ftl": "fatal", "pnc": "fatal", "emerg": "fatal"})
    access = first.str.extract_groups(ascii_classes(ACCESS)).struct
    # An access line is quoted whole: its client and its request stand before the status.
    whole = message.zip_with(access[3].is_null() & first.str.extract(HAPROXY).is_null(), first)
    request = access[2].fill_null(first.str.extract(r'^\[\S+Z\] "([^"]*)"'))
    proxied = first.str.extract_groups(ascii_classes(_PROXIED)).struct
    request = request.fill_null(proxied[1])
    upstream = first.str.extract(r"\[[\w.-]*\] \[[^\]]*\] ([\d.:, -]+) ")
    return rows.with_columns(
        time=time,
        precision=precision,
        zoned=zoned,
        level=levels(spoken),
        message=message.fill_null(first) + rest,
        text=whole.fill_null(first) + rest,
        status=access[3].fill_null(first.str.extract(r'^\[\S+Z\] "[^"]*" (\d{3})')).fill_null(proxied[0]),
        request=request,
        upstream=upstream,
        uptime=first.str.extract(LINKERD),
        clock=first.str.extract(KLOG, 2),
        rcode=first.str.extract(r'^\[INFO\] \S+ - \d+ "[^"]*" (\w+) '),
    ).with_columns(
        fields=fields(
            status=pl.col("status"),
            method=pl.col("request").str.extract(r"^([A-Z]+) "),
            path=pl.col("request").str.extract(r"^[A-Z]+ (\S+)"),
            upstream=pl.col("upstream"),
            uptime=pl.col("uptime"),
            clock=pl.col("clock"),
            rcode=pl.col("rcode"),
        )
    )


def _recogniser(proof: str, company: str, least: float) -> Callable[[str], bool]:
    """Return whether some line is a proof, and at least the share `least` of all fits a proof or `company`."""
    sure, beside = re.compile(proof), re.compile(company)

    def recognises(head: str) -> bool:
        lines = [x for x in openings(head) if x.strip() and x[0] not in " \t"]
        if not any(sure.search(x) for x in lines):
            return False
        return sum(1 for x in lines if sure.search(x) or beside.search(x)) >= least * len(lines)

    return recognises


COREDNS_PARSER = Parser(
    name="coredns",
    recognises=_recogniser(
        r"^(?:\S+Z )?\[(?:INFO|WARNING|ERROR|FATAL|PANIC|DEBUG)\] (?:plugin/|Reloading|SIGTERM|SIGUSR"
        r"|[\da-fA-F.:\[\]]+:\d+ - \d+ "
        r'"|127\.0\.0\.1|No files matching import)|^CoreDNS-\d|^\.:53$|^\S+:\d+ - Error during parsing: ',
        rf"^linux/|^maxprocs|^[\w.-]+:\d+$|{KLOG}|{COREDNS}",
        0.75,
    ),
    parse=lambda artefact: _parse("coredns", artefact),
    samples=(
        Sample(
            ".:53\n[INFO] plugin/reload: Running configuration SHA512 = 1\nCoreDNS-1.11.1\nlinux/amd64, go1.21.8, 1\n"
            "[ERROR] plugin/errors: 2 a.b. A: read udp 10.0.0.9:41->10.0.0.2:53: i/o timeout\n",
            yields={"component": "coredns", "time": None},
            source="log.coredns",
            rows=5,
        ),
        Sample("[INFO] started something", yields=None),
    ),
)

INGRESS_PARSER = Parser(
    name="ingress",
    recognises=_recogniser(
        rf"{ACCESS}|{NGINX}|{HAPROXY}|{_ZEROLOG}.*(?:traefik|entryPoint|provider|router)|^NGINX Ingress controller"
        r"|^[IWEF]\d{4} [\d:.]+ +\d+ \w+\.go:\d+\] .*(?:NGINX|nginx|does not have any active Endpoint"
        r"|[Ii]gnoring ingress|IngressClass|ingress\.class|Backend successfully reloaded"
        r"|Configuration changes detected)",
        rf"^-{{5,}}|{KLOG}|{ZEROLOG}|^  ?(?:Release|Build|Repository)|^nginx|{HAPROXYS_OWN}|{_SAID}",
        0.75,
    ),
    parse=lambda artefact: _parse("ingress", artefact),
    samples=(
        Sample(
            '10.0.0.7 - - [04/Mar/2026:10:15:30 +0100] "POST /v2/models/a/infer HTTP/1.1" 504 160 "-" "curl/8" 1 60.0'
            " [ns-svc-80] [] 10.0.0.8:9000 0 60.0 504 0123",
            yields={"zoned": True, "level": None, "precision": SECOND},
            rows=1,
        ),
        Sample(
            "2026/03/04 10:15:30 [error] 31#31: *1 upstream timed out (110: Operation timed out)",
            yields={
                "level": "error",
                "zoned": False,
                "message": "31#31: *1 upstream timed out (110: Operation timed out)",
            },
            rows=1,
        ),
        Sample(
            "[ALERT]    (8) : backend 'dead' has no server available!\nbackend dead has no server available!\n"
            '10.0.0.7:573 [04/Mar/2026:10:15:30.391] f ml/s1 0/0/0/0/1 503 118 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"',
            yields={"component": "ingress"},
            rows=3,
        ),
        Sample("2026/03/04 10:15:30 ERROR : a: directory not found", yields=None),
        Sample("I0304 10:15:30.123456       1 leaderelection.go:271] successfully acquired lease", yields=None),
    ),
)

ISTIO_PARSER = Parser(
    name="istio",
    recognises=_recogniser(
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\t(?:debug|info|warn|error|fatal)\t(?:.*\b(?:[Ee]nvoy|[Ii]stio|pilot"
        r"|xdsproxy|xDS"
        r"|ads|sds|citadelclient|JWT|proxy|Workload|cache|ca|model|validation|kube|spiffe|FLAG|trustbundle)\b)"
        r"|^\[ *[\d.]+s\] +(?:TRACE|DEBUG|INFO|WARN|ERROR) .*(?:linkerd|ThreadId|[Pp]roxy|daemon:|inbound|outbound)",
        f"{ISTIO}|{REQUEST}|{LINKERD}",
        0.5,
    ),
    parse=lambda artefact: _parse("istio", artefact),
    samples=(
        Sample(
            "2026-03-04T10:15:30.123456Z\twarn\tEnvoy proxy is NOT ready: config not received\n"
            "2026-03-04T10:15:31.123456Z\tinfo\tads\tXDS: Pushing Services:1\n",
            yields={"component": "istio", "zoned": True},
            rows=2,
        ),
        Sample("[     0.001234s]  INFO ThreadId(01) linkerd2_proxy: release 2.200.0", yields={"level": "info"}, rows=1),
        Sample("2026-03-04T10:15:30.123Z\tINFO\tsetup\tstarting manager", yields=None),
        Sample('[2026-03-04T10:15:30.123Z] "POST /v2/models/a/infer HTTP/1.1" 503 UF - "-" 0 91', yields=None),
    ),
)

PARSERS = (COREDNS_PARSER, INGRESS_PARSER, ISTIO_PARSER)
