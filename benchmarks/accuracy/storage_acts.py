"""What breaks between the object store and the agent: remotes, secrets, certificates, transfers, and rclone itself.

Source: rclone 1.63 to 1.71 (1.68.1, 1.69.1 and 1.71.1 seen); `scheduler/pkg/agent/rclone/rclone.go` for the agent's words.
"""

from datetime import datetime, timedelta

from benchmarks.accuracy import objects
from benchmarks.accuracy.life import previous, raw
from benchmarks.accuracy.mechanisms import Act, pick, refused_copy
from benchmarks.accuracy.model import Model, World
from benchmarks.accuracy.triton_acts import failing

LIST = "S3 bucket {bucket} path {path}: error reading source root directory: "
RC = 'rc: "sync/copy": error: '
S3 = "operation error S3: ListObjectsV2, "
GAVE_UP = f"{S3}exceeded maximum number of attempts, 10, https response error StatusCode: 0, RequestID: , HostID: , request send failed, "


def copying(
    *choices: tuple[str, ...], uri: str | None = None, secret: bool = False, takes: float = 0, one: bool = False
) -> Act:
    """Return an act: rclone prints one of `choices` (each a set of lines), twice, and the copy fails.

    Args:
        choices: What rclone prints.
        uri: Where the model is said to be, when it matters.
        secret: Whether the model names a secret of its own.
        takes: How many seconds go by before rclone gives up.
        one: Whether it is the matter of one model alone, and not of the store.
    """

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        where, _, rest = model.uri.rpartition("://")[2].partition("/")
        texts = w.rng.choice(choices)
        host = f"s3.{w.rng.choice(('internal', 'eu-1', 'store'))}.example.com"
        for n in range(2):
            for text in texts:
                said = text.format(
                    bucket=where,
                    path=rest,
                    host=host,
                    ip=w.ips["service"],
                    local=path,
                    remote=model.uri.partition(":")[0],
                    uri=model.uri,
                )
                w.rclone(pod, at + timedelta(seconds=n * takes / 2), "ERROR", said, "rclone")
        return refused_copy(w, model, path)

    def act(w: World) -> None:
        model = pick(w)
        if uri:
            model.uri = uri.format(model=model.name)
        if secret:
            model.secret = f"{w.rng.choice(('store', 'bucket', 'team'))}-credentials"
        for each in w.models[: 1 if one or uri or secret else None]:
            w.load_error[each.name] = fault

    return act


