"""A table of Events, and nothing else: the order of its ages is an order, and a pod of which the last one waits is waiting."""

from pathlib import Path

import pytest

import forensics

HEAD = "LAST SEEN   TYPE      REASON             OBJECT                 MESSAGE\n"
BORN = (
    "25m         Normal    Started            pod/seldon-scheduler-0   Started container scheduler\n"
    "24m         Normal    Scheduled          pod/mlserver-0         Successfully assigned ml/mlserver-0 to worker-1\n"
    '24m         Normal    Pulled             pod/mlserver-0         Container image "docker.io/seldonio/seldon-agent:2.9.1" already present\n'
    "24m         Normal    Started            pod/mlserver-0         Started container agent\n"
    "23m         Normal    ServerReady        server/mlserver        Server mlserver is Ready\n"
    "23m         Normal    SuccessfulCreate   statefulset/mlserver   create Pod mlserver-0 in StatefulSet mlserver successful\n"
)
PULL = (
    '3m          Warning   Failed             pod/mlserver-1         Failed to pull image "acme/ml:9": rpc error: code = NotFound desc = not found\n'
    "{age:<12}Warning   Failed             pod/mlserver-1         Error: ImagePullBackOff\n"
)
PULLED = (
    '20s         Normal    Pulled             pod/mlserver-1         Successfully pulled image "acme/ml:9" in 3.2s\n'
)
QUOTA = (
    "30s         Warning   FailedCreate       statefulset/mlserver   create Pod mlserver-1 in StatefulSet mlserver failed error: "
    'pods "mlserver-1" is forbidden: exceeded quota: q, requested: requests.memory=4Gi, used: requests.memory=30Gi, '
    "limited: requests.memory=32Gi\n"
)


@pytest.mark.parametrize(
    ("events", "root"),
    [
        (PULL.format(age="40s"), "kubernetes/k8s-image-pull-failed"),
        (PULL.format(age="40s") + PULLED, None),
        (PULL.format(age="17m").replace("3m ", "18m"), None),  # nothing of it since: the pod may be gone
        (QUOTA, "kubernetes/k8s-resourcequota-blocks-pods"),
        ("", None),
    ],
)
def test_the_last_word_on_a_pod_counts(events: str, root: str | None, tmp_path: Path) -> None:
    (tmp_path / "events.txt").write_text(HEAD + BORN + events)
    document = forensics.analyse(forensics.open_bundle(tmp_path)).document
    assert [f["pattern"] for f in document["findings"] if f["role"] == "root"] == ([root] if root else [])
    assert document["verdict"] == ("failure" if root else "insufficient")
    assert not any(year in str(document) for year in ("1969-", "1970-"))


def test_where_pods_were_collected_they_tell(tmp_path: Path) -> None:
    (tmp_path / "events.txt").write_text(HEAD + BORN + PULL.format(age="40s"))
    (tmp_path / "pods.txt").write_text(
        "NAME         READY   STATUS    RESTARTS   AGE\nmlserver-0   3/3     Running   0          24m\nmlserver-1   3/3     Running   0          4m\n"
    )
    assert forensics.analyse(forensics.open_bundle(tmp_path)).document["findings"] == []


def test_the_charts_server_is_known_by_its_name_alone(tmp_path: Path) -> None:
    started = "24m         Normal    Started            pod/mlserver-0         Started container agent\n"
    (tmp_path / "ev").write_text(HEAD + started + QUOTA)
    document = forensics.analyse(forensics.open_bundle(tmp_path)).document
    assert (document["verdict"], [f["pattern"] for f in document["findings"]]) == (
        "failure",
        ["kubernetes/k8s-resourcequota-blocks-pods"],
    )
