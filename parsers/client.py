r"""What a caller saw: output of curl, kubectl, the seldon CLI, client libraries and load tests, pasted into a file.

A record is one exchange: the command with its answer, or a message that stands alone. Its text is all of its lines,
so a condition may ask for a status line, a header and a body at once:

    # 2026-11-25T19:10:46.348Z
    $ curl -i http://seldon-mesh/v2/models/iris/infer -H 'seldon-model: Iris'
    HTTP/1.1 404 Not Found
    date: Wed, 25 Nov 2026 19:10:45 GMT
    server: envoy

The time is that of the comment above, else of the header `date`, else there is none.

Source: `-i`, `-v`, `-sS` of curl 8; k8s.io/kubectl/pkg/cmd/util/helpers.go; grpc/_channel.py of grpcio 1.6x.
"""

import re
from datetime import timedelta

import polars as pl

from parsers import timestamps
from parsers.folding import fields, openings
from parsers.parser import Artefact, Parsed, Parser, Sample, set_aside, shaped
from parsers.timestamps import MICROSECOND

COMMANDS = (
    r"(?:curl|kubectl|oc|seldon|grpcurl|wget|https?|hey|wrk2?|ab|k6|locust|vegeta|ghz|python3?|nslookup|dig|nc|telnet"
    r"|(?:\S*/)?kafka-[a-z-]+(?:\.sh)?|kcat|openssl|helm|time|timeout|for|while|watch|date|Invoke-WebRequest"
    r"|Invoke-RestMethod)"
)
PROMPT = rf"^(?:\[?[\w.@~:/() -]+\]?[$#%>] ?|[$#%] ?|PS [A-Z]:[^>]*> ?|\+{{1,3}} ){COMMANDS}(?:\s|$)"
DATED = r"^#+ *\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)\s*$"
CLOCK = r"^(?:\d\d:\d\d:\d\d\.\d+ )?"  # --trace-time
STATUS = CLOCK + r"(?:< )?HTTP/\d(?:\.\d)? \d{3}\b"
VERBOSE = (
    CLOCK
    + r"\* +(?:Trying |Host |Connected to |Could not resolve|Couldn't|connect to |Failed to connect|Connection |TLS|SSL"
    r"|ALPN|Operation timed out|Closing |Mark bundle|upload completely|Empty reply|Recv failure|Send failure"
    r"|Received HTTP|Re-using|Uses proxy|using HTTP|Request completely|IPv|Established|schannel|Server certificate"
    r"|processing|Added )"
)
HEADER = r"^(?:[<>] )?[A-Za-z][\w-]*: ?\S?|^[<>] ?$|^[<>] [A-Z]+ \S+ HTTP/"
KUBECTL = (
    r"^(?:Error from server|error: |Unable to connect to the server|The connection to the server .* was refused"
    r"|Forwarding from |Handling connection for |The \w+ \".*\" is invalid|Defaulted container "
    r"|Unable to use a TTY|E\d{4} [\d:.]+ +\d+ (?:portforward|memcache|request|round_trippers|websocket)\w*\.go"
    r"|Error: (?:INSTALLATION|UPGRADE) FAILED|[\w.-]+/[\w.-]+ (?:created|configured|unchanged|deleted|patched"
    r"|condition met)\b"
    r"|Waiting for (?:deployment|statefulset|\d+ pods|partitioned)|Warning: v?\w+[ .]|ensure CRDs are installed first)"
)
LIBRARY = (
    r"^(?:requests\.exceptions\.|urllib3\.exceptions\.|http\.client\.|urllib\.error\.|tritonclient\.|httpx\.|httpcore\."
    r"|aiohttp\.|grpc\.(?:_channel|aio|RpcError|_)|grpc\._channel\.|<_InactiveRpcError|<AioRpcError"
    r"|<Response \[\d{3}\]>"
    r"|mlserver_client|Exception in thread .*io\.grpc|(?:Caused by: )?(?:io\.grpc\.|java\.net\.|okhttp3\."
    r"|org\.apache\.http|org\.springframework\.web|feign\.|reactor\.netty)"
    r"|Error: (?:rpc error|V2 server|Get |Post |context )|rpc error: code = "
    r"|panic: rpc error|Failed to dial target host|Invoke-WebRequest ?: |Error invoking method)"
)
GRPCURL = r"^(?:ERROR:\s*$|  (?:Code|Message|Details): )"
LOAD = (
    r"^(?:Summary:\s*$|Status code distribution:|Error distribution:|Latency distribution:|Response time histogram:"
    r"|Running \d+\w+ test @ |  Non-2xx or 3xx responses: |  Socket errors: connect |Requests/sec:|Transfer/sec:"
    r"|(?:WARN|ERRO)\[\d{4}\] (?:Request Failed|GoError|TypeError|thresholds)|This is ApacheBench|Benchmarking "
    r"|Complete requests:|Failed requests:|Non-2xx responses:"
    r"|Requests +\[total, rate|Success +\[ratio\]|Status Codes +\[code:count\]|Error Set:|Error report\s*$"
    r"|Type +Name +# reqs|running \([\dhms.]+\), \d+/\d+ VUs| *http_req_\w+\.+: )"
)
BODY = (
    r"^(?:\{ ?\"(?:error|detail)\" ?: ?[\"\[]|\{ ?\"code\" ?: ?-?\d|\{ ?\"message\" ?: ?\"[^\"]*\" ?\}\s*$"
    r"|\{ ?\"(?:model_name|modelName|outputs)\" ?:|no healthy upstream|upstream connect error|upstream request timeout"
    r"|stream timeout|RBAC: access denied|Internal Server Error\s*$|Bad Gateway\s*$|404 page not found"
    r"|default backend - 404)"
)
# Source: the table of `--describe` of Kafka's ConsumerGroupCommand; the group stands first, or above.
TABLE_OF_GROUPS = (
    r"^(?:GROUP +)?TOPIC +PARTITION +CURRENT-OFFSET +LOG-END-OFFSET +LAG\b"
    r"|^(?:\S+ +)?\S+[.]\S+ +\d+ +(?:\d+|-) +\d+ +(?:\d+|-) +\S+ +\S+ +\S"
)
ERROR_PAGE = r"^(?:<html>)?\s*(?:<head>)?\s*<(?:title|center><h1|h1)>[45]\d\d "
CURL = r"^(?:\d{3})?curl: \(\d+\)"
LOOKUP = (
    r"^(?:;; (?:connection timed out|communications error|reply from unexpected)|\*\* server can't find "
    r"|(?:Server|Address(?: 1)?):\s+\d[\d.]+(?:#\d+)?)"
)
PAGE = r"^(?:<html>|<head>|<title>|<body|<center>|<h1>|<hr>|</)"
TABLES = r"^(?:No resources found|-{5,}[|+]|(?:GET|POST|PUT) +/|\d+ +(?:GET|POST|PUT) |\d{3}$|;; |Name:\s+\S)"
INDENTED_BODY = r'^ {2,4}"(?:error|detail)": ?["\[]'
# What curl adds to an error of a certificate: the rest of it stands at the left edge too.
ADVICE = (
    r"^(?:More details here: https?://curl|curl failed to verify the legitimacy of the server"
    r"|curl performs SSL certificate|establish a secure connection to it\.|how to fix it, please visit the web page)"
)
TRACEBACK = r"^Traceback \(most recent call last\):|^\s+File \"|^\s+at [\w.$]+\("