def says(*choices: str, uri: str | None = None, copied: bool = False) -> Act:
    """Return an act: the agent itself refuses the load, for one of `choices`; with `copied`, after the copy."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        if copied:
            w.rclone(pod, at, "INFO", "weights.bin: Copied (new)")
        elif model.secret:
            w.agent(pod, at, "info", "Getting Rclone configuration")
        return w.rng.choice(choices).format(
            path=path, model=model.name, secret=model.secret, requires=" ".join(model.requires)
        )

    def act(w: World) -> None:
        model = pick(w)
        if uri:
            model.uri = uri.format(model=model.name)
        if not copied:
            model.secret = f"{w.rng.choice(('store', 'bucket', 'team'))}-credentials"
        failing(fault)(w)

    return act


no_remote = copying(
    ("didn't find section in config file",),
    ('rc: "sync/copy": error: didn\'t find section in config file ("{remote}")',),
)
bad_backend = copying(
    ('Failed to create file system for "{remote}:{bucket}/{path}": didn\'t find backend called "gcs"', RC + 'didn\'t find backend called "gcs"'),
    (RC + "didn't find backend called \"minio\"",),
    secret=True,
)  # fmt: skip
endpoint = copying(
    (LIST + GAVE_UP + 'Get "https://{host}/{bucket}?delimiter=%2F": dial tcp: lookup {host} on 10.96.0.10:53: no such host',),
    (LIST + GAVE_UP + 'Get "http://{ip}:9000/{bucket}?delimiter=%2F": dial tcp {ip}:9000: connect: connection refused',),
    (LIST + GAVE_UP + 'Get "http://{ip}:9000/{bucket}?delimiter=%2F": dial tcp {ip}:9000: i/o timeout',),
    takes=6,
)  # fmt: skip
certificate = copying(
    (LIST + GAVE_UP + 'Get "https://{host}/{bucket}": tls: failed to verify certificate: x509: certificate signed by unknown authority',),
    (LIST + GAVE_UP + 'Get "https://{host}/{bucket}": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-02-03T10:00:00Z is after 2026-01-31T23:59:59Z',),
    (LIST + GAVE_UP + 'Get "https://{host}/{bucket}": http: server gave HTTP response to HTTPS client',),
    takes=6,
)  # fmt: skip
anonymous = copying(
    ("GCS bucket {bucket} path {path}: error reading source root directory: googleapi: Error 401: Anonymous caller does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist)., required", RC + "googleapi: Error 401: Anonymous caller does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist)., required"),
    uri="gs://{model}-private/models/1",
)  # fmt: skip
slow_down = copying((LIST + f"{S3}exceeded maximum number of attempts, 10, https response error StatusCode: 503, RequestID: 17A5C1B0F2D3, HostID: dd90, api error SlowDown: Please reduce your request rate.",), takes=6)  # fmt: skip
corrupted = copying(("model.bin: corrupted on transfer: md5 hashes differ src(S3 bucket {bucket}) \"0c4b39fe\" vs dst(Local file system at {local}) \"9a1ffb21\"", "model.bin: Removing failed copy", RC + 'corrupted on transfer: md5 hashes differ src(S3 bucket {bucket}) "0c4b39fe" vs dst(Local file system at {local}) "9a1ffb21"'), one=True)  # fmt: skip
clock = copying((LIST + f"{S3}exceeded maximum number of attempts, 10, Probable clock skew error: https response error StatusCode: 403, RequestID: 17A5, HostID: dd90, api error RequestTimeTooSkewed: The difference between the request time and the server's time is too large.",), takes=6)  # fmt: skip
permission = copying((RC + "mkdir {local}: permission denied",), ("model.bin: Failed to copy: mkdir {local}/1: permission denied", RC + "mkdir {local}/1: permission denied"))  # fmt: skip
local_path = copying(("Local file system at {uri}: error reading source root directory: directory not found", RC + "directory not found"), uri="/mnt/models/{model}")  # fmt: skip
claim_scheme = copying((RC + "didn't find section in config file",), uri="pvc://models-claim/{model}")
registry_scheme = copying((RC + "didn't find section in config file",), uri="models:/{model}/Production")

other_name = says("name from URI (s3) does not match secret (minio); are you using the right storage config?", "name from URI (s3) does not match secret (myremote); are you using the right storage config?")  # fmt: skip
two_keys = says("Secret does not have 1 key {secret}")
unparsable = says(
    "Failed to unmarshall config as json or yaml. JSON error invalid character '[' looking for beginning of value. YAML error error converting YAML to JSON: yaml: line 2: could not find expected ':'",
    "Key: 'RcloneConfigCreate.Name' Error:Field validation for 'Name' failed on the 'required' tag\nKey: 'RcloneConfigCreate.Type' Error:Field validation for 'Type' failed on the 'required' tag",
)  # fmt: skip
no_settings = says("Can't create model-settings from requirements [{requires}]", "Failed to find an mlserver model-settings.json file for model in {path} for {model} for passed in version 0xc000b1c2d8", copied=True)  # fmt: skip
no_artifact = says("Failed to find sklearn artifact in {path}", "Failed to find MLServer custom python class that extends MLModel file in {path}", copied=True)  # fmt: skip
settings_cut = says(
    "invalid character '}}' looking for beginning of object key string", "unexpected end of JSON input", copied=True
)


def rclone_killed(w: World) -> None:
    """Rclone is killed for memory while it copies, again and again; the agent finds nobody on its port."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        died = done - timedelta(seconds=1)
        w.containers[pod, "rclone"] |= {
            "ready": False, "restarts": 5, "last": ("OOMKilled", 137, died), "proves": "oom",
            "waiting": ("CrashLoopBackOff", f"back-off 1m20s restarting failed container=rclone pod={pod}"),
        }  # fmt: skip
        w.event(
            died,
            "Pod",
            pod,
            "BackOff",
            f"Back-off restarting failed container rclone in pod {pod}",
            False,
            9,
            w.end - timedelta(seconds=20),
            "crash",
        )
        how = 'failed making http post to http://0.0.0.0:5572/sync/copy: Post "http://0.0.0.0:5572/sync/copy": '
        for n, tail in enumerate(
            (
                "EOF",
                "dial tcp 0.0.0.0:5572: connect: connection refused",
                "dial tcp 0.0.0.0:5572: connect: connection refused",
            )
        ):
            t = at + (done - at) * (n / 3)
            if w.release >= (2, 10, 0):
                w.agent(
                    pod,
                    t,
                    "warning",
                    f"Failed to download model, retrying in {n + 1}s",
                    "load-failed",
                    error=how + tail,
                )
        return f"failed to sync/copy {model.uri} to {path}: {how}dial tcp 0.0.0.0:5572: connect: connection refused"

    failing(fault)(w)


