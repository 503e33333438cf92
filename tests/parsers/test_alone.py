"""What comes in a file of its own, without the log it belongs to: every line is read, part of something, or told."""

import pytest

from forensics.ingest import Read, read_member
from forensics.opening.walking import Member
from parsers import PARSERS
from parsers.giants import SEEN, Returns

LOG = [f'time="2025-07-12T18:30:{n:02}Z" level=info msg="Subscribed to scheduler {n}" func=x' for n in range(40)]


def read(data: str | bytes, name: str = "a.log") -> Read:
    raw = data.encode() if isinstance(data, str) else data
    came = read_member(Member(name, raw, len(raw), "", "read", None), PARSERS, strict=True)
    assert sum(came.account.values()) == came.lines.height
    return came


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_lines_that_end_in_a_return_are_lines(codec: str) -> None:
    came = read("\r".join(LOG).encode(codec))

    assert came.account["events"] == 40
    assert came.lines.texts() == LOG


def test_a_giant_log_of_returns_is_no_progress_bar() -> None:
    text = "\r".join(LOG * 100).encode()
    returns = Returns()
    taken = b"".join(returns.take(text[at : at + SEEN]) for at in range(0, len(text), SEEN))

    assert taken == text.replace(b"\r", b"\n")


def test_of_a_progress_bar_the_last_state_counts() -> None:
    for bar in ("\r".join(f"pulling {n}%" for n in range(99)), "\r".join(f"{n:3}% 10.{n}MB" for n in range(9))):
        assert read(f"{bar}\rdone\n" + "\n".join(LOG)).lines.texts()[0] == "done"
        assert read(f"{bar}\rdone").lines.texts() == ["done"]


def test_the_old_format_of_etcd_is_read() -> None:
    came = read(
        "2025-07-12 18:30:09.123456 I | etcdserver: published {Name:default}\n"
        "2025-07-12 18:30:10.123456 W | etcdserver: read-only range request took too long (1.2s) to execute\n"
        "2025-07-12 18:30:11.123456 N | embed: serving insecure client requests\n"
        "2025-07-12 18:30:12.123456 C | etcdmain: cannot listen\n"
    )
    (frame,) = came.frames["log.other"]

    assert frame["level"].to_list() == ["info", "warning", "info", "fatal"]
    assert frame["time"].null_count() == 0


GO = """SIGQUIT: quit
PC=0x46a9e1 m=0 sigcode=0

goroutine 0 [idle]:
runtime.futex(0x1a3e, 0x80)
\t/usr/local/go/src/runtime/sys_linux_amd64.s:552 +0x21

goroutine 1 [select, 12 minutes]:
main.main()
\t/build/cmd/agent/main.go:99 +0xe5

rax    0xca
"""
JAVA = """2025-07-12 18:30:09
Full thread dump OpenJDK 64-Bit Server VM (17.0.9+9 mixed mode, sharing):

Threads class SMR info:
_java_thread_list=0x00007f, length=2, elements={
0x00007f1, 0x00007f2
}

"main" #1 prio=5 os_prio=0 cpu=100.00ms elapsed=10.00s tid=0x00007f1 nid=0x1 waiting on condition
   java.lang.Thread.State: WAITING (parking)
\tat jdk.internal.misc.Unsafe.park(java.base@17.0.9/Native Method)

"VM Thread" os_prio=0 cpu=1ms elapsed=10.00s tid=0x00007f3 nid=0x3 runnable

JNI global refs: 20, weak refs: 0
"""
PYTHON = """Thread 0x00007f1 (most recent call first):
  File "/usr/lib/python3.10/threading.py", line 320 in wait

Current thread 0x00007f2 (most recent call first):
  File "/opt/a/y.py", line 1 in <module>
"""


@pytest.mark.parametrize(("text", "threads"), [(GO, 3), (JAVA, 5), (PYTHON, 2), (GO[GO.index("goroutine 1") :], 1)])
def test_a_dump_of_threads_is_a_record_a_thread(text: str, threads: int) -> None:
    came = read(text)

    assert came.status == "read"
    assert came.account["events"] == threads
    assert came.account["rejects"] == 0


def test_a_log_behind_a_dump_of_threads_is_read_too() -> None:
    came = read(GO + "\n".join(LOG))

    assert came.account["events"] >= 41
    assert came.account["rejects"] == 0


def test_an_autoscaler_described_alone_is_read() -> None:
    came = read(
        "Name:               mlserver\nNamespace:          seldon-mesh\nLabels:             <none>\n"
        "Annotations:        <none>\nCreationTimestamp:  Sat, 12 Jul 2025 18:30:09 +0000\n"
        "Reference:          Server/mlserver\nMetrics:            ( current / target )\n"
        "  resource cpu on pods  (as a percentage of request):  <unknown> / 80%\n"
        "Min replicas:  1\nMax replicas:  5\nServer pods:   1 current / 0 desired\nConditions:\n"
        "  Type           Status  Reason                   Message\n"
        "  ----           ------  ------                   -------\n"
        "  ScalingActive  False   FailedGetResourceMetric  unable to get metrics for resource cpu\n"
        "Events:          <none>\n"
    )

    assert came.frames["k8s.horizontalpodautoscaler"][0]["name"].to_list() == ["mlserver"]
    assert came.account["rejects"] == 0
