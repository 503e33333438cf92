"""What breaks at Envoy: configuration it refuses, ports it cannot have, limits it reaches, callers who ask wrongly.

Source: Envoy 1.26 to 1.36 (`source/common/listener_manager`, `/stats`), `scheduler/pkg/envoy` of Seldon Core 2.6.0 to 2.10.2.
"""

from datetime import datetime, timedelta
from typing import Any

from benchmarks.accuracy import dumps, objects
from benchmarks.accuracy.episodes import GROUP, add, answered, crashing, experiment, failing, hush, moment, refused
from benchmarks.accuracy.life import raw
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import Line, Model, World
from benchmarks.accuracy.voices import Call

DELTA = "source/extensions/config_subscription/grpc/delta_subscription_state.cc:285"
PLAIN = "source/extensions/config_subscription/grpc/grpc_subscription_impl.cc:138"


def rejected(w: World, at: datetime, kind: str, why: str) -> None:
    """Let Envoy refuse an update."""
    url = f"type.googleapis.com/envoy.config.{kind}"
    w.envoy(at, "warning", "config", DELTA, f"delta config for {url} rejected: {why}", "rejected")
    w.envoy(at, "warning", "config", PLAIN, f"gRPC config for {url} rejected: {why}", "rejected")


def unheard(w: World, since: datetime, n: int = 4) -> None:
    """Let clients find Envoy's port closed."""
    for i in range(n):
        at = since + (w.end - since) * (i / n)
        w.client.append(
            f"$ curl -sS -i --max-time 15 http://seldon-mesh/v2/models/{pick(w).name}/infer -H 'seldon-model: {pick(w).name}'  # {at:%H:%M:%S}\n"
            "curl: (7) Failed to connect to seldon-mesh port 80 after 2 ms: Couldn't connect to server\n"
        )


def no_listener(w: World) -> datetime:
    """Forget that Envoy ever had listeners; returns when it was offered them."""
    at = w.xds_since or w.start + timedelta(seconds=20)
    log = w.logs[w.names["envoy"], "envoy", False]
    log[:] = [line for line in log if "lds: add/update" not in line.text and "starting workers" not in line.text]
    w.stats |= {
        "listener_manager.lds.update_success": 0, "listener_manager.lds.update_rejected": 1,
        "listener_manager.total_listeners_active": 1 if w.release >= (2, 8, 5) else 0,
    }  # fmt: skip
    w.dump_edits.append(lambda dump: dump["configs"][2].update(dynamic_listeners=[]))
    w.facts.add("no-listener")
    w.access.clear()
    w.client.clear()
    w.calls.clear()
    return at


def strange_filter(w: World) -> None:
    """Envoy's image is of another release than the scheduler's: it does not know what it is told."""
    at = no_listener(w)
    why = "Error adding/updating listener(s) seldon_http: Didn't find a registered implementation for 'envoy.filters.http.router' with type URL: ''"
    rejected(w, at, "listener.v3.Listener", why)
    old = {"image": f"docker.io/seldonio/seldon-envoy:{w.rng.choice(('2.0.0', '2.1.0'))}"}
    w.containers[w.names["envoy"], "envoy"] |= {**old, "proves": "old"}
    unheard(w, at)


def port_taken(w: World) -> None:
    """Envoy cannot have its port."""
    at = no_listener(w)
    how = w.rng.choice(("Address already in use", "Permission denied"))
    why = f"cannot bind '0.0.0.0:9000': {how}"
    w.envoy(at, "error", "config", "source/common/listener_manager/listener_manager_impl.cc:1164", "listener 'seldon_http' failed to bind or apply socket options: " + why, "bind")  # fmt: skip
    rejected(w, at, "listener.v3.Listener", f"Error adding/updating listener(s) seldon_http: {why}")
    w.stats["listener_manager.listener_create_failure"] = 1
    unheard(w, at)


def no_log_file(w: World) -> None:
    """Envoy is told to write its access log where it cannot."""
    at = no_listener(w)
    why = "unable to open file '/var/log/seldon/access.log': No such file or directory"
    rejected(w, at, "listener.v3.Listener", f"Error adding/updating listener(s) seldon_http: {why}")
    unheard(w, at)