_PROMPT, _STATUS, _HEADER = (re.compile(x) for x in (PROMPT, STATUS, HEADER))
ANSWERS = tuple(
    re.compile(x)
    for x in (
        STATUS,
        CURL,
        VERBOSE,
        KUBECTL,
        LIBRARY,
        GRPCURL,
        LOAD,
        BODY,
        LOOKUP,
        INDENTED_BODY,
        ERROR_PAGE,
        TABLE_OF_GROUPS,
    )
)
COMPANY = tuple(
    re.compile(x) for x in (PROMPT, DATED, PAGE, TABLES, ADVICE, TRACEBACK, r"^\s", r"^#", r"^[{}\[\]]", r"^< ?|^> ?")
)
# A dated line without a level is somebody's own note or another format: it is neither for nor against.
STRANGER = re.compile(r"^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d")
# A logger's object, not an answer's body.
LEVELLED_OBJECT = re.compile(r'^\{.*"(?:level|severity|levelname)" ?: ?"')
STRANGERS = r"^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d"
STANDING = f"(?:{CURL})|(?:{KUBECTL})|(?:{LIBRARY})|(?:{LOAD})|(?:{BODY})|(?:^Traceback )|(?:^ERROR:\\s*$)|(?:^<html>)"
LEVELLED = r"^\[?\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+\S*.{0,60}\b(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b"


def recognises(head: str) -> bool:
    """Whether at least one line is a caller's answer, and most lines are of a kind that surrounds one."""
    answers = company = prose = strangers = headers = 0
    lines = openings(head)
    for line in lines:
        if not line.strip():
            continue
        if STRANGER.match(line):
            strangers += 1
        elif LEVELLED_OBJECT.match(line):
            prose += 1
        elif any(x.match(line) for x in ANSWERS):
            answers += 1
        elif any(x.match(line) for x in COMPANY):
            company += 1
        elif _HEADER.match(line):
            headers += 1
        else:
            prose += 1
    # `key: value` is a header only where a status line is; elsewhere it is YAML.
    if any(_STATUS.match(line) for line in lines):
        company += headers
    else:
        prose += headers
    total = answers + company + prose
    if not answers or prose > 0.3 * total or strangers > 9 * total:
        return False
    return answers * 25 >= total or any(_PROMPT.match(line) for line in lines)


