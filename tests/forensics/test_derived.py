"""Whatever was read, the derived sources are made without raising, and have their schema."""

import random
from datetime import timedelta

import polars as pl
import pytest

from forensics.installation.netpaths import net_paths
from forensics.installation.routes import expected_routes
from forensics.state import last_words, state_table
from forensics.topology import connect
from parsers.schema import NAMES, SOURCES
from tests.forensics.frames import START

JUNK = (
    "", "null", "[]", "{}", "[1, 2]", '"x"', "NaN", '{"a": null}', "[null]", "tree", "shop", "fast-0", "x.pipeline",
    "a.experiment", "tree_1_http", "object", "server", "envoy", "operator", "networkpolicy", "model", "ModelAvailable",
    '{"spec": []}', '{"status": "x"}', '{"spec": {"template": []}}', '{"spec": {"steps": [1, {"name": 2}, null]}}',
    '{"spec": {"template": {"metadata": 1, "spec": {"containers": [{"ports": [{"name": 1, "containerPort": ""}]}]}}}}',
    '{"spec": {"podSelector": [], "ingress": {"a": 1}, "egress": [1, null]}}',
    '{"spec": {"policyTypes": "Ingress", "ingress": [{"from": [{"ipBlock": "x"}], "ports": [{"port": "x-y"}]}]}}',
    '{"spec": {"podSelector": {"matchExpressions": [1, {"key": 1}]}}}',
    '{"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "no", "except": 3}}]}], "podSelector": {"matchLabels": 2}}}',
    '{"app.kubernetes.io/name": 5}', '{"seldon-server-name": ["x"]}', '["a", {"name": "b"}, 3]',
    '[{"name": {"a": 1}, "weight": 3}, {"name": "tree", "weight": "x"}]', "Load model tree:1", "listener_0",
    "Received subscribe request from fast:0", "Updating state for model tree to Loaded", "Setting log level to info",
    "Adding model tree(1) to server fast replica 99999999999 list of", 'topicName:"a.model" pipelineName:"x"',
    'topicName:"x.model.a.inputs" pipelineName:"x"', "membership_total", "CONTROL_PLANE_SECURITY_PROTOCOL", None, None,
)  # fmt: skip


def value(dice: random.Random, dtype: pl.DataType) -> object:
    if isinstance(dtype, pl.Enum):
        return dice.choice([None, *dtype.categories.to_list()])
    if isinstance(dtype, pl.Datetime):
        return dice.choice([None, START + timedelta(seconds=dice.randint(0, 99))])
    if isinstance(dtype, pl.Duration):
        return timedelta(seconds=1)
    if dtype == pl.Boolean():
        return dice.choice([True, False, None])
    return dice.choice(JUNK) if dtype == pl.String() else dice.choice([None, 0, 1, 9005])


def junk(dice: random.Random) -> dict[str, pl.DataFrame]:
    frames = {}
    for name, source in SOURCES.items():
        if source.derived or dice.random() < 0.3:
            continue
        found = []
        for line in range(1, dice.randint(1, 4) + 1):
            row = {column: value(dice, dtype) for column, dtype in source.columns.items()}
            row |= {"member": dice.choice(["a/x", "b/y!z", "c"]), "line": line, "lines": 1}
            if "namespace" in row and dice.random() < 0.7:
                row["namespace"] = "shop"
            found.append(row)
        frames[name] = pl.DataFrame(found, schema=source.schema)
    return frames


@pytest.mark.parametrize("seed", range(24))
def test_nothing_that_was_read_makes_it_raise(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    frames = junk(dice)
    topology = connect(frames)
    states = last_words(frames, topology)
    state_table(frames, states)
    topology.describe()
    derived = states | {"route.expected": expected_routes(frames, topology), "net.path": net_paths(frames)}
    for name, frame in derived.items():
        assert frame.schema == SOURCES[name].schema
        assert frame["member"].null_count() == 0
    for _ in range(20):
        a, b = ({dice.choice(NAMES): dice.choice(JUNK[:20]) or "x"} for _ in range(2))
        assert topology.link(a, b).state == topology.link(b, a).state
