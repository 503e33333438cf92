r"""Envoy's access log: Seldon's two formats, Envoy's own, the mesh's, and JSON.

    [2025-03-04T10:15:30.832Z] "POST /v2/models/iris/infer HTTP/1.1" 503 - URX,UF 90 190 5538 - "-" "curl/8.5" "-"
    "seldon-mesh" "192.0.2.21:9001"

(one line). Up to Seldon Core 2.8.5 this is Envoy's default format, from 2.9.0 on a gRPC status stands between the code
and the flags: seven columns instead of six before the first quoted header. Istio's format has three more after the
flags: details, details of the connection's end, and the transport's failure. The time is the start of the request,
the line is written at its end. Missing values are `-`. Quotes inside header values are not escaped.

Source: access log configuration in scheduler/pkg/envoy/resources, Seldon Core v2.8.5 and v2.9.0; Envoy's and Istio's
documentation of their default formats.
"""

import re
from datetime import timedelta

import polars as pl

from parsers.envoy_record import HEAD, records
from parsers.parser import Artefact, Origin, Parsed, Parser, Sample, set_aside, shaped
from parsers.regexes import ascii_classes
from parsers.schema import REJECT

START = ascii_classes(r"^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\]]*\] \"")
JSON_START = ascii_classes(
    r'^\{[^{]*"(?:response_flags|response_code_details|upstream_host|upstream_cluster)"\s*:[^{]*\}\s*$'
)
REQUEST = ascii_classes(
    r'^\[(?<time>[^\]]+)\] "(?<request>.*?)" (?<status>\d+|-) (?:(?<grpc_status>-|\w+) )?(?<flags>-|[A-Za-z,]+) '
    r'(?:(?<details>[^\s"]+) (?<end>[^\s"]+) "(?<failure>[^"]*)" )?'
    r"(?<bytes_in>\d+|-) (?<bytes_out>\d+|-) (?<duration>\d+|-) (?<upstream_duration>\d+|-) "
    r'"(?<forwarded_for>.*?)" "(?<user_agent>.*)" "(?<request_id>[^"]*)" "(?<authority>[^"]*)" "(?<upstream>[^"]*)"'
    r"(?: (?<cluster>\S+) .*)?\s*$"
)
# What nearly all lines of Seldon's own format are: no quote within quotes, and no part that may be left out.
_USUAL = (
    r'^\[[0-9TZ:.-]+\] "[!#-~]+ [!#-~]+ [!#-~]+" [0-9]+ (?:-|[A-Za-z,]+) [0-9]+ [0-9]+ [0-9]+ (?:[0-9]+|-) '
    r'"[^"]*" "[^"]*" "[^"]*" "[^"]*" "[^"]*"$'
)
# Keys of JSON formats (Istio's, Envoy Gateway's, Contour's and the operators of Envoy's documentation), best first.
KEYS = {
    "time": ("start_time", "@timestamp", "timestamp", "time"),
    "method": ("method", ":method", "req_method"),
    "path": ("path", "x-envoy-origin-path", ":path", "uri_path"),
    "protocol": ("protocol",),
    "status": ("response_code", "status", "code", "status_code"),
    "flags": ("response_flags", "flags"),
    "details": ("response_code_details",),
    "bytes_in": ("bytes_received",),
    "bytes_out": ("bytes_sent",),
    "duration": ("duration", "response_duration", "total_duration"),
    "upstream_duration": ("upstream_service_time", "x-envoy-upstream-service-time"),
    "user_agent": ("user_agent", "user-agent"),
    "request_id": ("request_id", "x-request-id"),
    "authority": ("authority", ":authority", "requested_server_name"),
    "upstream": ("upstream_host",),
    "cluster": ("upstream_cluster",),
    "grpc_status": ("grpc_status_number", "grpc_status"),
    "forwarded_for": ("x_forwarded_for", "x-forwarded-for"),
    "failure": ("upstream_transport_failure_reason",),
}
EXTRA = ("grpc_status", "forwarded_for", "failure")
GRPC_PATH = ascii_classes(r"^/[A-Za-z_]\w*(?:\.\w+)+/[A-Za-z_]\w*$")
MODEL = r"^/v2/models/([^/?]+)(?:[/?]|$)"
MILLISECOND = timedelta(milliseconds=1)


