"""How each component writes a line, release by release.

Source: Seldon Core 2.2.0 to 2.10.2 (logrus TextFormatter without report-caller; zap's console encoder: epoch floats
before 2.8.0, ISO 8601 since), Envoy 1.36 (`[%Y-%m-%d %T.%e][%t][%l][%n] %v`), rclone 1.63 to 1.71 (Go's log package),
MLServer 1.3 to 1.7 (local time without a zone).
"""

import json
import re
from datetime import datetime
from typing import Any

Release = tuple[int, int, int]
RELEASES: tuple[Release, ...] = ((2, 2, 1), (2, 5, 0), (2, 6, 0), (2, 7, 0), (2, 8, 5), (2, 9, 1), (2, 10, 2))
BARE = re.compile(r"[A-Za-z0-9\-._/@^+]+")
STACK = (
    "sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller[...]).reconcileHandler\n"
    "\tsigs.k8s.io/controller-runtime@v0.21.0/pkg/internal/controller/controller.go:353\n"
    "sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller[...]).processNextWorkItem\n"
    "\tsigs.k8s.io/controller-runtime@v0.21.0/pkg/internal/controller/controller.go:300"
)


def quoted(value: str) -> str:
    """Return a logrus value: bare where it is one plain word."""
    return value if BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def logrus(at: datetime, level: str, message: str, **fields: str) -> str:
    """Return a line of the scheduler, an agent or a gateway: whole seconds, fields by the byte order of their keys."""
    tail = "".join(f" {key}={quoted(fields[key])}" for key in sorted(fields))
    return f'time="{at:%Y-%m-%dT%H:%M:%SZ}" level={level} msg={quoted(message)}{tail}'


def zap(at: datetime, release: Release, level: str, logger: str, message: str, fields: dict[str, Any]) -> str:
    """Return a record of the operator; an error has a stack trace, on lines of its own."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
    if release < (2, 8, 0):
        stamp = f"{at.timestamp() / 1e9:.16f}e+09"
    told = json.dumps(fields)
    if release >= (2, 10, 2):  # a field of the logger's own, and perhaps one of the same name of the line's
        told = f'{{"version": "{".".join(map(str, release))}"{", " if fields else ""}{told[1:]}'
    columns = [stamp, level, *([logger] if logger else []), message, *([told] if told != "{}" else [])]
    return "\t".join(columns) + (f"\n{STACK}" if level == "ERROR" else "")


def envoy(at: datetime, level: str, logger: str, place: str, message: str) -> str:
    """Return a line of Envoy's own log."""
    return f"[{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}][1][{level}][{logger}] [{place}] {message}"


def rclone(at: datetime, level: str, message: str) -> str:
    """Return a line of rclone."""
    return (
        f"{at:%Y/%m/%d %H:%M:%S} {level:<6}: {message}"
        if level != "NOTICE"
        else f"{at:%Y/%m/%d %H:%M:%S} NOTICE: {message}"
    )


def mlserver(at: datetime, logger: str, level: str, message: str) -> str:
    """Return a line of MLServer."""
    return f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03} [{logger}] {level} - {message}"


def triton(at: datetime, level: str, place: str, message: str, quotes: bool) -> str:
    """Return a line of Triton: no year, no zone; `quotes` as from 24.05 on."""
    shown = json.dumps(message, ensure_ascii=False) if quotes else message
    return f"{level}{at:%m%d %H:%M:%S.%f} 1 {place}] {shown}"


def dataflow(at: datetime, level: str, message: str) -> str:
    """Return a line of the dataflow engine, as from 2.8.0 on."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ} {level} [main] io.seldon.dataflow.PipelineSubscriber : {message}"


def subscribed(release: Release, kind: str, who: str) -> str:
    """Return how the scheduler says that somebody subscribes."""
    if release < (2, 10, 2):
        return f"Received subscribe request from {who}"
    return {
        "agent": f"Received agent subscribe request from {who}",
        "model": f"Received model-status subscribe request from {who}",
        "server": f"Received server-status subscribe request from {who}",
        "pipeline": f"Received pipeline status subscription request from {who}",
        "experiment": f"Received experiment-status subscribe request from {who}",
        "control": f"Received control-plane subscribe request from {who}",
    }[kind]
