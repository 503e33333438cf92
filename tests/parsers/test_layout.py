import time

import pytest

from parsers.layout import origin_of, rotation_order
from parsers.parser import Origin

HEX = "ab" * 32
UID = "2677ca7d-5420-48ef-a07b-ff4cab96821c"
POD = "seldon-envoy-7bdf55fb9-nxhl5"
PATHS = {
    # must-gather and inspect
    "inspect.local.1/namespaces/ml/pods/mlserver-0/agent/agent/logs/current.log": Origin("ml", "mlserver-0", "agent", previous=False),
    "namespaces/ml/pods/mlserver-0/agent/agent/logs/previous.log": Origin("ml", "mlserver-0", "agent", previous=True),
    "namespaces/ml/pods/mlserver-0/agent/agent/logs/previous.insecure.log": Origin("ml", "mlserver-0", "agent", previous=True),
    "namespaces/ml/pods/mlserver-0/agent/agent/logs/rotated/0.log.20250712-183009.gz": Origin("ml", "mlserver-0", "agent"),
    "namespaces/ml/pods/mlserver-0/mlserver-0.yaml": Origin("ml", "mlserver-0"),
    "namespaces/ml/core/pods.yaml": Origin("ml"),
    "cluster-scoped-resources/core/namespaces/ml.yaml": Origin(),
    # troubleshoot.sh
    "sb/cluster-resources/pods/logs/ml/mlserver-0/rclone.log": Origin("ml", "mlserver-0", "rclone"),
    "sb/cluster-resources/pods/logs/ml/mlserver-0/rclone-previous.log": Origin("ml", "mlserver-0", "rclone", previous=True),
    "cluster-resources/custom-resources/models.mlops.seldon.io/ml.json": Origin("ml"),
    "cluster-resources/pods/ml.json": Origin("ml"),
    "cluster-resources/nodes.json": Origin(),
    # others
    "dump/ml/seldon-scheduler-0/logs.txt": Origin("ml", "seldon-scheduler-0"),
    f"sos_commands/kubernetes/cluster-info/ml/podlogs/mlserver-0/kubectl_--namespace_ml_logs_mlserver-0_-c_agent": Origin("ml", "mlserver-0", "agent"),  # noqa: F541
    "podlogs/ml/mlserver-0/logs/agent.txt": Origin("ml", "mlserver-0", "agent"),
    f"var/log/pods/ml_mlserver-0_{UID}/agent/0.log": Origin("ml", "mlserver-0", "agent"),
    f"worker-1/pods/ml_mlserver-0_{UID}/agent/0.log": Origin("ml", "mlserver-0", "agent", "worker-1"),
    f"var/log/containers/mlserver-0_ml_agent-{HEX}.log": Origin("ml", "mlserver-0", "agent"),
    "supportbundle_x_2025/logs/ml/odd/agent.log.1": Origin("ml", "odd", "agent", previous=True),
    "ml-seldon-scheduler-0-1752345009123456789.log": Origin("ml", "seldon-scheduler-0"),
    # by hand
    f"logs/{POD}.log": Origin(pod=POD),
    f"logs/{POD}-previous.log": Origin(pod=POD, previous=True),
    f"logs/team-a-{POD}.log": Origin("team-a", POD),
    "containers/workers-0_ml-prod_rclone.log": Origin(pod="workers-0", namespace="ml-prod", container="rclone"),
    "workers-0_lab-7_agent.previous.log": Origin(previous=True),
    "lab_workers-0_agent.log": Origin(pod="workers-0", namespace="lab", container="agent"),
    "mlserver-0_agent.log": Origin(pod="mlserver-0", container="agent"),
    "mlserver-0-agent.log": Origin(pod="mlserver-0", container="agent"),
    "mlserver-0/agent.previous.log": Origin(pod="mlserver-0", container="agent", previous=True),
    "case.zip!logs/ml/mlserver-0/agent.log": Origin("ml", "mlserver-0", "agent"),
    "scheduler.previous.log": Origin(previous=True),
    "scheduler.log": Origin(),
    "case-123/agent.log": Origin(),
    "new 1.txt": Origin(),
    "": Origin(),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_path_says_where_a_log_came_from(path: str) -> None:
    assert origin_of(path) == PATHS[path]


@pytest.mark.parametrize("number", ["01-", "999_", "3. ", "20250712-1830-"])
def test_a_number_before_the_name_is_no_namespace(number: str) -> None:
    name = "seldon-scheduler-0_scheduler.log"

    assert origin_of(f"case/{number}{name}") == origin_of(f"case/{name}")
    assert origin_of(f"case/{number}{name}").namespace is None


@pytest.mark.parametrize(
    "path", ["a-" * 2000, "0-" * 2000 + "x/agent.log", "a" * 4000, "/".join(["mlserver-0"] * 300), "a.log" * 900]
)
def test_no_path_takes_long(path: str) -> None:
    started = time.process_time()
    origin_of(path)
    rotation_order([path])

    assert time.process_time() - started < 1


def test_rotated_files_come_oldest_first() -> None:
    files = [
        "a/0.log", "a/0.log.20250713-183009", "a/0.log.20250712-183009.gz", "a/1.log",
        "b.log", "b.log.1", "b.log.10.gz", "b.log.2.gz", "c.log", "c.log.gz",
        "n/logs/current.log", "n/logs/rotated/0.log.20250712-183009.gz",
    ]  # fmt: skip

    assert rotation_order(files) == rotation_order(reversed(files)) == (
        ("a/0.log.20250712-183009.gz", "a/0.log.20250713-183009", "a/0.log"),
        ("a/1.log",),
        ("b.log.10.gz", "b.log.2.gz", "b.log.1", "b.log"),
        ("c.log.gz", "c.log"),
        ("n/logs/rotated/0.log.20250712-183009.gz", "n/logs/current.log"),
    )  # fmt: skip