def _from_text(lines: pl.DataFrame) -> pl.DataFrame:
    usual = lines["text"].str.contains(_USUAL)
    if usual.all():
        return _split(lines)
    columns = ["line", "lines", "text", "stamped", *KEYS]
    some = [_split(lines.filter(usual)), _matched(lines.filter(~usual))]
    return pl.concat(frame.select(columns) for frame in some)


def _split(lines: pl.DataFrame) -> pl.DataFrame:
    """Read lines like `_USUAL` by their quotes and blanks: a tenth of what `REQUEST` costs, and the same."""
    quoted = lines["text"].str.splitn('"', 12).struct.unnest()
    request = quoted["field_1"].str.splitn(" ", 3).struct.unnest()
    numbers = quoted["field_2"].str.splitn(" ", 8).struct.unnest()
    return lines.with_columns(
        quoted["field_0"].str.slice(1).str.strip_suffix("] ").alias("time"),
        request["field_0"].alias("method"),
        request["field_1"].alias("path"),
        request["field_2"].alias("protocol"),
        numbers["field_1"].alias("status"),
        numbers["field_2"].alias("flags"),
        numbers["field_3"].alias("bytes_in"),
        numbers["field_4"].alias("bytes_out"),
        numbers["field_5"].alias("duration"),
        numbers["field_6"].alias("upstream_duration"),
        quoted["field_3"].alias("forwarded_for"),
        quoted["field_5"].alias("user_agent"),
        quoted["field_7"].alias("request_id"),
        quoted["field_9"].alias("authority"),
        quoted["field_11"].str.strip_suffix('"').alias("upstream"),
        *(pl.lit(None, pl.String).alias(name) for name in ("grpc_status", "details", "end", "failure", "cluster")),
    )


def _matched(lines: pl.DataFrame) -> pl.DataFrame:
    read = lines.with_columns(pl.col("text").str.extract_groups(REQUEST).alias("_")).unnest("_")
    return read.with_columns(
        pl.col("request").str.extract(r"^(\S+)").alias("method"),
        pl.col("request").str.extract(r"^\S+ (.*) \S+$").alias("path"),
        pl.col("request").str.extract(r" (\S+)$").alias("protocol"),
    )


def _from_json(lines: pl.DataFrame) -> pl.DataFrame:
    object_ = pl.when(pl.col("text").str.contains(r"^\{.*\}\s*$")).then(pl.col("text"))
    return lines.with_columns(
        pl.coalesce(object_.str.json_path_match(f"$['{key}']") for key in keys).alias(name)
        for name, keys in KEYS.items()
    )


def _span(name: str) -> pl.Expr:
    # Milliseconds; JSON formats may write them with a unit.
    number = pl.col(name).str.extract(r"^(\d+)(?:ms)?$").cast(pl.Int64(), strict=False)
    return pl.duration(milliseconds=number, time_unit="us").alias(name)


def _given(name: str) -> pl.Expr:
    return pl.when(~pl.col(name).is_in(["-", ""])).then(pl.col(name)).alias(name)


