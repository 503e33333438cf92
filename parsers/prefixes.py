"""What tools and people put before a line: what each looks like, as a regex, and the order in which all are tried.

Source: stern 1.32 cmd/cmd.go; kail; kubetail; docker compose 2 pkg/compose/logs; logcli 3; AWS CLI 2 `logs tail`,
`filter-log-events`; Grafana 11 logs download; Fluentd out_file; RFC 5424; systemd's short formats.
"""

from collections.abc import Callable
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

import polars as pl

from parsers.naming import NAMES, names_in
from parsers.peeling import CRI, DOCKER, PREFIX, RECORDS, REFERENCES, SHARE, STAMP, TEXT, TIMESTAMPS, Wrapper, share
from parsers.sayings import any_time
from parsers.screens import TIMED

# What a record begins with that tells its time: before it another time is a tool's.
_DATED = rf'^(?:{TIMED}|\{{"(?:level|ts|time|severity)":|[0-9]\.[0-9]+e\+|%[0-9]\|)'


def _names(found: pl.DataFrame) -> dict[str, pl.Series]:
    """Return what the groups of a regex say of each of `NAMES`, where they do."""
    if "told" not in found.columns:
        return {part: found[part].replace({"": None}) for part in NAMES if part in found.columns}
    told = found["told"].unique().drop_nulls().to_list()
    who = [names_in(one) for one in told]
    return {
        part: found["told"].replace_strict(told, [names[at] for names in who], default=None, return_dtype=pl.String)
        for at, part in enumerate(NAMES)
    }


def _lines(
    name: str,
    begins: str,
    holds: str,
    regex: str,
    noise: str | None = None,
    guard: Callable[[pl.DataFrame], bool] | None = None,
) -> Wrapper:
    """Return the wrapper that a regex with the groups `NAMES`, `time`, `told` and `text` describes.

    In `told` stand labels, a path or a stream that hold names.

    Args:
        name: for `Unwrapped.wrappers`.
        begins: as in `Wrapper`.
        holds: as in `Wrapper`.
        regex: one that a wrapped line matches.
        noise: lines the wrapper's tool writes itself.
        guard: told the groups of the sample, whether it is this wrapper after all.
    """

    def groups(lines: pl.Series) -> pl.DataFrame:
        return lines.to_frame("text").select(TEXT.str.extract_groups(regex).alias("g")).unnest("g")

    def fits(sample: pl.Series) -> bool:
        ours = pl.lit(True) if noise is None else ~TEXT.str.contains(noise)
        marks = sample.to_frame("text").select(own=ours & TEXT.is_not_null(), fits=TEXT.str.contains(regex))
        own, fitting = marks["own"], marks["fits"] & marks["own"]
        if int(fitting.sum()) < max(1.0, SHARE * int(own.sum())):
            return False
        return guard is None or guard(groups(sample.filter(own)))

    def peel(frame: pl.DataFrame) -> pl.DataFrame:
        found = groups(frame["text"])
        matched = found["text"].is_not_null()
        columns: list[pl.Series] = [found["text"].zip_with(matched, frame["text"]).alias("text")]
        for part, said in _names(found).items():
            columns.append(said.zip_with(said.is_not_null(), frame[part]).alias(part))
        if "time" in found.columns:
            times = found.select(any_time(pl.col("time")))["time"]
            columns.append(times.zip_with(times.is_not_null(), frame["stamped"]).alias("stamped"))
        out = frame.with_columns(columns)
        if noise is not None:
            out = out.with_columns((frame["text"].str.contains(noise) & ~matched).alias("_noise"))
        return out

    return Wrapper(name, begins, (holds,), fits, peel)


_OWN = 0.5  # of the lines, where others are tracebacks
_SMALL = ascii_lowercase + digits
_NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
_POD = r"[a-z0-9][-a-z0-9.]*-(?:[0-9]{1,3}|[bcdfghjklmnpqrstvwxz2456789]{5})"


_OF_WORKLOAD = r"-(?:[0-9]{1,3}|(?:[a-z0-9]{8,10}-)?[a-z0-9]{5})$"  # what makes the name of a workload that of a pod