def bootstrap(w: World) -> None:
    """Envoy's own file cannot be read."""
    pod = w.names["envoy"]
    w.logs.pop((pod, "envoy", False), None)
    w.access.clear()
    w.client.clear()
    w.calls.clear()
    w.xds_since = w.routed_at = None
    w.routes.clear()
    at = crashing(w, pod, "envoy")
    raw(w, pod, "envoy", at, "Starting envoy")
    w.envoy(at, "info", "main", "source/server/server.cc:430", "initializing epoch 0 (base id=0, hot restart version=11.104)")  # fmt: skip
    why = w.rng.choice((
        "Protobuf message (type envoy.config.bootstrap.v3.Bootstrap reason INVALID_ARGUMENT: invalid JSON in envoy.config.bootstrap.v3.Bootstrap @ admin.port: no such field) has unknown fields",
        "Unable to convert YAML as JSON: yaml-cpp: error at line 31, column 9: illegal map value",
    ))  # fmt: skip
    w.envoy(at, "critical", "main", "source/server/server.cc:412", f"error initializing config '  /etc/envoy.yaml': {why}", "bootstrap")  # fmt: skip
    w.envoy(at, "info", "main", "source/server/server.cc:1020", "exiting")
    raw(w, pod, "envoy", at, why)
    unheard(w, w.start + timedelta(seconds=60))


def envoy_oom(w: World) -> None:
    """Envoy is killed for memory, again and again."""
    at = moment(w, 0.3)
    answered(w, at - timedelta(minutes=1), at)
    hush(w, at, "envoy")
    crashing(w, w.names["envoy"], "envoy", 137, "OOMKilled", "oom")
    w.stats["server.memory_allocated"] = w.rng.randrange(118_000_000, 131_000_000)
    unheard(w, at)


def overflow(w: World) -> None:
    """A model is so slow that Envoy's limits of waiting calls are reached."""
    model = pick(w)
    if model.name not in w.routes:
        return
    model.faulty = True
    at = moment(w, 0.5)
    answered(w, at - timedelta(minutes=2), at, 2)
    failing(w, model, at, 503, "UO", "-", "upstream connect error or disconnect/reset before headers. reset reason: overflow", 8)  # fmt: skip
    w.stats |= {
        f"cluster.{model.name}_1_http.upstream_rq_pending_overflow": w.rng.randrange(30, 900),
        f"cluster.{model.name}_1_http.upstream_rq_active": 1024,
    }


def too_long(w: World) -> None:
    """A model takes longer than Envoy waits for a byte: five minutes, or a minute in old releases."""
    model = pick(w)
    if model.name not in w.routes:
        return
    model.faulty = True
    old = w.release < (2, 7, 0)
    flag, said = ("UT", "upstream request timeout") if old else ("SI", "stream timeout")
    failing(w, model, w.end - timedelta(minutes=6), 504, flag, w.host(model.name), said, 4)
    for line in w.access:
        if f"504 {'- ' if w.release >= (2, 9, 0) else ''}{flag} 102 0 1 0" in line.text:
            took = w.rng.randrange(60000, 60020) if old else w.rng.randrange(300000, 300040)
            w.access[w.access.index(line)] = Line(line.at, line.text.replace("102 0 1 0", f"102 24 {took} -"), line.proves)  # fmt: skip
    key = f"cluster.{model.name}_1_http.upstream_rq_timeout" if old else "http.seldon_http.downstream_rq_idle_timeout"
    w.stats[key] = 4


def ingress_gives_up(w: World) -> None:
    """An ingress in front waits a minute only; the model answers later."""
    model = pick(w)
    if model.name not in w.routes:
        return
    model.faulty = True
    server = w.routes[model.name]
    for n in range(4):
        at = w.end - timedelta(seconds=70 * (4 - n) + 5)
        w.client.append(
            f"$ curl -sS -i https://api.example.com/v2/models/{model.name}/infer -H 'seldon-model: {model.name}' -d @in.json\n"
            f"HTTP/1.1 504 Gateway Timeout\ndate: {at:%a, %d %b %Y %H:%M:%S} GMT\nserver: nginx\n\n<html>\n<head><title>504 Gateway Time-out</title></head>\n</html>\n"
        )
        done = at + timedelta(seconds=9) + w.skew
        raw(w, server, "mlserver", done, f'INFO:     10.0.3.{w.rng.randrange(4, 200)}:{w.rng.randrange(30000, 60000)} - "POST /v2/models/{model.name}_1/infer HTTP/1.1" 200 OK', "late")  # fmt: skip