def requests(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the requests of lines of an access log, and the lines that are none after all.

    Args:
        lines: columns `parsers.parser.LINES`; each begins like a line of an access log.

    Returns:
        Columns of `ACCESS` except those of the origin; then the lines that could not be read.
    """
    json = pl.col("text").str.starts_with("{")
    columns = ["line", "lines", "text", "stamped", *KEYS]
    read = pl.concat(
        [_from_text(lines.filter(~json)).select(columns), _from_json(lines.filter(json)).select(columns)]
    ).sort("line", maintain_order=True)
    understood = pl.col("status").is_not_null() & (pl.col("flags").is_not_null() | pl.col("path").is_not_null())
    time = pl.col("time").str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    rows = (
        read.filter(understood)
        .with_columns(_given(name) for name in KEYS)
        .select(
            "line",
            "lines",
            "stamped",
            time,
            pl.when(time.is_not_null()).then(pl.lit(MILLISECOND, pl.Duration("us"))).alias("precision"),
            pl.lit(True).alias("zoned"),
            pl.col("text").alias("message"),
            "text",
            pl.struct(EXTRA).struct.json_encode().alias("fields"),
            pl.col("status").cast(pl.Int32(), strict=False),
            "flags",
            "details",
            "method",
            "path",
            "protocol",
            "upstream",
            "cluster",
            "authority",
            "request_id",
            "user_agent",
            pl.col("bytes_in", "bytes_out").cast(pl.Int64(), strict=False),
            _span("duration"),
            _span("upstream_duration"),
            pl.col("path").str.extract(MODEL).alias("model"),
            (pl.col("path").str.contains(GRPC_PATH) | (pl.col("grpc_status").is_not_null() & pl.col("path").is_null()))
            .fill_null(False)
            .alias("grpc"),
        )
    )
    return rows, read.filter(~understood).select("line", "lines", "text")


def parse(artefact: Artefact) -> Parsed:
    """Read a stream of Envoy: its application log, its access log, or both mixed."""
    request = pl.col("text").str.contains(START) | pl.col("text").str.contains(JSON_START)
    access, unread = requests(artefact.frame.filter(request))
    rest = artefact.frame.filter(~request)
    log = pl.DataFrame()
    if rest["text"].str.contains(HEAD).any():
        read = records(rest)
        log, ignored = read.filter(pl.col("text") != ""), read.filter(pl.col("text") == "")
    else:
        blank = pl.col("text").str.strip_chars() == ""
        ignored = rest.filter(blank)
        unread = pl.concat([unread, rest.filter(~blank).select("line", "lines", "text")]).sort("line")
    origin = artefact.origin.or_else(Origin(component="envoy"))
    placed = artefact.with_origin(origin)
    frames = {}
    if access.height:
        frames["log.envoy_access"] = shaped("log.envoy_access", placed, access)
    if log.height:
        frames["log.envoy"] = shaped("log.envoy", placed, log)
    member = pl.lit(artefact.member).alias("member")
    return Parsed(
        frames,
        set_aside(ignored, pl.lit("blank")),
        unread.select(member, "line", "lines", "text", pl.lit("not a line of Envoy's access log").alias("reason")).cast(
            pl.Schema(REJECT)
        ),
        origin=Origin(component="envoy"),
    )


_RECORD = re.compile(HEAD, re.MULTILINE)


def recognises(head: str) -> bool:
    """Whether the first lines hold requests, and no record of the application log."""
    # Polars' expressions take linear time, whatever the line.
    lines = pl.Series(head.split("\n"), dtype=pl.String())
    return lines.str.contains(f"{START}|{JSON_START}").any() and _RECORD.search(head) is None


_HEAD = '[2025-03-04T10:15:30.832Z] "POST /v2/models/iris/infer HTTP/1.1" '

PARSER = Parser(
    name="envoy access log",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            _HEAD + '503 - URX,UF 90 190 5538 - "-" "curl/8.5" "-" "seldon-mesh" "192.0.2.21:9001"',
            {
                "status": 503,
                "flags": "URX,UF",
                "bytes_in": 90,
                "bytes_out": 190,
                "duration": timedelta(milliseconds=5538),
                "upstream_duration": None,
                "upstream": "192.0.2.21:9001",
                "request_id": None,
                "model": "iris",
                "grpc": False,
            },
        ),
        Sample(
            _HEAD + '404 NR 0 0 0 - "-" "curl/8.5" "-" "seldon-mesh" "-"',
            {"status": 404, "flags": "NR", "bytes_in": 0, "upstream": None},
        ),
        Sample(
            _HEAD + '0 - DC 0 0 12 - "203.0.113.9, 192.0.2.7" "odd "quoted" agent" "-" "seldon-mesh" "-"',
            {"status": 0, "flags": "DC", "user_agent": 'odd "quoted" agent'},
        ),
        Sample(
            '[2025-03-04T10:15:30.832Z] "POST /inference.GRPCInferenceService/ModelInfer HTTP/2" 200 14 UH 11 0 0 - '
            '"-" "grpc-python/1.60" "-" "seldon-mesh" "-"',
            {"status": 200, "flags": "UH", "grpc": True, "model": None},
        ),
        Sample(
            _HEAD + '503 UF via_upstream - "-" 0 91 3 - "-" "curl/8.5" "5f" "iris" "192.0.2.9:9000" '
            "inbound|9000|| - 192.0.2.9:9000 192.0.2.1:1 - default",
            {"status": 503, "flags": "UF", "details": "via_upstream", "cluster": "inbound|9000||"},
        ),
        Sample(
            '{"start_time":"2025-03-04T10:15:30.832Z","method":"POST","path":"/v2/models/iris/infer",'
            '"response_code":503,"response_flags":"UF","duration":12,"upstream_host":null}',
            {"status": 503, "flags": "UF", "duration": timedelta(milliseconds=12), "upstream": None, "model": "iris"},
        ),
        Sample('192.0.2.1 - - [04/Mar/2025:10:15:30 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8.5"', None),
    ),
)
