"""Lines that were copied from a screen or through an editor read like the lines that were written."""

import pytest

from parsers.decoding import decode
from parsers.parser import Origin
from parsers.wrappers import Unwrapped, unwrap

WRITTEN = [
    f'time="2025-07-12T18:30:{second:02d}Z" level={level} msg="{words}" Name=Client error="{error}"'
    for second, (level, words, error) in enumerate(
        [
            ("info", "Received operation", ""),
            ("error", "Failed to handle load model churn:1", "lstat /mnt/agent/rclone/1495806312: no such file or directory"),
            ("warning", "Scheduler not ready", "rpc error: code = Unavailable desc = connection error: desc = \\\"transport\\\""),
            ("error", "event recv failed", "rpc error: code = Unavailable desc = error reading from server: EOF " * 3),
            ("info", "Subscribed to scheduler", "none of them, and a long text that goes on for more than one row of it"),
        ]
    )
] * 2  # fmt: skip


def opened(text: str) -> Unwrapped:
    frame, why = decode(text.encode())
    assert why is None
    assert frame is not None
    found = unwrap("m", frame, Origin())
    assert sum(int(a.frame["lines"].sum()) for a in found.artefacts) + len(found.ignored) == len(frame)
    return found


def read(text: str) -> list[str]:
    (artefact,) = opened(text).artefacts
    return artefact.frame["text"].to_list()


def rows(lines: list[str], width: int) -> list[str]:
    return [line[at : at + width] for line in lines for at in range(0, max(1, len(line)), width)]


@pytest.mark.parametrize("width", [60, 80, 93, 100, 110, 120, 132, 160])
def test_rows_of_a_screen_are_the_lines_that_were_written(width: int) -> None:
    assert read("\n".join(rows(WRITTEN, width))) == WRITTEN


@pytest.mark.parametrize("width", [60, 80, 93, 100, 120, 160])
def test_blanks_that_copying_takes_off_the_end_of_a_row_are_there_again(width: int) -> None:
    assert read("\n".join(row.rstrip(" ") for row in rows(WRITTEN, width))) == WRITTEN


@pytest.mark.parametrize("width", [60, 80, 120, 160, 250])
@pytest.mark.parametrize("side", ["│", "┃", "║"])
def test_a_frame_around_the_rows_goes(width: int, side: str) -> None:
    framed = [f"{side} {row.ljust(width)} {side}" for row in rows(WRITTEN, width)]
    assert read("\n".join(framed)) == WRITTEN
    framed[0] = framed[0][2:]  # the mouse began amid the row
    assert read("\n".join(framed)) == WRITTEN


def test_the_title_of_a_frame_says_whose_log_it_is() -> None:
    framed = [
        "┌" + " Logs(ml/mlserver-0:agent)[tail] ".center(100, "─") + "┐",
        "│" + "Autoscroll:On  FullScreen:Off  Wrap:On".center(100) + "│",
        *(f"│ {row.ljust(98)} │" for row in rows(WRITTEN, 98)),
        "└" + 100 * "─" + "┘",
    ]
    found = opened("\n".join(framed))
    (artefact,) = found.artefacts
    assert artefact.frame["text"].to_list() == WRITTEN
    assert artefact.origin == Origin(namespace="ml", pod="mlserver-0", container="agent")
    assert found.ignored["line"].to_list() == [1, 2, len(framed)]


def test_a_joined_line_says_which_rows_it_is() -> None:
    (artefact,) = opened("\n".join(rows(WRITTEN, 100))).artefacts
    heights = [len(rows([line], 100)) for line in WRITTEN]
    assert artefact.frame["lines"].to_list() == heights
    assert artefact.frame["line"].to_list() == [1 + sum(heights[:at]) for at in range(len(heights))]


TRACE = ["sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller).reconcileHandler", "\t/go/x.go:273"]


@pytest.mark.parametrize("following", [TRACE, ["Traceback (most recent call last):", '  File "m.py", line 1, in m']])
def test_records_of_one_width_are_no_rows_of_a_screen(following: list[str]) -> None:
    lines = []
    for second, model in enumerate(["iris-a", "iris-b", "iris-c", "wine-d", "wine-e"]):
        lines += [f'2025-07-12T18:30:{second:02d}.131Z\tERROR\tReconciler error\t{{"name": "{model}"}}{"." * 80}']
        lines += following
    assert read("\n".join(lines)) == lines


def test_lines_that_a_tool_cut_at_one_width_stay_what_they_are() -> None:
    cut = [line[:80] for line in WRITTEN]
    assert read("\n".join(cut)) == cut


def test_curly_quotes_are_the_quotes_that_were_written() -> None:
    curly = []
    for line in WRITTEN:
        parts = line.replace('\\"', "\0").split('"')
        marks = ["“", "”"] * len(parts)
        curly.append(
            "".join(a + b for a, b in zip(parts, [*marks[: len(parts) - 1], ""], strict=True)).replace("\0", '\\"')
        )
    curly = [line.replace('\\"', "\\”") for line in curly]
    assert read("\n".join(curly)) == WRITTEN


def test_words_with_curly_quotes_beside_plain_ones_stay() -> None:
    lines = ['time="2025-07-12T18:30:00Z" level=info msg="the “best” model"'] * 3
    assert read("\n".join(lines)) == lines


WORDS = ["Hello,", "here is the log of our agent:", "", "and nothing else."]


def quoted(before: str) -> list[str]:
    return [*WORDS[:3], *(before + line for line in WRITTEN), *WORDS[2:]]


@pytest.mark.parametrize("before", ["    ", "  ", "\t", "> ", ">> ", "> > "])
def test_quotation_amid_other_words_goes(before: str) -> None:
    assert read("\n".join(quoted(before))) == quoted("")


@pytest.mark.parametrize("before", ["    ", "  ", "\t"])
def test_what_is_indented_more_stays_so(before: str) -> None:
    lines = [*WORDS[:3], *(before + line for line in WRITTEN), before + "\tat java.lang.Thread.run", *WORDS[2:]]

    assert "\tat java.lang.Thread.run" in read("\n".join(lines))


@pytest.mark.parametrize("heading", ["apiVersion: v1", "kind: ConfigMap", "metadata:", "Name:         mlserver-0"])
def test_the_logs_that_objects_quote_stay_in_them(heading: str) -> None:
    lines = [heading, "data: |", *("    " + line for line in WRITTEN)]

    assert read("\n".join(lines)) == lines


def test_a_report_of_ours_is_no_log() -> None:
    lines = ['{"schema": "seldon-forensics/report/1", "text": "' + "\\n".join(WRITTEN).replace('"', '\\"') + '"}']

    assert read("\n".join(lines)) == lines


def test_records_that_hold_dated_lines_stay_whole() -> None:
    lines = [
        f"2025-07-12T18:30:0{n}.131Z\tERROR\tfailed\t"
        + r'{"error": "a\n2025-07-12T18:30:00Z b\n2025-07-12T18:30:01Z c"}'
        for n in range(5)
    ]

    assert read("\n".join(lines)) == lines