def _heads(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the lines with `record`, the number of the exchange each belongs to; null for lines of none."""
    text = pl.col("text")
    frame = frame.with_columns(
        blank=text.str.contains(r"^\s*$"),
        prompt=text.str.contains(PROMPT),
        dated=text.str.contains(DATED),
        status=text.str.contains(STATUS),
        verbose=text.str.contains(CLOCK + r"\* "),
        standing=text.str.contains(STANDING),
        foreign=text.str.contains(STRANGERS) & ~text.str.contains(LEVELLED),
        comment=text.str.contains(r"^#") & ~text.str.contains(PROMPT) & ~text.str.contains(DATED),
        levelled=text.str.contains(LEVELLED),
    )
    said = frame.filter(~pl.col("blank") & ~pl.col("foreign") & ~pl.col("comment"))
    said = said.with_columns(
        opens=pl.col("dated")
        | pl.col("levelled")
        | (pl.col("prompt") & ~pl.col("dated").shift(1, fill_value=False))
        | (pl.col("verbose") & ~pl.col("verbose").shift(1, fill_value=False) & _after_answer())
    )
    said = said.with_columns(block=pl.col("opens").cum_sum())
    in_block = [pl.col(x).first().over("block") for x in ("dated", "prompt", "verbose")]
    asked = pl.any_horizontal(in_block) & (pl.col("block") > 0)
    previous = text.shift(1).str.contains(r"^(?:< )?HTTP/\d(?:\.\d)? 1\d\d").fill_null(False)
    second = pl.col("status") & (pl.col("status").cum_sum().over("block") > 1) & ~previous
    first = pl.col("status") & ~asked & ~text.shift(1).str.contains(r"^[<>*] ?").fill_null(False)
    # An exception stands below its frames, a total of a load test below its heading.
    below = text.shift(1).str.contains(r"^\s").fill_null(False)
    alone = pl.col("standing") & ~asked & ~below & ~pl.col("status").cum_max().over("block")
    said = said.with_columns(
        record=(pl.col("opens") | second | first | alone | (pl.int_range(pl.len()) == 0)).cum_sum()
    )
    return frame.join(said.select("line", "record"), on="line", how="left", maintain_order="left")


def _after_answer() -> pl.Expr:
    # curl -v prints its "*" lines between request and answer too: a new exchange begins only at one that connects.
    connects = pl.col("text").str.contains(
        r"^\* +(?:Trying |Host |Could not resolve|Re-using|Rebuilt|Uses proxy|processing)"
    )
    led = pl.col("text").shift(1).str.contains(PROMPT + "|" + DATED).fill_null(False)
    return connects & ~led


def parse(artefact: Artefact) -> Parsed:
    """Return exchanges as `log.client`; comments and lines of no client's format are ignored with a reason."""
    frame = _heads(artefact.frame)
    # Blank lines, and only these, may lie inside an exchange: between its headers and its body.
    frame = frame.with_columns(before=pl.col("record").forward_fill(), after=pl.col("record").backward_fill())
    inside = pl.col("blank") & (pl.col("before") == pl.col("after"))
    broken = (pl.col("foreign") | pl.col("comment")).cum_sum()
    frame = frame.with_columns(record=pl.when(inside).then(pl.col("before")).otherwise(pl.col("record")), part=broken)
    rows = (
        frame.filter(pl.col("record").is_not_null())
        .group_by("record", "part", maintain_order=True)
        .agg(
            pl.col("line").first(),
            pl.col("lines").sum(),
            text=pl.col("text").str.join("\n"),
            stamped=pl.col("stamped").first(),
        )
    )
    out = frame.filter(pl.col("record").is_null())
    reason = (
        pl.when("blank")
        .then(pl.lit("blank"))
        .when("comment")
        .then(pl.lit("comment"))
        .otherwise(pl.lit("a dated line of no client's format"))
    )
    ignored = set_aside(out, reason)
    return Parsed(frames={"log.client": shaped("log.client", artefact, _understood(rows))}, ignored=ignored)


# The number of an answer: of the protocol, of Seldon's client, of requests and httpx, of a response that was printed.
_ANSWERED = (
    r"(?m)^(?:< )?HTTP/\d(?:\.\d)? (\d{3})",
    r"(?m)^Error: V2 server error: (\d{3})\b",
    r"\b(\d{3}) (?:Client|Server) Error: ",
    r"(?m)^<Response \[(\d{3})(?: [^\]]*)?\]>",
)


def _understood(rows: pl.DataFrame) -> pl.DataFrame:
    text = pl.col("text")
    written = timestamps.rfc3339(rows["text"].str.extract(r"^#+ *(\S+)\s*(?:\n|$)"))
    date = rows["text"].str.extract(r"(?im)^(?:< )?date: \w{3}, (\d\d \w{3} \d{4} \d\d:\d\d:\d\d) GMT")
    answered = timestamps.local(date, "%d %b %Y %H:%M:%S")
    levelled = rows["text"].str.extract(r"^\[?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)").str.replace_all("/", "-")
    own = timestamps.local(levelled.str.replace("T", " "), "%Y-%m-%d %H:%M:%S")
    known = {
        "command": text.str.extract(rf"(?m)({PROMPT}.*)$"),
        "status": pl.coalesce(text.str.extract(regex) for regex in _ANSWERED),
        "url": text.str.extract(r"(https?://[^\s'\"]+)"),
        "model": pl.coalesce(
            text.str.extract(r"(?i)seldon-model: *([^\s'\"]+)"), text.str.extract(r"\bseldon model infer ([\w.-]+)")
        ),
        "server": text.str.extract(r"(?im)^(?:< )?server: *(\S+)"),
    }
    level = text.str.extract(r"^\[?\d{4}[-/]\d\d[-/]\d\d[T ].{0,80}?\b(DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b")
    rows = rows.with_columns(
        written=written,
        answered=answered,
        own=own,
        level=level.str.to_lowercase().replace({"warn": "warning", "critical": "fatal"}),
    )
    return rows.with_columns(
        time=pl.coalesce("written", "own", "answered", "stamped"),
        # The header may be a second old: servers renew it now and then.
        precision=pl.when(pl.col("written").is_not_null())
        .then(pl.lit(timedelta(milliseconds=1)))
        .when(pl.col("own").is_not_null())
        .then(pl.lit(timedelta(seconds=1)))
        .when(pl.col("answered").is_not_null())
        .then(pl.lit(timedelta(seconds=2)))
        .when(pl.col("stamped").is_not_null())
        .then(pl.lit(MICROSECOND)),
        zoned=pl.col("written").is_not_null()
        | (pl.col("own").is_null() & pl.any_horizontal(pl.col("answered", "stamped").is_not_null())),
        message=text,
        component=pl.lit("client"),
        fields=fields(**known),
    )


PARSER = Parser(
    name="client",
    recognises=recognises,
    parse=parse,
    samples=(
        Sample(
            "# 2026-03-04T10:15:30.250Z\n$ curl -i http://mesh/v2/models/a/infer -H 'seldon-model: b'\n"
            "HTTP/1.1 404 Not Found\nserver: envoy\ncontent-length: 0\n\n"
            "# 2026-03-04T10:15:31.250Z\n$ curl -i http://mesh/v2/models/a/infer\nHTTP/1.1 200 OK\n\n"
            '{"model_name":"a"}\n',
            yields={"component": "client", "zoned": True},
            rows=2,
        ),
        Sample(
            "curl: (7) Failed to connect to mesh port 80 after 0 ms: Connection refused", yields={"time": None}, rows=1
        ),
        Sample(
            "HTTP/1.1 503 Service Unavailable\ndate: Wed, 04 Mar 2026 10:15:30 GMT\n\nno healthy upstream\n"
            "HTTP/1.1 200 OK\ndate: Wed, 04 Mar 2026 10:15:31 GMT\n",
            yields={"precision": timedelta(seconds=2)},
            rows=2,
        ),
        Sample(
            "$ curl https://mesh.example/v2/models/a/infer\n"
            "curl: (60) SSL certificate problem: unable to get local issuer certificate\n"
            "More details here: https://curl.se/docs/sslcerts.html\n\n"
            "curl failed to verify the legitimacy of the server and therefore could not\n"
            "establish a secure connection to it. To learn more about this situation and\n"
            "how to fix it, please visit the web page mentioned above.\n",
            yields={"component": "client"},
            rows=1,
        ),
        Sample('Error from server (NotFound): pods "x-0" not found', yields={"level": None}, rows=1),
        Sample(
            "Traceback (most recent call last):\n"
            '  File "call.py", line 3, in <module>\n    main()\n'
            "grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with:\n"
            "\tstatus = StatusCode.UNIMPLEMENTED\n>\n",
            yields={"lines": 6},
            rows=1,
        ),
        Sample(
            "# A title\n\nSome prose about a service.\n\n    $ curl http://mesh\n\nMore prose follows here.",
            yields=None,
        ),
        Sample("2026-03-04 10:15:30,123 [mlserver] INFO - started", yields=None),
    ),
)