def sticky(w: World) -> None:
    """A caller pins a version that is gone."""
    model = pick(w)
    for n in range(4):
        at = w.end - timedelta(seconds=60 - 10 * n)
        w.call(model.name, at, 404, "NR", "-", "call")
        w.client[-1] = w.client[-1].replace("-d @in.json", f"-H 'x-seldon-route: :{model.name}_{7 + n % 2}:' -d @in.json")  # fmt: skip
    w.call(model.name, w.end - timedelta(seconds=8), 200, "", w.host(model.name))


def no_metadata(w: World) -> None:
    """A gRPC caller leaves the metadata out."""
    model = pick(w)
    answered(w, moment(w, 0.2), w.end)
    grpc = "12 " if w.release >= (2, 9, 0) else ""
    for n in range(4):
        at = w.end - timedelta(seconds=60 - 10 * n)
        text = f'[{at:%Y-%m-%dT%H:%M:%S}.000Z] "POST /inference.GRPCInferenceService/ModelInfer HTTP/2" 200 {grpc}NR 0 0 0 - "-" "grpcurl/1.8.9 grpc-go/1.57.0" "-" "seldon-mesh:80" "-"'
        w.access.append(Line(at, text, "call"))
        w.calls.append(Call(f"{model.name} over gRPC", at, 0, "NR, gRPC"))
        w.client.append(
            f"$ grpcurl -d @ -plaintext -proto open_inference_grpc.proto seldon-mesh:80 inference.GRPCInferenceService/ModelInfer < {model.name}.json\n"
            "ERROR:\n  Code: Unimplemented\n  Message: \n"
        )
    w.stats["http.seldon_http.no_route"] = 4


def pipeline_left(w: World) -> None:
    """A Pipeline was deleted; 2.10 takes its clusters away and leaves its route."""
    name = f"{pick(w).name}-chain"
    at = moment(w, 0.4)
    answered(w, at, w.end)

    def edit(dump: dict[str, Any]) -> None:
        header = {"name": "seldon-model", "string_match": {"exact": f"{name}.pipeline"}}
        clusters = [{"name": f"{name}_pipeline_http", "weight": 100}]
        for route in dump["configs"][3]["dynamic_route_configs"]:
            for host in route["route_config"]["virtual_hosts"]:
                host.setdefault("routes", []).append(
                    {"match": {"prefix": "/v2", "headers": [header]}, "route": {"weighted_clusters": {"clusters": clusters}}, "name": f"{name}.pipeline_http"}
                )  # fmt: skip

    w.dump_edits.append(edit)
    w.stats["http.seldon_http.no_cluster"] = 5
    for n in range(5):
        t = at + (w.end - at) * (n / 5)
        w.call(name, t, 503, "NC", "-", "call")
        w.client[-1] = w.client[-1].replace(f"seldon-model: {name}", f"seldon-model: {name}.pipeline")


def split(w: World, name: str, first: str, weights: list[tuple[str, int]]) -> None:
    """Let Envoy's routes of an Experiment and of its default be split like this."""

    def edit(dump: dict[str, Any]) -> None:
        for one in dump["configs"][3]["dynamic_route_configs"]:
            for host in one["route_config"]["virtual_hosts"]:
                routes = host.setdefault("routes", [])
                for route in [r for r in routes if r["name"] in (f"{first}_http", f"{first}_grpc")]:
                    kind = route["name"].rpartition("_")[2]
                    route["route"]["weighted_clusters"]["clusters"] = [
                        {"name": dumps.cluster_of(w, model, kind), "weight": weight,
                         "request_headers_to_add": [{"header": {"key": "seldon-internal-model", "value": f"{model}_1"}}]}
                        for model, weight in weights
                    ]  # fmt: skip
                    own = {"name": "seldon-model", "string_match": {"exact": f"{name}.experiment"}}
                    match = {**route["match"], "headers": [own]}
                    routes.append({**route, "match": match, "name": f"{name}.experiment_{kind}"})

    w.dump_edits.append(edit)


def two_models(w: World) -> None:
    """There are at least two models."""
    if len(w.models) == 1:
        w.models.append(Model(f"{w.models[0].name}-b", w.models[0].uri))