def rclone_forgot(w: World) -> None:
    """Rclone's container was restarted by its probe: the remotes made at the agent's start are gone."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        told = max(x.at for x in w.logs[pod, "agent", False] if "current set of remotes" in x.text) - w.skew
        again = max(at, told + timedelta(seconds=2))
        w.containers[pod, "rclone"] |= {
            "restarts": 1,
            "last": ("Error", 137, again),
            "running": again + timedelta(seconds=1),
            "proves": "restart",
        }
        w.event(
            again - timedelta(seconds=2),
            "Pod",
            pod,
            "Unhealthy",
            'Liveness probe failed: command "rclone rc rc/noop" timed out',
            False,
            1,
            None,
            "restart",
        )
        w.event(
            again,
            "Pod",
            pod,
            "Killing",
            "Container rclone failed liveness probe, will be restarted",
            True,
            1,
            None,
            "restart",
        )
        previous(w, pod, "rclone")
        w.rclone(pod, again, "NOTICE", "Serving remote control on http://[::]:5572/", "restart")
        for _ in "ab":
            w.rclone(
                pod,
                again + timedelta(seconds=2),
                "ERROR",
                'rc: "sync/copy": error: didn\'t find section in config file',
                "rclone",
            )
        return refused_copy(w, model, path)

    w.models[1:] = []
    failing(fault)(w)


def rclone_level(w: World, pod: str, at: datetime) -> None:
    """Rclone does not know the level it is told, and ends at once without a word."""
    w.start_server(pod, at)
    w.logs.pop((pod, "rclone", False), None)
    log = w.logs[pod, "agent", False]
    log[:] = [
        x
        for x in log
        if not any(
            s in x.text
            for s in (
                "After update current",
                "client to agent server",
                "Connecting (non",
                "initial rclone",
                "All critical",
            )
        )
    ]
    if w.rng.random() < 0.5:
        raw(
            w,
            pod,
            "rclone",
            w.end - timedelta(seconds=44),
            f"{w.end - timedelta(seconds=44):%Y/%m/%d %H:%M:%S} CRITICAL: Can't set -v and --log-level",
            "level",
        )
    w.containers |= {(pod, "mlserver"): {"since": at}, (pod, "agent"): {"since": at, "ready": False}}
    w.containers[pod, "rclone"] = {"since": at, "ready": False, "restarts": 8, "last": ("Error", 1, w.end - timedelta(seconds=44)), "proves": "crash",
                                   "env": [{"name": "RCLONE_LOG_LEVEL", "value": "WARN"}],
                                   "waiting": ("CrashLoopBackOff", f"back-off 5m0s restarting failed container=rclone pod={pod}")}  # fmt: skip
    w.event(
        at,
        "Pod",
        pod,
        "BackOff",
        f"Back-off restarting failed container rclone in pod {pod}",
        False,
        31,
        w.end - timedelta(seconds=11),
        "crash",
    )
    t = at + timedelta(seconds=2)
    while t < w.end:
        why = 'Post "http://0.0.0.0:5572/rc/noop": dial tcp 0.0.0.0:5572: connect: connection refused'
        if w.release >= (2, 9, 1):
            w.agent(
                pod,
                t,
                "info",
                "Waiting for Model Repository (rclone) service to become ready... next check in 30s",
                "waiting",
                error=f"failed making http post to http://0.0.0.0:5572/rc/noop: {why}",
                func="waitReady",
            )
        else:
            w.agent(pod, t, "error", "Rclone not ready", "waiting", error=why, func="waitReady")
        t += w.jitter(30)


def no_mount(w: World) -> None:
    """The volume that a path names is not mounted: its claim is not in the pod."""
    local_path(w)
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": objects.meta(w, "models-claim", w.start),
            "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "20Gi"}}}, "status": {"phase": "Bound"}}  # fmt: skip
    w.extra.append((body, None))


def never_ends(w: World) -> None:
    """The store takes the connection and answers nothing: the copy neither ends nor fails."""

    def fault(w: World, model: Model, pod: str, path: str, at: datetime, done: datetime) -> str:
        w.facts.add("copy-hangs")
        return ""

    w.load_error[w.models[0].name] = fault
    w.end += timedelta(minutes=12)