def _few(*parts: str) -> Callable[[pl.DataFrame], bool]:
    """Whether the names repeat: words that begin sentences do not."""
    return lambda found: found.select(parts).unique().height <= max(2, found.height // 3)


_SYSLOG = r"(?P<node>[^ ]+) (?P<container>[^ :\[{\x22]+)(?:\[[0-9]+\])?: (?P<text>.*)$"
_JOURNAL_NOISE = r"^-- (?:Logs begin at |Journal begins at |Reboot|No entries|Boot )"


# What a mail, a page or a tool puts before every line: `> `, four blanks, `12:`.
_INDENTED = r"^(?: {4}|\t)"
_NUMBERED = r"^ *([0-9]{1,7})(?::|\t)"


def _before_every_line(name: str, begins: str, regex: str, guard: Callable[[pl.Series], bool] | None = None) -> Wrapper:
    def fits(sample: pl.Series) -> bool:
        begun = all(line[:1] in begins for line in sample.to_list())
        return begun and len(sample) > 2 and share(sample, regex) == 1.0 and (guard is None or guard(sample))

    def peel(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(TEXT.str.replace(regex, ""))

    return Wrapper(name, begins, ("",), fits, peel)


def _counts(sample: pl.Series) -> bool:
    """Whether the numbers are those of lines: an hour or the number of a process does not grow with each."""
    numbers = sample.str.extract(_NUMBERED).cast(pl.Int64)
    return bool((numbers.diff().drop_nulls() > 0).all())


WRAPPERS: tuple[Wrapper, ...] = (
    REFERENCES,
    CRI,
    DOCKER,
    PREFIX,
    _lines("logcli", digits, " {", rf"^(?P<time>{STAMP}) (?P<told>\{{[^{{}}]*\}})\s+(?P<text>.*)$"),
    TIMESTAMPS,
    RECORDS,
    _lines(
        "stern",
        _SMALL,
        " ",
        rf"^(?:(?P<namespace>{_NAME}) )?(?P<pod>{_POD}) (?P<container>{_NAME})(?: (?P<text>.*))?$",
        noise=r"^[+-] [^ ]+ \x{203a} [^ ]+",
        guard=_few("container"),  # each of a thousand pods may have said a line
    ),
    _lines("kail", _SMALL, "]:", rf"^(?P<namespace>{_NAME})/(?P<pod>{_NAME})\[(?P<container>[^\]]+)\]: ?(?P<text>.*)$"),
    _lines(
        "docker compose",
        ascii_letters + digits,
        " |",
        r"^(?P<container>[A-Za-z0-9][\w.-]*?)(?:[-_][0-9]+)? +\| ?(?P<text>.*)$",
        noise=r"^(?:Attaching to | ?Container [^ ]+ +[A-Z]|[^ ]+ exited with code |\[\+\] )",
        guard=_few("container"),
    ),
    _lines("fluentd", digits, "\t", rf"^(?P<time>{STAMP})\t(?P<told>[^\t{{]+)\t(?P<text>\{{.*)$"),
    _lines(
        "grafana",
        digits,
        "\t",
        rf"^(?:[0-9]{{13}}\t)?(?P<time>{STAMP})\t(?P<text>.*)$",
        noise=r"^(?:Common labels|Limit|Line limit|Total bytes processed|[A-Z][A-Za-z ]{0,40}): ",
        guard=lambda found: (
            not found["text"].str.contains(r"^(?i:trace|debug|info|warn|warning|error|fatal|panic|dpanic)\t").any()
        ),
    ),
    _lines(
        "journal short-iso", digits, ": ", rf"^(?P<time>{STAMP}) {_SYSLOG}", noise=_JOURNAL_NOISE, guard=_few("node")
    ),
    _lines(
        "syslog",
        "<" + ascii_uppercase,
        ": ",
        rf"^(?:<[0-9]{{1,3}}>)?[A-Z][a-z]{{2}} [ 0-9][0-9] [0-9:]{{8}}(?:\.[0-9]+)? {_SYSLOG}",
        noise=_JOURNAL_NOISE,
        guard=_few("node"),
    ),
    _lines(
        "syslog 5424",
        "<",
        ">1 ",
        rf"^<[0-9]{{1,3}}>1 (?P<time>{STAMP}) (?P<node>[^ ]+) (?P<container>[^ ]+) [^ ]+ [^ ]+ "
        r"(?:-|\[.*?\]) ?(?P<text>.*)$",
    ),
    _lines(
        "kubetail",
        "[",
        "] ",
        rf"^\[(?P<pod>[a-z]{_POD})(?: (?P<container>{_NAME}))?\] ?(?P<text>.*)$",
        guard=lambda found: _few("pod")(found.with_columns(pl.col("pod").str.replace(_OF_WORKLOAD, ""))),
    ),
    _lines(
        "aws logs tail",
        digits,
        "+00:00 ",
        r"^(?P<time>[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?\+00:00) (?P<told>[^ ]+) (?P<text>.*)$",
        guard=lambda found: _few("told")(found) and bool(found["told"].str.contains(r"^[\w.$/-]*[_/.-]\w").all()),
    ),
    _lines(
        "aws --output text",
        "E",
        "EVENTS\t",
        r"^EVENTS\t(?:[0-9]+\t)?[0-9]{13}\t(?:(?P<told>[^\t ]+)\t)?(?P<text>.*)\t(?P<time>[0-9]{13})$",
    ),
    _lines(
        "time",
        digits + ascii_uppercase,
        ":",
        rf"^(?:(?P<time>{STAMP}|[0-9-]{{10}}T[0-9:.]{{8,15}})|(?:[0-9]{{2}}-|[A-Z][a-z]{{2}} )[ 0-9][0-9] [0-9:]{{8}}) "
        r"(?P<text>.*)$",
        guard=lambda found: share(found["text"].drop_nulls(), _DATED) >= _OWN,
    ),
    _before_every_line("quote", ">", r"^> ?"),
    _before_every_line("numbers of lines", digits + " ", _NUMBERED, _counts),
    _before_every_line("indentation", " \t", _INDENTED),
)