def old_weights(w: World) -> None:
    """An Experiment was edited; 2.6 and 2.7 append its new weights to the old ones."""
    first, other = w.models[:2]
    at = moment(w, 0.3)
    answered(w, at, w.end)
    spec = {"default": first.name, "candidates": [{"name": first.name, "weight": 100}, {"name": other.name, "weight": 0}]}  # fmt: skip
    good = [objects.condition(kind, True, at) for kind in ("CandidatesReady", "ExperimentReady", "Ready")]
    name = f"{first.name}-ab"
    experiment(w, name, at, spec, good, "weights")
    w.edits["Experiment", name] = {"metadata": {"generation": 3}}, "weights"
    w.facts.add("wrong-weights")
    split(w, name, first.name, [(first.name, 50), (other.name, 50), (first.name, 100), (other.name, 0)])


def candidate_missing(w: World) -> None:
    """An Experiment names a Model that does not exist."""
    first = pick(w)
    missing, name, at = f"{first.name}-v2", f"{first.name}-ab", moment(w, 0.2)
    spec = {"default": first.name, "candidates": [{"name": first.name, "weight": 50}, {"name": missing, "weight": 50}]}
    w.say("scheduler", at, "info", f"Start {name}", func="StartExperiment", source="experimentServer")
    said = f"Failed to get model {missing} for candidate check for experiment {name}"
    w.say("scheduler", at, "warning", said, "candidate", source="experimentServer")
    w.say("scheduler", at, "info", f"Experiment {name} sync - calling for model {first.name}", func="experimentSync", source="IncrementalProcessor")  # fmt: skip
    w.say("scheduler", at, "info", f"Trying to setup experiment for {first.name}", func="addExperimentModelBaselineTraffic", source="IncrementalProcessor")  # fmt: skip
    why = f"Can't find model {missing} for experiment {name}"
    w.say("scheduler", at, "error", f"Failed to process sync for experiment {name}", "candidate", error=why, func="handleExperimentEvents", source="IncrementalProcessor")  # fmt: skip
    answered(w, at, w.end)
    conditions = [
        objects.condition("CandidatesReady", False, at, "Candidates not ready"),
        objects.condition("ExperimentReady", False, at, why),
        objects.condition("MirrorReady", True, at, "Mirror ready"),
        objects.condition("Ready", False, at, why),
    ]
    experiment(w, name, at, spec, conditions, "candidate")


def refused_experiment(w: World, spec: dict[str, Any], name: str, why: str) -> None:
    """Let the scheduler refuse an Experiment."""
    at = moment(w, 0.2)
    answered(w, at, w.end)
    error = refused(w, "experiment", name, at, why, "refused")
    experiment(w, name, at, spec, [objects.condition(kind, False, at, error) for kind in ("ModelReady", "Ready")], "refused")  # fmt: skip


def default_outside(w: World) -> None:
    """An Experiment's default is none of its candidates, or there is none, or one twice."""
    first = pick(w)
    name = f"{first.name}-ab"
    one, two = {"name": f"{first.name}-a", "weight": 50}, {"name": f"{first.name}-b", "weight": 50}
    spec, why = w.rng.choice((
        ({"default": first.name, "candidates": [one, two]}, f"default model/pipeline {first.name} not found in experiment {name} candidates"),
        ({"default": first.name, "candidates": []}, f"experiment {name} has no candidates or mirror"),
        ({"candidates": [one, one]}, f"each candidate and mirror must be unique but found resource {one['name']} duplicated in experiment {name}"),
    ))  # fmt: skip
    refused_experiment(w, spec, name, why)


def second_baseline(w: World) -> None:
    """A Model is the default of two Experiments."""
    first = pick(w)
    spec = {"default": first.name, "candidates": [{"name": first.name, "weight": 50}, {"name": w.models[1].name, "weight": 50}]}  # fmt: skip
    good = [objects.condition(kind, True, w.start) for kind in ("CandidatesReady", "ExperimentReady", "Ready")]
    add(w, GROUP, "Experiment", f"{first.name}-one", "first", spec=spec, status={"conditions": good})
    split(w, f"{first.name}-one", first.name, [(first.name, 50), (w.models[1].name, 50)])
    why = f"Resource {first.name} already in experiment {first.name}-one as a baseline. A model or pipeline can only appear in one experiment as a baseline"
    refused_experiment(w, spec, f"{first.name}-two", why)
